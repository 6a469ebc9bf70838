# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""Where a tunnel device that asks for each packet sends them.

encap.py DEVICE ADDRESS
    From now on all that leaves by DEVICE goes to ADDRESS in the underlay. Routes
    could say so in a kernel that has light weight tunnels; ours has not.

The program of seven words that are stored on its stack, a struct bpf_tunnel_key,
and one call is written by hand, as there is no other in the tests.
"""

import ctypes
import os
import platform
import socket
import struct
import sys

BPF_SYSCALL = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_LOAD, PROG_ATTACH = 5, 8
PROG_TYPE_SCHED_CLS = 3
TCX_EGRESS = 47
SKB_SET_TUNNEL_KEY = 21
TUNINFO_IPV6 = 1
TCX_NEXT = -1
TTL = 64

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr, len(attr))
    result = libc.syscall(BPF_SYSCALL, command, buffer, len(attr))
    if result < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    return result


def tunnel_key(address):
    """A struct bpf_tunnel_key up to its local address, in words: IPv4 in the
    order of the host, IPv6 in that of the network."""
    if ":" in address:
        remote = socket.inet_pton(socket.AF_INET6, address)
    else:
        number, = struct.unpack("!I", socket.inet_aton(address))
        remote = struct.pack("=IIII", number, 0, 0, 0)
    return struct.unpack("=7i", struct.pack("=I16sBBHI", 0, remote, 0, TTL, 0, 0))


def program(address):
    def step(code, target=0, source=0, offset=0, value=0):
        return struct.pack("=BBhi", code, source << 4 | target, offset, value)

    words = tunnel_key(address)
    room = 4 * len(words)
    return b"".join(
        [step(0x62, target=10, offset=4 * at - room, value=word)  # to the stack
         for at, word in enumerate(words)] +
        [step(0xbf, target=2, source=10),                   # r2 = its end
         step(0x07, target=2, value=-room),                 # r2 -= room
         step(0xb7, target=3, value=room),                  # r3 = room
         step(0xb7, target=4, value=TUNINFO_IPV6 if ":" in address else 0),
         step(0x85, value=SKB_SET_TUNNEL_KEY),              # call
         step(0xb7, target=0, value=TCX_NEXT),              # r0 = go on
         step(0x95)])                                       # exit


def main():
    device, address = sys.argv[1:]
    code = ctypes.create_string_buffer(program(address))
    license_text = ctypes.create_string_buffer(b"GPL")
    loaded = bpf(PROG_LOAD, struct.pack(
        "=IIQQIIQII16sII", PROG_TYPE_SCHED_CLS, (len(code) - 1) // 8,
        ctypes.addressof(code), ctypes.addressof(license_text),
        0, 0, 0, 0, 0, b"encap", 0, 0))
    bpf(PROG_ATTACH, struct.pack(
        "=IIIIIIQ", socket.if_nametoindex(device), loaded, TCX_EGRESS,
        0, 0, 0, 0))
    os.close(loaded)


main()
