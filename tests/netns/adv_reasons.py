# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""Makes workers lose packets on the way out, each kind under its reason.

    adv_reasons.py PREFIX

PREFIX and a name are a namespace of the topology in reasons.sh, which also
describes it.
"""

import select
import socket
import subprocess
import sys
import time

from adv_lib import (WAIT, Counters, Tap, growth, inside, lost, udp_socket)

prefix = sys.argv[1]
tap = Tap()
counters = {}
sockets = {}


def run(name, *command):
    """A command in a namespace; its words may be one string."""
    words = [word for part in command for word in part.split()]
    done = subprocess.run(["nsenter", "--net=/run/netns/" + prefix + name,
                           *words], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        tap.ok(False, "%s: %s" % (name, " ".join(words)),
               done.stderr.replace("\n", " "))


def ozctl(name, *command):
    run(name, "ozctl", *command)


def instance(number, spaces, addresses, node, port=50103, more=""):
    return "instance %d ns %s ip %s node %s port %d %s" % (
        number, spaces, addresses, node, port, more)


def say(name, address, port=4000):
    """A datagram from the namespace's own address; port 0: any."""
    source = SOURCES[name][":" in address]
    key = (name, source, port)
    if not port or key not in sockets:
        sockets[key] = udp_socket(prefix + name, source, port)
    sockets[key].sendto(b"?", (address, 9))


SOURCES = {"c1": ("10.19.1.3", "fc00::103"),
           "c2": ("10.19.1.9", "fc00::109"),
           "c3": ("10.19.1.4", "fc00::104"),
           "c9": ("10.19.9.3", "fc00::903"),
           "w1": ("131.1.0.1", "2001:db8::1")}


def settle(worker, before, packets):
    """Reads until so many packets went into the device."""
    end = time.monotonic() + WAIT
    while True:
        after = counters[worker].read()
        change = growth(before, after)
        multicast = change.get(("out", "multicast"), 0)
        if change.get("out_received", 0) - multicast >= packets or \
                time.monotonic() > end:
            return change
        select.select([], [], [], 0.005)


def expect(worker, reason, name, *packets, who="c1"):
    """Each packet, a destination, is lost under the reason, and none else."""
    before = counters[worker].read()
    for address in packets:
        say(who, address)
    change = settle(worker, before, len(packets))
    want = "out %s %d" % (reason, len(packets))
    tap.ok(lost(change) == want and not change.get("out_tunnelled"),
           "%s: %s" % (name, reason),
           "want %s; got %s, tunnelled %s" %
           (want, lost(change), change.get("out_tunnelled", 0)))


def both(worker, reason, name, ipv4, ipv6, who="c1"):
    expect(worker, reason, name, ipv4, who=who)
    expect(worker, reason, name + ", IPv6", ipv6, who=who)


def gauge(worker, name):
    return counters[worker].read().get(name)


def senders():
    both("w1", "unknown-source", "a container nobody announced",
         "10.30.1.30", "fdff:2000::30", who="c2")
    both("w1", "unknown-source", "the worker itself",
         "10.30.1.30", "fdff:2000::30", who="w1")
    tap.ok(gauge("w1", "misses") == 0, "no miss came of that")
    both("w1", "unknown-source", "nor of an unknown address",
         "10.30.9.9", "fdff:2000::99", who="c2")
    tap.ok(gauge("w1", "misses") == 0, "still no miss")
    expect("w1", "source-without-address", "no Instance IP of this family",
           "fdff:2000::30", who="c3")
    run("w1", "ip route add 198.51.100.0/24 dev oz0")
    run("w1", "ip route add 2001:db8:99::/64 dev oz0")
    both("w1", "not-a-service", "a route to another prefix",
         "198.51.100.1", "2001:db8:99::1")


def becomes(worker, name, value):
    """Waits for a gauge."""
    end = time.monotonic() + WAIT
    while gauge(worker, name) != value and time.monotonic() < end:
        select.select([], [], [], 0.005)
    return gauge(worker, name) == value


def loses(worker, reason, packets, name, *command):
    """What waits is lost by a command, or by itself."""
    key, end = ("out", reason), time.monotonic() + WAIT
    before = counters[worker].read().get(key, 0)
    if command:
        run(worker, *command)
    while counters[worker].read().get(key, 0) < before + packets and \
            time.monotonic() < end:
        select.select([], [], [], 0.005)
    got = counters[worker].read().get(key, 0) - before
    tap.ok(got == packets, "%s: %s" % (name, reason), "%d packets" % got)


