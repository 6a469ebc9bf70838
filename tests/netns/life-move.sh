#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A device moves to another namespace and leaves its socket behind; either
# namespace can go first.
#
#     c1 ── br0 ── w1: oz0          w2: oz0 ── br0 ── c2
#                      :(socket)    131.1.21.5
#                  u1: un0 ══ underlay ══ un0
#                      131.1.0.1
#
# oz0 of w1 is made in u1, the second time in u3, and moved to w1, which has no
# underlay at all.

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"

need ip ozctl gojq python3 rmmod insmod
[[ -n ${OZPROXY_KO:-} ]] || skip_all "needs OZPROXY_KO, the module's file"

far_side()
{
	worker_add w2 && underlay_join w2 131.1.21.5/24 2001:db8:2::5/64 &&
		container_add w2 c2 10.21.0.1/26 fc00::201/120 &&
		device_up w2 && pair_services w2
}

# near_side UNDERLAY: the worker, with its way out in a namespace of that name.
near_side()
{
	netns_add "$1" && underlay_join "$1" 131.1.0.1/24 2001:db8:1::1/64 &&
		worker_add w1 &&
		container_add w1 c1 10.19.1.3/26 fc00::103/120 &&
		ns "$1" ozctl device add oz0 &&
		nip "$1" link set oz0 netns "$(ns_name w1)"
}

near_up()
{
	ns w1 ozctl device up oz0 && pair_services w1
}

socket_in()
{
	! port_free "$1" 50103
}

drops_some()
{
	(($(drops w1 out no-underlay) > 0))
}

check "a worker" far_side
check "a device is made in the underlay and moved to its worker" near_side u1
check "it comes up there" near_up
check "its socket is in the underlay" socket_in u1
check "and not with the device" port_free w1 50103
traffic_start c1 c2
check "the moved device works" traffic_flows
check "nothing was lost" [ -z "$(losses w1)" ]

check "the namespace of the socket is deleted" netns_del u1
check "nothing holds it" wait_until 20 device_gone underlay u-u1
check "the device is still there" nip w1 link show dev oz0
check "its packets are lost as no-underlay" wait_until 10 drops_some
check "the table is still there" ns w1 ozctl service show X.default.X3.default
check "the counters add up" counters_add_up w1 oz0
check "down and up does not crash, whatever it says" \
	sh -c "$(printf '%q ' ip -n "$(ns_name w1)") link set oz0 down;
		$(printf '%q ' ip -n "$(ns_name w1)") link set oz0 up; true"
check "the device is deleted" nip w1 link del oz0
check "the traffic still tries" traffic_runs
bg_stop "$TRAFFIC_PID"
check "the worker's namespace is deleted" netns_del w1
netns_del c1

check "the same once more" near_side u3
check "it comes up" near_up
traffic_start c1 c2
check "traffic flows" traffic_flows
check "the namespace of the device is deleted" netns_del w1
check "the socket goes too" wait_until 20 port_free u3 50103
check "the underlay's namespace is still whole" nip u3 link show dev un0
check "a new device takes the port" ns u3 ozctl device add oz1
check "and comes up" nip u3 link set oz1 up
check "both are deleted" netns_del u3
check "nothing holds it" wait_until 20 device_gone underlay u-u3
bg_stop "$TRAFFIC_PID"
netns_del w2
check "nothing holds the module, it goes and comes back" module_cycle
tap_done
