/* SPDX-License-Identifier: ISC */
/*
 * import_postsrsd1 - /etc/default/postsrsd, as postsrsd 1.x and its launcher apply it
 *
 * The effect of each value has been tested with Debian's postsrsd 1.10-2.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/ascii.h"
#include "common/xmalloc.h"
#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_clients.h"
#include "srsd/ctl/import/import_postsrsd.h"
#include "srsd/ctl/import/shell_text.h"

#define HASH_SHORTEST 4
#define HASH_LONGEST 27

enum postsrsd1_variable {
	VAR_DOMAIN,
	VAR_EXCLUDE_DOMAINS,
	VAR_SEPARATOR,
	VAR_SECRET,
	VAR_HASHLENGTH,
	VAR_HASHMIN,
	VAR_LISTEN_ADDR,
	VAR_FORWARD_PORT,
	VAR_REVERSE_PORT,
	VAR_RUN_AS,
	VAR_CHROOT,
	VAR_EXTRA_OPTIONS,
	N_VARIABLES,
};

static const struct {
	const char *name;
	const char *options[2]; /* of srsd, that depend on it */
} variables[N_VARIABLES] = {
	[VAR_DOMAIN] = { "SRS_DOMAIN", { "srs-domain" } },
	[VAR_EXCLUDE_DOMAINS] = { "SRS_EXCLUDE_DOMAINS", { "domains" } },
	[VAR_SEPARATOR] = { "SRS_SEPARATOR", { "separator" } },
	[VAR_SECRET] = { "SRS_SECRET", { "secrets-file" } },
	[VAR_HASHLENGTH] = { "SRS_HASHLENGTH", { "hash-length" } },
	[VAR_HASHMIN] = { "SRS_HASHMIN", { "hash-minimum" } },
	[VAR_LISTEN_ADDR] = { "SRS_LISTEN_ADDR", { "forward", "reverse" } },
	[VAR_FORWARD_PORT] = { "SRS_FORWARD_PORT", { "forward" } },
	[VAR_REVERSE_PORT] = { "SRS_REVERSE_PORT", { "reverse" } },
	[VAR_RUN_AS] = { "RUN_AS", { NULL } },
	[VAR_CHROOT] = { "CHROOT", { NULL } },
	[VAR_EXTRA_OPTIONS] = { "SRS_EXTRA_OPTIONS", { "always-rewrite", "idle-timeout" } },
};

/* The last value of a variable in the file. */
struct postsrsd1_value {
	unsigned line; /* 0: the file does not set it, or the value is unknown */
	char *text;
	unsigned
	    unknown_line; /* this line may set it, but is not understood; 0: the value is known */
};

struct postsrsd1_file {
	struct import *im;
	const char *path;
	import_mydomain_fn *mydomain;
	struct postsrsd1_value values[N_VARIABLES];
	char *former_domain; /* the value of SRS_DOMAIN that a later line replaces, or NULL */
	unsigned former_line;
};

static struct import_origin
origin_of_line(const struct postsrsd1_file *f, unsigned line, const char *name)
{
	return (struct import_origin){ f->path, line, name };
}

static struct import_origin
origin_of_variable(const struct postsrsd1_file *f, enum postsrsd1_variable v)
{
	return origin_of_line(f, f->values[v].line, variables[v].name);
}

static bool
is_set(const struct postsrsd1_file *f, enum postsrsd1_variable v)
{
	return f->values[v].line != 0;
}

static bool
is_unknown(const struct postsrsd1_file *f, enum postsrsd1_variable v)
{
	return f->values[v].unknown_line != 0;
}

/* value_or_preset - the value in the file, or the launcher's default */
static const char *
value_or_preset(const struct postsrsd1_file *f, enum postsrsd1_variable v, const char *preset)
{
	return is_set(f, v) ? f->values[v].text : preset;
}

/* remember_domain - a domain that a later line replaces may have been the SRS domain */
static void
remember_domain(struct postsrsd1_file *f, const char *new_domain)
{
	const struct postsrsd1_value *old = &f->values[VAR_DOMAIN];

	if (old->line == 0 || old->text[0] == '\0' || strcmp(old->text, new_domain) == 0)
		return;
	free(f->former_domain);
	f->former_domain = xstrdup(old->text);
	f->former_line = old->line;
}

static void
set_variable(struct postsrsd1_file *f, enum postsrsd1_variable v, unsigned line, const char *text)
{
	if (v == VAR_DOMAIN)
		remember_domain(f, text);
	free(f->values[v].text);
	f->values[v] = (struct postsrsd1_value){ .line = line, .text = xstrdup(text) };
}

