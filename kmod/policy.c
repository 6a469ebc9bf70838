// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "policy.h"

#include <linux/gcd.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "limits.h"

/* Each turn takes the next of @total places, of which every instance has as many
 * as its weight says. Within @total turns each place comes once; the stride
 * spreads the places of a heavy instance instead of giving it all its turns in a
 * row.
 */
static u32 ozp_policy_place(u32 turn, u32 stride, u32 total)
{
	u32 place;

	div_u64_rem((u64)(turn % total) * stride, total, &place);
	return place;
}

static u32 ozp_policy_pick_rr(const struct ozp_ring *ring,
			      struct ozp_choice *choice)
{
	u32 place = ozp_policy_place(choice->turn, ring->stride, ring->total);
	u32 low = 0, high = ring->count - 1;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (place < ring->slots[middle].end)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static u32 ozp_ring_weight(const struct ozp_ring *ring, u32 slot)
{
	return ring->slots[slot].end - (slot ? ring->slots[slot - 1].end : 0);
}

/* With equal weights of one: in order of the instances. Else a step near the
 * golden section of the whole, which puts equal places far from one another.
 */
static u32 ozp_ring_stride(u32 total, u32 count)
{
	u32 stride;

	if (total == count)
		return 1;
	stride = div_u64((u64)total * 618, 1000);
	while (stride > 1 && gcd(stride, total) != 1)
		stride--;
	return max(stride, 1U);
}

typedef u64 (*ozp_rank_fn)(const struct ozp_ring *ring,
			   const struct ozp_choice *choice, u32 slot);

/**
 * struct ozp_tie - instances of one rank
 * @rank: the rank, lower is better
 * @slot: the first of them
 * @count: how many
 * @total: sum of their weights
 */
struct ozp_tie {
	u64 rank;
	u32 slot;
	u32 count;
	u32 total;
};

static void ozp_tie_add(struct ozp_tie *tie, u64 rank, u32 slot, u32 weight)
{
	if (rank != tie->rank || !tie->count) {
		tie->rank = rank;
		tie->slot = slot;
		tie->count = 0;
		tie->total = 0;
	}
	tie->count++;
	tie->total += weight;
}

/* Those of equal rank take turns, by weight. A rank that changed since they were
 * counted costs no more than a turn.
 */
static u32 ozp_tie_break(const struct ozp_tie *tie, const struct ozp_ring *ring,
			 const struct ozp_choice *choice, ozp_rank_fn rank)
{
	u32 place, weight, i;

	if (tie->count == 1)
		return tie->slot;
	place = ozp_policy_place(choice->turn,
				 ozp_ring_stride(tie->total, tie->count),
				 tie->total);
	for (i = tie->slot; i < ring->count; i++) {
		if (rank(ring, choice, i) != tie->rank)
			continue;
		weight = ozp_ring_weight(ring, i);
		if (place < weight)
			return i;
		place -= weight;
	}
	return tie->slot;
}

/* The load that an instance would have with one flow more, for its weight: exact
 * to compare, as two fractions of 16 bits that differ do so by 2^-32 or more.
 */
static u64 ozp_policy_load(const struct ozp_ring *ring,
			   const struct ozp_choice *choice, u32 slot)
{
	u64 flows = choice->flows(choice, ring->slots[slot].index);

	return div_u64((min_t(u64, flows, U32_MAX - 1) + 1) << 32,
		       ozp_ring_weight(ring, slot));
}

static u32 ozp_policy_pick_least(const struct ozp_ring *ring,
				 struct ozp_choice *choice)
{
	struct ozp_tie least = { .rank = U64_MAX };
	u64 load;
	u32 i;

