// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "result.h"
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "ozproxy.h"
#include "ozproxy_service.h"

/* Where the reading is, for notes. */
struct place {
	struct ozp_result_reader *reader;
	struct ozp_result *result;
	bool has_number;
	uint32_t number; /* of the instance */
};

static int fail(struct ozp_result_reader *reader, int code, const char *format,
		...) __attribute__((format(printf, 3, 4)));

static int fail(struct ozp_result_reader *reader, int code, const char *format,
		...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reader->error, sizeof(reader->error), format, args);
	va_end(args);
	return code;
}

static int no_memory(const struct place *place)
{
	return fail(place->reader, -ENOMEM, "out of memory");
}

static void note(const struct place *place, enum ozp_result_kind kind,
		 const char *format, ...) __attribute__((format(printf, 3, 4)));

static void note(const struct place *place, enum ozp_result_kind kind,
		 const char *format, ...)
{
	char text[512];
	va_list args;
	int len;

	if (!place->reader->note)
		return;
	len = place->has_number ?
		      snprintf(text, sizeof(text),
			       "%s instance %u: ", place->result->service.name,
			       place->number) :
		      snprintf(text, sizeof(text),
			       "%s: ", place->result->service.name);
	va_start(args, format);
	vsnprintf(text + len, sizeof(text) - (size_t)len, format, args);
	va_end(args);
	place->reader->note(kind, text, place->reader->data);
}

/* The text of a member; NULL when it is missing, null, empty or no text. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : NULL;
}

/* A number, or its decimal digits in a string. */
static bool number_of(const json_t *object, const char *key, uint64_t max,
		      uint64_t *number)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	uint64_t sum = 0;

	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0)
			return false;
		*number = (uint64_t)json_integer_value(value);
		return *number <= max;
	}
	if (!text || !*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		sum = sum * 10 + (uint64_t)(*text - '0');
		if (sum > max)
			return false;
	}
	*number = sum;
	return true;
}

/* An address of the family; not being there is no reason for a note. */
static bool address_of(const struct place *place, const json_t *object,
		       const char *key, int family, void *address)
{
	const char *text = text_of(object, key);

	if (!text)
		return false;
	if (inet_pton(family, text, address) == 1)
		return true;
	note(place, OZP_RESULT_WRONG,
	     "%s '%.64s' is not an IPv%d address: left out", key, text,
	     family == AF_INET ? 4 : 6);
	return false;
}

static bool is_instance_type(const char *type)
{
	return !strcasecmp(type, "instance_ip") ||
	       !strcasecmp(type, "InstanceNumber");
}

/* The policy of a Service IP; round robin where the type is a new one. */
static enum ozproxy_policy policy_of(const char *type)
{
	return strcasecmp(type, "closest") ? OZPROXY_POLICY_RR :
					     OZPROXY_POLICY_CLOSEST;
}

static bool is_known_policy(const char *type)
{
	return policy_of(type) != OZPROXY_POLICY_RR || !strcasecmp(type, "RR");
}

static void read_instance_ips(const struct place *place, const json_t *object,
			      const char *key_v4, const char *key_v6,
			      struct ozp_instance *instance)
{
	if (!OZP_HAS(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV4) &&
	    address_of(place, object, key_v4, AF_INET,
		       &instance->instance_ipv4))
		OZP_SET(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV4);
	if (!OZP_HAS(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV6) &&
	    address_of(place, object, key_v6, AF_INET6,
		       &instance->instance_ipv6))
		OZP_SET(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV6);
}

static bool read_node(const struct place *place, const json_t *object,
		      struct ozp_instance *instance)
{
	const char *text = text_of(object, "host_ip");
	uint64_t port;

	if (!text) {
		note(place, OZP_RESULT_EARLY, "it has no node yet: skipped");
		return false;
	}
	if (inet_pton(AF_INET, text, &instance->node_ipv4) == 1) {
		OZP_SET(instance, OZPROXY_A_INSTANCE_NODE_IPV4);
	} else if (inet_pton(AF_INET6, text, &instance->node_ipv6) == 1) {
		OZP_SET(instance, OZPROXY_A_INSTANCE_NODE_IPV6);
	} else {
		note(place, OZP_RESULT_WRONG,
		     "host_ip '%.64s' is not an address: skipped", text);
		return false;
	}
	if (!number_of(object, "host_port", UINT16_MAX, &port) || !port) {
		note(place, OZP_RESULT_WRONG,
		     "host_port is not a port: skipped");
		return false;
	}
	instance->node_port = (uint16_t)port;
	OZP_SET(instance, OZPROXY_A_INSTANCE_NODE_PORT);
	return true;
}

