// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "policy.h"

#include <linux/gcd.h>
#include <linux/math64.h>
#include <linux/slab.h>

/* Each turn takes the next of @ring->total places, of which every instance has
 * as many as its weight says. Within @ring->total turns each place comes once;
 * the stride spreads the places of a heavy instance instead of giving it all
 * its turns in a row.
 */
static u32 ozp_policy_pick_rr(const struct ozp_ring *ring, u32 turn)
{
	u32 low = 0, high = ring->count - 1, place;

	div_u64_rem((u64)(turn % ring->total) * ring->stride, ring->total,
		    &place);

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (place < ring->slots[middle].end)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/**
 * ozp_policy_pick() - choose an instance
 * @policy: the policy of the address that was used
 * @ring: who can be chosen, not empty
 * @turn: how often this address chose before
 *
 * Any context; changes nothing.
 *
 * Return: index into @ring->slots.
 */
u32 ozp_policy_pick(enum ozproxy_policy policy, const struct ozp_ring *ring,
		    u32 turn)
{
	switch (policy) {
	case OZPROXY_POLICY_RR:
		return ozp_policy_pick_rr(ring, turn);
	case OZPROXY_POLICY_INSTANCE:
		/* An Instance IP leads to its instance without a choice. */
		break;
	}
	WARN_ON_ONCE(1);
	return 0;
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

/**
 * ozp_ring_new() - prepare the choice among instances
 * @weights: share of each instance of a snapshot, 0 for those that cannot be
 *	chosen; their sum fits in 32 bits
 * @count: how many instances
 *
 * May sleep.
 *
 * Return: the ring, to be freed with kfree(), or NULL without memory.
 */
struct ozp_ring *ozp_ring_new(const u32 *weights, u32 count)
{
	struct ozp_ring *ring;
	u32 i, usable = 0;

	for (i = 0; i < count; i++)
		usable += !!weights[i];
	ring = kzalloc(struct_size(ring, slots, usable), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return NULL;
	for (i = 0; i < count; i++) {
		if (!weights[i])
			continue;
		ring->total += weights[i];
		ring->slots[ring->count].end = ring->total;
		ring->slots[ring->count].index = i;
		ring->count++;
	}
	ring->stride = ozp_ring_stride(ring->total, ring->count);
	return ring;
}
