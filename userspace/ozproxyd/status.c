// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "status.h"
#include <time.h>
#include "local.h"
#include "log.h"
#include "mem.h"

static json_t *number(uint64_t value)
{
	return mem_need(json_integer((json_int_t)value));
}

/* Why a job is here. */
static const char *kind_of(const struct job *job)
{
	if (job->is_local)
		return "local";
	if (job->is_declared)
		return "declared";
	if (job->is_announced)
		return "announced";
	return job->is_static ? "file" : "interest";
}

static json_t *json_job(const struct job *job, uint64_t now)
{
	json_t *json = mem_need(json_pack(
		"{s:s, s:s, s:i, s:b, s:b, s:b, s:o}", "name",
		job->service.name, "kind", kind_of(job), "instances",
		(int)job->service.n_instance, "registered", job->is_registered,
		"set", job->is_set, "foreign", interest_is_foreign(job), "age",
		number(now - job->since)));

	if (job->answered)
		json_object_set_new(json, "answered",
				    number(now - job->answered));
	return json;
}

static json_t *json_jobs(const struct helper *helper, uint64_t now)
{
	json_t *list = mem_need(json_array());
	struct map_node *node, *after;

	map_for_each(&helper->interests.jobs.names, node, after)
		json_array_append_new(
			list, json_job(map_entry(node, struct job, node), now));
	return list;
}

static json_t *json_queries(const struct queries *queries, uint64_t now)
{
	json_t *list = mem_need(json_array());
	const struct query *query;
	struct map_node *node, *after;

	map_for_each(&queries->map, node, after)
	{
		query = map_entry(node, struct query, node);
		if (query->is_late)
			continue;
		json_array_append_new(
			list,
			mem_need(json_pack("{s:s, s:o, s:i}", "key", query->key,
					   "age", number(now - query->begun),
					   "attempts", (int)query->attempts)));
	}
	return list;
}

static json_t *json_errors(void)
{
	json_t *list = mem_need(json_array()), *text;
	const struct log_line *line;
	unsigned int i;

	for (i = 0; (line = log_recent(i)); i++) {
		/* A line may end within a letter. */
		text = json_string(line->text) ?: json_null();
		json_array_append_new(
			list, mem_need(json_pack(
				      "{s:I, s:s, s:o}", "time",
				      (json_int_t)line->time, "level",
				      line->level == LEVEL_ERROR ? "error" :
								   "warning",
				      "text", text)));
	}
	return list;
}

static json_t *text_or_null(const char *text)
{
	return (text ? json_string(text) : NULL) ?: json_null();
}

json_t *status_json(const struct helper *helper,
		    const struct status_around *around)
{
	const struct queries *queries = &helper->queries;
	char own[LOCAL_TEXT];

	return mem_need(json_pack(
		"{s:s, s:o, s:{s:s, s:b, s:i}, s:{s:s, s:i}, s:{s:o, s:b},"
		" s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:o}",
		"version", OZP_VERSION, "uptime",
		number(around->now - around->started), "device", "name",
		around->device, "present", around->ifindex != 0, "ifindex",
		(int)around->ifindex, "node", "address",
		local_text(&helper->interests.own, own), "port",
		helper->interests.own.port, "broker", "host",
		text_or_null(around->broker), "connected", around->connected,
		"table", text_or_null(around->table), "counters", "sent",
		number(queries->sent), "answered", number(queries->answered),
		"unanswered", number(queries->failed), "jobs",
		json_jobs(helper, around->now), "queries",
		json_queries(queries, around->now), "errors", json_errors()));
}

json_t *status_jobs(const struct helper *helper)
{
	json_t *list = mem_need(json_array());
	struct map_node *node, *after;
	const struct job *job;

	map_for_each(&helper->interests.jobs.names, node, after)
	{
		job = map_entry(node, struct job, node);
		if (interest_is_hosted(job))
			json_array_append_new(
				list,
				mem_need(json_pack("{s:s, s:s}", "name",
						   job->service.name, "kind",
						   kind_of(job))));
	}
	return list;
}

static const char *text_of(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key)) ?: "none";
}

static json_int_t number_of(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static double seconds_of(const json_t *json, const char *key)
{
	return (double)number_of(json, key) / 1000;
}

static void text_jobs(FILE *out, const json_t *jobs)
{
	const json_t *job;
	size_t i;

	fprintf(out, "jobs      %zu\n", json_array_size(jobs));
	json_array_foreach(jobs, i, job)
	{
		fprintf(out, "  %s  %s, %lld instance%s, for %.1f s",
			text_of(job, "name"), text_of(job, "kind"),
			(long long)number_of(job, "instances"),
			number_of(job, "instances") == 1 ? "" : "s",
			seconds_of(job, "age"));
		if (json_object_get(job, "answered"))
			fprintf(out, ", answered %.1f s ago",
				seconds_of(job, "answered"));
		fprintf(out, "%s%s\n",
			json_is_true(json_object_get(job, "registered")) ?
				", registered" :
				"",
			json_is_true(json_object_get(job, "foreign")) ?
				", the kernel's is set by somebody else" :
				"");
	}
}

static void text_queries(FILE *out, const json_t *queries)
{
	const json_t *query;
	size_t i;

	fprintf(out, "queries   %zu\n", json_array_size(queries));
	json_array_foreach(queries, i, query)
		fprintf(out, "  %s  for %.1f s, asked %lld times\n",
			text_of(query, "key"), seconds_of(query, "age"),
			(long long)number_of(query, "attempts"));
}

static void text_errors(FILE *out, const json_t *errors)
{
	const json_t *error;
	char when[32];
	struct tm tm;
	time_t time;
	size_t i;

	fprintf(out, "errors    %zu\n", json_array_size(errors));
	json_array_foreach(errors, i, error)
	{
		time = (time_t)number_of(error, "time");
		strftime(when, sizeof(when), "%F %T", localtime_r(&time, &tm));
		fprintf(out, "  %s  %s: %s\n", when, text_of(error, "level"),
			text_of(error, "text"));
	}
}

void status_text(FILE *out, const json_t *status)
{
	const json_t *device = json_object_get(status, "device");
	const json_t *node = json_object_get(status, "node");
	const json_t *broker = json_object_get(status, "broker");
	const json_t *counters = json_object_get(status, "counters");

	fprintf(out, "ozproxyd  %s, up for %.1f s\n",
		text_of(status, "version"), seconds_of(status, "uptime"));
	fprintf(out, "device    %s, %s\n", text_of(device, "name"),
		json_is_true(json_object_get(device, "present")) ? "there" :
								   "not there");
	fprintf(out, "node      %s, port %lld\n", text_of(node, "address"),
		(long long)number_of(node, "port"));
	fprintf(out, "broker    %s%s\n", text_of(broker, "host"),
		json_is_null(json_object_get(broker, "host")) ?
			"" :
		json_is_true(json_object_get(broker, "connected")) ?
			", connected" :
			", not connected");
	fprintf(out, "table     %s\n", text_of(status, "table"));
	fprintf(out, "asked     %lld times, %lld answered, %lld in vain\n",
		(long long)number_of(counters, "sent"),
		(long long)number_of(counters, "answered"),
		(long long)number_of(counters, "unanswered"));
	text_jobs(out, json_object_get(status, "jobs"));
	text_queries(out, json_object_get(status, "queries"));
	text_errors(out, json_object_get(status, "errors"));
}
