// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "device.h"

#include <linux/if_arp.h>
#include <linux/module.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#include "admission.h"
#include "compat.h"
#include "flow_collect.h"
#include "limits.h"
#include "link.h"
#include "trace.h"

static const struct ozp_device_events *ozp_device_events;
static struct rtnl_link_ops ozp_link_ops;
static atomic_t ozp_guest_devices = ATOMIC_INIT(0);

/**
 * ozp_device_is_ours() - whether a net device is of our kind
 * @dev: the device
 *
 * Return: whether netdev_priv() is a struct ozp_device.
 */
bool ozp_device_is_ours(const struct net_device *dev)
{
	return dev->rtnl_link_ops == &ozp_link_ops;
}

static void ozp_device_announce(struct ozp_device *oz,
				const struct ozp_miss_info *info)
{
	trace_ozproxy_miss(oz->convert.stats.dev_name, &info->key, info->state,
			   info->arrival);
	ozp_device_events->miss(oz, info);
}

static void ozp_device_miss(struct ozp_misses *misses,
			    const struct ozp_miss_info *info)
{
	ozp_device_announce(container_of(misses, struct ozp_device,
					 convert.misses), info);
}

static const struct ozp_miss_events ozp_device_miss_events = {
	.notify = ozp_device_miss,
	.release = ozp_outbound_release,
	.reject = ozp_outbound_give_up,
};

static void ozp_device_arrival(struct ozp_misses *arrivals,
			       const struct ozp_miss_info *info)
{
	ozp_device_announce(container_of(arrivals, struct ozp_device,
					 convert.arrivals), info);
}

static const struct ozp_miss_events ozp_device_arrival_events = {
	.notify = ozp_device_arrival,
	.release = ozp_inbound_release,
	.reject = ozp_inbound_give_up,
	.reasons = ozp_admission_reasons,
	.arrivals = true,
};

static void ozp_device_idle(struct ozp_idle *idle, struct ozp_service *svc)
{
	struct ozp_device *oz = container_of(idle, struct ozp_device, idle);

	ozp_device_events->idle(oz, svc);
}

/* Options are numbers of 32 bits, each of which may be read at any time. */
static void ozp_options_copy(void *to, const void *from, size_t size)
{
	const u32 *old = from;
	u32 *new = to;

	for (; size; size -= sizeof(u32))
		WRITE_ONCE(*new++, *old++);
}

/* Arrivals wait as long as others, and are few: no queue is shorter than what
 * one outer source may have.
 */
static void ozp_arrivals_apply(struct ozp_misses *arrivals,
			       const struct ozp_link_config *config)
{
	struct ozp_miss_options options = config->arrivals;

	options.timeout = config->misses.timeout;
	options.repeat_timeout = config->misses.repeat_timeout;
	options.address_packets = options.source_packets;
	ozp_options_copy(&arrivals->options, &options, sizeof(options));
	ozp_misses_options_changed(arrivals);
}

/* What can change on a device that exists; cannot fail. */
static void ozp_link_apply(struct ozp_convert *cv,
			   const struct ozp_link_config *config)
{
	int i;

	mutex_lock(&cv->table.lock);
	WRITE_ONCE(cv->tunnel.port, config->port);
	ozp_options_copy(&cv->options, &config->convert,
			 sizeof(cv->options));
	ozp_options_copy(&cv->flows->options, &config->flows,
			 sizeof(cv->flows->options));
	ozp_options_copy(&cv->misses.options, &config->misses,
			 sizeof(cv->misses.options));
	ozp_arrivals_apply(&cv->arrivals, config);
	ozp_options_copy(&cv->tunnel.options, &config->tunnel,
			 sizeof(cv->tunnel.options));
	ozp_tunnel_options_changed(&cv->tunnel);
	ozp_options_copy(&cv->affinities.options, &config->affinities,
			 sizeof(cv->affinities.options));
	for (i = 0; i < OZP_DIRECTION_COUNT; i++) {
		ozp_options_copy(&cv->fragments[i].options, &config->fragments,
				 sizeof(cv->fragments[i].options));
		ozp_fragments_hurry(&cv->fragments[i]);
	}
	cv->table.service_limit = config->service_limit;
	cv->table.instance_limit = config->instance_limit;
	ozp_misses_options_changed(&cv->misses);
	ozp_flows_locality_changed(cv->flows);
	mutex_unlock(&cv->table.lock);
}

