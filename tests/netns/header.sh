#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# What the outer headers say: ECN and DSCP, ports, hop limits, checksum; and
# address translation of the outer flow.
#
#   c 10.19.1.3 fc00::103              s 10.21.0.1 fc00::201
#       │                                  │
#   w1 131.1.0.1:50103 ═══ underlay ═══ w2 131.1.0.2:50103
#      2001:db8:1::1          ║            2001:db8:1::2
#                         w3 131.1.0.3:55301: nobody answers there
#
# RFC 6040, figure 4: inner marks on arrival (rows), outer ones (columns), and
# what the container gets; 0 is Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE.
#
#        0  1  2  3
#     0  0  0  0  drop
#     1  1  1  1  3
#     2  2  1  2  3
#     3  3  3  3  3
#
# On the way out they are copied (4.1, normal mode).
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

marks=(0 0 0 drop 1 1 1 3 2 1 2 3 3 3 3 3)

topology()
{
	pair_join && netns_add peer &&
		underlay_join peer 131.1.0.3/24 2001:db8:1::3/64 &&
		device_up w1 && device_up w2
}

# shellcheck disable=SC2046 # words
services()
{
	pair_services "$1" &&
		service_all far \
			address 10.30.1.40 policy rr address fdff:2000::40 policy rr \
			$(instance 0 10.21.0.9,fc00::209 10.30.0.9,fdff::9 "${1}3" 55301)
}

use_family()
{
	pair_family "$1"
	ci_=$ci far=10.30.1.40
	(($1 == 4)) || ci_=[$ci] far=fdff:2000::40
	name="IPv$1 in $under"
}

option()
{
	ns w1 ozctl device set oz0 "$@"
}

# out TOS [TO]: c sends a datagram, from the port that is next.
out()
{
	local bytes

	port=$((port + 1))
	bytes=$(sock build udp "$c" "$port" "${2:-$sip}" 9000 data) &&
		bytes=$(sock change "$bytes" "tos=$1") &&
		sock frame at-c "$gateway" "$bytes"
}

