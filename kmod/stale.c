// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The wire does not say for which service a packet is: where a Namespace IP went
 * out of use, its senders do not know it until their table is refreshed. With
 * the names of the README, the node of X3 that has no 10.21.0.1 any more answers
 *
 *   10.30.0.2:5000 > 10.21.0.1:99   with   10.21.0.1 > 10.30.0.2, about the same
 *
 * an ICMP error of the usual kind (host unreachable), which travels between the
 * addresses of the wire, as no error of an instance does (kmod/error.c): there,
 * the destination is a Namespace IP. It is for the other ozproxy, and others drop
 * it; not for its container, whose kernel would give up a connection that is being
 * opened (RFC 5461), while its next SYN gets to another instance when the table
 * is refreshed by then.
 *
 * Whoever gets it believes it from the node that the table has for that
 * Namespace IP, about a packet of a flow that goes there. Then the instance is in
 * doubt (kmod/doubt.c), and who fills the table is told, to ask again.
 */

#include "stale.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip6_checksum.h>

#include "admission.h"
#include "clock.h"
#include "compose.h"
#include "icmp.h"

/* The whole IP header, and the ports, is what the other end needs: an answer is
 * not much longer than what it answers, and useless to flood somebody with.
 */
static struct sk_buff *ozp_stale_compose(const struct sk_buff *skb,
					 const struct ozp_packet *pkt)
{
	const struct ozp_tuple *about = &pkt->tuple;
	unsigned int len = pkt->l4_offset + OZP_STALE_EMBEDDED, size;
	bool ip4 = about->family == AF_INET;
	struct sk_buff *answer;
	struct icmphdr *icmph;
	void *data;

	BUILD_BUG_ON(sizeof(struct icmphdr) != sizeof(struct icmp6hdr));
	if (skb->len < len)
		return NULL;
	size = sizeof(*icmph) + len;
	answer = alloc_skb(LL_MAX_HEADER + OZP_TUNNEL_OVERHEAD +
			   sizeof(struct ipv6hdr) + size,
			   GFP_ATOMIC | __GFP_NOWARN);
	if (!answer)
		return NULL;
	skb_reserve(answer, LL_MAX_HEADER + OZP_TUNNEL_OVERHEAD +
			    sizeof(struct ipv6hdr));
	icmph = skb_put_zero(answer, sizeof(*icmph));
	data = skb_put(answer, len);
	if (skb_copy_bits(skb, skb_network_offset(skb), data, len)) {
		ozp_spend(answer);
		return NULL;
	}
	icmph->type = ip4 ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH;
	icmph->code = ip4 ? ICMP_HOST_UNREACH : ICMPV6_ADDR_UNREACH;
	icmph->checksum = ip4 ? ip_compute_csum(icmph, size) :
			  csum_ipv6_magic(&about->dst.ip6, &about->src.ip6,
					  size, IPPROTO_ICMPV6,
					  csum_partial(icmph, size, 0));
	ozp_compose_ip(answer, about->family,
		       ip4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, &about->dst,
		       &about->src);
	return answer;
}

static void ozp_stale_send(struct ozp_convert *cv, struct sk_buff *answer,
			   const struct ozp_packet *pkt, struct ozp_node *node)
{
	struct ozp_packet out = {
		.stats = &cv->stats,
		.direction = OZPROXY_DIRECTION_OUT,
		.tuple.src = pkt->tuple.dst,
		.tuple.dst = pkt->tuple.src,
		.tuple.family = pkt->tuple.family,
		.tuple.protocol = pkt->tuple.family == AF_INET ?
				  IPPROTO_ICMP : IPPROTO_ICMPV6,
		.icmp = OZP_ICMP_ERROR,
	};
	struct ozp_way way;

	out.l4_offset = pkt->tuple.family == AF_INET ? sizeof(struct iphdr) :
						       sizeof(struct ipv6hdr);
	answer->dev = cv->dev;
	ozp_stats_count(&cv->stats, OZP_COUNTER_OUT_RECEIVED, answer->len);
	if (ozp_way_find_rcu(&cv->tunnel, answer, &out, node, &way) ==
	    OZP_DROP ||
	    ozp_tunnel_send(&cv->tunnel, answer, &out, node, &way) == OZP_DROP)
		ozp_drop(answer, &out, out.reason);
}

/* Where a sender is: the node that the table has for it, else, if nobody asked
 * for more, where the packet came from, at the port that all nodes have unless
 * the table says otherwise; @strange is for that. NULL: not to be answered.
 */
static struct ozp_node *ozp_stale_find_sender_rcu(struct ozp_convert *cv,
						  const struct ozp_packet *pkt,
						  struct ozp_node *strange)
{
	enum ozproxy_admission mode = READ_ONCE(cv->options.admission);
	struct ozp_sender sender = {};
	struct ozp_match match;

	ozp_table_lookup_rcu(&cv->table, pkt->tuple.family, &pkt->tuple.src,
			     &match);
	if (match.kind == OZP_MATCH_NONE &&
	    mode == OZPROXY_ADMISSION_OVERLAY) {
		strange->family = pkt->outer.family;
		strange->addr = pkt->outer.addr;
		strange->port = READ_ONCE(cv->tunnel.port);
		return strange;
	}
	if (match.kind != OZP_MATCH_INSTANCE)
		return NULL;
	sender.kind = match.kind;
	sender.node = match.endpoint->node;
	sender.local = ozp_convert_is_local_rcu(cv, match.endpoint);
	if (sender.local || ozp_admission_judge(mode, &sender, &pkt->outer) !=
			    OZP_ADMISSION_YES)
		return NULL;
	return match.endpoint->node;
}

