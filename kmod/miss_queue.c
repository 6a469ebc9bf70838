// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "miss_queue.h"

#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <net/dst.h>

/**
 * struct ozp_miss_cb - what a waiting packet remembers, in its control block
 * @source: who pays for it (a user of it)
 * @outer: the tunnel header that it came with, if it did
 *
 * The block is free for our use from ndo_start_xmit on, and in what a socket got;
 * it is handed back zeroed, as IP expects it.
 */
struct ozp_miss_cb {
	struct ozp_miss_source *source;
	struct ozp_outer outer;
};

static struct ozp_miss_cb *ozp_miss_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct ozp_miss_cb) > sizeof(skb->cb));
	return (struct ozp_miss_cb *)skb->cb;
}

/**
 * ozp_miss_hash() - where an address is
 * @misses: whose buckets
 * @key: the address
 * @bits: how many buckets, as a power of two
 *
 * Return: number of the bucket. Containers choose the addresses: they cannot
 * know which ones share a bucket.
 */
u32 ozp_miss_hash(const struct ozp_misses *misses,
		  const struct ozp_address *key, unsigned int bits)
{
	return hash_32(jhash(&key->addr, sizeof(key->addr),
			     misses->seed ^ key->family), bits);
}

/**
 * ozp_miss_source_get() - what is spent on a sender
 * @misses: where packets wait, locked
 * @key: address of the sender
 *
 * Return: its account, to be given back with ozp_miss_source_put(), or NULL
 * without memory.
 */
struct ozp_miss_source *ozp_miss_source_get(struct ozp_misses *misses,
					    const struct ozp_address *key)
{
	u32 hash = ozp_miss_hash(misses, key, OZP_MISS_SOURCE_BITS);
	struct ozp_miss_source *source;

	lockdep_assert_held(&misses->lock);
	hlist_for_each_entry(source, &misses->sources[hash], link) {
		if (!ozp_address_is_equal(&source->key, key))
			continue;
		source->users++;
		return source;
	}
	source = kzalloc(sizeof(*source), GFP_ATOMIC | __GFP_NOWARN);
	if (!source)
		return NULL;
	source->key = *key;
	source->users = 1;
	INIT_LIST_HEAD(&source->denied);
	hlist_add_head(&source->link, &misses->sources[hash]);
	return source;
}

/**
 * ozp_miss_source_put() - give an account back
 * @source: the account; closed when nothing of the sender waits; its lock is
 *	that of ozp_miss_source_get()
 */
void ozp_miss_source_put(struct ozp_miss_source *source)
{
	if (--source->users)
		return;
	hlist_del(&source->link);
	kfree(source);
}

/* A sender may occupy as much memory as it leaves to the others: a few large
 * packets of one never keep out those of the next. Limits may change meanwhile,
 * and what is there may be more than they allow.
 */
static bool ozp_miss_has_memory(const struct ozp_misses *misses,
				const struct ozp_miss_source *source,
				const struct sk_buff *skb)
{
	return source->bytes + misses->bytes + 2 * (u64)skb->truesize <=
	       READ_ONCE(misses->options.memory);
}

/**
 * ozp_miss_refuse() - note why a packet does not wait
 * @misses: where it would wait
 * @pkt: the packet
 * @refusal: why
 *
 * Return: OZP_DROP.
 */
enum ozp_verdict ozp_miss_refuse(const struct ozp_misses *misses,
				 struct ozp_packet *pkt,
				 enum ozp_miss_refusal refusal)
{
	return ozp_refuse(pkt, misses->reasons[refusal]);
}

static enum ozp_verdict ozp_miss_check_room(const struct ozp_misses *misses,
					    const struct ozp_miss *miss,
					    const struct ozp_miss_source *source,
					    const struct sk_buff *skb,
					    struct ozp_packet *pkt)
{
	const struct ozp_miss_options *most = &misses->options;

	if (skb_queue_len(&miss->queue) >= READ_ONCE(most->address_packets))
		return ozp_miss_refuse(misses, pkt, OZP_MISS_QUEUE_FULL);
	if (source->packets >= READ_ONCE(most->source_packets))
		return ozp_miss_refuse(misses, pkt, OZP_MISS_SOURCE_QUEUE_FULL);
	if (misses->packets >= READ_ONCE(most->packets))
		return ozp_miss_refuse(misses, pkt, OZP_MISS_PACKETS_FULL);
	if (!ozp_miss_has_memory(misses, source, skb))
		return ozp_miss_refuse(misses, pkt, OZP_MISS_MEMORY_FULL);
	return OZP_CONTINUE;
}

/**
 * ozp_miss_enqueue() - let a packet wait, if there is room
 * @misses: where packets wait, locked
 * @miss: what it waits for
 * @source: who pays for it
 * @skb: the packet, consumed if it waits
 * @pkt: what is known of it
 *
 * The packet keeps its route, so that it can be rejected later. It keeps its
 * socket as well, like one that waits for a neighbour: what a local sender has
 * waiting counts as unsent, so that it is held up and TCP repeats nothing that
 * is still here. Neither outlives the wait, which is bounded (miss-timeout) and
 * ends before the device changes its namespace or goes. Packets of containers
 * lost their socket where they were received.
 *
 * Return: OZP_CONSUMED or OZP_DROP.
 */
enum ozp_verdict ozp_miss_enqueue(struct ozp_misses *misses,
				  struct ozp_miss *miss,
				  struct ozp_miss_source *source,
				  struct sk_buff *skb, struct ozp_packet *pkt)
{
	lockdep_assert_held(&misses->lock);
	if (ozp_miss_check_room(misses, miss, source, skb, pkt) != OZP_CONTINUE)
		return OZP_DROP;
	/* Without a route that lives it waits, too: then nobody is told. */
	skb_dst_force(skb);
	source->users++;
	ozp_miss_cb(skb)->source = source;
	ozp_miss_cb(skb)->outer = pkt->outer;
	source->packets++;
	source->bytes += skb->truesize;
	misses->bytes += skb->truesize;
	WRITE_ONCE(misses->packets, misses->packets + 1);
	__skb_queue_tail(&miss->queue, skb);
	return OZP_CONSUMED;
}

/**
 * ozp_miss_dequeue_all() - end the wait of packets
 * @misses: where packets wait, locked
 * @miss: what they waited for
 * @packets: they are appended here, oldest first; the caller's, who begins with
 *	ozp_miss_leave()
 */
void ozp_miss_dequeue_all(struct ozp_misses *misses, struct ozp_miss *miss,
			  struct sk_buff_head *packets)
{
	struct ozp_miss_source *source;
	struct sk_buff *skb;

	lockdep_assert_held(&misses->lock);
	skb_queue_walk(&miss->queue, skb) {
		source = ozp_miss_cb(skb)->source;
		source->packets--;
		source->bytes -= skb->truesize;
		misses->bytes -= skb->truesize;
		ozp_miss_source_put(source);
	}
	WRITE_ONCE(misses->packets,
		   misses->packets - skb_queue_len(&miss->queue));
	skb_queue_splice_tail_init(&miss->queue, packets);
}

/**
 * ozp_miss_leave() - take what a packet remembered during its wait
 * @skb: the packet, whose wait ended
 * @outer: the tunnel header that it came with
 */
void ozp_miss_leave(struct sk_buff *skb, struct ozp_outer *outer)
{
	*outer = ozp_miss_cb(skb)->outer;
	memset(skb->cb, 0, sizeof(skb->cb));
}
