/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Subscriptions that the broker has not answered yet: it tells by a number of the
 * request whether somebody may hear a topic.
 */
#ifndef _OZP_OZPROXYD_SUBACKS_H
#define _OZP_OZPROXYD_SUBACKS_H

struct suback;

/**
 * struct subacks - All of them, in order; zeroed there is none.
 * @first: the first to be answered, as brokers do it
 * @last: the last one
 */
struct subacks {
	struct suback *first;
	struct suback *last;
};

/** subacks_add() - One was asked for. */
void subacks_add(struct subacks *subacks, int number, const char *topic);

/**
 * subacks_take() - One was answered.
 * Return: its topic, to be freed, or NULL.
 */
char *subacks_take(struct subacks *subacks, int number);

/** subacks_clear() - No answer will come to those that are left. */
void subacks_clear(struct subacks *subacks);

#endif /* _OZP_OZPROXYD_SUBACKS_H */
