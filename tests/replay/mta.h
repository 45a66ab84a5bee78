/* SPDX-License-Identifier: ISC */
/*
 * mta - an MTA that uses a milter: the milter protocol, version 6, from the side of Postfix.
 *
 * It sends what Postfix 3.7 sends (measured): the macros of each command, those of HELO and DATA
 * also if the milter does not want the command, one command at a time, nothing after a reply that
 * ends the message or the connection, and an abort after each message. It shares no code with srsd/postfix/milter_proto.h,
 * so that a misunderstanding there is found. A milter that breaks the protocol is an error.
 */
#ifndef TESTS_REPLAY_MTA_H
#define TESTS_REPLAY_MTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct mta;

/* A packet of a milter; data points into the parsed bytes. */
struct mta_reply {
	char command;
	const char *data;
	size_t len;
};

/*
 * Gets the packet at the beginning of len bytes: 1, and *used is its length; 0: it is not complete;
 * -1: it is not a packet that a milter may send.
 */
int mta_parse(const char *bytes, size_t len, size_t *used, struct mta_reply *reply);

/* Is it the last packet for a command? Those before it are changes and progress. */
bool mta_is_last(char command);

/* May such a reply come at the end of a message only? */
bool mta_is_change(char command);

/* An MTA with a new connection, on which it begins with the negotiation of options. */
struct mta *mta_new(void);
void mta_free(struct mta **mta);

/*
 * The commands that follow, which are sent in their order. All bytes are copied.
 *
 * The value of a macro from here on; "" is not sent.
 */
void mta_set_macro(struct mta *mta, const char *name, const char *value, size_t len);

/* A command with its payload: C H M R T L N B E A Q of mfdef.h. */
void mta_command(struct mta *mta, char command, const char *data, size_t len);

/* Appends the next packets to send; false if it waits, or if nothing is left to send. */
bool mta_send(struct mta *mta, struct evbuffer *to);

/* Takes the replies from the bytes of the milter. False with a reason (static): it is broken. */
bool mta_receive(struct mta *mta, struct evbuffer *from, const char **why);

/*
 * The replies since the last call of mta_forget, joined with ", ", as they are written in a story.
 * "continue" if all commands were answered, and no answer said more; "nothing" if one was not. The
 * text lasts until the next call.
 */
const char *mta_replies(struct mta *mta, size_t *len);
void mta_forget(struct mta *mta);

/* Are there replies of which mta_replies would tell more than "continue" or "nothing"? */
bool mta_has_replies(const struct mta *mta);

#endif
