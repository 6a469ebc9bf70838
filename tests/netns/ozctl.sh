#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# timeout: 240
#
# ozctl on the real module: what is set can be read back, what is refused names
# the attribute, `device up` says what it did.
#
#     alone: oz0, un0 (dummy, 131.1.0.1), the container's addresses on lo

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need ip gojq ozctl setpriv python3
need_modules dummy

ctl()
{
	ns alone ozctl "$@"
}

# says TEXT ATTRIBUTE ARG…: refused by the kernel with one line that has both.
says()
{
	local text=$1 attribute=$2 output status
	shift 2

	output=$(ctl "$@" 2>&1)
	status=$?
	echo "status $status: $output"
	[[ $status == 1 && $output == "ozctl: "*"$text"* &&
		$output != *$'\n'* ]] || return 1
	[[ -z $attribute || $output == *"(attribute $attribute)"* ||
		$output == *"(attribute $attribute is missing)"* ]]
}

# json FILTER ARG…: what jq makes of an output.
json()
{
	local filter=$1
	shift

	ctl -j "$@" | jq -c "$filter"
}

devices()
{
	check "a device with options" ctl device add oz0 port 50200 \
		local 131.1.0.1,2001:db8::1 service-ipv4 10.40.0.0/16 \
		service-ipv6 fdf0::/20 flow-limit 1000 miss-limit 10 \
		miss-timeout 500 service-limit 100 admission overlay
	is "they read back" "$(json '.[0] | [.name, .up, .port, .local,
		."service-ipv4", ."service-ipv4-prefix", ."service-ipv6",
		."service-ipv6-prefix", ."flow-limit", ."miss-limit",
		."miss-timeout", ."service-limit", .admission]' \
		device show oz0)" '["oz0",false,50200,{"ipv4":["131.1.0.1"],'`
		`'"ipv6":["2001:db8::1"]},"10.40.0.0",16,"fdf0::",20,1000,10,'`
		`'500,100,"overlay"]'
	check "the name is taken" says "exists" "" device add oz0 port 1
	check "port 0" says "" port device add oz1 port 0
	check "flow-limit 15" says "" flow-limit device add oz1 flow-limit 15
	check "miss-limit 0" says "" miss-limit device add oz1 miss-limit 0
	check "miss-timeout 99" says "" miss-timeout \
		device add oz1 miss-timeout 99
	check "service-limit 0" says "" service-limit \
		device add oz1 service-limit 0
	check "prefix 7" says "" service-ipv4-prefix \
		device add oz1 service-ipv4 10.0.0.0/7
	check "host bits" says "" service-ipv4 \
		device add oz1 service-ipv4 10.30.1.0/16
	check "prefix 127" says "" service-ipv6-prefix \
		device add oz1 service-ipv6 fdff::/127
	check "17 local addresses" says "" local.ipv4 device add oz1 \
		local "$(printf '131.1.0.%s,' {1..16})131.1.0.17"
	is "none of them made a device" "$(json length device show)" 1
	check "the network of a device stays" says "" service-ipv4 \
		device set oz0 service-ipv4 10.41.0.0/16
	check "a list of local addresses can be emptied" \
		ctl device set oz0 local none
	is "it is empty" "$(json '.[0].local' device show oz0)" \
		'{"ipv4":[],"ipv6":[]}'
	check "deleted" ctl device del oz0
	check "no device is called that any more" says "not the name" "" \
		device del oz0
}

up()
{
	check "a device" ctl device add oz0
	is "up does five things" \
		"$(ctl -j device up oz0 | jq -r '.[].what' | paste -sd ';')" \
		"link oz0 up;route 10.30.0.0/16 dev oz0;net.ipv4.ip_forward = 1;`
		`route fdff::/16 dev oz0;net.ipv6.conf.all.forwarding = 1"
	is "again it does nothing" "$(json 'map(select(.changed)) | length' \
		device up oz0)" 0
	like "and says so" "$(ctl device up oz0)" \
		'route 10.30.0.0/16 dev oz0 +already so'
	is "the IPv4 route" "$(nip alone route show 10.30.0.0/16)" \
		"10.30.0.0/16 dev oz0 proto static scope link "
	like "the IPv6 route" "$(nip alone -6 route show fdff::/16)" \
		'^fdff::/16 dev oz0 proto static'
	nip alone route replace 10.30.0.0/16 dev un0
	is "a route of another device is replaced" \
		"$(json 'map(select(.changed)) | map(.what)' device up oz0)" \
		'["route 10.30.0.0/16 dev oz0"]'
	is "not doubled" "$(nip alone route show 10.30.0.0/16 | wc -l)" 1
	ns_sysctl alone net.ipv6.conf.all.disable_ipv6=1
	like "without IPv6 it goes on" "$(ctl device up oz0 2>&1)" \
		'going on with IPv4 alone'
	ns_sysctl alone net.ipv6.conf.all.disable_ipv6=0
	check "and back" ctl device up oz0
}

X3="X.default.X3.default"
instance="instance 0 ns 10.21.0.1,fc00::15:1 ip 10.30.0.6,fdff::6
	node 131.1.21.5 port 55301"

refused()
{
	# shellcheck disable=SC2086 # words
	set -- $instance
	check "a name with a blank" says "" name service set "a b" "$@"
	check "an empty name" says "" name service set "" "$@"
	check "a Service IP outside the network" says "" address.ipv4 \
		service set "$X3" address 10.31.0.1 policy rr
	check "a policy that is not for setting" says "" address.policy \
		service set "$X3" address 10.30.0.1 policy instance
	check "an address twice" says "" address service set "$X3" \
		address 10.30.0.1 policy rr address 10.30.0.1 policy rr
	check "an instance twice" says "" instance service set "$X3" "$@" "$@"
	check "a Namespace IP in the service network" says "" \
		instance.namespace-ipv4 service set "$X3" \
		instance 0 ns 10.30.0.9 node 131.1.21.5 port 1
	check "an Instance IP outside of it" says "" instance.instance-ipv6 \
		service set "$X3" instance 0 ns 10.21.0.1 ip fc00::1 \
		node 131.1.21.5 port 1
	check "port 0 of a node" says "" instance.node-port service set "$X3" \
		"$@" instance 1 ns 10.21.0.1 node 131.1.21.5 port 0
	check "a multicast node" says "" instance.node-ipv4 service set "$X3" \
		instance 0 ns 10.21.0.1 node 224.0.0.1 port 1
	check "clear without a condition" says "condition" "" \
		service clear "$X3"
	check "no service of a name" says "" name service del nosuch
	check "no service of an address" says "" find-ipv4 \
		service show 10.30.9.9
	check "filters of two families" says "one family" "" \
		flow show from 10.19.1.3 to fdff::1
	is "none of them left a trace" "$(json length service show)" 0
}

services()
{
	local address

	# shellcheck disable=SC2086 # words
	check "set" ctl service set "$X3" address 10.30.1.30 policy rr \
		address fdff:2000::30 policy rr $instance weight 7 metric 9 \
		draining local
	for address in "$X3" 10.30.1.30 fdff:2000::30 10.30.0.6 fdff::6 \
		10.21.0.1 fc00::15:1; do
		is "found by $address" "$(json '.[0].name' service show \
			"$address")" "\"$X3\""
	done
	# Both with sorted keys.
	is "all of it reads back" "$(json '.[0] | [.address, (.instance |
		map(del(.rtt, .flows, ."to-packets", ."to-bytes",
			."from-packets", ."from-bytes")))]' service show "$X3")" \
		"$(jq -c . <<<'[[{"ipv4": "10.30.1.30", "policy": "rr"},
			{"ipv6": "fdff:2000::30", "policy": "rr"}],
			[{"number": 0, "namespace-ipv4": "10.21.0.1",
			"namespace-ipv6": "fc00::15:1",
			"instance-ipv4": "10.30.0.6", "instance-ipv6": "fdff::6",
			"node-ipv4": "131.1.21.5", "node-port": 55301,
			"weight": 7, "metric": 9,
			"flags": ["local", "draining"]}]]')"
	check "cleared" ctl service clear "$X3" generation \
		"$(json '.[0].generation' service show "$X3")"
	is "gone" "$(json length service show)" 0
}

# Two answers, the second with an instance that is not deployed yet.
answers='[{"app_name": "X.default.X3.default", "query_key": "10.30.1.30",
"instance_list": [{"instance_number": 0, "namespace_ip": "10.21.0.1",
"namespace_ip_v6": "fc00::15:1", "host_ip": "131.1.21.5", "host_port": 55301,
"instance_ip": "10.30.0.6", "instance_ip_v6": "fdff:0:0:0:0:0:0:6",
"service_ip": [{"IpType": "RR", "Address": "10.30.1.30",
"Address_v6": "fdff:2000::30"}, {"IpType": "instance_ip",
"Address": "10.30.0.6", "Address_v6": "fdff::6"}]}]},
{"app_name": "a.b.c.d", "instance_list": [{"instance_number": 4,
"namespace_ip": "10.21.0.9", "host_ip": "131.1.0.2", "host_port": "50103",
"service_ip": [{"IpType": "Closest", "Address": "10.30.4.4"},
{"IpType": "Farthest", "Address": "10.30.4.5"}]},
{"instance_number": 5, "namespace_ip": null, "host_ip": "", "host_port": null}
]}]'

loads()
{
	local notes

	notes=$(ctl service load - <<<"$answers" 2>&1)
	is "a table-query result is loaded" "$?" 0
	like "with a note about the policy" "$notes" "'Farthest' is not known"
	like "and one about what is not deployed" "$notes" \
		'instance 5: .*skipped'
	is "both jobs are there" "$(json 'map([.name, (.address | length),
		(.instance | map(.number))]) | sort' service show)" \
		'[["X.default.X3.default",2,[0]],["a.b.c.d",2,[4]]]'
	is "with their policies" "$(json '[.[] | .address[] | .policy]' \
		service show a.b.c.d)" '["closest","rr"]'
	check "what the kernel refuses names the job and the attribute" \
		says "x: " instance.namespace-ipv4 service load /dev/stdin <<-END
		{"app_name": "x", "instance_list": [{"instance_number": 1,
		"host_ip": "1.2.3.4", "host_port": 1, "namespace_ip": "10.30.0.1"}]}
	END
	check "deleted" ctl service del a.b.c.d
	check "deleted" ctl service del "$X3"
}

large()
{
	local i words=()

	for ((i = 0; i < 1000; i++)); do
		words+=(instance "$i" ns "10.$((20 + i / 250)).$((i % 250)).1"
			node "131.1.$((i / 250)).$((i % 250 + 1))" port 50103)
	done
	check "a service of 1000 instances" ctl service set big \
		address 10.30.2.1 policy rr "${words[@]}"
	is "is one when asked for by name" "$(json '[length,
		(.[0].instance | map(.number) | unique | length),
		(.[0].address | length)]' service show big)" '[1,1000,1]'
	is "is one in a dump" "$(json 'map(.instance | length)' service show)" \
		'[1000]'
	for ((; i < 1025; i++)); do
		words+=(instance "$i" ns "10.25.$((i % 250)).1"
			node 131.2.0.1 port 50103)
	done
	check "1025 are refused" says "" instance service set big "${words[@]}"
	is "and changed nothing" "$(json '.[0].instance | length' \
		service show big)" 1000
	check "deleted" ctl service del big
}

flows()
{
	nip alone addr add 10.19.1.3/32 dev lo
	nip alone addr add fc00::103/128 dev lo nodad
	check "a service with a sender on this node" ctl service set shop \
		address 10.30.0.9 policy rr address fdff:2000::9 policy rr \
		instance 0 ns 10.19.1.3,fc00::103 ip 10.30.1.1,fdff:0:1::1 \
		node 131.1.0.1 port 50103
	bg alone ozctl -j monitor
	check "the monitor listens" wait_until 20 listens "$BG_PID"
	check "flows and misses" traffic
	check "the monitor told" wait_until 20 told "$BG_PID"
	is "flows by address and port" "$(json 'map([.protocol,
		."destination-ipv4", ."destination-port", .service, .local])' \
		flow show protocol udp from 10.19.1.3:40000 \
		to 10.30.0.9:5353)" '[[17,"10.30.0.9",5353,"shop",true]]'
	is "flows of IPv6" "$(json 'map(."source-ipv6")' \
		flow show from '[fc00::103]:40000')" '["fc00::103"]'
	is "no flow of another service" \
		"$(json length flow show service other)" 0
	is "misses" "$(json 'map(.ipv4 // .ipv6) | sort' miss show)" \
		'["10.30.7.7","fdff:2000::7"]'
	is "one miss" "$(json 'map(.ipv4)' miss show 10.30.7.7)" '["10.30.7.7"]'
	is "the monitor saw them" "$(jq -r 'select(.event == "miss-ntf" and
		.announced == 1) |
		.ipv4 // .ipv6' "$OZP_TMP/bg.$BG_PID" | sort | paste -sd ' ')" \
		"10.30.7.7 fdff:2000::7"
	bg_stop "$BG_PID"
	is "they wait" "$(json 'map([.state, .waiting, .packets])' \
		miss show 10.30.7.7)" '[["waiting",1,1]]'
	check "nobody has one" ctl miss resolve 10.30.7.7 lifetime 600000
	is "which is remembered" "$(json 'map([.state, .waiting,
		.lifetime > 500000 and .lifetime <= 600000])' \
		miss show 10.30.7.7)" '[["negative",0,true]]'
	like "in text" "$(ctl miss show)" '10\.30\.7\.7 +negative '
	check "nor the other" ctl miss resolve fdff:2000::7
	check "after all, perhaps" ctl miss resolve fdff:2000::7 lifetime 0
	is "which is not remembered" "$(json 'map(.ipv4 // .ipv6)' miss show)" \
		'["10.30.7.7"]'
	check "what the table has" says "the table has" ipv4 \
		miss resolve 10.30.0.9
	check "what is no service" says "outside the service networks" ipv6 \
		miss resolve fc00::1
	like "drops are explained" "$(ctl stats show --explain)" \
		'unknown-service +2
        Nobody has'
	like "one flow is flushed" "$(ctl flow flush from 10.19.1.3)" \
		'^1 flow ended$'
	is "the other, too" "$(json .flushed flow flush)" 1
}

# A miss is announced once, so a monitor has to listen before; a change is
# announced each time.
listens()
{
	ctl service set event && ctl service del event
	[[ -s $OZP_TMP/bg.$1 ]]
}

told()
{
	[[ $(grep -c miss-ntf "$OZP_TMP/bg.$1") -ge 2 ]]
}

traffic()
{
	ns alone python3 -c '
import socket
for family, source, peers in (
        (socket.AF_INET, "10.19.1.3", ("10.30.0.9", "10.30.7.7")),
        (socket.AF_INET6, "fc00::103", ("fdff:2000::9", "fdff:2000::7"))):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((source, 40000))
    for peer in peers:
        sock.sendto(b"x", (peer, 5353))'
}

unprivileged()
{
	ns alone setpriv --reuid 65534 --regid 65534 --clear-groups ozctl "$@"
}

rights()
{
	local words

	for words in "device show" "service show" "stats show"; do
		# shellcheck disable=SC2086 # words
		check "anybody: $words" unprivileged $words
	done
	for words in "device add oz9" "device del oz0" \
		"device set oz0 flow-limit 100" "service set a" \
		"service del shop" "service clear shop generation 99" \
		"flow flush" "flow show" "miss show"; do
		# shellcheck disable=SC2086 # words
		like "not anybody: $words" "$(unprivileged $words 2>&1)" \
			'this needs CAP_NET_ADMIN'
	done
	is "the service is still there" "$(json 'map(.name)' service show)" \
		'["shop"]'
}

several()
{
	check "a second device" ctl device add oz1 port 50104
	like "which one has to be said" "$(ctl service show 2>&1)" \
		'several devices \(oz0, oz1\)'
	is "the first" "$(json length service show dev oz0)" 1
	is "the second" "$(json length service show dev oz1)" 0
	check "gone" ctl device del oz1
}

netns_add alone
nip alone link add un0 type dummy
nip alone addr add 131.1.0.1/24 dev un0
nip alone link set un0 up
devices
up
refused
services
loads
large
flows
several
rights
tap_done
