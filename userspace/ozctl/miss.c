// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <errno.h>
#include "args.h"
#include "ozctl.h"
#include "show.h"

struct misses {
	struct emit emit;
	struct table table;
};

void show_miss(struct emit *emit, struct table *table,
	       const struct ozp_miss *miss)
{
	char address[EMIT_TEXT], age[EMIT_TEXT], end[EMIT_TEXT];
	char packets[16], waiting[16], text[EMIT_TEXT];
	const char *state;

	if (emit->json) {
		emit_json(emit, emit_object(&ozp_miss_attrs, miss));
		return;
	}
	if (!table->n_columns)
		*table = (struct table){
			.columns = { { .title = "unknown address" },
				     { .title = "state" },
				     { .title = "for", .right = true },
				     { .title = "ends in", .right = true },
				     { .title = "packets", .right = true },
				     { .title = "wait", .right = true } },
			.n_columns = 6,
			.indent = "",
		};
	snprintf(packets, sizeof(packets), "%u", miss->packets);
	snprintf(waiting, sizeof(waiting), "%u", miss->waiting);
	state = ozp_enum_name(&ozp_miss_state_enum, miss->state);
	snprintf(text, sizeof(text), "%s%s", state ? state : "unknown",
		 miss->arrival ? ", a source" : "");
	table_row(table,
		  (const char *[]){ OZP_HAS(miss, OZPROXY_A_MISS_IPV4) ?
					    emit_ipv4(&miss->ipv4, address) :
					    emit_ipv6(&miss->ipv6, address),
				    text, emit_duration(miss->age, age),
				    emit_duration(miss->lifetime, end), packets,
				    waiting });
}

void show_misses(struct emit *emit, struct table *table)
{
	if (!emit->json && table->n_rows)
		table_print(table, emit->out);
}

static int emit_miss(const struct ozp_miss *miss, void *data)
{
	struct misses *misses = data;

	show_miss(&misses->emit, &misses->table, miss);
	return 0;
}

static enum status take_address(struct ozctl *ctl, struct ozp_miss *request)
{
	const char *word = take_word(ctl);
	struct ip ip;

	if (!parse_ip(word, &ip))
		return usage(ctl, "'%s' is not an address", word);
	if (ip.family == AF_INET) {
		request->ipv4 = ip.v4;
		OZP_SET(request, OZPROXY_A_MISS_IPV4);
	} else {
		request->ipv6 = ip.v6;
		OZP_SET(request, OZPROXY_A_MISS_IPV6);
	}
	return STATUS_OK;
}

static enum status take_filter(struct ozctl *ctl, struct ozp_miss *request,
			       bool *is_one)
{
	enum status status;

	status = take_device(ctl);
	*is_one = ctl->argc;
	if (!status && *is_one)
		status = take_address(ctl, request);
	if (!status)
		status = take_end(ctl);
	if (!status)
		status = find_device(ctl, &request->ifindex);
	OZP_SET(request, OZPROXY_A_MISS_IFINDEX);
	return status;
}

static enum status miss_show(struct ozctl *ctl)
{
	struct misses misses = { .emit = { .out = stdout, .json = ctl->json } };
	struct ozp_miss request = {}, miss;
	enum status status;
	bool is_one;
	int err;

	status = take_filter(ctl, &request, &is_one);
	if (status)
		return status;
	if (is_one) {
		err = ozp_miss_get(ctl->sock, &request, &miss);
		if (!err)
			emit_miss(&miss, &misses);
	} else {
		err = ozp_miss_dump(ctl->sock, &request, emit_miss, &misses);
	}
	if (err && err != -EINTR)
		return failed(ctl, NULL, err);
	show_misses(&misses.emit, &misses.table);
	emit_end(&misses.emit);
	if (err == -EINTR)
		note(ctl, "the table was resized while it was read: addresses "
			  "may be missing or twice in this list");
	return STATUS_OK;
}

/* Milliseconds: long enough that a client that tries again and again is not
 * asked for again and again, short enough that a service which is deployed
 * meanwhile is not missed for long.
 */
#define LIFETIME_DEFAULT 10000

static enum status miss_resolve(struct ozctl *ctl)
{
	struct ozp_miss request = { .lifetime = LIFETIME_DEFAULT };
	enum status status;
	int err;

	status = take_device(ctl);
	if (!status && !ctl->argc)
		return usage(ctl, "say which address nobody has");
	if (!status)
		status = take_address(ctl, &request);
	if (!status && take_if(ctl, "lifetime"))
		status = take_u32(ctl, "lifetime", &request.lifetime);
	if (!status)
		status = take_end(ctl);
	if (!status)
		status = find_device(ctl, &request.ifindex);
	if (status)
		return status;
	OZP_SET(&request, OZPROXY_A_MISS_IFINDEX);
	OZP_SET(&request, OZPROXY_A_MISS_LIFETIME);
	err = ozp_miss_resolve(ctl->sock, &request);
	return err ? failed(ctl, NULL, err) : STATUS_OK;
}

static const struct verb verbs[] = {
	{ "show", "[dev NAME] [ADDRESS]",
	  "Shows the addresses that containers used and that no service has.",
	  miss_show },
	{ "resolve", "[dev NAME] ADDRESS [lifetime MS]",
	  "Says that nobody has an address: what waits for it is rejected, and\n"
	  "      what comes in the next MS milliseconds (10000; 0 remembers "
	  "nothing,\n"
	  "      86400000, a day, is the most).",
	  miss_resolve },
	{}
};

const struct noun miss_noun = {
	.name = "miss",
	.help = "unknown addresses that wait for an answer, or that nobody has",
	.verbs = verbs,
};
