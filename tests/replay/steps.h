/* SPDX-License-Identifier: ISC */
/*
 * steps - what a step of a story does: a function each, with what stands behind its name. False
 * when it has failed, which story_fail has told.
 */
#ifndef TESTS_REPLAY_STEPS_H
#define TESTS_REPLAY_STEPS_H

#include "tests/replay/story.h"

typedef bool step_fn(struct story *, struct word line);

/* Makes the services, unless they are there. */
bool steps_start(struct story *);

/* steps_client.c */
step_fn step_forward, step_reverse, step_socketmap, step_control, step_policy;
step_fn step_open, step_send, step_ask, step_expect, step_answer, step_close, step_vanish;

/* steps_store.c */
step_fn step_store;

/* steps_look.c */
step_fn step_log, step_dns, step_cancelled, step_metric;

#endif
