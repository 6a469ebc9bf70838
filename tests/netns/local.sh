#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Between containers of one worker, and from an instance to itself (hairpin):
# the same conversion, and nothing on the wire.
#
#   a  10.19.1.3 fc00::103      b  10.19.1.6 fc00::106
#   hairpin.0 10.30.0.2         near.0 10.30.1.2
#          └───────────┬───────────┘
#               w1 131.1.0.1  (un0: nothing may leave)
#
#   hairpin: 10.30.0.1 fdff:2000::1      near: 10.30.1.1 fdff:2000::1:1
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
	worker_add w1 && underlay_join w1 131.1.0.1/24 2001:db8:1::1/64 &&
		container_add w1 a 10.19.1.3/26 fc00::103/120 &&
		container_add w1 b 10.19.1.6/26 fc00::106/120 &&
		device_up w1
}

# How the node of the instances is written down: "local" by the address.
# shellcheck disable=SC2046,SC2086 # words
services()
{
	service_set w1 hairpin \
		address 10.30.0.1 policy rr address fdff:2000::1 policy rr \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 $1) &&
	service_set w1 near \
		address 10.30.1.1 policy rr address fdff:2000::1:1 policy rr \
		$(instance 0 10.19.1.6,fc00::106 10.30.1.2,fdff::1:2 $1)
}

use_family()
{
	if (($1 == 4)); then
		a=10.19.1.3 b=10.19.1.6 self=10.30.0.1 near=10.30.1.1
		ai=10.30.0.2 bi=10.30.1.2
	else
		a=fc00::103 b=fc00::106 self=fdff:2000::1 near=fdff:2000::1:1
		ai=fdff::2 bi=fdff::1:2
	fi
	name="$2, IPv$1"
}

neighbour()
{
	sock listen l b "$b" 80
	check "$name: a connects to b" sock connect k a "$a" 5000 "$near" 80
	is "$name: b sees a's Instance IP" "$(sock accept s l)" "$ai 5000"
	check "$name: they talk" sock echo k s
	sock udp u a "$a" 5000
	sock udp v b "$b" 53
	sock send u ask "$near" 53
	is "$name: b gets a datagram" "$(sock receive v)" "$ai 5000 ask"
	sock send v answer "$ai" 5000
	is "$name: a gets the answer" "$(sock receive u)" "$near 53 answer"
	sock udp w b "$b" 54
	sock send u again "$bi" 54
	is "$name: b's Instance IP serves too" "$(sock receive w)" \
		"$ai 5000 again"
	sock close k s l u v w
}

hairpin()
{
	sock listen l a "$a" 80
	check "$name: a connects to its own service" \
		sock connect k a "$a" 5001 "$self" 80
	is "$name: it sees its own Instance IP" "$(sock accept s l)" \
		"$ai 5001"
	check "$name: it talks to itself" sock echo k s
	sock udp u a "$a" 5001
	sock udp v a "$a" 53
	sock send u ask "$self" 53
	is "$name: a datagram of its own" "$(sock receive v)" "$ai 5001 ask"
	sock send v answer "$ai" 5001
	is "$name: and the answer to it" "$(sock receive u)" \
		"$self 53 answer"
	sock close k s l u v
}

# One socket asks its own port. Question and answer have one tuple, so nothing
# can tell them apart: the question may come from either address of the
# asker, but what is sent there must come back from the address that was used.
hairpin_equal_ports()
{
	local word from port got

	sock udp u a "$a" 7777
	for word in one two; do
		sock send u "ask$word" "$self" 7777
		read -r from port got < <(sock receive u)
		like "$name: equal ports: question $word" "$from $port $got" \
			"^($ai|$self) 7777 ask$word\$"
		sock send u "answer$word" "$from" "$port"
		is "$name: equal ports: answer $word" "$(sock receive u)" \
			"$self 7777 answer$word"
	done
	sock close u
}

# asked_for DATA FAMILY SOURCE DESTINATION: a datagram from another node
asked_for()
{
	sock send "peer$2" "hex:$(sock build udp "$3" 53 "$4" 4000 "$1")" \
		"${worker[$2]}" 50103
}

