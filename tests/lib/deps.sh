#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The Debian packages that the project's tools need, in one place.
#
# Source it for
#
#   need_packages PKG…           installs what is missing, silent if nothing is
#   need_packages_for PURPOSE…   the same for the lists below
#
# or run it from a Makefile or .ci/run:  tests/lib/deps.sh PURPOSE…
#
# PURPOSE is one of
#
#   build   compiler and libraries for the module and the programs
#   style   the checkers of `make style`
#   user    unit tests, sanitizers and fuzzers of the user-space part
#   qemu    what tests/qemu/run needs on the host
#   kernel  what a kernel of our own is built from and with
#   guest   tools that tests use in the guest (it sees the host's files)
#   bench   what `make bench` and `make profile` use beside those
#
# Kernel images are in no list: tests/qemu/kernel.sh downloads and unpacks
# them, and asks for the matching headers itself.
#
# Each returns 0, or 1 with a message when something cannot be installed.

declare -gA OZP_PACKAGES=(
	[build]="bc gcc kmod libc6-dev libelf-dev libev-dev libjansson-dev
		libmnl-dev libmosquitto-dev make pkg-config"
	[style]="clang-format coccinelle codespell cppcheck gcc git libpython3.11
		make perl python3-minimal python3-yaml shellcheck sparse
		xz-utils"
	[user]="clang gcc libcmocka-dev libclang-rt-14-dev llvm make"
	[qemu]="busybox-static cpio gcc kmod libc6-dev qemu-system-x86 util-linux
		xz-utils"
	[kernel]="bc bison flex gcc kmod libelf-dev libssl-dev linux-source-6.12
		make xz-utils"
	[guest]="binutils bsdextrautils conntrack curl ethtool gojq iperf3 iproute2 iptables
		iputils-ping kmod libcap2 libcjson1 libdlt2 libev4 libjansson4
		libmnl0 libmosquitto1 libssl3 libsystemd0 libwrap0
		mosquitto-clients netcat-openbsd nftables openssl procps python3
		python3-paho-mqtt systemd tcpdump util-linux valgrind
		wireguard-tools"
	[bench]="gnuplot-nox ipvsadm libnl-3-200 libnl-genl-3-200 libpopt0"
)

# Packages that would start a service of theirs on the host: their programs are
# unpacked below $OZP_PROGRAMS, and their libraries are in the list above.
declare -gA OZP_UNPACKED=([guest]="mosquitto")
OZP_PROGRAMS=${OZPROXY_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ozproxy}
OZP_PROGRAMS+=/programs

packages_missing()
{
	local pkg have

	have=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' "$@" \
		2>/dev/null)"
	for pkg; do
		[[ $have == *" $pkg=installed "* ]] || printf '%s\n' "$pkg"
	done
}

# The lists of a machine that never ran `apt-get update` are empty or old, so
# it is run before the first installation, once a process.
packages_update()
{
	[[ -n ${ozp_packages_updated:-} ]] && return 0
	apt-get -qq update >&2 || echo "deps: apt-get update failed" >&2
	ozp_packages_updated=1
}

need_packages()
{
	local missing

	mapfile -t missing < <(packages_missing "$@")
	((${#missing[@]})) || return 0
	if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
		echo "deps: please install: ${missing[*]}" >&2
		return 1
	fi
	echo "deps: installing ${missing[*]}" >&2
	packages_update
	# Somebody else may be installing something.
	if ! DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
		-o DPkg::Lock::Timeout=600 --no-install-recommends "${missing[@]}" </dev/null \
		>"${TMPDIR:-/tmp}/ozp-deps.$$" 2>&1; then
		cat "${TMPDIR:-/tmp}/ozp-deps.$$" >&2
		rm -f "${TMPDIR:-/tmp}/ozp-deps.$$"
		echo "deps: cannot install ${missing[*]}" >&2
		return 1
	fi
	rm -f "${TMPDIR:-/tmp}/ozp-deps.$$"
}

# need_unpacked PKG…: each is unpacked to a place of its own, which is renamed
# when all of it is there.
need_unpacked()
{
	local pkg work

	for pkg; do
		[[ ! -e $OZP_PROGRAMS/$pkg ]] || continue
		echo "deps: downloading $pkg (unpacked only, not installed)" >&2
		mkdir -p "$OZP_PROGRAMS" &&
			work=$(mktemp -d "$OZP_PROGRAMS/.unpack.XXXXXX") || return 1
		if { (cd "$work" && apt-get -qq download "$pkg") || {
			packages_update
			(cd "$work" && apt-get -qq download "$pkg")
		}; } >"$work/log" 2>&1 &&
			dpkg-deb -x "$work/$pkg"_*.deb "$work/root"; then
			# Somebody else may have been faster.
			mv -T "$work/root" "$OZP_PROGRAMS/$pkg" 2>/dev/null
		else
			cat "$work/log" >&2
		fi
		rm -rf "$work"
		[[ -e $OZP_PROGRAMS/$pkg ]] ||
			{ echo "deps: cannot unpack $pkg" >&2; return 1; }
	done
}

need_packages_for()
{
	local purpose words list=() unpacked=()

	for purpose; do
		if [[ -z ${OZP_PACKAGES[$purpose]:-} ]]; then
			echo "deps: no list '$purpose'" >&2
			return 1
		fi
		read -r -d '' -a words <<<"${OZP_PACKAGES[$purpose]}"
		list+=("${words[@]}")
		read -r -d '' -a words <<<"${OZP_UNPACKED[$purpose]:-}"
		unpacked+=("${words[@]}")
	done
	need_packages "${list[@]}" && need_unpacked "${unpacked[@]}"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
	set -u
	need_packages_for "$@"
fi
