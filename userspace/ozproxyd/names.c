// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "names.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"

struct name {
	struct map_node node;
	char text[];
};

bool names_add(struct map *names, const char *text)
{
	struct name *name;

	if (map_get(names, text))
		return false;
	name = mem_zero(sizeof(*name) + strlen(text) + 1);
	strcpy(name->text, text);
	name->node.key = name->text;
	map_put(names, &name->node);
	return true;
}

static void drop(struct map *names, struct map_node *node)
{
	map_del(names, node);
	free(map_entry(node, struct name, node));
}

bool names_del(struct map *names, const char *text)
{
	struct map_node *node = map_get(names, text);

	if (node)
		drop(names, node);
	return node;
}

void names_clear(struct map *names)
{
	struct map_node *node, *after;

	map_for_each(names, node, after) drop(names, node);
	map_uninit(names);
}
