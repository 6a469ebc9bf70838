// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "stats.h"

#include <linux/if_link.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/u64_stats_sync.h>

#include "compat.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
#include "trace_flow.h"

/**
 * struct ozp_stats_cpu - what one CPU counted
 * @packets: packets by counter
 * @bytes: bytes by counter
 * @drops: packets by direction and reason
 * @syncp: makes 64-bit values whole for readers on 32-bit machines
 */
struct ozp_stats_cpu {
	u64_stats_t packets[OZP_COUNTER_COUNT];
	u64_stats_t bytes[OZP_COUNTER_COUNT];
	u64_stats_t drops[OZP_DIRECTION_COUNT][OZP_REASON_COUNT];
	struct u64_stats_sync syncp;
};

#define OZP_REASON_STRING(suffix, name, sentence) \
	[OZPROXY_DROP_REASON_##suffix] = name,
static const char * const ozp_reason_names[OZP_REASON_COUNT] = {
	OZP_REASONS(OZP_REASON_STRING)
};

static const char * const ozp_direction_names[OZP_DIRECTION_COUNT] = {
	[OZPROXY_DIRECTION_OUT] = "out",
	[OZPROXY_DIRECTION_IN] = "in",
};

static const char * const ozp_counter_names[OZP_COUNTER_COUNT] = {
	[OZP_COUNTER_OUT_RECEIVED] = "out-received",
	[OZP_COUNTER_OUT_TUNNELLED] = "out-tunnelled",
	[OZP_COUNTER_OUT_LOCAL] = "out-local",
	[OZP_COUNTER_IN_RECEIVED] = "in-received",
	[OZP_COUNTER_IN_DELIVERED] = "in-delivered",
};

/**
 * ozp_stats_count() - count a packet that went on
 * @stats: the counters
 * @counter: which
 * @bytes: its length
 *
 * Softirq or BH off; on PREEMPT_RT that alone does not keep the counters ours.
 */
void ozp_stats_count(struct ozp_stats *stats, enum ozp_counter counter,
		     unsigned int bytes)
{
	struct ozp_stats_cpu *cpu;

	preempt_disable_nested();
	cpu = this_cpu_ptr(stats->cpu);
	u64_stats_update_begin(&cpu->syncp);
	u64_stats_inc(&cpu->packets[counter]);
	u64_stats_add(&cpu->bytes[counter], bytes);
	u64_stats_update_end(&cpu->syncp);
	preempt_enable_nested();
}

/**
 * ozp_drop_count() - count a packet that was lost and is freed already
 * @pkt: what is known of it
 * @reason: why it was lost
 *
 * Softirq or BH off.
 */
void ozp_drop_count(const struct ozp_packet *pkt,
		    enum ozproxy_drop_reason reason)
{
	struct ozp_stats_cpu *cpu;

	trace_ozproxy_drop(pkt->stats->dev_name, pkt->direction, reason,
			   &pkt->tuple);
	preempt_disable_nested();
	cpu = this_cpu_ptr(pkt->stats->cpu);
	u64_stats_update_begin(&cpu->syncp);
	u64_stats_inc(&cpu->drops[pkt->direction][reason]);
	u64_stats_update_end(&cpu->syncp);
	preempt_enable_nested();
}

/* The nearest of the core's reasons, for those who watch skb:kfree_skb (perf,
 * dropwatch): a module cannot have reasons of its own, because the numbers of
 * subsystems are an enum of the core. Ours are in the tracepoint ozproxy_drop. To
 * wait for an address is here what it is for a neighbour.
 */
static const u8 ozp_core_reasons[OZP_REASON_COUNT] = {
	[OZPROXY_DROP_REASON_NOT_IP] = SKB_DROP_REASON_UNHANDLED_PROTO,
	[OZPROXY_DROP_REASON_EMPTY_DATAGRAM] = SKB_DROP_REASON_PKT_TOO_SMALL,
	[OZPROXY_DROP_REASON_TRUNCATED] = SKB_DROP_REASON_HDR_TRUNC,
	[OZPROXY_DROP_REASON_BAD_HEADER] = SKB_DROP_REASON_IP_INHDR,
	[OZPROXY_DROP_REASON_BAD_LENGTH] = SKB_DROP_REASON_IP_INHDR,
	[OZPROXY_DROP_REASON_BAD_ADDRESS] = SKB_DROP_REASON_IP_INADDRERRORS,
	[OZPROXY_DROP_REASON_BAD_FRAGMENT] = SKB_DROP_REASON_IP_INHDR,
	[OZPROXY_DROP_REASON_UNSUPPORTED_PROTOCOL] =
		SKB_DROP_REASON_IP_NOPROTO,
	[OZPROXY_DROP_REASON_UNKNOWN_SOURCE] = SKB_DROP_REASON_IP_RPFILTER,
	[OZPROXY_DROP_REASON_NOT_A_SERVICE] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[OZPROXY_DROP_REASON_UNKNOWN_SERVICE] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[OZPROXY_DROP_REASON_NO_INSTANCE] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[OZPROXY_DROP_REASON_NO_MEMORY] = SKB_DROP_REASON_NOMEM,
	[OZPROXY_DROP_REASON_SOURCE_NOT_SERVICE] = SKB_DROP_REASON_IP_RPFILTER,
	[OZPROXY_DROP_REASON_DESTINATION_NOT_LOCAL] = SKB_DROP_REASON_OTHERHOST,
	[OZPROXY_DROP_REASON_NO_UNDERLAY] = SKB_DROP_REASON_DEV_READY,
	[OZPROXY_DROP_REASON_NO_ROUTE] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[OZPROXY_DROP_REASON_ROUTE_LOOP] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[OZPROXY_DROP_REASON_BACKLOG_FULL] = SKB_DROP_REASON_CPU_BACKLOG,
	[OZPROXY_DROP_REASON_PACKET_TOO_BIG] = SKB_DROP_REASON_PKT_TOO_BIG,
	[OZPROXY_DROP_REASON_MISS_TABLE_FULL] = SKB_DROP_REASON_NEIGH_QUEUEFULL,
	[OZPROXY_DROP_REASON_MISS_SOURCE_FULL] = SKB_DROP_REASON_NEIGH_QUEUEFULL,
	[OZPROXY_DROP_REASON_MISS_QUEUE_FULL] = SKB_DROP_REASON_NEIGH_QUEUEFULL,
	[OZPROXY_DROP_REASON_MISS_SOURCE_QUEUE_FULL] =
		SKB_DROP_REASON_NEIGH_QUEUEFULL,
	[OZPROXY_DROP_REASON_MISS_PACKETS_FULL] =
		SKB_DROP_REASON_NEIGH_QUEUEFULL,
	[OZPROXY_DROP_REASON_MISS_MEMORY_FULL] =
		SKB_DROP_REASON_NEIGH_QUEUEFULL,
	[OZPROXY_DROP_REASON_MISS_TIMEOUT] = SKB_DROP_REASON_NEIGH_FAILED,
	[OZPROXY_DROP_REASON_DEVICE_DOWN] = SKB_DROP_REASON_DEV_READY,
	[OZPROXY_DROP_REASON_SOURCE_ELSEWHERE] = SKB_DROP_REASON_IP_RPFILTER,
	[OZPROXY_DROP_REASON_ARRIVAL_UNKNOWN] = SKB_DROP_REASON_IP_RPFILTER,
	[OZPROXY_DROP_REASON_ARRIVAL_TIMEOUT] = SKB_DROP_REASON_NEIGH_FAILED,
	[OZPROXY_DROP_REASON_ARRIVAL_TABLE_FULL] =
		SKB_DROP_REASON_NEIGH_QUEUEFULL,
	[OZPROXY_DROP_REASON_ARRIVAL_SOURCE_FULL] =
		SKB_DROP_REASON_NEIGH_QUEUEFULL,
	[OZPROXY_DROP_REASON_ARRIVAL_QUEUE_FULL] =
		SKB_DROP_REASON_NEIGH_QUEUEFULL,
	[OZPROXY_DROP_REASON_ARRIVAL_PACKETS_FULL] =
		SKB_DROP_REASON_NEIGH_QUEUEFULL,
};

static enum skb_drop_reason
ozp_drop_core_reason(enum ozproxy_drop_reason reason)
{
	if (reason == OZPROXY_DROP_REASON_ECN)
		return ozp_compat_drop_reason_ecn();
	return ozp_core_reasons[reason] ?: SKB_DROP_REASON_NOT_SPECIFIED;
}

/**
 * ozp_drop() - free a packet that will not be delivered, and say why
 * @skb: the packet, consumed
 * @pkt: what is known of it
 * @reason: why it is dropped
 *
 * The only place of the packet path that frees a packet. Softirq or BH off.
 */
void ozp_drop(struct sk_buff *skb, const struct ozp_packet *pkt,
	      enum ozproxy_drop_reason reason)
{
	ozp_drop_count(pkt, reason);
	kfree_skb_reason(skb, ozp_drop_core_reason(reason));
}

/**
 * ozp_spend() - free a packet that is accounted for by another
 * @skb: the packet, consumed: what it was made into went on, or it is a part of
 *	one that is dropped as a whole
 *
 * Any context.
 */
void ozp_spend(struct sk_buff *skb)
{
	consume_skb(skb);
}

static void ozp_stats_add_cpu(struct ozp_stats_sum *sum,
			      const struct ozp_stats_cpu *cpu,
			      struct ozp_stats_sum *tmp)
{
	u64 *into = (u64 *)sum, *from = (u64 *)tmp;
	unsigned int start, i, j;

	do {
		start = u64_stats_fetch_begin(&cpu->syncp);
		for (i = 0; i < OZP_COUNTER_COUNT; i++) {
			tmp->packets[i] = u64_stats_read(&cpu->packets[i]);
			tmp->bytes[i] = u64_stats_read(&cpu->bytes[i]);
		}
		for (i = 0; i < OZP_DIRECTION_COUNT; i++)
			for (j = 0; j < OZP_REASON_COUNT; j++)
				tmp->drops[i][j] =
					u64_stats_read(&cpu->drops[i][j]);
	} while (u64_stats_fetch_retry(&cpu->syncp, start));

	BUILD_BUG_ON(sizeof(*sum) % sizeof(u64));
	for (i = 0; i < sizeof(*sum) / sizeof(u64); i++)
		into[i] += from[i];
}

/**
 * ozp_stats_sum_new() - add up the counters of all CPUs
 * @stats: the counters
 *
 * Each CPU is read at one moment, the CPUs one after the other. May sleep.
 *
 * Return: the sums, to be freed with kfree(), or NULL without memory.
 */
struct ozp_stats_sum *ozp_stats_sum_new(const struct ozp_stats *stats)
{
	struct ozp_stats_sum *sum;
	int cpu;

	/* The second one is scratch space: too large for the stack. */
	sum = kcalloc(2, sizeof(*sum), GFP_KERNEL);
	if (!sum)
		return NULL;
	for_each_possible_cpu(cpu)
		ozp_stats_add_cpu(sum, per_cpu_ptr(stats->cpu, cpu), sum + 1);
	return sum;
}

/**
 * ozp_stats_sum_link() - fill in the statistics that every link has
 * @stats: the counters
 * @link: rx is what was delivered, tx what left in the tunnel or stayed on the
 *	node, dropped what was not, but for backlog-full, which the core counts
 *
 * Any context: ndo_get_stats64 may run under RCU only.
 */
void ozp_stats_sum_link(const struct ozp_stats *stats,
			struct rtnl_link_stats64 *link)
{
	const struct ozp_stats_cpu *cpu;
	u64 packets[OZP_COUNTER_COUNT], bytes[OZP_COUNTER_COUNT];
	u64 drops[OZP_DIRECTION_COUNT];
	unsigned int start, i, j;
	int n;

	for_each_possible_cpu(n) {
		cpu = per_cpu_ptr(stats->cpu, n);
		do {
			start = u64_stats_fetch_begin(&cpu->syncp);
			memset(drops, 0, sizeof(drops));
			for (i = 0; i < OZP_COUNTER_COUNT; i++) {
				packets[i] = u64_stats_read(&cpu->packets[i]);
				bytes[i] = u64_stats_read(&cpu->bytes[i]);
			}
			for (i = 0; i < OZP_DIRECTION_COUNT; i++)
				for (j = 0; j < OZP_REASON_COUNT; j++)
					if (j != OZPROXY_DROP_REASON_BACKLOG_FULL)
						drops[i] +=
						    u64_stats_read(&cpu->drops[i][j]);
		} while (u64_stats_fetch_retry(&cpu->syncp, start));

		link->rx_packets += packets[OZP_COUNTER_IN_DELIVERED];
		link->rx_bytes += bytes[OZP_COUNTER_IN_DELIVERED];
		link->tx_packets += packets[OZP_COUNTER_OUT_TUNNELLED] +
				    packets[OZP_COUNTER_OUT_LOCAL];
		link->tx_bytes += bytes[OZP_COUNTER_OUT_TUNNELLED] +
				  bytes[OZP_COUNTER_OUT_LOCAL];
		link->rx_dropped += drops[OZPROXY_DIRECTION_IN];
		link->tx_dropped += drops[OZPROXY_DIRECTION_OUT];
	}
}

/**
 * ozp_reason_name() - name of a drop reason as in the spec
 * @reason: the reason
 *
 * Return: static text.
 */
const char *ozp_reason_name(enum ozproxy_drop_reason reason)
{
	return ozp_reason_names[reason];
}

/**
 * ozp_direction_name() - name of a direction as in the spec
 * @direction: the direction
 *
 * Return: static text.
 */
const char *ozp_direction_name(enum ozproxy_direction direction)
{
	return ozp_direction_names[direction];
}

/**
 * ozp_counter_name() - name of a counter as in the spec
 * @counter: the counter
 *
 * Return: static text.
 */
const char *ozp_counter_name(enum ozp_counter counter)
{
	return ozp_counter_names[counter];
}

/**
 * ozp_stats_init() - allocate the counters
 * @stats: to be filled in
 * @dev_name: name of the device; must live as long as @stats
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int ozp_stats_init(struct ozp_stats *stats, const char *dev_name)
{
	stats->dev_name = dev_name;
	stats->cpu = netdev_alloc_pcpu_stats(struct ozp_stats_cpu);
	return stats->cpu ? 0 : -ENOMEM;
}

/**
 * ozp_stats_uninit() - free the counters
 * @stats: nobody counts any more
 */
void ozp_stats_uninit(struct ozp_stats *stats)
{
	free_percpu(stats->cpu);
	stats->cpu = NULL;
}
