/* SPDX-License-Identifier: ISC */
/*
 * mailaddr - an envelope address, in the two forms that Postfix sends.
 *
 * External form (the maps): the local part is quoted where RFC 5321 needs it,
 *	"john doe"@x.org	"a@b"@x.org
 * Internal form (the policy service): the same addresses without quotes,
 *	john doe@x.org		a@b@x.org
 * Both give the same local part and domain: the domain begins after the last '@' that is not
 * inside quotes, and one trailing dot is no part of it. Bytes above 0x7f (SMTPUTF8) pass; control
 * characters never do, because they end lines in every protocol that carries an address.
 */
#ifndef COMMON_MAILADDR_H
#define COMMON_MAILADDR_H

#include <stddef.h>

/* Longest address in external form: a Path of 256 octets less its angle brackets
 * (RFC 5321, 4.5.3.1.3). */
#define MAILADDR_MAX 254
#define MAILADDR_SIZE (MAILADDR_MAX + 1)

struct mailaddr {
	size_t local_len;
	size_t domain_len;
	char local[MAILADDR_SIZE];  /* without quotes; NUL-terminated */
	char domain[MAILADDR_SIZE]; /* as given but for a trailing dot; NUL-terminated */
};

/* The two sides of an address, in its own text. */
struct mailaddr_parts {
	const char *local;
	size_t local_len;
	const char *domain;
	size_t domain_len; /* 0: the address has no domain */
};

enum mailaddr_status {
	MAILADDR_OK,
	MAILADDR_NULL,    /* the null sender: nothing, <> or "" */
	MAILADDR_INVALID, /* no domain, empty local part, control characters, bad quoting */
	MAILADDR_TOO_LONG,
};

/* The address is filled in only for MAILADDR_OK. */
enum mailaddr_status mailaddr_parse_external(struct mailaddr *addr, const char *s, size_t len);

/*
 * Splits an address in internal form the way Postfix's trivial-rewrite(8) completes it. Without an
 * '@', "site!user" is user@site (swap_bangpath), else "user%site" is user@site
 * (allow_percent_hack): Postfix delivers and forwards such mail under that name, so it is judged
 * under that name. Nothing is validated. The parts point into s.
 */
void mailaddr_split(struct mailaddr_parts *parts, const char *s, size_t len);

/*
 * Writes the external form, the local part quoted when it is no dot-string (RFC 5321, 4.1.2;
 * bytes above 0x7f count as atom text, RFC 6531, 3.3), and a NUL. Returns its length, or 0 when
 * that is over MAILADDR_MAX.
 */
size_t mailaddr_format(char buf[MAILADDR_SIZE], const char *local, size_t local_len,
    const char *domain, size_t domain_len);

#endif
