#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Turns a kernel's short name into files: the one place that knows kernels.
#
# Source it for
#
#   kernel_resolve NAME   sets the KERNEL_* variables, fetching what is missing
#   kernel_names          the names it knows
#
# or run it to see them:  tests/qemu/kernel.sh NAME
#
#   KERNEL_VERSION   what uname -r says in the guest
#   KERNEL_IMAGE     the image that QEMU boots
#   KERNEL_MODULES   holds lib/modules/$KERNEL_VERSION, depmod done
#   KERNEL_BUILD     what KDIR is for a module of this kernel
#
# Debian's images are downloaded and unpacked into the cache, never installed:
# installing one would touch the boot loader of the host. Headers are only
# files, so they are installed. Delete the cache's kernels/NAME to move to the
# newest version that the archive has. Kernels of our own are built by
# tests/kernel/build, from the fragments beside it.

# shellcheck source-path=SCRIPTDIR source=../lib/deps.sh
. "${BASH_SOURCE[0]%/*}/../lib/deps.sh"

OZP_CACHE=${OZPROXY_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ozproxy}

# The meta package of each of Debian's kernels, less "linux-image-".
declare -gA KERNEL_META=(
	[6.1]=amd64
	[6.1-rt]=rt-amd64
	[6.12]=6.12-amd64
	[6.12-rt]=6.12-rt-amd64
)

KERNEL_OWN=(debug kcsan)

kernel_names()
{
	printf '%s\n' "${!KERNEL_META[@]}" "${KERNEL_OWN[@]}" | sort -V
}

kernel_fail()
{
	echo "kernel: $*" >&2
	return 1
}

# The version that meta package linux-image-$1 depends on.
kernel_meta_version()
{
	LC_ALL=C apt-cache depends "linux-image-$1" 2>/dev/null |
		sed -n 's/^ *Depends: linux-image-\([0-9].*\)$/\1/p' | head -n 1
}

# Unpacks linux-image-$1 into the cache. Works in a directory beside the final
# one and renames it at the end, so an interrupted run leaves nothing half done.
kernel_unpack()
{
	local version=$1 dir=$OZP_CACHE/kernels/$1 work pkg

	[[ -e $dir/complete ]] && return 0
	pkg=linux-image-$version
	work=$(mktemp -d "$OZP_CACHE/kernels/.unpack.XXXXXX") || return 1
	echo "kernel: downloading $pkg (unpacked only, not installed)" >&2
	# The image that fits the headers best is of their package version.
	local exact
	exact=$(dpkg-query -W -f '${Version}' "linux-headers-$version")
	if ! (cd "$work" && { apt-get -qq download "$pkg=$exact" ||
		apt-get -qq download "$pkg"; }) >"$work/log" 2>&1; then
		cat "$work/log" >&2
		rm -rf "$work"
		kernel_fail "cannot download $pkg"
		return 1
	fi
	dpkg-deb -x "$work/$pkg"_*.deb "$work/root" &&
		kernel_prepare "$version" "$work/root" &&
		rm -rf "$dir" && mv "$work/root" "$dir" && touch "$dir/complete"
	local status=$?
	rm -rf "$work"
	((status == 0)) || kernel_fail "cannot unpack $pkg"
}

# Modules are unpacked on the host: decompressing them in an emulated guest
# takes longer than reading them.
kernel_prepare()
{
	local version=$1 root=$2

	find "$root/lib/modules" -name '*.ko.xz' -print0 |
		xargs -0 -r -n 64 -P "$(nproc)" xz -d &&
		depmod -b "$root" "$version"
}

kernel_resolve_debian()
{
	local meta=${KERNEL_META[$1]} link=$OZP_CACHE/kernels/$1 version

	mkdir -p "$OZP_CACHE/kernels" || return 1
	exec {KERNEL_LOCK}>"$OZP_CACHE/kernels/.lock" || return 1
	flock "$KERNEL_LOCK"
	version=$(readlink "$link")
	if [[ -z $version || ! -e $link/complete ||
		! -e /usr/src/linux-headers-$version/Makefile ]]; then
		version=$(kernel_meta_version "$meta")
		if [[ -z $version ]]; then
			packages_update
			version=$(kernel_meta_version "$meta")
		fi
		[[ -n $version ]] ||
			{ kernel_fail "no linux-image-$meta in apt"; return 1; }
		need_packages "linux-headers-$version" || return 1
		kernel_unpack "$version" || return 1
		ln -sfn "$version" "$link"
	fi
	exec {KERNEL_LOCK}>&-
	KERNEL_VERSION=$version
	KERNEL_MODULES=$OZP_CACHE/kernels/$version
	KERNEL_IMAGE=$KERNEL_MODULES/boot/vmlinuz-$version
	KERNEL_BUILD=/usr/src/linux-headers-$version
}

# Two at once would build the same.
kernel_resolve_own()
{
	local lock

	mkdir -p "$OZP_CACHE/kernels" || return 1
	exec {lock}>"$OZP_CACHE/kernels/.lock-$1" || return 1
	flock "$lock"
	KERNEL_MODULES=$("${BASH_SOURCE[0]%/*}/../kernel/build" "$1")
	local status=$?
	exec {lock}>&-
	((status == 0)) || return 1
	KERNEL_IMAGE=$KERNEL_MODULES/boot/vmlinuz
	KERNEL_BUILD=$KERNEL_MODULES/build
	KERNEL_VERSION=$(ls "$KERNEL_MODULES/lib/modules")
}

kernel_resolve()
{
	if [[ -n ${KERNEL_META[$1]:-} ]]; then
		kernel_resolve_debian "$1"
	elif [[ " ${KERNEL_OWN[*]} " == *" $1 "* ]]; then
		kernel_resolve_own "$1"
	else
		kernel_fail "no kernel '$1'; known: $(kernel_names | xargs)"
	fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
	set -u
	kernel_resolve "${1:-}" || exit 1
	printf '%s=%s\n' VERSION "$KERNEL_VERSION" IMAGE "$KERNEL_IMAGE" \
		MODULES "$KERNEL_MODULES" BUILD "$KERNEL_BUILD"
fi
