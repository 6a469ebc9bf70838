// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "miss.h"

#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

/**
 * struct ozp_miss - an address that waits for an answer
 * @link: in a bucket
 * @age: in the list of all
 * @addr: the address
 * @family: its family
 * @packets: packets dropped since it was announced
 * @announced: when that was, in jiffies
 * @id: see struct ozp_miss_info
 */
struct ozp_miss {
	struct hlist_node link;
	struct list_head age;
	union ozp_addr addr;
	u8 family;
	u32 packets;
	unsigned long announced;
	u64 id;
};

static struct ozp_miss *ozp_miss_lookup(struct ozp_misses *misses, u8 family,
					const union ozp_addr *addr)
{
	u32 hash = jhash(addr, sizeof(*addr), family);
	struct ozp_miss *miss;

	lockdep_assert_held(&misses->lock);
	hash = hash_32(hash, OZP_MISS_BUCKET_BITS);
	hlist_for_each_entry(miss, &misses->buckets[hash], link)
		if (miss->family == family &&
		    ozp_addr_is_equal(&miss->addr, addr))
			return miss;
	return NULL;
}

static struct ozp_miss *ozp_miss_insert(struct ozp_misses *misses, u8 family,
					const union ozp_addr *addr)
{
	u32 hash = jhash(addr, sizeof(*addr), family);
	struct ozp_miss *miss;

	lockdep_assert_held(&misses->lock);
	miss = kzalloc(sizeof(*miss), GFP_ATOMIC | __GFP_NOWARN);
	if (!miss)
		return NULL;
	miss->addr = *addr;
	miss->family = family;
	miss->announced = jiffies;
	miss->id = ++misses->last_id;
	hash = hash_32(hash, OZP_MISS_BUCKET_BITS);
	hlist_add_head(&miss->link, &misses->buckets[hash]);
	list_add_tail(&miss->age, &misses->list);
	misses->count++;
	return miss;
}

static void ozp_miss_release(struct ozp_misses *misses, struct ozp_miss *miss)
{
	lockdep_assert_held(&misses->lock);
	hlist_del(&miss->link);
	list_del(&miss->age);
	misses->count--;
	kfree(miss);
}

static void ozp_miss_inform(const struct ozp_miss *miss,
			    struct ozp_miss_info *info)
{
	info->addr = miss->addr;
	info->family = miss->family;
	info->age_ms = jiffies_to_msecs(jiffies - miss->announced);
	info->packets = miss->packets;
	info->id = miss->id;
}

/**
 * ozp_miss_add() - note that a packet needed an address
 * @misses: where it is noted
 * @family: family of @addr
 * @addr: the address
 *
 * The first time, the address is announced; then there is silence until it is
 * answered or times out. Softirq or BH off.
 *
 * Return: the reason under which the packet is to be dropped.
 */
enum ozproxy_drop_reason ozp_miss_add(struct ozp_misses *misses, u8 family,
				      const union ozp_addr *addr)
{
	struct ozp_miss_info info;
	struct ozp_miss *miss;

	spin_lock_bh(&misses->lock);
	miss = ozp_miss_lookup(misses, family, addr);
	if (miss) {
		miss->packets++;
		spin_unlock_bh(&misses->lock);
		return OZPROXY_DROP_REASON_UNKNOWN_SERVICE;
	}
	if (misses->count >= READ_ONCE(misses->options.limit)) {
		spin_unlock_bh(&misses->lock);
		return OZPROXY_DROP_REASON_MISS_TABLE_FULL;
	}
	miss = ozp_miss_insert(misses, family, addr);
	if (!miss) {
		spin_unlock_bh(&misses->lock);
		return OZPROXY_DROP_REASON_NO_MEMORY;
	}
	miss->packets = 1;
	ozp_miss_inform(miss, &info);
	spin_unlock_bh(&misses->lock);

	/* One that is pending already is for an older address. */
	queue_delayed_work(system_unbound_wq, &misses->expiry,
			   msecs_to_jiffies(READ_ONCE(misses->options.timeout)));
	misses->notify(misses, &info);
	return OZPROXY_DROP_REASON_UNKNOWN_SERVICE;
}

/**
 * ozp_miss_answer() - the table has an address now
 * @misses: where it may wait
 * @family: family of @addr
 * @addr: the address
 */
