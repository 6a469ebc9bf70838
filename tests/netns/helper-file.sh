#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Without a cluster: a helper makes the device and serves a table file; changes
# are applied as a whole, a broken file keeps the old table and is told with its
# line; a device that was deleted is made again and filled, also after the module
# was reloaded, and an MTU too small for IPv6 leaves IPv4; at its end the helper
# leaves what it made, or not. And what its own words look like.
#
# The topology is that of helper.bash, without the cluster.
#
# kernels: 6.12 debug
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"

need busybox curl insmod gojq ozctl ozproxyd rmmod

file=$OZP_TMP/table.json

# As editors do: another file gets the name.
rewrite()
{
	cat >"$file.new" && mv "$file.new" "$file"
}

serve()
{
	world && table "$file" && helper_run w1 --table "$file" &&
		helper_run w2 --table "$file" &&
		wait_until 20 helper_ready w1 && wait_until 20 helper_ready w2 &&
		web s0 10.21.0.1 fc00::201 && web s1 10.21.0.2 fc00::202
}

device_is_there()
{
	nip w1 link show oz0 type ozproxy up | grep -q oz0
}

routes_are_there()
{
	nip w1 route show 10.30.0.0/16 | grep -q 'dev oz0' &&
		nip w1 -6 route show fdff::/16 | grep -q 'dev oz0'
}

begins()
{
	check "the device was made, and is up" wait_until 10 device_is_there
	check "and routed" wait_until 10 routes_are_there
	is "the options are those of the helper" "$(ns w1 ozctl -j device show |
		jq -c '.[0] | [."idle-timeout", .port]')" "[10000,50103]"
	is "IPv4" "$(fetch c 10.30.1.30)" s0
	is "IPv6" "$(fetch c fdff:2000::30)" s0
}

changes()
{
	cluster_table "$(cluster_job client 10.30.0.1 fdff:2000::1 "$client")" \
		"$(cluster_job shop 10.30.1.30 fdff:2000::30 "$shop1")" |
		rewrite
	check "the file changes: so does the table" wait_until 10 \
		instance_is w1 1
	check "everywhere" wait_until 10 instance_is w2 1
	is "and what it says holds" "$(fetch c 10.30.1.30)" s1
	cluster_table "$(cluster_job client 10.30.0.1 fdff:2000::1 "$client")" |
		rewrite
	check "a job that is not in the file any more goes" \
		wait_until 10 lacks w1 shop
	table "$file"
	check "written in place, it is read as well" wait_until 10 \
		instance_is w1 0
}

instance_is()
{
	ns "$1" ozctl -j service show shop | grep -q "\"number\":$2,"
}

broken()
{
	{ head -c -20 "$file"; echo; echo '  oops'; } >"$file.broken"
	cp "$file.broken" "$file"
	check "a broken file is told of, with its place" wait_until 10 \
		helper_said w1 'table\.json: line [0-9]+, column [0-9]+.*stays'
	is "the old table stays" "$(fetch c 10.30.1.30)" s0
	echo '[{"app_name": 7}]' >"$file"
	check "one that is no table, too" wait_until 10 said_at_least w1 2
	check "still the old one" instance_is w1 0
	table "$file.good"
	sed 's/"host_port": 50103/"host_port": "5010x"/' "$file.good" >"$file"
	check "one with a slip, too" wait_until 10 helper_said w1 \
		'table\.json: [a-z]+ instance 0: host_port is not a port.*stays'
	check "still the old one, too" instance_is w1 0
	rm "$file"
	kill -HUP "${helper_pid[w1]}"
	check "no file at all, too" wait_until 10 said_at_least w1 4
	is "even so the old one stays" "$(fetch c 10.30.1.30)" s0
	table "$file"
	ns w1 ozctl service del shop
	check "what somebody else took out comes again" wait_until 20 \
		instance_is w1 0
}

said_at_least()
{
	(($(grep -c 'stays as it is' "$OZP_TMP/helper.$1") >= $2))
}

deleted()
{
	nip w1 link del oz0
	check "a deleted device is made again" wait_until 20 device_is_there
	check "routed" wait_until 10 routes_are_there
	check "and filled" wait_until 10 instance_is w1 0
	check "the other side has been there all the time" instance_is w2 0
	is "it works" "$(fetch c 10.30.1.30)" s0
	helper_stop w1
	check "at its end it leaves the device" device_is_there
	is "and the table" "$(fetch c 10.30.1.30)" s0
	nip w1 link del oz0
	helper_run w1 --table "$file" --leave-device no
	check "another one makes it" wait_until 20 device_is_there
	helper_stop w1
	refuse "and removes it, when it is told to" device_is_there
	helper_run w1 --table "$file" --leave-device no
	check "it makes it again" wait_until 20 device_is_there
	nip w1 link del oz0 && ns w1 ozctl device add oz0
	check "somebody else's in its place" wait_until 20 device_is_there
	check "is filled" wait_until 20 instance_is w1 0
	helper_stop w1
	check "and not removed" device_is_there
}

