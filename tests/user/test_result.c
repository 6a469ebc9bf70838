// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include <errno.h>
#include "result.h"

/* What a reading gave: the last answer, and all notes. */
static struct {
	unsigned int count;
	struct ozp_result last;
	char notes[4096];
} got;

static struct ozp_result_reader reader;

static int keep(struct ozp_result *result, void *data)
{
	(void)data;
	ozp_service_free(&got.last.service);
	got.last = *result;
	memset(&result->service, 0, sizeof(result->service));
	got.count++;
	return 0;
}

static void keep_note(enum ozp_result_kind kind, const char *text, void *data)
{
	size_t len = strlen(got.notes);

	(void)kind;
	(void)data;
	snprintf(got.notes + len, sizeof(got.notes) - len, "%s\n", text);
}

static int clean(void **state)
{
	(void)state;
	ozp_service_free(&got.last.service);
	memset(&got, 0, sizeof(got));
	return 0;
}

static int read_text(const char *text)
{
	clean(NULL);
	reader =
		(struct ozp_result_reader){ .result = keep, .note = keep_note };
	return ozp_result_read(&reader, text, strlen(text));
}

/* A good instance, of which tests replace what they are about. */
#define NUMBER "\"instance_number\": 0"
#define NODE "\"host_ip\": \"131.1.21.5\", \"host_port\": 55301"
#define NS \
	"\"namespace_ip\": \"10.21.0.1\", \"namespace_ip_v6\": \"fc00::15:1\""
#define IP "\"instance_ip\": \"10.30.0.6\", \"instance_ip_v6\": \"fdff::6\""
#define RR                                                  \
	"{\"IpType\": \"RR\", \"Address\": \"10.30.1.30\"," \
	" \"Address_v6\": \"fdff:2000::30\"}"
#define OWN                                                         \
	"{\"IpType\": \"instance_ip\", \"Address\": \"10.30.0.6\"," \
	" \"Address_v6\": \"fdff::6\"}"
#define SERVICE_IP "\"service_ip\": [" RR ", " OWN "]"
#define GOOD "{" NUMBER ", " NODE ", " NS ", " IP ", " SERVICE_IP "}"
#define ANSWER(list)                                               \
	"{\"app_name\": \"X.default.X3.default\", \"query_key\": " \
	"\"10.30.1.30\", \"instance_list\": [" list "]}"

static const struct ozp_instance *only_instance(const char *text)
{
	assert_int_equal(read_text(text), 0);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.last.service.n_instance, 1);
	return &got.last.service.instance[0];
}

static void the_answer_of_the_walkthrough(void **state)
{
	const struct ozp_instance *instance = only_instance(ANSWER(GOOD));
	const struct ozp_service *service = &got.last.service;
	struct in6_addr rr = v6("fdff:2000::30"), ns = v6("fc00::15:1"),
			own = v6("fdff::6");

	(void)state;
	assert_string_equal(got.notes, "");
	assert_string_equal(service->name, "X.default.X3.default");
	assert_true(OZP_HAS(service, OZPROXY_A_SERVICE_NAME));
	assert_string_equal(got.last.query, "10.30.1.30");
	assert_false(got.last.is_negative);
	assert_int_equal(got.last.skipped, 0);
	assert_int_equal(service->n_address, 2);
	assert_int_equal(service->address[0].ipv4.s_addr,
			 v4("10.30.1.30").s_addr);
	assert_int_equal(service->address[0].present,
			 1 << OZPROXY_A_ADDRESS_IPV4 |
				 1 << OZPROXY_A_ADDRESS_POLICY);
	assert_int_equal(service->address[0].policy, OZPROXY_POLICY_RR);
	assert_memory_equal(&service->address[1].ipv6, &rr, sizeof(rr));
	assert_int_equal(instance->number, 0);
	assert_int_equal(instance->namespace_ipv4.s_addr,
			 v4("10.21.0.1").s_addr);
	assert_memory_equal(&instance->namespace_ipv6, &ns, sizeof(ns));
	assert_int_equal(instance->instance_ipv4.s_addr,
			 v4("10.30.0.6").s_addr);
	assert_memory_equal(&instance->instance_ipv6, &own, sizeof(own));
	assert_int_equal(instance->node_ipv4.s_addr, v4("131.1.21.5").s_addr);
	assert_int_equal(instance->node_port, 55301);
	assert_false(OZP_HAS(instance, OZPROXY_A_INSTANCE_FLAGS));
}

