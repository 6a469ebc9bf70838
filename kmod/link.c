// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "link.h"

#include <linux/capability.h>
#include <linux/inetdevice.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "limits.h"

/* As the "checks" of the attribute set "link" in the spec say. */
const struct nla_policy ozp_link_policy[IFLA_OZPROXY_MAX + 1] = {
	/* Exact lengths: there are no old callers to be kind to. */
	[0] = { .strict_start_type = IFLA_OZPROXY_PORT },
	[IFLA_OZPROXY_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[IFLA_OZPROXY_LOCAL] = { .type = NLA_NESTED },
	[IFLA_OZPROXY_SERVICE_IPV4] = { .type = NLA_U32 },
	[IFLA_OZPROXY_SERVICE_IPV4_PREFIX] =
		NLA_POLICY_RANGE(NLA_U8, OZP_SERVICE_IPV4_PREFIX_MIN,
				 OZP_SERVICE_IPV4_PREFIX_MAX),
	[IFLA_OZPROXY_SERVICE_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[IFLA_OZPROXY_SERVICE_IPV6_PREFIX] =
		NLA_POLICY_RANGE(NLA_U8, OZP_SERVICE_IPV6_PREFIX_MIN,
				 OZP_SERVICE_IPV6_PREFIX_MAX),
	[IFLA_OZPROXY_ADMISSION] = { .type = NLA_U32 },
	[IFLA_OZPROXY_FLOW_LIMIT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_MISS_LIMIT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_MISS_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_SERVICE_LIMIT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_OUTER_CHECKSUM] = { .type = NLA_U32 },
	[IFLA_OZPROXY_SOURCE_PORT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_DSCP_MODE] = { .type = NLA_U32 },
	[IFLA_OZPROXY_DSCP] = { .type = NLA_U32 },
	[IFLA_OZPROXY_MSS_CLAMP] = { .type = NLA_U32 },
	[IFLA_OZPROXY_AFFINITY_LIMIT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_MISS_SOURCE_LIMIT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_MISS_PACKETS] = { .type = NLA_U32 },
	[IFLA_OZPROXY_MISS_ADDRESS_PACKETS] = { .type = NLA_U32 },
	[IFLA_OZPROXY_MISS_SOURCE_PACKETS] = { .type = NLA_U32 },
	[IFLA_OZPROXY_MISS_MEMORY] = { .type = NLA_U32 },
	[IFLA_OZPROXY_MISS_REPEAT_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_NEGATIVE_LIMIT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_TCP_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_TCP_SYN_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_TCP_CLOSING_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_UDP_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_UDP_UNANSWERED_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_ICMP_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_IDLE_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_REJECTION] = { .type = NLA_U32 },
	[IFLA_OZPROXY_FRAGMENT_LIMIT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_FRAGMENT_MEMORY] = { .type = NLA_U32 },
	[IFLA_OZPROXY_FRAGMENT_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_ARRIVAL_LIMIT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_ARRIVAL_SOURCE_LIMIT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_ARRIVAL_PACKETS] = { .type = NLA_U32 },
	[IFLA_OZPROXY_ARRIVAL_SOURCE_PACKETS] = { .type = NLA_U32 },
	[IFLA_OZPROXY_ARRIVAL_MEMORY] = { .type = NLA_U32 },
	[IFLA_OZPROXY_DOUBT_TIMEOUT] = { .type = NLA_U32 },
	[IFLA_OZPROXY_INSTANCE_LIMIT] = { .type = NLA_U32 },
};

/**
 * struct ozp_link_option - an option that is a number, or a name for one
 * @offset: of its u32 in struct ozp_link_config; 0: no option of this kind
 * @value: default
 * @min: smallest value
 * @max: largest value
 * @memory: it bounds memory that nobody is charged for: see
 *	ozp_link_may_have()
 */
struct ozp_link_option {
	u16 offset;
	bool memory;
	u32 value;
	u32 min;
	u32 max;
};

#define OZP_LINK_OPTION(member, default_value, lowest, highest) {	\
	.offset = offsetof(struct ozp_link_config, member),		\
	.value = default_value,						\
	.min = lowest,							\
	.max = highest,							\
}

#define OZP_LINK_LIMIT(member, name)					\
	OZP_LINK_OPTION(member, name##_DEFAULT, name##_MIN, name##_MAX)

#define OZP_LINK_MEMORY(member_name, name) {				\
	.offset = offsetof(struct ozp_link_config, member_name),	\
	.memory = true,							\
	.value = name##_DEFAULT,					\
	.min = name##_MIN,						\
	.max = name##_MAX,						\
}

#define OZP_LINK_FLOW_TIMEOUT(member, name)				\
	OZP_LINK_OPTION(flows.member, name##_DEFAULT,			\
			OZP_FLOW_TIMEOUT_MIN, OZP_FLOW_TIMEOUT_MAX)

static const struct ozp_link_option ozp_link_options[IFLA_OZPROXY_MAX + 1] = {
	[IFLA_OZPROXY_ADMISSION] =
		OZP_LINK_OPTION(convert.admission, OZPROXY_ADMISSION_OVERLAY, 0,
				OZPROXY_ADMISSION_TABLE),
	[IFLA_OZPROXY_FLOW_LIMIT] =
		OZP_LINK_MEMORY(flows.limit, OZP_FLOW_LIMIT),
	[IFLA_OZPROXY_MISS_LIMIT] =
		OZP_LINK_MEMORY(misses.limit, OZP_MISS_LIMIT),
	[IFLA_OZPROXY_MISS_TIMEOUT] =
		OZP_LINK_LIMIT(misses.timeout, OZP_MISS_TIMEOUT),
	[IFLA_OZPROXY_SERVICE_LIMIT] =
		OZP_LINK_LIMIT(service_limit, OZP_SERVICE_LIMIT),
	[IFLA_OZPROXY_OUTER_CHECKSUM] =
		OZP_LINK_OPTION(tunnel.outer_checksum, OZPROXY_SWITCH_ON,
				OZPROXY_SWITCH_OFF, OZPROXY_SWITCH_ON),
	[IFLA_OZPROXY_SOURCE_PORT] =
		OZP_LINK_OPTION(tunnel.source_port, OZPROXY_SOURCE_PORT_FLOW, 0,
				OZPROXY_SOURCE_PORT_OWN),
	[IFLA_OZPROXY_DSCP_MODE] =
		OZP_LINK_OPTION(tunnel.dscp_mode, OZPROXY_DSCP_MODE_FIXED, 0,
				OZPROXY_DSCP_MODE_COPY),
	[IFLA_OZPROXY_DSCP] = OZP_LINK_LIMIT(tunnel.dscp, OZP_DSCP),
	[IFLA_OZPROXY_MSS_CLAMP] =
		OZP_LINK_OPTION(tunnel.mss_clamp, OZPROXY_SWITCH_OFF,
				OZPROXY_SWITCH_OFF, OZPROXY_SWITCH_ON),
	[IFLA_OZPROXY_AFFINITY_LIMIT] =
		OZP_LINK_MEMORY(affinities.limit, OZP_AFFINITY_LIMIT),
	[IFLA_OZPROXY_MISS_SOURCE_LIMIT] =
		OZP_LINK_LIMIT(misses.source_limit, OZP_MISS_SOURCE_LIMIT),
	[IFLA_OZPROXY_MISS_PACKETS] =
		OZP_LINK_MEMORY(misses.packets, OZP_MISS_PACKETS),
	[IFLA_OZPROXY_MISS_ADDRESS_PACKETS] =
		OZP_LINK_LIMIT(misses.address_packets,
			       OZP_MISS_ADDRESS_PACKETS),
	[IFLA_OZPROXY_MISS_SOURCE_PACKETS] =
		OZP_LINK_LIMIT(misses.source_packets, OZP_MISS_SOURCE_PACKETS),
	[IFLA_OZPROXY_MISS_MEMORY] =
		OZP_LINK_MEMORY(misses.memory, OZP_MISS_MEMORY),
	[IFLA_OZPROXY_MISS_REPEAT_TIMEOUT] =
		OZP_LINK_LIMIT(misses.repeat_timeout, OZP_MISS_REPEAT_TIMEOUT),
	[IFLA_OZPROXY_NEGATIVE_LIMIT] =
		OZP_LINK_MEMORY(misses.negative_limit, OZP_NEGATIVE_LIMIT),
	[IFLA_OZPROXY_TCP_TIMEOUT] =
		OZP_LINK_FLOW_TIMEOUT(tcp_timeout, OZP_TCP_TIMEOUT),
	[IFLA_OZPROXY_TCP_SYN_TIMEOUT] =
		OZP_LINK_FLOW_TIMEOUT(tcp_syn_timeout, OZP_TCP_SYN_TIMEOUT),
	[IFLA_OZPROXY_TCP_CLOSING_TIMEOUT] =
		OZP_LINK_FLOW_TIMEOUT(tcp_closing_timeout,
				      OZP_TCP_CLOSING_TIMEOUT),
	[IFLA_OZPROXY_UDP_TIMEOUT] =
		OZP_LINK_FLOW_TIMEOUT(udp_timeout, OZP_UDP_TIMEOUT),
	[IFLA_OZPROXY_UDP_UNANSWERED_TIMEOUT] =
		OZP_LINK_FLOW_TIMEOUT(udp_unanswered_timeout,
				      OZP_UDP_UNANSWERED_TIMEOUT),
	[IFLA_OZPROXY_ICMP_TIMEOUT] =
		OZP_LINK_FLOW_TIMEOUT(icmp_timeout, OZP_ICMP_TIMEOUT),
	[IFLA_OZPROXY_IDLE_TIMEOUT] =
		OZP_LINK_LIMIT(convert.idle_timeout, OZP_IDLE_TIMEOUT),
	[IFLA_OZPROXY_REJECTION] =
		OZP_LINK_OPTION(convert.rejection, OZPROXY_REJECTION_REJECT, 0,
				OZPROXY_REJECTION_DROP),
	[IFLA_OZPROXY_FRAGMENT_LIMIT] =
		OZP_LINK_MEMORY(fragments.limit, OZP_FRAGMENT_LIMIT),
	[IFLA_OZPROXY_FRAGMENT_MEMORY] =
		OZP_LINK_MEMORY(fragments.memory, OZP_FRAGMENT_MEMORY),
	[IFLA_OZPROXY_FRAGMENT_TIMEOUT] =
		OZP_LINK_LIMIT(fragments.timeout, OZP_FRAGMENT_TIMEOUT),
	[IFLA_OZPROXY_ARRIVAL_LIMIT] =
		OZP_LINK_MEMORY(arrivals.limit, OZP_ARRIVAL_LIMIT),
	[IFLA_OZPROXY_ARRIVAL_SOURCE_LIMIT] =
		OZP_LINK_LIMIT(arrivals.source_limit, OZP_ARRIVAL_SOURCE_LIMIT),
	[IFLA_OZPROXY_ARRIVAL_PACKETS] =
		OZP_LINK_MEMORY(arrivals.packets, OZP_ARRIVAL_PACKETS),
	[IFLA_OZPROXY_ARRIVAL_SOURCE_PACKETS] =
		OZP_LINK_LIMIT(arrivals.source_packets,
			       OZP_ARRIVAL_SOURCE_PACKETS),
	[IFLA_OZPROXY_ARRIVAL_MEMORY] =
		OZP_LINK_MEMORY(arrivals.memory, OZP_ARRIVAL_MEMORY),
	[IFLA_OZPROXY_DOUBT_TIMEOUT] =
		OZP_LINK_LIMIT(convert.doubt_timeout, OZP_DOUBT_TIMEOUT),
	[IFLA_OZPROXY_INSTANCE_LIMIT] =
		OZP_LINK_LIMIT(instance_limit, OZP_INSTANCE_LIMIT),
};

static bool ozp_link_has_option(unsigned int type)
{
	return ozp_link_options[type].offset;
}

static u32 *ozp_link_value(struct ozp_link_config *config, unsigned int type)
{
	return (void *)config + ozp_link_options[type].offset;
}

/**
 * ozp_link_default() - the options of a device that was given none
 * @config: to be filled in
 */
void ozp_link_default(struct ozp_link_config *config)
{
	unsigned int type;

	memset(config, 0, sizeof(*config));
	config->port = htons(OZP_PORT_DEFAULT);
	config->networks.ip4 = htonl(OZP_SERVICE_IPV4_DEFAULT);
	config->networks.ip4_prefix = OZP_SERVICE_IPV4_PREFIX_DEFAULT;
	config->networks.ip6.s6_addr16[0] = htons(OZP_SERVICE_IPV6_DEFAULT);
	config->networks.ip6_prefix = OZP_SERVICE_IPV6_PREFIX_DEFAULT;
	for (type = 0; type <= IFLA_OZPROXY_MAX; type++)
		if (ozp_link_has_option(type))
			*ozp_link_value(config, type) =
				ozp_link_options[type].value;
}

/* What packets allocate is in no control group: more of it than by default is for
 * who administers the machine, not a namespace of his own. What was given stays.
 */
static bool ozp_link_may_have(const struct ozp_link_option *option, u32 present,
			      u32 wanted)
{
	return !option->memory || wanted <= max(option->value, present) ||
	       capable(CAP_NET_ADMIN);
}

static int ozp_link_parse_option(struct ozp_link_config *config,
				 unsigned int type, const struct nlattr *attr,
				 struct netlink_ext_ack *extack)
{
	const struct ozp_link_option *option = &ozp_link_options[type];
	u32 wanted = nla_get_u32(attr);

	if (wanted < option->min || wanted > option->max) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "option out of range");
		return -ERANGE;
	}
	if (!ozp_link_may_have(option, *ozp_link_value(config, type), wanted)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "more than the default needs CAP_NET_ADMIN in the initial user namespace");
		return -EPERM;
	}
	*ozp_link_value(config, type) = wanted;
	return 0;
}

