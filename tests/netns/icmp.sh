#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ICMP through the overlay: echoes and errors, to Service IPs and Instance IPs,
# between workers, on one worker, and from an instance to itself; and the errors
# that a container gets for what cannot be sent.
#
#   c1 X1.0              c4 X4.0              c3 X3.0
#   10.19.1.3 fc00::103  10.19.1.4 fc00::104  10.21.0.1 fc00::201
#      └────────── br0 ──────┘                    │
#      w1 131.1.0.1 2001:db8:1::1          w2 131.1.21.5 2001:db8:2::5
#                └──────── underlay ───────────────┘
#
#        Service IP               Instance IP
#   X1   10.30.0.1 fdff:2000::1   10.30.0.2 fdff::2
#   X3   10.30.1.30 fdff:2000::30 10.30.0.6 fdff::6
#   X4   10.30.0.3 fdff:2000::3   10.30.0.4 fdff::4
#   X5   10.30.0.5 fdff:2000::5   (no instance)
#   X6   10.30.0.7 fdff:2000::7   10.30.0.8 fdff::8, on a node without route
#
# covers: unrelated-error error-about-error
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need gojq ozctl ping nft

topology()
{
	worker_add w1 && worker_add w2 &&
		underlay_join w1 131.1.0.1/24 2001:db8:1::1/64 &&
		underlay_join w2 131.1.21.5/24 2001:db8:2::5/64 &&
		container_add w1 c1 10.19.1.3/26 fc00::103/120 &&
		container_add w1 c4 10.19.1.4/26 fc00::104/120 &&
		container_add w2 c3 10.21.0.1/26 fc00::201/120 &&
		device_up w1 && device_up w2 || return 1
	local name
	# As many errors as there is cause for.
	for name in w1 w2 c1 c3 c4; do
		ns_sysctl "$name" net.ipv4.icmp_ratelimit=0 \
			net.ipv6.icmp.ratelimit=0 || return 1
	done
	nip w1 route add unreachable 131.1.66.6/32
}

# shellcheck disable=SC2046 # words of instances
services()
{
	service_all X1 address 10.30.0.1 policy rr \
		address fdff:2000::1 policy rr $(instance 0 \
		10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) &&
	service_all X3 address 10.30.1.30 policy rr \
		address fdff:2000::30 policy rr $(instance 0 \
		10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.21.5 50103) &&
	service_all X4 address 10.30.0.3 policy rr \
		address fdff:2000::3 policy rr $(instance 0 \
		10.19.1.4,fc00::104 10.30.0.4,fdff::4 131.1.0.1 50103) &&
	service_all X5 address 10.30.0.5 policy rr \
		address fdff:2000::5 policy rr &&
	service_all X6 address 10.30.0.7 policy rr \
		address fdff:2000::7 policy rr $(instance 0 \
		10.23.0.1,fc00::601 10.30.0.8,fdff::8 131.1.66.6 50103)
}

use_family()
{
	family=IPv$1
	if (($1 == 4)); then
		c1=10.19.1.3 c3=10.21.0.1
		x1=10.30.0.1 x3=10.30.1.30 x4=10.30.0.3 x5=10.30.0.5
		x6=10.30.0.7 i1=10.30.0.2 i3=10.30.0.6 protocol=icmp
		closed=3/3 unreachable=3/1 filtered=3/13 expired=11/0
		too_big=3/4 no_route=3/0 short=28
		prohibited=EHOSTUNREACH no_net=ENETUNREACH
	else
		c1=fc00::103 c3=fc00::201
		x1=fdff:2000::1 x3=fdff:2000::30 x4=fdff:2000::3
		x5=fdff:2000::5 x6=fdff:2000::7
		i1=fdff::2 i3=fdff::6 protocol=icmpv6
		closed=1/4 unreachable=1/3 filtered=1/1 expired=3/0
		too_big=2/0 no_route=1/0 short=48
		prohibited=EACCES no_net=ENETUNREACH
	fi
}

# Who answers, and with which TTL: both workers routed the answer.
answers()
{
	ns "$1" ping -n -c 1 -W 15 "${@:3}" "$2" 2>&1 |
		sed -nE 's/.* from ([^ ]*): icmp_seq=1 ttl=([0-9]*).*/\1 \2/p'
}

