/* SPDX-License-Identifier: ISC */
/*
 * import_postsrsd1 - /etc/default/postsrsd, as postsrsd 1.x and its launcher took it
 *
 * What they made of each value was measured with Debian's 1.10-2.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/xmalloc.h"
#include "srsd/ctl/import/import_options.h"
#include "srsd/ctl/import/import_postsrsd.h"
#include "srsd/ctl/import/shell_text.h"

#define HASH_LEAST 4
#define HASH_MOST 27

enum variable {
	SRS_DOMAIN,
	SRS_EXCLUDE_DOMAINS,
	SRS_SEPARATOR,
	SRS_SECRET,
	SRS_HASHLENGTH,
	SRS_HASHMIN,
	SRS_LISTEN_ADDR,
	SRS_FORWARD_PORT,
	SRS_REVERSE_PORT,
	RUN_AS,
	CHROOT,
	SRS_EXTRA_OPTIONS,
	N_VARIABLES,
};

static const char *const names[N_VARIABLES] = {
	[SRS_DOMAIN] = "SRS_DOMAIN",
	[SRS_EXCLUDE_DOMAINS] = "SRS_EXCLUDE_DOMAINS",
	[SRS_SEPARATOR] = "SRS_SEPARATOR",
	[SRS_SECRET] = "SRS_SECRET",
	[SRS_HASHLENGTH] = "SRS_HASHLENGTH",
	[SRS_HASHMIN] = "SRS_HASHMIN",
	[SRS_LISTEN_ADDR] = "SRS_LISTEN_ADDR",
	[SRS_FORWARD_PORT] = "SRS_FORWARD_PORT",
	[SRS_REVERSE_PORT] = "SRS_REVERSE_PORT",
	[RUN_AS] = "RUN_AS",
	[CHROOT] = "CHROOT",
	[SRS_EXTRA_OPTIONS] = "SRS_EXTRA_OPTIONS",
};

/* What the file says of a variable, in the end. */
struct said {
	unsigned line; /* 0: nothing */
	char *value;
	bool unclear; /* it says something, and nobody knows what */
	/* NAME=VALUE COMMAND behind that: what was meant, and did not come to be */
	unsigned meant_line;
	char *meant;
};

struct reading {
	struct import *im;
	const char *file;
	import_mydomain_fn *mydomain;
	struct said said[N_VARIABLES];
	char *former; /* an SRS_DOMAIN that a later line replaces; NULL: none */
	unsigned former_line;
};

static struct import_origin
origin_at(const struct reading *r, unsigned line, const char *name)
{
	return (struct import_origin){ r->file, line, name };
}

static struct import_origin
origin_of(const struct reading *r, enum variable v)
{
	return origin_at(r, r->said[v].line, names[v]);
}

/* value_of - what a variable holds, or what the launcher gives it */
static const char *
value_of(const struct reading *r, enum variable v, const char *preset)
{
	return r->said[v].line == 0 ? preset : r->said[v].value;
}

static void
say(struct said *said, unsigned line, const char *value)
{
	free(said->value);
	free(said->meant);
	said->value = xstrdup(value);
	said->line = line;
	said->meant = NULL;
	said->unclear = false;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* is_mydomain - is what was written `postconf -h mydomain`, and nothing else? */
static bool
is_mydomain(const char *written)
{
	static const char *const known[] = { "`postconf -h mydomain`",
		"`postconf -h mydomain || true`", "`postconf -h mydomain 2>/dev/null`",
		"$(postconf -h mydomain)", "$(postconf -h mydomain || true)",
		"$(postconf -h mydomain 2>/dev/null)" };
	const char *value = strchr(written, '=') + 1;
	size_t i, len, quoted = *value == '"';

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		len = strlen(known[i]);
		if (begins(value + quoted, known[i]) && strlen(value) == len + 2 * quoted)
			return true;
	}
	return false;
}

