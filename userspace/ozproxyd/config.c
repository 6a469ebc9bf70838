// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "config.h"
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "log.h"
#include "mem.h"
#include "topics.h"

/* How an option is written, and what its member is. */
enum type {
	TYPE_TEXT, /* char * */
	TYPE_FILES, /* char *[CONFIG_FILES_MAX] */
	TYPE_SWITCH, /* bool; yes or no */
	TYPE_NUMBER, /* uint64_t */
	TYPE_LEVEL, /* uint64_t, of enum log_level */
};

/**
 * struct option - An option.
 * @name: its name on the command line (after --) and in the file
 * @type: how it is written
 * @offset: of its member in struct config
 * @initial: its default, as it would be written; NULL: none
 * @min: smallest number
 * @max: largest number
 * @value: what its value is, for the help
 * @help: what it is, for the help
 */
struct option {
	const char *name;
	enum type type;
	size_t offset;
	const char *initial;
	uint64_t min;
	uint64_t max;
	const char *value;
	const char *help;
};

#define TEXT(member) TYPE_TEXT, offsetof(struct config, member)
#define NUMBER(member) TYPE_NUMBER, offsetof(struct config, member)

#define BROKER_PORT 10003

/* Times end at a day; those of the device have its bounds, too. A packet waits
 * for two questions, and the device lets it wait for an hour.
 */
#define DAY (24 * 60 * 60 * 1000)
#define QUERY_MAX (30 * 60 * 1000)

/* clang-format off */
static const struct option options[] = {
	{ "device", TEXT(device), "oz0", 0, 0, "NAME",
	  "network device; made, upped and routed when it is not there" },
	{ "leave-device", TYPE_SWITCH, offsetof(struct config, leave_device),
	  "yes", 0, 0, "yes|no",
	  "leave the device at the end, or delete it if it was made here" },
	{ "address", TEXT(address), "auto", 0, 0, "auto|ADDRESS",
	  "address of this node; auto is the source of its default route" },
	{ "port", NUMBER(port), "50103", 1, 65535, "N",
	  "UDP port of this node's tunnel" },
	{ "node-id", TEXT(node_id), NULL, 0, 0, "ID",
	  "id of this worker in the cluster" },
	{ "broker", TEXT(broker), "none", 0, 0, "HOST[:PORT]|none",
	  "MQTT broker of the cluster; its port is 10003 unless it says so" },
	{ "ca-file", TEXT(ca_file), NULL, 0, 0, "FILE",
	  "connect with TLS; certificates that sign the broker's" },
	{ "cert-file", TEXT(cert_file), NULL, 0, 0, "FILE",
	  "certificate of this node for the broker" },
	{ "key-file", TEXT(key_file), NULL, 0, 0, "FILE", "its key" },
	{ "username", TEXT(username), NULL, 0, 0, "NAME",
	  "name for the broker" },
	{ "password-file", TEXT(password_file), NULL, 0, 0, "FILE",
	  "its first line is the password for the broker" },
	{ "client-id", TEXT(client_id), NULL, 0, 0, "ID",
	  "id of the MQTT client; ID-ozproxyd of the node's" },
	{ "table", TEXT(table), NULL, 0, 0, "FILE",
	  "serve the table-query results of a file, and watch it" },
	{ "state-dir", TEXT(state_dir), "/var/lib/ozproxy", 0, 0, "DIRECTORY",
	  "where the table and the local jobs are saved" },
	{ "status-socket", TEXT(status_socket), "/run/ozproxy/ozproxyd.sock",
	  0, 0, "FILE", "where --status asks" },
	{ "netmanager-config", TYPE_FILES,
	  offsetof(struct config, netmanager_config), NULL, 0, 0, "FILE",
	  "netcfg.json or tuncfg.json of NetManager, for what is not given;\n"
	  "more than once for both" },
	{ "query-timeout", NUMBER(query_timeout), "5000", 100, QUERY_MAX, "MS",
	  "when an unanswered question counts as answered with no" },
	{ "query-retry", NUMBER(query_retry), "500", 10, DAY, "MS",
	  "when it is asked again; doubled each time" },
	{ "query-rate", NUMBER(query_rate), "500", 1, 100000, "N",
	  "most questions a second, and at once" },
	{ "negative-timeout", NUMBER(negative_timeout), "5000", 0, DAY, "MS",
	  "how long a no is remembered" },
	{ "refresh-interval", NUMBER(refresh_interval), "30000", 100, DAY, "MS",
	  "how often everything known is asked for again, +-20 %" },
	{ "idle-timeout", NUMBER(idle_timeout), "10000", 1000, DAY, "MS",
	  "when an unused service is let go" },
	{ "save-interval", NUMBER(save_interval), "600000", 100, DAY, "MS",
	  "how often the table is saved, at most" },
	{ "log-level", TYPE_LEVEL, offsetof(struct config, log_level), "info",
	  0, 0, "error|warning|info|debug", "what is said on stderr" },
};
/* clang-format on */

