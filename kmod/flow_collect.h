/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Flow tables as a whole, and the end of flows. */
#ifndef _OZP_FLOW_COLLECT_H
#define _OZP_FLOW_COLLECT_H

#include "flow.h"

/* control path */
void ozp_flows_collect(struct ozp_flows *flows);
u32 ozp_flows_end_matching(struct ozp_flows *flows,
			   bool (*match)(const struct ozp_flow *flow,
					 const void *arg),
			   const void *arg);
void ozp_flows_locality_changed(struct ozp_flows *flows);
void ozp_flows_hold(struct ozp_flows *flows);
void ozp_flows_put(struct ozp_flows *flows);

/* init */
struct ozp_flows *ozp_flows_new(const char *dev_name);
void ozp_flows_release(struct ozp_flows *flows);

#endif /* _OZP_FLOW_COLLECT_H */
