#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# guest.sh ROUNDS SYSTEMS MEASURES
#
# In the guest: each system is set up anew in each round. What was measured goes
# to $OZP_ARTIFACTS/raw.tsv: round, system, measure, size, value, unit.
set -u

# shellcheck source-path=SCRIPTDIR source=../netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../netns/e2e.bash
. "$(dirname "$0")/../netns/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=topology.bash
. "$(dirname "$0")/topology.bash"
# shellcheck source-path=SCRIPTDIR source=systems.bash
. "$(dirname "$0")/systems.bash"
# shellcheck source-path=SCRIPTDIR source=udp.bash
. "$(dirname "$0")/udp.bash"
# shellcheck source-path=SCRIPTDIR source=tcp.bash
. "$(dirname "$0")/tcp.bash"
# shellcheck source-path=SCRIPTDIR source=flows.bash
. "$(dirname "$0")/flows.bash"
# shellcheck source-path=SCRIPTDIR source=services.bash
. "$(dirname "$0")/services.bash"
# shellcheck source-path=SCRIPTDIR source=cores.bash
. "$(dirname "$0")/cores.bash"

rounds=$1
read -ra systems <<<"$2"
read -ra measures <<<"$3"

# result MEASURE SIZE VALUE UNIT
result()
{
	printf '%s\t' "$round" "$system" "$1" "$2" "$3" >>"$OZP_ARTIFACTS/raw.tsv"
	echo "$4" >>"$OZP_ARTIFACTS/raw.tsv"
	diag "$round $system $1 $2: $3 $4"
}

system_down()
{
	local name

	for name in "${ozp_spaces[@]}"; do
		netns_del "$name"
	done
	ozp_workers=()
}

modules=(pktgen vxlan fou ipip nf_nat nft_chain_nat ip_vs wireguard)
modprobe -a "${modules[@]}" || skip_all "needs ${modules[*]}"

# What changes tables, or fills them, has a topology of its own; everything else
# of a round shares one.
alone=(flows services instances updates cores)

measure_all()
{
	local measure

	check "round $round: $system is set up" system_up "$system" &&
		for measure; do
			check "round $round: $system, $measure" \
				"measure_$measure"
		done
	system_down
}

# Does what a system has depend on that? Others have no flows, or no table.
has_measure()
{
	case $1 in
	flows) [[ $system == ozproxy || $system == fou+nat ]] ;;
	cores) [[ $system == ozproxy || $system == vxlan ]] ;;
	services | instances | updates) [[ $system == ozproxy ]] ;;
	esac
}

for ((round = 1; round <= rounds; round++)); do
	for system in "${systems[@]}"; do
		shared=()
		for measure in "${measures[@]}"; do
			if [[ " ${alone[*]} " != *" $measure "* ]]; then
				shared+=("$measure")
			elif has_measure "$measure"; then
				measure_all "$measure"
			fi
		done
		((${#shared[@]} == 0)) || measure_all "${shared[@]}"
	done
done
# Which address is whose, for tests/bench/profile.
[[ -z ${OZP_MARK:-} ]] || cat /proc/kallsyms >"$OZP_ARTIFACTS/kallsyms"
tap_done