#define N_OPTIONS (sizeof(options) / sizeof(*options))

static const char *const level_names[] = {
	[LEVEL_ERROR] = "error",
	[LEVEL_WARNING] = "warning",
	[LEVEL_INFO] = "info",
	[LEVEL_DEBUG] = "debug",
};

static int fail(char *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(char *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, CONFIG_ERROR, format, args);
	va_end(args);
	return code;
}

static void *member(const struct config *config, const struct option *option)
{
	return (char *)config + option->offset;
}

static uint64_t bit(const struct option *option)
{
	return 1ull << (option - options);
}

static const struct option *find_option(const char *name)
{
	size_t i;

	for (i = 0; i < N_OPTIONS; i++)
		if (!strcmp(options[i].name, name))
			return &options[i];
	return NULL;
}

void config_init(struct config *config)
{
	memset(config, 0, sizeof(*config));
}

void config_uninit(struct config *config)
{
	char **text;
	size_t i, j;

	for (i = 0; i < N_OPTIONS; i++) {
		text = member(config, &options[i]);
		if (options[i].type == TYPE_TEXT)
			free(*text);
		for (j = 0;
		     options[i].type == TYPE_FILES && j < CONFIG_FILES_MAX; j++)
			free(text[j]);
	}
	config_init(config);
}

static int set_number(const struct option *option, const char *value,
		      uint64_t *number, char *error)
{
	if (parse_number(value, option->max, number) && *number >= option->min)
		return 0;
	return fail(error, -EINVAL,
		    "%s: '%s' is not a number from %" PRIu64 " to %" PRIu64,
		    option->name, value, option->min, option->max);
}

static int set_switch(const struct option *option, const char *value,
		      bool *is_on, char *error)
{
	*is_on = !strcmp(value, "yes");
	if (*is_on || !strcmp(value, "no"))
		return 0;
	return fail(error, -EINVAL, "%s: '%s' is neither yes nor no",
		    option->name, value);
}

static int set_level(const struct option *option, const char *value,
		     uint64_t *level, char *error)
{
	for (*level = 0; *level <= LEVEL_DEBUG; (*level)++)
		if (!strcmp(level_names[*level], value))
			return 0;
	return fail(error, -EINVAL, "%s: '%s' is not one of %s", option->name,
		    value, option->value);
}

static int add_file(const struct option *option, const char *value,
		    char **files, char *error)
{
	int i;

	for (i = 0; i < CONFIG_FILES_MAX; i++)
		if (!files[i]) {
			files[i] = mem_text(value);
			return 0;
		}
	return fail(error, -EINVAL, "%s: more than %d files", option->name,
		    CONFIG_FILES_MAX);
}

static int set_option(struct config *config, const struct option *option,
		      const char *value, char *error)
{
	void *target = member(config, option);

	switch (option->type) {
	case TYPE_TEXT:
		if (!*value)
			return fail(error, -EINVAL, "%s: there is no value",
				    option->name);
		free(*(char **)target);
		*(char **)target = mem_text(value);
		return 0;
	case TYPE_FILES:
		return add_file(option, value, target, error);
	case TYPE_SWITCH:
		return set_switch(option, value, target, error);
	case TYPE_NUMBER:
		return set_number(option, value, target, error);
	case TYPE_LEVEL:
		return set_level(option, value, target, error);
	}
	return -EINVAL;
}

int config_set(struct config *config, const char *name, const char *value,
	       char *error)
{
	const struct option *option = find_option(name);
	int err;

	if (!option)
		return fail(error, -EINVAL, "there is no option '%s'", name);
	err = set_option(config, option, value, error);
	if (!err)
		config->given |= bit(option);
	return err;
}

