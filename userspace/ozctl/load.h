/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * ozctl service load.
 */
#ifndef _OZP_OZCTL_LOAD_H
#define _OZP_OZCTL_LOAD_H

#include "ozctl.h"

/** service_load() - Set the services that a file of results describes. */
enum status service_load(struct ozctl *ctl);

#endif /* _OZP_OZCTL_LOAD_H */
