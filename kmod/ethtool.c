// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "device.h"

#include <linux/ethtool.h>
#include <linux/slab.h>

/* ethtool -S: the counters, then every reason in each direction, then what is
 * not about packets.
 */
#define OZP_ETHTOOL_DROPS	(OZP_DIRECTION_COUNT * OZP_REASON_COUNT)
#define OZP_ETHTOOL_COUNT	(OZP_COUNTER_COUNT + OZP_ETHTOOL_DROPS + 1)

static void ozp_ethtool_drvinfo(struct net_device *dev,
				struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "ozproxy", sizeof(info->driver));
	strscpy(info->version, OZP_VERSION, sizeof(info->version));
}

static int ozp_ethtool_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? OZP_ETHTOOL_COUNT : -EOPNOTSUPP;
}

static void ozp_ethtool_strings(struct net_device *dev, u32 set, u8 *data)
{
	unsigned int i, j;

	if (set != ETH_SS_STATS)
		return;
	for (i = 0; i < OZP_COUNTER_COUNT; i++, data += ETH_GSTRING_LEN)
		strscpy(data, ozp_counter_name(i), ETH_GSTRING_LEN);
	for (i = 0; i < OZP_DIRECTION_COUNT; i++)
		for (j = 0; j < OZP_REASON_COUNT; j++)
			ethtool_sprintf(&data, "%s-drop-%s",
					ozp_direction_name(i),
					ozp_reason_name(j));
	strscpy(data, "flows-evicted", ETH_GSTRING_LEN);
}

static void ozp_ethtool_stats(struct net_device *dev,
			      struct ethtool_stats *stats, u64 *data)
{
	struct ozp_device *oz = netdev_priv(dev);
	struct ozp_stats_sum *sum;

	sum = ozp_stats_sum_new(&oz->convert.stats);
	if (!sum)
		return;
	memcpy(data, sum->packets, sizeof(sum->packets));
	memcpy(data + OZP_COUNTER_COUNT, sum->drops, sizeof(sum->drops));
	data[OZP_COUNTER_COUNT + OZP_ETHTOOL_DROPS] =
		atomic64_read(&oz->convert.flows->evicted);
	kfree(sum);
}

const struct ethtool_ops ozp_ethtool_ops = {
	.get_drvinfo = ozp_ethtool_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_sset_count = ozp_ethtool_count,
	.get_strings = ozp_ethtool_strings,
	.get_ethtool_stats = ozp_ethtool_stats,
};
