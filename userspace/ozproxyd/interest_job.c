// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "interest_job.h"
#include <errno.h>
#include "ozproxy_service.h"

bool interest_is_hosted(const struct job *job)
{
	return job->is_declared || job->is_announced || job->is_local;
}

bool interest_is_foreign(const struct job *job)
{
	return map_get(&job->owner->foreign, job->service.name);
}

bool interest_is_asked_for(const struct job *job)
{
	return interest_is_hosted(job) || (job->is_known && !job->is_static);
}

void interest_ask(struct job *job, bool is_changed, uint64_t now)
{
	struct interests *in = job->owner;

	if (in->connected)
		in->ops->ask(in->data, job->service.name, is_changed, now);
}

void interest_ask_later(struct job *job, uint64_t pause, uint64_t now)
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

void interest_push(struct job *job)
{
	struct interests *in = job->owner;
	struct ozp_service service;
	int err;

	job->is_refused = false;
	if (interest_is_foreign(job))
		return;
	interest_desired(job, &service);
	err = in->ops->set(in->data, &service);
	job->is_set = !err;
	job->is_refused = err && err != -ENODEV;
}

static void fire_refresh(struct timer *timer, uint64_t now)
{
	struct job *job = map_entry(timer, struct job, refresh);

	/* What the kernel refused it may take now. */
	if (job->is_known && !job->is_set)
		interest_push(job);
	interest_ask(job, false, now);
	interest_ask_later(job, job->owner->options.refresh, now);
}

struct job *interest_get(struct interests *in, const char *name, uint64_t now)
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

void interest_forget(struct job *job)
{
	struct interests *in = job->owner;

	timer_stop(in->timers, &job->refresh);
	jobs_del(&in->jobs, job);
	in->ops->table_changed(in->data);
}

void interest_remove(struct job *job, uint64_t now)
{
	struct interests *in = job->owner;

	if (!job->is_registered)
		return;
	job->is_registered = false;
	removals_note(&in->removals, job->service.name, now);
	in->ops->remove(in->data, job->service.name);
}

void interest_end(struct job *job, uint64_t now)
{
	struct interests *in = job->owner;
	const char *name = job->service.name;
	bool is_asked = in->ops->is_asked(in->data, name);

	in->ops->unsubscribe(in->data, name);
	timer_stop(in->timers, &job->refresh);
	/* An answer that is still to come may register it anew. */
	if (in->connected && !is_asked)
		interest_remove(job, now);
	if (interest_is_over(job) && !job->is_registered && !is_asked)
		interest_forget(job);
}

void interest_set_moved(struct job *job, bool is_moved)
{
	struct interests *in = job->owner;

	if (job->is_moved == is_moved)
		return;
	job->is_moved = is_moved;
	in->ops->local_changed(in->data);
}

void interest_set_local(struct job *job, bool is_local)
{
	struct interests *in = job->owner;
	bool was_hosted = interest_is_hosted(job);

	job->is_local = is_local;
	if (is_local)
		job->is_announced = false;
	else
		interest_set_moved(job, false);
	if (interest_is_hosted(job) != was_hosted)
		in->ops->local_changed(in->data);
}

void interest_learn(struct job *job, const struct ozp_service *service)
{
	struct interests *in = job->owner;

	if (job->is_known && record_is_equal(&job->service, service)) {
		if (!job->is_set)
			interest_push(job);
		return;
	}
	jobs_replace(&in->jobs, job, service);
	job->is_known = true;
	interest_set_local(job, record_is_local(&job->service, &in->own));
	interest_push(job);
	in->ops->table_changed(in->data);
}

void interest_join(struct job *job, uint64_t now)
{
	struct interests *in = job->owner;

	if (!in->connected || !interest_is_asked_for(job))
		return;
	in->ops->subscribe(in->data, job->service.name);
	interest_ask(job, false, now);
	interest_ask_later(job, in->options.refresh, now);
}

bool interest_is_over(const struct job *job)
{
	return !job->is_known && !job->is_declared && !job->is_announced;
}
