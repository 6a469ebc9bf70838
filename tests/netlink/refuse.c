// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "refuse.h"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "tap.h"
#include "tree.h"

static const struct service seeds[] = {
	{ "seed.one", "10.30.2.1", 2, "10.19.2.3", "10.30.2.101" },
	{ "seed.two", "10.30.2.2", 1, "10.19.2.9", "10.30.2.111" },
};

void refusals_begin(struct refusals *refusals)
{
	struct outcome out;
	unsigned int i;

	refusals->ifindex = device_need("oz0");
	client_open(&refusals->client, NETLINK_GENERIC);
	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		service_set(&refusals->client, refusals->ifindex, &seeds[i],
			    &out);
		if (out.err)
			bail("cannot set %s: %s %s", seeds[i].name,
			     strerror(out.err), out.text);
	}
	snapshot_take(&refusals->client, refusals->ifindex,
		      &refusals->before);
	if (!refusals->before.len)
		bail("an empty dump of a table with two services");
}

void refusals_end(struct refusals *refusals)
{
	snapshot_free(&refusals->before);
	client_close(&refusals->client);
	device_del(refusals->ifindex);
}

static void sound_set(struct attr *list)
{
	static const uint16_t types[] = {
		OZPROXY_A_INSTANCE_NUMBER, OZPROXY_A_INSTANCE_NAMESPACE_IPV4,
		OZPROXY_A_INSTANCE_INSTANCE_IPV4, OZPROXY_A_INSTANCE_NODE_IPV4,
		OZPROXY_A_INSTANCE_NODE_PORT, OZPROXY_A_INSTANCE_WEIGHT,
	};
	struct attr *nest;
	unsigned int i;

	attr_add_string(list, OZPROXY_A_SERVICE_NAME, "a.b.c.d");
	nest = attr_add_nest(list, OZPROXY_A_SERVICE_ADDRESS);
	mirror_add(nest, &set_address, OZPROXY_A_ADDRESS_IPV4, NULL);
	mirror_add(nest, &set_address, OZPROXY_A_ADDRESS_POLICY, NULL);
	nest = attr_add_nest(list, OZPROXY_A_SERVICE_INSTANCE);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		mirror_add(nest, &set_instance, types[i], NULL);
}

static void sound_flow(struct attr *list)
{
	static const uint16_t types[] = {
		OZPROXY_A_FLOW_PROTOCOL, OZPROXY_A_FLOW_SOURCE_IPV4,
		OZPROXY_A_FLOW_SOURCE_PORT, OZPROXY_A_FLOW_DESTINATION_IPV4,
		OZPROXY_A_FLOW_DESTINATION_PORT,
	};
	unsigned int i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		mirror_add(list, &set_flow, types[i], NULL);
}

struct attr *sound_request(const struct refusals *refusals, uint8_t cmd)
{
	struct attr *list;

	tree_reset();
	list = tree_new();
	/* Every set has its ifindex at 1; main.c checks that. */
	attr_add_u32(list, OZPROXY_A_SERVICE_IFINDEX, refusals->ifindex);
	switch (cmd) {
	case OZPROXY_CMD_SERVICE_SET:
		sound_set(list);
		break;
	case OZPROXY_CMD_SERVICE_CLEAR:
		attr_add_string(list, OZPROXY_A_SERVICE_NAME, "seed.one");
		attr_add_u32(list, OZPROXY_A_SERVICE_GENERATION,
			     refusals->before.generation);
		break;
	case OZPROXY_CMD_SERVICE_GET:
	case OZPROXY_CMD_SERVICE_DEL:
		attr_add_string(list, OZPROXY_A_SERVICE_NAME, "seed.one");
		break;
	case OZPROXY_CMD_FLOW_GET:
		sound_flow(list);
		break;
	case OZPROXY_CMD_MISS_RESOLVE:
		mirror_add(list, &set_miss, OZPROXY_A_MISS_LIFETIME, NULL);
		mirror_add(list, &set_miss, OZPROXY_A_MISS_IPV4, NULL);
		break;
	case OZPROXY_CMD_MISS_GET:
		mirror_add(list, &set_miss, OZPROXY_A_MISS_IPV4, NULL);
		break;
	}
	return list;
}

/* Is there a marked attribute at this offset? */
static bool blamed(struct attr *list, uint32_t offset)
{
	struct attr *attr;

	for (attr = list->child; attr; attr = attr->next)
		if ((attr->mark && attr->offset == offset) ||
		    blamed(attr, offset))
			return true;
	return false;
}

/* For a member of a nest, pointing at the nest is as good. */
static const char *missing_fault(const struct outcome *out,
				 const struct wish *wish)
{
	if (out->has_miss) {
		if (out->miss_type != wish->missing)
			return "another attribute is named as missing";
		if (wish->nest && out->has_nest &&
		    out->miss_nest != wish->nest->offset)
			return "missing from another nest";
		return NULL;
	}
	if (wish->nest && out->has_offset &&
	    out->offset == wish->nest->offset)
		return NULL;
	return "does not say what is missing";
}

const char *refusal_fault(const struct outcome *out, struct attr *list,
			  const struct wish *wish)
{
	if (!out->err)
		return "accepted";
	if (wish->err && out->err != wish->err)
		return "another errno";
	if (!out->text[0])
		return "no text";
	/* Before 6.13 the end of a dump carries a text and nothing else. */
	if (out->at_end && !out->has_offset && !out->has_miss)
		return NULL;
	if (wish->missing)
		return missing_fault(out, wish);
	if (!out->has_offset && wish->text_only)
		return NULL;
	if (!out->has_offset)
		return "points at no attribute";
	if (!blamed(list, out->offset))
		return "points at another attribute";
	return NULL;
}

void expect_refused(struct refusals *refusals, uint8_t cmd, uint16_t flags,
		    struct attr *list, const struct wish *wish,
		    const char *name, ...)
{
	struct snapshot after;
	struct outcome out;
	const char *fault;
	char line[200];
	va_list args;

	va_start(args, name);
	vsnprintf(line, sizeof(line), name, args);
	va_end(args);

	client_call(&refusals->client, cmd, flags, list, &out, NULL, NULL);
	fault = refusal_fault(&out, list, wish);
	snapshot_take(&refusals->client, refusals->ifindex, &after);
	if (!fault && !snapshot_equal(&refusals->before, &after))
		fault = "the table changed";
	if (!ok(!fault, "%s", line))
		diag("%s: errno %d (%s), text \"%s\", offset %d, missing %d in %d",
		     fault, out.err, strerror(out.err), out.text,
		     out.has_offset ? (int)out.offset : -1,
		     out.has_miss ? (int)out.miss_type : -1,
		     out.has_nest ? (int)out.miss_nest : -1);
	if (!snapshot_equal(&refusals->before, &after)) {
		/* What follows compares with what is there now. */
		snapshot_free(&refusals->before);
		refusals->before = after;
		return;
	}
	snapshot_free(&after);
}

void mark_all(struct attr *attr)
{
	struct attr *child;

	attr->mark = true;
	for (child = attr->child; child; child = child->next)
		mark_all(child);
}
