/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What is said on the broker, but for table-query results, which table/result.h
 * reads: names of topics and the payloads of the small messages.
 */
#ifndef _OZP_OZPROXYD_TOPICS_H
#define _OZP_OZPROXYD_TOPICS_H

#include <stddef.h>
#include "ozproxy.h"
#include "record.h"

/** TOPIC_MAX - Room for a topic: a node's id or a job's name and words. */
#define TOPIC_MAX 320

/** TOPIC_ID_MAX - Longest id of a node. */
#define TOPIC_ID_MAX 128

/** enum topic_kind - What is said in a topic. */
enum topic_kind {
	TOPIC_OTHER, /* nothing that is meant for us */
	TOPIC_QUERY, /* nodes/ID/net/tablequery/request */
	TOPIC_RESULT, /* nodes/ID/net/tablequery/result */
	TOPIC_REMOVE, /* nodes/ID/net/interest/remove */
	TOPIC_DEPLOYED, /* nodes/ID/net/service/deployed */
	TOPIC_ADDRESS_CHANGED, /* nodes/ID/net/service/address-changed */
	TOPIC_UPDATE, /* jobs/JOB/updates_available */
};

/**
 * topic_build() - The name of a topic.
 * @kind: not TOPIC_OTHER
 * @who: the node's id, or with TOPIC_UPDATE the job
 * @topic: where it goes, TOPIC_MAX bytes
 */
void topic_build(enum topic_kind kind, const char *who, char *topic);

/**
 * topic_parse() - What a topic is.
 * @topic: its name
 * @id: this node's id
 * @job: where the job goes, with TOPIC_UPDATE
 *
 * Return: its kind.
 */
enum topic_kind topic_parse(const char *topic, const char *id,
			    char job[OZPROXY_NAME_MAX + 1]);

/** topic_is_word() - Can a text be a node's id or a job's name in a topic? */
bool topic_is_word(const char *text, size_t max);

/**
 * payload_query() - Ask for an address or for a job.
 * @key: an address or the name of a job
 * @is_address: which
 *
 * Return: the payload, to be freed.
 */
char *payload_query(const char *key, bool is_address);

/** payload_remove() - Nobody here uses a job any more; to be freed. */
char *payload_remove(const char *job);

/** payload_moved() - An instance is at another address now; to be freed. */
char *payload_moved(const char *job, uint32_t number, const char *address,
		    uint16_t port);

/** enum update - What an update says. */
enum update {
	UPDATE_OTHER, /* something; ask again */
	UPDATE_DEPLOYMENT,
	UPDATE_UNDEPLOYMENT,
};

/**
 * payload_read_update() - What became of a job.
 * @text: the payload
 * @len: its length in bytes
 * @update: where that goes
 *
 * Return: false when it is not readable.
 */
bool payload_read_update(const char *text, size_t len, enum update *update);

/**
 * payload_read_job() - The job of a message about one of its instances.
 * @text: the payload, of TOPIC_REMOVE or TOPIC_DEPLOYED
 * @len: its length in bytes
 * @job: where it goes
 *
 * Return: false when it is not readable, or has no name that can be one.
 */
bool payload_read_job(const char *text, size_t len,
		      char job[OZPROXY_NAME_MAX + 1]);

#endif /* _OZP_OZPROXYD_TOPICS_H */
