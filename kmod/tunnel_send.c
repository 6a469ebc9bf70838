// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The outer headers of a packet. */

#include "tunnel.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>
#include <net/udp_tunnel.h>

#include "compat_tunnel.h"
#include "mss.h"

/**
 * ozp_tunnel_dsfield() - DS field of the outer header
 * @options: the options of the tunnel
 * @inner: DS field of the inner packet
 *
 * The congestion marks are copied (RFC 6040, 4.1, normal mode).
 *
 * Return: the DS field.
 */
u8 ozp_tunnel_dsfield(const struct ozp_tunnel_options *options, u8 inner)
{
	if (READ_ONCE(options->dscp_mode) == OZPROXY_DSCP_MODE_COPY)
		return inner;
	return READ_ONCE(options->dscp) << 2 | (inner & INET_ECN_MASK);
}

/* A hash of the flow spreads over queues and paths, but an ICMP error of the
 * underlay finds a tunnel socket only by a port of ours at one end.
 */
static __be16 ozp_tunnel_source_port(const struct ozp_tunnel *tunnel,
				     struct net *net, struct sk_buff *skb,
				     const struct ozp_node *node)
{
	if (node->port != tunnel->port ||
	    READ_ONCE(tunnel->options.source_port) == OZPROXY_SOURCE_PORT_OWN)
		return tunnel->port;
	return udp_flow_src_port(net, skb, 0, 0, false);
}

/* Room for the outer headers, and what segmentation needs to know: the inner
 * packet has no link layer header, so that one begins where its IP header does.
 */
static enum ozp_verdict ozp_tunnel_make_room(struct sk_buff *skb,
					     struct ozp_packet *pkt,
					     const struct dst_entry *dst,
					     unsigned int ip_len,
					     bool checksum)
{
	unsigned int headroom = LL_RESERVED_SPACE(dst->dev) + dst->header_len +
				ip_len + sizeof(struct udphdr);

	if (skb_cow_head(skb, headroom))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	skb_reset_mac_header(skb);
	skb_set_transport_header(skb, pkt->l4_offset);
	if (udp_tunnel_handle_offloads(skb, checksum))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	skb_set_inner_protocol(skb, skb->protocol);
	/* The statistics of the device are ours, not those of ip_tunnel. */
	skb->dev = NULL;
	return OZP_CONTINUE;
}

static enum ozp_verdict ozp_tunnel_send4(struct ozp_tunnel *tunnel,
					 struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 struct ozp_compat_outer *outer,
					 struct ozp_node *node,
					 struct ozp_way *way)
{
	if (ozp_tunnel_make_room(skb, pkt, way->dst, sizeof(struct iphdr),
				 !outer->nocheck) != OZP_CONTINUE)
		return OZP_DROP;
	outer->df = way->df ? htons(IP_DF) : 0;
	outer->xnet = !net_eq(way->net, dev_net(tunnel->dev));
	ozp_compat_udp_tunnel_xmit(container_of(way->dst, struct rtable, dst),
				   way->sk, skb, way->saddr.ip4,
				   node->addr.ip4, outer);
	return OZP_CONSUMED;
}

#if IS_ENABLED(CONFIG_IPV6)
static enum ozp_verdict ozp_tunnel_send6(struct ozp_tunnel *tunnel,
					 struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 struct ozp_compat_outer *outer,
					 struct ozp_node *node,
					 struct ozp_way *way)
{
	/* Unlike its IPv4 sister, udp_tunnel6_xmit_skb() does not do this. */
	skb_scrub_packet(skb, !net_eq(way->net, dev_net(tunnel->dev)));
	if (ozp_tunnel_make_room(skb, pkt, way->dst, sizeof(struct ipv6hdr),
				 !outer->nocheck) != OZP_CONTINUE)
		return OZP_DROP;
	/* Only the sender fragments IPv6, and here that is us. */
	skb->ignore_df = !way->df;
	ozp_compat_udp_tunnel6_xmit(way->dst, way->sk, skb, &way->saddr.ip6,
				    &node->addr.ip6, outer);
	return OZP_CONSUMED;
}
#else
static enum ozp_verdict ozp_tunnel_send6(struct ozp_tunnel *tunnel,
					 struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 struct ozp_compat_outer *outer,
					 struct ozp_node *node,
					 struct ozp_way *way)
{
	return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_UNDERLAY);
}
#endif

