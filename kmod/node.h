/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Workers: an address and a port, shared by all instances that run there. */
#ifndef _OZP_NODE_H
#define _OZP_NODE_H

#include <linux/cache.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <net/dst_cache.h>

#include "limits.h"
#include "packet.h"

/**
 * struct ozp_nodes - the nodes of a device
 * @lock: protects @buckets and @count; taken with BH off
 * @buckets: the nodes by address and port
 * @count: how many there are
 */
struct ozp_nodes {
	/* protects all below */
	spinlock_t lock;
	struct hlist_head buckets[1 << OZP_NODE_BUCKET_BITS];
	unsigned int count;
};

/**
 * struct ozp_node - a worker
 * @addr: its address in the underlay
 * @port: UDP port of its tunnel
 * @family: family of @addr
 * @route: route to it and our source address, per CPU
 * @here: whether its IPv4 address is ours, below the generation of routes that
 *	this is true for
 * @ref: references; the last one ends the node
 * @nodes: where it is listed
 * @link: in a bucket of @nodes
 * @rtt: smoothed round trip of handshakes, microseconds times 8; 0: none
 * @tried: when one was begun last, see clock.h; 0: never
 * @rcu: defers freeing past readers of the packet path
 */
struct ozp_node {
	/* packet path, read-only */
	union ozp_addr addr;
	__be16 port;
	u8 family;
	struct dst_cache route;
	u32 here;
	/* control path */
	refcount_t ref;
	struct ozp_nodes *nodes;
	struct hlist_node link;
	struct rcu_head rcu;
	/* written by handshakes, apart from what every packet reads */
	u32 rtt ____cacheline_aligned_in_smp;
	u32 tried;
};

/**
 * ozp_node_rtt() - how far away a node is
 * @node: the node
 *
 * Return: microseconds, or 0 when nothing was measured.
 */
static inline u32 ozp_node_rtt(const struct ozp_node *node)
{
	return READ_ONCE(node->rtt) >> OZP_RTT_SHIFT;
}

/* packet path */
void ozp_node_try(struct ozp_node *node);
void ozp_node_measure(struct ozp_node *node, u32 rtt);
bool ozp_node_is_forgotten(const struct ozp_node *node);

/* control path */
struct ozp_node *ozp_node_get(struct ozp_nodes *nodes, u8 family,
			      const union ozp_addr *addr, __be16 port);
void ozp_node_put(struct ozp_node *node);
bool ozp_node_is_at(const struct ozp_node *node, u8 family,
		    const union ozp_addr *addr, __be16 port);
void ozp_nodes_reset_routes(struct ozp_nodes *nodes);

/* init */
void ozp_nodes_init(struct ozp_nodes *nodes);
void ozp_nodes_uninit(struct ozp_nodes *nodes);

#endif /* _OZP_NODE_H */
