// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "kernel.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "log.h"
#include "mem.h"
#include "ozproxy_device.h"
#include "ozproxy_flow.h"
#include "ozproxy_service.h"

/* Seconds until a device that is not there is made, the first time and at
 * most. Who deletes one to make another gets to do that.
 */
#define PAUSE_MIN 1.0
#define PAUSE_MAX 30.0

/* Notifications that are read before other things get their turn. */
#define READS_MAX 64

struct kernel {
	struct ev_loop *loop;
	const struct kernel_config *config;
	const struct kernel_ops *ops;
	void *data;
	struct own own;
	struct ozp_socket *sock; /* NULL: there is no device */
	struct ozp_socket *monitor;
	uint32_t ifindex; /* 0: there is no device */
	bool is_made; /* the device was made here */
	bool is_up;
	bool failed; /* and that was said */
	double pause;
	ev_io io;
	ev_timer retry;
};

static void detach(struct kernel *kernel)
{
	ev_io_stop(kernel->loop, &kernel->io);
	ozp_socket_close(kernel->sock);
	ozp_socket_close(kernel->monitor);
	kernel->sock = NULL;
	kernel->monitor = NULL;
	kernel->ifindex = 0;
	kernel->is_up = false;
}

static void retry_later(struct kernel *kernel)
{
	ev_timer_stop(kernel->loop, &kernel->retry);
	ev_timer_set(&kernel->retry, kernel->pause, 0);
	ev_timer_start(kernel->loop, &kernel->retry);
	kernel->pause *= 2;
	if (kernel->pause > PAUSE_MAX)
		kernel->pause = PAUSE_MAX;
}

static void lose(struct kernel *kernel)
{
	if (!kernel->ifindex)
		return;
	log_warning("%s is gone: it is made again if nobody else does",
		    kernel->config->device);
	detach(kernel);
	kernel->pause = PAUSE_MIN;
	retry_later(kernel);
}

static const char *why(const struct kernel *kernel, int err)
{
	const struct ozp_error *error = ozp_socket_error(kernel->sock);

	if (error->module)
		return "the module ozproxy is not loaded";
	return *error->message ? error->message : strerror(-err);
}

/* The device is not what we think when the kernel does not know it, or not even
 * its family any more.
 */
static bool is_lost(struct kernel *kernel, int err)
{
	if (err != -ENODEV &&
	    !(err == -ENOENT && ozp_socket_error(kernel->sock)->module))
		return false;
	lose(kernel);
	return true;
}

static void add_local(struct ozp_link *link, const struct own *own)
{
	if (own->v4.family)
		mem_need(ozp_link_add_local(link, AF_INET, &own->v4.v4) ? NULL :
									  link);
	if (own->v6.family)
		mem_need(ozp_link_add_local(link, AF_INET6, &own->v6.v6) ?
				 NULL :
				 link);
}

static void fill_link(const struct kernel *kernel, struct ozp_link *link)
{
	memset(link, 0, sizeof(*link));
	link->idle_timeout = kernel->config->idle_timeout;
	OZP_SET(link, IFLA_OZPROXY_IDLE_TIMEOUT);
	link->miss_timeout = kernel->config->miss_timeout;
	OZP_SET(link, IFLA_OZPROXY_MISS_TIMEOUT);
	OZP_SET(link, IFLA_OZPROXY_LOCAL);
	add_local(link, &kernel->own);
}

static int make_device(struct kernel *kernel)
{
	struct ozp_link link;
	int err;

	fill_link(kernel, &link);
	link.port = kernel->config->port;
	OZP_SET(&link, IFLA_OZPROXY_PORT);
	err = ozp_device_add(kernel->sock, kernel->config->device, &link);
	ozp_link_free(&link);
	if (err)
		return err;
	kernel->is_made = true;
	log_info("%s made", kernel->config->device);
	return 0;
}

static int configure_device(struct kernel *kernel,
			    const struct ozp_device *device)
{
	struct ozp_link link;
	int err;

	fill_link(kernel, &link);
	if (device->link.port != kernel->config->port) {
		link.port = kernel->config->port;
		OZP_SET(&link, IFLA_OZPROXY_PORT);
	}
	err = ozp_device_set(kernel->sock, device->ifindex, &link);
	if (err == -EBUSY)
		log_error("%s has port %u and is up: take it down first",
			  device->ifname, device->link.port);
	ozp_link_free(&link);
	return err;
}

