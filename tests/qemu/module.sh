#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Builds ozproxy.ko for a kernel, in the cache and not in the tree, so that
# builds for two kernels do not overwrite one another.
#
# Source it, after kernel_resolve, for
#
#   module_build ROOT FILE [kunit]   builds ROOT's module, leaves a copy in
#                                    FILE; "kunit": with the unit tests in it
#
# or run it:  tests/qemu/module.sh KERNEL [FILE [kunit]]
#
# Incremental: only files whose content changed are copied, so make sees what
# is new. Quiet unless the build fails; V=1 shows it.

# shellcheck source-path=SCRIPTDIR source=kernel.sh
. "${BASH_SOURCE[0]%/*}/kernel.sh"

# Makes DIR's sources equal to ROOT's, and forgets those that left the tree.
# What a build in the tree wrote there is of another kernel, and stays there.
module_sync()
{
	local root=$1 dir=$2 file

	(cd "$root" && find Kbuild kmod include tests/kunit tests/packets -type f \
		\( -name '*.[chS]' -o -name '*.sh' -o -name '*.py' \
		-o -name '*.hex' -o -name Kbuild -o -name VERSION \) \
		! -name '*.mod.c' ! -name compat_gen.h ! -name 'packets*_gen.h') |
		sort >"$dir/.sources.new" || return 1
	if [[ -e $dir/.sources ]]; then
		comm -23 "$dir/.sources" "$dir/.sources.new" |
			(cd "$dir" && xargs -r -d '\n' rm -f)
	fi
	mv "$dir/.sources.new" "$dir/.sources"
	while read -r file; do
		cmp -s "$root/$file" "$dir/$file" && continue
		mkdir -p "$(dirname "$dir/$file")"
		cp "$root/$file" "$dir/$file" || return 1
	done <"$dir/.sources"
}

# The unit tests see no compiler but this one: a warning is an error.
module_make()
{
	local dir=$1 kind=$2 args

	args=(-C "$KERNEL_BUILD" M="$dir" -j "$(nproc)" modules)
	[[ $kind != kunit ]] || args+=(OZP_KUNIT=y W=1 KCFLAGS=-Werror)
	need_packages_for build || return 1
	if [[ ${V:-0} != 0 ]]; then
		make "${args[@]}" V="$V" >&2
	elif ! make -s "${args[@]}" >"$dir/.log" 2>&1; then
		cat "$dir/.log" >&2
		return 1
	fi
}

module_build()
{
	local root=$1 file=$2 kind=${3:-} dir status lock

	dir=$OZP_CACHE/build/$KERNEL_VERSION${kind:+-$kind}
	mkdir -p "$dir" || return 1
	exec {lock}>"$dir.lock" || return 1
	flock "$lock"
	module_sync "$root" "$dir" && module_make "$dir" "$kind" &&
		cp "$dir/ozproxy.ko" "$file"
	status=$?
	exec {lock}>&-
	((status == 0)) ||
		echo "module: no ozproxy.ko for $KERNEL_VERSION" >&2
	return "$status"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
	set -u
	kernel_resolve "${1:-}" || exit 1
	module_build "$(realpath "${0%/*}/../..")" "${2:-ozproxy.ko}" "${3:-}"
fi
