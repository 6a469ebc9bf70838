/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	include/spec/ozproxy.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_OZPROXY_H
#define _UAPI_LINUX_OZPROXY_H

#define OZPROXY_FAMILY_NAME	"ozproxy"
#define OZPROXY_FAMILY_VERSION	1

#define OZPROXY_NAME_MAX	123
#define OZPROXY_ADDRESS_MAX	32
#define OZPROXY_INSTANCE_MAX	1024
#define OZPROXY_LOCAL_MAX	16
#define OZPROXY_ORIGIN_OZPROXYD	1

/**
 * enum ozproxy_policy - How an address chooses among the instances of its
 *   service.
 * @OZPROXY_POLICY_RR: Round robin, in proportion to the weights.
 * @OZPROXY_POLICY_INSTANCE: Exactly one instance. Not given in service-set:
 *   the Instance IPs that the instances themselves carry are of this policy.
 * @OZPROXY_POLICY_CLOSEST: The nearest instance: one on this node, else the
 *   one with the lowest metric, or where the table gave none, with the
 *   shortest handshake that the device measured to its node. Equals take
 *   turns.
 * @OZPROXY_POLICY_LEAST: The instance with the fewest live flows of this
 *   device, in proportion to the weights. Equals take turns.
 */
enum ozproxy_policy {
	OZPROXY_POLICY_RR,
	OZPROXY_POLICY_INSTANCE,
	OZPROXY_POLICY_CLOSEST,
	OZPROXY_POLICY_LEAST,
};

/**
 * enum ozproxy_instance_flags - Properties of an instance.
 * @OZPROXY_INSTANCE_FLAGS_LOCAL: The instance runs on this node, whatever its
 *   node address says.
 * @OZPROXY_INSTANCE_FLAGS_DRAINING: No Service IP chooses the instance for a
 *   new flow; the flows it has go on.
 */
enum ozproxy_instance_flags {
	OZPROXY_INSTANCE_FLAGS_LOCAL = 1,
	OZPROXY_INSTANCE_FLAGS_DRAINING = 2,
};

/**
 * enum ozproxy_admission - What a tunnelled packet must prove to be let in.
 * @OZPROXY_ADMISSION_OVERLAY: Well-formed, from an address in the service
 *   networks, to the Namespace IP of an instance on this node.
 * @OZPROXY_ADMISSION_ANY_SOURCE: Also, the table says that its source is the
 *   Instance IP of an instance on another node. For address translation
 *   between workers, which changes where packets seem to come from.
 * @OZPROXY_ADMISSION_TABLE: Also, it comes from the underlay address that the
 *   table says for the node of that instance, from whatever port.
 */
enum ozproxy_admission {
	OZPROXY_ADMISSION_OVERLAY,
	OZPROXY_ADMISSION_ANY_SOURCE,
	OZPROXY_ADMISSION_TABLE,
};

/**
 * enum ozproxy_switch - Whether a device does something.
 * @OZPROXY_SWITCH_OFF: It does not.
 * @OZPROXY_SWITCH_ON: It does.
 */
enum ozproxy_switch {
	OZPROXY_SWITCH_OFF,
	OZPROXY_SWITCH_ON,
};

/**
 * enum ozproxy_source_port - Which UDP source port tunnel datagrams have.
 * @OZPROXY_SOURCE_PORT_FLOW: A hash of the inner flow towards nodes that use
 *   our port, so that flows spread over queues and paths; our own port towards
 *   others.
 * @OZPROXY_SOURCE_PORT_OWN: Always our own port, for address translation
 *   between workers.
 */
enum ozproxy_source_port {
	OZPROXY_SOURCE_PORT_FLOW,
	OZPROXY_SOURCE_PORT_OWN,
};

/**
 * enum ozproxy_dscp_mode - Where the DSCP of tunnel datagrams comes from (RFC
 *   2983).
 * @OZPROXY_DSCP_MODE_FIXED: It is the link attribute dscp (pipe model).
 * @OZPROXY_DSCP_MODE_COPY: It is that of the inner packet.
 */
