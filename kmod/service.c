// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "service.h"

#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

/**
 * ozp_endpoint_hold_rcu() - take a reference on an endpoint seen under RCU
 * @ep: the endpoint
 *
 * Return: false when its last reference is gone already.
 */
bool ozp_endpoint_hold_rcu(struct ozp_endpoint *ep)
{
	return refcount_inc_not_zero(&ep->ref);
}

/**
 * ozp_endpoint_put() - give a reference back
 * @ep: the endpoint; readers under RCU may go on with it for a grace period
 *
 * Any context but hard interrupts.
 */
void ozp_endpoint_put(struct ozp_endpoint *ep)
{
	if (!refcount_dec_and_test(&ep->ref))
		return;
	ozp_node_put(ep->node);
	ozp_instance_put(ep->instance);
	kfree_rcu(ep, rcu);
}

/**
 * ozp_endpoint_new() - make an endpoint; nobody sees it yet
 * @nodes: where its node is or will be
 * @inst: the instance; a reference is taken
 * @config: what the table says
 *
 * May sleep.
 *
 * Return: the endpoint with one reference, or NULL without memory.
 */
struct ozp_endpoint *ozp_endpoint_new(struct ozp_nodes *nodes,
				      struct ozp_instance *inst,
				      const struct ozp_endpoint_config *config)
{
	struct ozp_endpoint *ep;

	ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);
	if (!ep)
		return NULL;
	ep->node = ozp_node_get(nodes, config->node_family, &config->node_addr,
				config->node_port);
	if (!ep->node) {
		kfree(ep);
		return NULL;
	}
	ep->config = *config;
	refcount_inc(&inst->ref);
	ep->instance = inst;
	refcount_set(&ep->ref, 1);
	return ep;
}

/**
 * ozp_instance_get_by_number() - find an instance that somebody refers to
 * @svc: its service
 * @number: its number
 *
 * Process context.
 *
 * Return: the instance with a reference for the caller, or NULL.
 */
struct ozp_instance *ozp_instance_get_by_number(struct ozp_service *svc,
						u32 number)
{
	struct ozp_instance *inst;

	spin_lock_bh(&svc->set->lock);
	list_for_each_entry(inst, &svc->instances, link)
		if (inst->number == number && refcount_inc_not_zero(&inst->ref))
			goto out_unlock;
	inst = NULL;
out_unlock:
	spin_unlock_bh(&svc->set->lock);
	return inst;
}

/**
 * ozp_instance_new() - make an instance without an endpoint
 * @svc: its service; a reference is taken
 * @number: its number, not in use
 *
 * May sleep.
 *
 * Return: the instance with one reference, or NULL without memory.
 */
struct ozp_instance *ozp_instance_new(struct ozp_service *svc, u32 number)
{
	struct ozp_instance *inst;

	inst = kzalloc(sizeof(*inst), GFP_KERNEL_ACCOUNT);
	if (!inst)
		return NULL;
	if (ozp_traffic_init(&inst->traffic)) {
		kfree(inst);
		return NULL;
	}
	inst->number = number;
	inst->state = OZP_INSTANCE_REMOVED;
	refcount_set(&inst->ref, 1);
	refcount_inc(&svc->ref);
	inst->service = svc;
	spin_lock_bh(&svc->set->lock);
	list_add_tail_rcu(&inst->link, &svc->instances);
	spin_unlock_bh(&svc->set->lock);
	return inst;
}

static void ozp_instance_unlink(struct ozp_instance *inst)
{
	lockdep_assert_held(&inst->service->set->lock);
	list_del_rcu(&inst->link);
}

static void ozp_instance_free_rcu(struct rcu_head *rcu)
{
	struct ozp_instance *inst = container_of(rcu, struct ozp_instance, rcu);

	/* Not earlier: a packet that closed a flow may count it no longer only
	 * after another processor gave up the flow, and this with it.
	 */
	WARN_ON_ONCE(atomic_read(&inst->flows) || atomic_read(&inst->begun));
	ozp_traffic_uninit(&inst->traffic);
	kfree(inst);
}

/**
 * ozp_instance_put() - give a reference back
 * @inst: the instance
 *
 * Any context but hard interrupts.
 */
void ozp_instance_put(struct ozp_instance *inst)
{
	struct ozp_service *svc = inst->service;

	if (!refcount_dec_and_test(&inst->ref))
		return;
	spin_lock_bh(&svc->set->lock);
	write_seqcount_begin(&svc->set->passed);
	ozp_instance_unlink(inst);
	ozp_traffic_add(&svc->past, &inst->traffic);
	write_seqcount_end(&svc->set->passed);
	spin_unlock_bh(&svc->set->lock);
	ozp_service_put(svc);
	call_rcu(&inst->rcu, ozp_instance_free_rcu);
}

