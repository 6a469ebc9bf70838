/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Requests to the module's family, with objects for content.
 */
#ifndef _OZP_LIB_GENL_H
#define _OZP_LIB_GENL_H

#include "object.h"
#include "socket.h"

/**
 * struct ozp_call - One operation.
 * @command: enum OZPROXY_CMD_*
 * @set: what request and reply are
 * @request: the object to send
 * @cb: called with each object of the answer (may be NULL), which it may empty
 *   (ozp_object_free and zero) to keep what it points to
 * @data: for @cb
 * @interrupted: a dump saw a change
 */
struct ozp_call {
	uint8_t command;
	const struct ozp_set *set;
	const void *request;
	int (*cb)(void *object, void *data);
	void *data;
	bool interrupted;
};

/** union ozp_object - Any object that an operation of the family answers. */
union ozp_object {
	struct ozp_service service;
	struct ozp_flow flow;
	struct ozp_miss miss;
	struct ozp_stats stats;
};

/**
 * ozp_genl_do() - Ask for one thing.
 * @sock: connection
 * @call: the operation
 *
 * Return: 0, an error, or what the callback returned other than 0.
 */
int ozp_genl_do(struct ozp_socket *sock, struct ozp_call *call);

/** ozp_genl_dump() - Ask for all that match; as ozp_genl_do(). */
int ozp_genl_dump(struct ozp_socket *sock, struct ozp_call *call);

/**
 * ozp_genl_build() - Write the request into sock->message.
 * @sock: connection that knows the family
 * @call: the operation
 * @flags: of the netlink header
 *
 * Return: 0 or -EMSGSIZE.
 */
int ozp_genl_build(struct ozp_socket *sock, const struct ozp_call *call,
		   uint16_t flags);

/**
 * ozp_genl_parse() - Take the object out of a message of the family.
 * @nlh: message
 * @set: what it has
 * @object: zeroed; free it also after an error
 *
 * Return: 0, -EBADMSG or -ENOMEM.
 */
int ozp_genl_parse(const struct nlmsghdr *nlh, const struct ozp_set *set,
		   void *object);

/** ozp_genl_keep() - Callback that moves the object to @data, emptying it. */
#define OZP_GENL_KEEP(type)                                                \
	static int keep_##type(void *object, void *data)                   \
	{                                                                  \
		ozp_object_free(&ozp_##type##_attrs, data);                \
		*(struct ozp_##type *)data = *(struct ozp_##type *)object; \
		*(struct ozp_##type *)object = (struct ozp_##type){};      \
		return 0;                                                  \
	}

#endif /* _OZP_LIB_GENL_H */
