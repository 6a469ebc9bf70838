# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""A small stand-in for an Oakestra cluster: speaks to workers over MQTT.

    cluster.py [OPTION...] TABLE

TABLE is a JSON list of table-query results, one a job: the format that
`ozproxyd --table` reads. The stand-in answers table queries from it, keeps the
interests of each worker, announces changes of jobs that somebody has an
interest in, and takes the workers' own announcements. What happens is a line
each in the file of --log. Commands come as lines on standard input; the answer
to each is "ok N" and N more lines, or "error TEXT".

Table
  put JSON                      replaces a job, or adds it; announced
  deploy JOB N NODE PORT NS4 NS6 IP4 IP6   an instance; announced
  schedule JOB N IP4 IP6        an instance that no worker runs yet
  move JOB N NODE PORT NS4 NS6  the same instance elsewhere; announced
  undeploy JOB N                announced
  quiet put|deploy|...          the same, not announced
  notify JOB TYPE [TIMES]       the announcement alone
  table                         all of it, JSON
Answers
  delay SECONDS                 each answer comes so late
  pace SECONDS                  so long is worked on each before the next one
  drop N|all|none               the next queries are not answered
  malformed KIND N WORKER       the next N answers to a worker are spoilt
  kinds                         what KIND may be
  repeat N                      each answer comes N times
  hold, release [reverse]       answers wait; they go, the last one first
Interests
  interests                     "WORKER JOB" a line
  forget                        all of them: a restart with an empty database
  errors                        what a real cluster would have failed on
  quit
"""

import argparse
import json
import re
import select
import sys
import time

import paho.mqtt.client as mqtt

QOS = 1
RETRY = 0.2             # seconds between attempts to connect
FAMILIES = ("", "_v6")
TOPIC = re.compile(r"nodes/([^/]+)/net/(.+)")
TOPICS = ("tablequery/request", "interest/remove", "subnet",
          "service/deployed", "service/address-changed")


class Refused(Exception):
    """What a command answers with "error"."""


class Log:
    """A line an event, its time first; errors are remembered, too."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8") if path else None
        self.errors = []

    def write(self, *words):
        if self.file:
            print("%.3f" % time.time(), *words, file=self.file, flush=True)

    def error(self, *words):
        self.errors.append(" ".join(map(str, words)))
        self.write("error", *words)


class Job:
    """A job: its instances by number, and the addresses of all of them."""

    def __init__(self, name, instances):
        self.name = name
        self.instances = {int(i["instance_number"]): i for i in instances}
        self.services = []
        for entry in (e for i in instances for e in i.get("service_ip", [])):
            own = str(entry.get("IpType")).lower() in ("instance_ip",
                                                       "instancenumber")
            if not own and entry not in self.services:
                self.services.append(entry)

    def addresses(self):
        """As text, and so they are compared, as clusters do."""
        texts = [e.get("Address" + f) for e in self.services for f in FAMILIES]
        return texts + [i.get("instance_ip" + f)
                        for i in self.instances.values() for f in FAMILIES]

    def result(self, key):
        return {"app_name": self.name,
                "instance_list": [self.instances[n]
                                  for n in sorted(self.instances)],
                "query_key": key}

    def instance(self, number):
        if number not in self.instances:
            raise Refused("%s has no instance %d" % (self.name, number))
        return self.instances[number]

    def place(self, number, node, spaces, addresses):
        """Puts an instance somewhere; None for what nobody knows yet."""
        self.instances[number] = {
            "host_ip": node[0], "host_port": node[1],
            "instance_ip": addresses[0], "instance_ip_v6": addresses[1],
            "instance_number": number,
            "namespace_ip": spaces[0], "namespace_ip_v6": spaces[1],
            "service_ip": self.services + [
                {"IpType": "instance_ip", "Address": addresses[0],
                 "Address_v6": addresses[1]}]}


