// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "world.h"

/* How an interest ends: what a question registered is removed exactly once. */

static void miss(const char *address)
{
	helper_miss(&world->helper, address, world->now);
}

static void know_shop(void)
{
	world_knows_shop(world);
}

/* The broker has the removal of shop: it is asked for again, and there. */
static void the_removal_is_heard(void)
{
	world_says(world, "interest/remove", "{\"appname\": \"shop\"}");
	world_wait_for(world, "ask shop", 610);
	world_forget(world);
	world_answers(world, "shop", "shop", 1, false);
}

static void an_interest_ends_once(void **state)
{
	unsigned int tables;

	(void)state;
	know_shop();
	world_wait(world, 10000);
	tables = world->tables;
	world_idle(world, "shop");
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
	/* What is saved does not have it any more. */
	assert_int_equal(world->tables, tables + 1);
	/* What we said comes back to us. */
	world_says(world, "interest/remove", "{\"appname\": \"shop\"}");
	world_wait(world, 100000);
	world_did(world, "");
	/* And it can begin anew. */
	know_shop();
	world_idle(world, "shop");
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
}

static void it_was_used_meanwhile(void **state)
{
	struct ozp_service *service;
	uint64_t used;

	(void)state;
	know_shop();
	service = world_service(world, "shop");
	used = service->used;
	service->used += 10000;
	world->now += 10000;
	interests_idle(&world->helper.interests, "shop", used, world->now);
	world_did(world, "busy shop\n");
	world_wait(world, 10000);
	world_idle(world, "shop");
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
}

/* While a question is on its way nobody knows what is registered. */
static void idle_while_it_is_asked_for(void **state)
{
	(void)state;
	know_shop();
	world_updates(world, "shop", "DEPLOYMENT");
	world_forget(world);
	world_idle(world, "shop");
	world_did(world, "");
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
}

static void an_answer_that_crossed_the_removal(void **state)
{
	(void)state;
	know_shop();
	world_wait(world, 10000);
	/* An address that the cluster gave it since. */
	miss("fdff::77");
	world_wait(world, 10);
	world_idle(world, "shop");
	world_forget(world);
	world_wait(world, 10);
	world_says(world, "tablequery/result",
		   "{\"app_name\": \"shop\", \"query_key\": \"fdff::77\", "
		   "\"instance_list\": [{\"instance_number\": 0, "
		   "\"namespace_ip\": \"10.21.0.1\", \"host_ip\": "
		   "\"131.1.0.2\", \"host_port\": \"50103\", "
		   "\"instance_ip_v6\": \"fdff::77\", \"service_ip\": []}]}");
	/* The answer is older than the removal: the interest is gone. */
	world_did(world, "sub shop\nset shop 1\n");
	assert_false(
		jobs_get(&world->helper.interests.jobs, "shop")->is_registered);
	/* And nothing is removed of which nobody knows whether it is there. */
	world_idle(world, "shop");
	world_did(world, "");
	the_removal_is_heard();
	world_did(world, "set shop 1\nclear shop\nremove shop\nunsub shop\n");
}

/* A removal takes more messages than a question: both are told of at once. */
static void a_question_that_overtakes_the_removal(void **state)
{
	(void)state;
	know_shop();
	world_wait(world, 10000);
	world_idle(world, "shop");
	world_wait(world, 1);
	miss("10.30.1.30");
	world_forget(world);
	world_wait(world, 1);
	world_answers(world, "10.30.1.30", "shop", 1, false);
	world_did(world, "sub shop\nset shop 1\n");
	/* Whether it registered anything nobody knows. */
	world_idle(world, "shop");
	world_did(world, "");
	/* The broker has the removal, so what is asked now comes after it. */
	the_removal_is_heard();
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
}

/* The broker has it only when the library says it again, after our question. */
static void a_removal_before_an_outage(void **state)
{
	(void)state;
	know_shop();
	world_wait(world, 10000);
	world_idle(world, "shop");
	helper_disconnect(&world->helper);
	world_wait(world, 300000);
	miss("10.30.1.30");
	world_forget(world);
	helper_connect(&world->helper, world->now);
	world_did(world, "ask 10.30.1.30\n");
	world_wait(world, 1);
	world_answers(world, "10.30.1.30", "shop", 1, false);
	assert_false(
		jobs_get(&world->helper.interests.jobs, "shop")->is_registered);
	world_forget(world);
	world_idle(world, "shop");
	world_did(world, "");
	the_removal_is_heard();
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
}

/* A broker that forgot it does not tell: that does not count for ever. */
static void a_removal_that_got_lost(void **state)
{
	(void)state;
	know_shop();
	world_wait(world, 10000);
	world_idle(world, "shop");
	helper_disconnect(&world->helper);
	helper_connect(&world->helper, world->now);
	world_wait(world, 61000);
	know_shop();
	assert_true(
		jobs_get(&world->helper.interests.jobs, "shop")->is_registered);
}

