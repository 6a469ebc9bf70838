// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The beginning of a wait: the packet path. */

#include "miss.h"

#include <linux/slab.h>

#include "miss_parts.h"

/* An answer that was kept for long enough makes room, whatever its lifetime: else
 * who invents addresses keeps out all others for as long.
 */
static void ozp_miss_make_room(struct ozp_misses *misses, struct ozp_miss *oldest)
{
	if (oldest &&
	    misses->clock() - oldest->since >= OZP_ARRIVAL_NEGATIVE_MIN)
		ozp_miss_release(misses, oldest, NULL);
}

/* An address that was not used before, if it may wait. */
static enum ozp_verdict ozp_miss_new(struct ozp_misses *misses,
				     struct ozp_miss_source *source,
				     const struct ozp_address *key,
				     struct ozp_packet *pkt,
				     struct ozp_miss **miss)
{
	const struct ozp_miss_options *options = &misses->options;

	lockdep_assert_held(&misses->lock);
	if (source->addresses >= READ_ONCE(options->source_limit))
		ozp_miss_make_room(misses,
				   list_first_entry_or_null(&source->denied,
							    struct ozp_miss,
							    denied));
	if (misses->count >= READ_ONCE(options->limit) &&
	    source->addresses < READ_ONCE(options->source_limit))
		ozp_miss_make_room(misses,
				   list_first_entry_or_null(&misses->denied,
							    struct ozp_miss,
							    negative));
	if (misses->count >= READ_ONCE(options->limit))
		return ozp_miss_refuse(misses, pkt, OZP_MISS_TABLE_FULL);
	if (source->addresses >= READ_ONCE(options->source_limit))
		return ozp_miss_refuse(misses, pkt, OZP_MISS_SOURCE_FULL);
	*miss = kzalloc(sizeof(**miss), GFP_ATOMIC | __GFP_NOWARN);
	if (!*miss)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	ozp_miss_insert(misses, *miss, key, READ_ONCE(options->timeout));
	(*miss)->state = OZPROXY_MISS_STATE_WAITING;
	(*miss)->announced = 1;
	(*miss)->interval = READ_ONCE(options->repeat_timeout);
	(*miss)->repeat = (*miss)->since + (*miss)->interval;
	source->users++;
	source->addresses++;
	(*miss)->source = source;
	WRITE_ONCE(misses->count, misses->count + 1);
	return OZP_CONTINUE;
}

/**
 * struct ozp_miss_news - what is to be done when the lock is free again
 * @info: what to announce
 * @announce: whether
 * @hurry: the work is to come earlier
 */
struct ozp_miss_news {
	struct ozp_miss_info info;
	bool announce;
	bool hurry;
};

/* An address is announced even when the packet cannot wait for lack of room:
 * the next one finds the answer.
 */
static enum ozp_verdict ozp_miss_wait_at(struct ozp_misses *misses,
					 struct ozp_miss_source *source,
					 struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 const struct ozp_address *key,
					 struct ozp_miss_news *news)
{
	struct ozp_miss *miss = ozp_miss_lookup(misses, key);
	enum ozp_verdict verdict;

	if (!miss) {
		verdict = ozp_miss_new(misses, source, key, pkt, &miss);
		if (verdict != OZP_CONTINUE)
			return verdict;
		news->announce = true;
	}
	miss->packets++;
	if (miss->state == OZPROXY_MISS_STATE_NEGATIVE)
		return ozp_miss_refuse(misses, pkt, OZP_MISS_UNKNOWN);
	verdict = ozp_miss_enqueue(misses, miss, source, skb, pkt);
	if (news->announce || skb_queue_len(&miss->queue) == 1)
		news->hurry = ozp_miss_schedule(misses, miss);
	if (news->announce)
		ozp_miss_inform(misses, miss, &news->info);
	return verdict;
}

/**
 * ozp_miss_wait() - let a packet wait for an address
 * @misses: where packets wait
 * @skb: the packet, consumed if it waits
 * @pkt: what is known of it
 * @want: what it waits for
 *
 * The first time, the address is announced. An answer is either found by a
 * sender that reads the epoch and then the table, or finds its packet waiting:
 * what came in between is told by the epoch. Softirq or BH off.
 *
 * Return: OZP_CONSUMED when it waits, OZP_DROP when it may not, OZP_CONTINUE
 * when an answer came since @want->epoch: the table may have the address now.
 */
enum ozp_verdict ozp_miss_wait(struct ozp_misses *misses, struct sk_buff *skb,
			       struct ozp_packet *pkt,
			       const struct ozp_miss_want *want)
{
	struct ozp_miss_news news = {};
	struct ozp_miss_source *source;
	enum ozp_verdict verdict;

	spin_lock_bh(&misses->lock);
	if (misses->epoch != want->epoch) {
		verdict = OZP_CONTINUE;
		goto out_unlock;
	}
	if (!misses->open) {
		verdict = ozp_refuse(pkt, OZPROXY_DROP_REASON_DEVICE_DOWN);
		goto out_unlock;
	}
	source = ozp_miss_source_get(misses, &want->source);
	if (!source) {
		verdict = ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
		goto out_unlock;
	}
	verdict = ozp_miss_wait_at(misses, source, skb, pkt, &want->addr,
				   &news);
	ozp_miss_source_put(source);
out_unlock:
	spin_unlock_bh(&misses->lock);
	if (news.hurry)
		ozp_misses_hurry(misses);
	if (news.announce)
		misses->events->notify(misses, &news.info);
	return verdict;
}

/**
 * ozp_miss_join() - let a packet wait behind others
 * @misses: where packets wait
 * @skb: the packet, consumed if it waits
 * @pkt: what is known of it
 * @want: what it waits for; the epoch does not matter
 *
 * For those who are about to find an answer that is in the table already, while
 * packets that came earlier wait for it: whoever brought the answer sees to
 * these next, and to this one behind them. Softirq or BH off.
 *
 * Return: OZP_CONSUMED when it waits, OZP_CONTINUE when nobody does or there is
 * no room: overtaking is better than being lost.
 */
enum ozp_verdict ozp_miss_join(struct ozp_misses *misses, struct sk_buff *skb,
			       struct ozp_packet *pkt,
			       const struct ozp_miss_want *want)
{
	enum ozp_verdict verdict = OZP_CONTINUE;
	struct ozp_miss_source *source;
	struct ozp_miss *miss;

	if (!READ_ONCE(misses->packets))
		return OZP_CONTINUE;
	spin_lock_bh(&misses->lock);
	miss = ozp_miss_lookup(misses, &want->addr);
	if (!miss || skb_queue_empty(&miss->queue))
		goto out_unlock;
	source = ozp_miss_source_get(misses, &want->source);
	if (!source)
		goto out_unlock;
	if (ozp_miss_enqueue(misses, miss, source, skb, pkt) ==
	    OZP_CONSUMED) {
		miss->packets++;
		verdict = OZP_CONSUMED;
	}
	ozp_miss_source_put(source);
out_unlock:
	spin_unlock_bh(&misses->lock);
	return verdict;
}