static void without_a_query_key(void **state)
{
	(void)state;
	only_instance("{\"app_name\": \"a\", \"instance_list\": [" GOOD "]}");
	assert_string_equal(got.last.query, "");
	only_instance("{\"app_name\": \"a\", \"query_key\": null, "
		      "\"instance_list\": [" GOOD "]}");
	assert_string_equal(got.last.query, "");
}

static void ports_are_numbers_or_text(void **state)
{
	static const char *const wrong[] = {
		"0",	      "65536", "-1",
		"null",	      "\"\"",  "\"x\"",
		"\"50103 \"", "1.5",   "\"99999999999999999999\"",
		"[]",	      "true",  "50103.0"
	};
	char text[1024];
	unsigned int i;

	(void)state;
	assert_int_equal(
		only_instance(
			ANSWER("{" NUMBER "," NS
			       ",\"host_ip\":\"1.2.3.4\",\"host_port\":\"50103\"}"))
			->node_port,
		50103);
	assert_int_equal(
		only_instance(
			ANSWER("{" NUMBER "," NS
			       ",\"host_ip\":\"1.2.3.4\",\"host_port\":\"65535\"}"))
			->node_port,
		65535);
	for (i = 0; i < MNL_ARRAY_SIZE(wrong); i++) {
		snprintf(text, sizeof(text),
			 ANSWER("{" NUMBER "," NS ",\"host_ip\":\"1.2.3.4\","
				"\"host_port\":%s}"),
			 wrong[i]);
		assert_int_equal(read_text(text), 0);
		assert_int_equal(got.last.service.n_instance, 0);
		assert_int_equal(got.last.skipped, 1);
		assert_non_null(strstr(got.notes, "host_port"));
	}
}

/* Scheduled but not deployed: no reason to reject the rest. */
static void unusable_instances_are_skipped(void **state)
{
	static const char *const unusable[] = {
		"{\"instance_number\": 1, " NS "}",
		"{\"instance_number\": 1, \"host_ip\": null, "
		"\"host_port\": null, " NS "}",
		"{\"instance_number\": 1, \"host_ip\": \"\", "
		"\"host_port\": \"\", " NS "}",
		"{\"instance_number\": 1, \"host_ip\": \"somewhere\", "
		"\"host_port\": 1, " NS "}",
		"{\"instance_number\": 1, " NODE "}",
		"{\"instance_number\": 1, " NODE ", \"namespace_ip\": null, "
		"\"namespace_ip_v6\": \"\"}",
		"{\"instance_number\": 1, " NODE ", \"namespace_ip\": "
		"\"fc00::1\"}",
		"{\"instance_number\": null, " NODE ", " NS "}",
		"{" NODE ", " NS "}",
		"{\"instance_number\": -1, " NODE ", " NS "}",
		"{\"instance_number\": 4294967296, " NODE ", " NS "}",
		"{}",
		"null",
		"7",
		"\"x\"",
		"[]",
		GOOD, /* a second time */
	};
	char text[4096];
	unsigned int i;

	(void)state;
	for (i = 0; i < MNL_ARRAY_SIZE(unusable); i++) {
		snprintf(text, sizeof(text), ANSWER(GOOD ", %s"), unusable[i]);
		only_instance(text);
		assert_int_equal(got.last.skipped, 1);
		assert_non_null(strstr(got.notes, "skipped"));
		assert_non_null(strstr(got.notes, "X.default.X3.default"));
	}
}

static void one_family_is_enough(void **state)
{
	const struct ozp_instance *instance;

	(void)state;
	instance = only_instance(ANSWER(
		"{" NUMBER "," NODE
		",\"namespace_ip\": \"\", \"namespace_ip_v6\": \"fc00::1\"}"));
	assert_string_equal(got.notes, "");
	assert_false(OZP_HAS(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV4));
	assert_true(OZP_HAS(instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV6));
	instance = only_instance(
		ANSWER("{" NUMBER "," NS
		       ",\"host_ip\": \"2001:db8::1\", \"host_port\": 1}"));
	assert_true(OZP_HAS(instance, OZPROXY_A_INSTANCE_NODE_IPV6));
	assert_false(OZP_HAS(instance, OZPROXY_A_INSTANCE_NODE_IPV4));
	/* A wrong address is left out, a right one beside it stays. */
	instance = only_instance(
		ANSWER("{" NUMBER "," NODE
		       ",\"namespace_ip\": \"10.0.0\", \"namespace_ip_v6\": "
		       "\"fc00::1\"}"));
	assert_non_null(strstr(got.notes, "'10.0.0' is not an IPv4 address"));
}

