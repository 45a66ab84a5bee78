/* SPDX-License-Identifier: ISC */
#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attributes.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "conf/confuse.h"

/*
 * Read as if it stood behind the file's last line. libconfuse takes the end of the file for the
 * end of a section, too; this option is known outside of it alone. Its value is the length of the
 * text, so that a file which has read this is not taken for our own line.
 */
#define SENTINEL "end-of-file"

struct option_progress {
	int line;    /* where the option was last seen; 0: not yet */
	unsigned n;  /* values of a list so far */
	bool closed; /* its '}' was seen */
};

/*
 * What the libconfuse callbacks work on: they carry no argument of ours. Set while one text is
 * parsed, and nowhere else.
 */
static struct {
	const struct confuse_option *options;
	size_t n;
	const char *section; /* of the options that are in one */
	bool once;           /* no option may be given twice */
	confuse_fn *take;
	void *arg;
	char *error;
	size_t size;
	struct option_progress *progress; /* of each option */
	char mark[24];                    /* the value of the sentinel */
	int last;   /* the number of the last line; the sentinel is behind it */
	bool whole; /* it was seen: the text was read to its end */
} parsing;

PRINTF_LIKE(1, 2) static void set_confuse_error(const char *fmt, ...)
{
	va_list ap;

	if (parsing.error[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(parsing.error, parsing.size, fmt, ap);
	va_end(ap);
	printable_line(parsing.error);
}

/* is_option_of - does the option belong where libconfuse is? */
static bool
is_option_of(const cfg_t *cfg, const struct confuse_option *o)
{
	bool in_section = parsing.section != NULL && strcmp(cfg->name, parsing.section) == 0;

	return (o->section != NULL) == in_section;
}

static const struct confuse_option *
find_grammar_option(const cfg_t *cfg, const char *name)
{
	const struct confuse_option *o = parsing.options;

	while (!is_option_of(cfg, o) || strcmp(o->name, name) != 0)
		o++;
	return o;
}

/* append_accepted_options - append the names of all options of the section that libconfuse was in */
static void
append_accepted_options(const cfg_t *cfg)
{
	const struct confuse_option *o;
	bool top = parsing.section == NULL || strcmp(cfg->name, parsing.section) != 0;

	strlcat(parsing.error, "; accepted:", parsing.size);
	for (o = parsing.options; o < parsing.options + parsing.n; o++) {
		if (!is_option_of(cfg, o))
			continue;
		strlcat(parsing.error, " ", parsing.size);
		strlcat(parsing.error, o->name, parsing.size);
	}
	if (top && parsing.section != NULL) {
		strlcat(parsing.error, " ", parsing.size);
		strlcat(parsing.error, parsing.section, parsing.size);
	}
}

/* is_in_other_section - is there an option of that name outside of the section that libconfuse was in? */
static bool
is_in_other_section(const cfg_t *cfg, const char *name, size_t len)
{
	const struct confuse_option *o;

	for (o = parsing.options; o < parsing.options + parsing.n; o++)
		if (!is_option_of(cfg, o) && strlen(o->name) == len &&
		    memcmp(o->name, name, len) == 0)
			return true;
	return false;
}

/* append_remedy - append what to write in the place of an unknown option */
static void
append_remedy(const cfg_t *cfg, const char *name, size_t len)
{
	bool in_section = parsing.section != NULL && strcmp(cfg->name, parsing.section) == 0;

	if (!is_in_other_section(cfg, name, len)) {
		append_accepted_options(cfg);
		return;
	}
	strlcat(parsing.error, in_section ? " here; it stands outside of " : " here; it stands in ",
	    parsing.size);
	strlcat(parsing.error, parsing.section, parsing.size);
	strlcat(parsing.error, " { }", parsing.size);
}

/* translate_confuse_error - what libconfuse says of a text that ends amid something */
static void
translate_confuse_error(const cfg_t *cfg, char *text, size_t size)
{
	if (strcmp(text, "premature end of file") == 0)
		strlcpy(text, "quotes are not closed: '\"' expected", size);
	else if (strstr(text, "'" SENTINEL "'") == NULL)
		return;
	else if (strcmp(cfg->name, "root") == 0)
		strlcpy(text, "a list is not closed: '}' expected", size);
	else
		snprintf(text, size, "section %s is not closed: '}' expected", cfg->name);
}

PRINTF_LIKE(2, 0) static void on_confuse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	static const char unknown[] = "no such option '";
	char text[512];

	if (parsing.error[0] != '\0')
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	translate_confuse_error(cfg, text, sizeof(text));
	set_confuse_error(
	    "%s:%d: %s", cfg->filename, cfg->line > parsing.last ? parsing.last : cfg->line, text);
	if (strncmp(text, unknown, sizeof(unknown) - 1) == 0)
		append_remedy(
		    cfg, text + sizeof(unknown) - 1, strcspn(text + sizeof(unknown) - 1, "'"));
}

/*
 * is_option_repeated - is the option given a second time?
 *
 * libconfuse calls us for each value of a list and once more for its '}'. A list that was closed
 * may grow ("+="), but not begin anew.
 */
static bool
is_option_repeated(struct option_progress *progress, const struct confuse_option *o, unsigned n)
{
	bool again = progress->line != 0;

	if (!o->list)
		return again;
	again = progress->closed && n == 1;
	progress->closed = progress->line != 0 && n == progress->n;
	progress->n = n;
	return again;
}

/* pass_option_values - hand on the values that libconfuse has read for an option */
static bool
pass_option_values(cfg_t *cfg, cfg_opt_t *opt, const struct confuse_option *o, int line)
{
	unsigned i, n = cfg_opt_size(opt);
	const char **values = xcalloc(n + 1, sizeof(*values));
	char why[CONFUSE_WHY_SIZE];
	bool ok;

	for (i = 0; i < n; i++)
		values[i] = cfg_opt_getnstr(opt, i);
	ok = parsing.take(parsing.arg, (size_t)(o - parsing.options), line, values, n, why);
	if (!ok)
		set_confuse_error("%s:%d: %s: %s", cfg->filename, line, o->name, why);
	free(values);
	return ok;
}

/* on_confuse_option - called by libconfuse for each option, at its line of the file */
static int
on_confuse_option(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct confuse_option *o = find_grammar_option(cfg, opt->name);
	struct option_progress *progress = &parsing.progress[o - parsing.options];

	if (cfg->line > parsing.last) {
		set_confuse_error(
		    "%s:%d: %s: its value is missing", cfg->filename, parsing.last, o->name);
		return -1;
	}
	if (is_option_repeated(progress, o, cfg_opt_size(opt)) && parsing.once) {
		set_confuse_error("%s:%d: %s: given twice", cfg->filename, cfg->line, o->name);
		return -1;
	}
	progress->line = cfg->line;
	return o->list || pass_option_values(cfg, opt, o, cfg->line) ? 0 : -1;
}

/* on_sentinel - ours has the mark; one that the file holds is an unknown option like any other */
static int
on_sentinel(cfg_t *cfg, cfg_opt_t *opt)
{
	if (strcmp(cfg_opt_getstr(opt), parsing.mark) == 0) {
		parsing.whole = true;
		return 0;
	}
	set_confuse_error("%s:%d: no such option '%s'", cfg->filename, cfg->line, SENTINEL);
	return -1;
}

/* pass_option_lists - lists are taken whole, when all of the text was read */
static bool
pass_option_lists(cfg_t *cfg)
{
	bool opened = parsing.section != NULL && cfg_size(cfg, parsing.section) > 0;
	cfg_t *section = opened ? cfg_getsec(cfg, parsing.section) : NULL, *where;
	const struct confuse_option *o;
	const struct option_progress *progress;
	cfg_opt_t *opt;

	for (o = parsing.options; o < parsing.options + parsing.n; o++) {
		progress = &parsing.progress[o - parsing.options];
		where = o->section == NULL ? cfg : section;
		opt = where == NULL ? NULL : cfg_getopt(where, o->name);
		if (!o->list || opt == NULL || !(opt->flags & CFGF_MODIFIED))
			continue;
		if (parsing.once && cfg_opt_size(opt) < progress->n) {
			set_confuse_error("%s: %s: given twice", cfg->filename, o->name);
			return false;
		}
		if (!pass_option_values(cfg, opt, o, progress->line))
			return false;
	}
	return true;
}

/*
 * make_opts - libconfuse's table: of the section, or of what is outside of it
 *
 * Every value is read as text, and parsed by whoever takes it.
 */
static cfg_opt_t *
make_opts(bool in_section, cfg_opt_t *section)
{
	cfg_opt_t *opts = xcalloc(parsing.n + 3, sizeof(*opts));
	const struct confuse_option *o;
	size_t n = 0;

	for (o = parsing.options; o < parsing.options + parsing.n; o++) {
		if ((o->section != NULL) != in_section)
			continue;
		opts[n].name = o->name;
		opts[n].type = CFGT_STR;
		opts[n].flags = o->list ? CFGF_LIST : CFGF_NODEFAULT;
		opts[n].validcb = on_confuse_option;
		n++;
	}
	if (section != NULL)
		opts[n++] = (cfg_opt_t)CFG_SEC(parsing.section, section, CFGF_NODEFAULT);
	if (!in_section) {
		opts[n] = (cfg_opt_t)CFG_STR(SENTINEL, NULL, CFGF_NODEFAULT);
		opts[n++].validcb = on_sentinel;
	}
	opts[n] = (cfg_opt_t)CFG_END();
	return opts;
}

static bool
parse_stream(FILE *in, const char *path)
{
	cfg_opt_t *section = parsing.section == NULL ? NULL : make_opts(true, NULL);
	cfg_opt_t *top = make_opts(false, section);
	cfg_t *cfg = cfg_init(top, CFGF_NONE);
	bool ok;

	cfg_set_error_function(cfg, on_confuse_error);
	cfg->filename = xstrdup(path);
	ok = cfg_parse_fp(cfg, in) == CFG_SUCCESS;
	if (!ok)
		set_confuse_error("%s:%d: syntax error", path, cfg->line);
	else if (!parsing.whole)
		set_confuse_error("%s: a comment is not closed: '*/' expected", path);
	ok = ok && parsing.whole && pass_option_lists(cfg);
	cfg_free(cfg);
	free(top);
	free(section);
	return ok;
}

/* find_comment_end - the end of the comment that begins at s, or s when none does */
static char *
find_comment_end(char *s, const char *text)
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
find_string_end(char *s)
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
			s = find_string_end(s);
			continue;
		}
		end = find_comment_end(s, text);
		if (end == s)
			s++;
		for (; s < end; s++)
			if (*s != '\n')
				*s = ' ';
	}
}

