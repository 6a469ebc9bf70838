// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include <arpa/inet.h>
#include <jansson.h>
#include "show.h"

/* Each line is JSON by itself, or all of them are. */
static void must_parse(const char *text, bool by_line)
{
	char *copy = strdup(text), *rest = copy, *line;
	json_t *json;

	assert_non_null(copy);
	if (!by_line) {
		json = json_loads(text, 0, NULL);
		assert_non_null(json);
		json_decref(json);
	}
	while (by_line && (line = strsep(&rest, "\n"))) {
		if (!rest) {
			/* Behind the last newline. */
			assert_string_equal(line, "");
			break;
		}
		json = json_loads(line, 0, NULL);
		assert_non_null(json);
		json_decref(json);
	}
	free(copy);
}

/* What both outputs of a kind of object are compared with. */
static void check(const char *name, void (*show)(struct emit *emit))
{
	struct emit emit;
	char *text, file[64];
	size_t len;
	int round;

	for (round = 0; round < 2; round++) {
		emit = (struct emit){ .out = open_memstream(&text, &len),
				      .json = round };
		show(&emit);
		assert_int_equal(emit_end(&emit), 0);
		fclose(emit.out);
		if (emit.json)
			must_parse(text, false);
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
			.present = ~(1ull << IFLA_OZPROXY_LOCAL),
			.port = 50103,
			.service_ipv4 = v4("10.30.0.0"),
			.service_ipv4_prefix = 16,
			.service_ipv6 = v6("fdff::"),
			.service_ipv6_prefix = 16,
			.flow_limit = 65536,
			.miss_limit = 1024,
			.miss_timeout = 10000,
			.service_limit = 16384,
			.outer_checksum = OZPROXY_SWITCH_ON,
			.affinity_limit = 16384,
			.miss_source_limit = 64,
			.miss_packets = 1024,
			.miss_address_packets = 32,
			.miss_source_packets = 128,
			.miss_memory = 4194304,
			.miss_repeat_timeout = 1000,
			.negative_limit = 4096,
			.tcp_timeout = 21600000,
			.tcp_syn_timeout = 240000,
			.tcp_closing_timeout = 240000,
			.udp_timeout = 300000,
			.udp_unanswered_timeout = 120000,
			.icmp_timeout = 60000,
			.idle_timeout = 10000,
			.rejection = OZPROXY_REJECTION_REJECT,
			.fragment_limit = 1024,
			.fragment_memory = 4194304,
			.fragment_timeout = 30000,
			.arrival_limit = 64,
			.arrival_source_limit = 8,
			.arrival_packets = 128,
			.arrival_source_packets = 16,
			.arrival_memory = 1048576,
			.doubt_timeout = 5000,
			.instance_limit = 65536,
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
	service.instance[1].present &= ~(1ull << OZPROXY_A_INSTANCE_NODE_IPV4);
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
		flow.present &= ~(1ull << v6_only[i]);
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

	flow.protocol = IPPROTO_ICMPV6;
	flow.state = OZPROXY_FLOW_STATE_UNANSWERED;
	flow.source_port = 77;
	flow.destination_port = 0;
	show_flow(emit, &flow);
	flow.source_port = 0;
	flow.destination_port = 65535;
	show_flow(emit, &flow);
	flow.protocol = 132;
	show_flow(emit, &flow);
}

static void put_misses(struct emit *emit)
{
	struct ozp_miss first = { .ifindex = 5,
				  .age = 1234,
				  .packets = 3,
				  .waiting = 2,
				  .announced = 2,
				  .lifetime = 8766 };
	struct ozp_miss second = { .ipv6 = v6("fdff:2000::130"),
				   .state = OZPROXY_MISS_STATE_NEGATIVE,
				   .packets = 4294967295u };
	struct ozp_miss third = { .ipv4 = v4("10.30.1.31"),
				  .state = 77,
				  .arrival = true };
	struct table table = {};

	first.ipv4 = v4("10.30.1.30");
	OZP_SET(&first, OZPROXY_A_MISS_IFINDEX);
	OZP_SET(&first, OZPROXY_A_MISS_IPV4);
	OZP_SET(&first, OZPROXY_A_MISS_AGE);
	OZP_SET(&first, OZPROXY_A_MISS_PACKETS);
	OZP_SET(&first, OZPROXY_A_MISS_STATE);
	OZP_SET(&first, OZPROXY_A_MISS_WAITING);
	OZP_SET(&first, OZPROXY_A_MISS_ANNOUNCED);
	OZP_SET(&first, OZPROXY_A_MISS_LIFETIME);
	OZP_SET(&second, OZPROXY_A_MISS_IPV6);
	OZP_SET(&second, OZPROXY_A_MISS_PACKETS);
	OZP_SET(&second, OZPROXY_A_MISS_STATE);
	OZP_SET(&third, OZPROXY_A_MISS_IPV4);
	OZP_SET(&third, OZPROXY_A_MISS_STATE);
	OZP_SET(&third, OZPROXY_A_MISS_ARRIVAL);
	show_miss(emit, &table, &first);
	show_miss(emit, &table, &second);
	show_miss(emit, &table, &third);
	show_misses(emit, &table);
}

static void put_nothing(struct emit *emit)
{
	struct table table = {};

	show_misses(emit, &table);
}

/* The counters are one object and no array. */
static void stats_as(bool json, bool explain, const char *name,
		     const struct ozp_stats *stats)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	show_stats(out, json, explain, stats);
	fclose(out);
	if (json)
		must_parse(text, false);
	golden(name, text);
	free(text);
}

