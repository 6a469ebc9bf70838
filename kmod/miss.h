/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Addresses that the table does not have, and the packets that wait for them.
 *
 * An address is announced when the first packet needs it, and again, more and
 * more seldom, while packets wait. An answer hands them back in the order in
 * which they came; a negative answer, a time-out or the end of the device
 * rejects them.
 */
#ifndef _OZP_MISS_H
#define _OZP_MISS_H

#include "miss_queue.h"

/**
 * struct ozp_miss_want - what a packet waits for
 * @addr: the address that it needs
 * @source: whose budget it uses: its sender
 * @epoch: ozp_misses_epoch() before the table was asked
 */
struct ozp_miss_want {
	struct ozp_address addr;
	struct ozp_address source;
	u32 epoch;
};

/**
 * struct ozp_miss_info - an address without a table entry, copied for others
 * @key: the address
 * @state: whether it waits or nobody has it
 * @age_ms: milliseconds since it was announced first, or since it was resolved
 * @lifetime_ms: milliseconds until the end of that state
 * @packets: packets to it since then
 * @waiting: packets that wait now
 * @announced: how often it was announced
 * @id: ascending by time of creation, for dumps to go on after
 * @arrival: it is the source of packets that came through the tunnel
 */
struct ozp_miss_info {
	struct ozp_address key;
	enum ozproxy_miss_state state;
	u32 age_ms;
	u32 lifetime_ms;
	u32 packets;
	u32 waiting;
	u32 announced;
	u64 id;
	bool arrival;
};

/**
 * struct ozp_miss_place - how far somebody came who goes through the addresses
 * @key: the last one
 * @id: its id; 0: there was none yet
 */
struct ozp_miss_place {
	struct ozp_address key;
	u64 id;
};

/**
 * struct ozp_miss_events - what the layer above does; never under the lock
 * @notify: tells user space of an address; any context that packets come from
 * @release: has a packet whose answer came, and consumes it, with the tunnel
 *	header that it came with; process context, BH off
 * @reject: has a packet that waited in vain, and consumes it; likewise
 * @reasons: what each refusal is called; NULL: as for packets of containers
 * @arrivals: the addresses are sources of packets that came through the tunnel
 */
struct ozp_miss_events {
	void (*notify)(struct ozp_misses *misses,
		       const struct ozp_miss_info *info);
	void (*release)(struct ozp_misses *misses, struct sk_buff *skb,
			const struct ozp_outer *outer);
	void (*reject)(struct ozp_misses *misses, struct sk_buff *skb,
		       enum ozproxy_drop_reason reason);
	const enum ozproxy_drop_reason *reasons;
	bool arrivals;
};

/**
 * ozp_misses_epoch() - the answers so far
 * @misses: where packets wait
 *
 * Return: a number that changes after an answer is in the table.
 */
static inline u32 ozp_misses_epoch(const struct ozp_misses *misses)
{
	/* Before the table is asked: pairs with ozp_misses_answered(). */
	return smp_load_acquire(&misses->epoch);
}

/* packet path */
enum ozp_verdict ozp_miss_wait(struct ozp_misses *misses, struct sk_buff *skb,
			       struct ozp_packet *pkt,
			       const struct ozp_miss_want *want);
enum ozp_verdict ozp_miss_join(struct ozp_misses *misses, struct sk_buff *skb,
			       struct ozp_packet *pkt,
			       const struct ozp_miss_want *want);

/* control path */
bool ozp_misses_answered(struct ozp_misses *misses);
void ozp_miss_answer(struct ozp_misses *misses, u8 family,
		     const union ozp_addr *addr);
int ozp_miss_resolve(struct ozp_misses *misses, const struct ozp_address *key,
		     u32 lifetime_ms);
bool ozp_miss_deny(struct ozp_misses *misses, const struct ozp_address *key,
		   u32 lifetime_ms);
void ozp_misses_options_changed(struct ozp_misses *misses);
void ozp_misses_run(struct ozp_misses *misses);
bool ozp_miss_find(struct ozp_misses *misses, const struct ozp_address *key,
		   struct ozp_miss_info *info);
u32 ozp_miss_find_after(struct ozp_misses *misses,
			const struct ozp_miss_place *last,
			struct ozp_miss_info *infos, u32 count);

/* init */
void ozp_misses_init(struct ozp_misses *misses,
		     const struct ozp_miss_events *events);
void ozp_misses_open(struct ozp_misses *misses);
void ozp_misses_close(struct ozp_misses *misses);
void ozp_misses_uninit(struct ozp_misses *misses);

#endif /* _OZP_MISS_H */
