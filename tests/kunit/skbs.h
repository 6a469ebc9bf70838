/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Packets for the unit tests: made by header shape, put into skbs of any form,
 * and summed by reading all of their bytes.
 */
#ifndef _OZP_KUNIT_SKBS_H
#define _OZP_KUNIT_SKBS_H

#include <linux/skbuff.h>
#include <linux/types.h>

#include "packet.h"

#define OZP_TEST_PACKET_MAX 2048

/**
 * struct ozp_shape - how the headers of a packet look
 * @name: of the case
 * @family: AF_INET or AF_INET6
 * @protocol: of the transport header
 * @options: bytes of IPv4 options, a multiple of four
 * @extension_count: how many IPv6 extension headers there are
 * @extensions: which ones; each has eight bytes
 * @doff: TCP header length in words; 0: 5
 * @reply: of ICMP an echo reply, not a request
 * @payload: bytes behind the transport header
 */
struct ozp_shape {
	const char *name;
	u8 family;
	u8 protocol;
	u8 options;
	u8 extension_count;
	u8 extensions[10];
	u8 doff;
	bool reply;
	u16 payload;
};

unsigned int ozp_shape_headers(const struct ozp_shape *shape);
unsigned int ozp_shape_build(const struct ozp_shape *shape,
			     const struct ozp_tuple *tuple, u8 *data);
unsigned int ozp_shape_l4_offset(const struct ozp_shape *shape);
void ozp_shape_fit(const struct ozp_shape *shape, struct ozp_tuple *tuple);

unsigned int ozp_test_fragment(const u8 *data, unsigned int len,
			       unsigned int offset, unsigned int size, u32 id,
			       u8 *fragment);
unsigned int ozp_test_check_offset(u8 protocol);
void ozp_test_ip4_check(u8 *data);
void ozp_test_l4_check(u8 *data, unsigned int l4_offset, unsigned int len,
		       u8 protocol);
bool ozp_test_l4_is_right(const u8 *data, unsigned int l4_offset,
			  unsigned int len, u8 protocol);

struct sk_buff *ozp_test_skb(const u8 *data, unsigned int len,
			     unsigned int linear);

#endif /* _OZP_KUNIT_SKBS_H */
