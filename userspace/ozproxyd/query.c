// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "query.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "record.h"

#define CREDIT 1000 /* of one question */

/* Questions of QUERY_ROUTINE on their way at once: with as many before it, one
 * that somebody waits for is answered in time by a cluster that can answer four
 * in a second.
 */
#define FLYING_MAX 16

/* Then the pause between two attempts does not grow any more. */
#define DOUBLINGS_MAX 20

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

/* What is repeated goes before what is not begun. */
static struct query_queue *queue_of(struct queries *queries,
				    const struct query *query)
{
	if (query->rank == QUERY_URGENT)
		return &queries->urgent;
	return query->is_flying ? &queries->repeated : &queries->routine;
}

static void enqueue(struct queries *queries, struct query *query)
{
	struct query_queue *queue = queue_of(queries, query);

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
	struct query_queue *queue = &queries->urgent;
	struct query *query;

	if (!queue->first)
		queue = &queries->repeated;
	if (!queue->first && queries->flying < FLYING_MAX)
		queue = &queries->routine;
	query = queue->first;
	if (!query)
		return NULL;
	queue->first = query->next;
	if (!queue->first)
		queue->last = NULL;
	query->is_queued = false;
	return query;
}

static void leave_queue(struct queries *queries, struct query *query)
{
	struct query_queue *queue = queue_of(queries, query);
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

/* It is neither on its way nor to be sent. */
static void land(struct queries *queries, struct query *query)
{
	leave_queue(queries, query);
	queries->flying -= query->is_flying;
	query->is_flying = false;
}

static void forget(struct queries *queries, struct query *query)
{
	land(queries, query);
	timer_stop(queries->timers, &query->timer);
	map_del(&queries->map, &query->node);
	queries->addresses -= query->is_address && !query->is_late;
	free(query->key);
	free(query);
}

/* Until the next attempt, after so many. */
static uint64_t pause_after(const struct queries *queries,
			    unsigned int attempts)
{
	return queries->options.retry
	       << smaller(attempts - (attempts > 0), DOUBLINGS_MAX);
}

static void send_one(struct queries *queries, struct query *query, uint64_t now)
{
	char exploded[RECORD_TEXT];
	const char *text = query->key;

	if (query->is_exploded && record_exploded(query->key, exploded))
		text = exploded;
	if (query->deadline == TIMERS_NEVER)
		query->deadline = now + queries->options.timeout;
	if (query->rank == QUERY_ROUTINE && !query->is_flying) {
		query->is_flying = true;
		queries->flying++;
	}
	query->attempts++;
	query->number = ++queries->sent;
	timer_set(queries->timers, &query->timer,
		  smaller(now + pause_after(queries, query->attempts),
			  query->deadline));
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

/* The cluster answers, and nothing yet that was asked after it. */
static bool is_in_line(const struct query *query, uint64_t lately, uint64_t now)
{
	const struct queries *queries = query->owner;

	return query->attempts && queries->heard_at &&
	       now - queries->heard_at < lately &&
	       queries->heard < query->number;
}

static void try_again(struct query *query, uint64_t now)
{
	struct queries *queries = query->owner;
	uint64_t pause = pause_after(queries, query->attempts);
	bool is_urgent = query->rank == QUERY_URGENT;
	bool is_overdue;

	/* The answers may be somebody else's: once it is repeated in any case. */
	is_overdue = is_urgent && query->attempts == 1 &&
		     now - query->begun >= queries->options.timeout / 2;
	if (!is_overdue &&
	    is_in_line(query, is_urgent ? pause : queries->options.timeout,
		       now)) {
		timer_set(queries->timers, &query->timer,
			  smaller(now + pause, query->deadline));
		return;
	}
	timer_set(queries->timers, &query->timer, query->deadline);
	enqueue(queries, query);
	pump(queries, now);
}

/* It is over, and kept for a while all the same. */
static void be_late(struct queries *queries, struct query *query, uint64_t time,
		    uint64_t now)
{
	land(queries, query);
	query->is_late = true;
	query->denied = now + queries->options.negative;
	queries->addresses -= query->is_address;
	timer_set(queries->timers, &query->timer, now + time);
}

static void fire_query(struct timer *timer, uint64_t now)
{
	struct query *query = map_entry(timer, struct query, timer);
	struct queries *queries = query->owner;

	if (query->is_late) {
		forget(queries, query);
		return;
	}
	/* Nobody is kept waiting by one that is answered later than it should. */
	if (query->rank == QUERY_ROUTINE &&
	    is_in_line(query, queries->options.timeout, now))
		query->deadline = now + queries->options.timeout;
	if (now < query->deadline) {
		try_again(query, now);
		return;
	}
	be_late(queries, query, LATE_TIME, now);
	queries->failed++;
	queries->ops->failed(queries->data, query->key, query->is_address, now);
	pump(queries, now);
}

static void set_deadline(struct queries *queries, struct query *query,
			 uint64_t now)
{
	query->deadline = now + queries->options.timeout;
	timer_set(queries->timers, &query->timer, query->deadline);
}

/* Its time begins when it is sent. */
static void wait_without_end(struct queries *queries, struct query *query)
{
	query->deadline = TIMERS_NEVER;
	timer_stop(queries->timers, &query->timer);
}

static void begin(struct queries *queries, struct query *query, uint64_t now)
{
	queries->addresses += query->is_address && query->is_late;
	query->is_late = false;
	query->begun = now;
	query->attempts = 0;
	query->again = false;
	land(queries, query);
	if (query->rank == QUERY_URGENT)
		set_deadline(queries, query, now);
	else
		wait_without_end(queries, query);
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
static void hurry(struct queries *queries, struct query *query, uint64_t now)
{
	bool was_queued = query->is_queued;

	if (query->rank == QUERY_URGENT)
		return;
	leave_queue(queries, query);
	query->rank = QUERY_URGENT;
	if (query->deadline == TIMERS_NEVER)
		set_deadline(queries, query, now);
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
		hurry(queries, query, now);
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

bool queries_is_denied(const struct queries *queries, const char *address,
		       uint64_t now)
{
	struct query *query = find(queries, address);

	return query && query->is_late && query->is_address &&
	       now < query->denied;
}

/* The number is that of the last attempt, although the answer may be to another
 * one: then what is in line waits a little less for its turn.
 */
void queries_hear(struct queries *queries, const char *key, uint64_t now)
{
	const struct query *query = find(queries, key);

	queries->heard_at = now;
	if (query && query->attempts && query->number > queries->heard)
		queries->heard = query->number;
}

void queries_answer(struct queries *queries, struct query *query, uint64_t now)
{
	queries->answered++;
	queries_hear(queries, query->key, now);
	if (query->again) {
		query->rank = QUERY_URGENT;
		begin(queries, query, now);
		return;
	}
	forget(queries, query);
	pump(queries, now);
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
		queries->answered++;
		queries_hear(queries, query->key, now);
		be_late(queries, query, queries->options.negative, now);
		pump(queries, now);
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
		land(queries, query);
		if (query->is_late)
			continue;
		if (query->rank == QUERY_ROUTINE)
			wait_without_end(queries, query);
		enqueue(queries, query);
	}
	queries->heard_at = 0;
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
		if (!query->is_late && query->deadline != TIMERS_NEVER)
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
