#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A Namespace IP that its worker does not use any more: the worker says so, and
# the sender's ozproxy, if it is told by that worker, withdraws the instance and
# asks for it; nobody else can make it do that.
#
#   c1 (client 0) ── w1 ────────── underlay ────────── w2 ─┬─ s0 (shop 0)
#   10.19.1.3        131.1.0.1        │      131.1.0.2     │  10.21.0.1 fc00::201
#   fc00::103        2001:db8::1     peer    2001:db8::2   └─ s1 (shop 1)
#                                 131.1.0.9                   10.21.0.2 fc00::202
#                                 2001:db8::9
#
#   client  10.30.0.1  fdff:2000::1   instance 0  10.30.0.2 fdff::2
#   shop    10.30.1.30 fdff:2000::30  instances   10.30.0.6 fdff::6
#                                                 10.30.0.7 fdff::7
#
# covers: stale-binding stale-limit
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need jq ozctl python3

topology()
{
	worker_add w1 && underlay_join w1 131.1.0.1/24 2001:db8::1/64 &&
		worker_add w2 && underlay_join w2 131.1.0.2/24 2001:db8::2/64 &&
		container_add w1 c1 10.19.1.3/26 fc00::103/120 &&
		container_add w2 s0 10.21.0.1/26 fc00::201/120 &&
		container_add w2 s1 10.21.0.2/26 fc00::202/120 &&
		netns_add peer &&
		underlay_join peer 131.1.0.9/24 2001:db8::9/64 &&
		device_up w1 miss-timeout 600000 miss-repeat-timeout 600000 &&
		device_up w2
}

# shellcheck disable=SC2046 # words
client()
{
	service_set "$1" client address 10.30.0.1 policy rr \
		address fdff:2000::1 policy rr \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 \
			"$w1" 50103)
}

# shop WORKER NUMBER:CONTAINER…: instances, each in a container.
shop()
{
	local worker=$1 one number container words=()

	shift
	for one; do
		number=${one%:*} container=${one#*:s}
		# shellcheck disable=SC2207 # words
		words+=($(instance "$number" \
			"10.21.0.$((container + 1)),fc00::20$((container + 1))" \
			"10.30.0.$((number + 6)),fdff::$((number + 6))" \
			"$w2" 50103))
	done
	service_set "$worker" shop address 10.30.1.30 policy rr \
		address fdff:2000::30 policy rr "${words[@]}"
}

use_families()
{
	name="IPv$1 in IPv$2"
	if (($1 == 4)); then
		c1=10.19.1.3 c1i=10.30.0.2 sip=10.30.1.30
		s0=10.21.0.1 s1=10.21.0.2 s0i=10.30.0.6
		unreachable="3 1" prohibited="3 13"
	else
		c1=fc00::103 c1i=fdff::2 sip=fdff:2000::30
		s0=fc00::201 s1=fc00::202 s0i=fdff::6
		unreachable="1 3" prohibited="1 1"
	fi
	if (($2 == 4)); then
		w1=131.1.0.1 w2=131.1.0.2 peer=131.1.0.9
	else
		w1=2001:db8::1 w2=2001:db8::2 peer=2001:db8::9
	fi
}

counter_is()
{
	(($(counter w1 "$1") == $2))
}

# grows WORKER DIRECTION REASON CMD…: one packet more is lost for it.
grows()
{
	local worker=$1 way=$2 reason=$3 before

	shift 3
	before=$(drops "$worker" "$way" "$reason")
	"$@" && wait_until 10 drops_are "$worker" "$way" "$reason" \
		$((before + 1))
}

stale_instances()
{
	ns w1 ozctl -j service show | jq -c '[.[] |
		select(.name == "shop") | .instance[] | select(.stale) |
		.number]'
}

misses()
{
	ns w1 ozctl -j miss show | jq -c 'map(.ipv4 // .ipv6)'
}

# Its flow goes along to where the instance is now, when the answer says so.
moves()
{
	local before

	sock udp u c1 "$c1" 4000
	sock udp v s0 "$s0" 53
	sock udp w s1 "$s1" 53
	sock send u first "$sip" 53
	is "$name: a flow to s0" "$(sock receive v)" "$c1i 4000 first"
	check "$name: w2 forgets s0" ns w2 ozctl service del shop
	before=$(drops w2 in destination-not-local)
	check "$name: w1 is told" grows w1 in stale-binding \
		sock send u lost "$sip" 53
	is "$name: about one packet" \
		"$(drops w2 in destination-not-local)" $((before + 1))
	is "$name: the instance is withdrawn" "$(stale_instances)" "[0]"
	is "$name: nobody was asked yet" "$(misses)" "[]"
	sock send u second "$sip" 53
	check "$name: the next packet waits" wait_until 5 \
		counter_is out-waiting 1
	is "$name: for the instance" "$(misses)" "[\"$s0i\"]"
	check "$name: w2 has it in s1" shop w2 0:s1
	check "$name: so the answer says" shop w1 0:s1
	is "$name: the flow goes on there" "$(sock receive w)" \
		"$c1i 4000 second"
	is "$name: nothing is stale" "$(stale_instances)" "[]"
	check "$name: s0 heard no more" sock silent v
	sock close u v w
}

