// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Waiting packets against a model that goes through arrays: which ones wait,
 * which are refused for what reason, and what becomes of them, in which order.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "fixture.h"
#include "miss.h"
#include "seed.h"

#define ADDRESSES 12
#define SOURCES 4
#define PACKETS 512		/* that one turn can hand back, and more */
#define TURNS 4000
#define THREADS 4
#define CROWD_TURNS 400

static u64 now_ms;

static u64 fake_clock(void)
{
	return now_ms;
}

/**
 * struct handed - what was handed back, in order
 * @mark: number of the packet
 * @reason: why it was rejected, -1 when it was released
 */
struct handed {
	u32 mark;
	int reason;
};

/**
 * struct waiting_room - the misses under test, and what they did
 * @misses: under test
 * @handed: what was handed back since the last look
 * @handed_count: how many
 * @announced: how often each address was announced
 */
struct waiting_room {
	struct ozp_misses misses;
	struct handed handed[PACKETS];
	u32 handed_count;
	u32 announced[ADDRESSES];
};

static u8 family_of(u32 number)
{
	return number % 2 ? AF_INET6 : AF_INET;
}

static struct ozp_address key_of(u32 number)
{
	struct ozp_address key = { .family = family_of(number) };

	/* Pairs that differ by their family only are beside each other. */
	ozp_test_addr(&key.addr, key.family, number / 2);
	return key;
}

static u32 number_of(const struct ozp_address *key)
{
	u32 number = key->family == AF_INET ?
		     ntohl(key->addr.ip4) & 0xffff :
		     ntohl(key->addr.ip6.s6_addr32[3]);

	return 2 * number + (key->family == AF_INET6);
}

static void hand(struct ozp_misses *misses, struct sk_buff *skb, int reason)
{
	struct waiting_room *room = container_of(misses, struct waiting_room,
						 misses);

	/* Nothing of the wait is left for those who get it. */
	WARN_ON_ONCE(memchr_inv(skb->cb, 0, sizeof(skb->cb)));
	lockdep_assert_not_held(&misses->lock);
	if (room->handed_count < PACKETS)
		room->handed[room->handed_count++] = (struct handed){
			.mark = skb->mark, .reason = reason };
	kfree_skb(skb);
}

static void release(struct ozp_misses *misses, struct sk_buff *skb,
		    const struct ozp_outer *outer)
{
	hand(misses, skb, -1);
}

static void reject(struct ozp_misses *misses, struct sk_buff *skb,
		   enum ozproxy_drop_reason reason)
{
	hand(misses, skb, reason);
}

static void notify(struct ozp_misses *misses, const struct ozp_miss_info *info)
{
	struct waiting_room *room = container_of(misses, struct waiting_room,
						 misses);

	WARN_ON_ONCE(info->state != OZPROXY_MISS_STATE_WAITING);
	if (number_of(&info->key) < ADDRESSES)
		room->announced[number_of(&info->key)]++;
}

static void carry(struct ozp_misses *misses, struct sk_buff *skb,
		  const struct ozp_outer *outer)
{
	hand(misses, skb, outer->dsfield);
	WARN_ON_ONCE(outer->family != AF_INET6);
	WARN_ON_ONCE(outer->addr.ip6.s6_addr32[3] != htonl(77));
}

static const struct ozp_miss_events events = {
	.notify = notify,
	.release = release,
	.reject = reject,
};

/* What is due is done when the test says so, not when the real clock does. */
static void no_work(struct work_struct *work)
{
}

static struct waiting_room *room_new(struct kunit *test)
{
	struct waiting_room *room = kzalloc(sizeof(*room), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, room);
	now_ms = 1000;
	ozp_misses_init(&room->misses, &events);
	room->misses.clock = fake_clock;
	INIT_DELAYED_WORK(&room->misses.work, no_work);
	ozp_misses_open(&room->misses);
	return room;
}

static void room_is_empty(struct kunit *test, const struct waiting_room *room)
{
	const struct ozp_misses *misses = &room->misses;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, misses->count, 0);
	KUNIT_EXPECT_EQ(test, misses->packets, 0);
	KUNIT_EXPECT_EQ(test, misses->bytes, 0);
	for (i = 0; i < ARRAY_SIZE(misses->sources); i++)
		KUNIT_EXPECT_TRUE(test, hlist_empty(&misses->sources[i]));
}

