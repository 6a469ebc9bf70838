#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The life of flows: what begins one, what keeps one, and what ends one.
#
#   c 10.19.1.3 fc00::103     s0 10.21.0.1 fc00::201
#       │                     s1 10.21.0.2 fc00::202
#       │                        │
#   w1 131.1.0.1              w2 131.1.0.2         (131.1.0.9: nobody)
#       └─────────── underlay ───┘
#
#   shop: s0 and s1        10.30.1.30 fdff:2000::30
#   deaf: two at nobody's  10.30.1.40 fdff:2000::40
#
# covers: flow-table-full
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

# shellcheck disable=SC2046 # words
services()
{
	service_all client \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) &&
		service_all shop address 10.30.1.30 policy rr \
			address fdff:2000::30 policy rr \
			$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.0.2 50103) \
			$(instance 1 10.21.0.2,fc00::202 10.30.0.7,fdff::7 131.1.0.2 50103) &&
		service_all deaf address 10.30.1.40 policy rr \
			address fdff:2000::40 policy rr \
			$(instance 0 10.21.9.1,fc00::901 10.30.0.8,fdff::8 131.1.0.9 50103) \
			$(instance 1 10.21.9.2,fc00::902 10.30.0.9,fdff::9 131.1.0.9 50103)
}

use_family()
{
	if (($1 == 4)); then
		c=10.19.1.3 ci=10.30.0.2 sip=10.30.1.30 deaf=10.30.1.40
		s=(10.21.0.1 10.21.0.2) direct=10.30.0.6
		deaf_s=(10.21.9.1 10.21.9.2)
	else
		c=fc00::103 ci=fdff::2 sip=fdff:2000::30 deaf=fdff:2000::40
		s=(fc00::201 fc00::202) direct=fdff::6
		deaf_s=(fc00::901 fc00::902)
	fi
	family=IPv$1
}

# The instance that w1's flow from a port goes to, and its state.
flow_from()
{
	flow_find w1 ".[] | select(.[\"source-port\"] == $1 and
		(.[\"source-ipv4\"] // .[\"source-ipv6\"]) == \"$c\") |
		[.instance, .state]"
}

flow_is()
{
	[[ $(flow_from "$1") == "$2" ]]
}

send_segment()
{
	sock frame wire "$gateway" "$(sock segment "$@")"
}

syn_again()
{
	local name="$family: a SYN that nobody answers" i first second

	for i in 1 2 3; do
		send_segment "$c" 4000 "$deaf" 80 S
	done
	send_segment "$c" 4001 "$deaf" 80 S
	check "$name: a flow" wait_until 5 flow_is_there 4001
	first=$(flow_from 4000)
	second=$(flow_from 4001)
	like "$name: is unanswered" "$first" '^\[[01],"unanswered"\]$'
	is "$name: the other port has the other instance" \
		"$(jq -c '[1 - .[0], .[1]]' <<<"$second")" "$first"
	is "$name: each time the same instance was asked" \
		"$(sock seen under | grep -c \
			"$ci]*:4000>\\[*${deaf_s[${first:1:1}]}]*:80 tcp S")" 3
}

flow_is_there()
{
	[[ -n $(flow_from "$1") ]]
}

# From one port, one connection after the other; the server closes first, so
# that the port is free again.
port_reuse()
{
	local name="$family: the port of a closed connection" a b listener

	sock listen l0 s0 "${s[0]}" 80
	sock listen l1 s1 "${s[1]}" 80
	sock connect k c "$c" 5000 "$sip" 80
	a=$(flow_from 5000)
	like "$name: a connection" "$a" '^\[[01],"established"\]$'
	listener=l${a:1:1}
	check "$name: accepted there" sock accept s "$listener"
	check "$name: it talks" sock echo k s
	stray_reset "$name" "${a:1:1}"
	sock close s
	sock close k
	check "$name: closed" wait_until 5 flow_is 5000 "[${a:1:1},\"closing\"]"
	late_segment "$name" "${a:1:1}"
	sock connect k c "$c" 5000 "$sip" 80
	b=$(flow_from 5000)
	is "$name: the next one chooses again" "$b" \
		"[$((1 - ${a:1:1})),\"established\"]"
	listener=l${b:1:1}
	check "$name: accepted there" sock accept s "$listener"
	check "$name: it talks" sock echo k s
	sock reset k
	check "$name: reset" wait_until 5 flow_is 5000 "[${b:1:1},\"closing\"]"
	sock connect k c "$c" 5000 "$sip" 80
	is "$name: after a reset, too" "$(flow_from 5000)" "$a"
	sock close s k l0 l1
}

# Whoever forges it does not know the window; an old one is not in it.
stray_reset()
{
	local name="$1: a stray reset"

	send_segment "$c" 5000 "$sip" 80 R
	check "$name: is believed" wait_until 5 flow_is 5000 "[$2,\"closing\"]"
	check "$name: until it talks on" sock echo k s
	is "$name: then it is not" "$(flow_from 5000)" "[$2,\"established\"]"
	is "$name: and it counts as a live flow again" \
		"$(ns w1 ozctl -j service show shop |
			jq -c "[.[0].instance[] | select(.number == $2) | .flows]")" \
		"[1]"
}

