// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* The flow table against an array with a place for every possible flow.
 *
 * Instances of "client" talk to instances of "server" through its two Service
 * IPs. The collector walks only when it is told to.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "clock.h"
#include "fixture.h"
#include "flow_collect.h"
#include "flow_parts.h"
#include "seed.h"

#define PARTIES 3		/* instances of each service */
#define SERVICE_IPS 2
#define PORTS 3
#define PROTOCOLS 2
#define TUPLES (OZP_FAMILIES * PROTOCOLS * PARTIES * PORTS * SERVICE_IPS)
#define LIMIT 24		/* flows; fewer than tuples */
#define TURNS 3000

/* What the low bits of addresses mean: see ozp_test_addr(). */
#define SERVICE_IP 0
#define CLIENT_NS 100
#define CLIENT_IP 200
#define SERVER_NS 300
#define SERVER_IP 400

struct scene {
	struct ozp_fixture *fixture;
	struct ozp_flows *flows;
	/* nodes of the servers, and which of them there are */
	u32 nodes[PARTIES];
	enum ozp_instance_state states[PARTIES];
};

static void nobody_hurries(struct ozp_flows *flows)
{
}

static void set_service(struct kunit *test, struct scene *scene,
			const char *name, u32 ns, u32 ip,
			const enum ozp_instance_state *states, const u32 *nodes)
{
	struct ozp_service_address addresses[OZP_FAMILIES * SERVICE_IPS];
	struct ozp_endpoint_config instances[PARTIES];
	struct ozp_service_config config = {
		.name = name,
		.addresses = addresses,
		.instances = instances,
	};
	struct ozp_endpoint_config *inst;
	u32 i, f;

	memset(addresses, 0, sizeof(addresses));
	for (i = 0; i < ARRAY_SIZE(addresses) && ns == SERVER_NS; i++) {
		f = i % OZP_FAMILIES;
		addresses[i].family = ozp_family(f);
		ozp_test_addr(&addresses[i].addr, ozp_family(f),
			      SERVICE_IP + i / OZP_FAMILIES);
		config.address_count++;
	}
	for (i = 0; i < PARTIES; i++) {
		if (states[i] != OZP_INSTANCE_LIVE)
			continue;
		inst = &instances[config.instance_count++];
		ozp_test_instance(inst, i, nodes[i]);
		for (f = 0; f < OZP_FAMILIES; f++) {
			ozp_test_addr(&inst->ns[f], ozp_family(f), ns + i);
			ozp_test_addr(&inst->ip[f], ozp_family(f), ip + i);
		}
	}
	KUNIT_EXPECT_GE(test, ozp_fixture_set(scene->fixture, &config, NULL),
			0);
}

static void set_server(struct kunit *test, struct scene *scene)
{
	set_service(test, scene, "server", SERVER_NS, SERVER_IP, scene->states,
		    scene->nodes);
}

static struct scene *scene_new(struct kunit *test)
{
	struct scene *scene = kunit_kzalloc(test, sizeof(*scene), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, scene);
	scene->flows = ozp_flows_new("kunit");
	KUNIT_ASSERT_NOT_NULL(test, scene->flows);
	scene->flows->hurry = nobody_hurries;
	cancel_delayed_work_sync(&scene->flows->collector);
	scene->fixture = ozp_fixture_new(test);
	set_service(test, scene, "client", CLIENT_NS, CLIENT_IP, scene->states,
		    scene->nodes);
	set_server(test, scene);
	return scene;
}

/* Every reference of a flow goes with it: the fixture looks. */
static void scene_free(struct kunit *test, struct scene *scene)
{
	ozp_flows_release(scene->flows);
	ozp_fixture_free(test, scene->fixture);
}

static struct ozp_endpoint *endpoint_rcu(struct scene *scene, u8 family,
					 u32 number)
{
	struct ozp_match match;
	union ozp_addr addr;

	ozp_test_addr(&addr, family, number);
	ozp_table_lookup_rcu(&scene->fixture->table, family, &addr, &match);
	return match.endpoint;
}

/* What a packet of a container begins; as in the packet path. */
static struct ozp_flow *begin_rcu(struct scene *scene,
				  const struct ozp_tuple *tuple, u32 source,
				  u32 target, bool opens)
{
	struct ozp_flow_parties parties = {
		.epoch = ozp_flows_epoch(scene->flows),
		.source = endpoint_rcu(scene, tuple->family,
				       CLIENT_NS + source),
		.target = endpoint_rcu(scene, tuple->family,
				       SERVER_NS + target),
		.opens = opens,
	};

	return ozp_flow_claim_rcu(scene->flows, tuple, &parties) ?:
	       ozp_flow_new_rcu(scene->flows, tuple, &parties);
}

static void make_tuple(struct ozp_tuple *tuple, u8 family, u8 protocol,
		       u32 source, u32 service_ip, u16 port)
{
	memset(tuple, 0, sizeof(*tuple));
	tuple->family = family;
	tuple->protocol = protocol;
	ozp_test_addr(&tuple->src, family, CLIENT_NS + source);
	ozp_test_addr(&tuple->dst, family, SERVICE_IP + service_ip);
	tuple->sport = htons(port);
	tuple->dport = htons(80);
}

static void make_reply(struct ozp_tuple *reply, const struct ozp_tuple *tuple,
		       u32 target)
{
	memset(reply, 0, sizeof(*reply));
	reply->family = tuple->family;
	reply->protocol = tuple->protocol;
	ozp_test_addr(&reply->src, tuple->family, SERVER_IP + target);
	reply->dst = tuple->src;
	reply->sport = tuple->dport;
	reply->dport = tuple->sport;
}

static u32 target_rcu(const struct ozp_flow *flow)
{
	return rcu_dereference(flow->conversion)->target->config.number;
}

/* A possible flow, and what it has become. */
struct naive_flow {
	u8 family;
	u8 protocol;
	u32 source;
	u32 service_ip;
	u32 port;
	bool live;
	u32 target;
	u32 node;
	bool replied;
	bool opened;
	bool fin_out;
	bool fin_in;
	bool rst_out;
	bool rst_in;
};

struct play {
	struct scene *scene;
	struct rnd_state rnd;
	struct naive_flow flows[TUPLES];
	u32 dying;
	u32 turn;
};

