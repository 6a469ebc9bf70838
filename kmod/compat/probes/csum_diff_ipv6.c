// SPDX-License-Identifier: GPL-2.0
/* 6.16, widely backported: the helper is told that the packet is IPv6. */
#include <linux/skbuff.h>
#include <net/checksum.h>

void probe(struct sk_buff *skb, __wsum diff);

void probe(struct sk_buff *skb, __wsum diff)
{
	__sum16 sum = 0;

	inet_proto_csum_replace_by_diff(&sum, skb, diff, true, true);
}
