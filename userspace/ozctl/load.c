// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "load.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ozproxy_service.h"
#include "result.h"

/* A run of the command; services are set only when all could be read. */
struct load {
	struct ozctl *ctl;
	struct ozp_service *services;
	size_t count;
};

/* Read all of a file; one byte more than the limit tells that it is longer. */
static char *read_all(FILE *file, size_t *len)
{
	size_t room = 64 * 1024, more;
	char *text = NULL, *bigger;

	*len = 0;
	do {
		bigger = realloc(text, room);
		if (!bigger)
			break;
		text = bigger;
		more = fread(text + *len, 1, room - *len, file);
		*len += more;
		if (*len < room || room > OZP_RESULT_MAX) {
			if (!ferror(file))
				return text;
			break;
		}
		room *= 2;
	} while (more);
	free(text);
	return NULL;
}

static enum status read_file(struct ozctl *ctl, const char *name, char **text,
			     size_t *len)
{
	bool is_stdin = !strcmp(name, "-");
	FILE *file = is_stdin ? stdin : fopen(name, "re");

	*text = file ? read_all(file, len) : NULL;
	if (file && !is_stdin)
		fclose(file);
	if (*text)
		return STATUS_OK;
	return refused(ctl, "%s cannot be read: %s", name, strerror(errno));
}

static void print_note(enum ozp_result_kind kind, const char *text, void *data)
{
	const struct load *load = data;

	(void)kind;
	note(load->ctl, "%s", text);
}

static int take_result(struct ozp_result *result, void *data)
{
	struct load *load = data;
	void *bigger;

	if (result->is_negative) {
		refused(load->ctl,
			"nothing to load: the answer to '%s' has "
			"no %s",
			*result->query ? result->query : "an unnamed question",
			*result->service.name ? "instance" : "job");
		return STATUS_REFUSED;
	}
	bigger = reallocarray(load->services, load->count + 1,
			      sizeof(*load->services));
	if (!bigger)
		return -ENOMEM;
	load->services = bigger;
	load->services[load->count++] = result->service;
	memset(&result->service, 0, sizeof(result->service));
	return 0;
}

static enum status set_all(struct load *load, uint32_t ifindex)
{
	struct ozp_service *service;
	size_t i;
	int err;

	for (i = 0; i < load->count; i++) {
		service = &load->services[i];
		service->ifindex = ifindex;
		OZP_SET(service, OZPROXY_A_SERVICE_IFINDEX);
		err = ozp_service_set(load->ctl->sock, service);
		if (!err)
			continue;
		if (i)
			note(load->ctl, "%zu of %zu services were set", i,
			     load->count);
		return failed(load->ctl, service->name, err);
	}
	return STATUS_OK;
}

enum status service_load(struct ozctl *ctl)
{
	struct load load = { .ctl = ctl };
	struct ozp_result_reader reader = {
		.result = take_result,
		.note = print_note,
		.data = &load,
	};
	enum status status;
	uint32_t ifindex;
	char *text = NULL;
	const char *name;
	size_t len = 0, i;
	int err;

	status = take_device(ctl);
	if (status)
		return status;
	name = take_word(ctl);
	if (!name)
		return usage(ctl, "say which file, or - for standard input");
	status = take_end(ctl);
	if (!status)
		status = read_file(ctl, name, &text, &len);
	if (status)
		return status;
	err = ozp_result_read(&reader, text, len);
	if (err < 0)
		status = refused(ctl, "%s: %s", name,
				 *reader.error ? reader.error : strerror(-err));
	else if (err)
		status = STATUS_REFUSED;
	else if (!load.count)
		status = refused(ctl, "%s: there is no result in it", name);
	else
		status = find_device(ctl, &ifindex);
	if (!status)
		status = set_all(&load, ifindex);
	for (i = 0; i < load.count; i++)
		ozp_service_free(&load.services[i]);
	free(load.services);
	free(text);
	return status;
}
