/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Tells which services are not used any more. */
#ifndef _OZP_IDLE_H
#define _OZP_IDLE_H

#include <linux/workqueue.h>

#include "convert.h"

/**
 * struct ozp_idle - the watch over the services of a device
 * @cv: the device
 * @announce: told of a service that is idle, with the table locked; may sleep
 * @cursor: the last service of the round in progress that was looked at (holds a
 *	reference), or NULL; protected by the table's lock
 * @work: looks at some services
 */
struct ozp_idle {
	struct ozp_convert *cv;
	void (*announce)(struct ozp_idle *idle, struct ozp_service *svc);
	struct ozp_service *cursor;
	struct delayed_work work;
};

/* init */
void ozp_idle_init(struct ozp_idle *idle, struct ozp_convert *cv,
		   void (*announce)(struct ozp_idle *idle,
				    struct ozp_service *svc));
void ozp_idle_uninit(struct ozp_idle *idle);

#endif /* _OZP_IDLE_H */
