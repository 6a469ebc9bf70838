// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * The reader of table-query results: what it gives is complete and can be sent
 * to the kernel as it is.
 */
#include <string.h>
#include "genl.h"
#include "kernel.h"
#include "ozproxy_service.h"
#include "result.h"

static bool has_one(uint32_t present, unsigned int a, unsigned int b)
{
	return (present >> a | present >> b) & 1;
}

static void check_instance(const struct ozp_instance *instance)
{
	must(OZP_HAS(instance, OZPROXY_A_INSTANCE_NUMBER));
	must(OZP_HAS(instance, OZPROXY_A_INSTANCE_NODE_PORT));
	must(instance->node_port);
	must(has_one(instance->present, OZPROXY_A_INSTANCE_NODE_IPV4,
		     OZPROXY_A_INSTANCE_NODE_IPV6));
	must(has_one(instance->present, OZPROXY_A_INSTANCE_NAMESPACE_IPV4,
		     OZPROXY_A_INSTANCE_NAMESPACE_IPV6));
}

static int take_result(struct ozp_result *result, void *data)
{
	const struct ozp_service *service = &result->service;
	struct ozp_call call = { .set = &ozp_service_attrs,
				 .request = service };
	struct ozp_socket *sock = data;
	unsigned int i, j;

	must(memchr(result->query, '\0', sizeof(result->query)));
	must(memchr(service->name, '\0', sizeof(service->name)));
	must(service->n_instance <= OZPROXY_INSTANCE_MAX);
	must(service->n_address <= OZPROXY_ADDRESS_MAX);
	if (result->is_negative)
		must(!service->n_instance && !service->n_address);
	else
		must(*service->name);
	for (i = 0; i < service->n_instance; i++) {
		check_instance(&service->instance[i]);
		for (j = 0; j < i; j++)
			must(service->instance[i].number !=
			     service->instance[j].number);
	}
	for (i = 0; i < service->n_address; i++) {
		must(OZP_HAS(&service->address[i], OZPROXY_A_ADDRESS_POLICY));
		must(has_one(service->address[i].present,
			     OZPROXY_A_ADDRESS_IPV4, OZPROXY_A_ADDRESS_IPV6));
	}
	must(!ozp_genl_build(sock, &call, 0));
	return 0;
}

static void take_note(enum ozp_result_kind kind, const char *text, void *data)
{
	(void)kind;
	(void)data;
	must(*text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ozp_socket *sock;
	struct ozp_result_reader reader = { .result = take_result,
					    .note = take_note };
	int err;

	if (!sock)
		sock = open_socket();
	reader.data = sock;
	err = ozp_result_read(&reader, (const char *)data, size);
	must(err <= 0);
	must(!err == !*reader.error);
	return 0;
}
