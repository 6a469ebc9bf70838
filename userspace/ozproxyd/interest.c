// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "interest.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

/* For so long an announced instance may be missing in answers, in ms. */
#define ANNOUNCED_TIME 60000
#define ANNOUNCED_PAUSE 500 /* ms until it is asked for again; then doubled */

#define REMOVAL_PAUSE 500 /* ms until it is asked for again; see removal.h */

bool interest_is_hosted(const struct job *job)
{
	return job->is_declared || job->is_announced || job->is_local;
}

bool interest_is_foreign(const struct job *job)
{
	return map_get(&job->owner->foreign, job->service.name);
}

/* Asked for by its name, again and again. */
static bool is_asked_for(const struct job *job)
{
	return interest_is_hosted(job) || (job->is_known && !job->is_static);
}

static void ask(struct job *job, bool is_changed, uint64_t now)
{
	struct interests *in = job->owner;

	if (in->connected)
		in->ops->ask(in->data, job->service.name, is_changed, now);
}

static void ask_later(struct job *job, uint64_t pause, uint64_t now)
{
	struct interests *in = job->owner;

	if (pause > in->options.refresh)
		pause = in->options.refresh;
	if (in->connected)
		timer_set(in->timers, &job->refresh,
			  now + timers_jitter(in->timers, pause));
}

void interest_desired(const struct job *job, struct ozp_service *service)
{
	*service = job->service;
	service->origin = OZPROXY_ORIGIN_OZPROXYD;
	OZP_SET(service, OZPROXY_A_SERVICE_ORIGIN);
	/* Nobody asks the cluster again for what is in the file. */
	service->pinned = job->is_static;
	if (service->pinned)
		OZP_SET(service, OZPROXY_A_SERVICE_PINNED);
}

static void push(struct job *job)
{
	struct interests *in = job->owner;
	struct ozp_service service;

	if (interest_is_foreign(job))
		return;
	interest_desired(job, &service);
	job->is_set = !in->ops->set(in->data, &service);
}

static void fire_refresh(struct timer *timer, uint64_t now)
{
	struct job *job = map_entry(timer, struct job, refresh);

	/* What the kernel refused it may take now. */
	if (job->is_known && !job->is_set)
		push(job);
	ask(job, false, now);
	ask_later(job, job->owner->options.refresh, now);
}

static struct job *get_or_add(struct interests *in, const char *name,
			      uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (job)
		return job;
	job = jobs_add(&in->jobs, name);
	job->owner = in;
	job->since = now;
	job->refresh.fire = fire_refresh;
	return job;
}

static void forget(struct job *job)
{
	struct interests *in = job->owner;

	timer_stop(in->timers, &job->refresh);
	jobs_del(&in->jobs, job);
	in->ops->table_changed(in->data);
}

static void set_local(struct job *job, bool is_local)
{
	struct interests *in = job->owner;
	bool was_hosted = interest_is_hosted(job);

	job->is_local = is_local;
	if (is_local)
		job->is_announced = false;
	if (interest_is_hosted(job) != was_hosted)
		in->ops->local_changed(in->data);
}

static void learn(struct job *job, const struct ozp_service *service)
{
	struct interests *in = job->owner;

	if (job->is_known && record_is_equal(&job->service, service)) {
		if (!job->is_set)
			push(job);
		return;
	}
	jobs_replace(&in->jobs, job, service);
	job->is_known = true;
	set_local(job, record_is_local(&job->service, &in->own));
	push(job);
	in->ops->table_changed(in->data);
}

/* From now on the cluster is asked for it, if it can be. */
static void join(struct job *job, uint64_t now)
{
	struct interests *in = job->owner;

	if (!in->connected || !is_asked_for(job))
		return;
	in->ops->subscribe(in->data, job->service.name);
	ask(job, false, now);
	ask_later(job, in->options.refresh, now);
}

/* What was in the kernel or in a file, and may be old. */
static void relearn(struct job *job, const struct ozp_service *service)
{
	struct interests *in = job->owner;

	jobs_replace(&in->jobs, job, service);
	job->service.pinned = false;
	job->service.present &= ~(1ull << OZPROXY_A_SERVICE_PINNED);
	job->is_known = true;
	job->is_restored = true;
	set_local(job, record_is_local(&job->service, &in->own));
	in->ops->table_changed(in->data);
}

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
	if (err) {
		/* Used meanwhile: the kernel will tell when it is idle again. */
		log_debug("%s: not let go: %s", name, strerror(-err));
		return;
	}
	log_info("%s: not used any more: let go%s", name,
		 job->is_registered ? ", interest removed" : "");
	if (job->is_registered) {
		removals_note(&in->removals, name, now);
		in->ops->remove(in->data, name);
	}
	in->ops->unsubscribe(in->data, name);
	forget(job);
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

