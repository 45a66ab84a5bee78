/* SPDX-License-Identifier: ISC */
/* The tokens in the tables were computed with another HMAC than libcrypto's, and another base32hex. */
#include "tests/unit/srs_case.h"

#include "common/mailaddr.h"
#include "srsd/forwarding/verdict_token.h"

#define OLDER "an older one"
#define TOKEN "G3.mp.c0000201.1D54P4TJ0KGLO8G2H1IDHTGU0456A6JG"
#define TOKEN_OF_OLDER "G3.mp.c0000201.85MCG1P0AV197RN2U9GGNVRCGOO0GC34"
/* That of the same day 1,024 days earlier. */
#define TOKEN_OF_2021 "G3.mp.c0000201.VSJN023I69T9R6OFH2PIDJRUVPOMPO6N"

static struct srs_keys *keys;

static int
begin(void **state)
{
	(void)state;
	keys = srs_keys_of(SECRET "\n" OLDER "\n");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	srs_keys_free(&keys);
	return 0;
}

#define TOKEN_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static struct verdict_token
make_verdict(enum spf_identity identity, enum spf_result result, const char *client)
{
	struct verdict_token verdict = { .identity = identity, .result = result };

	assert_true(ipaddr_parse(&verdict.client, client, strlen(client)));
	return verdict;
}

/* make - a token of now; valid until the next call */
static const char *
make(const struct verdict_token *verdict, const char *local, const char *domain, time_t now)
{
	static char token[VERDICT_TOKEN_SIZE];

	memset(token, 'x', sizeof(token));
	assert_true(verdict_token_make(token, keys, text_of(local), text_of(domain), verdict, now));
	return token;
}

static int
verify(const char *token, size_t len, const char *local, const char *domain, time_t now,
    struct verdict_token *verdict)
{
	char *copy = unit_copy(token, len);
	int verified = verdict_token_verify(
	    verdict, keys, (struct text){ copy, len }, text_of(local), text_of(domain), now);

	free(copy);
	return verified;
}

/* verify_for_jane - at a time, whatever is in it */
static int
verify_for_jane(const char *token, time_t now)
{
	struct verdict_token verdict;

	return verify(token, strlen(token), "jane", "example.test", now, &verdict);
}

static void
test_tokens(void **state)
{
	static const struct {
		enum spf_identity identity;
		enum spf_result result;
		const char *client, *local, *domain, *want;
	} rows[] = {
		{ SPF_IDENTITY_MAILFROM, SPF_PASS, "192.0.2.1", "jane", "example.test", TOKEN },
		{ SPF_IDENTITY_MAILFROM, SPF_FAIL, "2001:db8::1", "Jane Roe", "EXAMPLE.test",
		    "G3.mf.20010db8000000000000000000000001.A8TBAA2EMQJQ99V7OUFCFQ7RPVL9U0F1" },
		{ SPF_IDENTITY_HELO, SPF_NONE, "192.0.2.1", "", "",
		    "G3.hn.c0000201.VNP05MIQF8ATNVRT8O77QDP93QUS17HB" },
		{ SPF_IDENTITY_MAILFROM, SPF_SOFTFAIL, "192.0.2.1", "j\303\266rg",
		    "b\303\274cher.test", "G3.ms.c0000201.KLHU97S3TGK8MJ8J0VRFLT2C57BAQSQ4" },
	};
	struct verdict_token verdict, got;
	char shown[IPADDR_TEXT_SIZE];
	const char *token;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		verdict = make_verdict(rows[i].identity, rows[i].result, rows[i].client);
		token = make(&verdict, rows[i].local, rows[i].domain, NOW);
		unit_text(rows[i].want, "token", token, rows[i].want);
		memset(&got, 0xaa, sizeof(got));
		unit_int(rows[i].want, "verifies",
		    verify(token, strlen(token), rows[i].local, rows[i].domain, NOW, &got), 1);
		unit_int(rows[i].want, "identity", got.identity, rows[i].identity);
		unit_int(rows[i].want, "result", got.result, rows[i].result);
		ipaddr_format(&got.client, shown);
		unit_text(rows[i].want, "client", shown, rows[i].client);
	}
	unit_end();
}

/* Each identity and result comes back, and has a text of its own. */
static void
test_every_verdict(void **state)
{
	char seen[SPF_IDENTITIES * SPF_RESULTS][VERDICT_TOKEN_SIZE];
	struct verdict_token verdict, got;
	size_t i, j, n = 0;

	(void)state;
	for (i = 0; i < SPF_IDENTITIES; i++)
		for (j = 0; j < SPF_RESULTS; j++) {
			verdict = make_verdict(
			    (enum spf_identity)i, (enum spf_result)j, "2001:db8::ffff");
			strlcpy(
			    seen[n], make(&verdict, "jane", "example.test", NOW), sizeof(seen[n]));
			unit_int(seen[n], "verifies",
			    verify(seen[n], strlen(seen[n]), "jane", "example.test", NOW, &got), 1);
			unit_int(seen[n], "identity", got.identity, (int)i);
			unit_int(seen[n++], "result", got.result, (int)j);
		}
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			unit_true(seen[i], seen[j], strncmp(seen[i], seen[j], 5) != 0);
	unit_end();
}

