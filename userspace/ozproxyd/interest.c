// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "interest.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "interest_job.h"
#include "log.h"
#include "mem.h"
#include "names.h"
#include "ozproxy_service.h"

/*
 * Any internal failure of a cluster looks like an empty list. One that nobody
 * announced is believed when it comes so often in a row.
 */
#define EMPTIES_BELIEVED 3
#define EMPTY_PAUSE 2000 /* ms until it is asked for again, times empties */

/* ms until an announced instance is asked for again; then doubled */
#define ANNOUNCED_PAUSE 500

/* The kernel lets go of the service if it is still unused; then we do, too. */
static void let_go(struct job *job, uint64_t now)
{
	struct interests *in = job->owner;
	const char *name = job->service.name;
	int err;

	if (!job->is_idle || interest_is_hosted(job) || job->is_static)
		return;
	/*
	 * Who cannot be asked cannot give it back. And while a question is on
	 * its way nobody can say whether the interest is registered.
	 */
	if (!in->connected || !job->is_confirmed ||
	    in->ops->is_asked(in->data, name))
		return;
	job->is_idle = false;
	/* Of what somebody else set only the interest is ours. */
	err = interest_is_foreign(job) ?
		      0 :
		      in->ops->clear(in->data, name, job->idle_used);
	if (err && err != -ENOENT) {
		/* Used meanwhile: the kernel will tell when it is idle again. */
		log_debug("%s: not let go: %s", name, strerror(-err));
		return;
	}
	log_info("%s: not used any more: let go%s", name,
		 job->is_registered ? ", interest removed" : "");
	interest_remove(job, now);
	in->ops->unsubscribe(in->data, name);
	interest_forget(job);
}

/*
 * An announced instance that is not in the answers yet is asked for again soon,
 * for a while: the cluster hears of it when we do.
 */
static uint64_t pause_until_announced(struct job *job, uint64_t pause,
				      uint64_t now)
{
	struct interests *in = job->owner;

	if (!job->is_announced)
		return pause;
	if (now < job->announced_until)
		return ANNOUNCED_PAUSE << (job->attempts++ & 15);
	job->is_announced = false;
	in->ops->local_changed(in->data);
	return pause;
}

/*
 * The question registered an interest, whatever its answer is. One that is older
 * than the removal may have been answered before it; what its answer says is
 * true, but the interest is gone.
 */
static bool note_registered(struct job *job, uint64_t begun)
{
	if (!begun ||
	    !removals_precede(&job->owner->removals, job->service.name, begun))
		return false;
	job->is_registered = true;
	return true;
}

static void take_answer(struct job *job, const struct ozp_service *service,
			uint64_t begun, uint64_t now)
{
	struct interests *in = job->owner;
	const char *name = service->name;
	uint64_t pause = in->options.refresh, due;
	bool is_new = !interest_is_asked_for(job);

	job->answered = now;
	job->empties = 0;
	job->is_restored = false;
	/* A question that was asked after the update will tell. */
	if (!in->ops->is_asked(in->data, name))
		job->is_undeployed = false;
	if (is_new)
		in->ops->subscribe(in->data, name);
	due = removals_pause(&in->removals, name);
	if (note_registered(job, begun))
		job->is_confirmed = true;
	else if (due)
		pause = due;
	else if (!job->is_registered ||
		 !record_is_equal(&job->service, service))
		/*
		 * Late, or somebody else's question: it may be older than what
		 * is known, and says nothing about the interest.
		 */
		interest_ask(job, true, now);
	if (is_new)
		log_info("%s: known now, %u instance%s", name,
			 service->n_instance,
			 service->n_instance == 1 ? "" : "s");
	interest_learn(job, service);
	interest_ask_later(job, pause_until_announced(job, pause, now), now);
}

bool interests_answer(struct interests *in, const struct ozp_service *service,
		      uint64_t begun, uint64_t now)
{
	struct job *job = interest_get(in, service->name, now);
	struct ozp_service copy;
	bool is_set;

	/* What the operator wrote down is not the cluster's to change. */
	if (job->is_static && !interest_is_hosted(job)) {
		/* One that was an interest before is one again after that. */
		if (note_registered(job, begun) && !job->refresh.place)
			interest_end(job, now);
		return job->is_set;
	}
	if (job->is_moved) {
		record_copy(&copy, service);
		interest_correct(job, &copy);
		take_answer(job, &copy, begun, now);
		ozp_service_free(&copy);
	} else {
		take_answer(job, service, begun, now);
	}
	is_set = job->is_set;
	/* The kernel, which does not have it, will not tell that it is idle. */
	if (job->is_refused) {
		job->is_idle = true;
		job->idle_used = 0;
	}
	let_go(job, now);
	return is_set;
}

