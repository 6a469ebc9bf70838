// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "record.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "ozproxy_service.h"

/* What a kernel's answers have beside what can be set. */
#define SETTABLE                                                               \
	(1ull << OZPROXY_A_SERVICE_NAME | 1ull << OZPROXY_A_SERVICE_AFFINITY | \
	 1ull << OZPROXY_A_SERVICE_PINNED)

void record_copy(struct ozp_service *to, const struct ozp_service *from)
{
	unsigned int i;

	*to = *from;
	to->present &= SETTABLE;
	to->address = NULL;
	to->instance = NULL;
	to->n_address = 0;
	to->n_instance = 0;
	for (i = 0; i < from->n_address; i++)
		*(struct ozp_address *)mem_need(ozp_service_add_address(to)) =
			from->address[i];
	for (i = 0; i < from->n_instance; i++)
		*(struct ozp_instance *)mem_need(ozp_service_add_instance(to)) =
			from->instance[i];
}

static bool is_v4(const struct in_addr *a, const struct in_addr *b)
{
	return a->s_addr == b->s_addr;
}

static bool is_v6(const struct in6_addr *a, const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static bool has_address(const struct ozp_service *service,
			const struct ozp_address *address)
{
	const struct ozp_address *other;
	unsigned int i;

	for (i = 0; i < service->n_address; i++) {
		other = &service->address[i];
		if (other->policy == address->policy &&
		    OZP_HAS(other, OZPROXY_A_ADDRESS_IPV4) ==
			    OZP_HAS(address, OZPROXY_A_ADDRESS_IPV4) &&
		    is_v4(&other->ipv4, &address->ipv4) &&
		    is_v6(&other->ipv6, &address->ipv6))
			return true;
	}
	return false;
}

static uint32_t weight_of(const struct ozp_instance *instance)
{
	return OZP_HAS(instance, OZPROXY_A_INSTANCE_WEIGHT) ? instance->weight :
							      1;
}

/* Members that are not there are zero. */
static bool is_same_instance(const struct ozp_instance *a,
			     const struct ozp_instance *b)
{
	return a->number == b->number &&
	       is_v4(&a->namespace_ipv4, &b->namespace_ipv4) &&
	       is_v6(&a->namespace_ipv6, &b->namespace_ipv6) &&
	       is_v4(&a->instance_ipv4, &b->instance_ipv4) &&
	       is_v6(&a->instance_ipv6, &b->instance_ipv6) &&
	       is_v4(&a->node_ipv4, &b->node_ipv4) &&
	       is_v6(&a->node_ipv6, &b->node_ipv6) &&
	       a->node_port == b->node_port && weight_of(a) == weight_of(b) &&
	       a->metric == b->metric && a->flags == b->flags;
}

static bool has_instance(const struct ozp_service *service,
			 const struct ozp_instance *instance)
{
	unsigned int i;

	for (i = 0; i < service->n_instance; i++)
		if (is_same_instance(&service->instance[i], instance))
			return true;
	return false;
}

bool record_is_equal(const struct ozp_service *a, const struct ozp_service *b)
{
	unsigned int i;

	if (a->n_address != b->n_address || a->n_instance != b->n_instance ||
	    a->affinity != b->affinity || a->pinned != b->pinned)
		return false;
	for (i = 0; i < a->n_address; i++)
		if (!has_address(b, &a->address[i]))
			return false;
	for (i = 0; i < a->n_instance; i++)
		if (!has_instance(b, &a->instance[i]))
			return false;
	return true;
}

bool record_is_at(const struct ozp_instance *instance, const struct own *own)
{
	if (instance->node_port != own->port)
		return false;
	if (OZP_HAS(instance, OZPROXY_A_INSTANCE_NODE_IPV4))
		return own->v4.family &&
		       is_v4(&instance->node_ipv4, &own->v4.v4);
	return own->v6.family && is_v6(&instance->node_ipv6, &own->v6.v6);
}

bool record_is_local(const struct ozp_service *service, const struct own *own)
{
	unsigned int i;

	for (i = 0; i < service->n_instance; i++)
		if (record_is_at(&service->instance[i], own))
			return true;
	return false;
}

static void give(bool has, int family, const void *address,
		 void (*cb)(const char *address, void *data), void *data)
{
	char text[RECORD_TEXT];

	if (has && inet_ntop(family, address, text, sizeof(text)))
		cb(text, data);
}

void record_addresses(const struct ozp_service *service,
		      void (*cb)(const char *address, void *data), void *data)
{
	const struct ozp_instance *instance;
	const struct ozp_address *address;
	unsigned int i;

	for (i = 0; i < service->n_address; i++) {
		address = &service->address[i];
		give(OZP_HAS(address, OZPROXY_A_ADDRESS_IPV4), AF_INET,
		     &address->ipv4, cb, data);
		give(OZP_HAS(address, OZPROXY_A_ADDRESS_IPV6), AF_INET6,
		     &address->ipv6, cb, data);
	}
	for (i = 0; i < service->n_instance; i++) {
		instance = &service->instance[i];
		give(OZP_HAS(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV4),
		     AF_INET, &instance->instance_ipv4, cb, data);
		give(OZP_HAS(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV6),
		     AF_INET6, &instance->instance_ipv6, cb, data);
	}
}

static void forget_instance_ip(struct ozp_instance *instance,
			       const struct ip *ip, bool *had)
{
	if (ip->family == AF_INET &&
	    OZP_HAS(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV4) &&
	    is_v4(&instance->instance_ipv4, &ip->v4)) {
		memset(&instance->instance_ipv4, 0, sizeof(ip->v4));
		instance->present &=
			~(1ull << OZPROXY_A_INSTANCE_INSTANCE_IPV4);
		*had = true;
	}
	if (ip->family == AF_INET6 &&
	    OZP_HAS(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV6) &&
	    is_v6(&instance->instance_ipv6, &ip->v6)) {
		memset(&instance->instance_ipv6, 0, sizeof(ip->v6));
		instance->present &=
			~(1ull << OZPROXY_A_INSTANCE_INSTANCE_IPV6);
		*had = true;
	}
}

bool record_forget_address(struct ozp_service *service, const char *text)
{
	struct ozp_address *address;
	unsigned int i, kept = 0;
	bool had = false, is_it;
	struct ip ip;

	if (!parse_ip(text, &ip))
		return false;
	for (i = 0; i < service->n_address; i++) {
		address = &service->address[i];
		is_it = ip.family == AF_INET ?
				OZP_HAS(address, OZPROXY_A_ADDRESS_IPV4) &&
					is_v4(&address->ipv4, &ip.v4) :
				OZP_HAS(address, OZPROXY_A_ADDRESS_IPV6) &&
					is_v6(&address->ipv6, &ip.v6);
		had |= is_it;
		if (!is_it)
			service->address[kept++] = *address;
	}
	service->n_address = kept;
	for (i = 0; i < service->n_instance; i++)
		forget_instance_ip(&service->instance[i], &ip, &had);
	return had;
}

/* In its own family, if the node has an address of that. */
static bool move_instance(struct ozp_instance *instance, const struct own *to)
{
	struct ozp_instance was = *instance;

	if (OZP_HAS(instance, OZPROXY_A_INSTANCE_NODE_IPV4) && to->v4.family)
		instance->node_ipv4 = to->v4.v4;
	else if (OZP_HAS(instance, OZPROXY_A_INSTANCE_NODE_IPV6) &&
		 to->v6.family)
		instance->node_ipv6 = to->v6.v6;
	else
		return false;
	instance->node_port = to->port;
	return was.node_port != to->port ||
	       !is_v4(&was.node_ipv4, &instance->node_ipv4) ||
	       !is_v6(&was.node_ipv6, &instance->node_ipv6);
}

bool record_move(struct ozp_service *service, const struct own *from,
		 const struct own *to)
{
	bool moved = false;
	unsigned int i;

	for (i = 0; i < service->n_instance; i++)
		if (record_is_at(&service->instance[i], from))
			moved |= move_instance(&service->instance[i], to);
	return moved;
}

bool record_canonical(const char *text, char *canonical)
{
	struct ip ip;

	return parse_ip(text, &ip) &&
	       inet_ntop(ip.family,
			 ip.family == AF_INET ? (void *)&ip.v4 : &ip.v6,
			 canonical, RECORD_TEXT);
}

bool record_exploded(const char *text, char *exploded)
{
	const uint8_t *byte;
	struct ip ip;
	int i, len = 0;

	if (!parse_ip(text, &ip) || ip.family != AF_INET6)
		return false;
	byte = ip.v6.s6_addr;
	for (i = 0; i < 16; i += 2)
		len += snprintf(exploded + len, (size_t)(RECORD_TEXT - len),
				"%s%02x%02x", i ? ":" : "", byte[i],
				byte[i + 1]);
	return true;
}

static json_t *json_address(bool has, int family, const void *address)
{
	char text[RECORD_TEXT] = "";

	if (has)
		inet_ntop(family, address, text, sizeof(text));
	return mem_need(json_string(text));
}

static json_t *json_service_ips(const struct ozp_service *service)
{
	json_t *list = mem_need(json_array());
	const struct ozp_address *address;
	unsigned int i;

	for (i = 0; i < service->n_address; i++) {
		address = &service->address[i];
		json_array_append_new(
			list,
			mem_need(json_pack(
				"{s:s, s:o, s:o}", "IpType",
				address->policy == OZPROXY_POLICY_CLOSEST ?
					"closest" :
					"RR",
				"Address",
				json_address(OZP_HAS(address,
						     OZPROXY_A_ADDRESS_IPV4),
					     AF_INET, &address->ipv4),
				"Address_v6",
				json_address(OZP_HAS(address,
						     OZPROXY_A_ADDRESS_IPV6),
					     AF_INET6, &address->ipv6))));
	}
	return list;
}

static json_t *json_node(const struct ozp_instance *instance)
{
	bool v4 = OZP_HAS(instance, OZPROXY_A_INSTANCE_NODE_IPV4);

	return json_address(true, v4 ? AF_INET : AF_INET6,
			    v4 ? (const void *)&instance->node_ipv4 :
				 &instance->node_ipv6);
}

static json_t *json_instance(const struct ozp_instance *instance, json_t *ips)
{
	return mem_need(json_pack(
		"{s:I, s:o, s:o, s:o, s:i, s:o, s:o, s:o}", "instance_number",
		(json_int_t)instance->number, "namespace_ip",
		json_address(OZP_HAS(instance,
				     OZPROXY_A_INSTANCE_NAMESPACE_IPV4),
			     AF_INET, &instance->namespace_ipv4),
		"namespace_ip_v6",
		json_address(OZP_HAS(instance,
				     OZPROXY_A_INSTANCE_NAMESPACE_IPV6),
			     AF_INET6, &instance->namespace_ipv6),
		"host_ip", json_node(instance), "host_port",
		instance->node_port, "instance_ip",
		json_address(OZP_HAS(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV4),
			     AF_INET, &instance->instance_ipv4),
		"instance_ip_v6",
		json_address(OZP_HAS(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV6),
			     AF_INET6, &instance->instance_ipv6),
		"service_ip", ips));
}

json_t *record_json(const struct ozp_service *service)
{
	json_t *list = mem_need(json_array());
	unsigned int i;

	for (i = 0; i < service->n_instance; i++)
		json_array_append_new(list,
				      json_instance(&service->instance[i],
						    json_service_ips(service)));
	return mem_need(json_pack("{s:s, s:s, s:o}", "app_name", service->name,
				  "query_key", service->name, "instance_list",
				  list));
}
