#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The walkthrough: X1.0 fetches http://10.30.1.30:30443/api/hello from X3,
# whose address its worker does not know yet, and neither does X3's worker
# know who X1.0 is. IPv4 and IPv6, on an underlay of either family, in the
# three offload modes of the underlay.
#
#   x1  X1.0                  x1b  X1.1                 x3  X3.0
#   10.19.1.3 fc00::103       10.19.1.6 fc00::106       10.21.0.1 fc00::15:1
#    │                         │                         │
#   w1 131.1.0.1:50103        w2 131.1.0.2:50103        w3 131.1.21.5:55301
#    │  2001:db8:1::1          │  2001:db8:1::2          │  2001:db8:21::5
#    └─────────────────────────┴── underlay ─────────────┘
#
#   X1: 10.30.0.1 fdff:2000::1, Instance IPs 10.30.0.2 and .3, fdff::2 and ::3
#   X3: 10.30.1.30 fdff:2000::30, Instance IP 10.30.0.6 fdff::6
#
# timeout: 300
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need curl busybox gojq ozctl

declare -A node4=([w1]=131.1.0.1 [w2]=131.1.0.2 [w3]=131.1.21.5)
declare -A node6=([w1]=2001:db8:1::1 [w2]=2001:db8:1::2 [w3]=2001:db8:21::5)
hello='{"message":"hello from X3"}'

topology()
{
	worker_add w1 && worker_add w2 && worker_add w3 &&
		container_add w1 x1 10.19.1.3/26 fc00::103/120 &&
		container_add w2 x1b 10.19.1.6/26 fc00::106/120 &&
		container_add w3 x3 10.21.0.1/26 fc00::15:1/120 || return 1
	local worker
	for worker in w1 w2 w3; do
		underlay_join "$worker" "${node4[$worker]}/24" \
			"${node6[$worker]}/64" || return 1
	done
	# The same source port again and again: nothing may remember it.
	ns_sysctl x1 net.ipv4.tcp_max_tw_buckets=0 || return 1
	# The three ways to say who we are and on which port.
	device_up w1 local "${node4[w1]},${node6[w1]}" &&
		device_up w2 && device_up w3 port 55301
}

# A place of the table-query result: number, worker, port, Namespace IPs,
# Instance IPs, and the same round robin addresses again.
place()
{
	cat <<-END
		{"instance_number": $1, "host_ip": "${nodes[$2]}", "host_port": $3,
		 "namespace_ip": "$4", "namespace_ip_v6": "$5",
		 "instance_ip": "$6", "instance_ip_v6": "$7",
		 "service_ip": [
		  {"IpType": "RR", "Address": "$8", "Address_v6": "$9"},
		  {"IpType": "instance_ip", "Address": "$6", "Address_v6": "$7"}]}
	END
}

entry_x1()
{
	cat <<-END
		{"app_name": "X.default.X1.default", "query_key": "10.30.0.2",
		 "instance_list": [
		$(place 0 w1 50103 10.19.1.3 fc00::103 10.30.0.2 fdff::2 \
			10.30.0.1 fdff:2000::1),
		$(place 1 w2 '"50103"' 10.19.1.6 fc00::106 10.30.0.3 fdff::3 \
			10.30.0.1 fdff:2000::1)]}
	END
}

entry_x3()
{
	cat <<-END
		{"app_name": "X.default.X3.default", "query_key": "10.30.1.30",
		 "instance_list": [
		$(place 0 w3 55301 10.21.0.1 fc00::15:1 10.30.0.6 fdff::6 \
			10.30.1.30 fdff:2000::30)]}
	END
}

# The table at the start of the story: every worker knows what it hosts.
table_start()
{
	local worker

	for worker in w1 w2 w3; do
		ns "$worker" ozctl service del X.default.X1.default 2>/dev/null
		ns "$worker" ozctl service del X.default.X3.default 2>/dev/null
	done
	entry_load w1 "$(entry_x1)" && entry_load w2 "$(entry_x1)" &&
		entry_load w3 "$(entry_x3)"
}

serve()
{
	mkdir -p "$OZP_TMP/www/api" &&
		echo "$hello" >"$OZP_TMP/www/api/hello" || return 1
	bg x3 busybox httpd -f -p 10.21.0.1:30443 -h "$OZP_TMP/www"
	bg x3 busybox httpd -f -p '[fc00::15:1]:30443' -h "$OZP_TMP/www"
	wait_until 20 served_twice
}

