# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""Sockets in many network namespaces, driven by lines on standard input.

One process for a whole test, because starting Python in an emulated machine
takes a second. A command is a line of words; its answer is "ok N" and N more
lines, or "error TEXT". Names of sockets (H) are the caller's. See sock.sh.
"""

import ctypes
import errno
import os
import select
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../packets"))
import packet  # noqa: E402

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 0x0003
UDP_SEGMENT = 103       # linux/udp.h
ETHERTYPES = {4: 0x0800, 6: 0x86dd}
WAIT = 5.0 * int(os.environ.get("OZP_TEST_PATIENCE") or 3)

libc = ctypes.CDLL(None, use_errno=True)
sockets = {}
ports = set()


class Refused(Exception):
    """What a command answers with "error"."""


def setns(fd):
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def socket_in(netns, *args):
    """A socket of namespace netns; it stays there."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + netns, os.O_RDONLY)
    try:
        setns(there)
        return socket.socket(*args)
    finally:
        setns(home)
        os.close(there)
        os.close(home)


def inet(netns, kind, address, port):
    family = packet.family(address)
    sock = socket_in(netns, family, kind)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, int(port)))
    sock.settimeout(WAIT)
    return sock


def end(address):
    """An address of the socket layer, as two words."""
    return "%s %d" % address[:2]


def data_of(word):
    return bytes.fromhex(word[4:]) if word.startswith("hex:") else word.encode()


def text_of(data):
    """Payloads as words: plain when they are one, else in hex."""
    if data.isalnum():
        return data.decode("ascii")
    return "hex:" + data.hex()


def need(handle):
    try:
        return sockets[handle]
    except KeyError:
        raise Refused("no socket " + handle) from None


def do_ports(*numbers):
    """ports N...: UDP ports whose payload is an IP packet."""
    ports.update(map(int, numbers))


def do_udp(handle, netns, address, port):
    """udp H NETNS ADDRESS PORT"""
    sockets[handle] = inet(netns, socket.SOCK_DGRAM, address, port)


def do_listen(handle, netns, address, port):
    """listen H NETNS ADDRESS PORT"""
    sockets[handle] = inet(netns, socket.SOCK_STREAM, address, port)
    sockets[handle].listen(128)


def do_connect(handle, netns, address, port, to, dport):
    """connect H NETNS ADDRESS PORT TO PORT"""
    sock = inet(netns, socket.SOCK_STREAM, address, port)
    sock.connect((to, int(dport)))
    sockets[handle] = sock


def do_accept(handle, listener):
    """accept H LISTENER: the peer's address and port"""
    sock, peer = need(listener).accept()
    sock.settimeout(WAIT)
    sockets[handle] = sock
    return [end(peer)]


def do_send(handle, data, *to):
    """send H DATA [ADDRESS PORT]"""
    sock, data = need(handle), data_of(data)
    if to:
        sock.sendto(data, (to[0], int(to[1])))
    elif sock.type == socket.SOCK_DGRAM:
        sock.send(data)
    else:
        sock.sendall(data)


def do_nochecksum(handle):
    """nochecksum H: its IPv4 datagrams go without a checksum"""
    need(handle).setsockopt(socket.SOL_SOCKET, 11, 1)


def do_fragment(handle):
    """fragment H: what it sends may be fragmented on the way (IPv4: no DF)"""
    sock = need(handle)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, 23, 0)  # IPV6_MTU_DISCOVER
    else:
        sock.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER


def do_tos(handle, value):
    """tos H N: DS field of what it sends"""
    sock, value = need(handle), int(value)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, value)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, value)


def do_ttl(handle, hops):
    """ttl H N: TTL or hop limit of what it sends"""
    sock = need(handle)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS,
                        int(hops))
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, int(hops))