/* MAIL FROM in other spellings is the same, and any other MAIL FROM is not. */
static void
test_mail_from(void **state)
{
	static const struct {
		const char *local, *domain;
		int want;
	} rows[] = {
		{ "jane", "b\303\274cher.test", 1 },
		{ "JANE", "B\303\234cher.TEST", 1 },
		{ "jane", "xn--bcher-kva.test", 1 },
		{ "jane", "XN--Bcher-KVA.test.", 1 },
		{ "jane", "xn--bcher-kva.test..", 0 },
		{ "jan", "xn--bcher-kva.test", 0 },
		{ "janet", "xn--bcher-kva.test", 0 },
		{ "jane", "a.xn--bcher-kva.test", 0 },
		{ "jane", "bcher.test", 0 },
		{ "", "xn--bcher-kva.test", 0 },
		{ "jane", "", 0 },
		{ "", "", 0 },
		/* The same bytes, divided elsewhere. */
		{ "xn--bcher-kva.test", "jane", 0 },
		{ "tjane", "xn--bcher-kva.tes", 0 },
		{ "ejane", "xn--bcher-kva.t", 0 },
	};
	struct verdict_token verdict = make_verdict(SPF_IDENTITY_MAILFROM, SPF_PASS, "192.0.2.1");
	struct verdict_token got;
	char token[VERDICT_TOKEN_SIZE];
	size_t i;

	(void)state;
	strlcpy(token, make(&verdict, "Jane", "b\303\274cher.test", NOW), sizeof(token));
	for (i = 0; i < COUNT(rows); i++)
		unit_int(unit_row("%s@%s", rows[i].local, rows[i].domain), "verifies",
		    verify(token, strlen(token), rows[i].local, rows[i].domain, NOW, &got),
		    rows[i].want);
	unit_end();
}

/* The policy service receives an address without its quotes, the milter with them. */
static void
test_both_forms(void **state)
{
	static const struct {
		const char *internal, *external;
	} rows[] = {
		{ "jane@example.test", "jane@example.test" },
		{ "jane roe@Example.Test", "\"jane roe\"@example.test." },
		{ "a@b@example.test", "\"a@b\"@example.test" },
		{ "a\"b\\c@example.test", "\"a\\\"b\\\\c\"@example.test" },
		{ "j\303\266rg@B\303\234cher.test", "j\303\266rg@xn--bcher-kva.test" },
		{ "example.test!jane", "jane@example.test" },
		{ "SRS0=mqiS=G3=example.test=jane@srs.test",
		    "SRS0=mqiS=G3=example.test=jane@srs.test" },
	};
	struct verdict_token verdict = make_verdict(SPF_IDENTITY_MAILFROM, SPF_FAIL, "192.0.2.1");
	struct verdict_token got;
	struct mailaddr_parts parts;
	char token[VERDICT_TOKEN_SIZE];
	struct mailaddr addr;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		mailaddr_split(&parts, rows[i].internal, strlen(rows[i].internal));
		assert_true(
		    verdict_token_make(token, keys, (struct text){ parts.local, parts.local_len },
			(struct text){ parts.domain, parts.domain_len }, &verdict, NOW));
		assert_int_equal(
		    mailaddr_parse_external(&addr, rows[i].external, strlen(rows[i].external)),
		    MAILADDR_OK);
		unit_int(rows[i].internal, "verifies",
		    verify(token, strlen(token), addr.local, addr.domain, NOW, &got), 1);
	}
	unit_end();
}

static void
test_days(void **state)
{
	int day;

	(void)state;
	for (day = -10; day < 2100; day++)
		unit_int(unit_row("%d days later", day), "verifies",
		    verify_for_jane(TOKEN, NOW + (time_t)day * DAY), day >= -1 && day <= 6);
	/* By midnights of UTC: NOW is at 22:13:20. */
	unit_int("the last second", "verifies", verify_for_jane(TOKEN, NOW + 6 * DAY + 6399), 1);
	unit_int("too late", "verifies", verify_for_jane(TOKEN, NOW + 6 * DAY + 6400), 0);
	unit_int("tomorrow's", "verifies", verify_for_jane(TOKEN, NOW - 80000 - DAY), 1);
	unit_int("too early", "verifies", verify_for_jane(TOKEN, NOW - 80001 - DAY), 0);
	/* The stamp comes round, the number of the day does not. */
	unit_int("old", "verifies", verify_for_jane(TOKEN_OF_2021, NOW), 0);
	unit_int("old", "at its time", verify_for_jane(TOKEN_OF_2021, NOW - (time_t)1024 * DAY), 1);
	unit_end();
}