static u32 draw(struct play *play, u32 below)
{
	return prandom_u32_state(&play->rnd) % below;
}

static struct naive_flow *draw_flow(struct play *play)
{
	return &play->flows[draw(play, TUPLES)];
}

static void tuple_of(const struct naive_flow *flow, struct ozp_tuple *tuple)
{
	make_tuple(tuple, flow->family, flow->protocol, flow->source,
		   flow->service_ip, flow->port);
}

static bool is_closing(const struct naive_flow *flow)
{
	return flow->rst_out || flow->rst_in ||
	       (flow->fin_out && flow->fin_in);
}

static u32 live_count(const struct play *play)
{
	u32 i, count = 0;

	for (i = 0; i < TUPLES; i++)
		count += play->flows[i].live;
	return count;
}

static void naive_end(struct play *play, struct naive_flow *flow)
{
	flow->live = false;
	play->dying++;
}

/* Another one whose replies would look like those of this one. */
static struct naive_flow *rival_of(struct play *play,
				   const struct naive_flow *flow, u32 target)
{
	struct naive_flow *other;

	for (other = play->flows; other < play->flows + TUPLES; other++)
		if (other != flow && other->live &&
		    other->family == flow->family &&
		    other->protocol == flow->protocol &&
		    other->source == flow->source &&
		    other->port == flow->port && other->target == target)
			return other;
	return NULL;
}

static struct ozp_flow *find_rcu(struct play *play,
				 const struct naive_flow *naive)
{
	struct ozp_tuple tuple;

	tuple_of(naive, &tuple);
	return ozp_flow_lookup_rcu(play->scene->flows, &tuple,
				   OZPROXY_DIRECTION_OUT);
}

static enum ozproxy_flow_state naive_state(const struct play *play,
					   const struct naive_flow *flow)
{
	if (play->scene->states[flow->target] == OZP_INSTANCE_CLEARED)
		return OZPROXY_FLOW_STATE_ASLEEP;
	if (play->scene->states[flow->target] == OZP_INSTANCE_REMOVED)
		return OZPROXY_FLOW_STATE_CLOSING;
	if (is_closing(flow))
		return OZPROXY_FLOW_STATE_CLOSING;
	if (!flow->replied)
		return OZPROXY_FLOW_STATE_UNANSWERED;
	return flow->opened ? OZPROXY_FLOW_STATE_ESTABLISHED :
			      OZPROXY_FLOW_STATE_OPENING;
}

/* What a flow is worth when a new one wants its place. */
enum worth { SPENT, UNPROVEN, EXCESS, KEPT };

static u32 naive_begun(const struct play *play, u32 source)
{
	u32 i, count = 0;

	for (i = 0; i < TUPLES; i++)
		count += play->flows[i].live &&
			 play->flows[i].source == source &&
			 !is_closing(&play->flows[i]);
	return count;
}

static enum worth naive_worth(const struct play *play,
			      const struct naive_flow *flow, u32 source)
{
	if (is_closing(flow))
		return SPENT;
	if (!flow->replied || !flow->opened)
		return UNPROVEN;
	if (play->scene->states[flow->target] == OZP_INSTANCE_REMOVED)
		return SPENT;
	return naive_begun(play, flow->source) >
			       OZP_FLOW_EXCESS_FACTOR *
				       (naive_begun(play, source) + 1) ?
		       EXCESS : KEPT;
}

static enum worth cheapest(const struct play *play, u32 source)
{
	enum worth worth = KEPT;
	u32 i;

	for (i = 0; i < TUPLES; i++)
		if (play->flows[i].live)
			worth = min(worth, naive_worth(play, &play->flows[i],
						       source));
	return worth;
}

/* What has to become of @flow; @lost: who makes room for it, if somebody does. */
static int naive_begin(struct play *play, struct naive_flow *flow, u32 target,
		       bool opens, enum worth *lost)
{
	struct naive_flow *rival = rival_of(play, flow, target);

	*lost = KEPT;
	if (rival) {
		if (!opens ||
		    naive_state(play, rival) != OZPROXY_FLOW_STATE_CLOSING)
			return -EEXIST;
		naive_end(play, rival);
	} else if (flow->live && flow->target == target) {
		return 0;
	}
	if (live_count(play) >= LIMIT) {
		*lost = cheapest(play, flow->source);
		if (*lost == KEPT ||
		    live_count(play) + play->dying >=
			    LIMIT + OZP_FLOW_OVERSHOOT_MIN)
			return -ENFILE;
	}
	return 1;
}

/* Exactly one that was as cheap as any made room, if all were looked at. */
static void find_the_lost(struct kunit *test, struct play *play, u32 source,
			  enum worth worth, bool all)
{
	enum worth gave;
	struct ozp_flow *found;
	struct naive_flow *flow;
	u32 lost = 0;

	for (flow = play->flows; flow < play->flows + TUPLES; flow++) {
		found = find_rcu(play, flow);
		if (!flow->live || (found && target_rcu(found) == flow->target))
			continue;
		lost++;
		gave = naive_worth(play, flow, source);
		if (all)
			KUNIT_EXPECT_EQ_MSG(test, gave, worth, "turn %u",
					    play->turn);
		KUNIT_EXPECT_NE(test, gave, KEPT);
		naive_end(play, flow);
	}
	KUNIT_EXPECT_EQ_MSG(test, lost, 1, "turn %u", play->turn);
}

static void naive_add(struct play *play, struct naive_flow *flow, u32 target)
{
	if (flow->live) {
		/* Its replies have a place, but it has one already. */
		play->dying++;
		return;
	}
	*flow = (struct naive_flow){
		.family = flow->family,
		.protocol = flow->protocol,
		.source = flow->source,
		.service_ip = flow->service_ip,
		.port = flow->port,
		.live = true,
		.target = target,
		.node = play->scene->nodes[target],
	};
}

/* A sample that is smaller than the table may miss what is cheap. */
static bool is_all_sampled(const struct play *play)
{
	return 2 * (live_count(play) + play->dying) <= OZP_FLOW_SAMPLE_ENTRIES;
}

