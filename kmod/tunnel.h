/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The wire: a UDP datagram holds one bare IP packet. */
#ifndef _OZP_TUNNEL_H
#define _OZP_TUNNEL_H

#include <linux/types.h>

#include "node.h"
#include "packet.h"
#include "stats.h"

struct net;
struct net_device;
struct socket;

/**
 * struct ozp_tunnel - the sockets of a device, one for each outer family
 * @sock: by family; NULL while closed
 * @net: namespace of the underlay; NULL when it is gone. Not held: it is reset
 *	before the namespace ends, and readers are under RCU or RTNL.
 * @dev: the device that decapsulated packets seem to come from
 * @stats: where datagrams are counted
 * @port: UDP port, also of the nodes that use ours; changes while closed
 * @receive: gets each decapsulated packet, in softirq, and consumes it
 */
struct ozp_tunnel {
	/* packet path */
	struct socket __rcu *sock[OZP_FAMILIES];
	struct net __rcu *net;
	struct net_device *dev;
	struct ozp_stats *stats;
	__be16 port;
	void (*receive)(struct ozp_tunnel *tunnel, struct sk_buff *skb,
			struct ozp_packet *pkt);
};

/* packet path */
enum ozp_verdict ozp_tunnel_xmit_rcu(struct ozp_tunnel *tunnel,
				     struct sk_buff *skb,
				     struct ozp_packet *pkt,
				     struct ozp_node *node);
enum ozp_verdict ozp_tunnel_ecn(struct sk_buff *skb, struct ozp_packet *pkt);

/* control path, under RTNL */
int ozp_tunnel_open(struct ozp_tunnel *tunnel);
void ozp_tunnel_close(struct ozp_tunnel *tunnel);

#endif /* _OZP_TUNNEL_H */
