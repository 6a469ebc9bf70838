// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "map.h"

/* How many sentences are remembered, so that they are not said again. */
#define LOG_NEWS 64

static struct {
	enum log_level level;
	bool priorities; /* what reads stderr understands sd-daemon(3) */
	struct log_line recent[LOG_RECENT];
	unsigned int said; /* warnings and errors so far */
} log_state = { .level = LEVEL_INFO };

void log_setup(enum log_level level)
{
	log_state.level = level;
	log_state.priorities = getenv("JOURNAL_STREAM");
}

static void keep(enum log_level level, const char *text)
{
	struct log_line *line;

	line = &log_state.recent[log_state.said++ % LOG_RECENT];
	line->time = time(NULL);
	line->level = level;
	snprintf(line->text, sizeof(line->text), "%.*s",
		 (int)sizeof(line->text) - 1, text);
}

/* Others' words are in it: they make no line of their own, with a priority. */
static void clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			*text = '?';
}

static void say(enum log_level level, const char *format, va_list args)
{
	static const int priorities[] = {
		[LEVEL_ERROR] = 3,
		[LEVEL_WARNING] = 4,
		[LEVEL_INFO] = 6,
		[LEVEL_DEBUG] = 7,
	};
	char text[1024];

	if (level > log_state.level && level > LEVEL_WARNING)
		return;
	vsnprintf(text, sizeof(text), format, args);
	clean(text);
	if (level <= LEVEL_WARNING)
		keep(level, text);
	if (level > log_state.level)
		return;
	if (log_state.priorities)
		fprintf(stderr, "<%d>%s\n", priorities[level], text);
	else
		fprintf(stderr, "ozproxyd: %s\n", text);
}

void log_write(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(level, format, args);
	va_end(args);
}

void log_once(bool *said, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(*said ? LEVEL_DEBUG : LEVEL_WARNING, format, args);
	va_end(args);
	*said = true;
}

void log_news(const char *text)
{
	static uint32_t said[LOG_NEWS];
	static unsigned int next;
	uint32_t hash = map_hash(text);
	unsigned int i;

	for (i = 0; i < LOG_NEWS; i++)
		if (said[i] == hash) {
			log_debug("%s", text);
			return;
		}
	said[next++ % LOG_NEWS] = hash;
	log_info("%s", text);
}

const struct log_line *log_recent(unsigned int age)
{
	if (age >= log_state.said || age >= LOG_RECENT)
		return NULL;
	return &log_state.recent[(log_state.said - 1 - age) % LOG_RECENT];
}
