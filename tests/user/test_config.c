// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include "config.h"
#include "log.h"
#include "netmanager.h"

static struct config config;
static char error[CONFIG_ERROR];

static int begin(void **state)
{
	(void)state;
	config_init(&config);
	*error = '\0';
	return 0;
}

static int end(void **state)
{
	(void)state;
	config_uninit(&config);
	return 0;
}

static int read_text(const char *text)
{
	FILE *file = fmemopen((char *)text, strlen(text), "r");
	int err;

	assert_non_null(file);
	err = config_read_file(&config, file, "f", error);
	fclose(file);
	return err;
}

static int read_words(struct config_words *words, const char *const *argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return config_read_args(&config, words, argc, (char **)argv, error);
}

static void defaults(void **state)
{
	(void)state;
	assert_int_equal(config_set(&config, "table", "t", error), 0);
	assert_int_equal(config_finish(&config, true, error), 0);
	assert_string_equal(config.device, "oz0");
	assert_true(config.leave_device);
	assert_string_equal(config.address, "auto");
	assert_int_equal(config.port, 50103);
	assert_null(config.broker);
	assert_string_equal(config.state_dir, "/var/lib/ozproxy");
	assert_string_equal(config.status_socket, "/run/ozproxy/ozproxyd.sock");
	assert_int_equal(config.query_timeout, 5000);
	assert_int_equal(config.query_retry, 500);
	assert_int_equal(config.negative_timeout, 5000);
	assert_int_equal(config.refresh_interval, 30000);
	assert_int_equal(config.idle_timeout, 10000);
	assert_int_equal(config.log_level, LEVEL_INFO);
}

static void a_file(void **state)
{
	(void)state;
	assert_int_equal(read_text("# a comment\n"
				   "\n"
				   "  \t \n"
				   "broker = 192.0.2.1:1883\r\n"
				   "\tnode-id=64b0\n"
				   "leave-device = no\n"
				   "client-id = a = b\n"
				   "log-level = debug"),
			 0);
	assert_int_equal(config_finish(&config, true, error), 0);
	assert_string_equal(config.broker, "192.0.2.1:1883");
	assert_string_equal(config.node_id, "64b0");
	assert_string_equal(config.client_id, "a = b");
	assert_false(config.leave_device);
	assert_int_equal(config.log_level, LEVEL_DEBUG);
}

static void the_command_line_wins(void **state)
{
	static const char *const argv[] = {
		"ozproxyd",    "--port", "4",	     "--config", "f",
		"--node-id=x", "-j",	 "--status", NULL
	};
	struct config_words words = {};

	(void)state;
	assert_int_equal(read_words(&words, argv), 0);
	assert_true(words.json);
	assert_int_equal(words.command, COMMAND_STATUS);
	assert_string_equal(words.file, "f");
	/* In a file the last line counts. */
	assert_int_equal(read_text("port = 5\nbroker = a\nbroker = b\n"), 0);
	assert_int_equal(config_finish(&config, true, error), 0);
	assert_int_equal(config.port, 4);
	assert_string_equal(config.broker, "b");
	assert_string_equal(config.client_id, "x-ozproxyd");
}

