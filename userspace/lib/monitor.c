// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>
#include "genl.h"
#include "ozproxy_flow.h"
#include "ozproxy_service.h"

/* Bytes of notifications that may wait to be read. */
#define EVENT_BUFFER (4 * 1024 * 1024)

int ozp_monitor_start(struct ozp_socket *sock)
{
	int size = EVENT_BUFFER, fd, err;

	err = ozp_socket_genl(sock);
	if (err)
		return err;
	fd = mnl_socket_get_fd(sock->genl.nl);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_setsockopt(sock->genl.nl, NETLINK_ADD_MEMBERSHIP,
				  &sock->misses, sizeof(sock->misses)) ||
	    mnl_socket_setsockopt(sock->genl.nl, NETLINK_ADD_MEMBERSHIP,
				  &sock->changes, sizeof(sock->changes)))
		return ozp_socket_fail(sock, -errno, NULL);
	return fd;
}

static int deliver(const struct nlmsghdr *nlh,
		   int (*cb)(const struct ozp_event *event, void *data),
		   void *data)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct ozp_event event = {};
	int ret;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return -EBADMSG;
	event.command = genl->cmd;
	switch (genl->cmd) {
	case OZPROXY_CMD_MISS_NTF:
		ret = ozp_genl_parse(nlh, &ozp_miss_attrs, &event.miss);
		break;
	case OZPROXY_CMD_SERVICE_NTF:
	case OZPROXY_CMD_SERVICE_DEL_NTF:
	case OZPROXY_CMD_SERVICE_IDLE_NTF:
		ret = ozp_genl_parse(nlh, &ozp_service_attrs, &event.service);
		break;
	default:
		return 0;
	}
	if (!ret)
		ret = cb(&event, data);
	ozp_service_free(&event.service);
	return ret;
}

int ozp_monitor_read(struct ozp_socket *sock,
		     int (*cb)(const struct ozp_event *event, void *data),
		     void *data)
{
	static const struct ozp_event lost = {};
	const struct nlmsghdr *nlh;
	ssize_t size;
	int len, ret;

	size = mnl_socket_recvfrom(sock->genl.nl, sock->reply, OZP_MESSAGE_MAX);
	if (size < 0 && errno == ENOBUFS)
		return cb(&lost, data);
	if (size < 0)
		return ozp_socket_fail(sock, -errno, NULL);
	len = (int)size;
	for (nlh = (void *)sock->reply; ozp_message_ok(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type != sock->family)
			continue;
		ret = deliver(nlh, cb, data);
		if (ret)
			return ret;
	}
	return 0;
}
