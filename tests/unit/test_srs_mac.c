/* SPDX-License-Identifier: ISC */
/*
 * The digests in the tables were computed with another HMAC than libcrypto's.
 */
#include "tests/unit/unit.h"

#include "srsd/srs/srs_mac.h"

static const char secret[] = "correct horse battery";

struct digest_row {
	struct text parts[4];
	size_t n;
	const char *want;
};

static void
check_digest(
    struct srs_mac *mac, const char *row, const struct text *parts, size_t n, const char *want)
{
	char digest[SRS_MAC_LEN + 1] = "";

	unit_true(row, "digest", srs_mac_digest(mac, SRS_MAC_COMPATIBLE, parts, n, digest));
	unit_text(row, "digest", digest, want);
}

static void
test_digests(void **state)
{
	static const struct digest_row rows[] = {
		{ { { BYTES("AA") }, { BYTES("example.test") }, { BYTES("jane") } }, 3,
		    "DCGgPE7AAsYVnikVAYmhIGM6rxQ" },
		{ { { BYTES("aa") }, { BYTES("EXAMPLE.Test") }, { BYTES("Jane") } }, 3,
		    "DCGgPE7AAsYVnikVAYmhIGM6rxQ" },
		{ { { BYTES("aaexample.testjane") } }, 1, "DCGgPE7AAsYVnikVAYmhIGM6rxQ" },
		{ { { BYTES("aaexample.test") }, { BYTES("") }, { BYTES("jane") } }, 3,
		    "DCGgPE7AAsYVnikVAYmhIGM6rxQ" },
		{ { { NULL, 0 } }, 0, "yQf0X7wqmkQbOilUxJoY4omy3ps" },
		{ { { BYTES("") }, { BYTES("") }, { BYTES("") } }, 3,
		    "yQf0X7wqmkQbOilUxJoY4omy3ps" },
		{ { { BYTES("J\303\226rg") } }, 1, "5DujJAAz8c9HrpD9LwUGzOgLma4" },
	};
	struct srs_mac *mac = srs_mac_new(secret, strlen(secret));
	size_t i;

	(void)state;
	assert_non_null(mac);
	for (i = 0; i < COUNT(rows); i++)
		check_digest(mac, unit_row("row %zu", i), rows[i].parts, rows[i].n, rows[i].want);
	srs_mac_free(&mac);
	assert_null(mac);
	srs_mac_free(&mac);
	unit_end();
}

static void
test_long_parts(void **state)
{
	struct srs_mac *mac = srs_mac_new(secret, strlen(secret));
	char *a = unit_fill('A', 254), *b = unit_fill('b', 254);
	struct text parts[] = { { a, 127 }, { b, 254 } };

	(void)state;
	check_digest(mac, "127 bytes", parts, 1, "TqwVfBwkd7t+9oYE2AZgOtAc6OY");
	parts[0].len = 128;
	check_digest(mac, "128 bytes", parts, 1, "7wrj2a/63GqVNHW8UfUa59HDRdI");
	parts[0].len = 129;
	check_digest(mac, "129 bytes", parts, 1, "MqbodvDAIv/PzmlakaL3CKz2pdU");
	parts[0].len = 254;
	check_digest(mac, "254 and 254 bytes", parts, 2, "WbuViRaZE5z6Ma2DAeRjoAzwKto");
	free(a);
	free(b);
	srs_mac_free(&mac);
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
		{ 'k', 1, "ywATH87GAqj8hEE6KnAVTYwGoNI" },
		{ 'k', 64, "LDHq32jZupca0pM50oznJbA8EfY" },
		{ 'k', 65, "cgmsp17GgIcXJf0wmqaJdGZ329Q" },
		{ 'k', 1023, "1M6b35EXQqJhUQ+g22UymSnahuM" },
	};
	struct text part = { "x", 1 };
	struct srs_mac *mac;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		text = unit_fill(rows[i].c, rows[i].len);
		mac = srs_mac_new(text, rows[i].len);
		memset(text, 'x', rows[i].len); /* the secret is not kept by reference */
		check_digest(mac, unit_row("%zu bytes", rows[i].len), &part, 1, rows[i].want);
		srs_mac_free(&mac);
		free(text);
	}
	mac = srs_mac_new(BYTES(" blanks \t"));
	check_digest(mac, "blanks", &part, 1, "0mPa7a8oa5Y+4dxRPWYe8RVWbGo");
	srs_mac_free(&mac);
	mac = srs_mac_new(BYTES("\001\377\200"));
	check_digest(mac, "any bytes", &part, 1, "hGHAuDXrA3VhaaWzWE7wq+84AKI");
	srs_mac_free(&mac);
	unit_end();
}

