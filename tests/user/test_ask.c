// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "unit.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ask.h"

/* What the other side says before it ends; NULL: it ends at once. */
static const char *words;

/* In place of libc's: the other side is there, and gone again. */
int connect(int fd, const struct sockaddr *to, socklen_t len)
{
	int pair[2];

	(void)to;
	(void)len;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	if (words) {
		assert_int_equal(write(pair[1], words, strlen(words)),
				 strlen(words));
		/* What it is asked it would have read. */
		assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
		assert_true(dup(pair[1]) >= 0);
	}
	close(pair[1]);
	assert_int_equal(dup2(pair[0], fd), fd);
	close(pair[0]);
	return 0;
}

static void it_answers(void **state)
{
	char *text;

	(void)state;
	words = "ok\nall is well\n";
	assert_int_equal(ask_helper("/s", "status", &text), 0);
	assert_string_equal(text, "all is well\n");
	free(text);
	words = "there is no command 'x'\n";
	assert_int_equal(ask_helper("/s", "x", &text), -EINVAL);
	assert_string_equal(text, words);
	free(text);
	words = "";
	assert_int_equal(ask_helper("/s", "x", &text), -EPIPE);
	assert_null(text);
}

/* A signal would end this program. */
static void it_ends_while_it_is_asked(void **state)
{
	char *text;

	(void)state;
	words = NULL;
	assert_int_equal(ask_helper("/s", "status", &text), -EPIPE);
	assert_null(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_answers),
		cmocka_unit_test(it_ends_while_it_is_asked),
	};

	return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
