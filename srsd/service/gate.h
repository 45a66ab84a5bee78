/* SPDX-License-Identifier: ISC */
/*
 * gate - the decision on one recipient, from the request, the SRS facts about its addresses, the
 * SPF verdicts and the settings. Pure.
 *
 * In this order:
 *	1. neither RCPT nor VRFY, or an authenticated, trusted or unknown client: DUNNO
 *	2. the SRS facts, which need no DNS and may decide. VRFY ends here: for an SRS address of
 *	   ours it gets the answer that RCPT would get, and DUNNO for any other.
 *	3. the plan: the identities that the caller has to evaluate
 *	4. HELO, then MAIL FROM: a refusal, or the header
 *
 * A section spf "NAME" { } changes the answers for its recipients. The SRS facts, the header and
 * everything else that concerns the message or the server are the same for all of them.
 *
 * The hash of an SRS address proves that we signed the address, and nothing about the client. So it
 * may spare a refusal, and never leads to a pass.
 */
#ifndef SRSD_SERVICE_GATE_H
#define SRSD_SERVICE_GATE_H

#include <stdbool.h>

#include "common/hostname.h"
#include "conf/settings.h"
#include "spf/spf_header.h"
#include "spf/spf_verdict.h"
#include "srsd/forwarding/verdict_token.h"
#include "srsd/postfix/policy_proto.h"
#include "srsd/srs/srs_rewrite.h"

/* The SRS facts of a request, and the budgets of its client (srs_budget.h). Set by the caller. */
struct gate_srs_facts {
	enum srs_fact sender, recipient;
	bool guessing; /* the client sent too many bad hashes: no answer may show a hash */
	bool overused; /* the recipient, an SRS address, is over its daily limit */
	bool
	    sender_guessing; /* as guessing, with the client's pending senders counted as guesses */
	bool sender_overused; /* the sender, an SRS address, came from too many networks today */
	bool sender_pending;  /* for the caller alone: the sender waits for its verdict */
	bool sender_counted;  /* for the caller alone: its wrong hash was counted for the message */
};

struct gate_steps;

/*
 * A request, parsed once, with its names as Postfix will interpret them (mailaddr_split). Its texts
 * point into the request and into the query itself, so that a copy must not outlive the original.
 */
struct gate_query {
	const struct policy_request *req;
	const struct spf_section *section; /* of the recipient; NULL: it has none */
	const struct spf_settings *spf;    /* those of the section, or of spf { } */
	struct ipaddr client;              /* family 0: empty, unknown or not an address */
	struct text helo;                  /* in A-labels, without a trailing dot */
	struct text sender_local;          /* both empty for the null sender */
	struct text sender_domain; /* in A-labels; empty also when the sender has no domain */
	struct text recipient_local;
	struct text recipient_domain; /* as the client wrote it except for a trailing dot */
	bool null_sender;
	struct gate_srs_facts srs;
	struct gate_steps *steps; /* the gate adds its steps (gate_steps.h); NULL: it does not */
	char ascii_domain[HOSTNAME_MAX + 1]; /* room for sender_domain; from here on not cleared */
	char ascii_helo[HOSTNAME_MAX + 1];
};

enum gate_kind {
	GATE_DUNNO,
	GATE_PREPEND,
	GATE_REJECT,
	GATE_DEFER,
	GATE_RESTRICTION, /* the name of a restriction class of main.cf */
};

#define GATE_KINDS 5

/* "dunno", "prepend", "reject", "defer" or "restriction". */
const char *gate_kind_name(enum gate_kind kind);

/*
 * Bytes of the text after "action=", with its NUL. The reply has less than 400 bytes in all. The
 * text is visible ASCII and blanks, and never empty.
 */
#define GATE_TEXT_SIZE 393

struct gate_action {
	enum gate_kind kind;
	char text[GATE_TEXT_SIZE];
	/* for the log */
	const char *reason;         /* of the exemption or the refusal: a static word, or NULL */
	const char *held_back;      /* the kind that test-only holds back, a static word; or NULL */
	enum spf_identity identity; /* the one that decided, when a verdict did */
	bool nat_guarded;           /* nat-guard spared the message a refusal */
};

/* True for an action with which Postfix does not accept the recipient now: reject or defer. */
bool gate_refuses(const struct gate_action *action);

/* The identities to evaluate. */
struct gate_plan {
	bool helo;
	bool mailfrom;
};

/*
 * Parses a request, and finds the section of its recipient. The request and the settings must
 * outlive the query. The caller then sets q->srs, and may set q->steps.
 */
void gate_query_init(
    struct gate_query *q, const struct policy_request *req, const struct settings *settings);

/* True when the request has this protocol_state, such as "RCPT". */
bool gate_is_at(const struct gate_query *q, const char *state);

/*
 * The reason why a request is answered with DUNNO before it is judged, as a static word for the
 * log; NULL when it is judged.
 */
const char *gate_exemption(const struct gate_query *q, const struct settings *settings);

/* True when nat-guard spares the client: its address is private, and may be that of a NAT. */
bool gate_guards_nat(const struct gate_query *q, const struct settings *settings);

/* The address that SPF is evaluated for: that of the client, or prospective. */
const struct ipaddr *gate_evaluated_client(
    const struct gate_query *q, const struct settings *settings);

/*
 * The decision before any evaluation. True: *action is the answer. False: the caller evaluates the
 * identities of *plan, and then calls gate_after.
 */
bool gate_before(const struct gate_query *q, const struct settings *settings,
    struct gate_action *action, struct gate_plan *plan);

/*
 * The part of gate_before that depends on the SRS facts of the recipient alone, for a stranger:
 * true when it decides, with the answer in *action. held_back is the refusal that test-only holds
 * back, with its code and text, or "".
 */
bool gate_before_recipient(const struct gate_query *q, const struct settings *settings,
    struct gate_action *action, char held_back[GATE_TEXT_SIZE]);

/* The header that an accepted request adds. A message gets each header once, for any recipient. */
enum gate_header {
	GATE_HEADER_NONE,
	GATE_HEADER_RECEIVED,
	GATE_HEADER_AUTHRES,
};

/*
 * True when the answer would be a refusal that an allow-list may still spare, and the lists were
 * not looked up. The caller then does so before gate_after.
 */
bool gate_needs_allow_lists(
    const struct gate_query *q, const struct settings *settings, const struct spf_verdicts *v);

/* The options with the allow-lists of the recipient; those of spf { } unless its section has some. */
const struct spf_settings *gate_allow_lists(
    const struct gate_query *q, const struct settings *settings);

/*
 * What the header of an accepted request shows, for the token in it: the caller has the keys. False
 * when there is no header because the sender was not evaluated.
 */
bool gate_shown_verdict(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *v, struct verdict_token *shown);

/*
 * The decision on the verdicts of the plan of gate_before. Sets *action to a refusal, to the
 * restriction class for a pass, or to the header; to DUNNO for GATE_HEADER_NONE. token is that of
 * gate_shown_verdict, or NULL for a header without one. After RCPT nothing is refused, because the
 * recipients of the message were judged one by one.
 */
void gate_after(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *v, enum gate_header header, const char *token,
    struct gate_action *action);

/* The header that a message gets as its nth one, from 0. */
enum gate_header gate_nth_header(const struct settings *settings, unsigned nth);

#endif
