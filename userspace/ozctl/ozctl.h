/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What the commands share: their tables, and how they speak and fail.
 */
#ifndef _OZP_OZCTL_OZCTL_H
#define _OZP_OZCTL_OZCTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "ozproxy.h"
#include "ozproxy_device.h"

/** enum status - Exit codes, and what every command returns. */
enum status {
	STATUS_OK,
	STATUS_REFUSED, /* by the kernel or the system */
	STATUS_USAGE,
};

/**
 * struct ozctl - One run of the program.
 * @sock: connection to the kernel
 * @json: output for programs
 * @object: what the command is about, for messages
 * @verb: what it does to it, for messages
 * @device: the name after "dev", or NULL
 * @argc: how many arguments are left
 * @argv: those arguments
 */
struct ozctl {
	struct ozp_socket *sock;
	bool json;
	const char *object;
	const char *verb;
	const char *device;
	int argc;
	char **argv;
};

/**
 * struct verb - A command.
 * @name: its word
 * @arguments: what follows, for the help
 * @help: what it does, a sentence
 * @run: does it
 */
struct verb {
	const char *name;
	const char *arguments;
	const char *help;
	enum status (*run)(struct ozctl *ctl);
};

/**
 * struct noun - An object and its commands.
 * @name: its word
 * @help: what it is, a sentence
 * @notes: more for its help page, or NULL
 * @verbs: its commands; one without a name ends them. A command named "" needs
 *   no word (only one then).
 */
struct noun {
	const char *name;
	const char *help;
	const char *notes;
	const struct verb *verbs;
};

extern const struct noun device_noun;
extern const struct noun flow_noun;
extern const struct noun local_noun;
extern const struct noun miss_noun;
extern const struct noun monitor_noun;
extern const struct noun service_noun;
extern const struct noun stats_noun;

/** take_word() - The next argument, which is used up; NULL at the end. */
const char *take_word(struct ozctl *ctl);

/** take_if() - Use the next argument up if it is @word. */
bool take_if(struct ozctl *ctl, const char *word);

/** take_number() - Use up the number after the word @what, at most @max. */
enum status take_number(struct ozctl *ctl, const char *what, uint64_t max,
			uint64_t *number);

/** take_u32() - The same, with 32 bits. */
enum status take_u32(struct ozctl *ctl, const char *what, uint32_t *number);

/** take_end() - STATUS_OK, or a complaint when arguments are left. */
enum status take_end(struct ozctl *ctl);

/** take_device() - Use up "dev NAME" if it is there. */
enum status take_device(struct ozctl *ctl);

/** find_device() - The one that take_device() found, or the only one. */
enum status find_device(struct ozctl *ctl, uint32_t *ifindex);

/** usage() - Print a complaint, a sentence without its end. STATUS_USAGE. */
enum status usage(const struct ozctl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** refused() - Print why the system refused. Return: STATUS_REFUSED. */
enum status refused(const struct ozctl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * failed() - Print why the library's function failed.
 * @ctl: the run; what the kernel said is in its connection
 * @subject: what it was about, or NULL
 * @err: what the function returned, a negative errno
 *
 * Return: STATUS_REFUSED.
 */
enum status failed(const struct ozctl *ctl, const char *subject, int err);

/** note() - Print a remark to stderr; the command goes on. */
void note(const struct ozctl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* _OZP_OZCTL_OZCTL_H */
