// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include <errno.h>
#include "service.h"

static char buffer[OZP_MESSAGE_MAX];

static const void *attributes(const struct nlmsghdr *nlh, size_t *len)
{
	*len = mnl_nlmsg_get_payload_len(nlh);
	return mnl_nlmsg_get_payload(nlh);
}

/* A member is not zero when its attribute came through. */
static void fill(const struct ozp_set *set, char *object)
{
	const struct ozp_attr *attr;
	unsigned int type, i;
	char *member;

	for (type = 0; type < set->count; type++) {
		attr = &set->attrs[type];
		if (!attr->name)
			continue;
		*(uint64_t *)object |= 1ull << type;
		for (i = 0; i < (attr->multi ? 3 : 1); i++) {
			member = attr->multi ? ozp_object_add(attr, object) :
					       object + attr->offset;
			assert_non_null(member);
			if (attr->kind == OZP_KIND_NEST)
				fill(attr->set, member);
			else if (attr->kind == OZP_KIND_FLAG)
				*member = 1;
			else if (attr->kind == OZP_KIND_STRING)
				memset(member, 'x', attr->size - 1u);
			else
				memset(member, (int)(type + i), attr->size);
		}
	}
}

/* By a second message: what is equal in both is what was in the object. */
static void round_trip(const struct ozp_set *set, size_t size)
{
	char again[4096], *object, *copy;
	struct nlmsghdr *nlh, *nlh2;
	const void *attrs;
	size_t len;

	object = calloc(1, size);
	copy = calloc(1, size);
	assert_true(object && copy);
	fill(set, object);
	nlh = mnl_nlmsg_put_header(buffer);
	assert_int_equal(ozp_object_put(nlh, sizeof(buffer), set, object), 0);
	attrs = attributes(nlh, &len);
	assert_true(len > 0);
	assert_int_equal(ozp_object_get(set, copy, attrs, len), 0);
	nlh2 = mnl_nlmsg_put_header(again);
	assert_int_equal(ozp_object_put(nlh2, sizeof(again), set, copy), 0);
	assert_int_equal(nlh->nlmsg_len, nlh2->nlmsg_len);
	assert_memory_equal(nlh, nlh2, nlh->nlmsg_len);
	assert_int_equal(*(uint32_t *)object, *(uint32_t *)copy);
	ozp_object_free(set, object);
	ozp_object_free(set, copy);
	free(object);
	free(copy);
}

static void every_struct_round_trips(void **state)
{
	(void)state;
	round_trip(&ozp_address_attrs, sizeof(struct ozp_address));
	round_trip(&ozp_instance_attrs, sizeof(struct ozp_instance));
	round_trip(&ozp_service_attrs, sizeof(struct ozp_service));
	round_trip(&ozp_flow_attrs, sizeof(struct ozp_flow));
	round_trip(&ozp_miss_attrs, sizeof(struct ozp_miss));
	round_trip(&ozp_drop_attrs, sizeof(struct ozp_drop));
	round_trip(&ozp_stats_attrs, sizeof(struct ozp_stats));
	round_trip(&ozp_local_attrs, sizeof(struct ozp_local));
	round_trip(&ozp_link_attrs, sizeof(struct ozp_link));
}

/* Not by the library's own reader: these bytes are the interface. */
static void bytes_are_those_of_the_spec(void **state)
{
	static const unsigned char want[] = {
		8, 0, OZPROXY_A_INSTANCE_NUMBER,	 0, 7,	  0,	0, 0,
		8, 0, OZPROXY_A_INSTANCE_NAMESPACE_IPV4, 0, 10,	  19,	1, 3,
		6, 0, OZPROXY_A_INSTANCE_NODE_PORT,	 0, 0xc3, 0xb7, 0, 0,
		8, 0, OZPROXY_A_INSTANCE_FLAGS,		 0, 2,	  0,	0, 0,
	};
	struct ozp_instance instance = {
		.number = 7,
		.namespace_ipv4 = v4("10.19.1.3"),
		.node_port = 50103,
		.flags = OZPROXY_INSTANCE_FLAGS_DRAINING,
		.weight = 99, /* not present: not sent */
	};
	struct nlmsghdr *nlh;
	const void *attrs;
	size_t len;

	(void)state;
	memset(buffer, 0xff, sizeof(buffer));
	nlh = mnl_nlmsg_put_header(buffer);
	OZP_SET(&instance, OZPROXY_A_INSTANCE_NUMBER);
	OZP_SET(&instance, OZPROXY_A_INSTANCE_NAMESPACE_IPV4);
	OZP_SET(&instance, OZPROXY_A_INSTANCE_NODE_PORT);
	OZP_SET(&instance, OZPROXY_A_INSTANCE_FLAGS);
	assert_int_equal(ozp_object_put(nlh, sizeof(buffer),
					&ozp_instance_attrs, &instance),
			 0);
	attrs = attributes(nlh, &len);
	assert_int_equal(len, sizeof(want));
	assert_memory_equal(attrs, want, len);
}

