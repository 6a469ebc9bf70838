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

static struct kmem_cache *ozp_flow_cache;

/**
 * ozp_flow_of_key() - the flow that an entry of the table belongs to
 * @key: the entry
 *
 * Return: the flow.
 */
struct ozp_flow *ozp_flow_of_key(struct ozp_flow_key *key)
{
	return container_of(key, struct ozp_flow, keys[key->direction]);
}

static bool ozp_flow_is_dying(const struct ozp_flow *flow)
{
	return test_bit(OZP_FLOW_DYING, &flow->bits);
}

/* A dying flow equals nothing: look-ups pass it over, inserts go beside it. */
static int ozp_flow_compare(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct ozp_flow_key *key = obj;
	const struct ozp_flow *flow;

	if (!ozp_tuple_is_equal(arg->key, &key->tuple))
		return 1;
	flow = container_of(key, struct ozp_flow, keys[key->direction]);
	return ozp_flow_is_dying(flow);
}

static const struct rhashtable_params ozp_flow_params = {
	.head_offset = offsetof(struct ozp_flow_key, link),
	.key_offset = offsetof(struct ozp_flow_key, tuple),
	.key_len = offsetof(struct ozp_tuple, end),
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
	if (!key || key->direction != direction)
		return NULL;
	return ozp_flow_of_key(key);
}

/* A conversion with references on its endpoints; -ENOMEM, or -ESTALE when an
 * endpoint is going away.
 */
static struct ozp_conversion *
ozp_conversion_new_rcu(const struct ozp_flow *flow,
		       const struct ozp_flow_parties *parties)
{
	const struct ozp_tuple *out = &flow->keys[OZPROXY_DIRECTION_OUT].tuple;
	const struct ozp_tuple *in = &flow->keys[OZPROXY_DIRECTION_IN].tuple;
	int f = ozp_family_index(out->family);
	struct ozp_conversion *conv;

	conv = kmalloc(sizeof(*conv), GFP_ATOMIC | __GFP_NOWARN);
	if (!conv)
		return ERR_PTR(-ENOMEM);
	if (!ozp_endpoint_hold_rcu(parties->source))
		goto err_free;
	if (!ozp_endpoint_hold_rcu(parties->target))
		goto err_put_source;
	conv->source = parties->source;
	conv->target = parties->target;
	conv->local = parties->local;
	conv->epoch = parties->epoch;
	ozp_rewrite_init(&conv->out, out, &conv->source->config.ip[f],
			 &conv->target->config.ns[f]);
	ozp_rewrite_init(&conv->in, in, &out->dst, &out->src);
	return conv;

err_put_source:
	ozp_endpoint_put(parties->source);
err_free:
	kfree(conv);
	return ERR_PTR(-ESTALE);
}

static void ozp_conversion_release(struct ozp_conversion *conv)
{
	ozp_endpoint_put(conv->source);
	ozp_endpoint_put(conv->target);
	kfree_rcu(conv, rcu);
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

static struct ozp_flow *ozp_flow_alloc_rcu(const struct ozp_tuple *tuple,
					   const struct ozp_tuple *reply,
					   const struct ozp_flow_parties *parties)
{
	struct ozp_conversion *conv;
	struct ozp_flow *flow;

	flow = kmem_cache_zalloc(ozp_flow_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!flow)
		return ERR_PTR(-ENOMEM);
	flow->keys[OZPROXY_DIRECTION_OUT].tuple = *tuple;
	flow->keys[OZPROXY_DIRECTION_OUT].direction = OZPROXY_DIRECTION_OUT;
	flow->keys[OZPROXY_DIRECTION_IN].direction = OZPROXY_DIRECTION_IN;
	flow->keys[OZPROXY_DIRECTION_IN].tuple = *reply;
	/* Not now: the first packet is to touch the service, too. */
	flow->used = ozp_clock_now() - 1;

	conv = ozp_conversion_new_rcu(flow, parties);
	if (IS_ERR(conv)) {
		kmem_cache_free(ozp_flow_cache, flow);
		return ERR_CAST(conv);
	}
	RCU_INIT_POINTER(flow->conversion, conv);
	return flow;
}

static void ozp_flow_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(ozp_flow_cache, container_of(rcu, struct ozp_flow, rcu));
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

	if (found->direction == OZPROXY_DIRECTION_IN &&
	    ozp_tuple_is_equal(&flow->keys[OZPROXY_DIRECTION_OUT].tuple, tuple))
		return flow;
	return ERR_PTR(-EEXIST);
}

