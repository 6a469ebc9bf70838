/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Flows: conversions in use, found by either direction's tuple.
 *
 * The packet path finds flows under RCU, without locks and references. Whoever
 * ends one marks it dying, which happens once, takes it out of the table and
 * hands it to the reaper, who frees it; a walk keeps what it ends until it is
 * over, and then unlinks and frees it itself. A dying flow is found by nobody, so
 * its place can be taken at once.
 */
#ifndef _OZP_FLOW_H
#define _OZP_FLOW_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "conversion.h"
#include "packet.h"

/**
 * enum ozp_flows_bit - what a flow table has on its mind
 * @OZP_FLOWS_HURRY: the reaper was asked to come
 */
enum ozp_flows_bit {
	OZP_FLOWS_HURRY,
};

/**
 * struct ozp_flow_options - what a user can tell a flow table
 * @limit: most flows
 * @tcp_timeout: TCP, established; this and the others are milliseconds without
 *	a packet after which a flow ends
 * @tcp_syn_timeout: TCP, opening
 * @tcp_closing_timeout: TCP, closing
 * @udp_timeout: UDP, answered
 * @udp_unanswered_timeout: UDP, not answered
 * @icmp_timeout: ICMP queries
 */
struct ozp_flow_options {
	u32 limit;
	u32 tcp_timeout;
	u32 tcp_syn_timeout;
	u32 tcp_closing_timeout;
	u32 udp_timeout;
	u32 udp_unanswered_timeout;
	u32 icmp_timeout;
};

/**
 * struct ozp_flows - the flows of a device
 * @epoch: counts changes of what "local" means
 * @options: may change at any time
 * @hurry: makes the reaper come, for what has ended; any context
 * @dev_name: name of the device for tracepoints, which may change at any time
 * @table: by tuple, two entries a flow
 * @count: flows, dying ones included
 * @dying_count: dying ones
 * @evicted: flows that made room for others
 * @bits: of enum ozp_flows_bit
 * @dying: flows that ended and wait for the reaper
 * @convert_lock: protects replacing the conversion of a flow against its end;
 *	taken with BH off, seldom
 * @ref: references: the device's, one for each dump in progress, so that a
 *	slow reader of a dump does not hold up the device, and one for each
 *	request that ends flows with the conversion table unlocked
 * @collector: walks now and then, to end and free what is over
 * @reaper: frees what has ended
 */
struct ozp_flows {
	/* read for packets, seldom written; the buckets are the first of @table,
	 * in the same cache line as what is before it
	 */
	atomic_t epoch;
	struct ozp_flow_options options;
	void (*hurry)(struct ozp_flows *flows);
	const char *dev_name;
	struct rhashtable table;
	/* written when flows begin and end */
	atomic_t count ____cacheline_aligned_in_smp;
	atomic_t dying_count;
	atomic64_t evicted;
	unsigned long bits;
	struct llist_head dying;
	/* a conversion is replaced, or released with its flow: not both */
	spinlock_t convert_lock;
	/* control path */
	struct kref ref;
	struct delayed_work collector;
	struct delayed_work reaper;
};

/**
 * enum ozp_flow_bit - what a flow has seen
 * @OZP_FLOW_DYING: it ended; only who did that and then who frees
 *	it may touch it
 * @OZP_FLOW_SETTLED: its insertion is over, for better or worse: it may be
 *	unlinked
 * @OZP_FLOW_UNLINKED: it is not in the table any more
 * @OZP_FLOW_REPLIED: a reply came
 * @OZP_FLOW_OPENED: TCP: the container sent something else than a SYN
 * @OZP_FLOW_FIN_OUT: TCP FIN from the container
 * @OZP_FLOW_FIN_IN: TCP FIN towards the container
 * @OZP_FLOW_RST_OUT: TCP RST from the container, and the other end is silent since
 * @OZP_FLOW_RST_IN: TCP RST towards the container, which is silent since
 * @OZP_FLOW_LIVE: it is one of the live flows of its instance
 * @OZP_FLOW_SYN: a SYN left, at @opened
 * @OZP_FLOW_SYN_AGAIN: more than one did: which of them was answered, nobody knows
 * @OZP_FLOW_MEASURED: its handshake was measured
 * @OZP_FLOW_TOLD: the container was told that its instance is gone
 */
