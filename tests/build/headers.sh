#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: style
#
# Each header compiles alone, twice in one file, and its guard follows from its
# path. Headers of the module are compiled with the flags of each kernel.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for build style || exit 1
mapfile -t files < <({ module_files; project_files 'userspace/*.h'; })
passed_script "${files[@]}"

module_headers()
{
	project_files 'kmod/*.h'
}

user_headers()
{
	project_files 'include/*.h' 'userspace/*.h'
}

# kmod/flow.h: _OZP_FLOW_H; userspace/lib/nl.h: _OZP_LIB_NL_H.
guard_of()
{
	local path=${1#kmod/}

	path=${path#userspace/}
	path=${path#include/}
	path=${path%.h}
	path=${path//[^a-z0-9]/_}
	echo "_OZP_${path^^}_H"
}

guard_follows_path()
{
	local guard

	guard=$(guard_of "$1")
	if ! grep -qE "^#(ifndef|if !defined\()[ ]?$guard\b" "$1" ||
		! grep -qx "#define $guard" "$1"; then
		echo "$1: expected the guard $guard, found:"
		grep -m 2 -nE '^#(ifndef|if|define)' "$1"
		return 1
	fi
}

mapfile -t files < <(
	{ module_headers; project_files 'userspace/*.h'; } | handwritten)
for file in "${files[@]}"; do
	check "guard of $file" guard_follows_path "$file"
done

# One object a header, in the module's own build.
write_module_units()
{
	local dir=$1 header unit

	echo "obj-m := alone.o"
	while read -r header; do
		unit=kmod/alone_$(basename "$header" .h)
		printf '#include "%s"\n' "${header#kmod/}" "${header#kmod/}" \
			>"$dir/$unit.c"
		echo "alone-y += $unit.o"
		# shellcheck disable=SC2016 # for make
		echo '$(obj)/'"$unit.o: "'$(obj)/kmod/compat_gen.h'
	done < <(module_headers)
}

# All at once: starting the kernel's build takes longer than a header.
compile_module_units()
{
	local kdir=$1 dir=$2 units=() header

	for header in "${files[@]}"; do
		units+=("kmod/alone_$(basename "$header" .h).o")
	done
	make -s -k -j "$(nproc)" -C "$kdir" M="$dir/src" "${units[@]}" \
		>"$dir/log" 2>&1
}

module_header_alone()
{
	local unit

	unit=alone_$(basename "$2" .h)
	[[ ! -e $1/src/kmod/$unit.o ]] || return 0
	grep -B 3 -A 8 "$unit\.c" "$1/log" || cat "$1/log"
	return 1
}

mapfile -t files < <(module_headers)
for name in $kernels; do
	kdir=$(kernel_dir "$name") || exit 1
	scratch
	copy_sources "$scratch" || exit 1
	write_module_units "$scratch/src" >"$scratch/Kbuild"
	cat "$scratch/Kbuild" >>"$scratch/src/Kbuild"
	compile_module_units "$kdir" "$scratch"
	for file in "${files[@]}"; do
		check "$name: $file compiles alone" \
			module_header_alone "$scratch" "$file"
	done
done

user_header_alone()
{
	printf '#include "%s"\n' "$root/$1" "$root/$1" |
		"${CC:-cc}" -std=gnu11 -Wall -Wextra -Werror -fsyntax-only \
			-I include/uapi -I "$(dirname "$1")" -I userspace/lib \
			-I userspace/ozctl -x c -
}

mapfile -t files < <(user_headers)
for file in "${files[@]}"; do
	check "$file compiles alone" user_header_alone "$file"
done
tap_done
