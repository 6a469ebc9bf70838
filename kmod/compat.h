/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The newest kernel interfaces, for older kernels too: what a kernel has is
 * found out by compiling (compat/probes/), never by its version.
 */
#ifndef _OZP_COMPAT_H
#define _OZP_COMPAT_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>

#include "compat_gen.h"

/* Transmit without the queue lock: a bit of the device since 6.12. */
static inline void ozp_compat_set_lltx(struct net_device *dev)
{
#ifdef OZP_HAVE_LLTX_FLAG
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/* The sum of a whole IPv6 packet does not change when an address and the
 * transport checksum change together; kernels before the parameter @ipv6 got
 * that wrong for CHECKSUM_COMPLETE.
 */
static inline void ozp_compat_csum_replace_by_diff(__sum16 *sum,
						   struct sk_buff *skb,
						   __wsum diff, bool ipv6)
{
#ifdef OZP_HAVE_CSUM_DIFF_IPV6
	inet_proto_csum_replace_by_diff(sum, skb, diff, true, ipv6);
#else
	bool pseudohdr = !ipv6 || skb->ip_summed != CHECKSUM_COMPLETE;

	inet_proto_csum_replace_by_diff(sum, skb, diff, pseudohdr);
#endif
}

/* A core reason of the right kind, where there is one. */
static inline enum skb_drop_reason ozp_compat_drop_reason_ecn(void)
{
#ifdef OZP_HAVE_DROP_REASON_ECN
	return SKB_DROP_REASON_IP_TUNNEL_ECN;
#else
	return SKB_DROP_REASON_NOT_SPECIFIED;
#endif
}

/* The attributes of a dump moved into a struct genl_info in 6.6. */
static inline struct nlattr **ozp_compat_dump_attrs(struct netlink_callback *cb)
{
#ifdef OZP_HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* Groups for those who administer the namespace: since 6.7. */
enum {
#ifdef OZP_HAVE_MCAST_ADMIN
	OZP_COMPAT_MCAST_ADMIN = GENL_MCAST_CAP_NET_ADMIN,
#else
	OZP_COMPAT_MCAST_ADMIN = 0,
#endif
};

/* newlink got its arguments in a structure in 6.15. @create is called with the
 * namespace that the tunnel's socket belongs to: the one named by
 * IFLA_LINK_NETNSID, else the caller's.
 */
#ifdef OZP_HAVE_NEWLINK_PARAMS
#define OZP_COMPAT_NEWLINK(name, create)				\
static int name(struct net_device *dev,					\
		struct rtnl_newlink_params *params,			\
		struct netlink_ext_ack *extack)				\
{									\
	return create(rtnl_newlink_link_net(params), dev, params->tb,	\
		      params->data, extack);				\
}
#else
#define OZP_COMPAT_NEWLINK(name, create)				\
static int name(struct net *net, struct net_device *dev,		\
		struct nlattr *tb[], struct nlattr *data[],		\
		struct netlink_ext_ack *extack)				\
{									\
	return create(net, dev, tb, data, extack);			\
}
#endif

#endif /* _OZP_COMPAT_H */
