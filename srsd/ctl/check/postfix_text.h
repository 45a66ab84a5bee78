/* SPDX-License-Identifier: ISC */
/*
 * postfix_text - lists and services as Postfix writes them in main.cf and master.cf. Pure.
 */
#ifndef SRSD_CTL_CHECK_POSTFIX_TEXT_H
#define SRSD_CTL_CHECK_POSTFIX_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Elements that are longer are cut, and are none of ours then. */
#define POSTFIX_WORD_SIZE 1024

/*
 * The next element of a list: between blanks and commas, except those inside braces, which belong
 * to it. *s moves behind it. False at the end.
 */
bool postfix_word(const char **s, char word[POSTFIX_WORD_SIZE]);

/* True when one of the elements is word, without case. */
bool postfix_list_has(const char *list, const char *word);

/*
 * True when an element is none of the known words, which end with NULL; it is copied to word. Case
 * counts: name_mask() of Postfix ends the daemon that reads "Envelope_Sender".
 */
bool postfix_list_has_unknown(
    const char *list, const char *const *known, char word[POSTFIX_WORD_SIZE]);

/* What a check_policy_service names: its own first word when it is "{ endpoint, options }". */
void postfix_policy_endpoint(const char *word, char endpoint[POSTFIX_WORD_SIZE]);

enum postfix_place {
	POSTFIX_NOWHERE,
	POSTFIX_UNREACHED,      /* behind a permit or a reject for everybody */
	POSTFIX_TOO_EARLY,      /* before anything that rejects mail for others' domains */
	POSTFIX_BEFORE_ANOTHER, /* behind that, but before it is said once more in the same list */
	POSTFIX_RIGHT,
};

/*
 * Where check_policy_service asks an endpoint that is_ours says is ours, in lists of restrictions
 * that are evaluated one after the other; class_of gives the list of a restriction class, or NULL.
 */
enum postfix_place postfix_policy_place(const char *const lists[], size_t n,
    bool (*is_ours)(void *arg, const char *endpoint),
    const char *(*class_of)(void *arg, const char *name), void *arg);

/* A line of postconf -M. */
struct postfix_service {
	char name[256];
	char type[16];
	char chroot[4]; /* y, n or - */
	char command[64];
	const char *arguments; /* in the line: what follows the command */
};

/* False for a line that is none, such as one that continues another. */
bool postfix_service_parse(struct postfix_service *, const char *line);

/* How the names of a list match (match_list(3) of Postfix). */
enum postfix_match {
	POSTFIX_MATCH_EXACT,     /* mydestination, virtual_alias_domains, virtual_mailbox_domains */
	POSTFIX_MATCH_DOT,       /* ".parent" holds all names below it */
	POSTFIX_MATCH_SUBDOMAIN, /* "parent" holds itself and all names below it */
};

/*
 * Does a list of domains hold one? "!name" is one that it does not hold. look_up asks a table for a
 * key: 1 found, 0 not found, -1 unknown. A file, "/path", counts as a table. Returns the same.
 */
int postfix_domain_in(const char *list, const char *domain, enum postfix_match match,
    int (*look_up)(void *arg, const char *table, const char *key), void *arg);

/*
 * Is it an smtpd(8) for mail of strangers? What one's own users, filters and further hops send
 * needs no SPF.
 */
bool postfix_is_public(const struct postfix_service *);

#endif
