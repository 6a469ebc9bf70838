#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# probe.sh OUTPUT PROBE.c... -- COMPILER FLAG...
#
# Compiles each probe with the flags of the kernel build and writes a header:
# a probe that compiles gives `#define OZP_HAVE_<NAME> 1`, another a comment.
# The probes called self_pass* must compile and those called self_fail* must
# not; anything else means that the compiler or its flags are broken, and that
# the answers of the other probes would be worth nothing. A "no" is believed
# only when the directives of the probe (its includes) compile without the rest,
# or name a header that does not exist: one that does not stand alone must not
# pass for a missing interface.
set -u
export LC_ALL=C

die()
{
	echo "ozproxy: compat probes: $*" >&2
	exit 1
}

[ $# -ge 1 ] || die "usage: probe.sh OUTPUT PROBE.c... -- COMPILER FLAG..."
output=$1
shift

probes=()
while [ $# -gt 0 ] && [ "$1" != "--" ]; do
	probes+=("$1")
	shift
done
[ $# -ge 2 ] || die "no compiler given"
shift

log=$output.log
tmp=$output.tmp
trap 'rm -f "$log" "$tmp"' EXIT

compiles()
{
	"${compiler[@]}" "$@" >"$log" 2>&1
}

includes_compile()
{
	grep '^#' "$1" | compiles -Wno-error -x c - ||
		grep -qE 'No such file or directory|file not found' "$log"
}

# The output of the compiler is all there is to understand what went wrong.
self_check_failed()
{
	{
		echo "ozproxy: compat probes: self-check $1 $2"
		echo "ozproxy: command: ${compiler[*]} $1"
		echo "ozproxy: output of the compiler:"
		if [ -s "$log" ]; then cat "$log"; else echo "(none)"; fi
	} >&2
	exit 1
}

compiler=("$@" -fsyntax-only -Werror=implicit-function-declaration
	-Werror=incompatible-pointer-types -Werror=int-conversion)
passed=0
failed=0
{
	echo "/* SPDX-License-Identifier: GPL-2.0 */"
	echo "/* Written by kmod/compat/probe.sh for ${OZP_KERNEL:-this kernel} */"
	echo "#ifndef _OZP_COMPAT_GEN_H"
	echo "#define _OZP_COMPAT_GEN_H"
	echo
} >"$tmp" || die "cannot write $tmp"

for probe in "${probes[@]}"; do
	name=$(basename "$probe" .c)
	case $name in
	self_pass*)
		compiles "$probe" ||
			self_check_failed "$probe" "does not compile, but must"
		passed=$((passed + 1))
		;;
	self_fail*)
		! compiles "$probe" ||
			self_check_failed "$probe" "compiles, but must not"
		failed=$((failed + 1))
		;;
	*)
		name=${name^^}
		if compiles "$probe"; then
			echo "#define OZP_HAVE_$name 1"
		else
			echo "/* $name: no */"
			[ "${KBUILD_VERBOSE:-0}" = 0 ] || cat "$log" >&2
			includes_compile "$probe" ||
				self_check_failed "$probe" "has includes that do not compile"
		fi >>"$tmp"
		;;
	esac
done
if [ "$passed" -eq 0 ] || [ "$failed" -eq 0 ]; then
	die "the self-checks (self_pass.c, self_fail.c) are missing"
fi

{
	echo
	echo "#endif /* _OZP_COMPAT_GEN_H */"
} >>"$tmp"
mv -f "$tmp" "$output" || die "cannot write $output"
