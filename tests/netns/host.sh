#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# What a host does to a device: it boots without a network, has several default
# routes or none, nodes in the network that containers use elsewhere, a full table
# of tracked connections, a clock that jumps, no IPv6.
#
#   c1 ── w1 131.1.0.1 ═ un0 ═╗
#                   └── un1 ══╬═ underlay ══ w2 131.1.21.5 ── c2
#   w1, w2 also: 10.16.5.1, 10.16.6.5, next to Namespace IPs
#
#   X1 (c1): 10.30.0.1 fdff:2000::1    X3 (c2): 10.30.1.30 fdff:2000::30
#
# timeout: 180
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"
# shellcheck source-path=SCRIPTDIR source=neighbours.bash
. "$(dirname "$0")/neighbours.bash"

need gojq ozctl nft conntrack date
need_modules nf_conntrack

# fails NAME WHAT: a datagram of either family cannot be sent, and says why.
fails()
{
	fails_family "$1, IPv4" "$2 3/0" 10.19.1.3 10.30.1.30
	fails_family "$1, IPv6" "$2 1/0" fc00::103 fdff:2000::30
}

fails_family()
{
	local name=$1 want=$2 from=$3 to=$4 before

	before=$(drops w1 out no-route)
	talk_port=$((talk_port + 1))
	sock udp u c1 "$from" "$talk_port"
	sock errors u
	sock send u ask "$to" 53
	like "$name: the sender is told" "$(sock error u)" "^$want from"
	check "$name: no-route" drops_are w1 out no-route $((before + 1))
	sock close u
}

# The module and its table are there before the network.
boot()
{
	check "the network is not there yet" nip w1 link set un0 down
	check "w1 has a device" device_up w1
	check "with services" pair_services w1 w2
	fails "no network" ENETUNREACH
	check "a link" nip w1 link set un0 up
	fails "no default route" ENETUNREACH
	check "and a route" nip w1 route add default via "$ROUTER4" dev un0 \
		onlink
	talk "the network is there"
}

second_link()
{
	nip underlay -batch - <<-END && nip w1 -batch - <<-END2
		link add u-w1b type veth peer name un1 netns $(ns_name w1)
		link set u-w1b up
		address add $ROUTER4/32 dev u-w1b
		route add 131.1.0.2/32 dev u-w1b
	END
		link set un1 up
		address add 131.1.0.2/24 dev un1 noprefixroute
	END2
}

# goes_by DEVICE NAME: one flow goes on, by another way than before.
goes_by()
{
	sock capture way w1 "$1"
	sock send one "$2" 10.30.1.30 53
	is "$2: arrives" "$(sock receive two)" "10.30.0.2 7000 $2"
	check "$2: by $1" sock expect way "out *>131.1.21.5:50103 udp"
	sock close way
}

default_routes()
{
	sock udp one c1 10.19.1.3 7000
	sock udp two c2 10.21.0.1 53
	check "a second link" second_link
	goes_by un0 onelink
	check "a better default route" nip w1 route add default \
		via "$ROUTER4" dev un1 onlink metric 5
	check "the first one is worse" nip w1 route add default \
		via "$ROUTER4" dev un0 onlink metric 10
	check "of two" nip w1 route del default metric 0
	goes_by un1 better
	check "the better one goes" nip w1 link set un1 down
	goes_by un0 worse
	check "the worse one, too" nip w1 route del default metric 10
	fails "no default route" ENETUNREACH
	check "there is one again" nip w1 route add default via "$ROUTER4" \
		dev un0 onlink
	goes_by un0 again
	sock close one two
}

# The limit is that of all namespaces, each of which counts for itself.
connections_max=/proc/sys/net/netfilter/nf_conntrack_max
connections_before=$(<$connections_max)

conntrack_limit()
{
	echo "$1" >"$connections_max"
}

tracked()
{
	ns "$1" cat /proc/sys/net/netfilter/nf_conntrack_count
}

