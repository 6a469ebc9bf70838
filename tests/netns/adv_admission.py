# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""Tunnels packets that must not get in to a worker, from a peer.

    adv_admission.py PEER WORKER CONTAINER FROM TO

PEER, WORKER and CONTAINER are namespaces, FROM two underlay addresses of the
peer with a comma, TO that of the worker. Every case is sent twice, from both, and
must be counted twice under its reason and seen nowhere. A good packet
follows it and must be all that gets in.
"""

import select
import socket
import struct
import sys

from adv_lib import (Counters, Tap, growth, inside, ip, lost, packet_socket,
                     received, tcp, udp, udp_socket)

PORT = 50103
COPIES = 2
ECN_CE = 3


class Side:
    """One inner family: the addresses that are good, and those that are not."""

    def __init__(self, name, source, here, icmp, strange, local):
        self.name = name
        self.source = source    # an Instance IP of somebody
        self.here = here        # the container's Namespace IP
        self.icmp = icmp
        self.strange = strange  # sources: (what, address, reason)
        self.local = local      # destinations: (what, address, reason)

    def udp(self, source=None, destination=None, **lies):
        """A UDP packet; lies about UDP are length= and payload=."""
        source = source or self.source
        destination = destination or self.here
        inner = {key: lies.pop(key) for key in ("payload", "udp_length")
                 if key in lies}
        if "udp_length" in inner:
            inner["length"] = inner.pop("udp_length")
        return ip(source, destination, udp(source, destination, **inner),
                  **lies)

    def other(self, protocol, body=b"\x0d\0\0\0\0\0\0\0\0\0\0\0"):
        return ip(self.source, self.here, body, protocol)


IPV4 = Side(
    "IPv4", "10.30.0.6", "10.19.1.3", 1,
    [("a Namespace IP", "10.21.0.1", "source-not-service"),
     ("the internet", "8.8.8.8", "source-not-service"),
     ("the worker", "131.1.0.1", "source-not-service"),
     ("just below the service network", "10.29.255.255", "source-not-service"),
     ("just above the service network", "10.31.0.0", "source-not-service"),
     ("0.0.0.0", "0.0.0.0", "bad-address"),
     ("127.0.0.1", "127.0.0.1", "bad-address"),
     ("255.255.255.255", "255.255.255.255", "bad-address"),
     ("224.0.0.1", "224.0.0.1", "multicast bad-address")],
    [("the worker's own address", "131.1.0.1", "destination-not-local"),
     ("the worker's bridge", "169.254.1.1", "destination-not-local"),
     ("another worker's container", "10.21.0.1", "destination-not-local"),
     ("a container that nobody knows", "10.19.1.77", "destination-not-local"),
     ("a Service IP", "10.30.1.30", "destination-not-local"),
     ("its own Instance IP", "10.30.0.2", "destination-not-local"),
     ("127.0.0.1", "127.0.0.1", "bad-address"),
     ("0.0.0.0", "0.0.0.0", "bad-address"),
     ("255.255.255.255", "255.255.255.255", "bad-address"),
     ("224.0.0.1", "224.0.0.1", "multicast"),
     ("239.1.2.3", "239.1.2.3", "multicast")])

IPV6 = Side(
    "IPv6", "fdff::6", "fc00::103", 58,
    [("a Namespace IP", "fc00::201", "source-not-service"),
     ("the internet", "2001:db8:9::1", "source-not-service"),
     ("just below the service network", "fdfe:ffff::1", "source-not-service"),
     ("just above the service network", "fe00::1", "source-not-service"),
     ("a link-local address", "fe80::2", "source-not-service bad-address"),
     ("::", "::", "bad-address"),
     ("::1", "::1", "bad-address"),
     ("an IPv4-mapped address", "::ffff:10.30.0.6", "bad-address"),
     ("ff02::1", "ff02::1", "multicast bad-address")],
    [("the worker's own address", "2001:db8::1", "destination-not-local"),
     ("the worker's bridge", "fe80::1", "destination-not-local bad-address"),
     ("another worker's container", "fc00::201", "destination-not-local"),
     ("a container that nobody knows", "fc00::177", "destination-not-local"),
     ("a Service IP", "fdff:2000::30", "destination-not-local"),
     ("its own Instance IP", "fdff::2", "destination-not-local"),
     ("::1", "::1", "bad-address"),
     ("::", "::", "bad-address"),
     ("an IPv4-mapped address", "::ffff:10.19.1.3", "bad-address"),
     ("ff02::1", "ff02::1", "multicast"),
     ("ff05::2", "ff05::2", "multicast")])


def headers(side):
    """Cases of headers that lie: (name, reasons that are right, payload)."""
    good = side.udp()
    start = len(good) - 11  # 8 bytes of UDP, 3 of payload
    first = good[:1]
    yield "one byte", "truncated", first
    yield "two bytes", "truncated", good[:2]
    yield "an IP header that lacks a byte", "truncated", good[:start - 1]
    yield "an IP header and nothing else", "bad-length truncated", good[:start]
    yield "a UDP header of 7 bytes", "truncated", ip(
        side.source, side.here, good[start:start + 7])
    yield "a TCP header of 19 bytes", "truncated", ip(
        side.source, side.here, tcp(side.source, side.here)[:19], 6)
    yield "no byte after the IP header", "truncated", ip(
        side.source, side.here, b"")
    yield "a byte less than its IP header says", "bad-length", good[:-1]
    yield "a byte more than its IP header says", "bad-length", good + b"\0"
    yield "a length of 65535", "bad-length", side.udp(
        length=65535 - (len(good) if side is IPV4 else len(good) - 40))
    for version in (0, 5, 15):
        yield "version %d" % version, "not-ip bad-header", side.udp(
            version=version)
    yield "the other version", "truncated bad-header bad-length not-ip", \
        side.udp(version=10 - (first[0] >> 4))
    for doff in (0, 4):
        yield "a TCP header of %d words" % doff, "bad-header", ip(
            side.source, side.here, tcp(side.source, side.here, doff=doff), 6)
    yield "TCP options that are not there", "truncated bad-header", ip(
        side.source, side.here, tcp(side.source, side.here, doff=15), 6)
    yield "a UDP length of 7", "bad-header", side.udp(udp_length=7)
    yield "a UDP length beyond the packet", "bad-header", side.udp(
        udp_length=12)


def headers_ipv4():
    side = IPV4
    yield "a bad header checksum", "bad-header", side.udp(total=1)
    yield "a header of 4 words", "bad-header", side.udp(ihl=4)
    yield "a header of 0 words", "bad-header", side.udp(ihl=0)
    yield "a header of 15 words that is not there", \
        "truncated bad-header", side.udp(ihl=15)
    yield "a length below its header's", "bad-header bad-length", side.udp(
        length=-12)
    yield "a first fragment of 11 bytes", "bad-fragment", side.udp(
        fragment=0x2000)
    yield "a first fragment without all of its header", "bad-fragment", ip(
        side.source, side.here, tcp(side.source, side.here)[:16], 6,
        fragment=0x2000)
    yield "a fragment beyond 65535 bytes", "bad-fragment", ip(
        side.source, side.here, b"12345678", fragment=0x1fff)


def headers_ipv6():
    side = IPV6
    for name, field in (("a first fragment of 11 bytes", 1),
                        ("a later fragment of 11 bytes", 0x321),
                        ("a fragment beyond 65535 bytes", 0xfff8)):
        body = struct.pack("!BBHI", 17, 0, field, 7)
        body += udp(side.source, side.here)
        yield name, "bad-fragment", ip(side.source, side.here, body, 44)
    body = struct.pack("!BBHI", 6, 0, 1, 7) + tcp(side.source, side.here)[:16]
    yield "a first fragment without all of its header", "bad-fragment", ip(
        side.source, side.here, body, 44)
    yield "a payload length of 0", "bad-length bad-header", side.udp(
        length=-11)


def protocols(side):
    numbers = [("ICMP of type 13", side.icmp), ("GRE", 47), ("SCTP", 132),
               ("IPIP", 4), ("IPv6 in IP", 41), ("protocol 255", 255)]
    for name, number in numbers:
        yield name, "unsupported-protocol", side.other(number)


def addresses(side):
    for what, address, reason in side.strange:
        yield "from " + what, reason, side.udp(source=address)
    for what, address, reason in side.local:
        yield "to " + what, reason, side.udp(destination=address)
    yield "TCP to the worker's own address", "destination-not-local", ip(
        side.source, side.local[0][1],
        tcp(side.source, side.local[0][1], dport=22), 6)


class Gate:
    """The way in, and everything that watches it."""

    def __init__(self, tap, names, sources, target):
        peer, self.worker, container = names
        self.tap = tap
        self.sources = sources.split(",")
        self.target = (target, PORT)
        self.outer = "IPv6" if ":" in target else "IPv4"
        self.peer = peer
        self.senders = [udp_socket(peer, source) for source in self.sources]
        self.watches = [packet_socket(self.worker, "oz0"),
                        packet_socket(container, "eth0")]
        self.counters = Counters(self.worker, "oz0")
        self.traps = self.listeners(self.worker)
        # Or the container would answer that nobody listens.
        self.sinks = self.listeners(container)

    @staticmethod
    def listeners(netns):
        """UDP sockets on port 5000 of every address."""
        socks = []
        with inside(netns):
            for family in (socket.AF_INET, socket.AF_INET6):
                socks.append(socket.socket(family, socket.SOCK_DGRAM))
        socks[1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for sock in socks:
            sock.bind(("", 5000))
            sock.setblocking(False)
        return socks

    def send(self, payload, sender=0):
        self.senders[sender].sendto(payload, self.target)

    def seen(self, fence):
        """What was seen besides the fence; None when that never came."""
        strangers = []
        for watch in self.watches:
            packets, came = [], False
            for _ in range(100):
                packets += received(watch)
                came = any(data.endswith(fence) for data in packets)
                if came:
                    break
                select.select([watch], [], [], 0.1)
            if not came:
                return None
            # A container's own neighbour discovery is none of ours.
            strangers += [data for data in packets
                          if not data.endswith(fence) and
                          not (data[0] >> 4 == 6 and data[6] in (0, 58) and
                               data[8:10] in (b"\xfe\x80", b"\0\0"))]
        return strangers

    def refuse(self, side, name, reasons, payload, tos=0):
        name = "%s in %s: %s" % (side.name, self.outer, name)
        before = self.counters.read()
        for sender in range(COPIES):
            self.mark(sender, tos)
            self.send(payload, sender)
            self.mark(sender, 0)
        fence = b"fence-%d" % self.tap.count
        self.send(side.udp(payload=fence))
        after = self.counters.until("in_received", before["in_received"] +
                                    COPIES + 1)
        after = self.counters.until("in_delivered",
                                    before["in_delivered"] + 1)
        change = growth(before, after)
        want = ["in %s %d" % (reason, COPIES) for reason in reasons.split()]
        strangers = self.seen(fence)
        good = (lost(change) in want and strangers == [] and
                change.get("in_received") == COPIES + 1 and
                change.get("in_delivered") == 1)
        text = "want %s; got %s; received %s, delivered %s; seen %s" % (
            " or ".join(want), lost(change) or "no loss",
            change.get("in_received"), change.get("in_delivered"),
            "no fence" if strangers is None else
            " ".join(data.hex() for data in strangers) or "nothing")
        self.tap.ok(good, "%s is %s" % (name, reasons.split()[0]), text)

    def mark(self, sender, tos):
        """The outer DSCP and ECN."""
        sock = self.senders[sender]
        if self.outer == "IPv6":
            sock.setsockopt(socket.IPPROTO_IPV6, 67, tos)  # IPV6_TCLASS
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)

    def empty(self, side):
        self.refuse(side, "no byte at all", "empty-datagram", b"")

    def ecn(self, side):
        self.refuse(side, "congestion marked, but not ECN-capable", "ecn",
                    side.udp(), ECN_CE)

    def accept(self, side):
        """From any outer address and port; and the very bytes."""
        before = self.counters.read()
        senders = [udp_socket(self.peer, source, port)
                   for source in self.sources for port in (1, PORT, 65535, 0)]
        packets = [side.udp(payload=b"good-%d" % index)
                   for index in range(len(senders))]
        for sender, data in zip(senders, packets):
            sender.sendto(data, self.target)
            sender.close()
        after = self.counters.until("in_delivered",
                                    before["in_delivered"] + len(packets))
        change = growth(before, after)
        got = received(self.watches[0], 0.1)
        self.tap.ok(change.get("in_delivered") == len(packets) and
                    not lost(change) and got == packets,
                    "%s in %s: good packets from anywhere get in as they are"
                    % (side.name, self.outer),
                    "%s; %s" % (change, " ".join(d.hex() for d in got)))
        received(self.watches[1], 0.1)

    def nothing_in_the_stack(self):
        heard = []
        for sock in self.traps:
            try:
                heard.append(sock.recvfrom(2048))
            except BlockingIOError:
                pass
        self.tap.ok(not heard, "%s: the worker's own sockets heard nothing"
                    % self.outer, str(heard))


def main():
    tap = Tap()
    gate = Gate(tap, sys.argv[1:4], sys.argv[4], sys.argv[5])
    gate.empty(IPV4)
    for side, more in ((IPV4, headers_ipv4), (IPV6, headers_ipv6)):
        gate.accept(side)
        for cases in (headers(side), more(), protocols(side), addresses(side)):
            for name, reasons, payload in cases:
                gate.refuse(side, name, reasons, payload)
        gate.ecn(side)
        gate.accept(side)
    gate.nothing_in_the_stack()
    tap.end()


main()
