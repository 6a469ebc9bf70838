/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Looking up a host's name without waiting for it.
 */
#ifndef _OZP_OZPROXYD_RESOLVE_H
#define _OZP_OZPROXYD_RESOLVE_H

struct ev_loop;
struct resolve;

/**
 * resolve_start() - Look a name up.
 * @loop: where it runs
 * @host: the name
 * @done: called once, from the loop, with NULL or with why it failed
 * @data: for @done
 *
 * What it looks up is not told: the name servers are known to answer then, and
 * a look-up that does wait will not wait for long.
 *
 * Return: the look-up, which ends with resolve_stop(); NULL when it cannot even
 * begin.
 */
struct resolve *resolve_start(struct ev_loop *loop, const char *host,
			      void (*done)(void *data, const char *error),
			      void *data);

/** resolve_stop() - Look no more, or no longer keep what was; NULL is nothing. */
void resolve_stop(struct resolve *resolve);

#endif /* _OZP_OZPROXYD_RESOLVE_H */
