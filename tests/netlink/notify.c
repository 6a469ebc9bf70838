// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* The two multicast groups: what is announced, and how often. */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <time.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "sections.h"
#include "tap.h"
#include "tree.h"
#include "world.h"

#define WAIT_MSEC 5000

/* What one notification says. */
struct news {
	uint8_t cmd;
	uint32_t ifindex;
	char name[OZPROXY_NAME_MAX + 1];
	char address[16];
	size_t address_len;
	uint32_t packets;
	uint32_t state;
	uint32_t waiting;
	uint32_t announced;
	uint32_t lifetime;
	unsigned int instances;
	uint32_t total;		/* in all messages of the same */
	bool has_generation;
	uint16_t flags;
};

static void see_miss(const struct nlattr *attr, struct news *news)
{
	switch (mnl_attr_get_type(attr)) {
	case OZPROXY_A_MISS_IPV4:
	case OZPROXY_A_MISS_IPV6:
		news->address_len = mnl_attr_get_payload_len(attr);
		memcpy(news->address, mnl_attr_get_payload(attr),
		       news->address_len);
		break;
	case OZPROXY_A_MISS_PACKETS:
		news->packets = mnl_attr_get_u32(attr);
		break;
	case OZPROXY_A_MISS_STATE:
		news->state = mnl_attr_get_u32(attr);
		break;
	case OZPROXY_A_MISS_WAITING:
		news->waiting = mnl_attr_get_u32(attr);
		break;
	case OZPROXY_A_MISS_ANNOUNCED:
		news->announced = mnl_attr_get_u32(attr);
		break;
	case OZPROXY_A_MISS_LIFETIME:
		news->lifetime = mnl_attr_get_u32(attr);
		break;
	case OZPROXY_A_MISS_TABLE_GENERATION:
		news->has_generation = true;
		break;
	}
}

static void see_service(const struct nlattr *attr, struct news *news)
{
	switch (mnl_attr_get_type(attr)) {
	case OZPROXY_A_SERVICE_NAME:
		strncpy(news->name, mnl_attr_get_str(attr), OZPROXY_NAME_MAX);
		break;
	case OZPROXY_A_SERVICE_INSTANCE:
		news->instances++;
		break;
	case OZPROXY_A_SERVICE_INSTANCES:
		news->total = mnl_attr_get_u32(attr);
		break;
	case OZPROXY_A_SERVICE_TABLE_GENERATION:
		news->has_generation = true;
		break;
	}
}

static void see_news(const struct nlmsghdr *nlh, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct news *news = arg;

	news->flags = nlh->nlmsg_flags;
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == OZPROXY_A_SERVICE_IFINDEX)
			news->ifindex = mnl_attr_get_u32(attr);
		else if (genl->cmd == OZPROXY_CMD_MISS_NTF ||
			 genl->cmd == OZPROXY_CMD_MISS_GET)
			see_miss(attr, news);
		else
			see_service(attr, news);
	}
}

static bool next_news(struct client *ear, struct news *news, int msec)
{
	memset(news, 0, sizeof(*news));
	return client_notified(ear, msec, &news->cmd, see_news, news);
}

static void expect_miss(struct client *ear, int ifindex, const char *address,
			const char *name)
{
	enum kind kind = strchr(address, ':') ? KIND_IPV6 : KIND_IPV4;
	char want[16];
	size_t len = value_of(kind, address, want);
	struct news news;

	if (!next_news(ear, &news, WAIT_MSEC)) {
		ok(false, "%s", name);
		diag("no notification in %d ms", WAIT_MSEC);
		return;
	}
	if (!ok(news.cmd == OZPROXY_CMD_MISS_NTF &&
		news.ifindex == (uint32_t)ifindex && news.address_len == len &&
		!memcmp(news.address, want, len), "%s", name))
		diag("command %u of device %u, address of %zu bytes", news.cmd,
		     news.ifindex, news.address_len);
}