static void begin(struct kunit *test, struct play *play)
{
	struct naive_flow *naive = draw_flow(play);
	u32 target = draw(play, PARTIES);
	bool opens = draw(play, 2);
	const struct ozp_tuple *out;
	struct ozp_tuple tuple;
	struct ozp_flow *flow;
	enum worth lost;
	int want, got;
	bool all;

	if (play->scene->states[target] != OZP_INSTANCE_LIVE)
		return;
	tuple_of(naive, &tuple);
	want = naive_begin(play, naive, target, opens, &lost);
	all = is_all_sampled(play);
	local_bh_disable();
	rcu_read_lock();
	flow = begin_rcu(play->scene, &tuple, naive->source, target, opens);
	got = PTR_ERR_OR_ZERO(flow);
	if (got == -ENFILE && want == 1 && lost != KEPT && !all)
		want = -ENFILE;
	KUNIT_EXPECT_EQ_MSG(test, got, min(want, 0), "turn %u", play->turn);
	if (!got) {
		out = &flow->keys[OZPROXY_DIRECTION_OUT].tuple;
		KUNIT_EXPECT_TRUE(test, ozp_tuple_is_equal(out, &tuple));
	}
	if (!got && want == 1) {
		if (lost != KEPT)
			find_the_lost(test, play, naive->source, lost, all);
		naive_add(play, naive, target);
	}
	rcu_read_unlock();
	local_bh_enable();
}

static void end(struct kunit *test, struct play *play)
{
	struct naive_flow *naive = draw_flow(play);
	struct ozp_flow *flow;

	rcu_read_lock();
	flow = find_rcu(play, naive);
	KUNIT_EXPECT_EQ(test, !flow, !naive->live);
	if (flow && naive->live) {
		ozp_flow_end(play->scene->flows, flow);
		naive_end(play, naive);
	}
	rcu_read_unlock();
}

static void follow(struct kunit *test, struct play *play)
{
	struct naive_flow *naive = draw_flow(play);
	struct ozp_packet pkt = {
		.direction = draw(play, 2) ? OZPROXY_DIRECTION_IN :
					     OZPROXY_DIRECTION_OUT,
		.tcp_syn = !draw(play, 3),
		.tcp_fin = !draw(play, 5),
		.tcp_rst = !draw(play, 12),
	};
	struct ozp_flow *flow;
	bool goes_on;

	rcu_read_lock();
	flow = find_rcu(play, naive);
	KUNIT_EXPECT_EQ(test, !flow, !naive->live);
	if (flow && naive->live) {
		ozp_flow_follow(flow, rcu_dereference(flow->conversion), &pkt);
		goes_on = !pkt.tcp_rst && !pkt.tcp_syn && !pkt.tcp_fin;
		if (pkt.direction == OZPROXY_DIRECTION_IN) {
			naive->rst_in |= pkt.tcp_rst;
			naive->rst_out &= !goes_on;
			naive->replied = true;
			naive->fin_in |= pkt.tcp_fin;
		} else {
			naive->rst_out |= pkt.tcp_rst;
			naive->rst_in &= !goes_on;
			naive->opened |= !pkt.tcp_syn;
			naive->fin_out |= pkt.tcp_fin;
		}
	}
	rcu_read_unlock();
}

/* A packet whose flow is stale finds out where its instances are now. */
static void refresh(struct kunit *test, struct play *play)
{
	struct naive_flow *naive = draw_flow(play);
	struct scene *scene = play->scene;
	struct ozp_flow_parties parties;
	struct ozp_conversion *conv;
	enum ozp_flow_refresh want;
	struct ozp_flow *flow;
	bool moved;

	local_bh_disable();
	rcu_read_lock();
	flow = find_rcu(play, naive);
	if (!flow || !naive->live)
		goto out_unlock;
	conv = rcu_dereference(flow->conversion);
	moved = scene->states[naive->target] != OZP_INSTANCE_LIVE ||
		scene->nodes[naive->target] != naive->node;
	if (moved)
		KUNIT_EXPECT_TRUE(test, ozp_flow_is_stale(scene->flows, conv));
	parties.epoch = ozp_flows_epoch(scene->flows);
	parties.local = false;
	want = scene->states[naive->target] == OZP_INSTANCE_LIVE ?
		       OZP_FLOW_CURRENT :
	       scene->states[naive->target] == OZP_INSTANCE_CLEARED ?
		       OZP_FLOW_ASLEEP :
		       OZP_FLOW_GONE;
	KUNIT_EXPECT_EQ_MSG(test, ozp_flow_find_parties_rcu(flow, &parties),
			    want, "turn %u", play->turn);
	if (want != OZP_FLOW_CURRENT)
		goto out_unlock;
	conv = ozp_flow_convert_anew_rcu(scene->flows, flow, &parties);
	KUNIT_EXPECT_NOT_NULL(test, conv);
	if (conv) {
		KUNIT_EXPECT_FALSE(test, ozp_flow_is_stale(scene->flows, conv));
		KUNIT_EXPECT_PTR_EQ(test, conv, rcu_dereference(flow->conversion));
	}
	naive->node = scene->nodes[naive->target];
out_unlock:
	rcu_read_unlock();
	local_bh_enable();
}

static bool is_of_protocol(const struct ozp_flow *flow, const void *arg)
{
	const u8 *protocol = arg;

	return flow->keys[OZPROXY_DIRECTION_OUT].tuple.protocol == *protocol;
}

/* The collector takes the dead, and datagrams that lost their instance. */
static void naive_collect(struct play *play)
{
	u32 i;

	play->dying = 0;
	for (i = 0; i < TUPLES; i++)
		if (play->flows[i].live &&
		    play->flows[i].protocol != IPPROTO_TCP &&
		    play->scene->states[play->flows[i].target] ==
			    OZP_INSTANCE_REMOVED)
			play->flows[i].live = false;
}

/* However long the test takes, none of its flows was idle. */
static void wake(struct play *play)
{
	struct ozp_flow *flow;
	u32 i;

	rcu_read_lock();
	for (i = 0; i < TUPLES; i++) {
		flow = find_rcu(play, &play->flows[i]);
		if (flow)
			WRITE_ONCE(flow->used, ozp_clock_now());
	}
	rcu_read_unlock();
}