enum ozproxy_dscp_mode {
	OZPROXY_DSCP_MODE_FIXED,
	OZPROXY_DSCP_MODE_COPY,
};

/**
 * enum ozproxy_rejection - What becomes of a packet of a container that cannot
 *   be sent.
 * @OZPROXY_REJECTION_REJECT: It is answered with an ICMP error where the
 *   sender can act on it, within the limits of the kernel for such errors.
 * @OZPROXY_REJECTION_DROP: It disappears, and its sender finds out by a
 *   time-out.
 */
enum ozproxy_rejection {
	OZPROXY_REJECTION_REJECT,
	OZPROXY_REJECTION_DROP,
};

/**
 * enum ozproxy_flow_state - The life of a flow, as far as it decides its
 *   time-out.
 * @OZPROXY_FLOW_STATE_UNANSWERED: Packets went out, no reply was seen yet.
 * @OZPROXY_FLOW_STATE_ESTABLISHED: Both directions were seen.
 * @OZPROXY_FLOW_STATE_CLOSING: TCP only. A FIN in both directions or a RST was
 *   seen, or the instance was removed.
 * @OZPROXY_FLOW_STATE_ASLEEP: The service was cleared as idle; the next packet
 *   is a miss, and the flow continues when its instance is known again.
 * @OZPROXY_FLOW_STATE_OPENING: TCP only. A SYN was answered, and the container
 *   did not go on yet.
 */
enum ozproxy_flow_state {
	OZPROXY_FLOW_STATE_UNANSWERED,
	OZPROXY_FLOW_STATE_ESTABLISHED,
	OZPROXY_FLOW_STATE_CLOSING,
	OZPROXY_FLOW_STATE_ASLEEP,
	OZPROXY_FLOW_STATE_OPENING,
};

/**
 * enum ozproxy_direction - The pipeline that a packet was in.
 * @OZPROXY_DIRECTION_OUT: From a container towards an instance.
 * @OZPROXY_DIRECTION_IN: Towards a container of this node.
 */
enum ozproxy_direction {
	OZPROXY_DIRECTION_OUT,
	OZPROXY_DIRECTION_IN,
};

/**
 * enum ozproxy_miss_state - What is known of an address that the table does
 *   not have.
 * @OZPROXY_MISS_STATE_WAITING: Nothing yet; packets to it wait for an answer.
 * @OZPROXY_MISS_STATE_NEGATIVE: Nobody has it; packets to it are rejected at
 *   once.
 * @OZPROXY_MISS_STATE_DOUBTED: In notifications only. The table has it, but
 *   another worker answered that it does not know the instance that a packet
 *   to it went to: that service is to be asked for again. Nothing waits.
 */
enum ozproxy_miss_state {
	OZPROXY_MISS_STATE_WAITING,
	OZPROXY_MISS_STATE_NEGATIVE,
	OZPROXY_MISS_STATE_DOUBTED,
};

