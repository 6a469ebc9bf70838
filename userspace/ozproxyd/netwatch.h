/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Hears of what changes on the host beside our own table: devices, addresses
 * and routes.
 */
#ifndef _OZP_OZPROXYD_NETWATCH_H
#define _OZP_OZPROXYD_NETWATCH_H

#include <stdbool.h>
#include <stdint.h>

struct ev_loop;
struct netwatch;

/**
 * struct netwatch_ops - What changed.
 * @link: a device came, changed, or went (@is_gone); @ifname may be ""
 * @routes: addresses or routes
 * @lost: anything; it could not be read fast enough
 */
struct netwatch_ops {
	void (*link)(void *data, uint32_t ifindex, const char *ifname,
		     bool is_gone);
	void (*routes)(void *data);
	void (*lost)(void *data);
};

/** netwatch_start() - Begin; NULL after an error message. */
struct netwatch *netwatch_start(struct ev_loop *loop,
				const struct netwatch_ops *ops, void *data);

/** netwatch_stop() - End and free it; NULL is nothing. */
void netwatch_stop(struct netwatch *watch);

#endif /* _OZP_OZPROXYD_NETWATCH_H */
