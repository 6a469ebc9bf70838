#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Jobs change while they are used: a connection that is idle for longer than the
# interest lives comes back to its instance; an instance migrates during a
# download; answers come late, twice, in the wrong order, or are nonsense, and
# nothing worse than waiting comes of it.
#
# The topology is that of helper.bash, and a third worker, w3 131.1.0.3, where s0
# migrates to. Idle time is 3 seconds.
#
# kernels: 6.12 debug
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"

need gojq mosquitto ozctl ozproxyd

begin()
{
	world && worker_add w3 && underlay_join w3 131.1.0.3/24 &&
		cloud_add plain && broker_start || return 1
	cluster_table "$(cluster_job client 10.30.0.1 fdff:2000::1 "$client")" \
		"$(cluster_job shop 10.30.1.30 fdff:2000::30 "$shop0" "$shop1")" \
		>"$OZP_TMP/table.json"
	cluster_up "$OZP_TMP/table.json" && hosts w1 client && hosts w2 shop &&
		helper_start w1 --idle-timeout 3000 --query-timeout 2000 &&
		helper_start w2 --idle-timeout 3000 &&
		hosts w3 +shop && helper_start w3 --idle-timeout 3000 &&
		wait_until 10 knows w1 client && wait_until 10 knows w2 shop &&
		sock_start
}

removed()
{
	cluster_saw "remove $1 $2"
}

flow_of()
{
	flow_find w1 ".[] | select(.\"source-port\" == $1) | .instance"
}

# Two instances: the one that has the connection has to be found again.
idle_connection()
{
	local name="an idle connection" before

	sock listen l0 s0 10.21.0.1 80
	sock listen l1 s1 10.21.0.2 80
	sock split 2 c 10.19.1.3 4000 10.30.1.30 80 l0 l1 >"$OZP_TMP/split"
	is "$name: both instances serve" "$(<"$OZP_TMP/split")" $'l0 1\nl1 1'
	check "$name: begins" sock connect k c 10.19.1.3 5000 10.30.1.30 80
	before=$(flow_of 5000)
	check "$name: is accepted" sock accept a "l$before"
	check "$name: works" sock echo k a
	cluster_mark
	check "$name: its interest is removed" wait_until 30 removed w1 shop
	check "$name: and the entry" wait_until 10 lacks w1 shop
	check "$name: of the other side, too" wait_until 30 removed w2 client
	check "$name: goes on" sock echo k a
	check "$name: its interest is there again" has_interest w1 shop
	is "$name: it is at the same instance" "$(flow_of 5000)" "$before"
	sock reset k
	sock close a l0 l1
}

# s0 goes to w3 as it is, with its addresses and its connections.
move_container()
{
	nip s0 link del eth0
	nip w2 route del 10.21.0.1/32 dev br0
	nip w2 route del fc00::201/128 dev br0
	nip w3 -batch - <<-END
		link add c-s0 type veth peer name eth0 netns $(ns_name s0)
		link set c-s0 master br0 up
		route add 10.21.0.1/32 dev br0
		route add fc00::201/128 dev br0
	END
	nip s0 -batch - <<-END
		link set eth0 up
		address add 10.21.0.1/26 dev eth0
		address add fc00::201/120 dev eth0 nodad
		route add default via $GATEWAY4 dev eth0 onlink
		route add default via $GATEWAY6 dev eth0
	END
}

migration()
{
	local name="a migration"

	cluster put "$(cluster_job shop 10.30.1.30 fdff:2000::30 "$shop0")"
	check "$name: one instance" wait_until 10 has_instances w2 shop 1
	sock listen l0 s0 10.21.0.1 80
	check "$name: a download" sock connect k c 10.19.1.3 5001 10.30.1.30 80
	check "$name: is accepted" sock accept a l0
	# It lasts until the other worker has the container.
	sock_send bulk a k 500000 "$OZP_TMP/moved"
	check "$name: another worker" move_container
	check "$name: is announced" cluster move shop 0 131.1.0.3 50103 \
		10.21.0.1 fc00::201
	check "$name: w1 knows" wait_until 10 lives_at w1 131.1.0.3
	check "$name: w3 knows" wait_until 10 lives_at w3 131.1.0.3
	: >"$OZP_TMP/moved"
	check "$name: the download is whole" sock_answer
	check "$name: the connection is well" sock echo k a
	check "$name: w2 hosts nothing any more" wait_until 10 no_local w2
	sock reset k
	sock close a l0
}