/**
 * ozp_snapshot_find_address() - find a Service IP
 * @snap: the snapshot
 * @family: family of @addr
 * @addr: the address
 *
 * Return: its entry, which lives as long as the snapshot, or NULL.
 */
const struct ozp_service_address *
ozp_snapshot_find_address(const struct ozp_snapshot *snap, u8 family,
			  const union ozp_addr *addr)
{
	u32 i;

	for (i = 0; i < snap->address_count; i++)
		if (snap->addresses[i].family == family &&
		    ozp_addr_is_equal(&snap->addresses[i].addr, addr))
			return &snap->addresses[i];
	return NULL;
}

/**
 * ozp_snapshot_new() - make a snapshot without endpoints
 * @config: the addresses are copied, the number of instances is made room for
 *
 * The caller fills in the endpoints, each with a reference, counting them, and
 * calls ozp_snapshot_make_rings(). May sleep.
 *
 * Return: the snapshot, or NULL without memory.
 */
struct ozp_snapshot *ozp_snapshot_new(const struct ozp_service_config *config)
{
	u32 addresses = config->address_count * sizeof(*config->addresses);
	struct ozp_snapshot *snap;
	void *rest;
	u32 ring, i;

	ring = struct_size(snap->rings[0], slots, config->instance_count);
	snap = kvzalloc(struct_size(snap, endpoints, config->instance_count) +
			addresses + OZP_FAMILIES * ring, GFP_KERNEL_ACCOUNT);
	if (!snap)
		return NULL;
	rest = snap->endpoints + config->instance_count;
	snap->addresses = rest;
	memcpy(snap->addresses, config->addresses, addresses);
	rest += addresses;
	for (i = 0; i < OZP_FAMILIES; i++, rest += ring)
		snap->rings[i] = rest;
	snap->address_count = config->address_count;
	snap->affinity = config->affinity;
	return snap;
}

static bool ozp_endpoint_can_be_chosen(const struct ozp_endpoint *ep, u32 f)
{
	return ozp_addr_is_set(&ep->config.ns[f]) &&
	       ozp_addr_is_set(&ep->config.ip[f]) &&
	       !(ep->config.flags & OZPROXY_INSTANCE_FLAGS_DRAINING);
}

/**
 * ozp_snapshot_make_rings() - prepare the choice among the endpoints
 * @snap: the snapshot, with all its endpoints
 */
void ozp_snapshot_make_rings(struct ozp_snapshot *snap)
{
	u32 f, i;

	for (f = 0; f < OZP_FAMILIES; f++) {
		for (i = 0; i < snap->endpoint_count; i++)
			if (ozp_endpoint_can_be_chosen(snap->endpoints[i], f))
				ozp_ring_add(snap->rings[f], i,
					     snap->endpoints[i]->config.weight);
		ozp_ring_close(snap->rings[f]);
	}
}

/**
 * ozp_snapshot_release() - give up a snapshot that is not published any more
 * @snap: the snapshot, complete or not; readers under RCU may go on with it
 *
 * Its references to endpoints go at once: what they lead to is freed after a
 * grace period of its own. Process context.
 */
void ozp_snapshot_release(struct ozp_snapshot *snap)
{
	u32 i;

	for (i = 0; i < snap->endpoint_count; i++)
		ozp_endpoint_put(snap->endpoints[i]);
	kvfree_rcu(snap, rcu);
}

/**
 * ozp_service_sum() - what all instances of a service did
 * @svc: the service, held
 * @sum: traffic since the service is remembered, also that of instances that are
 *	gone
 *
 * Takes no lock, for it looks at each CPU's counters of each instance; begins
 * anew when an instance goes meanwhile. Process context.
 *
 * Return: live flows of all instances.
 */
u32 ozp_service_sum(struct ozp_service *svc, struct ozp_traffic_sum *sum)
{
	struct ozp_instance *inst;
	unsigned int seq;
	u32 flows;

	do {
		seq = read_seqcount_begin(&svc->set->passed);
		*sum = svc->past;
		flows = 0;
		rcu_read_lock();
		list_for_each_entry_rcu(inst, &svc->instances, link) {
			flows += atomic_read(&inst->flows);
			ozp_traffic_add(sum, &inst->traffic);
		}
		rcu_read_unlock();
	} while (read_seqcount_retry(&svc->set->passed, seq));
	return flows;
}

