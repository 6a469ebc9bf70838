#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# A peer that knows nothing of ozproxy: the kernel's own IPIP over FOU, and SIT
# over FOU on a second port for IPv6. Its instance has two fixed addresses, and
# where ozproxy would look into a table it has one rule: what it sends from its
# Namespace IP to x1's Instance IP leaves from its own Instance IP to x1's
# Namespace IP. Nothing is translated on the way in.
#
#   x1 10.19.1.3 fc00::103          peer's instances, on lo
#      10.30.0.2 fdff::2               far4 10.23.0.1   10.30.0.9
#       │                              far6 fc00::301   fdff::9
#   w1 131.1.0.1:50103                 │ tun4            │ tun6
#       └── underlay ── peer 131.1.0.7:50103 (IPIP)      :50104 (SIT)
#
#   far4: 10.30.1.90, node port 50103    far6: fdff:2000::90, node port 50104
#
# timeout: 240
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"

need jq ozctl nft curl busybox
need_modules fou ipip sit

topology()
{
	worker_add w1 && underlay_join w1 131.1.0.1/24 &&
		container_add w1 x1 10.19.1.3/26 fc00::103/120 &&
		netns_add peer && underlay_join peer 131.1.0.7/24 &&
		device_up w1
}

tunnels()
{
	nip peer fou add port 50103 ipproto 4 &&
		nip peer fou add port 50104 ipproto 41 || return 1
	# Its worker has port 50103; ours here is only the source.
	nip peer -batch - <<-END
		link add tun4 type ipip local 131.1.0.7 remote 131.1.0.1 ttl 64 encap fou encap-sport 50103 encap-dport 50103
		link add tun6 type sit local 131.1.0.7 remote 131.1.0.1 ttl 64 encap fou encap-sport 50104 encap-dport 50103
		link set tun4 up
		link set tun6 up
		address add 10.23.0.1/32 dev lo
		address add fc00::301/128 dev lo nodad
		route add 10.30.0.0/16 dev tun4 src 10.23.0.1
		route add 10.19.1.3/32 dev tun4
		route add fdff::/16 dev tun6 src fc00::301
		route add fc00::103/128 dev tun6
	END
}

# Stateless: a rule for the only partner it has.
conversion()
{
	ns peer nft -f - <<-END
		table ip fixed {
			chain out {
				type filter hook output priority raw;
				ip saddr 10.23.0.1 ip daddr 10.30.0.2 ip saddr set 10.30.0.9 ip daddr set 10.19.1.3 notrack
			}
		}
		table ip6 fixed {
			chain out {
				type filter hook output priority raw;
				ip6 saddr fc00::301 ip6 daddr fdff::2 ip6 saddr set fdff::9 ip6 daddr set fc00::103 notrack
			}
		}
	END
}

# shellcheck disable=SC2046 # words
services()
{
	service_set w1 near address 10.30.0.1 policy rr \
		address fdff:2000::1 policy rr \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103) &&
		service_set w1 far4 address 10.30.1.90 policy rr \
			$(instance 0 10.23.0.1 10.30.0.9 131.1.0.7 50103) &&
		service_set w1 far6 address fdff:2000::90 policy rr \
			$(instance 0 fc00::301 fdff::9 131.1.0.7 50104)
}

use_family()
{
	if (($1 == 4)); then
		x1=10.19.1.3 x1i=10.30.0.2 far=10.23.0.1 sip=10.30.1.90
		x1_=$x1 x1i_=$x1i far_=$far sip_=$sip fari_=10.30.0.9
		port=50103
	else
		x1=fc00::103 x1i=fdff::2 far=fc00::301 sip=fdff:2000::90
		x1_=[$x1] x1i_=[$x1i] far_=[$far] sip_=[$sip] fari_="[fdff::9]"
		port=50104
	fi
	name="$2, IPv$1"
}

# x1 asks the peer's instance.
outwards()
{
	sock udp u x1 "$x1" 4000
	sock udp v peer "$far" 53
	sock send u ask "$sip" 53
	is "$name: the peer is asked by x1's Instance IP" \
		"$(sock receive v)" "$x1i 4000 ask"
	sock send v answer "$x1i" 4000
	is "$name: x1 is answered by the Service IP" \
		"$(sock receive u)" "$sip 53 answer"
	sock listen l peer "$far" 80
	check "$name: TCP to the peer" sock connect k x1 "$x1" 4000 "$sip" 80
	is "$name: it sees x1's Instance IP" "$(sock accept a l)" "$x1i 4000"
	check "$name: both talk" sock echo k a
	check "$name: 500 kB to the peer" sock bulk k a 500000
	check "$name: 500 kB to x1" sock bulk a k 500000
	sock close u v l k a
}

# The peer's instance asks x1.
inwards()
{
	sock udp u peer "$far" 4001
	sock udp v x1 "$x1" 53
	sock send u ask "$x1i" 53
	like "$name: x1 is asked by the peer's Instance IP" \
		"$(sock receive v)" "^(10\.30\.0\.9|fdff::9) 4001 ask\$"
	sock send v answer "${fari_//[\[\]]/}" 4001
	is "$name: the peer gets x1's answer" "$(sock receive u)" \
		"$x1i 53 answer"
	sock listen l x1 "$x1" 80
	check "$name: TCP from the peer" sock connect k peer "$far" 4001 \
		"$x1i" 80
	check "$name: x1 accepts" sock accept a l
	check "$name: both talk" sock echo k a
	check "$name: 500 kB to x1" sock bulk k a 500000
	check "$name: 500 kB to the peer" sock bulk a k 500000
	sock close u v l k a
}

wire()
{
	check "$name: the request on the wire" sock expect wire \
		"out 131.1.0.1:*>131.1.0.7:$port udp*{ $x1i_:4000>$far_:80 tcp S"
	check "$name: the reply on the wire" sock expect wire \
		"in 131.1.0.7:*>131.1.0.1:50103 udp*{ $fari_:80>$x1_:4000 tcp SA"
	sock seen wire >/dev/null
}

http()
{
	mkdir -p "$OZP_TMP/www" && echo "hello from afar" >"$OZP_TMP/www/hello"
	bg peer busybox httpd -f -p "$far_:8080" -h "$OZP_TMP/www"
	wait_listen peer tcp 8080
	is "$name: curl through the Service IP" "$(ns x1 curl -sS \
		--noproxy '*' --max-time 20 "http://$sip_:8080/hello" 2>&1)" \
		"hello from afar"
	bg_stop "$BG_PID"
}

sock_start
check "a worker and a foreign peer" topology
check "the peer's tunnels" tunnels
check "the peer's conversion" conversion
check "services" services
sock ports 50103 50104
for mode in "${offload_modes[@]}"; do
	check "underlay offloads: $mode" underlay_offloads "$mode"
	for family in 4 6; do
		use_family "$family" "$mode"
		sock capture wire w1 un0
		outwards
		wire
		sock close wire
		inwards
		[[ $mode != default ]] || http
	done
done
no_drops w1
tap_done
