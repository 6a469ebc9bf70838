// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "world.h"

/* How questions are asked: how often, how many at once, in which spelling. */

static void miss(const char *address)
{
	helper_miss(&world->helper, address, world->now);
}

static void it_is_repeated_and_given_up(void **state)
{
	(void)state;
	miss("10.30.9.9");
	world_did(world, "ask 10.30.9.9\n");
	world_wait(world, 499);
	world_did(world, "");
	world_wait(world, 1);
	world_did(world, "ask 10.30.9.9\n");
	world_wait(world, 999);
	world_did(world, "");
	world_wait(world, 1);
	world_did(world, "ask 10.30.9.9\n");
	world_wait(world, 2000);
	world_did(world, "ask 10.30.9.9\n");
	world_wait(world, 1499);
	world_did(world, "");
	world_wait(world, 1);
	world_did(world, "deny 10.30.9.9\n");
	/* What the kernel said before it heard of that is no new question. */
	miss("10.30.9.9");
	world_did(world, "deny 10.30.9.9\n");
	/* It may ask again. */
	world_wait(world, 5000);
	miss("10.30.9.9");
	world_did(world, "ask 10.30.9.9\n");
}

static void nobody_has_it(void **state)
{
	(void)state;
	miss("10.30.9.9");
	world_answers(world, "10.30.9.9", NULL, 0, false);
	world_did(world, "ask 10.30.9.9\ndeny 10.30.9.9\n");
	world_wait(world, 4999);
	miss("10.30.9.9");
	world_did(world, "deny 10.30.9.9\n");
	assert_int_equal(world->helper.queries.addresses, 0);
	world_wait(world, 10000);
	world_did(world, "");
	assert_int_equal(world->helper.queries.map.count, 0);
	/* Also from a cluster that does not say what it was asked. */
	miss("10.30.9.9");
	world_answers(world, NULL, NULL, 0, false);
	world_did(world, "ask 10.30.9.9\ndeny 10.30.9.9\n");
	world_wait(world, 5000);
	/* Of two questions nobody knows which. */
	miss("10.30.9.8");
	miss("10.30.9.9");
	world_answers(world, NULL, NULL, 0, false);
	world_did(world, "ask 10.30.9.8\nask 10.30.9.9\n");
	/* That nobody asked for. */
	world_answers(world, "10.30.9.7", NULL, 0, false);
	world_did(world, "");
}

#define EXPLODED "fdff:2000:0000:0000:0000:0000:0000:0030"

static void ipv6_in_two_spellings(void **state)
{
	(void)state;
	miss("fdff:2000::30");
	world_did(world, "ask fdff:2000::30\n");
	world_wait(world, 600);
	world_did(world, "ask fdff:2000::30\n");
	world_answers(world, "fdff:2000::30", NULL, 0, false);
	world_did(world, "ask " EXPLODED "\n");
	/* The answer to the repetition is no answer to this. */
	world_answers(world, "fdff:2000::30", NULL, 0, false);
	world_did(world, "");
	world_answers(world, EXPLODED, "shop", 1, false);
	world_did(world, "sub shop\nset shop 1\n");

	miss("fdff:2000::99");
	world_answers(world, "fdff:2000::99", NULL, 0, false);
	world_forget(world);
	world_answers(world, "fdff:2000:0000:0000:0000:0000:0000:0099", NULL, 0,
		      false);
	world_did(world, "deny fdff:2000::99\n");
}

static void a_thousand_at_once(void **state)
{
	char address[32];
	unsigned int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		snprintf(address, sizeof(address), "10.30.%u.%u", 100 + i / 250,
			 1 + i % 250);
		miss(address);
	}
	/* As many as may be at once, the others in their turn. */
	assert_int_equal(world->helper.queries.sent, 100);
	world_wait(world, 100);
	assert_in_range(world->helper.queries.sent, 108, 111);
	world_wait(world, 60000);
	for (i = 0; i < 1000; i++) {
		snprintf(address, sizeof(address), "deny 10.30.%u.%u",
			 100 + i / 250, 1 + i % 250);
		assert_int_equal(world_counts(world, address), 1);
	}
	assert_in_range(world->helper.queries.sent, 590, 610);
	assert_int_equal(world->helper.queries.addresses, 0);
}

/*
 * A cluster that answers what it is asked in that order, and takes its time for
 * it. It has the jobs j0 and so on, and no address.
 */
struct slow {
	unsigned int pause; /* ms for an answer */
	uint64_t next; /* when the next one is given */
	char line[8192][32]; /* what it was asked, from first to last */
	size_t first;
	size_t last;
	unsigned int lose; /* so many questions get lost */
};

static void slow_hears(struct slow *slow)
{
	char *at = world->log, *end;

	for (; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		if (strncmp(at, "ask ", 4))
			continue;
		if (slow->lose) {
			slow->lose--;
			continue;
		}
		assert_true(slow->last - slow->first < 8192);
		snprintf(slow->line[slow->last++ % 8192], 32, "%.31s", at + 4);
	}
	world_forget(world);
}

static void make_job(struct ozp_service *service, unsigned int number)
{
	char name[16], text[RECORD_TEXT];

	world_make(service, "j", 1, false);
	snprintf(name, sizeof(name), "j%u", number);
	strcpy(service->name, name);
	service->n_address = 1;
	snprintf(text, sizeof(text), "10.30.%u.%u", 100 + number / 250,
		 1 + number % 250);
	service->address[0].ipv4 = v4(text);
	snprintf(text, sizeof(text), "10.30.%u.%u", 120 + number / 250,
		 1 + number % 250);
	service->instance[0].instance_ipv4 = v4(text);
}

