#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# What can be seen from outside: counters of services and instances, the
# tracepoints and what they say, drop reasons of the core, tcpdump on the
# device, ethtool.
#
#   client 10.19.1.3 fc00::103        server 10.21.0.1 fc00::201
#   near   10.19.1.7 fc00::107              │
#   nobody 10.19.1.9 fc00::109              │
#        └──┬──┘                            │
#         w1 131.1.0.1 ── underlay ── w2 131.1.0.2
#
#   shop: server is its instance 0; 10.30.1.30 fdff:2000::30
#   next: near is its instance 0;   10.30.2.30 fdff:2000::2:30
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need gojq ozctl tcpdump ethtool

traces=/sys/kernel/tracing
buffer=$traces/instances/ozp$$

topology()
{
	workers_up 2 &&
		container_add w1 client 10.19.1.3/26 fc00::103/120 &&
		container_add w1 near 10.19.1.7/26 fc00::107/120 &&
		container_add w1 nobody 10.19.1.9/26 fc00::109/120 &&
		container_add w2 server 10.21.0.1/26 fc00::201/120
}

# shellcheck disable=SC2046 # words
services()
{
	service_all client \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) &&
		service_all shop \
			address 10.30.1.30 policy rr address fdff:2000::30 policy rr \
			$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.0.2 50103) &&
		service_all next \
			address 10.30.2.30 policy rr \
			address fdff:2000::2:30 policy rr \
			$(instance 0 10.19.1.7,fc00::107 10.30.0.7,fdff::7 131.1.0.1 50103)
}

use_family()
{
	if (($1 == 4)); then
		client=10.19.1.3 near=10.19.1.7 nobody=10.19.1.9
		server=10.21.0.1 shop=10.30.1.30 next=10.30.2.30
		client_ip=10.30.0.2 server_ip=10.30.0.6
		unknown=10.30.9.9 ip=IP headers=28
	else
		client=fc00::103 near=fc00::107 nobody=fc00::109
		server=fc00::201 shop=fdff:2000::30 next=fdff:2000::2:30
		client_ip=fdff::2 server_ip=fdff::6
		unknown=fdff:2000::9:9 ip=IP6 headers=48
	fi
	family=IPv$1
}

# end ADDRESS PORT: as traces write it.
end()
{
	[[ $1 == *:* ]] && echo "[$1]:$2" || echo "$1:$2"
}

# ---- counters

# carried WORKER JOB: to-packets to-bytes from-packets from-bytes of its
# instance 0; an error when those of the service are others.
carried()
{
	ns "$1" ozctl -j service show "$2" | jq -r '
		def four: [."to-packets", ."to-bytes", ."from-packets",
			."from-bytes"];
		.[0] | if (.instance[0] | four) == four and
			.flows == .instance[0].flows
		then four | map(tostring) | join(" ")
		else "service and instance differ: \(.)" end'
}

# plus "A B C D" E F G H: the sums.
plus()
{
	local -a was

	read -ra was <<<"$1"
	echo "$((was[0] + $2)) $((was[1] + $3)) $((was[2] + $4)) $((was[3] + $5))"
}

# Questions of ten bytes and answers of twenty.
talk()
{
	local i

	for ((i = 0; i < $3; i++)); do
		sock send "$1" 0123456789 "$4" 53
		sock receive "$2" >"$OZP_TMP/got" || return 1
	done
	read -r from port _ <"$OZP_TMP/got"
	for ((i = 0; i < $5; i++)); do
		sock send "$2" 01234567890123456789 "$from" "$port"
		sock receive "$1" >"$OZP_TMP/got" || return 1
	done
}