static void
forget_variable(struct postsrsd1_file *f, enum postsrsd1_variable v, unsigned line)
{
	free(f->values[v].text);
	f->values[v] = (struct postsrsd1_value){ .unknown_line = line };
}

/* is_mydomain - does a statement set SRS_DOMAIN to the output of `postconf -h mydomain`? */
static bool
is_mydomain(const char *text)
{
	static const char *const commands[] = { "`postconf -h mydomain`",
		"`postconf -h mydomain || true`", "`postconf -h mydomain 2>/dev/null`",
		"$(postconf -h mydomain)", "$(postconf -h mydomain || true)",
		"$(postconf -h mydomain 2>/dev/null)" };
	static const char keyword[] = "export ", name[] = "SRS_DOMAIN=";
	size_t i, len, quoted;

	if (strncmp(text, keyword, sizeof(keyword) - 1) == 0)
		text += sizeof(keyword) - 1;
	if (strncmp(text, name, sizeof(name) - 1) != 0)
		return false;
	text += sizeof(name) - 1;
	quoted = text[0] == '"';
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		len = strlen(commands[i]);
		if (strncmp(text + quoted, commands[i], len) == 0 &&
		    strcmp(text + quoted + len, quoted ? "\"" : "") == 0)
			return true;
	}
	return false;
}

static bool
continues_name(char c)
{
	return ascii_isalpha(c) || ascii_isdigit(c) || c == '_';
}

/* may_set_variable - does a statement contain the name of a variable, other than as $NAME? */
static bool
may_set_variable(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *s = text;

	for (; (s = strstr(s, name)) != NULL; s += len)
		if ((s == text || (s[-1] != '$' && !continues_name(s[-1]))) &&
		    !continues_name(s[len]))
			return true;
	return false;
}

static bool
reads_another_file(const char *text)
{
	return strncmp(text, ". ", 2) == 0 || strncmp(text, "source ", 7) == 0;
}

/* skip_statement - one that is not understood */
static void
skip_statement(struct postsrsd1_file *f, const struct shell_statement *statement)
{
	struct import_origin origin = origin_of_line(f, statement->line, NULL);
	enum postsrsd1_variable v;

	if (import_postsrsd2_has_line(statement->text))
		import_skip(f->im, &origin,
		    "%s: a line for postsrsd 2, which postsrsd 1 does not read. To import it, move it "
		    "to postsrsd.conf.",
		    statement->text);
	else if (statement->block != 0)
		import_skip(f->im, &origin, "not understood, because line %u may begin a block: %s",
		    statement->block, statement->text);
	else if (reads_another_file(statement->text))
		import_skip_unknown(f->im, &origin,
		    "not executed: %s. The variables of that file are not known.", statement->text);
	else
		import_skip(
		    f->im, &origin, "not understood, and not executed: %s", statement->text);
	for (v = 0; v < N_VARIABLES; v++)
		if (may_set_variable(statement->text, variables[v].name))
			forget_variable(f, v, statement->line);
}

static void
set_mydomain(struct postsrsd1_file *f, const struct shell_statement *statement)
{
	struct import_origin origin = origin_of_line(f, statement->line, "SRS_DOMAIN");
	char *domain = f->mydomain();

	if (domain != NULL) {
		set_variable(f, VAR_DOMAIN, statement->line, domain);
	} else {
		forget_variable(f, VAR_DOMAIN, statement->line);
		import_skip(f->im, &origin, "postconf -h mydomain prints no domain");
	}
	free(domain);
}

static void
on_statement(void *arg, const struct shell_statement *statement)
{
	struct postsrsd1_file *f = arg;
	struct import_origin origin = origin_of_line(f, statement->line, statement->name);
	enum postsrsd1_variable v = 0;

	if (statement->name == NULL && statement->block == 0 && is_mydomain(statement->text)) {
		set_mydomain(f, statement);
		return;
	}
	if (statement->name == NULL) {
		skip_statement(f, statement);
		return;
	}
	while (v < N_VARIABLES && strcmp(variables[v].name, statement->name) != 0)
		v++;
	if (v < N_VARIABLES)
		set_variable(f, v, statement->line, statement->value);
	else
		import_skip(f->im, &origin, "postsrsd's launcher does not read this variable");
}

/* report_unknown - mark the options that depend on a variable with an unknown value */
static void
report_unknown(struct postsrsd1_file *f, enum postsrsd1_variable v)
{
	struct import_origin origin =
	    origin_of_line(f, f->values[v].unknown_line, variables[v].name);
	size_t i;

	if (!is_unknown(f, v))
		return;
	for (i = 0; i < 2 && variables[v].options[i] != NULL; i++)
		import_set_unknown(f->im, &origin, import_option(NULL, variables[v].options[i]));
}

