/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* From bytes to a tuple: the only file that trusts nothing in a packet. */
#ifndef _OZP_PACKET_H
#define _OZP_PACKET_H

#include <linux/skbuff.h>
#include <linux/types.h>

#include "address.h"
#include "verdict.h"

struct ozp_stats;

/**
 * struct ozp_tuple - what identifies one direction of a conversation
 * @src: source address
 * @dst: destination address
 * @sport: source port; the identifier of an ICMP echo request
 * @dport: destination port; the identifier of an ICMP echo reply
 * @family: AF_INET or AF_INET6
 * @protocol: IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP or IPPROTO_ICMPV6
 * @end: end of what is hashed and compared
 * @direction: enum ozproxy_direction, in the key of a flow: here, where it takes
 *	no room
 *
 * Always zeroed first: an IPv4 address is compared as the whole union. The other
 * port of an echo is zero, so that request and reply are each other's reverse
 * as with ports.
 */
struct ozp_tuple {
	union ozp_addr src;
	union ozp_addr dst;
	__be16 sport;
	__be16 dport;
	u8 family;
	u8 protocol;
	struct { } end;
	u8 direction;
};

/* The same as memcmp() up to the end, in words. */
static inline bool ozp_tuple_is_equal(const struct ozp_tuple *a,
				      const struct ozp_tuple *b)
{
	return ozp_addr_is_equal(&a->src, &b->src) &&
	       ozp_addr_is_equal(&a->dst, &b->dst) &&
	       a->sport == b->sport && a->dport == b->dport &&
	       a->family == b->family && a->protocol == b->protocol;
}

/**
 * struct ozp_packet_fragment - which part of its datagram a fragment is
 * @id: identification of the datagram
 * @offset: bytes of the datagram before it
 * @end: bytes of the datagram up to its end
 * @more: it is not the last one
 *
 * All zero for a packet that is no fragment. An IPv6 packet whose fragment
 * header says so (RFC 6946, atomic fragment) is none.
 */
struct ozp_packet_fragment {
	u32 id;
	u16 offset;
	u16 end;
	bool more;
};

/**
 * enum ozp_icmp_kind - what an ICMP message is to us
 * @OZP_ICMP_NONE: no ICMP
 * @OZP_ICMP_REQUEST: an echo request
 * @OZP_ICMP_REPLY: an echo reply
 * @OZP_ICMP_ERROR: an error: it embeds the packet that it is about
 * @OZP_ICMP_OTHER: nothing that is carried
 */
enum ozp_icmp_kind {
	OZP_ICMP_NONE,
	OZP_ICMP_REQUEST,
	OZP_ICMP_REPLY,
	OZP_ICMP_ERROR,
	OZP_ICMP_OTHER,
};

/**
 * struct ozp_outer - what the tunnel header of a packet said
 * @addr: address in the underlay that it came from
 * @family: family of @addr; 0: it did not come through the tunnel
 * @dsfield: DS field
 */
struct ozp_outer {
	union ozp_addr addr;
	u8 family;
	u8 dsfield;
};

/**
 * struct ozp_packet - a packet on its way through a pipeline
 * @stats: where its fate is counted
 * @direction: the pipeline
 * @reason: why it is dropped, once a step said OZP_DROP
 * @tuple: its addresses and ports, valid after ozp_packet_parse(); only the
 *	first fragment of a datagram knows the ports, and of IPv6 the protocol
 * @l4_offset: bytes from the network header to the transport header; in a
 *	later fragment to what it carries
 * @fragment: which part of its datagram it is
 * @icmp: which ICMP message; the tuple of an error has no ports
 * @tcp_fin: TCP with FIN
 * @tcp_rst: TCP with RST
 * @tcp_syn: TCP with SYN and without ACK
 * @tcp_synack: TCP with SYN and ACK
 * @is_gathered: GRO saw it already
 * @is_counted: the traffic of its instances has it already
 * @outer: its tunnel header, inbound packets only
 * @mtu: largest packet that would have gone, when it is refused as
 *	packet-too-big
 */
struct ozp_packet {
	struct ozp_stats *stats;
	enum ozproxy_direction direction;
	enum ozproxy_drop_reason reason;
	struct ozp_tuple tuple;
	unsigned int l4_offset;
	struct ozp_packet_fragment fragment;
	enum ozp_icmp_kind icmp;
	bool tcp_fin;
	bool tcp_rst;
	bool tcp_syn;
	bool tcp_synack;
	bool is_gathered;
	bool is_counted;
	struct ozp_outer outer;
	unsigned int mtu;
};

/**
 * ozp_refuse() - note why a packet will be dropped
 * @pkt: the packet
 * @reason: why
 *
 * Return: OZP_DROP, to be returned by the caller in turn.
 */
static inline enum ozp_verdict ozp_refuse(struct ozp_packet *pkt,
					  enum ozproxy_drop_reason reason)
{
	pkt->reason = reason;
	return OZP_DROP;
}

static inline bool ozp_packet_is_fragment(const struct ozp_packet *pkt)
{
	return pkt->fragment.more || pkt->fragment.offset;
}

/* One that has no transport header. */
static inline bool ozp_packet_is_later_fragment(const struct ozp_packet *pkt)
{
	return pkt->fragment.offset;
}

bool ozp_addr_is_host(u8 family, const union ozp_addr *addr);
enum ozp_icmp_kind ozp_icmp_kind(u8 protocol, u8 type);
enum ozp_verdict ozp_packet_pull(struct sk_buff *skb, struct ozp_packet *pkt,
				 unsigned int len);
enum ozp_verdict ozp_packet_parse(struct sk_buff *skb, struct ozp_packet *pkt);

#endif /* _OZP_PACKET_H */
