// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "netlink.h"

#include <linux/slab.h>

#include "compat.h"
#include "limits.h"

static const struct ozp_netlink_addr_attrs ozp_miss_addr_attrs = {
	OZPROXY_A_MISS_IPV4, OZPROXY_A_MISS_IPV6,
};

/* Room for a message about one address. */
#define OZP_MISS_MESSAGE 160

/* @cb: the dump that it is part of, or NULL. The generation is read without the
 * table's lock by notifications: it is a hint there.
 */
static int ozp_netlink_miss_fill(struct sk_buff *skb,
				 struct netlink_callback *cb, u32 portid,
				 u32 seq, u8 cmd, const struct ozp_device *oz,
				 const struct ozp_miss_info *info)
{
	void *header;

	header = genlmsg_put(skb, portid, seq, &ozp_netlink_family,
			     cb ? NLM_F_MULTI : 0, cmd);
	if (!header)
		return -EMSGSIZE;
	if (cb)
		genl_dump_check_consistent(cb, header);
	if (nla_put_u32(skb, OZPROXY_A_MISS_IFINDEX,
			oz->convert.dev->ifindex) ||
	    ozp_netlink_put_addr(skb, ozp_miss_addr_attrs, info->key.family,
				 &info->key.addr) ||
	    nla_put_u32(skb, OZPROXY_A_MISS_AGE, info->age_ms) ||
	    nla_put_u32(skb, OZPROXY_A_MISS_PACKETS, info->packets) ||
	    nla_put_u32(skb, OZPROXY_A_MISS_TABLE_GENERATION,
			READ_ONCE(oz->convert.table.generation)) ||
	    nla_put_u32(skb, OZPROXY_A_MISS_STATE, info->state) ||
	    nla_put_u32(skb, OZPROXY_A_MISS_WAITING, info->waiting) ||
	    nla_put_u32(skb, OZPROXY_A_MISS_ANNOUNCED, info->announced) ||
	    nla_put_u32(skb, OZPROXY_A_MISS_LIFETIME, info->lifetime_ms) ||
	    (info->arrival && nla_put_flag(skb, OZPROXY_A_MISS_ARRIVAL))) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/* From the packet path and from timers. A notification that is lost is not the
 * end: a helper that hears of an overrun dumps what waits.
 */
static void ozp_netlink_miss_notify(struct ozp_device *oz,
				    const struct ozp_miss_info *info)
{
	struct sk_buff *skb;

	if (!ozp_netlink_has_listeners(oz, OZPROXY_NLGRP_MISSES))
		return;
	skb = genlmsg_new(OZP_MISS_MESSAGE, GFP_ATOMIC);
	if (!skb)
		return;
	if (ozp_netlink_miss_fill(skb, NULL, 0, 0, OZPROXY_CMD_MISS_NTF, oz,
				  info)) {
		WARN_ON_ONCE(1);
		nlmsg_free(skb);
		return;
	}
	ozp_netlink_multicast(oz, skb, OZPROXY_NLGRP_MISSES);
}

const struct ozp_device_events ozp_netlink_events = {
	.miss = ozp_netlink_miss_notify,
	.idle = ozp_netlink_service_notify_idle,
};

/* The one address that a request is about. */
static int ozp_netlink_miss_key(struct genl_info *info,
				struct ozp_address *key)
{
	if (info->attrs[OZPROXY_A_MISS_IPV4] &&
	    info->attrs[OZPROXY_A_MISS_IPV6]) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[OZPROXY_A_MISS_IPV6],
				    "only one address, either ipv4 or ipv6");
		return -EINVAL;
	}
	ozp_netlink_get_addr(info->attrs[OZPROXY_A_MISS_IPV4],
			     info->attrs[OZPROXY_A_MISS_IPV6], &key->addr,
			     &key->family);
	if (!key->family)
		return ozp_netlink_missing(info->extack, NULL,
					   OZPROXY_A_MISS_IPV4,
					   "the address is missing (ipv4 or ipv6)");
	return 0;
}

