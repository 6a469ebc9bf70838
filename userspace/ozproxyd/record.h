/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What can be done with a service without a kernel: copied, compared, searched,
 * written down.
 */
#ifndef _OZP_OZPROXYD_RECORD_H
#define _OZP_OZPROXYD_RECORD_H

#include <jansson.h>
#include "args.h"
#include "ozproxy.h"

/** RECORD_TEXT - Room for any address as text, in any spelling. */
#define RECORD_TEXT 64

/**
 * struct own - Where this node is: instances there are its own.
 * @v4: its IPv4 address; its family is 0 when it has none
 * @v6: its IPv6 address; likewise
 * @port: UDP port of its tunnel, as others are told
 */
struct own {
	struct ip v4;
	struct ip v6;
	uint16_t port;
};

/** record_copy() - Make @to, which is overwritten, the same as @from. */
void record_copy(struct ozp_service *to, const struct ozp_service *from);

/**
 * record_is_equal() - Would setting the one change nothing of the other?
 * @a: a service
 * @b: another one, of the same name
 *
 * The order of addresses and instances does not matter, nor does what only a
 * kernel's answers have (generations, counters).
 */
bool record_is_equal(const struct ozp_service *a, const struct ozp_service *b);

/** record_is_at() - Is the instance on this node? */
bool record_is_at(const struct ozp_instance *instance, const struct own *own);

/** record_is_local() - Is an instance of the service on this node? */
bool record_is_local(const struct ozp_service *service, const struct own *own);

/**
 * record_addresses() - Go through the addresses that lead to a service.
 * @service: the service
 * @cb: called for each Service IP and Instance IP, in canonical text
 * @data: for @cb
 */
void record_addresses(const struct ozp_service *service,
		      void (*cb)(const char *address, void *data), void *data);

/**
 * record_forget_address() - Take a Service IP or Instance IP away.
 * @service: the service
 * @address: in canonical text
 *
 * Return: it had that.
 */
bool record_forget_address(struct ozp_service *service, const char *address);

/**
 * record_move() - Let instances at one node be at another.
 * @service: the service
 * @from: the node as it was
 * @to: the node as it is
 *
 * Return: some are at another place now.
 */
bool record_move(struct ozp_service *service, const struct own *from,
		 const struct own *to);

/**
 * record_canonical() - An address in the one spelling that keys have.
 * @text: an address in any spelling
 * @canonical: where it goes (RFC 5952), RECORD_TEXT bytes
 *
 * Return: false when it is no address.
 */
bool record_canonical(const char *text, char *canonical);

/**
 * record_exploded() - An IPv6 address with all of its digits.
 * @text: an address in any spelling
 * @exploded: where it goes, RECORD_TEXT bytes
 *
 * Return: false when it is no IPv6 address.
 */
bool record_exploded(const char *text, char *exploded);

/** record_json() - The service as a table-query result; a new reference. */
json_t *record_json(const struct ozp_service *service);

#endif /* _OZP_OZPROXYD_RECORD_H */
