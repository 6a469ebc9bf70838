/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The ozproxy authors */
/* Every bound and default of the module, with its unit and why it is so.
 * What a user can set is named as its link attribute and described there, in
 * include/spec/ozproxy.yaml; the ranges are repeated here for link.c.
 */
#ifndef _OZP_LIMITS_H
#define _OZP_LIMITS_H

#include <linux/jiffies.h>

/* UDP port: what Oakestra's workers use unless their table says otherwise. */
#define OZP_PORT_DEFAULT		50103

/* Oakestra's service networks: 10.30.0.0/16 and fdff::/16. */
#define OZP_SERVICE_IPV4_DEFAULT	0x0a1e0000
#define OZP_SERVICE_IPV4_PREFIX_DEFAULT	16
#define OZP_SERVICE_IPV4_PREFIX_MIN	8
#define OZP_SERVICE_IPV4_PREFIX_MAX	30
#define OZP_SERVICE_IPV6_DEFAULT	0xfdff
#define OZP_SERVICE_IPV6_PREFIX_DEFAULT	16
#define OZP_SERVICE_IPV6_PREFIX_MIN	8
#define OZP_SERVICE_IPV6_PREFIX_MAX	126

/* Devices made by who does not administer the machine, in all: what their packets
 * allocate, 45 MiB each at the defaults, is in nobody's control group, and
 * namespaces are easily made. 3 GiB at most.
 */
#define OZP_GUEST_DEVICES_MAX		64

/* Flows: about 0.5 KiB each with their conversion, 32 MiB at the default. */
#define OZP_FLOW_LIMIT_DEFAULT		65536
#define OZP_FLOW_LIMIT_MIN		16
#define OZP_FLOW_LIMIT_MAX		4194304

/* Flows above the limit that have ended, but whose memory is still in use: what
 * a flood can begin and end until the reaper comes.
 */
#define OZP_FLOW_OVERSHOOT_MIN		64U
#define OZP_FLOW_OVERSHOOT(limit)	max((limit) / 8, OZP_FLOW_OVERSHOOT_MIN)

/* Entries, of which a flow has two, and buckets of a full table that a new flow
 * looks at for a victim: some ten microseconds. It is refused when all of them
 * are worth more, which with a tenth of the table cheap happens to one flow in
 * eight hundred.
 */
#define OZP_FLOW_SAMPLE_ENTRIES		128
#define OZP_FLOW_SAMPLE_BUCKETS		256U

/* Flows of a source that has so many times as many as another would have with one
 * more are not kept when that one begins a flow in a full table. By this factor
 * those that have about as many as each other do not end each other's flows.
 */
#define OZP_FLOW_EXCESS_FACTOR		2

/* Addresses and instances that a request has room for on the stack, 0.3 KiB:
 * enough for most services.
 */
#define OZP_REQUEST_FEW			2

/* Addresses that wait for an answer: 256 bytes each. A scan of the service
 * network stops costing memory and notifications here.
 */
#define OZP_MISS_LIMIT_DEFAULT		1024
#define OZP_MISS_LIMIT_MIN		1
#define OZP_MISS_LIMIT_MAX		65536
#define OZP_MISS_BUCKET_BITS		8

/* Of them because of one container: more than an application asks for while it
 * starts, and one that scans leaves room for fifteen others that do.
 */
#define OZP_MISS_SOURCE_LIMIT_DEFAULT	64
#define OZP_MISS_SOURCE_LIMIT_MIN	1
#define OZP_MISS_SOURCE_LIMIT_MAX	65536
#define OZP_MISS_SOURCE_BITS		6

/* Packets that wait, in all: 16 of each address of one container that starts. */
#define OZP_MISS_PACKETS_DEFAULT	1024
#define OZP_MISS_PACKETS_MIN		0
#define OZP_MISS_PACKETS_MAX		65536

/* For one address: the first flight of some connections; what is handed back
 * at once, with softirqs off.
 */
#define OZP_MISS_ADDRESS_PACKETS_DEFAULT 32
#define OZP_MISS_ADDRESS_PACKETS_MIN	0
#define OZP_MISS_ADDRESS_PACKETS_MAX	65536

