// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * The file of jobs, which people write, too: whatever is in it, what is saved
 * after that is read as what it was.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "helper.h"
#include "kernel.h"
#include "local.h"
#include "log.h"

static char directory[] = "/dev/shm/ozproxy-fuzz-XXXXXX";

static void path_of_jobs(char *path)
{
	snprintf(path, PATH_MAX, "%s/" LOCAL_FILE, directory);
}

static void leave(void)
{
	char path[PATH_MAX];

	path_of_jobs(path);
	unlink(path);
	rmdir(directory);
}

static void write_jobs(const void *text, size_t len)
{
	char path[PATH_MAX];
	FILE *file;

	path_of_jobs(path);
	file = fopen(path, "we");
	must(file);
	must(fwrite(text, 1, len, file) == len);
	must(!fclose(file));
}

static void changed(void *data)
{
	(void)data;
}

static void subscribe(void *data, const char *job)
{
	(void)data;
	must(topic_is_word(job, OZPROXY_NAME_MAX));
}

static const struct helper_ops ops = {
	.subscribe = subscribe,
	.unsubscribe = subscribe,
	.table_changed = changed,
	.local_changed = changed,
};

/* What a helper saves that begins with the file as it is. */
static char *life(void)
{
	struct helper helper = { .id = "n", .ops = &ops };
	char *text;

	helper.interests.has_cluster = true;
	helper.interests.options.refresh = 30000;
	helper.queries.options.rate = 100;
	helper_init(&helper, 1000);
	must(!local_load(directory, &helper.interests, 1000));
	text = local_compose(&helper.interests);
	helper_uninit(&helper);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_ready;
	char *first, *second;

	if (!is_ready) {
		is_ready = mkdtemp(directory);
		must(is_ready);
		atexit(leave);
		log_setup(LEVEL_ERROR);
	}
	write_jobs(data, size);
	first = life();
	write_jobs(first, strlen(first));
	second = life();
	/* Their order may be another one. */
	must(strlen(first) == strlen(second));
	free(first);
	free(second);
	return 0;
}
