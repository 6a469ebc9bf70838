// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "convert.h"

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "flow_measure.h"
#include "trace.h"

/**
 * ozp_networks_contain() - whether an address is a Service or Instance IP
 * @networks: the service networks
 * @family: family of @addr
 * @addr: the address
 *
 * Return: whether it is in the network of its family.
 */
bool ozp_networks_contain(const struct ozp_networks *networks, u8 family,
			  const union ozp_addr *addr)
{
	if (family == AF_INET)
		return !((addr->ip4 ^ networks->ip4) &
			 inet_make_mask(networks->ip4_prefix));
	return ipv6_prefix_equal(&addr->ip6, &networks->ip6,
				 networks->ip6_prefix);
}

/* Looked up once in each generation of routes, which ends with any change of
 * them, addresses included, as for routes that sockets keep: a look-up takes 300
 * instructions. Of a node that is new, @here says generation 0, in which a
 * namespace has no address.
 */
static bool ozp_convert_is_own_ip4(struct net *net, struct ozp_node *node)
{
	u32 generation = rt_genid_ipv4(net) << 1;
	u32 here = READ_ONCE(node->here);

	if (likely((here & ~1U) == generation))
		return here & 1;
	/* The generation first: what is found may be newer, not older. */
	smp_rmb();
	here = generation |
	       (inet_addr_type(net, node->addr.ip4) == RTN_LOCAL);
	WRITE_ONCE(node->here, here);
	return here & 1;
}

static bool ozp_convert_is_own_address(struct net *net, struct ozp_node *node)
{
	if (node->family == AF_INET)
		return ozp_convert_is_own_ip4(net, node);
#if IS_ENABLED(CONFIG_IPV6)
	/* Without the module of IPv6 there is not even a table to look in. One
	 * that is tentative is ours: nobody says when it is not any more.
	 */
	return ipv6_mod_enabled() &&
	       ipv6_chk_addr_and_flags(net, &node->addr.ip6, NULL, true, 0,
				       IFA_F_DADFAILED);
#else
	return false;
#endif
}

/**
 * ozp_convert_is_local_rcu() - whether an instance runs on this node
 * @cv: the device
 * @ep: where it is
 *
 * Locality is a matter of the node, never of a prefix. Caller is in an RCU read
 * section.
 *
 * Return: whether it does.
 */
bool ozp_convert_is_local_rcu(struct ozp_convert *cv,
			      const struct ozp_endpoint *ep)
{
	struct ozp_node *node = ep->node;
	const struct ozp_locals *locals;
	struct net *net;
	u32 i;

	if (ep->config.flags & OZPROXY_INSTANCE_FLAGS_LOCAL)
		return true;
	if (node->port != READ_ONCE(cv->tunnel.port))
		return false;
	locals = rcu_dereference(cv->locals);
	if (!locals) {
		net = rcu_dereference(cv->tunnel.net);
		return net && ozp_convert_is_own_address(net, node);
	}
	for (i = 0; i < locals->count; i++)
		if (ozp_node_is_at(node, locals->entries[i].family,
				   &locals->entries[i].addr, node->port))
			return true;
	return false;
}

/**
 * ozp_convert_find_local_rcu() - find the container of this node at an address
 * @cv: the device
 * @family: family of @addr
 * @addr: a Namespace IP
 *
 * Caller is in an RCU read section.
 *
 * Return: its endpoint, valid in that section, or NULL.
 */
struct ozp_endpoint *ozp_convert_find_local_rcu(struct ozp_convert *cv,
						u8 family,
						const union ozp_addr *addr)
{
	struct ozp_match match;

	ozp_table_lookup_rcu(&cv->table, family, addr, &match);
	if (match.kind != OZP_MATCH_NAMESPACE ||
	    !ozp_convert_is_local_rcu(cv, match.endpoint))
		return NULL;
	return match.endpoint;
}

/**
 * ozp_convert_refresh_rcu() - the conversion of a flow, as it has to be now
 * @cv: the device
 * @flow: the flow
 * @conv: the conversion; for a flow that is not current, the one it had last
 *
 * Caller is in an RCU read section with BH off.
 *
 * Return: whether the flow is current.
 */
