// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "traffic.h"

#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

/**
 * struct ozp_traffic_cpu - what one CPU counted
 * @packets: packets by way
 * @bytes: bytes by way
 * @syncp: makes 64-bit values whole for readers on 32-bit machines
 */
struct ozp_traffic_cpu {
	u64_stats_t packets[OZP_TRAFFIC_COUNT];
	u64_stats_t bytes[OZP_TRAFFIC_COUNT];
	struct u64_stats_sync syncp;
};

/**
 * ozp_traffic_count() - count a packet
 * @traffic: the counters
 * @way: which way it goes
 * @bytes: its length
 *
 * Softirq or BH off.
 */
void ozp_traffic_count(struct ozp_traffic_cpu __percpu *traffic,
		       enum ozp_traffic_way way, unsigned int bytes)
{
	struct ozp_traffic_cpu *cpu = this_cpu_ptr(traffic);

	u64_stats_update_begin(&cpu->syncp);
	u64_stats_inc(&cpu->packets[way]);
	u64_stats_add(&cpu->bytes[way], bytes);
	u64_stats_update_end(&cpu->syncp);
}

/**
 * ozp_traffic_add() - add what all CPUs counted
 * @sum: to what
 * @traffic: the counters
 */
void ozp_traffic_add(struct ozp_traffic_sum *sum,
		     const struct ozp_traffic_cpu __percpu *traffic)
{
	const struct ozp_traffic_cpu *cpu;
	struct ozp_traffic_sum one;
	unsigned int start, way;
	int n;

	for_each_possible_cpu(n) {
		cpu = per_cpu_ptr(traffic, n);
		do {
			start = u64_stats_fetch_begin(&cpu->syncp);
			for (way = 0; way < OZP_TRAFFIC_COUNT; way++) {
				one.packets[way] =
					u64_stats_read(&cpu->packets[way]);
				one.bytes[way] =
					u64_stats_read(&cpu->bytes[way]);
			}
		} while (u64_stats_fetch_retry(&cpu->syncp, start));
		for (way = 0; way < OZP_TRAFFIC_COUNT; way++) {
			sum->packets[way] += one.packets[way];
			sum->bytes[way] += one.bytes[way];
		}
	}
}

/**
 * ozp_traffic_new() - make counters that have counted nothing
 *
 * May sleep.
 *
 * Return: the counters, or NULL without memory.
 */
struct ozp_traffic_cpu __percpu *ozp_traffic_new(void)
{
	return __netdev_alloc_pcpu_stats(struct ozp_traffic_cpu,
					 GFP_KERNEL_ACCOUNT);
}

/**
 * ozp_traffic_release() - free counters
 * @traffic: nobody counts any more
 *
 * Any context but hard interrupts.
 */
void ozp_traffic_release(struct ozp_traffic_cpu __percpu *traffic)
{
	free_percpu(traffic);
}