bool config_is_given(const struct config *config, const char *name)
{
	const struct option *option = find_option(name);

	return option && config->given & bit(option);
}

/* Words that are no options; false when it is none of them. */
static bool take_word(struct config_words *words, const char *word)
{
	static const struct {
		const char *word;
		enum config_command command;
	} commands[] = {
		{ "--status", COMMAND_STATUS },
		{ "--check-config", COMMAND_CHECK },
		{ "--version", COMMAND_VERSION },
		{ "-V", COMMAND_VERSION },
		{ "--help", COMMAND_HELP },
		{ "-h", COMMAND_HELP },
	};
	size_t i;

	if (!strcmp(word, "-j") || !strcmp(word, "--json")) {
		words->json = true;
		return true;
	}
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].word, word)) {
			words->command = commands[i].command;
			return true;
		}
	return false;
}

static int take_option(struct config *config, struct config_words *words,
		       const char *name, const char *value, char *error)
{
	if (!strcmp(name, "config")) {
		words->file = value;
		return 0;
	}
	return config_set(config, name, value, error);
}

int config_read_args(struct config *config, struct config_words *words,
		     int argc, char **argv, char *error)
{
	char name[64];
	const char *equals, *value;
	int i, err = 0;

	for (i = 1; i < argc && !err; i++) {
		if (take_word(words, argv[i]))
			continue;
		if (strncmp(argv[i], "--", 2))
			return fail(error, -EINVAL, "there is no argument '%s'",
				    argv[i]);
		equals = strchrnul(argv[i], '=');
		snprintf(name, sizeof(name), "%.*s",
			 (int)(equals - argv[i] - 2), argv[i] + 2);
		value = *equals ? equals + 1 : argv[++i];
		if (!value)
			return fail(error, -EINVAL,
				    "--%s needs a value after it", name);
		err = take_option(config, words, name, value, error);
	}
	return err;
}

/* A part of a line without the blanks around it. */
static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r\n");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r\n", end[-1]))
		end--;
	*end = '\0';
	return text;
}

static int read_line(struct config *config, char *line, uint64_t before,
		     char *error)
{
	const struct option *option;
	char *equals, *name, *value;
	int err;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (!equals)
		return fail(error, -EINVAL, "this is not 'name = value': %.64s",
			    line);
	*equals = '\0';
	name = trim(line);
	option = find_option(name);
	/* The command line has the last word. */
	if (option && before & bit(option))
		return 0;
	value = trim(equals + 1);
	err = config_set(config, name, value, error);
	if (err && strchr(value, '#'))
		strncat(error, "; a comment is a line of its own",
			CONFIG_ERROR - strlen(error) - 1);
	return err;
}

int config_read_file(struct config *config, FILE *file, const char *name,
		     char *error)
{
	uint64_t before = config->given;
	char *line = NULL, text[CONFIG_ERROR];
	unsigned int number = 0;
	size_t room = 0;
	int err = 0;

	while (!err && getline(&line, &room, file) >= 0) {
		number++;
		err = read_line(config, line, before, text);
	}
	free(line);
	if (err)
		return fail(error, err, "%.200s, line %u: %.256s", name, number,
			    text);
	return ferror(file) ? fail(error, -EIO, "%s cannot be read", name) : 0;
}

static int put_defaults(struct config *config, char *error)
{
	const struct option *option;
	size_t i;
	int err;

	for (i = 0; i < N_OPTIONS; i++) {
		option = &options[i];
		if (!option->initial || config->given & bit(option))
			continue;
		err = set_option(config, option, option->initial, error);
		if (err)
			return err;
	}
	if (!config->client_id && config->node_id) {
		config->client_id = mem_zero(strlen(config->node_id) + 16);
		strcat(strcpy(config->client_id, config->node_id), "-ozproxyd");
	}
	return 0;
}

char *config_broker(const struct config *config, uint16_t *port)
{
	const char *colon = strrchr(config->broker, ':');
	char *host = mem_text(config->broker);
	size_t len = strlen(host);
	uint64_t number;
	struct ip ip;

	*port = BROKER_PORT;
	/* An IPv6 address needs brackets only when a port follows. */
	if (colon && !parse_ip(host, &ip) &&
	    parse_number(colon + 1, UINT16_MAX, &number) && number) {
		*port = (uint16_t)number;
		len = (size_t)(colon - config->broker);
		host[len] = '\0';
		colon = NULL;
	}
	if (len > 2 && *host == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		memmove(host, host + 1, len - 1);
	}
	if (*host && !strpbrk(host, "[]") &&
	    (!strchr(host, ':') || parse_ip(host, &ip)))
		return host;
	free(host);
	return NULL;
}