/**
 * enum ozproxy_drop_reason - Why a packet was not delivered. Every lost packet
 *   is counted under one of these.
 * @OZPROXY_DROP_REASON_NOT_IP: The packet is neither IPv4 nor IPv6.
 * @OZPROXY_DROP_REASON_EMPTY_DATAGRAM: A tunnel datagram without payload
 *   arrived.
 * @OZPROXY_DROP_REASON_TRUNCATED: The packet ends before its headers do.
 * @OZPROXY_DROP_REASON_BAD_HEADER: An IP, TCP or UDP header contradicts itself
 *   (version, header length, checksum, or length field).
 * @OZPROXY_DROP_REASON_BAD_LENGTH: The length in the IP header differs from
 *   the bytes that arrived.
 * @OZPROXY_DROP_REASON_BAD_ADDRESS: The source or destination is an address
 *   that no container can have (unspecified, loopback, broadcast,
 *   IPv4-mapped).
 * @OZPROXY_DROP_REASON_MULTICAST: Multicast, including neighbour and listener
 *   discovery, is not carried by the overlay.
 * @OZPROXY_DROP_REASON_BAD_FRAGMENT: An IP fragment is malformed (its headers
 *   are not all in the first one, its place is beyond 65535 bytes, or its
 *   length is not a multiple of eight).
 * @OZPROXY_DROP_REASON_UNSUPPORTED_PROTOCOL: The packet is none of TCP, UDP,
 *   ICMP echo and ICMP error, or its IPv6 routing header has segments left.
 * @OZPROXY_DROP_REASON_UNKNOWN_SOURCE: The sender is not an instance on this
 *   node; only instances in the table may use the overlay.
 * @OZPROXY_DROP_REASON_SOURCE_WITHOUT_ADDRESS: The sending instance has no
 *   Instance IP of this IP family, so nobody could answer it.
 * @OZPROXY_DROP_REASON_NOT_A_SERVICE: The destination is outside the service
 *   networks of the device.
 * @OZPROXY_DROP_REASON_UNKNOWN_SERVICE: Nobody has the destination; that
 *   answer (miss-resolve) is remembered for a while.
 * @OZPROXY_DROP_REASON_MISS_TABLE_FULL: No table entry for the destination,
 *   and too many addresses wait for an answer already (link attribute
 *   miss-limit).
 * @OZPROXY_DROP_REASON_NO_INSTANCE: The service is known, but no instance of
 *   it can take the packet (none at all, all draining, or none with this IP
 *   family).
 * @OZPROXY_DROP_REASON_REPLY_CONFLICT: The same source port already talks to
 *   every instance that could be chosen, by another address of the service;
 *   replies could not be told apart.
 * @OZPROXY_DROP_REASON_FLOW_TABLE_FULL: The device follows as many flows as
 *   its link attribute flow-limit allows, and found none among them that is
 *   cheap to lose.
 * @OZPROXY_DROP_REASON_FLOW_INSERT_FAILED: The flow table refused the new flow
 *   (a bucket that is too long, or no memory to grow).
 * @OZPROXY_DROP_REASON_NO_MEMORY: Memory for the packet or its flow could not
 *   be allocated.
 * @OZPROXY_DROP_REASON_SOURCE_NOT_SERVICE: A tunnelled packet came from an
 *   address outside the service networks.
 * @OZPROXY_DROP_REASON_DESTINATION_NOT_LOCAL: A tunnelled packet is for an
 *   address that is not the Namespace IP of an instance on this node.
 * @OZPROXY_DROP_REASON_ECN: The congestion marks of the outer and inner header
 *   contradict each other (RFC 6040).
 * @OZPROXY_DROP_REASON_NO_UNDERLAY: The tunnel socket of this family is not
 *   open (the namespace of the underlay is gone, or IPv6 is off).
 * @OZPROXY_DROP_REASON_NO_ROUTE: There is no route to the node.
 * @OZPROXY_DROP_REASON_ROUTE_LOOP: The route to the node leads back into this
 *   device.
 * @OZPROXY_DROP_REASON_BACKLOG_FULL: The receive queue of the CPU is full.
 * @OZPROXY_DROP_REASON_PACKET_TOO_BIG: The packet may not be fragmented and is
 *   larger than what fits into one datagram on the path to the node.
 * @OZPROXY_DROP_REASON_MISS_SOURCE_FULL: No table entry for the destination,
 *   and its sender waits for as many addresses as one container may (link
 *   attribute miss-source-limit).
 * @OZPROXY_DROP_REASON_MISS_QUEUE_FULL: The destination waits for an answer,
 *   and as many packets wait for it as may (link attribute
 *   miss-address-packets).
 * @OZPROXY_DROP_REASON_MISS_SOURCE_QUEUE_FULL: The destination waits for an
 *   answer, and as many packets of this sender wait as may (link attribute
 *   miss-source-packets).
 * @OZPROXY_DROP_REASON_MISS_PACKETS_FULL: The destination waits for an answer,
 *   and as many packets wait in all as may (link attribute miss-packets).
 * @OZPROXY_DROP_REASON_MISS_MEMORY_FULL: The destination waits for an answer,
 *   and the sender has its share of the memory for packets that wait (link
 *   attribute miss-memory).
 * @OZPROXY_DROP_REASON_MISS_TIMEOUT: The packet waited for its destination,
 *   and no answer came in time (link attribute miss-timeout).
 * @OZPROXY_DROP_REASON_DEVICE_DOWN: The device was brought down while the
 *   packet waited for an answer.
 * @OZPROXY_DROP_REASON_INSTANCE_GONE: The instance that the TCP connection was
 *   with has been removed; the sender gets a RST, unless the option rejection
 *   is drop.
 * @OZPROXY_DROP_REASON_UNRELATED_ERROR: An ICMP error is about a packet of no
 *   flow that is followed, or comes from somebody that the packet was not for.
 * @OZPROXY_DROP_REASON_ERROR_ABOUT_ERROR: An ICMP error is about an ICMP
 *   error, which nobody may send (RFC 1122, 3.2.2; RFC 4443, 2.4).
 * @OZPROXY_DROP_REASON_FRAGMENT_TIMEOUT: An IP fragment waited too long for
 *   the first one of its datagram (link attribute fragment-timeout).
 * @OZPROXY_DROP_REASON_FRAGMENT_LIMIT: An IP fragment, or its datagram, is one
 *   more than may wait (link attributes fragment-limit and fragment-memory),
 *   or one of too many of its datagram.
 * @OZPROXY_DROP_REASON_FRAGMENT_OVERLAP: IP fragments of one datagram overlap
 *   or contradict each other; what comes later of the datagram is lost, too.
 * @OZPROXY_DROP_REASON_SOURCE_ELSEWHERE: The table says that the source of a
 *   tunnelled packet is not at the node that it came from (link attribute
 *   admission).
 * @OZPROXY_DROP_REASON_ARRIVAL_UNKNOWN: Nobody has the source of a tunnelled
 *   packet; that answer (miss-resolve) is remembered for a while.
 * @OZPROXY_DROP_REASON_ARRIVAL_TIMEOUT: A tunnelled packet waited for what its
 *   source is, and no answer came in time (link attribute miss-timeout).
 * @OZPROXY_DROP_REASON_ARRIVAL_TABLE_FULL: The source of a tunnelled packet is
 *   unknown, and too many sources were asked for already (link attribute
 *   arrival-limit).
 * @OZPROXY_DROP_REASON_ARRIVAL_SOURCE_FULL: The source of a tunnelled packet
 *   is unknown, and as many sources were asked for because of its node as may
 *   (link attribute arrival-source-limit).
 * @OZPROXY_DROP_REASON_ARRIVAL_QUEUE_FULL: The source of a tunnelled packet is
 *   unknown, and as many packets of its node wait as may (link attribute
 *   arrival-source-packets).
 * @OZPROXY_DROP_REASON_ARRIVAL_PACKETS_FULL: The source of a tunnelled packet
 *   is unknown, and as many tunnelled packets wait as may, or occupy as much
 *   memory (link attributes arrival-packets, arrival-memory).
 * @OZPROXY_DROP_REASON_STALE_BINDING: An ICMP error of another worker, which
 *   has no such Namespace IP any more; it was heard, and new flows prefer
 *   other instances for a while (link attribute doubt-timeout).
 * @OZPROXY_DROP_REASON_STALE_LIMIT: An ICMP error of another worker, which has
 *   no such Namespace IP any more; it changes nothing, because its instance is
 *   or was just in doubt for that, too many are, or none may be (link
 *   attribute doubt-timeout).
 */
