/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Tracepoints of flows, under events/ozproxy. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ozproxy
/* One system in two headers: names of the compiler's own are apart. */
#undef TRACE_SYSTEM_VAR
#define TRACE_SYSTEM_VAR ozproxy_flow

#if !defined(_OZP_TRACE_FLOW_H) || defined(TRACE_HEADER_MULTI_READ)
#define _OZP_TRACE_FLOW_H

#include <linux/if.h>
#include <linux/in6.h>
#include <linux/tracepoint.h>

#include "packet.h"

/* A flow by its tuple, as the container sends. */
DECLARE_EVENT_CLASS(ozproxy_flow,
	TP_PROTO(const char *dev_name, const struct ozp_tuple *tuple,
		 const char *service, u32 instance),
	TP_ARGS(dev_name, tuple, service, instance),
	TP_STRUCT__entry(
		__array(char, dev, IFNAMSIZ)
		__field(u8, protocol)
		__field(u32, instance)
		__array(u8, src, sizeof(struct sockaddr_in6))
		__array(u8, dst, sizeof(struct sockaddr_in6))
		__array(char, service, OZPROXY_NAME_MAX + 1)
	),
	TP_fast_assign(
		strscpy(__entry->dev, dev_name, IFNAMSIZ);
		__entry->protocol = tuple->protocol;
		__entry->instance = instance;
		ozp_addr_to_sockaddr(__entry->src, tuple->family, &tuple->src,
				     tuple->sport);
		ozp_addr_to_sockaddr(__entry->dst, tuple->family, &tuple->dst,
				     tuple->dport);
		strscpy(__entry->service, service, OZPROXY_NAME_MAX + 1);
	),
	TP_printk("dev=%s protocol=%u %pISpc > %pISpc service=%s instance=%u",
		  __entry->dev, __entry->protocol, __entry->src, __entry->dst,
		  __entry->service, __entry->instance)
);

DEFINE_EVENT(ozproxy_flow, ozproxy_flow_new,
	TP_PROTO(const char *dev_name, const struct ozp_tuple *tuple,
		 const char *service, u32 instance),
	TP_ARGS(dev_name, tuple, service, instance));

DEFINE_EVENT(ozproxy_flow, ozproxy_flow_end,
	TP_PROTO(const char *dev_name, const struct ozp_tuple *tuple,
		 const char *service, u32 instance),
	TP_ARGS(dev_name, tuple, service, instance));

#endif /* _OZP_TRACE_FLOW_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace_flow
#include <trace/define_trace.h>
