/* SPDX-License-Identifier: ISC */
#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hostname.h"
#include "common/xmalloc.h"
#include "conf/config.h"
#include "conf/option.h"

/* A million domains with room to spare. */
#define DOMAINS_FILE_MAX (64 * 1024 * 1024)
#define CONFIG_FILE_MAX (16 * 1024 * 1024)

/*
 * Read as if it stood behind the file's last line. libconfuse takes the end of the file for the
 * end of a section, too; this option is known outside of it alone.
 */
#define SENTINEL "end-of-file"

/*
 * What the libconfuse callbacks work on: they carry no argument of ours. Set while one
 * configuration is parsed, and nowhere else.
 */
struct progress {
	int line;    /* where the option was last seen; 0: not yet */
	unsigned n;  /* values of a list so far */
	bool closed; /* its '}' was seen */
};

static struct {
	struct settings *settings;
	char *error;
	struct progress *progress; /* of each row of options[] */
	bool whole;                /* the sentinel was seen: the file was read to its end */
} parsing;

static void
say(char *error, const char *fmt, ...)
{
	va_list ap;

	if (error[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(error, CONFIG_ERROR_SIZE, fmt, ap);
	va_end(ap);
}

static const char *
section_of(const cfg_t *cfg)
{
	return strcmp(cfg->name, "spf") == 0 ? cfg->name : NULL;
}

/* say_accepted - append the names of all options of the section that libconfuse was in */
static void
say_accepted(const cfg_t *cfg)
{
	const char *section = section_of(cfg);
	const struct option *o;

	strlcat(parsing.error, "; accepted:", CONFIG_ERROR_SIZE);
	for (o = options; o < options + options_count; o++) {
		if (o->section == NULL ? section != NULL : section == NULL)
			continue;
		strlcat(parsing.error, " ", CONFIG_ERROR_SIZE);
		strlcat(parsing.error, o->name, CONFIG_ERROR_SIZE);
	}
	if (section == NULL)
		strlcat(parsing.error, " spf", CONFIG_ERROR_SIZE);
}

static void __attribute__((format(printf, 2, 0))) on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[512];

	if (parsing.error[0] != '\0')
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	if (strstr(text, "'" SENTINEL "'") != NULL)
		strlcpy(text, "section spf is not closed: '}' expected", sizeof(text));
	say(parsing.error, "%s:%d: %s", cfg->filename, cfg->line, text);
	if (strncmp(text, "no such option", 14) == 0)
		say_accepted(cfg);
}

static bool
is_list(const struct option *o)
{
	return o->type == OPTION_LIST || o->type == OPTION_CIDRS;
}

/*
 * is_repeated - is the option given a second time?
 *
 * libconfuse calls us for each value of a list and once more for its '}'. A list that was closed
 * may grow ("+="), but not begin anew.
 */
static bool
is_repeated(struct progress *progress, const struct option *o, unsigned n)
{
	bool again = progress->line != 0;

	if (!is_list(o))
		return again;
	again = progress->closed && n == 1;
	progress->closed = progress->line != 0 && n == progress->n;
	progress->n = n;
	return again;
}

/* take - give an option the values that libconfuse has read for it */
static bool
take(cfg_t *cfg, cfg_opt_t *opt, const struct option *o, int line)
{
	unsigned i, n = cfg_opt_size(opt);
	const char **values = xcalloc(n + 1, sizeof(*values));
	char why[OPTION_ERROR_SIZE];
	bool ok;

	for (i = 0; i < n; i++)
		values[i] = cfg_opt_getnstr(opt, i);
	ok = option_set(parsing.settings, o, values, n, why);
	if (!ok)
		say(parsing.error, "%s:%d: %s: %s", cfg->filename, line, o->name, why);
	free(values);
	return ok;
}

/* on_option - called by libconfuse for each option, at its line of the file */
static int
on_option(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct option *o = option_find(section_of(cfg), opt->name);
	struct progress *progress = &parsing.progress[o - options];

	if (is_repeated(progress, o, cfg_opt_size(opt))) {
		say(parsing.error, "%s:%d: %s: given twice", cfg->filename, cfg->line, o->name);
		return -1;
	}
	progress->line = cfg->line;
	return is_list(o) || take(cfg, opt, o, cfg->line) ? 0 : -1;
}

/* on_sentinel - ours names itself; one that the file holds is an unknown option like any other */
static int
on_sentinel(cfg_t *cfg, cfg_opt_t *opt)
{
	if (strcmp(cfg_opt_getstr(opt), SENTINEL) == 0) {
		parsing.whole = true;
		return 0;
	}
	say(parsing.error, "%s:%d: no such option '%s'", cfg->filename, cfg->line, SENTINEL);
	return -1;
}

/* take_lists - lists are taken whole, when all of the file was read */
static bool
take_lists(cfg_t *cfg)
{
	cfg_t *spf = cfg_size(cfg, "spf") > 0 ? cfg_getsec(cfg, "spf") : NULL;
	const struct option *o;
	cfg_opt_t *opt;
	cfg_t *where;

	for (o = options; o < options + options_count; o++) {
		where = o->section == NULL ? cfg : spf;
		opt = where == NULL ? NULL : cfg_getopt(where, o->name);
		if (!is_list(o) || opt == NULL || !(opt->flags & CFGF_MODIFIED))
			continue;
		if (cfg_opt_size(opt) < parsing.progress[o - options].n) {
			say(parsing.error, "%s: %s: given twice", cfg->filename, o->name);
			return false;
		}
		if (!take(cfg, opt, o, parsing.progress[o - options].line))
			return false;
	}
	return true;
}

/* make_opts - libconfuse's table for a section; every value is read as text and parsed by us */
static cfg_opt_t *
make_opts(const char *section, cfg_opt_t *spf)
{
	cfg_opt_t *opts = xcalloc(options_count + 3, sizeof(*opts));
	const struct option *o;
	size_t n = 0;

	for (o = options; o < options + options_count; o++) {
		if (o->section == NULL ? section != NULL : section == NULL)
			continue;
		opts[n].name = o->name;
		opts[n].type = CFGT_STR;
		opts[n].flags = CFGF_NODEFAULT;
		if (is_list(o))
			opts[n].flags = CFGF_LIST;
		opts[n].validcb = on_option;
		n++;
	}
	if (spf != NULL) {
		cfg_opt_t sec = CFG_SEC("spf", spf, CFGF_NODEFAULT);

		opts[n++] = sec;
		opts[n] = (cfg_opt_t)CFG_STR(SENTINEL, NULL, CFGF_NODEFAULT);
		opts[n++].validcb = on_sentinel;
	}
	opts[n] = (cfg_opt_t)CFG_END();
	return opts;
}

static bool
parse_stream(FILE *in, const char *path)
{
	cfg_opt_t *spf = make_opts("spf", NULL), *top = make_opts(NULL, spf);
	cfg_t *cfg = cfg_init(top, CFGF_NONE);
	bool ok;

	parsing.progress = xcalloc(options_count, sizeof(*parsing.progress));
	cfg_set_error_function(cfg, on_error);
	cfg->filename = xstrdup(path);
	ok = cfg_parse_fp(cfg, in) == CFG_SUCCESS;
	if (!ok)
		say(parsing.error, "%s:%d: syntax error", path, cfg->line);
	else if (!parsing.whole)
		say(parsing.error, "%s: a comment is not closed: '*/' expected", path);
	ok = ok && parsing.whole && take_lists(cfg);
	cfg_free(cfg);
	free(parsing.progress);
	free(top);
	free(spf);
	return ok;
}

/* comment_end - the end of the comment that begins at s, or s when none does */
static char *
comment_end(char *s, const char *text)
{
	/* Slashes inside a word, as in a path, begin nothing. */
	bool word = s > text && strchr(" \t\r\n={}(),;+", s[-1]) == NULL;
	char *end;

	if (*s == '#' || (!word && strncmp(s, "//", 2) == 0))
		return s + strcspn(s, "\n");
	if (word || strncmp(s, "/*", 2) != 0)
		return s;
	end = strstr(s + 2, "*/");
	return end == NULL ? s : end + 2;
}

static char *
string_end(char *s)
{
	char quote = *s++;

	while (*s != '\0' && *s != quote)
		s += s[0] == '\\' && s[1] != '\0' ? 2 : 1;
	return *s == '\0' ? s : s + 1;
}

/*
 * blank_comments - overwrite comments with blanks, but for their line ends
 *
 * libconfuse 3.3 miscounts the lines of comments, and then its errors name the wrong line of a
 * file that is well annotated.
 */
static void
blank_comments(char *text)
{
	char *s = text, *end;

	while (*s != '\0') {
		if (*s == '"' || *s == '\'') {
			s = string_end(s);
			continue;
		}
		end = comment_end(s, text);
		if (end == s)
			s++;
		for (; s < end; s++)
			if (*s != '\n')
				*s = ' ';
	}
}

/* parse_text - the bytes of the file, with the sentinel behind them */
static bool
parse_text(struct settings *s, const struct file *file, const char *path, char *error)
{
	char *text;
	int len = xasprintf(&text, "%s\n" SENTINEL " = " SENTINEL "\n", file->data);
	FILE *in = fmemopen(text, (size_t)len, "r");
	bool ok;

	blank_comments(text);
	if (in == NULL) {
		say(error, "%s: %s", path, strerror(errno));
		free(text);
		return false;
	}
	parsing.settings = s;
	parsing.error = error;
	ok = parse_stream(in, path);
	memset(&parsing, 0, sizeof(parsing));
	fclose(in);
	free(text);
	return ok;
}

static bool
parse_file(struct settings *s, struct filebox *box, const char *path, char *error)
{
	struct file file;
	const char *why;
	bool ok = false;

	if (!filebox_read(box, &file, path, CONFIG_FILE_MAX, &why)) {
		say(error, "%s: %s", path, why);
		return false;
	}
	if (memchr(file.data, '\0', file.len) != NULL)
		say(error, "%s: holds a NUL byte", path);
	else
		ok = parse_text(s, &file, path, error);
	file_free(&file);
	return ok;
}

/* split_commas - cut text into its items, blanks around them dropped; values has room for all */
static size_t
split_commas(char *text, const char **values)
{
	size_t n = 0;
	char *item;

	while ((item = strsep(&text, ",")) != NULL) {
		item += strspn(item, " ");
		item[strcspn(item, " ")] = '\0';
		if (*item != '\0')
			values[n++] = item;
	}
	return n;
}

static bool
override(struct settings *s, const struct option *o, char *value, const char *text, char *error)
{
	const char **values = xcalloc(strlen(value) + 1, sizeof(*values));
	char why[OPTION_ERROR_SIZE];
	size_t n = 1;
	bool ok;

	values[0] = value;
	if (is_list(o))
		n = split_commas(value, values);
	ok = option_set(s, o, values, n, why);
	if (!ok)
		say(error, "-o %s: %s", text, why);
	free(values);
	return ok;
}

static bool
apply_override(struct settings *s, const char *text, char *error)
{
	char *copy = xstrdup(text), *value = strchr(copy, '=');
	bool in_spf = strncmp(copy, "spf.", 4) == 0, ok = false;
	const struct option *o;

	if (value != NULL)
		*value++ = '\0';
	o = option_find(in_spf ? "spf" : NULL, in_spf ? copy + 4 : copy);
	if (value == NULL)
		say(error, "-o %s: not of the form NAME=VALUE", text);
	else if (o == NULL)
		say(error, "-o %s: no such option", text);
	else
		ok = override(s, o, value, text, error);
	free(copy);
	return ok;
}

static bool
read_domains_file(struct settings *s, struct filebox *box, char *error)
{
	struct file file;
	const char *why;
	unsigned line;
	bool ok;

	if (!filebox_read(box, &file, s->domains_file, DOMAINS_FILE_MAX, &why)) {
		say(error, "domains-file %s: %s", s->domains_file, why);
		return false;
	}
	ok = domainset_add_lines(s->own_domains, file.data, file.len, &line);
	if (!ok)
		say(error, "%s:%u: not a domain; one a line, .domain for its subdomains",
		    s->domains_file, line);
	file_free(&file);
	return ok;
}

/* choose_srs_domain - the first of domains that can be one, when none is given */
static bool
choose_srs_domain(struct settings *s, const char *path, char *error)
{
	size_t i;

	for (i = 0; s->srs_domain[0] == '\0' && i < s->domains.n; i++) {
		if (s->domains.text[i][0] == '.')
			continue;
		free(s->srs_domain);
		s->srs_domain = xstrdup(s->domains.text[i]);
	}
	if (s->srs_domain[0] == '\0') {
		say(error, "%s: srs-domain: not set; the domain of the addresses that we mint",
		    path);
		return false;
	}
	if (!hostname_is_fqdn(s->srs_domain, strlen(s->srs_domain))) {
		say(error,
		    "%s: srs-domain: '%s', the first of domains, is not accepted; a host name "
		    "of ASCII letters, digits and hyphens with at least one dot",
		    path, s->srs_domain);
		return false;
	}
	return true;
}

static void
default_authserv_id(struct settings *s)
{
	char host[256];

	if (s->spf.authserv_id[0] != '\0')
		return;
	if (gethostname(host, sizeof(host)) == -1 || host[0] == '\0')
		strlcpy(host, s->srs_domain, sizeof(host));
	host[sizeof(host) - 1] = '\0';
	free(s->spf.authserv_id);
	s->spf.authserv_id = xstrdup(host);
}

/* is_local_endpoint - on loopback by its text, or none at all; names are resolved later */
static bool
is_local_endpoint(const char *text)
{
	return strcmp(text, "none") == 0 || strncmp(text, "inet:127.", 9) == 0 ||
	       strncmp(text, "inet:[::1]:", 11) == 0 || strncmp(text, "inet:localhost:", 15) == 0;
}

/* complete - check what concerns several options, and make what is made of them */
static bool
complete(struct settings *s, struct filebox *box, const char *path, char *error)
{
	size_t i;

	if (!choose_srs_domain(s, path, error))
		return false;
	if (s->hash_minimum > s->hash_length) {
		say(error, "%s: hash-minimum: %d is more than hash-length, %d", path,
		    s->hash_minimum, s->hash_length);
		return false;
	}
	if (!s->metrics_remote && !is_local_endpoint(s->metrics)) {
		say(error,
		    "%s: metrics: %s can be reached from elsewhere; set metrics-remote if "
		    "that is meant",
		    path, s->metrics);
		return false;
	}
	if (s->spf.prospective[0] != '\0')
		ipaddr_parse(&s->prospective, s->spf.prospective, strlen(s->spf.prospective));
	default_authserv_id(s);
	s->own_domains = domainset_new();
	domainset_add(s->own_domains, s->srs_domain, strlen(s->srs_domain));
	for (i = 0; i < s->domains.n; i++)
		domainset_add(s->own_domains, s->domains.text[i], strlen(s->domains.text[i]));
	return s->domains_file[0] == '\0' || read_domains_file(s, box, error);
}

static struct settings *
preset(void)
{
	struct settings *s = xcalloc(1, sizeof(*s));
	const struct option *o;

	for (o = options; o < options + options_count; o++)
		option_preset(s, o);
	return s;
}

struct settings *
config_defaults(void)
{
	struct settings *s = preset();

	default_authserv_id(s);
	s->own_domains = domainset_new();
	return s;
}

struct settings *
config_load(struct filebox *box, const char *path, const char *const *overrides, size_t n,
    char error[CONFIG_ERROR_SIZE])
{
	struct settings *s = preset();
	bool ok;
	size_t i;

	error[0] = '\0';
	ok = parse_file(s, box, path, error);
	for (i = 0; ok && i < n; i++)
		ok = apply_override(s, overrides[i], error);
	if (!ok || !complete(s, box, path, error))
		settings_free(&s);
	return s;
}

void
config_print(const struct settings *s, FILE *out)
{
	const struct option *o;

	for (o = options; o < options + options_count; o++)
		if (o->section == NULL)
			option_print(s, o, out);
	fputs("spf {\n", out);
	for (o = options; o < options + options_count; o++)
		if (o->section != NULL)
			option_print(s, o, out);
	fputs("}\n", out);
}

/* Declared in settings.h; here because the table of options does the work. */

struct settings *
settings_ref(struct settings *s)
{
	s->references++;
	return s;
}

void
settings_free(struct settings **settings)
{
	struct settings *s = *settings;
	const struct option *o;

	*settings = NULL;
	if (s == NULL || s->references-- > 0)
		return;
	for (o = options; o < options + options_count; o++)
		option_clear(s, o);
	domainset_free(&s->own_domains);
	free(s);
}
