/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Flows: conversions in use, found by either direction's tuple.
 *
 * The packet path finds flows under RCU, without locks and references. It never
 * unlinks one: it marks it dying, and the collector unlinks. A dying flow is
 * found by nobody, so its place can be taken at once.
 */
#ifndef _OZP_FLOW_H
#define _OZP_FLOW_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "packet.h"
#include "rewrite.h"
#include "service.h"

/**
 * enum ozp_flows_bit - what a flow table has on its mind
 * @OZP_FLOWS_HURRY: the collector was asked to come early
 */
enum ozp_flows_bit {
	OZP_FLOWS_HURRY,
};

/**
 * struct ozp_flow_options - what a user can tell a flow table
 * @limit: most flows
 */
struct ozp_flow_options {
	u32 limit;
};

/**
 * struct ozp_flows - the flows of a device
 * @table: by tuple, two entries a flow
 * @epoch: counts changes of what "local" means
 * @options: may change at any time
 * @bits: of enum ozp_flows_bit
 * @count: flows, dying ones included
 * @convert_lock: protects replacing the conversion of a flow against its end;
 *	taken with BH off, seldom
 * @hurry: makes the collector come early; any context
 * @ref: references: the device's, and one for each dump in progress, so that a
 *	slow reader of a dump does not hold up the device
 * @collect_lock: one collector at a time
 * @collector: walks now and then
 */
struct ozp_flows {
	/* packet path */
	struct rhashtable table;
	u32 epoch;
	struct ozp_flow_options options;
	unsigned long bits;
	atomic_t count;
	/* a conversion is replaced, or released with its flow: not both */
	spinlock_t convert_lock;
	void (*hurry)(struct ozp_flows *flows);
	/* control path */
	struct kref ref;
	/* one collector at a time */
	struct mutex collect_lock;
	struct delayed_work collector;
};

/**
 * struct ozp_conversion - what a flow does to its packets, immutable
 * @source: endpoint of the sender (holds a reference)
 * @target: endpoint of the chosen instance (holds a reference)
 * @out: to the packets of the container: our Instance IP, the Namespace IP
 * @in: to the replies: the Service IP as source
 * @epoch: of the flow table when @local was decided
 * @local: the target is on this node
 * @rcu: defers freeing
 */
struct ozp_conversion {
	struct ozp_endpoint *source;
	struct ozp_endpoint *target;
	struct ozp_rewrite out;
	struct ozp_rewrite in;
	u32 epoch;
	bool local;
	struct rcu_head rcu;
};

/**
 * enum ozp_flow_bit - what a flow has seen
 * @OZP_FLOW_DYING: it ended; only the collector may touch it
 * @OZP_FLOW_SETTLED: its insertion is over, for better or worse: the collector
 *	may unlink it
 * @OZP_FLOW_REPLIED: a reply came
 * @OZP_FLOW_FIN_OUT: TCP FIN from the container
 * @OZP_FLOW_FIN_IN: TCP FIN towards the container
 * @OZP_FLOW_RST: TCP RST in any direction
 * @OZP_FLOW_LIVE: it is one of the live flows of its instance
 * @OZP_FLOW_SYN: a SYN left, at @opened
 * @OZP_FLOW_SYN_AGAIN: more than one did: which of them was answered, nobody knows
 * @OZP_FLOW_MEASURED: its handshake was measured
 */
enum ozp_flow_bit {
	OZP_FLOW_DYING,
	OZP_FLOW_SETTLED,
	OZP_FLOW_REPLIED,
	OZP_FLOW_FIN_OUT,
	OZP_FLOW_FIN_IN,
	OZP_FLOW_RST,
	OZP_FLOW_LIVE,
	OZP_FLOW_SYN,
	OZP_FLOW_SYN_AGAIN,
	OZP_FLOW_MEASURED,
};

/**
 * struct ozp_flow_key - one direction of a flow
 * @link: in the flow table
 * @tuple: packets of this direction, before conversion
 * @direction: OZPROXY_DIRECTION_OUT as the container sends, _IN the replies
 */
struct ozp_flow_key {
	struct rhash_head link;
	struct ozp_tuple tuple;
	u8 direction;
};

