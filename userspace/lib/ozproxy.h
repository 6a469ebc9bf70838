/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * libozproxy: control of ozproxy network devices over netlink, one function an
 * operation. Nothing is printed, nothing exits.
 *
 * Conventions of all functions:
 * - They return 0 or a negative errno; ozp_socket_error() then tells more. The
 *   usual ones: -EPERM (the change needs CAP_NET_ADMIN), -ENOENT (the module is
 *   not loaded, or there is no such object: the message tells which), -ENODEV
 *   (no such device), -EINVAL and -ERANGE (a bad value), -EMSGSIZE (the request
 *   has more than fits), -ENOMEM, -EBADMSG (an answer that is none).
 * - Requests and answers are the structs of ozproxy_types.h. Of a request only
 *   those members are sent whose bit is in present (use OZP_SET), and all
 *   elements of arrays. An answer may come without some members: OZP_HAS.
 * - Numbers and ports are in host byte order, addresses in network byte order.
 * - Unless it says otherwise a function blocks until the kernel answered.
 */
#ifndef _OZP_LIB_OZPROXY_H
#define _OZP_LIB_OZPROXY_H

#include <stdbool.h>
#include "ozproxy_types.h"

/** OZP_HAS() - Is a member there? OZP_HAS(&service, OZPROXY_A_SERVICE_USED) */
#define OZP_HAS(object, attribute) (((object)->present >> (attribute)) & 1)

/** OZP_SET() - Say that a member is there. */
#define OZP_SET(object, attribute) ((object)->present |= 1ull << (attribute))

/**
 * struct ozp_socket - A connection to the kernel, in the network namespace
 *   that the caller was in. For one thread at a time.
 */
struct ozp_socket;

/**
 * struct ozp_error - Why the last operation failed.
 * @code: what it returned, 0 or a negative errno
 * @message: a sentence of the kernel or of the library; may be empty
 * @attribute: the attribute at fault in the names of the spec, outer ones
 *   first ("instance.weight"); empty when none was named
 * @missing: the attribute is not wrong but missing
 * @module: the operation failed because the module is not loaded
 * @has_range: the attribute takes numbers from @min to @max
 * @min: smallest value that is taken
 * @max: largest value that is taken
 */
struct ozp_error {
	int code;
	char message[256];
	char attribute[128];
	bool missing;
	bool module;
	bool has_range;
	uint64_t min;
	uint64_t max;
};

/**
 * ozp_socket_open() - Connect to the kernel.
 * @sock: where the connection goes; ozp_socket_close() it
 *
 * Needs neither privileges nor the module.
 *
 * Return: 0, -ENOMEM, or why there can be no netlink socket.
 */
int ozp_socket_open(struct ozp_socket **sock);

/**
 * ozp_socket_close() - Disconnect and free.
 * @sock: the connection, or NULL
 */
void ozp_socket_close(struct ozp_socket *sock);

/**
 * ozp_socket_error() - Details of the last operation.
 * @sock: the connection
 *
 * Return: the details; they belong to the connection and change with its next
 * operation.
 */
const struct ozp_error *ozp_socket_error(const struct ozp_socket *sock);

/**
 * ozp_link_add_local() - Append a local address to the properties of a device.
 * @link: properties that were zeroed once and that only the library appended to
 * @family: AF_INET or AF_INET6
 * @address: struct in_addr or struct in6_addr
 *
 * Return: 0 or -ENOMEM.
 */
int ozp_link_add_local(struct ozp_link *link, int family, const void *address);

/** ozp_link_free() - Free the arrays of @link and zero it. */
void ozp_link_free(struct ozp_link *link);

#endif /* _OZP_LIB_OZPROXY_H */
