// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The kernel makes the errors, from the refused packet and its route, with an
 * address of this node as source, and limits how many (net.ipv4.icmp_ratelimit,
 * icmp_msgs_per_sec, and those of net.ipv6).
 */

#include "icmp.h"

#include <linux/icmpv6.h>
#include <linux/ipv6.h>
#include <net/icmp.h>

/**
 * struct ozp_icmp_answer - what a reason is in ICMP
 * @type4: ICMP type
 * @code4: ICMP code
 * @type6: ICMPv6 type; 0: no answer in either family
 * @code6: ICMPv6 code
 */
struct ozp_icmp_answer {
	u8 type4;
	u8 code4;
	u8 type6;
	u8 code6;
};

/* By RFC 1812, 5.2.7.1, and RFC 4443, 3.1. */
#define OZP_ICMP_PROHIBITED {						\
	ICMP_DEST_UNREACH, ICMP_PKT_FILTERED,				\
	ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED,			\
}

#define OZP_ICMP_UNREACHABLE {						\
	ICMP_DEST_UNREACH, ICMP_HOST_UNREACH,				\
	ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH,			\
}

#define OZP_ICMP_NO_ROUTE {						\
	ICMP_DEST_UNREACH, ICMP_NET_UNREACH,				\
	ICMPV6_DEST_UNREACH, ICMPV6_NOROUTE,				\
}

#define OZP_ICMP_TOO_BIG {						\
	ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,				\
	ICMPV6_PKT_TOOBIG, 0,						\
}

/* What the sender can act on. A malformed packet is not answered, nor one that
 * may get through when it is sent again: an error would end the connection that
 * is being opened. userspace/man/ozproxy.7 repeats this table.
 */
static const struct ozp_icmp_answer ozp_icmp_answers[OZP_REASON_COUNT] = {
	[OZPROXY_DROP_REASON_UNSUPPORTED_PROTOCOL] = OZP_ICMP_PROHIBITED,
	[OZPROXY_DROP_REASON_UNKNOWN_SOURCE] = OZP_ICMP_PROHIBITED,
	[OZPROXY_DROP_REASON_SOURCE_WITHOUT_ADDRESS] = OZP_ICMP_PROHIBITED,
	[OZPROXY_DROP_REASON_NOT_A_SERVICE] = OZP_ICMP_PROHIBITED,
	[OZPROXY_DROP_REASON_NO_INSTANCE] = OZP_ICMP_UNREACHABLE,
	[OZPROXY_DROP_REASON_UNKNOWN_SERVICE] = OZP_ICMP_UNREACHABLE,
	[OZPROXY_DROP_REASON_MISS_TIMEOUT] = OZP_ICMP_UNREACHABLE,
	[OZPROXY_DROP_REASON_REPLY_CONFLICT] = OZP_ICMP_UNREACHABLE,
	[OZPROXY_DROP_REASON_NO_UNDERLAY] = OZP_ICMP_NO_ROUTE,
	[OZPROXY_DROP_REASON_NO_ROUTE] = OZP_ICMP_NO_ROUTE,
	[OZPROXY_DROP_REASON_ROUTE_LOOP] = OZP_ICMP_NO_ROUTE,
	[OZPROXY_DROP_REASON_PACKET_TOO_BIG] = OZP_ICMP_TOO_BIG,
};

/**
 * ozp_icmp_may_answer() - whether an error about a packet may be sent at all
 * @pkt: the packet
 *
 * Never about an error (RFC 1122, 3.2.2; RFC 4443, 2.4 e), about a message that
 * may be one, or about a part of a packet that does not say what it is.
 *
 * Return: whether.
 */
bool ozp_icmp_may_answer(const struct ozp_packet *pkt)
{
	switch (pkt->icmp) {
	case OZP_ICMP_ERROR:
	case OZP_ICMP_OTHER:
		return false;
	case OZP_ICMP_NONE:
	case OZP_ICMP_REQUEST:
	case OZP_ICMP_REPLY:
		break;
	}
	return !ozp_packet_is_later_fragment(pkt);
}

/**
 * ozp_icmp_has_answer() - whether the sender of a refused packet is told why
 * @pkt: the packet; its reason is set
 *
 * Return: whether ozp_icmp_answer() would send something.
 */
bool ozp_icmp_has_answer(const struct ozp_packet *pkt)
{
	return ozp_icmp_answers[pkt->reason].type6 && ozp_icmp_may_answer(pkt);
}

/**
 * ozp_icmp_answer() - tell the sender of a refused packet why
 * @skb: the packet, with the addresses that its sender gave it; its route, if it
 *	has one, and its device are those that it was sent by. Not consumed.
 * @pkt: what is known of it; ozp_icmp_has_answer()
 *
 * Where the packet was translated by connection tracking on its way here, the
 * answer goes to whoever sent it. A kernel that was started without IPv6 has no
 * table of addresses, which the answer would be looked up in. Softirq or BH off.
 */
void ozp_icmp_answer(struct sk_buff *skb, const struct ozp_packet *pkt)
{
	const struct ozp_icmp_answer *answer = &ozp_icmp_answers[pkt->reason];
	u32 mtu = pkt->reason == OZPROXY_DROP_REASON_PACKET_TOO_BIG ?
		  pkt->mtu : 0;

	if (pkt->tuple.family == AF_INET)
		icmp_ndo_send(skb, answer->type4, answer->code4, htonl(mtu));
	else if (ipv6_mod_enabled())
		icmpv6_ndo_send(skb, answer->type6, answer->code6, mtu);
}
