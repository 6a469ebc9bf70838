# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2154 # addresses of topology.bash
#
# Packets of pktgen, which sends from the container's own namespace: no socket,
# no copy, and the next packet when the one before has arrived.

udp_port=9

# Whatever other work a packet makes, threads of a cipher for one, comes first.
pktgen_start()
{
	local pid

	modprobe pktgen || return 1
	while read -r pid; do
		chrt --idle --pid 0 "$pid"
	done < <(pgrep -x kpktgend_0)
}

# What arrives in a container is counted and goes no further.
udp_sink()
{
	ns "$1" nft -f - <<-END
		table ip sink {
			counter arrived { }
			chain in {
				type filter hook prerouting priority raw;
				meta l4proto udp counter name arrived drop
			}
		}
	END
}

udp_sink_end()
{
	ns "$1" nft delete table ip sink
}

udp_arrived()
{
	local text

	text=$(ns "$1" nft list counter ip sink arrived)
	[[ $text =~ packets\ ([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# pktgen_set CONTAINER WORKER CPU TO COUNT [SETTING…]
pktgen_set()
{
	local name=$1 worker=$2 thread=kpktgend_$3 to=$4 count=$5 setting script

	shift 5
	script="cd /proc/net/pktgen
		echo rem_device_all >$thread
		echo add_device eth0 >$thread"
	for setting in "count $count" "delay 0" "pkt_size 60" "dst $to" \
		"flag UDPCSUM" "dst_mac $(gateway_mac "$worker")" \
		"udp_src_min $udp_port" "udp_src_max $udp_port" \
		"udp_dst_min $udp_port" "udp_dst_max $udp_port" "$@"; do
		script+="
			echo '$setting' >eth0"
	done
	ns "$name" busybox sh -c "$script"
}

# A program $mark (mark.c) starts it when its instructions are to be counted.
pktgen_go()
{
	local begin="echo start >/proc/net/pktgen/pgctrl"

	[[ -z ${mark:-} ]] || begin="$mark /proc/net/pktgen/pgctrl start"
	ns "$1" busybox sh -c "$begin"
}

# The microseconds from the first packet to the last.
pktgen_took()
{
	ns "$1" busybox sed -n 's/^Result: OK: \([0-9]*\).*/\1/p' \
		/proc/net/pktgen/eth0
}

# udp_way FROM TO ADDRESS COUNT [SETTING…]: instructions a packet between two
# containers
udp_way()
{
	local to=$2 count=$4 before after time

	before=$(udp_arrived "$to")
	pktgen_set "$1" "w${1#c}" 0 "$3" "$count" "${@:5}" || return 1
	[[ -z ${mark:-} ]] || echo "$count" >>"$OZP_ARTIFACTS/marked"
	pktgen_go "$1" && time=$(pktgen_took "$1") || return 1
	wait_until 5 udp_has_arrived "$to" $((before + count)) || {
		after=$(udp_arrived "$to")
		diag "$system: of $count packets $((after - before)) arrived"
		return 1
	}
	echo $((time * 1000 / count))
}

udp_has_arrived()
{
	(($(udp_arrived "$1") == $2))
}

measure_udp64()
{
	local count=20000 mark='' first second

	udp_sink c1 && udp_sink c2 && pktgen_start &&
		udp_way c1 c2 "$there" 100 >/dev/null &&
		udp_way c2 c1 "$back" 100 >/dev/null || return 1
	mark=${OZP_MARK:-}
	first=$(udp_way c1 c2 "$there" "$count") &&
		second=$(udp_way c2 c1 "$back" "$count") || return 1
	udp_sink_end c1 && udp_sink_end c2 || return 1
	result udp64 64 $(((first + second) / 2)) instructions/packet
	result udp64-request 64 "$first" instructions/packet
	result udp64-reply 64 "$second" instructions/packet
}
