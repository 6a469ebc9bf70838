// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	include/spec/ozproxy.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/ozproxy.h>

/* Common nested types */
const struct nla_policy ozproxy_address_nl_policy[OZPROXY_A_ADDRESS_POLICY + 1] = {
	[OZPROXY_A_ADDRESS_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_ADDRESS_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OZPROXY_A_ADDRESS_POLICY] = NLA_POLICY_MAX(NLA_U32, 3),
};

const struct nla_policy ozproxy_instance_nl_policy[OZPROXY_A_INSTANCE_DOUBT + 1] = {
	[OZPROXY_A_INSTANCE_NUMBER] = { .type = NLA_U32, },
	[OZPROXY_A_INSTANCE_NAMESPACE_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_INSTANCE_NAMESPACE_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OZPROXY_A_INSTANCE_INSTANCE_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_INSTANCE_INSTANCE_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OZPROXY_A_INSTANCE_NODE_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_INSTANCE_NODE_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OZPROXY_A_INSTANCE_NODE_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[OZPROXY_A_INSTANCE_WEIGHT] = { .type = NLA_U16, },
	[OZPROXY_A_INSTANCE_METRIC] = { .type = NLA_U32, },
	[OZPROXY_A_INSTANCE_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3),
	[OZPROXY_A_INSTANCE_RTT] = { .type = NLA_U32, },
	[OZPROXY_A_INSTANCE_FLOWS] = { .type = NLA_U32, },
	[OZPROXY_A_INSTANCE_TO_PACKETS] = { .type = NLA_U64, },
	[OZPROXY_A_INSTANCE_TO_BYTES] = { .type = NLA_U64, },
	[OZPROXY_A_INSTANCE_FROM_PACKETS] = { .type = NLA_U64, },
	[OZPROXY_A_INSTANCE_FROM_BYTES] = { .type = NLA_U64, },
	[OZPROXY_A_INSTANCE_DOUBT] = { .type = NLA_U32, },
};

/* OZPROXY_CMD_SERVICE_GET - do */
const struct nla_policy ozproxy_service_get_nl_policy[OZPROXY_A_SERVICE_FIND_IPV6 + 1] = {
	[OZPROXY_A_SERVICE_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[OZPROXY_A_SERVICE_NAME] = { .type = NLA_NUL_STRING, .len = OZPROXY_NAME_MAX, },
	[OZPROXY_A_SERVICE_FIND_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_SERVICE_FIND_IPV6] = NLA_POLICY_EXACT_LEN(16),
};

/* OZPROXY_CMD_SERVICE_SET - do */
const struct nla_policy ozproxy_service_set_nl_policy[OZPROXY_A_SERVICE_ORIGIN + 1] = {
	[OZPROXY_A_SERVICE_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[OZPROXY_A_SERVICE_NAME] = { .type = NLA_NUL_STRING, .len = OZPROXY_NAME_MAX, },
	[OZPROXY_A_SERVICE_ADDRESS] = NLA_POLICY_NESTED(ozproxy_address_nl_policy),
	[OZPROXY_A_SERVICE_INSTANCE] = NLA_POLICY_NESTED(ozproxy_instance_nl_policy),
	[OZPROXY_A_SERVICE_AFFINITY] = { .type = NLA_U32, },
	[OZPROXY_A_SERVICE_PINNED] = { .type = NLA_FLAG, },
	[OZPROXY_A_SERVICE_ORIGIN] = { .type = NLA_U8, },
};

/* OZPROXY_CMD_SERVICE_DEL - do */
const struct nla_policy ozproxy_service_del_nl_policy[OZPROXY_A_SERVICE_NAME + 1] = {
	[OZPROXY_A_SERVICE_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[OZPROXY_A_SERVICE_NAME] = { .type = NLA_NUL_STRING, .len = OZPROXY_NAME_MAX, },
};

/* OZPROXY_CMD_SERVICE_CLEAR - do */
const struct nla_policy ozproxy_service_clear_nl_policy[OZPROXY_A_SERVICE_USED + 1] = {
	[OZPROXY_A_SERVICE_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[OZPROXY_A_SERVICE_NAME] = { .type = NLA_NUL_STRING, .len = OZPROXY_NAME_MAX, },
	[OZPROXY_A_SERVICE_GENERATION] = { .type = NLA_U32, },
	[OZPROXY_A_SERVICE_USED] = { .type = NLA_U64, },
};

/* OZPROXY_CMD_FLOW_GET - do */
const struct nla_policy ozproxy_flow_get_nl_policy[OZPROXY_A_FLOW_INSTANCE + 1] = {
	[OZPROXY_A_FLOW_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[OZPROXY_A_FLOW_PROTOCOL] = { .type = NLA_U8, },
	[OZPROXY_A_FLOW_SOURCE_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_FLOW_SOURCE_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OZPROXY_A_FLOW_SOURCE_PORT] = { .type = NLA_U16, },
	[OZPROXY_A_FLOW_DESTINATION_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_FLOW_DESTINATION_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OZPROXY_A_FLOW_DESTINATION_PORT] = { .type = NLA_U16, },
	[OZPROXY_A_FLOW_SERVICE] = { .type = NLA_NUL_STRING, .len = OZPROXY_NAME_MAX, },
	[OZPROXY_A_FLOW_INSTANCE] = { .type = NLA_U32, },
};

/* OZPROXY_CMD_FLOW_FLUSH - do */
const struct nla_policy ozproxy_flow_flush_nl_policy[OZPROXY_A_FLOW_INSTANCE + 1] = {
	[OZPROXY_A_FLOW_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[OZPROXY_A_FLOW_PROTOCOL] = { .type = NLA_U8, },
	[OZPROXY_A_FLOW_SOURCE_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_FLOW_SOURCE_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OZPROXY_A_FLOW_SOURCE_PORT] = { .type = NLA_U16, },
	[OZPROXY_A_FLOW_DESTINATION_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_FLOW_DESTINATION_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OZPROXY_A_FLOW_DESTINATION_PORT] = { .type = NLA_U16, },
	[OZPROXY_A_FLOW_SERVICE] = { .type = NLA_NUL_STRING, .len = OZPROXY_NAME_MAX, },
	[OZPROXY_A_FLOW_INSTANCE] = { .type = NLA_U32, },
};

/* OZPROXY_CMD_MISS_GET - do */
const struct nla_policy ozproxy_miss_get_nl_policy[OZPROXY_A_MISS_IPV6 + 1] = {
	[OZPROXY_A_MISS_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[OZPROXY_A_MISS_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_MISS_IPV6] = NLA_POLICY_EXACT_LEN(16),
};

/* OZPROXY_CMD_STATS_GET - do */
const struct nla_policy ozproxy_stats_get_nl_policy[OZPROXY_A_STATS_IFINDEX + 1] = {
	[OZPROXY_A_STATS_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* OZPROXY_CMD_MISS_RESOLVE - do */
const struct nla_policy ozproxy_miss_resolve_nl_policy[OZPROXY_A_MISS_LIFETIME + 1] = {
	[OZPROXY_A_MISS_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[OZPROXY_A_MISS_IPV4] = { .type = NLA_U32, },
	[OZPROXY_A_MISS_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[OZPROXY_A_MISS_LIFETIME] = { .type = NLA_U32, },
};

/* Ops table for ozproxy */
const struct genl_ops ozproxy_nl_ops[9] = {
	{
		.cmd		= OZPROXY_CMD_SERVICE_GET,
		.doit		= ozproxy_nl_service_get_doit,
		.dumpit		= ozproxy_nl_service_get_dumpit,
		.policy		= ozproxy_service_get_nl_policy,
		.maxattr	= OZPROXY_A_SERVICE_FIND_IPV6,
	},
	{
		.cmd		= OZPROXY_CMD_SERVICE_SET,
		.doit		= ozproxy_nl_service_set_doit,
		.policy		= ozproxy_service_set_nl_policy,
		.maxattr	= OZPROXY_A_SERVICE_ORIGIN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= OZPROXY_CMD_SERVICE_DEL,
		.doit		= ozproxy_nl_service_del_doit,
		.policy		= ozproxy_service_del_nl_policy,
		.maxattr	= OZPROXY_A_SERVICE_NAME,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= OZPROXY_CMD_SERVICE_CLEAR,
		.doit		= ozproxy_nl_service_clear_doit,
		.policy		= ozproxy_service_clear_nl_policy,
		.maxattr	= OZPROXY_A_SERVICE_USED,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= OZPROXY_CMD_FLOW_GET,
		.doit		= ozproxy_nl_flow_get_doit,
		.dumpit		= ozproxy_nl_flow_get_dumpit,
		.policy		= ozproxy_flow_get_nl_policy,
		.maxattr	= OZPROXY_A_FLOW_INSTANCE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= OZPROXY_CMD_FLOW_FLUSH,
		.doit		= ozproxy_nl_flow_flush_doit,
		.policy		= ozproxy_flow_flush_nl_policy,
		.maxattr	= OZPROXY_A_FLOW_INSTANCE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= OZPROXY_CMD_MISS_GET,
		.doit		= ozproxy_nl_miss_get_doit,
		.dumpit		= ozproxy_nl_miss_get_dumpit,
		.policy		= ozproxy_miss_get_nl_policy,
		.maxattr	= OZPROXY_A_MISS_IPV6,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= OZPROXY_CMD_STATS_GET,
		.doit		= ozproxy_nl_stats_get_doit,
		.policy		= ozproxy_stats_get_nl_policy,
		.maxattr	= OZPROXY_A_STATS_IFINDEX,
	},
	{
		.cmd		= OZPROXY_CMD_MISS_RESOLVE,
		.doit		= ozproxy_nl_miss_resolve_doit,
		.policy		= ozproxy_miss_resolve_nl_policy,
		.maxattr	= OZPROXY_A_MISS_LIFETIME,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group ozproxy_nl_mcgrps[] = {
	[OZPROXY_NLGRP_MISSES] = { "misses", },
	[OZPROXY_NLGRP_CHANGES] = { "changes", },
};
