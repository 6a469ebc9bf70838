// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "interest.h"
#include "interest_job.h"

static bool is_same_space(const struct ozp_instance *a,
			  const struct ozp_instance *b)
{
	if (OZP_HAS(a, OZPROXY_A_INSTANCE_NAMESPACE_IPV4) &&
	    OZP_HAS(b, OZPROXY_A_INSTANCE_NAMESPACE_IPV4))
		return a->namespace_ipv4.s_addr == b->namespace_ipv4.s_addr;
	return OZP_HAS(a, OZPROXY_A_INSTANCE_NAMESPACE_IPV6) &&
	       OZP_HAS(b, OZPROXY_A_INSTANCE_NAMESPACE_IPV6) &&
	       IN6_ARE_ADDR_EQUAL(&a->namespace_ipv6, &b->namespace_ipv6);
}

/* An instance that is here, wherever it is said to be. */
static const struct ozp_instance *find_here(const struct job *job,
					    const struct ozp_instance *said)
{
	const struct ozp_instance *instance;
	unsigned int i;

	for (i = 0; i < job->service.n_instance; i++) {
		instance = &job->service.instance[i];
		if (instance->number == said->number &&
		    is_same_space(instance, said) &&
		    record_is_at(instance, &job->owner->own))
			return instance;
	}
	return NULL;
}

static void set_node(struct ozp_instance *instance,
		     const struct ozp_instance *at)
{
	const uint64_t node = 1ull << OZPROXY_A_INSTANCE_NODE_IPV4 |
			      1ull << OZPROXY_A_INSTANCE_NODE_IPV6;

	instance->present &= (typeof(instance->present))~node;
	instance->present |= (typeof(instance->present))(at->present & node);
	instance->node_ipv4 = at->node_ipv4;
	instance->node_ipv6 = at->node_ipv6;
	instance->node_port = at->node_port;
}

void interest_correct(struct job *job, struct ozp_service *service)
{
	const struct ozp_instance *here;
	struct ozp_instance *instance;
	bool is_moved = false;
	unsigned int i;

	for (i = 0; i < service->n_instance; i++) {
		instance = &service->instance[i];
		here = record_is_at(instance, &job->owner->own) ?
			       NULL :
			       find_here(job, instance);
		if (!here)
			continue;
		set_node(instance, here);
		is_moved = true;
	}
	interest_set_moved(job, is_moved);
}

static void move_job(struct job *job, const struct own *from,
		     const struct own *to, uint64_t now)
{
	bool was_asked_for = interest_is_asked_for(job);
	struct interests *in = job->owner;

	if (job->is_local && !job->is_static &&
	    record_move(&job->service, from, to)) {
		interest_set_moved(job, true);
		interest_push(job);
		in->ops->table_changed(in->data);
	}
	interest_set_local(job, record_is_local(&job->service, to));
	if (!was_asked_for)
		interest_join(job, now);
}

void interests_untold(struct interests *in, const char *name)
{
	struct job *job = jobs_get(&in->jobs, name);

	if (job)
		interest_set_moved(job, true);
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