def misses():
    """Two addresses wait, each with a packet; a source is an address of c1,
    which has one of each family."""
    for address in ("10.30.9.7", "fdff:2000::97"):
        ozctl("w1", "miss resolve", address, "lifetime 600000")
    both("w1", "unknown-service", "an address that nobody has",
         "10.30.9.7", "fdff:2000::97")
    for address in ("10.30.9.9", "fdff:2000::99"):
        say("c1", address)
    tap.ok(becomes("w1", "out_waiting", 2), "two packets wait")
    tap.ok(gauge("w1", "misses") == 2, "for two addresses")
    new, known = ("10.30.9.8", "fdff:2000::98"), ("10.30.9.9", "fdff:2000::99")
    for option, least, default, reason, addresses in (
            ("miss-limit", 2, 1024, "miss-table-full", new),
            ("miss-source-limit", 1, 64, "miss-source-full", new),
            ("miss-address-packets", 1, 32, "miss-queue-full", known),
            ("miss-source-packets", 1, 128, "miss-source-queue-full", known),
            ("miss-packets", 2, 1024, "miss-packets-full", known),
            ("miss-memory", 1000, 4194304, "miss-memory-full", known)):
        ozctl("w1", "device set oz0", option, str(least))
        both("w1", reason, "%s is %d" % (option, least), *addresses)
        ozctl("w1", "device set oz0", option, str(default))
    tap.ok(gauge("w1", "out_waiting") == 2, "the two packets still wait")
    loses("w1", "miss-timeout", 2, "no answer comes",
          "ozctl device set oz0 miss-timeout 100")
    tap.ok(gauge("w1", "misses") == 0, "no address waits any more")
    ozctl("w1", "device set oz0 miss-timeout 600000")
    for address in known:
        say("c1", address)
    tap.ok(becomes("w1", "out_waiting", 2), "two packets wait again")
    loses("w1", "device-down", 2, "the device goes down",
          "ip link set oz0 down")
    run("w1", "ozctl device up oz0")
    tap.ok(gauge("w1", "out_waiting") == 0, "nothing waits")


def instances():
    addresses = "address 10.30.2.1 policy rr address fdff:2000::201 policy rr"
    node = ("10.21.0.9,fc00::209", "10.30.2.9,fdff::29", "131.1.0.99")
    ozctl("w1", "service set none", addresses)
    both("w1", "no-instance", "a service without instances",
         "10.30.2.1", "fdff:2000::201")
    ozctl("w1", "service set none", addresses,
          "instance 0 ns 10.21.0.9 node 131.1.0.99 port 50103")
    expect("w1", "no-instance", "no instance of this family",
           "fdff:2000::201")
    for more in ("draining", "weight 0"):
        ozctl("w1", "service set none", addresses,
              instance(0, *node, more=more))
        both("w1", "no-instance", "the only one is " + more,
             "10.30.2.1", "fdff:2000::201")
    ozctl("w1", "service del none")


def conflicts():
    for first, second in (("10.30.1.30", "10.30.1.31"),
                          ("fdff:2000::30", "fdff:2000::31")):
        before = counters["w1"].read()
        say("c1", first)
        change = settle("w1", before, 1)
        tap.ok(change.get("out_tunnelled") == 1, "a flow to %s" % first,
               str(change))
        expect("w1", "reply-conflict",
               "the same port to another address of its one instance", second)


def routes():
    run("w1", "ip route add unreachable 203.0.113.0/24")
    run("w1", "ip route add unreachable 2001:db8:113::/48")
    run("w1", "ip route add 203.0.114.0/24 dev oz0")
    run("w1", "ip route add 2001:db8:114::/48 dev oz0")
    cases = (("no-route", "a node without a route", "203.0.113.1"),
             ("no-route", "a node without a route, IPv6", "2001:db8:113::1"),
             ("route-loop", "a node behind the device itself", "203.0.114.1"),
             ("route-loop", "the same, IPv6", "2001:db8:114::1"))
    for number, (reason, name, node) in enumerate(cases):
        address = "10.30.3.%d" % (number + 1)
        ozctl("w1", "service set far address %s policy rr" % address,
              instance(number, "10.21.0.9,fc00::209", "10.30.3.9,fdff::39",
                       node))
        expect("w1", reason, name, address, address)
    ozctl("w1", "service del far")


def full():
    """More flows than the table takes."""
    ozctl("w1", "flow flush")
    ozctl("w1", "device set oz0 flow-limit 16")
    before = counters["w1"].read()
    for _ in range(120):
        say("c1", "10.30.1.30", 0)
    change = settle("w1", before, 120)
    refused = change.get(("out", "flow-table-full"), 0)
    given = change.get("flows_evicted", 0)
    tap.ok(lost(change) == ("out flow-table-full %d" % refused if refused
                            else "") and
           change.get("out_tunnelled", 0) + refused == 120,
           "120 flows where 16 are allowed: what is lost is flow-table-full",
           str(change))
    tap.ok(given and given <= 120 - 16 - refused,
           "the others take the places of unanswered ones", str(change))
    tap.ok(gauge("w1", "flows") <= 16, "no more than 16 are followed",
           str(gauge("w1", "flows")))
    ozctl("w1", "device set oz0 flow-limit 65536")


def no_underlay():
    before = counters["w9"].read()
    say("c9", "10.30.1.30")
    change = settle("w9", before, 1)
    tap.ok(change.get("out_tunnelled") == 1, "with the underlay it is sent",
           str(change))
    subprocess.run(["ip", "netns", "del", prefix + "u9"], check=False)
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        with inside(prefix + "underlay"):
            if "u-u9" not in [name for _, name in socket.if_nameindex()]:
                break
        select.select([], [], [], 0.02)
    expect("w9", "no-underlay", "the namespace of the underlay is gone",
           "10.30.1.30", who="c9")


def main():
    for worker in ("w1", "w9"):
        counters[worker] = Counters(prefix + worker, "oz0")
    senders()
    misses()
    instances()
    conflicts()
    routes()
    full()
    no_underlay()
    tap.end()


main()
