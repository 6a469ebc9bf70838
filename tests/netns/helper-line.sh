#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A helper far away from its broker: with a cluster that answers 25 questions a
# second everything is found, and is not asked for more often than that; what a
# container waits for goes before what is asked again. Over a line that takes two
# seconds there and back, and loses three packets of ten, it takes longer, and
# that is all.
#
# The topology is that of helper.bash.
#
# kernels: 6.12 debug
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"

need busybox curl gojq mosquitto ozctl ozproxyd python3 tc
need_modules sch_netem

number=$(size 200 100)

# An emulated machine can be silent for longer than half a second: that is no
# reason to ask again here.
begin()
{
	local jobs

	many_jobs "$number" && world && cloud_add plain && broker_start &&
		cluster_up "$OZP_TMP/many.json" && many_addresses 20 &&
		hosts w1 client && device_up w1 miss-limit 512 \
			miss-source-limit 512 miss-packets 1024 \
			miss-source-packets 1024 || return 1
	cluster put "$(cluster_job shop 10.30.1.30 fdff:2000::30 "$shop0")" &&
		helper_start w1 --query-timeout 30000 --query-retry 2000 \
			--refresh-interval 10000 --idle-timeout 600000 &&
		mapfile -t jobs < <(jq -c '.[]' "$OZP_TMP/jobs.json") &&
		table "$OZP_TMP/w2.json" "${jobs[@]}" &&
		helper_run w2 --table "$OZP_TMP/w2.json" &&
		wait_until 60 knows w2 "j$((number - 1))" &&
		wait_until 20 knows w1 client
}

visitor()
{
	bg "$1" python3 -SEB "${BASH_SOURCE[0]%/*}/visitor.py" "${@:2}"
}

all_arrived()
{
	grep -q "^distinct $number " "$OZP_TMP/bg.$server"
}

slow_cluster()
{
	visitor s0 serve 80
	server=$BG_PID
	wait_listen s0 tcp 80
	cluster pace 0.04
	cluster_mark
	visitor c spray 10.30.16.0 "$number" 80 10.19.1.3
	check "a slow cluster is asked for $number services: each packet arrives" \
		wait_until 60 all_arrived
	check "it was hardly asked for one twice" cluster_counts_most \
		$((number * 5 / 4)) 'query w1 sip .*'
	cluster_mark
	check "all of that is asked again" wait_until 30 cluster_saw \
		'query w1 sname j.*'
	sock udp u c 10.19.1.3 4000
	sock udp v s0 10.21.0.1 53
	sock send u ask 10.30.1.30 53
	is "what somebody waits for is found meanwhile" "$(sock receive v)" \
		"10.30.0.2 4000 ask"
	check "nothing was given up" test "$(helper_json w1 \
		.counters.unanswered)" == 0
	cluster pace 0
	helper_stop w1
	bg_stop "$server"
}

# On the broker's side: what the workers say to each other is not met. What is
# lost is what comes from there, acknowledgements included.
worse_line()
{
	ns cluster tc qdisc add dev un0 root netem delay 1s loss 30% limit 10000 &&
		ns underlay tc qdisc add dev u-cluster root netem delay 1s
}

good_line()
{
	ns cluster tc qdisc del dev un0 root &&
		ns underlay tc qdisc del dev u-cluster root
}

bad_line()
{
	web s0 10.21.0.1
	web s1 10.21.0.2
	nip w1 link del oz0
	rm -f "$OZP_TMP/w1/table.json"
	check "the line gets bad" worse_line
	# What the other one wanted nobody is there for any more.
	cluster forget
	cluster_mark
	check "another helper starts" helper_start w1 --idle-timeout 3000
	check "it is connected after a while" wait_until 60 is_connected w1
	check "a service is found" wait_until 90 is_found
	# shellcheck disable=SC2086 # words
	cluster deploy shop $shop1
	check "what changes is heard of" wait_until 90 has_changed
	check "unused it goes" wait_until 60 lacks w1 shop
	check "with its interest" wait_until 60 no_interest w1 shop
	# Until it is found it may be let go more than once.
	is "each was removed once" "$(cluster_counts 'remove w1 shop')" \
		"$(cluster_counts 'interest w1 shop')"
	check "the line is good again" good_line
	check "and it is found anew" wait_until 30 is_found
}

# A packet that is refused, as the answer takes too long, is sent again.
is_found()
{
	fetch c 10.30.1.30 | grep -qx 's[01]'
}

# It is used meanwhile.
has_changed()
{
	is_found
	has_instances w1 shop 2
}

check "two workers, their helpers and a cluster far away" begin || tap_done
sock_start
slow_cluster
bad_line
no_cluster_errors
helpers_said_no_error
tap_done
