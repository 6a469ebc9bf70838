// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "genl.h"
#include <errno.h>
#include <linux/genetlink.h>

int ozp_genl_build(struct ozp_socket *sock, const struct ozp_call *call,
		   uint16_t flags)
{
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;

	nlh = ozp_socket_begin(sock, sock->family, flags);
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = call->command;
	genl->version = OZPROXY_FAMILY_VERSION;
	if (ozp_object_put(nlh, OZP_MESSAGE_MAX, call->set, call->request))
		return ozp_socket_fail(sock, -EMSGSIZE,
				       "the request is too long");
	return 0;
}

int ozp_genl_parse(const struct nlmsghdr *nlh, const struct ozp_set *set,
		   void *object)
{
	size_t len = mnl_nlmsg_get_payload_len(nlh);

	if (len < sizeof(struct genlmsghdr))
		return -EBADMSG;
	return ozp_object_get(
		set, object,
		mnl_nlmsg_get_payload_offset(nlh, sizeof(struct genlmsghdr)),
		len - sizeof(struct genlmsghdr));
}

static int take_object(const struct nlmsghdr *nlh, void *data)
{
	struct ozp_call *call = data;
	union ozp_object object = {};
	int ret;

	if (!call->cb)
		return 0;
	ret = ozp_genl_parse(nlh, call->set, &object);
	if (!ret)
		ret = call->cb(&object, call->data);
	ozp_object_free(call->set, &object);
	return ret;
}

static int genl_call(struct ozp_socket *sock, struct ozp_call *call,
		     uint16_t flags)
{
	struct ozp_talk talk = {
		.channel = &sock->genl,
		.request.header = sizeof(struct genlmsghdr),
		.request.set = call->set,
		.cb = take_object,
		.data = call,
	};
	int ret;

	ret = ozp_socket_genl(sock);
	if (ret)
		return ret;
	ret = ozp_genl_build(sock, call, flags);
	if (ret)
		return ret;
	ret = ozp_socket_talk(sock, &talk);
	call->interrupted = talk.interrupted;
	/* What the callback or the parser found is an error of ours. */
	if (ret < 0 && !sock->error.code)
		ozp_socket_fail(sock, ret, NULL);
	return ret;
}

int ozp_genl_do(struct ozp_socket *sock, struct ozp_call *call)
{
	return genl_call(sock, call, 0);
}

int ozp_genl_dump(struct ozp_socket *sock, struct ozp_call *call)
{
	return genl_call(sock, call, NLM_F_DUMP);
}