static void room_free(struct kunit *test, struct waiting_room *room)
{
	unsigned int i;

	ozp_misses_uninit(&room->misses);
	room_is_empty(test, room);
	KUNIT_EXPECT_EQ(test, room->misses.negative_count, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&room->misses.list));
	KUNIT_EXPECT_TRUE(test, list_empty(&room->misses.negatives));
	KUNIT_EXPECT_NULL(test, timerqueue_getnext(&room->misses.timers));
	for (i = 0; i < ARRAY_SIZE(room->misses.buckets); i++)
		KUNIT_EXPECT_TRUE(test, hlist_empty(&room->misses.buckets[i]));
	kfree(room);
}

static struct sk_buff *packet_new(struct kunit *test, u32 mark, u32 size)
{
	struct sk_buff *skb = alloc_skb(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->mark = mark;
	/* As other layers leave it. */
	memset(skb->cb, 0xa5, sizeof(skb->cb));
	return skb;
}

/* -1: it waits; -2: the table may have the address; else why it may not. */
static int send(struct waiting_room *room, struct sk_buff *skb, u32 address,
		u32 source)
{
	struct ozp_miss_want want = {
		.addr = key_of(address),
		.source = key_of(100 + source),
		.epoch = ozp_misses_epoch(&room->misses),
	};
	struct ozp_packet pkt = {};

	switch (ozp_miss_wait(&room->misses, skb, &pkt, &want)) {
	case OZP_CONSUMED:
		return -1;
	case OZP_CONTINUE:
		kfree_skb(skb);
		return -2;
	case OZP_DROP:
		break;
	}
	kfree_skb(skb);
	return pkt.reason;
}

static void answer(struct waiting_room *room, u32 address)
{
	struct ozp_address key = key_of(address);

	ozp_misses_answered(&room->misses);
	ozp_miss_answer(&room->misses, key.family, &key.addr);
}

static int resolve(struct waiting_room *room, u32 address, u32 lifetime)
{
	struct ozp_address key = key_of(address);

	return ozp_miss_resolve(&room->misses, &key, lifetime);
}

/* ---- the model */

/**
 * struct model_packet - a packet that waits
 * @mark: its number
 * @source: who sent it
 * @bytes: its memory
 */
struct model_packet {
	u32 mark;
	u32 source;
	u32 bytes;
};

/**
 * struct model_address - what is known of an address
 * @waits: it does
 * @negative: nobody has it
 * @source: who used it first
 * @queue: what waits for it
 * @queued: how much
 * @packets: packets so far
 * @announced: how often it was announced in this wait
 * @end: when it is forgotten
 * @repeat: when it is announced again
 * @interval: after how long
 * @order: when it became negative, in answers
 */
struct model_address {
	bool waits;
	bool negative;
	u32 source;
	struct model_packet queue[PACKETS];
	u32 queued;
	u32 packets;
	u32 announced;
	u64 end;
	u64 repeat;
	u64 interval;
	u32 order;
};

/**
 * struct model - the naive one
 * @addresses: all that there are
 * @handed: what was handed back since the last look; the order is right for
 *	each address
 * @handed_count: how many
 * @announced: how often each address was announced
 * @answers: so far
 */
struct model {
	struct model_address addresses[ADDRESSES];
	struct handed handed[PACKETS];
	u32 handed_count;
	u32 announced[ADDRESSES];
	u32 answers;
};

static u32 model_count(const struct model *model, u32 source)
{
	u32 a, count = 0;

	for (a = 0; a < ADDRESSES; a++)
		count += model->addresses[a].waits &&
			 (source == SOURCES ||
			  model->addresses[a].source == source);
	return count;
}

static u32 model_negatives(const struct model *model)
{
	u32 a, count = 0;

	for (a = 0; a < ADDRESSES; a++)
		count += model->addresses[a].negative;
	return count;
}

static void model_sum(const struct model *model, u32 source, u32 *packets,
		      u64 *bytes)
{
	const struct model_address *address;
	u32 a, i;

	*packets = 0;
	*bytes = 0;
	for (a = 0; a < ADDRESSES; a++) {
		address = &model->addresses[a];
		for (i = 0; i < address->queued; i++) {
			if (source != SOURCES &&
			    address->queue[i].source != source)
				continue;
			*packets += 1;
			*bytes += address->queue[i].bytes;
		}
	}
}

static int model_send(struct model *model, const struct ozp_miss_options *most,
		      u32 a, const struct model_packet *packet)
{
	struct model_address *address = &model->addresses[a];
	u32 packets, source_packets;
	u64 bytes, source_bytes;
	s64 left;

	if (address->negative) {
		address->packets++;
		return OZPROXY_DROP_REASON_UNKNOWN_SERVICE;
	}
	if (!address->waits) {
		if (model_count(model, SOURCES) >= most->limit)
			return OZPROXY_DROP_REASON_MISS_TABLE_FULL;
		if (model_count(model, packet->source) >= most->source_limit)
			return OZPROXY_DROP_REASON_MISS_SOURCE_FULL;
		memset(address, 0, sizeof(*address));
		address->waits = true;
		address->source = packet->source;
		address->announced = 1;
		model->announced[a]++;
		address->end = now_ms + most->timeout;
		address->interval = most->repeat_timeout;
		address->repeat = now_ms + address->interval;
	}
	address->packets++;
	model_sum(model, SOURCES, &packets, &bytes);
	model_sum(model, packet->source, &source_packets, &source_bytes);
	if (address->queued >= most->address_packets)
		return OZPROXY_DROP_REASON_MISS_QUEUE_FULL;
	if (source_packets >= most->source_packets)
		return OZPROXY_DROP_REASON_MISS_SOURCE_QUEUE_FULL;
	if (packets >= most->packets)
		return OZPROXY_DROP_REASON_MISS_PACKETS_FULL;
	left = (s64)most->memory - (s64)bytes - packet->bytes;
	if (left < (s64)source_bytes + packet->bytes)
		return OZPROXY_DROP_REASON_MISS_MEMORY_FULL;
	address->queue[address->queued++] = *packet;
	return -1;
}

static void model_end(struct model *model, u32 a, int reason)
{
	struct model_address *address = &model->addresses[a];
	u32 i;

	for (i = 0; i < address->queued; i++)
		model->handed[model->handed_count++] = (struct handed){
			.mark = address->queue[i].mark, .reason = reason };
	memset(address, 0, sizeof(*address));
}

static void model_evict(struct model *model, u32 limit)
{
	u32 a, oldest;

	while (model_negatives(model) > limit) {
		oldest = ADDRESSES;
		for (a = 0; a < ADDRESSES; a++)
			if (model->addresses[a].negative &&
			    (oldest == ADDRESSES ||
			     model->addresses[a].order <
			     model->addresses[oldest].order))
				oldest = a;
		model_end(model, oldest, 0);
	}
}

static void model_resolve(struct model *model, u32 a, u32 lifetime, u32 limit)
{
	model_end(model, a, OZPROXY_DROP_REASON_UNKNOWN_SERVICE);
	if (!lifetime)
		return;
	model->addresses[a].negative = true;
	model->addresses[a].end = now_ms + lifetime;
	model->addresses[a].order = ++model->answers;
	model_evict(model, limit);
}

static void model_run(struct model *model)
{
	struct model_address *address;
	u32 a;

	for (a = 0; a < ADDRESSES; a++) {
		address = &model->addresses[a];
		if (!address->waits && !address->negative)
			continue;
		if (address->end <= now_ms) {
			model_end(model, a, OZPROXY_DROP_REASON_MISS_TIMEOUT);
		} else if (address->queued && address->repeat <= now_ms) {
			address->announced++;
			model->announced[a]++;
			address->interval *= 2;
			address->repeat = now_ms + address->interval;
		}
	}
}

/* ---- the comparison */

static bool same_handed(struct waiting_room *room, struct model *model)
{
	const struct handed *a, *b;
	u32 i, j, last;

	if (room->handed_count != model->handed_count)
		return false;
	/* Addresses that end together may do so in any order. */
	for (i = 0; i < model->handed_count; i++) {
		a = &model->handed[i];
		for (j = 0; j < room->handed_count; j++) {
			b = &room->handed[j];
			if (a->mark == b->mark && a->reason == b->reason)
				break;
		}
		if (j == room->handed_count)
			return false;
	}
	for (i = 1, last = 0; i < room->handed_count; i++) {
		/* Of one address: in the order in which they were sent. */
		a = &room->handed[last];
		b = &room->handed[i];
		if (a->mark % ADDRESSES == b->mark % ADDRESSES &&
		    a->mark > b->mark)
			return false;
		last = i;
	}
	room->handed_count = 0;
	model->handed_count = 0;
	return true;
}

static bool same_address(struct waiting_room *room, const struct model *model,
			 u32 a)
{
	const struct model_address *address = &model->addresses[a];
	struct ozp_address key = key_of(a);
	struct ozp_miss_info info;

	if (!ozp_miss_find(&room->misses, &key, &info))
		return !address->waits && !address->negative;
	return address->waits == (info.state == OZPROXY_MISS_STATE_WAITING) &&
	       address->negative == (info.state == OZPROXY_MISS_STATE_NEGATIVE) &&
	       info.waiting == address->queued &&
	       info.packets == address->packets &&
	       info.announced == address->announced &&
	       info.lifetime_ms == (address->end > now_ms ?
				    address->end - now_ms : 0);
}

static bool same(struct waiting_room *room, struct model *model)
{
	u32 a, packets;
	u64 bytes;

	for (a = 0; a < ADDRESSES; a++)
		if (!same_address(room, model, a))
			return false;
	model_sum(model, SOURCES, &packets, &bytes);
	return same_handed(room, model) && room->misses.packets == packets &&
	       room->misses.bytes == bytes &&
	       room->misses.count == model_count(model, SOURCES) &&
	       room->misses.negative_count == model_negatives(model) &&
	       !memcmp(room->announced, model->announced,
		       sizeof(room->announced));
}

static void change_options(struct waiting_room *room, struct model *model,
			   struct rnd_state *rnd)
{
	struct ozp_miss_options *most = &room->misses.options;

