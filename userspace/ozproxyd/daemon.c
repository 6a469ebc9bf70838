// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "daemon.h"
#include <errno.h>
#include <ev.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "broker.h"
#include "command.h"
#include "control.h"
#include "helper.h"
#include "kernel.h"
#include "local.h"
#include "log.h"
#include "mem.h"
#include "netwatch.h"
#include "notify.h"
#include "saver.h"
#include "store.h"
#include "tablefile.h"

/* Seconds until the addresses of the node are looked at after a change. */
#define ADDRESS_SETTLE 0.3

/* Seconds between two lines for systemctl status. */
#define STATUS_PAUSE 5.0

/* What the device gives a packet that waits, at least, in ms: its default. */
#define MISS_TIMEOUT_MIN 10000

struct daemon {
	struct ev_loop *loop;
	const struct config *config;
	struct helper helper;
	struct setup setup;
	struct kernel *kernel;
	struct broker_config broker_config;
	char *broker_host;
	struct broker *broker;
	struct netwatch *netwatch;
	struct tablefile *tablefile;
	struct control *control;
	struct saver *saver; /* NULL: the file has it all */
	bool has_table; /* the table file could be read */
	int lock; /* of the files; negative: none */
	uint64_t started;
	ev_prepare prepare;
	ev_timer tick; /* the helper's timers */
	ev_timer settle;
	ev_timer status;
	ev_timer watchdog;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Ways out of the helper */

static enum broker_promise promise_of(enum topic_kind kind)
{
	switch (kind) {
	case TOPIC_QUERY:
		/* It is repeated while somebody wants to know, and no longer. */
		return BROKER_AT_MOST_ONCE;
	case TOPIC_REMOVE:
		/* The cluster counts removals: none may arrive twice. */
		return BROKER_ONCE;
	case TOPIC_RESULT:
	case TOPIC_UPDATE:
	case TOPIC_DEPLOYED:
	case TOPIC_ADDRESS_CHANGED:
	case TOPIC_OTHER:
		break;
	}
	return BROKER_AT_LEAST_ONCE;
}

static void publish(void *data, enum topic_kind kind, const char *payload)
{
	struct daemon *daemon = data;
	char topic[TOPIC_MAX];

	topic_build(kind, daemon->helper.id, topic);
	broker_publish(daemon->broker, topic, payload, promise_of(kind));
}

static void subscribe(void *data, const char *job)
{
	struct daemon *daemon = data;
	char topic[TOPIC_MAX];

	topic_build(TOPIC_UPDATE, job, topic);
	broker_subscribe(daemon->broker, topic);
}

static void unsubscribe(void *data, const char *job)
{
	struct daemon *daemon = data;
	char topic[TOPIC_MAX];

	topic_build(TOPIC_UPDATE, job, topic);
	broker_unsubscribe(daemon->broker, topic);
}

static int set(void *data, const struct ozp_service *service)
{
	struct daemon *daemon = data;

	return kernel_set(daemon->kernel, service);
}

static int del(void *data, const char *job)
{
	struct daemon *daemon = data;

	return kernel_del(daemon->kernel, job);
}

static int clear(void *data, const char *job, uint64_t used)
{
	struct daemon *daemon = data;

	return kernel_clear(daemon->kernel, job, used);
}

static void deny(void *data, const char *address)
{
	struct daemon *daemon = data;

	kernel_deny(daemon->kernel, address);
}

static void table_changed(void *data)
{
	struct daemon *daemon = data;

	saver_table(daemon->saver);
}

static void local_changed(void *data)
{
	struct daemon *daemon = data;

	saver_local(daemon->saver);
}

static const struct helper_ops helper_ops = {
	.publish = publish,
	.subscribe = subscribe,
	.unsubscribe = unsubscribe,
	.set = set,
	.del = del,
	.clear = clear,
	.deny = deny,
	.table_changed = table_changed,
	.local_changed = local_changed,
};

/* Ways in */

static void kernel_table(void *data, const struct ozp_service *services,
			 size_t count, uint64_t boottime)
{
	struct daemon *daemon = data;
	struct helper_actual actual = {
		.services = services,
		.count = count,
		.boottime = boottime,
		.idle = daemon->config->idle_timeout,
		/* Without anything better to go by, what is there is right. */
		.adopt = daemon->helper.interests.has_cluster ||
			 !daemon->has_table,
	};
	size_t changes;

	changes = helper_sync(&daemon->helper, &actual, now_ms());
	log_info("%s: %zu services in the kernel, %zu changed",
		 daemon->config->device, count, changes);
}

static void kernel_miss(void *data, const char *address)
{
	struct daemon *daemon = data;

	helper_miss(&daemon->helper, address, now_ms());
}

static void kernel_doubt(void *data, const char *address)
{
	struct daemon *daemon = data;

	interests_doubted(&daemon->helper.interests, address, now_ms());
}

static void kernel_idle(void *data, const char *service, uint64_t used)
{
	struct daemon *daemon = data;

	interests_idle(&daemon->helper.interests, service, used, now_ms());
}

static void kernel_taken(void *data, const char *service, bool is_foreign)
{
	struct daemon *daemon = data;

	interests_taken(&daemon->helper.interests, service, is_foreign);
}

static void kernel_deleted(void *data, const char *service)
{
	struct daemon *daemon = data;

	interests_deleted(&daemon->helper.interests, service);
}

static const struct kernel_ops kernel_ops = {
	.table = kernel_table,
	.miss = kernel_miss,
	.doubt = kernel_doubt,
	.idle = kernel_idle,
	.taken = kernel_taken,
	.deleted = kernel_deleted,
};

static void broker_connected(void *data)
{
	static const enum topic_kind own[] = { TOPIC_RESULT, TOPIC_REMOVE,
					       TOPIC_DEPLOYED };
	struct daemon *daemon = data;
	char topic[TOPIC_MAX];
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(*own); i++) {
		topic_build(own[i], daemon->helper.id, topic);
		broker_subscribe(daemon->broker, topic);
	}
	helper_connect(&daemon->helper, now_ms());
}

