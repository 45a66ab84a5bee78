/* SPDX-License-Identifier: ISC */
/*
 * The aliases in the tables were computed with another HMAC and SHA-1 than libcrypto's, and another
 * base32hex. The rows of test_rows_of_postsrsd come from a database that postsrsd 2.4.0 has written.
 */
#include "tests/unit/srs_case.h"

#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_alias.h"

#define JANE "jane@example.test"
#define JANE_KEY "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10@1"
#define JANE_KEY_NEWER "HMFFDD7T59G5FNL9B0NIM5ETM5LP6ABF@1"
#define JANE_SHA1 "B0AAPESKG4PLH798TFK3CAH28H3U9142@1"

static void
check_alias(
    const char *row, const struct srs_keys *keys, const char *address, size_t len, const char *want)
{
	char *copy = unit_copy(address, len), *key = malloc(SRS_ALIAS_KEY_SIZE);

	unit_true(row, "alias", srs_alias_make(keys, (struct text){ copy, len }, key));
	unit_text(row, "alias", key, want);
	unit_int(
	    row, "verifies", srs_alias_verify(keys, text_of(want), (struct text){ copy, len }), 0);
	unit_int(row, "verifies as SHA-1",
	    srs_alias_verify_sha1(text_of(want), (struct text){ copy, len }), 0);
	free(copy);
	free(key);
}

/* The bytes of an address are not changed: not even their case. */
static void
test_aliases(void **state)
{
	static const struct {
		const char *address;
		size_t len;
		const char *want;
	} rows[] = {
		{ BYTES(JANE), JANE_KEY },
		{ BYTES("Jane@example.test"), "0QOE1U7873U38D271H28R8TJ66VVD72H@1" },
		{ BYTES("jane@EXAMPLE.test"), "0DGN6IHRV61OQ5LJABA79OB4TCQBAR4F@1" },
		{ BYTES("\"jane roe\"@example.test"), "KP41AOA6OOE9BVQKEVJGEDOVTBHMQ89I@1" },
		{ BYTES("j\303\266rg@example.test"), "LPBR7JMNCQVGDF337E48PRHL3V8EAPIA@1" },
		{ BYTES(""), "K6BFHP4ISCMP5P0E7N5BF9PQUA8S5QLV@1" },
		{ BYTES("a\0b@example.test"), "BVAERGLF5U36QFSENPGIHFO5MEHC3HA9@1" },
	};
	struct srs_keys *keys = srs_keys_of(SECRET "\n");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_alias(rows[i].address, keys, rows[i].address, rows[i].len, rows[i].want);
	srs_keys_free(&keys);
	unit_end();
}

static void
test_long_addresses(void **state)
{
	struct srs_keys *keys = srs_keys_of(SECRET);
	char *text = unit_fill('a', 1000);

	(void)state;
	check_alias("254 bytes", keys, text, 254, "QSE04HL17DC9R8OFPL5DRDVP739HQJAS@1");
	check_alias("1000 bytes", keys, text, 1000, "BJ6P3RL1KJ8F8N4TBEHV8A7RP0K3CHNC@1");
	free(text);
	srs_keys_free(&keys);
	unit_end();
}

static void
test_secrets(void **state)
{
	static const struct {
		char c;
		size_t len;
		const char *want;
	} rows[] = {
		{ 'k', 1, "2O5B7G9Q9VBIL16T82VD4OR2CEHLC0OF@1" },
		{ 'k', 64, "4JHPNL9QAL7RL99BAGAN96Q0ATEBB32G@1" },
		{ 'k', 65, "NNHICFV8R4VIB1EU0591GJOT7QJGK7FE@1" },
		{ 'k', 1023, "30F63C0HHL257RIERO5H6LG4H3VR0E3A@1" },
	};
	struct srs_keys *keys;
	char *secret;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		secret = unit_fill(rows[i].c, rows[i].len);
		keys = srs_keys_of(secret);
		check_alias(unit_row("%zu bytes", rows[i].len), keys, BYTES(JANE), rows[i].want);
		srs_keys_free(&keys);
		free(secret);
	}
	keys = srs_keys_of(" blanks \t\n");
	check_alias("blanks", keys, BYTES(JANE), "2ABP10FU8DC9IS7C9TL8D1M05B58MPDT@1");
	srs_keys_free(&keys);
	unit_end();
}

