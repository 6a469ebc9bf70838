// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

static struct ozp_socket *sock;
static struct ozp_service request;

static int open_one(void **state)
{
	(void)state;
	sock = open_socket();
	memset(&request, 0, sizeof(request));
	request.ifindex = 5;
	OZP_SET(&request, OZPROXY_A_SERVICE_IFINDEX);
	return 0;
}

static int close_one(void **state)
{
	(void)state;
	assert_int_equal(fake_left(), 0);
	ozp_socket_close(sock);
	fake_reset();
	return 0;
}

static void answer_part(const char *name, uint32_t generation, uint16_t flags,
			unsigned int from, unsigned int to)
{
	struct ozp_service part;

	seed_service(&part);
	strcpy(part.name, name);
	part.n_instance = 0;
	part.table_generation = generation;
	add_instances(&part, from, to);
	fake_object(OZPROXY_CMD_SERVICE_NTF, NLM_F_MULTI | flags,
		    &ozp_service_attrs, &part);
	ozp_service_free(&part);
}

static unsigned int seen, seen_instances;

static int count_service(const struct ozp_service *service, void *data)
{
	(void)data;
	seen++;
	seen_instances += service->n_instance;
	return 0;
}

static int dump(void)
{
	seen = 0;
	seen_instances = 0;
	return ozp_service_dump(sock, &request, count_service, NULL);
}

static void the_family_is_asked_for_once(void **state)
{
	(void)state;
	sock->family = 0;
	fake_family();
	fake_done(0);
	fake_done(0);
	assert_int_equal(dump(), 0);
	assert_int_equal(fake_requests(), 2);
	assert_int_equal(sock->family, FAKE_FAMILY);
	assert_int_equal(sock->misses, 7);
	assert_int_equal(sock->changes, 8);
	assert_int_equal(dump(), 0);
	assert_int_equal(fake_requests(), 3);
}

static void without_the_module_the_error_says_so(void **state)
{
	(void)state;
	sock->family = 0;
	fake_ack(-ENOENT);
	assert_int_equal(dump(), -ENOENT);
	assert_true(ozp_socket_error(sock)->module);
	/* An object that is not there is something else. */
	sock->family = FAKE_FAMILY;
	fake_ack(-ENOENT);
	assert_int_equal(ozp_service_del(sock, &request), -ENOENT);
	assert_false(ozp_socket_error(sock)->module);
}

static void a_request_is_what_the_kernel_expects(void **state)
{
	const struct nlmsghdr *nlh = fake_request();
	const struct genlmsghdr *genl;

	(void)state;
	fake_ack(0);
	assert_int_equal(ozp_service_del(sock, &request), 0);
	genl = mnl_nlmsg_get_payload(nlh);
	assert_int_equal(nlh->nlmsg_type, FAKE_FAMILY);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(genl->cmd, OZPROXY_CMD_SERVICE_DEL);
	assert_int_equal(genl->version, OZPROXY_FAMILY_VERSION);
	fake_done(0);
	assert_int_equal(dump(), 0);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
}

static void a_long_service_is_one(void **state)
{
	(void)state;
	answer_part("long", 4, 0, 0, 100);
	answer_part("long", 4, 0, 100, 200);
	answer_part("other", 4, 0, 0, 1);
	fake_done(0);
	assert_int_equal(dump(), 0);
	assert_int_equal(seen, 2);
	assert_int_equal(seen_instances, 201);
}

static void an_interrupted_dump_is_repeated(void **state)
{
	(void)state;
	answer_part("a", 4, NLM_F_DUMP_INTR, 0, 1);
	fake_done(0);
	answer_part("a", 4, 0, 0, 1);
	answer_part("b", 5, 0, 0, 1);
	fake_done(0);
	answer_part("a", 5, 0, 0, 1);
	fake_done(0);
	assert_int_equal(dump(), 0);
	assert_int_equal(seen, 1);
	assert_int_equal(fake_requests(), 3);
}

static void a_table_that_never_rests_is_given_up(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		answer_part("a", i, NLM_F_DUMP_INTR, 0, 1);
		fake_done(0);
	}
	assert_int_equal(dump(), -EAGAIN);
	assert_int_equal(seen, 0);
	assert_string_not_equal(ozp_socket_error(sock)->message, "");
}

static void what_is_too_long_for_one_message_is_dumped(void **state)
{
	struct ozp_service service;

	(void)state;
	fake_ack(-EMSGSIZE);
	answer_part("long", 4, 0, 0, 100);
	answer_part("long", 4, 0, 100, 200);
	fake_done(0);
	assert_int_equal(ozp_service_get(sock, &request, &service), 0);
	assert_int_equal(service.n_instance, 200);
	ozp_service_free(&service);

	fake_ack(-EMSGSIZE);
	fake_done(0);
	assert_int_equal(ozp_service_get(sock, &request, &service), -ENOENT);
}

static void a_refused_get_leaves_nothing(void **state)
{
	struct ozp_service service = { .ifindex = 99 };

	(void)state;
	answer_part("half", 4, 0, 0, 10);
	fake_ack(-EINVAL);
	assert_int_equal(ozp_service_get(sock, &request, &service), -EINVAL);
	assert_int_equal(service.ifindex, 99);
}

