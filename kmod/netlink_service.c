// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "netlink_service.h"

#include <linux/slab.h>

#include "clock.h"
#include "compat.h"
#include "flow_collect.h"

/* The service that a request names. Table locked. */
static struct ozp_service *
ozp_netlink_service_by_name(struct ozp_device *oz, struct nlattr **attrs,
			    struct netlink_ext_ack *extack)
{
	struct ozp_service *svc;

	if (!attrs[OZPROXY_A_SERVICE_NAME])
		return ERR_PTR(ozp_netlink_missing(extack, NULL,
						   OZPROXY_A_SERVICE_NAME,
						   "name of the service is missing"));
	svc = ozp_table_find_name(&oz->convert.table,
				  nla_data(attrs[OZPROXY_A_SERVICE_NAME]));
	if (svc)
		return svc;
	NL_SET_ERR_MSG_ATTR(extack, attrs[OZPROXY_A_SERVICE_NAME],
			    "no service of this name");
	return ERR_PTR(-ENOENT);
}

/* The service that has the address of a request, or NULL without one. Table
 * locked, so that the service outlives the read section.
 */
static struct ozp_service *
ozp_netlink_service_by_addr(struct ozp_device *oz, struct nlattr **attrs,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *ip4 = attrs[OZPROXY_A_SERVICE_FIND_IPV4];
	struct nlattr *ip6 = attrs[OZPROXY_A_SERVICE_FIND_IPV6];
	struct ozp_match match;
	union ozp_addr addr;
	u8 family;

	if (ip6 && (ip4 || attrs[OZPROXY_A_SERVICE_NAME])) {
		NL_SET_ERR_MSG_ATTR(extack, ip6,
				    "only one of name, find-ipv4 and find-ipv6");
		return ERR_PTR(-EINVAL);
	}
	if (ip4 && attrs[OZPROXY_A_SERVICE_NAME]) {
		NL_SET_ERR_MSG_ATTR(extack, ip4,
				    "only one of name, find-ipv4 and find-ipv6");
		return ERR_PTR(-EINVAL);
	}
	ozp_netlink_get_addr(ip4, ip6, &addr, &family);
	if (!family)
		return NULL;
	rcu_read_lock();
	ozp_table_lookup_rcu(&oz->convert.table, family, &addr, &match);
	rcu_read_unlock();
	if (match.kind != OZP_MATCH_NONE)
		return match.service;
	NL_SET_ERR_MSG_ATTR(extack, ip4 ?: ip6, "no service has this address");
	return ERR_PTR(-ENOENT);
}

static struct ozp_service *ozp_netlink_service_find(struct ozp_device *oz,
						    struct nlattr **attrs,
						    struct netlink_ext_ack *ack)
{
	struct ozp_service *svc;

	svc = ozp_netlink_service_by_addr(oz, attrs, ack);
	return svc ?: ozp_netlink_service_by_name(oz, attrs, ack);
}

static int ozp_netlink_service_get(struct ozp_device *oz,
				   struct genl_info *info)
{
	struct ozp_service_part part = {
		.oz = oz,
		.portid = info->snd_portid,
		.seq = info->snd_seq,
		.cmd = OZPROXY_CMD_SERVICE_GET,
	};
	struct ozp_service *svc;
	struct sk_buff *skb;
	int err;

