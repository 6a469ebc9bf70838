/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* What the files of the waiting need of each other, and nobody else. */
#ifndef _OZP_MISS_PARTS_H
#define _OZP_MISS_PARTS_H

#include <linux/types.h>

struct ozp_address;
struct ozp_miss;
struct ozp_miss_info;
struct ozp_misses;
struct sk_buff_head;

/* under the lock */
struct ozp_miss *ozp_miss_lookup(struct ozp_misses *misses,
				 const struct ozp_address *key);
void ozp_miss_insert(struct ozp_misses *misses, struct ozp_miss *miss,
		     const struct ozp_address *key, u64 lifetime_ms);
void ozp_miss_release(struct ozp_misses *misses, struct ozp_miss *miss,
		      struct sk_buff_head *packets);
bool ozp_miss_schedule(struct ozp_misses *misses, struct ozp_miss *miss);
void ozp_miss_inform(const struct ozp_misses *misses,
		     const struct ozp_miss *miss, struct ozp_miss_info *info);

/* without it */
void ozp_misses_hurry(struct ozp_misses *misses);
void ozp_misses_forget(struct ozp_misses *misses, bool all);

#endif /* _OZP_MISS_PARTS_H */
