#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# timeout: 300
#
# The unit tests of the library, of the reader of table-query results and of
# what ozctl reads and prints. Netlink goes to a stand-in for the kernel.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
out=${OUT:-$PWD/userspace/build/unit}
status=0

if ! make -s -C tests/user OUT="$out" ${CFLAGS:+CFLAGS="$CFLAGS"} 2>&1; then
	echo "not ok - the unit tests build"
	exit 1
fi
for file in tests/user/test_*.c; do
	program=$out/$(basename "$file" .c)
	CMOCKA_MESSAGE_OUTPUT=TAP timeout 120 "$program" 2>&1 || {
		status=1
		echo "# $program ended with a failure"
	}
done
exit "$status"
