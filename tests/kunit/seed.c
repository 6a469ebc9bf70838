// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The ozproxy authors
#include "seed.h"

#include <kunit/test.h>
#include <linux/module.h>
#include <linux/random.h>

static unsigned long long kunit_seed;
module_param(kunit_seed, ullong, 0444);
MODULE_PARM_DESC(kunit_seed, "Seed of the random unit tests (0: a new one)");

void ozp_seed(struct kunit *test, struct rnd_state *rnd)
{
	u64 seed = kunit_seed ?: get_random_u64();

	kunit_info(test, "seed: insmod ozproxy.ko kunit_seed=%llu\n", seed);
	prandom_seed_state(rnd, seed);
}
