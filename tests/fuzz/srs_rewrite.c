/* SPDX-License-Identifier: ISC */
/*
 * A key of the maps. The reverse map turns a result of the forward map back into the same address;
 * that result is ours, and expires. A result of the reverse map is an address. This holds for both
 * hash formats: a separated hash verifies under either, a compatible one only where that format
 * signs. It holds for an address that is signed under a candidate of per-domain, too. The secrets
 * and the clock are constant.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/srs_case.h"

#include <strings.h>

#include "common/ascii.h"
#include "common/day.h"
#include "common/idna.h"
#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_domains.h"
#include "srsd/srs/srs_rewrite.h"

static struct settings *usual, *other, *separated, *candidates;
static struct srs_keys *keys;

static void
begin(void)
{
	if (usual != NULL)
		return;
	keys = srs_keys_of(SECRET "\nan older one\n");
	usual = srs_settings();
	other = srs_settings();
	srs_set(other, "separator", "+");
	srs_set(other, "hash-length", "12");
	srs_set(other, "hash-avoid-slash", "true");
	srs_set(other, "always-rewrite", "true");
	srs_own(other, "own.test");
	srs_own(other, ".own.test");
	separated = srs_settings();
	srs_set(separated, "hash-format", "separated");
	srs_set(separated, "hash-length", "12");
	srs_set(separated, "hash-minimum", "12");
	candidates = srs_settings();
	srs_set(candidates, "per-domain", "fwd.");
	srs_set(candidates, "per-domain-accept", "same");
	srs_own(candidates, "own.test");
	srs_own(candidates, ".own.test");
}

static void
check_result(const struct srs_result *r)
{
	struct mailaddr a;

	fuzz_must(r->verdict != SRS_UNAVAILABLE);
	if (r->verdict != SRS_REWRITTEN) {
		fuzz_must(srs_verdict_text(r->verdict)[0] != '\0');
		return;
	}
	fuzz_must(r->len == strlen(r->address) && r->len <= MAILADDR_MAX);
	fuzz_must(mailaddr_parse_external(&a, r->address, r->len) == MAILADDR_OK);
}

static enum srs_fact
fact_of(const struct mailaddr *a, const struct settings *s, time_t now)
{
	struct mailaddr_parts parts = { a->local, a->local_len, a->domain, a->domain_len };
	const struct srs_context context = { .settings = s, .keys = keys, .now = now };

	return srs_rewrite_fact(&context, &parts);
}

/* check_fact - a result of the forward map is ours, today and not in a year */
static void
check_fact(const struct srs_result *r, const struct settings *s)
{
	struct mailaddr a;
	bool srs0;

	mailaddr_parse_external(&a, r->address, r->len);
	srs0 = srs_addr_tag(a.local, a.local_len) == 0;
	fuzz_must(fact_of(&a, s, NOW) == SRS_FACT_VALID);
	fuzz_must(fact_of(&a, s, NOW + 400 * DAY) == (srs0 ? SRS_FACT_EXPIRED : SRS_FACT_VALID));
	if (s->hash_length < 12)
		return; /* a fuzzer may guess a right hash by chance */
	a.local[SRS_TAG_LEN + 1] = ascii_tolower(a.local[SRS_TAG_LEN + 1]) == 'x' ? 'y' : 'x';
	fuzz_must(fact_of(&a, s, NOW) == SRS_FACT_FORGED);
}

/* format_original - the address that a bounce goes to: its host in A-labels, if it has them */
static size_t
format_original(char want[MAILADDR_SIZE], const struct mailaddr *a)
{
	char ascii[HOSTNAME_MAX + 1];
	size_t len = idna_to_ascii(ascii, a->domain, a->domain_len);

	if (hostname_is_mail_domain(ascii, len))
		return mailaddr_format(want, a->local, a->local_len, ascii, len);
	return mailaddr_format(want, a->local, a->local_len, a->domain, a->domain_len);
}

/* check_other_format - the verdict of the other format on a result of the forward map */
static void
check_other_format(const struct srs_result *forward, const struct settings *s)
{
	bool made_separated = s->hash_format == HASH_SEPARATED;
	struct settings changed = *s;
	const struct srs_context context = { .settings = &changed, .keys = keys, .now = NOW };
	struct srs_result back;

	if (s->hash_length < 12)
		return; /* right by chance, as above */
	changed.hash_format = made_separated ? HASH_COMPATIBLE : HASH_SEPARATED;
	srs_rewrite_reverse(&back, &context, forward->address, forward->len);
	fuzz_must(back.verdict == SRS_BAD_HASH);
	changed.hash_accept_separated = changed.hash_accept_compatible = day_of(NOW);
	srs_rewrite_reverse(&back, &context, forward->address, forward->len);
	fuzz_must(back.verdict == SRS_REWRITTEN);
	fuzz_must(back.form == (made_separated ? SRS_MAC_SEPARATED : SRS_MAC_COMPATIBLE));
}

