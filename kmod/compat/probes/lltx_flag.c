// SPDX-License-Identifier: GPL-2.0
/* 6.12: "transmits without a lock" is a member, no longer a feature bit. */
#include <linux/netdevice.h>

void probe(struct net_device *dev);

void probe(struct net_device *dev)
{
	dev->lltx = true;
}
