// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "netmanager.h"
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include "log.h"
#include "mem.h"

/* Which of its members say what of our options. */
static const struct {
	const char *key;
	const char *option;
} netmanager_keys[] = {
	{ "NodePublicAddress", "address" },
	{ "NodePublicPort", "port" },
	{ "MqttCert", "cert-file" },
	{ "MqttKey", "key-file" },
};

/* A member as text; false when it is missing, or says nothing. */
static bool text_of(const json_t *json, const char *key, char text[256])
{
	const json_t *value = json_object_get(json, key);

	if (json_is_integer(value))
		snprintf(text, 256, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
	else
		snprintf(text, 256, "%s", json_string_value(value) ?: "");
	return *text && strcmp(text, "0.0.0.0");
}

static int take(struct config *config, const char *option, const char *value,
		char *error)
{
	if (config_is_given(config, option))
		return 0;
	return config_set(config, option, value, error);
}

static int take_broker(struct config *config, const json_t *json, char *error)
{
	char host[256], port[256], broker[600];

	if (!json_object_get(json, "ClusterUrl"))
		return 0;
	/* What it calls 0.0.0.0 is this machine. */
	if (!text_of(json, "ClusterUrl", host))
		strcpy(host, "127.0.0.1");
	if (!text_of(json, "ClusterMqttPort", port))
		strcpy(port, "10003");
	snprintf(broker, sizeof(broker),
		 strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	return take(config, "broker", broker, error);
}

/* What it says of its own tunnel, and where. */
struct tunnel {
	const char *file; /* NULL: nothing */
	char port[256];
};

/* Both files may have to do with it, in any order. */
static void check_tunnel(const struct config *config,
			 const struct tunnel *tunnel)
{
	char ours[32];

	snprintf(ours, sizeof(ours), "%u",
		 config_is_given(config, "port") ? (unsigned int)config->port :
						   50103);
	if (tunnel->file && !strcmp(tunnel->port, ours))
		log_warning("%s: NetManager takes port %s itself: give it "
			    "another TunnelPort",
			    tunnel->file, tunnel->port);
}

static int read_file(struct config *config, const char *name,
		     struct tunnel *tunnel, char *error)
{
	json_error_t at;
	json_t *json = json_load_file(name, 0, &at);
	char text[256];
	int err = 0;
	size_t i;

	if (!json_is_object(json)) {
		if (json || at.line < 0)
			snprintf(error, CONFIG_ERROR, "%.256s: %s", name,
				 json ? "it is no object" : at.text);
		else
			snprintf(error, CONFIG_ERROR, "%.256s, line %d: %s",
				 name, at.line, at.text);
		json_decref(json);
		return -EINVAL;
	}
	for (i = 0;
	     i < sizeof(netmanager_keys) / sizeof(*netmanager_keys) && !err;
	     i++)
		if (text_of(json, netmanager_keys[i].key, text))
			err = take(config, netmanager_keys[i].option, text,
				   error);
	if (!err)
		err = take_broker(config, json, error);
	if (text_of(json, "TunnelPort", text)) {
		strcpy(tunnel->port, text);
		tunnel->file = name;
	}
	json_decref(json);
	return err;
}

int netmanager_read(struct config *config, char *error)
{
	struct tunnel tunnel = {};
	int i, err = 0;

	for (i = 0;
	     i < CONFIG_FILES_MAX && config->netmanager_config[i] && !err; i++)
		err = read_file(config, config->netmanager_config[i], &tunnel,
				error);
	if (!err)
		check_tunnel(config, &tunnel);
	return err;
}