/* The first secret makes the alias, and any of them verifies it. */
static void
test_rotation(void **state)
{
	static const struct {
		const char *secrets;
		const char *made;
		int old, newer;
	} rows[] = {
		{ SECRET "\n", JANE_KEY, 0, SRS_KEYS_NONE },
		{ "newer secret\n" SECRET "\n", JANE_KEY_NEWER, 1, 0 },
		{ SECRET "\nnewer secret\n", JANE_KEY, 0, 1 },
		{ "newer secret\nother\nthird\n" SECRET "\n", JANE_KEY_NEWER, 3, 0 },
		{ "newer secret\n", JANE_KEY_NEWER, SRS_KEYS_NONE, 0 },
	};
	char key[SRS_ALIAS_KEY_SIZE];
	struct srs_keys *keys;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		keys = srs_keys_of(rows[i].secrets);
		unit_true(rows[i].secrets, "alias", srs_alias_make(keys, text_of(JANE), key));
		unit_text(rows[i].secrets, "alias", key, rows[i].made);
		unit_int(rows[i].secrets, "old alias",
		    srs_alias_verify(keys, text_of(JANE_KEY), text_of(JANE)), rows[i].old);
		unit_int(rows[i].secrets, "newer alias",
		    srs_alias_verify(keys, text_of(JANE_KEY_NEWER), text_of(JANE)), rows[i].newer);
		unit_int(rows[i].secrets, "count", (int)srs_keys_verified(keys, 0), 0);
		srs_keys_free(&keys);
	}
	unit_end();
}

static int
verify_copy(const struct srs_keys *keys, const char *key, size_t len)
{
	char *copy = unit_copy(key, len);
	int got = srs_alias_verify(keys, (struct text){ copy, len }, text_of(JANE));

	unit_int(
	    key, "as SHA-1", srs_alias_verify_sha1((struct text){ copy, len }, text_of(JANE)), 0);
	free(copy);
	return got;
}

/* An address or a key from a store that is damaged or malicious does not verify. */
static void
test_not_verified(void **state)
{
	static const char *const addresses[] = { "", "jane@example.tes", "jane@example.test ",
		"Jane@example.test", "mallory@example.test", JANE_KEY };
	static const struct text foreign[] = {
		{ BYTES("") }, { BYTES("UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10") },
		{ BYTES("UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10@") },
		{ BYTES("UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10@2") },
		{ BYTES("UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10@1 ") },
		{ BYTES("UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10@1\0") },
		{ BYTES("ug6p5ko6pr9gh5mrghnha5cji2pb3b10@1") },
		{ BYTES("U1KM1700PTQ0OQ659D0S4KTH40MMVGMV@1") }, /* without the NUL */
	};
	struct srs_keys *keys = srs_keys_of(SECRET "\nother\n");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(addresses); i++) {
		unit_int(addresses[i], "alias",
		    srs_alias_verify(keys, text_of(JANE_KEY), text_of(addresses[i])),
		    SRS_KEYS_NONE);
		unit_int(addresses[i], "SHA-1",
		    srs_alias_verify_sha1(text_of(JANE_SHA1), text_of(addresses[i])), 0);
	}
	for (i = 0; i < COUNT(foreign); i++)
		unit_int(foreign[i].s, "foreign key",
		    verify_copy(keys, foreign[i].s, foreign[i].len), SRS_KEYS_NONE);
	unit_int(JANE_SHA1, "SHA-1 is no HMAC",
	    srs_alias_verify(keys, text_of(JANE_SHA1), text_of(JANE)), SRS_KEYS_NONE);
	srs_keys_free(&keys);
	unit_end();
}