/* The address in an element of the list of local addresses. */
static int ozp_link_parse_addr(struct ozp_address *local,
			       const struct nlattr *attr,
			       struct netlink_ext_ack *extack)
{
	memset(local, 0, sizeof(*local));
	switch (nla_type(attr)) {
	case IFLA_OZPROXY_LOCAL_IPV4:
		local->family = AF_INET;
		if (nla_len(attr) != sizeof(__be32))
			break;
		local->addr.ip4 = nla_get_in_addr(attr);
		return 0;
	case IFLA_OZPROXY_LOCAL_IPV6:
		local->family = AF_INET6;
		if (nla_len(attr) != sizeof(struct in6_addr))
			break;
		local->addr.ip6 = nla_get_in6_addr(attr);
		return 0;
	default:
		NL_SET_ERR_MSG_ATTR(extack, attr, "not a local address");
		return -EINVAL;
	}
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "a local address has 4 or 16 bytes, by its type");
	return -EINVAL;
}

static int ozp_link_parse_local(struct ozp_locals *locals,
				const struct nlattr *attr,
				struct netlink_ext_ack *extack)
{
	struct ozp_address local;
	u32 i;
	int err;

	err = ozp_link_parse_addr(&local, attr, extack);
	if (err)
		return err;
	if (locals->count >= OZPROXY_LOCAL_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "too many local addresses");
		return -E2BIG;
	}
	if (!ozp_addr_is_host(local.family, &local.addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "no node can have this address");
		return -EINVAL;
	}
	for (i = 0; i < locals->count; i++) {
		if (!ozp_address_is_equal(&locals->entries[i], &local))
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attr, "local address given twice");
		return -EEXIST;
	}
	locals->entries[locals->count++] = local;
	return 0;
}