/* So many times a second, without a word in the log. */
static void ozp_rate_init(struct ratelimit_state *rate, int per_second)
{
	ratelimit_state_init(rate, HZ, per_second);
	ratelimit_set_flags(rate, RATELIMIT_MSG_ON_RELEASE);
}

static int ozp_device_init(struct net_device *dev)
{
	struct ozp_device *oz = netdev_priv(dev);
	struct ozp_convert *cv = &oz->convert;
	struct net *net = rtnl_dereference(cv->tunnel.net);
	int err, i;

	cv->dev = dev;
	cv->tunnel.dev = dev;
	cv->tunnel.stats = &cv->stats;
	cv->tunnel.receive = ozp_inbound;
	err = ozp_stats_init(&cv->stats, dev->name);
	if (err)
		return err;
	err = ozp_tunnel_gather_init(&cv->tunnel);
	if (err)
		goto err_uninit_stats;
	ozp_nodes_init(&cv->nodes);
	err = ozp_table_init(&cv->table, &cv->nodes);
	if (err)
		goto err_uninit_gather;
	cv->flows = ozp_flows_new(dev->name);
	if (!cv->flows) {
		err = -ENOMEM;
		goto err_uninit_table;
	}
	ozp_affinities_init(&cv->affinities);
	ozp_misses_init(&cv->misses, &ozp_device_miss_events);
	for (i = 0; i < OZP_DIRECTION_COUNT; i++)
		ozp_fragments_init(&cv->fragments[i], &cv->stats, i);
	ozp_misses_init(&cv->arrivals, &ozp_device_arrival_events);

	ozp_rate_init(&cv->stale_rate, OZP_STALE_RATE);
	ozp_rate_init(&cv->doubt_rate, OZP_DOUBT_RATE);
	ozp_underlay_attach(oz, net);

	/* Complete before anybody finds it; from here the locals are ours. */
	cv->networks = oz->initial->networks;
	rcu_assign_pointer(cv->locals, oz->initial->locals);
	oz->initial->locals = NULL;
	ozp_link_apply(cv, oz->initial);
	oz->initial = NULL;
	ozp_idle_init(&oz->idle, cv, ozp_device_idle);
	atomic_add(oz->is_guest, &ozp_guest_devices);
	return 0;

err_uninit_table:
	ozp_table_uninit(&cv->table);
err_uninit_gather:
	ozp_tunnel_gather_uninit(&cv->tunnel);
err_uninit_stats:
	ozp_stats_uninit(&cv->stats);
	return err;
}

/* The device is closed, and a grace period has passed: there are no packets.
 * Requests that hold the device find it dead.
 */
static void ozp_device_uninit(struct net_device *dev)
{
	struct ozp_device *oz = netdev_priv(dev);
	struct ozp_convert *cv = &oz->convert;
	int i;

	atomic_sub(oz->is_guest, &ozp_guest_devices);
	ozp_underlay_detach(oz);
	mutex_lock(&cv->table.lock);
	oz->dead = true;
	mutex_unlock(&cv->table.lock);

	ozp_idle_uninit(&oz->idle);
	ozp_tunnel_gather_uninit(&cv->tunnel);
	for (i = 0; i < OZP_DIRECTION_COUNT; i++)
		ozp_fragments_close(&cv->fragments[i]);
	ozp_misses_uninit(&cv->arrivals);
	ozp_misses_uninit(&cv->misses);
	ozp_affinities_uninit(&cv->affinities);
	ozp_flows_release(cv->flows);
	ozp_table_uninit(&cv->table);
	ozp_nodes_uninit(&cv->nodes);
	ozp_stats_uninit(&cv->stats);
	kfree_rcu(rtnl_dereference(cv->locals), rcu);
	RCU_INIT_POINTER(cv->locals, NULL);
}

