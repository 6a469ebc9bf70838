// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include <jansson.h>
#include "show.h"

/* What both outputs of a kind of object are compared with. */
static void check(const char *name, void (*show)(struct emit *emit))
{
	struct emit emit;
	char *text, file[64];
	json_t *json;
	size_t len;
	int round;

	for (round = 0; round < 2; round++) {
		emit = (struct emit){ .out = open_memstream(&text, &len),
				      .json = round };
		show(&emit);
		assert_int_equal(emit_end(&emit), 0);
		fclose(emit.out);
		if (emit.json) {
			json = json_loads(text, 0, NULL);
			assert_non_null(json);
			json_decref(json);
		}
		snprintf(file, sizeof(file), "%s.%s", name,
			 emit.json ? "json" : "txt");
		golden(file, text);
		free(text);
	}
}

static void put_device(struct emit *emit)
{
	struct ozp_device device = {
		.ifindex = 5,
		.ifname = "oz0",
		.up = true,
		.mtu = 1450,
		.link = {
			.present = ~(1u << IFLA_OZPROXY_LOCAL),
			.port = 50103,
			.service_ipv4 = v4("10.30.0.0"),
			.service_ipv4_prefix = 16,
			.service_ipv6 = v6("fdff::"),
			.service_ipv6_prefix = 16,
			.flow_limit = 65536,
			.miss_limit = 1024,
			.miss_timeout = 10000,
			.service_limit = 16384,
		},
	};
	struct in_addr first = v4("131.1.0.1");
	struct in6_addr second = v6("2001:db8::1");

	show_device(emit, &device);
	device.ifindex = 6;
	strcpy(device.ifname, "oz1");
	device.up = false;
	ozp_link_add_local(&device.link, AF_INET, &first);
	ozp_link_add_local(&device.link, AF_INET6, &second);
	show_device(emit, &device);
	ozp_device_free(&device);
}

static void put_services(struct emit *emit)
{
	struct ozp_service service;

	seed_service(&service);
	show_service(emit, &service, 101234);
	service.instance[1].flags = OZPROXY_INSTANCE_FLAGS_LOCAL |
				    OZPROXY_INSTANCE_FLAGS_DRAINING | 1 << 9;
	service.instance[1].present &= ~(1u << OZPROXY_A_INSTANCE_NODE_IPV4);
	service.instance[1].node_ipv6 = v6("2001:db8::2");
	OZP_SET(&service.instance[1], OZPROXY_A_INSTANCE_NODE_IPV6);
	service.address[1].policy = 9;
	service.used = 0;
	show_service(emit, &service, 101234);
	ozp_service_free(&service);

	strcpy(service.name, "empty");
	OZP_SET(&service, OZPROXY_A_SERVICE_NAME);
	show_service(emit, &service, 0);
}

static void put_flows(struct emit *emit)
{
	struct ozp_flow flow = {
		.present = (1u << (OZPROXY_A_FLOW_EXPIRES + 1)) - 2,
		.ifindex = 5,
		.protocol = IPPROTO_TCP,
		.source_ipv4 = v4("10.19.1.3"),
		.source_port = 34278,
		.destination_ipv4 = v4("10.30.1.30"),
		.destination_port = 30443,
		.service = "X.default.X3.default",
		.converted_source_ipv4 = v4("10.30.0.2"),
		.converted_destination_ipv4 = v4("10.21.0.1"),
		.node_ipv4 = v4("131.1.21.5"),
		.node_port = 55301,
		.state = OZPROXY_FLOW_STATE_ESTABLISHED,
		.idle = 300,
		.expires = 7199700,
	};
	static const unsigned int v6_only[] = {
		OZPROXY_A_FLOW_SOURCE_IPV6,
		OZPROXY_A_FLOW_DESTINATION_IPV6,
		OZPROXY_A_FLOW_CONVERTED_SOURCE_IPV6,
		OZPROXY_A_FLOW_CONVERTED_DESTINATION_IPV6,
		OZPROXY_A_FLOW_NODE_IPV6,
		OZPROXY_A_FLOW_LOCAL,
	};
	unsigned int i;

	for (i = 0; i < MNL_ARRAY_SIZE(v6_only); i++)
		flow.present &= ~(1u << v6_only[i]);
	show_flow(emit, &flow);

	flow = (struct ozp_flow){
		.protocol = IPPROTO_UDP,
		.source_ipv6 = v6("fc00::103"),
		.source_port = 1,
		.destination_ipv6 = v6("fdff:2000::30"),
		.destination_port = 65535,
		.service = "X.default.X3.default",
		.instance = 7,
		.local = true,
		.state = 77,
		.expires = 60000,
	};
	OZP_SET(&flow, OZPROXY_A_FLOW_PROTOCOL);
	OZP_SET(&flow, OZPROXY_A_FLOW_SOURCE_IPV6);
	OZP_SET(&flow, OZPROXY_A_FLOW_SOURCE_PORT);
	OZP_SET(&flow, OZPROXY_A_FLOW_DESTINATION_IPV6);
	OZP_SET(&flow, OZPROXY_A_FLOW_INSTANCE);
	OZP_SET(&flow, OZPROXY_A_FLOW_LOCAL);
	OZP_SET(&flow, OZPROXY_A_FLOW_STATE);
	show_flow(emit, &flow);
}

