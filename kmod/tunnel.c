// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "tunnel.h"

#include <linux/udp.h>
#include <net/udp_tunnel.h>

#include "compat_tunnel.h"

/* Whether an ICMP error of the underlay is about a datagram of ours: there is
 * often no more of it than its UDP header, by whose ports the kernel found the
 * socket. The kernel then notes a new path MTU with the route.
 */
static int ozp_tunnel_err_lookup(struct sock *sk, struct sk_buff *skb)
{
	return 0;
}

static struct socket *ozp_tunnel_open_one(struct ozp_tunnel *tunnel,
					  struct net *net, int index)
{
	struct udp_tunnel_sock_cfg config = {
		.sk_user_data = tunnel,
		.encap_type = 1,
		.encap_rcv = ozp_tunnel_receive,
		.encap_err_lookup = ozp_tunnel_err_lookup,
		.gro_receive = ozp_tunnel_gro_receive,
		.gro_complete = ozp_tunnel_gro_complete,
	};
	struct udp_port_cfg port = {
		.family = ozp_family(index),
		.local_udp_port = tunnel->port,
		.use_udp_checksums = true,
		.use_udp6_tx_checksums = true,
		.use_udp6_rx_checksums = tunnel->options.outer_checksum,
		.ipv6_v6only = true,
	};
	struct socket *sock;
	int err;

	err = udp_sock_create(net, &port, &sock);
	if (err)
		return ERR_PTR(err);
	ozp_compat_setup_tunnel_sock(net, sock, &config);
	return sock;
}

/**
 * ozp_tunnel_open() - open the sockets
 * @tunnel: closed; port, dev, stats and receive are set
 *
 * A namespace without IPv6 gets an IPv4 socket only. May sleep; under RTNL.
 *
 * Return: 0, -ENETDOWN when the namespace of the underlay is gone, or what the
 * socket layer says, mostly -EADDRINUSE.
 */
int ozp_tunnel_open(struct ozp_tunnel *tunnel)
{
	struct net *net = rtnl_dereference(tunnel->net);
	struct socket *sock;
	int i;

	if (!net)
		return -ENETDOWN;
	for (i = 0; i < OZP_FAMILIES; i++) {
		sock = ozp_tunnel_open_one(tunnel, net, i);
		if (IS_ERR(sock)) {
			if (i && (PTR_ERR(sock) == -EAFNOSUPPORT ||
				  PTR_ERR(sock) == -EPFNOSUPPORT))
				continue;
			ozp_tunnel_close(tunnel);
			return PTR_ERR(sock);
		}
		rcu_assign_pointer(tunnel->sock[i], sock);
	}
	return 0;
}

/**
 * ozp_tunnel_close() - close the sockets
 * @tunnel: open or not
 *
 * Afterwards no packet comes from them any more. May sleep; under RTNL.
 */
void ozp_tunnel_close(struct ozp_tunnel *tunnel)
{
	struct socket *socks[OZP_FAMILIES];
	int i;

	for (i = 0; i < OZP_FAMILIES; i++) {
		socks[i] = rtnl_dereference(tunnel->sock[i]);
		RCU_INIT_POINTER(tunnel->sock[i], NULL);
	}
	/* Senders that saw the sockets are through after this; so are
	 * receivers, after the second one, that saw @tunnel in a socket.
	 */
	synchronize_net();
	for (i = 0; i < OZP_FAMILIES; i++)
		if (socks[i])
			ozp_compat_tunnel_sock_release(socks[i]);
	synchronize_net();
}

/**
 * ozp_tunnel_options_changed() - tell the sockets what they have to know
 * @tunnel: open or not
 *
 * Under RTNL.
 */
void ozp_tunnel_options_changed(struct ozp_tunnel *tunnel)
{
	struct socket *sock = rtnl_dereference(tunnel->sock[1]);

	/* RFC 6936, 5: zero is for those who expect it. */
	if (sock)
		udp_set_no_check6_rx(sock->sk, !tunnel->options.outer_checksum);
}
