// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <string.h>
#include <time.h>
#include "args.h"
#include "load.h"
#include "ozctl.h"
#include "ozproxy_attrs.h"
#include "ozproxy_service.h"
#include "show.h"

static enum status set_name(struct ozctl *ctl, const char *name,
			    struct ozp_service *service)
{
	if (strlen(name) > OZPROXY_NAME_MAX)
		return usage(ctl, "a job name has at most %d characters",
			     OZPROXY_NAME_MAX);
	strcpy(service->name, name);
	OZP_SET(service, OZPROXY_A_SERVICE_NAME);
	return STATUS_OK;
}

/* The device and the name, which most commands begin with. */
static enum status take_job(struct ozctl *ctl, struct ozp_service *service)
{
	enum status status;
	const char *name;

	status = take_device(ctl);
	if (status)
		return status;
	name = take_word(ctl);
	if (!name)
		return usage(ctl, "the job name is missing; "
				  "see 'ozctl service help'");
	return set_name(ctl, name, service);
}

static enum status take_address(struct ozctl *ctl, struct ozp_service *service)
{
	struct ozp_address *address;
	const char *text, *policy;
	struct ip ip;
	int value;

	text = take_word(ctl);
	if (!text || !parse_ip(text, &ip))
		return usage(ctl,
			     "'address' needs an IPv4 or IPv6 address "
			     "after it, not '%s'",
			     text ? text : "");
	policy = take_if(ctl, "policy") ? take_word(ctl) : NULL;
	value = policy ? ozp_enum_value(&ozp_policy_enum, policy) : -1;
	if (value < 0)
		return usage(ctl,
			     "address %s needs 'policy rr', 'policy closest' "
			     "or 'policy least' after it",
			     text);
	address = ozp_service_add_address(service);
	if (!address)
		return refused(ctl, "out of memory");
	address->policy = (uint32_t)value;
	OZP_SET(address, OZPROXY_A_ADDRESS_POLICY);
	if (ip.family == AF_INET) {
		address->ipv4 = ip.v4;
		OZP_SET(address, OZPROXY_A_ADDRESS_IPV4);
	} else {
		address->ipv6 = ip.v6;
		OZP_SET(address, OZPROXY_A_ADDRESS_IPV6);
	}
	return STATUS_OK;
}

/* The Namespace IPs or the Instance IPs, one a family. */
static enum status take_pair(struct ozctl *ctl, const char *word,
			     struct ozp_instance *instance)
{
	bool is_ns = !strcmp(word, "ns");
	const char *text = take_word(ctl);
	struct ip v4, v6;

	if (!text || !parse_pair(text, &v4, &v6))
		return usage(ctl,
			     "'%s' needs ADDRESS or ADDRESS,ADDRESS6 after "
			     "it, not '%s'",
			     word, text ? text : "");
	if (v4.family) {
		*(is_ns ? &instance->namespace_ipv4 :
			  &instance->instance_ipv4) = v4.v4;
		OZP_SET(instance, is_ns ? OZPROXY_A_INSTANCE_NAMESPACE_IPV4 :
					  OZPROXY_A_INSTANCE_INSTANCE_IPV4);
	}
	if (v6.family) {
		*(is_ns ? &instance->namespace_ipv6 :
			  &instance->instance_ipv6) = v6.v6;
		OZP_SET(instance, is_ns ? OZPROXY_A_INSTANCE_NAMESPACE_IPV6 :
					  OZPROXY_A_INSTANCE_INSTANCE_IPV6);
	}
	return STATUS_OK;
}

static enum status take_node(struct ozctl *ctl, struct ozp_instance *instance)
{
	const char *text = take_word(ctl);
	struct ip ip;

	if (!text || !parse_ip(text, &ip))
		return usage(ctl,
			     "'node' needs an IPv4 or IPv6 address after "
			     "it, not '%s'",
			     text ? text : "");
	if (ip.family == AF_INET) {
		instance->node_ipv4 = ip.v4;
		OZP_SET(instance, OZPROXY_A_INSTANCE_NODE_IPV4);
	} else {
		instance->node_ipv6 = ip.v6;
		OZP_SET(instance, OZPROXY_A_INSTANCE_NODE_IPV6);
	}
	return STATUS_OK;
}

static enum status take_u16(struct ozctl *ctl, const char *what,
			    uint16_t *number)
{
	uint64_t value = 0;
	enum status status = take_number(ctl, what, UINT16_MAX, &value);

	*number = (uint16_t)value;
	return status;
}

static bool take_flag(struct ozctl *ctl, struct ozp_instance *instance)
{
	if (take_if(ctl, "local"))
		instance->flags |= OZPROXY_INSTANCE_FLAGS_LOCAL;
	else if (take_if(ctl, "draining"))
		instance->flags |= OZPROXY_INSTANCE_FLAGS_DRAINING;
	else
		return false;
	OZP_SET(instance, OZPROXY_A_INSTANCE_FLAGS);
	return true;
}

