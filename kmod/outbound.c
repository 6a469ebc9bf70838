// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* From a container to an instance.
 *
 *   1  A container sends to a Service IP or an Instance IP; the route of the
 *      service network brings the packet here.
 *   2  Its flow has the conversion ready; or else
 *   3  the conversion table tells what the address means, or
 *   4  nobody knows yet: the address is announced as a miss.
 *   5  The policy of the address chooses an instance; from now on the flow
 *      converts  Namespace IP -> Service IP  to  own Instance IP -> Namespace IP.
 *   6  The packet goes through the tunnel to the node of the instance,
 *   7  whose inbound side delivers it; on the same node that happens at once.
 */

#include "convert.h"

#include <linux/if_ether.h>

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

/* 3: who sends, and to whom. -ESTALE in @flow: the table changed on the way. */
static enum ozp_verdict ozp_outbound_resolve_once(struct ozp_convert *cv,
						  struct ozp_packet *pkt,
						  struct ozp_flow **flow)
{
	struct ozp_flow_parties parties = {
		.epoch = ozp_flows_epoch(cv->flows),
		.opens = pkt->tcp_syn,
	};
	const struct ozp_tuple *tuple = &pkt->tuple;
	int f = ozp_family_index(tuple->family);

	parties.source = ozp_convert_find_local_rcu(cv, tuple->family,
						    &tuple->src);
	if (!parties.source)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNKNOWN_SOURCE);
	if (!ozp_addr_is_set(&parties.source->config.ip[f]))
		return ozp_refuse(pkt,
				  OZPROXY_DROP_REASON_SOURCE_WITHOUT_ADDRESS);
	if (!ozp_networks_contain(&cv->networks, tuple->family, &tuple->dst))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NOT_A_SERVICE);
	*flow = ozp_outbound_reach(cv, pkt, &parties);
	return OZP_CONTINUE;
}

/* 3: what the packet's addresses mean, and 4 or 5. */
static enum ozp_verdict ozp_outbound_resolve(struct ozp_convert *cv,
					     struct ozp_packet *pkt,
					     struct ozp_flow **flow)
{
	enum ozp_verdict verdict;

	verdict = ozp_outbound_resolve_once(cv, pkt, flow);
	/* Once more, with what the table says now. */
	if (verdict == OZP_CONTINUE && IS_ERR(*flow) &&
	    PTR_ERR(*flow) == -ESTALE)
		verdict = ozp_outbound_resolve_once(cv, pkt, flow);
	if (verdict != OZP_CONTINUE || !IS_ERR(*flow))
		return verdict;
	if (PTR_ERR(*flow) == -EADDRNOTAVAIL)
		return ozp_refuse(pkt, ozp_miss_add(&cv->misses,
						    pkt->tuple.family,
						    &pkt->tuple.dst));
	return ozp_outbound_refuse_flow(pkt, PTR_ERR(*flow));
}

/* 4: the service of a flow was cleared as idle. Its address is a miss, and the
 * flow waits for the answer, unless the address is another service's by now:
 * OZP_CONTINUE, and the flow is over.
 */
static enum ozp_verdict ozp_outbound_wake(struct ozp_convert *cv,
					  struct ozp_packet *pkt,
					  const struct ozp_conversion *conv)
{
	const struct ozp_tuple *tuple = &pkt->tuple;
	struct ozp_match match;

	ozp_table_lookup_rcu(&cv->table, tuple->family, &tuple->dst, &match);
	if (match.kind == OZP_MATCH_NONE)
		return ozp_refuse(pkt, ozp_miss_add(&cv->misses, tuple->family,
						    &tuple->dst));
	/* Set again this very moment: the next packet finds it awake. */
	if (match.service == conv->target->instance->service)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNKNOWN_SERVICE);
	return OZP_CONTINUE;
}

/* 2, 4: the conversion of a flow that exists. OZP_CONTINUE without @conv: the
 * flow is over, and the packet begins another one.
 */
static enum ozp_verdict ozp_outbound_continue(struct ozp_convert *cv,
					      struct ozp_packet *pkt,
					      struct ozp_flow *flow,
					      struct ozp_conversion **conv)
{
	enum ozp_verdict verdict;

