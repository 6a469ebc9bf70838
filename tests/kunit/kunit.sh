#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# timeout: 300
#
# The results of the unit tests in the kernel, as plain TAP. They ran when the
# module was loaded (tests/qemu/run --kunit); the kernel keeps each suite's
# KTAP in debugfs. With names of suites only those.
#
#   tests/qemu/run --kernel debug --kunit -- tests/kunit/kunit.sh ozproxy_flow

set -u
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

results=/sys/kernel/debug/kunit
suites=(ozproxy_packet ozproxy_rewrite ozproxy_embedded ozproxy_policy
	ozproxy_node ozproxy_table ozproxy_flow ozproxy_mss ozproxy_tunnel
	ozproxy_affinity ozproxy_measure ozproxy_miss ozproxy_fragment
	ozproxy_admission ozproxy_doubt ozproxy_idle ozproxy_traffic
	ozproxy_walk ozproxy_gather)
(($# == 0)) || suites=("$@")

# One line a case, or a parameter of a case: "ok NAME", "not ok NAME", "skip
# NAME"; and "# TEXT" for what the tests said before it. A parameter is
# indented deeper and comes before the line of its case, which then only
# repeats the verdict.
flatten()
{
	awk '
	function name(line) {
		sub(/^ *(not )?ok [0-9]+ /, "", line)
		sub(/^- /, "", line)
		return line
	}
	function tell(line) {
		verdict = line ~ /^ *not ok/ ? "not ok" : "ok"
		line = name(line)
		if (sub(/ # SKIP.*$/, "", line))
			verdict = "skip"
		return verdict "\t"
	}
	{ match($0, /^ */); depth = RLENGTH }
	/^ *# Subtest:/ {
		subtest = $0
		sub(/.*Subtest: /, "", subtest)
		if (depth == 8) { case_name = subtest; params = bad = 0 }
		next
	}
	/^ *#/ { sub(/^ */, ""); print; next }
	depth == 8 && /^ *(not )?ok / {
		params++
		bad += /^ *not ok/
		print tell($0) case_name ": " name($0)
		next
	}
	depth == 4 && /^ *(not )?ok / {
		if (params && name($0) == case_name) {
			if (/^ *not ok/ && !bad)
				print tell($0) name($0)
		} else {
			print tell($0) name($0)
		}
		params = 0
	}' "$1"
}

for suite in "${suites[@]}"; do
	if [[ ! -e $results/$suite/results ]]; then
		tap_not_ok "$suite: it ran" "no $results/$suite/results"
		continue
	fi
	count=0
	said=()
	while IFS=$'\t' read -r verdict name; do
		case $verdict in
		ok) tap_ok "$suite: $name" ;;
		skip) skip "$suite: $name" "it cannot run here" ;;
		"not ok")
			tap_not_ok "$suite: $name" \
				"$(printf '%s\n' "${said[@]}")"
			;;
		*)
			# The seed, for one that fails.
			said+=("${verdict#\# }")
			continue
			;;
		esac
		said=()
		count=$((count + 1))
	done < <(flatten "$results/$suite/results")
	# A suite that ended early has no line of its own at the end.
	check "$suite: all of it ran, $count cases" \
		grep -qE "^(not )?ok [0-9]+ $suite" "$results/$suite/results"
done
tap_done
