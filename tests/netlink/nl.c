// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "nl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <uapi/linux/ozproxy.h>

#include "tap.h"
#include "tree.h"

/* Kernel headers older than 6.1 do not name these. */
#define ATTR_MISS_TYPE 5
#define ATTR_MISS_NEST 6

static char request_buffer[REQUEST_ROOM];
static char receive_buffer[128 * 1024];

static void see_group(struct client *client, const struct nlattr *group)
{
	const struct nlattr *attr;
	const char *name = "";
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = mnl_attr_get_u32(attr);
	}
	if (!strcmp(name, OZPROXY_MCGRP_MISSES))
		client->group_misses = id;
	if (!strcmp(name, OZPROXY_MCGRP_CHANGES))
		client->group_changes = id;
}

static void see_family(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr, *group;
	struct client *client = arg;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			client->family = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attr)
			see_group(client, group);
	}
}

static void find_family(struct client *client)
{
	struct nlmsghdr *nlh;
	struct outcome out;

	client->family = GENL_ID_CTRL;
	nlh = request_genl(client, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, OZPROXY_FAMILY_NAME);
	client_talk(client, nlh, &out, see_family, client);
	if (out.err)
		bail("no family %s: %s", OZPROXY_FAMILY_NAME,
		     strerror(out.err));
}

void client_open(struct client *client, int protocol)
{
	int on = 1, room = 1 << 20;

	memset(client, 0, sizeof(*client));
	client->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!client->socket ||
	    mnl_socket_bind(client->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		bail("no netlink socket: %s", strerror(errno));
	mnl_socket_setsockopt(client->socket, NETLINK_EXT_ACK, &on,
			      sizeof(on));
	mnl_socket_setsockopt(client->socket, NETLINK_CAP_ACK, &on,
			      sizeof(on));
	setsockopt(mnl_socket_get_fd(client->socket), SOL_SOCKET, SO_RCVBUF,
		   &room, sizeof(room));
	if (protocol == NETLINK_GENERIC)
		find_family(client);
}

void client_close(struct client *client)
{
	mnl_socket_close(client->socket);
}

void client_join(struct client *client, uint32_t group)
{
	if (mnl_socket_setsockopt(client->socket, NETLINK_ADD_MEMBERSHIP,
				  &group, sizeof(group)) < 0)
		bail("cannot join group %u: %s", group, strerror(errno));
}

struct nlmsghdr *request_genl(struct client *client, uint8_t cmd,
			      uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request_buffer);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = client->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = OZPROXY_FAMILY_VERSION;
	return nlh;
}

struct nlmsghdr *request_link(uint16_t type, uint16_t flags, int ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request_buffer);
	struct ifinfomsg *info;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_index = ifindex;
	return nlh;
}

void client_send(struct client *client, struct nlmsghdr *nlh)
{
	nlh->nlmsg_seq = ++client->seq;
	if (mnl_socket_sendto(client->socket, nlh, nlh->nlmsg_len) < 0)
		bail("cannot send %u bytes: %s", nlh->nlmsg_len,
		     strerror(errno));
}

static void see_explanation(struct outcome *out, const void *start,
			    size_t len)
{
	const struct nlattr *attr;

	mnl_attr_for_each_payload(start, len) {
		switch (mnl_attr_get_type(attr)) {
		case NLMSGERR_ATTR_MSG:
			snprintf(out->text, sizeof(out->text), "%s",
				 mnl_attr_get_str(attr));
			break;
		case NLMSGERR_ATTR_OFFS:
			out->has_offset = true;
			out->offset = mnl_attr_get_u32(attr);
			break;
		case ATTR_MISS_TYPE:
			out->has_miss = true;
			out->miss_type = mnl_attr_get_u32(attr);
			break;
		case ATTR_MISS_NEST:
			out->has_nest = true;
			out->miss_nest = mnl_attr_get_u32(attr);
			break;
		}
	}
}

/* A plain acknowledgement, or the end of a dump. */
static void see_end(const struct nlmsghdr *nlh, struct outcome *out)
{
	size_t head = nlh->nlmsg_type == NLMSG_ERROR ?
		sizeof(struct nlmsgerr) : sizeof(int);
	const char *payload = mnl_nlmsg_get_payload(nlh);
	int err = 0;

	if (mnl_nlmsg_get_payload_len(nlh) < head)
		return;
	memcpy(&err, payload, sizeof(err));
	out->err = -err;
	out->at_end = nlh->nlmsg_type == NLMSG_DONE;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		see_explanation(out, payload + head,
				mnl_nlmsg_get_payload_len(nlh) - head);
}

bool client_receive(struct client *client, struct outcome *out, reply_fn fn,
		    void *arg)
{
	const struct nlmsghdr *nlh = (const void *)receive_buffer;
	int len;

	len = mnl_socket_recvfrom(client->socket, receive_buffer,
				  sizeof(receive_buffer));
	if (len < 0) {
		/* The socket's own: told from the kernel's by the text. */
		out->err = errno;
		snprintf(out->text, sizeof(out->text), "recvfrom failed");
		return true;
	}
	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_seq != client->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			out->interrupted = true;
		if (nlh->nlmsg_type == NLMSG_ERROR ||
		    nlh->nlmsg_type == NLMSG_DONE) {
			see_end(nlh, out);
			return true;
		}
		out->replies++;
		if (fn)
			fn(nlh, arg);
	}
	return false;
}

void client_talk(struct client *client, struct nlmsghdr *nlh,
		 struct outcome *out, reply_fn fn, void *arg)
{
	memset(out, 0, sizeof(*out));
	client_send(client, nlh);
	while (!client_receive(client, out, fn, arg))
		;
}

void client_call(struct client *client, uint8_t cmd, uint16_t flags,
		 struct attr *list, struct outcome *out, reply_fn fn,
		 void *arg)
{
	struct nlmsghdr *nlh = request_genl(client, cmd, flags);

	tree_write(nlh, list);
	client_talk(client, nlh, out, fn, arg);
}

bool client_notified(struct client *client, int msec, uint8_t *cmd,
		     reply_fn fn, void *arg)
{
	struct pollfd fd = {
		.fd = mnl_socket_get_fd(client->socket),
		.events = POLLIN,
	};
	const struct nlmsghdr *nlh = (const void *)receive_buffer;
	const struct genlmsghdr *genl;
	int len;

	if (poll(&fd, 1, msec) != 1)
		return false;
	len = mnl_socket_recvfrom(client->socket, receive_buffer,
				  sizeof(receive_buffer));
	if (len < 0 || !mnl_nlmsg_ok(nlh, len))
		return false;
	genl = mnl_nlmsg_get_payload(nlh);
	*cmd = genl->cmd;
	if (fn)
		fn(nlh, arg);
	return true;
}
