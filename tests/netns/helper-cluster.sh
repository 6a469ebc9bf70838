#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The cluster of the other helper tests (tests/cluster/cluster.py) is itself
# tested: it says what Oakestra's cluster service manager was heard to say
# (tests/cluster/service-manager.txt), keeps interests per worker, and names what
# a real cluster would fail on. Plain, with TLS, and with a password.
#
#   mosquitto_pub, mosquitto_sub ── broker ── cluster.py, all in "cluster"
#
# kernels: 6.12
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"

need mosquitto mosquitto_pub mosquitto_sub openssl

seed=$(dirname "$0")/../cluster/seed.json
heard=$(dirname "$0")/../cluster/service-manager.txt
aa=64b0000000000000000000aa
x3=X.default.X3.default

# say WORKER TOPIC PAYLOAD
say()
{
	ns cluster mosquitto_pub -h 131.1.9.9 -p 10003 -q 1 \
		-t "nodes/$1/net/$2" -m "$3"
}

# A request is followed by its answer, if it has one.
conversation_is_at()
{
	(($(wc -l <"$OZP_TMP/bg.$listener") >= $1))
}

conversation()
{
	local topic payload line=0

	bg cluster mosquitto_sub -h 131.1.9.9 -p 10003 -v -t '#'
	listener=$BG_PID
	check "a listener" wait_until 20 grep -q 'Received SUBSCRIBE from auto-' \
		"$broker_log"
	while read -r topic payload; do
		line=$((line + 1))
		[[ $topic == */result ]] ||
			say "$aa" "${topic#"nodes/$aa/net/"}" "$payload"
		wait_until 10 conversation_is_at "$line" || break
	done <"$heard"
	is "what is said is what was heard" "$(<"$OZP_TMP/bg.$listener")" \
		"$(<"$heard")"
	bg_stop "$listener"
}

query()
{
	local already

	already=$(cluster_counts 'answer .*')
	say "$1" tablequery/request "{\"sname\":\"$2\",\"sip\":\"\"}" &&
		wait_until 10 answers_are $((already + 1))
}

answers_are()
{
	(($(cluster_counts 'answer .*') == $1))
}

interests()
{
	is "nobody has an interest any more" "$(cluster interests)" ""
	query aa "$x3" && query bb "$x3" && query bb X.default.X1.default
	is "an interest a worker and job" "$(cluster interests | xargs)" \
		"aa $x3 bb X.default.X1.default bb $x3"
	cluster_mark
	check "an instance moves" cluster move "$x3" 0 131.1.0.7 50103 \
		10.21.0.2 fc00::15:2
	check "it is announced" cluster_saw "update $x3 DEPLOYMENT"
	say aa interest/remove "{\"appname\":\"$x3\"}"
	check "one interest is removed" wait_until 10 cluster_saw "remove aa .*"
	is "the other ones are not" "$(cluster interests | xargs)" \
		"bb X.default.X1.default bb $x3"
	is "no error so far" "$(cluster errors)" ""
	say aa interest/remove "{\"appname\":\"$x3\"}"
	check "another remove" wait_until 10 cluster_saw "error .*"
	is "it is an error" "$(cluster errors)" "remove-without-interest aa $x3"
	check "forget" cluster forget
	is "all is forgotten" "$(cluster interests)" ""
	check "an instance goes" cluster undeploy "$x3" 0
	check "nobody hears of it" cluster_saw "unheard $x3 UNDEPLOYMENT"
}

# secured NAME KIND OPTION…: with the options a query is answered, without them
# there is no connection.
secured()
{
	local name=$1 kind=$2
	shift 2

	check "$name: files" broker_files 131.1.9.9 "$kind"
	check "$name: broker" broker_start
	check "$name: cluster" cluster_up "$seed"
	check "$name: a worker is heard" ns cluster mosquitto_pub \
		-h 131.1.9.9 -p 10003 -q 1 -t nodes/aa/net/subnet \
		-m '{"METHOD":"GET"}' "$@"
	check "$name: by the cluster" wait_until 10 cluster_saw 'subnet aa GET'
	refuse "$name: nobody else" say aa subnet '{"METHOD":"GET"}'
	cluster_end
	broker_end
}

check "the namespace" cloud_add || tap_done
check "the broker" broker_start || tap_done
check "the cluster" cluster_up "$seed" || tap_done
conversation
interests
cluster_end
broker_end
secured TLS tls --cafile "$OZP_TMP/tls/ca.crt" \
	--cert "$OZP_TMP/tls/client.crt" --key "$OZP_TMP/tls/client.key"
secured password password -u worker -P secret
tap_done
