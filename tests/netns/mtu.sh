#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Sizes: the MTU of a new device; a path whose MTU shrinks behind a router,
# towards a node with our port and one with another; fragments of datagrams
# where the inner packet allows them, also of those that the sender's stack keeps
# together; the clamp of the MSS.
#
#   c 10.19.1.3 fc00::103        s2 10.21.0.1 fc00::201   s3 10.21.0.2 fc00::202
#       │                             │                        │
#   w1 131.1.0.1:50103           w2 131.1.0.2:50103       w3 131.1.0.3:55301
#      2001:db8:1::1                2001:db8:1::2            2001:db8:1::3
#       └───────── 1500 ─────── underlay ═══════ less than 1500 ═══════┘
#
#   client.0 10.30.0.2 fdff::2    s2: 10.30.2.1 fdff:2000::2:1
#                                 s3: 10.30.3.1 fdff:2000::3:1
#
# covers: packet-too-big
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need gojq ozctl nft ethtool

topology()
{
	worker_add w1 && worker_add w2 && worker_add w3 &&
		underlay_join w1 131.1.0.1/24 2001:db8:1::1/64 &&
		underlay_join w2 131.1.0.2/24 2001:db8:1::2/64 &&
		underlay_join w3 131.1.0.3/24 2001:db8:1::3/64 &&
		container_add w1 c 10.19.1.3/26 fc00::103/120 &&
		container_add w2 s2 10.21.0.1/26 fc00::201/120 &&
		container_add w3 s3 10.21.0.2/26 fc00::202/120
}

# services PREFIX: the workers are PREFIX1 to PREFIX3.
# shellcheck disable=SC2046 # words
services()
{
	service_all client $(instance 0 10.19.1.3,fc00::103 \
		10.30.0.2,fdff::2 "${1}1" 50103) &&
		service_all s2 \
			address 10.30.2.1 policy rr address fdff:2000::2:1 policy rr \
			$(instance 0 10.21.0.1,fc00::201 10.30.2.2,fdff::2:2 "${1}2" 50103) &&
		service_all s3 \
			address 10.30.3.1 policy rr address fdff:2000::3:1 policy rr \
			$(instance 0 10.21.0.2,fc00::202 10.30.3.2,fdff::3:2 "${1}3" 55301)
}

# What a container's stack has to say about packets it knows nothing of.
quiet()
{
	local container

	for container in c s2 s3; do
		ns "$container" nft -f - <<-END || return 1
			table inet quiet {
				chain out {
					type filter hook output priority 0;
					icmp type destination-unreachable drop
					icmpv6 type destination-unreachable drop
				}
			}
		END
	done
}

device_mtu()
{
	[[ $(nip "$1" link show "$2") =~ " mtu "([0-9]+) ]] &&
		echo "${BASH_REMATCH[1]}"
}

# default_mtu NAME MTU: of a device that is made now.
default_mtu()
{
	ns w1 ozctl device add oz9 port 50999
	is "$1: a new device" "$(device_mtu w1 oz9)" "$2"
	nip w1 link del oz9
}

default_mtus()
{
	local row mtu want

	for row in "1500 1452" "1492 1444" "1420 1372" "1280 1280" \
		"9000 8952"; do
		read -r mtu want <<<"$row"
		nip w1 link set un0 mtu "$mtu"
		default_mtu "underlay of $mtu" "$want"
	done
	nip w1 link set un0 mtu 1500
	nip w1 -6 route change default via "$ROUTER6" dev un0 mtu 1400
	default_mtu "a smaller default route of IPv6" 1352
	nip w1 -6 route change default via "$ROUTER6" dev un0
	nip w1 route change default via "$ROUTER4" dev un0 onlink mtu 1390
	default_mtu "a smaller default route of IPv4" 1342
	nip w1 route change default via "$ROUTER4" dev un0 onlink
	nip w1 link add oz9 mtu 1234 type ozproxy
	is "an MTU that was asked for" "$(device_mtu w1 oz9)" 1234
	nip w1 link del oz9
	netns_add bare
	nip bare link add oz0 type ozproxy
	is "no underlay yet: a new device" "$(device_mtu bare oz0)" 1452
	netns_del bare
}

