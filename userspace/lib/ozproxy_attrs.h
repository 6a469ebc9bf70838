/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What the netlink spec says about each struct of ozproxy_types.h: names, kinds
 * and places of its members, for whoever wants to walk them (the library's own
 * messages and error paths, JSON output).
 */
#ifndef _OZP_LIB_OZPROXY_ATTRS_H
#define _OZP_LIB_OZPROXY_ATTRS_H

#include <stdbool.h>
#include <stdint.h>

struct ozp_set;

/* clang-format off */
/** enum ozp_kind - How an attribute travels, and the type of its member. */
enum ozp_kind {
	OZP_KIND_NONE,		/* a hole in a table */
	OZP_KIND_U8,		/* uint8_t */
	OZP_KIND_U16,		/* uint16_t */
	OZP_KIND_U32,		/* uint32_t */
	OZP_KIND_U64,		/* uint64_t */
	OZP_KIND_BE16,		/* uint16_t; network byte order in messages only */
	OZP_KIND_IPV4,		/* struct in_addr */
	OZP_KIND_IPV6,		/* struct in6_addr */
	OZP_KIND_FLAG,		/* bool; an attribute without content */
	OZP_KIND_STRING,	/* char [], terminated */
	OZP_KIND_ENUM,		/* uint32_t, one of the names in values */
	OZP_KIND_FLAGS,		/* uint32_t, bits with the names in values */
	OZP_KIND_NEST,		/* struct of the set */
};
/* clang-format on */

/**
 * struct ozp_enum - The names of an enum, or of the bits of a set of flags.
 * @names: name of each value (each bit number), NULL for holes
 * @count: how many names
 */
struct ozp_enum {
	const char *const *names;
	unsigned int count;
};

/**
 * struct ozp_attr - One attribute.
 * @name: as the spec calls it; NULL for a hole in the table
 * @kind: its type
 * @multi: the member is a pointer to an array
 * @offset: of the member in its struct
 * @count_offset: of the number of elements, with @multi
 * @size: of the member, or of one element with @multi
 * @set: the attributes inside, with OZP_KIND_NEST
 * @values: the names, with OZP_KIND_ENUM and OZP_KIND_FLAGS
 */
struct ozp_attr {
	const char *name;
	enum ozp_kind kind;
	bool multi;
	uint16_t offset;
	uint16_t count_offset;
	uint16_t size;
	const struct ozp_set *set;
	const struct ozp_enum *values;
};

/**
 * struct ozp_set - An attribute set; the first member of its struct is
 *   uint64_t present.
 * @name: as the spec calls it
 * @attrs: its attributes by type
 * @count: length of @attrs
 */
struct ozp_set {
	const char *name;
	const struct ozp_attr *attrs;
	unsigned int count;
};

extern const struct ozp_enum ozp_admission_enum;
extern const struct ozp_enum ozp_direction_enum;
extern const struct ozp_enum ozp_drop_reason_enum;
extern const struct ozp_enum ozp_flow_state_enum;
extern const struct ozp_enum ozp_miss_state_enum;
extern const struct ozp_enum ozp_instance_flags_enum;
extern const struct ozp_enum ozp_policy_enum;

extern const struct ozp_set ozp_address_attrs;
extern const struct ozp_set ozp_drop_attrs;
extern const struct ozp_set ozp_flow_attrs;
extern const struct ozp_set ozp_instance_attrs;
extern const struct ozp_set ozp_link_attrs;
extern const struct ozp_set ozp_local_attrs;
extern const struct ozp_set ozp_miss_attrs;
extern const struct ozp_set ozp_service_attrs;
extern const struct ozp_set ozp_stats_attrs;

/**
 * ozp_enum_name() - The name of a value.
 * @values: the enum
 * @value: the value (for flags, the number of the bit)
 *
 * Return: the name, or NULL for a value that this library does not know (a
 * newer kernel's).
 */
const char *ozp_enum_name(const struct ozp_enum *values, uint32_t value);

/**
 * ozp_enum_value() - The value of a name.
 * @values: the enum
 * @name: the name, exactly as the spec has it
 *
 * Return: the value (for flags, the number of the bit), or -1.
 */
int ozp_enum_value(const struct ozp_enum *values, const char *name);

#endif /* _OZP_LIB_OZPROXY_ATTRS_H */
