// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include "link.h"

static struct ozp_socket *sock;
static struct ozp_error error;
static char ack[4096];

static int open_one(void **state)
{
	(void)state;
	sock = open_socket();
	return 0;
}

static int close_one(void **state)
{
	(void)state;
	ozp_socket_close(sock);
	fake_reset();
	return 0;
}

/* A service-set request with two instances. */
static struct ozp_request service_request(void)
{
	struct ozp_request request = {
		.nlh = (void *)sock->message,
		.header = sizeof(struct genlmsghdr),
		.set = &ozp_service_attrs,
	};
	struct ozp_service service;
	struct ozp_call call = {
		.command = OZPROXY_CMD_SERVICE_SET,
		.set = &ozp_service_attrs,
		.request = &service,
	};

	seed_service(&service);
	assert_int_equal(ozp_genl_build(sock, &call, 0), 0);
	ozp_service_free(&service);
	return request;
}

static struct nlmsghdr *start_ack(int code, uint16_t flags)
{
	struct nlmsghdr *nlh;
	struct nlmsgerr *err;

	memset(ack, 0, sizeof(ack));
	nlh = mnl_nlmsg_put_header(ack);
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_ACK_TLVS | flags;
	err = mnl_nlmsg_put_extra_header(nlh, sizeof(*err));
	err->error = code;
	err->msg.nlmsg_len = sizeof(err->msg);
	return nlh;
}

/* Where the @nth attribute of a type starts, counted from @from. */
static uint32_t offset_of(const struct ozp_request *request,
			  const struct nlattr *from, size_t len, uint16_t type,
			  unsigned int nth)
{
	const struct nlattr *nla = from;

	while (mnl_attr_ok(
		nla, (int)((const char *)from + len - (const char *)nla))) {
		if (mnl_attr_get_type(nla) == type && !nth--)
			return (uint32_t)((const char *)nla -
					  (const char *)request->nlh);
		nla = mnl_attr_next(nla);
	}
	fail();
	return 0;
}

static uint32_t top(const struct ozp_request *request, uint16_t type,
		    unsigned int nth)
{
	const struct nlattr *first;

	first = mnl_nlmsg_get_payload_offset(request->nlh, request->header);
	return offset_of(request, first,
			 mnl_nlmsg_get_payload_len(request->nlh) -
				 request->header,
			 type, nth);
}

static uint32_t inside(const struct ozp_request *request, uint32_t offset,
		       uint16_t type)
{
	const struct nlattr *nest = (void *)((char *)request->nlh + offset);

	return offset_of(request, mnl_attr_get_payload(nest),
			 mnl_attr_get_payload_len(nest), type, 0);
}

static void expect(struct nlmsghdr *nlh, const struct ozp_request *request,
		   const char *message, const char *attribute, bool missing)
{
	ozp_extack_parse(nlh, request, &error);
	assert_string_equal(error.message, message);
	assert_string_equal(error.attribute, attribute);
	assert_int_equal(error.missing, missing);
}

/* What @said of the name of a service becomes. */
static void expect_of_name(const char *said, const char *message)
{
	struct ozp_request request = service_request();
	struct nlmsghdr *nlh = start_ack(-EINVAL, NLM_F_CAPPED);

	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, said);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS,
			 top(&request, OZPROXY_A_SERVICE_NAME, 0));
	expect(nlh, &request, message, "name", false);
	assert_int_equal(error.code, -EINVAL);
}

static void offset_names_an_attribute(void **state)
{
	(void)state;
	expect_of_name("job name is bad", "job name is bad");
}

/* An attribute that a module of before does not have. */
static void an_older_module_is_named(void **state)
{
	(void)state;
	expect_of_name(
		"Unknown attribute type",
		"the module does not know this: it is older than this program");
}

static void offset_names_the_path_to_it(void **state)
{
	struct ozp_request request = service_request();
	struct nlmsghdr *nlh = start_ack(-ERANGE, NLM_F_CAPPED);
	uint32_t second = top(&request, OZPROXY_A_SERVICE_INSTANCE, 1);

	(void)state;
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS,
			 inside(&request, second, OZPROXY_A_INSTANCE_WEIGHT));
	expect(nlh, &request, "", "instance.weight", false);

	nlh = start_ack(-ERANGE, NLM_F_CAPPED);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, second);
	expect(nlh, &request, "", "instance", false);
}

/* Kernels before the option to leave it out quote the request. */
static void a_quoted_request_is_skipped(void **state)
{
	struct ozp_request request = service_request();
	struct nlmsghdr *nlh = start_ack(-EINVAL, 0);
	struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);

	(void)state;
	err->msg = *request.nlh;
	memcpy(mnl_nlmsg_put_extra_header(
		       nlh, mnl_nlmsg_get_payload_len(request.nlh)),
	       mnl_nlmsg_get_payload(request.nlh),
	       mnl_nlmsg_get_payload_len(request.nlh));
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "found behind it");
	expect(nlh, &request, "found behind it", "", false);
}

static void missing_attributes_are_named(void **state)
{
	struct ozp_request request = service_request();
	struct nlmsghdr *nlh = start_ack(-EINVAL, NLM_F_CAPPED);

	(void)state;
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_TYPE, OZPROXY_A_SERVICE_NAME);
	expect(nlh, &request, "", "name", true);

	nlh = start_ack(-EINVAL, NLM_F_CAPPED);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_TYPE,
			 OZPROXY_A_INSTANCE_NODE_PORT);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_NEST,
			 top(&request, OZPROXY_A_SERVICE_INSTANCE, 1));
	expect(nlh, &request, "", "instance.node-port", true);
}