/* The same parts, divided elsewhere, or with another tag, have another digest. */
static void
test_separated_digests(void **state)
{
	static const struct digest_row rows[] = {
		{ { { BYTES("SRS0") }, { BYTES("0000019675") }, { BYTES("example.test") },
		      { BYTES("jane") } },
		    4, "8vkwe7ttbRCdQGMQu7mD1rKneqf" },
		{ { { BYTES("srs0") }, { BYTES("0000019675") }, { BYTES("EXAMPLE.Test") },
		      { BYTES("Jane") } },
		    4, "8vkwe7ttbRCdQGMQu7mD1rKneqf" },
		{ { { BYTES("SRS0") }, { BYTES("0000019675") }, { BYTES("example.testj") },
		      { BYTES("ane") } },
		    4, "tFEm2t24cJUAx0Dd19KE4Bcv145" },
		{ { { BYTES("SRS0") }, { BYTES("0000019675") }, { BYTES("example.tes") },
		      { BYTES("tjane") } },
		    4, "o1GTmMFlVDEcp18PCuS9TtG1Ae2" },
		{ { { BYTES("SRS1") }, { BYTES("0000019675") }, { BYTES("example.test") },
		      { BYTES("jane") } },
		    4, "5VHBlvbGELYOkyKWcxfWJGG9z4A" },
		{ { { BYTES("SRS0") }, { BYTES("0000019675example.test") }, { BYTES("jane") } }, 3,
		    "8Y0wIC55ZCrL82kghMlw0kR3Dj5" },
		{ { { NULL, 0 } }, 0, "21KzT9iWlCm7z17GVhY0hN5NXRu" },
		{ { { BYTES("") } }, 1, "5ctGEFfO26OihvusMpx8pUkGYk4" },
		{ { { BYTES("") }, { BYTES("") } }, 2, "j04HEjhALA7iGz53u81YlhJ5022" },
	};
	struct srs_mac *mac = srs_mac_new(secret, strlen(secret));
	char digest[SRS_MAC_LEN + 1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_true(unit_row("row %zu", i), "digest",
		    srs_mac_digest(mac, SRS_MAC_SEPARATED, rows[i].parts, rows[i].n, digest));
		unit_text(unit_row("row %zu", i), "digest", digest, rows[i].want);
	}
	srs_mac_free(&mac);
	unit_end();
}

static void
test_separated_lengths(void **state)
{
	static const struct {
		size_t secret, part;
		const char *want;
	} rows[] = {
		{ 1, 1, "65B6WElLp20sSmMHDSKyUGO5EKK" },
		{ 64, 1, "yQghTkxrOGDMPHehNPbIrOCB7ws" },
		{ 65, 1, "Wva0csbNuL21RpErE5mdZ8dkBRA" },
		{ 1023, 1, "pOGOwljKegqVvbgzE9qIDisVjGv" },
		{ 21, 127, "HQlLu1QFNnclFoGcPxLPM5gnAJ7" },
		{ 21, 128, "qSkxOXeDZ3DnTGkJBmESw1eqRKK" },
		{ 21, 129, "ofQQhSIoq6isvZ70Dx4bfZZvKbb" },
		{ 21, 254, "OYqmT1tKmJp7EKdCzQxJLGlROgw" },
	};
	char digest[SRS_MAC_LEN + 1], *key, *text;
	struct text part;
	struct srs_mac *mac;
	const char *row;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		row = unit_row("secret of %zu, part of %zu", rows[i].secret, rows[i].part);
		key = unit_fill('k', rows[i].secret);
		part.s = text = unit_fill('A', rows[i].part);
		part.len = rows[i].part;
		mac = srs_mac_new(key, rows[i].secret);
		unit_true(row, "digest", srs_mac_digest(mac, SRS_MAC_SEPARATED, &part, 1, digest));
		unit_text(row, "digest", digest, rows[i].want);
		srs_mac_free(&mac);
		free(key);
		free(text);
	}
	unit_end();
}

