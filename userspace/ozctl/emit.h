/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * All output goes through here: JSON by the spec's tables, and the pieces that
 * text for people is made of.
 */
#ifndef _OZP_OZCTL_EMIT_H
#define _OZP_OZCTL_EMIT_H

#include <jansson.h>
#include <stdio.h>
#include "ozproxy_attrs.h"
#include "ozproxy_types.h"

/** EMIT_TEXT - Room for any address, with brackets and port, or time. */
#define EMIT_TEXT 64

/**
 * emit_object() - The JSON of an object: what is present, in the spec's order.
 * @set: what it is
 * @object: the object
 *
 * Arrays are there even when they are empty.
 *
 * Return: a new reference; memory exhaustion ends the program.
 */
json_t *emit_object(const struct ozp_set *set, const void *object);

/**
 * struct emit - An output of some objects of a kind.
 * @out: where to
 * @json: an array in JSON and not text
 * @count: how many there were
 */
struct emit {
	FILE *out;
	bool json;
	unsigned int count;
};

/** emit_json() - Write an element of the array and drop the reference. */
void emit_json(struct emit *emit, json_t *value);

/** emit_line() - Write a line with one JSON value and drop the reference. */
void emit_line(FILE *out, json_t *value);

/** emit_end() - End the output. Return: 0, or -1 when it cannot be written. */
int emit_end(struct emit *emit);

/** emit_ipv4() - The address as text; @text has EMIT_TEXT bytes. */
const char *emit_ipv4(const struct in_addr *address, char *text);

/** emit_ipv6() - The address as text; @text has EMIT_TEXT bytes. */
const char *emit_ipv6(const struct in6_addr *address, char *text);

/** emit_port() - Append ":PORT" to an address, IPv6 in brackets. */
const char *emit_port(char *text, uint16_t port);

/** emit_duration() - Milliseconds for people: "0.3 s", "15 min", "2 h". */
const char *emit_duration(uint64_t ms, char *text);

/**
 * struct column - A column of a table in text.
 * @title: its head
 * @width: its widest cell, found by table_row()
 * @right: numbers: aligned to the right
 */
struct column {
	const char *title;
	int width;
	bool right;
};

#define TABLE_COLUMNS 9 /* most columns of a table */

/** struct table - A table whose columns are as wide as what is in them. */
struct table {
	struct column columns[TABLE_COLUMNS];
	unsigned int n_columns;
	char **cells; /* row by row; NULL for an empty one */
	size_t n_rows;
	const char *indent;
};

/** table_row() - Add a row of n_columns texts (NULL: empty), copied. */
void table_row(struct table *table, const char *const *cells);

/** table_print() - Print the table with its head and free it. */
void table_print(struct table *table, FILE *out);

#endif /* _OZP_OZCTL_EMIT_H */
