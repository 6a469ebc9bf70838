// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "link.h"
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "object.h"

/* Only for the names in errors: ours are not in an envelope then. */
static const struct ozp_attr linkinfo_attrs[] = {
	[IFLA_INFO_KIND] = { .name = "kind", .kind = OZP_KIND_STRING },
	[IFLA_INFO_DATA] = { .name = "",
			     .kind = OZP_KIND_NEST,
			     .set = &ozp_link_attrs },
};

static const struct ozp_set linkinfo_set = {
	.name = "linkinfo",
	.attrs = linkinfo_attrs,
	.count = MNL_ARRAY_SIZE(linkinfo_attrs),
};

static const struct ozp_attr message_attrs[] = {
	[IFLA_IFNAME] = { .name = "ifname", .kind = OZP_KIND_STRING },
	[IFLA_LINKINFO] = { .name = "",
			    .kind = OZP_KIND_NEST,
			    .set = &linkinfo_set },
};

const struct ozp_set ozp_link_message_set = {
	.name = "link-message",
	.attrs = message_attrs,
	.count = MNL_ARRAY_SIZE(message_attrs),
};

struct nlmsghdr *ozp_link_build(struct ozp_socket *sock, uint16_t type,
				uint16_t flags, uint32_t ifindex)
{
	struct ifinfomsg *info;
	struct nlmsghdr *nlh;

	nlh = ozp_socket_begin(sock, type, flags);
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)ifindex;
	return nlh;
}

int ozp_link_put(struct nlmsghdr *nlh, const struct ozp_link *link)
{
	struct nlattr *linkinfo, *content;
	size_t size = OZP_MESSAGE_MAX;

	linkinfo = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, OZP_LINK_KIND);
	content = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	if (ozp_object_put(nlh, size, &ozp_link_attrs, link) ||
	    nlh->nlmsg_len > UINT16_MAX)
		return -EMSGSIZE;
	mnl_attr_nest_end(nlh, content);
	mnl_attr_nest_end(nlh, linkinfo);
	return 0;
}

static int parse_linkinfo(const struct nlattr *linkinfo,
			  struct ozp_device *device, bool *is_ours)
{
	const struct nlattr *nla, *content = NULL;

	mnl_attr_for_each_nested(nla, linkinfo)
	{
		if (mnl_attr_get_type(nla) == IFLA_INFO_DATA)
			content = nla;
		else if (mnl_attr_get_type(nla) == IFLA_INFO_KIND &&
			 !mnl_attr_validate(nla, MNL_TYPE_NUL_STRING))
			*is_ours =
				!strcmp(mnl_attr_get_str(nla), OZP_LINK_KIND);
	}
	if (!*is_ours || !content)
		return 0;
	return ozp_object_get(&ozp_link_attrs, &device->link,
			      mnl_attr_get_payload(content),
			      mnl_attr_get_payload_len(content));
}

int ozp_link_parse(const struct nlmsghdr *nlh, struct ozp_device *device)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *nla;
	bool is_ours = false;
	size_t len;
	int err;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return -EBADMSG;
	device->ifindex = (uint32_t)info->ifi_index;
	device->up = info->ifi_flags & IFF_UP;
	mnl_attr_for_each(nla, nlh, sizeof(*info))
	{
		len = mnl_attr_get_payload_len(nla);
		switch (mnl_attr_get_type(nla)) {
		case IFLA_IFNAME:
			if (!len || len > sizeof(device->ifname))
				return -EBADMSG;
			memcpy(device->ifname, mnl_attr_get_payload(nla), len);
			device->ifname[len - 1] = '\0';
			break;
		case IFLA_MTU:
			if (len != sizeof(device->mtu))
				return -EBADMSG;
			device->mtu = mnl_attr_get_u32(nla);
			break;
		case IFLA_LINKINFO:
			err = parse_linkinfo(nla, device, &is_ours);
			if (err)
				return err;
			break;
		}
	}
	return is_ours ? 0 : -ENODEV;
}