static struct ozp_drop some_drops[] = {
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

static const struct ozp_stats some_stats = {
	.present = ((1u << (OZPROXY_A_STATS_ARRIVALS + 1)) - 2) &
		   ~(1u << OZPROXY_A_STATS_PAD),
	.ifindex = 5,
	.out_received = 20,
	.out_tunnelled = 15,
	.out_local = 2,
	.in_received = 10000000011ull,
	.in_delivered = 12,
	.drop = some_drops,
	.n_drop = MNL_ARRAY_SIZE(some_drops),
	.services = 2,
	.instances = 3,
	.nodes = 3,
	.flows = 1,
	.table_generation = 4,
	.out_waiting = 1,
	.negatives = 2,
	.flows_evicted = 70000,
	.in_waiting = 3,
	.arrivals = 4,
};

/* Many reasons in both directions, and all counters full. */
static void all_stats(struct ozp_stats *stats)
{
	const struct ozp_enum *reasons = &ozp_drop_reason_enum;
	struct ozp_drop *drop;
	unsigned int i, type;

	*stats = (struct ozp_stats){};
	for (type = 1; type < ozp_stats_attrs.count; type++) {
		const struct ozp_attr *attr = &ozp_stats_attrs.attrs[type];

		if (!attr->name || attr->multi)
			continue;
		memset((char *)stats + attr->offset, 0xff, attr->size);
		/* JSON numbers of jansson have a sign. */
		if (attr->kind == OZP_KIND_U64)
			memcpy((char *)stats + attr->offset,
			       &(uint64_t){ INT64_MAX }, sizeof(uint64_t));
		stats->present |= 1ull << type;
	}
	for (i = 0; i < 32; i++) {
		assert_true(i / 2 < reasons->count);
		if (!reasons->names[i / 2])
			continue;
		drop = ozp_object_add(
			&ozp_stats_attrs.attrs[OZPROXY_A_STATS_DROP], stats);
		assert_non_null(drop);
		drop->present = 0xe;
		drop->direction = i % 2 ? OZPROXY_DIRECTION_IN :
					  OZPROXY_DIRECTION_OUT;
		drop->reason = i / 2;
		drop->packets = i + 1;
	}
	OZP_SET(stats, OZPROXY_A_STATS_DROP);
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
	event.miss.present &= ~(1ull << OZPROXY_A_MISS_IPV6);
	OZP_SET(&event.miss, OZPROXY_A_MISS_IPV4);
	show_event(out, json, &event);
	event.miss.announced = 2;
	OZP_SET(&event.miss, OZPROXY_A_MISS_ANNOUNCED);
	show_event(out, json, &event);

	event.command = OZPROXY_CMD_SERVICE_NTF;
	seed_service(&event.service);
	show_event(out, json, &event);
	ozp_service_free(&event.service);

	event.command = OZPROXY_CMD_SERVICE_DEL_NTF;
	strcpy(event.service.name, "X.default.X1.default");
	OZP_SET(&event.service, OZPROXY_A_SERVICE_NAME);
	show_event(out, json, &event);

	event.command = OZPROXY_CMD_SERVICE_IDLE_NTF;
	event.service.generation = 3;
	event.service.used = 123400;
	OZP_SET(&event.service, OZPROXY_A_SERVICE_GENERATION);
	OZP_SET(&event.service, OZPROXY_A_SERVICE_USED);
	show_event(out, json, &event);

	event.command = 0;
	show_event(out, json, &event);
	fclose(out);
	if (json)
		must_parse(text, true);
	golden(name, text);
	free(text);
}

/* A table with more of everything than fits on a screen. */
static void put_large_service(struct emit *emit)
{
	struct ozp_service service;

	seed_service(&service);
	add_instances(&service, 2, 40);
	memset(service.name, 'n', OZPROXY_NAME_MAX);
	service.generation = UINT32_MAX;
	service.instance[3].weight = UINT16_MAX;
	service.instance[3].metric = UINT32_MAX;
	service.instance[3].node_ipv6 =
		v6("2001:db8:1111:2222:3333:4444:5555:6666");
	service.instance[3].present &= ~(1ull << OZPROXY_A_INSTANCE_NODE_IPV4);
	OZP_SET(&service.instance[3], OZPROXY_A_INSTANCE_NODE_IPV6);
	service.instance[3].node_port = UINT16_MAX;
	show_service(emit, &service, UINT32_MAX);
	ozp_service_free(&service);
}

static void put_many_flows(struct emit *emit)
{
	struct ozp_flow flow = { .protocol = IPPROTO_TCP,
				 .source_ipv4 = v4("255.255.255.255"),
				 .destination_ipv4 = v4("10.30.255.254"),
				 .converted_source_ipv4 = v4("10.30.0.2"),
				 .converted_destination_ipv4 = v4("10.21.0.1"),
				 .node_ipv6 = v6("2001:db8::1"),
				 .node_port = UINT16_MAX,
				 .instance = UINT32_MAX,
				 .idle = UINT32_MAX,
				 .expires = UINT32_MAX };
	unsigned int i;

	memset(flow.service, 's', OZPROXY_NAME_MAX);
	OZP_SET(&flow, OZPROXY_A_FLOW_PROTOCOL);
	OZP_SET(&flow, OZPROXY_A_FLOW_SOURCE_IPV4);
	OZP_SET(&flow, OZPROXY_A_FLOW_SOURCE_PORT);
	OZP_SET(&flow, OZPROXY_A_FLOW_DESTINATION_IPV4);
	OZP_SET(&flow, OZPROXY_A_FLOW_DESTINATION_PORT);
	OZP_SET(&flow, OZPROXY_A_FLOW_SERVICE);
	OZP_SET(&flow, OZPROXY_A_FLOW_INSTANCE);
	OZP_SET(&flow, OZPROXY_A_FLOW_CONVERTED_SOURCE_IPV4);
	OZP_SET(&flow, OZPROXY_A_FLOW_CONVERTED_DESTINATION_IPV4);
	OZP_SET(&flow, OZPROXY_A_FLOW_NODE_IPV6);
	OZP_SET(&flow, OZPROXY_A_FLOW_NODE_PORT);
	OZP_SET(&flow, OZPROXY_A_FLOW_STATE);
	OZP_SET(&flow, OZPROXY_A_FLOW_IDLE);
	OZP_SET(&flow, OZPROXY_A_FLOW_EXPIRES);
	for (i = 0; i < 16; i++) {
		flow.source_port = (uint16_t)(UINT16_MAX - i);
		flow.destination_port = (uint16_t)(1 << i);
		flow.state = i % ozp_flow_state_enum.count;
		show_flow(emit, &flow);
	}
}

static void put_many_misses(struct emit *emit)
{
	struct table table = {};
	struct ozp_miss miss = {};
	unsigned int i;

	OZP_SET(&miss, OZPROXY_A_MISS_IPV6);
	OZP_SET(&miss, OZPROXY_A_MISS_AGE);
	OZP_SET(&miss, OZPROXY_A_MISS_PACKETS);
	miss.ipv6 = v6("fdff:1111:2222:3333:4444:5555:6666:7700");
	for (i = 0; i < 32; i++) {
		miss.ipv6.s6_addr[15] = (uint8_t)i;
		miss.age = UINT32_MAX >> i;
		miss.packets = 1u << i;
		show_miss(emit, &table, &miss);
	}
	show_misses(emit, &table);
}

static void put_many_devices(struct emit *emit)
{
	struct ozp_device device = { .ifindex = INT32_MAX,
				     .mtu = 65535,
				     .up = true };
	struct in_addr four = v4("131.1.0.0");
	struct in6_addr six = v6("2001:db8::");
	unsigned int i;

	memset(device.ifname, 'o', sizeof(device.ifname) - 1);
	device.link.present = ~1ull;
	device.link.port = UINT16_MAX;
	device.link.admission = 77;
	device.link.flow_limit = UINT32_MAX;
	device.link.miss_limit = UINT32_MAX;
	device.link.miss_timeout = UINT32_MAX;
	device.link.service_limit = UINT32_MAX;
	device.link.outer_checksum = 2;
	device.link.dscp = UINT32_MAX;
	device.link.affinity_limit = UINT32_MAX;
	device.link.miss_memory = UINT32_MAX;
	device.link.miss_repeat_timeout = UINT32_MAX;
	device.link.tcp_timeout = UINT32_MAX;
	device.link.tcp_syn_timeout = UINT32_MAX;
	device.link.tcp_closing_timeout = UINT32_MAX;
	device.link.udp_timeout = UINT32_MAX;
	device.link.udp_unanswered_timeout = UINT32_MAX;
	device.link.icmp_timeout = UINT32_MAX;
	device.link.idle_timeout = UINT32_MAX;
	device.link.rejection = 77;
	device.link.fragment_limit = UINT32_MAX;
	device.link.fragment_memory = UINT32_MAX;
	device.link.fragment_timeout = UINT32_MAX;
	device.link.arrival_limit = UINT32_MAX;
	device.link.arrival_source_limit = UINT32_MAX;
	device.link.arrival_packets = UINT32_MAX;
	device.link.arrival_source_packets = UINT32_MAX;
	device.link.arrival_memory = UINT32_MAX;
	device.link.doubt_timeout = UINT32_MAX;
	device.link.instance_limit = UINT32_MAX;
	device.link.service_ipv4_prefix = 32;
	device.link.service_ipv6_prefix = 128;
	for (i = 1; i <= 16; i++) {
		four.s_addr += htonl(1);
		six.s6_addr[15]++;
		ozp_link_add_local(&device.link, AF_INET, &four);
		ozp_link_add_local(&device.link, AF_INET6, &six);
	}
	show_device(emit, &device);
	show_device(emit, &device);
	ozp_device_free(&device);
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
	stats_as(false, false, "stats.txt", &some_stats);
	stats_as(false, true, "stats-explain.txt", &some_stats);
	stats_as(true, false, "stats.json", &some_stats);
	stats_as(true, true, "stats.json", &some_stats);
}

static void empty_stats(void **state)
{
	const struct ozp_stats nothing = {};

	(void)state;
	stats_as(false, true, "stats-empty.txt", &nothing);
	stats_as(true, true, "stats-empty.json", &nothing);
}

static void large_stats(void **state)
{
	struct ozp_stats stats;

	(void)state;
	all_stats(&stats);
	stats_as(false, true, "stats-large.txt", &stats);
	stats_as(true, true, "stats-large.json", &stats);
	ozp_stats_free(&stats);
}

static void large_tables(void **state)
{
	(void)state;
	check("device-large", put_many_devices);
	check("service-large", put_large_service);
	check("flow-large", put_many_flows);
	check("miss-large", put_many_misses);
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
		cmocka_unit_test(devices),	cmocka_unit_test(services),
		cmocka_unit_test(flows),	cmocka_unit_test(misses),
		cmocka_unit_test(nothing),	cmocka_unit_test(stats),
		cmocka_unit_test(empty_stats),	cmocka_unit_test(large_stats),
		cmocka_unit_test(large_tables), cmocka_unit_test(events),
		cmocka_unit_test(durations),
	};

	return cmocka_run_group_tests_name("show", tests, NULL, NULL);
}