/* check_way_back - the address that a bounce to a result of the forward map goes to */
static void
check_way_back(const struct srs_result *forward, const char *key, size_t len, struct settings *s)
{
	const struct srs_context context = { .settings = s, .keys = keys, .now = NOW };
	char want[MAILADDR_SIZE];
	struct srs_result back, twice;
	struct mailaddr a;
	size_t n;

	fuzz_must(mailaddr_parse_external(&a, key, len) == MAILADDR_OK);
	srs_rewrite_reverse(&back, &context, forward->address, forward->len);
	fuzz_must(back.verdict == SRS_REWRITTEN && back.secret == 0);
	n = format_original(want, &a);
	/* One hop of another forwarder is removed: SRS1 leads to the first forwarder. */
	if (srs_addr_tag(a.local, a.local_len) == -1)
		fuzz_must(fuzz_same(back.address, back.len, want, n));
	else if (srs_addr_tag(a.local, a.local_len) == 0)
		fuzz_must(back.len == n && strcasecmp(back.address, want) == 0);
	srs_rewrite_forward(&twice, &context, forward->address, forward->len);
	fuzz_must(twice.verdict == SRS_ALREADY_OURS);
}

/*
 * check_foreign - an address that is foreign to the reverse map is foreign to the policy service,
 * too, unless Postfix may turn it into one of ours: a domain that it completes, or a route
 */
static void
check_foreign(const struct mailaddr *a, const struct settings *s)
{
	if (srs_domains_are_routed_to(s, a->local, a->local_len))
		fuzz_must(fact_of(a, s, NOW) != SRS_FACT_FOREIGN);
	else if (memchr(a->domain, '.', a->domain_len) != NULL)
		fuzz_must(fact_of(a, s, NOW) == SRS_FACT_FOREIGN);
}

/*
 * check_agreement - the reverse map answers only addresses that the policy service considers ours
 */
static void
check_agreement(const char *key, size_t len, const struct srs_result *reverse, struct settings *s)
{
	const struct srs_context context = { .settings = s, .keys = keys, .now = NOW };
	struct mailaddr_parts parts;
	struct mailaddr a;

	if (mailaddr_parse_external(&a, key, len) == MAILADDR_OK) {
		if (reverse->verdict == SRS_REWRITTEN)
			fuzz_must(fact_of(&a, s, NOW) == SRS_FACT_VALID);
		else if (reverse->verdict == SRS_FOREIGN)
			check_foreign(&a, s);
		else if (reverse->verdict == SRS_BAD_HASH || reverse->verdict == SRS_MALFORMED)
			fuzz_must(fact_of(&a, s, NOW) == SRS_FACT_FORGED);
	}
	mailaddr_split(&parts, key, len);
	srs_rewrite_fact(&context, &parts);
}

static void
check(const char *key, size_t len, struct settings *s)
{
	const struct srs_context context = { .settings = s, .keys = keys, .now = NOW };
	struct srs_result r;

	srs_rewrite_forward(&r, &context, key, len);
	check_result(&r);
	fuzz_say(
	    "forward %s", r.verdict == SRS_REWRITTEN ? r.address : srs_verdict_word(r.verdict));
	if (r.verdict == SRS_REWRITTEN) {
		check_fact(&r, s);
		check_way_back(&r, key, len, s);
		check_other_format(&r, s);
	}
	srs_rewrite_reverse(&r, &context, key, len);
	check_result(&r);
	fuzz_say(
	    ", reverse %s; ", r.verdict == SRS_REWRITTEN ? r.address : srs_verdict_word(r.verdict));
	check_agreement(key, len, &r, s);
}

/* check_signed - under the domains that the milter may choose */
static void
check_signed(const char *key, size_t len, struct settings *s)
{
	static const char *const domains[] = { NULL, "own.test", "fwd.own.test" };
	const struct srs_context context = { .settings = s, .keys = keys, .now = NOW };
	struct srs_result r;
	size_t i;

	for (i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		srs_rewrite_sign(&r, &context, domains[i], key, len);
		check_result(&r);
		if (r.verdict == SRS_REWRITTEN) {
			check_fact(&r, s);
			check_way_back(&r, key, len, s);
		}
	}
	fuzz_say(
	    "signed %s; ", r.verdict == SRS_REWRITTEN ? r.address : srs_verdict_word(r.verdict));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *key = fuzz_copy(data, size);

	begin();
	check(key, size, usual);
	check(key, size, other);
	check(key, size, separated);
	check(key, size, candidates);
	check_signed(key, size, candidates);
	free(key);
	return 0;
}
