#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Beside what else is on a worker: connection tracking, bridge netfilter, reverse
# path filters, firewalls that drop what they forward but for the two rules of
# README, address translation of what the node sends. What the worker says of its
# own accord to all who are on the device is not for the overlay, and nobody is
# told. And a container that takes the Namespace IP of its neighbour.
#
#   c1 10.19.1.3 fc00::103 ─┬─ w1 131.1.0.1 ══ underlay ══ w2 131.1.21.5 ── c2
#   c3 10.19.1.6 fc00::106 ─┘  2001:db8:1::1              2001:db8:2::5
#                                                      10.21.0.1 fc00::201
#
#   X1 (c1): 10.30.0.1 fdff:2000::1    X3 (c2): 10.30.1.30 fdff:2000::30
#
# timeout: 180
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"
# shellcheck source-path=SCRIPTDIR source=neighbours.bash
. "$(dirname "$0")/neighbours.bash"

need gojq ozctl nft iptables ip6tables
need_modules br_netfilter nf_conntrack

topology()
{
	pair_make && container_add w1 c3 10.19.1.6/26 fc00::106/120 &&
		device_up w1 && device_up w2 && pair_services w1 w2
}

both()
{
	"$@" w1 && "$@" w2
}

# rules WORKER <<TEXT: the rules of nft that are there from now on.
rules()
{
	ns "$1" nft flush ruleset && ns "$1" nft -f "$OZP_TMP/rules"
}

with_rules()
{
	cat >"$OZP_TMP/rules"
	both rules
}

tracking()
{
	check "connection tracking" with_rules <<-END
		table inet t {
			chain forward {
				type filter hook forward priority 0; policy drop;
				ct state invalid drop
				ct state new,established,related accept
			}
			chain output {
				type filter hook output priority 0; policy drop;
				ct state new,established,related accept
			}
		}
	END
	talk "connection tracking, what is invalid is dropped"
	check "no tracking" with_rules <<-END
		table inet t {
			chain first {
				type filter hook prerouting priority raw
				notrack
			}
			chain output {
				type filter hook output priority raw
				notrack
			}
			chain forward {
				type filter hook forward priority 0; policy drop;
				ct state untracked accept
			}
		}
	END
	talk "NOTRACK"
}

bridge_filter()
{
	local worker

	for worker in w1 w2; do
		ns_sysctl "$worker" net.bridge.bridge-nf-call-iptables="$1" \
			net.bridge.bridge-nf-call-ip6tables="$1" || return 1
	done
}

path_filter()
{
	local worker device

	for worker in w1 w2; do
		for device in all default br0 un0 oz0; do
			ns_sysctl "$worker" \
				"net.ipv4.conf.$device.rp_filter=$1" || return 1
		done
	done
}

# What README says.
two_rules()
{
	local tool

	for tool in "iptables$backend" "ip6tables$backend"; do
		ns "$1" "$tool" -A FORWARD -o oz0 -j ACCEPT &&
			ns "$1" "$tool" -A FORWARD -i oz0 -j ACCEPT || return 1
	done
}

forward_policy()
{
	ns "$2" "iptables$backend" -P FORWARD "$1" &&
		ns "$2" "ip6tables$backend" -P FORWARD "$1"
}

# policy_dropped TOOL: how many packets the policy of w1 did away with.
policy_dropped()
{
	ns w1 "$1" -nvxL FORWARD | sed -n '1s/.*DROP \([0-9]*\) packets.*/\1/p'
}

policy_drops_more()
{
	(($(policy_dropped "$1") > $2))
}

# silence_family TOOL FROM TO SERVICE: the firewall, and nothing else, is why a
# datagram does not get through.
silence_family()
{
	local tool=$1 from=$2 to=$3 service=$4 before

	talk_port=$((talk_port + 1))
	before=$(policy_dropped "$tool")
	sock udp u c1 "$from" "$talk_port" && sock udp v c2 "$to" 53 &&
		sock send u ask "$service" 53 &&
		wait_until 10 policy_drops_more "$tool" "$before" &&
		sock silent v && sock close u v
}

silence()
{
	check "$1: IPv4" silence_family "iptables$backend" 10.19.1.3 \
		10.21.0.1 10.30.1.30
	check "$1: IPv6" silence_family "ip6tables$backend" fc00::103 \
		fc00::201 fdff:2000::30
}

masquerade()
{
	local tool

	for tool in "iptables$backend" "ip6tables$backend"; do
		ns "$1" "$tool" -t nat -A POSTROUTING -o un0 -j MASQUERADE \
			--random-fully || return 1
	done
}

# of_iptables NAME: a firewall that is written with it.
of_iptables()
{
	check "$1: bridge filter, not yet" bridge_filter 0
	check "$1: a policy of DROP" both forward_policy DROP
	silence "$1: a FORWARD policy of DROP"
	check "$1: and the two rules" both two_rules
	talk "$1: a FORWARD policy of DROP and the two rules"
	check "$1: MASQUERADE" both masquerade
	talk "$1: MASQUERADE of what the node sends"
	check "$1: bridge filter again" bridge_filter 1
	talk "$1: all of this and bridge netfilter"
	check "$1: a policy of ACCEPT" both forward_policy ACCEPT
}

