/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */

/*
 * The interface as the specification has it, in tables. Cases are made from
 * them, and a check compares them with the uapi header, so that an attribute
 * or an operation that is added later cannot be forgotten here.
 */

#ifndef _TEST_MIRROR_H
#define _TEST_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attr;

enum kind {
	KIND_NONE,		/* no entry: a hole in the table */
	KIND_U8,
	KIND_U16,
	KIND_PORT,		/* in network byte order */
	KIND_U32,
	KIND_U64,
	KIND_IPV4,
	KIND_IPV6,
	KIND_STRING,
	KIND_FLAG,
	KIND_NEST,
	KIND_PAD,
};

struct attr_mirror {
	const char *name;
	enum kind kind;
	const char *good;	/* a value that every operation takes */
	const char *bad[3];	/* values that none takes */
	const struct set_mirror *set;	/* of a nest */
};

struct set_mirror {
	const char *name;
	const struct attr_mirror *attr;	/* indexed by type */
	size_t size;		/* entries of attr */
	unsigned int max;	/* the uapi's MAX */
	uint16_t required[4];	/* when the set is a nest */
};

struct op_mirror {
	const char *name;
	uint8_t cmd;
	const struct set_mirror *set;	/* NULL for a notification */
	bool dump;
	bool admin;
	uint16_t takes[12];
	uint16_t required[4];	/* of a do */
};

extern const struct set_mirror set_link, set_local, set_address, set_instance,
	set_service, set_flow, set_miss, set_drop, set_stats;
extern const struct set_mirror *const all_sets[];
extern const struct op_mirror all_ops[];

const struct op_mirror *op_find(uint8_t cmd);
bool op_takes(const struct op_mirror *op, uint16_t type);

/* The wire form of @text; returns its length. */
size_t value_of(enum kind kind, const char *text, void *data);

/* Adds the attribute with the value @text, or with its good one if NULL. */
struct attr *mirror_add(struct attr *parent, const struct set_mirror *set,
			uint16_t type, const char *text);

#endif /* _TEST_MIRROR_H */