def do_errors(handle):
    """errors H: keep ICMP errors for "error", and forbid fragments"""
    sock = need(handle)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, 25, 1)  # IPV6_RECVERR
        sock.setsockopt(socket.IPPROTO_IPV6, 23, 2)  # IPV6_MTU_DISCOVER, DO
    else:
        sock.setsockopt(socket.IPPROTO_IP, 11, 1)    # IP_RECVERR
        sock.setsockopt(socket.IPPROTO_IP, 10, 2)    # IP_MTU_DISCOVER, DO


def do_error(handle):
    """error H: the next ICMP error: errno, type/code, who made it, about a
    packet to whom, and the MTU in it"""
    sock = need(handle)
    poll = select.poll()
    poll.register(sock, 0)
    if not poll.poll(WAIT * 1000):
        raise Refused("no error")
    _, ancillary, _, about = sock.recvmsg(65536, 512, 0x2000)  # MSG_ERRQUEUE
    data = ancillary[0][2]
    number, _, kind, code, _, info, _ = struct.unpack("=IBBBBII", data[:16])
    maker = data[24:40] if sock.family == socket.AF_INET6 else data[20:24]
    return ["%s %d/%d from %s about %s mtu %d" % (
        errno.errorcode.get(number, number), kind, code, packet.unpack(maker),
        end(about), info)]


def do_no_error(handle):
    """no_error H: refused when an ICMP error has come"""
    poll = select.poll()
    poll.register(need(handle), 0)
    if poll.poll(0):
        raise Refused(do_error(handle)[0])


def do_receive(handle):
    """receive H: UDP: address, port and data; TCP: the data that is there"""
    sock = need(handle)
    if sock.type == socket.SOCK_DGRAM:
        data, peer = sock.recvfrom(65536)
        return ["%s %s" % (end(peer), text_of(data))]
    return [text_of(sock.recv(65536))]


def do_silent(handle):
    """silent H: refused when something waits to be read"""
    if select.select([need(handle)], [], [], 0)[0]:
        raise Refused("something came: " + " ".join(do_receive(handle)))


def do_carry(sender, receiver, size, to, port):
    """carry FROM TO SIZE ADDRESS PORT: a datagram of that many bytes, until it
    has learnt the size of the path and is there; who it came from"""
    sender, receiver, want = need(sender), need(receiver), pattern(int(size))
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        sender.sendto(want, (to, int(port)))
        while select.select([receiver], [], [], 0.5)[0]:
            got, peer = receiver.recvfrom(65536)
            if got == want:
                return [end(peer)]
    raise Refused("the datagram does not arrive")


def do_close(*handles):
    """close H..."""
    for handle in handles:
        need(handle).close()
        del sockets[handle]


def do_reset(handle):
    """reset H: close a TCP connection with RST"""
    need(handle).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
    do_close(handle)


def do_echo(client, server):
    """echo CLIENT SERVER: a few bytes each way on a TCP connection"""
    for sender, receiver in ((client, server), (server, client)):
        need(sender).sendall(b"ozproxy")
        got = b""
        while len(got) < 7:
            more = need(receiver).recv(7 - len(got))
            if not more:
                raise Refused("end of the stream")
            got += more
        if got != b"ozproxy":
            raise Refused("other bytes arrived")


def pattern(size):
    block = bytes((i * 7 + (i >> 8)) & 0xff for i in range(65521))
    return (block * (size // len(block) + 1))[:size]


def do_bulk(sender, receiver, size, until=""):
    """bulk FROM TO BYTES [UNTIL]: on a TCP connection, and intact; again and
    again until there is the file UNTIL. Says how often."""
    sent = memoryview(pattern(int(size)))
    sender, receiver, times = need(sender), need(receiver), 0
    while not times or (until and not os.path.exists(until)):
        transfer(sender, receiver, sent)
        times += 1
    return [str(times)]


def transfer(sender, receiver, sent):
    at, got = 0, bytearray()
    deadline = time.monotonic() + 6 * WAIT
    sender.setblocking(False)
    while len(got) < len(sent):
        writers = [sender] if at < len(sent) else []
        ready = select.select([receiver], writers, [], WAIT)
        if not (ready[0] or ready[1]) or time.monotonic() > deadline:
            raise Refused("stalled after %d of %d bytes" % (len(got), len(sent)))
        if ready[1]:
            at += sender.send(sent[at:at + 262144])
        if ready[0]:
            got += receiver.recv(262144)
    sender.settimeout(WAIT)
    if got != sent:
        raise Refused("the bytes differ")


def do_burst(handle, count, size, to, port):
    """burst H COUNT SIZE TO PORT: that many datagrams in one packet (UDP GSO),
    which the first device that cannot keep them together takes apart."""
    sock = need(handle)
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, int(size))
    try:
        sock.sendto(bytes(int(count) * int(size)), (to, int(port)))
    finally:
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 0)
    return []


