// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */
/* Step 5 of the way out: which instance a new flow to a Service IP gets. The
 * policy decides by numbers that it asks for here; where its choice cannot be,
 * the next instance is tried. One that its worker denied is chosen when there is
 * no other.
 */

#include "convert.h"

/**
 * struct ozp_chooser - what the numbers of a choice come from
 * @choice: handed to the policy
 * @cv: the device
 * @snap: what the service offers
 */
struct ozp_chooser {
	struct ozp_choice choice;
	struct ozp_convert *cv;
	const struct ozp_snapshot *snap;
};

/* Taken over by another service, which leaves it in the list until its own service
 * is set again, or denied by its worker.
 */
static bool ozp_chooser_is_out(const struct ozp_endpoint *ep)
{
	return ozp_endpoint_is_stale(ep) || ozp_doubt_is_on(&ep->doubt);
}

/* One that is out has no flows, but the most. */
static u32 ozp_chooser_flows(const struct ozp_choice *choice, u32 index)
{
	const struct ozp_chooser *chooser =
		container_of(choice, struct ozp_chooser, choice);
	const struct ozp_endpoint *ep = chooser->snap->endpoints[index];

	return ozp_chooser_is_out(ep) ? U32_MAX :
					atomic_read(&ep->instance->flows);
}

/* Nothing is known of one that is out. */
static void ozp_chooser_distance(const struct ozp_choice *choice, u32 index,
				 struct ozp_distance *distance)
{
	const struct ozp_chooser *chooser =
		container_of(choice, struct ozp_chooser, choice);
	const struct ozp_endpoint *ep = chooser->snap->endpoints[index];

	if (ozp_chooser_is_out(ep))
		return;
	distance->metric = ep->config.metric;
	distance->rtt = ozp_node_rtt(ep->node);
	distance->local = ozp_convert_is_local_rcu(chooser->cv, ep);
	distance->untried = !READ_ONCE(ep->node->tried);
	distance->forgotten = ozp_node_is_forgotten(ep->node);
}

static u32 ozp_chooser_number(const struct ozp_chooser *chooser,
			      const struct ozp_ring *ring, u32 slot)
{
	return chooser->snap->endpoints[ring->slots[slot].index]->config.number;
}

/* The slot of an instance, or one that the ring does not have. */
static u32 ozp_chooser_slot(const struct ozp_chooser *chooser,
			    const struct ozp_ring *ring, u32 number)
{
	u32 slot;

	for (slot = 0; slot < ring->count; slot++)
		if (ozp_chooser_number(chooser, ring, slot) == number)
			break;
	return slot;
}

/* An instance that a client had and that can still be chosen, or NULL. */
static struct ozp_endpoint *
ozp_chooser_known(const struct ozp_chooser *chooser,
		  const struct ozp_ring *ring,
		  const struct ozp_affinity_key *client)
{
	struct ozp_endpoint *target;
	u32 number, slot;

	if (!ozp_affinity_find(&chooser->cv->affinities, client,
			       chooser->snap->affinity, &number))
		return NULL;
	slot = ozp_chooser_slot(chooser, ring, number);
	if (slot == ring->count)
		return NULL;
	target = chooser->snap->endpoints[ring->slots[slot].index];
	return ozp_chooser_is_out(target) ? NULL : target;
}

/* What the policy of the address says. */
static u32 ozp_chooser_pick(struct ozp_chooser *chooser,
			    const struct ozp_ring *ring,
			    const struct ozp_match *match)
{
	u32 last = READ_ONCE(*match->last), slot;

	chooser->choice.turn = (u32)atomic_inc_return(match->turn) - 1;
	chooser->choice.last = last ? ozp_chooser_slot(chooser, ring, last - 1) :
				      ring->count;
	slot = ozp_policy_pick(match->policy, ring, &chooser->choice);
	if (!chooser->choice.settled)
		return slot;
	last = ozp_chooser_number(chooser, ring, slot) + 1;
	if (READ_ONCE(*match->last) != last)
		WRITE_ONCE(*match->last, last);
	return slot;
}

/**
 * ozp_choose_bind_rcu() - begin a flow to an instance
 * @cv: the device
 * @pkt: the packet that begins it
 * @parties: @source, @epoch and @opens are set; the rest is filled in
 * @target: the instance
 *
 * Caller is in an RCU read section with BH off.
 *
 * Return: as ozp_flow_new_rcu(). -EEXIST: an address of the service in use by
 * the same source port has the replies of this instance already.
 */
struct ozp_flow *ozp_choose_bind_rcu(struct ozp_convert *cv,
				     const struct ozp_packet *pkt,
				     struct ozp_flow_parties *parties,
				     struct ozp_endpoint *target)
{
	struct ozp_flow *flow;

	parties->target = target;
	flow = ozp_flow_claim_rcu(cv->flows, &pkt->tuple, parties);
	if (flow)
		return flow;
	/* A look-up of a route, which a refused packet does not get. */
	parties->local = ozp_convert_is_local_rcu(cv, target);
	return ozp_flow_new_rcu(cv->flows, &pkt->tuple, parties);
}

