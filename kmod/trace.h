/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Tracepoints, under events/ozproxy. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ozproxy

#if !defined(_OZP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _OZP_TRACE_H

#include <linux/if.h>
#include <linux/tracepoint.h>

#include "verdict.h"

#define OZP_REASON_SYMBOL(suffix, name, sentence) \
	{ OZPROXY_DROP_REASON_##suffix, name },

TRACE_EVENT(ozproxy_drop,
	TP_PROTO(const char *dev_name, enum ozproxy_direction direction,
		 enum ozproxy_drop_reason reason),
	TP_ARGS(dev_name, direction, reason),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(u8, direction)
		__field(u8, reason)
	),
	TP_fast_assign(
		strscpy(__entry->dev, dev_name, IFNAMSIZ);
		__entry->direction = direction;
		__entry->reason = reason;
	),
	TP_printk("dev=%s direction=%s reason=%s", __entry->dev,
		  __print_symbolic(__entry->direction,
				   { OZPROXY_DIRECTION_OUT, "out" },
				   { OZPROXY_DIRECTION_IN, "in" }),
		  __print_symbolic(__entry->reason,
				   OZP_REASONS(OZP_REASON_SYMBOL)
				   { -1, "" }))
);

#endif /* _OZP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
