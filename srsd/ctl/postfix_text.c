/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/xmalloc.h"
#include "srsd/ctl/postfix_text.h"

#define SEPARATORS " \t\r\n,"

/* Restriction classes may name each other. Postfix limits the depth, too. */
#define CLASS_DEPTH 8

/* Limit of all classes: a class that names itself 30 times would be followed 30^8 times. */
#define CLASSES_MAX 1000

bool
postfix_word(const char **s, char word[POSTFIX_WORD_SIZE])
{
	size_t n = 0;
	int depth = 0;

	*s += strspn(*s, SEPARATORS);
	if (**s == '\0')
		return false;
	for (; **s != '\0' && (depth > 0 || strchr(SEPARATORS, **s) == NULL); (*s)++) {
		depth += **s == '{';
		depth -= **s == '}' && depth > 0;
		if (n < POSTFIX_WORD_SIZE - 1)
			word[n++] = **s;
	}
	word[n] = '\0';
	return true;
}

bool
postfix_list_has(const char *list, const char *word)
{
	char got[POSTFIX_WORD_SIZE];

	while (postfix_word(&list, got))
		if (strcasecmp(got, word) == 0)
			return true;
	return false;
}

bool
postfix_list_has_unknown(const char *list, const char *const *known, char word[POSTFIX_WORD_SIZE])
{
	size_t i;

	while (postfix_word(&list, word)) {
		for (i = 0; known[i] != NULL && strcmp(known[i], word) != 0; i++)
			;
		if (known[i] == NULL)
			return true;
	}
	return false;
}

/* copy_inside - the text inside the braces around a word; false: it has none */
static bool
copy_inside(const char *word, char inside[POSTFIX_WORD_SIZE])
{
	size_t len = strlen(word);

	if (len < 2 || word[0] != '{' || word[len - 1] != '}')
		return false;
	strlcpy(inside, word + 1, POSTFIX_WORD_SIZE);
	inside[len - 2] = '\0';
	return true;
}

void
postfix_policy_endpoint(const char *word, char endpoint[POSTFIX_WORD_SIZE])
{
	char inside[POSTFIX_WORD_SIZE];
	const char *s = inside;

	if (!copy_inside(word, inside))
		strlcpy(endpoint, word, POSTFIX_WORD_SIZE);
	else if (!postfix_word(&s, endpoint))
		endpoint[0] = '\0';
}

/* copy_option - the value of "name = value", if it has this name */
static void
copy_option(const char *option, const char *name, char value[POSTFIX_WORD_SIZE])
{
	size_t len = strlen(name);

	option += strspn(option, SEPARATORS);
	if (strncmp(option, name, len) != 0)
		return;
	option += len;
	option += strspn(option, SEPARATORS);
	if (*option++ != '=')
		return;
	option += strspn(option, SEPARATORS);
	strlcpy(value, option, POSTFIX_WORD_SIZE);
	for (len = strlen(value); len > 0 && strchr(SEPARATORS, value[len - 1]) != NULL; len--)
		value[len - 1] = '\0';
}

bool
postfix_word_option(const char *word, const char *name, char value[POSTFIX_WORD_SIZE])
{
	char inside[POSTFIX_WORD_SIZE], option[POSTFIX_WORD_SIZE], part[POSTFIX_WORD_SIZE];
	const char *s = inside;

	value[0] = '\0';
	if (!copy_inside(word, inside) || !postfix_word(&s, option))
		return false;
	while (postfix_word(&s, option))
		copy_option(copy_inside(option, part) ? part : option, name, value);
	return value[0] != '\0';
}

