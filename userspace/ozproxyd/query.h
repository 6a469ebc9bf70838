/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Questions to the cluster that have no answer yet: one for a key at a time,
 * whoever asks for it, repeated until an answer comes or the deadline.
 *
 * A cluster that is slow is not made slower. While answers come to what was
 * asked before a question, that is not lost but in line, and is not repeated.
 * And of the questions that nobody waits for only some are on their way at once,
 * so that one that somebody waits for has few before it.
 */
#ifndef _OZP_OZPROXYD_QUERY_H
#define _OZP_OZPROXYD_QUERY_H

#include <stdbool.h>
#include "map.h"
#include "timers.h"

/**
 * struct query_options - How patient and how loud.
 * @timeout: milliseconds until the deadline
 * @retry: milliseconds until it is asked for the second time; then doubled
 * @rate: questions a second, and how many at once before that counts
 * @negative: milliseconds for which the kernel remembers that nobody has an
 *   address
 */
struct query_options {
	uint64_t timeout;
	uint64_t retry;
	uint64_t rate;
	uint64_t negative;
};

/** enum query_rank - What goes first when there is too much to ask. */
enum query_rank {
	QUERY_URGENT, /* a packet waits, or something changed */
	QUERY_ROUTINE,
};

/**
 * struct query - A question.
 * @node: in queries.map
 * @timer: for the next attempt or the deadline
 * @owner: all of them
 * @next: the one behind it in the queue
 * @key: an address in canonical text, or the name of a job
 * @is_address: which
 * @is_exploded: nobody has the canonical text: asked in the other spelling
 * @is_queued: it waits for its turn
 * @is_late: the deadline passed; kept for a while to know its answer by
 * @is_flying: it is one of those that are counted in queries.flying
 * @again: when it is answered, ask once more: the answer may be older than what
 *   the question is about
 * @rank: what it goes before
 * @begun: when it was asked for first
 * @denied: until then the kernel knows that nobody has the address
 * @deadline: when it is given up; TIMERS_NEVER: it has to be sent before
 * @attempts: how often it was sent
 * @number: of the last time, among all that was sent
 */
struct query {
	struct map_node node;
	struct timer timer;
	struct queries *owner;
	struct query *next;
	char *key;
	bool is_address;
	bool is_exploded;
	bool is_queued;
	bool is_late;
	bool is_flying;
	bool again;
	enum query_rank rank;
	uint64_t begun;
	uint64_t denied;
	uint64_t deadline;
	unsigned int attempts;
	uint64_t number;
};

/**
 * struct query_ops - What a question leads to.
 * @send: ask the cluster; @text is the key in the spelling to be used
 * @failed: the deadline passed; the question is over when this is called
 */
struct query_ops {
	void (*send)(void *data, const char *text, bool is_address);
	void (*failed)(void *data, const char *key, bool is_address,
		       uint64_t now);
};

/** struct query_queue - Those that wait for their turn, first come first. */
struct query_queue {
	struct query *first;
	struct query *last;
};

/**
 * struct queries - All questions.
 * @map: by key
 * @addresses: how many of them ask for an address and are not late
 * @timers: where their timers run
 * @options: how they are asked
 * @ops: what they lead to
 * @data: for @ops
 * @connected: somebody can be asked
 * @urgent: those to be sent that somebody waits for
 * @repeated: those of QUERY_ROUTINE to be sent again
 * @routine: those of QUERY_ROUTINE that were not sent yet
 * @flying: how many of QUERY_ROUTINE were sent and have no answer yet
 * @heard: the number of the last one that was answered
 * @heard_at: when there was an answer, to whatever; 0: not yet
 * @turn: fires when the next one may be sent
 * @credit: thousandths of questions that may be sent now
 * @credited: when that was so
 * @sent: attempts so far
 * @answered: questions that had an answer
 * @failed: questions that had none
 */
struct queries {
	struct map map;
	unsigned int addresses;
	struct timers *timers;
	struct query_options options;
	const struct query_ops *ops;
	void *data;
	bool connected;
	struct query_queue urgent;
	struct query_queue repeated;
	struct query_queue routine;
	unsigned int flying;
	uint64_t heard;
	uint64_t heard_at;
	struct timer turn;
	uint64_t credit;
	uint64_t credited;
	uint64_t sent;
	uint64_t answered;
	uint64_t failed;
};

/** queries_init() - Without any; @queries has timers, options, ops and data. */
void queries_init(struct queries *queries, uint64_t now);

/** queries_uninit() - Give all up without a word. */
void queries_uninit(struct queries *queries);

/**
 * queries_ask() - Ask, unless that is being done.
 * @queries: all of them
 * @key: an address in canonical text, or the name of a job
 * @is_address: which
 * @rank: what it goes before
 * @now: the time
 */
void queries_ask(struct queries *queries, const char *key, bool is_address,
		 enum query_rank rank, uint64_t now);

/**
 * queries_ask_anew() - Ask for a job about which something changed just now.
 *
 * Whatever was sent before may be answered with how it was: then it is asked
 * once more. Any number of changes until then are one.
 */
void queries_ask_anew(struct queries *queries, const char *job, uint64_t now);

/** queries_get() - The question for a key, or NULL. */
struct query *queries_get(const struct queries *queries, const char *key);

/** queries_is_late() - Was a key asked for lately, in vain? */
bool queries_is_late(const struct queries *queries, const char *key);

/**
 * queries_is_denied() - Was the answer no, a moment ago?
 *
 * The kernel announces what waits again and again: what of that is read after
 * the answer was given is older than the answer.
 */
bool queries_is_denied(const struct queries *queries, const char *address,
		       uint64_t now);

/** queries_hear() - There is an answer about a key, whoever asked, and when. */
void queries_hear(struct queries *queries, const char *key, uint64_t now);

/**
 * queries_answer() - A question has its answer, and is over.
 * @queries: all of them
 * @query: the question
 * @now: the time
 *
 * Or it begins again, when something changed since it was asked.
 */
void queries_answer(struct queries *queries, struct query *query, uint64_t now);

/**
 * queries_deny() - Nobody knows a key in the spelling that it was asked in.
 * @queries: all of them
 * @query: the question
 * @text: what the answer says that it was asked, or NULL
 * @now: the time
 *
 * Return: the question is over and the answer is no; false: it is asked in
 * another spelling now, or this was the answer for one that it was asked in
 * before.
 */
bool queries_deny(struct queries *queries, struct query *query,
		  const char *text, uint64_t now);

/** queries_connect() - Somebody can be asked: all begin again. */
void queries_connect(struct queries *queries, uint64_t now);

/** queries_disconnect() - Nobody can be asked; addresses wait for a while. */
void queries_disconnect(struct queries *queries);

#endif /* _OZP_OZPROXYD_QUERY_H */