	most->limit = 1 + prandom_u32_state(rnd) % (ADDRESSES + 1);
	most->source_limit = 1 + prandom_u32_state(rnd) % ADDRESSES;
	most->packets = prandom_u32_state(rnd) % 60;
	most->address_packets = prandom_u32_state(rnd) % 10;
	most->source_packets = prandom_u32_state(rnd) % 25;
	most->memory = prandom_u32_state(rnd) % 100000;
	most->repeat_timeout = 10 + prandom_u32_state(rnd) % 500;
	most->negative_limit = prandom_u32_state(rnd) % ADDRESSES;
	ozp_misses_options_changed(&room->misses);
	model_evict(model, most->negative_limit);
}

static void one_turn(struct kunit *test, struct waiting_room *room,
		     struct model *model, struct rnd_state *rnd, u32 turn)
{
	u32 a = prandom_u32_state(rnd) % ADDRESSES, lifetime;
	struct model_packet packet;
	struct sk_buff *skb;
	int got, want;

	switch (prandom_u32_state(rnd) % 40) {
	case 0:
		answer(room, a);
		model_end(model, a, -1);
		break;
	case 1:
		lifetime = prandom_u32_state(rnd) % 3 * 700;
		KUNIT_ASSERT_EQ(test, resolve(room, a, lifetime), 0);
		model_resolve(model, a, lifetime,
			      room->misses.options.negative_limit);
		break;
	case 2:
		change_options(room, model, rnd);
		break;
	case 3 ... 6:
		now_ms += prandom_u32_state(rnd) % 400;
		ozp_misses_run(&room->misses);
		model_run(model);
		break;
	default:
		packet.mark = turn * ADDRESSES + a;
		packet.source = prandom_u32_state(rnd) % SOURCES;
		skb = packet_new(test, packet.mark,
				 100 + prandom_u32_state(rnd) % 8000);
		packet.bytes = skb->truesize;
		got = send(room, skb, a, packet.source);
		want = model_send(model, &room->misses.options, a, &packet);
		KUNIT_ASSERT_EQ_MSG(test, got, want, "turn %u", turn);
	}
	KUNIT_ASSERT_TRUE_MSG(test, same(room, model), "turn %u", turn);
}

static void as_the_model_does(struct kunit *test)
{
	struct waiting_room *room = room_new(test);
	struct rnd_state rnd;
	struct model *model;
	u32 turn, a;

	ozp_seed(test, &rnd);
	model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	room->misses.options.timeout = 3000;
	change_options(room, model, &rnd);
	for (turn = 1; turn <= TURNS; turn++)
		one_turn(test, room, model, &rnd, turn);
	for (a = 0; a < ADDRESSES; a++)
		answer(room, a);
	room_is_empty(test, room);
	room_free(test, room);
}

/* ---- what the model does not do */

/* Announced at once, after 1, 3 and 7 seconds; over after 10. */
static void announcements_back_off(struct kunit *test)
{
	static const u32 times[] = { 0, 1000, 3000, 7000 };
	struct waiting_room *room = room_new(test);
	u32 ms, i, want;

	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 1, 100), 0, 0), -1);
	for (ms = 0; ms < 10000; ms += 100, now_ms += 100) {
		ozp_misses_run(&room->misses);
		for (i = 0, want = 0; i < ARRAY_SIZE(times); i++)
			want += times[i] <= ms;
		KUNIT_ASSERT_EQ_MSG(test, room->announced[0], want, "%u ms", ms);
		KUNIT_ASSERT_EQ(test, room->handed_count, 0);
	}
	ozp_misses_run(&room->misses);
	KUNIT_ASSERT_EQ(test, room->handed_count, 1);
	KUNIT_EXPECT_EQ(test, room->handed[0].reason,
			OZPROXY_DROP_REASON_MISS_TIMEOUT);
	room_is_empty(test, room);

	/* The next one begins anew. */
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 2, 100), 0, 0), -1);
	KUNIT_EXPECT_EQ(test, room->announced[0], 5);
	room_free(test, room);
}

