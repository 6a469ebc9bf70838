// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "object.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ozproxy.h"
#include "ozproxy_service.h"

static unsigned int *array_count(const struct ozp_attr *attr, void *object)
{
	return (void *)((char *)object + attr->count_offset);
}

static void *array_of(const struct ozp_attr *attr, const void *object)
{
	void *array;

	memcpy(&array, (const char *)object + attr->offset, sizeof(array));
	return array;
}

/* The room doubles whenever the count is a power of two. */
void *ozp_object_add(const struct ozp_attr *attr, void *object)
{
	unsigned int *count = array_count(attr, object);
	char *array = array_of(attr, object), *bigger;

	if ((*count & (*count - 1)) == 0) {
		size_t room = *count ? (size_t)*count * 2 : 1;

		bigger = reallocarray(array, room, attr->size);
		if (!bigger)
			return NULL;
		array = bigger;
		memcpy((char *)object + attr->offset, &array, sizeof(array));
	}
	array += (size_t)(*count)++ * attr->size;
	memset(array, 0, attr->size);
	return array;
}

void ozp_object_free(const struct ozp_set *set, void *object)
{
	unsigned int type, i, count;
	const struct ozp_attr *attr;
	char *member;

	for (type = 0; type < set->count; type++) {
		attr = &set->attrs[type];
		if (!attr->multi && attr->kind != OZP_KIND_NEST)
			continue;
		count = attr->multi ? *array_count(attr, object) : 1;
		member = attr->multi ? array_of(attr, object) :
				       (char *)object + attr->offset;
		for (i = 0; attr->set && i < count; i++)
			ozp_object_free(attr->set,
					member + (size_t)i * attr->size);
		if (attr->multi) {
			free(member);
			memset((char *)object + attr->offset, 0,
			       sizeof(void *));
			*array_count(attr, object) = 0;
		}
	}
}

static bool put_nest(struct nlmsghdr *nlh, size_t size, unsigned int type,
		     const struct ozp_set *set, const void *object)
{
	struct nlattr *nest = mnl_attr_nest_start_check(nlh, size, type);

	if (!nest || ozp_object_put(nlh, size, set, object))
		return false;
	/* The length of an attribute has 16 bits. */
	if ((char *)mnl_nlmsg_get_payload_tail(nlh) - (char *)nest > UINT16_MAX)
		return false;
	mnl_attr_nest_end(nlh, nest);
	return true;
}

/* Padding is sent as zeros: some versions of libmnl leave it as it was. */
static bool put_bytes(struct nlmsghdr *nlh, size_t size, unsigned int type,
		      const void *value, size_t len)
{
	size_t padding = MNL_ALIGN(len) - len;

	if (!mnl_attr_put_check(nlh, size, type, len, value))
		return false;
	memset((char *)mnl_nlmsg_get_payload_tail(nlh) - padding, 0, padding);
	return true;
}

static bool put_value(struct nlmsghdr *nlh, size_t size, unsigned int type,
		      const struct ozp_attr *attr, const void *value)
{
	uint16_t port;

	switch (attr->kind) {
	case OZP_KIND_NONE:
		return true;
	case OZP_KIND_U8:
	case OZP_KIND_U16:
	case OZP_KIND_U32:
	case OZP_KIND_U64:
	case OZP_KIND_IPV4:
	case OZP_KIND_IPV6:
	case OZP_KIND_ENUM:
	case OZP_KIND_FLAGS:
		return put_bytes(nlh, size, type, value, attr->size);
	case OZP_KIND_BE16:
		memcpy(&port, value, sizeof(port));
		port = htons(port);
		return put_bytes(nlh, size, type, &port, sizeof(port));
	case OZP_KIND_FLAG:
		return !*(const bool *)value ||
		       put_bytes(nlh, size, type, NULL, 0);
	case OZP_KIND_STRING:
		return put_bytes(nlh, size, type, value, strlen(value) + 1);
	case OZP_KIND_NEST:
		return put_nest(nlh, size, type, attr->set, value);
	}
	return false;
}

int ozp_object_put(struct nlmsghdr *nlh, size_t size, const struct ozp_set *set,
		   const void *object)
{
	uint64_t present = *(const uint64_t *)object;
	unsigned int type, i, count;
	const struct ozp_attr *attr;
	const char *member;

	for (type = 0; type < set->count; type++) {
		attr = &set->attrs[type];
		if (!attr->multi && !(present >> type & 1))
			continue;
		count = attr->multi ? *array_count(attr, (void *)object) : 1;
		member = attr->multi ? array_of(attr, object) :
				       (const char *)object + attr->offset;
		for (i = 0; i < count; i++)
			if (!put_value(nlh, size, type, attr,
				       member + (size_t)i * attr->size))
				return -EMSGSIZE;
	}
	return 0;
}

