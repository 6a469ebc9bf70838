// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "store.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "log.h"
#include "mem.h"
#include "ozproxy_service.h"
#include "tablefile.h"

static int write_all(int fd, const char *text, size_t len)
{
	ssize_t done;

	while (len) {
		done = write(fd, text, len);
		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			text += done;
			len -= (size_t)done;
		}
	}
	return 0;
}

/* Memory cards live longer when they are not told again what they know. */
static bool has_text(const char *path, const char *text, size_t len)
{
	char part[4096];
	size_t done = 0, count;
	FILE *file;

	file = fopen(path, "re");
	if (!file)
		return false;
	do {
		count = fread(part, 1, sizeof(part), file);
		if (count > len - done || memcmp(part, text + done, count))
			break;
		done += count;
	} while (count);
	fclose(file);
	return !count && done == len;
}

/* A new name is on the disk when its directory is. */
static int sync_directory(const char *directory)
{
	int fd, err;

	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fsync(fd) ? -errno : 0;
	close(fd);
	return err;
}

int store_write(const char *directory, const char *name, const char *text,
		size_t len)
{
	char path[PATH_MAX], next[PATH_MAX];
	int fd, err;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >=
		    (int)sizeof(path) ||
	    snprintf(next, sizeof(next), "%s/.%s.new", directory, name) >=
		    (int)sizeof(next))
		return -ENAMETOOLONG;
	if (has_text(path, text, len))
		return 0;
	mkdir(directory, 0750);
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, len);
	/* A name must not lead to what is not on the disk yet. */
	if (!err && fsync(fd))
		err = -errno;
	close(fd);
	if (!err && rename(next, path))
		err = -errno;
	if (err)
		unlink(next);
	return err ?: sync_directory(directory);
}

int store_lock(const char *directory)
{
	int fd, err;

	mkdir(directory, 0750);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

char *store_compose(const struct interests *interests)
{
	json_t *list = mem_need(json_array());
	struct map_node *node, *after;
	const struct job *job;
	char *text;

	map_for_each(&interests->jobs.names, node, after)
	{
		job = map_entry(node, struct job, node);
		if (job->is_known && !job->is_static && job->service.n_instance)
			json_array_append_new(list, record_json(&job->service));
	}
	text = mem_need(json_dumps(list, JSON_INDENT(1)));
	json_decref(list);
	return text;
}

void store_load(const char *directory, struct interests *interests,
		uint64_t now)
{
	struct tablefile_list list = {};
	char path[PATH_MAX], error[TABLEFILE_ERROR];
	size_t i;
	int err;

	snprintf(path, sizeof(path), "%s/%s", directory, STORE_FILE);
	err = tablefile_read(path, &list, error);
	if (err == -ENOENT)
		return;
	if (err)
		log_warning("%s: ignored", error);
	for (i = 0; i < list.count && !err; i++)
		interests_restore(interests, &list.services[i], now);
	if (!err)
		log_info("%zu services known from %s", list.count, path);
	tablefile_free(&list);
	malloc_trim(0);
}
