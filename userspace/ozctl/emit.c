// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "emit.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *memory)
{
	if (!memory) {
		fprintf(stderr, "ozctl: out of memory\n");
		exit(1);
	}
	return memory;
}

static json_t *name_or_number(const struct ozp_enum *values, uint32_t value)
{
	const char *name = ozp_enum_name(values, value);

	return name ? json_string(name) : json_integer(value);
}

static json_t *flag_names(const struct ozp_enum *values, uint32_t flags)
{
	json_t *array = need(json_array());
	uint32_t bit;

	for (bit = 0; bit < 32; bit++)
		if (flags >> bit & 1)
			json_array_append_new(
				array, need(name_or_number(values, bit)));
	return array;
}

static json_t *emit_value(const struct ozp_attr *attr, const void *value)
{
	char text[EMIT_TEXT];

	switch (attr->kind) {
	case OZP_KIND_NONE:
		return json_null();
	case OZP_KIND_U8:
		return json_integer(*(const uint8_t *)value);
	case OZP_KIND_U16:
	case OZP_KIND_BE16:
		return json_integer(*(const uint16_t *)value);
	case OZP_KIND_U32:
		return json_integer(*(const uint32_t *)value);
	case OZP_KIND_U64:
		return json_integer((json_int_t) * (const uint64_t *)value);
	case OZP_KIND_IPV4:
		return json_string(emit_ipv4(value, text));
	case OZP_KIND_IPV6:
		return json_string(emit_ipv6(value, text));
	case OZP_KIND_FLAG:
		return json_boolean(*(const bool *)value);
	case OZP_KIND_STRING:
		/* A name that is not UTF-8 (no kernel sends that) is null. */
		return json_string(value) ?: json_null();
	case OZP_KIND_ENUM:
		return name_or_number(attr->values, *(const uint32_t *)value);
	case OZP_KIND_FLAGS:
		return flag_names(attr->values, *(const uint32_t *)value);
	case OZP_KIND_NEST:
		return emit_object(attr->set, value);
	}
	return json_null();
}

static json_t *emit_array(const struct ozp_attr *attr, const void *object)
{
	json_t *array = need(json_array());
	unsigned int i, count;
	const char *element;

	memcpy(&element, (const char *)object + attr->offset, sizeof(element));
	memcpy(&count, (const char *)object + attr->count_offset,
	       sizeof(count));
	for (i = 0; i < count; i++, element += attr->size)
		json_array_append_new(array, need(emit_value(attr, element)));
	return array;
}

json_t *emit_object(const struct ozp_set *set, const void *object)
{
	uint64_t present = *(const uint64_t *)object;
	json_t *json = need(json_object()), *value;
	const struct ozp_attr *attr;
	unsigned int type;

	for (type = 0; type < set->count; type++) {
		attr = &set->attrs[type];
		if (!attr->name)
			continue;
		if (attr->multi)
			value = emit_array(attr, object);
		else if (present >> type & 1)
			value = emit_value(attr,
					   (const char *)object + attr->offset);
		else
			continue;
		json_object_set_new(json, attr->name, need(value));
	}
	return json;
}

static void dump(FILE *out, json_t *value)
{
	json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(value);
}

void emit_json(struct emit *emit, json_t *value)
{
	fputs(emit->count++ ? ",\n" : "[\n", emit->out);
	dump(emit->out, value);
}

void emit_line(FILE *out, json_t *value)
{
	dump(out, value);
	fputc('\n', out);
}

int emit_end(struct emit *emit)
{
	if (emit->json)
		fputs(emit->count ? "\n]\n" : "[]\n", emit->out);
	return fflush(emit->out) || ferror(emit->out) ? -1 : 0;
}

const char *emit_ipv4(const struct in_addr *address, char *text)
{
	return inet_ntop(AF_INET, address, text, EMIT_TEXT);
}

const char *emit_ipv6(const struct in6_addr *address, char *text)
{
	return inet_ntop(AF_INET6, address, text, EMIT_TEXT);
}

const char *emit_port(char *text, uint16_t port)
{
	size_t len = strlen(text);

	if (strchr(text, ':')) {
		memmove(text + 1, text, len);
		text[0] = '[';
		text[len + 1] = ']';
		len += 2;
	}
	snprintf(text + len, EMIT_TEXT - len, ":%u", port);
	return text;
}

const char *emit_duration(uint64_t ms, char *text)
{
	if (ms < 60 * 1000)
		snprintf(text, EMIT_TEXT, "%" PRIu64 ".%" PRIu64 " s",
			 ms / 1000, ms % 1000 / 100);
	else if (ms < 3600 * 1000)
		snprintf(text, EMIT_TEXT, "%" PRIu64 " min", ms / (60 * 1000));
	else
		snprintf(text, EMIT_TEXT, "%" PRIu64 " h %" PRIu64 " min",
			 ms / (3600 * 1000), ms / (60 * 1000) % 60);
	return text;
}

void table_row(struct table *table, const char *const *cells)
{
	size_t count = table->n_rows * table->n_columns;
	unsigned int i;
	int width;

	table->cells = need(reallocarray(table->cells, count + table->n_columns,
					 sizeof(*table->cells)));
	for (i = 0; i < table->n_columns; i++) {
		table->cells[count + i] = cells[i] ? need(strdup(cells[i])) :
						     NULL;
		width = cells[i] ? (int)strlen(cells[i]) : 0;
		if (width > table->columns[i].width)
			table->columns[i].width = width;
	}
	table->n_rows++;
}

/* No blanks at the end of a line. */
static void print_row(const struct table *table, FILE *out, char *const *cells)
{
	unsigned int i, last = 0;
	int width;

	for (i = 0; i < table->n_columns; i++)
		if (cells[i])
			last = i;
	fputs(table->indent, out);
	for (i = 0; i <= last; i++) {
		width = table->columns[i].width;
		if (!table->columns[i].right)
			width = i == last ? 0 : -width;
		fprintf(out, "%s%*s", i ? "  " : "", width,
			cells[i] ? cells[i] : "");
	}
	fputc('\n', out);
}

void table_print(struct table *table, FILE *out)
{
	char *titles[TABLE_COLUMNS] = {};
	size_t i, count = table->n_rows * table->n_columns;

	for (i = 0; i < table->n_columns; i++) {
		titles[i] = (char *)table->columns[i].title;
		if ((int)strlen(titles[i]) > table->columns[i].width)
			table->columns[i].width = (int)strlen(titles[i]);
	}
	print_row(table, out, titles);
	for (i = 0; i < count; i += table->n_columns)
		print_row(table, out, &table->cells[i]);
	for (i = 0; i < count; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->n_rows = 0;
}
