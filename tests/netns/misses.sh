#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Packets wait for the address that they need: the first packet of a connection
# arrives, in order, without having been sent twice; what nobody answers is
# rejected, and its sender's socket has the error; who asks for a thousand addresses disturbs nobody else.
#
#   c1 10.19.1.3 fc00::103 ─┐                         ┌─ s0 10.21.0.1 fc00::201
#   c2 10.19.1.4 fc00::104 ─┼─ w1 131.1.0.1 ══ w2 131.1.0.2 ─┘
#   c3 10.19.1.5 fc00::105 ─┘
#
#   c1 and c2 are instances of client, c3 is nobody's at first; shop (s0) is
#   10.30.1.30 fdff:2000::30, known to w2, and to w1 when the test says so
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need gojq ozctl python3

topology()
{
	worker_add w1 && underlay_join w1 131.1.0.1/24 &&
		worker_add w2 && underlay_join w2 131.1.0.2/24 &&
		container_add w1 c1 10.19.1.3/26 fc00::103/120 &&
		container_add w1 c2 10.19.1.4/26 fc00::104/120 &&
		container_add w1 c3 10.19.1.5/26 fc00::105/120 &&
		container_add w2 s0 10.21.0.1/26 fc00::201/120 &&
		device_up w1 miss-timeout 600000 miss-repeat-timeout 600000 &&
		device_up w2 && ns_sysctl w1 net.ipv4.icmp_ratelimit=0 \
			net.ipv6.icmp.ratelimit=0
}

# shellcheck disable=SC2046 # words
clients()
{
	service_all client \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) \
		$(instance 1 10.19.1.4,fc00::104 10.30.0.3,fdff::3 131.1.0.1 50103)
}

# shellcheck disable=SC2046 # words
shop()
{
	service_set "$1" shop address 10.30.1.30 policy rr \
		address fdff:2000::30 policy rr \
		$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.0.2 50103)
}

use_family()
{
	family=IPv$1
	if (($1 == 4)); then
		c1=10.19.1.3 c1i=10.30.0.2 new=10.19.1.5 new_i=10.30.0.4
		sip=10.30.1.30 s0=10.21.0.1 nobody=10.30.9.9
		unreachable="EHOSTUNREACH 3/1" prohibited="EHOSTUNREACH 3/13"
	else
		c1=fc00::103 c1i=fdff::2 new=fc00::105 new_i=fdff::4
		sip=fdff:2000::30 s0=fc00::201 nobody=fdff:2000::99
		unreachable="EHOSTUNREACH 1/3" prohibited="EACCES 1/1"
	fi
}

waiting()
{
	(($(counter w1 out-waiting) == $1))
}

set_option()
{
	ns w1 ozctl device set oz0 "$@"
}

forget_shop()
{
	ns w1 ozctl service del shop
}

# What the monitor said of an address: how often each announcement.
told()
{
	jq -r --arg address "$1" 'select(.event == "miss-ntf" and
		(.ipv4 // .ipv6) == $address) | .announced' \
		"$OZP_TMP/bg.$monitor" | paste -sd ' '
}

told_at_least()
{
	(($(told "$1" | wc -w) >= $2))
}

# Stands in for the helper: the first miss is answered at once.
answer_one()
{
	local line

	read -r line < <(ns w1 ozctl -j monitor) && shop w1
}

# How many SYN a capture saw.
syns()
{
	sock seen "$1" | grep -c ' tcp S '
}

# A connection begins before its address is known: no SYN is lost, and when the
# answer is quick, none is repeated.
connection()
{
	local name="$family: a connection" helper sent

	sock listen l s0 "$s0" 80
	sock capture at-c1 c1 eth0
	sock capture at-s0 s0 eth0
	answer_one &
	helper=$!
	ozp_pids+=("$helper")
	check "$name: another helper listens" wait_until 20 monitors_are 2
	sock connect k c1 "$c1" 4000 "$sip" 80 ||
		tap_not_ok "$name: it is there"
	wait "$helper"
	pid_forget "$helper"
	is "$name: from whom" "$(sock accept a l)" "$c1i 4000"
	check "$name: it works" sock echo k a
	check "$name: it was announced" told_at_least "$sip" 1
	sent=$(syns at-c1)
	is "$name: each SYN arrived, also the first ($sent)" \
		"$(syns at-s0)" "$sent"
	sock close k a l at-c1 at-s0
	check "$name: nothing waits any more" waiting 0
	forget_shop
}

# So many generic netlink sockets of the worker have joined a group.
monitors_are()
{
	# shellcheck disable=SC2016 # awk's
	ns w1 awk -v want="$1" '$2 == 16 && $4 !~ /^0+$/ { found++ }
		END { exit found != want }' /proc/net/netlink
}

# More datagrams than may wait: those that do keep their order.
in_order()
{
	local name="$family: datagrams" i
	local lost

	lost=$(drops w1 out miss-queue-full)
	set_option miss-address-packets 8
	sock udp u c1 "$c1" 4100
	sock udp v s0 "$s0" 53
	for i in 1 2 3 4 5 6 7 8 9 10; do
		sock send u "d$i" "$sip" 53
	done
	check "$name: eight wait" wait_until 5 waiting 8
	check "$name: the others are lost under their reason" wait_until 5 \
		drops_are w1 out miss-queue-full $((lost + 2))
	check "$name: the answer comes" shop w1
	for i in 1 2 3 4 5 6 7 8; do
		is "$name: d$i" "$(sock receive v)" "$c1i 4100 d$i"
	done
	sock send u d11 "$sip" 53
	is "$name: and then the next" "$(sock receive v)" "$c1i 4100 d11"
	set_option miss-address-packets 32
	sock close u v
	forget_shop
}

# Again and again while a packet waits, ever more seldom; and a helper that was
# away sees in a dump what waits.
repeats()
{
	local name="$family: announcements"

	set_option miss-repeat-timeout 100
	sock udp u c1 "$c1" 4200
	sock send u one "$nobody" 53
	check "$name: repeated while a packet waits" wait_until 20 \
		told_at_least "$nobody" 4
	like "$name: in their order" "$(told "$nobody")" '^1 2 3 4'
	is "$name: a dump tells what waits" "$(ns w1 ozctl -j miss show |
		jq -c 'map([(.ipv4 // .ipv6), .state, .waiting,
			.announced >= 4])')" \
		"[[\"$nobody\",\"waiting\",1,true]]"
	set_option miss-repeat-timeout 600000
	sock close u
}

