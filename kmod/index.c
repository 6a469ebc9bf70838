// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "index.h"

#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "hash.h"

static u32 ozp_index_hash(const void *data, u32 len, u32 seed)
{
	const struct ozp_address *key = data;

	return ozp_hash_addr(key->family, &key->addr, seed);
}

static int ozp_index_compare(struct rhashtable_compare_arg *arg,
			     const void *obj)
{
	const struct ozp_index_entry *entry = obj;

	return !ozp_address_is_equal(arg->key, &entry->key);
}

static const struct rhashtable_params ozp_index_params = {
	.head_offset = offsetof(struct ozp_index_entry, link),
	.key_offset = offsetof(struct ozp_index_entry, key),
	.key_len = sizeof(struct ozp_address),
	.hashfn = ozp_index_hash,
	.obj_cmpfn = ozp_index_compare,
	.automatic_shrinking = true,
};

/**
 * ozp_index_lookup_rcu() - find an address
 * @index: where to look
 * @family: family of @addr
 * @addr: the address
 *
 * Caller is in an RCU read section.
 *
 * Return: its entry, valid in that section, or NULL.
 */
struct ozp_index_entry *ozp_index_lookup_rcu(struct rhashtable *index,
					     u8 family,
					     const union ozp_addr *addr)
{
	struct ozp_address key = { .addr = *addr, .family = family };

	return rhashtable_lookup(index, &key, ozp_index_params);
}

/**
 * ozp_index_find() - find an address, for those who may remove it
 * @index: where to look
 * @family: family of @addr
 * @addr: the address
 *
 * Return: its entry, valid until the caller removes it, or NULL.
 */
struct ozp_index_entry *ozp_index_find(struct rhashtable *index, u8 family,
				       const union ozp_addr *addr)
{
	struct ozp_index_entry *entry;

	rcu_read_lock();
	entry = ozp_index_lookup_rcu(index, family, addr);
	rcu_read_unlock();
	return entry;
}

/**
 * ozp_index_add() - insert an address, unless it is there
 * @index: the index
 * @entry: its entry, owned by the index on success
 *
 * Return: NULL when it was inserted; the entry that is there, as of
 * ozp_index_find(); or ERR_PTR, mostly -ENOMEM.
 */
struct ozp_index_entry *ozp_index_add(struct rhashtable *index,
				      struct ozp_index_entry *entry)
{
	return rhashtable_lookup_get_insert_fast(index, &entry->link,
						 ozp_index_params);
}

/**
 * ozp_index_replace() - swap the entry of an address; cannot fail
 * @index: the index
 * @old: its present entry, freed after a grace period
 * @entry: its new entry, of the same address, owned by the index
 */
void ozp_index_replace(struct rhashtable *index, struct ozp_index_entry *old,
		       struct ozp_index_entry *entry)
{
	WARN_ON_ONCE(rhashtable_replace_fast(index, &old->link, &entry->link,
					     ozp_index_params));
	kfree_rcu(old, rcu);
}

/**
 * ozp_index_del() - remove an address
 * @index: the index
 * @entry: its entry, freed after a grace period
 */
void ozp_index_del(struct rhashtable *index, struct ozp_index_entry *entry)
{
	rhashtable_remove_fast(index, &entry->link, ozp_index_params);
	kfree_rcu(entry, rcu);
}

/**
 * ozp_index_init() - make an empty index
 * @index: to be filled in; taken down by rhashtable_destroy() when it is empty
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int ozp_index_init(struct rhashtable *index)
{
	return rhashtable_init(index, &ozp_index_params);
}
