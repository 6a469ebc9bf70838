#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Equal ports never cross: flows are told apart by the whole tuple.
#
#   c0 10.19.1.3   c1 10.19.1.6        s0 .. s3  10.21.0.1 .. 10.21.0.4
#   fc00::103      fc00::106           fc00::201 .. fc00::204
#        └─────┬──────┘                     └─────────┬─────────┘
#          w1 131.1.0.1 ═════ underlay ═════ w2 131.1.0.2
#
#   service   instances   address               Instance IPs
#   client    c0, c1      10.30.0.1             10.30.0.2, 10.30.0.3
#   one       s0          10.30.1.1             10.30.1.2
#   other     s1          10.30.2.1             10.30.2.2
#   pair      s2, s3      10.30.3.1             10.30.3.2, 10.30.3.3
#   many      0 to 15 of  10.30.9.1 to .9       10.30.9.100 to .115
#             nobody, the
#             next nearest
#   and in IPv6 fdff:2000::1:1 for 10.30.1.1, fdff::1:2 for 10.30.1.2 and so on
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need gojq ozctl

topology()
{
	local i

	worker_add w1 && worker_add w2 &&
		underlay_join w1 131.1.0.1/24 && underlay_join w2 131.1.0.2/24 &&
		container_add w1 c0 10.19.1.3/26 fc00::103/120 &&
		container_add w1 c1 10.19.1.6/26 fc00::106/120 || return 1
	for i in 0 1 2 3; do
		container_add w2 "s$i" "10.21.0.$((i + 1))/26" \
			"fc00::20$((i + 1))/120" || return 1
	done
	device_up w1 && device_up w2
}

# instance N CONTAINER-ADDRESSES SERVICE.HOST WORKER
at()
{
	instance "$1" "$2" "10.30.$3.$4,fdff::$3:$4" "131.1.0.$5" 50103
}

address()
{
	echo "address 10.30.$1.1 policy rr address fdff:2000::$1:1 policy rr"
}

# shellcheck disable=SC2046 # words
services()
{
	service_all client $(address 0) \
		$(at 0 10.19.1.3,fc00::103 0 2 1) \
		$(at 1 10.19.1.6,fc00::106 0 3 1) &&
	service_all one $(address 1) $(at 0 10.21.0.1,fc00::201 1 2 2) &&
	service_all other $(address 2) $(at 0 10.21.0.2,fc00::202 2 2 2) &&
	service_all pair $(address 3) \
		$(at 0 10.21.0.3,fc00::203 3 2 2) \
		$(at 1 10.21.0.4,fc00::204 3 3 2) &&
	service_set w1 many \
		$(printf 'address 10.30.9.%d policy closest ' {1..9}) \
		$(printf 'address fdff:3000::9:%d policy closest ' {1..9}) \
		$(for i in {0..15}; do
			echo "$(at "$i" "10.22.0.$((i + 1)),fc00::30$((i + 1))" \
				9 "$((i + 100))" 3)" metric "$((i + 1))"
		done)
}

# The addresses of one family; rr[N] and one[N] are those of service N, and many
# is what those of the service of that name have in common.
use_family()
{
	local i

	if (($1 == 4)); then
		c=(10.19.1.3 10.19.1.6)
		ci=(10.30.0.2 10.30.0.3) many=10.30.9. port=7400
		s=(10.21.0.1 10.21.0.2 10.21.0.3 10.21.0.4)
		for i in 1 2 3; do
			rr[i]=10.30.$i.1 one[i]=10.30.$i.2 two[i]=10.30.$i.3
		done
	else
		c=(fc00::103 fc00::106)
		ci=(fdff::2 fdff::3) many=fdff:3000::9: port=7500
		# An address ends in 0:N where the third number is 0.
		s=(fc00::201 fc00::202 fc00::203 fc00::204)
		for i in 1 2 3; do
			rr[i]=fdff:2000::$i:1 one[i]=fdff::$i:2 two[i]=fdff::$i:3
		done
	fi
	family=IPv$1
}

# Two TCP clients use port 5000 towards one instance.
same_source_port()
{
	local i name="$family: two clients with one source port"

	sock listen l s0 "${s[0]}" 80 >/dev/null
	for i in 0 1; do
		check "$name: client $i connects" sock connect "k$i" "c$i" \
			"${c[i]}" 5000 "${rr[1]}" 80
		is "$name: the server sees client $i" \
			"$(sock accept "a$i" l)" "${ci[i]} 5000"
	done
	for i in 1 0 1; do
		check "$name: client $i talks" sock echo "k$i" "a$i"
	done
	# UDP with the same ports beside TCP.
	sock udp u0 c0 "${c[0]}" 5000
	sock udp v0 s0 "${s[0]}" 80
	sock send u0 datagram "${rr[1]}" 80
	is "$family: UDP has the ports of TCP, the server sees it" \
		"$(sock receive v0)" "${ci[0]} 5000 datagram"
	sock send v0 answer "${ci[0]}" 5000
	is "$family: and the client its answer" "$(sock receive u0)" \
		"${rr[1]} 80 answer"
	check "$family: while TCP goes on" sock echo k0 a0
	sock close u0 v0 k0 k1 a0 a1 l
}

