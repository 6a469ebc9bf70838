# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2154 # ozp_workers and ozp_prefix come from lib.sh
#
# What the end-to-end tests share: devices, services, counters, and sockets in
# every namespace of the test. Source it after lib.sh.
#
#   device_up WORKER [OPTION VALUE…]   adds oz0 there and brings it up
#   workers_up COUNT            workers w1, w2, … at 131.1.0.1, 131.1.0.2, …,
#                               each with its device
#   workers_join COUNT          the same at 2001:db8::1, … too, and without one
#   shop_containers CLIENT      of w1: CLIENT 10.19.1.3 fc00::103; of w2: s0
#                               10.21.0.1 fc00::201, s1 10.21.0.2 fc00::202
#   service_set WORKER JOB ARG… ozctl service set
#   service_all JOB ARG…        the same on every worker
#   instance N NS4,NS6 IP4,IP6 NODE PORT [ARG…]   words of one instance
#   entry_load WORKER JSON      ozctl service load
#   counter WORKER KEY          a number of ozctl -j stats show
#   drops WORKER in|out REASON  how many packets were lost so
#   drops_are WORKER in|out REASON N   for wait_until
#   flow_find WORKER JQ         ozctl -j flow show, what jq selects of it
#   losses WORKER               "DIRECTION REASON PACKETS, …" of what was lost
#   monitor_listens WORKER      for wait_until: ozctl monitor hears misses
#   no_drops WORKER…            checks that the workers lost nothing
#
#   sock_start                  starts sock.py; its sockets close at the end
#   sock COMMAND…               one command of sock.py: prints its answer,
#                               fails when it answers with an error
#   sock_send COMMAND…, sock_answer   the two halves of sock
#   mac NAME                    the address of eth0 in a container
#   gateway_mac WORKER          that of the containers' gateway

device_up()
{
	local worker=$1

	shift
	ns "$worker" ozctl device add oz0 "$@" &&
		ns "$worker" ozctl device up oz0 >"$OZP_TMP/up.$worker"
}

workers_up()
{
	local i

	for ((i = 1; i <= $1; i++)); do
		worker_add "w$i" && underlay_join "w$i" "131.1.0.$i/24" &&
			device_up "w$i" || return 1
	done
}

workers_join()
{
	local i

	for ((i = 1; i <= $1; i++)); do
		worker_add "w$i" && underlay_join "w$i" "131.1.0.$i/24" \
			"2001:db8::$i/64" || return 1
	done
}

shop_containers()
{
	container_add w1 "$1" 10.19.1.3/26 fc00::103/120 &&
		container_add w2 s0 10.21.0.1/26 fc00::201/120 &&
		container_add w2 s1 10.21.0.2/26 fc00::202/120
}

service_set()
{
	local worker=$1

	shift
	ns "$worker" ozctl service set "$@"
}

service_all()
{
	local worker

	for worker in "${ozp_workers[@]}"; do
		service_set "$worker" "$@" || return 1
	done
}

instance()
{
	local number=$1 spaces=$2 addresses=$3 node=$4 port=$5

	shift 5
	echo instance "$number" ns "$spaces" ip "$addresses" node "$node" \
		port "$port" "$@"
}

entry_load()
{
	ns "$1" ozctl service load - <<<"$2"
}

# A start of jq takes an emulated machine as long as two of ozctl: what is
# asked for again and again is found without it.
counter()
{
	local json

	json=$(ns "$1" ozctl -j stats show)
	[[ $json =~ \"$2\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}" || echo null
}

drops()
{
	local json

	json=$(ns "$1" ozctl -j stats show)
	[[ $json =~ \{[^{}]*\"direction\":\"$2\",\"reason\":\"$3\",\"packets\":([0-9]+) ]] &&
		echo "${BASH_REMATCH[1]}" || echo 0
}

drops_are()
{
	(($(drops "$1" "$2" "$3") == $4))
}

flow_find()
{
	ns "$1" ozctl -j flow show | jq -c "$2"
}

# IPv6 hosts send multicast of their own accord; that is not the test's loss.
losses()
{
	ns "$1" ozctl -j stats show | jq -r '[.drop[]? |
		select(.reason != "multicast" and .packets > 0) |
		"\(.direction) \(.reason) \(.packets)"] | join(", ")'
}

# A generic netlink socket of the worker has joined a group.
monitor_listens()
{
	# shellcheck disable=SC2016 # awk's
	ns "$1" awk '$2 == 16 && $4 !~ /^0+$/ { found = 1 }
		END { exit !found }' /proc/net/netlink
}

no_drops()
{
	local worker

	for worker; do
		is "$worker lost nothing" "$(losses "$worker")" ""
	done
}

sock_start()
{
	need python3
	coproc OZP_SOCK {
		exec python3 -SEB "${BASH_SOURCE[0]%/*}/sock.py" 2>&1
	}
	# Subshells do not get the descriptors of a coprocess, but copies.
	exec {sock_from}<&"${OZP_SOCK[0]}" {sock_to}>&"${OZP_SOCK[1]}"
	ozp_pids+=("$OZP_SOCK_PID")
}

sock_send()
{
	local words=() word prefix=

	# A namespace is the word after the handle, where there is one.
	case $1 in
	udp | listen | connect | capture | split) prefix=$ozp_prefix- ;;
	esac
	for word; do
		((${#words[@]} == 2)) && word=$prefix$word
		words+=("$word")
	done
	echo "${words[*]}" >&"$sock_to"
}

sock_answer()
{
	local status rest line

	if ! read -r -t 90 -u "$sock_from" status rest; then
		echo "sock.py does not answer"
		return 1
	fi
	if [[ $status != ok ]]; then
		echo "$status $rest"
		return 1
	fi
	while ((rest--)); do
		read -r -u "$sock_from" line
		echo "$line"
	done
}

sock()
{
	sock_send "$@" && sock_answer
}

mac()
{
	ns "$1" ip -o link show eth0 | sed 's/.*link\/ether \([^ ]*\).*/\1/'
}

gateway_mac()
{
	ns "$1" ip -o link show br0 | sed 's/.*link\/ether \([^ ]*\).*/\1/'
}
