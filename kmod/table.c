// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "table.h"

#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "limits.h"

static void ozp_table_match_instance(const struct ozp_index_entry *entry,
				     struct ozp_match *match)
{
	int f = ozp_family_index(entry->key.family);
	const union ozp_addr *addr;
	struct ozp_endpoint *ep;

	ep = rcu_dereference(entry->instance->endpoint);
	if (!ep)
		return;
	addr = entry->kind == OZP_MATCH_INSTANCE ? &ep->config.ip[f] :
						   &ep->config.ns[f];
	if (!ozp_addr_is_equal(addr, &entry->key.addr))
		return;
	match->kind = entry->kind;
	match->endpoint = ep;
	match->service = entry->instance->service;
	match->policy = OZPROXY_POLICY_INSTANCE;
}

static void ozp_table_match_service(struct ozp_index_entry *entry,
				    struct ozp_match *match)
{
	const struct ozp_service_address *address;
	const struct ozp_snapshot *snap;

	snap = rcu_dereference(entry->service->snapshot);
	if (!snap)
		return;
	address = ozp_snapshot_find_address(snap, entry->key.family,
					    &entry->key.addr);
	if (!address)
		return;
	match->kind = OZP_MATCH_SERVICE;
	match->service = entry->service;
	match->snapshot = snap;
	match->policy = address->policy;
	match->turn = &entry->turn;
	match->last = &entry->last;
}

static void ozp_table_match(struct ozp_table *table, u8 family,
			    const union ozp_addr *addr, struct ozp_match *match)
{
	struct ozp_index_entry *entry;

	entry = ozp_index_lookup_rcu(&table->index, family, addr);
	if (entry && entry->kind == OZP_MATCH_SERVICE)
		ozp_table_match_service(entry, match);
	else if (entry)
		ozp_table_match_instance(entry, match);
}

/**
 * ozp_table_lookup_rcu() - find out what an address means
 * @table: the table
 * @family: family of @addr
 * @addr: the address
 * @match: filled in; what it points to is valid in the caller's RCU section
 *
 * What is found was there before a change or after it. Nothing is only said to
 * be there when no change was on its way, which may have moved the address from
 * one owner to another. Caller is in an RCU read section. One hash look-up for
 * what is found.
 */
void ozp_table_lookup_rcu(struct ozp_table *table, u8 family,
			  const union ozp_addr *addr, struct ozp_match *match)
{
	unsigned int seq;

	memset(match, 0, sizeof(*match));
	ozp_table_match(table, family, addr, match);
	if (match->kind != OZP_MATCH_NONE)
		return;
	do {
		seq = read_seqbegin(&table->commit);
		ozp_table_match(table, family, addr, match);
	} while (match->kind == OZP_MATCH_NONE &&
		 read_seqretry(&table->commit, seq));
}

/**
 * ozp_table_snapshot() - what a service offers, for the control path
 * @table: its table, locked
 * @svc: the service
 *
 * Return: the snapshot, valid as long as the lock is held, or NULL.
 */
struct ozp_snapshot *ozp_table_snapshot(struct ozp_table *table,
					struct ozp_service *svc)
{
	return rcu_dereference_protected(svc->snapshot,
					 lockdep_is_held(&table->lock));
}

/**
 * ozp_table_endpoint() - where an instance is, for the control path
 * @table: its table, locked
 * @inst: the instance
 *
 * Return: the endpoint, valid as long as the lock is held, or NULL.
 */
struct ozp_endpoint *ozp_table_endpoint(struct ozp_table *table,
					struct ozp_instance *inst)
{
	return rcu_dereference_protected(inst->endpoint,
					 lockdep_is_held(&table->lock));
}

/**
 * ozp_table_find_name() - find a service by its name
 * @table: the table, locked
 * @name: job name
 *
 * Return: the service, valid as long as the lock is held, or NULL when the
 * table does not offer it.
 */
struct ozp_service *ozp_table_find_name(struct ozp_table *table,
					const char *name)
{
	struct ozp_service *svc;
	bool offered;

	lockdep_assert_held(&table->lock);
	svc = ozp_service_get_by_name(&table->services, name);
	if (!svc)
		return NULL;
	/* One that is offered is kept by the table's own reference. */
	offered = ozp_table_snapshot(table, svc);
	ozp_service_put(svc);
	return offered ? svc : NULL;
}

/**
 * ozp_table_first() - begin to go through the services by time of creation
 * @table: the table, locked
 *
 * Return: the first service that offers something, valid as long as the lock is
 * held, or NULL when none does.
 */
struct ozp_service *ozp_table_first(struct ozp_table *table)
{
	struct ozp_services *set = &table->services;

	return ozp_table_next(table, list_entry(&set->list, struct ozp_service,
						link));
}

/* Bring the place where dumps are closer to the last service that is not behind
 * @id. Return: whether it is there.
 */
