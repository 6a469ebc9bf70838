// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* ICMP errors on their way through the overlay.
 *
 * An error goes to the source of the packet that it is about, and embeds the
 * beginning of that packet as it was where the error was made. So there are two
 * packets to convert. With the names of the README, an instance of X3 that has
 * no such port says
 *
 *   10.21.0.1 > 10.30.0.2, about 10.30.0.2:5000 > 10.21.0.1:99
 *
 * which travels as  10.30.0.6 > 10.19.1.3, about the same,
 * and arrives as    10.30.1.30 > 10.19.1.3, about 10.19.1.3:5000 > 10.30.1.30:99
 *
 * In the tunnel the embedded packet is as it was in the tunnel, whoever made the
 * error, and the source is the Instance IP of the instance that the embedded
 * packet was for, also when another host on the way made it.
 */

#include "convert.h"

#include "admission.h"
#include "embedded.h"
#include "stale.h"

/* Who may speak for the receiver of the embedded packet: itself, and the stack
 * of this node, which routed the packet to it. Anybody else on the node could
 * end connections of others.
 */
static enum ozp_verdict ozp_error_check(struct ozp_convert *cv,
					const struct sk_buff *skb,
					struct ozp_packet *pkt,
					const struct ozp_embedded *emb,
					struct ozp_endpoint **receiver)
{
	u8 family = pkt->tuple.family;

	*receiver = ozp_convert_find_local_rcu(cv, family, &emb->tuple.dst);
	/* What was made on this node did not come in by any device. */
	if (!*receiver ||
	    (!ozp_addr_is_equal(&pkt->tuple.src, &emb->tuple.dst) &&
	     skb->skb_iif))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNKNOWN_SOURCE);
	if (!ozp_addr_is_equal(&pkt->tuple.dst, &emb->tuple.src))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
	return OZP_CONTINUE;
}

/* About a request that was delivered as it came, and never answered: there is no
 * flow. Only its source says where it came from, by its Instance IP.
 */
static enum ozp_verdict ozp_error_by_table(struct ozp_convert *cv,
					   struct sk_buff *skb,
					   struct ozp_packet *pkt,
					   struct ozp_endpoint *receiver,
					   struct ozp_bearing *to)
{
	const struct ozp_tuple *tuple = &pkt->tuple;
	int f = ozp_family_index(tuple->family);
	enum ozp_verdict verdict;
	struct ozp_miss_want want;
	struct ozp_match match;

	ozp_convert_want(cv, pkt, &want);
	if (!ozp_addr_is_set(&receiver->config.ip[f]))
		return ozp_refuse(pkt,
				  OZPROXY_DROP_REASON_SOURCE_WITHOUT_ADDRESS);
	if (!ozp_networks_contain(&cv->networks, tuple->family, &tuple->dst))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NOT_A_SERVICE);
	ozp_table_lookup_rcu(&cv->table, tuple->family, &tuple->dst, &match);
	switch (match.kind) {
	case OZP_MATCH_NONE:
		verdict = ozp_miss_wait(&cv->misses, skb, pkt, &want);
		/* Answered this very moment: the next one finds it. */
		return verdict != OZP_CONTINUE ? verdict :
		       ozp_refuse(pkt, OZPROXY_DROP_REASON_UNKNOWN_SERVICE);
	case OZP_MATCH_SERVICE:
	case OZP_MATCH_NAMESPACE:
		/* Nothing that came from there was delivered without a flow. */
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
	case OZP_MATCH_INSTANCE:
		break;
	}
	if (!ozp_addr_is_set(&match.endpoint->config.ns[f]))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_INSTANCE);
	to->source = receiver;
	to->target = match.endpoint;
	to->local = ozp_convert_is_local_rcu(cv, match.endpoint);
	ozp_rewrite_init(&to->rewrite, tuple, &receiver->config.ip[f],
			 &match.endpoint->config.ns[f]);
	return OZP_CONTINUE;
}

/**
 * ozp_error_outbound() - convert an ICMP error about a packet that we delivered
 * @cv: the device
 * @skb: the error, parsed; the packet that it embeds is converted here
 * @pkt: what is known of it
 * @to: where it goes and what it is converted to, filled in
 *
 * Caller is in an RCU read section with BH off.
 *
 * Return: OZP_CONTINUE, OZP_CONSUMED when it waits for its destination to become
 * known, or OZP_DROP.
 */
enum ozp_verdict ozp_error_outbound(struct ozp_convert *cv, struct sk_buff *skb,
				    struct ozp_packet *pkt, struct ozp_bearing *to)
{
	const struct ozp_tuple *in;
	struct ozp_endpoint *receiver;
	struct ozp_conversion *conv;
	struct ozp_embedded emb;
	struct ozp_tuple answer;
	enum ozp_verdict verdict;
	struct ozp_flow *flow;