/* A new connection on the port of a closed one, by another address. */
static bool ozp_flow_make_room(struct ozp_flows *flows,
			       struct ozp_flow_key *found)
{
	struct ozp_flow *flow = ozp_flow_of_key(found);

	if (found->direction != OZPROXY_DIRECTION_IN ||
	    ozp_flow_state_rcu(flow) != OZPROXY_FLOW_STATE_CLOSING)
		return false;
	ozp_flow_end(flows, flow);
	return true;
}

/**
 * ozp_flow_new_rcu() - begin to follow a conversation
 * @flows: where it will be found
 * @tuple: as the container sends
 * @parties: who talks to whom; both have the addresses of the tuple's family
 *
 * When two CPUs do this at once for one tuple, both get the same flow, perhaps
 * with the other's choice of instance. Caller is in an RCU read section with BH
 * off.
 *
 * Return: the flow, valid in that section; else ERR_PTR: -ENFILE when there are
 * as many as allowed, -ENOMEM, -EEXIST when its replies could not be told from
 * those of another flow, -ESTALE when a party is going away, -EAGAIN when the
 * hash table refused it.
 */
struct ozp_flow *ozp_flow_new_rcu(struct ozp_flows *flows,
				  const struct ozp_tuple *tuple,
				  const struct ozp_flow_parties *parties)
{
	struct ozp_flow_key *found;
	struct ozp_tuple reply;
	struct ozp_flow *flow;

	/* A conflict is common for those who provoke it: it costs a look-up. */
	ozp_flow_reply_tuple(&reply, tuple, parties->target);
	found = rhashtable_lookup(&flows->table, &reply, ozp_flow_params);
	if (found) {
		flow = ozp_flow_same(found, tuple);
		if (!IS_ERR(flow) || !parties->opens ||
		    !ozp_flow_make_room(flows, found))
			return flow;
	}
	if (atomic_inc_return(&flows->count) > READ_ONCE(flows->options.limit)) {
		atomic_dec(&flows->count);
		return ERR_PTR(-ENFILE);
	}
	flow = ozp_flow_alloc_rcu(tuple, &reply, parties);
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
	 * with ozp_flow_is_settled().
	 */
	smp_mb__before_atomic();
	set_bit(OZP_FLOW_SETTLED, &flow->bits);
	if (found) {
		/* The collector finds it by its reply's entry. */
		ozp_flow_end(flows, flow);
		return IS_ERR(found) ? ERR_PTR(-EAGAIN) :
				       ozp_flow_of_key(found);
	}
	return flow;
}

/**
 * ozp_flow_is_stale() - whether a conversion is to be looked at again
 * @flows: the flow table
 * @conv: the conversion
 *
 * Return: whether an endpoint was replaced or withdrawn, or locality changed.
 */
bool ozp_flow_is_stale(const struct ozp_flows *flows,
		       const struct ozp_conversion *conv)
{
	return ozp_endpoint_is_stale(conv->source) ||
	       ozp_endpoint_is_stale(conv->target) ||
	       conv->epoch != ozp_flows_epoch(flows);
}

/* The present endpoint of the instance of @old. */
static enum ozp_flow_refresh
ozp_flow_endpoint_rcu(const struct ozp_endpoint *old, struct ozp_endpoint **now)
{
	struct ozp_instance *inst = old->instance;

	*now = rcu_dereference(inst->endpoint);
	if (*now)
		return OZP_FLOW_CURRENT;
	/* Pairs with smp_wmb() in ozp_table_withdraw(). */
	smp_rmb();
	return READ_ONCE(inst->state) == OZP_INSTANCE_REMOVED ? OZP_FLOW_OVER :
								OZP_FLOW_ASLEEP;
}

