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
 * An option that is added after the last line of the text. libconfuse accepts the end of the file
 * as the end of a section, but this option is known only outside of sections. Its value is the
 * length of the text, so that a line of the text cannot be mistaken for it.
 */
#define SENTINEL "end-of-file"

struct option_progress {
	int line;    /* of the last assignment to the option; 0: not assigned yet */
	unsigned n;  /* the number of values of a list so far */
	bool closed; /* the list has reached its '}' */
};

/* A text that is being parsed. */
struct confuse_parser {
	const struct confuse_grammar *grammar;
	const char *path;
	const char *section;              /* the name of the only section, or NULL */
	struct option_progress *progress; /* of each option */
	char mark[24];                    /* the value of the sentinel */
	int last;                         /* the number of the last line before the sentinel */
	bool whole;                       /* the sentinel was read, and so the whole text */
	char *error;
	size_t size;
};

/* The parser of the callbacks, because libconfuse passes them no argument. NULL outside a parse. */
static struct confuse_parser *parsing;

PRINTF_LIKE(2, 3)
static void
set_confuse_error(struct confuse_parser *p, const char *fmt, ...)
{
	va_list ap;

	if (p->error[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(p->error, p->size, fmt, ap);
	va_end(ap);
	printable_line(p->error);
}

static const struct confuse_option *
end_of_options(const struct confuse_parser *p)
{
	return p->grammar->options + p->grammar->n;
}

static bool
is_in_section(const struct confuse_parser *p, const cfg_t *cfg)
{
	return p->section != NULL && strcmp(cfg->name, p->section) == 0;
}

/* is_option_of - is the option in the section, or outside of it, as libconfuse is? */
static bool
is_option_of(const struct confuse_parser *p, const cfg_t *cfg, const struct confuse_option *o)
{
	return (o->section != NULL) == is_in_section(p, cfg);
}

static const struct confuse_option *
find_grammar_option(const struct confuse_parser *p, const cfg_t *cfg, const char *name)
{
	const struct confuse_option *o = p->grammar->options;

	while (!is_option_of(p, cfg, o) || strcmp(o->name, name) != 0)
		o++;
	return o;
}

static void
append_error_word(struct confuse_parser *p, const char *word)
{
	strlcat(p->error, " ", p->size);
	strlcat(p->error, word, p->size);
}

/* append_accepted_options - append the names of all options that are accepted at this place */
static void
append_accepted_options(struct confuse_parser *p, const cfg_t *cfg)
{
	const struct confuse_option *o;

	strlcat(p->error, "; accepted:", p->size);
	for (o = p->grammar->options; o < end_of_options(p); o++)
		if (is_option_of(p, cfg, o))
			append_error_word(p, o->name);
	if (p->section != NULL && !is_in_section(p, cfg))
		append_error_word(p, p->section);
}

/* is_in_other_section - would the option be accepted in the other one of the two places? */
static bool
is_in_other_section(const struct confuse_parser *p, const cfg_t *cfg, const char *name, size_t len)
{
	const struct confuse_option *o;

	for (o = p->grammar->options; o < end_of_options(p); o++)
		if (!is_option_of(p, cfg, o) && strlen(o->name) == len &&
		    memcmp(o->name, name, len) == 0)
			return true;
	return false;
}

/* append_remedy - append the correction for an unknown option */
static void
append_remedy(struct confuse_parser *p, const cfg_t *cfg, const char *name, size_t len)
{
	if (!is_in_other_section(p, cfg, name, len)) {
		append_accepted_options(p, cfg);
		return;
	}
	strlcat(p->error,
	    is_in_section(p, cfg) ? " here; it belongs outside of" : " here; it belongs in",
	    p->size);
	append_error_word(p, p->section);
	append_error_word(p, "{ }");
}

/* translate_confuse_error - replace the messages of libconfuse for a text that ends too early */
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

/* on_confuse_error - called by libconfuse with its message */
PRINTF_LIKE(2, 0)
static void
on_confuse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	static const char unknown[] = "no such option '";
	struct confuse_parser *p = parsing;
	const char *name;
	char text[512];

	if (p->error[0] != '\0')
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	translate_confuse_error(cfg, text, sizeof(text));
	set_confuse_error(p, "%s:%d: %s", p->path, cfg->line > p->last ? p->last : cfg->line, text);
	if (strncmp(text, unknown, sizeof(unknown) - 1) == 0) {
		name = text + sizeof(unknown) - 1;
		append_remedy(p, cfg, name, strcspn(name, "'"));
	}
}

/*
 * is_option_repeated - is the option given a second time?
 *
 * libconfuse calls on_confuse_option for each value of a list, and once more for its '}'. "+=" may
 * extend a list that was closed, but a second "=" is a repetition.
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

/* pass_option_values - pass the values that libconfuse has read for an option to the caller */
static bool
pass_option_values(
    struct confuse_parser *p, cfg_opt_t *opt, const struct confuse_option *o, int line)
{
	const struct confuse_grammar *grammar = p->grammar;
	unsigned i, n = cfg_opt_size(opt);
	const char **values = xcalloc(n + 1, sizeof(*values));
	char why[CONFUSE_WHY_SIZE];
	bool ok;

	for (i = 0; i < n; i++)
		values[i] = cfg_opt_getnstr(opt, i);
	ok = grammar->set(grammar->arg, (size_t)(o - grammar->options), line, values, n, why);
	if (!ok)
		set_confuse_error(p, "%s:%d: %s: %s", p->path, line, o->name, why);
	free(values);
	return ok;
}

/* on_confuse_option - called by libconfuse for each option, at its line of the file */
static int
on_confuse_option(cfg_t *cfg, cfg_opt_t *opt)
{
	struct confuse_parser *p = parsing;
	const struct confuse_option *o = find_grammar_option(p, cfg, opt->name);
	struct option_progress *progress = &p->progress[o - p->grammar->options];

	if (cfg->line > p->last) {
		set_confuse_error(p, "%s:%d: %s: its value is missing", p->path, p->last, o->name);
		return -1;
	}
	if (is_option_repeated(progress, o, cfg_opt_size(opt)) && p->grammar->once) {
		set_confuse_error(p, "%s:%d: %s: given twice", p->path, cfg->line, o->name);
		return -1;
	}
	progress->line = cfg->line;
	return o->list || pass_option_values(p, opt, o, cfg->line) ? 0 : -1;
}

/* on_sentinel - without the mark it is a line of the file, and thus an unknown option */
static int
on_sentinel(cfg_t *cfg, cfg_opt_t *opt)
{
	struct confuse_parser *p = parsing;

	if (strcmp(cfg_opt_getstr(opt), p->mark) == 0) {
		p->whole = true;
		return 0;
	}
	set_confuse_error(p, "%s:%d: no such option '%s'", p->path, cfg->line, SENTINEL);
	return -1;
}

/* pass_option_lists - pass the lists, which are complete only at the end of the text */
static bool
pass_option_lists(struct confuse_parser *p, cfg_t *cfg)
{
	bool opened = p->section != NULL && cfg_size(cfg, p->section) > 0;
	cfg_t *section = opened ? cfg_getsec(cfg, p->section) : NULL, *where;
	const struct confuse_option *o;
	const struct option_progress *progress;
	cfg_opt_t *opt;

	for (o = p->grammar->options; o < end_of_options(p); o++) {
		progress = &p->progress[o - p->grammar->options];
		where = o->section == NULL ? cfg : section;
		opt = where == NULL ? NULL : cfg_getopt(where, o->name);
		if (!o->list || opt == NULL || !(opt->flags & CFGF_MODIFIED))
			continue;
		if (p->grammar->once && cfg_opt_size(opt) < progress->n) {
			set_confuse_error(p, "%s: %s: given twice", p->path, o->name);
			return false;
		}
		if (!pass_option_values(p, opt, o, progress->line))
			return false;
	}
	return true;
}

/*
 * make_confuse_opts - the table of libconfuse for the section, or for the options outside of it
 *
 * Every value is read as text, and the caller of confuse_parse() parses it.
 */
static cfg_opt_t *
make_confuse_opts(const struct confuse_parser *p, bool in_section, cfg_opt_t *section)
{
	cfg_opt_t *opts = xcalloc(p->grammar->n + 3, sizeof(*opts));
	const struct confuse_option *o;
	size_t n = 0;

	for (o = p->grammar->options; o < end_of_options(p); o++) {
		if ((o->section != NULL) != in_section)
			continue;
		opts[n].name = o->name;
		opts[n].type = CFGT_STR;
		opts[n].flags = o->list ? CFGF_LIST : CFGF_NODEFAULT;
		opts[n].validcb = on_confuse_option;
		n++;
	}
	if (section != NULL)
		opts[n++] = (cfg_opt_t)CFG_SEC(p->section, section, CFGF_NODEFAULT);
	if (!in_section) {
		opts[n] = (cfg_opt_t)CFG_STR(SENTINEL, NULL, CFGF_NODEFAULT);
		opts[n++].validcb = on_sentinel;
	}
	opts[n] = (cfg_opt_t)CFG_END();
	return opts;
}

static bool
parse_confuse_stream(struct confuse_parser *p, FILE *in)
{
	cfg_opt_t *section = p->section == NULL ? NULL : make_confuse_opts(p, true, NULL);
	cfg_opt_t *top = make_confuse_opts(p, false, section);
	cfg_t *cfg = cfg_init(top, CFGF_NONE);
	bool ok;

	parsing = p;
	cfg_set_error_function(cfg, on_confuse_error);
	cfg->filename = xstrdup(p->path);
	ok = cfg_parse_fp(cfg, in) == CFG_SUCCESS;
	if (!ok)
		set_confuse_error(p, "%s:%d: syntax error", p->path, cfg->line);
	else if (!p->whole)
		set_confuse_error(p, "%s: a comment is not closed: '*/' expected", p->path);
	ok = ok && p->whole && pass_option_lists(p, cfg);
	cfg_free(cfg);
	parsing = NULL;
	free(top);
	free(section);
	return ok;
}

/* find_comment_end - the end of the comment that begins at s, or s if none begins there */
static char *
find_comment_end(char *s, const char *text)
{
	/* A slash inside a word, as in a path, does not begin a comment. */
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
 * blank_comments - overwrite comments with blanks, except for their newlines
 *
 * libconfuse 3.3 counts the lines of comments wrongly, and then its errors name the wrong line.
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

/* blank_byte_order_mark - overwrite the mark that some editors write at the start of a file */
static void
blank_byte_order_mark(char *text)
{
	static const char mark[] = "\357\273\277";

	if (strncmp(text, mark, sizeof(mark) - 1) == 0)
		memset(text, ' ', sizeof(mark) - 1);
}

/* find_section_name - the name of the section of the options, or NULL if none is in a section */
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
count_text_lines(const char *text)
{
	int n = 0;

	while (*text != '\0') {
		text += strcspn(text, "\n");
		text += *text == '\n';
		n++;
	}
	return n;
}

/* parse_marked_text - parse a text of len bytes that ends with the sentinel */
static bool
parse_marked_text(struct confuse_parser *p, char *text, size_t len)
{
	FILE *in = fmemopen(text, len, "r");
	bool ok;

	if (in == NULL) {
		set_confuse_error(p, "%s: %s", p->path, strerror(errno));
		return false;
	}
	p->progress = xcalloc(p->grammar->n, sizeof(*p->progress));
	ok = parse_confuse_stream(p, in);
	free(p->progress);
	fclose(in);
	return ok;
}

bool
confuse_parse(const struct confuse_grammar *grammar, const char *text, const char *path,
    char *error, size_t size)
{
	struct confuse_parser p = { .grammar = grammar,
		.path = path,
		.section = find_section_name(grammar->options, grammar->n),
		.last = count_text_lines(text),
		.error = error,
		.size = size };
	char *copy;
	bool ok;
	int len;

	error[0] = '\0';
	snprintf(p.mark, sizeof(p.mark), "%zu", strlen(text));
	len = xasprintf(&copy, "%s\n" SENTINEL " = %s\n", text, p.mark);
	blank_comments(copy);
	blank_byte_order_mark(copy);
	ok = parse_marked_text(&p, copy, (size_t)len);
	free(copy);
	return ok;
}
