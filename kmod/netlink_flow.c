// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "netlink.h"

#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "compat.h"
#include "flow_collect.h"
#include "limits.h"

/**
 * struct ozp_flow_filter - what a request wants of flows
 * @tuple: the values that count
 * @has_protocol: whether its protocol counts
 * @has_sport: whether its source port counts
 * @has_dport: whether its destination port counts
 * @has_src: whether its source counts
 * @has_dst: whether its destination counts
 * @service: job name, or NULL
 * @has_instance: whether @instance counts
 * @instance: instance number
 */
struct ozp_flow_filter {
	struct ozp_tuple tuple;
	bool has_protocol;
	bool has_sport;
	bool has_dport;
	bool has_src;
	bool has_dst;
	const char *service;
	bool has_instance;
	u32 instance;
};

static int ozp_flow_filter_families(struct ozp_flow_filter *filter,
				    struct nlattr **attrs,
				    struct netlink_ext_ack *extack)
{
	struct nlattr *src4 = attrs[OZPROXY_A_FLOW_SOURCE_IPV4];
	struct nlattr *src6 = attrs[OZPROXY_A_FLOW_SOURCE_IPV6];
	struct nlattr *dst4 = attrs[OZPROXY_A_FLOW_DESTINATION_IPV4];
	struct nlattr *dst6 = attrs[OZPROXY_A_FLOW_DESTINATION_IPV6];
	u8 src_family, dst_family;

	if ((src4 || dst4) && (src6 || dst6)) {
		NL_SET_ERR_MSG_ATTR(extack, src6 ?: dst6,
				    "the addresses of a flow are of one family");
		return -EINVAL;
	}
	ozp_netlink_get_addr(src4, src6, &filter->tuple.src, &src_family);
	ozp_netlink_get_addr(dst4, dst6, &filter->tuple.dst, &dst_family);
	filter->tuple.family = src_family ?: dst_family;
	filter->has_src = src_family;
	filter->has_dst = dst_family;
	return 0;
}

static int ozp_flow_filter_init(struct ozp_flow_filter *filter,
				struct nlattr **attrs,
				struct netlink_ext_ack *extack)
{
	struct nlattr *protocol = attrs[OZPROXY_A_FLOW_PROTOCOL];
	struct nlattr *sport = attrs[OZPROXY_A_FLOW_SOURCE_PORT];
	struct nlattr *dport = attrs[OZPROXY_A_FLOW_DESTINATION_PORT];
	struct nlattr *service = attrs[OZPROXY_A_FLOW_SERVICE];
	struct nlattr *instance = attrs[OZPROXY_A_FLOW_INSTANCE];

	memset(filter, 0, sizeof(*filter));
	filter->has_protocol = protocol;
	filter->has_sport = sport;
	filter->has_dport = dport;
	filter->has_instance = instance;
	if (protocol)
		filter->tuple.protocol = nla_get_u8(protocol);
	if (sport)
		filter->tuple.sport = nla_get_be16(sport);
	if (dport)
		filter->tuple.dport = nla_get_be16(dport);
	if (service)
		filter->service = nla_data(service);
	if (service && !*filter->service) {
		NL_SET_ERR_MSG_ATTR(extack, service,
				    "the name of a service is not empty");
		return -EINVAL;
	}
	if (instance)
		filter->instance = nla_get_u32(instance);
	return ozp_flow_filter_families(filter, attrs, extack);
}

