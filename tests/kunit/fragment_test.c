// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Datagrams in fragments: every order, overlaps against a naive model, limits,
 * and what is left when they end.
 */

#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <net/checksum.h>

#include "fragment.h"
#include "rewrite.h"
#include "seed.h"
#include "skbs.h"

#define RANDOM_DATAGRAMS 3000
#define MODEL_PARTS 64

/* What a fragment is made of. */
struct piece {
	u32 id;
	u32 offset;
	u32 len;
	bool more;
	u16 sport;
};

/* A cache and what became of all that was brought to it. */
struct bench {
	struct ozp_stats stats;
	struct ozp_fragments fragments;
	u32 brought;
	u32 passed;
};

static struct bench *bench_new(struct kunit *test)
{
	struct bench *bench = kzalloc(sizeof(*bench), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bench);
	KUNIT_ASSERT_EQ(test, ozp_stats_init(&bench->stats, "test"), 0);
	ozp_fragments_init(&bench->fragments, &bench->stats,
			   OZPROXY_DIRECTION_OUT);
	return bench;
}

static u64 bench_lost(struct kunit *test, struct bench *bench,
		      enum ozproxy_drop_reason reason)
{
	struct ozp_stats_sum *sum = ozp_stats_sum_new(&bench->stats);
	u64 lost;

	KUNIT_ASSERT_NOT_NULL(test, sum);
	lost = sum->drops[OZPROXY_DIRECTION_OUT][reason];
	kfree(sum);
	return lost;
}

/* Nothing is left, and every fragment passed or was lost under a reason. */
static void bench_free(struct kunit *test, struct bench *bench)
{
	struct ozp_fragments *fragments = &bench->fragments;
	u64 lost = 0;
	u32 i;

	ozp_fragments_close(fragments);
	KUNIT_EXPECT_EQ(test, fragments->count, 0);
	KUNIT_EXPECT_EQ(test, fragments->bytes, 0);
	KUNIT_EXPECT_EQ(test, fragments->held, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&fragments->all));
	KUNIT_EXPECT_TRUE(test, list_empty(&fragments->holding));
	for (i = 0; i < ARRAY_SIZE(fragments->buckets); i++)
		KUNIT_EXPECT_TRUE(test, hlist_empty(&fragments->buckets[i]));
	for (i = 0; i < OZP_REASON_COUNT; i++)
		lost += bench_lost(test, bench, i);
	KUNIT_EXPECT_EQ(test, bench->brought, bench->passed + lost);
	ozp_stats_uninit(&bench->stats);
	kfree(bench);
}

/* What passed knows its flow, and what waited comes in order of arrival. */
static void bench_pass(struct kunit *test, struct bench *bench,
		       struct sk_buff *skb, const struct ozp_packet *pkt,
		       u16 sport)
{
	KUNIT_EXPECT_EQ(test, pkt->tuple.sport, htons(sport));
	KUNIT_EXPECT_EQ(test, pkt->tuple.dport, htons(53));
	KUNIT_EXPECT_EQ(test, pkt->tuple.protocol, IPPROTO_UDP);
	KUNIT_EXPECT_EQ(test, pkt->l4_offset, 48);
	bench->passed++;
	consume_skb(skb);
}

