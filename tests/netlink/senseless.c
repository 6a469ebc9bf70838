// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* Requests whose attributes are all well-formed and make no sense together. */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <string.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "refuse.h"
#include "sections.h"
#include "tap.h"
#include "tree.h"

/* Shorter names for the table below. */
#define SET OZPROXY_CMD_SERVICE_SET
#define GET OZPROXY_CMD_SERVICE_GET
#define DEL OZPROXY_CMD_SERVICE_DEL
#define CLEAR OZPROXY_CMD_SERVICE_CLEAR
#define FLOW OZPROXY_CMD_FLOW_GET
#define MISS OZPROXY_CMD_MISS_GET
#define RESOLVE OZPROXY_CMD_MISS_RESOLVE
#define NAME OZPROXY_A_SERVICE_NAME
#define ADDRESS OZPROXY_A_SERVICE_ADDRESS
#define INSTANCE OZPROXY_A_SERVICE_INSTANCE
#define A(x) OZPROXY_A_ADDRESS_##x
#define I(x) OZPROXY_A_INSTANCE_##x
#define S(x) OZPROXY_A_SERVICE_##x
#define F(x) OZPROXY_A_FLOW_##x
#define M(x) OZPROXY_A_MISS_##x

/*
 * In a sound request, or in its first nest of this type, attributes are
 * taken away and one is added; that one is to blame, or with @loose anything
 * in the nest, or with a missing type that one.
 */
struct row {
	const char *name;
	uint8_t cmd;
	uint16_t nest;
	uint16_t drop;
	uint16_t add;
	const char *value;
	int err;
	bool loose;
};