/* Under RCU. */
static bool ozp_flow_filter_match(const struct ozp_flow *flow, const void *arg)
{
	const struct ozp_tuple *have = &flow->keys[OZPROXY_DIRECTION_OUT].tuple;
	const struct ozp_flow_filter *filter = arg;
	const struct ozp_tuple *want = &filter->tuple;
	const struct ozp_instance *inst;

	if ((want->family && want->family != have->family) ||
	    (filter->has_protocol && want->protocol != have->protocol) ||
	    (filter->has_sport && want->sport != have->sport) ||
	    (filter->has_dport && want->dport != have->dport) ||
	    (filter->has_src && !ozp_addr_is_equal(&want->src, &have->src)) ||
	    (filter->has_dst && !ozp_addr_is_equal(&want->dst, &have->dst)))
		return false;
	inst = rcu_dereference(flow->conversion)->target->instance;
	if (filter->has_instance && inst->number != filter->instance)
		return false;
	return !filter->service ||
	       !strcmp(inst->service->name, filter->service);
}

static int ozp_netlink_tuple_fill(struct sk_buff *skb,
				  const struct ozp_tuple *tuple,
				  const struct ozp_conversion *conv)
{
	static const struct ozp_netlink_addr_attrs src = {
		OZPROXY_A_FLOW_SOURCE_IPV4, OZPROXY_A_FLOW_SOURCE_IPV6,
	};
	static const struct ozp_netlink_addr_attrs dst = {
		OZPROXY_A_FLOW_DESTINATION_IPV4,
		OZPROXY_A_FLOW_DESTINATION_IPV6,
	};
	static const struct ozp_netlink_addr_attrs new_src = {
		OZPROXY_A_FLOW_CONVERTED_SOURCE_IPV4,
		OZPROXY_A_FLOW_CONVERTED_SOURCE_IPV6,
	};
	static const struct ozp_netlink_addr_attrs new_dst = {
		OZPROXY_A_FLOW_CONVERTED_DESTINATION_IPV4,
		OZPROXY_A_FLOW_CONVERTED_DESTINATION_IPV6,
	};
	u8 family = tuple->family;

	if (nla_put_u8(skb, OZPROXY_A_FLOW_PROTOCOL, tuple->protocol) ||
	    ozp_netlink_put_addr(skb, src, family, &tuple->src) ||
	    nla_put_be16(skb, OZPROXY_A_FLOW_SOURCE_PORT, tuple->sport) ||
	    ozp_netlink_put_addr(skb, dst, family, &tuple->dst) ||
	    nla_put_be16(skb, OZPROXY_A_FLOW_DESTINATION_PORT, tuple->dport) ||
	    ozp_netlink_put_addr(skb, new_src, family, conv->out.src) ||
	    ozp_netlink_put_addr(skb, new_dst, family, conv->out.dst))
		return -EMSGSIZE;
	return 0;
}

static int ozp_netlink_target_fill(struct sk_buff *skb,
				   const struct ozp_conversion *conv)
{
	static const struct ozp_netlink_addr_attrs addr = {
		OZPROXY_A_FLOW_NODE_IPV4, OZPROXY_A_FLOW_NODE_IPV6,
	};
	const struct ozp_instance *inst = conv->target->instance;
	const struct ozp_node *node = conv->target->node;

	if (nla_put_string(skb, OZPROXY_A_FLOW_SERVICE, inst->service->name) ||
	    nla_put_u32(skb, OZPROXY_A_FLOW_INSTANCE, inst->number) ||
	    ozp_netlink_put_addr(skb, addr, node->family, &node->addr) ||
	    nla_put_be16(skb, OZPROXY_A_FLOW_NODE_PORT, node->port) ||
	    (conv->local && nla_put_flag(skb, OZPROXY_A_FLOW_LOCAL)))
		return -EMSGSIZE;
	return 0;
}

static int ozp_netlink_life_fill(struct sk_buff *skb,
				 const struct ozp_flows *flows,
				 const struct ozp_flow *flow)
{
	u32 timeout_ms = ozp_flow_timeout_ms(flows, flow);
	u32 idle_ms = ozp_flow_idle_ms(flow);

	if (nla_put_u32(skb, OZPROXY_A_FLOW_STATE, ozp_flow_state_rcu(flow)) ||
	    nla_put_u32(skb, OZPROXY_A_FLOW_IDLE, idle_ms) ||
	    nla_put_u32(skb, OZPROXY_A_FLOW_EXPIRES,
			timeout_ms - min(idle_ms, timeout_ms)))
		return -EMSGSIZE;
	return 0;
}