def do_split(count, netns, address, first, to, dport, *listeners):
    """split COUNT NETNS ADDRESS PORT TO PORT LISTENER...

    That many connections one after the other, from PORT and the ports after
    it, a byte both ways on each: a line a listener with how many it got.
    """
    places = [need(name) for name in listeners]
    got = dict.fromkeys(places, 0)
    for port in range(int(first), int(first) + int(count)):
        with inet(netns, socket.SOCK_STREAM, address, port) as client:
            client.connect((to, int(dport)))
            ready = select.select(places, [], [], WAIT)[0]
            if len(ready) != 1:
                raise Refused("%d instances got one connection" % len(ready))
            got[ready[0]] += 1
            server = ready[0].accept()[0]
            with server:
                server.settimeout(WAIT)
                client.sendall(b"?")
                server.sendall(server.recv(1))
                if client.recv(1) != b"?":
                    raise Refused("no answer")
    return ["%s %d" % (name, got[place])
            for name, place in zip(listeners, places)]


def do_capture(handle, netns, device):
    """capture H NETNS DEVICE"""
    sock = socket_in(netns, socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    sock.bind((device, ETH_P_ALL))
    sock.settimeout(WAIT)
    sockets[handle] = sock


def frames(sock, timeout):
    """IP packets that the capture got, until none comes for the timeout."""
    while select.select([sock], [], [], timeout)[0]:
        data, where = sock.recvfrom(262144)
        # An Ethernet device has its header in front, a tunnel none.
        data = data[14:] if where[3] == 1 else data
        if where[1] in ETHERTYPES.values():
            yield where[2] == socket.PACKET_OUTGOING, data


def do_seen(handle):
    """seen H: a line for each IP packet since the last time"""
    return ["%s %s" % ("out" if out else "in", packet.describe(data, ports))
            for out, data in frames(need(handle), 0)]


def fits(line, pattern):
    """Whether the parts of pattern, split at '*', are in line in this order."""
    at = 0
    for part in pattern.split("*"):
        at = line.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def do_expect(handle, *words):
    """expect H PATTERN: skip to the packet whose line has it; * is anything"""
    pattern = " ".join(words)
    deadline = time.monotonic() + WAIT
    skipped = []
    sock = need(handle)
    while time.monotonic() < deadline:
        for out, data in frames(sock, 0.2):
            line = "%s %s" % ("out" if out else "in",
                              packet.describe(data, ports))
            if fits(line, pattern):
                return [line]
            skipped.append(line)
    raise Refused("only: " + "; ".join(skipped[-8:] or ["nothing"]))


def next_packet(handle, direction, wanted, what):
    """The next packet of a capture in this direction that is wanted."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        for out, data in frames(need(handle), 0.2):
            try:
                got = packet.Packet(data)
            except ValueError:
                continue
            if out == (direction == "out") and wanted(got):
                return got
    raise Refused("no " + what)


def do_payload(handle, direction, port):
    """payload H in|out PORT: what the next UDP datagram to PORT carries"""
    def wanted(got):
        return got.protocol == packet.UDP and got.port(1) == int(port)
    return [next_packet(handle, direction, wanted, "datagram").payload.hex()]


def do_ip(handle, direction):
    """ip H in|out: the bytes of the next TCP or UDP packet"""
    def wanted(got):
        return not got.is_icmp()
    return [bytes(next_packet(handle, direction, wanted, "packet")).hex()]


def do_frame(handle, mac, data):
    """frame H MAC HEX: send an IP packet from the device of a capture"""
    data = bytes.fromhex(data)
    need(handle).send(bytes.fromhex(mac.replace(":", "")) + b"\2" * 6 +
                      struct.pack("!H", ETHERTYPES[data[0] >> 4]) + data)


def do_segment(source, sport, destination, dport, flags, data=""):
    """segment SOURCE PORT DESTINATION PORT FLAGS [DATA]: a TCP segment"""
    return [bytes(packet.tcp(source, int(sport), destination, int(dport),
                             flags, data_of(data))).hex()]


def do_flood(handle, mac, source, first, count, destination, dport):
    """flood H MAC SOURCE PORT COUNT DESTINATION PORT: a SYN from each of COUNT
    ports, from the device of a capture"""
    for sport in range(int(first), int(first) + int(count)):
        do_frame(handle, mac, bytes(packet.tcp(
            source, sport, destination, int(dport))).hex())


def do_golden(path):
    """golden FILE: a line for each packet: name, sender, bytes"""
    return ["%s %s %s" % (name, keys["from"], data.hex())
            for name, keys, data in packet.read(path)]


def do_change(data, *keys):
    """change HEX [source=A] [destination=A] [ttl=N] [tos=N] [df=0|1]: the same
    otherwise"""
    keys = dict(key.split("=", 1) for key in keys)
    for key in {"ttl", "tos", "df"} & set(keys):
        keys[key] = int(keys[key])
    return [bytes(packet.Packet(bytes.fromhex(data)).change(**keys)).hex()]


def do_build(kind, source, sport, destination, dport, data="", sums="ok"):
    """build tcp|udp SOURCE PORT DESTINATION PORT [DATA [ok|bad|zero]]"""
    make = packet.tcp if kind == "tcp" else packet.udp
    built = make(source, int(sport), destination, int(dport),
                 payload=data_of(data))
    if sums != "ok":
        at = built.sum_at
        value = int.from_bytes(built.data[at:at + 2], "big")
        value = 0 if sums == "zero" else (value ^ 0x5a5a) or 0x5a5a
        built.data[at:at + 2] = value.to_bytes(2, "big")
    return [bytes(built).hex()]


def do_build_error(source, destination, kind, code, embedded, size="1280"):
    """build_error SOURCE DESTINATION TYPE CODE HEX [BYTES]: an ICMP error
    about the first BYTES of a packet"""
    data = bytes.fromhex(embedded)[:int(size)]
    return [bytes(packet.error(source, destination, int(kind), int(code),
                               data)).hex()]


def do_fragments(data, ident, *sizes):
    """fragments HEX ID SIZE...: a line for each piece of these sizes"""
    return [piece.hex() for piece in packet.fragments(
        bytes.fromhex(data), int(ident), *map(int, sizes))]


def do_piece(data, ident, at, size, more):
    """piece HEX ID OFFSET SIZE 0|1: one piece, that may lie; 1: more follow"""
    whole = packet.Packet(bytes.fromhex(data))
    at, size = int(at), int(size)
    part = whole.data[whole.start + at:whole.start + at + size]
    return [packet.fragment(whole.data[:whole.start], part, int(ident), at,
                            int(more)).hex()]


def do_describe(data):
    """describe HEX"""
    return [packet.describe(bytes.fromhex(data))]


def answer(line):
    name, *words = line.split()
    try:
        lines = globals()["do_" + name](*words) or []
    except Refused as error:
        return "error %s" % error
    except OSError as error:
        return "error %s %s" % (errno.errorcode.get(error.errno, "TIMEOUT"),
                                error)
    except (KeyError, TypeError, ValueError) as error:
        return "error usage: %s (%s)" % (line.strip(), error)
    return "\n".join(["ok %d" % len(lines)] + lines)


for command in sys.stdin:
    if command.strip():
        print(answer(command), flush=True)