/**
 * ozp_flow_find_parties_rcu() - where the instances of a flow are now
 * @flow: the flow
 * @found: filled in but for @local when the flow is current
 *
 * A party whose addresses are not those of the tuples any more is another one.
 * Caller is in an RCU read section.
 *
 * Return: what became of them.
 */
enum ozp_flow_refresh ozp_flow_find_parties_rcu(const struct ozp_flow *flow,
						struct ozp_flow_parties *found)
{
	const struct ozp_tuple *out = &flow->keys[OZPROXY_DIRECTION_OUT].tuple;
	const struct ozp_tuple *in = &flow->keys[OZPROXY_DIRECTION_IN].tuple;
	enum ozp_flow_refresh source, target;
	const struct ozp_conversion *conv;
	int f = ozp_family_index(out->family);

	conv = rcu_dereference(flow->conversion);
	source = ozp_flow_endpoint_rcu(conv->source, &found->source);
	target = ozp_flow_endpoint_rcu(conv->target, &found->target);
	if (source == OZP_FLOW_OVER || target == OZP_FLOW_OVER)
		return OZP_FLOW_OVER;
	if (source == OZP_FLOW_ASLEEP)
		return OZP_FLOW_SOURCE_ASLEEP;
	if (target == OZP_FLOW_ASLEEP)
		return OZP_FLOW_ASLEEP;
	if (!ozp_addr_is_equal(&found->source->config.ns[f], &out->src) ||
	    !ozp_addr_is_set(&found->source->config.ip[f]) ||
	    !ozp_addr_is_equal(&found->target->config.ip[f], &in->src) ||
	    !ozp_addr_is_set(&found->target->config.ns[f]))
		return OZP_FLOW_OVER;
	return OZP_FLOW_CURRENT;
}

/**
 * ozp_flow_convert_anew_rcu() - let a flow follow its instances
 * @flows: the flow table
 * @flow: the flow
 * @parties: where they are now
 *
 * Caller is in an RCU read section with BH off.
 *
 * Return: the conversion, valid in that section; NULL without memory.
 */
struct ozp_conversion *
ozp_flow_convert_anew_rcu(struct ozp_flows *flows, struct ozp_flow *flow,
			  const struct ozp_flow_parties *parties)
{
	struct ozp_conversion *conv, *old = NULL;

	conv = ozp_conversion_new_rcu(flow, parties);
	if (IS_ERR(conv))
		return NULL;
	/* Two CPUs may both come here: the conversion of the later one stays,
	 * and if it saw older endpoints, the next packet finds it stale.
	 */
	spin_lock_bh(&flows->convert_lock);
	if (!ozp_flow_is_dying(flow))
		old = rcu_replace_pointer(flow->conversion, conv,
					  lockdep_is_held(&flows->convert_lock));
	spin_unlock_bh(&flows->convert_lock);
	/* A flow that died meanwhile goes on as it was, for this packet. */
	ozp_conversion_release(old ?: conv);
	return old ? conv : NULL;
}

static void ozp_flow_mark(struct ozp_flow *flow, enum ozp_flow_bit bit)
{
	if (!test_bit(bit, &flow->bits))
		set_bit(bit, &flow->bits);
}

/**
 * ozp_flow_follow() - note what a packet tells about its flow
 * @flow: the flow
 * @conv: its conversion
 * @pkt: the packet
 *
 * Writes to memory only when something changes. Caller is in an RCU read
 * section.
 */
void ozp_flow_follow(struct ozp_flow *flow, const struct ozp_conversion *conv,
		     const struct ozp_packet *pkt)
{
	u32 now = ozp_clock_now();

	if (ozp_clock_touch(&flow->used, now)) {
		ozp_clock_touch(&conv->source->instance->service->used, now);
		ozp_clock_touch(&conv->target->instance->service->used, now);
	}
	if (pkt->direction == OZPROXY_DIRECTION_IN)
		ozp_flow_mark(flow, OZP_FLOW_REPLIED);
	if (pkt->tcp_fin)
		ozp_flow_mark(flow, pkt->direction == OZPROXY_DIRECTION_IN ?
				    OZP_FLOW_FIN_IN : OZP_FLOW_FIN_OUT);
	if (pkt->tcp_rst)
		ozp_flow_mark(flow, OZP_FLOW_RST);
}

