// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "emit.h"
#include "ozctl.h"
#include "show.h"
#include "up.h"

static enum status need_value(struct ozctl *ctl, const char *option,
			      const char **value)
{
	*value = take_word(ctl);
	return *value ? STATUS_OK :
			usage(ctl, "'%s' needs a value after it", option);
}

static enum status take_local(struct ozctl *ctl, const char *text,
			      struct ozp_link *link)
{
	char *copy, *item, *rest = NULL;
	enum status status = STATUS_OK;
	const void *address;
	struct ip ip;

	OZP_SET(link, IFLA_OZPROXY_LOCAL);
	if (!strcmp(text, "none"))
		return STATUS_OK;
	copy = strdup(text);
	if (!copy)
		return refused(ctl, "out of memory");
	for (item = strtok_r(copy, ",", &rest); item && !status;
	     item = strtok_r(NULL, ",", &rest)) {
		if (!parse_ip(item, &ip)) {
			status = usage(ctl,
				       "'%s' is not an address: local "
				       "takes ADDRESS[,ADDRESS]... or "
				       "none",
				       item);
			break;
		}
		address = ip.family == AF_INET ? (void *)&ip.v4 :
						 (void *)&ip.v6;
		if (ozp_link_add_local(link, ip.family, address))
			status = refused(ctl, "out of memory");
	}
	free(copy);
	return status;
}

static enum status take_network(struct ozctl *ctl, const char *option,
				const char *text, struct ozp_link *link)
{
	bool v4 = !strcmp(option, "service-ipv4");
	uint8_t prefix;
	struct ip ip;

	if (!parse_network(text, v4 ? AF_INET : AF_INET6, &ip, &prefix))
		return usage(ctl, "'%s' is not an %s network: %s takes %s",
			     text, v4 ? "IPv4" : "IPv6", option,
			     v4 ? "ADDRESS/LENGTH as in 10.30.0.0/16" :
				  "ADDRESS/LENGTH as in fdff::/16");
	if (v4) {
		link->service_ipv4 = ip.v4;
		link->service_ipv4_prefix = prefix;
		OZP_SET(link, IFLA_OZPROXY_SERVICE_IPV4);
		OZP_SET(link, IFLA_OZPROXY_SERVICE_IPV4_PREFIX);
	} else {
		link->service_ipv6 = ip.v6;
		link->service_ipv6_prefix = prefix;
		OZP_SET(link, IFLA_OZPROXY_SERVICE_IPV6);
		OZP_SET(link, IFLA_OZPROXY_SERVICE_IPV6_PREFIX);
	}
	return STATUS_OK;
}

static enum status take_name_of(struct ozctl *ctl, const struct ozp_attr *attr,
				const char *text, uint32_t *value)
{
	int number = ozp_enum_value(attr->values, text);
	char names[256] = "";
	size_t length = 0;
	unsigned int i;

	if (number >= 0) {
		*value = (uint32_t)number;
		return STATUS_OK;
	}
	for (i = 0; i < attr->values->count && length < sizeof(names); i++)
		length += (size_t)snprintf(names + length,
					   sizeof(names) - length, "%s%s",
					   i ? ", " : "",
					   attr->values->names[i]);
	return usage(ctl, "there is no %s '%s': it is one of %s", attr->name,
		     text, names);
}

static enum status take_number_of(struct ozctl *ctl,
				  const struct ozp_attr *attr, const char *text,
				  void *member)
{
	bool wide = attr->kind == OZP_KIND_U32;
	uint64_t max = wide ? UINT32_MAX : UINT16_MAX, number;

	if (!parse_number(text, max, &number))
		return usage(ctl,
			     "'%s' is not a number: %s takes one of at most "
			     "%llu",
			     text, attr->name, (unsigned long long)max);
	if (wide)
		*(uint32_t *)member = (uint32_t)number;
	else
		*(uint16_t *)member = (uint16_t)number;
	return STATUS_OK;
}

