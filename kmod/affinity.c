// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* An affinity holds no reference: it names its service by an id that is never
 * used again, and its instance by a number that the user of it looks for. What
 * became of them is found out then.
 */

#include "affinity.h"

#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "clock.h"
#include "work.h"

/**
 * struct ozp_affinity - which instance a client had last
 * @link: in a bucket
 * @age: in the list of all
 * @key: the client and its service
 * @number: the instance
 * @used: time of last use, see clock.h
 * @timeout_ms: for how long it holds after that
 */
struct ozp_affinity {
	struct hlist_node link;
	struct list_head age;
	struct ozp_affinity_key key;
	u32 number;
	u32 used;
	u32 timeout_ms;
};

static struct hlist_head *
ozp_affinity_bucket(struct ozp_affinities *affinities,
		    const struct ozp_affinity_key *key)
{
	u32 hash = jhash(&key->client, sizeof(key->client),
			 hash_64(key->service, 32));

	return &affinities->buckets[hash_32(hash, OZP_AFFINITY_BUCKET_BITS)];
}

static struct ozp_affinity *
ozp_affinity_lookup(struct ozp_affinities *affinities,
		    const struct ozp_affinity_key *key)
{
	struct ozp_affinity *affinity;

	lockdep_assert_held(&affinities->lock);
	hlist_for_each_entry(affinity, ozp_affinity_bucket(affinities, key),
			     link)
		if (affinity->key.service == key->service &&
		    affinity->key.family == key->family &&
		    ozp_addr_is_equal(&affinity->key.client, &key->client))
			return affinity;
	return NULL;
}

static void ozp_affinity_release(struct ozp_affinities *affinities,
				 struct ozp_affinity *affinity)
{
	lockdep_assert_held(&affinities->lock);
	hlist_del(&affinity->link);
	list_del(&affinity->age);
	affinities->count--;
	kfree(affinity);
}

static bool ozp_affinity_is_over(const struct ozp_affinity *affinity, u32 now,
				 u32 timeout_ms)
{
	return ozp_clock_ms(now - affinity->used) > timeout_ms;
}

static void ozp_affinity_use(struct ozp_affinities *affinities,
			     struct ozp_affinity *affinity, u32 timeout_ms)
{
	affinity->used = ozp_clock_now();
	affinity->timeout_ms = timeout_ms;
	list_move_tail(&affinity->age, &affinities->list);
}

/**
 * ozp_affinity_find() - find the instance that a client had last
 * @affinities: where to look
 * @key: the client and its service
 * @timeout_ms: how long ago that may be, as the service has it now
 * @number: number of the instance, if there is one
 *
 * What is found counts as used. Softirq or BH off.
 *
 * Return: whether there is one.
 */
bool ozp_affinity_find(struct ozp_affinities *affinities,
		       const struct ozp_affinity_key *key, u32 timeout_ms,
		       u32 *number)
{
	struct ozp_affinity *affinity;
	bool found = false;

	spin_lock_bh(&affinities->lock);
	affinity = ozp_affinity_lookup(affinities, key);
	if (affinity &&
	    !ozp_affinity_is_over(affinity, ozp_clock_now(), timeout_ms)) {
		ozp_affinity_use(affinities, affinity, timeout_ms);
		*number = affinity->number;
		found = true;
	}
	spin_unlock_bh(&affinities->lock);
	return found;
}

/* Room for one more: at the limit the one that was not used for longest goes. */
static struct ozp_affinity *
ozp_affinity_insert(struct ozp_affinities *affinities,
		    const struct ozp_affinity_key *key)
{
	struct ozp_affinity *affinity;

	affinity = kzalloc(sizeof(*affinity), GFP_ATOMIC | __GFP_NOWARN);
	if (!affinity)
		return NULL;
	while (affinities->count &&
	       affinities->count >= READ_ONCE(affinities->options.limit))
		ozp_affinity_release(affinities,
				     list_first_entry(&affinities->list,
						      struct ozp_affinity,
						      age));
	affinity->key = *key;
	hlist_add_head(&affinity->link, ozp_affinity_bucket(affinities, key));
	list_add_tail(&affinity->age, &affinities->list);
	affinities->count++;
	return affinity;
}

/**
 * ozp_affinity_keep() - remember the instance that a client has
 * @affinities: where it will be found
 * @key: the client and its service
 * @timeout_ms: for how long
 * @number: number of the instance
 *
 * Without memory it is not remembered. Softirq or BH off.
 */
void ozp_affinity_keep(struct ozp_affinities *affinities,
		       const struct ozp_affinity_key *key, u32 timeout_ms,
		       u32 number)
{
	struct ozp_affinity *affinity;

	spin_lock_bh(&affinities->lock);
	affinity = ozp_affinity_lookup(affinities, key) ?:
		   ozp_affinity_insert(affinities, key);
	if (affinity) {
		affinity->number = number;
		ozp_affinity_use(affinities, affinity, timeout_ms);
	}
	spin_unlock_bh(&affinities->lock);
	queue_delayed_work(ozp_workqueue, &affinities->expiry,
			   OZP_AFFINITY_INTERVAL);
}

/* A bucket at a time, so that packets wait for one bucket at most. */
static void ozp_affinity_expire(struct work_struct *work)
{
	struct ozp_affinities *affinities =
		container_of(to_delayed_work(work), struct ozp_affinities,
			     expiry);
	struct ozp_affinity *affinity;
	struct hlist_node *next;
	unsigned int i;
	u32 now;

	for (i = 0; i < ARRAY_SIZE(affinities->buckets); i++) {
		spin_lock_bh(&affinities->lock);
		now = ozp_clock_now();
		hlist_for_each_entry_safe(affinity, next,
					  &affinities->buckets[i], link)
			if (ozp_affinity_is_over(affinity, now,
						 affinity->timeout_ms))
				ozp_affinity_release(affinities, affinity);
		spin_unlock_bh(&affinities->lock);
		cond_resched();
	}
	if (READ_ONCE(affinities->count))
		queue_delayed_work(ozp_workqueue, &affinities->expiry,
				   OZP_AFFINITY_INTERVAL);
}

/**
 * ozp_affinities_init() - nobody has an affinity yet
 * @affinities: to be filled in, with the default limit
 */
void ozp_affinities_init(struct ozp_affinities *affinities)
{
	spin_lock_init(&affinities->lock);
	memset(affinities->buckets, 0, sizeof(affinities->buckets));
	INIT_LIST_HEAD(&affinities->list);
	affinities->count = 0;
	affinities->options.limit = OZP_AFFINITY_LIMIT_DEFAULT;
	INIT_DELAYED_WORK(&affinities->expiry, ozp_affinity_expire);
}

/**
 * ozp_affinities_uninit() - forget all affinities
 * @affinities: no packet adds to them any more
 *
 * May sleep.
 */
void ozp_affinities_uninit(struct ozp_affinities *affinities)
{
	struct ozp_affinity *affinity, *next;

	cancel_delayed_work_sync(&affinities->expiry);
	spin_lock_bh(&affinities->lock);
	list_for_each_entry_safe(affinity, next, &affinities->list, age)
		ozp_affinity_release(affinities, affinity);
	spin_unlock_bh(&affinities->lock);
}
