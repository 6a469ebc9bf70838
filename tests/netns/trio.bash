# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for the tests
#
# A client, and three servers of the service shop on three workers, the first of
# which is the client's. Source it after e2e.bash.
#
#   client 10.19.1.3 fc00::103   on w1   Instance IPs 10.30.0.2 fdff::2
#   s0     10.19.1.7 fc00::107   on w1                10.30.0.6 fdff::6
#   s1     10.21.0.1 fc00::201   on w2                10.30.0.7 fdff::7
#   s2     10.22.0.1 fc00::301   on w3                10.30.0.8 fdff::8
#
#   trio_up               all of it, with devices and the client's service
#   trio_instance N [ARG…]  words of instance N of shop
#   trio_family 4|6       sets client, spaces (Namespace IPs of the servers) and
#                         singles (their Instance IPs)
#   trio_listen           each server listens at port 80: l0, l1, l2

trio_ip4=(10.19.1.7 10.21.0.1 10.22.0.1)
trio_ip6=(fc00::107 fc00::201 fc00::301)

# shellcheck disable=SC2046 # words
trio_up()
{
	local i

	workers_up 3 && container_add w1 client 10.19.1.3/26 fc00::103/120 ||
		return 1
	for i in 0 1 2; do
		container_add "w$((i + 1))" "s$i" \
			"${trio_ip4[i]}/26" "${trio_ip6[i]}/120" || return 1
	done
	service_all client \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103)
}

trio_instance()
{
	local n=$1

	shift
	instance "$n" "${trio_ip4[n]},${trio_ip6[n]}" \
		"10.30.0.$((n + 6)),fdff::$((n + 6))" \
		"131.1.0.$((n + 1))" 50103 "$@"
}

trio_family()
{
	if (($1 == 4)); then
		client=10.19.1.3 spaces=("${trio_ip4[@]}")
		singles=(10.30.0.6 10.30.0.7 10.30.0.8)
	else
		client=fc00::103 spaces=("${trio_ip6[@]}")
		singles=(fdff::6 fdff::7 fdff::8)
	fi
}

trio_listen()
{
	local i

	for i in 0 1 2; do
		sock listen "l$i" "s$i" "${spaces[i]}" 80 || return 1
	done
}
