/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */

/* A network namespace with a device, and what its table holds. */

#ifndef _TEST_WORLD_H
#define _TEST_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nl.h"

struct attr;

/* One Service IP, one instance; what differs between the tests' services. */
struct service {
	const char *name;
	const char *address;		/* IPv4 Service IP, or NULL */
	unsigned int instances;
	const char *namespace_ip;	/* of instance 0; the next ones follow */
	const char *instance_ip;	/* likewise; NULL: none */
	uint32_t flags;
};

/* A state to compare with later. */
struct snapshot {
	size_t len;
	uint32_t generation;
	char *data;
};

/* Leaves for a network namespace of its own. */
void world_enter(void);

/* Runs a command line of ip(8) and the like; bails out when it fails. */
void world_run(const char *command, ...)
	__attribute__((format(printf, 1, 2)));

/* @data: the link attributes, or NULL. Returns the index, 0 when refused. */
int device_new(const char *name, struct attr *data, struct outcome *out);
/* The same without attributes, for those who are lost without it: bails out. */
int device_need(const char *name);
void device_del(int ifindex);

/* Changes the link attributes of a device. */
void device_change(int ifindex, struct attr *data, struct outcome *out);

/* The bytes of IFLA_INFO_DATA, or -1; the kind must be ours. */
int device_data(int ifindex, char *data, size_t room);

/*
 * A container's stand-in: a local instance "self" at 10.19.1.3 and fc00::103
 * on an interface of this namespace, with routes into the device @name.
 */
void container_make(struct client *client, int ifindex, const char *name);

/* A UDP datagram from the container to port 9 of @address. */
void container_send(const char *address, uint16_t source_port);

/* A tree of service-set for @service. Forgets all other trees. */
struct attr *service_tree(int ifindex, const struct service *service);
void service_set(struct client *client, int ifindex,
		 const struct service *service, struct outcome *out);
void service_del(struct client *client, int ifindex, const char *name,
		 struct outcome *out);

/* The whole table as bytes, without the times of use. */
void snapshot_take(struct client *client, int ifindex,
		   struct snapshot *snapshot);
bool snapshot_equal(const struct snapshot *a, const struct snapshot *b);
void snapshot_free(struct snapshot *snapshot);

#endif /* _TEST_WORLD_H */