long
postfix_seconds(const char *time)
{
	static const struct {
		char unit;
		long seconds;
	} units[] = { { '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 } };
	size_t len = strspn(time, "0123456789"), i;
	char digits[8];

	if (len == 0 || len >= sizeof(digits) || (time[len] != '\0' && time[len + 1] != '\0'))
		return -1;
	memcpy(digits, time, len);
	digits[len] = '\0';
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ascii_tolower(time[len]) == units[i].unit)
			return strtol(digits, NULL, 10) * units[i].seconds;
	return -1;
}

/* State of a walk through lists of restrictions. */
struct walk {
	bool (*is_ours)(void *arg, const char *endpoint);
	const char *(*class_of)(void *arg, const char *name);
	void *arg;
	bool guarded;     /* a restriction has rejected mail for foreign domains */
	bool ended;       /* the rest of the list is not evaluated */
	bool guards;      /* one of this list has */
	bool asked;       /* this list has asked srsd before that */
	unsigned classes; /* followed so far */
	enum postfix_place place;
};

static bool
is_guard(const char *word)
{
	return strcasecmp(word, "reject_unauth_destination") == 0 ||
	       strcasecmp(word, "defer_unauth_destination") == 0;
}

static bool
is_end(const char *word)
{
	return strcasecmp(word, "permit") == 0 || strcasecmp(word, "reject") == 0 ||
	       strcasecmp(word, "defer") == 0;
}

static void
note_policy_service(struct walk *w)
{
	if (w->place != POSTFIX_NOWHERE && w->place != POSTFIX_UNREACHED)
		return;
	w->place = w->ended ? POSTFIX_UNREACHED : w->guarded ? POSTFIX_RIGHT : POSTFIX_TOO_EARLY;
	w->asked = w->place == POSTFIX_RIGHT && !w->guards;
}

static void
note_guard(struct walk *w)
{
	w->guarded = w->guards = true;
	if (w->asked && !w->ended && w->place == POSTFIX_RIGHT)
		w->place = POSTFIX_BEFORE_ANOTHER;
}

static void
walk_restrictions(struct walk *w, const char *list, int depth)
{
	char word[POSTFIX_WORD_SIZE], endpoint[POSTFIX_WORD_SIZE];
	bool only_warns = false;
	const char *class;

	while (postfix_word(&list, word)) {
		if (strcasecmp(word, "check_policy_service") == 0) {
			if (!postfix_word(&list, word))
				return;
			postfix_policy_endpoint(word, endpoint);
			if (w->is_ours(w->arg, endpoint))
				note_policy_service(w);
		} else if (!only_warns && is_guard(word)) {
			note_guard(w);
		} else if (!only_warns && is_end(word)) {
			w->ended = true;
		} else if (depth < CLASS_DEPTH && w->classes < CLASSES_MAX &&
			   (class = w->class_of(w->arg, word)) != NULL) {
			w->classes++;
			walk_restrictions(w, class, depth + 1);
		}
		only_warns = strcasecmp(word, "warn_if_reject") == 0;
	}
}

enum postfix_place
postfix_policy_place(const char *const lists[], size_t n,
    bool (*is_ours)(void *arg, const char *endpoint),
    const char *(*class_of)(void *arg, const char *name), void *arg)
{
	struct walk w = { .is_ours = is_ours, .class_of = class_of, .arg = arg };
	size_t i;

	for (i = 0; i < n; i++) {
		w.ended = w.guards = w.asked = false; /* a permit ends its own list alone */
		walk_restrictions(&w, lists[i], 0);
	}
	return w.place;
}

/* copy_next_field - of a line of master.cf; false when it is missing or too long */
static bool
copy_next_field(const char **s, char *text, size_t size)
{
	size_t len;

	*s += strspn(*s, " \t");
	len = strcspn(*s, " \t");
	if (len == 0 || len >= size)
		return false;
	memcpy(text, *s, len);
	text[len] = '\0';
	*s += len;
	return true;
}

bool
postfix_service_parse(struct postfix_service *service, const char *line)
{
	char skipped[64];
	const char *s = line;

	memset(service, 0, sizeof(*service));
	if (line[0] == ' ' || line[0] == '\t' || line[0] == '#')
		return false;
	if (!copy_next_field(&s, service->name, sizeof(service->name)) ||
	    !copy_next_field(&s, service->type, sizeof(service->type)) ||
	    !copy_next_field(&s, skipped, sizeof(skipped)) ||
	    !copy_next_field(&s, skipped, sizeof(skipped)) ||
	    !copy_next_field(&s, service->chroot, sizeof(service->chroot)) ||
	    !copy_next_field(&s, skipped, sizeof(skipped)) ||
	    !copy_next_field(&s, skipped, sizeof(skipped)) ||
	    !copy_next_field(&s, service->command, sizeof(service->command)))
		return false;
	service->arguments = s + strspn(s, " \t");
	return true;
}

/* is_subdomain_of - parent has no leading dot */
static bool
is_subdomain_of(const char *domain, const char *parent)
{
	size_t len = strlen(domain), parent_len = strlen(parent);

	return parent_len > 0 && len > parent_len + 1 && domain[len - parent_len - 1] == '.' &&
	       strcasecmp(domain + len - parent_len, parent) == 0;
}

/*
 * find_in_table - the domain or one above it, which has a leading dot, ".test", unless subdomains
 * match by themselves
 */
static int
find_in_table(const char *table, const char *domain, enum postfix_match match,
    int (*look_up)(void *arg, const char *table, const char *key), void *arg)
{
	int answer = look_up(arg, table, domain);

	while (answer == 0 && match != POSTFIX_MATCH_EXACT &&
	       (domain = strchr(domain + 1, '.')) != NULL)
		answer = look_up(arg, table, domain + (match == POSTFIX_MATCH_SUBDOMAIN));
	return answer;
}

static int
match_domain(const char *pattern, const char *domain, enum postfix_match match,
    int (*look_up)(void *arg, const char *table, const char *key), void *arg)
{
	if (pattern[0] == '/' || strchr(pattern, ':') != NULL)
		return find_in_table(pattern, domain, match, look_up, arg);
	if (strcasecmp(pattern, domain) == 0)
		return 1;
	switch (match) {
	case POSTFIX_MATCH_DOT:
		return pattern[0] == '.' && is_subdomain_of(domain, pattern + 1);
	case POSTFIX_MATCH_SUBDOMAIN:
		return is_subdomain_of(domain, pattern);
	default:
		return 0;
	}
}

int
postfix_domain_in(const char *list, const char *domain, enum postfix_match match,
    int (*look_up)(void *arg, const char *table, const char *key), void *arg)
{
	char word[POSTFIX_WORD_SIZE];
	bool known = true, negated;
	int answer;

	while (postfix_word(&list, word)) {
		negated = word[0] == '!';
		answer = match_domain(word + negated, domain, match, look_up, arg);
		if (answer == 1)
			return negated ? 0 : 1;
		known &= answer != -1;
	}
	return known ? 0 : -1;
}

static bool
is_on_loopback(const struct postfix_service *service)
{
	static const char *const loopback[] = { "127.", "localhost:", "[::1]:", "::1:" };
	size_t i;

	for (i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
		if (strncmp(service->name, loopback[i], strlen(loopback[i])) == 0)
			return true;
	return false;
}

const char *
postfix_service_port(const struct postfix_service *service)
{
	const char *port = strrchr(service->name, ':');

	return port == NULL ? service->name : port + 1;
}

/* is_user_port - for the mail of the site's own users */
static bool
is_user_port(const char *port)
{
	static const char *const ports[] = { "submission", "submissions", "smtps", "587", "465" };
	size_t i;

	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (strcmp(port, ports[i]) == 0)
			return true;
	return false;
}

bool
postfix_is_public(const struct postfix_service *service)
{
	return !is_on_loopback(service) && strcmp(service->command, "smtpd") == 0 &&
	       (strcmp(service->type, "inet") == 0 || strcmp(service->type, "pass") == 0) &&
	       !is_user_port(postfix_service_port(service));
}

bool
postfix_is_hop(const struct postfix_service *service)
{
	const char *port = postfix_service_port(service);

	if (strcmp(service->command, "smtpd") != 0 || strcmp(service->type, "inet") != 0)
		return false;
	return is_on_loopback(service) ||
	       (!is_user_port(port) && strcmp(port, "smtp") != 0 && strcmp(port, "25") != 0);
}

void
postfix_lines_split(struct postfix_lines *lines, char *text)
{
	char *rest = text, *line;

	memset(lines, 0, sizeof(*lines));
	lines->text = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		lines->line = xreallocarray(lines->line, lines->n + 1, sizeof(char *));
		lines->line[lines->n++] = line;
	}
}

void
postfix_lines_free(struct postfix_lines *lines)
{
	free(lines->line);
	free(lines->text);
	memset(lines, 0, sizeof(*lines));
}

const char *
postfix_lines_value(const struct postfix_lines *lines, const char *name)
{
	size_t i, len = strlen(name);
	const char *s;

	for (i = 0; i < lines->n; i++) {
		s = lines->line[i];
		if (strncmp(s, name, len) != 0)
			continue;
		s += len;
		s += strspn(s, " ");
		if (*s == '=')
			return s + 1 + strspn(s + 1, " ");
	}
	return NULL;
}

const char *
postfix_lines_override(const struct postfix_lines *lines, const char *parameter, size_t number,
    char service[POSTFIX_WORD_SIZE])
{
	size_t i, len = strlen(parameter);
	const char *line, *slash, *value;

	for (i = 0; i < lines->n; i++) {
		line = lines->line[i];
		value = strstr(line, " = ");
		if (value == NULL)
			continue;
		for (slash = value; slash > line && *slash != '/'; slash--)
			;
		if ((size_t)(value - slash) != len + 1 || strncmp(slash + 1, parameter, len) != 0 ||
		    number-- > 0)
			continue;
		snprintf(service, POSTFIX_WORD_SIZE, "%.*s", (int)(slash - line), line);
		return value + 3;
	}
	return NULL;
}

const char *
postfix_find_error(char *err)
{
	char *line;

	while ((line = strsep(&err, "\n")) != NULL)
		if (strstr(line, ": fatal: ") != NULL || strstr(line, ": error: ") != NULL)
			return line;
	return "";
}
