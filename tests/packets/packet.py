# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""IP packets for tests: read from files, built, changed, described.

Only what tests need: IPv4 without options, IPv6 without extension headers,
TCP, UDP and ICMP.
"""

import socket
import struct

ICMP = 1
TCP = 6
UDP = 17
ICMPV6 = 58
FLAGS = "FSRPAU"
ERRORS = (1, 2, 3, 4, 11, 12)   # types of either ICMP, no echo among them


def read(path):
    """Packets of an annotated hex file, as (name, {key: value}, bytes).

    '#' starts a comment, '= NAME KEY=VALUE...' a packet; every other line is
    bytes in hex.
    """
    packets = []
    with open(path, encoding="ascii") as file:
        for line in file:
            line = line.partition("#")[0].strip()
            if line.startswith("="):
                name, *keys = line[1:].split()
                keys = dict(key.split("=", 1) for key in keys)
                packets.append((name, keys, bytearray()))
            elif line:
                packets[-1][2].extend(bytes.fromhex(line))
    return [(name, keys, bytes(data)) for name, keys, data in packets]


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def pack(address):
    return socket.inet_pton(family(address), address)


def unpack(raw):
    return socket.inet_ntop(
        socket.AF_INET6 if len(raw) == 16 else socket.AF_INET, raw)


def fold(data, total=0):
    """The ones' complement sum of data, not inverted."""
    if len(data) % 2:
        data = bytes(data) + b"\0"
    total += sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


class Packet:
    """An IP packet taken apart; bytes(packet) puts it together again."""

    def __init__(self, data):
        self.data = data = bytearray(data)
        if len(data) < 20:
            raise ValueError("short")
        if data[0] >> 4 == 4:
            self.start = (data[0] & 15) * 4
            self.places = (12, 16, 4)
            self.hops = 8
            self.protocol = data[9]
            self.length = data[2] << 8 | data[3]
        elif data[0] >> 4 == 6 and len(data) >= 40:
            self.start = 40
            self.places = (8, 24, 16)
            self.hops = 7
            self.protocol = data[6]
            self.length = 40 + (data[4] << 8 | data[5])
        else:
            raise ValueError("not IP")
        if self.length > len(data):
            raise ValueError("truncated")
        if self.protocol not in (TCP, UDP, ICMP, ICMPV6):
            raise ValueError("protocol %d" % self.protocol)
        del data[self.length:]

    def __bytes__(self):
        return bytes(self.data)

    def address(self, which):
        at, size = self.places[which], self.places[2]
        return unpack(bytes(self.data[at:at + size]))

    def port(self, which):
        at = self.start + 2 * which
        return self.data[at] << 8 | self.data[at + 1]

    @property
    def ttl(self):
        return self.data[self.hops]

    @property
    def tos(self):
        if self.data[0] >> 4 == 4:
            return self.data[1]
        return (self.data[0] << 4 | self.data[1] >> 4) & 0xff

    @property
    def mss(self):
        """The segment size that a SYN offers, where it is the first option."""
        at = self.start + 20
        if self.protocol == TCP and self.data[at:at + 2] == b"\2\4":
            return self.data[at + 2] << 8 | self.data[at + 3]
        return None

    @property
    def sum_at(self):
        return self.start + {TCP: 16, UDP: 6}.get(self.protocol, 2)

    @property
    def payload(self):
        if self.protocol != TCP:
            return bytes(self.data[self.start + 8:])
        return bytes(self.data[
            self.start + (self.data[self.start + 12] >> 4) * 4:])

    def pseudo(self):
        if self.protocol == ICMP:
            return 0
        at = self.places[0]
        return fold(self.data[at:at + 2 * self.places[2]],
                    self.protocol + len(self.data) - self.start)

    def sum_state(self):
        """ok, bad, zero (UDP without one) or partial (left to the hardware)."""
        at = self.sum_at
        value = self.data[at] << 8 | self.data[at + 1]
        if self.protocol == UDP and value == 0:
            return "zero"
        if fold(self.data[self.start:], self.pseudo()) == 0xffff:
            return "ok"
        return "partial" if value == self.pseudo() else "bad"

    def finish(self):
        """Both checksums, as a sender without offloads makes them."""
        data, at = self.data, self.sum_at
        if data[0] >> 4 == 4:
            data[10:12] = b"\0\0"
            data[10:12] = struct.pack(
                "!H", fold(data[:self.start]) ^ 0xffff)
        data[at:at + 2] = b"\0\0"
        value = fold(data[self.start:], self.pseudo()) ^ 0xffff
        if self.protocol == UDP:
            value = value or 0xffff
        data[at:at + 2] = struct.pack("!H", value)
        return self

    def change(self, source=None, destination=None, ttl=None, tos=None,
               df=None):
        """The same packet with other fields, checksums right."""
        for which, address in ((0, source), (1, destination)):
            if address:
                at, size = self.places[which], self.places[2]
                self.data[at:at + size] = pack(address)
        if ttl is not None:
            self.data[self.hops] = ttl
        if tos is not None and self.data[0] >> 4 == 4:
            self.data[1] = tos
        elif tos is not None:
            self.data[0] = 0x60 | tos >> 4
            self.data[1] = (tos & 15) << 4
        if df is not None and self.data[0] >> 4 == 4:
            self.data[6] = 0x40 if df else 0
        return self.finish()

    def is_icmp(self):
        return self.protocol in (ICMP, ICMPV6)

    def end(self, which):
        address = self.address(which)
        if self.is_icmp():
            return address
        if ":" in address:
            address = "[%s]" % address
        return "%s:%d" % (address, self.port(which))

    def __str__(self):
        text = "%s>%s" % (self.end(0), self.end(1))
        if self.is_icmp():
            text += " icmp %d/%d" % tuple(
                self.data[self.start:self.start + 2])
        elif self.protocol == TCP:
            bits = self.data[self.start + 13]
            text += " tcp " + "".join(
                flag for bit, flag in enumerate(FLAGS) if bits >> bit & 1)
        else:
            text += " udp"
        text += " ttl=%d sum=%s" % (self.ttl, self.sum_state())
        if self.tos:
            text += " tos=%d" % self.tos
        if self.mss is not None:
            text += " mss=%d" % self.mss
        return text