/**
 * ozp_flow_end() - end a flow: from now on nobody finds it
 * @flows: the flow table
 * @flow: the flow; the collector unlinks and frees it
 *
 * The collector comes early, because dying flows of one tuple share a bucket.
 * Any context.
 */
void ozp_flow_end(struct ozp_flows *flows, struct ozp_flow *flow)
{
	set_bit(OZP_FLOW_DYING, &flow->bits);
	if (!test_bit(OZP_FLOWS_HURRY, &flows->bits) &&
	    !test_and_set_bit(OZP_FLOWS_HURRY, &flows->bits))
		flows->hurry(flows);
}

/**
 * ozp_flow_state_rcu() - the life of a flow
 * @flow: the flow
 *
 * Caller is in an RCU read section.
 *
 * Return: its state.
 */
enum ozproxy_flow_state ozp_flow_state_rcu(const struct ozp_flow *flow)
{
	unsigned long bits = READ_ONCE(flow->bits);
	struct ozp_flow_parties parties;

	switch (ozp_flow_find_parties_rcu(flow, &parties)) {
	case OZP_FLOW_ASLEEP:
	case OZP_FLOW_SOURCE_ASLEEP:
		return OZPROXY_FLOW_STATE_ASLEEP;
	case OZP_FLOW_CURRENT:
	case OZP_FLOW_OVER:
		break;
	}
	if (bits & BIT(OZP_FLOW_RST) ||
	    (bits & BIT(OZP_FLOW_FIN_OUT) && bits & BIT(OZP_FLOW_FIN_IN)))
		return OZPROXY_FLOW_STATE_CLOSING;
	if (bits & BIT(OZP_FLOW_REPLIED))
		return OZPROXY_FLOW_STATE_ESTABLISHED;
	return OZPROXY_FLOW_STATE_UNANSWERED;
}

/**
 * ozp_flow_timeout_s() - how long a flow may be idle
 * @flow: the flow
 *
 * Sleeping flows keep the time that they had awake. Caller is in an RCU read
 * section.
 *
 * Return: seconds.
 */
u32 ozp_flow_timeout_s(const struct ozp_flow *flow)
{
	unsigned long bits = READ_ONCE(flow->bits);

	if (bits & BIT(OZP_FLOW_RST) ||
	    (bits & BIT(OZP_FLOW_FIN_OUT) && bits & BIT(OZP_FLOW_FIN_IN)))
		return OZP_TIMEOUT_TCP_CLOSING_S;
	if (!(bits & BIT(OZP_FLOW_REPLIED)))
		return OZP_TIMEOUT_UNANSWERED_S;
	return flow->keys[OZPROXY_DIRECTION_OUT].tuple.protocol == IPPROTO_TCP ?
	       OZP_TIMEOUT_TCP_S : OZP_TIMEOUT_UDP_S;
}

/**
 * ozp_flow_unlink() - take a flow out of the table; for the collector
 * @flows: the flow table
 * @flow: the flow; freed after a grace period
 *
 * Process context, one caller at a time.
 */
void ozp_flow_unlink(struct ozp_flows *flows, struct ozp_flow *flow)
{
	set_bit(OZP_FLOW_DYING, &flow->bits);
	/* A flow that lost a race has no entry for the container's tuple. */
	rhashtable_remove_fast(&flows->table,
			       &flow->keys[OZPROXY_DIRECTION_OUT].link,
			       ozp_flow_params);
	if (!rhashtable_remove_fast(&flows->table,
				    &flow->keys[OZPROXY_DIRECTION_IN].link,
				    ozp_flow_params))
		ozp_flow_release(flows, flow);
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
int ozp_flow_cache_init(void)
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
