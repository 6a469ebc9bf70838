#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: build
#
# What the makefile says when something is missing: the name of it.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for build || exit 1

scratch
kdir=$(kernel_dir 6.12) || exit 1
config=$kdir/.config

run_make()
{
	make -s --no-print-directory "$@"
}

# says STATUS TEXT COMMAND…: status 0 or 1 (any failure), and the text.
says()
{
	local want=$1 text=$2 output status
	shift 2

	output=$("$@" 2>&1)
	status=$?
	echo "status $status: $output"
	[[ $((status != 0)) == "$want" ]] && grep -qF -- "$text" <<<"$output"
}

without()
{
	grep -v "^CONFIG_$1=" "$config" >"$scratch/$1"
	echo "$scratch/$1"
}

for name in $kernels; do
	check "$name: nothing is missing" says 0 "everything" \
		run_make check-config KDIR="$(kernel_dir "$name")"
done
for option in NET INET NET_UDP_TUNNEL DST_CACHE GRO_CELLS; do
	check "check-config names CONFIG_$option" says 1 \
		"missing: CONFIG_$option" \
		run_make check-config KDIR="$kdir" CONFIG="$(without $option)"
done
check "without IPv6 it says what is lost, and accepts it" says 0 \
	"note: without CONFIG_IPV6" \
	run_make check-config KDIR="$kdir" CONFIG="$(without IPV6)"
check "a configuration that is not there" says 1 "cannot read /nonexistent" \
	run_make check-config KDIR="$kdir" CONFIG=/nonexistent
check "no kernel headers: the package is named" says 1 \
	"Install linux-headers-" run_make module KDIR=/nonexistent
check "no libraries: the packages are named" says 1 \
	"apt-get install libmnl-dev libjansson-dev" \
	run_make userspace CPPFLAGS=-nostdinc
check "make help" says 0 "make check-config" run_make help

# A version that changed reaches dkms.conf by the rule.
version_follows()
{
	cp Makefile dkms.conf "$scratch/"
	mkdir -p "$scratch/include"
	echo 9.8.7 >"$scratch/include/VERSION"
	touch -d '+1 minute' "$scratch/include/VERSION"
	run_make -C "$scratch" dkms.conf &&
		grep -x 'PACKAGE_VERSION="9.8.7"' "$scratch/dkms.conf"
}
check "make dkms.conf follows include/VERSION" version_follows
tap_done
