// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "removal.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"

/* A removal is remembered for longer than any answer is on its way, in ms. */
#define REMOVAL_TIME 60000

/* Until the job of one is asked for again, in ms; then doubled. */
#define REMOVAL_PAUSE 500

struct removal {
	struct map_node node;
	struct timer timer;
	struct removals *owner;
	uint64_t at; /* when it was said, or came back to us */
	unsigned int echoes; /* so often it is still to come back */
	unsigned int pauses; /* since it was said */
	char job[];
};

static struct removal *find(const struct removals *removals, const char *job)
{
	struct map_node *node = map_get(&removals->map, job);

	return node ? map_entry(node, struct removal, node) : NULL;
}

static void forget(struct removal *removal)
{
	timer_stop(removal->owner->timers, &removal->timer);
	map_del(&removal->owner->map, &removal->node);
	free(removal);
}

static void fire(struct timer *timer, uint64_t now)
{
	(void)now;
	forget(map_entry(timer, struct removal, timer));
}

void removals_note(struct removals *removals, const char *job, uint64_t now)
{
	struct removal *removal = find(removals, job);

	if (!removal) {
		removal = mem_zero(sizeof(*removal) + strlen(job) + 1);
		strcpy(removal->job, job);
		removal->node.key = removal->job;
		removal->owner = removals;
		removal->timer.fire = fire;
		map_put(&removals->map, &removal->node);
	}
	removal->at = now;
	removal->echoes++;
	removal->pauses = 0;
	timer_set(removals->timers, &removal->timer, now + REMOVAL_TIME);
}

bool removals_heard(struct removals *removals, const char *job, uint64_t now)
{
	struct removal *removal = find(removals, job);

	if (!removal || !removal->echoes)
		return false;
	removal->echoes--;
	removal->at = now;
	return true;
}

uint64_t removals_pause(struct removals *removals, const char *job)
{
	struct removal *removal = find(removals, job);

	if (!removal || !removal->echoes)
		return 0;
	return REMOVAL_PAUSE << (removal->pauses++ & 15);
}

bool removals_precede(const struct removals *removals, const char *job,
		      uint64_t begun)
{
	const struct removal *removal = find(removals, job);

	return !removal || (!removal->echoes && begun > removal->at);
}

void removals_disconnect(struct removals *removals)
{
	struct map_node *node, *after;
	struct removal *removal;

	map_for_each(&removals->map, node, after)
	{
		removal = map_entry(node, struct removal, node);
		if (removal->echoes)
			timer_stop(removals->timers, &removal->timer);
	}
}

void removals_connect(struct removals *removals, uint64_t now)
{
	struct map_node *node, *after;
	struct removal *removal;

	map_for_each(&removals->map, node, after)
	{
		removal = map_entry(node, struct removal, node);
		if (removal->echoes)
			timer_set(removals->timers, &removal->timer,
				  now + REMOVAL_TIME);
	}
}

void removals_uninit(struct removals *removals)
{
	struct map_node *node, *after;

	map_for_each(&removals->map, node, after)
		forget(map_entry(node, struct removal, node));
	map_uninit(&removals->map);
}
