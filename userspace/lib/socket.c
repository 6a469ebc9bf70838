// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "socket.h"
#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int ozp_socket_open(struct ozp_socket **sockp)
{
	struct ozp_socket *sock;

	sock = calloc(1, sizeof(*sock));
	if (!sock)
		return -ENOMEM;
	sock->genl.protocol = NETLINK_GENERIC;
	sock->route.protocol = NETLINK_ROUTE;
	sock->seq = (unsigned int)time(NULL);
	sock->message = calloc(1, OZP_MESSAGE_MAX);
	sock->reply = malloc(OZP_MESSAGE_MAX);
	if (!sock->message || !sock->reply) {
		ozp_socket_close(sock);
		return -ENOMEM;
	}
	*sockp = sock;
	return 0;
}

void ozp_socket_close(struct ozp_socket *sock)
{
	if (!sock)
		return;
	if (sock->genl.nl)
		mnl_socket_close(sock->genl.nl);
	if (sock->route.nl)
		mnl_socket_close(sock->route.nl);
	free(sock->message);
	free(sock->reply);
	free(sock);
}

const struct ozp_error *ozp_socket_error(const struct ozp_socket *sock)
{
	return &sock->error;
}

int ozp_socket_fail(struct ozp_socket *sock, int code, const char *message)
{
	memset(&sock->error, 0, sizeof(sock->error));
	sock->error.code = code;
	if (message)
		snprintf(sock->error.message, sizeof(sock->error.message), "%s",
			 message);
	return code;
}

/*
 * A long request must fit into the send buffer as a whole; the default is big
 * enough unless the administrator has lowered it. Only privileged callers can
 * exceed the host's limit, and only they have long requests.
 */
static void enlarge_send_buffer(const struct mnl_socket *nl)
{
	int fd = mnl_socket_get_fd(nl), size = OZP_MESSAGE_MAX;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

int ozp_channel_open(struct ozp_channel *channel)
{
	static const int options[] = {
		NETLINK_EXT_ACK,
		/* Offsets count in the request, which we have: no copy. */
		NETLINK_CAP_ACK,
		NETLINK_GET_STRICT_CHK,
	};
	struct mnl_socket *nl;
	unsigned int i;
	int one = 1;

	if (channel->nl)
		return 0;
	nl = mnl_socket_open2(channel->protocol, SOCK_CLOEXEC);
	if (!nl)
		return -errno;
	for (i = 0; i < MNL_ARRAY_SIZE(options); i++)
		mnl_socket_setsockopt(nl, (int)options[i], &one, sizeof(one));
	enlarge_send_buffer(nl);
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = -errno;

		mnl_socket_close(nl);
		return err;
	}
	channel->nl = nl;
	return 0;
}

struct nlmsghdr *ozp_socket_begin(struct ozp_socket *sock, uint16_t type,
				  uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(sock->message);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	if ((flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = ++sock->seq;
	return nlh;
}

/*
 * After an error of the callback the rest of the answer is still read: a dump
 * that nobody reads keeps the socket busy. Return true at the end of it.
 */
static bool take_message(struct ozp_socket *sock, struct ozp_talk *talk,
			 const struct nlmsghdr *nlh, int *ret)
{
	int err;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		talk->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
	case NLMSG_OVERRUN:
		return false;
	case NLMSG_ERROR:
	case NLMSG_DONE:
		err = ozp_extack_parse(nlh, &talk->request, &sock->error);
		if (!*ret)
			*ret = err;
		return true;
	}
	if (!*ret && talk->cb)
		*ret = talk->cb(nlh, talk->data);
	return false;
}

bool ozp_message_ok(const struct nlmsghdr *nlh, int len)
{
	return mnl_nlmsg_ok(nlh, len) && nlh->nlmsg_len <= (uint32_t)len;
}

static int receive(struct ozp_socket *sock, struct ozp_talk *talk)
{
	const struct mnl_socket *nl = talk->channel->nl;
	const struct nlmsghdr *nlh;
	int ret = 0, len;
	ssize_t size;

	for (;;) {
		size = mnl_socket_recvfrom(nl, sock->reply, OZP_MESSAGE_MAX);
		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return ozp_socket_fail(sock, size ? -errno : -EPIPE,
					       NULL);
		len = (int)size;
		for (nlh = (void *)sock->reply; ozp_message_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_seq != sock->seq)
				continue;
			if (take_message(sock, talk, nlh, &ret))
				return ret;
		}
	}
}

int ozp_socket_talk(struct ozp_socket *sock, struct ozp_talk *talk)
{
	const struct nlmsghdr *nlh = (void *)sock->message;
	int err;

	memset(&sock->error, 0, sizeof(sock->error));
	talk->request.nlh = nlh;
	talk->interrupted = false;
	err = ozp_channel_open(talk->channel);
	if (err)
		return ozp_socket_fail(sock, err, NULL);
	if (mnl_socket_sendto(talk->channel->nl, nlh, nlh->nlmsg_len) < 0)
		return ozp_socket_fail(sock, -errno, NULL);
	return receive(sock, talk);
}

static void parse_group(struct ozp_socket *sock, const struct nlattr *group)
{
	const struct nlattr *nla;
	const char *name = "";
	uint32_t id = 0;

	mnl_attr_for_each_nested(nla, group)
	{
		if (mnl_attr_get_type(nla) == CTRL_ATTR_MCAST_GRP_NAME &&
		    !mnl_attr_validate(nla, MNL_TYPE_NUL_STRING))
			name = mnl_attr_get_str(nla);
		else if (mnl_attr_get_type(nla) == CTRL_ATTR_MCAST_GRP_ID &&
			 !mnl_attr_validate(nla, MNL_TYPE_U32))
			id = mnl_attr_get_u32(nla);
	}
	if (!strcmp(name, OZPROXY_MCGRP_MISSES))
		sock->misses = id;
	else if (!strcmp(name, OZPROXY_MCGRP_CHANGES))
		sock->changes = id;
}

static int parse_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *nla, *group;
	struct ozp_socket *sock = data;

	mnl_attr_for_each(nla, nlh, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(nla) == CTRL_ATTR_FAMILY_ID &&
		    !mnl_attr_validate(nla, MNL_TYPE_U16))
			sock->family = mnl_attr_get_u16(nla);
		else if (mnl_attr_get_type(nla) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(group, nla)
				parse_group(sock, group);
	}
	return 0;
}

int ozp_socket_genl(struct ozp_socket *sock)
{
	struct ozp_talk talk = {
		.channel = &sock->genl,
		.request.header = sizeof(struct genlmsghdr),
		.cb = parse_family,
		.data = sock,
	};
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;
	int err;

	if (sock->family)
		return 0;
	nlh = ozp_socket_begin(sock, GENL_ID_CTRL, 0);
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, OZPROXY_FAMILY_NAME);
	err = ozp_socket_talk(sock, &talk);
	if (err == -ENOENT || (!err && !sock->family)) {
		err = ozp_socket_fail(sock, -ENOENT, NULL);
		sock->error.module = true;
	}
	return err;
}
