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
 * @flow_limit: most flows
 * @miss_limit: most waiting addresses
 * @miss_timeout: milliseconds
 * @service_limit: most services
 */
struct ozp_link_config {
	__be16 port;
	struct ozp_networks networks;
	struct ozp_locals *locals;
	u32 flow_limit;
	u32 miss_limit;
	u32 miss_timeout;
	u32 service_limit;
};

void ozp_link_default(struct ozp_link_config *config);
int ozp_link_parse(struct ozp_link_config *config, struct nlattr *data[],
		   struct netlink_ext_ack *extack);
size_t ozp_link_size(void);
int ozp_link_fill(struct sk_buff *skb, const struct ozp_link_config *config);

#endif /* _OZP_LINK_H */
