/* SPDX-License-Identifier: ISC */
/*
 * domainset - a set of domains, exact ("x.org") or "all subdomains of" (".x.org", which does not
 * hold x.org itself), as postsrsd writes them. U-labels and their A-labels are one name. A look-up
 * costs one probe a label of the name asked for, whatever the size of the set.
 */
#ifndef COMMON_DOMAINSET_H
#define COMMON_DOMAINSET_H

#include <stdbool.h>
#include <stddef.h>

struct domainset;

struct domainset *domainset_new(void);
void domainset_free(struct domainset **);

/*
 * Adds one entry, in any case. False when what follows the optional leading dot is no mail
 * domain; adding one twice is no error.
 */
bool domainset_add(struct domainset *, const char *entry, size_t len);

/*
 * Adds the entries of a domains file: one a line, blanks around it ignored, '#' begins a
 * comment. False for a bad line, whose number (from 1) is in *line.
 */
bool domainset_add_lines(struct domainset *, const char *text, size_t len, unsigned *line);

bool domainset_contains(const struct domainset *, const char *domain, size_t len);
size_t domainset_size(const struct domainset *);

#endif
