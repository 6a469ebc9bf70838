// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* Large services, split over several messages, and changes in the middle. */

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "sections.h"
#include "tap.h"
#include "tree.h"
#include "world.h"

/* A service as a dump tells it, put together again. */
struct seen {
	const char *name;		/* which one */
	unsigned int messages;
	unsigned int addresses;
	unsigned int instances;
	unsigned int doubles;		/* numbers that came twice */
	unsigned int wrong;		/* instances that are not as set */
	unsigned int generations;	/* changes between messages */
	uint32_t generation;
	uint32_t table_generation;
	bool number[OZPROXY_INSTANCE_MAX];
};

static uint32_t ipv4_of(const struct nlattr *attr)
{
	uint32_t address = 0;

	memcpy(&address, mnl_attr_get_payload(attr), sizeof(address));
	return ntohl(address);
}

static void see_instance(struct seen *seen, const struct nlattr *nest)
{
	uint32_t number = UINT32_MAX, namespace_ip = 0, instance_ip = 0;
	uint32_t node = 0, weight = 0;
	const struct nlattr *attr;
	uint16_t port = 0;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case OZPROXY_A_INSTANCE_NUMBER:
			number = mnl_attr_get_u32(attr);
			break;
		case OZPROXY_A_INSTANCE_NAMESPACE_IPV4:
			namespace_ip = ipv4_of(attr);
			break;
		case OZPROXY_A_INSTANCE_INSTANCE_IPV4:
			instance_ip = ipv4_of(attr);
			break;
		case OZPROXY_A_INSTANCE_NODE_IPV4:
			node = ipv4_of(attr);
			break;
		case OZPROXY_A_INSTANCE_NODE_PORT:
			port = ntohs(mnl_attr_get_u16(attr));
			break;
		case OZPROXY_A_INSTANCE_WEIGHT:
			weight = mnl_attr_get_u16(attr);
			break;
		}
	}
	seen->instances++;
	if (number >= OZPROXY_INSTANCE_MAX) {
		seen->wrong++;
		return;
	}
	seen->doubles += seen->number[number];
	seen->number[number] = true;
	/* As service_tree() makes them: 10.20.0.1, 10.30.8.0, 192.0.2.9. */
	if (namespace_ip != 0x0a140001 + number ||
	    instance_ip != 0x0a1e0800 + number || node != 0xc0000209 ||
	    port != 50103 || weight != 1)
		seen->wrong++;
}

static void see_generation(struct seen *seen, uint32_t *had,
			   const struct nlattr *attr)
{
	uint32_t value = mnl_attr_get_u32(attr);

	if (seen->messages > 1 && *had != value)
		seen->generations++;
	*had = value;
}

static void see_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	struct seen *seen = arg;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == OZPROXY_A_SERVICE_NAME &&
		    strcmp(mnl_attr_get_str(attr), seen->name))
			return;
	seen->messages++;
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		switch (mnl_attr_get_type(attr)) {
		case OZPROXY_A_SERVICE_ADDRESS:
			seen->addresses++;
			break;
		case OZPROXY_A_SERVICE_INSTANCE:
			see_instance(seen, attr);
			break;
		case OZPROXY_A_SERVICE_GENERATION:
			see_generation(seen, &seen->generation, attr);
			break;
		case OZPROXY_A_SERVICE_TABLE_GENERATION:
			see_generation(seen, &seen->table_generation, attr);
			break;
		}
	}
}

static struct attr *by_name(int ifindex, const char *name)
{
	struct attr *list;

	tree_reset();
	list = tree_new();
	attr_add_u32(list, OZPROXY_A_SERVICE_IFINDEX, ifindex);
	if (name)
		attr_add_string(list, OZPROXY_A_SERVICE_NAME, name);
	return list;
}

static void try_count(struct client *client, int ifindex, unsigned int count)
{
	struct service big = {
		"big", "10.30.1.1", count, "10.20.0.1", "10.30.8.0"
	};
	struct seen seen = { .name = "big" };
	struct outcome out;

	service_set(client, ifindex, &big, &out);
	if (!ok(!out.err, "%u instances are taken", count)) {
		diag("%s: %s", strerror(out.err), out.text);
		return;
	}
	client_call(client, OZPROXY_CMD_SERVICE_GET, NLM_F_DUMP,
		    by_name(ifindex, NULL), &out, see_message, &seen);
	ok(!out.err && !out.interrupted, "and dumped");
	ok(seen.instances == count && !seen.doubles && !seen.wrong,
	   "each of the %u comes once, as it was set", count);
	if (seen.instances != count || seen.doubles || seen.wrong)
		diag("%u instances, %u twice, %u wrong", seen.instances,
		     seen.doubles, seen.wrong);
	ok(seen.messages > 1, "over several messages (%u)", seen.messages);
	ok(seen.addresses == 1, "the address comes once (%u)", seen.addresses);
	ok(!seen.generations, "with one generation");

	memset(&seen, 0, sizeof(seen));
	seen.name = "big";
	client_call(client, OZPROXY_CMD_SERVICE_GET, NLM_F_DUMP,
		    by_name(ifindex, "big"), &out, see_message, &seen);
	ok(!out.err && seen.instances == count && !seen.doubles,
	   "the same in a dump by name");

	client_call(client, OZPROXY_CMD_SERVICE_GET, 0,
		    by_name(ifindex, "big"), &out, NULL, NULL);
	ok(out.err == EMSGSIZE && out.text[0],
	   "a do refuses it with EMSGSIZE and a text");
}

