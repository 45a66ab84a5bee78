/* SPDX-License-Identifier: ISC */
/*
 * shell_text - what a file of shell assignments sets, without running it
 *
 * BUGS: the whole rest of a file is taken to be under a condition once there is a subshell, a
 * function, a case or a here-document in it.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/ascii.h"
#include "common/xmalloc.h"
#include "srsd/ctl/import/shell_text.h"

/* A value of variables is not known when it gets longer: each may hold the one before it twice. */
#define VALUE_MAX (64 * 1024)

struct variable {
	SLIST_ENTRY(variable) entry;
	char *name;
	char *value; /* NULL: not known */
};

/* A word, or the value of an assignment. */
struct word {
	char *text; /* without its quotes */
	size_t len;
	bool unknown; /* it holds what only the shell could tell */
};

struct reader {
	const char *at;
	unsigned line;
	unsigned depth; /* of conditions and loops that are open */
	bool lost;      /* see BUGS */
	SLIST_HEAD(, variable) variables;
	shell_fn *fn;
	void *arg;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* is_name - a character of a variable's name */
static bool
is_name(char c)
{
	return ascii_isalpha(c) || ascii_isdigit(c) || c == '_';
}

/* ends_word - does the character end a word that is not quoted? */
static bool
ends_word(char c)
{
	return c == '\0' || c == '\n' || is_blank(c) || strchr(";&|()<>", c) != NULL;
}

static void
add(struct word *word, const char *s, size_t len)
{
	word->text = xreallocarray(word->text, word->len + len + 1, 1);
	memcpy(word->text + word->len, s, len);
	word->len += len;
	word->text[word->len] = '\0';
}

/* step - go over one character, and count the lines */
static void
step(struct reader *r)
{
	r->line += *r->at == '\n';
	r->at++;
}

static const struct variable *
find(const struct reader *r, const char *name, size_t len)
{
	const struct variable *v;

	SLIST_FOREACH (v, &r->variables, entry)
		if (strncmp(v->name, name, len) == 0 && v->name[len] == '\0')
			return v;
	return NULL;
}

/* keep - what a variable holds from here on; NULL: nobody knows */
static void
keep(struct reader *r, const char *name, const char *value)
{
	struct variable *v = xcalloc(1, sizeof(*v));

	v->name = xstrdup(name);
	v->value = value == NULL ? NULL : xstrdup(value);
	SLIST_INSERT_HEAD(&r->variables, v, entry); /* the newest is found first */
}

/* skip_to - go behind the character that ends what begins here; backslashes hide it */
static void
skip_to(struct reader *r, char end)
{
	step(r);
	while (*r->at != '\0' && *r->at != end) {
		if (r->at[0] == '\\' && r->at[1] != '\0')
			step(r);
		step(r);
	}
	if (*r->at != '\0')
		step(r);
}

/* skip_parens - go behind the parenthesis that closes the one that we stand on */
static void
skip_parens(struct reader *r)
{
	unsigned open = 0;

	do {
		if (*r->at == '\'') {
			step(r);
			while (*r->at != '\0' && *r->at != '\'')
				step(r);
		} else if (r->at[0] == '\\' && r->at[1] != '\0') {
			step(r);
			step(r);
			continue;
		}
		open += *r->at == '(';
		open -= *r->at == ')';
		if (*r->at != '\0')
			step(r);
	} while (open > 0 && *r->at != '\0');
}

/* expand - $NAME or ${NAME}, when the file has set it; everything else is not known */
static void
expand(struct reader *r, struct word *word)
{
	bool braces = r->at[1] == '{';
	const char *name = r->at + 1 + braces, *end = name;
	const struct variable *v;

	while (is_name(*end))
		end++;
	if (end > name && !ascii_isdigit(*name) && (!braces || *end == '}')) {
		v = find(r, name, (size_t)(end - name));
		if (v == NULL || v->value == NULL || word->len + strlen(v->value) > VALUE_MAX)
			word->unknown = true;
		else
			add(word, v->value, strlen(v->value));
		r->at = end + braces;
		return;
	}
	if (r->at[1] == '(') {
		step(r);
		skip_parens(r);
	} else if (braces) {
		skip_to(r, '}');
	} else {
		/* A dollar sign before anything else stands for itself; $? and $1 do not. */
		if (strchr("@*#?-$!0123456789", r->at[1]) == NULL || r->at[1] == '\0')
			add(word, "$", 1);
		else
			word->unknown = true;
		step(r);
		return;
	}
	word->unknown = true;
}

/* read_substitution - what $ or ` begins, within double quotes and without */
static void
read_substitution(struct reader *r, struct word *word)
{
	if (*r->at == '$') {
		expand(r, word);
		return;
	}
	skip_to(r, '`');
	word->unknown = true;
}

/* read_double - what stands between double quotes; we stand on the first */
static void
read_double(struct reader *r, struct word *word)
{
	step(r);
	while (*r->at != '\0' && *r->at != '"') {
		if (*r->at == '$' || *r->at == '`') {
			read_substitution(r, word);
			continue;
		}
		if (r->at[0] == '\\' && r->at[1] != '\0' && strchr("$`\"\\\n", r->at[1]) != NULL) {
			step(r);
			if (*r->at == '\n') {
				step(r);
				continue;
			}
		}
		add(word, r->at, 1);
		step(r);
	}
	if (*r->at == '\0')
		word->unknown = true; /* the quotes are not closed */
	else
		step(r);
}

static void
read_single(struct reader *r, struct word *word)
{
	step(r);
	while (*r->at != '\0' && *r->at != '\'') {
		add(word, r->at, 1);
		step(r);
	}
	if (*r->at == '\0')
		word->unknown = true;
	else
		step(r);
}

/* read_backslash - a character that the one before it quotes; a line's end is nothing at all */
static void
read_backslash(struct reader *r, struct word *word)
{
	step(r);
	if (*r->at == '\0')
		return;
	if (*r->at != '\n')
		add(word, r->at, 1);
	step(r);
}

/* read_word - the rest of a word; the caller frees its text */
static void
read_word(struct reader *r, struct word *word)
{
	memset(word, 0, sizeof(*word));
	add(word, "", 0);
	word->unknown = *r->at == '~';
	while (!ends_word(*r->at)) {
		if (*r->at == '\'')
			read_single(r, word);
		else if (*r->at == '"')
			read_double(r, word);
		else if (*r->at == '\\')
			read_backslash(r, word);
		else if (*r->at == '$' || *r->at == '`')
			read_substitution(r, word);
		else {
			add(word, r->at, 1);
			step(r);
		}
	}
}

/* name_length - of the name of an assignment that begins here; 0: none does */
static size_t
name_length(const char *s)
{
	size_t n = 0;

	while (is_name(s[n]))
		n++;
	return n > 0 && !ascii_isdigit(s[0]) && s[n] == '=' ? n : 0;
}

static void
skip_blanks(struct reader *r)
{
	while (is_blank(*r->at) || (r->at[0] == '\\' && r->at[1] == '\n')) {
		if (*r->at == '\\')
			step(r);
		step(r);
	}
}

static bool
is_one_of(const char *word, const char *const *words)
{
	while (*words != NULL && strcmp(word, *words) != 0)
		words++;
	return *words != NULL;
}

/* follow - what a command's first word says of conditions; true: only a command follows it */
static bool
follow(struct reader *r, const char *word)
{
	static const char *const opening[] = { "if", "while", "until", "for", "{", NULL };
	static const char *const closing[] = { "fi", "done", "}", NULL };
	static const char *const between[] = { "then", "do", "else", "elif", "!", NULL };

	if (is_one_of(word, opening)) {
		r->depth++;
		return true;
	}
	if (is_one_of(word, closing)) {
		r->depth -= r->depth > 0;
		return false;
	}
	if (strcmp(word, "case") == 0)
		r->lost = true;
	return is_one_of(word, between);
}

/* Assignments that stand together, before it is known whether a command comes behind them. */
struct assignment {
	STAILQ_ENTRY(assignment) entry;
	char *name;
	struct word value;
	unsigned line;
	const char *begin;
	const char *end; /* in the file */
};
STAILQ_HEAD(assignments, assignment);

static void
read_assignment(struct reader *r, struct assignments *list, size_t name_len)
{
	struct assignment *a = xcalloc(1, sizeof(*a));

	a->line = r->line;
	a->begin = r->at;
	a->name = xstrndup(r->at, name_len);
	r->at += name_len + 1;
	read_word(r, &a->value);
	a->end = r->at;
	STAILQ_INSERT_TAIL(list, a, entry);
}

/* tell - of one assignment; command is what stands behind it, or "" */
static void
tell(struct reader *r, const struct assignment *a, const char *command)
{
	char *written = xstrndup(a->begin, (size_t)(a->end - a->begin));
	struct shell_item item = { SHELL_SET, a->line, a->name, a->value.text, written };

	if (command[0] != '\0') {
		item.kind = SHELL_FOR;
		item.text = command;
	} else {
		if (r->depth > 0 || r->lost)
			item.kind = SHELL_MAYBE;
		else if (a->value.unknown)
			item.kind = SHELL_UNKNOWN;
		keep(r, a->name, item.kind == SHELL_SET ? a->value.text : NULL);
	}
	r->fn(r->arg, &item);
	free(written);
}

/* tell_all - and forget them */
static void
tell_all(struct reader *r, struct assignments *list, const char *command)
{
	struct assignment *a;

	while ((a = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		tell(r, a, command);
		free(a->name);
		free(a->value.text);
		free(a);
	}
}

/*
 * read_operators - go over what ends a command
 *
 * True when the command ran in the shell itself, and the next one runs in any case.
 */
static bool
read_operators(struct reader *r)
{
	const char *begin = r->at;

	while (*r->at != '\0' && strchr(";&|()<>", *r->at) != NULL)
		r->at++;
	if (memchr(begin, '(', (size_t)(r->at - begin)) != NULL ||
	    (r->at - begin >= 2 && strncmp(begin, "<<", 2) == 0))
		r->lost = true;
	return r->at == begin || (*begin == ';' && r->at == begin + 1);
}

/* read_words - the words of a command, up to what ends it */
static void
read_words(struct reader *r)
{
	struct word word;

	for (skip_blanks(r); !ends_word(*r->at) && *r->at != '#'; skip_blanks(r)) {
		read_word(r, &word);
		free(word.text);
	}
}

/* read_exports - the words behind export or readonly: names, and assignments */
static void
read_exports(struct reader *r, struct assignments *list)
{
	struct word word;
	size_t n;

	for (skip_blanks(r); !ends_word(*r->at) && *r->at != '#'; skip_blanks(r)) {
		n = name_length(r->at);
		if (n > 0) {
			read_assignment(r, list, n);
			continue;
		}
		read_word(r, &word);
		free(word.text);
	}
}

/* tell_command - of what begins there and ends here, and of the assignments before it */
static void
tell_command(struct reader *r, struct assignments *list, const char *begin, unsigned line)
{
	struct shell_item item = { .kind = SHELL_COMMAND, .line = line };
	size_t len = (size_t)(r->at - begin);
	char *text;

	while (len > 0 && is_blank(begin[len - 1]))
		len--;
	text = xstrndup(begin, len);
	item.text = text;
	if (STAILQ_EMPTY(list))
		r->fn(r->arg, &item);
	tell_all(r, list, text);
	free(text);
}

/* read_command - one that begins with a word, not with an assignment of its own */
static void
read_command(struct reader *r, struct assignments *list)
{
	static const char *const exporting[] = { "export", "readonly", NULL };
	static const char *const silent[] = { "fi", "done", "}", ":", NULL };
	const char *begin = r->at;
	unsigned line = r->line;
	struct word first;
	bool alone = STAILQ_EMPTY(list), told = false;

	read_word(r, &first);
	if (alone && is_one_of(first.text, exporting)) {
		read_exports(r, list);
		told = true;
	} else if (alone && follow(r, first.text)) {
		told = true; /* what comes behind is a command of its own */
	}
	if (!told) {
		read_words(r);
		if (*r->at != '\0' && strchr("&|<>()", *r->at) != NULL) {
			r->lost |= strchr("<(", *r->at) != NULL && *r->at == r->at[1];
			r->lost |= *r->at == '(';
			r->at += strcspn(r->at, "\n");
		}
		if (!alone || !is_one_of(first.text, silent))
			tell_command(r, list, begin, line);
	}
	free(first.text);
}

/* read_line - assignments, and the command behind them, if there is one */
static void
read_line(struct reader *r)
{
	struct assignments list = STAILQ_HEAD_INITIALIZER(list);
	const char *operators;
	unsigned line;
	size_t n;

	for (skip_blanks(r); (n = name_length(r->at)) > 0; skip_blanks(r))
		read_assignment(r, &list, n);
	if (!ends_word(*r->at) && *r->at != '#')
		read_command(r, &list);
	operators = r->at;
	line = r->line;
	if (read_operators(r)) {
		tell_all(r, &list, "");
		return;
	}
	/* Behind && and ||, and with a redirection, an assignment is the shell's; in a pipe or in
	 * the background it is a subshell's. What else is on the line goes with the operators. */
	if (strncmp(operators, "&&", 2) == 0 || strncmp(operators, "||", 2) == 0 ||
	    *operators == '<' || *operators == '>')
		tell_all(r, &list, "");
	r->at += strcspn(r->at, "\n");
	tell_command(r, &list, operators, line);
}

void
shell_text_read(const char *text, shell_fn *fn, void *arg)
{
	struct reader r = { .at = text, .line = 1, .fn = fn, .arg = arg };
	struct variable *v;

	while (*r.at != '\0') {
		skip_blanks(&r);
		if (*r.at == '#')
			r.at += strcspn(r.at, "\n");
		else if (*r.at == '\n')
			step(&r);
		else
			read_line(&r);
	}
	while ((v = SLIST_FIRST(&r.variables)) != NULL) {
		SLIST_REMOVE_HEAD(&r.variables, entry);
		free(v->name);
		free(v->value);
		free(v);
	}
}
