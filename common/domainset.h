/* SPDX-License-Identifier: ISC */
/*
 * domainset - a set of domains.
 *
 * An entry is a domain ("x.org"), or all subdomains of one (".x.org", which does not contain x.org
 * itself). This is the notation of postsrsd. A U-label and its A-label are the same name. A lookup
 * makes one probe per label of the name, whatever the size of the set. Pure.
 */
#ifndef COMMON_DOMAINSET_H
#define COMMON_DOMAINSET_H

#include <stdbool.h>
#include <stddef.h>

struct domainset;

/* An empty set. The caller frees it. */
struct domainset *domainset_new(void);

/* Sets *set to NULL; it may be NULL. */
void domainset_free(struct domainset **set);

/*
 * Adds one entry, in any case, which may already be in the set. False if the text after the
 * optional leading dot is not a mail domain (common/hostname.h).
 */
bool domainset_add(struct domainset *set, const char *entry, size_t len);

/*
 * Adds the entries of a domains file: one per line, with optional blanks around it. '#' starts a
 * comment. False for an invalid line: *line is its number, counted from 1. The entries of the lines
 * before it remain in the set.
 */
bool domainset_add_lines(struct domainset *set, const char *text, size_t len, unsigned *line);

/* True if an entry contains the domain, in any case and without a trailing dot. */
bool domainset_contains(const struct domainset *set, const char *domain, size_t len);

/* The same for entries without a leading dot alone: the domain itself is an entry. */
bool domainset_contains_literal(const struct domainset *set, const char *domain, size_t len);

/*
 * The first entry, in any order, for which wanted() is true; NULL if it is true for none. It is in
 * A-labels and lower case, with its leading dot if it has one, and belongs to the set. Takes time
 * in proportion to the size of the set.
 */
const char *domainset_find(
    const struct domainset *set, bool (*wanted)(void *arg, const char *entry), void *arg);

/* The number of entries. */
size_t domainset_size(const struct domainset *set);

#endif
