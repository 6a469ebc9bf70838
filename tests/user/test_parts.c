// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include "log.h"
#include "map.h"
#include "record.h"
#include "timers.h"
#include "topics.h"

/* The parts that the helper's rules are made of. */

struct thing {
	struct map_node node;
	char key[16];
};

static void a_map(void **state)
{
	struct map map = {};
	struct map_node *node, *after;
	static struct thing things[500];
	unsigned int i, seen = 0;

	(void)state;
	assert_null(map_get(&map, "0"));
	for (i = 0; i < 500; i++) {
		snprintf(things[i].key, sizeof(things[i].key), "%u", i);
		things[i].node.key = things[i].key;
		map_put(&map, &things[i].node);
	}
	for (i = 0; i < 500; i++)
		assert_ptr_equal(map_get(&map, things[i].key), &things[i].node);
	assert_null(map_get(&map, "500"));
	/* In order, and what is looked at may be taken out. */
	map_for_each(&map, node, after)
	{
		assert_ptr_equal(node, &things[seen++].node);
		if (seen % 2)
			map_del(&map, node);
	}
	assert_int_equal(seen, 500);
	assert_int_equal(map.count, 250);
	for (i = 0; i < 500; i++)
		assert_true(!map_get(&map, things[i].key) == !(i % 2));
	map_for_each(&map, node, after) map_del(&map, node);
	assert_null(map.first);
	assert_null(map.last);
	map_uninit(&map);
}

#define TIMERS 200

static struct timers timers;
static struct timer all[TIMERS];
static uint64_t naive[TIMERS]; /* when each is to fire; 0: never */
static uint64_t last;

static void fire(struct timer *timer, uint64_t now)
{
	uint64_t *at = &naive[timer - all];

	assert_int_equal(timer->place, 0);
	assert_true(*at && *at <= now && *at >= last);
	last = *at;
	*at = 0;
}

/* Against an array that is searched for the smallest. */
static void timers_against_a_naive_one(void **state)
{
	unsigned int seed = 1, i, step;
	uint64_t now = 1, next;

	(void)state;
	for (i = 0; i < TIMERS; i++)
		all[i].fire = fire;
	for (step = 0; step < 20000; step++) {
		i = (unsigned int)rand_r(&seed) % TIMERS;
		if (rand_r(&seed) % 4) {
			naive[i] = now + (unsigned int)rand_r(&seed) % 1000;
			timer_set(&timers, &all[i], naive[i]);
		} else {
			naive[i] = 0;
			timer_stop(&timers, &all[i]);
		}
		next = TIMERS_NEVER;
		for (i = 0; i < TIMERS; i++)
			if (naive[i] && naive[i] < next)
				next = naive[i];
		assert_true(timers_next(&timers) == next);
		now += (unsigned int)rand_r(&seed) % 20;
		last = 0;
		timers_run(&timers, now);
		for (i = 0; i < TIMERS; i++)
			assert_true(!naive[i] || naive[i] > now);
	}
	for (i = 0; i < TIMERS; i++)
		timer_stop(&timers, &all[i]);
	assert_true(timers_next(&timers) == TIMERS_NEVER);
	timers_uninit(&timers);
}

static void jitter(void **state)
{
	uint64_t sum = 0, one;
	unsigned int i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		one = timers_jitter(&timers, 30000);
		assert_in_range(one, 24000, 36000);
		sum += one;
	}
	assert_in_range(sum / i, 29800, 30200);
	assert_int_equal(timers_jitter(&timers, 0), 0);
}

static void topics(void **state)
{
	static const char *const others[] = {
		"",
		"nodes/n",
		"nodes/m/net/tablequery/result",
		"nodes/n/net/tablequery/resul",
		"nodes/n/net/tablequery/result/",
		"jobs//updates_available",
		"jobs/updates_available",
		"jobs/a/b/updates_available",
		"jobs/a b/updates_available",
		"jobs/#/updates_available",
		"jobs/a/updates_available/x",
	};
	char topic[TOPIC_MAX], job[OZPROXY_NAME_MAX + 1];
	char name[OZPROXY_NAME_MAX + 2];
	enum topic_kind kind;
	size_t i;

	(void)state;
	for (kind = TOPIC_QUERY; kind <= TOPIC_UPDATE; kind++) {
		topic_build(kind, "n", topic);
		assert_int_equal(topic_parse(topic, "n", job), kind);
	}
	topic_build(TOPIC_QUERY, "64b0", topic);
	assert_string_equal(topic, "nodes/64b0/net/tablequery/request");
	topic_build(TOPIC_UPDATE, "X.default.X3.default", topic);
	assert_string_equal(topic, "jobs/X.default.X3.default/"
				   "updates_available");
	assert_int_equal(topic_parse(topic, "n", job), TOPIC_UPDATE);
	assert_string_equal(job, "X.default.X3.default");
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_equal(topic_parse(others[i], "n", job), TOPIC_OTHER);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	topic_build(TOPIC_UPDATE, name, topic);
	assert_int_equal(topic_parse(topic, "n", job), TOPIC_OTHER);
	name[OZPROXY_NAME_MAX] = '\0';
	topic_build(TOPIC_UPDATE, name, topic);
	assert_int_equal(topic_parse(topic, "n", job), TOPIC_UPDATE);
	assert_string_equal(job, name);
}

