// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "packet.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "limits.h"

/* A header that goes on behind the end of the packet. It must not go on in
 * another fragment either (RFC 7112, 5; RFC 1858, 3.2).
 */
static enum ozp_verdict ozp_packet_refuse_cut(struct ozp_packet *pkt,
					      enum ozproxy_drop_reason reason)
{
	if (ozp_packet_is_fragment(pkt))
		reason = OZPROXY_DROP_REASON_BAD_FRAGMENT;
	return ozp_refuse(pkt, reason);
}

/**
 * ozp_packet_pull() - make the beginning of a packet linear
 * @skb: the packet
 * @pkt: what is known of it
 * @len: bytes that must be there
 *
 * May reallocate the header.
 *
 * Return: OZP_CONTINUE, or OZP_DROP when the packet ends before or memory is
 * short.
 */
enum ozp_verdict ozp_packet_pull(struct sk_buff *skb, struct ozp_packet *pkt,
				 unsigned int len)
{
	if (skb->len < len)
		return ozp_packet_refuse_cut(pkt,
					     OZPROXY_DROP_REASON_TRUNCATED);
	if (!pskb_may_pull(skb, len))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NO_MEMORY);
	return OZP_CONTINUE;
}

/* RFC 1122, 3.2.1.3: what must not appear as an address of a host. */
static bool ozp_packet_is_bad_ip4(__be32 addr)
{
	return ipv4_is_zeronet(addr) || ipv4_is_loopback(addr) ||
	       ipv4_is_lbcast(addr);
}

/* RFC 4291, 2.5; IPv4-mapped ones never travel (RFC 6890, table 20). */
static bool ozp_packet_is_bad_ip6(const struct in6_addr *addr)
{
	return ipv6_addr_any(addr) || ipv6_addr_loopback(addr) ||
	       ipv6_addr_v4mapped(addr);
}

/**
 * ozp_addr_is_host() - whether an address can be a container's
 * @family: family of @addr
 * @addr: the address
 *
 * Return: false for those whose packets are dropped as bad-address or
 * multicast.
 */
bool ozp_addr_is_host(u8 family, const union ozp_addr *addr)
{
	if (family == AF_INET)
		return !ozp_packet_is_bad_ip4(addr->ip4) &&
		       !ipv4_is_multicast(addr->ip4);
	return !ozp_packet_is_bad_ip6(&addr->ip6) &&
	       !ipv6_addr_is_multicast(&addr->ip6);
}

/* Where a fragment belongs. @before: bytes that its header adds to the length of
 * the datagram, which is 16 bits (RFC 791, 3.1; RFC 8200, 4.5). All but the last
 * carry a multiple of eight bytes.
 */
static enum ozp_verdict ozp_packet_place(const struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 unsigned int offset, bool more,
					 unsigned int before)
{
	unsigned int len = skb->len - pkt->l4_offset;

	if (!len || (more && len % 8) || before + offset + len > U16_MAX ||
	    skb_is_gso(skb))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_FRAGMENT);
	pkt->fragment.offset = offset;
	pkt->fragment.end = offset + len;
	pkt->fragment.more = more;
	return OZP_CONTINUE;
}

static enum ozp_verdict ozp_packet_parse_ip4(struct sk_buff *skb,
					     struct ozp_packet *pkt)
{
	const struct iphdr *iph;
	enum ozp_verdict verdict;
	unsigned int len;

	verdict = ozp_packet_pull(skb, pkt, sizeof(*iph));
	if (verdict != OZP_CONTINUE)
		return verdict;
	iph = ip_hdr(skb);
	if (iph->version != 4 || iph->ihl < 5)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_HEADER);
	pkt->l4_offset = iph->ihl * 4;

	verdict = ozp_packet_pull(skb, pkt, pkt->l4_offset);
	if (verdict != OZP_CONTINUE)
		return verdict;
	iph = ip_hdr(skb);
	if (ip_fast_csum(iph, iph->ihl))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_HEADER);
	len = iph_totlen(skb, iph);
	if (len < pkt->l4_offset)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_HEADER);
	if (len != skb->len)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_LENGTH);

	if (ipv4_is_multicast(iph->daddr))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_MULTICAST);
	if (ozp_packet_is_bad_ip4(iph->saddr) ||
	    ipv4_is_multicast(iph->saddr) || ozp_packet_is_bad_ip4(iph->daddr))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_ADDRESS);

	pkt->tuple.src.ip4 = iph->saddr;
	pkt->tuple.dst.ip4 = iph->daddr;
	pkt->tuple.family = AF_INET;
	pkt->tuple.protocol = iph->protocol;
	if (!ip_is_fragment(iph))
		return OZP_CONTINUE;
	pkt->fragment.id = ntohs(iph->id);
	return ozp_packet_place(skb, pkt,
				(ntohs(iph->frag_off) & IP_OFFSET) * 8,
				iph->frag_off & htons(IP_MF), pkt->l4_offset);
}