# One UDP socket asks two services on port 53.
two_services()
{
	local i name="$family: one socket to two services"

	sock udp u c0 "${c[0]}" 6000
	for i in 1 2; do
		sock udp "v$i" "s$((i - 1))" "${s[i - 1]}" 53
		sock send u "ask$i" "${rr[i]}" 53
		is "$name: service $i is asked" "$(sock receive "v$i")" \
			"${ci[0]} 6000 ask$i"
	done
	# Answers in the other order.
	for i in 2 1; do
		sock send "v$i" "answer$i" "${ci[0]}" 6000
		is "$name: service $i answers" "$(sock receive u)" \
			"${rr[i]} 53 answer$i"
	done
	check "$name: nothing else came" sock silent u
	sock close u v1 v2
}

# One source port to the round robin and an Instance IP of one service: the
# replies of one instance could not be told apart, so another is chosen.
two_addresses()
{
	local name="$family: one port to two addresses of a service" port

	sock udp v0 s2 "${s[2]}" 53
	sock udp v1 s3 "${s[3]}" 53
	# Twice, as the round robin's turn must not matter.
	for port in 7001 7002 7003; do
		sock udp u c0 "${c[0]}" "$port"
		sock send u single "${one[3]}" 53
		is "$name: $port: the Instance IP reaches its instance" \
			"$(sock receive v0)" "${ci[0]} $port single"
		sock send u robin "${rr[3]}" 53
		is "$name: $port: the round robin takes the other" \
			"$(sock receive v1)" "${ci[0]} $port robin"
		sock send v1 answer1 "${ci[0]}" "$port"
		is "$name: $port: the answer to the round robin" \
			"$(sock receive u)" "${rr[3]} 53 answer1"
		sock send v0 answer0 "${ci[0]}" "$port"
		is "$name: $port: the answer to the Instance IP" \
			"$(sock receive u)" "${one[3]} 53 answer0"
		sock close u
	done
	tcp_two_addresses
	sock close v0 v1
}

tcp_two_addresses()
{
	local name="$family: TCP, one port to two addresses"

	sock listen l0 s2 "${s[2]}" 80
	sock listen l1 s3 "${s[3]}" 80
	check "$name: to the Instance IP" sock connect k0 c0 "${c[0]}" 7010 \
		"${two[3]}" 80
	check "$name: to the round robin" sock connect k1 c0 "${c[0]}" 7010 \
		"${rr[3]}" 80
	check "$name: the first is with its instance" sock accept a0 l1
	check "$name: the second with the other" sock accept a1 l0
	check "$name: the first talks" sock echo k0 a0
	check "$name: the second talks" sock echo k1 a1
	sock close k0 k1 a0 a1 l0 l1
}

# With one instance there is no other to choose: refused, and counted.
conflict()
{
	local name="$family: a conflict without another instance" lost

	lost=$(drops w1 out reply-conflict)
	sock udp v s0 "${s[0]}" 53
	sock udp u c0 "${c[0]}" 7100
	sock send u robin "${rr[1]}" 53
	is "$name: the first address is served" "$(sock receive v)" \
		"${ci[0]} 7100 robin"
	sock send u single "${one[1]}" 53
	check "$name: the second is counted as reply-conflict" wait_until 5 \
		drops_are w1 out reply-conflict $((lost + 1))
	sock send v answer "${ci[0]}" 7100
	is "$name: the first goes on" "$(sock receive u)" \
		"${rr[1]} 53 answer"
	check "$name: the second never arrived" sock silent v
	sock close u
	# A port of its own: no conflict.
	sock udp u c0 "${c[0]}" 7101
	sock send u single "${one[1]}" 53
	is "$name: another port is served" "$(sock receive v)" \
		"${ci[0]} 7101 single"
	sock close u v
}

# The same where one of two instances was taken over by another service, and is
# only in the list still: the reason stays what it is.
# shellcheck disable=SC2046 # words
conflict_beside_loss()
{
	local name="$family: a conflict beside a lost instance" lost only

	read -r -a only < <(at 0 10.21.0.1,fc00::201 1 2 2)
	check "$name: a service of two" service_set w1 one $(address 1) "${only[@]}" \
		$(at 1 10.22.1.1,fc00::401 1 3 2)
	check "$name: one is another's" service_set w1 thief $(address 4) \
		$(at 0 10.22.1.1,fc00::401 4 2 2)
	lost=$(drops w1 out reply-conflict)
	sock udp v s0 "${s[0]}" 53
	sock udp u c0 "${c[0]}" 7102
	sock send u single "${one[1]}" 53
	is "$name: an instance is served" "$(sock receive v)" \
		"${ci[0]} 7102 single"
	sock send u robin "${rr[1]}" 53
	check "$name: its service is counted as reply-conflict" wait_until 5 \
		drops_are w1 out reply-conflict $((lost + 1))
	sock close u v
	check "$name: as before" service_set w1 one $(address 1) "${only[@]}"
	check "$name: without the other" ns w1 ozctl service del thief
}

