// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * The words of a command line, one a line of the input, to the requests that
 * ozctl sends. The stand-in takes every request apart with the library's
 * tables and puts it together again: the same bytes must come out.
 */
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "genl.h"
#include "kernel.h"
#include "link.h"

#define WORDS 200

static const struct ozp_set *set_of(uint8_t command)
{
	switch (command) {
	case OZPROXY_CMD_SERVICE_SET:
	case OZPROXY_CMD_SERVICE_GET:
	case OZPROXY_CMD_SERVICE_DEL:
	case OZPROXY_CMD_SERVICE_CLEAR:
		return &ozp_service_attrs;
	case OZPROXY_CMD_FLOW_GET:
	case OZPROXY_CMD_FLOW_FLUSH:
		return &ozp_flow_attrs;
	case OZPROXY_CMD_MISS_GET:
	case OZPROXY_CMD_MISS_RESOLVE:
		return &ozp_miss_attrs;
	case OZPROXY_CMD_STATS_GET:
		return &ozp_stats_attrs;
	}
	return NULL;
}

/* Every request about tables names the device that the stand-in has. */
static void check_family(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct ozp_set *set = set_of(genl->cmd);
	union ozp_object object = {};
	struct ozp_socket *sock;
	struct ozp_call call = { .command = genl->cmd,
				 .set = set,
				 .request = &object };
	const struct nlmsghdr *again;

	must(set);
	must(!ozp_genl_parse(nlh, set, &object));
	must(object.service.present >> 1 & 1);
	sock = open_socket();
	must(!ozp_genl_build(sock, &call, 0));
	again = (const struct nlmsghdr *)sock->message;
	must(again->nlmsg_len == nlh->nlmsg_len);
	must(!memcmp((const char *)again + sizeof(*nlh),
		     (const char *)nlh + sizeof(*nlh),
		     nlh->nlmsg_len - sizeof(*nlh)));
	ozp_socket_close(sock);
	ozp_object_free(set, &object);
}

static void check_link(const struct nlmsghdr *nlh)
{
	struct ozp_device device = {};
	const struct nlattr *nla;
	bool has_content = false;

	mnl_attr_for_each(nla, nlh, sizeof(struct ifinfomsg))
		has_content |= mnl_attr_get_type(nla) == IFLA_LINKINFO;
	if (nlh->nlmsg_type == RTM_NEWLINK && has_content)
		must(!ozp_link_parse(nlh, &device));
	ozp_device_free(&device);
}

static struct nlmsghdr *append(struct nlmsghdr *last, uint16_t type,
			       size_t header)
{
	struct nlmsghdr *nlh;

	nlh = mnl_nlmsg_put_header(mnl_nlmsg_get_payload_tail(last));
	nlh->nlmsg_type = type;
	mnl_nlmsg_put_extra_header(nlh, header);
	return nlh;
}

static struct nlmsghdr *put_device(void *buffer)
{
	struct ozp_link link = { .service_ipv4_prefix = 16,
				 .service_ipv6_prefix = 16 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;

	nlh->nlmsg_type = RTM_NEWLINK;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_index = 5;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "oz0");
	OZP_SET(&link, IFLA_OZPROXY_SERVICE_IPV4);
	OZP_SET(&link, IFLA_OZPROXY_SERVICE_IPV4_PREFIX);
	OZP_SET(&link, IFLA_OZPROXY_SERVICE_IPV6);
	OZP_SET(&link, IFLA_OZPROXY_SERVICE_IPV6_PREFIX);
	must(!ozp_link_put(nlh, &link));
	return nlh;
}

/* A host with one device, whose tables are empty. */
static size_t answer(const struct nlmsghdr *request, void *buffer)
{
	bool dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	struct nlmsghdr *nlh = NULL;
	char *start = buffer;

	if (request->nlmsg_type == FUZZ_FAMILY) {
		check_family(request);
	} else if (request->nlmsg_type == GENL_ID_CTRL) {
		nlh = mnl_nlmsg_put_header(buffer);
		nlh->nlmsg_type = GENL_ID_CTRL;
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
		mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FUZZ_FAMILY);
	} else if (request->nlmsg_type == RTM_GETLINK) {
		nlh = put_device(buffer);
	} else {
		check_link(request);
	}
	if (!nlh) {
		nlh = mnl_nlmsg_put_header(buffer);
		nlh->nlmsg_type = NLMSG_NOOP;
	}
	nlh = dump ? append(nlh, NLMSG_DONE, sizeof(int)) :
		     append(nlh, NLMSG_ERROR, sizeof(struct nlmsgerr));
	if (!dump)
		nlh->nlmsg_flags = NLM_F_CAPPED;
	return (size_t)((char *)mnl_nlmsg_get_payload_tail(nlh) - start);
}

/* That opens files: fuzz_result has what is read from them. */
static bool opens_files(char **words, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(words[i], "load"))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text;
	char *words[WORDS + 1] = { "ozctl" };
	int count = 1, status;

	must(text);
	while (rest && count < WORDS)
		words[count++] = strsep(&rest, "\n");
	/* A line ends with its newline. */
	if (count > 1 && !*words[count - 1])
		words[--count] = NULL;
	if (!opens_files(words, count)) {
		kernel_answers(answer);
		status = ozctl_main(count, words);
		must(status >= 0 && status <= 2);
	}
	free(text);
	return 0;
}