/* Under RCU. @cb: the dump that it is part of, or NULL. */
static int ozp_netlink_flow_fill(struct sk_buff *skb,
				 struct netlink_callback *cb, u32 portid,
				 u32 seq, const struct ozp_device *oz,
				 const struct ozp_flow *flow)
{
	const struct ozp_conversion *conv = rcu_dereference(flow->conversion);
	void *header;

	header = genlmsg_put(skb, portid, seq, &ozp_netlink_family,
			     cb ? NLM_F_MULTI : 0, OZPROXY_CMD_FLOW_GET);
	if (!header)
		return -EMSGSIZE;
	if (cb)
		genl_dump_check_consistent(cb, header);
	if (nla_put_u32(skb, OZPROXY_A_FLOW_IFINDEX,
			oz->convert.dev->ifindex) ||
	    ozp_netlink_tuple_fill(skb,
				   &flow->keys[OZPROXY_DIRECTION_OUT].tuple,
				   conv) ||
	    ozp_netlink_target_fill(skb, conv) ||
	    ozp_netlink_life_fill(skb, oz->convert.flows, flow) ||
	    nla_put_u32(skb, OZPROXY_A_FLOW_TABLE_GENERATION,
			READ_ONCE(oz->convert.table.generation))) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

static int ozp_netlink_flow_reply(struct ozp_device *oz, struct genl_info *info,
				  const struct ozp_flow_filter *filter)
{
	struct ozp_flow *flow;
	struct sk_buff *skb;
	int err;

	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	err = ozp_netlink_lock(oz, info->extack);
	if (err)
		goto err_free_skb;
	rcu_read_lock();
	flow = ozp_flow_lookup_rcu(oz->convert.flows, &filter->tuple,
				   OZPROXY_DIRECTION_OUT);
	if (flow && !ozp_flow_is_over_rcu(oz->convert.flows, flow) &&
	    ozp_flow_filter_match(flow, filter))
		err = ozp_netlink_flow_fill(skb, NULL, info->snd_portid,
					    info->snd_seq, oz, flow);
	else
		err = -ENOENT;
	rcu_read_unlock();
	ozp_netlink_unlock(oz);
	if (err)
		goto err_free_skb;
	return genlmsg_reply(skb, info);

err_free_skb:
	if (err == -ENOENT)
		NL_SET_ERR_MSG(info->extack, "no such flow");
	nlmsg_free(skb);
	return err;
}

static int ozp_flow_filter_check_key(const struct ozp_flow_filter *filter,
				     struct netlink_ext_ack *extack)
{
	if (!filter->has_protocol)
		return ozp_netlink_missing(extack, NULL,
					   OZPROXY_A_FLOW_PROTOCOL,
					   "protocol is missing");
	if (!filter->has_src)
		return ozp_netlink_missing(extack, NULL,
					   OZPROXY_A_FLOW_SOURCE_IPV4,
					   "source is missing (source-ipv4 or source-ipv6)");
	if (!filter->has_sport)
		return ozp_netlink_missing(extack, NULL,
					   OZPROXY_A_FLOW_SOURCE_PORT,
					   "source-port is missing");
	if (!filter->has_dst)
		return ozp_netlink_missing(extack, NULL,
					   OZPROXY_A_FLOW_DESTINATION_IPV4,
					   "destination is missing (destination-ipv4 or destination-ipv6)");
	if (!filter->has_dport)
		return ozp_netlink_missing(extack, NULL,
					   OZPROXY_A_FLOW_DESTINATION_PORT,
					   "destination-port is missing");
	return 0;
}

static int ozp_netlink_flow_get(struct ozp_device *oz, struct genl_info *info)
{
	struct ozp_flow_filter filter;
	int err;

	err = ozp_flow_filter_init(&filter, info->attrs, info->extack);
	if (!err)
		err = ozp_flow_filter_check_key(&filter, info->extack);
	return err ?: ozp_netlink_flow_reply(oz, info, &filter);
}

/**
 * ozproxy_nl_flow_get_doit() - handle flow-get
 * @skb: the request
 * @info: its attributes
 *
 * Return: 0 or a negative errno.
 */
int ozproxy_nl_flow_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ozp_netlink_do(info, OZPROXY_A_FLOW_IFINDEX,
			      ozp_netlink_flow_get);
}

