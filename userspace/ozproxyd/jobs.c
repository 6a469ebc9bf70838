// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "jobs.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "ozproxy_service.h"

/* An address and the job that it leads to. */
struct address {
	struct map_node node;
	struct job *job;
	char text[];
};

/* For the callbacks of record_addresses(). */
struct walk {
	struct jobs *jobs;
	struct job *job;
};

static struct address *find_address(const struct jobs *jobs, const char *text)
{
	struct map_node *node = map_get(&jobs->addresses, text);

	return node ? map_entry(node, struct address, node) : NULL;
}

struct job *jobs_get(const struct jobs *jobs, const char *name)
{
	struct map_node *node = map_get(&jobs->names, name);

	return node ? map_entry(node, struct job, node) : NULL;
}

struct job *jobs_get_by_address(const struct jobs *jobs, const char *text)
{
	struct address *address = find_address(jobs, text);

	return address ? address->job : NULL;
}

struct job *jobs_add(struct jobs *jobs, const char *name)
{
	struct job *job = mem_zero(sizeof(*job));

	strcpy(job->service.name, name);
	OZP_SET(&job->service, OZPROXY_A_SERVICE_NAME);
	job->node.key = job->service.name;
	map_put(&jobs->names, &job->node);
	return job;
}

static void drop_address(const char *text, void *data)
{
	const struct walk *walk = data;
	struct address *address = find_address(walk->jobs, text);

	if (!address || address->job != walk->job)
		return;
	map_del(&walk->jobs->addresses, &address->node);
	free(address);
}

static void take_address(const char *text, void *data)
{
	const struct walk *walk = data;
	struct address *address = find_address(walk->jobs, text);

	if (address) {
		if (address->job != walk->job)
			record_forget_address(&address->job->service, text);
		address->job = walk->job;
		return;
	}
	address = mem_zero(sizeof(*address) + strlen(text) + 1);
	strcpy(address->text, text);
	address->node.key = address->text;
	address->job = walk->job;
	map_put(&walk->jobs->addresses, &address->node);
}

void jobs_replace(struct jobs *jobs, struct job *job,
		  const struct ozp_service *service)
{
	struct walk walk = { .jobs = jobs, .job = job };
	struct ozp_service copy;

	record_copy(&copy, service);
	record_addresses(&job->service, drop_address, &walk);
	ozp_service_free(&job->service);
	job->service = copy;
	record_addresses(&job->service, take_address, &walk);
}

void jobs_del(struct jobs *jobs, struct job *job)
{
	struct walk walk = { .jobs = jobs, .job = job };

	record_addresses(&job->service, drop_address, &walk);
	map_del(&jobs->names, &job->node);
	ozp_service_free(&job->service);
	free(job);
}

void jobs_uninit(struct jobs *jobs)
{
	while (jobs->names.first)
		jobs_del(jobs, map_entry(jobs->names.first, struct job, node));
	map_uninit(&jobs->names);
	map_uninit(&jobs->addresses);
}
