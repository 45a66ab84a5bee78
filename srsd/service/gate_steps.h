/* SPDX-License-Identifier: ISC */
/*
 * gate_steps - the steps that led the gate to a decision, for `srsctl explain`. Pure.
 *
 * The gate notes each question that it asks, and its answer, in the list of a query. A request of
 * Postfix has no list, so that it pays for one comparison per step.
 */
#ifndef SRSD_SERVICE_GATE_STEPS_H
#define SRSD_SERVICE_GATE_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "spf/spf_verdict.h"
#include "srsd/service/gate.h"
#include "srsd/service/gate_refusal.h"

enum gate_step_kind {
	GATE_STEP_EXEMPT,         /* is the client exempt? word: the reason */
	GATE_STEP_RECIPIENT,      /* do the SRS facts of the recipient decide? refusal */
	GATE_STEP_WHITELIST,      /* is the client in whitelist? */
	GATE_STEP_NO_CHECK,       /* is there nothing to evaluate? */
	GATE_STEP_SENDER_SKIPPED, /* does srs-sender = skip spare the sender its evaluation? */
	GATE_STEP_HELO,           /* does the HELO verdict refuse? refusal */
	GATE_STEP_MAILFROM,       /* does the MAIL FROM verdict refuse? refusal */
	GATE_STEP_SPARED,         /* does something spare the message this refusal? word */
	GATE_STEP_SENDER_LIMIT,   /* is the refusal softened because of a limit? refusal */
	GATE_STEP_ALLOW_LIST,     /* is it softened because an allow-list is unknown? refusal */
	GATE_STEP_CLASS,          /* does a pass get a restriction class? word: its name */
	GATE_STEP_TEST_ONLY,      /* does test-only hold a refusal back? refusal */
};

#define GATE_STEP_KINDS 12

struct gate_step {
	enum gate_step_kind kind;
	bool applies; /* the answer is yes */
	enum gate_refusal refusal;
	const char *word; /* or NULL; as long as the settings */
};

/* A decision takes each step once, at most. */
struct gate_steps {
	size_t n;
	struct gate_step step[GATE_STEP_KINDS];
};

/* Notes a step; steps may be NULL. Steps beyond GATE_STEP_KINDS are dropped. */
void gate_steps_add(struct gate_steps *steps, struct gate_step step);

/* The step as a word, such as "whitelist". */
const char *gate_steps_name(enum gate_step_kind kind);

/* What the text of a step is about. */
struct gate_steps_subject {
	const struct gate_query *query;
	const struct settings *settings;
	const struct spf_verdicts *verdicts; /* NULL: nothing was evaluated */
	unsigned guesses;                    /* the bad hashes of the client within the last hour */
};

#define GATE_STEPS_TEXT_SIZE 768

/*
 * Writes the answer and its reason as a part of a sentence, such as "the client is not in
 * skip-addresses". Text from the client and the DNS is printable ASCII.
 */
void gate_steps_describe(char text[GATE_STEPS_TEXT_SIZE], const struct gate_step *step,
    const struct gate_steps_subject *subject);

#endif
