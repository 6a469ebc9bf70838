// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The payload of a datagram is the inner packet itself: the version nibble tells
 * its family. The same as IPIP and sit over FOU, and bareudp in multiproto mode.
 */

#include "tunnel.h"

#include <linux/if_ether.h>
#include <linux/udp.h>
#include <net/dst_cache.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/udp_tunnel.h>

#include "compat_tunnel.h"

/* Which family the inner packet is of, if there is one. */
static enum ozp_verdict ozp_tunnel_inner_protocol(struct sk_buff *skb,
						  struct ozp_packet *pkt,
						  __be16 *protocol)
{
	u8 version;

	if (skb->len <= sizeof(struct udphdr))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_EMPTY_DATAGRAM);
	if (skb_copy_bits(skb, sizeof(struct udphdr), &version, 1))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_TRUNCATED);
	switch (version >> 4) {
	case 4:
		*protocol = htons(ETH_P_IP);
		return OZP_CONTINUE;
	case 6:
		*protocol = htons(ETH_P_IPV6);
		return OZP_CONTINUE;
	default:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NOT_IP);
	}
}

static u8 ozp_tunnel_outer_dsfield(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ip_hdr(skb)->tos;
	return ipv6_get_dsfield(ipv6_hdr(skb));
}

static enum ozp_verdict ozp_tunnel_decapsulate(struct ozp_tunnel *tunnel,
					       struct sk_buff *skb,
					       struct ozp_packet *pkt)
{
	struct net *net = rcu_dereference(tunnel->net);
	enum ozp_verdict verdict;
	__be16 protocol;
	bool xnet;

	pkt->outer_dsfield = ozp_tunnel_outer_dsfield(skb);
	verdict = ozp_tunnel_inner_protocol(skb, pkt, &protocol);
	if (verdict != OZP_CONTINUE)
		return verdict;

	xnet = !net || !net_eq(net, dev_net(tunnel->dev));
	if (iptunnel_pull_header(skb, sizeof(struct udphdr), protocol, xnet))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	skb->dev = tunnel->dev;
	skb->pkt_type = PACKET_HOST;
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	return OZP_CONTINUE;
}

/* Softirq, under RCU; the outer checksum was verified by UDP. */
static int ozp_tunnel_receive(struct sock *sk, struct sk_buff *skb)
{
	struct ozp_packet pkt = { .direction = OZPROXY_DIRECTION_IN };
	struct ozp_tunnel *tunnel;

	tunnel = rcu_dereference_sk_user_data(sk);
	/* The socket is being closed: it queues the datagram, and is freed
	 * with all that it holds.
	 */
	if (!tunnel)
		return 1;
	pkt.stats = tunnel->stats;
	ozp_stats_count(tunnel->stats, OZP_COUNTER_IN_RECEIVED, skb->len);
	if (ozp_tunnel_decapsulate(tunnel, skb, &pkt) == OZP_DROP)
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
 * May reallocate the header.
 *
 * Return: OZP_CONTINUE, or OZP_DROP when congestion was met on the way and the
 * inner packet cannot say so.
 */
enum ozp_verdict ozp_tunnel_ecn(struct sk_buff *skb, struct ozp_packet *pkt)
{
	u8 inner = pkt->tuple.family == AF_INET ?
		   ip_hdr(skb)->tos : ipv6_get_dsfield(ipv6_hdr(skb));

	if (!((inner ^ pkt->outer_dsfield) & INET_ECN_MASK))
		return OZP_CONTINUE;
	if (skb_ensure_writable(skb, pkt->l4_offset))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	/* 1: unusual, to be delivered as it is; 2: to be dropped. */
	if (INET_ECN_decapsulate(skb, pkt->outer_dsfield, inner) > 1)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_ECN);
	return OZP_CONTINUE;
}

/* A hash of the flow spreads over queues and paths, but an ICMP error of the
 * underlay finds a tunnel socket only by a port of ours at one end.
 */
static __be16 ozp_tunnel_source_port(const struct ozp_tunnel *tunnel,
				     struct net *net, struct sk_buff *skb,
				     const struct ozp_node *node)
{
	if (node->port != tunnel->port)
		return tunnel->port;
	return udp_flow_src_port(net, skb, 0, 0, false);
}

/* DS field of the outer header: the marks only, and CE as ECT(0) (RFC 3168,
 * 9.1.1, full functionality).
 */
static u8 ozp_tunnel_new_dsfield(struct sk_buff *skb,
				 const struct ozp_packet *pkt)
{
	u8 inner = pkt->tuple.family == AF_INET ?
		   ip_hdr(skb)->tos : ipv6_get_dsfield(ipv6_hdr(skb));

	return INET_ECN_encapsulate(0, inner);
}

