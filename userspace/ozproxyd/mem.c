// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "mem.h"
#include <stdlib.h>
#include <string.h>
#include "log.h"

#define ROOM_MIN 64 /* of a new array */

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

void *mem_grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? 2 * *room : ROOM_MIN;
	return mem_need(reallocarray(array, *room, size));
}
