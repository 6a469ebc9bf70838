// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* Prints how many thousand times a second this processor's TSC counts. */

#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define TRIES 20
#define NSEC_PER_SEC 1000000000LL

struct instant {
	uint64_t tsc;
	int64_t nsec;
};

static int64_t now_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* Of several tries, the one that nothing interrupted between the two clocks. */
static struct instant look(void)
{
	struct instant best = { 0 };
	int64_t before, shortest = INT64_MAX;
	uint64_t tsc;
	int i;

	for (i = 0; i < TRIES; i++) {
		before = now_nsec();
		tsc = __rdtsc();
		if (now_nsec() - before >= shortest)
			continue;
		shortest = now_nsec() - before;
		best = (struct instant){ tsc, before };
	}
	return best;
}

int main(void)
{
	struct timespec pause = { .tv_nsec = NSEC_PER_SEC / 10 };
	struct instant first, last;

	first = look();
	nanosleep(&pause, NULL);
	last = look();
	printf("%.0f\n", (double)(last.tsc - first.tsc) * 1e6 /
				 (double)(last.nsec - first.nsec));
	return 0;
}
