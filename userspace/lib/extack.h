/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What the kernel says about a refused request.
 */
#ifndef _OZP_LIB_EXTACK_H
#define _OZP_LIB_EXTACK_H

#include <libmnl/libmnl.h>
#include "ozproxy.h"
#include "ozproxy_attrs.h"

/**
 * struct ozp_request - A request, as far as an answer may point into it.
 * @nlh: the message as it was sent
 * @header: size of the family's own header behind the netlink header
 * @set: the attributes of the message; NULL when nobody knows them
 */
struct ozp_request {
	const struct nlmsghdr *nlh;
	size_t header;
	const struct ozp_set *set;
};

/**
 * ozp_extack_parse() - Take an acknowledgement apart.
 * @nlh: of type NLMSG_ERROR, or NLMSG_DONE at the end of a dump
 * @request: what it answers
 * @error: where code, message, attribute and missing go
 *
 * Return: the code, 0 or a negative errno.
 */
int ozp_extack_parse(const struct nlmsghdr *nlh,
		     const struct ozp_request *request,
		     struct ozp_error *error);

#endif /* _OZP_LIB_EXTACK_H */
