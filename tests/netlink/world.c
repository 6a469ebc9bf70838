// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "tap.h"
#include "tree.h"

#define SNAPSHOT_ROOM (512 * 1024)
#define KIND "ozproxy"

void world_enter(void)
{
	if (unshare(CLONE_NEWNET))
		bail("no network namespace: %s", strerror(errno));
	world_run("ip link set lo up");
}

void world_run(const char *command, ...)
{
	char line[256];
	va_list args;

	va_start(args, command);
	vsnprintf(line, sizeof(line), command, args);
	va_end(args);
	if (system(line))
		bail("failed: %s", line);
}

/* The tree of @data goes into IFLA_LINKINFO of @nlh. */
static void link_info(struct nlmsghdr *nlh, struct attr *data)
{
	struct nlattr *info, *nest;

	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_str(nlh, IFLA_INFO_KIND, KIND);
	if (data) {
		nest = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
		tree_write(nlh, data);
		mnl_attr_nest_end(nlh, nest);
	}
	mnl_attr_nest_end(nlh, info);
}

static void link_talk(struct nlmsghdr *nlh, struct outcome *out, reply_fn fn,
		      void *arg)
{
	struct client client;

	client_open(&client, NETLINK_ROUTE);
	client_talk(&client, nlh, out, fn, arg);
	client_close(&client);
}

int device_new(const char *name, struct attr *data, struct outcome *out)
{
	struct nlmsghdr *nlh;

	nlh = request_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	link_info(nlh, data);
	link_talk(nlh, out, NULL, NULL);
	return out->err ? 0 : (int)if_nametoindex(name);
}

int device_need(const char *name)
{
	struct outcome out;
	int ifindex = device_new(name, NULL, &out);

	if (!ifindex)
		bail("no device: %s %s", strerror(out.err), out.text);
	return ifindex;
}

void device_del(int ifindex)
{
	struct outcome out;

	link_talk(request_link(RTM_DELLINK, 0, ifindex), &out, NULL, NULL);
	if (out.err)
		bail("cannot delete device %d: %s", ifindex,
		     strerror(out.err));
}

void device_change(int ifindex, struct attr *data, struct outcome *out)
{
	struct nlmsghdr *nlh = request_link(RTM_NEWLINK, 0, ifindex);

	link_info(nlh, data);
	link_talk(nlh, out, NULL, NULL);
}

struct data_seen {
	char *data;
	size_t room;
	int len;
};

static void see_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr, *info;
	struct data_seen *seen = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) != IFLA_LINKINFO)
			continue;
		mnl_attr_for_each_nested(info, attr) {
			if (mnl_attr_get_type(info) == IFLA_INFO_KIND &&
			    strcmp(mnl_attr_get_str(info), KIND))
				return;
			if (mnl_attr_get_type(info) != IFLA_INFO_DATA)
				continue;
			seen->len = mnl_attr_get_payload_len(info);
			if ((size_t)seen->len > seen->room)
				bail("link data of %d bytes", seen->len);
			memcpy(seen->data, mnl_attr_get_payload(info),
			       seen->len);
		}
	}
}

int device_data(int ifindex, char *data, size_t room)
{
	struct data_seen seen = { .data = data, .room = room, .len = -1 };
	struct outcome out;

	link_talk(request_link(RTM_GETLINK, 0, ifindex), &out, see_link,
		  &seen);
	return out.err ? -1 : seen.len;
}

void container_make(struct client *client, int ifindex, const char *name)
{
	static const struct service self = {
		"self", NULL, 1, "10.19.1.3", "10.30.0.2",
		OZPROXY_INSTANCE_FLAGS_LOCAL
	};
	struct attr *list, *nest;
	struct outcome out;

	world_run("echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad");
	world_run("ip link add con0 type dummy");
	world_run("ip address add 10.19.1.3/32 dev con0");
	world_run("ip link set con0 up");
	world_run("ip address add fc00::103/128 dev con0 nodad");
	/* Nodes of other instances: into the void, but there is a route. */
	world_run("ip address add 192.0.2.1/24 dev con0");
	world_run("ip link set %s up", name);
	world_run("ip route add 10.30.0.0/16 dev %s", name);
	world_run("ip -6 route add fdff::/16 dev %s", name);

	list = service_tree(ifindex, &self);
	nest = attr_find(list, OZPROXY_A_SERVICE_INSTANCE);
	mirror_add(nest, &set_instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV6,
		   NULL);
	mirror_add(nest, &set_instance, OZPROXY_A_INSTANCE_INSTANCE_IPV6,
		   NULL);
	client_call(client, OZPROXY_CMD_SERVICE_SET, 0, list, &out, NULL,
		    NULL);
	if (out.err)
		bail("no local instance: %s %s", strerror(out.err), out.text);
}

void container_send(const char *address, uint16_t source_port)
{
	bool six = strchr(address, ':');
	struct addrinfo *from, *to, hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_DGRAM,
	};
	char port[8];
	int fd;

	snprintf(port, sizeof(port), "%u", source_port);
	if (getaddrinfo(six ? "fc00::103" : "10.19.1.3", port, &hints,
			&from) ||
	    getaddrinfo(address, "9", &hints, &to))
		bail("bad address %s", address);
	fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, from->ai_addr, from->ai_addrlen))
		bail("no socket of the container: %s", strerror(errno));
	/* Refused by the device is sent, too. */
	if (sendto(fd, "?", 1, 0, to->ai_addr, to->ai_addrlen) < 0)
		diag("sendto %s: %s", address, strerror(errno));
	close(fd);
	freeaddrinfo(from);
	freeaddrinfo(to);
}

