// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Only the instance loses its endpoint, not the service: its flows are asleep, new
 * ones go to others, and what needs it asks for it, as after a clear. A helper
 * that is away costs no more than packets which were lost anyway.
 */

#include "doubt.h"

#include "clock.h"

/**
 * ozp_doubt_add_rcu() - an instance is not where the table has it
 * @doubts: of its table
 * @ep: where the table has it
 *
 * The table may learn the same again from a cluster that is wrong: so no more
 * than once in OZP_DOUBT_PAUSE_MS for an instance. Softirq or BH off, in an RCU
 * read section.
 *
 * Return: whether it will be withdrawn.
 */
bool ozp_doubt_add_rcu(struct ozp_doubts *doubts, struct ozp_endpoint *ep)
{
	struct ozp_instance *inst = ep->instance;
	bool added = false;
	u32 now;

	/* 0 is never. */
	now = ozp_clock_now() ?: 1;
	spin_lock_bh(&doubts->lock);
	if (doubts->count < ARRAY_SIZE(doubts->queue) &&
	    (!inst->doubted || now - inst->doubted >=
	     OZP_DOUBT_PAUSE_MS / OZP_USED_GRAIN_MS) &&
	    ozp_endpoint_hold_rcu(ep)) {
		inst->doubted = now;
		doubts->queue[doubts->count++] = ep;
		added = true;
	}
	spin_unlock_bh(&doubts->lock);
	if (added)
		queue_work(system_unbound_wq, &doubts->work);
	return added;
}

static struct ozp_endpoint *ozp_doubts_take(struct ozp_doubts *doubts)
{
	struct ozp_endpoint *ep = NULL;

	spin_lock_bh(&doubts->lock);
	if (doubts->count)
		ep = doubts->queue[--doubts->count];
	spin_unlock_bh(&doubts->lock);
	return ep;
}

static void ozp_doubts_work(struct work_struct *work)
{
	struct ozp_doubts *doubts = container_of(work, struct ozp_doubts, work);
	struct ozp_endpoint *ep;

	while ((ep = ozp_doubts_take(doubts))) {
		mutex_lock(&doubts->table->lock);
		if (ozp_table_doubt(doubts->table, ep))
			doubts->announce(doubts, ep->instance->service);
		mutex_unlock(&doubts->table->lock);
		ozp_endpoint_put(ep);
		cond_resched();
	}
}

/**
 * ozp_doubts_init() - nothing is in doubt
 * @doubts: to be filled in
 * @table: the table; outlives it
 * @announce: told of a service that lost an instance, with the table locked; may
 *	sleep
 */
void ozp_doubts_init(struct ozp_doubts *doubts, struct ozp_table *table,
		     void (*announce)(struct ozp_doubts *doubts,
				      struct ozp_service *svc))
{
	doubts->table = table;
	doubts->announce = announce;
	spin_lock_init(&doubts->lock);
	doubts->count = 0;
	INIT_WORK(&doubts->work, ozp_doubts_work);
}

/**
 * ozp_doubts_uninit() - forget what is in doubt
 * @doubts: no packet comes any more
 *
 * May sleep; the table is not locked.
 */
void ozp_doubts_uninit(struct ozp_doubts *doubts)
{
	struct ozp_endpoint *ep;

	cancel_work_sync(&doubts->work);
	while ((ep = ozp_doubts_take(doubts)))
		ozp_endpoint_put(ep);
}
