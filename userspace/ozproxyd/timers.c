// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "timers.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"

/* Places count from 1: the parent of n is n / 2. */
static struct timer **slot(const struct timers *timers, size_t place)
{
	return &timers->heap[place - 1];
}

static void put(struct timers *timers, struct timer *timer, size_t place)
{
	*slot(timers, place) = timer;
	timer->place = place;
}

static void move_up(struct timers *timers, struct timer *timer, size_t place)
{
	struct timer *parent;

	while (place > 1) {
		parent = *slot(timers, place / 2);
		if (parent->at <= timer->at)
			break;
		put(timers, parent, place);
		place /= 2;
	}
	put(timers, timer, place);
}

static void move_down(struct timers *timers, struct timer *timer, size_t place)
{
	struct timer *child;
	size_t below;

	while ((below = 2 * place) <= timers->count) {
		if (below < timers->count &&
		    (*slot(timers, below + 1))->at < (*slot(timers, below))->at)
			below++;
		child = *slot(timers, below);
		if (child->at >= timer->at)
			break;
		put(timers, child, place);
		place = below;
	}
	put(timers, timer, place);
}

void timer_set(struct timers *timers, struct timer *timer, uint64_t at)
{
	timer_stop(timers, timer);
	timers->heap = mem_grow(timers->heap, timers->count, &timers->room,
				sizeof(*timers->heap));
	timer->at = at;
	move_up(timers, timer, ++timers->count);
}

void timer_stop(struct timers *timers, struct timer *timer)
{
	struct timer *last;
	size_t place = timer->place;

	if (!place)
		return;
	timer->place = 0;
	last = *slot(timers, timers->count--);
	if (last == timer)
		return;
	if (place > 1 && (*slot(timers, place / 2))->at > last->at)
		move_up(timers, last, place);
	else
		move_down(timers, last, place);
}

uint64_t timers_next(const struct timers *timers)
{
	return timers->count ? timers->heap[0]->at : TIMERS_NEVER;
}

void timers_run(struct timers *timers, uint64_t now)
{
	size_t most = timers->count;
	struct timer *timer;

	while (most-- && timers->count && timers->heap[0]->at <= now) {
		timer = timers->heap[0];
		timer_stop(timers, timer);
		timer->fire(timer, now);
	}
}

uint64_t timers_jitter(struct timers *timers, uint64_t ms)
{
	/* xorshift64; its state must not be 0. */
	uint64_t seed = timers->seed ?: 88172645463325252ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	timers->seed = seed;
	return ms - ms / 5 + seed % (2 * (ms / 5) + 1);
}

void timers_uninit(struct timers *timers)
{
	free(timers->heap);
	memset(timers, 0, sizeof(*timers));
}
