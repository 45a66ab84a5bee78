/* SPDX-License-Identifier: ISC */
/*
 * postfix_text - lists and services as Postfix writes them in main.cf and master.cf, and the output
 * of postconf(1). Pure.
 */
#ifndef SRSD_CTL_POSTFIX_TEXT_H
#define SRSD_CTL_POSTFIX_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Longer elements of lists are cut. They cannot be an endpoint or a table of srsd. */
#define POSTFIX_WORD_SIZE 1024

/*
 * Copies the next element of a list to word, and moves *s past it. Blanks and commas separate the
 * elements, except inside braces. False at the end of the list.
 */
bool postfix_word(const char **s, char word[POSTFIX_WORD_SIZE]);

/* True when word is an element of the list; case does not matter. */
bool postfix_list_has(const char *list, const char *word);

/*
 * True when an element of the list is not one of the known words, an array that ends with NULL; it
 * is copied to word. Case matters: "Envelope_Sender" makes a daemon exit (name_mask() of Postfix).
 */
bool postfix_list_has_unknown(
    const char *list, const char *const *known, char word[POSTFIX_WORD_SIZE]);

/*
 * The endpoint that the argument of check_policy_service or a word of smtpd_milters names: word
 * itself, or the first element of "{ endpoint, options }". "" for empty braces.
 */
void postfix_policy_endpoint(const char *word, char endpoint[POSTFIX_WORD_SIZE]);

/*
 * Copies the value of an option of such a word, as "name=value" or "{ name = value }" after the
 * endpoint; the last one counts (attr_override() of Postfix). False when the word does not have it.
 */
bool postfix_word_option(const char *word, const char *name, char value[POSTFIX_WORD_SIZE]);

/*
 * The seconds of a time such as "30", "30s", "5m", "1h", "1d" or "1w"; -1 for any other text. Without
 * a unit it is in seconds.
 */
long postfix_seconds(const char *time);

enum postfix_place {
	POSTFIX_NOWHERE,
	POSTFIX_UNREACHED,      /* after an unconditional permit, reject or defer */
	POSTFIX_TOO_EARLY,      /* before any restriction that rejects mail for foreign domains */
	POSTFIX_BEFORE_ANOTHER, /* after one in an earlier list, before one in the same list */
	POSTFIX_RIGHT,
};

/*
 * Finds the first check_policy_service with an endpoint that is_ours accepts, in n lists of
 * restrictions that are evaluated in this order. class_of returns the list of a restriction class,
 * or NULL for any other word. arg is passed to both.
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
	const char *arguments; /* the rest of the line that was parsed, after the command */
};

/* False for a line that is not a service, such as a comment or a continuation line. */
bool postfix_service_parse(struct postfix_service *service, const char *line);

/* How the names of a list match (match_list(3) of Postfix). */
enum postfix_match {
	POSTFIX_MATCH_EXACT,     /* mydestination, virtual_alias_domains, virtual_mailbox_domains */
	POSTFIX_MATCH_DOT,       /* ".parent" matches all names below parent */
	POSTFIX_MATCH_SUBDOMAIN, /* "parent" matches itself and all names below it */
};

/*
 * Whether a list of domains holds one: 1 yes, 0 no, -1 unknown. "!name" excludes a name. look_up
 * looks for a key in a table, and returns the same three values; arg is passed to it. A file,
 * "/path", counts as a table.
 */
int postfix_domain_in(const char *list, const char *domain, enum postfix_match match,
    int (*look_up)(void *arg, const char *table, const char *key), void *arg);

/*
 * True for an smtpd(8) that accepts mail from strangers. Others, on ports 465 and 587 or on the
 * loopback interface, are for the site's own users and filters, and need no SPF check.
 */
bool postfix_is_public(const struct postfix_service *service);

/*
 * True for an smtpd(8) to which other daemons of Postfix pass mail: on the loopback interface, or on
 * another port than 25, 465 and 587.
 */
bool postfix_is_hop(const struct postfix_service *service);

/* The port of an inet service, a number or a name: what follows the last ':', or the whole name. */
const char *postfix_service_port(const struct postfix_service *service);

/* Lines of "name = value". Starts zeroed. */
struct postfix_lines {
	size_t n;
	char **line;
	char *text; /* holds the lines */
};

/* Splits a text into lines. It must be from malloc(3); lines owns it from now on. */
void postfix_lines_split(struct postfix_lines *lines, char *text);

/* Frees the text and the array of lines. */
void postfix_lines_free(struct postfix_lines *lines);

/* The value of the first line of this name, in lines; NULL when there is no such line. */
const char *postfix_lines_value(const struct postfix_lines *lines, const char *name);

/*
 * In lines of postconf -P, "service/type/parameter = value": the value of number 0, 1, ... for this
 * parameter, in lines, with "service/type" in service. NULL after the last one.
 */
const char *postfix_lines_override(const struct postfix_lines *lines, const char *parameter,
    size_t number, char service[POSTFIX_WORD_SIZE]);

/*
 * In the standard error of a Postfix command: the first line that reports an error, in err, which
 * is cut into lines. Warnings do not count, because a valid main.cf may cause them. "" when there
 * is no error.
 */
const char *postfix_find_error(char *err);

#endif
