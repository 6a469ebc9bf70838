// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include <errno.h>
#include <linux/if_link.h>
#include <linux/ipv6_route.h>
#include <linux/rtnetlink.h>
#include "link.h"

static struct ozp_socket *sock;
static struct ozp_device device;
static char buffer[8192];

static int open_one(void **state)
{
	(void)state;
	sock = open_socket();
	memset(&device, 0, sizeof(device));
	return 0;
}

static int close_one(void **state)
{
	(void)state;
	assert_int_equal(fake_left(), 0);
	ozp_device_free(&device);
	ozp_socket_close(sock);
	fake_reset();
	return 0;
}

/* A device as the kernel tells it. */
static struct nlmsghdr *link_message(const char *ifname, const char *kind)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;
	struct nlattr *linkinfo, *content, *local;

	nlh->nlmsg_type = RTM_NEWLINK;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_index = 5;
	info->ifi_flags = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, ifname);
	mnl_attr_put_u32(nlh, IFLA_MTU, 1450);
	linkinfo = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	content = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u16(nlh, IFLA_OZPROXY_PORT, htons(50103));
	mnl_attr_put_u32(nlh, IFLA_OZPROXY_SERVICE_IPV4,
			 v4("10.30.0.0").s_addr);
	mnl_attr_put_u8(nlh, IFLA_OZPROXY_SERVICE_IPV4_PREFIX, 16);
	local = mnl_attr_nest_start(nlh, IFLA_OZPROXY_LOCAL);
	mnl_attr_put_u32(nlh, IFLA_OZPROXY_LOCAL_IPV4, v4("131.1.0.1").s_addr);
	mnl_attr_put_u32(nlh, IFLA_OZPROXY_LOCAL_IPV4, v4("131.1.0.9").s_addr);
	mnl_attr_nest_end(nlh, local);
	mnl_attr_nest_end(nlh, content);
	mnl_attr_nest_end(nlh, linkinfo);
	return nlh;
}

static void answer(const struct nlmsghdr *nlh)
{
	fake_answer(nlh, nlh->nlmsg_len);
}

static void a_device_is_understood(void **state)
{
	(void)state;
	assert_int_equal(
		ozp_link_parse(link_message("oz0", "ozproxy"), &device), 0);
	assert_string_equal(device.ifname, "oz0");
	assert_int_equal(device.ifindex, 5);
	assert_int_equal(device.mtu, 1450);
	assert_true(device.up);
	assert_int_equal(device.link.port, 50103);
	assert_int_equal(device.link.service_ipv4_prefix, 16);
	assert_int_equal(device.link.local.n_ipv4, 2);
	assert_int_equal(device.link.local.ipv4[1].s_addr,
			 v4("131.1.0.9").s_addr);
	assert_false(OZP_HAS(&device.link, IFLA_OZPROXY_FLOW_LIMIT));
}

static void other_kinds_are_not_ours(void **state)
{
	struct ozp_device other = {};

	(void)state;
	assert_int_equal(ozp_link_parse(link_message("vx0", "vxlan"), &other),
			 -ENODEV);
	assert_int_equal(other.link.present, 0);
	answer(link_message("vx0", "vxlan"));
	fake_ack(0);
	assert_int_equal(ozp_device_get(sock, "vx0", &other), -ENODEV);
	assert_string_equal(ozp_socket_error(sock)->message,
			    "vx0 is not an ozproxy device");
	fake_ack(-ENODEV);
	assert_int_equal(ozp_device_get(sock, "no0", &other), -ENODEV);
	assert_string_equal(ozp_socket_error(sock)->message,
			    "no0 is not the name of a device");
}

static int count(const struct ozp_device *one, void *data)
{
	(void)one;
	++*(unsigned int *)data;
	return 0;
}

static void a_dump_has_ours_only(void **state)
{
	unsigned int n = 0;

	(void)state;
	answer(link_message("lo", "loop"));
	answer(link_message("oz0", "ozproxy"));
	fake_done(0);
	assert_int_equal(ozp_device_dump(sock, count, &n), 0);
	assert_int_equal(n, 1);
}

