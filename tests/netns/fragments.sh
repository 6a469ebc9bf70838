#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# IP fragments of both families: large datagrams in both directions and on one
# worker, with and without connection tracking (which puts them together before
# the device and takes them apart behind it); fragments in order, reversed,
# overlapping, repeated, the first or the last alone, out of a container and out
# of the tunnel.
#
#   c1  10.19.1.3 fc00::103 ─┬─ w1 131.1.0.1 ──┐
#   c3  10.19.1.6 fc00::106 ─┘  2001:db8:1::1  │
#   peer (sends into the tunnel) ── 131.1.0.9 ─┼─ underlay
#                               2001:db8:9::9  │
#   c2  10.21.0.1 fc00::201 ─── w2 131.1.21.5 ─┘
#                               2001:db8:2::5
#
#   X1: 10.30.0.1 fdff:2000::1    X3: 10.30.1.30 fdff:2000::30 (c2)
#   X4: 10.30.1.40 fdff:2000::40 (c3)
#
# covers: fragment-timeout fragment-limit fragment-overlap
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"

need gojq ozctl nft

# shellcheck disable=SC2046 # words of instances
topology()
{
	pair_make && container_add w1 c3 10.19.1.6/26 fc00::106/120 &&
		netns_add peer && underlay_join peer 131.1.0.9/24 \
			2001:db8:9::9/64 &&
		device_up w1 && device_up w2 && pair_services w1 w2 &&
		service_set w1 X4 address 10.30.1.40 policy rr \
			address fdff:2000::40 policy rr $(instance 0 \
			10.19.1.6,fc00::106 10.30.0.8,fdff::8 131.1.0.1 50103)
}

use_family()
{
	if (($1 == 4)); then
		c1=10.19.1.3 c2=10.21.0.1 c3=10.19.1.6 far=10.30.1.30
		near=10.30.1.40 i1=10.30.0.2 i3=10.30.0.6
		node1=131.1.0.1 outside=131.1.0.9
	else
		c1=fc00::103 c2=fc00::201 c3=fc00::106 far=fdff:2000::30
		near=fdff:2000::40 i1=fdff::2 i3=fdff::6
		node1=2001:db8:1::1 outside=2001:db8:9::9
	fi
	family=IPv$1
}

# Both ways between two containers.
large()
{
	local name=$1 size

	for size in 4000 60000; do
		is "$family, $name: $size bytes" \
			"$(sock carry one two "$size" "$far" 53)" "$i1 5000"
		is "$family, $name: $size bytes back" \
			"$(sock carry two one "$size" "$i1" 5000)" "$far 53"
	done
	is "$family, $name: 4000 bytes on one worker" \
		"$(sock carry one three 4000 "$near" 53)" "$i1 5000"
	is "$family, $name: 4000 bytes back on one worker" \
		"$(sock carry three one 4000 "$i1" 5000)" "$near 53"
	check "$family, $name: a ping of 4000 bytes" \
		wait_until 10 ns c1 ping -c 1 -W 1 -s 4000 "$far"
}

# On both workers, and with it defragmentation.
conntrack_on()
{
	local worker

	for worker in w1 w2; do
		ns "$worker" nft -f - <<-END || return 1
			table inet track {
				chain forward {
					type filter hook forward priority 0
					ct state established,related,new accept
				}
			}
		END
	done
}

conntrack_off()
{
	ns w1 nft flush ruleset && ns w2 nft flush ruleset
}

# put HEX…: fragments into the network, by way of $place.
put()
{
	local piece

	for piece; do
		if [[ $place == out ]]; then
			sock frame raw "$gateway" "$piece"
		else
			sock send peer "hex:$piece" "$node1" 50103
		fi || return 1
	done
}

# Fragments that fit: both ends see the datagram as it was.
arrives()
{
	local name=$1

	shift
	check "$family $place: $name: sent" put "$@"
	is "$family $place: $name: arrives" \
		"$(sock receive "$there" | sed "s/$letters/intact/")" \
		"$from intact"
}

# What was given up is counted when its time is over: at once.
time_over()
{
	ns "$1" ozctl device set oz0 fragment-timeout 100 &&
		wait_until 10 ozp_counters_add_up "$1" oz0 &&
		ns "$1" ozctl device set oz0 fragment-timeout 30000
}

# late NAME COUNT HEX…: the same, and time passes.
late()
{
	local name=$1 count=$2 before

	shift 2
	before=$(drops w1 "$place" fragment-timeout)
	check "$family $place: $name: sent" put "$@"
	check "$family $place: $name: little time" \
		ns w1 ozctl device set oz0 fragment-timeout 100
	check "$family $place: $name: fragment-timeout, $count times" \
		wait_until 10 drops_are w1 "$place" fragment-timeout \
		$((before + count))
	check "$family $place: $name: nothing waits" time_over w1
	is "$family $place: $name: exactly" \
		"$(($(drops w1 "$place" fragment-timeout) - before))" "$count"
	check "$family $place: $name: nothing arrives" sock silent "$there"
}

