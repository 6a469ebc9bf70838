// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * The file of settings: what is not refused, with a reason, can be served.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config.h"
#include "kernel.h"

static void check(const struct config *config)
{
	uint16_t port;
	char *host;

	must(config->port >= 1 && config->port <= 65535);
	must(config->query_rate);
	must(config->device && strlen(config->device) < 16);
	must(config->broker || config->table);
	if (!config->broker)
		return;
	must(config->node_id && config->client_id);
	must(strcmp(config->node_id, config->client_id));
	must(!config->cert_file == !config->key_file);
	host = config_broker(config, &port);
	must(host && *host && port);
	free(host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONFIG_ERROR] = "";
	struct config config;
	FILE *file;
	int err;

	if (!size)
		return 0;
	file = fmemopen((void *)(uintptr_t)data, size, "r");
	must(file);
	config_init(&config);
	err = config_read_file(&config, file, "settings", error);
	if (!err)
		err = config_finish(&config, true, error);
	must(err <= 0);
	must(!err == !*error);
	if (!err)
		check(&config);
	config_uninit(&config);
	fclose(file);
	return 0;
}
