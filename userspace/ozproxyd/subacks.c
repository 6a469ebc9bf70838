// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "subacks.h"
#include <stddef.h>
#include <stdlib.h>
#include "mem.h"

struct suback {
	struct suback *next;
	int number;
	char *topic;
};

void subacks_add(struct subacks *subacks, int number, const char *topic)
{
	struct suback *suback = mem_zero(sizeof(*suback));

	suback->number = number;
	suback->topic = mem_text(topic);
	if (subacks->last)
		subacks->last->next = suback;
	else
		subacks->first = suback;
	subacks->last = suback;
}

static struct suback *find(const struct subacks *subacks, int number,
			   struct suback **before)
{
	struct suback *suback = subacks->first;

	*before = NULL;
	while (suback && suback->number != number) {
		*before = suback;
		suback = suback->next;
	}
	return suback;
}

char *subacks_take(struct subacks *subacks, int number)
{
	struct suback *before, *suback = find(subacks, number, &before);
	char *topic;

	if (!suback)
		return NULL;
	if (before)
		before->next = suback->next;
	else
		subacks->first = suback->next;
	if (subacks->last == suback)
		subacks->last = before;
	topic = suback->topic;
	free(suback);
	return topic;
}

void subacks_clear(struct subacks *subacks)
{
	while (subacks->first)
		free(subacks_take(subacks, subacks->first->number));
}