class Answers:
    """Answers on their way, and all that can befall them."""

    # What a worker must survive. Each gets the answer as it should be.
    KINDS = {
        "not-json": lambda result: "this is not JSON",
        "empty": lambda result: "",
        "truncated": lambda result: json.dumps(result)[:-20],
        "deep": lambda result: "[" * 100000,
        "number": lambda result: "42",
        "no-list": lambda result: json.dumps(
            {k: v for k, v in result.items() if k != "instance_list"}),
        "other-job": lambda result: json.dumps(
            dict(result, app_name="other.default.job.default",
                 query_key="other.default.job.default")),
        "wrong-types": lambda result: json.dumps(
            dict(result, instance_list=[{"instance_number": "x",
                                         "host_ip": [], "host_port": {}}])),
        "large": lambda result: json.dumps(
            dict(result, padding="x" * (4 * 1024 * 1024))),
    }

    def __init__(self, publish, log):
        self.publish = publish
        self.log = log
        self.delay = 0.0
        self.pace = 0.0
        self.done = 0.0         # when the last one is
        self.times = 1
        self.to_drop = 0
        self.kind = None
        self.to_spoil = 0
        self.victim = None
        self.held = None
        self.late = []          # (when, worker, payload)

    def give(self, worker, result):
        if self.to_drop:
            self.to_drop -= 1
            self.log.write("dropped", worker, result["query_key"])
            return
        payload = json.dumps(result)
        if self.to_spoil and worker == self.victim:
            self.to_spoil -= 1
            payload = self.KINDS[self.kind](result)
            self.log.write("spoilt", worker, self.kind)
        self.log.write("answer", worker, result["query_key"],
                       len(result["instance_list"]))
        for _ in range(self.times):
            if self.held is not None:
                self.held.append((worker, payload))
            elif self.delay or self.pace:
                self.late.append((self.when(), worker, payload))
            else:
                self.send(worker, payload)

    def when(self):
        self.done = max(self.done, time.monotonic()) + self.pace
        return self.done + self.delay

    def send(self, worker, payload):
        self.publish("nodes/%s/net/tablequery/result" % worker, payload)

    def release(self, backwards):
        held, self.held = self.held or [], None
        for worker, payload in reversed(held) if backwards else held:
            self.send(worker, payload)

    def send_late(self):
        now = time.monotonic()
        due = [a for a in self.late if a[0] <= now]
        self.late = [a for a in self.late if a[0] > now]
        for _, worker, payload in due:
            self.send(worker, payload)

    def next_due(self):
        return min((a[0] for a in self.late), default=None)


