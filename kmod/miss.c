// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "miss.h"

#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "miss_parts.h"
#include "work.h"

static const enum ozproxy_drop_reason
ozp_miss_reasons[OZP_MISS_REFUSAL_COUNT] = {
	[OZP_MISS_TABLE_FULL] = OZPROXY_DROP_REASON_MISS_TABLE_FULL,
	[OZP_MISS_SOURCE_FULL] = OZPROXY_DROP_REASON_MISS_SOURCE_FULL,
	[OZP_MISS_QUEUE_FULL] = OZPROXY_DROP_REASON_MISS_QUEUE_FULL,
	[OZP_MISS_SOURCE_QUEUE_FULL] =
		OZPROXY_DROP_REASON_MISS_SOURCE_QUEUE_FULL,
	[OZP_MISS_PACKETS_FULL] = OZPROXY_DROP_REASON_MISS_PACKETS_FULL,
	[OZP_MISS_MEMORY_FULL] = OZPROXY_DROP_REASON_MISS_MEMORY_FULL,
	[OZP_MISS_UNKNOWN] = OZPROXY_DROP_REASON_UNKNOWN_SERVICE,
	[OZP_MISS_TIMEOUT] = OZPROXY_DROP_REASON_MISS_TIMEOUT,
};

/**
 * ozp_miss_lookup() - find an address
 * @misses: where to look, locked
 * @key: the address
 *
 * Return: what is known of it, valid under the lock, or NULL.
 */
struct ozp_miss *ozp_miss_lookup(struct ozp_misses *misses,
				 const struct ozp_address *key)
{
	u32 hash = ozp_miss_hash(misses, key, OZP_MISS_BUCKET_BITS);
	struct ozp_miss *miss;

	lockdep_assert_held(&misses->lock);
	hlist_for_each_entry(miss, &misses->buckets[hash], link)
		if (ozp_address_is_equal(&miss->key, key))
			return miss;
	return NULL;
}

/**
 * ozp_miss_schedule() - have it looked at when something is to be done about it
 * @misses: where it is, locked
 * @miss: the address: it ends, or is to be announced again as packets wait
 *
 * Return: whether nothing else is due earlier: then ozp_misses_hurry() is to be
 * called once the lock is free.
 */
bool ozp_miss_schedule(struct ozp_misses *misses, struct ozp_miss *miss)
{
	u64 due = miss->end;

	lockdep_assert_held(&misses->lock);
	if (!skb_queue_empty(&miss->queue))
		due = min(due, miss->repeat);
	if (!RB_EMPTY_NODE(&miss->timer.node))
		timerqueue_del(&misses->timers, &miss->timer);
	miss->timer.expires = due;
	return timerqueue_add(&misses->timers, &miss->timer);
}

/**
 * ozp_misses_hurry() - let the work come when the first thing is due
 * @misses: what the work is about
 *
 * Any context. The work is told while the lock is held: else one who looked
 * earlier could put it off again.
 */
void ozp_misses_hurry(struct ozp_misses *misses)
{
	struct timerqueue_node *first;
	u64 now, due;

	spin_lock_bh(&misses->lock);
	first = timerqueue_getnext(&misses->timers);
	if (first) {
		now = misses->clock();
		due = max_t(u64, first->expires, now);
		mod_delayed_work(ozp_workqueue, &misses->work,
				 msecs_to_jiffies(due - now));
	}
	spin_unlock_bh(&misses->lock);
}

/**
 * ozp_miss_insert() - begin to know an address
 * @misses: where it will be found, locked
 * @miss: zeroed; owned by @misses from now on; to be scheduled
 * @key: the address, which is not there yet
 * @lifetime_ms: when it ends
 */
void ozp_miss_insert(struct ozp_misses *misses, struct ozp_miss *miss,
		     const struct ozp_address *key, u64 lifetime_ms)
{
	u32 hash = ozp_miss_hash(misses, key, OZP_MISS_BUCKET_BITS);

	lockdep_assert_held(&misses->lock);
	miss->key = *key;
	INIT_LIST_HEAD(&miss->negative);
	INIT_LIST_HEAD(&miss->denied);
	__skb_queue_head_init(&miss->queue);
	timerqueue_init(&miss->timer);
	miss->since = misses->clock();
	miss->end = miss->since + lifetime_ms;
	miss->id = ++misses->last_id;
	hlist_add_head(&miss->link, &misses->buckets[hash]);
	list_add_tail(&miss->all, &misses->list);
}

/**
 * ozp_miss_release() - forget an address
 * @misses: where it is, locked
 * @miss: the address
 * @packets: what waits for it is appended here and becomes the caller's; may be
 *	NULL for one that nobody has
 */
void ozp_miss_release(struct ozp_misses *misses, struct ozp_miss *miss,
		      struct sk_buff_head *packets)
{
	lockdep_assert_held(&misses->lock);
	list_del(&miss->denied);
	if (!miss->source) {
		WRITE_ONCE(misses->negative_count, misses->negative_count - 1);
	} else {
		ozp_miss_dequeue_all(misses, miss, packets);
		WRITE_ONCE(misses->count, misses->count - 1);
		miss->source->addresses--;
		ozp_miss_source_put(miss->source);
	}
	hlist_del(&miss->link);
	list_del(&miss->all);
	list_del(&miss->negative);
	timerqueue_del(&misses->timers, &miss->timer);
	kfree(miss);
}

