# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2154 # node1, node2, port4 and port6 are the test's
#
# What the tests of peers that know nothing of ozproxy share: a worker with one
# container, and a peer whose instance has two fixed addresses. Where ozproxy would
# look into a table the peer has one rule: what it sends from its Namespace IP to
# x1's Instance IP leaves from its own Instance IP to x1's Namespace IP. Nothing is
# translated on the way in. Source it after e2e.bash.
#
#   x1 10.19.1.3 fc00::103          peer's instances, on lo
#      10.30.0.2 fdff::2               far4 10.23.0.1   10.30.0.9
#       │                              far6 fc00::301   fdff::9
#   w1 131.1.0.1:50103                 │
#      2001:db8:1::1                   │
#       └──────── underlay ──────── peer 131.1.0.7 2001:db8:1::7
#
#   far4: 10.30.1.90, node port $port4    far6: fdff:2000::90, node port $port6
#
#   peer_make                 the topology, and the peer's rule
#   peer_services             far4 and far6 are at $node2, x1 is at $node1
#   peer_use_family 4|6 NAME  the addresses of that family, for what follows
#   peer_talks                both ways, as the wire has it; named NAME

peer_make()
{
	worker_add w1 && underlay_join w1 131.1.0.1/24 2001:db8:1::1/64 &&
		container_add w1 x1 10.19.1.3/26 fc00::103/120 &&
		netns_add peer &&
		underlay_join peer 131.1.0.7/24 2001:db8:1::7/64 &&
		nip peer address add 10.23.0.1/32 dev lo &&
		nip peer address add fc00::301/128 dev lo nodad &&
		peer_convert && device_up w1
}

# Stateless: a rule for the only partner it has.
peer_convert()
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
peer_services()
{
	service_set w1 near address 10.30.0.1 policy rr \
		address fdff:2000::1 policy rr \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 "$node1" 50103) &&
		service_set w1 far4 address 10.30.1.90 policy rr \
			$(instance 0 10.23.0.1 10.30.0.9 "$node2" "$port4") &&
		service_set w1 far6 address fdff:2000::90 policy rr \
			$(instance 0 fc00::301 fdff::9 "$node2" "$port6")
}

peer_use_family()
{
	if (($1 == 4)); then
		x1=10.19.1.3 x1i=10.30.0.2 far=10.23.0.1 sip=10.30.1.90
		x1_=$x1 x1i_=$x1i far_=$far sip_=$sip fari_=10.30.0.9
		port=$port4
	else
		x1=fc00::103 x1i=fdff::2 far=fc00::301 sip=fdff:2000::90
		x1_=[$x1] x1i_=[$x1i] far_=[$far] sip_=[$sip] fari_="[fdff::9]"
		port=$port6
	fi
	name="$2, IPv$1"
}

# x1 asks the peer's instance.
peer_is_asked()
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
peer_asks()
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

# Of either family, as it is before a port.
peer_end()
{
	[[ $1 == *:* ]] && echo "[$1]" || echo "$1"
}

peer_on_the_wire()
{
	check "$name: the request on the wire" sock expect wire \
		"out $(peer_end "$node1"):*>$(peer_end "$node2"):$port udp*{ $x1i_:4000>$far_:80 tcp S"
	check "$name: the reply on the wire" sock expect wire \
		"in $(peer_end "$node2"):*>$(peer_end "$node1"):50103 udp*{ $fari_:80>$x1_:4000 tcp SA"
	sock seen wire >/dev/null
}

peer_serves()
{
	mkdir -p "$OZP_TMP/www" && echo "hello from afar" >"$OZP_TMP/www/hello"
	bg peer busybox httpd -f -p "$far_:8080" -h "$OZP_TMP/www"
	wait_listen peer tcp 8080
	is "$name: curl through the Service IP" "$(ns x1 curl -sS \
		--noproxy '*' --max-time 20 "http://$sip_:8080/hello" 2>&1)" \
		"hello from afar"
	bg_stop "$BG_PID"
}

peer_talks()
{
	sock capture wire w1 un0
	peer_is_asked
	peer_on_the_wire
	sock close wire
	peer_asks
}
