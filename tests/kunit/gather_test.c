// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* What is put together before it is converted, and what is not. */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/ip.h>

#include "skbs.h"
#include "tunnel.h"

#define PAYLOAD	100

/**
 * struct bench - a tunnel that converts nothing
 * @tunnel: the tunnel
 * @stats: its counters
 * @count: how many packets it was given
 * @len: their lengths
 * @outer: their tunnel headers
 * @missing: bytes of payload that did not come yet
 * @done: all came
 */
struct bench {
	struct ozp_tunnel tunnel;
	struct ozp_stats stats;
	unsigned int count;
	unsigned int len[8];
	struct ozp_outer outer[8];
	int missing;
	struct completion done;
};

static void take(struct ozp_tunnel *tunnel, struct sk_buff *skb,
		 struct ozp_packet *pkt)
{
	struct bench *bench = container_of(tunnel, struct bench, tunnel);
	unsigned int headers = skb->protocol == htons(ETH_P_IP) ? 40 : 60;

	if (bench->count < ARRAY_SIZE(bench->len) && pkt->is_gathered &&
	    skb->dev == tunnel->dev && skb->pkt_type == PACKET_HOST) {
		bench->len[bench->count] = skb->len - headers;
		bench->outer[bench->count++] = pkt->outer;
	}
	bench->missing -= skb->len - headers;
	if (bench->missing <= 0)
		complete(&bench->done);
	kfree_skb(skb);
}

static void device_setup(struct net_device *dev)
{
	dev->features = NETIF_F_GRO;
	dev->flags = IFF_UP;
	set_bit(__LINK_STATE_START, &dev->state);
}

static struct bench *bench_new(struct kunit *test)
{
	struct bench *bench = kunit_kzalloc(test, sizeof(*bench), GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, bench);
	KUNIT_ASSERT_EQ(test, ozp_stats_init(&bench->stats, "test"), 0);
	init_completion(&bench->done);
	bench->tunnel.stats = &bench->stats;
	bench->tunnel.receive = take;
	bench->tunnel.dev = alloc_netdev(0, "test", NET_NAME_UNKNOWN,
					 device_setup);
	KUNIT_ASSERT_NOT_NULL(test, bench->tunnel.dev);
	rtnl_lock();
	err = ozp_tunnel_gather_init(&bench->tunnel);
	rtnl_unlock();
	KUNIT_ASSERT_EQ(test, err, 0);
	return bench;
}

static void bench_free(struct bench *bench)
{
	rtnl_lock();
	ozp_tunnel_gather_uninit(&bench->tunnel);
	rtnl_unlock();
	free_netdev(bench->tunnel.dev);
	ozp_stats_uninit(&bench->stats);
}

static u64 bench_received(struct kunit *test, struct bench *bench)
{
	struct ozp_stats_sum *sum = ozp_stats_sum_new(&bench->stats);
	u64 received;

	KUNIT_ASSERT_NOT_NULL(test, sum);
	received = sum->packets[OZP_COUNTER_IN_RECEIVED];
	kfree(sum);
	return received;
}

/* The segment that begins @place segments behind the first one. */
static struct sk_buff *segment(struct kunit *test, u8 family, u8 protocol,
			       unsigned int place)
{
	const struct ozp_shape shape = { "", family, protocol,
					 .payload = PAYLOAD };
	struct ozp_tuple tuple = { .sport = htons(1), .dport = htons(2) };
	unsigned int l4_offset = ozp_shape_l4_offset(&shape);
	struct sk_buff *skb;
	struct iphdr *iph;
	unsigned int len;
	u8 data[256];

	ozp_shape_fit(&shape, &tuple);
	len = ozp_shape_build(&shape, &tuple, data);
	if (family == AF_INET) {
		iph = (void *)data;
		iph->frag_off = htons(IP_DF);
		ozp_test_ip4_check(data);
	}
	if (protocol == IPPROTO_TCP) {
		((struct tcphdr *)(data + l4_offset))->seq =
			htonl(1 + place * PAYLOAD);
		ozp_test_l4_check(data, l4_offset, len, protocol);
	}
	skb = ozp_test_skb(data, len, len);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	return skb;
}

/**
 * struct arrival - a datagram that comes
 * @place: of its segment
 * @from: last byte of the address that it comes from
 * @dsfield: DS field of its outer header
 */
struct arrival {
	unsigned int place;
	u8 from;
	u8 dsfield;
};

static void gather(struct kunit *test, struct bench *bench,
		   const struct arrival *arrival, struct sk_buff *skb)
{
	struct ozp_packet pkt = {
		.stats = &bench->stats,
		.direction = OZPROXY_DIRECTION_IN,
		.outer = {
			.addr.ip4 = htonl(arrival->from),
			.family = AF_INET,
			.dsfield = arrival->dsfield,
		},
	};

	KUNIT_EXPECT_TRUE(test, ozp_tunnel_gathers(&bench->tunnel, skb));
	ozp_tunnel_gather(&bench->tunnel, skb, &pkt);
}