static bool read_namespace(const struct place *place, const json_t *object,
			   struct ozp_instance *instance)
{
	if (address_of(place, object, "namespace_ip", AF_INET,
		       &instance->namespace_ipv4))
		OZP_SET(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV4);
	if (address_of(place, object, "namespace_ip_v6", AF_INET6,
		       &instance->namespace_ipv6))
		OZP_SET(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV6);
	if (OZP_HAS(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV4) ||
	    OZP_HAS(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV6))
		return true;
	note(place, OZP_RESULT_EARLY, "it has no Namespace IP yet: skipped");
	return false;
}

static bool is_known_address(const struct ozp_service *service,
			     const struct ozp_address *address)
{
	const struct ozp_address *known;
	unsigned int i;

	for (i = 0; i < service->n_address; i++) {
		known = &service->address[i];
		if (known->present == address->present &&
		    !memcmp(&known->ipv4, &address->ipv4,
			    sizeof(known->ipv4)) &&
		    !memcmp(&known->ipv6, &address->ipv6, sizeof(known->ipv6)))
			return true;
	}
	return false;
}

static int add_address(const struct place *place,
		       const struct ozp_address *address, const char *type)
{
	struct ozp_service *service = &place->result->service;
	struct ozp_address *added;

	if (is_known_address(service, address))
		return 0;
	if (service->n_address == OZPROXY_ADDRESS_MAX)
		return fail(place->reader, -E2BIG,
			    "%s has more than %d Service IPs", service->name,
			    OZPROXY_ADDRESS_MAX);
	if (!is_known_policy(type))
		note(place, OZP_RESULT_OTHER,
		     "the policy '%.32s' is not known: its address gets round "
		     "robin",
		     type);
	added = ozp_service_add_address(service);
	if (!added)
		return no_memory(place);
	*added = *address;
	return 0;
}

static int read_address(const struct place *place, const json_t *object,
			struct ozp_instance *instance)
{
	struct ozp_address v4 = {}, v6 = {};
	const char *type = text_of(object, "IpType");
	int err = 0;

	if (!type) {
		note(place, OZP_RESULT_WRONG,
		     "a service_ip without IpType: left out");
		return 0;
	}
	if (is_instance_type(type)) {
		read_instance_ips(place, object, "Address", "Address_v6",
				  instance);
		return 0;
	}
	v4.policy = policy_of(type);
	v6.policy = v4.policy;
	OZP_SET(&v4, OZPROXY_A_ADDRESS_POLICY);
	OZP_SET(&v6, OZPROXY_A_ADDRESS_POLICY);
	if (address_of(place, object, "Address", AF_INET, &v4.ipv4)) {
		OZP_SET(&v4, OZPROXY_A_ADDRESS_IPV4);
		err = add_address(place, &v4, type);
	}
	if (!err &&
	    address_of(place, object, "Address_v6", AF_INET6, &v6.ipv6)) {
		OZP_SET(&v6, OZPROXY_A_ADDRESS_IPV6);
		err = add_address(place, &v6, type);
	}
	return err;
}

static int add_instance(const struct place *place,
			const struct ozp_instance *instance)
{
	struct ozp_service *service = &place->result->service;
	struct ozp_instance *added;
	unsigned int i;

	for (i = 0; i < service->n_instance; i++)
		if (service->instance[i].number == instance->number) {
			note(place, OZP_RESULT_WRONG,
			     "it is there twice: the second is skipped");
			place->result->skipped++;
			return 0;
		}
	if (service->n_instance == OZPROXY_INSTANCE_MAX)
		return fail(place->reader, -E2BIG,
			    "%s has more than %d instances", service->name,
			    OZPROXY_INSTANCE_MAX);
	added = ozp_service_add_instance(service);
	if (!added)
		return no_memory(place);
	*added = *instance;
	return 0;
}

