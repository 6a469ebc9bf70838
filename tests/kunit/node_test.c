// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Nodes are shared by address and port, by whoever comes at the same time. */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>

#include "fixture.h"
#include "seed.h"

#define THREADS 4
#define TURNS 2000

static void nodes_are_shared(struct kunit *test)
{
	struct ozp_node *a, *b, *port, *other, *ip6;
	union ozp_addr addr, next, addr6;
	struct ozp_nodes *nodes;

	nodes = kunit_kzalloc(test, sizeof(*nodes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nodes);
	ozp_nodes_init(nodes);
	ozp_test_addr(&addr, AF_INET, 1);
	ozp_test_addr(&next, AF_INET, 2);
	/* The same bytes, another family. */
	addr6 = addr;

	a = ozp_node_get(nodes, AF_INET, &addr, htons(50103));
	b = ozp_node_get(nodes, AF_INET, &addr, htons(50103));
	port = ozp_node_get(nodes, AF_INET, &addr, htons(55301));
	other = ozp_node_get(nodes, AF_INET, &next, htons(50103));
	ip6 = ozp_node_get(nodes, AF_INET6, &addr6, htons(50103));
	KUNIT_ASSERT_TRUE(test, a && b && port && other && ip6);
	KUNIT_EXPECT_PTR_EQ(test, a, b);
	KUNIT_EXPECT_PTR_NE(test, a, port);
	KUNIT_EXPECT_PTR_NE(test, a, other);
	KUNIT_EXPECT_PTR_NE(test, a, ip6);
	KUNIT_EXPECT_EQ(test, nodes->count, 4);

	KUNIT_EXPECT_TRUE(test, ozp_node_is_at(a, AF_INET, &addr,
					       htons(50103)));
	KUNIT_EXPECT_FALSE(test, ozp_node_is_at(a, AF_INET, &addr,
						htons(55301)));
	KUNIT_EXPECT_FALSE(test, ozp_node_is_at(a, AF_INET, &next,
						htons(50103)));
	KUNIT_EXPECT_FALSE(test, ozp_node_is_at(a, AF_INET6, &addr6,
						htons(50103)));

	ozp_nodes_reset_routes(nodes);
	ozp_node_put(a);
	KUNIT_EXPECT_EQ(test, nodes->count, 4);
	ozp_node_put(b);
	KUNIT_EXPECT_EQ(test, nodes->count, 3);
	ozp_node_put(port);
	ozp_node_put(other);
	ozp_node_put(ip6);
	KUNIT_EXPECT_EQ(test, nodes->count, 0);
	ozp_nodes_uninit(nodes);
	rcu_barrier();
}

/* Random gets and puts against an array of counts. */
static void counts_are_kept(struct kunit *test)
{
	static struct ozp_node *held[64];
	static u32 keys[64];
	u32 turn, slot, key, i, distinct;
	struct ozp_nodes *nodes;
	union ozp_addr addr;
	struct rnd_state rnd;

	ozp_seed(test, &rnd);
	memset(held, 0, sizeof(held));
	nodes = kunit_kzalloc(test, sizeof(*nodes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nodes);
	ozp_nodes_init(nodes);
	for (turn = 0; turn < 3000; turn++) {
		slot = prandom_u32_state(&rnd) % ARRAY_SIZE(held);
		if (held[slot]) {
			ozp_node_put(held[slot]);
			held[slot] = NULL;
		} else {
			key = prandom_u32_state(&rnd) % 20;
			ozp_test_addr(&addr, key % 2 ? AF_INET : AF_INET6, key / 2);
			held[slot] = ozp_node_get(nodes,
						  key % 2 ? AF_INET : AF_INET6,
						  &addr, htons(50103));
			KUNIT_ASSERT_NOT_NULL(test, held[slot]);
			keys[slot] = key;
		}
		for (key = 0, distinct = 0; key < 20; key++) {
			struct ozp_node *first = NULL;

			for (i = 0; i < ARRAY_SIZE(held); i++) {
				if (!held[i] || keys[i] != key)
					continue;
				if (first && held[i] != first)
					KUNIT_FAIL(test, "turn %u: two nodes",
						   turn);
				first = held[i];
			}
			distinct += !!first;
		}
		KUNIT_ASSERT_EQ(test, nodes->count, distinct);
	}
	for (i = 0; i < ARRAY_SIZE(held); i++)
		if (held[i])
			ozp_node_put(held[i]);
	KUNIT_EXPECT_EQ(test, nodes->count, 0);
	rcu_barrier();
}

struct crowd {
	struct ozp_nodes nodes;
	struct completion go;
	struct completion done[THREADS];
	u32 failures[THREADS];
	atomic_t next;
};

static int come_and_go(void *data)
{
	struct crowd *crowd = data;
	u32 self = atomic_inc_return(&crowd->next) - 1, turn;
	struct ozp_node *node, *again;
	union ozp_addr addr;

	wait_for_completion(&crowd->go);
	for (turn = 0; turn < TURNS; turn++) {
		/* One that others share, and one that ends each time. */
		ozp_test_addr(&addr, AF_INET,
			      turn & 1 ? turn % 3 : 10 + 2 * self + turn % 8);
		node = ozp_node_get(&crowd->nodes, AF_INET, &addr,
				    htons(50103));
		if (!node) {
			crowd->failures[self]++;
			continue;
		}
		/* Nobody else can make a second one while it is held. */
		again = ozp_node_get(&crowd->nodes, AF_INET, &addr,
				     htons(50103));
		crowd->failures[self] += again != node;
		if (again)
			ozp_node_put(again);
		ozp_node_put(node);
		cond_resched();
	}
	complete(&crowd->done[self]);
	return 0;
}

static void crowds_share(struct kunit *test)
{
	struct task_struct *task;
	struct crowd *crowd;
	u32 i, started = 0;

	crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crowd);
	ozp_nodes_init(&crowd->nodes);
	init_completion(&crowd->go);
	for (i = 0; i < THREADS; i++)
		init_completion(&crowd->done[i]);
	for (i = 0; i < THREADS; i++) {
		task = kthread_run(come_and_go, crowd, "ozp-crowd/%u", i);
		started += !IS_ERR(task);
	}
	complete_all(&crowd->go);
	for (i = 0; i < started; i++)
		wait_for_completion(&crowd->done[i]);
	KUNIT_EXPECT_EQ(test, started, THREADS);
	for (i = 0; i < THREADS; i++)
		KUNIT_EXPECT_EQ(test, crowd->failures[i], 0);
	KUNIT_EXPECT_EQ(test, crowd->nodes.count, 0);
	rcu_barrier();
}

static struct kunit_case node_cases[] = {
	KUNIT_CASE(nodes_are_shared),
	KUNIT_CASE(counts_are_kept),
	KUNIT_CASE(crowds_share),
	{}
};

static struct kunit_suite node_suite = {
	.name = "ozproxy_node",
	.test_cases = node_cases,
};

kunit_test_suite(node_suite);
