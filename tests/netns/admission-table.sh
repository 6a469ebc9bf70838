#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The admissions that ask the table: the first packets of an unknown sender wait
# for the answer, what comes from elsewhere than the table says is refused, and
# whoever forges senders has little room, and takes it from nobody else.
#
#   c1 (client 0) ── w1 ────────── underlay ────────── w2 ─┬─ s0 (shop 0)
#   10.19.1.3        131.1.0.1        │      131.1.0.2     │  10.21.0.1 fc00::201
#   fc00::103        2001:db8::1     peer    2001:db8::2   └─ s1 (shop 1)
#                    131.1.0.9, 131.1.0.10 to .12             10.21.0.2 fc00::202
#                    2001:db8::9, 2001:db8::a to ::c
#
#   client  10.30.0.1  fdff:2000::1   instance 0  10.30.0.2 fdff::2
#   shop    10.30.1.30 fdff:2000::30  instances   10.30.0.6 fdff::6
#                                                 10.30.0.7 fdff::7
#
# w2 has the admission "table"; it learns of the client when the test says so.
# The peer is no worker, and sends what it likes.
#
# covers: source-elsewhere arrival-unknown arrival-timeout arrival-table-full
# covers: arrival-source-full arrival-queue-full arrival-packets-full
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need gojq ozctl python3

topology()
{
	workers_join 2 && shop_containers c1 &&
		netns_add peer && underlay_join peer 131.1.0.9/24 \
		131.1.0.10/32 131.1.0.11/32 131.1.0.12/32 \
		2001:db8::9/64 2001:db8::a/128 2001:db8::b/128 \
		2001:db8::c/128 && device_up w1 &&
		device_up w2 admission table miss-timeout 600000 \
			miss-repeat-timeout 600000
}

# shellcheck disable=SC2046 # words
client()
{
	service_set "$1" client address 10.30.0.1 policy rr \
		address fdff:2000::1 policy rr \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 \
			"$w1" 50103)
}

# shellcheck disable=SC2046 # words
shop()
{
	service_set "$1" shop address 10.30.1.30 policy rr \
		address fdff:2000::30 policy rr \
		$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 \
			"$w2" 50103) \
		$(instance 1 10.21.0.2,fc00::202 10.30.0.7,fdff::7 \
			"$w2" 50103)
}

# Inside and outside, the same family or the other one.
use_families()
{
	name="IPv$1 in IPv$2"
	if (($1 == 4)); then
		c1=10.19.1.3 c1i=10.30.0.2 c1s=10.30.0.1
		s0=10.21.0.1 s0i=10.30.0.6 s1i=10.30.0.7 strange=10.30.77.
		unreachable="3 1"
	else
		c1=fc00::103 c1i=fdff::2 c1s=fdff:2000::1
		s0=fc00::201 s0i=fdff::6 s1i=fdff::7 strange=fdff::77:
		unreachable="1 3"
	fi
	if (($2 == 4)); then
		w1=131.1.0.1 w2=131.1.0.2 peer=131.1.0.9
		others="131.1.0.10 131.1.0.11 131.1.0.12"
	else
		w1=2001:db8::1 w2=2001:db8::2 peer=2001:db8::9
		others="2001:db8::a 2001:db8::b 2001:db8::c"
	fi
}

set_option()
{
	ns w2 ozctl device set oz0 "$@"
}

counter_is()
{
	(($(counter w2 "$1") == $2))
}

# forge SOURCE [DATA [SOCKET]]: UDP to port 53 of s0, through the tunnel.
forge()
{
	sock send "${3:-peer}" "hex:$(sock build udp "$1" 4000 "$s0" 53 \
		"${2:-forged}")" "$w2" 50103
}

# refused REASON CMD…: one packet more is lost for it, and s0 hears nothing.
refused()
{
	local reason=$1 before

	shift
	before=$(drops w2 in "$reason")
	"$@" && wait_until 10 drops_are w2 in "$reason" $((before + 1)) &&
		sock silent v
}

