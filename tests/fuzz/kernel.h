/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What the fuzz targets share: a stand-in for the kernel, whose answers are the
 * input, and a check that ends the program.
 */
#ifndef _OZP_FUZZ_KERNEL_H
#define _OZP_FUZZ_KERNEL_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "ozproxy.h"

/** FUZZ_FAMILY - Number of the family, as in the seeds. */
#define FUZZ_FAMILY 0x21

/** must() - What has to hold for any input; the line is in the trace. */
#define must(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/** LLVMFuzzerTestOneInput() - Called by libFuzzer with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/**
 * kernel_says() - What is received from now on, in place of a kernel.
 * @data: datagrams, each behind its length in two bytes, low byte first; after
 *   the last one receiving fails. It is not copied.
 * @size: bytes
 */
void kernel_says(const uint8_t *data, size_t size);

/**
 * kernel_answers() - Requests are answered by a function from now on.
 * @answer: writes the answer to @request into @buffer and returns its length
 */
void kernel_answers(size_t (*answer)(const struct nlmsghdr *request,
				     void *buffer));

/** open_socket() - A connection that already knows the family. */
struct ozp_socket *open_socket(void);

/** drain() - A stream that is thrown away, for output. */
FILE *drain(void);

/** ozctl_main() - The main() of ozctl. */
int ozctl_main(int argc, char **argv);

#endif /* _OZP_FUZZ_KERNEL_H */