enum ozproxy_drop_reason {
	OZPROXY_DROP_REASON_NOT_IP,
	OZPROXY_DROP_REASON_EMPTY_DATAGRAM,
	OZPROXY_DROP_REASON_TRUNCATED,
	OZPROXY_DROP_REASON_BAD_HEADER,
	OZPROXY_DROP_REASON_BAD_LENGTH,
	OZPROXY_DROP_REASON_BAD_ADDRESS,
	OZPROXY_DROP_REASON_MULTICAST,
	OZPROXY_DROP_REASON_BAD_FRAGMENT,
	OZPROXY_DROP_REASON_UNSUPPORTED_PROTOCOL,
	OZPROXY_DROP_REASON_UNKNOWN_SOURCE,
	OZPROXY_DROP_REASON_SOURCE_WITHOUT_ADDRESS,
	OZPROXY_DROP_REASON_NOT_A_SERVICE,
	OZPROXY_DROP_REASON_UNKNOWN_SERVICE,
	OZPROXY_DROP_REASON_MISS_TABLE_FULL,
	OZPROXY_DROP_REASON_NO_INSTANCE,
	OZPROXY_DROP_REASON_REPLY_CONFLICT,
	OZPROXY_DROP_REASON_FLOW_TABLE_FULL,
	OZPROXY_DROP_REASON_FLOW_INSERT_FAILED,
	OZPROXY_DROP_REASON_NO_MEMORY,
	OZPROXY_DROP_REASON_SOURCE_NOT_SERVICE,
	OZPROXY_DROP_REASON_DESTINATION_NOT_LOCAL,
	OZPROXY_DROP_REASON_ECN,
	OZPROXY_DROP_REASON_NO_UNDERLAY,
	OZPROXY_DROP_REASON_NO_ROUTE,
	OZPROXY_DROP_REASON_ROUTE_LOOP,
	OZPROXY_DROP_REASON_BACKLOG_FULL,
	OZPROXY_DROP_REASON_PACKET_TOO_BIG,
	OZPROXY_DROP_REASON_MISS_SOURCE_FULL,
	OZPROXY_DROP_REASON_MISS_QUEUE_FULL,
	OZPROXY_DROP_REASON_MISS_SOURCE_QUEUE_FULL,
	OZPROXY_DROP_REASON_MISS_PACKETS_FULL,
	OZPROXY_DROP_REASON_MISS_MEMORY_FULL,
	OZPROXY_DROP_REASON_MISS_TIMEOUT,
	OZPROXY_DROP_REASON_DEVICE_DOWN,
	OZPROXY_DROP_REASON_INSTANCE_GONE,
	OZPROXY_DROP_REASON_UNRELATED_ERROR,
	OZPROXY_DROP_REASON_ERROR_ABOUT_ERROR,
	OZPROXY_DROP_REASON_FRAGMENT_TIMEOUT,
	OZPROXY_DROP_REASON_FRAGMENT_LIMIT,
	OZPROXY_DROP_REASON_FRAGMENT_OVERLAP,
	OZPROXY_DROP_REASON_SOURCE_ELSEWHERE,
	OZPROXY_DROP_REASON_ARRIVAL_UNKNOWN,
	OZPROXY_DROP_REASON_ARRIVAL_TIMEOUT,
	OZPROXY_DROP_REASON_ARRIVAL_TABLE_FULL,
	OZPROXY_DROP_REASON_ARRIVAL_SOURCE_FULL,
	OZPROXY_DROP_REASON_ARRIVAL_QUEUE_FULL,
	OZPROXY_DROP_REASON_ARRIVAL_PACKETS_FULL,
	OZPROXY_DROP_REASON_STALE_BINDING,
	OZPROXY_DROP_REASON_STALE_LIMIT,
};