	for (i = 0; i < ring->count; i++) {
		load = ozp_policy_load(ring, choice, i);
		if (load <= least.rank)
			ozp_tie_add(&least, load, i, ozp_ring_weight(ring, i));
	}
	return ozp_tie_break(&least, ring, choice, ozp_policy_load);
}

/* Ranks of distances: those that are known follow OZP_RANK_KNOWN. */
enum {
	OZP_RANK_LOCAL,
	OZP_RANK_EXPLORE,
	OZP_RANK_KNOWN,
};

#define OZP_RANK_UNKNOWN U64_MAX

/* What is known decides, but knowledge has a price: a node that was never tried
 * gets one connection, to be measured; one that was not tried for long gets one
 * now and then, because what is never chosen is never measured again.
 */
static u64 ozp_policy_rank_of(const struct ozp_choice *choice,
			      const struct ozp_distance *distance)
{
	if (distance->local)
		return OZP_RANK_LOCAL;
	if (distance->metric)
		return (u64)OZP_RANK_KNOWN + distance->metric;
	if (choice->opens &&
	    (distance->untried ||
	     (distance->forgotten && !(choice->turn % OZP_CLOSEST_EXPLORE))))
		return OZP_RANK_EXPLORE;
	if (distance->rtt)
		return (u64)OZP_RANK_KNOWN + distance->rtt;
	return OZP_RANK_UNKNOWN;
}

static u64 ozp_policy_rank(const struct ozp_ring *ring,
			   const struct ozp_choice *choice, u32 slot)
{
	struct ozp_distance distance = {};

	choice->distance(choice, ring->slots[slot].index, &distance);
	return ozp_policy_rank_of(choice, &distance);
}

/* Hysteresis: measurements jitter, so the one of last time stays until another
 * one is closer by a margin. What the table gave is taken at its word.
 */
static bool ozp_policy_stays(const struct ozp_ring *ring,
			     const struct ozp_choice *choice,
			     const struct ozp_tie *last,
			     const struct ozp_tie *nearest)
{
	struct ozp_distance from = {}, to = {};

	if (!last->count || nearest->rank <= OZP_RANK_KNOWN ||
	    last->rank <= OZP_RANK_KNOWN || last->rank == OZP_RANK_UNKNOWN)
		return false;
	choice->distance(choice, ring->slots[last->slot].index, &from);
	choice->distance(choice, ring->slots[nearest->slot].index, &to);
	if (from.metric && to.metric)
		return false;
	return (nearest->rank - OZP_RANK_KNOWN) * 100 >
	       (last->rank - OZP_RANK_KNOWN) * (100 - OZP_CLOSEST_MARGIN);
}

static u32 ozp_policy_pick_closest(const struct ozp_ring *ring,
				   struct ozp_choice *choice)
{
	struct ozp_tie nearest = { .rank = U64_MAX }, last = {};
	bool has_last = choice->last < ring->count;
	u64 rank, last_rank = 0;
	u32 i;

	if (has_last)
		last_rank = ozp_policy_rank(ring, choice, choice->last);
	for (i = 0; i < ring->count; i++) {
		rank = ozp_policy_rank(ring, choice, i);
		if (rank <= nearest.rank)
			ozp_tie_add(&nearest, rank, i, ozp_ring_weight(ring, i));
		if (has_last && rank == last_rank)
			ozp_tie_add(&last, rank, i, ozp_ring_weight(ring, i));
	}
	if (ozp_policy_stays(ring, choice, &last, &nearest))
		nearest = last;
	choice->settled = nearest.rank > OZP_RANK_KNOWN &&
			  nearest.rank != OZP_RANK_UNKNOWN;
	return ozp_tie_break(&nearest, ring, choice, ozp_policy_rank);
}

/* An Instance IP leads to its instance without a choice: no function. */
static u32 (* const ozp_policies[])(const struct ozp_ring *ring,
				    struct ozp_choice *choice) = {
	[OZPROXY_POLICY_RR] = ozp_policy_pick_rr,
	[OZPROXY_POLICY_INSTANCE] = NULL,
	[OZPROXY_POLICY_CLOSEST] = ozp_policy_pick_closest,
	[OZPROXY_POLICY_LEAST] = ozp_policy_pick_least,
};

/**
 * ozp_policy_is_a_choice() - whether a Service IP can have a policy
 * @policy: the policy, perhaps one that does not exist
 *
 * Return: whether it chooses among instances.
 */
bool ozp_policy_is_a_choice(enum ozproxy_policy policy)
{
	return policy < ARRAY_SIZE(ozp_policies) && ozp_policies[policy];
}

/**
 * ozp_policy_pick() - choose an instance
 * @policy: the policy of the address that was used
 * @ring: who can be chosen, not empty
 * @choice: what is known; @settled is set
 *
 * Any context; changes nothing else. Round robin costs a binary search, the
 * others look at every instance, some of them twice: OZPROXY_INSTANCE_MAX at most,
 * some ten microseconds, for a new flow.
 *
 * Return: index into @ring->slots.
 */
u32 ozp_policy_pick(enum ozproxy_policy policy, const struct ozp_ring *ring,
		    struct ozp_choice *choice)
{
	choice->settled = false;
	if (WARN_ON_ONCE(!ozp_policy_is_a_choice(policy)))
		return 0;
	return ozp_policies[policy](ring, choice);
}

/**
 * ozp_ring_add() - one more instance that may be chosen
 * @ring: the ring, all zero at first, with room for it
 * @index: which instance of the snapshot it is
 * @weight: its share, 0 when it cannot be chosen; the sum of all fits in 32 bits
 */
void ozp_ring_add(struct ozp_ring *ring, u32 index, u32 weight)
{
	if (!weight)
		return;
	ring->total += weight;
	ring->slots[ring->count].end = ring->total;
	ring->slots[ring->count].index = index;
	ring->count++;
}

/**
 * ozp_ring_close() - make a ring ready, with all of its instances
 * @ring: the ring
 */
void ozp_ring_close(struct ozp_ring *ring)
{
	ring->stride = ozp_ring_stride(ring->total, ring->count);
}