static int ozp_link_parse_locals(struct ozp_link_config *config,
				 const struct nlattr *list,
				 struct netlink_ext_ack *extack)
{
	struct ozp_locals *locals;
	struct nlattr *attr;
	int rem, err = 0;

	locals = kzalloc(struct_size(locals, entries, OZPROXY_LOCAL_MAX),
			 GFP_KERNEL_ACCOUNT);
	if (!locals)
		return -ENOMEM;
	nla_for_each_nested(attr, list, rem) {
		err = ozp_link_parse_local(locals, attr, extack);
		if (err)
			break;
	}
	if (!err && rem > 0) {
		NL_SET_ERR_MSG_ATTR(extack, list,
				    "bytes after the last local address");
		err = -EINVAL;
	}
	/* An empty list is no list. */
	if (err || !locals->count) {
		kfree(locals);
		locals = NULL;
	}
	config->locals = locals;
	return err;
}

static int ozp_link_parse_networks(struct ozp_link_config *config,
				   struct nlattr *data[],
				   struct netlink_ext_ack *extack)
{
	struct nlattr *ip4 = data[IFLA_OZPROXY_SERVICE_IPV4];
	struct nlattr *ip4_prefix = data[IFLA_OZPROXY_SERVICE_IPV4_PREFIX];
	struct nlattr *ip6 = data[IFLA_OZPROXY_SERVICE_IPV6];
	struct nlattr *ip6_prefix = data[IFLA_OZPROXY_SERVICE_IPV6_PREFIX];
	struct ozp_networks *networks = &config->networks;
	struct in6_addr net6;

