// SPDX-License-Identifier: GPL-2.0
/* Self-check: an argument of another pointer type is refused. */
#include <linux/netdevice.h>
#include <linux/skbuff.h>

void probe(struct net_device *dev);

void probe(struct net_device *dev)
{
	skb_put(dev, 1);
}
