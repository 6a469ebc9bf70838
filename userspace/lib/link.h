/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Devices in rtnetlink messages.
 */
#ifndef _OZP_LIB_LINK_H
#define _OZP_LIB_LINK_H

#include "ozproxy_device.h"
#include "socket.h"

/** OZP_LINK_KIND - The kind of our devices. */
#define OZP_LINK_KIND "ozproxy"

/** ozp_link_message_set - The attributes of a link message down to ours. */
extern const struct ozp_set ozp_link_message_set;

/**
 * ozp_link_build() - Write a link request into sock->message.
 * @sock: connection
 * @type: RTM_NEWLINK, RTM_DELLINK or RTM_GETLINK
 * @flags: of the netlink header
 * @ifindex: the device, or 0
 *
 * Return: the message, to append to.
 */
struct nlmsghdr *ozp_link_build(struct ozp_socket *sock, uint16_t type,
				uint16_t flags, uint32_t ifindex);

/**
 * ozp_link_put() - Append the kind and its properties.
 * @nlh: message
 * @link: properties
 *
 * Return: 0 or -EMSGSIZE.
 */
int ozp_link_put(struct nlmsghdr *nlh, const struct ozp_link *link);

/**
 * ozp_link_parse() - Take a device out of a link message.
 * @nlh: message
 * @device: zeroed; ozp_device_free() it, also after an error
 *
 * Return: 0, -ENODEV for a device of another kind, -EBADMSG or -ENOMEM.
 */
int ozp_link_parse(const struct nlmsghdr *nlh, struct ozp_device *device);

#endif /* _OZP_LIB_LINK_H */
