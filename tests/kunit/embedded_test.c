// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* ICMP errors: every shape of the packet inside, cut at every byte, in skbs of
 * every form, and sums against those of the whole packet built anew.
 */

#include <kunit/test.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/unaligned.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

#include "embedded.h"
#include "rewrite.h"
#include "seed.h"
#include "skbs.h"

struct golden {
	const char *name;
	const u8 *data;
	unsigned int len;
};

#include "packets_icmp_gen.h"

static const struct ozp_shape shapes[] = {
	{ "IPv4, TCP", AF_INET, IPPROTO_TCP, .payload = 20 },
	{ "IPv4 options, TCP", AF_INET, IPPROTO_TCP, .options = 40,
	  .payload = 3 },
	{ "IPv4, UDP", AF_INET, IPPROTO_UDP, .payload = 21 },
	{ "IPv4, echo request", AF_INET, IPPROTO_ICMP, .payload = 9 },
	{ "IPv4, echo reply", AF_INET, IPPROTO_ICMP, .reply = true },
	{ "IPv6, TCP", AF_INET6, IPPROTO_TCP, .payload = 20 },
	{ "IPv6, UDP", AF_INET6, IPPROTO_UDP, .payload = 21 },
	{ "IPv6, three extensions, UDP", AF_INET6, IPPROTO_UDP,
	  .extension_count = 3,
	  .extensions = { NEXTHDR_HOP, NEXTHDR_ROUTING, NEXTHDR_DEST } },
	{ "IPv6, echo request", AF_INET6, IPPROTO_ICMPV6, .payload = 9 },
	{ "IPv6, echo reply", AF_INET6, IPPROTO_ICMPV6, .reply = true },
};