no_local()
{
	[[ $(helper_json "$1" '[.jobs[] | select(.kind == "local")] | length') \
		== 0 ]]
}

lives_at()
{
	ns "$1" ozctl -j service show shop | grep -qF "\"$2\""
}

forget_shop()
{
	wait_until 30 lacks w1 shop
}

late_answer()
{
	local name="an answer after the time-out"

	check "$name: nothing is known" forget_shop
	cluster_mark
	cluster delay 3
	sock udp u c 10.19.1.3 4000
	sock udp v s0 10.21.0.1 80
	sock send u first 10.30.1.30 80
	check "$name: the query was repeated" wait_until 10 queries_are 3
	check "$name: the entry comes all the same" wait_until 20 knows w1 shop
	cluster delay 0
	sock send u second 10.30.1.30 80
	like "$name: what is sent then arrives" "$(sock receive v)" \
		'^10\.30\.0\.2 4000 (first|second)$'
	sock close u v
}

queries_are()
{
	(($(cluster_counts 'query w1 sip 10\.30\.1\.30') >= $1))
}

twice_and_reordered()
{
	local name="answers twice and the last one first" i

	check "$name: the job is to be known from now on" ns w1 ozctl local \
		add shop socket "$OZP_TMP/w1/socket"
	check "$name: it is" wait_until 10 has_instances w1 shop 1
	cluster repeat 3
	cluster notify shop DEPLOYMENT 3
	check "$name: every answer three times" wait_until 10 knows w1 shop
	cluster repeat 1
	cluster hold
	for i in 2 1 2 1 2; do
		cluster move shop 0 131.1.0.3 50103 "10.21.0.$i" "fc00::20$i"
	done
	cluster release reverse
	check "$name: the last state wins" wait_until 20 lives_at w1 10.21.0.2
	check "$name: on both" wait_until 20 lives_at w3 10.21.0.2
	cluster move shop 0 131.1.0.3 50103 10.21.0.1 fc00::201
	check "$name: and so does the next one" wait_until 20 lives_at w1 10.21.0.1
}

# Of each kind: the answer that comes instead of the one about a second instance
# does no harm, the question is repeated, and the service works.
nonsense()
{
	local kind port=4100

	helper_mark w1
	sock udp v s0 10.21.0.1 81
	for kind in $(cluster kinds); do
		cluster_mark
		cluster malformed "$kind" 1 w1
		# shellcheck disable=SC2086 # words
		cluster deploy shop $shop1
		check "nonsense: $kind: the right answer comes" wait_until 10 \
			has_instances w1 shop 2
		check "nonsense: $kind: after the wrong one" \
			cluster_saw "spoilt w1 $kind"
		cluster undeploy shop 1
		check "nonsense: $kind: and the next one" wait_until 10 \
			has_instances w1 shop 1
		port=$((port + 1))
		sock udp u c 10.19.1.3 "$port"
		sock send u sense 10.30.1.30 81
		is "nonsense: $kind: the service works" "$(sock receive v)" \
			"10.30.0.2 $port sense"
		sock close u
	done
	sock close v
	((port > 4105)) || tap_not_ok "nonsense: there are kinds of it"
	refuse "nonsense: no other job came in" knows w1 other.default.job.default
	is "nonsense: each reason was said once" "$(said_ignored | sort | uniq -d)" \
		""
	check "nonsense: there were some" said_several
}

said_ignored()
{
	tail -n "+${helper_from[w1]}" "$OZP_TMP/helper.w1" | grep '^<4>.*ignored$'
}

said_several()
{
	(($(said_ignored | wc -l) >= 3))
}

check "two workers, their helpers and a cluster" begin || tap_done
idle_connection
migration
late_answer
twice_and_reordered
nonsense
no_cluster_errors
helpers_said_no_error
tap_done
