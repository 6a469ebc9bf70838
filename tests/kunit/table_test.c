// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The conversion table against one that is a plain array of addresses, each
 * with whoever claimed it last.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "fixture.h"
#include "seed.h"

#define NAMES 5
#define NUMBERS 4
#define POOL 20			/* addresses of each family */
#define ADDRESSES_MAX 2		/* of a service */
#define INSTANCES_MAX 3		/* of a service */
#define LIMIT 4			/* services; fewer than names */
#define HELD 6			/* endpoints held, as flows do */
#define TURNS 4000

static const char *const names[NAMES] = { "a", "b", "c", "d", "e" };

/* Who claimed an address last. */
struct owner {
	enum ozp_match_kind kind;
	u32 service;
	u32 number;
};

struct naive_service {
	bool offered;
	u32 address_count;
	struct ozp_service_address addresses[ADDRESSES_MAX];
	u32 instance_count;
	struct ozp_endpoint_config instances[INSTANCES_MAX];
	/* by number, as the flows of an instance see it */
	enum ozp_instance_state states[NUMBERS];
};

struct naive {
	struct naive_service services[NAMES];
	struct owner owners[OZP_FAMILIES][POOL];
	u32 generation;
};

struct held {
	struct ozp_endpoint *ep;
	u32 service;
};

struct play {
	struct ozp_fixture *fixture;
	struct rnd_state rnd;
	struct naive naive;
	struct held held[HELD];
	/* of the turn */
	u32 turn;
	struct ozp_service_address addresses[ADDRESSES_MAX];
	struct ozp_endpoint_config instances[INSTANCES_MAX];
	struct ozp_service_config config;
	bool used[OZP_FAMILIES][POOL];
};

static u32 draw(struct play *play, u32 below)
{
	return prandom_u32_state(&play->rnd) % below;
}

static u32 number_of(u8 family, const union ozp_addr *addr)
{
	if (family == AF_INET)
		return ntohl(addr->ip4) & 0xffff;
	return ntohl(addr->ip6.s6_addr32[3]);
}

/* Mostly one that the configuration does not have yet. */
static void draw_addr(struct play *play, u32 f, union ozp_addr *addr)
{
	u32 number;

	do {
		number = draw(play, POOL);
	} while (play->used[f][number] && draw(play, 32));
	play->used[f][number] = true;
	ozp_test_addr(addr, ozp_family(f), number);
}

static void draw_config(struct play *play, u32 service)
{
	struct ozp_endpoint_config *inst;
	u32 i, f;

	memset(play->used, 0, sizeof(play->used));
	memset(play->addresses, 0, sizeof(play->addresses));
	play->config = (struct ozp_service_config){
		.name = names[service],
		.addresses = play->addresses,
		.address_count = draw(play, ADDRESSES_MAX + 1),
		.instances = play->instances,
		.instance_count = draw(play, INSTANCES_MAX + 1),
	};
	for (i = 0; i < play->config.address_count; i++) {
		f = draw(play, OZP_FAMILIES);
		play->addresses[i].family = ozp_family(f);
		draw_addr(play, f, &play->addresses[i].addr);
	}
	for (i = 0; i < play->config.instance_count; i++) {
		inst = &play->instances[i];
		ozp_test_instance(inst, draw(play, 8) ? i : draw(play, NUMBERS),
				  draw(play, 3));
		for (f = 0; f < OZP_FAMILIES; f++) {
			if (draw(play, 4))
				draw_addr(play, f, &inst->ns[f]);
			if (draw(play, 4))
				draw_addr(play, f, &inst->ip[f]);
		}
	}
}

static struct owner *owner_of(struct naive *naive, u8 family,
			      const union ozp_addr *addr)
{
	return &naive->owners[ozp_family_index(family)]
			     [number_of(family, addr)];
}

static bool owns(struct naive *naive, u8 family, const union ozp_addr *addr,
		 enum ozp_match_kind kind, u32 service, u32 number)
{
	struct owner *owner;

	if (!ozp_addr_is_set(addr))
		return true;
	owner = owner_of(naive, family, addr);
	return owner->kind == kind && owner->service == service &&
	       owner->number == number;
}