/* A key that differs in one bit of one character does not verify. */
static void
test_every_character(void **state)
{
	struct srs_keys *keys = srs_keys_of(SECRET);
	char ours[] = JANE_KEY, theirs[] = JANE_SHA1;
	size_t i;
	int bit;

	(void)state;
	for (i = 0; i < SRS_ALIAS_KEY_LEN; i++) {
		for (bit = 1; bit < 256; bit <<= 1) {
			ours[i] = (char)(ours[i] ^ bit);
			theirs[i] = (char)(theirs[i] ^ bit);
			unit_int(ours, unit_row("bit %d of %zu", bit, i),
			    srs_alias_verify(keys, text_of(ours), text_of(JANE)), SRS_KEYS_NONE);
			unit_int(theirs, unit_row("bit %d of %zu", bit, i),
			    srs_alias_verify_sha1(text_of(theirs), text_of(JANE)), 0);
			ours[i] = (char)(ours[i] ^ bit);
			theirs[i] = (char)(theirs[i] ^ bit);
		}
	}
	unit_int(ours, "whole", srs_alias_verify(keys, text_of(ours), text_of(JANE)), 0);
	unit_int(theirs, "whole", srs_alias_verify_sha1(text_of(theirs), text_of(JANE)), 1);
	srs_keys_free(&keys);
	unit_end();
}

static void
test_rows_of_postsrsd(void **state)
{
	static const struct {
		const char *key, *address;
	} rows[] = {
		{ JANE_SHA1, JANE },
		{ "7867DBTC3TC0B3LOM5O1PBSGPEAINLRN@1", "Jane@Example.TEST" },
		{ "F1KQ06CFOC30953SNT4905UCIQUI9Q8B@1", "\"j d\"@x.test" },
		{ "GJ7QNS97K77CL5T7EUHO8E8R5GTBA314@1", "b\303\274@x.test" },
		{ "BQQGQS063FOQQ0GFE935JSLDDUU22RIK@1",
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@"
		    "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.test" },
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		for (j = 0; j < COUNT(rows); j++)
			unit_int(rows[i].key, rows[j].address,
			    srs_alias_verify_sha1(text_of(rows[i].key), text_of(rows[j].address)),
			    i == j);
	unit_end();
}

static bool
parse_copy(const char *host, const char *user, size_t len, char key[SRS_ALIAS_KEY_SIZE])
{
	char *copy = unit_copy(user, len);
	bool got = srs_alias_parse(text_of(host), (struct text){ copy, len }, key);

	free(copy);
	return got;
}

static void
test_form(void **state)
{
	static const struct {
		const char *user, *want;
	} rows[] = {
		{ "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10", JANE_KEY },
		{ "ug6p5ko6pr9gh5mrghnha5cji2pb3b10", JANE_KEY },
		{ "uG6P5kO6pR9Gh5MrGhNhA5CjI2pB3b10", JANE_KEY },
		{ "00000000000000000000000000000000", "00000000000000000000000000000000@1" },
		{ "0123456789ABCDEFGHIJKLMNOPQRSTUV", "0123456789ABCDEFGHIJKLMNOPQRSTUV@1" },
		{ "0123456789abcdefghijklmnopqrstuv", "0123456789ABCDEFGHIJKLMNOPQRSTUV@1" },
	};
	char key[SRS_ALIAS_KEY_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_true(rows[i].user, "alias", parse_copy("1", rows[i].user, 32, key));
		unit_text(rows[i].user, "key", key, rows[i].want);
	}
	unit_end();
}

static void
test_other_forms(void **state)
{
	static const struct {
		const char *host, *user;
	} rows[] = {
		{ "example.test", "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10" },
		{ "", "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10" },
		{ "11", "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10" },
		{ "1.", "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10" },
		{ "2", "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10" },
		{ "1", "" },
		{ "1", "jane" },
		{ "1", "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B1" },
		{ "1", "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B101" },
		{ "1", "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10@1" },
		{ "1", "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B1=" },
		{ "1", "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B1 " },
		{ "1", " G6P5KO6PR9GH5MRGHNHA5CJI2PB3B10" },
	};
	char key[SRS_ALIAS_KEY_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_true(rows[i].user, "not an alias",
		    !parse_copy(rows[i].host, rows[i].user, strlen(rows[i].user), key));
	unit_end();
}

/* Each byte alone, in each place: only the 54 characters of base32hex are accepted. */
static void
test_alphabet(void **state)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUV";
	char user[SRS_ALIAS_LEN + 1], key[SRS_ALIAS_KEY_SIZE];
	size_t i;
	int c;

	(void)state;
	memset(user, 'A', sizeof(user));
	for (i = 0; i < SRS_ALIAS_LEN; i++) {
		for (c = 0; c < 256; c++) {
			user[i] = (char)c;
			unit_int(unit_row("place %zu", i), unit_row("byte %d", c),
			    parse_copy("1", user, SRS_ALIAS_LEN, key),
			    memchr(digits, c, sizeof(digits) - 1) != NULL);
		}
		user[i] = 'A';
	}
	unit_end();
}

/* An address that postsrsd 2 has made, and the same after a mail system folded its case. */
static void
test_srs_addresses(void **state)
{
	static const char *const rows[] = { "SRS0=O-AM=JS=1=B0AAPESKG4PLH798TFK3CAH28H3U9142",
		"srs0=o-am=js=1=b0aapeskg4plh798tfk3cah28h3u9142" };
	char key[SRS_ALIAS_KEY_SIZE];
	struct srs_addr addr;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(srs_addr_parse(&addr, rows[i], strlen(rows[i])), SRS_ADDR_SRS0);
		unit_true(rows[i], "alias", srs_alias_parse(addr.host, addr.user, key));
		unit_text(rows[i], "key", key, JANE_SHA1);
	}
	unit_end();
}