# is_ours_while_it_is_here FAMILY SOURCE DESTINATION NODE/LEN: whether an instance
# is here follows the addresses of the worker at once.
is_ours_while_it_is_here()
{
	local before

	before=$(drops w1 in destination-not-local)
	asked_for early "$@"
	check "IPv$1: not ours" wait_until 5 \
		drops_are w1 in destination-not-local $((before + 1))
	nip w1 address add "$4" dev un0 nodad
	asked_for there "$@"
	is "IPv$1: the address comes, the instance is ours" \
		"$(sock receive "v$1")" "$2 53 there"
	nip w1 address del "$4" dev un0
	asked_for late "$@"
	check "IPv$1: the address goes, it is not any more" wait_until 5 \
		drops_are w1 in destination-not-local $((before + 2))
}

# So does a flow that exists.
# flow_follows FAMILY NODE/LEN
flow_follows()
{
	local before

	use_family "$1" "the node's address comes and goes"
	nip w1 address add "$2" dev un0 nodad
	sock udp u a "$a" 5002
	sock udp w b "$b" 54
	sock send u one "$near" 54
	is "$name: a flow on the worker" "$(sock receive w)" "$ai 5002 one"
	before=$(counter w1 out-tunnelled)
	nip w1 address del "$2" dev un0
	sock send u two "$near" 54
	check "$name: goes to where the address may be" wait_until 5 \
		counter_is out-tunnelled $((before + 1))
	nip w1 address add "$2" dev un0
	sock send u three "$near" 54
	is "$name: and comes back" "$(sock receive w)" "$ai 5002 three"
	nip w1 address del "$2" dev un0
	sock close u w
}

counter_is()
{
	(($(counter w1 "$1") == $2))
}

# shellcheck disable=SC2046 # words
addresses_of_the_worker()
{
	sock udp v4 a 10.19.1.3 4000
	sock udp v6 b fc00::106 4000
	sock udp peer4 underlay "$ROUTER4" 4001
	sock udp peer6 underlay :: 4001
	service_set w1 hairpin $(instance 0 10.19.1.3,fc00::103 \
		10.30.0.2,fdff::2 131.1.0.8 50103) &&
	service_set w1 near $(instance 0 10.19.1.6,fc00::106 \
		10.30.1.2,fdff::1:2 2001:db8:1::8 50103)
	is_ours_while_it_is_here 4 10.30.9.9 10.19.1.3 131.1.0.8/32
	is_ours_while_it_is_here 6 fdff::99 fc00::106 2001:db8:1::8/128
	services "131.1.0.1 50103"
	# Tentative for longer than the test takes.
	ns_sysctl w1 net.ipv6.conf.un0.accept_dad=1 \
		net.ipv6.conf.un0.dad_transmits=1000
	service_set w1 near address 10.30.1.1 policy rr \
		$(instance 0 10.19.1.6,fc00::106 10.30.1.2,fdff::1:2 \
			131.1.0.8 50103)
	flow_follows 4 131.1.0.8/32
	service_set w1 near address fdff:2000::1:1 policy rr \
		$(instance 0 10.19.1.6,fc00::106 10.30.1.2,fdff::1:2 \
			2001:db8:1::8 50103)
	flow_follows 6 2001:db8:1::8/128
}

declare -A worker=([4]=131.1.0.1 [6]=2001:db8:1::1)

nothing_left()
{
	is "$name: nothing left on the wire" \
		"$(sock seen wire | grep -F ':50103' | head -n 3)" ""
	is "$name: nothing was tunnelled" "$(counter w1 out-tunnelled)" 0
	is "$name: flows are marked local" "$(flow_find w1 \
		'map(.local != true) | any')" false
	no_drops w1
}

everything()
{
	local family

	for family in 4 6; do
		use_family "$family" "$1"
		neighbour
		hairpin
		hairpin_equal_ports
		nothing_left
	done
}

sock_start
check "one worker, two containers" topology
sock ports 50103
check "capture on the underlay" sock capture wire w1 un0
check "instances at the node's address" services "131.1.0.1 50103"
everything "node's IPv4 address"
check "flows end" ns w1 ozctl flow flush
check "instances with the flag local" services "131.1.0.77 50103 local"
everything "flag local"
check "flows end" ns w1 ozctl flow flush
check "instances at the node's IPv6 address" services "2001:db8:1::1 50103"
everything "node's IPv6 address"
addresses_of_the_worker
tap_done