	verdict = ozp_embedded_parse(skb, pkt, &emb);
	if (verdict != OZP_CONTINUE)
		return verdict;
	verdict = ozp_error_check(cv, skb, pkt, &emb, &receiver);
	if (verdict != OZP_CONTINUE)
		return verdict;
	ozp_embedded_answer(&emb, &answer);
	flow = ozp_flow_lookup_rcu(cv->flows, &answer, OZPROXY_DIRECTION_OUT);
	if (!flow ||
	    ozp_convert_refresh_rcu(cv, flow, &conv) != OZP_FLOW_CURRENT)
		return ozp_error_by_table(cv, skb, pkt, receiver, to);

	/* What was delivered, maybe as from a Service IP, is again what came. */
	in = &flow->keys[OZPROXY_DIRECTION_IN].tuple;
	to->source = receiver;
	to->target = conv->target;
	to->local = conv->local;
	ozp_rewrite_init(&to->rewrite, &pkt->tuple, conv->out.src,
			 conv->out.dst);
	return ozp_embedded_rewrite(skb, pkt, &emb, &in->src, &in->dst);
}

/* The flow that an error concerns: its answers come from where the error comes
 * from, and it sent what the error embeds.
 */
static enum ozp_verdict ozp_error_find(struct ozp_convert *cv,
				       struct ozp_packet *pkt,
				       const struct ozp_embedded *emb,
				       struct ozp_flow **flow,
				       struct ozp_conversion **conv)
{
	const struct ozp_tuple *tuple = &pkt->tuple;
	struct ozp_tuple answer;

	ozp_embedded_answer(emb, &answer);
	answer.src = tuple->src;
	answer.dst = tuple->dst;
	*flow = ozp_flow_lookup_rcu(cv->flows, &answer, OZPROXY_DIRECTION_IN);
	if (!*flow)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
	switch (ozp_convert_refresh_rcu(cv, *flow, conv)) {
	case OZP_FLOW_CURRENT:
		break;
	case OZP_FLOW_ASLEEP:
	case OZP_FLOW_SOURCE_ASLEEP:
		/* As an answer: the tuples say what to write. */
		if (ozp_convert_find_local_rcu(cv, tuple->family, &tuple->dst))
			break;
		return ozp_refuse(pkt,
				  OZPROXY_DROP_REASON_DESTINATION_NOT_LOCAL);
	case OZP_FLOW_GONE:
	case OZP_FLOW_OVER:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
	}
	if (!ozp_addr_is_equal(&emb->tuple.src, (*conv)->out.src) ||
	    !ozp_addr_is_equal(&emb->tuple.dst, (*conv)->out.dst))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
	return OZP_CONTINUE;
}

/**
 * ozp_error_inbound() - convert an ICMP error about a packet that we sent
 * @cv: the device
 * @skb: the error, parsed
 * @pkt: what is known of it
 *
 * The container gets it from the address that it sent to, about the packet that
 * it sent. The flow is not touched: an error is no sign of life. Caller is in an
 * RCU read section with BH off.
 *
 * Return: OZP_CONTINUE, OZP_CONSUMED when it waits for what its source is, or
 * OZP_DROP.
 */
enum ozp_verdict ozp_error_inbound(struct ozp_convert *cv, struct sk_buff *skb,
				   struct ozp_packet *pkt)
{
	struct ozp_conversion *conv;
	struct ozp_embedded emb;
	enum ozp_verdict verdict;
	const struct ozp_tuple *out;
	struct ozp_flow *flow;

	verdict = ozp_embedded_parse(skb, pkt, &emb);
	if (verdict != OZP_CONTINUE)
		return verdict;
	if (ozp_networks_contain(&cv->networks, pkt->tuple.family,
				 &pkt->tuple.dst))
		return ozp_stale_accept_rcu(cv, skb, pkt, &emb);
	verdict = ozp_error_find(cv, pkt, &emb, &flow, &conv);
	if (verdict != OZP_CONTINUE)
		return verdict;
	verdict = ozp_admission_check_rcu(cv, skb, pkt, conv);
	if (verdict != OZP_CONTINUE)
		return verdict;
	out = &flow->keys[OZPROXY_DIRECTION_OUT].tuple;
	verdict = ozp_embedded_rewrite(skb, pkt, &emb, &out->src, &out->dst);
	if (verdict != OZP_CONTINUE)
		return verdict;
	/* Made for the addresses of this flow's answers, which it has. */
	return ozp_convert_apply(skb, pkt, conv->source, conv->target,
				 &conv->in);
}