/* Without a packet that waits nothing is repeated; with one at once. */
static void silence_without_packets(struct kunit *test)
{
	struct waiting_room *room = room_new(test);

	room->misses.options.address_packets = 0;
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 1, 100), 0, 0),
			OZPROXY_DROP_REASON_MISS_QUEUE_FULL);
	KUNIT_EXPECT_EQ(test, room->announced[0], 1);
	now_ms += 5000;
	ozp_misses_run(&room->misses);
	KUNIT_EXPECT_EQ(test, room->announced[0], 1);
	room->misses.options.address_packets = 1;
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 2, 100), 0, 0), -1);
	ozp_misses_run(&room->misses);
	KUNIT_EXPECT_EQ(test, room->announced[0], 2);
	room_free(test, room);
}

/* Behind those that wait, and only there. */
static void late_ones_join(struct kunit *test)
{
	struct waiting_room *room = room_new(test);
	struct ozp_miss_want want = { .addr = key_of(3),
				      .source = key_of(100) };
	struct ozp_packet pkt = {};
	struct sk_buff *skb = packet_new(test, 7, 100);
	u32 i;

	KUNIT_EXPECT_EQ(test, ozp_miss_join(&room->misses, skb, &pkt, &want),
			OZP_CONTINUE);
	for (i = 1; i <= 3; i++)
		send(room, packet_new(test, i, 100), 3, 0);
	KUNIT_EXPECT_EQ(test, ozp_miss_join(&room->misses, skb, &pkt, &want),
			OZP_CONSUMED);
	skb = packet_new(test, 8, 100);
	want.addr = key_of(4);
	KUNIT_EXPECT_EQ(test, ozp_miss_join(&room->misses, skb, &pkt, &want),
			OZP_CONTINUE);
	room->misses.options.address_packets = 4;
	want.addr = key_of(3);
	KUNIT_EXPECT_EQ(test, ozp_miss_join(&room->misses, skb, &pkt, &want),
			OZP_CONTINUE);
	kfree_skb(skb);
	answer(room, 3);
	KUNIT_ASSERT_EQ(test, room->handed_count, 4);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, room->handed[i].mark, i < 3 ? i + 1 : 7);
		KUNIT_EXPECT_EQ(test, room->handed[i].reason, -1);
	}
	room_free(test, room);
}

