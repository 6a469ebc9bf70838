# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""What the adversary's scripts share: packets that may lie, sockets in network
namespaces, the counters of a device read without ozctl, and TAP."""

import contextlib
import ctypes
import os
import re
import select
import socket
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
NETLINK_GENERIC = 16
GENL_ID_CTRL = 0x10
CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 3, 1, 2
ETH_P_ALL = 3
WAIT = 5.0 * int(os.environ.get("OZP_TEST_PATIENCE") or 3)

TCP, UDP = 6, 17
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
libc = ctypes.CDLL(None, use_errno=True)


# ---- namespaces

@contextlib.contextmanager
def inside(netns):
    """In this network namespace for a while; sockets made here stay there."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + netns, os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns " + netns)
        yield
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(there)
        os.close(home)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def udp_socket(netns, address, port=0):
    with inside(netns):
        sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    return sock


def packet_socket(netns, device):
    """Sees and sends everything on a device."""
    with inside(netns):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    sock.bind((device, ETH_P_ALL))
    return sock


def received(sock, timeout=0.0):
    """IP packets that came in on a device, not those that went out."""
    packets = []
    while select.select([sock], [], [], timeout)[0]:
        data, where = sock.recvfrom(262144)
        if where[3] == 1:  # Ethernet
            data = data[14:]
        if where[2] != socket.PACKET_OUTGOING and where[1] in (0x800, 0x86dd):
            packets.append(data)
    return packets


# ---- packets

def pack(address):
    return socket.inet_pton(family_of(address), address)


def checksum(data):
    if len(data) % 2:
        data = data + b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def udp(source, destination, payload=b"bad", sport=5000, dport=5000,
        length=None):
    """A UDP header and its payload; the length field may lie."""
    length = 8 + len(payload) if length is None else length
    head = struct.pack("!HHHH", sport, dport, length, 0)
    pseudo = pack(source) + pack(destination)
    pseudo += struct.pack("!IHBB", 8 + len(payload), 0, 0, UDP)
    total = checksum(pseudo + head + payload) or 0xffff
    return head[:6] + struct.pack("!H", total) + payload


def tcp(source, destination, sport=5000, dport=5000, doff=5, flags=2):
    head = struct.pack("!HHIIBBHHH", sport, dport, 1, 0, doff << 4, flags,
                       1024, 0, 0)
    pseudo = pack(source) + pack(destination)
    pseudo += struct.pack("!IHBB", len(head), 0, 0, TCP)
    total = checksum(pseudo + head)
    return head[:16] + struct.pack("!H", total) + head[18:]


def ip(source, destination, body, protocol=UDP, **lies):
    """An IP packet of either family. Lies: version, length (of the field, as
    a difference), ihl, total (IPv4's checksum), fragment (IPv4's field), tos.
    """
    if ":" in source or ":" in destination:
        return ipv6(source, destination, body, protocol, **lies)
    head = struct.pack("!BBHHHBBH", lies.get("version", 4) << 4 |
                       lies.get("ihl", 5), lies.get("tos", 0),
                       20 + len(body) + lies.get("length", 0), 7,
                       lies.get("fragment", 0), 64, protocol, 0)
    head += pack(source) + pack(destination)
    total = checksum(head) ^ lies.get("total", 0)
    return head[:10] + struct.pack("!H", total) + head[12:] + body


def ipv6(source, destination, body, protocol=UDP, **lies):
    head = struct.pack("!IHBB", lies.get("version", 6) << 28 |
                       lies.get("tos", 0) << 20,
                       len(body) + lies.get("length", 0), protocol, 64)
    return head + pack(source) + pack(destination) + body


# ---- the interface, from the uapi header

def uapi_constants():
    """Every enumerator of the uapi header, counted as a compiler would."""
    constants, value = {}, 0
    with open(root + "/include/uapi/linux/ozproxy.h", encoding="ascii") as file:
        for line in file:
            if line.startswith("enum"):
                value = 0
            match = re.match(r"\t([A-Z0-9_]+)(?: = (\d+))?,$", line)
            if match:
                value = int(match[2]) if match[2] else value
                constants[match[1]] = value
                value += 1
    return constants


