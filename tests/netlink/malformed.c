// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* Each attribute of each operation, spoilt in every way that a table knows. */

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

static const struct wish any;
static const struct wish leftover = { .text_only = true };

/* What a spoilt attribute is in: an operation, a do or a dump, maybe a nest. */
struct place {
	struct refusals *refusals;
	const struct op_mirror *op;
	uint16_t flags;
	const struct set_mirror *set;
	uint16_t nest;		/* type of the nest, 0: at the top */
	char name[64];
};

/* A sound request without the attribute @type, and the list it was in. */
static struct attr *request_without(const struct place *place, uint16_t type,
				    struct attr **list)
{
	struct attr *top = sound_request(place->refusals, place->op->cmd);
	struct attr *attr;

	*list = place->nest ? attr_find(top, place->nest) : top;
	attr = attr_find(*list, type);
	if (attr)
		attr_remove(*list, attr);
	return top;
}

static void spoil_value(const struct place *place, uint16_t type,
			const char *value)
{
	struct attr *top, *list;

	top = request_without(place, type, &list);
	mirror_add(list, place->set, type, value)->mark = true;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &any, "%s.%s = \"%.20s\"", place->name,
		       place->set->attr[type].name, value);
}

/* One byte less or more than its type has; strings are too long by value, and
 * nothing is shorter than a flag or padding.
 */
static void spoil_length(const struct place *place, uint16_t type)
{
	const struct attr_mirror *mirror = &place->set->attr[type];
	struct attr *top, *list, *attr;

	if (mirror->kind != KIND_FLAG && mirror->kind != KIND_PAD) {
		top = request_without(place, type, &list);
		attr = mirror_add(list, place->set, type, NULL);
		attr->mark = true;
		attr->len = mirror->kind == KIND_STRING ? 0 : attr->len - 1;
		expect_refused(place->refusals, place->op->cmd, place->flags,
			       top, &any, "%s.%s too short", place->name,
			       mirror->name);
	}
	if (mirror->kind == KIND_STRING)
		return;

	top = request_without(place, type, &list);
	attr = mirror_add(list, place->set, type, NULL);
	attr->mark = true;
	attr->len++;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &any, "%s.%s too long", place->name, mirror->name);
}

static void spoil_nest(const struct place *place, uint16_t type)
{
	const struct attr_mirror *mirror = &place->set->attr[type];
	struct attr *top, *list, *attr;

	top = request_without(place, 0, &list);
	attr = attr_find(list, type);
	attr->type &= ~NLA_F_NESTED;
	attr->mark = true;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &any, "%s.%s without the nested flag", place->name,
		       mirror->name);

	/* Less than a header of an attribute, and an attribute of 7 of 9. */
	top = request_without(place, type, &list);
	attr = attr_add(list, type | NLA_F_NESTED, "\1\0", 2);
	attr->mark = true;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &any, "%s.%s with two stray bytes", place->name,
		       mirror->name);
	top = request_without(place, type, &list);
	attr = attr_add(list, type | NLA_F_NESTED, "\11\0\1\0abc", 7);
	attr->mark = true;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &leftover, "%s.%s with an attribute that ends outside",
		       place->name, mirror->name);
	top = request_without(place, 0, &list);
	attr = attr_find(list, type);
	attr_add_u32(attr, mirror->set->max + 1, 1)->mark = true;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &any, "%s.%s with an unknown attribute", place->name,
		       mirror->name);
}

static void spoil_string(const struct place *place, uint16_t type)
{
	struct attr *top, *list;

	top = request_without(place, type, &list);
	attr_add(list, type, "abcd", 4)->mark = true;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &any, "%s.%s without its end", place->name,
		       place->set->attr[type].name);
}

static void spoil_attr(const struct place *place, uint16_t type)
{
	const struct attr_mirror *mirror = &place->set->attr[type];
	struct attr *top, *list, *attr;
	unsigned int i;

	if (mirror->kind == KIND_NEST) {
		spoil_nest(place, type);
		return;
	}
	spoil_length(place, type);
	if (mirror->kind == KIND_STRING)
		spoil_string(place, type);
	for (i = 0; i < 3 && mirror->bad[i]; i++)
		spoil_value(place, type, mirror->bad[i]);

	top = request_without(place, type, &list);
	attr = mirror_add(list, place->set, type, NULL);
	attr->type |= NLA_F_NESTED;
	attr->mark = true;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &any, "%s.%s with the nested flag", place->name,
		       mirror->name);
}