static void broker_disconnected(void *data)
{
	struct daemon *daemon = data;

	helper_disconnect(&daemon->helper);
}

static void broker_message(void *data, const char *topic, const char *payload,
			   size_t len)
{
	struct daemon *daemon = data;

	helper_message(&daemon->helper, topic, payload, len, now_ms());
}

static void broker_refused(void *data, const char *topic, const char *name)
{
	struct daemon *daemon = data;

	helper_refused(&daemon->helper, topic, name);
}

static const struct broker_ops broker_ops = {
	.connected = broker_connected,
	.disconnected = broker_disconnected,
	.message = broker_message,
	.refused = broker_refused,
};

static void watch_link(void *data, uint32_t ifindex, const char *ifname,
		       bool is_gone)
{
	struct daemon *daemon = data;

	kernel_link(daemon->kernel, ifindex, ifname, is_gone);
}

static void watch_routes(void *data)
{
	struct daemon *daemon = data;

	if (strcmp(daemon->config->address, "auto") ||
	    ev_is_active(&daemon->settle))
		return;
	ev_timer_set(&daemon->settle, ADDRESS_SETTLE, 0);
	ev_timer_start(daemon->loop, &daemon->settle);
}

static void watch_lost(void *data)
{
	struct daemon *daemon = data;

	kernel_look(daemon->kernel);
	watch_routes(daemon);
}

static const struct netwatch_ops netwatch_ops = {
	.link = watch_link,
	.routes = watch_routes,
	.lost = watch_lost,
};

static void on_settle(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct daemon *daemon = timer->data;
	struct own own, was = daemon->helper.interests.own;
	char text[LOCAL_TEXT];

	(void)loop;
	(void)events;
	local_find_own(daemon->config->address, (uint16_t)daemon->config->port,
		       &own);
	/* A link that is down for a moment is no reason to be nowhere. */
	if ((!own.v4.family && !own.v6.family) || local_is_same(&own, &was))
		return;
	log_info("this node is at %s now", local_text(&own, text));
	/* At no moment is an instance that is here taken for one that is not. */
	kernel_move(daemon->kernel, &own, &was);
	helper_move(&daemon->helper, &own, now_ms());
	kernel_move(daemon->kernel, &own, NULL);
	/* Nobody tells a connection that its address is gone. */
	if ((!local_is_same_ip(&own.v4, &was.v4) &&
	     broker_is_from(daemon->broker, &was.v4)) ||
	    (!local_is_same_ip(&own.v6, &was.v6) &&
	     broker_is_from(daemon->broker, &was.v6)))
		broker_renew(daemon->broker);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct daemon *daemon = timer->data;

	(void)loop;
	(void)events;
	timers_run(&daemon->helper.timers, now_ms());
}

