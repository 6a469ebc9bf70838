// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Instances that are withdrawn because their worker does not know them, while
 * their service stays.
 */

#include <kunit/test.h>
#include <linux/slab.h>

#include "doubt.h"
#include "fixture.h"

#define INSTANCES 3

/**
 * struct scene - a service with some instances, and who hears of it
 * @fixture: its table
 * @doubts: under test
 * @config: the service
 * @address: its Service IP
 * @instances: its instances
 * @announced: how often a loss was announced
 */
struct scene {
	struct ozp_fixture *fixture;
	struct ozp_doubts doubts;
	struct ozp_service_config config;
	struct ozp_service_address address;
	struct ozp_endpoint_config instances[INSTANCES];
	u32 announced;
};

static void announce(struct ozp_doubts *doubts, struct ozp_service *svc)
{
	struct scene *scene = container_of(doubts, struct scene, doubts);

	lockdep_assert_held(&doubts->table->lock);
	scene->announced++;
}

static struct scene *scene_new(struct kunit *test)
{
	struct scene *scene = kunit_kzalloc(test, sizeof(*scene), GFP_KERNEL);
	u32 i, f;

	KUNIT_ASSERT_NOT_NULL(test, scene);
	scene->fixture = ozp_fixture_new(test);
	scene->address.family = AF_INET;
	ozp_test_addr(&scene->address.addr, AF_INET, 1);
	for (i = 0; i < INSTANCES; i++) {
		ozp_test_instance(&scene->instances[i], i, 1);
		for (f = 0; f < OZP_FAMILIES; f++) {
			ozp_test_addr(&scene->instances[i].ip[f], ozp_family(f),
				      10 + i);
			ozp_test_addr(&scene->instances[i].ns[f], ozp_family(f),
				      20 + i);
		}
	}
	scene->config.name = "a";
	scene->config.addresses = &scene->address;
	scene->config.address_count = 1;
	scene->config.instances = scene->instances;
	scene->config.instance_count = INSTANCES;
	KUNIT_ASSERT_EQ(test, ozp_fixture_set(scene->fixture, &scene->config,
					      NULL), 1);
	ozp_doubts_init(&scene->doubts, &scene->fixture->table, announce);
	return scene;
}

static enum ozp_match_kind kind_of(struct scene *scene, u8 family, u32 number)
{
	struct ozp_match match;
	union ozp_addr addr;

	ozp_test_addr(&addr, family, number);
	rcu_read_lock();
	ozp_table_lookup_rcu(&scene->fixture->table, family, &addr, &match);
	rcu_read_unlock();
	return match.kind;
}

/* Doubts an instance; returns whether that is heard, and waits for the end. */
static bool doubt(struct scene *scene, u32 number)
{
	struct ozp_match match;
	union ozp_addr addr;
	bool added = false;

	ozp_test_addr(&addr, AF_INET, 20 + number);
	rcu_read_lock();
	ozp_table_lookup_rcu(&scene->fixture->table, AF_INET, &addr, &match);
	if (match.kind == OZP_MATCH_NAMESPACE)
		added = ozp_doubt_add_rcu(&scene->doubts, match.endpoint);
	rcu_read_unlock();
	flush_work(&scene->doubts.work);
	return added;
}

static void only_one_is_withdrawn(struct kunit *test)
{
	struct scene *scene = scene_new(test);
	struct ozp_table *table = &scene->fixture->table;
	u32 generation = table->generation, i, f;

	KUNIT_EXPECT_TRUE(test, doubt(scene, 1));
	KUNIT_EXPECT_EQ(test, scene->announced, 1);
	KUNIT_EXPECT_EQ(test, table->instance_count, INSTANCES - 1);
	KUNIT_EXPECT_EQ(test, table->service_count, 1);
	KUNIT_EXPECT_EQ(test, table->generation, generation + 1);
	KUNIT_EXPECT_EQ(test, kind_of(scene, AF_INET, 1), OZP_MATCH_SERVICE);
	for (i = 0; i < INSTANCES; i++)
		for (f = 0; f < OZP_FAMILIES; f++) {
			KUNIT_EXPECT_EQ(test,
					kind_of(scene, ozp_family(f), 10 + i),
					i == 1 ? OZP_MATCH_NONE :
						 OZP_MATCH_INSTANCE);
			KUNIT_EXPECT_EQ(test,
					kind_of(scene, ozp_family(f), 20 + i),
					i == 1 ? OZP_MATCH_NONE :
						 OZP_MATCH_NAMESPACE);
		}
	ozp_doubts_uninit(&scene->doubts);
	ozp_fixture_free(test, scene->fixture);
}

