// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * Each allocation of a request fails once: it is refused, changes nothing and
 * tells nobody, or does without. The same for those that a packet needs. What
 * they leave behind is for kmemleak to find.
 *
 * Needs a kernel with CONFIG_FAILSLAB and its filter by stack trace, set up:
 * only what the module asks for, itself or further down, fails.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
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

#define FLOW_PORT 4000
#define MISS_ADDRESS "10.30.1.99"

static const struct service old = {
	"old", "10.30.1.80", 3, "10.21.0.1", "10.30.0.40"
};
static const struct service other = {
	"old", "10.30.1.81", 5, "10.21.0.1", "10.30.0.40"
};
static const struct service fresh = {
	"fresh", "10.30.1.82", 2, "10.21.1.1", "10.30.0.60"
};

/* What "oz0" has beside its table. */
#define LINK_ROOM 1024

struct scene {
	struct client client;
	struct client ear;	/* in both groups */
	int ifindex;
	unsigned int round;	/* for what must be new each time */
};

enum request_kind {
	OURS,		/* refused with what we say */
	CORE,		/* most of it is not ours: fails with any errno */
	SILENT,		/* does without, or is lost without an answer */
};

struct request {
	const char *name;
	void (*send)(struct scene *scene, struct outcome *out);
	void (*undo)(struct scene *scene);
	enum request_kind kind;
	uint8_t told;	/* the notification of it, 0 for none */
	void (*first)(struct scene *scene);
};

struct state {
	struct snapshot table;
	char link[LINK_ROOM];
	int link_len;
};

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bail("%s: %s", path, strerror(errno));
	close(fd);
}

