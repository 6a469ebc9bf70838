// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Going through the services in parts, while some come and go. */

#include <kunit/test.h>

#include "fixture.h"
#include "seed.h"

/* So many that one may be farther away than is gone at a time. */
#define MOST (3 * OZP_SERVICE_BATCH)

/**
 * struct crowd - services by number, which is their name
 * @fixture: the table
 * @rnd: random numbers
 * @ids: their ids, 0 for those that are not there
 */
struct crowd {
	struct ozp_fixture *fixture;
	struct rnd_state rnd;
	u64 ids[MOST];
};

static void crowd_toggle(struct kunit *test, struct crowd *crowd, u32 number)
{
	struct ozp_service_config config = {};
	struct ozp_service *svc;
	char name[8];

	snprintf(name, sizeof(name), "%u", number);
	config.name = name;
	if (crowd->ids[number]) {
		KUNIT_EXPECT_TRUE(test, ozp_fixture_del(crowd->fixture, name,
							OZP_INSTANCE_REMOVED));
		crowd->ids[number] = 0;
		return;
	}
	KUNIT_ASSERT_EQ(test, ozp_fixture_set(crowd->fixture, &config, NULL), 1);
	mutex_lock(&crowd->fixture->table.lock);
	svc = ozp_table_find_name(&crowd->fixture->table, name);
	crowd->ids[number] = svc ? svc->id : 0;
	mutex_unlock(&crowd->fixture->table.lock);
	KUNIT_ASSERT_NE(test, crowd->ids[number], 0);
}

/* The least id after another, 0 when there is none. */
static u64 naive_after(const struct crowd *crowd, u64 id)
{
	u64 least = 0;
	u32 i;

	for (i = 0; i < MOST; i++)
		if (crowd->ids[i] > id && (!least || crowd->ids[i] < least))
			least = crowd->ids[i];
	return least;
}

/* Some steps from an id on. */
static void crowd_walk(struct kunit *test, struct crowd *crowd, u64 id)
{
	struct ozp_table *table = &crowd->fixture->table;
	u32 steps = prandom_u32_state(&crowd->rnd) % 10;
	struct ozp_service *svc;

	mutex_lock(&table->lock);
	svc = ozp_table_find_after(table, id);
	for (;;) {
		id = naive_after(crowd, id);
		KUNIT_EXPECT_EQ(test, svc ? svc->id : 0, id);
		if (!svc || !id || !steps--)
			break;
		svc = ozp_table_next(table, svc);
	}
	mutex_unlock(&table->lock);
}

static void parts_follow_each_other(struct kunit *test)
{
	struct crowd *crowd;
	u32 turn, number;

	crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crowd);
	ozp_seed(test, &crowd->rnd);
	crowd->fixture = ozp_fixture_new(test);
	for (number = 0; number < MOST; number++)
		crowd_toggle(test, crowd, number);
	for (turn = 0; turn < 5000; turn++) {
		number = prandom_u32_state(&crowd->rnd) % MOST;
		if (prandom_u32_state(&crowd->rnd) % 2)
			crowd_toggle(test, crowd, number);
		else
			crowd_walk(test, crowd, crowd->ids[number]);
	}
	ozp_fixture_free(test, crowd->fixture);
}

static struct kunit_case walk_cases[] = {
	KUNIT_CASE(parts_follow_each_other),
	{}
};

static struct kunit_suite walk_suite = {
	.name = "ozproxy_walk",
	.test_cases = walk_cases,
};

kunit_test_suite(walk_suite);
