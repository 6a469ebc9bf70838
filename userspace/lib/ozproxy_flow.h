/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Flows, misses, counters and events. In every request ifindex is required.
 */
#ifndef _OZP_LIB_OZPROXY_FLOW_H
#define _OZP_LIB_OZPROXY_FLOW_H

#include "ozproxy.h"

/**
 * ozp_flow_get() - Get one flow.
 * @sock: connection
 * @request: ifindex, protocol, both addresses and both ports as the container
 *   sends
 * @flow: where it goes
 *
 * Return: 0, or -ENOENT and others.
 */
int ozp_flow_get(struct ozp_socket *sock, const struct ozp_flow *request,
		 struct ozp_flow *flow);

/**
 * ozp_flow_dump() - Get the flows of a device.
 * @sock: connection
 * @request: ifindex; every attribute up to instance is a filter
 * @cb: called for each flow as it arrives, which is valid during the call;
 *   anything but 0 ends the dump and is returned
 * @data: for @cb
 *
 * Flows come and go, and there can be millions: each is given once it is read.
 *
 * Return: 0, what @cb returned, -EINTR when the table was resized meanwhile (it
 * may miss flows, or have given some twice), or an error.
 */
int ozp_flow_dump(struct ozp_socket *sock, const struct ozp_flow *request,
		  int (*cb)(const struct ozp_flow *flow, void *data),
		  void *data);

/**
 * ozp_flow_flush() - End flows.
 * @sock: connection
 * @request: ifindex and filters as for ozp_flow_dump()
 * @flushed: how many were ended
 *
 * Return: 0 or an error.
 */
int ozp_flow_flush(struct ozp_socket *sock, const struct ozp_flow *request,
		   uint32_t *flushed);

/**
 * ozp_miss_get() - Get one address that waits for an answer or that nobody has.
 * @sock: connection
 * @request: ifindex, and ipv4 or ipv6
 * @miss: where it goes
 *
 * Return: 0, or -ENOENT and others.
 */
int ozp_miss_get(struct ozp_socket *sock, const struct ozp_miss *request,
		 struct ozp_miss *miss);

/** ozp_miss_dump() - Get those that match; as ozp_flow_dump(). */
int ozp_miss_dump(struct ozp_socket *sock, const struct ozp_miss *request,
		  int (*cb)(const struct ozp_miss *miss, void *data),
		  void *data);

/**
 * ozp_miss_resolve() - Answer that nobody has an address.
 * @sock: connection
 * @request: ifindex, ipv4 or ipv6, and lifetime in milliseconds: for so long
 *   packets to it are rejected; with 0 only those that wait now
 *
 * Return: 0, -EEXIST when the table has the address, or another error.
 */
int ozp_miss_resolve(struct ozp_socket *sock, const struct ozp_miss *request);

/**
 * ozp_stats_get() - Get the counters of a device.
 * @sock: connection
 * @ifindex: the device
 * @stats: where they go; ozp_stats_free() it. Untouched after an error.
 *
 * Return: 0 or an error.
 */
int ozp_stats_get(struct ozp_socket *sock, uint32_t ifindex,
		  struct ozp_stats *stats);

/** ozp_stats_free() - Free the array of @stats and zero it. */
void ozp_stats_free(struct ozp_stats *stats);

/**
 * struct ozp_event - A notification.
 * @command: OZPROXY_CMD_MISS_NTF, OZPROXY_CMD_SERVICE_NTF,
 *   OZPROXY_CMD_SERVICE_DEL_NTF, or 0: some notifications were lost because
 *   they were not read fast enough; read the tables again
 * @miss: with OZPROXY_CMD_MISS_NTF
 * @service: with the others; of a large service each message is an event
 */
struct ozp_event {
	uint8_t command;
	struct ozp_miss miss;
	struct ozp_service service;
};

/**
 * ozp_monitor_start() - Subscribe to misses and changes of all devices.
 * @sock: connection, which is good for nothing else from now on
 *
 * Return: the file descriptor to poll, which stays the connection's, or an
 * error.
 */
int ozp_monitor_start(struct ozp_socket *sock);

/**
 * ozp_monitor_read() - Wait for notifications and deliver what came.
 * @sock: connection after ozp_monitor_start()
 * @cb: called for each, which is valid during the call; anything but 0 ends the
 *   delivery and is returned
 * @data: for @cb
 *
 * Return: 0, what @cb returned, -EINTR after a signal, or an error.
 */
int ozp_monitor_read(struct ozp_socket *sock,
		     int (*cb)(const struct ozp_event *event, void *data),
		     void *data);

#endif /* _OZP_LIB_OZPROXY_FLOW_H */
