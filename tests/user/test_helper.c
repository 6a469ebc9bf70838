// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "world.h"
#include "log.h"
#include "subacks.h"

static void miss(const char *address)
{
	helper_miss(&world->helper, address, world->now);
}

static void know_shop(void)
{
	world_knows_shop(world);
}

static void a_miss_becomes_an_entry(void **state)
{
	(void)state;
	miss("10.30.1.30");
	world_did(world, "ask 10.30.1.30\n");
	miss("10.30.1.30");
	world_did(world, "");
	world_answers(world, "10.30.1.30", "shop", 1, false);
	world_did(world, "sub shop\nset shop 1\n");
	assert_int_equal(world->tables, 1);
	world_wait(world, 20000);
	world_did(world, "");
}

static void a_late_answer_counts(void **state)
{
	(void)state;
	miss("10.30.1.30");
	world_wait(world, 6000);
	world_forget(world);
	world_answers(world, "10.30.1.30", "shop", 1, false);
	/* Whether it registered an interest is told by another question. */
	world_did(world, "sub shop\nask shop\nset shop 1\n");
	assert_false(
		jobs_get(&world->helper.interests.jobs, "shop")->is_registered);
	world_answers(world, "shop", "shop", 1, false);
	assert_true(
		jobs_get(&world->helper.interests.jobs, "shop")->is_registered);
	world_did(world, "");
}

static void answers_to_others(void **state)
{
	(void)state;
	/* NetManager asked, with our id. */
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "");
	/* But what is ours is ours. */
	know_shop();
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "");
	/* One that says something new may also be old: it is asked for. */
	world_answers(world, "shop", "shop", 2, false);
	world_did(world, "ask shop\nset shop 2\n");
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "set shop 1\n");
}

static void the_last_answer_first(void **state)
{
	(void)state;
	know_shop();
	world_updates(world, "shop", "DEPLOYMENT");
	world_wait(world, 600);
	world_did(world, "ask shop\nask shop\n");
	world_answers(world, "shop", "shop", 3, false);
	world_answers(world, "shop", "shop", 2, false);
	world_did(world, "set shop 3\nask shop\nset shop 2\n");
	world_answers(world, "shop", "shop", 3, false);
	world_did(world, "set shop 3\n");
}

static void answers_that_make_no_sense(void **state)
{
	static const char *const wrong[] = {
		"",
		"{",
		"[]",
		"null",
		"\"x\"",
		"{}",
		"{\"app_name\": 7, \"instance_list\": []}",
		"{\"app_name\": \"shop\", \"instance_list\": 7}",
		"{\"app_name\": \"shop\", \"instance_list\": [7]}",
		"{\"app_name\": \"a/b\", \"instance_list\": [{}]}",
		"{\"app_name\": \"a b\", \"query_key\": \"a b\", "
		"\"instance_list\": [{}]}",
		"{\"app_name\": \"shop\", \"query_key\": \"10.30.1.30\", "
		"\"instance_list\": [{}]}",
	};
	char *deep;
	size_t i;

	(void)state;
	know_shop();
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		world_says(world, "tablequery/result", wrong[i]);
	deep = malloc(1000001);
	assert_non_null(deep);
	memset(deep, '[', 1000000);
	deep[1000000] = '\0';
	world_says(world, "tablequery/result", deep);
	free(deep);
	deep = malloc(3000001);
	assert_non_null(deep);
	memset(deep, ' ', 3000000);
	deep[3000000] = '\0';
	world_says(world, "tablequery/result", deep);
	free(deep);
	/* An answer about something else than what was asked. */
	miss("10.30.9.9");
	world_forget(world);
	world_answers(world, "10.30.9.9", "shop", 3, false);
	world_answers(world, "shop", "other", 3, false);
	world_did(world, "");
	assert_int_equal(world_service(world, "shop")->n_instance, 1);
}

static void an_instance_that_nobody_runs_yet(void **state)
{
	(void)state;
	miss("10.30.1.30");
	world_forget(world);
	world_says(world, "tablequery/result",
		   "{\"app_name\": \"shop\", \"query_key\": \"10.30.1.30\", "
		   "\"instance_list\": [{\"instance_number\": 0, "
		   "\"namespace_ip\": \"\", \"host_ip\": null, "
		   "\"host_port\": null, \"instance_ip\": \"10.30.0.6\", "
		   "\"service_ip\": [{\"IpType\": \"RR\", \"Address\": "
		   "\"10.30.1.30\", \"Address_v6\": null}]}]}");
	/* Packets are refused at once, and the update will come. */
	world_did(world, "sub shop\nset shop 0\n");
	world_updates(world, "shop", "DEPLOYMENT");
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "ask shop\nset shop 1\n");
}