/* Takes a word at a time, and a third of the instructions of jhash(). Only who may
 * set the table chooses names.
 */
static u32 ozp_service_hash(const void *name, u32 len, u32 seed)
{
	return hashlen_hash(hashlen_string((void *)(unsigned long)seed, name));
}

static u32 ozp_service_hash_of(const void *obj, u32 len, u32 seed)
{
	const struct ozp_service *svc = obj;

	return ozp_service_hash(svc->name, len, seed);
}

static int ozp_service_compare(struct rhashtable_compare_arg *arg,
			       const void *obj)
{
	const struct ozp_service *svc = obj;

	return strcmp(svc->name, arg->key);
}

static const struct rhashtable_params ozp_service_params = {
	.head_offset = offsetof(struct ozp_service, hash),
	.hashfn = ozp_service_hash,
	.obj_hashfn = ozp_service_hash_of,
	.obj_cmpfn = ozp_service_compare,
	.automatic_shrinking = true,
};

/**
 * ozp_service_get_by_name() - find a service, also one that was cleared
 * @set: where to look
 * @name: job name
 *
 * Process context.
 *
 * Return: the service with a reference for the caller, or NULL.
 */
struct ozp_service *ozp_service_get_by_name(struct ozp_services *set,
					    const char *name)
{
	struct ozp_service *svc;

	spin_lock_bh(&set->lock);
	svc = rhashtable_lookup_fast(&set->names, name, ozp_service_params);
	/* The last reference goes with the lock held: what is there has one. */
	if (svc)
		refcount_inc(&svc->ref);
	spin_unlock_bh(&set->lock);
	return svc;
}

/**
 * ozp_service_new() - make a service that offers nothing yet
 * @set: where it will be listed
 * @name: job name, not in use
 *
 * May sleep.
 *
 * Return: the service with one reference, or NULL without memory.
 */
struct ozp_service *ozp_service_new(struct ozp_services *set, const char *name)
{
	size_t size = strlen(name) + 1;
	struct ozp_service *svc;

	svc = kzalloc(struct_size(svc, name, size), GFP_KERNEL_ACCOUNT);
	if (!svc)
		return NULL;
	memcpy(svc->name, name, size);
	INIT_LIST_HEAD(&svc->instances);
	INIT_LIST_HEAD(&svc->lost);
	refcount_set(&svc->ref, 1);
	svc->set = set;
	if (rhashtable_insert_fast(&set->names, &svc->hash,
				   ozp_service_params)) {
		kfree(svc);
		return NULL;
	}
	spin_lock_bh(&set->lock);
	svc->id = ++set->last_id;
	list_add_tail(&svc->link, &set->list);
	spin_unlock_bh(&set->lock);
	return svc;
}

static void ozp_service_unlink(struct ozp_service *svc)
{
	lockdep_assert_held(&svc->set->lock);
	if (svc->set->near == &svc->link)
		svc->set->near = svc->link.prev;
	list_del(&svc->link);
	rhashtable_remove_fast(&svc->set->names, &svc->hash,
			       ozp_service_params);
}

/**
 * ozp_service_put() - give a reference back
 * @svc: the service
 *
 * Any context but hard interrupts.
 */
void ozp_service_put(struct ozp_service *svc)
{
	struct ozp_services *set = svc->set;
	bool is_last;

	/* refcount_dec_and_lock() in two steps, as sparse does not see through it. */
	if (refcount_dec_not_one(&svc->ref))
		return;
	spin_lock_bh(&set->lock);
	is_last = refcount_dec_and_test(&svc->ref);
	if (is_last)
		ozp_service_unlink(svc);
	spin_unlock_bh(&set->lock);
	if (is_last)
		kfree_rcu(svc, rcu);
}

/**
 * ozp_services_init() - make an empty set of services
 * @set: to be filled in
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int ozp_services_init(struct ozp_services *set)
{
	spin_lock_init(&set->lock);
	seqcount_spinlock_init(&set->passed, &set->lock);
	INIT_LIST_HEAD(&set->list);
	set->near = &set->list;
	set->last_id = 0;
	return rhashtable_init(&set->names, &ozp_service_params);
}

/**
 * ozp_services_uninit() - take down a set in which no service is left
 * @set: the services; all references were given back
 *
 * May sleep.
 */
void ozp_services_uninit(struct ozp_services *set)
{
	WARN_ON_ONCE(!list_empty(&set->list));
	rhashtable_destroy(&set->names);
}