# What still waits from repeats() is rejected, and so is what comes: the socket
# that sent it is told.
negative()
{
	local name="$family: a negative answer" lost said

	lost=$(drops w1 out unknown-service)
	check "$name: taken" ns w1 ozctl miss resolve "$nobody" lifetime 600000
	check "$name: what waited is rejected" wait_until 5 \
		drops_are w1 out unknown-service $((lost + 1))
	check "$name: and waits no more" waiting 0
	said=$(told "$nobody")
	sock udp u c1 "$c1" 4300
	sock errors u
	sock send u one "$nobody" 53
	check "$name: what comes is rejected at once" wait_until 5 \
		drops_are w1 out unknown-service $((lost + 2))
	like "$name: the sender is told" "$(sock error u)" \
		"^$unreachable from .* about $nobody 53 mtu 0\$"
	is "$name: it is remembered" "$(ns w1 ozctl -j miss show |
		jq -c 'map([(.ipv4 // .ipv6), .state, .packets,
			.lifetime > 1000])')" \
		"[[\"$nobody\",\"negative\",1,true]]"
	is "$name: nothing was announced" "$(told "$nobody")" "$said"
	check "$name: for a moment only" \
		ns w1 ozctl miss resolve "$nobody" lifetime 100
	check "$name: then it is over" wait_until 5 nothing_is_known
	sock send u two "$nobody" 53
	check "$name: and what comes waits again" wait_until 5 waiting 1
	check "$name: its sender has not been told" sock no_error u
	time_out "$name" "$nobody"
	sock close u
}

# time_out NAME ADDRESS: the one that waits, sent by u, is given up.
time_out()
{
	local lost

	lost=$(drops w1 out miss-timeout)
	set_option miss-timeout 100
	check "$1: without an answer until it is lost" wait_until 5 \
		drops_are w1 out miss-timeout $((lost + 1))
	like "$1: which its sender is told" "$(sock error u)" \
		"^$unreachable from .* about $2 53 mtu 0\$"
	set_option miss-timeout 600000
}

# The answer comes when its packet was given up: it is for the next one.
too_late()
{
	local name="$family: an answer too late"

	sock udp u c1 "$c1" 4400
	sock errors u
	sock udp v s0 "$s0" 53
	sock send u early "$sip" 53
	check "$name: a packet waits" wait_until 5 waiting 1
	time_out "$name" "$sip"
	check "$name: it comes" shop w1
	sock send u next "$sip" 53
	is "$name: the next packet arrives" "$(sock receive v)" \
		"$c1i 4400 next"
	check "$name: and no other" sock silent v
	sock close u v
	forget_shop
}

# A container is faster than the table: its first packet is refused, because the
# cluster cannot be asked by Namespace IP, and the next one is not.
# shellcheck disable=SC2046 # words
newcomer()
{
	local name="$family: a new instance of ours" lost

	check "$name: the shop is known" shop w1
	lost=$(drops w1 out unknown-source)
	sock udp u c3 "$new" 4500
	sock errors u
	sock udp v s0 "$s0" 53
	sock send u early "$sip" 53
	like "$name: its first packet is prohibited" "$(sock error u)" \
		"^$prohibited from .* about $sip 53 mtu 0\$"
	check "$name: under its reason" \
		drops_are w1 out unknown-source $((lost + 1))
	is "$name: nobody is asked about it" "$(counter w1 misses)" 0
	check "$name: it is announced" service_set w1 new $(instance 0 \
		10.19.1.5,fc00::105 10.30.0.4,fdff::4 131.1.0.1 50103)
	sock send u next "$sip" 53
	is "$name: the next packet arrives" "$(sock receive v)" \
		"$new_i 4500 next"
	check "$name: and no other" sock silent v
	sock close u v
	ns w1 ozctl service del new
	forget_shop
}

