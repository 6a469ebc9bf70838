/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Choosing an instance: pure functions of a snapshot. */
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

/* packet path */
u32 ozp_policy_pick(enum ozproxy_policy policy, const struct ozp_ring *ring,
		    u32 turn);

/* control path */
struct ozp_ring *ozp_ring_new(const u32 *weights, u32 count);

#endif /* _OZP_POLICY_H */
