#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# What an operator sets by hand is the operator's: a helper, and the next one,
# neither asks for it nor takes it away, with a broker or with a file; one that
# has the name of a job stays as it was set until it is deleted. What a helper of
# before left is not.
#
# The topology is that of helper.bash; s2 10.21.0.3 is at w2, too, and no job of
# the cluster.
#
# kernels: 6.12 debug
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"

need busybox curl gojq mosquitto ozctl ozproxyd

idle=2000

begin()
{
	world && container_add w2 s2 10.21.0.3/26 fc00::203/120 &&
		cloud_add plain && broker_start && table "$OZP_TMP/table.json" &&
		cluster_up "$OZP_TMP/table.json" && hosts w1 client +shop &&
		hosts w2 shop && helper_start w1 --idle-timeout "$idle" \
			--refresh-interval 1000 && helper_start w2 &&
		wait_until 10 knows w1 client && wait_until 10 knows w2 shop &&
		web s0 10.21.0.1 fc00::201 && web s1 10.21.0.2 fc00::202 &&
		web s2 10.21.0.3 fc00::203
}

# by_hand WORKER JOB ADDRESS NS IP: its instance 1
by_hand()
{
	ns "$1" ozctl service set "$2" address "$3" policy rr instance 1 \
		ns "$4" ip "$5" node 131.1.0.2 port 50103
}

# So often the cluster has been asked for what is known since the mark.
asked_often()
{
	(($(cluster_counts 'query w1 sname client') >= 6))
}

origin_of()
{
	ns w1 ozctl -j service show "$1" | jq '.[0].origin'
}

a_name_of_his_own()
{
	local monitor

	check "an entry by hand" by_hand w1 own 10.30.9.9 10.21.0.3 10.30.0.9
	check "on each worker" by_hand w2 own 10.30.9.9 10.21.0.3 10.30.0.9
	is "it works" "$(fetch c 10.30.9.9)" s2
	is "its origin is told" "$(origin_of own)" 0
	is "as is that of a helper" "$(origin_of client)" 1
	like "in words, too" "$(ns w1 ozctl service show client)" \
		'set by ozproxyd'
	helper_kill w1
	cluster_mark
	check "another helper" helper_start w1 --idle-timeout "$idle" \
		--refresh-interval 1000
	bg w1 ozctl monitor
	monitor=$BG_PID
	check "asks for what the one before it had" wait_until 30 asked_often
	is "and not for this" "$(cluster_counts 'query w1 sname own')" 0
	check "it is there" knows w1 own
	fetch c 10.30.9.9 >"$OZP_TMP/page"
	check "nobody uses it" wait_until 20 idle_is_told "$monitor" own
	bg_stop "$monitor"
	is "it is there all the same" "$(fetch c 10.30.9.9)" s2
}

idle_is_told()
{
	grep -q "^idle: $2," "$OZP_TMP/bg.$1"
}

the_name_of_a_job()
{
	is "a job of the cluster" "$(fetch c 10.30.1.30)" s0
	# shellcheck disable=SC2086 # words
	check "it has a second instance" cluster deploy shop $shop1
	check "on its worker" wait_until 10 has_instances w2 shop 2
	helper_mark w1
	check "an operator wants only that" by_hand w1 shop 10.30.1.30 \
		10.21.0.2 10.30.0.7
	check "which the helper says" wait_until 10 helper_said w1 \
		'shop: set by somebody else'
	cluster_mark
	check "the cluster says something new" cluster notify shop DEPLOYMENT
	check "the helper asks for it" wait_until 10 cluster_saw \
		'query w1 sname shop'
	check "and has the answer" wait_until 10 helper_has w1 shop 2
	is "what was set stays" "$(instances w1 shop)" 1
	is "and works" "$(fetch c 10.30.1.30)" s1
	is "status says whose it is" "$(helper_json w1 \
		'.jobs[] | select(.name == "shop") | .foreign')" true
	check "it is deleted" ns w1 ozctl service del shop
	check "the cluster's is there" wait_until 10 has_instances w1 shop 2
}

helper_has()
{
	[[ $(helper_json "$1" ".jobs[] | select(.name == \"$2\") | .instances") \
		== "$3" ]]
}

beside_a_file()
{
	helper_stop w1
	table "$OZP_TMP/w1.json"
	helper_run w1 --table "$OZP_TMP/w1.json"
	check "a helper with a file" wait_until 20 has_instances w1 shop 1
	check "what was set by hand is there" knows w1 own
	echo '[]' >"$OZP_TMP/w1.json"
	check "the file is empty: its jobs go" wait_until 10 lacks w1 shop
	check "what was set by hand stays" knows w1 own
	helper_kill w1
	table "$OZP_TMP/w1.json"
	helper_run w1 --table "$OZP_TMP/w1.json"
	check "another one" wait_until 20 knows w1 client
	is "it stays" "$(fetch c 10.30.9.9)" s2
	helper_stop w1
}

check "two workers, their helpers and a cluster" begin || tap_done
a_name_of_his_own
the_name_of_a_job
beside_a_file
no_cluster_errors
helpers_said_no_error
tap_done
