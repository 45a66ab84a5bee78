/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/attributes.h"
#include "common/hostname.h"
#include "common/idna.h"
#include "common/mailaddr.h"
#include "common/printable.h"
#include "common/xmalloc.h"

/*
 * The names are compared in any case, so that a lookup needs no copy of them. The hash is computed
 * here for the same reason, and uthash's own one is never called; this is the one that compiles
 * without warnings. An attacker could compute collisions, but the operator chooses the names.
 */
#define uthash_malloc(size) xmalloc(size)
#define HASH_FUNCTION HASH_FNV
#define HASH_KEYCMP(a, b, len) strncasecmp(a, b, len)
#include <uthash.h>

/* Most lookups find nothing, and walk the chain of a bucket to its end: keep it at one or two. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 5U

#include "conf/spf_sections.h"

/* A section, and the local part of its name if that is an address. */
struct section_entry {
	struct spf_section section; /* the first member */
	UT_hash_handle hh;          /* among the addresses of its domain */
	char *local;                /* NULL: the section of a domain */
	bool *is_set;               /* of each option */
};

/* A domain with a section, or with an address that has one. */
struct section_domain {
	UT_hash_handle hh;
	struct section_entry *own;       /* or NULL */
	struct section_entry *addresses; /* a hash table */
	char name[];                     /* in A-labels */
};

struct spf_sections {
	struct section_domain *domains; /* a hash table */
	struct section_entry **all;     /* in the order of the file */
	size_t n, room;
};

struct spf_sections *
spf_sections_new(void)
{
	return xcalloc(1, sizeof(struct spf_sections));
}

static void
free_section(struct section_entry *entry)
{
	const struct conf_option *o;

	for (o = option_table; o < option_table + option_count; o++)
		if (entry->is_set[o - option_table])
			option_spf_clear(&entry->section.spf, o);
	free(entry->section.name);
	free(entry->local);
	free(entry->is_set);
	free(entry);
}

void
spf_sections_free(struct spf_sections **sections)
{
	struct section_domain *domain, *next;
	size_t i;

	if (*sections == NULL)
		return;
	HASH_ITER (hh, (*sections)->domains, domain, next) {
		HASH_CLEAR(hh, domain->addresses);
		HASH_DEL((*sections)->domains, domain);
		free(domain);
	}
	for (i = 0; i < (*sections)->n; i++)
		free_section((*sections)->all[i]);
	free((*sections)->all);
	free(*sections);
	*sections = NULL;
}

/* In each byte, the bit in which a capital and a small letter differ. */
#define CASE_BITS UINT64_C(0x2020202020202020)

static inline uint64_t
mix_word(uint64_t hash, const char *s)
{
	uint64_t word;

	memcpy(&word, s, sizeof(word));
	hash = (hash ^ (word | CASE_BITS)) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* hash_name - in any case, eight bytes at a time; the last eight may overlap those before them */
static inline unsigned
hash_name(const char *s, size_t len)
{
	char last[sizeof(uint64_t)] = "";
	uint64_t hash = len;
	size_t i;

	for (i = 0; i + sizeof(uint64_t) < len; i += sizeof(uint64_t))
		hash = mix_word(hash, s + i);
	if (len >= sizeof(uint64_t))
		return (unsigned)mix_word(hash, s + len - sizeof(uint64_t));
	for (i = 0; i < len; i++)
		last[i] = s[i];
	return (unsigned)mix_word(hash, last);
}

static struct section_domain *
find_section_domain(const struct spf_sections *sections, const char *name, size_t len)
{
	struct section_domain *found;

	HASH_FIND_BYHASHVALUE(
	    hh, sections->domains, name, (unsigned)len, hash_name(name, len), found);
	return found;
}

static struct section_entry *
find_section_address(const struct section_domain *domain, const char *local, size_t len)
{
	struct section_entry *found;

	HASH_FIND_BYHASHVALUE(
	    hh, domain->addresses, local, (unsigned)len, hash_name(local, len), found);
	return found;
}

static struct section_domain *
add_section_domain(struct spf_sections *sections, const char *name, size_t len)
{
	struct section_domain *domain = find_section_domain(sections, name, len);

	if (domain != NULL)
		return domain;
	domain = xcalloc(1, sizeof(*domain) + len + 1);
	memcpy(domain->name, name, len + 1);
	HASH_ADD_KEYPTR_BYHASHVALUE(
	    hh, sections->domains, domain->name, (unsigned)len, hash_name(name, len), domain);
	return domain;
}

/* A character, and the ASCII letters that Postfix takes it for (case folding of Unicode). */
static const struct ascii_fold {
	const char *utf8, *ascii;
} ascii_folds[] = {
	{ "\305\277", "s" },      /* LONG S */
	{ "\303\237", "ss" },     /* SHARP S */
	{ "\341\272\236", "ss" }, /* CAPITAL SHARP S */
	{ "\342\204\252", "k" },  /* KELVIN SIGN */
	{ "\357\254\200", "ff" }, /* the LATIN SMALL LIGATUREs */
	{ "\357\254\201", "fi" },
	{ "\357\254\202", "fl" },
	{ "\357\254\203", "ffi" },
	{ "\357\254\204", "ffl" },
	{ "\357\254\205", "st" },
	{ "\357\254\206", "st" },
};

/* find_ascii_fold - of the character at s; NULL: it has none */
static const struct ascii_fold *
find_ascii_fold(const char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < sizeof(ascii_folds) / sizeof(ascii_folds[0]); i++) {
		n = strlen(ascii_folds[i].utf8);
		if (n <= len && memcmp(s, ascii_folds[i].utf8, n) == 0)
			return &ascii_folds[i];
	}
	return NULL;
}

