#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: style
#
# The module compiles without a warning at W=1, and sparse (with endian checks)
# finds nothing in it, for each kernel.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for build style || exit 1
mapfile -t files < <(module_files)
passed_script "${files[@]}"

# Warnings of the kernel's own headers are not ours to mend.
warnings()
{
	grep -E '(warning|error):' "$1" | grep -F "$2/"
}

# W=1 also has warnings that name no file of ours (modpost, a missing
# prototype seen from a header): any at all fails.
compiles_clean()
{
	local log=$2/w1.log

	make -C "$1" M="$2/src" -j "$(nproc)" W=1 modules >"$log" 2>&1 ||
		{ tail -n 40 "$log"; return 1; }
	! grep -E 'warning:|WARNING:|ERROR:' -A 4 "$log"
}

# C=2 checks every source without compiling it again.
sparse_clean()
{
	local log=$2/sparse.log files

	make -C "$1" M="$2/src" -j "$(nproc)" W=1 C=2 \
		CF=-D__CHECK_ENDIAN__ modules >"$log" 2>&1 ||
		{ tail -n 40 "$log"; return 1; }
	files=$(grep -c '^  CHECK ' "$log")
	[[ $files -gt 0 ]] || { echo "sparse checked no file"; return 1; }
	! warnings "$log" "$2/src"
}

for name in $kernels; do
	kdir=$(kernel_dir "$name") || exit 1
	scratch
	copy_sources "$scratch" || exit 1
	check "$name: compiles without a warning at W=1" \
		compiles_clean "$kdir" "$scratch"
	check "$name: sparse with endian checks finds nothing" \
		sparse_clean "$kdir" "$scratch"
done
tap_done
