/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What the unit tests share. Includes cmocka in the order that it wants.
 */
#ifndef _OZP_UNIT_H
#define _OZP_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "genl.h"
#include "ozproxy_device.h"
#include "ozproxy_flow.h"
#include "ozproxy_service.h"

/* Netlink does not go to the kernel: answers are those given before. */

/** fake_reset() - Forget answers and requests. */
void fake_reset(void);

/** fake_answer() - The next datagram to receive; sequence numbers are set. */
void fake_answer(const void *data, size_t len);

/** fake_error() - The next call to receive fails. */
void fake_error(int error);

/** fake_request() - The last request that was sent. */
const struct nlmsghdr *fake_request(void);

/** fake_requests() - How many requests were sent. */
unsigned int fake_requests(void);

/** fake_synced_files() - How many files were written to the disk. */
unsigned int fake_synced_files(void);

/** fake_synced_directories() - How many directories were. */
unsigned int fake_synced_directories(void);

/** fake_left() - How many answers nobody took. */
unsigned int fake_left(void);

/** FAKE_FAMILY - Number of the family in answers. */
#define FAKE_FAMILY 0x21

/** fake_family() - The answer to the look-up of the family. */
void fake_family(void);

/** fake_ack() - An acknowledgement with a code, capped, without attributes. */
void fake_ack(int code);

/** fake_done() - The end of a dump. */
void fake_done(int code);

/** fake_object() - A message of the family with an object. */
void fake_object(uint8_t command, uint16_t flags, const struct ozp_set *set,
		 const void *object);

/** open_socket() - A connection that already knows the family. */
struct ozp_socket *open_socket(void);

/** v4(), v6() - Addresses from text. */
struct in_addr v4(const char *text);
struct in6_addr v6(const char *text);

/** seed_service() - X1 of the walkthrough: two instances, two Service IPs. */
void seed_service(struct ozp_service *service);

/** add_instances() - Append instances @from to @to - 1 with all attributes. */
void add_instances(struct ozp_service *service, unsigned int from,
		   unsigned int to);

/** golden() - Fail unless @text is what golden/NAME has. */
void golden(const char *name, const char *text);

#endif /* _OZP_UNIT_H */
