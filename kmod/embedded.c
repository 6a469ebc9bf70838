// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* An embedded packet may end anywhere behind the first eight bytes of its
 * transport header (RFC 792; RFC 4443, 2.4 c), its lengths are those of the
 * whole one, and nobody vouches for its checksums: those that are there are
 * changed by the difference, and stay wrong if they were.
 */

#include "embedded.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "rewrite.h"

static enum ozp_verdict ozp_embedded_parse_ip4(struct sk_buff *skb,
					       struct ozp_packet *pkt,
					       struct ozp_embedded *emb)
{
	const struct iphdr *iph;
	enum ozp_verdict verdict;

	verdict = ozp_packet_pull(skb, pkt, emb->offset + sizeof(*iph));
	if (verdict != OZP_CONTINUE)
		return verdict;
	iph = (void *)skb_network_header(skb) + emb->offset;
	if (iph->version != 4 || iph->ihl < 5)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_HEADER);
	/* A later fragment does not say whose it is. */
	if (iph->frag_off & htons(IP_OFFSET))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
	emb->tuple.src.ip4 = iph->saddr;
	emb->tuple.dst.ip4 = iph->daddr;
	emb->tuple.protocol = iph->protocol;
	emb->l4_offset = emb->offset + iph->ihl * 4;
	return OZP_CONTINUE;
}

static enum ozp_verdict ozp_embedded_parse_ip6(struct sk_buff *skb,
					       struct ozp_packet *pkt,
					       struct ozp_embedded *emb)
{
	const struct ipv6hdr *ip6h;
	enum ozp_verdict verdict;
	__be16 fragment;
	int l4_offset;
	u8 next;

	verdict = ozp_packet_pull(skb, pkt, emb->offset + sizeof(*ip6h));
	if (verdict != OZP_CONTINUE)
		return verdict;
	ip6h = (void *)skb_network_header(skb) + emb->offset;
	if (ip6h->version != 6)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_HEADER);
	emb->tuple.src.ip6 = ip6h->saddr;
	emb->tuple.dst.ip6 = ip6h->daddr;

	/* Stops at the header of a later fragment, which is no transport. */
	next = ip6h->nexthdr;
	l4_offset = ipv6_skip_exthdr(skb, skb_network_offset(skb) +
				     emb->offset + sizeof(*ip6h), &next,
				     &fragment);
	if (l4_offset < 0)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_TRUNCATED);
	emb->tuple.protocol = next;
	emb->l4_offset = l4_offset - skb_network_offset(skb);
	return OZP_CONTINUE;
}

static enum ozp_verdict ozp_embedded_parse_icmp(struct ozp_packet *pkt,
						struct ozp_embedded *emb,
						const struct icmphdr *icmph)
{
	switch (ozp_icmp_kind(emb->tuple.protocol, icmph->type)) {
	case OZP_ICMP_REQUEST:
		emb->tuple.sport = icmph->un.echo.id;
		return OZP_CONTINUE;
	case OZP_ICMP_REPLY:
		emb->tuple.dport = icmph->un.echo.id;
		return OZP_CONTINUE;
	case OZP_ICMP_ERROR:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_ERROR_ABOUT_ERROR);
	case OZP_ICMP_NONE:
	case OZP_ICMP_OTHER:
		break;
	}
	return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
}

/* Ports are in the same place in TCP and UDP. */
static enum ozp_verdict ozp_embedded_parse_l4(struct sk_buff *skb,
					      struct ozp_packet *pkt,
					      struct ozp_embedded *emb)
{
	enum ozp_verdict verdict;
	const struct udphdr *uh;
	unsigned int check = 0;

	verdict = ozp_packet_pull(skb, pkt, emb->l4_offset + sizeof(*uh));
	if (verdict != OZP_CONTINUE)
		return verdict;
	uh = (void *)skb_network_header(skb) + emb->l4_offset;
	switch (emb->tuple.protocol) {
	case IPPROTO_TCP:
		check = emb->l4_offset + offsetof(struct tcphdr, check);
		break;
	case IPPROTO_UDP:
		check = emb->l4_offset + offsetof(struct udphdr, check);
		break;
	case IPPROTO_ICMPV6:
		check = emb->l4_offset + offsetof(struct icmp6hdr, icmp6_cksum);
		fallthrough;
	case IPPROTO_ICMP:
		verdict = ozp_embedded_parse_icmp(pkt, emb, (const void *)uh);
		break;
	default:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
	}
	if (check && check + sizeof(__sum16) <= skb->len)
		emb->check_offset = check;
	if (emb->tuple.protocol == IPPROTO_TCP ||
	    emb->tuple.protocol == IPPROTO_UDP) {
		emb->tuple.sport = uh->source;
		emb->tuple.dport = uh->dest;
	}
	return verdict;
}