/* One fragment, with its number as mark. */
static enum ozp_verdict bring(struct kunit *test, struct bench *bench,
			      const struct piece *piece)
{
	struct ozp_packet first, pkt = {
		.stats = &bench->stats,
		.direction = OZPROXY_DIRECTION_OUT,
		.l4_offset = 48,
		.fragment = {
			.id = piece->id,
			.offset = piece->offset,
			.end = piece->offset + piece->len,
			.more = piece->more,
		},
	};
	struct sk_buff_head waiting;
	enum ozp_verdict verdict;
	struct sk_buff *skb;
	u32 mark;

	skb = alloc_skb(256, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->mark = ++bench->brought;
	pkt.tuple.family = AF_INET6;
	ipv6_addr_set(&pkt.tuple.src.ip6, 1, 2, 3, 4);
	ipv6_addr_set(&pkt.tuple.dst.ip6, 5, 6, 7, 8);
	if (!piece->offset) {
		pkt.tuple.protocol = IPPROTO_UDP;
		pkt.tuple.sport = htons(piece->sport);
		pkt.tuple.dport = htons(53);
	}
	__skb_queue_head_init(&waiting);
	local_bh_disable();
	verdict = ozp_fragment_admit(&bench->fragments, skb, &pkt, &waiting);
	if (verdict == OZP_DROP)
		ozp_drop(skb, &pkt, pkt.reason);
	local_bh_enable();
	if (verdict != OZP_CONTINUE) {
		KUNIT_EXPECT_TRUE(test, skb_queue_empty(&waiting));
		return verdict;
	}
	first = pkt;
	bench_pass(test, bench, skb, &pkt, piece->sport);
	mark = 0;
	while ((skb = ozp_fragment_next(&waiting, &first, &pkt))) {
		KUNIT_EXPECT_GT(test, skb->mark, mark);
		mark = skb->mark;
		bench_pass(test, bench, skb, &pkt, piece->sport);
	}
	return verdict;
}

static struct piece part(u32 id, u32 offset, u32 len, bool more)
{
	return (struct piece){ id, offset, len, more, 1000 + id };
}

static enum ozp_verdict bring_part(struct kunit *test, struct bench *bench,
				   u32 id, u32 offset, u32 len, bool more)
{
	struct piece piece = part(id, offset, len, more);

	return bring(test, bench, &piece);
}

/* In order nothing waits; when all came, nothing is remembered. */
static void in_order_nothing_waits(struct kunit *test)
{
	struct bench *bench = bench_new(test);
	u32 i;

	for (i = 0; i < 42; i++) {
		KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, i * 1400, 1400,
						 i < 41), OZP_CONTINUE);
		KUNIT_EXPECT_EQ(test, bench->fragments.bytes, 0);
		KUNIT_EXPECT_EQ(test, bench->fragments.count, i < 41);
	}
	bench_free(test, bench);
}

static void reversed_all_wait(struct kunit *test)
{
	struct bench *bench = bench_new(test);
	u32 i;

	for (i = 41; i; i--)
		KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, i * 1400, 1400,
						 i < 41), OZP_CONSUMED);
	KUNIT_EXPECT_GT(test, bench->fragments.bytes, 0);
	KUNIT_EXPECT_EQ(test, bench->fragments.held, 41);
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 0, 1400, true),
			OZP_CONTINUE);
	KUNIT_EXPECT_EQ(test, bench->passed, 42);
	KUNIT_EXPECT_EQ(test, bench->fragments.count, 0);
	KUNIT_EXPECT_EQ(test, bench->fragments.bytes, 0);
	KUNIT_EXPECT_EQ(test, bench->fragments.held, 0);
	bench_free(test, bench);
}

struct overlap {
	const char *name;
	struct piece pieces[4];
	u32 bad;
};

