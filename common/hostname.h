/* SPDX-License-Identifier: ISC */
/*
 * hostname - what may stand behind the @ of an address, and what may be our own name.
 */
#ifndef COMMON_HOSTNAME_H
#define COMMON_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

/* Longest name in text form, without the final dot (RFC 1035, 2.3.4: 255 octets on the wire). */
#define HOSTNAME_MAX 253

/*
 * A domain as mail carries it: labels of letters, digits, '-', '_' and bytes above 0x7f (U-labels
 * of SMTPUTF8), separated by single dots, 1..HOSTNAME_MAX bytes. One label is enough. Address
 * literals are not domains.
 */
bool hostname_is_mail_domain(const char *, size_t len);

/*
 * A name for ourselves: ASCII letters, digits and inner hyphens, labels of 1..63, at least two of
 * them, the last one not all digits (RFC 5321, 2.3.5).
 */
bool hostname_is_fqdn(const char *, size_t len);

/*
 * The length of a name without its one trailing dot, which says that the name is complete and is no
 * part of it (RFC 1034, 3.1). Postfix removes it from an envelope address. "." and a name that ends
 * in two dots stay as they are.
 */
size_t hostname_length(const char *name, size_t len);

/* ASCII lower case in place; other bytes stay, as RFC 4343 has it. */
void hostname_lower(char *, size_t len);

/* True when name is parent, or ends in "." parent; without case. */
bool hostname_is_within(const char *name, size_t len, const char *parent, size_t parent_len);

#endif