/* The options that are numbers, or names for them: as the spec calls them. */
static enum status take_option_value(struct ozctl *ctl, const char *option,
				     const char *text, struct ozp_link *link)
{
	const struct ozp_attr *attr;
	enum status status;
	unsigned int type;
	void *member;

	for (type = 0; type < ozp_link_attrs.count; type++) {
		attr = &ozp_link_attrs.attrs[type];
		if (!attr->name || strcmp(attr->name, option))
			continue;
		member = (char *)link + attr->offset;
		if (attr->kind == OZP_KIND_ENUM)
			status = take_name_of(ctl, attr, text, member);
		else if (attr->kind == OZP_KIND_U32 ||
			 attr->kind == OZP_KIND_BE16)
			status = take_number_of(ctl, attr, text, member);
		else
			break;
		OZP_SET(link, type);
		return status;
	}
	return usage(ctl, "there is no option '%s'; see 'ozctl device help'",
		     option);
}

static enum status take_option(struct ozctl *ctl, struct ozp_link *link)
{
	const char *option = take_word(ctl), *value;
	enum status status;

	status = need_value(ctl, option, &value);
	if (status)
		return status;
	if (!strcmp(option, "local"))
		return take_local(ctl, value, link);
	if (!strcmp(option, "service-ipv4") || !strcmp(option, "service-ipv6"))
		return take_network(ctl, option, value, link);
	return take_option_value(ctl, option, value, link);
}

static enum status take_options(struct ozctl *ctl, struct ozp_link *link)
{
	enum status status = STATUS_OK;

	while (ctl->argc && !status)
		status = take_option(ctl, link);
	return status;
}

static enum status take_name(struct ozctl *ctl, const char **name)
{
	*name = take_word(ctl);
	return *name ? STATUS_OK :
		       usage(ctl, "say which: 'ozctl device %s NAME'",
			     ctl->verb);
}

static enum status device_add(struct ozctl *ctl)
{
	struct ozp_link link = {};
	enum status status;
	const char *name;
	int err;

	status = take_name(ctl, &name);
	if (!status)
		status = take_options(ctl, &link);
	if (!status) {
		err = ozp_device_add(ctl->sock, name, &link);
		if (err)
			status = failed(ctl, name, err);
	}
	ozp_link_free(&link);
	return status;
}

static enum status take_one(struct ozctl *ctl, struct ozp_device *device)
{
	enum status status;
	const char *name;
	int err;

	status = take_name(ctl, &name);
	if (status)
		return status;
	err = ozp_device_get(ctl->sock, name, device);
	return err ? failed(ctl, NULL, err) : STATUS_OK;
}

static enum status device_set(struct ozctl *ctl)
{
	struct ozp_link link = {};
	struct ozp_device device;
	enum status status;
	int err;

	if (ctl->argc < 2)
		return usage(ctl, "say what to change: "
				  "'ozctl device set NAME OPTION VALUE...'");
	status = take_one(ctl, &device);
	if (status)
		return status;
	status = take_options(ctl, &link);
	if (!status) {
		err = ozp_device_set(ctl->sock, device.ifindex, &link);
		if (err)
			status = failed(ctl, device.ifname, err);
	}
	ozp_link_free(&link);
	ozp_device_free(&device);
	return status;
}

static enum status device_del(struct ozctl *ctl)
{
	struct ozp_device device;
	enum status status;
	int err;

	status = take_one(ctl, &device);
	if (status)
		return status;
	status = take_end(ctl);
	if (!status) {
		err = ozp_device_del(ctl->sock, device.ifindex);
		if (err)
			status = failed(ctl, device.ifname, err);
	}
	ozp_device_free(&device);
	return status;
}

static enum status device_up(struct ozctl *ctl)
{
	struct ozp_device device;
	enum status status;

	status = take_one(ctl, &device);
	if (status)
		return status;
	status = take_end(ctl);
	if (!status)
		status = bring_up(ctl, &device);
	ozp_device_free(&device);
	return status;
}

static void text_line(FILE *out, const char *name, const char *value)
{
	fprintf(out, "    %-22s  %s\n", name, value);
}

