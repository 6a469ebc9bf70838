#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# What becomes of flows whose instance, address or service is taken away, and
# which services are announced as idle. What stays undisturbed is in refresh.sh.
#
#   c 10.19.1.3 fc00::103     s0 10.21.0.1 fc00::201
#       │                     s1 10.21.0.2 fc00::202
#       │                        │
#   w1 131.1.0.1              w2 131.1.0.2
#       └─────────── underlay ───┘
#
#   shop: instance 0 is s0, 1 is s1; 10.30.1.30 fdff:2000::30
#
# covers: instance-gone
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need gojq ozctl

topology()
{
	workers_up 2 && shop_containers c
}

# Words of shop's instances; more words can follow each.
s0=$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.0.2 50103)
s1=$(instance 1 10.21.0.2,fc00::202 10.30.0.7,fdff::7 131.1.0.2 50103)
shop_addresses="address 10.30.1.30 policy rr address fdff:2000::30 policy rr"

# On w1 only: w2 knows all instances, and is not what is tested.
shop()
{
	# shellcheck disable=SC2048,SC2086 # words
	service_set w1 shop $shop_addresses $*
}

# shellcheck disable=SC2046,SC2086 # words
services()
{
	service_all client \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) &&
		service_all shop $shop_addresses $s0 $s1
}

use_family()
{
	if (($1 == 4)); then
		c=10.19.1.3 ci=10.30.0.2 cj=10.30.0.99 sip=10.30.1.30
		s=(10.21.0.1 10.21.0.2)
	else
		c=fc00::103 ci=fdff::2 cj=fdff::99 sip=fdff:2000::30
		s=(fc00::201 fc00::202)
	fi
	family=IPv$1
}

# Sockets of both instances, and one of the client, on the client's port $1.
open_udp()
{
	sock udp u c "$c" "$1" && sock udp v0 s0 "${s[0]}" 53 &&
		sock udp v1 s1 "${s[1]}" 53
}

# asks WORD INSTANCE [SOURCE]: the client's datagram comes to that instance.
asks()
{
	local got

	sock send u "$1" "$sip" 53 || return 1
	got=$(sock receive "v$2")
	[[ $got == "${3:-$ci} $port $1" ]] || { echo "$got"; return 1; }
}

open_tcp()
{
	sock listen l0 s0 "${s[0]}" 80 && sock listen l1 s1 "${s[1]}" 80
}

# A connection k from $port to instance 0, which is the only one then; a there.
connect_to_0()
{
	shop "$s0" && sock connect k c "$c" "$port" "$sip" 80 &&
		sock accept a l0 && sock echo k a
}

# The client speaks, and is told that nobody is there, if it does not know yet:
# that it received the last words was a segment, too.
is_reset()
{
	local got

	got=$(sock send k anybody; sock receive k)
	[[ $got == *ECONNRESET* ]] || { echo "$got"; return 1; }
}

reset_on_removal()
{
	local name="$family: TCP of a removed instance" gone

	port=5000
	open_tcp
	sock capture wire c eth0
	check "$name: a connection" connect_to_0
	gone=$(drops w1 out instance-gone)
	check "$name: another takes its place" shop "$s1"
	sock send a lastwords
	is "$name: its last words arrive" "$(sock receive k)" lastwords
	check "$name: the client is told" is_reset
	check "$name: by the address that it knows" \
		sock expect wire "in *$sip*:80>*$c*:5000 tcp R* sum=ok"
	check "$name: under its reason" test \
		"$(drops w1 out instance-gone)" -gt "$gone"
	sock close k a
	check "$name: the port is free" sock connect k c "$c" 5000 "$sip" 80
	check "$name: and leads to the other" sock accept a l1
	check "$name: which talks" sock echo k a
	sock close a k

	port=5001
	check "$name: a connection again" connect_to_0
	check "$name: service-del" ns w1 ozctl service del shop
	check "$name: the client is told, too" is_reset
	sock close k a

	port=5002
	check "$name: a connection once more" connect_to_0
	check "$name: service-del" ns w1 ozctl service del shop
	check "$name: set again before anybody speaks" shop "$s0"
	check "$name: the connection goes on" sock echo k a
	sock close k a wire l0 l1
}

udp_chooses_again()
{
	local name="$family: UDP" i lost=''

	port=6000
	open_udp "$port"
	check "$name: one instance" shop "$s0"
	check "$name: asked there" asks one 0
	for i in {1..10}; do
		shop "$s1" && asks "odd$i" 1 || lost+=" odd$i"
		shop "$s0" && asks "even$i" 0 || lost+=" even$i"
	done
	is "$name: each datagram finds who is there" "$lost" ""
	check "$name: both" shop "$s0" "$s1"
	check "$name: its instance stays" asks both 0
	check "$name: its Namespace IP goes to another service" \
		taken_over
	check "$name: the other instance is asked" asks taken 1
	is "$name: the instance is gone" "$(ns w1 ozctl -j service show shop |
		jq -c '[.[0].instance[].number]')" '[1]'
	check "$name: the taker goes" ns w1 ozctl service del taker
	sock close u v0 v1
}

# shellcheck disable=SC2046 # words
taken_over()
{
	service_set w1 taker $(instance 0 10.21.0.1,fc00::201 \
		10.30.0.66,fdff::66 131.1.0.2 50103)
}