/**
 * ozp_stale_answer_rcu() - tell another node that a Namespace IP is not used here
 * @cv: the device
 * @skb: a tunnelled packet to it; stays the caller's
 * @pkt: what is known of it
 *
 * Not about errors (RFC 1122, 3.2.2; RFC 4443, 2.4 e), and not too often. Caller
 * is in an RCU read section with BH off.
 */
void ozp_stale_answer_rcu(struct ozp_convert *cv, const struct sk_buff *skb,
			  const struct ozp_packet *pkt)
{
	const struct ozp_tuple *tuple = &pkt->tuple;
	struct ozp_node strange = {}, *node;
	struct sk_buff *answer;

	if (READ_ONCE(cv->options.rejection) != OZPROXY_REJECTION_REJECT ||
	    !pkt->outer.family || !ozp_icmp_may_answer(pkt) ||
	    ozp_networks_contain(&cv->networks, tuple->family, &tuple->dst))
		return;
	node = ozp_stale_find_sender_rcu(cv, pkt, &strange);
	if (!node || !__ratelimit(&cv->stale_rate))
		return;
	answer = ozp_stale_compose(skb, pkt);
	if (answer)
		ozp_stale_send(cv, answer, pkt, node);
}

/* Whether an error is of the kind that this file makes. */
static bool ozp_stale_is_answer(const struct sk_buff *skb,
				const struct ozp_packet *pkt,
				const struct ozp_embedded *emb)
{
	const struct icmphdr *icmph = (void *)skb_network_header(skb) +
				      pkt->l4_offset;

	if (!ozp_addr_is_equal(&pkt->tuple.src, &emb->tuple.dst) ||
	    !ozp_addr_is_equal(&pkt->tuple.dst, &emb->tuple.src))
		return false;
	if (pkt->tuple.family == AF_INET)
		return icmph->type == ICMP_DEST_UNREACH &&
		       icmph->code == ICMP_HOST_UNREACH;
	return icmph->type == ICMPV6_DEST_UNREACH &&
	       icmph->code == ICMPV6_ADDR_UNREACH;
}

/* The flow of a container of this node that sent the embedded packet to an
 * instance, or NULL.
 */
static struct ozp_flow *ozp_stale_find_flow_rcu(struct ozp_convert *cv,
						const struct ozp_embedded *emb,
						const struct ozp_endpoint *target)
{
	int f = ozp_family_index(emb->tuple.family);
	const struct ozp_conversion *conv;
	struct ozp_tuple answer;
	struct ozp_match match;
	struct ozp_flow *flow;

	ozp_table_lookup_rcu(&cv->table, emb->tuple.family, &emb->tuple.src,
			     &match);
	if (match.kind != OZP_MATCH_INSTANCE)
		return NULL;
	ozp_embedded_answer(emb, &answer);
	answer.src = target->config.ip[f];
	answer.dst = match.endpoint->config.ns[f];
	flow = ozp_flow_lookup_rcu(cv->flows, &answer, OZPROXY_DIRECTION_IN);
	if (!flow)
		return NULL;
	conv = rcu_dereference(flow->conversion);
	return conv->target == target ? flow : NULL;
}

/* Who fills the table hears of it as of a miss: by the address that a container
 * used, though it is in the table.
 */
static void ozp_stale_announce(struct ozp_convert *cv,
			       const struct ozp_flow *flow,
			       const struct ozp_doubt *doubt, u32 now)
{
	const struct ozp_tuple *used = &flow->keys[OZPROXY_DIRECTION_OUT].tuple;
	struct ozp_miss_info info = {
		.key.addr = used->dst,
		.key.family = used->family,
		.state = OZPROXY_MISS_STATE_DOUBTED,
		.lifetime_ms = ozp_clock_ms(ozp_doubt_left(doubt, now)),
		.announced = 1,
	};

	cv->misses.events->notify(&cv->misses, &info);
}

/**
 * ozp_stale_accept_rcu() - hear that a Namespace IP is not used any more
 * @cv: the device
 * @skb: an ICMP error from the tunnel to an Instance IP
 * @pkt: what is known of it
 * @emb: the packet that it embeds
 *
 * Caller is in an RCU read section with BH off.
 *
 * Return: OZP_DROP: it is for nobody else.
 */
enum ozp_verdict ozp_stale_accept_rcu(struct ozp_convert *cv,
				      const struct sk_buff *skb,
				      struct ozp_packet *pkt,
				      const struct ozp_embedded *emb)
{
	u32 timeout = READ_ONCE(cv->options.doubt_timeout);
	struct ozp_endpoint *target;
	u32 now = ozp_clock_now();
	struct ozp_match match;
	struct ozp_flow *flow;

	if (!ozp_stale_is_answer(skb, pkt, emb))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
	ozp_table_lookup_rcu(&cv->table, emb->tuple.family, &emb->tuple.dst,
			     &match);
	target = match.endpoint;
	if (match.kind != OZP_MATCH_NAMESPACE ||
	    ozp_convert_is_local_rcu(cv, target))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
	if (!ozp_node_is_at(target->node, pkt->outer.family, &pkt->outer.addr,
			    target->node->port))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_SOURCE_ELSEWHERE);
	flow = ozp_stale_find_flow_rcu(cv, emb, target);
	if (!flow)
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_UNRELATED_ERROR);
	if (!ozp_doubt_is_due(&target->doubt, now) ||
	    !__ratelimit(&cv->doubt_rate) ||
	    !ozp_doubt_begin(&target->doubt, now, timeout))
		return ozp_refuse(pkt, OZPROXY_DROP_REASON_STALE_LIMIT);
	ozp_stale_announce(cv, flow, &target->doubt, now);
	return ozp_refuse(pkt, OZPROXY_DROP_REASON_STALE_BINDING);
}