static void text_local(FILE *out, const struct ozp_local *local)
{
	char text[EMIT_TEXT];
	const char *label = "local";
	unsigned int i;

	if (!local->n_ipv4 && !local->n_ipv6)
		text_line(out, label, "every address of the underlay");
	for (i = 0; i < local->n_ipv4; i++, label = "")
		text_line(out, label, emit_ipv4(&local->ipv4[i], text));
	for (i = 0; i < local->n_ipv6; i++, label = "")
		text_line(out, label, emit_ipv6(&local->ipv6[i], text));
}

/* Options that are times end in these words, and are in milliseconds. */
static const char *unit_of(const char *option)
{
	const char *end = strrchr(option, '-');

	return end && !strcmp(end, "-timeout") ? " ms" : "";
}

static void text_option(FILE *out, const struct ozp_attr *attr, uint32_t number)
{
	char value[EMIT_TEXT];
	const char *name;

	if (attr->kind == OZP_KIND_ENUM) {
		name = ozp_enum_name(attr->values, number);
		text_line(out, attr->name, name ? name : "unknown");
		return;
	}
	snprintf(value, sizeof(value), "%u%s", number, unit_of(attr->name));
	text_line(out, attr->name, value);
}

static void text_options(FILE *out, const struct ozp_link *link)
{
	const struct ozp_attr *attr;
	unsigned int type;

	for (type = 0; type < ozp_link_attrs.count; type++) {
		attr = &ozp_link_attrs.attrs[type];
		if (attr->kind == OZP_KIND_U32 || attr->kind == OZP_KIND_ENUM)
			text_option(out, attr,
				    *(const uint32_t *)((const char *)link +
							attr->offset));
	}
}

static void text_device(FILE *out, const struct ozp_device *device)
{
	const struct ozp_link *link = &device->link;
	char text[EMIT_TEXT], value[EMIT_TEXT + 8];

	fprintf(out, "%s: %s, mtu %u, index %u\n", device->ifname,
		device->up ? "up" : "down", device->mtu, device->ifindex);
	snprintf(value, sizeof(value), "%u", link->port);
	text_line(out, "port", value);
	text_local(out, &link->local);
	snprintf(value, sizeof(value), "%s/%u",
		 emit_ipv4(&link->service_ipv4, text),
		 link->service_ipv4_prefix);
	text_line(out, "service-ipv4", value);
	snprintf(value, sizeof(value), "%s/%u",
		 emit_ipv6(&link->service_ipv6, text),
		 link->service_ipv6_prefix);
	text_line(out, "service-ipv6", value);
	text_options(out, link);
}

void show_device(struct emit *emit, const struct ozp_device *device)
{
	struct ozp_link link = device->link;
	json_t *json;

	if (!emit->json) {
		if (emit->count++)
			fputc('\n', emit->out);
		text_device(emit->out, device);
		return;
	}
	json = json_pack("{s:i, s:s, s:b, s:i}", "ifindex",
			 (int)device->ifindex, "name", device->ifname, "up",
			 device->up, "mtu", (int)device->mtu);
	/* The kernel leaves an empty list out; arrays are always there. */
	OZP_SET(&link, IFLA_OZPROXY_LOCAL);
	json_object_update_new(json, emit_object(&ozp_link_attrs, &link));
	emit_json(emit, json);
}

static int emit_device(const struct ozp_device *device, void *data)
{
	show_device(data, device);
	return 0;
}

static enum status device_show(struct ozctl *ctl)
{
	struct emit emit = { .out = stdout, .json = ctl->json };
	enum status status = STATUS_OK;
	struct ozp_device device;
	int err;

	if (ctl->argc) {
		status = take_one(ctl, &device);
		if (status)
			return status;
		status = take_end(ctl);
		if (!status)
			show_device(&emit, &device);
		ozp_device_free(&device);
	} else {
		err = ozp_device_dump(ctl->sock, emit_device, &emit);
		if (err)
			status = failed(ctl, NULL, err);
	}
	if (!status)
		emit_end(&emit);
	return status;
}

