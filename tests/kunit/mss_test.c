// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The MSS of SYNs: which are lowered, and that nothing else changes. */

#include <kunit/test.h>
#include <linux/tcp.h>

#include "mss.h"
#include "skbs.h"

#define MTU 1400

/* Options of a SYN, and what becomes of the segment size at @at. */
struct offer {
	const char *name;
	u8 flags;
	u8 options[12];
	u8 at;
	u16 ip4;
	u16 ip6;
};

#define SYN 2
#define ACK 16

static const struct offer offers[] = {
	{ "SYN", SYN, { 2, 4, 5, 0xb4, 1, 1, 1, 1 }, 2, 1360, 1340 },
	{ "SYN and ACK", SYN | ACK, { 2, 4, 5, 0xb4, 4, 2 }, 2, 1360, 1340 },
	{ "at an odd place", SYN, { 1, 2, 4, 5, 0xb4, 4, 2 }, 3, 1360, 1340 },
	{ "the last option", SYN, { 3, 3, 7, 4, 2, 1, 1, 1, 2, 4, 5, 0xb4 },
	  10, 1360, 1340 },
	{ "small enough", SYN, { 2, 4, 5, 0 }, 2, 1280, 1280 },
	{ "as large as it may be for IPv4", SYN, { 2, 4, 5, 0x50 }, 2, 1360,
	  1340 },
	{ "the largest", SYN, { 2, 4, 0xff, 0xff }, 2, 1360, 1340 },
	{ "no SYN", ACK, { 2, 4, 5, 0xb4 }, 2, 1460, 1460 },
	{ "no option", SYN, { 1, 1, 1, 1 } },
	{ "behind the end", SYN, { 0, 2, 4, 5, 0xb4 }, 3, 1460, 1460 },
	{ "an option without length", SYN, { 3, 0, 2, 4, 5, 0xb4 }, 4, 1460,
	  1460 },
	{ "cut by the end of the header", SYN,
	  { 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 5 } },
	{ "of another length", SYN, { 2, 3, 5, 0xb4 } },
};

static void offers_describe(const struct offer *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(offers, offers, offers_describe);

static unsigned int build(const struct offer *offer,
			  const struct ozp_shape *shape, u8 *data)
{
	const struct ozp_tuple tuple = { .sport = htons(1), .dport = htons(2) };
	unsigned int len = ozp_shape_build(shape, &tuple, data);
	unsigned int l4 = ozp_shape_l4_offset(shape);

	data[l4 + 13] = offer->flags;
	memcpy(data + l4 + 20, offer->options, sizeof(offer->options));
	ozp_test_l4_check(data, l4, len, IPPROTO_TCP);
	return len;
}

/* The packet of one family, with its first @linear bytes in the head. */
static void try_offer(struct kunit *test, const struct ozp_shape *shape,
		      unsigned int linear)
{
	const struct offer *offer = test->param_value;
	u16 want = shape->family == AF_INET ? offer->ip4 : offer->ip6;
	unsigned int l4 = ozp_shape_l4_offset(shape), len;
	struct ozp_packet pkt = {
		.tuple = { .family = shape->family, .protocol = IPPROTO_TCP },
		.l4_offset = l4,
	};
	u8 before[128], after[128];
	struct sk_buff *skb;

	len = build(offer, shape, before);
	skb = ozp_test_skb(before, len, min(linear, len));
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, ozp_mss_clamp(skb, &pkt, MTU), OZP_CONTINUE);
	KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, after, len), 0);
	kfree_skb(skb);

	KUNIT_EXPECT_TRUE(test, ozp_test_l4_is_right(after, l4, len,
						     IPPROTO_TCP));
	if (offer->at) {
		before[l4 + 20 + offer->at] = want >> 8;
		before[l4 + 20 + offer->at + 1] = want;
	}
	memcpy(before + l4 + 16, after + l4 + 16, 2);
	KUNIT_EXPECT_EQ(test, memcmp(before, after, len), 0);
}

static void offers_are_clamped(struct kunit *test)
{
	const struct ozp_shape shapes[] = {
		{ "IPv4", AF_INET, IPPROTO_TCP, .doff = 8, .payload = 3 },
		{ "IPv4 options", AF_INET, IPPROTO_TCP, .options = 8,
		  .doff = 8 },
		{ "IPv6", AF_INET6, IPPROTO_TCP, .doff = 8 },
		{ "IPv6, hop-by-hop", AF_INET6, IPPROTO_TCP,
		  .extension_count = 1, .extensions = { NEXTHDR_HOP },
		  .doff = 8 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		try_offer(test, &shapes[i], 128);
		/* As ozp_packet_parse() leaves it: options in the page. */
		try_offer(test, &shapes[i],
			  ozp_shape_l4_offset(&shapes[i]) + 20);
	}
}

static struct kunit_case mss_cases[] = {
	KUNIT_CASE_PARAM(offers_are_clamped, offers_gen_params),
	{}
};

static struct kunit_suite mss_suite = {
	.name = "ozproxy_mss",
	.test_cases = mss_cases,
};

kunit_test_suite(mss_suite);
