/* SPDX-License-Identifier: ISC */
/*
 * sibling - asks the other forwarders, by SMTP and all at once, whether they accept mail for an
 * address (smtp_question.h).
 *
 * SECURITY: a confined process (confined.h) resolves the names and then, without privileges, reads
 * what the servers send. The conversations have one deadline in common, so that no server can delay
 * the others.
 */
#ifndef SRSD_CTL_SIBLING_H
#define SRSD_CTL_SIBLING_H

#include <stddef.h>

#include "common/privdrop.h"
#include "srsd/ctl/smtp_question.h"

struct sibling {
	const char *name;                       /* HOST, HOST:PORT or [ADDRESS]:PORT */
	enum smtp_answer answer;                /* set by sibling_ask; not SMTP_PENDING then */
	char reason[SMTP_QUESTION_REASON_SIZE]; /* set by sibling_ask: for the answer, printable */
};

/* All belongs to the caller. */
struct sibling_query {
	const char *helo;
	const char *recipient;
	const char *forged;        /* an address that they ought to refuse */
	const struct identity *id; /* of the confined process */
	unsigned milliseconds;     /* for the conversations; the names need some seconds at most */
	/* In the confined process: wipes what the servers must not get. */
	void (*forget)(void *arg);
	void *arg;
};

/* Asks n siblings. An error is the reason of an answer that is SMTP_UNCLEAR. */
void sibling_ask(struct sibling *siblings, size_t n, const struct sibling_query *query);

#endif
