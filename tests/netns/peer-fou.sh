#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The kernel's own IPIP over FOU as a peer, and SIT over FOU on a second port for
# IPv6; peer.bash says who is where.
#
#   x1 ── w1 131.1.0.1:50103 ── underlay ── peer 131.1.0.7:50103 (IPIP), tun4
#                                                         :50104 (SIT), tun6
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=peer.bash
. "$(dirname "$0")/peer.bash"

need gojq ozctl nft curl busybox
need_modules fou ipip sit

node1=131.1.0.1 node2=131.1.0.7 port4=50103 port6=50104

tunnels()
{
	nip peer fou add port 50103 ipproto 4 &&
		nip peer fou add port 50104 ipproto 41 || return 1
	# Its worker has port 50103; ours here is only the source.
	nip peer -batch - <<-END
		link add tun4 type ipip local 131.1.0.7 remote 131.1.0.1 ttl 64 encap fou encap-sport 50103 encap-dport 50103
		link add tun6 type sit local 131.1.0.7 remote 131.1.0.1 ttl 64 encap fou encap-sport 50104 encap-dport 50103
		link set tun4 up
		link set tun6 up
		route add 10.30.0.0/16 dev tun4 src 10.23.0.1
		route add 10.19.1.3/32 dev tun4
		route add fdff::/16 dev tun6 src fc00::301
		route add fc00::103/128 dev tun6
	END
}

sock_start
check "a worker and a foreign peer" peer_make
check "the peer's tunnels" tunnels
check "services" peer_services
sock ports 50103 50104
for mode in "${offload_modes[@]}"; do
	check "underlay offloads: $mode" underlay_offloads "$mode"
	for family in 4 6; do
		peer_use_family "$family" "$mode"
		peer_talks
		[[ $mode != default ]] || peer_serves
	done
done
no_drops w1
tap_done
