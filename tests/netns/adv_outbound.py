# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""Broken packets on their way out, put straight into the device of a worker.

    adv_outbound.py WORKER

The worker has the instance X1.0 at 10.19.1.3 and fc00::103; every packet
claims to be from it. Each is sent twice and must be counted twice.
"""

import socket
import struct
import sys

from adv_lib import Counters, Tap, growth, inside, ip, lost, tcp, udp

COPIES = 2
IPV4 = ("IPv4", 0x800, "10.19.1.3", "10.30.1.30")
IPV6 = ("IPv6", 0x86dd, "fc00::103", "fdff:2000::30")


def headers(side):
    _, _, source, target = side
    good = ip(source, target, udp(source, target))
    start = len(good) - 11
    yield "one byte", "truncated", good[:1]
    yield "an IP header that lacks a byte", "truncated", good[:start - 1]
    yield "a UDP header of 7 bytes", "truncated", ip(
        source, target, good[start:start + 7])
    yield "a TCP header of 19 bytes", "truncated", ip(
        source, target, tcp(source, target)[:19], 6)
    yield "a byte less than its IP header says", "bad-length", good[:-1]
    yield "another version", "bad-header not-ip", ip(
        source, target, udp(source, target), version=5)
    yield "a TCP header of 4 words", "bad-header", ip(
        source, target, tcp(source, target, doff=4), 6)
    yield "a UDP length of 7", "bad-header", ip(
        source, target, udp(source, target, length=7))
    yield "a neighbour solicitation or a timestamp", "unsupported-protocol", ip(
        source, target, (b"\x87" if ":" in source else b"\x0d") + bytes(19),
        58 if ":" in source else 1)
    yield "an ICMP header of 7 bytes", "truncated", ip(
        source, target, b"\x80\0\0\0\0\0\0" if ":" in source else
        b"\x08\0\0\0\0\0\0", 58 if ":" in source else 1)
    yield "GRE", "unsupported-protocol", ip(source, target, bytes(8), 47)


def headers_ipv4(source, target):
    body = udp(source, target)
    yield "a bad header checksum", "bad-header", ip(source, target, body,
                                                    total=1)
    yield "a header of 4 words", "bad-header", ip(source, target, body, ihl=4)
    yield "a first fragment of 11 bytes", "bad-fragment", ip(
        source, target, body, fragment=0x2000)
    yield "a fragment beyond 65535 bytes", "bad-fragment", ip(
        source, target, body, fragment=0x1fff)


def headers_ipv6(source, target):
    for name, field in (("first fragment of 11 bytes", 1),
                        ("fragment beyond 65535 bytes", 0xfff8)):
        body = struct.pack("!BBHI", 17, 0, field, 7) + udp(source, target)
        yield "a " + name, "bad-fragment", ip(source, target, body, 44)


def addresses(side, strange):
    _, _, source, target = side
    for address, reason in strange["to"]:
        yield "to " + address, reason, ip(source, address,
                                          udp(source, address))
    for address, reason in strange["from"]:
        yield "from " + address, reason, ip(address, target,
                                            udp(address, target))


STRANGE4 = {"to": [("224.0.0.1", "multicast"), ("239.1.2.3", "multicast"),
                   ("255.255.255.255", "bad-address"),
                   ("127.0.0.1", "bad-address"), ("0.0.0.0", "bad-address"),
                   ("198.51.100.1", "not-a-service"),
                   ("10.29.255.255", "not-a-service"),
                   ("10.31.0.0", "not-a-service")],
            "from": [("10.19.1.77", "unknown-source"),
                     ("131.1.0.1", "unknown-source"),
                     ("10.21.0.1", "unknown-source"),
                     ("10.30.0.2", "unknown-source"),
                     ("127.0.0.1", "bad-address"),
                     ("0.0.0.0", "bad-address")]}
STRANGE6 = {"to": [("ff05::2", "multicast"), ("::1", "bad-address"),
                   ("::", "bad-address"),
                   ("::ffff:10.30.1.30", "bad-address"),
                   ("2001:db8:99::1", "not-a-service"),
                   ("fdfe:ffff::1", "not-a-service")],
            "from": [("fc00::177", "unknown-source"),
                     ("fc00::201", "unknown-source"),
                     ("fdff::2", "unknown-source"),
                     ("::1", "bad-address"), ("::", "bad-address"),
                     ("::ffff:10.19.1.3", "bad-address")]}


class Exit:
    def __init__(self, tap, worker):
        self.tap = tap
        self.counters = Counters(worker, "oz0")
        with inside(worker):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)

    def refuse(self, side, name, reasons, data, kind=None):
        before = self.counters.read()
        for _ in range(COPIES):
            self.sock.sendto(data, ("oz0", kind or side[1]))
        after = self.counters.until("out_received", before["out_received"] +
                                    COPIES)
        change = growth(before, after)
        if change.get(("out", "multicast"), 0) < COPIES:
            got = lost(change)
        else:
            got = "out multicast %d" % change[("out", "multicast")]
        want = ["out %s %d" % (reason, COPIES) for reason in reasons.split()]
        self.tap.ok(got in want and not change.get("out_tunnelled"),
                    "%s outbound: %s is %s" % (side[0], name,
                                               reasons.split()[0]),
                    "want %s; got %s, tunnelled %s" %
                    (" or ".join(want), got or "no loss",
                     change.get("out_tunnelled", 0)))


def main():
    tap = Tap()
    gate = Exit(tap, sys.argv[1])
    for side, strange, more in ((IPV4, STRANGE4, headers_ipv4),
                                (IPV6, STRANGE6, headers_ipv6)):
        for cases in (headers(side), more(*side[2:]),
                      addresses(side, strange)):
            for name, reasons, data in cases:
                gate.refuse(side, name, reasons, data)
    for name, kind in (("ARP", 0x806), ("an experimental type", 0x88b5)):
        gate.refuse(IPV4, name, "not-ip", bytes(40), kind)
    gate.refuse(IPV4, "IPv6 that says it is IPv4", "bad-header not-ip truncated",
                ip(IPV6[2], IPV6[3], udp(IPV6[2], IPV6[3])))
    gate.refuse(IPV6, "IPv4 that says it is IPv6",
                "bad-header not-ip truncated",
                ip(IPV4[2], IPV4[3], udp(IPV4[2], IPV4[3])))
    tap.end()


main()
