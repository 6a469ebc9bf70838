/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Requests and answers over the two netlink protocols in use.
 */
#ifndef _OZP_LIB_SOCKET_H
#define _OZP_LIB_SOCKET_H

#include "extack.h"

/*
 * Bytes of the longest message. A service of instance-max instances, each with
 * every attribute, has 140 kB; some more, so that the kernel gets to refuse
 * what is too much.
 */
#define OZP_MESSAGE_MAX (256 * 1024)

/** struct ozp_channel - One netlink protocol; opened when first used. */
struct ozp_channel {
	struct mnl_socket *nl;
	int protocol;
};

struct ozp_socket {
	struct ozp_channel genl;
	struct ozp_channel route;
	uint16_t family; /* of generic netlink; 0: not asked yet */
	uint32_t misses; /* multicast groups */
	uint32_t changes;
	unsigned int seq;
	char *message; /* the request, then the event, if any */
	char *reply;
	struct ozp_error error;
};

/**
 * struct ozp_talk - A request and what to do with its answers.
 * @channel: where to
 * @request: the request; its message is sock->message
 * @cb: called for each message of the answer; an error ends the calls
 * @data: for @cb
 * @interrupted: set when the kernel says that a dump saw a change
 */
struct ozp_talk {
	struct ozp_channel *channel;
	struct ozp_request request;
	int (*cb)(const struct nlmsghdr *nlh, void *data);
	void *data;
	bool interrupted;
};

/**
 * ozp_socket_begin() - Start a request in sock->message.
 * @sock: connection
 * @type: of the message
 * @flags: besides NLM_F_REQUEST and NLM_F_ACK, which dumps do without
 *
 * Return: the message, to append to.
 */
struct nlmsghdr *ozp_socket_begin(struct ozp_socket *sock, uint16_t type,
				  uint16_t flags);

/**
 * ozp_socket_talk() - Send the request, and take all of the answer.
 * @sock: connection
 * @talk: the request
 *
 * Return: 0, an error of the kernel or of the way, or what the callback
 * returned other than 0. All but the last are in sock->error.
 */
int ozp_socket_talk(struct ozp_socket *sock, struct ozp_talk *talk);

/**
 * ozp_message_ok() - Is there a whole message?
 * @nlh: where it begins
 * @len: bytes that were received from there on; negative behind the last
 *
 * Instead of mnl_nlmsg_ok(), for which a length of 2 GiB and more is negative
 * and so fits into anything.
 */
bool ozp_message_ok(const struct nlmsghdr *nlh, int len);

/**
 * ozp_socket_genl() - Find the family of the module.
 * @sock: connection
 *
 * Return: 0, or -ENOENT without the module, and others.
 */
int ozp_socket_genl(struct ozp_socket *sock);

/**
 * ozp_socket_fail() - Note an error that the library found.
 * @sock: connection
 * @code: negative errno
 * @message: a sentence, or NULL
 *
 * Return: @code.
 */
int ozp_socket_fail(struct ozp_socket *sock, int code, const char *message);

/**
 * ozp_channel_open() - Open a channel that is not open yet.
 * @channel: the channel
 *
 * Return: 0 or an error.
 */
int ozp_channel_open(struct ozp_channel *channel);

#endif /* _OZP_LIB_SOCKET_H */