/* A request about an address. */
static struct attr *miss_tree(int ifindex, const char *address)
{
	struct attr *list;

	tree_reset();
	list = tree_new();
	attr_add_u32(list, OZPROXY_A_MISS_IFINDEX, ifindex);
	mirror_add(list, &set_miss, strchr(address, ':') ?
		   OZPROXY_A_MISS_IPV6 : OZPROXY_A_MISS_IPV4, address);
	return list;
}

static bool miss_get(struct client *client, int ifindex, const char *address,
		     struct news *news)
{
	struct outcome out;

	memset(news, 0, sizeof(*news));
	client_call(client, OZPROXY_CMD_MISS_GET, 0,
		    miss_tree(ifindex, address), &out, see_news, news);
	return !out.err && news->has_generation;
}

/* 0 when the address does not wait, or is told without a generation. */
static uint32_t miss_packets(struct client *client, int ifindex,
			     const char *address)
{
	struct news news;

	return miss_get(client, ifindex, address, &news) ? news.packets : 0;
}

static void change_option(int ifindex, uint16_t type, uint32_t value)
{
	struct outcome out;
	struct attr *data;

	tree_reset();
	data = tree_new();
	attr_add_u32(data, type, value);
	device_change(ifindex, data, &out);
	ok(!out.err, "%s is %u", set_link.attr[type].name, value);
}

static void try_misses(struct client *client, struct client *ear, int ifindex)
{
	static const struct service answer = {
		"answer", "10.30.1.71", 1, "10.21.0.1", "10.30.0.6"
	};
	struct outcome out;

	/* Each address once: nothing is to be repeated meanwhile. */
	change_option(ifindex, IFLA_OZPROXY_MISS_REPEAT_TIMEOUT, 3600000);
	container_send("10.30.1.71", 4001);
	container_send("10.30.1.71", 4001);
	container_send("10.30.1.71", 4002);
	container_send("10.30.1.72", 4003);
	container_send("fdff:2000::72", 4003);
	expect_miss(ear, ifindex, "10.30.1.71", "the first miss is announced");
	expect_miss(ear, ifindex, "10.30.1.72",
		    "once, and then that of the next address");
	expect_miss(ear, ifindex, "fdff:2000::72", "and that of IPv6");
	ok(miss_packets(client, ifindex, "10.30.1.71") == 3,
	   "all three packets are counted with it");

	service_set(client, ifindex, &answer, &out);
	ok(!out.err && !miss_packets(client, ifindex, "10.30.1.71"),
	   "an answer takes the address from the misses");
	container_send("10.30.1.71", 4004);
	service_del(client, ifindex, "answer", &out);
	container_send("10.30.1.71", 4005);
	expect_miss(ear, ifindex, "10.30.1.71",
		    "announced again once the answer is gone, not before");
}

static long now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* With a time-out of 100 ms the address is announced a second time. */
static void try_timeout(struct client *ear, int ifindex)
{
	long start = now_msec(), second = 0;
	struct news news;

	change_option(ifindex, IFLA_OZPROXY_MISS_TIMEOUT, 100);
	container_send("10.30.1.80", 4010);
	expect_miss(ear, ifindex, "10.30.1.80", "a miss is announced");
	while (!second && now_msec() - start < WAIT_MSEC) {
		container_send("10.30.1.80", 4010);
		if (next_news(ear, &news, 20) &&
		    news.cmd == OZPROXY_CMD_MISS_NTF)
			second = now_msec() - start;
	}
	ok(second >= 90, "and again after the time-out, not before (%ld ms)",
	   second);
}

