/* SPDX-License-Identifier: ISC */
#include "tests/unit/srs_case.h"

#include "srsd/forwarding/authentication.h"
#include "srsd/forwarding/verdict_token.h"

#define RECEIVED "from mx.relay.test (mx.relay.test [192.0.2.1]) by mx.srs.test (Postfix) id 1"

/* A token of our gate, and what it is made for. */
struct token_row {
	const char *sender; /* local part and domain; "@": the null sender */
	enum spf_identity identity;
	enum spf_result result;
	const char *secret; /* NULL: ours */
	int days;           /* ago */
};

struct auth_row {
	const char *row;
	const char *sender;
	struct token_row token[2]; /* top first; sender NULL: none */
	const char *results;       /* a trusted Authentication-Results field above Received */
	const char *from;
	enum forwarding_auth want;
};

#define MAILFROM SPF_IDENTITY_MAILFROM
#define HELO SPF_IDENTITY_HELO

static void
add_field(struct mail_headers *headers, const char *name, const char *value)
{
	mail_headers_add(
	    headers, (struct text){ name, strlen(name) }, (struct text){ value, strlen(value) });
}

static void
add_token(struct mail_headers *headers, const struct token_row *row, time_t now)
{
	struct srs_keys *keys = srs_keys_of(row->secret == NULL ? SECRET "\n" : row->secret);
	struct verdict_token token = { row->identity, row->result, { .family = 0 } };
	const char *at = strchr(row->sender, '@');
	const struct text local = { row->sender, (size_t)(at - row->sender) };
	const struct text domain = { at + 1, strlen(at + 1) };
	char text[VERDICT_TOKEN_SIZE], value[200];

	assert_true(ipaddr_parse(&token.client, "192.0.2.1", 9));
	assert_true(verdict_token_make(text, keys, local, domain, &token, now - row->days * DAY));
	snprintf(value, sizeof(value), "Pass (x) x-srsd=%s; identity=mailfrom", text);
	add_field(headers, "Received-SPF", value);
	srs_keys_free(&keys);
}

static void
read_header(struct mail_headers *headers, const struct settings *s, const struct auth_row *r)
{
	size_t i;

	mail_headers_init(headers, s, "mx.srs.test");
	if (r->results != NULL)
		add_field(headers, "Authentication-Results", r->results);
	for (i = 0; i < COUNT(r->token) && r->token[i].sender != NULL; i++)
		add_token(headers, &r->token[i], NOW);
	add_field(headers, "Received", RECEIVED);
	add_field(headers, "From", r->from == NULL ? "x@origin.test" : r->from);
	mail_headers_finish(headers);
}

