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

/* The client that the next word of the line names; NULL: the story has failed. */
struct client *steps_cut_client(struct story *, struct word *line);

/* Starts the services and opens a connection to one of them; NULL: the story has failed. */
struct client *steps_open_client(struct story *, struct word service, struct word name);

/* Sends bytes, and lets the services handle them. */
bool steps_send(struct story *, struct client *, const char *data, size_t len);

/* What a client has been sent that no step has examined; NULL: nothing. */
const char *steps_unread(const struct client *, size_t *len);

/* Disconnects and frees a client. */
void steps_leave(struct story *, struct client *);

/* Splits NAME=VALUE; false if there is no '='. */
bool steps_split(struct word word, struct word *name, struct word *value);

step_fn step_forward, step_reverse, step_socketmap, step_control, step_policy;
step_fn step_open, step_send, step_ask, step_expect, step_answer, step_close, step_vanish;

/* steps_milter.c */
step_fn step_milter, step_mta, step_replies;

/* steps_store.c */
step_fn step_store;

/* steps_look.c */
step_fn step_log, step_dns, step_cancelled, step_metric;

#endif
