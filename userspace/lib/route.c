// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <errno.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "link.h"

/* A service network, and the route to it that is there. */
struct network {
	int family;
	const void *address;
	size_t size;
	uint8_t prefix;
	uint32_t ifindex; /* where it shall go */
	bool has_ours;
	bool has_other;
};

static int network_of(const struct ozp_device *device, int family,
		      struct network *network)
{
	const struct ozp_link *link = &device->link;

	memset(network, 0, sizeof(*network));
	network->family = family;
	network->ifindex = device->ifindex;
	if (family == AF_INET && OZP_HAS(link, IFLA_OZPROXY_SERVICE_IPV4) &&
	    OZP_HAS(link, IFLA_OZPROXY_SERVICE_IPV4_PREFIX)) {
		network->address = &link->service_ipv4;
		network->size = sizeof(link->service_ipv4);
		network->prefix = link->service_ipv4_prefix;
		return 0;
	}
	if (family == AF_INET6 && OZP_HAS(link, IFLA_OZPROXY_SERVICE_IPV6) &&
	    OZP_HAS(link, IFLA_OZPROXY_SERVICE_IPV6_PREFIX)) {
		network->address = &link->service_ipv6;
		network->size = sizeof(link->service_ipv6);
		network->prefix = link->service_ipv6_prefix;
		return 0;
	}
	return -EAFNOSUPPORT;
}

static uint32_t get_u32(const struct nlattr *nla)
{
	return mnl_attr_get_payload_len(nla) == sizeof(uint32_t) ?
		       mnl_attr_get_u32(nla) :
		       0;
}

/* Note in @data whether this route is one to the network. */
static int compare_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(nlh);
	uint32_t table = 0, ifindex = 0, metric = 0;
	struct network *network = data;
	bool is_same = false, has_gateway = false;
	const struct nlattr *nla;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*route) ||
	    route->rtm_family != network->family ||
	    route->rtm_dst_len != network->prefix || route->rtm_tos ||
	    route->rtm_flags & RTM_F_CLONED)
		return 0;
	mnl_attr_for_each(nla, nlh, sizeof(*route))
	{
		switch (mnl_attr_get_type(nla)) {
		case RTA_DST:
			is_same = mnl_attr_get_payload_len(nla) ==
					  network->size &&
				  !memcmp(mnl_attr_get_payload(nla),
					  network->address, network->size);
			break;
		case RTA_TABLE:
			table = get_u32(nla);
			break;
		case RTA_OIF:
			ifindex = get_u32(nla);
			break;
		case RTA_PRIORITY:
			metric = get_u32(nla);
			break;
		case RTA_GATEWAY:
		case RTA_VIA:
			has_gateway = true;
			break;
		}
	}
	/* What has another metric stands beside ours. */
	if (!is_same || table != RT_TABLE_MAIN ||
	    metric != (network->family == AF_INET ? 0 : IP6_RT_PRIO_USER))
		return 0;
	if (ifindex == network->ifindex && !has_gateway &&
	    route->rtm_type == RTN_UNICAST)
		network->has_ours = true;
	else
		network->has_other = true;
	return 0;
}

static struct nlmsghdr *route_build(struct ozp_socket *sock, uint16_t type,
				    uint16_t flags,
				    const struct network *network)
{
	struct nlmsghdr *nlh;
	struct rtmsg *route;

	nlh = ozp_socket_begin(sock, type, flags);
	route = mnl_nlmsg_put_extra_header(nlh, sizeof(*route));
	route->rtm_family = (unsigned char)network->family;
	route->rtm_table = RT_TABLE_MAIN;
	return nlh;
}

static int route_talk(struct ozp_socket *sock, struct ozp_talk *talk)
{
	talk->channel = &sock->route;
	talk->request.header = sizeof(struct rtmsg);
	return ozp_socket_talk(sock, talk);
}

static int route_replace(struct ozp_socket *sock, const struct network *network)
{
	struct ozp_talk talk = {};
	struct nlmsghdr *nlh;
	struct rtmsg *route;

	nlh = route_build(sock, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
			  network);
	route = mnl_nlmsg_get_payload(nlh);
	route->rtm_dst_len = network->prefix;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_LINK;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put(nlh, RTA_DST, network->size, network->address);
	mnl_attr_put_u32(nlh, RTA_OIF, network->ifindex);
	return route_talk(sock, &talk);
}

static bool path_exists(const char *path)
{
	return !access(path, F_OK);
}

static const char *forwarding_path(int family)
{
	return family == AF_INET ? "/proc/sys/net/ipv4/ip_forward" :
				   "/proc/sys/net/ipv6/conf/all/forwarding";
}

int ozp_device_route(struct ozp_socket *sock, const struct ozp_device *device,
		     int family, enum ozp_change *change)
{
	struct network network;
	struct ozp_talk talk = { .cb = compare_route, .data = &network };
	int err;

	err = network_of(device, family, &network);
	if (err)
		return ozp_socket_fail(sock, err,
				       "the device has no network "
				       "of this family");
	if (family == AF_INET6 && !path_exists(forwarding_path(family)))
		return ozp_socket_fail(sock, -EAFNOSUPPORT,
				       "this host has no IPv6");
	/* A device with less has none (RFC 8200, section 5). */
	if (family == AF_INET6 && device->mtu < IPV6_MIN_MTU)
		return ozp_socket_fail(sock, -EAFNOSUPPORT,
				       "its MTU is too small for IPv6");
	route_build(sock, RTM_GETROUTE, NLM_F_DUMP, &network);
	err = route_talk(sock, &talk);
	/* A namespace without any route has no table. */
	if (err && err != -ENOENT)
		return err;
	*change = network.has_other ? OZP_CHANGE_REPLACED :
		  network.has_ours  ? OZP_CHANGE_NONE :
				      OZP_CHANGE_ADDED;
	return *change == OZP_CHANGE_NONE ? 0 : route_replace(sock, &network);
}

int ozp_forwarding_enable(int family, enum ozp_change *change)
{
	const char *path = forwarding_path(family);
	char value = '\0';
	int fd, err = 0;

	*change = OZP_CHANGE_NONE;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EAFNOSUPPORT : -errno;
	if (read(fd, &value, 1) < 0)
		err = -errno;
	close(fd);
	if (err || (value != '0' && value != '\0'))
		return err;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, "1\n", 2) < 0)
		err = -errno;
	close(fd);
	if (!err)
		*change = OZP_CHANGE_REPLACED;
	return err;
}