static enum ozp_verdict ozp_tunnel_send_whole(struct ozp_tunnel *tunnel,
					      struct sk_buff *skb,
					      struct ozp_packet *pkt,
					      struct ozp_compat_outer *outer,
					      struct ozp_node *node,
					      struct ozp_way *way)
{
	if (node->family == AF_INET)
		return ozp_tunnel_send4(tunnel, skb, pkt, outer, node, way);
	return ozp_tunnel_send6(tunnel, skb, pkt, outer, node, way);
}

/* A packet of which a piece is lost counts as lost, once. */
static enum ozp_verdict ozp_tunnel_send_split(struct ozp_tunnel *tunnel,
					      struct sk_buff *skb,
					      struct ozp_packet *pkt,
					      struct ozp_compat_outer *outer,
					      struct ozp_node *node,
					      struct ozp_way *way)
{
	enum ozp_verdict verdict = OZP_CONSUMED;
	struct sk_buff *pieces, *piece, *next;

	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	pieces = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(pieces))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	skb_list_walk_safe(pieces, piece, next) {
		skb_mark_not_on_list(piece);
		dst_hold(way->dst);
		if (ozp_tunnel_send_whole(tunnel, piece, pkt, outer, node,
					  way) == OZP_CONSUMED)
			continue;
		dst_release(way->dst);
		ozp_spend(piece);
		verdict = OZP_DROP;
	}
	if (verdict == OZP_CONSUMED) {
		ozp_spend(skb);
		ozp_way_put(way);
	}
	return verdict;
}

/**
 * ozp_tunnel_send() - send a packet to a worker
 * @tunnel: the tunnel
 * @skb: the converted packet, data at its network header
 * @pkt: what is known of it
 * @node: the worker
 * @way: the way to it, used up
 *
 * Caller is in the RCU read section, with BH off, that found @way.
 *
 * Return: OZP_CONSUMED when the underlay has it, else OZP_DROP.
 */
enum ozp_verdict ozp_tunnel_send(struct ozp_tunnel *tunnel,
				 struct sk_buff *skb, struct ozp_packet *pkt,
				 struct ozp_node *node,
				 struct ozp_way *way)
{
	const struct ozp_tunnel_options *options = &tunnel->options;
	struct ozp_compat_outer outer = {
		.sport = ozp_tunnel_source_port(tunnel, way->net, skb, node),
		.dport = node->port,
		.nocheck = !READ_ONCE(options->outer_checksum),
	};
	enum ozp_verdict verdict = OZP_CONTINUE;
	unsigned int len = skb->len;
	u8 inner = pkt->tuple.family == AF_INET ?
		   ip_hdr(skb)->tos : ipv6_get_dsfield(ipv6_hdr(skb));

	outer.dsfield = ozp_tunnel_dsfield(options, inner);
	if (READ_ONCE(options->mss_clamp))
		verdict = ozp_mss_clamp(skb, pkt, way->mtu);
	if (verdict != OZP_CONTINUE)
		goto out;
	if (way->split)
		verdict = ozp_tunnel_send_split(tunnel, skb, pkt, &outer, node,
						way);
	else
		verdict = ozp_tunnel_send_whole(tunnel, skb, pkt, &outer, node,
						way);
out:
	if (verdict == OZP_CONSUMED)
		ozp_stats_count(tunnel->stats, OZP_COUNTER_OUT_TUNNELLED, len);
	else
		ozp_way_put(way);
	return verdict;
}
