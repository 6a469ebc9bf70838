// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* Link attributes: what a device is made with, and what can change later. */

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "refuse.h"
#include "sections.h"
#include "tap.h"
#include "tree.h"
#include "world.h"

static const struct wish any;

static struct attr *fresh(void)
{
	tree_reset();
	return tree_new();
}

static void explain(const char *fault, const struct outcome *out)
{
	diag("%s: errno %d (%s), text \"%s\", offset %d", fault, out->err,
	     strerror(out->err), out->text,
	     out->has_offset ? (int)out->offset : -1);
}

/* No device comes of it. */
static void expect_no_device(struct attr *data, const char *name,
			     const char *value)
{
	struct outcome out;
	const char *fault;

	device_new("bad0", data, &out);
	fault = refusal_fault(&out, data, &any);
	if (if_nametoindex("bad0")) {
		fault = "a device was made";
		device_del(if_nametoindex("bad0"));
	}
	if (!ok(!fault, "new device with %s%s", name, value))
		explain(fault, &out);
}

static void spoil_length(struct attr *list, const struct set_mirror *set,
			 uint16_t type, struct attr *top, int delta)
{
	struct attr *attr = mirror_add(list, set, type, NULL);

	attr->mark = true;
	attr->len += delta;
	expect_no_device(top, set->attr[type].name,
			 delta < 0 ? " too short" : " too long");
}

static void spoil_attrs(void)
{
	const struct attr_mirror *mirror;
	struct attr *data;
	unsigned int i;
	uint16_t type;

	for (type = 1; type <= IFLA_OZPROXY_MAX; type++) {
		mirror = &set_link.attr[type];
		for (i = 0; i < 3 && mirror->bad[i]; i++) {
			data = fresh();
			mirror_add(data, &set_link, type, mirror->bad[i])->mark
				= true;
			expect_no_device(data, mirror->name, " out of range");
		}
		if (mirror->kind == KIND_NEST)
			continue;
		data = fresh();
		spoil_length(data, &set_link, type, data, -1);
		data = fresh();
		spoil_length(data, &set_link, type, data, 1);
	}
	for (type = 1; type <= IFLA_OZPROXY_LOCAL_MAX; type++) {
		data = fresh();
		spoil_length(attr_add_nest(data, IFLA_OZPROXY_LOCAL),
			     &set_local, type, data, -1);
		data = fresh();
		spoil_length(attr_add_nest(data, IFLA_OZPROXY_LOCAL),
			     &set_local, type, data, 1);
	}
}

static struct attr *locals(unsigned int count)
{
	struct attr *data = fresh();
	struct attr *nest = attr_add_nest(data, IFLA_OZPROXY_LOCAL);
	char address[24];
	unsigned int i;

	for (i = 0; i < count; i++) {
		snprintf(address, sizeof(address), "192.0.2.%u", i + 1);
		mirror_add(nest, &set_local, IFLA_OZPROXY_LOCAL_IPV4, address);
	}
	return data;
}

static void try_locals(void)
{
	struct outcome out;
	struct attr *data;
	int ifindex;

	data = locals(OZPROXY_LOCAL_MAX + 1);
	mark_all(attr_find(data, IFLA_OZPROXY_LOCAL));
	expect_no_device(data, "17 local addresses", "");

	data = fresh();
	mirror_add(attr_add_nest(data, IFLA_OZPROXY_LOCAL), &set_local,
		   IFLA_OZPROXY_LOCAL_IPV4, "0.0.0.0");
	mark_all(attr_find(data, IFLA_OZPROXY_LOCAL));
	expect_no_device(data, "the local address 0.0.0.0", "");

	data = fresh();
	mirror_add(attr_add_nest(data, IFLA_OZPROXY_LOCAL), &set_local,
		   IFLA_OZPROXY_LOCAL_IPV6, "ff02::1");
	mark_all(attr_find(data, IFLA_OZPROXY_LOCAL));
	expect_no_device(data, "the local address ff02::1", "");

	/* More than a header says; less than a header of another one. */
	data = fresh();
	attr_add(data, IFLA_OZPROXY_LOCAL | NLA_F_NESTED,
		 "\10\0\1\0\300\0\2\1" "\1\0", 10)->mark = true;
	expect_no_device(data, "a local address and two stray bytes", "");

	ifindex = device_new("loc0", locals(OZPROXY_LOCAL_MAX), &out);
	if (!ok(ifindex, "a device with 16 local addresses"))
		explain("refused", &out);
	else
		device_del(ifindex);
}

/* Each attribute to its good value; what is not so in the link's data? */
static void see_difference(const void *bytes, int len)
{
	const struct nlattr *attr;
	uint8_t want[160];
	size_t size;
	unsigned int type;
	bool seen[IFLA_OZPROXY_MAX + 1] = { false };

	mnl_attr_for_each_payload(bytes, (size_t)len) {
		type = mnl_attr_get_type(attr);
		if (!type || type > IFLA_OZPROXY_MAX ||
		    !set_link.attr[type].good)
			continue;
		size = value_of(set_link.attr[type].kind,
				set_link.attr[type].good, want);
		seen[type] = size == mnl_attr_get_payload_len(attr) &&
			!memcmp(want, mnl_attr_get_payload(attr), size);
	}
	for (type = 1; type <= IFLA_OZPROXY_MAX; type++)
		if (set_link.attr[type].good)
			ok(seen[type], "%s = %s reads back",
			   set_link.attr[type].name, set_link.attr[type].good);
}

