#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# Requests of which each allocation fails once: they are refused and change
# nothing. The cases are in tests/netlink, run as netlink.sh says:
#
#     netlink-test ──requests── oz0
#
# kernels: debug

exec "$(dirname "$0")/netlink.sh" memory
