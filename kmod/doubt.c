// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* What a worker denies is not taken out of the table, which only who fills it can
 * put right: a worker that has just started knows none of its instances for a
 * moment, and what is gone for good nobody brings back where no helper runs. So a
 * doubt only makes new flows prefer others, and ends by itself: after a while,
 * when the table is set again, or when the instance is heard.
 */

#include "doubt.h"

#include <linux/atomic.h>
#include <linux/minmax.h>

#include "limits.h"

/**
 * ozp_doubt_is_due() - whether it matters that a worker denies an instance
 * @doubt: its doubt
 * @now: ozp_clock_now()
 *
 * Once in the length of a doubt, also when the doubt ended early: the table may
 * be set to the same again by a cluster that is wrong.
 *
 * Return: whether.
 */
bool ozp_doubt_is_due(const struct ozp_doubt *doubt, u32 now)
{
	u32 heard = READ_ONCE(doubt->heard);

	/* At least one unit: so long a new length may take to be seen. */
	return !heard || now - heard >= max(READ_ONCE(doubt->length), 1U);
}

/**
 * ozp_doubt_begin() - hear that a worker does not know an instance
 * @doubt: its doubt
 * @now: ozp_clock_now()
 * @timeout_ms: milliseconds of a first doubt; 0: there is none
 *
 * When it is denied again soon after a doubt, the next one is twice as long, up to
 * OZP_DOUBT_BACKOFF times the first. Softirq or BH off.
 *
 * Return: false when there is no new doubt.
 */
bool ozp_doubt_begin(struct ozp_doubt *doubt, u32 now, u32 timeout_ms)
{
	u32 heard = READ_ONCE(doubt->heard), last = READ_ONCE(doubt->length);
	u32 length = DIV_ROUND_UP(timeout_ms, OZP_USED_GRAIN_MS);

	/* 0 is never. */
	now = now ?: 1;
	if (!length || !ozp_doubt_is_due(doubt, now))
		return false;
	/* Of several CPUs one. */
	if (cmpxchg(&doubt->heard, heard, now) != heard)
		return false;
	if (heard && now - heard < 2 * last)
		length = min(2 * last, length * OZP_DOUBT_BACKOFF);
	WRITE_ONCE(doubt->length, length);
	WRITE_ONCE(doubt->until, (now + length) ?: 1);
	return true;
}