void interests_answer(struct interests *in, const struct ozp_service *service,
		      uint64_t begun, uint64_t now)
{
	const char *name = service->name;
	struct job *job = jobs_get(&in->jobs, name);
	uint64_t pause = in->options.refresh;
	bool is_new = !job;

	/* What the operator wrote down is not the cluster's to change. */
	if (job && job->is_static && !interest_is_hosted(job))
		return;
	job = get_or_add(in, name, now);
	job->answered = now;
	job->empties = 0;
	job->is_restored = false;
	/* A question that was asked after the update will tell. */
	if (!in->ops->is_asked(in->data, name))
		job->is_undeployed = false;
	if (is_new)
		in->ops->subscribe(in->data, name);
	/*
	 * A question that is older than the removal may have been answered
	 * before it; what its answer says is true, but the interest is gone.
	 */
	if (begun && removals_precede(&in->removals, name, begun)) {
		job->is_registered = true;
		job->is_confirmed = true;
	} else if (removals_are_due(&in->removals, name)) {
		pause = REMOVAL_PAUSE;
	} else if (!job->is_registered ||
		   !record_is_equal(&job->service, service)) {
		/*
		 * Late, or somebody else's question: it may be older than what
		 * is known, and says nothing about the interest.
		 */
		ask(job, true, now);
	}
	if (is_new)
		log_info("%s: known now, %u instance%s", name,
			 service->n_instance,
			 service->n_instance == 1 ? "" : "s");
	learn(job, service);
	ask_later(job, pause_until_announced(job, pause, now), now);
	let_go(job, now);
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
	learn(job, &none);
}

/* Nothing is known of it, and nobody says any more that it is here. */
static bool is_over(const struct job *job)
{
	return !job->is_known && !job->is_declared && !job->is_announced;
}

void interests_empty(struct interests *in, const char *name, uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);
	uint64_t pause = in->options.refresh;

	if (!job)
		return;
	job->answered = now;
	job->is_confirmed = true;
	if (job->is_known && job->service.n_instance) {
		job->empties++;
		if (job->is_undeployed || job->empties >= EMPTIES_BELIEVED)
			believe_empty(job);
		else
			pause = EMPTY_PAUSE * job->empties;
	}
	pause = pause_until_announced(job, pause, now);
	if (is_over(job)) {
		in->ops->unsubscribe(in->data, name);
		forget(job);
		return;
	}
	ask_later(job, pause, now);
	let_go(job, now);
}

void interests_unanswered(struct interests *in, const char *name, uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (!job)
		return;
	job->is_confirmed = false;
	ask_later(job, in->options.refresh / 4, now);
}

void interests_update(struct interests *in, const char *name,
		      enum update update, uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (!job) {
		/* From an earlier life; the session outlived it. */
		in->ops->unsubscribe(in->data, name);
		return;
	}
	if (update == UPDATE_UNDEPLOYMENT)
		job->is_undeployed = true;
	ask(job, true, now);
}

void interests_removed(struct interests *in, const char *name, uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (removals_heard(&in->removals, name, now))
		return;
	if (!job || !is_asked_for(job))
		return;
	log_info("%s: somebody removed our interest: asking again", name);
	job->is_registered = false;
	ask(job, true, now);
}

void interests_announce(struct interests *in, const char *name, uint64_t now)
{
	struct job *job = get_or_add(in, name, now);

	if (job->is_local)
		return;
	if (!interest_is_hosted(job)) {
		job->is_announced = true;
		in->ops->local_changed(in->data);
	}
	job->is_announced = true;
	job->attempts = 0;
	job->announced_until = now + ANNOUNCED_TIME;
}

void interests_deployed(struct interests *in, const char *name, uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (!job || !is_asked_for(job))
		in->ops->subscribe(in->data, name);
	interests_announce(in, name, now);
	ask(jobs_get(&in->jobs, name), true, now);
}