/* The fragment header ends the walk, unless the packet is a first fragment or an
 * atomic one, which is like one without the header (RFC 6946, 4).
 */
static enum ozp_verdict ozp_packet_parse_fragment(struct sk_buff *skb,
						  struct ozp_packet *pkt,
						  u8 *next)
{
	unsigned int before = pkt->l4_offset - sizeof(struct ipv6hdr);
	const struct frag_hdr *fh;
	enum ozp_verdict verdict;

	verdict = ozp_packet_pull(skb, pkt, pkt->l4_offset + sizeof(*fh));
	if (verdict != OZP_CONTINUE)
		return verdict;
	fh = (void *)skb_network_header(skb) + pkt->l4_offset;
	*next = fh->nexthdr;
	pkt->l4_offset += sizeof(*fh);
	if (!(fh->frag_off & htons(IP6_OFFSET | IP6_MF)))
		return OZP_CONTINUE;
	pkt->fragment.id = ntohl(fh->identification);
	return ozp_packet_place(skb, pkt, ntohs(fh->frag_off) & IP6_OFFSET,
				fh->frag_off & htons(IP6_MF), before);
}

/* Any other extension header (RFC 8200, 4.2). */
static enum ozp_verdict ozp_packet_pass_option(struct sk_buff *skb,
					       struct ozp_packet *pkt, u8 *next)
{
	const struct ipv6_rt_hdr *routing;
	const struct ipv6_opt_hdr *opt;
	enum ozp_verdict verdict;

	verdict = ozp_packet_pull(skb, pkt, pkt->l4_offset + sizeof(*routing));
	if (verdict != OZP_CONTINUE)
		return verdict;
	opt = (void *)skb_network_header(skb) + pkt->l4_offset;
	if (*next == NEXTHDR_ROUTING) {
		/* The checksum covers the final destination, which is not the
		 * one in the IP header (RFC 8200, 8.1).
		 */
		routing = (const void *)opt;
		if (routing->segments_left)
			return ozp_refuse(pkt,
					  OZPROXY_DROP_REASON_UNSUPPORTED_PROTOCOL);
	}
	*next = opt->nexthdr;
	pkt->l4_offset += ipv6_optlen(opt);
	return OZP_CONTINUE;
}

/* Walk the extension headers (RFC 8200, 4) to the transport header. Those that
 * are known not to change what a transport checksum covers are passed over.
 */
static enum ozp_verdict ozp_packet_walk_ip6(struct sk_buff *skb,
					    struct ozp_packet *pkt, u8 next)
{
	enum ozp_verdict verdict;
	unsigned int options = 0;
	bool split = false;

	while (!ozp_packet_is_later_fragment(pkt)) {
		if (next == NEXTHDR_FRAGMENT) {
			/* A fragment of a fragment. */
			if (split)
				return ozp_refuse(pkt,
						  OZPROXY_DROP_REASON_BAD_FRAGMENT);
			split = true;
			verdict = ozp_packet_parse_fragment(skb, pkt, &next);
		} else if (next == NEXTHDR_HOP || next == NEXTHDR_DEST ||
			   next == NEXTHDR_ROUTING) {
			if (options++ == OZP_EXTENSION_HEADERS_MAX)
				return ozp_refuse(pkt,
						  OZPROXY_DROP_REASON_BAD_HEADER);
			verdict = ozp_packet_pass_option(skb, pkt, &next);
		} else {
			break;
		}
		if (verdict != OZP_CONTINUE)
			return verdict;
	}
	pkt->tuple.protocol = next;
	return OZP_CONTINUE;
}

