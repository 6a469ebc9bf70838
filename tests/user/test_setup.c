// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "setup.h"
#include "unit.h"
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

/* What the device is asked to be. */

static struct ozp_socket *sock;
static const struct setup setup = { .device = "oz0", .port = 50103 };

static int begin(void **state)
{
	(void)state;
	sock = open_socket();
	return 0;
}

static int end(void **state)
{
	(void)state;
	ozp_socket_close(sock);
	fake_reset();
	return 0;
}

static const struct nlattr *find(const struct nlattr *parent, uint16_t type)
{
	const struct nlattr *nla;

	mnl_attr_for_each_nested(nla, parent) if (mnl_attr_get_type(nla) ==
						  type) return nla;
	return NULL;
}

/* How many addresses of the node the last request had. */
static unsigned int locals(void)
{
	const struct nlattr *nla, *at = NULL;
	unsigned int count = 0;

	mnl_attr_for_each(
		nla, fake_request(),
		sizeof(struct ifinfomsg)) if (mnl_attr_get_type(nla) ==
					      IFLA_LINKINFO) at = nla;
	assert_non_null(at);
	at = find(at, IFLA_INFO_DATA);
	assert_non_null(at);
	at = find(at, IFLA_OZPROXY_LOCAL);
	assert_non_null(at);
	mnl_attr_for_each_nested(nla, at) count++;
	return count;
}

static struct own node(const char *ipv4, const char *ipv6)
{
	struct own own = { .port = 50103 };

	if (ipv4) {
		own.v4.family = AF_INET;
		own.v4.v4 = v4(ipv4);
	}
	if (ipv6) {
		own.v6.family = AF_INET6;
		own.v6.v6 = v6(ipv6);
	}
	return own;
}

static unsigned int moved(struct own own, struct own was)
{
	fake_ack(0);
	assert_int_equal(setup_move(sock, 5, &setup, &own, &was), 0);
	return locals();
}

/* The kernel refuses to be told an address twice. */
static void one_family_moves(void **state)
{
	(void)state;
	assert_int_equal(moved(node("131.1.0.8", "2001:db8::1"),
			       node("131.1.0.1", "2001:db8::1")),
			 3);
	assert_int_equal(moved(node("131.1.0.1", "2001:db8::8"),
			       node("131.1.0.1", "2001:db8::1")),
			 3);
}

static void both_families_move(void **state)
{
	(void)state;
	assert_int_equal(moved(node("131.1.0.8", "2001:db8::8"),
			       node("131.1.0.1", "2001:db8::1")),
			 4);
}

/* At boot IPv6 comes after IPv4. */
static void a_family_comes_or_goes(void **state)
{
	(void)state;
	assert_int_equal(moved(node("131.1.0.1", "2001:db8::1"),
			       node("131.1.0.1", NULL)),
			 2);
	assert_int_equal(moved(node("131.1.0.1", NULL),
			       node("131.1.0.1", "2001:db8::1")),
			 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_family_moves),
		TEST(both_families_move),
		TEST(a_family_comes_or_goes),
	};

	return cmocka_run_group_tests_name("setup", tests, NULL, NULL);
}
