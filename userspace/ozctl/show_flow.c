// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <netinet/in.h>
#include <string.h>
#include "ozproxy_attrs.h"
#include "show.h"

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "icmp", IPPROTO_ICMP },
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "icmpv6", IPPROTO_ICMPV6 },
};

bool find_protocol(const char *name, uint8_t *protocol)
{
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcmp(protocols[i].name, name))
			continue;
		*protocol = protocols[i].number;
		return true;
	}
	return false;
}

static const char *protocol_text(uint8_t protocol, char *text)
{
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	snprintf(text, EMIT_TEXT, "protocol %u", protocol);
	return text;
}

static bool is_icmp(const struct ozp_flow *flow)
{
	return flow->protocol == IPPROTO_ICMP ||
	       flow->protocol == IPPROTO_ICMPV6;
}

static const char *address_text(bool is_ipv4, const struct in_addr *v4,
				const struct in6_addr *v6, char *text)
{
	return is_ipv4 ? emit_ipv4(v4, text) : emit_ipv6(v6, text);
}

static const char *end_text(bool is_ipv4, const struct in_addr *v4,
			    const struct in6_addr *v6, uint16_t port,
			    char *text)
{
	address_text(is_ipv4, v4, v6, text);
	return emit_port(text, port);
}

/* An echo has no ports, but an identifier where a port would be. */
static void text_echo(FILE *out, const struct ozp_flow *flow)
{
	bool is_ipv4 = OZP_HAS(flow, OZPROXY_A_FLOW_SOURCE_IPV4);
	bool is_reply = flow->destination_port;
	unsigned int identifier = is_reply ? flow->destination_port :
					     flow->source_port;
	char a[EMIT_TEXT], b[EMIT_TEXT];

	fprintf(out, "    container sends  %s > %s, echo %s %u\n",
		address_text(is_ipv4, &flow->source_ipv4, &flow->source_ipv6,
			     a),
		address_text(is_ipv4, &flow->destination_ipv4,
			     &flow->destination_ipv6, b),
		is_reply ? "reply" : "request", identifier);
	fprintf(out, "    converted to     %s > %s\n",
		address_text(is_ipv4, &flow->converted_source_ipv4,
			     &flow->converted_source_ipv6, a),
		address_text(is_ipv4, &flow->converted_destination_ipv4,
			     &flow->converted_destination_ipv6, b));
}

static void text_ports(FILE *out, const struct ozp_flow *flow)
{
	bool is_ipv4 = OZP_HAS(flow, OZPROXY_A_FLOW_SOURCE_IPV4);
	char a[EMIT_TEXT], b[EMIT_TEXT];

	fprintf(out, "    container sends  %s > %s\n",
		end_text(is_ipv4, &flow->source_ipv4, &flow->source_ipv6,
			 flow->source_port, a),
		end_text(is_ipv4, &flow->destination_ipv4,
			 &flow->destination_ipv6, flow->destination_port, b));
	fprintf(out, "    converted to     %s > %s\n",
		end_text(is_ipv4, &flow->converted_source_ipv4,
			 &flow->converted_source_ipv6, flow->source_port, a),
		end_text(is_ipv4, &flow->converted_destination_ipv4,
			 &flow->converted_destination_ipv6,
			 flow->destination_port, b));
}

static void text_flow(FILE *out, const struct ozp_flow *flow)
{
	char a[EMIT_TEXT], b[EMIT_TEXT];
	const char *state;

	state = ozp_enum_name(&ozp_flow_state_enum, flow->state);
	fprintf(out, "%s %s, idle %s", protocol_text(flow->protocol, a),
		state ? state : "in an unknown state",
		emit_duration(flow->idle, b));
	fprintf(out, ", ends in %s\n", emit_duration(flow->expires, a));
	if (is_icmp(flow))
		text_echo(out, flow);
	else
		text_ports(out, flow);
	fprintf(out, "    instance         %s %u, ", flow->service,
		flow->instance);
	if (flow->local) {
		fputs("on this node\n", out);
		return;
	}
	if (!OZP_HAS(flow, OZPROXY_A_FLOW_NODE_PORT)) {
		fputs("on a node that is not known now\n", out);
		return;
	}
	fprintf(out, "on node %s\n",
		end_text(OZP_HAS(flow, OZPROXY_A_FLOW_NODE_IPV4),
			 &flow->node_ipv4, &flow->node_ipv6, flow->node_port,
			 a));
}

void show_flow(struct emit *emit, const struct ozp_flow *flow)
{
	if (emit->json) {
		emit_json(emit, emit_object(&ozp_flow_attrs, flow));
		return;
	}
	if (emit->count++)
		fputc('\n', emit->out);
	text_flow(emit->out, flow);
}
