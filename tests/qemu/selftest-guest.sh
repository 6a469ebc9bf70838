#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The part of selftest.sh that runs in the guest: is it a place where the
# other tests can work? Needs no module of ours.
#
#   a 10.19.1.3 ── br0 one 131.1.0.1 ──┐
#                                     ├── underlay
#   b 10.21.0.1 ── br0 two 131.1.21.5 ─┘
#
# IPIP over FOU between one and two joins a and b.

set -u
# shellcheck source-path=SCRIPTDIR source=../netns/lib.sh
. "${BASH_SOURCE[0]%/*}/../netns/lib.sh"

need ip tcpdump ethtool ping curl ss nsenter
need_modules fou ipip sit

topology()
{
	worker_add one && worker_add two &&
		underlay_join one 131.1.0.1/24 fd01::1/64 &&
		underlay_join two 131.1.21.5/24 fd02::5/64 &&
		container_add one a 10.19.1.3/26 fd00:19::3/64 &&
		container_add two b 10.21.0.1/26 fd00:21::1/64
}

# fou_tunnel WORKER LOCAL REMOTE NET4
fou_tunnel()
{
	nip "$1" fou add port 5555 ipproto 4 &&
		nip "$1" link add fou0 type ipip remote "$3" local "$2" \
			encap fou encap-sport 5555 encap-dport 5555 &&
		nip "$1" link set fou0 up &&
		nip "$1" route add "$4" dev fou0 &&
		ns_sysctl "$1" net.ipv4.ip_forward=1
}

fou_ping()
{
	ns a ping -c 3 -i 0.2 -W 5 10.21.0.1
}

transfer()
{
	ns a curl -sS -m 20 -o "$OZP_TMP/got" "http://10.21.0.1:8080/sent" &&
		cmp "$OZP_TMP/got" "$OZP_TMP/sent"
}

check "the topology is built" topology
check "underlay, IPv4, across subnets" ns one ping -c 2 -i 0.2 -W 5 131.1.21.5
check "underlay, IPv6, across subnets" ns one ping -c 2 -i 0.2 -W 5 fd02::5
check "container to its worker, IPv4" ns a ping -c 1 -W 5 131.1.0.1
check "container to its worker, IPv6" ns a ping -c 1 -W 5 fd01::1
refuse "no way between containers yet" ns a ping -c 1 -W 1 10.21.0.1

check "FOU on one" fou_tunnel one 131.1.0.1 131.1.21.5 10.21.0.0/26
check "FOU on two" fou_tunnel two 131.1.21.5 131.1.0.1 10.19.1.0/26
check "capture starts" capture_start two un0 "$OZP_TMP/fou.pcap" udp port 5555
check "ping through the tunnel" fou_ping
capture_stop "$OZP_TMP/fou.pcap"
is "every datagram of it was captured" \
	"$(capture_show "$OZP_TMP/fou.pcap" | wc -l)" 6

head -c 300000 /dev/urandom >"$OZP_TMP/sent"
bg b busybox httpd -f -p 10.21.0.1:8080 -h "$OZP_TMP"
check "a server comes up" wait_listen b tcp 8080
for mode in default off gro; do
	check "offloads $mode are set" underlay_offloads "$mode"
	check "offloads $mode: a file through the tunnel" transfer
done
bg_stop "$BG_PID"
refuse "the server is gone" wait_until 1 ozp_listens b tcp 8080

check "underlay MTU can shrink" underlay_mtu one 1280
like "and does" "$(nip one link show dev un0)" "mtu 1280"
check "a namespace can go" netns_del b
refuse "and is gone" ip netns exec "$(ns_name b)" true
tap_done
