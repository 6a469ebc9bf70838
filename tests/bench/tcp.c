// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * tcp serve PORT              answers each request on each connection
 * tcp connect ADDRESS PORT COUNT   COUNT times: connects, asks once, closes
 * tcp ask ADDRESS PORT COUNT  asks COUNT times on one connection
 *
 * Requests and answers have 64 bytes. The last two print the nanoseconds that
 * one of COUNT took; a few that are not counted come before.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_SIZE = 64, WARM_UP = 20 };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int tcp_socket(void)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		die("socket");
	return fd;
}

static bool receive(int fd)
{
	char data[REQUEST_SIZE];

	return recv(fd, data, sizeof(data), MSG_WAITALL) == sizeof(data);
}

static void transmit(int fd)
{
	static const char data[REQUEST_SIZE];

	if (send(fd, data, sizeof(data), MSG_NOSIGNAL) != sizeof(data))
		die("send");
}

static void ask(int fd)
{
	transmit(fd);
	if (!receive(fd))
		die("receive");
}

static struct sockaddr_in address_of(const char *address, const char *port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(atoi(port)),
	};

	if (!inet_pton(AF_INET, address, &a.sin_addr))
		die(address);
	return a;
}

static void serve(const char *port)
{
	struct sockaddr_in a = address_of("0.0.0.0", port);
	int fd = tcp_socket();

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 128))
		die("listen");
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer < 0)
			die("accept");
		while (receive(peer))
			transmit(peer);
		close(peer);
	}
}

static int connect_to(const struct sockaddr_in *a)
{
	int fd = tcp_socket();

	if (connect(fd, (const struct sockaddr *)a, sizeof(*a)))
		die("connect");
	return fd;
}

static void connections(const struct sockaddr_in *a, int count)
{
	while (count--) {
		int fd = connect_to(a);

		ask(fd);
		close(fd);
	}
}

static void questions(int fd, int count)
{
	while (count--)
		ask(fd);
}

int main(int argc, char **argv)
{
	uint64_t started;
	struct sockaddr_in a;
	int fd, count;

	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(argv[2]);
	if (argc != 5 || (count = atoi(argv[4])) <= 0)
		return 2;
	a = address_of(argv[2], argv[3]);
	if (!strcmp(argv[1], "connect")) {
		connections(&a, WARM_UP);
		started = now();
		connections(&a, count);
	} else {
		fd = connect_to(&a);
		questions(fd, WARM_UP);
		started = now();
		questions(fd, count);
	}
	printf("%llu\n", (unsigned long long)(now() - started) / count);
	return 0;
}