static void collect(struct kunit *test, struct play *play)
{
	u8 protocol = draw(play, 2) ? IPPROTO_TCP : IPPROTO_UDP;
	u32 want = 0, i;

	wake(play);
	if (draw(play, 4)) {
		ozp_flows_collect(play->scene->flows);
	} else {
		for (i = 0; i < TUPLES; i++) {
			if (!play->flows[i].live ||
			    play->flows[i].protocol != protocol)
				continue;
			play->flows[i].live = false;
			want++;
		}
		KUNIT_EXPECT_EQ(test, want,
				ozp_flows_end_matching(play->scene->flows,
						       is_of_protocol,
						       &protocol));
	}
	naive_collect(play);
}

static void change_table(struct kunit *test, struct play *play)
{
	struct scene *scene = play->scene;
	u32 i, party = draw(play, PARTIES);

	switch (draw(play, 8)) {
	case 0:
		/* Removed, and nobody is asleep any more. */
		ozp_fixture_del(scene->fixture, "server",
				OZP_INSTANCE_REMOVED);
		for (i = 0; i < PARTIES; i++)
			scene->states[i] = OZP_INSTANCE_REMOVED;
		return;
	case 1:
	case 2:
		ozp_fixture_del(scene->fixture, "server",
				OZP_INSTANCE_CLEARED);
		for (i = 0; i < PARTIES; i++)
			if (scene->states[i] == OZP_INSTANCE_LIVE)
				scene->states[i] = OZP_INSTANCE_CLEARED;
		return;
	case 3:
		/* All but one; a set removes whom it does not name. */
		for (i = 0; i < PARTIES; i++)
			scene->states[i] = i == party ? OZP_INSTANCE_REMOVED :
							OZP_INSTANCE_LIVE;
		break;
	case 4:
		ozp_flows_locality_changed(scene->flows);
		return;
	default:
		for (i = 0; i < PARTIES; i++)
			scene->states[i] = OZP_INSTANCE_LIVE;
		scene->nodes[party] = 1 + draw(play, 5);
		break;
	}
	set_server(test, scene);
}

static void compare_flow(struct kunit *test, struct play *play,
			 const struct naive_flow *naive)
{
	struct ozp_flows *flows = play->scene->flows;
	struct ozp_tuple tuple, reply;
	struct ozp_flow *flow;

	tuple_of(naive, &tuple);
	rcu_read_lock();
	flow = ozp_flow_lookup_rcu(flows, &tuple, OZPROXY_DIRECTION_OUT);
	KUNIT_EXPECT_EQ_MSG(test, !flow, !naive->live, "turn %u", play->turn);
	KUNIT_EXPECT_NULL(test, ozp_flow_lookup_rcu(flows, &tuple,
						    OZPROXY_DIRECTION_IN));
	if (!flow || !naive->live)
		goto out_unlock;
	make_reply(&reply, &tuple, naive->target);
	KUNIT_EXPECT_PTR_EQ_MSG(test, flow,
				ozp_flow_lookup_rcu(flows, &reply,
						    OZPROXY_DIRECTION_IN),
				"turn %u", play->turn);
	KUNIT_EXPECT_EQ(test, target_rcu(flow), naive->target);
	KUNIT_EXPECT_EQ_MSG(test, ozp_flow_state_rcu(flow),
			    naive_state(play, naive), "turn %u", play->turn);
out_unlock:
	rcu_read_unlock();
}

static void compare(struct kunit *test, struct play *play)
{
	u32 i;

	for (i = 0; i < TUPLES; i++)
		compare_flow(test, play, &play->flows[i]);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&play->scene->flows->count),
			    live_count(play) + play->dying, "turn %u",
			    play->turn);
	KUNIT_EXPECT_EQ_MSG(test, ozp_flows_count(play->scene->flows),
			    live_count(play), "turn %u", play->turn);
}

static void random_flows(struct kunit *test)
{
	static void (*const deeds[])(struct kunit *, struct play *) = {
		begin, begin, begin, begin, begin, begin, follow, follow,
		follow, follow, refresh, refresh, end, end, collect,
		change_table,
	};
	struct play *play = kunit_kzalloc(test, sizeof(*play), GFP_KERNEL);
	u32 i, rest;

	KUNIT_ASSERT_NOT_NULL(test, play);
	ozp_seed(test, &play->rnd);
	play->scene = scene_new(test);
	play->scene->flows->options.limit = LIMIT;
	for (i = 0; i < TUPLES; i++) {
		rest = i;
		play->flows[i].family = ozp_family(rest % OZP_FAMILIES);
		rest /= OZP_FAMILIES;
		play->flows[i].protocol = rest % PROTOCOLS ? IPPROTO_TCP :
							     IPPROTO_UDP;
		rest /= PROTOCOLS;
		play->flows[i].source = rest % PARTIES;
		rest /= PARTIES;
		play->flows[i].port = 1000 + rest % PORTS;
		play->flows[i].service_ip = rest / PORTS;
	}
	for (play->turn = 0; play->turn < TURNS; play->turn++) {
		deeds[draw(play, ARRAY_SIZE(deeds))](test, play);
		compare(test, play);
		/* The first difference says it all. */
		if (test->status == KUNIT_FAILURE)
			break;
		cond_resched();
	}
	scene_free(test, play->scene);
}

/* A flow that is as if packets had been there. */
static struct ozp_flow *add_from(struct kunit *test, struct scene *scene,
				 u32 source, u8 protocol, u16 port,
				 unsigned long bits, u32 idle_ms)
{
	struct ozp_tuple tuple;
	struct ozp_flow *flow;

	make_tuple(&tuple, AF_INET6, protocol, source, 0, port);
	local_bh_disable();
	rcu_read_lock();
	flow = begin_rcu(scene, &tuple, source, 0, true);
	if (!IS_ERR(flow)) {
		flow->bits |= bits;
		WRITE_ONCE(flow->used,
			   ozp_clock_now() - idle_ms / OZP_USED_GRAIN_MS);
	}
	rcu_read_unlock();
	local_bh_enable();
	return flow;
}

static struct ozp_flow *add(struct kunit *test, struct scene *scene,
			    u8 protocol, u16 port, unsigned long bits,
			    u32 idle_ms)
{
	return add_from(test, scene, 0, protocol, port, bits, idle_ms);
}

