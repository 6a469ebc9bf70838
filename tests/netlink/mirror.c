// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "mirror.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/linux/ozproxy.h>

#include "tap.h"
#include "tree.h"

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define SET(prefix, label, ...)						\
	const struct set_mirror set_##label = {				\
		.name = #label,						\
		.attr = label##_attrs,					\
		.size = SIZE(label##_attrs),				\
		.max = prefix##_MAX,					\
		.required = { __VA_ARGS__ },				\
	}

/* The name that names its bytes: 124 of them. */
#define TEN "0123456789"
#define LONG_NAME TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "0123"

static const struct attr_mirror local_attrs[] = {
	[IFLA_OZPROXY_LOCAL_IPV4] = { "ipv4", KIND_IPV4, "192.0.2.1" },
	[IFLA_OZPROXY_LOCAL_IPV6] = { "ipv6", KIND_IPV6, "2001:db8::1" },
};

SET(IFLA_OZPROXY_LOCAL, local);

static const struct attr_mirror link_attrs[] = {
	[IFLA_OZPROXY_PORT] = { "port", KIND_PORT, "50104", { "0" } },
	[IFLA_OZPROXY_LOCAL] = {
		"local", KIND_NEST, NULL, { NULL }, &set_local },
	[IFLA_OZPROXY_SERVICE_IPV4] = {
		"service-ipv4", KIND_IPV4, "10.30.0.0" },
	[IFLA_OZPROXY_SERVICE_IPV4_PREFIX] = {
		"service-ipv4-prefix", KIND_U8, "16", { "0", "7", "31" } },
	[IFLA_OZPROXY_SERVICE_IPV6] = {
		"service-ipv6", KIND_IPV6, "fdff::" },
	[IFLA_OZPROXY_SERVICE_IPV6_PREFIX] = {
		"service-ipv6-prefix", KIND_U8, "16", { "0", "7", "127" } },
	[IFLA_OZPROXY_ADMISSION] = {
		"admission", KIND_U32, "2", { "3", "4294967295" } },
	[IFLA_OZPROXY_FLOW_LIMIT] = {
		"flow-limit", KIND_U32, "1000",
		{ "0", "15", "4194305" } },
	[IFLA_OZPROXY_MISS_LIMIT] = {
		"miss-limit", KIND_U32, "100", { "0", "65537" } },
	[IFLA_OZPROXY_MISS_TIMEOUT] = {
		"miss-timeout", KIND_U32, "5000",
		{ "0", "99", "3600001" } },
	[IFLA_OZPROXY_SERVICE_LIMIT] = {
		"service-limit", KIND_U32, "10",
		{ "0", "1048577", "4294967295" } },
	[IFLA_OZPROXY_OUTER_CHECKSUM] = {
		"outer-checksum", KIND_U32, "0", { "2", "4294967295" } },
	[IFLA_OZPROXY_SOURCE_PORT] = {
		"source-port", KIND_U32, "1", { "2", "4294967295" } },
	[IFLA_OZPROXY_DSCP_MODE] = {
		"dscp-mode", KIND_U32, "1", { "2", "4294967295" } },
	[IFLA_OZPROXY_DSCP] = {
		"dscp", KIND_U32, "46", { "64", "4294967295" } },
	[IFLA_OZPROXY_MSS_CLAMP] = {
		"mss-clamp", KIND_U32, "1", { "2", "4294967295" } },
	[IFLA_OZPROXY_AFFINITY_LIMIT] = {
		"affinity-limit", KIND_U32, "10", { "0", "262145" } },
	[IFLA_OZPROXY_MISS_SOURCE_LIMIT] = {
		"miss-source-limit", KIND_U32, "7", { "0", "65537" } },
	[IFLA_OZPROXY_MISS_PACKETS] = {
		"miss-packets", KIND_U32, "0", { "65537", "4294967295" } },
	[IFLA_OZPROXY_MISS_ADDRESS_PACKETS] = {
		"miss-address-packets", KIND_U32, "3",
		{ "65537", "4294967295" } },
	[IFLA_OZPROXY_MISS_SOURCE_PACKETS] = {
		"miss-source-packets", KIND_U32, "5",
		{ "65537", "4294967295" } },
	[IFLA_OZPROXY_MISS_MEMORY] = {
		"miss-memory", KIND_U32, "100000",
		{ "1073741825", "4294967295" } },
	[IFLA_OZPROXY_MISS_REPEAT_TIMEOUT] = {
		"miss-repeat-timeout", KIND_U32, "50",
		{ "0", "9", "3600001" } },
	[IFLA_OZPROXY_NEGATIVE_LIMIT] = {
		"negative-limit", KIND_U32, "11",
		{ "65537", "4294967295" } },
	[IFLA_OZPROXY_TCP_TIMEOUT] = {
		"tcp-timeout", KIND_U32, "7200000",
		{ "0", "999", "604800001" } },
	[IFLA_OZPROXY_TCP_SYN_TIMEOUT] = {
		"tcp-syn-timeout", KIND_U32, "30000",
		{ "0", "999", "604800001" } },
	[IFLA_OZPROXY_TCP_CLOSING_TIMEOUT] = {
		"tcp-closing-timeout", KIND_U32, "1000",
		{ "0", "999", "604800001" } },
	[IFLA_OZPROXY_UDP_TIMEOUT] = {
		"udp-timeout", KIND_U32, "604800000",
		{ "0", "999", "604800001" } },
	[IFLA_OZPROXY_UDP_UNANSWERED_TIMEOUT] = {
		"udp-unanswered-timeout", KIND_U32, "30000",
		{ "0", "999", "604800001" } },
	[IFLA_OZPROXY_ICMP_TIMEOUT] = {
		"icmp-timeout", KIND_U32, "30000",
		{ "0", "999", "604800001" } },
	[IFLA_OZPROXY_IDLE_TIMEOUT] = {
		"idle-timeout", KIND_U32, "30000",
		{ "0", "999", "604800001" } },
	[IFLA_OZPROXY_REJECTION] = {
		"rejection", KIND_U32, "1", { "2", "4294967295" } },
	[IFLA_OZPROXY_FRAGMENT_LIMIT] = {
		"fragment-limit", KIND_U32, "100", { "0", "65537" } },
	[IFLA_OZPROXY_FRAGMENT_MEMORY] = {
		"fragment-memory", KIND_U32, "1048576",
		{ "0", "4095", "1073741825" } },
	[IFLA_OZPROXY_FRAGMENT_TIMEOUT] = {
		"fragment-timeout", KIND_U32, "1000",
		{ "0", "99", "120001" } },
	[IFLA_OZPROXY_ARRIVAL_LIMIT] = {
		"arrival-limit", KIND_U32, "100", { "0", "65537" } },
	[IFLA_OZPROXY_ARRIVAL_SOURCE_LIMIT] = {
		"arrival-source-limit", KIND_U32, "7", { "0", "65537" } },
	[IFLA_OZPROXY_ARRIVAL_PACKETS] = {
		"arrival-packets", KIND_U32, "0", { "65537", "4294967295" } },
	[IFLA_OZPROXY_ARRIVAL_SOURCE_PACKETS] = {
		"arrival-source-packets", KIND_U32, "5",
		{ "65537", "4294967295" } },
	[IFLA_OZPROXY_ARRIVAL_MEMORY] = {
		"arrival-memory", KIND_U32, "100000",
		{ "1073741825", "4294967295" } },
	[IFLA_OZPROXY_INSTANCE_LIMIT] = {
		"instance-limit", KIND_U32, "100",
		{ "0", "4194305", "4294967295" } },
	[IFLA_OZPROXY_DOUBT_TIMEOUT] = {
		"doubt-timeout", KIND_U32, "1000",
		{ "3600001", "4294967295" } },
};

