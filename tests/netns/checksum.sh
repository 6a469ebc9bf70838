#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Conversion repairs nothing: a damaged packet arrives damaged, a UDP packet
# without a checksum without one, and large transfers intact, whatever the
# offloads of the underlay.
#
#   c 10.19.1.3 fc00::103              s 10.21.0.1 fc00::201
#       │                                  │
#   w1 131.1.0.1 ═══════ underlay ═══ w2 131.1.0.2
#      2001:db8:1::1                     2001:db8:1::2
#
#   client.0 10.30.0.2 fdff::2     shop.0 10.30.0.6 fdff::6
#                                  shop   10.30.1.30 fdff:2000::30
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=pair.bash
. "$(dirname "$0")/pair.bash"

need gojq ozctl nft

topology()
{
	pair_join && device_up w1 && device_up w2
}

use_family()
{
	pair_family "$1"
	c_=$c s_=$s ci_=$ci sip_=$sip
	(($1 == 4)) || c_=[$c] s_=[$s] ci_=[$ci] sip_=[$sip]
	name="$2, IPv$1"
}

# request PROTOCOL STATE PORT: one packet c > shop with such a checksum.
request()
{
	local protocol=$1 state=$2 port=$3 bytes

	bytes=$(sock build "$protocol" "$c" "$port" "$sip" 9000 data "$state") ||
		return 1
	check "$name: $protocol with a checksum that is $state: sent" \
		sock frame at-c "$gateway1" "$bytes"
	check "$name: $protocol with a checksum that is $state: on the wire" \
		sock expect wire "out*{ $ci_:$port>$s_:9000 $protocol*sum=$state"
	check "$name: $protocol with a checksum that is $state: at the server" \
		sock expect at-s "in $ci_:$port>$s_:9000 $protocol*sum=$state"
}

# The same for a reply, which is converted on arrival, too.
reply()
{
	local protocol=$1 state=$2 port=$3 bytes

	bytes=$(sock build "$protocol" "$s" 9000 "$ci" "$port" data "$state") ||
		return 1
	check "$name: $protocol reply, checksum $state: sent" \
		sock frame at-s "$gateway2" "$bytes"
	check "$name: $protocol reply, checksum $state: at the client" \
		sock expect at-c "in $sip_:9000>$c_:$port $protocol*sum=$state"
}

damaged()
{
	local protocol states=(ok bad) port=$1 state

	for protocol in tcp udp; do
		[[ $protocol$sip == udp*.* ]] && states=(ok bad zero)
		for state in "${states[@]}"; do
			port=$((port + 1))
			request "$protocol" "$state" "$port"
			reply "$protocol" "$state" "$port"
		done
	done
}

# What the server's own stack makes of them.
counted()
{
	local before after

	before=$(csum_errors)
	sock udp v s "$s" 9001
	sock frame at-c "$gateway1" \
		"$(sock build udp "$c" 4000 "$sip" 9001 damaged bad)"
	sock frame at-c "$gateway1" \
		"$(sock build udp "$c" 4000 "$sip" 9001 whole ok)"
	is "$name: the socket gets the whole one" "$(sock receive v)" \
		"$ci 4000 whole"
	check "$name: and nothing else" sock silent v
	after=$(csum_errors)
	is "$name: the server counts a checksum error" "$((after - before))" 1
	sock close v
}

csum_errors()
{
	# shellcheck disable=SC2016 # awk's
	ns s awk '/^Udp: [0-9]/ { sum += $8 } /^Udp6InCsumErrors/ { sum += $2 }
		END { print sum }' /proc/net/snmp /proc/net/snmp6
}

no_checksum()
{
	sock udp u c "$c" 4001
	sock nochecksum u
	sock udp v s "$s" 9002
	sock send u ask "$sip" 9002
	is "$name: a socket without checksums is heard" \
		"$(sock receive v)" "$ci 4001 ask"
	check "$name: its checksum is 0 at the server" sock expect at-s \
		"in $ci_:4001>$s_:9002 udp*sum=zero"
	sock close u v
}

bulk()
{
	sock listen l s "$s" 80
	check "$name: connection" sock connect k c "$c" "$1" "$sip" 80
	check "$name: accepted" sock accept a l
	check "$name: bulk to the server" sock bulk k a "$bytes"
	check "$name: bulk to the client" sock bulk a k "$bytes"
	sock close k a l
}

# A container's stack knows of no such connections, and would say so.
quiet()
{
	local container

	for container in c s; do
		ns "$container" nft -f - <<-END || return 1
			table inet quiet {
				chain out {
					type filter hook output priority 0;
					tcp flags & rst == rst drop
					icmp type destination-unreachable drop
					icmpv6 type destination-unreachable drop
				}
			}
		END
	done
}

sock_start
check "two workers" topology
# Captures slow the transfers down and want their memory: they come later.
port=5000
bytes=$(size 2000000 200000)
for underlay in 2001:db8:1:: 131.1.0.; do
	check "workers have addresses $underlay*" pair_services "$underlay"
	for mode in "${offload_modes[@]}"; do
		check "underlay offloads: $mode" underlay_offloads "$mode"
		for family in 4 6; do
			port=$((port + 1))
			use_family "$family" "$underlay* $mode"
			bulk "$port"
		done
	done
done
gateway1=$(gateway_mac w1)
gateway2=$(gateway_mac w2)
check "no stack answers the crafted packets" quiet
sock ports 50103
sock capture at-c c eth0
sock capture at-s s eth0
sock capture wire w1 un0
port=6000
for mode in "${offload_modes[@]}"; do
	check "underlay offloads: $mode" underlay_offloads "$mode"
	for family in 4 6; do
		port=$((port + 100))
		use_family "$family" "$mode"
		damaged "$port"
		counted
		[[ $family == 6 ]] || no_checksum
	done
done
no_drops w1 w2
tap_done
