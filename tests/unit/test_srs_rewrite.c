/* SPDX-License-Identifier: ISC */
/*
 * The hashes in the tables were computed with another HMAC than libcrypto's.
 */
#include "tests/unit/srs_case.h"

#include <strings.h>

#include "common/day.h"
#include "common/idna.h"
#include "srsd/srs/srs_rewrite.h"

/* What most tests work with; a test that changes it makes its own. */
static struct settings *settings;
static struct srs_keys *keys;

static int
begin(void **state)
{
	(void)state;
	settings = srs_settings();
	keys = srs_keys_of(SECRET "\n");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	settings_free(&settings);
	srs_keys_free(&keys);
	return 0;
}

#define REWRITE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

#define AT_NOW (&(struct srs_context){ .settings = settings, .keys = keys, .now = NOW })

typedef void rewrite_fn(
    struct srs_result *result, const struct srs_context *context, const char *key, size_t len);

/* answer - the answer of a map: an address, or the reason; valid until the call after the next */
static const char *
answer(rewrite_fn *rewrite, const char *key, size_t len, time_t now)
{
	const struct srs_context context = { .settings = settings, .keys = keys, .now = now };
	static struct srs_result results[2];
	static unsigned turn;
	struct srs_result *result = &results[turn++ % 2];
	char *copy = unit_copy(key, len);

	memset(result, 0xaa, sizeof(*result));
	rewrite(result, &context, copy, len);
	free(copy);
	if (result->verdict != SRS_REWRITTEN)
		return srs_verdict_text(result->verdict);
	unit_int(key, "length", (int)result->len, (int)strlen(result->address));
	return result->address;
}

static const char *
forward(const char *key)
{
	return answer(srs_rewrite_forward, key, strlen(key), NOW);
}

static const char *
reverse(const char *key)
{
	return answer(srs_rewrite_reverse, key, strlen(key), NOW);
}

static const char *
reverse_at(const char *key, time_t now)
{
	return answer(srs_rewrite_reverse, key, strlen(key), now);
}

/* The domain under which sign() signs; NULL: srs-domain. */
static const char *signing_domain;

static void
sign_sender(
    struct srs_result *result, const struct srs_context *context, const char *key, size_t len)
{
	srs_rewrite_sign(result, context, signing_domain, key, len);
}

static const char *
sign(const char *key)
{
	return answer(sign_sender, key, strlen(key), NOW);
}

struct rewrite_row {
	const char *key;
	const char *want;
};

static void
check_rows(const char *(*map)(const char *), const struct rewrite_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		unit_text(rows[i].key, "answer", map(rows[i].key), rows[i].want);
	unit_end();
}

static void
test_words(void **state)
{
	static const struct {
		enum srs_verdict verdict;
		const char *text;
		const char *word;
	} rows[] = {
		{ SRS_REWRITTEN, "", "rewritten" },
		{ SRS_ALREADY_OURS, "already ours", "already-ours" },
		{ SRS_LOCAL_DOMAIN, "local domain", "local-domain" },
		{ SRS_NULL_SENDER, "null sender", "null-sender" },
		{ SRS_NOT_ADDRESS, "not an address", "not-an-address" },
		{ SRS_TOO_LONG, "too long", "too-long" },
		{ SRS_NOT_SRS, "not an SRS address", "not-srs" },
		{ SRS_BAD_HASH, "bad hash", "bad-hash" },
		{ SRS_EXPIRED, "expired", "expired" },
		{ SRS_MALFORMED, "malformed", "malformed" },
		{ SRS_FOREIGN, "not an SRS address", "foreign" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_text(rows[i].word, "text", srs_verdict_text(rows[i].verdict), rows[i].text);
		unit_text(rows[i].text, "word", srs_verdict_word(rows[i].verdict), rows[i].word);
	}
	unit_end();
}

static void
test_forward(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "jane@example.test", "SRS0=mqiS=G3=example.test=jane@srs.test" },
		{ "Jane.Roe@Example.TEST", "SRS0=BJiV=G3=Example.TEST=Jane.Roe@srs.test" },
		{ "a=b@example.test", "SRS0=IfWx=G3=example.test=a=b@srs.test" },
		{ "user+tag@sub.example.test", "SRS0=riOR=G3=sub.example.test=user+tag@srs.test" },
		{ "x@localhost", "SRS0=F21K=G3=localhost=x@srs.test" },
		{ "-@example.test", "SRS0=UHS1=G3=example.test=-@srs.test" },
		{ "SRS0x@example.test", "SRS0=i5BW=G3=example.test=SRS0x@srs.test" },
		{ "srs2=x@example.test", "SRS0=j3k1=G3=example.test=srs2=x@srs.test" },
		{ "j\303\266rg@b\303\274cher.test",
		    "SRS0=Yd/W=G3=xn--bcher-kva.test=j\303\266rg@srs.test" },
	};

	(void)state;
	check_rows(forward, rows, COUNT(rows));
}

static void
test_forward_quoted(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "\"jane\"@example.test", "SRS0=mqiS=G3=example.test=jane@srs.test" },
		{ "\"jane roe\"@example.test", "\"SRS0=aCas=G3=example.test=jane roe\"@srs.test" },
		{ "\"a@b\"@example.test", "\"SRS0=18eA=G3=example.test=a@b\"@srs.test" },
		{ "\"a\\\"b\\\\c\"@example.test",
		    "\"SRS0=2KBE=G3=example.test=a\\\"b\\\\c\"@srs.test" },
		{ "\".dots..\"@example.test", "\"SRS0=3cn9=G3=example.test=.dots..\"@srs.test" },
	};

	(void)state;
	check_rows(forward, rows, COUNT(rows));
}

static void
test_forward_srs(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "SRS0=AbCd=AA=orig.test=user@relay.test",
		    "SRS1=/UMd=relay.test==AbCd=AA=orig.test=user@srs.test" },
		{ "SRS0+x@Relay.test", "SRS1=Jaka=Relay.test=+x@srs.test" },
		{ "srs0-@relay.test", "SRS1=QT3y=relay.test=-@srs.test" },
		{ "\"SRS0=jane roe\"@relay.test", "\"SRS1=/qDW=relay.test==jane roe\"@srs.test" },
		{ "SRS1=any=orig.test==AbCd=AA=x.test=u@relay.test",
		    "SRS1=5n+4=orig.test==AbCd=AA=x.test=u@srs.test" },
		{ "srs1+any=orig.test==AbCd=AA=x.test=u@other.test",
		    "SRS1=5n+4=orig.test==AbCd=AA=x.test=u@srs.test" },
	};

	(void)state;
	check_rows(forward, rows, COUNT(rows));
}

/* What only looks like SRS1 is an ordinary address, so that its bounces find back. */
static void
test_forward_broken_srs1(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "SRS1=abcd=host.test=user@example.test",
		    "SRS0=xtqq=G3=example.test=SRS1=abcd=host.test=user@srs.test" },
		{ "SRS1=@example.test", "SRS0=hIvP=G3=example.test=SRS1=@srs.test" },
		{ "SRS1=ab=host@example.test", "SRS0=zA0p=G3=example.test=SRS1=ab=host@srs.test" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_text(rows[i].want, "reverse", reverse(rows[i].want), rows[i].key);
	check_rows(forward, rows, COUNT(rows));
}

static void
test_forward_refused(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "", "null sender" },
		{ "<>", "null sender" },
		{ "\"\"", "null sender" },
		{ "jane", "not an address" },
		{ "jane@", "not an address" },
		{ "@example.test", "not an address" },
		{ "\"\"@example.test", "not an address" },
		{ "jane@example..test", "not an address" },
		{ "jane@exam ple.test", "not an address" },
		{ "jane@[192.0.2.1]", "not an address" },
		{ "jane@exa=mple.test", "not an address" },
		{ "ja\nne@example.test", "not an address" },
		{ "\"jane@example.test", "not an address" },
		{ "*", "not an address" },
		{ "user@srs.test", "local domain" },
		{ "user@SRS.Test", "local domain" },
		{ "SRS0=mqiS=G3=example.test=jane@srs.test", "already ours" },
		{ "srs0+MQIS=g3=EXAMPLE.test=Jane@SRS.TEST", "already ours" },
		{ "SRS0=xxxx=G3=example.test=jane@srs.test", "local domain" },
		{ "SRS0=@srs.test", "local domain" },
		{ "SRS1=/UMd=relay.test==AbCd=AA=orig.test=user@srs.test", "already ours" },
		{ "SRS1=xxxx=relay.test==AbCd=AA=orig.test=user@srs.test", "local domain" },
	};

	(void)state;
	check_rows(forward, rows, COUNT(rows));
}

static void
test_own_domains(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "user@own.test", "local domain" },
		{ "user@OWN.test", "local domain" },
		{ "user@a.sub.test", "local domain" },
		{ "SRS0=mqiS=G3=example.test=jane@own.test", "local domain" },
		{ "SRS1=any=orig.test==x@own.test", "local domain" },
	};

	(void)state;
	srs_own(settings, "own.test");
	srs_own(settings, ".sub.test");
	assert_true(strncmp(forward("user@a.own.test"), "SRS0=", 5) == 0);
	assert_true(strncmp(forward("user@sub.test"), "SRS0=", 5) == 0);
	check_rows(forward, rows, COUNT(rows));
}

static void
test_always_rewrite(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "jane@example.test", "SRS0=mqiS=G3=example.test=jane@srs.test" },
		{ "SRS0=mqiS=G3=example.test=jane@srs.test", "already ours" },
		{ "SRS0=xxxx=G3=example.test=jane@srs.test", "local domain" },
		{ "SRS1=/UMd=relay.test==AbCd=AA=orig.test=user@srs.test", "already ours" },
		{ "", "null sender" },
	};

	(void)state;
	srs_own(settings, "example.test");
	assert_string_equal(forward("jane@example.test"), "local domain");
	srs_set(settings, "always-rewrite", "yes");
	assert_true(strncmp(forward("user@srs.test"), "SRS0=", 5) == 0);
	check_rows(forward, rows, COUNT(rows));
}

