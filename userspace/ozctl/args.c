// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "args.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Longest text with an address, a port or a second address in it. */
#define TEXT_MAX 128

bool parse_number(const char *text, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;
	unsigned int digit;

	if (!*text)
		return false;
	for (; *text; text++) {
		digit = (unsigned int)(unsigned char)*text - '0';
		if (digit > 9 || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
	return true;
}

bool parse_ip(const char *text, struct ip *ip)
{
	memset(ip, 0, sizeof(*ip));
	if (inet_pton(AF_INET, text, &ip->v4) == 1)
		ip->family = AF_INET;
	else if (inet_pton(AF_INET6, text, &ip->v6) == 1)
		ip->family = AF_INET6;
	return ip->family;
}

/* Cut @text at the last @separator; the rest goes to @rest. */
static bool cut(const char *text, char separator, char head[TEXT_MAX],
		const char **rest)
{
	const char *at = strrchr(text, separator);

	if (!at || at - text >= TEXT_MAX)
		return false;
	memcpy(head, text, (size_t)(at - text));
	head[at - text] = '\0';
	*rest = at + 1;
	return true;
}

bool parse_network(const char *text, int family, struct ip *ip, uint8_t *prefix)
{
	char address[TEXT_MAX];
	const char *length;
	uint64_t number;

	if (!cut(text, '/', address, &length) || !parse_ip(address, ip) ||
	    ip->family != family ||
	    !parse_number(length, family == AF_INET ? 32 : 128, &number))
		return false;
	*prefix = (uint8_t)number;
	return true;
}

bool parse_endpoint(const char *text, struct ip *ip, uint16_t *port,
		    bool *has_port)
{
	char address[TEXT_MAX];
	const char *number_text;
	uint64_t number;
	size_t len;

	*has_port = false;
	if (parse_ip(text, ip))
		return true;
	if (!cut(text, ':', address, &number_text) ||
	    !parse_number(number_text, UINT16_MAX, &number))
		return false;
	len = strlen(address);
	if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
		address[len - 1] = '\0';
		if (!parse_ip(address + 1, ip) || ip->family != AF_INET6)
			return false;
	} else if (!parse_ip(address, ip) || ip->family != AF_INET) {
		return false;
	}
	*port = (uint16_t)number;
	*has_port = true;
	return true;
}

bool parse_pair(const char *text, struct ip *v4, struct ip *v6)
{
	struct ip first, second = {};
	char head[TEXT_MAX];
	const char *rest;

	memset(v4, 0, sizeof(*v4));
	memset(v6, 0, sizeof(*v6));
	if (cut(text, ',', head, &rest)) {
		if (!parse_ip(head, &first) || !parse_ip(rest, &second) ||
		    first.family == second.family)
			return false;
	} else if (!parse_ip(text, &first)) {
		return false;
	}
	*(first.family == AF_INET ? v4 : v6) = first;
	if (second.family)
		*(second.family == AF_INET ? v4 : v6) = second;
	return true;
}