static void ipv6_in_any_spelling(void **state)
{
	const struct ozp_instance *instance;
	struct in6_addr want = v6("fdff::5");

	(void)state;
	instance = only_instance(
		ANSWER("{" NUMBER "," NODE "," NS
		       ",\"instance_ip_v6\": \"fdff:0:0:0:0:0:0:5\"}"));
	assert_memory_equal(&instance->instance_ipv6, &want, sizeof(want));
	instance = only_instance(
		ANSWER("{" NUMBER "," NODE "," NS ",\"instance_ip_v6\": "
		       "\"FDFF:0000:0000:0000:0000:0000:0000:0005\"}"));
	assert_memory_equal(&instance->instance_ipv6, &want, sizeof(want));
}

#define TYPED(type)                                           \
	ANSWER("{" NUMBER "," NODE "," NS ",\"service_ip\":[" \
	       "{\"IpType\":" type ",\"Address\":\"10.30.0.9\"}]}")

static void instance_types_are_instance_ips(void **state)
{
	const struct ozp_instance *instance;

	(void)state;
	instance = only_instance(TYPED("\"instance_ip\""));
	assert_int_equal(instance->instance_ipv4.s_addr,
			 v4("10.30.0.9").s_addr);
	assert_int_equal(got.last.service.n_address, 0);
	instance = only_instance(TYPED("\"InstanceNumber\""));
	assert_int_equal(instance->instance_ipv4.s_addr,
			 v4("10.30.0.9").s_addr);
	assert_string_equal(got.notes, "");
	/* The field of the instance goes before the list. */
	instance = only_instance(
		ANSWER("{" NUMBER "," NODE "," NS "," IP
		       ",\"service_ip\":[{\"IpType\":\"instance_ip\","
		       "\"Address\":\"10.30.0.9\"}]}"));
	assert_int_equal(instance->instance_ipv4.s_addr,
			 v4("10.30.0.6").s_addr);
}

static void closest_is_closest(void **state)
{
	static const char *const types[] = { "\"Closest\"", "\"closest\"" };
	const struct ozp_service *service = &got.last.service;
	unsigned int i, j;
	char text[1024];

	(void)state;
	for (i = 0; i < MNL_ARRAY_SIZE(types); i++) {
		snprintf(text, sizeof(text), TYPED("%s"), types[i]);
		only_instance(text);
		assert_int_equal(service->n_address, 1);
		for (j = 0; j < service->n_address; j++)
			assert_int_equal(service->address[j].policy,
					 OZPROXY_POLICY_CLOSEST);
		assert_string_equal(got.notes, "");
	}
}

static void other_types_become_round_robin(void **state)
{
	static const char *const types[] = { "\"least\"", "\"closest \"",
					     "\"something new\"" };
	unsigned int i;
	char text[1024];

	(void)state;
	for (i = 0; i < MNL_ARRAY_SIZE(types); i++) {
		snprintf(text, sizeof(text), TYPED("%s"), types[i]);
		only_instance(text);
		assert_int_equal(got.last.service.n_address, 1);
		assert_int_equal(got.last.service.address[0].policy,
				 OZPROXY_POLICY_RR);
		assert_non_null(strstr(got.notes, "is not known"));
	}
	only_instance(TYPED("\"rr\""));
	assert_string_equal(got.notes, "");
	only_instance(TYPED("null"));
	assert_int_equal(got.last.service.n_address, 0);
	assert_non_null(strstr(got.notes, "without IpType"));
}

static void service_ips_are_the_jobs(void **state)
{
	(void)state;
	/* Of two instances, with the same address, once. */
	assert_int_equal(read_text(ANSWER(GOOD
					  ", {\"instance_number\": 1, " NODE
					  "," NS "," SERVICE_IP "}")),
			 0);
	assert_int_equal(got.last.service.n_instance, 2);
	assert_int_equal(got.last.service.n_address, 2);
	/* Of an instance that is not usable, too. */
	assert_int_equal(read_text(ANSWER("{" NUMBER "," SERVICE_IP "}")), 0);
	assert_false(got.last.is_negative);
	assert_int_equal(got.last.service.n_instance, 0);
	assert_int_equal(got.last.service.n_address, 2);
	/* Null and empty addresses are none. */
	only_instance(ANSWER("{" NUMBER "," NODE "," NS ",\"service_ip\":["
			     "{\"IpType\":\"RR\",\"Address\":null,"
			     "\"Address_v6\":\"\"}]}"));
	assert_int_equal(got.last.service.n_address, 0);
	only_instance(
		ANSWER("{" NUMBER "," NODE "," NS ",\"service_ip\": null}"));
	only_instance(ANSWER("{" NUMBER "," NODE "," NS
			     ",\"service_ip\": [null, 3, []]}"));
}

