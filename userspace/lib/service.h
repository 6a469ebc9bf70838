/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * Putting the messages of a dump together.
 */
#ifndef _OZP_LIB_SERVICE_H
#define _OZP_LIB_SERVICE_H

#include <stddef.h>
#include "ozproxy_service.h"

/**
 * struct ozp_service_list - The services of a dump.
 * @services: in the order they came
 * @count: how many
 * @room: for how many there is memory
 * @changed: the table changed between two messages
 */
struct ozp_service_list {
	struct ozp_service *services;
	size_t count;
	size_t room;
	bool changed;
};

/**
 * ozp_service_collect() - Add a message's service, or its part of one.
 * @object: struct ozp_service; emptied when it was taken over
 * @data: struct ozp_service_list
 *
 * Return: 0 or -ENOMEM.
 */
int ozp_service_collect(void *object, void *data);

#endif /* _OZP_LIB_SERVICE_H */
