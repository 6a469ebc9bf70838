// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* From a container to an instance.
 *
 *   1  A container sends to a Service IP or an Instance IP; the route of the
 *      service network brings the packet here.
 *   2  Its flow has the conversion ready; or else
 *   3  the conversion table tells what the address means, or
 *   4  nobody knows yet: the address is announced as a miss, and the packet
 *      waits for the answer.
 *   5  The policy of the address chooses an instance; from now on the flow
 *      converts  Namespace IP -> Service IP  to  own Instance IP -> Namespace IP.
 *   6  The packet goes through the tunnel to the node of the instance,
 *   7  whose inbound side delivers it; on the same node that happens at once.
 */

#include "convert.h"

#include <linux/if_ether.h>

#include "icmp.h"
#include "reset.h"

static enum ozp_verdict ozp_outbound_refuse_flow(struct ozp_packet *pkt,
						 long err)
{
	switch (err) {
	case -ENOENT:
	case -ESTALE:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_INSTANCE);
	case -EEXIST:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_REPLY_CONFLICT);
	case -ENFILE:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_FLOW_TABLE_FULL);
	case -ENOMEM:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	default:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_FLOW_INSERT_FAILED);
	}
}

/* 3: what the destination means, and 5: a flow to it. -EADDRNOTAVAIL: nothing
 * that the table knows.
 */
static struct ozp_flow *ozp_outbound_reach(struct ozp_convert *cv,
					   const struct ozp_packet *pkt,
					   struct ozp_flow_parties *parties)
{
	int f = ozp_family_index(pkt->tuple.family);
	struct ozp_match match;

	ozp_table_lookup_rcu(&cv->table, pkt->tuple.family, &pkt->tuple.dst,
			     &match);
	switch (match.kind) {
	case OZP_MATCH_NONE:
	case OZP_MATCH_NAMESPACE:
		break;
	case OZP_MATCH_SERVICE:
		return ozp_choose_rcu(cv, pkt, parties, &match);
	case OZP_MATCH_INSTANCE:
		if (!ozp_addr_is_set(&match.endpoint->config.ns[f]))
			return ERR_PTR(-ENOENT);
		return ozp_choose_bind_rcu(cv, pkt, parties,
					   match.endpoint);
	}
	return ERR_PTR(-EADDRNOTAVAIL);
}

/* 3: whether this is from an instance of ours, to a service. */
static enum ozp_verdict ozp_outbound_know(struct ozp_convert *cv,
					  struct ozp_packet *pkt,
					  struct ozp_endpoint **source)
{
	const struct ozp_tuple *tuple = &pkt->tuple;
	int f = ozp_family_index(tuple->family);

	*source = ozp_convert_find_local_rcu(cv, tuple->family, &tuple->src);
	if (!*source)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNKNOWN_SOURCE);
	if (!ozp_addr_is_set(&(*source)->config.ip[f]))
		return ozp_refuse(pkt,
				  OZPROXY_DROP_REASON_SOURCE_WITHOUT_ADDRESS);
	if (!ozp_networks_contain(&cv->networks, tuple->family, &tuple->dst))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NOT_A_SERVICE);
	return OZP_CONTINUE;
}

/* 3: who sends, and to whom, and 4 or 5. -ESTALE in @flow: the table changed on
 * the way.
 */
static enum ozp_verdict ozp_outbound_resolve(struct ozp_convert *cv,
					     struct sk_buff *skb,
					     struct ozp_packet *pkt,
					     struct ozp_flow **flow)
{
	struct ozp_flow_parties parties = {
		.epoch = ozp_flows_epoch(cv->flows),
		.opens = pkt->tcp_syn,
	};
	enum ozp_verdict verdict;
	struct ozp_miss_want want;

	ozp_convert_want(cv, pkt, &want);
	verdict = ozp_outbound_know(cv, pkt, &parties.source);
	if (verdict != OZP_CONTINUE)
		return verdict;
	verdict = ozp_miss_join(&cv->misses, skb, pkt, &want);
	if (verdict != OZP_CONTINUE)
		return verdict;
	*flow = ozp_outbound_reach(cv, pkt, &parties);
	if (!IS_ERR(*flow) || PTR_ERR(*flow) != -EADDRNOTAVAIL)
		return OZP_CONTINUE;
	*flow = ERR_PTR(-ESTALE);
	return ozp_miss_wait(&cv->misses, skb, pkt, &want);
}