counters()
{
	local before=() q=$((headers + 10)) a=$((headers + 20))

	check "$family: no flow is left" ns w1 ozctl flow flush
	before=("$(carried w1 shop)" "$(carried w1 client)" \
		"$(carried w2 shop)" "$(carried w1 next)")
	sock udp u client "$client" 4000
	sock udp v server "$server" 53
	sock udp n near "$near" 53
	check "$family: five questions, three answers" talk u v 5 "$shop" 3
	is "$family: of the far instance" "$(carried w1 shop)" \
		"$(plus "${before[0]}" 5 $((5 * q)) 3 $((3 * a)))"
	is "$family: of the client" "$(carried w1 client)" \
		"$(plus "${before[1]}" 3 $((3 * a)) 5 $((5 * q)))"
	is "$family: of the instance, at its own node" "$(carried w2 shop)" \
		"$(plus "${before[2]}" 5 $((5 * q)) 3 $((3 * a)))"
	before[1]=$(carried w1 client)
	check "$family: on this node: four questions, two answers" \
		talk u n 4 "$next" 2
	is "$family: of the near instance, once each" "$(carried w1 next)" \
		"$(plus "${before[3]}" 4 $((4 * q)) 2 $((2 * a)))"
	is "$family: of the client, once each" "$(carried w1 client)" \
		"$(plus "${before[1]}" 2 $((2 * a)) 4 $((4 * q)))"
	is "$family: live flows" "$(ns w1 ozctl -j service show shop |
		jq '.[0].flows')" 1
	like "$family: in the text, too" \
		"$(ns w1 ozctl service show --stats shop | tr -s ' ')" \
		"all 1 $(carried w1 shop)"
	sock close u v n
}

# The instance goes, and what it did is not forgotten.
# shellcheck disable=SC2046 # words
past()
{
	local before

	before=$(carried w1 shop)
	check "flows end" ns w1 ozctl flow flush
	check "instance 1 takes the place of 0" service_set w1 shop \
		address 10.30.1.30 policy rr address fdff:2000::30 policy rr \
		$(instance 1 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.0.2 50103)
	is "the service remembers what instance 0 did" \
		"$(ns w1 ozctl -j service show shop | jq -r '.[0] |
			[."to-packets", ."to-bytes", ."from-packets",
			."from-bytes", .instance[0]."to-packets"] |
			map(tostring) | join(" ")')" "$before 0"
}

# ---- tracepoints

tracing()
{
	mount | grep -q " $traces " ||
		mount -t tracefs nodev "$traces" || return 1
	mkdir "$buffer" && at_exit traces_end &&
		echo 1 >"$buffer/events/ozproxy/enable" &&
		echo 1 >"$buffer/events/skb/kfree_skb/enable"
}

traces_end()
{
	rmdir "$buffer"
}

traced()
{
	grep -F "$1" "$buffer/trace" | grep -F -- "$2"
}

traced_is()
{
	check "$family: $1" wait_until 5 traced "$2: " "$3"
}

trace_events()
{
	local there back

	there="$(end "$client" 4000) > $(end "$shop" 53)"
	back="$(end "$server_ip" 53) > $(end "$client" 4000)"
	check "$family: no flow is left" ns w1 ozctl flow flush
	: >"$buffer/trace"
	sock udp u client "$client" 4000
	sock udp v server "$server" 53
	check "$family: a question and an answer" talk u v 1 "$shop" 1
	check "$family: flows end" ns w1 ozctl flow flush
	traced_is "a flow begins" ozproxy_flow_new \
		"dev=oz0 protocol=17 $there service=shop instance=0"
	traced_is "is converted on its way out" ozproxy_convert \
		"dev=oz0 direction=out protocol=17 $there becomes $(
			end "$client_ip" 4000) > $(end "$server" 53)"
	traced_is "and back" ozproxy_convert \
		"dev=oz0 direction=in protocol=17 $back becomes $(
			end "$shop" 53) > $(end "$client" 4000)"
	traced_is "and ends" ozproxy_flow_end \
		"dev=oz0 protocol=17 $there service=shop instance=0"
	sock send u lost "$unknown" 53
	traced_is "an address is missed" ozproxy_miss \
		"dev=oz0 $unknown state=waiting arrival=0"
	ns w2 ozctl service del client
	ns w2 ozctl device set oz0 admission table
	sock send u lost "$shop" 53
	traced_is "a source is" ozproxy_miss \
		"dev=oz0 $client_ip state=waiting arrival=1"
	ns w2 ozctl device set oz0 admission overlay
	ns w2 ozctl service del shop
	sock send u lost "$shop" 53
	traced_is "an instance is in doubt" ozproxy_miss \
		"dev=oz0 $shop state=doubted arrival=0"
	sock close u v
	check "$family: services again" services
}

