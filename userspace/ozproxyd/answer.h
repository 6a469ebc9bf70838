/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Answers of the cluster: to which question each of them is, whether it can be
 * believed, and what follows from it.
 */
#ifndef _OZP_OZPROXYD_ANSWER_H
#define _OZP_OZPROXYD_ANSWER_H

#include "helper.h"

/** ANSWER_MAX - Longest payload that is read, in bytes. An answer about
 * instance-max instances has about a quarter of it.
 */
#define ANSWER_MAX (2 * 1024 * 1024)

/** answer_read() - Take the results that a payload has. */
void answer_read(struct helper *helper, const char *payload, size_t len,
		 uint64_t now);

#endif /* _OZP_OZPROXYD_ANSWER_H */