/* The milter decides that a sender is signed, own or foreign, and under which domain. */
static void
test_sign(void **state)
{
	static const struct {
		const char *domain, *key, *want;
	} rows[] = {
		{ NULL, "jane@example.test", "SRS0=mqiS=G3=example.test=jane@srs.test" },
		{ "own.test", "jane@example.test", "SRS0=mqiS=G3=example.test=jane@own.test" },
		{ "fwd.own.test", "jane@example.test",
		    "SRS0=mqiS=G3=example.test=jane@fwd.own.test" },
		{ NULL, "user@own.test", "SRS0=i+NK=G3=own.test=user@srs.test" },
		{ "fwd.own.test", "Jane@Own.test", "SRS0=AjW8=G3=Own.test=Jane@fwd.own.test" },
		{ "fwd.own.test", "SRS0=AbCd=AA=orig.test=user@relay.test",
		    "SRS1=/UMd=relay.test==AbCd=AA=orig.test=user@fwd.own.test" },
		{ "fwd.own.test", "SRS1=zzzz=relay.test==AbCd=AA=orig.test=user@second.test",
		    "SRS1=/UMd=relay.test==AbCd=AA=orig.test=user@fwd.own.test" },
		/* An address of ours under any domain stays what it is. */
		{ "fwd.own.test", "SRS0=mqiS=G3=example.test=jane@srs.test", "already ours" },
		{ "fwd.own.test", "SRS0=mqiS=G3=example.test=jane@fwd.own.test", "already ours" },
		{ NULL, "SRS0=mqiS=G3=example.test=jane@fwd.own.test", "already ours" },
		{ "own.test", "SRS0=xxxx=G3=example.test=jane@fwd.own.test", "local domain" },
		{ "own.test", "SRS0=xxxx=G3=example.test=jane@srs.test", "local domain" },
		{ "fwd.own.test", "SRS0=x@srs.test", "local domain" },
		{ "fwd.own.test", "", "null sender" },
		{ "fwd.own.test", "<>", "null sender" },
		{ "fwd.own.test", "jane", "not an address" },
		{ "fwd.own.test", "jane@1", "not an address" },
	};
	size_t i;

	(void)state;
	srs_own(settings, "own.test");
	srs_set(settings, "per-domain-accept", "fwd.");
	for (i = 0; i < COUNT(rows); i++) {
		signing_domain = rows[i].domain;
		unit_text(rows[i].key, rows[i].domain == NULL ? "srs-domain" : rows[i].domain,
		    sign(rows[i].key), rows[i].want);
	}
	unit_end();
}

static void
test_sign_length(void **state)
{
	char *longest = unit_fill('d', 200), key[300];

	(void)state;
	/* SRS0=hhhh=TT=x.test=LOCAL@DOMAIN: 20 bytes, the local part, '@' and the domain */
	snprintf(key, sizeof(key), "%.33s@x.test", longest);
	signing_domain = longest;
	unit_int("fits", "length", (int)strlen(sign(key)), MAILADDR_MAX);
	snprintf(key, sizeof(key), "%.34s@x.test", longest);
	unit_text("does not fit", "answer", sign(key), "too long");
	signing_domain = NULL;
	unit_holds("srs-domain", "answer", sign(key), "@srs.test");
	free(longest);
	unit_end();
}

static void
test_reverse(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "SRS0=mqiS=G3=example.test=jane@srs.test", "jane@example.test" },
		{ "SRS0+mqiS=G3=example.test=jane@srs.test", "jane@example.test" },
		{ "SRS0-mqiS=G3=example.test=jane@srs.test", "jane@example.test" },
		{ "srs0=MQIS=g3=EXAMPLE.test=JANE@SRS.test", "JANE@EXAMPLE.test" },
		{ "SRS0=mqiS=G3=example.test=jane@SRS.test.", "jane@example.test" },
		{ "SRS0=mqiSNRJz=G3=example.test=jane@srs.test", "jane@example.test" },
		{ "SRS0=mqiSNRJzmvYGmr2ISlW+MO4qP0E=G3=example.test=jane@srs.test",
		    "jane@example.test" },
		{ "SRS0=mqiSNRJzmvYGmr2ISlW-MO4qP0E=G3=example.test=jane@srs.test",
		    "jane@example.test" },
		{ "\"SRS0=mqiS=G3=example.test=jane\"@srs.test", "jane@example.test" },
		{ "\"SRS0=aCas=G3=example.test=jane roe\"@srs.test", "\"jane roe\"@example.test" },
		{ "\"SRS0=18eA=G3=example.test=a@b\"@srs.test", "\"a@b\"@example.test" },
		{ "SRS0=IfWx=G3=example.test=a=b@srs.test", "a=b@example.test" },
		{ "SRS1=/UMd=relay.test==AbCd=AA=orig.test=user@srs.test",
		    "SRS0=AbCd=AA=orig.test=user@relay.test" },
		{ "SRS1=_UMd=relay.test==AbCd=AA=orig.test=user@srs.test",
		    "SRS0=AbCd=AA=orig.test=user@relay.test" },
		{ "SRS1=Jaka=Relay.test=+x@srs.test", "SRS0+x@Relay.test" },
		{ "SRS1=QT3y=relay.test=-@srs.test", "SRS0-@relay.test" },
		{ "\"SRS1=/qDW=relay.test==jane roe\"@srs.test", "\"SRS0=jane roe\"@relay.test" },
	};

	(void)state;
	check_rows(reverse, rows, COUNT(rows));
}

static void
test_reverse_refused(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "", "not an SRS address" },
		{ "<>", "not an SRS address" },
		{ "jane@example.test", "not an SRS address" },
		{ "SRS0@srs.test", "not an SRS address" },
		{ "SRS0=mqiS=G3=example.test=jane", "not an SRS address" },
		{ "SRS0_mqiS=G3=example.test=jane@srs.test", "not an SRS address" },
		{ "SRS0=@srs.test", "malformed" },
		{ "SRS0=mqiS@srs.test", "malformed" },
		{ "SRS0=mqiS=G3@srs.test", "malformed" },
		{ "SRS0=mqiS=G3=example.test@srs.test", "malformed" },
		{ "SRS0=mqiS=G3=example.test=@srs.test", "malformed" },
		{ "SRS0=mqiS=G=example.test=jane@srs.test", "malformed" },
		{ "SRS0=mqiS=G3A=example.test=jane@srs.test", "malformed" },
		{ "SRS0=mqiS=G1=example.test=jane@srs.test", "malformed" },
		{ "SRS0=mqiS==example.test=jane@srs.test", "malformed" },
		{ "SRS1=@srs.test", "malformed" },
		{ "SRS1=/UMd=relay.test=AbCd@srs.test", "malformed" },
		{ "SRS0=xxxx=G3=example.test=jane@srs.test", "bad hash" },
		{ "SRS0=mqi=G3=example.test=jane@srs.test", "bad hash" },
		{ "SRS0==G3=example.test=jane@srs.test", "bad hash" },
		{ "SRS0=mqiSxxxx=G3=example.test=jane@srs.test", "bad hash" },
		{ "SRS0=mqiSNRJzmvYGmr2ISlW+MO4qP0E==G3=example.test=jane@srs.test", "malformed" },
		{ "SRS0=mqiSNRJzmvYGmr2ISlW+MO4qP0Ex=G3=example.test=jane@srs.test", "bad hash" },
		{ "SRS0=mqiS=G2=example.test=jane@srs.test", "bad hash" },
		{ "SRS0=mqiS=G3=examplf.test=jane@srs.test", "bad hash" },
		{ "SRS0=mqiS=G3=example.test=janf@srs.test", "bad hash" },
		{ "SRS0=mqiS=AA=example.test=jane@srs.test", "bad hash" },
		{ "SRS1=xxxx=relay.test==AbCd=AA=orig.test=user@srs.test", "bad hash" },
		{ "SRS1=/UMd=relay.test=+AbCd=AA=orig.test=user@srs.test", "bad hash" },
		{ "SRS1=mqiS=example.test==jane@srs.test", "bad hash" },
	};

	(void)state;
	check_rows(reverse, rows, COUNT(rows));
}

/* random_address - an address in external form, of a few letters and traps */
static size_t
random_address(uint64_t *seed, char external[MAILADDR_SIZE])
{
	static const char locals[] = "abcXYZ019.+-_=@\"\\ /\303\266\377%SRS01";
	static const char hosts[] = "abcXYZ019-_.\303\274";
	char local[70], host[70];
	size_t i, n = 1 + unit_random(seed, 60), m = 1 + unit_random(seed, 60);

	for (i = 0; i < n; i++)
		local[i] = locals[unit_random(seed, sizeof(locals) - 1)];
	for (i = 0; i < m; i++) {
		host[i] = hosts[unit_random(seed, sizeof(hosts) - 1)];
		if (host[i] == '.' && (i == 0 || i == m - 1 || host[i - 1] == '.'))
			host[i] = 'h';
	}
	return mailaddr_format(external, local, n, host, m);
}

/* with_ascii_host - an address as it comes back: its host is in A-labels, when it has them */
static const char *
with_ascii_host(const char *external)
{
	static char text[MAILADDR_SIZE + HOSTNAME_MAX];
	const char *host = strrchr(external, '@') + 1;
	char ascii[HOSTNAME_MAX + 1];

	if (idna_to_ascii(ascii, host, strlen(host)) == 0)
		return external;
	snprintf(text, sizeof(text), "%.*s%s", (int)(host - external), external, ascii);
	return text;
}

