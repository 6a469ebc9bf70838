// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The parser: golden packets, every shape of headers, every place to cut. */

#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/unaligned.h>

#include "packet.h"
#include "seed.h"
#include "skbs.h"

struct golden {
	const char *name;
	const u8 *data;
	unsigned int len;
};

#include "packets_gen.h"

static void goldens_describe(const struct golden *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(goldens, goldens, goldens_describe);

static const struct ozp_shape shapes[] = {
	{ "IPv4, TCP", AF_INET, IPPROTO_TCP, .payload = 20 },
	{ "IPv4, TCP, nothing behind", AF_INET, IPPROTO_TCP },
	{ "IPv4, TCP options", AF_INET, IPPROTO_TCP, .doff = 15,
	  .payload = 3 },
	{ "IPv4 options, TCP", AF_INET, IPPROTO_TCP, .options = 4 },
	{ "all IPv4 options, TCP", AF_INET, IPPROTO_TCP, .options = 40 },
	{ "IPv4, UDP", AF_INET, IPPROTO_UDP, .payload = 20 },
	{ "IPv4, UDP, nothing behind", AF_INET, IPPROTO_UDP },
	{ "IPv4 options, UDP", AF_INET, IPPROTO_UDP, .options = 24 },
	{ "IPv6, TCP", AF_INET6, IPPROTO_TCP, .payload = 20 },
	{ "IPv6, TCP options", AF_INET6, IPPROTO_TCP, .doff = 9 },
	{ "IPv6, UDP", AF_INET6, IPPROTO_UDP, .payload = 1 },
	{ "IPv6, hop-by-hop, UDP", AF_INET6, IPPROTO_UDP,
	  .extension_count = 1,
	  .extensions = { NEXTHDR_HOP } },
	{ "IPv6, destination, TCP", AF_INET6, IPPROTO_TCP,
	  .extension_count = 1,
	  .extensions = { NEXTHDR_DEST } },
	{ "IPv6, routing at its end, TCP", AF_INET6, IPPROTO_TCP,
	  .extension_count = 1,
	  .extensions = { NEXTHDR_ROUTING } },
	{ "IPv6, as many extensions as allowed, UDP", AF_INET6, IPPROTO_UDP,
	  .extension_count = 8,
	  .extensions = { NEXTHDR_HOP, NEXTHDR_DEST, NEXTHDR_ROUTING,
			  NEXTHDR_DEST, NEXTHDR_DEST, NEXTHDR_DEST,
			  NEXTHDR_DEST, NEXTHDR_DEST } },
	{ "ICMP echo request", AF_INET, IPPROTO_ICMP, .payload = 56 },
	{ "ICMP echo reply, IPv4 options", AF_INET, IPPROTO_ICMP,
	  .options = 8, .reply = true },
	{ "ICMPv6 echo request", AF_INET6, IPPROTO_ICMPV6, .payload = 56 },
	{ "ICMPv6 echo reply, hop-by-hop", AF_INET6, IPPROTO_ICMPV6,
	  .extension_count = 1,
	  .extensions = { NEXTHDR_HOP },
	  .reply = true },
};

static void shapes_describe(const struct ozp_shape *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(shapes, shapes, shapes_describe);

static void usual_tuple(const struct ozp_shape *shape, struct ozp_tuple *tuple)
{
	memset(tuple, 0, sizeof(*tuple));
	tuple->family = shape->family;
	tuple->protocol = shape->protocol;
	tuple->sport = htons(34278);
	tuple->dport = htons(30443);
	ozp_shape_fit(shape, tuple);
	if (shape->family == AF_INET) {
		tuple->src.ip4 = htonl(0x0a130103);
		tuple->dst.ip4 = htonl(0x0a1e011e);
		return;
	}
	ipv6_addr_set(&tuple->src.ip6, htonl(0xfc000000), 0, 0, htonl(0x103));
	ipv6_addr_set(&tuple->dst.ip6, htonl(0xfdff2000), 0, 0, htonl(0x30));
}

/* Parses @len bytes of which @linear are in the head. */
static enum ozp_verdict parse(struct kunit *test, const u8 *data,
			      unsigned int len, unsigned int linear,
			      struct ozp_packet *pkt)
{
	enum ozp_verdict verdict;
	struct sk_buff *skb;

	skb = ozp_test_skb(data, len, linear);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	memset(pkt, 0, sizeof(*pkt));
	verdict = ozp_packet_parse(skb, pkt);
	KUNIT_EXPECT_EQ(test, skb->len, len);
	if (verdict == OZP_CONTINUE)
		KUNIT_EXPECT_GE(test, skb_headlen(skb), pkt->l4_offset +
				(ozp_packet_is_later_fragment(pkt) ? 0 :
				 pkt->tuple.protocol == IPPROTO_TCP ?
				 sizeof(struct tcphdr) :
				 sizeof(struct udphdr)));
	kfree_skb(skb);
	return verdict;
}

/* Bytes of the head that are worth trying. */
static unsigned int next_linear(unsigned int linear, unsigned int len)
{
	return linear < 100 ? linear + 1 : linear < len ? len : len + 1;
}

static enum ozp_icmp_kind shape_icmp(const struct ozp_shape *shape)
{
	if (shape->protocol == IPPROTO_TCP || shape->protocol == IPPROTO_UDP)
		return OZP_ICMP_NONE;
	return shape->reply ? OZP_ICMP_REPLY : OZP_ICMP_REQUEST;
}

static void every_shape_is_understood(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	unsigned int len, linear;
	struct ozp_packet pkt;
	struct ozp_tuple want;
	u8 *data;

	data = kunit_kzalloc(test, OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	usual_tuple(shape, &want);
	len = ozp_shape_build(shape, &want, data);
	for (linear = 0; linear <= len; linear = next_linear(linear, len)) {
		KUNIT_ASSERT_EQ_MSG(test, parse(test, data, len, linear, &pkt),
				    OZP_CONTINUE, "%u in the head: reason %u",
				    linear, pkt.reason);
		KUNIT_EXPECT_MEMEQ(test, &pkt.tuple, &want,
				   offsetof(struct ozp_tuple, end));
		KUNIT_EXPECT_EQ(test, pkt.l4_offset,
				ozp_shape_l4_offset(shape));
		KUNIT_EXPECT_FALSE(test, pkt.tcp_syn);
		KUNIT_EXPECT_FALSE(test, pkt.tcp_fin);
		KUNIT_EXPECT_FALSE(test, pkt.tcp_rst);
		KUNIT_EXPECT_EQ(test, pkt.icmp, shape_icmp(shape));
	}
}

/* All lengths say that the packet ends at @len, as if it always had. */
static void cut(u8 *data, unsigned int len, const struct ozp_shape *shape)
{
	unsigned int l4_offset = ozp_shape_l4_offset(shape);

	if (shape->family == AF_INET && len >= sizeof(struct iphdr)) {
		put_unaligned_be16(len, data + 2);
		if (len >= l4_offset)
			ozp_test_ip4_check(data);
	} else if (shape->family == AF_INET6 && len >= sizeof(struct ipv6hdr)) {
		put_unaligned_be16(len - sizeof(struct ipv6hdr), data + 4);
	}
	if (shape->protocol == IPPROTO_UDP &&
	    len >= l4_offset + sizeof(struct udphdr))
		put_unaligned_be16(len - l4_offset, data + l4_offset + 4);
}

/* Cut at every byte, the lengths as they were: never taken. The bytes that are
 * missing lie behind the end, so that whoever reads on finds a whole packet.
 */
static void every_cut_is_refused(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	unsigned int len, whole, i;
	struct ozp_packet pkt;
	struct ozp_tuple tuple;
	struct sk_buff *skb;
	u8 *data;

	data = kunit_kzalloc(test, OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	usual_tuple(shape, &tuple);
	whole = ozp_shape_build(shape, &tuple, data);
	for (len = 0; len < whole; len++) {
		const unsigned int heads[] = { 0, len / 2, len };

		for (i = 0; i < ARRAY_SIZE(heads); i++)
			KUNIT_EXPECT_EQ_MSG(test,
					    parse(test, data, len, heads[i],
						  &pkt),
					    OZP_DROP, "cut at %u", len);
		skb = ozp_test_skb(data, whole, whole);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_trim(skb, len);
		memset(&pkt, 0, sizeof(pkt));
		KUNIT_EXPECT_EQ(test, ozp_packet_parse(skb, &pkt), OZP_DROP);
		KUNIT_EXPECT_TRUE(test,
				  pkt.reason == OZPROXY_DROP_REASON_TRUNCATED ||
				  pkt.reason == OZPROXY_DROP_REASON_BAD_LENGTH);
		kfree_skb(skb);
	}
}

/* Cut at every byte, and all lengths agree: taken exactly when the headers are
 * whole.
 */
static void every_short_packet_is_judged(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	unsigned int len, whole, headers = ozp_shape_headers(shape);
	struct ozp_packet pkt;
	struct ozp_tuple want;
	struct sk_buff *skb;
	u8 *data;

	data = kunit_kzalloc(test, OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	usual_tuple(shape, &want);
	for (len = 0; ; len++) {
		whole = ozp_shape_build(shape, &want, data);
		if (len > whole)
			break;
		cut(data, len, shape);
		skb = ozp_test_skb(data, whole, whole);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_trim(skb, len);
		memset(&pkt, 0, sizeof(pkt));
		KUNIT_EXPECT_EQ_MSG(test, ozp_packet_parse(skb, &pkt),
				    len < headers ? OZP_DROP : OZP_CONTINUE,
				    "%u of %u bytes", len, whole);
		kfree_skb(skb);
		KUNIT_EXPECT_EQ_MSG(test, parse(test, data, len, len / 3, &pkt),
				    len < headers ? OZP_DROP : OZP_CONTINUE,
				    "%u of %u bytes in pieces", len, whole);
	}
}

/* A change of one field of a packet, and what it is refused for. */
struct damage {
	const char *name;
	u8 shape;
	u8 offset;
	u8 len;
	u8 bytes[16];
	enum ozproxy_drop_reason reason;
};

/* Places in shapes[] */
enum {
	IP4_TCP = 0,
	IP4_UDP = 5,
	IP6_TCP = 8,
	IP6_UDP = 10,
	IP6_HOP = 11,
	IP6_ROUTING = 13,
	ICMP4 = 15,
	ICMP6 = 17,
};

#define REFUSED(reason) OZPROXY_DROP_REASON_##reason

static const struct damage damages[] = {
	{ "version 5", IP4_TCP, 0, 1, { 0x55 }, REFUSED(BAD_HEADER) },
	{ "version 6 over an IPv4 header", IP4_UDP, 0, 1, { 0x65 },
	  REFUSED(BAD_LENGTH) },
	{ "header of 16 bytes", IP4_TCP, 0, 1, { 0x44 }, REFUSED(BAD_HEADER) },
	{ "total length 0", IP4_TCP, 2, 2, { 0, 0 }, REFUSED(BAD_HEADER) },
	{ "total length below the header", IP4_TCP, 2, 2, { 0, 19 },
	  REFUSED(BAD_HEADER) },
	{ "total length too small", IP4_TCP, 2, 2, { 0, 59 },
	  REFUSED(BAD_LENGTH) },
	{ "total length too large", IP4_TCP, 2, 2, { 0, 61 },
	  REFUSED(BAD_LENGTH) },
	{ "total length 65535", IP4_UDP, 2, 2, { 0xff, 0xff },
	  REFUSED(BAD_LENGTH) },
	{ "first fragment", IP4_UDP, 6, 2, { 0x20, 0 }, REFUSED(BAD_FRAGMENT) },
	{ "middle fragment", IP4_UDP, 6, 2, { 0x20, 1 }, REFUSED(BAD_FRAGMENT) },
	{ "last fragment", IP4_TCP, 6, 2, { 0x1f, 0xff }, REFUSED(BAD_FRAGMENT) },
	{ "from 0.0.0.0", IP4_TCP, 12, 4, { 0, 0, 0, 0 },
	  REFUSED(BAD_ADDRESS) },
	{ "from 127.0.0.1", IP4_TCP, 12, 4, { 127, 0, 0, 1 },
	  REFUSED(BAD_ADDRESS) },
	{ "from 255.255.255.255", IP4_TCP, 12, 4, { 255, 255, 255, 255 },
	  REFUSED(BAD_ADDRESS) },
	{ "from 224.0.0.1", IP4_TCP, 12, 4, { 224, 0, 0, 1 },
	  REFUSED(BAD_ADDRESS) },
	{ "to 127.0.0.1", IP4_TCP, 16, 4, { 127, 0, 0, 1 },
	  REFUSED(BAD_ADDRESS) },
	{ "to 255.255.255.255", IP4_TCP, 16, 4, { 255, 255, 255, 255 },
	  REFUSED(BAD_ADDRESS) },
	{ "to 224.0.0.251", IP4_UDP, 16, 4, { 224, 0, 0, 251 },
	  REFUSED(MULTICAST) },
	{ "ICMP of type 133", IP4_TCP, 9, 1, { 1 },
	  REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "ICMPv6 over IPv4", IP4_TCP, 9, 1, { NEXTHDR_ICMP },
	  REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "source quench", ICMP4, 20, 1, { 4 }, REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "redirect", ICMP4, 20, 1, { 5 }, REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "timestamp", ICMP4, 20, 1, { 13 }, REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "IPIP", IP4_TCP, 9, 1, { 4 }, REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "TCP header of 16 bytes", IP4_TCP, 32, 1, { 0x40 },
	  REFUSED(BAD_HEADER) },
	{ "TCP header beyond the end", IP4_TCP, 32, 1, { 0xf0 },
	  REFUSED(BAD_HEADER) },
	{ "UDP length 0", IP4_UDP, 24, 2, { 0, 0 }, REFUSED(BAD_HEADER) },
	{ "UDP length 7", IP4_UDP, 24, 2, { 0, 7 }, REFUSED(BAD_HEADER) },
	{ "UDP length beyond the end", IP4_UDP, 24, 2, { 0, 29 },
	  REFUSED(BAD_HEADER) },
	{ "version 4 as IPv6", IP6_TCP, 0, 1, { 0x45 }, REFUSED(BAD_HEADER) },
	{ "payload length 0", IP6_TCP, 4, 2, { 0, 0 }, REFUSED(BAD_LENGTH) },
	{ "payload length too small", IP6_TCP, 4, 2, { 0, 39 },
	  REFUSED(BAD_LENGTH) },
	{ "payload length too large", IP6_TCP, 4, 2, { 0, 41 },
	  REFUSED(BAD_LENGTH) },
	{ "from ::", IP6_TCP, 8, 16, { 0 }, REFUSED(BAD_ADDRESS) },
	{ "from ::1", IP6_TCP, 8, 16, { [15] = 1 }, REFUSED(BAD_ADDRESS) },
	{ "from ff02::1", IP6_TCP, 8, 16, { 0xff, 2, [15] = 1 },
	  REFUSED(BAD_ADDRESS) },
	{ "to ::1", IP6_TCP, 24, 16, { [15] = 1 }, REFUSED(BAD_ADDRESS) },
	{ "to ::ffff:10.30.0.1", IP6_TCP, 24, 16,
	  { [10] = 0xff, 0xff, 10, 30, 0, 1 }, REFUSED(BAD_ADDRESS) },
	{ "to ff02::fb", IP6_UDP, 24, 16, { 0xff, 2, [15] = 0xfb },
	  REFUSED(MULTICAST) },
	{ "fragment header behind another", IP6_HOP, 40, 1,
	  { NEXTHDR_FRAGMENT }, REFUSED(BAD_FRAGMENT) },
	{ "router solicitation", ICMP6, 40, 1, { 133 },
	  REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "neighbour solicitation", ICMP6, 40, 1, { 135 },
	  REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "unknown ICMPv6 error", ICMP6, 40, 1, { 5 },
	  REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "ICMPv4 over IPv6", IP6_TCP, 6, 1, { IPPROTO_ICMP },
	  REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "AH", IP6_TCP, 6, 1, { NEXTHDR_AUTH },
	  REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "ESP", IP6_TCP, 6, 1, { NEXTHDR_ESP },
	  REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "no next header", IP6_HOP, 40, 1, { NEXTHDR_NONE },
	  REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "segments left", IP6_ROUTING, 43, 1, { 1 },
	  REFUSED(UNSUPPORTED_PROTOCOL) },
	{ "extension header beyond the end", IP6_HOP, 41, 1, { 255 },
	  REFUSED(TRUNCATED) },
};

static void damages_describe(const struct damage *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(damages, damages, damages_describe);

static void every_damage_has_its_reason(struct kunit *test)
{
	const struct damage *damage = test->param_value;
	const struct ozp_shape *shape = &shapes[damage->shape];
	struct ozp_packet pkt;
	struct ozp_tuple tuple;
	unsigned int len;
	u8 *data;

	data = kunit_kzalloc(test, OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	usual_tuple(shape, &tuple);
	len = ozp_shape_build(shape, &tuple, data);
	KUNIT_ASSERT_LE(test, damage->offset + damage->len, len);
	memcpy(data + damage->offset, damage->bytes, damage->len);
	if (data[0] >> 4 == 4 && shape->family == AF_INET && (data[0] & 15) >= 5)
		ozp_test_ip4_check(data);
	KUNIT_EXPECT_EQ(test, parse(test, data, len, len, &pkt), OZP_DROP);
	KUNIT_EXPECT_EQ(test, pkt.reason, damage->reason);
	KUNIT_EXPECT_EQ(test, parse(test, data, len, 1, &pkt), OZP_DROP);
	KUNIT_EXPECT_EQ(test, pkt.reason, damage->reason);
}

/* Each bit of an IPv4 header is covered by its checksum. */
static void every_wrong_bit_is_seen(struct kunit *test)
{
	struct ozp_packet pkt;
	struct ozp_tuple tuple;
	unsigned int bit, len;
	u8 *data;

	data = kunit_kzalloc(test, OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	usual_tuple(&shapes[IP4_TCP], &tuple);
	len = ozp_shape_build(&shapes[IP4_TCP], &tuple, data);
	/* Behind the first byte, which says what protocol it is. */
	for (bit = 8; bit < 20 * 8; bit++) {
		data[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_EQ_MSG(test, parse(test, data, len, len, &pkt),
				    OZP_DROP, "bit %u", bit);
		KUNIT_EXPECT_EQ(test, pkt.reason,
				OZPROXY_DROP_REASON_BAD_HEADER);
		data[bit / 8] ^= 1 << bit % 8;
	}
	KUNIT_EXPECT_EQ(test, parse(test, data, len, len, &pkt), OZP_CONTINUE);
}

/* Every shape in two fragments, split at every place: the first is taken when
 * it has all headers, the second always, and each knows its place.
 */
static void every_fragment_is_placed(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	unsigned int at, len, whole, start, headers;
	u8 *data, *fragment;
	struct ozp_packet pkt;
	struct ozp_tuple want;

	data = kunit_kzalloc(test, 2 * OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	fragment = data + OZP_TEST_PACKET_MAX;
	usual_tuple(shape, &want);
	whole = ozp_shape_build(shape, &want, data);
	headers = ozp_shape_headers(shape);
	start = shape->family == AF_INET6 ? sizeof(struct ipv6hdr) :
					    ozp_shape_l4_offset(shape);
	for (at = 8; start + at < whole; at += 8) {
		len = ozp_test_fragment(data, whole, 0, at, 4711, fragment);
		if (start + at < headers) {
			KUNIT_EXPECT_EQ(test, parse(test, fragment, len, len / 2,
						    &pkt), OZP_DROP);
			KUNIT_EXPECT_EQ(test, pkt.reason,
					OZPROXY_DROP_REASON_BAD_FRAGMENT);
		} else {
			KUNIT_ASSERT_EQ(test, parse(test, fragment, len, len / 2,
						    &pkt), OZP_CONTINUE);
			KUNIT_EXPECT_MEMEQ(test, &pkt.tuple, &want,
					   offsetof(struct ozp_tuple, end));
			KUNIT_EXPECT_TRUE(test, pkt.fragment.more);
			KUNIT_EXPECT_EQ(test, pkt.fragment.offset, 0);
			KUNIT_EXPECT_EQ(test, pkt.fragment.end, at);
			KUNIT_EXPECT_EQ(test, pkt.fragment.id, 4711);
		}
		while (--len)
			KUNIT_EXPECT_EQ(test, parse(test, fragment, len, len,
						    &pkt), OZP_DROP);
		len = ozp_test_fragment(data, whole, at, whole - start - at,
					4711, fragment);
		KUNIT_ASSERT_EQ(test, parse(test, fragment, len, 1, &pkt),
				OZP_CONTINUE);
		KUNIT_EXPECT_FALSE(test, pkt.fragment.more);
		KUNIT_EXPECT_EQ(test, pkt.fragment.offset, at);
		KUNIT_EXPECT_EQ(test, pkt.fragment.end, whole - start);
		KUNIT_EXPECT_EQ(test, pkt.tuple.dport, 0);
		while (--len)
			KUNIT_EXPECT_EQ(test, parse(test, fragment, len, len,
						    &pkt), OZP_DROP);
	}
}

/* Offset 0 and nothing more: as if the header were not there (RFC 6946). */
static void atomic_fragments_are_none(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	u8 *data, *fragment;
	struct ozp_packet pkt;
	struct ozp_tuple want;
	unsigned int len;

	if (shape->family != AF_INET6)
		return;
	data = kunit_kzalloc(test, 2 * OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	fragment = data + OZP_TEST_PACKET_MAX;
	usual_tuple(shape, &want);
	len = ozp_shape_build(shape, &want, data);
	len = ozp_test_fragment(data, len, 0, len - sizeof(struct ipv6hdr),
				4711, fragment);
	KUNIT_ASSERT_EQ(test, parse(test, fragment, len, 0, &pkt),
			OZP_CONTINUE);
	KUNIT_EXPECT_FALSE(test, ozp_packet_is_fragment(&pkt));
	KUNIT_EXPECT_MEMEQ(test, &pkt.tuple, &want,
			   offsetof(struct ozp_tuple, end));
	KUNIT_EXPECT_EQ(test, pkt.l4_offset, ozp_shape_l4_offset(shape) +
			sizeof(struct frag_hdr));
}

struct misplacement {
	const char *name;
	u8 family;
	u16 field;
	u16 len;
	bool good;
};

/* The field of IPv4 counts in eights, its flag is 0x2000. */
static const struct misplacement misplacements[] = {
	{ "IPv4, not a multiple of eight", AF_INET, 0x2001, 12 },
	{ "IPv4, nothing", AF_INET, 0x2001, 0 },
	{ "IPv4, nothing, and the last", AF_INET, 0x0001, 0 },
	{ "IPv4, up to the very end", AF_INET, 8189, 65535 - 20 - 8189 * 8,
	  true },
	{ "IPv4, a byte too far", AF_INET, 8189, 65536 - 20 - 8189 * 8 },
	{ "IPv4, far too far", AF_INET, 0x1fff, 1400 },
	{ "IPv6, not a multiple of eight", AF_INET6, 8 | 1, 12 },
	{ "IPv6, nothing", AF_INET6, 8 | 1, 0 },
	{ "IPv6, nothing, and the last", AF_INET6, 8, 0 },
	{ "IPv6, up to the very end", AF_INET6, 65528, 7, true },
	{ "IPv6, a byte too far", AF_INET6, 65528, 8 },
	{ "IPv6, far too far", AF_INET6, 65520, 1400 },
};

static void misplacements_describe(const struct misplacement *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(misplacements, misplacements, misplacements_describe);

/* A datagram is not longer than 65535 bytes, whatever its parts say. */
static void misplaced_fragments_are_refused(struct kunit *test)
{
	const struct misplacement *param = test->param_value;
	bool ipv6 = param->family == AF_INET6;
	const struct ozp_shape *shape = &shapes[ipv6 ? IP6_UDP : IP4_UDP];
	unsigned int head = ipv6 ? 48 : 20;
	struct ozp_packet pkt;
	struct ozp_tuple tuple;
	u8 *data;

	data = kunit_kzalloc(test, OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	usual_tuple(shape, &tuple);
	ozp_shape_build(shape, &tuple, data);
	if (ipv6) {
		data[6] = NEXTHDR_FRAGMENT;
		put_unaligned_be16(8 + param->len, data + 4);
		data[40] = IPPROTO_UDP;
		put_unaligned_be16(param->field, data + 42);
	} else {
		put_unaligned_be16(20 + param->len, data + 2);
		put_unaligned_be16(param->field, data + 6);
		ozp_test_ip4_check(data);
	}
	KUNIT_EXPECT_EQ(test, parse(test, data, head + param->len, head, &pkt),
			param->good ? OZP_CONTINUE : OZP_DROP);
	if (!param->good)
		KUNIT_EXPECT_EQ(test, pkt.reason,
				OZPROXY_DROP_REASON_BAD_FRAGMENT);
}

static void too_many_extensions_are_refused(struct kunit *test)
{
	const struct ozp_shape shape = {
		"", AF_INET6, IPPROTO_UDP,
		.extension_count = 9,
		.extensions = { NEXTHDR_HOP, NEXTHDR_DEST, NEXTHDR_DEST,
				NEXTHDR_DEST, NEXTHDR_DEST, NEXTHDR_DEST,
				NEXTHDR_DEST, NEXTHDR_DEST, NEXTHDR_DEST }
	};
	struct ozp_packet pkt;
	struct ozp_tuple tuple;
	unsigned int len;
	u8 *data;

	data = kunit_kzalloc(test, OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	usual_tuple(&shape, &tuple);
	len = ozp_shape_build(&shape, &tuple, data);
	KUNIT_EXPECT_EQ(test, parse(test, data, len, len, &pkt), OZP_DROP);
	KUNIT_EXPECT_EQ(test, pkt.reason, OZPROXY_DROP_REASON_BAD_HEADER);
}

static void tcp_flags_are_noted(struct kunit *test)
{
	const struct ozp_shape *shape = &shapes[IP4_TCP];
	struct ozp_packet pkt;
	struct ozp_tuple tuple;
	unsigned int len, flags;
	u8 *data;

	data = kunit_kzalloc(test, OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	usual_tuple(shape, &tuple);
	for (flags = 0; flags < 256; flags++) {
		len = ozp_shape_build(shape, &tuple, data);
		data[33] = flags;
		KUNIT_ASSERT_EQ(test, parse(test, data, len, len, &pkt),
				OZP_CONTINUE);
		KUNIT_EXPECT_EQ(test, pkt.tcp_fin, !!(flags & 0x01));
		KUNIT_EXPECT_EQ(test, pkt.tcp_rst, !!(flags & 0x04));
		/* SYN without ACK */
		KUNIT_EXPECT_EQ(test, pkt.tcp_syn, (flags & 0x12) == 0x02);
	}
}

static void other_protocols_are_not_ip(struct kunit *test)
{
	static const u16 protocols[] = { 0, ETH_P_ARP, ETH_P_8021Q, ETH_P_ALL,
					 0x88b5 };
	const struct ozp_shape *shape = &shapes[IP4_TCP];
	struct ozp_packet pkt;
	struct ozp_tuple tuple;
	struct sk_buff *skb;
	unsigned int len, i;
	u8 *data;

	data = kunit_kzalloc(test, OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	usual_tuple(shape, &tuple);
	len = ozp_shape_build(shape, &tuple, data);
	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		skb = ozp_test_skb(data, len, len);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb->protocol = htons(protocols[i]);
		memset(&pkt, 0, sizeof(pkt));
		KUNIT_EXPECT_EQ(test, ozp_packet_parse(skb, &pkt), OZP_DROP);
		KUNIT_EXPECT_EQ(test, pkt.reason, OZPROXY_DROP_REASON_NOT_IP);
		kfree_skb(skb);
	}
}

/* What the user-space proxy of Oakestra put on the wire. */
static void golden_packets_are_understood(struct kunit *test)
{
	const struct golden *golden = test->param_value;
	bool ipv6 = golden->data[0] >> 4 == 6;
	unsigned int linear, l4_offset = ipv6 ? 40 : 20;
	struct ozp_packet pkt;

	for (linear = 0; linear <= golden->len;
	     linear = next_linear(linear, golden->len)) {
		KUNIT_ASSERT_EQ(test, parse(test, golden->data, golden->len,
					    linear, &pkt), OZP_CONTINUE);
		KUNIT_EXPECT_EQ(test, pkt.l4_offset, l4_offset);
		KUNIT_EXPECT_EQ(test, pkt.tuple.family,
				ipv6 ? AF_INET6 : AF_INET);
		KUNIT_EXPECT_EQ(test, pkt.tuple.protocol,
				golden->data[ipv6 ? 6 : 9]);
		KUNIT_EXPECT_MEMEQ(test, &pkt.tuple.src,
				   golden->data + (ipv6 ? 8 : 12),
				   ipv6 ? 16 : 4);
		KUNIT_EXPECT_MEMEQ(test, &pkt.tuple.dst,
				   golden->data + (ipv6 ? 24 : 16),
				   ipv6 ? 16 : 4);
		KUNIT_EXPECT_MEMEQ(test, &pkt.tuple.sport,
				   golden->data + l4_offset, 4);
	}
	for (linear = 0; linear < golden->len; linear++)
		KUNIT_EXPECT_EQ_MSG(test, parse(test, golden->data, linear,
						linear / 2, &pkt),
				    OZP_DROP, "cut at %u", linear);
}

/* Random bytes: no verdict is wrong, but KASAN looks at every read. */
static void noise_does_no_harm(struct kunit *test)
{
	struct ozp_packet pkt;
	struct rnd_state rnd;
	unsigned int i, len;
	u8 data[128];

	ozp_seed(test, &rnd);
	for (i = 0; i < 20000; i++) {
		len = prandom_u32_state(&rnd) % (sizeof(data) + 1);
		prandom_bytes_state(&rnd, data, len);
		if (len > 6) {
			data[0] = i % 2 ? 0x60 : 0x45 + data[0] % 3;
			put_unaligned_be16(i % 2 ? len - 40 : len,
					   data + (i % 2 ? 4 : 2));
		}
		if (len > 60 && !(i % 2))
			ozp_test_ip4_check(data);
		parse(test, data, len, prandom_u32_state(&rnd) % (len + 1),
		      &pkt);
	}
}

static struct kunit_case packet_cases[] = {
	KUNIT_CASE_PARAM(golden_packets_are_understood, goldens_gen_params),
	KUNIT_CASE_PARAM(every_shape_is_understood, shapes_gen_params),
	KUNIT_CASE_PARAM(every_cut_is_refused, shapes_gen_params),
	KUNIT_CASE_PARAM(every_short_packet_is_judged, shapes_gen_params),
	KUNIT_CASE_PARAM(every_damage_has_its_reason, damages_gen_params),
	KUNIT_CASE_PARAM(every_fragment_is_placed, shapes_gen_params),
	KUNIT_CASE_PARAM(atomic_fragments_are_none, shapes_gen_params),
	KUNIT_CASE_PARAM(misplaced_fragments_are_refused,
			 misplacements_gen_params),
	KUNIT_CASE(every_wrong_bit_is_seen),
	KUNIT_CASE(too_many_extensions_are_refused),
	KUNIT_CASE(tcp_flags_are_noted),
	KUNIT_CASE(other_protocols_are_not_ip),
	KUNIT_CASE(noise_does_no_harm),
	{}
};

static struct kunit_suite packet_suite = {
	.name = "ozproxy_packet",
	.test_cases = packet_cases,
};

kunit_test_suite(packet_suite);
