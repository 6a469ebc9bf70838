// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * Each allocation of a request fails once: it is refused and changes nothing,
 * or does without. What it leaves behind is for kmemleak to find.
 *
 * Needs a kernel with CONFIG_FAILSLAB and its filter by stack trace: only what
 * the module asks for, itself or further down, fails.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "sections.h"
#include "tap.h"
#include "tree.h"
#include "world.h"

#define FAILSLAB "/sys/kernel/debug/failslab/"
#define FAIL_NTH "/proc/thread-self/fail-nth"

/* More than any request asks for. */
#define ALLOCATIONS 400

static const struct service old = {
	"old", "10.30.1.80", 3, "10.21.0.1", "10.30.0.40"
};
static const struct service other = {
	"old", "10.30.1.81", 5, "10.21.0.1", "10.30.0.40"
};
static const struct service fresh = {
	"fresh", "10.30.1.82", 2, "10.21.1.1", "10.30.0.60"
};

struct scene {
	struct client client;
	int ifindex;
};

struct request {
	const char *name;
	void (*send)(struct scene *scene, struct outcome *out);
	void (*undo)(struct scene *scene);
	bool core;	/* most of it is not ours, and fails with any errno */
};

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bail("%s: %s", path, strerror(errno));
	close(fd);
}

/* Where the code of the module is, by its symbols. */
static void find_module(uint64_t *first, uint64_t *last)
{
	char line[512], module[64], kind;
	uint64_t address;
	FILE *file;

	*first = UINT64_MAX;
	*last = 0;
	file = fopen("/proc/kallsyms", "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 " %c %*s [%63[^]]", &address,
			   &kind, module) != 3 ||
		    strcmp(module, "ozproxy") || (kind | 0x20) != 't')
			continue;
		if (address < *first)
			*first = address;
		if (address > *last)
			*last = address;
	}
	if (file)
		fclose(file);
	if (!*last)
		bail("no symbols of the module");
}

static void fail_only_module(void)
{
	uint64_t first, last;
	char text[32];

	find_module(&first, &last);
	snprintf(text, sizeof(text), "0x%" PRIx64, first);
	put(FAILSLAB "require-start", text);
	/* Into the last function, of which only the beginning is known. */
	snprintf(text, sizeof(text), "0x%" PRIx64, last + 1024);
	put(FAILSLAB "require-end", text);
	put(FAILSLAB "stacktrace-depth", "32");
	put(FAILSLAB "ignore-gfp-wait", "N");
	put(FAILSLAB "probability", "0");
	put(FAILSLAB "verbose", "0");
}

