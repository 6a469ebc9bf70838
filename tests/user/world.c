// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "world.h"
#include <arpa/inet.h>
#include <errno.h>
#include "log.h"

static void note(struct world *world, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct world *world, const char *format, ...)
{
	size_t len = strlen(world->log);
	va_list args;

	va_start(args, format);
	vsnprintf(world->log + len, sizeof(world->log) - len, format, args);
	va_end(args);
	len = strlen(world->log);
	assert_true(len < sizeof(world->log) - 2);
	strcpy(world->log + len, "\n");
}

/* The text of a member, or "". */
static const char *text_of(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key)) ?: "";
}

static void publish(void *data, enum topic_kind kind, const char *payload)
{
	json_t *json = json_loads(payload, 0, NULL);
	struct world *world = data;

	assert_non_null(json);
	if (kind == TOPIC_QUERY)
		note(world, "ask %s%s", text_of(json, "sname"),
		     text_of(json, "sip"));
	else if (kind == TOPIC_REMOVE)
		note(world, "remove %s", text_of(json, "appname"));
	else if (kind == TOPIC_ADDRESS_CHANGED)
		note(world, "moved %s %s", text_of(json, "appname"),
		     text_of(json, "host_ip"));
	else
		fail();
	json_decref(json);
}

static void subscribe(void *data, const char *job)
{
	note(data, "sub %s", job);
}

static void unsubscribe(void *data, const char *job)
{
	note(data, "unsub %s", job);
}

struct ozp_service *world_service(struct world *world, const char *name)
{
	size_t i;

	for (i = 0; i < world->n_services; i++)
		if (!strcmp(world->services[i].name, name))
			return &world->services[i];
	return NULL;
}

static void drop(struct world *world, struct ozp_service *service)
{
	ozp_service_free(service);
	*service = world->services[--world->n_services];
}

static int set(void *data, const struct ozp_service *service)
{
	struct world *world = data;
	struct ozp_service *present = world_service(world, service->name);

	if (world->no_device)
		return -ENODEV;
	if (world->refuse)
		return -EINVAL;
	note(world, "set %s %u", service->name, service->n_instance);
	if (present) {
		uint64_t used = present->used;

		ozp_service_free(present);
		record_copy(present, service);
		present->used = used;
		return 0;
	}
	assert_true(world->n_services < WORLD_SERVICES);
	present = &world->services[world->n_services++];
	record_copy(present, service);
	present->used = world->now;
	return 0;
}

static int del(void *data, const char *job)
{
	struct world *world = data;
	struct ozp_service *present = world_service(world, job);

	note(world, "del %s", job);
	if (present)
		drop(world, present);
	return 0;
}

static int clear(void *data, const char *job, uint64_t used)
{
	struct world *world = data;
	struct ozp_service *present = world_service(world, job);

	if (!present)
		return -ENOENT;
	if (present->used > used) {
		note(world, "busy %s", job);
		return -EBUSY;
	}
	note(world, "clear %s", job);
	drop(world, present);
	return 0;
}

static void deny(void *data, const char *address)
{
	struct world *world = data;

	if (!world->no_device)
		note(world, "deny %s", address);
}

static void table_changed(void *data)
{
	((struct world *)data)->tables++;
}

static void local_changed(void *data)
{
	((struct world *)data)->locals++;
}

static const struct helper_ops ops = {
	.publish = publish,
	.subscribe = subscribe,
	.unsubscribe = unsubscribe,
	.set = set,
	.del = del,
	.clear = clear,
	.deny = deny,
	.table_changed = table_changed,
	.local_changed = local_changed,
};

struct world *world;

int world_begin(void **state)
{
	struct helper *helper;

	(void)state;
	world = calloc(1, sizeof(*world));
	assert_non_null(world);
	log_setup(LEVEL_ERROR);
	world->now = 1000;
	helper = &world->helper;
	helper->id = "n";
	helper->interests.has_cluster = true;
	helper->ops = &ops;
	helper->data = world;
	helper->interests.options.refresh = 30000;
	helper->interests.own.v4.family = AF_INET;
	helper->interests.own.v4.v4 = v4("131.1.0.1");
	helper->interests.own.port = 50103;
	helper->queries.options.timeout = 5000;
	helper->queries.options.retry = 500;
	helper->queries.options.rate = 100;
	helper->queries.options.negative = 5000;
	helper_init(helper, world->now);
	helper_connect(helper, world->now);
	return 0;
}

int world_end(void **state)
{
	(void)state;
	while (world->n_services)
		drop(world, &world->services[0]);
	helper_uninit(&world->helper);
	free(world);
	return 0;
}

void world_wait(struct world *world, uint64_t ms)
{
	uint64_t end = world->now + ms;
	uint64_t next;

	while (world->now < end) {
		next = timers_next(&world->helper.timers);
		if (next <= world->now)
			next = world->now + 1;
		world->now = next < end ? next : end;
		timers_run(&world->helper.timers, world->now);
	}
}

void world_wait_for(struct world *world, const char *line, uint64_t ms)
{
	while (ms-- && !world_counts(world, line))
		world_wait(world, 1);
	assert_int_equal(world_counts(world, line), 1);
}

void world_forget(struct world *world)
{
	*world->log = '\0';
}

void world_did(struct world *world, const char *what)
{
	assert_string_equal(world->log, what);
	world_forget(world);
}

