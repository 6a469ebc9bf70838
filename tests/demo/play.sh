#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Plays the walkthrough: three workers, one Service IP, one curl. Runs as root
# in the guest (tests/demo/run starts it there). Ends with 1 when any step did
# not happen.
set -u

here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
# shellcheck source-path=SCRIPTDIR source=../netns/lib.sh
. "$here/../netns/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../netns/e2e.bash
. "$here/../netns/e2e.bash"

need column curl ip jq ozctl python3 tcpdump

answers=$OZP_TMP/answers
hello='{"message":"hello from X3"}'
url=http://10.30.1.30:30443/api/hello

# ---- the screen

if [[ -t 1 ]]; then
	bold=$'\e[1m' plain=$'\e[0m'
else
	bold='' plain=''
fi

title()
{
	local line=${1//?/─}

	printf '\n%s\n%s\n' "$bold$1$plain" "$line"
}

# A command as a person would type it in PLACE, and what it says.
show()
{
	local place=$1

	shift
	echo "  $place\$ $bold$*$plain"
	ns "$place" "$@" 2>&1 | sed 's/^/    /'
	return "${PIPESTATUS[0]}"
}

fail()
{
	printf '\nThe demonstration failed: %s\n' "$*"
	ozp_diagnose
	tap_is_done=1
	exit 1
}

# ---- the cast

place()
{
	cat <<-END
		{"instance_number": $1, "host_ip": "$2", "host_port": $3,
		 "namespace_ip": "$4", "namespace_ip_v6": "$5",
		 "instance_ip": "$6", "instance_ip_v6": "$7",
		 "service_ip": [
		  {"IpType": "RR", "Address": "$8", "Address_v6": "$9"},
		  {"IpType": "instance_ip", "Address": "$6", "Address_v6": "$7"}]}
	END
}

# Table-query results, under the address that was asked for.
write_answers()
{
	mkdir -p "$answers" "$OZP_TMP/www/api"
	cat >"$answers/10.30.0.2.json" <<-END
		{"app_name": "X.default.X1.default", "query_key": "10.30.0.2",
		 "instance_list": [
		$(place 0 131.1.0.1 50103 10.19.1.3 fc00::103 \
			10.30.0.2 fdff::2 10.30.0.1 fdff:2000::1),
		$(place 1 131.1.0.2 50103 10.19.1.6 fc00::106 \
			10.30.0.3 fdff::3 10.30.0.1 fdff:2000::1)]}
	END
	cat >"$answers/10.30.1.30.json" <<-END
		{"app_name": "X.default.X3.default", "query_key": "10.30.1.30",
		 "instance_list": [
		$(place 0 131.1.21.5 55301 10.21.0.1 fc00::15:1 \
			10.30.0.6 fdff::6 10.30.1.30 fdff:2000::30)]}
	END
	echo "$hello" >"$OZP_TMP/www/api/hello"
}

cast()
{
	worker_add w1 && worker_add w2 && worker_add w3 &&
		underlay_join w1 131.1.0.1/24 && underlay_join w2 131.1.0.2/24 &&
		underlay_join w3 131.1.21.5/24 &&
		container_add w1 x1 10.19.1.3/26 fc00::103/120 &&
		container_add w2 x1b 10.19.1.6/26 fc00::106/120 &&
		container_add w3 x3 10.21.0.1/26 fc00::15:1/120 || return 1
	# So that the one route of the picture is all there is.
	bg x3 busybox httpd -f -p 10.21.0.1:30443 -h "$OZP_TMP/www"
	wait_listen x3 tcp 30443 || return 1
	bg x3 busybox httpd -f -p '[fc00::15:1]:30443' -h "$OZP_TMP/www"
}

picture()
{
	cat <<'END'

    worker w1               worker w2               worker w3
  ┌────────────────────┐  ┌────────────────────┐  ┌────────────────────┐
  │ x1: X1, instance 0 │  │ X1, instance 1     │  │ x3: X3, instance 0 │
  │ 10.19.1.3          │  │ 10.19.1.6          │  │ 10.21.0.1          │
  │  │ eth0            │  │  │ eth0            │  │  │ eth0            │
  │ br0 ───── oz0      │  │ br0 ───── oz0      │  │ br0 ───── oz0      │
  │          un0       │  │          un0       │  │          un0       │
  └───────────┬────────┘  └───────────┬────────┘  └───────────┬────────┘
       131.1.0.1:50103         131.1.0.2:50103        131.1.21.5:55301
              └───────────── underlay ┴───────────────────────┘

Each container has a Namespace IP, the address on its eth0. Nobody calls it by
that: a service has Service IPs, and each instance has an Instance IP as well.
oz0 is the ozproxy device: it turns one kind of address into the other.

  Service IP of X3, round robin   10.30.1.30
  Instance IPs                    X1.0 10.30.0.2  X1.1 10.30.0.3  X3.0 10.30.0.6
END
}

devices()
{
	local worker

	show w1 ozctl device add oz0 && show w1 ozctl device up oz0 || return 1
	for worker in w2 w3; do
		if [[ $worker == w3 ]]; then
			show w3 ozctl device add oz0 port 55301
		else
			ns w2 ozctl device add oz0
		fi && ns "$worker" ozctl device up oz0 >"$OZP_TMP/up" || return 1
	done
	# Every worker knows what it hosts, and nothing else.
	ns w1 ozctl service load "$answers/10.30.0.2.json" &&
		ns w2 ozctl service load "$answers/10.30.0.2.json" &&
		ns w3 ozctl service load "$answers/10.30.1.30.json"
}

# ---- what the workers know

table()
{
	{
		echo "job|#|node|Ns IP|Instance IP|round robin"
		ns "$1" ozctl -j service show | jq -r '.[] | . as $service |
			.instance[] | [$service.name, .number,
			"\(.["node-ipv4"]):\(.["node-port"])",
			.["namespace-ipv4"], .["instance-ipv4"],
			($service.address[] | .ipv4 // empty)] |
			map(tostring) | join("|")'
	} | column -t -s '|' | sed 's/^/  /'
}

knows()
{
	ns "$1" ozctl -j service show | jq -e --arg job "$2" \
		'map(.name) | index($job) != null' >"$OZP_TMP/knows"
}

# ---- what tcpdump saw

captures_start()
{
	local filter='tcp port 30443' tunnel='udp port 50103 or udp port 55301'

	capture_start x1 eth0 "$OZP_TMP/x1" "$filter" &&
		capture_start w1 oz0 "$OZP_TMP/oz0" "$filter" &&
		capture_start w1 un0 "$OZP_TMP/un0" "$tunnel" &&
		capture_start x3 eth0 "$OZP_TMP/x3" "$filter"
}

captures_stop()
{
	local place

	for place in x1 oz0 un0 x3; do
		capture_stop "$OZP_TMP/$place"
	done
	/usr/bin/python3 -SEB "$here/unwrap.py" "$OZP_TMP/un0" "$OZP_TMP/inner"
}

# saw FILE FILTER: lines with the seconds since the first packet, and without the
# TCP details that tell nothing here.
saw()
{
	tcpdump -n -tt -r "$OZP_TMP/$1" "$2" 2>/dev/null |
		awk -v start="$started" '{
			$1 = sprintf("%+7.3f s ", $1 - start)
			sub(/^IP6? /, "", $2)
			sub(/, (cksum|seq|ack|win).*, length/, ", length")
			sub(/, length ([0-9]+): .*/, "")
			sub(/: HTTP.*/, "")
			print "    " $0
		}' | cut -c 1-78
}

must_see()
{
	local lines

	lines=$(saw "$1" "$2")
	[[ -n $lines ]] || fail "tcpdump saw nothing like '$2' in $1"
	head -n "${3:-1}" <<<"$lines"
}

since_start()
{
	awk -v start="$started" '/^[0-9.]+ / { $1 = sprintf("%+7.3f s ", $1 - start)
		print "    " $0 }'
}

syn='tcp[tcpflags] & (tcp-syn | tcp-ack) == tcp-syn'
syn_ack='tcp[tcpflags] & (tcp-syn | tcp-ack) == (tcp-syn | tcp-ack)'

# ---- the story

step_1()
{
	title "Step 1. X1 asks for $url"
	cat <<-END
		  An ordinary program, an ordinary request: X1 knows X3 by its Service IP and
		  nothing else. The worker routes 10.30.0.0/16 into oz0.

		  x1\$ ${bold}curl --local-port 34278 $url$plain
	END
	ns x1 curl -sS --noproxy '*' --max-time 40 --local-port 34278 "$url" \
		>"$OZP_TMP/answer" 2>&1 &
	curl_pid=$!
	ozp_pids+=("$curl_pid")
	wait_until 20 grep -q 'miss 10.30.1.30' "$OZP_TMP/bg.$helper1" ||
		fail "w1 announced no miss"
	# tcpdump writes every packet at once. Times are told from here.
	started=$(tcpdump -n -tt -c 1 -r "$OZP_TMP/x1" 2>/dev/null |
		cut -d ' ' -f 1)
	[[ -n $started ]] || fail "tcpdump saw nothing on eth0 of x1"
	printf '\n  and the first packet, on eth0 of x1:\n\n'
	must_see x1 "src 10.19.1.3 and $syn"
}

step_2()
{
	title "Step 2. A miss"
	cat <<-END
		  oz0 looks for 10.30.1.30 in its conversion table. This is the table of w1
		  as it was: it knows the services that it hosts, and X3 is not among them.

		$before

		  So the packet waits in oz0, in a short queue of that address. Nothing else
		  waits: packets to known addresses pass, and what waits is bounded. Nothing
		  is lost so far, and TCP will not have to send the packet again.

	END
	echo "  w1\$ ${bold}ozctl stats show | sed '/^in/,\$d'$plain"
	ns w1 ozctl stats show | sed '/^in/,$d; s/^/    /'
	(($(ns w1 ozctl -j stats show | jq '[.drop[]? |
		select(.reason != "multicast") | .packets] | add // 0') == 0)) ||
		fail "a packet was dropped"
}

step_3()
{
	title "Step 3. The table query"
	cat <<-END
		  Once for each address that it misses, the kernel tells whoever listens. Here
		  a loop of a few lines does (tests/demo/responder.sh); it answers from files
		  with what the cluster's broker would say.

	END
	sed -n '/^ozctl/,/^done/s/^/    │ /p' "$here/responder.sh" | expand -t 4
	echo
	wait_until 20 grep -q 'answered 10.30.1.30' "$OZP_TMP/bg.$helper1" ||
		fail "the miss of 10.30.1.30 was not answered"
	since_start <"$OZP_TMP/bg.$helper1"
}

step_4()
{
	title "Step 4. The update"
	printf '  The table of w1 after the answer: ozctl service load put X3 in.\n\n'
	table w1
	knows w1 X.default.X3.default || fail "w1 does not know X3"
}

step_5()
{
	title "Step 5. The conversion"
	cat <<-END
		  The answer lets the packet go on that waited: the round robin chooses X3's
		  only instance. Every packet of this flow is converted alike: from the
		  sender's Instance IP, to the receiver's Namespace IP.

	END
	wait "$curl_pid"
	curl_status=$?
	flow=$(show w1 ozctl flow show)
	captures_stop || fail "the captures cannot be read"
	must_see x1 "src 10.19.1.3 and $syn" 3
	printf '\n%s\n' "$flow"
	ns w1 ozctl -j flow show | jq -e 'any(
		.["source-ipv4"] == "10.19.1.3" and
		.["source-port"] == 34278 and
		.["destination-ipv4"] == "10.30.1.30" and
		.["converted-source-ipv4"] == "10.30.0.2" and
		.["converted-destination-ipv4"] == "10.21.0.1" and
		.["destination-port"] == 30443)' >"$OZP_TMP/flow" ||
		fail "w1 does not have the flow"
}

step_6()
{
	title "Step 6. UDP to 131.1.21.5:55301"
	cat <<-END
		  The converted packet is the payload of a UDP datagram from worker to worker.
		  tcpdump on un0 of w1, and the same packet without its UDP header:

	END
	must_see un0 'dst host 131.1.21.5 and dst port 55301'
	must_see inner "src 10.30.0.2 and dst 10.21.0.1 and $syn"
}

step_7()
{
	title "Step 7. GET http://10.21.0.1:30443/api/hello"
	cat <<-END
		  w3 takes it out of the datagram and has nothing to convert: 10.21.0.1 is the
		  Namespace IP of its container. tcpdump on eth0 of x3:

	END
	must_see x3 "src 10.30.0.2 and dst 10.21.0.1 and $syn"
	tcpdump -n -A -r "$OZP_TMP/x3" 'dst port 30443' 2>/dev/null |
		grep -o 'GET /.*HTTP/[0-9.]*' | sed 's/^/                /' |
		grep . || fail "x3 never saw the GET"
}

way_back()
{
	title "And back"
	cat <<-END
		  X3 answers whom it saw, 10.30.0.2. Its worker does not know that Instance IP,
		  so w3 walks the same seven steps towards X1, with a miss of its own, and X3's
		  answer waits there as X1's question did here:

	END
	grep -q 'answered 10.30.0.2' "$OZP_TMP/bg.$helper3" ||
		fail "the miss of 10.30.0.2 was not answered"
	since_start <"$OZP_TMP/bg.$helper3"
	cat <<-END

		  One packet each way, at the five places where tcpdump looked:

	END
	journey x3 x1
	echo
	echo "  x1\$ ${bold}curl --local-port 34278 $url$plain"
	sed 's/^/    /' "$OZP_TMP/answer"
	((curl_status == 0)) || fail "curl ended with $curl_status"
	[[ $(<"$OZP_TMP/answer") == "$hello" ]] ||
		fail "that is not what X3 serves"
}

# "FROM > TO" of the last packet of FILE that passes FILTER.
ends()
{
	local line

	line=$(tcpdump -n -t -r "$OZP_TMP/$1" "$2" 2>/dev/null |
		sed -n '$s/^IP \([^ ]*\) > \([^ ]*\):.*/\1 \2/p')
	[[ -n $line ]] || fail "tcpdump saw nothing like '$2' in $1"
	# shellcheck disable=SC2086 # two words
	printf '    %-22s %-18s > %s\n' "$3" $line
}

journey()
{
	echo "    the request"
	ends x1 "src 10.19.1.3 and $syn" "x1, eth0" &&
		ends oz0 "src 10.19.1.3 and $syn" "w1, oz0" &&
		ends un0 "dst host 131.1.21.5" "underlay, the datagram" &&
		ends inner "dst 10.21.0.1 and $syn" "underlay, inside it" &&
		ends x3 "dst 10.21.0.1 and $syn" "x3, eth0" || exit 1
	echo "    the answer"
	ends x3 "src 10.21.0.1 and $syn_ack" "x3, eth0" &&
		ends inner "dst 10.19.1.3 and $syn_ack" "underlay, inside it" &&
		ends un0 "dst host 131.1.0.1" "underlay, the datagram" &&
		ends oz0 "dst 10.19.1.3 and $syn_ack" "w1, oz0" &&
		ends x1 "dst 10.19.1.3 and $syn_ack" "x1, eth0" || exit 1
}

epilogue()
{
	title "IPv6 works identically"
	show x1 curl -sS 'http://[fdff:2000::30]:30443/api/hello' ||
		fail "curl over IPv6"
	printf '\n%s\n' "Everything above happened in $SECONDS seconds, on Linux $(uname -r)."
}

title "ozproxy: three workers, one Service IP, one curl"
write_answers
cast || fail "the workers and containers"
picture
title "The devices"
devices || fail "the devices"
bg w1 "$here/responder.sh" "$answers"
helper1=$BG_PID
bg w3 "$here/responder.sh" "$answers"
helper3=$BG_PID
{ wait_until 20 monitor_listens w1 && wait_until 20 monitor_listens w3; } ||
	fail "the helpers do not listen"
before=$(table w1)
! knows w1 X.default.X3.default || fail "w1 knows X3 already"
captures_start || fail "tcpdump"
step_1
step_2
step_3
step_4
step_5
step_6
step_7
way_back
epilogue
tap_is_done=1
exit 0
