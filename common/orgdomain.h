/* SPDX-License-Identifier: ISC */
/*
 * orgdomain - the organizational domain of a name (RFC 7489, 3.2).
 *
 * It has one label more than a public suffix of the list at publicsuffix.org. This is the only user
 * of libpsl.
 */
#ifndef COMMON_ORGDOMAIN_H
#define COMMON_ORGDOMAIN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Finds the organizational domain of a name of len bytes, in any case and with U-labels or
 * A-labels; one trailing dot is ignored. *org points into name. False if the name is itself a
 * public suffix, or not a domain; *org is then unchanged.
 */
bool orgdomain_of(const char *name, size_t len, const char **org, size_t *org_len);

/* True if two names have the same organizational domain. */
bool orgdomain_is_shared(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
