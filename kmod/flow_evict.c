// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Who makes room in a full table. No list by age is kept, which packets would
 * have to write to: a new flow looks at some entries from a random place on, and
 * ends the one that is cheapest to lose. What a flood begins is cheap, and there
 * is much of it, so that it displaces itself. What is established is not given for
 * a new flow, which is refused instead, unless it is of a source that has far more
 * flows than that of the new one: nobody can fill the table for all others.
 */

#include "flow.h"

#include <linux/random.h>
#include <linux/rhashtable.h>

#include "flow_parts.h"

/**
 * enum ozp_flow_worth - what a flow is worth, the cheapest first
 * @OZP_FLOW_SPENT: a connection that is closed, or whose instance was removed
 * @OZP_FLOW_UNPROVEN: not answered, or no more than a SYN was
 * @OZP_FLOW_SILENT: answered datagrams, silent for half of their time
 * @OZP_FLOW_EXCESS: of a source that has many more flows than that of the new one
 * @OZP_FLOW_KEPT: everything else is not given for a new flow
 */
enum ozp_flow_worth {
	OZP_FLOW_SPENT,
	OZP_FLOW_UNPROVEN,
	OZP_FLOW_SILENT,
	OZP_FLOW_EXCESS,
	OZP_FLOW_KEPT,
};

/**
 * struct ozp_flow_sample - what was looked at
 * @victim: the cheapest, or NULL
 * @worth: what it is worth
 * @rank: of equals the highest goes, but of closed ones the first: how long it has
 *	been idle, and before that, of those in excess, how many its source has
 * @begun: flows of a source are in excess from here on
 * @entries: how many entries were looked at
 */
struct ozp_flow_sample {
	struct ozp_flow *victim;
	enum ozp_flow_worth worth;
	u64 rank;
	u64 begun;
	u32 entries;
};

static enum ozp_flow_worth ozp_flow_worth_rcu(const struct ozp_flows *flows,
					      const struct ozp_flow *flow,
					      u32 idle_ms)
{
	switch (ozp_flow_life(flow)) {
	case OZPROXY_FLOW_STATE_CLOSING:
		return OZP_FLOW_SPENT;
	case OZPROXY_FLOW_STATE_UNANSWERED:
	case OZPROXY_FLOW_STATE_OPENING:
		return OZP_FLOW_UNPROVEN;
	case OZPROXY_FLOW_STATE_ESTABLISHED:
	case OZPROXY_FLOW_STATE_ASLEEP:
		break;
	}
	/* Its instance was removed. */
	if (ozp_flow_state_rcu(flow) == OZPROXY_FLOW_STATE_CLOSING)
		return OZP_FLOW_SPENT;
	if (flow->keys[OZPROXY_DIRECTION_OUT].tuple.protocol != IPPROTO_TCP &&
	    idle_ms > ozp_flow_timeout_ms(flows, flow) / 2)
		return OZP_FLOW_SILENT;
	return OZP_FLOW_KEPT;
}

/* Live flows of the source of a flow. */
static u32 ozp_flow_begun_rcu(const struct ozp_flow *flow)
{
	const struct ozp_conversion *conv = rcu_dereference(flow->conversion);

	return max(atomic_read(&conv->source->instance->begun), 0);
}

static void ozp_flow_weigh_rcu(const struct ozp_flows *flows,
			       struct ozp_flow *flow,
			       struct ozp_flow_sample *sample)
{
	u32 idle_ms = ozp_flow_idle_ms(flow), begun;
	enum ozp_flow_worth worth = ozp_flow_worth_rcu(flows, flow, idle_ms);
	u64 rank = idle_ms;

	if (worth == OZP_FLOW_KEPT) {
		begun = ozp_flow_begun_rcu(flow);
		if (begun >= sample->begun)
			worth = OZP_FLOW_EXCESS;
		rank |= (u64)begun << 32;
	}
	if (ozp_flow_is_dying(flow) || worth > sample->worth ||
	    (worth == sample->worth && rank < sample->rank))
		return;
	sample->victim = flow;
	sample->worth = worth;
	sample->rank = rank;
}

/* False: enough was seen. */
static bool ozp_flow_sample_bucket_rcu(const struct ozp_flows *flows,
				       const struct bucket_table *buckets,
				       u32 index,
				       struct ozp_flow_sample *sample)
{
	struct ozp_flow_key *key;
	struct rhash_head *pos;

	rht_for_each_rcu(pos, buckets, index) {
		if (sample->entries++ >= OZP_FLOW_SAMPLE_ENTRIES)
			return false;
		key = container_of(pos, struct ozp_flow_key, link);
		/* Every flow has an entry for its replies. */
		if (key->tuple.direction == OZPROXY_DIRECTION_IN)
			ozp_flow_weigh_rcu(flows, ozp_flow_of_key(key), sample);
	}
	/* Nothing is cheaper than what is spent. */
	return !sample->victim || sample->worth != OZP_FLOW_SPENT;
}

/* Entries move while the table is being resized: what is not in the old buckets
 * any more is in the new ones by now. A walk along a bucket may then end in
 * another one; a sample is no worse for that.
 */
static void ozp_flow_sample_rcu(struct ozp_flows *flows,
				struct ozp_flow_sample *sample)
{
	struct rhashtable *table = &flows->table;
	const struct bucket_table *buckets;
	u32 first = get_random_u32(), i;

	for (buckets = rht_dereference_rcu(table->tbl, table); buckets;
	     buckets = rht_dereference_rcu(buckets->future_tbl, table))
		for (i = 0; i < min(buckets->size, OZP_FLOW_SAMPLE_BUCKETS); i++)
			if (!ozp_flow_sample_bucket_rcu(flows, buckets,
							(first + i) %
							buckets->size, sample))
				return;
}

/**
 * ozp_flow_evict_rcu() - end a flow so that there is room for another
 * @flows: the flow table, full
 * @source: who wants room
 *
 * Caller is in an RCU read section with BH off.
 *
 * Return: false when none that was looked at is cheap enough, or another CPU
 * ended that one: its place is that CPU's.
 */
bool ozp_flow_evict_rcu(struct ozp_flows *flows,
			const struct ozp_instance *source)
{
	struct ozp_flow_sample sample = { .worth = OZP_FLOW_EXCESS };

	sample.begun = ((u64)max(atomic_read(&source->begun), 0) + 1) *
		       OZP_FLOW_EXCESS_FACTOR + 1;
	ozp_flow_sample_rcu(flows, &sample);
	/* Whoever else ended it meanwhile made the same room: not twice. */
	if (!sample.victim || !ozp_flow_end(flows, sample.victim))
		return false;
	atomic64_inc(&flows->evicted);
	return true;
}
