// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Datagrams of one inner flow become a large one before they are taken apart, so
 * that everything after it is done once for all of them.
 */

#include "tunnel.h"

#include <net/gro.h>

/**
 * ozp_tunnel_gro_receive() - try to append a datagram to one that is held
 * @sk: the socket that it is for
 * @head: what is held
 * @skb: the datagram, pulled to its payload
 *
 * Softirq, under RCU.
 *
 * Return: what is to be flushed from @head, or NULL.
 */
struct sk_buff *ozp_tunnel_gro_receive(struct sock *sk, struct list_head *head,
				       struct sk_buff *skb)
{
	unsigned int offset = skb_gro_offset(skb);
	const struct packet_offload *offload;
	struct sk_buff *pp = NULL, *held;
	int flush = 1;
	__be16 protocol;
	const u8 *first;

	first = skb_gro_header(skb, offset + 1, offset);
	if (!first)
		goto out;
	protocol = ozp_tunnel_protocol(*first);
	if (!protocol)
		goto out;
	/* Both families may share an outer flow, and each compares only with
	 * its own kind of header.
	 */
	list_for_each_entry(held, head, list)
		if (NAPI_GRO_CB(held)->same_flow &&
		    ozp_tunnel_protocol(held->data[offset]) != protocol)
			NAPI_GRO_CB(held)->same_flow = 0;

	offload = gro_find_receive_by_type(protocol);
	if (!offload)
		goto out;
	pp = call_gro_receive(offload->callbacks.gro_receive, head, skb);
	flush = 0;
out:
	skb_gro_flush_final(skb, pp, flush);
	return pp;
}

/**
 * ozp_tunnel_gro_complete() - finish the headers of a large datagram
 * @sk: the socket that it is for
 * @skb: the datagram
 * @nhoff: bytes from its data to the inner packet
 *
 * Softirq, under RCU.
 *
 * Return: 0 or a negative errno.
 */
int ozp_tunnel_gro_complete(struct sock *sk, struct sk_buff *skb, int nhoff)
{
	const struct packet_offload *offload;
	__be16 protocol;

	protocol = ozp_tunnel_protocol(skb->data[nhoff]);
	offload = gro_find_complete_by_type(protocol);
	if (!offload)
		return -ENOENT;
	/* There is no link layer header inside. */
	skb_set_inner_mac_header(skb, nhoff);
	return offload->callbacks.gro_complete(skb, nhoff);
}
