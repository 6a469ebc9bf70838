# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2154 # from lib.sh, e2e.bash and broker.bash
#
# What the tests of ozproxyd share. Source it after lib.sh and e2e.bash.
#
#     w1 131.1.0.1   w2 131.1.0.2   …   cluster 131.1.9.9
#       └───────── underlay ─────────────────┘
#
# The namespace "cluster" has the broker and the cluster (tests/cluster).
#
#   cloud_add [tls|password]    that namespace, and the broker's files
#   broker_start, broker_kill   the broker there
#   cluster_up TABLE            the cluster there
#   helper_start WORKER [OPTION…]   ozproxyd there, with the broker; returns when
#                               it has said that it is ready. Its state is kept in
#                               $OZP_TMP/WORKER, its words are in helper.WORKER
#   helper_run WORKER [OPTION…] the same without a broker, and without waiting
#   helper_ready WORKER         for wait_until, or after helper_run
#   helper_stop WORKER          asks it to end, and waits
#   helper_kill WORKER          SIGKILL
#   helper_status WORKER [ARG…] ozproxyd --status
#   helper_json WORKER JQ       the same as JSON, through jq
#   helper_said WORKER REGEX    a line of its words; for wait_until
#   knows WORKER JOB            for wait_until: the kernel has the service

# shellcheck source-path=SCRIPTDIR source=../cluster/broker.bash
. "${BASH_SOURCE[0]%/*}/../cluster/broker.bash"

declare -A helper_pid=()

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

# The readiness comes as a datagram, as systemd would get it.
helper_run()
{
	local worker=$1 fd

	shift
	mkdir -p "$OZP_TMP/$worker"
	: >"$OZP_TMP/$worker/config"
	exec {fd}>>"$OZP_TMP/helper.$worker"
	nsenter "--net=/run/netns/$(ns_name "$worker")" -- ozproxyd \
		--config "$OZP_TMP/$worker/config" \
		--state-dir "$OZP_TMP/$worker" \
		--status-socket "$OZP_TMP/$worker/socket" \
		"$@" >&"$fd" 2>&1 </dev/null &
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

helper_said()
{
	grep -qE -- "$2" "$OZP_TMP/helper.$1"
}

# Without jq, as this is asked again and again.
knows()
{
	ns "$1" ozctl -j service show "$2" | grep -qF "\"$2\""
}