static void wrong_files(void **state)
{
	static const char *const wrong[][2] = {
		{ "x", "f, line 1: this is not 'name = value': x" },
		{ "\nx = 1", "f, line 2: there is no option 'x'" },
		{ "leave-device = no # for now",
		  "f, line 1: leave-device: 'no # for now' is neither yes nor "
		  "no; a comment is a line of its own" },
		{ "device =", "f, line 1: device: there is no value" },
		{ "port = 0",
		  "f, line 1: port: '0' is not a number from 1 to 65535" },
		{ "port = 65536",
		  "f, line 1: port: '65536' is not a number from 1 to 65535" },
		/* Of the device's longest wait a half, as it is two questions. */
		{ "query-timeout = 1800001",
		  "f, line 1: query-timeout: '1800001' is not a number from "
		  "100 to 1800000" },
		{ "leave-device = maybe",
		  "f, line 1: leave-device: 'maybe' is neither yes nor no" },
		{ "log-level = loud",
		  "f, line 1: log-level: 'loud' is not one of "
		  "error|warning|info|debug" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_not_equal(read_text(wrong[i][0]), 0);
		assert_string_equal(error, wrong[i][1]);
	}
}

static void wrong_words(void **state)
{
	static const char *const argv[][4] = {
		{ "ozproxyd", "run", NULL },
		{ "ozproxyd", "--port", NULL },
		{ "ozproxyd", "--nothing", "1", NULL },
		{ "ozproxyd", "--port=x", NULL },
		{ "ozproxyd", "-x", NULL },
	};
	struct config_words words = {};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(argv) / sizeof(*argv); i++)
		assert_int_not_equal(read_words(&words, argv[i]), 0);
}

static void wrong_sense(void **state)
{
	static const char *const wrong[] = {
		"",
		"broker = h",
		"broker = h\nnode-id = a/b",
		"broker = h\nnode-id = a\ncert-file = c",
		"broker = h\nnode-id = a\ncert-file = c\nkey-file = k",
		"broker = h\nnode-id = a\npassword-file = p",
		"broker = h:x\nnode-id = a",
		"broker = [x\nnode-id = a",
		"table = t\ndevice = a-very-long-name",
		"table = t\naddress = somewhere",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		begin(NULL);
		assert_int_equal(read_text(*wrong[i] ? wrong[i] : "\n"), 0);
		assert_int_not_equal(config_finish(&config, true, error), 0);
		assert_true(*error);
		end(NULL);
	}
}

static void brokers(void **state)
{
	static const struct {
		const char *text;
		const char *host;
		unsigned int port;
	} brokers[] = {
		{ "192.0.2.1", "192.0.2.1", 10003 },
		{ "192.0.2.1:1883", "192.0.2.1", 1883 },
		{ "mqtt.example", "mqtt.example", 10003 },
		{ "mqtt.example:8883", "mqtt.example", 8883 },
		{ "2001:db8::1", "2001:db8::1", 10003 },
		{ "[2001:db8::1]", "2001:db8::1", 10003 },
		{ "[2001:db8::1]:1883", "2001:db8::1", 1883 },
	};
	uint16_t port;
	char *host;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(brokers) / sizeof(*brokers); i++) {
		assert_int_equal(config_set(&config, "broker", brokers[i].text,
					    error),
				 0);
		host = config_broker(&config, &port);
		assert_non_null(host);
		assert_string_equal(host, brokers[i].host);
		assert_int_equal(port, brokers[i].port);
		free(host);
	}
}

/* A file of NetManager's, to be removed. */
static void name_netmanager(char *name, const char *text)
{
	int fd;
	FILE *file;

	strcpy(name, "/tmp/ozproxy-unit-XXXXXX");
	fd = mkstemp(name);

	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(config_set(&config, "netmanager-config", name, error),
			 0);
}

static int read_netmanager(const char *text)
{
	char name[32];
	int err;

	name_netmanager(name, text);
	err = netmanager_read(&config, error);
	remove(name);
	return err;
}

static int read_two(const char *first, const char *second)
{
	char names[2][32];
	int err;

	name_netmanager(names[0], first);
	name_netmanager(names[1], second);
	err = netmanager_read(&config, error);
	remove(names[0]);
	remove(names[1]);
	return err;
}

