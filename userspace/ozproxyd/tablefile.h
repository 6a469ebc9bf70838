/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * A file of table-query results, and the watch over it.
 */
#ifndef _OZP_OZPROXYD_TABLEFILE_H
#define _OZP_OZPROXYD_TABLEFILE_H

#include <stddef.h>
#include "ozproxy.h"

struct ev_loop;
struct tablefile;

/** TABLEFILE_ERROR - Room for a sentence about what is wrong in a file. */
#define TABLEFILE_ERROR 512

/**
 * struct tablefile_list - What is in a file.
 * @services: the services
 * @count: how many
 * @room: for how many there is memory
 */
struct tablefile_list {
	struct ozp_service *services;
	size_t count;
	size_t room;
};

/**
 * tablefile_read() - Read a file of answers.
 * @path: its name
 * @list: zeroed; tablefile_free() it, also after an error
 * @error: where a sentence goes, with the name of the file
 *
 * Return: 0; -ENOENT and others when it cannot be read, -EBADMSG when it is
 * not what it is to be, -EINVAL when something in it makes no sense.
 */
int tablefile_read(const char *path, struct tablefile_list *list, char *error);

/** tablefile_free() - Free what was read. */
void tablefile_free(struct tablefile_list *list);

/**
 * tablefile_watch() - Be told when a file was written or replaced.
 * @loop: where it runs
 * @path: its name
 * @changed: called some time later, when it does not change any more
 * @data: for @changed
 *
 * Return: the watch, or NULL after an error message.
 */
struct tablefile *tablefile_watch(struct ev_loop *loop, const char *path,
				  void (*changed)(void *data), void *data);

/** tablefile_unwatch() - No more; NULL is nothing. */
void tablefile_unwatch(struct tablefile *file);

#endif /* _OZP_OZPROXYD_TABLEFILE_H */
