#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Two containers share a flow table that is full: none of them can push out what
# the other has, and the one with far more makes room for the other.
#
#   c 10.19.1.3 fc00::103     s0 10.21.0.1 fc00::201
#   d 10.19.1.6 fc00::106     s1, not used
#       │                        │
#   w1 131.1.0.1              w2 131.1.0.2
#       └─────────── underlay ───┘
#
#   shop: s0 10.30.1.30 fdff:2000::30, with the Instance IP 10.30.0.6 fdff::6
#
# covers: flow-table-full
# timeout: 180
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need gojq ozctl

topology()
{
	workers_up 2 && shop_containers c &&
		container_add w1 d 10.19.1.6/26 fc00::106/120
}

# shellcheck disable=SC2046 # words
services()
{
	service_all client \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) \
		$(instance 1 10.19.1.6,fc00::106 10.30.0.3,fdff::3 131.1.0.1 50103) &&
		service_all shop address 10.30.1.30 policy rr \
			address fdff:2000::30 policy rr \
			$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.0.2 50103)
}

use_family()
{
	if (($1 == 4)); then
		c=10.19.1.3 d=10.19.1.6 s0=10.21.0.1 sip=10.30.1.30
	else
		c=fc00::103 d=fc00::106 s0=fc00::201 sip=fdff:2000::30
	fi
	family=IPv$1
}

# connect_each CONTAINER ADDRESS FROM TO: on ports from 7000 on.
connect_each()
{
	local i

	for ((i = $3; i <= $4; i++)); do
		sock connect "$1$i" "$1" "$2" $((7000 + i)) "$sip" 80 &&
			sock accept "a$1$i" l || return 1
	done
}

echo_each()
{
	local i

	for ((i = $2; i <= $3; i++)); do
		sock echo "$1$i" "a$1$i" || return 1
	done
}

# How many flows a source has.
flows_of()
{
	flow_find w1 "[.[] | select((.[\"source-ipv4\"] // .[\"source-ipv6\"]) == \"$1\")] | length"
}

refused_are()
{
	drops_are w1 out flow-table-full $(($1 + $2))
}

shared()
{
	local name="$family: a full table" refused i

	sock listen l s0 "$s0" 80
	check "$name: three connections of d" connect_each d "$d" 1 3
	check "$name: thirteen of c" connect_each c "$c" 1 13
	is "$name: it is full" "$(counter w1 flows)" 16
	refused=$(drops w1 out flow-table-full)
	sock flood wire "$gateway" "$c" 10000 40 "$sip" 80
	check "$name: more of c are refused" wait_until 10 refused_are "$refused" 40
	is "$name: d has all of its" "$(flows_of "$d")" 3
	check "$name: they talk" echo_each d 1 3
	is "$name: c has all of its" "$(flows_of "$c")" 13
	check "$name: they talk" echo_each c 1 13
	check "$name: d gets one more" connect_each d "$d" 4 4
	check "$name: all of d talk" echo_each d 1 4
	is "$name: at the cost of c" "$(flows_of "$d"), $(flows_of "$c")" "4, 12"
	check "$name: and as long as c has twice as many and more" \
		connect_each d "$d" 5 5
	is "$name: another one" "$(flows_of "$d"), $(flows_of "$c")" "5, 11"
	refused=$(drops w1 out flow-table-full)
	sock flood other "$gateway" "$d" 10000 20 "$sip" 80
	check "$name: then d is refused" wait_until 10 refused_are "$refused" 20
	is "$name: nothing changes" "$(flows_of "$d"), $(flows_of "$c")" "5, 11"
	sock close l
	for i in {1..13}; do
		sock close "c$i" "ac$i"
	done
	for i in {1..5}; do
		sock close "d$i" "ad$i"
	done
	ns w1 ozctl flow flush
}

sock_start
check "two workers" topology
check "services" services
check "room for 16 flows" ns w1 ozctl device set oz0 flow-limit 16
gateway=$(gateway_mac w1)
sock capture wire c eth0
sock capture other d eth0
for family in 4 6; do
	use_family "$family"
	shared
done
tap_done