served_twice()
{
	(($(ns x3 ss -Hltn "sport = :30443" | wc -l) == 2))
}

capture_all()
{
	sock capture at-x1 x1 eth0 && sock capture at-w1 w1 un0 &&
		sock capture at-w3 w3 un0 && sock capture at-x3 x3 eth0 &&
		sock ports 50103 55301
}

forget()
{
	local place

	for place in at-x1 at-w1 at-w3 at-x3; do
		sock seen "$place" >/dev/null || return 1
	done
}

# curl in x1, in the background: its answer is in $OZP_TMP/answer.
fetch_start()
{
	local host=$1

	rm -f "$OZP_TMP/answer"
	wait_until 10 port_is_free
	[[ $host == *:* ]] && host="[$host]"
	bg x1 curl -sS --noproxy '*' --max-time 30 --local-port 34278 \
		-o "$OZP_TMP/answer" "http://$host:30443/api/hello"
	curl_pid=$BG_PID
}

port_is_free()
{
	[[ -z $(ns x1 ss -Htan "sport = :34278") ]]
}

# Sets $answer. Not for a subshell, which cannot wait for curl.
fetch_end()
{
	wait "$curl_pid"
	answer=$(cat "$OZP_TMP/bg.$curl_pid" "$OZP_TMP/answer" 2>&1)
}