/* While a packet waits: after 50 ms, and then after twice the time before. */
static void try_repeats(struct client *ear, int ifindex)
{
	long last, now, gap[3];
	struct news news;
	uint32_t i;

	change_option(ifindex, IFLA_OZPROXY_MISS_TIMEOUT, 60000);
	change_option(ifindex, IFLA_OZPROXY_MISS_REPEAT_TIMEOUT, 50);
	container_send("10.30.1.81", 4011);
	expect_miss(ear, ifindex, "10.30.1.81", "a miss is announced");
	last = now_msec();
	for (i = 0; i < 3; i++) {
		if (!next_news(ear, &news, WAIT_MSEC) ||
		    news.announced != i + 2 || news.waiting != 1) {
			ok(false, "and again while a packet waits");
			return;
		}
		now = now_msec();
		gap[i] = now - last;
		last = now;
	}
	/* The machine may be late, but not early. */
	if (!ok(gap[1] > 70 && gap[2] > 150,
		"and again while a packet waits, more and more seldom"))
		diag("after %ld, %ld and %ld ms", gap[0], gap[1], gap[2]);
}

static int resolve(struct client *client, int ifindex, const char *address,
		   uint32_t lifetime)
{
	struct attr *list = miss_tree(ifindex, address);
	struct outcome out;

	attr_add_u32(list, OZPROXY_A_MISS_LIFETIME, lifetime);
	client_call(client, OZPROXY_CMD_MISS_RESOLVE, 0, list, &out, NULL,
		    NULL);
	return out.err;
}

/* Nobody has an address: it is not announced again while that is known. */
static void try_resolve(struct client *client, struct client *ear, int ifindex,
			const char *address)
{
	static const struct service answer = {
		"answer", "10.30.1.82", 1, "10.21.0.1", "10.30.0.6"
	};
	struct outcome out;
	struct news news;

	change_option(ifindex, IFLA_OZPROXY_MISS_REPEAT_TIMEOUT, 3600000);
	container_send(address, 4012);
	/* The repeated one of before may come first. */
	while (next_news(ear, &news, WAIT_MSEC) && news.announced > 1)
		;
	ok(news.announced == 1, "%s: a miss", address);
	ok(!resolve(client, ifindex, address, 3600000), "nobody has it");
	ok(miss_get(client, ifindex, address, &news) && news.state == 1 &&
	   !news.waiting && news.lifetime > 3500000 &&
	   news.lifetime <= 3600000, "which is told");
	container_send(address, 4012);
	ok(miss_packets(client, ifindex, address) == 1,
	   "what comes then does not wait");
	ok(!resolve(client, ifindex, address, 0), "it is forgotten");
	ok(!miss_get(client, ifindex, address, &news), "really");
	ok(!resolve(client, ifindex, address, 0), "twice");
	ok(!resolve(client, ifindex, address, 100), "nobody, for 100 ms");
	container_send(address, 4012);
	while (miss_get(client, ifindex, address, &news) && news.state)
		next_news(ear, &news, 10);
	container_send(address, 4012);
	ok(next_news(ear, &news, WAIT_MSEC) && news.announced == 1,
	   "afterwards it is announced again");
	ok(!resolve(client, ifindex, address, 3600000), "nobody, still");
	if (strchr(address, ':'))
		return;
	service_set(client, ifindex, &answer, &out);
	ok(!out.err && !miss_get(client, ifindex, address, &news),
	   "a service with it ends that");
	ok(resolve(client, ifindex, address, 1000) == EEXIST,
	   "and does not take it back");
}

static bool expect_change(struct client *ear, uint8_t cmd, const char *name,
			  unsigned int instances, const char *what)
{
	unsigned int seen = 0, messages = 0;
	struct news news;
	bool good = true;

	/* Each says how many instances there are in all. */
	do {
		if (!next_news(ear, &news, WAIT_MSEC)) {
			diag("nothing in %d ms", WAIT_MSEC);
			return ok(false, "%s", what);
		}
		good &= news.cmd == cmd && !strcmp(news.name, name) &&
			news.ifindex && news.has_generation &&
			!(news.flags & NLM_F_MULTI) && news.total == instances;
		seen += news.instances;
		messages++;
	} while (good && news.instances && seen < instances);
	good &= seen == instances && (instances < 600 || messages > 1);
	if (!good)
		diag("command %u, job \"%s\", %u instances in %u messages",
		     news.cmd, news.name, seen, messages);
	return ok(good, "%s", what);
}