static void without(const struct place *place, uint16_t type)
{
	struct wish wish = { .missing = type };
	struct attr *top, *list;

	top = request_without(place, type, &list);
	if (place->nest)
		wish.nest = list;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &wish, "%s without %s", place->name,
		       place->set->attr[type].name);
}

/* A good value, in an operation that does not take the attribute. */
static void foreign_attrs(const struct place *place)
{
	struct attr *top, *list;
	uint16_t type;

	for (type = 1; type < place->set->size; type++) {
		if (op_takes(place->op, type))
			continue;
		top = request_without(place, type, &list);
		mirror_add(list, place->set, type, NULL)->mark = true;
		expect_refused(place->refusals, place->op->cmd, place->flags,
			       top, &any, "%s takes no %s", place->name,
			       place->set->attr[type].name);
	}
	top = request_without(place, 0, &list);
	attr_add_u32(list, place->set->max + 1, 1)->mark = true;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &any, "%s with an unknown attribute", place->name);
}

static void spoil_nest_members(const struct place *outer, uint16_t nest)
{
	struct place place = *outer;
	uint16_t type;
	unsigned int i;

	place.set = outer->set->attr[nest].set;
	place.nest = nest;
	strcat(strcat(place.name, "."), place.set->name);
	for (type = 1; type < place.set->size; type++)
		spoil_attr(&place, type);
	for (i = 0; i < 4 && place.set->required[i]; i++)
		without(&place, place.set->required[i]);
}

static void unknown_device(const struct place *place, int ifindex,
			   const char *what)
{
	struct wish wish = { .err = ifindex == 1 ? 0 : ENODEV };
	struct attr *top, *list;

	top = request_without(place, 0, &list);
	list = attr_find(top, OZPROXY_A_SERVICE_IFINDEX);
	attr_set(list, &ifindex, sizeof(ifindex));
	list->mark = true;
	expect_refused(place->refusals, place->op->cmd, place->flags, top,
		       &wish, "%s with the ifindex of %s", place->name, what);
}

static void spoil_op(struct refusals *refusals, const struct op_mirror *op,
		     bool dump)
{
	struct place place = {
		.refusals = refusals, .op = op, .set = op->set,
		.flags = dump ? NLM_F_DUMP : 0,
	};
	unsigned int i;

	strcat(strcpy(place.name, op->name), dump ? " dump" : "");
	for (i = 0; op->takes[i]; i++) {
		spoil_attr(&place, op->takes[i]);
		if (op->set->attr[op->takes[i]].kind == KIND_NEST)
			spoil_nest_members(&place, op->takes[i]);
	}
	/* A dump needs its device, all else is a filter. */
	for (i = 0; i < (dump ? 1 : 4) && op->required[i]; i++)
		without(&place, op->required[i]);
	foreign_attrs(&place);
	unknown_device(&place, 1, "another kind of device");
	unknown_device(&place, 0x7ffffff0, "no device");
}

/* Or nothing that is said about the spoilt ones would mean anything. */
static void try_sound(struct refusals *refusals, const struct op_mirror *op)
{
	struct outcome out;

	client_call(&refusals->client, op->cmd, 0,
		    sound_request(refusals, op->cmd), &out, NULL, NULL);
	if (!ok(!out.err || out.err == ENOENT, "a sound %s is taken",
		op->name))
		diag("%s: %s", strerror(out.err), out.text);
}

static void try_all_sound(void)
{
	const struct op_mirror *op;
	struct refusals refusals;

	refusals_begin(&refusals);
	for (op = all_ops; op->name; op++)
		if (op->set)
			try_sound(&refusals, op);
	refusals_end(&refusals);
}

void section_malformed(void)
{
	const struct op_mirror *op;
	struct refusals refusals;

	try_all_sound();
	refusals_begin(&refusals);
	for (op = all_ops; op->name; op++) {
		if (!op->set)
			continue;
		spoil_op(&refusals, op, false);
		if (op->dump)
			spoil_op(&refusals, op, true);
	}
	refusals_end(&refusals);
}
