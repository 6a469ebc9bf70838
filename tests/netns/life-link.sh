#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A device as a link: its defaults, its name, up and down, its port, and what
# can change.
#
#     c1 ── br0 ── w1: oz0 ══ underlay ══ w2: oz0 ── br0 ── c2
#     X1.0         131.1.0.1              131.1.21.5        X3.0
#
# A third namespace, "alone", has nothing but the devices under test.

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"

need ip ozctl gojq python3 rmmod insmod ss
[[ -n ${OZPROXY_KO:-} ]] || skip_all "needs OZPROXY_KO, the module's file"

property()
{
	ns "$1" ozctl -j device show "$2" | jq -r --arg key "$3" \
		'if type == "array" then .[0] else . end | .[$key]'
}

# says TEXT CMD…: CMD is refused, and stderr has the text.
says()
{
	local text=$1 output

	shift
	output=$("$@" 2>&1) && { echo "not refused"; return 1; }
	grep -qiE -- "$text" <<<"$output" || { echo "$output"; return 1; }
}

defaults()
{
	local row key want

	check "plain iproute2 makes a device" nip alone link add oz0 type ozproxy
	for row in "port 50103" "service-ipv4 10.30.0.0" \
		"service-ipv4-prefix 16" "service-ipv6 fdff::" \
		"service-ipv6-prefix 16" "admission overlay" \
		"flow-limit 65536" "miss-limit 1024" "miss-timeout 10000" \
		"service-limit 16384" "outer-checksum on" \
		"source-port flow" "dscp-mode fixed" "dscp 0" "mss-clamp off" \
		"affinity-limit 16384" \
		"miss-source-limit 64" \
		"miss-packets 1024" "miss-address-packets 32" \
		"miss-source-packets 128" "miss-memory 4194304" \
		"miss-repeat-timeout 1000" "negative-limit 4096" \
		"tcp-timeout 21600000" \
		"tcp-syn-timeout 240000" "tcp-closing-timeout 240000" \
		"udp-timeout 300000" "udp-unanswered-timeout 120000" \
		"icmp-timeout 60000" "idle-timeout 10000" \
		"fragment-limit 1024" "fragment-memory 4194304" \
		"fragment-timeout 30000" \
		"arrival-limit 64" "arrival-source-limit 8" \
		"arrival-packets 128" "arrival-source-packets 16" \
		"arrival-memory 1048576" "doubt-timeout 5000" \
		"instance-limit 65536"; do
		read -r key want <<<"$row"
		is "default $key" "$(property alone oz0 "$key")" "$want"
	done
	like "ip -d link knows its kind" "$(nip alone -d link show oz0)" ozproxy
	like "it carries IP and nothing below" \
		"$(nip alone link show oz0)" 'link/none'
	check "it comes up" nip alone link set oz0 up
	check "with its port" wait_until 5 port_taken alone 50103
}

port_taken()
{
	! port_free "$@"
}

ports()
{
	check "a second device on the same port is refused, with a reason" \
		says 'port|use' second_on_same_port
	nip alone link del oz1 2>/dev/null
	check "the first is still up" is_up alone oz0
	check "a second device on another port" \
		ns alone ozctl device add oz1 port 50104
	check "comes up" nip alone link set oz1 up
	check "both ports are taken" port_taken alone 50104
	check "the port of a device that is up cannot change" \
		says 'port' ns alone ozctl device set oz1 port 50105
	is "and did not" "$(property alone oz1 port)" 50104
	check "down" nip alone link set oz1 down
	check "then it can" ns alone ozctl device set oz1 port 50105
	check "deleted" nip alone link del oz1

	netns_add other
	check "the same port in another namespace" \
		nip other link add oz0 type ozproxy
	check "is free" nip other link set oz0 up
	netns_del other
}

# Refused when it is made, or at the latest when it comes up.
second_on_same_port()
{
	nip alone link add oz1 type ozproxy && nip alone link set oz1 up
}

is_up()
{
	nip "$1" -o link show dev "$2" | grep -q '[<,]UP[,>]'
}

# Somebody else has the port.
taken()
{
	check "down" nip alone link set oz0 down
	check "no socket when down" wait_until 5 port_free alone 50103
	bg alone python3 -SEB -c '
import signal, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 50103))
signal.pause()'
	wait_listen alone udp 50103
	check "up is refused while another process has the port" \
		says 'use|port' nip alone link set oz0 up
	bg_stop "$BG_PID"
	check "and works when it is free" nip alone link set oz0 up
}

