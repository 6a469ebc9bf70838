/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The wire: a UDP datagram holds one bare IP packet. */
#ifndef _OZP_TUNNEL_H
#define _OZP_TUNNEL_H

#include <linux/types.h>
#include <net/gro_cells.h>

#include "node.h"
#include "packet.h"
#include "stats.h"

struct dst_entry;
struct list_head;
struct net;
struct net_device;
struct sock;
struct socket;

/**
 * struct ozp_tunnel_options - what a user can tell a tunnel
 * @outer_checksum: enum ozproxy_switch
 * @source_port: enum ozproxy_source_port
 * @dscp_mode: enum ozproxy_dscp_mode
 * @dscp: of the outer header, where it is fixed
 * @mss_clamp: enum ozproxy_switch
 */
struct ozp_tunnel_options {
	u32 outer_checksum;
	u32 source_port;
	u32 dscp_mode;
	u32 dscp;
	u32 mss_clamp;
};

/**
 * struct ozp_tunnel - the sockets of a device, one for each outer family
 * @sock: by family; NULL while closed
 * @net: namespace of the underlay; NULL when it is gone. Not held: it is reset
 *	before the namespace ends, and readers are under RCU or RTNL.
 * @dev: the device that decapsulated packets seem to come from
 * @gather: the device that packets are put together on, see tunnel_gather.c
 * @queues: where packets wait for GRO, one a CPU
 * @stats: where datagrams are counted
 * @port: UDP port, also of the nodes that use ours; changes while closed
 * @options: may change at any time, under RTNL
 * @receive: gets each decapsulated packet, in softirq, and consumes it
 */
struct ozp_tunnel {
	/* packet path */
	struct socket __rcu *sock[OZP_FAMILIES];
	struct net __rcu *net;
	struct net_device *dev;
	struct net_device *gather;
	struct gro_cells queues;
	struct ozp_stats *stats;
	__be16 port;
	struct ozp_tunnel_options options;
	void (*receive)(struct ozp_tunnel *tunnel, struct sk_buff *skb,
			struct ozp_packet *pkt);
};

/**
 * struct ozp_way - how a packet gets to a node
 * @net: namespace of the underlay
 * @sk: the socket that it leaves from
 * @dst: the route, with a reference for whoever has this
 * @saddr: our address
 * @mtu: largest inner packet that fits into one datagram
 * @df: the datagram must not be fragmented
 * @split: a large packet is to be taken apart before it gets outer headers
 */
struct ozp_way {
	struct net *net;
	struct sock *sk;
	struct dst_entry *dst;
	union ozp_addr saddr;
	unsigned int mtu;
	bool df;
	bool split;
};

/* packet path */
enum ozp_verdict ozp_way_find_rcu(struct ozp_tunnel *tunnel,
				  struct sk_buff *skb, struct ozp_packet *pkt,
				  struct ozp_node *node, struct ozp_way *way);
void ozp_way_put(struct ozp_way *way);
unsigned int ozp_tunnel_mtu_rcu(struct ozp_tunnel *tunnel,
				struct ozp_node *node);
enum ozp_verdict ozp_tunnel_send(struct ozp_tunnel *tunnel,
				 struct sk_buff *skb, struct ozp_packet *pkt,
				 struct ozp_node *node,
				 struct ozp_way *way);
u8 ozp_tunnel_dsfield(const struct ozp_tunnel_options *options, u8 inner);
enum ozp_verdict ozp_tunnel_ecn(struct sk_buff *skb, struct ozp_packet *pkt);

/* packet path, as the sockets call it */
__be16 ozp_tunnel_protocol(u8 first);
int ozp_tunnel_receive(struct sock *sk, struct sk_buff *skb);
bool ozp_tunnel_gathers(const struct ozp_tunnel *tunnel,
			const struct sk_buff *skb);
void ozp_tunnel_gather(struct ozp_tunnel *tunnel, struct sk_buff *skb,
		       struct ozp_packet *pkt);
struct sk_buff *ozp_tunnel_gro_receive(struct sock *sk, struct list_head *head,
				       struct sk_buff *skb);
int ozp_tunnel_gro_complete(struct sock *sk, struct sk_buff *skb, int nhoff);

/* control path, under RTNL */
int ozp_tunnel_open(struct ozp_tunnel *tunnel);
void ozp_tunnel_close(struct ozp_tunnel *tunnel);
int ozp_tunnel_gather_init(struct ozp_tunnel *tunnel);
void ozp_tunnel_gather_uninit(struct ozp_tunnel *tunnel);
void ozp_tunnel_options_changed(struct ozp_tunnel *tunnel);
unsigned int ozp_tunnel_default_mtu(struct net *net);

#endif /* _OZP_TUNNEL_H */
