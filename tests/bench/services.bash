# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with topology.bash and udp.bash
#
# What depends on how many services and instances ozproxy knows, and how fast
# its table changes. Source it after flows.bash.
#
# Packets go to the first service of table.c; c2 takes those for all instances.

first_service=10.28.0.1
service_sizes=(1 100 10000 100000)
update_count=100000

# table COMMAND…: table.c at c1's worker
table()
{
	ns w1 "$OZP_BENCH/table" "$@"
}

services_allow()
{
	local i hardware

	udp_sink c2 && pktgen_start &&
		ns w1 ozctl device set oz0 service-limit 131072 \
			instance-limit 131072 &&
		hardware=$(mac c2) || return 1
	{
		for ((i = 1; i <= 256; i++)); do
			echo "route replace 10.21.$((i / 256)).$((i % 256))/32 dev br0"
			echo "neighbour replace 10.21.$((i / 256)).$((i % 256))" \
				"lladdr $hardware dev br0 nud permanent"
		done
	} | nip w2 -batch -
}

measure_services()
{
	local size had=0 empty there=$first_service

	services_allow || return 1
	empty=$(memory_now)
	for size in "${service_sizes[@]}"; do
		table set "$had" $((size - had)) 1 >/dev/null || return 1
		((size < 10000)) || result memory "$size services" \
			$((($(memory_now) - empty) / size)) bytes/service
		services_packets "$size" || return 1
		had=$size
	done
}

# The same with one service that has many instances.
measure_instances()
{
	local there=$first_service empty

	services_allow && empty=$(memory_now) &&
		table set 1 100 256 >/dev/null || return 1
	result memory "256 instances" \
		$((($(memory_now) - empty) / 25600)) bytes/instance
	# Each worker has to know those that it runs.
	table set 0 1 256 >/dev/null &&
		ns w2 "$OZP_BENCH/table" set 0 1 256 >/dev/null &&
		services_packets 1x256
}

# services_packets SIZE: a packet that begins a flow, and those after it
services_packets()
{
	local value

	ns w1 ozctl flow flush >/dev/null &&
		value=$(flows_send 999 999 1) || return 1
	result services-new "$1" "$value" instructions/packet
	value=$(flows_send "$flow_sample" 999 1) || return 1
	result services "$1" "$value" instructions/packet
}

measure_updates()
{
	local there=$first_service cost

	services_allow && cost=$(table set 0 "$update_count" 1) || return 1
	result updates new "$(a_second "$cost")" updates/second
	# The instances of all services go to another worker, and come back.
	table set 0 "$update_count" 1 50104 >/dev/null &&
		cost=$(table set 0 "$update_count" 1) || return 1
	result updates moved "$(a_second "$cost")" updates/second
	cost=$(table set 0 "$update_count" 1) || return 1
	result updates same "$(a_second "$cost")" updates/second
	updates_beside_traffic || return 1
	cost=$(table dump) || return 1
	result updates dump "$(a_second "$cost")" services/second
}

a_second()
{
	awk -v cost="$1" 'BEGIN { printf "%d\n", 1e9 / cost }'
}

# What a packet costs while nothing changes, while a service is replaced that no
# packet goes to, two thousand times a second, and while it is that of the
# packets. The last two have the replacements in them: their difference is what
# is to be small.
updates_beside_traffic()
{
	local packets=20000 number value

	value=$(flows_send "$packets" 1 1) || return 1
	result updates-packet "nothing replaced" "$value" instructions/packet
	for number in 1 0; do
		bg w1 "$OZP_BENCH/table" again "$number" 1000000 500
		value=$(flows_send "$packets" 1 1) || return 1
		kill -0 "$BG_PID" || return 1
		bg_stop "$BG_PID"
		result updates-packet \
			"$( ((number)) && echo another || echo same) replaced" \
			"$value" instructions/packet
	done
}
