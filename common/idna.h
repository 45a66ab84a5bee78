/* SPDX-License-Identifier: ISC */
/*
 * idna - convert domain names of SMTPUTF8 mail to the form of the DNS.
 *
 * RFC 8616 requires A-labels for every lookup. This is the only user of libidn2.
 */
#ifndef COMMON_IDNA_H
#define COMMON_IDNA_H

#include <stdbool.h>
#include <stddef.h>

#include "common/hostname.h"

/*
 * Writes the name with its U-labels converted to A-labels, and a NUL. An ASCII name is only copied.
 * Returns its length, or 0 if the name is too long, or not valid in IDNA2008, and so cannot be
 * looked up.
 */
size_t idna_to_ascii(char ascii[HOSTNAME_MAX + 1], const char *name, size_t len);

#endif
