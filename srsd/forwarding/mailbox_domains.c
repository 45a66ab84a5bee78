/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/orgdomain.h"
#include "srsd/forwarding/header_lexer.h"
#include "srsd/forwarding/mailbox_domains.h"

/* The grammar: RFC 5322, 3.4. It only accepts or refuses; the domains are found without it. */

/* is_phrase_char - of a word in a display name, where RFC 5322, 4.1 also accepts dots */
static bool
is_phrase_char(char c)
{
	return header_lexer_is_atext(c) || c == '.';
}

/* is_local_part - a quoted-string or dot-atom without the signs of other address formats */
static bool
is_local_part(struct text word)
{
	if (memchr(word.s, '%', word.len) != NULL || memchr(word.s, '!', word.len) != NULL)
		return false;
	return word.s[0] == '"' || (word.s[0] != '.' && word.s[word.len - 1] != '.' &&
				       memmem(word.s, word.len, "..", 2) == NULL);
}

/* skip_domain_part - skip '@' and a domain; its form is checked elsewhere */
static bool
skip_domain_part(struct header_lexer *lexer)
{
	return header_lexer_skip(lexer, '@') &&
	       header_lexer_read_while(lexer, is_phrase_char).len > 0;
}

/* read_phrase_word - an atom with dots, or a quoted-string */
static bool
read_phrase_word(struct header_lexer *lexer, struct text *word)
{
	if (header_lexer_read_quoted(lexer, word))
		return true;
	*word = header_lexer_read_while(lexer, is_phrase_char);
	return word->len > 0;
}

/* skip_addr_spec - skip an address and the CFWS after it */
static bool
skip_addr_spec(struct header_lexer *lexer)
{
	struct text word;

	return read_phrase_word(lexer, &word) && is_local_part(word) && skip_domain_part(lexer) &&
	       header_lexer_skip_cfws(lexer, NULL);
}

/* skip_angle_addr - skip an address after its '<', and the CFWS after it */
static bool
skip_angle_addr(struct header_lexer *lexer)
{
	return header_lexer_skip_cfws(lexer, NULL) && skip_addr_spec(lexer) &&
	       header_lexer_skip(lexer, '>') && header_lexer_skip_cfws(lexer, NULL);
}

enum address_kind {
	ADDRESS_INVALID,
	ADDRESS_MAILBOX,
	ADDRESS_GROUP, /* the name and its colon; the mailboxes follow */
};

/* skip_address - skip a mailbox, or the name of a group, and the CFWS around it */
static enum address_kind
skip_address(struct header_lexer *lexer)
{
	struct header_lexer start;
	struct text word;
	bool is_empty = true;

	if (!header_lexer_skip_cfws(lexer, NULL))
		return ADDRESS_INVALID;
	start = *lexer;
	if (skip_addr_spec(lexer))
		return ADDRESS_MAILBOX;
	*lexer = start;
	while (read_phrase_word(lexer, &word)) {
		is_empty = false;
		if (!header_lexer_skip_cfws(lexer, NULL))
			return ADDRESS_INVALID;
	}
	if (header_lexer_skip(lexer, '<'))
		return skip_angle_addr(lexer) ? ADDRESS_MAILBOX : ADDRESS_INVALID;
	if (!is_empty && header_lexer_skip(lexer, ':') && header_lexer_skip_cfws(lexer, NULL))
		return ADDRESS_GROUP;
	return ADDRESS_INVALID;
}

/* skip_group - skip the mailboxes of a group, its semicolon, and the CFWS after it */
static bool
skip_group(struct header_lexer *lexer)
{
	if (!header_lexer_skip(lexer, ';')) {
		do {
			if (skip_address(lexer) != ADDRESS_MAILBOX)
				return false;
		} while (header_lexer_skip(lexer, ','));
		if (!header_lexer_skip(lexer, ';'))
			return false;
	}
	return header_lexer_skip_cfws(lexer, NULL);
}

/* is_address_list - mailboxes and groups (RFC 6854) */
static bool
is_address_list(struct text value)
{
	struct header_lexer lexer;
	enum address_kind kind;

	header_lexer_init(&lexer, value);
	do {
		kind = skip_address(&lexer);
		if (kind == ADDRESS_INVALID || (kind == ADDRESS_GROUP && !skip_group(&lexer)))
			return false;
	} while (header_lexer_skip(&lexer, ','));
	return header_lexer_at_end(&lexer);
}

/* The domains: a name after each '@'. */

static bool
is_domain_char(char c)
{
	return ascii_isalnum(c) || c == '-' || c == '.';
}

