/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What systemd wants to hear: the protocol of sd_notify(3), without its library.
 */
#ifndef _OZP_OZPROXYD_NOTIFY_H
#define _OZP_OZPROXYD_NOTIFY_H

#include <stdint.h>

/** notify() - Say something like "READY=1" to who started us, if he listens. */
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** notify_watchdog() - Milliseconds between signs of life, or 0. */
uint64_t notify_watchdog(void);

#endif /* _OZP_OZPROXYD_NOTIFY_H */