enum {
	IFLA_OZPROXY_PORT = 1,
	IFLA_OZPROXY_LOCAL,
	IFLA_OZPROXY_SERVICE_IPV4,
	IFLA_OZPROXY_SERVICE_IPV4_PREFIX,
	IFLA_OZPROXY_SERVICE_IPV6,
	IFLA_OZPROXY_SERVICE_IPV6_PREFIX,
	IFLA_OZPROXY_ADMISSION,
	IFLA_OZPROXY_FLOW_LIMIT,
	IFLA_OZPROXY_MISS_LIMIT,
	IFLA_OZPROXY_MISS_TIMEOUT,
	IFLA_OZPROXY_SERVICE_LIMIT,
	IFLA_OZPROXY_OUTER_CHECKSUM,
	IFLA_OZPROXY_SOURCE_PORT,
	IFLA_OZPROXY_DSCP_MODE,
	IFLA_OZPROXY_DSCP,
	IFLA_OZPROXY_MSS_CLAMP,
	IFLA_OZPROXY_AFFINITY_LIMIT,
	IFLA_OZPROXY_MISS_SOURCE_LIMIT,
	IFLA_OZPROXY_MISS_PACKETS,
	IFLA_OZPROXY_MISS_ADDRESS_PACKETS,
	IFLA_OZPROXY_MISS_SOURCE_PACKETS,
	IFLA_OZPROXY_MISS_MEMORY,
	IFLA_OZPROXY_MISS_REPEAT_TIMEOUT,
	IFLA_OZPROXY_NEGATIVE_LIMIT,
	IFLA_OZPROXY_TCP_TIMEOUT,
	IFLA_OZPROXY_TCP_SYN_TIMEOUT,
	IFLA_OZPROXY_TCP_CLOSING_TIMEOUT,
	IFLA_OZPROXY_UDP_TIMEOUT,
	IFLA_OZPROXY_UDP_UNANSWERED_TIMEOUT,
	IFLA_OZPROXY_ICMP_TIMEOUT,
	IFLA_OZPROXY_IDLE_TIMEOUT,
	IFLA_OZPROXY_REJECTION,
	IFLA_OZPROXY_FRAGMENT_LIMIT,
	IFLA_OZPROXY_FRAGMENT_MEMORY,
	IFLA_OZPROXY_FRAGMENT_TIMEOUT,
	IFLA_OZPROXY_ARRIVAL_LIMIT,
	IFLA_OZPROXY_ARRIVAL_SOURCE_LIMIT,
	IFLA_OZPROXY_ARRIVAL_PACKETS,
	IFLA_OZPROXY_ARRIVAL_SOURCE_PACKETS,
	IFLA_OZPROXY_ARRIVAL_MEMORY,
	IFLA_OZPROXY_DOUBT_TIMEOUT,
	IFLA_OZPROXY_INSTANCE_LIMIT,

