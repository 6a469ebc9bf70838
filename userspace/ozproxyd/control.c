// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "control.h"
#include <errno.h>
#include <ev.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "log.h"
#include "mem.h"

/* Most clients at once, and seconds that each has. */
#define CLIENTS_MAX 16
#define CLIENT_TIME 10.0

struct control {
	struct ev_loop *loop;
	char *path;
	bool (*answer)(void *data, const char *line, FILE *out);
	void *data;
	ev_io io;
	struct client *clients;
	unsigned int n_clients;
};

struct client {
	struct control *control;
	struct client *next;
	ev_io io;
	ev_timer timer;
	char line[512];
	size_t len;
	char *reply; /* NULL: the line is not complete */
	size_t reply_len;
	size_t sent;
};

static void client_end(struct client *client)
{
	struct control *control = client->control;
	struct client **link = &control->clients;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	control->n_clients--;
	ev_io_stop(control->loop, &client->io);
	ev_timer_stop(control->loop, &client->timer);
	close(client->io.fd);
	free(client->reply);
	free(client);
}

static void on_time(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	client_end(timer->data);
}

static void send_more(struct client *client)
{
	ssize_t done;

	done = send(client->io.fd, client->reply + client->sent,
		    client->reply_len - client->sent, MSG_NOSIGNAL);
	if (done > 0)
		client->sent += (size_t)done;
	if ((done < 0 && errno != EAGAIN && errno != EINTR) ||
	    client->sent == client->reply_len)
		client_end(client);
}

static void answer(struct client *client)
{
	struct control *control = client->control;
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	bool is_good;

	out = mem_need(open_memstream(&text, &len));
	is_good = control->answer(control->data, client->line, out);
	fclose(out);
	out = mem_need(open_memstream(&client->reply, &client->reply_len));
	fprintf(out, "%s%s", is_good ? "ok\n" : "", text);
	fclose(out);
	free(text);
	ev_io_stop(control->loop, &client->io);
	ev_io_set(&client->io, client->io.fd, EV_WRITE);
	ev_io_start(control->loop, &client->io);
}

static void read_more(struct client *client)
{
	char *end;
	ssize_t size;

	size = read(client->io.fd, client->line + client->len,
		    sizeof(client->line) - 1 - client->len);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		client_end(client);
		return;
	}
	client->len += (size_t)size;
	client->line[client->len] = '\0';
	end = strchr(client->line, '\n');
	if (end) {
		*end = '\0';
		answer(client);
	} else if (client->len == sizeof(client->line) - 1) {
		client_end(client);
	}
}

static void on_client(struct ev_loop *loop, ev_io *io, int events)
{
	struct client *client = io->data;

	(void)loop;
	(void)events;
	if (client->reply)
		send_more(client);
	else
		read_more(client);
}

static void on_accept(struct ev_loop *loop, ev_io *io, int events)
{
	struct control *control = io->data;
	struct client *client;
	int fd;

	(void)events;
	fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (control->n_clients == CLIENTS_MAX) {
		close(fd);
		return;
	}
	client = mem_zero(sizeof(*client));
	client->control = control;
	client->next = control->clients;
	control->clients = client;
	control->n_clients++;
	ev_io_init(&client->io, on_client, fd, EV_READ);
	client->io.data = client;
	ev_io_start(loop, &client->io);
	ev_timer_init(&client->timer, on_time, CLIENT_TIME, 0);
	client->timer.data = client;
	ev_timer_start(loop, &client->timer);
}

static void make_directory(const char *path)
{
	char *copy = mem_text(path);

	mkdir(dirname(copy), 0755);
	free(copy);
}

/* An earlier helper may have left it. What is there and no socket is somebody
 * else's.
 */
static void remove_socket(const char *path)
{
	struct stat at;

	if (!lstat(path, &at) && S_ISSOCK(at.st_mode))
		unlink(path);
}

static bool set_path(struct sockaddr_un *at, const char *path)
{
	memset(at, 0, sizeof(*at));
	at->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(at->sun_path))
		return false;
	strcpy(at->sun_path, path);
	return true;
}

bool control_is_served(const char *path)
{
	struct sockaddr_un at;
	bool is_served;
	int fd;

	if (!set_path(&at, path))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	/* EAGAIN: there are more clients than it takes at once. */
	is_served = !connect(fd, (void *)&at, sizeof(at)) || errno == EAGAIN;
	close(fd);
	return is_served;
}

static int listen_at(const char *path)
{
	struct sockaddr_un at;
	mode_t mask;
	int fd, err;

	if (!set_path(&at, path))
		return -ENAMETOOLONG;
	make_directory(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	remove_socket(path);
	mask = umask(0117);
	err = bind(fd, (void *)&at, sizeof(at)) || listen(fd, CLIENTS_MAX) ?
		      -errno :
		      0;
	umask(mask);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

struct control *control_start(struct ev_loop *loop, const char *path,
			      bool (*answer_line)(void *data, const char *line,
						  FILE *out),
			      void *data)
{
	struct control *control;
	int fd;

	fd = listen_at(path);
	if (fd < 0) {
		log_warning("%s: %s: nobody can ask for the status", path,
			    strerror(-fd));
		return NULL;
	}
	control = mem_zero(sizeof(*control));
	control->loop = loop;
	control->path = mem_text(path);
	control->answer = answer_line;
	control->data = data;
	ev_io_init(&control->io, on_accept, fd, EV_READ);
	control->io.data = control;
	ev_io_start(loop, &control->io);
	return control;
}

void control_stop(struct control *control)
{
	if (!control)
		return;
	while (control->clients)
		client_end(control->clients);
	ev_io_stop(control->loop, &control->io);
	close(control->io.fd);
	remove_socket(control->path);
	free(control->path);
	free(control);
}
