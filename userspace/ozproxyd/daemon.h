/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * The helper between its device, its broker and its files.
 */
#ifndef _OZP_OZPROXYD_DAEMON_H
#define _OZP_OZPROXYD_DAEMON_H

#include "config.h"

struct ev_loop;
struct daemon;

/**
 * daemon_start() - Begin to serve.
 * @loop: where it runs
 * @config: the options; are kept
 *
 * Return: all of it, or NULL after an error message.
 */
struct daemon *daemon_start(struct ev_loop *loop, const struct config *config);

/** daemon_reload() - Read the table file again. */
void daemon_reload(struct daemon *daemon);

/** daemon_stop() - Save what is to be saved and let go; NULL is nothing. */
void daemon_stop(struct daemon *daemon);

#endif /* _OZP_OZPROXYD_DAEMON_H */
