/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Instances that their own worker does not know any more. */
#ifndef _OZP_DOUBT_H
#define _OZP_DOUBT_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "limits.h"
#include "table.h"

/**
 * struct ozp_doubts - endpoints that are to be withdrawn from a table
 * @table: the table; outlives this
 * @announce: told of a service that lost one, with the table locked; may sleep
 * @lock: protects @queue and @count; taken with BH off
 * @queue: the endpoints (holds references)
 * @count: how many
 * @work: withdraws them: packets cannot lock the table
 */
struct ozp_doubts {
	struct ozp_table *table;
	void (*announce)(struct ozp_doubts *doubts, struct ozp_service *svc);
	/* protects the queue */
	spinlock_t lock;
	struct ozp_endpoint *queue[OZP_DOUBT_QUEUE];
	u32 count;
	struct work_struct work;
};

/* packet path */
bool ozp_doubt_add_rcu(struct ozp_doubts *doubts, struct ozp_endpoint *ep);

/* init */
void ozp_doubts_init(struct ozp_doubts *doubts, struct ozp_table *table,
		     void (*announce)(struct ozp_doubts *doubts,
				      struct ozp_service *svc));
void ozp_doubts_uninit(struct ozp_doubts *doubts);

#endif /* _OZP_DOUBT_H */
