// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Insertion: the reply's entry first, then the container's. Whoever finds the
 * container's entry thus knows that replies are found, too. Both entries of a
 * flow are complete before the first is inserted.
 */

#include "flow.h"

#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "clock.h"
#include "flow_parts.h"
#include "hash.h"
#include "trace_flow.h"

static struct kmem_cache *ozp_flow_cache __ro_after_init;

/**
 * ozp_flow_of_key() - the flow that an entry of the table belongs to
 * @key: the entry
 *
 * Return: the flow.
 */
struct ozp_flow *ozp_flow_of_key(struct ozp_flow_key *key)
{
	return container_of(key, struct ozp_flow, keys[key->tuple.direction]);
}

/* A dying flow equals nothing: look-ups pass it over, inserts go beside it.
 * There are as many of one key as processors insert it or walks end it at this
 * moment: all others leave the table when they end.
 */
static int ozp_flow_compare(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct ozp_flow_key *key = obj;
	const struct ozp_flow *flow;

	if (!ozp_tuple_is_equal(arg->key, &key->tuple))
		return 1;
	flow = container_of(key, struct ozp_flow, keys[key->tuple.direction]);
	return ozp_flow_is_dying(flow);
}

static u32 ozp_flow_hash(const void *tuple, u32 len, u32 seed)
{
	return ozp_hash_tuple(tuple, seed);
}

static const struct rhashtable_params ozp_flow_params = {
	.head_offset = offsetof(struct ozp_flow_key, link),
	.key_offset = offsetof(struct ozp_flow_key, tuple),
	.key_len = offsetof(struct ozp_tuple, end),
	.hashfn = ozp_flow_hash,
	.obj_cmpfn = ozp_flow_compare,
	.automatic_shrinking = true,
};

/**
 * ozp_flow_lookup_rcu() - find the flow of a packet
 * @flows: where to look
 * @tuple: the packet's, before conversion
 * @direction: in which direction it goes
 *
 * Caller is in an RCU read section.
 *
 * Return: the flow, valid in that section, or NULL.
 */
struct ozp_flow *ozp_flow_lookup_rcu(struct ozp_flows *flows,
				     const struct ozp_tuple *tuple,
				     enum ozproxy_direction direction)
{
	struct ozp_flow_key *key;

	key = rhashtable_lookup(&flows->table, tuple, ozp_flow_params);
	if (!key || key->tuple.direction != direction)
		return NULL;
	return ozp_flow_of_key(key);
}

static void ozp_flow_reply_tuple(struct ozp_tuple *reply,
				 const struct ozp_tuple *tuple,
				 const struct ozp_endpoint *target)
{
	memset(reply, 0, sizeof(*reply));
	reply->src = target->config.ip[ozp_family_index(tuple->family)];
	reply->dst = tuple->src;
	reply->sport = tuple->dport;
	reply->dport = tuple->sport;
	reply->family = tuple->family;
	reply->protocol = tuple->protocol;
}

static void ozp_flow_key_init(struct ozp_flow *flow,
			      enum ozproxy_direction direction,
			      const struct ozp_tuple *tuple)
{
	struct ozp_flow_key *key = &flow->keys[direction];

	key->tuple = *tuple;
	key->tuple.direction = direction;
}

static struct ozp_flow *ozp_flow_alloc_rcu(const char *dev_name,
					   const struct ozp_tuple *tuple,
					   const struct ozp_tuple *reply,
					   const struct ozp_flow_parties *parties)
{
	struct ozp_conversion *conv;
	struct ozp_flow *flow;

	flow = kmem_cache_zalloc(ozp_flow_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!flow)
		return ERR_PTR(-ENOMEM);
	ozp_flow_key_init(flow, OZPROXY_DIRECTION_OUT, tuple);
	ozp_flow_key_init(flow, OZPROXY_DIRECTION_IN, reply);
	/* Not now: the first packet is to touch the service, too. */
	flow->used = ozp_clock_now() - 1;

	conv = ozp_conversion_new_rcu(flow, parties);
	if (IS_ERR(conv)) {
		kmem_cache_free(ozp_flow_cache, flow);
		return ERR_CAST(conv);
	}
	RCU_INIT_POINTER(flow->conversion, conv);
	ozp_flow_enter(flow, conv);
	trace_ozproxy_flow_new(dev_name, tuple,
			       conv->target->instance->service->name,
			       conv->target->config.number);
	return flow;
}

