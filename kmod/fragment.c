// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Only the first fragment of a datagram has the ports that name its flow. This
 * file remembers them for the others; after that a fragment is an ordinary
 * packet of its flow, converted and sent on its own.
 *
 * Why not reassemble: each fragment keeps its size, so that no path becomes too
 * narrow for it and IPv6, where only the sender may fragment, is not lied to;
 * nothing is copied; a datagram whose fragments come in order costs some hundred
 * bytes for as long as it takes to pass; and there is no dependency on the
 * defragmentation of netfilter, which may reassemble before us all the same.
 *
 * A fragment that comes before the first waits for it: bounded by number, by
 * bytes for each datagram and in all, and by time. The oldest datagram makes room
 * for a new one: a datagram needs milliseconds, and who sends pieces that never
 * become whole pushes out his own before those of others.
 *
 * Fragments that overlap spoil their datagram (RFC 5722, 3; RFC 1858 shows what
 * they are good for, and IPv4 is treated alike): what is still to come of it is
 * lost, too. The exact repetition of a fragment is none of that (RFC 8200, 4.5):
 * networks duplicate. It goes the way of the first copy, and the receiver, who
 * has the bytes, decides; which makes it harmless to bring a fragment here
 * twice. A repeated first fragment must name the same flow.
 *
 * A datagram is forgotten when all of it has passed, because its identification
 * may be used again (RFC 6864).
 *
 * Not solved, as by no one who translates addresses without reassembling: answers
 * of two instances get the same source address, and if both chose the same
 * identification at the same moment, the receiver mixes them, which its checksum
 * sees.
 */

#include "fragment.h"

#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "work.h"

/* What fragments of a datagram have in common (RFC 791, 3.2; RFC 8200, 4.5). */
struct ozp_datagram_key {
	union ozp_addr src;
	union ozp_addr dst;
	u32 id;
	u8 family;
	u8 protocol;
	u8 pad[2];
};

/* Bytes of a datagram that a fragment brought. */
struct ozp_datagram_part {
	u16 start;
	u16 end;
};

/**
 * struct ozp_datagram - a datagram of which some fragments came
 * @link: in a bucket
 * @age: in the list of all
 * @hold: in the list of those that hold fragments, if it does
 * @key: which one it is
 * @since: when the first of them came, in jiffies
 * @held: they wait for the first fragment
 * @bytes: how much that is
 * @covered: bytes that came
 * @total: its length; 0: the last fragment has not come
 * @sport: source port, when @known
 * @dport: destination port, when @known
 * @protocol: transport protocol, when @known
 * @known: the first fragment came
 * @spoiled: nothing more of it passes, for @reason
 * @reason: why
 * @count: how many @parts
 * @parts: what came, ascending
 */
struct ozp_datagram {
	struct hlist_node link;
	struct list_head age;
	struct list_head hold;
	struct ozp_datagram_key key;
	unsigned long since;
	struct sk_buff_head held;
	u32 bytes;
	u32 covered;
	u32 total;
	__be16 sport;
	__be16 dport;
	u8 protocol;
	bool known;
	bool spoiled;
	enum ozproxy_drop_reason reason;
	u32 count;
	struct ozp_datagram_part parts[OZP_FRAGMENT_PARTS_MAX];
};

/**
 * struct ozp_fragment_cb - what a waiting fragment does not have in its bytes
 * @fragment: as in struct ozp_packet
 * @l4_offset: as in struct ozp_packet
 * @reason: why it is lost, on its way to that
 * @outer: as in struct ozp_packet
 */
struct ozp_fragment_cb {
	struct ozp_packet_fragment fragment;
	u32 l4_offset;
	enum ozproxy_drop_reason reason;
	struct ozp_outer outer;
};

static struct ozp_fragment_cb *ozp_fragment_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct ozp_fragment_cb) > sizeof(skb->cb));
	return (struct ozp_fragment_cb *)skb->cb;
}

