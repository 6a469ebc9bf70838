// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <errno.h>
#include <string.h>
#include "genl.h"
#include "ozproxy_flow.h"

OZP_GENL_KEEP(flow)
OZP_GENL_KEEP(miss)
OZP_GENL_KEEP(stats)

/* A dump that gives each object on, once it is there. */
struct stream {
	int (*flow)(const struct ozp_flow *flow, void *data);
	int (*miss)(const struct ozp_miss *miss, void *data);
	void *data;
};

static int stream_flow(void *object, void *data)
{
	const struct stream *stream = data;

	return stream->flow(object, stream->data);
}

static int stream_miss(void *object, void *data)
{
	const struct stream *stream = data;

	return stream->miss(object, stream->data);
}

static int dump(struct ozp_socket *sock, struct ozp_call *call)
{
	int ret = ozp_genl_dump(sock, call);

	if (!ret && call->interrupted)
		ret = ozp_socket_fail(sock, -EINTR,
				      "the table changed while it was read");
	return ret;
}

int ozp_flow_dump(struct ozp_socket *sock, const struct ozp_flow *request,
		  int (*cb)(const struct ozp_flow *flow, void *data),
		  void *data)
{
	struct stream stream = { .flow = cb, .data = data };
	struct ozp_call call = {
		.command = OZPROXY_CMD_FLOW_GET,
		.set = &ozp_flow_attrs,
		.request = request,
		.cb = stream_flow,
		.data = &stream,
	};

	return dump(sock, &call);
}

int ozp_miss_dump(struct ozp_socket *sock, const struct ozp_miss *request,
		  int (*cb)(const struct ozp_miss *miss, void *data),
		  void *data)
{
	struct stream stream = { .miss = cb, .data = data };
	struct ozp_call call = {
		.command = OZPROXY_CMD_MISS_GET,
		.set = &ozp_miss_attrs,
		.request = request,
		.cb = stream_miss,
		.data = &stream,
	};

	return dump(sock, &call);
}

int ozp_flow_get(struct ozp_socket *sock, const struct ozp_flow *request,
		 struct ozp_flow *flow)
{
	struct ozp_call call = {
		.command = OZPROXY_CMD_FLOW_GET,
		.set = &ozp_flow_attrs,
		.request = request,
		.cb = keep_flow,
		.data = flow,
	};

	memset(flow, 0, sizeof(*flow));
	return ozp_genl_do(sock, &call);
}

int ozp_flow_flush(struct ozp_socket *sock, const struct ozp_flow *request,
		   uint32_t *flushed)
{
	struct ozp_flow reply = {};
	struct ozp_call call = {
		.command = OZPROXY_CMD_FLOW_FLUSH,
		.set = &ozp_flow_attrs,
		.request = request,
		.cb = keep_flow,
		.data = &reply,
	};
	int err;

	err = ozp_genl_do(sock, &call);
	*flushed = reply.flushed;
	return err;
}

int ozp_miss_get(struct ozp_socket *sock, const struct ozp_miss *request,
		 struct ozp_miss *miss)
{
	struct ozp_call call = {
		.command = OZPROXY_CMD_MISS_GET,
		.set = &ozp_miss_attrs,
		.request = request,
		.cb = keep_miss,
		.data = miss,
	};

	memset(miss, 0, sizeof(*miss));
	return ozp_genl_do(sock, &call);
}

int ozp_miss_resolve(struct ozp_socket *sock, const struct ozp_miss *request)
{
	struct ozp_call call = {
		.command = OZPROXY_CMD_MISS_RESOLVE,
		.set = &ozp_miss_attrs,
		.request = request,
	};

	return ozp_genl_do(sock, &call);
}

int ozp_stats_get(struct ozp_socket *sock, uint32_t ifindex,
		  struct ozp_stats *stats)
{
	struct ozp_stats request = { .ifindex = ifindex }, reply = {};
	struct ozp_call call = {
		.command = OZPROXY_CMD_STATS_GET,
		.set = &ozp_stats_attrs,
		.request = &request,
		.cb = keep_stats,
		.data = &reply,
	};
	int err;

	OZP_SET(&request, OZPROXY_A_STATS_IFINDEX);
	err = ozp_genl_do(sock, &call);
	if (err)
		ozp_stats_free(&reply);
	else
		*stats = reply;
	return err;
}

void ozp_stats_free(struct ozp_stats *stats)
{
	ozp_object_free(&ozp_stats_attrs, stats);
	memset(stats, 0, sizeof(*stats));
}