static int get_string(const struct ozp_attr *attr, char *member,
		      const char *value, size_t len)
{
	len = strnlen(value, len);
	if (len >= attr->size)
		return -EBADMSG;
	memcpy(member, value, len);
	member[len] = '\0';
	return 0;
}

static int get_value(const struct ozp_attr *attr, void *member,
		     const struct nlattr *nla)
{
	const void *value = mnl_attr_get_payload(nla);
	size_t len = mnl_attr_get_payload_len(nla);
	uint16_t port;

	switch (attr->kind) {
	case OZP_KIND_NONE:
		return 0;
	case OZP_KIND_U8:
	case OZP_KIND_U16:
	case OZP_KIND_U32:
	case OZP_KIND_U64:
	case OZP_KIND_IPV4:
	case OZP_KIND_IPV6:
	case OZP_KIND_ENUM:
	case OZP_KIND_FLAGS:
		if (len != attr->size)
			return -EBADMSG;
		memcpy(member, value, len);
		return 0;
	case OZP_KIND_BE16:
		if (len != sizeof(port))
			return -EBADMSG;
		memcpy(&port, value, sizeof(port));
		*(uint16_t *)member = ntohs(port);
		return 0;
	case OZP_KIND_FLAG:
		*(bool *)member = true;
		return 0;
	case OZP_KIND_STRING:
		return get_string(attr, member, value, len);
	case OZP_KIND_NEST:
		return ozp_object_get(attr->set, member, value, len);
	}
	return -EBADMSG;
}

int ozp_object_get(const struct ozp_set *set, void *object,
		   const struct nlattr *attrs, size_t len)
{
	const struct ozp_attr *attr;
	const struct nlattr *nla;
	void *member;
	int err;

	for (nla = attrs; mnl_attr_ok(
		     nla, (int)((const char *)attrs + len - (const char *)nla));
	     nla = mnl_attr_next(nla)) {
		if (mnl_attr_get_type(nla) >= set->count)
			continue;
		attr = &set->attrs[mnl_attr_get_type(nla)];
		if (!attr->name)
			continue;
		member = attr->multi ? ozp_object_add(attr, object) :
				       (char *)object + attr->offset;
		if (!member)
			return -ENOMEM;
		err = get_value(attr, member, nla);
		if (err)
			return err;
		*(uint64_t *)object |= 1ull << mnl_attr_get_type(nla);
	}
	return 0;
}

struct ozp_address *ozp_service_add_address(struct ozp_service *service)
{
	return ozp_object_add(
		&ozp_service_attrs.attrs[OZPROXY_A_SERVICE_ADDRESS], service);
}

struct ozp_instance *ozp_service_add_instance(struct ozp_service *service)
{
	const struct ozp_attr *attrs = ozp_service_attrs.attrs;

	return ozp_object_add(&attrs[OZPROXY_A_SERVICE_INSTANCE], service);
}

void ozp_service_free(struct ozp_service *service)
{
	ozp_object_free(&ozp_service_attrs, service);
	memset(service, 0, sizeof(*service));
}

int ozp_link_add_local(struct ozp_link *link, int family, const void *address)
{
	const struct ozp_attr *attr;
	void *element;

	attr = &ozp_local_attrs
			.attrs[family == AF_INET ? IFLA_OZPROXY_LOCAL_IPV4 :
						   IFLA_OZPROXY_LOCAL_IPV6];
	element = ozp_object_add(attr, &link->local);
	if (!element)
		return -ENOMEM;
	memcpy(element, address, attr->size);
	OZP_SET(link, IFLA_OZPROXY_LOCAL);
	return 0;
}

void ozp_link_free(struct ozp_link *link)
{
	ozp_object_free(&ozp_link_attrs, link);
	memset(link, 0, sizeof(*link));
}

const char *ozp_enum_name(const struct ozp_enum *values, uint32_t value)
{
	return value < values->count ? values->names[value] : NULL;
}

int ozp_enum_value(const struct ozp_enum *values, const char *name)
{
	unsigned int value;

	for (value = 0; value < values->count; value++)
		if (values->names[value] && !strcmp(values->names[value], name))
			return (int)value;
	return -1;
}
