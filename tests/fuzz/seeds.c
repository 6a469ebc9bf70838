// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * seeds DIRECTORY: writes the seeds that are netlink messages, from the objects
 * and answers of the unit tests, into genl/, link/ and extack/ there.
 */
#include "unit.h"
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include "link.h"

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buffer,
				   size_t size);

static const char *directory;

static FILE *create(const char *name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	if (!file) {
		perror(path);
		exit(1);
	}
	return file;
}

/* The question, then every answer that was made, behind its length. */
static void save(const char *name, char question)
{
	static char buffer[OZP_MESSAGE_MAX];
	FILE *file = create(name);
	ssize_t len;

	fputc(question, file);
	while (fake_left()) {
		len = __wrap_mnl_socket_recvfrom(NULL, buffer, sizeof(buffer));
		fputc(len & 0xff, file);
		fputc(len >> 8, file);
		fwrite(buffer, 1, (size_t)len, file);
	}
	if (fclose(file))
		exit(1);
	fake_reset();
}

/* One message alone: how acknowledgements are tried. */
static void save_one(const char *name, char request, const struct nlmsghdr *nlh)
{
	FILE *file = create(name);

	fputc(request, file);
	fwrite(nlh, 1, nlh->nlmsg_len, file);
	if (fclose(file))
		exit(1);
}

static void services(void)
{
	struct ozp_service service;

	seed_service(&service);
	fake_object(OZPROXY_CMD_SERVICE_GET, 0, &ozp_service_attrs, &service);
	fake_ack(0);
	save("genl/service-get", 's');
	fake_object(OZPROXY_CMD_SERVICE_GET, NLM_F_MULTI, &ozp_service_attrs,
		    &service);
	add_instances(&service, 2, 4);
	fake_object(OZPROXY_CMD_SERVICE_GET, NLM_F_MULTI, &ozp_service_attrs,
		    &service);
	fake_done(0);
	save("genl/service-dump-in-parts", 'S');
	fake_object(OZPROXY_CMD_SERVICE_GET, NLM_F_MULTI | NLM_F_DUMP_INTR,
		    &ozp_service_attrs, &service);
	fake_done(0);
	fake_done(0);
	save("genl/service-dump-interrupted", 'S');
	fake_ack(-EMSGSIZE);
	fake_object(OZPROXY_CMD_SERVICE_GET, NLM_F_MULTI, &ozp_service_attrs,
		    &service);
	fake_done(0);
	save("genl/service-get-too-long", 's');
	fake_family();
	fake_ack(0);
	save("genl/family-and-delete", 'd');
	fake_ack(-ENOENT);
	save("genl/family-unknown", 'd');
	fake_object(OZPROXY_CMD_SERVICE_NTF, 0, &ozp_service_attrs, &service);
	fake_object(OZPROXY_CMD_SERVICE_DEL_NTF, 0, &ozp_service_attrs,
		    &service);
	save("genl/monitor-services", 'e');
	ozp_service_free(&service);
}