SET(IFLA_OZPROXY, link);

static const struct attr_mirror address_attrs[] = {
	[OZPROXY_A_ADDRESS_IPV4] = { "ipv4", KIND_IPV4, "10.30.1.1" },
	[OZPROXY_A_ADDRESS_IPV6] = { "ipv6", KIND_IPV6, "fdff:2000::1" },
	[OZPROXY_A_ADDRESS_POLICY] = {
		"policy", KIND_U32, "0", { "1", "4", "4294967295" } },
};

SET(OZPROXY_A_ADDRESS, address, OZPROXY_A_ADDRESS_POLICY);

static const struct attr_mirror instance_attrs[] = {
	[OZPROXY_A_INSTANCE_NUMBER] = { "number", KIND_U32, "0" },
	[OZPROXY_A_INSTANCE_NAMESPACE_IPV4] = {
		"namespace-ipv4", KIND_IPV4, "10.19.1.3" },
	[OZPROXY_A_INSTANCE_NAMESPACE_IPV6] = {
		"namespace-ipv6", KIND_IPV6, "fc00::103" },
	[OZPROXY_A_INSTANCE_INSTANCE_IPV4] = {
		"instance-ipv4", KIND_IPV4, "10.30.0.2" },
	[OZPROXY_A_INSTANCE_INSTANCE_IPV6] = {
		"instance-ipv6", KIND_IPV6, "fdff::2" },
	[OZPROXY_A_INSTANCE_NODE_IPV4] = {
		"node-ipv4", KIND_IPV4, "192.0.2.9" },
	[OZPROXY_A_INSTANCE_NODE_IPV6] = {
		"node-ipv6", KIND_IPV6, "2001:db8::9" },
	[OZPROXY_A_INSTANCE_NODE_PORT] = {
		"node-port", KIND_PORT, "50103", { "0" } },
	[OZPROXY_A_INSTANCE_WEIGHT] = {
		"weight", KIND_U16, "1" },
	[OZPROXY_A_INSTANCE_METRIC] = { "metric", KIND_U32, "7" },
	[OZPROXY_A_INSTANCE_FLAGS] = {
		"flags", KIND_U32, "2", { "4", "7", "2147483648" } },
	[OZPROXY_A_INSTANCE_RTT] = { "rtt", KIND_U32, "0" },
	[OZPROXY_A_INSTANCE_FLOWS] = { "flows", KIND_U32, "0" },
	[OZPROXY_A_INSTANCE_TO_PACKETS] = { "to-packets", KIND_U64, "0" },
	[OZPROXY_A_INSTANCE_TO_BYTES] = { "to-bytes", KIND_U64, "0" },
	[OZPROXY_A_INSTANCE_FROM_PACKETS] = { "from-packets", KIND_U64, "0" },
	[OZPROXY_A_INSTANCE_FROM_BYTES] = { "from-bytes", KIND_U64, "0" },
	[OZPROXY_A_INSTANCE_PAD] = { "pad", KIND_PAD },
	[OZPROXY_A_INSTANCE_DOUBT] = { "doubt", KIND_U32, "0" },
};

