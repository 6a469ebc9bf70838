# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2034 # $there and $back are for the measures
# shellcheck disable=SC2154 # addresses of topology.bash
#
# The systems that are compared, each on the topology of topology.bash.
#
#   system_up NAME    sets it up. Then c1 reaches c2 at $there, and c2 answers
#                     to $back.
#   $all_systems      their names
#
#   plain       routed, no tunnel: the floor
#   vxlan       tunnel of Ethernet frames, set up as flannel does: the addresses
#               of the far end are static, nothing is learned
#   fou         tunnel of bare IPv4 packets over UDP, ozproxy's format
#   vxlan+nat   the tunnel and, at c1's worker only, nftables and connection
#   fou+nat     tracking: the address of a service becomes that of c2, and c1's
#               address its Instance IP
#   ipvs        fou and, at c1's worker, IPVS in place of nftables; it does not
#               change c1's address
#   wireguard   tunnel, encrypted
#   ozproxy     with the default options, and room for many services

all_systems=(plain vxlan fou vxlan+nat fou+nat ipvs wireguard ozproxy)

# What the measures use: UDP 9, iperf3's.
ipvs_services=(u:9 t:5201)

service_ip=10.30.1.30 instance1=10.30.0.2 instance2=10.30.0.6

system_up()
{
	there=$c2 back=$c1
	topology_up || return 1
	case $1 in
	plain) both_ways plain_up ;;
	vxlan) both_ways vxlan_up ;;
	fou) both_ways fou_up ;;
	vxlan+nat) both_ways vxlan_up && nat_up "via 10.200.0.1 dev t0 onlink" ;;
	fou+nat) both_ways fou_up && nat_up "dev t0" ;;
	ipvs) both_ways fou_up && ipvs_up ;;
	wireguard) wireguard_up ;;
	ozproxy) ozproxy_up ;;
	*) diag "no system '$1'"; return 1 ;;
	esac
}

plain_up()
{
	nip "$1" route add "$2/32" via "$4"
}

vxlan_up()
{
	local near=${3##*.} far=${4##*.} mac=02:00:00:00:00

	nip "$1" -batch - <<-END
		link add t0 address $mac:0$near type vxlan id 1 local $3 dev un0 dstport 4789 nolearning
		address add 10.200.0.$near/32 dev t0
		link set t0 up
		neighbour add 10.200.0.$far lladdr $mac:0$far dev t0 nud permanent
		route add $2/32 via 10.200.0.$far dev t0 onlink
	END
	ns "$1" bridge fdb add "$mac:0$far" dev t0 dst "$4"
}

fou_up()
{
	nip "$1" fou add port 50103 ipproto 4 &&
		nip "$1" -batch - <<-END
			link add t0 type ipip local $3 remote $4 ttl 64 encap fou encap-sport auto encap-dport 50103
			link set t0 up
			route add $2/32 dev t0
		END
}

nat_up()
{
	local route

	there=$service_ip back=$instance1
	read -ra route <<<"$1"
	nip w2 route add "$instance1/32" "${route[@]}" && ns w1 nft -f - <<-END
		table ip nat {
			chain in {
				type nat hook prerouting priority dstnat;
				ip daddr $service_ip dnat to $c2
			}
			chain out {
				type nat hook postrouting priority srcnat;
				ip saddr $c1 ip daddr $c2 snat to $instance1
			}
		}
	END
}

# Every address and port is a service of its own there.
ipvs_up()
{
	local service

	there=$service_ip
	nip w1 address add "$service_ip/32" dev lo &&
		for service in "${ipvs_services[@]}"; do
			service=${service/:/ $service_ip:}
			echo "-A -$service -s rr"
			echo "-a -$service -r $c2:${service#*:} -m"
		done | ns w1 ipvsadm --restore
}

wireguard_up()
{
	local private1 private2

	private1=$(wg genkey) && private2=$(wg genkey) &&
		wireguard_end w1 "$private1" "$(wg pubkey <<<"$private2")" \
			"$c2" "$node2" &&
		wireguard_end w2 "$private2" "$(wg pubkey <<<"$private1")" \
			"$c1" "$node1"
}

wireguard_end()
{
	nip "$1" link add t0 type wireguard &&
		ns "$1" wg set t0 listen-port 51820 \
			private-key /dev/stdin peer "$3" endpoint "$5:51820" \
			allowed-ips "$4/32" <<<"$2" &&
		nip "$1" -batch - <<-END
			link set t0 up
			route add $4/32 dev t0
		END
}

# shellcheck disable=SC2046 # words of an instance
ozproxy_up()
{
	there=$service_ip back=$instance1
	device_up w1 service-ipv4 10.28.0.0/14 &&
		device_up w2 service-ipv4 10.28.0.0/14 &&
		service_all near address 10.30.0.1 policy rr \
			$(instance 0 "$c1" "$instance1" "$node1" 50103) &&
		service_all far address "$service_ip" policy rr \
			$(instance 0 "$c2" "$instance2" "$node2" 50103)
}
