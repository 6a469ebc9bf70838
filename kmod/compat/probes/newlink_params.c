// SPDX-License-Identifier: GPL-2.0
/* 6.15: newlink takes its namespaces and attributes in one structure. */
#include <net/rtnetlink.h>

static int probe_newlink(struct net_device *dev,
			 struct rtnl_newlink_params *params,
			 struct netlink_ext_ack *extack)
{
	return params->data ? 0 : -EINVAL;
}

struct rtnl_link_ops probe_ops = {
	.newlink = probe_newlink,
};
