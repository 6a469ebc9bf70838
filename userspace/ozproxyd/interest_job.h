/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * What the rules of interest.h do with one job. Who uses the rules has no need
 * of it.
 */
#ifndef _OZP_OZPROXYD_INTEREST_JOB_H
#define _OZP_OZPROXYD_INTEREST_JOB_H

#include "interest.h"

/* For so long an announced instance may be missing in answers, in ms. */
#define INTEREST_ANNOUNCED 60000

/** interest_get() - The job of a name, which is a new one if there was none. */
struct job *interest_get(struct interests *in, const char *name, uint64_t now);

/** interest_forget() - There is no such job any more. */
void interest_forget(struct job *job);

/** interest_is_asked_for() - Is it asked for by its name, again and again? */
bool interest_is_asked_for(const struct job *job);

/**
 * interest_is_over() - Is nothing known of it, and does nobody say any more
 * that it is here?
 */
bool interest_is_over(const struct job *job);

/**
 * interest_remove() - Tell the cluster that nobody here uses it any more, if it
 * thinks so.
 *
 * There is one removal for each registration: no question may be on its way, and
 * the cluster has to hear it.
 */
void interest_remove(struct job *job, uint64_t now);

/**
 * interest_end() - Nobody asks for it any more, unless it is known and used.
 *
 * What the cluster has of it is given back as soon as that is possible, and a job
 * that is over is forgotten then.
 */
void interest_end(struct job *job, uint64_t now);

/** interest_set_moved() - Say whether the cluster has still to hear that it moved. */
void interest_set_moved(struct job *job, bool is_moved);

/** interest_ask() - Ask the cluster, if it can be, and see interest_ops.ask. */
void interest_ask(struct job *job, bool is_changed, uint64_t now);

/** interest_ask_later() - Ask in so many ms, or so; and then again and again. */
void interest_ask_later(struct job *job, uint64_t pause, uint64_t now);

/** interest_join() - From now on the cluster is asked for it, if it can be. */
void interest_join(struct job *job, uint64_t now);

/** interest_push() - Let the kernel have it, unless somebody else set it. */
void interest_push(struct job *job);

/** interest_set_local() - Say whether it has instances here. */
void interest_set_local(struct job *job, bool is_local);

/** interest_learn() - This is known of it now. */
void interest_learn(struct job *job, const struct ozp_service *service);

/**
 * interest_correct() - Let an answer have the instances that moved with the node
 * where they are.
 * @job: a job that moved
 * @service: the answer, which may be older than the move
 */
void interest_correct(struct job *job, struct ozp_service *service);

#endif /* _OZP_OZPROXYD_INTEREST_JOB_H */