/* @text plus @n, as the wire has it. */
static uint32_t ipv4_plus(const char *text, uint32_t n)
{
	uint32_t address;

	value_of(KIND_IPV4, text, &address);
	return htonl(ntohl(address) + n);
}

static void add_instance(struct attr *list, const struct service *service,
			 uint32_t number)
{
	struct attr *nest;

	nest = attr_add_nest(list, OZPROXY_A_SERVICE_INSTANCE);
	attr_add_u32(nest, OZPROXY_A_INSTANCE_NUMBER, number);
	attr_add_u32(nest, OZPROXY_A_INSTANCE_NAMESPACE_IPV4,
		     ipv4_plus(service->namespace_ip, number));
	if (service->instance_ip)
		attr_add_u32(nest, OZPROXY_A_INSTANCE_INSTANCE_IPV4,
			     ipv4_plus(service->instance_ip, number));
	mirror_add(nest, &set_instance, OZPROXY_A_INSTANCE_NODE_IPV4, NULL);
	mirror_add(nest, &set_instance, OZPROXY_A_INSTANCE_NODE_PORT, NULL);
	if (service->flags)
		attr_add_u32(nest, OZPROXY_A_INSTANCE_FLAGS, service->flags);
}

struct attr *service_tree(int ifindex, const struct service *service)
{
	struct attr *list, *nest;
	unsigned int i;

	tree_reset();
	list = tree_new();
	attr_add_u32(list, OZPROXY_A_SERVICE_IFINDEX, ifindex);
	attr_add_string(list, OZPROXY_A_SERVICE_NAME, service->name);
	if (service->address) {
		nest = attr_add_nest(list, OZPROXY_A_SERVICE_ADDRESS);
		mirror_add(nest, &set_address, OZPROXY_A_ADDRESS_IPV4,
			   service->address);
		mirror_add(nest, &set_address, OZPROXY_A_ADDRESS_POLICY, "0");
	}
	for (i = 0; i < service->instances; i++)
		add_instance(list, service, i);
	return list;
}

void service_set(struct client *client, int ifindex,
		 const struct service *service, struct outcome *out)
{
	client_call(client, OZPROXY_CMD_SERVICE_SET, 0,
		    service_tree(ifindex, service), out, NULL, NULL);
}

void service_del(struct client *client, int ifindex, const char *name,
		 struct outcome *out)
{
	struct attr *list;

	tree_reset();
	list = tree_new();
	attr_add_u32(list, OZPROXY_A_SERVICE_IFINDEX, ifindex);
	attr_add_string(list, OZPROXY_A_SERVICE_NAME, name);
	client_call(client, OZPROXY_CMD_SERVICE_DEL, 0, list, out, NULL, NULL);
}

/* What passes changes these, whatever is requested. */
static bool is_of_packets(const struct nlattr *attr, bool instance)
{
	int type = mnl_attr_get_type(attr);

	if (instance)
		return type >= OZPROXY_A_INSTANCE_RTT;
	return type == OZPROXY_A_SERVICE_USED ||
	       type == OZPROXY_A_SERVICE_PAD ||
	       type >= OZPROXY_A_SERVICE_FLOWS;
}

static void see_attr(struct snapshot *snapshot, const struct nlattr *attr)
{
	if (snapshot->len + attr->nla_len > SNAPSHOT_ROOM)
		bail("a table of more than %d bytes", SNAPSHOT_ROOM);
	memcpy(snapshot->data + snapshot->len, attr, attr->nla_len);
	snapshot->len += attr->nla_len;
}

static void see_instance(struct snapshot *snapshot, const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (!is_of_packets(attr, true))
			see_attr(snapshot, attr);
}

static void see_service(const struct nlmsghdr *nlh, void *arg)
{
	struct snapshot *snapshot = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (is_of_packets(attr, false))
			continue;
		if (mnl_attr_get_type(attr) == OZPROXY_A_SERVICE_INSTANCE) {
			see_instance(snapshot, attr);
			continue;
		}
		if (mnl_attr_get_type(attr) ==
		    OZPROXY_A_SERVICE_TABLE_GENERATION)
			snapshot->generation = mnl_attr_get_u32(attr);
		see_attr(snapshot, attr);
	}
}

void snapshot_take(struct client *client, int ifindex,
		   struct snapshot *snapshot)
{
	struct nlmsghdr *nlh;
	struct outcome out;

	snapshot->len = 0;
	snapshot->generation = 0;
	snapshot->data = malloc(SNAPSHOT_ROOM);
	if (!snapshot->data)
		bail("no memory");
	nlh = request_genl(client, OZPROXY_CMD_SERVICE_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, OZPROXY_A_SERVICE_IFINDEX, ifindex);
	client_talk(client, nlh, &out, see_service, snapshot);
	if (out.err || out.interrupted)
		bail("cannot dump the table: %s %s", strerror(out.err),
		     out.text);
}

bool snapshot_equal(const struct snapshot *a, const struct snapshot *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->data);
	snapshot->data = NULL;
}