static void ozp_datagram_key_init(struct ozp_datagram_key *key,
				  const struct ozp_packet *pkt)
{
	memset(key, 0, sizeof(*key));
	key->src = pkt->tuple.src;
	key->dst = pkt->tuple.dst;
	key->id = pkt->fragment.id;
	key->family = pkt->tuple.family;
	/* In IPv6 only the first fragment knows it. */
	if (key->family == AF_INET)
		key->protocol = pkt->tuple.protocol;
}

static struct hlist_head *
ozp_datagram_bucket(struct ozp_fragments *fragments,
		    const struct ozp_datagram_key *key)
{
	u32 hash;

	BUILD_BUG_ON(sizeof(*key) % sizeof(u32));
	hash = jhash2((const u32 *)key, sizeof(*key) / sizeof(u32),
		      fragments->seed);
	return &fragments->buckets[hash_32(hash, OZP_FRAGMENT_BUCKET_BITS)];
}

static struct ozp_datagram *
ozp_datagram_find(struct ozp_fragments *fragments,
		  const struct ozp_datagram_key *key)
{
	struct ozp_datagram *datagram;

	lockdep_assert_held(&fragments->lock);
	hlist_for_each_entry(datagram, ozp_datagram_bucket(fragments, key), link)
		if (!memcmp(&datagram->key, key, sizeof(*key)))
			return datagram;
	return NULL;
}

/* No fragment of it waits any more: they are the caller's. */
static void ozp_datagram_let_go(struct ozp_fragments *fragments,
				struct ozp_datagram *datagram,
				struct sk_buff_head *to)
{
	lockdep_assert_held(&fragments->lock);
	WRITE_ONCE(fragments->held,
		   fragments->held - skb_queue_len(&datagram->held));
	skb_queue_splice_tail_init(&datagram->held, to);
	list_del_init(&datagram->hold);
	fragments->bytes -= datagram->bytes;
	datagram->bytes = 0;
}

/* The same, and they are lost. */
static void ozp_datagram_lose(struct ozp_fragments *fragments,
			      struct ozp_datagram *datagram,
			      enum ozproxy_drop_reason reason,
			      struct sk_buff_head *lost)
{
	struct sk_buff *skb;

	skb_queue_walk(&datagram->held, skb)
		ozp_fragment_cb(skb)->reason = reason;
	ozp_datagram_let_go(fragments, datagram, lost);
}

static void ozp_datagram_release(struct ozp_fragments *fragments,
				 struct ozp_datagram *datagram,
				 enum ozproxy_drop_reason reason,
				 struct sk_buff_head *lost)
{
	ozp_datagram_lose(fragments, datagram, reason, lost);
	hlist_del(&datagram->link);
	list_del(&datagram->age);
	fragments->count--;
	kfree(datagram);
}

/* NULL without memory. */
static struct ozp_datagram *ozp_datagram_new(struct ozp_fragments *fragments,
					     const struct ozp_datagram_key *key,
					     struct sk_buff_head *lost)
{
	struct ozp_datagram *datagram;

	lockdep_assert_held(&fragments->lock);
	while (fragments->count >= READ_ONCE(fragments->options.limit)) {
		datagram = list_first_entry(&fragments->all,
					    struct ozp_datagram, age);
		ozp_datagram_release(fragments, datagram,
				     OZPROXY_DROP_REASON_FRAGMENT_LIMIT, lost);
	}
	/* The parts are written before they are read. */
	datagram = kmalloc(sizeof(*datagram), GFP_ATOMIC | __GFP_NOWARN);
	if (!datagram)
		return NULL;
	memset(datagram, 0, offsetof(struct ozp_datagram, parts));
	datagram->key = *key;
	datagram->since = jiffies;
	__skb_queue_head_init(&datagram->held);
	INIT_LIST_HEAD(&datagram->hold);
	hlist_add_head(&datagram->link, ozp_datagram_bucket(fragments, key));
	list_add_tail(&datagram->age, &fragments->all);
	fragments->count++;
	/* One that is pending already is for an older datagram. */
	queue_delayed_work(ozp_workqueue, &fragments->expiry,
			   msecs_to_jiffies(READ_ONCE(fragments->options.timeout)));
	return datagram;
}

