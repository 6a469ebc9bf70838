// SPDX-License-Identifier: GPL-2.0
/* Self-check: everything that the probes stand on compiles. */
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/flow.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>

unsigned int probe(const struct sk_buff *skb);

unsigned int probe(const struct sk_buff *skb)
{
	return skb->len;
}
