# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # from and for the other files
#
# What the tests of ozproxyd share. Source it after lib.sh and e2e.bash.
#
#   c 10.19.1.3 fc00::103     s0 10.21.0.1 fc00::201   s1 10.21.0.2 fc00::202
#       │                         └─────────┬─────────────┘
#   w1 131.1.0.1               w2 131.1.0.2          cluster 131.1.9.9
#       └───────── underlay ────────┴────────────────────┘
#
#   client (instance 0 is c): 10.30.0.1 fdff:2000::1, Instance IP 10.30.0.2 fdff::2
#   shop (0 is s0, 1 is s1): 10.30.1.30 fdff:2000::30, 10.30.0.6 and .7, fdff::6
#   and ::7
#
# The namespace "cluster" has the broker and the cluster (tests/cluster).
#
#   world                       the two workers and their containers
#   $client, $shop0, $shop1     words of the three instances for cluster_job
#   table FILE [RESULT…]        writes client, shop with instance 0, and more
#   cloud_add [tls|password]    that namespace, and the broker's files
#   broker_start, broker_kill   the broker there
#   cluster_up TABLE            the cluster there
#   hosts WORKER JOB…           the helper there is to know that it has them; for a
#                               minute, if nobody says so, and for good with +JOB
#   helper_start WORKER [OPTION…]   ozproxyd there, with the broker; returns when
#                               it has said that it is ready. Its state is kept in
#                               $OZP_TMP/WORKER, its words are in helper.WORKER
#   helper_run WORKER [OPTION…] the same without a broker, and without waiting
#   helper_ready WORKER         for wait_until, or after helper_run
#   helper_stop WORKER          asks it to end, and waits
#   helper_kill WORKER          SIGKILL
#   helper_status WORKER [ARG…] ozproxyd --status
#   helper_json WORKER JQ       the same as JSON, through jq
#   helper_mark WORKER          from here on: forget its words so far
#   helper_said WORKER REGEX    a line of its words since then; for wait_until
#   is_connected WORKER [false] for wait_until: to the broker, or not
#   knows WORKER JOB            for wait_until: the kernel has the service

# shellcheck source-path=SCRIPTDIR source=../cluster/broker.bash
. "${BASH_SOURCE[0]%/*}/../cluster/broker.bash"

declare -A helper_pid=() helper_from=()
client="0 131.1.0.1 50103 10.19.1.3 fc00::103 10.30.0.2 fdff::2"
shop0="0 131.1.0.2 50103 10.21.0.1 fc00::201 10.30.0.6 fdff::6"
shop1="1 131.1.0.2 50103 10.21.0.2 fc00::202 10.30.0.7 fdff::7"

world()
{
	worker_add w1 && underlay_join w1 131.1.0.1/24 &&
		worker_add w2 && underlay_join w2 131.1.0.2/24 &&
		container_add w1 c 10.19.1.3/26 fc00::103/120 &&
		container_add w2 s0 10.21.0.1/26 fc00::201/120 &&
		container_add w2 s1 10.21.0.2/26 fc00::202/120
}

table()
{
	local file=$1
	shift

	cluster_table "$(cluster_job client 10.30.0.1 fdff:2000::1 "$client")" \
		"$(cluster_job shop 10.30.1.30 fdff:2000::30 "$shop0")" \
		"$@" >"$file"
}

cloud_add()
{
	netns_add cluster && underlay_join cluster 131.1.9.9/24 &&
		broker_files 131.1.9.9 "$@"
}

broker_start()
{
	broker_run nsenter "--net=/run/netns/$(ns_name cluster)" --
}

# What a power cut does: nothing is said to anybody.
broker_kill()
{
	kill -9 "$BROKER_PID"
	wait "$BROKER_PID" 2>/dev/null
	pid_forget "$BROKER_PID"
}

cluster_up()
{
	cluster_start "$1" nsenter "--net=/run/netns/$(ns_name cluster)" --
}

helper_start()
{
	local worker=$1 words=(--broker "$broker_host" --node-id "$1")

	shift
	[[ -z $broker_tls ]] || words+=(--ca-file "$OZP_TMP/tls/ca.crt"
		--cert-file "$OZP_TMP/tls/client.crt"
		--key-file "$OZP_TMP/tls/client.key")
	helper_run "$worker" "${words[@]}" "$@" &&
		wait_until 20 helper_ready "$worker" && return 0
	diag "ozproxyd of $worker is not ready: $(
		tail -n 5 "$OZP_TMP/helper.$worker")"
	return 1
}

# As a helper that ran before would have left it.
hosts()
{
	local worker=$1
	shift

	mkdir -p "$OZP_TMP/$worker"
	printf '%s\n' "$@" >>"$OZP_TMP/$worker/jobs"
}