SET(OZPROXY_A_INSTANCE, instance, OZPROXY_A_INSTANCE_NUMBER,
    OZPROXY_A_INSTANCE_NODE_PORT);

static const struct attr_mirror service_attrs[] = {
	[OZPROXY_A_SERVICE_IFINDEX] = {
		"ifindex", KIND_U32, "1", { "0" } },
	[OZPROXY_A_SERVICE_NAME] = {
		"name", KIND_STRING, "a.b.c.d", { "", LONG_NAME } },
	[OZPROXY_A_SERVICE_ADDRESS] = {
		"address", KIND_NEST, NULL, { NULL }, &set_address },
	[OZPROXY_A_SERVICE_INSTANCE] = {
		"instance", KIND_NEST, NULL, { NULL }, &set_instance },
	[OZPROXY_A_SERVICE_FIND_IPV4] = {
		"find-ipv4", KIND_IPV4, "10.30.1.1" },
	[OZPROXY_A_SERVICE_FIND_IPV6] = {
		"find-ipv6", KIND_IPV6, "fdff:2000::1" },
	[OZPROXY_A_SERVICE_GENERATION] = {
		"generation", KIND_U32, "1" },
	[OZPROXY_A_SERVICE_TABLE_GENERATION] = {
		"table-generation", KIND_U32, "1" },
	[OZPROXY_A_SERVICE_USED] = { "used", KIND_U64, "1" },
	[OZPROXY_A_SERVICE_PAD] = { "pad", KIND_PAD },
	[OZPROXY_A_SERVICE_AFFINITY] = {
		"affinity", KIND_U32, "1000", { "86400001", "4294967295" } },
	[OZPROXY_A_SERVICE_PINNED] = { "pinned", KIND_FLAG, "" },
	[OZPROXY_A_SERVICE_FLOWS] = { "flows", KIND_U32, "0" },
	[OZPROXY_A_SERVICE_INSTANCES] = { "instances", KIND_U32, "0" },
	[OZPROXY_A_SERVICE_TO_PACKETS] = { "to-packets", KIND_U64, "0" },
	[OZPROXY_A_SERVICE_TO_BYTES] = { "to-bytes", KIND_U64, "0" },
	[OZPROXY_A_SERVICE_FROM_PACKETS] = { "from-packets", KIND_U64, "0" },
	[OZPROXY_A_SERVICE_FROM_BYTES] = { "from-bytes", KIND_U64, "0" },
	[OZPROXY_A_SERVICE_ORIGIN] = { "origin", KIND_U8, "1" },
};