static void the_kernel_refuses(void **state)
{
	(void)state;
	miss("10.30.1.30");
	world->refuse = true;
	world_forget(world);
	world_answers(world, "10.30.1.30", "shop", 1, false);
	/* Nobody would tell that it is idle: it is not wanted any longer. */
	world_did(world, "sub shop\nremove shop\nunsub shop\n"
			 "deny 10.30.1.30\ndeny fdff:2000::30\n"
			 "deny 10.30.0.6\n");
	world_says(world, "interest/remove", "{\"appname\": \"shop\"}");
	/* What it takes later it gets later. */
	world->refuse = false;
	world_wait(world, 10000);
	know_shop();
	assert_int_equal(world_service(world, "shop")->n_instance, 1);
	assert_true(
		jobs_get(&world->helper.interests.jobs, "shop")->is_registered);
}

/* What it has of it stays, until that is idle. */
static void the_kernel_refuses_a_change(void **state)
{
	(void)state;
	know_shop();
	world_wait(world, 1);
	world->refuse = true;
	world_updates(world, "shop", "DEPLOYMENT");
	world_answers(world, "shop", "shop", 2, false);
	world_did(world, "ask shop\nbusy shop\ndeny 10.30.1.30\n"
			 "deny fdff:2000::30\ndeny 10.30.0.6\n"
			 "deny 10.30.0.7\n");
	assert_non_null(jobs_get(&world->helper.interests.jobs, "shop"));
	world_idle(world, "shop");
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
}

/* Then an operator sets it by hand: it is used, and its interest is kept. */
static void an_operator_sets_what_was_refused(void **state)
{
	(void)state;
	know_shop();
	world->refuse = true;
	world_updates(world, "shop", "DEPLOYMENT");
	world_answers(world, "shop", "shop", 2, false);
	interests_taken(&world->helper.interests, "shop", true);
	world_updates(world, "shop", "DEPLOYMENT");
	world_answers(world, "shop", "shop", 2, false);
	assert_int_equal(world_counts(world, "remove shop"), 0);
}

static void the_kernel_refuses_what_is_here(void **state)
{
	(void)state;
	world_says(world, "service/deployed", "{\"appname\": \"shop\"}");
	world->refuse = true;
	world_answers(world, "shop", "shop", 1, true);
	assert_int_equal(world_counts(world, "remove shop"), 0);
	world->refuse = false;
	world_wait(world, 36000);
	assert_int_equal(world_counts(world, "set shop 1"), 1);
}

static void updates_coalesce(void **state)
{
	(void)state;
	know_shop();
	world_updates(world, "shop", "DEPLOYMENT");
	world_did(world, "ask shop\n");
	world_updates(world, "shop", "DEPLOYMENT");
	world_updates(world, "shop", "DEPLOYMENT");
	world_updates(world, "shop", "DEPLOYMENT");
	world_did(world, "");
	/* The first answer may be older than they are. */
	world_answers(world, "shop", "shop", 2, false);
	world_did(world, "ask shop\nset shop 2\n");
	world_answers(world, "shop", "shop", 4, false);
	world_did(world, "set shop 4\n");
	world_answers(world, "shop", "shop", 4, false);
	world_wait(world, 20000);
	world_did(world, "");
	/* An update that cannot be read is one. */
	helper_message(&world->helper, "jobs/shop/updates_available", "?", 1,
		       world->now);
	world_did(world, "ask shop\n");
}

static void an_unknown_update(void **state)
{
	(void)state;
	world_updates(world, "shop", "DEPLOYMENT");
	world_did(world, "unsub shop\n");
	helper_message(&world->helper, "jobs/a/b/updates_available", "{}", 2,
		       world->now);
	helper_message(&world->helper, "nodes/m/net/tablequery/result", "{}", 2,
		       world->now);
	world_did(world, "");
}

static void all_is_asked_again(void **state)
{
	unsigned int i;

	(void)state;
	know_shop();
	for (i = 0; i < 5; i++) {
		world_wait(world, 36000);
		assert_true(world_counts(world, "ask shop") >= 1);
		world_answers(world, "shop", "shop", 1, false);
		world_forget(world);
		world_wait(world, 23000);
		world_did(world, "");
	}
}

static void an_empty_list_is_not_believed(void **state)
{
	(void)state;
	know_shop();
	world_updates(world, "shop", "DEPLOYMENT");
	world_answers(world, "shop", "shop", 0, false);
	world_did(world, "ask shop\n");
	world_wait_for(world, "ask shop", 2400);
	world_answers(world, "shop", "shop", 0, false);
	world_did(world, "ask shop\n");
	world_wait_for(world, "ask shop", 4800);
	world_forget(world);
	world_answers(world, "shop", "shop", 0, false);
	/* The third time it is. */
	world_did(world, "set shop 0\n");
	/* It may come back, and go for want of use. */
	world_updates(world, "shop", "DEPLOYMENT");
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "ask shop\nset shop 1\n");
}