changes()
{
	local name

	for name in "flow-limit 1000" "miss-limit 10" "miss-timeout 500" \
		"service-limit 100" "outer-checksum off" "source-port own" \
		"dscp-mode copy" "dscp 63" "mss-clamp on" \
		"miss-source-limit 3" "miss-packets 0" \
		"miss-address-packets 0" "miss-source-packets 0" \
		"miss-memory 0" "miss-repeat-timeout 10" "negative-limit 0" \
		"local 131.1.0.1,2001:db8::1" \
		"admission table" "admission any-source" "admission overlay" \
		"arrival-packets 0" "arrival-memory 0"; do
		# shellcheck disable=SC2086 # an option and its value
		check "a live device: $name" ns alone ozctl device set oz0 $name
	done
	is "flow-limit reads back" "$(property alone oz0 flow-limit)" 1000
	is "miss-timeout reads back" "$(property alone oz0 miss-timeout)" 500
	for name in "service-ipv4 10.40.0.0/16" "service-ipv6 fdf0::/16"; do
		# shellcheck disable=SC2086
		check "refused with a text: $name" says 'service' \
			ns alone ozctl device set oz0 $name
	done
	is "service-ipv4 is the same" "$(property alone oz0 service-ipv4)" \
		10.30.0.0
	for name in "flow-limit 15" "miss-limit 0" "miss-timeout 99" "port 0" \
		"miss-source-limit 0" "miss-repeat-timeout 9"; do
		# shellcheck disable=SC2086
		refuse "refused: $name" ns alone ozctl device set oz0 $name
	done
	check "no local address, again" ns alone ozctl device set oz0 local none
}

# in_foreign PID CMD…: as root of the user namespace that PID made.
in_foreign()
{
	local pid=$1

	shift
	nsenter -t "$pid" -U -n --preserve-credentials -- "$@"
}

foreign_is_ready()
{
	[[ $(readlink "/proc/$1/ns/user") != $(readlink /proc/self/ns/user) ]] &&
		[[ $(readlink "/proc/$1/ns/net") != $(readlink /proc/self/ns/net) ]]
}

# A device in a namespace of another user, its underlay not.
foreign()
{
	local pid

	bg alone unshare -r -n sleep infinity
	pid=$BG_PID
	check "a user's own namespaces" wait_until 5 foreign_is_ready "$pid"
	check "a device" ns alone ozctl device add oz9 port 50109
	check "moves there" nip alone link set oz9 netns "$pid"
	check "whose root may bring it up" in_foreign "$pid" ip link set oz9 up
	in_foreign "$pid" ip link set oz9 down
	check "but not choose another port of the underlay" says 'underlay' \
		in_foreign "$pid" ozctl device set oz9 port 53
	is "which stays" "$(in_foreign "$pid" ozctl -j device show oz9 |
		jq -r '(if type == "array" then .[0] else . end).port')" 50109
	check "nor change an option of its packets" says 'underlay' \
		in_foreign "$pid" ozctl device set oz9 dscp 46
	check "it makes one of its own" in_foreign "$pid" \
		ozctl device add oz8 flow-limit 65536 miss-memory 0
	check "not with more memory than by default" \
		says 'initial user namespace' \
		in_foreign "$pid" ozctl device add oz7 flow-limit 65537
	check "nor with more later" says 'initial user namespace' \
		in_foreign "$pid" ozctl device set oz8 miss-memory 4194305
	check "root of the machine gives it more" \
		nsenter -t "$pid" -n ozctl device set oz8 flow-limit 100000
	check "which it keeps" \
		in_foreign "$pid" ozctl device set oz8 flow-limit 100000 dscp 46
	check "and no more than that" says 'initial user namespace' \
		in_foreign "$pid" ozctl device set oz8 flow-limit 100001
	bg_stop "$pid"
}

# Kernels before 6.2 rename a device only while it is down.
rename()
{
	nip w1 link set "$1" name "$2" && return 0
	nip w1 link set "$1" down && nip w1 link set "$1" name "$2" &&
		ns w1 ozctl device up "$2"
}

renamed()
{
	check "a device is renamed" rename oz0 tunnel7
	check "traffic flows on" traffic_flows
	is "ozctl finds it by the new name" \
		"$(property w1 tunnel7 name)" tunnel7
	check "and back" rename tunnel7 oz0
	check "traffic flows on" traffic_flows
}

down_up()
{
	local i

	for ((i = 0; i < 5; i++)); do
		nip w1 link set oz0 down || return 1
		ns w1 ozctl device up oz0 || return 1
	done
}

check "an empty namespace" netns_add alone
defaults
ports
taken
changes
foreign
netns_del alone

check "two workers" pair_make
check "w1 has a device" device_up w1
check "w2 has a device" device_up w2
check "with services" pair_services w1 w2
traffic_start c1 c2
check "traffic flows" traffic_flows
renamed
check "five times down and up" down_up
check "services survive that" ns w1 ozctl service show X.default.X3.default
check "and traffic flows" traffic_flows
bg_stop "$TRAFFIC_PID"
ozp_invariants_of w1
netns_del w1
netns_del w2
check "nothing holds the module, it goes and comes back" module_cycle
tap_done
