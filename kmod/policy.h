/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Choosing an instance: pure functions of a snapshot and of numbers handed in.
 *
 * A policy is an entry of the enum "policy" in the spec, which has its name and
 * number, and a row of the table in policy.c, which has its pick function.
 */
#ifndef _OZP_POLICY_H
#define _OZP_POLICY_H

#include <linux/types.h>

#include "verdict.h"

/**
 * struct ozp_ring_slot - an instance that can be chosen
 * @end: sum of the weights up to and including this one
 * @index: which instance of the snapshot it is
 */
struct ozp_ring_slot {
	u32 end;
	u32 index;
};

/**
 * struct ozp_ring - the instances that can be chosen for one IP family
 * @count: entries of @slots
 * @total: sum of all weights
 * @stride: step between two turns, relatively prime to @total
 * @slots: the instances with their shares
 */
struct ozp_ring {
	u32 count;
	u32 total;
	u32 stride;
	struct ozp_ring_slot slots[];
};

/**
 * struct ozp_distance - how far away an instance is
 * @metric: what the table gave; 0: nothing
 * @rtt: microseconds of a round trip to its node, measured; 0: never
 * @local: it is on this node
 * @untried: no handshake with its node was ever begun
 * @forgotten: none was begun for a while: what was measured may be wrong by now
 */
struct ozp_distance {
	u32 metric;
	u32 rtt;
	bool local;
	bool untried;
	bool forgotten;
};

/**
 * struct ozp_choice - what a policy chooses by, beside the ring
 * @turn: how often this address chose before
 * @last: slot that it settled on last, or any that the ring does not have
 * @opens: a TCP connection: its handshake can be measured
 * @settled: set by the policy: remember what was chosen as @last
 * @flows: live flows of an instance, by its index in the snapshot
 * @distance: its distance; fills in a zeroed structure
 *
 * The numbers may change while a policy looks at them.
 */
struct ozp_choice {
	u32 turn;
	u32 last;
	bool opens;
	bool settled;
	u32 (*flows)(const struct ozp_choice *choice, u32 index);
	void (*distance)(const struct ozp_choice *choice, u32 index,
			 struct ozp_distance *distance);
};

/* packet path */
u32 ozp_policy_pick(enum ozproxy_policy policy, const struct ozp_ring *ring,
		    struct ozp_choice *choice);

/* control path */
bool ozp_policy_is_a_choice(enum ozproxy_policy policy);
void ozp_ring_add(struct ozp_ring *ring, u32 index, u32 weight);
void ozp_ring_close(struct ozp_ring *ring);

#endif /* _OZP_POLICY_H */
