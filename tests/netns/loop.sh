#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Routes to nodes that lead back into the device: directly, through a tunnel
# that says that it stacks on it, and through one that does not. And datagrams
# in datagrams, each for the tunnel once more.
#
#   c 10.19.1.3 fc00::103
#       │
#      br0 ── w1: oz0 ── un0 ── underlay        on lo: 10.19.1.9 fc00::109,
#              │  ▲            131.1.0.1        the instance host.0
#              ▼  │
#     vx: VXLAN to 10.30.1.30 or fdff:2000::30, addresses of a service whose
#     node is behind vx
#
# covers: route-loop
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need gojq ozctl
need_modules vxlan

# The tunnels have nothing to say of their own accord.
topology()
{
	worker_add w1 && underlay_join w1 131.1.0.1/24 2001:db8::1/64 &&
		container_add w1 c 10.19.1.3/26 fc00::103/120 &&
		nip w1 address add 10.19.1.9/32 dev lo &&
		nip w1 address add fc00::109/128 dev lo && device_up w1 &&
		ns_sysctl w1 net.ipv6.conf.default.disable_ipv6=1
}

# shellcheck disable=SC2046 # words
services()
{
	service_set w1 client $(instance 0 10.19.1.3,fc00::103 \
		10.30.0.2,fdff::2 131.1.0.1 50103) &&
		service_set w1 host $(instance 0 10.19.1.9,fc00::109 \
			10.30.0.3,fdff::3 131.1.0.1 50103) &&
		service_set w1 far \
			address 10.30.1.30 policy rr address fdff:2000::30 policy rr \
			$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.9.9 50103)
}

# loops NAME: c sends to both addresses of the service.
loops()
{
	local before after

	before=$(drops w1 out route-loop)
	sock send u4 loop 10.30.1.30 53
	sock send u6 loop fdff:2000::30 53
	check "$1: both packets are lost so" wait_until 5 \
		drops_are w1 out route-loop $((before + 2))
	after=$(losses w1)
	is "$1: and no other" "$after" "out route-loop $((before + 2))"
}

# A node is one host, not everybody on a link.
broadcast()
{
	nip w1 route replace broadcast 131.1.9.9 dev un0
	sock send u4 all 10.30.1.30 53
	check "nothing is sent to a broadcast address" wait_until 5 \
		drops_are w1 out no-route 1
}

# vxlan WORD…: the device, with the way to the node through it.
vxlan()
{
	nip w1 link add vx type vxlan id 7 dstport 4789 "$@" &&
		nip w1 link set vx up &&
		nip w1 neighbour add 131.1.9.9 lladdr 02:00:00:00:00:09 dev vx \
			nud permanent &&
		nip w1 route replace 131.1.9.9 dev vx src 131.1.0.1
}

# nested FAMILY SOURCE DESTINATION LAYERS: what the underlay sends to the tunnel
# holds a datagram for the tunnel, and so on. A layer must not cost stack, of
# which a kernel has 16 KiB.
nested()
{
	local family=$1 layers=$4 before after data=innermost i

	before=$(counter w1 in-received)
	sock udp inner w1 "$3" 4000
	data=hex:$(sock build udp "$2" 53 "$3" 4000 innermost)
	for ((i = 1; i < layers; i++)); do
		data=hex:$(sock build udp "$2" 53 "$3" 50103 "$data")
	done
	sock send "outer$family" "$data" "${worker[$family]}" 50103
	is "IPv$family, $layers layers: the innermost arrives" \
		"$(sock receive inner)" "$2 53 innermost"
	after=$(counter w1 in-received)
	is "IPv$family: each layer was one packet" $((after - before)) \
		"$layers"
	sock close inner
}

declare -A worker=([4]=131.1.0.1 [6]=2001:db8::1)

sock_start
check "a worker" topology
check "services" services
sock udp u4 c 10.19.1.3 4000
sock udp u6 c fc00::103 4000
check "the node is behind the device" nip w1 route add 131.1.9.9 dev oz0
loops "directly"
check "a tunnel on the device" vxlan local 10.19.1.9 remote 10.30.1.30 dev oz0
loops "through a tunnel that is tied to it"
nip w1 link del vx
check "a tunnel over IPv4" vxlan local 10.19.1.9 remote 10.30.1.30
loops "through a tunnel over IPv4 that is routed to it"
nip w1 link del vx
check "a tunnel over IPv6" vxlan local fc00::109 remote fdff:2000::30
loops "through a tunnel over IPv6 that is routed to it"
nip w1 link del vx
broadcast
sock udp outer4 underlay "$ROUTER4" 4001
sock udp outer6 underlay :: 4001
nested 4 10.30.0.6 10.19.1.9 48
nested 6 fdff::6 fc00::109 24
tap_done
