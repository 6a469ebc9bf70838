/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* RST to the sender of a TCP segment that nobody can answer. */
#ifndef _OZP_RESET_H
#define _OZP_RESET_H

#include "packet.h"

struct net_device;

/* packet path */
void ozp_reset_answer(struct net_device *dev, const struct sk_buff *skb,
		      const struct ozp_packet *pkt);

#endif /* _OZP_RESET_H */
