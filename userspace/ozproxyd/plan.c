// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "plan.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "record.h"

static int compare(const void *a, const void *b)
{
	const struct ozp_service *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* The services by name; to be freed. */
static const struct ozp_service **sorted(const struct plan_table *table)
{
	const struct ozp_service **list;
	size_t i;

	list = mem_zero((table->count + 1) * sizeof(*list));
	for (i = 0; i < table->count; i++)
		list[i] = &table->services[i];
	qsort(list, table->count, sizeof(*list), compare);
	return list;
}

size_t plan_make(const struct plan_table *desired,
		 const struct plan_table *actual,
		 struct plan_command **commands)
{
	const struct ozp_service **want = sorted(desired);
	const struct ozp_service **have = sorted(actual);
	size_t room = desired->count + actual->count, dels = 0, sets = 0;
	struct plan_command *del, *set;
	size_t w = 0, h = 0;
	int order;

	/* Deletions fill it from the front, the others go behind them. */
	del = mem_zero((room + 1) * sizeof(*del));
	set = mem_zero((desired->count + 1) * sizeof(*set));
	while (w < desired->count || h < actual->count) {
		if (w == desired->count)
			order = 1;
		else if (h == actual->count)
			order = -1;
		else
			order = compare(&want[w], &have[h]);
		if (order > 0)
			del[dels++] =
				(struct plan_command){ PLAN_DEL, have[h] };
		else if (order < 0 || !record_is_equal(want[w], have[h]))
			set[sets++] =
				(struct plan_command){ PLAN_SET, want[w] };
		w += order <= 0;
		h += order >= 0;
	}
	memcpy(del + dels, set, sets * sizeof(*set));
	free(set);
	free(want);
	free(have);
	*commands = del;
	return dels + sets;
}
