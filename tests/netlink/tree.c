// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "tree.h"

#include <libmnl/libmnl.h>
#include <string.h>

#include "tap.h"

#define POOL_SIZE 16384

static struct attr pool[POOL_SIZE];
static unsigned int used;

void tree_reset(void)
{
	used = 0;
}

struct attr *tree_new(void)
{
	struct attr *attr;

	if (used == POOL_SIZE)
		bail("the attribute pool is too small");
	attr = &pool[used++];
	memset(attr, 0, sizeof(*attr));
	return attr;
}

void attr_set(struct attr *attr, const void *data, size_t len)
{
	if (len > sizeof(attr->data))
		bail("an attribute of %zu bytes", len);
	if (len)
		memcpy(attr->data, data, len);
	attr->len = len;
}

struct attr *attr_add(struct attr *parent, uint16_t type, const void *data,
		      size_t len)
{
	struct attr *attr = tree_new(), **end = &parent->child;

	attr->type = type;
	attr_set(attr, data, len);
	while (*end)
		end = &(*end)->next;
	*end = attr;
	return attr;
}

struct attr *attr_add_u32(struct attr *parent, uint16_t type, uint32_t value)
{
	return attr_add(parent, type, &value, sizeof(value));
}

struct attr *attr_add_string(struct attr *parent, uint16_t type,
			     const char *text)
{
	return attr_add(parent, type, text, strlen(text) + 1);
}

struct attr *attr_add_nest(struct attr *parent, uint16_t type)
{
	return attr_add(parent, type | NLA_F_NESTED, NULL, 0);
}

struct attr *attr_find(struct attr *parent, uint16_t type)
{
	struct attr *attr;

	for (attr = parent->child; attr; attr = attr->next)
		if ((attr->type & NLA_TYPE_MASK) == type)
			return attr;
	return NULL;
}

void attr_remove(struct attr *parent, struct attr *attr)
{
	struct attr **at = &parent->child;

	while (*at && *at != attr)
		at = &(*at)->next;
	if (*at)
		*at = attr->next;
}

void tree_write(struct nlmsghdr *nlh, struct attr *list)
{
	struct nlattr *start;
	struct attr *attr;

	for (attr = list->child; attr; attr = attr->next) {
		attr->offset = nlh->nlmsg_len;
		if (!attr->child) {
			mnl_attr_put(nlh, attr->type, attr->len, attr->data);
			continue;
		}
		/* As mnl_attr_nest_start(), but with the flags of the case. */
		start = mnl_nlmsg_get_payload_tail(nlh);
		start->nla_type = attr->type;
		nlh->nlmsg_len += MNL_ALIGN(sizeof(*start));
		tree_write(nlh, attr);
		mnl_attr_nest_end(nlh, start);
	}
}
