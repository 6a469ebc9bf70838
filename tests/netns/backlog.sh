#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# More packets come in at once than net.core.netdev_max_backlog lets wait: they
# are dropped under a reason, and counted.
#
#     c1 ── br0 ── w1: oz0 ══ underlay ══ w2: oz0 ── br0 ── c2
#     X1.0         131.1.0.1              131.1.21.5        X3.0
#
# The sender takes datagrams apart that came as one packet and sends them at
# once; the links take what there is in one round of their NAPI. Datagrams wait
# for GRO, as TCP does, where the device is told to put them together.
#
# covers: backlog-full

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"

need ip ozctl gojq python3 ethtool

both_up()
{
	device_up w1 && device_up w2 && pair_services w1 && pair_services w2
}

bursts()
{
	underlay_offloads gro &&
		ns w2 ethtool -K oz0 rx-udp-gro-forwarding on
}

# shellcheck disable=SC2317 # called by a hook
backlog()
{
	echo "$1" >/proc/sys/net/core/netdev_max_backlog
}

delivered()
{
	(($(counter w2 in-delivered) >= $1))
}

overflows()
{
	sock burst talker 20 500 10.30.1.30 53
	(($(drops w2 in backlog-full) > 0))
}

check "two workers" pair_make
check "two devices with services" both_up
check "links that keep bursts together" bursts
sock_start
sock udp talker c1 10.19.1.3 4000
sock udp listener c2 10.21.0.1 53
check "a burst is sent" sock burst talker 20 500 10.30.1.30 53
check "all of it arrives" wait_until 5 delivered 20
is "nothing is dropped" "$(losses w2)" ""

at_exit backlog "$(</proc/sys/net/core/netdev_max_backlog)"
check "next to nothing may wait" backlog 1
check "datagrams are dropped, and counted" wait_until 20 overflows
check "as before" backlog 1000
delivered=$(counter w2 in-delivered)
check "a burst is sent again" sock burst talker 20 500 10.30.1.30 53
check "all of it arrives again" wait_until 5 delivered "$((delivered + 20))"
sock close talker listener
tap_done
