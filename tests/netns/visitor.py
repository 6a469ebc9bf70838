# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""Many connections, datagrams and answers, for tests that need them.

visitor.py visit ADDRESS COUNT PORT PATIENCE
    One connection after the other, to each of COUNT addresses from ADDRESS on
    in turn, a byte both ways. One that is not there after PATIENCE seconds has
    failed; what was refused is tried again within them, as programs do. Ends on
    SIGTERM, with a line "N connected, M failed, …"; each failure is a line, too.
visitor.py serve PORT
    Sends every byte back, over TCP and UDP, whatever address was asked. Says
    "first TIME", "distinct N at TIME" for UDP, N being how many addresses of
    its own were sent to, each time that it is a multiple of 100.
visitor.py spray ADDRESS COUNT PORT SOURCE
    A datagram to each of COUNT addresses from ADDRESS on. Says when it began
    and ended.
visitor.py table COUNT
    Writes a table of COUNT jobs, j0 and so on: jN has 10.30.16.0 + N and the
    Namespace IP 10.21.16.0 + N on 131.1.0.2.
"""

import ipaddress
import json
import selectors
import signal
import socket
import sys
import time

state = {"ends": False, "retries": 0}


def end(_signal, _frame):
    state["ends"] = True


def exchange(address, port, deadline):
    """An exchange, or an OSError."""
    left = deadline - time.monotonic()
    with socket.create_connection((address, port), max(left, 0.1)) as sock:
        sock.settimeout(max(deadline - time.monotonic(), 0.1))
        sock.sendall(b"?")
        if sock.recv(1) != b"?":
            raise OSError("no answer")


def persist(address, port, patience):
    """An exchange within the patience, or the error of the last attempt."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return exchange(address, port, deadline)
        except OSError as error:
            if time.monotonic() + 0.2 > deadline:
                raise
            state["retries"] += 1
            state["why"] = error
            time.sleep(0.1)


def visit(first, count, port, patience):
    first = ipaddress.ip_address(first)
    connected = failed = turn = 0
    longest = 0.0
    while not state["ends"]:
        target = str(first + turn % int(count))
        turn += 1
        started = time.monotonic()
        try:
            persist(target, int(port), float(patience))
            connected += 1
        except OSError as failure:
            failed += 1
            print("failed: %s: %s" % (target, failure), flush=True)
        longest = max(longest, time.monotonic() - started)
    print("%d connected, %d failed, longest %d ms, %d retries%s" % (
        connected, failed, longest * 1000, state["retries"],
        " (%s)" % state["why"] if "why" in state else ""), flush=True)


def echo(sock, selector):
    data = sock.recv(4096)
    if data:
        sock.sendall(data)
    else:
        selector.unregister(sock)
        sock.close()


def count_datagram(sock, seen):
    _, ancillary, _, _ = sock.recvmsg(2048, 256)
    if not seen:
        print("first %.3f" % time.time(), flush=True)
    before = len(seen)
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == 8:  # IP_PKTINFO
            seen.add(data[8:12])
    if len(seen) > before and len(seen) % 100 == 0:
        print("distinct %d at %.3f" % (len(seen), time.time()), flush=True)


def serve(port):
    selector = selectors.DefaultSelector()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", int(port)))
    listener.listen(256)
    counter = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    counter.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    counter.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
    counter.bind(("0.0.0.0", int(port)))
    seen = set()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(counter, selectors.EVENT_READ)
    while not state["ends"]:
        for key, _ in selector.select(1):
            if key.fileobj is listener:
                selector.register(listener.accept()[0], selectors.EVENT_READ)
            elif key.fileobj is counter:
                count_datagram(counter, seen)
            else:
                try:
                    echo(key.fileobj, selector)
                except OSError:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()


def spray(first, count, port, source):
    first = ipaddress.ip_address(first)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((source, 0))
    print("begin %.3f" % time.time(), flush=True)
    for turn in range(int(count)):
        try:
            sock.sendto(b"?", (str(first + turn), int(port)))
        except OSError:
            pass    # what an earlier one met
    print("end %.3f" % time.time(), flush=True)


def write_table(count):
    results = []
    for n in range(int(count)):
        high, low = divmod(n, 256)
        own = {"IpType": "instance_ip",
               "Address": "10.30.%d.%d" % (128 + high, low),
               "Address_v6": "fdff::4:%x" % n}
        results.append({
            "app_name": "j%d" % n, "query_key": "j%d" % n,
            "instance_list": [{
                "instance_number": 0, "host_ip": "131.1.0.2",
                "host_port": 50103,
                "namespace_ip": "10.21.%d.%d" % (16 + high, low),
                "namespace_ip_v6": "fc00::4:%x" % n,
                "instance_ip": own["Address"],
                "instance_ip_v6": own["Address_v6"],
                "service_ip": [
                    {"IpType": "RR",
                     "Address": "10.30.%d.%d" % (16 + high, low),
                     "Address_v6": "fdff:2000::4:%x" % n}, own]}]})
    json.dump(results, sys.stdout)


signal.signal(signal.SIGTERM, end)
{"visit": visit, "serve": serve, "spray": spray,
 "table": write_table}[sys.argv[1]](*sys.argv[2:])
