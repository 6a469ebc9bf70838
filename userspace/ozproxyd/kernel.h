/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * The device and its table. A device that goes away comes back: it is made
 * again, or taken over when somebody else makes it.
 */
#ifndef _OZP_OZPROXYD_KERNEL_H
#define _OZP_OZPROXYD_KERNEL_H

#include "setup.h"

struct ev_loop;
struct kernel;

/**
 * struct kernel_ops - What the kernel says.
 * @table: this is in its table; at the start, when the device is another one,
 *   and when some of the following may have been lost
 * @miss: a container used an address that it does not have
 * @doubt: it has an address, which another worker says is out of date
 * @idle: nobody used a service after @used
 * @taken: a service was set; by somebody else, or by a helper
 * @deleted: a service is not in the table any more
 */
struct kernel_ops {
	void (*table)(void *data, const struct ozp_service *services,
		      size_t count, uint64_t boottime);
	void (*miss)(void *data, const char *address);
	void (*doubt)(void *data, const char *address);
	void (*idle)(void *data, const char *service, uint64_t used);
	void (*taken)(void *data, const char *service, bool is_foreign);
	void (*deleted)(void *data, const char *service);
};

/**
 * kernel_start() - Begin; kernel_look() then makes or finds the device.
 * @loop: where it runs
 * @setup: what the device is to be; is kept
 * @own: addresses of this node
 * @ops: what the kernel says
 * @data: for @ops
 *
 * Return: the device, which is not there yet.
 */
struct kernel *kernel_start(struct ev_loop *loop, const struct setup *setup,
			    const struct own *own, const struct kernel_ops *ops,
			    void *data);

/** kernel_stop() - Let go; delete the device if it was made here and @remove. */
void kernel_stop(struct kernel *kernel, bool remove);

/** kernel_ifindex() - The device's index, or 0 when it is not there. */
uint32_t kernel_ifindex(const struct kernel *kernel);

/**
 * kernel_move() - The node has other addresses now.
 * @kernel: the device
 * @own: the addresses
 * @also: those that are its own for the moment, too, or NULL
 */
void kernel_move(struct kernel *kernel, const struct own *own,
		 const struct own *also);

/** kernel_link() - A device came, changed or went, as netwatch.h says it. */
void kernel_link(struct kernel *kernel, uint32_t ifindex, const char *ifname,
		 bool is_gone);

/** kernel_look() - Devices may have come or gone: look. */
void kernel_look(struct kernel *kernel);

/**
 * kernel_set() - Have a service in the table; complains when it cannot be.
 * Return: 0 or a negative errno; -ENODEV while there is no device.
 */
int kernel_set(struct kernel *kernel, const struct ozp_service *service);

/** kernel_del() - Not have it; likewise. That it is not there is no error. */
int kernel_del(struct kernel *kernel, const char *service);

/** kernel_clear() - Not have it, if nobody used it after @used; likewise. */
int kernel_clear(struct kernel *kernel, const char *service, uint64_t used);

/** kernel_deny() - Nobody has an address. */
void kernel_deny(struct kernel *kernel, const char *address);

#endif /* _OZP_OZPROXYD_KERNEL_H */
