/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The conversion table: which service, instance or worker an address means. */
#ifndef _OZP_TABLE_H
#define _OZP_TABLE_H

#include <linux/mutex.h>
#include <linux/rhashtable-types.h>
#include <linux/seqlock.h>
#include <linux/types.h>

#include "index.h"
#include "service.h"

/**
 * struct ozp_table - the conversion table of a device
 * @index: every Service, Instance and Namespace IP, for the packet path
 * @commit: held while a change becomes visible, so that readers who found
 *	nothing know whether to look again
 * @lock: held by every change, and by readers that want a consistent whole
 * @services: the services
 * @nodes: where the nodes of the endpoints are
 * @losers: services that the latest change took something from, offered still
 * @generation: counts changes
 * @stamp: counts operations, to tell what one of them has seen
 * @service_count: services that offer something
 * @instance_count: instances that are somewhere
 * @withdrawn_count: how often an instance ceased to be anywhere
 * @service_limit: most services
 * @instance_limit: most instances of all of them
 */
struct ozp_table {
	/* packet path */
	struct rhashtable index;
	seqlock_t commit;
	/* control path, protected by lock */
	struct mutex lock;
	struct ozp_services services;
	struct ozp_nodes *nodes;
	struct list_head losers;
	u32 generation;
	u64 stamp;
	u32 service_count;
	u32 instance_count;
	u32 withdrawn_count;
	u32 service_limit;
	u32 instance_limit;
};

/**
 * struct ozp_match - an address found in the table, valid under RCU
 * @kind: what it is
 * @service: the service that it belongs to
 * @endpoint: the instance, for Instance and Namespace IPs
 * @snapshot: what the service offers, for Service IPs
 * @policy: how the Service IP chooses
 * @turn: how often it did
 * @last: where it settled, see struct ozp_index_entry
 */
struct ozp_match {
	enum ozp_match_kind kind;
	struct ozp_service *service;
	struct ozp_endpoint *endpoint;
	const struct ozp_snapshot *snapshot;
	enum ozproxy_policy policy;
	atomic_t *turn;
	u32 *last;
};

/**
 * enum ozp_table_refusal - what can be wrong with a service
 * @OZP_TABLE_NO_MEMORY: there is none for it
 * @OZP_TABLE_NO_ADDRESS_MEMORY: there is none for an address
 * @OZP_TABLE_ADDRESS_TWICE: an address is given twice
 * @OZP_TABLE_INSTANCE_TWICE: an instance number is given twice
 * @OZP_TABLE_FULL: there are as many services as may be
 * @OZP_TABLE_INSTANCES_FULL: there would be more instances than may be
 */
enum ozp_table_refusal {
	OZP_TABLE_NO_MEMORY,
	OZP_TABLE_NO_ADDRESS_MEMORY,
	OZP_TABLE_ADDRESS_TWICE,
	OZP_TABLE_INSTANCE_TWICE,
	OZP_TABLE_FULL,
	OZP_TABLE_INSTANCES_FULL,
};

/**
 * struct ozp_table_fault - why a service was refused
 * @refusal: what is wrong
 * @address: which address it is about, or -1
 * @instance: which instance it is about, or -1
 */
struct ozp_table_fault {
	enum ozp_table_refusal refusal;
	int address;
	int instance;
};

/* packet path */
void ozp_table_lookup_rcu(struct ozp_table *table, u8 family,
			  const union ozp_addr *addr, struct ozp_match *match);

/* control path */
int ozp_table_set(struct ozp_table *table,
		  const struct ozp_service_config *config,
		  struct ozp_table_fault *fault);
struct ozp_service *ozp_table_pop_loser(struct ozp_table *table);
bool ozp_table_is_remembered(struct ozp_service *svc);
void ozp_table_del(struct ozp_table *table, struct ozp_service *svc,
		   enum ozp_instance_state state);
struct ozp_service *ozp_table_find_name(struct ozp_table *table,
					const char *name);
struct ozp_service *ozp_table_first(struct ozp_table *table);
struct ozp_service *ozp_table_find_after(struct ozp_table *table, u64 id);
struct ozp_service *ozp_table_next(struct ozp_table *table,
				   struct ozp_service *svc);
struct ozp_snapshot *ozp_table_snapshot(struct ozp_table *table,
					struct ozp_service *svc);
bool ozp_table_is_owner(struct ozp_table *table, const struct ozp_service *svc,
			const struct ozp_service_address *address);
struct ozp_endpoint *ozp_table_endpoint(struct ozp_table *table,
					struct ozp_instance *inst);

/* control path, for table_set.c */
u32 ozp_table_count_change(struct ozp_table *table);
void ozp_table_withdraw(struct ozp_table *table, struct ozp_instance *inst,
			enum ozp_instance_state state);
void ozp_table_withdraw_unseen(struct ozp_table *table, struct ozp_service *svc,
			       enum ozp_instance_state state);
void ozp_table_forget_unseen(struct ozp_table *table, struct ozp_service *svc,
			     const struct ozp_snapshot *snap);

/* init */
int ozp_table_init(struct ozp_table *table, struct ozp_nodes *nodes);
void ozp_table_uninit(struct ozp_table *table);

#endif /* _OZP_TABLE_H */