/* Whoever asked the table before an answer is told to ask again. */
static void answers_are_noticed(struct kunit *test)
{
	struct waiting_room *room = room_new(test);
	struct ozp_miss_want want = {
		.addr = key_of(1),
		.source = key_of(100),
		.epoch = ozp_misses_epoch(&room->misses),
	};
	struct sk_buff *skb = packet_new(test, 1, 100);
	struct ozp_packet pkt = {};

	answer(room, 1);
	KUNIT_EXPECT_EQ(test, ozp_miss_wait(&room->misses, skb, &pkt, &want),
			OZP_CONTINUE);
	KUNIT_EXPECT_EQ(test, room->announced[1], 0);
	want.epoch = ozp_misses_epoch(&room->misses);
	KUNIT_EXPECT_EQ(test, ozp_miss_wait(&room->misses, skb, &pkt, &want),
			OZP_CONSUMED);
	KUNIT_EXPECT_EQ(test, room->announced[1], 1);
	room_free(test, room);
}

static void closed_rooms_are_empty(struct kunit *test)
{
	struct waiting_room *room = room_new(test);
	u32 i;

	resolve(room, 5, 1000);
	for (i = 0; i < 10; i++)
		send(room, packet_new(test, i, 100), i % 5, i % SOURCES);
	ozp_misses_close(&room->misses);
	room_is_empty(test, room);
	KUNIT_ASSERT_EQ(test, room->handed_count, 10);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, room->handed[i].reason,
				OZPROXY_DROP_REASON_DEVICE_DOWN);
	KUNIT_EXPECT_EQ(test, room->misses.negative_count, 1);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 1, 100), 0, 0),
			OZPROXY_DROP_REASON_DEVICE_DOWN);
	room_is_empty(test, room);
	ozp_misses_open(&room->misses);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 1, 100), 0, 0), -1);
	room_free(test, room);
}

