#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# timeout: 600
#
# A bounded run of each fuzz target of tests/fuzz, with sanitizers: always the
# same inputs. `make fuzz` goes on from there.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../lib/deps.sh
. tests/lib/deps.sh
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. tests/lib/tap.sh
# shellcheck source-path=SCRIPTDIR source=../lib/passed.sh
. tests/lib/passed.sh

need_packages_for build user || exit 1
mapfile -t files < <(find include userspace tests/fuzz tests/user -type f \
	\( -name '*.[ch]' -o -name Makefile -o -name VERSION -o -name run \
	-o -path '*/corpus/*' \) ! -path '*/build/*' | LC_ALL=C sort)
passed_script "${files[@]}"
export OUT=$PWD/userspace/build/fuzz

# Some seconds each on a good machine.
declare -A runs=([args]=200000 [config]=100000 [extack]=200000 [genl]=40000
	[jobs]=30000 [link]=40000 [message]=60000 [result]=150000
	[words]=100000)

# Exactly as many inputs as were asked for.
runs_all()
{
	local target=$1 count=${runs[$1]:-50000}

	tests/fuzz/run -n "$count" "$target" >"$OZP_TMP/fuzz" 2>&1 &&
		grep -qx "stat::number_of_executed_units: *$count" \
			"$OZP_TMP/fuzz" && return 0
	grep -vE '^#[0-9]+\s+(NEW|REDUCE|pulse)' "$OZP_TMP/fuzz" | tail -n 60
	return 1
}

# Netlink seeds are written from the objects of the unit tests.
seeds_are_current()
{
	local kind status=0

	mkdir -p "$OZP_TMP"/seeds/{genl,link,extack} &&
		"$OUT/seeds" "$OZP_TMP/seeds" || return 1
	for kind in genl link extack; do
		diff -r "tests/fuzz/corpus/$kind" "$OZP_TMP/seeds/$kind" ||
			status=1
	done
	return "$status"
}

# A target that nobody seeded would start from nothing.
no_seed()
{
	local output

	output=$(OZP_FUZZ_CORPUS=$OZP_TMP/empty tests/fuzz/run -n 1 args 2>&1)
	[[ $? == 1 && $output == *"args has no seed"* ]]
}

check "the targets build" make -s -C tests/fuzz OUT="$OUT"
mapfile -t targets < <(make -s -C tests/fuzz list)
is "each corpus has a target, and each target a corpus" "${targets[*]}" \
	"$(find tests/fuzz/corpus -mindepth 1 -maxdepth 1 -printf '%f\n' |
		sort | xargs)"
check "the netlink seeds are what tests/fuzz/seeds.c writes" seeds_are_current
check "a target without a seed fails" no_seed
for target in "${targets[@]}"; do
	check "$target: nothing breaks, leaks or hangs" runs_all "$target"
done
tap_done
