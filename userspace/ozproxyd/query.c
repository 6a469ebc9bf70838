// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "query.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "record.h"

#define CREDIT 1000 /* of one question */

/* For so long an answer may come after the deadline, in ms. */
#define LATE_TIME 60000

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct query *find(const struct queries *queries, const char *key)
{
	struct map_node *node = map_get(&queries->map, key);

	return node ? map_entry(node, struct query, node) : NULL;
}

static void enqueue(struct queries *queries, struct query *query)
{
	struct query_queue *queue = &queries->queues[query->rank];

	if (query->is_queued)
		return;
	query->is_queued = true;
	query->next = NULL;
	if (queue->last)
		queue->last->next = query;
	else
		queue->first = query;
	queue->last = query;
}

static struct query *dequeue(struct queries *queries)
{
	struct query_queue *queue = queries->queues;
	struct query *query;

	while (queue < &queries->queues[QUERY_RANKS] && !queue->first)
		queue++;
	if (queue == &queries->queues[QUERY_RANKS])
		return NULL;
	query = queue->first;
	queue->first = query->next;
	if (!queue->first)
		queue->last = NULL;
	query->is_queued = false;
	return query;
}

static void leave_queue(struct queries *queries, struct query *query)
{
	struct query_queue *queue = &queries->queues[query->rank];
	struct query **link = &queue->first, *before = NULL;

	if (!query->is_queued)
		return;
	while (*link != query) {
		before = *link;
		link = &before->next;
	}
	*link = query->next;
	if (queue->last == query)
		queue->last = before;
	query->is_queued = false;
}

static void forget(struct queries *queries, struct query *query)
{
	leave_queue(queries, query);
	timer_stop(queries->timers, &query->timer);
	map_del(&queries->map, &query->node);
	queries->addresses -= query->is_address && !query->is_late;
	free(query->key);
	free(query);
}

static void send_one(struct queries *queries, struct query *query, uint64_t now)
{
	uint64_t pause = queries->options.retry << query->attempts;
	char exploded[RECORD_TEXT];
	const char *text = query->key;

	if (query->is_exploded && record_exploded(query->key, exploded))
		text = exploded;
	query->attempts++;
	queries->sent++;
	timer_set(queries->timers, &query->timer,
		  smaller(now + pause, query->deadline));
	queries->ops->send(queries->data, text, query->is_address);
}

static void earn(struct queries *queries, uint64_t now)
{
	uint64_t most = queries->options.rate * CREDIT;

	/* A rate of one a second is one credit a millisecond. */
	queries->credit =
		smaller(most, queries->credit + (now - queries->credited) *
							queries->options.rate);
	queries->credited = now;
}

/* Send what may be sent, and come back for the rest. */
static void pump(struct queries *queries, uint64_t now)
{
	struct query *query;
	uint64_t wait;

	if (!queries->connected)
		return;
	earn(queries, now);
	while (queries->credit >= CREDIT) {
		query = dequeue(queries);
		if (!query)
			return;
		queries->credit -= CREDIT;
		send_one(queries, query, now);
	}
	wait = (CREDIT - queries->credit) / queries->options.rate + 1;
	if (!queries->turn.place)
		timer_set(queries->timers, &queries->turn, now + wait);
}

static void fire_turn(struct timer *timer, uint64_t now)
{
	pump(map_entry(timer, struct queries, turn), now);
}

static void fire_query(struct timer *timer, uint64_t now)
{
	struct query *query = map_entry(timer, struct query, timer);
	struct queries *queries = query->owner;

	if (query->is_late) {
		forget(queries, query);
		return;
	}
	if (now < query->deadline) {
		timer_set(queries->timers, &query->timer, query->deadline);
		enqueue(queries, query);
		pump(queries, now);
		return;
	}
	leave_queue(queries, query);
	query->is_late = true;
	queries->addresses -= query->is_address;
	queries->failed++;
	timer_set(queries->timers, &query->timer, now + LATE_TIME);
	queries->ops->failed(queries->data, query->key, query->is_address, now);
}