/* The first bad one and all that follow are lost; so is what waited. */
static const struct overlap overlaps[] = {
	{ "the first again with another end",
	  { { 1, 0, 80, true, 9 }, { 1, 0, 88, true, 9 } }, 1 },
	{ "a byte of the first",
	  { { 1, 0, 80, true, 9 }, { 1, 72, 80, true, 9 } }, 1 },
	{ "inside the first",
	  { { 1, 0, 80, true, 9 }, { 1, 8, 8, true, 9 } }, 1 },
	{ "around another",
	  { { 1, 0, 8, true, 9 }, { 1, 16, 8, true, 9 },
	    { 1, 8, 80, true, 9 } }, 2 },
	{ "into the next",
	  { { 1, 0, 8, true, 9 }, { 1, 16, 8, true, 9 },
	    { 1, 8, 16, true, 9 } }, 2 },
	{ "into the last",
	  { { 1, 0, 8, true, 9 }, { 1, 80, 5, false, 9 },
	    { 1, 72, 16, true, 9 } }, 2 },
	{ "the header again, from behind (RFC 3128)",
	  { { 1, 0, 24, true, 9 }, { 1, 8, 80, false, 9 } }, 1 },
	{ "beyond the end",
	  { { 1, 0, 8, true, 9 }, { 1, 80, 5, false, 9 },
	    { 1, 88, 8, true, 9 } }, 2 },
	{ "the end before what came",
	  { { 1, 0, 8, true, 9 }, { 1, 80, 8, true, 9 },
	    { 1, 16, 5, false, 9 } }, 2 },
	{ "two ends",
	  { { 1, 0, 8, true, 9 }, { 1, 80, 8, false, 9 },
	    { 1, 96, 8, false, 9 } }, 2 },
	{ "an end that is none",
	  { { 1, 0, 8, true, 9 }, { 1, 80, 8, false, 9 },
	    { 1, 80, 8, true, 9 } }, 2 },
	{ "an end that was none",
	  { { 1, 0, 8, true, 9 }, { 1, 80, 8, true, 9 },
	    { 1, 80, 8, false, 9 } }, 2 },
	{ "the first of another flow",
	  { { 1, 0, 8, true, 9 }, { 1, 0, 8, true, 10 } }, 1 },
	{ "among those that wait",
	  { { 1, 80, 16, true, 9 }, { 1, 88, 16, true, 9 } }, 1 },
};

static void overlaps_describe(const struct overlap *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(overlaps, overlaps, overlaps_describe);

static void overlaps_spoil_the_datagram(struct kunit *test)
{
	const struct overlap *param = test->param_value;
	struct bench *bench = bench_new(test);
	bool held = param->pieces[0].offset;
	u32 i;

	for (i = 0; i < param->bad; i++)
		KUNIT_EXPECT_EQ(test, bring(test, bench, &param->pieces[i]),
				held ? OZP_CONSUMED : OZP_CONTINUE);
	for (; i < ARRAY_SIZE(param->pieces) && param->pieces[i].len; i++)
		KUNIT_EXPECT_EQ(test, bring(test, bench, &param->pieces[i]),
				OZP_DROP);
	/* What would have been good is lost, too. */
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 8000, 8, true),
			OZP_DROP);
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 0, 8, true), OZP_DROP);
	KUNIT_EXPECT_EQ(test, bench_lost(test, bench,
					 OZPROXY_DROP_REASON_FRAGMENT_OVERLAP),
			3 + (held ? param->bad : 0));
	KUNIT_EXPECT_EQ(test, bench->fragments.bytes, 0);
	/* Another datagram is not concerned. */
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 2, 0, 8, true),
			OZP_CONTINUE);
	bench_free(test, bench);
}

/* RFC 8200, 4.5: repetitions are not overlaps. */
static void repetitions_pass(struct kunit *test)
{
	struct bench *bench = bench_new(test);
	u32 i;

	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 80, 80, true),
				OZP_CONSUMED);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 0, 80, true),
				OZP_CONTINUE);
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 80, 80, true),
			OZP_CONTINUE);
	KUNIT_EXPECT_EQ(test, bench->passed, 7);
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 160, 3, false),
			OZP_CONTINUE);
	KUNIT_EXPECT_EQ(test, bench->fragments.count, 0);
	/* The identification may be used again at once. */
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 0, 48, true),
			OZP_CONTINUE);
	bench_free(test, bench);
}

