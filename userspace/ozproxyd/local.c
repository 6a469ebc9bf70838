// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "local.h"
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/in6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"
#include "mem.h"
#include "store.h"

/* Somewhere that only default routes lead to (RFC 5737, RFC 3849). */
#define FAR_IPV4 "192.0.2.1"
#define FAR_IPV6 "2001:db8::1"

/* The source that the host would use; nothing is sent. */
static void find_source(const char *far, struct ip *ip)
{
	struct sockaddr_storage from = {}, to = {};
	struct sockaddr_in6 *v6 = (void *)&to;
	struct sockaddr_in *v4 = (void *)&to;
	socklen_t len = sizeof(from);
	struct ip there;
	int fd;

	memset(ip, 0, sizeof(*ip));
	if (!parse_ip(far, &there))
		return;
	to.ss_family = (sa_family_t)there.family;
	v4->sin_port = htons(9); /* the same place in both */
	if (there.family == AF_INET)
		v4->sin_addr = there.v4;
	else
		v6->sin6_addr = there.v6;
	fd = socket(there.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Others are told of it: not one that is made to be forgotten
	 * (RFC 8981). Of IPv4 the option is unknown.
	 */
	setsockopt(fd, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES,
		   &(int){ IPV6_PREFER_SRC_PUBLIC }, sizeof(int));
	if (!connect(fd, (void *)&to, sizeof(to)) &&
	    !getsockname(fd, (void *)&from, &len)) {
		ip->family = there.family;
		if (there.family == AF_INET)
			ip->v4 =
				((struct sockaddr_in *)(void *)&from)->sin_addr;
		else
			ip->v6 = ((struct sockaddr_in6 *)(void *)&from)
					 ->sin6_addr;
	}
	close(fd);
	/* Without an address for the world, IPv6 uses that of the link. */
	if (ip->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&ip->v6))
		memset(ip, 0, sizeof(*ip));
}

void local_find_own(const char *address, uint16_t port, struct own *own)
{
	struct ip ip;

	memset(own, 0, sizeof(*own));
	own->port = port;
	if (!strcmp(address, "auto")) {
		find_source(FAR_IPV4, &own->v4);
		find_source(FAR_IPV6, &own->v6);
	} else if (parse_ip(address, &ip)) {
		*(ip.family == AF_INET ? &own->v4 : &own->v6) = ip;
	}
}

bool local_is_same_ip(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return false;
	return a->family == AF_INET ? a->v4.s_addr == b->v4.s_addr :
				      IN6_ARE_ADDR_EQUAL(&a->v6, &b->v6);
}

bool local_is_same(const struct own *a, const struct own *b)
{
	return a->port == b->port && local_is_same_ip(&a->v4, &b->v4) &&
	       local_is_same_ip(&a->v6, &b->v6);
}

const char *local_text(const struct own *own, char *text)
{
	char v4[RECORD_TEXT] = "", v6[RECORD_TEXT] = "";

	if (own->v4.family)
		inet_ntop(AF_INET, &own->v4.v4, v4, sizeof(v4));
	if (own->v6.family)
		inet_ntop(AF_INET6, &own->v6.v6, v6, sizeof(v6));
	snprintf(text, LOCAL_TEXT, "%s%s%s", *v4 || *v6 ? v4 : "unknown",
		 *v4 && *v6 ? ", " : "", v6);
	return text;
}

/* A line is a job's name, with a + before it when the operator said so, and a >
 * when the cluster has still to hear that it moved.
 */
static void load_line(struct interests *interests, const char *line,
		      uint64_t now)
{
	bool is_declared = *line == '+';
	const char *name = line + is_declared;
	bool is_moved = *name == '>';

	name += is_moved;
	if (!topic_is_word(name, OZPROXY_NAME_MAX))
		return;
	if (is_declared)
		interests_declare(interests, name, true, now);
	else
		interests_deployed(interests, name, now);
	if (is_moved)
		interests_untold(interests, name);
}

int local_load(const char *directory, struct interests *interests, uint64_t now)
{
	char path[PATH_MAX], *line = NULL;
	static bool said;
	size_t room = 0;
	FILE *file;
	int err;

	snprintf(path, sizeof(path), "%s/%s", directory, LOCAL_FILE);
	file = fopen(path, "re");
	if (!file && errno == ENOENT)
		return 0;
	while (file && getline(&line, &room, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		load_line(interests, line, now);
	}
	err = !file || ferror(file) ? -errno : 0;
	free(line);
	if (file)
		fclose(file);
	if (err)
		log_once(&said,
			 "%s: %s: jobs of this node may be missing, and it is "
			 "not written before it can be read",
			 path, strerror(-err));
	return err;
}

char *local_compose(const struct interests *interests)
{
	struct map_node *node, *after;
	const struct job *job;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	out = mem_need(open_memstream(&text, &len));
	map_for_each(&interests->jobs.names, node, after)
	{
		job = map_entry(node, struct job, node);
		if (interest_is_hosted(job))
			fprintf(out, "%s%s%s\n", job->is_declared ? "+" : "",
				job->is_moved ? ">" : "", job->service.name);
	}
	fclose(out);
	return text;
}
