#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The broker goes and comes: not there when the helpers start, killed in the
# middle of a transfer, there again; then the cluster forgets every interest,
# as after a restart with an empty database. Containers notice nothing of it
# that they need not.
#
# The topology is that of helper.bash.
#
# kernels: 6.12 debug
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"

need gojq mosquitto mosquitto_sub ozctl ozproxyd

other="0 131.1.0.2 50103 10.21.0.2 fc00::202 10.30.0.9 fdff::9"

begin()
{
	local worker

	world && cloud_add plain && table "$OZP_TMP/table.json" "$(
		cluster_job other 10.30.1.40 fdff:2000::40 "$other")" &&
		hosts w1 client && hosts w2 shop other || return 1
	# What they knew of their own when they were shut down.
	cluster_table "$(cluster_job client 10.30.0.1 fdff:2000::1 "$client")" \
		>"$OZP_TMP/w1/table.json"
	cluster_table "$(cluster_job shop 10.30.1.30 fdff:2000::30 "$shop0")" \
		"$(cluster_job other 10.30.1.40 fdff:2000::40 "$other")" \
		>"$OZP_TMP/w2/table.json"
	for worker in w1 w2; do
		helper_start "$worker" --refresh-interval 2000 \
			--query-timeout 120000 || return 1
	done
	sock_start
}

# A packet waits from before there is a broker until after.
no_broker_at_first()
{
	is "they run without a broker" "$(helper_json w1 .broker.connected)" \
		false
	check "what was saved is served" wait_until 10 knows w1 client
	check "on both workers" wait_until 10 knows w2 shop
	sock udp u c 10.19.1.3 4000
	sock udp v s0 10.21.0.1 80
	sock send u waits 10.30.1.30 80
	check "a broker comes" broker_start
	check "and a cluster" cluster_up "$OZP_TMP/table.json"
	check "w1 connects" wait_until 20 is_connected w1
	check "w2 connects" wait_until 20 is_connected w2
	check "and asks for what it hosts" wait_until 10 has_interest w2 shop
	is "the packet that waited arrives" "$(sock receive v)" \
		"10.30.0.2 4000 waits"
	sock close u v
}

transfer()
{
	sock listen l s0 10.21.0.1 81
	check "a connection" sock connect k c 10.19.1.3 5000 10.30.1.30 81
	check "is accepted" sock accept a l
	sock_send bulk k a 6000000
	check "the broker is killed" broker_kill
	check "both helpers see it" wait_until 20 is_connected w1 false
	check "the transfer goes on" sock_answer
	check "a new connection to a known service" \
		sock connect k2 c 10.19.1.3 5001 10.30.1.30 81
	check "is accepted, too" sock accept a2 l
	sock udp u c 10.19.1.3 4001
	sock udp v s1 10.21.0.2 80
	sock send u unknown 10.30.1.40 80
	sock_send bulk k a 6000000
	check "the broker is there again" broker_start
	check "the transfer went on" sock_answer
	check "w1 is connected" wait_until 20 is_connected w1
	check "the unknown address was asked for" wait_until 20 cluster_saw \
		"query w1 sip 10\.30\.1\.40"
	is "and what waited for it arrives" "$(sock receive v)" \
		"10.30.0.2 4001 unknown"
	check "the first connection is well" sock echo k a
	check "the second one is" sock echo k2 a2
	sock close u v k2 a2
}

# What a broker without a memory lost is made up for.
subscriptions()
{
	# shellcheck disable=SC2086 # words
	check "a second instance" cluster deploy shop $shop1
	check "w1 is told of updates again" wait_until 20 has_instances w1 shop 2
	check "an instance goes" cluster undeploy shop 1
	check "and so each time" wait_until 20 has_instances w1 shop 1
}

empty_database()
{
	cluster_mark
	check "the cluster forgets all interests" cluster forget
	check "the hosted one of w1 is there again" \
		wait_until 20 has_interest w1 client
	check "the hosted one of w2 is" wait_until 20 has_interest w2 shop
	check "the connection is well" sock echo k a
	check "the used one of w1 is" wait_until 20 has_interest w1 shop
	check "the connection is still well" sock echo k a
	is "none was removed without being there" "$(cluster errors)" ""
	sock close k a l
}

# A card that was copied, or a second helper: the broker has room for one of a name.
same_name()
{
	helper_mark w1
	bg w2 mosquitto_sub -h 131.1.9.9 -p 10003 -i w1-ozproxyd -t nothing
	check "two clients of one name: it is told" wait_until 60 helper_said \
		w1 '^<4>.*is there another client called w1-ozproxyd'
	bg_stop "$BG_PID"
	check "the other one goes: w1 stays connected" wait_until 30 \
		is_connected w1
	# shellcheck disable=SC2086 # words
	check "and is told of updates" cluster deploy shop $shop1
	check "which it gets" wait_until 20 has_instances w1 shop 2
}

check "two workers, and helpers without a broker" begin || tap_done
no_broker_at_first
transfer
subscriptions
empty_database
same_name
no_cluster_errors
check "the session of a client outlives its connection" grep -qE \
	'as w1-ozproxyd \(p[0-9], c0, ' "$broker_log"
helpers_said_no_error
tap_done