static struct ozp_endpoint_config *naive_instance(struct naive_service *svc,
						  u32 number)
{
	u32 i;

	if (!svc->offered || svc->states[number] != OZP_INSTANCE_LIVE)
		return NULL;
	for (i = 0; i < svc->instance_count; i++)
		if (svc->instances[i].number == number)
			return &svc->instances[i];
	return NULL;
}

static bool naive_is_equal(struct naive *naive, u32 service,
			   const struct ozp_service_config *config)
{
	struct naive_service *svc = &naive->services[service];
	const struct ozp_endpoint_config *inst, *have;
	u32 i, j, f;

	if (!svc->offered || svc->address_count != config->address_count ||
	    svc->instance_count != config->instance_count)
		return false;
	for (i = 0; i < config->address_count; i++) {
		for (j = 0; j < svc->address_count; j++)
			if (!memcmp(&svc->addresses[j], &config->addresses[i],
				    sizeof(svc->addresses[j])))
				break;
		if (j == svc->address_count ||
		    !owns(naive, config->addresses[i].family,
			  &config->addresses[i].addr, OZP_MATCH_SERVICE,
			  service, 0))
			return false;
		for (j = 0; j < i; j++)
			if (!memcmp(&config->addresses[j],
				    &config->addresses[i],
				    sizeof(*config->addresses)))
				return false;
	}
	for (i = 0; i < config->instance_count; i++) {
		inst = &config->instances[i];
		have = naive_instance(svc, inst->number);
		if (!have || memcmp(have, inst, sizeof(*inst)))
			return false;
		for (f = 0; f < OZP_FAMILIES; f++)
			if (!owns(naive, ozp_family(f), &inst->ns[f],
				  OZP_MATCH_NAMESPACE, service, inst->number) ||
			    !owns(naive, ozp_family(f), &inst->ip[f],
				  OZP_MATCH_INSTANCE, service, inst->number))
				return false;
		for (j = 0; j < i; j++)
			if (config->instances[j].number == inst->number)
				return false;
	}
	return true;
}

/* Something to be done with each address of a configuration, until it fails. */
struct visitor {
	int (*visit)(void *data, u8 family, const union ozp_addr *addr,
		     enum ozp_match_kind kind, u32 number);
	void *data;
};

static int visit_addresses(const struct ozp_service_config *config,
			   const struct visitor *visitor)
{
	const struct ozp_endpoint_config *inst;
	void *data = visitor->data;
	int err = 0;
	u32 i, f;

	for (i = 0; i < config->address_count && !err; i++)
		err = visitor->visit(data, config->addresses[i].family,
				     &config->addresses[i].addr,
				     OZP_MATCH_SERVICE, 0);
	for (i = 0; i < config->instance_count; i++) {
		inst = &config->instances[i];
		for (f = 0; f < OZP_FAMILIES; f++) {
			if (!err && ozp_addr_is_set(&inst->ns[f]))
				err = visitor->visit(data, ozp_family(f),
						     &inst->ns[f],
						     OZP_MATCH_NAMESPACE,
						     inst->number);
			if (!err && ozp_addr_is_set(&inst->ip[f]))
				err = visitor->visit(data, ozp_family(f),
						     &inst->ip[f],
						     OZP_MATCH_INSTANCE,
						     inst->number);
		}
	}
	return err;
}

static int see_once(void *data, u8 family, const union ozp_addr *addr,
		    enum ozp_match_kind kind, u32 number)
{
	bool *seen = (bool *)data + ozp_family_index(family) * POOL +
		     number_of(family, addr);

	if (*seen)
		return -EEXIST;
	*seen = true;
	return 0;
}

static bool has_duplicates(const struct ozp_service_config *config)
{
	bool seen[OZP_FAMILIES * POOL] = {};
	struct visitor visitor = { .visit = see_once, .data = seen };
	u32 i, j;

	for (i = 0; i < config->instance_count; i++)
		for (j = 0; j < i; j++)
			if (config->instances[i].number ==
			    config->instances[j].number)
				return true;
	return visit_addresses(config, &visitor);
}

struct claimant {
	struct naive *naive;
	u32 service;
	unsigned long losers;
};

static int claim(void *data, u8 family, const union ozp_addr *addr,
		 enum ozp_match_kind kind, u32 number)
{
	struct claimant *claimant = data;
	struct owner *owner = owner_of(claimant->naive, family, addr);

