// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The choice of an instance against one that adds up weights place by place. */

#include <kunit/test.h>
#include <linux/slab.h>

#include "policy.h"
#include "seed.h"

#define MOST_INSTANCES 40

struct shares {
	const char *name;
	u32 count;
	u32 weights[8];
	/* the first turns, as indices of instances; ~0 ends them */
	u32 turns[9];
};

static const struct shares shares[] = {
	{ "one", 1, { 1 }, { 0, 0, 0, ~0 } },
	{ "one of weight 7", 1, { 7 }, { 0, 0, 0, 0, 0, 0, 0, 0, ~0 } },
	{ "three equal ones take turns", 3, { 1, 1, 1 },
	  { 0, 1, 2, 0, 1, 2, ~0 } },
	{ "the middle one cannot be chosen", 3, { 1, 0, 1 },
	  { 0, 2, 0, 2, ~0 } },
	{ "the first one cannot be chosen", 3, { 0, 1, 1 },
	  { 1, 2, 1, 2, ~0 } },
	{ "the last one cannot be chosen", 3, { 1, 1, 0 },
	  { 0, 1, 0, 1, ~0 } },
};

static void shares_describe(const struct shares *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(shares, shares, shares_describe);

static void turns_are_taken(struct kunit *test)
{
	const struct shares *param = test->param_value;
	struct ozp_ring *ring = ozp_ring_new(param->weights, param->count);
	u32 i, slot;

	KUNIT_ASSERT_NOT_NULL(test, ring);
	for (i = 0; param->turns[i] != ~0; i++) {
		slot = ozp_policy_pick(OZPROXY_POLICY_RR, ring, i);
		KUNIT_ASSERT_LT(test, slot, ring->count);
		KUNIT_EXPECT_EQ_MSG(test, ring->slots[slot].index,
				    param->turns[i], "turn %u", i);
	}
	kfree(ring);
}

/* Whose place it is, by counting from the first. */
static u32 naive_owner(const u32 *weights, u32 place)
{
	u32 i;

	for (i = 0; place >= weights[i]; i++)
		place -= weights[i];
	return i;
}

static u32 random_weights(struct rnd_state *rnd, u32 *weights, u32 count,
			  u32 most)
{
	u32 i, total = 0;

	for (i = 0; i < count; i++) {
		weights[i] = prandom_u32_state(rnd) % (most + 1);
		total += weights[i];
	}
	return total;
}

/* In a whole cycle everybody has exactly his share, each place comes once, and
 * the order is the one that the documentation of the ring describes.
 */
static void shares_are_exact(struct kunit *test)
{
	u32 weights[MOST_INSTANCES], seen[MOST_INSTANCES];
	u32 round, count, total, turn, slot, want, i;
	struct ozp_ring *ring;
	struct rnd_state rnd;

	ozp_seed(test, &rnd);
	for (round = 0; round < 200; round++) {
		count = 1 + prandom_u32_state(&rnd) % MOST_INSTANCES;
		total = random_weights(&rnd, weights, count,
				       round % 2 ? 100 : 1);
		ring = ozp_ring_new(weights, count);
		KUNIT_ASSERT_NOT_NULL(test, ring);
		KUNIT_ASSERT_EQ(test, ring->total, total);
		memset(seen, 0, sizeof(seen));
		for (turn = 0; turn < total; turn++) {
			slot = ozp_policy_pick(OZPROXY_POLICY_RR, ring, turn);
			if (slot >= ring->count) {
				KUNIT_FAIL(test, "slot %u of %u", slot,
					   ring->count);
				break;
			}
			want = naive_owner(weights, (u64)turn * ring->stride %
						    total);
			KUNIT_EXPECT_EQ(test, ring->slots[slot].index, want);
			seen[ring->slots[slot].index]++;
		}
		for (i = 0; i < count; i++)
			KUNIT_EXPECT_EQ(test, seen[i], weights[i]);
		kfree(ring);
	}
}

/* With a step near the golden section, two of three places in a row are never
 * all of an instance that has less than a third of them.
 */
static void heavy_ones_do_not_hog(struct kunit *test)
{
	const u32 weights[] = { 100, 100, 100, 100 };
	struct ozp_ring *ring = ozp_ring_new(weights, ARRAY_SIZE(weights));
	u32 turn, before = ~0, slot;

	KUNIT_ASSERT_NOT_NULL(test, ring);
	for (turn = 0; turn < 400; turn++) {
		slot = ozp_policy_pick(OZPROXY_POLICY_RR, ring, turn);
		KUNIT_EXPECT_NE_MSG(test, slot, before, "turn %u", turn);
		before = slot;
	}
	kfree(ring);
}

static void every_turn_is_valid(struct kunit *test)
{
	static const u32 turns[] = { 0, 1, S32_MAX, 1U << 31, U32_MAX - 1,
				     U32_MAX };
	const u32 most = U32_MAX / MOST_INSTANCES;
	u32 weights[MOST_INSTANCES];
	struct ozp_ring *ring;
	struct rnd_state rnd;
	u32 round, i, slot;

	ozp_seed(test, &rnd);
	for (round = 0; round < 20; round++) {
		random_weights(&rnd, weights, MOST_INSTANCES, most - 1);
		weights[0]++;
		ring = ozp_ring_new(weights, MOST_INSTANCES);
		KUNIT_ASSERT_NOT_NULL(test, ring);
		for (i = 0; i < ARRAY_SIZE(turns); i++) {
			slot = ozp_policy_pick(OZPROXY_POLICY_RR, ring,
					       turns[i]);
			KUNIT_ASSERT_LT(test, slot, ring->count);
			KUNIT_EXPECT_EQ(test, ring->slots[slot].index,
					naive_owner(weights,
						    (u64)(turns[i] % ring->total) *
						    ring->stride % ring->total));
		}
		kfree(ring);
	}
}

static void nobody_to_choose(struct kunit *test)
{
	const u32 weights[] = { 0, 0 };
	struct ozp_ring *ring = ozp_ring_new(weights, ARRAY_SIZE(weights));

	KUNIT_ASSERT_NOT_NULL(test, ring);
	KUNIT_EXPECT_EQ(test, ring->count, 0);
	KUNIT_EXPECT_EQ(test, ring->total, 0);
	kfree(ring);
	ring = ozp_ring_new(NULL, 0);
	KUNIT_ASSERT_NOT_NULL(test, ring);
	KUNIT_EXPECT_EQ(test, ring->count, 0);
	kfree(ring);
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE_PARAM(turns_are_taken, shares_gen_params),
	KUNIT_CASE(shares_are_exact),
	KUNIT_CASE(heavy_ones_do_not_hog),
	KUNIT_CASE(every_turn_is_valid),
	KUNIT_CASE(nobody_to_choose),
	{}
};

static struct kunit_suite policy_suite = {
	.name = "ozproxy_policy",
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
