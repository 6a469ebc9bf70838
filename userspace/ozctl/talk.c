// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include "args.h"
#include "ozctl.h"

/* Longest line on stderr; what is longer is cut. */
#define LINE 1024

static void complain(const struct ozctl *ctl, const char *format, va_list args)
{
	char head[64] = "", text[LINE], *at;

	if (ctl->object)
		snprintf(head, sizeof(head), "%s%s%s: ", ctl->object,
			 ctl->verb && *ctl->verb ? " " : "",
			 ctl->verb ? ctl->verb : "");
	vsnprintf(text, sizeof(text), format, args);
	/* Parts of it come from files: nothing that a terminal obeys. */
	for (at = text; *at; at++)
		if (iscntrl((unsigned char)*at))
			*at = '?';
	fprintf(stderr, "ozctl: %s%s\n", head, text);
}

enum status usage(const struct ozctl *ctl, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(ctl, format, args);
	va_end(args);
	return STATUS_USAGE;
}

enum status refused(const struct ozctl *ctl, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(ctl, format, args);
	va_end(args);
	return STATUS_REFUSED;
}

void note(const struct ozctl *ctl, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(ctl, format, args);
	va_end(args);
}

enum status failed(const struct ozctl *ctl, const char *subject, int err)
{
	const struct ozp_error *error = ozp_socket_error(ctl->sock);
	const char *text = *error->message ? error->message : strerror(-err);
	char attribute[192] = "", range[64] = "";

	if (error->module)
		return refused(ctl, "the ozproxy kernel module is not loaded: "
				    "modprobe ozproxy");
	if (*error->attribute)
		snprintf(attribute, sizeof(attribute), " (attribute %s%s)",
			 error->attribute, error->missing ? " is missing" : "");
	if (error->has_range && err == -ERANGE)
		snprintf(range, sizeof(range), ": %" PRIu64 " to %" PRIu64,
			 error->min, error->max);
	return refused(ctl, "%s%s%s%s%s%s", subject ? subject : "",
		       subject ? ": " : "", text, range, attribute,
		       err == -EPERM || err == -EACCES ?
			       "; this needs CAP_NET_ADMIN, try it as root" :
			       "");
}

const char *take_word(struct ozctl *ctl)
{
	if (!ctl->argc)
		return NULL;
	ctl->argc--;
	return *ctl->argv++;
}

bool take_if(struct ozctl *ctl, const char *word)
{
	if (!ctl->argc || strcmp(*ctl->argv, word))
		return false;
	take_word(ctl);
	return true;
}

enum status take_number(struct ozctl *ctl, const char *what, uint64_t max,
			uint64_t *number)
{
	const char *text = take_word(ctl);

	if (!text)
		return usage(ctl, "'%s' needs a number after it", what);
	if (!parse_number(text, max, number))
		return usage(ctl,
			     "'%s' is not a number: %s takes one of at "
			     "most %" PRIu64,
			     text, what, max);
	return STATUS_OK;
}

enum status take_u32(struct ozctl *ctl, const char *what, uint32_t *number)
{
	uint64_t value = 0;
	enum status status = take_number(ctl, what, UINT32_MAX, &value);

	*number = (uint32_t)value;
	return status;
}

enum status take_end(struct ozctl *ctl)
{
	if (!ctl->argc)
		return STATUS_OK;
	return usage(ctl, "'%s' is not expected here; see 'ozctl %s help'",
		     *ctl->argv, ctl->object);
}

/* The devices of the namespace, as far as a message about them needs. */
struct devices {
	unsigned int count;
	uint32_t ifindex;
	char names[512];
};

static int count_device(const struct ozp_device *device, void *data)
{
	struct devices *devices = data;
	size_t len = strlen(devices->names);

	devices->count++;
	devices->ifindex = device->ifindex;
	snprintf(devices->names + len, sizeof(devices->names) - len, "%s%s",
		 len ? ", " : "", device->ifname);
	return 0;
}

static enum status only_device(struct ozctl *ctl, uint32_t *ifindex)
{
	struct devices devices = {};
	int err;

	err = ozp_device_dump(ctl->sock, count_device, &devices);
	if (err)
		return failed(ctl, NULL, err);
	if (!devices.count)
		return refused(ctl, "there is no ozproxy device here; "
				    "'ozctl device add oz0' makes one");
	if (devices.count > 1)
		return usage(ctl,
			     "there are several devices (%s): say which with "
			     "'dev NAME' right after '%s'",
			     devices.names,
			     *ctl->verb ? ctl->verb : ctl->object);
	*ifindex = devices.ifindex;
	return STATUS_OK;
}

enum status take_device(struct ozctl *ctl)
{
	if (!take_if(ctl, "dev"))
		return STATUS_OK;
	ctl->device = take_word(ctl);
	return ctl->device ? STATUS_OK :
			     usage(ctl, "'dev' needs the name of a device "
					"after it");
}

enum status find_device(struct ozctl *ctl, uint32_t *ifindex)
{
	struct ozp_device device;
	int err;

	if (!ctl->device)
		return only_device(ctl, ifindex);
	err = ozp_device_get(ctl->sock, ctl->device, &device);
	if (err)
		return failed(ctl, NULL, err);
	*ifindex = device.ifindex;
	ozp_device_free(&device);
	return STATUS_OK;
}
