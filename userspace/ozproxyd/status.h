/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What the helper tells about itself.
 */
#ifndef _OZP_OZPROXYD_STATUS_H
#define _OZP_OZPROXYD_STATUS_H

#include <jansson.h>
#include <stdio.h>
#include "helper.h"

/**
 * struct status_around - What the helper itself does not know.
 * @device: name of the device
 * @ifindex: its index, or 0 when it is not there
 * @broker: where the broker is, or NULL
 * @connected: it is connected
 * @table: name of the table file, or NULL
 * @started: when the helper was started, as @now
 * @now: the time
 */
struct status_around {
	const char *device;
	uint32_t ifindex;
	const char *broker;
	bool connected;
	const char *table;
	uint64_t started;
	uint64_t now;
};

/** status_json() - All of it; a new reference. */
json_t *status_json(const struct helper *helper,
		    const struct status_around *around);

/** status_text() - The same for people. */
void status_text(FILE *out, const json_t *status);

/** status_jobs() - The jobs with instances here; a new reference. */
json_t *status_jobs(const struct helper *helper);

#endif /* _OZP_OZPROXYD_STATUS_H */
