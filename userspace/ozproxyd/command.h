/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What the running helper is asked on its socket, a line each: "status", "status
 * json", "local show", "local add JOB", "local del JOB".
 */
#ifndef _OZP_OZPROXYD_COMMAND_H
#define _OZP_OZPROXYD_COMMAND_H

#include <stdio.h>
#include "helper.h"
#include "saver.h"
#include "status.h"

/**
 * struct command_around - What commands are about.
 * @helper: the helper
 * @saver: what writes its jobs down, or NULL
 * @state_dir: where to
 * @status: what the helper itself does not know of
 */
struct command_around {
	struct helper *helper;
	struct saver *saver;
	const char *state_dir;
	struct status_around status;
};

/**
 * command_run() - Do what is asked.
 * @around: what it is about
 * @line: the command
 * @out: where the answer goes, or why there is none
 *
 * Return: it was done.
 */
bool command_run(const struct command_around *around, const char *line,
		 FILE *out);

#endif /* _OZP_OZPROXYD_COMMAND_H */
