// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* New addresses, and checksums that a receiver takes: the difference that is
 * added against a sum over every byte.
 */

#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

#include "rewrite.h"
#include "seed.h"
#include "skbs.h"

#define RANDOM_PACKETS 100000

static const struct ozp_shape shapes[] = {
	{ "IPv4, TCP", AF_INET, IPPROTO_TCP, .payload = 100 },
	{ "IPv4, TCP, no payload", AF_INET, IPPROTO_TCP },
	{ "IPv4, TCP, odd payload", AF_INET, IPPROTO_TCP, .payload = 33 },
	{ "IPv4, TCP options", AF_INET, IPPROTO_TCP, .doff = 15 },
	{ "IPv4 options, TCP", AF_INET, IPPROTO_TCP, .options = 40 },
	{ "IPv4, UDP", AF_INET, IPPROTO_UDP, .payload = 100 },
	{ "IPv4, UDP, no payload", AF_INET, IPPROTO_UDP },
	{ "IPv4 options, UDP, odd payload", AF_INET, IPPROTO_UDP,
	  .options = 4, .payload = 1 },
	{ "IPv6, TCP", AF_INET6, IPPROTO_TCP, .payload = 100 },
	{ "IPv6, TCP, odd payload", AF_INET6, IPPROTO_TCP, .payload = 1 },
	{ "IPv6, hop-by-hop, TCP", AF_INET6, IPPROTO_TCP,
	  .extension_count = 1,
	  .extensions = { NEXTHDR_HOP } },
	{ "IPv6, UDP", AF_INET6, IPPROTO_UDP, .payload = 100 },
	{ "IPv6, UDP, no payload", AF_INET6, IPPROTO_UDP },
	{ "IPv6, three extensions, UDP", AF_INET6, IPPROTO_UDP,
	  .extension_count = 3,
	  .extensions = { NEXTHDR_HOP, NEXTHDR_ROUTING, NEXTHDR_DEST },
	  .payload = 7 },
	{ "ICMP echo request", AF_INET, IPPROTO_ICMP, .payload = 56 },
	{ "ICMP echo reply, odd payload", AF_INET, IPPROTO_ICMP,
	  .reply = true, .payload = 1 },
	{ "IPv4 options, ICMP echo request", AF_INET, IPPROTO_ICMP,
	  .options = 40 },
	{ "ICMPv6 echo request", AF_INET6, IPPROTO_ICMPV6, .payload = 56 },
	{ "ICMPv6 echo reply, odd payload", AF_INET6, IPPROTO_ICMPV6,
	  .reply = true, .payload = 1 },
	{ "IPv6, destination, ICMPv6 echo request", AF_INET6, IPPROTO_ICMPV6,
	  .extension_count = 1,
	  .extensions = { NEXTHDR_DEST } },
};