static void what_has_no_name_has_a_number(void **state)
{
	struct ozp_request request = service_request();
	struct nlmsghdr *nlh = start_ack(-EINVAL, NLM_F_CAPPED);

	(void)state;
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_TYPE, 99);
	expect(nlh, &request, "", "#99", true);
	request.set = NULL;
	nlh = start_ack(-EINVAL, NLM_F_CAPPED);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS,
			 top(&request, OZPROXY_A_SERVICE_NAME, 0));
	expect(nlh, &request, "", "#2", false);
}

static void offsets_outside_name_nothing(void **state)
{
	struct ozp_request request = service_request();
	static const uint32_t offsets[] = { 0, 8, 1 << 20, UINT32_MAX };
	struct nlmsghdr *nlh;
	unsigned int i;

	(void)state;
	for (i = 0; i < MNL_ARRAY_SIZE(offsets); i++) {
		nlh = start_ack(-EINVAL, NLM_F_CAPPED);
		mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, offsets[i]);
		expect(nlh, &request, "", "", false);
	}
}

static void a_range_is_told(void **state)
{
	struct ozp_request request = service_request();
	struct nlmsghdr *nlh = start_ack(-ERANGE, NLM_F_CAPPED);
	struct nlattr *policy;

	(void)state;
	policy = mnl_attr_nest_start(nlh, NLMSGERR_ATTR_POLICY);
	mnl_attr_put_u32(nlh, NL_POLICY_TYPE_ATTR_TYPE, NL_ATTR_TYPE_U32);
	mnl_attr_put_u64(nlh, NL_POLICY_TYPE_ATTR_MIN_VALUE_U, 1);
	mnl_attr_put_u64(nlh, NL_POLICY_TYPE_ATTR_MAX_VALUE_U, 65535);
	mnl_attr_nest_end(nlh, policy);
	expect(nlh, &request, "", "", false);
	assert_true(error.has_range);
	assert_true(error.min == 1 && error.max == 65535);

	nlh = start_ack(-EINVAL, NLM_F_CAPPED);
	policy = mnl_attr_nest_start(nlh, NLMSGERR_ATTR_POLICY);
	mnl_attr_put_u32(nlh, NL_POLICY_TYPE_ATTR_MIN_LENGTH, 4);
	mnl_attr_put_u32(nlh, NL_POLICY_TYPE_ATTR_MIN_VALUE_U, 4);
	mnl_attr_nest_end(nlh, policy);
	expect(nlh, &request, "", "", false);
	assert_false(error.has_range);
}

static void a_dump_ends_with_an_error(void **state)
{
	struct ozp_request request = service_request();
	struct nlmsghdr *nlh;

	(void)state;
	memset(ack, 0, sizeof(ack));
	nlh = mnl_nlmsg_put_header(ack);
	nlh->nlmsg_type = NLMSG_DONE;
	nlh->nlmsg_flags = NLM_F_MULTI | NLM_F_ACK_TLVS;
	*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(int)) = -ENODEV;
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "no such device");
	expect(nlh, &request, "no such device", "", false);
	assert_int_equal(error.code, -ENODEV);
}

static void link_attributes_have_no_envelope(void **state)
{
	struct ozp_request request = {
		.nlh = (void *)sock->message,
		.header = sizeof(struct ifinfomsg),
		.set = &ozp_link_message_set,
	};
	struct in_addr address = v4("131.1.0.1");
	struct ozp_link link = { .flow_limit = 1 };
	struct nlmsghdr *nlh;
	uint32_t at;

	(void)state;
	OZP_SET(&link, IFLA_OZPROXY_FLOW_LIMIT);
	assert_int_equal(ozp_link_add_local(&link, AF_INET, &address), 0);
	nlh = ozp_link_build(sock, RTM_NEWLINK, 0, 5);
	assert_int_equal(ozp_link_put(nlh, &link), 0);
	ozp_link_free(&link);
	at = inside(&request, top(&request, IFLA_LINKINFO, 0), IFLA_INFO_DATA);

	nlh = start_ack(-ERANGE, NLM_F_CAPPED);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS,
			 inside(&request, at, IFLA_OZPROXY_FLOW_LIMIT));
	expect(nlh, &request, "", "flow-limit", false);

	at = inside(&request, at, IFLA_OZPROXY_LOCAL);
	nlh = start_ack(-EINVAL, NLM_F_CAPPED);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS,
			 inside(&request, at, IFLA_OZPROXY_LOCAL_IPV4));
	expect(nlh, &request, "", "local.ipv4", false);
}

static void short_acks_are_bad_messages(void **state)
{
	struct ozp_request request = service_request();
	struct nlmsghdr *nlh = start_ack(-EINVAL, NLM_F_CAPPED);

	(void)state;
	nlh->nlmsg_len = MNL_NLMSG_HDRLEN + 8;
	assert_int_equal(ozp_extack_parse(nlh, &request, &error), -EBADMSG);
	nlh->nlmsg_len = MNL_NLMSG_HDRLEN;
	assert_int_equal(ozp_extack_parse(nlh, &request, &error), -EBADMSG);
	nlh->nlmsg_type = NLMSG_DONE;
	assert_int_equal(ozp_extack_parse(nlh, &request, &error), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_one, close_one)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(offset_names_an_attribute),
		TEST(an_older_module_is_named),
		TEST(offset_names_the_path_to_it),
		TEST(a_quoted_request_is_skipped),
		TEST(missing_attributes_are_named),
		TEST(what_has_no_name_has_a_number),
		TEST(offsets_outside_name_nothing),
		TEST(a_range_is_told),
		TEST(a_dump_ends_with_an_error),
		TEST(link_attributes_have_no_envelope),
		TEST(short_acks_are_bad_messages),
	};

	return cmocka_run_group_tests_name("extack", tests, NULL, NULL);
}
