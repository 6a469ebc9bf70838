// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <inttypes.h>
#include <string.h>
#include "ozproxy_attrs.h"
#include "show.h"

/* What a policy does, in words. */
static const char *policy_text(uint32_t policy)
{
	switch (policy) {
	case OZPROXY_POLICY_RR:
		return "rr: a new flow goes to the next instance";
	case OZPROXY_POLICY_INSTANCE:
		return "instance: always the same instance";
	case OZPROXY_POLICY_CLOSEST:
		return "closest: a new flow goes to the nearest instance";
	case OZPROXY_POLICY_LEAST:
		return "least: a new flow goes where the fewest flows are";
	}
	return "unknown to this ozctl";
}

static void text_addresses(FILE *out, const struct ozp_service *service)
{
	const struct ozp_address *address;
	struct table table = {
		.columns = { { .title = "Service IP" }, { .title = "policy" } },
		.n_columns = 2,
		.indent = "    ",
	};
	char text[EMIT_TEXT];
	unsigned int i;

	if (!service->n_address)
		return;
	for (i = 0; i < service->n_address; i++) {
		address = &service->address[i];
		table_row(&table,
			  (const char *[]){
				  OZP_HAS(address, OZPROXY_A_ADDRESS_IPV4) ?
					  emit_ipv4(&address->ipv4, text) :
					  emit_ipv6(&address->ipv6, text),
				  policy_text(address->policy) });
	}
	table_print(&table, out);
	fputc('\n', out);
}

static const char *node_text(const struct ozp_instance *instance, char *text)
{
	if (OZP_HAS(instance, OZPROXY_A_INSTANCE_NODE_IPV4))
		emit_ipv4(&instance->node_ipv4, text);
	else
		emit_ipv6(&instance->node_ipv6, text);
	return emit_port(text, instance->node_port);
}

static const char *flags_text(const struct ozp_instance *instance, char *text)
{
	bool is_local = instance->flags & OZPROXY_INSTANCE_FLAGS_LOCAL;
	bool is_draining = instance->flags & OZPROXY_INSTANCE_FLAGS_DRAINING;

	snprintf(text, EMIT_TEXT, "%s%s%s", is_local ? ", local" : "",
		 is_draining ? ", draining" : "",
		 instance->doubt ? ", in doubt" : "");
	return *text ? text + 2 : NULL;
}

static const char *v6_if(const struct ozp_instance *instance,
			 unsigned int attribute, const struct in6_addr *address,
			 char *text)
{
	return OZP_HAS(instance, attribute) ? emit_ipv6(address, text) : NULL;
}

static const char *v4_if(const struct ozp_instance *instance,
			 unsigned int attribute, const struct in_addr *address,
			 char *text)
{
	return OZP_HAS(instance, attribute) ? emit_ipv4(address, text) : NULL;
}

/* A measured round trip in milliseconds, when there is one. */
static const char *rtt_text(const struct ozp_instance *instance, char *text)
{
	if (!OZP_HAS(instance, OZPROXY_A_INSTANCE_RTT) || !instance->rtt)
		return NULL;
	snprintf(text, EMIT_TEXT, "%u.%03u", instance->rtt / 1000,
		 instance->rtt % 1000);
	return text;
}

static const char *flows_text(const struct ozp_instance *instance, char *text)
{
	if (!OZP_HAS(instance, OZPROXY_A_INSTANCE_FLOWS))
		return NULL;
	snprintf(text, EMIT_TEXT, "%u", instance->flows);
	return text;
}

/* A row for each family: IPv6 below IPv4. */
static void instance_rows(struct table *table,
			  const struct ozp_instance *instance)
{
	char number[16], ip4[EMIT_TEXT], ip6[EMIT_TEXT], ns4[EMIT_TEXT],
		ns6[EMIT_TEXT], node[EMIT_TEXT], weight[16], metric[16],
		rtt[EMIT_TEXT], flows[EMIT_TEXT], flags[EMIT_TEXT];
	const char *a, *b;

	snprintf(number, sizeof(number), "%u", instance->number);
	snprintf(weight, sizeof(weight), "%u", instance->weight);
	snprintf(metric, sizeof(metric), "%u", instance->metric);
	a = v6_if(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV6,
		  &instance->instance_ipv6, ip6);
	b = v6_if(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV6,
		  &instance->namespace_ipv6, ns6);
	table_row(
		table,
		(const char *[]){
			number,
			v4_if(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV4, &instance->instance_ipv4, ip4) ?:
				"-",
			v4_if(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV4, &instance->namespace_ipv4, ns4) ?:
				"-",
			node_text(instance, node), weight, metric,
			rtt_text(instance, rtt), flows_text(instance, flows),
			flags_text(instance, flags) });
	if (a || b)
		table_row(table,
			  (const char *[]){ NULL, a ?: "-", b ?: "-", NULL,
					    NULL, NULL, NULL, NULL, NULL });
}