	if (owner->kind != OZP_MATCH_NONE &&
	    owner->service != claimant->service)
		__set_bit(owner->service, &claimant->losers);
	if ((owner->kind == OZP_MATCH_INSTANCE ||
	     owner->kind == OZP_MATCH_NAMESPACE) &&
	    owner->service != claimant->service)
		claimant->naive->services[owner->service].states[owner->number] =
			OZP_INSTANCE_REMOVED;
	*owner = (struct owner){
		.kind = kind,
		.service = claimant->service,
		.number = number,
	};
	return 0;
}

static void forget(struct naive *naive, u32 service)
{
	u32 f, i;

	for (f = 0; f < OZP_FAMILIES; f++)
		for (i = 0; i < POOL; i++)
			if (naive->owners[f][i].service == service)
				naive->owners[f][i].kind = OZP_MATCH_NONE;
}

static int naive_set(struct naive *naive, u32 service,
		     const struct ozp_service_config *config)
{
	struct claimant claimant = { .naive = naive, .service = service };
	struct visitor visitor = { .visit = claim, .data = &claimant };
	struct naive_service *svc = &naive->services[service];
	u32 i, offered = 0;

	if (naive_is_equal(naive, service, config))
		return 0;
	for (i = 0; i < NAMES; i++)
		offered += naive->services[i].offered;
	if (!svc->offered && offered >= LIMIT)
		return -ENOSPC;
	if (has_duplicates(config))
		return -EEXIST;

	forget(naive, service);
	visit_addresses(config, &visitor);
	svc->offered = true;
	svc->address_count = config->address_count;
	memcpy(svc->addresses, config->addresses, sizeof(svc->addresses));
	svc->instance_count = config->instance_count;
	memcpy(svc->instances, config->instances, sizeof(svc->instances));
	for (i = 0; i < NUMBERS; i++)
		svc->states[i] = OZP_INSTANCE_REMOVED;
	for (i = 0; i < config->instance_count; i++)
		svc->states[config->instances[i].number] = OZP_INSTANCE_LIVE;
	/* Each of those who lose something has changed, too. */
	naive->generation += 1 + hweight_long(claimant.losers);
	return 1;
}

static void naive_del(struct naive *naive, u32 service,
		      enum ozp_instance_state state)
{
	struct naive_service *svc = &naive->services[service];
	u32 i;

	forget(naive, service);
	svc->offered = false;
	for (i = 0; i < NUMBERS; i++)
		if (svc->states[i] != OZP_INSTANCE_REMOVED)
			svc->states[i] = state;
	naive->generation++;
}

static void naive_match(struct naive *naive, u32 f, u32 number,
			struct owner *match)
{
	struct naive_service *svc;

	*match = naive->owners[f][number];
	svc = &naive->services[match->service];
	if (match->kind == OZP_MATCH_NONE || match->kind == OZP_MATCH_SERVICE)
		return;
	if (!naive_instance(svc, match->number))
		match->kind = OZP_MATCH_NONE;
}

static void compare_address(struct kunit *test, struct play *play, u32 f,
			    u32 number)
{
	const struct ozp_endpoint_config *inst;
	struct naive_service *svc;
	struct ozp_match match;
	union ozp_addr addr;
	struct owner want;

	naive_match(&play->naive, f, number, &want);
	svc = &play->naive.services[want.service];
	ozp_test_addr(&addr, ozp_family(f), number);
	rcu_read_lock();
	ozp_table_lookup_rcu(&play->fixture->table, ozp_family(f), &addr,
			     &match);
	KUNIT_EXPECT_EQ_MSG(test, match.kind, want.kind,
			    "turn %u, family %u, number %u", play->turn, f,
			    number);
	if (match.kind != want.kind || want.kind == OZP_MATCH_NONE)
		goto out_unlock;
	KUNIT_EXPECT_STREQ(test, match.service->name, names[want.service]);
	if (want.kind == OZP_MATCH_SERVICE) {
		KUNIT_EXPECT_EQ(test, match.snapshot->endpoint_count,
				svc->instance_count);
		KUNIT_EXPECT_EQ(test, match.snapshot->address_count,
				svc->address_count);
		KUNIT_EXPECT_EQ(test, match.policy, OZPROXY_POLICY_RR);
	} else {
		inst = naive_instance(svc, want.number);
		KUNIT_EXPECT_EQ(test, match.policy, OZPROXY_POLICY_INSTANCE);
		KUNIT_EXPECT_EQ(test, 0, memcmp(&match.endpoint->config, inst,
						sizeof(*inst)));
		KUNIT_EXPECT_FALSE(test, ozp_endpoint_is_stale(match.endpoint));
	}
out_unlock:
	rcu_read_unlock();
}