/* random_settings - any choice of those that change how an address is made */
static void
random_settings(uint64_t *seed)
{
	char text[12];

	snprintf(text, sizeof(text), "%c", "=+-"[unit_random(seed, 3)]);
	srs_set(settings, "separator", text);
	snprintf(text, sizeof(text), "%u", 4 + unit_random(seed, 24));
	srs_set(settings, "hash-length", text);
	srs_set(settings, "hash-avoid-slash", unit_random(seed, 2) == 0 ? "yes" : "no");
	srs_set(settings, "hash-format", unit_random(seed, 2) == 0 ? "separated" : "compatible");
}

/* reverse(forward(a)) is a, whatever a is, how the address is made, and when. */
static void
test_there_and_back(void **state)
{
	char external[MAILADDR_SIZE], made[MAILADDR_SIZE];
	uint64_t seed = 1653;
	unsigned i, done = 0;
	time_t now;

	(void)state;
	for (i = 0; i < 20000; i++) {
		random_settings(&seed);
		now = (time_t)unit_random(&seed, 2000000000);
		if (random_address(&seed, external) == 0)
			continue;
		if (strcmp(strrchr(external, '@'), "@1") == 0)
			continue; /* see test_database_aliases */
		strlcpy(made, answer(srs_rewrite_forward, external, strlen(external), now),
		    sizeof(made));
		if (strcmp(made, "too long") == 0)
			continue;
		unit_text(external, made, reverse_at(made, now), with_ascii_host(external));
		done++;
	}
	unit_true("addresses", "were made", done > 15000);
	unit_end();
}

/* is_folded - does verification take one for the other? */
static bool
is_folded(char a, char b)
{
	if (a >= 'A' && a <= 'Z')
		a = (char)(a + 32);
	if (b >= 'A' && b <= 'Z')
		b = (char)(b + 32);
	return a == b || (a == '+' && b == '-') || (a == '-' && b == '+') ||
	       (a == '/' && b == '_') || (a == '_' && b == '/');
}

/* check_altered - an address with one byte changed gives nothing, or just what it gave before */
static void
check_altered(const char *made, size_t i, char c, const char *back)
{
	char altered[MAILADDR_SIZE];
	const char *got;

	strlcpy(altered, made, sizeof(altered));
	altered[i] = c;
	got = reverse(altered);
	if (strchr(got, '@') == NULL)
		return;
	/* The signature verifies, so only case may differ, or '-' and '+' and the like. */
	unit_true(altered, unit_row("byte %zu of %s", i, made), is_folded(made[i], c) || i == 4);
	unit_int(altered, "leads to the same", strcasecmp(got, back), 0);
}

static void
test_altered_bytes(void **state)
{
	static const char *const addresses[] = { "jane@example.test", "a=b@Example.test",
		"SRS0=AbCd=AA=orig.test=user@relay.test",
		"SRS1=any=orig.test==AbCd=AA=x.test=u@relay.test", "u6@example.test" };
	char made[MAILADDR_SIZE], back[MAILADDR_SIZE];
	size_t i, j;
	int c;

	(void)state;
	srs_set(settings, "hash-length", "27");
	srs_set(settings, "hash-minimum", "27");
	for (i = 0; i < COUNT(addresses); i++) {
		strlcpy(made, forward(addresses[i]), sizeof(made));
		strlcpy(back, reverse(made), sizeof(back));
		unit_true(made, "is an address", strchr(back, '@') != NULL);
		for (j = 0; made[j] != '@'; j++)
			for (c = 1; c < 256; c++)
				if (c != made[j])
					check_altered(made, j, (char)c, back);
	}
	unit_end();
}

/* What mail systems do to an address, and other implementations to a hash, does no harm. */
static void
test_folded_bytes(void **state)
{
	char made[MAILADDR_SIZE];
	size_t i;

	(void)state;
	srs_set(settings, "hash-length", "27");
	strlcpy(made, forward("u6@example.test"), sizeof(made));
	assert_non_null(strchr(made, '+'));
	for (i = 0; made[i] != '\0'; i++)
		made[i] = (char)(made[i] >= 'a' && made[i] <= 'z' ? made[i] - 32 : made[i]);
	assert_string_equal(reverse(made), "U6@EXAMPLE.TEST");
	for (i = 5; made[i] != '='; i++)
		made[i] = made[i] == '+' ? '-' : made[i] == '/' ? '_' : made[i];
	assert_string_equal(reverse(made), "U6@EXAMPLE.TEST");
}

/* Each forwarder on the way makes its own address of the last one's. */
static void
test_chains_do_not_grow(void **state)
{
	static const char *const hosts[] = { "one.test", "two.test", "three.test", "four.test" };
	char address[MAILADDR_SIZE] = "jane@example.test", second[MAILADDR_SIZE], name[80];
	size_t i, longest = 0;
	int hop;

	(void)state;
	for (hop = 0; hop < 40; hop++) {
		snprintf(name, sizeof(name), "%s", hosts[hop % 4]);
		srs_rename(settings, name);
		strlcpy(address, forward(address), sizeof(address));
		unit_true(address, "is an address", strchr(address, '@') != NULL);
		if (hop == 1)
			strlcpy(second, address, sizeof(second));
		if (hop > 0 && strlen(address) > longest)
			longest = strlen(address);
	}
	assert_true(strncmp(address, "SRS1=", 5) == 0);
	assert_true(longest <= strlen(second) + 2); /* three.test is longer than two.test */
	/* The last one leads back to the first, which leads back to the sender. */
	strlcpy(address, reverse(address), sizeof(address));
	assert_string_equal(strchr(address, '@'), "@one.test");
	srs_rename(settings, "one.test");
	assert_string_equal(reverse(address), "jane@example.test");
	for (i = 0; i < COUNT(hosts); i++)
		unit_true(hosts[i], "is not in it", strstr(address, hosts[i]) == NULL || i == 0);
	unit_end();
}

/* cleanup(8) asks up to ten times, each time with the last answer. */
static void
test_asked_again(void **state)
{
	static const char *const senders[] = { "jane@example.test",
		"SRS0=AbCd=AA=orig.test=user@relay.test",
		"SRS1=any=orig.test==AbCd=AA=x.test=u@relay.test", "\"jane roe\"@example.test" };
	static const char *const choices[] = { "no", "yes" };
	char made[MAILADDR_SIZE];
	size_t i, j;

	(void)state;
	for (j = 0; j < COUNT(choices); j++) {
		srs_set(settings, "always-rewrite", choices[j]);
		srs_set(settings, "hash-avoid-slash", choices[j]);
		for (i = 0; i < COUNT(senders); i++) {
			strlcpy(made, forward(senders[i]), sizeof(made));
			unit_text(made, "asked again", forward(made), "already ours");
		}
	}
	unit_end();
}

static void
test_several_secrets(void **state)
{
	struct srs_result result;

	(void)state;
	srs_keys_free(&keys);
	keys = srs_keys_of(SECRET "\nolder secret of ours\noldest\n");
	assert_string_equal(
	    forward("jane@example.test"), "SRS0=mqiS=G3=example.test=jane@srs.test");
	assert_string_equal(
	    reverse("SRS0=mqiS=G3=example.test=jane@srs.test"), "jane@example.test");
	assert_string_equal(
	    reverse("SRS0=Kxoz=G3=example.test=jane@srs.test"), "jane@example.test");
	assert_string_equal(
	    reverse("SRS0=beqO=G3=example.test=jane@srs.test"), "jane@example.test");
	srs_rewrite_reverse(&result, AT_NOW, BYTES("SRS0=mqiS=G3=example.test=jane@srs.test"));
	assert_int_equal(result.secret, 0);
	srs_rewrite_reverse(&result, AT_NOW, BYTES("SRS0=beqO=G3=example.test=jane@srs.test"));
	assert_int_equal(result.secret, 2);
	srs_rewrite_reverse(&result, AT_NOW, BYTES("SRS0=xxxx=G3=example.test=jane@srs.test"));
	assert_int_equal(result.secret, SRS_KEYS_NONE);
	srs_rewrite_forward(&result, AT_NOW, BYTES("jane@example.test"));
	assert_int_equal(result.secret, SRS_KEYS_NONE);
	assert_string_equal(forward("SRS0=beqO=G3=example.test=jane@srs.test"), "already ours");
}

/* check_ages - an address made at NOW, seen on other days */
static void
check_ages(const char *max_age, int last)
{
	static const char made[] = "SRS0=mqiS=G3=example.test=jane@srs.test";
	int day;

	srs_set(settings, "max-age", max_age);
	for (day = -400; day <= 600; day++)
		unit_text(max_age, unit_row("%d days later", day),
		    reverse_at(made, NOW + (time_t)day * DAY),
		    day >= -1 && day <= last ? "jane@example.test" : "expired");
}

static void
test_ages(void **state)
{
	(void)state;
	check_ages("21", 21);
	check_ages("1", 1);
	check_ages("365", 365);
	unit_end();
}

/* Days end at midnight UTC, whatever the hour was. */
static void
test_midnights(void **state)
{
	static const char made[] = "SRS0=mqiS=G3=example.test=jane@srs.test";
	time_t midnight = NOW - NOW % DAY;

	(void)state;
	assert_string_equal(reverse_at(made, midnight), "jane@example.test");
	assert_string_equal(reverse_at(made, midnight - 1), "jane@example.test");
	assert_string_equal(reverse_at(made, midnight - DAY), "jane@example.test");
	assert_string_equal(reverse_at(made, midnight - DAY - 1), "expired");
	assert_string_equal(reverse_at(made, midnight + 22 * DAY - 1), "jane@example.test");
	assert_string_equal(reverse_at(made, midnight + 22 * DAY), "expired");
}

/* SRS1 holds no stamp: it is as old as the SRS0 address that it leads to. */
static void
test_srs1_has_no_age(void **state)
{
	(void)state;
	assert_string_equal(reverse_at("SRS1=Jaka=Relay.test=+x@srs.test", NOW + (time_t)500 * DAY),
	    "SRS0+x@Relay.test");
}