static int check_host(const struct config *config, char *error)
{
	uint16_t port;
	char *host = config_broker(config, &port);

	if (!host)
		return fail(error, -EINVAL,
			    "broker: '%s' is not HOST or HOST:PORT",
			    config->broker);
	free(host);
	return 0;
}

/* In any encoding, to any broker. */
static bool is_printable(const char *text)
{
	while (*text >= ' ' && *text < 127)
		text++;
	return !*text;
}

/* NetManager is called as the node, and NodeEngine almost so: the broker lets
 * nobody else have the name of a client.
 */
static int check_client(const struct config *config, char *error)
{
	size_t len = strlen(config->node_id);
	const char *id = config->client_id;

	if (!is_printable(id))
		return fail(error, -EINVAL,
			    "client-id: '%s' is not the id of a client", id);
	if (!strncmp(id, config->node_id, len) &&
	    (!id[len] || !strcmp(id + len, "-ne")))
		return fail(error, -EINVAL,
			    "client-id: '%s' is what another client of this "
			    "node is called",
			    id);
	return 0;
}

static int check_broker(const struct config *config, char *error)
{
	if (!config->broker) {
		if (config->table)
			return 0;
		return fail(error, -EINVAL,
			    "there is nothing to serve: say which broker or "
			    "which table");
	}
	if (!config->node_id)
		return fail(error, -EINVAL,
			    "with a broker there has to be a node-id");
	if (!topic_is_word(config->node_id, TOPIC_ID_MAX))
		return fail(error, -EINVAL,
			    "node-id: '%s' is not the id of a node",
			    config->node_id);
	if (!config->cert_file != !config->key_file)
		return fail(error, -EINVAL,
			    "cert-file and key-file belong together");
	if (config->cert_file && !config->ca_file)
		return fail(error, -EINVAL,
			    "cert-file, or MqttCert of NetManager, needs "
			    "ca-file: what signs the broker's certificate");
	if (config->password_file && !config->username)
		return fail(error, -EINVAL, "password-file needs username");
	return check_client(config, error) ?: check_host(config, error);
}

int config_finish(struct config *config, bool to_serve, char *error)
{
	struct ip ip;
	int err;

	err = put_defaults(config, error);
	if (err)
		return err;
	if (config->broker && !strcmp(config->broker, "none")) {
		free(config->broker);
		config->broker = NULL;
	}
	if (strlen(config->device) >= IF_NAMESIZE)
		return fail(error, -EINVAL, "device: '%s' is too long",
			    config->device);
	if (strcmp(config->address, "auto") && !parse_ip(config->address, &ip))
		return fail(error, -EINVAL,
			    "address: '%s' is neither auto nor an address",
			    config->address);
	return to_serve ? check_broker(config, error) : 0;
}

static void help_option(FILE *out, const struct option *option)
{
	const char *line = option->help, *end;

	fprintf(out, "  --%s %s", option->name, option->value);
	if (option->type == TYPE_NUMBER)
		fprintf(out, " (%s; %" PRIu64 " to %" PRIu64 ")",
			option->initial, option->min, option->max);
	else if (option->initial)
		fprintf(out, " (%s)", option->initial);
	fputc('\n', out);
	do {
		end = strchrnul(line, '\n');
		fprintf(out, "      %.*s\n", (int)(end - line), line);
		line = *end ? end + 1 : end;
	} while (*line);
}

void config_help(FILE *out)
{
	size_t i;

	fputs("Usage: ozproxyd [OPTION VALUE]...\n"
	      "       ozproxyd --status [-j|--json] [OPTION VALUE]...\n"
	      "       ozproxyd --check-config [OPTION VALUE]...\n"
	      "       ozproxyd -V|--version, ozproxyd -h|--help\n"
	      "\n"
	      "Joins the table of an ozproxy device to an Oakestra cluster, or "
	      "to a file.\n"
	      "Each option is also a line 'name = value' of the file that\n"
	      "--config FILE names (" CONFIG_FILE ").\n"
	      "\n",
	      out);
	for (i = 0; i < N_OPTIONS; i++)
		help_option(out, &options[i]);
}
