// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "fixture.h"

#include <kunit/test.h>
#include <linux/slab.h>

/* Frees itself only by ozp_fixture_free(): a test that was aborted leaks it, as
 * somebody may still use it.
 */
struct ozp_fixture *ozp_fixture_new(struct kunit *test)
{
	struct ozp_fixture *fixture = kzalloc(sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	ozp_nodes_init(&fixture->nodes);
	KUNIT_ASSERT_EQ(test, ozp_table_init(&fixture->table, &fixture->nodes),
			0);
	return fixture;
}

/* Nothing may be left that refers to a service or a node. */
void ozp_fixture_free(struct kunit *test, struct ozp_fixture *fixture)
{
	ozp_table_uninit(&fixture->table);
	KUNIT_EXPECT_EQ(test, fixture->table.service_count, 0);
	KUNIT_EXPECT_EQ(test, fixture->table.instance_count, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&fixture->table.services.list));
	KUNIT_EXPECT_EQ(test, fixture->nodes.count, 0);
	ozp_nodes_uninit(&fixture->nodes);
	rcu_barrier();
	kfree(fixture);
}

int ozp_fixture_set(struct ozp_fixture *fixture,
		    const struct ozp_service_config *config,
		    struct ozp_table_fault *fault)
{
	struct ozp_table_fault ignored;
	int err;

	mutex_lock(&fixture->table.lock);
	err = ozp_table_set(&fixture->table, config, fault ?: &ignored);
	while (ozp_table_pop_loser(&fixture->table))
		;
	mutex_unlock(&fixture->table.lock);
	return err;
}

/* Whether there was such a service, be it only a remembered one. */
bool ozp_fixture_del(struct ozp_fixture *fixture, const char *name,
		     enum ozp_instance_state state)
{
	struct ozp_service *svc;

	mutex_lock(&fixture->table.lock);
	svc = ozp_service_get_by_name(&fixture->table.services, name);
	if (svc) {
		ozp_table_del(&fixture->table, svc, state);
		ozp_service_put(svc);
	}
	mutex_unlock(&fixture->table.lock);
	return svc;
}

/* 10.30.0.0 or fdff:: and @number. */
void ozp_test_addr(union ozp_addr *addr, u8 family, u32 number)
{
	memset(addr, 0, sizeof(*addr));
	if (family == AF_INET)
		addr->ip4 = htonl(0x0a1e0000 + number);
	else
		ipv6_addr_set(&addr->ip6, htonl(0xfdff0000), 0, 0,
			      htonl(number));
}

/* Without addresses of its own, on 131.1.0.@node. */
void ozp_test_instance(struct ozp_endpoint_config *config, u32 number, u32 node)
{
	memset(config, 0, sizeof(*config));
	config->number = number;
	config->weight = 1;
	config->node_family = AF_INET;
	config->node_addr.ip4 = htonl(0x83010000 + node);
	config->node_port = htons(50103);
}
