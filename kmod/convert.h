/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The two pipelines, what they work on, and what both of them ask. */
#ifndef _OZP_CONVERT_H
#define _OZP_CONVERT_H

#include <linux/netdevice.h>
#include <linux/ratelimit.h>
#include <linux/types.h>

#include "affinity.h"
#include "flow.h"
#include "fragment.h"
#include "miss.h"
#include "node.h"
#include "packet.h"
#include "stats.h"
#include "table.h"
#include "tunnel.h"

/**
 * struct ozp_locals - addresses of this node, immutable
 * @rcu: defers freeing
 * @count: how many
 * @entries: the addresses
 */
struct ozp_locals {
	struct rcu_head rcu;
	u32 count;
	struct ozp_address entries[];
};

/**
 * struct ozp_networks - the service networks of a device
 * @ip4: the IPv4 network
 * @ip4_prefix: its length in bits
 * @ip6: the IPv6 network
 * @ip6_prefix: its length in bits
 */
struct ozp_networks {
	__be32 ip4;
	struct in6_addr ip6;
	u8 ip4_prefix;
	u8 ip6_prefix;
};

/**
 * struct ozp_convert_options - what a user can tell the pipelines
 * @admission: enum ozproxy_admission
 * @doubt_timeout: milliseconds of a first doubt in an instance; 0: none
 * @idle_timeout: milliseconds until an unused service is announced
 * @rejection: enum ozproxy_rejection
 */
struct ozp_convert_options {
	u32 admission;
	u32 doubt_timeout;
	u32 idle_timeout;
	u32 rejection;
};

/**
 * struct ozp_bearing - where a packet goes, valid under RCU
 * @source: endpoint of the sender
 * @target: endpoint of the instance
 * @rewrite: the addresses that it gets
 * @local: the instance is on this node
 */
struct ozp_bearing {
	struct ozp_endpoint *source;
	struct ozp_endpoint *target;
	struct ozp_rewrite rewrite;
	bool local;
};

/**
 * struct ozp_convert - everything that a packet meets in a device
 * @dev: the net device
 * @networks: the service networks; only set before the device exists
 * @locals: addresses of this node; NULL: every address of the underlay's
 *	namespace
 * @options: may change at any time
 * @stats: what became of packets
 * @nodes: the workers
 * @table: what addresses mean
 * @flows: the conversions in use
 * @affinities: which instances clients had last
 * @misses: addresses that the table does not have, and what waits for them
 * @fragments: datagrams in fragments, by direction
 * @arrivals: as @misses, of sources of tunnelled packets
 * @tunnel: the wire
 * @stale_rate: how often other workers are told that a Namespace IP is not used
 * @doubt_rate: how often a helper is told that another worker said so
 */
struct ozp_convert {
	struct net_device *dev;
	struct ozp_networks networks;
	struct ozp_locals __rcu *locals;
	struct ozp_convert_options options;
	struct ozp_stats stats;
	struct ozp_nodes nodes;
	struct ozp_table table;
	struct ozp_flows *flows;
	struct ozp_affinities affinities;
	struct ozp_misses misses;
	struct ozp_fragments fragments[OZP_DIRECTION_COUNT];
	struct ozp_misses arrivals;
	struct ozp_tunnel tunnel;
	struct ratelimit_state stale_rate;
	struct ratelimit_state doubt_rate;
};

/* control path and packet path */
bool ozp_networks_contain(const struct ozp_networks *networks, u8 family,
			  const union ozp_addr *addr);
bool ozp_convert_is_local_rcu(struct ozp_convert *cv,
			      const struct ozp_endpoint *ep);

/* packet path */
struct ozp_endpoint *ozp_convert_find_local_rcu(struct ozp_convert *cv,
						u8 family,
						const union ozp_addr *addr);
enum ozp_flow_refresh ozp_convert_refresh_rcu(struct ozp_convert *cv,
					      struct ozp_flow *flow,
					      struct ozp_conversion **conv);
enum ozp_verdict ozp_convert_apply(struct sk_buff *skb, struct ozp_packet *pkt,
				   const struct ozp_endpoint *source,
				   const struct ozp_endpoint *target,
				   const struct ozp_rewrite *rw);
struct ozp_flow *ozp_choose_bind_rcu(struct ozp_convert *cv,
				     const struct ozp_packet *pkt,
				     struct ozp_flow_parties *parties,
				     struct ozp_endpoint *target);
struct ozp_flow *ozp_choose_rcu(struct ozp_convert *cv,
				const struct ozp_packet *pkt,
				struct ozp_flow_parties *parties,
				const struct ozp_match *match);
enum ozp_verdict ozp_error_outbound(struct ozp_convert *cv, struct sk_buff *skb,
				    struct ozp_packet *pkt,
				    struct ozp_bearing *to);
enum ozp_verdict ozp_error_inbound(struct ozp_convert *cv, struct sk_buff *skb,
				   struct ozp_packet *pkt);
void ozp_convert_want(struct ozp_convert *cv, const struct ozp_packet *pkt,
		      struct ozp_miss_want *want);
void ozp_convert_fragment(struct ozp_convert *cv, struct sk_buff *skb,
			  struct ozp_packet *pkt,
			  void (*pass)(struct ozp_convert *cv,
				       struct sk_buff *skb,
				       struct ozp_packet *pkt));
netdev_tx_t ozp_outbound(struct ozp_convert *cv, struct sk_buff *skb);
void ozp_outbound_reject(struct ozp_convert *cv, struct sk_buff *skb,
			 struct ozp_packet *pkt);
void ozp_outbound_release(struct ozp_misses *misses, struct sk_buff *skb,
			  const struct ozp_outer *outer);
void ozp_outbound_give_up(struct ozp_misses *misses, struct sk_buff *skb,
			  enum ozproxy_drop_reason reason);
void ozp_inbound(struct ozp_tunnel *tunnel, struct sk_buff *skb,
		 struct ozp_packet *pkt);
void ozp_inbound_release(struct ozp_misses *arrivals, struct sk_buff *skb,
			 const struct ozp_outer *outer);
void ozp_inbound_give_up(struct ozp_misses *arrivals, struct sk_buff *skb,
			 enum ozproxy_drop_reason reason);
void ozp_inbound_local(struct ozp_convert *cv, struct sk_buff *skb,
		       struct ozp_packet *pkt, const struct ozp_rewrite *rw);

#endif /* _OZP_CONVERT_H */