# With less than 1280 bytes a device has no IPv6, nor a route of it.
small_mtu()
{
	nip w1 link set oz0 mtu 1279
	helper_run w1 --table "$file"
	check "a small MTU: a helper starts" wait_until 20 helper_ready w1
	refuse "a small MTU: there is no route of IPv6" routes_are_there
	is "a small MTU: IPv4 works" "$(fetch c 10.30.1.30)" s0
	nip w1 link set oz0 mtu 1400
	check "the MTU grows: there is" wait_until 10 routes_are_there
	is "the MTU grows: IPv6 works" "$(fetch c fdff:2000::30)" s0
	nip w1 link set oz0 mtu 1279
	refuse "it gets small: the route goes" routes_are_there
	nip w1 link set oz0 mtu 1400
	check "it grows again: it comes" wait_until 10 routes_are_there
}

module_reloaded()
{
	check "the module is removed while two helpers run" rmmod ozproxy
	check "and comes back" insmod "$OZPROXY_KO"
	check "w1 has its device again" wait_until 30 instance_is w1 0
	check "so has w2" wait_until 30 instance_is w2 0
	check "routed" wait_until 10 routes_are_there
	is "it works" "$(fetch c 10.30.1.30)" s0
}

# refused NAME REGEX ARG…
refused()
{
	local name=$1 regex=$2 status
	shift 2

	ozproxyd --config "$OZP_TMP/w1/config" "$@" >"$OZP_TMP/words" 2>&1
	status=$?
	is "$name: exit status" "$status" 2
	like "$name: what is said" "$(<"$OZP_TMP/words")" "$regex"
}

words()
{
	local config=$OZP_TMP/w1/config

	like "status, text" "$(helper_status w2)" 'shop  (file|local)'
	is "status, JSON" "$(helper_json w2 '.broker.host')" null
	refused "nothing to serve" 'which broker or which table'
	refused "no id" 'node-id' --broker 192.0.2.1
	refused "no option" "there is no option 'nonsense'" --nonsense 1
	refused "no number" 'port.*is not a number' --port 0 --table "$file"
	echo 'port = 50103x' >"$config"
	refused "the settings" "config, line 1: port" --table "$file"
	cp "${BASH_SOURCE[0]%/*}/../../userspace/conf/ozproxyd.conf" "$config"
	check "the sample is well-formed" ozproxyd --check-config \
		--config "$config" --table "$file"
	sed -i 's/^#\([a-z]\)/\1/; /netmanager/d' "$config"
	check "with all its settings" ozproxyd --check-config --config "$config"
	refused "no broker" 'is not HOST' --broker '[::1' --node-id w1
	rm "$config"
	refuse "nobody answers" ozproxyd --status \
		--status-socket "$OZP_TMP/nobody"
}

# The files of an unmodified NetManager.
netmanager()
{
	local nets=$OZP_TMP/netcfg.json tun=$OZP_TMP/tuncfg.json

	cat >"$nets" <<-'END'
		{"NodePublicAddress": "131.1.0.1", "NodePublicPort": "50200",
		 "ClusterUrl": "0.0.0.0", "ClusterMqttPort": "10003",
		 "Debug": false, "MqttCert": "", "MqttKey": ""}
	END
	cat >"$tun" <<-'END'
		{"HostTunnelDeviceName": "goProxyTun", "TunNetIP": "10.19.1.254",
		 "ProxySubnetwork": "10.30.0.0", "ProxySubnetworkMask":
		 "255.255.0.0", "TunnelPort": 50200, "MTUsize": 1450}
	END
	table "$file"
	helper_run w1 --netmanager-config "$nets" --netmanager-config "$tun" \
		--node-id w1 --table "$file"
	check "NetManager's files" wait_until 20 helper_ready w1
	is "its broker and address" "$(helper_json w1 \
		'[.broker.host, .node.address, .node.port] | map(tostring) |
			join(" ")')" "127.0.0.1:10003 131.1.0.1 50200"
	check "that it takes our port is said" helper_said w1 TunnelPort
	is "the device has the port" "$(ns w1 ozctl -j device show |
		jq '.[0].port')" 50200
	helper_stop w1
}

check "two workers and their helpers, without a cluster" serve || tap_done
begins
changes
broken
deleted
small_mtu
module_reloaded
helper_stop w1
nip w1 link del oz0
words
netmanager
helper_stop w2
tap_done