/**
 * ozp_embedded_parse() - find out which packet an ICMP error is about
 * @skb: the error, parsed by ozp_packet_parse()
 * @pkt: what is known of it
 * @emb: to be filled in
 *
 * May reallocate the header: pointers into it are to be read again. Any
 * context, no locks.
 *
 * Return: OZP_CONTINUE, or OZP_DROP when no error about a converted packet can
 * look so.
 */
enum ozp_verdict ozp_embedded_parse(struct sk_buff *skb, struct ozp_packet *pkt,
				    struct ozp_embedded *emb)
{
	enum ozp_verdict verdict;

	BUILD_BUG_ON(sizeof(struct icmphdr) != sizeof(struct icmp6hdr));

	memset(emb, 0, sizeof(*emb));
	emb->tuple.family = pkt->tuple.family;
	emb->offset = pkt->l4_offset + sizeof(struct icmphdr);
	if (pkt->tuple.family == AF_INET)
		verdict = ozp_embedded_parse_ip4(skb, pkt, emb);
	else
		verdict = ozp_embedded_parse_ip6(skb, pkt, emb);
	if (verdict != OZP_CONTINUE)
		return verdict;
	return ozp_embedded_parse_l4(skb, pkt, emb);
}

/**
 * ozp_embedded_answer() - the tuple of an answer to an embedded packet
 * @emb: the embedded packet
 * @answer: to be filled in
 */
void ozp_embedded_answer(const struct ozp_embedded *emb,
			 struct ozp_tuple *answer)
{
	*answer = emb->tuple;
	answer->src = emb->tuple.dst;
	answer->dst = emb->tuple.src;
	answer->sport = emb->tuple.dport;
	answer->dport = emb->tuple.sport;
}

/* The addresses, and what sums them; the header is writable. */
static void ozp_embedded_write(void *header, const struct ozp_embedded *emb,
			       const struct ozp_rewrite *rw)
{
	struct ipv6hdr *ip6h = header + emb->offset;
	struct iphdr *iph = header + emb->offset;
	__sum16 *check = header + emb->check_offset;
	bool udp = emb->tuple.protocol == IPPROTO_UDP;

	if (emb->tuple.family == AF_INET) {
		csum_replace_by_diff(&iph->check, rw->diff);
		iph->saddr = rw->src->ip4;
		iph->daddr = rw->dst->ip4;
	} else {
		ip6h->saddr = rw->src->ip6;
		ip6h->daddr = rw->dst->ip6;
	}
	if (!emb->check_offset || (udp && !*check))
		return;
	csum_replace_by_diff(check, rw->diff);
	if (udp && !*check)
		*check = CSUM_MANGLED_0;
}

/**
 * ozp_embedded_rewrite() - give an embedded packet other addresses
 * @skb: the error
 * @pkt: what is known of it
 * @emb: the embedded packet, as ozp_embedded_parse() found it
 * @src: its new source
 * @dst: its new destination
 *
 * Unshares the header when it is cloned: pointers into it are to be read
 * again. Softirq or BH off.
 *
 * Return: OZP_CONTINUE, or OZP_DROP when memory is short.
 */
enum ozp_verdict ozp_embedded_rewrite(struct sk_buff *skb,
				      struct ozp_packet *pkt,
				      const struct ozp_embedded *emb,
				      const union ozp_addr *src,
				      const union ozp_addr *dst)
{
	unsigned int end = emb->l4_offset;
	struct icmphdr *icmph;
	struct ozp_rewrite rw;
	__wsum before, after;
	void *header;

	if (ozp_addr_is_equal(&emb->tuple.src, src) &&
	    ozp_addr_is_equal(&emb->tuple.dst, dst))
		return OZP_CONTINUE;
	if (emb->check_offset)
		end = emb->check_offset + sizeof(__sum16);
	if (skb_ensure_writable(skb, end))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);

	/* The error sums all that changes here. It is an even number of bytes
	 * behind an even number, so they can be summed by themselves.
	 */
	header = skb_network_header(skb);
	ozp_rewrite_init(&rw, &emb->tuple, src, dst);
	before = csum_partial(header + emb->offset, end - emb->offset, 0);
	ozp_embedded_write(header, emb, &rw);
	after = csum_partial(header + emb->offset, end - emb->offset, 0);

	/* An unfinished sum does not cover the data yet. That of the whole
	 * packet, if the card made one, stays: the two changes cancel out.
	 */
	icmph = header + pkt->l4_offset;
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		csum_replace_by_diff(&icmph->checksum, csum_sub(after, before));
	return OZP_CONTINUE;
}
