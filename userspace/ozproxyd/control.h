/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * The socket on which the running helper is asked. A client sends a line and
 * gets a line, "ok" or a sentence about what is wrong, and after "ok" the rest.
 */
#ifndef _OZP_OZPROXYD_CONTROL_H
#define _OZP_OZPROXYD_CONTROL_H

#include <stdbool.h>
#include <stdio.h>

struct control;
struct ev_loop;

/**
 * control_start() - Listen.
 * @loop: where it runs
 * @path: of the socket; its directory is made if it is not there
 * @answer: called with each line: writes to @out what follows "ok", or returns
 *   false after writing a sentence
 * @data: for @answer
 *
 * Return: the socket, or NULL after a warning.
 */
struct control *control_start(struct ev_loop *loop, const char *path,
			      bool (*answer)(void *data, const char *line,
					     FILE *out),
			      void *data);

/** control_is_served() - Does a helper answer there already? */
bool control_is_served(const char *path);

/** control_stop() - Listen no more; NULL is nothing. */
void control_stop(struct control *control);

#endif /* _OZP_OZPROXYD_CONTROL_H */