/* Names that fill their place, or more than that: nobody has such. */
static void long_name(const char *name, char question, uint16_t type,
		      size_t len)
{
	char buffer[512] = {}, text[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

	memset(text, 'n', sizeof(text));
	nlh->nlmsg_type = FAKE_FAMILY;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put(nlh, type, len, text);
	fake_answer(buffer, nlh->nlmsg_len);
	fake_ack(0);
	save(name, question);
}

static void long_names(void)
{
	long_name("genl/service-longest-name", 's', OZPROXY_A_SERVICE_NAME,
		  OZPROXY_NAME_MAX);
	long_name("genl/service-name-too-long", 's', OZPROXY_A_SERVICE_NAME,
		  OZPROXY_NAME_MAX + 1);
	long_name("genl/flow-service-too-long", 'f', OZPROXY_A_FLOW_SERVICE,
		  200);
}

static void flows(void)
{
	struct ozp_flow flow = {
		.ifindex = 5,
		.protocol = IPPROTO_TCP,
		.source_ipv4 = v4("10.19.1.3"),
		.source_port = 34278,
		.destination_ipv4 = v4("10.30.1.30"),
		.destination_port = 30443,
		.service = "X.default.X3.default",
		.converted_source_ipv4 = v4("10.30.0.2"),
		.converted_destination_ipv4 = v4("10.21.0.1"),
		.node_ipv4 = v4("131.1.21.5"),
		.node_port = 55301,
		.state = OZPROXY_FLOW_STATE_ESTABLISHED,
		.idle = 300,
		.expires = 7199700,
		.flushed = 3,
	};
	unsigned int type;

	for (type = 1; type < ozp_flow_attrs.count; type++)
		if (ozp_flow_attrs.attrs[type].name)
			OZP_SET(&flow, type);
	fake_object(OZPROXY_CMD_FLOW_GET, 0, &ozp_flow_attrs, &flow);
	fake_ack(0);
	save("genl/flow-get", 'f');
	fake_object(OZPROXY_CMD_FLOW_GET, NLM_F_MULTI, &ozp_flow_attrs, &flow);
	fake_object(OZPROXY_CMD_FLOW_GET, NLM_F_MULTI | NLM_F_DUMP_INTR,
		    &ozp_flow_attrs, &flow);
	fake_done(0);
	save("genl/flow-dump", 'F');
	fake_object(OZPROXY_CMD_FLOW_FLUSH, 0, &ozp_flow_attrs, &flow);
	fake_ack(0);
	save("genl/flow-flush", 'x');
}

static void misses(void)
{
	struct ozp_miss miss = { .ifindex = 5,
				 .ipv6 = v6("fdff:2000::130"),
				 .age = 1234,
				 .packets = 3 };

	OZP_SET(&miss, OZPROXY_A_MISS_IFINDEX);
	OZP_SET(&miss, OZPROXY_A_MISS_IPV6);
	OZP_SET(&miss, OZPROXY_A_MISS_AGE);
	OZP_SET(&miss, OZPROXY_A_MISS_PACKETS);
	fake_object(OZPROXY_CMD_MISS_GET, 0, &ozp_miss_attrs, &miss);
	fake_ack(0);
	save("genl/miss-get", 'm');
	fake_object(OZPROXY_CMD_MISS_GET, NLM_F_MULTI, &ozp_miss_attrs, &miss);
	fake_done(0);
	save("genl/miss-dump", 'M');
	fake_object(OZPROXY_CMD_MISS_NTF, 0, &ozp_miss_attrs, &miss);
	miss.state = OZPROXY_MISS_STATE_DOUBTED;
	OZP_SET(&miss, OZPROXY_A_MISS_STATE);
	fake_object(OZPROXY_CMD_MISS_NTF, 0, &ozp_miss_attrs, &miss);
	save("genl/monitor-miss", 'e');
	fake_ack(0);
	save("genl/miss-resolve", 'r');
	fake_ack(-EEXIST);
	save("genl/miss-resolve-of-known", 'r');
}

static void stats(void)
{
	struct ozp_drop drop = { .direction = OZPROXY_DIRECTION_OUT,
				 .reason = OZPROXY_DROP_REASON_UNKNOWN_SERVICE,
				 .packets = 3 };
	struct ozp_stats object = { .ifindex = 5,
				    .out_received = 20,
				    .in_received = 10000000011ull,
				    .drop = &drop,
				    .n_drop = 1 };
	unsigned int type;

	drop.present = 0xe;
	for (type = 1; type < ozp_stats_attrs.count; type++)
		if (ozp_stats_attrs.attrs[type].name)
			OZP_SET(&object, type);
	fake_object(OZPROXY_CMD_STATS_GET, 0, &ozp_stats_attrs, &object);
	fake_ack(0);
	save("genl/stats-get", 'c');
}

static void links(void)
{
	struct ozp_link link = { .port = 50103,
				 .service_ipv4_prefix = 16,
				 .service_ipv6_prefix = 16,
				 .flow_limit = 65536 };
	struct in_addr first = v4("131.1.0.1");
	struct in6_addr second = v6("2001:db8::1");
	struct ozp_socket *sock = open_socket();
	struct nlmsghdr *nlh;

	link.service_ipv4 = v4("10.30.0.0");
	link.service_ipv6 = v6("fdff::");
	link.present = ~1ull;
	ozp_link_add_local(&link, AF_INET, &first);
	ozp_link_add_local(&link, AF_INET6, &second);
	nlh = ozp_link_build(sock, RTM_NEWLINK, 0, 5);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "oz0");
	mnl_attr_put_u32(nlh, IFLA_MTU, 1450);
	assert_int_equal(ozp_link_put(nlh, &link), 0);
	nlh->nlmsg_seq = 0;
	fake_answer(nlh, nlh->nlmsg_len);
	fake_ack(0);
	save("link/device-get", 'g');
	fake_answer(nlh, nlh->nlmsg_len);
	fake_answer(nlh, nlh->nlmsg_len);
	fake_done(0);
	save("link/device-dump", 'G');
	fake_ack(-ENODEV);
	save("link/device-unknown", 'g');
	fake_ack(-EOPNOTSUPP);
	save("link/kind-unknown", 'a');
	ozp_link_free(&link);
	ozp_socket_close(sock);
}

