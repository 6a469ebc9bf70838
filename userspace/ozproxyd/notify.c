// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "notify.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "args.h"

void notify(const char *format, ...)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	char text[512];
	va_list args;
	size_t len;
	int fd;

	if (!path || (*path != '/' && *path != '@') ||
	    strlen(path) >= sizeof(to.sun_path))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	strcpy(to.sun_path, path);
	len = offsetof(struct sockaddr_un, sun_path) + strlen(path);
	/* An abstract socket: its name begins with a zero. */
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, text, strlen(text), MSG_NOSIGNAL, (void *)&to,
	       (socklen_t)len);
	close(fd);
}

uint64_t notify_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid;
	uint64_t number;

	pid = getenv("WATCHDOG_PID");
	if (pid && (!parse_number(pid, INT32_MAX, &number) ||
		    number != (uint64_t)getpid()))
		return 0;
	if (!usec || !parse_number(usec, UINT64_MAX / 2, &number))
		return 0;
	/* Twice as often as has to be. */
	return number / 2000;
}