static enum srs_fact
fact_of(const char *address, size_t len, time_t now)
{
	const struct srs_context context = { .settings = settings, .keys = keys, .now = now };
	struct mailaddr_parts parts;

	mailaddr_split(&parts, address, len);
	return srs_rewrite_fact(&context, &parts);
}

/* -- hash-format */

/* Addresses of NOW, and what they lead to, in both forms. */
static const struct {
	const char *kind;
	const char *original, *back; /* forward of one, reverse to the other */
	const char *compatible, *separated;
} forms[] = {
	{ "SRS0", "jane@example.test", "jane@example.test", "SRS0=mqiS=G3=example.test=jane",
	    "SRS0=8vkw=G3=example.test=jane" },
	{ "SRS1", "SRS0=AbCd=AA=orig.test=user@relay.test",
	    "SRS0=AbCd=AA=orig.test=user@relay.test",
	    "SRS1=/UMd=relay.test==AbCd=AA=orig.test=user",
	    "SRS1=0xQT=relay.test==AbCd=AA=orig.test=user" },
	{ "SRS0 with =", "a=b@Example.test", "a=b@Example.test", "SRS0=IfWx=G3=Example.test=a=b",
	    "SRS0=k3TI=G3=Example.test=a=b" },
};

/* reverse_address - an address of that row, at some time */
static const char *
reverse_address(const char *address, time_t now)
{
	char at[MAILADDR_SIZE];

	snprintf(at, sizeof(at), "%s@srs.test", address);
	return reverse_at(at, now);
}

static void
test_forms_forward(void **state)
{
	char want[MAILADDR_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(forms); i++) {
		srs_set(settings, "hash-format", "compatible");
		snprintf(want, sizeof(want), "%s@srs.test", forms[i].compatible);
		unit_text(forms[i].kind, "compatible", forward(forms[i].original), want);
		srs_set(settings, "hash-format", "separated");
		snprintf(want, sizeof(want), "%s@srs.test", forms[i].separated);
		unit_text(forms[i].kind, "separated", forward(forms[i].original), want);
		unit_text(want, "asked again", forward(want), "already ours");
	}
	unit_end();
}

/* check_forms - is each form answered at that time? */
static void
check_forms(const char *row, time_t now, bool compatible, bool separated)
{
	size_t i;

	for (i = 0; i < COUNT(forms); i++) {
		unit_text(row, unit_row("compatible %s", forms[i].kind),
		    reverse_address(forms[i].compatible, now),
		    compatible ? forms[i].back : "bad hash");
		unit_text(row, unit_row("separated %s", forms[i].kind),
		    reverse_address(forms[i].separated, now),
		    separated ? forms[i].back : "bad hash");
	}
}

/* check_last_day - both forms verify until the end of today, from then on the one that signs */
static void
check_last_day(const char *option, bool compatible, bool separated)
{
	time_t midnight = NOW - NOW % DAY;
	char text[DAY_TEXT_SIZE];

	check_forms(unit_row("%s none", option), NOW, compatible, separated);
	srs_set(settings, option, "2000-01-01");
	check_forms(unit_row("%s long ago", option), NOW, compatible, separated);
	day_format(text, day_of(NOW));
	srs_set(settings, option, text);
	check_forms("today", NOW, true, true);
	check_forms("the day before", midnight - 1, true, true);
	check_forms("first second", midnight, true, true);
	check_forms("last second", midnight + DAY - 1, true, true);
	check_forms("over", midnight + DAY, compatible, separated);
	check_forms("long over", midnight + 20 * DAY, compatible, separated);
	srs_set(settings, option, "none");
}

/* The form of hash-format verifies; the other one does until the end of a day. */
static void
test_forms_accepted(void **state)
{
	(void)state;
	check_last_day("hash-accept-separated", true, false);
	srs_set(settings, "hash-accept-compatible", "2030-01-01");
	check_forms("a date for the form that signs", NOW, true, false);
	srs_set(settings, "hash-accept-compatible", "none");
	srs_set(settings, "hash-format", "separated");
	check_last_day("hash-accept-compatible", false, true);
	srs_set(settings, "hash-accept-separated", "2030-01-01");
	check_forms("a date for the form that signs", NOW, false, true);
	unit_end();
}

/* No date is not the first day that there is. */
static void
test_forms_without_a_clock(void **state)
{
	char made[MAILADDR_SIZE];

	(void)state;
	strlcpy(made, answer(srs_rewrite_forward, BYTES("jane@example.test"), 10), sizeof(made));
	assert_string_equal(reverse_at(made, 10), "jane@example.test");
	srs_set(settings, "hash-format", "separated");
	assert_string_equal(reverse_at(made, 10), "bad hash");
}

/* Which secret it was, and in which form. */
static void
test_forms_found(void **state)
{
	static const char *const formats[] = { "compatible", "separated" };
	struct srs_result result;
	char made[MAILADDR_SIZE];
	size_t i, j;

	(void)state;
	srs_set(settings, "hash-accept-compatible", "2023-12-01");
	srs_set(settings, "hash-accept-separated", "2023-12-01");
	for (i = 0; i < 2; i++)
		for (j = 0; j < 2; j++) {
			srs_keys_free(&keys);
			keys = srs_keys_of("older secret of ours\n");
			srs_set(settings, "hash-format", formats[i]);
			strlcpy(made, forward("jane@example.test"), sizeof(made));
			srs_keys_free(&keys);
			keys = srs_keys_of(SECRET "\nanother one\nolder secret of ours\n");
			srs_set(settings, "hash-format", formats[j]);
			srs_rewrite_reverse(&result, AT_NOW, made, strlen(made));
			unit_text(made, "verdict", srs_verdict_word(result.verdict), "rewritten");
			unit_int(made, "secret", result.secret, 2);
			unit_int(made, "form", (int)result.form,
			    i == 0 ? SRS_MAC_COMPATIBLE : SRS_MAC_SEPARATED);
		}
	unit_end();
}

/* The hash of an address that we made, under other parts: what to put them around it. */
struct forgery_row {
	const char *sender; /* for whom we make an address */
	const char *forged; /* "%.4s" is its hash */
	const char *leads_to;
};

/* What each one of a kind shows: split elsewhere, SRS1 as SRS0, SRS0 as SRS1. */
static const struct forgery_row forgeries[] = {
	{ "mbob@victim.co", "SRS0=%.4s=G3=victim.com=bob@srs.test", "bob@victim.com" },
	{ "bob@victim.com", "SRS0=%.4s=G3=victim.co=mbob@srs.test", "mbob@victim.co" },
	{ "b@v.test", "SRS0=%.4s=G3=v=.testb@srs.test", "\".testb\"@v" },
	{ "SRS0+tag@G3victim.combob", "SRS0=%.4s=G3=victim.com=bob+tag@srs.test",
	    "bob+tag@victim.com" },
	{ "SRS0=h=AA=x.test=y@G3victim.comb", "SRS0=%.4s=G3=victim.com=b=h=AA=x.test=y@srs.test",
	    "b=h=AA=x.test=y@victim.com" },
	{ "bob-x@victim.com", "SRS1=%.4s=G3victim.combob=-x@srs.test", "SRS0-x@G3victim.combob" },
	{ "a=b@victim.com", "SRS1=%.4s=G3victim.coma==b@srs.test", "SRS0=b@G3victim.coma" },
	{ "SRS0-x@one.test", "SRS1=%.4s=one.tes=t-x@srs.test", "malformed" },
	{ "SRS0--x@one.test", "SRS1=%.4s=one.test-=-x@srs.test", "SRS0-x@one.test-" },
};

static void
check_forgeries(bool compatible)
{
	char made[MAILADDR_SIZE], forged[MAILADDR_SIZE];
	const char *want;
	size_t i;

	for (i = 0; i < COUNT(forgeries); i++) {
		strlcpy(made, forward(forgeries[i].sender), sizeof(made));
		unit_true(made, "is an address", strchr(made, '@') != NULL);
		snprintf(forged, sizeof(forged), forgeries[i].forged, made + strlen("SRS0="));
		want = forgeries[i].leads_to;
		if (!compatible && strcmp(want, "malformed") != 0)
			want = "bad hash";
		unit_text(forged, unit_row("from %s", made), reverse(forged), want);
		unit_int(forged, "fact", (int)fact_of(forged, strlen(forged), NOW),
		    (int)(strchr(want, '@') != NULL ? SRS_FACT_VALID : SRS_FACT_FORGED));
	}
}

/* A compatible hash is good for every division of the same text, and SRS0 and SRS1 share theirs. */
static void
test_forgeries(void **state)
{
	(void)state;
	check_forgeries(true);
	srs_set(settings, "hash-format", "separated");
	check_forgeries(false);
	/* While compatible hashes are accepted, those of before, but no new ones. */
	srs_set(settings, "hash-accept-compatible", "2023-12-06");
	check_forgeries(false);
	unit_end();
}

/* Every division of host and user, in both formats. */
static void
test_all_splits(void **state)
{
	static const char text[] = "victim.combob";
	char made[MAILADDR_SIZE], forged[MAILADDR_SIZE];
	size_t split;
	int separated;

	(void)state;
	for (separated = 0; separated < 2; separated++) {
		srs_set(settings, "hash-format", separated ? "separated" : "compatible");
		strlcpy(made, forward("bob@victim.com"), sizeof(made));
		for (split = 1; split < strlen(text); split++) {
			if (split == strlen("victim."))
				continue; /* no host ends in a dot */
			snprintf(forged, sizeof(forged), "SRS0=%.4s=G3=%.*s=%s@srs.test",
			    made + strlen("SRS0="), (int)split, text, text + split);
			unit_int(forged, "is answered", strchr(reverse(forged), '@') != NULL,
			    !separated || split == strlen("victim.com"));
		}
	}
	unit_end();
}

