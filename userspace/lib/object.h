/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Between the structs of ozproxy_types.h and attributes in messages, by the
 * tables of the spec.
 */
#ifndef _OZP_LIB_OBJECT_H
#define _OZP_LIB_OBJECT_H

#include <libmnl/libmnl.h>
#include "ozproxy_attrs.h"

/**
 * ozp_object_put() - Append the members that are present.
 * @nlh: message
 * @size: of the buffer that @nlh is in
 * @set: what @object is
 * @object: a struct of ozproxy_types.h
 *
 * Return: 0, or -EMSGSIZE; the message is then useless.
 */
int ozp_object_put(struct nlmsghdr *nlh, size_t size, const struct ozp_set *set,
		   const void *object);

/**
 * ozp_object_get() - Take attributes over into an object.
 * @set: what @object is
 * @object: zeroed, or filled by this function before: arrays are continued,
 *   other members replaced. Free it also after an error.
 * @attrs: the attributes; those not in @set are ignored
 * @len: their length in bytes
 *
 * Return: 0, -EBADMSG for an attribute of a wrong size, or -ENOMEM.
 */
int ozp_object_get(const struct ozp_set *set, void *object,
		   const struct nlattr *attrs, size_t len);

/**
 * ozp_object_add() - Append an element to an array of an object.
 * @attr: the attribute of the array
 * @object: the object that has it
 *
 * Return: the new element, zeroed; NULL without memory.
 */
void *ozp_object_add(const struct ozp_attr *attr, void *object);

/**
 * ozp_object_free() - Free what an object points to.
 * @set: what @object is
 * @object: the object; its memory stays
 */
void ozp_object_free(const struct ozp_set *set, void *object);

#endif /* _OZP_LIB_OBJECT_H */
