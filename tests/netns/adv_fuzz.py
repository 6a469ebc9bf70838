# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""Random packets into both ends of a device; every one must be counted.

    adv_fuzz.py PEER WORKER FROM TO [COUNT]

PEER and WORKER are namespaces, FROM and TO their underlay addresses. The
tunnel gets COUNT datagrams, the device itself COUNT packets on its way out;
they are good packets with bytes changed, cut short, or made longer. The seed
is printed, and taken from OZP_SEED.
"""

import os
import random
import socket
import struct
import sys
import time

from adv_lib import (WAIT, Counters, Tap, growth, inside, ip, lost, tcp,
                     udp, udp_socket)

PORT = 50103
seed = int(os.environ.get("OZP_SEED") or time.time())
dice = random.Random(seed)

# Source and destination of good packets: inbound, outbound.
WAYS = {"in": (("10.30.0.6", "10.19.1.3"), ("fdff::6", "fc00::103")),
        "out": (("10.19.1.3", "10.30.1.30"), ("fc00::103", "fdff:2000::30"))}


def good(way):
    source, destination = dice.choice(WAYS[way])
    if dice.random() < 0.4:
        return ip(source, destination, tcp(source, destination,
                                           sport=dice.randrange(65536)), 6)
    # Larger than the underlay's MTU: arrives in pieces.
    size = dice.choice((0, 1, 20, 1400, 1500, 4000))
    return ip(source, destination, udp(source, destination, bytes(size),
                                       sport=dice.randrange(65536)))


def spoil(data):
    data = bytearray(data)
    for _ in range(dice.choice((0, 1, 1, 2, 5))):
        # Mostly in the headers.
        at = dice.randrange(min(len(data), dice.choice((10, 44, 64, 5000))))
        data[at] = dice.choice((0, 1, 0x7f, 0xff, data[at] ^ 1 <<
                                dice.randrange(8), dice.randrange(256)))
    fate = dice.random()
    if fate < 0.15:
        del data[dice.randrange(len(data) + 1):]
    elif fate < 0.25:
        data += bytes(dice.randrange(1, 60))
    elif fate < 0.45 and data[0] >> 4 == 4:
        # A correct checksum over what was changed.
        data[10:12] = b"\0\0"
        words = bytes(data[:20]) + bytes(-len(data[:20]) % 2)
        total = sum(struct.unpack("!%dH" % (len(words) // 2), words))
        total = (total & 0xffff) + (total >> 16)
        total = (total & 0xffff) + (total >> 16)
        data[10:12] = struct.pack("!H", total ^ 0xffff)
    return bytes(data)


def tunnel(sock, target, count):
    """How many datagrams were sent."""
    for _ in range(count):
        sock.sendto(spoil(good("in")), target)
    return count


def device(sock, count):
    """How many packets the device took."""
    taken = 0
    for _ in range(count):
        data = spoil(good("out")) or b"\0"
        kind = {4: 0x800, 6: 0x86dd}.get(data[0] >> 4, 0x800)
        if dice.random() < 0.05:
            kind = dice.choice((0x800, 0x86dd, 0x806, 0x88b5, 0))
        try:
            sock.sendto(data, ("oz0", kind))
            taken += 1
        except OSError:
            pass
    return taken


def expect(tap, counters, before, name, count, what):
    after = counters.until(name, before[name] + count)
    change = growth(before, after)
    tap.ok(change.get(name) == count, "%s: %d packets, each counted" %
           (what, count), "%s: %s" % (name, change.get(name)))
    print("# %s" % (lost(change) or "no loss"))
    return change


# Where packets come from, and where they go on to.
ENDS = {"in": (("in_received", "out_local"), ("in_delivered",)),
        "out": (("out_received",), ("out_tunnelled", "out_local"))}


def accounted_for(counters, before, way):
    """Whether all that came went on, waits or was dropped: soon, as of those that
    wait some may just be given up."""
    end = time.monotonic() + WAIT
    while True:
        after = counters.read()
        change = growth(before, after)
        came, went = (sum(change.get(name, 0) for name in names)
                      for names in ENDS[way])
        drops = sum(value for key, value in change.items() if key[0] == way)
        name = way + "_waiting"
        waiting = after.get(name, 0) - before.get(name, 0)
        if came == went + drops + waiting:
            return True
        if time.monotonic() > end:
            return False


def main():
    peer, worker, source, target = sys.argv[1:5]
    count = int(sys.argv[5]) if len(sys.argv) > 5 else 1500
    tap = Tap()
    print("# OZP_SEED=%d" % seed)
    counters = Counters(worker, "oz0")
    sender = udp_socket(peer, source)
    with inside(worker):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)

    before = counters.read()
    sent = tunnel(sender, (target, PORT), count)
    change = expect(tap, counters, before, "in_received", sent, "tunnel")
    tap.ok(accounted_for(counters, before, "in"),
           "and delivered, waiting, or dropped under a reason", str(change))

    before = counters.read()
    sent = device(raw, count)
    tap.ok(sent > count // 2, "the device took %d packets" % sent)
    change = expect(tap, counters, before, "out_received", sent, "device")
    tap.ok(accounted_for(counters, before, "out"),
           "and sent, waiting, or dropped under a reason", str(change))
    tap.end()


main()
