/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Services from and to messages. */
#ifndef _OZP_NETLINK_SERVICE_H
#define _OZP_NETLINK_SERVICE_H

#include "limits.h"
#include "netlink.h"
#include "service_config.h"

/**
 * struct ozp_service_part - a service being written, perhaps in several messages
 * @oz: the device, its table locked
 * @svc: the service
 * @portid: whom it is for
 * @seq: answer to which request
 * @flags: of the message
 * @cmd: OZPROXY_CMD_SERVICE_GET or OZPROXY_CMD_SERVICE_NTF
 * @cb: the dump that it is part of, or NULL
 * @next: first instance that was not written yet
 * @done: everything was written
 */
struct ozp_service_part {
	struct ozp_device *oz;
	struct ozp_service *svc;
	u32 portid;
	u32 seq;
	int flags;
	u8 cmd;
	struct netlink_callback *cb;
	u32 next;
	bool done;
};

/**
 * struct ozp_service_request - a service that a request wants
 * @config: the service; its name stays where the message is
 * @few_addresses: its addresses, when there are few of them and of instances
 * @few_instances: its instances then, as those of most services: to allocate
 *	memory for them takes longer than to read them
 */
struct ozp_service_request {
	struct ozp_service_config config;
	struct ozp_service_address few_addresses[OZP_REQUEST_FEW];
	struct ozp_endpoint_config few_instances[OZP_REQUEST_FEW];
};

int ozp_netlink_service_fill(struct sk_buff *skb,
			     struct ozp_service_part *part);
void ozp_netlink_service_notify(struct ozp_device *oz, const char *name);
void ozp_netlink_service_notify_del(struct ozp_device *oz, const char *name);

int ozp_netlink_service_parse(struct ozp_service_request *req,
			      const struct ozp_networks *networks,
			      struct genl_info *info);
void ozp_netlink_service_request_uninit(struct ozp_service_request *req);
void ozp_netlink_service_fault(struct genl_info *info,
			       const struct ozp_table_fault *fault);

#endif /* _OZP_NETLINK_SERVICE_H */
