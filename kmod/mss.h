/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The maximum segment size that a TCP connection offers. */
#ifndef _OZP_MSS_H
#define _OZP_MSS_H

#include "packet.h"

struct sk_buff;

/* packet path */
bool ozp_mss_is_offered(const struct sk_buff *skb,
			const struct ozp_packet *pkt);
enum ozp_verdict ozp_mss_clamp(struct sk_buff *skb, struct ozp_packet *pkt,
			       unsigned int mtu);

#endif /* _OZP_MSS_H */
