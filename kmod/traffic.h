/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Packets to and from an instance, counted per CPU: no cache line that CPUs share
 * is written for a packet. Costs 32 bytes a CPU and instance.
 *
 * Their memory is taken for many instances at once: the kernel's allocator goes
 * through all that it gave away to find place for one, which was half of what a new
 * service costs (11,000 of 24,000 instructions, with 20,000 services).
 */
#ifndef _OZP_TRAFFIC_H
#define _OZP_TRAFFIC_H

#include <linux/types.h>

struct ozp_traffic_block;
struct ozp_traffic_cpu;

/**
 * enum ozp_traffic_way - which way a packet went
 * @OZP_TRAFFIC_TO: to the instance
 * @OZP_TRAFFIC_FROM: from the instance
 * @OZP_TRAFFIC_COUNT: how many ways there are
 */
enum ozp_traffic_way {
	OZP_TRAFFIC_TO,
	OZP_TRAFFIC_FROM,
	OZP_TRAFFIC_COUNT,
};

/**
 * struct ozp_traffic_sum - the traffic of one or more instances
 * @packets: packets that were converted, by way
 * @bytes: their bytes from the IP header on
 */
struct ozp_traffic_sum {
	u64 packets[OZP_TRAFFIC_COUNT];
	u64 bytes[OZP_TRAFFIC_COUNT];
};

/**
 * struct ozp_traffic - the counters of an instance
 * @cpu: what each CPU counted
 * @block: the memory that they are in
 */
struct ozp_traffic {
	struct ozp_traffic_cpu __percpu *cpu;
	struct ozp_traffic_block *block;
};

/* packet path */
void ozp_traffic_count(const struct ozp_traffic *traffic,
		       enum ozp_traffic_way way, unsigned int bytes);

/* control path */
void ozp_traffic_add(struct ozp_traffic_sum *sum,
		     const struct ozp_traffic *traffic);
int ozp_traffic_init(struct ozp_traffic *traffic);
void ozp_traffic_uninit(struct ozp_traffic *traffic);

#endif /* _OZP_TRAFFIC_H */
