// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The choice of an instance against one that adds up weights place by place. */

#include <kunit/test.h>
#include <linux/slab.h>

#include "limits.h"
#include "policy.h"
#include "seed.h"

#define MOST_INSTANCES 40

/* To be freed with kfree(). */
static struct ozp_ring *ring_of(struct kunit *test, const u32 *weights,
				u32 count)
{
	struct ozp_ring *ring;
	u32 i;

	ring = kzalloc(struct_size(ring, slots, count), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ring);
	for (i = 0; i < count; i++)
		ozp_ring_add(ring, i, weights[i]);
	ozp_ring_close(ring);
	return ring;
}

static u32 pick_rr(const struct ozp_ring *ring, u32 turn)
{
	struct ozp_choice choice = { .turn = turn };

	return ozp_policy_pick(OZPROXY_POLICY_RR, ring, &choice);
}

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
	struct ozp_ring *ring = ring_of(test, param->weights, param->count);
	u32 i, slot;

	for (i = 0; param->turns[i] != ~0; i++) {
		slot = pick_rr(ring, i);
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
		ring = ring_of(test, weights, count);
		KUNIT_ASSERT_EQ(test, ring->total, total);
		memset(seen, 0, sizeof(seen));
		for (turn = 0; turn < total; turn++) {
			slot = pick_rr(ring, turn);
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
	struct ozp_ring *ring = ring_of(test, weights, ARRAY_SIZE(weights));
	u32 turn, before = ~0, slot;

	for (turn = 0; turn < 400; turn++) {
		slot = pick_rr(ring, turn);
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
		ring = ring_of(test, weights, MOST_INSTANCES);
		for (i = 0; i < ARRAY_SIZE(turns); i++) {
			slot = pick_rr(ring, turns[i]);
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
	struct ozp_ring *ring = ring_of(test, weights, ARRAY_SIZE(weights));

	KUNIT_EXPECT_EQ(test, ring->count, 0);
	KUNIT_EXPECT_EQ(test, ring->total, 0);
	kfree(ring);
	ring = ring_of(test, NULL, 0);
	KUNIT_EXPECT_EQ(test, ring->count, 0);
	kfree(ring);
}

/* The numbers that a policy asks for, and the flows that it made. */
struct numbers {
	struct ozp_choice choice;
	u32 count;
	u32 *weights;
	u32 *flows;
	struct ozp_distance *distances;
	struct ozp_ring *ring;
};

static u32 numbers_flows(const struct ozp_choice *choice, u32 index)
{
	return container_of(choice, struct numbers, choice)->flows[index];
}

static void numbers_distance(const struct ozp_choice *choice, u32 index,
			     struct ozp_distance *distance)
{
	*distance = container_of(choice, struct numbers,
				 choice)->distances[index];
}

/* All of weight @weight; 0: at random up to 20, the first not 0. */
static struct numbers *numbers_new(struct kunit *test, struct rnd_state *rnd,
				   u32 count, u32 weight)
{
	struct numbers *numbers;
	u32 i;

	numbers = kunit_kzalloc(test, sizeof(*numbers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, numbers);
	numbers->count = count;
	numbers->weights = kunit_kcalloc(test, count, sizeof(u32), GFP_KERNEL);
	numbers->flows = kunit_kcalloc(test, count, sizeof(u32), GFP_KERNEL);
	numbers->distances = kunit_kcalloc(test, count,
					   sizeof(*numbers->distances),
					   GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, numbers->weights);
	KUNIT_ASSERT_NOT_NULL(test, numbers->flows);
	KUNIT_ASSERT_NOT_NULL(test, numbers->distances);
	for (i = 0; i < count; i++)
		numbers->weights[i] = weight ?: prandom_u32_state(rnd) % 21;
	numbers->weights[0] += !numbers->weights[0];
	numbers->choice.flows = numbers_flows;
	numbers->choice.distance = numbers_distance;
	numbers->ring = ring_of(test, numbers->weights, count);
	numbers->choice.last = numbers->ring->count;
	return numbers;
}

static void numbers_free(struct numbers *numbers)
{
	kfree(numbers->ring);
}

/* The next choice, as an index of an instance. */
static u32 numbers_pick(struct kunit *test, struct numbers *numbers,
			enum ozproxy_policy policy)
{
	u32 slot = ozp_policy_pick(policy, numbers->ring, &numbers->choice);

	KUNIT_ASSERT_LT(test, slot, numbers->ring->count);
	numbers->choice.turn++;
	if (numbers->choice.settled)
		numbers->choice.last = slot;
	return numbers->ring->slots[slot].index;
}

/* Whether one flow more for @a is less than one more for @b. */
static bool naive_less(const struct numbers *numbers, u32 a, u32 b)
{
	return (u64)(numbers->flows[a] + 1) * numbers->weights[b] <
	       (u64)(numbers->flows[b] + 1) * numbers->weights[a];
}

/* Flows come and go at random; each goes where nobody has less. */
static void least_has_the_least(struct kunit *test)
{
	u32 round, step, chosen, i;
	struct numbers *numbers;
	struct rnd_state rnd;

	ozp_seed(test, &rnd);
	for (round = 0; round < 20; round++) {
		numbers = numbers_new(test, &rnd,
				      1 + prandom_u32_state(&rnd) % 40,
				      round % 2);
		for (step = 0; step < 200; step++) {
			chosen = numbers_pick(test, numbers,
					      OZPROXY_POLICY_LEAST);
			KUNIT_EXPECT_NE(test, numbers->weights[chosen], 0);
			for (i = 0; i < numbers->count; i++)
				if (numbers->weights[i])
					KUNIT_EXPECT_FALSE(test,
							   naive_less(numbers, i,
								      chosen));
			numbers->flows[chosen]++;
			i = prandom_u32_state(&rnd) % numbers->count;
			if (prandom_u32_state(&rnd) % 3 == 0)
				numbers->flows[i] /= 2;
		}
		numbers_free(numbers);
	}
}

/* The numbers that break such code: 1, 32 and 33, 256, 1000 instances. Nothing
 * is random, so the shares are exact: equal ones differ by one flow at most.
 */
static void crowds_get_equal_shares(struct kunit *test)
{
	static const u32 crowds[] = { 1, 2, 32, 33, 256, 1000 };
	static const enum ozproxy_policy policies[] = {
		OZPROXY_POLICY_RR, OZPROXY_POLICY_LEAST,
		OZPROXY_POLICY_CLOSEST,
	};
	struct numbers *numbers;
	u32 crowd, p, i, count;

	for (crowd = 0; crowd < ARRAY_SIZE(crowds); crowd++) {
		count = crowds[crowd];
		for (p = 0; p < ARRAY_SIZE(policies); p++) {
			numbers = numbers_new(test, NULL, count, 1);
			/* Nothing known of anybody: all are equally close. */
			for (i = 0; i < 2 * count + 1; i++)
				numbers->flows[numbers_pick(test, numbers,
							    policies[p])]++;
			for (i = 0; i < count; i++) {
				KUNIT_EXPECT_GE(test, numbers->flows[i], 2);
				KUNIT_EXPECT_LE(test, numbers->flows[i], 3);
			}
			numbers_free(numbers);
			cond_resched();
		}
	}
}

/* In a whole cycle of turns, those that are equally close get their weights. */
static void closest_shares_ties(struct kunit *test)
{
	u32 round, i, total, chosen;
	struct numbers *numbers;
	struct rnd_state rnd;

	ozp_seed(test, &rnd);
	for (round = 0; round < 20; round++) {
		numbers = numbers_new(test, &rnd,
				      1 + prandom_u32_state(&rnd) % 40, 0);
		total = 0;
		for (i = 0; i < numbers->count; i++) {
			numbers->distances[i].metric =
				i && prandom_u32_state(&rnd) % 2 ? 50 : 40;
			if (numbers->distances[i].metric == 40)
				total += numbers->weights[i];
		}
		for (i = 0; i < total; i++) {
			chosen = numbers_pick(test, numbers,
					      OZPROXY_POLICY_CLOSEST);
			numbers->flows[chosen]++;
		}
		for (i = 0; i < numbers->count; i++)
			KUNIT_EXPECT_EQ(test, numbers->flows[i],
					numbers->distances[i].metric == 40 ?
						numbers->weights[i] : 0);
		numbers_free(numbers);
	}
}

struct nearness {
	const char *name;
	bool opens;
	u32 turn;
	struct ozp_distance distances[3];
	u32 last;
	u32 chosen;
	bool settled;
};

#define NOBODY 9

static const struct nearness nearness[] = {
	{ "the lowest metric", true, 1,
	  { { .metric = 30 }, { .metric = 10 }, { .metric = 20 } },
	  NOBODY, 1, true },
	{ "the shortest handshake", true, 1,
	  { { .rtt = 300 }, { .rtt = 200 }, { .rtt = 100 } }, NOBODY, 2, true },
	{ "a metric goes before a measurement of the same node", true, 1,
	  { { .metric = 50, .rtt = 500 }, { .metric = 60, .rtt = 5 },
	    { .metric = 70 } }, NOBODY, 0, true },
	{ "metric and measurement have one scale", true, 1,
	  { { .metric = 50 }, { .rtt = 40 }, { .rtt = 60 } }, NOBODY, 1, true },
	{ "a local one first", true, 1,
	  { { .metric = 1 }, { .rtt = 1 }, { .local = true, .metric = 99 } },
	  NOBODY, 2, false },
	{ "a local one even before one that was never tried", true, 1,
	  { { .untried = true, .forgotten = true }, { .rtt = 1 },
	    { .local = true } }, NOBODY, 2, false },
	{ "one that was never tried is measured", true, 1,
	  { { .rtt = 100 }, { .untried = true, .forgotten = true },
	    { .rtt = 50 } }, 2, 1, false },
	{ "but not by what has no handshake", false, 1,
	  { { .rtt = 100 }, { .untried = true, .forgotten = true },
	    { .rtt = 50 } }, 2, 2, true },
	{ "one with a metric need not be", true, 1,
	  { { .metric = 100 }, { .metric = 200, .untried = true },
	    { .metric = 150 } }, NOBODY, 0, true },
	{ "one that did not answer is the last", true, 1,
	  { { .rtt = 0 }, { .rtt = 900000 }, { .rtt = 0 } }, NOBODY, 1, true },
	{ "a forgotten one is measured again now and then", true,
	  OZP_CLOSEST_EXPLORE,
	  { { .rtt = 100 }, { .rtt = 900, .forgotten = true }, { .rtt = 500 } },
	  0, 1, false },
	{ "but not each time", true, OZP_CLOSEST_EXPLORE + 1,
	  { { .rtt = 100 }, { .rtt = 900, .forgotten = true }, { .rtt = 500 } },
	  0, 0, true },
	{ "hysteresis: a little closer is not enough", true, 1,
	  { { .rtt = 1000 }, { .rtt = 801 }, { .rtt = 2000 } }, 0, 0, true },
	{ "hysteresis: closer by the margin is", true, 1,
	  { { .rtt = 1000 }, { .rtt = 800 }, { .rtt = 2000 } }, 0, 1, true },
	{ "hysteresis: not between metrics", true, 1,
	  { { .metric = 1000 }, { .metric = 999 }, { .metric = 2000 } },
	  0, 1, true },
	{ "hysteresis: between a metric and a measurement", true, 1,
	  { { .metric = 1000 }, { .rtt = 801 }, { .rtt = 2000 } }, 0, 0, true },
	{ "hysteresis: the one of last time is gone", true, 1,
	  { { .rtt = 1000 }, { .rtt = 990 }, { .rtt = 2000 } },
	  NOBODY, 1, true },
	{ "hysteresis: never for one that did not answer", true, 1,
	  { { .rtt = 0 }, { .rtt = 990 }, { .rtt = 2000 } }, 0, 1, true },
	{ "the longest distances there are", true, 1,
	  { { .metric = U32_MAX }, { .metric = U32_MAX - 1 },
	    { .metric = U32_MAX } }, 0, 1, true },
};

static void nearness_describe(const struct nearness *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(nearness, nearness, nearness_describe);

static void closest_is_near(struct kunit *test)
{
	const struct nearness *param = test->param_value;
	struct numbers *numbers = numbers_new(test, NULL, 3, 1);

	memcpy(numbers->distances, param->distances, sizeof(param->distances));
	numbers->choice.opens = param->opens;
	numbers->choice.turn = param->turn;
	numbers->choice.last = param->last;
	KUNIT_EXPECT_EQ(test, numbers_pick(test, numbers,
					   OZPROXY_POLICY_CLOSEST),
			param->chosen);
	KUNIT_EXPECT_EQ(test, numbers->choice.settled, param->settled);
	numbers_free(numbers);
}

/* Two nodes whose distance jitters by less than the margin around the same
 * value: new flows do not go to and fro.
 */
static void jitter_moves_nothing(struct kunit *test)
{
	struct numbers *numbers = numbers_new(test, NULL, 2, 1);
	u32 step, before = NOBODY, now, moves = 0;
	struct rnd_state rnd;

	ozp_seed(test, &rnd);
	numbers->choice.opens = true;
	for (step = 0; step < 1000; step++) {
		/* Even and odd, as equals take turns. */
		numbers->distances[0].rtt =
			950 + prandom_u32_state(&rnd) % 50 * 2;
		numbers->distances[1].rtt =
			951 + prandom_u32_state(&rnd) % 50 * 2;
		now = numbers_pick(test, numbers, OZPROXY_POLICY_CLOSEST);
		moves += before != NOBODY && before != now;
		before = now;
	}
	KUNIT_EXPECT_EQ(test, moves, 0);
	numbers_free(numbers);
}

static void service_ips_choose(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, ozp_policy_is_a_choice(OZPROXY_POLICY_RR));
	KUNIT_EXPECT_TRUE(test, ozp_policy_is_a_choice(OZPROXY_POLICY_CLOSEST));
	KUNIT_EXPECT_TRUE(test, ozp_policy_is_a_choice(OZPROXY_POLICY_LEAST));
	KUNIT_EXPECT_FALSE(test,
			   ozp_policy_is_a_choice(OZPROXY_POLICY_INSTANCE));
	KUNIT_EXPECT_FALSE(test, ozp_policy_is_a_choice(U32_MAX));
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE_PARAM(turns_are_taken, shares_gen_params),
	KUNIT_CASE(shares_are_exact),
	KUNIT_CASE(heavy_ones_do_not_hog),
	KUNIT_CASE(every_turn_is_valid),
	KUNIT_CASE(nobody_to_choose),
	KUNIT_CASE(least_has_the_least),
	KUNIT_CASE(crowds_get_equal_shares),
	KUNIT_CASE(closest_shares_ties),
	KUNIT_CASE_PARAM(closest_is_near, nearness_gen_params),
	KUNIT_CASE(jitter_moves_nothing),
	KUNIT_CASE(service_ips_choose),
	{}
};

static struct kunit_suite policy_suite = {
	.name = "ozproxy_policy",
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
