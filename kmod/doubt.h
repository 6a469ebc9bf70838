/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Instances that their own worker does not know. */
#ifndef _OZP_DOUBT_H
#define _OZP_DOUBT_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "clock.h"

/**
 * struct ozp_doubt - whether an instance is where the table has it
 * @heard: when its worker denied it last and was heard, see clock.h; 0: never
 * @length: for how long it was in doubt then, in the same unit
 * @until: end of the doubt; 0: there is none
 *
 * A hint, written by packets of all CPUs without a lock: what is read may be from
 * before and after another's write, and then a doubt is as long as the last one.
 */
struct ozp_doubt {
	u32 heard;
	u32 length;
	u32 until;
};

/**
 * ozp_doubt_left() - how long an instance stays in doubt
 * @doubt: its doubt
 * @now: ozp_clock_now()
 *
 * Return: that time, in the unit of clock.h; 0: it is not in doubt.
 */
static inline u32 ozp_doubt_left(const struct ozp_doubt *doubt, u32 now)
{
	u32 until = READ_ONCE(doubt->until);

	return until && (s32)(until - now) > 0 ? until - now : 0;
}

/**
 * ozp_doubt_is_on() - whether an instance is in doubt
 * @doubt: its doubt
 *
 * The clock is only read for those that were in doubt once. Any context.
 *
 * Return: whether.
 */
static inline bool ozp_doubt_is_on(const struct ozp_doubt *doubt)
{
	return unlikely(READ_ONCE(doubt->until)) &&
	       ozp_doubt_left(doubt, ozp_clock_now());
}

/**
 * ozp_doubt_end() - believe in an instance again
 * @doubt: its doubt
 *
 * Writes only if there is one. Any context.
 */
static inline void ozp_doubt_end(struct ozp_doubt *doubt)
{
	if (unlikely(READ_ONCE(doubt->until)))
		WRITE_ONCE(doubt->until, 0);
}

/* packet path */
bool ozp_doubt_is_due(const struct ozp_doubt *doubt, u32 now);
bool ozp_doubt_begin(struct ozp_doubt *doubt, u32 now, u32 timeout_ms);

#endif /* _OZP_DOUBT_H */
