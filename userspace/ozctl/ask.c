// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "ask.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define ASK_TIME 10 /* seconds without an answer */

static int connect_to(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval time = { .tv_sec = ASK_TIME };
	int fd, err;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
	if (connect(fd, (void *)&to, sizeof(to))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* A helper that ends meanwhile is an error, and no signal. */
static int send_line(int fd, const char *line)
{
	struct iovec parts[] = {
		{ .iov_base = (void *)line, .iov_len = strlen(line) },
		{ .iov_base = "\n", .iov_len = 1 },
	};
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t size;

	/* A socket of this kind takes so little as a whole, or not at all. */
	size = sendmsg(fd, &message, MSG_NOSIGNAL);
	return size < 0 ? -errno : 0;
}

/* All that comes, terminated; NULL with errno. */
static char *read_all(int fd)
{
	size_t room = 4096, len = 0;
	char *text = malloc(room), *bigger;
	ssize_t size;

	while (text) {
		size = read(fd, text + len, room - 1 - len);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			break;
		len += (size_t)size;
		text[len] = '\0';
		if (!size)
			return text;
		if (len < room - 1)
			continue;
		room *= 2;
		bigger = realloc(text, room);
		if (!bigger)
			break;
		text = bigger;
	}
	free(text);
	return NULL;
}

int ask_helper(const char *path, const char *line, char **text)
{
	int fd = connect_to(path), err;
	char *all = NULL;

	*text = NULL;
	if (fd < 0)
		return fd;
	err = send_line(fd, line);
	if (!err)
		all = read_all(fd);
	if (!err && !all)
		err = -errno;
	close(fd);
	if (err)
		return err;
	if (!*all) {
		free(all);
		return -EPIPE;
	}
	*text = all;
	if (strncmp(all, "ok\n", 3))
		return -EINVAL;
	memmove(all, all + 3, strlen(all + 3) + 1);
	return 0;
}
