#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The drop reasons on the way out, and the proof that some test triggers each
# of all.
#
#     c1 (X1.0)   10.19.1.3 fc00::103 ─┐
#     c2 (nobody) 10.19.1.9 fc00::109 ─┼─ br0 ── w1: oz0 ── un0 ── underlay
#     c3 (X2.0)   10.19.1.4 fc00::104 ─┘                131.1.0.1, 2001:db8::1
#
#     c9 (X9.0)   10.19.9.3 ── br0 ── w9: oz0, whose socket is in u9
#
# X2.0 has no IPv6 Instance IP. X3 has two IPv4 Service IPs and one instance,
# on a node that answers nothing. u9 is removed in the middle.
#
# covers: unknown-source not-a-service unknown-service miss-table-full
# covers: miss-source-full miss-queue-full miss-source-queue-full
# covers: miss-packets-full miss-memory-full miss-timeout device-down
# covers: no-instance reply-conflict no-underlay no-route
# covers: route-loop multicast source-without-address bad-fragment not-ip
# covers: truncated bad-header bad-length bad-address unsupported-protocol

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"

# What nobody can provoke from outside, and why.
declare -A unprovoked=(
	[flow-insert-failed]="the hash is keyed: nobody can fill one bucket"
)

setup()
{
	worker_add w1 &&
		underlay_join w1 131.1.0.1/24 2001:db8::1/64 &&
		container_add w1 c1 10.19.1.3/26 fc00::103/120 &&
		container_add w1 c2 10.19.1.9/26 fc00::109/120 &&
		container_add w1 c3 10.19.1.4/26 fc00::104/120 &&
		device_up w1 miss-timeout 600000
}

# shellcheck disable=SC2046 # words of instances
fill_table()
{
	service_set w1 X.default.X1.default address 10.30.0.1 policy rr \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) &&
		service_set w1 X.default.X2.default address 10.30.0.5 policy rr \
			instance 0 ns 10.19.1.4,fc00::104 ip 10.30.0.4 \
			node 131.1.0.1 port 50103 &&
		service_set w1 X.default.X3.default address 10.30.1.30 policy rr \
			address 10.30.1.31 policy rr address fdff:2000::30 policy rr \
			address fdff:2000::31 policy rr \
			$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 \
				131.1.0.99 55301)
}

# The device lives in w9, its socket in u9.
# shellcheck disable=SC2046 # words of instances
split_worker()
{
	netns_add u9 && underlay_join u9 131.1.9.1/24 &&
		worker_add w9 && container_add w9 c9 10.19.9.3/26 &&
		ns u9 ozctl device add oz0 &&
		nip u9 link set oz0 netns "$(ns_name w9)" &&
		ns w9 ozctl device up oz0 &&
		service_set w9 X9 address 10.30.0.90 policy rr \
			$(instance 0 10.19.9.3,fc00::903 10.30.0.9,fdff::9 \
				131.1.9.1 50103) &&
		service_set w9 X3 address 10.30.1.30 policy rr \
			$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 \
				131.1.0.1 55301)
}

# Every name of the spec, in ozctl and in ethtool, with the same numbers.
# Multicast comes by itself, between the two readings.
names()
{
	local reason reasons missing='' known explained

	ns w1 ethtool -S oz0 >"$OZP_TMP/ethtool"
	known=$(<"$OZP_TMP/ethtool")
	explained=$(ns w1 ozctl stats show --explain)
	mapfile -t reasons < <(reasons_all)
	ns w1 ozctl -j stats show | jq -r 'if type == "array" then .[0] else . end |
		.drop[]? | select(.packets > 0 and .reason != "multicast") |
		"\(.direction) \(.reason) \(.packets)"' |
		LC_ALL=C sort >"$OZP_TMP/ozctl"
	for reason in "${reasons[@]}"; do
		[[ $known == *"$reason"* ]] || missing+=" $reason"
	done
	while read -r _ reason _; do
		[[ $explained == *"$reason"* ]] ||
			missing+=" $reason (stats show)"
	done <"$OZP_TMP/ozctl"
	is "each reason is in ethtool -S and in ozctl stats show" "$missing" ""
	is "with the same numbers" "$(sed -nE \
		's/^ *(in|out)-drop-([a-z-]+): ([1-9][0-9]*)$/\1 \2 \3/p' \
		"$OZP_TMP/ethtool" | grep -v ' multicast ' | LC_ALL=C sort)" \
		"$(<"$OZP_TMP/ozctl")"
}

reasons_all()
{
	sed -n 's/.*R([A-Z0-9_]*, "\([^"]*\)".*/\1/p' \
		"$OZP_ROOT/include/reasons_gen.h"
}

covered()
{
	local reason covered reasons unknown='' not=''

	covered=" $(sed -n 's/^# covers: *//p' "${BASH_SOURCE[0]%/*}"/*.sh |
		tr '\n' ' ') ${!unprovoked[*]} "
	mapfile -t reasons < <(reasons_all)
	for reason in "${reasons[@]}"; do
		[[ $covered == *" $reason "* ]] || not+=" $reason"
	done
	for reason in $covered; do
		[[ " ${reasons[*]} " == *" $reason "* ]] ||
			unknown+=" $reason"
	done
	is "a test triggers each reason of the spec" "$not" ""
	is "and there is none that the spec does not have" "$unknown" ""
	for reason in "${!unprovoked[@]}"; do
		diag "not provoked: $reason: ${unprovoked[$reason]}"
	done
}

need ip ozctl gojq python3 ethtool
: "${OZP_ROOT:=$(realpath "$(dirname "$0")/../..")}"
check "a worker with three containers" setup
check "a table" fill_table
check "a worker whose socket is elsewhere" split_worker
adv_python adv_reasons.py "$(ns_name '')"
# The clean-up of lib.sh looks for it.
ip netns add "$(ns_name u9)"
adv_python adv_outbound.py "$(ns_name w1)"
names
covered
tap_done
