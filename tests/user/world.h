/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * A helper in a world of its own: the kernel's table is an array, the broker
 * and the clock are the test's. What the helper does is written down, a line
 * each:
 *
 *   ask KEY, remove JOB, moved JOB HOST, sub JOB, unsub JOB,
 *   set JOB INSTANCES, del JOB, clear JOB, busy JOB, deny ADDRESS
 */
#ifndef _OZP_TESTS_WORLD_H
#define _OZP_TESTS_WORLD_H

#include "helper.h"
#include "unit.h"

/** WORLD_SERVICES - Most services in the kernel's table. */
#define WORLD_SERVICES 64

/**
 * struct world - All of it.
 * @helper: who is tested
 * @now: the time, in ms
 * @log: what the helper did since world_did() was called last
 * @services: the kernel's table; used is when a packet came last
 * @n_services: how many
 * @refuse: the next services are refused by the kernel
 * @no_device: there is no device
 * @tables: how often it was told that the table changed
 * @locals: the same of the jobs here
 */
struct world {
	struct helper helper;
	uint64_t now;
	char log[65536];
	struct ozp_service services[WORLD_SERVICES];
	size_t n_services;
	bool refuse;
	bool no_device;
	unsigned int tables;
	unsigned int locals;
};

/** world - That of the test that runs, from world_begin() to world_end(). */
extern struct world *world;

/** world_begin() - A helper that is connected; node n, 131.1.0.1:50103. */
int world_begin(void **state);

/** world_end() - The end of it. */
int world_end(void **state);

/* A test that needs no more than that. */
#define world_test(name) \
	cmocka_unit_test_setup_teardown(name, world_begin, world_end)

/** world_wait() - Let time pass, a millisecond at a time. */
void world_wait(struct world *world, uint64_t ms);

/** world_wait_for() - Let time pass until a line is written, at most @ms. */
void world_wait_for(struct world *world, const char *line, uint64_t ms);

/** world_did() - Fail unless the helper did just this, and forget it. */
void world_did(struct world *world, const char *what);

/** world_forget() - Forget what it did. */
void world_forget(struct world *world);

/** world_counts() - How often a line was written since then. */
unsigned int world_counts(const struct world *world, const char *line);

/** world_says() - Somebody says something to this node: nodes/n/net/TOPIC. */
void world_says(struct world *world, const char *topic, const char *payload);

/** world_updates() - The cluster says that a job changed. */
void world_updates(struct world *world, const char *job, const char *type);

/**
 * world_answers() - The cluster answers.
 * @world: where
 * @key: what it was asked, or NULL: it does not say
 * @job: the job; NULL: nobody has that
 * @instances: how many; each is at another node, with a number from 0
 * @local: the last of them is at this node
 *
 * Job "shop" has 10.30.1.30 and fdff:2000::30, Instance IPs 10.30.0.6 and on;
 * other jobs have addresses by their name's last letter.
 */
void world_answers(struct world *world, const char *key, const char *job,
		   unsigned int instances, bool local);

/** world_knows_shop() - A container used shop, which is in the kernel now. */
void world_knows_shop(struct world *world);

/** world_answers_record() - The cluster answers with a service, which is freed. */
void world_answers_record(struct world *world, struct ozp_service *service);

/** world_service() - What the kernel has, or NULL. */
struct ozp_service *world_service(struct world *world, const char *name);

/** world_idle() - The kernel says that a service is idle. */
void world_idle(struct world *world, const char *name);

/** world_sync() - The kernel's table is read. */
size_t world_sync(struct world *world, bool adopt);

/** world_make() - A service as world_answers() describes it; to be freed. */
void world_make(struct ozp_service *service, const char *job,
		unsigned int instances, bool local);

#endif /* _OZP_TESTS_WORLD_H */