static void ozp_flow_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(ozp_flow_cache, container_of(rcu, struct ozp_flow, rcu));
}

/* Room for one flow more, at the cost of another where there is none. What ends
 * uses memory until the reaper has been there: the limit is overshot by that
 * much, and by no more than OZP_FLOW_OVERSHOOT().
 */
static bool ozp_flow_reserve_rcu(struct ozp_flows *flows,
				 const struct ozp_endpoint *source)
{
	u32 limit = READ_ONCE(flows->options.limit);

	if (atomic_inc_return(&flows->count) <=
		    limit + OZP_FLOW_OVERSHOOT(limit) &&
	    (ozp_flows_count(flows) <= limit ||
	     ozp_flow_evict_rcu(flows, source->instance))) {
		/* One more, if another CPU was let in by a count that was too
		 * low: else the table would stay above its limit.
		 */
		if (ozp_flows_count(flows) > limit)
			ozp_flow_evict_rcu(flows, source->instance);
		return true;
	}
	atomic_dec(&flows->count);
	return false;
}

/* Nobody finds the flow any more, but readers may still hold it. */
static void ozp_flow_release(struct ozp_flows *flows, struct ozp_flow *flow)
{
	struct ozp_conversion *conv;

	/* It is dying or was never found: after this lock nobody replaces the
	 * conversion any more.
	 */
	spin_lock_bh(&flows->convert_lock);
	conv = rcu_dereference_protected(flow->conversion,
					 lockdep_is_held(&flows->convert_lock));
	spin_unlock_bh(&flows->convert_lock);
	trace_ozproxy_flow_end(flows->dev_name,
			       &flow->keys[OZPROXY_DIRECTION_OUT].tuple,
			       conv->target->instance->service->name,
			       conv->target->config.number);
	ozp_flow_leave(flow, conv);
	ozp_conversion_release(conv);
	atomic_dec(&flows->count);
	call_rcu(&flow->rcu, ozp_flow_free_rcu);
}

static struct ozp_flow_key *ozp_flow_insert(struct ozp_flows *flows,
					    struct ozp_flow *flow,
					    enum ozproxy_direction direction)
{
	return rhashtable_lookup_get_insert_fast(&flows->table,
						 &flow->keys[direction].link,
						 ozp_flow_params);
}

/* The reply's entry is taken: by the same flow, inserted by another CPU a
 * moment ago, or by another conversation.
 */
static struct ozp_flow *ozp_flow_same(struct ozp_flow_key *found,
				      const struct ozp_tuple *tuple)
{
	struct ozp_flow *flow = ozp_flow_of_key(found);

	if (found->tuple.direction == OZPROXY_DIRECTION_IN &&
	    ozp_tuple_is_equal(&flow->keys[OZPROXY_DIRECTION_OUT].tuple, tuple))
		return flow;
	return ERR_PTR(-EEXIST);
}

/* A new connection on the port of a closed one, by another address. */
static bool ozp_flow_make_room(struct ozp_flows *flows,
			       struct ozp_flow_key *found)
{
	struct ozp_flow *flow = ozp_flow_of_key(found);

	if (found->tuple.direction != OZPROXY_DIRECTION_IN ||
	    ozp_flow_state_rcu(flow) != OZPROXY_FLOW_STATE_CLOSING)
		return false;
	ozp_flow_end(flows, flow);
	return true;
}

/**
 * ozp_flow_claim_rcu() - whether replies of a new flow could be told apart
 * @flows: where it would be found
 * @tuple: as the container sends
 * @parties: who talks to whom; @local need not be known yet
 *
 * A look-up, because conflicts are common for those who provoke them. A closed
 * connection makes room for one that opens. Caller is in an RCU read section with
 * BH off.
 *
 * Return: NULL when they can; the flow itself, begun by another CPU a moment ago;
 * ERR_PTR(-EEXIST) when they are those of another flow.
 */
