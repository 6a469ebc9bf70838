# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""unwrap.py IN OUT: takes the Ethernet, IPv4 and UDP headers off every packet
of a capture file, so that tcpdump shows what the tunnel carries."""

import struct
import sys

LINKTYPE_RAW = 101

with open(sys.argv[1], "rb") as file:
    data = file.read()
with open(sys.argv[2], "wb") as file:
    file.write(data[:20] + struct.pack("=I", LINKTYPE_RAW))
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, size, _ = struct.unpack_from("=IIII", data, at)
        inner = data[at + 16 + 14 + 20 + 8:at + 16 + size]
        file.write(struct.pack("=IIII", seconds, fraction, len(inner),
                               len(inner)) + inner)
        at += 16 + size
