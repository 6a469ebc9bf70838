// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Services from messages. The policy of the request has checked types and lengths,
 * those in nests, too, so that these are only sorted by type; here is checked what
 * only the attributes together can tell.
 */

#include "netlink_service.h"

#include <linux/ctype.h>
#include <linux/slab.h>

#include "limits.h"

static int ozp_netlink_name_parse(const char **name, const struct nlattr *attr,
				  struct netlink_ext_ack *extack)
{
	const char *p;

	if (!attr)
		return ozp_netlink_missing(extack, NULL, OZPROXY_A_SERVICE_NAME,
					   "name of the service is missing");
	*name = nla_data(attr);
	for (p = *name; *p; p++)
		if (!isascii(*p) || (!isalnum(*p) && !strchr(".-_", *p)))
			break;
	if (*p || p == *name) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a service name has letters, digits, dots, dashes and underscores only, at least one");
		return -EINVAL;
	}
	return 0;
}

static int ozp_netlink_affinity_parse(u32 *affinity, const struct nlattr *attr,
				      struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*affinity = nla_get_u32(attr);
	if (*affinity <= OZP_AFFINITY_MAX)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "an affinity lasts a day at most");
	return -ERANGE;
}

/* The attributes of a nest by type. Those above @max are for replies only. */
static int ozp_netlink_nest_sort(struct nlattr **tb, u16 max,
				 const struct nlattr *nest,
				 struct netlink_ext_ack *extack)
{
	struct nlattr *attr;
	int rem;

	memset(tb, 0, (max + 1) * sizeof(*tb));
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) > max) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "Unknown attribute type");
			return -EINVAL;
		}
		tb[nla_type(attr)] = attr;
	}
	return 0;
}

static int ozp_netlink_address_parse(struct ozp_service_address *address,
				     const struct ozp_networks *networks,
				     const struct nlattr *nest,
				     struct netlink_ext_ack *extack)
{
	struct nlattr *tb[OZPROXY_A_ADDRESS_POLICY + 1];
	struct nlattr *ip4, *ip6;
	int err;

	err = ozp_netlink_nest_sort(tb, OZPROXY_A_ADDRESS_POLICY, nest, extack);
	if (err)
		return err;
	ip4 = tb[OZPROXY_A_ADDRESS_IPV4];
	ip6 = tb[OZPROXY_A_ADDRESS_IPV6];
	if (!ip4 && !ip6)
		return ozp_netlink_missing(extack, nest, OZPROXY_A_ADDRESS_IPV4,
					   "a service address is missing (ipv4 or ipv6)");
	if (ip4 && ip6) {
		NL_SET_ERR_MSG_ATTR(extack, ip6,
				    "only one address, either ipv4 or ipv6");
		return -EINVAL;
	}
	if (!tb[OZPROXY_A_ADDRESS_POLICY])
		return ozp_netlink_missing(extack, nest,
					   OZPROXY_A_ADDRESS_POLICY,
					   "the policy of a service address is missing");
	ozp_netlink_get_addr(ip4, ip6, &address->addr, &address->family);
	address->policy = nla_get_u32(tb[OZPROXY_A_ADDRESS_POLICY]);
	if (!ozp_policy_is_a_choice(address->policy)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[OZPROXY_A_ADDRESS_POLICY],
				    "a service address cannot have this policy");
		return -EINVAL;
	}
	if (!ozp_networks_contain(networks, address->family, &address->addr)) {
		NL_SET_ERR_MSG_ATTR(extack, ip4 ?: ip6,
				    "the address is outside the service network of the device");
		return -EINVAL;
	}
	return 0;
}

/* A Namespace IP (outside the service networks) or an Instance IP (inside). */
static int ozp_netlink_member_parse(union ozp_addr *addr,
				    const struct nlattr *attr, u8 family,
				    const struct ozp_networks *networks,
				    bool inside,
				    struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	if (family == AF_INET)
		addr->ip4 = nla_get_in_addr(attr);
	else
		addr->ip6 = nla_get_in6_addr(attr);
	if (!ozp_addr_is_host(family, addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "no container can have this address");
		return -EINVAL;
	}
	if (ozp_networks_contain(networks, family, addr) == inside)
		return 0;
	if (inside)
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the Instance IP is outside the service network of the device");
	else
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the Namespace IP is inside the service network of the device");
	return -EINVAL;
}

static int ozp_netlink_members_parse(struct ozp_endpoint_config *config,
				     const struct ozp_networks *networks,
				     struct nlattr **tb,
				     const struct nlattr *nest,
				     struct netlink_ext_ack *extack)
{
	struct nlattr *ns4 = tb[OZPROXY_A_INSTANCE_NAMESPACE_IPV4];
	struct nlattr *ns6 = tb[OZPROXY_A_INSTANCE_NAMESPACE_IPV6];
	struct nlattr *ip4 = tb[OZPROXY_A_INSTANCE_INSTANCE_IPV4];
	struct nlattr *ip6 = tb[OZPROXY_A_INSTANCE_INSTANCE_IPV6];
	int err;

