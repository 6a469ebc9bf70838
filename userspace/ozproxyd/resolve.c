// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "resolve.h"
#include <ev.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "mem.h"

/* Seconds between two looks at whether the answer is there. */
#define PERIOD 0.05

struct resolve {
	struct ev_loop *loop;
	struct gaicb request;
	struct addrinfo hints;
	unsigned int turn;
	void (*done)(void *data, const char *address, const char *error);
	void *data;
	ev_timer timer;
	char host[]; /* a copy: a look-up may outlive who asked for it */
};

/* One of those that were found, in turn. */
static int pick(const struct resolve *resolve, char *address)
{
	const struct addrinfo *found = resolve->request.ar_result, *info;
	unsigned int count = 0, turn;

	for (info = found; info; info = info->ai_next)
		count++;
	if (!count)
		return EAI_NONAME;
	info = found;
	for (turn = resolve->turn % count; turn; turn--)
		info = info->ai_next;
	return getnameinfo(info->ai_addr, info->ai_addrlen, address,
			   RESOLVE_TEXT, NULL, 0, NI_NUMERICHOST);
}

static void on_time(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct resolve *resolve = timer->data;
	int err = gai_error(&resolve->request);
	char address[RESOLVE_TEXT];

	(void)events;
	if (err == EAI_INPROGRESS)
		return;
	ev_timer_stop(loop, timer);
	err = err ?: pick(resolve, address);
	/* The last: it may stop us. */
	resolve->done(resolve->data, err ? NULL : address,
		      err ? gai_strerror(err) : NULL);
}

struct resolve *
resolve_start(struct ev_loop *loop, const char *host, unsigned int turn,
	      void (*done)(void *data, const char *address, const char *error),
	      void *data)
{
	struct resolve *resolve = mem_zero(sizeof(*resolve) + strlen(host) + 1);
	struct gaicb *list[] = { &resolve->request };

	resolve->loop = loop;
	resolve->turn = turn;
	resolve->done = done;
	resolve->data = data;
	resolve->hints.ai_socktype = SOCK_STREAM;
	strcpy(resolve->host, host);
	resolve->request.ar_name = resolve->host;
	resolve->request.ar_request = &resolve->hints;
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL)) {
		free(resolve);
		return NULL;
	}
	ev_timer_init(&resolve->timer, on_time, PERIOD, PERIOD);
	resolve->timer.data = resolve;
	ev_timer_start(loop, &resolve->timer);
	return resolve;
}

void resolve_stop(struct resolve *resolve)
{
	int state;

	if (!resolve)
		return;
	ev_timer_stop(resolve->loop, &resolve->timer);
	state = gai_error(&resolve->request);
	/* A look-up that cannot be stopped still writes there: at the end of the
	 * program only, so the memory is not missed.
	 */
	if (state == EAI_INPROGRESS &&
	    gai_cancel(&resolve->request) == EAI_NOTCANCELED)
		return;
	if (resolve->request.ar_result)
		freeaddrinfo(resolve->request.ar_result);
	free(resolve);
}
