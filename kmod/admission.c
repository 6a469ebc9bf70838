// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Three admissions, each asks for more than the one before it:
 *
 *   overlay     an address of the service networks as source, a container of
 *               this node as destination (kmod/inbound.c looks at these)
 *   any-source  the table knows the source, and has it on another node
 *   table       the packet came from the address of that node
 *
 * No port is compared: senders choose theirs by flow. The wire proves nothing,
 * but underlays that check sources (RFC 2827) make the last one strong.
 *
 * A source that the table does not have is asked for, and its first packets
 * wait, as those of containers do for a destination, but in another budget,
 * by outer source: whoever can reach the port chooses both addresses, and shall
 * neither take the places of containers nor make the helper ask at will.
 */

#include "admission.h"

#include "clock.h"

const enum ozproxy_drop_reason ozp_admission_reasons[OZP_MISS_REFUSAL_COUNT] = {
	[OZP_MISS_TABLE_FULL] = OZPROXY_DROP_REASON_ARRIVAL_TABLE_FULL,
	[OZP_MISS_SOURCE_FULL] = OZPROXY_DROP_REASON_ARRIVAL_SOURCE_FULL,
	[OZP_MISS_QUEUE_FULL] = OZPROXY_DROP_REASON_ARRIVAL_QUEUE_FULL,
	[OZP_MISS_SOURCE_QUEUE_FULL] = OZPROXY_DROP_REASON_ARRIVAL_QUEUE_FULL,
	[OZP_MISS_PACKETS_FULL] = OZPROXY_DROP_REASON_ARRIVAL_PACKETS_FULL,
	[OZP_MISS_MEMORY_FULL] = OZPROXY_DROP_REASON_ARRIVAL_PACKETS_FULL,
	[OZP_MISS_UNKNOWN] = OZPROXY_DROP_REASON_ARRIVAL_UNKNOWN,
	[OZP_MISS_TIMEOUT] = OZPROXY_DROP_REASON_ARRIVAL_TIMEOUT,
};

/**
 * ozp_admission_judge() - whether a tunnelled packet may come in
 * @mode: the admission of the device
 * @sender: what is known of its source
 * @outer: where it came from
 *
 * A pure function. What claims to be an instance of this node is forged: those
 * do not use the wire.
 *
 * Return: whether.
 */
enum ozp_admission_answer ozp_admission_judge(enum ozproxy_admission mode,
					      const struct ozp_sender *sender,
					      const struct ozp_outer *outer)
{
	if (mode == OZPROXY_ADMISSION_OVERLAY)
		return OZP_ADMISSION_YES;
	switch (sender->kind) {
	case OZP_MATCH_NONE:
		return OZP_ADMISSION_ASK;
	case OZP_MATCH_SERVICE:
	case OZP_MATCH_NAMESPACE:
		return OZP_ADMISSION_NO;
	case OZP_MATCH_INSTANCE:
		break;
	}
	if (sender->local)
		return OZP_ADMISSION_NO;
	if (mode == OZPROXY_ADMISSION_ANY_SOURCE)
		return OZP_ADMISSION_YES;
	return ozp_node_is_at(sender->node, outer->family, &outer->addr,
			      sender->node->port) ? OZP_ADMISSION_YES :
						    OZP_ADMISSION_NO;
}

/* What the table says of a source; it is in use then. */
static void ozp_sender_lookup_rcu(struct ozp_convert *cv,
				  const struct ozp_tuple *tuple,
				  struct ozp_sender *sender)
{
	struct ozp_match match;

	ozp_table_lookup_rcu(&cv->table, tuple->family, &tuple->src, &match);
	sender->kind = match.kind;
	if (match.kind != OZP_MATCH_INSTANCE)
		return;
	sender->node = match.endpoint->node;
	sender->local = ozp_convert_is_local_rcu(cv, match.endpoint);
	ozp_clock_touch(&match.service->used, ozp_clock_now());
}

/* By the table, which may change on the way: then OZP_CONTINUE with @asked. */
static enum ozp_verdict ozp_admission_ask_rcu(struct ozp_convert *cv,
					      struct sk_buff *skb,
					      struct ozp_packet *pkt,
					      enum ozproxy_admission mode,
					      bool *asked)
{
	struct ozp_miss_want want = {
		.addr.addr = pkt->tuple.src,
		.addr.family = pkt->tuple.family,
		.source.addr = pkt->outer.addr,
		.source.family = pkt->outer.family,
		.epoch = ozp_misses_epoch(&cv->arrivals),
	};
	struct ozp_sender sender = {};

	*asked = false;
	ozp_sender_lookup_rcu(cv, &pkt->tuple, &sender);
	switch (ozp_admission_judge(mode, &sender, &pkt->outer)) {
	case OZP_ADMISSION_YES:
		return OZP_CONTINUE;
	case OZP_ADMISSION_NO:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_SOURCE_ELSEWHERE);
	case OZP_ADMISSION_ASK:
		break;
	}
	*asked = true;
	return ozp_miss_wait(&cv->arrivals, skb, pkt, &want);
}

/**
 * ozp_admission_check_rcu() - whether the sender of a packet may send it
 * @cv: the device
 * @skb: the packet, consumed if it waits
 * @pkt: what is known of it; its source is in the service networks
 * @conv: conversion of the flow that it answers, or NULL
 *
 * What is handed over on this node was admitted on its way out. The instance
 * that a flow talks to is believed from where the flow has it, also when it is
 * not in the table any more, or not yet again. Caller is in an RCU read section
 * with BH off.
 *
 * Return: OZP_CONTINUE, OZP_CONSUMED when it waits for what its source is, or
 * OZP_DROP.
 */
enum ozp_verdict ozp_admission_check_rcu(struct ozp_convert *cv,
					 struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 const struct ozp_conversion *conv)
{
	enum ozproxy_admission mode = READ_ONCE(cv->options.admission);
	struct ozp_sender sender = { .kind = OZP_MATCH_INSTANCE };
	enum ozp_verdict verdict;
	unsigned int tries = 0;
	bool asked;

	if (likely(mode == OZPROXY_ADMISSION_OVERLAY) || !pkt->outer.family)
		return OZP_CONTINUE;
	if (conv) {
		sender.node = conv->target->node;
		sender.local = conv->local;
		if (ozp_admission_judge(mode, &sender, &pkt->outer) ==
		    OZP_ADMISSION_YES)
			return OZP_CONTINUE;
	}
	do {
		verdict = ozp_admission_ask_rcu(cv, skb, pkt, mode, &asked);
		if (verdict != OZP_CONTINUE || !asked)
			return verdict;
	} while (++tries < OZP_FIND_TRIES);
	return ozp_refuse(pkt, OZPROXY_DROP_REASON_ARRIVAL_UNKNOWN);
}
