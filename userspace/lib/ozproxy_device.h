/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Devices of kind "ozproxy", and what the host needs to send them packets.
 */
#ifndef _OZP_LIB_OZPROXY_DEVICE_H
#define _OZP_LIB_OZPROXY_DEVICE_H

#include <net/if.h>
#include "ozproxy.h"

/**
 * struct ozp_device - A device.
 * @ifindex: interface index
 * @ifname: name
 * @up: it is administratively up
 * @mtu: largest packet, in bytes
 * @link: its properties; service-ipv4 and so on
 */
struct ozp_device {
	uint32_t ifindex;
	char ifname[IF_NAMESIZE];
	bool up;
	uint32_t mtu;
	struct ozp_link link;
};

/** enum ozp_change - What a function did that makes something be so. */
enum ozp_change {
	OZP_CHANGE_NONE, /* it was so */
	OZP_CHANGE_ADDED, /* it was not there */
	OZP_CHANGE_REPLACED, /* something else was there */
};

/**
 * ozp_device_add() - Create a device.
 * @sock: connection
 * @ifname: its name, 1 to 15 bytes
 * @link: its properties; what is not present gets the spec's default
 *
 * Return: 0, or -EEXIST, -EOPNOTSUPP (no module), and the usual ones.
 */
int ozp_device_add(struct ozp_socket *sock, const char *ifname,
		   const struct ozp_link *link);

/**
 * ozp_device_set() - Change properties of a device.
 * @sock: connection
 * @ifindex: the device
 * @link: what to change; @local present and empty means: no local addresses
 *
 * Return: 0, or -EBUSY (only while the device is down), -EOPNOTSUPP (only at
 * creation), and the usual ones.
 */
int ozp_device_set(struct ozp_socket *sock, uint32_t ifindex,
		   const struct ozp_link *link);

/** ozp_device_del() - Delete the device @ifindex. Return: 0 or an error. */
int ozp_device_del(struct ozp_socket *sock, uint32_t ifindex);

/** ozp_device_up() - Bring @ifindex up. Return: 0, or -EADDRINUSE and others. */
int ozp_device_up(struct ozp_socket *sock, uint32_t ifindex);

/**
 * ozp_device_get() - Get one device by its name.
 * @sock: connection
 * @ifname: its name
 * @device: where it goes; ozp_device_free() it. Untouched after an error.
 *
 * Return: 0, or -ENODEV when there is none, or none of our kind.
 */
int ozp_device_get(struct ozp_socket *sock, const char *ifname,
		   struct ozp_device *device);

/**
 * ozp_device_dump() - Get all devices of our kind in the namespace.
 * @sock: connection
 * @cb: called for each, the device is valid during the call; anything but 0
 *   ends the dump and is returned
 * @data: for @cb
 *
 * Return: 0, what @cb returned, or an error.
 */
int ozp_device_dump(struct ozp_socket *sock,
		    int (*cb)(const struct ozp_device *device, void *data),
		    void *data);

/** ozp_device_free() - Free what @device points to, not @device itself. */
void ozp_device_free(struct ozp_device *device);

/**
 * ozp_device_route() - Route a service network of a device through it.
 * @sock: connection
 * @device: the device, which must be up
 * @family: AF_INET or AF_INET6: which of its networks
 * @change: what was done; an equal route of another device is replaced
 *
 * The route is in the main table, of scope link, without a gateway.
 *
 * Return: 0, or -EAFNOSUPPORT when there is no IPv6, here or on a device with
 * such an MTU, and the usual ones.
 */
int ozp_device_route(struct ozp_socket *sock, const struct ozp_device *device,
		     int family, enum ozp_change *change);

/**
 * ozp_forwarding_enable() - Make the host forward packets.
 * @family: AF_INET (net.ipv4.ip_forward) or AF_INET6
 *   (net.ipv6.conf.all.forwarding)
 * @change: OZP_CHANGE_NONE or OZP_CHANGE_REPLACED
 *
 * Return: 0, -EAFNOSUPPORT when there is no IPv6, -EACCES without privileges.
 */
int ozp_forwarding_enable(int family, enum ozp_change *change);

#endif /* _OZP_LIB_OZPROXY_DEVICE_H */