enum ozp_flow_refresh ozp_convert_refresh_rcu(struct ozp_convert *cv,
					      struct ozp_flow *flow,
					      struct ozp_conversion **conv)
{
	struct ozp_flow_parties parties;
	enum ozp_flow_refresh refresh;
	struct ozp_conversion *anew;

	*conv = rcu_dereference(flow->conversion);
	if (likely(!ozp_flow_is_stale(cv->flows, *conv)))
		return OZP_FLOW_CURRENT;
	parties.epoch = ozp_flows_epoch(cv->flows);
	refresh = ozp_flow_find_parties_rcu(flow, &parties);
	if (refresh != OZP_FLOW_CURRENT)
		return refresh;
	/* The container moved to another node, or an address of ours is gone
	 * for a while: nothing goes on until it is here again.
	 */
	if (!ozp_convert_is_local_rcu(cv, parties.source))
		return OZP_FLOW_SOURCE_ASLEEP;
	parties.local = ozp_convert_is_local_rcu(cv, parties.target);
	anew = ozp_flow_convert_anew_rcu(cv->flows, flow, &parties);
	/* Without memory the old one has to do once more: sent to where the
	 * instance was a moment ago.
	 */
	if (anew)
		*conv = anew;
	return OZP_FLOW_CURRENT;
}

/**
 * ozp_convert_apply() - convert a packet, and let it be seen
 * @skb: the packet
 * @pkt: what is known of it
 * @source: endpoint of the container here
 * @target: endpoint of the instance that it talks to
 * @rw: the addresses that the packet gets
 *
 * Softirq or BH off.
 *
 * Return: OZP_CONTINUE, or OZP_DROP.
 */
enum ozp_verdict ozp_convert_apply(struct sk_buff *skb, struct ozp_packet *pkt,
				   const struct ozp_endpoint *source,
				   const struct ozp_endpoint *target,
				   const struct ozp_rewrite *rw)
{
	enum ozp_verdict verdict;

	verdict = ozp_rewrite_apply(skb, pkt, rw);
	if (verdict != OZP_CONTINUE)
		return verdict;
	ozp_flow_count(source, target, pkt, skb->len);
	trace_ozproxy_convert(pkt->stats->dev_name, pkt->direction, &pkt->tuple,
			      rw);
	return OZP_CONTINUE;
}

/**
 * ozp_convert_want() - what an outbound packet waits for, if it has to
 * @cv: the device
 * @pkt: the packet, parsed
 * @want: filled in; to be called before the table is asked, so that what the
 *	table says is as new as the epoch in it
 */
void ozp_convert_want(struct ozp_convert *cv, const struct ozp_packet *pkt,
		      struct ozp_miss_want *want)
{
	want->epoch = ozp_misses_epoch(&cv->misses);
	want->addr.addr = pkt->tuple.dst;
	want->addr.family = pkt->tuple.family;
	want->source.addr = pkt->tuple.src;
	want->source.family = pkt->tuple.family;
}

/**
 * ozp_convert_fragment() - let a fragment go the way of its flow
 * @cv: the device
 * @skb: the fragment, consumed
 * @pkt: what is known of it
 * @pass: what becomes of a packet of a known flow; consumes it
 *
 * A first fragment is followed by those that waited for it. Caller is in an RCU
 * read section with BH off.
 */
void ozp_convert_fragment(struct ozp_convert *cv, struct sk_buff *skb,
			  struct ozp_packet *pkt,
			  void (*pass)(struct ozp_convert *cv,
				       struct sk_buff *skb,
				       struct ozp_packet *pkt))
{
	struct sk_buff_head waiting;
	struct ozp_packet first;

	__skb_queue_head_init(&waiting);
	switch (ozp_fragment_admit(&cv->fragments[pkt->direction], skb, pkt,
				   &waiting)) {
	case OZP_DROP:
		ozp_drop(skb, pkt, pkt->reason);
		return;
	case OZP_CONSUMED:
		return;
	case OZP_CONTINUE:
		break;
	}
	first = *pkt;
	pass(cv, skb, pkt);
	while ((skb = ozp_fragment_next(&waiting, &first, pkt)))
		pass(cv, skb, pkt);
}
