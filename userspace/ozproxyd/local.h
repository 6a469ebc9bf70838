/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What is here: the node's own address, and the jobs with instances on it, which
 * a helper that starts anew still has to know.
 */
#ifndef _OZP_OZPROXYD_LOCAL_H
#define _OZP_OZPROXYD_LOCAL_H

#include "interest.h"

/** LOCAL_FILE - Where the jobs are. */
#define LOCAL_FILE "jobs"

/** LOCAL_TEXT - Room for the addresses of a node. */
#define LOCAL_TEXT (2 * RECORD_TEXT + 4)

/**
 * local_find_own() - Where this node is.
 * @address: an address, or "auto": the source of the default routes
 * @port: of its tunnel
 * @own: where it goes; without addresses when there is no default route
 */
void local_find_own(const char *address, uint16_t port, struct own *own);

/** local_is_same_ip() - Are they the same address, or both none? */
bool local_is_same_ip(const struct ip *a, const struct ip *b);

/** local_is_same() - Are they the same node? */
bool local_is_same(const struct own *a, const struct own *b);

/** local_text() - The addresses for people; LOCAL_TEXT bytes. */
const char *local_text(const struct own *own, char *text);

/**
 * local_load() - Take the jobs over that were saved.
 * @directory: where
 * @interests: who wants to know
 * @now: the time
 *
 * Return: 0, also when none were, or a negative errno: they are there, but cannot
 * be read. It is complained about once.
 */
int local_load(const char *directory, struct interests *interests,
	       uint64_t now);

/** local_compose() - What there is to be saved, to be freed. */
char *local_compose(const struct interests *interests);

#endif /* _OZP_OZPROXYD_LOCAL_H */