/* What one source occupies it leaves to others, too. */
static void memory_is_shared(struct kunit *test)
{
	struct waiting_room *room = room_new(test);
	struct sk_buff *skb;
	u32 turn, size;

	skb = packet_new(test, 0, 4000);
	size = skb->truesize;
	kfree_skb(skb);
	room->misses.options.memory = 12 * size;
	for (turn = 0; turn < 6; turn++)
		KUNIT_EXPECT_EQ(test, send(room, packet_new(test, turn, 4000),
					   0, 0), -1);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 7, 4000), 0, 0),
			OZPROXY_DROP_REASON_MISS_MEMORY_FULL);
	for (turn = 0; turn < 3; turn++)
		KUNIT_EXPECT_EQ(test, send(room, packet_new(test, turn, 4000),
					   1, 1), -1);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 7, 4000), 1, 1),
			OZPROXY_DROP_REASON_MISS_MEMORY_FULL);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 7, 4000), 2, 2), -1);
	room_free(test, room);
}

/* What a packet came with is there when it goes on. */
static void headers_are_kept(struct kunit *test)
{
	static const struct ozp_miss_events carrying = {
		.notify = notify,
		.release = carry,
		.reject = reject,
		.arrivals = true,
	};
	struct waiting_room *room = room_new(test);
	struct ozp_packet pkt = { .outer = { .family = AF_INET6 } };
	struct ozp_miss_want want = {
		.addr = key_of(0),
		.source = key_of(100),
		.epoch = ozp_misses_epoch(&room->misses),
	};
	struct ozp_miss_info info;
	u32 i;

	room->misses.events = &carrying;
	pkt.outer.addr.ip6.s6_addr32[3] = htonl(77);
	for (i = 0; i < 3; i++) {
		pkt.outer.dsfield = 40 + i;
		KUNIT_EXPECT_EQ(test,
				ozp_miss_wait(&room->misses,
					      packet_new(test, i, 100), &pkt,
					      &want), OZP_CONSUMED);
	}
	KUNIT_EXPECT_TRUE(test, ozp_miss_find(&room->misses, &want.addr, &info));
	KUNIT_EXPECT_TRUE(test, info.arrival);
	answer(room, 0);
	KUNIT_ASSERT_EQ(test, room->handed_count, 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, room->handed[i].reason, 40 + i);
	room_free(test, room);
}

static bool deny(struct waiting_room *room, u32 address, u32 lifetime)
{
	struct ozp_address key = key_of(address);

	return ozp_miss_deny(&room->misses, &key, lifetime);
}

/* A negative answer that keeps its place costs its source that place, and no
 * other; then it is over, or the address comes after all.
 */