static void shapes_describe(const struct ozp_shape *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(shapes, shapes, shapes_describe);

/* Now and then all zeros or all ones behind the first byte, which keeps it an
 * address of a host: sums that come to zero in one way or the other.
 */
static void random_addr(struct rnd_state *rnd, u8 family, union ozp_addr *addr)
{
	u32 len = family == AF_INET ? 4 : 16, kind = prandom_u32_state(rnd) % 8;

	memset(addr, 0, sizeof(*addr));
	if (kind == 0)
		memset(addr, 0xff, len);
	else if (kind > 1)
		prandom_bytes_state(rnd, addr, len);
	((u8 *)addr)[0] = family == AF_INET ? 10 : 0xfd;
}

static void random_tuple(struct rnd_state *rnd, u8 family, u8 protocol,
			 struct ozp_tuple *tuple)
{
	memset(tuple, 0, sizeof(*tuple));
	random_addr(rnd, family, &tuple->src);
	random_addr(rnd, family, &tuple->dst);
	tuple->sport = (__force __be16)prandom_u32_state(rnd);
	tuple->dport = (__force __be16)prandom_u32_state(rnd);
	tuple->family = family;
	tuple->protocol = protocol;
}

struct change {
	struct ozp_tuple from;
	union ozp_addr src;
	union ozp_addr dst;
	struct ozp_rewrite rw;
	struct ozp_packet pkt;
};

static void random_change(struct rnd_state *rnd, const struct ozp_shape *shape,
			  struct change *change)
{
	random_tuple(rnd, shape->family, shape->protocol, &change->from);
	ozp_shape_fit(shape, &change->from);
	random_addr(rnd, shape->family, &change->src);
	random_addr(rnd, shape->family, &change->dst);
	ozp_rewrite_init(&change->rw, &change->from, &change->src,
			 &change->dst);
}

static bool convert(struct change *change, struct sk_buff *skb)
{
	memset(&change->pkt, 0, sizeof(change->pkt));
	return ozp_packet_parse(skb, &change->pkt) == OZP_CONTINUE &&
	       ozp_rewrite_apply(skb, &change->pkt, &change->rw) == OZP_CONTINUE;
}

/* What a packet with the new addresses has in place of the old ones. */
static void write_addrs(u8 *data, const struct change *change)
{
	if (change->from.family == AF_INET) {
		memcpy(data + 12, &change->src, 4);
		memcpy(data + 16, &change->dst, 4);
	} else {
		memcpy(data + 8, &change->src, 16);
		memcpy(data + 24, &change->dst, 16);
	}
}

struct buffers {
	u8 before[OZP_TEST_PACKET_MAX];
	u8 want[OZP_TEST_PACKET_MAX];
	u8 after[OZP_TEST_PACKET_MAX];
};

static struct buffers *buffers_new(struct kunit *test)
{
	struct buffers *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	return b;
}

/* The packet with @len bytes as it should look afterwards. */
static void make_want(struct buffers *b, const struct change *change,
		      const struct ozp_shape *shape, unsigned int len)
{
	memcpy(b->want, b->before, len);
	write_addrs(b->want, change);
	if (shape->family == AF_INET)
		ozp_test_ip4_check(b->want);
	ozp_test_l4_check(b->want, ozp_shape_l4_offset(shape), len,
			  shape->protocol);
}

/* Ones' complement has two zeros: sums are compared as a receiver does. */
static bool is_as_wanted(struct buffers *b, const struct ozp_shape *shape,
			 unsigned int len)
{
	unsigned int l4_offset = ozp_shape_l4_offset(shape);
	unsigned int check = l4_offset +
			     ozp_test_check_offset(shape->protocol);

	if (!ozp_test_l4_is_right(b->after, l4_offset, len, shape->protocol))
		return false;
	if (shape->family == AF_INET) {
		if (ip_fast_csum(b->after, b->after[0] & 15))
			return false;
		memcpy(b->after + 10, b->want + 10, 2);
	}
	/* The zero that says "no sum" must not appear. */
	if (shape->protocol == IPPROTO_UDP && !memcmp(b->after + check, "\0", 2))
		return false;
	memcpy(b->after + check, b->want + check, 2);
	return !memcmp(b->after, b->want, len);
}

/* Every shape, split between head and page at every byte of its headers. */
static void every_shape_is_converted(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	struct buffers *b = buffers_new(test);
	unsigned int len, linear;
	struct change change;
	struct rnd_state rnd;
	struct sk_buff *skb;

	ozp_seed(test, &rnd);
	for (linear = 0; linear <= ozp_shape_headers(shape); linear++) {
		random_change(&rnd, shape, &change);
		len = ozp_shape_build(shape, &change.from, b->before);
		make_want(b, &change, shape, len);
		skb = ozp_test_skb(b->before, len, linear);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_EXPECT_TRUE(test, convert(&change, skb));
		KUNIT_ASSERT_EQ(test, skb->len, len);
		KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, b->after, len), 0);
		KUNIT_EXPECT_TRUE_MSG(test, is_as_wanted(b, shape, len),
				      "%u bytes in the head", linear);
		kfree_skb(skb);
	}
}

/* A clone must keep what it has: the header is unshared first. */
static void clones_are_left_alone(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	struct buffers *b = buffers_new(test);
	struct sk_buff *skb, *clone;
	struct change change;
	struct rnd_state rnd;
	unsigned int len;

	ozp_seed(test, &rnd);
	random_change(&rnd, shape, &change);
	len = ozp_shape_build(shape, &change.from, b->before);
	make_want(b, &change, shape, len);
	skb = ozp_test_skb(b->before, len, len);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	clone = skb_clone(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, clone);
	KUNIT_EXPECT_TRUE(test, convert(&change, skb));
	KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, b->after, len), 0);
	KUNIT_EXPECT_TRUE(test, is_as_wanted(b, shape, len));
	KUNIT_ASSERT_EQ(test, skb_copy_bits(clone, 0, b->after, len), 0);
	KUNIT_EXPECT_MEMEQ(test, b->after, b->before, len);
	kfree_skb(clone);
	kfree_skb(skb);
}

/* The sum of the pseudo header that a socket leaves for the device to finish. */
static void make_partial(struct sk_buff *skb, const struct ozp_shape *shape,
			 const struct ozp_tuple *tuple, unsigned int len)
{
	unsigned int l4_offset = ozp_shape_l4_offset(shape);
	unsigned int l4_len = len - l4_offset;
	__sum16 *check;

	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + l4_offset;
	skb->csum_offset = ozp_test_check_offset(shape->protocol);
	check = (void *)skb->data + l4_offset + skb->csum_offset;
	if (shape->protocol == IPPROTO_ICMP)
		*check = 0;
	else if (shape->family == AF_INET)
		*check = ~csum_tcpudp_magic(tuple->src.ip4, tuple->dst.ip4,
					    l4_len, shape->protocol, 0);
	else
		*check = ~csum_ipv6_magic(&tuple->src.ip6, &tuple->dst.ip6,
					  l4_len, shape->protocol, 0);
}