	skb = genlmsg_new(OZP_NETLINK_MESSAGE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	err = ozp_netlink_lock(oz, info->extack);
	if (err)
		goto err_free_skb;
	svc = ozp_netlink_service_find(oz, info->attrs, info->extack);
	if (IS_ERR(svc)) {
		err = PTR_ERR(svc);
		goto err_unlock;
	}
	part.svc = svc;
	err = ozp_netlink_service_fill(skb, &part);
	if (!err && !part.done) {
		NL_SET_ERR_MSG(info->extack,
			       "the service does not fit in one message: dump it");
		err = -EMSGSIZE;
	}
	if (err)
		goto err_unlock;
	ozp_netlink_unlock(oz);
	return genlmsg_reply(skb, info);

err_unlock:
	ozp_netlink_unlock(oz);
err_free_skb:
	nlmsg_free(skb);
	return err;
}

/**
 * ozproxy_nl_service_get_doit() - handle service-get
 * @skb: the request
 * @info: its attributes
 *
 * Return: 0 or a negative errno.
 */
int ozproxy_nl_service_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ozp_netlink_do(info, OZPROXY_A_SERVICE_IFINDEX,
			      ozp_netlink_service_get);
}

/**
 * struct ozp_service_dump - how far a dump has come
 * @after: id of the last service that is complete
 * @current_id: id of the service that is not, or 0
 * @next: its first instance that is missing
 */
struct ozp_service_dump {
	u64 after;
	u64 current_id;
	u32 next;
};

static void ozp_netlink_service_dump_all(struct sk_buff *skb,
					 struct ozp_service_part *part,
					 struct ozp_service_dump *dump)
{
	struct ozp_table *table = &part->oz->convert.table;

	for (part->svc = ozp_table_find_after(table, dump->after); part->svc;
	     part->svc = ozp_table_next(table, part->svc)) {
		part->done = false;
		part->next = part->svc->id == dump->current_id ? dump->next : 0;
		while (!part->done) {
			if (!ozp_netlink_service_fill(skb, part))
				continue;
			dump->current_id = part->svc->id;
			dump->next = part->next;
			return;
		}
		dump->after = part->svc->id;
	}
}

/* A dump of the one service that a request names. */
static int ozp_netlink_service_dump_one(struct sk_buff *skb,
					struct ozp_service_part *part,
					struct ozp_service_dump *dump,
					struct netlink_callback *cb)
{
	struct nlattr **attrs = ozp_compat_dump_attrs(cb);
	struct ozp_service *svc;

	svc = ozp_netlink_service_find(part->oz, attrs, cb->extack);
	/* An interrupted dump is told by its generation, not by an error. */
	if (IS_ERR(svc))
		return dump->current_id ? 0 : PTR_ERR(svc);
	if (svc->id == dump->after)
		return 0;
	part->svc = svc;
	part->next = svc->id == dump->current_id ? dump->next : 0;
	while (!part->done && !ozp_netlink_service_fill(skb, part))
		;
	dump->current_id = svc->id;
	dump->next = part->next;
	if (part->done)
		dump->after = svc->id;
	return 0;
}

/**
 * ozproxy_nl_service_get_dumpit() - handle a dump of service-get
 * @skb: the part of the reply to be filled
 * @cb: the dump
 *
 * Return: length of the part, 0 at the end, or a negative errno.
 */
int ozproxy_nl_service_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb)
{
	struct nlattr **attrs = ozp_compat_dump_attrs(cb);
	struct ozp_service_dump *dump = (void *)cb->ctx;
	struct ozp_service_part part = {
		.portid = NETLINK_CB(cb->skb).portid,
		.seq = cb->nlh->nlmsg_seq,
		.flags = NLM_F_MULTI,
		.cmd = OZPROXY_CMD_SERVICE_GET,
		.cb = cb,
	};
	int err;

	BUILD_BUG_ON(sizeof(struct ozp_service_dump) > sizeof(cb->ctx));
	part.oz = ozp_netlink_device_get(sock_net(cb->skb->sk),
					 attrs[OZPROXY_A_SERVICE_IFINDEX],
					 OZPROXY_A_SERVICE_IFINDEX, cb->extack);
	if (IS_ERR(part.oz))
		return PTR_ERR(part.oz);
	err = ozp_netlink_lock(part.oz, cb->extack);
	if (err)
		goto out_put;
	/* Never 0, which would mean that the dump does not say. */
	cb->seq = part.oz->convert.table.generation + 1;
	if (attrs[OZPROXY_A_SERVICE_NAME] ||
	    attrs[OZPROXY_A_SERVICE_FIND_IPV4] ||
	    attrs[OZPROXY_A_SERVICE_FIND_IPV6])
		err = ozp_netlink_service_dump_one(skb, &part, dump, cb);
	else
		ozp_netlink_service_dump_all(skb, &part, dump);
	ozp_netlink_unlock(part.oz);
out_put:
	ozp_netlink_device_put(part.oz);
	return err ?: skb->len;
}