static int stop(const struct ozp_flow *flow, void *data)
{
	(void)flow;
	++*(unsigned int *)data;
	return 42;
}

static int go_on(const struct ozp_flow *flow, void *data)
{
	stop(flow, data);
	return 0;
}

/* Or the next request would find the rest of this answer. */
static void a_stopped_dump_is_read_to_its_end(void **state)
{
	struct ozp_flow filter = {}, flow = { .idle = 1 };
	unsigned int count = 0;

	(void)state;
	OZP_SET(&flow, OZPROXY_A_FLOW_IDLE);
	fake_object(OZPROXY_CMD_FLOW_GET, 0, &ozp_flow_attrs, &flow);
	fake_object(OZPROXY_CMD_FLOW_GET, 0, &ozp_flow_attrs, &flow);
	fake_done(0);
	assert_int_equal(ozp_flow_dump(sock, &filter, stop, &count), 42);
	assert_int_equal(count, 1);
}

static void an_interrupted_flow_dump_is_told(void **state)
{
	struct ozp_flow filter = {}, flow = { .idle = 1 };
	unsigned int count = 0;

	(void)state;
	fake_object(OZPROXY_CMD_FLOW_GET, NLM_F_DUMP_INTR, &ozp_flow_attrs,
		    &flow);
	fake_done(0);
	assert_int_equal(ozp_flow_dump(sock, &filter, go_on, &count), -EINTR);
	assert_int_equal(count, 1);
}

static void signals_do_not_end_a_request(void **state)
{
	(void)state;
	fake_error(EINTR);
	fake_ack(0);
	assert_int_equal(ozp_service_del(sock, &request), 0);
	fake_error(ENOBUFS);
	assert_int_equal(ozp_service_del(sock, &request), -ENOBUFS);
	assert_int_equal(ozp_socket_error(sock)->code, -ENOBUFS);
}

static void a_reply_that_is_none_is_an_error(void **state)
{
	char buffer[64] = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ozp_stats stats;

	(void)state;
	nlh->nlmsg_type = FAKE_FAMILY;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_u16(nlh, OZPROXY_A_STATS_OUT_RECEIVED, 7);
	fake_answer(buffer, nlh->nlmsg_len);
	fake_ack(0);
	assert_int_equal(ozp_stats_get(sock, 5, &stats), -EBADMSG);
}

static void flush_tells_how_many(void **state)
{
	struct ozp_flow filter = {}, reply = { .flushed = 12 };
	uint32_t flushed;

	(void)state;
	OZP_SET(&reply, OZPROXY_A_FLOW_FLUSHED);
	fake_object(OZPROXY_CMD_FLOW_FLUSH, 0, &ozp_flow_attrs, &reply);
	fake_ack(0);
	assert_int_equal(ozp_flow_flush(sock, &filter, &flushed), 0);
	assert_int_equal(flushed, 12);
}

static int take_event(const struct ozp_event *event, void *data)
{
	uint8_t *commands = data;

	commands[strlen((char *)commands)] = event->command ?: 'L';
	return 0;
}

static void events_are_told_apart(void **state)
{
	struct ozp_miss miss = { .ipv4 = v4("10.30.1.30") };
	uint8_t commands[8] = {};

	(void)state;
	assert_int_equal(ozp_channel_open(&sock->genl), 0);
	OZP_SET(&miss, OZPROXY_A_MISS_IPV4);
	fake_object(OZPROXY_CMD_MISS_NTF, 0, &ozp_miss_attrs, &miss);
	answer_part("a", 4, 0, 0, 1);
	fake_error(ENOBUFS);
	fake_error(EINTR);
	assert_int_equal(ozp_monitor_read(sock, take_event, commands), 0);
	assert_int_equal(ozp_monitor_read(sock, take_event, commands), 0);
	assert_int_equal(ozp_monitor_read(sock, take_event, commands), 0);
	assert_int_equal(ozp_monitor_read(sock, take_event, commands), -EINTR);
	assert_int_equal(commands[0], OZPROXY_CMD_MISS_NTF);
	assert_int_equal(commands[1], OZPROXY_CMD_SERVICE_NTF);
	assert_int_equal(commands[2], 'L');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_one, close_one)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_family_is_asked_for_once),
		TEST(without_the_module_the_error_says_so),
		TEST(a_request_is_what_the_kernel_expects),
		TEST(a_long_service_is_one),
		TEST(an_interrupted_dump_is_repeated),
		TEST(a_table_that_never_rests_is_given_up),
		TEST(what_is_too_long_for_one_message_is_dumped),
		TEST(a_refused_get_leaves_nothing),
		TEST(a_stopped_dump_is_read_to_its_end),
		TEST(an_interrupted_flow_dump_is_told),
		TEST(signals_do_not_end_a_request),
		TEST(a_reply_that_is_none_is_an_error),
		TEST(flush_tells_how_many),
		TEST(events_are_told_apart),
	};

	return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
