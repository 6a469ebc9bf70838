/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* What a flow does to its packets, and between whom. */
#ifndef _OZP_CONVERSION_H
#define _OZP_CONVERSION_H

#include <linux/types.h>

#include "rewrite.h"
#include "service.h"

/**
 * struct ozp_conversion - what a flow does to its packets, immutable
 * @source: endpoint of the sender (holds a reference)
 * @target: endpoint of the chosen instance (holds a reference)
 * @out: to the packets of the container: our Instance IP, the Namespace IP
 * @in: to the replies: the Service IP as source; the addresses of both are those
 *	of the endpoints and of the flow
 * @hash: tells flows apart, for those who spread them
 * @epoch: of the flow table when @local was decided
 * @local: the target is on this node
 * @rcu: defers freeing
 */
struct ozp_conversion {
	struct ozp_endpoint *source;
	struct ozp_endpoint *target;
	struct ozp_rewrite out;
	struct ozp_rewrite in;
	u32 hash;
	u32 epoch;
	bool local;
	struct rcu_head rcu;
};

/**
 * struct ozp_flow_parties - who talks to whom; nothing here is owned
 * @source: endpoint of the sender
 * @target: endpoint of the chosen instance
 * @epoch: of the flow table, read before @local was decided
 * @local: the target is on this node
 * @opens: the packet opens a TCP connection: one that is closing makes room
 */
struct ozp_flow_parties {
	struct ozp_endpoint *source;
	struct ozp_endpoint *target;
	u32 epoch;
	bool local;
	bool opens;
};

/**
 * enum ozp_flow_refresh - what became of the instances of a flow
 * @OZP_FLOW_CURRENT: they are where the conversion says, or were found again
 * @OZP_FLOW_ASLEEP: the target was cleared as idle and may come back
 * @OZP_FLOW_SOURCE_ASLEEP: the same with the source, or it is not on this node
 * @OZP_FLOW_GONE: the target was removed, or is not the one that the tuples mean
 * @OZP_FLOW_OVER: the same with the source
 */
enum ozp_flow_refresh {
	OZP_FLOW_CURRENT,
	OZP_FLOW_ASLEEP,
	OZP_FLOW_SOURCE_ASLEEP,
	OZP_FLOW_GONE,
	OZP_FLOW_OVER,
};

#endif /* _OZP_CONVERSION_H */