/* 4: the service of a flow was cleared as idle. Its address is a miss, and the
 * packet waits for the answer, unless the address is another service's by now:
 * OZP_CONTINUE, and the flow is over; or with -ESTALE in @flow the service was
 * set again this very moment.
 */
static enum ozp_verdict ozp_outbound_wake(struct ozp_convert *cv,
					  struct sk_buff *skb,
					  struct ozp_packet *pkt,
					  const struct ozp_conversion *conv,
					  struct ozp_flow **flow)
{
	const struct ozp_tuple *tuple = &pkt->tuple;
	enum ozp_verdict verdict = OZP_CONTINUE;
	struct ozp_miss_want want;
	struct ozp_match match;

	ozp_convert_want(cv, pkt, &want);
	ozp_table_lookup_rcu(&cv->table, tuple->family, &tuple->dst, &match);
	if (match.kind == OZP_MATCH_NONE)
		verdict = ozp_miss_wait(&cv->misses, skb, pkt, &want);
	else if (match.service != conv->target->instance->service)
		return OZP_CONTINUE;
	*flow = ERR_PTR(-ESTALE);
	return verdict;
}

/* The target of a connection was removed: another instance knows nothing of it. */
static enum ozp_verdict ozp_outbound_abort(struct ozp_convert *cv,
					   const struct sk_buff *skb,
					   struct ozp_packet *pkt,
					   struct ozp_flow *flow,
					   const struct ozp_conversion *conv)
{
	if (ozp_flow_abort(flow, conv) &&
	    READ_ONCE(cv->options.rejection) == OZPROXY_REJECTION_REJECT)
		ozp_reset_answer(cv->dev, skb, pkt);
	return ozp_refuse(pkt, OZPROXY_DROP_REASON_INSTANCE_GONE);
}

/* 2, 4: the conversion of a flow that exists. OZP_CONTINUE without @conv: the
 * flow is over, and the packet begins another one; or with -ESTALE in @flow the
 * table changed on the way.
 */
static enum ozp_verdict ozp_outbound_continue(struct ozp_convert *cv,
					      struct sk_buff *skb,
					      struct ozp_packet *pkt,
					      struct ozp_flow **flow,
					      struct ozp_conversion **conv)
{
	struct ozp_flow *old = *flow;
	enum ozp_verdict verdict;

	switch (ozp_convert_refresh_rcu(cv, old, conv)) {
	case OZP_FLOW_CURRENT:
		if (!ozp_flow_is_reopened(old, pkt))
			return OZP_CONTINUE;
		break;
	case OZP_FLOW_SOURCE_ASLEEP:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNKNOWN_SOURCE);
	case OZP_FLOW_ASLEEP:
		verdict = ozp_outbound_wake(cv, skb, pkt, *conv, flow);
		if (verdict != OZP_CONTINUE || IS_ERR(*flow))
			return verdict;
		break;
	case OZP_FLOW_GONE:
		if (pkt->tuple.protocol == IPPROTO_TCP && !pkt->tcp_syn)
			return ozp_outbound_abort(cv, skb, pkt, old, *conv);
		break;
	case OZP_FLOW_OVER:
		break;
	}
	ozp_flow_end(cv->flows, old);
	*conv = NULL;
	return OZP_CONTINUE;
}

static enum ozp_verdict ozp_outbound_find_once(struct ozp_convert *cv,
					       struct sk_buff *skb,
					       struct ozp_packet *pkt,
					       struct ozp_flow **flow,
					       struct ozp_conversion **conv)
{
	enum ozp_verdict verdict;

	*conv = NULL;
	*flow = ozp_flow_lookup_rcu(cv->flows, &pkt->tuple,
				    OZPROXY_DIRECTION_OUT);
	if (*flow) {
		verdict = ozp_outbound_continue(cv, skb, pkt, flow, conv);
		if (verdict != OZP_CONTINUE || IS_ERR(*flow) || *conv)
			return verdict;
	}
	verdict = ozp_outbound_resolve(cv, skb, pkt, flow);
	if (verdict == OZP_CONTINUE && !IS_ERR(*flow))
		*conv = rcu_dereference((*flow)->conversion);
	return verdict;
}

/* 2 to 5: again, with what the table says then, when it changed on the way. */
static enum ozp_verdict ozp_outbound_find(struct ozp_convert *cv,
					  struct sk_buff *skb,
					  struct ozp_packet *pkt,
					  struct ozp_flow **flow,
					  struct ozp_conversion **conv)
{
	enum ozp_verdict verdict;
	unsigned int tries = 0;