SET(OZPROXY_A_SERVICE, service);

static const struct attr_mirror flow_attrs[] = {
	[OZPROXY_A_FLOW_IFINDEX] = { "ifindex", KIND_U32, "1", { "0" } },
	[OZPROXY_A_FLOW_PROTOCOL] = { "protocol", KIND_U8, "17" },
	[OZPROXY_A_FLOW_SOURCE_IPV4] = {
		"source-ipv4", KIND_IPV4, "10.19.1.3" },
	[OZPROXY_A_FLOW_SOURCE_IPV6] = {
		"source-ipv6", KIND_IPV6, "fc00::103" },
	[OZPROXY_A_FLOW_SOURCE_PORT] = { "source-port", KIND_PORT, "4000" },
	[OZPROXY_A_FLOW_DESTINATION_IPV4] = {
		"destination-ipv4", KIND_IPV4, "10.30.1.1" },
	[OZPROXY_A_FLOW_DESTINATION_IPV6] = {
		"destination-ipv6", KIND_IPV6, "fdff:2000::1" },
	[OZPROXY_A_FLOW_DESTINATION_PORT] = {
		"destination-port", KIND_PORT, "5000" },
	[OZPROXY_A_FLOW_SERVICE] = {
		"service", KIND_STRING, "a.b.c.d", { "", LONG_NAME } },
	[OZPROXY_A_FLOW_INSTANCE] = { "instance", KIND_U32, "0" },
	[OZPROXY_A_FLOW_CONVERTED_SOURCE_IPV4] = {
		"converted-source-ipv4", KIND_IPV4, "10.30.0.2" },
	[OZPROXY_A_FLOW_CONVERTED_SOURCE_IPV6] = {
		"converted-source-ipv6", KIND_IPV6, "fdff::2" },
	[OZPROXY_A_FLOW_CONVERTED_DESTINATION_IPV4] = {
		"converted-destination-ipv4", KIND_IPV4, "10.21.0.1" },
	[OZPROXY_A_FLOW_CONVERTED_DESTINATION_IPV6] = {
		"converted-destination-ipv6", KIND_IPV6, "fc00::201" },
	[OZPROXY_A_FLOW_NODE_IPV4] = { "node-ipv4", KIND_IPV4, "192.0.2.9" },
	[OZPROXY_A_FLOW_NODE_IPV6] = {
		"node-ipv6", KIND_IPV6, "2001:db8::9" },
	[OZPROXY_A_FLOW_NODE_PORT] = { "node-port", KIND_PORT, "50103" },
	[OZPROXY_A_FLOW_LOCAL] = { "local", KIND_FLAG, "" },
	[OZPROXY_A_FLOW_STATE] = { "state", KIND_U32, "0" },
	[OZPROXY_A_FLOW_IDLE] = { "idle", KIND_U32, "0" },
	[OZPROXY_A_FLOW_EXPIRES] = { "expires", KIND_U32, "0" },
	[OZPROXY_A_FLOW_FLUSHED] = { "flushed", KIND_U32, "0" },
	[OZPROXY_A_FLOW_TABLE_GENERATION] = {
		"table-generation", KIND_U32, "1" },
};

