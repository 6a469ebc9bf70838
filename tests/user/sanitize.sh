#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# timeout: 300
#
# The unit tests once more, with sanitizers for addresses, leaks and undefined
# behaviour: they end a program at once.

set -u
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
export CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined"
CFLAGS+=" -fno-sanitize-recover=all"
export OUT=$here/../../userspace/build/sanitize
export ASAN_OPTIONS=detect_leaks=1
exec "$here/unit.sh"