static const struct row rows[] = {
	{ "name with a blank", SET, 0, NAME, NAME, "a b" },
	{ "name with a slash", SET, 0, NAME, NAME, "a/b" },
	{ "name with a line feed", SET, 0, NAME, NAME, "a\nb" },
	{ "name with a colon", SET, 0, NAME, NAME, "a:b" },
	{ "name with a percent sign", SET, 0, NAME, NAME, "%s" },
	{ "name with a byte above 127", SET, 0, NAME, NAME, "a\xe4" },

	{ "address of both families", SET, ADDRESS, 0, A(IPV6), NULL, 0, 1 },
	{ "address of no family", SET, ADDRESS, A(IPV4), 0, NULL, 0, 1 },
	{ "address just below the service network",
	  SET, ADDRESS, A(IPV4), A(IPV4), "10.29.255.255" },
	{ "address just above the service network",
	  SET, ADDRESS, A(IPV4), A(IPV4), "10.31.0.0" },
	{ "address 0.0.0.0", SET, ADDRESS, A(IPV4), A(IPV4), "0.0.0.0" },
	{ "address just below the IPv6 service network",
	  SET, ADDRESS, A(IPV4), A(IPV6), "fdfe:ffff::1" },
	{ "address just above the IPv6 service network",
	  SET, ADDRESS, A(IPV4), A(IPV6), "fe00::" },
	{ "address ::", SET, ADDRESS, A(IPV4), A(IPV6), "::" },

	{ "instance without a Namespace IP",
	  SET, INSTANCE, I(NAMESPACE_IPV4), 0, NULL, 0, 1 },
	{ "instance on two nodes", SET, INSTANCE, 0, I(NODE_IPV6), NULL, 0, 1 },
	{ "instance on no node", SET, INSTANCE, I(NODE_IPV4), 0, NULL, 0, 1 },
	{ "Namespace IP in the service network", SET, INSTANCE,
	  I(NAMESPACE_IPV4), I(NAMESPACE_IPV4), "10.30.5.5" },
	{ "Namespace IP in the IPv6 service network", SET, INSTANCE,
	  0, I(NAMESPACE_IPV6), "fdff::5" },
	{ "Namespace IP 0.0.0.0", SET, INSTANCE,
	  I(NAMESPACE_IPV4), I(NAMESPACE_IPV4), "0.0.0.0" },
	{ "Namespace IP 127.0.0.1", SET, INSTANCE,
	  I(NAMESPACE_IPV4), I(NAMESPACE_IPV4), "127.0.0.1" },
	{ "Namespace IP 224.0.0.1", SET, INSTANCE,
	  I(NAMESPACE_IPV4), I(NAMESPACE_IPV4), "224.0.0.1" },
	{ "Namespace IP 255.255.255.255", SET, INSTANCE,
	  I(NAMESPACE_IPV4), I(NAMESPACE_IPV4), "255.255.255.255" },
	{ "Namespace IP ::", SET, INSTANCE, 0, I(NAMESPACE_IPV6), "::" },
	{ "Namespace IP ::1", SET, INSTANCE, 0, I(NAMESPACE_IPV6), "::1" },
	{ "Namespace IP ff02::1", SET, INSTANCE,
	  0, I(NAMESPACE_IPV6), "ff02::1" },
	{ "Namespace IP ::ffff:10.19.1.3", SET, INSTANCE,
	  0, I(NAMESPACE_IPV6), "::ffff:10.19.1.3" },
	{ "Instance IP outside the service network", SET, INSTANCE,
	  I(INSTANCE_IPV4), I(INSTANCE_IPV4), "10.19.1.3" },
	{ "Instance IP outside the IPv6 service network", SET, INSTANCE,
	  0, I(INSTANCE_IPV6), "fc00::103" },
	{ "Instance IP that is a Service IP of the same job", SET, INSTANCE,
	  I(INSTANCE_IPV4), I(INSTANCE_IPV4), "10.30.1.1", 0, 1 },
	{ "node 0.0.0.0", SET, INSTANCE, I(NODE_IPV4), I(NODE_IPV4),
	  "0.0.0.0" },
	{ "node 224.0.0.1", SET, INSTANCE, I(NODE_IPV4), I(NODE_IPV4),
	  "224.0.0.1" },
	{ "node 255.255.255.255", SET, INSTANCE, I(NODE_IPV4), I(NODE_IPV4),
	  "255.255.255.255" },
	{ "node ::", SET, INSTANCE, I(NODE_IPV4), I(NODE_IPV6), "::" },
	{ "node ff02::1", SET, INSTANCE, I(NODE_IPV4), I(NODE_IPV6),
	  "ff02::1" },
	{ "node fe80::1", SET, INSTANCE, I(NODE_IPV4), I(NODE_IPV6),
	  "fe80::1" },

	{ "get of a job that is not there",
	  GET, 0, NAME, NAME, "no.such", ENOENT },
	{ "get of an address that is not there",
	  GET, 0, NAME, S(FIND_IPV4), "10.30.9.9", ENOENT },
	{ "get of an IPv6 address that is not there",
	  GET, 0, NAME, S(FIND_IPV6), "fdff:2000::99", ENOENT },
	{ "get without a name or an address", GET, 0, NAME, 0, NULL, 0, 1 },
	{ "removal of a job that is not there",
	  DEL, 0, NAME, NAME, "no.such", ENOENT },
	{ "clearing of a job that is not there",
	  CLEAR, 0, NAME, NAME, "no.such", ENOENT },
	{ "clearing without a condition",
	  CLEAR, 0, S(GENERATION), 0, NULL, 0, 1 },
	{ "clearing under another generation",
	  CLEAR, 0, S(GENERATION), S(GENERATION), "4294967295", EBUSY },

	{ "flow from two addresses", FLOW, 0, 0, F(SOURCE_IPV6), NULL, 0, 1 },
	{ "flow to two addresses",
	  FLOW, 0, 0, F(DESTINATION_IPV6), NULL, 0, 1 },
	{ "flow from nowhere", FLOW, 0, F(SOURCE_IPV4), 0, NULL, 0, 1 },
	{ "flow to nowhere", FLOW, 0, F(DESTINATION_IPV4), 0, NULL, 0, 1 },
	{ "flow from IPv6 to IPv4",
	  FLOW, 0, F(SOURCE_IPV4), F(SOURCE_IPV6), NULL, 0, 1 },
	{ "flow that is not there",
	  FLOW, 0, F(SOURCE_PORT), F(SOURCE_PORT), "9", ENOENT, 1 },
	{ "miss of two addresses", MISS, 0, 0, M(IPV6), NULL, 0, 1 },
	{ "miss of no address", MISS, 0, M(IPV4), 0, NULL, 0, 1 },
	{ "miss that is not there", MISS, 0, M(IPV4), M(IPV4), "10.30.9.9",
	  ENOENT, 1 },
	{ "IPv6 miss that is not there", MISS, 0, M(IPV4), M(IPV6),
	  "fdff:2000::99", ENOENT, 1 },
	{ "two addresses that nobody has",
	  RESOLVE, 0, 0, M(IPV6), NULL, 0, 1 },
	{ "no address that nobody has", RESOLVE, 0, M(IPV4), 0, NULL, 0, 1 },
	{ "nobody for no time", RESOLVE, 0, M(LIFETIME), 0, NULL, 0, 1 },
	{ "nobody outside the service network",
	  RESOLVE, 0, M(IPV4), M(IPV4), "10.19.9.9" },
	{ "nobody outside the IPv6 service network",
	  RESOLVE, 0, M(IPV4), M(IPV6), "fc00::99" },
	{ "nobody at an address of the table",
	  RESOLVE, 0, M(IPV4), M(IPV4), "10.30.2.1", EEXIST },
	{ "nobody at an instance of the table",
	  RESOLVE, 0, M(IPV4), M(IPV4), "10.30.2.101", EEXIST },
};

