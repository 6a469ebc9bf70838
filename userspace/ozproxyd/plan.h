/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What has to be done so that a table that is becomes one that is to be.
 */
#ifndef _OZP_OZPROXYD_PLAN_H
#define _OZP_OZPROXYD_PLAN_H

#include <stddef.h>
#include "ozproxy.h"

/** enum plan_verb - A way to change a table. */
enum plan_verb {
	PLAN_DEL, /* the service of this name goes */
	PLAN_SET, /* the service becomes this */
};

/**
 * struct plan_command - A change.
 * @verb: what is done
 * @service: with what; it is the caller's, of the table that is with PLAN_DEL
 *   and of the one that is to be with PLAN_SET
 */
struct plan_command {
	enum plan_verb verb;
	const struct ozp_service *service;
};

/**
 * struct plan_table - A table: services of different names.
 * @services: the services
 * @count: how many
 */
struct plan_table {
	const struct ozp_service *services;
	size_t count;
};

/**
 * plan_make() - Compare two tables.
 * @desired: what is to be; no address is in two of its services
 * @actual: what is
 * @commands: where the changes go, in the order in which they are to be made;
 *   to be freed
 *
 * Services that are right are not touched. Deletions come first, so that the
 * table never has to hold more than either of the two.
 *
 * Return: how many changes.
 */
size_t plan_make(const struct plan_table *desired,
		 const struct plan_table *actual,
		 struct plan_command **commands);

#endif /* _OZP_OZPROXYD_PLAN_H */
