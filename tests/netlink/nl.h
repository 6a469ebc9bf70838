/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */

/* Sockets, requests, and what the kernel says about them. */

#ifndef _TEST_NL_H
#define _TEST_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attr;
struct nlmsghdr;

#define REQUEST_ROOM (256 * 1024)

struct client {
	struct mnl_socket *socket;
	uint16_t family;	/* message type; 0 for rtnetlink */
	uint32_t seq;
	uint32_t group_misses;
	uint32_t group_changes;
};

/* The kernel's answer to a request. */
struct outcome {
	int err;		/* 0 or an errno, positive */
	char text[160];
	bool has_offset;
	uint32_t offset;
	bool has_miss;
	uint32_t miss_type;
	bool has_nest;
	uint32_t miss_nest;
	bool at_end;		/* came in the NLMSG_DONE of a dump */
	bool interrupted;	/* NLM_F_DUMP_INTR was seen */
	unsigned int replies;
};

typedef void (*reply_fn)(const struct nlmsghdr *nlh, void *arg);

void client_open(struct client *client, int protocol);
void client_close(struct client *client);
void client_join(struct client *client, uint32_t group);

/* Starts a request in a static buffer: a second one ends the first. */
struct nlmsghdr *request_genl(struct client *client, uint8_t cmd,
			      uint16_t flags);
struct nlmsghdr *request_link(uint16_t type, uint16_t flags, int ifindex);

void client_send(struct client *client, struct nlmsghdr *nlh);

/* Takes one datagram in; true when it ended the request. */
bool client_receive(struct client *client, struct outcome *out, reply_fn fn,
		    void *arg);

/* Sends, and takes in all that comes back. @fn may be NULL. */
void client_talk(struct client *client, struct nlmsghdr *nlh,
		 struct outcome *out, reply_fn fn, void *arg);

/* client_talk() with the attributes of @list, a do or a dump by @flags. */
void client_call(struct client *client, uint8_t cmd, uint16_t flags,
		 struct attr *list, struct outcome *out, reply_fn fn,
		 void *arg);

/*
 * The next notification; false after @msec without one. Its command is in
 * @cmd, and @fn sees the message.
 */
bool client_notified(struct client *client, int msec, uint8_t *cmd,
		     reply_fn fn, void *arg);

#endif /* _TEST_NL_H */
