/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Interests that were given back lately. A question and a removal are promised
 * to the broker in different ways and can overtake each other on their way: the
 * broker has a removal once it came back to us, and only what is asked after
 * that registers an interest for sure.
 */
#ifndef _OZP_OZPROXYD_REMOVAL_H
#define _OZP_OZPROXYD_REMOVAL_H

#include <stdbool.h>
#include "map.h"
#include "timers.h"

/**
 * struct removals - All of them; zeroed and with @timers there is none.
 * @map: by name of the job
 * @timers: where they end
 */
struct removals {
	struct map map;
	struct timers *timers;
};

/** removals_note() - Say that one is on its way. */
void removals_note(struct removals *removals, const char *job, uint64_t now);

/**
 * removals_heard() - One was said on the broker.
 * Return: it was ours that came back.
 */
bool removals_heard(struct removals *removals, const char *job, uint64_t now);

/**
 * removals_pause() - Has the broker still to tell of one?
 * @removals: all of them
 * @job: the job
 *
 * Each time it takes longer: a broker that lets nobody read that never tells.
 *
 * Return: ms after which to ask for the job again, or 0: it has told of all.
 */
uint64_t removals_pause(struct removals *removals, const char *job);

/**
 * removals_precede() - Was a question asked after the broker had all removals?
 * @removals: all of them
 * @job: the job
 * @begun: when it was asked
 */
bool removals_precede(const struct removals *removals, const char *job,
		      uint64_t begun);

/**
 * removals_disconnect() - None gets there, and none comes back, for a while.
 *
 * The broker is told of them when it is there again, however long that takes.
 */
void removals_disconnect(struct removals *removals);

/** removals_connect() - It is there again. */
void removals_connect(struct removals *removals, uint64_t now);

/** removals_uninit() - Forget all. */
void removals_uninit(struct removals *removals);

#endif /* _OZP_OZPROXYD_REMOVAL_H */