static bool is_there_from(struct scene *scene, u32 source, u8 protocol,
			  u16 port)
{
	struct ozp_tuple tuple;
	bool there;

	make_tuple(&tuple, AF_INET6, protocol, source, 0, port);
	rcu_read_lock();
	there = ozp_flow_lookup_rcu(scene->flows, &tuple,
				    OZPROXY_DIRECTION_OUT);
	rcu_read_unlock();
	return there;
}

static bool is_there(struct scene *scene, u8 protocol, u16 port)
{
	return is_there_from(scene, 0, protocol, port);
}

#define ANSWERED (BIT(OZP_FLOW_REPLIED) | BIT(OZP_FLOW_OPENED))

/* What a new flow takes, each time it comes: the cheapest, and of those the one
 * that is idle for longest (but of the closed ones the first that it meets); at
 * the end nothing.
 */
static void the_cheapest_makes_room(struct kunit *test)
{
	static const struct {
		u8 protocol;
		unsigned long bits;
		u32 idle_ms;
	} in_order[] = {
		{ IPPROTO_TCP, ANSWERED | BIT(OZP_FLOW_RST_IN), 1000 },
		{ IPPROTO_TCP, 0, 5000 },
		{ IPPROTO_UDP, BIT(OZP_FLOW_OPENED), 4000 },
		{ IPPROTO_TCP, BIT(OZP_FLOW_REPLIED), 3000 },
		{ IPPROTO_TCP, BIT(OZP_FLOW_OPENED), 2000 },
		{ IPPROTO_UDP, ANSWERED, 170000 },
		{ IPPROTO_ICMP, ANSWERED, 31000 },
	};
	struct scene *scene = scene_new(test);
	u32 i;

	scene->flows->options.limit = OZP_FLOW_LIMIT_MIN;
	for (i = 0; i < ARRAY_SIZE(in_order); i++)
		add(test, scene, in_order[i].protocol, 1000 + i,
		    in_order[i].bits, in_order[i].idle_ms);
	for (; i < OZP_FLOW_LIMIT_MIN; i++)
		add(test, scene, i % 2 ? IPPROTO_TCP : IPPROTO_UDP, 1000 + i,
		    ANSWERED, i % 2 ? 3600000 : 140000);
	for (i = 0; i < ARRAY_SIZE(in_order); i++) {
		KUNIT_EXPECT_TRUE_MSG(test, is_there(scene,
						     in_order[i].protocol,
						     1000 + i), "%u", i);
		KUNIT_EXPECT_FALSE(test, IS_ERR(add(test, scene, IPPROTO_TCP,
						    2000 + i, ANSWERED, 0)));
		KUNIT_EXPECT_FALSE_MSG(test, is_there(scene,
						      in_order[i].protocol,
						      1000 + i), "%u", i);
		KUNIT_EXPECT_EQ(test, atomic64_read(&scene->flows->evicted),
				i + 1);
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR(add(test, scene, IPPROTO_TCP, 3000, 0, 0)),
			-ENFILE);
	KUNIT_EXPECT_EQ(test, ozp_flows_count(scene->flows),
			OZP_FLOW_LIMIT_MIN);
	ozp_flows_collect(scene->flows);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->flows->count),
			OZP_FLOW_LIMIT_MIN);
	scene_free(test, scene);
}

/* However many SYNs come, and whoever answers them. */
static void a_flood_displaces_itself(struct kunit *test)
{
	const u32 limit = 64, established = limit - 4, floods = 5000;
	struct scene *scene = scene_new(test);
	struct ozp_flow *flow;
	u32 i, refused = 0;

	scene->flows->options.limit = limit;
	for (i = 0; i < established; i++)
		add(test, scene, IPPROTO_TCP, 1000 + i, ANSWERED, 1000 * i);
	for (i = 0; i < floods; i++) {
		flow = add(test, scene, IPPROTO_TCP, 10000 + i,
			   i % 2 ? BIT(OZP_FLOW_REPLIED) : 0, 0);
		refused += PTR_ERR_OR_ZERO(flow) == -ENFILE;
		KUNIT_EXPECT_LE(test, ozp_flows_count(scene->flows), limit);
		KUNIT_EXPECT_LE(test, (u32)atomic_read(&scene->flows->count),
				limit + OZP_FLOW_OVERSHOOT(limit));
		/* As the reaper does, now and then. */
		if (i % 32 == 31)
			ozp_flows_reap(scene->flows);
	}
	for (i = 0; i < established; i++)
		KUNIT_EXPECT_TRUE_MSG(test, is_there(scene, IPPROTO_TCP,
						     1000 + i), "%u", i);
	KUNIT_EXPECT_EQ(test, (u32)atomic64_read(&scene->flows->evicted),
			floods - (limit - established) - refused);
	KUNIT_EXPECT_LT(test, refused, floods / 2);
	scene_free(test, scene);
}

/* One container has all the others' places with flows that are answered; another
 * begins some, which are established, too, and keeps them.
 */
static void nobody_has_it_all(struct kunit *test)
{
	const u32 limit = 60, share = limit / (OZP_FLOW_EXCESS_FACTOR + 1);
	struct scene *scene = scene_new(test);
	u32 i, got = 0;

	scene->flows->options.limit = limit;
	for (i = 0; i < limit; i++)
		add_from(test, scene, 0, i % 2 ? IPPROTO_TCP : IPPROTO_UDP,
			 1000 + i, ANSWERED, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(add_from(test, scene, 0, IPPROTO_TCP, 999,
					       ANSWERED, 0)), -ENFILE);
	for (i = 0; i < limit; i++)
		got += !IS_ERR(add_from(test, scene, 1, IPPROTO_TCP, 1000 + i,
					ANSWERED, 0));
	/* Not more than they have a right to, and never one of their own. */
	KUNIT_EXPECT_EQ(test, got, share);
	for (i = 0; i < got; i++)
		KUNIT_EXPECT_TRUE(test, is_there_from(scene, 1, IPPROTO_TCP,
						      1000 + i));
	/* Those who have too much get nothing back. */
	for (i = 0; i < limit; i++)
		add_from(test, scene, 0, IPPROTO_TCP, 3000 + i, ANSWERED, 0);
	for (i = 0; i < got; i++)
		KUNIT_EXPECT_TRUE(test, is_there_from(scene, 1, IPPROTO_TCP,
						      1000 + i));
	/* A third one takes from who has most. */
	KUNIT_EXPECT_FALSE(test, IS_ERR(add_from(test, scene, 2, IPPROTO_TCP,
						 1000, ANSWERED, 0)));
	for (i = 0; i < got; i++)
		KUNIT_EXPECT_TRUE(test, is_there_from(scene, 1, IPPROTO_TCP,
						      1000 + i));
	KUNIT_EXPECT_EQ(test, ozp_flows_count(scene->flows), limit);
	scene_free(test, scene);
}

