/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */

/* What a good refusal looks like. */

#ifndef _TEST_REFUSE_H
#define _TEST_REFUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "world.h"

struct attr;
struct set_mirror;

/* A device with a table that no refused request may change. */
struct refusals {
	struct client client;
	int ifindex;
	struct snapshot before;
};

struct wish {
	int err;			/* 0: any */
	uint16_t missing;		/* type that must be named as missing */
	const struct attr *nest;	/* where it is missing, if in a nest */
	bool text_only;			/* the core of netlink points at nothing */
};

void refusals_begin(struct refusals *refusals);
void refusals_end(struct refusals *refusals);

/*
 * A tree that @op takes: ifindex, then what it needs to be a sound request.
 * Forgets all other trees.
 */
struct attr *sound_request(const struct refusals *refusals, uint8_t cmd);

/* Says what is wrong with the refusal @out of the tree @list; NULL: nothing. */
const char *refusal_fault(const struct outcome *out, struct attr *list,
			  const struct wish *wish);

/*
 * One check: the request @list is refused as wished, and the table stays as
 * it was. The attributes with a mark are those to blame.
 */
void expect_refused(struct refusals *refusals, uint8_t cmd, uint16_t flags,
		    struct attr *list, const struct wish *wish,
		    const char *name, ...)
	__attribute__((format(printf, 6, 7)));

/* Marks @attr, and everything below it. */
void mark_all(struct attr *attr);

#endif /* _TEST_REFUSE_H */
