/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * A hash table by text, of nodes inside other objects, in the order in which
 * they were put in.
 */
#ifndef _OZP_OZPROXYD_MAP_H
#define _OZP_OZPROXYD_MAP_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct map_node - What an object has to be in a map.
 * @key: the text, which is the object's
 * @chain: the next one of the same bucket
 * @next: the one that was put in after it
 * @prev: the one that was put in before it
 * @hash: of the key
 */
struct map_node {
	const char *key;
	struct map_node *chain;
	struct map_node *next;
	struct map_node *prev;
	uint32_t hash;
};

/**
 * struct map - The table; zeroed it is an empty one.
 * @buckets: heads of the chains
 * @n_buckets: how many, a power of two
 * @count: how many nodes
 * @first: the oldest node
 * @last: the newest node
 */
struct map {
	struct map_node **buckets;
	size_t n_buckets;
	size_t count;
	struct map_node *first;
	struct map_node *last;
};

/** map_hash() - A number that few texts share. */
uint32_t map_hash(const char *text);

/** map_get() - The node with this key, or NULL. */
struct map_node *map_get(const struct map *map, const char *key);

/** map_put() - Put a node in, whose key is set and not in the map yet. */
void map_put(struct map *map, struct map_node *node);

/** map_del() - Take a node out. */
void map_del(struct map *map, struct map_node *node);

/** map_uninit() - Free what the map itself has; the nodes are others'. */
void map_uninit(struct map *map);

/** map_for_each() - All nodes, oldest first; @node may be taken out. */
#define map_for_each(map, node, after)                                     \
	for ((node) = (map)->first; (node) && ((after) = (node)->next, 1); \
	     (node) = (after))

/** map_entry() - The object of a type that has the node as a member. */
#define map_entry(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif /* _OZP_OZPROXYD_MAP_H */