/* split_list - the words between blanks, commas and semicolons; it writes to text */
static const char **
split_list(char *text, size_t *n)
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
import_domain(struct postsrsd1_file *f)
{
	const struct conf_option *o = import_option(NULL, "srs-domain");
	struct import_origin origin = origin_of_variable(f, VAR_DOMAIN);
	char *domain;

	if (is_unknown(f, VAR_DOMAIN))
		return;
	/* If it is empty, srsd would use the first of domains; postsrsd's launcher asks Postfix. */
	if (value_or_preset(f, VAR_DOMAIN, "")[0] != '\0') {
		import_set_text(f->im, &origin, o, f->values[VAR_DOMAIN].text);
		return;
	}
	domain = f->mydomain();
	origin = (struct import_origin){ "postsrsd", 0, "SRS_DOMAIN (postconf -h mydomain)" };
	if (domain != NULL)
		import_set_text(f->im, &origin, o, domain);
	free(domain);
}

/* offer_former_domain1 - only the operator knows whether addresses in it are still in use */
static void
offer_former_domain1(const struct postsrsd1_file *f)
{
	const struct conf_option *o = import_option(NULL, "reverse-domains");
	struct import_origin origin = origin_of_line(f, f->former_line, "SRS_DOMAIN");
	const char *former = f->former_domain;

	import_note(f->im, o, "%s", POSTSRSD_REVERSE_NOTE);
	if (former != NULL)
		import_offer(f->im, &origin, o, &former, 1, "%s", POSTSRSD_FORMER_NOTE);
}

static void
import_excluded_domains(struct postsrsd1_file *f)
{
	struct import_origin origin = origin_of_variable(f, VAR_EXCLUDE_DOMAINS);
	const char **words;
	size_t n;

	if (!is_set(f, VAR_EXCLUDE_DOMAINS))
		return;
	words = split_list(f->values[VAR_EXCLUDE_DOMAINS].text, &n);
	import_set_valid_items(f->im, &origin, import_option(NULL, "domains"), words, n);
	free(words);
}

/* import_separator - postsrsd uses the first character */
static void
import_separator(struct postsrsd1_file *f)
{
	struct import_origin origin = origin_of_variable(f, VAR_SEPARATOR);
	char first[2] = { value_or_preset(f, VAR_SEPARATOR, "")[0] };

	if (is_set(f, VAR_SEPARATOR))
		import_set_text(f->im, &origin, import_option(NULL, "separator"), first);
}

static void
import_secret1(struct postsrsd1_file *f)
{
	const struct conf_option *o = import_option(NULL, "secrets-file");
	struct import_origin origin = origin_of_variable(f, VAR_SECRET);

	if (is_unknown(f, VAR_SECRET))
		return;
	if (!is_set(f, VAR_SECRET))
		origin.file = "postsrsd";
	if (import_set_text(f->im, &origin, o, value_or_preset(f, VAR_SECRET, POSTSRSD_SECRET)))
		import_note(f->im, o, "%s", POSTSRSD_SECRET_NOTE);
}

static long
clamp_number(long n, long least, long most)
{
	return n < least ? least : n > most ? most : n;
}

/* import_hash_number - import_complete ensures that the minimum does not exceed the length */
static void
import_hash_number(struct postsrsd1_file *f, enum postsrsd1_variable v)
{
	const struct conf_option *o = import_option(NULL, variables[v].options[0]);
	struct import_origin origin = origin_of_variable(f, v);
	long given = strtol(value_or_preset(f, v, "0"), NULL, 10); /* postsrsd uses atoi(3) */
	long n = clamp_number(given, HASH_SHORTEST, HASH_LONGEST);

	if (!is_set(f, v))
		return;
	import_set_number(f->im, &origin, o, n);
	if (n > given)
		import_note(f->im, o,
		    "The value was %ld: such a short hash is too easy to guess.%s", given,
		    v == VAR_HASHMIN ? " srsd does not accept addresses that have one." : "");
	else if (n < given)
		import_note(f->im, o, "The value was %ld, but a hash has 27 characters.%s", given,
		    v == VAR_HASHLENGTH ? " postsrsd added bytes from the memory after it." : "");
}

