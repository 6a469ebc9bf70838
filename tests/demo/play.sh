#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Plays the walkthrough: three workers, one Service IP, one curl. Runs as root
# in the guest (tests/demo/run starts it there). Each worker's ozproxyd serves a
# table file or, with OZP_BROKER set, asks a cluster (tests/cluster) through a
# broker. Ends with 1 when any step did not happen.
set -u

here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
# shellcheck source-path=SCRIPTDIR source=../netns/lib.sh
. "$here/../netns/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../netns/e2e.bash
. "$here/../netns/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=../netns/helper.bash
. "$here/../netns/helper.bash"

need column curl ip gojq ozctl ozproxyd python3 tcpdump

broker=${OZP_BROKER:-}
whole=$here/../cluster/seed.json
x1=X.default.X1.default
x3=X.default.X3.default
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

write_files()
{
	mkdir -p "$OZP_TMP/www/api"
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

# What a person would type, and what is left out of it for the page.
told()
{
	echo "  $1\$ $bold$2$plain"
}

helpers()
{
	if [[ -n $broker ]]; then
		need mosquitto
		cloud_add plain && broker_start && cluster_up "$whole" &&
			hosts w1 "$x1" && hosts w2 "$x1" && hosts w3 "$x3" ||
			return 1
		told cluster "mosquitto -c broker.conf &"
		told cluster "cluster.py $(basename "$whole") &"
		told w1 "ozproxyd --broker 131.1.9.9 --node-id w1 &"
		helper_start w1 && helper_start w2 &&
			helper_start w3 --port 55301
	else
		told w1 "ozproxyd --table $(basename "$whole") &"
		helper_run w1 --table "$whole" &&
			helper_run w2 --table "$whole" &&
			helper_run w3 --table "$whole" --port 55301
	fi
}

devices()
{
	local worker

	helpers || return 1
	for worker in w1 w2 w3; do
		wait_until 20 helper_ready "$worker" || return 1
	done
	wait_until 20 knows w1 "$x1" && wait_until 20 knows w2 "$x1" &&
		wait_until 20 knows w3 "$x3" || return 1
	sed 's/^/    /' "$OZP_TMP/helper.w1" | cut -c 1-78
	show w1 ip -brief link show oz0 && show w1 ip route show dev oz0
}

# So many programs of a worker hear what the kernel announces.
monitors_are()
{
	# shellcheck disable=SC2016 # awk's
	(($(ns "$1" awk '$2 == 16 && $4 !~ /^0+$/' /proc/net/netlink |
		wc -l) == $2))
}

# ---- what the workers know

table_of()
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

first_packet()
{
	tcpdump -n -tt -c 1 -r "$OZP_TMP/x1" 2>/dev/null | grep .
}

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
	[[ -z $broker ]] || wait_until 20 grep -q 'miss 10.30.1.30' \
		"$OZP_TMP/bg.$witness1" || fail "w1 announced no miss"
	wait_until 20 first_packet || fail "x1 sent nothing"
	# tcpdump writes every packet at once. Times are told from here.
	started=$(first_packet | cut -d ' ' -f 1)
	[[ -n $started ]] || fail "tcpdump saw nothing on eth0 of x1"
	printf '\n  and the first packet, on eth0 of x1:\n\n'
	must_see x1 "src 10.19.1.3 and $syn"
}

step_2()
{
	if [[ -z $broker ]]; then
		title "Steps 2 to 4. No miss"
		cat <<-END
			  oz0 looks for 10.30.1.30 in its conversion table, and finds it: without a
			  cluster, ozproxyd serves what a file says, and serves it again whenever that
			  changes. (make demo BROKER=1 has a cluster, and shows how an address comes
			  into the table that nobody knew.) This is the table of w1:

		END
		table_of w1
		return
	fi
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

# The lines of the cluster that have these words, with their times.
cluster_told()
{
	grep -E "$1" "$cluster_lines" | since_start
}

step_3()
{
	title "Step 3. The table query"
	cat <<-END
		  Once for each address that it misses, the kernel tells whoever listens. The
		  helper, ozproxyd, asks the cluster on its broker, which answers, and notes
		  that w1 is interested: w1 will hear of every change. The cluster's own log:

	END
	wait_until 20 cluster_saw 'answer w1 10\.30\.1\.30 1' ||
		fail "the cluster did not answer"
	cluster_told ' w1 (sip 10.30.1.30|X.default.X3.default|10.30.1.30 )'
	wait_until 20 grep -q "entry $x3" "$OZP_TMP/bg.$witness1" ||
		fail "the miss of 10.30.1.30 was not answered"
	printf '\n  What the kernel of w1 announced:\n\n'
	since_start <"$OZP_TMP/bg.$witness1" | cut -c 1-78
}

step_4()
{
	title "Step 4. The update"
	printf '  The table of w1 after the answer: ozproxyd put X3 in.\n\n'
	table_of w1
	knows w1 "$x3" || fail "w1 does not know X3"
}

step_5()
{
	title "Step 5. The conversion"
	[[ -z $broker ]] ||
		echo "  The answer lets the packet go on that waited."
	cat <<-END
		  The round robin chooses X3's only instance. Every packet of this flow is
		  converted alike: from the sender's Instance IP, to the receiver's Namespace
		  IP.

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
	if [[ -n $broker ]]; then
		cat <<-END
			  X3 answers whom it saw, 10.30.0.2. Its worker does not know that Instance IP,
			  so w3 walks the same seven steps towards X1, with a miss of its own, and X3's
			  answer waits there as X1's question did here:

		END
		grep -q "entry $x1" "$OZP_TMP/bg.$witness3" ||
			fail "the miss of 10.30.0.2 was not answered"
		since_start <"$OZP_TMP/bg.$witness3" | cut -c 1-78
		cluster_told ' w3 (sip 10.30.0.2|X.default.X1.default|10.30.0.2 )'
	else
		cat <<-END
			  X3 answers whom it saw, 10.30.0.2. Its worker has that Instance IP in its own
			  table file, so w3 walks the same seven steps towards X1 without a miss.
		END
	fi
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
write_files || fail "the files"
cast || fail "the workers and containers"
picture
title "The helpers, and the devices that they make"
devices || fail "the helpers"
bg w1 "$here/witness.sh"
witness1=$BG_PID
bg w3 "$here/witness.sh"
witness3=$BG_PID
{ wait_until 20 monitors_are w1 2 && wait_until 20 monitors_are w3 2; } ||
	fail "the witnesses do not listen"
before=$(table_of w1)
[[ -z $broker ]] || ! knows w1 "$x3" || fail "w1 knows X3 already"
captures_start || fail "tcpdump"
step_1
step_2
if [[ -n $broker ]]; then
	step_3
	step_4
fi
step_5
step_6
step_7
way_back
epilogue
tap_is_done=1
exit 0
