/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Datagrams that come in fragments, until all of their fragments have passed. */
#ifndef _OZP_FRAGMENT_H
#define _OZP_FRAGMENT_H

#include <linux/list.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "limits.h"
#include "packet.h"
#include "stats.h"

/**
 * struct ozp_fragment_options - what a user can tell those who follow datagrams
 * @limit: most datagrams
 * @memory: most bytes of fragments that wait for their first
 * @timeout: milliseconds after which a datagram is forgotten
 */
struct ozp_fragment_options {
	u32 limit;
	u32 memory;
	u32 timeout;
};

/**
 * struct ozp_fragments - the datagrams of one direction of a device
 * @stats: where lost fragments are counted
 * @direction: the direction
 * @seed: of the hash, random
 * @lock: protects the rest; taken with BH off
 * @buckets: the datagrams
 * @all: the datagrams, oldest first
 * @holding: those with fragments that wait, oldest first
 * @count: how many datagrams
 * @held: how many fragments wait for their first; also read without the lock
 * @bytes: how much that is, with all that the kernel needs for it
 * @options: may change at any time
 * @expiry: forgets the old ones
 */
struct ozp_fragments {
	struct ozp_stats *stats;
	enum ozproxy_direction direction;
	u32 seed;
	/* protects all below */
	spinlock_t lock;
	struct hlist_head buckets[1 << OZP_FRAGMENT_BUCKET_BITS];
	struct list_head all;
	struct list_head holding;
	u32 count;
	u32 held;
	u32 bytes;
	struct ozp_fragment_options options;
	struct delayed_work expiry;
};

/* packet path */
enum ozp_verdict ozp_fragment_admit(struct ozp_fragments *fragments,
				    struct sk_buff *skb, struct ozp_packet *pkt,
				    struct sk_buff_head *waiting);
struct sk_buff *ozp_fragment_next(struct sk_buff_head *waiting,
				  const struct ozp_packet *first,
				  struct ozp_packet *pkt);

/* control path */
void ozp_fragments_hurry(struct ozp_fragments *fragments);
void ozp_fragments_close(struct ozp_fragments *fragments);

/* init */
void ozp_fragments_init(struct ozp_fragments *fragments,
			struct ozp_stats *stats,
			enum ozproxy_direction direction);

#endif /* _OZP_FRAGMENT_H */