static bool has_any(const struct ozp_instance *instance, unsigned int a,
		    unsigned int b)
{
	return OZP_HAS(instance, a) || OZP_HAS(instance, b);
}

static enum status check_instance(struct ozctl *ctl,
				  const struct ozp_instance *instance)
{
	const char *lacks = NULL;

	if (!has_any(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV4,
		     OZPROXY_A_INSTANCE_NAMESPACE_IPV6))
		lacks = "ns ADDRESS[,ADDRESS6]";
	else if (!has_any(instance, OZPROXY_A_INSTANCE_NODE_IPV4,
			  OZPROXY_A_INSTANCE_NODE_IPV6))
		lacks = "node ADDRESS";
	else if (!OZP_HAS(instance, OZPROXY_A_INSTANCE_NODE_PORT))
		lacks = "port N";
	if (!lacks)
		return STATUS_OK;
	return usage(ctl, "instance %u needs '%s'", instance->number, lacks);
}

static enum status take_instance(struct ozctl *ctl, struct ozp_service *service)
{
	struct ozp_instance *instance = ozp_service_add_instance(service);
	enum status status;

	if (!instance)
		return refused(ctl, "out of memory");
	status = take_u32(ctl, "instance", &instance->number);
	OZP_SET(instance, OZPROXY_A_INSTANCE_NUMBER);
	while (!status) {
		if (take_if(ctl, "ns")) {
			status = take_pair(ctl, "ns", instance);
		} else if (take_if(ctl, "ip")) {
			status = take_pair(ctl, "ip", instance);
		} else if (take_if(ctl, "node")) {
			status = take_node(ctl, instance);
		} else if (take_if(ctl, "port")) {
			status = take_u16(ctl, "port", &instance->node_port);
			OZP_SET(instance, OZPROXY_A_INSTANCE_NODE_PORT);
		} else if (take_if(ctl, "weight")) {
			status = take_u16(ctl, "weight", &instance->weight);
			OZP_SET(instance, OZPROXY_A_INSTANCE_WEIGHT);
		} else if (take_if(ctl, "metric")) {
			status = take_u32(ctl, "metric", &instance->metric);
			OZP_SET(instance, OZPROXY_A_INSTANCE_METRIC);
		} else if (!take_flag(ctl, instance)) {
			break;
		}
	}
	return status ? status : check_instance(ctl, instance);
}

/* The operation on the device, once all arguments are understood. */
static enum status to_device(struct ozctl *ctl, struct ozp_service *service,
			     int (*operation)(struct ozp_socket *sock,
					      const struct ozp_service *))
{
	enum status status;
	int err;

	status = find_device(ctl, &service->ifindex);
	if (status)
		return status;
	OZP_SET(service, OZPROXY_A_SERVICE_IFINDEX);
	err = operation(ctl->sock, service);
	return err ? failed(ctl, NULL, err) : STATUS_OK;
}

static enum status take_affinity(struct ozctl *ctl, struct ozp_service *service)
{
	OZP_SET(service, OZPROXY_A_SERVICE_AFFINITY);
	return take_u32(ctl, "affinity", &service->affinity);
}

static void set_pinned(struct ozp_service *service)
{
	service->pinned = true;
	OZP_SET(service, OZPROXY_A_SERVICE_PINNED);
}

static enum status service_set(struct ozctl *ctl)
{
	struct ozp_service service = {};
	enum status status;

	status = take_job(ctl, &service);
	while (!status && ctl->argc) {
		if (take_if(ctl, "address"))
			status = take_address(ctl, &service);
		else if (take_if(ctl, "instance"))
			status = take_instance(ctl, &service);
		else if (take_if(ctl, "affinity"))
			status = take_affinity(ctl, &service);
		else if (take_if(ctl, "pinned"))
			set_pinned(&service);
		else
			status = take_end(ctl);
	}
	if (!status)
		status = to_device(ctl, &service, ozp_service_set);
	ozp_service_free(&service);
	return status;
}

static enum status service_del(struct ozctl *ctl)
{
	struct ozp_service request = {};
	enum status status;

	status = take_job(ctl, &request);
	if (!status)
		status = take_end(ctl);
	return status ? status : to_device(ctl, &request, ozp_service_del);
}

static enum status service_clear(struct ozctl *ctl)
{
	struct ozp_service request = {};
	enum status status;

