# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""Traffic that does not mind what happens to it.

    adv_traffic.py CLIENT SERVER ADDRESS [ADDRESS...]

CLIENT and SERVER are namespaces, ADDRESSes the Service IPs that the client
uses. UDP datagrams go to an echo on port 5000 from 16 source ports, and a TCP
transfer runs to port 5001, both without end and at a pace that leaves the
machine to others. Every 20 echoes a line says how
many echoes and TCP bytes came so far: "flows ECHOES BYTES".
"""

import select
import socket
import sys
import time

from adv_lib import family_of, inside

ECHO, SINK = 5000, 5001


class Traffic:
    def __init__(self, client, server, addresses):
        self.client = client
        self.addresses = addresses
        self.echoes = self.bytes = self.told = 0
        self.talkers = []       # (UDP socket of the client, target)
        self.echo = []          # UDP sockets of the server
        self.sinks = []         # TCP listeners
        self.streams = []       # TCP of the server
        self.sources = {}       # address: TCP of the client
        families = {family_of(address) for address in addresses}
        with inside(server):
            for family in families:
                self.echo.append(self.bound(family, socket.SOCK_DGRAM, ECHO))
                self.sinks.append(self.bound(family, socket.SOCK_STREAM, SINK))
        for sink in self.sinks:
            sink.listen()
        with inside(client):
            for index in range(16):
                address = addresses[index % len(addresses)]
                talker = socket.socket(family_of(address), socket.SOCK_DGRAM)
                talker.setblocking(False)
                self.talkers.append((talker, (address, ECHO)))

    @staticmethod
    def bound(family, kind, port):
        sock = socket.socket(family, kind)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", port))
        sock.setblocking(False)
        return sock

    def connect(self, address):
        """A TCP connection; a broken one is followed by another."""
        try:
            with inside(self.client):
                sock = socket.socket(family_of(address), socket.SOCK_STREAM)
        except OSError:
            return      # the namespace is gone
        sock.setblocking(False)
        sock.connect_ex((address, SINK))
        self.sources[address] = (sock, time.monotonic())

    def speak(self):
        for talker, target in self.talkers:
            try:
                talker.sendto(b"x" * 200, target)
            except OSError:
                pass
        for address in self.addresses:
            if address not in self.sources:
                self.connect(address)

    def push(self, address):
        sock, since = self.sources[address]
        try:
            for _ in range(2):
                sock.send(bytes(16384))
                self.sources[address] = (sock, time.monotonic())
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            sock.close()
            del self.sources[address]
            return
        # A connection that stands still holds nobody up.
        if time.monotonic() - since > 5:
            sock.close()
            del self.sources[address]

    def take(self, sock):
        try:
            if sock in self.echo:
                data, where = sock.recvfrom(2048)
                sock.sendto(data, where)
            elif sock in self.sinks:
                stream = sock.accept()[0]
                stream.setblocking(False)
                self.streams.append(stream)
            elif sock in self.streams:
                data = sock.recv(262144)
                self.bytes += len(data)
                if not data:
                    self.drop(sock)
            else:
                sock.recv(2048)
                self.echoes += 1
        except BlockingIOError:
            pass
        except OSError:
            if sock in self.streams:
                self.drop(sock)

    def drop(self, sock):
        self.streams.remove(sock)
        sock.close()

    def run(self):
        spoken = 0
        while True:
            now = time.monotonic()
            if now - spoken > 0.02:
                self.speak()
                for address in list(self.sources):
                    self.push(address)
                spoken = now
            readers = (self.echo + self.sinks + self.streams +
                       [talker for talker, _ in self.talkers])
            for sock in select.select(readers, [], [], 0.02)[0]:
                self.take(sock)
            if self.echoes >= self.told + 20:
                self.told = self.echoes
                print("flows %d %d" % (self.echoes, self.bytes), flush=True)


Traffic(sys.argv[1], sys.argv[2], sys.argv[3:]).run()