/* What the flows of an endpoint see of its instance. */
static void compare_held(struct kunit *test, struct play *play,
			 const struct held *held)
{
	struct naive_service *svc = &play->naive.services[held->service];
	struct ozp_instance *inst = held->ep->instance;
	struct ozp_endpoint_config *want;
	struct ozp_endpoint *now;

	rcu_read_lock();
	now = rcu_dereference(inst->endpoint);
	want = naive_instance(svc, inst->number);
	KUNIT_EXPECT_EQ_MSG(test, !now, !want, "turn %u", play->turn);
	KUNIT_EXPECT_EQ_MSG(test, inst->state, svc->states[inst->number],
			    "turn %u", play->turn);
	KUNIT_EXPECT_EQ(test, ozp_endpoint_is_stale(held->ep), now != held->ep);
	if (now && want)
		KUNIT_EXPECT_EQ(test, 0, memcmp(&now->config, want,
						sizeof(*want)));
	rcu_read_unlock();
}

static void compare(struct kunit *test, struct play *play)
{
	struct ozp_table *table = &play->fixture->table;
	u32 offered = 0, live = 0, walked = 0, i, j, f;
	struct ozp_service *svc;

	for (f = 0; f < OZP_FAMILIES; f++)
		for (i = 0; i < POOL; i++)
			compare_address(test, play, f, i);
	for (i = 0; i < HELD; i++)
		if (play->held[i].ep)
			compare_held(test, play, &play->held[i]);
	for (i = 0; i < NAMES; i++) {
		offered += play->naive.services[i].offered;
		for (j = 0; j < NUMBERS; j++)
			live += !!naive_instance(&play->naive.services[i], j);
	}
	KUNIT_EXPECT_EQ(test, table->service_count, offered);
	KUNIT_EXPECT_EQ(test, table->instance_count, live);
	KUNIT_EXPECT_EQ(test, table->generation, play->naive.generation);
	mutex_lock(&table->lock);
	for (svc = ozp_table_find_after(table, 0); svc;
	     svc = ozp_table_next(table, svc))
		walked++;
	mutex_unlock(&table->lock);
	KUNIT_EXPECT_EQ(test, walked, offered);
}

/* Takes or gives back a reference, as a flow would. */
static void hold_or_put(struct kunit *test, struct play *play)
{
	struct held *held = &play->held[draw(play, HELD)];
	u32 f = draw(play, OZP_FAMILIES), number = draw(play, POOL);
	struct ozp_match match;
	union ozp_addr addr;
	struct owner owner;

	if (held->ep) {
		ozp_endpoint_put(held->ep);
		held->ep = NULL;
		return;
	}
	naive_match(&play->naive, f, number, &owner);
	ozp_test_addr(&addr, ozp_family(f), number);
	rcu_read_lock();
	ozp_table_lookup_rcu(&play->fixture->table, ozp_family(f), &addr,
			     &match);
	if (match.endpoint) {
		KUNIT_EXPECT_TRUE(test, ozp_endpoint_hold_rcu(match.endpoint));
		held->ep = match.endpoint;
		held->service = owner.service;
	}
	rcu_read_unlock();
}

static void one_turn(struct kunit *test, struct play *play)
{
	u32 service = draw(play, NAMES), what = draw(play, 16);
	struct ozp_table_fault fault;
	int err, want;

	if (what < 4) {
		hold_or_put(test, play);
	} else if (what < 6) {
		/* One that only flows remember can be removed, not cleared. */
		if (what == 5 && !play->naive.services[service].offered)
			return;
		if (ozp_fixture_del(play->fixture, names[service],
				    what == 5 ? OZP_INSTANCE_CLEARED :
						OZP_INSTANCE_REMOVED))
			naive_del(&play->naive, service,
				  what == 5 ? OZP_INSTANCE_CLEARED :
					      OZP_INSTANCE_REMOVED);
	} else {
		/* Sometimes the same again. */
		if (what < 15 || !play->config.name)
			draw_config(play, service);
		else
			play->config.name = names[service];
		err = ozp_fixture_set(play->fixture, &play->config, &fault);
		want = naive_set(&play->naive, service, &play->config);
		KUNIT_EXPECT_EQ_MSG(test, err, want, "turn %u", play->turn);
	}
}

