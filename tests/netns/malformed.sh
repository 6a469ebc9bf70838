#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Thousands of random packets, most of them broken, into both ends of a
# device. Every one is counted, none harms the kernel, and good packets pass
# afterwards. OZP_SEED repeats a run.
#
#     peer ── un0 ── underlay ── un0 ── w1: oz0 ── br0 ── c1 (10.19.1.3,
#     131.1.0.9      router      131.1.0.1                    fc00::103)
#     2001:db8::9                2001:db8::1
#
# The peer sends to port 50103 of w1; what goes out of w1 is put straight
# into oz0.

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"

need ip ozctl gojq python3 ethtool

worker_add w1 || exit 1
underlay_join w1 131.1.0.1/24 2001:db8::1/64
container_add w1 c1 10.19.1.3/26 fc00::103/120
netns_add peer
underlay_join peer 131.1.0.9/24 2001:db8::9/64

check "w1 has a device" device_up w1
# What broken packets make the kernels of w1 and c1 answer, at once or when an
# address does not resolve, must not come into the device and be counted there.
for network in 10.30.0.0/16 fdff::/16; do
	check "nothing is routed to $network" nip w1 route del "$network" dev oz0
done
# shellcheck disable=SC2046 # words of an instance
check "w1 knows X1" service_set w1 X.default.X1.default \
	address 10.30.0.1 policy rr address fdff:2000::1 policy rr \
	$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103)
# shellcheck disable=SC2046
check "w1 knows X3" service_set w1 X.default.X3.default \
	address 10.30.1.30 policy rr address fdff:2000::30 policy rr \
	$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.0.9 55301)

for mode in "${offload_modes[@]}"; do
	check "offloads of the underlay: $mode" underlay_offloads "$mode"
	for pair in "131.1.0.9 131.1.0.1" "2001:db8::9 2001:db8::1"; do
		# shellcheck disable=SC2086 # two words
		adv_python adv_fuzz.py "$(ns_name peer)" "$(ns_name w1)" \
			$pair "$(size 400 80)"
	done
done

sock_start
sock udp server c1 10.19.1.3 5353
sock udp peer peer 131.1.0.9 0
packet=$(sock build udp 10.30.0.6 5353 10.19.1.3 5353 stillwell)
check "a good packet after all of them" sock send peer "hex:$packet" \
	131.1.0.1 50103
is "arrives" "$(sock receive server)" "10.30.0.6 5353 stillwell"
tap_done