/* What is the oldest makes room. */
static void limits_hold(struct kunit *test)
{
	struct bench *bench = bench_new(test);
	struct ozp_fragments *fragments = &bench->fragments;
	u32 id, most;

	fragments->options.limit = 10;
	for (id = 0; id < 15; id++) {
		KUNIT_EXPECT_EQ(test, bring_part(test, bench, id, 80, 80, true),
				OZP_CONSUMED);
		KUNIT_EXPECT_LE(test, fragments->count, 10);
	}
	KUNIT_EXPECT_EQ(test, bench_lost(test, bench,
					 OZPROXY_DROP_REASON_FRAGMENT_LIMIT), 5);
	for (id = 5; id < 15; id++)
		KUNIT_EXPECT_EQ(test, bring_part(test, bench, id, 0, 80, true),
				OZP_CONTINUE);
	KUNIT_EXPECT_EQ(test, bench->passed, 20);
	KUNIT_EXPECT_EQ(test, fragments->bytes, 0);

	fragments->options.limit = 1000;
	fragments->options.memory = 8192;
	for (id = 100; id < 200; id++) {
		KUNIT_EXPECT_EQ(test, bring_part(test, bench, id, 80, 80, true),
				OZP_CONSUMED);
		KUNIT_EXPECT_LE(test, fragments->bytes, 8192);
	}
	/* Alone it may have all of it, and not more. */
	for (most = 0; most < 100; most++)
		if (bring_part(test, bench, 300, 80 + 8 * most, 8, true) !=
		    OZP_CONSUMED)
			break;
	KUNIT_EXPECT_LT(test, most, 20);
	KUNIT_EXPECT_EQ(test, fragments->bytes, 0);
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 300, 0, 80, true),
			OZP_DROP);
	bench_free(test, bench);
}

static void too_many_parts_are_refused(struct kunit *test)
{
	struct bench *bench = bench_new(test);
	u32 i;

	for (i = 0; i < OZP_FRAGMENT_PARTS_MAX; i++)
		KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, i * 8, 8, true),
				OZP_CONTINUE);
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, i * 8, 8, true),
			OZP_DROP);
	KUNIT_EXPECT_EQ(test, bench_lost(test, bench,
					 OZPROXY_DROP_REASON_FRAGMENT_LIMIT), 1);
	bench_free(test, bench);
}

static void one_datagram_has_not_all_memory(struct kunit *test)
{
	struct bench *bench = bench_new(test);
	u32 i;

	bench->fragments.options.memory = U32_MAX;
	/* Repetitions, because there cannot be so many parts. */
	for (i = 0; i < OZP_FRAGMENT_HELD_MAX; i++) {
		if (bring_part(test, bench, 1, 80, 80, true) != OZP_CONSUMED)
			break;
		KUNIT_ASSERT_LE(test, bench->fragments.bytes,
				OZP_FRAGMENT_HELD_MAX);
	}
	KUNIT_EXPECT_LT(test, i, OZP_FRAGMENT_HELD_MAX / 256);
	KUNIT_EXPECT_EQ(test, bench->fragments.bytes, 0);
	KUNIT_EXPECT_EQ(test, bench_lost(test, bench,
					 OZPROXY_DROP_REASON_FRAGMENT_LIMIT),
			i + 1);
	bench_free(test, bench);
}

/* Datagrams that wait for their first fragment. */
static void bring_many(struct kunit *test, struct bench *bench, u32 count)
{
	u32 id;

	for (id = 0; id < count; id++)
		KUNIT_ASSERT_EQ(test, bring_part(test, bench, 1000 + id, 80, 80,
						 true), OZP_CONSUMED);
	KUNIT_EXPECT_EQ(test, bench->fragments.count, count);
}

static bool wait_for_count(struct ozp_fragments *fragments, u32 count)
{
	u32 i;

	for (i = 0; i < 1000 && READ_ONCE(fragments->count) != count; i++)
		schedule_timeout_uninterruptible(1 + HZ / 100);
	return READ_ONCE(fragments->count) == count;
}

