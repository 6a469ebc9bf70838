/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Asking the running helper on its socket, whose protocol is in ozproxyd/control.h.
 */
#ifndef _OZP_OZCTL_ASK_H
#define _OZP_OZCTL_ASK_H

#include <stddef.h>

/** ASK_SOCKET - Where it is asked when nobody says otherwise. */
#define ASK_SOCKET "/run/ozproxy/ozproxyd.sock"

/**
 * ask_helper() - Send a line, and get the answer.
 * @path: of the socket
 * @line: the line, without its end
 * @text: what follows the "ok", or with -EINVAL the sentence; to be freed.
 *   NULL after other errors.
 *
 * Return: 0; -EINVAL when the helper refused; why it could not be asked.
 */
int ask_helper(const char *path, const char *line, char **text);

#endif /* _OZP_OZCTL_ASK_H */
