// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Who may send, for everything that can be known of a sender: against the rules
 * as the manual has them.
 */

#include <kunit/test.h>

#include "admission.h"
#include "fixture.h"

/* Outer addresses: of the node, of others, of the other family. */
static const struct {
	u8 family;
	u32 number;
} places[] = {
	{ AF_INET, 1 }, { AF_INET, 2 }, { AF_INET6, 1 }, { AF_INET6, 2 },
};

static void place(u32 i, u8 *family, union ozp_addr *addr)
{
	*family = places[i].family;
	ozp_test_addr(addr, places[i].family, places[i].number);
}

/* What the manual says, rule by rule. */
static enum ozp_admission_answer by_the_book(enum ozproxy_admission mode,
					     enum ozp_match_kind kind,
					     bool local, bool same_place)
{
	bool in_table = kind == OZP_MATCH_INSTANCE && !local;

	if (mode == OZPROXY_ADMISSION_OVERLAY)
		return OZP_ADMISSION_YES;
	if (kind == OZP_MATCH_NONE)
		return OZP_ADMISSION_ASK;
	if (!in_table)
		return OZP_ADMISSION_NO;
	if (mode == OZPROXY_ADMISSION_TABLE && !same_place)
		return OZP_ADMISSION_NO;
	return OZP_ADMISSION_YES;
}

/* The next digit of a number, which counts through all combinations. */
static u32 digit(u32 *number, u32 base)
{
	u32 value = *number % base;

	*number /= base;
	return value;
}

#define MODES	(OZPROXY_ADMISSION_TABLE + 1)
#define KINDS	(OZP_MATCH_NAMESPACE + 1)
#define PLACES	ARRAY_SIZE(places)

static void every_sender_is_judged(struct kunit *test)
{
	struct ozp_node *node = kunit_kzalloc(test, sizeof(*node), GFP_KERNEL);
	u32 n, rest, mode, at, from;
	struct ozp_outer outer = {};
	struct ozp_sender sender;

	KUNIT_ASSERT_NOT_NULL(test, node);
	for (n = 0; n < MODES * KINDS * 2 * PLACES * PLACES; n++) {
		rest = n;
		mode = digit(&rest, MODES);
		at = digit(&rest, PLACES);
		from = digit(&rest, PLACES);
		sender.kind = digit(&rest, KINDS);
		sender.local = rest;
		sender.node = sender.kind == OZP_MATCH_INSTANCE ? node : NULL;
		place(at, &node->family, &node->addr);
		node->port = htons(50103 + at);
		place(from, &outer.family, &outer.addr);
		KUNIT_EXPECT_EQ(test, ozp_admission_judge(mode, &sender, &outer),
				by_the_book(mode, sender.kind, sender.local,
					    at == from));
	}
}

/* Each admission lets in less than the one before it. */
static void admissions_are_a_ladder(struct kunit *test)
{
	struct ozp_node *node = kunit_kzalloc(test, sizeof(*node), GFP_KERNEL);
	struct ozp_sender sender = { .node = node };
	enum ozp_admission_answer answer, before;
	struct ozp_outer outer = {};
	u32 n, rest, mode;

	KUNIT_ASSERT_NOT_NULL(test, node);
	place(0, &node->family, &node->addr);
	for (n = 0; n < KINDS * PLACES; n++) {
		rest = n;
		sender.kind = digit(&rest, KINDS);
		place(rest, &outer.family, &outer.addr);
		before = OZP_ADMISSION_YES;
		for (mode = 0; mode <= OZPROXY_ADMISSION_TABLE; mode++) {
			answer = ozp_admission_judge(mode, &sender, &outer);
			if (before != OZP_ADMISSION_YES)
				KUNIT_EXPECT_NE(test, answer, OZP_ADMISSION_YES);
			before = answer;
		}
	}
}

/* No refusal of an arrival has the name of another one's reason. */
static void refusals_have_names(struct kunit *test)
{
	u32 i;

	for (i = 0; i < OZP_MISS_REFUSAL_COUNT; i++)
		KUNIT_EXPECT_GE(test, ozp_admission_reasons[i],
				OZPROXY_DROP_REASON_ARRIVAL_UNKNOWN);
}

static struct kunit_case admission_cases[] = {
	KUNIT_CASE(every_sender_is_judged),
	KUNIT_CASE(admissions_are_a_ladder),
	KUNIT_CASE(refusals_have_names),
	{}
};

static struct kunit_suite admission_suite = {
	.name = "ozproxy_admission",
	.test_cases = admission_cases,
};

kunit_test_suite(admission_suite);
