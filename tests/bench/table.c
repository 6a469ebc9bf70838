// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * table set FIRST COUNT INSTANCES [PORT]
 *                                   creates or replaces COUNT services from the
 *                                   one numbered FIRST on, many in a message
 * table again NUMBER COUNT PAUSE    replaces one service, with one instance,
 *                                   COUNT times, PAUSE microseconds apart
 * table dump                        reads all
 *
 * Prints the nanoseconds that one service took, from sending a request to the end
 * of its answer: writing the requests is not the kernel's work, and not counted.
 *
 * Service N has the Service IP 10.28.0.1 + N, and its instances Namespace IPs from
 * 10.21.0.1 on and Instance IPs from 10.30.16.0 on, no two the same, all at the
 * node 131.1.0.2, PORT.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uapi/linux/ozproxy.h>

enum {
	BATCH_BYTES = 64 * 1024, /* sent at once */
	LARGEST = 64 * 1024, /* one service */
	RECEIVE_BYTES = 64 * 1024,
	PORT = 50103,
	SERVICE_BASE = 0x0a1c0001,
	NAMESPACE_BASE = 0x0a150001,
	INSTANCE_BASE = 0x0a1e1000,
	NODE = 0x83010002,
};

struct table {
	struct mnl_socket *nl;
	uint16_t family;
	uint32_t ifindex;
	uint32_t seq;
	uint16_t port; /* of the node */
	uint64_t took; /* nanoseconds of requests and their answers */
	unsigned long seen; /* messages with a service */
};

static char batch[BATCH_BYTES + LARGEST];
static char answer[RECEIVE_BYTES];

static void die(const char *what, int error)
{
	fprintf(stderr, "table: %s: %s\n", what, strerror(error));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int see(const struct nlmsghdr *nlh, void *data)
{
	struct table *table = data;
	const struct nlattr *attr;

	if (nlh->nlmsg_type == GENL_ID_CTRL) {
		mnl_attr_for_each(attr, nlh,
				  GENL_HDRLEN) if (mnl_attr_get_type(attr) ==
						   CTRL_ATTR_FAMILY_ID)
			table->family = mnl_attr_get_u16(attr);
	} else {
		table->seen++;
	}
	return MNL_CB_OK;
}

/* Takes answers until the request with the latest number has ended. */
static void receive(struct table *table)
{
	int length, more = MNL_CB_OK;

	while (more > MNL_CB_STOP) {
		length = mnl_socket_recvfrom(table->nl, answer, sizeof(answer));
		if (length < 0)
			die("receive", errno);
		more = mnl_cb_run(answer, length, table->seq, 0, see, table);
		if (more < 0)
			die("refused", errno);
	}
}

static struct nlmsghdr *request(struct table *table, void *at, uint16_t type,
				uint8_t command, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(at);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = table->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = command;
	genl->version = OZPROXY_FAMILY_VERSION;
	return nlh;
}

/* Sends what is in the batch and takes the answer. */
static void transmit(struct table *table, size_t length)
{
	uint64_t started = now();

	if (mnl_socket_sendto(table->nl, batch, length) < 0)
		die("send", errno);
	receive(table);
	table->took += now() - started;
}

static void table_open(struct table *table)
{
	struct nlmsghdr *nlh;

	table->nl = mnl_socket_open(NETLINK_GENERIC);
	if (!table->nl || mnl_socket_bind(table->nl, 0, MNL_SOCKET_AUTOPID) < 0)
		die("socket", errno);
	table->ifindex = if_nametoindex("oz0");
	nlh = request(table, batch, GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
		      NLM_F_ACK);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, OZPROXY_FAMILY_NAME);
	transmit(table, nlh->nlmsg_len);
	table->took = 0;
}

