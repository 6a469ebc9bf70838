// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "plan.h"
#include "world.h"

#define NAMES 12
#define ROUNDS 3000

static unsigned int failed_seed;

/* A table for every name: how many instances it has, or -1 for no service. */
static void random_table(unsigned int *seed, int table[NAMES])
{
	unsigned int i;

	for (i = 0; i < NAMES; i++)
		table[i] = (int)((unsigned int)rand_r(seed) % 6) - 2;
}

static void name_of(unsigned int i, char name[8])
{
	snprintf(name, 8, "job.%c", 'A' + (int)i);
}

/* The services of a table, in any order. */
static size_t make(unsigned int *seed, const int table[NAMES],
		   struct ozp_service *services)
{
	unsigned int first = (unsigned int)rand_r(seed), i, at;
	size_t count = 0;
	char name[8];

	for (i = 0; i < NAMES; i++) {
		at = (first + i * 5) % NAMES;
		name_of(at, name);
		if (table[at] >= 0)
			world_make(&services[count++], name,
				   (unsigned int)table[at], false);
	}
	return count;
}

static unsigned int index_of(const struct plan_command *command)
{
	return (unsigned int)(command->service->name[4] - 'A');
}

static void free_all(struct ozp_service *services, size_t count)
{
	while (count)
		ozp_service_free(&services[--count]);
}

/* Whatever the two tables are, the one becomes the other, and nothing is done
 * to what is right.
 */
static void one_round(unsigned int *seed)
{
	struct ozp_service want[NAMES], have[NAMES];
	struct plan_table desired = { want, 0 }, actual = { have, 0 };
	int to[NAMES], is[NAMES];
	struct plan_command *commands;
	size_t count, i, needed = 0;
	bool has_set = false;

	random_table(seed, to);
	random_table(seed, is);
	for (i = 0; i < NAMES; i++) {
		to[i] = to[i] < 0 ? -1 : to[i];
		is[i] = is[i] < 0 ? -1 : is[i];
		needed += to[i] != is[i];
	}
	desired.count = make(seed, to, want);
	actual.count = make(seed, is, have);
	count = plan_make(&desired, &actual, &commands);
	assert_int_equal(count, needed);
	for (i = 0; i < count; i++) {
		/* No deletion after the first service that is set. */
		assert_false(has_set && commands[i].verb == PLAN_DEL);
		has_set |= commands[i].verb == PLAN_SET;
		is[index_of(&commands[i])] =
			commands[i].verb == PLAN_DEL ?
				-1 :
				(int)commands[i].service->n_instance;
	}
	assert_memory_equal(is, to, sizeof(to));
	free(commands);
	free_all(want, desired.count);
	free_all(have, actual.count);
}

/* A round that fails names its seed: OZP_SEED=N begins with it. */
static void random_tables(void **state)
{
	const char *given = getenv("OZP_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : 1, i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		failed_seed = seed;
		one_round(&seed);
	}
	failed_seed = 0;
}

static int tell_seed(void **state)
{
	(void)state;
	if (failed_seed)
		print_error("OZP_SEED=%u\n", failed_seed);
	return 0;
}

static void empty_tables(void **state)
{
	struct plan_table nothing = {};
	struct plan_command *commands;

	(void)state;
	assert_int_equal(plan_make(&nothing, &nothing, &commands), 0);
	free(commands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(random_tables, tell_seed),
		cmocka_unit_test(empty_tables),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