/* fold_local - write a local part with the folds in it, which are never longer; returns its length */
static size_t
fold_local(char *folded, const char *local, size_t len)
{
	const struct ascii_fold *fold;
	size_t i = 0, n = 0;

	while (i < len) {
		fold = ascii_only(local + i, 1) ? NULL : find_ascii_fold(local + i, len - i);
		if (fold == NULL) {
			folded[n++] = local[i++];
			continue;
		}
		memcpy(folded + n, fold->ascii, strlen(fold->ascii));
		n += strlen(fold->ascii);
		i += strlen(fold->utf8);
	}
	return n;
}

/* A name that was parsed. */
struct section_name {
	char local[MAILADDR_MAX + 1]; /* folded; "": a domain */
	size_t local_len;
	size_t domain_len;
	char domain[HOSTNAME_MAX + 1]; /* in A-labels */
};

/* is_section_local - a local part without quotes, as the policy service gets it */
static bool
is_section_local(const char *local, size_t len)
{
	return len > 0 && len <= MAILADDR_MAX && local[0] != '"' &&
	       !printable_has_control(local, len);
}

static bool
parse_section_name(struct section_name *parsed, const char *name)
{
	const char *at = strrchr(name, '@'), *domain = at == NULL ? name : at + 1;
	size_t len = hostname_length(domain, strlen(domain));

	parsed->local_len = 0;
	if (at != NULL && !is_section_local(name, (size_t)(at - name)))
		return false;
	if (at != NULL)
		parsed->local_len = fold_local(parsed->local, name, (size_t)(at - name));
	parsed->local[parsed->local_len] = '\0';
	if (!hostname_is_mail_domain(domain, len))
		return false;
	parsed->domain_len = idna_to_ascii(parsed->domain, domain, len);
	return parsed->domain_len > 0;
}

static struct section_entry *
make_section(struct spf_sections *sections, const char *name)
{
	struct section_entry *entry = xcalloc(1, sizeof(*entry));

	entry->section.name = xstrdup(name);
	entry->is_set = xcalloc(option_count, sizeof(*entry->is_set));
	if (sections->n == sections->room) {
		sections->room = 2 * sections->room + 8;
		sections->all =
		    xreallocarray(sections->all, sections->room, sizeof(*sections->all));
	}
	sections->all[sections->n++] = entry;
	return entry;
}

struct spf_section *
spf_sections_add(struct spf_sections *sections, const char *name, char error[OPTION_ERROR_SIZE])
{
	struct section_domain *domain;
	struct section_name parsed;
	struct section_entry *entry, *same;

	if (!parse_section_name(&parsed, name)) {
		snprintf(error, OPTION_ERROR_SIZE,
		    "'%.100s' is not accepted as the name of a section; use a domain or an address "
		    "whose local part has no quotes",
		    name);
		return NULL;
	}
	domain = add_section_domain(sections, parsed.domain, parsed.domain_len);
	same = parsed.local_len == 0 ? domain->own
				     : find_section_address(domain, parsed.local, parsed.local_len);
	if (same != NULL) {
		snprintf(error, OPTION_ERROR_SIZE, "\"%.200s\" is given twice", name);
		return NULL;
	}
	entry = make_section(sections, name);
	if (parsed.local_len == 0) {
		domain->own = entry;
		return &entry->section;
	}
	entry->local = xstrndup(parsed.local, parsed.local_len);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, domain->addresses, entry->local, (unsigned)parsed.local_len,
	    hash_name(parsed.local, parsed.local_len), entry);
	return &entry->section;
}

static const struct section_entry *
get_section_entry(const struct spf_section *section)
{
	return (const struct section_entry *)section;
}

bool
spf_section_set(struct spf_section *section, const struct conf_option *o, const char *const *values,
    size_t n, char error[OPTION_ERROR_SIZE])
{
	if (!option_spf_set(&section->spf, o, values, n, error))
		return false;
	get_section_entry(section)->is_set[o - option_table] = true;
	return true;
}

bool
spf_section_has(const struct spf_section *section, const struct conf_option *o)
{
	return get_section_entry(section)->is_set[o - option_table];
}

static bool
sets_allow_list(const struct spf_section *section)
{
	return spf_section_has(section, option_find("spf", "helo-whitelist")) ||
	       spf_section_has(section, option_find("spf", "domain-whitelist")) ||
	       spf_section_has(section, option_find("spf", "domain-whitelist-ptr"));
}