static int ozp_device_open(struct net_device *dev)
{
	struct ozp_device *oz = netdev_priv(dev);
	int err;

	err = ozp_tunnel_open(&oz->convert.tunnel);
	if (err)
		return err;
	ozp_misses_open(&oz->convert.misses);
	ozp_misses_open(&oz->convert.arrivals);
	return 0;
}

/* Who took packets out of a queue before it was closed has got rid of them after
 * this: the timers, and answers, which are given with the table locked.
 */
static void ozp_device_drain(struct ozp_device *oz)
{
	flush_delayed_work(&oz->convert.misses.work);
	flush_delayed_work(&oz->convert.arrivals.work);
	mutex_lock(&oz->convert.table.lock);
	mutex_unlock(&oz->convert.table.lock);
}

static int ozp_device_stop(struct net_device *dev)
{
	struct ozp_device *oz = netdev_priv(dev);
	int i;

	ozp_tunnel_close(&oz->convert.tunnel);
	ozp_misses_close(&oz->convert.misses);
	ozp_misses_close(&oz->convert.arrivals);
	ozp_device_drain(oz);
	/* Last: what was released just now may have been a fragment. */
	for (i = 0; i < OZP_DIRECTION_COUNT; i++)
		ozp_fragments_close(&oz->convert.fragments[i]);
	return 0;
}

static netdev_tx_t ozp_device_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct ozp_device *oz = netdev_priv(dev);

	return ozp_outbound(&oz->convert, skb);
}

static void ozp_device_stats(struct net_device *dev,
			     struct rtnl_link_stats64 *stats)
{
	struct ozp_device *oz = netdev_priv(dev);

	ozp_stats_sum_link(&oz->convert.stats, stats);
}

static const struct net_device_ops ozp_device_ops = {
	.ndo_init = ozp_device_init,
	.ndo_uninit = ozp_device_uninit,
	.ndo_open = ozp_device_open,
	.ndo_stop = ozp_device_stop,
	.ndo_start_xmit = ozp_device_xmit,
	.ndo_get_stats64 = ozp_device_stats,
};

static const struct device_type ozp_device_type = { .name = "ozproxy" };

static void ozp_link_setup(struct net_device *dev)
{
	/* Packets that are lists of packets are taken apart before they come
	 * here: nothing below could give their datagrams a checksum.
	 */
	const netdev_features_t gso = NETIF_F_GSO_SOFTWARE &
				      ~NETIF_F_GSO_FRAGLIST;
	const netdev_features_t features = NETIF_F_SG | NETIF_F_FRAGLIST |
					   NETIF_F_HW_CSUM | NETIF_F_RXCSUM |
					   NETIF_F_HIGHDMA | gso;

	dev->netdev_ops = &ozp_device_ops;
	dev->ethtool_ops = &ozp_ethtool_ops;
	SET_NETDEV_DEVTYPE(dev, &ozp_device_type);
	dev->needs_free_netdev = true;

	/* Bare IP: no link layer header, no neighbours. */
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->hard_header_len = 0;
	dev->addr_len = 0;
	dev->needed_headroom = LL_MAX_HEADER + OZP_TUNNEL_OVERHEAD;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = IP_MAX_MTU - OZP_TUNNEL_OVERHEAD;

	dev->features |= features;
	dev->hw_features |= features;
	/* With its outer headers, a large packet still has an IP length. */
	netif_set_tso_max_size(dev, IP_MAX_MTU - OZP_TUNNEL_OVERHEAD);
	ozp_compat_set_lltx(dev);
	/* A packet that cannot be sent is answered along the way it came. */
	netif_keep_dst(dev);
}

