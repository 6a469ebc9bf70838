// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * Numbers, addresses, networks, endpoints and pairs: what is understood is
 * written out again, and that must be understood as the same.
 */
#include <arpa/inet.h>
#include <string.h>
#include "args.h"
#include "kernel.h"

static const char *write_ip(const struct ip *ip, char text[64])
{
	must(ip->family == AF_INET || ip->family == AF_INET6);
	must(inet_ntop(ip->family,
		       ip->family == AF_INET ? (const void *)&ip->v4 : &ip->v6,
		       text, 64));
	return text;
}

static bool is_same(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && a->v4.s_addr == b->v4.s_addr &&
	       !memcmp(&a->v6, &b->v6, sizeof(a->v6));
}

static void number(const char *text, uint64_t max)
{
	uint64_t value, again;
	char written[32];

	if (!parse_number(text, max, &value))
		return;
	must(value <= max);
	must(strspn(text, "0123456789") == strlen(text));
	snprintf(written, sizeof(written), "%llu", (unsigned long long)value);
	must(!strcmp(written, text + strspn(text, "0")) || !value);
	must(parse_number(written, max, &again) && again == value);
}

static void network(const char *text, int family)
{
	char address[64], written[96];
	uint8_t prefix, again;
	struct ip ip, same;

	if (!parse_network(text, family, &ip, &prefix))
		return;
	must(ip.family == family && prefix <= (family == AF_INET ? 32 : 128));
	snprintf(written, sizeof(written), "%s/%u", write_ip(&ip, address),
		 prefix);
	must(parse_network(written, family, &same, &again));
	must(is_same(&ip, &same) && prefix == again);
}

static void endpoint(const char *text)
{
	char address[64], written[96];
	struct ip ip, same;
	bool has_port, has_again;
	uint16_t port = 0, again = 0;

	if (!parse_endpoint(text, &ip, &port, &has_port))
		return;
	write_ip(&ip, address);
	if (!has_port)
		snprintf(written, sizeof(written), "%s", address);
	else if (ip.family == AF_INET)
		snprintf(written, sizeof(written), "%s:%u", address, port);
	else
		snprintf(written, sizeof(written), "[%s]:%u", address, port);
	must(parse_endpoint(written, &same, &again, &has_again));
	must(is_same(&ip, &same) && has_port == has_again && port == again);
}

static void pair(const char *text)
{
	char first[64], second[64], written[160];
	struct ip v4, v6, same4, same6;

	if (!parse_pair(text, &v4, &v6))
		return;
	must(v4.family || v6.family);
	must(!v4.family || v4.family == AF_INET);
	must(!v6.family || v6.family == AF_INET6);
	snprintf(written, sizeof(written), "%s%s%s",
		 v6.family ? write_ip(&v6, first) : "",
		 v4.family && v6.family ? "," : "",
		 v4.family ? write_ip(&v4, second) : "");
	must(parse_pair(written, &same4, &same6));
	must(is_same(&v4, &same4) && is_same(&v6, &same6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	must(text);
	number(text, UINT16_MAX);
	number(text, UINT32_MAX);
	number(text, UINT64_MAX);
	network(text, AF_INET);
	network(text, AF_INET6);
	endpoint(text);
	pair(text);
	free(text);
	return 0;
}