	__IFLA_OZPROXY_MAX,
	IFLA_OZPROXY_MAX = (__IFLA_OZPROXY_MAX - 1)
};

enum {
	IFLA_OZPROXY_LOCAL_IPV4 = 1,
	IFLA_OZPROXY_LOCAL_IPV6,

	__IFLA_OZPROXY_LOCAL_MAX,
	IFLA_OZPROXY_LOCAL_MAX = (__IFLA_OZPROXY_LOCAL_MAX - 1)
};

enum {
	OZPROXY_A_ADDRESS_IPV4 = 1,
	OZPROXY_A_ADDRESS_IPV6,
	OZPROXY_A_ADDRESS_POLICY,

	__OZPROXY_A_ADDRESS_MAX,
	OZPROXY_A_ADDRESS_MAX = (__OZPROXY_A_ADDRESS_MAX - 1)
};

enum {
	OZPROXY_A_INSTANCE_NUMBER = 1,
	OZPROXY_A_INSTANCE_NAMESPACE_IPV4,
	OZPROXY_A_INSTANCE_NAMESPACE_IPV6,
	OZPROXY_A_INSTANCE_INSTANCE_IPV4,
	OZPROXY_A_INSTANCE_INSTANCE_IPV6,
	OZPROXY_A_INSTANCE_NODE_IPV4,
	OZPROXY_A_INSTANCE_NODE_IPV6,
	OZPROXY_A_INSTANCE_NODE_PORT,
	OZPROXY_A_INSTANCE_WEIGHT,
	OZPROXY_A_INSTANCE_METRIC,
	OZPROXY_A_INSTANCE_FLAGS,
	OZPROXY_A_INSTANCE_RTT,
	OZPROXY_A_INSTANCE_FLOWS,
	OZPROXY_A_INSTANCE_TO_PACKETS,
	OZPROXY_A_INSTANCE_TO_BYTES,
	OZPROXY_A_INSTANCE_FROM_PACKETS,
	OZPROXY_A_INSTANCE_FROM_BYTES,
	OZPROXY_A_INSTANCE_PAD,
	OZPROXY_A_INSTANCE_DOUBT,

