/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What NetManager was told already, so that nobody has to write it anew.
 */
#ifndef _OZP_OZPROXYD_NETMANAGER_H
#define _OZP_OZPROXYD_NETMANAGER_H

#include "config.h"

/**
 * netmanager_read() - Take the options that were not given from its files.
 * @config: the options, with the names of the files
 * @error: where a sentence goes, CONFIG_ERROR bytes
 *
 * Of netcfg.json: the address and port that it publishes, the broker, its
 * certificates, the node's id. Of tuncfg.json nothing is needed: its TunnelPort
 * is NetManager's own, moved out of the way.
 *
 * Return: 0, or -EINVAL.
 */
int netmanager_read(struct config *config, char *error);

#endif /* _OZP_OZPROXYD_NETMANAGER_H */