/* Letters and digits alone, and none of them, without case, much likelier than 1 in 32. */
static void
test_separated_alphabet(void **state)
{
	struct srs_mac *mac = srs_mac_new(secret, strlen(secret));
	unsigned count[256] = { 0 }, i, n = 0;
	char digest[SRS_MAC_LEN + 1], text[20];
	struct text part = { text, 0 };
	const char *c;

	(void)state;
	for (i = 0; i < 5000; i++) {
		part.len = (size_t)snprintf(text, sizeof(text), "%u", i);
		assert_true(srs_mac_digest(mac, SRS_MAC_SEPARATED, &part, 1, digest));
		for (c = digest; *c != '\0'; c++, n++)
			count[(unsigned char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c)]++;
	}
	for (i = 0; i < 256; i++) {
		if ((i >= 'a' && i <= 'z') || (i >= '0' && i <= '9'))
			unit_true(unit_row("%c", i), "is as likely as others",
			    count[i] > n / 80 && count[i] < n / 28);
		else
			unit_int(unit_row("byte %u", i), "count", (int)count[i], 0);
	}
	srs_mac_free(&mac);
	unit_end();
}

/* A digest does not depend on the ones before it. */
static void
test_many_digests(void **state)
{
	struct srs_mac *mac = srs_mac_new(secret, strlen(secret));
	struct text jane[] = { { BYTES("AA") }, { BYTES("example.test") }, { BYTES("jane") } };
	char other[SRS_MAC_LEN + 1];
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		assert_true(srs_mac_digest(mac, SRS_MAC_COMPATIBLE, jane, (size_t)i % 3, other));
		check_digest(mac, unit_row("%d", i), jane, 3, "DCGgPE7AAsYVnikVAYmhIGM6rxQ");
	}
	srs_mac_free(&mac);
	unit_end();
}

/* A digest with every kind of character; made up. */
static const char digest[] = "aB0+/zZ9Yx5QrStUvW7/+kLmNoP";

static bool
matches(const char *hash)
{
	size_t len = strlen(hash);
	char *copy = unit_copy(hash, len);
	bool ok = srs_mac_matches(digest, copy, len);

	free(copy);
	return ok;
}

