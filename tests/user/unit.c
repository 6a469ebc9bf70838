// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <sys/stat.h>

#define ANSWERS 64

static struct {
	struct {
		char *data;
		size_t len;
		int error;
	} answers[ANSWERS];
	unsigned int n_answers, next, n_requests, n_files, n_directories;
	char request[OZP_MESSAGE_MAX];
} fake;

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req,
				 size_t size);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buffer,
				   size_t size);

int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	struct stat at;

	assert_int_equal(fstat(fd, &at), 0);
	*(S_ISDIR(at.st_mode) ? &fake.n_directories : &fake.n_files) += 1;
	return 0;
}

unsigned int fake_synced_files(void)
{
	return fake.n_files;
}

unsigned int fake_synced_directories(void)
{
	return fake.n_directories;
}

void fake_reset(void)
{
	unsigned int i;

	for (i = 0; i < fake.n_answers; i++)
		free(fake.answers[i].data);
	memset(&fake, 0, sizeof(fake));
}

void fake_answer(const void *data, size_t len)
{
	assert_true(fake.n_answers < ANSWERS);
	fake.answers[fake.n_answers].data = malloc(len);
	assert_non_null(fake.answers[fake.n_answers].data);
	memcpy(fake.answers[fake.n_answers].data, data, len);
	fake.answers[fake.n_answers++].len = len;
}

void fake_error(int error)
{
	assert_true(fake.n_answers < ANSWERS);
	fake.answers[fake.n_answers++].error = error;
}

const struct nlmsghdr *fake_request(void)
{
	return (void *)fake.request;
}

unsigned int fake_requests(void)
{
	return fake.n_requests;
}

unsigned int fake_left(void)
{
	return fake.n_answers - fake.next;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req,
				 size_t size)
{
	(void)nl;
	memcpy(fake.request, req, size);
	fake.n_requests++;
	return (ssize_t)size;
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buffer,
				   size_t size)
{
	struct nlmsghdr *nlh = buffer;
	unsigned int i = fake.next;
	int len;

	(void)nl;
	assert_true(i < fake.n_answers);
	fake.next++;
	if (fake.answers[i].error) {
		errno = fake.answers[i].error;
		return -1;
	}
	assert_true(fake.answers[i].len <= size);
	memcpy(buffer, fake.answers[i].data, fake.answers[i].len);
	len = (int)fake.answers[i].len;
	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
		nlh->nlmsg_seq = fake_request()->nlmsg_seq;
	return (ssize_t)fake.answers[i].len;
}

void fake_ack(int code)
{
	char buffer[256] = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nlmsgerr *ack = mnl_nlmsg_put_extra_header(nlh, sizeof(*ack));

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_CAPPED;
	ack->error = code;
	fake_answer(buffer, nlh->nlmsg_len);
}

void fake_done(int code)
{
	char buffer[256] = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

	nlh->nlmsg_type = NLMSG_DONE;
	nlh->nlmsg_flags = NLM_F_MULTI;
	*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(int)) = code;
	fake_answer(buffer, nlh->nlmsg_len);
}

static void put_group(struct nlmsghdr *nlh, unsigned int index,
		      const char *name, uint32_t id)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, (uint16_t)index);

	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, id);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, name);
	mnl_attr_nest_end(nlh, nest);
}

void fake_family(void)
{
	char buffer[1024] = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nlattr *groups;

	nlh->nlmsg_type = GENL_ID_CTRL;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAKE_FAMILY);
	groups = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	put_group(nlh, 1, "misses", 7);
	put_group(nlh, 2, "changes", 8);
	mnl_attr_nest_end(nlh, groups);
	fake_answer(buffer, nlh->nlmsg_len);
	fake_ack(0);
}

void fake_object(uint8_t command, uint16_t flags, const struct ozp_set *set,
		 const void *object)
{
	struct nlmsghdr *nlh;
	struct genlmsghdr *genl;
	char *buffer;

	buffer = calloc(1, OZP_MESSAGE_MAX);
	assert_non_null(buffer);
	nlh = mnl_nlmsg_put_header(buffer);
	nlh->nlmsg_type = FAKE_FAMILY;
	nlh->nlmsg_flags = flags;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = command;
	assert_int_equal(ozp_object_put(nlh, OZP_MESSAGE_MAX, set, object), 0);
	fake_answer(buffer, nlh->nlmsg_len);
	free(buffer);
}

