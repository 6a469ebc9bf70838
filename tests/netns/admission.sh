#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Tunnelled packets that must not get in: each is counted under its reason,
# as often as it was sent, and seen by nobody.
#
#     peer ── un0 ── underlay ── un0 ── w1: oz0 ── br0 ── c1 (10.19.1.3,
#     131.1.0.9      router      131.1.0.1                    fc00::103)
#     198.18.7.7                 2001:db8::1
#     2001:db8::9, 2001:db8:77::7
#
# The peer is no worker: it sends what it likes to port 50103 of w1. w1 knows
# the instance X1.0 in c1 and X3.0 on a worker that is not there.
#
# covers: empty-datagram truncated bad-header bad-length bad-address multicast
# covers: bad-fragment unsupported-protocol source-not-service
# covers: destination-not-local ecn not-ip

set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=adv.bash
. "$(dirname "$0")/adv.bash"

need ip ozctl gojq python3

worker_add w1 || exit 1
underlay_join w1 131.1.0.1/24 2001:db8::1/64
container_add w1 c1 10.19.1.3/26 fc00::103/120
netns_add peer
underlay_join peer 131.1.0.9/24 198.18.7.7/32 2001:db8::9/64 \
	2001:db8:77::7/128

check "w1 has a device" device_up w1
# shellcheck disable=SC2046 # words of an instance
check "w1 knows X1" service_set w1 X.default.X1.default \
	address 10.30.0.1 policy rr address fdff:2000::1 policy rr \
	$(instance 0 10.19.1.3,fc00::103 10.30.0.2,fdff::2 131.1.0.1 50103)
# shellcheck disable=SC2046
check "w1 knows X3" service_set w1 X.default.X3.default \
	address 10.30.1.30 policy rr address fdff:2000::30 policy rr \
	$(instance 0 10.21.0.1,fc00::201 10.30.0.6,fdff::6 131.1.21.5 55301)

spaces=("$(ns_name peer)" "$(ns_name w1)" "$(ns_name c1)")
adv_python adv_admission.py "${spaces[@]}" 131.1.0.9,198.18.7.7 131.1.0.1
adv_python adv_admission.py "${spaces[@]}" \
	2001:db8::9,2001:db8:77::7 2001:db8::1

is "no flow came of all that" "$(counter w1 flows)" 0
is "and no miss" "$(counter w1 misses)" 0
tap_done
