// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

/* Who may do what: root, another user, root of another user namespace. */

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uapi/linux/ozproxy.h>

#include "mirror.h"
#include "refuse.h"
#include "sections.h"
#include "tap.h"
#include "tree.h"

/* Answers of a child, by command; a dump is at command + DUMP. */
#define DUMP 32

/* OZP_GUEST_DEVICES_MAX of the module */
#define GUEST_DEVICES 64

static struct outcome *answers;

static const struct service any_service = {
	"child", "10.30.1.1", 1, "10.19.1.3", "10.30.0.2"
};

static void become_user(void)
{
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(2);
}

/* All capabilities over its own user namespace, none over ours. */
static void become_foreign_root(void)
{
	if (unshare(CLONE_NEWUSER))
		_exit(2);
}

static void stay(void)
{
}

/* Every operation, and every dump, once. */
static void ask_all(struct refusals *refusals)
{
	const struct op_mirror *op;

	client_open(&refusals->client, NETLINK_GENERIC);
	for (op = all_ops; op->name; op++) {
		if (!op->set)
			continue;
		client_call(&refusals->client, op->cmd, 0,
			    sound_request(refusals, op->cmd),
			    &answers[op->cmd], NULL, NULL);
		if (op->dump)
			client_call(&refusals->client, op->cmd, NLM_F_DUMP,
				    sound_request(refusals, op->cmd),
				    &answers[op->cmd + DUMP], NULL, NULL);
	}
}

/* In a child, as @become makes it; false when the child could not. */
static bool in_child(struct refusals *refusals, void (*become)(void),
		     void (*run)(struct refusals *refusals))
{
	int status;
	pid_t pid;

	memset(answers, 0xff, 2 * DUMP * sizeof(*answers));
	pid = fork();
	if (!pid) {
		become();
		run(refusals);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static bool can_read(const struct outcome *out)
{
	return !out->err || out->err == ENOENT;
}

static void expect_reader(struct refusals *refusals, void (*become)(void),
			  const char *who)
{
	const struct op_mirror *op;
	struct snapshot after;

	ok(in_child(refusals, become, ask_all), "%s asks", who);
	for (op = all_ops; op->name; op++) {
		if (!op->set)
			continue;
		if (op->admin)
			ok(answers[op->cmd].err == EPERM,
			   "%s may not %s (%s)", who, op->name,
			   strerror(answers[op->cmd].err));
		else
			ok(can_read(&answers[op->cmd]) &&
			   (!op->dump || can_read(&answers[op->cmd + DUMP])),
			   "%s may %s (%s)", who, op->name,
			   strerror(answers[op->cmd].err));
	}
	snapshot_take(&refusals->client, refusals->ifindex, &after);
	ok(snapshot_equal(&refusals->before, &after), "nothing changed");
	snapshot_free(&after);
}

/* A namespace of network and users: root there is root of its devices. */
static void own_world(struct refusals *refusals)
{
	struct outcome out = { 0 };

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		_exit(2);
	client_open(&refusals->client, NETLINK_GENERIC);
	refusals->ifindex = device_new("oz0", NULL, &answers[0]);
	if (refusals->ifindex)
		service_set(&refusals->client, refusals->ifindex,
			    &any_service, &out);
	answers[1] = out;
}

/* As many devices as root of user namespaces may have, on a port each. */
static void many_devices(struct refusals *refusals)
{
	int made[2 * GUEST_DEVICES], count;
	char name[16], port[16];
	struct attr *data;

	(void)refusals;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		_exit(2);
	for (count = 0; count < 2 * GUEST_DEVICES; count++) {
		snprintf(name, sizeof(name), "many%d", count);
		snprintf(port, sizeof(port), "%d", 40000 + count);
		tree_reset();
		data = tree_new();
		mirror_add(data, &set_link, IFLA_OZPROXY_PORT, port);
		made[count] = device_new(name, data, &answers[0]);
		if (!made[count])
			break;
	}
	answers[1].err = count;
	while (count--)
		device_del(made[count]);
}

/* A device of another namespace cannot be named from here. */
static void other_netns(struct refusals *refusals)
{
	if (unshare(CLONE_NEWNET))
		_exit(2);
	client_open(&refusals->client, NETLINK_GENERIC);
	service_set(&refusals->client, refusals->ifindex, &any_service,
		    &answers[0]);
}

void section_rights(void)
{
	struct refusals refusals;

	answers = mmap(NULL, 2 * DUMP * sizeof(*answers),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		       0);
	if (answers == MAP_FAILED)
		bail("no memory");
	refusals_begin(&refusals);
	expect_reader(&refusals, become_user, "another user");
	expect_reader(&refusals, become_foreign_root, "a foreign root");

	ok(in_child(&refusals, stay, other_netns) &&
	   answers[0].err == ENODEV,
	   "a device of another network namespace is not seen (%s)",
	   strerror(answers[0].err));
	if (!ok(in_child(&refusals, stay, own_world) && !answers[0].err &&
		!answers[1].err,
		"root of a user namespace owns the devices of its network"))
		diag("newlink: %s %s; service-set: %s %s",
		     strerror(answers[0].err), answers[0].text,
		     strerror(answers[1].err), answers[1].text);
	/* Of another test some may be on their way out. */
	if (!ok(in_child(&refusals, stay, many_devices) &&
		answers[0].err == ENOSPC && answers[1].err <= GUEST_DEVICES &&
		answers[1].err > GUEST_DEVICES / 2,
		"all user namespaces have so many devices at most"))
		diag("newlink %d: %s %s", answers[1].err,
		     strerror(answers[0].err), answers[0].text);
	refusals_end(&refusals);
}