static void an_undeployment_is_believed(void **state)
{
	(void)state;
	know_shop();
	world_updates(world, "shop", "UNDEPLOYMENT");
	world_answers(world, "shop", "shop", 0, false);
	world_did(world, "ask shop\nset shop 0\n");
	world_idle(world, "shop");
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
	/* Two that are told before the first answer. */
	know_shop();
	world_updates(world, "shop", "UNDEPLOYMENT");
	world_updates(world, "shop", "UNDEPLOYMENT");
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "ask shop\nask shop\n");
	world_answers(world, "shop", "shop", 0, false);
	world_did(world, "set shop 0\n");
}

static void local_jobs_stay(void **state)
{
	(void)state;
	world_says(world, "service/deployed",
		   "{\"appname\": \"shop\", \"status\": \"DEPLOYED\", "
		   "\"instance_number\": 0, \"nsip\": \"10.21.6.1\", "
		   "\"host_port\": \"50103\", \"host_ip\": \"131.1.0.1\"}");
	world_did(world, "sub shop\nask shop\n");
	assert_true(world->locals > 0);
	/* The cluster has not heard of it yet. */
	world_answers(world, "shop", "shop", 0, false);
	world_wait_for(world, "ask shop", 600);
	world_forget(world);
	world_answers(world, "shop", "shop", 1, true);
	world_did(world, "set shop 1\n");
	assert_true(jobs_get(&world->helper.interests.jobs, "shop")->is_local);
	world_idle(world, "shop");
	world_did(world, "");
	world_wait(world, 36000);
	assert_true(world_counts(world, "ask shop") >= 1);
	world_forget(world);
	/* It goes elsewhere: what is left is an interest, and unused. */
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "set shop 1\nclear shop\nremove shop\nunsub shop\n");
}

static void the_broker_goes_and_comes(void **state)
{
	(void)state;
	know_shop();
	helper_disconnect(&world->helper);
	world_wait(world, 100000);
	world_did(world, "");
	/* Nothing is let go that could not be got back. */
	world_idle(world, "shop");
	world_did(world, "");
	miss("10.30.1.99");
	world_wait(world, 2000);
	world_did(world, "");
	helper_connect(&world->helper, world->now);
	world_did(world, "ask 10.30.1.99\nsub shop\nask shop\n");
	world_answers(world, "10.30.1.99", NULL, 0, false);
	world_did(world, "deny 10.30.1.99\n");
	/* It is still idle, and the cluster knows of it. */
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
	/* What nobody answers ends also without a broker. */
	helper_disconnect(&world->helper);
	miss("10.30.1.98");
	world_wait(world, 5000);
	world_did(world, "deny 10.30.1.98\n");
}

static void a_new_helper_adopts(void **state)
{
	struct ozp_service *service;

	(void)state;
	know_shop();
	service = world_service(world, "shop");
	assert_non_null(service);
	/* The old one is gone, its table is there. */
	helper_uninit(&world->helper);
	memset(&world->helper.interests.jobs, 0, sizeof(struct jobs));
	world->helper.interests.connected = false;
	helper_init(&world->helper, world->now);
	world->now += 20000;
	assert_int_equal(world_sync(world, true), 0);
	world_did(world, "");
	helper_connect(&world->helper, world->now);
	world_did(world, "sub shop\nask shop\n");
	/* It was idle before anybody could hear of it. */
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
}

static void the_device_is_another_one(void **state)
{
	(void)state;
	know_shop();
	world_updates(world, "shop", "DEPLOYMENT");
	world->no_device = true;
	world_answers(world, "shop", "shop", 2, false);
	world_did(world, "ask shop\n");
	while (world->n_services)
		ozp_service_free(&world->services[--world->n_services]);
	world->no_device = false;
	assert_int_equal(world_sync(world, true), 1);
	world_did(world, "set shop 2\n");
	/* A service that somebody deleted. */
	ozp_service_free(&world->services[--world->n_services]);
	interests_deleted(&world->helper.interests, "shop");
	world_did(world, "set shop 2\n");
	/* Or that went unseen. */
	ozp_service_free(&world->services[--world->n_services]);
	miss("10.30.1.30");
	world_did(world, "set shop 2\n");
}

