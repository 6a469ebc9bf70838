/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Tracepoints, under events/ozproxy. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ozproxy

#if !defined(_OZP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _OZP_TRACE_H

#include <linux/if.h>
#include <linux/in6.h>
#include <linux/tracepoint.h>

#include "packet.h"
#include "rewrite.h"
#include "verdict.h"

#define OZP_REASON_SYMBOL(suffix, name, sentence) \
	{ OZPROXY_DROP_REASON_##suffix, name },

#define OZP_TRACE_DIRECTION(direction)				\
	__print_symbolic(direction, { OZPROXY_DIRECTION_OUT, "out" },	\
				    { OZPROXY_DIRECTION_IN, "in" })

/* One end of a packet, as "%pISpc" prints it. */
#define OZP_TRACE_END(name) __array(u8, name, sizeof(struct sockaddr_in6))

TRACE_EVENT(ozproxy_drop,
	TP_PROTO(const char *dev_name, enum ozproxy_direction direction,
		 enum ozproxy_drop_reason reason,
		 const struct ozp_tuple *tuple),
	TP_ARGS(dev_name, direction, reason, tuple),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(u8, direction)
		__field(u8, reason)
		__field(u8, protocol)
		OZP_TRACE_END(src)
		OZP_TRACE_END(dst)
	),
	TP_fast_assign(
		strscpy(__entry->dev, dev_name, IFNAMSIZ);
		__entry->direction = direction;
		__entry->reason = reason;
		__entry->protocol = tuple->protocol;
		ozp_addr_to_sockaddr(__entry->src, tuple->family, &tuple->src,
				     tuple->sport);
		ozp_addr_to_sockaddr(__entry->dst, tuple->family, &tuple->dst,
				     tuple->dport);
	),
	TP_printk("dev=%s direction=%s reason=%s protocol=%u %pISpc > %pISpc",
		  __entry->dev, OZP_TRACE_DIRECTION(__entry->direction),
		  __print_symbolic(__entry->reason,
				   OZP_REASONS(OZP_REASON_SYMBOL)
				   { -1, "" }),
		  __entry->protocol, __entry->src, __entry->dst)
);

/* A packet before and after its conversion; ports do not change. */
TRACE_EVENT(ozproxy_convert,
	TP_PROTO(const char *dev_name, enum ozproxy_direction direction,
		 const struct ozp_tuple *tuple, const struct ozp_rewrite *rw),
	TP_ARGS(dev_name, direction, tuple, rw),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(u8, direction)
		__field(u8, protocol)
		OZP_TRACE_END(src)
		OZP_TRACE_END(dst)
		OZP_TRACE_END(new_src)
		OZP_TRACE_END(new_dst)
	),
	TP_fast_assign(
		strscpy(__entry->dev, dev_name, IFNAMSIZ);
		__entry->direction = direction;
		__entry->protocol = tuple->protocol;
		ozp_addr_to_sockaddr(__entry->src, tuple->family, &tuple->src,
				     tuple->sport);
		ozp_addr_to_sockaddr(__entry->dst, tuple->family, &tuple->dst,
				     tuple->dport);
		ozp_addr_to_sockaddr(__entry->new_src, tuple->family, rw->src,
				     tuple->sport);
		ozp_addr_to_sockaddr(__entry->new_dst, tuple->family, rw->dst,
				     tuple->dport);
	),
	TP_printk("dev=%s direction=%s protocol=%u %pISpc > %pISpc becomes %pISpc > %pISpc",
		  __entry->dev, OZP_TRACE_DIRECTION(__entry->direction),
		  __entry->protocol, __entry->src, __entry->dst,
		  __entry->new_src, __entry->new_dst)
);

/* An address that the table does not have, or that is in doubt, when it is
 * announced; of a container's packet, or as the source of one that came by the
 * tunnel.
 */
TRACE_EVENT(ozproxy_miss,
	TP_PROTO(const char *dev_name, const struct ozp_address *key,
		 enum ozproxy_miss_state state, bool arrival),
	TP_ARGS(dev_name, key, state, arrival),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(u8, state)
		__field(bool, arrival)
		OZP_TRACE_END(addr)
	),
	TP_fast_assign(
		strscpy(__entry->dev, dev_name, IFNAMSIZ);
		__entry->state = state;
		__entry->arrival = arrival;
		ozp_addr_to_sockaddr(__entry->addr, key->family, &key->addr, 0);
	),
	TP_printk("dev=%s %pISc state=%s arrival=%u", __entry->dev,
		  __entry->addr,
		  __print_symbolic(__entry->state,
				   { OZPROXY_MISS_STATE_WAITING, "waiting" },
				   { OZPROXY_MISS_STATE_NEGATIVE, "negative" },
				   { OZPROXY_MISS_STATE_DOUBTED, "doubted" }),
		  __entry->arrival)
);

#endif /* _OZP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
