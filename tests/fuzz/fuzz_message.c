// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * What is said on the broker, and what the kernel says, in any order. An input
 * is a sequence of lines, the first letter of each tells what the rest is:
 *
 *   r PAYLOAD   a table-query result        m ADDRESS   a miss
 *   u PAYLOAD   an update of job "shop"     i           "shop" is idle
 *   d PAYLOAD   an announcement             t           a second passes
 *   x PAYLOAD   a removal                   c           the broker comes or goes
 *   v           the node moves              f           the kernel begins to
 *                                                       refuse, or ends that
 *
 * Whatever comes, an interest in what the kernel was given is removed only right
 * after the kernel let go of it, and the kernel is given only what it can take.
 */
#include <errno.h>
#include <string.h>
#include "helper.h"
#include "kernel.h"
#include "log.h"

struct fuzz {
	struct helper helper;
	uint64_t now;
	char cleared[OZPROXY_NAME_MAX + 1]; /* the last thing that was done */
	bool refuse;
};

static void publish(void *data, enum topic_kind kind, const char *payload)
{
	char name[OZPROXY_NAME_MAX + 1];
	struct fuzz *fuzz = data;
	const struct job *job;

	must(kind == TOPIC_QUERY || kind == TOPIC_REMOVE ||
	     kind == TOPIC_ADDRESS_CHANGED);
	if (kind != TOPIC_REMOVE)
		return;
	must(payload_read_job(payload, strlen(payload), name));
	job = jobs_get(&fuzz->helper.interests.jobs, name);
	must(job);
	if (!job->is_known)
		return;
	must(!strcmp(name, fuzz->cleared));
	*fuzz->cleared = '\0';
}

static void subscribe(void *data, const char *job)
{
	(void)data;
	must(topic_is_word(job, OZPROXY_NAME_MAX));
}

static int set(void *data, const struct ozp_service *service)
{
	const struct fuzz *fuzz = data;
	unsigned int i;

	must(topic_is_word(service->name, OZPROXY_NAME_MAX));
	must(service->n_instance <= OZPROXY_INSTANCE_MAX);
	must(service->n_address <= OZPROXY_ADDRESS_MAX);
	for (i = 0; i < service->n_instance; i++)
		must(service->instance[i].node_port);
	return fuzz->refuse ? -ENOSPC : 0;
}

static int del(void *data, const char *job)
{
	(void)data;
	(void)job;
	return 0;
}

static int clear(void *data, const char *job, uint64_t used)
{
	struct fuzz *fuzz = data;

	/* Every other time it was used since. */
	if (used % 2)
		return -EBUSY;
	strcpy(fuzz->cleared, job);
	return 0;
}

static void deny(void *data, const char *address)
{
	char text[RECORD_TEXT];

	(void)data;
	must(record_canonical(address, text) && !strcmp(text, address));
}

static void changed(void *data)
{
	(void)data;
}

static const struct helper_ops ops = {
	.publish = publish,
	.subscribe = subscribe,
	.unsubscribe = subscribe,
	.set = set,
	.del = del,
	.clear = clear,
	.deny = deny,
	.table_changed = changed,
	.local_changed = changed,
};

static void say(struct fuzz *fuzz, const char *topic, const char *text,
		size_t len)
{
	helper_message(&fuzz->helper, topic, text, len, fuzz->now);
}

static void miss(struct fuzz *fuzz, const char *text, size_t len)
{
	char copy[RECORD_TEXT] = "", address[RECORD_TEXT];

	if (len >= sizeof(copy))
		return;
	memcpy(copy, text, len);
	if (record_canonical(copy, address))
		helper_miss(&fuzz->helper, address, fuzz->now);
}

static void connect_or_not(struct fuzz *fuzz)
{
	if (fuzz->helper.queries.connected)
		helper_disconnect(&fuzz->helper);
	else
		helper_connect(&fuzz->helper, fuzz->now);
}

/* From one of two addresses to the other. */
static void move(struct fuzz *fuzz)
{
	struct own own = fuzz->helper.interests.own;

	own.v4.v4.s_addr ^= htonl(1);
	helper_move(&fuzz->helper, &own, fuzz->now);
}

static void take_line(struct fuzz *fuzz, char letter, const char *text,
		      size_t len)
{
	switch (letter) {
	case 'r':
		say(fuzz, "nodes/n/net/tablequery/result", text, len);
		break;
	case 'u':
		say(fuzz, "jobs/shop/updates_available", text, len);
		break;
	case 'd':
		say(fuzz, "nodes/n/net/service/deployed", text, len);
		break;
	case 'x':
		say(fuzz, "nodes/n/net/interest/remove", text, len);
		break;
	case 'm':
		miss(fuzz, text, len);
		break;
	case 'i':
		interests_idle(&fuzz->helper.interests, "shop", fuzz->now,
			       fuzz->now);
		break;
	case 't':
		fuzz->now += 999;
		timers_run(&fuzz->helper.timers, fuzz->now);
		break;
	case 'c':
		connect_or_not(fuzz);
		break;
	case 'v':
		move(fuzz);
		break;
	case 'f':
		fuzz->refuse = !fuzz->refuse;
		break;
	}
}

static void begin(struct fuzz *fuzz)
{
	struct helper *helper = &fuzz->helper;

	memset(fuzz, 0, sizeof(*fuzz));
	fuzz->now = 1000;
	helper->id = "n";
	helper->interests.has_cluster = true;
	helper->ops = &ops;
	helper->data = fuzz;
	helper->interests.options.refresh = 30000;
	helper->interests.own.port = 50103;
	helper->interests.own.v4.family = AF_INET;
	helper->interests.own.v4.v4.s_addr = htonl(0x83010001); /* 131.1.0.1 */
	helper->queries.options.timeout = 5000;
	helper->queries.options.retry = 500;
	helper->queries.options.rate = 100;
	helper_init(helper, fuzz->now);
	helper_connect(helper, fuzz->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end;
	struct fuzz fuzz;

	log_setup(LEVEL_ERROR);
	begin(&fuzz);
	while (size > 1) {
		end = memchr(text, '\n', size) ?: text + size;
		/* An empty line has no letter. */
		if (end > text)
			take_line(&fuzz, *text, text + 1,
				  (size_t)(end - text) - 1);
		size -= (size_t)(end - text);
		if (size) {
			text = end + 1;
			size--;
		}
	}
	helper_uninit(&fuzz.helper);
	return 0;
}