# The local container belongs to another service from now on.
new_owner()
{
	local name="$family: a new owner of a local Namespace IP"

	port=6100
	open_udp "$port"
	check "$name: one instance" shop "$s0"
	check "$name: the old one asks" asks old 0
	# shellcheck disable=SC2046 # words
	check "$name: the address goes over" service_set w1 client2 $(instance \
		0 10.19.1.3,fc00::103 10.30.0.99,fdff::99 131.1.0.1 50103)
	check "$name: the new one has its own Instance IP" asks new 0 "$cj"
	check "$name: it goes" ns w1 ozctl service del client2
	# shellcheck disable=SC2046 # words
	check "$name: the old one is back" service_set w1 client $(instance \
		0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103)
	check "$name: with the old address" asks back 0
	sock close u v0 v1
}

# WORDS that keep new flows away from instance 0.
draining()
{
	local name="$family: $*" new

	port=5100
	open_tcp
	check "$name: a connection" connect_to_0
	sock_send bulk k a "$(size 2000000 500000)"
	check "$name: in the middle of a transfer" shop "$s0 $*" "$s1"
	check "$name: the transfer ends well" sock_answer
	new=$(sock split 4 c "$c" 5200 "$sip" 80 l0 l1 | xargs)
	is "$name: all new connections go to the other" "$new" "l0 0 l1 4"
	check "$name: nobody takes new ones" shop "$s0 $*" "$s1 $*"
	nobody "$name"
	check "$name: the connection goes on" sock echo k a
	check "$name: an empty list" shop
	nobody "$name: an empty list"
	sock close k a l0 l1
}

nobody()
{
	local refused

	refused=$(drops w1 out no-instance)
	sock udp x c "$c" 5300
	sock send x word "$sip" 53
	check "$1: a new flow is refused" wait_until 5 \
		drops_are w1 out no-instance $((refused + 1))
	sock close x
}

moved_address()
{
	local name="$family: a Service IP that moves to another job"

	port=6200
	open_udp "$port"
	check "$name: one instance" shop "$s0"
	check "$name: asked there" asks one 0
	# shellcheck disable=SC2046,SC2086 # words
	check "$name: it moves" service_set w1 shop2 $shop_addresses $(instance \
		0 10.21.0.2,fc00::202 10.30.0.77,fdff::77 131.1.0.2 50103)
	check "$name: the flow keeps its instance" asks two 0
	sock close u
	port=6201
	sock udp u c "$c" "$port"
	check "$name: a new flow goes to the new one" asks three 1
	check "$name: the new one goes" ns w1 ozctl service del shop2
	check "$name: the address is back" shop "$s0" "$s1"
	sock close u v0 v1
}

# Two clients that change one service, under traffic: who comes last wins, as a
# whole.
race()
{
	local name="$family: an update races a delete" i pid got

	port=6300
	open_udp "$port"
	ns w1 bash -c "for i in {1..$(size 20 8)}; do
		ozctl service del shop; done" 2>"$OZP_TMP/race" &
	pid=$!
	for ((i = 0; i < $(size 20 8); i++)); do
		shop "$s0" "$s1" || break
		sock send u "race$i" "$sip" 53
	done
	is "$name: no update is refused" "$i" "$(size 20 8)"
	wait "$pid"
	check "$name: at last" shop "$s1"
	until sock silent v0; do :; done >"$OZP_TMP/race"
	until sock silent v1; do :; done >"$OZP_TMP/race"
	check "$name: the flow goes where it is told" asks end 1
	got=$(ns w1 ozctl -j service show shop |
		jq -c '[(.[0].address | length), .[0].instance[].number]')
	is "$name: the table is whole" "$got" '[2,1]'
	sock close u v0 v1
}

idle_is()
{
	local line count=0

	while IFS= read -r line; do
		[[ $line != "idle: $1,"* ]] || ((count++))
	done <"$OZP_TMP/bg.$monitor"
	((count == $2))
}

idle()
{
	local name="idle" monitor generation used

	check "$name: a pinned service" service_set w1 fixed pinned \
		address 10.30.1.50 policy rr
	is "$name: it says so" "$(ns w1 ozctl -j service show fixed |
		jq '.[0].pinned')" true
	check "$name: an unused one" service_set w1 unused \
		address 10.30.1.51 policy rr
	port=6400
	sock udp u c "$c" "$port"
	sock udp v1 s1 "${s[1]}" 53
	check "$name: shop" shop "$s1"
	check "$name: is used" asks now 1
	bg w1 ozctl monitor
	monitor=$BG_PID
	wait_until 5 monitor_listens w1
	check "$name: soon" ns w1 ozctl device set oz0 idle-timeout 1000
	check "$name: shop is announced" wait_until 8 idle_is shop 1
	check "$name: the unused one, too" wait_until 8 idle_is unused 1
	check "$name: used again" asks again 1
	check "$name: it is announced again" wait_until 8 idle_is shop 2
	check "$name: the unused one is not" idle_is unused 1
	check "$name: nor the pinned one" idle_is fixed 0
	check "$name: nor one of this node" idle_is client 0
	check "$name: unpinned" service_set w1 fixed \
		address 10.30.1.50 policy rr
	check "$name: it is announced" wait_until 8 idle_is fixed 1
	read -r generation used < <(sed -n \
		's/^idle: shop, generation \([0-9]*\), used \([0-9]*\)$/\1 \2/p' \
		"$OZP_TMP/bg.$monitor" | tail -n 1)
	check "$name: cleared by what was announced" ns w1 ozctl service clear \
		shop generation "$generation" used "$used"
	check "$name: shop again" shop "$s0" "$s1"
	check "$name: the flow goes on where it was" asks later 1
	bg_stop "$monitor"
	sock close u v1
}

sock_start
check "two workers" topology
check "services" services
for family in 4 6; do
	use_family "$family"
	reset_on_removal
	udp_chooses_again
	new_owner
	draining draining
	moved_address
	race
done
draining weight 0
idle
tap_done