class Cluster:
    """The table, the interests, and what comes from workers."""

    def __init__(self, table, publish, log):
        self.publish = publish
        self.log = log
        self.answers = Answers(publish, log)
        self.jobs = {}
        self.by_address = None          # made when it is needed
        self.interests = set()          # (worker, job)
        self.subnets = 0
        for result in table:
            self.put(result)

    def put(self, result):
        name = result["app_name"]
        self.by_address = None
        self.jobs[name] = Job(name, result["instance_list"])

    def job_at(self, address):
        if self.by_address is None:
            self.by_address = {a: j for j in reversed(self.jobs.values())
                               for a in j.addresses()}
        return self.by_address.get(address)

    def job(self, name):
        if name not in self.jobs:
            raise Refused("no job %s" % name)
        return self.jobs[name]

    # A cluster hears of a job, and tells of it, while it has an interest.
    def announce(self, job, kind):
        if any(name == job for _, name in self.interests):
            self.notify(job, kind)
        else:
            self.log.write("unheard", job, kind)

    def notify(self, job, kind):
        self.log.write("update", job, kind)
        self.publish("jobs/%s/updates_available" % job,
                     json.dumps({"type": kind}))

    # ---- from workers

    def on_tablequery_request(self, worker, query):
        name, address = query["sname"], query["sip"]
        if bool(name) == bool(address):
            self.log.error("query-of-both-or-none", worker,
                           json.dumps(query))
        key = address or name
        self.log.write("query", worker, "sip" if address else "sname", key)
        job = self.job_at(address) if address else self.jobs.get(name)
        if not job:
            self.answers.give(worker, {"app_name": name, "instance_list": [],
                                       "query_key": key})
            return
        if (worker, job.name) not in self.interests:
            self.interests.add((worker, job.name))
            self.log.write("interest", worker, job.name)
        self.answers.give(worker, job.result(key))

    # Of a job that is not in its database none is missed.
    def on_interest_remove(self, worker, payload):
        interest = worker, payload["appname"]
        self.log.write("remove", *interest)
        job = self.jobs.get(payload["appname"])
        if interest not in self.interests and job and job.instances:
            self.log.error("remove-without-interest", *interest)
        self.interests.discard(interest)

    # Every request allocates another one: workers must not ask twice.
    def on_subnet(self, worker, payload):
        self.subnets += 1
        self.log.write("subnet", worker, payload["METHOD"])
        self.publish("nodes/%s/net/subnetwork/result" % worker, json.dumps(
            {"address": "10.19.%d.0" % self.subnets,
             "addressv6": "fc00::%x00" % self.subnets}))

    def on_service_deployed(self, worker, payload):
        name, number = payload["appname"], int(payload["instance_number"])
        self.log.write("deployed", worker, name, number)
        instance = self.job(name).instance(number)
        instance.update(host_ip=payload["host_ip"],
                        host_port=int(payload["host_port"]),
                        namespace_ip=payload["nsip"],
                        namespace_ip_v6=payload["nsipv6"])
        self.announce(name, "DEPLOYMENT")

    def on_service_address_changed(self, worker, payload):
        name, number = payload["appname"], int(payload["instance_number"])
        self.log.write("address-changed", worker, name, number,
                       payload["host_ip"], payload["host_port"])
        self.job(name).instance(number).update(
            host_ip=payload["host_ip"], host_port=int(payload["host_port"]))
        self.announce(name, "DEPLOYMENT")

    def receive(self, topic, payload):
        match = TOPIC.fullmatch(topic)
        worker, what = match.groups()
        try:
            getattr(self, "on_" + re.sub("[/-]", "_", what))(
                worker, json.loads(payload))
        except (AttributeError, KeyError, TypeError, ValueError,
                Refused) as error:
            self.log.error("bad-message", topic, repr(error),
                           payload.decode(errors="replace"))

    # ---- commands

    def do_put(self, *words):
        result = json.loads(" ".join(words))
        self.put(result)
        self.announce(result["app_name"], "DEPLOYMENT")

    def do_deploy(self, job, number, node, port, ns4, ns6, ip4, ip6):
        self.by_address = None
        self.job(job).place(int(number), (node, int(port)), (ns4, ns6),
                            (ip4, ip6))
        self.announce(job, "DEPLOYMENT")

    def do_schedule(self, job, number, ip4, ip6):
        self.by_address = None
        self.job(job).place(int(number), (None, None), (None, None),
                            (ip4, ip6))

    def do_move(self, job, number, node, port, ns4, ns6):
        self.job(job).instance(int(number)).update(
            host_ip=node, host_port=int(port), namespace_ip=ns4,
            namespace_ip_v6=ns6)
        self.announce(job, "DEPLOYMENT")

    # A cluster deletes a job with its last instance, and the interests in it:
    # whoever asks for it then has one anew.
    def do_undeploy(self, job, number):
        self.job(job).instance(int(number))
        self.by_address = None
        del self.job(job).instances[int(number)]
        self.announce(job, "UNDEPLOYMENT")
        if not self.job(job).instances:
            self.interests = {i for i in self.interests if i[1] != job}

    def do_quiet(self, command, *words):
        if command not in ("put", "deploy", "move", "undeploy"):
            raise Refused("%s is quiet" % command)
        announce, self.announce = self.announce, lambda *_: None
        try:
            return getattr(self, "do_" + command)(*words)
        finally:
            self.announce = announce

    def do_notify(self, job, kind, times="1"):
        for _ in range(int(times)):
            self.notify(job, kind)

    def do_table(self):
        return [json.dumps([self.jobs[name].result(name)
                            for name in sorted(self.jobs)])]

    def do_delay(self, seconds):
        self.answers.delay = float(seconds)

    def do_pace(self, seconds):
        self.answers.pace = float(seconds)

    def do_drop(self, count):
        self.answers.to_drop = {"all": -1, "none": 0}.get(count) \
            if count in ("all", "none") else int(count)

    def do_malformed(self, kind, count, worker):
        if kind not in Answers.KINDS:
            raise Refused("no kind %s" % kind)
        self.answers.kind, self.answers.to_spoil = kind, int(count)
        self.answers.victim = worker

    def do_kinds(self):
        return sorted(Answers.KINDS)

    def do_repeat(self, times):
        self.answers.times = int(times)

    def do_hold(self):
        self.answers.held = []

    def do_release(self, order=""):
        self.answers.release(order == "reverse")

    def do_interests(self):
        return sorted("%s %s" % interest for interest in self.interests)

    def do_forget(self):
        self.log.write("forget")
        self.interests.clear()

    def do_errors(self):
        return self.log.errors


