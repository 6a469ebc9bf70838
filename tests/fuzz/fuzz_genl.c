// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * What the library makes of answers and notifications of the family, and ozctl
 * of that. The first byte of the input says which question was asked; the rest
 * is the kernel's.
 */
#include <errno.h>
#include <string.h>
#include "genl.h"
#include "kernel.h"
#include "ozproxy_flow.h"
#include "ozproxy_service.h"
#include "show.h"

/* Each object in text, and in JSON that can be read again. */
static void check_json(json_t *json)
{
	char *text = json_dumps(json, 0);
	json_t *again;

	must(text);
	again = json_loads(text, 0, NULL);
	must(again && json_equal(json, again));
	json_decref(again);
	json_decref(json);
	free(text);
}

static int take_service(const struct ozp_service *service, void *data)
{
	struct emit emit = { .out = data };

	must(memchr(service->name, '\0', sizeof(service->name)));
	show_service(&emit, service, 1000);
	check_json(emit_object(&ozp_service_attrs, service));
	return 0;
}

static int take_flow(const struct ozp_flow *flow, void *data)
{
	struct emit emit = { .out = data };

	must(memchr(flow->service, '\0', sizeof(flow->service)));
	show_flow(&emit, flow);
	check_json(emit_object(&ozp_flow_attrs, flow));
	return 0;
}

static int take_miss(const struct ozp_miss *miss, void *data)
{
	struct emit emit = { .out = data };
	struct table table = {};

	show_miss(&emit, &table, miss);
	show_misses(&emit, &table);
	check_json(emit_object(&ozp_miss_attrs, miss));
	return 0;
}

static int take_event(const struct ozp_event *event, void *data)
{
	show_event(data, false, event);
	show_event(data, true, event);
	return 0;
}

static int get_service(struct ozp_socket *sock, bool dump)
{
	struct ozp_service request = { .ifindex = 5 }, service;
	int err;

	OZP_SET(&request, OZPROXY_A_SERVICE_IFINDEX);
	if (dump)
		return ozp_service_dump(sock, &request, take_service, drain());
	err = ozp_service_get(sock, &request, &service);
	if (err)
		return err;
	take_service(&service, drain());
	ozp_service_free(&service);
	return 0;
}

static int get_flow(struct ozp_socket *sock, bool dump)
{
	struct ozp_flow request = { .ifindex = 5 }, flow;
	int err;

	OZP_SET(&request, OZPROXY_A_FLOW_IFINDEX);
	if (dump)
		return ozp_flow_dump(sock, &request, take_flow, drain());
	err = ozp_flow_get(sock, &request, &flow);
	return err ? err : take_flow(&flow, drain());
}

static int get_miss(struct ozp_socket *sock, bool dump)
{
	struct ozp_miss request = { .ifindex = 5 }, miss;
	int err;

	OZP_SET(&request, OZPROXY_A_MISS_IFINDEX);
	if (dump)
		return ozp_miss_dump(sock, &request, take_miss, drain());
	err = ozp_miss_get(sock, &request, &miss);
	return err ? err : take_miss(&miss, drain());
}

static int resolve(struct ozp_socket *sock)
{
	struct ozp_miss request = { .ifindex = 5, .lifetime = 1000 };

	OZP_SET(&request, OZPROXY_A_MISS_IFINDEX);
	OZP_SET(&request, OZPROXY_A_MISS_IPV4);
	OZP_SET(&request, OZPROXY_A_MISS_LIFETIME);
	return ozp_miss_resolve(sock, &request);
}

static int get_stats(struct ozp_socket *sock)
{
	struct ozp_stats stats;
	int err;

	err = ozp_stats_get(sock, 5, &stats);
	if (err)
		return err;
	show_stats(drain(), false, true, &stats);
	show_stats(drain(), true, false, &stats);
	check_json(emit_object(&ozp_stats_attrs, &stats));
	ozp_stats_free(&stats);
	return 0;
}

static int flush(struct ozp_socket *sock)
{
	struct ozp_flow request = { .ifindex = 5 };
	uint32_t flushed;

	OZP_SET(&request, OZPROXY_A_FLOW_IFINDEX);
	return ozp_flow_flush(sock, &request, &flushed);
}

/* Without the family, which is then the first question. */
static int del_service(struct ozp_socket *sock)
{
	struct ozp_service request = { .ifindex = 5 };

	OZP_SET(&request, OZPROXY_A_SERVICE_IFINDEX);
	sock->family = 0;
	return ozp_service_del(sock, &request);
}

static int monitor(struct ozp_socket *sock)
{
	int err;

	must(ozp_monitor_start(sock) >= 0);
	do {
		err = ozp_monitor_read(sock, take_event, drain());
	} while (!err);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ozp_socket *sock;
	int err = 0;

	if (!size)
		return 0;
	sock = open_socket();
	kernel_says(data + 1, size - 1);
	switch (*data) {
	case 's':
	case 'S':
		err = get_service(sock, *data == 'S');
		break;
	case 'f':
	case 'F':
		err = get_flow(sock, *data == 'F');
		break;
	case 'm':
	case 'M':
		err = get_miss(sock, *data == 'M');
		break;
	case 'r':
		err = resolve(sock);
		break;
	case 'c':
		err = get_stats(sock);
		break;
	case 'x':
		err = flush(sock);
		break;
	case 'd':
		err = del_service(sock);
		break;
	case 'e':
		err = monitor(sock);
		break;
	}
	must(err <= 0);
	/* Whoever fails says why; the code may be the callback's. */
	must(!err || *data == 'e' || ozp_socket_error(sock)->code);
	ozp_socket_close(sock);
	return 0;
}
