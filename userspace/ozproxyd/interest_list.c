// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "interest.h"
#include "interest_job.h"
#include "log.h"

void interests_announce(struct interests *in, const char *name, uint64_t now)
{
	struct job *job = interest_get(in, name, now);

	if (job->is_local)
		return;
	if (!interest_is_hosted(job)) {
		job->is_announced = true;
		in->ops->local_changed(in->data);
	}
	job->is_announced = true;
	job->attempts = 0;
	job->announced_until = now + INTEREST_ANNOUNCED;
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
	interest_set_local(job, record_is_local(&job->service, &in->own));
	in->ops->table_changed(in->data);
}

bool interests_declare(struct interests *in, const char *name, bool is_here,
		       uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (!is_here && (!job || !interest_is_hosted(job)))
		return false;
	if (is_here && in->connected && (!job || !interest_is_asked_for(job)))
		in->ops->subscribe(in->data, name);
	job = interest_get(in, name, now);
	if (!is_here)
		job->is_announced = false;
	job->is_declared = is_here;
	in->ops->local_changed(in->data);
	if (interest_is_asked_for(job))
		interest_ask(job, true, now);
	else
		interest_end(job, now);
	return true;
}

void interests_adopt(struct interests *in, const struct ozp_service *service,
		     uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, service->name);

	if (job && job->is_known && !job->is_restored)
		return;
	job = interest_get(in, service->name, now);
	relearn(job, service);
	job->is_set = true;
	interest_join(job, now);
}

void interests_restore(struct interests *in, const struct ozp_service *service,
		       uint64_t now)
{
	struct job *job = jobs_get(&in->jobs, service->name);

	if (job && job->is_known)
		return;
	relearn(interest_get(in, service->name, now), service);
}

static void list_one(struct interests *in, const struct ozp_service *service,
		     uint64_t now)
{
	struct job *job = interest_get(in, service->name, now);
	bool was_asked_for = interest_is_asked_for(job);

	job->is_listed = true;
	/* The file is newer than what was saved, and than the kernel's table. */
	job->is_restored = false;
	/* A file that did not change for a job changes nothing about it. */
	if (!job->is_static) {
		job->is_static = true;
		job->is_set = false;
		in->ops->table_changed(in->data);
	}
	interest_learn(job, service);
	if (!was_asked_for)
		interest_join(job, now);
}

static void unlist(struct job *job, uint64_t now)
{
	bool was_asked_for = interest_is_asked_for(job);
	struct interests *in = job->owner;

	job->is_static = false;
	if (job->is_declared || job->is_announced || job->is_registered) {
		in->ops->table_changed(in->data);
		interest_push(job);
		if (!was_asked_for)
			interest_join(job, now);
		return;
	}
	log_info("%s: not in the table file any more", job->service.name);
	if (!interest_is_foreign(job))
		in->ops->del(in->data, job->service.name);
	in->ops->unsubscribe(in->data, job->service.name);
	interest_forget(job);
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
		if (!job->is_listed && (job->is_static || !in->has_cluster))
			unlist(job, now);
	}
}