class Connection:
    """The broker: connected again whenever it went away."""

    def __init__(self, options, log):
        self.options = options
        self.log = log
        self.receive = None
        self.retry_at = 0.0
        client = self.client = mqtt.Client(options.client_id,
                                           protocol=mqtt.MQTTv311)
        client.max_inflight_messages_set(65535)
        client.max_queued_messages_set(0)
        if options.cafile:
            client.tls_set(options.cafile, options.certfile, options.keyfile)
        if options.username:
            client.username_pw_set(options.username, options.password)
        client.on_connect = self.on_connect
        client.on_message = self.on_message
        client.on_disconnect = self.on_disconnect

    def on_connect(self, client, _data, _flags, code):
        self.log.write("connected" if code == 0 else "refused", code)
        client.subscribe([("nodes/+/net/" + topic, QOS) for topic in TOPICS])

    def on_disconnect(self, _client, _data, code):
        self.log.write("disconnected", code)

    def on_message(self, _client, _data, message):
        self.receive(message.topic, message.payload)

    def publish(self, topic, payload):
        self.client.publish(topic, payload, QOS)

    def fileno(self):
        return self.client.socket().fileno()

    def connect(self):
        if self.client.socket() or time.monotonic() < self.retry_at:
            return
        self.retry_at = time.monotonic() + RETRY
        try:
            self.client.connect(self.options.host, self.options.port)
        except OSError as error:
            self.log.write("unreachable", error)

    # TLS may have more than select() tells of.
    def work(self, readable, writable):
        if readable:
            self.client.loop_read()
            while self.client.socket() and self.options.cafile and \
                    self.client.socket().pending():
                self.client.loop_read()
        if writable:
            self.client.loop_write()
        self.client.loop_misc()


def answer(cluster, line):
    """What a command says."""
    name, *words = line.split()
    try:
        lines = getattr(cluster, "do_" + name)(*words) or []
    except Refused as error:
        return "error %s" % error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return "error usage: %s (%s)" % (line.strip(), error)
    return "\n".join(["ok %d" % len(lines)] + lines)


def wait(cluster, connection, stdin):
    """Until there is something to do: what is readable and writable."""
    timeout = RETRY if not connection.client.socket() else 1.0
    due = cluster.answers.next_due()
    if due is not None:
        timeout = min(timeout, max(due - time.monotonic(), 0))
    socket = [connection] if connection.client.socket() else []
    return select.select([stdin] + socket,
                         [c for c in socket if c.client.want_write()], [],
                         timeout)[:2]


def serve(cluster, connection, stdin):
    rest = b""
    while True:
        connection.connect()
        readable, writable = wait(cluster, connection, stdin)
        if stdin in readable:
            more = stdin.read1(65536)
            if not more:
                return
            *lines, rest = (rest + more).split(b"\n")
            for line in filter(bytes.strip, lines):
                if line.strip() == b"quit":
                    return
                print(answer(cluster, line.decode()), flush=True)
        if connection.client.socket():
            connection.work(connection in readable, connection in writable)
        cluster.answers.send_late()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=10003)
    parser.add_argument("--client-id", default="cluster-service-manager")
    parser.add_argument("--cafile")
    parser.add_argument("--certfile")
    parser.add_argument("--keyfile")
    parser.add_argument("--username")
    parser.add_argument("--password")
    parser.add_argument("--log")
    parser.add_argument("table")
    return parser.parse_args()


def main():
    options = parse()
    with open(options.table, encoding="utf-8") as file:
        table = json.load(file)
    log = Log(options.log)
    connection = Connection(options, log)
    cluster = Cluster(table, connection.publish, log)
    connection.receive = cluster.receive
    serve(cluster, connection, sys.stdin.buffer)


if __name__ == "__main__":
    main()