static int ozp_netlink_miss_get(struct ozp_device *oz, struct genl_info *info)
{
	struct ozp_miss_info miss;
	struct ozp_address key;
	struct sk_buff *skb;
	bool found;
	int err;

	err = ozp_netlink_miss_key(info, &key);
	if (err)
		return err;
	err = ozp_netlink_lock(oz, info->extack);
	if (err)
		return err;
	found = ozp_miss_find(&oz->convert.misses, &key, &miss) ||
		ozp_miss_find(&oz->convert.arrivals, &key, &miss);
	ozp_netlink_unlock(oz);
	if (!found) {
		NL_SET_ERR_MSG(info->extack,
			       "nobody waits for this address, and it has no negative answer");
		return -ENOENT;
	}
	skb = genlmsg_new(OZP_MISS_MESSAGE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	err = ozp_netlink_miss_fill(skb, NULL, info->snd_portid, info->snd_seq,
				    OZPROXY_CMD_MISS_GET, oz, &miss);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return genlmsg_reply(skb, info);
}

/**
 * ozproxy_nl_miss_get_doit() - handle miss-get
 * @skb: the request
 * @info: its attributes
 *
 * Return: 0 or a negative errno.
 */
int ozproxy_nl_miss_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ozp_netlink_do(info, OZPROXY_A_MISS_IFINDEX,
			      ozp_netlink_miss_get);
}

/**
 * struct ozp_miss_dump - how far a dump has come
 * @last: the last address that was written
 * @arrivals: it comes to those of packets from the tunnel
 */
struct ozp_miss_dump {
	struct ozp_miss_place last;
	bool arrivals;
};

/* Write the address @key, or all when that has no family, with the room for
 * OZP_MISS_BATCH of them. False: the message is full.
 */
static bool ozp_netlink_miss_dump_all(struct sk_buff *skb,
				      struct netlink_callback *cb,
				      struct ozp_device *oz,
				      const struct ozp_address *key,
				      struct ozp_miss_info *infos)
{
	struct ozp_miss_dump *dump = (void *)cb->ctx;
	struct ozp_misses *misses = dump->arrivals ? &oz->convert.arrivals :
						     &oz->convert.misses;
	u32 count, i;

	do {
		count = ozp_miss_find_after(misses, &dump->last, infos,
					    OZP_MISS_BATCH);
		for (i = 0; i < count; i++) {
			if ((!key->family ||
			     ozp_address_is_equal(&infos[i].key, key)) &&
			    ozp_netlink_miss_fill(skb, cb,
						  NETLINK_CB(cb->skb).portid,
						  cb->nlh->nlmsg_seq,
						  OZPROXY_CMD_MISS_GET, oz,
						  &infos[i]))
				return false;
			dump->last.key = infos[i].key;
			dump->last.id = infos[i].id;
		}
	} while (count == OZP_MISS_BATCH);
	return true;
}

static int ozp_netlink_miss_dump_part(struct sk_buff *skb,
				      struct netlink_callback *cb,
				      struct ozp_device *oz,
				      const struct ozp_address *key)
{
	struct ozp_miss_dump *dump = (void *)cb->ctx;
	struct ozp_miss_info *infos;

	infos = kmalloc_array(OZP_MISS_BATCH, sizeof(*infos), GFP_KERNEL);
	if (!infos) {
		NL_SET_ERR_MSG(cb->extack, "no memory for the dump");
		return -ENOMEM;
	}
	while (ozp_netlink_miss_dump_all(skb, cb, oz, key, infos) &&
	       !dump->arrivals) {
		dump->arrivals = true;
		dump->last.id = 0;
	}
	kfree(infos);
	return 0;
}

/**
 * ozproxy_nl_miss_get_dumpit() - handle a dump of miss-get
 * @skb: the part of the reply to be filled
 * @cb: the dump
 *
 * Return: length of the part, 0 at the end, or a negative errno.
 */
