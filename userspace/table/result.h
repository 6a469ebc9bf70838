/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Reading what a cluster answers to a table query: JSON with a job, its
 * instances and their addresses. Answers differ between clusters, so what can
 * be done without is done without, with a note; nothing is printed here.
 */
#ifndef _OZP_TABLE_RESULT_H
#define _OZP_TABLE_RESULT_H

#include <stddef.h>
#include "ozproxy_types.h"

/** OZP_RESULT_MAX - Longest text that is read, in bytes. */
#define OZP_RESULT_MAX (16 * 1024 * 1024)

/**
 * struct ozp_result - One answer.
 * @query: what was asked for, an address or a job name; "" from clusters that
 *   do not say
 * @is_negative: nothing is known about it: no job has it, or the job has no
 *   instance
 * @service: name (may be "" when negative), addresses and usable instances;
 *   ifindex is not set
 * @skipped: instances that were left out
 * @is_damaged: something in the list of instances is none at all
 */
struct ozp_result {
	char query[OZPROXY_NAME_MAX + 1];
	bool is_negative;
	struct ozp_service service;
	unsigned int skipped;
	bool is_damaged;
};

/** enum ozp_result_kind - What kind of thing a note is about. */
enum ozp_result_kind {
	OZP_RESULT_EARLY, /* what is not known yet, as of each job at first */
	OZP_RESULT_OTHER, /* something new, taken for something known */
	OZP_RESULT_WRONG, /* left out, as it makes no sense */
};

/**
 * struct ozp_result_reader - Who reads.
 * @result: called with each answer, which is valid during the call: it may
 *   take @service over by zeroing it. Anything but 0 ends the reading.
 * @note: called with a sentence about something that was left out or taken for
 *   something else, before the answer that has it; may be NULL
 * @data: for both
 * @error: where the sentence about an error goes
 */
struct ozp_result_reader {
	int (*result)(struct ozp_result *result, void *data);
	void (*note)(enum ozp_result_kind kind, const char *text, void *data);
	void *data;
	char error[256];
};

/**
 * ozp_result_read() - Read an answer, or an array of answers.
 * @reader: who reads
 * @text: the JSON, not terminated
 * @len: its length in bytes
 *
 * Return: 0; what the callback returned; -EBADMSG for what is no JSON or no
 * answer, -E2BIG for more than OZP_RESULT_MAX, instance-max or address-max,
 * -ENOMEM; for these @reader->error says more. The answers before a bad one
 * were given.
 */
int ozp_result_read(struct ozp_result_reader *reader, const char *text,
		    size_t len);

#endif /* _OZP_TABLE_RESULT_H */
