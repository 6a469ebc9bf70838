/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Addresses that containers use and the table does not have. */
#ifndef _OZP_MISS_H
#define _OZP_MISS_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "limits.h"
#include "packet.h"

/**
 * struct ozp_miss_info - a waiting address, copied for others
 * @addr: the address
 * @family: its family
 * @age_ms: milliseconds since it was announced
 * @packets: packets dropped since
 * @id: ascending by time of announcement, for dumps to go on after
 */
struct ozp_miss_info {
	union ozp_addr addr;
	u8 family;
	u32 age_ms;
	u32 packets;
	u64 id;
};

/**
 * struct ozp_miss_options - what a user can tell the waiting addresses
 * @limit: most of them
 * @timeout: milliseconds after which one is forgotten
 */
struct ozp_miss_options {
	u32 limit;
	u32 timeout;
};

/**
 * struct ozp_misses - the waiting addresses of a device
 * @lock: protects the rest; taken with BH off
 * @buckets: the addresses
 * @list: the addresses, oldest first
 * @count: how many
 * @options: may change at any time
 * @last_id: the latest id
 * @notify: called once for each new address, without the lock, in any context
 *	that packets come from
 * @expiry: forgets the old ones
 */
struct ozp_misses {
	/* protects all below */
	spinlock_t lock;
	struct hlist_head buckets[1 << OZP_MISS_BUCKET_BITS];
	struct list_head list;
	u32 count;
	struct ozp_miss_options options;
	u64 last_id;
	void (*notify)(struct ozp_misses *misses,
		       const struct ozp_miss_info *info);
	struct delayed_work expiry;
};

/* packet path */
enum ozproxy_drop_reason ozp_miss_add(struct ozp_misses *misses, u8 family,
				      const union ozp_addr *addr);

/* control path */
void ozp_miss_answer(struct ozp_misses *misses, u8 family,
		     const union ozp_addr *addr);
void ozp_misses_hurry(struct ozp_misses *misses);
bool ozp_miss_find(struct ozp_misses *misses, u8 family,
		   const union ozp_addr *addr, struct ozp_miss_info *info);
u32 ozp_miss_find_after(struct ozp_misses *misses, u64 id,
			struct ozp_miss_info *infos, u32 count);

/* init */
void ozp_misses_init(struct ozp_misses *misses,
		     void (*notify)(struct ozp_misses *misses,
				    const struct ozp_miss_info *info));
void ozp_misses_uninit(struct ozp_misses *misses);

#endif /* _OZP_MISS_H */
