#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# The walkthrough's last part, with a broker: a miss becomes a query, the
# answer an entry, the query an interest; an update is followed by a query by
# name; what nobody uses is cleared, and the interest removed, once; what is
# hosted never is. Told by the broker's log and the cluster's. helper-tls.sh tells
# the same of a broker with TLS.
#
# The topology is that of helper.bash.
set -u

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=e2e.bash
. "$(dirname "$0")/e2e.bash"
# shellcheck source-path=SCRIPTDIR source=helper.bash
. "$(dirname "$0")/helper.bash"
# shellcheck source-path=SCRIPTDIR source=story.bash
. "$(dirname "$0")/story.bash"

need busybox curl gojq mosquitto ozctl ozproxyd

check "two workers, their helpers and a cluster" story_begin || tap_done
story
no_cluster_errors
is "no subnet was asked for" "$(cluster_counts 'subnet .*')" 0
helpers_said_no_error
no_drops w1 w2
tap_done
