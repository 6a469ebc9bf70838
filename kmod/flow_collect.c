// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The end of flows: who finds out that they are over, and who frees them. */

#include "flow_collect.h"

#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "flow_parts.h"
#include "work.h"

/* Call @visit for every flow, under RCU. While the table is being resized some
 * flows may be missed or met twice. Packets decide how often that happens, so the
 * walk follows a few resizes and then leaves the rest to the next one. No flow is
 * used across a pause, and the one that was next is found again after it.
 */
static void ozp_flows_walk(struct ozp_flows *flows,
			   void (*visit)(struct ozp_flows *flows,
					 struct ozp_flow *flow, void *arg),
			   void *arg)
{
	struct rhashtable_iter iter;
	struct ozp_flow_key *key;
	unsigned int resized = 0;

	rhashtable_walk_enter(&flows->table, &iter);
	rhashtable_walk_start(&iter);
	key = rhashtable_walk_peek(&iter);
	while (key && resized <= OZP_FLOW_WALK_RESIZES) {
		if (IS_ERR(key)) {
			resized++;
		} else if (need_resched()) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			/* From the beginning, when the old table is gone. */
			if (rhashtable_walk_start_check(&iter))
				resized++;
			key = rhashtable_walk_peek(&iter);
			continue;
		} else if (key->tuple.direction == OZPROXY_DIRECTION_IN) {
			/* Every flow has an entry for its replies. */
			visit(flows, ozp_flow_of_key(key), arg);
		}
		key = rhashtable_walk_next(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

static void ozp_flow_collect(struct ozp_flows *flows, struct ozp_flow *flow,
			     void *arg)
{
	struct llist_head *ended = arg;

	if (ozp_flow_is_over_rcu(flows, flow))
		ozp_flow_end_in_walk(flows, flow, ended);
}

/**
 * ozp_flows_collect() - end and free all flows that are over
 * @flows: the flow table
 *
 * May sleep. Several may do this at once.
 */
void ozp_flows_collect(struct ozp_flows *flows)
{
	LLIST_HEAD(ended);

	ozp_flows_walk(flows, ozp_flow_collect, &ended);
	ozp_flows_free_ended(flows, &ended);
	ozp_flows_reap(flows);
}

struct ozp_flow_ending {
	bool (*match)(const struct ozp_flow *flow, const void *arg);
	const void *arg;
	struct llist_head ended;
	u32 count;
};

static void ozp_flow_end_matching(struct ozp_flows *flows,
				  struct ozp_flow *flow, void *arg)
{
	struct ozp_flow_ending *ending = arg;

	if (!ending->match || ending->match(flow, ending->arg))
		ending->count += ozp_flow_end_in_walk(flows, flow,
						      &ending->ended);
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

	init_llist_head(&ending.ended);
	ozp_flows_walk(flows, ozp_flow_end_matching, &ending);
	ozp_flows_free_ended(flows, &ending.ended);
	ozp_flows_collect(flows);
	return ending.count;
}

static void ozp_flows_hurry(struct ozp_flows *flows)
{
	queue_delayed_work(ozp_workqueue, &flows->reaper,
			   OZP_COLLECT_HURRY);
}

static void ozp_flows_reaper_work(struct work_struct *work)
{
	struct ozp_flows *flows = container_of(to_delayed_work(work),
					       struct ozp_flows, reaper);

	/* Before: what ends from now on may be too late for this time. */
	clear_bit(OZP_FLOWS_HURRY, &flows->bits);
	/* Never behind a walk: a walk waits for nobody, but takes its time. */
	if (ozp_flows_reap(flows))
		ozp_flows_hurry(flows);
}

static void ozp_flows_collector_work(struct work_struct *work)
{
	struct ozp_flows *flows = container_of(to_delayed_work(work),
					       struct ozp_flows, collector);
	unsigned long begin = jiffies;

	ozp_flows_collect(flows);
	queue_delayed_work(ozp_workqueue, &flows->collector,
			   max_t(unsigned long, OZP_COLLECT_INTERVAL,
				 OZP_COLLECT_PAUSE * (jiffies - begin)));
}

/**
 * ozp_flows_locality_changed() - let every flow find out again what is local
 * @flows: the flow table
 *
 * Any context.
 */
void ozp_flows_locality_changed(struct ozp_flows *flows)
{
	/* After what changed: pairs with ozp_flows_epoch(). */
	atomic_inc_return_release(&flows->epoch);
}

/**
 * ozp_flows_new() - make an empty flow table, and let it be collected
 * @dev_name: name of the device; must live as long as it holds the table
 *
 * May sleep.
 *
 * Return: the flow table, or NULL without memory.
 */
struct ozp_flows *ozp_flows_new(const char *dev_name)
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
	flows->options = (struct ozp_flow_options){
		.limit = OZP_FLOW_LIMIT_DEFAULT,
		.tcp_timeout = OZP_TCP_TIMEOUT_DEFAULT,
		.tcp_syn_timeout = OZP_TCP_SYN_TIMEOUT_DEFAULT,
		.tcp_closing_timeout = OZP_TCP_CLOSING_TIMEOUT_DEFAULT,
		.udp_timeout = OZP_UDP_TIMEOUT_DEFAULT,
		.udp_unanswered_timeout = OZP_UDP_UNANSWERED_TIMEOUT_DEFAULT,
		.icmp_timeout = OZP_ICMP_TIMEOUT_DEFAULT,
	};
	init_llist_head(&flows->dying);
	flows->hurry = ozp_flows_hurry;
	flows->dev_name = dev_name;
	spin_lock_init(&flows->convert_lock);
	INIT_DELAYED_WORK(&flows->collector, ozp_flows_collector_work);
	INIT_DELAYED_WORK(&flows->reaper, ozp_flows_reaper_work);
	queue_delayed_work(ozp_workqueue, &flows->collector,
			   OZP_COLLECT_INTERVAL);
	return flows;
}

static void ozp_flows_free(struct kref *ref)
{
	struct ozp_flows *flows = container_of(ref, struct ozp_flows, ref);

	rhashtable_destroy(&flows->table);
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
	cancel_delayed_work_sync(&flows->reaper);
	/* For ever: what ends from now on is reaped here. */
	set_bit(OZP_FLOWS_HURRY, &flows->bits);
	/* Again while a resize of the table hides some, or a request still frees
	 * what its walk ended: asleep, so that one of lower priority gets on with
	 * it.
	 */
	ozp_flows_end_matching(flows, NULL, NULL);
	while (atomic_read(&flows->count)) {
		schedule_timeout_uninterruptible(1);
		ozp_flows_end_matching(flows, NULL, NULL);
	}
	ozp_flows_put(flows);
}