/**
 * struct ozp_flow_dump - a dump in progress
 * @flows: the flow table (holds a reference): a slow reader keeps the table,
 *	not the device
 * @iter: how far the dump has come
 * @resized: how often the table was resized meanwhile: flows may be missing or
 *	come twice; packets decide how often that happens, so that a dump ends
 */
struct ozp_flow_dump {
	struct ozp_flows *flows;
	struct rhashtable_iter iter;
	u32 resized;
};

/* Begin a dump; the device is held. */
static struct ozp_flow_dump *ozp_netlink_flow_dump_new(struct ozp_device *oz,
						       struct netlink_ext_ack *ack)
{
	struct ozp_flow_dump *dump;
	int err;

	dump = kzalloc(sizeof(*dump), GFP_KERNEL);
	if (!dump) {
		NL_SET_ERR_MSG(ack, "no memory for the dump");
		return ERR_PTR(-ENOMEM);
	}
	err = ozp_netlink_lock(oz, ack);
	if (err) {
		kfree(dump);
		return ERR_PTR(err);
	}
	dump->flows = oz->convert.flows;
	ozp_flows_hold(dump->flows);
	rhashtable_walk_enter(&dump->flows->table, &dump->iter);
	ozp_netlink_unlock(oz);
	return dump;
}

/**
 * ozp_netlink_flow_dump_done() - end a dump of flow-get
 * @cb: the dump
 *
 * Return: 0.
 */
int ozp_netlink_flow_dump_done(struct netlink_callback *cb)
{
	struct ozp_flow_dump *dump = (void *)cb->args[0];

	if (!dump)
		return 0;
	rhashtable_walk_exit(&dump->iter);
	ozp_flows_put(dump->flows);
	kfree(dump);
	return 0;
}

static int ozp_netlink_flow_dump_one(struct sk_buff *skb,
				     struct netlink_callback *cb,
				     const struct ozp_device *oz,
				     struct ozp_flow_key *key,
				     const struct ozp_flow_filter *filter)
{
	struct ozp_flow *flow = ozp_flow_of_key(key);

	if (key->tuple.direction != OZPROXY_DIRECTION_IN ||
	    ozp_flow_is_over_rcu(oz->convert.flows, flow) ||
	    !ozp_flow_filter_match(flow, filter))
		return 0;
	return ozp_netlink_flow_fill(skb, cb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, oz, flow);
}

static void ozp_netlink_flow_dump_resized(struct netlink_callback *cb,
					  struct ozp_flow_dump *dump)
{
	dump->resized++;
	cb->seq++;
}

/* A table that was replaced while the walk paused begins anew. */
static void ozp_netlink_flow_dump_go_on(struct netlink_callback *cb,
					struct ozp_flow_dump *dump)
	__acquires(RCU)
{
	if (rhashtable_walk_start_check(&dump->iter))
		ozp_netlink_flow_dump_resized(cb, dump);
}