SET(OZPROXY_A_FLOW, flow);

static const struct attr_mirror miss_attrs[] = {
	[OZPROXY_A_MISS_IFINDEX] = { "ifindex", KIND_U32, "1", { "0" } },
	[OZPROXY_A_MISS_IPV4] = { "ipv4", KIND_IPV4, "10.30.9.9" },
	[OZPROXY_A_MISS_IPV6] = { "ipv6", KIND_IPV6, "fdff:2000::99" },
	[OZPROXY_A_MISS_AGE] = { "age", KIND_U32, "0" },
	[OZPROXY_A_MISS_PACKETS] = { "packets", KIND_U32, "0" },
	[OZPROXY_A_MISS_TABLE_GENERATION] = {
		"table-generation", KIND_U32, "1" },
	[OZPROXY_A_MISS_STATE] = { "state", KIND_U32, "0" },
	[OZPROXY_A_MISS_WAITING] = { "waiting", KIND_U32, "0" },
	[OZPROXY_A_MISS_ANNOUNCED] = { "announced", KIND_U32, "0" },
	[OZPROXY_A_MISS_LIFETIME] = {
		"lifetime", KIND_U32, "1000", { "86400001", "4294967295" } },
	[OZPROXY_A_MISS_ARRIVAL] = { "arrival", KIND_FLAG, "" },
};

SET(OZPROXY_A_MISS, miss);

static const struct attr_mirror drop_attrs[] = {
	[OZPROXY_A_DROP_DIRECTION] = { "direction", KIND_U32, "0" },
	[OZPROXY_A_DROP_REASON] = { "reason", KIND_U32, "0" },
	[OZPROXY_A_DROP_PACKETS] = { "packets", KIND_U64, "0" },
	[OZPROXY_A_DROP_PAD] = { "pad", KIND_PAD },
};

SET(OZPROXY_A_DROP, drop);

static const struct attr_mirror stats_attrs[] = {
	[OZPROXY_A_STATS_IFINDEX] = { "ifindex", KIND_U32, "1", { "0" } },
	[OZPROXY_A_STATS_OUT_RECEIVED] = { "out-received", KIND_U64, "0" },
	[OZPROXY_A_STATS_OUT_TUNNELLED] = { "out-tunnelled", KIND_U64, "0" },
	[OZPROXY_A_STATS_OUT_LOCAL] = { "out-local", KIND_U64, "0" },
	[OZPROXY_A_STATS_IN_RECEIVED] = { "in-received", KIND_U64, "0" },
	[OZPROXY_A_STATS_IN_DELIVERED] = { "in-delivered", KIND_U64, "0" },
	[OZPROXY_A_STATS_DROP] = {
		"drop", KIND_NEST, NULL, { NULL }, &set_drop },
	[OZPROXY_A_STATS_SERVICES] = { "services", KIND_U32, "0" },
	[OZPROXY_A_STATS_INSTANCES] = { "instances", KIND_U32, "0" },
	[OZPROXY_A_STATS_NODES] = { "nodes", KIND_U32, "0" },
	[OZPROXY_A_STATS_FLOWS] = { "flows", KIND_U32, "0" },
	[OZPROXY_A_STATS_MISSES] = { "misses", KIND_U32, "0" },
	[OZPROXY_A_STATS_TABLE_GENERATION] = {
		"table-generation", KIND_U32, "0" },
	[OZPROXY_A_STATS_PAD] = { "pad", KIND_PAD },
	[OZPROXY_A_STATS_OUT_WAITING] = { "out-waiting", KIND_U32, "0" },
	[OZPROXY_A_STATS_NEGATIVES] = { "negatives", KIND_U32, "0" },
	[OZPROXY_A_STATS_FLOWS_EVICTED] = { "flows-evicted", KIND_U64, "0" },
	[OZPROXY_A_STATS_IN_WAITING] = { "in-waiting", KIND_U32, "0" },
	[OZPROXY_A_STATS_ARRIVALS] = { "arrivals", KIND_U32, "0" },
};

