/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* IP headers of packets that are made here. */
#ifndef _OZP_COMPOSE_H
#define _OZP_COMPOSE_H

#include <linux/types.h>

#include "packet.h"

void ozp_compose_ip(struct sk_buff *skb, u8 family, u8 protocol,
		    const union ozp_addr *src, const union ozp_addr *dst);

#endif /* _OZP_COMPOSE_H */
