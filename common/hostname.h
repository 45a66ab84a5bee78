/* SPDX-License-Identifier: ISC */
/* hostname - the domain of a mail address, and the name of this host. Pure. */
#ifndef COMMON_HOSTNAME_H
#define COMMON_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

/* The longest name as text, without the final dot (RFC 1035, 2.3.4: 255 octets on the wire). */
#define HOSTNAME_MAX 253

/*
 * True for a domain of a mail address: labels of letters, digits, '-', '_' and bytes above 0x7f
 * (the U-labels of SMTPUTF8), separated by single dots, of 1 to HOSTNAME_MAX bytes in total. One
 * label is enough. An address literal is not a domain.
 */
/*@ requires \valid_read(s + (0 .. len - 1));
    assigns \nothing;
    ensures \result == \true ==> 0 < len <= HOSTNAME_MAX; */
bool hostname_is_mail_domain(const char *s, size_t len);

/*
 * True for a fully qualified name of this host: at least two labels of 1 to 63 ASCII letters,
 * digits and inner hyphens, the last of which does not consist of digits (RFC 5321, 2.3.5).
 */
bool hostname_is_fqdn(const char *s, size_t len);

/*
 * The length of a name without its trailing dot, which marks an absolute name and is not a part of
 * it (RFC 1034, 3.1). Postfix also removes it from an envelope address. The length of "." and of a
 * name that ends in two dots is len. name may be NULL if len is 0.
 */
size_t hostname_length(const char *name, size_t len);

/* Converts ASCII letters to lower case, in place. Other bytes remain (RFC 4343). */
void hostname_lower(char *s, size_t len);

/* True if name equals parent or is a subdomain of it, in any case. */
bool hostname_is_within(const char *name, size_t len, const char *parent, size_t parent_len);

#endif
