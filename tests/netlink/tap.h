/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */

/* TAP on stdout: a line a check, a plan at the end. */

#ifndef _TEST_TAP_H
#define _TEST_TAP_H

#include <stdbool.h>

/* Prints "ok N - NAME" or "not ok N - NAME" and returns @good. */
bool ok(bool good, const char *name, ...)
	__attribute__((format(printf, 2, 3)));

/* A line of explanation for people. */
void diag(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Gives up: the surroundings are broken, nothing can be said. */
void bail(const char *text, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* Prints the plan; the exit status of the program. */
int tap_end(void);

#endif /* _TEST_TAP_H */
