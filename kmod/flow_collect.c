// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The end of flows: the only place that unlinks them. */

#include "flow.h"

#include <linux/rhashtable.h>
#include <linux/slab.h>

static struct workqueue_struct *ozp_flow_workqueue;

/* Call @visit for every flow, under RCU. While the table is being resized some
 * flows may be missed or met twice.
 */
static void ozp_flows_walk(struct ozp_flows *flows,
			   void (*visit)(struct ozp_flows *flows,
					 struct ozp_flow *flow, void *arg),
			   void *arg)
{
	struct rhashtable_iter iter;
	struct ozp_flow_key *key;

	rhashtable_walk_enter(&flows->table, &iter);
	rhashtable_walk_start(&iter);
	while ((key = rhashtable_walk_next(&iter))) {
		if (IS_ERR(key))
			continue;
		/* Every flow has an entry for its replies. */
		if (key->direction == OZPROXY_DIRECTION_IN)
			visit(flows, ozp_flow_of_key(key), arg);
		if (need_resched()) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

static bool ozp_flow_is_settled(const struct ozp_flow *flow)
{
	/* Pairs with the barrier in ozp_flow_new_rcu(). */
	return test_bit_acquire(OZP_FLOW_SETTLED, &flow->bits);
}

static void ozp_flow_collect(struct ozp_flows *flows, struct ozp_flow *flow,
			     void *arg)
{
	if (!ozp_flow_is_settled(flow) || !ozp_flow_is_over_rcu(flow))
		return;
	ozp_flow_unlink(flows, flow);
}

/**
 * ozp_flows_collect() - unlink and free all flows that are over
 * @flows: the flow table
 *
 * May sleep.
 */
void ozp_flows_collect(struct ozp_flows *flows)
{
	mutex_lock(&flows->collect_lock);
	ozp_flows_walk(flows, ozp_flow_collect, NULL);
	mutex_unlock(&flows->collect_lock);
}

struct ozp_flow_ending {
	bool (*match)(const struct ozp_flow *flow, const void *arg);
	const void *arg;
	u32 count;
};

static void ozp_flow_end_matching(struct ozp_flows *flows,
				  struct ozp_flow *flow, void *arg)
{
	struct ozp_flow_ending *ending = arg;

	if (!ending->match || ending->match(flow, ending->arg))
		ending->count += !test_and_set_bit(OZP_FLOW_DYING,
						   &flow->bits);
}

/**
 * ozp_flows_end_matching() - end some flows
 * @flows: the flow table
 * @match: says which, called under RCU; NULL ends all
 * @arg: handed to @match
 *
 * May sleep.
 *
 * Return: how many were ended.
 */
u32 ozp_flows_end_matching(struct ozp_flows *flows,
			   bool (*match)(const struct ozp_flow *flow,
					 const void *arg),
			   const void *arg)
{
	struct ozp_flow_ending ending = { .match = match, .arg = arg };

	ozp_flows_walk(flows, ozp_flow_end_matching, &ending);
	ozp_flows_collect(flows);
	return ending.count;
}

static void ozp_flows_hurry(struct ozp_flows *flows)
{
	mod_delayed_work(ozp_flow_workqueue, &flows->collector,
			 OZP_COLLECT_HURRY);
}

static void ozp_flows_work(struct work_struct *work)
{
	struct ozp_flows *flows = container_of(to_delayed_work(work),
					       struct ozp_flows, collector);

	/* Before the walk: what ends from now on may be passed by it. */
	clear_bit(OZP_FLOWS_HURRY, &flows->bits);
	ozp_flows_collect(flows);
	/* Unless somebody asked for it earlier meanwhile. */
	queue_delayed_work(ozp_flow_workqueue, &flows->collector,
			   OZP_COLLECT_INTERVAL);
}

/**
 * ozp_flows_locality_changed() - let every flow find out again what is local
 * @flows: the flow table
 *
 * Control path, serialized by the caller.
 */
void ozp_flows_locality_changed(struct ozp_flows *flows)
{
	/* After what changed: pairs with ozp_flows_epoch(). */
	smp_store_release(&flows->epoch, flows->epoch + 1);
}

/**
 * ozp_flows_new() - make an empty flow table, and let it be collected
 *
 * May sleep.
 *
 * Return: the flow table, or NULL without memory.
 */
struct ozp_flows *ozp_flows_new(void)
{
	struct ozp_flows *flows;

	flows = kzalloc(sizeof(*flows), GFP_KERNEL_ACCOUNT);
	if (!flows)
		return NULL;
	if (ozp_flow_table_init(&flows->table)) {
		kfree(flows);
		return NULL;
	}
	kref_init(&flows->ref);
	flows->options.limit = OZP_FLOW_LIMIT_DEFAULT;
	flows->hurry = ozp_flows_hurry;
	spin_lock_init(&flows->convert_lock);
	mutex_init(&flows->collect_lock);
	INIT_DELAYED_WORK(&flows->collector, ozp_flows_work);
	queue_delayed_work(ozp_flow_workqueue, &flows->collector,
			   OZP_COLLECT_INTERVAL);
	return flows;
}

static void ozp_flows_free(struct kref *ref)
{
	struct ozp_flows *flows = container_of(ref, struct ozp_flows, ref);

	rhashtable_destroy(&flows->table);
	mutex_destroy(&flows->collect_lock);
	kfree(flows);
}

/**
 * ozp_flows_hold() - keep the table, though perhaps not its flows
 * @flows: the flow table, whose device is alive
 */
void ozp_flows_hold(struct ozp_flows *flows)
{
	kref_get(&flows->ref);
}

/**
 * ozp_flows_put() - give a reference back
 * @flows: the flow table
 *
 * May sleep.
 */
void ozp_flows_put(struct ozp_flows *flows)
{
	kref_put(&flows->ref, ozp_flows_free);
}

/**
 * ozp_flows_release() - end all flows and give up the device's reference
 * @flows: the flow table; no packet uses it any more
 *
 * May sleep.
 */
void ozp_flows_release(struct ozp_flows *flows)
{
	cancel_delayed_work_sync(&flows->collector);
	/* Again while a resize of the table hides some. */
	while (atomic_read(&flows->count)) {
		ozp_flows_end_matching(flows, NULL, NULL);
		cond_resched();
	}
	ozp_flows_put(flows);
}

/**
 * ozp_flow_module_init() - what the flow tables of all devices share
 *
 * Return: 0 or -ENOMEM.
 */
int ozp_flow_module_init(void)
{
	int err;

	err = ozp_flow_cache_init();
	if (err)
		return err;
	ozp_flow_workqueue = alloc_workqueue("ozproxy", WQ_UNBOUND, 0);
	if (!ozp_flow_workqueue) {
		ozp_flow_cache_uninit();
		return -ENOMEM;
	}
	return 0;
}

/**
 * ozp_flow_module_uninit() - free what the flow tables of all devices share
 *
 * No device is left, and every RCU callback of flows has run.
 */
void ozp_flow_module_uninit(void)
{
	destroy_workqueue(ozp_flow_workqueue);
	ozp_flow_cache_uninit();
}