	if (ip4)
		networks->ip4 = nla_get_in_addr(ip4);
	if (ip4_prefix)
		networks->ip4_prefix = nla_get_u8(ip4_prefix);
	if (networks->ip4 & ~inet_make_mask(networks->ip4_prefix) ||
	    ipv4_is_zeronet(networks->ip4) ||
	    ipv4_is_loopback(networks->ip4) ||
	    ipv4_is_multicast(networks->ip4)) {
		NL_SET_ERR_MSG_ATTR(extack, ip4 ?: ip4_prefix,
				    "not an IPv4 unicast network of that length (host bits set?)");
		return -EINVAL;
	}
	if (ip6)
		networks->ip6 = nla_get_in6_addr(ip6);
	if (ip6_prefix)
		networks->ip6_prefix = nla_get_u8(ip6_prefix);
	ipv6_addr_prefix(&net6, &networks->ip6, networks->ip6_prefix);
	if (!ipv6_addr_equal(&net6, &networks->ip6) ||
	    ipv6_addr_any(&networks->ip6) ||
	    ipv6_addr_is_multicast(&networks->ip6)) {
		NL_SET_ERR_MSG_ATTR(extack, ip6 ?: ip6_prefix,
				    "not an IPv6 unicast network of that length (host bits set?)");
		return -EINVAL;
	}
	return 0;
}

