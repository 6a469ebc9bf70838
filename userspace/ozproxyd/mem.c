// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "mem.h"
#include <stdlib.h>
#include <string.h>
#include "log.h"

void *mem_need(void *memory)
{
	if (!memory) {
		log_error("out of memory");
		exit(1);
	}
	return memory;
}

void *mem_zero(size_t size)
{
	return mem_need(calloc(1, size));
}

char *mem_text(const char *text)
{
	return mem_need(strdup(text));
}