nothing_is_known()
{
	[[ $(ns w1 ozctl -j miss show | jq length) == 0 ]]
}

# The oldest answer is forgotten for the newest.
negatives_are_bounded()
{
	local i

	set_option negative-limit 3
	for i in 1 2 3 4 5; do
		ns w1 ozctl miss resolve "10.30.8.$i" lifetime 600000
	done
	is "the latest three negative answers are remembered" \
		"$(ns w1 ozctl -j miss show | jq -c 'map(.ipv4)')" \
		'["10.30.8.3","10.30.8.4","10.30.8.5"]'
	is "and counted" "$(counter w1 negatives)" 3
	set_option negative-limit 0
	is "none when none may be" "$(counter w1 negatives)" 0
	set_option negative-limit 4096
}

# c1 asks for a thousand addresses as fast as it can, all the time.
flood()
{
	bg c1 python3 -SEB -c '
import socket, sys
socks = []
for family, source, peer in (
        (socket.AF_INET, "10.19.1.3", "10.30.%d.%d"),
        (socket.AF_INET6, "fc00::103", "fdff:2000::%x:%x")):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((source, 0))
    sock.setblocking(False)
    socks.append((sock, peer))
while True:
    for number in range(1000):
        for sock, peer in socks:
            try:
                sock.sendto(b"x", (peer % (40 + number // 250,
                                           1 + number % 250), 9))
            except OSError:
                pass'
	flood=$BG_PID
}

flooded()
{
	(($(drops w1 out miss-source-full) > 1000))
}

# c2 neither loses a packet of a flow that it has, nor a miss of its own.
others_go_on()
{
	local name="a thousand addresses" i new

	sock udp v s0 10.21.0.1 53
	sock udp old c2 10.19.1.4 5000
	shop w1
	sock send old before 10.30.1.30 53
	is "$name: a flow of c2" "$(sock receive v)" "10.30.0.3 5000 before"
	flood
	check "$name: c1 asks for them" wait_until 30 flooded
	is "$name: 64 of each family wait" "$(counter w1 misses)" 128
	check "$name: not all of the packets may wait" \
		test "$(counter w1 out-waiting)" -le 256
	for i in 1 2 3 4 5 6 7 8 9 10; do
		sock send old "old$i" 10.30.1.30 53
		is "$name: the flow of c2 goes on: $i" \
			"$(sock receive v)" "10.30.0.3 5000 old$i"
	done
	forget_shop
	for new in 10.30.1.30 fdff:2000::30; do
		i=10.19.1.4
		[[ $new == *:* ]] && i=fc00::104
		sock udp new c2 "$i" 5001
		sock send new first "$new" 54
		sock send new second "$new" 54
		check "$name: c2 waits for $new" wait_until 10 miss_waits "$new"
		sock close new
	done
	sock udp v4 s0 10.21.0.1 54
	sock udp v6 s0 fc00::201 54
	check "$name: the answer comes" shop w1
	is "$name: c2's first packet" "$(sock receive v4)" \
		"10.30.0.3 5001 first"
	is "$name: its second" "$(sock receive v4)" "10.30.0.3 5001 second"
	is "$name: c2's first packet, IPv6" "$(sock receive v6)" \
		"fdff::3 5001 first"
	is "$name: its second, IPv6" "$(sock receive v6)" \
		"fdff::3 5001 second"
	bg_stop "$flood"
	sock close v v4 v6 old
	set_option miss-timeout 100
	check "$name: in the end nothing waits" wait_until 5 waiting 0
	set_option miss-timeout 600000
}

miss_waits()
{
	(($(ns w1 ozctl -j miss show "$1" | jq '.[0].waiting') == 2))
}

# A device that goes keeps nothing; the namespace of the sender may go first.
ends()
{
	sock udp u c1 10.19.1.3 6000
	sock send u one "10.30.9.9" 53
	check "a packet waits" wait_until 5 waiting 1
	sock close u
	check "the container goes" netns_del c1
	is "its packet waits" "$(counter w1 out-waiting)" 1
	check "the device goes, with it" nip w1 link del oz0
	is "nothing is left of it" "$(nip w1 link show type ozproxy)" ""
}

sock_start
check "two workers" topology
check "clients" clients
check "w2 knows the shop" shop w2
bg w1 ozctl -j monitor
monitor=$BG_PID
check "a helper listens" wait_until 20 monitor_listens w1
for family in 4 6; do
	use_family "$family"
	connection
	in_order
	repeats
	negative
	too_late
	newcomer
done
negatives_are_bounded
others_go_on
ends
tap_done