static void begin(struct queries *queries, struct query *query, uint64_t now)
{
	queries->addresses += query->is_address && query->is_late;
	query->is_late = false;
	query->begun = now;
	query->deadline = now + queries->options.timeout;
	query->attempts = 0;
	query->again = false;
	timer_set(queries->timers, &query->timer, query->deadline);
	enqueue(queries, query);
	pump(queries, now);
}

/* It is late until it begins. */
static struct query *query_new(struct queries *queries, const char *key,
			       bool is_address)
{
	struct query *query = mem_zero(sizeof(*query));

	query->key = mem_text(key);
	query->node.key = query->key;
	query->timer.fire = fire_query;
	query->owner = queries;
	query->is_address = is_address;
	query->is_late = true;
	map_put(&queries->map, &query->node);
	return query;
}

/* One that waits for its turn goes on to those who are in a hurry. */
static void hurry(struct queries *queries, struct query *query)
{
	bool was_queued = query->is_queued;

	if (query->rank == QUERY_URGENT)
		return;
	leave_queue(queries, query);
	query->rank = QUERY_URGENT;
	if (was_queued)
		enqueue(queries, query);
}

void queries_ask(struct queries *queries, const char *key, bool is_address,
		 enum query_rank rank, uint64_t now)
{
	struct query *query = find(queries, key);

	if (!query)
		query = query_new(queries, key, is_address);
	if (query->is_late) {
		query->rank = rank;
		query->is_exploded = false;
		begin(queries, query, now);
	} else if (rank == QUERY_URGENT) {
		hurry(queries, query);
		pump(queries, now);
	}
}

void queries_ask_anew(struct queries *queries, const char *job, uint64_t now)
{
	struct query *query = queries_get(queries, job);

	if (query && query->attempts)
		query->again = true;
	else
		queries_ask(queries, job, false, QUERY_URGENT, now);
}

struct query *queries_get(const struct queries *queries, const char *key)
{
	struct query *query = find(queries, key);

	return query && !query->is_late ? query : NULL;
}

bool queries_is_late(const struct queries *queries, const char *key)
{
	struct query *query = find(queries, key);

	return query && query->is_late;
}

void queries_answer(struct queries *queries, struct query *query, uint64_t now)
{
	queries->answered++;
	leave_queue(queries, query);
	if (!query->again) {
		forget(queries, query);
		return;
	}
	query->rank = QUERY_URGENT;
	begin(queries, query, now);
}

bool queries_deny(struct queries *queries, struct query *query,
		  const char *text, uint64_t now)
{
	char exploded[RECORD_TEXT];
	const char *asked = query->key;
	bool has_other;

	has_other = query->is_address &&
		    record_exploded(query->key, exploded) &&
		    strcmp(exploded, query->key);
	if (query->is_exploded)
		asked = exploded;
	if (text && *text && strcmp(text, asked))
		return false;
	if (!has_other || query->is_exploded) {
		queries_answer(queries, query, now);
		return true;
	}
	/* Clusters compare addresses as texts, and were given this by people. */
	query->is_exploded = true;
	begin(queries, query, now);
	return false;
}

void queries_connect(struct queries *queries, uint64_t now)
{
	struct map_node *node, *after;
	struct query *query;

	queries->connected = true;
	map_for_each(&queries->map, node, after)
	{
		query = map_entry(node, struct query, node);
		query->attempts = 0;
		if (!query->is_late)
			enqueue(queries, query);
	}
	pump(queries, now);
}

void queries_disconnect(struct queries *queries)
{
	struct map_node *node, *after;
	struct query *query;

	queries->connected = false;
	timer_stop(queries->timers, &queries->turn);
	map_for_each(&queries->map, node, after)
	{
		query = map_entry(node, struct query, node);
		if (!query->is_late)
			timer_set(queries->timers, &query->timer,
				  query->deadline);
	}
}

void queries_init(struct queries *queries, uint64_t now)
{
	queries->turn.fire = fire_turn;
	queries->credit = queries->options.rate * CREDIT;
	queries->credited = now;
}

void queries_uninit(struct queries *queries)
{
	struct map_node *node, *after;

	timer_stop(queries->timers, &queries->turn);
	map_for_each(&queries->map, node, after)
		forget(queries, map_entry(node, struct query, node));
	map_uninit(&queries->map);
}
