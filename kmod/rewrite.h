/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Change the addresses of a packet, and its checksums by the difference. */
#ifndef _OZP_REWRITE_H
#define _OZP_REWRITE_H

#include <linux/types.h>

#include "packet.h"

/**
 * struct ozp_rewrite - new addresses for the packets of one direction of a flow
 * @src: the new source, not owned
 * @dst: the new destination, not owned
 * @diff: one's complement sum of the new minus the old addresses
 * @is_none: the old ones stay
 */
struct ozp_rewrite {
	const union ozp_addr *src;
	const union ozp_addr *dst;
	__wsum diff;
	bool is_none;
};

void ozp_rewrite_init(struct ozp_rewrite *rw, const struct ozp_tuple *from,
		      const union ozp_addr *src, const union ozp_addr *dst);

enum ozp_verdict ozp_rewrite_apply(struct sk_buff *skb, struct ozp_packet *pkt,
				   const struct ozp_rewrite *rw);

#endif /* _OZP_REWRITE_H */