static void negative_answers(void **state)
{
	static const char *const texts[] = {
		"{\"app_name\": \"\", \"instance_list\": [], "
		"\"query_key\": \"10.30.9.9\"}",
		"{\"app_name\": null, \"instance_list\": [], "
		"\"query_key\": \"10.30.9.9\"}",
		"{\"app_name\": null, \"instance_list\": null, "
		"\"query_key\": \"10.30.9.9\"}",
		"{\"instance_list\": [], \"query_key\": \"10.30.9.9\"}",
		"{\"app_name\": \"\", \"instance_list\": [" GOOD "], "
		"\"query_key\": \"10.30.9.9\"}",
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < MNL_ARRAY_SIZE(texts); i++) {
		assert_int_equal(read_text(texts[i]), 0);
		assert_int_equal(got.count, 1);
		assert_true(got.last.is_negative);
		assert_string_equal(got.last.query, "10.30.9.9");
		assert_string_equal(got.last.service.name, "");
	}
	assert_int_equal(read_text("{\"app_name\": \"no.such.job.x\", "
				   "\"instance_list\": [], \"query_key\": "
				   "\"no.such.job.x\"}"),
			 0);
	assert_true(got.last.is_negative);
	assert_string_equal(got.last.service.name, "no.such.job.x");
	assert_int_equal(read_text("{\"app_name\": \"a\"}"), 0);
	assert_true(got.last.is_negative);
}

static void extra_fields_are_ignored(void **state)
{
	(void)state;
	only_instance("{\"x\": {\"y\": []}, \"app_name\": \"a\", "
		      "\"instance_list\": [{" NUMBER "," NODE "," NS
		      ", \"cluster\": 1, \"host_port_2\": null}]}");
	assert_string_equal(got.notes, "");
}

static void arrays_of_answers(void **state)
{
	(void)state;
	assert_int_equal(read_text("[" ANSWER(GOOD) "," ANSWER(GOOD) "]"), 0);
	assert_int_equal(got.count, 2);
	assert_int_equal(read_text("[]"), 0);
	assert_int_equal(got.count, 0);
	assert_int_equal(read_text("[" ANSWER(GOOD) ", 7]"), -EBADMSG);
	assert_int_equal(got.count, 1);
}

static void what_is_no_answer(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"}",
		"nothing",
		"{\"app_name\"",
		"7",
		"null",
		"\"text\"",
		"true",
		"{}",
		"[[]]",
		"[null]",
		"{\"other\": \"object\"}",
		"{\"app_name\": 7}",
		"{\"app_name\": \"a\", \"instance_list\": {}}",
		"{\"app_name\": \"a\", \"instance_list\": \"x\"}",
		"{\"app_name\": \"a\\u0000b\", \"instance_list\": []}",
		"{\"app_name\": \"\xff\", \"instance_list\": []}",
		ANSWER(GOOD) "x",
		ANSWER(GOOD) ANSWER(GOOD),
		("{\"app_name\": \"a\", \"instance_list\": "
		 "[{\"instance_number\": 99999999999999999999999}]}"),
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < MNL_ARRAY_SIZE(texts); i++) {
		assert_int_equal(read_text(texts[i]), -EBADMSG);
		assert_int_equal(got.count, 0);
		assert_string_not_equal(reader.error, "");
	}
}

static char *repeat(const char *head, const char *part, unsigned int times,
		    const char *tail)
{
	size_t len = strlen(head) + strlen(part) * times + strlen(tail) + 1;
	char *text = malloc(len), *end;
	unsigned int i;

	assert_non_null(text);
	end = stpcpy(text, head);
	for (i = 0; i < times; i++)
		end = stpcpy(end, part);
	strcpy(end, tail);
	return text;
}

static void deep_json(void **state)
{
	char *text, *room;

	(void)state;
	text = repeat("", "[", 1000000, "");
	assert_int_equal(read_text(text), -EBADMSG);
	free(text);
	text = repeat("", "{\"a\":", 100000, "");
	assert_int_equal(read_text(text), -EBADMSG);
	free(text);
	/* Deep but whole, in a field that nobody reads. */
	text = repeat("{\"app_name\": \"a\", \"instance_list\": [], \"x\": ",
		      "[", 1000, "");
	room = realloc(text, strlen(text) + 1002);
	assert_non_null(room);
	text = room;
	memset(strchr(text, '\0'), ']', 1001);
	text[strlen("{\"app_name\": \"a\", \"instance_list\": [], \"x\": ") +
	     2000] = '}';
	text[strlen("{\"app_name\": \"a\", \"instance_list\": [], \"x\": ") +
	     2001] = '\0';
	assert_int_equal(read_text(text), 0);
	free(text);
}