# shellcheck disable=SC2046 # words
trace_drops()
{
	sock udp x nobody "$nobody" 4001
	sock send x lost "$shop" 53
	traced_is "a drop says of what" ozproxy_drop \
		"dev=oz0 direction=out reason=unknown-source protocol=17 $(
			end "$nobody" 4001) > $(end "$shop" 53)"
	sock close x
	check "$family: no instance takes flows" service_set w1 shop \
		address 10.30.1.30 policy rr address fdff:2000::30 policy rr \
		$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.0.2 50103 draining)
	sock udp u client "$client" 4002
	sock send u lost "$shop" 53
	traced_is "who watches the core sees a reason" kfree_skb \
		"reason: IP_OUTNOROUTES"
	sock close u
	check "$family: it takes flows again" services
}

# ---- packets

packets()
{
	local file=$OZP_TMP/out.$family other=$OZP_TMP/in.$family seen

	check "$family: tcpdump at the client's node" \
		capture_start w1 oz0 "$file" udp
	check "$family: and at the server's" capture_start w2 oz0 "$other" udp
	sock udp u client "$client" 4003
	sock udp v server "$server" 53
	check "$family: a question and an answer" talk u v 1 "$shop" 1
	capture_stop "$file"
	capture_stop "$other"
	seen=$(capture_show "$file" | sed 's/: .*//')
	is "$family: what the client sent and gets" "$seen" \
		"$ip $client.4003 > $shop.53"$'\n'"$ip $shop.53 > $client.4003"
	seen=$(capture_show "$other" | sed 's/: .*//')
	is "$family: what the server gets and sent" "$seen" \
		"$ip $client_ip.4003 > $server.53"$'\n'`
		`"$ip $server.53 > $client_ip.4003"
	sock close u v
}

# The namespace that this runs in gets a name.
first_namespace()
{
	ip netns attach "$(ns_name first)" $$ &&
		at_exit ip netns del "$(ns_name first)"
}

# Packets that wait for others do so where no packet socket looks, not even one of
# the namespace that nothing was moved out of.
before_conversion()
{
	local file=$OZP_TMP/raw.$family

	check "$family: tcpdump on any device, elsewhere" \
		capture_start first any "$file" tcp
	sock listen l server "$server" 80
	check "$family: a connection" sock connect k client "$client" 4004 \
		"$shop" 80
	check "$family: is accepted" sock accept a l
	check "$family: carries bytes" sock bulk k a 20000
	sock close k a l
	capture_stop "$file"
	is "$family: is not seen there" "$(capture_show "$file")" ""
}

counted_alike()
{
	local name value text=''

	# What waits now is no counter.
	ns w1 ethtool -S oz0 >"$OZP_TMP/ethtool"
	while read -r name value; do
		grep -qE "^ *$name: $value\$" "$OZP_TMP/ethtool" ||
			text+=" $name"
	done < <(ns w1 ozctl -j stats show | jq -r 'to_entries[] |
		select(.key | test("^(out|in)-") and (endswith("-waiting") | not)) |
		"\(.key) \(.value)"')
	is "ethtool -S has the counters of ozctl stats show" "$text" ""
}

sock_start
check "two workers, four containers" topology
check "services" services
check "tracing" tracing
check "this namespace has a name" first_namespace
for family in 4 6; do
	use_family "$family"
	counters
	trace_events
	trace_drops
	packets
	before_conversion
done
past
counted_alike
tap_done