helper_run()
{
	local worker=$1 fd

	shift
	mkdir -p "$OZP_TMP/$worker"
	: >"$OZP_TMP/$worker/config"
	exec {fd}>>"$OZP_TMP/helper.$worker"
	# As systemd says it, a word begins with its priority.
	JOURNAL_STREAM=1 nsenter "--net=/run/netns/$(ns_name "$worker")" -- \
		ozproxyd \
		--config "$OZP_TMP/$worker/config" \
		--state-dir "$OZP_TMP/$worker" \
		--status-socket "$OZP_TMP/$worker/socket" \
		--log-level debug "$@" >&"$fd" 2>&1 </dev/null &
	helper_pid[$worker]=$!
	exec {fd}>&-
	ozp_pids+=("$!")
	ln -sf "$OZP_TMP/helper.$worker" "$OZP_TMP/bg.$!"
}

helper_ready()
{
	ozproxyd --status -j --status-socket "$OZP_TMP/$1/socket"
}

helper_stop()
{
	bg_stop "${helper_pid[$1]}"
}

helper_kill()
{
	kill -9 "${helper_pid[$1]}"
	wait "${helper_pid[$1]}" 2>/dev/null
	pid_forget "${helper_pid[$1]}"
}

helper_status()
{
	local worker=$1

	shift
	ozproxyd --status --status-socket "$OZP_TMP/$worker/socket" "$@"
}

helper_json()
{
	helper_status "$1" -j | jq -r "$2"
}

helper_mark()
{
	helper_from[$1]=$(($(wc -l <"$OZP_TMP/helper.$1") + 1))
}

helper_said()
{
	tail -n "+${helper_from[$1]:-1}" "$OZP_TMP/helper.$1" | grep -qE -- "$2"
}

# Without jq, too.
is_connected()
{
	helper_status "$1" -j | grep -q "\"connected\": *${2:-true}"
}

# Without jq, as this is asked again and again.
knows()
{
	ns "$1" ozctl -j service show "$2" | grep -qF "\"$2\""
}

# ---- what the tests ask

# web NAME ADDRESS…: a page in a container, that says its name
web()
{
	local name=$1 address
	shift

	mkdir -p "$OZP_TMP/www.$name"
	echo "$name" >"$OZP_TMP/www.$name/index.html"
	for address; do
		[[ $address != *:* ]] || address="[$address]"
		bg "$name" busybox httpd -f -p "$address:80" -h "$OZP_TMP/www.$name"
	done
	wait_listen "$name" tcp 80
}

# fetch NAME ADDRESS: the page behind an address, as the container sees it
fetch()
{
	local address=$2

	[[ $address != *:* ]] || address="[$address]"
	ns "$1" curl -gsS --max-time 30 "http://$address/" 2>&1
}

instances()
{
	local json

	json=$(ns "$1" ozctl -j service show "$2" 2>/dev/null) || return 1
	grep -o '"number":' <<<"$json" | wc -l
}

# for wait_until: the kernel has a service with so many instances
has_instances()
{
	[[ $(instances "$1" "$2") == "$3" ]]
}

lacks()
{
	! knows "$@"
}

# What the broker heard of a client: the topics it subscribed to.
subscribed()
{
	grep -q "^[0-9]*: $1-ozproxyd 1 jobs/$2/updates_available\$" \
		"$broker_log"
}

unsubscribed()
{
	grep -q "^[0-9]*: $1-ozproxyd jobs/$2/updates_available\$" "$broker_log"
}

has_interest()
{
	[[ $'\n'$(cluster interests)$'\n' == *$'\n'"$1 $2"$'\n'* ]]
}

no_interest()
{
	! has_interest "$@"
}

no_cluster_errors()
{
	is "the cluster saw no error" "$(cluster errors)" ""
}

# What no test of a helper that ran may have left in its words.
helpers_said_no_error()
{
	local worker

	for worker in "${!helper_pid[@]}"; do
		is "ozproxyd of $worker logged no error" \
			"$(grep '^<3>' "$OZP_TMP/helper.$worker")" ""
	done
}

# ---- many services (visitor.py)

# many_jobs N: $OZP_TMP/many.json has client and N jobs, $many are their names
many_jobs()
{
	mapfile -t many < <(seq -f 'j%.0f' 0 $(($1 - 1)))
	"$cluster_python" -SEB "${BASH_SOURCE[0]%/*}/visitor.py" table "$1" \
		>"$OZP_TMP/jobs.json" &&
		jq -c --argjson client "$(cluster_job client 10.30.0.1 \
			fdff:2000::1 "$client")" '. + [$client]' \
			"$OZP_TMP/jobs.json" >"$OZP_TMP/many.json"
}

# many_addresses LEN: s0 has all Namespace IPs of 10.21.16.0/LEN
many_addresses()
{
	nip w2 route add "10.21.16.0/$1" dev br0 &&
		nip s0 route add local "10.21.16.0/$1" dev lo
}
