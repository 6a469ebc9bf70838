// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* Too many, twice the same, and just as many as are allowed. */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "refuse.h"
#include "sections.h"
#include "tap.h"
#include "tree.h"

static const struct wish any;

static struct attr *add_address(struct attr *list, const char *address)
{
	struct attr *nest = attr_add_nest(list, OZPROXY_A_SERVICE_ADDRESS);

	mirror_add(nest, &set_address, OZPROXY_A_ADDRESS_IPV4, address);
	mirror_add(nest, &set_address, OZPROXY_A_ADDRESS_POLICY, NULL);
	return nest;
}

static struct attr *with_addresses(int ifindex, const char *name,
				   unsigned int count)
{
	struct service service = { .name = name, .instances = 0 };
	struct attr *list = service_tree(ifindex, &service);
	char address[24];
	unsigned int i;

	for (i = 0; i < count; i++) {
		snprintf(address, sizeof(address), "10.30.3.%u", i + 1);
		add_address(list, address);
	}
	return list;
}

static void try_doubles(struct refusals *refusals)
{
	struct service service = {
		"a.b.c.d", "10.30.1.1", 2, "10.19.1.3", "10.30.1.101"
	};
	struct attr *list, *first, *second;

	list = service_tree(refusals->ifindex, &service);
	mark_all(add_address(list, "10.30.1.1"));
	expect_refused(refusals, OZPROXY_CMD_SERVICE_SET, 0, list, &any,
		       "the same address twice");

	list = service_tree(refusals->ifindex, &service);
	first = attr_find(list, OZPROXY_A_SERVICE_INSTANCE);
	second = first->next;
	attr_find(second, OZPROXY_A_INSTANCE_NUMBER)->data[0] = 0;
	mark_all(second);
	expect_refused(refusals, OZPROXY_CMD_SERVICE_SET, 0, list, &any,
		       "the same instance number twice");

	list = service_tree(refusals->ifindex, &service);
	first = attr_find(list, OZPROXY_A_SERVICE_INSTANCE);
	second = first->next;
	memcpy(attr_find(second, OZPROXY_A_INSTANCE_INSTANCE_IPV4)->data,
	       attr_find(first, OZPROXY_A_INSTANCE_INSTANCE_IPV4)->data, 4);
	mark_all(second);
	expect_refused(refusals, OZPROXY_CMD_SERVICE_SET, 0, list, &any,
		       "the same Instance IP twice");
}

/* The last one is to blame: the 33rd address, the 1025th instance. */
static void try_too_many(struct refusals *refusals)
{
	struct service big = {
		"a.b.c.d", NULL, OZPROXY_INSTANCE_MAX + 1, "10.20.0.1",
		"10.30.8.0"
	};
	struct attr *list, *last;

	list = with_addresses(refusals->ifindex, "a.b.c.d",
			      OZPROXY_ADDRESS_MAX + 1);
	for (last = list->child; last->next; last = last->next)
		;
	mark_all(last);
	expect_refused(refusals, OZPROXY_CMD_SERVICE_SET, 0, list, &any,
		       "%u addresses", OZPROXY_ADDRESS_MAX + 1);

	list = service_tree(refusals->ifindex, &big);
	for (last = list->child; last->next; last = last->next)
		;
	mark_all(last);
	expect_refused(refusals, OZPROXY_CMD_SERVICE_SET, 0, list, &any,
		       "%u instances", OZPROXY_INSTANCE_MAX + 1);
}

static void expect_taken(struct refusals *refusals, struct attr *list,
			 const char *name)
{
	struct outcome out;

	client_call(&refusals->client, OZPROXY_CMD_SERVICE_SET, 0, list, &out,
		    NULL, NULL);
	if (!ok(!out.err, "%s", name))
		diag("%s: %s", strerror(out.err), out.text);
}

static void see_nothing(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	*(unsigned int *)arg += 1;
}

/* Names of 123 bytes, of one, and of every kind of character. */
static void try_names(struct refusals *refusals)
{
	char name[OZPROXY_NAME_MAX + 1];
	unsigned int replies = 0;
	struct outcome out;
	struct attr *list;

	memset(name, 'n', OZPROXY_NAME_MAX);
	name[OZPROXY_NAME_MAX] = '\0';
	expect_taken(refusals, with_addresses(refusals->ifindex, name, 1),
		     "a name of 123 bytes is taken");
	tree_reset();
	list = tree_new();
	attr_add_u32(list, OZPROXY_A_SERVICE_IFINDEX, refusals->ifindex);
	attr_add_string(list, OZPROXY_A_SERVICE_NAME, name);
	client_call(&refusals->client, OZPROXY_CMD_SERVICE_GET, 0, list, &out,
		    see_nothing, &replies);
	ok(!out.err && replies == 1, "and found again");
	service_del(&refusals->client, refusals->ifindex, name, &out);
	ok(!out.err, "and removed");

	expect_taken(refusals, with_addresses(refusals->ifindex, "x", 1),
		     "a name of one byte is taken");
	expect_taken(refusals,
		     with_addresses(refusals->ifindex, "Az0.-_", 0),
		     "a name of every kind of character is taken");
	service_del(&refusals->client, refusals->ifindex, "x", &out);
	service_del(&refusals->client, refusals->ifindex, "Az0.-_", &out);
}