SET(OZPROXY_A_STATS, stats);

const struct set_mirror *const all_sets[] = {
	&set_link, &set_local, &set_address, &set_instance, &set_service,
	&set_flow, &set_miss, &set_drop, &set_stats, NULL
};

#define FLOW_FILTERS							\
	OZPROXY_A_FLOW_IFINDEX, OZPROXY_A_FLOW_PROTOCOL,		\
	OZPROXY_A_FLOW_SOURCE_IPV4, OZPROXY_A_FLOW_SOURCE_IPV6,		\
	OZPROXY_A_FLOW_SOURCE_PORT, OZPROXY_A_FLOW_DESTINATION_IPV4,	\
	OZPROXY_A_FLOW_DESTINATION_IPV6,				\
	OZPROXY_A_FLOW_DESTINATION_PORT, OZPROXY_A_FLOW_SERVICE,	\
	OZPROXY_A_FLOW_INSTANCE

const struct op_mirror all_ops[] = {
	{
		.name = "service-get", .cmd = OZPROXY_CMD_SERVICE_GET,
		.set = &set_service, .dump = true,
		.takes = {
			OZPROXY_A_SERVICE_IFINDEX, OZPROXY_A_SERVICE_NAME,
			OZPROXY_A_SERVICE_FIND_IPV4,
			OZPROXY_A_SERVICE_FIND_IPV6 },
		.required = { OZPROXY_A_SERVICE_IFINDEX },
	},
	{
		.name = "service-set", .cmd = OZPROXY_CMD_SERVICE_SET,
		.set = &set_service, .admin = true,
		.takes = {
			OZPROXY_A_SERVICE_IFINDEX, OZPROXY_A_SERVICE_NAME,
			OZPROXY_A_SERVICE_ADDRESS,
			OZPROXY_A_SERVICE_INSTANCE,
			OZPROXY_A_SERVICE_AFFINITY,
			OZPROXY_A_SERVICE_PINNED,
			OZPROXY_A_SERVICE_ORIGIN },
		.required = {
			OZPROXY_A_SERVICE_IFINDEX, OZPROXY_A_SERVICE_NAME },
	},
	{
		.name = "service-del", .cmd = OZPROXY_CMD_SERVICE_DEL,
		.set = &set_service, .admin = true,
		.takes = {
			OZPROXY_A_SERVICE_IFINDEX, OZPROXY_A_SERVICE_NAME },
		.required = {
			OZPROXY_A_SERVICE_IFINDEX, OZPROXY_A_SERVICE_NAME },
	},
	{
		.name = "service-clear", .cmd = OZPROXY_CMD_SERVICE_CLEAR,
		.set = &set_service, .admin = true,
		.takes = {
			OZPROXY_A_SERVICE_IFINDEX, OZPROXY_A_SERVICE_NAME,
			OZPROXY_A_SERVICE_GENERATION,
			OZPROXY_A_SERVICE_USED },
		.required = {
			OZPROXY_A_SERVICE_IFINDEX, OZPROXY_A_SERVICE_NAME },
	},
	{ .name = "service-ntf", .cmd = OZPROXY_CMD_SERVICE_NTF },
	{ .name = "service-del-ntf", .cmd = OZPROXY_CMD_SERVICE_DEL_NTF },
	{
		.name = "flow-get", .cmd = OZPROXY_CMD_FLOW_GET,
		.set = &set_flow, .admin = true, .dump = true,
		.takes = { FLOW_FILTERS },
		.required = {
			OZPROXY_A_FLOW_IFINDEX, OZPROXY_A_FLOW_PROTOCOL,
			OZPROXY_A_FLOW_SOURCE_PORT,
			OZPROXY_A_FLOW_DESTINATION_PORT },
	},
	{
		.name = "flow-flush", .cmd = OZPROXY_CMD_FLOW_FLUSH,
		.set = &set_flow, .admin = true,
		.takes = { FLOW_FILTERS },
		.required = { OZPROXY_A_FLOW_IFINDEX },
	},
	{
		.name = "miss-get", .cmd = OZPROXY_CMD_MISS_GET,
		.set = &set_miss, .admin = true, .dump = true,
		.takes = {
			OZPROXY_A_MISS_IFINDEX, OZPROXY_A_MISS_IPV4,
			OZPROXY_A_MISS_IPV6 },
		.required = { OZPROXY_A_MISS_IFINDEX },
	},
	{ .name = "miss-ntf", .cmd = OZPROXY_CMD_MISS_NTF },
	{
		.name = "stats-get", .cmd = OZPROXY_CMD_STATS_GET,
		.set = &set_stats,
		.takes = { OZPROXY_A_STATS_IFINDEX },
		.required = { OZPROXY_A_STATS_IFINDEX },
	},
	{
		.name = "miss-resolve", .cmd = OZPROXY_CMD_MISS_RESOLVE,
		.set = &set_miss, .admin = true,
		.takes = {
			OZPROXY_A_MISS_IFINDEX, OZPROXY_A_MISS_IPV4,
			OZPROXY_A_MISS_IPV6, OZPROXY_A_MISS_LIFETIME },
		.required = {
			OZPROXY_A_MISS_IFINDEX, OZPROXY_A_MISS_LIFETIME },
	},
	{ .name = "service-idle-ntf", .cmd = OZPROXY_CMD_SERVICE_IDLE_NTF },
	{ .name = NULL }
};

