// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "helper.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "answer.h"
#include "interest_job.h"
#include "log.h"
#include "mem.h"
#include "plan.h"

/* Most addresses that are asked for at once, whatever the kernel lets wait. */
#define ADDRESSES_MAX 4096

static void send_query(void *data, const char *text, bool is_address)
{
	struct helper *helper = data;
	char *payload = payload_query(text, is_address);

	log_debug("asking for %s", text);
	helper->ops->publish(helper->data, TOPIC_QUERY, payload);
	free(payload);
}

static void query_failed(void *data, const char *key, bool is_address,
			 uint64_t now)
{
	struct helper *helper = data;

	static bool said;

	log_debug("%s: no answer in time", key);
	/* An ACL may let us ask and not hear: brokers do not tell. */
	if (helper->interests.connected && !helper->queries.heard_at)
		log_once(&said,
			 "%s: no answer, and to nothing else so far: is there "
			 "a cluster at this broker, and may we read "
			 "nodes/%s/net/tablequery/result?",
			 key, helper->id);
	if (is_address)
		helper->ops->deny(helper->data, key);
	else
		interests_unanswered(&helper->interests, key, now);
}

static const struct query_ops query_ops = {
	.send = send_query,
	.failed = query_failed,
};

static void ask(void *data, const char *job, bool is_changed, uint64_t now)
{
	struct helper *helper = data;

	if (is_changed)
		queries_ask_anew(&helper->queries, job, now);
	else
		queries_ask(&helper->queries, job, false, QUERY_ROUTINE, now);
}

static bool is_asked(void *data, const char *job)
{
	struct helper *helper = data;

	return queries_get(&helper->queries, job);
}

static int set(void *data, const struct ozp_service *service)
{
	struct helper *helper = data;

	return helper->ops->set(helper->data, service);
}

static void del(void *data, const char *job)
{
	struct helper *helper = data;

	helper->ops->del(helper->data, job);
}

static int clear(void *data, const char *job, uint64_t used)
{
	struct helper *helper = data;

	return helper->ops->clear(helper->data, job, used);
}

static void subscribe(void *data, const char *job)
{
	struct helper *helper = data;

	helper->ops->subscribe(helper->data, job);
}

static void unsubscribe(void *data, const char *job)
{
	struct helper *helper = data;

	helper->ops->unsubscribe(helper->data, job);
}

static void remove_interest(void *data, const char *job)
{
	struct helper *helper = data;
	char *payload = payload_remove(job);

	helper->ops->publish(helper->data, TOPIC_REMOVE, payload);
	free(payload);
}

static void table_changed(void *data)
{
	struct helper *helper = data;

	helper->ops->table_changed(helper->data);
}

static void local_changed(void *data)
{
	struct helper *helper = data;

	helper->ops->local_changed(helper->data);
}

static const struct interest_ops interest_ops = {
	.ask = ask,
	.is_asked = is_asked,
	.set = set,
	.del = del,
	.clear = clear,
	.subscribe = subscribe,
	.unsubscribe = unsubscribe,
	.remove = remove_interest,
	.table_changed = table_changed,
	.local_changed = local_changed,
};

void helper_init(struct helper *helper, uint64_t now)
{
	helper->interests.timers = &helper->timers;
	helper->interests.removals.timers = &helper->timers;
	helper->interests.ops = &interest_ops;
	helper->interests.data = helper;
	helper->queries.timers = &helper->timers;
	helper->queries.ops = &query_ops;
	helper->queries.data = helper;
	queries_init(&helper->queries, now);
}

void helper_uninit(struct helper *helper)
{
	queries_uninit(&helper->queries);
	interests_uninit(&helper->interests);
	timers_uninit(&helper->timers);
}

static void tell_moved(struct helper *helper, const struct job *job)
{
	const struct own *own = &helper->interests.own;
	const struct ozp_instance *instance;
	char address[RECORD_TEXT], *payload;
	unsigned int i;

	for (i = 0; i < job->service.n_instance; i++) {
		instance = &job->service.instance[i];
		if (!record_is_at(instance, own))
			continue;
		if (OZP_HAS(instance, OZPROXY_A_INSTANCE_NODE_IPV4))
			inet_ntop(AF_INET, &instance->node_ipv4, address,
				  sizeof(address));
		else
			inet_ntop(AF_INET6, &instance->node_ipv6, address,
				  sizeof(address));
		payload = payload_moved(job->service.name, instance->number,
					address, own->port);
		helper->ops->publish(helper->data, TOPIC_ADDRESS_CHANGED,
				     payload);
		free(payload);
	}
}

/* Until an answer has it: who is not connected is heard by nobody. */
static void tell_all_moved(struct helper *helper)
{
	struct map_node *node, *after;
	struct job *job;

	map_for_each(&helper->interests.jobs.names, node, after)
	{
		job = map_entry(node, struct job, node);
		if (job->is_moved)
			tell_moved(helper, job);
	}
}

void helper_connect(struct helper *helper, uint64_t now)
{
	/* What is asked next is answered by who knows that. */
	tell_all_moved(helper);
	/* First what packets wait for, then the rest. */
	queries_connect(&helper->queries, now);
	interests_connect(&helper->interests, now);
}

void helper_disconnect(struct helper *helper)
{
	queries_disconnect(&helper->queries);
	interests_disconnect(&helper->interests);
}

static void read_update(struct helper *helper, const char *job,
			const char *payload, size_t len, uint64_t now)
{
	enum update update;
	static bool said;

	if (len > ANSWER_MAX || !payload_read_update(payload, len, &update)) {
		log_once(&said, "%s: an update is not readable", job);
		/* But there is one. */
		update = UPDATE_OTHER;
	}
	log_debug("%s: something changed", job);
	interests_update(&helper->interests, job, update, now);
}