static void ozp_netlink_flow_dump_part(struct sk_buff *skb,
				       struct netlink_callback *cb,
				       const struct ozp_device *oz,
				       struct ozp_flow_dump *dump,
				       const struct ozp_flow_filter *filter)
{
	struct ozp_flow_key *key;

	/* Never 0, which would mean that the dump does not say. */
	cb->seq = READ_ONCE(oz->convert.table.generation) + 1 + dump->resized;
	/* Under RCU between start and stop. No flow is used across a pause: the
	 * walk finds the one that was next, or what follows it, again.
	 */
	ozp_netlink_flow_dump_go_on(cb, dump);
	key = rhashtable_walk_peek(&dump->iter);
	while (key && dump->resized <= OZP_FLOW_DUMP_RESIZES) {
		/* A filter may match none of millions. */
		if (need_resched()) {
			rhashtable_walk_stop(&dump->iter);
			cond_resched();
			ozp_netlink_flow_dump_go_on(cb, dump);
			key = rhashtable_walk_peek(&dump->iter);
			continue;
		}
		if (IS_ERR(key)) {
			ozp_netlink_flow_dump_resized(cb, dump);
		} else if (ozp_netlink_flow_dump_one(skb, cb, oz, key,
						     filter)) {
			break;
		}
		key = rhashtable_walk_next(&dump->iter);
	}
	rhashtable_walk_stop(&dump->iter);
}

/**
 * ozproxy_nl_flow_get_dumpit() - handle a dump of flow-get
 * @skb: the part of the reply to be filled
 * @cb: the dump
 *
 * May sleep.
 *
 * Return: length of the part, 0 at the end, or a negative errno.
 */
int ozproxy_nl_flow_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = ozp_compat_dump_attrs(cb);
	struct ozp_flow_dump *dump = (void *)cb->args[0];
	struct ozp_flow_filter filter;
	struct ozp_device *oz;
	int err;

	err = ozp_flow_filter_init(&filter, attrs, cb->extack);
	if (err)
		return err;
	oz = ozp_netlink_device_get(sock_net(cb->skb->sk),
				    attrs[OZPROXY_A_FLOW_IFINDEX],
				    OZPROXY_A_FLOW_IFINDEX, cb->extack);
	if (IS_ERR(oz))
		return PTR_ERR(oz);
	/* Not in a start callback: 6.1 gives that no extack. */
	if (!dump)
		dump = ozp_netlink_flow_dump_new(oz, cb->extack);
	err = PTR_ERR_OR_ZERO(dump);
	if (!err) {
		cb->args[0] = (long)dump;
		ozp_netlink_flow_dump_part(skb, cb, oz, dump, &filter);
	}
	ozp_netlink_device_put(oz);
	return err ?: skb->len;
}

static int ozp_netlink_flow_flush(struct ozp_device *oz, struct genl_info *info)
{
	struct ozp_flow_filter filter;
	struct ozp_flows *flows;
	struct sk_buff *skb;
	void *header;
	u32 count;
	int err;

	err = ozp_flow_filter_init(&filter, info->attrs, info->extack);
	if (err)
		return err;
	skb = genlmsg_new(64, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	err = ozp_netlink_lock(oz, info->extack);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	flows = oz->convert.flows;
	ozp_flows_hold(flows);
	ozp_netlink_unlock(oz);
	/* Unlocked: others wait for the table with RTNL held. */
	count = ozp_flows_end_matching(flows, ozp_flow_filter_match, &filter);
	ozp_flows_put(flows);
	header = genlmsg_put_reply(skb, info, &ozp_netlink_family, 0,
				   OZPROXY_CMD_FLOW_FLUSH);
	if (!header ||
	    nla_put_u32(skb, OZPROXY_A_FLOW_IFINDEX,
			oz->convert.dev->ifindex) ||
	    nla_put_u32(skb, OZPROXY_A_FLOW_FLUSHED, count)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

/**
 * ozproxy_nl_flow_flush_doit() - handle flow-flush
 * @skb: the request
 * @info: its attributes
 *
 * Return: 0 or a negative errno.
 */
int ozproxy_nl_flow_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ozp_netlink_do(info, OZPROXY_A_FLOW_IFINDEX,
			      ozp_netlink_flow_flush);
}