use_family()
{
	if (($1 == 4)); then
		src=10.19.1.3 dst=10.30.$2.1 seen=10.30.0.2 header=28
		at=10.21.0.1
	else
		src=fc00::103 dst=fdff:2000::$2:1 seen="[fdff::2]" header=48
		at=fc00::201
	fi
}

# packet SIZE [df=0]: c sends so many bytes of UDP to s$server, from the port
# that is next.
packet()
{
	local bytes payload

	port=$((port + 1))
	printf -v payload '%*s' $(($1 - header)) ''
	bytes=$(sock build udp "$src" "$port" "$dst" 9000 "${payload// /x}") ||
		return 1
	(($# == 1)) || bytes=$(sock change "$bytes" "$2") || return 1
	sock frame at-c "$gateway" "$bytes"
}

goes()
{
	packet "${@:2}"
	check "$name: $1" sock expect "at-s$server" \
		"in $seen:$port>*:9000 udp*sum=ok"
}

refused()
{
	packet "${@:2}"
	check "$name: $1" wait_until 5 \
		drops_are w1 out packet-too-big $((lost += 1)) ||
		lost=$(drops w1 out packet-too-big)
}

# What is too big for the device, the worker's own stack refuses.
answered()
{
	local error=3/4

	[[ $src != *:* ]] || error=2/0
	packet "${@:2}"
	check "$name: $1" sock expect at-c "in *>$src icmp $error *about {*:$port>*"
}

path_mtu_is()
{
	[[ $(nip w1 route get "$node") == *" mtu $1"* ]]
}

# What the first packet meets on its way is known to the second. $outer is
# what the outer headers take.
learned()
{
	local mtu=$1 limit=$(($1 - outer)) family

	for family in 4 6; do
		use_family "$family" "$server"
		name="$under port $to, path of $mtu, IPv$family"
		((family == 4 || limit >= 1280)) || limit=1280
		if ((family == 4)); then
			packet $((limit + 1))
			check "$name: the underlay's error is heard" \
				wait_until 5 path_mtu_is "$mtu"
		fi
		refused "one byte too many" $((limit + 1))
		goes "as much as fits" "$limit"
		[[ $family == 6 ]] ||
			goes "more, without DF" $((limit + 33)) df=0
	done
}

# Datagrams that may be fragmented, in one packet of c's stack, each longer than
# the path by a UDP header.
together()
{
	local size=$(($1 - outer + 8 - header)) data i got=0

	sock udp u c "$src" $((port += 1))
	sock fragment u
	sock udp v s2 "$at" 9000
	sock burst u 3 "$size" "$dst" 9000
	data=$(printf '%0*d' $((2 * size)) 0)
	# shellcheck disable=SC2034 # only counts
	for i in 1 2 3; do
		[[ $(sock receive v) == *" $port hex:$data" ]] && ((++got))
	done
	is "$name: each of many sent at once, in fragments" "$got" 3
	check "$name: and no more" sock silent v
	sock close u v
}

# Of the link itself, which no error tells.
changed()
{
	use_family "$1" 2
	server=2
	name="$under IPv$1"
	goes "all that the device takes" 1452
	underlay_mtu w1 1400
	refused "the link shrinks: one byte too many" $((1401 - outer))
	goes "the link shrinks: as much as fits" $((1400 - outer))
	[[ $1 == 6 ]] || goes "the link shrinks: more, without DF" 1452 df=0
	underlay_mtu w1 1280
	together 1280
	underlay_mtu w1 1500
	goes "the link grows again" 1452
}

connection()
{
	sock listen l s2 "$at" 80
	check "$name: connects" sock connect k c "$src" $((port += 1)) "$dst" 80
	check "$name: is accepted" sock accept a l
}

# Bytes each way of that connection, and its end.
transfers()
{
	check "$name: data to the server" sock bulk k a "$bytes"
	check "$name: data to the client" sock bulk a k "$bytes"
	sock close l k a
}

# MSS of a SYN of $1 and of its answer, on a path of $2.
clamped()
{
	local mss

	name="$under MSS, IPv$1"
	use_family "$1" 2
	mss=$(($2 - outer - (header - 8) - 20))
	connection
	check "$name: the client's, at the server" sock expect at-s2 \
		"in $seen:$port>*:80 tcp S ttl=*mss=$mss"
	check "$name: the server's, at the client" sock expect at-c \
		"in *:80>*:$port tcp SA ttl=*mss=$mss"
	transfers
}

# What the containers were told before is not to lower what they offer.
containers_forget()
{
	local family

	for family in -4 -6; do
		nip c "$family" route flush cache
		nip s2 "$family" route flush cache
	done
}

clamp()
{
	local family

	containers_forget
	# Both ways are known to be narrow.
	underlay_mtu w1 1400
	underlay_mtu w2 1400
	device_set w1 mss-clamp on
	for family in 4 6; do
		clamped "$family" 1400
	done
	device_set w1 mss-clamp off
	underlay_mtu w1 1500
	underlay_mtu w2 1500
}

# device_mtus MTU: of both workers.
device_mtus()
{
	nip w1 link set oz0 mtu "$1" && nip w2 link set oz0 mtu "$1"
}

# The router tells nobody that its link to w2 is narrow.
silence_router()
{
	ns underlay nft -f - <<-END
		table inet silent {
			counter errors { }
			chain out {
				type filter hook output priority 0;
				icmp type destination-unreachable counter name errors drop
				icmpv6 type packet-too-big counter name errors drop
			}
		}
	END
}

router_was_silent()
{
	[[ $(ns underlay nft list counter inet silent errors) == *"packets 1 "* ]]
}

# Where no error comes, a device that is as small as the path helps: its own
# worker tells the containers.
filtered()
{
	local family

	underlay_mtu w2 1400
	for family in 4 6; do
		use_family "$family" 2
		server=2
		name="$under ICMP filtered, IPv$family"
		check "$name" silence_router
		packet $((1401 - outer))
		check "$name: one byte too many is lost on the way" \
			wait_until 5 router_was_silent
		ns underlay nft delete table inet silent
		check "$name: smaller devices" device_mtus $((1400 - outer))
		containers_forget
		answered "one byte too many" $((1401 - outer))
		goes "as much as fits" $((1400 - outer))
		connection
		transfers
		check "$name: devices as before" device_mtus 1452
	done
	underlay_mtu w2 1500
}

# container_mtu WORKER CONTAINER MTU
container_mtu()
{
	nip "$1" link set "c-$2" mtu "$3" && nip "$2" link set eth0 mtu "$3"
}

# all_mtus LINK DEVICE: from one container to the other.
all_mtus()
{
	local worker

	for worker in w1 w2; do
		underlay_mtu "$worker" "$1" || return 1
	done
	container_mtu w1 c "$1" && container_mtu w2 s2 "$1" && device_mtus "$2"
}

jumbo()
{
	local family

	check "$under jumbo frames" all_mtus 9000 8952
	containers_forget
	for family in 4 6; do
		use_family "$family" 2
		server=2
		name="$under jumbo frames, IPv$family"
		goes "all that the device takes" 8952
		answered "one byte too many" 8953
		connection
		transfers
	done
	check "$under frames as before" all_mtus 1500 1452
}

# Paths to a node with our port are told of twice, another's once.
sizes_of()
{
	(($1 == 3)) || size "1400" ""
	echo 1280
}

device_set()
{
	ns "$1" ozctl device set oz0 "${@:2}"
}

sock_start
check "three workers" topology
default_mtus
check "devices" eval 'device_up w1 && device_up w2 && device_up w3 port 55301'
check "w1 cuts packets itself" ns w1 ethtool -K un0 tx off tso off gso off
check "no stack answers the crafted packets" quiet
gateway=$(gateway_mac w1)
sock capture at-c c eth0
sock capture at-s2 s2 eth0
sock capture at-s3 s3 eth0
port=5000 lost=0 bytes=$(size 60000 20000)
for under in 131.1.0. 2001:db8:1::; do
	[[ $under == *:* ]] && outer=48 || outer=28
	check "workers have addresses $under*" services "$under"
	for family in 4 6; do
		changed "$family"
	done
	clamp
	filtered
	jumbo
	for server in 2 3; do
		((server == 2)) && to=50103 || to=55301
		node=$under$server
		for mtu in $(sizes_of "$server"); do
			underlay_mtu "w$server" "$mtu"
			learned "$mtu"
		done
		underlay_mtu "w$server" 1500
	done
done
tap_done
