/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * The connection to the cluster's MQTT broker, which comes back by itself.
 */
#ifndef _OZP_OZPROXYD_BROKER_H
#define _OZP_OZPROXYD_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "args.h"

struct broker;
struct ev_loop;

/**
 * struct broker_config - Where it is and who we are.
 * @host: name or address
 * @port: TCP port
 * @client_id: nobody else on the broker has it
 * @ca_file: certificates that its own is to be signed by; NULL: no TLS
 * @cert_file: our certificate; NULL: none
 * @key_file: its key
 * @username: NULL: none
 * @password_file: the first line of it is the password; NULL: none
 */
struct broker_config {
	const char *host;
	uint16_t port;
	const char *client_id;
	const char *ca_file;
	const char *cert_file;
	const char *key_file;
	const char *username;
	const char *password_file;
};

/**
 * struct broker_ops - What happens there.
 * @connected: it can be talked to: subscribe to everything
 * @disconnected: it cannot any more
 * @message: somebody said something
 * @refused: what is said in a topic may not be heard by us, under that name
 */
struct broker_ops {
	void (*connected)(void *data);
	void (*disconnected)(void *data);
	void (*message)(void *data, const char *topic, const char *payload,
			size_t len);
	void (*refused)(void *data, const char *topic, const char *name);
};

/**
 * enum broker_promise - How often a message arrives: the QoS of MQTT.
 *
 * What is promised is said again by later connections, too, as old as it is.
 */
enum broker_promise {
	BROKER_AT_MOST_ONCE = 0,
	BROKER_AT_LEAST_ONCE = 1,
	BROKER_ONCE = 2,
};

/**
 * broker_start() - Begin to connect.
 * @loop: where it runs
 * @config: where to; is kept
 * @ops: what happens
 * @data: for @ops
 *
 * What it fails of, files that cannot be read for instance, is said, and it is
 * tried again.
 *
 * Return: the connection, which is not there yet.
 */
struct broker *broker_start(struct ev_loop *loop,
			    const struct broker_config *config,
			    const struct broker_ops *ops, void *data);

/** broker_stop() - Say good-bye and free it; NULL is nothing. */
void broker_stop(struct broker *broker);

/** broker_is_connected() - Can it be talked to? */
bool broker_is_connected(const struct broker *broker);

/** broker_is_from() - Is it connected, from this address of ours? */
bool broker_is_from(const struct broker *broker, const struct ip *ip);

/**
 * broker_renew() - Connect anew, because this node is at another address.
 *
 * What the old connection has not got an answer to is said again by the new one.
 */
void broker_renew(struct broker *broker);

/** broker_publish() - Say something, if it is connected. */
void broker_publish(struct broker *broker, const char *topic,
		    const char *payload, enum broker_promise promise);

/** broker_subscribe() - Hear what is said in a topic, if it is connected. */
void broker_subscribe(struct broker *broker, const char *topic);

/** broker_unsubscribe() - No more. */
void broker_unsubscribe(struct broker *broker, const char *topic);

#endif /* _OZP_OZPROXYD_BROKER_H */
