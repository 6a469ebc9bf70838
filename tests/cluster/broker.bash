# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# A broker (mosquitto) and a cluster (cluster.py) for tests and for the
# demonstration. Source it after tests/lib/tap.sh.
#
#   broker_files ADDRESS [tls|password]   writes what the broker reads, for a
#                            listener on ADDRESS, port 10003; with tls: keys in
#                            $OZP_TMP/tls, clients must have certificates
#   broker_run CMD…          runs the broker through CMD… (ns NAME, or nothing)
#                            in the background, returns once it listens: sets
#                            $BROKER_PID; its words go to $broker_log
#   broker_end               ends it, and waits for that
#   cluster_start TABLE CMD… runs the stand-in through CMD…; returns when it is
#                            connected
#   cluster COMMAND…         one command of cluster.py: prints its answer, fails
#                            when it answers with an error
#   cluster_end              ends it
#   cluster_log [REGEX]      what happened, without times, that matches all of a
#                            line
#   cluster_counts REGEX     how many lines
#   cluster_counts_most N REGEX   whether these are N or fewer
#   cluster_saw REGEX        for wait_until
#   cluster_job JOB ADDR4 ADDR6 INSTANCE…   prints a table-query result, one
#                            line; INSTANCE
#                            is "N NODE PORT NS4 NS6 IP4 IP6", one word
#   cluster_table RESULT…    prints a table of them
#   cluster_mark             from here on: forget the lines so far

# Python's libraries are Debian's.
cluster_python=/usr/bin/python3
broker_log=$OZP_TMP/broker.log
cluster_lines=$OZP_TMP/cluster.log
cluster_from=1
broker_host=''
broker_tls=''

# One key a role; the server's name is its address, as clusters are told to
# workers by address.
broker_keys()
{
	local dir=$OZP_TMP/tls role

	mkdir -p "$dir"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-nodes -days 2 -subj /CN=ozproxy-test-ca \
		-keyout "$dir/ca.key" -out "$dir/ca.crt" 2>"$dir/log" || return 1
	for role in server other client; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
			-nodes -subj "/CN=$role" -keyout "$dir/$role.key" \
			-out "$dir/$role.csr" 2>>"$dir/log" &&
			openssl x509 -req -days 2 -in "$dir/$role.csr" \
				-CA "$dir/ca.crt" -CAkey "$dir/ca.key" \
				-CAcreateserial -out "$dir/$role.crt" -extfile \
				<(echo "subjectAltName=$(broker_name "$role" "$1")") \
				2>>"$dir/log" || return 1
	done
}

broker_name()
{
	case $1 in
	server) echo "IP:$2" ;;
	*) echo "DNS:$1.example" ;;
	esac
}

broker_files()
{
	local certificate=server

	broker_host=$1 broker_tls=''
	cat >"$OZP_TMP/broker.conf" <<-END
		listener 10003 $1
		user root
		allow_anonymous true
		log_dest file $broker_log
		log_type all
		connection_messages true
		max_queued_messages 0
		max_inflight_messages 0
	END
	: >>"$broker_log"
	case ${2:-} in
	tls | tls-other)
		broker_tls=1
		[[ -e $OZP_TMP/tls/client.crt ]] || broker_keys "$1" || return 1
		[[ $2 == tls ]] || certificate=other
		cat >>"$OZP_TMP/broker.conf" <<-END
			cafile $OZP_TMP/tls/ca.crt
			certfile $OZP_TMP/tls/$certificate.crt
			keyfile $OZP_TMP/tls/$certificate.key
			require_certificate true
		END
		;;
	password)
		mosquitto_passwd -b -c "$OZP_TMP/passwords" worker secret &&
			mosquitto_passwd -b "$OZP_TMP/passwords" cluster secret ||
			return 1
		sed -i 's/^allow_anonymous.*/allow_anonymous false/' \
			"$OZP_TMP/broker.conf"
		echo "password_file $OZP_TMP/passwords" >>"$OZP_TMP/broker.conf"
		;;
	esac
}

broker_run()
{
	local before

	before=$(grep -c ' running$' "$broker_log")
	"$@" mosquitto -c "$OZP_TMP/broker.conf" >>"$broker_log" 2>&1 \
		</dev/null &
	BROKER_PID=$!
	ozp_pids+=("$BROKER_PID")
	wait_until 20 broker_runs "$before" && return 0
	diag "the broker does not run: $(tail -n 5 "$broker_log")"
	return 1
}