# A service without it goes on; one that has no other one is asked for.
others()
{
	sock udp u c1 "$c1" 4001
	sock udp v s0 "$s0" 53
	shop w2 0:s0
	shop w1 1:s0
	sock send u first "$sip" 53
	is "$name: the instance that is left" "$(sock receive v)" \
		"$c1i 4001 first"
	ns w2 ozctl service del shop
	check "$name: goes, too" grows w1 in stale-binding \
		sock send u lost "$sip" 53
	sock udp n c1 "$c1" 4002
	sock send n new "$sip" 53
	check "$name: a new flow waits" wait_until 5 counter_is out-waiting 1
	is "$name: for the service" "$(misses)" "[\"$sip\"]"
	shop w2 2:s0
	check "$name: the answer has another instance" shop w1 2:s0
	is "$name: which gets it" "$(sock receive v)" "$c1i 4002 new"
	is "$name: nothing waits" "$(counter w1 out-waiting)" 0
	sock close u n v
}

# error TYPE CODE SOURCE-PORT: as w2 would say it of a packet of u, in hex.
error()
{
	sock build_error "$s0" "$c1i" "$1" "$2" \
		"$(sock build udp "$c1i" "$3" "$s0" 53 lost)"
}

# Nobody but w2 is believed, and it not too often.
# shellcheck disable=SC2086 # types and codes
forgeries()
{
	sock udp u c1 "$c1" 4003
	sock udp v s0 "$s0" 53
	sock udp peer peer "$peer" 50103
	shop w2 7:s0
	shop w1 7:s0
	sock send u first "$sip" 53
	is "$name: a flow" "$(sock receive v)" "$c1i 4003 first"
	check "$name: the peer is not w2" grows w1 in source-elsewhere \
		sock send peer "hex:$(error $unreachable 4003)" "$w1" 50103
	sock close peer
	# w2 itself, for whom the peer stands in from now on.
	check "$name: the peer gets the address of w2" takes_over
	check "$name: about a flow that is not" grows w1 in unrelated-error \
		sock send peer "hex:$(error $unreachable 4004)" "$w1" 50103
	check "$name: another error" grows w1 in unrelated-error \
		sock send peer "hex:$(error $prohibited 4003)" "$w1" 50103
	is "$name: nothing was withdrawn" "$(stale_instances)" "[]"
	check "$name: the right one" grows w1 in stale-binding \
		sock send peer "hex:$(error $unreachable 4003)" "$w1" 50103
	is "$name: is heard" "$(stale_instances)" "[7]"
	check "$name: the table says the same again" shop w1 7:s0
	is "$name: the instance is back" "$(stale_instances)" "[]"
	sock send u again "$sip" 53
	check "$name: with its flow" wait_until 5 flow_is_back
	check "$name: the same so soon again" grows w1 in stale-limit \
		sock send peer "hex:$(error $unreachable 4003)" "$w1" 50103
	is "$name: changes nothing" "$(stale_instances)" "[]"
	sock close u v peer
	check "$name: w2 has its address again" gives_back
}

flow_is_back()
{
	[[ $(flow_find w1 '[.[] | select(."source-port" == 4003 and
		.state != "asleep")] | length') == 1 ]]
}

takes_over()
{
	local prefix=32

	[[ $w2 == *:* ]] && prefix=128
	nip underlay route replace "$w2/$prefix" dev u-peer &&
		nip peer address add "$w2/$prefix" dev un0 nodad &&
		sock udp peer peer "$w2" 50103
}

gives_back()
{
	local prefix=32

	[[ $w2 == *:* ]] && prefix=128
	nip peer address del "$w2/$prefix" dev un0 &&
		nip underlay route replace "$w2/$prefix" dev u-w2
}

# Who is told to be silent is; who asks the table answers whom it knows.
silence()
{
	local before

	sock udp u c1 "$c1" 4005
	sock udp v s0 "$s0" 53
	shop w2 8:s0
	shop w1 8:s0
	sock send u first "$sip" 53
	is "$name: a flow of another instance" "$(sock receive v)" \
		"$c1i 4005 first"
	ns w2 ozctl service del shop
	before=$(counter w2 out-tunnelled)
	ns w2 ozctl device set oz0 rejection drop
	check "$name: rejection drop" grows w2 in destination-not-local \
		sock send u lost "$sip" 53
	ns w2 ozctl device set oz0 rejection reject admission table
	check "$name: admission table, a stranger" \
		grows w2 in destination-not-local sock send u lost "$sip" 53
	is "$name: neither is answered" "$(counter w2 out-tunnelled)" "$before"
	client w2
	check "$name: one that it knows is" grows w1 in stale-binding \
		sock send u lost "$sip" 53
	ns w2 ozctl device set oz0 admission overlay
	ns w2 ozctl service del client
	sock close u v
}

all_of_it()
{
	use_families "$1" "$2"
	check "$name: w1 knows the client" client w1
	check "$name: w1 knows the shop" shop w1 0:s0
	check "$name: w2 knows the shop" shop w2 0:s0
	moves
	others
	forgeries
	silence
	ns w1 ozctl service del shop
}

sock_start
check "two workers" topology
bg w1 ozctl -j monitor
monitor=$BG_PID
check "a helper listens" wait_until 20 monitor_listens w1
all_of_it 4 4
check "a listener heard of it" grep -q '"service-ntf".*"stale":true' \
	"$OZP_TMP/bg.$monitor"
all_of_it 6 6
tap_done
