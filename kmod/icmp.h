/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* ICMP errors of our own: what the sender of a refused packet is told. */
#ifndef _OZP_ICMP_H
#define _OZP_ICMP_H

#include <linux/types.h>

#include "packet.h"

/* packet path */
bool ozp_icmp_may_answer(const struct ozp_packet *pkt);
bool ozp_icmp_has_answer(const struct ozp_packet *pkt);
void ozp_icmp_answer(struct sk_buff *skb, const struct ozp_packet *pkt);

#endif /* _OZP_ICMP_H */
