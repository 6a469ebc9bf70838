/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Memory that has to be there. A helper that has none left ends; the kernel's
 * table goes on, and the helper that is started next adopts it.
 */
#ifndef _OZP_OZPROXYD_MEM_H
#define _OZP_OZPROXYD_MEM_H

#include <stddef.h>

/** mem_need() - @memory, or the end of the program when it is NULL. */
void *mem_need(void *memory);

/** mem_zero() - Zeroed memory for one object; free() it. */
void *mem_zero(size_t size);

/** mem_text() - A copy of a text; free() it. */
char *mem_text(const char *text);

/**
 * mem_grow() - Have room for one more in an array.
 * @array: the array, or NULL
 * @count: how many are in it
 * @room: for how many there is memory; changed
 * @size: of one
 *
 * Return: the array, which may be elsewhere now; free() it.
 */
void *mem_grow(void *array, size_t count, size_t *room, size_t size);

#endif /* _OZP_OZPROXYD_MEM_H */
