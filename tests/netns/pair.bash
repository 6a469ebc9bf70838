# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for the tests
#
# One client and one server, each on a worker of its own, on an underlay of both
# families. Source it after e2e.bash.
#
#   c 10.19.1.3  on w1, 131.1.0.1     s 10.21.0.1  on w2, 131.1.0.2
#     fc00::103         2001:db8:1::1   fc00::201         2001:db8:1::2
#
#   pair_join           the workers and containers, no device yet
#   pair_services NODE  client 10.30.0.2 fdff::2, and shop 10.30.1.30
#                       fdff:2000::30 with one instance, 10.30.0.6 fdff::6; the
#                       nodes have the addresses NODE1 and NODE2
#   pair_family 4|6     sets c, s, ci (the client's Instance IP), sip (the
#                       Service IP)

pair_join()
{
	worker_add w1 && worker_add w2 &&
		underlay_join w1 131.1.0.1/24 2001:db8:1::1/64 &&
		underlay_join w2 131.1.0.2/24 2001:db8:1::2/64 &&
		container_add w1 c 10.19.1.3/26 fc00::103/120 &&
		container_add w2 s 10.21.0.1/26 fc00::201/120
}

# shellcheck disable=SC2046 # words
pair_services()
{
	service_all client \
		$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 "${1}1" 50103) &&
		service_all shop \
			address 10.30.1.30 policy rr address fdff:2000::30 policy rr \
			$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 "${1}2" 50103)
}

pair_family()
{
	if (($1 == 4)); then
		c=10.19.1.3 s=10.21.0.1 ci=10.30.0.2 sip=10.30.1.30
	else
		c=fc00::103 s=fc00::201 ci=fdff::2 sip=fdff:2000::30
	fi
}