/* What ends uses memory until it is reaped, but not any amount of it. */
static void overshoot_is_bounded(struct kunit *test)
{
	const u32 limit = OZP_FLOW_LIMIT_MIN;
	const u32 most = limit + OZP_FLOW_OVERSHOOT(limit);
	struct scene *scene = scene_new(test);
	struct ozp_flow *flow;
	u32 i;

	scene->flows->options.limit = limit;
	for (i = 0; i < most + 3; i++) {
		flow = add(test, scene, IPPROTO_UDP, 1000 + i, 0, 0);
		if (i < limit)
			KUNIT_EXPECT_FALSE(test, IS_ERR(flow));
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(flow), -ENFILE);
	KUNIT_EXPECT_LE(test, (u32)atomic_read(&scene->flows->count), most);
	KUNIT_EXPECT_EQ(test, ozp_flows_count(scene->flows), limit);
	KUNIT_EXPECT_EQ(test, ozp_flows_reap(scene->flows), 0);
	KUNIT_EXPECT_EQ(test, (u32)atomic_read(&scene->flows->count), limit);
	KUNIT_EXPECT_FALSE(test, IS_ERR(add(test, scene, IPPROTO_UDP, 999, 0,
					    0)));
	scene_free(test, scene);
}

/* A connection that is opened and reset, over and over, in turns by both addresses
 * of the service, and nobody reaps: what ended takes no place in the table, which
 * would otherwise be made anew each time that sixteen of them share a bucket.
 */
static void ends_leave_the_table(struct kunit *test)
{
	const struct ozp_packet rst = {
		.direction = OZPROXY_DIRECTION_OUT,
		.tcp_rst = true,
	};
	struct scene *scene = scene_new(test);
	struct rhashtable *table = &scene->flows->table;
	const void *buckets = NULL;
	struct ozp_tuple tuple;
	struct ozp_flow *flow;
	u32 i;

	for (i = 0; i < 1000; i++) {
		/* As small as it gets, once the first flow has ended. */
		if (i == 10) {
			flush_work(&table->run_work);
			buckets = rcu_access_pointer(table->tbl);
		}
		make_tuple(&tuple, AF_INET6, IPPROTO_TCP, 0, i / 2 % 2, 1000);
		local_bh_disable();
		rcu_read_lock();
		/* As the way out does; by the other address it makes room. */
		flow = ozp_flow_lookup_rcu(scene->flows, &tuple,
					   OZPROXY_DIRECTION_OUT);
		if (flow)
			ozp_flow_end(scene->flows, flow);
		flow = begin_rcu(scene, &tuple, 0, 0, true);
		KUNIT_EXPECT_FALSE_MSG(test, IS_ERR(flow), "%u", i);
		if (!IS_ERR(flow))
			ozp_flow_follow(flow, rcu_dereference(flow->conversion),
					&rst);
		rcu_read_unlock();
		local_bh_enable();
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&table->nelems), 2, "%u",
				    i);
		if (test->status == KUNIT_FAILURE)
			break;
	}
	flush_work(&table->run_work);
	KUNIT_EXPECT_TRUE(test, buckets == rcu_access_pointer(table->tbl));
	KUNIT_EXPECT_EQ(test, ozp_flows_count(scene->flows), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->flows->count), i);
	KUNIT_EXPECT_EQ(test, ozp_flows_reap(scene->flows), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->flows->count), 1);
	scene_free(test, scene);
}

/* A connection to an instance that is gone, which goes on and on. */
static void an_end_is_told_now_and_then(struct kunit *test)
{
	struct scene *scene = scene_new(test);
	struct ozp_conversion *conv;
	struct ozp_flow *flow;
	u32 first, i, told = 0;

	flow = add(test, scene, IPPROTO_TCP, 1000, ANSWERED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(flow));
	rcu_read_lock();
	conv = rcu_dereference(flow->conversion);
	first = ozp_clock_now();
	WRITE_ONCE(flow->used, first);
	KUNIT_EXPECT_TRUE(test, ozp_flow_abort(flow, conv));
	for (i = 0; i < 1000; i++)
		told += ozp_flow_abort(flow, conv);
	KUNIT_EXPECT_LE(test, told, ozp_clock_now() - first);
	WRITE_ONCE(flow->used, ozp_clock_now() - 1);
	KUNIT_EXPECT_TRUE(test, ozp_flow_abort(flow, conv));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, ozp_flow_life(flow), OZPROXY_FLOW_STATE_CLOSING);
	scene_free(test, scene);
}

struct idleness {
	const char *name;
	u8 protocol;
	unsigned long bits;
	u32 timeout_ms;
};

static const struct idleness idlenesses[] = {
	{ "UDP without an answer", IPPROTO_UDP, BIT(OZP_FLOW_OPENED),
	  OZP_UDP_UNANSWERED_TIMEOUT_DEFAULT },
	{ "UDP", IPPROTO_UDP, ANSWERED, OZP_UDP_TIMEOUT_DEFAULT },
	{ "ICMP", IPPROTO_ICMPV6, ANSWERED, OZP_ICMP_TIMEOUT_DEFAULT },
	{ "TCP without an answer", IPPROTO_TCP, 0,
	  OZP_TCP_SYN_TIMEOUT_DEFAULT },
	{ "TCP not seen from the start, without an answer", IPPROTO_TCP,
	  BIT(OZP_FLOW_OPENED), OZP_TCP_SYN_TIMEOUT_DEFAULT },
	{ "TCP of which only the SYN was answered", IPPROTO_TCP,
	  BIT(OZP_FLOW_REPLIED), OZP_TCP_SYN_TIMEOUT_DEFAULT },
	{ "TCP", IPPROTO_TCP, ANSWERED, OZP_TCP_TIMEOUT_DEFAULT },
	{ "TCP half closed", IPPROTO_TCP, ANSWERED | BIT(OZP_FLOW_FIN_OUT),
	  OZP_TCP_TIMEOUT_DEFAULT },
	{ "TCP closed", IPPROTO_TCP,
	  ANSWERED | BIT(OZP_FLOW_FIN_OUT) | BIT(OZP_FLOW_FIN_IN),
	  OZP_TCP_CLOSING_TIMEOUT_DEFAULT },
	{ "TCP reset", IPPROTO_TCP, ANSWERED | BIT(OZP_FLOW_RST_IN),
	  OZP_TCP_CLOSING_TIMEOUT_DEFAULT },
	{ "TCP refused", IPPROTO_TCP,
	  BIT(OZP_FLOW_REPLIED) | BIT(OZP_FLOW_RST_IN),
	  OZP_TCP_CLOSING_TIMEOUT_DEFAULT },
};

