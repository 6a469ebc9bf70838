// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "broker.h"
#include <errno.h>
#include <ev.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "log.h"
#include "mem.h"
#include "resolve.h"
#include "subacks.h"

/* Seconds without a word after which the other side is asked for one. */
#define KEEPALIVE 20

/* Seconds until it is tried again, the first time and at most. */
#define PAUSE_MIN 0.5
#define PAUSE_MAX 8.0

/* Seconds after which a connection is one: others ended at once, and so may the
 * next. After so many of those there is something to be said about it.
 */
#define LASTING 30.0
#define BRIEFS_SAID 2

/* Messages that may be without an acknowledgement. */
#define INFLIGHT_MAX 2000

/* Longest reason of a failure. */
#define REASON 256

/* How often the library looks at its own times, in seconds. */
#define HOUSEKEEPING 1.0

struct broker {
	struct ev_loop *loop;
	const struct broker_config *config;
	const struct broker_ops *ops;
	void *data;
	struct mosquitto *mosq;
	struct resolve *resolve;
	ev_io io;
	ev_timer retry;
	ev_timer housekeeping;
	ev_timer lasting; /* while the connection is a new one */
	ev_prepare prepare;
	struct subacks subacks;
	double pause;
	unsigned int attempts;
	unsigned int briefs; /* connections that ended at once, in a row */
	bool is_set_up; /* with all that its files say */
	bool connecting; /* until the socket can be written to */
	bool connected;
	char detail[REASON]; /* what the library says of its own accord */
	char said[REASON]; /* why the last attempt failed, as it was logged */
};

