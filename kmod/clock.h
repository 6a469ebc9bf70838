/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Times of last use: CLOCK_BOOTTIME in grains of OZP_USED_GRAIN_MS. Coarse, so
 * that reading it costs nothing and writing it is rare; wraps in 13 years.
 */
#ifndef _OZP_CLOCK_H
#define _OZP_CLOCK_H

#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#include "limits.h"

static inline u32 ozp_clock_now(void)
{
	return div_u64(ktime_get_coarse_boottime_ns(),
		       OZP_USED_GRAIN_MS * NSEC_PER_MSEC);
}

static inline u64 ozp_clock_ms(u32 grain)
{
	return (u64)grain * OZP_USED_GRAIN_MS;
}

/* Racing writers write times of the same grain or of neighbouring ones: any of
 * them is as good.
 */
static inline bool ozp_clock_touch(u32 *used, u32 now)
{
	if (READ_ONCE(*used) == now)
		return false;
	WRITE_ONCE(*used, now);
	return true;
}

#endif /* _OZP_CLOCK_H */
