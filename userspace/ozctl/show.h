/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What each object looks like, apart from where it comes from.
 */
#ifndef _OZP_OZCTL_SHOW_H
#define _OZP_OZCTL_SHOW_H

#include "emit.h"
#include "ozproxy_device.h"
#include "ozproxy_flow.h"

/** show_device() - A device. */
void show_device(struct emit *emit, const struct ozp_device *device);

/** show_service() - A service; @now is CLOCK_BOOTTIME in milliseconds. */
void show_service(struct emit *emit, const struct ozp_service *service,
		  uint64_t now);

/** find_protocol() - The number of a protocol that show_flow() names. */
bool find_protocol(const char *name, uint8_t *protocol);

/** show_traffic() - Below the text of a service, what its instances carried. */
void show_traffic(const struct emit *emit, const struct ozp_service *service);

/** show_flow() - A flow. */
void show_flow(struct emit *emit, const struct ozp_flow *flow);

/** show_miss() - Remember a miss for the text of all, or write its JSON. */
void show_miss(struct emit *emit, struct table *table,
	       const struct ozp_miss *miss);

/** show_misses() - The text of all misses. */
void show_misses(struct emit *emit, struct table *table);

/** show_stats() - Counters; with @explain why, in the text, of each drop. */
void show_stats(FILE *out, bool json, bool explain,
		const struct ozp_stats *stats);

/** show_event() - A notification, a line. */
void show_event(FILE *out, bool json, const struct ozp_event *event);

#endif /* _OZP_OZCTL_SHOW_H */