/* Another worker says that an instance is not there: the cluster decides. */
static void the_kernel_doubts(void **state)
{
	(void)state;
	know_shop();
	interests_doubted(&world->helper.interests, "10.30.1.30", world->now);
	world_did(world, "ask shop\n");
	/* It stands by what it said. */
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "");
	interests_doubted(&world->helper.interests, "10.30.1.30", world->now);
	world_answers(world, "shop", "shop", 2, false);
	world_did(world, "ask shop\nset shop 2\n");
	interests_doubted(&world->helper.interests, "10.30.9.99", world->now);
	world_did(world, "");
}

static void an_address_goes_over(void **state)
{
	const struct job *shop;

	(void)state;
	know_shop();
	shop = jobs_get(&world->helper.interests.jobs, "shop");
	assert_int_equal(shop->service.n_address, 2);
	miss("10.30.9.9");
	world_forget(world);
	world_says(world, "tablequery/result",
		   "{\"app_name\": \"b\", \"query_key\": \"10.30.9.9\", "
		   "\"instance_list\": [{\"instance_number\": 0, "
		   "\"namespace_ip\": \"10.21.9.1\", \"host_ip\": "
		   "\"131.1.0.2\", \"host_port\": \"50103\", "
		   "\"instance_ip\": \"10.30.0.6\", \"service_ip\": "
		   "[{\"IpType\": \"RR\", \"Address\": \"10.30.1.30\"}, "
		   "{\"IpType\": \"closest\", \"Address\": \"10.30.9.9\"}]}]}");
	world_did(world, "sub b\nset b 1\n");
	assert_int_equal(shop->service.n_address, 1);
	assert_false(OZP_HAS(&shop->service.instance[0],
			     OZPROXY_A_INSTANCE_INSTANCE_IPV4));
	assert_string_equal(jobs_get_by_address(&world->helper.interests.jobs,
						"10.30.0.6")
				    ->service.name,
			    "b");
}

/* What a broker does not let us read is said once a kind. */
static void a_broker_that_refuses(void **state)
{
	(void)state;
	helper_refused(&world->helper, "nodes/n/net/interest/remove", "me");
	assert_string_equal(
		log_recent(0)->text,
		"the broker does not let me read nodes/n/net/interest/remove: "
		"what NetManager removes is missed for a while");
	helper_refused(&world->helper, "jobs/shop/updates_available", "me");
	helper_refused(&world->helper, "jobs/b/updates_available", "me");
	helper_refused(&world->helper, "something", "me");
	assert_string_equal(
		log_recent(0)->text,
		"the broker does not let me read jobs/shop/updates_available: "
		"changes are seen when it is asked again, and not before");
}

/* Nor does each broker tell of it. */
static void a_broker_that_says_nothing(void **state)
{
	(void)state;
	miss("10.30.1.30");
	world_wait(world, 6000);
	assert_non_null(strstr(log_recent(0)->text,
			       "10.30.1.30: no answer, and "
			       "to nothing else so far"));
}

static void subscriptions_are_answered(void **state)
{
	struct subacks subacks = {};
	char *topic;

	(void)state;
	subacks_add(&subacks, 1, "a");
	subacks_add(&subacks, 2, "b");
	subacks_add(&subacks, 3, "c");
	topic = subacks_take(&subacks, 3);
	assert_string_equal(topic, "c");
	free(topic);
	subacks_add(&subacks, 4, "d");
	topic = subacks_take(&subacks, 1);
	assert_string_equal(topic, "a");
	free(topic);
	assert_null(subacks_take(&subacks, 1));
	topic = subacks_take(&subacks, 4);
	assert_string_equal(topic, "d");
	free(topic);
	subacks_add(&subacks, 5, "e");
	subacks_clear(&subacks);
	assert_null(subacks_take(&subacks, 5));
	assert_null(subacks.last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* It is said once, and others would be the first. */
		world_test(a_broker_that_says_nothing),
		world_test(a_miss_becomes_an_entry),
		world_test(a_late_answer_counts),
		world_test(answers_to_others),
		world_test(the_last_answer_first),
		world_test(answers_that_make_no_sense),
		world_test(an_instance_that_nobody_runs_yet),
		world_test(the_kernel_refuses),
		world_test(the_kernel_refuses_a_change),
		world_test(an_operator_sets_what_was_refused),
		world_test(the_kernel_refuses_what_is_here),
		world_test(updates_coalesce),
		world_test(an_unknown_update),
		world_test(all_is_asked_again),
		world_test(an_empty_list_is_not_believed),
		world_test(an_undeployment_is_believed),
		world_test(local_jobs_stay),
		world_test(a_broker_that_refuses),
		cmocka_unit_test(subscriptions_are_answered),
		world_test(the_broker_goes_and_comes),
		world_test(a_new_helper_adopts),
		world_test(the_device_is_another_one),
		world_test(the_kernel_doubts),
		world_test(an_address_goes_over),
	};

	return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}
