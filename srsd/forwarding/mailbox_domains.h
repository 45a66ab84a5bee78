/* SPDX-License-Identifier: ISC */
/*
 * mailbox_domains - the domains of the From: field of a message, for DMARC alignment. Pure.
 *
 * A sender that is rewritten to a domain gives that domain's DMARC policy an aligned SPF pass. So
 * a stranger must not be able to write a From: field with a domain that the destination sees and
 * this module does not. Readers of From: are lenient, each in its own way. So:
 *
 * - the field must follow the grammar of RFC 5322, 3.4, with RFC 6532, and without its obsolete
 *   forms, except a dot in a display name. No comment or blank may touch the '@' of an address;
 * - every '@' in the field counts, in quoted strings and comments too, and must be followed by a
 *   domain name in ASCII, of two labels or more, that cannot seem to continue;
 * - encoded-words (RFC 2047) must be decodable, and no '@' or control character may result;
 * - there is one From: field.
 *
 * Otherwise the domains are unknown: any domain may be among them. That is the safe answer: the
 * sender is then signed under another domain of ours.
 *
 * There are libraries for this grammar. They accept as much as they can, which is the opposite
 * of the purpose here. They also run in the engine, which is sandboxed and holds secrets, and
 * GMime, the usual one, needs GLib and its threads.
 */
#ifndef SRSD_FORWARDING_MAILBOX_DOMAINS_H
#define SRSD_FORWARDING_MAILBOX_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/hostname.h"
#include "common/text.h"

/* Different domains; with more they are unknown. */
#define MAILBOX_DOMAINS_MAX 8

/* The bytes of a field; with more its domains are unknown. OpenDMARC reads the first 2048. */
#define MAILBOX_DOMAINS_FIELD_MAX 512

/* Zero is the state before the first field. */
struct mailbox_domains {
	bool has_field;
	const char *unknown; /* static reason for the log, or NULL */
	size_t n;
	char domain[MAILBOX_DOMAINS_MAX][HOSTNAME_MAX + 1]; /* ASCII in lower case */
};

/* Adds the value of a From: field, with its folds. The second field makes the domains unknown. */
void mailbox_domains_add(struct mailbox_domains *domains, struct text value);

/* Makes the domains unknown. reason is static. */
void mailbox_domains_set_unknown(struct mailbox_domains *domains, const char *reason);

/*
 * True if domain may be aligned with From: in the relaxed mode of DMARC (RFC 7489, 3.1; RFC 9989):
 * it may have the organizational domain of one of them (orgdomain_may_be_aligned), or the domains
 * are unknown, or the field has no domain. domain has A-labels or U-labels, in any case.
 */
bool mailbox_domains_align(const struct mailbox_domains *domains, const char *domain);

#endif
