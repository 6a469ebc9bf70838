// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The way to a node, and how large a packet may be to go there. */

#include "tunnel.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/udp.h>
#include <net/dst_cache.h>
#include <net/ip.h>
#include <net/ip_fib.h>
#include <net/nexthop.h>
#include <net/route.h>

#include "compat_tunnel.h"
#include "limits.h"

/* Through our device, or through one that stacks on it and says so. */
static bool ozp_way_is_loop(const struct ozp_tunnel *tunnel,
			    const struct ozp_way *way)
{
	return way->dst->dev == tunnel->dev ||
	       netdev_has_upper_dev_all_rcu(tunnel->dev, way->dst->dev);
}

/* A route just looked up is tested before it may be kept. */
static enum ozp_verdict ozp_way_check(const struct ozp_tunnel *tunnel,
				      struct ozp_packet *pkt,
				      struct ozp_way *way)
{
	if (!ozp_way_is_loop(tunnel, way))
		return OZP_CONTINUE;
	ozp_way_put(way);
	return ozp_refuse(pkt, OZPROXY_DROP_REASON_ROUTE_LOOP);
}

/* A node is one host: that its address is the broadcast address of a link only
 * the route tells.
 */
static bool ozp_way_is_unicast4(const struct rtable *rt)
{
	return !(rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST));
}

/* What an ICMP error of the underlay says becomes an exception to the route,
 * which invalidates the one that is kept here: @way has the newest path MTU.
 */
static enum ozp_verdict ozp_way_route4(const struct ozp_tunnel *tunnel,
				       struct ozp_packet *pkt,
				       struct ozp_node *node,
				       struct ozp_way *way)
{
	struct flowi4 fl4 = {
		.daddr = node->addr.ip4,
		.fl4_dport = node->port,
		.flowi4_proto = IPPROTO_UDP,
	};
	struct rtable *rt;

	rt = dst_cache_get_ip4(&node->route, &way->saddr.ip4);
	if (rt) {
		way->dst = &rt->dst;
		return OZP_CONTINUE;
	}
	rt = ip_route_output_key(way->net, &fl4);
	if (IS_ERR(rt))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_ROUTE);
	if (!ozp_way_is_unicast4(rt)) {
		ip_rt_put(rt);
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_ROUTE);
	}
	way->dst = &rt->dst;
	way->saddr.ip4 = fl4.saddr;
	if (ozp_way_check(tunnel, pkt, way) != OZP_CONTINUE)
		return OZP_DROP;
	dst_cache_set_ip4(&node->route, way->dst, way->saddr.ip4);
	return OZP_CONTINUE;
}

#if IS_ENABLED(CONFIG_IPV6)
static enum ozp_verdict ozp_way_route6(const struct ozp_tunnel *tunnel,
				       struct ozp_packet *pkt,
				       struct ozp_node *node,
				       struct ozp_way *way)
{
	struct flowi6 fl6 = {
		.daddr = node->addr.ip6,
		.fl6_dport = node->port,
		.flowi6_proto = IPPROTO_UDP,
	};

	way->dst = dst_cache_get_ip6(&node->route, &way->saddr.ip6);
	if (way->dst)
		return OZP_CONTINUE;
	way->dst = ozp_compat_ip6_route(way->net, way->sk, &fl6);
	if (IS_ERR(way->dst))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_ROUTE);
	way->saddr.ip6 = fl6.saddr;
	if (ozp_way_check(tunnel, pkt, way) != OZP_CONTINUE)
		return OZP_DROP;
	dst_cache_set_ip6(&node->route, way->dst, &way->saddr.ip6);
	return OZP_CONTINUE;
}
#else
static enum ozp_verdict ozp_way_route6(const struct ozp_tunnel *tunnel,
				       struct ozp_packet *pkt,
				       struct ozp_node *node,
				       struct ozp_way *way)
{
	return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_UNDERLAY);
}
#endif

/* No link that carries IP is smaller than ETH_MIN_MTU (RFC 791). */
static unsigned int ozp_way_mtu(const struct ozp_way *way, u8 family)
{
	unsigned int overhead = sizeof(struct udphdr) + (family == AF_INET ?
				sizeof(struct iphdr) : sizeof(struct ipv6hdr));

	return max(dst_mtu(way->dst), ETH_MIN_MTU + overhead) - overhead;
}

static enum ozp_verdict ozp_way_open_rcu(struct ozp_tunnel *tunnel,
					 struct ozp_packet *pkt,
					 struct ozp_node *node,
					 struct ozp_way *way)
{
	enum ozp_verdict verdict;
	struct socket *sock;

	way->net = rcu_dereference(tunnel->net);
	sock = rcu_dereference(tunnel->sock[ozp_family_index(node->family)]);
	if (!way->net || !sock)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_UNDERLAY);
	way->sk = sock->sk;
	if (node->family == AF_INET)
		verdict = ozp_way_route4(tunnel, pkt, node, way);
	else
		verdict = ozp_way_route6(tunnel, pkt, node, way);
	if (verdict == OZP_CONTINUE)
		way->mtu = ozp_way_mtu(way, node->family);
	return verdict;
}

/* Whether a packet, or what becomes of a large one, has @len bytes at most. */
static bool ozp_way_fits(struct sk_buff *skb, const struct ozp_packet *pkt,
			 unsigned int len)
{
	if (!skb_is_gso(skb))
		return skb->len <= len;
	skb_set_transport_header(skb, pkt->l4_offset);
	return skb_gso_validate_network_len(skb, len);
}

/* Where datagrams of a large packet are to be fragmented, IP takes it apart first,
 * but its measure leaves out the UDP header inside of a tunnel, and what exceeds
 * the path by no more than that would leave as it is.
 */
