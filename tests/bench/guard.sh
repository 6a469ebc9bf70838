#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# No change makes ozproxy slower than it is beside others: a small part of
# `make bench`, and only ratios of what it measured in the same guest. The limits
# are what was reached last, and some per cent, of TCP more, as its rounds differ by
# that much: lower them with it.
#
# timeout: 600
set -u

# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

need qemu-system-x86_64
tsv=$OZP_TMP/bench.tsv

value()
{
	awk -F '\t' -v name="$1" -v measure="$2" -v size="$3" '
		$1 == name && $2 == measure && $3 == size { print $4 }' "$tsv"
}

# at_most NAME A B LIMIT: is A at most LIMIT times B? Both must be there.
at_most()
{
	local ratio

	ratio=$(awk -v a="$2" -v b="$3" 'BEGIN {
		if (a > 0 && b > 0) printf "%.3f\n", a / b }')
	check "$1: ${ratio:-not measured}, at most $4" awk -v ratio="$ratio" \
		-v limit="$4" 'BEGIN { exit !(ratio != "" && ratio + 0 <= limit) }'
}

# What a system adds to plain routing.
tax()
{
	awk -v packet="$(value "$1" udp64 64)" \
		-v floor="$(value plain udp64 64)" '
		BEGIN { print (packet && floor ? packet - floor : 0) }'
}

measure()
{
	TSV=$tsv SYSTEMS="plain vxlan fou+nat ozproxy" MEASURES="udp64 tcp1" \
		ROUNDS=1 "$(dirname "$0")/run"
}

# While the guest waits for files of the host, its clock leaps. A byte of TCP takes
# about 1.5 instructions: what takes twice as many is measured once more.
leapt()
{
	awk -F '\t' '$2 == "tcp1" && $3 == "on" && $4 > 3 { found = 1 }
		END { exit !found }' "$tsv"
}

check "it is measured" measure
! leapt || check "it is measured again" measure
at_most "what a packet costs, of what vxlan adds" \
	"$(tax ozproxy)" "$(tax vxlan)" 0.85
at_most "what a packet costs, of what fou and nftables add" \
	"$(tax ozproxy)" "$(tax fou+nat)" 0.56
at_most "a byte of TCP, offloads on, of that over vxlan" \
	"$(value ozproxy tcp1 on)" "$(value vxlan tcp1 on)" 1.10
at_most "a byte of TCP, offloads off, of that over vxlan" \
	"$(value ozproxy tcp1 off)" "$(value vxlan tcp1 off)" 1.02
tap_done