/* From a place of the ring on, for as many as a packet may cost: any of them, or
 * those that are not in doubt. -ENOENT: there are none of these; -ESTALE: they went
 * elsewhere. Passing over one is a look at it and no try: as many as there are
 * instances, as for a policy that compares them.
 */
static struct ozp_flow *ozp_choose_from(struct ozp_chooser *chooser,
					const struct ozp_packet *pkt,
					struct ozp_flow_parties *parties,
					const struct ozp_ring *ring, u32 first,
					bool any)
{
	struct ozp_flow *flow = ERR_PTR(-ENOENT);
	struct ozp_endpoint *target;
	u32 place, tries = 0, i;
	bool stale = false;

	for (i = 0; i < ring->count && tries < OZP_CHOOSE_TRIES; i++) {
		place = (first + i) % ring->count;
		target = chooser->snap->endpoints[ring->slots[place].index];
		if (!any && ozp_doubt_is_on(&target->doubt))
			continue;
		tries++;
		if (ozp_endpoint_is_stale(target)) {
			stale = true;
			continue;
		}
		flow = ozp_choose_bind_rcu(chooser->cv, pkt, parties, target);
		if (!IS_ERR(flow) || PTR_ERR(flow) != -EEXIST)
			return flow;
	}
	/* One that was taken over stays until its service is set again: it is no
	 * reason to look again while others were refused for a reason of theirs.
	 */
	return stale && PTR_ERR(flow) == -ENOENT ? ERR_PTR(-ESTALE) : flow;
}

/* By the policy of the address; where its choice cannot be, the next. */
static struct ozp_flow *ozp_choose_by_policy(struct ozp_chooser *chooser,
					     const struct ozp_packet *pkt,
					     struct ozp_flow_parties *parties,
					     const struct ozp_ring *ring,
					     const struct ozp_match *match)
{
	u32 first = ozp_chooser_pick(chooser, ring, match);
	u32 index = ring->slots[first].index;
	struct ozp_flow *flow;

	/* Its turn is not one more of its neighbour's. */
	if (ozp_chooser_is_out(chooser->snap->endpoints[index]))
		first = ozp_chooser_pick(chooser, ring, match);
	flow = ozp_choose_from(chooser, pkt, parties, ring, first, false);
	if (!IS_ERR(flow) || PTR_ERR(flow) != -ENOENT)
		return flow;
	return ozp_choose_from(chooser, pkt, parties, ring, first, true);
}

/* The instance that the client had last, while its time lasts. A client whose
 * instance is gone, in doubt or drains gets another, which it keeps from then on.
 */
static struct ozp_flow *ozp_choose_by_client(struct ozp_chooser *chooser,
					     const struct ozp_packet *pkt,
					     struct ozp_flow_parties *parties,
					     const struct ozp_ring *ring,
					     const struct ozp_match *match)
{
	const struct ozp_affinity_key client = {
		.service = match->service->id,
		.client = pkt->tuple.src,
		.family = pkt->tuple.family,
	};
	struct ozp_endpoint *known = ozp_chooser_known(chooser, ring, &client);
	const struct ozp_conversion *conv;
	struct ozp_flow *flow;

	if (known) {
		flow = ozp_choose_bind_rcu(chooser->cv, pkt, parties, known);
		if (!IS_ERR(flow) || PTR_ERR(flow) != -EEXIST)
			return flow;
		/* One port to two addresses of the service: this once. */
	}
	flow = ozp_choose_by_policy(chooser, pkt, parties, ring, match);
	if (known || IS_ERR(flow))
		return flow;
	/* Another CPU may have begun this flow, with its own choice. */
	conv = rcu_dereference(flow->conversion);
	ozp_affinity_keep(&chooser->cv->affinities, &client,
			  chooser->snap->affinity,
			  conv->target->config.number);
	return flow;
}

/**
 * ozp_choose_rcu() - begin a flow to a Service IP
 * @cv: the device
 * @pkt: the packet that begins it
 * @parties: as for ozp_choose_bind_rcu()
 * @match: what the address means
 *
 * Caller is in an RCU read section with BH off.
 *
 * Return: as ozp_flow_new_rcu(); -ENOENT when nobody can be chosen, -ESTALE when
 * nobody can, but the table changed since it was read.
 */
struct ozp_flow *ozp_choose_rcu(struct ozp_convert *cv,
				const struct ozp_packet *pkt,
				struct ozp_flow_parties *parties,
				const struct ozp_match *match)
{
	int f = ozp_family_index(pkt->tuple.family);
	const struct ozp_ring *ring = match->snapshot->rings[f];
	struct ozp_chooser chooser = {
		.choice.opens = parties->opens,
		.choice.flows = ozp_chooser_flows,
		.choice.distance = ozp_chooser_distance,
		.cv = cv,
		.snap = match->snapshot,
	};

	if (!ring->count)
		return ERR_PTR(-ENOENT);
	if (match->snapshot->affinity)
		return ozp_choose_by_client(&chooser, pkt, parties, ring,
					    match);
	return ozp_choose_by_policy(&chooser, pkt, parties, ring, match);
}
