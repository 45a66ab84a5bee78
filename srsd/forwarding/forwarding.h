/* SPDX-License-Identifier: ISC */
/*
 * forwarding - the kind of a message that leaves Postfix, and what its sender becomes. Pure.
 *
 * With ORCPT, Postfix's SMTP client passes to the next hop the address to which a message was sent
 * before aliases were expanded. So the milter of a second smtpd recognizes a forward:
 *
 *	sender				RCPT			ORCPT		kind
 *	null				any			any		bounce
 *	an SRS address of ours		any			any		own-srs
 *	of domains			any			any		own
 *	foreign				relay-domains, or an	any		relayed
 *					SRS address of ours
 *	foreign				other			of domains	forward
 *	foreign				other			other, none	redirected
 *
 * A sender of domains that is not authenticated (FORWARDING_FAIL) is foreign: the message was
 * forged, or forwarded to us. "of domains" in the column ORCPT means a domain that is listed by its
 * name, not as a subdomain of an entry such as ".x.org". Relayed mail keeps its sender, as do the
 * first three kinds. A sender of domains without a pass is signed even with unauthenticated = keep
 * and without rewrite-relayed, unless it is relayed: from this host it would pass SPF.
 *
 * On the public smtpd, mail for a recipient in one of domains is "incoming": its sender is kept,
 * because aliases are not expanded yet.
 *
 * SECURITY: whether a message is signed depends on its sender and its RCPT alone. A stranger may
 * choose ORCPT, and with it one of our own domains, and nothing else.
 */
#ifndef SRSD_FORWARDING_FORWARDING_H
#define SRSD_FORWARDING_FORWARDING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/hostname.h"
#include "common/mailaddr.h"
#include "common/text.h"
#include "conf/settings.h"
#include "srsd/srs/srs_rewrite.h"

enum forwarding_kind {
	FORWARDING_BOUNCE,
	FORWARDING_OWN_SRS,
	FORWARDING_OWN,
	FORWARDING_INCOMING,
	FORWARDING_RELAYED,
	FORWARDING_REDIRECTED,
	FORWARDING_FORWARD,
};

#define FORWARDING_KINDS 7

/* "bounce", "own-srs", "own", "incoming", "relayed", "redirected" or "forward". */
const char *forwarding_kind_name(enum forwarding_kind kind);

/* Is the sender authenticated? See srsd/forwarding/authentication.h. */
enum forwarding_auth {
	FORWARDING_UNCHECKED, /* no header field that can be believed has a result */
	FORWARDING_PASS,
	FORWARDING_FAIL, /* our gate has checked it, without a pass, and nothing else passes */
};

/* "unchecked", "pass" or "fail". */
const char *forwarding_auth_name(enum forwarding_auth auth);

/* A recipient, with the kind of mail that it makes of a message with a foreign sender. */
struct forwarding_recipient {
	enum forwarding_kind kind; /* incoming, relayed, redirected or forward */
	bool trusts_us;            /* of no-rewrite-recipients: never signed for */
	bool is_unknown;           /* the domain that forwarded it is not listed in domains */
	bool returns_apart;        /* an SRS address of unauthenticated-domain, now or before */
	bool was_reversed;  /* ORCPT is an SRS address of ours that verifies, and RCPT its sender */
	enum srs_fact fact; /* of RCPT as an SRS address */
	char
	    domain[HOSTNAME_MAX + 1]; /* of ORCPT, in lower-case A-labels; "" if it has no domain */
};

/*
 * Reads a recipient: RCPT in external form without angle brackets, and the address in ORCPT, decoded
 * (srsd/postfix/orcpt.h), which may be empty. incoming: the message comes from a client that is not
 * one of our own hosts.
 */
void forwarding_read_recipient(struct forwarding_recipient *recipient,
    const struct srs_context *context, struct text rcpt, struct text original, bool incoming);

/* The envelope of a message: its sender, and the recipient that decides. */
struct forwarding_envelope {
	enum forwarding_kind sender;          /* bounce, own-srs or own; redirected: foreign */
	bool has_srs_sender;                  /* in a domain of ours, with any hash */
	char sender_local[MAILADDR_SIZE];     /* without quotes; "" for the null sender */
	char sender_domain[HOSTNAME_MAX + 1]; /* in lower-case A-labels; "" if it has no domain */
	bool
	    claims_own; /* the text after the last '@' is one of domains, be it an address or not */
	size_t recipients;
	bool differ;   /* two recipients have different kinds or ORCPT domains */
	bool returned; /* the first recipient was reversed */
	struct forwarding_recipient deciding;
};

/* Starts with a sender in external form, without angle brackets. */
void forwarding_start(
    struct forwarding_envelope *envelope, const struct srs_context *context, struct text sender);

/*
 * Adds a recipient. The first forward decides, else the first redirected one, else the first. True:
 * this one decides from now on.
 */
bool forwarding_add(
    struct forwarding_envelope *envelope, const struct forwarding_recipient *recipient);

/* The kind of a message, when all its recipients and the authentication of its sender are known. */
enum forwarding_kind forwarding_judge(
    const struct forwarding_envelope *envelope, enum forwarding_auth auth);

/* What is known of a message besides its envelope. */
struct forwarding_facts {
	enum forwarding_auth auth;
	/* The SRS domain of the forwarding domain (per-domain) if it may be used; else "". */
	const char *candidate;
	/*
	 * From: is aligned with this domain (RFC 7489, 3.1) and nothing says that it passed DMARC: a
	 * signature under it could make forged mail pass.
	 */
	bool candidate_is_aligned, srs_domain_is_aligned;
	bool hold_is_full; /* hold-limit messages were held within the hour */
};

/* The reason for the SRS domain, for the log; in the order of the words below. */
enum forwarding_reason {
	FORWARDING_USUAL,
	FORWARDING_ALIGNED,         /* another domain, because of From: */
	FORWARDING_UNAUTHENTICATED, /* by the option unauthenticated */
	FORWARDING_TRUSTS_US,       /* kept for no-rewrite-recipients */
	FORWARDING_HOLD_FULL,       /* not held, because of hold-limit */
};

/* NULL for FORWARDING_USUAL; else "aligned", "unauthenticated", "no-rewrite" or "hold-limit". */
const char *forwarding_reason_name(enum forwarding_reason reason);

struct forwarding_decision {
	enum forwarding_kind kind;
	bool hold;          /* in Postfix's hold queue */
	const char *domain; /* to sign the sender under, of the settings or facts; NULL: keep it */
	enum forwarding_reason reason;
};

/*
 * True if the decision depends on facts->candidate: the message would be signed for a forwarding
 * domain, and per-domain is on. The candidate itself is that of envelope->deciding.domain
 * (srs_domains_candidate).
 */
bool forwarding_needs_candidate(const struct forwarding_envelope *envelope,
    const struct settings *settings, enum forwarding_auth auth);

/* Decides on a message. */
void forwarding_decide(struct forwarding_decision *decision,
    const struct forwarding_envelope *envelope, const struct settings *settings,
    const struct forwarding_facts *facts);

/*
 * True if a message with a sender that had to be signed, and cannot be, must not leave as it is:
 * the sender is in one of domains, and may be forged. From this host it would pass SPF.
 */
bool forwarding_is_unsafe_unsigned(const struct forwarding_envelope *envelope,
    const struct settings *settings, enum forwarding_auth auth);

#endif