static void slow_answers(struct slow *slow)
{
	const char *key = slow->line[slow->first++ % 8192];
	struct ozp_service service;

	if (*key != 'j') {
		world_answers(world, key, NULL, 0, false);
		return;
	}
	make_job(&service, (unsigned int)atoi(key + 1));
	world_answers_record(world, &service);
}

/* Lets time pass. */
static void slow_works(struct slow *slow, uint64_t ms)
{
	uint64_t end = world->now + ms;

	while (world->now < end) {
		world_wait(world, 1);
		slow_hears(slow);
		if (world->now < slow->next || slow->first == slow->last)
			continue;
		slow_answers(slow);
		slow->next = world->now + slow->pause;
		slow_hears(slow);
	}
}

#define JOBS 1000

static struct slow *slow_begin(unsigned int pause)
{
	struct slow *slow = calloc(1, sizeof(*slow));
	struct ozp_service service;
	unsigned int i;

	assert_non_null(slow);
	slow->pause = pause;
	for (i = 0; i < JOBS; i++) {
		make_job(&service, i);
		interests_adopt(&world->helper.interests, &service, world->now);
		ozp_service_free(&service);
		slow_hears(slow);
	}
	return slow;
}

static uint64_t oldest_answer(void)
{
	struct map_node *node, *after;
	uint64_t oldest = world->now;
	const struct job *job;

	map_for_each(&world->helper.interests.jobs.names, node, after)
	{
		job = map_entry(node, struct job, node);
		if (job->answered < oldest)
			oldest = job->answered;
	}
	return world->now - oldest;
}

/*
 * It is to be asked for a thousand jobs every 30 seconds, and manages to answer
 * for 29 in a second: nothing is asked for nothing, each job has its turn, and
 * who waits for an address is served.
 */
static void a_slow_cluster(void **state)
{
	const struct queries *queries = &world->helper.queries;
	struct slow *slow = slow_begin(34);
	char address[32];
	unsigned int i;

	(void)state;
	slow_works(slow, 60000);
	for (i = 0; i < 120; i++) {
		snprintf(address, sizeof(address), "10.30.200.%u", 1 + i);
		miss(address);
		slow_works(slow, 1000);
		assert_null(queries_get(queries, address));
		assert_true(oldest_answer() < 60000);
	}
	assert_int_equal(queries->failed, 0);
	assert_in_range(queries->sent - queries->answered, 0, 16);
	free(slow);
}

/* One that answers once in three seconds: that is all that it is asked. */
static void a_very_slow_cluster(void **state)
{
	const struct queries *queries = &world->helper.queries;
	struct slow *slow = slow_begin(3000);

	(void)state;
	slow_works(slow, 600000);
	assert_in_range(queries->answered, 195, 200);
	assert_in_range(queries->sent, queries->answered, 300);
	free(slow);
}

/* What got lost is repeated, also while others are answered. */
static void a_lost_question(void **state)
{
	struct slow *slow = calloc(1, sizeof(*slow));
	unsigned int i;
	char address[32];

	(void)state;
	assert_non_null(slow);
	slow->pause = 100;
	slow->lose = 1;
	miss("10.30.200.1");
	slow_hears(slow);
	for (i = 2; i < 30; i++) {
		snprintf(address, sizeof(address), "10.30.200.%u", i);
		miss(address);
		slow_works(slow, 20);
	}
	assert_non_null(queries_get(&world->helper.queries, "10.30.200.1"));
	slow_works(slow, 4000);
	assert_null(queries_get(&world->helper.queries, "10.30.200.1"));
	assert_int_equal(world->helper.queries.failed, 0);
	assert_int_equal(world->helper.queries.sent, 30);
	free(slow);
}

/* NetManager asks with the same id, and is answered on the same topic. */
static void answers_to_others_meanwhile(void **state)
{
	unsigned int i;

	(void)state;
	miss("10.30.9.9");
	for (i = 0; i < 49; i++) {
		world_answers(world, "other", "other", 1, false);
		world_wait(world, 100);
	}
	world_did(world, "ask 10.30.9.9\nask 10.30.9.9\n");
	assert_int_equal(world->helper.queries.addresses, 1);
}

/* What nobody waits for waits for its turn, and not for an end of that. */
static void routine_without_answers(void **state)
{
	const struct queries *queries = &world->helper.queries;
	struct slow *slow = slow_begin(34);

	(void)state;
	assert_int_equal(queries->sent, 16);
	world_wait(world, 4999);
	assert_int_equal(queries->failed, 0);
	/* Each in its time, four times. */
	assert_int_equal(queries->sent, 64);
	world_wait(world, 1);
	assert_int_equal(queries->failed, 16);
	assert_int_equal(queries->sent, 80);
	/* Somebody waits for one of those that wait. */
	world_forget(world);
	interests_update(&world->helper.interests, "j500", UPDATE_DEPLOYMENT,
			 world->now);
	assert_int_equal(world_counts(world, "ask j500"), 1);
	/* Another connection, another beginning. */
	helper_disconnect(&world->helper);
	world_wait(world, 60000);
	world_forget(world);
	helper_connect(&world->helper, world->now);
	assert_int_equal(queries->flying, 16);
	free(slow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(it_is_repeated_and_given_up),
		world_test(nobody_has_it),
		world_test(ipv6_in_two_spellings),
		world_test(a_thousand_at_once),
		world_test(a_slow_cluster),
		world_test(a_very_slow_cluster),
		world_test(a_lost_question),
		world_test(answers_to_others_meanwhile),
		world_test(routine_without_answers),
	};

	return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
