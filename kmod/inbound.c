// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Towards a container of this node.
 *
 * A packet comes from the tunnel, or from the outbound side for an instance on
 * the same node. When it answers a flow, the Service IP that the container used
 * becomes its source again, so that the container sees the peer that it knows.
 * Otherwise it is a request and is delivered as it came, if it is admitted.
 */

#include "convert.h"

#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>
#include <net/net_debug.h>

#include "admission.h"
#include "clock.h"
#include "mss.h"
#include "stale.h"

/* A packet from a tunnel is on its way up the stack. */
static DEFINE_PER_CPU(bool, ozp_inbound_delivers);

/* What every admission asks for: from a service address, to a container here. */
static enum ozp_verdict ozp_inbound_admit(struct ozp_convert *cv,
					  struct ozp_packet *pkt,
					  struct ozp_endpoint **target)
{
	const struct ozp_tuple *tuple = &pkt->tuple;

	if (!ozp_networks_contain(&cv->networks, tuple->family, &tuple->src))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_SOURCE_NOT_SERVICE);
	*target = ozp_convert_find_local_rcu(cv, tuple->family, &tuple->dst);
	if (!*target)
		return ozp_refuse(pkt,
				  OZPROXY_DROP_REASON_DESTINATION_NOT_LOCAL);
	ozp_clock_touch(&(*target)->instance->service->used, ozp_clock_now());
	return OZP_CONTINUE;
}

/* The same, and what the admission of the device asks for besides. */
static enum ozp_verdict
ozp_inbound_admit_from(struct ozp_convert *cv, struct sk_buff *skb,
		       struct ozp_packet *pkt,
		       const struct ozp_conversion *conv,
		       struct ozp_endpoint **target)
{
	enum ozp_verdict verdict = ozp_inbound_admit(cv, pkt, target);

	if (verdict != OZP_CONTINUE)
		return verdict;
	return ozp_admission_check_rcu(cv, skb, pkt, conv);
}

/* The flow that a packet answers, or NULL and @conv NULL for a request, which
 * goes to @target. What is written into an answer depends on the tuples only,
 * not on where the instances are, so that it can be delivered while the flow is
 * asleep, and that the last words of an instance that was removed are understood.
 */
static enum ozp_verdict ozp_inbound_find(struct ozp_convert *cv,
					 struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 struct ozp_flow **flow,
					 struct ozp_conversion **conv,
					 struct ozp_endpoint **target)
{
	enum ozp_verdict verdict;

	*conv = NULL;
	*flow = ozp_flow_lookup_rcu(cv->flows, &pkt->tuple,
				    OZPROXY_DIRECTION_IN);
	if (!*flow)
		return ozp_inbound_admit_from(cv, skb, pkt, NULL, target);
	switch (ozp_convert_refresh_rcu(cv, *flow, conv)) {
	case OZP_FLOW_CURRENT:
		verdict = ozp_admission_check_rcu(cv, skb, pkt, *conv);
		if (verdict != OZP_CONTINUE ||
		    !ozp_flow_is_reopened(*flow, pkt))
			return verdict;
		ozp_flow_end(cv->flows, *flow);
		*conv = NULL;
		break;
	case OZP_FLOW_ASLEEP:
	case OZP_FLOW_SOURCE_ASLEEP:
		break;
	case OZP_FLOW_GONE:
		if (pkt->tuple.protocol == IPPROTO_TCP && !pkt->tcp_syn)
			break;
		fallthrough;
	case OZP_FLOW_OVER:
		ozp_flow_end(cv->flows, *flow);
		*conv = NULL;
		break;
	}
	return ozp_inbound_admit_from(cv, skb, pkt, *conv, target);
}

/* What GRO can put together goes through a queue of the device, unless it came from
 * one (tunnel_gather.c): then it is at the bottom of a stack of its own. For the
 * rest that is a detour of 1100 instructions, unless this is the inside of a tunnel
 * in a tunnel, which shall not take more stack with each layer, or comes from a
 * container of this node, deep in the stack on its way out. With BH off: in a
 * softirq, or in the request that released what waited, which holds the table's
 * mutex, that nothing further up the stack takes. That keeps the flag ours, but on a
 * PREEMPT_RT kernel whose softirqs preempt each other, where a packet may then take
 * the other way, which is as good.
 */
static bool ozp_inbound_queues(const struct ozp_convert *cv,
			       const struct ozp_packet *pkt)
{
	if (pkt->is_gathered)
		return false;
	return pkt->tuple.protocol == IPPROTO_TCP || !pkt->outer.family ||
	       cv->dev->features & (NETIF_F_GRO_UDP_FWD | NETIF_F_GRO_FRAGLIST) ||
	       this_cpu_read(ozp_inbound_delivers);
}

