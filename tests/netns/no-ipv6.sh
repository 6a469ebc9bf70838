#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A kernel that was booted without IPv6: unlike where a namespace has it disabled,
# there are no sockets, no routes and no tables of addresses. IPv4 works, what is of
# IPv6 is refused with a reason, and nothing that looks for it comes to harm.
#
#     c1 ── br0 ── w1 ══ underlay ══ w2 ── br0 ── c2
#     X1.0         131.1.0.1         131.1.21.5   X3.0
#     10.30.0.1                                   10.30.1.30
#
# kernels: 6.12
# parameters: ipv6.disable=1
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"
# shellcheck source-path=SCRIPTDIR source=neighbours.bash
. "$(dirname "$0")/neighbours.bash"

need gojq ozctl python3 rmmod insmod
[[ ! -e /proc/sys/net/ipv6 ]] || skip_all "needs a kernel without IPv6"

topology()
{
	worker_add w1 && worker_add w2 &&
		underlay_join w1 131.1.0.1/24 &&
		underlay_join w2 131.1.21.5/24 &&
		container_add w1 c1 10.19.1.3/26 &&
		container_add w2 c2 10.21.0.1/26
}

talks()
{
	check "$1" talk_family 10.19.1.3 10.21.0.1 10.30.1.30 10.30.0.2
}

device_up_told()
{
	device_up "$1" 2>"$OZP_TMP/told"
}

devices()
{
	check "w1 has a device" device_up_told w1
	like "what was left out is told" "$(<"$OZP_TMP/told")" \
		"no IPv6: going on with IPv4 alone"
	check "w2 has a device" device_up w2
	like "its MTU is that of the default route" \
		"$(nip w1 -o link show oz0)" " mtu 1452 "
	check "services with addresses of both families" pair_services w1 w2
	talks "IPv4 goes through"
}

# An instance whose node has an address of IPv6 is in the table, and out of reach.
node_of_ipv6()
{
	local before

	before=$(drops w1 out no-underlay)
	# shellcheck disable=SC2046 # words of an instance
	check "a service on a node of IPv6" service_set w1 six \
		address 10.30.6.1 policy rr \
		$(instance 0 10.22.0.1 10.30.6.2 2001:db8::6 50103)
	sock udp u c1 10.19.1.3 7000
	sock errors u
	sock send u ask 10.30.6.1 53
	like "who sends there is told" "$(sock error u)" "^ENETUNREACH 3/0 from"
	check "and why is counted" drops_are w1 out no-underlay $((before + 1))
	sock close u
}

# send_raw HEX: a packet leaves by the device as only root can send it.
send_raw()
{
	ns w1 python3 -SEB - "$1" <<-END
		import socket
		import sys
		s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
		s.sendto(bytes.fromhex(sys.argv[1]), ("oz0", 0x86dd))
	END
}

# send_tunnelled HEX: one comes from another node.
send_tunnelled()
{
	sock send wire "hex:$1" 131.1.0.1 50103
}

# Refused packets are answered, where there is somebody to answer.
packets_of_ipv6()
{
	local before

	before=$(drops w1 out unknown-source)
	check "a packet of a stranger" send_raw \
		"$(sock build udp fc00::55 7001 fdff:2000::30 53 ask)"
	check "is refused" wait_until 5 drops_are w1 out unknown-source \
		$((before + 1))
	before=$(counter w1 out-tunnelled)
	check "a packet of a container" send_raw \
		"$(sock build udp fc00::103 7002 fdff:2000::30 53 ask)"
	check "goes on" wait_until 5 counter_is w1 out-tunnelled $((before + 1))

	sock udp wire w2 131.1.21.5 50104
	before=$(counter w1 in-delivered)
	send_tunnelled "$(sock build udp fdff::6 53 fc00::103 7002 answer)"
	check "a packet to a container is handed over" wait_until 5 \
		counter_is w1 in-delivered $((before + 1))
	before=$(drops w1 in destination-not-local)
	send_tunnelled "$(sock build udp fdff::6 53 fc00::99 7002 answer)"
	check "one to nobody is refused" wait_until 5 \
		drops_are w1 in destination-not-local $((before + 1))
	sock close wire
}

counter_is()
{
	[[ $(counter "$1" "$2") == "$3" ]]
}

# An address of IPv6 may be one of ours without being found on a link.
local_of_ipv6()
{
	check "own addresses of both families" \
		ns w1 ozctl device set oz0 local 131.1.0.1,2001:db8::6
	talks "IPv4 goes through, by them"
}

end()
{
	check "the counters add up" counters_add_up w1 oz0
	check "w1's device goes" nip w1 link del oz0
	check "and comes" device_up w1
	check "w1's goes again" nip w1 link del oz0
	netns_del w2
	check "nothing holds the module, it goes and comes back" module_cycle
}

sock_start
check "two workers" topology
devices
node_of_ipv6
packets_of_ipv6
local_of_ipv6
end
tap_done
