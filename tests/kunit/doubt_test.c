// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Instances that their worker denies: for how long, how often, and what ends it. */

#include <kunit/test.h>

#include "doubt.h"
#include "fixture.h"
#include "limits.h"

/* Milliseconds of a first doubt, and the same in units of the clock. */
#define FIRST_MS	1000
#define FIRST		(FIRST_MS / OZP_USED_GRAIN_MS)

/* How long a doubt that begins now is; 0: none begins. */
static u32 deny(struct ozp_doubt *doubt, u32 now)
{
	if (!ozp_doubt_begin(doubt, now, FIRST_MS))
		return 0;
	return ozp_doubt_left(doubt, now);
}

static void they_end_by_themselves(struct kunit *test)
{
	/* Also where the clock wraps. */
	static const u32 starts[] = { 0, 1, 1000, U32_MAX - FIRST / 2,
				      U32_MAX - FIRST, U32_MAX, S32_MAX };
	u32 i, now;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		struct ozp_doubt doubt = {};

		now = starts[i];
		KUNIT_EXPECT_EQ(test, ozp_doubt_left(&doubt, now), 0);
		KUNIT_EXPECT_GE(test, deny(&doubt, now), FIRST);
		KUNIT_EXPECT_GT(test, ozp_doubt_left(&doubt, now + FIRST - 1), 0);
		KUNIT_EXPECT_EQ(test, ozp_doubt_left(&doubt, now + FIRST + 1),
				0);
		KUNIT_EXPECT_EQ(test, ozp_doubt_left(&doubt, now + 100 * FIRST),
				0);
	}
}

static void one_at_a_time(struct kunit *test)
{
	struct ozp_doubt doubt = {};
	u32 now = 5000, i;

	KUNIT_EXPECT_TRUE(test, ozp_doubt_is_due(&doubt, now));
	KUNIT_EXPECT_EQ(test, deny(&doubt, now), FIRST);
	for (i = 0; i < FIRST; i++) {
		KUNIT_EXPECT_FALSE(test, ozp_doubt_is_due(&doubt, now + i));
		KUNIT_EXPECT_EQ(test, deny(&doubt, now + i), 0);
	}
	KUNIT_EXPECT_TRUE(test, ozp_doubt_is_due(&doubt, now + FIRST));
	/* Nor sooner because it ended early. */
	ozp_doubt_end(&doubt);
	KUNIT_EXPECT_EQ(test, ozp_doubt_left(&doubt, now + 1), 0);
	KUNIT_EXPECT_EQ(test, deny(&doubt, now + 1), 0);
	KUNIT_EXPECT_EQ(test, ozp_doubt_left(&doubt, now + 1), 0);
}

static void they_grow_and_are_forgotten(struct kunit *test)
{
	u32 now = 77, wanted = FIRST, i, length;
	struct ozp_doubt doubt = {};

	/* Denied as soon as it may be. */
	for (i = 0; i < 10; i++) {
		length = deny(&doubt, now);
		KUNIT_EXPECT_EQ(test, length, wanted);
		now += length;
		wanted = min(2 * wanted, FIRST * OZP_DOUBT_BACKOFF);
	}
	/* As long again without a word, and it begins anew. */
	now += length;
	KUNIT_EXPECT_EQ(test, deny(&doubt, now), FIRST);
	/* None are wanted; those that are there end in their time. */
	now += FIRST;
	KUNIT_EXPECT_FALSE(test, ozp_doubt_begin(&doubt, now, 0));
	KUNIT_EXPECT_EQ(test, ozp_doubt_left(&doubt, now), 0);
	/* The longest. */
	KUNIT_EXPECT_TRUE(test, ozp_doubt_begin(&doubt, now + 3 * FIRST,
						OZP_DOUBT_TIMEOUT_MAX));
	KUNIT_EXPECT_EQ(test, ozp_doubt_left(&doubt, now + 3 * FIRST),
			OZP_DOUBT_TIMEOUT_MAX / OZP_USED_GRAIN_MS);
}

/* How many instances of the only service are in doubt, after @begin for each. */
static u32 count_doubts(struct ozp_fixture *fixture, u32 begin)
{
	struct ozp_table *table = &fixture->table;
	struct ozp_snapshot *snap;
	struct ozp_doubt *doubt;
	u32 i, count = 0;

	mutex_lock(&table->lock);
	snap = ozp_table_snapshot(table, ozp_table_find_after(table, 0));
	for (i = 0; i < snap->endpoint_count; i++) {
		doubt = &snap->endpoints[i]->doubt;
		if (begin)
			ozp_doubt_begin(doubt, begin, OZP_DOUBT_TIMEOUT_MAX);
		count += ozp_doubt_is_on(doubt);
	}
	mutex_unlock(&table->lock);
	return count;
}

/* What the table says is what is believed, be it the same. */
static void the_table_ends_them(struct kunit *test)
{
	struct ozp_fixture *fixture = ozp_fixture_new(test);
	struct ozp_service_address address = { .family = AF_INET };
	struct ozp_endpoint_config instances[2];
	struct ozp_service_config config = {
		.name = "a",
		.addresses = &address,
		.address_count = 1,
		.instances = instances,
		.instance_count = ARRAY_SIZE(instances),
	};
	u32 now = ozp_clock_now() + 1, i;

	ozp_test_addr(&address.addr, AF_INET, 1);
	for (i = 0; i < ARRAY_SIZE(instances); i++)
		ozp_test_instance(&instances[i], i, 1);
	KUNIT_ASSERT_EQ(test, ozp_fixture_set(fixture, &config, NULL), 1);
	KUNIT_EXPECT_EQ(test, count_doubts(fixture, now), 2);
	KUNIT_EXPECT_EQ(test, ozp_fixture_set(fixture, &config, NULL), 0);
	KUNIT_EXPECT_EQ(test, count_doubts(fixture, 0), 0);
	/* Another metric is another endpoint, and no doubt in that either. */
	now += 2 * OZP_DOUBT_TIMEOUT_MAX / OZP_USED_GRAIN_MS;
	KUNIT_EXPECT_EQ(test, count_doubts(fixture, now), 2);
	instances[1].metric++;
	KUNIT_EXPECT_EQ(test, ozp_fixture_set(fixture, &config, NULL), 1);
	KUNIT_EXPECT_EQ(test, count_doubts(fixture, 0), 0);
	ozp_fixture_free(test, fixture);
}

static struct kunit_case doubt_cases[] = {
	KUNIT_CASE(they_end_by_themselves),
	KUNIT_CASE(one_at_a_time),
	KUNIT_CASE(they_grow_and_are_forgotten),
	KUNIT_CASE(the_table_ends_them),
	{}
};

static struct kunit_suite doubt_suite = {
	.name = "ozproxy_doubt",
	.test_cases = doubt_cases,
};

kunit_test_suite(doubt_suite);
