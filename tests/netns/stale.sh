#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A Namespace IP that its worker does not use any more: the worker says so, and
# the sender's ozproxy, if it is told by that worker, doubts the instance for a
# while, and tells listeners; nobody else can make it do that, and nothing is lost
# for good.
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

need gojq ozctl python3

topology()
{
	workers_join 2 && shop_containers c1 &&
		netns_add peer &&
		underlay_join peer 131.1.0.9/24 2001:db8::9/64 &&
		device_up w1 doubt-timeout 600000 && device_up w2
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
	# shellcheck disable=SC2086 # words
	service_set "$worker" shop ${service_words:-} address 10.30.1.30 policy rr \
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

# grows WORKER DIRECTION REASON CMD…: one packet more is lost for it.
grows()
{
	local worker=$1 way=$2 reason=$3 before

	shift 3
	before=$(drops "$worker" "$way" "$reason")
	"$@" && wait_until 10 drops_are "$worker" "$way" "$reason" \
		$((before + 1))
}

in_doubt()
{
	ns w1 ozctl -j service show | jq -c '[.[] |
		select(.name == "shop") | .instance[] | select(.doubt) |
		.number]'
}

doubts_are()
{
	[[ $(in_doubt) == "$1" ]]
}

# tries NAME FROM TO: new flows of c1 to the Service IP, from these ports.
tries()
{
	local port

	for ((port = $2; port <= $3; port++)); do
		sock udp "t$port" c1 "$c1" "$port" &&
			sock send "t$port" "$1" "$sip" 53 || return 1
	done
}

# New flows go to others, those that exist go on, until the table says something.
prefers()
{
	sock udp u c1 "$c1" 4000
	sock udp v s1 "$s1" 53
	shop w1 0:s0 1:s1
	shop w2 1:s1
	check "$name: w1 is told" grows w1 in stale-binding \
		sock send u lost "$s0i" 53
	is "$name: the instance is in doubt" "$(in_doubt)" "[0]"
	check "$name: four new flows" tries new 4001 4004
	is "$name: all go to the other one" \
		"$(for i in 1 2 3 4; do sock receive v; done | sort)" \
		"$(for i in 1 2 3 4; do echo "$c1i 400$i new"; done)"
	check "$name: the old one goes on, and is told in vain" \
		grows w1 in stale-limit sock send u lost "$s0i" 53
	sock close t4001 t4002 t4003 t4004
	check "$name: the table says the same again" shop w1 0:s0 1:s1
	is "$name: nothing is in doubt" "$(in_doubt)" "[]"
	check "$name: it is chosen again" grows w1 in stale-limit \
		tries new 4005 4006
	like "$name: one of them in its turn" "$(sock receive v)" "$c1i 400[56] new"
	sock close u v t4005 t4006
}

# Where there is no other, those in doubt are used, and are heard again.
only_one()
{
	sock udp u c1 "$c1" 4010
	sock udp n c1 "$c1" 4011
	sock udp v s0 "$s0" 53
	shop w1 2:s0
	ns w2 ozctl service del shop
	check "$name: the only one is denied" grows w1 in stale-binding \
		sock send u lost "$sip" 53
	is "$name: and in doubt" "$(in_doubt)" "[2]"
	check "$name: w2 learns of it" shop w2 2:s0
	check "$name: and of the client" client w2
	sock send n new "$sip" 53
	is "$name: a new flow goes there" "$(sock receive v)" "$c1i 4011 new"
	sock send u again "$sip" 53
	is "$name: so does the old one" "$(sock receive v)" "$c1i 4010 again"
	is "$name: it is in doubt until" "$(in_doubt)" "[2]"
	sock send v answer "$c1i" 4011
	is "$name: it answers" "$(sock receive n)" "$sip 53 answer"
	is "$name: then it is not" "$(in_doubt)" "[]"
	ns w2 ozctl service del client
	sock close u n v
}