	if (!ns4 && !ns6)
		return ozp_netlink_missing(extack, nest,
					   OZPROXY_A_INSTANCE_NAMESPACE_IPV4,
					   "the Namespace IP is missing (namespace-ipv4 or namespace-ipv6)");
	err = ozp_netlink_member_parse(&config->ns[0], ns4, AF_INET, networks,
				       false, extack);
	if (!err)
		err = ozp_netlink_member_parse(&config->ns[1], ns6, AF_INET6,
					       networks, false, extack);
	if (!err)
		err = ozp_netlink_member_parse(&config->ip[0], ip4, AF_INET,
					       networks, true, extack);
	if (!err)
		err = ozp_netlink_member_parse(&config->ip[1], ip6, AF_INET6,
					       networks, true, extack);
	return err;
}

static int ozp_netlink_node_parse(struct ozp_endpoint_config *config,
				  struct nlattr **tb, const struct nlattr *nest,
				  struct netlink_ext_ack *extack)
{
	struct nlattr *ip4 = tb[OZPROXY_A_INSTANCE_NODE_IPV4];
	struct nlattr *ip6 = tb[OZPROXY_A_INSTANCE_NODE_IPV6];
	struct nlattr *port = tb[OZPROXY_A_INSTANCE_NODE_PORT];

	if (!ip4 && !ip6)
		return ozp_netlink_missing(extack, nest,
					   OZPROXY_A_INSTANCE_NODE_IPV4,
					   "the node address is missing (node-ipv4 or node-ipv6)");
	if (ip4 && ip6) {
		NL_SET_ERR_MSG_ATTR(extack, ip6,
				    "only one node address, either node-ipv4 or node-ipv6");
		return -EINVAL;
	}
	if (!port)
		return ozp_netlink_missing(extack, nest,
					   OZPROXY_A_INSTANCE_NODE_PORT,
					   "the node-port is missing");
	ozp_netlink_get_addr(ip4, ip6, &config->node_addr,
			     &config->node_family);
	config->node_port = nla_get_be16(port);
	if (!ozp_addr_is_set(&config->node_addr) ||
	    (ip4 && (ipv4_is_multicast(config->node_addr.ip4) ||
		     ipv4_is_lbcast(config->node_addr.ip4))) ||
	    (ip6 && (ipv6_addr_is_multicast(&config->node_addr.ip6) ||
		     ipv6_addr_v4mapped(&config->node_addr.ip6)))) {
		NL_SET_ERR_MSG_ATTR(extack, ip4 ?: ip6,
				    "the node address is not a unicast address");
		return -EINVAL;
	}
	if (ip6 && ipv6_addr_type(&config->node_addr.ip6) & IPV6_ADDR_LINKLOCAL) {
		NL_SET_ERR_MSG_ATTR(extack, ip6,
				    "a link-local node address is of one link, which cannot be given");
		return -EINVAL;
	}
	return 0;
}

static int ozp_netlink_instance_parse(struct ozp_endpoint_config *config,
				      const struct ozp_networks *networks,
				      const struct nlattr *nest,
				      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[OZPROXY_A_INSTANCE_FLAGS + 1];
	int err;

	memset(config, 0, sizeof(*config));
	err = ozp_netlink_nest_sort(tb, OZPROXY_A_INSTANCE_FLAGS, nest, extack);
	if (err)
		return err;
	if (!tb[OZPROXY_A_INSTANCE_NUMBER])
		return ozp_netlink_missing(extack, nest,
					   OZPROXY_A_INSTANCE_NUMBER,
					   "the instance number is missing");
	config->number = nla_get_u32(tb[OZPROXY_A_INSTANCE_NUMBER]);
	config->weight = 1;
	if (tb[OZPROXY_A_INSTANCE_WEIGHT])
		config->weight = nla_get_u16(tb[OZPROXY_A_INSTANCE_WEIGHT]);
	if (tb[OZPROXY_A_INSTANCE_METRIC])
		config->metric = nla_get_u32(tb[OZPROXY_A_INSTANCE_METRIC]);
	if (tb[OZPROXY_A_INSTANCE_FLAGS])
		config->flags = nla_get_u32(tb[OZPROXY_A_INSTANCE_FLAGS]);
	err = ozp_netlink_members_parse(config, networks, tb, nest, extack);
	if (err)
		return err;
	return ozp_netlink_node_parse(config, tb, nest, extack);
}

/* How many there are of the attributes that may come several times. */
static void ozp_netlink_parts_count(struct ozp_service_config *config,
				    const struct genl_info *info)
{
	struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		config->address_count +=
			nla_type(attr) == OZPROXY_A_SERVICE_ADDRESS;
		config->instance_count +=
			nla_type(attr) == OZPROXY_A_SERVICE_INSTANCE;
	}
}

/* The @index-th attribute of a type. */
static struct nlattr *ozp_netlink_nth(const struct genl_info *info, u16 type,
				      int index)
{
	struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		if (nla_type(attr) == type && !index--)
			return attr;
	return NULL;
}