/* know - a value that is the outcome of a command: there is one that we know, too */
static void
know(struct reading *r, enum variable v, const struct shell_item *item)
{
	struct import_origin origin = origin_at(r, item->line, item->name);
	char *domain = NULL;

	if (v == SRS_DOMAIN && is_mydomain(item->text))
		domain = r->mydomain();
	say(&r->said[v], domain == NULL ? 0 : item->line, domain == NULL ? "" : domain);
	if (domain == NULL) {
		r->said[v].unclear = true;
		import_leave(r->im, &origin,
		    "%s: only running this tells the value, and it is not run", item->text);
	}
	free(domain);
}

/* remember_domain - a domain that a later line replaces was the SRS domain once */
static void
remember_domain(struct reading *r, const char *new_domain)
{
	const struct said *said = &r->said[SRS_DOMAIN];

	if (said->line == 0 || said->value[0] == '\0' || strcmp(said->value, new_domain) == 0)
		return;
	free(r->former);
	r->former = xstrdup(said->value);
	r->former_line = said->line;
}

/* on_variable - the file says something of a variable that the launcher reads */
static void
on_variable(struct reading *r, enum variable v, const struct shell_item *item)
{
	struct import_origin origin = origin_at(r, item->line, item->name);

	switch (item->kind) {
	case SHELL_SET:
		if (v == SRS_DOMAIN)
			remember_domain(r, item->value);
		say(&r->said[v], item->line, item->value);
		break;
	case SHELL_UNKNOWN:
		know(r, v, item);
		break;
	case SHELL_FOR:
		free(r->said[v].meant);
		xasprintf(&r->said[v].meant, "%s %s", item->value, item->text);
		r->said[v].meant_line = item->line;
		break;
	case SHELL_MAYBE:
		r->said[v].unclear = r->said[v].line == 0;
		import_leave(r->im, &origin, "%s: it stands under a condition", item->text);
		break;
	case SHELL_COMMAND:
		break;
	}
}

static void
on_item(void *arg, const struct shell_item *item)
{
	struct reading *r = arg;
	struct import_origin origin = origin_at(r, item->line, item->name);
	enum variable v = 0;

	if (item->kind == SHELL_COMMAND && import_postsrsd2_has_line(item->text)) {
		import_leave(r->im, &origin,
		    "%s: a line of postsrsd 2, which postsrsd 1 does not read; to take it over, "
		    "move it to postsrsd.conf, or set that option here",
		    item->text);
		return;
	}
	if (item->kind == SHELL_COMMAND) {
		import_leave(r->im, &origin,
		    "%s: a command; it is not run here, and what it may "
		    "set is not known",
		    item->text);
		return;
	}
	while (v < N_VARIABLES && strcmp(names[v], item->name) != 0)
		v++;
	if (v < N_VARIABLES)
		on_variable(r, v, item);
	else if (item->kind != SHELL_FOR)
		import_leave(r->im, &origin, "postsrsd's launcher does not read it");
}

/* split - the words of a list between blanks, commas and semicolons; text is cut up */
static const char **
split(char *text, size_t *n)
{
	const char **words = xcalloc(strlen(text) + 1, sizeof(*words));
	char *word;

	*n = 0;
	while ((word = strsep(&text, ",; \t\r\n")) != NULL)
		if (*word != '\0')
			words[(*n)++] = word;
	return words;
}

static void
take_domain(struct reading *r)
{
	const struct conf_option *o = import_option(NULL, "srs-domain");
	struct import_origin origin = origin_of(r, SRS_DOMAIN);
	char *domain;

	/* An empty one is none: to us that would mean the first of the domains. */
	if (value_of(r, SRS_DOMAIN, "")[0] != '\0') {
		import_set_text(r->im, &origin, o, r->said[SRS_DOMAIN].value);
		return;
	}
	if (r->said[SRS_DOMAIN].unclear)
		return;
	domain = r->mydomain();
	origin = (struct import_origin){ "postsrsd", 0, "(postconf -h mydomain)" };
	if (domain != NULL)
		import_set_text(r->im, &origin, o, domain);
	free(domain);
}

