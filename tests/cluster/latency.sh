#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# What the helper adds to what the broker and the cluster take, and how fast it
# fills a table; by hand, with a clock that counts instructions:
#
#   tests/qemu/run --icount -- tests/cluster/latency.sh
#
# A packet to an unknown address comes from c (1), w1 asks (2), is answered (3),
# and sends the packet on (4), all of them seen by one capture in w1: from 1 to
# 2 and from 3 to 4 it is us who are waited for.
#
#   c ──1── w1 ──2── broker, cluster ──3── w1 ──4── w2
#
# The topology is that of tests/netns/helper.bash.
set -u

cd "$(dirname "$0")/../netns" || exit 1
# shellcheck source-path=SCRIPTDIR source=../netns/lib.sh
. ./lib.sh
# shellcheck source-path=SCRIPTDIR source=../netns/e2e.bash
. ./e2e.bash
# shellcheck source-path=SCRIPTDIR source=../netns/helper.bash
. ./helper.bash

need gojq mosquitto ozctl ozproxyd python3 tcpdump

samples=${OZP_SAMPLES:-15}
services=${OZP_SERVICES:-2000}
limit=1000		# microseconds

begin()
{
	many_jobs "$samples" && world && cloud_add plain && broker_start &&
		cluster_up "$OZP_TMP/many.json" && many_addresses 20 &&
		hosts w1 client && helper_start w1 --log-level info &&
		wait_until 20 knows w1 client
}

first_packets()
{
	local i

	sock_start
	sock udp u c 10.19.1.3 4000
	capture_start w1 any "$OZP_TMP/first.pcap" \
		udp dst port 80 or tcp port 10003 or udp dst port 50103
	for ((i = 0; i < samples; i++)); do
		sock send u first "10.30.16.$i" 80
		wait_until 20 knows w1 "j$i" || return 1
	done
	capture_stop "$OZP_TMP/first.pcap"
}

# Seconds, direction, what: a line a packet.
events()
{
	tcpdump -nqtt --nano -r "$1" 2>"$OZP_TMP/tcpdump" | awk '
		/ Out .* > .*\.10003: tcp [1-9]/ { print $1, "ask" }
		/ In .*\.10003 > .*: tcp [1-9]/ { print $1, "answer" }
		/ In .* > 10\.30\.[0-9.]*\.80: UDP/ { print $1, "first" }
		/ Out .* > .*\.50103: UDP/ { print $1, "release" }'
}

# ASKED ANSWERED: microseconds, a line a first packet
own_times()
{
	awk '
		$2 == "first" { first = $1; asked = 0 }
		$2 == "ask" && first && !asked { asked = $1 }
		$2 == "answer" { answer = $1 }
		$2 == "release" && asked {
			printf "%d %d\n", (asked - first) * 1e6,
				($1 - answer) * 1e6
			first = asked = 0
		}'
}

middle()
{
	sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

latency()
{
	local asked answered

	check "first packets" first_packets
	events "$OZP_TMP/first.pcap" | own_times >"$OZP_TMP/times"
	asked=$(cut -d ' ' -f 1 "$OZP_TMP/times" | middle)
	answered=$(cut -d ' ' -f 2 "$OZP_TMP/times" | middle)
	diag "microseconds, packet to question: $(cut -d ' ' -f 1 \
		"$OZP_TMP/times" | xargs)"
	diag "microseconds, answer to packet: $(cut -d ' ' -f 2 \
		"$OZP_TMP/times" | xargs)"
	# What was asked for in between hides one or the other.
	check "most of them were seen" test "$(wc -l <"$OZP_TMP/times")" -gt \
		$((samples / 2))
	diag "the middle of each: $asked + $answered us"
	check "less than $limit us" test $((asked + answered)) -lt "$limit"
	helper_stop w1
}

memory()
{
	sed -n 's/^VmRSS:[[:space:]]*//p' "/proc/${helper_pid[$1]}/status"
}

filled()
{
	local from to

	many_jobs "$services"
	echo '[]' >"$OZP_TMP/table.json"
	helper_run w2 --log-level info --table "$OZP_TMP/table.json"
	wait_until 20 helper_ready w2
	from=${EPOCHREALTIME/./}
	cp "$OZP_TMP/many.json" "$OZP_TMP/table.json"
	check "$services services from a file" wait_until 120 helper_said w2 \
		"$((services + 1)) services"
	to=${EPOCHREALTIME/./}
	diag "$services services in $(((to - from) / 1000)) ms," \
		"$((services * 1000 / ((to - from) / 1000))) a second;" \
		"ticks of the program and the kernel: $(cut -d ' ' -f 14,15 \
		"/proc/${helper_pid[w2]}/stat"), memory: $(memory w2)"
	helper_stop w2
	nip w2 link del oz0
	check "another device" device_up w2
	TIMEFORMAT='%R s, of the program %U, of the kernel %S'
	diag "the same by ozctl service load: $({ time ns w2 ozctl service \
		load "$OZP_TMP/many.json"; } 2>&1)"
}

check "a worker, its helper and a cluster" begin || tap_done
latency
filled
tap_done
