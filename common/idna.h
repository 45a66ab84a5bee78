/* SPDX-License-Identifier: ISC */
/*
 * idna - domain names of SMTPUTF8 mail as the DNS has them (RFC 8616: A-labels before any
 * look-up). The only user of libidn2.
 */
#ifndef COMMON_IDNA_H
#define COMMON_IDNA_H

#include <stdbool.h>
#include <stddef.h>

#include "common/hostname.h"

/*
 * Writes the name with its U-labels turned into A-labels; an ASCII name as it is. Returns its
 * length, or 0 when it is too long or no valid IDNA2008 name: then there is nothing to look up.
 */
size_t idna_to_ascii(char ascii[HOSTNAME_MAX + 1], const char *name, size_t len);

#endif
