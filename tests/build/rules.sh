#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: style
#
# Rules of the house that a text search can hold up.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for style || exit 1

c_files()
{
	project_files 'kmod/*.[ch]' 'userspace/*.[ch]' 'include/*.h' | handwritten
}

# search PATTERN FILE… : without a file there is nothing to find, and a search
# that fails is found.
search()
{
	local pattern=$1
	shift

	[[ $# -gt 0 ]] || return 0
	grep -nP -- "$pattern" /dev/null "$@" ||
		[[ $? -eq 1 ]] || echo "the search for $pattern failed"
}

longer_than()
{
	local limit=$1 file lines

	while read -r file; do
		lines=$(wc -l <"$file")
		((lines <= limit)) || echo "$file: $lines lines, limit $limit"
	done
}

# Headers are short in what they declare, not in what they explain: comments
# and empty lines do not count.
code_longer_than()
{
	local limit=$1 file lines

	while read -r file; do
		lines=$(cc -fpreprocessed -dD -E -P -x c "$file" | wc -l)
		((lines <= limit)) ||
			echo "$file: $lines lines of code, limit $limit"
	done
}

expect_none "no .c file has more than 700 lines" < <(
	c_files | grep '\.c$' | longer_than 700)
# limits.h is a list: what a reader looks for there is one line of it.
expect_none "no header has more than 120 lines of code" < <(
	c_files | grep '\.h$' | grep -v '/limits\.h$' | code_longer_than 120)

mapfile -t kmod < <(project_files 'kmod/*.[ch]')
mapfile -t all < <(project_files)

expect_none "kernel versions are compared in compat headers only" < <(
	search '\b(LINUX_VERSION_CODE|KERNEL_VERSION)\b' "${kmod[@]}" |
		grep -v '^kmod/compat\(_tunnel\)\?\.h:')

# stats.c holds the one drop function, which counts before it frees.
expect_none "packets are freed by the drop function only" < <(
	search '\b(dev_|napi_|__)?(kfree|consume)_skb(_[a-z_]+)?\s*\(' "${kmod[@]}" |
		grep -v '^kmod/stats\.[ch]:')

expect_none "BUG and BUG_ON are not used" < <(
	search '\bBUG(_ON)?\s*\(' "${kmod[@]}")

expect_none "guard() and __free() are not used" < <(
	search '\b(guard|scoped_guard)\s*\(|\b__free\s*\(' "${kmod[@]}")

# Written so that this file does not find itself.
expect_none "nothing points outside the project" < <(
	search '/w[o]rk/|\.\./s[h]ared|\.li[b]rary|/tmp/t[e]am' "${all[@]}")

expect_none "nothing is left for later without an issue's number" < <(
	search '\b(TO[D]O|FI[X]ME|X[X]X)\b(?!.*#[0-9])' "${all[@]}" |
		grep -v '^\.clang-format:')

mapfile -t tests < <(project_files 'tests/*')
expect_none "no test sleeps: it polls for what it waits for" < <(
	search '^\s*sl[e]ep\s+[0-9]' "${tests[@]}")

# A script's licence is on the line after its interpreter.
without_licence()
{
	local file

	while read -r file; do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: ' ||
			echo "$file"
	done
}

expect_none "the licence stands at the top of each file" < <(
	project_files '*.[ch]' '*.sh' '*.py' '*.yaml' '*Makefile' Kbuild dkms.conf \
		'*.1' '*.8' | without_licence)

# A .c file includes its own header first, then the kernel's or the system's,
# sorted, then the local ones, sorted. One of several files behind one header
# (table_set.c behind table.h) begins with that.
include_order()
{
	awk '
	function fail(text) { print FILENAME ":" FNR ": " text }
	FNR == 1 {
		own = FILENAME
		sub(/.*\//, "", own)
		sub(/\.c$/, ".h", own)
		has_own = system("test -e " substr(FILENAME, 1, \
			length(FILENAME) - 1) "h") == 0
		state = 0
		system_last = local_last = ""
	}
	/^#(if|ifdef|ifndef|define|undef)/ { state = 9 }
	!/^#include/ || state == 9 { next }
	{
		name = $2
		gsub(/["<>]/, "", name)
		local_one = $2 ~ /^"/
	}
	state == 0 && has_own {
		if (name != own)
			fail("includes " $2 " before \"" own "\"")
		state = 1
		if (name == own)
			next
	}
	state == 0 && local_one {
		state = 1
		next
	}
	state == 0 { state = 1 }
	local_one {
		if (local_last > name)
			fail($2 " after " local_last)
		local_last = name
		state = 2
		next
	}
	{
		if (state == 2)
			fail($2 " after a local header")
		if (system_last > name)
			fail($2 " after " system_last)
		system_last = name
	}' "$@"
}

mapfile -t sources < <(project_files 'kmod/*.c' 'userspace/*.c' |
	grep -v '^kmod/compat/' | handwritten)
expect_none "includes: own header, system headers, local ones, sorted" < <(
	[[ ${#sources[@]} -eq 0 ]] || include_order "${sources[@]}" 2>&1)

check "dkms.conf has the version of include/VERSION" \
	grep -qx "PACKAGE_VERSION=\"$(<include/VERSION)\"" dkms.conf
tap_done