/* Whether the fragment ends where the datagram does, as far as that is known. */
static bool ozp_datagram_fits(const struct ozp_datagram *datagram,
			      const struct ozp_packet_fragment *fragment)
{
	u32 came = datagram->count ?
		   datagram->parts[datagram->count - 1].end : 0;

	if (datagram->total)
		return fragment->more ? fragment->end < datagram->total :
					fragment->end == datagram->total;
	return fragment->more || fragment->end >= came;
}

/* Note what a fragment brings, and say whether it may. An exact repetition may. */
static enum ozp_verdict ozp_datagram_cover(struct ozp_datagram *datagram,
					   struct ozp_packet *pkt)
{
	const struct ozp_packet_fragment *fragment = &pkt->fragment;
	struct ozp_datagram_part *parts = datagram->parts;
	u32 at = datagram->count;

	if (!ozp_datagram_fits(datagram, fragment))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_FRAGMENT_OVERLAP);
	/* From the end: usually they come in order. */
	while (at && parts[at - 1].end > fragment->offset)
		at--;
	if (at < datagram->count && parts[at].start == fragment->offset &&
	    parts[at].end == fragment->end &&
	    (fragment->more || datagram->total))
		return OZP_CONTINUE;
	if (at < datagram->count && parts[at].start < fragment->end)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_FRAGMENT_OVERLAP);
	if (datagram->count == OZP_FRAGMENT_PARTS_MAX)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_FRAGMENT_LIMIT);

	memmove(&parts[at + 1], &parts[at],
		(datagram->count - at) * sizeof(*parts));
	parts[at].start = fragment->offset;
	parts[at].end = fragment->end;
	datagram->count++;
	datagram->covered += fragment->end - fragment->offset;
	if (!fragment->more)
		datagram->total = fragment->end;
	return OZP_CONTINUE;
}

/* The first fragment tells the flow; it must not tell another one later. */
static enum ozp_verdict ozp_datagram_learn(struct ozp_datagram *datagram,
					   struct ozp_packet *pkt)
{
	const struct ozp_tuple *tuple = &pkt->tuple;

	if (datagram->known && (datagram->sport != tuple->sport ||
				datagram->dport != tuple->dport ||
				datagram->protocol != tuple->protocol))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_FRAGMENT_OVERLAP);
	datagram->known = true;
	datagram->sport = tuple->sport;
	datagram->dport = tuple->dport;
	datagram->protocol = tuple->protocol;
	return OZP_CONTINUE;
}

/* Let a fragment wait. */
static enum ozp_verdict ozp_datagram_hold(struct ozp_fragments *fragments,
					  struct ozp_datagram *datagram,
					  struct sk_buff *skb,
					  struct ozp_packet *pkt,
					  struct sk_buff_head *lost)
{
	u32 memory = READ_ONCE(fragments->options.memory);
	struct ozp_fragment_cb *cb = ozp_fragment_cb(skb);
	struct ozp_datagram *oldest;

	if (datagram->bytes + skb->truesize > OZP_FRAGMENT_HELD_MAX)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_FRAGMENT_LIMIT);
	while (fragments->bytes + skb->truesize > memory) {
		oldest = list_first_entry_or_null(&fragments->holding,
						  struct ozp_datagram, hold);
		if (!oldest || oldest == datagram)
			return ozp_refuse(pkt,
					  OZPROXY_DROP_REASON_FRAGMENT_LIMIT);
		ozp_datagram_release(fragments, oldest,
				     OZPROXY_DROP_REASON_FRAGMENT_LIMIT, lost);
	}
	cb->fragment = pkt->fragment;
	cb->l4_offset = pkt->l4_offset;
	cb->outer = pkt->outer;
	/* Nobody's send buffer and no connection waits with it; its route stays,
	 * for an answer to who sent it.
	 */
	skb_dst_force(skb);
	skb_orphan(skb);
	nf_reset_ct(skb);
	__skb_queue_tail(&datagram->held, skb);
	WRITE_ONCE(fragments->held, fragments->held + 1);
	if (list_empty(&datagram->hold))
		list_add_tail(&datagram->hold, &fragments->holding);
	datagram->bytes += skb->truesize;
	fragments->bytes += skb->truesize;
	return OZP_CONSUMED;
}