/* Stamps come round after 1,024 days: a compatible hash is right again, a separated one is not. */
static void
test_stamps_come_round(void **state)
{
	static const int days[] = { 1024, 2048, 1024 + 21, 1023 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(days); i++) {
		time_t now = NOW + (time_t)days[i] * DAY;

		srs_set(settings, "hash-format", "compatible");
		unit_text(unit_row("%d days", days[i]), "compatible",
		    reverse_address(forms[0].compatible, now), forms[0].back);
		unit_text(unit_row("%d days", days[i]), "separated, there",
		    reverse_address(forms[0].separated, now), "bad hash");
		srs_set(settings, "hash-format", "separated");
		unit_text(unit_row("%d days", days[i]), "separated",
		    reverse_address(forms[0].separated, now), "bad hash");
	}
	unit_end();
}

/* An address from the day after tomorrow may as well be one of 1,022 days ago. */
static void
test_ages_separated(void **state)
{
	int day;

	(void)state;
	srs_set(settings, "hash-format", "separated");
	for (day = -400; day <= 1500; day++)
		unit_text("separated", unit_row("%d days later", day),
		    reverse_address(forms[0].separated, NOW + (time_t)day * DAY),
		    day < -1 || day > 1022 ? "bad hash"
		    : day <= 21            ? forms[0].back
					   : "expired");
	unit_end();
}

/* No hash of the separated form holds '/' or '+', in SRS0 as in SRS1, and all are of today. */
static void
test_separated_has_no_slash(void **state)
{
	static const char *const choices[] = { "yes", "no" };
	char key[60], made[MAILADDR_SIZE];
	unsigned i, j, srs1;
	const char *hash;

	(void)state;
	srs_set(settings, "hash-format", "separated");
	srs_set(settings, "hash-length", "27");
	for (j = 0; j < 2; j++) {
		srs_set(settings, "hash-avoid-slash", choices[j]);
		for (i = 0; i < 2000; i++) {
			srs1 = i % 2;
			snprintf(key, sizeof(key), "%suser%u@example.test", srs1 ? "SRS0=" : "", i);
			strlcpy(made, forward(key), sizeof(made));
			hash = made + strlen("SRS0=");
			unit_int(made, "hash",
			    (int)strspn(hash,
				"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
			    27);
			if (!srs1)
				unit_holds(made, "stamp", made, "=G3=");
			unit_text(made, "reverse", reverse(made), key);
		}
	}
	unit_end();
}

/* What mail systems do to an address does no harm to a separated hash. */
static void
test_separated_folded(void **state)
{
	char made[MAILADDR_SIZE];
	size_t i, row;

	(void)state;
	srs_set(settings, "hash-format", "separated");
	for (row = 0; row < 2; row++) {
		snprintf(made, sizeof(made), "%s@srs.test", forms[row].separated);
		for (i = 0; made[i] != '\0'; i++)
			made[i] = (char)(made[i] >= 'a' && made[i] <= 'z' ? made[i] - 32 : made[i]);
		unit_int(made, "leads to the same", strcasecmp(reverse(made), forms[row].back), 0);
	}
	unit_end();
}

/* -- hosts in U-labels */

static void
test_ascii_hosts(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "jane@b\303\274cher.test", "SRS0=wKN/=G3=xn--bcher-kva.test=jane@srs.test" },
		{ "jane@B\303\234CHER.Test", "SRS0=wKN/=G3=xn--bcher-kva.test=jane@srs.test" },
		{ "jane@XN--BCHER-kva.test", "SRS0=wKN/=G3=XN--BCHER-kva.test=jane@srs.test" },
		{ "SRS0=AbCd=AA=orig.test=user@b\303\274cher.test",
		    "SRS1=eR6I=xn--bcher-kva.test==AbCd=AA=orig.test=user@srs.test" },
		{ "SRS1=any=b\303\274cher.test==AbCd=AA=x.test=u@relay.test",
		    "SRS1=aJhY=xn--bcher-kva.test==AbCd=AA=x.test=u@srs.test" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_true(rows[i].want, "is verified", strchr(reverse(rows[i].want), '@') != NULL);
	check_rows(forward, rows, COUNT(rows));
}

/* A host that has no A-labels, or none that may be in mail, stays as it is. */
static void
test_odd_hosts(void **state)
{
	static const char *const hosts[] = { "\377.test", "a\357\274\235b.test", "\302\255.test",
		"xn--\303\274.test", "\303\274\303.test" };
	char key[60], made[MAILADDR_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(hosts); i++) {
		snprintf(key, sizeof(key), "jane@%s", hosts[i]);
		strlcpy(made, forward(key), sizeof(made));
		unit_holds(key, "address", made, hosts[i]);
		unit_text(made, "reverse", reverse(made), key);
	}
	unit_end();
}

/* A host in U-labels within an address of ours, as older versions made it, still verifies. */
static void
test_hosts_of_older_addresses(void **state)
{
	(void)state;
	assert_string_equal(reverse("SRS0=HAA2=G3=b\303\274cher.test=j\303\266rg@srs.test"),
	    "j\303\266rg@b\303\274cher.test");
}

static void
test_hash_lengths(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "4", "SRS0=mqiS=G3=example.test=jane@srs.test" },
		{ "8", "SRS0=mqiSNRJz=G3=example.test=jane@srs.test" },
		{ "27", "SRS0=mqiSNRJzmvYGmr2ISlW+MO4qP0E=G3=example.test=jane@srs.test" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		srs_set(settings, "hash-length", rows[i].key);
		unit_text(rows[i].key, "forward", forward("jane@example.test"), rows[i].want);
	}
	srs_set(settings, "hash-minimum", "8");
	unit_text("minimum 8", "4", reverse(rows[0].want), "bad hash");
	unit_text("minimum 8", "8", reverse(rows[1].want), "jane@example.test");
	unit_text("minimum 8", "27", reverse(rows[2].want), "jane@example.test");
	unit_end();
}

static void
test_separators(void **state)
{
	static const char *const separators[] = { "=", "+", "-" };
	char want[MAILADDR_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(separators); i++) {
		srs_set(settings, "separator", separators[i]);
		snprintf(
		    want, sizeof(want), "SRS0%smqiS=G3=example.test=jane@srs.test", separators[i]);
		unit_text(separators[i], "SRS0", forward("jane@example.test"), want);
		unit_text(separators[i], "back", reverse(want), "jane@example.test");
		snprintf(want, sizeof(want), "SRS1%sJaka=Relay.test=+x@srs.test", separators[i]);
		unit_text(separators[i], "SRS1", forward("SRS0+x@Relay.test"), want);
		unit_text(separators[i], "back", reverse(want), "SRS0+x@Relay.test");
	}
	unit_end();
}

/* u6's hash is free of '/' and '+' one day back, u81's two days back, u1614's on no day. */
static void
test_avoid_slash(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "jane@example.test", "SRS0=mqiS=G3=example.test=jane@srs.test" },
		{ "u6@example.test", "SRS0=rv9b=G2=example.test=u6@srs.test" },
		{ "u81@example.test", "SRS0=Hug7=GZ=example.test=u81@srs.test" },
		{ "u1614@example.test", "SRS0=EM/U=G3=example.test=u1614@srs.test" },
		/* There is no stamp in SRS1. */
		{ "SRS0=AbCd=AA=orig.test=user@relay.test",
		    "SRS1=/UMd=relay.test==AbCd=AA=orig.test=user@srs.test" },
	};
	size_t i;

	(void)state;
	assert_string_equal(forward("u6@example.test"), "SRS0=v+DN=G3=example.test=u6@srs.test");
	srs_set(settings, "hash-avoid-slash", "yes");
	for (i = 0; i < COUNT(rows); i++)
		unit_text(rows[i].want, "reverse", reverse(rows[i].want), rows[i].key);
	check_rows(forward, rows, COUNT(rows));
}

/* An address is not signed with a day that has expired already. */
static void
test_avoid_slash_and_short_ages(void **state)
{
	(void)state;
	srs_set(settings, "hash-avoid-slash", "yes");
	srs_set(settings, "max-age", "1");
	assert_string_equal(forward("u6@example.test"), "SRS0=v+DN=G3=example.test=u6@srs.test");
	srs_set(settings, "max-age", "2");
	assert_string_equal(forward("u6@example.test"), "SRS0=rv9b=G2=example.test=u6@srs.test");
	assert_true(strstr(forward("u81@example.test"), "=G3=") != NULL);
	srs_set(settings, "max-age", "3");
	assert_string_equal(forward("u81@example.test"), "SRS0=Hug7=GZ=example.test=u81@srs.test");
}

static void
test_avoid_slash_of_many(void **state)
{
	unsigned i, slashes = 0;
	char key[40], made[MAILADDR_SIZE];

	(void)state;
	srs_set(settings, "hash-avoid-slash", "yes");
	for (i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "user%u@example.test", i);
		strlcpy(made, forward(key), sizeof(made));
		slashes += strpbrk(made, "/+") != NULL;
		unit_text(made, "reverse", reverse(made), key);
	}
	/* 12 % of the hashes hold one of them, of three tries 0.2 %. */
	assert_in_range(slashes, 0, 30);
	unit_end();
}

/* check_length - a local part of n bytes: made while the result has at most 254 */
static void
check_length(char c, size_t n, size_t want)
{
	char key[400], *local = unit_fill(c, n);
	bool quote = c == ' ';
	const char *got;

	snprintf(key, sizeof(key), "%s%s%s@x.test", quote ? "\"" : "", local, quote ? "\"" : "");
	got = forward(key);
	if (want == 0) {
		unit_text(key, unit_row("%zu bytes", n), got, "too long");
	} else {
		unit_int(key, unit_row("%zu bytes", n), (int)strlen(got), (int)want);
		unit_text(key, "back", reverse(got), key);
	}
	free(local);
}

