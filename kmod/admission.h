/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Who may send through the tunnel. */
#ifndef _OZP_ADMISSION_H
#define _OZP_ADMISSION_H

#include <linux/types.h>

#include "convert.h"

/**
 * struct ozp_sender - what is known of the source of a tunnelled packet
 * @kind: what the address is
 * @node: where it is, when that is an Instance IP; valid under RCU
 * @local: that is on this node
 */
struct ozp_sender {
	enum ozp_match_kind kind;
	const struct ozp_node *node;
	bool local;
};

/**
 * enum ozp_admission_answer - whether a tunnelled packet may come in
 * @OZP_ADMISSION_YES: it may
 * @OZP_ADMISSION_NO: its source is not where it came from
 * @OZP_ADMISSION_ASK: nothing is known of its source
 */
enum ozp_admission_answer {
	OZP_ADMISSION_YES,
	OZP_ADMISSION_NO,
	OZP_ADMISSION_ASK,
};

extern const enum ozproxy_drop_reason
ozp_admission_reasons[OZP_MISS_REFUSAL_COUNT];

/* packet path */
enum ozp_admission_answer ozp_admission_judge(enum ozproxy_admission mode,
					      const struct ozp_sender *sender,
					      const struct ozp_outer *outer);
enum ozp_verdict ozp_admission_check_rcu(struct ozp_convert *cv,
					 struct sk_buff *skb,
					 struct ozp_packet *pkt,
					 const struct ozp_conversion *conv);

#endif /* _OZP_ADMISSION_H */
