/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "srsd/forwarding/authres.h"
#include "srsd/forwarding/header_lexer.h"

/* is_token_char - token of RFC 2045, 5.1, with the bytes of RFC 6532 */
static bool
is_token_char(char c)
{
	return (ascii_isgraph(c) || (unsigned char)c >= 0x80) &&
	       strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static bool
is_keyword_char(char c)
{
	return ascii_isalnum(c) || c == '-';
}

static bool
is_pvalue_char(char c)
{
	return header_lexer_is_atext(c) || c == '.' || c == ':' || c == '@';
}

static bool
is_version_char(char c)
{
	return ascii_isdigit(c);
}

/* A value that is being read. */
struct authres_parser {
	struct header_lexer lexer;
	bool has_remark; /* so far */
};

/* is_remark - is there a comment that may contain the text of a stranger? */
static bool
is_remark(const char *s, const char *end)
{
	const char *open = memchr(s, '(', (size_t)(end - s)), *word, *last;

	if (open == NULL)
		return false;
	word = open + 1;
	for (last = word; ascii_isgraph(*last) && strchr("()\\", *last) == NULL; last++)
		continue;
	if (memchr(last, '(', (size_t)(end - last)) != NULL)
		return true;
	return *last != ')' &&
	       (*last != ' ' ||
		   (!ascii_isdigit(*word) && memchr(word, '=', (size_t)(last - word)) == NULL));
}

/* skip_space - skip CFWS, and look at its comments; *found may be NULL */
static bool
skip_space(struct authres_parser *parser, bool *found)
{
	const char *start = parser->lexer.s;

	if (!header_lexer_skip_cfws(&parser->lexer, found))
		return false;
	parser->has_remark = parser->has_remark || is_remark(start, parser->lexer.s);
	return true;
}

/* skip_sign - skip a sign with optional CFWS around it */
static bool
skip_sign(struct authres_parser *parser, char sign)
{
	return skip_space(parser, NULL) && header_lexer_skip(&parser->lexer, sign) &&
	       skip_space(parser, NULL);
}

/* read_keyword - Ldh-str of RFC 5321, 4.1.2 */
static bool
read_keyword(struct authres_parser *parser, struct text *word)
{
	*word = header_lexer_read_while(&parser->lexer, is_keyword_char);
	return word->len > 0 && word->s[0] != '-' && word->s[word->len - 1] != '-';
}

static bool
read_value(struct authres_parser *parser, struct text *value)
{
	if (header_lexer_read_quoted(&parser->lexer, value))
		return true;
	*value = header_lexer_read_while(&parser->lexer, is_token_char);
	return value->len > 0;
}

/* read_pvalue - a quoted-string, with a domain if it is a local part, or any other characters */
static bool
read_pvalue(struct header_lexer *lexer, struct text *value)
{
	const char *start = lexer->s;

	if (header_lexer_read_quoted(lexer, value)) {
		if (header_lexer_skip(lexer, '@') &&
		    header_lexer_read_while(lexer, is_token_char).len == 0)
			return false;
	} else {
		header_lexer_read_while(lexer, is_pvalue_char);
	}
	value->s = start;
	value->len = (size_t)(lexer->s - start);
	return value->len > 0 && (header_lexer_at_end(lexer) || *lexer->s != '(');
}

static bool
is_word(struct text text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.s, word, text.len) == 0;
}

/* read_version - a number; *is_known is true for 1 */
static bool
read_version(struct authres_parser *parser, bool *is_known)
{
	struct text version = header_lexer_read_while(&parser->lexer, is_version_char);

	*is_known = text_is(version, "1");
	return version.len > 0;
}

/* read_method - methodspec; *is_known is false for a version other than 1 */
static bool
read_method(struct authres_parser *parser, struct authres_result *result, bool *is_known)
{
	*is_known = true;
	if (!read_keyword(parser, &result->method) || !skip_space(parser, NULL))
		return false;
	if (header_lexer_skip(&parser->lexer, '/') &&
	    (!skip_space(parser, NULL) || !read_version(parser, is_known)))
		return false;
	return skip_sign(parser, '=') && read_keyword(parser, &result->result);
}