/* A device of its own with one limit at @value; 0: it was not made. */
static int limited_device(unsigned int type, unsigned int value)
{
	struct outcome out;
	struct attr *data;
	int ifindex;

	tree_reset();
	data = tree_new();
	attr_add_u32(data, type, value);
	/* The other device of this namespace has the default port. */
	mirror_add(data, &set_link, IFLA_OZPROXY_PORT, "50104");
	ifindex = device_new("oz1", data, &out);
	if (!ok(ifindex, "a device with %s %u", set_link.attr[type].name, value))
		diag("%s: %s", strerror(out.err), out.text);
	return ifindex;
}

/* @refused does not fit, but names the option; @replacing does, and nothing
 * changes by either.
 */
static void expect_full(struct client *client, int ifindex, const char *option,
			const struct service *refused,
			const struct service *replacing)
{
	struct snapshot before, after;
	struct outcome out;

	snapshot_take(client, ifindex, &before);
	service_set(client, ifindex, refused, &out);
	ok(out.err == ENOSPC && strstr(out.text, option),
	   "one too many is refused, with a text");
	service_set(client, ifindex, replacing, &out);
	ok(!out.err, "one that is there is set all the same");
	snapshot_take(client, ifindex, &after);
	ok(snapshot_equal(&before, &after), "nothing else changed");
	snapshot_free(&before);
	snapshot_free(&after);
}

/* The third service of a device that takes two. */
static void try_service_limit(void)
{
	static const struct service three[] = {
		{ "one", "10.30.0.1" }, { "two", "10.30.0.2" },
		{ "three", "10.30.0.3" },
	};
	struct client client;
	struct outcome out;
	int ifindex;

	ifindex = limited_device(IFLA_OZPROXY_SERVICE_LIMIT, 2);
	if (!ifindex)
		return;
	client_open(&client, NETLINK_GENERIC);
	service_set(&client, ifindex, &three[0], &out);
	service_set(&client, ifindex, &three[1], &out);
	ok(!out.err, "two services are taken");
	expect_full(&client, ifindex, "service-limit", &three[2], &three[1]);
	client_close(&client);
	device_del(ifindex);
}

/* The fourth instance of a device that takes three, in two services: those that
 * a service has make room for those that it gets.
 */
static void try_instance_limit(void)
{
	static const struct service one = {
		"one", "10.30.0.1", 1, "10.20.0.1", "10.30.1.1"
	};
	static const struct service other = {
		"other", "10.30.0.2", 2, "10.20.1.1", "10.30.2.1"
	};
	static const struct service more = {
		"one", "10.30.0.1", 2, "10.20.0.1", "10.30.1.1"
	};
	static const struct service moved = {
		"other", "10.30.0.2", 2, "10.20.2.1", "10.30.2.1"
	};
	struct client client;
	struct outcome out;
	int ifindex;

	ifindex = limited_device(IFLA_OZPROXY_INSTANCE_LIMIT, 3);
	if (!ifindex)
		return;
	client_open(&client, NETLINK_GENERIC);
	service_set(&client, ifindex, &one, &out);
	service_set(&client, ifindex, &other, &out);
	ok(!out.err, "three instances are taken");
	expect_full(&client, ifindex, "instance-limit", &more, &other);
	service_set(&client, ifindex, &moved, &out);
	ok(!out.err, "two others take the place of two");
	service_del(&client, ifindex, "other", &out);
	service_set(&client, ifindex, &more, &out);
	ok(!out.err, "and without them there is room");
	client_close(&client);
	device_del(ifindex);
}

void section_limits(void)
{
	struct refusals refusals;

	refusals_begin(&refusals);
	try_doubles(&refusals);
	try_too_many(&refusals);
	expect_taken(&refusals,
		     with_addresses(refusals.ifindex, "wide",
				    OZPROXY_ADDRESS_MAX),
		     "32 addresses are taken");
	try_names(&refusals);
	try_service_limit();
	try_instance_limit();
	refusals_end(&refusals);
}
