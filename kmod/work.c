// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "work.h"

#include <linux/cache.h>
#include <linux/errno.h>

/* Walks over large tables are done here: not on the processor of a packet. */
struct workqueue_struct *ozp_workqueue __ro_after_init;

/**
 * ozp_work_init() - make the workqueue
 *
 * Return: 0 or -ENOMEM.
 */
int __init ozp_work_init(void)
{
	ozp_workqueue = alloc_workqueue("ozproxy", WQ_UNBOUND, 0);
	return ozp_workqueue ? 0 : -ENOMEM;
}

/**
 * ozp_work_uninit() - end the workqueue
 *
 * No device is left, hence no work. May sleep.
 */
void ozp_work_uninit(void)
{
	destroy_workqueue(ozp_workqueue);
}
