/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* RST to the sender of a TCP segment that nobody can answer. */
#ifndef _OZP_RESET_H
#define _OZP_RESET_H

#include <linux/ratelimit.h>

#include "packet.h"

struct net_device;

/**
 * struct ozp_reset - what answers need
 * @dev: the device that they come from
 * @rate: how many there may be
 */
struct ozp_reset {
	struct net_device *dev;
	struct ratelimit_state rate;
};

/* packet path */
void ozp_reset_answer(struct ozp_reset *reset, const struct sk_buff *skb,
		      const struct ozp_packet *pkt);

/* init */
void ozp_reset_init(struct ozp_reset *reset, struct net_device *dev);

#endif /* _OZP_RESET_H */
