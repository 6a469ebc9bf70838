// SPDX-License-Identifier: GPL-2.0
/* 6.4: a module registers drop reasons of its own. */
#include <linux/skbuff.h>
#include <net/dropreason.h>

void probe(const struct drop_reason_list *list);

void probe(const struct drop_reason_list *list)
{
	drop_reasons_register_subsys(SKB_DROP_REASON_SUBSYS_NUM, list);
}
