// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <linux/module.h>
#include <linux/rcupdate.h>

#include "device.h"
#include "flow_collect.h"
#include "netlink.h"
#include "work.h"

static int __init ozp_init(void)
{
	int err;

	err = ozp_work_init();
	if (err)
		return err;
	err = ozp_flow_cache_init();
	if (err)
		goto err_uninit_work;
	err = ozp_netlink_register();
	if (err)
		goto err_uninit_flow;
	/* Last: from now on there are devices and packets, which announce
	 * misses through the netlink family.
	 */
	err = ozp_device_register(&ozp_netlink_events);
	if (err)
		goto err_unregister_netlink;
	return 0;

err_unregister_netlink:
	ozp_netlink_unregister();
err_uninit_flow:
	ozp_flow_cache_uninit();
err_uninit_work:
	ozp_work_uninit();
	return err;
}

/* Devices first, because their packets use the netlink family, whose requests
 * in turn hold a device no longer than they run. After the barrier no callback
 * of ours is pending; none of them queues another.
 */
static void __exit ozp_exit(void)
{
	ozp_device_unregister();
	ozp_netlink_unregister();
	rcu_barrier();
	ozp_flow_cache_uninit();
	ozp_work_uninit();
}

module_init(ozp_init);
module_exit(ozp_exit);

MODULE_DESCRIPTION("Oakestra overlay: Service IP conversion and UDP tunnel");
MODULE_AUTHOR("The ozproxy authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(OZP_VERSION);