static void what_waits_times_out(struct kunit *test)
{
	struct bench *bench = bench_new(test);

	bench->fragments.options.timeout = 100;
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 80, 80, true),
			OZP_CONSUMED);
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 160, 80, false),
			OZP_CONSUMED);
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 2, 0, 80, true),
			OZP_CONTINUE);
	KUNIT_EXPECT_TRUE(test, wait_for_count(&bench->fragments, 0));
	KUNIT_EXPECT_EQ(test, bench_lost(test, bench,
					 OZPROXY_DROP_REASON_FRAGMENT_TIMEOUT),
			2);
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 1, 0, 80, true),
			OZP_CONTINUE);
	/* A shorter time-out counts for those that are there. */
	bench->fragments.options.timeout = 100000;
	KUNIT_EXPECT_EQ(test, bring_part(test, bench, 3, 80, 80, true),
			OZP_CONSUMED);
	bench->fragments.options.timeout = 1;
	schedule_timeout_uninterruptible(2);
	ozp_fragments_hurry(&bench->fragments);
	KUNIT_EXPECT_TRUE(test, wait_for_count(&bench->fragments, 0));
	/* More at once than end at a time, also with the device. */
	bench->fragments.options.timeout = 100000;
	bring_many(test, bench, 2 * OZP_FRAGMENT_BATCH);
	bench->fragments.options.timeout = 1;
	schedule_timeout_uninterruptible(2);
	ozp_fragments_hurry(&bench->fragments);
	KUNIT_EXPECT_TRUE(test, wait_for_count(&bench->fragments, 0));
	bench->fragments.options.timeout = 100000;
	bring_many(test, bench, 2 * OZP_FRAGMENT_BATCH + 1);
	ozp_fragments_close(&bench->fragments);
	KUNIT_EXPECT_EQ(test, bench->fragments.count, 0);
	bench_free(test, bench);
}

/* The plainest way to follow one datagram: byte by byte. */
struct model {
	u8 came[65536];
	struct piece pieces[MODEL_PARTS];
	u32 count;
	u32 total;
	u32 waiting;
	bool known;
	bool spoiled;
};

static bool model_is_repetition(const struct model *model,
				const struct piece *piece)
{
	u32 i;

	for (i = 0; i < model->count; i++)
		if (model->pieces[i].offset == piece->offset &&
		    model->pieces[i].len == piece->len &&
		    model->pieces[i].more == piece->more)
			return true;
	return false;
}

static bool model_is_bad(const struct model *model, const struct piece *piece)
{
	u32 end = piece->offset + piece->len, i;

	for (i = piece->offset; i < end; i++)
		if (model->came[i])
			return true;
	if (model->total && (end > model->total || !piece->more ||
			     end == model->total))
		return true;
	for (i = end; !piece->more && i < sizeof(model->came); i++)
		if (model->came[i])
			return true;
	return false;
}

static bool model_is_whole(const struct model *model)
{
	return model->known && model->total &&
	       !memchr_inv(model->came, 1, model->total);
}

static enum ozp_verdict model_bring(struct model *model,
				    const struct piece *piece)
{
	if (!model_is_repetition(model, piece)) {
		model->spoiled |= model_is_bad(model, piece);
		if (!model->spoiled) {
			model->pieces[model->count++] = *piece;
			memset(model->came + piece->offset, 1, piece->len);
			if (!piece->more)
				model->total = piece->offset + piece->len;
		}
	}
	if (model->spoiled)
		return OZP_DROP;
	if (!piece->offset)
		model->known = true;
	if (model->known)
		return OZP_CONTINUE;
	return OZP_CONSUMED;
}

/* Mostly whole pieces of a grid in any order, sometimes anything. */
static void random_piece(struct rnd_state *rnd, u32 grid, u32 total,
			 struct piece *piece)
{
	u32 count = DIV_ROUND_UP(total, grid);
	u32 at = prandom_u32_state(rnd) % count;

