/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* What can become of a packet, and the names of the reasons. */
#ifndef _OZP_VERDICT_H
#define _OZP_VERDICT_H

#include <linux/ozproxy.h>

#include "../include/reasons_gen.h"

/**
 * enum ozp_verdict - what a step of a pipeline says about its packet
 * @OZP_CONTINUE: the next step may have it
 * @OZP_CONSUMED: the packet was handed on; it must not be touched any more
 * @OZP_DROP: the packet goes nowhere; its reason was noted (ozp_refuse())
 */
enum ozp_verdict {
	OZP_CONTINUE,
	OZP_CONSUMED,
	OZP_DROP,
};

/* How many reasons there are: the generated enum does not say. */
#define OZP_REASON_INDEX(suffix, name, sentence) OZP_REASON_INDEX_##suffix,
enum {
	OZP_REASONS(OZP_REASON_INDEX)
	OZP_REASON_COUNT
};

#define OZP_DIRECTION_COUNT (OZPROXY_DIRECTION_IN + 1)

#endif /* _OZP_VERDICT_H */