/* What a person may write, and the texts that contain no alias. */
static void
test_find(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: no alias */
	} rows[] = {
		{ "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10", JANE_KEY },
		{ "ug6p5ko6pr9gh5mrghnha5cji2pb3b10", JANE_KEY },
		{ JANE_KEY, JANE_KEY },
		{ "SRS0=abcd=AB=1=UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10@srs.test", JANE_KEY },
		{ "srs0+abcd=ab=1=ug6p5ko6pr9gh5mrghnha5cji2pb3b10@srs.test", JANE_KEY },
		{ "", NULL },
		{ "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10@2", NULL },
		{ "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B1", NULL },
		{ "UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B1W", NULL },
		{ JANE, NULL },
		{ "SRS0=abcd=AB=mail.test=UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10@srs.test", NULL },
		{ "SRS0=abcd=AB=1=jane@srs.test", NULL },
		{ "SRS1=abcd=a.test==abcd=AB=1=UG6P5KO6PR9GH5MRGHNHA5CJI2PB3B10@srs.test", NULL },
	};
	char *copy, *key;
	size_t i, len;
	bool found;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i].text);
		copy = unit_copy(rows[i].text, len);
		key = calloc(1, SRS_ALIAS_KEY_SIZE);
		found = srs_alias_find(copy, len, key);
		unit_true(rows[i].text, "found", found == (rows[i].want != NULL));
		if (found && rows[i].want != NULL)
			unit_text(rows[i].text, "key", key, rows[i].want);
		free(copy);
		free(key);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_long_addresses),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_not_verified),
		cmocka_unit_test(test_every_character),
		cmocka_unit_test(test_rows_of_postsrsd),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_other_forms),
		cmocka_unit_test(test_alphabet),
		cmocka_unit_test(test_srs_addresses),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests_name("srs_alias", tests, NULL, NULL);
}
