// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "topics.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "mem.h"

/* What stands around the id or the job. */
static const struct {
	const char *head;
	const char *tail;
} topic_words[] = {
	[TOPIC_QUERY] = { "nodes/", "/net/tablequery/request" },
	[TOPIC_RESULT] = { "nodes/", "/net/tablequery/result" },
	[TOPIC_REMOVE] = { "nodes/", "/net/interest/remove" },
	[TOPIC_DEPLOYED] = { "nodes/", "/net/service/deployed" },
	[TOPIC_ADDRESS_CHANGED] = { "nodes/", "/net/service/address-changed" },
	[TOPIC_UPDATE] = { "jobs/", "/updates_available" },
};

void topic_build(enum topic_kind kind, const char *who, char *topic)
{
	snprintf(topic, TOPIC_MAX, "%s%s%s", topic_words[kind].head, who,
		 topic_words[kind].tail);
}

bool topic_is_word(const char *text, size_t max)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz"
				  "0123456789.-_");

	return len && len <= max && !text[len];
}

static enum topic_kind parse_update(const char *topic,
				    char job[OZPROXY_NAME_MAX + 1])
{
	const char *head = topic_words[TOPIC_UPDATE].head;
	const char *tail = topic_words[TOPIC_UPDATE].tail;
	size_t len = strlen(topic);

	if (strncmp(topic, head, strlen(head)) ||
	    len <= strlen(head) + strlen(tail) ||
	    strcmp(topic + len - strlen(tail), tail))
		return TOPIC_OTHER;
	len -= strlen(head) + strlen(tail);
	if (len > OZPROXY_NAME_MAX)
		return TOPIC_OTHER;
	memcpy(job, topic + strlen(head), len);
	job[len] = '\0';
	return topic_is_word(job, OZPROXY_NAME_MAX) ? TOPIC_UPDATE :
						      TOPIC_OTHER;
}

enum topic_kind topic_parse(const char *topic, const char *id,
			    char job[OZPROXY_NAME_MAX + 1])
{
	char own[TOPIC_MAX];
	enum topic_kind kind;

	for (kind = TOPIC_QUERY; kind < TOPIC_UPDATE; kind++) {
		topic_build(kind, id, own);
		if (!strcmp(topic, own))
			return kind;
	}
	return parse_update(topic, job);
}

static char *dump(json_t *json)
{
	char *text = mem_need(json_dumps(mem_need(json), JSON_COMPACT));

	json_decref(json);
	return text;
}

char *payload_query(const char *key, bool is_address)
{
	return dump(json_pack("{s:s, s:s}", "sname", is_address ? "" : key,
			      "sip", is_address ? key : ""));
}

char *payload_remove(const char *job)
{
	return dump(json_pack("{s:s}", "appname", job));
}

char *payload_moved(const char *job, uint32_t number, const char *address,
		    uint16_t port)
{
	char port_text[8];

	snprintf(port_text, sizeof(port_text), "%u", port);
	return dump(json_pack("{s:s, s:I, s:s, s:s}", "appname", job,
			      "instance_number", (json_int_t)number, "host_ip",
			      address, "host_port", port_text));
}

bool payload_read_update(const char *text, size_t len, enum update *update)
{
	json_t *json = json_loadb(text, len, 0, NULL);
	const char *type = json_string_value(json_object_get(json, "type"));
	bool is_readable = json_is_object(json);

	*update = UPDATE_OTHER;
	if (type && !strcasecmp(type, "DEPLOYMENT"))
		*update = UPDATE_DEPLOYMENT;
	else if (type && !strcasecmp(type, "UNDEPLOYMENT"))
		*update = UPDATE_UNDEPLOYMENT;
	json_decref(json);
	return is_readable;
}

bool payload_read_job(const char *text, size_t len,
		      char job[OZPROXY_NAME_MAX + 1])
{
	json_t *json = json_loadb(text, len, 0, NULL);
	const char *name = json_string_value(json_object_get(json, "appname"));
	bool is_good = name && topic_is_word(name, OZPROXY_NAME_MAX);

	if (is_good)
		strcpy(job, name);
	json_decref(json);
	return is_good;
}