/**
 * ozp_miss_inform() - copy what is known of an address
 * @misses: where it is, locked
 * @miss: the address
 * @info: filled in
 */
void ozp_miss_inform(const struct ozp_misses *misses,
		     const struct ozp_miss *miss, struct ozp_miss_info *info)
{
	u64 now = misses->clock();

	info->key = miss->key;
	info->state = miss->state;
	info->age_ms = now - miss->since;
	info->lifetime_ms = miss->end > now ? miss->end - now : 0;
	info->packets = miss->packets;
	info->waiting = skb_queue_len(&miss->queue);
	info->announced = miss->announced;
	info->id = miss->id;
	info->arrival = misses->events->arrivals;
}

/**
 * ozp_miss_find() - look at an address without a table entry
 * @misses: where to look
 * @key: the address
 * @info: filled in when it waits, or nobody has it
 *
 * Return: whether.
 */
bool ozp_miss_find(struct ozp_misses *misses, const struct ozp_address *key,
		   struct ozp_miss_info *info)
{
	struct ozp_miss *miss;

	spin_lock_bh(&misses->lock);
	miss = ozp_miss_lookup(misses, key);
	if (miss)
		ozp_miss_inform(misses, miss, info);
	spin_unlock_bh(&misses->lock);
	return miss;
}

/* The place itself while it is there: only who stands on one that went meanwhile
 * is led there from the beginning.
 */
static struct list_head *ozp_miss_place_find(struct ozp_misses *misses,
					     const struct ozp_miss_place *place)
{
	struct ozp_miss *miss;

	if (!place->id)
		return &misses->list;
	miss = ozp_miss_lookup(misses, &place->key);
	if (miss && miss->id == place->id)
		return &miss->all;
	list_for_each_entry(miss, &misses->list, all)
		if (miss->id > place->id)
			return miss->all.prev;
	return misses->list.prev;
}

/**
 * ozp_miss_find_after() - go through the addresses, oldest first
 * @misses: where to look
 * @last: the one before
 * @infos: filled in with those that follow
 * @count: room in @infos
 *
 * Return: how many were filled in; fewer than @count at the end.
 */
u32 ozp_miss_find_after(struct ozp_misses *misses,
			const struct ozp_miss_place *last,
			struct ozp_miss_info *infos, u32 count)
{
	struct list_head *pos;
	u32 found = 0;

	spin_lock_bh(&misses->lock);
	pos = ozp_miss_place_find(misses, last)->next;
	for (; pos != &misses->list && found < count; pos = pos->next)
		ozp_miss_inform(misses, list_entry(pos, struct ozp_miss, all),
				&infos[found++]);
	spin_unlock_bh(&misses->lock);
	return found;
}

static void ozp_misses_work(struct work_struct *work)
{
	struct ozp_misses *misses = container_of(to_delayed_work(work),
						 struct ozp_misses, work);

	ozp_misses_run(misses);
	ozp_misses_hurry(misses);
}

static u64 ozp_misses_clock(void)
{
	return ktime_to_ms(ktime_get());
}

/**
 * ozp_misses_init() - nothing waits, and nothing may yet
 * @misses: to be filled in, with the default limits
 * @events: what the layer above does
 */
void ozp_misses_init(struct ozp_misses *misses,
		     const struct ozp_miss_events *events)
{
	memset(misses, 0, sizeof(*misses));
	spin_lock_init(&misses->lock);
	misses->seed = get_random_u32();
	INIT_LIST_HEAD(&misses->list);
	INIT_LIST_HEAD(&misses->negatives);
	INIT_LIST_HEAD(&misses->denied);
	timerqueue_init_head(&misses->timers);
	misses->options.limit = OZP_MISS_LIMIT_DEFAULT;
	misses->options.source_limit = OZP_MISS_SOURCE_LIMIT_DEFAULT;
	misses->options.packets = OZP_MISS_PACKETS_DEFAULT;
	misses->options.address_packets = OZP_MISS_ADDRESS_PACKETS_DEFAULT;
	misses->options.source_packets = OZP_MISS_SOURCE_PACKETS_DEFAULT;
	misses->options.memory = OZP_MISS_MEMORY_DEFAULT;
	misses->options.timeout = OZP_MISS_TIMEOUT_DEFAULT;
	misses->options.repeat_timeout = OZP_MISS_REPEAT_TIMEOUT_DEFAULT;
	misses->options.negative_limit = OZP_NEGATIVE_LIMIT_DEFAULT;
	misses->events = events;
	misses->reasons = events->reasons ?: ozp_miss_reasons;
	misses->clock = ozp_misses_clock;
	INIT_DELAYED_WORK(&misses->work, ozp_misses_work);
}

/**
 * ozp_misses_open() - packets may wait from now on
 * @misses: where
 */
void ozp_misses_open(struct ozp_misses *misses)
{
	spin_lock_bh(&misses->lock);
	misses->open = true;
	spin_unlock_bh(&misses->lock);
}

/**
 * ozp_misses_uninit() - forget all addresses
 * @misses: no packet comes any more
 *
 * May sleep.
 */
void ozp_misses_uninit(struct ozp_misses *misses)
{
	ozp_misses_close(misses);
	cancel_delayed_work_sync(&misses->work);
	ozp_misses_forget(misses, true);
}
