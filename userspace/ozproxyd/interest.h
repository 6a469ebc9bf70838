/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What this node wants to know, and when it stops to. A job comes in because a
 * container used one of its addresses (an interest), because it has an instance
 * here, or from a table file. The cluster counts interests by worker: each
 * registration has exactly one removal, and only after the kernel let go of the
 * service because nobody used it.
 */
#ifndef _OZP_OZPROXYD_INTEREST_H
#define _OZP_OZPROXYD_INTEREST_H

#include "jobs.h"
#include "removal.h"
#include "topics.h"

/**
 * struct interest_options - Times, in milliseconds.
 * @refresh: how often a job is asked for again
 */
struct interest_options {
	uint64_t refresh;
};

/**
 * struct interest_ops - What the rules lead to.
 * @ask: ask the cluster for a job; @is_changed: it is not what it was
 * @is_asked: that is being done
 * @set: let the kernel have a service; 0 or an error
 * @del: let the kernel not have it any more
 * @clear: the same if nobody used it after @used; 0, -EBUSY, -ENOENT, others
 * @subscribe: hear of updates of a job
 * @unsubscribe: no more
 * @remove: tell the cluster that nobody here uses it any more
 * @table_changed: what is known is not what it was
 * @local_changed: the jobs with instances here are not what they were
 */
struct interest_ops {
	void (*ask)(void *data, const char *job, bool is_changed, uint64_t now);
	bool (*is_asked)(void *data, const char *job);
	int (*set)(void *data, const struct ozp_service *service);
	void (*del)(void *data, const char *job);
	int (*clear)(void *data, const char *job, uint64_t used);
	void (*subscribe)(void *data, const char *job);
	void (*unsubscribe)(void *data, const char *job);
	void (*remove)(void *data, const char *job);
	void (*table_changed)(void *data);
	void (*local_changed)(void *data);
};

/**
 * struct interests - The rules and what they are about.
 * @jobs: the jobs
 * @foreign: names of services in the kernel that somebody else set
 * @removals: those whose interest was removed lately
 * @timers: where their timers run
 * @options: times
 * @own: where this node is
 * @ops: what the rules lead to
 * @data: for @ops
 * @has_cluster: there is one, if not now; otherwise a table file has it all
 * @connected: the cluster can be asked
 */
struct interests {
	struct jobs jobs;
	struct map foreign;
	struct removals removals;
	struct timers *timers;
	struct interest_options options;
	struct own own;
	const struct interest_ops *ops;
	void *data;
	bool has_cluster;
	bool connected;
};

/** interests_uninit() - Forget all without a word. */
void interests_uninit(struct interests *in);

/** interest_is_hosted() - Has it instances here, or is said to? */
bool interest_is_hosted(const struct job *job);

/** interest_is_foreign() - Did somebody else set the one in the kernel? */
bool interest_is_foreign(const struct job *job);

/**
 * interest_desired() - What the kernel is to have.
 * @job: a job that is known
 * @service: where it goes; its arrays stay the job's
 */
void interest_desired(const struct job *job, struct ozp_service *service);

/* From the cluster */

/**
 * interests_answer() - The cluster says what a job is.
 * @in: the rules
 * @service: its addresses and instances; there was at least one in the list
 * @begun: when the question was asked whose answer this is; 0 for none
 * @now: the time
 *
 * What the kernel refuses is not wanted any longer.
 *
 * Return: the kernel has it.
 */
bool interests_answer(struct interests *in, const struct ozp_service *service,
		      uint64_t begun, uint64_t now);

/**
 * interests_empty() - The cluster says that a job has no instance.
 * @in: the rules
 * @job: its name
 * @begun: when the question was asked whose answer this is
 * @now: the time
 */
void interests_empty(struct interests *in, const char *job, uint64_t begun,
		     uint64_t now);

/** interests_unanswered() - The cluster did not say anything about a job. */
void interests_unanswered(struct interests *in, const char *job, uint64_t now);

/** interests_update() - Something changed about a job. */
void interests_update(struct interests *in, const char *job, enum update update,
		      uint64_t now);

/**
 * interests_removed() - Somebody removed the interest of this node in a job.
 *
 * It may be what we said ourselves, or NetManager, which has the same id.
 */
void interests_removed(struct interests *in, const char *job, uint64_t now);

/** interests_deployed() - NetManager announced an instance on this node. */
void interests_deployed(struct interests *in, const char *job, uint64_t now);

/** interests_connect() - The cluster can be asked: all of it is again. */
void interests_connect(struct interests *in, uint64_t now);

/** interests_disconnect() - The cluster cannot be asked: nothing is let go. */
void interests_disconnect(struct interests *in);

/* From the kernel */

/** interests_idle() - A service was not used after @used, for some time. */
void interests_idle(struct interests *in, const char *job, uint64_t used,
		    uint64_t now);

/**
 * interests_taken() - A service in the kernel was set.
 * @in: the rules
 * @job: its name
 * @is_foreign: not by us
 *
 * What an operator sets is his until he deletes it: it is neither replaced nor
 * taken away, whatever the cluster or a file says.
 */
void interests_taken(struct interests *in, const char *job, bool is_foreign);

/** interests_forget_foreign() - What of that is still so will be told again. */
void interests_forget_foreign(struct interests *in);

/** interests_deleted() - The kernel does not have a service any more. */
void interests_deleted(struct interests *in, const char *job);

/**
 * interests_missed() - The kernel does not know an address.
 *
 * Return: but we did, and have told it.
 */
bool interests_missed(struct interests *in, const char *address);

/**
 * interests_doubted() - The kernel has an address, but heard that it is out of
 * date.
 *
 * The cluster is asked; what it has said stays in the kernel meanwhile.
 */
void interests_doubted(struct interests *in, const char *address, uint64_t now);

/** interests_adopt() - The kernel has a service, from an earlier helper. */
void interests_adopt(struct interests *in, const struct ozp_service *service,
		     uint64_t now);

/* From files, and from the operator */

/** interests_restore() - A service was known when the table was saved. */
void interests_restore(struct interests *in, const struct ozp_service *service,
		       uint64_t now);

/** interests_announce() - A job had instances here in an earlier life. */
void interests_announce(struct interests *in, const char *job, uint64_t now);

/**
 * interests_declare() - The operator says whether a job has instances here.
 * Return: false when nobody said that it had.
 */
bool interests_declare(struct interests *in, const char *job, bool is_here,
		       uint64_t now);

/**
 * interests_list() - The table file has these services, and no others.
 * @in: the rules
 * @services: what is in it
 * @count: how many
 * @now: the time
 */
void interests_list(struct interests *in, const struct ozp_service *services,
		    size_t count, uint64_t now);

/**
 * interests_untold() - A job came along to another address of this node in an
 * earlier life, and no answer had it there.
 */
void interests_untold(struct interests *in, const char *job);

/** interests_move() - The node is at another address now. */
void interests_move(struct interests *in, const struct own *own, uint64_t now);

#endif /* _OZP_OZPROXYD_INTEREST_H */
