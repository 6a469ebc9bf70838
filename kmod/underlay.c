// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* A device may move to another namespace, its socket and routes stay. So a
 * namespace knows the devices that have their wire in it, to tell them when an
 * address of it comes or goes, and when it ends.
 */

#include "device.h"

#include <linux/inetdevice.h>
#include <linux/notifier.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "flow_collect.h"

/**
 * struct ozp_net - what a namespace knows of us
 * @devices: devices, of whatever namespace, that have their sockets here;
 *	changed under RTNL and ozp_underlay_lock, so that either keeps it
 * @was_used: there was one: its nodes may have routes of this namespace
 */
struct ozp_net {
	struct list_head devices;
	bool was_used;
};

static unsigned int ozp_net_id __read_mostly;

/* For addresses of IPv6, which come without RTNL. */
static DEFINE_SPINLOCK(ozp_underlay_lock);

static struct ozp_net *ozp_net(struct net *net)
{
	return net_generic(net, ozp_net_id);
}

/**
 * ozp_underlay_attach() - let a device hear of the namespace of its wire
 * @oz: the device; its flow table is there
 * @net: the namespace
 *
 * RTNL.
 */
void ozp_underlay_attach(struct ozp_device *oz, struct net *net)
{
	struct ozp_net *ozn = ozp_net(net);

	ASSERT_RTNL();
	spin_lock_bh(&ozp_underlay_lock);
	list_add_tail(&oz->underlay_link, &ozn->devices);
	ozn->was_used = true;
	spin_unlock_bh(&ozp_underlay_lock);
}

/**
 * ozp_underlay_detach() - let it hear no more
 * @oz: the device; may have been detached when its namespace ended
 *
 * RTNL.
 */
void ozp_underlay_detach(struct ozp_device *oz)
{
	ASSERT_RTNL();
	spin_lock_bh(&ozp_underlay_lock);
	list_del_init(&oz->underlay_link);
	spin_unlock_bh(&ozp_underlay_lock);
}

/**
 * ozp_underlay_has_port() - whether another device of a namespace has a port
 * @net: the namespace
 * @self: this one does not count; may be NULL
 * @port: the port
 *
 * RTNL.
 *
 * Return: whether.
 */
bool ozp_underlay_has_port(struct net *net, const struct ozp_device *self,
			   __be16 port)
{
	struct ozp_device *oz;

	ASSERT_RTNL();
	list_for_each_entry(oz, &ozp_net(net)->devices, underlay_link)
		if (oz != self && oz->convert.tunnel.port == port)
			return true;
	return false;
}

/* An instance at that address is here from now on, or is not any more: flows find
 * out with their next packet. When this is called the address is already found, or
 * not found any more, by whoever looks.
 */
static void ozp_underlay_address_changed(struct net *net)
{
	struct ozp_device *oz;

	spin_lock_bh(&ozp_underlay_lock);
	list_for_each_entry(oz, &ozp_net(net)->devices, underlay_link)
		ozp_flows_locality_changed(oz->convert.flows);
	spin_unlock_bh(&ozp_underlay_lock);
}

static int ozp_underlay_ip4_event(struct notifier_block *nb,
				  unsigned long event, void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	ozp_underlay_address_changed(dev_net(ifa->ifa_dev->dev));
	return NOTIFY_DONE;
}

static struct notifier_block ozp_underlay_ip4 = {
	.notifier_call = ozp_underlay_ip4_event,
};

#if IS_ENABLED(CONFIG_IPV6)
static int ozp_underlay_ip6_event(struct notifier_block *nb,
				  unsigned long event, void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;

	ozp_underlay_address_changed(dev_net(ifa->idev->dev));
	return NOTIFY_DONE;
}

static struct notifier_block ozp_underlay_ip6 = {
	.notifier_call = ozp_underlay_ip6_event,
};
#endif

static void ozp_underlay_listen(void)
{
	register_inetaddr_notifier(&ozp_underlay_ip4);
#if IS_ENABLED(CONFIG_IPV6)
	register_inet6addr_notifier(&ozp_underlay_ip6);
#endif
}

static void ozp_underlay_ignore(void)
{
#if IS_ENABLED(CONFIG_IPV6)
	unregister_inet6addr_notifier(&ozp_underlay_ip6);
#endif
	unregister_inetaddr_notifier(&ozp_underlay_ip4);
}

static int ozp_net_init(struct net *net)
{
	INIT_LIST_HEAD(&ozp_net(net)->devices);
	return 0;
}

/* The namespace of the underlay ends before the device: the sockets go, the
 * device stays, without a wire. No reference is held on either namespace.
 */
static void ozp_net_pre_exit(struct net *net)
{
	struct ozp_device *oz, *next;

	rtnl_lock();
	list_for_each_entry_safe(oz, next, &ozp_net(net)->devices,
				 underlay_link) {
		ozp_underlay_detach(oz);
		RCU_INIT_POINTER(oz->convert.tunnel.net, NULL);
		ozp_tunnel_close(&oz->convert.tunnel);
		ozp_nodes_reset_routes(&oz->convert.nodes);
	}
	rtnl_unlock();
}

/* Nodes on their way out may have routes of these namespaces, too. */
static void ozp_net_exit_batch(struct list_head *nets)
{
	struct net *net;

	list_for_each_entry(net, nets, exit_list)
		if (ozp_net(net)->was_used) {
			rcu_barrier();
			return;
		}
}

static struct pernet_operations ozp_net_ops = {
	.init = ozp_net_init,
	.pre_exit = ozp_net_pre_exit,
	.exit_batch = ozp_net_exit_batch,
	.id = &ozp_net_id,
	.size = sizeof(struct ozp_net),
};

/**
 * ozp_underlay_register() - begin to watch all namespaces
 *
 * Return: 0 or a negative errno.
 */
int __init ozp_underlay_register(void)
{
	int err;

	err = register_pernet_subsys(&ozp_net_ops);
	if (!err)
		ozp_underlay_listen();
	return err;
}

/**
 * ozp_underlay_unregister() - watch no more
 *
 * No device is left. May sleep.
 */
void ozp_underlay_unregister(void)
{
	ozp_underlay_ignore();
	unregister_pernet_subsys(&ozp_net_ops);
}
