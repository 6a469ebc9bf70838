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
				udp dport $udp_port counter name arrived drop
			}
		}
	END
}

udp_arrived()
{
	local text

	text=$(ns "$1" nft list counter ip sink arrived)
	[[ $text =~ packets\ ([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# pktgen_send CONTAINER TO COUNT [SETTING…]: prints the microseconds it took. A
# program $mark (mark.c) starts it when its instructions are to be counted.
pktgen_send()
{
	local name=$1 to=$2 count=$3 worker=w${1#c} setting script
	local begin="echo start >pgctrl"

	shift 3
	if [[ -n ${mark:-} ]]; then
		begin="$mark pgctrl start"
		echo "$count" >>"$OZP_ARTIFACTS/marked"
	fi
	script="cd /proc/net/pktgen
		echo rem_device_all >kpktgend_0
		echo add_device eth0 >kpktgend_0"
	for setting in "count $count" "delay 0" "pkt_size 60" "dst $to" \
		"flag UDPCSUM" "dst_mac $(gateway_mac "$worker")" \
		"udp_src_min $udp_port" "udp_src_max $udp_port" \
		"udp_dst_min $udp_port" "udp_dst_max $udp_port" "$@"; do
		script+="
			echo '$setting' >eth0"
	done
	script+="
		$begin
		sed -n 's/^Result: OK: \([0-9]*\).*/\1/p' eth0"
	ns "$name" busybox sh -c "$script"
}

# udp_way FROM TO-CONTAINER ADDRESS COUNT: instructions a packet
udp_way()
{
	local before after time

	before=$(udp_arrived "$2")
	time=$(pktgen_send "$1" "$3" "$4")
	wait_until 5 udp_has_arrived "$2" $((before + $4)) || {
		after=$(udp_arrived "$2")
		diag "$system: of $4 packets $((after - before)) arrived"
		return 1
	}
	echo $((time * 1000 / $4))
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
	result udp64 64 $(((first + second) / 2)) instructions/packet
	result udp64-request 64 "$first" instructions/packet
	result udp64-reply 64 "$second" instructions/packet
}