# Without a helper, without a word of the instance.
ends()
{
	sock udp u c1 "$c1" 4020
	shop w1 3:s0 4:s1
	shop w2 4:s1
	ns w1 ozctl device set oz0 doubt-timeout 0
	check "$name: no doubts are wanted" grows w1 in stale-limit \
		sock send u lost "${s0i/%6/9}" 53
	is "$name: none is there" "$(in_doubt)" "[]"
	ns w1 ozctl device set oz0 doubt-timeout 300
	check "$name: short ones are" grows w1 in stale-binding \
		sock send u lost "${s0i/%6/9}" 53
	check "$name: it ends by itself" wait_until 10 doubts_are "[]"
	ns w1 ozctl device set oz0 doubt-timeout 600000
	sock close u
}

# A client leaves an instance in doubt, and stays with the next.
clients()
{
	local service_words="affinity 60000" mine other left

	sock udp v s0 "$s0" 53
	sock udp w s1 "$s1" 53
	shop w1 5:s0 6:s1
	shop w2 5:s0 6:s1
	check "$name: affinity: a flow" tries one 4030 4030
	if [[ $(flow_find w1 "[.[] | select(.\"source-port\" == 4030) |
		.instance]") == "[5]" ]]; then
		mine=v other=w left=6:s1
	else
		mine=w other=v left=5:s0
	fi
	is "$name: affinity: to one of two" "$(sock receive "$mine")" \
		"$c1i 4030 one"
	shop w2 "$left"
	check "$name: affinity: its instance is denied" \
		grows w1 in stale-binding sock send t4030 lost "$sip" 53
	check "$name: affinity: new flows" tries two 4031 4032
	is "$name: affinity: go to the other" \
		"$(sock receive "$other"; sock receive "$other")" \
		"$(printf '%s\n' "$c1i 4031 two" "$c1i 4032 two")"
	check "$name: affinity: believed again" shop w1 5:s0 6:s1
	check "$name: affinity: another flow" tries three 4033 4033
	is "$name: affinity: stays with it" "$(sock receive "$other")" \
		"$c1i 4033 three"
	sock close v w t4030 t4031 t4032 t4033
}

# error TYPE CODE SOURCE-PORT: as w2 would say it of a packet of u, in hex.
error()
{
	sock build_error "$s0" "$c1i" "$1" "$2" \
		"$(sock build udp "$c1i" "$3" "$s0" 53 lost)"
}

# Nobody but w2 is believed.
# shellcheck disable=SC2086 # types and codes
forgeries()
{
	sock udp u c1 "$c1" 4040
	sock udp v s0 "$s0" 53
	sock udp peer peer "$peer" 50103
	shop w2 7:s0
	shop w1 7:s0
	sock send u first "$sip" 53
	is "$name: a flow" "$(sock receive v)" "$c1i 4040 first"
	check "$name: the peer is not w2" grows w1 in source-elsewhere \
		sock send peer "hex:$(error $unreachable 4040)" "$w1" 50103
	sock close peer
	# w2 itself, for whom the peer stands in from now on.
	check "$name: the peer gets the address of w2" takes_over
	check "$name: about a flow that is not" grows w1 in unrelated-error \
		sock send peer "hex:$(error $unreachable 4041)" "$w1" 50103
	check "$name: another error" grows w1 in unrelated-error \
		sock send peer "hex:$(error $prohibited 4040)" "$w1" 50103
	is "$name: nothing is in doubt" "$(in_doubt)" "[]"
	check "$name: the right one" grows w1 in stale-binding \
		sock send peer "hex:$(error $unreachable 4040)" "$w1" 50103
	is "$name: is heard" "$(in_doubt)" "[7]"
	check "$name: the table says the same again" shop w1 7:s0
	check "$name: the right one so soon again" grows w1 in stale-limit \
		sock send peer "hex:$(error $unreachable 4040)" "$w1" 50103
	is "$name: changes nothing" "$(in_doubt)" "[]"
	sock close u v peer
	check "$name: w2 has its address again" gives_back
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

	sock udp u c1 "$c1" 4050
	sock udp v s0 "$s0" 53
	shop w2 8:s0
	shop w1 8:s0
	sock send u first "$sip" 53
	is "$name: a flow of another instance" "$(sock receive v)" \
		"$c1i 4050 first"
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
	prefers
	only_one
	ends
	clients
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
check "a listener heard of the address that was used" grep -q \
	'"miss-ntf".*"ipv4":"10.30.0.6".*"state":"doubted"' "$OZP_TMP/bg.$monitor"
all_of_it 6 6
tap_done