static void netmanager(void **state)
{
	(void)state;
	assert_int_equal(config_set(&config, "port", "7", error), 0);
	assert_int_equal(read_netmanager(
				 "{\"NodePublicAddress\": \"131.1.0.1\", "
				 "\"NodePublicPort\": \"50104\", "
				 "\"ClusterUrl\": \"131.1.9.9\", "
				 "\"ClusterMqttPort\": 1883, \"Debug\": false, "
				 "\"MqttCert\": \"\", \"MqttKey\": \"\"}"),
			 0);
	assert_string_equal(config.address, "131.1.0.1");
	assert_string_equal(config.broker, "131.1.9.9:1883");
	/* What was said to us counts more. */
	assert_int_equal(config.port, 7);
	assert_null(config.cert_file);
}

static void netmanager_of_one_machine(void **state)
{
	(void)state;
	assert_int_equal(read_netmanager(
				 "{\"NodePublicAddress\": \"0.0.0.0\", "
				 "\"NodePublicPort\": 50104, "
				 "\"ClusterUrl\": \"0.0.0.0\", "
				 "\"MqttCert\": \"/c\", \"MqttKey\": \"/k\"}"),
			 0);
	assert_null(config.address);
	assert_string_equal(config.broker, "127.0.0.1:10003");
	assert_int_equal(config.port, 50104);
	assert_string_equal(config.cert_file, "/c");
	assert_string_equal(config.key_file, "/k");
	/* It checks nobody's certificate; here somebody has to say by what. */
	assert_int_equal(config_set(&config, "node-id", "n", error), 0);
	assert_int_not_equal(config_finish(&config, true, error), 0);
	assert_non_null(strstr(error, "MqttCert of NetManager, needs ca-file"));
	assert_int_equal(config_set(&config, "ca-file", "/ca", error), 0);
	assert_int_equal(config_finish(&config, true, error), 0);
}

/* Whichever of the two files comes first. */
static void netmanager_takes_our_port(void **state)
{
	static const char tun[] = "{\"TunnelPort\": 50200}";
	static const char net[] = "{\"NodePublicPort\": \"50200\"}";
	const struct log_line *line;
	int i;

	(void)state;
	log_setup(LEVEL_ERROR);
	for (i = 0; i < 2; i++) {
		end(NULL);
		assert_int_equal(read_two(i ? net : tun, i ? tun : net), 0);
		line = log_recent(0);
		assert_non_null(line);
		assert_non_null(strstr(line->text, "takes port 50200 itself"));
		log_warning("something else");
	}
	end(NULL);
	assert_int_equal(read_two("{\"TunnelPort\": 50103}", net), 0);
	assert_string_equal(log_recent(0)->text, "something else");
}

static void the_name_of_the_client(void **state)
{
	static const char *const wrong[] = { "n", "n-ne", "a\tb", "\xff" };
	size_t i;

	(void)state;
	assert_int_equal(config_set(&config, "broker", "b", error), 0);
	assert_int_equal(config_set(&config, "node-id", "n", error), 0);
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(
			config_set(&config, "client-id", wrong[i], error), 0);
		assert_int_not_equal(config_finish(&config, true, error), 0);
		assert_non_null(strstr(error, "client-id: '"));
	}
	assert_int_equal(config_set(&config, "client-id", "n-new", error), 0);
	assert_int_equal(config_finish(&config, true, error), 0);
}

static void netmanager_files_that_are_none(void **state)
{
	(void)state;
	assert_int_not_equal(read_netmanager("{\n\n"), 0);
	assert_non_null(strstr(error, ", line 3: "));
	end(NULL);
	assert_int_not_equal(read_netmanager("[]"), 0);
	end(NULL);
	log_setup(LEVEL_ERROR);
	assert_int_equal(read_netmanager("{\"TunnelPort\": 50103}"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults),
		TEST(a_file),
		TEST(the_command_line_wins),
		TEST(wrong_files),
		TEST(wrong_words),
		TEST(wrong_sense),
		TEST(brokers),
		TEST(netmanager),
		TEST(netmanager_of_one_machine),
		TEST(netmanager_takes_our_port),
		TEST(the_name_of_the_client),
		TEST(netmanager_files_that_are_none),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
