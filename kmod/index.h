/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The address index: which service or instance an address leads to. */
#ifndef _OZP_INDEX_H
#define _OZP_INDEX_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>

#include "service.h"

/**
 * enum ozp_match_kind - what an address means
 * @OZP_MATCH_NONE: nothing that the table knows
 * @OZP_MATCH_SERVICE: Service IP
 * @OZP_MATCH_INSTANCE: Instance IP
 * @OZP_MATCH_NAMESPACE: Namespace IP
 */
enum ozp_match_kind {
	OZP_MATCH_NONE,
	OZP_MATCH_SERVICE,
	OZP_MATCH_INSTANCE,
	OZP_MATCH_NAMESPACE,
};

/**
 * struct ozp_index_entry - an address of the table
 * @link: in the index
 * @key: the address
 * @kind: what it is
 * @service: whose Service IP it is; NULL for the other kinds
 * @instance: whose Instance or Namespace IP it is; NULL for Service IPs
 * @turn: how often a Service IP chose
 * @last: number of the instance that it settled on last, plus one; a hint
 * @stamp: table operation that saw it last
 * @todo: list of a change that prepared it
 * @rcu: defers freeing
 *
 * Owns nothing: removed before what it leads to is released.
 */
struct ozp_index_entry {
	/* packet path */
	struct rhash_head link;
	struct ozp_address key;
	enum ozp_match_kind kind;
	struct ozp_service *service;
	struct ozp_instance *instance;
	atomic_t turn;
	u32 last;
	/* control path */
	u64 stamp;
	struct list_head todo;
	struct rcu_head rcu;
};

/* packet path */
struct ozp_index_entry *ozp_index_lookup_rcu(struct rhashtable *index,
					     u8 family,
					     const union ozp_addr *addr);

/* control path, serialized by the caller */
struct ozp_index_entry *ozp_index_find(struct rhashtable *index, u8 family,
				       const union ozp_addr *addr);
struct ozp_index_entry *ozp_index_add(struct rhashtable *index,
				      struct ozp_index_entry *entry);
void ozp_index_replace(struct rhashtable *index, struct ozp_index_entry *old,
		       struct ozp_index_entry *entry);
void ozp_index_del(struct rhashtable *index, struct ozp_index_entry *entry);

/* init */
int ozp_index_init(struct rhashtable *index);

#endif /* _OZP_INDEX_H */