/* It has no instance: the service stays, so that packets are refused at once
 * and its idleness is told.
 */
static void believe_empty(struct job *job)
{
	struct ozp_service none;

	log_info("%s: no instance any more", job->service.name);
	none = job->service;
	none.n_instance = 0;
	interest_learn(job, &none);
}

void interests_empty(struct interests *in, const char *name, uint64_t begun,
		     uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);
	uint64_t pause = in->options.refresh;

	if (!job)
		return;
	job->answered = now;
	job->is_confirmed = true;
	note_registered(job, begun);
	if (job->is_known && job->service.n_instance) {
		job->empties++;
		if (job->is_undeployed || job->empties >= EMPTIES_BELIEVED)
			believe_empty(job);
		else
			pause = EMPTY_PAUSE * job->empties;
	}
	pause = pause_until_announced(job, pause, now);
	if (!interest_is_asked_for(job)) {
		interest_end(job, now);
		return;
	}
	interest_ask_later(job, pause, now);
	let_go(job, now);
}

void interests_unanswered(struct interests *in, const char *name, uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (!job)
		return;
	job->is_confirmed = false;
	if (interest_is_asked_for(job))
		interest_ask_later(job, in->options.refresh / 4, now);
	else
		interest_end(job, now);
}

void interests_update(struct interests *in, const char *name,
		      enum update update, uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (!job || !interest_is_asked_for(job)) {
		/* From an earlier life; the session outlived it. */
		in->ops->unsubscribe(in->data, name);
		return;
	}
	if (update == UPDATE_UNDEPLOYMENT)
		job->is_undeployed = true;
	interest_ask(job, true, now);
}

void interests_removed(struct interests *in, const char *name, uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (removals_heard(&in->removals, name, now))
		return;
	if (!job || !interest_is_asked_for(job))
		return;
	log_info("%s: somebody removed our interest: asking again", name);
	job->is_registered = false;
	interest_ask(job, true, now);
}

void interests_deployed(struct interests *in, const char *name, uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (!job || !interest_is_asked_for(job))
		in->ops->subscribe(in->data, name);
	interests_announce(in, name, now);
	interest_ask(jobs_get(&in->jobs, name), true, now);
}

void interests_connect(struct interests *in, uint64_t now)
{
	struct map_node *node, *after;
	struct job *job;

	in->connected = true;
	removals_connect(&in->removals, now);
	map_for_each(&in->jobs.names, node, after)
	{
		job = map_entry(node, struct job, node);
		if (!interest_is_asked_for(job)) {
			if (job->is_registered)
				interest_end(job, now);
			continue;
		}
		job->is_confirmed = false;
		if (job->is_announced) {
			job->announced_until = now + INTEREST_ANNOUNCED;
			job->attempts = 0;
		}
		interest_join(job, now);
	}
}

void interests_disconnect(struct interests *in)
{
	struct map_node *node, *after;
	struct job *job;

	in->connected = false;
	removals_disconnect(&in->removals);
	map_for_each(&in->jobs.names, node, after)
	{
		job = map_entry(node, struct job, node);
		job->is_confirmed = false;
		timer_stop(in->timers, &job->refresh);
	}
}

void interests_idle(struct interests *in, const char *name, uint64_t used,
		    uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (!job)
		return;
	job->is_idle = true;
	job->idle_used = used;
	let_go(job, now);
}

void interests_taken(struct interests *in, const char *name, bool is_foreign)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (!is_foreign) {
		names_del(&in->foreign, name);
	} else if (names_add(&in->foreign, name) && job) {
		job->is_set = false;
		log_info("%s: set by somebody else: left alone until it is "
			 "deleted",
			 name);
	}
}

void interests_forget_foreign(struct interests *in)
{
	names_clear(&in->foreign);
}

void interests_deleted(struct interests *in, const char *name)
{
	struct job *job = jobs_get(&in->jobs, name);

	names_del(&in->foreign, name);
	if (job && job->is_known)
		interest_push(job);
}

bool interests_missed(struct interests *in, const char *address)
{
	struct job *job = jobs_get_by_address(&in->jobs, address);

	if (!job || !job->is_known)
		return false;
	interest_push(job);
	return job->is_set;
}

void interests_doubted(struct interests *in, const char *address, uint64_t now)
{
	struct job *job = jobs_get_by_address(&in->jobs, address);

	if (job && !job->is_static)
		interest_ask(job, true, now);
}

void interests_uninit(struct interests *in)
{
	struct map_node *node, *after;

	removals_uninit(&in->removals);
	names_clear(&in->foreign);
	map_for_each(&in->jobs.names, node, after) timer_stop(
		in->timers, &map_entry(node, struct job, node)->refresh);
	jobs_uninit(&in->jobs);
}