/* Of one container: two for each address, or four full queues. */
#define OZP_MISS_SOURCE_PACKETS_DEFAULT	128
#define OZP_MISS_SOURCE_PACKETS_MIN	0
#define OZP_MISS_SOURCE_PACKETS_MAX	65536

/* Bytes that they occupy in all (truesize): all of them, at 4 KiB each; what a
 * packet of 1500 bytes takes is less, one of 64 KiB takes far more.
 */
#define OZP_MISS_MEMORY_DEFAULT		(4 * 1024 * 1024)
#define OZP_MISS_MEMORY_MIN		0
#define OZP_MISS_MEMORY_MAX		(1024 * 1024 * 1024)

/* Addresses that a dump copies, or a device that goes down forgets, at a time,
 * with packets kept out.
 */
#define OZP_MISS_BATCH			128

/* Milliseconds: longer than a table query takes through cluster and root. */
#define OZP_MISS_TIMEOUT_DEFAULT	10000
#define OZP_MISS_TIMEOUT_MIN		100
#define OZP_MISS_TIMEOUT_MAX		3600000

/* Milliseconds until an address is announced again: longer than a query takes
 * that goes well. Doubled each time, so that a helper that is away gets four
 * announcements in the default time-out, and then none.
 */
#define OZP_MISS_REPEAT_TIMEOUT_DEFAULT	1000
#define OZP_MISS_REPEAT_TIMEOUT_MIN	10
#define OZP_MISS_REPEAT_TIMEOUT_MAX	3600000

/* Negative answers that are remembered: 256 bytes each. */
#define OZP_NEGATIVE_LIMIT_DEFAULT	4096
#define OZP_NEGATIVE_LIMIT_MIN		0
#define OZP_NEGATIVE_LIMIT_MAX		65536

/* Milliseconds that one is remembered at most: a day, as longest for an affinity. A
 * service that comes ends it earlier.
 */
#define OZP_NEGATIVE_LIFETIME_MAX	86400000

/* Datagrams followed because they come in fragments, in each direction: under
 * 1 KiB each; one lives for the milliseconds that its fragments are apart, so
 * that this is a thousand senders at one moment.
 */
#define OZP_FRAGMENT_LIMIT_DEFAULT	1024
#define OZP_FRAGMENT_LIMIT_MIN		1
#define OZP_FRAGMENT_LIMIT_MAX		65536
#define OZP_FRAGMENT_BUCKET_BITS	8

/* Bytes of fragments that wait for their first, in each direction, with all that
 * the kernel needs for them: the default of the kernel's ipfrag_high_thresh.
 */
#define OZP_FRAGMENT_MEMORY_DEFAULT	4194304
#define OZP_FRAGMENT_MEMORY_MIN		4096
#define OZP_FRAGMENT_MEMORY_MAX		1073741824

/* The same for one datagram: its longest in pieces of IPv6's least MTU, each in
 * a page and an skb.
 */
#define OZP_FRAGMENT_HELD_MAX		(256 * 1024)

/* Fragments of one datagram: its longest over paths of 576 bytes, which nothing
 * is narrower than (RFC 791, 3.1); smaller ones are sent to be many.
 */
#define OZP_FRAGMENT_PARTS_MAX		120

/* Datagrams that time out, or end with the device, at a time, with packets kept
 * out.
 */
#define OZP_FRAGMENT_BATCH		128

/* Milliseconds: the kernel's ipfrag_time; at most what RFC 1122, 3.3.2 allows. */
#define OZP_FRAGMENT_TIMEOUT_DEFAULT	30000
#define OZP_FRAGMENT_TIMEOUT_MIN	100
#define OZP_FRAGMENT_TIMEOUT_MAX	120000

/* Sources of tunnelled packets that were asked for. Whoever can reach the port
 * chooses them, so there are few: what the largest node begins to talk to at
 * once is some tens. Forged ones cost no more memory and queries than this.
 */
#define OZP_ARRIVAL_LIMIT_DEFAULT	64
#define OZP_ARRIVAL_LIMIT_MIN		1
#define OZP_ARRIVAL_LIMIT_MAX		65536

/* Of them because of one outer source: room for seven others that do as much. */
#define OZP_ARRIVAL_SOURCE_LIMIT_DEFAULT 8
#define OZP_ARRIVAL_SOURCE_LIMIT_MIN	1
#define OZP_ARRIVAL_SOURCE_LIMIT_MAX	65536