static void ozp_inbound_deliver(struct ozp_convert *cv, struct sk_buff *skb,
				struct ozp_packet *pkt)
{
	unsigned int len = skb->len;

	DEBUG_NET_WARN_ON_ONCE(!in_softirq());
	if (!ozp_inbound_queues(cv, pkt)) {
		/* UDP hands over the pieces of what it took apart as a list. */
		skb_mark_not_on_list(skb);
		this_cpu_write(ozp_inbound_delivers, true);
		netif_receive_skb(skb);
		this_cpu_write(ozp_inbound_delivers, false);
	} else if (gro_cells_receive(&cv->tunnel.queues, skb) != NET_RX_SUCCESS) {
		ozp_drop_count(pkt, OZPROXY_DROP_REASON_BACKLOG_FULL);
		return;
	}
	ozp_stats_count(pkt->stats, OZP_COUNTER_IN_DELIVERED, len);
}

/* A request from another node: who sent it, the table need not know. */
static void ozp_inbound_count(const struct ozp_endpoint *target,
			      const struct sk_buff *skb, struct ozp_packet *pkt)
{
	if (pkt->is_counted)
		return;
	pkt->is_counted = true;
	ozp_traffic_count(&target->instance->traffic, OZP_TRAFFIC_TO, skb->len);
}

static enum ozp_verdict ozp_inbound_convert(struct ozp_convert *cv,
					    struct sk_buff *skb,
					    struct ozp_packet *pkt)
{
	struct ozp_conversion *conv;
	struct ozp_endpoint *target;
	enum ozp_verdict verdict;
	struct ozp_flow *flow;

	if (pkt->icmp == OZP_ICMP_ERROR)
		return ozp_error_inbound(cv, skb, pkt);
	verdict = ozp_inbound_find(cv, skb, pkt, &flow, &conv, &target);
	if (verdict != OZP_CONTINUE)
		return verdict;
	if (!conv) {
		ozp_inbound_count(target, skb, pkt);
		return OZP_CONTINUE;
	}
	ozp_flow_follow(flow, conv, pkt);
	return ozp_convert_apply(skb, pkt, conv->source, conv->target,
				 &conv->in);
}

/* The container shall not send more than fits on the way back, whatever the
 * other worker does: its node is the one that the peer's Instance IP has.
 */
static enum ozp_verdict ozp_inbound_clamp_mss(struct ozp_convert *cv,
					      struct sk_buff *skb,
					      struct ozp_packet *pkt)
{
	unsigned int mtu = READ_ONCE(cv->dev->mtu);
	struct ozp_match match;

	if (!ozp_mss_is_offered(skb, pkt))
		return OZP_CONTINUE;
	ozp_table_lookup_rcu(&cv->table, pkt->tuple.family, &pkt->tuple.src,
			     &match);
	if (match.kind == OZP_MATCH_INSTANCE)
		mtu = ozp_tunnel_mtu_rcu(&cv->tunnel, match.endpoint->node);
	return ozp_mss_clamp(skb, pkt, mtu);
}

static enum ozp_verdict ozp_inbound_steps(struct ozp_convert *cv,
					  struct sk_buff *skb,
					  struct ozp_packet *pkt)
{
	enum ozp_verdict verdict;

	verdict = ozp_inbound_convert(cv, skb, pkt);
	if (verdict != OZP_CONTINUE)
		return verdict;
	if (READ_ONCE(cv->tunnel.options.mss_clamp)) {
		verdict = ozp_inbound_clamp_mss(cv, skb, pkt);
		if (verdict != OZP_CONTINUE)
			return verdict;
	}
	return ozp_tunnel_ecn(skb, pkt);
}

static void ozp_inbound_reject(struct ozp_convert *cv, struct sk_buff *skb,
			       struct ozp_packet *pkt)
{
	if (pkt->reason == OZPROXY_DROP_REASON_DESTINATION_NOT_LOCAL)
		ozp_stale_answer_rcu(cv, skb, pkt);
	ozp_drop(skb, pkt, pkt->reason);
}

static void ozp_inbound_finish(struct ozp_convert *cv, struct sk_buff *skb,
			       struct ozp_packet *pkt, enum ozp_verdict verdict)
{
	switch (verdict) {
	case OZP_CONTINUE:
		ozp_inbound_deliver(cv, skb, pkt);
		break;
	case OZP_DROP:
		ozp_inbound_reject(cv, skb, pkt);
		break;
	case OZP_CONSUMED:
		break;
	}
}

