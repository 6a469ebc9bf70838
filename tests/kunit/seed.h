/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Random numbers that a failed run can be repeated with. */
#ifndef _OZP_KUNIT_SEED_H
#define _OZP_KUNIT_SEED_H

#include <linux/prandom.h>

struct kunit;

/* Seeds @rnd from the module parameter kunit_seed, or at random, and prints the
 * seed into the log of @test.
 */
void ozp_seed(struct kunit *test, struct rnd_state *rnd);

#endif /* _OZP_KUNIT_SEED_H */