void ozp_miss_answer(struct ozp_misses *misses, u8 family,
		     const union ozp_addr *addr)
{
	struct ozp_miss *miss;

	spin_lock_bh(&misses->lock);
	miss = ozp_miss_lookup(misses, family, addr);
	if (miss)
		ozp_miss_release(misses, miss);
	spin_unlock_bh(&misses->lock);
}

/**
 * ozp_miss_find() - look at a waiting address
 * @misses: where to look
 * @family: family of @addr
 * @addr: the address
 * @info: filled in when it waits
 *
 * Return: whether it waits.
 */
bool ozp_miss_find(struct ozp_misses *misses, u8 family,
		   const union ozp_addr *addr, struct ozp_miss_info *info)
{
	struct ozp_miss *miss;

	spin_lock_bh(&misses->lock);
	miss = ozp_miss_lookup(misses, family, addr);
	if (miss)
		ozp_miss_inform(miss, info);
	spin_unlock_bh(&misses->lock);
	return miss;
}

/**
 * ozp_miss_find_after() - go through the waiting addresses, oldest first
 * @misses: where to look
 * @id: id of the one before, 0 at first
 * @infos: filled in with those that follow
 * @count: room in @infos; the lock is held for as many look-ups as there are
 *	addresses, each time
 *
 * Return: how many were filled in; fewer than @count at the end.
 */
u32 ozp_miss_find_after(struct ozp_misses *misses, u64 id,
			struct ozp_miss_info *infos, u32 count)
{
	struct ozp_miss *miss;
	u32 found = 0;

	spin_lock_bh(&misses->lock);
	list_for_each_entry(miss, &misses->list, age) {
		if (miss->id <= id)
			continue;
		if (found == count)
			break;
		ozp_miss_inform(miss, &infos[found++]);
	}
	spin_unlock_bh(&misses->lock);
	return found;
}

static void ozp_miss_expire(struct work_struct *work)
{
	struct ozp_misses *misses = container_of(to_delayed_work(work),
						 struct ozp_misses, expiry);
	unsigned long timeout = msecs_to_jiffies(READ_ONCE(misses->options.timeout));
	struct ozp_miss *miss, *next;
	unsigned long now, end;

	spin_lock_bh(&misses->lock);
	/* Read once: a delay of less than nothing would be half an eternity. */
	now = jiffies;
	list_for_each_entry_safe(miss, next, &misses->list, age) {
		end = miss->announced + timeout;
		if (time_before(now, end)) {
			queue_delayed_work(system_unbound_wq, &misses->expiry,
					   end - now);
			break;
		}
		ozp_miss_release(misses, miss);
	}
	spin_unlock_bh(&misses->lock);
}

/**
 * ozp_misses_hurry() - look at once for addresses that have waited enough
 * @misses: where they wait; an option changed
 */
void ozp_misses_hurry(struct ozp_misses *misses)
{
	mod_delayed_work(system_unbound_wq, &misses->expiry, 0);
}

/**
 * ozp_misses_init() - nothing waits yet
 * @misses: to be filled in, with the default limits
 * @notify: announces an address; see struct ozp_misses
 */
void ozp_misses_init(struct ozp_misses *misses,
		     void (*notify)(struct ozp_misses *misses,
				    const struct ozp_miss_info *info))
{
	spin_lock_init(&misses->lock);
	memset(misses->buckets, 0, sizeof(misses->buckets));
	INIT_LIST_HEAD(&misses->list);
	misses->count = 0;
	misses->options.limit = OZP_MISS_LIMIT_DEFAULT;
	misses->options.timeout = OZP_MISS_TIMEOUT_DEFAULT;
	misses->last_id = 0;
	misses->notify = notify;
	INIT_DELAYED_WORK(&misses->expiry, ozp_miss_expire);
}

/**
 * ozp_misses_uninit() - forget all waiting addresses
 * @misses: no packet adds to them any more
 *
 * May sleep.
 */
void ozp_misses_uninit(struct ozp_misses *misses)
{
	struct ozp_miss *miss, *next;

	cancel_delayed_work_sync(&misses->expiry);
	spin_lock_bh(&misses->lock);
	list_for_each_entry_safe(miss, next, &misses->list, age)
		ozp_miss_release(misses, miss);
	spin_unlock_bh(&misses->lock);
}
