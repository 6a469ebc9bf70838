/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The link kind "ozproxy".
 *
 * Lock order, outermost first; each may be taken without those before it:
 *
 *   RTNL                  creation, change and end of devices; opening and
 *                         closing of tunnels; struct ozp_net
 *   ozp_underlay_lock     spinlock, BH off: the devices of a namespace, for who
 *                         comes without RTNL
 *   ozp_table.lock        mutex: the conversion table, changes of limits,
 *                         ozp_device.dead
 *   ozp_table.commit      seqlock, BH off: a change becoming visible
 *   ozp_misses.lock       spinlock, BH off: addresses that wait, their packets
 *   ozp_fragments.lock    spinlock, BH off: datagrams in fragments
 *   ozp_flows.convert_lock  spinlock, BH off: replacing a flow's conversion
 *   ozp_services.lock     spinlock, BH off: lists of services and instances;
 *                         with ozp_services.passed, a seqcount for who sums
 *   ozp_affinities.lock   spinlock, BH off: which instances clients had last
 *   ozp_nodes.lock        spinlock, BH off: list of nodes
 *   ozp_traffic_lock      spinlock, BH off: memory of the counters of instances
 *
 * Of the spinlocks only ozp_services.lock is ever taken inside another, inside
 * ozp_table.commit. The packet path takes ozp_misses.lock for an unknown
 * address and, while packets wait, for each new flow, ozp_fragments.lock for a
 * fragment, ozp_affinities.lock for a new flow to a service with affinity, and
 * ozp_flows.convert_lock when an instance of a flow has moved; it reads
 * ozp_table.commit when it finds nothing. Everything else there is RCU.
 * References are dropped with none of the spinlocks held: the last one to an
 * endpoint, which a packet may drop that ends a flow or gives it another
 * conversion, takes ozp_services.lock and ozp_nodes.lock.
 *
 * Life of the objects:
 *
 *   device     netdev; netlink requests hold it while they run
 *   service    a reference of the table while it is offered, one for each of
 *              its instances, and one where the idle watch goes on
 *   instance   a reference for each of its endpoints
 *   endpoint   references: the snapshot that offers it, flows' conversions
 *   snapshot   owned by its service, replaced as a whole
 *   node       one reference for each endpoint there
 *   datagram   owned by the list of its direction until all of its fragments
 *              passed or its time is over, at the latest until the device is
 *              closed
 *   flow       owned by the flow table; marked dying by anyone, who then
 *              unlinks it and leaves it to the reaper; or by a walk, which
 *              unlinks and frees it when it is over
 *   flow table reference of the device, of dumps in progress, and of requests
 *              that end flows
 *   waiting packet
 *              owned by the address that it waits for, until an answer or a
 *              time-out, at the latest until the device is closed: it has a
 *              route, perhaps a socket, of the device's namespace
 *
 * Everything that packets see is freed a grace period after it was unlinked.
 */
#ifndef _OZP_DEVICE_H
#define _OZP_DEVICE_H

#include <linux/list.h>
#include <linux/netdevice.h>

#include "convert.h"
#include "idle.h"

struct ozp_link_config;

/**
 * struct ozp_device - private data of a net device of kind "ozproxy"
 * @convert: what packets meet
 * @initial: the options of a device that is being created, for ndo_init
 * @idle: tells which services are not used any more
 * @underlay_link: in the list of the namespace that has our sockets; see
 *	underlay.c
 * @is_guest: who made it does not administer the machine
 * @dead: the device is being unregistered: no request may use it any more;
 *	protected by @convert.table.lock
 */
struct ozp_device {
	struct ozp_convert convert;
	struct ozp_link_config *initial;
	struct ozp_idle idle;
	struct list_head underlay_link;
	bool is_guest;
	bool dead;
};

/**
 * struct ozp_device_events - what the layer above wants to know of
 * @miss: an address was used that the table does not have; any context that
 *	packets come from, or packets wait for it still
 * @idle: a service was not used for long; with the table locked, may sleep
 */
struct ozp_device_events {
	void (*miss)(struct ozp_device *oz, const struct ozp_miss_info *info);
	void (*idle)(struct ozp_device *oz, struct ozp_service *svc);
};

bool ozp_device_is_ours(const struct net_device *dev);

/* ethtool.c, for device.c */
extern const struct ethtool_ops ozp_ethtool_ops;

/* underlay.c, for device.c */
void ozp_underlay_attach(struct ozp_device *oz, struct net *net);
void ozp_underlay_detach(struct ozp_device *oz);
bool ozp_underlay_has_port(struct net *net, const struct ozp_device *self,
			   __be16 port);
int ozp_underlay_register(void);
void ozp_underlay_unregister(void);

/* init */
int ozp_device_register(const struct ozp_device_events *events);
void ozp_device_unregister(void);

#endif /* _OZP_DEVICE_H */