static void said(char *payload, const char *text)
{
	assert_string_equal(payload, text);
	free(payload);
}

static void payloads(void **state)
{
	static const char *const wrong[] = {
		"",
		"{",
		"7",
		"[]",
		"{\"appname\": \"\"}",
		"{\"appname\": null}",
		"{\"appname\": \"a/b\"}",
		"{\"name\": \"a\"}",
	};
	char job[OZPROXY_NAME_MAX + 1] = "";
	enum update update;
	size_t i;

	(void)state;
	/* As the cluster's own service manager was heard to be asked. */
	said(payload_query("10.30.1.30", true),
	     "{\"sname\":\"\",\"sip\":\"10.30.1.30\"}");
	said(payload_query("X.default.X3.default", false),
	     "{\"sname\":\"X.default.X3.default\",\"sip\":\"\"}");
	said(payload_remove("X.default.X3.default"),
	     "{\"appname\":\"X.default.X3.default\"}");
	said(payload_moved("a", 3, "131.1.0.1", 50103),
	     "{\"appname\":\"a\",\"instance_number\":3,"
	     "\"host_ip\":\"131.1.0.1\",\"host_port\":\"50103\"}");
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(payload_read_job(wrong[i], strlen(wrong[i]), job));
	assert_true(
		payload_read_job("{\"appname\":\"a.b.c.d\",\"x\":1}", 27, job));
	assert_string_equal(job, "a.b.c.d");
	assert_true(
		payload_read_update("{\"type\":\"DEPLOYMENT\"}", 21, &update));
	assert_int_equal(update, UPDATE_DEPLOYMENT);
	assert_true(payload_read_update("{\"type\":\"UNDEPLOYMENT\"}", 23,
					&update));
	assert_int_equal(update, UPDATE_UNDEPLOYMENT);
	assert_true(payload_read_update("{\"type\":\"NEWS\"}", 15, &update));
	assert_int_equal(update, UPDATE_OTHER);
	assert_false(payload_read_update("{}}", 3, &update));
	assert_false(payload_read_update("[]", 2, &update));
}

static void spellings(void **state)
{
	char text[RECORD_TEXT];

	(void)state;
	assert_true(record_canonical("FDFF:0:0:0:0:0:0:5", text));
	assert_string_equal(text, "fdff::5");
	assert_true(record_canonical("10.30.1.30", text));
	assert_string_equal(text, "10.30.1.30");
	assert_false(record_canonical("X.default.X3.default", text));
	assert_false(record_canonical("", text));
	assert_true(record_exploded("fdff:2000::30", text));
	assert_string_equal(text, "fdff:2000:0000:0000:0000:0000:0000:0030");
	assert_false(record_exploded("10.30.1.30", text));
}

/* Order does not matter, and nothing that only a kernel says. */
static void equal_services(void **state)
{
	struct ozp_service a = {}, b;
	struct ozp_instance instance;

	(void)state;
	seed_service(&a);
	record_copy(&b, &a);
	b.generation = 7;
	b.used = 9;
	b.instance[0].rtt = 5;
	OZP_SET(&b.instance[0], OZPROXY_A_INSTANCE_RTT);
	assert_true(record_is_equal(&a, &b));
	instance = b.instance[0];
	b.instance[0] = b.instance[1];
	b.instance[1] = instance;
	assert_true(record_is_equal(&a, &b));
	b.instance[1].node_port++;
	assert_false(record_is_equal(&a, &b));
	assert_false(record_is_equal(&b, &a));
	b.instance[1].node_port--;
	b.address[0].policy = OZPROXY_POLICY_CLOSEST;
	assert_false(record_is_equal(&a, &b));
	b.address[0].policy = a.address[0].policy;
	b.n_instance--;
	assert_false(record_is_equal(&a, &b));
	b.n_instance++;
	b.pinned = true;
	assert_false(record_is_equal(&a, &b));
	ozp_service_free(&a);
	ozp_service_free(&b);
}

static void lines_of_the_log(void **state)
{
	(void)state;
	log_setup(LEVEL_ERROR);
	log_warning("job %s is odd", "a\n<3>b\x7f\t\xc3\xa9");
	assert_string_equal(log_recent(0)->text, "job a?<3>b??\xc3\xa9 is odd");
	log_info("not kept");
	assert_string_equal(log_recent(0)->text, "job a?<3>b??\xc3\xa9 is odd");
	assert_null(log_recent(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map),
		cmocka_unit_test(timers_against_a_naive_one),
		cmocka_unit_test(jitter),
		cmocka_unit_test(topics),
		cmocka_unit_test(payloads),
		cmocka_unit_test(spellings),
		cmocka_unit_test(equal_services),
		cmocka_unit_test(lines_of_the_log),
	};

	return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