static void put_misses(struct emit *emit)
{
	struct ozp_miss first = { .ifindex = 5, .age = 1234, .packets = 3 };
	struct ozp_miss second = { .ipv6 = v6("fdff:2000::130"),
				   .packets = 4294967295u };
	struct table table = {};

	first.ipv4 = v4("10.30.1.30");
	OZP_SET(&first, OZPROXY_A_MISS_IFINDEX);
	OZP_SET(&first, OZPROXY_A_MISS_IPV4);
	OZP_SET(&first, OZPROXY_A_MISS_AGE);
	OZP_SET(&first, OZPROXY_A_MISS_PACKETS);
	OZP_SET(&second, OZPROXY_A_MISS_IPV6);
	OZP_SET(&second, OZPROXY_A_MISS_PACKETS);
	show_miss(emit, &table, &first);
	show_miss(emit, &table, &second);
	show_misses(emit, &table);
}

static void put_nothing(struct emit *emit)
{
	struct table table = {};

	show_misses(emit, &table);
}

/* The counters are one object and no array. */
static void stats_as(bool json, bool explain, const char *name)
{
	struct ozp_drop drops[] = {
		{ .present = 0xe,
		  .direction = OZPROXY_DIRECTION_OUT,
		  .reason = OZPROXY_DROP_REASON_UNKNOWN_SERVICE,
		  .packets = 3 },
		{ .present = 0xe,
		  .direction = OZPROXY_DIRECTION_IN,
		  .reason = OZPROXY_DROP_REASON_TRUNCATED,
		  .packets = 10000000000ull },
		{ .present = 0xe,
		  .direction = OZPROXY_DIRECTION_IN,
		  .reason = 999,
		  .packets = 1 },
	};
	struct ozp_stats stats = {
		.present = (1u << (OZPROXY_A_STATS_TABLE_GENERATION + 1)) - 2,
		.ifindex = 5,
		.out_received = 20,
		.out_tunnelled = 15,
		.out_local = 2,
		.in_received = 10000000011ull,
		.in_delivered = 12,
		.drop = drops,
		.n_drop = MNL_ARRAY_SIZE(drops),
		.services = 2,
		.instances = 3,
		.nodes = 3,
		.flows = 1,
		.table_generation = 4,
	};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	show_stats(out, json, explain, &stats);
	fclose(out);
	golden(name, text);
	free(text);
}

static void events_as(bool json, const char *name)
{
	struct ozp_event event = { .command = OZPROXY_CMD_MISS_NTF };
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	event.miss.ipv4 = v4("10.30.1.30");
	event.miss.ifindex = 5;
	event.miss.packets = 1;
	event.miss.present = 0x3a; /* all but ipv6 */
	event.miss.present &= ~(1u << OZPROXY_A_MISS_IPV6);
	OZP_SET(&event.miss, OZPROXY_A_MISS_IPV4);
	show_event(out, json, &event);

	event.command = OZPROXY_CMD_SERVICE_NTF;
	seed_service(&event.service);
	show_event(out, json, &event);
	ozp_service_free(&event.service);

	event.command = OZPROXY_CMD_SERVICE_DEL_NTF;
	strcpy(event.service.name, "X.default.X1.default");
	OZP_SET(&event.service, OZPROXY_A_SERVICE_NAME);
	show_event(out, json, &event);

	event.command = 0;
	show_event(out, json, &event);
	fclose(out);
	golden(name, text);
	free(text);
}

static void devices(void **state)
{
	(void)state;
	check("device", put_device);
}

static void services(void **state)
{
	(void)state;
	check("service", put_services);
}

static void flows(void **state)
{
	(void)state;
	check("flow", put_flows);
}

static void misses(void **state)
{
	(void)state;
	check("miss", put_misses);
}

static void nothing(void **state)
{
	(void)state;
	check("nothing", put_nothing);
}

static void stats(void **state)
{
	(void)state;
	stats_as(false, false, "stats.txt");
	stats_as(false, true, "stats-explain.txt");
	stats_as(true, false, "stats.json");
	stats_as(true, true, "stats.json");
}

static void events(void **state)
{
	(void)state;
	events_as(false, "monitor.txt");
	events_as(true, "monitor.json");
}

static void durations(void **state)
{
	char text[EMIT_TEXT];

	(void)state;
	assert_string_equal(emit_duration(0, text), "0.0 s");
	assert_string_equal(emit_duration(59999, text), "59.9 s");
	assert_string_equal(emit_duration(60000, text), "1 min");
	assert_string_equal(emit_duration(3599999, text), "59 min");
	assert_string_equal(emit_duration(7200000, text), "2 h 0 min");
	assert_string_equal(emit_duration(UINT32_MAX, text), "1193 h 2 min");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices), cmocka_unit_test(services),
		cmocka_unit_test(flows),   cmocka_unit_test(misses),
		cmocka_unit_test(nothing), cmocka_unit_test(stats),
		cmocka_unit_test(events),  cmocka_unit_test(durations),
	};

	return cmocka_run_group_tests_name("show", tests, NULL, NULL);
}