static bool ozp_way_splits(struct sk_buff *skb, const struct ozp_packet *pkt,
			   const struct ozp_way *way)
{
	return !way->df && skb_is_gso(skb) &&
	       skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4 &&
	       !ozp_way_fits(skb, pkt, way->mtu);
}

/* What may be fragmented goes in fragments of the datagram, the rest is refused
 * when it does not fit. Packets of IPv6 never have to be smaller than its
 * minimum: below that, datagrams are fragmented, too (RFC 4213, 3.2.2; RFC
 * 2473, 7.1).
 */
static enum ozp_verdict ozp_way_measure(struct sk_buff *skb,
					struct ozp_packet *pkt,
					struct ozp_way *way)
{
	unsigned int mtu = way->mtu;

	if (pkt->tuple.family == AF_INET6) {
		way->df = mtu >= IPV6_MIN_MTU;
		mtu = max_t(unsigned int, mtu, IPV6_MIN_MTU);
	} else {
		way->df = ip_hdr(skb)->frag_off & htons(IP_DF);
		if (!way->df)
			mtu = IP_MAX_MTU;
	}
	way->split = ozp_way_splits(skb, pkt, way);
	if (ozp_way_fits(skb, pkt, mtu))
		return OZP_CONTINUE;
	pkt->mtu = mtu;
	return ozp_refuse(pkt, OZPROXY_DROP_REASON_PACKET_TOO_BIG);
}

/**
 * ozp_way_find_rcu() - find the way to a node for a packet
 * @tunnel: the tunnel
 * @skb: the packet, parsed, data at its network header
 * @pkt: what is known of it; @pkt->mtu is set when it is too big
 * @node: the worker
 * @way: to be filled in
 *
 * Does not change the packet, so that an error can still show it as it came.
 * Caller is in an RCU read section with BH off.
 *
 * Return: OZP_CONTINUE, then @way is to be given to ozp_tunnel_send() or
 * ozp_way_put(); else OZP_DROP.
 */
enum ozp_verdict ozp_way_find_rcu(struct ozp_tunnel *tunnel,
				  struct sk_buff *skb, struct ozp_packet *pkt,
				  struct ozp_node *node, struct ozp_way *way)
{
	enum ozp_verdict verdict;

	/* A device that stacks on ours without saying so, as a tunnel whose
	 * remote address is behind it, brought back what left from here.
	 */
	if (dev_recursion_level() > OZP_RECURSION_MAX)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_ROUTE_LOOP);
	verdict = ozp_way_open_rcu(tunnel, pkt, node, way);
	if (verdict != OZP_CONTINUE)
		return verdict;
	verdict = ozp_way_measure(skb, pkt, way);
	if (verdict != OZP_CONTINUE)
		ozp_way_put(way);
	return verdict;
}

/**
 * ozp_way_put() - let go of a way that is not gone
 * @way: the way
 */
void ozp_way_put(struct ozp_way *way)
{
	dst_release(way->dst);
	way->dst = NULL;
}

/**
 * ozp_tunnel_mtu_rcu() - largest inner packet on the path to a node
 * @tunnel: the tunnel
 * @node: the worker
 *
 * Caller is in an RCU read section with BH off.
 *
 * Return: bytes; the device's MTU when there is no way.
 */
unsigned int ozp_tunnel_mtu_rcu(struct ozp_tunnel *tunnel,
				struct ozp_node *node)
{
	struct ozp_packet pkt = {};
	struct ozp_way way;

	if (ozp_way_open_rcu(tunnel, &pkt, node, &way) != OZP_CONTINUE)
		return READ_ONCE(tunnel->dev->mtu);
	ozp_way_put(&way);
	return way.mtu;
}

static unsigned int ozp_default_route_mtu4(struct net *net)
{
	struct flowi4 fl4 = { .flowi4_proto = IPPROTO_UDP };
	unsigned int mtu = UINT_MAX;
	struct fib_result res;
	int i;

	/* Only a default route leads to the unspecified address. */
	if (fib_lookup(net, &fl4, &res, FIB_LOOKUP_NOREF) ||
	    res.type != RTN_UNICAST)
		return mtu;
	if (res.fi->fib_mtu)
		mtu = res.fi->fib_mtu;
	for (i = 0; i < fib_info_num_path(res.fi); i++)
		mtu = min(mtu, READ_ONCE(fib_info_nhc(res.fi, i)->nhc_dev->mtu));
	return mtu;
}

static unsigned int ozp_default_route_mtu6(struct net *net)
{
	unsigned int mtu = UINT_MAX;
#if IS_ENABLED(CONFIG_IPV6)
	struct flowi6 fl6 = { .flowi6_proto = IPPROTO_UDP };
	struct dst_entry *dst;

	dst = ozp_compat_ip6_route(net, NULL, &fl6);
	if (IS_ERR(dst))
		return mtu;
	mtu = dst_mtu(dst);
	dst_release(dst);
#endif
	return mtu;
}

/**
 * ozp_tunnel_default_mtu() - MTU of a new device
 * @net: namespace of the underlay
 *
 * What fits into a datagram on the default routes of both families, or on
 * Ethernet when there are none yet: nodes are not known at this time. Process
 * context, under RTNL.
 *
 * Return: bytes, enough for IPv6 in any case.
 */
unsigned int ozp_tunnel_default_mtu(struct net *net)
{
	unsigned int mtu;

	rcu_read_lock();
	mtu = min(ozp_default_route_mtu4(net), ozp_default_route_mtu6(net));
	rcu_read_unlock();
	if (mtu == UINT_MAX)
		mtu = ETH_DATA_LEN;
	return clamp_t(unsigned int, mtu, IPV6_MIN_MTU + OZP_TUNNEL_OVERHEAD,
		       IP_MAX_MTU) - OZP_TUNNEL_OVERHEAD;
}
