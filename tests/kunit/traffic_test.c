// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Counters that share memory do not share what they count. */

#include <kunit/test.h>
#include <linux/bottom_half.h>

#include "limits.h"
#include "seed.h"
#include "traffic.h"

/* More than two blocks, and a part of one. */
#define MOST	(2 * OZP_TRAFFIC_BLOCK + 5)

/* One that an instance may have, and what it has to say. */
struct counted {
	struct ozp_traffic traffic;
	struct ozp_traffic_sum want;
	bool is_there;
};

static void counted_check(struct kunit *test, const struct counted *counted)
{
	struct ozp_traffic_sum sum = {};

	ozp_traffic_add(&sum, &counted->traffic);
	KUNIT_EXPECT_MEMEQ(test, &sum, &counted->want, sizeof(sum));
}

static void counted_count(struct counted *counted, enum ozp_traffic_way way,
			  u32 bytes)
{
	local_bh_disable();
	ozp_traffic_count(&counted->traffic, way, bytes);
	local_bh_enable();
	counted->want.packets[way]++;
	counted->want.bytes[way] += bytes;
}

static void counted_toggle(struct kunit *test, struct counted *counted)
{
	if (counted->is_there) {
		counted_check(test, counted);
		ozp_traffic_uninit(&counted->traffic);
	} else {
		KUNIT_ASSERT_EQ(test, ozp_traffic_init(&counted->traffic), 0);
		memset(&counted->want, 0, sizeof(counted->want));
		counted_check(test, counted);
	}
	counted->is_there = !counted->is_there;
}

static void each_counts_for_itself(struct kunit *test)
{
	struct counted *all, *one;
	struct rnd_state rnd;
	u32 i;

	all = kunit_kcalloc(test, MOST, sizeof(*all), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	ozp_seed(test, &rnd);
	for (i = 0; i < MOST; i++)
		counted_toggle(test, &all[i]);
	for (i = 0; i < 20000; i++) {
		one = &all[prandom_u32_state(&rnd) % MOST];
		if (!one->is_there || !(prandom_u32_state(&rnd) % 8))
			counted_toggle(test, one);
		else
			counted_count(one, prandom_u32_state(&rnd) %
					   OZP_TRAFFIC_COUNT,
				      prandom_u32_state(&rnd) % 65536);
	}
	for (i = 0; i < MOST; i++) {
		if (all[i].is_there)
			counted_toggle(test, &all[i]);
	}
}

static struct kunit_case traffic_cases[] = {
	KUNIT_CASE(each_counts_for_itself),
	{}
};

static struct kunit_suite traffic_suite = {
	.name = "ozproxy_traffic",
	.test_cases = traffic_cases,
};

kunit_test_suite(traffic_suite);