	__OZPROXY_A_INSTANCE_MAX,
	OZPROXY_A_INSTANCE_MAX = (__OZPROXY_A_INSTANCE_MAX - 1)
};

enum {
	OZPROXY_A_SERVICE_IFINDEX = 1,
	OZPROXY_A_SERVICE_NAME,
	OZPROXY_A_SERVICE_ADDRESS,
	OZPROXY_A_SERVICE_INSTANCE,
	OZPROXY_A_SERVICE_FIND_IPV4,
	OZPROXY_A_SERVICE_FIND_IPV6,
	OZPROXY_A_SERVICE_GENERATION,
	OZPROXY_A_SERVICE_TABLE_GENERATION,
	OZPROXY_A_SERVICE_USED,
	OZPROXY_A_SERVICE_PAD,
	OZPROXY_A_SERVICE_AFFINITY,
	OZPROXY_A_SERVICE_PINNED,
	OZPROXY_A_SERVICE_FLOWS,
	OZPROXY_A_SERVICE_TO_PACKETS,
	OZPROXY_A_SERVICE_TO_BYTES,
	OZPROXY_A_SERVICE_FROM_PACKETS,
	OZPROXY_A_SERVICE_FROM_BYTES,
	OZPROXY_A_SERVICE_INSTANCES,
	OZPROXY_A_SERVICE_ORIGIN,

	__OZPROXY_A_SERVICE_MAX,
	OZPROXY_A_SERVICE_MAX = (__OZPROXY_A_SERVICE_MAX - 1)
};

enum {
	OZPROXY_A_FLOW_IFINDEX = 1,
	OZPROXY_A_FLOW_PROTOCOL,
	OZPROXY_A_FLOW_SOURCE_IPV4,
	OZPROXY_A_FLOW_SOURCE_IPV6,
	OZPROXY_A_FLOW_SOURCE_PORT,
	OZPROXY_A_FLOW_DESTINATION_IPV4,
	OZPROXY_A_FLOW_DESTINATION_IPV6,
	OZPROXY_A_FLOW_DESTINATION_PORT,
	OZPROXY_A_FLOW_SERVICE,
	OZPROXY_A_FLOW_INSTANCE,
	OZPROXY_A_FLOW_CONVERTED_SOURCE_IPV4,
	OZPROXY_A_FLOW_CONVERTED_SOURCE_IPV6,
	OZPROXY_A_FLOW_CONVERTED_DESTINATION_IPV4,
	OZPROXY_A_FLOW_CONVERTED_DESTINATION_IPV6,
	OZPROXY_A_FLOW_NODE_IPV4,
	OZPROXY_A_FLOW_NODE_IPV6,
	OZPROXY_A_FLOW_NODE_PORT,
	OZPROXY_A_FLOW_LOCAL,
	OZPROXY_A_FLOW_STATE,
	OZPROXY_A_FLOW_IDLE,
	OZPROXY_A_FLOW_EXPIRES,
	OZPROXY_A_FLOW_FLUSHED,
	OZPROXY_A_FLOW_TABLE_GENERATION,