/* The loop's timer follows the first one of the helper. */
static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct daemon *daemon = prepare->data;
	uint64_t next = timers_next(&daemon->helper.timers), now = now_ms();
	double wait = next > now ? (double)(next - now) / 1000 : 0;

	(void)events;
	ev_timer_stop(loop, &daemon->tick);
	if (next == TIMERS_NEVER)
		return;
	/* The loop's own time is a little older than ours. */
	ev_timer_set(&daemon->tick, wait + 0.001, 0);
	ev_timer_start(loop, &daemon->tick);
}

static void on_watchdog(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
	notify("WATCHDOG=1");
}

static void on_status(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct daemon *daemon = timer->data;

	(void)loop;
	(void)events;
	notify("STATUS=%s%zu jobs, %s%s",
	       kernel_ifindex(daemon->kernel) ? "" : "no device, ",
	       daemon->helper.interests.jobs.names.count,
	       !daemon->broker			   ? "no broker" :
	       broker_is_connected(daemon->broker) ? "connected to " :
						     "not connected to ",
	       daemon->broker ? daemon->broker_host : "");
}

/* The table file */

static void read_table(void *data)
{
	struct daemon *daemon = data;
	struct tablefile_list list = {};
	char error[TABLEFILE_ERROR];
	int err;

	err = tablefile_read(daemon->config->table, &list, error);
	if (err) {
		log_error("%s: the table stays as it is", error);
	} else {
		daemon->has_table = true;
		interests_list(&daemon->helper.interests, list.services,
			       list.count, now_ms());
		log_info("%s: %zu services", daemon->config->table, list.count);
	}
	tablefile_free(&list);
	/* A text of megabytes came and went. */
	malloc_trim(0);
}

void daemon_reload(struct daemon *daemon)
{
	if (daemon->config->table)
		read_table(daemon);
}

/* What the socket is asked */

static bool answer(void *data, const char *line, FILE *out)
{
	struct daemon *daemon = data;
	const struct config *config = daemon->config;
	struct command_around around = {
		.helper = &daemon->helper,
		.saver = daemon->saver,
		.state_dir = config->state_dir,
		.status = {
			.device = config->device,
			.ifindex = kernel_ifindex(daemon->kernel),
			.broker = config->broker,
			.connected = broker_is_connected(daemon->broker),
			.table = config->table,
			.started = daemon->started,
			.now = now_ms(),
		},
	};

	return command_run(&around, line, out);
}

/* Beginning and end */

static void init_timer(struct daemon *daemon, ev_timer *timer,
		       void (*cb)(struct ev_loop *loop, ev_timer *timer,
				  int events),
		       double repeat)
{
	ev_timer_init(timer, cb, repeat, repeat);
	timer->data = daemon;
	if (repeat > 0)
		ev_timer_start(daemon->loop, timer);
}

static void init_watchers(struct daemon *daemon)
{
	double watchdog = (double)notify_watchdog() / 1000;

	ev_prepare_init(&daemon->prepare, on_prepare);
	daemon->prepare.data = daemon;
	ev_prepare_start(daemon->loop, &daemon->prepare);
	init_timer(daemon, &daemon->tick, on_tick, 0);
	init_timer(daemon, &daemon->settle, on_settle, 0);
	init_timer(daemon, &daemon->status, on_status, STATUS_PAUSE);
	init_timer(daemon, &daemon->watchdog, on_watchdog, watchdog);
}

static void init_helper(struct daemon *daemon)
{
	const struct config *config = daemon->config;
	struct helper *helper = &daemon->helper;

	helper->id = config->node_id ?: "";
	helper->interests.has_cluster = config->broker;
	helper->ops = &helper_ops;
	helper->data = daemon;
	helper->timers.seed = (now_ms() << 20) ^ (uint64_t)getpid();
	helper->interests.options.refresh = config->refresh_interval;
	helper->queries.options.timeout = config->query_timeout;
	helper->queries.options.retry = config->query_retry;
	helper->queries.options.rate = config->query_rate;
	helper->queries.options.negative = config->negative_timeout;
	local_find_own(config->address, (uint16_t)config->port,
		       &helper->interests.own);
	helper_init(helper, daemon->started);
}