static void unfinished_sums_can_be_finished(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	struct buffers *b = buffers_new(test);
	struct change change;
	struct rnd_state rnd;
	struct sk_buff *skb;
	unsigned int len, i;

	ozp_seed(test, &rnd);
	for (i = 0; i < 50; i++) {
		random_change(&rnd, shape, &change);
		len = ozp_shape_build(shape, &change.from, b->before);
		make_want(b, &change, shape, len);
		skb = ozp_test_skb(b->before, len, len);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		make_partial(skb, shape, &change.from, len);
		KUNIT_EXPECT_TRUE(test, convert(&change, skb));
		KUNIT_EXPECT_TRUE(test, skb->ip_summed == CHECKSUM_PARTIAL);
		KUNIT_EXPECT_EQ(test, skb_checksum_help(skb), 0);
		KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, b->after, len), 0);
		KUNIT_EXPECT_TRUE(test, is_as_wanted(b, shape, len));
		kfree_skb(skb);
	}
}

/* The sum that a card made over the whole packet still fits afterwards. */
static void complete_sums_stay_right(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	struct buffers *b = buffers_new(test);
	struct change change;
	struct rnd_state rnd;
	struct sk_buff *skb;
	unsigned int len, i;

	ozp_seed(test, &rnd);
	for (i = 0; i < 50; i++) {
		random_change(&rnd, shape, &change);
		len = ozp_shape_build(shape, &change.from, b->before);
		make_want(b, &change, shape, len);
		skb = ozp_test_skb(b->before, len, len);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb->ip_summed = CHECKSUM_COMPLETE;
		skb->csum = csum_partial(b->before, len, 0);
		KUNIT_EXPECT_TRUE(test, convert(&change, skb));
		KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, b->after, len), 0);
		if (skb->ip_summed == CHECKSUM_COMPLETE)
			KUNIT_EXPECT_EQ(test, csum_fold(skb->csum),
					csum_fold(csum_partial(b->after, len,
							       0)));
		KUNIT_EXPECT_TRUE(test, is_as_wanted(b, shape, len));
		kfree_skb(skb);
	}
}

static void verified_sums_stay_verified(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	struct buffers *b = buffers_new(test);
	struct change change;
	struct rnd_state rnd;
	struct sk_buff *skb;
	unsigned int len;

	ozp_seed(test, &rnd);
	random_change(&rnd, shape, &change);
	len = ozp_shape_build(shape, &change.from, b->before);
	make_want(b, &change, shape, len);
	skb = ozp_test_skb(b->before, len, len);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	KUNIT_EXPECT_TRUE(test, convert(&change, skb));
	KUNIT_EXPECT_TRUE(test,
			  skb->ip_summed == CHECKSUM_UNNECESSARY);
	KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, b->after, len), 0);
	KUNIT_EXPECT_TRUE(test, is_as_wanted(b, shape, len));
	kfree_skb(skb);
}

static bool is_icmp(const struct ozp_shape *shape)
{
	return shape->protocol == IPPROTO_ICMP ||
	       shape->protocol == IPPROTO_ICMPV6;
}

/* What was damaged on the way must not look whole afterwards. */
static void wrong_sums_stay_wrong(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	unsigned int l4_offset = ozp_shape_l4_offset(shape);
	struct buffers *b = buffers_new(test);
	struct change change;
	struct rnd_state rnd;
	struct sk_buff *skb;
	unsigned int len;

	ozp_seed(test, &rnd);
	random_change(&rnd, shape, &change);
	len = ozp_shape_build(shape, &change.from, b->before);
	/* One bit of a port or identifier, in every sum and in no length. */
	b->before[l4_offset + (is_icmp(shape) ? 4 : 0)] ^= 1;
	skb = ozp_test_skb(b->before, len, len);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE(test, convert(&change, skb));
	KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, 0, b->after, len), 0);
	KUNIT_EXPECT_FALSE(test, ozp_test_l4_is_right(b->after, l4_offset, len,
						      shape->protocol));
	kfree_skb(skb);
}