static const struct verb verbs[] = {
	{ "add", "NAME [OPTION VALUE]...", "Makes a device.", device_add },
	{ "set", "NAME OPTION VALUE...", "Changes properties of a device.",
	  device_set },
	{ "show", "[NAME]", "Shows one device or all.", device_show },
	{ "del", "NAME", "Deletes a device, with its services and flows.",
	  device_del },
	{ "up", "NAME",
	  "Brings it up, routes its service networks through it, and turns\n"
	  "      forwarding on; says what it changed and what was already so.",
	  device_up },
	{}
};

const struct noun device_noun = {
	.name = "device",
	.help = "network devices of kind ozproxy",
	.notes =
		"Options:\n"
		"  port N               UDP port of the tunnel (50103); while the\n"
		"                       device is down\n"
		"  local ADDRESS,...    addresses of this node, for telling which\n"
		"                       instances are here; none (the default): all\n"
		"                       addresses of the underlay's namespace\n"
		"  service-ipv4 NET/LEN service network (10.30.0.0/16); only at creation\n"
		"  service-ipv6 NET/LEN service network (fdff::/16); only at creation\n"
		"  admission overlay|any-source|table\n"
		"                       what tunnelled packets must prove (overlay):\n"
		"                       that their source is a service address, that\n"
		"                       the table has it, and has it where they came from\n"
		"  arrival-limit N      most sources that are asked for (64)\n"
		"  arrival-source-limit N  of them because of one outer source (8)\n"
		"  arrival-packets N    most packets that wait for that (128)\n"
		"  arrival-source-packets N  of them from one outer source (16)\n"
		"  arrival-memory BYTES most memory that they occupy (1048576)\n"
		"  flow-limit N         most flows (65536)\n"
		"  miss-limit N         most unknown addresses that wait (1024)\n"
		"  miss-source-limit N  of them because of one container (64)\n"
		"  miss-packets N       most packets that wait for an address (1024)\n"
		"  miss-address-packets N  of them for one address (32)\n"
		"  miss-source-packets N   of them from one container (128)\n"
		"  miss-memory BYTES    most memory that they occupy (4194304)\n"
		"  miss-timeout MS      when an unanswered address is forgotten (10000)\n"
		"  miss-repeat-timeout MS  when it is announced again (1000), doubled\n"
		"                       each time\n"
		"  negative-limit N     most negative answers that are kept (4096)\n"
		"  service-limit N      most services (16384)\n"
		"  instance-limit N     most instances of all of them (65536)\n"
		"  outer-checksum on|off  UDP checksum of tunnel datagrams (on)\n"
		"  source-port flow|own UDP source port of theirs: a hash of the flow\n"
		"                       (flow), or always our own\n"
		"  dscp-mode fixed|copy their DSCP: the next option (fixed), or the inner\n"
		"  dscp N               their DSCP, 0 to 63 (0)\n"
		"  mss-clamp on|off     lowers the MSS of TCP to the path to the node (off)\n"
		"  affinity-limit N     most clients with an affinity (16384)\n"
		"  tcp-timeout MS       idle TCP: when it is not followed any more\n"
		"                       (21600000); the same of a connection that is\n"
		"  tcp-syn-timeout MS   opening (240000)\n"
		"  tcp-closing-timeout MS\n"
		"                       closing (240000)\n"
		"  udp-timeout MS       idle UDP that was answered (300000)\n"
		"  udp-unanswered-timeout MS\n"
		"                       idle UDP that was not (120000)\n"
		"  icmp-timeout MS      idle ICMP queries (60000)\n"
		"  idle-timeout MS      when an unused service is announced (10000)\n"
		"  rejection reject|drop  of what cannot be sent (reject)\n"
		"  fragment-limit N     most datagrams in fragments that are followed\n"
		"                       at a time, each way (1024)\n"
		"  fragment-memory N    most bytes of fragments that wait for the first\n"
		"                       of their datagram, each way (4194304)\n"
		"  fragment-timeout MS  when an unfinished datagram is given up (30000)\n"
		"  doubt-timeout MS     how long new flows prefer others to an instance\n"
		"                       that its worker does not know (5000)\n",
	.verbs = verbs,
};
