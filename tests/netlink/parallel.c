// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* Four clients with random requests: the table stays sound. */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "sections.h"
#include "tap.h"
#include "tree.h"
#include "world.h"

#define CLIENTS 4
#define ROUNDS 250
#define NAMES 6
#define ADDRESSES 10

static void random_service(struct service *service, char *name, char *address,
			   char *instance)
{
	unsigned int number = random() % NAMES;

	snprintf(name, 16, "job.%u", number);
	snprintf(address, 16, "10.30.1.%ld", 1 + random() % ADDRESSES);
	/* Instance IPs of a job are its own, whoever sets it. */
	snprintf(instance, 16, "10.30.%u.1", 10 + number);
	*service = (struct service) {
		.name = name,
		.address = random() % 5 ? address : NULL,
		.instances = random() % 40,
		.namespace_ip = "10.19.1.3",
		.instance_ip = instance,
	};
}

static void random_request(struct client *client, int ifindex,
			   struct outcome *out)
{
	char name[16], address[16], instance[16];
	struct service service;
	struct attr *list;

	random_service(&service, name, address, instance);
	tree_reset();
	list = tree_new();
	attr_add_u32(list, OZPROXY_A_SERVICE_IFINDEX, ifindex);
	switch (random() % 8) {
	case 0:
		service_del(client, ifindex, name, out);
		return;
	case 1:
		attr_add_string(list, OZPROXY_A_SERVICE_NAME, name);
		attr_add_u32(list, OZPROXY_A_SERVICE_GENERATION,
			     random() % 1000);
		client_call(client, OZPROXY_CMD_SERVICE_CLEAR, 0, list, out,
			    NULL, NULL);
		return;
	case 2:
		client_call(client, OZPROXY_CMD_SERVICE_GET, NLM_F_DUMP, list,
			    out, NULL, NULL);
		return;
	case 3:
		mirror_add(list, &set_service, OZPROXY_A_SERVICE_FIND_IPV4,
			   address);
		client_call(client, OZPROXY_CMD_SERVICE_GET, 0, list, out,
			    NULL, NULL);
		return;
	case 4:
		client_call(client, random() % 2 ? OZPROXY_CMD_FLOW_FLUSH :
			    OZPROXY_CMD_STATS_GET, 0, list, out, NULL, NULL);
		return;
	default:
		service_set(client, ifindex, &service, out);
		return;
	}
}

/* The exit status of a client: whether anything unexpected came back. */
static int run_client(int ifindex, unsigned int seed)
{
	struct client client;
	struct outcome out;
	unsigned int i;

	srandom(seed);
	client_open(&client, NETLINK_GENERIC);
	for (i = 0; i < ROUNDS; i++) {
		random_request(&client, ifindex, &out);
		if (out.err && out.err != ENOENT && out.err != EBUSY) {
			diag("seed %u, round %u: %s %s", seed, i,
			     strerror(out.err), out.text);
			return 1;
		}
	}
	return 0;
}

struct census {
	unsigned int services;
	unsigned int instances;
	unsigned int addresses;
	unsigned int doubles;
	bool address[256];
	char last[OZPROXY_NAME_MAX + 1];
};

static void count_address(struct census *census, const struct nlattr *nest)
{
	const struct nlattr *attr;
	uint8_t last;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) != OZPROXY_A_ADDRESS_IPV4)
			continue;
		last = ((const uint8_t *)mnl_attr_get_payload(attr))[3];
		census->doubles += census->address[last];
		census->address[last] = true;
		census->addresses++;
	}
}

static void take_census(const struct nlmsghdr *nlh, void *arg)
{
	struct census *census = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		switch (mnl_attr_get_type(attr)) {
		case OZPROXY_A_SERVICE_NAME:
			if (strcmp(census->last, mnl_attr_get_str(attr)))
				census->services++;
			strncpy(census->last, mnl_attr_get_str(attr),
				OZPROXY_NAME_MAX);
			break;
		case OZPROXY_A_SERVICE_ADDRESS:
			count_address(census, attr);
			break;
		case OZPROXY_A_SERVICE_INSTANCE:
			census->instances++;
			break;
		}
	}
}

struct totals {
	uint32_t services;
	uint32_t instances;
	uint32_t nodes;
};

static void see_totals(const struct nlmsghdr *nlh, void *arg)
{
	struct totals *totals = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		switch (mnl_attr_get_type(attr)) {
		case OZPROXY_A_STATS_SERVICES:
			totals->services = mnl_attr_get_u32(attr);
			break;
		case OZPROXY_A_STATS_INSTANCES:
			totals->instances = mnl_attr_get_u32(attr);
			break;
		case OZPROXY_A_STATS_NODES:
			totals->nodes = mnl_attr_get_u32(attr);
			break;
		}
	}
}

static struct totals get_totals(struct client *client, int ifindex)
{
	struct totals totals = { 0 };
	struct nlmsghdr *nlh;
	struct outcome out;

	nlh = request_genl(client, OZPROXY_CMD_STATS_GET, 0);
	mnl_attr_put_u32(nlh, OZPROXY_A_STATS_IFINDEX, ifindex);
	client_talk(client, nlh, &out, see_totals, &totals);
	return totals;
}

static void check_table(struct client *client, int ifindex)
{
	struct census census = { 0 };
	struct totals totals;
	struct nlmsghdr *nlh;
	struct outcome out;
	char name[16];
	int i;

	nlh = request_genl(client, OZPROXY_CMD_SERVICE_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, OZPROXY_A_SERVICE_IFINDEX, ifindex);
	client_talk(client, nlh, &out, take_census, &census);
	totals = get_totals(client, ifindex);
	ok(!out.err && totals.services == census.services &&
	   totals.instances == census.instances,
	   "the table holds what it counts: %u services, %u instances",
	   totals.services, totals.instances);
	if (totals.services != census.services ||
	    totals.instances != census.instances)
		diag("dumped: %u services, %u instances", census.services,
		     census.instances);
	ok(!census.doubles, "no address is in two services");

	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "job.%d", i);
		service_del(client, ifindex, name, &out);
	}
	/* Nodes go after a grace period. */
	for (i = 0; i < 100; i++) {
		totals = get_totals(client, ifindex);
		if (!totals.services && !totals.instances && !totals.nodes)
			break;
		poll(NULL, 0, 50);
	}
	ok(!totals.services && !totals.instances && !totals.nodes,
	   "empty once all are removed");
}

void section_parallel(void)
{
	const char *fixed = getenv("OZP_SEED");
	unsigned long seed = fixed ? strtoul(fixed, NULL, 0) :
		(unsigned long)time(NULL);
	pid_t pids[CLIENTS];
	struct client client;
	int ifindex, i, status, bad = 0;

	ifindex = device_need("oz0");
	diag("OZP_SEED=%lu", seed);
	for (i = 0; i < CLIENTS; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(run_client(ifindex, seed + i));
	}
	for (i = 0; i < CLIENTS; i++) {
		if (pids[i] < 0 || waitpid(pids[i], &status, 0) != pids[i] ||
		    status)
			bad++;
	}
	ok(!bad, "%d clients with %d random requests each", CLIENTS, ROUNDS);
	client_open(&client, NETLINK_GENERIC);
	check_table(&client, ifindex);
	client_close(&client);
	device_del(ifindex);
}
