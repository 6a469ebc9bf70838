// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "map.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"

#define MAP_BUCKETS 64 /* of a new map */

/* FNV-1a. The keys are a cluster's names, not an attacker's choice. */
uint32_t map_hash(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

static struct map_node **bucket_of(const struct map *map, uint32_t hash)
{
	return &map->buckets[hash & (map->n_buckets - 1)];
}

struct map_node *map_get(const struct map *map, const char *key)
{
	uint32_t hash = map_hash(key);
	struct map_node *node;

	if (!map->n_buckets)
		return NULL;
	for (node = *bucket_of(map, hash); node; node = node->chain)
		if (node->hash == hash && !strcmp(node->key, key))
			return node;
	return NULL;
}

static void grow(struct map *map)
{
	size_t n_buckets = map->n_buckets ? 2 * map->n_buckets : MAP_BUCKETS;
	struct map_node *node, **bucket;

	free(map->buckets);
	map->buckets = mem_need(calloc(n_buckets, sizeof(*map->buckets)));
	map->n_buckets = n_buckets;
	for (node = map->first; node; node = node->next) {
		bucket = bucket_of(map, node->hash);
		node->chain = *bucket;
		*bucket = node;
	}
}

void map_put(struct map *map, struct map_node *node)
{
	struct map_node **bucket;

	if (map->count >= map->n_buckets)
		grow(map);
	node->hash = map_hash(node->key);
	bucket = bucket_of(map, node->hash);
	node->chain = *bucket;
	*bucket = node;
	node->next = NULL;
	node->prev = map->last;
	if (map->last)
		map->last->next = node;
	else
		map->first = node;
	map->last = node;
	map->count++;
}

void map_del(struct map *map, struct map_node *node)
{
	struct map_node **link = bucket_of(map, node->hash);

	while (*link != node)
		link = &(*link)->chain;
	*link = node->chain;
	if (node->prev)
		node->prev->next = node->next;
	else
		map->first = node->next;
	if (node->next)
		node->next->prev = node->prev;
	else
		map->last = node->prev;
	map->count--;
}

void map_uninit(struct map *map)
{
	free(map->buckets);
	memset(map, 0, sizeof(*map));
}
