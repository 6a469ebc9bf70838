/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * The jobs that this node has to do with, found by name and by address. What is
 * done with them is interest.h's.
 */
#ifndef _OZP_OZPROXYD_JOBS_H
#define _OZP_OZPROXYD_JOBS_H

#include "map.h"
#include "record.h"
#include "timers.h"

struct interests;

/**
 * struct job - A job.
 * @node: in jobs.names
 * @owner: who has the rules
 * @service: its name, and what is known of it
 * @is_known: the table is to have it
 * @is_set: the kernel has it as it is in @service
 * @is_refused: the kernel did not want it so
 * @is_restored: known from a file of an earlier time, and from nobody else yet
 * @is_static: it comes from the table file
 * @is_listed: while the table file is read: it is still there
 * @is_declared: the operator says that it has instances here
 * @is_announced: an instance was deployed here, and no answer has it yet
 * @is_local: the last answer has an instance here
 * @is_moved: it came along to another address of this node, and no answer has it
 *   there yet
 * @is_registered: the cluster has the interest of this node in it
 * @is_confirmed: the cluster answered since it can be asked
 * @is_undeployed: an instance went, and no answer says yet which
 * @is_idle: the kernel says that nobody uses it
 * @idle_used: when somebody did, as the kernel said
 * @empties: lists without an instance in a row
 * @attempts: since the announcement
 * @announced_until: when the announcement is forgotten
 * @since: when it came here
 * @answered: when the last answer came
 * @refresh: asks for it again
 */
struct job {
	struct map_node node;
	struct interests *owner;
	struct ozp_service service;
	bool is_known;
	bool is_set;
	bool is_refused;
	bool is_restored;
	bool is_static;
	bool is_listed;
	bool is_declared;
	bool is_announced;
	bool is_local;
	bool is_moved;
	bool is_registered;
	bool is_confirmed;
	bool is_undeployed;
	bool is_idle;
	uint64_t idle_used;
	unsigned int empties;
	unsigned int attempts;
	uint64_t announced_until;
	uint64_t since;
	uint64_t answered;
	struct timer refresh;
};

/**
 * struct jobs - All of them; zeroed there is none.
 * @names: by name
 * @addresses: by Service IP and Instance IP, which one job has each
 */
struct jobs {
	struct map names;
	struct map addresses;
};

/** jobs_get() - The job of a name, or NULL. */
struct job *jobs_get(const struct jobs *jobs, const char *name);

/** jobs_get_by_address() - The job that an address leads to, or NULL. */
struct job *jobs_get_by_address(const struct jobs *jobs, const char *address);

/** jobs_add() - A new job, of which nothing is known but its name. */
struct job *jobs_add(struct jobs *jobs, const char *name);

/** jobs_del() - Forget a job and free it; its timer does not run any more. */
void jobs_del(struct jobs *jobs, struct job *job);

/**
 * jobs_replace() - Let something else be known of a job.
 * @jobs: all of them
 * @job: the job
 * @service: what is known; copied
 *
 * The addresses that other jobs had are this one's from now on, as in the
 * kernel's table.
 */
void jobs_replace(struct jobs *jobs, struct job *job,
		  const struct ozp_service *service);

/** jobs_uninit() - Free what is left; no timer may run. */
void jobs_uninit(struct jobs *jobs);

#endif /* _OZP_OZPROXYD_JOBS_H */
