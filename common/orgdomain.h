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

/*
 * True if any reader may find that two names are aligned (RFC 7489, 3.1): they are equal, or have
 * the same organizational domain by the public suffixes of registries alone. The others, such as
 * those of hosting companies, are missing in some copies of the list, and do not exist for the tree
 * walk of RFC 9989, 4.10. Also true if one of them is not a domain.
 */
bool orgdomain_may_be_aligned(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