static bool ozp_services_approach(struct ozp_services *set, u64 id)
{
	struct list_head *at = set->near;
	u32 steps;

	lockdep_assert_held(&set->lock);
	for (steps = 0; steps < OZP_SERVICE_BATCH; steps++) {
		if (at != &set->list &&
		    list_entry(at, struct ozp_service, link)->id > id)
			at = at->prev;
		else if (at->next != &set->list &&
			 list_entry(at->next, struct ozp_service, link)->id <= id)
			at = at->next;
		else
			break;
	}
	set->near = at;
	return steps < OZP_SERVICE_BATCH;
}

/**
 * ozp_table_find_after() - go on through the services with another request
 * @table: the table, locked
 * @id: id of the service before, 0 at first
 *
 * Where one part of a dump ended, the search for the next one begins. The list has
 * all services, and packets wait for its lock: where another dump is elsewhere, it
 * is let go on the way. Who goes through the list for something else leaves that
 * place alone (ozp_table_first(), ozp_table_next()). May sleep.
 *
 * Return: the next service that offers something, valid as long as the lock is
 * held, or NULL at the end.
 */
struct ozp_service *ozp_table_find_after(struct ozp_table *table, u64 id)
{
	struct ozp_services *set = &table->services;
	struct ozp_service *svc;

	lockdep_assert_held(&table->lock);
	spin_lock_bh(&set->lock);
	if (!id)
		set->near = &set->list;
	while (!ozp_services_approach(set, id)) {
		spin_unlock_bh(&set->lock);
		cond_resched();
		spin_lock_bh(&set->lock);
	}
	svc = list_entry(set->near, struct ozp_service, link);
	list_for_each_entry_continue(svc, &set->list, link) {
		if (rcu_access_pointer(svc->snapshot)) {
			set->near = &svc->link;
			goto out_unlock;
		}
	}
	svc = NULL;
out_unlock:
	spin_unlock_bh(&set->lock);
	return svc;
}

/**
 * ozp_table_next() - go on through the services by time of creation
 * @table: the table, locked
 * @svc: the service before
 *
 * Return: as ozp_table_find_after().
 */
struct ozp_service *ozp_table_next(struct ozp_table *table,
				   struct ozp_service *svc)
{
	struct ozp_services *set = &table->services;

	lockdep_assert_held(&table->lock);
	spin_lock_bh(&set->lock);
	list_for_each_entry_continue(svc, &set->list, link)
		if (rcu_access_pointer(svc->snapshot))
			goto out_unlock;
	svc = NULL;
out_unlock:
	spin_unlock_bh(&set->lock);
	return svc;
}

/**
 * ozp_table_is_owner() - whether a Service IP is still its service's
 * @table: the table, locked
 * @svc: the service
 * @address: one of its Service IPs
 *
 * Return: false when it went over to another service.
 */
bool ozp_table_is_owner(struct ozp_table *table, const struct ozp_service *svc,
			const struct ozp_service_address *address)
{
	struct ozp_index_entry *entry;

	lockdep_assert_held(&table->lock);
	entry = ozp_index_find(&table->index, address->family, &address->addr);
	return entry && entry->service == svc;
}

static void ozp_table_forget_one(struct ozp_table *table,
				 struct ozp_service *svc, u8 family,
				 const union ozp_addr *addr)
{
	struct ozp_index_entry *entry;

	if (!ozp_addr_is_set(addr))
		return;
	entry = ozp_index_find(&table->index, family, addr);
	if (entry && entry->stamp != table->stamp &&
	    (entry->service == svc ||
	     (entry->instance && entry->instance->service == svc)))
		ozp_index_del(&table->index, entry);
}

/**
 * ozp_table_forget_unseen() - remove addresses that a service had
 * @table: the table, locked
 * @svc: the service
 * @snap: what it offered before
 *
 * Those that the current operation saw or that belong to another service by now
 * are left alone.
 */
void ozp_table_forget_unseen(struct ozp_table *table, struct ozp_service *svc,
			     const struct ozp_snapshot *snap)
{
	const struct ozp_endpoint_config *config;
	u32 i, f;

	lockdep_assert_held(&table->lock);
	for (i = 0; i < snap->address_count; i++)
		ozp_table_forget_one(table, svc, snap->addresses[i].family,
				     &snap->addresses[i].addr);
	for (i = 0; i < snap->endpoint_count; i++) {
		config = &snap->endpoints[i]->config;
		for (f = 0; f < OZP_FAMILIES; f++) {
			ozp_table_forget_one(table, svc, ozp_family(f),
					     &config->ns[f]);
			ozp_table_forget_one(table, svc, ozp_family(f),
					     &config->ip[f]);
		}
	}
}

/**
 * ozp_table_count_change() - count a change
 * @table: the table, locked
 *
 * Replies about flows and misses have the number without the lock.
 *
 * Return: its number.
 */
u32 ozp_table_count_change(struct ozp_table *table)
{
	lockdep_assert_held(&table->lock);
	WRITE_ONCE(table->generation, table->generation + 1);
	return table->generation;
}

/**
 * ozp_table_pop_loser() - who else was changed by the latest change
 * @table: the table, locked
 *
 * Services that lost an address, or an instance with it, to another one. Each is
 * a change of its own, for listeners.
 *
 * Return: one of those that are left, valid as long as the lock is held, or NULL.
 */