static void idleness_describe(const struct idleness *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(idleness, idlenesses, idleness_describe);

/* With a little time to spare they stay, with a little too much they end, awake
 * or asleep, and at once with an option that is shorter.
 */
static void idle_ones_end(struct kunit *test)
{
	const struct idleness *param = test->param_value;
	struct scene *scene = scene_new(test);
	struct ozp_flow_options *options = &scene->flows->options;
	u32 asleep;

	for (asleep = 0; asleep < 2; asleep++) {
		add(test, scene, param->protocol, 1000, param->bits,
		    param->timeout_ms - 10000);
		if (asleep)
			ozp_fixture_del(scene->fixture, "server",
					OZP_INSTANCE_CLEARED);
		ozp_flows_collect(scene->flows);
		KUNIT_EXPECT_TRUE(test, is_there(scene, param->protocol, 1000));
		ozp_flows_end_matching(scene->flows, NULL, NULL);
		set_server(test, scene);
		add(test, scene, param->protocol, 1000, param->bits,
		    param->timeout_ms + OZP_USED_GRAIN_MS);
		if (asleep)
			ozp_fixture_del(scene->fixture, "server",
					OZP_INSTANCE_CLEARED);
		ozp_flows_collect(scene->flows);
		KUNIT_EXPECT_EQ(test, atomic_read(&scene->flows->count), 0);
		set_server(test, scene);
	}
	add(test, scene, param->protocol, 1000, param->bits, 2000);
	*options = (struct ozp_flow_options){
		.limit = options->limit,
		.tcp_timeout = 1000,
		.tcp_syn_timeout = 1000,
		.tcp_closing_timeout = 1000,
		.udp_timeout = 1000,
		.udp_unanswered_timeout = 1000,
		.icmp_timeout = 1000,
	};
	ozp_flows_collect(scene->flows);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->flows->count), 0);
	scene_free(test, scene);
}

/* Touched by another processor after this one looked at its clock. */
static void used_in_the_future_is_not_idle(struct kunit *test)
{
	struct scene *scene = scene_new(test);
	struct ozp_tuple tuple;
	struct ozp_flow *flow;
	bool over;

	make_tuple(&tuple, AF_INET, IPPROTO_UDP, 0, 0, 1000);
	local_bh_disable();
	rcu_read_lock();
	flow = begin_rcu(scene, &tuple, 0, 0, false);
	KUNIT_EXPECT_FALSE(test, IS_ERR(flow));
	if (!IS_ERR(flow)) {
		WRITE_ONCE(flow->used, ozp_clock_now() + 100);
		over = ozp_flow_is_over_rcu(scene->flows, flow);
		KUNIT_EXPECT_FALSE(test, over);
	}
	rcu_read_unlock();
	local_bh_enable();
	scene_free(test, scene);
}

/* Many come at once with the first packet of one conversation. */
struct crowding {
	const char *name;
	u32 threads;
	u32 targets;
	u32 limit;
};

#define THREADS_MAX 4
#define ROUNDS 200

static const struct crowding crowdings[] = {
	{ "all choose the same", 4, 1, OZP_FLOW_LIMIT_DEFAULT },
	{ "two choose differently", 2, 2, OZP_FLOW_LIMIT_DEFAULT },
	{ "all choose differently", 4, 3, OZP_FLOW_LIMIT_DEFAULT },
	{ "there is room for some", 4, 1, ROUNDS / 2 },
};

