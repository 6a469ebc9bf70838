#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Allocations of the module fail: packets are dropped under a reason, requests
# are refused, and what was there before goes on. What is left behind, kmemleak
# finds at the end of the guest. Requests of which each allocation fails once
# are in tests/netlink/memory.c (memory-requests.sh).
#
#     c1 ── br0 ── w1: oz0 ══ underlay ══ w2: oz0 ── br0 ── c2
#     X1.0         131.1.0.1              131.1.21.5        X3.0
#
# kernels: debug
# covers: no-memory

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"
# shellcheck source-path=SCRIPTDIR source=failslab.bash
. "$(dirname "$0")/failslab.bash"

need ip nm ozctl gojq python3
failslab_there || skip_all "needs a kernel with CONFIG_FAILSLAB"

has_failed()
{
	[[ $(<"$FAILSLAB/times") == 0 ]]
}

# lose NAME ADDRESS: the one allocation for a datagram to ADDRESS fails.
lose()
{
	local before

	before=$(drops w1 out no-memory)
	failslab_set times=1 probability=100
	sock send new lost "$2" 53
	check "$1 finds no memory" wait_until 5 has_failed
	failslab_off
	is "$1 is dropped under its reason" "$(drops w1 out no-memory)" \
		$((before + 1))
}

packets()
{
	sock udp old c1 10.19.1.3 4000
	sock udp there c2 10.21.0.1 53
	sock send old before 10.30.1.30 53
	is "a datagram arrives" "$(sock receive there)" "10.30.0.2 4000 before"
	sock udp new c1 10.19.1.3 4001
	lose "a new flow" 10.30.1.30
	lose "a miss" 10.30.200.200
	is "nothing of it is remembered as a miss" \
		"$(ns w1 ozctl -j miss show | jq length)" 0
	sock send new after 10.30.1.30 53
	is "memory is there again, and the datagram arrives" \
		"$(sock receive there)" "10.30.0.2 4001 after"
	sock send old still 10.30.1.30 53
	is "and the old flow is as it was" "$(sock receive there)" \
		"10.30.0.2 4000 still"
	sock close old new there
}

# Datagrams that came in one packet and leave in fragments are taken apart first:
# each of the allocations for that fails once, and one loss is counted for all.
pieces()
{
	local space before failed=0 lost i got=0

	underlay_mtu w1 1280
	sock udp old c1 10.19.1.3 4002
	sock fragment old
	sock udp there c2 10.21.0.1 53
	sock send old before 10.30.1.30 53
	is "a flow" "$(sock receive there)" "10.30.0.2 4002 before"
	before=$(drops w1 out no-memory)
	for ((space = 0; space < 12000; space += 400)); do
		failslab_set "space=$space" times=1 probability=100
		sock burst old 3 1250 10.30.1.30 53
		has_failed && ((++failed))
		failslab_off
	done
	failslab_set space=0
	lost=$(($(drops w1 out no-memory) - before))
	check "allocations of a split failed ($failed), packets were lost ($lost)" \
		test "$failed" -ge 3 -a "$lost" -ge 1 -a "$lost" -le "$failed"
	while sock receive there >/dev/null; do
		sock silent there >/dev/null && break
	done
	sock burst old 3 1250 10.30.1.30 53
	for i in 1 2 3; do
		[[ $(sock receive there) == "10.30.0.2 4002 hex:"* ]] && ((++got))
	done
	is "with memory all of a packet arrive" "$got" 3
	underlay_mtu w1 1500
	sock close old there
}

# Everything at once, and every tenth allocation fails.
churn()
{
	local i

	failslab_set probability=10 times=100000
	for ((i = 0; i < 4; i++)); do
		ns w1 ozctl flow flush
		pair_services w1
		ns w1 ozctl device set oz0 local "131.1.0.1,131.1.0.$((100 + i))"
		ns w1 ozctl -j service show
		ns w2 ozctl service del X.default.X3.default
		pair_services w2
	done
	failslab_set probability=0
	echo "$((100000 - $(<"$FAILSLAB/times"))) allocations failed"
	(($(<"$FAILSLAB/times") < 99900)) &&
		ns w1 ozctl device set oz0 local none && pair_services w1 &&
		pair_services w2
}

at_exit failslab_off
check "two workers" pair_make
check "with devices" eval 'device_up w1 && device_up w2'
check "and services" pair_services w1 w2
sock_start
check "only the module's allocations will fail" failslab_prepare
packets
pieces
traffic_start c1 c2
check "traffic flows" traffic_flows
check "changes under traffic, and every tenth allocation fails" churn
check "traffic flows again" traffic_flows
bg_stop "$TRAFFIC_PID"
tap_done
