// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "rewrite.h"

#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>

#include "compat.h"

/**
 * ozp_rewrite_init() - prepare the change of addresses of a tuple
 * @rw: to be filled in
 * @from: the tuple before the change
 * @src: the source after it; must live as long as @rw
 * @dst: the destination after it; the same
 *
 * The unused bytes of an IPv4 address are zero and add nothing to the sums.
 * Any context.
 */
void ozp_rewrite_init(struct ozp_rewrite *rw, const struct ozp_tuple *from,
		      const union ozp_addr *src, const union ozp_addr *dst)
{
	__wsum before, after;

	before = csum_partial(&from->src, sizeof(from->src), 0);
	before = csum_partial(&from->dst, sizeof(from->dst), before);
	after = csum_partial(src, sizeof(*src), 0);
	after = csum_partial(dst, sizeof(*dst), after);

	rw->src = src;
	rw->dst = dst;
	rw->diff = csum_sub(after, before);
	rw->is_none = ozp_addr_is_equal(src, &from->src) &&
		      ozp_addr_is_equal(dst, &from->dst);
}

static void ozp_rewrite_ip4(struct sk_buff *skb, const struct ozp_rewrite *rw)
{
	struct iphdr *iph = ip_hdr(skb);

	csum_replace_by_diff(&iph->check, rw->diff);
	iph->saddr = rw->src->ip4;
	iph->daddr = rw->dst->ip4;
}

static void ozp_rewrite_ip6(struct sk_buff *skb, const struct ozp_rewrite *rw)
{
	struct ipv6hdr *ip6h = ipv6_hdr(skb);

	ip6h->saddr = rw->src->ip6;
	ip6h->daddr = rw->dst->ip6;
}

/* The sum of all bytes that came with the packet sees addresses without a
 * checksum that makes up for them; IPv4's header always adds up to nothing.
 */
static void ozp_rewrite_addresses_only(struct sk_buff *skb,
				       const struct ozp_packet *pkt,
				       const struct ozp_rewrite *rw)
{
	if (pkt->tuple.family == AF_INET6 &&
	    skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(skb->csum, rw->diff);
}

/* TCP, UDP and ICMPv6 sum their addresses in a pseudo header (RFC 9293, 3.1;
 * RFC 768; RFC 8200, 8.1), ICMPv4 does not. The incremental update (RFC 1624)
 * keeps a wrong sum wrong.
 */
static void ozp_rewrite_l4(struct sk_buff *skb, const struct ozp_packet *pkt,
			   const struct ozp_rewrite *rw)
{
	bool ipv6 = pkt->tuple.family == AF_INET6;
	void *l4 = skb_network_header(skb) + pkt->l4_offset;
	struct icmp6hdr *icmp6h = l4;
	struct udphdr *uh = l4;
	struct tcphdr *th = l4;

	switch (pkt->tuple.protocol) {
	case IPPROTO_TCP:
		ozp_compat_csum_replace_by_diff(&th->check, skb, rw->diff,
						ipv6);
		return;
	case IPPROTO_ICMPV6:
		ozp_compat_csum_replace_by_diff(&icmp6h->icmp6_cksum, skb,
						rw->diff, ipv6);
		return;
	case IPPROTO_ICMP:
		return;
	}
	/* Zero says that there is no sum, unless it is unfinished. */
	if (!uh->check && skb->ip_summed != CHECKSUM_PARTIAL) {
		ozp_rewrite_addresses_only(skb, pkt, rw);
		return;
	}
	ozp_compat_csum_replace_by_diff(&uh->check, skb, rw->diff, ipv6);
	if (!uh->check)
		uh->check = CSUM_MANGLED_0;
}

/**
 * ozp_rewrite_apply() - give a packet its new addresses
 * @skb: the packet, parsed by ozp_packet_parse()
 * @pkt: what is known of it; the tuple keeps the old addresses
 * @rw: what to write; made for exactly the tuple of @pkt
 *
 * Unshares the header when it is cloned: pointers into it are to be read
 * again. Softirq or BH off.
 *
 * Return: OZP_CONTINUE, or OZP_DROP when memory is short.
 */
enum ozp_verdict ozp_rewrite_apply(struct sk_buff *skb, struct ozp_packet *pkt,
				   const struct ozp_rewrite *rw)
{
	unsigned int l4_len = pkt->tuple.protocol == IPPROTO_TCP ?
			      sizeof(struct tcphdr) : sizeof(struct udphdr);

	BUILD_BUG_ON(sizeof(struct udphdr) != sizeof(struct icmp6hdr));
	/* What a container gets that was asked by Instance IP, or answers so. */
	if (rw->is_none)
		return OZP_CONTINUE;
	if (ozp_packet_is_later_fragment(pkt))
		l4_len = 0;
	if (skb_ensure_writable(skb, pkt->l4_offset + l4_len))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);

	if (pkt->tuple.family == AF_INET)
		ozp_rewrite_ip4(skb, rw);
	else
		ozp_rewrite_ip6(skb, rw);
	if (ozp_packet_is_later_fragment(pkt))
		ozp_rewrite_addresses_only(skb, pkt, rw);
	else
		ozp_rewrite_l4(skb, pkt, rw);
	return OZP_CONTINUE;
}