static int read_instance(struct place *place, const json_t *object)
{
	struct ozp_instance instance = {};
	const json_t *item, *list;
	bool is_usable;
	uint64_t number;
	size_t i;
	int err;

	place->has_number = false;
	is_usable = number_of(object, "instance_number", UINT32_MAX, &number);
	if (is_usable) {
		instance.number = (uint32_t)number;
		OZP_SET(&instance, OZPROXY_A_INSTANCE_NUMBER);
		place->number = instance.number;
		place->has_number = true;
	} else {
		note(place, OZP_RESULT_WRONG,
		     "an instance without instance_number: skipped");
		place->result->is_damaged = true;
	}
	read_instance_ips(place, object, "instance_ip", "instance_ip_v6",
			  &instance);
	/* Service IPs are the job's, also those of an unusable instance. */
	list = json_object_get(object, "service_ip");
	json_array_foreach(list, i, item)
	{
		err = read_address(place, item, &instance);
		if (err)
			return err;
	}
	if (is_usable && read_node(place, object, &instance) &&
	    read_namespace(place, object, &instance))
		return add_instance(place, &instance);
	place->result->skipped++;
	return 0;
}

static int read_instances(struct ozp_result_reader *reader,
			  const json_t *object, struct ozp_result *result)
{
	struct place place = { .reader = reader, .result = result };
	const json_t *list = json_object_get(object, "instance_list"), *item;
	size_t i;
	int err;

	if (list && !json_is_array(list) && !json_is_null(list))
		return fail(reader, -EBADMSG, "instance_list is not an array");
	result->is_negative = !json_array_size(list) || !*result->service.name;
	if (result->is_negative)
		return 0;
	json_array_foreach(list, i, item)
	{
		err = read_instance(&place, item);
		if (err)
			return err;
	}
	return 0;
}

static int read_result(struct ozp_result_reader *reader, const json_t *object)
{
	struct ozp_result result = {};
	const json_t *name_value;
	const char *name, *query;
	int err;

	name_value = json_object_get(object, "app_name");
	if (!json_is_object(object) ||
	    (!name_value && !json_object_get(object, "instance_list")))
		return fail(reader, -EBADMSG,
			    "this is not a table-query result: an object with "
			    "app_name and instance_list");
	if (name_value && !json_is_string(name_value) &&
	    !json_is_null(name_value))
		return fail(reader, -EBADMSG, "app_name is not a string");
	name = text_of(object, "app_name") ?: "";
	query = text_of(object, "query_key") ?: "";
	if (strlen(name) > OZPROXY_NAME_MAX)
		return fail(reader, -EBADMSG,
			    "app_name has more than %d characters",
			    OZPROXY_NAME_MAX);
	/* A key that no request of ours can have had is no answer to one. */
	if (strlen(query) <= OZPROXY_NAME_MAX)
		strcpy(result.query, query);
	strcpy(result.service.name, name);
	OZP_SET(&result.service, OZPROXY_A_SERVICE_NAME);
	err = read_instances(reader, object, &result);
	if (!err)
		err = reader->result(&result, reader->data);
	ozp_service_free(&result.service);
	return err;
}

/* Which one of several it was. */
static void add_place(struct ozp_result_reader *reader, size_t index,
		      const json_t *item)
{
	char text[sizeof(reader->error)];

	if (!*reader->error)
		return;
	strcpy(text, reader->error);
	snprintf(reader->error, sizeof(reader->error),
		 "result %zu%s%.64s: %.160s", index + 1,
		 text_of(item, "app_name") ? ", " : "",
		 text_of(item, "app_name") ?: "", text);
}

int ozp_result_read(struct ozp_result_reader *reader, const char *text,
		    size_t len)
{
	json_error_t error;
	json_t *root, *item;
	int err = 0;
	size_t i;

	*reader->error = '\0';
	if (len > OZP_RESULT_MAX)
		return fail(reader, -E2BIG, "this is more than %d MiB",
			    OZP_RESULT_MAX / (1024 * 1024));
	root = json_loadb(text, len, 0, &error);
	if (!root)
		return fail(reader, -EBADMSG, "line %d, column %d: %s",
			    error.line, error.column, error.text);
	if (json_is_array(root)) {
		json_array_foreach(root, i, item)
		{
			err = read_result(reader, item);
			if (!err)
				continue;
			add_place(reader, i, item);
			break;
		}
	} else {
		err = read_result(reader, root);
	}
	json_decref(root);
	return err;
}