/* All in one go: the queue is looked at when BH is on again. */
static void arrive(struct kunit *test, struct bench *bench, u8 family,
		   const struct arrival *arrivals, unsigned int count)
{
	struct sk_buff *skbs[8];
	unsigned int i;

	for (i = 0; i < count; i++)
		skbs[i] = segment(test, family, IPPROTO_TCP, arrivals[i].place);
	bench->missing = count * PAYLOAD;
	local_bh_disable();
	for (i = 0; i < count; i++)
		gather(test, bench, &arrivals[i], skbs[i]);
	local_bh_enable();
}

static void settle(struct kunit *test, struct bench *bench)
{
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&bench->done, 10 * HZ),
			0);
}

static void trains_become_one(struct kunit *test)
{
	const struct arrival train[] = {
		{ 0, 1 }, { 1, 1 }, { 2, 1 }, { 3, 1 }, { 4, 1 },
	};
	const u8 families[] = { AF_INET, AF_INET6 };
	struct bench *bench;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		bench = bench_new(test);
		arrive(test, bench, families[i], train, ARRAY_SIZE(train));
		settle(test, bench);
		KUNIT_EXPECT_EQ(test, bench->count, 1);
		KUNIT_EXPECT_EQ(test, bench->len[0], 5 * PAYLOAD);
		KUNIT_EXPECT_EQ(test, bench->outer[0].family, AF_INET);
		KUNIT_EXPECT_EQ(test, ntohl(bench->outer[0].addr.ip4), 1);
		KUNIT_EXPECT_EQ(test, bench_received(test, bench), 1);
		bench_free(bench);
	}
}

/* The third comes from elsewhere, the fourth met congestion: neither goes on where
 * the first two end, although the inner headers say so.
 */
static void ways_are_kept_apart(struct kunit *test)
{
	const struct arrival arrivals[] = {
		{ 0, 1, 2 }, { 1, 1, 2 }, { 2, 9, 2 }, { 2, 1, 3 },
	};
	struct bench *bench = bench_new(test);
	unsigned int others = 0, i;

	arrive(test, bench, AF_INET, arrivals, ARRAY_SIZE(arrivals));
	settle(test, bench);
	KUNIT_EXPECT_EQ(test, bench->count, 3);
	for (i = 0; i < bench->count; i++) {
		if (ntohl(bench->outer[i].addr.ip4) == 1 &&
		    bench->outer[i].dsfield == 2) {
			KUNIT_EXPECT_EQ(test, bench->len[i], 2 * PAYLOAD);
			continue;
		}
		KUNIT_EXPECT_EQ(test, bench->len[i], PAYLOAD);
		others |= bench->outer[i].dsfield == 3 ? 1 : 2;
	}
	KUNIT_EXPECT_EQ(test, others, 3);
	bench_free(bench);
}

static void some_do_not_wait(struct kunit *test)
{
	struct bench *bench = bench_new(test);
	struct sk_buff *skb, *copy;

	skb = segment(test, AF_INET, IPPROTO_UDP, 0);
	KUNIT_EXPECT_FALSE(test, ozp_tunnel_gathers(&bench->tunnel, skb));
	kfree_skb(skb);
	skb = segment(test, AF_INET6, IPPROTO_TCP, 0);
	copy = skb_clone(skb, GFP_KERNEL);
	KUNIT_EXPECT_FALSE(test, ozp_tunnel_gathers(&bench->tunnel, skb));
	kfree_skb(copy);
	KUNIT_EXPECT_TRUE(test, ozp_tunnel_gathers(&bench->tunnel, skb));
	bench->tunnel.dev->features &= ~NETIF_F_GRO;
	KUNIT_EXPECT_FALSE(test, ozp_tunnel_gathers(&bench->tunnel, skb));
	kfree_skb(skb);
	bench_free(bench);
}

/* What was on its way when the device was closed is dropped, unconverted. */
static void nothing_passes_when_closed(struct kunit *test)
{
	const struct arrival arrival = { 0, 1 };
	struct bench *bench = bench_new(test);
	struct ozp_stats_sum *sum;

	clear_bit(__LINK_STATE_START, &bench->tunnel.dev->state);
	arrive(test, bench, AF_INET, &arrival, 1);
	rtnl_lock();
	ozp_tunnel_gather_uninit(&bench->tunnel);
	rtnl_unlock();
	KUNIT_EXPECT_EQ(test, bench->count, 0);
	sum = ozp_stats_sum_new(&bench->stats);
	KUNIT_ASSERT_NOT_NULL(test, sum);
	KUNIT_EXPECT_EQ(test, sum->packets[OZP_COUNTER_IN_RECEIVED], 1);
	KUNIT_EXPECT_EQ(test, sum->drops[OZPROXY_DIRECTION_IN]
					[OZPROXY_DROP_REASON_NO_UNDERLAY], 1);
	kfree(sum);
	free_netdev(bench->tunnel.dev);
	ozp_stats_uninit(&bench->stats);
}

static struct kunit_case gather_cases[] = {
	KUNIT_CASE(trains_become_one),
	KUNIT_CASE(ways_are_kept_apart),
	KUNIT_CASE(some_do_not_wait),
	KUNIT_CASE(nothing_passes_when_closed),
	{}
};

static struct kunit_suite gather_suite = {
	.name = "ozproxy_gather",
	.test_cases = gather_cases,
};

kunit_test_suite(gather_suite);
