/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* As compat.h, for UDP tunnels and the routes to their ends. */
#ifndef _OZP_COMPAT_TUNNEL_H
#define _OZP_COMPAT_TUNNEL_H

#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include <net/udp_tunnel.h>
#if IS_ENABLED(CONFIG_IPV6)
#include <net/ip6_tunnel.h>
#include <net/ipv6_stubs.h>
#endif

#include "compat_gen.h"

/* struct sock instead of struct socket since 7.1. */
static inline void ozp_compat_setup_tunnel_sock(struct net *net,
						struct socket *sock,
						struct udp_tunnel_sock_cfg *cfg)
{
#ifdef OZP_HAVE_UDP_TUNNEL_SOCK
	setup_udp_tunnel_sock(net, sock->sk, cfg);
#else
	setup_udp_tunnel_sock(net, sock, cfg);
#endif
}

static inline void ozp_compat_tunnel_sock_release(struct socket *sock)
{
#ifdef OZP_HAVE_UDP_TUNNEL_SOCK
	udp_tunnel_sock_release(sock->sk);
#else
	udp_tunnel_sock_release(sock);
#endif
}

/**
 * struct ozp_compat_outer - what outer headers say besides the addresses
 * @sport: UDP source port
 * @dport: UDP destination port
 * @df: frag_off of the IPv4 header
 * @dsfield: DS field
 * @nocheck: no UDP checksum
 * @xnet: the packet goes to another namespace; IPv4 only
 */
struct ozp_compat_outer {
	__be16 sport;
	__be16 dport;
	__be16 df;
	u8 dsfield;
	bool nocheck;
	bool xnet;
};

/* A parameter more since 6.17. */
static inline void ozp_compat_udp_tunnel_xmit(struct rtable *rt,
					      struct sock *sk,
					      struct sk_buff *skb,
					      __be32 saddr, __be32 daddr,
					      const struct ozp_compat_outer *o)
{
	u8 ttl = ip4_dst_hoplimit(&rt->dst);

#ifdef OZP_HAVE_UDP_TUNNEL_XMIT_FLAGS
	udp_tunnel_xmit_skb(rt, sk, skb, saddr, daddr, o->dsfield, ttl, o->df,
			    o->sport, o->dport, o->xnet, o->nocheck, 0);
#else
	udp_tunnel_xmit_skb(rt, sk, skb, saddr, daddr, o->dsfield, ttl, o->df,
			    o->sport, o->dport, o->xnet, o->nocheck);
#endif
}

#if IS_ENABLED(CONFIG_IPV6)
static inline void ozp_compat_udp_tunnel6_xmit(struct dst_entry *dst,
					       struct sock *sk,
					       struct sk_buff *skb,
					       struct in6_addr *saddr,
					       struct in6_addr *daddr,
					       const struct ozp_compat_outer *o)
{
	u8 ttl = ip6_dst_hoplimit(dst);

#ifdef OZP_HAVE_UDP_TUNNEL_XMIT_FLAGS
	udp_tunnel6_xmit_skb(dst, sk, skb, NULL, saddr, daddr, o->dsfield, ttl, 0,
			     o->sport, o->dport, o->nocheck, 0);
#else
	udp_tunnel6_xmit_skb(dst, sk, skb, NULL, saddr, daddr, o->dsfield, ttl, 0,
			     o->sport, o->dport, o->nocheck);
#endif
}

/* The stub went when IPv6 stopped being a module (7.1). It refused what the other
 * function takes for granted: that IPv6 was not disabled when the kernel started.
 */
static inline struct dst_entry *ozp_compat_ip6_route(struct net *net,
						     struct sock *sk,
						     struct flowi6 *fl6)
{
#ifdef OZP_HAVE_IPV6_STUB
	return ipv6_stub->ipv6_dst_lookup_flow(net, sk, fl6, NULL);
#else
	return ipv6_mod_enabled() ? ip6_dst_lookup_flow(net, sk, fl6, NULL) :
				    ERR_PTR(-EAFNOSUPPORT);
#endif
}
#endif

#endif /* _OZP_COMPAT_TUNNEL_H */