/* take_former_domain - only the operator knows whether addresses of it are still in use */
static void
take_former_domain(struct reading *r)
{
	const struct conf_option *o = import_option(NULL, "reverse-domains");
	struct import_origin origin = origin_at(r, r->former_line, names[SRS_DOMAIN]);
	const char *former = r->former;

	import_note(r->im, o, "%s", POSTSRSD_REVERSE_NOTE);
	if (former != NULL)
		import_choose(r->im, &origin, o, &former, 1,
		    "a later line replaces it; bounces may still come to it if it was in use");
	free(r->former);
}

/* take_excluded - the domains, and those that the shell kept from postsrsd */
static void
take_excluded(struct reading *r)
{
	const struct conf_option *o = import_option(NULL, "domains");
	struct import_origin origin = origin_of(r, SRS_EXCLUDE_DOMAINS);
	const struct said *said = &r->said[SRS_EXCLUDE_DOMAINS];
	char *copy = xstrdup(value_of(r, SRS_EXCLUDE_DOMAINS, ""));
	const char **words;
	size_t n;

	words = split(copy, &n);
	if (said->line != 0)
		import_set_good(r->im, &origin, o, words, n);
	free(words);
	free(copy);
	if (said->meant == NULL)
		return;
	copy = xstrdup(said->meant);
	words = split(copy, &n);
	origin.line = said->meant_line;
	import_choose(r->im, &origin, o, words, n,
	    "without quotes the shell took the first word for the environment of a command, which "
	    "is the second, so that postsrsd heard of none of these");
	free(words);
	free(copy);
}

/* take_meant - NAME=VALUE COMMAND for a variable that is no list */
static void
take_meant(struct reading *r, enum variable v)
{
	struct import_origin origin = origin_at(r, r->said[v].meant_line, names[v]);

	if (r->said[v].meant != NULL && v != SRS_EXCLUDE_DOMAINS)
		import_leave(r->im, &origin,
		    "%s=%s: without quotes the shell took it for the environment of a command, "
		    "and postsrsd did not hear of it",
		    names[v], r->said[v].meant);
}

static void
take_separator(struct reading *r)
{
	struct import_origin origin = origin_of(r, SRS_SEPARATOR);
	char first[2] = { r->said[SRS_SEPARATOR].line == 0 ? '=' : *r->said[SRS_SEPARATOR].value };

	if (origin.line != 0)
		import_set_text(r->im, &origin, import_option(NULL, "separator"), first);
}

static void
take_secret(struct reading *r)
{
	const struct conf_option *o = import_option(NULL, "secrets-file");
	struct import_origin origin = origin_of(r, SRS_SECRET);

	if (r->said[SRS_SECRET].unclear)
		return;
	if (origin.line == 0)
		origin = (struct import_origin){ "postsrsd", 0, names[SRS_SECRET] };
	if (import_set_text(r->im, &origin, o, value_of(r, SRS_SECRET, POSTSRSD_SECRET)))
		import_note(r->im, o, "%s", POSTSRSD_SECRET_NOTE);
}

/* hash_number - as postsrsd reads it, with atoi(3); 0 when it is not said */
static long
hash_number(const struct reading *r, enum variable v)
{
	return strtol(value_of(r, v, "0"), NULL, 10);
}

static long
within(long n, long least, long most)
{
	return n < least ? least : n > most ? most : n;
}

/* take_hash - that the minimum is not more than the length, import_complete sees to */
static void
take_hash(struct reading *r, enum variable v, const char *option)
{
	const struct conf_option *o = import_option(NULL, option);
	struct import_origin origin = origin_of(r, v);
	long said = hash_number(r, v), n = within(said, HASH_LEAST, HASH_MOST);

	if (origin.line == 0)
		return;
	import_set_number(r->im, &origin, o, n);
	if (n > said)
		import_note(r->im, o, "It was %ld, which is too easy to guess.%s", said,
		    v == SRS_HASHMIN ? " Addresses with so short a hash do not come back." : "");
	else if (n < said)
		import_note(r->im, o, "It was %ld; a hash has 27 characters%s.", said,
		    v == SRS_HASHLENGTH ? ", and postsrsd goes on with what lies behind it in its "
					  "memory"
					: "");
}

