#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A true round robin: connections are shared out exactly, by weight; an
# Instance IP reaches its instance and no other.
#
#   client     s0 10.19.1.7     s1 10.21.0.1      s2 10.22.0.1
#   10.19.1.3     fc00::107        fc00::201         fc00::301
#   fc00::103      │                │                 │
#        └────┬────┘                │                 │
#         w1 131.1.0.1          w2 131.1.0.2      w3 131.1.0.3
#             └────────── underlay ──┴─────────────────┘
#
#   shop: s0, s1, s2 are its instances 0, 1, 2; 10.30.1.30 fdff:2000::30,
#   Instance IPs 10.30.0.6 .. 10.30.0.8, fdff::6 .. fdff::8
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=trio.bash
. "$(dirname "$0")/trio.bash"

need gojq ozctl

# shop ARG… : what instance 0, 1 and 2 have beside their addresses.
# shellcheck disable=SC2046,SC2086 # words
shop()
{
	service_all shop \
		address 10.30.1.30 policy rr address fdff:2000::30 policy rr \
		$(trio_instance 0 $1) $(trio_instance 1 $2) $(trio_instance 2 $3)
}

use_family()
{
	trio_family "$1"
	robin=10.30.1.30
	(($1 == 4)) || robin=fdff:2000::30
	family=IPv$1
}

# shared NAME CONNECTIONS ADDRESS COUNTS: each from a port of its own, as
# flows of one port to two addresses of a service avoid one another.
shared()
{
	is "$family: $1" "$(sock split "$2" client "$client" "$port" "$3" 80 \
		l0 l1 l2 | sed 's/^l[0-9] //' | xargs)" "$4"
	port=$((port + $2))
}

weights()
{
	check "$family: weights 3, 1 and none given" \
		shop "weight 3" "weight 1" ""
	shared "3 to 1 to 1" 50 "$robin" "30 10 10"
	check "$family: weight 0" shop "weight 0" "" ""
	shared "weight 0 gets nothing" 20 "$robin" "0 10 10"
	check "$family: draining" shop "" "" "draining"
	shared "draining gets nothing" 20 "$robin" "10 10 0"
}

# A connection of before lives on an instance that now drains.
drained_lives()
{
	check "$family: a connection to instance 2" \
		sock connect k client "$client" 4000 "${singles[2]}" 80
	check "$family: it is accepted" sock accept a l2
	check "$family: the instance drains" shop "" "" "draining"
	check "$family: the connection goes on" sock echo k a
	sock close k a
}

# Nothing to choose: the packet is lost under that reason.
none_left()
{
	local lost

	lost=$(drops w1 out no-instance)
	check "$family: every instance drains" \
		shop draining draining "weight 0"
	sock udp u client "$client" 4001
	sock send u ask "$robin" 53
	check "$family: counted as no-instance" wait_until 5 \
		drops_are w1 out no-instance $((lost + 1))
	sock close u
	check "$family: instances again" shop '' '' ''
}

sock_start
check "three workers, a client, three instances" trio_up
check "its service" shop '' '' ''
for family in 4 6; do
	port=20000
	use_family "$family"
	check "$family: instances listen" trio_listen
	share=$(size 100 10)
	shared "$((3 * share)) connections over 3 instances" $((3 * share)) \
		"$robin" "$share $share $share"
	shared "Instance IP of 0" 10 "${singles[0]}" "10 0 0"
	shared "Instance IP of 1" 10 "${singles[1]}" "0 10 0"
	shared "Instance IP of 2" 10 "${singles[2]}" "0 0 10"
	drained_lives
	weights
	none_left
	sock close l0 l1 l2
done
is "w2 and w3 lost nothing" "$(losses w2)$(losses w3)" ""
tap_done
