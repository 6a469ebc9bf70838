// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "world.h"

/* What files, the operator, an earlier helper and a move of the node say, beside
 * the cluster.
 */

static const struct job *job_of(const char *name)
{
	return jobs_get(&world->helper.interests.jobs, name);
}

/* The table file has this job, and no other one. */
static void list_one(const char *job, unsigned int instances, bool local)
{
	struct ozp_service service;

	world_make(&service, job, instances, local);
	interests_list(&world->helper.interests, &service, 1, world->now);
	ozp_service_free(&service);
}

static void list_none(void)
{
	interests_list(&world->helper.interests, NULL, 0, world->now);
}

static void a_table_file(void **state)
{
	struct ozp_service list[2];

	(void)state;
	helper_disconnect(&world->helper);
	world->helper.interests.has_cluster = false;
	world_make(&list[0], "shop", 1, false);
	world_make(&list[1], "b", 1, true);
	interests_list(&world->helper.interests, list, 2, world->now);
	world_did(world, "set shop 1\nset b 1\n");
	assert_true(world_service(world, "shop")->pinned);
	interests_list(&world->helper.interests, list, 2, world->now);
	world_did(world, "");
	helper_miss(&world->helper, "10.30.9.9", world->now);
	world_did(world, "deny 10.30.9.9\n");
	world_idle(world, "shop");
	world_did(world, "");
	ozp_service_free(&list[1]);
	world_make(&list[1], "b", 2, true);
	interests_list(&world->helper.interests, list + 1, 1, world->now);
	world_did(world, "set b 2\ndel shop\nunsub shop\n");
	assert_int_equal(world_sync(world, false), 0);
	ozp_service_free(&list[0]);
	ozp_service_free(&list[1]);
}

static void a_table_file_and_a_broker(void **state)
{
	struct ozp_service list[2];

	(void)state;
	world_make(&list[0], "shop", 1, false);
	world_make(&list[1], "b", 1, true);
	interests_list(&world->helper.interests, list, 2, world->now);
	/* What is here is asked for, the rest is as it is written. */
	world_did(world, "set shop 1\nset b 1\nsub b\nask b\n");
	world_answers(world, "b", "b", 2, true);
	world_did(world, "set b 2\n");
	world_answers(world, "shop", "shop", 5, false);
	world_did(world, "");
	ozp_service_free(&list[0]);
	ozp_service_free(&list[1]);
}

static void the_node_moves(void **state)
{
	struct own own = world->helper.interests.own;
	unsigned int tables;

	(void)state;
	world_says(world, "service/deployed", "{\"appname\": \"shop\"}");
	world_answers(world, "shop", "shop", 2, true);
	world_forget(world);
	tables = world->tables;
	own.v4.v4 = v4("131.1.0.77");
	helper_move(&world->helper, &own, world->now);
	world_did(world, "set shop 2\nmoved shop 131.1.0.77\n");
	assert_int_equal(
		world_service(world, "shop")->instance[1].node_ipv4.s_addr,
		v4("131.1.0.77").s_addr);
	assert_true(job_of("shop")->is_local);
	assert_int_equal(world->tables, tables + 1);
	/* What is elsewhere is so still, and as it was saved. */
	world_answers(world, "shop", "shop", 1, false);
	world_forget(world);
	tables = world->tables;
	own.v4.v4 = v4("131.1.0.78");
	helper_move(&world->helper, &own, world->now);
	world_did(world, "");
	assert_int_equal(world->tables, tables);
}

/* shop has an instance here, which the cluster knows at 131.1.0.1; now the node is
 * at another address.
 */
static void move_to(const char *address)
{
	struct own own = world->helper.interests.own;

	own.v4.v4 = v4(address);
	helper_move(&world->helper, &own, world->now);
}

static void host_shop(void)
{
	world_says(world, "service/deployed", "{\"appname\": \"shop\"}");
	world_answers(world, "shop", "shop", 2, true);
	world_forget(world);
}

static struct in_addr node_of(const char *job, unsigned int instance)
{
	return world_service(world, job)->instance[instance].node_ipv4;
}

