// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "netwatch.h"
#include <errno.h>
#include <ev.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "mem.h"

struct netwatch {
	struct ev_loop *loop;
	const struct netwatch_ops *ops;
	void *data;
	struct mnl_socket *nl;
	ev_io io;
};

static void read_link(struct netwatch *watch, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const char *ifname = "";
	const struct nlattr *nla;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return;
	mnl_attr_for_each(
		nla, nlh,
		sizeof(*info)) if (mnl_attr_get_type(nla) == IFLA_IFNAME &&
				   !mnl_attr_validate(nla, MNL_TYPE_NUL_STRING))
		ifname = mnl_attr_get_str(nla);
	watch->ops->link(watch->data, (uint32_t)info->ifi_index, ifname,
			 nlh->nlmsg_type == RTM_DELLINK);
}

static int read_message(const struct nlmsghdr *nlh, void *data)
{
	struct netwatch *watch = data;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		read_link(watch, nlh);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		watch->ops->routes(watch->data);
		break;
	}
	return MNL_CB_OK;
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	struct netwatch *watch = io->data;
	char buffer[32 * 1024];
	ssize_t size;

	(void)loop;
	(void)events;
	size = mnl_socket_recvfrom(watch->nl, buffer, sizeof(buffer));
	if (size >= 0)
		mnl_cb_run(buffer, (size_t)size, 0, 0, read_message, watch);
	else if (errno == ENOBUFS)
		watch->ops->lost(watch->data);
}

struct netwatch *netwatch_start(struct ev_loop *loop,
				const struct netwatch_ops *ops, void *data)
{
	struct netwatch *watch = mem_zero(sizeof(*watch));

	watch->loop = loop;
	watch->ops = ops;
	watch->data = data;
	watch->nl =
		mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->nl ||
	    mnl_socket_bind(watch->nl,
			    RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
				    RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
				    RTMGRP_IPV6_ROUTE,
			    MNL_SOCKET_AUTOPID) < 0) {
		log_error("cannot watch devices and routes: %s",
			  strerror(errno));
		if (watch->nl)
			mnl_socket_close(watch->nl);
		free(watch);
		return NULL;
	}
	ev_io_init(&watch->io, on_io, mnl_socket_get_fd(watch->nl), EV_READ);
	watch->io.data = watch;
	ev_io_start(loop, &watch->io);
	return watch;
}

void netwatch_stop(struct netwatch *watch)
{
	if (!watch)
		return;
	ev_io_stop(watch->loop, &watch->io);
	mnl_socket_close(watch->nl);
	free(watch);
}
