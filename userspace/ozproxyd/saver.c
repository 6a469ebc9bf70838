// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "saver.h"
#include <ev.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "local.h"
#include "log.h"
#include "mem.h"
#include "store.h"

/* Seconds from a change until it is saved: others may follow it. Jobs that are
 * here change seldom.
 */
#define SAVE_SOON 5.0
#define LOCAL_SOON 0.5

/* A file, and what is done about it. A card may take seconds for what it is to
 * keep: that is waited for elsewhere, so that packets do not wait for it, too.
 */
struct file {
	struct saver *saver;
	const char *name;
	char *(*compose)(const struct interests *interests);
	ev_timer timer; /* when it is to be written */
	ev_async written;
	pthread_t thread;
	bool is_writing; /* the rest is the thread's then */
	char *text;
	int err;
	bool said; /* that it cannot be written */
};

struct saver {
	struct ev_loop *loop;
	const char *directory;
	struct interests *interests;
	bool is_unread; /* the file of jobs may have some that are not known */
	double pause; /* between two times, in seconds */
	struct file table;
	struct file local;
	double table_next; /* the table is not saved before that */
};

/* Of a clock that nobody sets. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void start(struct file *file, double wait)
{
	if (ev_is_active(&file->timer))
		return;
	ev_timer_set(&file->timer, wait, 0);
	ev_timer_start(file->saver->loop, &file->timer);
}

void saver_table(struct saver *saver)
{
	double wait, soon;

	if (!saver)
		return;
	soon = saver->pause < SAVE_SOON ? saver->pause : SAVE_SOON;
	wait = saver->table_next - seconds();
	start(&saver->table, wait > soon ? wait : soon);
}

void saver_local(struct saver *saver)
{
	if (saver)
		start(&saver->local, LOCAL_SOON);
}

static void write_text(struct file *file)
{
	file->err = store_write(file->saver->directory, file->name, file->text,
				strlen(file->text));
}

static void *run_thread(void *data)
{
	struct file *file = data;

	write_text(file);
	ev_async_send(file->saver->loop, &file->written);
	return NULL;
}

/* What could not be saved is to be saved: a disk may be full for a while. */
static int take_result(struct file *file)
{
	struct saver *saver = file->saver;

	free(file->text);
	file->text = NULL;
	/* A copy of all of it came and went. */
	malloc_trim(0);
	if (!file->err)
		return 0;
	log_once(&file->said, "%s/%s cannot be written: %s", saver->directory,
		 file->name, strerror(-file->err));
	start(file, saver->pause);
	return file->err;
}

static void wait_for_thread(struct file *file)
{
	if (!file->is_writing)
		return;
	pthread_join(file->thread, NULL);
	file->is_writing = false;
	take_result(file);
}

static void compose(struct file *file)
{
	ev_timer_stop(file->saver->loop, &file->timer);
	file->text = file->compose(file->saver->interests);
}

static int write_now(struct file *file)
{
	wait_for_thread(file);
	compose(file);
	write_text(file);
	return take_result(file);
}

/* Signals are for the loop. */
static bool start_thread(struct file *file)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&file->thread, NULL, run_thread, file);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return !err;
}

static void write_soon(struct file *file)
{
	/* It is still about what was there before. */
	if (file->is_writing) {
		start(file, file->saver->pause);
		return;
	}
	compose(file);
	file->is_writing = start_thread(file);
	if (!file->is_writing) {
		write_text(file);
		take_result(file);
	}
}

static void on_written(struct ev_loop *loop, ev_async *async, int events)
{
	(void)loop;
	(void)events;
	wait_for_thread(async->data);
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

static int read_if_unread(struct saver *saver)
{
	int err = saver->is_unread ? read_local(saver) : 0;

	if (err)
		start(&saver->local, saver->pause);
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
	return read_if_unread(saver) ?: write_now(&saver->local);
}

static void on_table(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct file *file = timer->data;
	struct saver *saver = file->saver;

	(void)loop;
	(void)events;
	saver->table_next = seconds() + saver->pause;
	write_soon(file);
}

static void on_local(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct file *file = timer->data;

	(void)loop;
	(void)events;
	if (!read_if_unread(file->saver))
		write_soon(file);
}

static void init_file(struct saver *saver, struct file *file, const char *name,
		      char *(*composer)(const struct interests *interests),
		      void (*on_time)(struct ev_loop *loop, ev_timer *timer,
				      int events))
{
	file->saver = saver;
	file->name = name;
	file->compose = composer;
	ev_init(&file->timer, on_time);
	file->timer.data = file;
	ev_async_init(&file->written, on_written);
	file->written.data = file;
	ev_async_start(saver->loop, &file->written);
}

struct saver *saver_start(struct ev_loop *loop, const char *directory,
			  struct interests *interests, uint64_t pause)
{
	struct saver *saver = mem_zero(sizeof(*saver));

	saver->loop = loop;
	saver->directory = directory;
	saver->interests = interests;
	saver->pause = (double)pause / 1000;
	init_file(saver, &saver->table, STORE_FILE, store_compose, on_table);
	init_file(saver, &saver->local, LOCAL_FILE, local_compose, on_local);
	return saver;
}

/* The last words. */
static void stop_file(struct file *file)
{
	wait_for_thread(file);
	if (ev_is_active(&file->timer) &&
	    (file != &file->saver->local || !read_if_unread(file->saver)))
		write_now(file);
	ev_timer_stop(file->saver->loop, &file->timer);
	ev_async_stop(file->saver->loop, &file->written);
}

void saver_stop(struct saver *saver)
{
	if (!saver)
		return;
	stop_file(&saver->table);
	stop_file(&saver->local);
	free(saver);
}
