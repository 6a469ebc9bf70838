// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The ends of a wait: an answer, a negative answer, the time-out, the end of the
 * device. Packets are handed back without the lock.
 */

#include "miss.h"

#include <linux/slab.h>

#include "miss_parts.h"

static void ozp_misses_release_all(struct ozp_misses *misses,
				   struct sk_buff_head *packets)
{
	struct ozp_outer outer;
	struct sk_buff *skb;

	local_bh_disable();
	while ((skb = __skb_dequeue(packets))) {
		ozp_miss_leave(skb, &outer);
		misses->events->release(misses, skb, &outer);
	}
	local_bh_enable();
}

static void ozp_misses_reject_all(struct ozp_misses *misses,
				  struct sk_buff_head *packets,
				  enum ozproxy_drop_reason reason)
{
	struct ozp_outer outer;
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(packets))) {
		ozp_miss_leave(skb, &outer);
		local_bh_disable();
		misses->events->reject(misses, skb, reason);
		local_bh_enable();
	}
}

/**
 * ozp_misses_answered() - the table has changed, and answers follow
 * @misses: where packets wait
 *
 * Before ozp_miss_answer() for each of its addresses. A packet that came too
 * early to find its address in the table is either found by that, or is about
 * to wait and notices this. Process context.
 *
 * Return: false when that has nothing to find.
 */
bool ozp_misses_answered(struct ozp_misses *misses)
{
	bool any;

	spin_lock_bh(&misses->lock);
	any = !list_empty(&misses->list);
	/* After the table: pairs with ozp_misses_epoch(). */
	smp_store_release(&misses->epoch, misses->epoch + 1);
	spin_unlock_bh(&misses->lock);
	return any;
}

/**
 * ozp_miss_answer() - the table has an address now
 * @misses: where packets may wait for it
 * @family: family of @addr
 * @addr: the address
 *
 * What waits goes on, in order. Packets of a new flow that come before this
 * wait behind them (ozp_miss_join()); those that come while the last ones are
 * handed back, for some microseconds, may overtake them, as may those of a flow
 * that was asleep: a flow that exists does not ask anybody. May sleep.
 */
void ozp_miss_answer(struct ozp_misses *misses, u8 family,
		     const union ozp_addr *addr)
{
	struct ozp_address key = { .addr = *addr, .family = family };
	struct sk_buff_head packets;
	struct ozp_miss *miss;

	__skb_queue_head_init(&packets);
	spin_lock_bh(&misses->lock);
	miss = ozp_miss_lookup(misses, &key);
	if (miss)
		ozp_miss_release(misses, miss, &packets);
	spin_unlock_bh(&misses->lock);
	ozp_misses_release_all(misses, &packets);
}

static void ozp_misses_evict_negatives(struct ozp_misses *misses)
{
	struct ozp_miss *miss;

	lockdep_assert_held(&misses->lock);
	while (misses->negative_count >
	       READ_ONCE(misses->options.negative_limit)) {
		miss = list_first_entry(&misses->negatives, struct ozp_miss,
					negative);
		ozp_miss_release(misses, miss, NULL);
	}
}

/**
 * ozp_miss_resolve() - nobody has an address
 * @misses: where packets may wait for it
 * @key: the address
 * @lifetime_ms: for so long; 0 to remember nothing
 *
 * What waits is rejected. May sleep.
 *
 * Return: 0, or -ENOMEM with nothing changed.
 */
int ozp_miss_resolve(struct ozp_misses *misses, const struct ozp_address *key,
		     u32 lifetime_ms)
{
	struct ozp_miss *old, *negative = NULL;
	struct sk_buff_head packets;
	bool hurry = false;

	if (lifetime_ms) {
		negative = kzalloc(sizeof(*negative), GFP_KERNEL_ACCOUNT);
		if (!negative)
			return -ENOMEM;
	}
	__skb_queue_head_init(&packets);
	spin_lock_bh(&misses->lock);
	old = ozp_miss_lookup(misses, key);
	if (old)
		ozp_miss_release(misses, old, &packets);
	if (negative) {
		ozp_miss_insert(misses, negative, key, lifetime_ms);
		negative->state = OZPROXY_MISS_STATE_NEGATIVE;
		list_add_tail(&negative->negative, &misses->negatives);
		WRITE_ONCE(misses->negative_count, misses->negative_count + 1);
		hurry = ozp_miss_schedule(misses, negative);
		ozp_misses_evict_negatives(misses);
	}
	spin_unlock_bh(&misses->lock);
	if (hurry)
		ozp_misses_hurry(misses);
	ozp_misses_reject_all(misses, &packets,
			      misses->reasons[OZP_MISS_UNKNOWN]);
	return 0;
}

/**
 * ozp_miss_deny() - nobody has an address that was announced
 * @misses: where packets may wait for it
 * @key: the address
 * @lifetime_ms: for so long; more than 0
 *
 * What waits is rejected. The answer keeps the place of the address, which its
 * source goes on to pay for: so a source cannot have more addresses announced
 * in OZP_ARRIVAL_NEGATIVE_MIN than it may have waiting. After that it gives its
 * place to an address that finds no other. May sleep.
 *
 * Return: whether the address was there.
 */
