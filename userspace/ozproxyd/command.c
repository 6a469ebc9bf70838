// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "command.h"
#include <string.h>

static bool print(json_t *json, size_t flags, FILE *out)
{
	json_dumpf(json, out, flags);
	fputc('\n', out);
	json_decref(json);
	return true;
}

static bool show_status(const struct command_around *around, FILE *out)
{
	json_t *status = status_json(around->helper, &around->status);

	status_text(out, status);
	json_decref(status);
	return true;
}

static bool declare(const struct command_around *around, const char *job,
		    bool is_here, FILE *out)
{
	int err;

	if (!topic_is_word(job, OZPROXY_NAME_MAX)) {
		fprintf(out, "'%s' cannot be the name of a job\n", job);
		return false;
	}
	if (!around->saver) {
		fprintf(out, "%s: there is no broker, and so nobody to ask\n",
			job);
		return false;
	}
	if (!interests_declare(&around->helper->interests, job, is_here,
			       around->status.now)) {
		fprintf(out, "%s: it is none of the jobs of this node\n", job);
		return false;
	}
	/* Who is told "ok" relies on it. */
	err = saver_local_now(around->saver);
	if (err)
		fprintf(out,
			"%s: it is so until the end of this helper, as it "
			"cannot be saved in %s: %s\n",
			job, around->state_dir, strerror(-err));
	return !err;
}

bool command_run(const struct command_around *around, const char *line,
		 FILE *out)
{
	if (!strcmp(line, "status"))
		return show_status(around, out);
	if (!strcmp(line, "status json"))
		return print(status_json(around->helper, &around->status),
			     JSON_INDENT(1), out);
	if (!strcmp(line, "local show"))
		return print(status_jobs(around->helper), JSON_COMPACT, out);
	if (!strncmp(line, "local add ", 10))
		return declare(around, line + 10, true, out);
	if (!strncmp(line, "local del ", 10))
		return declare(around, line + 10, false, out);
	fprintf(out, "there is no command '%s'\n", line);
	return false;
}
