#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Policies with real connections: closest is local, else by the metric that the
# table gave, else by the handshakes that pass; least goes where the fewest live
# flows are. (Round robin: balance.sh.) With an affinity a client keeps its
# instance for a while.
#
#   client     s0 10.19.1.7     s1 10.21.0.1      s2 10.22.0.1
#   10.19.1.3     fc00::107        fc00::201         fc00::301
#   fc00::103      │                │                 │
#        └────┬────┘                │                 │
#         w1 131.1.0.1          w2 131.1.0.2      w3 131.1.0.3
#             └────────── underlay ──┴─────────────────┘
#                  the links of w2 and w3 are made slow (netem)
#
#   shop: closest 10.30.1.31 fdff:1000::31, least 10.30.1.32 fdff:3000::32,
#   rr 10.30.1.33 fdff:2000::33
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=trio.bash
. "$(dirname "$0")/trio.bash"

need gojq ozctl tc
need_modules sch_netem

# slow WORKER MS: what leaves a worker takes so long.
slow()
{
	ns "$1" tc qdisc replace dev un0 root netem delay "$2ms"
}

# shop WORDS1 WORDS2 [WORDS0]: what instances 1, 2 and 0 have beside their
# addresses; without WORDS0 there is no instance 0.
# shellcheck disable=SC2046,SC2086 # words
shop()
{
	service_all shop ${affinity:-} \
		address 10.30.1.31 policy closest \
		address fdff:1000::31 policy closest \
		address 10.30.1.32 policy least \
		address fdff:3000::32 policy least \
		address 10.30.1.33 policy rr \
		address fdff:2000::33 policy rr \
		$(trio_instance 1 $1) $(trio_instance 2 $2) \
		${3+$(trio_instance 0 $3)}
}

use_family()
{
	trio_family "$1"
	if (($1 == 4)); then
		closest=10.30.1.31 least=10.30.1.32
		robin=10.30.1.33
		near=1 far=2
	else
		closest=fdff:1000::31 least=fdff:3000::32
		robin=fdff:2000::33
		near=2 far=1
	fi
	family=IPv$1
}

# split CONNECTIONS ADDRESS: sets got, how many each instance got.
split()
{
	read -ra got < <(sock split "$1" client "$client" "$port" "$2" 80 \
		l0 l1 l2 | sed 's/^l[0-9] //' | xargs)
	port=$((port + $1))
}

# shared NAME CONNECTIONS ADDRESS COUNTS
shared()
{
	split "$2" "$3"
	is "$family: $1" "${got[*]}" "$4"
}

# field NAME: of instances 0 to 2, as w1 shows it.
field()
{
	ns w1 ozctl -j service show shop |
		jq -r --arg name "$1" '[.[0].instance | sort_by(.number)[] |
			.[$name]] | join(" ")'
}

field_is()
{
	[[ $(field "$1") == "$2" ]]
}

local_first()
{
	check "$family: a local instance, a near one, a far one" \
		shop "metric 1" "metric 2" "metric 3"
	shared "closest: all go to the local one" 10 "$closest" "10 0 0"
	check "$family: the local one drains" \
		shop "metric 1" "metric 2" "draining"
	shared "closest: then to the next" 10 "$closest" "0 10 0"
}

by_metric()
{
	check "$family: metrics 20 and 10" shop "metric 20" "metric 10"
	shared "closest: the lower metric" 10 "$closest" "0 0 10"
	check "$family: metrics 20 and 21" shop "metric 20" "metric 21"
	shared "closest: the lower metric, by how little so ever" 10 \
		"$closest" "0 10 0"
}

# Of sixteen new connections, one may go to a node that no handshake was begun with
# for a minute (OZP_CLOSEST_EXPLORE): of twenty, two.
most()
{
	split "$2" "$closest"
	check "$family: $1: ${got[*]}" test "${got[$3]}" -ge $(($2 - 2))
}

by_measure()
{
	local rtts

	check "$family: w$((far + 1)) is 40 ms away" slow "w$((far + 1))" 40
	check "$family: w$((near + 1)) is not" slow "w$((near + 1))" 0
	check "$family: no metrics" shop "" ""
	# Smoothed: forgets what was before.
	check "$family: connections to instance $far" \
		split 24 "${singles[far]}"
	check "$family: connections to instance $near" \
		split 24 "${singles[near]}"
	read -ra rtts < <(field rtt)
	check "$family: their round trips are shown: ${rtts[*]}" test \
		"${rtts[far - 1]}" -gt 30000 -a \
		"${rtts[near - 1]}" -lt "${rtts[far - 1]}"
	most "closest: the shorter handshake" 20 "$near"

	# So far that a busy machine does not matter.
	check "$family: now w$((near + 1)) is 400 ms away" \
		slow "w$((near + 1))" 400
	split 16 "$closest"
	check "$family: closest: they begin to go over: ${got[*]}" \
		test "${got[near]}" -ge 1 -a "${got[far]}" -ge 1
	most "closest: they went over" 10 "$far"
	check "$family: w$((near + 1)) is as before" slow "w$((near + 1))" 0
	check "$family: and w$((far + 1))" slow "w$((far + 1))" 0
}

