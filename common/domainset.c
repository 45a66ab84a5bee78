/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/hostname.h"
#include "common/idna.h"
#include "common/xmalloc.h"

/*
 * xmalloc, because uthash would end the process without a message if memory is exhausted. FNV,
 * because it is the hash of uthash that compiles without warnings. An attacker could compute
 * collisions, but the operator chooses the names.
 */
#define uthash_malloc(size) xmalloc(size)
#define HASH_FUNCTION HASH_FNV
#include <uthash.h>

#include "common/domainset.h"

struct domain_entry {
	UT_hash_handle hh;
	char name[]; /* canonical, with the leading dot of the entry, if any */
};

struct domainset {
	struct domain_entry *head;
};

struct domainset *
domainset_new(void)
{
	return xcalloc(1, sizeof(struct domainset));
}

void
domainset_free(struct domainset **set)
{
	struct domain_entry *d, *next;

	if (*set == NULL)
		return;
	HASH_ITER (hh, (*set)->head, d, next) {
		HASH_DEL((*set)->head, d);
		free(d);
	}
	free(*set);
	*set = NULL;
}

static bool
has_domain_name(const struct domainset *set, const char *name, size_t len)
{
	struct domain_entry *d;

	HASH_FIND(hh, set->head, name, (unsigned)len, d);
	return d != NULL;
}

/*
 * make_canonical_name - convert a name to A-labels and lower case; returns its length
 *
 * A name that is not valid in IDNA2008 keeps its bytes. len is at most HOSTNAME_MAX.
 */
static size_t
make_canonical_name(char name[HOSTNAME_MAX + 1], const char *domain, size_t len)
{
	size_t n = ascii_only(domain, len) ? 0 : idna_to_ascii(name, domain, len);

	if (n == 0) {
		memcpy(name, domain, len);
		name[len] = '\0';
		n = len;
	}
	hostname_lower(name, n);
	return n;
}

bool
domainset_add(struct domainset *set, const char *entry, size_t len)
{
	size_t dot = len > 0 && entry[0] == '.';
	char name[1 + HOSTNAME_MAX + 1] = ".";
	const char *key = name + 1 - dot;
	struct domain_entry *d;

	if (!hostname_is_mail_domain(entry + dot, len - dot))
		return false;
	len = make_canonical_name(name + 1, entry + dot, len - dot) + dot;
	if (has_domain_name(set, key, len))
		return true;
	d = xmalloc(sizeof(*d) + len + 1);
	memcpy(d->name, key, len + 1);
	HASH_ADD_KEYPTR(hh, set->head, d->name, (unsigned)len, d);
	return true;
}

static bool
is_surrounding_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
add_domains_line(struct domainset *set, const char *s, const char *end)
{
	const char *hash = memchr(s, '#', (size_t)(end - s));

	if (hash != NULL)
		end = hash;
	while (s < end && is_surrounding_blank(*s))
		s++;
	while (end > s && is_surrounding_blank(end[-1]))
		end--;
	return s == end || domainset_add(set, s, (size_t)(end - s));
}

bool
domainset_add_lines(struct domainset *set, const char *text, size_t len, unsigned *line)
{
	const char *s = text, *end = text + len, *nl;

	for (*line = 1; s < end; s = nl + 1, (*line)++) {
		nl = memchr(s, '\n', (size_t)(end - s));
		if (nl == NULL)
			nl = end;
		if (!add_domains_line(set, s, nl))
			return false;
	}
	return true;
}

bool
domainset_contains(const struct domainset *set, const char *domain, size_t len)
{
	char name[HOSTNAME_MAX + 1];
	const char *s = name, *end;

	if (set->head == NULL || len == 0 || len > HOSTNAME_MAX)
		return false;
	len = make_canonical_name(name, domain, len);
	end = name + len;
	if (has_domain_name(set, name, len))
		return true;
	while ((s = memchr(s + 1, '.', (size_t)(end - s) - 1)) != NULL)
		if (has_domain_name(set, s, (size_t)(end - s)))
			return true;
	return false;
}

bool
domainset_contains_literal(const struct domainset *set, const char *domain, size_t len)
{
	char name[HOSTNAME_MAX + 1];

	/* An entry with a leading dot is not a name. */
	if (set->head == NULL || len == 0 || len > HOSTNAME_MAX || domain[0] == '.')
		return false;
	len = make_canonical_name(name, domain, len);
	return has_domain_name(set, name, len);
}

const char *
domainset_find(const struct domainset *set, bool (*wanted)(void *arg, const char *entry), void *arg)
{
	const struct domain_entry *d;

	for (d = set->head; d != NULL; d = d->hh.next)
		if (wanted(arg, d->name))
			return d->name;
	return NULL;
}

size_t
domainset_size(const struct domainset *set)
{
	return HASH_COUNT(set->head);
}
