/* SPDX-License-Identifier: ISC */
/*
 * The header of a message, a field a line, with folds. Nothing that is below the first Received
 * field which is not local's changes the results that are believed. Fields that are added later
 * never make From: less aligned.
 */
#include "tests/fuzz/fuzz.h"

#include "common/ascii.h"
#include "conf/option.h"
#include "conf/option_value.h"
#include "srsd/forwarding/mail_headers.h"

static struct settings *
make_settings(void)
{
	static struct settings settings;
	static const char *const names[][3] = { { "spf", "authserv-id", "gate.test" },
		{ NULL, "trusted-authserv-ids", "ar.test" } };
	const struct conf_option *o;
	char error[OPTION_ERROR_SIZE];
	size_t i;

	if (settings.spf.authserv_id != NULL)
		return &settings;
	for (o = option_table; o < option_table + option_count; o++)
		option_preset(&settings, o);
	for (i = 0; i < 2; i++) {
		o = option_find(names[i][0], names[i][1]);
		fuzz_must(o != NULL && option_set(&settings, o, &names[i][2], 1, error));
	}
	return &settings;
}

/* cut_field - the bytes of the next field, without its line break */
static size_t
cut_field(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] == '\n' && (i + 1 == len || (s[i + 1] != ' ' && s[i + 1] != '\t')))
			break;
	return i;
}

static void
add_field(struct mail_headers *headers, const char *s, size_t len)
{
	const char *colon = len == 0 ? NULL : memchr(s, ':', len);
	size_t name_len = colon == NULL ? len : (size_t)(colon - s);
	size_t skip = colon == NULL ? len : name_len + 1;
	char *name = fuzz_copy(s, name_len), *value = fuzz_copy(s + skip, len - skip);

	mail_headers_add(
	    headers, (struct text){ name, name_len }, (struct text){ value, len - skip });
	free(name);
	free(value);
}

static void
check_facts(const struct mail_headers *headers)
{
	size_t i;
	const char *s;

	fuzz_must(headers->n_results <= MAIL_HEADERS_RESULTS_MAX);
	for (i = 0; i < headers->n_results; i++)
		fuzz_must(strlen(headers->result[i].name) > 0);
	fuzz_must(headers->n_tokens <= MAIL_HEADERS_TOKENS_MAX);
	for (i = 0; i < headers->n_tokens; i++) {
		fuzz_must(headers->token[i][0] != '\0');
		for (s = headers->token[i]; *s != '\0'; s++)
			fuzz_must(ascii_isalnum(*s) || *s == '.' || *s == '-');
	}
}

static bool
is_believed(const struct mail_headers *headers)
{
	static const char domain[] = "customer.test";

	return mail_headers_dmarc_pass(headers, domain) ||
	       mail_headers_pass(
		   headers, (struct text){ "a", 1 }, (struct text){ domain, strlen(domain) });
}

/* read_fields - add all fields, and check what must hold between them */
static void
read_fields(struct mail_headers *headers, const char *s, size_t size)
{
	bool is_over, was_believed, was_aligned;
	size_t at, len;

	for (at = 0; at < size; at += len + 1) {
		len = cut_field(s + at, size - at);
		is_over = headers->place == MAIL_HEADERS_TRUSTED ||
			  headers->place == MAIL_HEADERS_STRANGE;
		was_believed = is_believed(headers);
		was_aligned = headers->from.has_field &&
			      mailbox_domains_align(&headers->from, "customer.test");
		add_field(headers, s + at, len);
		check_facts(headers);
		fuzz_must(!is_over || is_believed(headers) == was_believed);
		fuzz_must(
		    is_over || !is_believed(headers) || headers->place == MAIL_HEADERS_TRUSTED);
		fuzz_must(!was_aligned || mailbox_domains_align(&headers->from, "customer.test"));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mail_headers headers;
	size_t i;

	mail_headers_init(&headers, make_settings(), "mx.test");
	read_fields(&headers, (const char *)data, size);
	fuzz_must(mail_headers_align(&headers, "other.test"));
	mail_headers_finish(&headers);
	fuzz_say("%s", mail_headers_align(&headers, "customer.test") ? "aligned" : "foreign");
	if (headers.from.unknown != NULL)
		fuzz_say(" (%s)", headers.from.unknown);
	if (is_believed(&headers))
		fuzz_say(" pass");
	if (mail_headers_dmarc_pass_all(&headers))
		fuzz_say(" dmarc");
	for (i = 0; i < headers.n_tokens; i++)
		fuzz_say(" %s", headers.token[i]);
	mail_headers_add_unread(&headers);
	fuzz_must(mail_headers_align(&headers, "other.test"));
	return 0;
}
