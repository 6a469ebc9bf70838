// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* What policies and people learn from flows: how many an instance has, what they
 * carry, and how long a handshake with its node takes.
 */

#include "flow_measure.h"

#include <linux/ktime.h>

#include "flow_parts.h"

static u32 ozp_flow_now_us(void)
{
	return ktime_to_us(ktime_get());
}

/* The SYN leaves. A node is tried whether or not it answers. */
static void ozp_flow_syn_left(struct ozp_flow *flow, struct ozp_node *node)
{
	if (test_bit(OZP_FLOW_SYN, &flow->bits)) {
		set_bit(OZP_FLOW_SYN_AGAIN, &flow->bits);
		return;
	}
	ozp_node_try(node);
	WRITE_ONCE(flow->opened, ozp_flow_now_us());
	/* The time before the bit that says it is there. */
	smp_mb__before_atomic();
	set_bit(OZP_FLOW_SYN, &flow->bits);
}

/* Its answer is a sample, unless it may be that to a repetition (Karn's rule:
 * RFC 6298, 3).
 */
static void ozp_flow_syn_answered(struct ozp_flow *flow, struct ozp_node *node)
{
	/* Pairs with ozp_flow_syn_left(). */
	if (!test_bit_acquire(OZP_FLOW_SYN, &flow->bits) ||
	    test_bit(OZP_FLOW_SYN_AGAIN, &flow->bits) ||
	    test_and_set_bit(OZP_FLOW_MEASURED, &flow->bits))
		return;
	ozp_node_measure(node, ozp_flow_now_us() - READ_ONCE(flow->opened));
}

/**
 * ozp_flow_measure() - learn from a packet of a handshake
 * @flow: the flow
 * @conv: its conversion
 * @pkt: the packet, which has SYN
 *
 * Within this node there is nothing to measure. Caller is in an RCU read
 * section.
 */
void ozp_flow_measure(struct ozp_flow *flow, const struct ozp_conversion *conv,
		      const struct ozp_packet *pkt)
{
	bool is_out = pkt->direction == OZPROXY_DIRECTION_OUT;

	if (conv->local)
		return;
	if (is_out && pkt->tcp_syn)
		ozp_flow_syn_left(flow, conv->target->node);
	else if (!is_out && pkt->tcp_synack)
		ozp_flow_syn_answered(flow, conv->target->node);
}

/**
 * ozp_flow_count() - count a packet for both ends of its flow
 * @source: endpoint of the container here
 * @target: endpoint of the instance that it talks to
 * @pkt: the packet; one that stays on this node comes by twice and counts once
 * @bytes: its length
 *
 * Softirq or BH off.
 */
void ozp_flow_count(const struct ozp_endpoint *source,
		    const struct ozp_endpoint *target, struct ozp_packet *pkt,
		    unsigned int bytes)
{
	bool is_out = pkt->direction == OZPROXY_DIRECTION_OUT;

	if (pkt->is_counted)
		return;
	pkt->is_counted = true;
	ozp_traffic_count(&target->instance->traffic,
			  is_out ? OZP_TRAFFIC_TO : OZP_TRAFFIC_FROM, bytes);
	ozp_traffic_count(&source->instance->traffic,
			  is_out ? OZP_TRAFFIC_FROM : OZP_TRAFFIC_TO, bytes);
}

/**
 * ozp_flow_enter() - count a new flow among the live ones of its instances
 * @flow: the flow, which nobody has seen yet
 * @conv: its conversion
 */
void ozp_flow_enter(struct ozp_flow *flow, const struct ozp_conversion *conv)
{
	__set_bit(OZP_FLOW_LIVE, &flow->bits);
	atomic_inc(&conv->target->instance->flows);
	atomic_inc(&conv->source->instance->begun);
}

/**
 * ozp_flow_leave() - count a flow no longer: it is closing, or at its end
 * @flow: the flow
 * @conv: its conversion, any that it had: all lead to the same instances
 *
 * May be called again. Any context.
 */
void ozp_flow_leave(struct ozp_flow *flow, const struct ozp_conversion *conv)
{
	if (!test_bit(OZP_FLOW_LIVE, &flow->bits) ||
	    !test_and_clear_bit(OZP_FLOW_LIVE, &flow->bits))
		return;
	atomic_dec(&conv->target->instance->flows);
	atomic_dec(&conv->source->instance->begun);
}

/**
 * ozp_flow_return() - count a flow again that was thought to be closing
 * @flow: the flow
 * @conv: its conversion
 *
 * Caller is in an RCU read section.
 */
void ozp_flow_return(struct ozp_flow *flow, const struct ozp_conversion *conv)
{
	if (test_and_set_bit(OZP_FLOW_LIVE, &flow->bits))
		return;
	atomic_inc(&conv->target->instance->flows);
	atomic_inc(&conv->source->instance->begun);
	/* Whoever ends the flow sets one bit and looks at the other, as we do,
	 * the other way round: one of us sees both.
	 */
	smp_mb__after_atomic();
	if (ozp_flow_is_dying(flow))
		ozp_flow_leave(flow, conv);
}