static void try_all_attrs(void)
{
	struct attr *data = fresh();
	char bytes[2048];
	struct outcome out;
	int ifindex, len;
	uint16_t type;

	for (type = 1; type <= IFLA_OZPROXY_MAX; type++)
		if (set_link.attr[type].kind != KIND_NEST)
			mirror_add(data, &set_link, type, NULL);
	ifindex = device_new("all0", data, &out);
	if (!ok(ifindex, "a device with every attribute")) {
		explain("refused", &out);
		return;
	}
	len = device_data(ifindex, bytes, sizeof(bytes));
	see_difference(bytes, len < 0 ? 0 : len);
	device_del(ifindex);
}

/* A change, and whether the device is another afterwards. */
static void change(int ifindex, uint16_t type, const char *value, bool can,
		   const char *when)
{
	char before[2048], after[2048];
	struct attr *data = fresh();
	const char *fault = NULL;
	int len, len_after;
	struct outcome out;

	len = device_data(ifindex, before, sizeof(before));
	mirror_add(data, &set_link, type, value)->mark = true;
	device_change(ifindex, data, &out);
	len_after = device_data(ifindex, after, sizeof(after));
	if (!can) {
		fault = refusal_fault(&out, data, &any);
		if (len != len_after || memcmp(before, after, len))
			fault = "the device changed";
	} else if (out.err) {
		fault = "refused";
	} else if (len == len_after && !memcmp(before, after, len)) {
		fault = "nothing changed";
	}
	if (!ok(!fault, "%s to %s %s %s", set_link.attr[type].name, value,
		can ? "changes" : "does not change", when))
		explain(fault, &out);
}

static void spoil_changes(int ifindex)
{
	unsigned int type, i;

	for (type = 1; type <= IFLA_OZPROXY_MAX; type++)
		for (i = 0; i < 3 && set_link.attr[type].bad[i]; i++)
			change(ifindex, type, set_link.attr[type].bad[i],
			       false, "on a live device");
}

static void try_changes(void)
{
	struct outcome out;
	int ifindex;

	ifindex = device_new("oz0", NULL, &out);
	if (!ok(ifindex, "a device without any attribute")) {
		explain("refused", &out);
		return;
	}
	change(ifindex, IFLA_OZPROXY_PORT, "50105", true, "while down");
	world_run("ip link set oz0 up");
	change(ifindex, IFLA_OZPROXY_PORT, "50106", false, "while up");
	change(ifindex, IFLA_OZPROXY_SERVICE_IPV4, "10.40.0.0", false, "ever");
	change(ifindex, IFLA_OZPROXY_SERVICE_IPV4_PREFIX, "17", false, "ever");
	change(ifindex, IFLA_OZPROXY_SERVICE_IPV6, "fdf0::", false, "ever");
	change(ifindex, IFLA_OZPROXY_SERVICE_IPV6_PREFIX, "17", false, "ever");
	change(ifindex, IFLA_OZPROXY_FLOW_LIMIT, "17", true, "while up");
	change(ifindex, IFLA_OZPROXY_MISS_LIMIT, "2", true, "while up");
	change(ifindex, IFLA_OZPROXY_MISS_TIMEOUT, "101", true, "while up");
	change(ifindex, IFLA_OZPROXY_SERVICE_LIMIT, "3", true, "while up");
	change(ifindex, IFLA_OZPROXY_INSTANCE_LIMIT, "3", true, "while up");
	change(ifindex, IFLA_OZPROXY_OUTER_CHECKSUM, "0", true, "while up");
	change(ifindex, IFLA_OZPROXY_SOURCE_PORT, "1", true, "while up");
	change(ifindex, IFLA_OZPROXY_DSCP_MODE, "1", true, "while up");
	change(ifindex, IFLA_OZPROXY_DSCP, "63", true, "while up");
	change(ifindex, IFLA_OZPROXY_MSS_CLAMP, "1", true, "while up");
	spoil_changes(ifindex);

	device_change(ifindex, locals(2), &out);
	if (!ok(!out.err, "the local addresses change while up"))
		explain("refused", &out);
	world_run("ip link set oz0 down");
	change(ifindex, IFLA_OZPROXY_PORT, "50106", true, "while down again");
	device_del(ifindex);
}

/* One request, a good change and a bad one: neither is made. */
static void try_half(void)
{
	char before[2048], after[2048];
	struct outcome out;
	struct attr *data;
	int ifindex, len, len_after;

	ifindex = device_new("oz0", NULL, &out);
	if (!ifindex)
		return;
	len = device_data(ifindex, before, sizeof(before));
	data = fresh();
	mirror_add(data, &set_link, IFLA_OZPROXY_FLOW_LIMIT, "99");
	mirror_add(data, &set_link, IFLA_OZPROXY_SERVICE_IPV4, "10.40.0.0");
	device_change(ifindex, data, &out);
	len_after = device_data(ifindex, after, sizeof(after));
	ok(out.err && len == len_after && !memcmp(before, after, len),
	   "a change that is refused in one part changes nothing");
	device_del(ifindex);
}

void section_link(void)
{
	spoil_attrs();
	try_locals();
	try_all_attrs();
	try_changes();
	try_half();
}
