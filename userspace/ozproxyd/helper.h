/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * The whole of the helper but for its ways in and out: what the kernel and the
 * broker say comes in as text and numbers, what is to be done leaves through
 * callbacks, and the time is handed in.
 */
#ifndef _OZP_OZPROXYD_HELPER_H
#define _OZP_OZPROXYD_HELPER_H

#include "interest.h"
#include "query.h"

/**
 * struct helper_ops - The ways out.
 * @publish: say something on the broker; it may be lost
 * @subscribe: hear of updates of a job
 * @unsubscribe: no more
 * @set: let the kernel have a service; 0 or an error
 * @del: let the kernel not have it any more; likewise
 * @clear: the same, if nobody used it after @used; 0, -EBUSY, -ENOENT, others
 * @deny: tell the kernel that nobody has an address
 * @table_changed: what is known is not what it was
 * @local_changed: the jobs with instances here are not what they were
 */
struct helper_ops {
	void (*publish)(void *data, enum topic_kind kind, const char *payload);
	void (*subscribe)(void *data, const char *job);
	void (*unsubscribe)(void *data, const char *job);
	int (*set)(void *data, const struct ozp_service *service);
	int (*del)(void *data, const char *job);
	int (*clear)(void *data, const char *job, uint64_t used);
	void (*deny)(void *data, const char *address);
	void (*table_changed)(void *data);
	void (*local_changed)(void *data);
};

/**
 * struct helper - All of it.
 * @id: of this node, as the cluster knows it
 * @timers: what happens later
 * @interests: jobs
 * @queries: questions
 * @ops: the ways out
 * @data: for @ops
 */
struct helper {
	const char *id;
	struct timers timers;
	struct interests interests;
	struct queries queries;
	const struct helper_ops *ops;
	void *data;
};

/**
 * helper_init() - Begin, knowing nothing.
 * @helper: with id, ops, data, interests.own, .has_cluster and both options set
 * @now: the time
 */
void helper_init(struct helper *helper, uint64_t now);

/** helper_uninit() - Free all; nothing is said or done. */
void helper_uninit(struct helper *helper);

/** helper_connect() - The broker is there: ask for everything. */
void helper_connect(struct helper *helper, uint64_t now);

/** helper_disconnect() - The broker is gone: keep everything. */
void helper_disconnect(struct helper *helper);

/**
 * helper_message() - Something was said on the broker.
 * @helper: all of it
 * @topic: where
 * @payload: what
 * @len: its length in bytes
 * @now: the time
 */
void helper_message(struct helper *helper, const char *topic,
		    const char *payload, size_t len, uint64_t now);

/**
 * helper_refused() - The broker keeps a topic from us.
 * @helper: all of it
 * @topic: which
 * @name: who we are there
 */
void helper_refused(struct helper *helper, const char *topic, const char *name);

/** helper_miss() - A container used an address that the kernel has not. */
void helper_miss(struct helper *helper, const char *address, uint64_t now);

/**
 * helper_move() - The node is at another address.
 * @helper: all of it
 * @own: where it is now
 * @now: the time
 *
 * The instances here move along, and the cluster is told.
 */
void helper_move(struct helper *helper, const struct own *own, uint64_t now);

/** struct helper_actual - What the kernel has, and when. */
struct helper_actual {
	const struct ozp_service *services;
	size_t count;
	uint64_t boottime; /* now, in ms of CLOCK_BOOTTIME */
	uint64_t idle; /* ms without a use that are enough */
	bool adopt; /* what it has is to stay */
};

/**
 * helper_sync() - Let the kernel have what it is to have.
 * @helper: all of it
 * @actual: what it has
 * @now: the time
 *
 * At the start, when a device is new, and when events were lost.
 *
 * Return: how much had to be changed.
 */
size_t helper_sync(struct helper *helper, const struct helper_actual *actual,
		   uint64_t now);

#endif /* _OZP_OZPROXYD_HELPER_H */
