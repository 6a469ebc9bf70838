# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2154 # $there of systems.bash
#
# TCP: bulk by iperf3, small requests by tcp.c. Both ends run on the one
# processor, so it is never idle while they wait for each other; that is checked.

tcp_port=5201
tcp_bytes=100000000
# Enough where a byte takes thirty times as long.
tcp_bytes_encrypted=10000000

measure_tcp1()
{
	tcp_bulk tcp1 1
}

measure_tcp4()
{
	tcp_bulk tcp4 4
}

# Sizes: the offloads of the underlay.
tcp_bulk()
{
	local mode value

	for mode in on off; do
		offloads "$mode" && value=$(tcp_stream "$2") || return 1
		result "$1" "$mode" "$value" instructions/byte
	done
	offloads on
}

# tcp_stream STREAMS: instructions a byte that arrived
tcp_stream()
{
	local json bytes=$tcp_bytes

	[[ $system != wireguard ]] || bytes=$tcp_bytes_encrypted
	bg c2 iperf3 --server --one-off --port "$tcp_port" &&
		wait_listen c2 tcp "$tcp_port" || return 1
	json=$(ns c1 iperf3 --client "$there" --port "$tcp_port" --json \
		--parallel "$1" --bytes "$bytes") || {
		diag "$json"
		return 1
	}
	wait "$BG_PID"
	pid_forget "$BG_PID"
	jq '.end.sum_received | .seconds * 1e9 / .bytes' <<<"$json"
}

measure_connect()
{
	tcp_requests connect connect 1000 instructions/connection
}

measure_rr()
{
	tcp_requests rr ask 5000 instructions/request
}

# tcp_requests MEASURE COMMAND COUNT UNIT
tcp_requests()
{
	local value

	bg c2 "$OZP_BENCH/tcp" serve "$tcp_port" &&
		wait_listen c2 tcp "$tcp_port" &&
		value=$(ns c1 "$OZP_BENCH/tcp" "$2" "$there" "$tcp_port" "$3")
	bg_stop "$BG_PID"
	[[ -n $value ]] && result "$1" 64 "$value" "$4"
}
