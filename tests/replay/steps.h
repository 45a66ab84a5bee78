/* SPDX-License-Identifier: ISC */
/*
 * steps - one function for each step of a story. It gets the rest of the line after the name of the
 * step, and returns false after a call of story_fail.
 */
#ifndef TESTS_REPLAY_STEPS_H
#define TESTS_REPLAY_STEPS_H

#include "tests/replay/story.h"

typedef bool step_fn(struct story *, struct word line);

/* Starts the services, unless they are running. */
bool steps_start(struct story *);

/* steps_client.c */
step_fn step_forward, step_reverse, step_socketmap, step_control, step_policy;
step_fn step_open, step_send, step_ask, step_expect, step_answer, step_close, step_vanish;

/* steps_store.c */
step_fn step_store;

/* steps_look.c */
step_fn step_log, step_dns, step_cancelled, step_metric;

#endif