static void random_changes(struct kunit *test)
{
	struct play *play = kunit_kzalloc(test, sizeof(*play), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, play);
	ozp_seed(test, &play->rnd);
	play->fixture = ozp_fixture_new(test);
	play->fixture->table.service_limit = LIMIT;
	for (i = 0; i < NAMES; i++)
		naive_del(&play->naive, i, OZP_INSTANCE_REMOVED);
	for (i = 0; i < NAMES * NUMBERS; i++)
		play->naive.services[i / NUMBERS].states[i % NUMBERS] =
			OZP_INSTANCE_REMOVED;
	play->naive.generation = 0;
	for (play->turn = 0; play->turn < TURNS; play->turn++) {
		one_turn(test, play);
		compare(test, play);
		/* The first difference says it all. */
		if (test->status == KUNIT_FAILURE)
			break;
		cond_resched();
	}
	for (i = 0; i < HELD; i++)
		if (play->held[i].ep)
			ozp_endpoint_put(play->held[i].ep);
	ozp_fixture_free(test, play->fixture);
}

/* Where an address stands a second time; -1: nowhere. */
struct twice {
	const char *name;
	bool number;		/* the number of the instance, not an address */
	int first;		/* see place_of() */
	int second;
	int address;		/* what the fault is to say */
	int instance;
};

static const struct twice twices[] = {
	{ "instance number", true, 0, 0, -1, 1 },
	{ "two Service IPs", false, 0, 1, 1, -1 },
	{ "Service IP and Namespace IP", false, 0, 2, -1, 0 },
	{ "Service IP and Instance IP", false, 1, 5, -1, 1 },
	{ "Namespace IP and Instance IP of one", false, 2, 3, -1, 0 },
	{ "two Namespace IPs", false, 2, 4, -1, 1 },
	{ "two Instance IPs", false, 3, 5, -1, 1 },
};

static void twice_describe(const struct twice *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(twice, twices, twice_describe);

static union ozp_addr *place_of(struct ozp_service_address *addresses,
				struct ozp_endpoint_config *instances, int place)
{
	switch (place) {
	case 0:
	case 1:
		return &addresses[place].addr;
	case 2:
		return &instances[0].ns[1];
	case 3:
		return &instances[0].ip[1];
	case 4:
		return &instances[1].ns[1];
	default:
		return &instances[1].ip[1];
	}
}

static void nothing_is_given_twice(struct kunit *test)
{
	const struct twice *param = test->param_value;
	struct ozp_fixture *fixture = ozp_fixture_new(test);
	struct ozp_endpoint_config instances[2];
	struct ozp_service_address addresses[2];
	struct ozp_service_config config = {
		.name = "a",
		.addresses = addresses,
		.address_count = ARRAY_SIZE(addresses),
		.instances = instances,
		.instance_count = ARRAY_SIZE(instances),
	};
	struct ozp_table_fault fault = {};
	struct ozp_match match;
	u32 i;

	memset(addresses, 0, sizeof(addresses));
	for (i = 0; i < 2; i++) {
		addresses[i].family = AF_INET6;
		ozp_test_instance(&instances[i], i, i);
	}
	for (i = 0; i < 6; i++)
		ozp_test_addr(place_of(addresses, instances, i), AF_INET6,
			      i + 1);
	if (param->number)
		instances[1].number = instances[0].number;
	else
		*place_of(addresses, instances, param->second) =
			*place_of(addresses, instances, param->first);

	KUNIT_EXPECT_EQ(test, ozp_fixture_set(fixture, &config, &fault),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, fault.refusal,
			param->number ? OZP_TABLE_INSTANCE_TWICE :
					OZP_TABLE_ADDRESS_TWICE);
	KUNIT_EXPECT_EQ(test, fault.address, param->address);
	KUNIT_EXPECT_EQ(test, fault.instance, param->instance);
	KUNIT_EXPECT_EQ(test, fixture->table.generation, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fixture->table.index.nelems), 0);
	rcu_read_lock();
	for (i = 0; i < 6; i++) {
		ozp_table_lookup_rcu(&fixture->table, AF_INET6,
				     place_of(addresses, instances, i), &match);
		KUNIT_EXPECT_EQ(test, match.kind, OZP_MATCH_NONE);
	}
	rcu_read_unlock();
	ozp_fixture_free(test, fixture);
}