static void route(const char *name, char question, int family,
		  const void *address, size_t size, uint32_t metric)
{
	char buffer[256] = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	nlh->nlmsg_type = RTM_NEWROUTE;
	rtm->rtm_family = (unsigned char)family;
	rtm->rtm_dst_len = 16;
	rtm->rtm_type = RTN_UNICAST;
	mnl_attr_put(nlh, RTA_DST, size, address);
	mnl_attr_put_u32(nlh, RTA_TABLE, RT_TABLE_MAIN);
	mnl_attr_put_u32(nlh, RTA_OIF, 6);
	mnl_attr_put_u32(nlh, RTA_PRIORITY, metric);
	fake_answer(nlh, nlh->nlmsg_len);
	fake_done(0);
	fake_ack(0);
	save(name, question);
}

static void routes(void)
{
	struct in_addr four = v4("10.30.0.0");
	struct in6_addr six = v6("fdff::");

	route("link/route-ipv4", 'r', AF_INET, &four, sizeof(four), 0);
	route("link/route-ipv6", 'R', AF_INET6, &six, sizeof(six), 1024);
}

/* The refusal of a value, as the kernel words it. */
static struct nlmsghdr *refusal(char *buffer, uint16_t type)
{
	struct nlmsghdr *nlh;
	struct nlmsgerr *ack;

	memset(buffer, 0, 512);
	nlh = mnl_nlmsg_put_header(buffer);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	if (type == NLMSG_ERROR) {
		ack = mnl_nlmsg_put_extra_header(nlh, sizeof(*ack));
		ack->error = -ERANGE;
	} else {
		*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(int)) = -EINVAL;
	}
	return nlh;
}

static void refusals(void)
{
	struct nlattr *nest;
	struct nlmsghdr *nlh;
	char buffer[512];

	nlh = refusal(buffer, NLMSG_ERROR);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "integer out of range");
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, 60);
	nest = mnl_attr_nest_start(nlh, NLMSGERR_ATTR_POLICY);
	mnl_attr_put_u64(nlh, NL_POLICY_TYPE_ATTR_MIN_VALUE_U, 1);
	mnl_attr_put_u64(nlh, NL_POLICY_TYPE_ATTR_MAX_VALUE_U, 65535);
	mnl_attr_nest_end(nlh, nest);
	save_one("extack/range", 'g', nlh);
	save_one("extack/range-of-link", 'l', nlh);
	nlh = refusal(buffer, NLMSG_ERROR);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_TYPE,
			 OZPROXY_A_INSTANCE_NODE_PORT);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_NEST, 64);
	save_one("extack/missing", 'g', nlh);
	nlh = refusal(buffer, NLMSG_ERROR);
	nlh->nlmsg_flags = NLM_F_ACK_TLVS;
	((struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->msg.nlmsg_len = 24;
	mnl_nlmsg_put_extra_header(nlh, 8);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "behind the request");
	save_one("extack/quoted-request", 'g', nlh);
	nlh = refusal(buffer, NLMSG_DONE);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "no such filter");
	save_one("extack/end-of-dump", 'g', nlh);
	nlh->nlmsg_len = MNL_NLMSG_HDRLEN;
	save_one("extack/end-of-dump-of-old", 'g', nlh);
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = 0;
	nlh->nlmsg_len = MNL_NLMSG_HDRLEN + sizeof(int);
	save_one("extack/too-short", 'g', nlh);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	directory = argv[1];
	fake_reset();
	services();
	long_names();
	flows();
	misses();
	stats();
	links();
	routes();
	refusals();
	return 0;
}