/* blank_byte_order_mark - the same for the byte order mark that some editors begin a file with */
static void
blank_byte_order_mark(char *text)
{
	static const char mark[] = "\357\273\277";

	if (strncmp(text, mark, sizeof(mark) - 1) == 0)
		memset(text, ' ', sizeof(mark) - 1);
}

/* find_section_name - the name of the section that some of the options are in; NULL: none are */
static const char *
find_section_name(const struct confuse_option *options, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (options[i].section != NULL)
			return options[i].section;
	return NULL;
}

static int
count_lines(const char *text)
{
	int n = 0;

	while (*text != '\0') {
		text += strcspn(text, "\n");
		text += *text == '\n';
		n++;
	}
	return n;
}

/* parse_marked - parse a text that has the sentinel behind it */
static bool
parse_marked(char *text, size_t len, const char *path)
{
	FILE *in = fmemopen(text, len, "r");
	bool ok;

	if (in == NULL) {
		set_confuse_error("%s: %s", path, strerror(errno));
		return false;
	}
	parsing.progress = xcalloc(parsing.n, sizeof(*parsing.progress));
	ok = parse_stream(in, path);
	free(parsing.progress);
	fclose(in);
	return ok;
}

bool
confuse_parse(const char *text, const char *path, const struct confuse_option *options, size_t n,
    bool once, confuse_fn *fn, void *arg, char *error, size_t size)
{
	char *copy;
	bool ok;
	int len;

	snprintf(parsing.mark, sizeof(parsing.mark), "%zu", strlen(text));
	len = xasprintf(&copy, "%s\n" SENTINEL " = %s\n", text, parsing.mark);
	blank_comments(copy);
	blank_byte_order_mark(copy);
	error[0] = '\0';
	parsing.options = options;
	parsing.n = n;
	parsing.section = find_section_name(options, n);
	parsing.last = count_lines(text);
	parsing.once = once;
	parsing.take = fn;
	parsing.arg = arg;
	parsing.error = error;
	parsing.size = size;
	ok = parse_marked(copy, (size_t)len, path);
	memset(&parsing, 0, sizeof(parsing));
	free(copy);
	return ok;
}
