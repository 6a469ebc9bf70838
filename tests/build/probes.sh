#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: build
#
# The compile probes answer for the kernel that is built for, are asked again
# when it changes, and stop the build when they cannot be trusted.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for build || exit 1
mapfile -t files < <(module_files)
passed_script "${files[@]}"

new612=$(kernel_dir 6.12) || exit 1
old61=$(kernel_dir 6.1) || exit 1

# Only the probes, and one object that uses the answers.
#
# new_tree [PROBE…]   with the self-checks and only these of the others
new_tree()
{
	local probe

	scratch
	copy_sources "$scratch" || exit 1
	rm -f "$scratch"/src/kmod/*.[ch]
	sed -i '/^ozproxy-y/d; /^obj-m/a ozproxy-y := kmod/main.o' \
		"$scratch/src/Kbuild"
	cat >"$scratch/src/kmod/main.c" <<'END'
#include <linux/module.h>
#include "compat_gen.h"
MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
END
	(($#)) || return 0
	for probe in "$scratch"/src/kmod/compat/probes/*.c; do
		[[ " $* " == *" ${probe##*/} "* ||
			${probe##*/} == self_* ]] || rm "$probe"
	done
}

build()
{
	make -C "$1" M="$scratch/src" kmod/main.o
}

has()
{
	build "$1" || return 1
	cat "$scratch/src/kmod/compat_gen.h"
	grep -qx "#define OZP_HAVE_$2 1" "$scratch/src/kmod/compat_gen.h"
}

lacks()
{
	build "$1" || return 1
	cat "$scratch/src/kmod/compat_gen.h"
	grep -qxF "/* $2: no */" "$scratch/src/kmod/compat_gen.h"
}

# The probes themselves said nothing wrong: each has one answer.
all_answered()
{
	diff <(cd "$scratch/src/kmod/compat/probes" && printf '%s\n' *.c |
		grep -v '^self_' | sed 's/\.c$//' | tr '[:lower:]' '[:upper:]' | sort) \
		<(sed -n 's/^#define OZP_HAVE_\(.*\) 1$/\1/p
			s/^\/\* \(.*\): no \*\/$/\1/p' \
			"$scratch/src/kmod/compat_gen.h" | sort)
}

not_asked_twice()
{
	local output

	build "$1" >/dev/null 2>&1
	output=$(build "$1" 2>&1)
	echo "$output"
	! grep -q PROBE <<<"$output"
}

asked_again()
{
	local output

	build "$1" >/dev/null 2>&1
	"${@:2}"
	output=$(build "$1" 2>&1)
	echo "$output"
	grep -q PROBE <<<"$output"
}

# The build fails and says $1.
stops_with()
{
	local output

	if output=$(build "$new612" 2>&1); then
		echo "the build went on"
		return 1
	fi
	echo "$output"
	grep -q "$1" <<<"$output" && [[ ! -e $scratch/src/kmod/main.o ]]
}

probe()
{
	cat >"$scratch/src/kmod/compat/probes/$1"
}

new_tree
check "6.12 has lltx as a flag" has "$new612" LLTX_FLAG
check "every probe is answered" all_answered

new_tree lltx_flag.c csum_diff_ipv6.c
check "a tree for 6.12" has "$new612" LLTX_FLAG
check "the same tree, then for 6.1: no such flag" lacks "$old61" LLTX_FLAG
check "6.1 has the checksum helper with the IPv6 argument" \
	has "$old61" CSUM_DIFF_IPV6
check "back to 6.12: asked again" has "$new612" LLTX_FLAG
check "nothing changed: not asked again" not_asked_twice "$new612"
check "a probe changed: asked again" asked_again "$new612" \
	touch "$scratch/src/kmod/compat/probes/lltx_flag.c"

new_tree ipv6_stub.c
probe self_pass.c <<<'int probe = no_such_thing;'
check "self_pass.c does not compile: the build stops, with the output" \
	stops_with "no_such_thing"
new_tree ipv6_stub.c
probe self_fail.c <<<'extern int probe;'
check "self_fail.c compiles: the build stops" \
	stops_with "self_fail.c compiles, but must not"
new_tree ipv6_stub.c
probe self_fail_type.c <<<'extern int probe;'
check "self_fail_type.c compiles: the build stops" \
	stops_with "self_fail_type.c compiles, but must not"
new_tree ipv6_stub.c
rm "$scratch"/src/kmod/compat/probes/self_*
check "no self-checks: the build stops" stops_with "are missing"
new_tree ipv6_stub.c
probe broken.c <<<'#error "as a header may say"'
check "a header that does not compile is no answer" \
	stops_with "includes that do not compile"
new_tree ipv6_stub.c
probe no_header.c <<<'#include <net/no_such_header.h>'
check "a header that does not exist is an answer" lacks "$new612" NO_HEADER
tap_done
