#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# 200 rounds of making and deleting devices, some with services and traffic.
# Afterwards nothing is left of them. OZP_ROUNDS is another number of them.
#
#     c1 ── br0 ── w1: oz0, oz1 … ══ underlay ══ w2: oz0 ── br0 ── c2
#     X1.0         131.1.0.1                     131.1.21.5        X3.0

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"

need ip ozctl gojq python3 rmmod insmod
[[ -n ${OZPROXY_KO:-} ]] || skip_all "needs OZPROXY_KO, the module's file"

# Up in the middle, so that sockets come and go as well.
bare_rounds()
{
	local i

	for ((i = 0; i < $1; i++)); do
		echo "link add oz0 type ozproxy"
		echo "link set oz0 up"
		echo "link del oz0"
	done | nip alone -batch -
}

# Many at once, each on a port of its own.
crowd()
{
	local i

	for ((i = 0; i < $1; i++)); do
		ns alone ozctl device add "oz$i" port $((40000 + i)) || return 1
	done
	{
		for ((i = 0; i < $1; i++)); do
			echo "link set oz$i up"
		done
		for ((i = 0; i < $1; i++)); do
			echo "link del oz$i"
		done
	} | nip alone -batch -
}

busy_rounds()
{
	local i

	for ((i = 0; i < $1; i++)); do
		device_up w1 && pair_services w1 && traffic_flows &&
			nip w1 link del oz0 || return 1
	done
}

# What KASAN keeps of what was freed goes with it. Links are second names.
shrink_caches()
{
	local cache

	for cache in /sys/kernel/slab/*; do
		[[ -L $cache ]] || echo 1 >"$cache/shrink"
	done
}

# In KiB. What is freed after a grace period is waited for.
memory_used()
{
	awk '/^(Slab|Percpu|VmallocUsed):/ { sum += $2 } END { print sum }' \
		/proc/meminfo
}

memory_is_back()
{
	(($(memory_used) - $1 < 2048))
}

check "an empty namespace" netns_add alone
check "two workers" pair_make
check "w2 has a device" device_up w2
check "with services" pair_services w2

check "rounds to warm up" bare_rounds "$(size 20 8)"
check "caches shrink" shrink_caches
before=$(memory_used)
check "rounds of one device" \
	bare_rounds "${OZP_ROUNDS:-$(size 160 16)}"
check "many devices at once" crowd "$(size 16 4)"
check "they shrink again" shrink_caches
# A device is some 50 KiB: a leak of one in four would show.
check "their memory is free again" wait_until 20 memory_is_back "$before"
diag "$before KiB before, $(memory_used) after"

traffic_start c1 c2
check "rounds with services and traffic" busy_rounds "$(size 4 1)"
bg_stop "$TRAFFIC_PID"
check "no device is left in w1" [ -z "$(nip w1 -o link show type ozproxy)" ]
check "no device is left in the other" \
	[ -z "$(nip alone -o link show type ozproxy)" ]
check "no socket is left in w1" wait_until 5 port_free w1 50103
check "no socket is left in the other" port_free alone 50103
netns_del w2
check "nothing holds the module, it goes and comes back" module_cycle
tap_done
