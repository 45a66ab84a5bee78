/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/idna.h"
#include "common/orgdomain.h"
#include "srsd/forwarding/authres.h"
#include "srsd/forwarding/header_lexer.h"
#include "srsd/forwarding/mail_headers.h"

/* The key of the token in Received-SPF, and its property in Authentication-Results. */
#define TOKEN_KEY "x-srsd"
#define TOKEN_TYPE "policy"

void
mail_headers_init(
    struct mail_headers *headers, const struct settings *settings, const char *hostname)
{
	/* The arrays need no cleaning: they are the larger part of a message's memory. */
	memset(headers, 0, offsetof(struct mail_headers, from));
	headers->from.has_field = false;
	headers->from.unknown = NULL;
	headers->from.n = 0;
	headers->settings = settings;
	headers->reads_results = settings->trusted_authserv_ids.n > 0;
	headers->reads_from = headers->reads_results || strcmp(settings->per_domain, "off") != 0 ||
			      settings->unauthenticated_domain[0] != '\0';
	if (!headers->reads_from)
		mailbox_domains_set_unknown(&headers->from, "no option needs it");
	strlcpy(headers->hostname, hostname, sizeof(headers->hostname));
}

static bool
is_field(struct text name, const char *word)
{
	return name.len == strlen(word) && strncasecmp(name.s, word, name.len) == 0;
}

/* Domains. */

/* is_same_domain - are two names equal, in any case and as U-labels or A-labels? */
static bool
is_same_domain(struct text a, struct text b)
{
	char ascii_a[HOSTNAME_MAX + 1], ascii_b[HOSTNAME_MAX + 1];

	a.len = hostname_length(a.s, a.len);
	b.len = hostname_length(b.s, b.len);
	return idna_to_ascii(ascii_a, a.s, a.len) > 0 && idna_to_ascii(ascii_b, b.s, b.len) > 0 &&
	       strcasecmp(ascii_a, ascii_b) == 0;
}

/* is_related_domain - the organizational domains are equal; or the names, if one has none */
static bool
is_related_domain(struct text a, struct text b)
{
	return orgdomain_is_shared(a.s, a.len, b.s, b.len) || is_same_domain(a, b);
}

/* Received. */

static bool
is_received_char(char c)
{
	return (ascii_isgraph(c) || (unsigned char)c >= 0x80) && c != '(' && c != ')' && c != ';';
}

static bool
is_own_name(const struct mail_headers *headers, struct text name)
{
	return name.len > 0 && (is_field(name, headers->hostname) ||
				   is_field(name, headers->settings->spf.authserv_id));
}

/* is_from_client - "from CLIENT ... by HOST ...", which smtpd(8) writes */
static bool
is_from_client(const struct mail_headers *headers, struct text value)
{
	struct header_lexer lexer;
	struct text word;
	size_t n;

	header_lexer_init(&lexer, value);
	for (n = 0;; n++) {
		if (!header_lexer_skip_cfws(&lexer, NULL))
			return false;
		word = header_lexer_read_while(&lexer, is_received_char);
		if (word.len == 0 || (n == 0 && !is_field(word, "from")))
			return false;
		if (n > 1 && is_field(word, "by"))
			break;
	}
	if (!header_lexer_skip_cfws(&lexer, NULL))
		return false;
	return is_own_name(headers, header_lexer_read_while(&lexer, is_received_char));
}

static bool
skip_literal(struct header_lexer *lexer, const char *word)
{
	while (*word != '\0')
		if (!header_lexer_skip(lexer, *word++))
			return false;
	return true;
}

/*
 * is_from_local - "by HOST (Postfix)" and a fold, which local(8) writes
 *
 * With smtpd_hide_client_session, smtpd(8) writes the same without the fold, and below it is the
 * text of a stranger.
 */
static bool
is_from_local(const struct mail_headers *headers, struct text value)
{
	struct header_lexer lexer;

	header_lexer_init(&lexer, value);
	if (!skip_literal(&lexer, "by ") ||
	    !is_own_name(headers, header_lexer_read_while(&lexer, is_received_char)) ||
	    !skip_literal(&lexer, " (Postfix)"))
		return false;
	header_lexer_skip(&lexer, '\r');
	return skip_literal(&lexer, "\n\tid ") &&
	       header_lexer_read_while(&lexer, is_received_char).len > 0 &&
	       skip_literal(&lexer, "; ");
}

