// SPDX-License-Identifier: GPL-2.0
/* Gone in 7.1: IPv6 is reached through a table of functions. */
#include <linux/netdevice.h>
#include <net/ipv6_stubs.h>

bool probe(void);

bool probe(void)
{
	return ipv6_stub->ipv6_dst_lookup_flow;
}
