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
	char address[EMIT_TEXT], age[EMIT_TEXT], packets[16];

	if (emit->json) {
		emit_json(emit, emit_object(&ozp_miss_attrs, miss));
		return;
	}
	if (!table->n_columns)
		*table = (struct table){
			.columns = { { .title = "unknown address" },
				     { .title = "waits for", .right = true },
				     { .title = "packets", .right = true } },
			.n_columns = 3,
			.indent = "",
		};
	snprintf(packets, sizeof(packets), "%u", miss->packets);
	table_row(table,
		  (const char *[]){ OZP_HAS(miss, OZPROXY_A_MISS_IPV4) ?
					    emit_ipv4(&miss->ipv4, address) :
					    emit_ipv6(&miss->ipv6, address),
				    emit_duration(miss->age, age), packets });
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
	return take_end(ctl);
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

static const struct verb verbs[] = {
	{ "show", "[dev NAME] [ADDRESS]",
	  "Shows the addresses that containers used and that no service has.",
	  miss_show },
	{}
};

const struct noun miss_noun = {
	.name = "miss",
	.help = "unknown addresses that wait for an answer",
	.verbs = verbs,
};