told()
{
	jq -r --arg address "$1" 'select(.event == "miss-ntf" and .arrival and
		(.ipv4 // .ipv6) == $address) | .announced' \
		"$OZP_TMP/bg.$monitor" | paste -sd ' '
}

# told_times ADDRESS N: it was announced as often.
told_times()
{
	(($(told "$1" | wc -w) == $2))
}

forget_client()
{
	ns w2 ozctl service del client
}

# The first packets wait, and the answer lets them go on as they came.
first_packets()
{
	local i times

	times=$(told "$c1i" | wc -w)
	sock udp u c1 "$c1" 4000
	for i in 1 2 3; do
		sock send u "d$i" "$shop_ip" 53
	done
	check "$name: three packets of a stranger wait" wait_until 10 \
		counter_is in-waiting 3
	check "$name: it was announced as a source" \
		wait_until 5 told_times "$c1i" $((times + 1))
	is "$name: a dump has it" "$(ns w2 ozctl -j miss show |
		jq -c 'map([(.ipv4 // .ipv6), .state, .waiting, .arrival])')" \
		"[[\"$c1i\",\"waiting\",3,true]]"
	is "$name: and so has a request for it" "$(ns w2 ozctl -j miss show \
		"$c1i" | jq -c 'map([.waiting, .arrival])')" "[[3,true]]"
	is "$name: no container waits" "$(counter w2 misses)" 0
	check "$name: nothing came in yet" sock silent v
	check "$name: the answer comes" client w2
	for i in 1 2 3; do
		is "$name: d$i" "$(sock receive v)" "$c1i 4000 d$i"
	done
	is "$name: nothing is asked for any more" "$(counter w2 arrivals)" 0
	sock send v answer "$c1i" 4000
	is "$name: an answer" "$(sock receive u)" "$shop_ip 53 answer"
	sock send u again "$shop_ip" 53
	is "$name: the next one does not wait" "$(sock receive v)" \
		"$c1i 4000 again"
	sock close u
}

# The table knows the client: only w1 may send in its name.
elsewhere()
{
	check "$name: the client's address from the peer" \
		refused source-elsewhere forge "$c1i"
	check "$name: its Service IP" refused source-elsewhere forge "$c1s"
	check "$name: an instance of this very node" \
		refused source-elsewhere forge "$s1i"
	is "$name: nothing waits" "$(counter w2 in-waiting)" 0
}

# Answers and errors of a flow have to come from the node that it talks to.
answers()
{
	local sent

	sock udp u c1 "$c1" 4001
	sock udp q s0 "$s0" 5300
	sock send q question "$c1i" 4001
	is "$name: a flow to the client" "$(sock receive u)" \
		"$s0i 5300 question"
	check "$name: a forged answer" refused source-elsewhere sock send peer \
		"hex:$(sock build udp "$c1i" 4001 "$s0" 5300 no)" "$w2" 50103
	sent=$(sock build udp "$s0i" 5300 "$c1" 4001 question)
	# shellcheck disable=SC2086 # type and code
	check "$name: a forged error" refused source-elsewhere sock send peer \
		"hex:$(sock build_error "$c1i" "$s0" $unreachable "$sent")" \
		"$w2" 50103
	check "$name: neither arrived" sock silent q
	sock send u yes "$s0i" 5300
	is "$name: the answer of the client" "$(sock receive q)" \
		"$c1i 4001 yes"
	sock close u q
}

# Behind address translation nobody can say where a packet comes from.
any_source()
{
	set_option admission any-source
	forge "$c1i" translated
	is "$name: any-source: the client's address from the peer" \
		"$(sock receive v)" "$c1i 4000 translated"
	check "$name: any-source: an instance of this very node" \
		refused source-elsewhere forge "$s1i"
	forge "${strange}1"
	check "$name: any-source: a stranger waits" wait_until 5 \
		counter_is in-waiting 1
	ns w2 ozctl miss resolve "${strange}1" lifetime 1000
	set_option admission overlay
	forge "$s1i" overlay
	is "$name: overlay: anybody" "$(sock receive v)" "$s1i 4000 overlay"
	set_option admission table
	check "$name: its places are free again" wait_until 10 \
		counter_is arrivals 0
}

# A stranger that nobody has keeps the place that it was asked for in.
negative()
{
	forge "${strange}2"
	check "$name: a stranger waits" wait_until 5 counter_is in-waiting 1
	check "$name: nobody has it" refused arrival-unknown \
		ns w2 ozctl miss resolve "${strange}2" lifetime 600000
	check "$name: the next packet" refused arrival-unknown \
		forge "${strange}2"
	is "$name: was not announced" "$(told "${strange}2")" 1
	is "$name: its place is not free" "$(counter w2 arrivals)" 1
	is "$name: containers remember nothing" "$(counter w2 negatives)" 0
	forge "${strange}3"
	check "$name: another one waits" wait_until 5 counter_is in-waiting 1
	ns w2 ozctl miss resolve "${strange}3" lifetime 0
	is "$name: also without a lifetime, for a moment" \
		"$(counter w2 arrivals)" 2
	ns w2 ozctl miss resolve "${strange}2" lifetime 1000
	check "$name: then it is over" wait_until 10 counter_is arrivals 0
}

# asks_for SOURCE [SOCKET]: another packet of it, until it is announced.
asks_for()
{
	told_times "$1" 1 || { forge "$1" x "${2:-peer}" && false; }
}

# However many the peer invents, it has what one outer source may have.
budgets()
{
	local i other

	set_option arrival-source-limit 3 arrival-source-packets 5
	for i in 11 12 13; do
		forge "$strange$i"
	done
	check "$name: three sources of one node are asked for" \
		wait_until 5 counter_is arrivals 3
	check "$name: the fourth" refused arrival-source-full \
		forge "${strange}14"
	forge "${strange}11"
	forge "${strange}11"
	check "$name: five packets of it wait" wait_until 5 \
		counter_is in-waiting 5
	check "$name: the sixth" refused arrival-queue-full \
		forge "${strange}11"
	for i in 11 12 13; do
		ns w2 ozctl miss resolve "$strange$i" lifetime 600000
	done
	check "$name: after a second an answer makes room for one of its node" \
		wait_until 10 asks_for "${strange}15"
	ns w2 ozctl miss resolve "${strange}15" lifetime 600000
	is "$name: and for no more" "$(counter w2 arrivals)" 3

	set_option arrival-limit 5
	i=20
	for other in $others; do
		sock udp "other$i" peer "$other" 0
		((i < 22)) && forge "$strange$i" x "other$i"
		((i++))
	done
	check "$name: two others" wait_until 5 counter_is arrivals 5
	check "$name: and for one of another node" wait_until 10 \
		asks_for "${strange}22" other22
	is "$name: and for no more" "$(counter w2 arrivals)" 5
	set_option arrival-limit 3
	check "$name: there are too many" refused arrival-table-full \
		forge "${strange}23" x other20
	set_option arrival-packets 2
	check "$name: packets in all" refused arrival-packets-full \
		forge "${strange}20" x other20
	set_option arrival-packets 128 arrival-memory 100
	check "$name: memory in all" refused arrival-packets-full \
		forge "${strange}20" x other20
	set_option arrival-memory 1048576
	sock close other20 other21 other22

	sock udp m s0 "$s0" 5400
	sock send m hello "${strange}99" 1
	check "$name: a container of the node waits all the same" \
		wait_until 5 counter_is out-waiting 1
	is "$name: in the budget of containers" "$(counter w2 misses)" 1
	ns w2 ozctl miss resolve "${strange}99" lifetime 0
	sock close m
}

# What nobody answers is forgotten; a device that goes down keeps nothing.
ends()
{
	local before

	before=$(drops w2 in arrival-timeout)
	set_option miss-timeout 100
	check "$name: three wait in vain" wait_until 10 \
		drops_are w2 in arrival-timeout $((before + 3))
	set_option miss-timeout 600000
	ns w2 ozctl miss resolve "${strange}15" lifetime 1
	check "$name: all places are free" wait_until 10 \
		counter_is arrivals 0
	set_option arrival-limit 64 arrival-source-limit 8 \
		arrival-source-packets 16
}

goes_down()
{
	forge "${strange}1"
	check "$name: a stranger waits" wait_until 5 counter_is in-waiting 1
	nip w2 link set oz0 down
	is "$name: not when the device is down" "$(counter w2 in-waiting)" 0
	is "$name: that is its reason" "$(drops w2 in device-down)" 1
}

all_of_it()
{
	use_families "$1" "$2"
	shop_ip=10.30.1.30
	(($1 == 4)) || shop_ip=fdff:2000::30
	check "$name: w1 knows all" client w1
	check "$name: w1 knows the shop" shop w1
	check "$name: w2 knows the shop" shop w2
	# One instance answers to the Service IP.
	# shellcheck disable=SC2046 # words
	service_set w1 shop address 10.30.1.30 policy rr \
		address fdff:2000::30 policy rr \
		$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 "$w2" 50103)
	sock udp v s0 "$s0" 53
	sock udp peer peer "$peer" 7
	first_packets
	elsewhere
	answers
	any_source
	negative
	budgets
	ends
	forget_client
}

sock_start
check "two workers" topology
bg w2 ozctl -j monitor
monitor=$BG_PID
check "a helper listens" wait_until 20 monitor_listens w2
all_of_it 4 4
sock close v peer
all_of_it 6 6
sock close v peer
use_families 4 6
sock udp v s0 "$s0" 53
sock udp peer peer "$peer" 7
shop_ip=10.30.1.30
first_packets
elsewhere
goes_down
tap_done