late_segment()
{
	local name="$1: a late segment"

	sock capture late "s$2" eth0
	send_segment "$c" 5000 "$sip" 80 A late
	check "$name: is converted" \
		sock expect late "$ci*:5000>*${s[$2]}*:80 tcp A"
	check "$name: the flow stays closed" flow_is 5000 "[$2,\"closing\"]"
	sock close late
}

option()
{
	ns w1 ozctl device set oz0 "$@"
}

# One flow of each kind; shortening one option ends the flow of its kind.
timeouts()
{
	local name="$family: time-outs" kept=(6000 6001 6002 6003 6004) row
	local port

	check "$name: none yet" ns w1 ozctl flow flush
	sock udp u c "$c" 6000
	sock udp v c "$c" 6001
	sock udp w s0 "${s[0]}" 53
	sock send u one "$direct" 54
	sock send v one "$direct" 53
	is "$name: asked" "$(sock receive w)" "$ci 6001 one"
	sock send w two "$ci" 6001
	is "$name: answered" "$(sock receive v)" "$direct 53 two"
	sock listen l s0 "${s[0]}" 80
	sock connect k c "$c" 6002 "$direct" 80
	sock accept a l >"$OZP_TMP/accepted"
	sock connect k3 c "$c" 6003 "$direct" 80
	sock accept a3 l >"$OZP_TMP/accepted"
	sock close a3
	sock close k3
	send_segment "$c" 6004 "$deaf" 80 S
	check "$name: there is a closed one" wait_until 5 flow_is 6003 \
		'[0,"closing"]'
	check "$name: and an unanswered one" wait_until 5 flow_is_there 6004
	check "$name: a flow of each kind" flows_are "${kept[@]}"
	for row in "udp-unanswered-timeout 6000" "udp-timeout 6001" \
		"tcp-closing-timeout 6003" "tcp-syn-timeout 6004" \
		"tcp-timeout 6002"; do
		port=${row#* }
		mapfile -t kept < <(printf '%s\n' "${kept[@]}" |
			grep -vx "$port")
		check "$name: ${row% *}" option "${row% *}" 1000
		check "$name: ${row% *}: that flow ends, no other" \
			wait_until 5 flows_are "${kept[@]}"
	done
	check "$name: a connection goes on with a new flow" sock echo k a
	check "$name: defaults again" option tcp-timeout 21600000 \
		tcp-syn-timeout 240000 tcp-closing-timeout 240000 \
		udp-timeout 300000 udp-unanswered-timeout 120000
	is "$name: it is established" "$(flow_from 6002)" '[0,"established"]'
	sock close u v w l k a
}

flows_are()
{
	[[ $(flow_find w1 ".[][\"source-port\"]" | sort | xargs) == "$*" ]]
}

# Connections FROM to TO, on ports from 7000 on.
connect_each()
{
	local i

	for ((i = $1; i <= $2; i++)); do
		sock connect "k$i" c "$c" $((7000 + i)) "$direct" 80 || return 1
		sock accept "a$i" l || return 1
	done
}

echo_each()
{
	local i

	for ((i = $1; i <= $2; i++)); do
		sock echo "k$i" "a$i" || return 1
	done
}

# A flood is over when two looks at the counters see the same.
flood_is_over()
{
	local before=${flood_seen:-}

	flood_seen=$(counter w1 out-received)
	[[ $flood_seen == "$before" ]]
}

# Twelve connections in a table of sixteen, and SYNs from everywhere.
flood()
{
	local name="$family: a flood" i flows evicted full

	check "$name: none yet" ns w1 ozctl flow flush
	check "$name: room for 16" option flow-limit 16
	evicted=$(counter w1 flows-evicted)
	sock listen l s0 "${s[0]}" 80
	check "$name: connections" connect_each 1 12
	sock flood wire "$gateway" "$c" 10000 "$(size 3000 500)" "$deaf" 80
	sock flood wire "$gateway" "$c" 20000 "$(size 1000 200)" "$direct" 80
	check "$name: is over" wait_until 20 flood_is_over
	check "$name: all connections talk" echo_each 1 12
	flows=$(counter w1 flows)
	check "$name: not more than 16 are followed ($flows)" test "$flows" -le 16
	i=$(($(counter w1 flows-evicted) - evicted))
	check "$name: flows made room ($i)" test "$i" -gt 100
	is "$name: ethtool says the same" "$(ns w1 ethtool -S oz0 |
		sed -n 's/^ *flows-evicted: //p')" "$(counter w1 flows-evicted)"
	check "$name: four more" connect_each 13 16
	check "$name: all sixteen talk" echo_each 1 16
	full=$(drops w1 out flow-table-full)
	send_segment "$c" 9999 "$deaf" 80 S
	check "$name: the seventeenth is refused" wait_until 5 \
		drops_are w1 out flow-table-full $((full + 1))
	sock close a16
	sock close k16
	check "$name: one is closed" wait_until 5 flow_is 7016 '[0,"closing"]'
	check "$name: a new one takes its place" connect_each 17 17
	sock close l k17 a17
	for i in {1..15}; do
		sock close "k$i" "a$i"
	done
	check "$name: the limit again" option flow-limit 65536
}

sock_start
sock ports 50103
check "two workers" topology
check "services" services
gateway=$(gateway_mac w1)
sock capture wire c eth0
for family in 4 6; do
	use_family "$family"
	sock capture under w1 un0
	syn_again
	sock close under
	port_reuse
	timeouts
	flood
done
tap_done
