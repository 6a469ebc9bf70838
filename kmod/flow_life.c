// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* What a flow has seen, what state that is, and how long it may be idle. */

#include "flow.h"

#include "clock.h"
#include "flow_measure.h"
#include "flow_parts.h"

static void ozp_flow_mark(struct ozp_flow *flow, enum ozp_flow_bit bit)
{
	if (!test_bit(bit, &flow->bits))
		set_bit(bit, &flow->bits);
}

static bool ozp_flow_is_closing(unsigned long bits)
{
	return bits & (BIT(OZP_FLOW_RST_OUT) | BIT(OZP_FLOW_RST_IN)) ||
	       (bits & BIT(OZP_FLOW_FIN_OUT) && bits & BIT(OZP_FLOW_FIN_IN));
}

/* Who got an RST and goes on did not believe it: it was forged, or old (RFC 5961,
 * 3.2). What was on its way when a true one came is answered by another one.
 */
static void ozp_flow_disbelieve(struct ozp_flow *flow,
				const struct ozp_conversion *conv,
				const struct ozp_packet *pkt)
{
	enum ozp_flow_bit rst = pkt->direction == OZPROXY_DIRECTION_IN ?
				OZP_FLOW_RST_OUT : OZP_FLOW_RST_IN;

	if (likely(!test_bit(rst, &flow->bits)) || pkt->tcp_syn ||
	    pkt->tcp_synack || pkt->tcp_fin || pkt->tcp_rst)
		return;
	clear_bit(rst, &flow->bits);
	if (!ozp_flow_is_closing(READ_ONCE(flow->bits)))
		ozp_flow_return(flow, conv);
}

/**
 * ozp_flow_follow() - note what a packet tells about its flow
 * @flow: the flow
 * @conv: its conversion
 * @pkt: the packet
 *
 * Writes to memory only when something changes. No window is checked: a late
 * segment is converted like any other. Caller is in an RCU read section.
 */
void ozp_flow_follow(struct ozp_flow *flow, const struct ozp_conversion *conv,
		     const struct ozp_packet *pkt)
{
	u32 now = ozp_clock_now();

	if (ozp_clock_touch(&flow->used, now)) {
		ozp_clock_touch(&conv->source->instance->service->used, now);
		ozp_clock_touch(&conv->target->instance->service->used, now);
	}
	/* The first one told. */
	if (ozp_packet_is_later_fragment(pkt))
		return;
	if (pkt->direction == OZPROXY_DIRECTION_IN) {
		ozp_flow_mark(flow, OZP_FLOW_REPLIED);
		ozp_doubt_end(&conv->target->doubt);
	} else if (!pkt->tcp_syn) {
		ozp_flow_mark(flow, OZP_FLOW_OPENED);
	}
	if (pkt->tcp_fin)
		ozp_flow_mark(flow, pkt->direction == OZPROXY_DIRECTION_IN ?
				    OZP_FLOW_FIN_IN : OZP_FLOW_FIN_OUT);
	ozp_flow_disbelieve(flow, conv, pkt);
	if (pkt->tcp_rst)
		ozp_flow_mark(flow, pkt->direction == OZPROXY_DIRECTION_IN ?
				    OZP_FLOW_RST_IN : OZP_FLOW_RST_OUT);
	if (unlikely(pkt->tcp_fin || pkt->tcp_rst) &&
	    ozp_flow_is_closing(READ_ONCE(flow->bits)))
		ozp_flow_leave(flow, conv);
	if (unlikely(pkt->tcp_syn || pkt->tcp_synack))
		ozp_flow_measure(flow, conv, pkt);
}

/**
 * ozp_flow_abort() - note that the container is told that a connection is over
 * @flow: the flow
 * @conv: its conversion
 *
 * It is kept for a while, for what the container sends until it hears of it.
 *
 * Return: whether to tell it now: the first time, and then once in a grain of the
 * clock, however much it sends.
 */
bool ozp_flow_abort(struct ozp_flow *flow, const struct ozp_conversion *conv)
{
	bool tell = ozp_clock_touch(&flow->used, ozp_clock_now());

	if (!test_bit(OZP_FLOW_TOLD, &flow->bits) &&
	    !test_and_set_bit(OZP_FLOW_TOLD, &flow->bits))
		tell = true;
	ozp_flow_mark(flow, OZP_FLOW_RST_IN);
	ozp_flow_leave(flow, conv);
	return tell;
}

/**
 * ozp_flow_is_reopened() - whether a new connection uses the ports of a closed one
 * @flow: the flow
 * @pkt: its packet
 *
 * RFC 9293, 3.6.1: there a quiet time is due, which senders cut short.
 *
 * Return: whether the packet does not belong to the flow.
 */
bool ozp_flow_is_reopened(const struct ozp_flow *flow,
			  const struct ozp_packet *pkt)
{
	return pkt->tcp_syn &&
	       ozp_flow_life(flow) == OZPROXY_FLOW_STATE_CLOSING;
}