echoes()
{
	is "$family: a Service IP answers" "$(answers c1 "$x3")" "$x3 62"
	is "$family: an Instance IP answers" "$(answers c1 "$i3")" "$i3 62"
	is "$family: the other way round" "$(answers c3 "$x1")" "$x1 62"
	is "$family: on the same worker" "$(answers c1 "$x4")" "$x4 62"
	is "$family: from an instance to itself" "$(answers c1 "$x1")" "$x1 62"
	is "$family: 1200 bytes" "$(answers c1 "$x3" -s 1200)" "$x3 62"
	is "$family: no data" "$(answers c1 "$x3" -s 0)" "$x3 62"
}

identifiers()
{
	local key='[."source-port", ."destination-port", ."converted-source-ipv4" //
		."converted-source-ipv6", .instance]'

	check "$family: flows end" ns w1 ozctl flow flush
	is "$family: identifier 65535" "$(answers c1 "$x3" -e 65535)" "$x3 62"
	is "$family: identifier 1" "$(answers c1 "$x3" -e 1)" "$x3 62"
	is "$family: a flow each, by identifier" \
		"$(ns w1 ozctl -j flow show protocol "$protocol" |
			jq -c "map($key) | sort")" \
		"[[1,0,\"$i1\",0],[65535,0,\"$i1\",0]]"
	like "$family: as text" "$(ns w1 ozctl flow show from "$(end "$c1" 1)")" \
		"^$protocol established.*$c1 > $x3, echo request 1"
	like "$family: the other worker's" \
		"$(ns w2 ozctl flow show protocol "$protocol" \
			to "$(end "$i1" 65535)")" \
		"^$protocol unanswered.*$c3 > $i1, echo reply 65535"
	is "$family: the flow of one identifier is ended" \
		"$(ns w1 ozctl flow flush protocol "$protocol" \
			from "$(end "$c1" 1)")" "1 flow ended"
}

# Of either family, with a port.
end()
{
	[[ $1 == *:* ]] && echo "[$1]:$2" || echo "$1:$2"
}

# The error that a datagram from c1's socket brings.
fails()
{
	sock send u hello "$1" "${2:-99}" >/dev/null && sock error u
}

closed_ports()
{
	local to port=90

	sock udp u c1 "$c1" 5000
	sock errors u
	# Another port each: X3 can be told by its answers only once.
	for to in "$x3" "$i3" "$x4" "$x1"; do
		((++port))
		is "$family: no such port at $to" "$(fails "$to" "$port")" \
			"ECONNREFUSED $closed from $to about $to $port mtu 0"
	done
	# What an instance answers comes from its Service IP: so does its error.
	sock udp v c3 "$c3" 53
	sock send u ask "$x3" 53
	is "$family: a question" "$(sock receive v)" "$i1 5000 ask"
	sock close u
	sock errors v
	sock send v answer "$i1" 5000
	is "$family: nobody waits for the answer" "$(sock error v)" \
		"ECONNREFUSED $closed from $i1 about $i1 5000 mtu 0"
	sock close v
}

# The asker's port is closed when the answer comes, which is converted: the
# error about it is converted back.
on_the_wire()
{
	sock capture wire w2 un0
	sock udp u c1 "$c1" 5001
	sock errors u
	sock send u hello "$x3" 98
	check "$family: the error on the wire" sock expect wire \
		"{ $i3>$c1 icmp $closed * sum=ok*about { $(end "$i1" 5001)>$(end "$c3" 98)"
	sock error u
	sock udp v c3 "$c3" 53
	sock send u ask "$x3" 53
	sock receive v
	sock close u
	sock send v answer "$i1" 5001
	check "$family: and the error about an answer" sock expect wire \
		"{ $i1>$c3 icmp $closed * sum=ok*about { $(end "$i3" 53)>$(end "$c1" 5001)"
	sock close v wire
}

# w1 is one hop, the tunnel and w2 another one.
hops()
{
	local maker

	sock udp u c1 "$c1" 5002
	sock errors u
	sock ttl u 1
	sock send u hello "$x3" 99
	read -r _ _ _ maker _ < <(sock error u)
	like "$family: the first hop is the worker" "$maker" \
		'^(169\.254\.1\.1|131\.1\.0\.1|fe80::1|2001:db8:1::1)$'
	sock ttl u 2
	is "$family: the second is the service" "$(fails "$x3")" \
		"EHOSTUNREACH $expired from $x3 about $x3 99 mtu 0"
	is "$family: of a neighbour, too" "$(fails "$x4")" \
		"EHOSTUNREACH $expired from $x4 about $x4 99 mtu 0"
	sock ttl u 3
	is "$family: the third is there" "$(fails "$x3")" \
		"ECONNREFUSED $closed from $x3 about $x3 99 mtu 0"
	sock close u
	like "$family: ping sees it, too" \
		"$(ns c1 ping -n -c 1 -W 5 -t 2 "$x3")" "From $x3 .*ime"
	is "$family: traceroute, without the worker" "$(traced | tail -n +2)" \
		"2 $x3"$'\n'"3 $x3"
}

# The hops on the way to X3, a line each: its number and who it is.
traced()
{
	ns c1 busybox traceroute -n -q 1 -w 15 -m 5 "$x3" 2>&1 |
		sed -nE 's/^ *([0-9]+)  ([^ ]+).*/\1 \2/p'
}

# What the worker of the instance has to say.
far_worker()
{
	sock udp u c1 "$c1" 5003
	sock errors u
	ns w2 nft -f - <<-END
		table inet t {
			chain c {
				type filter hook forward priority 0
				udp dport 97 reject with icmpx admin-prohibited
				tcp dport 97 reject with icmpx admin-prohibited
			}
		}
	END
	like "$family: a firewall there" "$(fails "$x3" 97)" \
		"^(EHOSTUNREACH|EACCES) $filtered from $x3 about $x3 97 mtu 0\$"
	like "$family: ends a connection" \
		"$(sock connect k c1 "$c1" 5003 "$x3" 97)" "^error $prohibited"
	ns w2 nft delete table inet t
	nip w2 link set c-c3 mtu 1300
	nip c3 link set eth0 mtu 1300
	sock send u "$(printf '%01320d' 7)" "$x3" 99
	is "$family: a smaller MTU there" "$(sock error u)" \
		"EMSGSIZE $too_big from $x3 about $x3 99 mtu 1300"
	nip c3 link set eth0 mtu 1500
	nip w2 link set c-c3 mtu 1500
	sock close u
}

# By hand, from c3 as if its stack had cut the packet as short as it may.
by_hand()
{
	local packet error gate

	sock udp u c1 "$c1" 5004
	sock errors u
	sock udp v c3 "$c3" 99
	sock send u hello "$x3" 99
	sock receive v
	sock capture raw c3 eth0
	gate=$(gateway_mac w2)
	packet=$(sock build udp "$i1" 5004 "$c3" 99 hello)
	error=$(sock build_error "$c3" "$i1" "${unreachable%/*}" \
		"${unreachable#*/}" "$packet" "$short")
	sock frame raw "$gate" "$error"
	is "$family: an error about eight bytes" "$(sock error u)" \
		"EHOSTUNREACH $unreachable from $x3 about $x3 99 mtu 0"

	# A byte less; an error about an error; about what was never sent.
	error=$(sock build_error "$c3" "$i1" 3 0 "$packet" $((short - 1)))
	refused_out truncated "an error about seven bytes"
	error=$(sock build_error "$c3" "$i1" 3 0 \
		"$(sock build_error "$i1" "$c3" 3 0 "$packet")")
	refused_out error-about-error "an error about an error"
	packet=$(sock build udp "$i1" 5005 "$c3" 99 hello)
	error=$(sock build_error "$c3" "$i1" 3 0 "$packet")
	refused_in unrelated-error "an error about nothing that was sent"
	packet=$(sock build udp "$x1" 5005 "$c3" 99 hello)
	error=$(sock build_error "$c3" "$i1" 3 0 "$packet")
	refused_out unrelated-error "an error to somebody else"
	packet=$(sock build udp "$i1" 5004 10.21.0.9 99 hello)
	[[ $family == IPv4 ]] ||
		packet=$(sock build udp "$i1" 5004 fc00::209 99 hello)
	error=$(sock build_error "$c3" "$i1" 3 0 "$packet")
	refused_out unknown-source "an error about somebody else's packet"
	sock close u v raw
}

refused_out()
{
	local before

	before=$(drops w2 out "$1")
	sock frame raw "$gate" "$error"
	check "$family: $2" wait_until 10 drops_are w2 out "$1" $((before + 1))
}

refused_in()
{
	local before

	before=$(drops w1 in "$1")
	sock frame raw "$gate" "$error"
	check "$family: $2" wait_until 10 drops_are w1 in "$1" $((before + 1))
}

# told WORKER: how many destinations its stack has called unreachable so far.
# shellcheck disable=SC2016 # awk's
told()
{
	ns "$1" busybox awk '$1 == "Icmp:" && !at {
			for (at = 2; $at != "OutDestUnreachs"; at++) ; next }
		$1 == "Icmp:" { sum += $at }
		$1 == "Icmp6OutDestUnreachs" { sum += $2 }
		END { print sum }' /proc/net/snmp /proc/net/snmp6
}

