# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2154 # from the other files
#
# The life of an interest, as the walkthrough's last part tells it. Source it after
# helper.bash, whose topology it has.
#
#   story_begin [tls]   two workers, their helpers, and a cluster
#   story               all that happens, checked on the broker's log and the
#                       cluster's; then shop is in use nowhere, and s1 has it

# Milliseconds; what is looked at while it is in use has to be found in less.
idle=5000

story_begin()
{
	world && cloud_add "${1:-plain}" && broker_start &&
		table "$OZP_TMP/table.json" &&
		cluster_up "$OZP_TMP/table.json" && hosts w1 client &&
		hosts w2 shop && helper_start w1 --idle-timeout "$idle" &&
		helper_start w2 --idle-timeout "$idle" &&
		wait_until 20 knows w1 client && wait_until 20 knows w2 shop &&
		web s0 10.21.0.1 fc00::201 && web s1 10.21.0.2 fc00::202
}

# What happened between a worker and the cluster about a job, a word each.
happened()
{
	cluster_log ".* $1 (.* )?($2|$3|$4)( .*)?" | cut -d ' ' -f 1 |
		grep -v answer | xargs
}

hosted()
{
	is "hosted jobs are interests" "$(cluster interests | xargs)" \
		"w1 client w2 shop"
	check "they are subscribed to" subscribed w1 client
	check "on both workers" subscribed w2 shop
	is "nothing else is known" "$(instances w1 shop)" ""
}

# first_fetch NAME ADDRESS
first_fetch()
{
	local name=$1

	cluster_mark
	is "$name: a page of an unknown address" "$(fetch c "$2")" s0
	is "$name: a query, and with it an interest" \
		"$(happened w1 shop "$2" -)" "query interest"
	check "$name: the query is by address" cluster_saw "query w1 sip $2"
	check "$name: its updates are subscribed to" subscribed w1 shop
	check "$name: the other side asked who we are" cluster_saw \
		"query w2 sip (10\.30\.0\.2|fdff::2)"
	is "$name: interests" "$(cluster interests | xargs)" \
		"w1 client w1 shop w2 client w2 shop"
}

update()
{
	cluster_mark
	# Whatever the checks before it took, it is in use.
	fetch c 10.30.1.30 >"$OZP_TMP/page"
	# shellcheck disable=SC2086 # words
	check "a second instance" cluster deploy shop $shop1
	check "it is in the table" wait_until 10 has_instances w1 shop 2
	check "by a query by name" cluster_saw "query w1 sname shop"
	check "the worker that hosts it has it, too" \
		wait_until 10 has_instances w2 shop 2
	cluster_mark
	cluster notify shop DEPLOYMENT 20
	check "twenty announcements, and an instance goes" \
		cluster undeploy shop 0
	check "it is gone from the table" wait_until 10 has_instances w1 shop 1
	check "by few queries" cluster_counts_most 10 "query w1 sname shop"
	is "and the other one is used" "$(fetch c 10.30.1.30)" s1
}

removed()
{
	cluster_saw "remove $1 $2"
}

idle()
{
	cluster_mark
	check "unused, the interest is removed" wait_until 20 removed w1 shop
	check "the table entry is gone" wait_until 10 lacks w1 shop
	check "so is the subscription" wait_until 10 unsubscribed w1 shop
	check "the other side removes its own" wait_until 20 removed w2 client
	check "and its entry" wait_until 10 lacks w2 client
	is "what is hosted stays" "$(cluster interests | xargs)" \
		"w1 client w2 shop"
	check "in the table" knows w1 client
	check "of both" knows w2 shop
	refuse "and on the broker" unsubscribed w1 client
}

again()
{
	cluster_mark
	is "after that, the same address" "$(fetch c 10.30.1.30)" s1
	is "is a query and an interest again" \
		"$(happened w1 shop 10.30.1.30 -)" "query interest"
	check "which ends" wait_until 20 removed w1 shop
	check "on both workers" wait_until 20 removed w2 client
	# On a slow machine a late packet of a closed connection registers anew.
	is "once a registration: w1" "$(cluster_counts 'remove w1 shop')" \
		"$(cluster_counts 'interest w1 shop')"
	is "once a registration: w2" "$(cluster_counts 'remove w2 client')" \
		"$(cluster_counts 'interest w2 client')"
}

# promises TOPIC: how often w1's words may arrive, on the broker's log
promises()
{
	grep -oE "Received PUBLISH from w1-ozproxyd \(d[0-9], q[0-9], .*/net/$1'" \
		"$broker_log" | grep -oE 'q[0-9]' | sort -u | xargs
}

status()
{
	like "status says that the broker is there" "$(helper_status w1)" \
		'broker +131\.1\.9\.9[^,]*, connected'
	is "and so in JSON" "$(helper_json w1 '.broker.connected')" true
	is "what is local" "$(helper_json w1 \
		'.jobs[] | select(.name == "client") | .kind')" local
	is "and why another job is there" "$(helper_json w1 \
		'.jobs[] | select(.name == "shop") | [.kind, .registered] |
			join(" ")')" "interest true"
}

story()
{
	hosted
	first_fetch IPv4 10.30.1.30
	update
	status
	idle
	cluster put "$(cluster_job shop 10.30.1.30 fdff:2000::30 "$shop0")"
	first_fetch IPv6 fdff:2000::30
	cluster put "$(cluster_job shop 10.30.1.30 fdff:2000::30 "$shop1")"
	check "IPv6: unused, too, it goes" wait_until 20 no_interest w1 shop
	check "on both workers" wait_until 20 no_interest w2 client
	again
	is "no query is repeated by the library" "$(promises tablequery/request)" q0
	is "and a removal gets there once" "$(promises interest/remove)" q2
}