static void thousand_instances_fit(void **state)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ozp_service service = {}, copy = {};
	const void *attrs;
	size_t len;

	(void)state;
	seed_service(&service);
	add_instances(&service, 2, OZPROXY_INSTANCE_MAX);
	assert_int_equal(ozp_object_put(nlh, sizeof(buffer), &ozp_service_attrs,
					&service),
			 0);
	assert_true(nlh->nlmsg_len > UINT16_MAX);
	attrs = attributes(nlh, &len);
	assert_int_equal(ozp_object_get(&ozp_service_attrs, &copy, attrs, len),
			 0);
	assert_int_equal(copy.n_instance, OZPROXY_INSTANCE_MAX);
	assert_int_equal(copy.instance[1023].number, 1023);
	ozp_service_free(&service);
	ozp_service_free(&copy);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct ozp_service service;
	struct nlmsghdr *nlh;
	size_t size, needed;

	(void)state;
	seed_service(&service);
	nlh = mnl_nlmsg_put_header(buffer);
	assert_int_equal(ozp_object_put(nlh, sizeof(buffer), &ozp_service_attrs,
					&service),
			 0);
	needed = nlh->nlmsg_len;
	for (size = MNL_NLMSG_HDRLEN; size < needed; size++) {
		nlh = mnl_nlmsg_put_header(buffer);
		assert_int_equal(ozp_object_put(nlh, size, &ozp_service_attrs,
						&service),
				 -EMSGSIZE);
		assert_true(nlh->nlmsg_len <= size);
	}
	ozp_service_free(&service);
}

/* A nest of more than 64 kB would have a wrong length. */
static void a_nest_that_is_too_long_is_refused(void **state)
{
	struct ozp_link link = {};
	struct nlmsghdr *nlh;
	struct in6_addr address = v6("fc00::1");
	unsigned int i;

	(void)state;
	for (i = 0; i < 4000; i++)
		ozp_link_add_local(&link, AF_INET6, &address);
	nlh = mnl_nlmsg_put_header(buffer);
	assert_int_equal(ozp_object_put(nlh, sizeof(buffer), &ozp_link_attrs,
					&link),
			 -EMSGSIZE);
	ozp_link_free(&link);
}

static int get_one(const struct ozp_set *set, void *object, uint16_t type,
		   const void *value, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	const void *attrs;
	size_t len;

	mnl_attr_put(nlh, type, size, value);
	attrs = attributes(nlh, &len);
	return ozp_object_get(set, object, attrs, len);
}

static void wrong_sizes_are_refused(void **state)
{
	static const struct {
		uint16_t type;
		size_t size;
	} wrong[] = {
		{ OZPROXY_A_INSTANCE_NUMBER, 3 },
		{ OZPROXY_A_INSTANCE_NUMBER, 0 },
		{ OZPROXY_A_INSTANCE_NUMBER, 8 },
		{ OZPROXY_A_INSTANCE_NODE_PORT, 1 },
		{ OZPROXY_A_INSTANCE_NODE_PORT, 4 },
		{ OZPROXY_A_INSTANCE_NAMESPACE_IPV4, 16 },
		{ OZPROXY_A_INSTANCE_NAMESPACE_IPV6, 4 },
	};
	struct ozp_instance instance = {};
	char value[256] = {};
	struct ozp_service service = {};
	unsigned int i;

	(void)state;
	for (i = 0; i < MNL_ARRAY_SIZE(wrong); i++)
		assert_int_equal(get_one(&ozp_instance_attrs, &instance,
					 wrong[i].type, value, wrong[i].size),
				 -EBADMSG);
	assert_int_equal(instance.present, 0);
	memset(value, 'n', sizeof(value));
	assert_int_equal(get_one(&ozp_service_attrs, &service,
				 OZPROXY_A_SERVICE_NAME, value,
				 OZPROXY_NAME_MAX + 1),
			 -EBADMSG);
	assert_int_equal(get_one(&ozp_service_attrs, &service,
				 OZPROXY_A_SERVICE_NAME, value,
				 OZPROXY_NAME_MAX),
			 0);
	assert_int_equal(strlen(service.name), OZPROXY_NAME_MAX);
}

