// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* Devices that are deleted while clients ask for them. */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "sections.h"
#include "tap.h"
#include "tree.h"
#include "world.h"

#define CLIENTS 3
#define ROUNDS 40

static const struct service big = {
	"big", "10.30.1.1", 300, "10.20.0.1", "10.30.8.0"
};

static const uint8_t asked[] = {
	OZPROXY_CMD_SERVICE_GET, OZPROXY_CMD_FLOW_GET, OZPROXY_CMD_MISS_GET,
};

/* What may be said of a device that is there, goes, or is gone. */
static bool is_expected(int err)
{
	return !err || err == ENODEV || err == ENOENT || err == EBUSY;
}

/* One turn of a client: a dump of each kind, and two changes. */
static int ask(struct client *client, int ifindex)
{
	static const struct service small = {
		"small", "10.30.1.2", 2, "10.19.1.3", "10.30.2.1"
	};
	struct outcome out;
	struct attr *list;
	unsigned int i;

	for (i = 0; i < sizeof(asked); i++) {
		tree_reset();
		list = tree_new();
		attr_add_u32(list, OZPROXY_A_SERVICE_IFINDEX, ifindex);
		client_call(client, asked[i], NLM_F_DUMP, list, &out, NULL,
			    NULL);
		if (!is_expected(out.err))
			return out.err;
	}
	service_set(client, ifindex, &small, &out);
	if (!is_expected(out.err))
		return out.err;
	service_del(client, ifindex, small.name, &out);
	return is_expected(out.err) ? 0 : out.err;
}

/* @ifindex: of the device of the moment, 0 at the end. */
static int run_client(const volatile int *ifindex)
{
	struct client client;
	int err = 0, device;

	client_open(&client, NETLINK_GENERIC);
	while (!err && (device = *ifindex))
		err = ask(&client, device);
	if (err)
		diag("a client got %s", strerror(err));
	return !!err;
}

void section_vanish(void)
{
	int i, status, made = 0, bad = 0;
	volatile int *ifindex;
	pid_t pids[CLIENTS];
	struct client client;
	struct outcome out;

	ifindex = mmap(NULL, sizeof(*ifindex), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ifindex == MAP_FAILED)
		bail("no memory");
	client_open(&client, NETLINK_GENERIC);
	*ifindex = device_new("oz0", NULL, &out);
	for (i = 0; i < CLIENTS; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(run_client(ifindex));
	}
	for (i = 0; i < ROUNDS && *ifindex; i++) {
		service_set(&client, *ifindex, &big, &out);
		made += !out.err;
		device_del(*ifindex);
		*ifindex = device_new("oz0", NULL, &out);
	}
	ok(made == ROUNDS && *ifindex,
	   "%d devices come and go while %d clients ask", ROUNDS, CLIENTS);
	if (*ifindex)
		device_del(*ifindex);
	*ifindex = 0;
	for (i = 0; i < CLIENTS; i++)
		if (pids[i] < 0 || waitpid(pids[i], &status, 0) != pids[i] ||
		    status)
			bad++;
	ok(!bad, "each client heard what it should");
	client_close(&client);
}