static void places_are_kept(struct kunit *test)
{
	struct waiting_room *room = room_new(test);
	u32 i;

	room->misses.options.source_limit = 2;
	room->misses.options.limit = 3;
	KUNIT_EXPECT_FALSE(test, deny(room, 0, 500));
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, send(room, packet_new(test, i, 100), i,
					   0), -1);
	KUNIT_EXPECT_TRUE(test, deny(room, 0, 500));
	KUNIT_EXPECT_TRUE(test, deny(room, 1, 1000));
	KUNIT_ASSERT_EQ(test, room->handed_count, 2);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, room->handed[i].reason,
				OZPROXY_DROP_REASON_UNKNOWN_SERVICE);
	KUNIT_EXPECT_EQ(test, room->misses.packets, 0);
	KUNIT_EXPECT_EQ(test, room->misses.negative_count, 0);
	KUNIT_EXPECT_EQ(test, room->misses.count, 2);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 2, 100), 0, 0),
			OZPROXY_DROP_REASON_UNKNOWN_SERVICE);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 2, 100), 2, 0),
			OZPROXY_DROP_REASON_MISS_SOURCE_FULL);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 2, 100), 3, 1), -1);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 3, 100), 4, 1),
			OZPROXY_DROP_REASON_MISS_TABLE_FULL);
	now_ms += 500;
	ozp_misses_run(&room->misses);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 4, 100), 2, 0), -1);
	/* Answered after all: nothing waits, and its place is free. */
	answer(room, 1);
	KUNIT_EXPECT_EQ(test, room->misses.count, 2);
	KUNIT_EXPECT_EQ(test, room->handed_count, 2);
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 5, 100), 1, 0), -1);
	/* One that keeps its place goes with the others in the end. */
	KUNIT_EXPECT_TRUE(test, deny(room, 1, 1000));
	room_free(test, room);
}

/* Whatever its lifetime, it gives its place after a second to an address that has
 * none: the oldest of the same source, else the oldest of all.
 */
static void places_are_given_up(struct kunit *test)
{
	struct waiting_room *room = room_new(test);
	u32 i;

	room->misses.options.source_limit = 2;
	room->misses.options.limit = 3;
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, send(room, packet_new(test, i, 100), i,
					   i / 2), -1);
	KUNIT_EXPECT_TRUE(test, deny(room, 1, 600000));
	KUNIT_EXPECT_TRUE(test, deny(room, 0, 600000));
	now_ms += OZP_ARRIVAL_NEGATIVE_MIN - 1;
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 3, 100), 3, 1),
			OZPROXY_DROP_REASON_MISS_TABLE_FULL);
	room->misses.options.limit = 4;
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 3, 100), 3, 0),
			OZPROXY_DROP_REASON_MISS_SOURCE_FULL);
	room->misses.options.limit = 3;
	now_ms++;
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 3, 100), 3, 0), -1);
	KUNIT_EXPECT_FALSE(test, deny(room, 1, 600000));
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 4, 100), 4, 1), -1);
	KUNIT_EXPECT_FALSE(test, deny(room, 0, 600000));
	KUNIT_EXPECT_EQ(test, room->misses.count, 3);
	/* All of them wait. */
	now_ms += OZP_ARRIVAL_NEGATIVE_MIN;
	KUNIT_EXPECT_EQ(test, send(room, packet_new(test, 5, 100), 5, 2),
			OZPROXY_DROP_REASON_MISS_TABLE_FULL);
	room_free(test, room);
}

/* Dumps see everything once, in order, whatever goes on. */
static void dumps_go_on(struct kunit *test)
{
	struct waiting_room *room = room_new(test);
	struct ozp_miss_info infos[4];
	struct ozp_miss_place last = {};
	u32 i, count, seen = 0;

	for (i = 0; i < 10; i++)
		send(room, packet_new(test, i, 100), i, 0);
	resolve(room, 2, 1000);
	do {
		count = ozp_miss_find_after(&room->misses, &last, infos,
					    ARRAY_SIZE(infos));
		for (i = 0; i < count; i++, seen++) {
			KUNIT_EXPECT_GT(test, infos[i].id, last.id);
			last.id = infos[i].id;
			last.key = infos[i].key;
		}
		/* Seen already: first another one, then the last of all. */
		answer(room, seen / 8);
		if (seen == 8)
			answer(room, number_of(&last.key));
	} while (count == ARRAY_SIZE(infos));
	KUNIT_EXPECT_EQ(test, seen, 10);
	KUNIT_EXPECT_EQ(test, infos[count - 1].state,
			OZPROXY_MISS_STATE_NEGATIVE);
	room_free(test, room);
}

/**
 * struct crowd - senders and one who answers, at the same time
 * @misses: under test
 * @go: everybody begins
 * @done: one has ended
 * @next: number of the next one
 * @sent: packets that wait or waited
 * @back: packets that were handed back
 */
struct crowd {
	struct ozp_misses misses;
	struct completion go;
	struct completion done[THREADS];
	atomic_t next;
	atomic_t sent;
	atomic_t back;
};