struct ozp_service *ozp_table_pop_loser(struct ozp_table *table)
{
	struct ozp_service *svc;

	lockdep_assert_held(&table->lock);
	svc = list_first_entry_or_null(&table->losers, struct ozp_service, lost);
	if (!svc)
		return NULL;
	list_del_init(&svc->lost);
	svc->generation = ozp_table_count_change(table);
	return svc;
}

/**
 * ozp_table_withdraw() - take the endpoint of an instance away
 * @table: the table, locked
 * @inst: the instance
 * @state: why; one that is removed stays so
 *
 * The reason is visible before the endpoint is missed (pairs with smp_rmb() in
 * ozp_flow_endpoint_rcu()).
 */
void ozp_table_withdraw(struct ozp_table *table, struct ozp_instance *inst,
			enum ozp_instance_state state)
{
	struct ozp_endpoint *ep = ozp_table_endpoint(table, inst);

	if (inst->state == OZP_INSTANCE_REMOVED)
		return;
	WRITE_ONCE(inst->state, state);
	/* The reason before its effect. */
	smp_wmb();
	RCU_INIT_POINTER(inst->endpoint, NULL);
	table->withdrawn_count++;
	if (!ep)
		return;
	ozp_endpoint_retire(ep);
	table->instance_count--;
}

/**
 * ozp_table_withdraw_unseen() - take endpoints of a service away
 * @table: the table, locked
 * @svc: the service; its instances that the current operation did not see
 * @state: why
 */
void ozp_table_withdraw_unseen(struct ozp_table *table, struct ozp_service *svc,
			       enum ozp_instance_state state)
{
	struct ozp_instance *inst;

	spin_lock_bh(&svc->set->lock);
	list_for_each_entry(inst, &svc->instances, link)
		if (inst->stamp != table->stamp)
			ozp_table_withdraw(table, inst, state);
	spin_unlock_bh(&svc->set->lock);
}

/**
 * ozp_table_is_remembered() - whether flows wait for a service to come back
 * @svc: the service, held; its table locked
 *
 * Return: whether it was cleared, and some of its flows are asleep.
 */
bool ozp_table_is_remembered(struct ozp_service *svc)
{
	struct ozp_instance *inst;
	bool remembered = false;

	spin_lock_bh(&svc->set->lock);
	list_for_each_entry(inst, &svc->instances, link)
		remembered |= inst->state == OZP_INSTANCE_CLEARED;
	spin_unlock_bh(&svc->set->lock);
	return remembered;
}

/**
 * ozp_table_del() - take a service out of the table
 * @table: the table, locked
 * @svc: the service, held by the caller
 * @state: OZP_INSTANCE_REMOVED ends its flows, also those of a service that was
 *	cleared before; with OZP_INSTANCE_CLEARED they go on when the service
 *	comes back
 *
 * May sleep.
 */
void ozp_table_del(struct ozp_table *table, struct ozp_service *svc,
		   enum ozp_instance_state state)
{
	struct ozp_snapshot *snap = ozp_table_snapshot(table, svc);

	lockdep_assert_held(&table->lock);
	table->stamp++;
	write_seqlock_bh(&table->commit);
	ozp_table_withdraw_unseen(table, svc, state);
	RCU_INIT_POINTER(svc->snapshot, NULL);
	write_sequnlock_bh(&table->commit);
	ozp_table_count_change(table);
	if (!snap)
		return;
	ozp_table_forget_unseen(table, svc, snap);
	list_del_init(&svc->lost);
	table->service_count--;
	ozp_snapshot_release(snap);
	/* The table's reference. */
	ozp_service_put(svc);
}

/**
 * ozp_table_init() - make an empty table
 * @table: to be filled in
 * @nodes: where the nodes of its endpoints will be; outlives the table
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int ozp_table_init(struct ozp_table *table, struct ozp_nodes *nodes)
{
	int err;

	mutex_init(&table->lock);
	seqlock_init(&table->commit);
	INIT_LIST_HEAD(&table->losers);
	table->service_limit = OZP_SERVICE_LIMIT_DEFAULT;
	table->instance_limit = OZP_INSTANCE_LIMIT_DEFAULT;
	table->nodes = nodes;
	err = ozp_services_init(&table->services);
	if (err)
		return err;
	err = ozp_index_init(&table->index);
	if (err)
		ozp_services_uninit(&table->services);
	return err;
}

/**
 * ozp_table_uninit() - take down a table
 * @table: the table; no packet and no flow uses it any more
 *
 * May sleep.
 */
void ozp_table_uninit(struct ozp_table *table)
{
	struct ozp_service *svc;

	mutex_lock(&table->lock);
	/* Nobody else drops the table's reference, which is the last. */
	while ((svc = ozp_table_first(table)))
		ozp_table_del(table, svc, OZP_INSTANCE_REMOVED);
	mutex_unlock(&table->lock);
	ozp_services_uninit(&table->services);
	rhashtable_destroy(&table->index);
}
