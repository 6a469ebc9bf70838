// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ask.h"
#include "emit.h"
#include "ozctl.h"

/* Use up "socket FILE" if it is there, and ask. The text is to be freed. */
static enum status ask(struct ozctl *ctl, const char *line, char **text)
{
	const char *path = ASK_SOCKET;
	enum status status;
	int err;

	if (take_if(ctl, "socket")) {
		path = take_word(ctl);
		if (!path)
			return usage(ctl, "say which file after 'socket'");
	}
	status = take_end(ctl);
	if (status)
		return status;
	err = ask_helper(path, line, text);
	if (!err)
		return STATUS_OK;
	if (*text) {
		(*text)[strcspn(*text, "\n")] = '\0';
		status = refused(ctl, "%s", *text);
		free(*text);
		return status;
	}
	return refused(ctl, "%s: %s: %s", path, strerror(-err),
		       err == -EACCES ? "root and its group may ask" :
					"ozproxyd does not run there");
}

static enum status declare(struct ozctl *ctl)
{
	const char *job = take_word(ctl);
	enum status status;
	char line[256], *text;

	if (!job)
		return usage(ctl, "say which job: 'ozctl local %s JOB'",
			     ctl->verb);
	if (strlen(job) > OZPROXY_NAME_MAX || strchr(job, '\n'))
		return usage(ctl, "'%.64s' cannot be the name of a job", job);
	snprintf(line, sizeof(line), "local %s %s", ctl->verb, job);
	status = ask(ctl, line, &text);
	if (!status)
		free(text);
	return status;
}

static void text_jobs(const json_t *jobs)
{
	struct table table = {
		.columns = { { .title = "job" }, { .title = "because" } },
		.n_columns = 2,
		.indent = "",
	};
	const json_t *job;
	size_t i;

	json_array_foreach(jobs, i, job) table_row(
		&table,
		(const char *[]){
			json_string_value(json_object_get(job, "name")),
			json_string_value(json_object_get(job, "kind")) });
	if (table.n_rows)
		table_print(&table, stdout);
}

static enum status local_show(struct ozctl *ctl)
{
	enum status status;
	json_t *jobs;
	char *text;

	status = ask(ctl, "local show", &text);
	if (status)
		return status;
	jobs = json_loads(text, 0, NULL);
	if (!json_is_array(jobs))
		status = refused(ctl, "ozproxyd said something else: %.64s",
				 text);
	else if (ctl->json)
		fputs(text, stdout);
	else
		text_jobs(jobs);
	json_decref(jobs);
	free(text);
	return status;
}

static const struct verb verbs[] = {
	{ "show", "[socket FILE]",
	  "Shows the jobs that have instances on this node, and why that is\n"
	  "      known: local (an answer said so), announced, declared.",
	  local_show },
	{ "add", "JOB [socket FILE]",
	  "Says that a job has instances here: the helper asks the cluster for\n"
	  "      it, and goes on to do so.",
	  declare },
	{ "del", "JOB [socket FILE]", "Says that no more.", declare },
	{}
};

const struct noun local_noun = {
	.name = "local",
	.help = "jobs with instances on this node, as ozproxyd knows them",
	.notes = "ozproxyd is asked on its socket, " ASK_SOCKET ".\n",
	.verbs = verbs,
};
