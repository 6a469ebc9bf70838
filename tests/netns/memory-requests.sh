#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Requests of which each allocation fails once: they are refused and change
# nothing. The same for packets. The cases are in tests/netlink, run as
# netlink.sh says:
#
#     netlink-test ──requests── oz0
#
# kernels: debug

# shellcheck source-path=SCRIPTDIR source=failslab.bash
. "$(dirname "$0")/failslab.bash"

if ! failslab_there || ! failslab_prepare; then
	echo "Bail out! needs a kernel with CONFIG_FAILSLAB, and nm"
	exit 1
fi
exec "$(dirname "$0")/netlink.sh" memory