unsigned int world_counts(const struct world *world, const char *line)
{
	const char *at = world->log, *end;
	unsigned int count = 0;

	for (; *at; at = end + 1) {
		end = strchr(at, '\n');
		count += strlen(line) == (size_t)(end - at) &&
			 !strncmp(at, line, strlen(line));
	}
	return count;
}

void world_says(struct world *world, const char *topic, const char *payload)
{
	char name[128];

	snprintf(name, sizeof(name), "nodes/n/net/%s", topic);
	helper_message(&world->helper, name, payload, strlen(payload),
		       world->now);
}

void world_updates(struct world *world, const char *job, const char *type)
{
	char topic[TOPIC_MAX], payload[64];

	topic_build(TOPIC_UPDATE, job, topic);
	snprintf(payload, sizeof(payload), "{\"type\": \"%s\"}", type);
	helper_message(&world->helper, topic, payload, strlen(payload),
		       world->now);
}

static void make_instance(struct ozp_service *service, unsigned int number,
			  unsigned int base, bool local)
{
	struct ozp_instance *instance = ozp_service_add_instance(service);
	char text[RECORD_TEXT];

	assert_non_null(instance);
	instance->number = number;
	OZP_SET(instance, OZPROXY_A_INSTANCE_NUMBER);
	snprintf(text, sizeof(text), "10.21.%u.%u", base, number + 1);
	instance->namespace_ipv4 = v4(text);
	OZP_SET(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV4);
	snprintf(text, sizeof(text), "10.30.0.%u", base + number);
	instance->instance_ipv4 = v4(text);
	OZP_SET(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV4);
	snprintf(text, sizeof(text), "131.1.0.%u", local ? 1 : number + 2);
	instance->node_ipv4 = v4(text);
	OZP_SET(instance, OZPROXY_A_INSTANCE_NODE_IPV4);
	instance->node_port = 50103;
	OZP_SET(instance, OZPROXY_A_INSTANCE_NODE_PORT);
}

void world_make(struct ozp_service *service, const char *job,
		unsigned int instances, bool local)
{
	bool is_shop = !strcmp(job, "shop");
	unsigned int letter = (unsigned char)job[strlen(job) - 1], i;
	struct ozp_address *address;
	char text[RECORD_TEXT];

	memset(service, 0, sizeof(*service));
	strcpy(service->name, job);
	OZP_SET(service, OZPROXY_A_SERVICE_NAME);
	snprintf(text, sizeof(text), "10.30.1.%u", is_shop ? 30 : letter);
	address = ozp_service_add_address(service);
	address->ipv4 = v4(text);
	OZP_SET(address, OZPROXY_A_ADDRESS_IPV4);
	OZP_SET(address, OZPROXY_A_ADDRESS_POLICY);
	address = ozp_service_add_address(service);
	snprintf(text, sizeof(text), "fdff:2000::%x", is_shop ? 0x30 : letter);
	address->ipv6 = v6(text);
	OZP_SET(address, OZPROXY_A_ADDRESS_IPV6);
	OZP_SET(address, OZPROXY_A_ADDRESS_POLICY);
	for (i = 0; i < instances; i++)
		make_instance(service, i, is_shop ? 6 : letter,
			      local && i == instances - 1);
}

static void say_result(struct world *world, json_t *json)
{
	char *text = json_dumps(json, 0);

	world_says(world, "tablequery/result", text);
	free(text);
	json_decref(json);
}

void world_answers_record(struct world *world, struct ozp_service *service)
{
	say_result(world, record_json(service));
	ozp_service_free(service);
}

void world_answers(struct world *world, const char *key, const char *job,
		   unsigned int instances, bool local)
{
	struct ozp_service service;
	json_t *json;

	world_make(&service, job ?: "x", instances, local);
	json = record_json(&service);
	json_object_set_new(json, "app_name", json_string(job ?: ""));
	if (key)
		json_object_set_new(json, "query_key", json_string(key));
	else
		json_object_del(json, "query_key");
	say_result(world, json);
	ozp_service_free(&service);
}

void world_knows_shop(struct world *world)
{
	world_wait(world, 1);
	helper_miss(&world->helper, "10.30.1.30", world->now);
	world_answers(world, "10.30.1.30", "shop", 1, false);
	world_forget(world);
}

void world_idle(struct world *world, const char *name)
{
	const struct ozp_service *service = world_service(world, name);

	assert_non_null(service);
	interests_idle(&world->helper.interests, name, service->used,
		       world->now);
}

size_t world_sync(struct world *world, bool adopt)
{
	struct helper_actual actual = {
		.count = world->n_services,
		.boottime = world->now,
		.idle = 10000,
		.adopt = adopt,
	};
	struct ozp_service *copies;
	size_t i, changes;

	/* The table changes while it is worked on. */
	copies = calloc(WORLD_SERVICES, sizeof(*copies));
	assert_non_null(copies);
	for (i = 0; i < actual.count; i++) {
		record_copy(&copies[i], &world->services[i]);
		copies[i].used = world->services[i].used;
	}
	actual.services = copies;
	changes = helper_sync(&world->helper, &actual, world->now);
	for (i = 0; i < actual.count; i++)
		ozp_service_free(&copies[i]);
	free(copies);
	return changes;
}
