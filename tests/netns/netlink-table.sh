#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# What the netlink interface keeps and tells: large services in split dumps,
# notifications, clearing, clients at once, devices that go meanwhile, and who
# may do what. The cases are in tests/netlink, run as netlink.sh says:
#
#     netlink-test ──requests── oz0, con0 (addresses of a container)

exec "$(dirname "$0")/netlink.sh" dump notify clear parallel vanish rights