struct ozp_flow *ozp_flow_claim_rcu(struct ozp_flows *flows,
				    const struct ozp_tuple *tuple,
				    const struct ozp_flow_parties *parties)
{
	struct ozp_flow_key *found;
	struct ozp_tuple reply;
	struct ozp_flow *flow;

	ozp_flow_reply_tuple(&reply, tuple, parties->target);
	found = rhashtable_lookup(&flows->table, &reply, ozp_flow_params);
	if (!found)
		return NULL;
	flow = ozp_flow_same(found, tuple);
	if (IS_ERR(flow) && parties->opens && ozp_flow_make_room(flows, found))
		return NULL;
	return flow;
}

/**
 * ozp_flow_new_rcu() - begin to follow a conversation
 * @flows: where it will be found
 * @tuple: as the container sends
 * @parties: who talks to whom; both have the addresses of the tuple's family
 *
 * After ozp_flow_claim_rcu(): what came in between is noticed. When two CPUs do
 * this at once for one tuple, both get the same flow, perhaps with the other's
 * choice of instance. Caller is in an RCU read section with BH off.
 *
 * Return: the flow, valid in that section; else ERR_PTR: -ENFILE when there are
 * as many as allowed and none that was looked at is cheap to lose, or another CPU
 * has just taken its place, -ENOMEM,
 * -EEXIST when its replies could not be told from those of another flow, -ESTALE
 * when a party is going away, -EAGAIN when the hash table refused it.
 */
struct ozp_flow *ozp_flow_new_rcu(struct ozp_flows *flows,
				  const struct ozp_tuple *tuple,
				  const struct ozp_flow_parties *parties)
{
	struct ozp_flow_key *found;
	struct ozp_tuple reply;
	struct ozp_flow *flow;

	ozp_flow_reply_tuple(&reply, tuple, parties->target);
	if (!ozp_flow_reserve_rcu(flows, parties->source))
		return ERR_PTR(-ENFILE);
	flow = ozp_flow_alloc_rcu(flows->dev_name, tuple, &reply, parties);
	if (IS_ERR(flow)) {
		atomic_dec(&flows->count);
		return flow;
	}

	found = ozp_flow_insert(flows, flow, OZPROXY_DIRECTION_IN);
	if (found) {
		ozp_flow_release(flows, flow);
		return IS_ERR(found) ? ERR_PTR(-EAGAIN) :
				       ozp_flow_same(found, tuple);
	}
	found = ozp_flow_insert(flows, flow, OZPROXY_DIRECTION_OUT);
	/* Unlinked before this, it would be inserted when it is freed: pairs
	 * with ozp_flow_unlink().
	 */
	smp_mb__before_atomic();
	set_bit(OZP_FLOW_SETTLED, &flow->bits);
	if (found) {
		ozp_flow_end(flows, flow);
		return IS_ERR(found) ? ERR_PTR(-EAGAIN) :
				       ozp_flow_of_key(found);
	}
	return flow;
}

/**
 * ozp_flows_count() - how many flows are followed
 * @flows: the flow table
 *
 * Any context. While flows end on other CPUs, a few less than there are.
 *
 * Return: the number of flows that have not ended.
 */
u32 ozp_flows_count(const struct ozp_flows *flows)
{
	return max(atomic_read(&flows->count) -
		   atomic_read(&flows->dying_count), 0);
}

/* False: its insertion is not over yet. By one at a time: whoever ended it, and
 * then who frees it.
 */
static bool ozp_flow_unlink(struct ozp_flows *flows, struct ozp_flow *flow)
{
	if (test_bit(OZP_FLOW_UNLINKED, &flow->bits))
		return true;
	/* Pairs with the barrier in ozp_flow_new_rcu(). */
	if (!test_bit_acquire(OZP_FLOW_SETTLED, &flow->bits))
		return false;
	/* A flow that lost a race has no entry for the container's tuple. */
	rhashtable_remove_fast(&flows->table,
			       &flow->keys[OZPROXY_DIRECTION_OUT].link,
			       ozp_flow_params);
	WARN_ON_ONCE(rhashtable_remove_fast(&flows->table,
					    &flow->keys[OZPROXY_DIRECTION_IN].link,
					    ozp_flow_params));
	set_bit(OZP_FLOW_UNLINKED, &flow->bits);
	return true;
}