static void unknown_attributes_are_ignored(void **state)
{
	struct ozp_service service = {};
	char value[8] = "abc";

	(void)state;
	assert_int_equal(get_one(&ozp_service_attrs, &service, 200, value, 4),
			 0);
	assert_int_equal(get_one(&ozp_service_attrs, &service,
				 OZPROXY_A_SERVICE_PAD, value, 0),
			 0);
	assert_int_equal(service.present, 0);
}

/* Arbitrary bytes: nothing to expect but that nothing breaks. */
static void random_bytes_do_no_harm(void **state)
{
	static const struct {
		const struct ozp_set *set;
	} sets[] = { { &ozp_service_attrs },
		     { &ozp_flow_attrs },
		     { &ozp_stats_attrs },
		     { &ozp_link_attrs } };
	unsigned int seed = 20261122, round, i;
	unsigned char bytes[256] __attribute__((aligned(4)));
	union {
		union ozp_object object;
		struct ozp_link link;
	} u;

	(void)state;
	print_message("# seed %u\n", seed);
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)rand_r(&seed);
		/* Lengths and types that mean something, mostly. */
		for (i = 0; i + 4 <= sizeof(bytes); i += 4)
			if (rand_r(&seed) & 1) {
				bytes[i] &= 0x1f;
				bytes[i + 1] = 0;
				bytes[i + 2] &= 0x1f;
				bytes[i + 3] = 0;
			}
		memset(&u, 0, sizeof(u));
		ozp_object_get(sets[round % 4].set, &u, (void *)bytes,
			       sizeof(bytes) - round % 7);
		ozp_object_free(sets[round % 4].set, &u);
	}
}

static void split_services_are_joined(void **state)
{
	struct ozp_service_list list = {};
	struct ozp_service part;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		seed_service(&part);
		add_instances(&part, 2 + i * 10, 12 + i * 10);
		assert_int_equal(ozp_service_collect(&part, &list), 0);
		ozp_service_free(&part);
	}
	seed_service(&part);
	strcpy(part.name, "another");
	assert_int_equal(ozp_service_collect(&part, &list), 0);
	ozp_service_free(&part);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.services[0].n_instance, 3 * 12);
	assert_false(list.changed);

	seed_service(&part);
	strcpy(part.name, "third");
	part.table_generation++;
	assert_int_equal(ozp_service_collect(&part, &list), 0);
	ozp_service_free(&part);
	assert_true(list.changed);
	for (i = 0; i < list.count; i++)
		ozp_service_free(&list.services[i]);
	free(list.services);
}

static void enums_have_names(void **state)
{
	(void)state;
	assert_string_equal(ozp_enum_name(&ozp_drop_reason_enum,
					  OZPROXY_DROP_REASON_UNKNOWN_SERVICE),
			    "unknown-service");
	assert_string_equal(ozp_enum_name(&ozp_instance_flags_enum, 1),
			    "draining");
	assert_null(ozp_enum_name(&ozp_policy_enum, 77));
	assert_int_equal(ozp_enum_value(&ozp_policy_enum, "rr"),
			 OZPROXY_POLICY_RR);
	assert_int_equal(ozp_enum_value(&ozp_policy_enum, "RR"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_struct_round_trips),
		cmocka_unit_test(bytes_are_those_of_the_spec),
		cmocka_unit_test(thousand_instances_fit),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_nest_that_is_too_long_is_refused),
		cmocka_unit_test(wrong_sizes_are_refused),
		cmocka_unit_test(unknown_attributes_are_ignored),
		cmocka_unit_test(random_bytes_do_no_harm),
		cmocka_unit_test(split_services_are_joined),
		cmocka_unit_test(enums_have_names),
	};

	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
