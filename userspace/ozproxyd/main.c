// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ask.h"
#include "config.h"
#include "daemon.h"
#include "log.h"
#include "netmanager.h"

/* Exit codes. */
enum status {
	STATUS_OK,
	STATUS_FAILED,
	STATUS_USAGE,
};

static int complain(int status, const char *text)
{
	fprintf(stderr, "ozproxyd: %s\n", text);
	return status;
}

static void on_end(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)signal;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void on_hangup(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)loop;
	(void)events;
	daemon_reload(signal->data);
}

static int run(const struct config *config)
{
	ev_signal end[2], hangup;
	struct daemon *daemon;
	struct ev_loop *loop;

	log_setup((enum log_level)config->log_level);
	srandom((unsigned int)(time(NULL) ^ getpid()));
	signal(SIGPIPE, SIG_IGN);
	/* Until the table was read there is nothing to read again. */
	signal(SIGHUP, SIG_IGN);
	loop = ev_default_loop(0);
	if (!loop)
		return complain(STATUS_FAILED, "there is no event loop");
	ev_signal_init(&end[0], on_end, SIGTERM);
	ev_signal_init(&end[1], on_end, SIGINT);
	ev_signal_start(loop, &end[0]);
	ev_signal_start(loop, &end[1]);
	daemon = daemon_start(loop, config);
	if (!daemon)
		return STATUS_FAILED;
	ev_signal_init(&hangup, on_hangup, SIGHUP);
	hangup.data = daemon;
	ev_signal_start(loop, &hangup);
	ev_run(loop, 0);
	daemon_stop(daemon);
	ev_loop_destroy(loop);
	return STATUS_OK;
}

static int show_status(const struct config *config, bool json)
{
	char *text;
	int err;

	err = ask_helper(config->status_socket, json ? "status json" : "status",
			 &text);
	if (err && !text) {
		fprintf(stderr, "ozproxyd: %s: %s: %s\n", config->status_socket,
			strerror(-err),
			err == -EACCES ? "root and its group may ask" :
					 "is it running?");
		return STATUS_FAILED;
	}
	fputs(text, err ? stderr : stdout);
	free(text);
	return err || fflush(stdout) || ferror(stdout) ? STATUS_FAILED :
							 STATUS_OK;
}

static int read_file(struct config *config, const char *name, char *error)
{
	FILE *file = fopen(name ?: CONFIG_FILE, "re");
	int err;

	if (!file) {
		/* The one that nobody asked for need not be there. */
		if (!name && errno == ENOENT)
			return 0;
		snprintf(error, CONFIG_ERROR, "%s: %s", name ?: CONFIG_FILE,
			 strerror(errno));
		return -EIO;
	}
	err = config_read_file(config, file, name ?: CONFIG_FILE, error);
	fclose(file);
	return err;
}

static int run_command(struct config *config, const struct config_words *words)
{
	/* Who only asks needs nothing but the socket. */
	bool to_serve = words->command != COMMAND_STATUS;
	char error[CONFIG_ERROR] = "";
	int err;

	err = read_file(config, words->file, error);
	if (!err && to_serve)
		err = netmanager_read(config, error);
	if (!err)
		err = config_finish(config, to_serve, error);
	if (err)
		return complain(STATUS_USAGE, error);
	switch (words->command) {
	case COMMAND_RUN:
		return run(config);
	case COMMAND_STATUS:
		return show_status(config, words->json);
	case COMMAND_CHECK:
	case COMMAND_VERSION:
	case COMMAND_HELP:
		break;
	}
	return STATUS_OK;
}

int main(int argc, char **argv)
{
	struct config_words words = {};
	char error[CONFIG_ERROR];
	struct config config;
	int status;

	config_init(&config);
	if (config_read_args(&config, &words, argc, argv, error)) {
		status = complain(STATUS_USAGE, error);
	} else if (words.command == COMMAND_HELP) {
		config_help(stdout);
		status = STATUS_OK;
	} else if (words.command == COMMAND_VERSION) {
		puts("ozproxyd " OZP_VERSION);
		status = STATUS_OK;
	} else {
		status = run_command(&config, &words);
	}
	config_uninit(&config);
	return status;
}