/* One address goes to and fro between two services of two instances each; the
 * instances of one stand on even nodes, of the other on odd ones, and each
 * change moves both.
 */
struct tug {
	struct ozp_fixture *fixture;
	struct completion go;
	struct completion done[2];
	atomic_t next;
	bool stop;
	u32 looks[2];
	u32 lost[2];
	u32 torn[2];
};

static int look(void *data)
{
	struct tug *tug = data;
	u32 self = atomic_inc_return(&tug->next) - 1;
	const struct ozp_endpoint_config *a, *b;
	struct ozp_match match;
	union ozp_addr addr;

	ozp_test_addr(&addr, AF_INET, 1);
	wait_for_completion(&tug->go);
	while (!READ_ONCE(tug->stop)) {
		rcu_read_lock();
		ozp_table_lookup_rcu(&tug->fixture->table, AF_INET, &addr,
				     &match);
		if (match.kind != OZP_MATCH_SERVICE) {
			tug->lost[self]++;
		} else {
			a = &match.snapshot->endpoints[0]->config;
			b = &match.snapshot->endpoints[1]->config;
			tug->torn[self] += a->node_port != b->node_port ||
					   a->weight != b->weight;
		}
		tug->looks[self]++;
		rcu_read_unlock();
		cond_resched();
	}
	complete(&tug->done[self]);
	return 0;
}

static void readers_see_one_or_the_other(struct kunit *test)
{
	struct ozp_endpoint_config instances[2];
	struct ozp_service_address address = { .family = AF_INET };
	struct ozp_service_config config = {
		.addresses = &address,
		.address_count = 1,
		.instances = instances,
		.instance_count = ARRAY_SIZE(instances),
	};
	struct task_struct *task;
	u32 i, turn, started = 0;
	struct tug *tug;

	tug = kunit_kzalloc(test, sizeof(*tug), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tug);
	tug->fixture = ozp_fixture_new(test);
	ozp_test_addr(&address.addr, AF_INET, 1);
	for (i = 0; i < 2; i++)
		ozp_test_instance(&instances[i], i, i);
	config.name = names[0];
	KUNIT_EXPECT_EQ(test, ozp_fixture_set(tug->fixture, &config, NULL), 1);

	init_completion(&tug->go);
	for (i = 0; i < 2; i++)
		init_completion(&tug->done[i]);
	for (i = 0; i < 2; i++) {
		task = kthread_run(look, tug, "ozp-look/%u", i);
		started += !IS_ERR(task);
	}
	complete_all(&tug->go);
	for (turn = 1; turn <= 2000; turn++) {
		config.name = names[turn % 2];
		for (i = 0; i < 2; i++) {
			instances[i].node_port = htons(turn);
			instances[i].weight = turn;
		}
		if (ozp_fixture_set(tug->fixture, &config, NULL) != 1)
			KUNIT_FAIL(test, "turn %u", turn);
		cond_resched();
	}
	WRITE_ONCE(tug->stop, true);
	for (i = 0; i < started; i++)
		wait_for_completion(&tug->done[i]);
	KUNIT_EXPECT_EQ(test, started, 2);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_GT(test, tug->looks[i], 0);
		KUNIT_EXPECT_EQ(test, tug->lost[i], 0);
		KUNIT_EXPECT_EQ(test, tug->torn[i], 0);
	}
	ozp_fixture_free(test, tug->fixture);
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE(random_changes),
	KUNIT_CASE_PARAM(nothing_is_given_twice, twice_gen_params),
	KUNIT_CASE(readers_see_one_or_the_other),
	{}
};

static struct kunit_suite table_suite = {
	.name = "ozproxy_table",
	.test_cases = table_cases,
};

kunit_test_suite(table_suite);