/* Tunnelled packets that wait: two of each source. */
#define OZP_ARRIVAL_PACKETS_DEFAULT	128
#define OZP_ARRIVAL_PACKETS_MIN		0
#define OZP_ARRIVAL_PACKETS_MAX		65536

/* From one outer source: two of each source. */
#define OZP_ARRIVAL_SOURCE_PACKETS_DEFAULT 16
#define OZP_ARRIVAL_SOURCE_PACKETS_MIN	0
#define OZP_ARRIVAL_SOURCE_PACKETS_MAX	65536

/* Bytes that they occupy in all (truesize): 8 KiB each. */
#define OZP_ARRIVAL_MEMORY_DEFAULT	(1024 * 1024)
#define OZP_ARRIVAL_MEMORY_MIN		0
#define OZP_ARRIVAL_MEMORY_MAX		(1024 * 1024 * 1024)

/* Milliseconds that a source which nobody has keeps its place at least, so that
 * a helper which remembers nothing is not asked at the speed of its answers: the
 * places of one outer source are queries a second. And at most, where another
 * source finds no place: forged ones keep out those of a new node for no longer.
 */
#define OZP_ARRIVAL_NEGATIVE_MIN	1000U

/* Services: above the 10,000 of the largest cluster that was asked for. */
#define OZP_SERVICE_LIMIT_DEFAULT	16384
#define OZP_SERVICE_LIMIT_MIN		1
#define OZP_SERVICE_LIMIT_MAX		1048576

/* Services that a part of a dump passes at a time, on its way from where another
 * dump is, with packets kept out: some ten microseconds.
 */
#define OZP_SERVICE_BATCH		256

/* Instances whose counters are one piece of memory: 2 KiB a CPU. */
#define OZP_TRAFFIC_BLOCK		64

/* Instances of all services together: four of each; 630 bytes each with its four
 * addresses and the counters of one processor, and 32 bytes for each further one.
 * There are no more nodes than instances.
 */
#define OZP_INSTANCE_LIMIT_DEFAULT	65536
#define OZP_INSTANCE_LIMIT_MIN		1
#define OZP_INSTANCE_LIMIT_MAX		4194304

/* Nodes are found by hash only when the table changes. */
#define OZP_NODE_BUCKET_BITS		8

/* Policy "closest". Percent by which another measured instance must be closer
 * before new flows go there: more than a handshake jitters on an idle path.
 */
#define OZP_CLOSEST_MARGIN		20

/* A node that no handshake was begun with for this many milliseconds gets one
 * of so many new connections, to be measured again.
 */
#define OZP_CLOSEST_FORGET_MS		60000
#define OZP_CLOSEST_EXPLORE		16

/* Smoothing of a measured round trip: each counts for 1/8 (RFC 6298, 2.3). A
 * longer one, in microseconds, is no distance but a fault.
 */
#define OZP_RTT_SHIFT			3
#define OZP_RTT_MAX			60000000

/* Affinities: about 100 bytes each; a client is a container of this node and a
 * service that it uses, of which a busy node has some thousands.
 */
#define OZP_AFFINITY_LIMIT_DEFAULT	16384
#define OZP_AFFINITY_LIMIT_MIN		1
#define OZP_AFFINITY_LIMIT_MAX		262144
#define OZP_AFFINITY_BUCKET_BITS	10

/* Milliseconds: a day. */
#define OZP_AFFINITY_MAX		86400000

/* Jiffies between two walks that forget the affinities that timed out. */
#define OZP_AFFINITY_INTERVAL		(10 * HZ)

/* Milliseconds between two writes of one time of last use: shared cache lines
 * are dirtied ten times a second, not once a packet.
 */
#define OZP_USED_GRAIN_MS		100

/* How often a packet looks its address up again because the table changed on
 * the way. Each time takes a change of its own.
 */
#define OZP_FIND_TRIES			3

/* Instances that a new flow is offered to. One is taken when the same source port
 * talks to it by another address of the service already: a client that uses more
 * addresses than this from one port provokes it, and each of its packets would
 * look at all instances, of which there may be a thousand.
 */
#define OZP_CHOOSE_TRIES		8

/* Answers to other nodes a second that a Namespace IP is not used here: each
 * tells a node what its table would have told it later, and whoever scans gets no
 * more of them.
 */