refused_and_told()
{
	sock send u hello "$x5" 99 && (($(told w1) > $1))
}

# The kernel's limit for such errors: one a second, and six at once after a pause.
# While there was none, nobody saved up any.
rate_limited()
{
	local before lost i told started=$SECONDS

	ns_sysctl w1 net.ipv4.icmp_ratelimit=1000 net.ipv6.icmp.ratelimit=1000
	sock udp u c1 "$c1" 5007
	before=$(told w1)
	check "$family: the sender is told" \
		wait_until 10 refused_and_told "$before"
	lost=$(drops w1 out no-instance)
	for ((i = 0; i < 40; i++)); do
		sock send u hello "$x5" 99
	done
	check "$family: forty refusals" \
		wait_until 5 drops_are w1 out no-instance $((lost + i))
	told=$(($(told w1) - before))
	check "$family: of no more than may be, $told" \
		test "$told" -le $((6 + SECONDS - started + 1))
	sock close u
	ns_sysctl w1 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
}

# What cannot be sent is answered by the own worker.
rejections()
{
	sock udp u c1 "$c1" 5006
	sock errors u
	like "$family: no instance" "$(fails "$x5")" \
		"^EHOSTUNREACH $unreachable from .* about $x5 99 mtu 0\$"
	like "$family: no route to the node" "$(fails "$x6")" \
		"^$no_net $no_route from .* about $x6 99 mtu 0\$"
	like "$family: a connection fails at once" \
		"$(sock connect k c1 "$c1" 5006 "$x5" 80)" "^error EHOSTUNREACH"
	like "$family: an echo" "$(ns c1 ping -n -c 1 -W 5 "$x5")" \
		"^.*From .*nreachable"
	like "$family: a stranger" "$(ns w1 ping -n -c 1 -W 5 "$x3")" \
		"(Packet filtered|Administratively prohibited)"

	check "$family: nothing is rejected any more" \
		ns w1 ozctl device set oz0 rejection drop
	sock send u hello "$x5" 99
	is "$family: but errors of others come" "$(fails "$x3")" \
		"ECONNREFUSED $closed from $x3 about $x3 99 mtu 0"
	check "$family: as before" ns w1 ozctl device set oz0 rejection reject

	# 28 bytes of headers of the tunnel.
	nip w1 link set un0 mtu 1400
	sock send u "$(printf '%01380d' 7)" "$i3" 96
	like "$family: too big for the underlay" "$(sock error u)" \
		"^EMSGSIZE $too_big from .* about $i3 96 mtu 1372\$"
	nip w1 link set un0 mtu 1500
	sock close u
}

sock_start
check "two workers, three containers" topology
check "a table" services
sock ports 50103
for number in 4 6; do
	use_family "$number"
	echoes
	identifiers
	closed_ports
	on_the_wire
	hops
	far_worker
	((number == 6)) || no_drops w1 w2
	by_hand
	rejections
	rate_limited
done
tap_done
