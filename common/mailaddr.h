/* SPDX-License-Identifier: ISC */
/*
 * mailaddr - envelope addresses, in the two forms that Postfix sends. Pure.
 *
 * External form (the maps): the local part is quoted where RFC 5321 needs it,
 *	"john doe"@x.org	"a@b"@x.org
 * Internal form (the policy service): the same addresses without quotes,
 *	john doe@x.org		a@b@x.org
 * Both give the same local part and domain: the domain begins after the last '@' that is not
 * inside quotes, and one trailing dot is not part of it. Bytes above 0x7f (SMTPUTF8) are accepted.
 * Control characters are refused, because they end a line in the protocols that carry addresses.
 */
#ifndef COMMON_MAILADDR_H
#define COMMON_MAILADDR_H

#include <stddef.h>

/*
 * The longest address in external form: a Path of 256 octets without its angle brackets (RFC 5321,
 * 4.5.3.1.3).
 */
#define MAILADDR_MAX 254
#define MAILADDR_SIZE (MAILADDR_MAX + 1)

struct mailaddr {
	size_t local_len;
	size_t domain_len;
	char local[MAILADDR_SIZE]; /* without quotes; NUL-terminated */
	char domain
	    [MAILADDR_SIZE]; /* in its original case, without a trailing dot; NUL-terminated */
};

/* The two sides of an address, as parts of its text. */
struct mailaddr_parts {
	const char *local;
	size_t local_len;
	const char *domain;
	size_t domain_len; /* 0: the address has no domain */
};

enum mailaddr_status {
	MAILADDR_OK,
	MAILADDR_NULL,     /* the null sender: an empty text, <> or "" */
	MAILADDR_INVALID,  /* no domain, empty local part, control characters, bad quoting */
	MAILADDR_TOO_LONG, /* the local part has more than MAILADDR_MAX bytes */
};

/* Parses an address in external form. *addr is defined only for MAILADDR_OK. */
enum mailaddr_status mailaddr_parse_external(struct mailaddr *addr, const char *s, size_t len);

/*
 * Splits an address in internal form as Postfix's trivial-rewrite(8) completes it. Without an '@',
 * "site!user" is user@site (swap_bangpath); otherwise "user%site" is user@site
 * (allow_percent_hack). Postfix delivers and forwards such mail under that address, so SPF must
 * check that address. Nothing is validated. The parts point into s.
 */
void mailaddr_split(struct mailaddr_parts *parts, const char *s, size_t len);

/*
 * Writes the external form and a NUL. The local part is quoted unless it is a dot-string (RFC 5321,
 * 4.1.2); bytes above 0x7f are atom text (RFC 6531, 3.3). Returns the length, or 0 with an empty
 * text if it would exceed MAILADDR_MAX.
 */
size_t mailaddr_format(char buf[MAILADDR_SIZE], const char *local, size_t local_len,
    const char *domain, size_t domain_len);

#endif
