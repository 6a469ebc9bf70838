// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The watch over services: which are told, how often, and in however many parts. */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/slab.h>

#include "clock.h"
#include "fixture.h"
#include "idle.h"

/* Milliseconds after which a service is idle, in units of the clock. */
#define LONG	(10000 / OZP_USED_GRAIN_MS)

/* More than a part of a round. */
#define CROWD	(OZP_IDLE_BATCH + 50)

enum member {
	SILENT,
	PINNED,
	HOME,
	BUSY,
	MEMBERS,
};

/**
 * struct scene - a device's table, and who watches it
 * @cv: what of a device the watch needs
 * @idle: under test
 * @told: how often each service was told, by the number in its name
 */
struct scene {
	struct ozp_convert cv;
	struct ozp_idle idle;
	u32 told[CROWD];
};

static void announce(struct ozp_idle *idle, struct ozp_service *svc)
{
	struct scene *scene = container_of(idle, struct scene, idle);
	unsigned int number;

	lockdep_assert_held(&scene->cv.table.lock);
	if (!kstrtouint(svc->name, 10, &number) && number < CROWD)
		scene->told[number]++;
}

static struct scene *scene_new(struct kunit *test)
{
	struct scene *scene = kunit_kzalloc(test, sizeof(*scene), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, scene);
	ozp_nodes_init(&scene->cv.nodes);
	KUNIT_ASSERT_EQ(test, ozp_table_init(&scene->cv.table,
					     &scene->cv.nodes), 0);
	/* No port of a node of the tests: only who is told to be is local. */
	scene->cv.options.idle_timeout = LONG * OZP_USED_GRAIN_MS;
	return scene;
}

static void scene_free(struct scene *scene)
{
	ozp_idle_uninit(&scene->idle);
	ozp_table_uninit(&scene->cv.table);
	ozp_nodes_uninit(&scene->cv.nodes);
	rcu_barrier();
}

static struct ozp_service *find(struct scene *scene, u32 number)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", number);
	return ozp_table_find_name(&scene->cv.table, name);
}

/* Sets service @number, last used @ago. */
static void set(struct kunit *test, struct scene *scene, u32 number, u32 flags,
		bool pinned, s32 ago)
{
	struct ozp_service_address address = { .family = AF_INET };
	struct ozp_endpoint_config instance;
	struct ozp_service_config config = {
		.addresses = &address,
		.address_count = 1,
		.instances = &instance,
		.instance_count = 1,
		.pinned = pinned,
	};
	struct ozp_table_fault fault;
	char name[16];

	snprintf(name, sizeof(name), "%u", number);
	config.name = name;
	ozp_test_addr(&address.addr, AF_INET, 1 + number);
	ozp_test_instance(&instance, 0, 1);
	ozp_test_addr(&instance.ns[0], AF_INET, 10000 + number);
	ozp_test_addr(&instance.ip[0], AF_INET, 20000 + number);
	instance.flags = flags;
	mutex_lock(&scene->cv.table.lock);
	KUNIT_EXPECT_EQ(test, ozp_table_set(&scene->cv.table, &config, &fault),
			1);
	WRITE_ONCE(find(scene, number)->used, ozp_clock_now() - ago);
	mutex_unlock(&scene->cv.table.lock);
}

static void use(struct scene *scene, u32 number, u32 ago)
{
	mutex_lock(&scene->cv.table.lock);
	WRITE_ONCE(find(scene, number)->used, ozp_clock_now() - ago);
	mutex_unlock(&scene->cv.table.lock);
}

/* Until a service was told so often, for longer than some rounds take. */
static void wait_told(struct kunit *test, struct scene *scene, u32 number,
		      u32 times)
{
	u32 i;

	for (i = 0; i < 1000 && READ_ONCE(scene->told[number]) < times; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, READ_ONCE(scene->told[number]), times);
}

static void who_is_told(struct kunit *test)
{
	struct scene *scene = scene_new(test);
	u32 i;

	set(test, scene, PINNED, 0, true, 2 * LONG);
	set(test, scene, HOME, OZPROXY_INSTANCE_FLAGS_LOCAL, false, 2 * LONG);
	set(test, scene, BUSY, 0, false, -LONG * 100);
	set(test, scene, SILENT, 0, false, 2 * LONG);
	ozp_idle_init(&scene->idle, &scene->cv, announce);
	wait_told(test, scene, SILENT, 1);
	/* Used since, and idle again: the last of the same round tells that
	 * those before it were looked at, too.
	 */
	use(scene, SILENT, LONG + 10);
	wait_told(test, scene, SILENT, 2);
	for (i = 0; i < MEMBERS; i++)
		if (i != SILENT)
			KUNIT_EXPECT_EQ(test, scene->told[i], 0);
	/* Not pinned any more; at home only for as long as it is. */
	set(test, scene, PINNED, 0, false, 2 * LONG);
	wait_told(test, scene, PINNED, 1);
	set(test, scene, HOME, 0, false, 2 * LONG);
	wait_told(test, scene, HOME, 1);
	KUNIT_EXPECT_EQ(test, scene->told[SILENT], 2);
	scene_free(scene);
}

static void each_is_told_once(struct kunit *test)
{
	struct scene *scene = scene_new(test);
	u32 i;

	for (i = 0; i < CROWD; i++)
		set(test, scene, i, 0, false, 2 * LONG);
	ozp_idle_init(&scene->idle, &scene->cv, announce);
	for (i = 0; i < CROWD; i++)
		wait_told(test, scene, i, 1);
	/* Another round, to its end. */
	use(scene, CROWD - 1, LONG + 10);
	wait_told(test, scene, CROWD - 1, 2);
	for (i = 0; i < CROWD - 1; i++)
		KUNIT_EXPECT_EQ(test, scene->told[i], 1);
	scene_free(scene);
}

static struct kunit_case idle_cases[] = {
	KUNIT_CASE(who_is_told),
	KUNIT_CASE(each_is_told_once),
	{}
};

static struct kunit_suite idle_suite = {
	.name = "ozproxy_idle",
	.test_cases = idle_cases,
};

kunit_test_suite(idle_suite);