/* False: somebody else has ended it. */
static bool ozp_flow_doom(struct ozp_flows *flows, struct ozp_flow *flow)
{
	if (test_and_set_bit(OZP_FLOW_DYING, &flow->bits))
		return false;
	atomic_inc(&flows->dying_count);
	/* Now, not when it is freed: whose flows they are decides who makes
	 * room.
	 */
	ozp_flow_leave(flow, rcu_dereference(flow->conversion));
	return true;
}

/**
 * ozp_flow_end() - end a flow: from now on nobody finds it
 * @flows: the flow table
 * @flow: the flow; the reaper frees it
 *
 * It leaves the table at once. Left there, each end and new beginning of one
 * tuple would make one bucket longer, and from sixteen on an insertion allocates
 * another table and moves all flows there: whoever sends SYN and RST in turn
 * would have that done all the time. Caller is in an RCU read section, which
 * keeps the flow, as the reaper may come before this returns.
 *
 * Return: false when somebody else has ended it.
 */
bool ozp_flow_end(struct ozp_flows *flows, struct ozp_flow *flow)
{
	if (!ozp_flow_doom(flows, flow))
		return false;
	ozp_flow_unlink(flows, flow);
	llist_add(&flow->dying, &flows->dying);
	if (!test_bit(OZP_FLOWS_HURRY, &flows->bits) &&
	    !test_and_set_bit(OZP_FLOWS_HURRY, &flows->bits))
		flows->hurry(flows);
	return true;
}

/**
 * ozp_flow_end_in_walk() - end a flow that a walk over the table has met
 * @flows: the flow table
 * @flow: the flow
 * @ended: what this walk ended, for ozp_flows_free_ended() after it
 *
 * It stays in the table until then: one that loses many flows shrinks, again and
 * again, and a walk begins anew each time. Caller is in an RCU read section.
 *
 * Return: false when somebody else has ended it.
 */
bool ozp_flow_end_in_walk(struct ozp_flows *flows, struct ozp_flow *flow,
			  struct llist_head *ended)
{
	if (!ozp_flow_doom(flows, flow))
		return false;
	llist_add(&flow->dying, ended);
	return true;
}

/**
 * ozp_flows_free_ended() - free flows that have ended
 * @flows: the flow table
 * @ended: the flows; emptied
 *
 * They are freed after a grace period. Its cost is that of the flows that
 * ended, however many there are. Process context; each of those who do this at
 * once has flows of its own.
 *
 * Return: how many are still being inserted: they are left for the next reap.
 */
u32 ozp_flows_free_ended(struct ozp_flows *flows, struct llist_head *ended)
{
	struct llist_node *list = llist_del_all(ended);
	struct ozp_flow *flow, *next;
	u32 left = 0;

	llist_for_each_entry_safe(flow, next, list, dying) {
		if (ozp_flow_unlink(flows, flow)) {
			ozp_flow_release(flows, flow);
			atomic_dec(&flows->dying_count);
		} else {
			llist_add(&flow->dying, &flows->dying);
			left++;
		}
		cond_resched();
	}
	return left;
}

/**
 * ozp_flows_reap() - free what packets ended
 * @flows: the flow table
 *
 * As ozp_flows_free_ended().
 *
 * Return: how many are still being inserted: they are for the next time.
 */
u32 ozp_flows_reap(struct ozp_flows *flows)
{
	return ozp_flows_free_ended(flows, &flows->dying);
}

/**
 * ozp_flow_table_init() - make an empty hash table of flows
 * @table: to be filled in
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int ozp_flow_table_init(struct rhashtable *table)
{
	return rhashtable_init(table, &ozp_flow_params);
}

/**
 * ozp_flow_cache_init() - where flows of all devices come from
 *
 * Return: 0 or -ENOMEM.
 */
int __init ozp_flow_cache_init(void)
{
	ozp_flow_cache = KMEM_CACHE(ozp_flow, SLAB_ACCOUNT);
	return ozp_flow_cache ? 0 : -ENOMEM;
}

/**
 * ozp_flow_cache_uninit() - give the memory of flows back
 *
 * No device is left, and every RCU callback of flows has run.
 */
void ozp_flow_cache_uninit(void)
{
	kmem_cache_destroy(ozp_flow_cache);
}
