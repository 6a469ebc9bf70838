/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	include/spec/ozproxy.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_OZPROXY_GEN_H
#define _LINUX_OZPROXY_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/ozproxy.h>

/* Common nested types */
extern const struct nla_policy ozproxy_address_nl_policy[OZPROXY_A_ADDRESS_POLICY + 1];
extern const struct nla_policy ozproxy_instance_nl_policy[OZPROXY_A_INSTANCE_DOUBT + 1];

extern const struct nla_policy ozproxy_service_get_nl_policy[OZPROXY_A_SERVICE_FIND_IPV6 + 1];

extern const struct nla_policy ozproxy_service_set_nl_policy[OZPROXY_A_SERVICE_ORIGIN + 1];

extern const struct nla_policy ozproxy_service_del_nl_policy[OZPROXY_A_SERVICE_NAME + 1];

extern const struct nla_policy ozproxy_service_clear_nl_policy[OZPROXY_A_SERVICE_USED + 1];

extern const struct nla_policy ozproxy_flow_get_nl_policy[OZPROXY_A_FLOW_INSTANCE + 1];

extern const struct nla_policy ozproxy_flow_flush_nl_policy[OZPROXY_A_FLOW_INSTANCE + 1];

extern const struct nla_policy ozproxy_miss_get_nl_policy[OZPROXY_A_MISS_IPV6 + 1];

extern const struct nla_policy ozproxy_stats_get_nl_policy[OZPROXY_A_STATS_IFINDEX + 1];

extern const struct nla_policy ozproxy_miss_resolve_nl_policy[OZPROXY_A_MISS_LIFETIME + 1];

/* Ops table for ozproxy */
extern const struct genl_ops ozproxy_nl_ops[9];

int ozproxy_nl_service_get_doit(struct sk_buff *skb, struct genl_info *info);
int ozproxy_nl_service_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int ozproxy_nl_service_set_doit(struct sk_buff *skb, struct genl_info *info);
int ozproxy_nl_service_del_doit(struct sk_buff *skb, struct genl_info *info);
int ozproxy_nl_service_clear_doit(struct sk_buff *skb, struct genl_info *info);
int ozproxy_nl_flow_get_doit(struct sk_buff *skb, struct genl_info *info);
int ozproxy_nl_flow_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int ozproxy_nl_flow_flush_doit(struct sk_buff *skb, struct genl_info *info);
int ozproxy_nl_miss_get_doit(struct sk_buff *skb, struct genl_info *info);
int ozproxy_nl_miss_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int ozproxy_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int ozproxy_nl_miss_resolve_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	OZPROXY_NLGRP_MISSES,
	OZPROXY_NLGRP_CHANGES,
};

#endif /* _LINUX_OZPROXY_GEN_H */
