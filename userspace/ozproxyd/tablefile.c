// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "tablefile.h"
#include <errno.h>
#include <ev.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "log.h"
#include "map.h"
#include "mem.h"
#include "names.h"
#include "ozproxy_service.h"
#include "record.h"
#include "result.h"
#include "topics.h"

/* Seconds without another change: editors write in steps. */
#define SETTLE 0.1

struct tablefile {
	struct ev_loop *loop;
	char *directory;
	char *name;
	void (*changed)(void *data);
	void *data;
	ev_io io;
	ev_timer settle;
};

/* Read all of a file, NULL with errno. */
static char *read_all(const char *path, size_t *len)
{
	size_t room = 64 * 1024;
	char *text = mem_need(malloc(room));
	FILE *file = fopen(path, "re");

	*len = 0;
	while (file) {
		*len += fread(text + *len, 1, room - *len, file);
		/* What is longer than can be read need not be read. */
		if (*len < room || room > OZP_RESULT_MAX)
			break;
		room *= 2;
		text = mem_need(realloc(text, room));
	}
	if (file && !ferror(file)) {
		fclose(file);
		return text;
	}
	if (file)
		fclose(file);
	free(text);
	return NULL;
}

struct reading {
	struct ozp_result_reader reader;
	struct tablefile_list *list;
	struct map names;
	struct map addresses;
	char wrong[TABLEFILE_ERROR]; /* the first of it */
};

/* An address, and in the list the service that has it. */
struct address {
	struct map_node node;
	size_t owner;
	char text[RECORD_TEXT];
};

static void take_address(const char *text, void *data)
{
	struct reading *reading = data;
	struct tablefile_list *list = reading->list;
	struct map_node *node = map_get(&reading->addresses, text);
	struct address *address;

	if (!node) {
		address = mem_zero(sizeof(*address));
		strcpy(address->text, text);
		address->node.key = address->text;
		address->owner = list->count;
		map_put(&reading->addresses, &address->node);
		return;
	}
	address = map_entry(node, struct address, node);
	if (address->owner != list->count)
		snprintf(reading->reader.error, sizeof(reading->reader.error),
			 "%s belongs to %.128s already", text,
			 list->services[address->owner].name);
}

/* Of two that both say something one would be ignored. */
static int check_others(struct reading *reading,
			const struct ozp_service *service)
{
	if (names_add(&reading->names, service->name))
		record_addresses(service, take_address, reading);
	else
		snprintf(reading->reader.error, sizeof(reading->reader.error),
			 "this job is there twice");
	return *reading->reader.error ? -EINVAL : 0;
}

static void forget_others(struct reading *reading)
{
	struct map_node *node, *after;

	map_for_each(&reading->addresses, node, after)
		free(map_entry(node, struct address, node));
	map_uninit(&reading->addresses);
	names_clear(&reading->names);
}

static int take_result(struct ozp_result *result, void *data)
{
	struct reading *reading = data;
	struct tablefile_list *list = reading->list;
	int err;

	/* A job without an instance is as good as none. */
	if (result->is_negative)
		return 0;
	if (!topic_is_word(result->service.name, OZPROXY_NAME_MAX)) {
		snprintf(reading->reader.error, sizeof(reading->reader.error),
			 "'%.64s' cannot be the name of a job",
			 result->service.name);
		return -EINVAL;
	}
	err = check_others(reading, &result->service);
	if (err)
		return err;
	list->services = mem_grow(list->services, list->count, &list->room,
				  sizeof(*list->services));
	list->services[list->count++] = result->service;
	memset(&result->service, 0, sizeof(result->service));
	return 0;
}

static void take_note(enum ozp_result_kind kind, const char *text, void *data)
{
	struct reading *reading = data;

	if (kind != OZP_RESULT_WRONG)
		log_news(text);
	else if (!*reading->wrong)
		snprintf(reading->wrong, sizeof(reading->wrong), "%s", text);
}

int tablefile_read(const char *path, struct tablefile_list *list, char *error)
{
	struct reading reading = {
		.reader = {
			.result = take_result,
			.note = take_note,
			.data = &reading,
		},
		.list = list,
	};
	const char *why = reading.reader.error;
	size_t len;
	char *text;
	int err;

	*error = '\0';
	text = read_all(path, &len);
	if (!text) {
		err = -errno;
		snprintf(error, TABLEFILE_ERROR, "%s: %s", path,
			 strerror(-err));
		return err;
	}
	err = ozp_result_read(&reading.reader, text, len);
	free(text);
	forget_others(&reading);
	/* Who wrote the file did not mean that something be left out. */
	if (!err && *reading.wrong) {
		err = -EINVAL;
		why = reading.wrong;
	}
	if (err)
		snprintf(error, TABLEFILE_ERROR, "%.200s: %.300s", path,
			 *why ? why : strerror(-err));
	return err;
}

void tablefile_free(struct tablefile_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		ozp_service_free(&list->services[i]);
	free(list->services);
	memset(list, 0, sizeof(*list));
}

static void on_settled(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct tablefile *file = timer->data;

	(void)events;
	ev_timer_stop(loop, timer);
	file->changed(file->data);
}

/* The directory is watched: a file may be replaced by another. */
static void on_inotify(struct ev_loop *loop, ev_io *io, int events)
{
	char buffer[4096] __attribute__((aligned(8)));
	struct tablefile *file = io->data;
	const struct inotify_event *event;
	bool is_it = false;
	ssize_t size, at;

	(void)events;
	size = read(io->fd, buffer, sizeof(buffer));
	for (at = 0; at < size; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (void *)(buffer + at);
		is_it |= event->mask & IN_Q_OVERFLOW ||
			 (event->len && !strcmp(event->name, file->name));
	}
	if (!is_it)
		return;
	file->settle.repeat = SETTLE;
	ev_timer_again(loop, &file->settle);
}

static int watch_directory(const char *directory)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (inotify_add_watch(fd, directory,
			      IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

struct tablefile *tablefile_watch(struct ev_loop *loop, const char *path,
				  void (*changed)(void *data), void *data)
{
	struct tablefile *file = mem_zero(sizeof(*file));
	char *copy = mem_text(path);
	int fd;

	file->name = mem_text(basename(copy));
	free(copy);
	copy = mem_text(path);
	file->directory = mem_text(dirname(copy));
	free(copy);
	fd = watch_directory(file->directory);
	if (fd < 0) {
		log_error("%s cannot be watched: %s", file->directory,
			  strerror(-fd));
		free(file->name);
		free(file->directory);
		free(file);
		return NULL;
	}
	file->loop = loop;
	file->changed = changed;
	file->data = data;
	ev_init(&file->settle, on_settled);
	file->settle.data = file;
	ev_io_init(&file->io, on_inotify, fd, EV_READ);
	file->io.data = file;
	ev_io_start(loop, &file->io);
	return file;
}

void tablefile_unwatch(struct tablefile *file)
{
	if (!file)
		return;
	ev_timer_stop(file->loop, &file->settle);
	ev_io_stop(file->loop, &file->io);
	close(file->io.fd);
	free(file->name);
	free(file->directory);
	free(file);
}