static enum ozp_verdict ozp_packet_parse_ip6(struct sk_buff *skb,
					     struct ozp_packet *pkt)
{
	const struct ipv6hdr *ip6h;
	enum ozp_verdict verdict;
	unsigned int len;

	verdict = ozp_packet_pull(skb, pkt, sizeof(*ip6h));
	if (verdict != OZP_CONTINUE)
		return verdict;
	ip6h = ipv6_hdr(skb);
	if (ip6h->version != 6)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_HEADER);

	/* No length: a jumbogram (RFC 2675), which only GSO makes. */
	len = ntohs(ip6h->payload_len) + sizeof(*ip6h);
	if (len != skb->len && (ip6h->payload_len || !skb_is_gso(skb)))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_LENGTH);

	if (ipv6_addr_is_multicast(&ip6h->daddr))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_MULTICAST);
	if (ozp_packet_is_bad_ip6(&ip6h->saddr) ||
	    ipv6_addr_is_multicast(&ip6h->saddr) ||
	    ozp_packet_is_bad_ip6(&ip6h->daddr))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_ADDRESS);

	pkt->tuple.src.ip6 = ip6h->saddr;
	pkt->tuple.dst.ip6 = ip6h->daddr;
	pkt->tuple.family = AF_INET6;
	pkt->l4_offset = sizeof(*ip6h);
	return ozp_packet_walk_ip6(skb, pkt, ip6h->nexthdr);
}

static enum ozp_verdict ozp_packet_parse_tcp(struct sk_buff *skb,
					     struct ozp_packet *pkt)
{
	const struct tcphdr *th;
	enum ozp_verdict verdict;

	verdict = ozp_packet_pull(skb, pkt, pkt->l4_offset + sizeof(*th));
	if (verdict != OZP_CONTINUE)
		return verdict;
	th = (void *)skb_network_header(skb) + pkt->l4_offset;
	if (th->doff * 4 < sizeof(*th))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_HEADER);
	if (pkt->l4_offset + th->doff * 4 > skb->len)
		return ozp_packet_refuse_cut(pkt,
					     OZPROXY_DROP_REASON_BAD_HEADER);

	pkt->tuple.sport = th->source;
	pkt->tuple.dport = th->dest;
	pkt->tcp_fin = th->fin;
	pkt->tcp_rst = th->rst;
	pkt->tcp_syn = th->syn && !th->ack;
	pkt->tcp_synack = th->syn && th->ack;
	return OZP_CONTINUE;
}

static enum ozp_verdict ozp_packet_parse_udp(struct sk_buff *skb,
					     struct ozp_packet *pkt)
{
	const struct udphdr *uh;
	enum ozp_verdict verdict;

	verdict = ozp_packet_pull(skb, pkt, pkt->l4_offset + sizeof(*uh));
	if (verdict != OZP_CONTINUE)
		return verdict;
	uh = (void *)skb_network_header(skb) + pkt->l4_offset;
	/* The length is that of the datagram, of which this may be a part. */
	if (ntohs(uh->len) < sizeof(*uh) ||
	    (!ozp_packet_is_fragment(pkt) &&
	     pkt->l4_offset + ntohs(uh->len) > skb->len))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_BAD_HEADER);

	pkt->tuple.sport = uh->source;
	pkt->tuple.dport = uh->dest;
	return OZP_CONTINUE;
}

/* A source quench is to be ignored (RFC 6633), a redirect is about a link. */
static enum ozp_icmp_kind ozp_icmp4_kind(u8 type)
{
	switch (type) {
	case ICMP_ECHO:
		return OZP_ICMP_REQUEST;
	case ICMP_ECHOREPLY:
		return OZP_ICMP_REPLY;
	case ICMP_DEST_UNREACH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return OZP_ICMP_ERROR;
	default:
		return OZP_ICMP_OTHER;
	}
}

