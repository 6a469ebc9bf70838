#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Every request that the netlink interface takes, and many that it must
# refuse. The cases are in tests/netlink; this runs them and passes their
# results on. The program makes its network namespaces itself:
#
#     netlink-test ──requests── oz0, con0 (addresses of a container)
#
# netlink.sh [SECTION…]; sections are listed in tests/netlink/sections.h. Those
# about requests that are refused by default; netlink-table.sh has the others.

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need ip make
need_modules dummy
source_dir=$(dirname "$0")/../netlink

# Built beforehand where the guest sees it, else here, which takes longer.
if make -q -C "$source_dir" 2>/dev/null; then
	program=$(make -s -C "$source_dir" print-program)
else
	need cc
	make -s -C "$source_dir" OUT="$OZP_TMP/netlink" >&2 ||
		skip_all "needs gcc and libmnl-dev"
	program=$OZP_TMP/netlink/netlink-test
fi

autoload()
{
	echo "$1" >/proc/sys/kernel/modprobe
}

# Each device that is looked for in vain is two starts of modprobe.
at_exit autoload "$(</proc/sys/kernel/modprobe)"
autoload ""

(($#)) || set -- mirror malformed senseless limits link
"$program" "$@" >"$OZP_TMP/results"
status=$?
while IFS= read -r line; do
	case $line in
	"ok "*) tap_ok "${line#* - }" ;;
	"not ok "*) tap_not_ok "${line#* - }" ;;
	"# "*) diag "${line#\# }" ;;
	"Bail out! "*) tap_not_ok "${line#Bail out! }" ;;
	1..*) total=${line#1..} ;;
	esac
done <"$OZP_TMP/results"
is "netlink-test ran to its end" "${total:-0}" "$ozp_count"
is "and says the same" "$status" "$((ozp_failed > 0))"
tap_done
