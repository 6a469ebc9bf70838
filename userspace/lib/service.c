// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "service.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "genl.h"

/* How often a dump is tried while the table changes. */
#define DUMP_TRIES 8

static int service_do(struct ozp_socket *sock, uint8_t command,
		      const struct ozp_service *request)
{
	struct ozp_call call = {
		.command = command,
		.set = &ozp_service_attrs,
		.request = request,
	};

	return ozp_genl_do(sock, &call);
}

int ozp_service_set(struct ozp_socket *sock, const struct ozp_service *service)
{
	return service_do(sock, OZPROXY_CMD_SERVICE_SET, service);
}

int ozp_service_del(struct ozp_socket *sock, const struct ozp_service *request)
{
	return service_do(sock, OZPROXY_CMD_SERVICE_DEL, request);
}

int ozp_service_clear(struct ozp_socket *sock,
		      const struct ozp_service *request)
{
	return service_do(sock, OZPROXY_CMD_SERVICE_CLEAR, request);
}

static void list_empty(struct ozp_service_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		ozp_service_free(&list->services[i]);
	free(list->services);
	memset(list, 0, sizeof(*list));
}

static bool is_same_service(const struct ozp_service *a,
			    const struct ozp_service *b)
{
	return a->ifindex == b->ifindex && a->generation == b->generation &&
	       !strcmp(a->name, b->name);
}

/* Append what @more has to what @service has. */
static int join(struct ozp_service *service, const struct ozp_service *more)
{
	struct ozp_instance *instance;
	struct ozp_address *address;
	unsigned int i;

	for (i = 0; i < more->n_address; i++) {
		address = ozp_service_add_address(service);
		if (!address)
			return -ENOMEM;
		*address = more->address[i];
	}
	for (i = 0; i < more->n_instance; i++) {
		instance = ozp_service_add_instance(service);
		if (!instance)
			return -ENOMEM;
		*instance = more->instance[i];
	}
	service->present |= more->present;
	return 0;
}

int ozp_service_collect(void *object, void *data)
{
	struct ozp_service_list *list = data;
	struct ozp_service *service = object, *last;
	void *room;

	last = list->count ? &list->services[list->count - 1] : NULL;
	if (last && last->table_generation != service->table_generation)
		list->changed = true;
	if (last && is_same_service(last, service))
		return join(last, service);
	if (list->count == list->room) {
		list->room = list->room ? list->room * 2 : 16;
		room = reallocarray(list->services, list->room,
				    sizeof(*service));
		if (!room)
			return -ENOMEM;
		list->services = room;
	}
	list->services[list->count++] = *service;
	memset(service, 0, sizeof(*service));
	return 0;
}

static int collect_all(struct ozp_socket *sock,
		       const struct ozp_service *request,
		       struct ozp_service_list *list)
{
	struct ozp_call call = {
		.command = OZPROXY_CMD_SERVICE_GET,
		.set = &ozp_service_attrs,
		.request = request,
		.cb = ozp_service_collect,
		.data = list,
	};
	unsigned int try;
	int err;

	for (try = 0; try < DUMP_TRIES; try++) {
		list_empty(list);
		err = ozp_genl_dump(sock, &call);
		if (err || !(call.interrupted || list->changed))
			return err;
	}
	return ozp_socket_fail(sock, -EAGAIN,
			       "the table changed each time it was read");
}

int ozp_service_dump(struct ozp_socket *sock, const struct ozp_service *request,
		     int (*cb)(const struct ozp_service *service, void *data),
		     void *data)
{
	struct ozp_service_list list = {};
	size_t i;
	int ret;

	ret = collect_all(sock, request, &list);
	for (i = 0; !ret && i < list.count; i++)
		ret = cb(&list.services[i], data);
	list_empty(&list);
	return ret;
}

OZP_GENL_KEEP(service)

/* One that does not fit into one message only comes in a dump. */
static int get_long(struct ozp_socket *sock, const struct ozp_service *request,
		    struct ozp_service *service)
{
	struct ozp_service_list list = {};
	int err;

	err = collect_all(sock, request, &list);
	if (!err && !list.count)
		err = ozp_socket_fail(sock, -ENOENT, "no such service");
	if (!err)
		keep_service(&list.services[0], service);
	list_empty(&list);
	return err;
}

int ozp_service_get(struct ozp_socket *sock, const struct ozp_service *request,
		    struct ozp_service *service)
{
	struct ozp_service reply = {};
	struct ozp_call call = {
		.command = OZPROXY_CMD_SERVICE_GET,
		.set = &ozp_service_attrs,
		.request = request,
		.cb = keep_service,
		.data = &reply,
	};
	int err;

	err = ozp_genl_do(sock, &call);
	if (err == -EMSGSIZE)
		err = get_long(sock, request, &reply);
	if (err)
		ozp_service_free(&reply);
	else
		*service = reply;
	return err;
}
