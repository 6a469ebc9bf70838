/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * The services that a device converts. In every request ifindex is required.
 */
#ifndef _OZP_LIB_OZPROXY_SERVICE_H
#define _OZP_LIB_OZPROXY_SERVICE_H

#include "ozproxy.h"

/**
 * ozp_service_get() - Get one service, of any size.
 * @sock: connection
 * @request: ifindex, and name or find-ipv4 or find-ipv6
 * @service: where it goes; ozp_service_free() it. Untouched after an error.
 *
 * Return: 0, or -ENOENT when there is none, -EAGAIN as in ozp_service_dump().
 */
int ozp_service_get(struct ozp_socket *sock, const struct ozp_service *request,
		    struct ozp_service *service);

/**
 * ozp_service_dump() - Get the services of a device, as at one moment.
 * @sock: connection
 * @request: ifindex; name, find-ipv4 and find-ipv6 are filters
 * @cb: called for each service, which is valid during the call; anything but 0
 *   ends the dump and is returned
 * @data: for @cb
 *
 * A service that comes in several messages is given as one. When the table
 * changes in the middle of a dump, the dump is repeated, a few times; @cb is
 * called only after a whole one.
 *
 * Return: 0, what @cb returned, -EAGAIN when the table never held still, or an
 * error.
 */
int ozp_service_dump(struct ozp_socket *sock, const struct ozp_service *request,
		     int (*cb)(const struct ozp_service *service, void *data),
		     void *data);

/**
 * ozp_service_set() - Create or replace a service as a whole.
 * @sock: connection
 * @service: ifindex, name, addresses and instances. The arrays may be the
 *   caller's own memory.
 *
 * Return: 0 or an error; after an error nothing has changed.
 */
int ozp_service_set(struct ozp_socket *sock, const struct ozp_service *service);

/**
 * ozp_service_del() - Remove a service and end its flows.
 * @sock: connection
 * @request: ifindex and name
 *
 * Return: 0, or -ENOENT and others.
 */
int ozp_service_del(struct ozp_socket *sock, const struct ozp_service *request);

/**
 * ozp_service_clear() - Forget an idle service; its flows can come back.
 * @sock: connection
 * @request: ifindex, name, and the conditions generation or used or both
 *
 * Return: 0, or -EBUSY when a condition is not met, -ENOENT and others.
 */
int ozp_service_clear(struct ozp_socket *sock,
		      const struct ozp_service *request);

/**
 * ozp_service_add_address() - Append a Service IP to a service.
 * @service: a service that was zeroed once and that only the library appended
 *   to
 *
 * Return: the new element, zeroed, which belongs to @service and may move when
 * the next is appended; NULL without memory.
 */
struct ozp_address *ozp_service_add_address(struct ozp_service *service);

/**
 * ozp_service_add_instance() - Append an instance to a service.
 * @service: as for ozp_service_add_address()
 *
 * Return: as ozp_service_add_address().
 */
struct ozp_instance *ozp_service_add_instance(struct ozp_service *service);

/** ozp_service_free() - Free the arrays of @service and zero it. */
void ozp_service_free(struct ozp_service *service);

#endif /* _OZP_LIB_OZPROXY_SERVICE_H */
