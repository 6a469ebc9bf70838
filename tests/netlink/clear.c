// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* service-clear: its conditions, and flows that sleep and come back. */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "sections.h"
#include "tap.h"
#include "tree.h"
#include "world.h"

static const struct service idle = {
	"idle", "10.30.1.60", 3, "10.21.0.1", "10.30.0.6"
};

struct times {
	uint32_t generation;
	uint64_t used;
	bool has_used;
};

struct flow {
	unsigned int count;
	uint32_t state;
	uint32_t instance;
	bool has_generation;
};

static void see_times(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	struct times *times = arg;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == OZPROXY_A_SERVICE_GENERATION)
			times->generation = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == OZPROXY_A_SERVICE_USED) {
			times->used = mnl_attr_get_u64(attr);
			times->has_used = true;
		}
	}
}

static struct attr *named(int ifindex)
{
	struct attr *list;

	tree_reset();
	list = tree_new();
	attr_add_u32(list, OZPROXY_A_SERVICE_IFINDEX, ifindex);
	attr_add_string(list, OZPROXY_A_SERVICE_NAME, idle.name);
	return list;
}

static int get_times(struct client *client, int ifindex, struct times *times)
{
	struct outcome out;

	memset(times, 0, sizeof(*times));
	client_call(client, OZPROXY_CMD_SERVICE_GET, 0, named(ifindex), &out,
		    see_times, times);
	return out.err;
}

/* A condition is given when its pointer is. */
static void expect_clear(struct client *client, int ifindex,
			 const uint32_t *generation, const uint64_t *used,
			 int err, const char *name)
{
	struct attr *list = named(ifindex);
	struct times times;
	struct outcome out;
	bool there;

	if (generation)
		attr_add_u32(list, OZPROXY_A_SERVICE_GENERATION, *generation);
	if (used)
		attr_add(list, OZPROXY_A_SERVICE_USED, used, sizeof(*used));
	client_call(client, OZPROXY_CMD_SERVICE_CLEAR, 0, list, &out, NULL,
		    NULL);
	there = !get_times(client, ifindex, &times);
	if (!ok(out.err == err && (!err || out.text[0]) && there == !!err,
		"%s", name))
		diag("%s, text \"%s\", the service is %s", strerror(out.err),
		     out.text, there ? "there" : "gone");
}

static void see_flow(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	struct flow *flow = arg;

	flow->count++;
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == OZPROXY_A_FLOW_STATE)
			flow->state = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == OZPROXY_A_FLOW_INSTANCE)
			flow->instance = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == OZPROXY_A_FLOW_TABLE_GENERATION)
			flow->has_generation = true;
	}
}

static struct flow get_flow(struct client *client, int ifindex)
{
	struct flow flow = { 0 };
	struct outcome out;
	struct attr *list;

	tree_reset();
	list = tree_new();
	attr_add_u32(list, OZPROXY_A_FLOW_IFINDEX, ifindex);
	mirror_add(list, &set_flow, OZPROXY_A_FLOW_SOURCE_PORT, "4100");
	client_call(client, OZPROXY_CMD_FLOW_GET, NLM_F_DUMP, list, &out,
		    see_flow, &flow);
	if (out.err)
		diag("flow-get: %s %s", strerror(out.err), out.text);
	return flow;
}

static void try_conditions(struct client *client, int ifindex)
{
	uint64_t before, at;
	struct times times;
	uint32_t other;

	ok(!get_times(client, ifindex, &times) && times.has_used,
	   "a get tells generation and time of use");
	at = times.used;
	before = times.used - 1;
	other = times.generation + 1;
	expect_clear(client, ifindex, &other, NULL, EBUSY,
		     "another generation: EBUSY");
	expect_clear(client, ifindex, NULL, &before, EBUSY,
		     "used later than named: EBUSY");
	expect_clear(client, ifindex, &times.generation, &before, EBUSY,
		     "the generation is right, the use is not: EBUSY");
	expect_clear(client, ifindex, &other, &at, EBUSY,
		     "the use is right, the generation is not: EBUSY");
	expect_clear(client, ifindex, &times.generation, &at, 0,
		     "both are right: cleared");
}

/*
 * A flow keeps its instance over a clear. Two more ports go on with the
 * round robin in between, so the same instance is no chance.
 */
static void try_sleep(struct client *client, int ifindex)
{
	struct times times;
	struct outcome out;
	struct flow was, is;

	service_set(client, ifindex, &idle, &out);
	ok(!out.err, "the service is set again");
	container_send("10.30.1.60", 4100);
	was = get_flow(client, ifindex);
	ok(was.count == 1 && was.has_generation,
	   "its flow is there, told with the generation of the table");
	get_times(client, ifindex, &times);
	expect_clear(client, ifindex, &times.generation, NULL, 0,
		     "cleared by its generation");
	is = get_flow(client, ifindex);
	ok(is.count == 1 && is.state == OZPROXY_FLOW_STATE_ASLEEP,
	   "its flow sleeps");
	service_set(client, ifindex, &idle, &out);
	container_send("10.30.1.60", 4101);
	container_send("10.30.1.60", 4100);
	is = get_flow(client, ifindex);
	ok(is.count == 1 && is.state != OZPROXY_FLOW_STATE_ASLEEP &&
	   is.instance == was.instance,
	   "and goes on to the same instance when the service is back");
	service_del(client, ifindex, idle.name, &out);
	is = get_flow(client, ifindex);
	ok(!out.err && !is.count, "a removal ends it");
}

void section_clear(void)
{
	struct client client;
	struct outcome out;
	int ifindex;

	ifindex = device_need("oz0");
	client_open(&client, NETLINK_GENERIC);
	container_make(&client, ifindex, "oz0");
	service_set(&client, ifindex, &idle, &out);
	container_send("10.30.1.60", 4100);
	try_conditions(&client, ifindex);
	try_sleep(&client, ifindex);
	client_close(&client);
	device_del(ifindex);
}
