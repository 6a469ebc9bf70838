// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * mark FILE TEXT: writes TEXT and a newline to FILE, between two marks. Such a
 * write starts pktgen, and ends when pktgen does.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "mark.h"

int main(int argc, char **argv)
{
	char text[64];
	ssize_t done;
	int fd, length;

	if (argc != 3)
		return 2;
	fd = open(argv[1], O_WRONLY);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	length = snprintf(text, sizeof(text), "%s\n", argv[2]);
	mark_start();
	done = write(fd, text, length);
	mark_stop();
	if (done != length) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
