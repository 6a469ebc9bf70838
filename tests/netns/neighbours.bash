# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
#
# What the tests of other software on the workers share. Source it after
# adv.bash, which makes the pair of workers.
#
#   talk NAME     both families between c1 and c2: a TCP connection with bytes
#                 both ways, a datagram and its answer; one check a family

talk_port=6000

# Ports are not used twice: no flow of an earlier talk helps.
talk_family()
{
	local from=$1 to=$2 service=$3 seen=$4 got

	talk_port=$((talk_port + 1))
	sock listen l c2 "$to" 80 &&
		sock connect k c1 "$from" "$talk_port" "$service" 80 &&
		got=$(sock accept s l) && sock echo k s &&
		sock udp u c1 "$from" "$talk_port" &&
		sock udp v c2 "$to" 53 && sock send u ask "$service" 53 &&
		got+=", $(sock receive v)" &&
		sock send v answer "$seen" "$talk_port" &&
		got+=", $(sock receive u)" && sock close l k s u v || return 1
	is_talk "$got" "$seen $talk_port, $seen $talk_port ask, $service 53 answer"
}

is_talk()
{
	[[ $1 == "$2" ]] && return 0
	echo "got: $1; want: $2"
	return 1
}

talk()
{
	check "$1: IPv4" talk_family 10.19.1.3 10.21.0.1 10.30.1.30 10.30.0.2
	check "$1: IPv6" talk_family fc00::103 fc00::201 fdff:2000::30 fdff::2
}
