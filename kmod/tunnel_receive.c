// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The payload of a datagram is the inner packet itself: the version nibble tells
 * its family. The same as IPIP and sit over FOU, and bareudp in multiproto mode.
 */

#include "tunnel.h"

#include <linux/if_ether.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>

/**
 * ozp_tunnel_protocol() - which family the payload of a datagram is of
 * @first: its first byte
 *
 * Return: the EtherType of that family, or 0.
 */
__be16 ozp_tunnel_protocol(u8 first)
{
	switch (first >> 4) {
	case 4:
		return htons(ETH_P_IP);
	case 6:
		return htons(ETH_P_IPV6);
	default:
		return 0;
	}
}

static u8 ozp_tunnel_dsfield_of(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ip_hdr(skb)->tos;
	return ipv6_get_dsfield(ipv6_hdr(skb));
}

static void ozp_tunnel_note(const struct sk_buff *skb, struct ozp_outer *outer)
{
	outer->dsfield = ozp_tunnel_dsfield_of(skb);
	if (skb->protocol == htons(ETH_P_IP)) {
		outer->family = AF_INET;
		outer->addr.ip4 = ip_hdr(skb)->saddr;
	} else {
		outer->family = AF_INET6;
		outer->addr.ip6 = ipv6_hdr(skb)->saddr;
	}
}

static enum ozp_verdict ozp_tunnel_decapsulate(struct ozp_tunnel *tunnel,
					       struct sk_buff *skb,
					       struct ozp_packet *pkt)
{
	struct net *net = rcu_dereference(tunnel->net);
	const u8 *first;
	__be16 protocol;
	bool xnet;
	u8 copy;

	if (skb->len <= sizeof(struct udphdr))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_EMPTY_DATAGRAM);
	first = skb_header_pointer(skb, sizeof(struct udphdr), 1, &copy);
	if (!first)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_TRUNCATED);
	protocol = ozp_tunnel_protocol(*first);
	if (!protocol)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NOT_IP);

	ozp_tunnel_note(skb, &pkt->outer);
	xnet = !net || !net_eq(net, dev_net(tunnel->dev));
	if (iptunnel_pull_header(skb, sizeof(struct udphdr), protocol, xnet))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	skb->dev = tunnel->dev;
	skb->pkt_type = PACKET_HOST;
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	return OZP_CONTINUE;
}

/**
 * ozp_tunnel_receive() - take a datagram from a socket
 * @sk: the socket
 * @skb: the datagram, or several that GRO put together
 *
 * Softirq, under RCU; the outer checksum was verified by UDP.
 *
 * Return: 0: it is consumed; 1: the socket may have it.
 */
int ozp_tunnel_receive(struct sock *sk, struct sk_buff *skb)
{
	struct ozp_packet pkt = { .direction = OZPROXY_DIRECTION_IN };
	unsigned int len = skb->len;
	struct ozp_tunnel *tunnel;
	enum ozp_verdict verdict;

	tunnel = rcu_dereference_sk_user_data(sk);
	/* The socket is being closed: it queues the datagram, and is freed
	 * with all that it holds.
	 */
	if (!tunnel)
		return 1;
	pkt.stats = tunnel->stats;
	verdict = ozp_tunnel_decapsulate(tunnel, skb, &pkt);
	if (verdict == OZP_CONTINUE && ozp_tunnel_gathers(tunnel, skb)) {
		ozp_tunnel_gather(tunnel, skb, &pkt);
		return 0;
	}
	ozp_stats_count(tunnel->stats, OZP_COUNTER_IN_RECEIVED, len);
	if (verdict == OZP_DROP)
		ozp_drop(skb, &pkt, pkt.reason);
	else
		tunnel->receive(tunnel, skb, &pkt);
	return 0;
}

/**
 * ozp_tunnel_ecn() - merge the congestion marks of both headers (RFC 6040, 4.2)
 * @skb: a decapsulated packet, parsed
 * @pkt: what is known of it
 *
 * The inner DSCP stays as it is (RFC 2983, 3.1: a pipe). May reallocate the
 * header.
 *
 * Return: OZP_CONTINUE, or OZP_DROP when congestion was met on the way and the
 * inner packet cannot say so.
 */
enum ozp_verdict ozp_tunnel_ecn(struct sk_buff *skb, struct ozp_packet *pkt)
{
	u8 inner = ozp_tunnel_dsfield_of(skb);

	if (!((inner ^ pkt->outer.dsfield) & INET_ECN_MASK))
		return OZP_CONTINUE;
	if (skb_ensure_writable(skb, pkt->l4_offset))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	/* 1: unusual, to be delivered as it is; 2: to be dropped. */
	if (INET_ECN_decapsulate(skb, pkt->outer.dsfield, inner) > 1)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_ECN);
	return OZP_CONTINUE;
}