/**
 * ozp_link_parse() - read the options that were given
 * @config: the options so far; those given replace them, and then
 *	@config->locals is the caller's to keep or free
 * @data: the attributes, or NULL
 * @extack: says what is wrong
 *
 * May sleep.
 *
 * Return: 0, or a negative errno with nothing allocated.
 */
int ozp_link_parse(struct ozp_link_config *config, struct nlattr *data[],
		   struct netlink_ext_ack *extack)
{
	unsigned int type;
	int err;

	if (!data)
		return 0;
	if (data[IFLA_OZPROXY_PORT])
		config->port = nla_get_be16(data[IFLA_OZPROXY_PORT]);
	err = ozp_link_parse_networks(config, data, extack);
	if (err)
		return err;
	for (type = 0; type <= IFLA_OZPROXY_MAX; type++) {
		if (!ozp_link_has_option(type) || !data[type])
			continue;
		err = ozp_link_parse_option(config, type, data[type], extack);
		if (err)
			return err;
	}
	if (data[IFLA_OZPROXY_LOCAL])
		return ozp_link_parse_locals(config, data[IFLA_OZPROXY_LOCAL],
					     extack);
	return 0;
}

/**
 * ozp_link_size() - room that ozp_link_fill() may need
 *
 * Return: bytes.
 */
size_t ozp_link_size(void)
{
	return nla_total_size(sizeof(__be16)) +		/* port */
	       nla_total_size(OZPROXY_LOCAL_MAX *	/* local */
			      nla_total_size(sizeof(struct in6_addr))) +
	       nla_total_size(sizeof(__be32)) +		/* service-ipv4 */
	       nla_total_size(sizeof(struct in6_addr)) + /* service-ipv6 */
	       2 * nla_total_size(sizeof(u8)) +		/* their prefixes */
	       ARRAY_SIZE(ozp_link_options) *		/* the numbers */
	       nla_total_size(sizeof(u32));
}

static int ozp_link_fill_locals(struct sk_buff *skb,
				const struct ozp_locals *locals)
{
	struct nlattr *list;
	int err = 0;
	u32 i;

	if (!locals)
		return 0;
	list = nla_nest_start(skb, IFLA_OZPROXY_LOCAL);
	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < locals->count && !err; i++) {
		if (locals->entries[i].family == AF_INET)
			err = nla_put_in_addr(skb, IFLA_OZPROXY_LOCAL_IPV4,
					      locals->entries[i].addr.ip4);
		else
			err = nla_put_in6_addr(skb, IFLA_OZPROXY_LOCAL_IPV6,
					       &locals->entries[i].addr.ip6);
	}
	nla_nest_end(skb, list);
	return err;
}

/**
 * ozp_link_fill() - write the options of a device
 * @skb: the message
 * @config: the options
 *
 * Return: 0 or -EMSGSIZE.
 */
int ozp_link_fill(struct sk_buff *skb, struct ozp_link_config *config)
{
	const struct ozp_networks *networks = &config->networks;
	unsigned int type;

	if (nla_put_be16(skb, IFLA_OZPROXY_PORT, config->port) ||
	    ozp_link_fill_locals(skb, config->locals) ||
	    nla_put_in_addr(skb, IFLA_OZPROXY_SERVICE_IPV4, networks->ip4) ||
	    nla_put_u8(skb, IFLA_OZPROXY_SERVICE_IPV4_PREFIX,
		       networks->ip4_prefix) ||
	    nla_put_in6_addr(skb, IFLA_OZPROXY_SERVICE_IPV6, &networks->ip6) ||
	    nla_put_u8(skb, IFLA_OZPROXY_SERVICE_IPV6_PREFIX,
		       networks->ip6_prefix))
		return -EMSGSIZE;
	for (type = 0; type <= IFLA_OZPROXY_MAX; type++)
		if (ozp_link_has_option(type) &&
		    nla_put_u32(skb, type, *ozp_link_value(config, type)))
			return -EMSGSIZE;
	return 0;
}
