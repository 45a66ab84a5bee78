/* SPDX-License-Identifier: ISC */
/*
 * forwarding - what a message on its way out of Postfix is, and what its sender becomes. Pure.
 *
 * Postfix's SMTP client tells the next hop in ORCPT the address to which a recipient was addressed
 * before aliases were expanded. So the milter of a second smtpd knows a forward, by the table of
 * forwarding_judge().
 *
 * SECURITY: whether a message is signed depends on its sender and its RCPT alone. A stranger may
 * choose ORCPT, and with it one of our own domains, and nothing else.
 */
#ifndef SRSD_FORWARDING_FORWARDING_H
#define SRSD_FORWARDING_FORWARDING_H

#include <stdbool.h>

#include "common/hostname.h"
#include "common/mailaddr.h"
#include "common/text.h"
#include "conf/settings.h"
#include "srsd/srs/srs_rewrite.h"

enum forwarding_kind {
	FORWARDING_BOUNCE,     /* the null sender */
	FORWARDING_OWN_SRS,    /* an SRS address of ours */
	FORWARDING_OWN,        /* a sender of domains */
	FORWARDING_RELAYED,    /* a foreign sender, to relay-domains or to an SRS domain */
	FORWARDING_FORWARD,    /* a foreign sender, addressed to one of domains */
	FORWARDING_REDIRECTED, /* a foreign sender: relayed, redirected, or a reply */
	FORWARDING_KINDS,
};

/* "bounce", "own-srs", "own", "relayed", "forward" or "redirected". */
const char *forwarding_kind_name(enum forwarding_kind kind);

/* Is the sender authenticated? */
enum forwarding_auth {
	FORWARDING_UNCHECKED, /* no header of ours and no trusted one says anything */
	FORWARDING_PASS,
	FORWARDING_FAIL,
};

/* "unchecked", "pass" or "fail". */
const char *forwarding_auth_name(enum forwarding_auth auth);

/* One recipient of a message. Its texts are in A-labels where they are domains. */
struct forwarding_recipient {
	struct text domain;  /* of RCPT, without a trailing dot; empty: none */
	struct text address; /* RCPT as the client wrote it, without angle brackets */
	/* ORCPT, decoded (srsd/postfix/orcpt.h); empty: none, or not an address */
	struct text original;
	struct text original_domain; /* of ORCPT; empty: none */
	enum srs_fact original_fact; /* of ORCPT as an SRS address */
};

#endif
