# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2154 # addresses of topology.bash
#
# Packets of four containers at once, each from a processor of its own. The
# clock counts the instructions of all processors: whoever waits for another's
# lock pays. Source it after udp.bash.

cores_senders=(c1 c3 c4 c5)
cores_count=20000

cores_topology()
{
	local i

	for i in 1 2 3; do
		container_add w1 "${cores_senders[i]}" "10.19.1.$((3 + i))/26" ||
			return 1
	done
	[[ $system == ozproxy ]] || return 0
	# shellcheck disable=SC2046 # words of instances
	service_set w1 near address 10.30.0.1 policy rr \
		$(for i in 0 1 2 3; do
			instance "$i" "10.19.1.$((3 + i))" "10.30.0.$((2 + i))" \
				"$node1" 50103
		done)
}

measure_cores()
{
	local i senders

	cores_topology && udp_sink c2 && modprobe pktgen || return 1
	for i in 0 1 2 3; do
		# The first packets make the flow and find the neighbours.
		pktgen_set "${cores_senders[i]}" w1 "$i" "$there" 100 &&
			pktgen_go "${cores_senders[i]}" &&
			pktgen_set "${cores_senders[i]}" w1 "$i" "$there" \
				"$cores_count" || return 1
	done
	for senders in 1 4; do
		cores_send "$senders" || return 1
	done
}

# cores_send SENDERS: all are started at once, and the last to end tells how long
# it took.
cores_send()
{
	local i before gate fd time last=0 count=$(($1 * cores_count))
	local pids=() gates=()

	before=$(udp_arrived c2)
	for ((i = 0; i < $1; i++)); do
		gate=$OZP_TMP/gate.$i
		[[ -p $gate ]] || mkfifo "$gate"
		bg "${cores_senders[i]}" busybox sh -c \
			"read -r line <$gate; echo start >/proc/net/pktgen/pgctrl"
		pids+=("$BG_PID")
		# Opens when the other end does.
		exec {fd}>"$gate"
		gates+=("$fd")
	done
	for fd in "${gates[@]}"; do
		echo >&"$fd"
		exec {fd}>&-
	done
	wait "${pids[@]}"
	for ((i = 0; i < $1; i++)); do
		pid_forget "${pids[i]}"
		time=$(pktgen_took "${cores_senders[i]}")
		((time <= last)) || last=$time
	done
	result cores "$1" $((last * 1000 / count)) instructions/packet
	wait_until 5 udp_has_arrived c2 $((before + count))
}