static int route_family(struct kernel *kernel, const struct ozp_device *device,
			int family)
{
	enum ozp_change change;
	int err;

	err = ozp_device_route(kernel->sock, device, family, &change);
	/* Without IPv6, or with it turned off, there is IPv4. */
	if (family == AF_INET6 && (err == -EAFNOSUPPORT || err == -EACCES)) {
		log_debug("no IPv6: %s", why(kernel, err));
		return 0;
	}
	if (!err)
		err = ozp_forwarding_enable(family, &change);
	/* A container of ours may not write there; the host was asked to. */
	if (err == -EACCES || err == -EROFS) {
		log_warning("forwarding could not be turned on: %s",
			    strerror(-err));
		return 0;
	}
	return err;
}

static int bring_up(struct kernel *kernel, const struct ozp_device *device)
{
	int err = 0;

	if (!device->up)
		err = ozp_device_up(kernel->sock, device->ifindex);
	if (!err)
		err = route_family(kernel, device, AF_INET);
	if (!err)
		err = route_family(kernel, device, AF_INET6);
	kernel->is_up = !err;
	return err;
}

/* The device, as it is to be. */
static int find_device(struct kernel *kernel)
{
	struct ozp_device device = {};
	int err;

	err = ozp_device_get(kernel->sock, kernel->config->device, &device);
	if (err == -ENODEV) {
		err = make_device(kernel);
		if (!err)
			err = ozp_device_get(kernel->sock,
					     kernel->config->device, &device);
	} else if (!err) {
		err = configure_device(kernel, &device);
	}
	if (!err)
		err = bring_up(kernel, &device);
	if (!err)
		kernel->ifindex = device.ifindex;
	ozp_device_free(&device);
	return err;
}

/* A copy of what a dump gives. */
struct dump {
	struct ozp_service *services;
	size_t count;
	size_t room;
};

static int keep_service(const struct ozp_service *service, void *data)
{
	struct dump *dump = data;
	struct ozp_service *copy;

	if (dump->count == dump->room) {
		dump->room = dump->room ? 2 * dump->room : 64;
		dump->services = mem_need(reallocarray(
			dump->services, dump->room, sizeof(*dump->services)));
	}
	copy = &dump->services[dump->count++];
	record_copy(copy, service);
	copy->used = service->used;
	return 0;
}

static void miss_address(struct kernel *kernel, const struct ozp_miss *miss)
{
	bool v4 = OZP_HAS(miss, OZPROXY_A_MISS_IPV4);
	char text[RECORD_TEXT];

	if (inet_ntop(v4 ? AF_INET : AF_INET6,
		      v4 ? (const void *)&miss->ipv4 : &miss->ipv6, text,
		      sizeof(text)))
		kernel->ops->miss(kernel->data, text);
}

/* Answers are requests of their own: first all is read. */
struct misses {
	struct ozp_miss *misses;
	size_t count;
	size_t room;
};

static int keep_miss(const struct ozp_miss *miss, void *data)
{
	struct misses *misses = data;

	if (miss->state != OZPROXY_MISS_STATE_WAITING)
		return 0;
	if (misses->count == misses->room) {
		misses->room = misses->room ? 2 * misses->room : 64;
		misses->misses = mem_need(reallocarray(
			misses->misses, misses->room, sizeof(*misses->misses)));
	}
	misses->misses[misses->count++] = *miss;
	return 0;
}

static int read_misses(struct kernel *kernel)
{
	struct ozp_miss request = { .ifindex = kernel->ifindex };
	struct misses misses = {};
	size_t i;
	int err;

	OZP_SET(&request, OZPROXY_A_MISS_IFINDEX);
	err = ozp_miss_dump(kernel->sock, &request, keep_miss, &misses);
	for (i = 0; i < misses.count; i++)
		miss_address(kernel, &misses.misses[i]);
	free(misses.misses);
	return err;
}

static uint64_t boottime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* All that could have been told. */
static int read_table(struct kernel *kernel)
{
	struct ozp_service request = { .ifindex = kernel->ifindex };
	struct dump dump = {};
	size_t i;
	int err;

	OZP_SET(&request, OZPROXY_A_SERVICE_IFINDEX);
	err = ozp_service_dump(kernel->sock, &request, keep_service, &dump);
	if (!err)
		kernel->ops->table(kernel->data, dump.services, dump.count,
				   boottime());
	for (i = 0; i < dump.count; i++)
		ozp_service_free(&dump.services[i]);
	free(dump.services);
	/* An operation of the above can find that the device is gone. */
	if (!err && kernel->ifindex)
		err = read_misses(kernel);
	return err;
}