static void shapes_describe(const struct ozp_shape *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(shapes, shapes, shapes_describe);

#define ICMP_LEN sizeof(struct icmphdr)

static const u8 error_types4[] = { ICMP_DEST_UNREACH, ICMP_TIME_EXCEEDED,
				   ICMP_PARAMETERPROB };
static const u8 error_types6[] = { ICMPV6_DEST_UNREACH, ICMPV6_PKT_TOOBIG,
				   ICMPV6_TIME_EXCEED, ICMPV6_PARAMPROB };

/* An error, as it is and as it is to become. */
struct error {
	struct ozp_tuple outer;
	struct ozp_tuple inner;
	struct ozp_tuple new_outer;
	struct ozp_tuple new_inner;
	unsigned int ip_len;
	unsigned int len;
	u8 before[OZP_TEST_PACKET_MAX];
	u8 want[OZP_TEST_PACKET_MAX];
	u8 after[OZP_TEST_PACKET_MAX];
};

static void random_addrs(struct rnd_state *rnd, struct ozp_tuple *tuple)
{
	u32 len = tuple->family == AF_INET ? 4 : 16;

	prandom_bytes_state(rnd, &tuple->src, len);
	prandom_bytes_state(rnd, &tuple->dst, len);
	((u8 *)&tuple->src)[0] = len == 4 ? 10 : 0xfd;
	((u8 *)&tuple->dst)[0] = len == 4 ? 10 : 0xfd;
}

/* Puts an error about the first @cut bytes of a packet into @data. */
static unsigned int build(const struct ozp_shape *shape,
			  const struct ozp_tuple *outer,
			  const struct ozp_tuple *inner, unsigned int cut,
			  u8 type, u8 *data)
{
	const struct ozp_shape around = {
		"", shape->family,
		shape->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6,
		.payload = cut,
	};
	unsigned int l4_offset = ozp_shape_l4_offset(&around), len;

	len = ozp_shape_build(&around, outer, data);
	/* Nothing of it is in the way: it is built and then cut. */
	ozp_shape_build(shape, inner, data + len - cut);
	memset(data + l4_offset, 0, ICMP_LEN);
	data[l4_offset] = type;
	ozp_test_l4_check(data, l4_offset, len, around.protocol);
	return len;
}

static struct error *error_new(struct kunit *test)
{
	struct error *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	return e;
}

static void error_make(struct error *e, struct rnd_state *rnd,
		       const struct ozp_shape *shape, unsigned int cut)
{
	u8 type;

	memset(&e->outer, 0, sizeof(e->outer));
	memset(&e->inner, 0, sizeof(e->inner));
	e->outer.family = shape->family;
	e->outer.protocol = shape->family == AF_INET ? IPPROTO_ICMP :
						       IPPROTO_ICMPV6;
	e->inner.family = shape->family;
	e->inner.protocol = shape->protocol;
	e->inner.sport = (__force __be16)prandom_u32_state(rnd);
	e->inner.dport = (__force __be16)prandom_u32_state(rnd);
	ozp_shape_fit(shape, &e->inner);
	e->new_outer = e->outer;
	e->new_inner = e->inner;
	random_addrs(rnd, &e->outer);
	random_addrs(rnd, &e->inner);
	random_addrs(rnd, &e->new_outer);
	random_addrs(rnd, &e->new_inner);

	type = shape->family == AF_INET ?
	       error_types4[prandom_u32_state(rnd) % ARRAY_SIZE(error_types4)] :
	       error_types6[prandom_u32_state(rnd) % ARRAY_SIZE(error_types6)];
	e->ip_len = shape->family == AF_INET ? sizeof(struct iphdr) :
					       sizeof(struct ipv6hdr);
	e->len = build(shape, &e->outer, &e->inner, cut, type, e->before);
	build(shape, &e->new_outer, &e->new_inner, cut, type, e->want);
}

static enum ozp_verdict parse(struct sk_buff *skb, struct ozp_packet *pkt,
			      struct ozp_embedded *emb)
{
	enum ozp_verdict verdict;

	memset(pkt, 0, sizeof(*pkt));
	verdict = ozp_packet_parse(skb, pkt);
	if (verdict != OZP_CONTINUE || pkt->icmp != OZP_ICMP_ERROR)
		return OZP_DROP;
	return ozp_embedded_parse(skb, pkt, emb);
}

static bool convert(struct error *e, struct sk_buff *skb)
{
	struct ozp_embedded emb;
	struct ozp_rewrite rw;
	struct ozp_packet pkt;

	if (parse(skb, &pkt, &emb) != OZP_CONTINUE)
		return false;
	ozp_rewrite_init(&rw, &e->outer, &e->new_outer.src, &e->new_outer.dst);
	return ozp_embedded_rewrite(skb, &pkt, &emb, &e->new_inner.src,
				    &e->new_inner.dst) == OZP_CONTINUE &&
	       ozp_rewrite_apply(skb, &pkt, &rw) == OZP_CONTINUE &&
	       !skb_copy_bits(skb, 0, e->after, e->len);
}

/* Ones' complement has two zeros: where a sum of the embedded packet is the one
 * or the other, neither is wrong, and all others must be the same.
 */
static void even_sum(u8 *after, const u8 *want)
{
	if (get_unaligned_be16(after) % 0xffff ==
	    get_unaligned_be16(want) % 0xffff)
		memcpy(after, want, 2);
}

static bool is_as_wanted(struct error *e, const struct ozp_shape *shape)
{
	unsigned int inner = e->ip_len + ICMP_LEN;
	unsigned int check = inner + ozp_shape_l4_offset(shape) +
			     ozp_test_check_offset(shape->protocol);

	if (!ozp_test_l4_is_right(e->after, e->ip_len, e->len,
				  e->outer.protocol))
		return false;
	if (shape->family == AF_INET) {
		if (ip_fast_csum(e->after, e->after[0] & 15) ||
		    ip_fast_csum(e->after + inner, e->after[inner] & 15))
			return false;
		even_sum(e->after + 10, e->want + 10);
		even_sum(e->after + inner + 10, e->want + inner + 10);
	}
	/* The zero that says "no sum" must not appear. */
	if (shape->protocol == IPPROTO_UDP && !memcmp(e->after + check, "\0", 2))
		return false;
	/* Half a sum stays what it was. */
	if (check + 2 <= e->len)
		even_sum(e->after + check, e->want + check);
	else if (check < e->len && e->after[check] == e->before[check])
		e->after[check] = e->want[check];
	memcpy(e->after + e->ip_len + 2, e->want + e->ip_len + 2, 2);
	return !memcmp(e->after, e->want, e->len);
}

static unsigned int whole(const struct ozp_shape *shape)
{
	return ozp_shape_headers(shape) + shape->payload;
}

static unsigned int shortest(const struct ozp_shape *shape)
{
	return ozp_shape_l4_offset(shape) + 8;
}

static void every_cut_is_understood(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	struct error *e = error_new(test);
	enum ozp_verdict verdict;
	struct ozp_embedded emb;
	struct ozp_packet pkt;
	struct rnd_state rnd;
	unsigned int cut, i;
	struct sk_buff *skb;

	ozp_seed(test, &rnd);
	for (cut = 0; cut <= whole(shape); cut++) {
		error_make(e, &rnd, shape, cut);
		for (i = 0; i < 3; i++) {
			skb = ozp_test_skb(e->before, e->len, e->len * i / 2);
			KUNIT_ASSERT_NOT_NULL(test, skb);
			verdict = parse(skb, &pkt, &emb);
			kfree_skb(skb);
			KUNIT_ASSERT_EQ_MSG(test, verdict,
					    cut < shortest(shape) ?
					    OZP_DROP : OZP_CONTINUE,
					    "%u bytes", cut);
			if (verdict == OZP_DROP) {
				KUNIT_EXPECT_EQ(test, pkt.reason,
						OZPROXY_DROP_REASON_TRUNCATED);
				continue;
			}
			KUNIT_EXPECT_MEMEQ(test, &emb.tuple, &e->inner,
					   offsetof(struct ozp_tuple, end));
		}
	}
}

static void every_cut_is_converted(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	struct error *e = error_new(test);
	struct rnd_state rnd;
	struct sk_buff *skb;
	unsigned int cut, i;

	ozp_seed(test, &rnd);
	for (cut = shortest(shape); cut <= whole(shape); cut++) {
		for (i = 0; i <= 20; i++) {
			error_make(e, &rnd, shape, cut);
			skb = ozp_test_skb(e->before, e->len, e->len * i / 20);
			KUNIT_ASSERT_NOT_NULL(test, skb);
			KUNIT_EXPECT_TRUE(test, convert(e, skb));
			KUNIT_EXPECT_TRUE_MSG(test, is_as_wanted(e, shape),
					      "%u bytes", cut);
			kfree_skb(skb);
		}
	}
}

static void clones_are_left_alone(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	struct error *e = error_new(test);
	struct sk_buff *skb, *clone;
	struct rnd_state rnd;

	ozp_seed(test, &rnd);
	error_make(e, &rnd, shape, whole(shape));
	skb = ozp_test_skb(e->before, e->len, e->len);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	clone = skb_clone(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, clone);
	KUNIT_EXPECT_TRUE(test, convert(e, skb));
	KUNIT_EXPECT_TRUE(test, is_as_wanted(e, shape));
	KUNIT_ASSERT_EQ(test, skb_copy_bits(clone, 0, e->after, e->len), 0);
	KUNIT_EXPECT_MEMEQ(test, e->after, e->before, e->len);
	kfree_skb(clone);
	kfree_skb(skb);
}

/* The sum of the pseudo header that a socket leaves for the device to finish. */
static void make_partial(struct sk_buff *skb, const struct error *e)
{
	__sum16 *check = (void *)skb->data + e->ip_len +
			 offsetof(struct icmphdr, checksum);

	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + e->ip_len;
	skb->csum_offset = offsetof(struct icmphdr, checksum);
	*check = e->outer.family == AF_INET ? 0 :
		 ~csum_ipv6_magic(&e->outer.src.ip6, &e->outer.dst.ip6,
				  e->len - e->ip_len, IPPROTO_ICMPV6, 0);
}

static void every_sum_state_stays_right(struct kunit *test)
{
	static const u8 states[] = { CHECKSUM_NONE, CHECKSUM_UNNECESSARY,
				     CHECKSUM_COMPLETE, CHECKSUM_PARTIAL };
	const struct ozp_shape *shape = test->param_value;
	struct error *e = error_new(test);
	struct rnd_state rnd;
	struct sk_buff *skb;
	unsigned int i;

	ozp_seed(test, &rnd);
	for (i = 0; i < 200; i++) {
		error_make(e, &rnd, shape, i % 2 ? whole(shape) :
						   shortest(shape));
		skb = ozp_test_skb(e->before, e->len, e->len);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb->ip_summed = states[i / 2 % ARRAY_SIZE(states)];
		skb->csum = csum_partial(e->before, e->len, 0);
		if (skb->ip_summed == CHECKSUM_PARTIAL)
			make_partial(skb, e);
		KUNIT_EXPECT_TRUE(test, convert(e, skb));
		if (skb->ip_summed == CHECKSUM_COMPLETE)
			KUNIT_EXPECT_EQ(test, csum_fold(skb->csum),
					csum_fold(csum_partial(e->after, e->len,
							       0)));
		if (skb->ip_summed == CHECKSUM_PARTIAL) {
			KUNIT_EXPECT_EQ(test, skb_checksum_help(skb), 0);
			skb_copy_bits(skb, 0, e->after, e->len);
		}
		KUNIT_EXPECT_TRUE_MSG(test, is_as_wanted(e, shape),
				      "state %u", states[i / 2 % 4]);
		kfree_skb(skb);
	}
}

/* What was damaged on the way must not look whole afterwards. */
static void wrong_sums_stay_wrong(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	struct error *e = error_new(test);
	unsigned int inner_l4;
	struct rnd_state rnd;
	struct sk_buff *skb;

	ozp_seed(test, &rnd);
	error_make(e, &rnd, shape, whole(shape));
	inner_l4 = e->ip_len + ICMP_LEN + ozp_shape_l4_offset(shape);
	/* A port or sequence number: in the sums inside and outside. */
	e->before[inner_l4 + (shape->protocol == IPPROTO_TCP ||
			      shape->protocol == IPPROTO_UDP ? 0 : 6)] ^= 1;
	skb = ozp_test_skb(e->before, e->len, e->len);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE(test, convert(e, skb));
	KUNIT_EXPECT_FALSE(test, ozp_test_l4_is_right(e->after, e->ip_len,
						      e->len,
						      e->outer.protocol));
	memmove(e->after, e->after + e->ip_len + ICMP_LEN, whole(shape));
	KUNIT_EXPECT_FALSE(test,
			   ozp_test_l4_is_right(e->after,
						ozp_shape_l4_offset(shape),
						whole(shape),
						shape->protocol));
	kfree_skb(skb);
}

/* RFC 768: no sum stays none, inside, too. */
static void no_sum_stays_none(struct kunit *test)
{
	const struct ozp_shape *shape = &shapes[2];
	struct error *e = error_new(test);
	unsigned int check;
	struct rnd_state rnd;
	struct sk_buff *skb;

	ozp_seed(test, &rnd);
	error_make(e, &rnd, shape, whole(shape));
	check = e->ip_len + ICMP_LEN + ozp_shape_l4_offset(shape) +
		ozp_test_check_offset(IPPROTO_UDP);
	put_unaligned_be16(0, e->before + check);
	ozp_test_l4_check(e->before, e->ip_len, e->len, e->outer.protocol);
	skb = ozp_test_skb(e->before, e->len, e->len);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE(test, convert(e, skb));
	KUNIT_EXPECT_EQ(test, get_unaligned_be16(e->after + check), 0);
	KUNIT_EXPECT_TRUE(test, ozp_test_l4_is_right(e->after, e->ip_len, e->len,
						     e->outer.protocol));
	kfree_skb(skb);
}

/* Addresses that stay cost nothing: not even a copy of a shared header. */
static void same_addresses_write_nothing(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	struct error *e = error_new(test);
	struct sk_buff *skb, *clone;
	struct ozp_embedded emb;
	struct ozp_packet pkt;
	struct rnd_state rnd;

	ozp_seed(test, &rnd);
	error_make(e, &rnd, shape, whole(shape));
	skb = ozp_test_skb(e->before, e->len, e->len);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	clone = skb_clone(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, clone);
	KUNIT_ASSERT_EQ(test, parse(skb, &pkt, &emb), OZP_CONTINUE);
	KUNIT_EXPECT_EQ(test, ozp_embedded_rewrite(skb, &pkt, &emb,
						   &e->inner.src,
						   &e->inner.dst),
			OZP_CONTINUE);
	KUNIT_EXPECT_PTR_EQ(test, skb->head, clone->head);
	kfree_skb(clone);
	kfree_skb(skb);
}

/* The addresses of a packet and, if it is an error, of the one inside. */
static void golden_tuples(const u8 *data, struct ozp_tuple *outer,
			  struct ozp_tuple *inner)
{
	bool ipv6 = data[0] >> 4 == 6;
	unsigned int ip_len = ipv6 ? sizeof(struct ipv6hdr) :
				     sizeof(struct iphdr);
	unsigned int size = ipv6 ? 16 : 4, at = ipv6 ? 8 : 12;
	u8 protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;

	memset(outer, 0, sizeof(*outer));
	memset(inner, 0, sizeof(*inner));
	outer->family = ipv6 ? AF_INET6 : AF_INET;
	memcpy(&outer->src, data + at, size);
	memcpy(&outer->dst, data + at + size, size);
	if (ozp_icmp_kind(protocol, data[ip_len]) != OZP_ICMP_ERROR)
		return;
	at += ip_len + ICMP_LEN;
	memcpy(&inner->src, data + at, size);
	memcpy(&inner->dst, data + at + size, size);
}

static bool convert_golden(struct error *e, struct sk_buff *skb)
{
	struct ozp_packet pkt = {};
	struct ozp_rewrite rw;

	if (convert(e, skb))
		return true;
	/* An echo. */
	ozp_rewrite_init(&rw, &e->outer, &e->new_outer.src, &e->new_outer.dst);
	return ozp_packet_parse(skb, &pkt) == OZP_CONTINUE &&
	       pkt.icmp != OZP_ICMP_ERROR &&
	       ozp_rewrite_apply(skb, &pkt, &rw) == OZP_CONTINUE &&
	       !skb_copy_bits(skb, 0, e->after, e->len);
}

/* Pairs: what comes, and what goes on. */
static void goldens_are_converted(struct kunit *test)
{
	struct error *e = error_new(test);
	const struct golden *golden;
	unsigned int i, linear;
	struct sk_buff *skb;

	for (i = 0; i < ARRAY_SIZE(goldens); i += 2) {
		golden = &goldens[i];
		e->len = golden[0].len;
		KUNIT_ASSERT_EQ(test, golden[1].len, e->len);
		golden_tuples(golden[0].data, &e->outer, &e->inner);
		golden_tuples(golden[1].data, &e->new_outer, &e->new_inner);
		for (linear = 0; linear <= e->len; linear++) {
			skb = ozp_test_skb(golden[0].data, e->len, linear);
			KUNIT_ASSERT_NOT_NULL(test, skb);
			KUNIT_EXPECT_TRUE_MSG(test, convert_golden(e, skb),
					      "%s", golden->name);
			KUNIT_EXPECT_MEMEQ(test, e->after, golden[1].data,
					   e->len);
			kfree_skb(skb);
		}
	}
}

/* A change of one field of the embedded packet, and why it is refused. */
struct damage {
	const char *name;
	u8 shape;
	u8 offset;
	u8 len;
	u8 bytes[4];
	enum ozproxy_drop_reason reason;
};

#define REFUSED(reason) OZPROXY_DROP_REASON_##reason

static const struct damage damages[] = {
	{ "IPv6 in ICMP", 0, 0, 1, { 0x65 }, REFUSED(BAD_HEADER) },
	{ "IPv4 in ICMPv6", 5, 0, 1, { 0x45 }, REFUSED(BAD_HEADER) },
	{ "header of 16 bytes", 0, 0, 1, { 0x44 }, REFUSED(BAD_HEADER) },
	{ "options beyond the end", 4, 0, 1, { 0x4f }, REFUSED(TRUNCATED) },
	{ "later fragment", 2, 6, 2, { 0, 1 }, REFUSED(UNRELATED_ERROR) },
	{ "GRE", 0, 9, 1, { 47 }, REFUSED(UNRELATED_ERROR) },
	{ "IPv6 in IPv6", 5, 6, 1, { 41 }, REFUSED(UNRELATED_ERROR) },
	{ "ICMPv6 in IPv4", 3, 9, 1, { 58 }, REFUSED(UNRELATED_ERROR) },
	{ "unreachable", 3, 20, 1, { 3 }, REFUSED(ERROR_ABOUT_ERROR) },
	{ "time exceeded", 3, 20, 1, { 11 }, REFUSED(ERROR_ABOUT_ERROR) },
	{ "timestamp", 3, 20, 1, { 13 }, REFUSED(UNRELATED_ERROR) },
	{ "too big", 8, 40, 1, { 2 }, REFUSED(ERROR_ABOUT_ERROR) },
	{ "router solicitation", 8, 40, 1, { 133 }, REFUSED(UNRELATED_ERROR) },
	{ "no next header", 7, 56, 1, { NEXTHDR_NONE }, REFUSED(TRUNCATED) },
	{ "extension beyond the end", 7, 41, 1, { 255 }, REFUSED(TRUNCATED) },
	{ "later fragment of IPv6", 7, 40, 4, { NEXTHDR_FRAGMENT, 0, 0, 0 },
	  REFUSED(UNRELATED_ERROR) },
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
	struct error *e = error_new(test);
	struct ozp_embedded emb;
	struct ozp_packet pkt;
	struct rnd_state rnd;
	struct sk_buff *skb;
	u8 *inner;

	ozp_seed(test, &rnd);
	error_make(e, &rnd, shape, whole(shape));
	inner = e->before + e->ip_len + ICMP_LEN;
	memcpy(inner + damage->offset, damage->bytes, damage->len);
	/* Not at its beginning. */
	if (damage->bytes[0] == NEXTHDR_FRAGMENT)
		put_unaligned_be16(8, inner + damage->offset + 10);
	skb = ozp_test_skb(e->before, e->len, e->len / 2);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, parse(skb, &pkt, &emb), OZP_DROP);
	KUNIT_EXPECT_EQ(test, pkt.reason, damage->reason);
	kfree_skb(skb);
}

