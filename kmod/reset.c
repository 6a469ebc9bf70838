// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The answer is what the missing peer itself would send (RFC 9293, 3.10.7.1),
 * from the address that the container knows. It comes in from the device, as an
 * answer of the peer does, so that the worker forwards it the same way.
 */

#include "reset.h"

#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/tcp.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "compose.h"

/* RFC 9293, 3.10.7.1: in the place that the segment acknowledges, or else
 * acknowledging the segment.
 */
static void ozp_reset_put_tcp(struct sk_buff *skb, const struct tcphdr *to,
			      u32 segment_len)
{
	struct tcphdr *th = skb_put_zero(skb, sizeof(*th));

	skb_reset_transport_header(skb);
	th->source = to->dest;
	th->dest = to->source;
	th->doff = sizeof(*th) / 4;
	th->rst = 1;
	if (to->ack) {
		th->seq = to->ack_seq;
	} else {
		th->ack = 1;
		th->ack_seq = htonl(ntohl(to->seq) + segment_len);
	}
}

static void ozp_reset_sum(struct sk_buff *skb, const struct ozp_tuple *to)
{
	struct tcphdr *th = tcp_hdr(skb);
	__wsum sum = csum_partial(th, sizeof(*th), 0);

	th->check = to->family == AF_INET ?
			    csum_tcpudp_magic(to->dst.ip4, to->src.ip4,
					      sizeof(*th), IPPROTO_TCP, sum) :
			    csum_ipv6_magic(&to->dst.ip6, &to->src.ip6,
					    sizeof(*th), IPPROTO_TCP, sum);
}

/**
 * ozp_reset_answer() - tell the sender of a segment that nobody is there
 * @dev: the device that answers come from
 * @skb: the segment as it came, parsed; it stays the caller's
 * @pkt: what is known of it
 *
 * Never an answer to RST or to a later fragment, which has no header. How often is
 * the caller's to bound, for each connection by itself: no sender shall use up what
 * others are told. BH off.
 */
void ozp_reset_answer(struct net_device *dev, const struct sk_buff *skb,
		      const struct ozp_packet *pkt)
{
	const struct ozp_tuple *to = &pkt->tuple;
	const struct tcphdr *th;
	struct sk_buff *answer;

	if (pkt->tcp_rst || ozp_packet_is_later_fragment(pkt))
		return;
	answer = alloc_skb(LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(*th),
			   GFP_ATOMIC | __GFP_NOWARN);
	if (!answer)
		return;
	skb_reserve(answer, LL_MAX_HEADER + sizeof(struct ipv6hdr));
	th = (void *)skb_network_header(skb) + pkt->l4_offset;
	/* SYN and FIN are as long as a byte. */
	ozp_reset_put_tcp(answer, th, skb->len - pkt->l4_offset -
			  th->doff * 4 + th->syn + th->fin);
	ozp_reset_sum(answer, to);
	ozp_compose_ip(answer, to->family, IPPROTO_TCP, &to->dst, &to->src);
	answer->dev = dev;
	answer->pkt_type = PACKET_HOST;
	netif_rx(answer);
}
