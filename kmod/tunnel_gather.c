// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Packets that came one by one are put together by GRO once the tunnel header is
 * off, and before anything else is done with them, so that it is done once for all
 * of them: without offloads, a byte of TCP takes 8 % less that way.
 *
 * GRO hands what it made to the device that the packets are from. That is not ours
 * yet, which gets them converted, but one behind it that nobody sees. Its link layer
 * header is what the tunnel header said, so that GRO keeps apart what came from
 * different nodes, or with different congestion marks.
 */

#include "tunnel.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/udp.h>

/* Up to the last member: what is behind it for alignment is not compared. */
#define OZP_GATHER_HEADER	offsetofend(struct ozp_outer, dsfield)

/* In an RCU read section, in softirq: what the queue of a CPU gives back. */
static rx_handler_result_t ozp_gather_release(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	struct ozp_tunnel *tunnel = rcu_dereference(skb->dev->rx_handler_data);
	struct ozp_packet pkt = {
		.stats = tunnel->stats,
		.direction = OZPROXY_DIRECTION_IN,
		.is_gathered = true,
	};

	memcpy(&pkt.outer, skb_mac_header(skb), OZP_GATHER_HEADER);
	ozp_stats_count(tunnel->stats, OZP_COUNTER_IN_RECEIVED,
			skb->len + sizeof(struct udphdr));
	/* Closed; a grace period later, nothing comes by here any more. */
	if (unlikely(!netif_running(tunnel->dev))) {
		ozp_drop(skb, &pkt, OZPROXY_DROP_REASON_NO_UNDERLAY);
		return RX_HANDLER_CONSUMED;
	}
	skb->dev = tunnel->dev;
	skb->pkt_type = PACKET_HOST;
	skb_reset_mac_header(skb);
	tunnel->receive(tunnel, skb, &pkt);
	return RX_HANDLER_CONSUMED;
}

static bool ozp_gather_is_tcp(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ip_hdr(skb)->protocol == IPPROTO_TCP;
	return ipv6_hdr(skb)->nexthdr == IPPROTO_TCP;
}

/**
 * ozp_tunnel_gathers() - whether a packet is to wait for others
 * @tunnel: the tunnel
 * @skb: the packet, its tunnel header pulled and not overwritten
 *
 * Not if somebody has a copy of it, who would see the header that it gets.
 *
 * Return: whether it may be given to ozp_tunnel_gather().
 */
bool ozp_tunnel_gathers(const struct ozp_tunnel *tunnel,
			const struct sk_buff *skb)
{
	return skb_headlen(skb) >= sizeof(struct iphdr) &&
	       ozp_gather_is_tcp(skb) &&
	       skb_headroom(skb) >= OZP_GATHER_HEADER && !skb_cloned(skb) &&
	       !netif_elide_gro(tunnel->dev);
}

/**
 * ozp_tunnel_gather() - let a packet wait for those that follow it
 * @tunnel: the tunnel
 * @skb: the packet, consumed
 * @pkt: what is known of it
 *
 * Softirq, under RCU. It is counted when it is released.
 */
void ozp_tunnel_gather(struct ozp_tunnel *tunnel, struct sk_buff *skb,
		       struct ozp_packet *pkt)
{
	unsigned int len = skb->len;

	skb_set_mac_header(skb, -(int)OZP_GATHER_HEADER);
	memcpy(skb_mac_header(skb), &pkt->outer, OZP_GATHER_HEADER);
	skb->dev = tunnel->gather;
	/* For no packet socket, of those that listen on any device. */
	skb->pkt_type = PACKET_LOOPBACK;
	if (gro_cells_receive(&tunnel->queues, skb) == NET_RX_SUCCESS)
		return;
	ozp_stats_count(tunnel->stats, OZP_COUNTER_IN_RECEIVED,
			len + sizeof(struct udphdr));
	dev_core_stats_rx_dropped_inc(tunnel->dev);
	ozp_drop_count(pkt, OZPROXY_DROP_REASON_BACKLOG_FULL);
}

static void ozp_gather_setup(struct net_device *dev)
{
	dev->hard_header_len = OZP_GATHER_HEADER;
	dev->features = NETIF_F_GRO;
	dev->flags = IFF_UP;
}

/**
 * ozp_tunnel_gather_init() - make queues
 * @tunnel: dev is set
 *
 * May sleep; under RTNL.
 *
 * Return: 0 or -ENOMEM.
 */
int ozp_tunnel_gather_init(struct ozp_tunnel *tunnel)
{
	int err;

	/* Never registered: it has neither name nor index. */
	tunnel->gather = alloc_netdev(0, "", NET_NAME_UNKNOWN,
				      ozp_gather_setup);
	if (!tunnel->gather)
		return -ENOMEM;
	err = netdev_rx_handler_register(tunnel->gather, ozp_gather_release,
					 tunnel);
	if (err)
		goto err_free;
	err = gro_cells_init(&tunnel->queues, tunnel->dev);
	if (err)
		goto err_unregister;
	return 0;

err_unregister:
	netdev_rx_handler_unregister(tunnel->gather);
err_free:
	free_netdev(tunnel->gather);
	return err;
}

/**
 * ozp_tunnel_gather_uninit() - free queues, and what is in them
 * @tunnel: closed
 *
 * May sleep; under RTNL.
 */
void ozp_tunnel_gather_uninit(struct ozp_tunnel *tunnel)
{
	gro_cells_destroy(&tunnel->queues);
	netdev_rx_handler_unregister(tunnel->gather);
	free_netdev(tunnel->gather);
}
