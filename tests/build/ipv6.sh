#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: build
#
# The module compiles for a kernel without IPv6, and then asks nothing of it.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for build || exit 1
mapfile -t files < <(module_files)
passed_script "${files[@]}"

# The headers of a kernel that has it, with its options taken away again: the
# flags come after those that bring the configuration in.
options_of_ipv6()
{
	sed -n 's/^#define \(CONFIG_IPV6[A-Z0-9_]*\) .*/#undef \1/p' \
		"$1/include/generated/autoconf.h"
}

# compile KDIR DIR [FLAG…]: no more than the object, and no debugging information
compile()
{
	local log=$2/log

	make -C "$1" M="$2/src" -j "$(nproc)" W=1 KCFLAGS="-g0 ${*:3}" \
		ozproxy.o >"$log" 2>&1 || { tail -n 40 "$log"; return 1; }
	! grep -E 'warning:|WARNING:|ERROR:' -A 4 "$log"
}

# What it wants of the kernel that has to do with IPv6.
# Three are in every kernel that has a network: net/ipv6/Makefile builds them with
# or without IPv6 (addrconf_core.o, exthdrs_core.o, ip6_checksum.o).
wants()
{
	nm -u "$1" | grep -oE '[a-z0-9_]*(ipv6|ip6|inet6)[a-z0-9_]*' |
		grep -vxE '__ipv6_addr_type|ipv6_skip_exthdr|csum_ipv6_magic' | xargs
}

for name in $kernels; do
	kdir=$(kernel_dir "$name") || exit 1
	scratch
	copy_sources "$scratch" || exit 1
	options_of_ipv6 "$kdir" >"$scratch/no-ipv6.h"
	like "$name has IPv6" "$(<"$scratch/no-ipv6.h")" 'CONFIG_IPV6($|[^_])'
	check "$name: compiles without it" \
		compile "$kdir" "$scratch" -include "$scratch/no-ipv6.h" ||
		continue
	is "$name: and wants nothing of it" \
		"$(wants "$scratch/src/ozproxy.o")" ""
done
tap_done