/* RFC 768: a sender may leave the sum away over IPv4, and it stays away. */
static void no_sum_stays_none(struct kunit *test)
{
	const struct ozp_shape shape = { "", AF_INET, IPPROTO_UDP,
					 .payload = 10 };
	struct buffers *b = buffers_new(test);
	struct udphdr *uh = (void *)b->before + sizeof(struct iphdr);
	struct change change;
	struct rnd_state rnd;
	struct sk_buff *skb;
	unsigned int len;

	ozp_seed(test, &rnd);
	random_change(&rnd, &shape, &change);
	len = ozp_shape_build(&shape, &change.from, b->before);
	uh->check = 0;
	skb = ozp_test_skb(b->before, len, len);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE(test, convert(&change, skb));
	uh = (void *)skb->data + sizeof(struct iphdr);
	KUNIT_EXPECT_EQ(test, (__force u16)uh->check, 0);
	KUNIT_EXPECT_EQ(test, (__force u16)ip_fast_csum(skb->data, 5), 0);
	kfree_skb(skb);
}

/* A sum that comes to zero is sent as all ones (RFC 768, RFC 8200, 8.1). Each
 * sum is tried, by a port that has any value.
 */
static void sum_of_zero_is_sent_as_ones(struct kunit *test)
{
	struct ozp_shape shape = { "", AF_INET, IPPROTO_UDP };
	struct buffers *b = buffers_new(test);
	struct change change;
	struct rnd_state rnd;
	struct sk_buff *skb;
	unsigned int len, port, family, zeros = 0;

	ozp_seed(test, &rnd);
	for (family = 0; family < OZP_FAMILIES; family++) {
		shape.family = ozp_family(family);
		random_change(&rnd, &shape, &change);
		for (port = 0; port <= 0xffff; port++) {
			change.from.sport = htons(port);
			len = ozp_shape_build(&shape, &change.from, b->before);
			make_want(b, &change, &shape, len);
			if (memcmp(b->want + len - 2, "\xff\xff", 2))
				continue;
			zeros++;
			skb = ozp_test_skb(b->before, len, len);
			KUNIT_ASSERT_NOT_NULL(test, skb);
			KUNIT_EXPECT_TRUE(test, convert(&change, skb));
			KUNIT_EXPECT_MEMEQ(test, skb->data + len - 2,
					   "\xff\xff", 2);
			kfree_skb(skb);
		}
	}
	KUNIT_EXPECT_GE(test, zeros, OZP_FAMILIES);
}

static u8 random_protocol(struct rnd_state *rnd, u8 family)
{
	switch (prandom_u32_state(rnd) % 3) {
	case 0:
		return IPPROTO_TCP;
	case 1:
		return IPPROTO_UDP;
	default:
		return family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	}
}

static void random_packets_keep_right_sums(struct kunit *test)
{
	struct buffers *b = buffers_new(test);
	struct ozp_shape shape = { "" };
	unsigned int len, i, wrong = 0;
	struct change change;
	struct rnd_state rnd;
	struct sk_buff *skb;

	ozp_seed(test, &rnd);
	skb = ozp_test_skb(b->before, OZP_TEST_PACKET_MAX, OZP_TEST_PACKET_MAX);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	for (i = 0; i < RANDOM_PACKETS; i++) {
		shape.family = ozp_family(prandom_u32_state(&rnd) % 2);
		shape.protocol = random_protocol(&rnd, shape.family);
		shape.reply = prandom_u32_state(&rnd) % 2;
		shape.options = prandom_u32_state(&rnd) % 11 * 4;
		shape.doff = 5 + prandom_u32_state(&rnd) % 11;
		shape.payload = prandom_u32_state(&rnd) % 40;
		random_change(&rnd, &shape, &change);
		len = ozp_shape_build(&shape, &change.from, b->before);
		make_want(b, &change, &shape, len);

		skb_trim(skb, 0);
		skb_put_data(skb, b->before, len);
		skb->protocol = shape.family == AF_INET ? htons(ETH_P_IP) :
							  htons(ETH_P_IPV6);
		if (!convert(&change, skb)) {
			wrong++;
			continue;
		}
		memcpy(b->after, skb->data, len);
		wrong += !is_as_wanted(b, &shape, len);
		if (i % 1000 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	kfree_skb(skb);
}

static struct kunit_case rewrite_cases[] = {
	KUNIT_CASE_PARAM(every_shape_is_converted, shapes_gen_params),
	KUNIT_CASE_PARAM(clones_are_left_alone, shapes_gen_params),
	KUNIT_CASE_PARAM(unfinished_sums_can_be_finished, shapes_gen_params),
	KUNIT_CASE_PARAM(complete_sums_stay_right, shapes_gen_params),
	KUNIT_CASE_PARAM(verified_sums_stay_verified, shapes_gen_params),
	KUNIT_CASE_PARAM(wrong_sums_stay_wrong, shapes_gen_params),
	KUNIT_CASE(no_sum_stays_none),
	KUNIT_CASE(sum_of_zero_is_sent_as_ones),
	KUNIT_CASE(random_packets_keep_right_sums),
	{}
};

static struct kunit_suite rewrite_suite = {
	.name = "ozproxy_rewrite",
	.test_cases = rewrite_cases,
};

kunit_test_suite(rewrite_suite);
