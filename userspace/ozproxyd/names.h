/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * A set of names.
 */
#ifndef _OZP_OZPROXYD_NAMES_H
#define _OZP_OZPROXYD_NAMES_H

#include <stdbool.h>
#include "map.h"

/** names_add() - Put a name in; false when it is there already. */
bool names_add(struct map *names, const char *name);

/** names_del() - Take a name out; false when it is not there. */
bool names_del(struct map *names, const char *name);

/** names_clear() - Take all of them out, and free the memory. */
void names_clear(struct map *names);

#endif /* _OZP_OZPROXYD_NAMES_H */
