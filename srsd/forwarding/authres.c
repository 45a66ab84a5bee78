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
	return (ascii_isgraph(c) || (unsigned char)c >= 0x80) && strchr("();\\\"", c) == NULL;
}

static bool
is_version_char(char c)
{
	return ascii_isdigit(c);
}

/* read_keyword - Ldh-str of RFC 5321, 4.1.2 */
static bool
read_keyword(struct header_lexer *lexer, struct text *word)
{
	*word = header_lexer_read_while(lexer, is_keyword_char);
	return word->len > 0 && word->s[0] != '-' && word->s[word->len - 1] != '-';
}

static bool
read_value(struct header_lexer *lexer, struct text *value)
{
	if (header_lexer_read_quoted(lexer, value))
		return true;
	*value = header_lexer_read_while(lexer, is_token_char);
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
	return value->len > 0;
}

/* skip_sign - skip a sign with optional CFWS around it */
static bool
skip_sign(struct header_lexer *lexer, char sign)
{
	return header_lexer_skip_cfws(lexer, NULL) && header_lexer_skip(lexer, sign) &&
	       header_lexer_skip_cfws(lexer, NULL);
}

static bool
is_word(struct text text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.s, word, text.len) == 0;
}

/* read_method - methodspec; *is_known is false for a version other than 1 */
static bool
read_method(struct header_lexer *lexer, struct authres_result *result, bool *is_known)
{
	struct text version;

	*is_known = true;
	if (!read_keyword(lexer, &result->method) || !header_lexer_skip_cfws(lexer, NULL))
		return false;
	if (header_lexer_skip(lexer, '/')) {
		if (!header_lexer_skip_cfws(lexer, NULL))
			return false;
		version = header_lexer_read_while(lexer, is_version_char);
		*is_known = text_is(version, "1");
		if (version.len == 0)
			return false;
	}
	return skip_sign(lexer, '=') && read_keyword(lexer, &result->result);
}

/* read_property - the rest of a propspec after its first word */
static bool
read_property(struct header_lexer *lexer, struct text type, struct authres_result *result)
{
	struct authres_property property = { .type = type };

	if (!skip_sign(lexer, '.') || !read_keyword(lexer, &property.name) ||
	    !skip_sign(lexer, '=') || !read_pvalue(lexer, &property.value))
		return false;
	if (result->n < AUTHRES_PROPERTIES_MAX)
		result->property[result->n++] = property;
	else
		result->truncated = true;
	return true;
}

/* read_reason - the value of a reasonspec; *is_reason is false for the start of a propspec */
static bool
read_reason(struct header_lexer *lexer, struct authres_result *result, bool *is_reason)
{
	struct header_lexer ahead = *lexer;

	*is_reason = skip_sign(&ahead, '=');
	if (!*is_reason)
		return true;
	*lexer = ahead;
	return read_value(lexer, &result->reason);
}

/* read_details - the reason and the properties of a result, up to the next one or the end */
static bool
read_details(struct header_lexer *lexer, struct authres_result *result)
{
	bool has_space, is_reason, is_first = true;
	struct text word;

	for (;; is_first = false) {
		if (!header_lexer_skip_cfws(lexer, &has_space))
			return false;
		if (header_lexer_at_end(lexer) || *lexer->s == ';')
			return true;
		if (!has_space || !read_keyword(lexer, &word))
			return false;
		is_reason = false;
		if (is_first && is_word(word, "reason") &&
		    !read_reason(lexer, result, &is_reason))
			return false;
		if (!is_reason && !read_property(lexer, word, result))
			return false;
	}
}

/* read_result - one resinfo after its semicolon */
static bool
read_result(struct header_lexer *lexer, struct authres *authres)
{
	struct authres_result result = { .n = 0 };
	bool is_known;

	if (!header_lexer_skip_cfws(lexer, NULL) || !read_method(lexer, &result, &is_known) ||
	    !read_details(lexer, &result))
		return false;
	if (is_known && authres->n < AUTHRES_RESULTS_MAX)
		authres->result[authres->n++] = result;
	return true;
}

/* read_head - authserv-id and version, up to the first semicolon */
static bool
read_head(struct header_lexer *lexer, struct authres *authres)
{
	struct text version;
	bool has_space;

	if (!header_lexer_skip_cfws(lexer, NULL) || !read_value(lexer, &authres->authserv_id) ||
	    !header_lexer_skip_cfws(lexer, &has_space))
		return false;
	if (!has_space)
		return true;
	version = header_lexer_read_while(lexer, is_version_char);
	return (version.len == 0 || text_is(version, "1")) && header_lexer_skip_cfws(lexer, NULL);
}

/* is_no_result - is the rest "; none"? */
static bool
is_no_result(struct header_lexer lexer)
{
	struct text word;

	return skip_sign(&lexer, ';') && read_keyword(&lexer, &word) && is_word(word, "none") &&
	       header_lexer_skip_cfws(&lexer, NULL) && header_lexer_at_end(&lexer);
}

bool
authres_parse(struct authres *authres, struct text value)
{
	struct header_lexer lexer;

	authres->n = 0;
	header_lexer_init(&lexer, value);
	if (!read_head(&lexer, authres))
		return false;
	if (is_no_result(lexer))
		return true;
	do {
		if (!header_lexer_skip(&lexer, ';') || !read_result(&lexer, authres))
			return false;
	} while (!header_lexer_at_end(&lexer));
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
