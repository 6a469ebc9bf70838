// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* What flows do to their packets, and how they follow their instances. */

#include "flow.h"

#include <linux/net.h>
#include <linux/slab.h>

#include "flow_parts.h"
#include "hash.h"

/* Shown to the underlay, and so by a seed that no table has. */
static u32 ozp_flow_spread(const struct ozp_tuple *out)
{
	static u32 seed __read_mostly;

	net_get_random_once(&seed, sizeof(seed));
	return ozp_hash_tuple(out, seed);
}

/**
 * ozp_conversion_new_rcu() - make a conversion
 * @flow: whose it will be; its keys are complete
 * @parties: who talks to whom; references are taken on their endpoints
 *
 * Its rewrites point to addresses in @flow and in the endpoints. A reader that has
 * the conversion has them, too: all three are freed a grace period after the
 * conversion was unpublished, or later. Caller is in an RCU read section.
 *
 * Return: the conversion, owned by the caller; ERR_PTR: -ENOMEM, or -ESTALE when
 * an endpoint is going away.
 */
struct ozp_conversion *
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
	conv->hash = ozp_flow_spread(out);
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

/**
 * ozp_conversion_release() - give up a conversion that is not published any more
 * @conv: the conversion; readers under RCU may go on with it
 */
void ozp_conversion_release(struct ozp_conversion *conv)
{
	ozp_endpoint_put(conv->source);
	ozp_endpoint_put(conv->target);
	kfree_rcu(conv, rcu);
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
	if (source == OZP_FLOW_OVER ||
	    (found->source &&
	     (!ozp_addr_is_equal(&found->source->config.ns[f], &out->src) ||
	      !ozp_addr_is_set(&found->source->config.ip[f]))))
		return OZP_FLOW_OVER;
	target = ozp_flow_endpoint_rcu(conv->target, &found->target);
	if (target == OZP_FLOW_OVER ||
	    (found->target &&
	     (!ozp_addr_is_equal(&found->target->config.ip[f], &in->src) ||
	      !ozp_addr_is_set(&found->target->config.ns[f]))))
		return OZP_FLOW_GONE;
	return source == OZP_FLOW_ASLEEP ? OZP_FLOW_SOURCE_ASLEEP : target;
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
