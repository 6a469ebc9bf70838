// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "skbs.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/unaligned.h>
#include <net/ip.h>
#include <net/ipv6.h>

/* Bytes from the network header to the transport header. */
unsigned int ozp_shape_l4_offset(const struct ozp_shape *shape)
{
	if (shape->family == AF_INET)
		return sizeof(struct iphdr) + shape->options;
	return sizeof(struct ipv6hdr) + 8 * shape->extension_count;
}

/* Bytes of all headers. */
unsigned int ozp_shape_headers(const struct ozp_shape *shape)
{
	unsigned int len = ozp_shape_l4_offset(shape);

	if (shape->protocol == IPPROTO_TCP)
		return len + (shape->doff ?: 5) * 4;
	return len + sizeof(struct udphdr);
}

/* The sum of RFC 1071 in the plainest way: word by word. */
static u16 naive_sum(const u8 *data, unsigned int len, u32 sum)
{
	unsigned int i;

	for (i = 0; i + 1 < len; i += 2)
		sum += get_unaligned_be16(data + i);
	if (len % 2)
		sum += data[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The pseudo header: addresses, length, protocol. ICMPv4 has none. */
static u16 naive_l4_sum(const u8 *data, unsigned int l4_offset,
			unsigned int len, u8 protocol)
{
	u32 sum = len - l4_offset + protocol;

	if (protocol == IPPROTO_ICMP)
		return naive_sum(data + l4_offset, len - l4_offset, 0);
	if (data[0] >> 4 == 4)
		sum += naive_sum(data + 12, 8, 0);
	else
		sum += naive_sum(data + 8, 32, 0);
	return naive_sum(data + l4_offset, len - l4_offset, sum);
}

/* Where the checksum is in a transport header. */
unsigned int ozp_test_check_offset(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
		return offsetof(struct udphdr, check);
	default:
		return offsetof(struct icmphdr, checksum);
	}
}

/* Writes the header checksum of an IPv4 packet. */
void ozp_test_ip4_check(u8 *data)
{
	put_unaligned_be16(0, data + 10);
	put_unaligned_be16(~naive_sum(data, (data[0] & 15) * 4, 0), data + 10);
}

/* Writes the transport checksum; a UDP one of zero becomes all ones. */
void ozp_test_l4_check(u8 *data, unsigned int l4_offset, unsigned int len,
		       u8 protocol)
{
	u8 *check = data + l4_offset + ozp_test_check_offset(protocol);
	u16 sum;

	put_unaligned_be16(0, check);
	sum = ~naive_l4_sum(data, l4_offset, len, protocol);
	if (!sum && protocol == IPPROTO_UDP)
		sum = 0xffff;
	put_unaligned_be16(sum, check);
}

/* Whether a receiver would take the transport checksum. */
bool ozp_test_l4_is_right(const u8 *data, unsigned int l4_offset,
			  unsigned int len, u8 protocol)
{
	return naive_l4_sum(data, l4_offset, len, protocol) == 0xffff;
}

static void build_ip4(const struct ozp_shape *shape,
		      const struct ozp_tuple *tuple, u8 *data, unsigned int len)
{
	struct iphdr *iph = (void *)data;

	iph->version = 4;
	iph->ihl = 5 + shape->options / 4;
	iph->tot_len = htons(len);
	iph->id = htons(0x4711);
	iph->ttl = 63;
	iph->protocol = shape->protocol;
	iph->saddr = tuple->src.ip4;
	iph->daddr = tuple->dst.ip4;
	/* No operation, over and over. */
	memset(data + sizeof(*iph), 1, shape->options);
	ozp_test_ip4_check(data);
}

static void build_ip6(const struct ozp_shape *shape,
		      const struct ozp_tuple *tuple, u8 *data, unsigned int len)
{
	struct ipv6hdr *ip6h = (void *)data;
	u8 *next = &ip6h->nexthdr, *header = data + sizeof(*ip6h);
	unsigned int i;

	ip6h->version = 6;
	ip6h->payload_len = htons(len - sizeof(*ip6h));
	ip6h->hop_limit = 63;
	ip6h->saddr = tuple->src.ip6;
	ip6h->daddr = tuple->dst.ip6;
	for (i = 0; i < shape->extension_count; i++) {
		*next = shape->extensions[i];
		/* Length 0: eight bytes; a PadN option, or no segments left. */
		memset(header, 0, 8);
		if (shape->extensions[i] != NEXTHDR_ROUTING) {
			header[2] = 1;
			header[3] = 4;
		}
		next = header;
		header += 8;
	}
	*next = shape->protocol;
}

static bool is_icmp(u8 protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* Takes from a tuple what a packet of this shape cannot say. */
void ozp_shape_fit(const struct ozp_shape *shape, struct ozp_tuple *tuple)
{
	if (!is_icmp(shape->protocol))
		return;
	if (shape->reply)
		tuple->sport = 0;
	else
		tuple->dport = 0;
}

static void build_echo(const struct ozp_shape *shape,
		       const struct ozp_tuple *tuple, struct icmphdr *icmph)
{
	if (shape->family == AF_INET)
		icmph->type = shape->reply ? ICMP_ECHOREPLY : ICMP_ECHO;
	else
		icmph->type = shape->reply ? ICMPV6_ECHO_REPLY :
					     ICMPV6_ECHO_REQUEST;
	icmph->un.echo.id = shape->reply ? tuple->dport : tuple->sport;
	icmph->un.echo.sequence = htons(7);
}

/* Writes the packet with right lengths and checksums; returns its length. */
unsigned int ozp_shape_build(const struct ozp_shape *shape,
			     const struct ozp_tuple *tuple, u8 *data)
{
	unsigned int l4_offset = ozp_shape_l4_offset(shape);
	unsigned int len = ozp_shape_headers(shape) + shape->payload, i;
	struct tcphdr *th = (void *)(data + l4_offset);
	struct udphdr *uh = (void *)(data + l4_offset);

	memset(data, 0, len);
	for (i = len - shape->payload; i < len; i++)
		data[i] = i;
	if (shape->family == AF_INET)
		build_ip4(shape, tuple, data, len);
	else
		build_ip6(shape, tuple, data, len);
	if (shape->protocol == IPPROTO_TCP) {
		th->source = tuple->sport;
		th->dest = tuple->dport;
		th->doff = shape->doff ?: 5;
		th->ack = 1;
	} else if (is_icmp(shape->protocol)) {
		build_echo(shape, tuple, (void *)(data + l4_offset));
	} else {
		uh->source = tuple->sport;
		uh->dest = tuple->dport;
		uh->len = htons(len - l4_offset);
	}
	ozp_test_l4_check(data, l4_offset, len, shape->protocol);
	return len;
}

/* Writes @size bytes at @offset of what a built packet carries as a fragment;
 * the last one is the one that reaches the packet's end. All extension headers
 * are in what is split. Returns its length.
 */
unsigned int ozp_test_fragment(const u8 *data, unsigned int len,
			       unsigned int offset, unsigned int size, u32 id,
			       u8 *fragment)
{
	bool ipv6 = data[0] >> 4 == 6;
	unsigned int start = ipv6 ? sizeof(struct ipv6hdr) :
				    (data[0] & 15) * 4;
	bool more = start + offset + size < len;
	struct frag_hdr *fh = (void *)(fragment + start);
	unsigned int head = start;

	memcpy(fragment, data, start);
	if (ipv6) {
		head += sizeof(*fh);
		put_unaligned_be16(head + size - start, fragment + 4);
		fragment[6] = NEXTHDR_FRAGMENT;
		fh->nexthdr = data[6];
		fh->reserved = 0;
		fh->frag_off = htons(offset | more);
		fh->identification = htonl(id);
	} else {
		put_unaligned_be16(head + size, fragment + 2);
		put_unaligned_be16(id, fragment + 4);
		put_unaligned_be16(offset / 8 | (more ? IP_MF : 0),
				   fragment + 6);
		ozp_test_ip4_check(fragment);
	}
	memcpy(fragment + head, data + start + offset, size);
	return head + size;
}

/* An skb with the first @linear bytes in its head and the others in a page;
 * NULL without memory. What is behind the packet in head and page is not zero.
 */
struct sk_buff *ozp_test_skb(const u8 *data, unsigned int len,
			     unsigned int linear)
{
	struct sk_buff *skb;
	struct page *page;

	skb = alloc_skb(64 + linear, GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reserve(skb, 64);
	skb_reset_network_header(skb);
	skb_put_data(skb, data, linear);
	if (linear < len) {
		page = alloc_page(GFP_KERNEL);
		if (!page) {
			kfree_skb(skb);
			return NULL;
		}
		memset(page_address(page), 0x55, PAGE_SIZE);
		memcpy(page_address(page) + 16, data + linear, len - linear);
		skb_add_rx_frag(skb, 0, page, 16, len - linear, PAGE_SIZE);
	}
	skb->protocol = len && data[0] >> 4 == 6 ? htons(ETH_P_IPV6) :
						   htons(ETH_P_IP);
	return skb;
}