static void
test_secrets(void **state)
{
	struct srs_keys *mine = keys;

	(void)state;
	unit_int("first", "verifies", verify_for_jane(TOKEN, NOW), 1);
	unit_int("second", "verifies", verify_for_jane(TOKEN_OF_OLDER, NOW), 1);
	keys = srs_keys_of(OLDER "\n");
	unit_int("only the second", "verifies", verify_for_jane(TOKEN_OF_OLDER, NOW), 1);
	unit_int("the first is gone", "verifies", verify_for_jane(TOKEN, NOW), 0);
	srs_keys_free(&keys);
	keys = mine;
	unit_end();
}

/* No character may differ, and none may be missing or too many. */
static void
test_altered_tokens(void **state)
{
	char token[] = TOKEN "x", *c;
	size_t i, len = strlen(TOKEN);

	(void)state;
	token[len] = '\0';
	for (c = token; *c != '\0'; c++) {
		*c ^= 1;
		unit_int(token, "verifies", verify_for_jane(token, NOW), 0);
		*c ^= 1;
		if (*c == '.' || (*c >= '0' && *c <= '9'))
			continue;
		/* Mail systems do not fold the case of a header. The stamp has none. */
		*c ^= 0x20;
		unit_int(
		    token, "verifies in another case", verify_for_jane(token, NOW), c - token < 2);
		*c ^= 0x20;
	}
	unit_int(token, "verifies", verify_for_jane(token, NOW), 1);
	for (i = 0; i < len; i++) {
		token[i] = '\0';
		unit_int(token, "verifies", verify_for_jane(token, NOW), 0);
		token[i] = TOKEN[i];
	}
	token[len] = 'x';
	unit_int(token, "verifies", verify_for_jane(token, NOW), 0);
	unit_end();
}

static void
test_no_tokens(void **state)
{
	static const struct text rows[] = {
		{ BYTES("") },
		{ BYTES("G3") },
		{ BYTES("...............................................") },
		{ BYTES("!!.mp.c0000201.1D54P4TJ0KGLO8G2H1IDHTGU0456A6JG") },
		{ BYTES("G3.xp.c0000201.1D54P4TJ0KGLO8G2H1IDHTGU0456A6JG") },
		{ BYTES("G3.mx.c0000201.1D54P4TJ0KGLO8G2H1IDHTGU0456A6JG") },
		{ BYTES("G3.\0\0.c0000201.1D54P4TJ0KGLO8G2H1IDHTGU0456A6JG") },
		{ BYTES("G3.mp.C0000201.1D54P4TJ0KGLO8G2H1IDHTGU0456A6JG") },
		{ BYTES("G3.mp.c000020g.1D54P4TJ0KGLO8G2H1IDHTGU0456A6JG") },
		{ BYTES("G3.mp.c00002010.1D54P4TJ0KGLO8G2H1IDHTGU0456A6JG") },
		{ BYTES("G3.mp.c00002.01.1D54P4TJ0KGLO8G2H1IDHTGU0456A6JG") },
		{ BYTES(
		    "G3.mp.00000000000000000000ffffc0000201.1D54P4TJ0KGLO8G2H1IDHTGU0456A6JG") },
		{ BYTES(TOKEN "\0") },
		{ BYTES(" " TOKEN) },
		{ BYTES("\"" TOKEN "\"") },
	};
	struct verdict_token verdict;
	char *huge = unit_fill('0', 100000);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(unit_row("row %zu", i), "verifies",
		    verify(rows[i].s, rows[i].len, "jane", "example.test", NOW, &verdict), 0);
	unit_int("100,000 bytes", "verifies",
	    verify(huge, 100000, "jane", "example.test", NOW, &verdict), 0);
	free(huge);
	unit_end();
}

/* A header shows it without quotes: letters, digits and single dots. */
static void
test_alphabet(void **state)
{
	struct verdict_token verdict =
	    make_verdict(SPF_IDENTITY_MAILFROM, SPF_PERMERROR, "2001:db8:ffff::1");
	char *local = unit_fill('l', 10000);
	const char *token = make(&verdict, local, "example.test", NOW);

	(void)state;
	assert_in_range(strlen(token), 1, VERDICT_TOKEN_SIZE - 1);
	assert_int_equal(strspn(token, "0123456789abcdefghijklmnopqrstuvwxyz."
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
	    strlen(token));
	assert_null(strstr(token, ".."));
	free(local);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TOKEN_TEST(test_tokens),
		TOKEN_TEST(test_every_verdict),
		TOKEN_TEST(test_mail_from),
		TOKEN_TEST(test_both_forms),
		TOKEN_TEST(test_days),
		TOKEN_TEST(test_secrets),
		TOKEN_TEST(test_altered_tokens),
		TOKEN_TEST(test_no_tokens),
		TOKEN_TEST(test_alphabet),
	};

	return cmocka_run_group_tests_name("verdict_token", tests, NULL, NULL);
}