bool ozp_miss_deny(struct ozp_misses *misses, const struct ozp_address *key,
		   u32 lifetime_ms)
{
	struct sk_buff_head packets;
	struct ozp_miss *miss;
	bool hurry = false;

	__skb_queue_head_init(&packets);
	spin_lock_bh(&misses->lock);
	miss = ozp_miss_lookup(misses, key);
	if (miss) {
		ozp_miss_dequeue_all(misses, miss, &packets);
		miss->state = OZPROXY_MISS_STATE_NEGATIVE;
		miss->since = misses->clock();
		miss->packets = 0;
		miss->end = miss->since + lifetime_ms;
		list_move_tail(&miss->negative, &misses->denied);
		list_move_tail(&miss->denied, &miss->source->denied);
		hurry = ozp_miss_schedule(misses, miss);
	}
	spin_unlock_bh(&misses->lock);
	if (hurry)
		ozp_misses_hurry(misses);
	ozp_misses_reject_all(misses, &packets,
			      misses->reasons[OZP_MISS_UNKNOWN]);
	return miss;
}

/* The first thing that is due, if one is. */
static bool ozp_misses_run_one(struct ozp_misses *misses, u64 now)
{
	struct timerqueue_node *first;
	struct sk_buff_head packets;
	struct ozp_miss_info info;
	struct ozp_miss *miss;
	bool announce = false;

	__skb_queue_head_init(&packets);
	spin_lock_bh(&misses->lock);
	first = timerqueue_getnext(&misses->timers);
	if (!first || first->expires > now) {
		spin_unlock_bh(&misses->lock);
		return false;
	}
	miss = container_of(first, struct ozp_miss, timer);
	if (miss->end <= now) {
		ozp_miss_release(misses, miss, &packets);
	} else {
		announce = true;
		miss->announced++;
		miss->interval *= 2;
		miss->repeat = now + miss->interval;
		ozp_miss_schedule(misses, miss);
		ozp_miss_inform(misses, miss, &info);
	}
	spin_unlock_bh(&misses->lock);
	ozp_misses_reject_all(misses, &packets,
			      misses->reasons[OZP_MISS_TIMEOUT]);
	if (announce)
		misses->events->notify(misses, &info);
	return true;
}

/**
 * ozp_misses_run() - announce again and forget what is due for it
 * @misses: where packets wait
 *
 * May sleep.
 */
void ozp_misses_run(struct ozp_misses *misses)
{
	u64 now = misses->clock();

	while (ozp_misses_run_one(misses, now))
		cond_resched();
}

/**
 * ozp_misses_options_changed() - apply new options to what is there
 * @misses: where packets wait
 *
 * Time-outs count from the first announcement, whatever they were then. What
 * exceeds a limit stays, but for negative answers. Process context.
 */
void ozp_misses_options_changed(struct ozp_misses *misses)
{
	struct ozp_miss *miss;
	u64 end;

	spin_lock_bh(&misses->lock);
	list_for_each_entry(miss, &misses->list, all) {
		end = miss->since + READ_ONCE(misses->options.timeout);
		/* Mostly another option changed, and packets wait for this. */
		if (miss->state == OZPROXY_MISS_STATE_NEGATIVE ||
		    miss->end == end)
			continue;
		miss->end = end;
		ozp_miss_schedule(misses, miss);
	}
	ozp_misses_evict_negatives(misses);
	spin_unlock_bh(&misses->lock);
	ozp_misses_hurry(misses);
}

/**
 * ozp_misses_forget() - forget addresses
 * @misses: where packets wait, closed
 * @all: also those that nobody has
 *
 * What waits is rejected. May sleep: there may be many, and each packet of
 * another device that shares this processor would wait for all of them.
 */
void ozp_misses_forget(struct ozp_misses *misses, bool all)
{
	struct sk_buff_head packets;
	struct ozp_miss *miss, *next;
	u32 count;

	__skb_queue_head_init(&packets);
	do {
		count = 0;
		spin_lock_bh(&misses->lock);
		list_for_each_entry_safe(miss, next, &misses->list, all) {
			if (!all && miss->state != OZPROXY_MISS_STATE_WAITING)
				continue;
			ozp_miss_release(misses, miss, &packets);
			if (++count == OZP_MISS_BATCH)
				break;
		}
		spin_unlock_bh(&misses->lock);
		ozp_misses_reject_all(misses, &packets,
				      OZPROXY_DROP_REASON_DEVICE_DOWN);
		cond_resched();
	} while (count == OZP_MISS_BATCH);
}

/**
 * ozp_misses_close() - end all waiting
 * @misses: where packets wait
 *
 * No packet, and with it no route and no socket of the device's namespace, is
 * kept after this; negative answers are. May sleep.
 */
void ozp_misses_close(struct ozp_misses *misses)
{
	spin_lock_bh(&misses->lock);
	misses->open = false;
	spin_unlock_bh(&misses->lock);
	ozp_misses_forget(misses, false);
}