/* The watcher follows the library's socket and what it wants of it. */
static void watch(struct broker *broker)
{
	int fd = mosquitto_socket(broker->mosq), events = EV_READ;

	/*
	 * Of a connection that is being made the library says that there is
	 * nothing to write, but it goes on only when it is called.
	 */
	if (broker->connecting || mosquitto_want_write(broker->mosq))
		events |= EV_WRITE;
	if (ev_is_active(&broker->io) && broker->io.fd == fd &&
	    (broker->io.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(broker->loop, &broker->io);
	/* The socket of an attempt that failed is there until the next one. */
	if (fd < 0 || ev_is_active(&broker->retry) || broker->resolve)
		return;
	ev_io_set(&broker->io, fd, events);
	ev_io_start(broker->loop, &broker->io);
}

static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	(void)loop;
	(void)events;
	watch(prepare->data);
}

/* Jittered, so that the workers of a cluster do not come back all at once. */
static void retry_later(struct broker *broker)
{
	double jitter = 0.5 + (double)random() / (double)RAND_MAX;

	ev_io_stop(broker->loop, &broker->io);
	ev_timer_stop(broker->loop, &broker->retry);
	ev_timer_set(&broker->retry, broker->pause * jitter, 0);
	ev_timer_start(broker->loop, &broker->retry);
	broker->pause *= 2;
	if (broker->pause > PAUSE_MAX)
		broker->pause = PAUSE_MAX;
}

static void on_lasting(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct broker *broker = timer->data;

	(void)events;
	ev_timer_stop(loop, timer);
	broker->pause = PAUSE_MIN;
	broker->briefs = 0;
	*broker->said = '\0';
}

/* The broker ends the older one of two connections with the same id. */
static void note_end(struct broker *broker)
{
	if (!ev_is_active(&broker->lasting))
		return;
	ev_timer_stop(broker->loop, &broker->lasting);
	if (++broker->briefs == BRIEFS_SAID)
		log_warning("broker %s:%u: it takes connections and ends them "
			    "at once: is there another client called %s?",
			    broker->config->host, broker->config->port,
			    broker->config->client_id);
}

static void lost(struct broker *broker, const char *why)
{
	bool was_connected = broker->connected;
	char text[REASON];

	if (ev_is_active(&broker->retry))
		return;
	broker->connected = false;
	broker->connecting = false;
	subacks_clear(&broker->subacks);
	snprintf(text, sizeof(text), "%.64s%s%.184s", why,
		 *broker->detail ? ": " : "", broker->detail);
	*broker->detail = '\0';
	/* Once each reason, however often it is tried. */
	log_write(strcmp(text, broker->said) ? LEVEL_WARNING : LEVEL_DEBUG,
		  "broker %s:%u: %s", broker->config->host,
		  broker->config->port, text);
	strcpy(broker->said, text);
	note_end(broker);
	retry_later(broker);
	if (was_connected)
		broker->ops->disconnected(broker->data);
}

/* Not each of the library's calls that says "see errno" has set it: it is 0
 * before those.
 */
static const char *why(int err)
{
	if (err != MOSQ_ERR_ERRNO)
		return mosquitto_strerror(err);
	return errno ? strerror(errno) : "the system gave no reason";
}

static void check(struct broker *broker, int err)
{
	if (err)
		lost(broker, why(err));
}

/* The first line of a file, in memory that is the caller's; or NULL, with errno,
 * which is 0 when there is none.
 */
static char *first_line(const char *name)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	FILE *file;

	errno = 0;
	file = fopen(name, "re");
	if (!file)
		return NULL;
	errno = 0;
	len = getline(&line, &room, file);
	if (len < 0) {
		free(line);
		line = NULL;
	}
	fclose(file);
	if (!line)
		return NULL;
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

/* What is wrong with a file is the reason why there is no connection. */
static int fail(struct broker *broker, const char *what, const char *reason)
{
	char text[REASON];

	snprintf(text, sizeof(text), "%s: %s", what, reason);
	lost(broker, text);
	return -1;
}

static int set_password(struct broker *broker)
{
	const struct broker_config *config = broker->config;
	char *password = NULL;
	int err;

	if (!config->username)
		return 0;
	if (config->password_file) {
		password = first_line(config->password_file);
		if (!password)
			return fail(broker, config->password_file,
				    errno ? strerror(errno) : "it is empty");
	}
	errno = 0;
	err = mosquitto_username_pw_set(broker->mosq, config->username,
					password);
	if (password)
		explicit_bzero(password, strlen(password));
	free(password);
	return err ? fail(broker, config->username, why(err)) : 0;
}

/* The library does not say which file it is. */
static int check_files(struct broker *broker)
{
	const struct broker_config *config = broker->config;
	const char *const files[] = { config->ca_file, config->cert_file,
				      config->key_file };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (files[i] && access(files[i], R_OK))
			return fail(broker, files[i], strerror(errno));
	return 0;
}

static int set_tls(struct broker *broker)
{
	const struct broker_config *config = broker->config;
	int err;

	if (!config->ca_file)
		return 0;
	if (check_files(broker))
		return -1;
	errno = 0;
	err = mosquitto_tls_set(broker->mosq, config->ca_file, NULL,
				config->cert_file, config->key_file, NULL);
	/* The certificate has to be good, and of the host that was asked for. */
	if (!err)
		err = mosquitto_tls_opts_set(broker->mosq, 1, NULL, NULL);
	if (!err)
		err = mosquitto_tls_insecure_set(broker->mosq, false);
	return err ? fail(broker, config->ca_file, why(err)) : 0;
}

/* Files that are not there may come: the helper serves what it knows meanwhile. */
static bool set_up(struct broker *broker)
{
	if (!broker->is_set_up)
		broker->is_set_up = !set_password(broker) && !set_tls(broker);
	return broker->is_set_up;
}

static void connect_to(struct broker *broker, const char *host)
{
	const struct broker_config *config = broker->config;
	int err;

	broker->connecting = true;
	errno = 0;
	err = mosquitto_connect_async(broker->mosq, host, config->port,
				      KEEPALIVE);
	check(broker, err);
	if (!err)
		watch(broker);
}

/*
 * The library looks names up, and waits for name servers, which may be gone. It
 * is given the address. With TLS it needs the name, to compare it with that of
 * the certificate: it waits then, if the servers go in this very moment.
 */
static void on_resolved(void *data, const char *address, const char *error)
{
	struct broker *broker = data;
	const struct broker_config *config = broker->config;
	char copy[RESOLVE_TEXT];

	snprintf(copy, sizeof(copy), "%s", address ?: "");
	resolve_stop(broker->resolve);
	broker->resolve = NULL;
	if (error)
		lost(broker, error);
	else
		connect_to(broker, config->ca_file ? config->host : copy);
}

static void begin(struct broker *broker)
{
	const char *host = broker->config->host;
	struct ip ip;

	if (!set_up(broker))
		return;
	if (!parse_ip(host, &ip))
		broker->resolve = resolve_start(broker->loop, host,
						broker->attempts++, on_resolved,
						broker);
	if (!broker->resolve)
		connect_to(broker, host);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	begin(timer->data);
}

static void on_housekeeping(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct broker *broker = timer->data;

	(void)loop;
	(void)events;
	errno = 0;
	if (!ev_is_active(&broker->retry) && !broker->resolve)
		check(broker, mosquitto_loop_misc(broker->mosq));
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	struct broker *broker = io->data;
	int err = 0;

	(void)loop;
	errno = 0;
	if (events & EV_WRITE) {
		broker->connecting = false;
		err = mosquitto_loop_write(broker->mosq, 1);
	}
	if (!err && events & EV_READ)
		err = mosquitto_loop_read(broker->mosq, 1);
	check(broker, err);
}

static void on_connect(struct mosquitto *mosq, void *data, int code)
{
	struct broker *broker = data;

	(void)mosq;
	if (code) {
		lost(broker, mosquitto_connack_string(code));
		return;
	}
	log_write(broker->briefs < BRIEFS_SAID ? LEVEL_INFO : LEVEL_DEBUG,
		  "broker %s:%u: connected", broker->config->host,
		  broker->config->port);
	broker->connected = true;
	*broker->detail = '\0';
	ev_timer_set(&broker->lasting, LASTING, 0);
	ev_timer_start(broker->loop, &broker->lasting);
	broker->ops->connected(broker->data);
}

static void on_disconnect(struct mosquitto *mosq, void *data, int err)
{
	(void)mosq;
	lost(data, err ? why(err) : "it said good-bye");
}

static void on_message(struct mosquitto *mosq, void *data,
		       const struct mosquitto_message *message)
{
	struct broker *broker = data;

	(void)mosq;
	broker->ops->message(broker->data, message->topic,
			     message->payload ?: "",
			     (size_t)message->payloadlen);
}

static void on_subscribe(struct mosquitto *mosq, void *data, int mid, int count,
			 const int *granted)
{
	struct broker *broker = data;
	char *topic = subacks_take(&broker->subacks, mid);

	(void)mosq;
	/* Each request of ours is about one topic. */
	if (topic && count == 1 && *granted > 2)
		broker->ops->refused(broker->data, topic,
				     broker->config->username ?:
					     broker->config->client_id);
	free(topic);
}

static void on_log(struct mosquitto *mosq, void *data, int level,
		   const char *text)
{
	struct broker *broker = data;

	(void)mosq;
	if (level != MOSQ_LOG_ERR)
		return;
	/* What a handshake failed of is told nowhere else, at first best. */
	if (broker->connected)
		log_warning("broker: %s", text);
	else if (!*broker->detail)
		snprintf(broker->detail, sizeof(broker->detail), "%s", text);
}

static void set_callbacks(struct broker *broker)
{
	struct mosquitto *mosq = broker->mosq;

	mosquitto_connect_callback_set(mosq, on_connect);
	mosquitto_disconnect_callback_set(mosq, on_disconnect);
	mosquitto_message_callback_set(mosq, on_message);
	mosquitto_subscribe_callback_set(mosq, on_subscribe);
	mosquitto_log_callback_set(mosq, on_log);
	mosquitto_int_option(mosq, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_max_inflight_messages_set(mosq, INFLIGHT_MAX);
}

static void init_watchers(struct broker *broker)
{
	ev_init(&broker->io, on_io);
	broker->io.data = broker;
	ev_init(&broker->retry, on_retry);
	broker->retry.data = broker;
	ev_timer_init(&broker->housekeeping, on_housekeeping, HOUSEKEEPING,
		      HOUSEKEEPING);
	broker->housekeeping.data = broker;
	ev_init(&broker->lasting, on_lasting);
	broker->lasting.data = broker;
	ev_timer_start(broker->loop, &broker->housekeeping);
	ev_prepare_init(&broker->prepare, on_prepare);
	broker->prepare.data = broker;
	ev_prepare_start(broker->loop, &broker->prepare);
}

struct broker *broker_start(struct ev_loop *loop,
			    const struct broker_config *config,
			    const struct broker_ops *ops, void *data)
{
	struct broker *broker = mem_zero(sizeof(*broker));

	mosquitto_lib_init();
	broker->loop = loop;
	broker->config = config;
	broker->ops = ops;
	broker->data = data;
	broker->pause = PAUSE_MIN;
	/* A session that outlives the connection: no update is lost. */
	broker->mosq =
		mem_need(mosquitto_new(config->client_id, false, broker));
	set_callbacks(broker);
	init_watchers(broker);
	begin(broker);
	return broker;
}

void broker_stop(struct broker *broker)
{
	if (!broker)
		return;
	resolve_stop(broker->resolve);
	ev_prepare_stop(broker->loop, &broker->prepare);
	ev_timer_stop(broker->loop, &broker->housekeeping);
	ev_timer_stop(broker->loop, &broker->lasting);
	ev_timer_stop(broker->loop, &broker->retry);
	ev_io_stop(broker->loop, &broker->io);
	mosquitto_disconnect_callback_set(broker->mosq, NULL);
	if (broker->connected)
		mosquitto_disconnect(broker->mosq);
	mosquitto_destroy(broker->mosq);
	mosquitto_lib_cleanup();
	subacks_clear(&broker->subacks);
	free(broker);
}

void broker_renew(struct broker *broker)
{
	if (!broker_is_connected(broker))
		return;
	/* It is not the broker that ends this one. */
	ev_timer_stop(broker->loop, &broker->lasting);
	broker->pause = PAUSE_MIN;
	lost(broker, "connecting from another address");
}

bool broker_is_from(const struct broker *broker, const struct ip *ip)
{
	struct sockaddr_storage from = {};
	struct sockaddr_in6 *v6 = (void *)&from;
	struct sockaddr_in *v4 = (void *)&from;
	socklen_t len = sizeof(from);

	if (!broker_is_connected(broker) || !ip->family ||
	    getsockname(mosquitto_socket(broker->mosq), (void *)&from, &len) ||
	    from.ss_family != ip->family)
		return false;
	return ip->family == AF_INET ?
		       v4->sin_addr.s_addr == ip->v4.s_addr :
		       IN6_ARE_ADDR_EQUAL(&v6->sin6_addr, &ip->v6);
}

bool broker_is_connected(const struct broker *broker)
{
	return broker && broker->connected;
}

void broker_publish(struct broker *broker, const char *topic,
		    const char *payload, enum broker_promise promise)
{
	int err;

	if (!broker_is_connected(broker))
		return;
	errno = 0;
	err = mosquitto_publish(broker->mosq, NULL, topic, (int)strlen(payload),
				payload, (int)promise, false);
	if (err)
		log_debug("publish: %s", why(err));
}

void broker_subscribe(struct broker *broker, const char *topic)
{
	int number;

	if (broker_is_connected(broker) &&
	    !mosquitto_subscribe(broker->mosq, &number, topic, 1))
		subacks_add(&broker->subacks, number, topic);
}

void broker_unsubscribe(struct broker *broker, const char *topic)
{
	if (broker_is_connected(broker))
		mosquitto_unsubscribe(broker->mosq, NULL, topic);
}
