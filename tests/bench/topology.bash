# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# What all systems are compared on. Source it after netns/lib.sh.
#
#   c1 10.19.1.3                                        c2 10.21.0.1
#    │                                                   │
#   br0 w1 (routes) un0 ───────── veth ───────── un0 (routes) w2 br0
#             131.1.0.1                           131.1.0.2
#
#   topology_up          makes all that
#   route_far DEVICE4    routes each worker's far container: words of ip(8)
#                        before the device, which is the same on both sides
#   offloads on|off      those of the underlay

c1=10.19.1.3 c2=10.21.0.1
node1=131.1.0.1 node2=131.1.0.2

topology_up()
{
	worker_add w1 && worker_add w2 &&
		container_add w1 c1 "$c1/26" && container_add w2 c2 "$c2/26" &&
		ip link add un0 netns "$(ns_name w1)" type veth \
			peer name un0 netns "$(ns_name w2)" &&
		underlay_end w1 "$node1" && underlay_end w2 "$node2"
}

underlay_end()
{
	nip "$1" -batch - <<-END &&
		address add $2/24 dev un0
		link set un0 up
	END
		ns_sysctl "$1" net.ipv4.ip_forward=1
}

# worker, its far container, the far node
both_ways()
{
	"$@" w1 "$c2" "$node1" "$node2" && "$@" w2 "$c1" "$node2" "$node1"
}

# All that a veth has of them: as it was made, or nothing.
offloads()
{
	local worker feature settings=()

	for feature in rx tx sg tso gso tx-gre-segmentation \
		tx-gre-csum-segmentation tx-ipxip4-segmentation \
		tx-ipxip6-segmentation tx-udp_tnl-segmentation \
		tx-udp_tnl-csum-segmentation tx-sctp-segmentation \
		tx-udp-segmentation tx-gso-list; do
		settings+=("$feature" "$1")
	done
	for worker in w1 w2; do
		ns "$worker" ethtool -K un0 "${settings[@]}" || return 1
	done
}