def reason_names():
    with open(root + "/include/reasons_gen.h", encoding="ascii") as file:
        return re.findall(r'R\([A-Z0-9_]+, "([^"]+)"', file.read())


def attributes(data):
    """(type, payload) of each attribute."""
    while len(data) >= 4:
        length, kind = struct.unpack("HH", data[:4])
        if length < 4:
            return
        yield kind & 0x3fff, data[4:length]
        data = data[(length + 3) & ~3:]


def attribute(kind, payload):
    length = 4 + len(payload)
    return struct.pack("HH", length, kind) + payload + bytes(-length % 4)


class Counters:
    """stats-get of one device, by the spec's names."""

    def __init__(self, netns, device):
        with inside(netns):
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                      NETLINK_GENERIC)
            self.ifindex = socket.if_nametoindex(device)
        self.uapi = uapi_constants()
        self.reasons = reason_names()
        self.family = GENL_ID_CTRL
        reply = self.ask(CTRL_CMD_GETFAMILY,
                         attribute(CTRL_ATTR_FAMILY_NAME, b"ozproxy\0"))
        for kind, data in attributes(reply):
            if kind == CTRL_ATTR_FAMILY_ID:
                self.family = struct.unpack("H", data)[0]

    def ask(self, command, payload):
        self.sock.send(struct.pack("IHHII", 20 + len(payload), self.family, 1,
                                   1, 0) +
                       struct.pack("BBH", command, 1, 0) + payload)
        reply = self.sock.recv(65536)
        if struct.unpack("H", reply[4:6])[0] == 2:  # NLMSG_ERROR
            raise OSError(-struct.unpack("i", reply[16:20])[0], "netlink")
        return reply[20:]

    def read(self):
        """{name: value}; drops as (direction, reason)."""
        names = {number: name[len("OZPROXY_A_STATS_"):].lower()
                 for name, number in self.uapi.items()
                 if name.startswith("OZPROXY_A_STATS_")}
        got = {}
        reply = self.ask(self.uapi["OZPROXY_CMD_STATS_GET"],
                         attribute(1, struct.pack("I", self.ifindex)))
        for kind, data in attributes(reply):
            if names[kind] == "drop":
                key, packets = self.drop(data)
                got[key] = got.get(key, 0) + packets
            elif len(data) in (4, 8):
                got[names[kind]] = int.from_bytes(data, sys.byteorder)
        return got

    def drop(self, data):
        values = {kind: int.from_bytes(value, sys.byteorder)
                  for kind, value in attributes(data)}
        direction = values[self.uapi["OZPROXY_A_DROP_DIRECTION"]]
        reason = values[self.uapi["OZPROXY_A_DROP_REASON"]]
        return ((("out", "in")[direction], self.reasons[reason]),
                values[self.uapi["OZPROXY_A_DROP_PACKETS"]])

    def until(self, name, value):
        """Reads until a counter is there, or for too long."""
        end = time.monotonic() + WAIT
        while True:
            got = self.read()
            if got.get(name, 0) >= value or time.monotonic() > end:
                return got
            select.select([], [], [], 0.005)


def growth(before, after):
    """What grew, by how much; gauges and generations left out."""
    gauges = ("services", "instances", "nodes", "flows", "misses",
              "negatives", "out_waiting", "in_waiting", "arrivals",
              "table_generation", "ifindex")
    return {key: value - before.get(key, 0) for key, value in after.items()
            if key not in gauges and value != before.get(key, 0)}


def lost(change):
    """The drops in a growth as text, sorted; multicast of the hosts' own
    neighbour discovery counts as nothing when it is outbound."""
    return ", ".join("%s %s %d" % (*key, value)
                     for key, value in sorted(change.items(), key=str)
                     if isinstance(key, tuple) and key != ("out", "multicast"))


# ---- TAP

class Tap:
    """Prints results for tap_pass in adv.bash."""

    def __init__(self):
        self.count = 0

    def ok(self, good, name, explanation=""):
        self.count += 1
        print("%s %d - %s" % ("ok" if good else "not ok", self.count, name))
        if not good and explanation:
            print("# " + explanation)
        sys.stdout.flush()
        return good

    def end(self):
        print("1..%d" % self.count)
