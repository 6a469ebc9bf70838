#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A helper that does not read for a while loses notifications: the kernel says so
# (ENOBUFS), and the helper finds what it did not hear of by reading the table and
# the misses again. Whoever only listens is told that something was lost.
#
# The topology is that of helper.bash, without the cluster.
#
# kernels: 6.12 debug
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"

need gojq ozctl ozproxyd python3

file=$OZP_TMP/table.json
mine="0 131.1.0.2 50103 10.21.0.2 fc00::202 10.30.0.9 fdff::9"

serve()
{
	many_jobs 3500 && world && table "$file" && helper_run w1 --table "$file" &&
		helper_run w2 --table "$file" &&
		wait_until 20 helper_ready w1 && wait_until 20 helper_ready w2
}

# More words about them than a socket holds, eight megabytes: a thousand bytes
# each of 3500 services, again and again. That takes the kernel less time than
# fewer services with as many instances.
noise()
{
	local port

	for port in 50103 50104 50103; do
		sed "s/50103/$port/g" "$OZP_TMP/jobs.json" >"$OZP_TMP/noise.json" &&
			ns w1 ozctl service load "$OZP_TMP/noise.json" ||
			return 1
	done
}

lost()
{
	grep -q '"event":"lost"' "$OZP_TMP/bg.$1"
}

missed_is()
{
	[[ $(counter w1 misses) == "$1" ]]
}

overrun()
{
	local monitor

	bg w1 ozctl -j monitor
	monitor=$BG_PID
	check "somebody listens, too" wait_until 20 listeners_are 2
	check "both stop to read" kill -STOP "$monitor" "${helper_pid[w1]}"
	# shellcheck disable=SC2046 # words
	check "somebody sets a service" ns w1 ozctl service set mine \
		$(instance 0 10.21.0.2,fc00::202 10.30.0.9,fdff::9 131.1.0.2 50103)
	check "more happens than they can hold" noise
	check "then it is deleted" ns w1 ozctl service del mine
	check "and the shop" ns w1 ozctl service del shop
	sock send u ask 10.30.1.30 53
	check "and a container misses it" wait_until 10 missed_is 1
	check "the helper reads again" kill -CONT "${helper_pid[w1]}"
	is "and answers the miss that it did not hear of" "$(sock receive v)" \
		"10.30.0.2 4000 ask"
	check "it has the shop in the table again" wait_until 20 knows w1 shop
	is "nothing is missed" "$(counter w1 misses)" 0
	check "it knows what it lost" helper_said w1 'events came faster'
	table "$file" "$(cluster_job mine 10.30.1.40 fdff:2000::40 "$mine")"
	check "what is nobody's any more is its own" wait_until 20 knows w1 mine
	check "the other reads again" kill -CONT "$monitor"
	check "and is told" wait_until 20 lost "$monitor"
	bg_stop "$monitor"
}

# Sockets of generic netlink in w1 that hear something.
listeners_are()
{
	# shellcheck disable=SC2016 # awk's
	(($(ns w1 awk '$2 == 16 && $4 !~ /^0+$/ { found++ }
		END { print found + 0 }' /proc/net/netlink) == $1))
}

sock_start
check "two helpers serve a file" serve
sock udp u c 10.19.1.3 4000
sock udp v s0 10.21.0.1 53
sock send u first 10.30.1.30 53
is "a container reaches the shop" "$(sock receive v)" "10.30.0.2 4000 first"
overrun
sock send u last 10.30.1.30 53
is "and it goes on" "$(sock receive v)" "10.30.0.2 4000 last"
helpers_said_no_error
tap_done
