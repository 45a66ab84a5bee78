/* SPDX-License-Identifier: ISC */
/*
 * gate_refusal - the refusals of the policy service: their reply codes, texts and words for the
 * log. Pure.
 *
 * SECURITY: the texts go into SMTP replies. HELO names and domains are made printable and cut, in
 * {sender} and {domain} of reason-message all but letters, digits and -._~@ is escaped, an
 * explanation of a domain's owner is printable already (spf_verdict.h), and the whole stays within
 * GATE_TEXT_SIZE.
 */
#ifndef SRSD_SERVICE_GATE_REFUSAL_H
#define SRSD_SERVICE_GATE_REFUSAL_H

#include "common/ipaddr.h"
#include "common/text.h"
#include "conf/settings.h"
#include "spf/spf_verdict.h"
#include "srsd/service/gate.h"

enum gate_refusal {
	GATE_REFUSAL_NONE,
	/* for the SRS facts */
	GATE_REFUSAL_NO_HMAC,       /* libcrypto computed no HMAC for an address of ours */
	GATE_REFUSAL_GUESSING,      /* the client is over srs-guess-limit */
	GATE_REFUSAL_OVERUSED,      /* the address is over srs-daily-limit */
	GATE_REFUSAL_FORGED,        /* bad hash, or malformed */
	GATE_REFUSAL_EXPIRED,       /* the hash is right */
	GATE_REFUSAL_NONNULL,       /* an SRS recipient with a sender, srs-nonnull = reject */
	GATE_REFUSAL_NONNULL_DEFER, /* the same with srs-nonnull = defer */
	/* because something is not known, so that the mail may be tried again */
	GATE_REFUSAL_SATURATED,  /* our own bounds cut the check off */
	GATE_REFUSAL_ALLOW_LIST, /* an allow-list that could spare the client was not looked up */
	/* for an SPF verdict */
	GATE_REFUSAL_SPF, /* fail, softfail or neutral */
	GATE_REFUSAL_PERMERROR,
	GATE_REFUSAL_TEMPERROR,
};

/* What the text of a refusal for an SPF verdict is about. */
struct gate_refusal_subject {
	enum spf_identity identity;
	const struct spf_verdict *verdict;
	const struct ipaddr *client; /* the address that was evaluated */
	struct text name;            /* the HELO name or the sender's domain */
	struct text sender;          /* the whole address, or empty */
};

/* GATE_REJECT or GATE_DEFER; GATE_DUNNO for GATE_REFUSAL_NONE. */
enum gate_kind gate_refusal_kind(enum gate_refusal refusal);

/* The reply code and the enhanced status code, such as "550 5.7.23"; "" for GATE_REFUSAL_NONE. */
const char *gate_refusal_code(enum gate_refusal refusal);

/* The reason as a word for the log; NULL for an SPF verdict, which the log shows by itself. */
const char *gate_refusal_word(enum gate_refusal refusal);

/*
 * Writes the answer to refuse with, code first; refusal is not GATE_REFUSAL_NONE. subject is read
 * for a refusal for an SPF verdict only, and may otherwise be NULL.
 */
void gate_refusal_write(enum gate_refusal refusal, const struct spf_settings *spf,
    const struct gate_refusal_subject *subject, char text[GATE_TEXT_SIZE]);

#endif
