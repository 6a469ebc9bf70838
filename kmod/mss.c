// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "mss.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/checksum.h>
#include <net/tcp.h>

/* Bytes from the TCP header to the value of the option, 0: there is none. */
static unsigned int ozp_mss_find(const u8 *th, unsigned int len)
{
	unsigned int at = sizeof(struct tcphdr);

	while (at + TCPOLEN_MSS <= len && th[at] != TCPOPT_EOL) {
		if (th[at] == TCPOPT_NOP) {
			at++;
			continue;
		}
		if (th[at] == TCPOPT_MSS && th[at + 1] == TCPOLEN_MSS)
			return at + 2;
		if (th[at + 1] < 2)
			return 0;
		at += th[at + 1];
	}
	return 0;
}

/**
 * ozp_mss_is_offered() - whether a packet can have the option
 * @skb: the packet, parsed
 * @pkt: what is known of it
 *
 * Return: whether it opens a TCP connection, or answers one that does.
 */
bool ozp_mss_is_offered(const struct sk_buff *skb,
			const struct ozp_packet *pkt)
{
	const struct tcphdr *th;

	if (pkt->tuple.protocol != IPPROTO_TCP ||
	    ozp_packet_is_later_fragment(pkt))
		return false;
	th = (void *)skb_network_header(skb) + pkt->l4_offset;
	return th->syn;
}

/**
 * ozp_mss_clamp() - lower the segment size that a packet offers
 * @skb: the packet, parsed by ozp_packet_parse(); others than those that
 *	ozp_mss_is_offered() tells are left alone
 * @pkt: what is known of it
 * @mtu: largest packet that gets through
 *
 * The size is what the fixed headers leave (RFC 9293, 3.7.1). May reallocate the
 * header. Softirq or BH off.
 *
 * Return: OZP_CONTINUE, or OZP_DROP when memory is short.
 */
enum ozp_verdict ozp_mss_clamp(struct sk_buff *skb, struct ozp_packet *pkt,
			       unsigned int mtu)
{
	unsigned int headers = sizeof(struct tcphdr), len, at;
	struct tcphdr *th;
	u16 old, new;
	u8 *value;

	if (!ozp_mss_is_offered(skb, pkt))
		return OZP_CONTINUE;
	headers += pkt->tuple.family == AF_INET ? sizeof(struct iphdr) :
						  sizeof(struct ipv6hdr);
	th = (void *)skb_network_header(skb) + pkt->l4_offset;
	len = th->doff * 4;
	if (skb_ensure_writable(skb, pkt->l4_offset + len))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	th = (void *)skb_network_header(skb) + pkt->l4_offset;
	at = ozp_mss_find((u8 *)th, len);
	if (!at)
		return OZP_CONTINUE;
	value = (u8 *)th + at;
	old = value[0] << 8 | value[1];
	if (old <= mtu - headers)
		return OZP_CONTINUE;
	new = mtu - headers;
	value[0] = new >> 8;
	value[1] = new;
	/* At an odd place its bytes are added to the sum the other way round. */
	if (at % 2) {
		old = swab16(old);
		new = swab16(new);
	}
	inet_proto_csum_replace2(&th->check, skb, htons(old), htons(new),
				 false);
	return OZP_CONTINUE;
}
