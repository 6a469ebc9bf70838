/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* The workqueue of the module. */
#ifndef _OZP_WORK_H
#define _OZP_WORK_H

#include <linux/workqueue.h>

extern struct workqueue_struct *ozp_workqueue;

/* init */
int ozp_work_init(void);
void ozp_work_uninit(void);

#endif /* _OZP_WORK_H */