static void ozp_netlink_answer(struct ozp_misses *misses,
			       const struct ozp_service_config *config)
{
	u32 i, f;

	if (!ozp_misses_answered(misses))
		return;
	for (i = 0; i < config->address_count; i++)
		ozp_miss_answer(misses, config->addresses[i].family,
				&config->addresses[i].addr);
	for (i = 0; i < config->instance_count; i++)
		for (f = 0; f < OZP_FAMILIES; f++)
			ozp_miss_answer(misses, ozp_family(f),
					&config->instances[i].ip[f]);
}

/* The misses that a service answers. Table locked. */
static void ozp_netlink_answer_misses(struct ozp_device *oz,
				      const struct ozp_service_config *config)
{
	ozp_netlink_answer(&oz->convert.misses, config);
	ozp_netlink_answer(&oz->convert.arrivals, config);
}

/* Flows of instances that are gone end before the request is answered, but with
 * the table unlocked: there may be millions, and others wait for the table with
 * RTNL held.
 */
static struct ozp_flows *ozp_netlink_flows_get(struct ozp_device *oz)
{
	ozp_flows_hold(oz->convert.flows);
	return oz->convert.flows;
}

static void ozp_netlink_flows_collect(struct ozp_flows *flows)
{
	ozp_flows_collect(flows);
	ozp_flows_put(flows);
}

static int ozp_netlink_service_apply(struct ozp_device *oz,
				     struct genl_info *info,
				     const struct ozp_service_config *config)
{
	struct ozp_convert *cv = &oz->convert;
	struct ozp_flows *flows = NULL;
	struct ozp_table_fault fault;
	struct ozp_service *loser;
	int changed, err;
	u32 withdrawn;

	err = ozp_netlink_lock(oz, info->extack);
	if (err)
		return err;
	withdrawn = cv->table.withdrawn_count;
	changed = ozp_table_set(&cv->table, config, &fault);
	if (changed < 0) {
		ozp_netlink_service_fault(info, &fault);
		ozp_netlink_unlock(oz);
		return changed;
	}
	ozp_netlink_answer_misses(oz, config);
	if (cv->table.withdrawn_count != withdrawn)
		flows = ozp_netlink_flows_get(oz);
	if (changed)
		ozp_netlink_service_notify(oz, config->name);
	while ((loser = ozp_table_pop_loser(&cv->table)))
		ozp_netlink_service_notify(oz, loser->name);
	ozp_netlink_unlock(oz);
	if (flows)
		ozp_netlink_flows_collect(flows);
	return 0;
}

static int ozp_netlink_service_set(struct ozp_device *oz,
				   struct genl_info *info)
{
	struct ozp_service_request req;
	int err;

	err = ozp_netlink_service_parse(&req, &oz->convert.networks, info);
	if (err)
		return err;
	err = ozp_netlink_service_apply(oz, info, &req.config);
	ozp_netlink_service_request_uninit(&req);
	return err;
}

/**
 * ozproxy_nl_service_set_doit() - handle service-set
 * @skb: the request
 * @info: its attributes
 *
 * Return: 0 or a negative errno.
 */
int ozproxy_nl_service_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ozp_netlink_do(info, OZPROXY_A_SERVICE_IFINDEX,
			      ozp_netlink_service_set);
}