/* Did the allocation fail that was to? The kernel counts down to it. */
static bool has_failed(void)
{
	char text[16] = "";
	int fd = open(FAIL_NTH, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		bail("%s: %s", FAIL_NTH, strerror(errno));
	close(fd);
	put(FAIL_NTH, "0");
	return !atoi(text);
}

static bool send_failing(struct scene *scene, const struct request *request,
			 unsigned int nth, struct outcome *out)
{
	char text[16];

	memset(out, 0, sizeof(*out));
	snprintf(text, sizeof(text), "%u", nth);
	put(FAIL_NTH, text);
	request->send(scene, out);
	return has_failed();
}

static bool is_right_error(const struct request *request, int err)
{
	return request->core || err == ENOMEM || err == ENOBUFS;
}

static void sweep(struct scene *scene, const struct request *request)
{
	unsigned int nth, refused = 0, wrong = 0;
	struct snapshot before, after;
	struct outcome out;
	bool failed = true;

	for (nth = 1; failed && nth < ALLOCATIONS; nth++) {
		snapshot_take(&scene->client, scene->ifindex, &before);
		failed = send_failing(scene, request, nth, &out);
		if (out.err) {
			refused++;
			snapshot_take(&scene->client, scene->ifindex, &after);
			if (!is_right_error(request, out.err)) {
				diag("allocation %u: %s", nth,
				     strerror(out.err));
				wrong++;
			}
			if (!snapshot_equal(&before, &after) ||
			    before.generation != after.generation) {
				diag("allocation %u: the table changed", nth);
				wrong++;
			}
			snapshot_free(&after);
		} else if (request->undo) {
			request->undo(scene);
		}
		snapshot_free(&before);
	}
	diag("%s: %u allocations, refused without %u of them", request->name,
	     nth - 2, refused);
	ok(!wrong, "%s: a failed allocation changes nothing", request->name);
	ok(!failed && !out.err && refused,
	   "%s: refused without memory, works with it", request->name);
}

static void set_fresh(struct scene *scene, struct outcome *out)
{
	service_set(&scene->client, scene->ifindex, &fresh, out);
}

static void del_fresh(struct scene *scene)
{
	struct outcome out;

	service_del(&scene->client, scene->ifindex, fresh.name, &out);
}

static void set_other(struct scene *scene, struct outcome *out)
{
	service_set(&scene->client, scene->ifindex, &other, out);
}

static void set_old(struct scene *scene)
{
	struct outcome out;

	service_set(&scene->client, scene->ifindex, &old, &out);
}

static void get_old(struct scene *scene, struct outcome *out)
{
	struct attr *list;

	tree_reset();
	list = tree_new();
	attr_add_u32(list, OZPROXY_A_SERVICE_IFINDEX, scene->ifindex);
	attr_add_string(list, OZPROXY_A_SERVICE_NAME, old.name);
	client_call(&scene->client, OZPROXY_CMD_SERVICE_GET, 0, list, out,
		    NULL, NULL);
}

/* Attribute 1 of each operation names the device (section mirror). */
static struct attr *of_device(const struct scene *scene)
{
	struct attr *list;

	tree_reset();
	list = tree_new();
	attr_add_u32(list, 1, scene->ifindex);
	return list;
}

static void get_stats(struct scene *scene, struct outcome *out)
{
	client_call(&scene->client, OZPROXY_CMD_STATS_GET, 0,
		    of_device(scene), out, NULL, NULL);
}

static void flush_flows(struct scene *scene, struct outcome *out)
{
	client_call(&scene->client, OZPROXY_CMD_FLOW_FLUSH, 0,
		    of_device(scene), out, NULL, NULL);
}

static void add_device(struct scene *scene, struct outcome *out)
{
	struct attr *list;

	(void)scene;
	tree_reset();
	list = tree_new();
	mirror_add(list, &set_link, IFLA_OZPROXY_PORT, "40009");
	device_new("oz9", list, out);
	if (out->err && if_nametoindex("oz9"))
		bail("a device that could not be made is there");
}

static void del_device(struct scene *scene)
{
	(void)scene;
	device_del(if_nametoindex("oz9"));
}

static void link_flags(struct scene *scene, unsigned int flags,
		       struct outcome *out)
{
	struct nlmsghdr *nlh = request_link(RTM_NEWLINK, 0, scene->ifindex);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	struct client client;

	info->ifi_flags = flags;
	info->ifi_change = IFF_UP;
	client_open(&client, NETLINK_ROUTE);
	client_talk(&client, nlh, out, NULL, NULL);
	client_close(&client);
}

static void set_up(struct scene *scene, struct outcome *out)
{
	link_flags(scene, IFF_UP, out);
}

static void set_down(struct scene *scene)
{
	struct outcome out;

	link_flags(scene, 0, &out);
}

static const struct request requests[] = {
	{ "service-set", set_fresh, del_fresh },
	{ "service-set of one that is there", set_other, set_old },
	{ "service-get", get_old },
	{ "stats-get", get_stats },
	{ "flow-flush", flush_flows },
	{ "a new device", add_device, del_device, true },
	{ "a device goes up", set_up, set_down, true },
};

void section_memory(void)
{
	struct scene scene = {};
	struct outcome out;
	unsigned int i;

	fail_only_module();
	client_open(&scene.client, NETLINK_GENERIC);
	scene.ifindex = device_new("oz0", NULL, &out);
	if (!scene.ifindex)
		bail("no device: %s", out.text);
	set_old(&scene);
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		sweep(&scene, &requests[i]);
	device_del(scene.ifindex);
	client_close(&scene.client);
}