broker_runs()
{
	(($(grep -c ' running$' "$broker_log") > $1))
}

broker_end()
{
	bg_stop "$BROKER_PID"
}

cluster_start()
{
	local table=$1 words=(--host "$broker_host" --log "$cluster_lines")
	shift

	[[ -z $broker_tls ]] || words+=(--cafile "$OZP_TMP/tls/ca.crt"
		--certfile "$OZP_TMP/tls/client.crt"
		--keyfile "$OZP_TMP/tls/client.key")
	! grep -q ^password_file "$OZP_TMP/broker.conf" ||
		words+=(--username cluster --password secret)
	: >>"$cluster_lines"
	cluster_mark
	# No coprocess: bash has one at a time, and sock.py may be that.
	[[ -p $OZP_TMP/cluster.in ]] ||
		mkfifo "$OZP_TMP/cluster.in" "$OZP_TMP/cluster.out" || return 1
	exec {cluster_to}<>"$OZP_TMP/cluster.in" \
		{cluster_from_it}<>"$OZP_TMP/cluster.out"
	"$@" "$cluster_python" -EB "${BASH_SOURCE[0]%/*}/cluster.py" \
		"${words[@]}" "$table" <&"$cluster_to" >&"$cluster_from_it" \
		2>&1 &
	cluster_pid=$!
	ozp_pids+=("$cluster_pid")
	wait_until 30 cluster_saw 'connected .*' && return 0
	diag "the cluster does not come: $(tail -n 5 "$cluster_lines")"
	return 1
}

cluster()
{
	local status rest line

	echo "$*" >&"$cluster_to"
	if ! read -r -t 90 -u "$cluster_from_it" status rest; then
		echo "cluster.py does not answer"
		return 1
	fi
	if [[ $status != ok ]]; then
		echo "$status $rest"
		timeout 1 cat <&"$cluster_from_it"
		return 1
	fi
	while ((rest--)); do
		read -r -u "$cluster_from_it" line
		echo "$line"
	done
}

cluster_end()
{
	echo quit >&"$cluster_to"
	exec {cluster_to}>&- {cluster_from_it}<&-
	wait "$cluster_pid" 2>/dev/null
	pid_forget "$cluster_pid"
}

cluster_log()
{
	tail -n "+$cluster_from" "$cluster_lines" | cut -d ' ' -f 2- |
		grep -xE -- "${1:-.*}"
}

cluster_counts()
{
	cluster_log "$1" | wc -l
}

cluster_counts_most()
{
	(($(cluster_counts "$2") <= $1))
}

cluster_saw()
{
	[[ -n $(cluster_log "$1") ]]
}

cluster_show()
{
	[[ -e $cluster_lines ]] || return 0
	diag "---- the cluster"
	diag "$(tail -n 40 "$cluster_lines")"
}
at_failure cluster_show

cluster_mark()
{
	cluster_from=$(($(wc -l <"$cluster_lines") + 1))
}

cluster_job()
{
	local job=$1 addr4=$2 addr6=$3 instance list=''
	local number node port ns4 ns6 ip4 ip6
	shift 3

	for instance; do
		read -r number node port ns4 ns6 ip4 ip6 <<<"$instance"
		printf -v instance '{"instance_number": %s, "host_ip": "%s",
			"host_port": %s, "namespace_ip": "%s",
			"namespace_ip_v6": "%s", "instance_ip": "%s",
			"instance_ip_v6": "%s", "service_ip": [
			{"IpType": "RR", "Address": "%s", "Address_v6": "%s"},
			{"IpType": "instance_ip", "Address": "%s",
			 "Address_v6": "%s"}]}' "$number" "$node" "$port" \
			"$ns4" "$ns6" "$ip4" "$ip6" "$addr4" "$addr6" "$ip4" "$ip6"
		list+="${list:+, }${instance//[$'\n\t']/}"
	done
	printf '{"app_name": "%s", "instance_list": [%s]}\n' "$job" "$list"
}

cluster_table()
{
	local result text=''

	for result; do
		text+="${text:+,
}$result"
	done
	echo "[$text]"
}
