// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "args.h"
#include "ozctl.h"
#include "show.h"

static enum status take_protocol(struct ozctl *ctl, struct ozp_flow *filter)
{
	const char *word = take_word(ctl);

	if (!word || !find_protocol(word, &filter->protocol))
		return usage(ctl, "'protocol' needs tcp, udp, icmp or icmpv6 "
				  "after it");
	OZP_SET(filter, OZPROXY_A_FLOW_PROTOCOL);
	return STATUS_OK;
}

static enum status take_endpoint(struct ozctl *ctl, const char *word,
				 struct ozp_flow *filter)
{
	bool is_from = !strcmp(word, "from"), has_port;
	const char *text = take_word(ctl);
	uint16_t port;
	struct ip ip;

	if (!text || !parse_endpoint(text, &ip, &port, &has_port))
		return usage(ctl,
			     "'%s' needs ADDRESS, ADDRESS:PORT or "
			     "[ADDRESS6]:PORT after it, not '%s'",
			     word, text ? text : "");
	if (ip.family == AF_INET) {
		*(is_from ? &filter->source_ipv4 : &filter->destination_ipv4) =
			ip.v4;
		OZP_SET(filter, is_from ? OZPROXY_A_FLOW_SOURCE_IPV4 :
					  OZPROXY_A_FLOW_DESTINATION_IPV4);
	} else {
		*(is_from ? &filter->source_ipv6 : &filter->destination_ipv6) =
			ip.v6;
		OZP_SET(filter, is_from ? OZPROXY_A_FLOW_SOURCE_IPV6 :
					  OZPROXY_A_FLOW_DESTINATION_IPV6);
	}
	if (has_port) {
		*(is_from ? &filter->source_port : &filter->destination_port) =
			port;
		OZP_SET(filter, is_from ? OZPROXY_A_FLOW_SOURCE_PORT :
					  OZPROXY_A_FLOW_DESTINATION_PORT);
	}
	return STATUS_OK;
}

static enum status take_service(struct ozctl *ctl, struct ozp_flow *filter)
{
	const char *name = take_word(ctl);

	if (!name || strlen(name) > OZPROXY_NAME_MAX)
		return usage(ctl,
			     "'service' needs a job name of at most %d "
			     "characters after it",
			     OZPROXY_NAME_MAX);
	strcpy(filter->service, name);
	OZP_SET(filter, OZPROXY_A_FLOW_SERVICE);
	return STATUS_OK;
}

static enum status take_instance(struct ozctl *ctl, struct ozp_flow *filter)
{
	const char *text = take_word(ctl);
	uint64_t number;

	if (!text || !parse_number(text, UINT32_MAX, &number))
		return usage(ctl, "'instance' needs a number after it");
	filter->instance = (uint32_t)number;
	OZP_SET(filter, OZPROXY_A_FLOW_INSTANCE);
	return STATUS_OK;
}

static enum status take_filter(struct ozctl *ctl, struct ozp_flow *filter)
{
	enum status status;

	status = take_device(ctl);
	while (!status && ctl->argc) {
		if (take_if(ctl, "protocol"))
			status = take_protocol(ctl, filter);
		else if (take_if(ctl, "from"))
			status = take_endpoint(ctl, "from", filter);
		else if (take_if(ctl, "to"))
			status = take_endpoint(ctl, "to", filter);
		else if (take_if(ctl, "service"))
			status = take_service(ctl, filter);
		else if (take_if(ctl, "instance"))
			status = take_instance(ctl, filter);
		else
			status = take_end(ctl);
	}
	OZP_SET(filter, OZPROXY_A_FLOW_IFINDEX);
	return status ? status : find_device(ctl, &filter->ifindex);
}

static int emit_flow(const struct ozp_flow *flow, void *data)
{
	show_flow(data, flow);
	return 0;
}

static enum status flow_show(struct ozctl *ctl)
{
	struct emit emit = { .out = stdout, .json = ctl->json };
	struct ozp_flow filter = {};
	enum status status;
	int err;

	status = take_filter(ctl, &filter);
	if (status)
		return status;
	err = ozp_flow_dump(ctl->sock, &filter, emit_flow, &emit);
	if (err && err != -EINTR)
		return failed(ctl, NULL, err);
	emit_end(&emit);
	if (err == -EINTR)
		note(ctl, "the table was resized while it was read: flows may "
			  "be missing or twice in this list");
	return STATUS_OK;
}

static enum status flow_flush(struct ozctl *ctl)
{
	struct ozp_flow filter = {};
	uint32_t flushed = 0;
	enum status status;
	int err;

	status = take_filter(ctl, &filter);
	if (status)
		return status;
	err = ozp_flow_flush(ctl->sock, &filter, &flushed);
	if (err)
		return failed(ctl, NULL, err);
	if (ctl->json)
		emit_line(stdout, json_pack("{s:I, s:I}", "ifindex",
					    (json_int_t)filter.ifindex,
					    "flushed", (json_int_t)flushed));
	else
		printf("%u flow%s ended\n", flushed, flushed == 1 ? "" : "s");
	return STATUS_OK;
}

#define FILTERS                                               \
	"[dev NAME] [protocol tcp|udp|icmp|icmpv6]\n"         \
	"        [from ADDRESS[:PORT]] [to ADDRESS[:PORT]]\n" \
	"        [service JOB] [instance N]"

static const struct verb verbs[] = {
	{ "show", FILTERS, "Shows the flows that match all of these.",
	  flow_show },
	{ "flush", FILTERS,
	  "Ends the flows that match all of these; "
	  "without any, all.",
	  flow_flush },
	{}
};

const struct noun flow_noun = {
	.name = "flow",
	.help = "the conversions in use",
	.notes =
		"'from' is the container that sends, 'to' the Service IP or\n"
		"Instance IP that it uses. With a port an IPv6 address stands\n"
		"in brackets: [fdff:2000::30]:30443. The port of ICMP is the\n"
		"identifier of an echo: the sender's in a request, the other\n"
		"one in a reply.\n",
	.verbs = verbs,
};