static enum ozp_verdict ozp_datagram_admit(struct ozp_fragments *fragments,
					   struct ozp_datagram *datagram,
					   struct sk_buff *skb,
					   struct ozp_packet *pkt,
					   struct sk_buff_head *waiting,
					   struct sk_buff_head *lost)
{
	enum ozp_verdict verdict;

	if (datagram->spoiled)
		return ozp_refuse(pkt, datagram->reason);
	verdict = ozp_datagram_cover(datagram, pkt);
	if (verdict != OZP_CONTINUE)
		return verdict;
	if (!ozp_packet_is_later_fragment(pkt)) {
		verdict = ozp_datagram_learn(datagram, pkt);
		if (verdict == OZP_CONTINUE)
			ozp_datagram_let_go(fragments, datagram, waiting);
		return verdict;
	}
	if (!datagram->known)
		return ozp_datagram_hold(fragments, datagram, skb, pkt, lost);
	pkt->tuple.sport = datagram->sport;
	pkt->tuple.dport = datagram->dport;
	pkt->tuple.protocol = datagram->protocol;
	return OZP_CONTINUE;
}

/* Free them without the lock. */
static void ozp_fragments_drop(struct ozp_fragments *fragments,
			       struct sk_buff_head *lost)
{
	struct ozp_packet pkt = {
		.stats = fragments->stats,
		.direction = fragments->direction,
	};
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(lost)))
		ozp_drop(skb, &pkt, ozp_fragment_cb(skb)->reason);
}

/**
 * ozp_fragment_admit() - find out which flow a fragment belongs to
 * @fragments: the datagrams of its direction
 * @skb: the fragment
 * @pkt: what is known of it; ports and protocol of a later one are filled in
 * @waiting: an empty list; a first fragment gets those that waited for it, to be
 *	taken from there by ozp_fragment_next() after it went on
 *
 * Softirq or BH off.
 *
 * Return: OZP_CONTINUE when the flow is known, OZP_CONSUMED when the fragment
 * waits for the first one, else OZP_DROP.
 */
enum ozp_verdict ozp_fragment_admit(struct ozp_fragments *fragments,
				    struct sk_buff *skb, struct ozp_packet *pkt,
				    struct sk_buff_head *waiting)
{
	struct ozp_datagram *datagram;
	struct ozp_datagram_key key;
	enum ozp_verdict verdict;
	struct sk_buff_head lost;

	__skb_queue_head_init(&lost);
	ozp_datagram_key_init(&key, pkt);
	spin_lock_bh(&fragments->lock);
	datagram = ozp_datagram_find(fragments, &key) ?:
		   ozp_datagram_new(fragments, &key, &lost);
	if (datagram)
		verdict = ozp_datagram_admit(fragments, datagram, skb, pkt,
					     waiting, &lost);
	else
		verdict = ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	if (datagram && verdict == OZP_DROP && !datagram->spoiled) {
		datagram->spoiled = true;
		datagram->reason = pkt->reason;
		ozp_datagram_lose(fragments, datagram, pkt->reason, &lost);
	} else if (datagram && datagram->known &&
		   datagram->covered == datagram->total) {
		ozp_datagram_release(fragments, datagram,
				     OZPROXY_DROP_REASON_FRAGMENT_LIMIT, &lost);
	}
	spin_unlock_bh(&fragments->lock);

	ozp_fragments_drop(fragments, &lost);
	return verdict;
}

/**
 * ozp_fragment_next() - take the next fragment that waited for the first one
 * @waiting: from ozp_fragment_admit()
 * @first: what was known of the first one before it went on
 * @pkt: what is known of the next one
 *
 * Any context.
 *
 * Return: the fragment, the caller's, or NULL when there is none.
 */
struct sk_buff *ozp_fragment_next(struct sk_buff_head *waiting,
				  const struct ozp_packet *first,
				  struct ozp_packet *pkt)
{
	struct sk_buff *skb = __skb_dequeue(waiting);
	const struct ozp_fragment_cb *cb;