static void
test_authentication(void **state)
{
	static const struct auth_row rows[] = {
		{ "nothing", "x@origin.test", { { 0 } }, NULL, NULL, FORWARDING_UNCHECKED },
		{ "pass", "x@origin.test", { { "x@origin.test", MAILFROM, SPF_PASS, NULL, 0 } },
		    NULL, NULL, FORWARDING_PASS },
		{ "case and quotes", "\"X\"@ORIGIN.test",
		    { { "x@origin.test", MAILFROM, SPF_PASS, NULL, 0 } }, NULL, NULL,
		    FORWARDING_PASS },
		{ "fail", "x@origin.test", { { "x@origin.test", MAILFROM, SPF_FAIL, NULL, 0 } },
		    NULL, NULL, FORWARDING_FAIL },
		{ "none is no pass", "x@origin.test",
		    { { "x@origin.test", MAILFROM, SPF_NONE, NULL, 0 } }, NULL, NULL,
		    FORWARDING_FAIL },
		{ "a pass of HELO is none of MAIL FROM", "x@origin.test",
		    { { "x@origin.test", HELO, SPF_PASS, NULL, 0 } }, NULL, NULL, FORWARDING_FAIL },
		{ "of another sender", "x@origin.test",
		    { { "y@origin.test", MAILFROM, SPF_PASS, NULL, 0 } }, NULL, NULL,
		    FORWARDING_UNCHECKED },
		{ "the topmost counts", "x@origin.test",
		    { { "x@origin.test", MAILFROM, SPF_FAIL, NULL, 0 },
			{ "x@origin.test", MAILFROM, SPF_PASS, NULL, 0 } },
		    NULL, NULL, FORWARDING_FAIL },
		{ "a forged one above is none", "x@origin.test",
		    { { "x@origin.test", MAILFROM, SPF_PASS, "another secret, not ours\n", 0 },
			{ "x@origin.test", MAILFROM, SPF_FAIL, NULL, 0 } },
		    NULL, NULL, FORWARDING_FAIL },
		{ "in the queue for days", "x@origin.test",
		    { { "x@origin.test", MAILFROM, SPF_PASS, NULL, 5 } }, NULL, NULL,
		    FORWARDING_PASS },
		{ "too old", "x@origin.test", { { "x@origin.test", MAILFROM, SPF_PASS, NULL, 8 } },
		    NULL, NULL, FORWARDING_UNCHECKED },
		{ "DKIM rescues", "x@origin.test",
		    { { "x@origin.test", MAILFROM, SPF_FAIL, NULL, 0 } },
		    "filter.test; dkim=pass header.d=mail.origin.test", NULL, FORWARDING_PASS },
		{ "DKIM of another domain", "x@origin.test",
		    { { "x@origin.test", MAILFROM, SPF_FAIL, NULL, 0 } },
		    "filter.test; dkim=pass header.d=else.test", NULL, FORWARDING_FAIL },
		{ "a filter that is not trusted", "x@origin.test", { { 0 } },
		    "other.test; dkim=pass header.d=origin.test", NULL, FORWARDING_UNCHECKED },
		{ "a filter's fail is not ours", "x@origin.test", { { 0 } },
		    "filter.test; spf=fail smtp.mailfrom=origin.test", NULL, FORWARDING_UNCHECKED },
		{ "null sender, HELO passes", "<>", { { "@", HELO, SPF_PASS, NULL, 0 } }, NULL,
		    NULL, FORWARDING_PASS },
		{ "null sender, HELO fails", "<>", { { "@", HELO, SPF_FAIL, NULL, 0 } }, NULL, NULL,
		    FORWARDING_FAIL },
		{ "null sender, DMARC passes", "<>", { { "@", HELO, SPF_FAIL, NULL, 0 } },
		    "filter.test; dmarc=pass header.from=origin.test", NULL, FORWARDING_PASS },
		{ "null sender, DMARC of another domain", "<>",
		    { { "@", HELO, SPF_FAIL, NULL, 0 } },
		    "filter.test; dmarc=pass header.from=else.test", NULL, FORWARDING_FAIL },
	};
	struct settings *s = srs_settings();
	struct srs_keys *keys = srs_keys_of(SECRET "\n");
	const struct srs_context context = { .settings = s, .keys = keys, .now = NOW };
	struct forwarding_envelope envelope;
	struct mail_headers headers;
	enum forwarding_auth auth;
	size_t i;

	(void)state;
	srs_set(s, "trusted-authserv-ids", "filter.test");
	for (i = 0; i < COUNT(rows); i++) {
		read_header(&headers, s, &rows[i]);
		forwarding_start(
		    &envelope, &context, (struct text){ rows[i].sender, strlen(rows[i].sender) });
		unit_true(rows[i].row, "known",
		    authentication_judge(&auth, &headers, keys, &envelope, NOW));
		unit_text(rows[i].row, "auth", forwarding_auth_name(auth),
		    forwarding_auth_name(rows[i].want));
	}
	srs_keys_free(&keys);
	settings_free(&s);
	unit_end();
}

/* Without secrets, as in srsctl, a token says nothing. */
static void
test_no_secrets(void **state)
{
	static const struct auth_row row = { "no secrets", "x@origin.test",
		{ { "x@origin.test", MAILFROM, SPF_FAIL, NULL, 0 } }, NULL, NULL,
		FORWARDING_UNCHECKED };
	struct settings *s = srs_settings();
	struct forwarding_envelope envelope;
	struct mail_headers headers;
	enum forwarding_auth auth;

	(void)state;
	memset(&envelope, 0, sizeof(envelope));
	envelope.sender = FORWARDING_REDIRECTED;
	strlcpy(envelope.sender_local, "x", sizeof(envelope.sender_local));
	strlcpy(envelope.sender_domain, "origin.test", sizeof(envelope.sender_domain));
	read_header(&headers, s, &row);
	assert_true(authentication_judge(&auth, &headers, NULL, &envelope, NOW));
	assert_int_equal(auth, FORWARDING_UNCHECKED);
	settings_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_authentication),
		cmocka_unit_test(test_no_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
