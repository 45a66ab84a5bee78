/* SPDX-License-Identifier: ISC */
/*
 * orgdomain - the organizational domain of a name (RFC 7489, 3.2): one label below a public suffix
 * of the list at publicsuffix.org. The only user of libpsl.
 */
#ifndef COMMON_ORGDOMAIN_H
#define COMMON_ORGDOMAIN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Finds the organizational domain of a name of len bytes, in any case and with U-labels or
 * A-labels; one trailing dot is ignored. *org points into name. False, with *org unset, when there
 * is none: the name is a public suffix itself, or no domain.
 */
bool orgdomain_of(const char *name, size_t len, const char **org, size_t *org_len);

/* True when two names have the same organizational domain. */
bool orgdomain_is_shared(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
