// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <inttypes.h>
#include "ozctl.h"
#include "reasons_gen.h"
#include "show.h"

static const char *reason_sentence(uint32_t reason)
{
#define SENTENCE(suffix, name, sentence) \
	[OZPROXY_DROP_REASON_##suffix] = sentence,
	static const char *const sentences[] = { OZP_REASONS(SENTENCE) };
#undef SENTENCE

	return reason < sizeof(sentences) / sizeof(*sentences) &&
			       sentences[reason] ?
		       sentences[reason] :
		       "This ozctl is older than the module and does not know.";
}

static void text_count(FILE *out, const char *what, uint64_t count)
{
	fprintf(out, "    %-28s  %12" PRIu64 "\n", what, count);
}

static void text_drops(FILE *out, const struct ozp_stats *stats,
		       uint32_t direction, bool explain)
{
	const struct ozp_drop *drop;
	char line[EMIT_TEXT];
	const char *name;
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < stats->n_drop; i++)
		if (stats->drop[i].direction == direction)
			sum += stats->drop[i].packets;
	text_count(out, "dropped", sum);
	for (i = 0; i < stats->n_drop; i++) {
		drop = &stats->drop[i];
		if (drop->direction != direction || !drop->packets)
			continue;
		name = ozp_enum_name(&ozp_drop_reason_enum, drop->reason);
		if (name)
			snprintf(line, sizeof(line), "  %s", name);
		else
			snprintf(line, sizeof(line), "  reason %u",
				 drop->reason);
		text_count(out, line, drop->packets);
		if (explain)
			fprintf(out, "        %s\n",
				reason_sentence(drop->reason));
	}
}

static void text_stats(FILE *out, const struct ozp_stats *stats, bool explain)
{
	fputs("out, from the containers of this node\n", out);
	text_count(out, "received", stats->out_received);
	text_count(out, "sent to other nodes", stats->out_tunnelled);
	text_count(out, "handed to this node", stats->out_local);
	text_count(out, "waiting", stats->out_waiting);
	text_drops(out, stats, OZPROXY_DIRECTION_OUT, explain);
	fputs("in, towards the containers of this node\n", out);
	text_count(out, "received from other nodes", stats->in_received);
	text_count(out, "handed over by this node", stats->out_local);
	text_count(out, "delivered", stats->in_delivered);
	text_count(out, "waiting", stats->in_waiting);
	text_drops(out, stats, OZPROXY_DIRECTION_IN, explain);
	fputs("in the tables\n", out);
	text_count(out, "services", stats->services);
	text_count(out, "instances", stats->instances);
	text_count(out, "nodes", stats->nodes);
	text_count(out, "flows", stats->flows);
	text_count(out, "flows given for others", stats->flows_evicted);
	text_count(out, "misses", stats->misses);
	text_count(out, "negative answers", stats->negatives);
	text_count(out, "sources asked for", stats->arrivals);
	text_count(out, "generation", stats->table_generation);
}

void show_stats(FILE *out, bool json, bool explain,
		const struct ozp_stats *stats)
{
	if (json)
		emit_line(out, emit_object(&ozp_stats_attrs, stats));
	else
		text_stats(out, stats, explain);
}

static enum status stats_show(struct ozctl *ctl)
{
	struct ozp_stats stats;
	enum status status;
	uint32_t ifindex;
	bool explain;
	int err;

	status = take_device(ctl);
	if (status)
		return status;
	explain = take_if(ctl, "--explain");
	status = take_end(ctl);
	if (!status)
		status = find_device(ctl, &ifindex);
	if (status)
		return status;
	err = ozp_stats_get(ctl->sock, ifindex, &stats);
	if (err)
		return failed(ctl, NULL, err);
	show_stats(stdout, ctl->json, explain, &stats);
	ozp_stats_free(&stats);
	return STATUS_OK;
}

static const struct verb verbs[] = {
	{ "show", "[dev NAME] [--explain]",
	  "Shows the counters; with --explain also what each reason means.",
	  stats_show },
	{}
};

const struct noun stats_noun = {
	.name = "stats",
	.help = "what a device counted, every lost packet under its reason",
	.verbs = verbs,
};
