/* SPDX-License-Identifier: ISC */
/*
 * A From: field. If its domains are known, then lenient readers find no other: readers that take
 * anything after an '@', and drop quotes, comments, backslashes, folds, brackets, bytes above 0x7f,
 * or blanks at a dot.
 */
#include "tests/fuzz/fuzz.h"

#include <strings.h>

#include "common/ascii.h"
#include "srsd/forwarding/mailbox_domains.h"

/* What a reader drops. */
enum {
	DROP_QUOTES = 1,
	DROP_BACKSLASHES = 2,
	DROP_PARENTHESES = 4,
	DROP_COMMENTS = 8,
	DROP_FOLDS = 16,
	DROP_BLANKS_AT_DOTS = 32,
	DROP_BRACKETS = 64,
	DROP_UTF8 = 128,
	DROP_ALL = 256,
};

static bool
is_dropped(char c, unsigned drop)
{
	return ((drop & DROP_QUOTES) != 0 && c == '"') ||
	       ((drop & DROP_BACKSLASHES) != 0 && c == '\\') ||
	       ((drop & DROP_PARENTHESES) != 0 && (c == '(' || c == ')')) ||
	       ((drop & DROP_FOLDS) != 0 && (c == '\r' || c == '\n')) ||
	       ((drop & DROP_UTF8) != 0 && (unsigned char)c >= 0x80) ||
	       ((drop & DROP_BRACKETS) != 0 && (c == '[' || c == ']'));
}

/* read_leniently - the text as the reader has it */
static size_t
read_leniently(char *out, const char *s, size_t len, unsigned drop)
{
	size_t i, n = 0, depth = 0;

	for (i = 0; i < len; i++) {
		if ((drop & DROP_COMMENTS) != 0 && s[i] == '(')
			depth++;
		else if ((drop & DROP_COMMENTS) != 0 && s[i] == ')')
			depth -= depth > 0;
		else if (depth == 0 && !is_dropped(s[i], drop))
			out[n++] = s[i];
	}
	return n;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_listed(const struct mailbox_domains *domains, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < domains->n; i++)
		if (strlen(domains->domain[i]) == len &&
		    strncasecmp(domains->domain[i], name, len) == 0)
			return true;
	return false;
}

/* check_name - the domain after an '@', if it is one that the DNS can have */
static void
check_name(const struct mailbox_domains *domains, const char *s, size_t len, unsigned drop)
{
	char name[MAILBOX_DOMAINS_FIELD_MAX + 1];
	size_t i = 0, next, n = 0;
	bool has_dot = false;

	for (;;) {
		for (next = i; (drop & DROP_BLANKS_AT_DOTS) != 0 && next < len; next++)
			if (!is_blank(s[next]))
				break;
		if (next > i && !(n == 0 || name[n - 1] == '.' || (next < len && s[next] == '.')))
			break;
		i = next;
		if (i == len || (!ascii_isalnum(s[i]) && s[i] != '-' && s[i] != '.'))
			break;
		has_dot = has_dot || s[i] == '.';
		name[n++] = s[i++];
	}
	if (n > 0 && has_dot)
		fuzz_must(is_listed(domains, name, n));
}

static void
check_readers(const struct mailbox_domains *domains, const char *s, size_t len)
{
	char text[MAILBOX_DOMAINS_FIELD_MAX];
	unsigned drop;
	size_t i, n;

	fuzz_must(len <= sizeof(text));
	for (drop = 0; drop < DROP_ALL; drop++) {
		n = read_leniently(text, s, len, drop);
		for (i = 0; i < n; i++)
			if (text[i] == '@')
				check_name(domains, text + i + 1, n - i - 1, drop);
	}
}

static void
check_domain(const struct mailbox_domains *domains, const char *domain)
{
	const char *s;

	fuzz_must(strlen(domain) > 2 && strchr(domain, '.') != NULL);
	for (s = domain; *s != '\0'; s++)
		fuzz_must((ascii_isalnum(*s) && ascii_tolower(*s) == *s) || *s == '-' || *s == '.');
	fuzz_must(mailbox_domains_align(domains, domain));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mailbox_domains domains = { .n = 0 };
	char *copy = fuzz_copy(data, size);
	struct text value = { copy, size };
	size_t i;

	mailbox_domains_add(&domains, value);
	fuzz_must(domains.n <= MAILBOX_DOMAINS_MAX);
	if (domains.unknown == NULL) {
		fuzz_must(memchr(copy, '\0', size) == NULL);
		check_readers(&domains, copy, size);
	}
	for (i = 0; domains.unknown == NULL && i < domains.n; i++) {
		check_domain(&domains, domains.domain[i]);
		fuzz_say("%s ", domains.domain[i]);
	}
	fuzz_say("%s", domains.unknown == NULL ? "known" : domains.unknown);
	mailbox_domains_add(&domains, value);
	fuzz_must(domains.unknown != NULL && mailbox_domains_align(&domains, "other.test"));
	free(copy);
	return 0;
}
