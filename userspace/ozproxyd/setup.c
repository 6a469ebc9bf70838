// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "setup.h"
#include <errno.h>
#include <string.h>
#include "local.h"
#include "mem.h"

const char *setup_why(const struct ozp_socket *sock, int err)
{
	const struct ozp_error *error = ozp_socket_error(sock);

	if (error->module)
		return "the module ozproxy is not loaded";
	if (*error->message)
		return error->message;
	if (err == -EEXIST)
		return "there is a device of this name, of another kind";
	return strerror(-err);
}

static void add_address(struct ozp_link *link, const struct ip *ip)
{
	const void *address = ip->family == AF_INET ? (const void *)&ip->v4 :
						      &ip->v6;

	if (ip->family)
		mem_need(ozp_link_add_local(link, ip->family, address) ? NULL :
									 link);
}

static void add_local(struct ozp_link *link, const struct own *own)
{
	add_address(link, &own->v4);
	add_address(link, &own->v6);
}

static void fill_link(const struct setup *setup, const struct own *own,
		      struct ozp_link *link)
{
	memset(link, 0, sizeof(*link));
	link->idle_timeout = setup->idle_timeout;
	OZP_SET(link, IFLA_OZPROXY_IDLE_TIMEOUT);
	link->miss_timeout = setup->miss_timeout;
	OZP_SET(link, IFLA_OZPROXY_MISS_TIMEOUT);
	OZP_SET(link, IFLA_OZPROXY_LOCAL);
	add_local(link, own);
}

static int make_device(struct ozp_socket *sock, const struct setup *setup,
		       const struct own *own)
{
	struct ozp_link link;
	int err;

	fill_link(setup, own, &link);
	link.port = setup->port;
	OZP_SET(&link, IFLA_OZPROXY_PORT);
	err = ozp_device_add(sock, setup->device, &link);
	ozp_link_free(&link);
	if (!err)
		log_info("%s made", setup->device);
	return err;
}

static int configure_device(struct ozp_socket *sock, const struct setup *setup,
			    const struct own *own,
			    const struct ozp_device *device)
{
	static bool said;
	struct ozp_link link;
	int err;

	fill_link(setup, own, &link);
	if (device->link.port != setup->port) {
		link.port = setup->port;
		OZP_SET(&link, IFLA_OZPROXY_PORT);
	}
	err = ozp_device_set(sock, device->ifindex, &link);
	if (err == -EBUSY)
		log_once(&said, "%s has port %u and is up: take it down first",
			 device->ifname, device->link.port);
	ozp_link_free(&link);
	return err;
}

int setup_find(struct ozp_socket *sock, const struct setup *setup,
	       const struct own *own, struct ozp_device *device, bool *is_made)
{
	int err;

	err = ozp_device_get(sock, setup->device, device);
	if (!err) {
		err = configure_device(sock, setup, own, device);
		if (err)
			ozp_device_free(device);
		return err;
	}
	if (err != -ENODEV)
		return err;
	err = make_device(sock, setup, own);
	*is_made = !err;
	return err ?: ozp_device_get(sock, setup->device, device);
}

static int route_family(struct ozp_socket *sock,
			const struct ozp_device *device, int family,
			enum log_level level)
{
	enum ozp_change change;
	static bool said;
	int err;

	err = ozp_device_route(sock, device, family, &change);
	if (family == AF_INET6 && (err == -EAFNOSUPPORT || err == -EACCES)) {
		log_debug("no IPv6: %s", setup_why(sock, err));
		return 0;
	}
	if (err) {
		log_write(level, "%s: no route of %s: %s: trying again",
			  device->ifname, family == AF_INET ? "IPv4" : "IPv6",
			  setup_why(sock, err));
		return err;
	}
	err = ozp_forwarding_enable(family, &change);
	/* A container of ours may not write there; the host was asked to. */
	if (err)
		log_once(&said, "forwarding could not be turned on: %s",
			 strerror(-err));
	return 0;
}

int setup_up(struct ozp_socket *sock, const struct ozp_device *device,
	     enum log_level level)
{
	int err, v4, v6;

	err = device->up ? 0 : ozp_device_up(sock, device->ifindex);
	if (err) {
		log_write(level, "%s cannot be brought up: %s: trying again",
			  device->ifname, setup_why(sock, err));
		return err;
	}
	v4 = route_family(sock, device, AF_INET, level);
	v6 = route_family(sock, device, AF_INET6, level);
	return v4 ?: v6;
}

int setup_move(struct ozp_socket *sock, uint32_t ifindex,
	       const struct setup *setup, const struct own *own,
	       const struct own *also)
{
	struct ozp_link link;
	int err;

	fill_link(setup, own, &link);
	/* The kernel wants each of them once. */
	if (also && !local_is_same_ip(&also->v4, &own->v4))
		add_address(&link, &also->v4);
	if (also && !local_is_same_ip(&also->v6, &own->v6))
		add_address(&link, &also->v6);
	err = ozp_device_set(sock, ifindex, &link);
	ozp_link_free(&link);
	return err;
}