/* Who runs this says which code's allocations may fail (failslab.bash). */
static void check_filter(void)
{
	unsigned long long start = 0;
	FILE *file;

	file = fopen(FAILSLAB "require-start", "re");
	if (!file || fscanf(file, "%llx", &start) != 1 || !start)
		bail("failslab has no filter");
	fclose(file);
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

static void state_take(struct scene *scene, struct state *state)
{
	snapshot_take(&scene->client, scene->ifindex, &state->table);
	state->link_len = device_data(scene->ifindex, state->link, LINK_ROOM);
}

static bool state_equal(const struct state *a, const struct state *b)
{
	return snapshot_equal(&a->table, &b->table) &&
	       a->table.generation == b->table.generation &&
	       a->link_len == b->link_len &&
	       !memcmp(a->link, b->link, a->link_len);
}

/* What is told has been told when the request is answered. What the clock tells,
 * whatever is requested, is not meant: a miss once more, a service that is idle.
 */
static bool is_of_clock(uint8_t cmd)
{
	return cmd == OZPROXY_CMD_MISS_NTF ||
	       cmd == OZPROXY_CMD_SERVICE_IDLE_NTF;
}

static uint8_t last_told(struct scene *scene, uint8_t expected)
{
	uint8_t told = 0;
	uint8_t cmd;

	while (client_notified(&scene->ear, 0, &cmd, NULL, NULL))
		if (!is_of_clock(cmd) || cmd == expected)
			told = cmd;
	return told;
}

/* A request was refused: as if it had not been there. */
static bool refused_well(struct scene *scene, const struct request *request,
			 const struct state *before, int err)
{
	struct state after;
	bool good = true;

	if (request->kind == OURS && err != ENOMEM && err != ENOBUFS) {
		diag("%s", strerror(err));
		good = false;
	}
	state_take(scene, &after);
	if (!state_equal(before, &after)) {
		diag("something changed");
		good = false;
	}
	snapshot_free(&after.table);
	if (last_told(scene, 0)) {
		diag("somebody was told");
		good = false;
	}
	return good;
}

static void sweep(struct scene *scene, const struct request *request)
{
	unsigned int nth, refused = 0, wrong = 0;
	struct state before;
	bool failed = true;
	uint8_t told = 0;
	struct outcome out;

	if (request->first)
		request->first(scene);
	for (nth = 1; failed && nth < ALLOCATIONS; nth++) {
		scene->round++;
		state_take(scene, &before);
		failed = send_failing(scene, request, nth, &out);
		if (out.err) {
			refused++;
			if (!refused_well(scene, request, &before, out.err)) {
				diag("when allocation %u failed", nth);
				wrong++;
			}
		} else {
			told = last_told(scene, request->told);
			if (request->undo)
				request->undo(scene);
			last_told(scene, 0);
		}
		snapshot_free(&before.table);
	}
	diag("%s: %u allocations, refused without %u of them", request->name,
	     nth - 2, refused);
	ok(!wrong, "%s: a failed allocation changes nothing", request->name);
	ok(!failed && !out.err && nth > 2 &&
	   (refused || request->kind == SILENT) &&
	   told == request->told,
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

static void dump_flows(struct scene *scene, struct outcome *out)
{
	client_call(&scene->client, OZPROXY_CMD_FLOW_GET, NLM_F_DUMP,
		    of_device(scene), out, NULL, NULL);
}

static void dump_misses(struct scene *scene, struct outcome *out)
{
	client_call(&scene->client, OZPROXY_CMD_MISS_GET, NLM_F_DUMP,
		    of_device(scene), out, NULL, NULL);
}

static void get_flow(struct scene *scene, struct outcome *out)
{
	struct attr *list = of_device(scene);
	uint16_t port = htons(FLOW_PORT);
	uint8_t protocol = IPPROTO_UDP;

	attr_add(list, OZPROXY_A_FLOW_PROTOCOL, &protocol, sizeof(protocol));
	mirror_add(list, &set_flow, OZPROXY_A_FLOW_SOURCE_IPV4, "10.19.1.3");
	attr_add(list, OZPROXY_A_FLOW_SOURCE_PORT, &port, sizeof(port));
	mirror_add(list, &set_flow, OZPROXY_A_FLOW_DESTINATION_IPV4,
		   old.address);
	mirror_add(list, &set_flow, OZPROXY_A_FLOW_DESTINATION_PORT, "9");
	client_call(&scene->client, OZPROXY_CMD_FLOW_GET, 0, list, out, NULL,
		    NULL);
}

static void get_miss(struct scene *scene, struct outcome *out)
{
	struct attr *list = of_device(scene);

	mirror_add(list, &set_miss, OZPROXY_A_MISS_IPV4, MISS_ADDRESS);
	client_call(&scene->client, OZPROXY_CMD_MISS_GET, 0, list, out, NULL,
		    NULL);
}

static void change_locals(struct scene *scene, struct outcome *out)
{
	struct attr *data;

	tree_reset();
	data = tree_new();
	mirror_add(attr_add_nest(data, IFLA_OZPROXY_LOCAL), &set_local,
		   IFLA_OZPROXY_LOCAL_IPV4, "192.0.2.1");
	mirror_add(attr_add_nest(data, IFLA_OZPROXY_LOCAL), &set_local,
		   IFLA_OZPROXY_LOCAL_IPV6, "2001:db8::1");
	device_change(scene->ifindex, data, out);
}

static void no_locals(struct scene *scene)
{
	struct outcome out;
	struct attr *data;

	tree_reset();
	data = tree_new();
	attr_add_nest(data, IFLA_OZPROXY_LOCAL);
	device_change(scene->ifindex, data, &out);
	if (out.err)
		bail("local addresses stay: %s", strerror(out.err));
}

static void begin_flow(struct scene *scene, struct outcome *out)
{
	(void)out;
	container_send(old.address, FLOW_PORT + scene->round);
}

static void begin_miss(struct scene *scene, struct outcome *out)
{
	char address[32];

	(void)out;
	snprintf(address, sizeof(address), "10.30.77.%u",
		 scene->round % 254 + 1);
	container_send(address, FLOW_PORT);
}

static void del_old(struct scene *scene, struct outcome *out)
{
	service_del(&scene->client, scene->ifindex, old.name, out);
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
	{ "service-set", set_fresh, del_fresh, OURS,
	  OZPROXY_CMD_SERVICE_NTF },
	{ "service-set of one that is there", set_other, set_old, OURS,
	  OZPROXY_CMD_SERVICE_NTF },
	{ "service-get", get_old },
	{ "stats-get", get_stats },
	{ "flow-get", get_flow },
	{ "flow-get of all", dump_flows },
	{ "miss-get", get_miss },
	{ "miss-get of all", dump_misses },
	{ "flow-flush", flush_flows },
	{ "service-del", del_old, set_old, SILENT,
	  OZPROXY_CMD_SERVICE_DEL_NTF },
	{ "other local addresses", change_locals, no_locals, CORE },
	{ "a new flow", begin_flow, NULL, SILENT },
	{ "a miss", begin_miss, NULL, SILENT, OZPROXY_CMD_MISS_NTF },
	{ "a new device", add_device, del_device, CORE },
	{ "a device goes up", set_up, set_down, CORE, .first = set_down },
};

/* Everything that can be asked for is there, and somebody listens. */
static void scene_make(struct scene *scene)
{
	struct outcome out;
	struct attr *data;

	client_open(&scene->client, NETLINK_GENERIC);
	/* A slow machine takes its time, and the packet waits all the while. */
	tree_reset();
	data = tree_new();
	mirror_add(data, &set_link, IFLA_OZPROXY_MISS_TIMEOUT, "60000");
	scene->ifindex = device_new("oz0", data, &out);
	if (!scene->ifindex)
		bail("no device: %s", out.text);
	container_make(&scene->client, scene->ifindex, "oz0");
	set_old(scene);
	container_send(old.address, FLOW_PORT);
	container_send(MISS_ADDRESS, FLOW_PORT);
	client_open(&scene->ear, NETLINK_GENERIC);
	client_join(&scene->ear, scene->ear.group_changes);
	client_join(&scene->ear, scene->ear.group_misses);
}

void section_memory(void)
{
	struct scene scene = {};
	unsigned int i;

	check_filter();
	scene_make(&scene);
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		sweep(&scene, &requests[i]);
	device_del(scene.ifindex);
	client_close(&scene.ear);
	client_close(&scene.client);
}