static void text_instances(FILE *out, const struct ozp_service *service)
{
	struct table table = {
		.columns = { { .title = "instance", .right = true },
			     { .title = "Instance IP" },
			     { .title = "Namespace IP" },
			     { .title = "node" },
			     { .title = "weight", .right = true },
			     { .title = "metric", .right = true },
			     { .title = "rtt ms", .right = true },
			     { .title = "flows", .right = true },
			     { .title = "flags" } },
		.n_columns = 9,
		.indent = "    ",
	};
	unsigned int i;

	if (!service->n_instance) {
		fputs("    no instance\n", out);
		return;
	}
	for (i = 0; i < service->n_instance; i++)
		instance_rows(&table, &service->instance[i]);
	table_print(&table, out);
}

static void text_service(FILE *out, const struct ozp_service *service,
			 uint64_t now)
{
	char text[EMIT_TEXT];

	fprintf(out, "%s\n", service->name);
	text_addresses(out, service);
	text_instances(out, service);
	fprintf(out, "\n    changed in generation %u of the table",
		service->generation);
	if (OZP_HAS(service, OZPROXY_A_SERVICE_USED))
		fprintf(out, "; idle for %s",
			emit_duration(
				now > service->used ? now - service->used : 0,
				text));
	if (service->affinity)
		fprintf(out, "; clients keep their instance for %s",
			emit_duration(service->affinity, text));
	if (OZP_HAS(service, OZPROXY_A_SERVICE_PINNED))
		fputs("; pinned", out);
	if (service->origin == OZPROXY_ORIGIN_OZPROXYD)
		fputs("; set by ozproxyd", out);
	else if (service->origin)
		fprintf(out, "; set by program %u", service->origin);
	fputc('\n', out);
}

void show_service(struct emit *emit, const struct ozp_service *service,
		  uint64_t now)
{
	if (emit->json) {
		emit_json(emit, emit_object(&ozp_service_attrs, service));
		return;
	}
	if (emit->count++)
		fputc('\n', emit->out);
	text_service(emit->out, service, now);
}

/* The words of one row of traffic. */
struct traffic {
	const char *who;
	uint32_t flows;
	uint64_t to_packets;
	uint64_t to_bytes;
	uint64_t from_packets;
	uint64_t from_bytes;
};

static void traffic_row(struct table *table, const struct traffic *traffic)
{
	char text[5][24];

	snprintf(text[0], sizeof(text[0]), "%" PRIu32, traffic->flows);
	snprintf(text[1], sizeof(text[1]), "%" PRIu64, traffic->to_packets);
	snprintf(text[2], sizeof(text[2]), "%" PRIu64, traffic->to_bytes);
	snprintf(text[3], sizeof(text[3]), "%" PRIu64, traffic->from_packets);
	snprintf(text[4], sizeof(text[4]), "%" PRIu64, traffic->from_bytes);
	table_row(table, (const char *[]){ traffic->who, text[0], text[1],
					   text[2], text[3], text[4] });
}

void show_traffic(const struct emit *emit, const struct ozp_service *service)
{
	struct table table = {
		.columns = { { .title = "instance", .right = true },
			     { .title = "flows", .right = true },
			     { .title = "packets to", .right = true },
			     { .title = "bytes to", .right = true },
			     { .title = "packets from", .right = true },
			     { .title = "bytes from", .right = true } },
		.n_columns = 6,
		.indent = "    ",
	};
	const struct ozp_instance *instance;
	char number[16];
	unsigned int i;

	if (emit->json)
		return;
	for (i = 0; i < service->n_instance; i++) {
		instance = &service->instance[i];
		snprintf(number, sizeof(number), "%u", instance->number);
		traffic_row(&table,
			    &(struct traffic){
				    .who = number,
				    .flows = instance->flows,
				    .to_packets = instance->to_packets,
				    .to_bytes = instance->to_bytes,
				    .from_packets = instance->from_packets,
				    .from_bytes = instance->from_bytes,
			    });
	}
	traffic_row(&table, &(struct traffic){
				    .who = "all",
				    .flows = service->flows,
				    .to_packets = service->to_packets,
				    .to_bytes = service->to_bytes,
				    .from_packets = service->from_packets,
				    .from_bytes = service->from_bytes,
			    });
	fputc('\n', emit->out);
	table_print(&table, emit->out);
}
