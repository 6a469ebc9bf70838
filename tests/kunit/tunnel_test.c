// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The DS field: what goes out, and all that can come in. */

#include <kunit/test.h>
#include <net/dsfield.h>

#include "skbs.h"
#include "tunnel.h"

/* RFC 6040, 4.1, normal mode: the marks are copied, whatever the DSCP is. */
static void marks_go_out(struct kunit *test)
{
	struct ozp_tunnel_options options = {
		.dscp_mode = OZPROXY_DSCP_MODE_FIXED,
		.dscp = 10,
	};
	unsigned int inner;

	for (inner = 0; inner < 256; inner++)
		KUNIT_EXPECT_EQ(test, ozp_tunnel_dsfield(&options, inner),
				40 | (inner & 3));
	options.dscp_mode = OZPROXY_DSCP_MODE_COPY;
	for (inner = 0; inner < 256; inner++)
		KUNIT_EXPECT_EQ(test, ozp_tunnel_dsfield(&options, inner),
				inner);
}

/* RFC 6040, figure 4: rows are inner marks, columns outer ones; 0 is Not-ECT,
 * 1 ECT(1), 2 ECT(0), 3 CE; 4: to be dropped.
 */
static const u8 merged[4][4] = {
	{ 0, 0, 0, 4 },
	{ 1, 1, 1, 3 },
	{ 2, 1, 2, 3 },
	{ 3, 3, 3, 3 },
};

static u8 dsfield_of(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ? ip_hdr(skb)->tos :
						  ipv6_get_dsfield(ipv6_hdr(skb));
}

static void merge(struct kunit *test, const struct ozp_shape *shape, u8 inner,
		  u8 outer)
{
	const struct ozp_tuple tuple = { .sport = htons(1), .dport = htons(2) };
	struct ozp_packet pkt = {
		.tuple = { .family = shape->family },
		.l4_offset = ozp_shape_l4_offset(shape),
		.outer.dsfield = 0xa0 | outer,
	};
	enum ozp_verdict verdict;
	struct sk_buff *skb;
	unsigned int len;
	u8 data[128];

	len = ozp_shape_build(shape, &tuple, data);
	if (shape->family == AF_INET)
		ipv4_change_dsfield((void *)data, 0, 0xb8 | inner);
	else
		ipv6_change_dsfield((void *)data, 0, 0xb8 | inner);
	skb = ozp_test_skb(data, len, len);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	verdict = ozp_tunnel_ecn(skb, &pkt);
	if (merged[inner][outer] == 4) {
		KUNIT_EXPECT_EQ(test, verdict, OZP_DROP);
		KUNIT_EXPECT_EQ(test, pkt.reason, OZPROXY_DROP_REASON_ECN);
	} else {
		KUNIT_EXPECT_EQ(test, verdict, OZP_CONTINUE);
		KUNIT_EXPECT_EQ(test, dsfield_of(skb),
				0xb8 | merged[inner][outer]);
	}
	if (shape->family == AF_INET)
		KUNIT_EXPECT_EQ(test, ip_fast_csum(ip_hdr(skb), 5), 0);
	kfree_skb(skb);
}

static void marks_come_in(struct kunit *test)
{
	const struct ozp_shape ip4 = { "IPv4", AF_INET, IPPROTO_UDP };
	const struct ozp_shape ip6 = { "IPv6", AF_INET6, IPPROTO_UDP };
	u8 inner, outer;

	for (inner = 0; inner < 4; inner++) {
		for (outer = 0; outer < 4; outer++) {
			merge(test, &ip4, inner, outer);
			merge(test, &ip6, inner, outer);
		}
	}
}

static void version_tells_the_family(struct kunit *test)
{
	unsigned int first;

	for (first = 0; first < 256; first++) {
		__be16 want = first >> 4 == 4 ? htons(ETH_P_IP) :
			      first >> 4 == 6 ? htons(ETH_P_IPV6) : 0;

		KUNIT_EXPECT_TRUE(test, ozp_tunnel_protocol(first) == want);
	}
}

static struct kunit_case tunnel_cases[] = {
	KUNIT_CASE(marks_go_out),
	KUNIT_CASE(marks_come_in),
	KUNIT_CASE(version_tells_the_family),
	{}
};

static struct kunit_suite tunnel_suite = {
	.name = "ozproxy_tunnel",
	.test_cases = tunnel_cases,
};

kunit_test_suite(tunnel_suite);