static void
test_lengths(void **state)
{
	char *huge = unit_fill('u', 70000);
	size_t n;

	(void)state;
	/* SRS0=hhhh=TT=x.test=LOCAL@srs.test: 29 bytes and the local part */
	for (n = 220; n <= 225; n++)
		check_length('u', n, n + 29);
	check_length('u', 226, 0);
	check_length('u', 247, 0);
	check_length(' ', 223, 254);
	check_length(' ', 224, 0);
	unit_text(
	    "no at sign", "answer", answer(srs_rewrite_forward, huge, 1000, NOW), "not an address");
	memcpy(huge + 70000 - 7, "@x.test", 7);
	unit_text(
	    "70,000 bytes", "answer", answer(srs_rewrite_forward, huge, 70000, NOW), "too long");
	unit_text("70,000 bytes", "reverse", answer(srs_rewrite_reverse, huge, 70000, NOW),
	    "not an SRS address");
	free(huge);
	unit_end();
}

struct fact_row {
	const char *address;
	enum srs_fact want;
};

/* check_fact - from the external form, and from the same address without its quotes */
static void
check_fact(const char *external, const char *internal, enum srs_fact want)
{
	size_t len = strlen(internal);
	char *copy = unit_copy(internal, len);
	struct mailaddr addr;
	struct mailaddr_parts parts;

	unit_int(internal, "fact", fact_of(copy, len, NOW), want);
	free(copy);
	if (mailaddr_parse_external(&addr, external, strlen(external)) != MAILADDR_OK)
		return;
	parts = (struct mailaddr_parts){ addr.local, addr.local_len, addr.domain, addr.domain_len };
	unit_int(external, "fact", srs_rewrite_fact(AT_NOW, &parts), want);
}

static void
test_facts(void **state)
{
	static const struct fact_row rows[] = {
		{ "SRS0=mqiS=G3=example.test=jane@srs.test", SRS_FACT_VALID },
		{ "srs0+MQIS=g3=EXAMPLE.test=JANE@SRS.TEST", SRS_FACT_VALID },
		{ "SRS1=/UMd=relay.test==AbCd=AA=orig.test=user@srs.test", SRS_FACT_VALID },
		{ "SRS0=xxxx=G3=example.test=jane@srs.test", SRS_FACT_FORGED },
		{ "SRS0=mqi=G3=example.test=jane@srs.test", SRS_FACT_FORGED },
		{ "SRS0=mqiS=G1=example.test=jane@srs.test", SRS_FACT_FORGED },
		{ "SRS0=@srs.test", SRS_FACT_FORGED },
		{ "SRS0-x@srs.test", SRS_FACT_FORGED },
		{ "SRS1=xxxx=relay.test==x@srs.test", SRS_FACT_FORGED },
		{ "SRS1=@srs.test", SRS_FACT_FORGED },
		{ "jane@srs.test", SRS_FACT_FOREIGN },
		{ "SRS0@srs.test", SRS_FACT_FOREIGN },
		{ "SRS0x=y@srs.test", SRS_FACT_FOREIGN },
		{ "SRS0=mqiS=G3=example.test=jane@other.test", SRS_FACT_FOREIGN },
		{ "SRS0=xxxx=G3=example.test=jane@other.test", SRS_FACT_FOREIGN },
		{ "SRS0=mqiS=G3=example.test=jane@a.srs.test", SRS_FACT_FOREIGN },
		{ "SRS0=mqiS=G3=example.test=jane@xsrs.test", SRS_FACT_FOREIGN },
		/* Other spellings of our domain, and what Postfix completes to it. */
		{ "SRS0=mqiS=G3=example.test=jane@srs.test.", SRS_FACT_VALID },
		{ "SRS0=xxxx=G3=example.test=jane@SRS.test.", SRS_FACT_FORGED },
		{ "SRS0=mqiS=G3=example.test=jane@srs.test..", SRS_FACT_FOREIGN },
		{ "SRS0=mqiS=G3=example.test=jane", SRS_FACT_VALID },
		{ "SRS0=xxxx=G3=example.test=jane", SRS_FACT_FORGED },
		{ "SRS0=xxxx=G3=example.test=jane@", SRS_FACT_FORGED },
		{ "SRS0=mqiS=G3=example.test=jane@srs", SRS_FACT_VALID },
		{ "SRS0=xxxx=G3=example.test=jane@SRS", SRS_FACT_FORGED },
		{ "SRS0=xxxx=G3=example.test=jane@sr", SRS_FACT_FOREIGN },
		{ "srs.test!SRS0=mqiS=G3=example.test=jane", SRS_FACT_VALID },
		{ "srs.test!SRS0=xxxx=G3=example.test=jane", SRS_FACT_FORGED },
		{ "srs!SRS0=xxxx=G3=example.test=jane", SRS_FACT_FORGED },
		{ "other.test!SRS0=xxxx=G3=example.test=jane", SRS_FACT_FOREIGN },
		{ "SRS0=mqiS=G3=example.test=jane%srs.test", SRS_FACT_VALID },
		{ "SRS0=xxxx=G3=example.test=jane%srs.test.", SRS_FACT_FORGED },
		/* Routes to our domain, which Postfix takes apart: right or wrong, no bounce needs one. */
		{ "SRS0=mqiS=G3=example.test=jane%srs.test@localhost", SRS_FACT_FORGED },
		{ "SRS0=xxxx=G3=example.test=jane%SRS.test.@own.test", SRS_FACT_FORGED },
		{ "SRS0=mqiS=G3=example.test=jane%srs.test@[127.0.0.1]", SRS_FACT_FORGED },
		{ "SRS0=mqiS=G3=example.test=jane%srs@localhost", SRS_FACT_FORGED },
		{ "srs.test!SRS0=mqiS=G3=example.test=jane@own.test", SRS_FACT_FORGED },
		{ "own.test!srs.test!SRS0=mqiS=G3=example.test=jane", SRS_FACT_FORGED },
		{ "SRS0=mqiS=G3=example.test=jane@srs.test@own.test", SRS_FACT_FORGED },
		{ "SRS0=mqiS=G3=example.test=jane%srs.test%own.test", SRS_FACT_FORGED },
		{ "a!b!SRS0=mqiS=G3=example.test=jane%srs.test@own.test", SRS_FACT_FORGED },
		{ "own.test!SRS1=/UMd=relay.test==AbCd=AA=orig.test=user%srs.test",
		    SRS_FACT_FORGED },
		{ "SRS0=mqiS=G3=example.test=jane%b\303\274cher.test@own.test", SRS_FACT_FORGED },
		{ "SRS0=mqiS=G3=example.test=jane%other.test@own.test", SRS_FACT_FOREIGN },
		{ "SRS0=mqiS=G3=srs.test=jane@other.test", SRS_FACT_FOREIGN },
		{ "SRS1=xxxx=srs.test==AbCd=AA=orig.test=user@other.test", SRS_FACT_FOREIGN },
		{ "jane%srs.test@own.test", SRS_FACT_FOREIGN },
		{ "srs.test!jane@own.test", SRS_FACT_FOREIGN },
		{ "xSRS0=mqiS=G3=example.test=jane%srs.test@own.test", SRS_FACT_FOREIGN },
		{ "SRS0=xxxx=G3=example.test=jane@b\303\274cher", SRS_FACT_FORGED },
		/* A former domain, by its U-labels and its A-labels. */
		{ "SRS0=mqiS=G3=example.test=jane@b\303\274cher.test", SRS_FACT_VALID },
		{ "SRS0=mqiS=G3=example.test=jane@XN--bcher-kva.test.", SRS_FACT_VALID },
		{ "SRS0=xxxx=G3=example.test=jane@B\303\234CHER.test", SRS_FACT_FORGED },
		{ "SRS0=x@xn--bcher-kva.test", SRS_FACT_FORGED },
		{ "jane@xn--bcher-kva.test", SRS_FACT_FOREIGN },
		{ "", SRS_FACT_FOREIGN },
		{ "<>", SRS_FACT_FOREIGN },
		{ "@", SRS_FACT_FOREIGN },
		{ "@srs.test", SRS_FACT_FOREIGN },
	};
	size_t i;

	(void)state;
	srs_former(settings, "b\303\274cher.test");
	for (i = 0; i < COUNT(rows); i++)
		check_fact(rows[i].address, rows[i].address, rows[i].want);
	unit_end();
}

/* Postfix quotes for the maps and does not for the policy service. */
static void
test_facts_of_quoted_addresses(void **state)
{
	(void)state;
	check_fact("\"SRS0=aCas=G3=example.test=jane roe\"@srs.test",
	    "SRS0=aCas=G3=example.test=jane roe@srs.test", SRS_FACT_VALID);
	check_fact("\"SRS0=18eA=G3=example.test=a@b\"@srs.test",
	    "SRS0=18eA=G3=example.test=a@b@srs.test", SRS_FACT_VALID);
	check_fact("\"SRS0=2KBE=G3=example.test=a\\\"b\\\\c\"@srs.test",
	    "SRS0=2KBE=G3=example.test=a\"b\\c@srs.test", SRS_FACT_VALID);
	check_fact("\"SRS0=18eB=G3=example.test=a@b\"@srs.test",
	    "SRS0=18eB=G3=example.test=a@b@srs.test", SRS_FACT_FORGED);
	unit_end();
}