struct ozp_socket *open_socket(void)
{
	struct ozp_socket *sock;

	fake_reset();
	assert_int_equal(ozp_socket_open(&sock), 0);
	sock->family = FAKE_FAMILY;
	return sock;
}

struct in_addr v4(const char *text)
{
	struct in_addr address;

	assert_int_equal(inet_pton(AF_INET, text, &address), 1);
	return address;
}

struct in6_addr v6(const char *text)
{
	struct in6_addr address;

	assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
	return address;
}

static void add_address(struct ozp_service *service, const char *text)
{
	struct ozp_address *address = ozp_service_add_address(service);

	assert_non_null(address);
	address->policy = OZPROXY_POLICY_RR;
	OZP_SET(address, OZPROXY_A_ADDRESS_POLICY);
	if (strchr(text, ':')) {
		address->ipv6 = v6(text);
		OZP_SET(address, OZPROXY_A_ADDRESS_IPV6);
	} else {
		address->ipv4 = v4(text);
		OZP_SET(address, OZPROXY_A_ADDRESS_IPV4);
	}
}

static void add_instance(struct ozp_service *service, uint32_t number,
			 const char *ns, const char *ip, const char *node)
{
	struct ozp_instance *instance = ozp_service_add_instance(service);

	assert_non_null(instance);
	instance->number = number;
	instance->namespace_ipv4 = v4(ns);
	instance->instance_ipv4 = v4(ip);
	instance->node_ipv4 = v4(node);
	instance->node_port = 50103;
	instance->weight = 1;
	OZP_SET(instance, OZPROXY_A_INSTANCE_NUMBER);
	OZP_SET(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV4);
	OZP_SET(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV4);
	OZP_SET(instance, OZPROXY_A_INSTANCE_NODE_IPV4);
	OZP_SET(instance, OZPROXY_A_INSTANCE_NODE_PORT);
	OZP_SET(instance, OZPROXY_A_INSTANCE_WEIGHT);
	OZP_SET(instance, OZPROXY_A_INSTANCE_METRIC);
	OZP_SET(instance, OZPROXY_A_INSTANCE_FLAGS);
}

void seed_service(struct ozp_service *service)
{
	memset(service, 0, sizeof(*service));
	service->ifindex = 5;
	strcpy(service->name, "X.default.X1.default");
	service->generation = 3;
	service->table_generation = 4;
	service->used = 100000;
	OZP_SET(service, OZPROXY_A_SERVICE_IFINDEX);
	OZP_SET(service, OZPROXY_A_SERVICE_NAME);
	OZP_SET(service, OZPROXY_A_SERVICE_GENERATION);
	OZP_SET(service, OZPROXY_A_SERVICE_TABLE_GENERATION);
	OZP_SET(service, OZPROXY_A_SERVICE_USED);
	add_address(service, "10.30.0.1");
	add_address(service, "fdff:2000::1");
	add_instance(service, 0, "10.19.1.3", "10.30.0.2", "131.1.0.1");
	add_instance(service, 1, "10.19.1.6", "10.30.0.3", "131.1.0.2");
	service->instance[0].flags = OZPROXY_INSTANCE_FLAGS_LOCAL;
	service->instance[0].namespace_ipv6 = v6("fc00::103");
	OZP_SET(&service->instance[0], OZPROXY_A_INSTANCE_NAMESPACE_IPV6);
}

void add_instances(struct ozp_service *service, unsigned int from,
		   unsigned int to)
{
	struct ozp_instance *instance;
	unsigned int i;

	for (i = from; i < to; i++) {
		add_instance(service, i, "10.19.1.3", "10.30.0.2", "131.1.0.1");
		instance = &service->instance[service->n_instance - 1];
		instance->namespace_ipv4.s_addr += htonl(i);
		instance->namespace_ipv6 = v6("fc00::103");
		instance->instance_ipv6 = v6("fdff::2");
		OZP_SET(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV6);
		OZP_SET(instance, OZPROXY_A_INSTANCE_INSTANCE_IPV6);
	}
}

void golden(const char *name, const char *text)
{
	static char want[65536];
	char path[256];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), GOLDEN "/%s", name);
	if (getenv("OZP_GOLDEN_UPDATE")) {
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(want, 1, sizeof(want) - 1, file);
	fclose(file);
	assert_true(len < sizeof(want) - 1);
	want[len] = '\0';
	assert_string_equal(text, want);
}
