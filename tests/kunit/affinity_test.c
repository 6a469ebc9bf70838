// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Affinities against an array that remembers everything. */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/slab.h>

#include "affinity.h"
#include "clock.h"
#include "fixture.h"
#include "seed.h"

#define LONG	60000
#define CLIENTS	64
#define ROUNDS	4000

static struct ozp_affinities *affinities_new(struct kunit *test, u32 limit)
{
	struct ozp_affinities *affinities;

	affinities = kzalloc(sizeof(*affinities), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, affinities);
	ozp_affinities_init(affinities);
	affinities->options.limit = limit;
	return affinities;
}

static void affinities_free(struct kunit *test,
			    struct ozp_affinities *affinities)
{
	ozp_affinities_uninit(affinities);
	KUNIT_EXPECT_EQ(test, affinities->count, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&affinities->list));
	kfree(affinities);
}

/* Client @number: four services, either family, addresses that repeat. */
static void client(struct ozp_affinity_key *key, u32 number)
{
	memset(key, 0, sizeof(*key));
	key->service = 1 + number % 4;
	key->family = number / 4 % 2 ? AF_INET6 : AF_INET;
	ozp_test_addr(&key->client, key->family, number / 8);
}

static void clients_keep_their_instance(struct kunit *test)
{
	struct ozp_affinities *affinities = affinities_new(test, CLIENTS);
	u32 kept[CLIENTS], count = 0, round, number, i;
	struct ozp_affinity_key key;
	struct rnd_state rnd;
	bool found;

	ozp_seed(test, &rnd);
	memset(kept, 0xff, sizeof(kept));
	for (round = 0; round < ROUNDS; round++) {
		i = prandom_u32_state(&rnd) % CLIENTS;
		client(&key, i);
		if (prandom_u32_state(&rnd) % 2) {
			found = ozp_affinity_find(affinities, &key, LONG,
						  &number);
			KUNIT_EXPECT_EQ(test, found, kept[i] != ~0);
			if (found)
				KUNIT_EXPECT_EQ(test, number, kept[i]);
			continue;
		}
		count += kept[i] == ~0;
		kept[i] = prandom_u32_state(&rnd) % 1000;
		ozp_affinity_keep(affinities, &key, LONG, kept[i]);
		KUNIT_EXPECT_EQ(test, affinities->count, count);
	}
	affinities_free(test, affinities);
}

/* However many come, the memory is that of the limit, and those who were used
 * last are there.
 */
static void limit_bounds_memory(struct kunit *test)
{
	struct ozp_affinities *affinities = affinities_new(test, 8);
	struct ozp_affinity_key key;
	u32 i, number;

	for (i = 0; i < 1000; i++) {
		client(&key, i);
		ozp_affinity_keep(affinities, &key, LONG, i);
		KUNIT_EXPECT_LE(test, affinities->count, 8);
		/* The very first is used all the time. */
		client(&key, 0);
		KUNIT_EXPECT_TRUE(test, ozp_affinity_find(affinities, &key,
							  LONG, &number));
		KUNIT_EXPECT_EQ(test, number, 0);
	}
	for (i = 1; i < 1000; i++) {
		client(&key, i);
		KUNIT_EXPECT_EQ(test, ozp_affinity_find(affinities, &key, LONG,
							&number),
				i >= 993);
	}
	/* A lower limit makes room with the next one. */
	affinities->options.limit = 2;
	ozp_affinity_keep(affinities, &key, LONG, 5);
	client(&key, 2000);
	ozp_affinity_keep(affinities, &key, LONG, 5);
	KUNIT_EXPECT_EQ(test, affinities->count, 2);
	affinities_free(test, affinities);
}

/* What is too old is not found, and the walk frees it. */
static void old_ones_are_forgotten(struct kunit *test)
{
	struct ozp_affinities *affinities = affinities_new(test, 8);
	struct ozp_affinity_key brief, lasting;
	u32 number;

	client(&brief, 1);
	client(&lasting, 2);
	ozp_affinity_keep(affinities, &brief, OZP_USED_GRAIN_MS, 7);
	ozp_affinity_keep(affinities, &lasting, LONG, 8);
	KUNIT_EXPECT_TRUE(test, ozp_affinity_find(affinities, &brief, LONG,
						  &number));
	ozp_affinity_keep(affinities, &brief, OZP_USED_GRAIN_MS, 7);
	msleep(4 * OZP_USED_GRAIN_MS);
	KUNIT_EXPECT_FALSE(test, ozp_affinity_find(affinities, &brief,
						   OZP_USED_GRAIN_MS, &number));
	mod_delayed_work(system_unbound_wq, &affinities->expiry, 0);
	flush_delayed_work(&affinities->expiry);
	KUNIT_EXPECT_EQ(test, affinities->count, 1);
	KUNIT_EXPECT_TRUE(test, ozp_affinity_find(affinities, &lasting, LONG,
						  &number));
	KUNIT_EXPECT_EQ(test, number, 8);
	affinities_free(test, affinities);
}

static struct kunit_case affinity_cases[] = {
	KUNIT_CASE(clients_keep_their_instance),
	KUNIT_CASE(limit_bounds_memory),
	KUNIT_CASE(old_ones_are_forgotten),
	{}
};

static struct kunit_suite affinity_suite = {
	.name = "ozproxy_affinity",
	.test_cases = affinity_cases,
};

kunit_test_suite(affinity_suite);
