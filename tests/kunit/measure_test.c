// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* What policies learn from flows: round trips and live flows. */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/slab.h>

#include "flow_measure.h"
#include "flow_parts.h"
#include "seed.h"

/* A flow and what it leads to, without a table: nothing is looked up. */
struct stage {
	struct ozp_flow flow;
	struct ozp_conversion conv;
	struct ozp_endpoint source;
	struct ozp_endpoint target;
	struct ozp_instance client;
	struct ozp_instance instance;
	struct ozp_node node;
};

static struct stage *stage_new(struct kunit *test)
{
	struct stage *stage = kunit_kzalloc(test, sizeof(*stage), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, stage);
	stage->conv.source = &stage->source;
	stage->conv.target = &stage->target;
	stage->source.instance = &stage->client;
	stage->target.instance = &stage->instance;
	stage->target.node = &stage->node;
	return stage;
}

static void syn(struct stage *stage)
{
	const struct ozp_packet pkt = {
		.direction = OZPROXY_DIRECTION_OUT,
		.tcp_syn = true,
	};

	ozp_flow_measure(&stage->flow, &stage->conv, &pkt);
}

static void synack(struct stage *stage)
{
	const struct ozp_packet pkt = {
		.direction = OZPROXY_DIRECTION_IN,
		.tcp_synack = true,
	};

	ozp_flow_measure(&stage->flow, &stage->conv, &pkt);
}

static void handshakes_are_measured(struct kunit *test)
{
	struct stage *stage = stage_new(test);
	u32 rtt;

	syn(stage);
	KUNIT_EXPECT_NE(test, stage->node.tried, 0);
	KUNIT_EXPECT_EQ(test, ozp_node_rtt(&stage->node), 0);
	usleep_range(3000, 4000);
	synack(stage);
	rtt = ozp_node_rtt(&stage->node);
	KUNIT_EXPECT_GE(test, rtt, 3000);
	/* A repeated answer says nothing. */
	usleep_range(3000, 4000);
	synack(stage);
	KUNIT_EXPECT_EQ(test, ozp_node_rtt(&stage->node), rtt);
}

/* Karn's rule */
static void repeated_ones_are_not(struct kunit *test)
{
	struct stage *stage = stage_new(test);

	syn(stage);
	syn(stage);
	synack(stage);
	KUNIT_EXPECT_EQ(test, ozp_node_rtt(&stage->node), 0);
	KUNIT_EXPECT_NE(test, stage->node.tried, 0);
}

static void answers_to_nothing_are_not(struct kunit *test)
{
	struct stage *stage = stage_new(test);

	synack(stage);
	KUNIT_EXPECT_EQ(test, ozp_node_rtt(&stage->node), 0);
	KUNIT_EXPECT_EQ(test, stage->node.tried, 0);
}

static void local_ones_are_not(struct kunit *test)
{
	struct stage *stage = stage_new(test);

	stage->conv.local = true;
	syn(stage);
	synack(stage);
	KUNIT_EXPECT_EQ(test, ozp_node_rtt(&stage->node), 0);
	KUNIT_EXPECT_EQ(test, stage->node.tried, 0);
}

/* The other end of a connection answers, too: it is not the one who measures. */
static void only_our_syn_counts(struct kunit *test)
{
	const struct ozp_packet wrong[] = {
		{ .direction = OZPROXY_DIRECTION_IN, .tcp_syn = true },
		{ .direction = OZPROXY_DIRECTION_OUT, .tcp_synack = true },
	};
	struct stage *stage = stage_new(test);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		ozp_flow_measure(&stage->flow, &stage->conv, &wrong[i]);
	KUNIT_EXPECT_EQ(test, stage->flow.bits, 0);
	KUNIT_EXPECT_EQ(test, ozp_node_rtt(&stage->node), 0);
}

/* RFC 6298 with all digits: the scaled integer is at most 1 us behind it, for
 * what it cuts off each time is given back with the next sample.
 */
static void samples_are_smoothed(struct kunit *test)
{
	struct stage *stage = stage_new(test);
	u64 exact = 0, shown;
	struct rnd_state rnd;
	u32 i, sample;

	ozp_seed(test, &rnd);
	for (i = 0; i < 1000; i++) {
		sample = 1 + prandom_u32_state(&rnd) % 100000;
		ozp_node_measure(&stage->node, sample);
		/* 2^20 parts of a microsecond */
		exact = i ? exact - exact / 8 + ((u64)sample << 20) / 8 :
			    (u64)sample << 20;
		shown = ozp_node_rtt(&stage->node);
		KUNIT_EXPECT_LE(test, shown, (exact >> 20) + 1);
		KUNIT_EXPECT_GE(test, shown + 1, exact >> 20);
	}
}

static void samples_are_bounded(struct kunit *test)
{
	struct stage *stage = stage_new(test);
	u32 i;

	for (i = 0; i < 1000; i++)
		ozp_node_measure(&stage->node, U32_MAX);
	KUNIT_EXPECT_EQ(test, ozp_node_rtt(&stage->node), OZP_RTT_MAX);
	for (i = 0; i < 1000; i++)
		ozp_node_measure(&stage->node, 0);
	/* Close to nothing is not "never measured". */
	KUNIT_EXPECT_NE(test, ozp_node_rtt(&stage->node), 0);
	KUNIT_EXPECT_LE(test, ozp_node_rtt(&stage->node), 1);
}

static void flows_are_counted_once(struct kunit *test)
{
	struct stage *stage = stage_new(test);

	ozp_flow_enter(&stage->flow, &stage->conv);
	KUNIT_EXPECT_EQ(test, atomic_read(&stage->instance.flows), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&stage->client.begun), 1);
	ozp_flow_leave(&stage->flow, &stage->conv);
	ozp_flow_leave(&stage->flow, &stage->conv);
	KUNIT_EXPECT_EQ(test, atomic_read(&stage->instance.flows), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&stage->client.begun), 0);
}

static struct kunit_case measure_cases[] = {
	KUNIT_CASE(handshakes_are_measured),
	KUNIT_CASE(repeated_ones_are_not),
	KUNIT_CASE(answers_to_nothing_are_not),
	KUNIT_CASE(local_ones_are_not),
	KUNIT_CASE(only_our_syn_counts),
	KUNIT_CASE(samples_are_smoothed),
	KUNIT_CASE(samples_are_bounded),
	KUNIT_CASE(flows_are_counted_once),
	{}
};

static struct kunit_suite measure_suite = {
	.name = "ozproxy_measure",
	.test_cases = measure_cases,
};

kunit_test_suite(measure_suite);