static void init_kernel(struct daemon *daemon)
{
	const struct config *config = daemon->config;
	struct setup *setup = &daemon->setup;
	/* An address is asked for in two spellings. */
	uint64_t patience = 2 * config->query_timeout;

	setup->device = config->device;
	setup->port = (uint16_t)config->port;
	setup->idle_timeout = (uint32_t)config->idle_timeout;
	setup->miss_timeout = patience > MISS_TIMEOUT_MIN ? (uint32_t)patience :
							    MISS_TIMEOUT_MIN;
	setup->negative_timeout = (uint32_t)config->negative_timeout;
	daemon->kernel = kernel_start(daemon->loop, setup,
				      &daemon->helper.interests.own,
				      &kernel_ops, daemon);
}

static void init_broker(struct daemon *daemon)
{
	const struct config *config = daemon->config;
	struct broker_config *broker = &daemon->broker_config;

	if (!config->broker)
		return;
	daemon->broker_host = config_broker(config, &broker->port);
	broker->host = daemon->broker_host;
	broker->client_id = config->client_id;
	broker->ca_file = config->ca_file;
	broker->cert_file = config->cert_file;
	broker->key_file = config->key_file;
	broker->username = config->username;
	broker->password_file = config->password_file;
	daemon->broker =
		broker_start(daemon->loop, broker, &broker_ops, daemon);
}

static bool init_files(struct daemon *daemon)
{
	const struct config *config = daemon->config;
	struct interests *interests = &daemon->helper.interests;

	if (config->broker) {
		daemon->saver = saver_start(daemon->loop, config->state_dir,
					    interests, config->save_interval);
		saver_load(daemon->saver);
	}
	if (!config->table)
		return true;
	daemon->tablefile = tablefile_watch(daemon->loop, config->table,
					    read_table, daemon);
	if (!daemon->tablefile)
		return false;
	read_table(daemon);
	return true;
}

/* Two of us would take each other's connection, files and entries away. */
static bool lock(const struct config *config, int *fd)
{
	*fd = -1;
	if (control_is_served(config->status_socket)) {
		log_error("%s: another ozproxyd answers there",
			  config->status_socket);
		return false;
	}
	if (!config->broker)
		return true;
	*fd = store_lock(config->state_dir);
	if (*fd == -EWOULDBLOCK)
		log_error("%s: another ozproxyd has its files there",
			  config->state_dir);
	/* What else keeps files from being there is told when they are. */
	return *fd != -EWOULDBLOCK;
}

struct daemon *daemon_start(struct ev_loop *loop, const struct config *config)
{
	struct daemon *daemon;
	char text[LOCAL_TEXT];
	int lock_fd;

	if (!lock(config, &lock_fd))
		return NULL;
	daemon = mem_zero(sizeof(*daemon));
	daemon->lock = lock_fd;
	daemon->loop = loop;
	daemon->config = config;
	daemon->started = now_ms();
	init_watchers(daemon);
	init_helper(daemon);
	init_kernel(daemon);
	log_info("ozproxyd " OZP_VERSION ", node %s at %s port %u",
		 config->node_id ?: "(no id)",
		 local_text(&daemon->helper.interests.own, text),
		 daemon->helper.interests.own.port);
	daemon->netwatch = netwatch_start(loop, &netwatch_ops, daemon);
	if (!daemon->netwatch || !init_files(daemon)) {
		daemon_stop(daemon);
		return NULL;
	}
	kernel_look(daemon->kernel);
	init_broker(daemon);
	daemon->control =
		control_start(loop, config->status_socket, answer, daemon);
	notify("READY=1");
	on_status(loop, &daemon->status, 0);
	return daemon;
}

void daemon_stop(struct daemon *daemon)
{
	if (!daemon)
		return;
	notify("STOPPING=1");
	control_stop(daemon->control);
	tablefile_unwatch(daemon->tablefile);
	netwatch_stop(daemon->netwatch);
	broker_stop(daemon->broker);
	kernel_stop(daemon->kernel, !daemon->config->leave_device);
	saver_stop(daemon->saver);
	helper_uninit(&daemon->helper);
	ev_prepare_stop(daemon->loop, &daemon->prepare);
	ev_timer_stop(daemon->loop, &daemon->tick);
	ev_timer_stop(daemon->loop, &daemon->settle);
	ev_timer_stop(daemon->loop, &daemon->status);
	ev_timer_stop(daemon->loop, &daemon->watchdog);
	free(daemon->broker_host);
	if (daemon->lock >= 0)
		close(daemon->lock);
	free(daemon);
}
