/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The generic netlink family: include/spec/ozproxy.yaml is its reference. */
#ifndef _OZP_NETLINK_H
#define _OZP_NETLINK_H

#include <net/genetlink.h>

#include "device.h"
#include "netlink_gen.h"

extern struct genl_family ozp_netlink_family;
extern const struct ozp_device_events ozp_netlink_events;

/* Room for one message of a reply or notification that may be split. */
#define OZP_NETLINK_MESSAGE SKB_WITH_OVERHEAD(16384UL)

/* Attribute numbers of an address that has one for each family. */
struct ozp_netlink_addr_attrs {
	u16 ip4;
	u16 ip6;
};

/**
 * ozp_netlink_missing() - refuse a request for what it lacks
 * @extack: says what is wrong
 * @nest: the attribute that it should be in, NULL for the message itself
 * @type: the attribute that is missing
 * @text: for people, a literal
 *
 * Return: -EINVAL.
 */
#define ozp_netlink_missing(extack, nest, type, text) ({		\
	struct netlink_ext_ack *__ack = (extack);			\
									\
	NL_SET_ERR_ATTR_MISS(__ack, nest, type);			\
	NL_SET_ERR_MSG(__ack, text);					\
	-EINVAL;							\
})

/* helpers of the handlers */
struct ozp_device *ozp_netlink_device_get(struct net *net,
					  const struct nlattr *ifindex,
					  u16 type,
					  struct netlink_ext_ack *extack);
void ozp_netlink_device_put(struct ozp_device *oz);
int ozp_netlink_do(struct genl_info *info, u16 type,
		   int (*handle)(struct ozp_device *oz,
				 struct genl_info *info));
int ozp_netlink_lock(struct ozp_device *oz, struct netlink_ext_ack *extack);
void ozp_netlink_unlock(struct ozp_device *oz);
bool ozp_netlink_has_listeners(const struct ozp_device *oz, unsigned int group);
void ozp_netlink_multicast(const struct ozp_device *oz, struct sk_buff *skb,
			   unsigned int group);
void ozp_netlink_get_addr(const struct nlattr *ip4, const struct nlattr *ip6,
			  union ozp_addr *addr, u8 *family);
void ozp_netlink_service_notify_idle(struct ozp_device *oz,
				     struct ozp_service *svc);
int ozp_netlink_put_addr(struct sk_buff *skb,
			 struct ozp_netlink_addr_attrs attrs, u8 family,
			 const union ozp_addr *addr);

/* what the generated tables cannot say */
int ozp_netlink_flow_dump_done(struct netlink_callback *cb);

/* init */
int ozp_netlink_register(void);
void ozp_netlink_unregister(void);

#endif /* _OZP_NETLINK_H */
