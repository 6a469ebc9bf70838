// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <errno.h>
#include <inttypes.h>
#include "ozctl.h"
#include "show.h"

static json_t *json_event(const struct ozp_event *event)
{
	json_t *json, *content = NULL;
	const char *name = "lost";

	switch (event->command) {
	case OZPROXY_CMD_MISS_NTF:
		name = "miss-ntf";
		content = emit_object(&ozp_miss_attrs, &event->miss);
		break;
	case OZPROXY_CMD_SERVICE_NTF:
		name = "service-ntf";
		content = emit_object(&ozp_service_attrs, &event->service);
		break;
	case OZPROXY_CMD_SERVICE_DEL_NTF:
	case OZPROXY_CMD_SERVICE_IDLE_NTF:
		name = event->command == OZPROXY_CMD_SERVICE_DEL_NTF ?
			       "service-del-ntf" :
			       "service-idle-ntf";
		content = emit_object(&ozp_service_attrs, &event->service);
		json_object_del(content, "address");
		json_object_del(content, "instance");
		break;
	}
	json = json_pack("{s:s}", "event", name);
	if (content)
		json_object_update_new(json, content);
	return json;
}

static void text_miss(FILE *out, const struct ozp_miss *miss)
{
	char text[EMIT_TEXT];
	const char *address;

	address = OZP_HAS(miss, OZPROXY_A_MISS_IPV4) ?
			  emit_ipv4(&miss->ipv4, text) :
			  emit_ipv6(&miss->ipv6, text);
	if (miss->state == OZPROXY_MISS_STATE_DOUBTED)
		fprintf(out,
			"doubt: %s leads to an instance that its worker "
			"does not know\n",
			address);
	else
		fprintf(out, "miss: %s is %s known\n", address,
			miss->announced > 1 ? "still not" : "not");
}

static void text_event(FILE *out, const struct ozp_event *event)
{
	const struct ozp_service *service = &event->service;

	switch (event->command) {
	case OZPROXY_CMD_MISS_NTF:
		text_miss(out, &event->miss);
		break;
	case OZPROXY_CMD_SERVICE_NTF:
		fprintf(out,
			"set: %s, %u Service IP%s, %u instance%s, "
			"generation %u\n",
			service->name, service->n_address,
			service->n_address == 1 ? "" : "s", service->n_instance,
			service->n_instance == 1 ? "" : "s",
			service->generation);
		break;
	case OZPROXY_CMD_SERVICE_DEL_NTF:
		fprintf(out, "gone: %s\n", service->name);
		break;
	case OZPROXY_CMD_SERVICE_IDLE_NTF:
		fprintf(out, "idle: %s, generation %u, used %" PRIu64 "\n",
			service->name, service->generation, service->used);
		break;
	default:
		fputs("some events were lost: they came faster than they were "
		      "read\n",
		      out);
	}
}

void show_event(FILE *out, bool json, const struct ozp_event *event)
{
	if (json)
		emit_line(out, json_event(event));
	else
		text_event(out, event);
	fflush(out);
}

/* What a reader wants to see of the events. */
struct watch {
	const struct ozctl *ctl;
	uint32_t ifindex;
};

static int watch_event(const struct ozp_event *event, void *data)
{
	const struct watch *watch = data;
	uint32_t ifindex = event->command == OZPROXY_CMD_MISS_NTF ?
				   event->miss.ifindex :
				   event->service.ifindex;

	if (!event->command || ifindex == watch->ifindex)
		show_event(stdout, watch->ctl->json, event);
	/* Nobody reads any more. */
	return ferror(stdout) ? -EPIPE : 0;
}

static enum status monitor(struct ozctl *ctl)
{
	struct watch watch = { .ctl = ctl };
	enum status status;
	int err;

	status = take_device(ctl);
	if (!status)
		status = take_end(ctl);
	if (!status)
		status = find_device(ctl, &watch.ifindex);
	if (status)
		return status;
	err = ozp_monitor_start(ctl->sock);
	if (err < 0)
		return failed(ctl, NULL, err);
	do {
		err = ozp_monitor_read(ctl->sock, watch_event, &watch);
	} while (!err);
	return failed(ctl, NULL, err);
}

static const struct verb verbs[] = {
	{ "", "[dev NAME]",
	  "Prints misses and changes as they come, a line each, until it is\n"
	  "      interrupted.",
	  monitor },
	{}
};

const struct noun monitor_noun = {
	.name = "monitor",
	.help = "misses and changes as they come",
	.verbs = verbs,
};
