// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "kernel.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "log.h"
#include "mem.h"
#include "ozproxy_device.h"
#include "ozproxy_flow.h"
#include "ozproxy_service.h"
#include "setup.h"

/* Seconds until a device that is not there is made, and until what failed is
 * tried again, the first time and at most. Who deletes a device to make another
 * gets to do that.
 */
#define PAUSE_MIN 1.0
#define PAUSE_MAX 30.0

/* Notifications that are read before other things get their turn. */
#define READS_MAX 64

/* Notifications that are dropped at once: more than a socket holds. */
#define DROPS_MAX 100000

/* Longest reason of a complaint. */
#define REASON 256

struct kernel {
	struct ev_loop *loop;
	const struct setup *setup;
	const struct kernel_ops *ops;
	void *data;
	struct own own;
	struct ozp_socket *sock; /* NULL: there is no device */
	struct ozp_socket *monitor;
	uint32_t ifindex; /* 0: there is no device */
	uint32_t made; /* the index of the one that was made here, or 0 */
	uint32_t mtu; /* with which it was routed */
	bool is_up; /* and routed */
	bool failed; /* and that was said */
	char reason[REASON]; /* of the last complaint about something in it */
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

/* Begin anew, soon: all is looked at and read then. */
static void restart(struct kernel *kernel)
{
	detach(kernel);
	kernel->pause = PAUSE_MIN;
	retry_later(kernel);
}

static void lose(struct kernel *kernel)
{
	if (!kernel->ifindex)
		return;
	log_warning("%s is gone: it is made again if nobody else does",
		    kernel->setup->device);
	restart(kernel);
}

/* Failures are told once, however often it is tried. */
static enum log_level level_of(const struct kernel *kernel)
{
	return kernel->failed ? LEVEL_DEBUG : LEVEL_ERROR;
}

static void complain(struct kernel *kernel, const char *what, int err)
{
	log_write(level_of(kernel), "%s: %s%s: trying again",
		  kernel->setup->device, what,
		  kernel->sock ? setup_why(kernel->sock, err) : strerror(-err));
	kernel->failed = true;
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

/* What fails of this keeps nothing else from working. */
static void bring_up(struct kernel *kernel, const struct ozp_device *device)
{
	kernel->mtu = device->mtu;
	kernel->is_up = !setup_up(kernel->sock, device, level_of(kernel));
	kernel->failed |= !kernel->is_up;
}

/* All was done that can be done now. */
static void settle(struct kernel *kernel)
{
	if (!kernel->is_up) {
		retry_later(kernel);
		return;
	}
	ev_timer_stop(kernel->loop, &kernel->retry);
	kernel->failed = false;
	kernel->pause = PAUSE_MIN;
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

	dump->services = mem_grow(dump->services, dump->count, &dump->room,
				  sizeof(*dump->services));
	copy = &dump->services[dump->count++];
	record_copy(copy, service);
	copy->used = service->used;
	return 0;
}

static void miss_address(struct kernel *kernel, const struct ozp_miss *miss)
{
	bool v4 = OZP_HAS(miss, OZPROXY_A_MISS_IPV4);
	char text[RECORD_TEXT];

	if (!inet_ntop(v4 ? AF_INET : AF_INET6,
		       v4 ? (const void *)&miss->ipv4 : &miss->ipv6, text,
		       sizeof(text)))
		return;
	if (miss->state == OZPROXY_MISS_STATE_DOUBTED)
		kernel->ops->doubt(kernel->data, text);
	else
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
	misses->misses = mem_grow(misses->misses, misses->count, &misses->room,
				  sizeof(*misses->misses));
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
	/* They change all the time: those that came meanwhile were told. */
	if (err == -EINTR)
		err = 0;
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
	/* A copy of all of it came and went. */
	malloc_trim(0);
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

static int open_sockets(struct kernel *kernel)
{
	int err;

	err = ozp_socket_open(&kernel->sock);
	if (!err)
		err = ozp_socket_open(&kernel->monitor);
	mem_need(err == -ENOMEM ? NULL : kernel);
	return err;
}

static void attach(struct kernel *kernel)
{
	struct ozp_device device = {};
	bool is_made = false;
	int err;

	ev_timer_stop(kernel->loop, &kernel->retry);
	err = open_sockets(kernel);
	if (!err)
		err = setup_find(kernel->sock, kernel->setup, &kernel->own,
				 &device, &is_made);
	if (!err) {
		kernel->ifindex = device.ifindex;
		if (is_made)
			kernel->made = device.ifindex;
		bring_up(kernel, &device);
		/* First listen, then read: nothing falls in between. */
		err = listen_to(kernel);
	}
	if (!err)
		err = read_table(kernel);
	ozp_device_free(&device);
	if (err) {
		complain(kernel, "", err);
		detach(kernel);
	}
	settle(kernel);
}

static int drop_event(const struct ozp_event *event, void *data)
{
	(void)event;
	(void)data;
	return 0;
}

/* What was told is older than what is read next, and some of it is missing. */
static void drop_events(struct kernel *kernel)
{
	int i, err = 0;

	for (i = 0; i < DROPS_MAX && !err; i++)
		err = ozp_monitor_read(kernel->monitor, drop_event, NULL);
}

static void repair(struct kernel *kernel)
{
	int err;

	log_warning("%s: events came faster than they were read: reading all",
		    kernel->setup->device);
	drop_events(kernel);
	err = read_table(kernel);
	if (!err || !kernel->sock || is_lost(kernel, err))
		return;
	complain(kernel, "its table cannot be read: ", err);
	restart(kernel);
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
	case OZPROXY_CMD_SERVICE_NTF:
		kernel->ops->taken(kernel->data, service->name,
				   service->origin != OZPROXY_ORIGIN_OZPROXYD);
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

/*
 * How the device is now: what is told of it may be older than what was done.
 * Routes go when it goes down, and do not come back with it; those of IPv6 also
 * when packets of 1280 bytes do not fit any more. What failed is done @again.
 */
static void look_again(struct kernel *kernel, bool again)
{
	struct ozp_device device = {};
	int err;

	err = ozp_device_get(kernel->sock, kernel->setup->device, &device);
	if (err && err != -ENODEV) {
		complain(kernel, "", err);
		restart(kernel);
	} else if (err || device.ifindex != kernel->ifindex) {
		lose(kernel);
	} else if (!device.up && kernel->is_up) {
		log_warning("%s was taken down", device.ifname);
		ev_timer_stop(kernel->loop, &kernel->retry);
		kernel->is_up = false;
	} else if (again || (device.up &&
			     (!kernel->is_up || device.mtu != kernel->mtu))) {
		bring_up(kernel, &device);
		settle(kernel);
	}
	ozp_device_free(&device);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct kernel *kernel = timer->data;

	(void)loop;
	(void)events;
	if (kernel->ifindex)
		look_again(kernel, true);
	else
		attach(kernel);
}

struct kernel *kernel_start(struct ev_loop *loop, const struct setup *setup,
			    const struct own *own, const struct kernel_ops *ops,
			    void *data)
{
	struct kernel *kernel = mem_zero(sizeof(*kernel));

	kernel->loop = loop;
	kernel->setup = setup;
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

	if (remove && kernel->ifindex && kernel->ifindex == kernel->made) {
		err = ozp_device_del(kernel->sock, kernel->ifindex);
		if (err)
			log_warning("%s could not be deleted: %s",
				    kernel->setup->device,
				    setup_why(kernel->sock, err));
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
	int err;

	kernel->own = *own;
	if (!kernel->ifindex)
		return;
	err = setup_move(kernel->sock, kernel->ifindex, kernel->setup, own,
			 also);
	if (!err || is_lost(kernel, err))
		return;
	complain(kernel, "addresses of this node: ", err);
	restart(kernel);
}

void kernel_link(struct kernel *kernel, uint32_t ifindex, const char *ifname,
		 bool is_gone)
{
	if (!kernel->ifindex && !is_gone &&
	    !strcmp(ifname, kernel->setup->device))
		attach(kernel);
	else if (kernel->ifindex && ifindex == kernel->ifindex && is_gone)
		lose(kernel);
	else if (kernel->ifindex && ifindex == kernel->ifindex)
		look_again(kernel, false);
}

void kernel_look(struct kernel *kernel)
{
	if (kernel->ifindex)
		look_again(kernel, false);
	else
		attach(kernel);
}

/* Containers and the cluster can repeat it as they like: once each reason. */
static void complain_of(struct kernel *kernel, const char *what,
			const char *reason)
{
	log_write(strcmp(reason, kernel->reason) ? LEVEL_WARNING : LEVEL_DEBUG,
		  "%s: %s", what, reason);
	snprintf(kernel->reason, sizeof(kernel->reason), "%s", reason);
}

int kernel_set(struct kernel *kernel, const struct ozp_service *service)
{
	struct ozp_service request = *service;
	const struct ozp_error *error;
	char reason[REASON];
	int err;

	if (!kernel->ifindex)
		return -ENODEV;
	request.ifindex = kernel->ifindex;
	OZP_SET(&request, OZPROXY_A_SERVICE_IFINDEX);
	err = ozp_service_set(kernel->sock, &request);
	if (!err || is_lost(kernel, err))
		return err;
	error = ozp_socket_error(kernel->sock);
	snprintf(reason, sizeof(reason), "refused by the kernel: %s%s%s",
		 error->attribute, *error->attribute ? ": " : "",
		 setup_why(kernel->sock, err));
	complain_of(kernel, service->name, reason);
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
	log_warning("%s: not deleted: %s", service,
		    setup_why(kernel->sock, err));
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
		log_warning("%s: not cleared: %s", service,
			    setup_why(kernel->sock, err));
	return err;
}

void kernel_deny(struct kernel *kernel, const char *address)
{
	struct ozp_miss request = { .ifindex = kernel->ifindex };
	char reason[REASON];
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
	request.lifetime = kernel->setup->negative_timeout;
	OZP_SET(&request, OZPROXY_A_MISS_LIFETIME);
	err = ozp_miss_resolve(kernel->sock, &request);
	/* -EEXIST: the answer came on another way. */
	if (!err || is_lost(kernel, err) || err == -EEXIST)
		return;
	snprintf(reason, sizeof(reason), "not denied: %s",
		 setup_why(kernel->sock, err));
	complain_of(kernel, address, reason);
}