/* Random bytes inside: no verdict is wrong, but KASAN looks at every access. */
static void noise_does_no_harm(struct kunit *test)
{
	struct error *e = error_new(test);
	unsigned int i, inner, len;
	struct rnd_state rnd;
	struct sk_buff *skb;

	ozp_seed(test, &rnd);
	for (i = 0; i < 10000; i++) {
		const struct ozp_shape *shape = &shapes[i % ARRAY_SIZE(shapes)];

		error_make(e, &rnd, shape,
			   prandom_u32_state(&rnd) % (whole(shape) + 1));
		inner = e->ip_len + ICMP_LEN;
		len = e->len - inner;
		if (len > 1)
			prandom_bytes_state(&rnd, e->before + inner + 1,
					    prandom_u32_state(&rnd) % len);
		skb = ozp_test_skb(e->before, e->len,
				   prandom_u32_state(&rnd) % (e->len + 1));
		KUNIT_ASSERT_NOT_NULL(test, skb);
		convert(e, skb);
		kfree_skb(skb);
	}
}

static struct kunit_case embedded_cases[] = {
	KUNIT_CASE(goldens_are_converted),
	KUNIT_CASE_PARAM(every_cut_is_understood, shapes_gen_params),
	KUNIT_CASE_PARAM(every_cut_is_converted, shapes_gen_params),
	KUNIT_CASE_PARAM(clones_are_left_alone, shapes_gen_params),
	KUNIT_CASE_PARAM(every_sum_state_stays_right, shapes_gen_params),
	KUNIT_CASE_PARAM(wrong_sums_stay_wrong, shapes_gen_params),
	KUNIT_CASE_PARAM(same_addresses_write_nothing, shapes_gen_params),
	KUNIT_CASE_PARAM(every_damage_has_its_reason, damages_gen_params),
	KUNIT_CASE(no_sum_stays_none),
	KUNIT_CASE(noise_does_no_harm),
	{}
};

static struct kunit_suite embedded_suite = {
	.name = "ozproxy_embedded",
	.test_cases = embedded_cases,
};

kunit_test_suite(embedded_suite);