/* Take a service out of the table. Locked; @svc held. */
static void ozp_netlink_service_remove(struct ozp_device *oz,
				       struct ozp_service *svc,
				       enum ozp_instance_state state)
{
	ozp_table_del(&oz->convert.table, svc, state);
	ozp_netlink_service_notify_del(oz, svc->name);
}

/* Also one that was cleared and is remembered for its flows. */
static int ozp_netlink_service_del(struct ozp_device *oz,
				   struct genl_info *info)
{
	struct nlattr *name = info->attrs[OZPROXY_A_SERVICE_NAME];
	struct ozp_flows *flows = NULL;
	struct ozp_service *svc;
	int err;

	if (!name)
		return ozp_netlink_missing(info->extack, NULL,
					   OZPROXY_A_SERVICE_NAME,
					   "name of the service is missing");
	err = ozp_netlink_lock(oz, info->extack);
	if (err)
		return err;
	svc = ozp_service_get_by_name(&oz->convert.table.services,
				      nla_data(name));
	if (svc && (ozp_table_snapshot(&oz->convert.table, svc) ||
		    ozp_table_is_remembered(svc))) {
		ozp_netlink_service_remove(oz, svc, OZP_INSTANCE_REMOVED);
		flows = ozp_netlink_flows_get(oz);
	}
	if (svc)
		ozp_service_put(svc);
	ozp_netlink_unlock(oz);
	if (!flows) {
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "no service of this name");
		return -ENOENT;
	}
	ozp_netlink_flows_collect(flows);
	return 0;
}

/**
 * ozproxy_nl_service_del_doit() - handle service-del
 * @skb: the request
 * @info: its attributes
 *
 * Return: 0 or a negative errno.
 */
int ozproxy_nl_service_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ozp_netlink_do(info, OZPROXY_A_SERVICE_IFINDEX,
			      ozp_netlink_service_del);
}

static int ozp_netlink_service_check_clear(const struct ozp_service *svc,
					   struct genl_info *info)
{
	struct nlattr *generation = info->attrs[OZPROXY_A_SERVICE_GENERATION];
	struct nlattr *used = info->attrs[OZPROXY_A_SERVICE_USED];

	if (generation && nla_get_u32(generation) != svc->generation) {
		NL_SET_ERR_MSG_ATTR(info->extack, generation,
				    "the service changed since");
		return -EBUSY;
	}
	if (used && ozp_clock_ms(READ_ONCE(svc->used)) > nla_get_u64(used)) {
		NL_SET_ERR_MSG_ATTR(info->extack, used,
				    "the service was used since");
		return -EBUSY;
	}
	return 0;
}

static int ozp_netlink_service_clear(struct ozp_device *oz,
				     struct genl_info *info)
{
	struct ozp_service *svc;
	int err;

	if (!info->attrs[OZPROXY_A_SERVICE_GENERATION] &&
	    !info->attrs[OZPROXY_A_SERVICE_USED])
		return ozp_netlink_missing(info->extack, NULL,
					   OZPROXY_A_SERVICE_USED,
					   "a condition is missing (generation or used)");
	err = ozp_netlink_lock(oz, info->extack);
	if (err)
		return err;
	svc = ozp_netlink_service_by_name(oz, info->attrs, info->extack);
	err = PTR_ERR_OR_ZERO(svc);
	if (!err)
		err = ozp_netlink_service_check_clear(svc, info);
	if (!err) {
		refcount_inc(&svc->ref);
		ozp_netlink_service_remove(oz, svc, OZP_INSTANCE_CLEARED);
		ozp_service_put(svc);
	}
	ozp_netlink_unlock(oz);
	return err;
}

/**
 * ozproxy_nl_service_clear_doit() - handle service-clear
 * @skb: the request
 * @info: its attributes
 *
 * Return: 0 or a negative errno.
 */
int ozproxy_nl_service_clear_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ozp_netlink_do(info, OZPROXY_A_SERVICE_IFINDEX,
			      ozp_netlink_service_clear);
}
