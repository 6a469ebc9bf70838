// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/*
 * Bad and good requests to the module, checked against its answers.
 *
 *	netlink-test [SECTION…]
 *
 * Needs root and the module; runs in network namespaces of its own.
 */

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "sections.h"
#include "tap.h"
#include "world.h"

static const struct {
	const char *name;
	void (*run)(void);
} sections[] = {
	{ "mirror", section_mirror },
	{ "malformed", section_malformed },
	{ "senseless", section_senseless },
	{ "limits", section_limits },
	{ "link", section_link },
	{ "dump", section_dump },
	{ "notify", section_notify },
	{ "clear", section_clear },
	{ "parallel", section_parallel },
	{ "vanish", section_vanish },
	{ "rights", section_rights },
	/* Only when asked for: it needs a kernel that can fail. */
	{ "memory", section_memory },
};

/* Of each type below MAX there is a mirror, and none above it. */
static void check_set(const struct set_mirror *set)
{
	unsigned int type, missing = 0;

	for (type = 1; type <= set->max; type++) {
		if (type < set->size && set->attr[type].name)
			continue;
		diag("%s: type %u has no mirror", set->name, type);
		missing++;
	}
	ok(!missing && set->size == set->max + 1u,
	   "every attribute of the set %s has its cases", set->name);
}

void section_mirror(void)
{
	unsigned int i, cmd, missing = 0;
	const struct op_mirror *op;

	for (i = 0; all_sets[i]; i++)
		check_set(all_sets[i]);
	for (cmd = 1; cmd <= OZPROXY_CMD_MAX; cmd++) {
		if (op_find(cmd))
			continue;
		diag("command %u has no mirror", cmd);
		missing++;
	}
	ok(!missing, "every operation has its cases");
	for (op = all_ops; op->name; op++)
		if (op->set)
			ok(!strcmp(op->set->attr[1].name, "ifindex"),
			   "%s names its device by attribute 1", op->name);
}

static int run_section(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (strcmp(sections[i].name, name))
			continue;
		world_enter();
		diag("section %s", name);
		sections[i].run();
		return 0;
	}
	fprintf(stderr, "netlink-test: no section %s\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1) {
		for (i = 1; i < (unsigned int)argc; i++)
			if (run_section(argv[i]))
				return 2;
	} else {
		for (i = 0; i + 1 < sizeof(sections) / sizeof(sections[0]); i++)
			run_section(sections[i].name);
	}
	return tap_end();
}
