// SPDX-License-Identifier: GPL-2.0
/* 6.18: the IPv4 flow carries a dscp_t. */
#include <net/flow.h>
#include <net/inet_dscp.h>

void probe(struct flowi4 *fl4, dscp_t dscp);

void probe(struct flowi4 *fl4, dscp_t dscp)
{
	fl4->flowi4_dscp = dscp;
}
