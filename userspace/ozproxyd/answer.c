// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "answer.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "log.h"
#include "result.h"

/* An answer and who asked for it. */
struct answer {
	struct helper *helper;
	uint64_t now;
	uint64_t begun; /* of the last question that it answers; 0 for none */
	bool has_key;
	const char *key;
};

static void take_query(struct answer *answer, struct query *query)
{
	if (!query->attempts)
		return;
	if (query->begun > answer->begun)
		answer->begun = query->begun;
	queries_answer(&answer->helper->queries, query, answer->now);
}

static void answer_address(const char *address, void *data)
{
	struct answer *answer = data;
	struct query *query;

	query = queries_get(&answer->helper->queries, address);
	if (query)
		take_query(answer, query);
}

static void find_key(const char *address, void *data)
{
	struct answer *answer = data;

	answer->has_key |= !strcmp(address, answer->key);
}

/* Whether the answer is about what it says that it was asked. */
static bool is_consistent(struct answer *answer,
			  const struct ozp_result *result)
{
	char key[RECORD_TEXT];

	if (!topic_is_word(result->service.name, OZPROXY_NAME_MAX))
		return false;
	if (!*result->query)
		return true;
	if (!record_canonical(result->query, key))
		return !strcmp(result->query, result->service.name);
	answer->key = key;
	record_addresses(&result->service, find_key, answer);
	return answer->has_key;
}

/* Of a job that nobody here has to do with others may have asked. */
static bool is_ours(struct answer *answer, const struct ozp_result *result)
{
	struct helper *helper = answer->helper;
	char key[RECORD_TEXT];

	if (answer->begun ||
	    jobs_get(&helper->interests.jobs, result->service.name))
		return true;
	if (!*result->query)
		return queries_is_late(&helper->queries, result->service.name);
	if (!record_canonical(result->query, key))
		return queries_is_late(&helper->queries, result->query);
	return queries_is_late(&helper->queries, key);
}

static void deny_address(const char *address, void *data)
{
	struct helper *helper = data;

	helper->ops->deny(helper->data, address);
}

static void take_positive(struct answer *answer, struct ozp_result *result)
{
	struct helper *helper = answer->helper;
	static bool said, said_damaged;
	struct query *query;

	if (result->is_damaged) {
		log_once(&said_damaged, "%.64s: an answer is damaged: ignored",
			 result->service.name);
		return;
	}
	if (!is_consistent(answer, result)) {
		log_once(&said,
			 "an answer for '%.64s' is about '%.64s', which is "
			 "something else: ignored",
			 result->query, result->service.name);
		return;
	}
	query = queries_get(&helper->queries, result->service.name);
	if (query &&
	    (!*result->query || !strcmp(result->query, result->service.name)))
		take_query(answer, query);
	record_addresses(&result->service, answer_address, answer);
	if (!is_ours(answer, result)) {
		log_debug("%s: somebody else asked for it",
			  result->service.name);
		return;
	}
	/* What packets wait for is not answered by what the kernel refused. */
	if (!interests_answer(&helper->interests, &result->service,
			      answer->begun, answer->now))
		record_addresses(&result->service, deny_address, helper);
}

/* The only address that is asked for, or NULL. */
static struct query *only_address(const struct queries *queries)
{
	struct map_node *node, *after;
	struct query *query;

	if (queries->addresses != 1)
		return NULL;
	map_for_each(&queries->map, node, after)
	{
		query = map_entry(node, struct query, node);
		if (query->is_address && !query->is_late)
			return query;
	}
	return NULL;
}

static void take_negative(struct answer *answer,
			  const struct ozp_result *result)
{
	const char *asked = *result->query ? result->query :
					     result->service.name;
	struct helper *helper = answer->helper;
	char address[RECORD_TEXT];
	struct query *query;
	uint64_t begun;

	if (!*asked)
		query = only_address(&helper->queries);
	else if (record_canonical(asked, address))
		query = queries_get(&helper->queries, address);
	else
		query = queries_get(&helper->queries, asked);
	if (!query || !query->attempts)
		return;
	if (!query->is_address) {
		begun = query->begun;
		queries_answer(&helper->queries, query, answer->now);
		interests_empty(&helper->interests, asked, begun, answer->now);
		return;
	}
	snprintf(address, sizeof(address), "%s", query->key);
	if (queries_deny(&helper->queries, query, result->query, answer->now)) {
		log_debug("%s: nobody has it", address);
		helper->ops->deny(helper->data, address);
	}
}

/* Also what comes too late, or for nobody, tells how far the cluster came. */
static void note_progress(const struct answer *answer,
			  const struct ozp_result *result)
{
	struct queries *queries = &answer->helper->queries;
	char address[RECORD_TEXT];

	if (!*result->query)
		queries_hear(queries, result->service.name, answer->now);
	else if (record_canonical(result->query, address))
		queries_hear(queries, address, answer->now);
	else
		queries_hear(queries, result->query, answer->now);
}

static int take_result(struct ozp_result *result, void *data)
{
	struct answer answer = *(const struct answer *)data;

	note_progress(&answer, result);
	if (result->is_negative)
		take_negative(&answer, result);
	else
		take_positive(&answer, result);
	return 0;
}

static void take_note(enum ozp_result_kind kind, const char *text, void *data)
{
	(void)data;
	if (kind == OZP_RESULT_EARLY)
		log_debug("%s", text);
	else
		log_news(text);
}

void answer_read(struct helper *helper, const char *payload, size_t len,
		 uint64_t now)
{
	static bool said_bad, said_large, said_other;
	struct answer answer = { .helper = helper, .now = now };
	struct ozp_result_reader reader = {
		.result = take_result,
		.note = take_note,
		.data = &answer,
	};
	int err = -E2BIG;

	if (len <= ANSWER_MAX)
		err = ozp_result_read(&reader, payload, len);
	else
		snprintf(reader.error, sizeof(reader.error), "it has %zu bytes",
			 len);
	if (err == -E2BIG)
		log_once(&said_large, "an answer is too large: %s: ignored",
			 reader.error);
	else if (err == -EBADMSG)
		log_once(&said_bad, "an answer is not readable: %s: ignored",
			 reader.error);
	else if (err)
		log_once(&said_other, "an answer is of no use: %s: ignored",
			 *reader.error ? reader.error : strerror(-err));
}