/* move_below - the place of the next field */
static enum mail_headers_place
move_below(const struct mail_headers *headers, struct text name, struct text value)
{
	if (headers->place == MAIL_HEADERS_LOCAL)
		return is_field(name, "Delivered-To") ? MAIL_HEADERS_TOP : MAIL_HEADERS_STRANGE;
	if (headers->place != MAIL_HEADERS_TOP || !is_field(name, "Received"))
		return headers->place;
	if (is_from_client(headers, value))
		return MAIL_HEADERS_TRUSTED;
	return is_from_local(headers, value) ? MAIL_HEADERS_LOCAL : MAIL_HEADERS_STRANGE;
}

/* Tokens. */

static bool
is_verdict_char(char c)
{
	return ascii_isalnum(c) || c == '-' || c == '.';
}

/* may_have_token - most headers have none, and need not be parsed */
static bool
may_have_token(struct text value)
{
	return memmem(value.s, value.len, TOKEN_KEY, strlen(TOKEN_KEY)) != NULL;
}

static void
add_token(struct mail_headers *headers, struct text raw)
{
	char *token;
	size_t i;

	if (headers->n_tokens == MAIL_HEADERS_TOKENS_MAX)
		return;
	token = headers->token[headers->n_tokens];
	if (!header_lexer_unquote(token, MAIL_HEADERS_TOKEN_MAX + 1, raw))
		return;
	for (i = 0; is_verdict_char(token[i]); i++)
		continue;
	if (i > 0 && token[i] == '\0')
		headers->n_tokens++;
}

static bool
is_key_char(char c)
{
	return ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
}

/* is_value_char - also those of receiver=<UNKNOWN> and of IPv6 addresses, which are not quoted */
static bool
is_value_char(char c)
{
	return header_lexer_is_atext(c) || strchr(".:<>[]@", c) != NULL;
}

/* read_pair - a key-value-pair of Received-SPF (RFC 7208, 9.1), and the CFWS after it */
static bool
read_pair(struct header_lexer *lexer, struct text *key, struct text *value)
{
	*key = header_lexer_read_while(lexer, is_key_char);
	if (key->len == 0 || !header_lexer_skip_cfws(lexer, NULL) ||
	    !header_lexer_skip(lexer, '=') || !header_lexer_skip_cfws(lexer, NULL))
		return false;
	if (!header_lexer_read_quoted(lexer, value))
		*value = header_lexer_read_while(lexer, is_value_char);
	return value->len > 0 && header_lexer_skip_cfws(lexer, NULL);
}

/* add_received_spf - the token of a Received-SPF field; of a field that is invalid, none */
static void
add_received_spf(struct mail_headers *headers, struct text value)
{
	size_t n_tokens = headers->n_tokens;
	struct text key, pair_value;
	struct header_lexer lexer;

	header_lexer_init(&lexer, value);
	if (!header_lexer_skip_cfws(&lexer, NULL) ||
	    header_lexer_read_while(&lexer, is_key_char).len == 0 ||
	    !header_lexer_skip_cfws(&lexer, NULL))
		return;
	while (!header_lexer_at_end(&lexer)) {
		if (!read_pair(&lexer, &key, &pair_value) ||
		    (!header_lexer_at_end(&lexer) && (!header_lexer_skip(&lexer, ';') ||
							 !header_lexer_skip_cfws(&lexer, NULL)))) {
			headers->n_tokens = n_tokens;
			return;
		}
		if (is_field(key, TOKEN_KEY))
			add_token(headers, pair_value);
	}
}

/* Authentication-Results. */

static bool
is_trusted_id(const struct settings *settings, const char *authserv_id)
{
	size_t i;

	for (i = 0; i < settings->trusted_authserv_ids.n; i++)
		if (strcasecmp(settings->trusted_authserv_ids.text[i], authserv_id) == 0)
			return true;
	return false;
}

/* is_clear_name - may a name be compared? A domain, or an address for SPF */
static bool
is_clear_name(enum mail_headers_method method, const char *name)
{
	struct mailaddr address;

	if (method == MAIL_HEADERS_SPF && strchr(name, '@') != NULL)
		return mailaddr_parse_external(&address, name, strlen(name)) == MAILADDR_OK;
	return hostname_is_mail_domain(name, hostname_length(name, strlen(name)));
}

static void
add_pass(struct mail_headers *headers, enum mail_headers_method method,
    const struct authres_property *property)
{
	struct mail_headers_result *result = &headers->result[headers->n_results];

	if (property == NULL || headers->n_results == MAIL_HEADERS_RESULTS_MAX ||
	    !header_lexer_unquote(result->name, sizeof(result->name), property->value) ||
	    !is_clear_name(method, result->name))
		return;
	result->method = method;
	headers->n_results++;
}

