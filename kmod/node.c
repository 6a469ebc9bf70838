// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "node.h"

#include <linux/hash.h>
#include <linux/slab.h>

#include "clock.h"
#include "hash.h"

static struct hlist_head *ozp_node_bucket(struct ozp_nodes *nodes, u8 family,
					  const union ozp_addr *addr,
					  __be16 port)
{
	u32 hash = ozp_hash_addr(family, addr, (__force u16)port);

	return &nodes->buckets[hash_32(hash, OZP_NODE_BUCKET_BITS)];
}

/**
 * ozp_node_is_at() - compare where a node is
 * @node: the node
 * @family: AF_INET or AF_INET6
 * @addr: an address of that family
 * @port: a UDP port
 *
 * Return: whether it is there.
 */
bool ozp_node_is_at(const struct ozp_node *node, u8 family,
		    const union ozp_addr *addr, __be16 port)
{
	return node->family == family && node->port == port &&
	       ozp_addr_is_equal(&node->addr, addr);
}

/**
 * ozp_node_try() - note that a handshake with a node begins
 * @node: the node
 *
 * Any context.
 */
void ozp_node_try(struct ozp_node *node)
{
	/* 0 is never. */
	ozp_clock_touch(&node->tried, ozp_clock_now() ?: 1);
}

/**
 * ozp_node_is_forgotten() - whether what is known of a node is old
 * @node: the node
 *
 * Return: whether no handshake was begun for a while.
 */
bool ozp_node_is_forgotten(const struct ozp_node *node)
{
	u32 since = ozp_clock_now() - READ_ONCE(node->tried);

	/* Signed: another CPU may be trying it just now. */
	return (s32)since > OZP_CLOSEST_FORGET_MS / OZP_USED_GRAIN_MS;
}

/**
 * ozp_node_measure() - take a round trip into account
 * @node: the node
 * @rtt: microseconds
 *
 * SRTT <- 7/8 SRTT + 1/8 RTT; the first one is taken as it is (RFC 6298, 2.2 and
 * 2.3). Any context.
 */
void ozp_node_measure(struct ozp_node *node, u32 rtt)
{
	u32 old = READ_ONCE(node->rtt), next;

	rtt = clamp_t(u32, rtt, 1, OZP_RTT_MAX);
	do {
		next = old ? old - (old >> OZP_RTT_SHIFT) + rtt :
			     rtt << OZP_RTT_SHIFT;
	} while (!try_cmpxchg(&node->rtt, &old, next));
}

/* A node whose last reference is gone but that is still listed is passed over:
 * whoever dropped the reference is about to take the lock and unlink it.
 */
static struct ozp_node *ozp_node_find(struct ozp_nodes *nodes,
				      struct hlist_head *bucket, u8 family,
				      const union ozp_addr *addr, __be16 port)
{
	struct ozp_node *node;

	lockdep_assert_held(&nodes->lock);
	hlist_for_each_entry(node, bucket, link)
		if (ozp_node_is_at(node, family, addr, port) &&
		    refcount_inc_not_zero(&node->ref))
			return node;
	return NULL;
}

/**
 * ozp_node_get() - find a node, or make it
 * @nodes: where to look
 * @family: family of @addr
 * @addr: address in the underlay
 * @port: UDP port of its tunnel
 *
 * May sleep.
 *
 * Return: the node with a reference for the caller, to be given back with
 * ozp_node_put(); NULL without memory.
 */
struct ozp_node *ozp_node_get(struct ozp_nodes *nodes, u8 family,
			      const union ozp_addr *addr, __be16 port)
{
	struct hlist_head *bucket = ozp_node_bucket(nodes, family, addr, port);
	struct ozp_node *node, *other;

	spin_lock_bh(&nodes->lock);
	node = ozp_node_find(nodes, bucket, family, addr, port);
	spin_unlock_bh(&nodes->lock);
	if (node)
		return node;

	node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	if (!node)
		return NULL;
	if (dst_cache_init(&node->route, GFP_KERNEL_ACCOUNT)) {
		kfree(node);
		return NULL;
	}
	node->addr = *addr;
	node->port = port;
	node->family = family;
	node->nodes = nodes;
	refcount_set(&node->ref, 1);

	spin_lock_bh(&nodes->lock);
	other = ozp_node_find(nodes, bucket, family, addr, port);
	if (!other) {
		hlist_add_head(&node->link, bucket);
		WRITE_ONCE(nodes->count, nodes->count + 1);
	}
	spin_unlock_bh(&nodes->lock);
	if (!other)
		return node;

	dst_cache_destroy(&node->route);
	kfree(node);
	return other;
}

static void ozp_node_unlink(struct ozp_nodes *nodes, struct ozp_node *node)
{
	lockdep_assert_held(&nodes->lock);
	hlist_del(&node->link);
	WRITE_ONCE(nodes->count, nodes->count - 1);
}

static void ozp_node_free_rcu(struct rcu_head *rcu)
{
	struct ozp_node *node = container_of(rcu, struct ozp_node, rcu);

	dst_cache_destroy(&node->route);
	kfree(node);
}

/**
 * ozp_node_put() - give a reference back
 * @node: the node; with the last reference it is unlinked, and freed after a
 *	grace period, so that the packet path may go on with it until then
 *
 * Any context but hard interrupts.
 */
void ozp_node_put(struct ozp_node *node)
{
	struct ozp_nodes *nodes = node->nodes;

	if (!refcount_dec_and_test(&node->ref))
		return;
	spin_lock_bh(&nodes->lock);
	ozp_node_unlink(nodes, node);
	spin_unlock_bh(&nodes->lock);
	call_rcu(&node->rcu, ozp_node_free_rcu);
}

/**
 * ozp_nodes_reset_routes() - let go of the routes of all nodes
 * @nodes: the nodes; no packet uses their routes, nor will
 *
 * For the end of the underlay's namespace, which routes must not outlive. Nodes
 * that are unlinked already let go in their RCU callbacks. Process context.
 */
void ozp_nodes_reset_routes(struct ozp_nodes *nodes)
{
	struct ozp_node *node;
	unsigned int i;

	spin_lock_bh(&nodes->lock);
	for (i = 0; i < ARRAY_SIZE(nodes->buckets); i++)
		hlist_for_each_entry(node, &nodes->buckets[i], link)
			dst_cache_reset_now(&node->route);
	spin_unlock_bh(&nodes->lock);
}

/**
 * ozp_nodes_init() - make an empty set of nodes
 * @nodes: to be filled in
 */
void ozp_nodes_init(struct ozp_nodes *nodes)
{
	spin_lock_init(&nodes->lock);
	memset(nodes->buckets, 0, sizeof(nodes->buckets));
	nodes->count = 0;
}

/**
 * ozp_nodes_uninit() - check that no node is left
 * @nodes: the nodes; all references were given back
 */
void ozp_nodes_uninit(struct ozp_nodes *nodes)
{
	WARN_ON_ONCE(nodes->count);
}
