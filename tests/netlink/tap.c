// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned int count, failed;

bool ok(bool good, const char *name, ...)
{
	va_list args;

	printf("%s %u - ", good ? "ok" : "not ok", ++count);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	if (!good)
		failed++;
	return good;
}

void diag(const char *text, ...)
{
	va_list args;

	fputs("# ", stdout);
	va_start(args, text);
	vprintf(text, args);
	va_end(args);
	putchar('\n');
}

void bail(const char *text, ...)
{
	va_list args;

	fputs("Bail out! ", stdout);
	va_start(args, text);
	vprintf(text, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

int tap_end(void)
{
	printf("1..%u\n", count);
	return failed || !count;
}
