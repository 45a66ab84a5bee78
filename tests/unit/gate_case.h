/* SPDX-License-Identifier: ISC */
/*
 * gate_case - one request to the gate with its settings and verdicts, which a test may change. It
 * begins as mail from a@x.test through 192.0.2.1 with all defaults.
 */
#ifndef TESTS_UNIT_GATE_CASE_H
#define TESTS_UNIT_GATE_CASE_H

#include "tests/unit/unit.h"

#include "conf/option.h"
#include "conf/option_value.h"
#include "srsd/service/gate.h"

struct gate_case {
	struct settings *settings;
	struct policy_request req;
	struct spf_verdicts verdicts;
	enum srs_fact sender, recipient;
	bool guessing, overused, sender_overused;
	enum gate_header due;
	const char *token;
	/* The outcome. */
	bool decided; /* by gate_before */
	struct gate_plan plan;
	struct gate_action action;
};

static inline struct text
gate_text(const char *s)
{
	struct text t = { s, strlen(s) };

	return t;
}

static inline void
gate_set(struct gate_case *c, const char *name, const char *value)
{
	const struct conf_option *o = option_find("spf", name);
	char error[OPTION_ERROR_SIZE];

	assert_non_null(o);
	if (!option_set(c->settings, o, &value, 1, error))
		fail_msg("%s: %s", name, error);
}

static inline struct gate_case
gate_begin(void)
{
	struct gate_case c = {
		.settings = calloc(1, sizeof(*c.settings)),
		.req = {
			.protocol_state = gate_text("RCPT"),
			.client_address = gate_text("192.0.2.1"),
			.helo_name = gate_text("mx.relay.test"),
			.sender = gate_text("a@x.test"),
			.recipient = gate_text("b@y.test"),
			.instance = gate_text("1.2"),
		},
		.due = GATE_HEADER_RECEIVED,
	};
	const struct conf_option *o;

	assert_non_null(c.settings);
	for (o = option_table; o < option_table + option_count; o++)
		option_preset(c.settings, o);
	gate_set(&c, "authserv-id", "mx.receiver.test");
	return c;
}

static inline void
gate_end(struct gate_case *c)
{
	settings_free(&c->settings);
}

static inline void
gate_helo(struct gate_case *c, enum spf_result result)
{
	c->verdicts.has_helo = true;
	c->verdicts.helo.result = result;
	c->verdicts.helo.problem[0] = '\0';
}

static inline void
gate_mailfrom(struct gate_case *c, enum spf_result result)
{
	c->verdicts.has_mailfrom = true;
	c->verdicts.mailfrom.result = result;
	c->verdicts.mailfrom.problem[0] = '\0';
}

/* gate_null_sender - a bounce: only the HELO name can be evaluated */
static inline void
gate_null_sender(struct gate_case *c)
{
	c->req.sender = gate_text("");
	c->verdicts.has_mailfrom = false;
}

static inline void
gate_query(struct gate_case *c, struct gate_query *q)
{
	gate_query_init(q, &c->req, c->settings);
	q->srs.sender = c->sender;
	q->srs.recipient = c->recipient;
	q->srs.guessing = c->guessing;
	q->srs.sender_guessing = c->guessing;
	q->srs.overused = c->overused;
	q->srs.sender_overused = c->sender_overused;
}

/* gate_check_text - verify the form that every answer must have */
static inline void
gate_check_text(const char *row, const struct gate_action *action)
{
	const char *s = action->text;
	size_t len = strlen(s);

	unit_true(row, "is not empty", len > 0);
	unit_true(row, "is under 400 bytes", len + strlen("action=") < 400);
	unit_int(row, "visible ASCII and blanks",
	    (int)strspn(s, " !\"#$%&'()*+,-./0123456789:;<=>?@"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"),
	    (int)len);
	switch (action->kind) {
	case GATE_DUNNO:
		unit_text(row, "DUNNO", s, "DUNNO");
		break;
	case GATE_PREPEND:
		unit_true(row, "PREPEND",
		    strncmp(s, "PREPEND Received-SPF: ", 22) == 0 ||
			strncmp(s, "PREPEND Authentication-Results: ", 32) == 0);
		break;
	case GATE_RESTRICTION:
		unit_true(row, "one word", strchr(s, ' ') == NULL);
		break;
	case GATE_REJECT:
		unit_true(row, "550 and words", strncmp(s, "550 5.", 6) == 0 && len > 12);
		break;
	case GATE_DEFER:
		unit_true(row, "45x and words",
		    (strncmp(s, "450 4.", 6) == 0 || strncmp(s, "451 4.", 6) == 0) && len > 12);
		break;
	}
}

/*
 * gate_run - gate_before, and gate_after if the former does not decide; the verdicts are those that
 * the test has set
 */
static inline void
gate_run(struct gate_case *c, const char *row)
{
	struct gate_query q;

	gate_query(c, &q);
	c->decided = gate_before(&q, c->settings, &c->action, &c->plan);
	if (!c->decided)
		gate_after(&q, c->settings, &c->verdicts, c->due, c->token, &c->action);
	gate_check_text(row, &c->action);
}

static inline void
gate_check(struct gate_case *c, const char *row, enum gate_kind kind, const char *text)
{
	gate_run(c, row);
	unit_text(row, "kind", gate_kind_name(c->action.kind), gate_kind_name(kind));
	if (text != NULL)
		unit_text(row, "text", c->action.text, text);
}

#endif