static int listen_to(struct kernel *kernel)
{
	int fd = ozp_monitor_start(kernel->monitor);

	if (fd < 0)
		return fd;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	ev_io_set(&kernel->io, fd, EV_READ);
	ev_io_start(kernel->loop, &kernel->io);
	return 0;
}

static void attach(struct kernel *kernel)
{
	int err;

	ev_timer_stop(kernel->loop, &kernel->retry);
	err = ozp_socket_open(&kernel->sock);
	if (!err)
		err = ozp_socket_open(&kernel->monitor);
	mem_need(err == -ENOMEM ? NULL : kernel);
	if (!err)
		err = find_device(kernel);
	/* First listen, then read: nothing falls in between. */
	if (!err)
		err = listen_to(kernel);
	if (!err)
		err = read_table(kernel);
	if (!err) {
		kernel->failed = false;
		kernel->pause = PAUSE_MIN;
		return;
	}
	if (!kernel->failed)
		log_error("%s: %s: trying again", kernel->config->device,
			  kernel->sock ? why(kernel, err) : strerror(-err));
	kernel->failed = true;
	detach(kernel);
	retry_later(kernel);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct kernel *kernel = timer->data;

	(void)loop;
	(void)events;
	if (!kernel->ifindex)
		attach(kernel);
}

static void repair(struct kernel *kernel)
{
	int err;

	log_warning("%s: events came faster than they were read: reading all",
		    kernel->config->device);
	err = read_table(kernel);
	if (err && kernel->sock && !is_lost(kernel, err))
		log_error("%s: its table cannot be read: %s",
			  kernel->config->device, why(kernel, err));
}

/* -ECANCELED when the connection is not what it was: read no more of it. */
static int take_event(const struct ozp_event *event, void *data)
{
	struct kernel *kernel = data;
	const struct ozp_service *service = &event->service;
	uint32_t ifindex = event->command == OZPROXY_CMD_MISS_NTF ?
				   event->miss.ifindex :
				   service->ifindex;
	const struct ozp_socket *monitor = kernel->monitor;

	if (event->command && ifindex != kernel->ifindex)
		return 0;
	switch (event->command) {
	case 0:
		repair(kernel);
		break;
	case OZPROXY_CMD_MISS_NTF:
		miss_address(kernel, &event->miss);
		break;
	case OZPROXY_CMD_SERVICE_IDLE_NTF:
		kernel->ops->idle(kernel->data, service->name, service->used);
		break;
	case OZPROXY_CMD_SERVICE_DEL_NTF:
		kernel->ops->deleted(kernel->data, service->name);
		break;
	}
	return kernel->monitor == monitor ? 0 : -ECANCELED;
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	struct kernel *kernel = io->data;
	int i, err = 0;

	(void)loop;
	(void)events;
	for (i = 0; i < READS_MAX && !err; i++)
		err = ozp_monitor_read(kernel->monitor, take_event, kernel);
}

struct kernel *kernel_start(struct ev_loop *loop,
			    const struct kernel_config *config,
			    const struct own *own, const struct kernel_ops *ops,
			    void *data)
{
	struct kernel *kernel = mem_zero(sizeof(*kernel));

	kernel->loop = loop;
	kernel->config = config;
	kernel->own = *own;
	kernel->ops = ops;
	kernel->data = data;
	kernel->pause = PAUSE_MIN;
	ev_init(&kernel->io, on_io);
	kernel->io.data = kernel;
	ev_init(&kernel->retry, on_retry);
	kernel->retry.data = kernel;
	return kernel;
}

void kernel_stop(struct kernel *kernel, bool remove)
{
	int err;

	if (kernel->ifindex && kernel->is_made && remove) {
		err = ozp_device_del(kernel->sock, kernel->ifindex);
		if (err)
			log_warning("%s could not be deleted: %s",
				    kernel->config->device, why(kernel, err));
	}
	detach(kernel);
	ev_timer_stop(kernel->loop, &kernel->retry);
	free(kernel);
}

uint32_t kernel_ifindex(const struct kernel *kernel)
{
	return kernel->ifindex;
}

void kernel_move(struct kernel *kernel, const struct own *own,
		 const struct own *also)
{
	struct ozp_link link;
	int err;

	kernel->own = *own;
	if (!kernel->ifindex)
		return;
	fill_link(kernel, &link);
	if (also)
		add_local(&link, also);
	err = ozp_device_set(kernel->sock, kernel->ifindex, &link);
	ozp_link_free(&link);
	if (err && !is_lost(kernel, err))
		log_error("%s: addresses of this node: %s",
			  kernel->config->device, why(kernel, err));
}