void interests_declare(struct interests *in, const char *name, bool is_here,
		       uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (!job && !is_here)
		return;
	if (is_here && in->connected && (!job || !is_asked_for(job)))
		in->ops->subscribe(in->data, name);
	job = get_or_add(in, name, now);
	if (!is_here)
		job->is_announced = false;
	job->is_declared = is_here;
	in->ops->local_changed(in->data);
	if (is_over(job)) {
		in->ops->unsubscribe(in->data, name);
		forget(job);
	} else {
		ask(job, true, now);
	}
}

void interests_connect(struct interests *in, uint64_t now)
{
	struct map_node *node, *after;
	struct job *job;

	in->connected = true;
	map_for_each(&in->jobs.names, node, after)
	{
		job = map_entry(node, struct job, node);
		if (!is_asked_for(job))
			continue;
		job->is_confirmed = false;
		if (job->is_announced) {
			job->announced_until = now + ANNOUNCED_TIME;
			job->attempts = 0;
		}
		join(job, now);
	}
}

void interests_disconnect(struct interests *in)
{
	struct map_node *node, *after;
	struct job *job;

	in->connected = false;
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
		push(job);
}

bool interests_missed(struct interests *in, const char *address)
{
	struct job *job = jobs_get_by_address(&in->jobs, address);

	if (!job || !job->is_known)
		return false;
	push(job);
	return job->is_set;
}

void interests_doubted(struct interests *in, const char *address, uint64_t now)
{
	struct job *job = jobs_get_by_address(&in->jobs, address);

	if (job && !job->is_static)
		ask(job, true, now);
}

void interests_adopt(struct interests *in, const struct ozp_service *service,
		     uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, service->name);

	if (job && job->is_known && !job->is_restored)
		return;
	job = get_or_add(in, service->name, now);
	relearn(job, service);
	job->is_set = true;
	join(job, now);
}

void interests_restore(struct interests *in, const struct ozp_service *service,
		       uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, service->name);

	if (job && job->is_known)
		return;
	relearn(get_or_add(in, service->name, now), service);
}

static void list_one(struct interests *in, const struct ozp_service *service,
		     uint64_t now)
{
	struct job *job = get_or_add(in, service->name, now);
	bool was_asked_for = is_asked_for(job);

	job->is_listed = true;
	/* The file is newer than what was saved, and than the kernel's table. */
	job->is_restored = false;
	/* A file that did not change for a job changes nothing about it. */
	if (!job->is_static) {
		job->is_static = true;
		job->is_set = false;
		in->ops->table_changed(in->data);
	}
	learn(job, service);
	if (!was_asked_for)
		join(job, now);
}

static void unlist(struct job *job, uint64_t now)
{
	bool was_asked_for = is_asked_for(job);
	struct interests *in = job->owner;

	job->is_static = false;
	if (job->is_declared || job->is_announced || job->is_registered) {
		in->ops->table_changed(in->data);
		push(job);
		if (!was_asked_for)
			join(job, now);
		return;
	}
	log_info("%s: not in the table file any more", job->service.name);
	if (!interest_is_foreign(job))
		in->ops->del(in->data, job->service.name);
	in->ops->unsubscribe(in->data, job->service.name);
	forget(job);
}

void interests_list(struct interests *in, const struct ozp_service *services,
		    size_t count, uint64_t now)
{
	struct map_node *node, *after;
	struct job *job;
	size_t i;

	map_for_each(&in->jobs.names, node, after)
		map_entry(node, struct job, node)
			->is_listed = false;
	for (i = 0; i < count; i++)
		list_one(in, &services[i], now);
	map_for_each(&in->jobs.names, node, after)
	{
		job = map_entry(node, struct job, node);
		if (job->is_static && !job->is_listed)
			unlist(job, now);
	}
}

static void move_job(struct job *job, const struct own *from,
		     const struct own *to, uint64_t now)
{
	bool was_asked_for = is_asked_for(job);
	struct interests *in = job->owner;

	if (job->is_local && !job->is_static &&
	    record_move(&job->service, from, to)) {
		push(job);
		in->ops->table_changed(in->data);
	}
	set_local(job, record_is_local(&job->service, to));
	if (!was_asked_for)
		join(job, now);
}

void interests_move(struct interests *in, const struct own *own, uint64_t now)
{
	struct own was = in->own;
	struct map_node *node, *after;
	struct job *job;

	in->own = *own;
	map_for_each(&in->jobs.names, node, after)
	{
		job = map_entry(node, struct job, node);
		if (job->is_known)
			move_job(job, &was, own, now);
	}
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
