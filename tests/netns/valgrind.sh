#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# timeout: 240
# kernels: 6.12
#
# A session of ozctl on the real module, with a command of each kind under
# valgrind: right output, no access that is wrong, nothing lost. The sanitizers of
# the user ring see more of the code; this sees the program as it is installed,
# with the real kernel's answers. A start of valgrind takes an emulated machine
# three thousand million instructions, as much as a whole other test.
#
#     alone: oz0, the container's address 10.19.1.3 on lo

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
need cc ip gojq ozctl python3
need_modules dummy

# Without the tool there is nothing to skip: it is in the list of the guest.
command -v valgrind >/dev/null || {
	echo "Bail out! valgrind is not installed"
	exit 1
}

# shellcheck disable=SC2054 # these commas are valgrind's
watched=(valgrind -q --error-exitcode=9 --leak-check=full
	--errors-for-leak-kinds=definite,indirect,possible
	--read-inline-info=no)

# watch STATUS ARG…: ozctl ends with STATUS, and valgrind has nothing to say;
# the output is in $OZP_TMP/output.
watch()
{
	local want=$1 status
	shift

	rm -f "$OZP_TMP/valgrind"
	ns alone "${watched[@]}" --log-file="$OZP_TMP/valgrind" \
		ozctl "$@" >"$OZP_TMP/stdout" 2>"$OZP_TMP/stderr"
	status=$?
	cat "$OZP_TMP/stdout" "$OZP_TMP/stderr" "$OZP_TMP/valgrind"
	[[ $status == "$want" && -e $OZP_TMP/valgrind &&
		! -s $OZP_TMP/valgrind ]]
}

# A tool that finds nothing in a program that loses memory proves nothing.
finds_a_leak()
{
	local status

	echo '#include <stdlib.h>
		int main(void) { return !malloc(1234); }' |
		cc -O0 -g -x c -o "$OZP_TMP/loses" - || return 1
	"${watched[@]}" --log-file="$OZP_TMP/valgrind" "$OZP_TMP/loses"
	status=$?
	[[ $status == 9 ]] && grep -q '1,234 bytes .*definitely lost' \
		"$OZP_TMP/valgrind"
}

answer='{"app_name": "X.default.X3.default", "query_key": "10.30.1.30",
"instance_list": [{"instance_number": 0, "namespace_ip": "10.21.0.1",
"host_ip": "131.1.21.5", "host_port": 55301, "instance_ip": "10.30.0.6",
"service_ip": [{"IpType": "RR", "Address": "10.30.1.30"}]}]}'

changes()
{
	check "a device" ns alone ozctl device add oz0 local 131.1.0.1
	check "that is up" ns alone ozctl device up oz0
	check "clean: service set" watch 0 service set shop \
		address 10.30.0.9 policy rr address fdff:2000::9 policy rr \
		instance 0 ns 10.19.1.3,fc00::103 ip 10.30.1.1,fdff:0:1::1 \
		node 131.1.0.1 port 50103
	echo "$answer" >"$OZP_TMP/answer"
	check "clean: service load" watch 0 service load "$OZP_TMP/answer"
	check "clean: a refusal of the kernel" watch 1 service del nosuch
	like "it names the attribute" "$(<"$OZP_TMP/stderr")" \
		'^ozctl: service del: .*\(attribute name\)$'
}

# A flow, which an answer makes last for minutes: valgrind is slow.
traffic()
{
	nip alone addr add 10.19.1.3/32 dev lo
	ns alone python3 -c '
import socket
client, server = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                  for i in range(2))
for sock, port in ((client, 40000), (server, 5353)):
    sock.settimeout(60)
    sock.bind(("10.19.1.3", port))
client.sendto(b"x", ("10.30.0.9", 5353))
server.sendto(b"y", server.recvfrom(9)[1])
assert client.recvfrom(9) == (b"y", ("10.30.0.9", 5353))'
}

shows()
{
	check "clean: -j service show" watch 0 -j service show
	is "services in JSON" "$(jq -c \
		'map([.name, (.instance | length)]) | sort' "$OZP_TMP/stdout")" \
		'[["X.default.X3.default",1],["shop",1]]'
	check "clean: flow show" watch 0 flow show
	like "flows in text" "$(<"$OZP_TMP/stdout")" \
		'^udp .*10\.19\.1\.3:40000 > 10\.30\.0\.9:5353'
}

# The monitor ends by itself once nobody reads what it prints: at the second
# event after the one that is read.
monitor()
{
	mkfifo "$OZP_TMP/events"
	head -n 1 "$OZP_TMP/events" >"$OZP_TMP/event" &
	reader=$!
	(
		trap '' PIPE
		ns alone "${watched[@]}" --log-file="$OZP_TMP/monitor" \
			ozctl -j monitor >"$OZP_TMP/events" 2>/dev/null
		echo $? >"$OZP_TMP/status"
	) &
	check "the monitor listens" wait_until 60 monitor_listens alone
	check "the monitor tells, and ends without a reader" \
		wait_until 60 monitor_ended || kill "$reader"
	wait "$reader"
	is "the event" "$(jq -r '[.event, .name] | join(" ")' \
		"$OZP_TMP/event")" "service-ntf event"
	is "its status" "$(<"$OZP_TMP/status")" 1
	check "clean: monitor" cmp /dev/null "$OZP_TMP/monitor"
}

monitor_ended()
{
	[[ ! -s $OZP_TMP/status ]] || return 0
	# Setting is one event, deleting another.
	ns alone ozctl service set event
	ns alone ozctl service del event
	[[ -s $OZP_TMP/status ]]
}

netns_add alone
nip alone link add un0 type dummy
nip alone addr add 131.1.0.1/24 dev un0
nip alone link set un0 up
check "valgrind finds what is lost" finds_a_leak
changes
check "a flow" traffic
shows
monitor
tap_done
