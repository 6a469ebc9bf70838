#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A helper is killed at 50 random moments (fewer with OZP_SMALL), while a
# container opens connection after connection to forty services, each of which is
# forgotten as soon as nobody uses it: no established connection breaks, and
# every new one succeeds in the end.
#
# The topology is that of helper.bash; s0 has 10.21.16.0/22 as well, j0 to j39
# are there (visitor.py). Idle time is 1 second.
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

seed=${OZP_SEED:-$RANDOM}
rounds=$(size 50 8)

begin()
{
	many_jobs 40 && world && cloud_add plain && broker_start &&
		cluster_up "$OZP_TMP/many.json" && many_addresses 22 &&
		hosts w1 client && hosts w2 "${many[@]}" || return 1
	helper_start w1 --idle-timeout 1000 && helper_start w2 &&
		wait_until 20 knows w2 j39 && wait_until 20 knows w1 client
}

traffic()
{
	bg s0 python3 -SEB "${BASH_SOURCE[0]%/*}/visitor.py" serve 80
	wait_listen s0 tcp 80
	sock_start
	sock listen l s0 10.21.16.0 81
	check "a connection" sock connect k c 10.19.1.3 5000 10.30.16.0 81
	check "is accepted" sock accept a l
	bg c python3 -SEB "${BASH_SOURCE[0]%/*}/visitor.py" visit 10.30.16.0 \
		40 80 30
	visitor=$BG_PID
	check "the visitor's first service is asked for" \
		wait_until 30 cluster_saw "query w1 sip 10\.30\.16\.3"
}

kills()
{
	local round broken=0

	RANDOM=$seed
	for ((round = 1; round <= rounds; round++)); do
		ozp_pause "0.$(printf %03d $((RANDOM % 500)))"
		helper_kill w1
		helper_run w1 --broker "$broker_host" --node-id w1 \
			--idle-timeout 1000
		((round % 5)) || sock echo k a >"$OZP_TMP/echo" || {
			broken=$round
			break
		}
	done
	is "the established connection lives (seed $seed)" "$broken" 0
	check "it still does" sock echo k a
}

end()
{
	local words

	check "the last helper is ready" wait_until 20 helper_ready w1
	bg_stop "$visitor"
	words=$(tail -n 1 "$OZP_TMP/bg.$visitor")
	diag "$rounds kills, seed $seed: $words"
	like "every new connection succeeded" "$words" \
		'^[1-9][0-9]+ connected, 0 failed'
	sock close k a l
	check "what was used is let go" wait_until 20 nothing_used
	check "what is hosted is kept" knows w1 client
	no_cluster_errors
	helpers_said_no_error
}

nothing_used()
{
	(($(ns w1 ozctl -j service show | grep -o '"name":"j' | wc -l) == 0))
}

check "two workers, their helpers and a cluster" begin || tap_done
traffic
kills
end
tap_done