/* take_endpoint - inet:ADDRESS:PORT of a map */
static void
take_endpoint(struct reading *r, enum variable port, const char *preset, const char *option)
{
	enum variable said = r->said[port].line != 0 ? port : SRS_LISTEN_ADDR;
	const char *address = value_of(r, SRS_LISTEN_ADDR, "127.0.0.1");
	struct import_origin origin = origin_of(r, said);
	bool v6 = strchr(address, ':') != NULL;
	char *text;

	if (origin.line == 0)
		return;
	xasprintf(&text, v6 ? "inet:[%s]:%s" : "inet:%s:%s",
	    address[0] == '\0' ? "127.0.0.1" : address, value_of(r, port, preset));
	import_set_text(r->im, &origin, import_option(NULL, option), text);
	free(text);
}

/* take_option - one of postsrsd's own, in SRS_EXTRA_OPTIONS */
static void
take_option(struct reading *r, int letter, const char *value)
{
	struct import_origin origin = origin_of(r, SRS_EXTRA_OPTIONS);
	const struct conf_option *idle = import_option(NULL, "idle-timeout");

	switch (letter) {
	case 'A':
		import_set_text(r->im, &origin, import_option(NULL, "always-rewrite"), "true");
		break;
	case 't':
		import_set_number(
		    r->im, &origin, idle, within(strtol(value, NULL, 10), idle->min, idle->max));
		break;
	case 'p':
		import_leave(
		    r->im, &origin, "-p %s: srsd has no pid file unless pid-file is set", value);
		break;
	case '4':
	case '6':
	case 'D':
	case 'e':
	case '?':
		import_leave(r->im, &origin, "-%c: has no meaning for srsd",
		    letter == '?' ? optopt : letter);
		break;
	default:
		import_leave(r->im, &origin,
		    "-%c: the launcher gives it once more behind these, and the last one counts",
		    letter);
	}
}

/* take_options - the words of SRS_EXTRA_OPTIONS, which the launcher does not quote */
static void
take_options(struct reading *r)
{
	static const char known[] = "+46d:a:l:f:r:s:n:N:u:t:p:c:X::ADhev";
	char *copy = xstrdup(value_of(r, SRS_EXTRA_OPTIONS, ""));
	char **argv, *word, *rest = copy;
	int letter, argc = 1;

	argv = xcalloc(strlen(copy) + 3, sizeof(*argv));
	argv[0] = rest;
	while ((word = strsep(&rest, " \t\n")) != NULL)
		if (*word != '\0')
			argv[argc++] = word;
	optind = 0; /* getopt(3) of glibc: begin anew */
	opterr = 0;
	while ((letter = getopt(argc, argv, known)) != -1)
		take_option(r, letter, optarg);
	opterr = 1;
	free(argv);
	free(copy);
}

static void
leave_rest(struct reading *r)
{
	struct import_origin origin = origin_of(r, RUN_AS);

	if (origin.line != 0)
		import_leave(r->im, &origin, "%s: srsd has a user of its own, unprivileged-user",
		    r->said[RUN_AS].value);
	origin = origin_of(r, CHROOT);
	if (origin.line != 0)
		import_leave(r->im, &origin,
		    "%s: srsd locks itself in otherwise; see chroot-dir in srsd.conf(5)",
		    r->said[CHROOT].value);
}

void
import_postsrsd1(
    struct import *im, const char *file, const char *text, import_mydomain_fn *mydomain)
{
	struct reading r = { .im = im, .file = file, .mydomain = mydomain };
	enum variable v;

	import_add_file(im, file);
	shell_text_read(text, on_item, &r);
	take_domain(&r);
	take_former_domain(&r);
	take_excluded(&r);
	take_separator(&r);
	take_secret(&r);
	take_hash(&r, SRS_HASHLENGTH, "hash-length");
	take_hash(&r, SRS_HASHMIN, "hash-minimum");
	take_endpoint(&r, SRS_FORWARD_PORT, "10001", "forward");
	take_endpoint(&r, SRS_REVERSE_PORT, "10002", "reverse");
	take_options(&r);
	leave_rest(&r);
	for (v = 0; v < N_VARIABLES; v++) {
		take_meant(&r, v);
		free(r.said[v].value);
		free(r.said[v].meant);
	}
}
