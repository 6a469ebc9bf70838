/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What the operator reads: lines on stderr, with the priorities of the journal
 * when that is where they go. Nothing is said for a packet.
 */
#ifndef _OZP_OZPROXYD_LOG_H
#define _OZP_OZPROXYD_LOG_H

#include <stdbool.h>
#include <stdint.h>

/** enum log_level - How much it matters. */
enum log_level {
	LEVEL_ERROR, /* something does not work */
	LEVEL_WARNING, /* something is not as it should be */
	LEVEL_INFO, /* what happened */
	LEVEL_DEBUG, /* why */
};

/** LOG_RECENT - How many warnings and errors are kept for the status. */
#define LOG_RECENT 8

/**
 * struct log_line - A warning or an error that was said.
 * @time: when, in seconds since 1970
 * @level: how much it matters
 * @text: what
 */
struct log_line {
	int64_t time;
	enum log_level level;
	char text[256];
};

/**
 * log_setup() - Say from where on lines are written.
 * @level: what matters less is left out
 *
 * Before that, LEVEL_INFO.
 */
void log_setup(enum log_level level);

/** log_write() - Write a line; use the macros. */
void log_write(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * log_once() - Warn about something that others can repeat as they like.
 * @said: a static variable, one for each kind of thing
 * @format: as of printf
 *
 * The first time it is a warning, then it is for those who debug.
 */
void log_once(bool *said, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * log_news() - Say a sentence unless it was said lately.
 *
 * The same answer comes again and again, with the same to be said about it.
 */
void log_news(const char *text);

/**
 * log_recent() - A warning or an error that was said lately.
 * @age: 0 for the last one, 1 for the one before, ...
 *
 * Return: the line, which stays the log's, or NULL.
 */
const struct log_line *log_recent(unsigned int age);

#define log_error(...) log_write(LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LEVEL_DEBUG, __VA_ARGS__)

#endif /* _OZP_OZPROXYD_LOG_H */