/* Who loses an address has changed, too. */
static void try_take_over(struct client *client, struct client *ear,
			  int ifindex)
{
	struct service thief = {
		"thief", "10.30.1.93", 1, "10.19.9.1", "10.30.9.8"
	};
	struct outcome out;

	service_set(client, ifindex, &thief, &out);
	expect_change(ear, OZPROXY_CMD_SERVICE_NTF, "thief", 1,
		      "a service with the Namespace IP of another is");
	expect_change(ear, OZPROXY_CMD_SERVICE_NTF, "small", 0,
		      "and the other, which has no instance any more");
	thief.address = "10.30.1.90";
	service_set(client, ifindex, &thief, &out);
	expect_change(ear, OZPROXY_CMD_SERVICE_NTF, "thief", 1,
		      "one with the Service IP of another is");
	expect_change(ear, OZPROXY_CMD_SERVICE_NTF, "small", 0,
		      "and the other");
	service_del(client, ifindex, "thief", &out);
	expect_change(ear, OZPROXY_CMD_SERVICE_DEL_NTF, "thief", 0,
		      "the end of the first is, nothing of the other");
}

static void try_changes(struct client *client, struct client *ear, int ifindex)
{
	static const struct service small = {
		"small", "10.30.1.90", 2, "10.19.9.1", "10.30.9.1"
	}, fence = {
		"fence", "10.30.1.91", 1, "10.19.9.9", "10.30.9.9"
	}, big = {
		"big", "10.30.1.92", 600, "10.20.0.1", "10.30.12.0"
	};
	struct service other = small;
	struct outcome out;

	service_set(client, ifindex, &small, &out);
	expect_change(ear, OZPROXY_CMD_SERVICE_NTF, "small", 2,
		      "a new service is announced");
	service_set(client, ifindex, &small, &out);
	service_set(client, ifindex, &fence, &out);
	expect_change(ear, OZPROXY_CMD_SERVICE_NTF, "fence", 1,
		      "equal content is not, the next service is");
	other.instances = 1;
	service_set(client, ifindex, &other, &out);
	expect_change(ear, OZPROXY_CMD_SERVICE_NTF, "small", 1,
		      "other content is");
	service_set(client, ifindex, &big, &out);
	expect_change(ear, OZPROXY_CMD_SERVICE_NTF, "big", 600,
		      "600 instances are, over several messages");
	try_take_over(client, ear, ifindex);
	service_del(client, ifindex, "small", &out);
	expect_change(ear, OZPROXY_CMD_SERVICE_DEL_NTF, "small", 0,
		      "a removal is, with name and generation");
	service_del(client, ifindex, "small", &out);
	service_del(client, ifindex, "fence", &out);
	expect_change(ear, OZPROXY_CMD_SERVICE_DEL_NTF, "fence", 0,
		      "a removal that failed is not, the next one is");
}

void section_notify(void)
{
	struct client client, misses, changes;
	int ifindex;

	ifindex = device_need("oz0");
	client_open(&client, NETLINK_GENERIC);
	container_make(&client, ifindex, "oz0");
	client_open(&misses, NETLINK_GENERIC);
	client_join(&misses, misses.group_misses);
	client_open(&changes, NETLINK_GENERIC);
	client_join(&changes, changes.group_changes);
	try_changes(&client, &changes, ifindex);
	try_misses(&client, &misses, ifindex);
	try_timeout(&misses, ifindex);
	try_repeats(&misses, ifindex);
	try_resolve(&client, &misses, ifindex, "10.30.1.82");
	try_resolve(&client, &misses, ifindex, "fdff:2000::82");
	client_close(&changes);
	client_close(&misses);
	client_close(&client);
	device_del(ifindex);
}