const struct op_mirror *op_find(uint8_t cmd)
{
	const struct op_mirror *op;

	for (op = all_ops; op->name; op++)
		if (op->cmd == cmd)
			return op;
	return NULL;
}

bool op_takes(const struct op_mirror *op, uint16_t type)
{
	size_t i;

	for (i = 0; i < SIZE(op->takes) && op->takes[i]; i++)
		if (op->takes[i] == type)
			return true;
	return false;
}

size_t value_of(enum kind kind, const char *text, void *data)
{
	uint64_t number = kind == KIND_STRING ? 0 : strtoull(text, NULL, 0);
	uint32_t u32 = number;
	uint16_t u16 = kind == KIND_PORT ? htons(number) : number;
	uint8_t u8 = number;

	switch (kind) {
	case KIND_U8:
		memcpy(data, &u8, sizeof(u8));
		return sizeof(u8);
	case KIND_U16:
	case KIND_PORT:
		memcpy(data, &u16, sizeof(u16));
		return sizeof(u16);
	case KIND_U32:
		memcpy(data, &u32, sizeof(u32));
		return sizeof(u32);
	case KIND_U64:
		memcpy(data, &number, sizeof(number));
		return sizeof(number);
	case KIND_IPV4:
		if (inet_pton(AF_INET, text, data) != 1)
			bail("%s is no IPv4 address", text);
		return 4;
	case KIND_IPV6:
		if (inet_pton(AF_INET6, text, data) != 1)
			bail("%s is no IPv6 address", text);
		return 16;
	case KIND_STRING:
		memcpy(data, text, strlen(text) + 1);
		return strlen(text) + 1;
	case KIND_NONE:
	case KIND_FLAG:
	case KIND_NEST:
	case KIND_PAD:
		break;
	}
	return 0;
}

struct attr *mirror_add(struct attr *parent, const struct set_mirror *set,
			uint16_t type, const char *text)
{
	const struct attr_mirror *mirror = &set->attr[type];
	uint8_t data[160];
	size_t len = 0;

	if (mirror->kind == KIND_NEST)
		return attr_add_nest(parent, type);
	if (!text)
		text = mirror->good;
	if (text)
		len = value_of(mirror->kind, text, data);
	return attr_add(parent, type, data, len);
}
