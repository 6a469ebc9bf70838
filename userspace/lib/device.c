// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include "link.h"
#include "object.h"

static int link_talk(struct ozp_socket *sock, struct ozp_talk *talk)
{
	talk->channel = &sock->route;
	talk->request.header = sizeof(struct ifinfomsg);
	talk->request.set = &ozp_link_message_set;
	return ozp_socket_talk(sock, talk);
}

static int link_request(struct ozp_socket *sock)
{
	struct ozp_talk talk = {};

	return link_talk(sock, &talk);
}

static int check_name(struct ozp_socket *sock, const char *ifname)
{
	if (*ifname && strlen(ifname) < IF_NAMESIZE)
		return 0;
	return ozp_socket_fail(sock, -EINVAL,
			       "a device name has 1 to 15 characters");
}

int ozp_device_add(struct ozp_socket *sock, const char *ifname,
		   const struct ozp_link *link)
{
	struct nlmsghdr *nlh;
	int err;

	err = check_name(sock, ifname);
	if (err)
		return err;
	nlh = ozp_link_build(sock, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, ifname);
	err = ozp_link_put(nlh, link);
	if (err)
		return ozp_socket_fail(sock, err, NULL);
	err = link_request(sock);
	/* For an unknown kind the kernel does not look at the content. */
	sock->error.module =
		err == -EOPNOTSUPP && !*sock->error.attribute &&
		strcmp(sock->error.message, "Unknown device type") == 0;
	return err;
}

int ozp_device_set(struct ozp_socket *sock, uint32_t ifindex,
		   const struct ozp_link *link)
{
	struct nlmsghdr *nlh;
	int err;

	nlh = ozp_link_build(sock, RTM_NEWLINK, 0, ifindex);
	err = ozp_link_put(nlh, link);
	if (err)
		return ozp_socket_fail(sock, err, NULL);
	return link_request(sock);
}

int ozp_device_del(struct ozp_socket *sock, uint32_t ifindex)
{
	ozp_link_build(sock, RTM_DELLINK, 0, ifindex);
	return link_request(sock);
}

int ozp_device_up(struct ozp_socket *sock, uint32_t ifindex)
{
	struct ifinfomsg *info;
	struct nlmsghdr *nlh;

	nlh = ozp_link_build(sock, RTM_NEWLINK, 0, ifindex);
	info = mnl_nlmsg_get_payload(nlh);
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	return link_request(sock);
}

void ozp_device_free(struct ozp_device *device)
{
	ozp_link_free(&device->link);
}

static int take_device(const struct nlmsghdr *nlh, void *data)
{
	struct ozp_device device = {}, *kept = data;
	int err;

	err = ozp_link_parse(nlh, &device);
	if (err) {
		ozp_device_free(&device);
		return err;
	}
	ozp_device_free(kept);
	*kept = device;
	return 0;
}

static void no_statistics(struct nlmsghdr *nlh)
{
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

int ozp_device_get(struct ozp_socket *sock, const char *ifname,
		   struct ozp_device *device)
{
	struct ozp_device reply = {};
	struct ozp_talk talk = { .cb = take_device, .data = &reply };
	struct nlmsghdr *nlh;
	char message[80];
	int err;

	err = check_name(sock, ifname);
	if (err)
		return err;
	nlh = ozp_link_build(sock, RTM_GETLINK, 0, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, ifname);
	no_statistics(nlh);
	err = link_talk(sock, &talk);
	if (!err) {
		*device = reply;
		return 0;
	}
	ozp_device_free(&reply);
	if (err == -ENODEV) {
		snprintf(message, sizeof(message), "%s is %s", ifname,
			 sock->error.code ? "not the name of a device" :
					    "not an ozproxy device");
		ozp_socket_fail(sock, err, message);
	}
	return err;
}

/* A device of a dump, among those of other kinds. */
struct stream {
	int (*cb)(const struct ozp_device *device, void *data);
	void *data;
};

static int stream_device(const struct nlmsghdr *nlh, void *data)
{
	const struct stream *stream = data;
	struct ozp_device device = {};
	int ret;

	ret = ozp_link_parse(nlh, &device);
	if (!ret)
		ret = stream->cb(&device, stream->data);
	else if (ret == -ENODEV)
		ret = 0;
	ozp_device_free(&device);
	return ret;
}

int ozp_device_dump(struct ozp_socket *sock,
		    int (*cb)(const struct ozp_device *device, void *data),
		    void *data)
{
	struct stream stream = { .cb = cb, .data = data };
	struct ozp_talk talk = { .cb = stream_device, .data = &stream };
	struct nlattr *linkinfo;
	struct nlmsghdr *nlh;

	/* The kernel filters by kind only when it knows the kind. */
	nlh = ozp_link_build(sock, RTM_GETLINK, NLM_F_DUMP, 0);
	no_statistics(nlh);
	linkinfo = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, OZP_LINK_KIND);
	mnl_attr_nest_end(nlh, linkinfo);
	return link_talk(sock, &talk);
}