static void ozp_inbound_pass(struct ozp_convert *cv, struct sk_buff *skb,
			     struct ozp_packet *pkt)
{
	ozp_inbound_finish(cv, skb, pkt, ozp_inbound_steps(cv, skb, pkt));
}

/* Only what has a chance to be delivered is remembered. Fragments are judged by
 * the table alone, before their flow is known: answers come from an Instance IP
 * and are admitted, too, but unless the admission is overlay only while the table
 * has it.
 */
static void ozp_inbound_fragment(struct ozp_convert *cv, struct sk_buff *skb,
				 struct ozp_packet *pkt)
{
	struct ozp_endpoint *target;

	switch (ozp_inbound_admit_from(cv, skb, pkt, NULL, &target)) {
	case OZP_CONTINUE:
		ozp_convert_fragment(cv, skb, pkt, ozp_inbound_pass);
		break;
	case OZP_DROP:
		ozp_inbound_reject(cv, skb, pkt);
		break;
	case OZP_CONSUMED:
		break;
	}
}

/**
 * ozp_inbound() - convert a packet from the tunnel and deliver it
 * @tunnel: the tunnel of the device
 * @skb: the decapsulated packet, consumed
 * @pkt: stats, direction and outer are set
 *
 * Softirq, in an RCU read section.
 */
void ozp_inbound(struct ozp_tunnel *tunnel, struct sk_buff *skb,
		 struct ozp_packet *pkt)
{
	struct ozp_convert *cv = container_of(tunnel, struct ozp_convert,
					      tunnel);

	if (ozp_packet_parse(skb, pkt) == OZP_DROP)
		ozp_drop(skb, pkt, pkt->reason);
	else if (ozp_packet_is_fragment(pkt))
		ozp_inbound_fragment(cv, skb, pkt);
	else
		ozp_inbound_pass(cv, skb, pkt);
}

/**
 * ozp_inbound_release() - let a packet go on that waited for what its source is
 * @arrivals: where it waited, in the device
 * @skb: the packet, consumed
 * @outer: the tunnel header that it came with
 *
 * As if it came now; it is counted as received already. BH off.
 */
void ozp_inbound_release(struct ozp_misses *arrivals, struct sk_buff *skb,
			 const struct ozp_outer *outer)
{
	struct ozp_convert *cv = container_of(arrivals, struct ozp_convert,
					      arrivals);
	struct ozp_packet pkt = {
		.stats = &cv->stats,
		.direction = OZPROXY_DIRECTION_IN,
		.outer = *outer,
	};

	rcu_read_lock();
	ozp_inbound(&cv->tunnel, skb, &pkt);
	rcu_read_unlock();
}

/**
 * ozp_inbound_give_up() - drop a packet that waited in vain
 * @arrivals: where it waited, in the device
 * @skb: the packet, consumed
 * @reason: why
 *
 * Nobody is told: who sent it is what was not found out. BH off.
 */
void ozp_inbound_give_up(struct ozp_misses *arrivals, struct sk_buff *skb,
			 enum ozproxy_drop_reason reason)
{
	struct ozp_convert *cv = container_of(arrivals, struct ozp_convert,
					      arrivals);
	struct ozp_packet pkt = {
		.stats = &cv->stats,
		.direction = OZPROXY_DIRECTION_IN,
	};

	/* For the trace; it was found well-formed before it waited. */
	if (ozp_packet_parse(skb, &pkt) == OZP_CONTINUE)
		ozp_refuse(&pkt, reason);
	ozp_drop(skb, &pkt, pkt.reason);
}

/**
 * ozp_inbound_local() - hand a packet to an instance on this node
 * @cv: the device
 * @skb: the packet, converted by the outbound side, consumed
 * @pkt: what is known of it; the tuple is the one before conversion
 * @rw: the conversion that was applied
 *
 * BH off, in an RCU read section.
 */
void ozp_inbound_local(struct ozp_convert *cv, struct sk_buff *skb,
		       struct ozp_packet *pkt, const struct ozp_rewrite *rw)
{
	ozp_stats_count(pkt->stats, OZP_COUNTER_OUT_LOCAL, skb->len);
	pkt->direction = OZPROXY_DIRECTION_IN;
	pkt->tuple.src = *rw->src;
	pkt->tuple.dst = *rw->dst;

	/* As if it came from another machine: no route, no socket, no
	 * connection tracking of the way out.
	 */
	skb_orphan(skb);
	skb_scrub_packet(skb, false);
	skb->pkt_type = PACKET_HOST;
	skb_reset_mac_header(skb);

	ozp_inbound_finish(cv, skb, pkt, ozp_inbound_convert(cv, skb, pkt));
}
