/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Making the device what it is to be. When that is done is kernel.h's.
 */
#ifndef _OZP_OZPROXYD_SETUP_H
#define _OZP_OZPROXYD_SETUP_H

#include "log.h"
#include "ozproxy_device.h"
#include "record.h"

/**
 * struct setup - What the device is to be.
 * @device: its name
 * @port: UDP port of its tunnel
 * @idle_timeout: ms after which an unused service is told of
 * @miss_timeout: ms that packets wait for an answer
 * @negative_timeout: ms that the absence of an answer is remembered
 */
struct setup {
	const char *device;
	uint16_t port;
	uint32_t idle_timeout;
	uint32_t miss_timeout;
	uint32_t negative_timeout;
};

/** setup_why() - What the last request failed of, in words. */
const char *setup_why(const struct ozp_socket *sock, int err);

/**
 * setup_find() - Have the device, with its options; it may be down.
 * @sock: connection
 * @setup: what it is to be
 * @own: addresses of this node
 * @device: where it goes; ozp_device_free() it. Untouched after an error.
 * @is_made: set when it was not there
 *
 * Return: 0 or a negative errno.
 */
int setup_find(struct ozp_socket *sock, const struct setup *setup,
	       const struct own *own, struct ozp_device *device, bool *is_made);

/**
 * setup_up() - Bring it up, and route the service networks through it.
 * @sock: connection
 * @device: the device, as it was a moment ago
 * @level: how much it matters that something fails
 *
 * What one family fails of does not concern the other one. Without IPv6, or with
 * it turned off, IPv4 is enough.
 *
 * Return: 0, or a negative errno, which was logged.
 */
int setup_up(struct ozp_socket *sock, const struct ozp_device *device,
	     enum log_level level);

/**
 * setup_move() - Tell the device the addresses of this node.
 * @sock: connection
 * @ifindex: the device
 * @setup: what it is to be
 * @own: the addresses
 * @also: those that are its own for the moment, too, or NULL
 *
 * Return: 0 or a negative errno.
 */
int setup_move(struct ozp_socket *sock, uint32_t ifindex,
	       const struct setup *setup, const struct own *own,
	       const struct own *also);

#endif /* _OZP_OZPROXYD_SETUP_H */
