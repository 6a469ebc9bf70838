// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * What the library makes of answers about links and routes, and ozctl of that.
 * The first byte of the input says which question was asked; the rest is the
 * kernel's.
 */
#include <errno.h>
#include <string.h>
#include "kernel.h"
#include "link.h"
#include "show.h"

static int take_device(const struct ozp_device *device, void *data)
{
	struct emit text = { .out = data },
		    json = { .out = data, .json = true };

	must(memchr(device->ifname, '\0', sizeof(device->ifname)));
	show_device(&text, device);
	show_device(&json, device);
	return 0;
}

static int get_device(struct ozp_socket *sock)
{
	struct ozp_device device;
	int err;

	err = ozp_device_get(sock, "oz0", &device);
	if (err)
		return err;
	take_device(&device, drain());
	ozp_device_free(&device);
	return 0;
}

static int add_device(struct ozp_socket *sock)
{
	struct ozp_link link = { .port = 50103, .flow_limit = 1 };

	OZP_SET(&link, IFLA_OZPROXY_PORT);
	OZP_SET(&link, IFLA_OZPROXY_FLOW_LIMIT);
	return ozp_device_add(sock, "oz0", &link);
}

static int add_route(struct ozp_socket *sock, int family)
{
	struct ozp_device device = {
		.ifindex = 5,
		.link = { .service_ipv4_prefix = 16,
			  .service_ipv6_prefix = 16 },
	};
	enum ozp_change change;

	device.link.service_ipv4.s_addr = htonl(0x0a1e0000);
	memcpy(&device.link.service_ipv6, "\xfd\xff", 2);
	OZP_SET(&device.link, IFLA_OZPROXY_SERVICE_IPV4);
	OZP_SET(&device.link, IFLA_OZPROXY_SERVICE_IPV4_PREFIX);
	OZP_SET(&device.link, IFLA_OZPROXY_SERVICE_IPV6);
	OZP_SET(&device.link, IFLA_OZPROXY_SERVICE_IPV6_PREFIX);
	return ozp_device_route(sock, &device, family, &change);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ozp_socket *sock;
	int err = 0;

	if (!size)
		return 0;
	sock = open_socket();
	kernel_says(data + 1, size - 1);
	switch (*data) {
	case 'g':
		err = get_device(sock);
		break;
	case 'G':
		err = ozp_device_dump(sock, take_device, drain());
		break;
	case 'a':
		err = add_device(sock);
		break;
	case 'r':
		err = add_route(sock, AF_INET);
		break;
	case 'R':
		err = add_route(sock, AF_INET6);
		break;
	}
	must(err <= 0);
	ozp_socket_close(sock);
	return 0;
}
