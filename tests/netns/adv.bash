# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# What the adversary's tests share. Source it after lib.sh and e2e.bash.
#
#   tap_pass CMD…            runs a program that prints TAP, as if its checks
#                            were ours
#   adv_python SCRIPT ARG…   tap_pass of a helper here; names of namespaces
#                            are given as $(ns_name NAME)
#   counters_add_up WORKER DEVICE   received = went on + dropped + waiting,
#                            both ways
#   device_gone WORKER DEVICE, port_free WORKER PORT
#   module_users             prints how many hold the module
#
# A line "# covers: REASON…" in a test says which drop reasons it triggers, by
# the names of the spec; reasons.sh looks whether each reason is triggered.

# shellcheck disable=SC2154 # ozp_count is lib.sh's
tap_pass()
{
	local line total=0 before=$ozp_count status

	"$@" >"$OZP_TMP/tap_pass" </dev/null
	status=$?
	while IFS= read -r line; do
		case $line in
		"ok "*) tap_ok "${line#* - }" ;;
		"not ok "*) tap_not_ok "${line#* - }" ;;
		"# "*) diag "${line#\# }" ;;
		"Bail out! "*) tap_not_ok "${line#Bail out! }" ;;
		1..*) total=${line#1..} ;;
		esac
	done <"$OZP_TMP/tap_pass"
	is "${1##*/} ran to its end" "$total of $total, $((status < 2))" \
		"$((ozp_count - before)) of $total, 1"
}

adv_python()
{
	local script=${BASH_SOURCE[0]%/*}/$1

	shift
	tap_pass python3 -SEB "$script" "$@"
}

# Asked again when a packet was on its way in between.
counters_add_up()
{
	wait_until 5 ozp_counters_add_up "$@" || ozp_counters_add_up "$@"
}

device_gone()
{
	! nip "$1" link show dev "$2"
}

port_free()
{
	[[ -z $(ns "$1" ss -Huan "sport = :$2") ]]
}

module_users()
{
	cat /sys/module/ozproxy/refcnt
}

# ---- two workers with traffic between them

# Two workers, X1.0 in c1 on w1, X3.0 in c2 on w2, and everyone knows all.
pair_make()
{
	worker_add w1 && worker_add w2 &&
		underlay_join w1 131.1.0.1/24 2001:db8:1::1/64 &&
		underlay_join w2 131.1.21.5/24 2001:db8:2::5/64 &&
		container_add w1 c1 10.19.1.3/26 fc00::103/120 &&
		container_add w2 c2 10.21.0.1/26 fc00::201/120
}

# pair_services WORKER…: pair_nodes are the addresses of w1 and w2.
pair_nodes=(131.1.0.1 131.1.21.5)

# shellcheck disable=SC2046 # words of instances
pair_services()
{
	local worker

	for worker; do
		service_set "$worker" X.default.X1.default \
			address 10.30.0.1 policy rr \
			address fdff:2000::1 policy rr $(instance 0 \
			10.19.1.3,fc00::103 10.30.0.2,fdff::2 \
			"${pair_nodes[0]}" 50103) &&
			service_set "$worker" X.default.X3.default \
				address 10.30.1.30 policy rr \
				address fdff:2000::30 policy rr $(instance 0 \
				10.21.0.1,fc00::201 10.30.0.6,fdff::6 \
				"${pair_nodes[1]}" 50103) || return 1
	done
}

# Starts the traffic; it goes on whatever happens, until bg_stop.
traffic_start()
{
	local script=${BASH_SOURCE[0]%/*}/adv_traffic.py

	bg "$1" python3 -SEB "$script" "$(ns_name "$1")" "$(ns_name "$2")" \
		10.30.1.30 fdff:2000::30
	TRAFFIC_PID=$BG_PID
}

# traffic_counts: echoes and bytes of TCP so far.
traffic_counts()
{
	sed -n 's/^flows //p' "$OZP_TMP/bg.$TRAFFIC_PID" | tail -n 1
}

traffic_moved()
{
	local echoes bytes

	read -r echoes bytes < <(traffic_counts)
	((${echoes:-0} > $1 && ${bytes:-0} > $2))
}

# Until more than so far came back, of UDP and of TCP.
traffic_flows()
{
	local echoes bytes

	read -r echoes bytes < <(traffic_counts)
	wait_until 20 traffic_moved "$((${echoes:-0} + 40))" \
		"$((${bytes:-0} + 100000))" && return 0
	diag "$(tail -n 3 "$OZP_TMP/bg.$TRAFFIC_PID")"
	return 1
}

traffic_runs()
{
	kill -0 "$TRAFFIC_PID"
}

# ---- the end of a life

# Nothing holds the module: it goes, and comes back for the next test.
module_cycle()
{
	wait_until 10 module_is_free || return 1
	rmmod ozproxy && insmod "$OZPROXY_KO"
}

module_is_free()
{
	[[ $(module_users) == 0 ]]
}

no_devices()
{
	[[ -z $(ip -o link show type ozproxy) ]]
}