enum ozp_flow_bit {
	OZP_FLOW_DYING,
	OZP_FLOW_SETTLED,
	OZP_FLOW_UNLINKED,
	OZP_FLOW_REPLIED,
	OZP_FLOW_OPENED,
	OZP_FLOW_FIN_OUT,
	OZP_FLOW_FIN_IN,
	OZP_FLOW_RST_OUT,
	OZP_FLOW_RST_IN,
	OZP_FLOW_LIVE,
	OZP_FLOW_SYN,
	OZP_FLOW_SYN_AGAIN,
	OZP_FLOW_MEASURED,
	OZP_FLOW_TOLD,
};

/**
 * struct ozp_flow_key - one direction of a flow
 * @link: in the flow table
 * @tuple: packets of this direction, before conversion: OZPROXY_DIRECTION_OUT as
 *	the container sends, _IN the replies
 */
struct ozp_flow_key {
	struct rhash_head link;
	struct ozp_tuple tuple;
};

/**
 * struct ozp_flow - a conversation of a container with an instance
 * @keys: its two directions
 * @conversion: what it does now; replaced when an endpoint changes
 * @bits: of enum ozp_flow_bit
 * @used: time of last use, see clock.h
 * @opened: when its SYN left, in microseconds that wrap
 * @dying: in a list of those that are to be freed
 * @rcu: defers freeing, when it has left that list
 */
struct ozp_flow {
	struct ozp_flow_key keys[OZP_DIRECTION_COUNT];
	struct ozp_conversion __rcu *conversion;
	unsigned long bits;
	u32 used;
	u32 opened;
	union {
		struct llist_node dying;
		struct rcu_head rcu;
	};
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
	return atomic_read_acquire(&flows->epoch);
}

/**
 * ozp_flow_is_dying() - whether a flow has ended
 * @flow: the flow
 *
 * Return: whether only who ended it and who frees it may touch it.
 */
static inline bool ozp_flow_is_dying(const struct ozp_flow *flow)
{
	return test_bit(OZP_FLOW_DYING, &flow->bits);
}

/* packet path */
struct ozp_flow *ozp_flow_lookup_rcu(struct ozp_flows *flows,
				     const struct ozp_tuple *tuple,
				     enum ozproxy_direction direction);
struct ozp_flow *ozp_flow_claim_rcu(struct ozp_flows *flows,
				    const struct ozp_tuple *tuple,
				    const struct ozp_flow_parties *parties);
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
bool ozp_flow_abort(struct ozp_flow *flow, const struct ozp_conversion *conv);
bool ozp_flow_is_reopened(const struct ozp_flow *flow,
			  const struct ozp_packet *pkt);
bool ozp_flow_evict_rcu(struct ozp_flows *flows,
			const struct ozp_instance *source);
bool ozp_flow_end(struct ozp_flows *flows, struct ozp_flow *flow);
enum ozproxy_flow_state ozp_flow_state_rcu(const struct ozp_flow *flow);

/* control path */
u32 ozp_flows_count(const struct ozp_flows *flows);
u32 ozp_flow_idle_ms(const struct ozp_flow *flow);
u32 ozp_flow_timeout_ms(const struct ozp_flows *flows,
			const struct ozp_flow *flow);
bool ozp_flow_is_over_rcu(const struct ozp_flows *flows,
			  const struct ozp_flow *flow);
struct ozp_flow *ozp_flow_of_key(struct ozp_flow_key *key);

/* init */
int ozp_flow_cache_init(void);
void ozp_flow_cache_uninit(void);

#endif /* _OZP_FLOW_H */
