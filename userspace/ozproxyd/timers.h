/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Things to do later. The time is handed in, in milliseconds of any clock that
 * never goes back, so that tests have one of their own.
 */
#ifndef _OZP_OZPROXYD_TIMERS_H
#define _OZP_OZPROXYD_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/** TIMERS_NEVER - No time at all. */
#define TIMERS_NEVER UINT64_MAX

/**
 * struct timer - One thing to do; zeroed and with @fire it does not run.
 * @at: when
 * @place: where it is in the heap, from 1; 0: it does not run
 * @fire: does it; the timer does not run any more then, and may be set again
 */
struct timer {
	uint64_t at;
	size_t place;
	void (*fire)(struct timer *timer, uint64_t now);
};

/**
 * struct timers - A heap; zeroed it is an empty one.
 * @heap: the timers, each not later than its two children
 * @count: how many run
 * @room: for how many there is memory
 * @seed: state of timers_jitter()
 */
struct timers {
	struct timer **heap;
	size_t count;
	size_t room;
	uint64_t seed;
};

/** timer_set() - Let it fire at a time, instead of another one, if any. */
void timer_set(struct timers *timers, struct timer *timer, uint64_t at);

/** timer_stop() - Let it not fire. */
void timer_stop(struct timers *timers, struct timer *timer);

/** timers_next() - When the next one fires, or TIMERS_NEVER. */
uint64_t timers_next(const struct timers *timers);

/**
 * timers_run() - Fire those whose time has come.
 * @timers: the heap
 * @now: the time
 *
 * One that is set by another to a time that has come waits for the next call.
 */
void timers_run(struct timers *timers, uint64_t now);

/**
 * timers_jitter() - A time that is not the same on every node.
 * @timers: whose seed is used and changed
 * @ms: the mean
 *
 * Return: something from 80 % to 120 % of @ms.
 */
uint64_t timers_jitter(struct timers *timers, uint64_t ms);

/** timers_uninit() - Free the heap. */
void timers_uninit(struct timers *timers);

#endif /* _OZP_OZPROXYD_TIMERS_H */
