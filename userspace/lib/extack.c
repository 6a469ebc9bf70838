// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "extack.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A name without letters is an envelope of no interest to people. */
static void path_add(char *path, size_t size, const char *name)
{
	size_t len = strlen(path);

	if (*name)
		snprintf(path + len, size - len, "%s%s", len ? "." : "", name);
}

static void path_add_type(char *path, size_t size, const struct ozp_set *set,
			  unsigned int type)
{
	char number[16];

	if (set && type < set->count && set->attrs[type].name) {
		path_add(path, size, set->attrs[type].name);
		return;
	}
	snprintf(number, sizeof(number), "#%u", type);
	path_add(path, size, number);
}

static const struct ozp_set *inner_set(const struct ozp_set *set,
				       unsigned int type)
{
	return set && type < set->count ? set->attrs[type].set : NULL;
}

/*
 * Write the names of the attributes around the byte at @offset, down to the one
 * that starts there. Return the set of what is inside the innermost.
 */
static const struct ozp_set *path_to(const struct ozp_request *request,
				     uint32_t offset, char *path, size_t size)
{
	const char *target = (const char *)request->nlh + offset;
	const struct ozp_set *set = request->set;
	const struct nlattr *nla;
	const char *pos, *end;

	pos = (const char *)mnl_nlmsg_get_payload_offset(request->nlh,
							 request->header);
	end = (const char *)mnl_nlmsg_get_payload_tail(request->nlh);
	while (mnl_attr_ok((const struct nlattr *)pos, (int)(end - pos))) {
		nla = (const struct nlattr *)pos;
		pos = (const char *)mnl_attr_next(nla);
		if (target >= pos)
			continue;
		if (target < (const char *)nla)
			break;
		path_add_type(path, size, set, mnl_attr_get_type(nla));
		set = inner_set(set, mnl_attr_get_type(nla));
		if (target == (const char *)nla || !set)
			break;
		pos = mnl_attr_get_payload(nla);
		end = pos + mnl_attr_get_payload_len(nla);
	}
	return set;
}

/* The kernel's attributes about the error; those of unknown size are skipped. */
struct tlvs {
	const char *message;
	int message_len;
	const uint32_t *offset;
	const uint32_t *missing_type;
	const uint32_t *missing_nest;
	const struct nlattr *policy;
};

static void parse_tlvs(const struct nlmsghdr *nlh, size_t offset,
		       struct tlvs *tlvs)
{
	const struct nlattr *nla;
	const void *value;
	size_t len;

	mnl_attr_for_each(nla, nlh, offset)
	{
		value = mnl_attr_get_payload(nla);
		len = mnl_attr_get_payload_len(nla);
		if (mnl_attr_get_type(nla) == NLMSGERR_ATTR_MSG) {
			tlvs->message = value;
			tlvs->message_len = (int)strnlen(value, len);
			continue;
		}
		if (mnl_attr_get_type(nla) == NLMSGERR_ATTR_POLICY)
			tlvs->policy = nla;
		if (len != sizeof(uint32_t))
			continue;
		switch (mnl_attr_get_type(nla)) {
		case NLMSGERR_ATTR_OFFS:
			tlvs->offset = value;
			break;
		case NLMSGERR_ATTR_MISS_TYPE:
			tlvs->missing_type = value;
			break;
		case NLMSGERR_ATTR_MISS_NEST:
			tlvs->missing_nest = value;
			break;
		}
	}
}

static void use_policy(const struct nlattr *policy, struct ozp_error *error)
{
	bool has_min = false, has_max = false;
	const struct nlattr *nla;

	mnl_attr_for_each_nested(nla, policy)
	{
		if (mnl_attr_get_payload_len(nla) != sizeof(uint64_t))
			continue;
		switch (mnl_attr_get_type(nla)) {
		case NL_POLICY_TYPE_ATTR_MIN_VALUE_U:
			error->min = mnl_attr_get_u64(nla);
			has_min = true;
			break;
		case NL_POLICY_TYPE_ATTR_MAX_VALUE_U:
			error->max = mnl_attr_get_u64(nla);
			has_max = true;
			break;
		}
	}
	error->has_range = has_min && has_max;
}

/* What the kernel's own validation says of an attribute beyond those of its
 * policy. We have the name of what we send, so it is the module that is behind.
 */
#define UNKNOWN "Unknown attribute type"
#define OLDER_MODULE \
	"the module does not know this: it is older than this program"

static void use_tlvs(const struct tlvs *tlvs, const struct ozp_request *request,
		     struct ozp_error *error)
{
	const struct ozp_set *set = request->set;
	char *path = error->attribute;
	size_t size = sizeof(error->attribute);

	if (tlvs->message)
		snprintf(error->message, sizeof(error->message), "%.*s",
			 tlvs->message_len, tlvs->message);
	if (!strcmp(error->message, UNKNOWN))
		strcpy(error->message, OLDER_MODULE);
	if (tlvs->policy)
		use_policy(tlvs->policy, error);
	if (tlvs->missing_type) {
		error->missing = true;
		if (tlvs->missing_nest)
			set = path_to(request, *tlvs->missing_nest, path, size);
		path_add_type(path, size, set, *tlvs->missing_type);
	} else if (tlvs->offset) {
		path_to(request, *tlvs->offset, path, size);
	}
}

int ozp_extack_parse(const struct nlmsghdr *nlh,
		     const struct ozp_request *request, struct ozp_error *error)
{
	const struct nlmsgerr *ack = mnl_nlmsg_get_payload(nlh);
	size_t len = mnl_nlmsg_get_payload_len(nlh);
	struct tlvs tlvs = {};
	size_t offset;

	memset(error, 0, sizeof(*error));
	if (len < sizeof(int)) {
		/* Old kernels end a dump without saying anything. */
		error->code = nlh->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
		return error->code;
	}
	error->code = ack->error > 0 ? 0 : ack->error;
	offset = sizeof(int);
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		if (len < sizeof(*ack)) {
			error->code = -EBADMSG;
			return error->code;
		}
		offset = sizeof(*ack);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			offset += mnl_nlmsg_get_payload_len(&ack->msg);
	}
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS && MNL_ALIGN(offset) < len) {
		parse_tlvs(nlh, MNL_ALIGN(offset), &tlvs);
		use_tlvs(&tlvs, request, error);
	}
	return error->code;
}
