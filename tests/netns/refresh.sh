#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Tables change under traffic: the same content again disturbs nothing, a
# migrated instance takes its flows along, a removed one ends them, and a
# service cleared as idle lets them come back.
#
#   c 10.19.1.3 fc00::103     s0 10.21.0.1 fc00::201   s2 10.22.0.1 fc00::301
#       │                     s1 10.21.0.2 fc00::202      │
#       │                        │                        │
#   w1 131.1.0.1              w2 131.1.0.2             w3 131.1.0.3:50200
#       └─────────── underlay ───┴────────────────────────┘
#
#   shop: instance 0 is s0, 1 is s1; 10.30.1.30 fdff:2000::30; instance 0
#   moves to s2, with its Instance IP
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
	local i port

	for i in 1 2 3; do
		port=50103
		((i == 3)) && port=50200
		worker_add "w$i" && underlay_join "w$i" "131.1.0.$i/24" &&
			device_up "w$i" port "$port" || return 1
	done
	container_add w1 c 10.19.1.3/26 fc00::103/120 &&
		container_add w2 s0 10.21.0.1/26 fc00::201/120 &&
		container_add w2 s1 10.21.0.2/26 fc00::202/120 &&
		container_add w3 s2 10.22.0.1/26 fc00::301/120
}

# shop HOME…: where instance 0, 1 … live, s0, s1 or s2.
shop()
{
	local home number=0 words=()

	for home; do
		case $home in
		s0) words+=("$(instance "$number" 10.21.0.1,fc00::201 \
			"10.30.0.$((6 + number)),fdff::$((6 + number))" \
			131.1.0.2 50103)") ;;
		s1) words+=("$(instance "$number" 10.21.0.2,fc00::202 \
			"10.30.0.$((6 + number)),fdff::$((6 + number))" \
			131.1.0.2 50103)") ;;
		s2) words+=("$(instance "$number" 10.22.0.1,fc00::301 \
			"10.30.0.$((6 + number)),fdff::$((6 + number))" \
			131.1.0.3 50200)") ;;
		esac
		number=$((number + 1))
	done
	# shellcheck disable=SC2068 # words
	service_all shop address 10.30.1.30 policy rr \
		address fdff:2000::30 policy rr ${words[@]}
}

# shellcheck disable=SC2046 # words
services()
{
	service_all client \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) &&
		shop s0 s1
}

use_family()
{
	if (($1 == 4)); then
		c=10.19.1.3 ci=10.30.0.2 sip=10.30.1.30
		s=(10.21.0.1 10.21.0.2 10.22.0.1)
	else
		c=fc00::103 ci=fdff::2 sip=fdff:2000::30
		s=(fc00::201 fc00::202 fc00::301)
	fi
	family=IPv$1
}

generations()
{
	ns w1 ozctl -j service show shop |
		jq -c '.[0] | [.generation, .["table-generation"]]'
}

