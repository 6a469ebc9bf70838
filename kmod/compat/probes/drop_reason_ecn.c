// SPDX-License-Identifier: GPL-2.0
/* 6.14, widely backported: a core reason for contradicting congestion marks. */
#include <linux/skbuff.h>

enum skb_drop_reason probe(void);

enum skb_drop_reason probe(void)
{
	return SKB_DROP_REASON_IP_TUNNEL_ECN;
}
