/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Files that outlive the helper, and the machine's next boot.
 */
#ifndef _OZP_OZPROXYD_STORE_H
#define _OZP_OZPROXYD_STORE_H

#include "interest.h"

/** STORE_FILE - Where the table is. */
#define STORE_FILE "table.json"

/**
 * store_lock() - Have the directory for oneself, until the end of the program.
 * @directory: which; made if it is not there
 *
 * Return: what to close, or a negative errno; -EWOULDBLOCK when somebody else
 * has it.
 */
int store_lock(const char *directory);

/**
 * store_write() - Replace a file, so that at any moment it is old or new.
 * @directory: where; made if it is not there
 * @name: which
 * @text: what
 * @len: how much
 *
 * It waits until the disk has it, and may be called by a thread.
 *
 * Return: 0 or a negative errno.
 */
int store_write(const char *directory, const char *name, const char *text,
		size_t len);

/** store_compose() - The table as a table file, to be freed. */
char *store_compose(const struct interests *interests);

/** store_load() - What was known when the table was saved last. */
void store_load(const char *directory, struct interests *interests,
		uint64_t now);

#endif /* _OZP_OZPROXYD_STORE_H */
