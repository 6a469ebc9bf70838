#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Large packets stay large, and all bytes arrive, whatever ethtool -K says about
# the underlay and about our own device.
#
#   c 10.19.1.3 fc00::103              s 10.21.0.1 fc00::201
#       │                                  │
#   w1 131.1.0.1 ═══════ underlay ═══ w2 131.1.0.2
#      2001:db8:1::1                     2001:db8:1::2
#
#   client.0 10.30.0.2 fdff::2     shop.0 10.30.0.6 fdff::6
#                                  shop   10.30.1.30 fdff:2000::30
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=pair.bash
. "$(dirname "$0")/pair.bash"

need gojq ozctl ethtool

# More than one segment, and on a kernel that keeps up with the sender, many.
large=$(size 3000 1600)

topology()
{
	pair_join && device_up w1 && device_up w2
}

use_family()
{
	pair_family "$1"
	name="$2, IPv$1"
}

tcp()
{
	sock listen l s "$s" 80
	check "$name: connects" sock connect k c "$c" $((port += 1)) "$sip" 80
	check "$name: is accepted" sock accept a l
	check "$name: bytes to the server" sock bulk k a "$bytes"
	check "$name: bytes to the client" sock bulk a k "$bytes"
	sock close k a l
}

# Four datagrams that the sender's stack keeps together.
udp()
{
	local i got=0

	sock udp u c "$c" $((port += 1))
	sock udp v s "$s" 53
	sock burst u 4 1200 "$sip" 53
	for ((i = 0; i < 4; i++)); do
		[[ $(sock receive v) == "$ci $port hex:$(printf '%02400d' 0)" ]] &&
			((++got))
	done
	is "$name: datagrams sent at once" "$got" 4
	check "$name: and no more" sock silent v
	sock close u v
}

# Bytes and packets, so far: that w2 converted, that s got.
taken()
{
	# shellcheck disable=SC2016 # awk's
	ns w2 awk '$1 == "oz0:" { print $2, $3 }' /proc/net/dev
	# shellcheck disable=SC2016 # awk's
	ns s awk '$1 == "eth0:" { print $2, $3 }' /proc/net/dev
}

# What comes to w2 in small packets gets large before it is looked at.
gathered()
{
	local before after i

	mapfile -t before < <(taken)
	sock listen l s "$s" 80
	sock connect k c "$c" $((port += 1)) "$sip" 80
	sock accept a l >/dev/null
	check "$name: one way" sock bulk k a 400000
	mapfile -t after < <(taken)
	sock close k a l
	for i in 0 1; do
		mean "${before[i]}" "${after[i]}"
		diag "$name: $mean bytes a packet"
		check "$name: $([[ $i == 0 ]] && echo converted ||
			echo delivered) in large packets" test "$mean" -gt "$large"
	done
}

mean()
{
	local b1 p1 b2 p2

	read -r b1 p1 <<<"$1"
	read -r b2 p2 <<<"$2"
	mean=$(((b2 - b1) / (p2 - p1)))
}

# on_devices SETTING…: of both our devices.
on_devices()
{
	ns w1 ethtool -K oz0 "$@" && ns w2 ethtool -K oz0 "$@"
}

underlay_lists()
{
	local worker

	for worker in w1 w2; do
		ns "$worker" ethtool -K un0 rx-gro-list "$1" \
			rx-udp-gro-forwarding "$1" &&
			ns underlay ethtool -K "u-$worker" rx-gro-list "$1" \
				rx-udp-gro-forwarding "$1" || return 1
	done
}

both_families()
{
	local family

	for family in 4 6; do
		use_family "$family" "$1"
		tcp
		udp
	done
}

sock_start
check "two workers" topology
port=5000
bytes=$(size 200000 100000)
for under in 131.1.0. 2001:db8:1::; do
	check "workers have addresses $under*" pair_services "$under"
	for mode in "${offload_modes[@]}"; do
		check "underlay offloads: $mode" underlay_offloads "$mode"
		both_families "$under* $mode"
	done
	for mode in off gro; do
		check "underlay offloads: $mode" underlay_offloads "$mode"
		for family in 4 6; do
			use_family "$family" "$under* $mode"
			gathered
		done
	done
	check "underlay: lists of packets" underlay_lists on
	both_families "$under* gro lists"
	check "underlay: no lists of packets" underlay_lists off
done
for settings in "tso off gso off" "tx off" "sg off" "gro off" \
	"rx off tx on tso on gso on sg on gro on"; do
	# shellcheck disable=SC2086 # words
	check "our devices: $settings" on_devices $settings
	both_families "$settings"
	bytes=100000
done
no_drops w1 w2
tap_done
