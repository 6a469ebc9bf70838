/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Keys of the packet path, hashed by what can differ in them: an IPv4 address
 * fills a quarter of its union, and its packets need not pay for the rest. The
 * seed is a secret of each table, so nobody outside can aim at one bucket.
 */
#ifndef _OZP_HASH_H
#define _OZP_HASH_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/jhash.h>
#include <linux/socket.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "packet.h"

static inline u32 ozp_hash_addr(u8 family, const union ozp_addr *addr, u32 seed)
{
	if (family == AF_INET)
		return jhash_1word((__force u32)addr->ip4, seed);
	return jhash2((__force const u32 *)&addr->ip6,
		      sizeof(addr->ip6) / sizeof(u32), seed);
}

static inline u32 ozp_hash_tuple(const struct ozp_tuple *tuple, u32 seed)
{
	const size_t words = offsetof(struct ozp_tuple, family) / sizeof(u32);
	const u32 *key = (const u32 *)tuple;

	BUILD_BUG_ON(offsetof(struct ozp_tuple, family) % sizeof(u32));
	seed += tuple->protocol;
	if (tuple->family == AF_INET)
		return jhash_3words((__force u32)tuple->src.ip4,
				    (__force u32)tuple->dst.ip4,
				    key[words - 1], seed);
	return jhash2(key, words, seed);
}

#endif /* _OZP_HASH_H */
