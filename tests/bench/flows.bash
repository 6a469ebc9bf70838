# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2154 # addresses of topology.bash
#
# What depends on how many flows there are: what a packet costs, what the first
# packet of a flow costs, and the memory. Source it after udp.bash.
#
# Flows are UDP from some source ports to some destination ports. pktgen takes
# the next of both with each packet, and as the numbers of the two have no
# common divisor, it meets every pair once.

declare -A flow_ports=([1]="1 1" [1000]="999 1" [100000]="999 100"
	[1000000]="999 1001")
flow_sizes=(1 1000 100000 1000000)
flow_sample=20000

measure_flows()
{
	local size had=0 count ports empty cost=0 all

	udp_sink c2 && pktgen_start || return 1
	empty=$(memory_now)
	flows_allow || return 1
	for size in "${flow_sizes[@]}"; do
		read -ra ports <<<"${flow_ports[$size]}"
		count=$((ports[0] * ports[1]))
		all=$(flows_send "$count" "${ports[@]}") || return 1
		# Those that were there before cost what they did.
		((size == 1)) ||
			result newflow "$size" $(((all * count - cost * had) /
				(count - had))) instructions/packet
		flows_sample "$size" "${ports[@]}" || return 1
		((size == 1)) || result memory "$size flows" \
			$((($(memory_now) - empty) / $(flows_now))) bytes/flow
		had=$count
	done
}

# flows_sample SIZE PORTS PORTS: three times what a packet costs by now; the
# last is left in $cost.
flows_sample()
{
	local round

	# shellcheck disable=SC2034 # for result
	for round in 1 2 3; do
		cost=$(flows_send "$flow_sample" "$2" "$3") || return 1
		result flows "$1" "$cost" instructions/packet
	done
}

# flows_send COUNT SOURCE-PORTS DESTINATION-PORTS: instructions a packet
flows_send()
{
	udp_way c1 c2 "$there" "$1" "udp_src_max $((udp_port + $2))" \
		"udp_dst_max $((udp_port + $3))"
}

# As many flows as are sent, and long enough: while the guest waits for files of
# the host, its clock leaps.
flows_allow()
{
	local worker

	case $system in
	ozproxy)
		for worker in w1 w2; do
			ns "$worker" ozctl device set oz0 flow-limit 2097152 \
				udp-unanswered-timeout 3600000 || return 1
		done
		;;
	*+nat)
		echo 2097152 >/proc/sys/net/netfilter/nf_conntrack_max &&
			echo 1048576 >/sys/module/nf_conntrack/parameters/hashsize &&
			ns_sysctl w1 net.netfilter.nf_conntrack_udp_timeout=3600
		;;
	esac
}

# Of all workers, as each has what it knows of a flow.
flows_now()
{
	case $system in
	ozproxy) echo $(($(counter w1 flows) + $(counter w2 flows))) ;;
	*+nat) ns w1 busybox cat /proc/sys/net/netfilter/nf_conntrack_count ;;
	esac
}

# Bytes that the kernel has for itself, without what it can give back.
memory_now()
{
	local cache

	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache"
	done 2>/dev/null
	awk '/^(Slab|VmallocUsed|Percpu):/ { sum += $2 }
		END { printf "%d\n", sum * 1024 }' /proc/meminfo
}
