/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Which instance of a service a client had last, for a while. */
#ifndef _OZP_AFFINITY_H
#define _OZP_AFFINITY_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "limits.h"
#include "packet.h"

/**
 * struct ozp_affinity_options - what a user can tell the affinities
 * @limit: most of them
 */
struct ozp_affinity_options {
	u32 limit;
};

/**
 * struct ozp_affinities - the affinities of a device
 * @lock: protects the rest; taken with BH off, for new flows only
 * @buckets: the affinities
 * @list: the affinities, least recently used first
 * @count: how many
 * @options: may change at any time
 * @expiry: forgets the old ones
 */
struct ozp_affinities {
	/* protects all below */
	spinlock_t lock;
	struct hlist_head buckets[1 << OZP_AFFINITY_BUCKET_BITS];
	struct list_head list;
	u32 count;
	struct ozp_affinity_options options;
	struct delayed_work expiry;
};

/**
 * struct ozp_affinity_key - a client of a service
 * @service: id of the service, which no other ever has
 * @client: Namespace IP of the client
 * @family: its family
 */
struct ozp_affinity_key {
	u64 service;
	union ozp_addr client;
	u8 family;
};

/* packet path */
bool ozp_affinity_find(struct ozp_affinities *affinities,
		       const struct ozp_affinity_key *key, u32 timeout_ms,
		       u32 *number);
void ozp_affinity_keep(struct ozp_affinities *affinities,
		       const struct ozp_affinity_key *key, u32 timeout_ms,
		       u32 number);

/* init */
void ozp_affinities_init(struct ozp_affinities *affinities);
void ozp_affinities_uninit(struct ozp_affinities *affinities);

#endif /* _OZP_AFFINITY_H */
