// SPDX-License-Identifier: GPL-2.0
/* Self-check: a function that no kernel has is refused. */
#include <linux/skbuff.h>

void probe(struct sk_buff *skb);

void probe(struct sk_buff *skb)
{
	ozp_no_kernel_has_this_function(skb);
}
