/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The packet inside an ICMP error: the beginning of the one it is about. */
#ifndef _OZP_EMBEDDED_H
#define _OZP_EMBEDDED_H

#include <linux/types.h>

#include "packet.h"

/**
 * struct ozp_embedded - the packet that an ICMP error is about
 * @tuple: its addresses and ports
 * @offset: bytes from the network header of the error to its IP header
 * @l4_offset: the same to its transport header, of which eight bytes are there
 * @check_offset: the same to its checksum over the addresses; 0: it has none,
 *	or was cut off before
 */
struct ozp_embedded {
	struct ozp_tuple tuple;
	unsigned int offset;
	unsigned int l4_offset;
	unsigned int check_offset;
};

enum ozp_verdict ozp_embedded_parse(struct sk_buff *skb, struct ozp_packet *pkt,
				    struct ozp_embedded *emb);
void ozp_embedded_answer(const struct ozp_embedded *emb,
			 struct ozp_tuple *answer);
enum ozp_verdict ozp_embedded_rewrite(struct sk_buff *skb,
				      struct ozp_packet *pkt,
				      const struct ozp_embedded *emb,
				      const union ozp_addr *src,
				      const union ozp_addr *dst);

#endif /* _OZP_EMBEDDED_H */