	piece->offset = at * grid;
	piece->len = min(grid, total - piece->offset);
	piece->more = at < count - 1;
	if (prandom_u32_state(rnd) % 64)
		return;
	piece->offset = prandom_u32_state(rnd) % (total + 64) / 8 * 8;
	piece->len = 8 + prandom_u32_state(rnd) % 64 * 8;
	piece->more = prandom_u32_state(rnd) % 8;
}

static void random_orders_are_as_in_the_model(struct kunit *test)
{
	struct bench *bench = bench_new(test);
	enum ozp_verdict want, got;
	struct model *model;
	struct rnd_state rnd;
	u32 i, n, grid, total, passed;
	struct piece piece;

	ozp_seed(test, &rnd);
	model = kvzalloc(sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	for (i = 0; i < RANDOM_DATAGRAMS; i++) {
		memset(model, 0, sizeof(*model));
		total = 16 + prandom_u32_state(&rnd) % 2000;
		grid = (total / (2 + prandom_u32_state(&rnd) % 8) + 8) / 8 * 8;
		for (n = 0; n < MODEL_PARTS; n++) {
			random_piece(&rnd, grid, total, &piece);
			piece.id = i;
			piece.sport = 1000;
			passed = bench->passed;
			want = model_bring(model, &piece);
			got = bring(test, bench, &piece);
			KUNIT_ASSERT_EQ_MSG(test, got, want,
					    "datagram %u, fragment %u", i, n);
			if (got == OZP_CONSUMED)
				model->waiting++;
			if (got == OZP_CONTINUE) {
				KUNIT_ASSERT_EQ(test, bench->passed, passed +
						1 + model->waiting);
				model->waiting = 0;
			}
			if (model_is_whole(model) && !model->spoiled)
				break;
		}
	}
	kvfree(model);
	bench_free(test, bench);
}

static const struct ozp_shape shapes[] = {
	{ "IPv4, UDP", AF_INET, IPPROTO_UDP, .payload = 1000 },
	{ "IPv4 options, UDP", AF_INET, IPPROTO_UDP, .options = 8,
	  .payload = 1001 },
	{ "IPv4, TCP", AF_INET, IPPROTO_TCP, .payload = 1000 },
	{ "IPv6, UDP", AF_INET6, IPPROTO_UDP, .payload = 1000 },
	{ "IPv6, destination, UDP", AF_INET6, IPPROTO_UDP, .payload = 999,
	  .extension_count = 1, .extensions = { NEXTHDR_DEST } },
	{ "IPv6, TCP", AF_INET6, IPPROTO_TCP, .payload = 1000 },
};

static void shapes_describe(const struct ozp_shape *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(shapes, shapes, shapes_describe);

static void shape_tuple(const struct ozp_shape *shape, u32 number,
			struct ozp_tuple *tuple)
{
	memset(tuple, 0, sizeof(*tuple));
	tuple->family = shape->family;
	tuple->protocol = shape->protocol;
	tuple->sport = htons(34278);
	tuple->dport = htons(53);
	if (shape->family == AF_INET) {
		tuple->src.ip4 = htonl(0x0a130103 + number);
		tuple->dst.ip4 = htonl(0x0a1e011e + number);
		return;
	}
	ipv6_addr_set(&tuple->src.ip6, htonl(0xfc000000), 0, 0, htonl(number));
	ipv6_addr_set(&tuple->dst.ip6, htonl(0xfdff0000), 0, htonl(number), 0);
}

/* Checks one fragment after the change and puts its bytes where they belong. */
static void collect(struct kunit *test, const struct ozp_shape *shape,
		    struct sk_buff *skb, const struct ozp_packet *pkt, u8 *whole)
{
	unsigned int start = shape->family == AF_INET6 ? 40 :
			     ozp_shape_l4_offset(shape);
	unsigned int head = skb->len - (pkt->fragment.end -
					pkt->fragment.offset);

	KUNIT_EXPECT_EQ(test, csum_fold(csum_partial(skb->data, skb->len, 0)),
			csum_fold(skb->csum));
	if (shape->family == AF_INET)
		KUNIT_EXPECT_EQ(test, ip_fast_csum(skb->data, start / 4), 0);
	if (!pkt->fragment.offset)
		memcpy(whole + 8, skb->data + 8, start - 8);
	memcpy(whole + start + pkt->fragment.offset, skb->data + head,
	       skb->len - head);
}

/* Fragments that were changed one by one are a datagram with new addresses and
 * a good checksum when they are put together.
 */
static void changed_fragments_fit_together(struct kunit *test)
{
	const struct ozp_shape *shape = test->param_value;
	unsigned int at, len, size, whole, start;
	struct ozp_packet pkt, first = {};
	struct ozp_tuple from, to;
	struct ozp_rewrite rw;
	struct sk_buff *skb;
	u8 *data, *fragment, *put;

	data = kunit_kzalloc(test, 3 * OZP_TEST_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	fragment = data + OZP_TEST_PACKET_MAX;
	put = fragment + OZP_TEST_PACKET_MAX;
	shape_tuple(shape, 0, &from);
	shape_tuple(shape, 0x10203, &to);
	ozp_rewrite_init(&rw, &from, &to.src, &to.dst);
	whole = ozp_shape_build(shape, &from, data);
	start = shape->family == AF_INET6 ? 40 : ozp_shape_l4_offset(shape);
	memcpy(put, data, start);
	for (at = 0; start + at < whole; at += size) {
		size = min(208U, whole - start - at);
		len = ozp_test_fragment(data, whole, at, size, 4711, fragment);
		skb = ozp_test_skb(fragment, len, len);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb->ip_summed = CHECKSUM_COMPLETE;
		skb->csum = csum_partial(skb->data, len, 0);
		memset(&pkt, 0, sizeof(pkt));
		KUNIT_ASSERT_EQ(test, ozp_packet_parse(skb, &pkt),
				OZP_CONTINUE);
		if (at) {
			pkt.tuple = first.tuple;
			/* With no header behind it, so that none is read. */
			KUNIT_EXPECT_EQ(test, pkt.fragment.offset, at);
		} else {
			first = pkt;
		}
		KUNIT_ASSERT_EQ(test, ozp_rewrite_apply(skb, &pkt, &rw),
				OZP_CONTINUE);
		collect(test, shape, skb, &pkt, put);
		kfree_skb(skb);
	}
	if (shape->family == AF_INET) {
		KUNIT_EXPECT_MEMEQ(test, put + 12, &to.src.ip4, 4);
		KUNIT_EXPECT_MEMEQ(test, put + 16, &to.dst.ip4, 4);
	} else {
		KUNIT_EXPECT_MEMEQ(test, put + 8, &to.src.ip6, 16);
		KUNIT_EXPECT_MEMEQ(test, put + 24, &to.dst.ip6, 16);
	}
	KUNIT_EXPECT_TRUE(test, ozp_test_l4_is_right(put,
						     ozp_shape_l4_offset(shape),
						     whole, shape->protocol));
}

static struct kunit_case fragment_cases[] = {
	KUNIT_CASE(in_order_nothing_waits),
	KUNIT_CASE(reversed_all_wait),
	KUNIT_CASE_PARAM(overlaps_spoil_the_datagram, overlaps_gen_params),
	KUNIT_CASE(repetitions_pass),
	KUNIT_CASE(limits_hold),
	KUNIT_CASE(too_many_parts_are_refused),
	KUNIT_CASE(one_datagram_has_not_all_memory),
	KUNIT_CASE(what_waits_times_out),
	KUNIT_CASE(random_orders_are_as_in_the_model),
	KUNIT_CASE_PARAM(changed_fragments_fit_together, shapes_gen_params),
	{}
};

static struct kunit_suite fragment_suite = {
	.name = "ozproxy_fragment",
	.test_cases = fragment_cases,
};

kunit_test_suite(fragment_suite);