static void read_job(struct helper *helper, enum topic_kind kind,
		     const char *payload, size_t len, uint64_t now)
{
	char job[OZPROXY_NAME_MAX + 1];
	static bool said;

	if (len > ANSWER_MAX || !payload_read_job(payload, len, job)) {
		log_once(&said, "a message on this node's topics is not "
				"readable: ignored");
		return;
	}
	if (kind == TOPIC_REMOVE) {
		interests_removed(&helper->interests, job, now);
		return;
	}
	log_info("%s: deployed here", job);
	interests_deployed(&helper->interests, job, now);
}

void helper_message(struct helper *helper, const char *topic,
		    const char *payload, size_t len, uint64_t now)
{
	char job[OZPROXY_NAME_MAX + 1];
	enum topic_kind kind;

	kind = topic_parse(topic, helper->id, job);
	switch (kind) {
	case TOPIC_RESULT:
		answer_read(helper, payload, len, now);
		break;
	case TOPIC_UPDATE:
		read_update(helper, job, payload, len, now);
		break;
	case TOPIC_REMOVE:
	case TOPIC_DEPLOYED:
		read_job(helper, kind, payload, len, now);
		break;
	case TOPIC_QUERY:
	case TOPIC_ADDRESS_CHANGED:
	case TOPIC_OTHER:
		break;
	}
}

void helper_refused(struct helper *helper, const char *topic, const char *name)
{
	static const char *const effects[] = {
		[TOPIC_RESULT] = "no answer of the cluster arrives",
		[TOPIC_REMOVE] =
			"what NetManager removes is missed for a while",
		[TOPIC_DEPLOYED] = "what is deployed here has to be said with "
				   "ozctl local add",
		[TOPIC_UPDATE] = "changes are seen when it is asked again, "
				 "and not before",
	};
	static bool said[sizeof(effects) / sizeof(*effects)];
	char job[OZPROXY_NAME_MAX + 1];
	enum topic_kind kind = topic_parse(topic, helper->id, job);

	if (kind < sizeof(effects) / sizeof(*effects) && effects[kind])
		log_once(&said[kind], "the broker does not let %s read %s: %s",
			 name, topic, effects[kind]);
}

void helper_miss(struct helper *helper, const char *address, uint64_t now)
{
	/* It is ours already; the kernel may have lost it. */
	if (interests_missed(&helper->interests, address))
		return;
	if (!helper->interests.has_cluster ||
	    queries_is_denied(&helper->queries, address, now))
		helper->ops->deny(helper->data, address);
	else if (helper->queries.addresses < ADDRESSES_MAX)
		queries_ask(&helper->queries, address, true, QUERY_URGENT, now);
}

void helper_move(struct helper *helper, const struct own *own, uint64_t now)
{
	interests_move(&helper->interests, own, now);
	if (helper->interests.connected)
		tell_all_moved(helper);
}

/* Shallow copies of what the kernel is to have; to be freed. */
static struct ozp_service *desired_table(struct helper *helper, size_t *count)
{
	const struct jobs *jobs = &helper->interests.jobs;
	struct ozp_service *services;
	struct map_node *node, *after;
	struct job *job;

	*count = 0;
	services = mem_zero((jobs->names.count + 1) * sizeof(*services));
	map_for_each(&jobs->names, node, after)
	{
		job = map_entry(node, struct job, node);
		if (!job->is_known || interest_is_foreign(job))
			continue;
		job->is_set = true;
		interest_desired(job, &services[(*count)++]);
	}
	return services;
}

static void execute(struct helper *helper, const struct plan_command *command)
{
	const struct ozp_service *service = command->service;

	if (command->verb == PLAN_DEL) {
		log_info("%s: in the kernel, but nowhere else: deleted",
			 service->name);
		helper->ops->del(helper->data, service->name);
		return;
	}
	interest_push(jobs_get(&helper->interests.jobs, service->name));
}

/*
 * Shallow copies of those in the kernel that a helper set, to be freed. The
 * others are not ours to take or to change.
 */
static struct ozp_service *own_table(struct helper *helper,
				     const struct helper_actual *actual,
				     size_t *count)
{
	const struct ozp_service *service;
	struct ozp_service *services;
	bool is_foreign;
	size_t i;

	*count = 0;
	services = mem_zero((actual->count + 1) * sizeof(*services));
	for (i = 0; i < actual->count; i++) {
		service = &actual->services[i];
		is_foreign = service->origin != OZPROXY_ORIGIN_OZPROXYD;
		interests_taken(&helper->interests, service->name, is_foreign);
		if (!is_foreign)
			services[(*count)++] = *service;
	}
	return services;
}

size_t helper_sync(struct helper *helper, const struct helper_actual *actual,
		   uint64_t now)
{
	struct plan_table want = {}, have = {};
	struct ozp_service *wanted, *present;
	const struct ozp_service *service;
	struct plan_command *commands;
	size_t i, count;

	interests_forget_foreign(&helper->interests);
	present = own_table(helper, actual, &have.count);
	have.services = present;
	for (i = 0; i < have.count && actual->adopt; i++)
		interests_adopt(&helper->interests, &present[i], now);
	wanted = desired_table(helper, &want.count);
	want.services = wanted;
	count = plan_make(&want, &have, &commands);
	for (i = 0; i < count; i++)
		execute(helper, &commands[i]);
	free(commands);
	free(wanted);
	free(present);
	/* What was told while nobody listened is not told again. */
	for (i = 0; i < actual->count; i++) {
		service = &actual->services[i];
		if (service->used + actual->idle <= actual->boottime)
			interests_idle(&helper->interests, service->name,
				       service->used, now);
	}
	return count;
}