	switch (ozp_convert_refresh_rcu(cv, flow, conv)) {
	case OZP_FLOW_CURRENT:
		/* A new connection on the ports of a closed one. */
		if (!pkt->tcp_syn ||
		    ozp_flow_state_rcu(flow) != OZPROXY_FLOW_STATE_CLOSING)
			return OZP_CONTINUE;
		break;
	case OZP_FLOW_SOURCE_ASLEEP:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNKNOWN_SOURCE);
	case OZP_FLOW_ASLEEP:
		verdict = ozp_outbound_wake(cv, pkt, *conv);
		if (verdict != OZP_CONTINUE)
			return verdict;
		break;
	case OZP_FLOW_OVER:
		break;
	}
	ozp_flow_end(cv->flows, flow);
	*conv = NULL;
	return OZP_CONTINUE;
}

/* 2 to 5 */
static enum ozp_verdict ozp_outbound_find(struct ozp_convert *cv,
					  struct ozp_packet *pkt,
					  struct ozp_flow **flow,
					  struct ozp_conversion **conv)
{
	enum ozp_verdict verdict;

	*conv = NULL;
	*flow = ozp_flow_lookup_rcu(cv->flows, &pkt->tuple,
				    OZPROXY_DIRECTION_OUT);
	if (*flow) {
		verdict = ozp_outbound_continue(cv, pkt, *flow, conv);
		if (verdict != OZP_CONTINUE || *conv)
			return verdict;
	}
	verdict = ozp_outbound_resolve(cv, pkt, flow);
	if (verdict == OZP_CONTINUE)
		*conv = rcu_dereference((*flow)->conversion);
	return verdict;
}

/* 6: to another node. A packet that cannot go there is refused as it came. */
static enum ozp_verdict ozp_outbound_send(struct ozp_convert *cv,
					  struct sk_buff *skb,
					  struct ozp_packet *pkt,
					  struct ozp_flow *flow,
					  struct ozp_conversion *conv)
{
	struct ozp_node *node = conv->target->node;
	enum ozp_verdict verdict;
	struct ozp_way way;

	verdict = ozp_way_find_rcu(&cv->tunnel, skb, pkt, node, &way);
	if (verdict != OZP_CONTINUE)
		return verdict;
	ozp_flow_follow(flow, conv, pkt);
	verdict = ozp_rewrite_apply(skb, pkt, &conv->out);
	if (verdict == OZP_CONTINUE)
		return ozp_tunnel_send(&cv->tunnel, skb, pkt, node, &way);
	ozp_way_put(&way);
	return verdict;
}

static enum ozp_verdict ozp_outbound_steps(struct ozp_convert *cv,
					   struct sk_buff *skb,
					   struct ozp_packet *pkt)
{
	struct ozp_conversion *conv;
	enum ozp_verdict verdict;
	struct ozp_flow *flow;

	verdict = ozp_packet_parse(skb, pkt);
	if (verdict != OZP_CONTINUE)
		return verdict;
	if (ozp_packet_is_fragment(pkt))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_FRAGMENT);
	verdict = ozp_outbound_find(cv, pkt, &flow, &conv);
	if (verdict != OZP_CONTINUE)
		return verdict;
	if (!conv->local)
		return ozp_outbound_send(cv, skb, pkt, flow, conv);
	ozp_flow_follow(flow, conv, pkt);
	verdict = ozp_rewrite_apply(skb, pkt, &conv->out);
	if (verdict != OZP_CONTINUE)
		return verdict;
	ozp_inbound_local(cv, skb, pkt, conv);
	return OZP_CONSUMED;
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
	struct ozp_packet pkt = {
		.stats = &cv->stats,
		.direction = OZPROXY_DIRECTION_OUT,
	};

	ozp_stats_count(&cv->stats, OZP_COUNTER_OUT_RECEIVED, skb->len);
	skb_reset_network_header(skb);

	rcu_read_lock();
	if (ozp_outbound_steps(cv, skb, &pkt) == OZP_DROP)
		ozp_drop(skb, &pkt, pkt.reason);
	rcu_read_unlock();
	return NETDEV_TX_OK;
}