	__OZPROXY_A_FLOW_MAX,
	OZPROXY_A_FLOW_MAX = (__OZPROXY_A_FLOW_MAX - 1)
};

enum {
	OZPROXY_A_MISS_IFINDEX = 1,
	OZPROXY_A_MISS_IPV4,
	OZPROXY_A_MISS_IPV6,
	OZPROXY_A_MISS_AGE,
	OZPROXY_A_MISS_PACKETS,
	OZPROXY_A_MISS_TABLE_GENERATION,
	OZPROXY_A_MISS_STATE,
	OZPROXY_A_MISS_WAITING,
	OZPROXY_A_MISS_ANNOUNCED,
	OZPROXY_A_MISS_LIFETIME,
	OZPROXY_A_MISS_ARRIVAL,

	__OZPROXY_A_MISS_MAX,
	OZPROXY_A_MISS_MAX = (__OZPROXY_A_MISS_MAX - 1)
};

enum {
	OZPROXY_A_DROP_DIRECTION = 1,
	OZPROXY_A_DROP_REASON,
	OZPROXY_A_DROP_PACKETS,
	OZPROXY_A_DROP_PAD,

	__OZPROXY_A_DROP_MAX,
	OZPROXY_A_DROP_MAX = (__OZPROXY_A_DROP_MAX - 1)
};

enum {
	OZPROXY_A_STATS_IFINDEX = 1,
	OZPROXY_A_STATS_OUT_RECEIVED,
	OZPROXY_A_STATS_OUT_TUNNELLED,
	OZPROXY_A_STATS_OUT_LOCAL,
	OZPROXY_A_STATS_IN_RECEIVED,
	OZPROXY_A_STATS_IN_DELIVERED,
	OZPROXY_A_STATS_DROP,
	OZPROXY_A_STATS_SERVICES,
	OZPROXY_A_STATS_INSTANCES,
	OZPROXY_A_STATS_NODES,
	OZPROXY_A_STATS_FLOWS,
	OZPROXY_A_STATS_MISSES,
	OZPROXY_A_STATS_TABLE_GENERATION,
	OZPROXY_A_STATS_PAD,
	OZPROXY_A_STATS_OUT_WAITING,
	OZPROXY_A_STATS_NEGATIVES,
	OZPROXY_A_STATS_FLOWS_EVICTED,
	OZPROXY_A_STATS_IN_WAITING,
	OZPROXY_A_STATS_ARRIVALS,

	__OZPROXY_A_STATS_MAX,
	OZPROXY_A_STATS_MAX = (__OZPROXY_A_STATS_MAX - 1)
};

enum {
	OZPROXY_CMD_SERVICE_GET = 1,
	OZPROXY_CMD_SERVICE_SET,
	OZPROXY_CMD_SERVICE_DEL,
	OZPROXY_CMD_SERVICE_CLEAR,
	OZPROXY_CMD_SERVICE_NTF,
	OZPROXY_CMD_SERVICE_DEL_NTF,
	OZPROXY_CMD_FLOW_GET,
	OZPROXY_CMD_FLOW_FLUSH,
	OZPROXY_CMD_MISS_GET,
	OZPROXY_CMD_MISS_NTF,
	OZPROXY_CMD_STATS_GET,
	OZPROXY_CMD_MISS_RESOLVE,
	OZPROXY_CMD_SERVICE_IDLE_NTF,

	__OZPROXY_CMD_MAX,
	OZPROXY_CMD_MAX = (__OZPROXY_CMD_MAX - 1)
};

#define OZPROXY_MCGRP_MISSES	"misses"
#define OZPROXY_MCGRP_CHANGES	"changes"

#endif /* _UAPI_LINUX_OZPROXY_H */