/*
 * ends_name - can no reader continue a name with the text after it?
 *
 * A reader may drop quotes and brackets, so something that separates must come before a next word.
 */
static bool
ends_name(const char *s, const char *end)
{
	for (; s < end && strchr("\")]'", *s) != NULL; s++)
		continue;
	return s == end || strchr(" \t\r\n,;<>", *s) != NULL;
}

/* is_name_end - can a dot after this character only continue the word before it? */
static bool
is_name_end(char c)
{
	return c == '.' || (header_lexer_is_atext(c) && (unsigned char)c < 0x80);
}

/* has_loose_dot - is there a dot after which a reader may look for the start of a name? */
static bool
has_loose_dot(struct text value)
{
	size_t i;

	for (i = 0; i < value.len; i++)
		if (value.s[i] == '.' && (i == 0 || !is_name_end(value.s[i - 1])))
			return true;
	return false;
}

/* add_domain - add a domain in lower case, unless it is known */
static void
add_domain(struct mailbox_domains *domains, const char *domain)
{
	size_t i;

	for (i = 0; i < domains->n; i++)
		if (strcmp(domains->domain[i], domain) == 0)
			return;
	if (domains->n == MAILBOX_DOMAINS_MAX)
		mailbox_domains_set_unknown(domains, "the From: field has too many domains");
	else
		strlcpy(domains->domain[domains->n++], domain, sizeof(domains->domain[0]));
}

/*
 * add_name - add the name at the start of a text; false if no clear one is there
 *
 * A U-label is not clear: some readers drop its bytes, or end the name there, and IDNA2003 and
 * IDNA2008 map it to different names.
 */
static bool
add_name(struct mailbox_domains *domains, const char *s, const char *end)
{
	char domain[HOSTNAME_MAX + 1];
	size_t len = 0;

	while (s + len < end && is_domain_char(s[len]))
		len++;
	if (!hostname_is_fqdn(s, len) || !ends_name(s + len, end))
		return false;
	memcpy(domain, s, len);
	domain[len] = '\0';
	hostname_lower(domain, len);
	add_domain(domains, domain);
	return true;
}

static bool
add_all_names(struct mailbox_domains *domains, struct text value)
{
	const char *at = value.s, *end = value.s + value.len;

	if (has_loose_dot(value))
		return false;
	while ((at = memchr(at, '@', (size_t)(end - at))) != NULL)
		if (!add_name(domains, ++at, end))
			return false;
	return true;
}

/* Encoded-words: RFC 2047. */

/* A charset that contains ASCII, and the bytes of U+FF20, which NFKC maps to '@'. */
struct charset {
	const char *name;
	bool is_prefix;
	const char *wide_at; /* "": not in the charset */
};

/* Others, such as UTF-7 and the escapes of ISO-2022, can write '@' without its byte. */
static const struct charset charsets[] = {
	{ "utf-8", false, "\357\274\240" },
	{ "us-ascii", false, "" },
	{ "iso-8859-", true, "" },
	{ "windows-125", true, "" },
	{ "koi8-r", false, "" },
	{ "koi8-u", false, "" },
	{ "gb2312", false, "\243\300" },
	{ "gbk", false, "\243\300" },
	{ "gb18030", false, "\243\300" },
	{ "big5", false, "\242\111" },
	{ "shift_jis", false, "\201\227" },
	{ "euc-jp", false, "\241\367" },
	{ "euc-kr", false, "\243\300" },
};

static const struct charset *
find_charset(struct text name)
{
	const struct charset *set;
	size_t i, len;

	for (i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
		set = &charsets[i];
		len = strlen(set->name);
		if ((set->is_prefix ? name.len > len : name.len == len) &&
		    strncasecmp(name.s, set->name, len) == 0)
			return set;
	}
	return NULL;
}

/* What the encoded-words of a field contain, one after the other. */
struct decoded_words {
	size_t len;
	char bytes[MAILBOX_DOMAINS_FIELD_MAX]; /* each byte needs more than one of the field */
};

static bool
decode_quoted(struct decoded_words *words, struct text text)
{
	size_t i;
	int high, low;

	for (i = 0; i < text.len; i++) {
		if (text.s[i] != '=') {
			words->bytes[words->len++] = text.s[i] == '_' ? ' ' : text.s[i];
			continue;
		}
		high = text.len - i < 3 ? -1 : ascii_hex(text.s[i + 1]);
		low = text.len - i < 3 ? -1 : ascii_hex(text.s[i + 2]);
		if (high < 0 || low < 0)
			return false;
		words->bytes[words->len++] = (char)(high << 4 | low);
		i += 2;
	}
	return true;
}