/* The usual way in which an address changes: the link was down. */
static void the_node_moves_without_a_broker(void **state)
{
	(void)state;
	host_shop();
	helper_disconnect(&world->helper);
	move_to("131.1.0.76");
	move_to("131.1.0.77");
	world_did(world, "set shop 2\nset shop 2\n");
	helper_connect(&world->helper, world->now);
	world_did(world, "moved shop 131.1.0.77\nsub shop\nask shop\n");
	/* This was asked by somebody before the cluster heard of it. */
	world_answers(world, "shop", "shop", 2, true);
	world_did(world, "");
	assert_true(job_of("shop")->is_local);
	assert_int_equal(node_of("shop", 1).s_addr, v4("131.1.0.77").s_addr);
	/* Each connection may be the one on which it gets there. */
	helper_disconnect(&world->helper);
	helper_connect(&world->helper, world->now);
	assert_int_equal(world_counts(world, "moved shop 131.1.0.77"), 1);
}

/* As world_answers() says it, the last one of two at some node and place. */
static void shop_is_at(const char *node, const char *space)
{
	struct ozp_service service;

	world_make(&service, "shop", 2, false);
	service.instance[1].node_ipv4 = v4(node);
	service.instance[1].namespace_ipv4 = v4(space);
	world_answers_record(world, &service);
}

static void the_cluster_hears_of_the_move(void **state)
{
	(void)state;
	host_shop();
	move_to("131.1.0.77");
	world_did(world, "set shop 2\nmoved shop 131.1.0.77\n");
	assert_true(job_of("shop")->is_moved);
	shop_is_at("131.1.0.77", "10.21.6.2");
	assert_false(job_of("shop")->is_moved);
	/* From now on what it says holds. */
	shop_is_at("131.1.0.1", "10.21.6.2");
	assert_false(job_of("shop")->is_local);
	assert_int_equal(node_of("shop", 1).s_addr, v4("131.1.0.1").s_addr);
}

/* It is at another node, where it has another address, too. */
static void the_instance_moves_after_the_node(void **state)
{
	(void)state;
	host_shop();
	move_to("131.1.0.77");
	world_forget(world);
	shop_is_at("131.1.0.9", "10.21.99.2");
	assert_false(job_of("shop")->is_moved);
	assert_false(job_of("shop")->is_local);
	assert_int_equal(node_of("shop", 1).s_addr, v4("131.1.0.9").s_addr);
}

/* An address that nobody was told is not one that changed. */
static void the_other_family_moves(void **state)
{
	struct own own = world->helper.interests.own;

	(void)state;
	host_shop();
	own.v6.family = AF_INET6;
	own.v6.v6 = v6("2001:db8::7");
	helper_move(&world->helper, &own, world->now);
	world_did(world, "");
}

/* What was saved is older than the file, and what the kernel has may be what a
 * helper before this one had from a file of before.
 */
static void a_table_file_wins(void **state)
{
	struct ozp_service saved;

	(void)state;
	list_one("shop", 2, false);
	world_forget(world);
	helper_uninit(&world->helper);
	memset(&world->helper.interests.jobs, 0, sizeof(struct jobs));
	world->helper.interests.connected = false;
	helper_init(&world->helper, world->now);
	world_make(&saved, "shop", 3, false);
	interests_restore(&world->helper.interests, &saved, world->now);
	ozp_service_free(&saved);
	world->no_device = true;
	list_one("shop", 1, false);
	world->no_device = false;
	assert_int_equal(world_sync(world, true), 1);
	world_did(world, "set shop 1\n");
	assert_int_equal(world_service(world, "shop")->n_instance, 1);
}

/* What was adopted while the file could not be read is not in it. */
static void a_table_file_that_is_good_again(void **state)
{
	struct ozp_service old;

	(void)state;
	helper_disconnect(&world->helper);
	world->helper.interests.has_cluster = false;
	list_one("shop", 1, false);
	world_make(&old, "old", 1, false);
	interests_list(&world->helper.interests, &old, 1, world->now);
	ozp_service_free(&old);
	/* Another helper. */
	helper_uninit(&world->helper);
	memset(&world->helper.interests.jobs, 0, sizeof(struct jobs));
	helper_init(&world->helper, world->now);
	world_sync(world, true);
	world_forget(world);
	assert_non_null(job_of("old"));
	list_one("shop", 1, false);
	world_did(world, "set shop 1\ndel old\nunsub old\n");
}

