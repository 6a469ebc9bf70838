#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The golden packets of tests/packets: for the same input the tunnel carries
# the same inner bytes as another implementation's, and its datagrams are
# accepted. Each worker's peer is a bare host with UDP sockets.
#
#   x1 10.19.1.3 fc00::103            x3 10.21.0.1 fc00::201
#       │                                 │
#   w1 131.1.0.1 ══ underlay            w3 131.1.0.2 ══ underlay
#                      ║                                    ║
#        peer3 131.1.0.2 ("w3")             peer1 131.1.0.1 ("w1")
#
#   Two separate worlds, as both peers have the address of the other worker.
#   The containers have no address of their own that could answer: packets
#   are written to and read from their eth0 as they are.
#
# In the three offload modes of the underlay.
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need gojq ozctl

packets=$(dirname "$0")/../packets

# world WORKER ADDRESS PEER ADDRESS: two hosts, joined by a cable.
world()
{
	local worker=$1 peer=$3

	worker_add "$worker" && netns_add "$peer" || return 1
	ip link add un0 netns "$(ns_name "$worker")" type veth \
		peer name un0 netns "$(ns_name "$peer")" || return 1
	nip "$worker" address add "$2/24" dev un0
	nip "$peer" address add "$4/24" dev un0
	nip "$worker" link set un0 up && nip "$peer" link set un0 up
}

# Takes the addresses from a container and tells its worker where it is.
silence()
{
	local worker=$1 container=$2 address
	shift 2

	nip "$container" address flush dev eth0 scope global
	for address; do
		nip "$worker" neighbour replace "$address" dev br0 \
			lladdr "$(mac "$container")" nud permanent || return 1
	done
}

topology()
{
	world w1 131.1.0.1 peer3 131.1.0.2 &&
		world w3 131.1.0.2 peer1 131.1.0.1 &&
		container_add w1 x1 10.19.1.3/26 fc00::103/120 &&
		container_add w3 x3 10.21.0.1/26 fc00::201/120 &&
		silence w1 x1 10.19.1.3 fc00::103 &&
		silence w3 x3 10.21.0.1 fc00::201 &&
		device_up w1 && device_up w3
}

# shellcheck disable=SC2046 # words
services()
{
	service_all X.default.X1.default \
		address 10.30.0.1 policy rr address fdff:2000::1 policy rr \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) &&
		service_all X.default.X3.default \
			address 10.30.1.30 policy rr \
			address fdff:2000::130 policy rr \
			$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.0.2 50103)
}

# The addresses of a packet before its worker converted it.
before()
{
	local from=$1 data=$2

	case $from$data in
	x14*) sock change "$data" ttl=64 source=10.19.1.3 destination=10.30.1.30 ;;
	x16*) sock change "$data" ttl=64 source=fc00::103 destination=fdff:2000::130 ;;
	x34*) sock change "$data" ttl=64 source=10.21.0.1 destination=10.30.0.2 ;;
	x36*) sock change "$data" ttl=64 source=fc00::201 destination=fdff::2 ;;
	esac
}

# And what its receiver must see at the end.
after()
{
	local to=$1 data=$2

	case $to$data in
	x14*) sock change "$data" ttl=62 source=10.30.1.30 ;;
	x16*) sock change "$data" ttl=62 source=fdff:2000::130 ;;
	x3*) sock change "$data" ttl=62 ;;
	esac
}

# One packet: written to its sender's eth0, it must be the golden one on the
# wire; the golden one sent by the bare peer must reach the receiver.
golden()
{
	local name=$1 from=$2 data=$3 to=x3 worker=w1 peer=p3 other=131.1.0.2

	if [[ $from == x3 ]]; then
		to=x1 worker=w3 peer=p1 other=131.1.0.1
	fi
	check "$name: sent by $from" sock frame "$from" "${gateway[$worker]}" \
		"$(before "$from" "$data")"
	is "$name: the same bytes in the tunnel" \
		"$(sock payload "wire-$worker" out 50103)" "$data"
	like "$name: the peer's socket gets them" "$(sock receive "$peer")" \
		"^131\.1\.0\.[12] [0-9]+ hex:$data\$"
	# From a port nobody has heard of, to the receiver's worker.
	worker=w3 peer=any1
	if [[ $from == x3 ]]; then
		worker=w1 peer=any3
	fi
	[[ $worker == w1 ]] && other=131.1.0.1 || other=131.1.0.2
	check "$name: sent by the bare peer" sock send "$peer" "hex:$data" \
		"$other" 50103
	is "$name: reaches $to" "$(sock ip "$to" in)" \
		"$(after "$to" "$data")"
}

offloads()
{
	local name settings=(tx on tso on gso on gro off)

	[[ $1 == off ]] && settings=(tx off tso off gso off gro off)
	[[ $1 == gro ]] && settings=(tx on tso on gso on gro on)
	for name in w1 peer3 w3 peer1; do
		ns "$name" ethtool -K un0 "${settings[@]}" || return 1
	done
}

sock_start
check "two workers with a bare peer each" topology
check "services" services
sock udp p3 peer3 131.1.0.2 50103
sock udp p1 peer1 131.1.0.1 50103
sock udp any3 peer3 131.1.0.2 0
sock udp any1 peer1 131.1.0.1 0
sock capture x1 x1 eth0
sock capture x3 x3 eth0
sock capture wire-w1 w1 un0
sock capture wire-w3 w3 un0
declare -A gateway=([w1]=$(gateway_mac w1) [w3]=$(gateway_mac w3))
for mode in "${offload_modes[@]}"; do
	check "underlay offloads: $mode" offloads "$mode"
	for file in http-ipv4 udp-ipv4 http-ipv6; do
		mapfile -t lines < <(sock golden "$packets/$file.hex")
		is "$mode: $file is read" "$((${#lines[@]} >= 2))" 1
		for line in "${lines[@]}"; do
			read -r name from data <<<"$line"
			golden "$mode: $file $name" "$from" "$data"
		done
	done
done
no_drops w1 w3
tap_done