/* The property of a method that names what a result is about. */
struct result_subject {
	enum mail_headers_method id;
	const char *method, *type, *name;
};

static const struct result_subject subjects[] = {
	{ MAIL_HEADERS_SPF, "spf", "smtp", "mailfrom" },
	{ MAIL_HEADERS_DKIM, "dkim", "header", "d" },
	{ MAIL_HEADERS_DMARC, "dmarc", "header", "from" },
};

/*
 * is_closed_property - can no stranger put a blank or a semicolon into the value?
 *
 * These are tags of a DKIM signature. All others may hide the end of their value.
 */
static bool
is_closed_property(const struct authres_property *property)
{
	return is_field(property->type, "header") &&
	       (is_field(property->name, "d") || is_field(property->name, "s") ||
		   is_field(property->name, "a") || is_field(property->name, "b"));
}

/* find_open_property - the first property that is not closed, or the end */
static const struct authres_property *
find_open_property(const struct authres_result *result)
{
	const struct authres_property *property = result->property;

	while (property < result->property + result->n && is_closed_property(property))
		property++;
	return property;
}

/*
 * find_subject - the property that the result is about, or NULL if it is not believed
 *
 * Before it there are only closed properties. With SPF its value must be the sender of the message,
 * so it is what it seems to be; with DMARC this requires a value at the end of the field.
 */
static const struct authres_property *
find_subject(
    const struct authres_result *result, const struct result_subject *subject, const char *end)
{
	const struct authres_property *property;

	if (!authres_result_is(result, subject->method, "pass"))
		return NULL;
	property = authres_find(result, subject->type, subject->name);
	if (property == NULL || property > find_open_property(result) ||
	    (subject->id == MAIL_HEADERS_DMARC && property->value.s + property->value.len != end))
		return NULL;
	return property;
}