static void
complete_section(struct spf_section *section, const struct spf_settings *spf)
{
	struct spf_settings own = section->spf;
	const struct conf_option *o;

	section->spf = *spf;
	for (o = option_table; o < option_table + option_count; o++)
		if (spf_section_has(section, o))
			option_spf_share(&section->spf, &own, o);
	section->own_lists = sets_allow_list(section);
}

void
spf_sections_complete(struct spf_sections *sections, const struct spf_settings *spf)
{
	size_t i;

	for (i = 0; i < sections->n; i++)
		complete_section(&sections->all[i]->section, spf);
}

/* find_folded_address - of a local part with characters that Postfix takes for ASCII letters */
NOINLINE static const struct section_entry *
find_folded_address(const struct section_domain *domain, struct text local)
{
	char folded[MAILADDR_MAX];

	if (ascii_only(local.s, local.len) || local.len > sizeof(folded))
		return NULL;
	return find_section_address(domain, folded, fold_local(folded, local.s, local.len));
}

static const struct section_entry *
find_exact_address(const struct section_domain *domain, struct text local)
{
	const struct section_entry *entry = find_section_address(domain, local.s, local.len);

	return entry != NULL ? entry : find_folded_address(domain, local);
}

/* find_address_section - with the extension of the local part, or without it */
static const struct section_entry *
find_address_section(const struct section_domain *domain, struct text local)
{
	const struct section_entry *entry = find_exact_address(domain, local);
	const char *plus;

	if (entry != NULL || local.len < 2)
		return entry;
	plus = memchr(local.s + 1, '+', local.len - 1);
	if (plus == NULL)
		return NULL;
	local.len = (size_t)(plus - local.s);
	return find_exact_address(domain, local);
}

/* find_converted_domain - of a name that is not ASCII, although that of the section may be */
NOINLINE static const struct section_domain *
find_converted_domain(const struct spf_sections *sections, struct text domain)
{
	char ascii[HOSTNAME_MAX + 1];
	size_t len;

	if (ascii_only(domain.s, domain.len))
		return NULL;
	len = idna_to_ascii(ascii, domain.s, domain.len);
	return len == 0 ? NULL : find_section_domain(sections, ascii, len);
}

static bool
has_route(struct text local)
{
	size_t i;

	for (i = 0; i < local.len; i++)
		if (local.s[i] == '@' || local.s[i] == '%' || local.s[i] == '!')
			return true;
	return false;
}

/*
 * follow_route - from "user%x.org" at a domain of this host to user at x.org
 *
 * trivial-rewrite(8) does so if the domain is in mydestination, or empty. For other domains,
 * smtpd(8) refuses such recipients. Without a domain in the local part, it keeps its own one.
 */
NOINLINE static void
follow_route(struct text *local, struct text *domain)
{
	struct mailaddr_parts parts;

	for (;;) {
		mailaddr_split(&parts, local->s, local->len);
		if (parts.local_len == local->len)
			return;
		local->s = parts.local;
		local->len = parts.local_len;
		if (parts.domain_len > 0) {
			domain->s = parts.domain;
			domain->len = parts.domain_len;
		}
	}
}

static const struct section_domain *
find_recipient_domain(const struct spf_sections *sections, struct text domain)
{
	const struct section_domain *found = find_section_domain(sections, domain.s, domain.len);

	return found != NULL ? found : find_converted_domain(sections, domain);
}

const struct spf_section *
spf_sections_find(const struct spf_sections *sections, struct text local, struct text domain)
{
	const struct section_entry *entry = NULL;
	const struct section_domain *found;

	if (sections == NULL)
		return NULL;
	found = find_recipient_domain(sections, domain);
	if (found != NULL && found->addresses != NULL)
		entry = find_address_section(found, local);
	if (entry == NULL && has_route(local)) {
		follow_route(&local, &domain);
		found = find_recipient_domain(sections, domain);
		if (found != NULL && found->addresses != NULL)
			entry = find_address_section(found, local);
	}
	if (entry == NULL && found != NULL)
		entry = found->own;
	return entry == NULL ? NULL : &entry->section;
}

const struct spf_section *
spf_sections_at(const struct spf_sections *sections, size_t number)
{
	return number < spf_sections_count(sections) ? &sections->all[number]->section : NULL;
}

size_t
spf_sections_count(const struct spf_sections *sections)
{
	return sections == NULL ? 0 : sections->n;
}

static void
print_section(const struct spf_section *section, FILE *out)
{
	const struct conf_option *o;

	fputs("spf ", out);
	option_print_quoted(section->name, out);
	fputs(" {\n", out);
	for (o = option_table; o < option_table + option_count; o++)
		if (spf_section_has(section, o))
			option_spf_print(&section->spf, o, out);
	fputs("}\n", out);
}

void
spf_sections_print(const struct spf_sections *sections, FILE *out)
{
	size_t i;

	for (i = 0; i < spf_sections_count(sections); i++)
		print_section(&sections->all[i]->section, out);
}