/* get_base64_digit - the value of a digit, or -1 */
static int
get_base64_digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c == '\0' ? NULL : strchr(digits, c);

	return found == NULL ? -1 : (int)(found - digits);
}

static bool
decode_base64(struct decoded_words *words, struct text text)
{
	unsigned bits = 0, n_bits = 0;
	int digit;
	size_t i;

	while (text.len > 0 && text.s[text.len - 1] == '=')
		text.len--;
	for (i = 0; i < text.len; i++) {
		digit = get_base64_digit(text.s[i]);
		if (digit < 0)
			return false;
		bits = (bits << 6 | (unsigned)digit) & 0xffff;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			words->bytes[words->len++] = (char)(bits >> n_bits & 0xff);
		}
	}
	return true;
}

static bool
is_encoded_char(char c)
{
	return ascii_isgraph(c) && c != '?';
}

/* has_hidden_at - may the words contain an '@', or a character that ends the text for a reader? */
static bool
has_hidden_at(const struct decoded_words *words, const struct charset *set)
{
	size_t i;

	for (i = 0; i < words->len; i++)
		if (words->bytes[i] == '@' || ascii_iscntrl(words->bytes[i]))
			return true;
	return set->wide_at[0] != '\0' &&
	       memmem(words->bytes, words->len, set->wide_at, strlen(set->wide_at)) != NULL;
}

/* decode_word - decode the encoded-word after its "=?"; false if it is invalid or hides an '@' */
static bool
decode_word(struct decoded_words *words, struct header_lexer *lexer)
{
	const struct charset *set = find_charset(header_lexer_read_while(lexer, is_encoded_char));
	struct text encoding, text;
	bool is_decoded = false;

	if (set == NULL || !header_lexer_skip(lexer, '?'))
		return false;
	encoding = header_lexer_read_while(lexer, is_encoded_char);
	if (!header_lexer_skip(lexer, '?'))
		return false;
	text = header_lexer_read_while(lexer, is_encoded_char);
	if (text_is(encoding, "q") || text_is(encoding, "Q"))
		is_decoded = decode_quoted(words, text);
	else if (text_is(encoding, "b") || text_is(encoding, "B"))
		is_decoded = decode_base64(words, text);
	return is_decoded && header_lexer_skip(lexer, '?') && header_lexer_skip(lexer, '=') &&
	       !has_hidden_at(words, set);
}

/* has_clear_words - are all encoded-words valid and without an '@'? */
static bool
has_clear_words(struct text value)
{
	struct decoded_words words = { .len = 0 };
	struct header_lexer lexer;

	header_lexer_init(&lexer, value);
	for (;;) {
		lexer.s = memmem(lexer.s, (size_t)(lexer.end - lexer.s), "=?", 2);
		if (lexer.s == NULL)
			return true;
		lexer.s += 2;
		if (!decode_word(&words, &lexer))
			return false;
	}
}

/* has_other_at - has the field a character that NFKC maps to '@'? */
static bool
has_other_at(struct text value)
{
	return memmem(value.s, value.len, "\357\274\240", 3) != NULL || /* U+FF20 */
	       memmem(value.s, value.len, "\357\271\253", 3) != NULL;   /* U+FE6B */
}

void
mailbox_domains_set_unknown(struct mailbox_domains *domains, const char *reason)
{
	if (domains->unknown == NULL)
		domains->unknown = reason;
}

void
mailbox_domains_add(struct mailbox_domains *domains, struct text value)
{
	if (domains->has_field)
		mailbox_domains_set_unknown(domains, "there is more than one From: field");
	domains->has_field = true;
	if (domains->unknown != NULL)
		return;
	if (value.len > MAILBOX_DOMAINS_FIELD_MAX)
		mailbox_domains_set_unknown(domains, "the From: field is too long");
	else if (!is_address_list(value))
		mailbox_domains_set_unknown(domains, "the From: field is not a list of addresses");
	else if (has_other_at(value) || !has_clear_words(value))
		mailbox_domains_set_unknown(domains, "the From: field has an unclear encoded word");
	else if (!add_all_names(domains, value))
		mailbox_domains_set_unknown(domains, "the From: field has an unclear domain");
}

bool
mailbox_domains_align(const struct mailbox_domains *domains, const char *domain)
{
	size_t i;

	if (domains->unknown != NULL || domains->n == 0)
		return true;
	for (i = 0; i < domains->n; i++)
		if (orgdomain_may_be_aligned(
			domains->domain[i], strlen(domains->domain[i]), domain, strlen(domain)))
			return true;
	return false;
}
