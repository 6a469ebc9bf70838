/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * ozctl device up.
 */
#ifndef _OZP_OZCTL_UP_H
#define _OZP_OZCTL_UP_H

#include "ozctl.h"

/** bring_up() - Make @device carry packets, and print what that took. */
enum status bring_up(struct ozctl *ctl, const struct ozp_device *device);

#endif /* _OZP_OZCTL_UP_H */
