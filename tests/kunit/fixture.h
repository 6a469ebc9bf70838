/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* A conversion table without a device, for the unit tests. */
#ifndef _OZP_KUNIT_FIXTURE_H
#define _OZP_KUNIT_FIXTURE_H

#include "node.h"
#include "table.h"

struct kunit;

/**
 * struct ozp_fixture - a conversion table and its nodes
 * @nodes: the nodes
 * @table: the table
 */
struct ozp_fixture {
	struct ozp_nodes nodes;
	struct ozp_table table;
};

struct ozp_fixture *ozp_fixture_new(struct kunit *test);
void ozp_fixture_free(struct kunit *test, struct ozp_fixture *fixture);

int ozp_fixture_set(struct ozp_fixture *fixture,
		    const struct ozp_service_config *config,
		    struct ozp_table_fault *fault);
bool ozp_fixture_del(struct ozp_fixture *fixture, const char *name,
		     enum ozp_instance_state state);

void ozp_test_addr(union ozp_addr *addr, u8 family, u32 number);
void ozp_test_instance(struct ozp_endpoint_config *config, u32 number,
		       u32 node);

#endif /* _OZP_KUNIT_FIXTURE_H */
