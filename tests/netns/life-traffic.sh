#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Devices, namespaces and the module go away under traffic.
#
#     c1 ── br0 ── w1: oz0 ══ underlay ══ w2: oz0 ── br0 ── c2
#     X1.0         131.1.0.1              131.1.21.5        X3.0
#     10.19.1.3, fc00::103                10.21.0.1, fc00::201
#
# UDP both ways and a TCP transfer over both families never stop.

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"

need ip ozctl gojq python3 rmmod insmod
[[ -n ${OZPROXY_KO:-} ]] || skip_all "needs OZPROXY_KO, the module's file"

both_up()
{
	device_up w1 && device_up w2 && pair_services w1 w2
}

check "two workers" pair_make
check "two devices with services" both_up
traffic_start c1 c2
check "traffic flows" traffic_flows
check "flows are followed" [ "$(counter w1 flows)" -ge 10 ]

for worker in w1 w2; do
	check "$worker: the device is deleted under traffic" \
		nip "$worker" link del oz0
	check "$worker: no socket is left on its port" \
		wait_until 5 port_free "$worker" 50103
	check "$worker: a new device takes its place" device_up "$worker"
	check "$worker: with the services" pair_services "$worker"
	check "$worker: traffic flows again" traffic_flows
done

# The table in motion: moved, emptied, cleared, removed, set again; flows
# flushed, options changed.
# shellcheck disable=SC2046 # words of an instance
churn()
{
	local i job=X.default.X3.default address='address 10.30.1.30 policy rr'

	for ((i = 0; i < 4; i++)); do
		# shellcheck disable=SC2086 # words of an address
		service_set w1 "$job" $address $(instance "$((i % 3))" \
			10.21.0.1,fc00::201 10.30.0.6,fdff::6 \
			131.1.0.99 50103) &&
			service_set w1 "$job" $address &&
			ns w1 ozctl flow flush >/dev/null &&
			ns w1 ozctl device set oz0 flow-limit $((16 + i)) \
				local "131.1.0.1,131.1.0.$((100 + i))" &&
			ns w1 ozctl service del "$job" &&
			pair_services w1 &&
			clear_now "$job" || return 1
	done
	ns w1 ozctl device set oz0 flow-limit 65536 local none &&
		pair_services w1
}

# Cleared whatever its use: the generation is the only condition.
clear_now()
{
	local generation

	generation=$(ns w1 ozctl -j service show "$1" |
		jq -r 'if type == "array" then .[0] else . end | .generation')
	ns w1 ozctl service clear "$1" generation "$generation"
}
check "4 rounds of changes under traffic" churn
check "traffic flows again" traffic_flows

# Deleted with both directions' packets in the air, and at once made again.
again()
{
	local i

	for ((i = 0; i < 4; i++)); do
		nip w1 link del oz0 && device_up w1 && pair_services w1 ||
			return 1
	done
}
check "four times deleted and made again" again
check "traffic flows again" traffic_flows

check "the module is removed under traffic" rmmod ozproxy
check "with all its devices" no_devices
check "w1: and the socket" wait_until 5 port_free w1 50103
check "w2: and the socket" wait_until 5 port_free w2 50103
check "the module comes back" insmod "$OZPROXY_KO"
check "and the devices" both_up
check "traffic flows again" traffic_flows

# The namespaces of worker and container go, with everything in them.
check "w2's namespace is deleted with its device" netns_del w2
check "w2's end of the underlay goes with it" wait_until 20 \
	device_gone underlay u-w2
check "w1 still answers" ns w1 ozctl stats show
check "the traffic still tries" traffic_runs
check "w1's counters add up under traffic" counters_add_up w1 oz0
check "w1's namespace is deleted with its device" netns_del w1
check "w1's end of the underlay goes with it" wait_until 20 \
	device_gone underlay u-w1
bg_stop "$TRAFFIC_PID"
check "nothing holds the module, it goes and comes back" module_cycle
tap_done
