// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Packets write down when they used a service, and know nothing of this. A round
 * over all services is made now and then, a bounded part of it at a time.
 *
 * What is said of a service may be wrong when it is heard: packets go on. So it
 * carries the conditions under which the service may be cleared, its generation
 * and the time of its last use.
 */

#include "idle.h"

#include "clock.h"
#include "work.h"

/* Whether nobody used it for too long, and nobody was told since. */
static bool ozp_idle_is_due(const struct ozp_idle *idle,
			    const struct ozp_service *svc)
{
	u32 used = READ_ONCE(svc->used);
	/* Signed: it may be used this very moment. */
	s32 since = ozp_clock_now() - used;

	if (svc->pinned || svc->told == used || since < 0)
		return false;
	return ozp_clock_ms(since) >=
	       READ_ONCE(idle->cv->options.idle_timeout);
}

/* A service of this node stays, used or not: its instances have to be known as
 * senders.
 */
static bool ozp_idle_is_at_home(struct ozp_convert *cv,
				const struct ozp_snapshot *snap)
{
	bool local = false;
	u32 i;

	rcu_read_lock();
	for (i = 0; i < snap->endpoint_count && !local; i++)
		local = !ozp_endpoint_is_stale(snap->endpoints[i]) &&
			ozp_convert_is_local_rcu(cv, snap->endpoints[i]);
	rcu_read_unlock();
	return local;
}

/* Returns how much it cost. */
static u32 ozp_idle_look(struct ozp_idle *idle, struct ozp_service *svc)
{
	const struct ozp_snapshot *snap;

	if (!ozp_idle_is_due(idle, svc))
		return 1;
	snap = ozp_table_snapshot(&idle->cv->table, svc);
	if (!ozp_idle_is_at_home(idle->cv, snap)) {
		/* Before it is told: a use that comes between is told again. */
		svc->told = READ_ONCE(svc->used);
		idle->announce(idle, svc);
	}
	return 1 + snap->endpoint_count;
}

/* Where the round goes on; the service may have left the table meanwhile, but
 * not the list, as long as the reference is held.
 */
static struct ozp_service *ozp_idle_resume(struct ozp_idle *idle)
{
	struct ozp_table *table = &idle->cv->table;
	struct ozp_service *svc;

	if (!idle->cursor)
		return ozp_table_first(table);
	svc = ozp_table_next(table, idle->cursor);
	ozp_service_put(idle->cursor);
	idle->cursor = NULL;
	return svc;
}

static void ozp_idle_work(struct work_struct *work)
{
	struct ozp_idle *idle = container_of(to_delayed_work(work),
					     struct ozp_idle, work);
	struct ozp_table *table = &idle->cv->table;
	struct ozp_service *svc, *last = NULL;
	u32 cost = 0;

	mutex_lock(&table->lock);
	for (svc = ozp_idle_resume(idle); svc && cost < OZP_IDLE_BATCH;
	     svc = ozp_table_next(table, svc)) {
		cost += ozp_idle_look(idle, svc);
		last = svc;
	}
	if (svc && last) {
		refcount_inc(&last->ref);
		idle->cursor = last;
	}
	mutex_unlock(&table->lock);
	queue_delayed_work(ozp_workqueue, &idle->work,
			   svc ? OZP_IDLE_PAUSE : OZP_IDLE_INTERVAL);
}

/**
 * ozp_idle_init() - begin to watch
 * @idle: to be filled in
 * @cv: the device; outlives it
 * @announce: told of a service that is idle, with the table locked; may sleep
 */
void ozp_idle_init(struct ozp_idle *idle, struct ozp_convert *cv,
		   void (*announce)(struct ozp_idle *idle,
				    struct ozp_service *svc))
{
	idle->cv = cv;
	idle->announce = announce;
	idle->cursor = NULL;
	INIT_DELAYED_WORK(&idle->work, ozp_idle_work);
	queue_delayed_work(ozp_workqueue, &idle->work, OZP_IDLE_INTERVAL);
}

/**
 * ozp_idle_uninit() - watch no more
 * @idle: the watch
 *
 * The table is still there. May sleep.
 */
void ozp_idle_uninit(struct ozp_idle *idle)
{
	cancel_delayed_work_sync(&idle->work);
	if (idle->cursor)
		ozp_service_put(idle->cursor);
	idle->cursor = NULL;
}