legacy_is_there()
{
	modprobe -a iptable_filter ip6table_filter iptable_nat ip6table_nat
}

# Those of nft go with all that nft knows; the older ones stay, and let pass.
firewalls()
{
	local backend=

	check "no rules" with_rules </dev/null
	of_iptables iptables
	check "the same in nft" with_rules <<-END
		table inet f {
			chain forward {
				type filter hook forward priority 0; policy drop;
				oifname "oz0" accept
				iifname "oz0" accept
			}
		}
	END
	talk "nft that drops, and the two rules"
	if legacy_is_there; then
		backend=-legacy
		of_iptables "iptables-legacy beside nft"
	else
		skip "iptables-legacy" "this kernel does not have it"
	fi
}

# answered FAMILY: how many ICMP errors w1 has made.
answered()
{
	if (($1 == 4)); then
		# shellcheck disable=SC2016 # awk's
		ns w1 awk '$1 != "Icmp:" { next }
			!at { for (i = 2; i <= NF; i++)
				if ($i == "OutDestUnreachs") at = i; next }
			{ print $at }' /proc/net/snmp
	else
		# shellcheck disable=SC2016 # awk's
		ns w1 awk '/^Icmp6Out(DestUnreachs|PktTooBigs|TimeExcds)/ {
			sum += $2 } END { print sum + 0 }' /proc/net/snmp6
	fi
}

multicast_is_more()
{
	(($(drops w1 out multicast) > $1))
}

# Solicitations, which a device that comes up sends of its own accord, and what
# somebody sends by hand.
multicast()
{
	local before told4 told6

	told4=$(answered 4) told6=$(answered 6)
	before=$(drops w1 out multicast)
	check "w1 asks for routers" ns_sysctl w1 net.ipv6.conf.oz0.accept_ra=2
	check "down" nip w1 link set oz0 down
	check "and up" ns w1 ozctl device up oz0
	check "it is counted as multicast" wait_until 20 \
		multicast_is_more "$before"
	before=$(drops w1 out multicast)
	ns w1 ping -c 1 -W 1 -I oz0 224.0.0.1 >"$OZP_TMP/ping4" 2>&1
	check "a ping to all hosts, IPv4" wait_until 10 \
		multicast_is_more "$before"
	before=$(drops w1 out multicast)
	ns w1 ping -c 1 -W 1 ff02::1%oz0 >"$OZP_TMP/ping6" 2>&1
	check "a ping to all hosts, IPv6" wait_until 10 \
		multicast_is_more "$before"
	is "nobody is told, IPv4" "$(answered 4)" "$told4"
	is "nobody is told, IPv6" "$(answered 6)" "$told6"
	is "nobody is asked for it" "$(counter w1 misses)" 0
}

# forged FROM: what c3 sends with the address of c1.
forged()
{
	local packet

	packet=$(sock build udp "$1" "$2" "$3" 53 forged) &&
		sock frame raw "$gateway" "$packet"
}

# Behind a bridge the device cannot tell, so the bridge has to: ozproxy(7). No
# sets: the debug kernel complains of nft's own code when one is made.
forger()
{
	sock udp v c2 10.21.0.1 53
	sock udp w c2 fc00::201 53
	check "c3 forges, IPv4" forged 10.19.1.3 7001 10.30.1.30
	is "behind a bridge it is believed" "$(sock receive v)" \
		"10.30.0.2 7001 forged"
	check "a filter in the bridge" ns w1 nft -f - <<-END
		table bridge oz {
			chain ports {
				type filter hook prerouting priority 0
				iifname "c-c3" ip saddr != 10.19.1.6 drop
				iifname "c-c3" ip6 saddr fe80::/10 accept
				iifname "c-c3" ip6 saddr != fc00::106 drop
			}
		}
	END
	check "c3 forges again, IPv4" forged 10.19.1.3 7002 10.30.1.30
	check "and IPv6" forged fc00::103 7002 fdff:2000::30
	check "it is itself, IPv4" forged 10.19.1.6 7003 10.30.1.30
	check "its own is unknown and counted" wait_until 10 \
		drops_are w1 out unknown-source 1
	check "nothing arrives" sock silent v
	check "nor of IPv6" sock silent w
	check "c3 takes the address of nobody" forged 10.19.1.9 7004 10.30.1.30
	sock close v w
	talk "with that filter"
}

sock_start
check "two workers, three containers" topology
gateway=$(gateway_mac w1)
check "a raw socket in c3" sock capture raw c3 eth0
talk "alone"
multicast
tracking
for value in 0 1; do
	check "bridge netfilter $value" bridge_filter "$value"
	talk "bridge netfilter $value, NOTRACK"
done
for value in 0 1 2; do
	check "rp_filter $value" path_filter "$value"
	talk "rp_filter $value"
done
firewalls
forger
tap_done
