#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Beside an unmodified NetManager, which is played here by what it says on the
# broker: an instance that it has just deployed works at once; when it removes,
# under the id of the node, an interest that is still wanted, that is asked for
# again; a port that it publishes is not in the way; when the address of the node
# changes, kernel and cluster hear of it.
#
# The topology is that of helper.bash.
#
# kernels: 6.12 debug
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"

need busybox curl gojq mosquitto mosquitto_pub nft ozctl ozproxyd

begin()
{
	local worker

	world && cloud_add plain && broker_start || return 1
	cluster_table "$(cluster_job client 10.30.0.1 fdff:2000::1)" \
		"$(cluster_job shop 10.30.1.30 fdff:2000::30)" \
		>"$OZP_TMP/table.json"
	cluster_up "$OZP_TMP/table.json" || return 1
	for worker in w1 w2; do
		helper_start "$worker" --refresh-interval 5000 \
			--idle-timeout 3000 || return 1
	done
	web s0 10.21.0.1 fc00::201
	cluster put "$(cluster_job client 10.30.0.1 fdff:2000::1 "$client")"
	cluster put "$(cluster_job shop 10.30.1.30 fdff:2000::30 "$shop0")"
	wait_until 20 is_connected w1 && wait_until 20 is_connected w2
}

# netmanager_says WORKER TOPIC PAYLOAD
netmanager_says()
{
	ns "$1" mosquitto_pub -h 131.1.9.9 -p 10003 -i "$1" -q 1 \
		-t "nodes/$1/net/$2" -m "$3"
}

# deployed WORKER JOB NODE NS4 NS6
deployed()
{
	netmanager_says "$1" service/deployed "$(printf '{"appname": "%s",
		"status": "DEPLOYED", "instance_number": 0, "nsip": "%s",
		"nsipv6": "%s", "host_port": "50103", "host_ip": "%s"}' \
		"$2" "$4" "$5" "$3")"
}

just_deployed()
{
	refuse "nobody knows of the client" knows w1 client
	deployed w1 client 131.1.0.1 10.19.1.3 fc00::103
	check "it is deployed: its worker asks for it" wait_until 10 knows w1 client
	deployed w2 shop 131.1.0.2 10.21.0.1 fc00::201
	check "so does the other one" wait_until 10 knows w2 shop
	is "they work at once" "$(fetch c 10.30.1.30)" s0
	is "they are local" "$(helper_json w1 \
		'.jobs[] | select(.name == "client") | .kind')" local
}

# For a job that is still there, and for one that is not.
netmanager_removes()
{
	cluster_mark
	netmanager_says w2 interest/remove '{"appname":"shop"}'
	check "NetManager removes an interest that is wanted" \
		wait_until 10 cluster_saw 'remove w2 shop'
	check "it is asked for again" wait_until 10 has_interest w2 shop
	is "nothing else was removed" "$(cluster_counts 'remove w2 shop')" 1
	check "and the service stays" knows w2 shop
}

# A helper that starts anew still knows what is here.
remembered()
{
	helper_stop w1
	check "the jobs are saved" grep -qx client "$OZP_TMP/w1/jobs"
	nip w1 link del oz0
	helper_start w1 --refresh-interval 5000 --idle-timeout 3000
	check "another helper asks for them" wait_until 20 knows w1 client
	is "and they work" "$(fetch c 10.30.1.30)" s0
}

# NetManager publishes port 80, which is the service's port, too: a rule by port
# alone. On the worker that has the service it changes nothing; where somebody
# else is published, packets of the overlay have to be kept from it.
published()
{
	publish w2 10.21.0.1
	is "the service's port is published" "$(fetch c 10.30.1.30)" s0
	publish w1 10.19.1.3
	ns w1 nft -f - <<-'END'
		insert rule ip netmanager prerouting ip daddr 10.30.0.0/16 accept
		insert rule ip netmanager prerouting iifname "oz0" accept
	END
	is "and so is the client's" "$(fetch c 10.30.1.30)" s0
}

publish()
{
	ns "$1" nft -f - <<-END
		table ip netmanager {
			chain prerouting {
				type nat hook prerouting priority dstnat;
				tcp dport 80 dnat to $2:80
			}
		}
	END
}

moved()
{
	cluster_mark
	nip w1 address add 131.1.0.8/32 dev un0
	nip underlay route add 131.1.0.8/32 dev u-w1
	nip w1 route replace default via "$ROUTER4" dev un0 onlink src 131.1.0.8
	check "the node's address changes: the cluster hears of it" \
		wait_until 20 cluster_saw \
		'address-changed w1 client 0 131\.1\.0\.8 50103'
	check "and the kernel" wait_until 10 local_is w1 131.1.0.8
	nip w1 address del 131.1.0.1/24 dev un0
	is "the instance is still local" "$(helper_json w1 \
		'.jobs[] | select(.name == "client") | .kind')" local
	is "and it works" "$(fetch c 10.30.1.30)" s0
	# The connection to the broker was one of the old address.
	# shellcheck disable=SC2086 # words
	cluster deploy shop $shop1
	check "updates come to the new address" wait_until 10 has_instances w1 \
		shop 2
}

# The usual way: the link is down, and comes back with another address.
moved_without_broker()
{
	check "the broker is gone" broker_kill
	check "the helper sees it" wait_until 30 is_connected w1 false
	cluster_mark
	nip w1 address add 131.1.0.7/32 dev un0
	nip underlay route add 131.1.0.7/32 dev u-w1
	nip w1 route replace default via "$ROUTER4" dev un0 onlink src 131.1.0.7
	check "the address changes meanwhile: the kernel hears of it" \
		wait_until 10 local_is w1 131.1.0.7
	nip w1 address del 131.1.0.8/32 dev un0
	check "it is saved that the cluster has not" wait_until 10 \
		grep -qx '>client' "$OZP_TMP/w1/jobs"
	helper_kill w1
	check "another helper starts" helper_start w1 --refresh-interval 5000 \
		--idle-timeout 3000
	check "the broker is there again" broker_start
	check "and the helper" wait_until 30 is_connected w1
	check "the cluster hears of it" wait_until 20 cluster_saw \
		'address-changed w1 client 0 131\.1\.0\.7 50103'
	check "the answer is the new address" wait_until 20 cluster_saw \
		'query w1 sname client'
	is "the instance is still local" "$(helper_json w1 \
		'.jobs[] | select(.name == "client") | .kind')" local
	check "and here" local_is w1 131.1.0.7
	is "it works" "$(fetch c 10.30.1.30)" s0
}

# At boot IPv6 comes after IPv4.
other_family()
{
	nip w1 address add 2001:db8:9::1/64 dev un0 nodad
	check "an address of IPv6 comes" wait_until 10 local_is w1 2001:db8:9::1
	check "beside that of IPv4" local_is w1 131.1.0.7
	is "it works on" "$(fetch c 10.30.1.30)" s0
}

local_is()
{
	ns "$1" ozctl -j device show | grep -qF "\"$2\""
}

check "two workers, their helpers and a cluster" begin || tap_done
just_deployed
netmanager_removes
remembered
published
moved
moved_without_broker
other_family
no_cluster_errors
helpers_said_no_error
is "no subnet was asked for" "$(cluster_counts 'subnet .*')" 0
tap_done
