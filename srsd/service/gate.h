/* SPDX-License-Identifier: ISC */
/*
 * gate - the decision on one recipient: a pure function of the request, what the SRS core
 * knows of its addresses, the SPF verdicts and the settings.
 *
 * In this order:
 *	1. neither RCPT nor VRFY, authenticated, trusted or unknown client: DUNNO
 *	2. SRS facts. They need no DNS, and may end it. VRFY ends here: it gets the answer that RCPT
 *	   would get for an SRS address of ours, and DUNNO for any other.
 *	3. which identities to evaluate (the caller does)
 *	4. HELO, then MAIL FROM: refuse, or the header
 *
 * The hash of an SRS address says that we minted it, and nothing about the client. So it may
 * spare a refusal, and never makes a pass.
 */
#ifndef SRSD_SERVICE_GATE_H
#define SRSD_SERVICE_GATE_H

#include <stdbool.h>

#include "common/hostname.h"
#include "conf/settings.h"
#include "spf/spf_header.h"
#include "spf/spf_verdict.h"
#include "srsd/postfix/policy_proto.h"
#include "srsd/srs/srs_rewrite.h"

/*
 * What the SRS core knows of a request, and what is left of its client's budgets (srs_budget.h).
 * The gate reads it, the caller sets it.
 */
struct gate_srs_facts {
	enum srs_fact sender, recipient;
	bool guessing; /* the client sent too many bad SRS hashes: it learns of no hash */
	bool overused; /* the recipient, an SRS address, had its share of mail today */
	bool
	    sender_guessing; /* so many with those that wait for their verdicts, see srs_budget.h */
	bool sender_overused; /* the sender, an SRS address, came from too many networks today */
	bool sender_pending;  /* for the caller: the sender waits for its verdict */
};

/* A request, taken apart once, with its names as Postfix will take them (mailaddr_split). */
struct gate_query {
	const struct policy_request *req;
	struct ipaddr client;      /* family 0: empty, unknown or no address */
	struct text helo;          /* in A-labels, without a trailing dot */
	struct text sender_local;  /* both empty for the null sender */
	struct text sender_domain; /* in A-labels; empty also when it has none */
	struct text recipient_local;
	struct text recipient_domain; /* as the client wrote it but for a trailing dot */
	bool null_sender;
	struct gate_srs_facts srs;
	char ascii_domain[HOSTNAME_MAX + 1]; /* room for sender_domain; from here on not cleared */
	char ascii_helo[HOSTNAME_MAX + 1];
};

enum gate_kind {
	GATE_DUNNO,
	GATE_PREPEND,
	GATE_REJECT,
	GATE_DEFER,
};

#define GATE_KINDS 4

/* "dunno", "prepend", "reject", "defer" */
const char *gate_kind_name(enum gate_kind);

/* What follows "action=": visible ASCII and blanks, never empty, under 400 bytes with it. */
#define GATE_TEXT_SIZE 393

struct gate_action {
	enum gate_kind kind;
	char text[GATE_TEXT_SIZE];
	/* For the log. */
	const char *reason;         /* for the exemption or the refusal; a word, or NULL */
	const char *held_back;      /* by test-only: "reject" or "defer"; or NULL */
	enum spf_identity identity; /* that decided, when something was evaluated */
	bool nat_guarded;           /* nat-guard held a refusal back */
};

/* What is to be evaluated. */
struct gate_plan {
	bool helo;
	bool mailfrom;
};

/* Takes a request apart. The SRS facts are the caller's to set. */
void gate_query_init(struct gate_query *q, const struct policy_request *req);

/* True for a request at that state, such as "RCPT". */
bool gate_is_at(const struct gate_query *q, const char *state);

/*
 * Why a request is answered with DUNNO before anything is looked at, as a word for the log; NULL
 * when it is not.
 */
const char *gate_exemption(const struct gate_query *q, const struct settings *settings);

/*
 * True when nat-guard spares the client: its address is private, so that it stands for clients that
 * we do not see.
 */
bool gate_guards_nat(const struct gate_query *q, const struct settings *settings);

/* True when *action is the answer already; false when the plan is to be carried out first. */
bool gate_before(
    const struct gate_query *, const struct settings *, struct gate_action *, struct gate_plan *);

/* Which header this request may carry: a message gets each one once, at whatever recipient. */
enum gate_header {
	GATE_HEADER_NONE,
	GATE_HEADER_RECEIVED,
	GATE_HEADER_AUTHRES,
};

/*
 * True when the answer would be a refusal that an allow-list may still spare: then the caller finds
 * out what the lists say.
 */
bool gate_needs_allow_lists(
    const struct gate_query *, const struct settings *, const struct spf_verdicts *);

/* The answer, once the plan was carried out. */
void gate_after(const struct gate_query *, const struct settings *, const struct spf_verdicts *,
    enum gate_header, struct gate_action *);

/* The header that a message gets as its nth one (from 0). */
enum gate_header gate_nth_header(const struct settings *, unsigned nth);

#endif