static void
test_matches(void **state)
{
	static const char *const rows[] = { "a", "aB0+", "aB0+/", "aB0+/zZ9Yx5QrStUvW7/+kLmNoP",
		"AB0+", "ab0+/ZZ9yX", "aB0-", "aB0-_zZ9", "aB0-/zZ9", "aB0+_zZ9",
		"AB0-_ZZ9YX5QRSTUVW7_-KLMNOP", "ab0+/zz9yx5qrstuvw7/+klmnop" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_true(rows[i], "matches", matches(rows[i]));
	unit_end();
}

static void
test_does_not_match(void **state)
{
	static const char *const rows[] = { "", "b", "aB0+/zZ9Yx5QrStUvW7/+kLmNoPx",
		"aB0+/zZ9Yx5QrStUvW7/+kLmNoP=", "aB0+/zZ9Yx5QrStUvW7/+kLmNoQ", "aB1+", "aBo+",
		"aB0/", "aB0_", "aB0=", "aB0 ", "aB0+XXXX", "xB0+/zZ9", "B0+/", "aB0+ ", "aB0++zZ9",
		"aB0*/zZ9", "aB0+\\zZ9" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_true(rows[i], "does not match", !matches(rows[i]));
	unit_end();
}

/* Every prefix matches; one that differs anywhere from it in one character does not. */
static void
test_every_prefix(void **state)
{
	char hash[SRS_MAC_LEN + 2];
	size_t len, i;

	(void)state;
	for (len = 1; len <= SRS_MAC_LEN; len++) {
		memcpy(hash, digest, len);
		hash[len] = '\0';
		unit_true(hash, "matches", matches(hash));
		for (i = 0; i < len; i++) {
			hash[i] = digest[i] == '1' ? '2' : '1';
			unit_true(hash, "does not match", !matches(hash));
			hash[i] = digest[i];
		}
	}
	memcpy(hash, digest, SRS_MAC_LEN);
	strcpy(hash + SRS_MAC_LEN, "=");
	unit_true(hash, "28 characters", !matches(hash));
	unit_true("", "none", !matches(""));
	unit_end();
}

/* Case is folded for letters only, and only '-' and '_' match other characters. */
static void
test_every_character(void **state)
{
	static const char wanted[] = "aA+/9";
	static const char *const folds[] = { "aA", "aA", "+-", "/_", "9" };
	char one[SRS_MAC_LEN + 1];
	size_t i;
	char c;
	int n;

	(void)state;
	memset(one, 'x', SRS_MAC_LEN);
	one[SRS_MAC_LEN] = '\0';
	for (i = 0; wanted[i] != '\0'; i++) {
		one[0] = wanted[i];
		for (n = 1; n < 256; n++) {
			c = (char)n;
			unit_int(unit_row("%c", wanted[i]), unit_row("\\x%02x", n),
			    srs_mac_matches(one, &c, 1), strchr(folds[i], c) != NULL);
		}
	}
	unit_end();
}

/* Computed with another HMAC than libcrypto's. */
static void
test_fingerprints(void **state)
{
	static const struct {
		const char *secret;
		size_t len;
		const char *want;
	} rows[] = {
		{ BYTES("k"), "77fa2cfb1cb6" },
		{ BYTES("correct horse battery"), "4f0672ea78b5" },
		{ BYTES(" blanks \t"), "80215387ea6e" },
	};
	char fingerprint[SRS_MAC_FINGERPRINT_LEN + 1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(srs_mac_fingerprint(rows[i].secret, rows[i].len, fingerprint));
		unit_text(rows[i].secret, "fingerprint", fingerprint, rows[i].want);
	}
	unit_end();
}

static void
test_new_secrets(void **state)
{
	char one[SRS_MAC_SECRET_LEN + 1], other[SRS_MAC_SECRET_LEN + 1];

	(void)state;
	assert_true(srs_mac_new_secret(one));
	assert_true(srs_mac_new_secret(other));
	unit_int("one", "length", (int)strlen(one), SRS_MAC_SECRET_LEN);
	unit_int("one", "base64",
	    (int)strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789+/"),
	    SRS_MAC_SECRET_LEN);
	unit_true("two", "differ", strcmp(one, other) != 0);
	unit_end();
}

/* The parts count with their lengths and without case; the bytes are those of no other purpose. */
static void
test_verdicts(void **state)
{
	static const struct {
		struct text parts[3];
		size_t n;
		bool same; /* as those of the first row */
	} rows[] = {
		{ { { BYTES("a") }, { BYTES("bc") } }, 2, true },
		{ { { BYTES("A") }, { BYTES("Bc") } }, 2, true },
		{ { { BYTES("ab") }, { BYTES("c") } }, 2, false },
		{ { { BYTES("abc") } }, 1, false },
		{ { { BYTES("a") }, { BYTES("bc") }, { NULL, 0 } }, 3, false },
		{ { { NULL, 0 } }, 0, false },
	};
	struct srs_mac *mac = srs_mac_new(secret, strlen(secret));
	unsigned char first[SRS_MAC_VERDICT_SIZE], raw[SRS_MAC_VERDICT_SIZE];
	unsigned char alias[SRS_MAC_ALIAS_SIZE];
	size_t i;

	(void)state;
	assert_true(srs_mac_verdict(mac, rows[0].parts, rows[0].n, first));
	for (i = 0; i < COUNT(rows); i++) {
		memset(raw, 0xaa, sizeof(raw));
		unit_true(unit_row("row %zu", i), "verdict",
		    srs_mac_verdict(mac, rows[i].parts, rows[i].n, raw));
		unit_int(unit_row("row %zu", i), "same", memcmp(raw, first, sizeof(raw)) == 0,
		    rows[i].same);
	}
	assert_true(srs_mac_alias(mac, (struct text){ BYTES("\0\0\0\1a\0\0\0\2bc") }, alias));
	assert_memory_not_equal(alias, first, sizeof(alias));
	srs_mac_free(&mac);
	unit_end();
}

static void
test_same_texts(void **state)
{
	(void)state;
	assert_true(srs_mac_is_same("abc", "abc", 3));
	assert_true(srs_mac_is_same("abc", "abd", 2));
	assert_true(srs_mac_is_same("", "x", 0));
	assert_false(srs_mac_is_same("abc", "abd", 3));
	assert_false(srs_mac_is_same("abc", "Abc", 3));
	assert_false(srs_mac_is_same("a\0c", "a\0d", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_long_parts),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_separated_digests),
		cmocka_unit_test(test_separated_lengths),
		cmocka_unit_test(test_separated_alphabet),
		cmocka_unit_test(test_many_digests),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_does_not_match),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_every_character),
		cmocka_unit_test(test_fingerprints),
		cmocka_unit_test(test_new_secrets),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_same_texts),
	};

	return cmocka_run_group_tests_name("srs_mac", tests, NULL, NULL);
}