	status = take_job(ctl, &request);
	while (!status && ctl->argc) {
		if (take_if(ctl, "generation")) {
			status = take_u32(ctl, "generation",
					  &request.generation);
			OZP_SET(&request, OZPROXY_A_SERVICE_GENERATION);
		} else if (take_if(ctl, "used")) {
			status = take_number(ctl, "used", UINT64_MAX,
					     &request.used);
			OZP_SET(&request, OZPROXY_A_SERVICE_USED);
		} else {
			status = take_end(ctl);
		}
	}
	return status ? status : to_device(ctl, &request, ozp_service_clear);
}

struct show {
	struct emit emit;
	uint64_t now;
	bool stats;
};

static int emit_service(const struct ozp_service *service, void *data)
{
	struct show *show = data;

	show_service(&show->emit, service, show->now);
	if (show->stats)
		show_traffic(&show->emit, service);
	return 0;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static int show_one(struct ozctl *ctl, const struct ozp_service *request,
		    struct show *show)
{
	struct ozp_service service;
	int err;

	err = ozp_service_get(ctl->sock, request, &service);
	if (err)
		return err;
	emit_service(&service, show);
	ozp_service_free(&service);
	return 0;
}

static enum status take_which(struct ozctl *ctl, struct ozp_service *request)
{
	const char *word = take_word(ctl);
	struct ip ip;

	if (!parse_ip(word, &ip))
		return set_name(ctl, word, request);
	if (ip.family == AF_INET) {
		request->find_ipv4 = ip.v4;
		OZP_SET(request, OZPROXY_A_SERVICE_FIND_IPV4);
	} else {
		request->find_ipv6 = ip.v6;
		OZP_SET(request, OZPROXY_A_SERVICE_FIND_IPV6);
	}
	return STATUS_OK;
}

static enum status service_show(struct ozctl *ctl)
{
	struct show show = { .emit = { .out = stdout, .json = ctl->json } };
	struct ozp_service request = {};
	bool is_one = false;
	enum status status;
	int err;

	status = take_device(ctl);
	show.stats = !status && take_if(ctl, "--stats");
	if (!status && ctl->argc) {
		is_one = true;
		status = take_which(ctl, &request);
	}
	if (!status)
		status = take_end(ctl);
	if (!status)
		status = find_device(ctl, &request.ifindex);
	if (status)
		return status;
	OZP_SET(&request, OZPROXY_A_SERVICE_IFINDEX);
	show.now = now();
	err = is_one ? show_one(ctl, &request, &show) :
		       ozp_service_dump(ctl->sock, &request, emit_service,
					&show);
	if (err)
		return failed(ctl, NULL, err);
	emit_end(&show.emit);
	return STATUS_OK;
}

static const struct verb verbs[] = {
	{ "set",
	  "[dev NAME] JOB [pinned] [affinity MS] [address ADDRESS policy rr|closest|least]...\n"
	  "        [instance N ns ADDRESS[,ADDRESS6] [ip ADDRESS[,ADDRESS6]]\n"
	  "         node ADDRESS port N [weight W] [metric M] [local] [draining]]...",
	  "Creates or replaces a service as a whole.", service_set },
	{ "show", "[dev NAME] [--stats] [JOB|ADDRESS]",
	  "Shows all services, or the one with this name, Service IP,\n"
	  "      Instance IP or Namespace IP; with --stats also what they carried.",
	  service_show },
	{ "del", "[dev NAME] JOB", "Removes a service and ends its flows.",
	  service_del },
	{ "clear", "[dev NAME] JOB [generation G] [used MS]",
	  "Forgets an idle service, unless it changed since generation G or\n"
	  "      was used after MS; one condition is needed. Its flows can come "
	  "back.",
	  service_clear },
	{ "load", "[dev NAME] FILE|-",
	  "Sets the services of table-query results (JSON: one, or an array).",
	  service_load },
	{}
};

const struct noun service_noun = {
	.name = "service",
	.help = "the services that a device converts",
	.notes =
		"In 'set':\n"
		"  pinned    the service is never announced as idle\n"
		"  affinity  milliseconds for which a client keeps its instance (0)\n"
		"  address   a Service IP: what clients connect to, with its policy:\n"
		"    rr      a new flow goes to the next instance\n"
		"    closest to the nearest: on this node, lowest metric or round trip\n"
		"    least   to the one with the fewest flows\n"
		"  instance  a container that runs the service, with\n"
		"    ns      its Namespace IPs, the container's own addresses\n"
		"    ip      its Instance IPs, which reach exactly this instance\n"
		"    node    the worker it runs on, and port, of that worker's tunnel\n"
		"    weight  share of new flows (1); with 0 none\n"
		"    metric  distance, lower is closer; 0: as measured (0)\n"
		"    local   it runs on this node, whatever the node address says\n"
		"    draining  no new flows; those it has go on\n",
	.verbs = verbs,
};