announced()
{
	grep -qF "\"$2\"" "$OZP_TMP/bg.${monitor[$1]}" &&
		jq -es --arg address "$2" 'map(select(.event == "miss-ntf" and
			(.ipv4 // .ipv6) == $address and .announced == 1)) |
			length == 1' \
			"$OZP_TMP/bg.${monitor[$1]}"
}

# The seven steps for one family: its arguments are X1.0's and X3.0's
# Namespace IPs, their Instance IPs, and the Service IP.
walk()
{
	local name=$1 x1=$2 x3=$3 x1i=$4 x3i=$5 sip=$6

	forget
	fetch_start "$sip"
	check "$name: w1 announces the miss of $sip" \
		wait_until 20 announced w1 "$sip"
	check "$name: the first packet waits" wait_until 5 waits w1
	like "$name: the address waits for its answer" \
		"$(ns w1 ozctl -j miss show | jq -r '.[] | .ipv4 // .ipv6')" \
		"(^|[[:space:]])$sip($|[[:space:]])"
	check "$name: the cluster's answer is loaded" \
		entry_load w1 "$(entry_x3)"
	is "$name: nothing waits any more" "$(ns w1 ozctl -j miss show |
		jq length) $(counter w1 out-waiting)" "0 0"
	check "$name: w3 announces the miss of $x1i" \
		wait_until 20 announced w3 "$x1i"
	check "$name: the cluster's answer is loaded on w3" \
		entry_load w3 "$(entry_x1)"
	fetch_end
	is "$name: curl gets X3's answer" "$answer" "$hello"
	places "$name" "$x1" "$x3" "$x1i" "$x3i" "$sip" ''
	is "$name: the conversion is that of step 5" "$(flow_find w1 '
		.[] | select(.["source-port"] == 34278 and
			.["destination-port"] == 30443) |
		[.["source-ipv4"] // .["source-ipv6"],
		 .["destination-ipv4"] // .["destination-ipv6"],
		 .["converted-source-ipv4"] // .["converted-source-ipv6"],
		 .["converted-destination-ipv4"] // .["converted-destination-ipv6"],
		 .["node-ipv4"] // .["node-ipv6"], .["node-port"]] |
		select(.[1] == "'"$sip"'") | join(" ")' | tr -d '"')" \
		"$x1 $sip $x1i $x3 ${nodes[w3]} 55301"
}

waits()
{
	(($(counter "$1" out-waiting) > 0))
}

in_url()
{
	[[ $1 == *:* ]] && echo "[$1]" || echo "$1"
}

# Both directions at the three places. SUM is the state that every checksum
# on the wire must have; empty where offloads leave them unfinished.
places()
{
	local name=$1 x1 x3 x1i x3i sip sum=$7 node1 node3
	x1=$(in_url "$2") x3=$(in_url "$3") x1i=$(in_url "$4")
	x3i=$(in_url "$5") sip=$(in_url "$6")
	node1=$(in_url "${nodes[w1]}") node3=$(in_url "${nodes[w3]}")

	check "$name: x1 sends $x1 > $sip" sock expect at-x1 \
		"out $x1:34278>$sip:30443 tcp S ttl=64"
	check "$name: x1 gets the reply from $sip" sock expect at-x1 \
		"in $sip:30443>$x1:34278 tcp SA ttl=62"
	# Towards nodes of another port the source port is our own.
	check "$name: the wire carries $x1i > $x3 to $node3:55301" \
		sock expect at-w1 "out $node1:50103>$node3:55301 udp*sum=$sum*{" \
		"$x1i:34278>$x3:30443 tcp S ttl=63 sum=$sum"
	check "$name: the wire carries $x3i > $x1 back to $node1:50103" \
		sock expect at-w1 "in $node3:55301>$node1:50103 udp*sum=$sum*{" \
		"$x3i:30443>$x1:34278 tcp SA ttl=63 sum=$sum"
	check "$name: the same bytes reach w3" sock expect at-w3 \
		"in $node1:50103>$node3:55301 udp*sum=$sum*{" \
		"$x1i:34278>$x3:30443 tcp S ttl=63 sum=$sum"
	check "$name: x3 is asked by $x1i" sock expect at-x3 \
		"in $x1i:34278>$x3:30443 tcp S ttl=62"
	check "$name: x3 answers to $x1i" sock expect at-x3 \
		"out $x3:30443>$x1i:34278 tcp SA ttl=64"
}

# The table is filled: curl must do without any miss.
again()
{
	local name=$1

	forget
	fetch_start "$6"
	fetch_end
	is "$name: curl gets X3's answer" "$answer" "$hello"
	places "$@"
}

families()
{
	local do=$1 name=$2 sum=${3:-}

	"$do" "$name, IPv4" 10.19.1.3 10.21.0.1 10.30.0.2 10.30.0.6 \
		10.30.1.30 "$sum"
	"$do" "$name, IPv6" fc00::103 fc00::15:1 fdff::2 fdff::6 \
		fdff:2000::30 "$sum"
}

# One answer tells both families: between their walks the table is emptied.
walks()
{
	walk "$1, IPv4" 10.19.1.3 10.21.0.1 10.30.0.2 10.30.0.6 10.30.1.30
	check "$1: back to the table at the start" table_start
	walk "$1, IPv6" fc00::103 fc00::15:1 fdff::2 fdff::6 fdff:2000::30
}

modes()
{
	local mode sum

	for mode in "${offload_modes[@]}"; do
		check "underlay offloads: $mode" underlay_offloads "$mode"
		sum=
		[[ $mode == off ]] && sum=ok
		families again "$1, offloads $mode" "$sum"
	done
}

# Nobody answers on w2 but X1.1, which has the port of X1.0.
other_instance()
{
	check "w2 learns X3, w3 knows X1" entry_load w2 "$(entry_x3)"
	check "X1.1 reaches X3 from the same source port" \
		sock connect second x1b 10.19.1.6 34278 10.30.1.30 30443
	check "x3 is asked by 10.30.0.3" sock expect at-x3 \
		"in 10.30.0.3:34278>10.21.0.1:30443 tcp S"
	check "X1.1 closes" sock reset second
}

declare -n nodes=node4
sock_start
check "three workers on one underlay" topology
check "every worker knows what it hosts" table_start
check "X3's HTTP server" serve
check "captures at four places" capture_all
declare -A monitor
for worker in w1 w3; do
	bg "$worker" ozctl -j monitor
	monitor[$worker]=$BG_PID
done
check "w1's helper listens" wait_until 20 monitor_listens w1
check "w3's helper listens" wait_until 20 monitor_listens w3

walks "underlay IPv4"
modes "underlay IPv4"
other_instance

declare -n nodes=node6
check "all workers move to IPv6 addresses" table_start
check "w1 knows X3 there" entry_load w1 "$(entry_x3)"
check "w3 knows X1 there" entry_load w3 "$(entry_x1)"
modes "underlay IPv6"
tap_done