# hold N ADDRESS: connections that stay, named h1, h2…
hold()
{
	local i

	for ((i = 0; i < $1; i++)); do
		sock connect "h$((++held))" client "$client" $((port++)) "$2" \
			80 || return 1
	done
}

by_load()
{
	check "$family: flows end" ns w1 ozctl flow flush
	check "$family: equal weights" shop "" ""
	held=0
	check "$family: four connections to instance 1" hold 4 "${singles[1]}"
	is "$family: are its live flows" "$(field flows)" "4 0"
	check "$family: four by the Service IP" hold 4 "$least"
	is "$family: least: go to instance 2" "$(field flows)" "4 4"
	check "$family: four more" hold 4 "$least"
	is "$family: least: are divided" "$(field flows)" "6 6"
	check "$family: weights 3 and 1" shop "weight 3" ""
	check "$family: twelve more" hold 12 "$least"
	is "$family: least: by weight" "$(field flows)" "18 6"
	sock reset h1
	sock reset h2
	check "$family: a closed connection is no live flow" \
		wait_until 10 field_is flows "16 6"
	check "$family: two more" hold 2 "$least"
	is "$family: least: go where room was made" "$(field flows)" "18 6"
	check "$family: flows end" ns w1 ozctl flow flush
	is "$family: no live flow is left" "$(field flows)" "0 0"
	while ((held > 2)); do
		sock reset "h$((held--))"
	done
	# Nobody accepted them: whoever listens still has them.
	sock close l0 l1 l2
	check "$family: instances listen anew" trio_listen
}

# One that another service took over is in the list until its service is set
# again: the others are chosen as without it, not its neighbour twice.
# shellcheck disable=SC2046 # words
taken_over()
{
	check "$family: three instances, the local one next" \
		shop "metric 3" "metric 2" "metric 1"
	check "$family: it is taken over" service_set w1 thief $(instance 0 \
		10.19.1.7,fc00::107 10.30.0.66,fdff::66 131.1.0.1 50103)
	shared "closest: the next nearest" 4 "$closest" "0 0 4"
	shared "least: is divided among the others" 4 "$least" "0 2 2"
	shared "rr: the others take turns" 6 "$robin" "0 3 3"
	check "$family: without the other" ns w1 ozctl service del thief
}

# The one instance that got all connections of the last split, or nothing.
the_one()
{
	local i one='' all=$1

	for i in "${!got[@]}"; do
		((got[i] == all)) && one=$i
	done
	echo "$one"
}

# rr alone would take turns, least would divide.
by_client()
{
	local mine other short

	affinity="affinity 60000"
	check "$family: an affinity of a minute" shop "" ""
	split 6 "$robin"
	mine=$(the_one 6)
	check "$family: affinity: one instance gets all: ${got[*]}" \
		test -n "$mine"
	other=$((3 - mine))
	split 6 "$least"
	is "$family: affinity: by another address, too" "$(the_one 6)" "$mine"
	if ((mine == 1)); then
		check "$family: it drains" shop draining ""
	else
		check "$family: it drains" shop "" draining
	fi
	split 6 "$robin"
	is "$family: affinity: then the other gets all" "$(the_one 6)" "$other"
	check "$family: it drains no longer" shop "" ""
	split 6 "$robin"
	is "$family: affinity: the other keeps the client" "$(the_one 6)" \
		"$other"
	like "$family: it is shown" "$(ns w1 ozctl service show shop)" \
		"clients keep their instance for 1 min"

	# Both packets within it, however slow the kernel is.
	short=$(size 1 3)
	affinity="affinity ${short}000"
	check "$family: an affinity of $short s" shop "" ""
	ozp_pause "$short.3"
	split 2 "$robin"
	mine=$(the_one 2)
	ozp_pause "$short.3"
	split 2 "$robin"
	other=$(the_one 2)
	is "$family: affinity: it times out, and the next has its turn" \
		"$mine $other" "$mine $((3 - mine))"
	affinity=''
}

sock_start
check "three workers, a client, three instances" trio_up
for family in 4 6; do
	port=20000
	use_family "$family"
	check "$family: instances listen" trio_listen
	local_first
	by_metric
	by_measure
	by_load
	taken_over
	by_client
	sock close l0 l1 l2
done
tap_done
