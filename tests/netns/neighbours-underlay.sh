#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The workers reach each other over VXLAN, and over WireGuard. The commands of
# README.md that let nobody else in do that.
#
#   c1 ── w1 192.0.2.1 ─ over ═ un0 131.1.0.1 ══ underlay ══ w2 131.1.21.5
#         2001:db8:f::1                              192.0.2.2 2001:db8:f::2 ── c2
#
#   X1 (c1): 10.30.0.1 fdff:2000::1    X3 (c2): 10.30.1.30 fdff:2000::30
#
# timeout: 120
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"
# shellcheck source-path=SCRIPTDIR source=neighbours.bash
. "$(dirname "$0")/neighbours.bash"

need gojq nft ozctl wg
need_modules vxlan wireguard

declare -A outer=([w1]=131.1.0.1 [w2]=131.1.21.5)
declare -A inner4=([w1]=192.0.2.1 [w2]=192.0.2.2)
declare -A inner6=([w1]=2001:db8:f::1 [w2]=2001:db8:f::2)

other()
{
	[[ $1 == w1 ]] && echo w2 || echo w1
}

vxlan_add()
{
	nip "$1" link add over type vxlan id 7 dstport 4789 \
		local "${outer[$1]}" remote "${outer[$(other "$1")]}"
}

keys()
{
	local worker

	for worker in w1 w2; do
		wg genkey >"$OZP_TMP/$worker.key" &&
			wg pubkey <"$OZP_TMP/$worker.key" \
				>"$OZP_TMP/$worker.pub" || return 1
	done
}

wireguard_add()
{
	local peer

	peer=$(other "$1")
	nip "$1" link add over type wireguard &&
		ns "$1" wg set over listen-port 51820 \
			private-key "$OZP_TMP/$1.key" \
			peer "$(<"$OZP_TMP/$peer.pub")" \
			endpoint "${outer[$peer]}:51820" \
			allowed-ips "${inner4[$peer]}/32,${inner6[$peer]}/128"
}

over_up()
{
	nip "$1" -batch - <<-END
		address add ${inner4[$1]}/24 dev over
		address add ${inner6[$1]}/64 dev over nodad
		link set over up
	END
}

# nodes OF_W1 OF_W2: where the instances are.
# shellcheck disable=SC2046 # words of instances
nodes()
{
	local worker

	for worker in w1 w2; do
		service_set "$worker" X.default.X1.default \
			address 10.30.0.1 policy rr \
			address fdff:2000::1 policy rr $(instance 0 \
			10.19.1.3,fc00::103 10.30.0.2,fdff::2 "$1" 50103) &&
			service_set "$worker" X.default.X3.default \
				address 10.30.1.30 policy rr \
				address fdff:2000::30 policy rr $(instance 0 \
				10.21.0.1,fc00::201 10.30.0.6,fdff::6 "$2" \
				50103) || return 1
	done
}

# The MTU of the devices is what remains, less the two outer headers.
narrow()
{
	local worker

	for worker in w1 w2; do
		nip "$worker" link set oz0 mtu "$1" || return 1
	done
}

# readme WORKER REGEX: does what README.md says with nft and what matches
readme()
{
	local line lines

	mapfile -t lines < <(sed -n 's/^    \(nft add .*\)/\1/p' \
		"${BASH_SOURCE[0]%/*}/../../README.md" | grep -E -- "$2" |
		sed 's/"wg0"/"over"/')
	((${#lines[@]})) || return 1
	for line in "${lines[@]}"; do
		ns "$1" sh -c "$line" || return 1
	done
}

reaches()
{
	ns c1 ping -c 1 -W 2 10.30.1.30
}

# Only nodes are let in.
firewall()
{
	local name="firewall"

	check "$name: nodes" nodes "${outer[w1]}" "${outer[w2]}"
	check "$name: a table" readme w2 'table inet|chain inet'
	check "$name: a rule that drops" readme w2 '50103 drop'
	refuse "$name: nobody is let in" reaches
	check "$name: none of that" ns w2 nft flush chain inet ozproxy input
	check "$name: nodes are let in" readme w2 '50103 (ip saddr|drop)'
	talk "with a firewall"
	check "$name: the end of it" ns w2 nft delete table inet ozproxy
}

# over NAME MTU ADD: on what ADD makes.
over()
{
	local name=$1 mtu=$2 worker

	for worker in w1 w2; do
		check "$name: $worker" "$3" "$worker"
		check "$name: $worker has addresses" over_up "$worker"
	done
	check "$name: MTU" narrow "$mtu"
	check "$name: nodes there" nodes "${inner4[w1]}" "${inner4[w2]}"
	talk "over $name, IPv4 nodes"
	check "$name: nodes there, IPv6" nodes "${inner6[w1]}" "${inner6[w2]}"
	talk "over $name, IPv6 nodes"
	sock listen l c2 10.21.0.1 81
	check "$name: a connection" sock connect k c1 10.19.1.3 7000 \
		10.30.1.30 81
	sock accept s l >"$OZP_TMP/accepted"
	check "$name: 300 kB" sock bulk k s 300000
	sock close k s l
	[[ $name != WireGuard ]] || only_over "$name"
	for worker in w1 w2; do
		nip "$worker" link del over
	done
}

# What does not come by the tunnel below is not let in.
only_over()
{
	check "$1: a table" readme w2 'table inet|chain inet'
	check "$1: nothing by another device" readme w2 'iifname'
	check "$1: the nodes reach each other" reaches
	check "$1: nodes outside of it" nodes "${outer[w1]}" "${outer[w2]}"
	refuse "$1: do not" reaches
	check "$1: the end of it" ns w2 nft delete table inet ozproxy
}

sock_start
check "two workers" pair_make
check "a device" device_up w1
check "and another" device_up w2
check "keys" keys
# The debug kernel complains of nft's own code when a set is made.
[[ ${OZP_KERNEL:-} == debug ]] || firewall
over VXLAN 1402 vxlan_add
over WireGuard 1372 wireguard_add
no_drops w1 w2
tap_done
