// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "kernel.h"
#include <errno.h>
#include <fcntl.h>
#include <sanitizer/asan_interface.h>
#include <string.h>
#include "ozproxy_device.h"
#include "socket.h"

static struct {
	const uint8_t *data;
	size_t size;
	size_t (*answer)(const struct nlmsghdr *request, void *buffer);
	const struct nlmsghdr *request;
	uint32_t seq;
	char socket; /* only its address is used */
} kernel;

void kernel_says(const uint8_t *data, size_t size)
{
	kernel.data = data;
	kernel.size = size;
	kernel.answer = NULL;
}

void kernel_answers(size_t (*answer)(const struct nlmsghdr *request,
				     void *buffer))
{
	kernel.answer = answer;
	kernel.request = NULL;
}

struct ozp_socket *open_socket(void)
{
	struct ozp_socket *sock;

	must(!ozp_socket_open(&sock));
	sock->family = FUZZ_FAMILY;
	return sock;
}

static int null_fd(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

FILE *drain(void)
{
	static FILE *file;

	if (!file)
		file = fopen("/dev/null", "we");
	must(file);
	return file;
}

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags);
int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups,
			   pid_t pid);
int __wrap_mnl_socket_close(struct mnl_socket *nl);
int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl);
int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type,
				 void *buf, socklen_t len);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req,
				 size_t size);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buffer,
				   size_t size);
int __wrap_ozp_forwarding_enable(int family, enum ozp_change *change);

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags)
{
	(void)bus;
	(void)flags;
	return (void *)&kernel.socket;
}

int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned int groups,
			   pid_t pid)
{
	(void)nl;
	(void)groups;
	(void)pid;
	return 0;
}

int __wrap_mnl_socket_close(struct mnl_socket *nl)
{
	(void)nl;
	return 0;
}

int __wrap_mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return null_fd();
}

int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type,
				 void *buf, socklen_t len)
{
	(void)nl;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req,
				 size_t size)
{
	(void)nl;
	must(size >= sizeof(*kernel.request) && size <= OZP_MESSAGE_MAX);
	kernel.request = req;
	must(kernel.request->nlmsg_len == size);
	kernel.seq = kernel.request->nlmsg_seq;
	return (ssize_t)size;
}

static size_t next_datagram(void *buffer, size_t room)
{
	size_t len, head = sizeof(uint16_t);

	if (kernel.size < head)
		return 0;
	len = (size_t)kernel.data[0] | (size_t)kernel.data[1] << 8;
	kernel.data += head;
	kernel.size -= head;
	if (len > kernel.size)
		len = kernel.size;
	must(len <= room);
	memcpy(buffer, kernel.data, len);
	kernel.data += len;
	kernel.size -= len;
	return len;
}

/*
 * What lies behind a datagram in the buffer is nobody's to read, but its padding
 * is: libmnl looks for attributes up to the aligned end of a message.
 */
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buffer,
				   size_t size)
{
	struct nlmsghdr *nlh = buffer;
	size_t len = 0, padded;
	int left;

	(void)nl;
	ASAN_UNPOISON_MEMORY_REGION(buffer, size);
	if (kernel.answer && kernel.request)
		len = kernel.answer(kernel.request, buffer);
	else if (!kernel.answer)
		len = next_datagram(buffer, size);
	kernel.request = NULL;
	if (!len) {
		errno = EIO;
		return -1;
	}
	left = (int)len;
	for (; ozp_message_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		nlh->nlmsg_seq = kernel.seq;
	padded = MNL_ALIGN(len);
	memset((char *)buffer + len, 0, padded - len);
	ASAN_POISON_MEMORY_REGION((char *)buffer + padded, size - padded);
	return (ssize_t)len;
}

/* The real one writes to this host. */
int __wrap_ozp_forwarding_enable(int family, enum ozp_change *change)
{
	(void)family;
	*change = OZP_CHANGE_NONE;
	return 0;
}