static void put_instance(const struct table *table, struct nlmsghdr *nlh,
			 uint32_t place, uint32_t number)
{
	struct nlattr *nest =
		mnl_attr_nest_start(nlh, OZPROXY_A_SERVICE_INSTANCE);

	mnl_attr_put_u32(nlh, OZPROXY_A_INSTANCE_NUMBER, number);
	mnl_attr_put_u32(nlh, OZPROXY_A_INSTANCE_NAMESPACE_IPV4,
			 htonl(NAMESPACE_BASE + place));
	mnl_attr_put_u32(nlh, OZPROXY_A_INSTANCE_INSTANCE_IPV4,
			 htonl(INSTANCE_BASE + place));
	mnl_attr_put_u32(nlh, OZPROXY_A_INSTANCE_NODE_IPV4, htonl(NODE));
	mnl_attr_put_u16(nlh, OZPROXY_A_INSTANCE_NODE_PORT, htons(table->port));
	mnl_attr_nest_end(nlh, nest);
}

static size_t put_service(struct table *table, void *at, uint32_t number,
			  uint32_t instances)
{
	struct nlmsghdr *nlh =
		request(table, at, table->family, OZPROXY_CMD_SERVICE_SET, 0);
	struct nlattr *nest;
	char name[32];

	snprintf(name, sizeof(name), "service%u", number);
	mnl_attr_put_u32(nlh, OZPROXY_A_SERVICE_IFINDEX, table->ifindex);
	mnl_attr_put_strz(nlh, OZPROXY_A_SERVICE_NAME, name);
	nest = mnl_attr_nest_start(nlh, OZPROXY_A_SERVICE_ADDRESS);
	mnl_attr_put_u32(nlh, OZPROXY_A_ADDRESS_IPV4,
			 htonl(SERVICE_BASE + number));
	mnl_attr_put_u32(nlh, OZPROXY_A_ADDRESS_POLICY, OZPROXY_POLICY_RR);
	mnl_attr_nest_end(nlh, nest);
	for (uint32_t i = 0; i < instances; i++)
		put_instance(table, nlh, number * instances + i, i);
	return nlh->nlmsg_len;
}

/* One send for many services, of which only the last is acknowledged. */
static void set(struct table *table, uint32_t first, uint32_t count,
		uint32_t instances)
{
	uint32_t i = first, end = first + count;

	while (i < end) {
		struct nlmsghdr *last = NULL;
		size_t length = 0;

		table->seq++;
		while (i < end && length < BATCH_BYTES) {
			last = (struct nlmsghdr *)(batch + length);
			length += put_service(table, last, i++, instances);
		}
		last->nlmsg_flags |= NLM_F_ACK;
		transmit(table, length);
	}
}

static void again(struct table *table, uint32_t number, uint32_t count,
		  uint32_t pause)
{
	while (count--) {
		set(table, number, 1, 1);
		usleep(pause);
	}
}

static void dump(struct table *table)
{
	struct nlmsghdr *nlh;

	table->seq++;
	nlh = request(table, batch, table->family, OZPROXY_CMD_SERVICE_GET,
		      NLM_F_DUMP);
	mnl_attr_put_u32(nlh, OZPROXY_A_SERVICE_IFINDEX, table->ifindex);
	transmit(table, nlh->nlmsg_len);
}

int main(int argc, char **argv)
{
	struct table table = { .port = PORT };
	unsigned long count;

	table_open(&table);
	if ((argc == 5 || argc == 6) && !strcmp(argv[1], "set")) {
		if (argc == 6)
			table.port = strtoul(argv[5], NULL, 10);
		count = strtoul(argv[3], NULL, 10);
		set(&table, strtoul(argv[2], NULL, 10), count,
		    strtoul(argv[4], NULL, 10));
	} else if (argc == 5 && !strcmp(argv[1], "again")) {
		count = strtoul(argv[3], NULL, 10);
		again(&table, strtoul(argv[2], NULL, 10), count,
		      strtoul(argv[4], NULL, 10));
	} else if (argc == 2 && !strcmp(argv[1], "dump")) {
		dump(&table);
		count = table.seen;
	} else {
		return 2;
	}
	printf("%.1f\n", (double)table.took / (count ? count : 1));
	return 0;
}
