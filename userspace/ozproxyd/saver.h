/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * When what is known is written down: some time after it changed, not too often,
 * and again when that failed.
 */
#ifndef _OZP_OZPROXYD_SAVER_H
#define _OZP_OZPROXYD_SAVER_H

#include "interest.h"

struct ev_loop;
struct saver;

/**
 * saver_start() - Begin; nothing is written yet.
 * @loop: where it runs
 * @directory: where to; is kept
 * @interests: who knows it
 * @pause: ms between two times that the table is written, at least; what is
 *   written to is often a card that wears out
 */
struct saver *saver_start(struct ev_loop *loop, const char *directory,
			  struct interests *interests, uint64_t pause);

/** saver_load() - Let @interests know what was written, before all else. */
void saver_load(struct saver *saver);

/** saver_stop() - Write what is to be written, and end; NULL is nothing. */
void saver_stop(struct saver *saver);

/** saver_table() - The table is not what it was; NULL is nothing. */
void saver_table(struct saver *saver);

/** saver_local() - The jobs that are here are not what they were; likewise. */
void saver_local(struct saver *saver);

/**
 * saver_local_now() - Write the jobs that are here, at once.
 * Return: 0 or a negative errno; it is tried again then.
 */
int saver_local_now(struct saver *saver);

#endif /* _OZP_OZPROXYD_SAVER_H */