static void crowd_release(struct ozp_misses *misses, struct sk_buff *skb,
			  const struct ozp_outer *outer)
{
	atomic_inc(&container_of(misses, struct crowd, misses)->back);
	kfree_skb(skb);
}

static void crowd_reject(struct ozp_misses *misses, struct sk_buff *skb,
			 enum ozproxy_drop_reason reason)
{
	crowd_release(misses, skb, NULL);
}

static void crowd_notify(struct ozp_misses *misses,
			 const struct ozp_miss_info *info)
{
}

static const struct ozp_miss_events crowd_events = {
	.notify = crowd_notify,
	.release = crowd_release,
	.reject = crowd_reject,
};

static void crowd_send(struct crowd *crowd, u32 self, u32 turn)
{
	struct sk_buff *skb = alloc_skb(100, GFP_KERNEL);
	struct ozp_miss_want want = {
		.addr = key_of(turn % 5),
		.source = key_of(100 + self),
		.epoch = ozp_misses_epoch(&crowd->misses),
	};
	struct ozp_packet pkt = {};

	if (!skb)
		return;
	local_bh_disable();
	if (ozp_miss_wait(&crowd->misses, skb, &pkt, &want) == OZP_CONSUMED)
		atomic_inc(&crowd->sent);
	else
		kfree_skb(skb);
	local_bh_enable();
}

static void crowd_answer(struct crowd *crowd, const struct ozp_address *key)
{
	ozp_misses_answered(&crowd->misses);
	ozp_miss_answer(&crowd->misses, key->family, &key->addr);
}

static int crowd_member(void *data)
{
	struct crowd *crowd = data;
	u32 self = atomic_inc_return(&crowd->next) - 1, turn;
	struct ozp_address key;

	wait_for_completion(&crowd->go);
	for (turn = 0; turn < CROWD_TURNS; turn++) {
		key = key_of(turn % 5);
		if (self)
			crowd_send(crowd, self, turn);
		else if (turn % 3)
			crowd_answer(crowd, &key);
		else
			ozp_miss_resolve(&crowd->misses, &key, turn % 2);
		cond_resched();
	}
	complete(&crowd->done[self]);
	return 0;
}

/* With the real clock and its work. Each packet comes back once. */
static void crowds_get_all_back(struct kunit *test)
{
	struct task_struct *task;
	struct crowd *crowd;
	u32 i, started = 0;

	crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crowd);
	ozp_misses_init(&crowd->misses, &crowd_events);
	crowd->misses.options.timeout = 5;
	crowd->misses.options.repeat_timeout = 1;
	ozp_misses_open(&crowd->misses);
	init_completion(&crowd->go);
	for (i = 0; i < THREADS; i++)
		init_completion(&crowd->done[i]);
	for (i = 0; i < THREADS; i++) {
		task = kthread_run(crowd_member, crowd, "ozp-crowd/%u", i);
		started += !IS_ERR(task);
	}
	complete_all(&crowd->go);
	for (i = 0; i < started; i++)
		wait_for_completion(&crowd->done[i]);
	KUNIT_EXPECT_EQ(test, started, THREADS);
	ozp_misses_uninit(&crowd->misses);
	KUNIT_EXPECT_EQ(test, atomic_read(&crowd->sent),
			atomic_read(&crowd->back));
	KUNIT_EXPECT_GT(test, atomic_read(&crowd->sent), 0);
	KUNIT_EXPECT_EQ(test, crowd->misses.packets, 0);
	KUNIT_EXPECT_EQ(test, crowd->misses.count, 0);
	KUNIT_EXPECT_EQ(test, crowd->misses.bytes, 0);
}

static struct kunit_case miss_cases[] = {
	KUNIT_CASE(as_the_model_does),
	KUNIT_CASE(announcements_back_off),
	KUNIT_CASE(silence_without_packets),
	KUNIT_CASE(late_ones_join),
	KUNIT_CASE(answers_are_noticed),
	KUNIT_CASE(closed_rooms_are_empty),
	KUNIT_CASE(memory_is_shared),
	KUNIT_CASE(headers_are_kept),
	KUNIT_CASE(places_are_kept),
	KUNIT_CASE(places_are_given_up),
	KUNIT_CASE(dumps_go_on),
	KUNIT_CASE(crowds_get_all_back),
	{}
};

static struct kunit_suite miss_suite = {
	.name = "ozproxy_miss",
	.test_cases = miss_cases,
};

kunit_test_suite(miss_suite);