/* A change after the first datagram of a dump must show. */
static void try_change(struct client *client, int ifindex)
{
	static const struct service other = {
		"other", "10.30.1.2", 1, "10.19.1.3", "10.30.1.102"
	};
	struct seen seen = { .name = "big" };
	struct client writer;
	struct outcome out, done;
	struct nlmsghdr *nlh;
	bool end;

	client_open(&writer, NETLINK_GENERIC);
	nlh = request_genl(client, OZPROXY_CMD_SERVICE_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, OZPROXY_A_SERVICE_IFINDEX, ifindex);
	memset(&out, 0, sizeof(out));
	client_send(client, nlh);
	end = client_receive(client, &out, see_message, &seen);
	ok(!end, "the dump takes more than one datagram");
	service_set(&writer, ifindex, &other, &done);
	while (!end)
		end = client_receive(client, &out, see_message, &seen);
	ok(!done.err && (out.interrupted || seen.generations),
	   "a dump with a change in its middle says so");
	client_close(&writer);
}

/* The same content again leaves even the generation as it is. */
static void try_equal(struct client *client, int ifindex)
{
	struct service same = {
		"same", "10.30.1.3", 3, "10.19.7.1", "10.30.7.1"
	};
	struct snapshot before, after;
	struct outcome out;

	service_set(client, ifindex, &same, &out);
	snapshot_take(client, ifindex, &before);
	service_set(client, ifindex, &same, &out);
	snapshot_take(client, ifindex, &after);
	ok(!out.err && snapshot_equal(&before, &after),
	   "equal content changes nothing, not even the generation");
	snapshot_free(&after);
	same.instances = 2;
	service_set(client, ifindex, &same, &out);
	snapshot_take(client, ifindex, &after);
	ok(!out.err && after.generation != before.generation,
	   "other content changes the generation");
	snapshot_free(&before);
	snapshot_free(&after);
}

/* An address that another job takes leaves the one that had it. */
static void try_takeover(struct client *client, int ifindex)
{
	static const struct service first = {
		"first", "10.30.1.50", 1, "10.19.8.1", "10.30.7.50"
	}, second = {
		"second", "10.30.1.50", 1, "10.19.8.2", "10.30.7.51"
	};
	struct seen one = { .name = "first" }, two = { .name = "second" };
	struct outcome out;
	struct attr *list;

	service_set(client, ifindex, &first, &out);
	service_set(client, ifindex, &second, &out);
	ok(!out.err, "an address goes over to another job");
	client_call(client, OZPROXY_CMD_SERVICE_GET, 0,
		    by_name(ifindex, "first"), &out, see_message, &one);
	ok(!out.err && one.instances == 1 && !one.addresses,
	   "the first job is still there, without it");
	list = by_name(ifindex, NULL);
	mirror_add(list, &set_service, OZPROXY_A_SERVICE_FIND_IPV4,
		   "10.30.1.50");
	client_call(client, OZPROXY_CMD_SERVICE_GET, 0, list, &out,
		    see_message, &two);
	ok(!out.err && two.messages == 1, "and the address finds the second");
}

static void see_name(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	char *name = arg;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == OZPROXY_A_SERVICE_NAME)
			strncpy(name, mnl_attr_get_str(attr),
				OZPROXY_NAME_MAX);
}

static void try_find(struct client *client, int ifindex, const char *address,
		     const char *what)
{
	char name[OZPROXY_NAME_MAX + 1] = "";
	struct outcome out;
	struct attr *list;

	list = by_name(ifindex, NULL);
	mirror_add(list, &set_service, OZPROXY_A_SERVICE_FIND_IPV4, address);
	client_call(client, OZPROXY_CMD_SERVICE_GET, 0, list, &out, see_name,
		    name);
	if (!ok(!out.err && !strcmp(name, "same"), "found by its %s", what))
		diag("%s, %s: name \"%s\"", strerror(out.err), out.text, name);
}

void section_dump(void)
{
	struct snapshot empty;
	struct client client;
	int ifindex;

	ifindex = device_need("oz0");
	client_open(&client, NETLINK_GENERIC);
	snapshot_take(&client, ifindex, &empty);
	ok(!empty.len, "an empty table dumps nothing");
	snapshot_free(&empty);
	try_count(&client, ifindex, 1000);
	try_count(&client, ifindex, OZPROXY_INSTANCE_MAX);
	try_change(&client, ifindex);
	try_equal(&client, ifindex);
	try_find(&client, ifindex, "10.30.1.3", "Service IP");
	try_find(&client, ifindex, "10.30.7.2", "Instance IP");
	try_find(&client, ifindex, "10.19.7.2", "Namespace IP");
	try_takeover(&client, ifindex);
	client_close(&client);
	device_del(ifindex);
}
