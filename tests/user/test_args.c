// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include "args.h"

static void numbers(void **state)
{
	static const char *const wrong[] = { "",
					     "-1",
					     "+1",
					     " 1",
					     "1 ",
					     "0x10",
					     "1.0",
					     "65536",
					     "4294967296",
					     "18446744073709551616",
					     "99999999999999999999999",
					     "a" };
	uint64_t number;
	unsigned int i;

	(void)state;
	for (i = 0; i < MNL_ARRAY_SIZE(wrong); i++)
		assert_false(parse_number(wrong[i], UINT16_MAX, &number));
	assert_true(parse_number("0", UINT16_MAX, &number));
	assert_int_equal(number, 0);
	assert_true(parse_number("65535", UINT16_MAX, &number));
	assert_int_equal(number, 65535);
	assert_true(parse_number("007", UINT16_MAX, &number));
	assert_int_equal(number, 7);
	assert_true(parse_number("18446744073709551615", UINT64_MAX, &number));
	assert_true(number == UINT64_MAX);
	assert_false(parse_number("18446744073709551616", UINT64_MAX, &number));
}

static void addresses(void **state)
{
	static const char *const wrong[] = {
		"",  "10.30.0",	  "10.30.0.256",  "10.30.0.1/16", "fdff:::1",
		"x", "[fdff::1]", "fe80::1%eth0", "010.30.0.1"
	};
	struct in6_addr want = v6("fdff::5");
	struct ip ip;
	unsigned int i;

	(void)state;
	for (i = 0; i < MNL_ARRAY_SIZE(wrong); i++)
		assert_false(parse_ip(wrong[i], &ip));
	assert_true(parse_ip("10.30.1.30", &ip));
	assert_int_equal(ip.family, AF_INET);
	assert_int_equal(ip.v4.s_addr, v4("10.30.1.30").s_addr);
	assert_true(parse_ip("FDFF:0:0:0:0:0:0:5", &ip));
	assert_int_equal(ip.family, AF_INET6);
	assert_memory_equal(&ip.v6, &want, sizeof(want));
}

static void networks(void **state)
{
	struct ip ip;
	uint8_t prefix;

	(void)state;
	assert_true(parse_network("10.30.0.0/16", AF_INET, &ip, &prefix));
	assert_int_equal(prefix, 16);
	assert_true(parse_network("fdff::/128", AF_INET6, &ip, &prefix));
	assert_int_equal(prefix, 128);
	assert_false(parse_network("10.30.0.0", AF_INET, &ip, &prefix));
	assert_false(parse_network("10.30.0.0/", AF_INET, &ip, &prefix));
	assert_false(parse_network("10.30.0.0/33", AF_INET, &ip, &prefix));
	assert_false(parse_network("10.30.0.0/16", AF_INET6, &ip, &prefix));
	assert_false(parse_network("fdff::/129", AF_INET6, &ip, &prefix));
}

static void endpoints(void **state)
{
	static const char *const wrong[] = {
		"10.30.1.30:", "10.30.1.30:65536", "[fdff::1]",
		"[fdff::1]:",  "[10.0.0.1]:80",	   ":80",
		"[]:80",       "fdff::1]:80",	   "a:80"
	};
	char longest[400];
	uint16_t port = 0;
	bool has_port;
	struct ip ip;
	unsigned int i;

	(void)state;
	for (i = 0; i < MNL_ARRAY_SIZE(wrong); i++)
		assert_false(parse_endpoint(wrong[i], &ip, &port, &has_port));
	assert_true(parse_endpoint("10.30.1.30", &ip, &port, &has_port));
	assert_false(has_port);
	assert_true(parse_endpoint("10.30.1.30:0", &ip, &port, &has_port));
	assert_true(has_port);
	assert_int_equal(port, 0);
	assert_true(parse_endpoint("[fdff::1]:65535", &ip, &port, &has_port));
	assert_int_equal(ip.family, AF_INET6);
	assert_int_equal(port, 65535);
	/* Without brackets the last group is not a port. */
	assert_true(parse_endpoint("fdff::1:80", &ip, &port, &has_port));
	assert_false(has_port);
	memset(longest, '1', sizeof(longest));
	memcpy(longest + sizeof(longest) - 4, ":80", 4);
	assert_false(parse_endpoint(longest, &ip, &port, &has_port));
}

static void pairs(void **state)
{
	struct ip four, six;

	(void)state;
	assert_true(parse_pair("10.19.1.3", &four, &six));
	assert_int_equal(four.family, AF_INET);
	assert_int_equal(six.family, 0);
	assert_true(parse_pair("fc00::103", &four, &six));
	assert_int_equal(four.family, 0);
	assert_int_equal(six.family, AF_INET6);
	assert_true(parse_pair("10.19.1.3,fc00::103", &four, &six));
	assert_int_equal(four.family, AF_INET);
	assert_int_equal(six.family, AF_INET6);
	assert_true(parse_pair("fc00::103,10.19.1.3", &four, &six));
	assert_int_equal(four.v4.s_addr, v4("10.19.1.3").s_addr);
	assert_false(parse_pair("10.19.1.3,10.19.1.4", &four, &six));
	assert_false(parse_pair("10.19.1.3,", &four, &six));
	assert_false(parse_pair(",fc00::1", &four, &six));
	assert_false(parse_pair("10.19.1.3,fc00::1,fc00::2", &four, &six));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),  cmocka_unit_test(addresses),
		cmocka_unit_test(networks), cmocka_unit_test(endpoints),
		cmocka_unit_test(pairs),
	};

	return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