	if (!skb)
		return NULL;
	cb = ozp_fragment_cb(skb);
	*pkt = (struct ozp_packet) {
		.stats = first->stats,
		.direction = first->direction,
		.tuple = first->tuple,
		.l4_offset = cb->l4_offset,
		.fragment = cb->fragment,
		.outer = cb->outer,
	};
	/* Others expect options of IP there, if anything. */
	memset(skb->cb, 0, sizeof(skb->cb));
	return skb;
}

/* Forget some datagrams that are old enough, or some of all. Return: whether there
 * may be more.
 */
static bool ozp_fragments_end_some(struct ozp_fragments *fragments, bool all)
{
	unsigned long timeout = msecs_to_jiffies(READ_ONCE(fragments->options.timeout));
	struct ozp_datagram *datagram, *next;
	struct sk_buff_head lost;
	unsigned long now, end;
	u32 count = 0;

	__skb_queue_head_init(&lost);
	local_bh_disable();
	spin_lock(&fragments->lock);
	/* Read once: a delay of less than nothing would be half an eternity. */
	now = jiffies;
	list_for_each_entry_safe(datagram, next, &fragments->all, age) {
		end = datagram->since + timeout;
		if (!all && time_before(now, end)) {
			queue_delayed_work(ozp_workqueue,
					   &fragments->expiry, end - now);
			break;
		}
		ozp_datagram_release(fragments, datagram,
				     OZPROXY_DROP_REASON_FRAGMENT_TIMEOUT,
				     &lost);
		if (++count == OZP_FRAGMENT_BATCH)
			break;
	}
	spin_unlock(&fragments->lock);
	ozp_fragments_drop(fragments, &lost);
	local_bh_enable();
	return count == OZP_FRAGMENT_BATCH;
}

/* May sleep: what packets of another device wait for is one part of it. */
static void ozp_fragments_end(struct ozp_fragments *fragments, bool all)
{
	while (ozp_fragments_end_some(fragments, all))
		cond_resched();
}

static void ozp_fragments_expire(struct work_struct *work)
{
	ozp_fragments_end(container_of(to_delayed_work(work),
				       struct ozp_fragments, expiry), false);
}

/**
 * ozp_fragments_hurry() - look at once for datagrams that are old enough
 * @fragments: the datagrams; an option changed
 */
void ozp_fragments_hurry(struct ozp_fragments *fragments)
{
	mod_delayed_work(ozp_workqueue, &fragments->expiry, 0);
}

/**
 * ozp_fragments_init() - no datagram is followed yet
 * @fragments: to be filled in, with the default limits
 * @stats: where lost fragments are counted
 * @direction: the pipeline
 */
void ozp_fragments_init(struct ozp_fragments *fragments,
			struct ozp_stats *stats,
			enum ozproxy_direction direction)
{
	memset(fragments, 0, sizeof(*fragments));
	fragments->stats = stats;
	fragments->direction = direction;
	fragments->seed = get_random_u32();
	spin_lock_init(&fragments->lock);
	INIT_LIST_HEAD(&fragments->all);
	INIT_LIST_HEAD(&fragments->holding);
	fragments->options.limit = OZP_FRAGMENT_LIMIT_DEFAULT;
	fragments->options.memory = OZP_FRAGMENT_MEMORY_DEFAULT;
	fragments->options.timeout = OZP_FRAGMENT_TIMEOUT_DEFAULT;
	INIT_DELAYED_WORK(&fragments->expiry, ozp_fragments_expire);
}

/**
 * ozp_fragments_close() - forget all datagrams
 * @fragments: the datagrams; what waits is lost and counted; no packet adds to
 *	them at present
 *
 * After this no fragment holds a route of the device's namespace, and nothing
 * runs until a fragment comes. May sleep.
 */
void ozp_fragments_close(struct ozp_fragments *fragments)
{
	cancel_delayed_work_sync(&fragments->expiry);
	ozp_fragments_end(fragments, true);
}
