// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* What a flow has seen, what state that is, and how long it may be idle. */

#include "flow.h"

#include "clock.h"

static void ozp_flow_mark(struct ozp_flow *flow, enum ozp_flow_bit bit)
{
	if (!test_bit(bit, &flow->bits))
		set_bit(bit, &flow->bits);
}

static bool ozp_flow_is_closing(unsigned long bits)
{
	return bits & BIT(OZP_FLOW_RST) ||
	       (bits & BIT(OZP_FLOW_FIN_OUT) && bits & BIT(OZP_FLOW_FIN_IN));
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
	if (unlikely(pkt->tcp_fin || pkt->tcp_rst) &&
	    ozp_flow_is_closing(READ_ONCE(flow->bits)))
		ozp_flow_leave(flow, conv);
	if (unlikely(pkt->tcp_syn || pkt->tcp_synack))
		ozp_flow_measure(flow, conv, pkt);
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
	if (ozp_flow_is_closing(bits))
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

	if (ozp_flow_is_closing(bits))
		return OZP_TIMEOUT_TCP_CLOSING_S;
	if (!(bits & BIT(OZP_FLOW_REPLIED)))
		return OZP_TIMEOUT_UNANSWERED_S;
	return flow->keys[OZPROXY_DIRECTION_OUT].tuple.protocol == IPPROTO_TCP ?
	       OZP_TIMEOUT_TCP_S : OZP_TIMEOUT_UDP_S;
}

/**
 * ozp_flow_is_over_rcu() - whether a flow is to be collected
 * @flow: the flow
 *
 * Caller is in an RCU read section.
 *
 * Return: whether it was ended, was idle too long, or lost an instance.
 */
bool ozp_flow_is_over_rcu(const struct ozp_flow *flow)
{
	struct ozp_flow_parties parties;
	u32 idle;

	if (ozp_flow_is_dying(flow))
		return true;
	/* Signed: another CPU may have touched the flow just now. */
	idle = max_t(s32, ozp_clock_now() - READ_ONCE(flow->used), 0);
	if (ozp_clock_ms(idle) > (u64)ozp_flow_timeout_s(flow) * MSEC_PER_SEC)
		return true;
	return ozp_flow_find_parties_rcu(flow, &parties) == OZP_FLOW_OVER;
}
