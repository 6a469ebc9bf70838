// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "saver.h"
#include <ev.h>
#include <stdlib.h>
#include <time.h>
#include "local.h"
#include "mem.h"
#include "store.h"

/* Seconds from a change until it is saved: others may follow it. Jobs that are
 * here change seldom.
 */
#define SAVE_SOON 5.0
#define LOCAL_SOON 0.5

struct saver {
	struct ev_loop *loop;
	const char *directory;
	struct interests *interests;
	bool is_unread; /* the file of jobs may have some that are not known */
	double pause; /* between two times, in seconds */
	ev_timer table;
	ev_timer local;
	double table_next; /* the table is not saved before that */
};

/* Of a clock that nobody sets. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void start(struct saver *saver, ev_timer *timer, double wait)
{
	if (ev_is_active(timer))
		return;
	ev_timer_set(timer, wait, 0);
	ev_timer_start(saver->loop, timer);
}

void saver_table(struct saver *saver)
{
	double wait, soon;

	if (!saver)
		return;
	soon = saver->pause < SAVE_SOON ? saver->pause : SAVE_SOON;
	wait = saver->table_next - seconds();
	start(saver, &saver->table, wait > soon ? wait : soon);
}

void saver_local(struct saver *saver)
{
	if (saver)
		start(saver, &saver->local, LOCAL_SOON);
}

/* What could not be saved is to be saved: a disk may be full for a while. */
static void save_table(struct saver *saver)
{
	ev_timer_stop(saver->loop, &saver->table);
	saver->table_next = seconds() + saver->pause;
	if (store_save(saver->directory, saver->interests))
		saver_table(saver);
}

/* What is written takes the place of what was there, which is to be known. */
static int read_local(struct saver *saver)
{
	int err;

	err = local_load(saver->directory, saver->interests,
			 (uint64_t)(seconds() * 1000));
	saver->is_unread = err;
	return err;
}

void saver_load(struct saver *saver)
{
	store_load(saver->directory, saver->interests,
		   (uint64_t)(seconds() * 1000));
	read_local(saver);
}

int saver_local_now(struct saver *saver)
{
	int err = saver->is_unread ? read_local(saver) : 0;

	ev_timer_stop(saver->loop, &saver->local);
	if (!err)
		err = local_save(saver->directory, saver->interests);
	if (err)
		start(saver, &saver->local, saver->pause);
	return err;
}

static void on_table(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	save_table(timer->data);
}

static void on_local(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	saver_local_now(timer->data);
}

struct saver *saver_start(struct ev_loop *loop, const char *directory,
			  struct interests *interests, uint64_t pause)
{
	struct saver *saver = mem_zero(sizeof(*saver));

	saver->loop = loop;
	saver->directory = directory;
	saver->interests = interests;
	saver->pause = (double)pause / 1000;
	ev_init(&saver->table, on_table);
	saver->table.data = saver;
	ev_init(&saver->local, on_local);
	saver->local.data = saver;
	return saver;
}

void saver_stop(struct saver *saver)
{
	if (!saver)
		return;
	if (ev_is_active(&saver->table))
		save_table(saver);
	if (ev_is_active(&saver->local))
		saver_local_now(saver);
	ev_timer_stop(saver->loop, &saver->table);
	ev_timer_stop(saver->loop, &saver->local);
	free(saver);
}