# The instance that w1's flow from a port goes to, and its state.
flow_from()
{
	flow_find w1 ".[] | select(.[\"source-port\"] == $1 and
		(.[\"source-ipv4\"] // .[\"source-ipv6\"]) == \"$c\") |
		[.instance, .state]"
}

same_content()
{
	local before i turns name="$family: the same content again"

	before=$(generations)
	like "$name: there are generations" "$before" '^\[[0-9]+,[0-9]+\]$'
	sock listen l0 s0 "${s[0]}" 80
	sock listen l1 s1 "${s[1]}" 80
	turns=$(sock split 3 c "$c" 4000 "$sip" 80 l0 l1 | xargs)
	sock connect k c "$c" 5000 "$(instance_ip 0)" 80
	check "$name: a connection" sock accept a l0
	is "$name: its flow" "$(flow_from 5000)" '[0,"established"]'
	sock_send bulk k a 3000000
	for i in 1 2 3 4 5; do
		shop s0 s1 || break
	done
	is "$name: five times" "$i" 5
	check "$name: the transfer is not disturbed" sock_answer
	is "$name: it kept its instance" "$(flow_from 5000)" \
		'[0,"established"]'
	is "$name: no generation changed" "$(generations)" "$before"
	turns+=" $(sock split 3 c "$c" 4100 "$sip" 80 l0 l1 | xargs)"
	like "$name: nor the turn of the round robin" "$turns" \
		'^l0 (1 l1 2 l0 2 l1 1|2 l1 1 l0 1 l1 2)$'
	sock close k a l0 l1
}

# A new service around the same instances, or more of them: flows stay.
scale()
{
	local name="$family: more instances and fewer"

	sock listen l0 s0 "${s[0]}" 80
	sock connect k c "$c" 5001 "$(instance_ip 0)" 80
	check "$name: a connection" sock accept a l0
	check "$name: one more instance" shop s0 s1 s2
	check "$name: the connection goes on" sock echo k a
	check "$name: back to one" shop s0
	check "$name: the connection goes on" sock echo k a
	check "$name: two again" shop s0 s1
	sock close k a l0
}

instance_ip()
{
	[[ $family == IPv4 ]] && echo "10.30.0.$((6 + $1))" ||
		echo "fdff::$((6 + $1))"
}

migration()
{
	local name="$family: instance 0 moves to another worker"

	sock udp u c "$c" 6000
	sock udp v0 s0 "${s[0]}" 53
	sock udp v1 s1 "${s[1]}" 53
	sock udp v2 s2 "${s[2]}" 53
	check "$name: at first it is alone" shop s0
	sock send u one "$sip" 53
	is "$name: asked at home" "$(sock receive v0)" "$ci 6000 one"
	sock send v0 reply1 "$ci" 6000
	is "$name: answered from home" "$(sock receive u)" "$sip 53 reply1"
	# Another instance comes at the same time: the flow does not change.
	check "$name: it moves" shop s2 s1
	for word in two three; do
		sock send u "$word" "$sip" 53
		is "$name: asked in the new place: $word" \
			"$(sock receive v2)" "$ci 6000 $word"
		sock send v2 "re$word" "$ci" 6000
		is "$name: answered from there: $word" \
			"$(sock receive u)" "$sip 53 re$word"
	done
	check "$name: nothing came to the old place" sock silent v0
	check "$name: nor to the other instance" sock silent v1
	check "$name: back home" shop s0 s1
	sock send u four "$sip" 53
	is "$name: asked at home again" "$(sock receive v0)" "$ci 6000 four"
	sock close u v0 v1 v2
}

removed()
{
	local name="$family: service-del"

	sock udp u c "$c" 6100
	sock udp v0 s0 "${s[0]}" 53
	check "$name: one instance" shop s0
	sock send u one "$sip" 53
	is "$name: asked" "$(sock receive v0)" "$ci 6100 one"
	check "$name: done" ns w1 ozctl service del shop
	check "$name: its flows end" wait_until 5 \
		no_flow_from 6100
	sock send u two "$sip" 53
	check "$name: the next packet is a miss, and waits" wait_until 5 waits 1
	is "$name: it is announced" "$(ns w1 ozctl -j miss show |
		jq -r '.[] | .ipv4 // .ipv6')" "$sip"
	check "$name: it comes back" shop s0 s1
	is "$name: the miss is answered" \
		"$(ns w1 ozctl -j miss show | jq length)" 0
	check "$name: and nothing waits any more" waits 0
	sock close u v0
}

waits()
{
	(($(counter w1 out-waiting) == $1))
}

no_flow_from()
{
	[[ -z $(flow_from "$1") ]]
}

cleared()
{
	local name="$family: service-clear" generation used i word

	sock udp u c "$c" 6200
	for i in 0 1 2; do
		sock udp "v$i" "s$i" "${s[i]}" 53
	done
	check "$name: three instances" shop s0 s1 s2
	# Whichever turn it is, the flow must come back to the same instance.
	sock send u one "$sip" 53
	is "$name: a flow" "$(wait_until 5 flow_is_there 6200 && echo yes)" yes
	i=$(flow_from 6200 | jq '.[0]')
	is "$name: asked at its instance" "$(sock receive "v$i")" \
		"$ci 6200 one"
	sock send "v$i" reply1 "$ci" 6200
	is "$name: answered" "$(sock receive u)" "$sip 53 reply1"
	read -r generation used < <(ns w1 ozctl -j service show shop |
		jq -r '.[0] | "\(.generation) \(.used)"')
	refuse "$name: refused for an older generation" ns w1 ozctl \
		service clear shop generation $((generation - 1))
	refuse "$name: refused when it was used since" ns w1 ozctl \
		service clear shop used $((used - 5000))
	refuse "$name: refused without a condition" ns w1 ozctl \
		service clear shop
	like "$name: EBUSY says so" "$(ns w1 ozctl service clear shop \
		generation $((generation - 1)) 2>&1)" "ozctl: service clear: "
	is "$name: refusals changed nothing" "$(flow_from 6200)" \
		"[$i,\"established\"]"
	check "$name: done" ns w1 ozctl service clear shop \
		generation "$generation" used "$used"
	is "$name: the service is gone" "$(ns w1 ozctl -j service show |
		jq -c 'map(.name)')" '["client"]'
	is "$name: the flow is asleep" "$(flow_from 6200)" "[$i,\"asleep\"]"
	sock send u two "$sip" 53
	check "$name: its next packet is a miss, and waits" \
		wait_until 5 waits 1
	is "$name: it is announced" "$(ns w1 ozctl -j miss show |
		jq -r '.[] | .ipv4 // .ipv6')" "$sip"
	check "$name: set again" shop s0 s1 s2
	is "$name: what waited goes to the same instance" \
		"$(sock receive "v$i")" "$ci 6200 two"
	for word in three four five; do
		sock send u "$word" "$sip" 53
		is "$name: the same instance: $word" \
			"$(sock receive "v$i")" "$ci 6200 $word"
	done
	sock send "v$i" reply2 "$ci" 6200
	is "$name: and its answer" "$(sock receive u)" "$sip 53 reply2"
	is "$name: the flow is awake" "$(flow_from 6200)" \
		"[$i,\"established\"]"
	check "$name: two instances again" shop s0 s1
	sock close u v0 v1 v2
}

flow_is_there()
{
	! no_flow_from "$1"
}

sock_start
check "three workers" topology
check "services" services
for family in 4 6; do
	use_family "$family"
	same_content
	scale
	migration
	removed
	cleared
done
tap_done