def fragments(data, ident, *sizes):
    """A packet in pieces of these sizes, the last one as long as it takes."""
    whole = Packet(data)
    head, body, pieces, at = whole.data[:whole.start], \
        whole.data[whole.start:], [], 0
    for size in (*sizes, len(body)):
        pieces.append(fragment(head, body[at:at + size], ident, at,
                               at + size < len(body)))
        at += size
        if at >= len(body):
            return pieces
    return pieces


def fragment(head, part, ident, at, more):
    """One piece: what is at this place behind the header of a packet."""
    head = bytearray(head)
    if head[0] >> 4 == 6:
        head[4:6] = struct.pack("!H", 8 + len(part))
        part = struct.pack("!BBHI", head[6], 0, at | more, ident) + part
        head[6] = 44
    else:
        head[2:8] = struct.pack("!HHH", len(head) + len(part), ident,
                                at >> 3 | more << 13)
        head[10:12] = b"\0\0"
        head[10:12] = struct.pack("!H", fold(head) ^ 0xffff)
    return bytes(head + part)


def describe(data, ports=()):
    """One line about an IP packet; UDP to or from a port of `ports` carries
    an IP packet, which follows in braces."""
    try:
        packet = Packet(data)
    except ValueError as error:
        return "? %s" % error
    text = str(packet)
    if packet.protocol == UDP:
        if packet.port(0) in ports or packet.port(1) in ports:
            return "%s { %s }" % (text, describe(packet.payload))
        if packet.payload.isalnum():
            text += " data=" + packet.payload.decode("ascii")
    if packet.is_icmp() and packet.data[packet.start] in ERRORS:
        text += " about { %s }" % describe_embedded(packet.payload)
    return text


def describe_embedded(data):
    """The packet that an ICMP error embeds, which may be cut off."""
    whole = bytearray(data) + bytes(64)
    if data[0] >> 4 == 4:
        whole[2:4] = struct.pack("!H", len(whole))
    else:
        whole[4:6] = struct.pack("!H", len(whole) - 40)
    packet = Packet(whole)
    return "%s>%s %d bytes" % (packet.end(0), packet.end(1), len(data))


def error(source, destination, kind, code, embedded, info=0):
    """An ICMP error about the beginning of a packet."""
    return build(ICMPV6 if ":" in source else ICMP, source, destination, 64,
                 struct.pack("!BBHI", kind, code, 0, info) + embedded)


def udp(source, sport, destination, dport, payload=b"", ttl=64):
    return build(UDP, source, destination, ttl, struct.pack(
        "!HHHH", sport, dport, 8 + len(payload), 0) + payload)


def tcp(source, sport, destination, dport, flags="S", payload=b"", ttl=64):
    bits = sum(1 << FLAGS.index(flag) for flag in flags)
    return build(TCP, source, destination, ttl, struct.pack(
        "!HHIIBBHHH", sport, dport, 1, 0, 0x50, bits, 65535, 0, 0) + payload)


def build(protocol, source, destination, ttl, body):
    if ":" in source:
        head = struct.pack("!IHBB", 0x60000000, len(body), protocol, ttl)
    else:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0x4000,
                           ttl, protocol, 0)
    return Packet(head + pack(source) + pack(destination) + body).finish()
