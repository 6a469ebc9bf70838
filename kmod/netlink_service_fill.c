// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Services to messages: replies, dumps and notifications. */

#include "netlink_service.h"

#include "clock.h"

static int ozp_netlink_address_fill(struct sk_buff *skb,
				    const struct ozp_service_address *address)
{
	static const struct ozp_netlink_addr_attrs attrs = {
		OZPROXY_A_ADDRESS_IPV4, OZPROXY_A_ADDRESS_IPV6,
	};
	struct nlattr *nest;

	nest = nla_nest_start(skb, OZPROXY_A_SERVICE_ADDRESS);
	if (!nest)
		return -EMSGSIZE;
	if (ozp_netlink_put_addr(skb, attrs, address->family, &address->addr) ||
	    nla_put_u32(skb, OZPROXY_A_ADDRESS_POLICY, address->policy)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* Addresses of an instance, those that it has. */
static int ozp_netlink_pair_fill(struct sk_buff *skb,
				 struct ozp_netlink_addr_attrs attrs,
				 const union ozp_addr pair[OZP_FAMILIES])
{
	int err = 0;
	u32 f;

	for (f = 0; f < OZP_FAMILIES && !err; f++)
		if (ozp_addr_is_set(&pair[f]))
			err = ozp_netlink_put_addr(skb, attrs, ozp_family(f),
						   &pair[f]);
	return err;
}

/* Attribute numbers of traffic. */
struct ozp_netlink_traffic_attrs {
	u16 packets[OZP_TRAFFIC_COUNT];
	u16 bytes[OZP_TRAFFIC_COUNT];
	u16 pad;
};

static int ozp_netlink_traffic_fill(struct sk_buff *skb,
				    const struct ozp_netlink_traffic_attrs *attrs,
				    const struct ozp_traffic_sum *sum)
{
	u32 way;

	for (way = 0; way < OZP_TRAFFIC_COUNT; way++)
		if (nla_put_u64_64bit(skb, attrs->packets[way],
				      sum->packets[way], attrs->pad) ||
		    nla_put_u64_64bit(skb, attrs->bytes[way], sum->bytes[way],
				      attrs->pad))
			return -EMSGSIZE;
	return 0;
}

/* What the device knows of an instance beside what it was told. */
static int ozp_netlink_seen_fill(struct sk_buff *skb,
				 const struct ozp_endpoint *ep)
{
	static const struct ozp_netlink_traffic_attrs attrs = {
		.packets = { OZPROXY_A_INSTANCE_TO_PACKETS,
			     OZPROXY_A_INSTANCE_FROM_PACKETS },
		.bytes = { OZPROXY_A_INSTANCE_TO_BYTES,
			   OZPROXY_A_INSTANCE_FROM_BYTES },
		.pad = OZPROXY_A_INSTANCE_PAD,
	};
	u32 doubt = ozp_doubt_left(&ep->doubt, ozp_clock_now());
	struct ozp_traffic_sum sum = {};

	ozp_traffic_add(&sum, &ep->instance->traffic);
	if (nla_put_u32(skb, OZPROXY_A_INSTANCE_RTT, ozp_node_rtt(ep->node)) ||
	    (doubt && nla_put_u32(skb, OZPROXY_A_INSTANCE_DOUBT,
				  ozp_clock_ms(doubt))) ||
	    nla_put_u32(skb, OZPROXY_A_INSTANCE_FLOWS,
			atomic_read(&ep->instance->flows)))
		return -EMSGSIZE;
	return ozp_netlink_traffic_fill(skb, &attrs, &sum);
}

/* The same of a service. */
static int ozp_netlink_total_fill(struct sk_buff *skb, struct ozp_service *svc)
{
	static const struct ozp_netlink_traffic_attrs attrs = {
		.packets = { OZPROXY_A_SERVICE_TO_PACKETS,
			     OZPROXY_A_SERVICE_FROM_PACKETS },
		.bytes = { OZPROXY_A_SERVICE_TO_BYTES,
			   OZPROXY_A_SERVICE_FROM_BYTES },
		.pad = OZPROXY_A_SERVICE_PAD,
	};
	struct ozp_traffic_sum sum;
	u32 flows;

	flows = ozp_service_sum(svc, &sum);
	if (nla_put_u32(skb, OZPROXY_A_SERVICE_FLOWS, flows))
		return -EMSGSIZE;
	return ozp_netlink_traffic_fill(skb, &attrs, &sum);
}

static int ozp_netlink_instance_fill(struct sk_buff *skb,
				     const struct ozp_service_part *part,
				     const struct ozp_endpoint *ep)
{
	const struct ozp_endpoint_config *config = &ep->config;
	static const struct ozp_netlink_addr_attrs ns = {
		OZPROXY_A_INSTANCE_NAMESPACE_IPV4,
		OZPROXY_A_INSTANCE_NAMESPACE_IPV6,
	};
	static const struct ozp_netlink_addr_attrs ip = {
		OZPROXY_A_INSTANCE_INSTANCE_IPV4,
		OZPROXY_A_INSTANCE_INSTANCE_IPV6,
	};
	static const struct ozp_netlink_addr_attrs node = {
		OZPROXY_A_INSTANCE_NODE_IPV4, OZPROXY_A_INSTANCE_NODE_IPV6,
	};
	struct nlattr *nest;

	nest = nla_nest_start(skb, OZPROXY_A_SERVICE_INSTANCE);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, OZPROXY_A_INSTANCE_NUMBER, config->number) ||
	    ozp_netlink_pair_fill(skb, ns, config->ns) ||
	    ozp_netlink_pair_fill(skb, ip, config->ip) ||
	    ozp_netlink_put_addr(skb, node, config->node_family,
				 &config->node_addr) ||
	    nla_put_be16(skb, OZPROXY_A_INSTANCE_NODE_PORT,
			 config->node_port) ||
	    nla_put_u16(skb, OZPROXY_A_INSTANCE_WEIGHT, config->weight) ||
	    nla_put_u32(skb, OZPROXY_A_INSTANCE_METRIC, config->metric) ||
	    nla_put_u32(skb, OZPROXY_A_INSTANCE_FLAGS, config->flags) ||
	    (part->cmd == OZPROXY_CMD_SERVICE_GET &&
	     ozp_netlink_seen_fill(skb, ep))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* One that is stale was withdrawn, because another service has its address. */
static u32 ozp_netlink_service_count(const struct ozp_snapshot *snap)
{
	u32 i, count = 0;

	for (i = 0; i < snap->endpoint_count; i++)
		count += !ozp_endpoint_is_stale(snap->endpoints[i]);
	return count;
}

static int ozp_netlink_service_head_fill(struct sk_buff *skb,
					 const struct ozp_service_part *part,
					 const struct ozp_snapshot *snap)
{
	struct ozp_table *table = &part->oz->convert.table;
	struct ozp_service *svc = part->svc;
	u32 i;

	if (nla_put_u32(skb, OZPROXY_A_SERVICE_IFINDEX,
			part->oz->convert.dev->ifindex) ||
	    nla_put_string(skb, OZPROXY_A_SERVICE_NAME, svc->name) ||
	    nla_put_u32(skb, OZPROXY_A_SERVICE_GENERATION, svc->generation) ||
	    nla_put_u32(skb, OZPROXY_A_SERVICE_TABLE_GENERATION,
			table->generation) ||
	    nla_put_u64_64bit(skb, OZPROXY_A_SERVICE_USED,
			      ozp_clock_ms(READ_ONCE(svc->used)),
			      OZPROXY_A_SERVICE_PAD) ||
	    nla_put_u32(skb, OZPROXY_A_SERVICE_AFFINITY, snap->affinity) ||
	    nla_put_u32(skb, OZPROXY_A_SERVICE_INSTANCES,
			ozp_netlink_service_count(snap)) ||
	    nla_put_u8(skb, OZPROXY_A_SERVICE_ORIGIN, svc->origin) ||
	    (svc->pinned && nla_put_flag(skb, OZPROXY_A_SERVICE_PINNED)))
		return -EMSGSIZE;
	if (part->next)
		return 0;
	if (part->cmd == OZPROXY_CMD_SERVICE_GET &&
	    ozp_netlink_total_fill(skb, svc))
		return -EMSGSIZE;
	for (i = 0; i < snap->address_count; i++)
		if (ozp_table_is_owner(table, svc, &snap->addresses[i]) &&
		    ozp_netlink_address_fill(skb, &snap->addresses[i]))
			return -EMSGSIZE;
	return 0;
}

/**
 * ozp_netlink_service_fill() - write a message about a service
 * @skb: where to
 * @part: what to write; @next and @done say how far it came. The addresses are
 *	in the first message; each holds as many instances as fit, at least one.
 *
 * Return: 0, or -EMSGSIZE with nothing written.
 */
int ozp_netlink_service_fill(struct sk_buff *skb, struct ozp_service_part *part)
{
	struct ozp_table *table = &part->oz->convert.table;
	struct ozp_snapshot *snap = ozp_table_snapshot(table, part->svc);
	u32 next = part->next;
	void *header;

	header = genlmsg_put(skb, part->portid, part->seq, &ozp_netlink_family,
			     part->flags, part->cmd);
	if (!header)
		return -EMSGSIZE;
	if (part->cb)
		genl_dump_check_consistent(part->cb, header);
	if (ozp_netlink_service_head_fill(skb, part, snap))
		goto err_cancel;
	for (; next < snap->endpoint_count; next++) {
		if (ozp_endpoint_is_stale(snap->endpoints[next]))
			continue;
		if (ozp_netlink_instance_fill(skb, part, snap->endpoints[next]))
			break;
	}
	if (next == part->next && next < snap->endpoint_count)
		goto err_cancel;
	genlmsg_end(skb, header);
	part->next = next;
	part->done = next >= snap->endpoint_count;
	return 0;

err_cancel:
	genlmsg_cancel(skb, header);
	return -EMSGSIZE;
}

/**
 * ozp_netlink_service_notify() - tell listeners that a service is new or changed
 * @oz: the device, its table locked
 * @name: job name
 *
 * A listener that misses one, for want of memory or room, finds a gap in the
 * table's generation. May sleep.
 */
void ozp_netlink_service_notify(struct ozp_device *oz, const char *name)
{
	struct ozp_service_part part = {
		.oz = oz,
		.cmd = OZPROXY_CMD_SERVICE_NTF,
	};
	struct sk_buff *skb;

	if (!ozp_netlink_has_listeners(oz, OZPROXY_NLGRP_CHANGES))
		return;
	part.svc = ozp_table_find_name(&oz->convert.table, name);
	while (part.svc && !part.done) {
		skb = genlmsg_new(OZP_NETLINK_MESSAGE, GFP_KERNEL);
		if (!skb)
			return;
		if (ozp_netlink_service_fill(skb, &part)) {
			nlmsg_free(skb);
			return;
		}
		ozp_netlink_multicast(oz, skb, OZPROXY_NLGRP_CHANGES);
	}
}

/**
 * ozp_netlink_service_notify_del() - tell listeners that a service is gone
 * @oz: the device, its table locked
 * @name: job name
 *
 * May sleep.
 */
void ozp_netlink_service_notify_del(struct ozp_device *oz, const char *name)
{
	struct sk_buff *skb;
	void *header;

	if (!ozp_netlink_has_listeners(oz, OZPROXY_NLGRP_CHANGES))
		return;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &ozp_netlink_family, 0,
			     OZPROXY_CMD_SERVICE_DEL_NTF);
	if (!header ||
	    nla_put_u32(skb, OZPROXY_A_SERVICE_IFINDEX,
			oz->convert.dev->ifindex) ||
	    nla_put_string(skb, OZPROXY_A_SERVICE_NAME, name) ||
	    nla_put_u32(skb, OZPROXY_A_SERVICE_TABLE_GENERATION,
			oz->convert.table.generation)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	ozp_netlink_multicast(oz, skb, OZPROXY_NLGRP_CHANGES);
}

/**
 * ozp_netlink_service_notify_idle() - tell listeners that a service is not used
 * @oz: the device, its table locked
 * @svc: the service
 *
 * A listener that misses it finds the time of last use in a dump. May sleep.
 */
void ozp_netlink_service_notify_idle(struct ozp_device *oz,
				     struct ozp_service *svc)
{
	struct sk_buff *skb;
	void *header;

	if (!ozp_netlink_has_listeners(oz, OZPROXY_NLGRP_CHANGES))
		return;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &ozp_netlink_family, 0,
			     OZPROXY_CMD_SERVICE_IDLE_NTF);
	if (!header ||
	    nla_put_u32(skb, OZPROXY_A_SERVICE_IFINDEX,
			oz->convert.dev->ifindex) ||
	    nla_put_string(skb, OZPROXY_A_SERVICE_NAME, svc->name) ||
	    nla_put_u32(skb, OZPROXY_A_SERVICE_GENERATION, svc->generation) ||
	    nla_put_u32(skb, OZPROXY_A_SERVICE_TABLE_GENERATION,
			oz->convert.table.generation) ||
	    nla_put_u64_64bit(skb, OZPROXY_A_SERVICE_USED,
			      ozp_clock_ms(svc->told),
			      OZPROXY_A_SERVICE_PAD)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	ozp_netlink_multicast(oz, skb, OZPROXY_NLGRP_CHANGES);
}