/**
 * ozp_flow_life() - the life of a flow as far as its own packets tell
 * @flow: the flow
 *
 * An answered SYN proves little, for whoever floods a server gets answers, too:
 * the container has to go on. A connection that was under way when it was first
 * seen has no SYN. Any context.
 *
 * Return: its state, but never asleep.
 */
enum ozproxy_flow_state ozp_flow_life(const struct ozp_flow *flow)
{
	unsigned long bits = READ_ONCE(flow->bits);

	if (ozp_flow_is_closing(bits))
		return OZPROXY_FLOW_STATE_CLOSING;
	if (!(bits & BIT(OZP_FLOW_REPLIED)))
		return OZPROXY_FLOW_STATE_UNANSWERED;
	return bits & BIT(OZP_FLOW_OPENED) ? OZPROXY_FLOW_STATE_ESTABLISHED :
					     OZPROXY_FLOW_STATE_OPENING;
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
	struct ozp_flow_parties parties;

	switch (ozp_flow_find_parties_rcu(flow, &parties)) {
	case OZP_FLOW_ASLEEP:
	case OZP_FLOW_SOURCE_ASLEEP:
		return OZPROXY_FLOW_STATE_ASLEEP;
	case OZP_FLOW_GONE:
		return OZPROXY_FLOW_STATE_CLOSING;
	case OZP_FLOW_CURRENT:
	case OZP_FLOW_OVER:
		break;
	}
	return ozp_flow_life(flow);
}

/**
 * ozp_flow_idle_ms() - how long a flow has not been used
 * @flow: the flow
 *
 * Return: milliseconds, with the grain of the clock.
 */
u32 ozp_flow_idle_ms(const struct ozp_flow *flow)
{
	/* Signed: another CPU may have touched the flow just now. */
	s32 idle = ozp_clock_now() - READ_ONCE(flow->used);

	return min_t(u64, ozp_clock_ms(max(idle, 0)), U32_MAX);
}

static u32 ozp_flow_tcp_timeout_ms(const struct ozp_flow_options *options,
				   const struct ozp_flow *flow)
{
	switch (ozp_flow_life(flow)) {
	case OZPROXY_FLOW_STATE_UNANSWERED:
	case OZPROXY_FLOW_STATE_OPENING:
		return READ_ONCE(options->tcp_syn_timeout);
	case OZPROXY_FLOW_STATE_CLOSING:
		return READ_ONCE(options->tcp_closing_timeout);
	case OZPROXY_FLOW_STATE_ESTABLISHED:
	case OZPROXY_FLOW_STATE_ASLEEP:
		break;
	}
	return READ_ONCE(options->tcp_timeout);
}

/**
 * ozp_flow_timeout_ms() - how long a flow may be idle
 * @flows: the flow table
 * @flow: the flow
 *
 * Sleeping flows keep the time that they had awake.
 *
 * Return: milliseconds.
 */
u32 ozp_flow_timeout_ms(const struct ozp_flows *flows,
			const struct ozp_flow *flow)
{
	const struct ozp_flow_options *options = &flows->options;

	switch (flow->keys[OZPROXY_DIRECTION_OUT].tuple.protocol) {
	case IPPROTO_TCP:
		return ozp_flow_tcp_timeout_ms(options, flow);
	case IPPROTO_UDP:
		return test_bit(OZP_FLOW_REPLIED, &flow->bits) ?
			       READ_ONCE(options->udp_timeout) :
			       READ_ONCE(options->udp_unanswered_timeout);
	default:
		return READ_ONCE(options->icmp_timeout);
	}
}

/**
 * ozp_flow_is_over_rcu() - whether a flow is to be collected
 * @flows: the flow table
 * @flow: the flow
 *
 * Caller is in an RCU read section.
 *
 * A TCP connection whose instance was removed stays, so that its sender can be
 * told, however long it is silent.
 *
 * Return: whether it was ended, was idle too long, or lost an instance.
 */
bool ozp_flow_is_over_rcu(const struct ozp_flows *flows,
			  const struct ozp_flow *flow)
{
	struct ozp_flow_parties parties;

	if (ozp_flow_is_dying(flow) ||
	    ozp_flow_idle_ms(flow) > ozp_flow_timeout_ms(flows, flow))
		return true;
	switch (ozp_flow_find_parties_rcu(flow, &parties)) {
	case OZP_FLOW_OVER:
		return true;
	case OZP_FLOW_GONE:
		return flow->keys[OZPROXY_DIRECTION_OUT].tuple.protocol !=
		       IPPROTO_TCP;
	case OZP_FLOW_CURRENT:
	case OZP_FLOW_ASLEEP:
	case OZP_FLOW_SOURCE_ASLEEP:
		break;
	}
	return false;
}