static int ozp_link_validate(struct nlattr *tb[], struct nlattr *data[],
			     struct netlink_ext_ack *extack)
{
	if (tb[IFLA_ADDRESS]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_ADDRESS],
				    "an ozproxy device has no link layer address");
		return -EINVAL;
	}
	return 0;
}

/* The second device on a port could never be opened: say so early. */
static int ozp_link_check_port(struct net *net, const struct ozp_device *self,
			       __be16 port, struct nlattr *data[],
			       struct netlink_ext_ack *extack)
{
	if (!ozp_underlay_has_port(net, self, port))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, data ? data[IFLA_OZPROXY_PORT] : NULL,
			    "another ozproxy device has this UDP port in the same namespace");
	return -EADDRINUSE;
}

/* Root of a namespace may make devices, which hold memory of the whole machine. */
static int ozp_link_check_guest(bool is_guest, struct netlink_ext_ack *extack)
{
	if (!is_guest ||
	    atomic_read(&ozp_guest_devices) < OZP_GUEST_DEVICES_MAX)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "user namespaces have as many ozproxy devices as they may; more need CAP_NET_ADMIN in the initial one");
	return -ENOSPC;
}

static int ozp_link_create(struct net *net, struct net_device *dev,
			   struct nlattr *tb[], struct nlattr *data[],
			   struct netlink_ext_ack *extack)
{
	struct ozp_device *oz = netdev_priv(dev);
	struct ozp_link_config config;
	int err;

	oz->is_guest = !capable(CAP_NET_ADMIN);
	err = ozp_link_check_guest(oz->is_guest, extack);
	if (err)
		return err;
	ozp_link_default(&config);
	err = ozp_link_parse(&config, data, extack);
	if (err)
		return err;
	err = ozp_link_check_port(net, NULL, config.port, data, extack);
	if (err)
		goto err_free_locals;

	if (!tb[IFLA_MTU])
		dev->mtu = ozp_tunnel_default_mtu(net);
	rcu_assign_pointer(oz->convert.tunnel.net, net);
	oz->initial = &config;
	err = register_netdevice(dev);
	if (err)
		goto err_free_locals;
	return 0;

err_free_locals:
	kfree(config.locals);
	return err;
}

OZP_COMPAT_NEWLINK(ozp_link_new, ozp_link_create)

/* The options as they are; @locals stays the device's. */
static void ozp_link_current(const struct ozp_convert *cv,
			     struct ozp_link_config *config)
{
	config->port = cv->tunnel.port;
	config->networks = cv->networks;
	config->locals = rtnl_dereference(cv->locals);
	config->convert = cv->options;
	config->flows = cv->flows->options;
	config->misses = cv->misses.options;
	config->arrivals = cv->arrivals.options;
	config->tunnel = cv->tunnel.options;
	config->affinities = cv->affinities.options;
	config->fragments = cv->fragments[0].options;
	config->service_limit = cv->table.service_limit;
	config->instance_limit = cv->table.instance_limit;
}

static int ozp_link_check_change(struct net_device *dev,
				 const struct ozp_link_config *config,
				 struct nlattr *data[],
				 struct netlink_ext_ack *extack)
{
	struct ozp_device *oz = netdev_priv(dev);
	struct ozp_convert *cv = &oz->convert;
	struct net *net = rtnl_dereference(cv->tunnel.net);
	struct nlattr *attr;

	if (memcmp(&config->networks, &cv->networks, sizeof(cv->networks))) {
		attr = data[IFLA_OZPROXY_SERVICE_IPV4] ?:
		       data[IFLA_OZPROXY_SERVICE_IPV4_PREFIX] ?:
		       data[IFLA_OZPROXY_SERVICE_IPV6] ?:
		       data[IFLA_OZPROXY_SERVICE_IPV6_PREFIX];
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the service networks are fixed when the device is created");
		return -EOPNOTSUPP;
	}
	if (config->port == cv->tunnel.port)
		return 0;
	if (dev->flags & IFF_UP) {
		NL_SET_ERR_MSG_ATTR(extack, data[IFLA_OZPROXY_PORT],
				    "the port can change only while the device is down");
		return -EBUSY;
	}
	return net ? ozp_link_check_port(net, oz, config->port, data, extack) :
		     0;
}