static int ozp_netlink_parts_parse(struct ozp_service_config *config,
				   const struct ozp_networks *networks,
				   struct genl_info *info)
{
	struct netlink_ext_ack *extack = info->extack;
	u32 addresses = 0, instances = 0;
	struct nlattr *attr;
	int rem, err = 0;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) == OZPROXY_A_SERVICE_ADDRESS)
			err = ozp_netlink_address_parse(&config->addresses[addresses++],
							networks, attr, extack);
		else if (nla_type(attr) == OZPROXY_A_SERVICE_INSTANCE)
			err = ozp_netlink_instance_parse(&config->instances[instances++],
							 networks, attr,
							 extack);
		if (err)
			return err;
	}
	return 0;
}

/* Memory for parts that will be filled in completely; many have one piece for
 * both kinds.
 */
static bool ozp_netlink_parts_alloc(struct ozp_service_request *req)
{
	struct ozp_service_config *config = &req->config;

	if (config->address_count <= OZP_REQUEST_FEW &&
	    config->instance_count <= OZP_REQUEST_FEW) {
		config->instances = req->few_instances;
		config->addresses = req->few_addresses;
		return true;
	}
	config->instances = kvmalloc(config->instance_count *
				     sizeof(*config->instances) +
				     config->address_count *
				     sizeof(*config->addresses), GFP_KERNEL);
	config->addresses = (void *)(config->instances +
				     config->instance_count);
	return config->instances;
}

/**
 * ozp_netlink_service_request_uninit() - free what was read
 * @req: the request
 */
void ozp_netlink_service_request_uninit(struct ozp_service_request *req)
{
	if (req->config.instances != req->few_instances)
		kvfree(req->config.instances);
}

/**
 * ozp_netlink_service_parse() - read the service of a request
 * @req: filled in; to be freed by ozp_netlink_service_request_uninit()
 * @networks: the service networks of the device
 * @info: the request
 *
 * May sleep.
 *
 * Return: 0, or a negative errno with nothing to free.
 */
int ozp_netlink_service_parse(struct ozp_service_request *req,
			      const struct ozp_networks *networks,
			      struct genl_info *info)
{
	struct ozp_service_config *config = &req->config;
	int err;

	memset(config, 0, sizeof(*config));
	err = ozp_netlink_name_parse(&config->name,
				     info->attrs[OZPROXY_A_SERVICE_NAME],
				     info->extack);
	if (err)
		return err;
	err = ozp_netlink_affinity_parse(&config->affinity,
					 info->attrs[OZPROXY_A_SERVICE_AFFINITY],
					 info->extack);
	if (err)
		return err;
	config->pinned = info->attrs[OZPROXY_A_SERVICE_PINNED];
	if (info->attrs[OZPROXY_A_SERVICE_ORIGIN])
		config->origin =
			nla_get_u8(info->attrs[OZPROXY_A_SERVICE_ORIGIN]);
	ozp_netlink_parts_count(config, info);
	if (config->address_count > OZPROXY_ADDRESS_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[OZPROXY_A_SERVICE_ADDRESS],
				    "too many service addresses");
		return -E2BIG;
	}
	if (config->instance_count > OZPROXY_INSTANCE_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[OZPROXY_A_SERVICE_INSTANCE],
				    "too many instances");
		return -E2BIG;
	}
	if (!ozp_netlink_parts_alloc(req)) {
		NL_SET_ERR_MSG(info->extack, "no memory for the service");
		return -ENOMEM;
	}
	err = ozp_netlink_parts_parse(config, networks, info);
	if (err)
		ozp_netlink_service_request_uninit(req);
	return err;
}

static void ozp_netlink_service_explain(struct netlink_ext_ack *extack,
					enum ozp_table_refusal refusal)
{
	switch (refusal) {
	case OZP_TABLE_NO_MEMORY:
		NL_SET_ERR_MSG(extack, "no memory for the service");
		break;
	case OZP_TABLE_NO_ADDRESS_MEMORY:
		NL_SET_ERR_MSG(extack, "no memory for an address");
		break;
	case OZP_TABLE_ADDRESS_TWICE:
		NL_SET_ERR_MSG(extack, "address given twice in one service");
		break;
	case OZP_TABLE_INSTANCE_TWICE:
		NL_SET_ERR_MSG(extack, "instance number given twice");
		break;
	case OZP_TABLE_FULL:
		NL_SET_ERR_MSG(extack, "the table is full (service-limit)");
		break;
	case OZP_TABLE_INSTANCES_FULL:
		NL_SET_ERR_MSG(extack,
			       "the table is full of instances (instance-limit)");
		break;
	}
}

/**
 * ozp_netlink_service_fault() - explain why the table refused a service
 * @info: the request
 * @fault: what is wrong
 */
void ozp_netlink_service_fault(struct genl_info *info,
			       const struct ozp_table_fault *fault)
{
	ozp_netlink_service_explain(info->extack, fault->refusal);
	if (fault->address >= 0)
		NL_SET_BAD_ATTR(info->extack,
				ozp_netlink_nth(info, OZPROXY_A_SERVICE_ADDRESS,
						fault->address));
	else if (fault->instance >= 0)
		NL_SET_BAD_ATTR(info->extack,
				ozp_netlink_nth(info, OZPROXY_A_SERVICE_INSTANCE,
						fault->instance));
}
