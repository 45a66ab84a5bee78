/* SPDX-License-Identifier: ISC */
/*
 * mail_headers - the header of one message, reduced to facts of bounded size: the domains of From:,
 * the results that our own host has recorded, and the tokens of our gate. Pure.
 *
 * SECURITY: anyone can write any field. An Authentication-Results field of a trusted authserv-id is
 * believed only where no stranger can have written it: above the Received field of the smtpd(8)
 * that received the message from its client. So, from the top,
 *
 * - pairs that local(8) has written are skipped: "Received: by HOST (Postfix) id ...", directly
 *   followed by Delivered-To. pickup(8) writes "(Postfix, from userid N)" instead, and below
 *   it is the text of a local user;
 * - the next Received must begin with "from" and name us after "by". The results above it are
 *   believed. Before it has been seen, and if it is different or missing, no result is.
 *
 * From: and the trusted results are read only if an option needs them (reads_from, reads_results).
 * If From: is not read, its domains are unknown.
 *
 * HOST is $myhostname (the macro j) or spf.authserv-id. If Postfix removes its own Received fields
 * (header_checks), trusted-authserv-ids must be empty.
 *
 * A trusted field may quote a stranger, and some programs do it without quotes, so that OpenDKIM
 * writes "dkim=fail header.d=evil.org header.i=x; dmarc=pass header.from=customer.org p.q=@evil.org"
 * for a signature of evil.org. So of a field, the results are believed up to the first text that a
 * stranger may have chosen: any property other than header.d, .s, .a and .b, a reason, or a
 * comment that may contain it (authres.h). This property itself counts if it is smtp.mailfrom, which
 * is compared with the sender, or a header.from at the end of the field.
 */
#ifndef SRSD_FORWARDING_MAIL_HEADERS_H
#define SRSD_FORWARDING_MAIL_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/hostname.h"
#include "common/mailaddr.h"
#include "common/text.h"
#include "conf/settings.h"
#include "srsd/forwarding/mailbox_domains.h"

/* The header that is read: with more fields or bytes the rest is ignored. */
#define MAIL_HEADERS_FIELDS_MAX 1000
#define MAIL_HEADERS_BYTES_MAX (256 * 1024)

/* The trusted results that are kept, and the tokens with their length. */
#define MAIL_HEADERS_RESULTS_MAX 16
#define MAIL_HEADERS_TOKENS_MAX 16
#define MAIL_HEADERS_TOKEN_MAX 80

/* A result "pass", and the name to which it applies. */
enum mail_headers_method {
	MAIL_HEADERS_SPF,   /* smtp.mailfrom: a domain, or an address in external form */
	MAIL_HEADERS_DKIM,  /* header.d */
	MAIL_HEADERS_DMARC, /* header.from */
};

struct mail_headers_result {
	enum mail_headers_method method;
	char name[MAILADDR_SIZE];
};

/* Where the next field is. */
enum mail_headers_place {
	MAIL_HEADERS_TOP,     /* above the Received field of smtpd(8) */
	MAIL_HEADERS_LOCAL,   /* directly below a Received field of local(8) */
	MAIL_HEADERS_TRUSTED, /* below a Received field of smtpd(8): those above are believed */
	MAIL_HEADERS_STRANGE, /* below another one: none are believed */
};

struct mail_headers {
	const struct settings *settings;
	char hostname[HOSTNAME_MAX + 1];
	size_t fields, bytes;
	bool reads_from, reads_results; /* is needed, by the settings */
	bool finished;
	enum mail_headers_place place;
	size_t n_results, n_tokens;
	struct mailbox_domains from;
	struct mail_headers_result result[MAIL_HEADERS_RESULTS_MAX];
	char token[MAIL_HEADERS_TOKENS_MAX][MAIL_HEADERS_TOKEN_MAX + 1];
};

/*
 * Begins a message. settings must outlive headers. hostname is the macro j, or "" if it is unknown.
 */
void mail_headers_init(
    struct mail_headers *headers, const struct settings *settings, const char *hostname);

/*
 * Adds the next field, top first. The value has its folds, and no final line break. Of the fields
 * after the limits only one thing is known: From: may be among them.
 */
void mail_headers_add(struct mail_headers *headers, struct text name, struct text value);

/*
 * Like mail_headers_add for a field of which only the beginning of the value is known. It has no
 * results and no tokens, and makes the domains of From: unknown: a line break that some readers
 * take for the end of a field may be in the rest.
 */
void mail_headers_add_cut(struct mail_headers *headers, struct text name, struct text value);

/* Like mail_headers_add for a field that could not be read: any field, with any value. */
void mail_headers_add_unread(struct mail_headers *headers);

/* All fields have been added. */
void mail_headers_finish(struct mail_headers *headers);

/*
 * mailbox_domains_align() for the From: fields. True before mail_headers_finish, when there may be
 * more of them.
 */
bool mail_headers_align(const struct mail_headers *headers, const char *domain);

/*
 * True if a trusted result authenticates MAIL FROM: spf=pass for its address or domain, or
 * dkim=pass or dmarc=pass for a name with the same organizational domain. local is without quotes;
 * domain is as in the envelope, and empty for the null sender, which nothing authenticates.
 */
bool mail_headers_pass(const struct mail_headers *headers, struct text local, struct text domain);

/*
 * True if a trusted result is dmarc=pass for a From: domain with the same organizational domain as
 * domain.
 */
bool mail_headers_dmarc_pass(const struct mail_headers *headers, const char *domain);

/*
 * True if an SPF pass of this domain could let a forged From: pass DMARC: they are aligned, and no
 * trusted result says that DMARC has passed already.
 */
bool mail_headers_mislead(const struct mail_headers *headers, const char *domain);

/*
 * True if From: has known domains, and mail_headers_dmarc_pass holds for all of them. This judges
 * a message without a sender.
 */
bool mail_headers_dmarc_pass_all(const struct mail_headers *headers);

/*
 * The tokens of our gate, top first: n_tokens and token[]. They are x-srsd= of Received-SPF and
 * policy.x-srsd= of Authentication-Results with spf.authserv-id, wherever the field is, and consist
 * of letters, digits, '.' and '-'. Only srsd/forwarding/verdict_token.h makes them facts.
 */

#endif
