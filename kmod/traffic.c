// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "traffic.h"

#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/u64_stats_sync.h>

#include "limits.h"

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
 * struct ozp_traffic_block - counters of many instances
 * @link: in ozp_traffic_blocks while there is room
 * @cpu: the counters
 * @used: those that belong to an instance, at least one
 */
struct ozp_traffic_block {
	struct list_head link;
	struct ozp_traffic_cpu __percpu *cpu;
	DECLARE_BITMAP(used, OZP_TRAFFIC_BLOCK);
};

/* Protects the blocks of all devices; taken with BH off. */
static DEFINE_SPINLOCK(ozp_traffic_lock);
static LIST_HEAD(ozp_traffic_blocks);

/**
 * ozp_traffic_count() - count a packet
 * @traffic: the counters
 * @way: which way it goes
 * @bytes: its length
 *
 * Softirq or BH off.
 */
void ozp_traffic_count(const struct ozp_traffic *traffic,
		       enum ozp_traffic_way way, unsigned int bytes)
{
	struct ozp_traffic_cpu *cpu;

	preempt_disable_nested();
	cpu = this_cpu_ptr(traffic->cpu);
	u64_stats_update_begin(&cpu->syncp);
	u64_stats_inc(&cpu->packets[way]);
	u64_stats_add(&cpu->bytes[way], bytes);
	u64_stats_update_end(&cpu->syncp);
	preempt_enable_nested();
}

/**
 * ozp_traffic_add() - add what all CPUs counted
 * @sum: to what
 * @traffic: the counters
 */
void ozp_traffic_add(struct ozp_traffic_sum *sum,
		     const struct ozp_traffic *traffic)
{
	const struct ozp_traffic_cpu *cpu;
	struct ozp_traffic_sum one;
	unsigned int start, way;
	int n;

	for_each_possible_cpu(n) {
		cpu = per_cpu_ptr(traffic->cpu, n);
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

static struct ozp_traffic_block *ozp_traffic_block_new(void)
{
	struct ozp_traffic_block *block;
	int n, i;

	block = kzalloc(sizeof(*block), GFP_KERNEL_ACCOUNT);
	if (!block)
		return NULL;
	block->cpu = __alloc_percpu_gfp(OZP_TRAFFIC_BLOCK * sizeof(*block->cpu),
					__alignof__(*block->cpu),
					GFP_KERNEL_ACCOUNT);
	if (!block->cpu) {
		kfree(block);
		return NULL;
	}
	for_each_possible_cpu(n)
		for (i = 0; i < OZP_TRAFFIC_BLOCK; i++)
			u64_stats_init(&per_cpu_ptr(block->cpu, n)[i].syncp);
	return block;
}

static void ozp_traffic_block_release(struct ozp_traffic_block *block)
{
	free_percpu(block->cpu);
	kfree(block);
}

/* Those of a block with room, if there is one. */
static bool ozp_traffic_take(struct ozp_traffic *traffic)
{
	struct ozp_traffic_block *block;
	unsigned int i;

	lockdep_assert_held(&ozp_traffic_lock);
	block = list_first_entry_or_null(&ozp_traffic_blocks,
					 struct ozp_traffic_block, link);
	if (!block)
		return false;
	i = find_first_zero_bit(block->used, OZP_TRAFFIC_BLOCK);
	__set_bit(i, block->used);
	if (bitmap_full(block->used, OZP_TRAFFIC_BLOCK))
		list_del(&block->link);
	traffic->cpu = block->cpu + i;
	traffic->block = block;
	return true;
}

static void ozp_traffic_clear(struct ozp_traffic *traffic)
{
	struct ozp_traffic_cpu *cpu;
	unsigned int way;
	int n;

	for_each_possible_cpu(n) {
		cpu = per_cpu_ptr(traffic->cpu, n);
		for (way = 0; way < OZP_TRAFFIC_COUNT; way++) {
			u64_stats_set(&cpu->packets[way], 0);
			u64_stats_set(&cpu->bytes[way], 0);
		}
	}
}

/**
 * ozp_traffic_init() - make counters that have counted nothing
 * @traffic: to be filled in
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int ozp_traffic_init(struct ozp_traffic *traffic)
{
	struct ozp_traffic_block *block;
	bool taken;

	spin_lock_bh(&ozp_traffic_lock);
	taken = ozp_traffic_take(traffic);
	spin_unlock_bh(&ozp_traffic_lock);
	if (!taken) {
		block = ozp_traffic_block_new();
		if (!block)
			return -ENOMEM;
		spin_lock_bh(&ozp_traffic_lock);
		list_add(&block->link, &ozp_traffic_blocks);
		ozp_traffic_take(traffic);
		spin_unlock_bh(&ozp_traffic_lock);
	}
	ozp_traffic_clear(traffic);
	return 0;
}

/**
 * ozp_traffic_uninit() - free counters
 * @traffic: nobody counts any more
 *
 * Any context but hard interrupts.
 */
void ozp_traffic_uninit(struct ozp_traffic *traffic)
{
	struct ozp_traffic_block *block = traffic->block;
	bool is_unused;

	spin_lock_bh(&ozp_traffic_lock);
	if (bitmap_full(block->used, OZP_TRAFFIC_BLOCK))
		list_add(&block->link, &ozp_traffic_blocks);
	__clear_bit(traffic->cpu - block->cpu, block->used);
	is_unused = bitmap_empty(block->used, OZP_TRAFFIC_BLOCK);
	if (is_unused)
		list_del(&block->link);
	spin_unlock_bh(&ozp_traffic_lock);
	if (is_unused)
		ozp_traffic_block_release(block);
}