/* Room for the outer headers, and what segmentation needs to know: the inner
 * packet has no link layer header, so that one begins where its IP header does.
 */
static enum ozp_verdict ozp_tunnel_make_room(struct sk_buff *skb,
					     struct ozp_packet *pkt,
					     const struct dst_entry *dst,
					     unsigned int ip_len)
{
	unsigned int headroom = LL_RESERVED_SPACE(dst->dev) + dst->header_len +
				ip_len + sizeof(struct udphdr);

	if (skb_cow_head(skb, headroom))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	skb_reset_mac_header(skb);
	skb_set_transport_header(skb, pkt->l4_offset);
	if (udp_tunnel_handle_offloads(skb, true))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	skb_set_inner_protocol(skb, skb->protocol);
	/* The statistics of the device are ours, not those of ip_tunnel. */
	skb->dev = NULL;
	return OZP_CONTINUE;
}

static struct rtable *ozp_tunnel_route4(struct ozp_tunnel *tunnel,
					struct net *net, struct ozp_node *node,
					struct ozp_packet *pkt, __be32 *saddr)
{
	struct flowi4 fl4 = {
		.daddr = node->addr.ip4,
		.fl4_dport = node->port,
		.flowi4_proto = IPPROTO_UDP,
	};
	struct rtable *rt;

	rt = dst_cache_get_ip4(&node->route, saddr);
	if (rt)
		return rt;
	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt)) {
		ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_ROUTE);
		return NULL;
	}
	if (rt->dst.dev == tunnel->dev) {
		ip_rt_put(rt);
		ozp_refuse(pkt, OZPROXY_DROP_REASON_ROUTE_LOOP);
		return NULL;
	}
	dst_cache_set_ip4(&node->route, &rt->dst, fl4.saddr);
	*saddr = fl4.saddr;
	return rt;
}

static enum ozp_verdict ozp_tunnel_xmit4(struct ozp_tunnel *tunnel,
					 struct net *net, struct sock *sk,
					 struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 struct ozp_node *node)
{
	u8 dsfield = ozp_tunnel_new_dsfield(skb, pkt);
	__be16 sport = ozp_tunnel_source_port(tunnel, net, skb, node);
	struct rtable *rt;
	__be32 saddr;

	rt = ozp_tunnel_route4(tunnel, net, node, pkt, &saddr);
	if (!rt)
		return OZP_DROP;
	if (ozp_tunnel_make_room(skb, pkt, &rt->dst, sizeof(struct iphdr)) !=
	    OZP_CONTINUE) {
		ip_rt_put(rt);
		return OZP_DROP;
	}
	ozp_compat_udp_tunnel_xmit(rt, sk, skb, saddr, node->addr.ip4, dsfield,
				   sport, node->port,
				   !net_eq(net, dev_net(tunnel->dev)));
	return OZP_CONSUMED;
}

#if IS_ENABLED(CONFIG_IPV6)
static struct dst_entry *ozp_tunnel_route6(struct ozp_tunnel *tunnel,
					   struct net *net, struct sock *sk,
					   struct ozp_node *node,
					   struct ozp_packet *pkt,
					   struct in6_addr *saddr)
{
	struct flowi6 fl6 = {
		.daddr = node->addr.ip6,
		.fl6_dport = node->port,
		.flowi6_proto = IPPROTO_UDP,
	};
	struct dst_entry *dst;

	dst = dst_cache_get_ip6(&node->route, saddr);
	if (dst)
		return dst;
	dst = ozp_compat_ip6_route(net, sk, &fl6);
	if (IS_ERR(dst)) {
		ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_ROUTE);
		return NULL;
	}
	if (dst->dev == tunnel->dev) {
		dst_release(dst);
		ozp_refuse(pkt, OZPROXY_DROP_REASON_ROUTE_LOOP);
		return NULL;
	}
	dst_cache_set_ip6(&node->route, dst, &fl6.saddr);
	*saddr = fl6.saddr;
	return dst;
}

static enum ozp_verdict ozp_tunnel_xmit6(struct ozp_tunnel *tunnel,
					 struct net *net, struct sock *sk,
					 struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 struct ozp_node *node)
{
	u8 dsfield = ozp_tunnel_new_dsfield(skb, pkt);
	__be16 sport = ozp_tunnel_source_port(tunnel, net, skb, node);
	struct dst_entry *dst;
	struct in6_addr saddr;

	dst = ozp_tunnel_route6(tunnel, net, sk, node, pkt, &saddr);
	if (!dst)
		return OZP_DROP;
	/* Unlike its IPv4 sister, udp_tunnel6_xmit_skb() does not do this. */
	skb_scrub_packet(skb, !net_eq(net, dev_net(tunnel->dev)));
	if (ozp_tunnel_make_room(skb, pkt, dst, sizeof(struct ipv6hdr)) !=
	    OZP_CONTINUE) {
		dst_release(dst);
		return OZP_DROP;
	}
	ozp_compat_udp_tunnel6_xmit(dst, sk, skb, &saddr, &node->addr.ip6,
				    dsfield, sport, node->port);
	return OZP_CONSUMED;
}
#else
static enum ozp_verdict ozp_tunnel_xmit6(struct ozp_tunnel *tunnel,
					 struct net *net, struct sock *sk,
					 struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 struct ozp_node *node)
{
	return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_UNDERLAY);
}
#endif