/* The same content is a change then, and brings it back. */
static void the_same_brings_it_back(struct kunit *test)
{
	struct scene *scene = scene_new(test);
	struct ozp_table *table = &scene->fixture->table;

	KUNIT_EXPECT_EQ(test, ozp_fixture_set(scene->fixture, &scene->config,
					      NULL), 0);
	KUNIT_EXPECT_TRUE(test, doubt(scene, 2));
	KUNIT_EXPECT_EQ(test, ozp_fixture_set(scene->fixture, &scene->config,
					      NULL), 1);
	KUNIT_EXPECT_EQ(test, table->instance_count, INSTANCES);
	KUNIT_EXPECT_EQ(test, kind_of(scene, AF_INET, 22), OZP_MATCH_NAMESPACE);
	KUNIT_EXPECT_EQ(test, ozp_fixture_set(scene->fixture, &scene->config,
					      NULL), 0);
	ozp_doubts_uninit(&scene->doubts);
	ozp_fixture_free(test, scene->fixture);
}

/* Whatever the table says meanwhile, each only now and then. */
static void doubts_pause(struct kunit *test)
{
	struct scene *scene = scene_new(test);

	KUNIT_EXPECT_TRUE(test, doubt(scene, 0));
	KUNIT_EXPECT_EQ(test, ozp_fixture_set(scene->fixture, &scene->config,
					      NULL), 1);
	KUNIT_EXPECT_FALSE(test, doubt(scene, 0));
	KUNIT_EXPECT_EQ(test, kind_of(scene, AF_INET, 20), OZP_MATCH_NAMESPACE);
	KUNIT_EXPECT_TRUE(test, doubt(scene, 1));
	KUNIT_EXPECT_EQ(test, scene->announced, 2);
	ozp_doubts_uninit(&scene->doubts);
	ozp_fixture_free(test, scene->fixture);
}

/* A service of which all are withdrawn can be cleared and removed like others;
 * what is in doubt when the device ends is not lost.
 */
static void services_end_as_before(struct kunit *test)
{
	struct scene *scene = scene_new(test);
	struct ozp_table *table = &scene->fixture->table;
	struct ozp_match match;
	union ozp_addr addr;
	u32 i;

	for (i = 0; i < INSTANCES; i++)
		KUNIT_EXPECT_TRUE(test, doubt(scene, i));
	KUNIT_EXPECT_EQ(test, table->instance_count, 0);
	KUNIT_EXPECT_TRUE(test, ozp_fixture_del(scene->fixture, "a",
						OZP_INSTANCE_CLEARED));
	KUNIT_EXPECT_EQ(test, table->instance_count, 0);
	KUNIT_EXPECT_EQ(test, table->service_count, 0);
	scene->config.name = "b";
	KUNIT_EXPECT_EQ(test, ozp_fixture_set(scene->fixture, &scene->config,
					      NULL), 1);
	/* Queued, and never worked on. */
	mutex_lock(&table->lock);
	ozp_test_addr(&addr, AF_INET, 20);
	rcu_read_lock();
	ozp_table_lookup_rcu(table, AF_INET, &addr, &match);
	KUNIT_EXPECT_TRUE(test, ozp_doubt_add_rcu(&scene->doubts,
						  match.endpoint));
	rcu_read_unlock();
	mutex_unlock(&table->lock);
	ozp_doubts_uninit(&scene->doubts);
	ozp_fixture_free(test, scene->fixture);
}

static struct kunit_case doubt_cases[] = {
	KUNIT_CASE(only_one_is_withdrawn),
	KUNIT_CASE(the_same_brings_it_back),
	KUNIT_CASE(doubts_pause),
	KUNIT_CASE(services_end_as_before),
	{}
};

static struct kunit_suite doubt_suite = {
	.name = "ozproxy_doubt",
	.test_cases = doubt_cases,
};

kunit_test_suite(doubt_suite);