static void remove_type(struct attr *list, uint16_t type)
{
	struct attr *attr = attr_find(list, type);

	if (attr)
		attr_remove(list, attr);
}

/*
 * Something is missing, or too much: any attribute of the list may be
 * blamed, or any be named as missing.
 */
static void try_loose(struct refusals *refusals, const struct row *row,
		      struct attr *top, struct attr *list)
{
	struct wish wish = { .err = row->err };
	struct snapshot after;
	struct outcome out;
	const char *fault;

	mark_all(list);
	client_call(&refusals->client, row->cmd, 0, top, &out, NULL, NULL);
	if (out.has_miss) {
		wish.missing = out.miss_type;
		wish.nest = list == top ? NULL : list;
	}
	fault = refusal_fault(&out, top, &wish);
	/* A missing entry of a table has no attribute of its own. */
	if (row->err == ENOENT && out.err == ENOENT && out.text[0])
		fault = NULL;
	snapshot_take(&refusals->client, refusals->ifindex, &after);
	if (!fault && !snapshot_equal(&refusals->before, &after))
		fault = "the table changed";
	if (!ok(!fault, "%s", row->name))
		diag("%s: errno %d (%s), text \"%s\"", fault, out.err,
		     strerror(out.err), out.text);
	snapshot_free(&refusals->before);
	refusals->before = after;
}

static void try_row(struct refusals *refusals, const struct row *row)
{
	const struct set_mirror *set = op_find(row->cmd)->set;
	struct wish wish = { .err = row->err };
	struct attr *top, *list;

	top = sound_request(refusals, row->cmd);
	list = top;
	if (row->nest) {
		list = attr_find(top, row->nest);
		set = set->attr[row->nest].set;
	}
	if (row->drop)
		remove_type(list, row->drop);
	if (row->add)
		mirror_add(list, set, row->add, row->value)->mark = true;
	if (row->loose)
		try_loose(refusals, row, top, list);
	else
		expect_refused(refusals, row->cmd, 0, top, &wish, "%s",
			       row->name);
}

void section_senseless(void)
{
	struct refusals refusals;
	unsigned int i;

	refusals_begin(&refusals);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_row(&refusals, &rows[i]);
	refusals_end(&refusals);
}
