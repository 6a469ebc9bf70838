#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The kernel's bareudp in multiproto mode as a peer, over either underlay: one
# device and one port for both families, and a source port for each flow; peer.bash
# says who is where.
#
#   x1 ── w1 :50103 ── underlay ── peer :50103, bare0
#
# Debian's kernels do not have it.
#
# kernels: debug
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=peer.bash
. "$(dirname "$0")/peer.bash"

need gojq ozctl nft ethtool curl busybox python3

port4=50103 port6=50103

# tunnel NODE: for all that goes to its addresses. Taken apart before the tunnel:
# it tells the stack that what is inside is IPv4, always.
tunnel()
{
	nip peer link del bare0 2>/dev/null
	nip peer -batch - <<-END || return 1
		link add bare0 type bareudp dstport 50103 ethertype ipv4 multiproto
		link set bare0 mtu 1400 up
		route add 10.30.0.0/16 dev bare0 src 10.23.0.1
		route add 10.19.1.3/32 dev bare0
		route add fdff::/16 dev bare0 src fc00::301
		route add fc00::103/128 dev bare0
	END
	ns peer ethtool -K bare0 tso off gso off &&
		ns peer python3 -SEB "${BASH_SOURCE[0]%/*}/encap.py" bare0 "$1"
}

# under NAME NODE NODE
under()
{
	local family

	node1=$2 node2=$3
	check "$1: the peer's tunnel" tunnel "$node1"
	check "$1: services" peer_services
	for family in 4 6; do
		peer_use_family "$family" "over $1"
		peer_talks
		peer_serves
	done
}

sock_start
check "a worker and a foreign peer" peer_make
sock ports 50103
under IPv4 131.1.0.1 131.1.0.7
under IPv6 2001:db8:1::1 2001:db8:1::7
no_drops w1
tap_done