/* Whoever may change the device may not therefore open ports in the namespace
 * of its underlay, which another user may own.
 */
static bool ozp_link_may_change(const struct net_device *dev,
				const struct ozp_convert *cv)
{
	struct net *net = rtnl_dereference(cv->tunnel.net);

	return !net || net_eq(net, dev_net(dev)) ||
	       ns_capable(net->user_ns, CAP_NET_ADMIN);
}

static int ozp_link_change(struct net_device *dev, struct nlattr *tb[],
			   struct nlattr *data[],
			   struct netlink_ext_ack *extack)
{
	struct ozp_device *oz = netdev_priv(dev);
	struct ozp_convert *cv = &oz->convert;
	struct ozp_locals *old = rtnl_dereference(cv->locals);
	struct ozp_link_config config;
	int err;

	if (!data)
		return 0;
	if (!ozp_link_may_change(dev, cv)) {
		NL_SET_ERR_MSG(extack,
			       "needs CAP_NET_ADMIN in the namespace of the underlay, too");
		return -EPERM;
	}
	memset(&config, 0, sizeof(config));
	ozp_link_current(cv, &config);
	err = ozp_link_parse(&config, data, extack);
	if (err)
		return err;
	err = ozp_link_check_change(dev, &config, data, extack);
	if (err) {
		if (config.locals != old)
			kfree(config.locals);
		return err;
	}
	rcu_assign_pointer(cv->locals, config.locals);
	if (config.locals != old && old)
		kfree_rcu(old, rcu);
	ozp_link_apply(cv, &config);
	return 0;
}

static size_t ozp_link_get_size(const struct net_device *dev)
{
	return ozp_link_size();
}

static int ozp_link_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct ozp_device *oz = netdev_priv(dev);
	struct ozp_link_config config;

	ozp_link_current(&oz->convert, &config);
	return ozp_link_fill(skb, &config);
}

static struct net *ozp_link_get_net(const struct net_device *dev)
{
	const struct ozp_device *oz = netdev_priv(dev);
	struct net *net = rtnl_dereference(oz->convert.tunnel.net);

	return net ?: dev_net(dev);
}

static struct rtnl_link_ops ozp_link_ops __read_mostly = {
	.kind = "ozproxy",
	.maxtype = IFLA_OZPROXY_MAX,
	.policy = ozp_link_policy,
	.priv_size = sizeof(struct ozp_device),
	.setup = ozp_link_setup,
	.validate = ozp_link_validate,
	.newlink = ozp_link_new,
	.changelink = ozp_link_change,
	.get_size = ozp_link_get_size,
	.fill_info = ozp_link_fill_info,
	.get_link_net = ozp_link_get_net,
};

/**
 * ozp_device_register() - offer the link kind
 * @events: what the layer above wants to know of
 *
 * Return: 0 or a negative errno.
 */
int __init ozp_device_register(const struct ozp_device_events *events)
{
	int err;

	ozp_device_events = events;
	err = ozp_underlay_register();
	if (err)
		return err;
	err = rtnl_link_register(&ozp_link_ops);
	if (err)
		ozp_underlay_unregister();
	return err;
}

/**
 * ozp_device_unregister() - end all devices and withdraw the link kind
 *
 * May sleep, for as long as requests hold devices.
 */
void ozp_device_unregister(void)
{
	rtnl_link_unregister(&ozp_link_ops);
	ozp_underlay_unregister();
}

MODULE_ALIAS_RTNL_LINK("ozproxy");
