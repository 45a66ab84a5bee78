/* SPDX-License-Identifier: ISC */
#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attributes.h"
#include "common/closest.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "conf/confuse.h"

/*
 * An option that is added after the last line of the text. libconfuse accepts the end of the file
 * as the end of a section, but this option is known only outside of sections. Its value is the
 * length of the text, so that a line of the text cannot be mistaken for it.
 */
#define SENTINEL "end-of-file"

/* In a section with a title, this byte replaces the last one of the section's name. */
#define TITLED_MARK '\001'
#define SECTION_NAME_SIZE 32

/* A place for options. */
enum confuse_place {
	PLACE_TOP,     /* outside of the section */
	PLACE_SECTION, /* in the section without a title */
	PLACE_TITLED,  /* in a section with a title */
};

struct option_progress {
	int line;    /* of the last assignment to the option; 0: not assigned yet */
	unsigned n;  /* the number of values of a list so far */
	bool closed; /* the list has reached its '}' */
};

/* A text that is being parsed. */
struct confuse_parser {
	const struct confuse_grammar *grammar;
	const char *path;
	const char *section;                     /* the name of the only section, or NULL */
	char titled[SECTION_NAME_SIZE];          /* the same with TITLED_MARK, or "" */
	struct option_progress *progress;        /* of each option */
	struct option_progress *progress_titled; /* the same in the current section with a title */
	bool opened;                             /* the caller knows of that section */
	const cfg_t *top;
	char mark[24]; /* the value of the sentinel */
	int last;      /* the number of the last line before the sentinel */
	bool whole;    /* the sentinel was read, and so the whole text */
	int quotes;    /* the line of quotes that are not closed; 0: all are */
	size_t known;  /* the options after these in the grammar are unknown to the caller */
	bool trying;   /* only look for unknown options: the caller gets no values */
	char *unknown; /* the option at which the parsing has ended; NULL: none */
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

static enum confuse_place
find_place(const struct confuse_parser *p, const cfg_t *cfg)
{
	if (p->section != NULL && strcmp(cfg->name, p->section) == 0)
		return PLACE_SECTION;
	return p->titled[0] != '\0' && strcmp(cfg->name, p->titled) == 0 ? PLACE_TITLED : PLACE_TOP;
}

static bool
is_accepted_at(const struct confuse_option *o, enum confuse_place place)
{
	if (place == PLACE_TOP)
		return o->section == NULL;
	return o->section != NULL && (place == PLACE_SECTION || o->titled);
}

static const struct confuse_option *
find_grammar_option(const struct confuse_parser *p, const cfg_t *cfg, const char *name)
{
	const struct confuse_option *o = p->grammar->options;

	while (!is_accepted_at(o, find_place(p, cfg)) || strcmp(o->name, name) != 0)
		o++;
	return o;
}

static void
append_error_word(struct confuse_parser *p, const char *word)
{
	strlcat(p->error, " ", p->size);
	strlcat(p->error, word, p->size);
}

/* append_suggestion - the name that was probably meant, of those that are accepted at this place */
static void
append_suggestion(struct confuse_parser *p, enum confuse_place place, const char *name, size_t len)
{
	const struct confuse_option *o;
	struct closest closest;

	closest_start(&closest, name, len);
	for (o = p->grammar->options; o < end_of_options(p); o++)
		if (is_accepted_at(o, place))
			closest_consider(&closest, o->name, strlen(o->name));
	if (p->section != NULL && place == PLACE_TOP)
		closest_consider(&closest, p->section, strlen(p->section));
	if (closest.found != NULL) {
		strlcat(p->error, "; did you mean", p->size);
		append_error_word(p, closest.found);
		strlcat(p->error, "?", p->size);
	} else if (p->grammar->manual != NULL) {
		strlcat(p->error, "; see", p->size);
		append_error_word(p, p->grammar->manual);
	}
}

/* find_misplaced - an option of this name that is accepted at another place; or NULL */
static const struct confuse_option *
find_misplaced(
    const struct confuse_parser *p, enum confuse_place place, const char *name, size_t len)
{
	const struct confuse_option *o;

	for (o = p->grammar->options; o < end_of_options(p); o++)
		if (!is_accepted_at(o, place) && strlen(o->name) == len &&
		    memcmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

/* append_remedy - append the correction for an unknown option */
static void
append_remedy(struct confuse_parser *p, const cfg_t *cfg, const char *name, size_t len)
{
	enum confuse_place place = find_place(p, cfg);
	const struct confuse_option *o = find_misplaced(p, place, name, len);

	if (o == NULL) {
		append_suggestion(p, place, name, len);
		return;
	}
	strlcat(p->error,
	    o->section == NULL ? " here; it belongs outside of" : " here; it belongs in", p->size);
	append_error_word(p, p->section);
	append_error_word(p, "{ }");
}

/* restore_section_name - in a message that has the name of sections with a title */
static void
restore_section_name(const struct confuse_parser *p, char *text)
{
	char *name;

	if (p->titled[0] != '\0' && (name = strstr(text, p->titled)) != NULL)
		memcpy(name, p->section, strlen(p->section));
}

/* append_list_hint - to the error for a token that a list written in another way may cause */
static void
append_list_hint(char *text, size_t size)
{
	static const char unexpected[] = "unexpected token '";
	const size_t len = strlen(unexpected);

	if (strncmp(text, unexpected, len) != 0)
		return;
	if (text[len] == ',')
		strlcat(text, "; write a list as {\"a\", \"b\"}", size);
	else if (strchr("={}()+", text[len]) == NULL)
		strlcat(text, "; separate the values of a list with commas", size);
}

/*
 * translate_confuse_error - replace the messages of libconfuse for a text that ends too early, and
 * add how to write a list
 */
static void
translate_confuse_error(const struct confuse_parser *p, const cfg_t *cfg, char *text, size_t size)
{
	restore_section_name(p, text);
	if (strcmp(text, "premature end of file") == 0)
		strlcpy(text, "quotes are not closed: '\"' expected", size);
	else if (strstr(text, "'" SENTINEL "'") == NULL)
		append_list_hint(text, size);
	else if (find_place(p, cfg) == PLACE_TOP)
		strlcpy(text, "a list is not closed: '}' expected", size);
	else
		snprintf(text, size, "section %s is not closed: '}' expected", p->section);
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
	translate_confuse_error(p, cfg, text, sizeof(text));
	set_confuse_error(p, "%s:%d: %s", p->path, cfg->line > p->last ? p->last : cfg->line, text);
	if (strncmp(text, unknown, sizeof(unknown) - 1) == 0) {
		name = text + sizeof(unknown) - 1;
		if (p->trying && find_place(p, cfg) == PLACE_TOP)
			p->unknown = xstrndup(name, strcspn(name, "'"));
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
pass_option_values(struct confuse_parser *p, enum confuse_place place, cfg_opt_t *opt,
    const struct confuse_option *o, int line)
{
	const struct confuse_grammar *grammar = p->grammar;
	confuse_fn *set = place == PLACE_TITLED ? grammar->set_titled : grammar->set;
	unsigned i, n = cfg_opt_size(opt);
	size_t number = (size_t)(o - grammar->options);
	const char **values;
	char why[CONFUSE_WHY_SIZE];
	bool ok = true;

	if (p->trying)
		return true;
	values = xcalloc(n + 1, sizeof(*values));
	for (i = 0; i < n; i++)
		values[i] = cfg_opt_getnstr(opt, i);
	if (number < p->known)
		ok = set(grammar->arg, number, line, values, n, why);
	else
		grammar->unknown(grammar->arg, o->name, line, values, n);
	if (!ok)
		set_confuse_error(p, "%s:%d: %s: %s", p->path, line, o->name, why);
	free(values);
	return ok;
}

/* open_titled_section - tell the caller of a section, unless it knows of it already */
static bool
open_titled_section(struct confuse_parser *p, cfg_t *section)
{
	const struct confuse_grammar *grammar = p->grammar;
	char why[CONFUSE_WHY_SIZE];

	if (p->opened)
		return true;
	p->opened = true;
	if (grammar->open(grammar->arg, cfg_title(section), p->top->line, why))
		return true;
	set_confuse_error(p, "%s:%d: %s: %s", p->path, p->top->line, p->section, why);
	return false;
}

static struct option_progress *
find_progress(
    const struct confuse_parser *p, enum confuse_place place, const struct confuse_option *o)
{
	size_t number = (size_t)(o - p->grammar->options);

	return place == PLACE_TITLED ? &p->progress_titled[number] : &p->progress[number];
}

/* on_confuse_option - called by libconfuse for each option, at its line of the file */
static int
on_confuse_option(cfg_t *cfg, cfg_opt_t *opt)
{
	struct confuse_parser *p = parsing;
	enum confuse_place place = find_place(p, cfg);
	const struct confuse_option *o = find_grammar_option(p, cfg, opt->name);
	struct option_progress *progress = find_progress(p, place, o);

	if (place == PLACE_TITLED && !open_titled_section(p, cfg))
		return -1;
	if (cfg->line > p->last) {
		set_confuse_error(p, "%s:%d: %s: its value is missing", p->path, p->last, o->name);
		return -1;
	}
	if (is_option_repeated(progress, o, cfg_opt_size(opt)) && p->grammar->once) {
		set_confuse_error(p, "%s:%d: %s: given twice", p->path, cfg->line, o->name);
		return -1;
	}
	progress->line = cfg->line;
	return o->list || pass_option_values(p, place, opt, o, cfg->line) ? 0 : -1;
}

/* pass_option_lists - pass the lists of a place, which are complete only at its end */
static bool
pass_option_lists(struct confuse_parser *p, enum confuse_place place, cfg_t *cfg)
{
	const struct option_progress *progress;
	const struct confuse_option *o;
	cfg_opt_t *opt;

	for (o = p->grammar->options; o < end_of_options(p); o++) {
		if (!o->list || !is_accepted_at(o, place))
			continue;
		progress = find_progress(p, place, o);
		opt = cfg_getopt(cfg, o->name);
		if (opt == NULL || !(opt->flags & CFGF_MODIFIED))
			continue;
		if (p->grammar->once && cfg_opt_size(opt) < progress->n) {
			set_confuse_error(p, "%s: %s: given twice", p->path, o->name);
			return false;
		}
		if (!pass_option_values(p, place, opt, o, progress->line))
			return false;
	}
	return true;
}

/* on_titled_end - called by libconfuse at the end of a section with a title, which is then removed */
static int
on_titled_end(cfg_t *cfg, cfg_opt_t *opt)
{
	struct confuse_parser *p = parsing;
	cfg_t *section = cfg_opt_getnsec(opt, 0);
	bool ok;

	(void)cfg;
	ok = open_titled_section(p, section) && pass_option_lists(p, PLACE_TITLED, section);
	p->opened = false;
	memset(p->progress_titled, 0, p->grammar->n * sizeof(*p->progress_titled));
	cfg_opt_rmnsec(opt, 0);
	return ok ? 0 : -1;
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

/*
 * make_confuse_opts - libconfuse's table of the options that are accepted at a place, with room for
 * three more
 *
 * Every value is read as text, and the caller of confuse_parse() parses it.
 */
static cfg_opt_t *
make_confuse_opts(const struct confuse_parser *p, enum confuse_place place, size_t *n)
{
	cfg_opt_t *opts = xcalloc(p->grammar->n + 4, sizeof(*opts));
	const struct confuse_option *o;

	*n = 0;
	for (o = p->grammar->options; o < end_of_options(p); o++) {
		if (!is_accepted_at(o, place))
			continue;
		opts[*n].name = o->name;
		opts[*n].type = CFGT_STR;
		opts[*n].flags = o->list ? CFGF_LIST : CFGF_NODEFAULT;
		opts[*n].validcb = on_confuse_option;
		++*n;
	}
	opts[*n] = (cfg_opt_t)CFG_END();
	return opts;
}

/* add_top_opts - what is accepted outside of the section besides options */
static void
add_top_opts(const struct confuse_parser *p, cfg_opt_t *opts, size_t n, cfg_opt_t *section,
    cfg_opt_t *titled)
{
	if (p->section != NULL)
		opts[n++] = (cfg_opt_t)CFG_SEC(p->section, section, CFGF_NODEFAULT);
	if (p->titled[0] != '\0') {
		opts[n] = (cfg_opt_t)CFG_SEC(p->titled, titled, CFGF_MULTI | CFGF_TITLE);
		opts[n++].validcb = on_titled_end;
	}
	opts[n] = (cfg_opt_t)CFG_STR(SENTINEL, NULL, CFGF_NODEFAULT);
	opts[n++].validcb = on_sentinel;
	opts[n] = (cfg_opt_t)CFG_END();
}

static bool
pass_remaining_lists(struct confuse_parser *p, cfg_t *cfg)
{
	if (!pass_option_lists(p, PLACE_TOP, cfg))
		return false;
	return p->section == NULL || cfg_size(cfg, p->section) == 0 ||
	       pass_option_lists(p, PLACE_SECTION, cfg_getsec(cfg, p->section));
}

/* report_open_quotes - at the line where they begin; libconfuse names the last line of a string */
static void
report_open_quotes(struct confuse_parser *p)
{
	set_confuse_error(
	    p, "%s:%d: quotes are not closed on this line: '\"' expected", p->path, p->quotes);
}

static bool
parse_confuse_stream(struct confuse_parser *p, FILE *in)
{
	size_t n;
	cfg_opt_t *section = make_confuse_opts(p, PLACE_SECTION, &n);
	cfg_opt_t *titled = make_confuse_opts(p, PLACE_TITLED, &n);
	cfg_opt_t *top = make_confuse_opts(p, PLACE_TOP, &n);
	cfg_t *cfg;
	bool ok;

	add_top_opts(p, top, n, section, titled);
	cfg = cfg_init(top, CFGF_NONE);
	if (cfg == NULL)
		xmalloc_failed("libconfuse");
	parsing = p;
	p->top = cfg;
	cfg_set_error_function(cfg, on_confuse_error);
	cfg->filename = xstrdup(p->path);
	ok = cfg_parse_fp(cfg, in) == CFG_SUCCESS;
	if (!ok)
		set_confuse_error(p, "%s:%d: syntax error", p->path, cfg->line);
	else if (!p->whole && p->quotes != 0)
		report_open_quotes(p);
	else if (!p->whole)
		set_confuse_error(p, "%s: a comment is not closed: '*/' expected", p->path);
	ok = ok && p->whole && pass_remaining_lists(p, cfg);
	cfg_free(cfg);
	parsing = NULL;
	free(top);
	free(titled);
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

/* find_string_end - after the closing quotes, or at the end of the text */
static char *
find_string_end(char *s)
{
	char quote = *s++;

	while (*s != '\0' && *s != quote)
		s += s[0] == '\\' && s[1] != '\0' ? 2 : 1;
	return *s == '\0' ? s : s + 1;
}

/* spans_lines - has a string, from one quote to the other, a newline without a backslash? */
static bool
spans_lines(const char *s, const char *end)
{
	for (; s < end; s++) {
		if (*s == '\n')
			return true;
		s += *s == '\\';
	}
	return false;
}

/*
 * find_open_quotes - the line of the first string that does not end on it; 0: each of them does
 *
 * Not the last one: where quotes are missing, all that is between later ones becomes a string.
 * The text has no comments.
 */
static int
find_open_quotes(char *text)
{
	char *s = text, *end;
	int line = 1;

	for (; *s != '\0'; s = end) {
		end = s + 1;
		if (*s == '"' || *s == '\'') {
			end = find_string_end(s);
			if (spans_lines(s, end))
				return line;
		}
		for (; s < end; s++)
			line += *s == '\n';
	}
	return 0;
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

/*
 * has_title - is the word of len bytes at s the name of a section with a title?
 *
 * Neither an assignment nor the beginning of a section without a title follows it.
 */
static bool
has_title(const struct confuse_parser *p, const char *s, size_t len)
{
	const char *next = s + len + strspn(s + len, " \t\r\n");

	return len == strlen(p->section) && memcmp(s, p->section, len) == 0 &&
	       strchr("={+", *next) == NULL;
}

/* mark_titled_sections - give sections with a title their other name; the text has no comments */
static void
mark_titled_sections(const struct confuse_parser *p, char *s)
{
	char before = '\n'; /* the last byte of the word before */
	int depth = 0;
	size_t len;

	while (*s != '\0') {
		len = strcspn(s, " \t\r\n={}(),;+\"'");
		if (depth == 0 && before != '=' && has_title(p, s, len))
			s[len - 1] = TITLED_MARK;
		depth += *s == '{' ? 1 : *s == '}' ? -1 : 0;
		if (strchr(" \t\r\n", *s) == NULL)
			before = *s;
		if (len > 0)
			s += len;
		else
			s = *s == '"' || *s == '\'' ? find_string_end(s) : s + 1;
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

/* name_titled_sections - choose their name, if the caller accepts them */
static void
name_titled_sections(struct confuse_parser *p)
{
	size_t len;

	if (p->section == NULL || p->grammar->open == NULL)
		return;
	len = strlcpy(p->titled, p->section, sizeof(p->titled));
	p->titled[len - 1] = TITLED_MARK;
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
	p->progress_titled = xcalloc(p->grammar->n, sizeof(*p->progress_titled));
	ok = parse_confuse_stream(p, in);
	free(p->progress_titled);
	free(p->progress);
	fclose(in);
	return ok;
}

/* parse_once - a text with this grammar; its options after the first known ones are unknown */
static bool
parse_once(struct confuse_parser *p, const char *text)
{
	char *copy;
	bool ok;
	int len;

	p->error[0] = '\0';
	p->whole = false;
	snprintf(p->mark, sizeof(p->mark), "%zu", strlen(text));
	len = xasprintf(&copy, "%s\n" SENTINEL " = %s\n", text, p->mark);
	blank_comments(copy);
	p->quotes = find_open_quotes(copy);
	blank_byte_order_mark(copy);
	name_titled_sections(p);
	if (p->titled[0] != '\0')
		mark_titled_sections(p, copy);
	/* Other programs accept a value of several lines. */
	ok = p->quotes == 0 || p->grammar->unknown != NULL;
	if (ok)
		ok = parse_marked_text(p, copy, (size_t)len);
	else
		report_open_quotes(p);
	free(copy);
	return ok;
}

/*
 * parse_with_unknown - add each unknown option to the grammar, until the text has no other one
 *
 * libconfuse can ignore unknown options, but then it does not name them.
 */
static bool
parse_with_unknown(struct confuse_parser *p, const char *text)
{
	const struct confuse_grammar *grammar = p->grammar;
	struct confuse_grammar all = *grammar;
	struct confuse_option *options =
	    xcalloc(grammar->n + CONFUSE_UNKNOWN_MAX, sizeof(*options));
	char *names[CONFUSE_UNKNOWN_MAX];
	size_t n = 0;
	bool ok;

	memcpy(options, grammar->options, grammar->n * sizeof(*options));
	all.options = options;
	p->grammar = &all;
	p->trying = true;
	while (!(ok = parse_once(p, text)) && p->unknown != NULL && n < CONFUSE_UNKNOWN_MAX) {
		names[n] = p->unknown;
		options[all.n++] = (struct confuse_option){ .name = names[n++], .list = true };
		p->unknown = NULL;
	}
	p->trying = false;
	if (ok)
		ok = parse_once(p, text);
	while (n > 0)
		free(names[--n]);
	free(p->unknown);
	free(options);
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
		.known = grammar->n,
		.error = error,
		.size = size };

	return grammar->unknown == NULL ? parse_once(&p, text) : parse_with_unknown(&p, text);
}
