// SPDX-License-Identifier: GPL-2.0
/* 6.7: a multicast group can be for those who administer the namespace. */
#include <net/genetlink.h>

extern const struct genl_multicast_group probe;

const struct genl_multicast_group probe = {
	.flags = GENL_MCAST_CAP_NET_ADMIN,
};