# The instances that flows from a port have, in order.
instances_of()
{
	flow_find w1 "[.[] | select(.[\"source-port\"] == $1) | .instance] | sort"
}

# A new flow is offered to no more than eight instances, though others are free.
offers()
{
	local name="$family: one port to nine addresses" i lost

	lost=$(drops w1 out reply-conflict)
	sock udp u c0 "${c[0]}" "$port"
	for i in {1..8}; do
		sock send u many "$many$i" 53
	done
	is "$name: eight have an instance each, from the nearest on" \
		"$(instances_of "$port")" "[0,1,2,3,4,5,6,7]"
	sock send u many "${many}9" 53
	check "$name: the ninth is refused" wait_until 5 \
		drops_are w1 out reply-conflict $((lost + 1))
	is "$name: and has none" "$(instances_of "$port")" "[0,1,2,3,4,5,6,7]"
	sock udp n c0 "${c[0]}" $((port + 1))
	sock send n many "${many}9" 53
	is "$name: from another port it has the nearest" \
		"$(instances_of $((port + 1)))" "[0]"
	sock close u n
}

# from_c0 COMMAND…: c0 sends what that command of sock.py makes.
from_c0()
{
	sock frame from "$(gateway_mac w1)" "$(sock "$@")"
}

# No socket sends from port 0 or to it, but it is a port like others.
port_zero()
{
	local name="$family: port 0"

	ns w1 ozctl flow flush
	sock capture from c0 eth0
	sock capture there s0 eth0
	sock udp v s0 "${s[0]}" 53
	from_c0 build udp "${c[0]}" 0 "${rr[1]}" 53 ask
	is "$name: a datagram from it arrives" "$(sock receive v)" \
		"${ci[0]} 0 ask"
	sock frame there "$(gateway_mac w2)" \
		"$(sock build udp "${s[0]}" 53 "${ci[0]}" 0 answer)"
	is "$name: so does the answer to it" "$(sock payload from in 0)" \
		"$(printf answer | od -An -tx1 | tr -d ' ')"
	from_c0 build udp "${c[0]}" 7600 "${rr[1]}" 0 zero
	is "$name: and a datagram to it" "$(sock payload there in 0)" \
		"$(printf zero | od -An -tx1 | tr -d ' ')"
	from_c0 segment "${c[0]}" 0 "${rr[1]}" 0 S
	check "$name: TCP from it to it" sock expect there \
		"*${ci[0]}*:0>*${s[0]}*:0 tcp S*"
	is "$name: they are flows like others" "$(instances_of 0)" "[0,0]"
	sock close from there v
}

# A connection that is over gives its port back at once, to either address.
closed()
{
	local name="$family: the port of a closed connection" to

	sock listen l s0 "${s[0]}" 80
	for to in "${rr[1]}" "${one[1]}" "${rr[1]}"; do
		check "$name: connects to $to" sock connect k c0 "${c[0]}" 7200 \
			"$to" 80
		check "$name: is accepted" sock accept a l
		check "$name: talks" sock echo k a
		# The client first, so that the server remembers nothing.
		sock close k
		is "$name: ends" "$(sock receive a)" hex:
		sock close a
		check "$name: has ended" wait_until 5 connection_is_over 7200
	done
	sock close l
}

connection_is_over()
{
	[[ $(flow_find w1 ".[] | select(.[\"source-port\"] == $1 and
		.protocol == 6) | .state" | sort -u) == '"closing"' ]] &&
		[[ -z $(ns s0 ss -Htan "dport = :$1") ]]
}

# ends FROM TO: the first and the last port number.
ends()
{
	local name="$family: ports $1 to $2"

	sock udp u c0 "${c[0]}" "$1"
	sock udp v s0 "${s[0]}" "$2"
	sock send u ask "${rr[1]}" "$2"
	is "$name: UDP arrives" "$(sock receive v)" "${ci[0]} $1 ask"
	sock send v answer "${ci[0]}" "$1"
	is "$name: UDP is answered" "$(sock receive u)" "${rr[1]} $2 answer"
	sock listen l s0 "${s[0]}" "$2"
	check "$name: TCP connects" sock connect k c0 "${c[0]}" "$1" \
		"${rr[1]}" "$2"
	is "$name: TCP arrives" "$(sock accept a l)" "${ci[0]} $1"
	check "$name: TCP talks" sock echo k a
	sock close u v k a l
}

sock_start
check "two workers, six containers" topology
check "four services" services
for family in 4 6; do
	use_family "$family"
	same_source_port
	two_services
	two_addresses
	conflict
	conflict_beside_loss
	offers
	closed
	port_zero
	ends 65535 1
	ends 1 65535
done
is "only the six conflicts were lost" "$(losses w1), $(losses w2)" \
	"out reply-conflict 6, "
tap_done