/**
 * ozp_tunnel_xmit_rcu() - send a packet to a worker
 * @tunnel: the tunnel
 * @skb: the converted packet, data at its network header
 * @pkt: what is known of it
 * @node: the worker
 *
 * Caller is in an RCU read section with BH off.
 *
 * Return: OZP_CONSUMED when the underlay has it, else OZP_DROP.
 */
enum ozp_verdict ozp_tunnel_xmit_rcu(struct ozp_tunnel *tunnel,
				     struct sk_buff *skb,
				     struct ozp_packet *pkt,
				     struct ozp_node *node)
{
	struct net *net = rcu_dereference(tunnel->net);
	unsigned int len = skb->len;
	enum ozp_verdict verdict;
	struct socket *sock;

	sock = rcu_dereference(tunnel->sock[ozp_family_index(node->family)]);
	if (!net || !sock)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_UNDERLAY);

	if (node->family == AF_INET)
		verdict = ozp_tunnel_xmit4(tunnel, net, sock->sk, skb, pkt,
					   node);
	else
		verdict = ozp_tunnel_xmit6(tunnel, net, sock->sk, skb, pkt,
					   node);
	if (verdict == OZP_CONSUMED)
		ozp_stats_count(tunnel->stats, OZP_COUNTER_OUT_TUNNELLED, len);
	return verdict;
}

static struct socket *ozp_tunnel_open_one(struct ozp_tunnel *tunnel,
					  struct net *net, int index)
{
	struct udp_tunnel_sock_cfg config = {
		.sk_user_data = tunnel,
		.encap_type = 1,
		.encap_rcv = ozp_tunnel_receive,
	};
	struct udp_port_cfg port = {
		.family = ozp_family(index),
		.local_udp_port = tunnel->port,
		.use_udp_checksums = true,
		.use_udp6_tx_checksums = true,
		.use_udp6_rx_checksums = true,
		.ipv6_v6only = true,
	};
	struct socket *sock;
	int err;

	err = udp_sock_create(net, &port, &sock);
	if (err)
		return ERR_PTR(err);
	ozp_compat_setup_tunnel_sock(net, sock, &config);
	return sock;
}

/**
 * ozp_tunnel_open() - open the sockets
 * @tunnel: closed; port, dev, stats and receive are set
 *
 * A namespace without IPv6 gets an IPv4 socket only. May sleep; under RTNL.
 *
 * Return: 0, -ENETDOWN when the namespace of the underlay is gone, or what the
 * socket layer says, mostly -EADDRINUSE.
 */
int ozp_tunnel_open(struct ozp_tunnel *tunnel)
{
	struct net *net = rtnl_dereference(tunnel->net);
	struct socket *sock;
	int i;

	if (!net)
		return -ENETDOWN;
	for (i = 0; i < OZP_FAMILIES; i++) {
		sock = ozp_tunnel_open_one(tunnel, net, i);
		if (IS_ERR(sock)) {
			if (i && (PTR_ERR(sock) == -EAFNOSUPPORT ||
				  PTR_ERR(sock) == -EPFNOSUPPORT))
				continue;
			ozp_tunnel_close(tunnel);
			return PTR_ERR(sock);
		}
		rcu_assign_pointer(tunnel->sock[i], sock);
	}
	return 0;
}

/**
 * ozp_tunnel_close() - close the sockets
 * @tunnel: open or not
 *
 * Afterwards no packet comes from them any more. May sleep; under RTNL.
 */
void ozp_tunnel_close(struct ozp_tunnel *tunnel)
{
	struct socket *socks[OZP_FAMILIES];
	int i;

	for (i = 0; i < OZP_FAMILIES; i++) {
		socks[i] = rtnl_dereference(tunnel->sock[i]);
		RCU_INIT_POINTER(tunnel->sock[i], NULL);
	}
	/* Senders that saw the sockets are through after this; so are
	 * receivers, after the second one, that saw @tunnel in a socket.
	 */
	synchronize_net();
	for (i = 0; i < OZP_FAMILIES; i++)
		if (socks[i])
			ozp_compat_tunnel_sock_release(socks[i]);
	synchronize_net();
}
