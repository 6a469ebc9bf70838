// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "netlink.h"

#include <linux/module.h>

#include "compat.h"

static struct genl_ops
ozp_netlink_ops[ARRAY_SIZE(ozproxy_nl_ops)] __ro_after_init;

static const struct genl_multicast_group ozp_netlink_groups[] = {
	/* Who sends where, as flows: not for everybody. */
	[OZPROXY_NLGRP_MISSES] = {
		.name = OZPROXY_MCGRP_MISSES,
		.flags = OZP_COMPAT_MCAST_ADMIN,
	},
	[OZPROXY_NLGRP_CHANGES] = { .name = OZPROXY_MCGRP_CHANGES },
};

struct genl_family ozp_netlink_family __ro_after_init = {
	.name = OZPROXY_FAMILY_NAME,
	.version = OZPROXY_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ozp_netlink_ops,
	.n_ops = ARRAY_SIZE(ozp_netlink_ops),
	.mcgrps = ozp_netlink_groups,
	.n_mcgrps = ARRAY_SIZE(ozp_netlink_groups),
};

/**
 * ozp_netlink_device_get() - find the device that a request is about
 * @net: namespace of the caller's socket
 * @ifindex: the attribute that names it, may be NULL
 * @type: number of that attribute
 * @extack: says what is wrong
 *
 * Return: the device, to be given back with ozp_netlink_device_put(); else
 * ERR_PTR.
 */
struct ozp_device *ozp_netlink_device_get(struct net *net,
					  const struct nlattr *ifindex,
					  u16 type,
					  struct netlink_ext_ack *extack)
{
	struct net_device *dev;

	if (!ifindex)
		return ERR_PTR(ozp_netlink_missing(extack, NULL, type,
						   "ifindex of the device is missing"));
	dev = dev_get_by_index(net, nla_get_u32(ifindex));
	if (!dev) {
		NL_SET_ERR_MSG_ATTR(extack, ifindex,
				    "no device with this ifindex");
		return ERR_PTR(-ENODEV);
	}
	if (!ozp_device_is_ours(dev)) {
		dev_put(dev);
		NL_SET_ERR_MSG_ATTR(extack, ifindex,
				    "the device is not of kind ozproxy");
		return ERR_PTR(-EOPNOTSUPP);
	}
	return netdev_priv(dev);
}

/**
 * ozp_netlink_device_put() - give a device back
 * @oz: the device
 */
void ozp_netlink_device_put(struct ozp_device *oz)
{
	dev_put(oz->convert.dev);
}

/**
 * ozp_netlink_do() - handle a request, which names its device
 * @info: the request
 * @type: number of the attribute that names the device
 * @handle: handles it, with the device held
 *
 * Return: what @handle returns, or why there is no device.
 */
int ozp_netlink_do(struct genl_info *info, u16 type,
		   int (*handle)(struct ozp_device *oz, struct genl_info *info))
{
	struct ozp_device *oz;
	int err;

	oz = ozp_netlink_device_get(genl_info_net(info), info->attrs[type],
				    type, info->extack);
	if (IS_ERR(oz))
		return PTR_ERR(oz);
	err = handle(oz, info);
	ozp_netlink_device_put(oz);
	return err;
}

/**
 * ozp_netlink_lock() - lock the table of a device that is alive
 * @oz: the device, held
 * @extack: says what is wrong
 *
 * Return: 0, or -ENODEV with nothing locked.
 */
int ozp_netlink_lock(struct ozp_device *oz, struct netlink_ext_ack *extack)
{
	mutex_lock(&oz->convert.table.lock);
	if (!oz->dead)
		return 0;
	mutex_unlock(&oz->convert.table.lock);
	NL_SET_ERR_MSG(extack, "the device is being removed");
	return -ENODEV;
}

/**
 * ozp_netlink_unlock() - unlock the table
 * @oz: the device
 */
void ozp_netlink_unlock(struct ozp_device *oz)
{
	mutex_unlock(&oz->convert.table.lock);
}

/**
 * ozp_netlink_get_addr() - read an address that has an attribute a family
 * @ip4: the IPv4 attribute, or NULL
 * @ip6: the IPv6 attribute, or NULL
 * @addr: the address
 * @family: its family, 0 when there is none
 */
void ozp_netlink_get_addr(const struct nlattr *ip4, const struct nlattr *ip6,
			  union ozp_addr *addr, u8 *family)
{
	memset(addr, 0, sizeof(*addr));
	*family = 0;
	if (ip4) {
		addr->ip4 = nla_get_in_addr(ip4);
		*family = AF_INET;
	} else if (ip6) {
		addr->ip6 = nla_get_in6_addr(ip6);
		*family = AF_INET6;
	}
}

/**
 * ozp_netlink_put_addr() - write an address that has an attribute a family
 * @skb: the message
 * @attrs: the numbers of the attributes
 * @family: family of @addr
 * @addr: the address
 *
 * Return: 0 or -EMSGSIZE.
 */
int ozp_netlink_put_addr(struct sk_buff *skb,
			 struct ozp_netlink_addr_attrs attrs, u8 family,
			 const union ozp_addr *addr)
{
	if (family == AF_INET)
		return nla_put_in_addr(skb, attrs.ip4, addr->ip4);
	return nla_put_in6_addr(skb, attrs.ip6, &addr->ip6);
}

/**
 * ozp_netlink_has_listeners() - whether anybody would hear a notification
 * @oz: the device
 * @group: of OZPROXY_NLGRP_*
 *
 * Any context but hard interrupts.
 *
 * Return: false when there is no need to make one.
 */
bool ozp_netlink_has_listeners(const struct ozp_device *oz, unsigned int group)
{
	bool has;

	/* The device may move: a namespace that it left outlives RCU readers. */
	rcu_read_lock();
	has = genl_has_listeners(&ozp_netlink_family, dev_net(oz->convert.dev),
				 group);
	rcu_read_unlock();
	return has;
}

/**
 * ozp_netlink_multicast() - tell those who listen where the device is
 * @oz: the device
 * @skb: the notification, consumed
 * @group: of OZPROXY_NLGRP_*
 *
 * Any context but hard interrupts.
 */
void ozp_netlink_multicast(const struct ozp_device *oz, struct sk_buff *skb,
			   unsigned int group)
{
	rcu_read_lock();
	genlmsg_multicast_netns(&ozp_netlink_family, dev_net(oz->convert.dev),
				skb, 0, group, GFP_ATOMIC);
	rcu_read_unlock();
}

/**
 * ozp_netlink_register() - offer the family
 *
 * The generator has no word for the end of a dump in the table of operations
 * that 6.1 needs: it is filled in here.
 *
 * Return: 0 or a negative errno.
 */
int __init ozp_netlink_register(void)
{
	unsigned int i;

	memcpy(ozp_netlink_ops, ozproxy_nl_ops, sizeof(ozp_netlink_ops));
	for (i = 0; i < ARRAY_SIZE(ozp_netlink_ops); i++)
		if (ozp_netlink_ops[i].cmd == OZPROXY_CMD_FLOW_GET)
			ozp_netlink_ops[i].done = ozp_netlink_flow_dump_done;
	return genl_register_family(&ozp_netlink_family);
}

/**
 * ozp_netlink_unregister() - withdraw the family
 */
void ozp_netlink_unregister(void)
{
	genl_unregister_family(&ozp_netlink_family);
}

MODULE_ALIAS_GENL_FAMILY(OZPROXY_FAMILY_NAME);