# lost NAME REASON COUNT HEX…: that many of them are counted so.
lost()
{
	local name=$1 reason=$2 count=$3 before

	shift 3
	before=$(drops w1 "$place" "$reason")
	check "$family $place: $name: sent" put "$@"
	check "$family $place: $name: $reason, $count times" wait_until 10 \
		drops_are w1 "$place" "$reason" $((before + count))
	is "$family $place: $name: exactly" \
		"$(($(drops w1 "$place" "$reason") - before))" "$count"
	check "$family $place: $name: nothing arrives" sock silent "$there"
}

numbered()
{
	sock fragments "$whole" "$1" 512 512 512
}

pieces_of_all_kinds()
{
	local p q

	mapfile -t p < <(numbered 100)
	arrives "in order" "${p[@]}"
	mapfile -t p < <(numbered 101)
	arrives "reversed" "${p[3]}" "${p[2]}" "${p[1]}" "${p[0]}"
	mapfile -t p < <(numbered 102)
	arrives "mixed" "${p[1]}" "${p[0]}" "${p[3]}" "${p[2]}"
	mapfile -t p < <(numbered 103)
	arrives "repeated" "${p[2]}" "${p[2]}" "${p[0]}" "${p[0]}" "${p[1]}" \
		"${p[3]}"
	mapfile -t p < <(numbered 104)
	late "the last alone" 1 "${p[3]}"
	late "without the first" 3 "${p[@]:1}"
	mapfile -t p < <(numbered 105)
	mapfile -t q < <(sock piece "$whole" 105 504 512 1)
	lost "overlapping" fragment-overlap 3 "${p[0]}" "${q[0]}" "${p[2]}" \
		"${p[3]}"
	mapfile -t p < <(numbered 106)
	mapfile -t q < <(sock piece "$whole" 106 1032 512 1)
	lost "overlapping before the first" fragment-overlap 4 "${p[2]}" \
		"${q[0]}" "${p[0]}" "${p[1]}"
	mapfile -t p < <(numbered 107)
	check "$family $place: the first alone: sent" put "${p[0]}"
	check "$family $place: the first alone: nothing arrives" \
		sock silent "$there"
	limited
	check "$family $place: at the end nothing waits" time_over w1
}

# One datagram at a time: the older one makes room.
limited()
{
	local p q

	mapfile -t p < <(numbered 108)
	mapfile -t q < <(numbered 109)
	check "$family $place: a limit of one" \
		ns w1 ozctl device set oz0 fragment-limit 1
	lost "one too many" fragment-limit 1 "${p[3]}" "${q[3]}"
	arrives "the newer one" "${q[@]:0:3}"
	check "$family $place: no limit" \
		ns w1 ozctl device set oz0 fragment-limit 1024
}

# Of the first datagram on an IPv6 path, the worker refuses what is too big for
# the device (RFC 8200, 5: only the sender may fragment). The last fragment is
# not too big, and waits for a first one that never comes: one for c1 to c2, c1
# to c3 and c3 to c1 each.
left_over()
{
	local worker=$1 before=$2 paths=$3

	((${family#IPv} == 6)) || paths=0
	check "$family $worker: what is left of refused datagrams is forgotten" \
		time_over "$worker"
	is "$family $worker: the last fragments of refused datagrams" \
		"$(($(drops "$worker" out fragment-timeout) - before))" "$paths"
}

# Losses but those that left_over() counts.
others()
{
	sed -E 's/out fragment-timeout [0-9]+(, )?//; s/, $//'
}

# 2000 letters: datagrams that a test can see are words.
letters=$(printf 'letters%.0s' {1..285})abcde

everything()
{
	local before timeouts

	before=$(losses w1 | others)
	timeouts=$(drops w1 out fragment-timeout)
	use_family "$1"
	sock udp one c1 "$c1" 5000 && sock udp two c2 "$c2" 53 &&
		sock udp three c3 "$c3" 53
	large "no tracking"
	check "$family: connection tracking" conntrack_on
	large "tracking"
	check "$family: no more tracking" conntrack_off
	left_over w1 "$timeouts" 3
	left_over w2 0 1
	is "$family: w1 lost nothing else" "$(losses w1 | others)" "$before"
	is "$family: w2 lost nothing else" "$(losses w2 | others)" ""

	place=out there=two from="$i1 5000"
	whole=$(sock build udp "$c1" 5000 "$far" 53 "$letters")
	pieces_of_all_kinds
	place=in there=one from="$i3 4444"
	whole=$(sock build udp "$i3" 4444 "$c1" 5000 "$letters")
	check "a peer in the underlay" sock udp peer peer "$outside" 0
	pieces_of_all_kinds
	sock close one two three peer
}

sock_start
check "two workers, three containers" topology
# Some datagrams never become whole: half a minute later a container says so, to a
# node that did not send them.
check "c1 does not give them up while this lasts" ns_sysctl c1 \
	net.ipv4.ipfrag_time=3600 net.ipv6.ip6frag_time=3600
check "nor does c2" ns_sysctl c2 \
	net.ipv4.ipfrag_time=3600 net.ipv6.ip6frag_time=3600
gateway=$(gateway_mac w1)
check "a raw socket in c1" sock capture raw c1 eth0
everything 4
everything 6
tap_done
