// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "compose.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>

static void ozp_compose_ip4(struct sk_buff *skb, u8 protocol, __be32 src,
			    __be32 dst)
{
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	memset(iph, 0, sizeof(*iph));
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tot_len = htons(skb->len);
	iph->frag_off = htons(IP_DF);
	iph->ttl = IPDEFTTL;
	iph->protocol = protocol;
	iph->saddr = src;
	iph->daddr = dst;
	ip_send_check(iph);
	skb->protocol = htons(ETH_P_IP);
}

static void ozp_compose_ip6(struct sk_buff *skb, u8 protocol,
			    const struct in6_addr *src,
			    const struct in6_addr *dst)
{
	unsigned int len = skb->len;
	struct ipv6hdr *ip6h = skb_push(skb, sizeof(*ip6h));

	skb_reset_network_header(skb);
	memset(ip6h, 0, sizeof(*ip6h));
	ip6h->version = 6;
	ip6h->payload_len = htons(len);
	ip6h->nexthdr = protocol;
	ip6h->hop_limit = IPDEFTTL;
	ip6h->saddr = *src;
	ip6h->daddr = *dst;
	skb->protocol = htons(ETH_P_IPV6);
}

/**
 * ozp_compose_ip() - put an IP header before what is to be sent
 * @skb: the payload, with room for the header
 * @family: AF_INET or AF_INET6
 * @protocol: what the payload is
 * @src: source
 * @dst: destination
 *
 * Any context.
 */
void ozp_compose_ip(struct sk_buff *skb, u8 family, u8 protocol,
		    const union ozp_addr *src, const union ozp_addr *dst)
{
	if (family == AF_INET)
		ozp_compose_ip4(skb, protocol, src->ip4, dst->ip4);
	else
		ozp_compose_ip6(skb, protocol, &src->ip6, &dst->ip6);
	skb_reset_mac_header(skb);
}