/* Only a domain of ours is answered; a right hash makes no difference elsewhere. */
static void
test_reverse_by_domain(void **state)
{
	static const char local[] = "SRS0=mqiS=G3=example.test=jane";
	static const char *const ours[] = { "srs.test", "SRS.TEST", "srs.test.", "old.test",
		"OLD.test.", "b\303\274cher.test", "xn--bcher-kva.test" };
	static const char *const others[] = { "other.test", "localhost", "a.srs.test", "xsrs.test",
		"srs", "srs.test.other.test", "own.test" };
	char key[100];
	size_t i;

	(void)state;
	srs_former(settings, "old.test");
	srs_former(settings, "b\303\274cher.test");
	srs_own(settings, "own.test");
	for (i = 0; i < COUNT(ours); i++) {
		snprintf(key, sizeof(key), "%s@%s", local, ours[i]);
		unit_text(key, "reverse", reverse(key), "jane@example.test");
		unit_text(key, "forward", forward(key), "already ours");
		snprintf(key, sizeof(key), "SRS0=x@%s", ours[i]);
		unit_text(key, "reverse", reverse(key), "malformed");
	}
	for (i = 0; i < COUNT(others); i++) {
		snprintf(key, sizeof(key), "%s@%s", local, others[i]);
		unit_text(key, "reverse", reverse(key), "not an SRS address");
		snprintf(key, sizeof(key), "SRS0=x@%s", others[i]);
		unit_text(key, "reverse", reverse(key), "not an SRS address");
	}
	unit_text(local, "without a domain", reverse(local), "not an SRS address");
	unit_end();
}

/* use_candidates - domains whose candidates under two forms are ours */
static void
use_candidates(void)
{
	srs_own(settings, "own.test");
	srs_own(settings, ".sub.test");
	srs_own(settings, "taken.test");
	srs_except(settings, "taken.test");
	srs_set(settings, "per-domain", "same");
	srs_set(settings, "per-domain-accept", "fwd.");
}

static void
test_reverse_of_candidates(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "SRS0=mqiS=G3=example.test=jane@own.test", "jane@example.test" },
		{ "srs0=MQIS=g3=example.test=jane@FWD.Own.Test.", "jane@example.test" },
		{ "SRS1=/UMd=relay.test==AbCd=AA=orig.test=user@fwd.own.test",
		    "SRS0=AbCd=AA=orig.test=user@relay.test" },
		{ "SRS0=bgY3=G3=1=C0FFEE00C0FFEE00C0FFEE00C0FFEE00@own.test", "unknown alias" },
		{ "SRS0=xxxx=G3=example.test=jane@own.test", "bad hash" },
		{ "SRS0=x=G3=example.test=jane@fwd.own.test", "bad hash" },
		{ "SRS1=xxxx=relay.test==x@fwd.own.test", "bad hash" },
		/* A mailbox, which happens to begin like an SRS address. */
		{ "srs0-x@own.test", "not an SRS address" },
		{ "SRS0=x@fwd.own.test", "not an SRS address" },
		{ "SRS0=mqiS=!!=example.test=jane@own.test", "not an SRS address" },
		{ "SRS0=mqiS=G3=example.test=@own.test", "not an SRS address" },
		{ "SRS1=xxxx=relay.test=x@own.test", "not an SRS address" },
		{ "SRS0=x@srs.test", "malformed" },
		{ "SRS0=mqiS=G3=example.test=jane@taken.test", "not an SRS address" },
		{ "SRS0=mqiS=G3=example.test=jane@fwd.taken.test", "not an SRS address" },
		{ "SRS0=mqiS=G3=example.test=jane@a.sub.test", "not an SRS address" },
		{ "SRS0=mqiS=G3=example.test=jane@srs.own.test", "not an SRS address" },
		{ "SRS0=mqiS=G3=example.test=jane@own", "not an SRS address" },
	};

	(void)state;
	use_candidates();
	unit_text("expired", "reverse",
	    reverse_at("SRS0=mqiS=G3=example.test=jane@own.test", NOW + 22 * DAY), "expired");
	check_rows(reverse, rows, COUNT(rows));
}

static void
test_forward_of_candidates(void **state)
{
	static const struct rewrite_row rows[] = {
		{ "SRS0=mqiS=G3=example.test=jane@own.test", "already ours" },
		{ "SRS0=mqiS=G3=example.test=jane@fwd.own.test", "already ours" },
		{ "SRS0=xxxx=G3=example.test=jane@fwd.own.test", "local domain" },
		{ "srs0-x@own.test", "local domain" },
		{ "user@own.test", "local domain" },
		/* Senders in a subdomain of which nothing is known but its SRS addresses. */
		{ "user@fwd.own.test", "SRS0=ixA8=G3=fwd.own.test=user@srs.test" },
		{ "srs0-x@fwd.own.test", "SRS1=+/ri=fwd.own.test=-x@srs.test" },
	};

	(void)state;
	use_candidates();
	check_rows(forward, rows, COUNT(rows));
}

static void
test_facts_of_candidates(void **state)
{
	static const struct fact_row rows[] = {
		{ "SRS0=mqiS=G3=example.test=jane@own.test", SRS_FACT_VALID },
		{ "SRS0=mqiS=G3=example.test=jane@fwd.own.test.", SRS_FACT_VALID },
		{ "SRS0=mqiS=G3=example.test=jane@own", SRS_FACT_VALID },
		{ "SRS0=mqiS=G3=example.test=jane@fwd", SRS_FACT_VALID },
		{ "own.test!SRS0=mqiS=G3=example.test=jane", SRS_FACT_VALID },
		{ "SRS0=xxxx=G3=example.test=jane@own.test", SRS_FACT_FORGED },
		{ "SRS0=xxxx=G3=example.test=jane@fwd.own.test", SRS_FACT_FORGED },
		{ "SRS0=xxxx=G3=example.test=jane@own", SRS_FACT_FORGED },
		{ "SRS0=xxxx=G3=example.test=jane%fwd.own.test@localhost", SRS_FACT_FORGED },
		{ "SRS0=mqiS=G3=example.test=jane%own.test@taken.test", SRS_FACT_FORGED },
		{ "srs0-x!SRS0=mqiS=G3=example.test=jane%fwd.own.test@own.test", SRS_FACT_FORGED },
		{ "srs0-x@own.test", SRS_FACT_FOREIGN },
		{ "srs0-x%own.test@localhost", SRS_FACT_FOREIGN },
		{ "srs0-x%srs.test@own.test", SRS_FACT_FORGED },
		{ "SRS0=mqiS=!!=example.test=jane@own.test", SRS_FACT_FOREIGN },
		{ "SRS0=x@srs.test", SRS_FACT_FORGED },
		{ "SRS0=xxxx=G3=example.test=jane@taken.test", SRS_FACT_FOREIGN },
		{ "SRS0=xxxx=G3=example.test=jane@fwd.taken.test", SRS_FACT_FOREIGN },
		{ "SRS0=xxxx=G3=example.test=jane@a.sub.test", SRS_FACT_FOREIGN },
		{ "user@own.test", SRS_FACT_FOREIGN },
	};
	size_t i;

	(void)state;
	use_candidates();
	for (i = 0; i < COUNT(rows); i++)
		check_fact(rows[i].address, rows[i].address, rows[i].want);
	unit_end();
}

/* The host of an address is "1" if its sender is in the envelope store. */
static void
test_aliases(void **state)
{
	(void)state;
	unit_text("alias", "reverse",
	    reverse("SRS0=bgY3=G3=1=C0FFEE00C0FFEE00C0FFEE00C0FFEE00@srs.test"), "unknown alias");
	unit_text("forged alias", "reverse",
	    reverse("SRS0=xxxx=G3=1=C0FFEE00C0FFEE00C0FFEE00C0FFEE00@srs.test"), "bad hash");
	check_fact("SRS0=bgY3=G3=1=C0FFEE00C0FFEE00C0FFEE00C0FFEE00@srs.test",
	    "SRS0=bgY3=G3=1=C0FFEE00C0FFEE00C0FFEE00C0FFEE00@srs.test", SRS_FACT_VALID);
	unit_text("sender", "forward", forward("jane@1"), "not an address");
	unit_end();
}

/* A local part of n characters, and a domain. */
static const char *
long_sender(size_t n, const char *domain)
{
	static char sender[MAILADDR_SIZE + 100];

	memset(sender, 'x', n);
	snprintf(sender + n, sizeof(sender) - n, "@%s", domain);
	return sender;
}

/* envelope_of - what srs_rewrite_envelope says, with the row */
static int
envelope_of(const char *key, struct srs_envelope *envelope)
{
	struct srs_result embedded;

	srs_rewrite_forward(&embedded, AT_NOW, key, strlen(key));
	return srs_rewrite_envelope(envelope, AT_NOW, key, strlen(key), &embedded);
}

static void
test_envelopes(void **state)
{
	static const struct {
		const char *setting;
		size_t local; /* characters; 0: sender is whole */
		const char *sender;
		int want;
	} rows[] = {
		{ "embedded", 20, "example.test", 0 },
		{ "embedded", 200, "example.test", 0 },
		{ "long", 20, "example.test", 0 },
		/* SRS0=hhhh=TT=example.test=x is 27 octets without the x */
		{ "long", 38, "example.test", 0 },
		{ "long", 39, "example.test", 1 },
		{ "long", 241, "example.test", 1 },
		{ "long", 242, "example.test", 0 }, /* 255 octets are not an address */
		{ "long", 0, "SRS0=abcd=AA=o.test=jane@other.test", 0 },
		{ "long", 0, "SRS0=abcd=AA=a-rather-long-original.test=jane@a-long-relay.test", 1 },
		{ "long", 50, "own.test", 0 },
		{ "long", 50, "1", 0 },
		{ "long", 0, "", 0 },
		{ "long", 0, "no-address", 0 },
		{ "long", 0, "SRS0=mqiS=G3=example.test=jane@srs.test", 0 },
		{ "database", 1, "example.test", 1 },
		{ "database", 241, "example.test", 1 },
		{ "database", 0, "SRS0=abcd=AA=o.test=jane@other.test", 0 },
		{ "database", 0, "SRS1=abcd=o.test==abcd=AA=o.test=jane@other.test", 0 },
		{ "database", 1, "own.test", 0 },
		{ "database", 0, "<>", 0 },
	};
	struct srs_envelope envelope;
	const char *key, *row;
	size_t i;

	(void)state;
	srs_own(settings, "own.test");
	for (i = 0; i < COUNT(rows); i++) {
		srs_set(settings, "original-envelope", rows[i].setting);
		key = rows[i].local == 0 ? rows[i].sender
					 : long_sender(rows[i].local, rows[i].sender);
		row = unit_row("%s %.80s", rows[i].setting, key);
		unit_int(row, "stored", envelope_of(key, &envelope), rows[i].want);
		if (rows[i].want == 1)
			unit_text(row, "address", envelope.address, key);
	}
	unit_end();
}