/* The file says, the node moves to it, the operator says, or NetManager does. */
static void a_listed_job_comes_here(void **state)
{
	struct own own = world->helper.interests.own;

	(void)state;
	list_one("shop", 1, false);
	world_did(world, "set shop 1\n");
	list_one("shop", 1, true);
	world_did(world, "set shop 1\nsub shop\nask shop\n");

	list_one("b", 1, false);
	world_forget(world);
	own.v4.v4 = v4("131.1.0.2");
	helper_move(&world->helper, &own, world->now);
	assert_true(job_of("b")->is_local);
	assert_int_equal(world_counts(world, "sub b"), 1);
	assert_int_equal(world_counts(world, "ask b"), 1);

	list_one("c", 1, true);
	world_forget(world);
	interests_declare(&world->helper.interests, "c", true, world->now);
	world_did(world, "sub c\nask c\n");

	list_one("d", 1, true);
	world_forget(world);
	world_says(world, "service/deployed", "{\"appname\": \"d\"}");
	world_did(world, "sub d\nask d\n");
}

/* Who has to do with it only because of the file asks nobody for it. */
static void a_listed_job_is_not_asked_for(void **state)
{
	struct interests *in = &world->helper.interests;

	(void)state;
	list_one("shop", 1, false);
	assert_true(interests_declare(in, "shop", true, world->now));
	world_answers(world, "shop", "shop", 1, false);
	world_forget(world);
	/* What the first question registered is given back. */
	assert_true(interests_declare(in, "shop", false, world->now));
	world_did(world, "unsub shop\nremove shop\n");
	/* From a subscription that was there until now. */
	world_updates(world, "shop", "DEPLOYMENT");
	world_did(world, "unsub shop\n");
	assert_false(interests_declare(in, "shop", false, world->now));
	assert_false(interests_declare(in, "typo", false, world->now));
	world_did(world, "");
	/* And so is what a question registers whose answer is too late. */
	world_wait(world, 70000);
	assert_true(interests_declare(in, "shop", true, world->now));
	assert_true(interests_declare(in, "shop", false, world->now));
	world_did(world, "sub shop\nask shop\nunsub shop\n");
	world_answers(world, "shop", "shop", 1, false);
	world_did(world, "unsub shop\nremove shop\n");
}

/* What somebody else wants of it stays; that is the cluster's to say then. */
static void a_job_leaves_the_file(void **state)
{
	unsigned int tables;

	(void)state;
	world_knows_shop(world);
	tables = world->tables;
	list_one("shop", 1, false);
	world_did(world, "set shop 1\n");
	assert_true(world_service(world, "shop")->pinned);
	/* It is not saved: the file has it. */
	assert_int_equal(world->tables, tables + 1);
	list_none();
	world_did(world, "set shop 1\nsub shop\nask shop\n");
	assert_false(world_service(world, "shop")->pinned);
	assert_int_equal(world->tables, tables + 2);
	world_answers(world, "shop", "shop", 1, false);
	world_idle(world, "shop");
	world_did(world, "clear shop\nremove shop\nunsub shop\n");
	/* And what nobody wants goes. */
	list_one("shop", 1, false);
	list_none();
	world_did(world, "set shop 1\ndel shop\nunsub shop\n");
	assert_null(job_of("shop"));
}

static void what_is_saved_is_served(void **state)
{
	struct ozp_service saved;

	(void)state;
	helper_disconnect(&world->helper);
	world_make(&saved, "shop", 1, false);
	interests_restore(&world->helper.interests, &saved, world->now);
	assert_int_equal(world_sync(world, true), 1);
	world_did(world, "set shop 1\n");
	/* But what the kernel has is newer. */
	helper_uninit(&world->helper);
	memset(&world->helper.interests.jobs, 0, sizeof(struct jobs));
	helper_init(&world->helper, world->now);
	ozp_service_free(&saved);
	world_make(&saved, "shop", 3, false);
	interests_restore(&world->helper.interests, &saved, world->now);
	assert_int_equal(world_sync(world, true), 0);
	world_did(world, "");
	ozp_service_free(&saved);
}

/* The kernel has it, and this helper did not set it. */
static struct ozp_service *stranger(const char *job, uint8_t origin)
{
	struct ozp_service *service = &world->services[world->n_services++];

	world_make(service, job, 1, false);
	service->used = world->now;
	service->origin = origin;
	return service;
}

static void an_earlier_helpers_is_adopted(void **state)
{
	(void)state;
	stranger("shop", OZPROXY_ORIGIN_OZPROXYD);
	assert_int_equal(world_sync(world, true), 0);
	world_did(world, "sub shop\nask shop\n");
	/* The cluster knows better. */
	world_answers(world, "shop", "shop", 2, false);
	world_did(world, "set shop 2\n");
	assert_int_equal(world_service(world, "shop")->origin,
			 OZPROXY_ORIGIN_OZPROXYD);
}