/* import_map_endpoint - inet:ADDRESS:PORT */
static void
import_map_endpoint(struct postsrsd1_file *f, enum postsrsd1_variable port, const char *preset)
{
	enum postsrsd1_variable given = is_set(f, port) ? port : VAR_LISTEN_ADDR;
	const char *address = value_or_preset(f, VAR_LISTEN_ADDR, "127.0.0.1");
	struct import_origin origin = origin_of_variable(f, given);
	bool is_v6 = strchr(address, ':') != NULL;
	char *text;

	if (!is_set(f, given) || is_unknown(f, port) || is_unknown(f, VAR_LISTEN_ADDR))
		return;
	xasprintf(&text, is_v6 ? "inet:[%s]:%s" : "inet:%s:%s",
	    address[0] == '\0' ? "127.0.0.1" : address, value_or_preset(f, port, preset));
	if (import_set_text(
		f->im, &origin, import_option(NULL, variables[port].options[0]), text)) {
		origin = origin_of_variable(f, VAR_LISTEN_ADDR);
		import_clients_admit(f->im, &origin, text);
	}
	free(text);
}

/* import_extra_option - an option of postsrsd(8) in SRS_EXTRA_OPTIONS */
static void
import_extra_option(struct postsrsd1_file *f, int letter, const char *value)
{
	struct import_origin origin = origin_of_variable(f, VAR_EXTRA_OPTIONS);
	const struct conf_option *idle = import_option(NULL, "idle-timeout");

	switch (letter) {
	case 'A':
		import_set_text(f->im, &origin, import_option(NULL, "always-rewrite"), "true");
		break;
	case 't':
		import_set_number(f->im, &origin, idle,
		    clamp_number(strtol(value, NULL, 10), idle->min, idle->max));
		break;
	case 'p':
		import_skip(
		    f->im, &origin, "-p %s: srsd writes a pid file only if pid-file is set", value);
		break;
	case '4':
	case '6':
	case 'D':
	case 'e':
	case '?':
		import_skip(
		    f->im, &origin, "-%c: does not apply to srsd", letter == '?' ? optopt : letter);
		break;
	default:
		import_skip(f->im, &origin,
		    "-%c: had no effect, because the launcher passes it again after these options",
		    letter);
	}
}

/* import_extra_options - the words of SRS_EXTRA_OPTIONS, which the launcher does not quote */
static void
import_extra_options(struct postsrsd1_file *f)
{
	static const char known[] = "+46d:a:l:f:r:s:n:N:u:t:p:c:X::ADhev";
	char *copy = xstrdup(value_or_preset(f, VAR_EXTRA_OPTIONS, ""));
	char **argv, *word, *rest = copy;
	int letter, argc = 1;

	argv = xcalloc(strlen(copy) + 3, sizeof(*argv));
	argv[0] = rest;
	while ((word = strsep(&rest, " \t\n")) != NULL)
		if (*word != '\0')
			argv[argc++] = word;
	optind = 0; /* glibc: start again */
	opterr = 0;
	while ((letter = getopt(argc, argv, known)) != -1)
		import_extra_option(f, letter, optarg);
	opterr = 1;
	free(argv);
	free(copy);
}

static void
skip_unused_variables(struct postsrsd1_file *f)
{
	struct import_origin origin = origin_of_variable(f, VAR_RUN_AS);

	if (is_set(f, VAR_RUN_AS))
		import_skip(f->im, &origin, "%s: srsd has its own user; see unprivileged-user",
		    f->values[VAR_RUN_AS].text);
	origin = origin_of_variable(f, VAR_CHROOT);
	if (is_set(f, VAR_CHROOT))
		import_skip(f->im, &origin,
		    "%s: srsd has its own sandbox; see chroot-dir in srsd.conf(5)",
		    f->values[VAR_CHROOT].text);
}

void
import_postsrsd1(
    struct import *im, const char *file, const char *text, import_mydomain_fn *mydomain)
{
	struct postsrsd1_file f = { .im = im, .path = file, .mydomain = mydomain };
	enum postsrsd1_variable v;

	import_add_file(im, file);
	shell_text_read(text, on_statement, &f);
	import_domain(&f);
	offer_former_domain1(&f);
	import_excluded_domains(&f);
	import_separator(&f);
	import_secret1(&f);
	import_hash_number(&f, VAR_HASHLENGTH);
	import_hash_number(&f, VAR_HASHMIN);
	import_map_endpoint(&f, VAR_FORWARD_PORT, "10001");
	import_map_endpoint(&f, VAR_REVERSE_PORT, "10002");
	import_extra_options(&f);
	skip_unused_variables(&f);
	for (v = 0; v < N_VARIABLES; v++) {
		report_unknown(&f, v);
		free(f.values[v].text);
	}
	free(f.former_domain);
}
