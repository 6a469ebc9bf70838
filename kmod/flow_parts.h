/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* What the files of the flow table need of each other, and nobody else. */
#ifndef _OZP_FLOW_PARTS_H
#define _OZP_FLOW_PARTS_H

#include <linux/types.h>

#include "verdict.h"

struct llist_head;
struct ozp_conversion;
struct ozp_flow;
struct ozp_flow_parties;
struct ozp_flows;
struct rhashtable;

enum ozproxy_flow_state ozp_flow_life(const struct ozp_flow *flow);
struct ozp_conversion *
ozp_conversion_new_rcu(const struct ozp_flow *flow,
		       const struct ozp_flow_parties *parties);
void ozp_conversion_release(struct ozp_conversion *conv);
void ozp_flow_enter(struct ozp_flow *flow, const struct ozp_conversion *conv);
void ozp_flow_leave(struct ozp_flow *flow, const struct ozp_conversion *conv);
void ozp_flow_return(struct ozp_flow *flow, const struct ozp_conversion *conv);
bool ozp_flow_end_in_walk(struct ozp_flows *flows, struct ozp_flow *flow,
			  struct llist_head *ended);
u32 ozp_flows_free_ended(struct ozp_flows *flows, struct llist_head *ended);
u32 ozp_flows_reap(struct ozp_flows *flows);
int ozp_flow_table_init(struct rhashtable *table);

#endif /* _OZP_FLOW_PARTS_H */
