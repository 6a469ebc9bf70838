// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "up.h"
#include <errno.h>
#include <string.h>
#include "emit.h"

static void report(struct emit *emit, const char *what, enum ozp_change change)
{
	static const char *const words[] = {
		[OZP_CHANGE_NONE] = "already so",
		[OZP_CHANGE_ADDED] = "done",
		[OZP_CHANGE_REPLACED] = "changed",
	};

	if (emit->json)
		emit_json(emit, json_pack("{s:s, s:b}", "what", what, "changed",
					  change != OZP_CHANGE_NONE));
	else
		fprintf(emit->out, "%-46s  %s\n", what, words[change]);
}

static enum status route_family(struct ozctl *ctl, struct emit *emit,
				const struct ozp_device *device, int family)
{
	const struct ozp_link *link = &device->link;
	char what[128], text[EMIT_TEXT];
	enum ozp_change change;
	unsigned int prefix;
	int err;

	prefix = family == AF_INET ? link->service_ipv4_prefix :
				     link->service_ipv6_prefix;
	snprintf(what, sizeof(what), "route %s/%u dev %s",
		 family == AF_INET ? emit_ipv4(&link->service_ipv4, text) :
				     emit_ipv6(&link->service_ipv6, text),
		 prefix, device->ifname);
	err = ozp_device_route(ctl->sock, device, family, &change);
	/* -EACCES: disable_ipv6 is set; for want of privileges it is -EPERM. */
	if (family == AF_INET6 && (err == -EAFNOSUPPORT || err == -EACCES)) {
		note(ctl, "%s: going on with IPv4 alone",
		     ozp_socket_error(ctl->sock)->message);
		return STATUS_OK;
	}
	if (err)
		return failed(ctl, what, err);
	report(emit, what, change);

	err = ozp_forwarding_enable(family, &change);
	snprintf(what, sizeof(what), "%s = 1",
		 family == AF_INET ? "net.ipv4.ip_forward" :
				     "net.ipv6.conf.all.forwarding");
	if (err)
		return refused(ctl, "%s: %s", what, strerror(-err));
	report(emit, what, change);
	return STATUS_OK;
}

enum status bring_up(struct ozctl *ctl, const struct ozp_device *device)
{
	struct emit emit = { .out = stdout, .json = ctl->json };
	enum status status;
	char what[64];
	int err;

	snprintf(what, sizeof(what), "link %s up", device->ifname);
	err = device->up ? 0 : ozp_device_up(ctl->sock, device->ifindex);
	if (err)
		return failed(ctl, what, err);
	report(&emit, what, device->up ? OZP_CHANGE_NONE : OZP_CHANGE_ADDED);
	status = route_family(ctl, &emit, device, AF_INET);
	if (!status)
		status = route_family(ctl, &emit, device, AF_INET6);
	emit_end(&emit);
	return status;
}
