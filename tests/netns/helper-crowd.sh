#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A thousand services are asked for at once, and nothing waits for another;
# then a container asks for hundreds of addresses that nobody has, and neither
# the cluster nor anybody else suffers.
#
# The topology is that of helper.bash; s0 has 10.21.16.0/20 as well, j0 to j999
# are there (visitor.py).
#
# kernels: 6.12 debug
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"

need gojq mosquitto ozctl ozproxyd python3

number=$(size 1000 100)
unknown=$(size 500 100)

# One container may miss as many as all may: it is the helper that is asked. In an
# emulated machine the cluster answers some hundred times a second: questions are
# not repeated while it does, and w2 has its table from a file.
begin()
{
	many_jobs "$number" && world && cloud_add plain && broker_start &&
		cluster_up "$OZP_TMP/many.json" && many_addresses 20 &&
		hosts w1 client && device_up w1 miss-limit 2048 \
			miss-source-limit 2048 miss-packets 4096 \
			miss-source-packets 4096 || return 1
	helper_start w1 --query-rate 2000 --query-timeout 120000 \
		--query-retry 120000 --refresh-interval 600000 \
		--idle-timeout 600000 &&
		helper_run w2 --table "$OZP_TMP/many.json" &&
		wait_until 60 knows w2 "j$((number - 1))" &&
		wait_until 20 knows w1 client
}

visitor()
{
	bg "$1" python3 -SEB "${BASH_SOURCE[0]%/*}/visitor.py" "${@:2}"
}

all_arrived()
{
	grep -q "^distinct $number " "$OZP_TMP/bg.$server"
}

memory()
{
	sed -n 's/^VmRSS:[[:space:]]*//p' "/proc/${helper_pid[$1]}/status"
}

thousand()
{
	visitor s0 serve 80
	server=$BG_PID
	wait_listen s0 tcp 80
	cluster_mark
	visitor c spray 10.30.16.0 "$number" 80 10.19.1.3
	check "$number services at once: each first packet arrives" \
		wait_until 40 all_arrived
	diag "$(cat "$OZP_TMP/bg.$BG_PID" "$OZP_TMP/bg.$server" | xargs)"
	diag "memory of the helper: $(memory w1)"
	diag "$(helper_status w1 | grep -E '^(broker|asked|queries|errors)')"
	is "they are in the table" "$(ns w1 ozctl -j service show |
		grep -o '"name":"j' | wc -l)" "$number"
	is "each is an interest" "$(cluster interests | grep -c '^w1 j')" \
		"$number"
	check "asked for hardly more than once" cluster_counts_most \
		$((number * 3 / 2)) 'query w1 sip .*'
}

flood()
{
	cluster_mark
	visitor c spray 10.30.64.0 "$unknown" 80 10.19.1.3
	check "$unknown unknown addresses: others are served" sock_visit
	wait "$BG_PID"
	check "there is no miss left" wait_until 60 no_misses
	is "the cluster was asked for each of them once" \
		"$(cluster_counts 'query w1 sip .*')" "$unknown"
	check "again, while the answers hold" sock_visit
	diag "memory of the helper: $(memory w1)"
	check "the helper lives" helper_ready w1
}

no_misses()
{
	(($(counter w1 out-waiting) == 0))
}

# What is known is served meanwhile.
sock_visit()
{
	local address

	for address in 10.30.16.1 10.30.16.2; do
		sock connect "k$address" c 10.19.1.3 0 "$address" 80 &&
			sock send "k$address" ping &&
			sock receive "k$address" &&
			sock close "k$address" || return 1
	done
}

check "two workers, their helpers and a cluster" begin || tap_done
sock_start
thousand
flood
no_cluster_errors
helpers_said_no_error
tap_done
