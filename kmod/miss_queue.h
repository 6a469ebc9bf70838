/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The queues of packets that wait for an address, and their limits: by address,
 * by source and in all. All functions but ozp_miss_leave() are called under
 * ozp_misses.lock.
 */
#ifndef _OZP_MISS_QUEUE_H
#define _OZP_MISS_QUEUE_H

#include <linux/list.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "limits.h"
#include "packet.h"

struct ozp_miss_events;

/**
 * enum ozp_miss_refusal - why a packet does not wait, or waited in vain
 * @OZP_MISS_TABLE_FULL: too many addresses
 * @OZP_MISS_SOURCE_FULL: too many because of its source
 * @OZP_MISS_QUEUE_FULL: too many packets for its address
 * @OZP_MISS_SOURCE_QUEUE_FULL: too many of its source
 * @OZP_MISS_PACKETS_FULL: too many in all
 * @OZP_MISS_MEMORY_FULL: no memory is left for its source
 * @OZP_MISS_UNKNOWN: nobody has the address
 * @OZP_MISS_TIMEOUT: no answer came
 * @OZP_MISS_REFUSAL_COUNT: how many there are
 */
enum ozp_miss_refusal {
	OZP_MISS_TABLE_FULL,
	OZP_MISS_SOURCE_FULL,
	OZP_MISS_QUEUE_FULL,
	OZP_MISS_SOURCE_QUEUE_FULL,
	OZP_MISS_PACKETS_FULL,
	OZP_MISS_MEMORY_FULL,
	OZP_MISS_UNKNOWN,
	OZP_MISS_TIMEOUT,
	OZP_MISS_REFUSAL_COUNT,
};

/**
 * struct ozp_miss_options - what a user can tell the waiting addresses
 * @limit: most of them
 * @source_limit: most of them because of one source
 * @packets: most packets that wait in all
 * @address_packets: most packets that wait for one address
 * @source_packets: most packets of one source that wait
 * @memory: most bytes that waiting packets occupy
 * @timeout: milliseconds after which an address is forgotten
 * @repeat_timeout: milliseconds after which it is announced a second time
 * @negative_limit: most negative answers that are remembered
 */
struct ozp_miss_options {
	u32 limit;
	u32 source_limit;
	u32 packets;
	u32 address_packets;
	u32 source_packets;
	u32 memory;
	u32 timeout;
	u32 repeat_timeout;
	u32 negative_limit;
};

/**
 * struct ozp_misses - the addresses without a table entry of a device
 * @epoch: counts answers
 * @count: addresses that wait, or keep their place, see ozp_miss_deny()
 * @packets: packets that wait
 * @lock: protects the rest; taken with BH off, for one address at a time
 * @bytes: memory of the packets that wait
 * @negative_count: addresses that nobody has, and that have no such place
 * @seed: makes hashes unpredictable
 * @open: packets may wait
 * @last_id: the latest id
 * @buckets: the addresses
 * @sources: senders that something waits for
 * @list: the addresses, by id
 * @negatives: those of @negative_count, oldest first
 * @denied: those that nobody has, but that keep their place, likewise
 * @timers: the addresses, by when something is to be done about them
 * @options: may change at any time
 * @events: what the layer above does
 * @reasons: what each refusal is called
 * @clock: milliseconds that never go back
 * @work: does what is due
 */
struct ozp_misses {
	/* packet path, read without the lock */
	u32 epoch;
	u32 count;
	u32 packets;
	/* protects all below */
	spinlock_t lock;
	u64 bytes;
	u32 negative_count;
	u32 seed;
	bool open;
	u64 last_id;
	struct hlist_head buckets[1 << OZP_MISS_BUCKET_BITS];
	struct hlist_head sources[1 << OZP_MISS_SOURCE_BITS];
	struct list_head list;
	struct list_head negatives;
	struct list_head denied;
	struct timerqueue_head timers;
	/* read-only, but for the options */
	struct ozp_miss_options options;
	const struct ozp_miss_events *events;
	const enum ozproxy_drop_reason *reasons;
	u64 (*clock)(void);
	struct delayed_work work;
};

/**
 * struct ozp_miss_source - who sent packets that wait, and what is spent on it
 * @link: in a bucket
 * @key: its address
 * @addresses: addresses that wait because of it
 * @packets: packets of it that wait
 * @bytes: memory that they occupy
 * @users: who holds a pointer: its addresses, its packets, a caller
 * @denied: those of @addresses that nobody has, oldest first
 */
struct ozp_miss_source {
	struct hlist_node link;
	struct ozp_address key;
	u32 addresses;
	u32 packets;
	u64 bytes;
	u32 users;
	struct list_head denied;
};

/**
 * struct ozp_miss - an address without a table entry
 * @link: in a bucket
 * @all: in ozp_misses.list
 * @negative: in ozp_misses.negatives or .denied, while it is there
 * @denied: in ozp_miss_source.denied, while it is there
 * @timer: in ozp_misses.timers, by when something is to be done
 * @key: the address
 * @state: whether it waits or nobody has it
 * @source: who used it first, and pays for its place; NULL when it has none,
 *	and is only remembered because nobody has it
 * @queue: the packets that wait, oldest first; its own lock is not used
 * @packets: packets to it so far
 * @announced: how often it was announced
 * @since: when it was announced first or resolved, in ozp_misses.clock
 * @end: when it is forgotten
 * @repeat: when it is announced again if packets wait
 * @interval: milliseconds between the latest announcement and @repeat
 * @id: see struct ozp_miss_info
 */
struct ozp_miss {
	struct hlist_node link;
	struct list_head all;
	struct list_head negative;
	struct list_head denied;
	struct timerqueue_node timer;
	struct ozp_address key;
	enum ozproxy_miss_state state;
	struct ozp_miss_source *source;
	struct sk_buff_head queue;
	u32 packets;
	u32 announced;
	u64 since;
	u64 end;
	u64 repeat;
	u64 interval;
	u64 id;
};

/* packet path */
u32 ozp_miss_hash(const struct ozp_misses *misses,
		  const struct ozp_address *key, unsigned int bits);
struct ozp_miss_source *ozp_miss_source_get(struct ozp_misses *misses,
					    const struct ozp_address *key);
void ozp_miss_source_put(struct ozp_miss_source *source);

enum ozp_verdict ozp_miss_refuse(const struct ozp_misses *misses,
				 struct ozp_packet *pkt,
				 enum ozp_miss_refusal refusal);
enum ozp_verdict ozp_miss_enqueue(struct ozp_misses *misses,
				  struct ozp_miss *miss,
				  struct ozp_miss_source *source,
				  struct sk_buff *skb, struct ozp_packet *pkt);
void ozp_miss_dequeue_all(struct ozp_misses *misses, struct ozp_miss *miss,
			  struct sk_buff_head *packets);
void ozp_miss_leave(struct sk_buff *skb, struct ozp_outer *outer);

#endif /* _OZP_MISS_QUEUE_H */
