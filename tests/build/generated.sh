#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: style
#
# What is generated from the spec is what the spec says now.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for style || exit 1
need_packages python3-yaml python3-jsonschema || exit 1
tools=$(kernel_tools) || exit 1

check "generated files are current" include/spec/generate --check "$tools"
tap_done
