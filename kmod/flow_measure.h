/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* What is learned from flows. */
#ifndef _OZP_FLOW_MEASURE_H
#define _OZP_FLOW_MEASURE_H

#include "flow.h"

/* packet path */
void ozp_flow_count(const struct ozp_endpoint *source,
		    const struct ozp_endpoint *target, struct ozp_packet *pkt,
		    unsigned int bytes);
void ozp_flow_measure(struct ozp_flow *flow, const struct ozp_conversion *conv,
		      const struct ozp_packet *pkt);

#endif /* _OZP_FLOW_MEASURE_H */
