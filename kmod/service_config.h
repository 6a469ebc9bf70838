/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* A service as somebody wants it. */
#ifndef _OZP_SERVICE_CONFIG_H
#define _OZP_SERVICE_CONFIG_H

#include <linux/types.h>

#include "packet.h"
#include "verdict.h"

/**
 * struct ozp_service_address - a Service IP
 * @addr: the address
 * @family: its family
 * @policy: how it chooses
 */
struct ozp_service_address {
	union ozp_addr addr;
	u8 family;
	enum ozproxy_policy policy;
};

/**
 * struct ozp_endpoint_config - what the table says of an instance
 * @number: instance number
 * @ns: Namespace IPs by family; all zero: none
 * @ip: Instance IPs by family; all zero: none
 * @node_addr: address of the worker
 * @node_port: UDP port of the worker's tunnel
 * @node_family: family of @node_addr
 * @weight: share of new flows
 * @metric: distance
 * @flags: of enum ozproxy_instance_flags
 *
 * Compared byte by byte: zeroed before it is filled in.
 */
struct ozp_endpoint_config {
	union ozp_addr ns[OZP_FAMILIES];
	union ozp_addr ip[OZP_FAMILIES];
	union ozp_addr node_addr;
	u32 number;
	u32 weight;
	u32 metric;
	u32 flags;
	__be16 node_port;
	u8 node_family;
};

/**
 * struct ozp_service_config - a service as the caller wants it
 * @name: job name
 * @addresses: its Service IPs
 * @address_count: how many
 * @instances: its instances
 * @instance_count: how many
 * @affinity: milliseconds for which clients keep their instance; 0: they do not
 * @pinned: never announced as idle
 * @origin: who sets it, for programs to tell what is theirs
 */
struct ozp_service_config {
	const char *name;
	struct ozp_service_address *addresses;
	u32 address_count;
	struct ozp_endpoint_config *instances;
	u32 instance_count;
	u32 affinity;
	bool pinned;
	u8 origin;
};

#endif /* _OZP_SERVICE_CONFIG_H */