/* The store has the sender once, whatever domain it is signed under. */
static void
test_alias_under_a_domain(void **state)
{
	struct srs_envelope envelope, other;
	struct srs_result made, result;
	const char *error;

	(void)state;
	srs_set(settings, "original-envelope", "database");
	srs_set(settings, "per-domain", "fwd.");
	srs_own(settings, "own.test");
	srs_rewrite_sign(&made, AT_NOW, "fwd.own.test", BYTES("jane@own.test"));
	unit_int("own", "stored",
	    srs_rewrite_envelope(&envelope, AT_NOW, BYTES("jane@own.test"), &made), 1);
	srs_rewrite_sign(&made, AT_NOW, NULL, BYTES("jane@own.test"));
	unit_int("srs-domain", "stored",
	    srs_rewrite_envelope(&other, AT_NOW, BYTES("jane@own.test"), &made), 1);
	unit_text("both", "alias", other.alias, envelope.alias);
	srs_rewrite_alias(&made, AT_NOW, "fwd.own.test", envelope.alias);
	unit_int("own", "verdict", (int)made.verdict, SRS_REWRITTEN);
	unit_holds("own", "address", made.address, "@fwd.own.test");
	unit_text("own", "again", forward(made.address), "already ours");
	srs_rewrite_reverse(&result, AT_NOW, made.address, made.len);
	unit_text("own", "alias", result.alias, envelope.alias);
	srs_rewrite_restore(
	    &result, AT_NOW, (struct text){ envelope.address, envelope.len }, &error);
	unit_text("own", "sender", result.address, "jane@own.test");
	unit_end();
}

/* A sender goes into the store and comes back; only for the alias that was made from it. */
static void
test_restored_senders(void **state)
{
	static const char *const senders[] = { "jane@example.test", "\"a b\"@example.test",
		"j\303\266rg@xn--bcher-kva.test" };
	struct srs_envelope envelope, other;
	struct srs_result made, result;
	const char *error;
	size_t i;

	(void)state;
	srs_set(settings, "original-envelope", "database");
	assert_int_equal(envelope_of("other@example.test", &other), 1);
	for (i = 0; i < COUNT(senders); i++) {
		unit_int(senders[i], "stored", envelope_of(senders[i], &envelope), 1);
		srs_rewrite_alias(&made, AT_NOW, NULL, envelope.alias);
		unit_int(senders[i], "verdict", (int)made.verdict, SRS_REWRITTEN);
		unit_holds(senders[i], "address", made.address, "=G3=1=");
		unit_text(made.address, "again", forward(made.address), "already ours");
		srs_rewrite_reverse(&result, AT_NOW, made.address, made.len);
		unit_int(made.address, "reverse", (int)result.verdict, SRS_UNKNOWN_ALIAS);
		unit_text(made.address, "alias", result.alias, envelope.alias);
		srs_rewrite_restore(
		    &result, AT_NOW, (struct text){ envelope.address, envelope.len }, &error);
		unit_int(made.address, "restored", (int)result.verdict, SRS_REWRITTEN);
		unit_text(made.address, "sender", result.address, senders[i]);
		srs_rewrite_restore(
		    &result, AT_NOW, (struct text){ other.address, other.len }, &error);
		unit_int(made.address, "of another", (int)result.verdict, SRS_NO_STORE);
		unit_holds(made.address, "error", error, "was not made from");
	}
	unit_end();
}

/* postsrsd 2 makes its aliases of SHA-1; its rows are accepted until a date. */
static void
test_rows_of_postsrsd2(void **state)
{
	static const char alias[] = "B0AAPESKG4PLH798TFK3CAH28H3U9142@1";
	static const char sender[] = "jane@example.test";
	static const struct {
		const char *last;
		enum srs_verdict want;
	} rows[] = {
		{ "none", SRS_NO_STORE },
		{ "2023-11-13", SRS_NO_STORE },
		{ "2023-11-14", SRS_REWRITTEN },
		{ "2024-01-01", SRS_REWRITTEN },
	};
	struct srs_result result;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		srs_set(settings, "envelope-accept-sha1", rows[i].last);
		result.verdict = SRS_UNKNOWN_ALIAS;
		strlcpy(result.alias, alias, sizeof(result.alias));
		srs_rewrite_restore(
		    &result, AT_NOW, (struct text){ sender, strlen(sender) }, &error);
		unit_int(rows[i].last, "verdict", (int)result.verdict, (int)rows[i].want);
	}
	unit_end();
}

static void
test_facts_by_age(void **state)
{
	static const char made[] = "SRS0=mqiS=G3=example.test=jane@srs.test";
	int day;

	(void)state;
	for (day = -5; day < 60; day++)
		unit_int(made, unit_row("%d days later", day),
		    fact_of(made, strlen(made), NOW + (time_t)day * DAY),
		    day >= -1 && day <= 21 ? SRS_FACT_VALID : SRS_FACT_EXPIRED);
	unit_end();
}

/*
 * Addresses that are too long to be ours, or have characters that ours never have, but look like
 * SRS.
 */
static void
test_facts_of_impossible_addresses(void **state)
{
	char *address = unit_fill('u', 8192);
	size_t len = 8192;

	(void)state;
	memcpy(address, "SRS0=mqiS=G3=example.test=", 26);
	memcpy(address + len - 9, "@srs.test", 9);
	unit_int("8 KiB", "fact", fact_of(address, len, NOW), SRS_FACT_FORGED);
	memcpy(address + len - 9, "@xrs.test", 9);
	unit_int("8 KiB, elsewhere", "fact", fact_of(address, len, NOW), SRS_FACT_FOREIGN);
	memcpy(address, "JRS0=mqiS=G3=example.test=", 26);
	memcpy(address + len - 9, "@srs.test", 9);
	unit_int("8 KiB, no tag", "fact", fact_of(address, len, NOW), SRS_FACT_FOREIGN);
	unit_int("control byte", "fact",
	    fact_of(BYTES("SRS0=mqiS=G3=example.test=ja\tne@srs.test"), NOW), SRS_FACT_FORGED);
	unit_int("none at all", "fact", fact_of(NULL, 0, NOW), SRS_FACT_FOREIGN);
	free(address);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		REWRITE_TEST(test_words),
		REWRITE_TEST(test_forward),
		REWRITE_TEST(test_forward_quoted),
		REWRITE_TEST(test_forward_srs),
		REWRITE_TEST(test_forward_broken_srs1),
		REWRITE_TEST(test_forward_refused),
		REWRITE_TEST(test_own_domains),
		REWRITE_TEST(test_always_rewrite),
		REWRITE_TEST(test_sign),
		REWRITE_TEST(test_sign_length),
		REWRITE_TEST(test_reverse),
		REWRITE_TEST(test_reverse_refused),
		REWRITE_TEST(test_there_and_back),
		REWRITE_TEST(test_altered_bytes),
		REWRITE_TEST(test_folded_bytes),
		REWRITE_TEST(test_chains_do_not_grow),
		REWRITE_TEST(test_asked_again),
		REWRITE_TEST(test_several_secrets),
		REWRITE_TEST(test_ages),
		REWRITE_TEST(test_midnights),
		REWRITE_TEST(test_srs1_has_no_age),
		REWRITE_TEST(test_forms_forward),
		REWRITE_TEST(test_forms_accepted),
		REWRITE_TEST(test_forms_without_a_clock),
		REWRITE_TEST(test_forms_found),
		REWRITE_TEST(test_forgeries),
		REWRITE_TEST(test_all_splits),
		REWRITE_TEST(test_stamps_come_round),
		REWRITE_TEST(test_ages_separated),
		REWRITE_TEST(test_separated_has_no_slash),
		REWRITE_TEST(test_separated_folded),
		REWRITE_TEST(test_ascii_hosts),
		REWRITE_TEST(test_odd_hosts),
		REWRITE_TEST(test_hosts_of_older_addresses),
		REWRITE_TEST(test_hash_lengths),
		REWRITE_TEST(test_separators),
		REWRITE_TEST(test_avoid_slash),
		REWRITE_TEST(test_avoid_slash_and_short_ages),
		REWRITE_TEST(test_avoid_slash_of_many),
		REWRITE_TEST(test_lengths),
		REWRITE_TEST(test_facts),
		REWRITE_TEST(test_facts_of_quoted_addresses),
		REWRITE_TEST(test_reverse_by_domain),
		REWRITE_TEST(test_reverse_of_candidates),
		REWRITE_TEST(test_forward_of_candidates),
		REWRITE_TEST(test_facts_of_candidates),
		REWRITE_TEST(test_aliases),
		REWRITE_TEST(test_envelopes),
		REWRITE_TEST(test_alias_under_a_domain),
		REWRITE_TEST(test_restored_senders),
		REWRITE_TEST(test_rows_of_postsrsd2),
		REWRITE_TEST(test_facts_by_age),
		REWRITE_TEST(test_facts_of_impossible_addresses),
	};

	return cmocka_run_group_tests_name("srs_rewrite", tests, NULL, NULL);
}
