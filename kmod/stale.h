/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Namespace IPs that are not used any more: both ends of the answer. */
#ifndef _OZP_STALE_H
#define _OZP_STALE_H

#include "convert.h"
#include "embedded.h"

/* packet path */
void ozp_stale_answer_rcu(struct ozp_convert *cv, const struct sk_buff *skb,
			  const struct ozp_packet *pkt);
enum ozp_verdict ozp_stale_accept_rcu(struct ozp_convert *cv,
				      const struct sk_buff *skb,
				      struct ozp_packet *pkt,
				      const struct ozp_embedded *emb);

#endif /* _OZP_STALE_H */
