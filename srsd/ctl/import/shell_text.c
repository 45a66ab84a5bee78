/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/buffer.h"
#include "common/xmalloc.h"
#include "srsd/ctl/import/shell_text.h"

struct shell_reader {
	const char *at;
	const char *counted; /* the newlines before this are in line */
	unsigned line;
	unsigned block; /* the line that may begin a block; 0: no such line yet */
	struct buffer word;
	shell_statement_fn *fn;
	void *arg;
};

/* What one statement has been found to be. */
struct shell_parts {
	size_t words;
	char *name; /* of the assignment that is the first word; NULL: another word */
	char *value;
	bool exported; /* the words follow "export" */
	bool is_name;  /* the last word is the name of a variable */
	bool expanded; /* a word contains something that only a shell can expand */
};

static bool
is_shell_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
ends_shell_word(char c)
{
	return c == '\0' || is_shell_blank(c) || strchr("\n;&|()<>", c) != NULL;
}

/* begins_block - can this word, at the start of a command, change the meaning of later lines? */
static bool
begins_block(const char *word)
{
	static const char *const words[] = { "if", "for", "while", "until", "case", "{", "!",
		"function", "exec", "exit", "return" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* measure_variable - the length of a variable's name at the start of a text; 0: no name */
static size_t
measure_variable(const char *s)
{
	size_t n = 0;

	while (ascii_isalpha(s[n]) || s[n] == '_' || (n > 0 && ascii_isdigit(s[n])))
		n++;
	return n;
}

/* skip_expansion - the end of what "$" or "`" begins; NULL: it is too complex to find the end */
static const char *
skip_expansion(const char *s)
{
	const char *end;
	char close = '`';

	if (s[0] == '$' && s[1] != '(' && s[1] != '{')
		return s[1] == '\'' ? NULL : s + 1;
	if (s[0] == '$')
		close = *++s == '(' ? ')' : '}';
	end = s + 1 + strcspn(s + 1, "'\"\\`$(){}<#\n");
	return *end == close ? end + 1 : NULL;
}

/* is_escape - does the backslash here quote the next character, inside these quotes or none? */
static bool
is_escape(const char *s, char quote)
{
	return s[0] == '\\' && (quote == '\0' || (quote == '"' && s[1] != '\0' &&
						     strchr("$`\"\\\n", s[1]) != NULL));
}

/* read_shell_word - without its quotes, with a NUL; false: it may begin a block */
static bool
read_shell_word(struct shell_reader *r, bool *expanded)
{
	char quote = '\0';

	buffer_clear(&r->word);
	while (quote != '\0' || !ends_shell_word(*r->at)) {
		if (*r->at == '\0')
			return false;
		if (quote != '\'' && (*r->at == '$' || *r->at == '`')) {
			*expanded = true;
			r->at = skip_expansion(r->at);
			if (r->at == NULL)
				return false;
			continue;
		}
		if (*r->at == quote) {
			quote = '\0';
		} else if (quote == '\0' && (*r->at == '\'' || *r->at == '"')) {
			quote = *r->at;
		} else if (is_escape(r->at, quote)) {
			if (*++r->at == '\0')
				return false;
			if (*r->at != '\n')
				buffer_add(&r->word, r->at, 1);
		} else {
			*expanded |= quote == '\0' && *r->at == '~';
			buffer_add(&r->word, r->at, 1);
		}
		r->at++;
	}
	buffer_add(&r->word, "", 1);
	return true;
}

static void
skip_shell_blanks(struct shell_reader *r)
{
	while (is_shell_blank(*r->at) || (r->at[0] == '\\' && r->at[1] == '\n'))
		r->at += *r->at == '\\' ? 2 : 1;
}

/* read_parts - the words up to the end of a statement; false: it may begin a block */
static bool
read_parts(struct shell_reader *r, struct shell_parts *parts)
{
	size_t len;

	for (; !ends_shell_word(*r->at) && *r->at != '#'; skip_shell_blanks(r)) {
		len = measure_variable(r->at);
		if (parts->words > 0 || r->at[len] != '=')
			len = 0;
		if (len > 0)
			parts->name = xstrndup(r->at, len);
		if (!read_shell_word(r, &parts->expanded))
			return false;
		if (len > 0)
			parts->value = xstrdup(r->word.data + len + 1);
		else if (parts->words == 0 && begins_block(r->word.data))
			return false;
		parts->is_name = r->word.data[measure_variable(r->word.data)] == '\0';
		if (parts->words == 0 && strcmp(r->word.data, "export") == 0)
			parts->exported = true;
		else
			parts->words++;
	}
	return strchr("\n;#", *r->at) != NULL; /* or the NUL at the end */
}

/* report_statement - the text from begin to r->at; parts is NULL if it may begin a block */
static void
report_statement(struct shell_reader *r, const char *begin, const struct shell_parts *parts)
{
	struct shell_statement statement = { .line = r->line, .block = r->block };
	bool simple = parts != NULL && parts->words == 1 && !parts->expanded;
	size_t len = (size_t)(r->at - begin);
	char *text;

	if (simple && parts->name != NULL) {
		statement.name = parts->name;
		statement.value = parts->value;
	} else if (simple && parts->exported && parts->is_name) {
		return;
	}
	while (len > 0 && is_shell_blank(begin[len - 1]))
		len--;
	text = xstrndup(begin, len);
	statement.text = text;
	r->fn(r->arg, &statement);
	free(text);
}

/* read_statement - one statement; one line, if that may begin a block or may be inside one */
static void
read_statement(struct shell_reader *r)
{
	struct shell_parts parts = { .words = 0 };
	const char *begin = r->at;

	for (; r->counted < begin; r->counted++)
		r->line += *r->counted == '\n';
	if (r->block == 0 && read_parts(r, &parts)) {
		report_statement(r, begin, &parts);
	} else {
		r->at = begin + strcspn(begin, "\n");
		report_statement(r, begin, NULL);
		if (r->block == 0)
			r->block = r->line;
	}
	free(parts.name);
	free(parts.value);
}

void
shell_text_read(const char *text, shell_statement_fn *fn, void *arg)
{
	struct shell_reader r = { .at = text, .counted = text, .line = 1, .fn = fn, .arg = arg };

	for (skip_shell_blanks(&r); *r.at != '\0'; skip_shell_blanks(&r)) {
		if (*r.at == '#')
			r.at += strcspn(r.at, "\n");
		else if (*r.at == '\n' || *r.at == ';')
			r.at++;
		else
			read_statement(&r);
	}
	buffer_free(&r.word);
}