conntrack_full()
{
	local worker

	for worker in w1 w2; do
		check "$worker tracks connections" ns "$worker" nft -f - <<-END
			table inet t {
				chain forward {
					type filter hook forward priority 0
					ct state new,established,related accept
				}
			}
		END
	done
	sock listen l c2 10.21.0.1 80
	check "a connection" sock connect k c1 10.19.1.3 7100 10.30.1.30 80
	sock accept s l >"$OZP_TMP/accepted"
	check "talks" sock echo k s
	check "no more are tracked" conntrack_limit 1
	check "the table is full" [ "$(tracked w1)" -ge 1 ]
	check "the connection goes on" sock echo k s
	sock udp one c1 10.19.1.3 7101
	sock udp two c2 10.21.0.1 53
	sock send one lost 10.30.1.30 53
	check "a new one is refused there" wait_until 10 refused_there
	check "and does not arrive" sock silent two
	for worker in w1 w2; do
		check "$worker: what is of the overlay is not tracked" \
			ns "$worker" nft -f - <<-END
			table inet n {
				chain prerouting {
					type filter hook prerouting priority raw
					ip daddr 10.16.0.0/12 notrack
					udp dport 50103 notrack
				}
				chain output {
					type filter hook output priority raw
					udp dport 50103 notrack
				}
			}
		END
	done
	sock send one found 10.30.1.30 53
	is "a new one arrives" "$(sock receive two)" "10.30.0.2 7101 found"
	sock close l k s one two
	check "room again" conntrack_limit "$connections_before"
	ns w1 nft flush ruleset
	ns w2 nft flush ruleset
}

# A packet was dropped because the table was full.
refused_there()
{
	ns w1 conntrack -S | grep -qE '[[:space:]]drop=[1-9]'
}

clock_moved=0

clock_jump()
{
	date -s "@$((EPOCHSECONDS + $1))" >"$OZP_TMP/date" || return 1
	clock_moved=$((clock_moved + $1))
}

clock_is_right()
{
	((clock_moved == 0)) || clock_jump "$((-clock_moved))"
}

# What has a time-out is where it was.
clock()
{
	local when days

	sock udp one c1 10.19.1.3 7200
	sock udp two c2 10.21.0.1 53
	sock send one before 10.30.1.30 53
	is "a flow" "$(sock receive two)" "10.30.0.2 7200 before"
	check "a negative answer" ns w1 ozctl miss resolve 10.30.9.9 \
		lifetime 600000
	for when in "a year ahead" "a year back"; do
		days=365
		[[ $when == *back ]] && days=-730
		check "the clock jumps $when" clock_jump $((days * 86400))
		is "$when: the flow is there" "$(flow_find w1 \
			'map(select(."source-port" == 7200)) | length')" 1
		is "$when: the negative answer, too" \
			"$(ns w1 ozctl -j miss show 10.30.9.9 |
				jq -c 'map(.lifetime > 1000)')" "[true]"
		sock send one after 10.30.1.30 53
		is "$when: the flow goes on" "$(sock receive two)" \
			"10.30.0.2 7200 after"
		talk "$when"
	done
	check "the clock is right" clock_is_right
	sock close one two
}

restore()
{
	clock_is_right
	conntrack_limit "$connections_before"
}
at_exit restore

without_ipv6()
{
	check "no IPv6 on w1" ns_sysctl w1 net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1
	check "the device goes" nip w1 link del oz0
	check "and comes" device_up w1
	check "with services" pair_services w1 w2
	check "no IPv6: IPv4" talk_family 10.19.1.3 10.21.0.1 10.30.1.30 \
		10.30.0.2
}

sock_start
sock ports 50103
check "two workers" pair_make
check "w2 has a device" device_up w2
for name in w1 c1; do
	check "$name tells all errors" ns_sysctl "$name" \
		net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
done
boot
default_routes
check "w1 has a private address" underlay_join w1 10.16.5.1/24
check "w2, too" underlay_join w2 10.16.6.5/24
# Whether an instance is here, its node tells, and no prefix.
# shellcheck disable=SC2034 # for pair_services
pair_nodes=(10.16.5.1 10.16.6.5)
check "they are the nodes" pair_services w1 w2
talk "nodes in 10.16.0.0/12"
conntrack_full
clock
without_ipv6
tap_done
