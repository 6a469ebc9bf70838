// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "netlink.h"

#include <linux/slab.h>

static const u16 ozp_counter_attrs[OZP_COUNTER_COUNT] = {
	[OZP_COUNTER_OUT_RECEIVED] = OZPROXY_A_STATS_OUT_RECEIVED,
	[OZP_COUNTER_OUT_TUNNELLED] = OZPROXY_A_STATS_OUT_TUNNELLED,
	[OZP_COUNTER_OUT_LOCAL] = OZPROXY_A_STATS_OUT_LOCAL,
	[OZP_COUNTER_IN_RECEIVED] = OZPROXY_A_STATS_IN_RECEIVED,
	[OZP_COUNTER_IN_DELIVERED] = OZPROXY_A_STATS_IN_DELIVERED,
};

static int ozp_netlink_drop_fill(struct sk_buff *skb, u32 direction, u32 reason,
				 u64 packets)
{
	struct nlattr *nest;

	if (!packets)
		return 0;
	nest = nla_nest_start(skb, OZPROXY_A_STATS_DROP);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, OZPROXY_A_DROP_DIRECTION, direction) ||
	    nla_put_u32(skb, OZPROXY_A_DROP_REASON, reason) ||
	    nla_put_u64_64bit(skb, OZPROXY_A_DROP_PACKETS, packets,
			      OZPROXY_A_DROP_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int ozp_netlink_counters_fill(struct sk_buff *skb,
				     const struct ozp_stats_sum *sum)
{
	unsigned int i, j;

	for (i = 0; i < OZP_COUNTER_COUNT; i++)
		if (nla_put_u64_64bit(skb, ozp_counter_attrs[i],
				      sum->packets[i], OZPROXY_A_STATS_PAD))
			return -EMSGSIZE;
	for (i = 0; i < OZP_DIRECTION_COUNT; i++)
		for (j = 0; j < OZP_REASON_COUNT; j++)
			if (ozp_netlink_drop_fill(skb, i, j, sum->drops[i][j]))
				return -EMSGSIZE;
	return 0;
}

static int ozp_netlink_stats_fill(struct sk_buff *skb,
				  const struct ozp_device *oz,
				  const struct ozp_stats_sum *sum)
{
	const struct ozp_convert *cv = &oz->convert;

	if (nla_put_u32(skb, OZPROXY_A_STATS_IFINDEX, cv->dev->ifindex) ||
	    ozp_netlink_counters_fill(skb, sum) ||
	    nla_put_u32(skb, OZPROXY_A_STATS_SERVICES,
			cv->table.service_count) ||
	    nla_put_u32(skb, OZPROXY_A_STATS_INSTANCES,
			cv->table.instance_count) ||
	    nla_put_u32(skb, OZPROXY_A_STATS_NODES,
			READ_ONCE(cv->nodes.count)) ||
	    nla_put_u32(skb, OZPROXY_A_STATS_FLOWS,
			ozp_flows_count(cv->flows)) ||
	    nla_put_u64_64bit(skb, OZPROXY_A_STATS_FLOWS_EVICTED,
			      atomic64_read(&cv->flows->evicted),
			      OZPROXY_A_STATS_PAD) ||
	    nla_put_u32(skb, OZPROXY_A_STATS_MISSES,
			READ_ONCE(cv->misses.count)) ||
	    nla_put_u32(skb, OZPROXY_A_STATS_OUT_WAITING,
			READ_ONCE(cv->misses.packets) +
			READ_ONCE(cv->fragments[OZPROXY_DIRECTION_OUT].held)) ||
	    nla_put_u32(skb, OZPROXY_A_STATS_NEGATIVES,
			READ_ONCE(cv->misses.negative_count)) ||
	    nla_put_u32(skb, OZPROXY_A_STATS_IN_WAITING,
			READ_ONCE(cv->arrivals.packets) +
			READ_ONCE(cv->fragments[OZPROXY_DIRECTION_IN].held)) ||
	    nla_put_u32(skb, OZPROXY_A_STATS_ARRIVALS,
			READ_ONCE(cv->arrivals.count)) ||
	    nla_put_u32(skb, OZPROXY_A_STATS_TABLE_GENERATION,
			cv->table.generation))
		return -EMSGSIZE;
	return 0;
}

static int ozp_netlink_stats_get(struct ozp_device *oz, struct genl_info *info)
{
	struct ozp_stats_sum *sum;
	struct sk_buff *skb;
	void *header;
	int err;

	skb = genlmsg_new(OZP_NETLINK_MESSAGE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	err = ozp_netlink_lock(oz, info->extack);
	if (err)
		goto err_free_skb;
	err = -ENOMEM;
	sum = ozp_stats_sum_new(&oz->convert.stats);
	if (!sum)
		goto err_unlock;
	err = -EMSGSIZE;
	header = genlmsg_put_reply(skb, info, &ozp_netlink_family, 0,
				   OZPROXY_CMD_STATS_GET);
	if (header)
		err = ozp_netlink_stats_fill(skb, oz, sum);
	kfree(sum);
	if (err)
		goto err_unlock;
	genlmsg_end(skb, header);
	ozp_netlink_unlock(oz);
	return genlmsg_reply(skb, info);

err_unlock:
	ozp_netlink_unlock(oz);
err_free_skb:
	nlmsg_free(skb);
	return err;
}

/**
 * ozproxy_nl_stats_get_doit() - handle stats-get
 * @skb: the request
 * @info: its attributes
 *
 * Return: 0 or a negative errno.
 */
int ozproxy_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ozp_netlink_do(info, OZPROXY_A_STATS_IFINDEX,
			      ozp_netlink_stats_get);
}