/* With a broker and with a file alike. */
static void an_operators_is_left_alone(void **state)
{
	(void)state;
	stranger("own", 0);
	assert_int_equal(world_sync(world, true), 0);
	assert_int_equal(world_sync(world, false), 0);
	world->now += 20000;
	assert_int_equal(world_sync(world, true), 0);
	world_idle(world, "own");
	world_wait(world, 100000);
	world_did(world, "");
	assert_null(job_of("own"));
	/* What another helper left, and no file has, is not. */
	stranger("old", OZPROXY_ORIGIN_OZPROXYD);
	assert_int_equal(world_sync(world, false), 1);
	world_did(world, "del old\n");
}

/* One that the cluster has, too. */
static void an_operator_takes_a_job(void **state)
{
	struct interests *in = &world->helper.interests;

	(void)state;
	world_knows_shop(world);
	interests_taken(in, "shop", false);
	interests_taken(in, "nobodys", true);
	world_service(world, "shop")->origin = 0;
	interests_taken(in, "shop", true);
	world_updates(world, "shop", "DEPLOYMENT");
	world_answers(world, "shop", "shop", 3, false);
	assert_int_equal(world_counts(world, "set shop 3"), 0);
	assert_int_equal(world_sync(world, true), 0);
	world_wait(world, 36000);
	world_answers(world, "shop", "shop", 3, false);
	assert_int_equal(world_counts(world, "set shop 3"), 0);
	/* Who waits for an address that it does not have is told. */
	world_forget(world);
	helper_miss(&world->helper, "fdff:2000::30", world->now);
	world_answers(world, "fdff:2000::30", "shop", 3, false);
	assert_int_equal(world_counts(world, "set shop 3"), 0);
	assert_int_equal(world_counts(world, "deny fdff:2000::30"), 1);
	/* Once it is deleted the cluster's is there. */
	world_forget(world);
	ozp_service_free(&world->services[--world->n_services]);
	interests_deleted(in, "shop");
	world_did(world, "set shop 3\n");
	assert_true(job_of("shop")->is_set);
}

/* Also one that nobody here knew yet. */
static void an_operator_was_first(void **state)
{
	(void)state;
	stranger("shop", 0);
	assert_int_equal(world_sync(world, true), 0);
	helper_miss(&world->helper, "fdff:2000::30", world->now);
	world_forget(world);
	world_answers(world, "fdff:2000::30", "shop", 3, false);
	assert_int_equal(world_counts(world, "set shop 3"), 0);
	assert_int_equal(world_service(world, "shop")->n_instance, 1);
	/* The table is another one. */
	ozp_service_free(&world->services[--world->n_services]);
	world_forget(world);
	assert_int_equal(world_sync(world, true), 1);
	world_did(world, "set shop 3\n");
}

static void an_operators_job_is_idle(void **state)
{
	(void)state;
	world_knows_shop(world);
	interests_taken(&world->helper.interests, "shop", true);
	world_idle(world, "shop");
	/* The interest goes, the service does not. */
	world_did(world, "remove shop\nunsub shop\n");
	assert_non_null(world_service(world, "shop"));
}

static void an_operator_takes_a_listed_job(void **state)
{
	(void)state;
	list_one("shop", 1, false);
	interests_taken(&world->helper.interests, "shop", true);
	world_forget(world);
	list_one("shop", 2, false);
	world_did(world, "");
	list_none();
	world_did(world, "unsub shop\n");
	assert_non_null(world_service(world, "shop"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_table_file),
		world_test(a_table_file_and_a_broker),
		world_test(the_node_moves),
		world_test(the_node_moves_without_a_broker),
		world_test(the_cluster_hears_of_the_move),
		world_test(the_instance_moves_after_the_node),
		world_test(the_other_family_moves),
		world_test(a_table_file_wins),
		world_test(a_table_file_that_is_good_again),
		world_test(a_listed_job_comes_here),
		world_test(a_listed_job_is_not_asked_for),
		world_test(a_job_leaves_the_file),
		world_test(what_is_saved_is_served),
		world_test(an_earlier_helpers_is_adopted),
		world_test(an_operators_is_left_alone),
		world_test(an_operator_takes_a_job),
		world_test(an_operator_was_first),
		world_test(an_operators_job_is_idle),
		world_test(an_operator_takes_a_listed_job),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