/**
 * struct ozp_flow - a conversation of a container with an instance
 * @keys: its two directions
 * @conversion: what it does now; replaced when an endpoint changes
 * @bits: of enum ozp_flow_bit
 * @used: time of last use, see clock.h
 * @opened: when its SYN left, in microseconds that wrap
 * @rcu: defers freeing
 */
struct ozp_flow {
	struct ozp_flow_key keys[OZP_DIRECTION_COUNT];
	struct ozp_conversion __rcu *conversion;
	unsigned long bits;
	u32 used;
	u32 opened;
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
 * @OZP_FLOW_OVER: one is gone, or is not the one that the tuples mean
 */
enum ozp_flow_refresh {
	OZP_FLOW_CURRENT,
	OZP_FLOW_ASLEEP,
	OZP_FLOW_SOURCE_ASLEEP,
	OZP_FLOW_OVER,
};

/**
 * ozp_flows_epoch() - the present meaning of "local"
 * @flows: the flow table
 *
 * Return: a number that changes after that meaning does.
 */
static inline u32 ozp_flows_epoch(const struct ozp_flows *flows)
{
	/* Before locality is looked at: pairs with
	 * ozp_flows_locality_changed().
	 */
	return smp_load_acquire(&flows->epoch);
}

/**
 * ozp_flow_is_dying() - whether a flow has ended
 * @flow: the flow
 *
 * Return: whether only the collector may touch it.
 */
static inline bool ozp_flow_is_dying(const struct ozp_flow *flow)
{
	return test_bit(OZP_FLOW_DYING, &flow->bits);
}

/* packet path */
struct ozp_flow *ozp_flow_lookup_rcu(struct ozp_flows *flows,
				     const struct ozp_tuple *tuple,
				     enum ozproxy_direction direction);
struct ozp_flow *ozp_flow_new_rcu(struct ozp_flows *flows,
				  const struct ozp_tuple *tuple,
				  const struct ozp_flow_parties *parties);
bool ozp_flow_is_stale(const struct ozp_flows *flows,
		       const struct ozp_conversion *conv);
enum ozp_flow_refresh ozp_flow_find_parties_rcu(const struct ozp_flow *flow,
						struct ozp_flow_parties *found);
struct ozp_conversion *
ozp_flow_convert_anew_rcu(struct ozp_flows *flows, struct ozp_flow *flow,
			  const struct ozp_flow_parties *parties);
void ozp_flow_follow(struct ozp_flow *flow, const struct ozp_conversion *conv,
		     const struct ozp_packet *pkt);
void ozp_flow_measure(struct ozp_flow *flow, const struct ozp_conversion *conv,
		      const struct ozp_packet *pkt);
void ozp_flow_enter(struct ozp_flow *flow, const struct ozp_conversion *conv);
void ozp_flow_leave(struct ozp_flow *flow, const struct ozp_conversion *conv);
void ozp_flow_end(struct ozp_flows *flows, struct ozp_flow *flow);

/* control path */
enum ozproxy_flow_state ozp_flow_state_rcu(const struct ozp_flow *flow);
u32 ozp_flow_timeout_s(const struct ozp_flow *flow);
bool ozp_flow_is_over_rcu(const struct ozp_flow *flow);
struct ozp_flow *ozp_flow_of_key(struct ozp_flow_key *key);
void ozp_flows_collect(struct ozp_flows *flows);
u32 ozp_flows_end_matching(struct ozp_flows *flows,
			   bool (*match)(const struct ozp_flow *flow,
					 const void *arg),
			   const void *arg);
void ozp_flows_locality_changed(struct ozp_flows *flows);
void ozp_flows_hold(struct ozp_flows *flows);
void ozp_flows_put(struct ozp_flows *flows);

/* for the other flow*.c */
struct ozp_conversion *
ozp_conversion_new_rcu(const struct ozp_flow *flow,
		       const struct ozp_flow_parties *parties);
void ozp_conversion_release(struct ozp_conversion *conv);
void ozp_flow_unlink(struct ozp_flows *flows, struct ozp_flow *flow);
int ozp_flow_table_init(struct rhashtable *table);
int ozp_flow_cache_init(void);
void ozp_flow_cache_uninit(void);

/* init */
struct ozp_flows *ozp_flows_new(void);
void ozp_flows_release(struct ozp_flows *flows);
int ozp_flow_module_init(void);
void ozp_flow_module_uninit(void);

#endif /* _OZP_FLOW_H */