# The outer DS field of the last packet: its text on the wire up to the brace.
outer()
{
	local line

	line=$(sock expect wire "out*{ $ci_:$port>*") || { echo "$line"; return; }
	line=${line%%\{*}
	[[ $line =~ tos=([0-9]+) ]] && echo "${BASH_REMATCH[1]}" || echo 0
}

dscp_out()
{
	local ecn

	for ecn in 0 1 2 3; do
		out $((46 * 4 + ecn))
		is "$name: marks $ecn on the way out" "$(outer)" "$ecn"
	done
	check "$name: the inner DS field is the same at the server" \
		sock expect at-s "in $ci_:$port>*udp*tos=187"
	option dscp 10
	out $((46 * 4 + 2))
	is "$name: a fixed DSCP" "$(outer)" $((10 * 4 + 2))
	option dscp-mode copy
	out $((46 * 4 + 1))
	is "$name: a copied DSCP" "$(outer)" $((46 * 4 + 1))
	option dscp-mode fixed dscp 0
}

# A peer's datagram with marks $1 inside and $2 outside.
mark()
{
	local want=${marks[$1 * 4 + $2]} lost bytes

	port=$((port + 1))
	bytes=$(sock build udp "${ci_//[\[\]]/}" "$port" "$s" 9001 data) &&
		bytes=$(sock change "$bytes" tos=$((184 + $1))) || return 1
	# A DSCP outside must not come in.
	sock tos p $((48 + $2))
	[[ $want != drop ]] || lost=$(drops w2 in ecn)
	sock send p "hex:$bytes" "${under}2" 50103
	if [[ $want == drop ]]; then
		check "$name: $1 in $2 is dropped" \
			wait_until 5 drops_are w2 in ecn $((lost + 1))
	else
		check "$name: $1 in $2 becomes $want" sock expect at-s \
			"in $ci_:$port>*udp ttl=*sum=ok tos=$((184 + want))"
	fi
}

# All marks in all others where both headers are of one family; of the other
# pairs of families one of each kind.
ecn_in()
{
	local inner outer

	sock udp p peer "${under}3" 40000
	if same_family; then
		for inner in 0 1 2 3; do
			for outer in 0 1 2 3; do
				mark "$inner" "$outer"
			done
		done
	else
		mark 0 3
		mark 1 3
		mark 2 1
		mark 3 0
	fi
	sock close p
}

same_family()
{
	[[ $c == *:* && $under == *:* || $c != *:* && $under != *:* ]]
}

sport_of()
{
	local line

	line=$(sock expect wire "out*{ $ci_:$port>*") || { echo "$line"; return; }
	line=${line#out }
	line=${line%%>*}
	echo "${line##*:}"
}

ports()
{
	local first other ports=()

	# Somebody listens: an ICMP error would embed what is looked for.
	sock udp sink s "$s" 9000
	while ((${#ports[@]} < 3)); do
		out 0
		ports+=("$(sport_of)")
	done
	port=$((port - 1))
	out 0
	is "$name: a flow keeps its source port" "$(sport_of)" "${ports[2]}"
	first=${ports[0]} other=$(printf '%s\n' "${ports[@]}" | sort -u | wc -l)
	check "$name: flows have different ones" test "$other" -gt 1
	check "$name: which are not ours" test "$first" != 50103
	out 0 "$far"
	is "$name: ours towards a node with another port" "$(sport_of)" 50103
	option source-port own
	out 0
	is "$name: ours, when it is so wished" "$(sport_of)" 50103
	option source-port flow
	sock close sink
}

hops()
{
	ns_sysctl w1 net.ipv4.ip_default_ttl=77 \
		net.ipv6.conf.all.hop_limit=77 net.ipv6.conf.un0.hop_limit=77
	out 0
	check "$name: hop limits: the sysctl's outside, one less inside" \
		sock expect wire "out* ttl=77*{ $ci_:$port>*udp ttl=63"
	check "$name: and another one less at the server" \
		sock expect at-s "in $ci_:$port>*udp ttl=62"
	ns_sysctl w1 net.ipv4.ip_default_ttl=64 \
		net.ipv6.conf.all.hop_limit=64 net.ipv6.conf.un0.hop_limit=64
}

# How many datagrams w2's IPv6 has refused because of their checksum.
zeros()
{
	# shellcheck disable=SC2016 # awk's
	ns w2 awk '$1 == "Udp6InCsumErrors" { print $2 }' /proc/net/snmp6
}

zeros_are()
{
	(($(zeros) == $1))
}

checksums()
{
	local zeros

	zeros=$(zeros)
	out 0
	check "$name: a checksum outside" \
		sock expect at-w2 "in *:50103 udp*sum=ok { $ci_:$port>"
	option outer-checksum off
	out 0
	check "$name: none outside" \
		sock expect wire "out*sum=zero { $ci_:$port>"
	if [[ $under == *:* ]]; then
		check "$name: which is not accepted" wait_until 5 \
			zeros_are $((zeros + 1))
		ns w2 ozctl device set oz0 outer-checksum off
		out 0
	fi
	check "$name: is accepted" \
		sock expect at-s "in $ci_:$port>*udp*sum=ok"
	option outer-checksum on
	ns w2 ozctl device set oz0 outer-checksum on
}

# The router gives all of w1's datagrams an address and ports of its own.
masquerade()
{
	local family=ip

	[[ $under == *:* ]] && family=ip6
	ns underlay nft -f - <<-END
		table $family translate {
			chain out {
				type nat hook postrouting priority srcnat;
				$family saddr ${under}1 udp dport 50103 masquerade to :20000-20999
			}
		}
	END
	nip underlay address replace 131.1.0.99/32 dev u-w2
	nip underlay address replace 2001:db8:1::99/128 dev u-w2 nodad
	sock udp v s "$s" 9000
	sock udp u c "$c" $((port += 1))
	sock send u ask "$sip" 9000
	is "$name: through address translation" \
		"$(sock receive v)" "${ci_//[\[\]]/} $port ask"
	sock send v answer "${ci_//[\[\]]/}" "$port"
	is "$name: and back" "$(sock receive u)" "$sip 9000 answer"
	check "$name: from another port" \
		sock expect at-w2 "in *:20*:50103 udp*{ $ci_:$port>"
	sock close u v
	ns underlay nft delete table "$family" translate
}

sock_start
check "two workers and a peer" topology
check "checksums are finished before the wire" underlay_offloads off
gateway=$(gateway_mac w1)
sock ports 50103
sock capture at-c c eth0
sock capture at-s s eth0
sock capture wire w1 un0
sock capture at-w2 w2 un0
port=5000
for under in 131.1.0. 2001:db8:1::; do
	check "workers have addresses $under*" services "$under"
	for family in 4 6; do
		use_family "$family"
		dscp_out
		ecn_in
		ports
		hops
		checksums
		! same_family || masquerade
	done
done
tap_done
