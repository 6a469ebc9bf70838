/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * The options: one table for the command line, the file and the help.
 */
#ifndef _OZP_OZPROXYD_CONFIG_H
#define _OZP_OZPROXYD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** CONFIG_FILE - What is read when no other file is named. */
#define CONFIG_FILE "/etc/ozproxy/ozproxyd.conf"

/** CONFIG_FILES_MAX - Most files of NetManager. */
#define CONFIG_FILES_MAX 4

/**
 * struct config - All options; see the help for what they mean.
 *
 * Texts are NULL when there is none. Times are in milliseconds.
 */
struct config {
	uint64_t given; /* a bit for each that was */
	char *device;
	bool leave_device;
	char *address;
	uint64_t port;
	char *node_id;
	char *broker;
	char *ca_file;
	char *cert_file;
	char *key_file;
	char *username;
	char *password_file;
	char *client_id;
	char *table;
	char *state_dir;
	char *status_socket;
	char *netmanager_config[CONFIG_FILES_MAX];
	uint64_t query_timeout;
	uint64_t query_retry;
	uint64_t query_rate;
	uint64_t negative_timeout;
	uint64_t refresh_interval;
	uint64_t idle_timeout;
	uint64_t save_interval;
	uint64_t log_level;
};

/** enum config_command - What the program is to do. */
enum config_command {
	COMMAND_RUN,
	COMMAND_STATUS,
	COMMAND_CHECK,
	COMMAND_VERSION,
	COMMAND_HELP,
};

/**
 * struct config_words - What else was on the command line.
 * @command: what to do
 * @json: for programs
 * @file: the configuration file that was named, or NULL
 */
struct config_words {
	enum config_command command;
	bool json;
	const char *file;
};

/** CONFIG_ERROR - Room for a sentence about what is wrong. */
#define CONFIG_ERROR 512

/** config_init() - No option is given. */
void config_init(struct config *config);

/** config_uninit() - Free the texts. */
void config_uninit(struct config *config);

/**
 * config_set() - Give an option.
 * @config: the options
 * @name: its name
 * @value: its value, as text
 * @error: where a sentence goes, CONFIG_ERROR bytes
 *
 * Return: 0, or -EINVAL.
 */
int config_set(struct config *config, const char *name, const char *value,
	       char *error);

/**
 * config_read_args() - Take the options from a command line.
 * @config: the options
 * @words: what else is there
 * @argc: how many words
 * @argv: the words, the program's name first
 * @error: where a sentence goes, CONFIG_ERROR bytes
 *
 * Return: 0, or -EINVAL.
 */
int config_read_args(struct config *config, struct config_words *words,
		     int argc, char **argv, char *error);

/**
 * config_read_file() - Take the options that were not given yet from a file.
 * @config: the options
 * @file: the file, of lines "name = value"; empty ones and comments (#) count
 *   for nothing
 * @name: its name, for errors
 * @error: where a sentence goes, CONFIG_ERROR bytes
 *
 * Return: 0, -EINVAL, or -EIO.
 */
int config_read_file(struct config *config, FILE *file, const char *name,
		     char *error);

/**
 * config_is_given() - Was an option given, on the command line or in a file?
 * @config: the options
 * @name: its name
 */
bool config_is_given(const struct config *config, const char *name);

/**
 * config_finish() - Put in the defaults, and see whether it makes sense.
 * @config: the options
 * @to_serve: it has to be enough to serve something
 * @error: where a sentence goes, CONFIG_ERROR bytes
 *
 * Return: 0, or -EINVAL.
 */
int config_finish(struct config *config, bool to_serve, char *error);

/**
 * config_broker() - Take the broker apart.
 * @config: the options, with a broker
 * @port: its port
 *
 * Return: its name or address, to be freed; NULL when it is not one.
 */
char *config_broker(const struct config *config, uint16_t *port);

/** config_help() - Print all options with their defaults. */
void config_help(FILE *out);

#endif /* _OZP_OZPROXYD_CONFIG_H */