static void bad_names_are_refused_here(void **state)
{
	(void)state;
	assert_int_equal(ozp_device_add(sock, "", &device.link), -EINVAL);
	assert_int_equal(ozp_device_add(sock, "sixteen-bytes-yes",
					&device.link),
			 -EINVAL);
	assert_int_equal(ozp_device_get(sock, "", &device), -EINVAL);
	assert_int_equal(fake_requests(), 0);
}

static void an_unknown_kind_means_no_module(void **state)
{
	char ack[256] = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(ack);
	struct nlmsgerr *err = mnl_nlmsg_put_extra_header(nlh, sizeof(*err));

	(void)state;
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	err->error = -EOPNOTSUPP;
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "Unknown device type");
	answer(nlh);
	assert_int_equal(ozp_device_add(sock, "oz0", &device.link),
			 -EOPNOTSUPP);
	assert_true(ozp_socket_error(sock)->module);
	fake_ack(-EEXIST);
	assert_int_equal(ozp_device_add(sock, "oz0", &device.link), -EEXIST);
	assert_false(ozp_socket_error(sock)->module);
}

static void an_empty_list_is_sent_as_such(void **state)
{
	const struct nlattr *nla, *inner;
	bool found = false;

	(void)state;
	OZP_SET(&device.link, IFLA_OZPROXY_LOCAL);
	fake_ack(0);
	assert_int_equal(ozp_device_set(sock, 5, &device.link), 0);
	mnl_attr_for_each(nla, fake_request(), sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(nla) != IFLA_LINKINFO)
			continue;
		mnl_attr_for_each_nested(inner, nla)
		{
			if (mnl_attr_get_type(inner) != IFLA_INFO_DATA)
				continue;
			assert_int_equal(mnl_attr_get_payload_len(inner), 4);
			nla = mnl_attr_get_payload(inner);
			assert_int_equal(mnl_attr_get_type(nla),
					 IFLA_OZPROXY_LOCAL);
			found = true;
			break;
		}
		break;
	}
	assert_true(found);
}

/* A route to the service network, as the kernel tells it. */
static void answer_route(uint32_t ifindex, uint32_t metric, uint8_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route;

	nlh->nlmsg_type = RTM_NEWROUTE;
	route = mnl_nlmsg_put_extra_header(nlh, sizeof(*route));
	route->rtm_family = AF_INET;
	route->rtm_dst_len = 16;
	route->rtm_type = type;
	mnl_attr_put_u32(nlh, RTA_TABLE, RT_TABLE_MAIN);
	mnl_attr_put_u32(nlh, RTA_DST, v4("10.30.0.0").s_addr);
	mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
	if (metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, metric);
	answer(nlh);
}

static void routes_are_made_when_needed(void **state)
{
	static const struct {
		uint32_t ifindex, metric;
		uint8_t type;
		enum ozp_change change;
	} routes[] = {
		{ 5, 0, RTN_UNICAST, OZP_CHANGE_NONE },
		{ 6, 0, RTN_UNICAST, OZP_CHANGE_REPLACED },
		{ 5, 0, RTN_BLACKHOLE, OZP_CHANGE_REPLACED },
		{ 6, 100, RTN_UNICAST, OZP_CHANGE_ADDED },
	};
	enum ozp_change change;
	unsigned int i;

	(void)state;
	ozp_link_parse(link_message("oz0", "ozproxy"), &device);
	for (i = 0; i < MNL_ARRAY_SIZE(routes); i++) {
		answer_route(routes[i].ifindex, routes[i].metric,
			     routes[i].type);
		fake_done(0);
		if (routes[i].change != OZP_CHANGE_NONE)
			fake_ack(0);
		assert_int_equal(
			ozp_device_route(sock, &device, AF_INET, &change), 0);
		assert_int_equal(change, routes[i].change);
	}
	assert_int_equal(fake_request()->nlmsg_type, RTM_NEWROUTE);
	assert_int_equal(fake_request()->nlmsg_flags,
			 NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE |
				 NLM_F_REPLACE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_one, close_one)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_device_is_understood),
		TEST(other_kinds_are_not_ours),
		TEST(a_dump_has_ours_only),
		TEST(bad_names_are_refused_here),
		TEST(an_unknown_kind_means_no_module),
		TEST(an_empty_list_is_sent_as_such),
		TEST(routes_are_made_when_needed),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