/* read_property - the rest of a propspec after its first word */
static bool
read_property(struct authres_parser *parser, struct text type, struct authres_result *result)
{
	struct authres_property property = { .type = type };

	if (!skip_sign(parser, '.') || !read_keyword(parser, &property.name) ||
	    !skip_sign(parser, '=') || !read_pvalue(&parser->lexer, &property.value))
		return false;
	if (result->n < AUTHRES_PROPERTIES_MAX)
		result->property[result->n++] = property;
	else
		result->truncated = true;
	return true;
}

/* read_reason - the value of a reasonspec; *is_reason is false for the start of a propspec */
static bool
read_reason(struct authres_parser *parser, struct authres_result *result, bool *is_reason)
{
	struct authres_parser ahead = *parser;

	*is_reason = skip_sign(&ahead, '=');
	if (!*is_reason)
		return true;
	*parser = ahead;
	parser->has_remark = true;
	return read_value(parser, &result->reason);
}

/* read_details - the reason and the properties of a result, up to the next one or the end */
static bool
read_details(struct authres_parser *parser, struct authres_result *result)
{
	bool has_space, is_reason, is_first = true;
	struct text word;

	for (;; is_first = false) {
		if (!skip_space(parser, &has_space))
			return false;
		if (header_lexer_at_end(&parser->lexer) || *parser->lexer.s == ';')
			return true;
		if (!has_space || !read_keyword(parser, &word))
			return false;
		is_reason = false;
		if (is_first && is_word(word, "reason") && !read_reason(parser, result, &is_reason))
			return false;
		if (!is_reason && !read_property(parser, word, result))
			return false;
	}
}

/* read_result - one resinfo after its semicolon */
static bool
read_result(struct authres_parser *parser, struct authres *authres)
{
	struct authres_result result = { .n = 0 };
	bool is_known;

	if (!skip_space(parser, NULL) || !read_method(parser, &result, &is_known) ||
	    !read_details(parser, &result))
		return false;
	parser->has_remark = parser->has_remark || !is_known;
	result.has_remark = parser->has_remark;
	if (is_known && authres->n < AUTHRES_RESULTS_MAX)
		authres->result[authres->n++] = result;
	return true;
}

/* read_head - authserv-id and version, up to the first semicolon */
static bool
read_head(struct authres_parser *parser, struct authres *authres)
{
	bool has_space, is_known;

	if (!skip_space(parser, NULL) || !read_value(parser, &authres->authserv_id) ||
	    !skip_space(parser, &has_space))
		return false;
	if (!has_space || !read_version(parser, &is_known))
		return true;
	return is_known && skip_space(parser, NULL);
}

/* is_no_result - is the rest "; none"? */
static bool
is_no_result(struct authres_parser parser)
{
	struct text word;

	return skip_sign(&parser, ';') && read_keyword(&parser, &word) && is_word(word, "none") &&
	       skip_space(&parser, NULL) && header_lexer_at_end(&parser.lexer);
}

bool
authres_parse(struct authres *authres, struct text value)
{
	struct authres_parser parser = { .has_remark = false };

	authres->n = 0;
	header_lexer_init(&parser.lexer, value);
	if (!read_head(&parser, authres))
		return false;
	if (is_no_result(parser))
		return true;
	do {
		if (!header_lexer_skip(&parser.lexer, ';') || !read_result(&parser, authres))
			return false;
	} while (!header_lexer_at_end(&parser.lexer));
	return true;
}

bool
authres_result_is(const struct authres_result *result, const char *method, const char *outcome)
{
	return is_word(result->method, method) && is_word(result->result, outcome);
}

const struct authres_property *
authres_find(const struct authres_result *result, const char *type, const char *name)
{
	const struct authres_property *found = NULL, *property;

	if (result->truncated)
		return NULL;
	for (property = result->property; property < result->property + result->n; property++) {
		if (!is_word(property->type, type) || !is_word(property->name, name))
			continue;
		if (found != NULL)
			return NULL;
		found = property;
	}
	return found;
}