	do {
		verdict = ozp_outbound_find_once(cv, skb, pkt, flow, conv);
		if (verdict != OZP_CONTINUE || !IS_ERR(*flow))
			return verdict;
	} while (PTR_ERR(*flow) == -ESTALE && ++tries < OZP_FIND_TRIES);
	return ozp_outbound_refuse_flow(pkt, PTR_ERR(*flow));
}

/* 6: to another node, by a way that was found. */
static enum ozp_verdict ozp_outbound_tunnel(struct ozp_convert *cv,
					    struct sk_buff *skb,
					    struct ozp_packet *pkt,
					    const struct ozp_endpoint *source,
					    const struct ozp_endpoint *target,
					    const struct ozp_rewrite *rw,
					    struct ozp_way *way)
{
	enum ozp_verdict verdict;

	verdict = ozp_convert_apply(skb, pkt, source, target, rw);
	if (verdict == OZP_CONTINUE)
		return ozp_tunnel_send(&cv->tunnel, skb, pkt, target->node,
				       way);
	ozp_way_put(way);
	return verdict;
}

/* 6: to another node. A packet that cannot go there is refused as it came. */
static enum ozp_verdict ozp_outbound_send(struct ozp_convert *cv,
					  struct sk_buff *skb,
					  struct ozp_packet *pkt,
					  struct ozp_flow *flow,
					  struct ozp_conversion *conv)
{
	enum ozp_verdict verdict;
	struct ozp_way way;

	verdict = ozp_way_find_rcu(&cv->tunnel, skb, pkt, conv->target->node,
				   &way);
	if (verdict != OZP_CONTINUE)
		return verdict;
	/* A sender's own hash may change, to try another path. Without one, the
	 * stack would take the packet apart: 580 instructions.
	 */
	if (!skb->l4_hash)
		skb_set_hash(skb, conv->hash, PKT_HASH_TYPE_L4);
	ozp_flow_follow(flow, conv, pkt);
	return ozp_outbound_tunnel(cv, skb, pkt, conv->source, conv->target,
				   &conv->out, &way);
}

/* 7: to this node. */
static enum ozp_verdict ozp_outbound_local(struct ozp_convert *cv,
					   struct sk_buff *skb,
					   struct ozp_packet *pkt,
					   const struct ozp_endpoint *source,
					   const struct ozp_endpoint *target,
					   const struct ozp_rewrite *rw)
{
	enum ozp_verdict verdict;

	verdict = ozp_convert_apply(skb, pkt, source, target, rw);
	if (verdict != OZP_CONTINUE)
		return verdict;
	ozp_inbound_local(cv, skb, pkt, rw);
	return OZP_CONSUMED;
}

/* An ICMP error belongs to the flow of the packet that it is about. */
static noinline enum ozp_verdict ozp_outbound_error(struct ozp_convert *cv,
						    struct sk_buff *skb,
						    struct ozp_packet *pkt)
{
	enum ozp_verdict verdict;
	struct ozp_bearing to;
	struct ozp_way way;

	verdict = ozp_error_outbound(cv, skb, pkt, &to);
	if (verdict != OZP_CONTINUE)
		return verdict;
	if (to.local)
		return ozp_outbound_local(cv, skb, pkt, to.source, to.target,
					  &to.rewrite);
	verdict = ozp_way_find_rcu(&cv->tunnel, skb, pkt, to.target->node,
				   &way);
	if (verdict != OZP_CONTINUE)
		return verdict;
	return ozp_outbound_tunnel(cv, skb, pkt, to.source, to.target,
				   &to.rewrite, &way);
}

/* 2 to 7 */
static enum ozp_verdict ozp_outbound_steps(struct ozp_convert *cv,
					   struct sk_buff *skb,
					   struct ozp_packet *pkt)
{
	struct ozp_conversion *conv;
	enum ozp_verdict verdict;
	struct ozp_flow *flow;

	if (pkt->icmp == OZP_ICMP_ERROR)
		return ozp_outbound_error(cv, skb, pkt);
	verdict = ozp_outbound_find(cv, skb, pkt, &flow, &conv);
	if (verdict != OZP_CONTINUE)
		return verdict;
	if (!conv->local)
		return ozp_outbound_send(cv, skb, pkt, flow, conv);
	ozp_flow_follow(flow, conv, pkt);
	return ozp_outbound_local(cv, skb, pkt, conv->source, conv->target,
				  &conv->out);
}

