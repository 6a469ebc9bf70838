/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* What became of every packet, counted per CPU; and the only way to drop one. */
#ifndef _OZP_STATS_H
#define _OZP_STATS_H

#include <linux/types.h>

#include "packet.h"
#include "verdict.h"

struct ozp_stats_cpu;
struct rtnl_link_stats64;

/* What is counted besides drops; the names are those of the spec. */
enum ozp_counter {
	OZP_COUNTER_OUT_RECEIVED,
	OZP_COUNTER_OUT_TUNNELLED,
	OZP_COUNTER_OUT_LOCAL,
	OZP_COUNTER_IN_RECEIVED,
	OZP_COUNTER_IN_DELIVERED,
	OZP_COUNTER_COUNT,
};

/**
 * struct ozp_stats - the counters of a device
 * @cpu: per CPU
 * @dev_name: name of the device for the tracepoint; may change at any time
 */
struct ozp_stats {
	struct ozp_stats_cpu __percpu *cpu;
	const char *dev_name;
};

/**
 * struct ozp_stats_sum - a snapshot over all CPUs
 * @packets: packets by counter
 * @bytes: bytes by counter, from the inner IP header on; of what the tunnel
 *	received, from the UDP header on
 * @drops: packets by direction and reason
 */
struct ozp_stats_sum {
	u64 packets[OZP_COUNTER_COUNT];
	u64 bytes[OZP_COUNTER_COUNT];
	u64 drops[OZP_DIRECTION_COUNT][OZP_REASON_COUNT];
};

/* packet path */
void ozp_stats_count(struct ozp_stats *stats, enum ozp_counter counter,
		     unsigned int bytes);
void ozp_drop(struct sk_buff *skb, const struct ozp_packet *pkt,
	      enum ozproxy_drop_reason reason);
void ozp_drop_count(const struct ozp_packet *pkt,
		    enum ozproxy_drop_reason reason);
void ozp_spend(struct sk_buff *skb);

/* control path */
struct ozp_stats_sum *ozp_stats_sum_new(const struct ozp_stats *stats);
void ozp_stats_sum_link(const struct ozp_stats *stats,
			struct rtnl_link_stats64 *link);
const char *ozp_reason_name(enum ozproxy_drop_reason reason);
const char *ozp_direction_name(enum ozproxy_direction direction);
const char *ozp_counter_name(enum ozp_counter counter);

/* init */
int ozp_stats_init(struct ozp_stats *stats, const char *dev_name);
void ozp_stats_uninit(struct ozp_stats *stats);

#endif /* _OZP_STATS_H */