/* add_trusted_results - the results of a field before the first text of a stranger */
static void
add_trusted_results(struct mail_headers *headers, const struct authres *authres, const char *end)
{
	const struct authres_result *result;
	size_t i;

	for (result = authres->result; result < authres->result + authres->n; result++) {
		if (result->has_remark)
			return;
		for (i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
			add_pass(headers, subjects[i].id, find_subject(result, &subjects[i], end));
		if (result->truncated || find_open_property(result) < result->property + result->n)
			return;
	}
}

/* add_own_tokens - the tokens of all results */
static void
add_own_tokens(struct mail_headers *headers, const struct authres *authres)
{
	const struct authres_property *property;
	size_t i;

	for (i = 0; i < authres->n; i++) {
		property = authres_find(&authres->result[i], TOKEN_TYPE, TOKEN_KEY);
		if (property != NULL)
			add_token(headers, property->value);
	}
}

static void
add_authres(struct mail_headers *headers, struct text value)
{
	const struct settings *settings = headers->settings;
	char authserv_id[HOSTNAME_MAX + 1];
	struct authres authres;

	if (!authres_parse(&authres, value) ||
	    !header_lexer_unquote(authserv_id, sizeof(authserv_id), authres.authserv_id))
		return;
	if (strcasecmp(authserv_id, settings->spf.authserv_id) == 0)
		add_own_tokens(headers, &authres);
	if (headers->place == MAIL_HEADERS_TOP && is_trusted_id(settings, authserv_id))
		add_trusted_results(headers, &authres, value.s + value.len);
}

/* Fields. */

/*
 * has_stray_break - does the value have a line break that is not a fold, or a NUL?
 *
 * After it a reader may see another field, such as From:.
 */
static bool
has_stray_break(struct text value)
{
	size_t i;

	for (i = 0; i < value.len; i++) {
		if (value.s[i] == '\0' ||
		    (value.s[i] == '\r' && (i + 1 == value.len || value.s[i + 1] != '\n')) ||
		    (value.s[i] == '\n' &&
			(i + 1 == value.len || (value.s[i + 1] != ' ' && value.s[i + 1] != '\t'))))
			return true;
	}
	return false;
}

/* trim_blanks - remove blanks from both ends */
static struct text
trim_blanks(struct text text)
{
	for (; text.len > 0 && (text.s[0] == ' ' || text.s[0] == '\t'); text.len--)
		text.s++;
	while (text.len > 0 && (text.s[text.len - 1] == ' ' || text.s[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* fits_header - count a field; false if it exceeds the limits */
static bool
fits_header(struct mail_headers *headers, size_t len)
{
	if (headers->fields == MAIL_HEADERS_FIELDS_MAX ||
	    len > MAIL_HEADERS_BYTES_MAX - headers->bytes)
		return false;
	headers->fields++;
	headers->bytes += len;
	return true;
}

static void
add_field(struct mail_headers *headers, struct text name, struct text value)
{
	enum mail_headers_place place = headers->place;

	if (headers->reads_results)
		place = move_below(headers, name, value);
	if (headers->reads_from && is_field(name, "From"))
		mailbox_domains_add(&headers->from, value);
	else if (is_field(name, "Received-SPF") && may_have_token(value))
		add_received_spf(headers, value);
	else if (is_field(name, "Authentication-Results") &&
		 (headers->reads_results || may_have_token(value)))
		add_authres(headers, value);
	headers->place = place;
}

void
mail_headers_add(struct mail_headers *headers, struct text name, struct text value)
{
	if (!fits_header(headers, name.len + value.len)) {
		mail_headers_add_unread(headers);
		return;
	}
	if (headers->reads_from && has_stray_break(value))
		mailbox_domains_set_unknown(
		    &headers->from, "a header field has a stray line break");
	add_field(headers, trim_blanks(name), trim_blanks(value));
}

void
mail_headers_add_cut(struct mail_headers *headers, struct text name, struct text value)
{
	if (!fits_header(headers, name.len + value.len)) {
		mail_headers_add_unread(headers);
		return;
	}
	mailbox_domains_set_unknown(&headers->from, "a header field is too long");
	if (headers->reads_results)
		headers->place = move_below(headers, trim_blanks(name), trim_blanks(value));
}

void
mail_headers_add_unread(struct mail_headers *headers)
{
	headers->fields = MAIL_HEADERS_FIELDS_MAX;
	if (headers->place != MAIL_HEADERS_TRUSTED)
		headers->place = MAIL_HEADERS_STRANGE;
	mailbox_domains_set_unknown(&headers->from, "the header is too large");
}

void
mail_headers_finish(struct mail_headers *headers)
{
	headers->finished = true;
}

bool
mail_headers_align(const struct mail_headers *headers, const char *domain)
{
	return !headers->finished || mailbox_domains_align(&headers->from, domain);
}

static bool
is_authenticated_by(const struct mail_headers_result *result, struct text local, struct text domain)
{
	struct mailaddr address;

	if (result->method != MAIL_HEADERS_SPF)
		return is_related_domain(text_of(result->name), domain);
	if (mailaddr_parse_external(&address, result->name, strlen(result->name)) != MAILADDR_OK)
		return is_same_domain(text_of(result->name), domain);
	return local.len == address.local_len && memcmp(local.s, address.local, local.len) == 0 &&
	       is_same_domain(text_of(address.domain), domain);
}

/* count_trusted - the number of results that are believed */
static size_t
count_trusted(const struct mail_headers *headers)
{
	return headers->place == MAIL_HEADERS_TRUSTED ? headers->n_results : 0;
}

bool
mail_headers_pass(const struct mail_headers *headers, struct text local, struct text domain)
{
	size_t i, n = domain.len == 0 ? 0 : count_trusted(headers);

	for (i = 0; i < n; i++)
		if (is_authenticated_by(&headers->result[i], local, domain))
			return true;
	return false;
}

bool
mail_headers_dmarc_pass(const struct mail_headers *headers, const char *domain)
{
	const struct mail_headers_result *result;
	size_t i;

	for (i = 0; i < count_trusted(headers); i++) {
		result = &headers->result[i];
		if (result->method == MAIL_HEADERS_DMARC &&
		    is_related_domain(text_of(result->name), text_of(domain)))
			return true;
	}
	return false;
}

bool
mail_headers_mislead(const struct mail_headers *headers, const char *domain)
{
	return mail_headers_align(headers, domain) && !mail_headers_dmarc_pass(headers, domain);
}

bool
mail_headers_dmarc_pass_all(const struct mail_headers *headers)
{
	const struct mailbox_domains *from = &headers->from;
	size_t i;

	if (!headers->finished || from->unknown != NULL || from->n == 0)
		return false;
	for (i = 0; i < from->n; i++)
		if (!mail_headers_dmarc_pass(headers, from->domain[i]))
			return false;
	return true;
}
