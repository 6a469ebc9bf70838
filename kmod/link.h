/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Link attributes: IFLA_OZPROXY_* to and from a device. */
#ifndef _OZP_LINK_H
#define _OZP_LINK_H

#include <linux/netdevice.h>
#include <net/netlink.h>

#include "convert.h"

extern const struct nla_policy ozp_link_policy[IFLA_OZPROXY_MAX + 1];

/**
 * struct ozp_link_config - the options of a device
 * @port: UDP port
 * @networks: service networks
 * @locals: addresses of this node, NULL: none given
 * @convert: what the pipelines are told
 * @flows: what the flow table is told
 * @misses: what the waiting addresses are told
 * @arrivals: the same of sources of tunnelled packets, but for what they share
 * @tunnel: what the tunnel is told
 * @affinities: what the affinities are told
 * @fragments: what those who follow datagrams are told
 * @service_limit: most services
 * @instance_limit: most instances of all of them
 */
struct ozp_link_config {
	__be16 port;
	struct ozp_networks networks;
	struct ozp_locals *locals;
	struct ozp_convert_options convert;
	struct ozp_flow_options flows;
	struct ozp_miss_options misses;
	struct ozp_miss_options arrivals;
	struct ozp_tunnel_options tunnel;
	struct ozp_affinity_options affinities;
	struct ozp_fragment_options fragments;
	u32 service_limit;
	u32 instance_limit;
};

void ozp_link_default(struct ozp_link_config *config);
int ozp_link_parse(struct ozp_link_config *config, struct nlattr *data[],
		   struct netlink_ext_ack *extack);
size_t ozp_link_size(void);
int ozp_link_fill(struct sk_buff *skb, struct ozp_link_config *config);

#endif /* _OZP_LINK_H */
