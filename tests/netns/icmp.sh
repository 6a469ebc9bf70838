#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ICMP through the overlay: echoes to Service IPs and Instance IPs, between
# workers, on one worker, and from an instance to itself.
#
#   c1 X1.0              c4 X4.0              c3 X3.0
#   10.19.1.3 fc00::103  10.19.1.4 fc00::104  10.21.0.1 fc00::201
#      └────────── br0 ──────┘                    │
#      w1 131.1.0.1 2001:db8:1::1          w2 131.1.21.5 2001:db8:2::5
#                └──────── underlay ───────────────┘
#
#        Service IP               Instance IP
#   X1   10.30.0.1 fdff:2000::1   10.30.0.2 fdff::2
#   X3   10.30.1.30 fdff:2000::30 10.30.0.6 fdff::6
#   X4   10.30.0.3 fdff:2000::3   10.30.0.4 fdff::4
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need jq ozctl ping

topology()
{
	worker_add w1 && worker_add w2 &&
		underlay_join w1 131.1.0.1/24 2001:db8:1::1/64 &&
		underlay_join w2 131.1.21.5/24 2001:db8:2::5/64 &&
		container_add w1 c1 10.19.1.3/26 fc00::103/120 &&
		container_add w1 c4 10.19.1.4/26 fc00::104/120 &&
		container_add w2 c3 10.21.0.1/26 fc00::201/120 &&
		device_up w1 && device_up w2
}

# shellcheck disable=SC2046 # words of instances
services()
{
	service_all X1 address 10.30.0.1 policy rr \
		address fdff:2000::1 policy rr $(instance 0 \
		10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) &&
	service_all X3 address 10.30.1.30 policy rr \
		address fdff:2000::30 policy rr $(instance 0 \
		10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.21.5 50103) &&
	service_all X4 address 10.30.0.3 policy rr \
		address fdff:2000::3 policy rr $(instance 0 \
		10.19.1.4,fc00::104 10.30.0.4,fdff::4 131.1.0.1 50103)
}

use_family()
{
	family=IPv$1
	if (($1 == 4)); then
		c1=10.19.1.3 c3=10.21.0.1 x1=10.30.0.1 x3=10.30.1.30 x4=10.30.0.3
		i1=10.30.0.2 i3=10.30.0.6 protocol=icmp
	else
		c1=fc00::103 c3=fc00::201 x1=fdff:2000::1 x3=fdff:2000::30
		x4=fdff:2000::3 i1=fdff::2 i3=fdff::6 protocol=icmpv6
	fi
}

# Who answers, and with which TTL: both workers routed the answer.
answers()
{
	ns "$1" ping -n -c 1 -W 15 "${@:3}" "$2" 2>&1 |
		sed -nE 's/.* from ([^ ]*): icmp_seq=1 ttl=([0-9]*).*/\1 \2/p'
}

echoes()
{
	is "$family: a Service IP answers" "$(answers c1 "$x3")" "$x3 62"
	is "$family: an Instance IP answers" "$(answers c1 "$i3")" "$i3 62"
	is "$family: the other way round" "$(answers c3 "$x1")" "$x1 62"
	is "$family: on the same worker" "$(answers c1 "$x4")" "$x4 62"
	is "$family: from an instance to itself" "$(answers c1 "$x1")" "$x1 62"
	is "$family: 1200 bytes" "$(answers c1 "$x3" -s 1200)" "$x3 62"
	is "$family: no data" "$(answers c1 "$x3" -s 0)" "$x3 62"
}

identifiers()
{
	local key='[."source-port", ."destination-port", ."converted-source-ipv4" //
		."converted-source-ipv6", .instance]'

	check "$family: flows end" ns w1 ozctl flow flush
	is "$family: identifier 65535" "$(answers c1 "$x3" -e 65535)" "$x3 62"
	is "$family: identifier 1" "$(answers c1 "$x3" -e 1)" "$x3 62"
	is "$family: a flow each, by identifier" \
		"$(ns w1 ozctl -j flow show protocol "$protocol" |
			jq -c "map($key) | sort")" \
		"[[1,0,\"$i1\",0],[65535,0,\"$i1\",0]]"
	like "$family: as text" "$(ns w1 ozctl flow show from "$(end "$c1" 1)")" \
		"^$protocol established.*$c1 > $x3, echo request 1"
	like "$family: the other worker's" \
		"$(ns w2 ozctl flow show protocol "$protocol" \
			to "$(end "$i1" 65535)")" \
		"^$protocol unanswered.*$c3 > $i1, echo reply 65535"
	is "$family: the flow of one identifier is ended" \
		"$(ns w1 ozctl flow flush protocol "$protocol" \
			from "$(end "$c1" 1)")" "1 flow ended"
}

# Of either family, with a port.
end()
{
	[[ $1 == *:* ]] && echo "[$1]:$2" || echo "$1:$2"
}

check "two workers, three containers" topology
check "a table" services
for number in 4 6; do
	use_family "$number"
	echoes
	identifiers
done
no_drops w1 w2
tap_done
