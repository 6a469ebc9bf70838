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

/** RESOLVE_TEXT - Room for an address as text, with its scope. */
#define RESOLVE_TEXT 80

/**
 * resolve_start() - Look a name up.
 * @loop: where it runs
 * @host: the name
 * @turn: of several addresses it is this one's turn; any number
 * @done: called once, from the loop, with the address or with why there is none
 * @data: for @done
 *
 * Return: the look-up, which ends with resolve_stop(); NULL when it cannot even
 * begin.
 */
struct resolve *
resolve_start(struct ev_loop *loop, const char *host, unsigned int turn,
	      void (*done)(void *data, const char *address, const char *error),
	      void *data);

/** resolve_stop() - Look no more, or no longer keep what was; NULL is nothing. */
void resolve_stop(struct resolve *resolve);

#endif /* _OZP_OZPROXYD_RESOLVE_H */