/* Who may not read the removal is not asked ever so often whether it came. */
static void a_removal_that_nobody_may_read(void **state)
{
	unsigned int i, asked = 0;

	(void)state;
	know_shop();
	world_wait(world, 10000);
	world_idle(world, "shop");
	world_wait(world, 1);
	miss("10.30.1.30");
	world_answers(world, "10.30.1.30", "shop", 1, false);
	world_forget(world);
	for (i = 0; i < 970; i++) {
		world_wait(world, 100);
		if (world_counts(world, "ask shop") == asked)
			continue;
		asked = world_counts(world, "ask shop");
		world_answers(world, "shop", "shop", 1, false);
	}
	assert_true(asked >= 5);
	assert_true(asked <= 10);
	assert_true(
		jobs_get(&world->helper.interests.jobs, "shop")->is_registered);
}

static void somebody_else_removes_it(void **state)
{
	(void)state;
	know_shop();
	world_says(world, "interest/remove", "{\"appname\": \"shop\"}");
	world_did(world, "ask shop\n");
	world_answers(world, "shop", "shop", 1, false);
	world_idle(world, "shop");
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
	/* Of what is not ours, and what nobody can read. */
	world_says(world, "interest/remove", "{\"appname\": \"other\"}");
	world_says(world, "interest/remove", "{\"appname\": 7}");
	world_says(world, "interest/remove", "7");
	world_did(world, "");
}

static void declare(bool is_here)
{
	interests_declare(&world->helper.interests, "shop", is_here,
			  world->now);
}

static void an_announcement_ends(void **state)
{
	unsigned int i;

	(void)state;
	world_says(world, "service/deployed", "{\"appname\": \"shop\"}");
	world_wait(world, 400);
	world_answers(world, "shop", "shop", 0, false);
	world_wait(world, 60000);
	assert_non_null(jobs_get(&world->helper.interests.jobs, "shop"));
	/* Nobody ever says that it is here. */
	for (i = 0; i < 40; i++) {
		world_wait(world, 1000);
		world_answers(world, "shop", "shop", 0, false);
	}
	assert_null(jobs_get(&world->helper.interests.jobs, "shop"));
	assert_int_equal(world_counts(world, "unsub shop"), 1);
	/* The questions have registered an interest. */
	assert_int_equal(world_counts(world, "remove shop"), 1);
	world_says(world, "interest/remove", "{\"appname\": \"shop\"}");
	/* What the operator says stays. */
	interests_declare(&world->helper.interests, "shop", true, world->now);
	world_wait(world, 100000);
	world_forget(world);
	world_wait_for(world, "ask shop", 36000);
	world_answers(world, "shop", "shop", 0, false);
	assert_non_null(jobs_get(&world->helper.interests.jobs, "shop"));
	world_wait(world, 6000);
	world_forget(world);
	interests_declare(&world->helper.interests, "shop", false, world->now);
	world_did(world, "unsub shop\nremove shop\n");
	assert_null(jobs_get(&world->helper.interests.jobs, "shop"));
}

/* A question registers an interest, also in what has no instance. */
static void given_up_while_it_is_asked_for(void **state)
{
	(void)state;
	declare(true);
	world_wait(world, 1);
	declare(false);
	world_did(world, "sub shop\nask shop\nunsub shop\n");
	world_answers(world, "shop", "shop", 0, false);
	world_did(world, "unsub shop\nremove shop\n");
	assert_null(jobs_get(&world->helper.interests.jobs, "shop"));
	/* Without an answer there is nothing to be given back for sure. */
	world_wait(world, 100);
	world_says(world, "interest/remove", "{\"appname\": \"shop\"}");
	declare(true);
	declare(false);
	world_wait(world, 6000);
	assert_int_equal(world_counts(world, "remove shop"), 0);
	assert_null(jobs_get(&world->helper.interests.jobs, "shop"));
}

static void given_up_without_a_broker(void **state)
{
	(void)state;
	declare(true);
	world_answers(world, "shop", "shop", 0, false);
	helper_disconnect(&world->helper);
	world_forget(world);
	declare(false);
	world_did(world, "unsub shop\n");
	helper_connect(&world->helper, world->now);
	world_did(world, "unsub shop\nremove shop\n");
	assert_null(jobs_get(&world->helper.interests.jobs, "shop"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(an_interest_ends_once),
		world_test(it_was_used_meanwhile),
		world_test(idle_while_it_is_asked_for),
		world_test(an_answer_that_crossed_the_removal),
		world_test(a_question_that_overtakes_the_removal),
		world_test(a_removal_before_an_outage),
		world_test(a_removal_that_got_lost),
		world_test(a_removal_that_nobody_may_read),
		world_test(somebody_else_removes_it),
		world_test(an_announcement_ends),
		world_test(given_up_while_it_is_asked_for),
		world_test(given_up_without_a_broker),
	};

	return cmocka_run_group_tests_name("interest", tests, NULL, NULL);
}