static void crowding_describe(const struct crowding *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(crowding, crowdings, crowding_describe);

struct crowd {
	const struct crowding *param;
	struct scene *scene;
	atomic_t next;
	atomic_t arrived;
	struct completion done[THREADS_MAX];
	struct ozp_flow *got[THREADS_MAX][ROUNDS];
};

static int come(void *data)
{
	struct crowd *crowd = data;
	u32 self = atomic_inc_return(&crowd->next) - 1, round;
	const struct crowding *param = crowd->param;
	struct ozp_tuple tuple;

	for (round = 0; round < ROUNDS; round++) {
		make_tuple(&tuple, AF_INET, IPPROTO_UDP, 0, 0, 1000 + round);
		atomic_inc(&crowd->arrived);
		while (atomic_read(&crowd->arrived) <
		       (round + 1) * param->threads)
			cond_resched();
		local_bh_disable();
		rcu_read_lock();
		crowd->got[self][round] = begin_rcu(crowd->scene, &tuple, 0,
						    self % param->targets,
						    false);
		rcu_read_unlock();
		local_bh_enable();
	}
	complete(&crowd->done[self]);
	return 0;
}

/* Who got the one that is found now, and who one that is ended already. */
static void judge_round(struct kunit *test, struct crowd *crowd, u32 round)
{
	const struct crowding *param = crowd->param;
	struct ozp_flow *flow, *got;
	struct ozp_tuple tuple;
	u32 i, mine = 0;

	make_tuple(&tuple, AF_INET, IPPROTO_UDP, 0, 0, 1000 + round);
	rcu_read_lock();
	flow = ozp_flow_lookup_rcu(crowd->scene->flows, &tuple,
				   OZPROXY_DIRECTION_OUT);
	if (param->limit >= ROUNDS)
		KUNIT_EXPECT_NOT_NULL_MSG(test, flow, "round %u", round);
	for (i = 0; i < param->threads; i++) {
		got = crowd->got[i][round];
		if (IS_ERR(got)) {
			KUNIT_EXPECT_EQ(test, PTR_ERR(got), -ENFILE);
			KUNIT_EXPECT_LT(test, param->limit, ROUNDS);
		} else if (got == flow) {
			mine++;
		} else {
			/* Three choices at once: see ozp_flow_new_rcu(). Or it
			 * made room.
			 */
			bool may = param->targets > 2 || param->limit < ROUNDS;

			KUNIT_EXPECT_TRUE(test, may);
			KUNIT_EXPECT_TRUE(test, test_bit(OZP_FLOW_DYING,
							 &got->bits));
		}
	}
	KUNIT_EXPECT_EQ_MSG(test, !mine, !flow, "round %u", round);
	rcu_read_unlock();
}

static void crowds_share(struct kunit *test)
{
	const struct crowding *param = test->param_value;
	u32 i, started = 0, most = min_t(u32, param->limit, ROUNDS);
	struct task_struct *task;
	struct crowd *crowd;

	crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crowd);
	crowd->param = param;
	crowd->scene = scene_new(test);
	crowd->scene->flows->options.limit = param->limit;
	for (i = 0; i < param->threads; i++)
		init_completion(&crowd->done[i]);
	for (i = 0; i < param->threads; i++) {
		task = kthread_run(come, crowd, "ozp-crowd/%u", i);
		if (IS_ERR(task))
			/* Those that started do not wait for it. */
			atomic_add(ROUNDS, &crowd->arrived);
		else
			started++;
	}
	for (i = 0; i < started; i++)
		wait_for_completion(&crowd->done[i]);
	KUNIT_EXPECT_EQ(test, started, param->threads);
	for (i = 0; i < ROUNDS && started == param->threads; i++)
		judge_round(test, crowd, i);
	ozp_flows_collect(crowd->scene->flows);
	i = atomic_read(&crowd->scene->flows->count);
	KUNIT_EXPECT_LE(test, i, most);
	/* Of those who come at once all may end one, but only one comes in. */
	KUNIT_EXPECT_GE(test, i, most < ROUNDS ? most - param->threads : most);
	scene_free(test, crowd->scene);
}

/* One processor looks at a flow for a while that others change, end, and
 * collect meanwhile: nothing that it sees may be freed (KASAN).
 */
struct watcher {
	struct scene *scene;
	struct completion done;
	bool stop;
	u32 seen;
	u32 wrong;
};

static int watch(void *data)
{
	struct watcher *watcher = data;
	const struct ozp_conversion *conv;
	struct ozp_tuple tuple;
	struct ozp_flow *flow;
	u32 i;

	make_tuple(&tuple, AF_INET, IPPROTO_UDP, 0, 0, 1000);
	while (!READ_ONCE(watcher->stop)) {
		rcu_read_lock();
		flow = ozp_flow_lookup_rcu(watcher->scene->flows, &tuple,
					   OZPROXY_DIRECTION_OUT);
		for (i = 0; flow && i < 50; i++) {
			conv = rcu_dereference(flow->conversion);
			watcher->wrong += conv->target->config.number ||
					  conv->target->instance->number ||
					  !flow->keys[0].tuple.family;
			watcher->seen++;
			cpu_relax();
		}
		rcu_read_unlock();
		cond_resched();
	}
	complete(&watcher->done);
	return 0;
}

static void live_and_die(struct kunit *test, struct scene *scene)
{
	struct ozp_flow_parties parties = {};
	struct ozp_tuple tuple;
	struct ozp_flow *flow;

	make_tuple(&tuple, AF_INET, IPPROTO_UDP, 0, 0, 1000);
	local_bh_disable();
	rcu_read_lock();
	flow = begin_rcu(scene, &tuple, 0, 0, false);
	KUNIT_EXPECT_FALSE(test, IS_ERR(flow));
	rcu_read_unlock();
	local_bh_enable();

	/* The old endpoint goes as soon as nobody converts by it. */
	scene->nodes[0]++;
	set_server(test, scene);
	local_bh_disable();
	rcu_read_lock();
	flow = ozp_flow_lookup_rcu(scene->flows, &tuple, OZPROXY_DIRECTION_OUT);
	if (flow && ozp_flow_find_parties_rcu(flow, &parties) ==
			    OZP_FLOW_CURRENT)
		ozp_flow_convert_anew_rcu(scene->flows, flow, &parties);
	if (flow)
		ozp_flow_end(scene->flows, flow);
	rcu_read_unlock();
	local_bh_enable();
	ozp_flows_collect(scene->flows);
}

static void readers_keep_what_they_found(struct kunit *test)
{
	struct task_struct *task;
	struct watcher *watcher;
	u32 turn;

	watcher = kunit_kzalloc(test, sizeof(*watcher), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, watcher);
	watcher->scene = scene_new(test);
	init_completion(&watcher->done);
	task = kthread_run(watch, watcher, "ozp-watch");
	for (turn = 0; turn < 1000; turn++) {
		live_and_die(test, watcher->scene);
		cond_resched();
	}
	WRITE_ONCE(watcher->stop, true);
	if (!IS_ERR(task))
		wait_for_completion(&watcher->done);
	KUNIT_EXPECT_FALSE(test, IS_ERR(task));
	KUNIT_EXPECT_GT(test, watcher->seen, 0);
	KUNIT_EXPECT_EQ(test, watcher->wrong, 0);
	scene_free(test, watcher->scene);
}

static struct kunit_case flow_cases[] = {
	KUNIT_CASE(random_flows),
	KUNIT_CASE(the_cheapest_makes_room),
	KUNIT_CASE(a_flood_displaces_itself),
	KUNIT_CASE(nobody_has_it_all),
	KUNIT_CASE(overshoot_is_bounded),
	KUNIT_CASE(ends_leave_the_table),
	KUNIT_CASE(an_end_is_told_now_and_then),
	KUNIT_CASE_PARAM(idle_ones_end, idleness_gen_params),
	KUNIT_CASE(used_in_the_future_is_not_idle),
	KUNIT_CASE_PARAM(crowds_share, crowding_gen_params),
	KUNIT_CASE(readers_keep_what_they_found),
	{}
};

static struct kunit_suite flow_suite = {
	.name = "ozproxy_flow",
	.test_cases = flow_cases,
};

kunit_test_suite(flow_suite);