static void huge_json(void **state)
{
	char *text;

	(void)state;
	text = repeat("{\"app_name\": \"a\", \"x\": \"", "0123456789", 100000,
		      "\", \"instance_list\": [" GOOD "]}");
	only_instance(text);
	free(text);
	text = repeat("\"", "0123456789abcdef", OZP_RESULT_MAX / 16, "\"");
	assert_int_equal(read_text(text), -E2BIG);
	free(text);
}

static void as_many_as_the_kernel_takes(void **state)
{
	char *text, *item, *end;
	unsigned int i;

	(void)state;
	text = malloc(1 << 20);
	assert_non_null(text);
	end = stpcpy(text, "{\"app_name\": \"a\", \"instance_list\": [");
	for (i = 0; i < OZPROXY_INSTANCE_MAX; i++)
		end += sprintf(end,
			       "%s{\"instance_number\": %u," NODE "," NS "}",
			       i ? "," : "", i);
	item = end;
	strcpy(end, "]}");
	assert_int_equal(read_text(text), 0);
	assert_int_equal(got.last.service.n_instance, OZPROXY_INSTANCE_MAX);
	sprintf(item, ",{\"instance_number\": %u," NODE "," NS "}]}", i);
	assert_int_equal(read_text(text), -E2BIG);

	end = stpcpy(text, "{\"app_name\": \"a\", \"instance_list\": [{\"ser"
			   "vice_ip\": [");
	for (i = 0; i <= OZPROXY_ADDRESS_MAX; i++)
		end += sprintf(end,
			       "%s{\"IpType\": \"RR\", \"Address\": "
			       "\"10.30.2.%u\"}",
			       i ? "," : "", i);
	strcpy(end, "]}]}");
	assert_int_equal(read_text(text), -E2BIG);
	free(text);
}

static void long_names_are_refused(void **state)
{
	char *text;

	(void)state;
	text = repeat("{\"app_name\": \"", "n", OZPROXY_NAME_MAX,
		      "\", \"instance_list\": [" GOOD "]}");
	only_instance(text);
	free(text);
	text = repeat("{\"app_name\": \"", "n", OZPROXY_NAME_MAX + 1,
		      "\", \"instance_list\": [" GOOD "]}");
	assert_int_equal(read_text(text), -EBADMSG);
	free(text);
	text = repeat("{\"query_key\": \"", "n", OZPROXY_NAME_MAX + 1,
		      "\", \"app_name\": \"a\", \"instance_list\": [" GOOD
		      "]}");
	only_instance(text);
	assert_string_equal(got.last.query, "");
	free(text);
}

/* Every byte of a good answer, cut off and changed. */
static void damaged_answers_do_no_harm(void **state)
{
	static const char good[] = ANSWER(GOOD);
	char text[sizeof(good)];
	size_t i, byte;

	(void)state;
	for (i = 0; i < sizeof(good) - 1; i++) {
		memcpy(text, good, i);
		text[i] = '\0';
		assert_int_equal(read_text(text), -EBADMSG);
		memcpy(text, good, sizeof(good));
		for (byte = 1; byte < 256; byte += 7) {
			text[i] = (char)byte;
			read_text(text);
		}
	}
}

static int refuse(struct ozp_result *result, void *data)
{
	(void)result;
	(void)data;
	got.count++;
	return 42;
}

static void the_callback_can_stop(void **state)
{
	static const char text[] = "[" ANSWER(GOOD) "," ANSWER(GOOD) "]";

	(void)state;
	reader = (struct ozp_result_reader){ .result = refuse };
	assert_int_equal(ozp_result_read(&reader, text, strlen(text)), 42);
	assert_int_equal(got.count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clean, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_answer_of_the_walkthrough),
		TEST(without_a_query_key),
		TEST(ports_are_numbers_or_text),
		TEST(unusable_instances_are_skipped),
		TEST(one_family_is_enough),
		TEST(ipv6_in_any_spelling),
		TEST(instance_types_are_instance_ips),
		TEST(closest_is_closest),
		TEST(other_types_become_round_robin),
		TEST(service_ips_are_the_jobs),
		TEST(negative_answers),
		TEST(extra_fields_are_ignored),
		TEST(arrays_of_answers),
		TEST(what_is_no_answer),
		TEST(deep_json),
		TEST(huge_json),
		TEST(as_many_as_the_kernel_takes),
		TEST(long_names_are_refused),
		TEST(damaged_answers_do_no_harm),
		TEST(the_callback_can_stop),
	};

	return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
