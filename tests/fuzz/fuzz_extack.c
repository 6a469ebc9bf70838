// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * Acknowledgements that point into a request: a service with everything, sent
 * over generic netlink, or a link. The first byte chooses; the rest is one
 * message of the kernel.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "genl.h"
#include "kernel.h"
#include "link.h"
#include "ozproxy_service.h"
#include "socket.h"

static void build_service(struct ozp_socket *sock, struct ozp_request *request)
{
	struct ozp_service service = { .ifindex = 5, .name = "a.b.c.d" };
	struct ozp_call call = { .command = OZPROXY_CMD_SERVICE_SET,
				 .set = &ozp_service_attrs,
				 .request = &service };
	unsigned int i;

	OZP_SET(&service, OZPROXY_A_SERVICE_IFINDEX);
	OZP_SET(&service, OZPROXY_A_SERVICE_NAME);
	for (i = 0; i < 2; i++) {
		must(ozp_service_add_address(&service));
		OZP_SET(&service.address[i], OZPROXY_A_ADDRESS_IPV6);
		must(ozp_service_add_instance(&service));
		OZP_SET(&service.instance[i], OZPROXY_A_INSTANCE_NUMBER);
		OZP_SET(&service.instance[i], OZPROXY_A_INSTANCE_WEIGHT);
	}
	must(!ozp_genl_build(sock, &call, 0));
	ozp_service_free(&service);
	request->header = sizeof(struct genlmsghdr);
	request->set = &ozp_service_attrs;
}

static void build_link(struct ozp_socket *sock, struct ozp_request *request)
{
	struct ozp_link link = { .port = 50103 };
	struct nlmsghdr *nlh = ozp_link_build(sock, RTM_NEWLINK, 0, 5);

	OZP_SET(&link, IFLA_OZPROXY_PORT);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "oz0");
	must(!ozp_link_put(nlh, &link));
	request->header = sizeof(struct ifinfomsg);
	request->set = &ozp_link_message_set;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ozp_socket *sock;
	struct ozp_request request = {};
	struct ozp_error error;
	struct nlmsghdr *input, *nlh;
	int len;

	if (!size || size > UINT16_MAX)
		return 0;
	if (!sock)
		sock = open_socket();
	if (*data == 'l')
		build_link(sock, &request);
	else
		build_service(sock, &request);
	request.nlh = (const struct nlmsghdr *)sock->message;
	len = (int)size - 1;
	input = calloc(1, MNL_ALIGN(size));
	must(input);
	memcpy(input, data + 1, (size_t)len);
	if (ozp_message_ok(input, len)) {
		/* Exactly its size and padding: reads beyond are noticed. */
		nlh = calloc(1, MNL_ALIGN(input->nlmsg_len));
		must(nlh);
		memcpy(nlh, input, input->nlmsg_len);
		must(ozp_extack_parse(nlh, &request, &error) == error.code);
		must(error.code <= 0);
		if (nlh->nlmsg_type == NLMSG_ERROR &&
		    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nlmsgerr))
			must(error.code == -EBADMSG);
		must(memchr(error.message, '\0', sizeof(error.message)));
		must(memchr(error.attribute, '\0', sizeof(error.attribute)));
		free(nlh);
	}
	free(input);
	return 0;
}