/*
 * How the device is now: what is told of it may be older than what was done.
 * Routes go when it goes down, and do not come back with it.
 */
static void look_again(struct kernel *kernel)
{
	struct ozp_device device = {};
	int err;

	err = ozp_device_get(kernel->sock, kernel->config->device, &device);
	if (err == -ENODEV || (!err && device.ifindex != kernel->ifindex)) {
		lose(kernel);
	} else if (!err && device.up && !kernel->is_up) {
		err = bring_up(kernel, &device);
	} else if (!err && !device.up && kernel->is_up) {
		log_warning("%s was taken down", device.ifname);
		kernel->is_up = false;
	}
	if (err && kernel->sock && !is_lost(kernel, err))
		log_error("%s: %s", kernel->config->device, why(kernel, err));
	ozp_device_free(&device);
}

void kernel_link(struct kernel *kernel, uint32_t ifindex, const char *ifname,
		 bool is_gone)
{
	if (!kernel->ifindex && !is_gone &&
	    !strcmp(ifname, kernel->config->device))
		attach(kernel);
	else if (kernel->ifindex && ifindex == kernel->ifindex && is_gone)
		lose(kernel);
	else if (kernel->ifindex && ifindex == kernel->ifindex)
		look_again(kernel);
}

void kernel_look(struct kernel *kernel)
{
	if (kernel->ifindex)
		look_again(kernel);
	else
		attach(kernel);
}

int kernel_set(struct kernel *kernel, const struct ozp_service *service)
{
	struct ozp_service request = *service;
	const struct ozp_error *error;
	int err;

	if (!kernel->ifindex)
		return -ENODEV;
	request.ifindex = kernel->ifindex;
	OZP_SET(&request, OZPROXY_A_SERVICE_IFINDEX);
	err = ozp_service_set(kernel->sock, &request);
	if (!err || is_lost(kernel, err))
		return err;
	error = ozp_socket_error(kernel->sock);
	log_warning("%s: refused by the kernel: %s%s%s", service->name,
		    error->attribute, *error->attribute ? ": " : "",
		    why(kernel, err));
	return err;
}

/* A request with nothing but its name. */
static void name_service(const struct kernel *kernel, const char *name,
			 struct ozp_service *request)
{
	memset(request, 0, sizeof(*request));
	request->ifindex = kernel->ifindex;
	OZP_SET(request, OZPROXY_A_SERVICE_IFINDEX);
	strcpy(request->name, name);
	OZP_SET(request, OZPROXY_A_SERVICE_NAME);
}

int kernel_del(struct kernel *kernel, const char *service)
{
	struct ozp_service request;
	int err;

	if (!kernel->ifindex)
		return -ENODEV;
	name_service(kernel, service, &request);
	err = ozp_service_del(kernel->sock, &request);
	if (!err || is_lost(kernel, err))
		return err;
	if (err == -ENOENT)
		return 0;
	log_warning("%s: not deleted: %s", service, why(kernel, err));
	return err;
}

int kernel_clear(struct kernel *kernel, const char *service, uint64_t used)
{
	struct ozp_service request;
	int err;

	if (!kernel->ifindex)
		return -ENODEV;
	name_service(kernel, service, &request);
	request.used = used;
	OZP_SET(&request, OZPROXY_A_SERVICE_USED);
	err = ozp_service_clear(kernel->sock, &request);
	if (err && !is_lost(kernel, err) && err != -EBUSY && err != -ENOENT)
		log_warning("%s: not cleared: %s", service, why(kernel, err));
	return err;
}

void kernel_deny(struct kernel *kernel, const char *address)
{
	struct ozp_miss request = { .ifindex = kernel->ifindex };
	struct ip ip;
	int err;

	if (!kernel->ifindex || !parse_ip(address, &ip))
		return;
	OZP_SET(&request, OZPROXY_A_MISS_IFINDEX);
	if (ip.family == AF_INET) {
		request.ipv4 = ip.v4;
		OZP_SET(&request, OZPROXY_A_MISS_IPV4);
	} else {
		request.ipv6 = ip.v6;
		OZP_SET(&request, OZPROXY_A_MISS_IPV6);
	}
	request.lifetime = kernel->config->negative_timeout;
	OZP_SET(&request, OZPROXY_A_MISS_LIFETIME);
	err = ozp_miss_resolve(kernel->sock, &request);
	/* -EEXIST: the answer came on another way. */
	if (err && !is_lost(kernel, err) && err != -EEXIST)
		log_warning("%s: not denied: %s", address, why(kernel, err));
}
