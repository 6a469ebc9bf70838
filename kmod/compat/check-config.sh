#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# check-config.sh KDIR [CONFIG]
#
# Names what ozproxy.ko needs and the kernel behind KDIR (or the one that the
# file CONFIG configures) lacks. Exit status 0: nothing, 1: named, 2: usage.
set -u

required="MODULES NET INET NET_UDP_TUNNEL DST_CACHE GRO_CELLS"
# What is lost without them is said, but is no error.
declare -A optional=(
	[IPV6]="no IPv6, neither inside the tunnel nor under it"
)
# Modules that ozproxy.ko asks for when the option is =m.
declare -A module_of=(
	[NET_UDP_TUNNEL]=udp_tunnel
	[IPV6]=ip6_udp_tunnel
)

kdir=${1:-}
if [[ -z $kdir || $# -gt 2 ]]; then
	echo "usage: check-config.sh KDIR [CONFIG]" >&2
	exit 2
fi
release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' \
	"$kdir/include/generated/utsrelease.h" 2>/dev/null)

config=${2:-}
if [[ -n $config ]]; then
	release=$config
else
	for config in "$kdir/.config" "$kdir/include/config/auto.conf" \
		"/boot/config-$release"; do
		[[ ! -r $config ]] || break
	done
fi
if [[ ! -r $config ]]; then
	echo "check-config: cannot read $config" >&2
	exit 1
fi

option()
{
	sed -n "s/^CONFIG_$1=//p" "$config"
}

missing=0
complain()
{
	echo "missing: $*"
	missing=$((missing + 1))
}

for name in $required; do
	[[ $(option "$name") == [ym] ]] || complain "CONFIG_$name"
done
for name in "${!optional[@]}"; do
	[[ $(option "$name") == [ym] ]] ||
		echo "note: without CONFIG_$name: ${optional[$name]}"
done

# ip6_udp_tunnel belongs to NET_UDP_TUNNEL, and is built where IPv6 is on.
modules=/lib/modules/$release
if [[ -n ${2:-} ]]; then
	: # another kernel's configuration: its modules are not here
elif [[ ! -d $modules/kernel ]]; then
	echo "note: modules not looked for: $release is not installed here"
else
	for name in "${!module_of[@]}"; do
		module=${module_of[$name]}
		[[ $(option "$name") == [ym] ]] || continue
		[[ $(option NET_UDP_TUNNEL) == m ]] || continue
		grep -q "/$module\.ko" "$modules/modules.dep" ||
			complain "module $module (some distributions put it" \
				"into linux-modules-extra-$release)"
	done
fi

if ((missing)); then
	echo "${release:-kernel}: $missing missing, ozproxy cannot work"
	exit 1
fi
echo "${release:-kernel}: everything that ozproxy needs is there"