#define OZP_STALE_RATE			100

/* Bytes of transport header in such an answer: ports, or the identifier. */
#define OZP_STALE_EMBEDDED		8

/* Milliseconds for which an instance is in doubt after such an answer: longer than
 * a worker needs to learn its own instances when it starts, and than a query takes.
 * Each time that it is denied again soon after that, twice as long, up to a minute
 * at the default.
 */
#define OZP_DOUBT_TIMEOUT_DEFAULT	5000
#define OZP_DOUBT_TIMEOUT_MIN		0
#define OZP_DOUBT_TIMEOUT_MAX		3600000
#define OZP_DOUBT_BACKOFF		12U

/* Doubts a second that begin, and are told to a helper: as many as one node sends
 * answers.
 */
#define OZP_DOUBT_RATE			100

/* Milliseconds without a packet after which a flow ends: as translators of
 * addresses are to wait. TCP has keepalives after two hours, where it has any
 * (RFC 5382, REQ-5: established no less than two hours and four minutes, opening
 * and closing no less than four minutes, which is also 2 MSL of RFC 9293). UDP:
 * RFC 4787, REQ-5: five minutes are recommended, two are the least. ICMP: RFC
 * 5508, REQ-1.
 */
#define OZP_TCP_TIMEOUT_DEFAULT		21600000
#define OZP_TCP_SYN_TIMEOUT_DEFAULT	240000
#define OZP_TCP_CLOSING_TIMEOUT_DEFAULT	240000
#define OZP_UDP_TIMEOUT_DEFAULT		300000
#define OZP_UDP_UNANSWERED_TIMEOUT_DEFAULT 120000
#define OZP_ICMP_TIMEOUT_DEFAULT	60000

/* All of them: not less than the collector can keep, and a week. */
#define OZP_FLOW_TIMEOUT_MIN		1000
#define OZP_FLOW_TIMEOUT_MAX		604800000

/* Jiffies between two walks of the collector over the flow table, and how many
 * times longer than its last walk it pauses at least: with millions of flows it
 * walks less often, not all the time.
 */
#define OZP_COLLECT_INTERVAL		(2 * HZ)
#define OZP_COLLECT_PAUSE		20

/* Resizes of the flow table that one walk follows: one that is under way when it
 * begins, and one that begins meanwhile.
 */
#define OZP_FLOW_WALK_RESIZES		2

/* Resizes of the flow table that a dump follows, which begins anew with each: more
 * than it takes to grow from nothing to the most flows that there may be, or back.
 */
#define OZP_FLOW_DUMP_RESIZES		32

/* Jiffies until what packets ended is freed: until then it uses memory, and holds
 * what it led to.
 */
#define OZP_COLLECT_HURRY		(HZ / 50)

/* Milliseconds: the time that Oakestra's proxy keeps an unused entry. */
#define OZP_IDLE_TIMEOUT_DEFAULT	10000
#define OZP_IDLE_TIMEOUT_MIN		1000
#define OZP_IDLE_TIMEOUT_MAX		604800000

/* Jiffies between rounds over all services, and between parts of a round; how
 * many services and instances are looked at in a part: 16384 services take two
 * seconds, with the table locked for some tens of microseconds at a time.
 */
#define OZP_IDLE_INTERVAL		HZ
#define OZP_IDLE_PAUSE			(HZ / 50)
#define OZP_IDLE_BATCH			256

/* IPv6 extension headers before the transport header; more is an attack. */
#define OZP_EXTENSION_HEADERS_MAX	8

/* Bytes that the default MTU of a device is smaller than that of its underlay,
 * so that the tunnel fits into either family: outer IPv6 and UDP header.
 */
#define OZP_TUNNEL_OVERHEAD		(40 + 8)

/* Devices whose transmission is under way when a packet comes to ours: one from
 * a container has only ours above it, one that was tunnelled in a tunnel of
 * this node three. More come out of a loop; the kernel gives up at eight, when
 * nobody can count it any more.
 */
#define OZP_RECURSION_MAX		4

/* DSCP: six bits, best effort. */
#define OZP_DSCP_DEFAULT		0
#define OZP_DSCP_MIN			0
#define OZP_DSCP_MAX			63

#endif /* _OZP_LIMITS_H */
