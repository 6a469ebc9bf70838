#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A broker with TLS, and one with passwords: the helper shows its certificate,
# insists on the broker's name, and never goes on without TLS. An interest lives as
# without it.
#
# The topology is that of helper.bash.
#
# kernels: 6.12
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"
# shellcheck source-path=SCRIPTDIR source=story.bash
. "$(dirname "$0")/story.bash"

need busybox curl gojq mosquitto mosquitto_passwd openssl ozctl ozproxyd

with_tls()
{
	story
	no_cluster_errors
	cluster put "$(cluster_job shop 10.30.1.30 fdff:2000::30 "$shop0")"
	is "over TLS a page comes" "$(fetch c 10.30.1.30)" s0
	check "the certificate of the helper was seen" grep -q \
		'as w1-ozproxyd' "$broker_log"
	cluster_end
	broker_end
}

# The same authority signed it, for somebody else.
other_name()
{
	check "a broker with another's name" broker_files 131.1.9.9 tls-other
	helper_mark w1
	check "runs" broker_start
	check "the helper says why it does not connect" wait_until 30 \
		helper_said w1 '^<4>broker 131\.1\.9\.9:.*verif(y|ication) failed'
	refuse "and does not" is_connected w1
	broker_end
}

# Whoever sits between might offer no TLS at all.
no_tls()
{
	local before

	check "a broker without TLS" broker_files 131.1.9.9
	check "runs" broker_start
	before=$(wc -l <"$broker_log")
	check "the helper tries" wait_until 30 broker_said "$before" \
		'New connection from 131\.1\.0\.1'
	refuse "and does not connect" is_connected w1
	refuse "nor say who it is" broker_said "$before" 'as w1-ozproxyd'
	broker_end
	is "meanwhile the table served" "$(fetch c 10.30.1.30)" s0
	helper_stop w1
	helper_stop w2
}

broker_said()
{
	tail -n "+$(($1 + 1))" "$broker_log" | grep -q "$2"
}

refused_by_broker()
{
	helper_said "$1" '^<4>broker 131\.1\.9\.9:.*[Nn]ot authori[sz]ed'
}

password()
{
	echo secret >"$OZP_TMP/password"
	echo wrong >"$OZP_TMP/wrong"
	check "a broker with passwords" broker_files 131.1.9.9 password
	check "runs" broker_start
	helper_mark w1
	check "a helper without one" helper_start w1
	check "one with the password" helper_start w2 --username worker \
		--password-file "$OZP_TMP/password"
	check "that one is let in" wait_until 20 is_connected w2
	check "the other one is told" wait_until 20 refused_by_broker w1
	refuse "and stays out" is_connected w1
	helper_stop w1
	helper_mark w1
	check "one with a wrong one" helper_start w1 --username worker \
		--password-file "$OZP_TMP/wrong"
	check "is told" wait_until 20 refused_by_broker w1
	refuse "and stays out" is_connected w1
}

check "two workers, their helpers and a cluster with TLS" story_begin tls || tap_done
with_tls
other_name
no_tls
password
tap_done