/**
 * ozp_outbound_reject() - what becomes of a packet that was refused
 * @cv: the device
 * @skb: the packet, as it came and with the route that it came by; consumed
 * @pkt: what is known of it; its reason is set
 *
 * Its sender is told, if it can do something about it; where a forged source is a
 * service address, the answer would only come back here. BH off, in an RCU read
 * section.
 */
void ozp_outbound_reject(struct ozp_convert *cv, struct sk_buff *skb,
			 struct ozp_packet *pkt)
{
	bool answer = READ_ONCE(cv->options.rejection) ==
		      OZPROXY_REJECTION_REJECT;

	if (answer && ozp_icmp_has_answer(pkt) &&
	    !ozp_networks_contain(&cv->networks, pkt->tuple.family,
				  &pkt->tuple.src))
		ozp_icmp_answer(skb, pkt);
	ozp_drop(skb, pkt, pkt->reason);
}

static void ozp_outbound_pass(struct ozp_convert *cv, struct sk_buff *skb,
			      struct ozp_packet *pkt)
{
	if (ozp_outbound_steps(cv, skb, pkt) == OZP_DROP)
		ozp_outbound_reject(cv, skb, pkt);
}

/* Only what has a chance to be sent is remembered. One that waited for its
 * address comes here again, as a repetition.
 */
static void ozp_outbound_fragment(struct ozp_convert *cv, struct sk_buff *skb,
				  struct ozp_packet *pkt)
{
	struct ozp_endpoint *source;

	if (ozp_outbound_know(cv, pkt, &source) == OZP_DROP)
		ozp_outbound_reject(cv, skb, pkt);
	else
		ozp_convert_fragment(cv, skb, pkt, ozp_outbound_pass);
}

static void ozp_outbound_go(struct ozp_convert *cv, struct sk_buff *skb)
{
	struct ozp_packet pkt = {
		.stats = &cv->stats,
		.direction = OZPROXY_DIRECTION_OUT,
	};

	rcu_read_lock();
	if (ozp_packet_parse(skb, &pkt) == OZP_DROP)
		ozp_outbound_reject(cv, skb, &pkt);
	else if (ozp_packet_is_fragment(&pkt))
		ozp_outbound_fragment(cv, skb, &pkt);
	else
		ozp_outbound_pass(cv, skb, &pkt);
	rcu_read_unlock();
}

/**
 * ozp_outbound() - convert a packet and send it to an instance
 * @cv: the device
 * @skb: the packet, consumed
 *
 * ndo_start_xmit: BH off.
 *
 * Return: NETDEV_TX_OK.
 */
netdev_tx_t ozp_outbound(struct ozp_convert *cv, struct sk_buff *skb)
{
	ozp_stats_count(&cv->stats, OZP_COUNTER_OUT_RECEIVED, skb->len);
	skb_reset_network_header(skb);
	ozp_outbound_go(cv, skb);
	return NETDEV_TX_OK;
}

/**
 * ozp_outbound_release() - let a packet go on that waited for its address
 * @misses: where it waited, in the device
 * @skb: the packet, consumed
 * @outer: it has none
 *
 * As if it came now; it is counted as received already. BH off.
 */
void ozp_outbound_release(struct ozp_misses *misses, struct sk_buff *skb,
			  const struct ozp_outer *outer)
{
	ozp_outbound_go(container_of(misses, struct ozp_convert, misses), skb);
}

/**
 * ozp_outbound_give_up() - reject a packet that waited in vain
 * @misses: where it waited, in the device
 * @skb: the packet, consumed
 * @reason: why
 *
 * BH off.
 */
void ozp_outbound_give_up(struct ozp_misses *misses, struct sk_buff *skb,
			  enum ozproxy_drop_reason reason)
{
	struct ozp_convert *cv = container_of(misses, struct ozp_convert,
					      misses);
	struct ozp_packet pkt = {
		.stats = &cv->stats,
		.direction = OZPROXY_DIRECTION_OUT,
	};

	rcu_read_lock();
	/* It was found well-formed before it waited. */
	if (ozp_packet_parse(skb, &pkt) == OZP_CONTINUE)
		ozp_refuse(&pkt, reason);
	ozp_outbound_reject(cv, skb, &pkt);
	rcu_read_unlock();
}