static enum ozp_icmp_kind ozp_icmp6_kind(u8 type)
{
	switch (type) {
	case ICMPV6_ECHO_REQUEST:
		return OZP_ICMP_REQUEST;
	case ICMPV6_ECHO_REPLY:
		return OZP_ICMP_REPLY;
	case ICMPV6_DEST_UNREACH:
	case ICMPV6_PKT_TOOBIG:
	case ICMPV6_TIME_EXCEED:
	case ICMPV6_PARAMPROB:
		return OZP_ICMP_ERROR;
	default:
		return OZP_ICMP_OTHER;
	}
}

/**
 * ozp_icmp_kind() - what an ICMP message is to us
 * @protocol: IPPROTO_ICMP or IPPROTO_ICMPV6
 * @type: its type
 *
 * Return: its kind, never OZP_ICMP_NONE.
 */
enum ozp_icmp_kind ozp_icmp_kind(u8 protocol, u8 type)
{
	return protocol == IPPROTO_ICMP ? ozp_icmp4_kind(type) :
					  ozp_icmp6_kind(type);
}

/* Types, codes and identifiers are where they are in both families (RFC 792;
 * RFC 4443, 2.1 and 4.1).
 */
static enum ozp_verdict ozp_packet_parse_icmp(struct sk_buff *skb,
					      struct ozp_packet *pkt)
{
	const struct icmphdr *icmph;
	enum ozp_verdict verdict;

	verdict = ozp_packet_pull(skb, pkt, pkt->l4_offset + sizeof(*icmph));
	if (verdict != OZP_CONTINUE)
		return verdict;
	icmph = (void *)skb_network_header(skb) + pkt->l4_offset;
	pkt->icmp = ozp_icmp_kind(pkt->tuple.protocol, icmph->type);
	switch (pkt->icmp) {
	case OZP_ICMP_REQUEST:
		pkt->tuple.sport = icmph->un.echo.id;
		break;
	case OZP_ICMP_REPLY:
		pkt->tuple.dport = icmph->un.echo.id;
		break;
	case OZP_ICMP_ERROR:
		/* Short enough for every path (RFC 1812, 4.3.2.3; RFC 4443,
		 * 2.4 c).
		 */
		if (ozp_packet_is_fragment(pkt))
			return ozp_refuse(pkt,
					  OZPROXY_DROP_REASON_BAD_FRAGMENT);
		break;
	case OZP_ICMP_NONE:
	case OZP_ICMP_OTHER:
		return ozp_refuse(pkt,
				  OZPROXY_DROP_REASON_UNSUPPORTED_PROTOCOL);
	}
	return OZP_CONTINUE;
}

/* ICMP is a part of either IP, and foreign to the other. */
static bool ozp_packet_is_icmp(const struct ozp_tuple *tuple)
{
	return tuple->protocol == (tuple->family == AF_INET ? IPPROTO_ICMP :
							      IPPROTO_ICMPV6);
}

/**
 * ozp_packet_parse() - validate a packet and find out its tuple
 * @skb: the packet; its data begins at its network header, @skb->protocol says
 *	which family it is
 * @pkt: zeroed but for stats and direction; tuple, l4_offset, fragment and what is
 *	known of the transport header are filled in
 *
 * May reallocate the header: pointers into it are to be read again. Any
 * context, no locks.
 *
 * Return: OZP_CONTINUE, then everything up to the end of the fixed transport
 * header is linear (of a later fragment, which has none, the headers before);
 * else OZP_DROP.
 */
enum ozp_verdict ozp_packet_parse(struct sk_buff *skb, struct ozp_packet *pkt)
{
	enum ozp_verdict verdict;

	switch (skb->protocol) {
	case htons(ETH_P_IP):
		verdict = ozp_packet_parse_ip4(skb, pkt);
		break;
	case htons(ETH_P_IPV6):
		verdict = ozp_packet_parse_ip6(skb, pkt);
		break;
	default:
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_NOT_IP);
	}
	if (verdict != OZP_CONTINUE || ozp_packet_is_later_fragment(pkt))
		return verdict;

	switch (pkt->tuple.protocol) {
	case IPPROTO_TCP:
		return ozp_packet_parse_tcp(skb, pkt);
	case IPPROTO_UDP:
		return ozp_packet_parse_udp(skb, pkt);
	default:
		break;
	}
	if (ozp_packet_is_icmp(&pkt->tuple))
		return ozp_packet_parse_icmp(skb, pkt);
	return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNSUPPORTED_PROTOCOL);
}
