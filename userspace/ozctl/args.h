/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Reading numbers and addresses from arguments. Only what the text says is
 * checked here; whether a value makes sense is the kernel's to judge.
 */
#ifndef _OZP_OZCTL_ARGS_H
#define _OZP_OZCTL_ARGS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct ip - An address of either family.
 * @family: AF_INET or AF_INET6; 0 for none
 * @v4: with AF_INET
 * @v6: with AF_INET6
 */
struct ip {
	int family;
	struct in_addr v4;
	struct in6_addr v6;
};

/** parse_number() - Decimal digits, nothing else, at most @max. */
bool parse_number(const char *text, uint64_t max, uint64_t *number);

/** parse_ip() - An address in any spelling that inet_pton takes. */
bool parse_ip(const char *text, struct ip *ip);

/** parse_network() - ADDRESS/LENGTH of the asked family. */
bool parse_network(const char *text, int family, struct ip *ip,
		   uint8_t *prefix);

/**
 * parse_endpoint() - ADDRESS, ADDRESS:PORT (IPv4), or [ADDRESS]:PORT.
 * @text: the text
 * @ip: the address
 * @port: the port
 * @has_port: there is a port
 */
bool parse_endpoint(const char *text, struct ip *ip, uint16_t *port,
		    bool *has_port);

/**
 * parse_pair() - ADDRESS or ADDRESS,ADDRESS of the two families.
 * @text: the text
 * @v4: the IPv4 address; its family is 0 without one
 * @v6: the IPv6 address; its family is 0 without one
 */
bool parse_pair(const char *text, struct ip *v4, struct ip *v6);

#endif /* _OZP_OZCTL_ARGS_H */
