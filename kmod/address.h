/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* An address of either family, the only form that the module has them in. */
#ifndef _OZP_ADDRESS_H
#define _OZP_ADDRESS_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/types.h>
#include <net/ipv6.h>

/**
 * union ozp_addr - an address of either family
 * @ip4: the IPv4 address; the other twelve bytes are zero
 * @ip6: the IPv6 address
 */
union ozp_addr {
	__be32 ip4;
	struct in6_addr ip6;
};

/* Per-family arrays: 0 is IPv4, 1 is IPv6. */
#define OZP_FAMILIES 2

static inline u8 ozp_family(int index)
{
	return index ? AF_INET6 : AF_INET;
}

static inline int ozp_family_index(u8 family)
{
	return family == AF_INET6;
}

static inline bool ozp_addr_is_equal(const union ozp_addr *a,
				     const union ozp_addr *b)
{
	return ipv6_addr_equal(&a->ip6, &b->ip6);
}

/**
 * ozp_addr_is_set() - whether a configured address is there
 * @addr: the address
 *
 * Return: whether it is not all zero.
 */
static inline bool ozp_addr_is_set(const union ozp_addr *addr)
{
	return !ipv6_addr_any(&addr->ip6);
}

/**
 * struct ozp_address - an address that says which family it is of
 * @addr: the address
 * @family: AF_INET, AF_INET6, or 0 for no address
 *
 * What holds more beside it has the two as they are, where they take least room.
 */
struct ozp_address {
	union ozp_addr addr;
	u8 family;
};

static inline bool ozp_address_is_equal(const struct ozp_address *a,
					const struct ozp_address *b)
{
	return a->family == b->family && ozp_addr_is_equal(&a->addr, &b->addr);
}

/**
 * ozp_addr_to_sockaddr() - an address and a port as printk() and others know them
 * @sockaddr: room for a struct sockaddr_in6, whatever the family
 * @family: AF_INET, AF_INET6, or 0 for no address
 * @addr: the address
 * @port: the port
 */
static inline void ozp_addr_to_sockaddr(void *sockaddr, u8 family,
					const union ozp_addr *addr, __be16 port)
{
	struct sockaddr_in6 *sin6 = sockaddr;
	struct sockaddr_in *sin = sockaddr;

	memset(sockaddr, 0, sizeof(*sin6));
	if (family == AF_INET) {
		sin->sin_family = AF_INET;
		sin->sin_port = port;
		sin->sin_addr.s_addr = addr->ip4;
	} else if (family == AF_INET6) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = port;
		sin6->sin6_addr = addr->ip6;
	}
}

#endif /* _OZP_ADDRESS_H */
