/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The objects of the conversion table: services, instances, endpoints.
 *
 * An instance is an identity (service and number); where it is and how it is
 * addressed is its endpoint, which is never edited but replaced. A snapshot is
 * all that a service offers at one moment.
 */
#ifndef _OZP_SERVICE_H
#define _OZP_SERVICE_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "doubt.h"
#include "node.h"
#include "packet.h"
#include "policy.h"
#include "service_config.h"
#include "traffic.h"

/**
 * struct ozp_endpoint - where an instance is, immutable but for @stale and
 *	@doubt
 * @config: what the table says
 * @instance: the identity (holds a reference)
 * @node: the worker (holds a reference)
 * @stale: it was replaced or withdrawn; whoever uses it looks again
 * @doubt: whether its worker knows it
 * @ref: references
 * @rcu: defers freeing
 */
struct ozp_endpoint {
	struct ozp_endpoint_config config;
	struct ozp_instance *instance;
	struct ozp_node *node;
	bool stale;
	struct ozp_doubt doubt;
	refcount_t ref;
	struct rcu_head rcu;
};

/**
 * enum ozp_instance_state - why an instance has no endpoint
 * @OZP_INSTANCE_LIVE: it has one
 * @OZP_INSTANCE_CLEARED: its service was cleared as idle; it may come back
 * @OZP_INSTANCE_REMOVED: it is gone for good, its flows end
 */
enum ozp_instance_state {
	OZP_INSTANCE_LIVE,
	OZP_INSTANCE_CLEARED,
	OZP_INSTANCE_REMOVED,
};

/**
 * struct ozp_instance - the identity that flows follow
 * @endpoint: where it is, or NULL; then @state says why
 * @state: of enum ozp_instance_state, written before @endpoint becomes NULL
 * @number: instance number
 * @service: its service (holds a reference)
 * @traffic: packets to and from it
 * @flows: live flows to it
 * @begun: live flows from it
 * @ref: references: each of its endpoints holds one
 * @link: in @service->instances
 * @stamp: table operation that saw it last
 * @rcu: defers freeing
 */
struct ozp_instance {
	/* packet path */
	struct ozp_endpoint __rcu *endpoint;
	enum ozp_instance_state state;
	u32 number;
	struct ozp_service *service;
	struct ozp_traffic traffic;
	/* written when flows begin and end, apart from what packets read */
	atomic_t flows ____cacheline_aligned_in_smp;
	atomic_t begun;
	/* control path */
	refcount_t ref;
	struct list_head link;
	u64 stamp;
	struct rcu_head rcu;
};

/**
 * struct ozp_snapshot - what a service offers, immutable
 * @rings: who can be chosen, by family; index into @endpoints
 * @address_count: how many Service IPs
 * @endpoint_count: how many instances
 * @affinity: milliseconds for which clients keep their instance; 0: they do not
 * @addresses: the Service IPs
 * @rcu: defers freeing
 * @endpoints: the instances (holds references); what @addresses and @rings point
 *	to follows them in the same memory
 */
struct ozp_snapshot {
	struct ozp_ring *rings[OZP_FAMILIES];
	u32 address_count;
	u32 endpoint_count;
	u32 affinity;
	struct ozp_service_address *addresses;
	struct rcu_head rcu;
	struct ozp_endpoint *endpoints[];
};

/**
 * struct ozp_service - a job
 * @snapshot: what it offers; NULL while it is only remembered because flows
 *	may come back to it
 * @used: time of last use, see clock.h
 * @set: where it is listed
 * @ref: references: the table's while it offers something, one for each instance,
 *	and one where the idle watch goes on
 * @link: in @set->list, by time of creation
 * @hash: in @set->names
 * @instances: all instances that somebody refers to
 * @lost: in ozp_table.losers, while it is there
 * @pinned: never announced as idle
 * @origin: who set it, for programs to tell what is theirs
 * @told: time of last use when it was announced as idle
 * @past: traffic of instances that nobody refers to any more
 * @generation: of the table when this service changed last
 * @id: ascending by time of creation, for dumps to go on after
 * @rcu: defers freeing
 * @name: job name
 */
struct ozp_service {
	/* packet path */
	struct ozp_snapshot __rcu *snapshot;
	u32 used;
	/* control path */
	struct ozp_services *set;
	refcount_t ref;
	struct list_head link;
	struct rhash_head hash;
	struct list_head instances;
	struct list_head lost;
	bool pinned;
	u8 origin;
	u32 told;
	struct ozp_traffic_sum past;
	u32 generation;
	u64 id;
	struct rcu_head rcu;
	char name[];
};

/**
 * struct ozp_services - the services of a device
 * @lock: protects @list, the lists of instances and what those of the past did,
 *	and makes the last reference to a service and its end one; taken with BH
 *	off
 * @passed: changes while an instance goes over to the past
 * @list: all services, by id
 * @near: where the latest part of a dump of @list began: one of it, or the list
 *	itself; for the search for the next part to begin there
 * @names: all services by name
 * @last_id: the latest id
 */
struct ozp_services {
	/* protects all below, the lists of instances, and their past */
	spinlock_t lock;
	seqcount_spinlock_t passed;
	struct list_head list;
	struct list_head *near;
	struct rhashtable names;
	u64 last_id;
};

/**
 * ozp_endpoint_is_stale() - whether to look for the instance again
 * @ep: the endpoint
 *
 * Return: whether it was replaced or withdrawn; then what replaced it, or why
 * there is nothing, is visible to the caller.
 */
static inline bool ozp_endpoint_is_stale(const struct ozp_endpoint *ep)
{
	/* Pairs with ozp_endpoint_retire(). */
	return smp_load_acquire(&ep->stale);
}

/**
 * ozp_endpoint_retire() - make its users look for the instance again
 * @ep: an endpoint that is not published any more
 */
static inline void ozp_endpoint_retire(struct ozp_endpoint *ep)
{
	/* After its replacement: pairs with ozp_endpoint_is_stale(). */
	smp_store_release(&ep->stale, true);
}

/* packet path */
bool ozp_endpoint_hold_rcu(struct ozp_endpoint *ep);
void ozp_endpoint_put(struct ozp_endpoint *ep);
const struct ozp_service_address *
ozp_snapshot_find_address(const struct ozp_snapshot *snap, u8 family,
			  const union ozp_addr *addr);

/* control path */
struct ozp_endpoint *ozp_endpoint_new(struct ozp_nodes *nodes,
				      struct ozp_instance *inst,
				      const struct ozp_endpoint_config *config);
struct ozp_instance *ozp_instance_get_by_number(struct ozp_service *svc,
						u32 number);
struct ozp_instance *ozp_instance_new(struct ozp_service *svc, u32 number);
void ozp_instance_put(struct ozp_instance *inst);
struct ozp_snapshot *ozp_snapshot_new(const struct ozp_service_config *config);
void ozp_snapshot_make_rings(struct ozp_snapshot *snap);
void ozp_snapshot_release(struct ozp_snapshot *snap);
u32 ozp_service_sum(struct ozp_service *svc, struct ozp_traffic_sum *sum);
struct ozp_service *ozp_service_get_by_name(struct ozp_services *set,
					    const char *name);
struct ozp_service *ozp_service_new(struct ozp_services *set,
				    const char *name);
void ozp_service_put(struct ozp_service *svc);

/* init */
int ozp_services_init(struct ozp_services *set);
void ozp_services_uninit(struct ozp_services *set);

#endif /* _OZP_SERVICE_H */
