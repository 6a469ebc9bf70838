/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */

/* Netlink attributes as a tree that a case can spoil before it is sent. */

#ifndef _TEST_TREE_H
#define _TEST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

struct attr {
	struct attr *next;
	struct attr *child;	/* of a nest */
	uint16_t type;		/* with the flags of the wire */
	uint16_t len;		/* of data; unused in a nest with children */
	bool mark;		/* a refusal may point here */
	uint32_t offset;	/* in the message, once it is written */
	uint8_t data[160];
};

/* Forgets every attribute: pointers to them are dead. */
void tree_reset(void);

/* A list head: a nest without a place in any message. */
struct attr *tree_new(void);

struct attr *attr_add(struct attr *parent, uint16_t type, const void *data,
		      size_t len);
struct attr *attr_add_u32(struct attr *parent, uint16_t type, uint32_t value);
struct attr *attr_add_string(struct attr *parent, uint16_t type,
			     const char *text);
struct attr *attr_add_nest(struct attr *parent, uint16_t type);

/* The first of this type, or NULL. */
struct attr *attr_find(struct attr *parent, uint16_t type);
void attr_remove(struct attr *parent, struct attr *attr);
void attr_set(struct attr *attr, const void *data, size_t len);

/* Appends the children of @list to @nlh and notes their offsets. */
void tree_write(struct nlmsghdr *nlh, struct attr *list);

#endif /* _TEST_TREE_H */