int ozproxy_nl_miss_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = ozp_compat_dump_attrs(cb);
	struct ozp_address key;
	struct ozp_device *oz;
	int err;

	BUILD_BUG_ON(sizeof(struct ozp_miss_dump) > sizeof(cb->ctx));
	ozp_netlink_get_addr(attrs[OZPROXY_A_MISS_IPV4],
			     attrs[OZPROXY_A_MISS_IPV6], &key.addr,
			     &key.family);
	oz = ozp_netlink_device_get(sock_net(cb->skb->sk),
				    attrs[OZPROXY_A_MISS_IFINDEX],
				    OZPROXY_A_MISS_IFINDEX, cb->extack);
	if (IS_ERR(oz))
		return PTR_ERR(oz);
	err = ozp_netlink_lock(oz, cb->extack);
	if (err)
		goto out_put;
	/* Never 0, which would mean that the dump does not say. */
	cb->seq = oz->convert.table.generation + 1;
	err = ozp_netlink_miss_dump_part(skb, cb, oz, &key);
	ozp_netlink_unlock(oz);
out_put:
	ozp_netlink_device_put(oz);
	return err ?: skb->len;
}

/* A negative answer is about what a container can ask for, and is heard only
 * where the table has nothing to say. Locked.
 */
static int ozp_netlink_miss_check_resolve(struct ozp_device *oz,
					  const struct ozp_address *key,
					  struct genl_info *info)
{
	struct nlattr *attr = info->attrs[OZPROXY_A_MISS_IPV4] ?:
			      info->attrs[OZPROXY_A_MISS_IPV6];
	struct ozp_match match;

	if (!ozp_networks_contain(&oz->convert.networks, key->family,
				  &key->addr)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the address is outside the service networks");
		return -EINVAL;
	}
	rcu_read_lock();
	ozp_table_lookup_rcu(&oz->convert.table, key->family, &key->addr,
			     &match);
	rcu_read_unlock();
	if (match.kind == OZP_MATCH_NONE)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr,
			    "the table has this address: remove its service first");
	return -EEXIST;
}

/* An answer about the source of tunnelled packets stays in the budget of those:
 * whoever forges sources does not decide what is remembered for containers,
 * unless these ask as well. Locked.
 */
static int ozp_netlink_miss_deny(struct ozp_convert *cv,
				 const struct ozp_address *key,
				 u32 lifetime_ms)
{
	struct ozp_miss_info known;

	if (ozp_miss_deny(&cv->arrivals, key,
			  max(lifetime_ms, OZP_ARRIVAL_NEGATIVE_MIN)) &&
	    !ozp_miss_find(&cv->misses, key, &known))
		return 0;
	return ozp_miss_resolve(&cv->misses, key, lifetime_ms);
}

static int ozp_netlink_miss_resolve(struct ozp_device *oz,
				    struct genl_info *info)
{
	struct nlattr *lifetime = info->attrs[OZPROXY_A_MISS_LIFETIME];
	struct ozp_address key;
	int err;

	err = ozp_netlink_miss_key(info, &key);
	if (err)
		return err;
	if (!lifetime)
		return ozp_netlink_missing(info->extack, NULL,
					   OZPROXY_A_MISS_LIFETIME,
					   "lifetime of the answer is missing");
	if (nla_get_u32(lifetime) > OZP_NEGATIVE_LIFETIME_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, lifetime,
				    "a negative answer lasts a day at most");
		return -ERANGE;
	}
	err = ozp_netlink_lock(oz, info->extack);
	if (err)
		return err;
	err = ozp_netlink_miss_check_resolve(oz, &key, info);
	if (!err)
		err = ozp_netlink_miss_deny(&oz->convert, &key,
					    nla_get_u32(lifetime));
	ozp_netlink_unlock(oz);
	return err;
}

/**
 * ozproxy_nl_miss_resolve_doit() - handle miss-resolve
 * @skb: the request
 * @info: its attributes
 *
 * Return: 0 or a negative errno.
 */
int ozproxy_nl_miss_resolve_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ozp_netlink_do(info, OZPROXY_A_MISS_IFINDEX,
			      ozp_netlink_miss_resolve);
}
