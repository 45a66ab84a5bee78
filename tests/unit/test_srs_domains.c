/* SPDX-License-Identifier: ISC */
#include "tests/unit/srs_case.h"

#include "srsd/srs/srs_domains.h"

#define FOREIGN SRS_DOMAINS_FOREIGN
#define CANDIDATE SRS_DOMAINS_CANDIDATE
#define OURS SRS_DOMAINS_OURS

struct domain_row {
	const char *domain;
	enum srs_domains_kind kind;
	enum srs_domains_kind as_written;
};

static void
check_domains(const struct settings *s, const struct domain_row *rows, size_t n)
{
	size_t i, len;
	char *copy;

	for (i = 0; i < n; i++) {
		len = strlen(rows[i].domain);
		copy = unit_copy(rows[i].domain, len);
		unit_int(rows[i].domain, "kind", srs_domains_kind(s, copy, len), rows[i].kind);
		unit_int(rows[i].domain, "contain", srs_domains_contain(s, copy, len),
		    rows[i].kind != FOREIGN);
		unit_int(rows[i].domain, "as written", srs_domains_kind_as_written(s, copy, len),
		    rows[i].as_written);
		free(copy);
	}
}

/* set_list - set a list option */
static void
set_list(struct settings *s, const char *name, const char *const *values, size_t n)
{
	char error[OPTION_ERROR_SIZE];

	assert_true(option_set(s, option_find(NULL, name), values, n, error));
}

static void
test_domains(void **state)
{
	static const struct domain_row rows[] = {
		{ "srs.test", OURS, OURS },
		{ "SRS.Test", OURS, OURS },
		{ "srs.test.", OURS, OURS },
		{ "old.srs.example", OURS, OURS },
		{ "OLD.srs.example.", OURS, OURS },
		{ "b\303\274cher.test", OURS, OURS },
		{ "B\303\234CHER.test.", OURS, OURS },
		{ "xn--bcher-kva.test", OURS, OURS },
		{ "bulk.example", OURS, OURS },
		{ "Bulk.Example.", OURS, OURS },
		/* Postfix may complete these: with myorigin, with mydomain. */
		{ "", FOREIGN, OURS },
		{ "srs", FOREIGN, OURS },
		{ "SRS.", FOREIGN, OURS },
		{ "old", FOREIGN, OURS },
		{ "bulk", FOREIGN, OURS },
		{ "xn--bcher-kva", FOREIGN, OURS },
		{ "b\303\274cher", FOREIGN, OURS },
		{ "B\303\234CHER.", FOREIGN, OURS },
		{ "single", OURS, OURS },
		/* Neighbours. */
		{ "sr", FOREIGN, FOREIGN },
		{ "srs.tes", FOREIGN, FOREIGN },
		{ "srs.test..", FOREIGN, FOREIGN },
		{ ".srs.test", FOREIGN, FOREIGN },
		{ ".", FOREIGN, FOREIGN },
		{ "a.srs.test", FOREIGN, FOREIGN },
		{ "xsrs.test", FOREIGN, FOREIGN },
		{ "srs.example", FOREIGN, FOREIGN },
		{ "own.test", FOREIGN, FOREIGN },
		{ "srs.own.test", FOREIGN, FOREIGN },
		{ "localhost", FOREIGN, FOREIGN },
		{ "[127.0.0.1]", FOREIGN, FOREIGN },
	};
	static const char *const former[] = { "old.srs.example", "b\303\274cher.test", "single" };
	struct settings *s = srs_settings();
	size_t i;

	(void)state;
	set_list(s, "reverse-domains", former, COUNT(former));
	for (i = 0; i < COUNT(former); i++)
		assert_true(domainset_add(s->srs_domains, former[i], strlen(former[i])));
	srs_set(s, "unauthenticated-domain", "bulk.example");
	assert_true(domainset_add(s->srs_domains, BYTES("bulk.example")));
	srs_own(s, "own.test");
	check_domains(s, rows, COUNT(rows));
	settings_free(&s);
	unit_end();
}

/* make_forwarder - a host that forwards for some domains, with candidates under some forms */
static struct settings *
make_forwarder(const char *per_domain, const char *const *accept, size_t n)
{
	struct settings *s = srs_settings();

	srs_set(s, "per-domain", per_domain);
	set_list(s, "per-domain-accept", accept, n);
	srs_own(s, "own.test");
	srs_own(s, "b\303\274cher.test");
	srs_own(s, ".below.test");
	srs_own(s, "single");
	srs_own(s, "excepted.test");
	srs_own(s, "taken.test");
	srs_except(s, "excepted.test");
	srs_except(s, "srs.taken.test");
	return s;
}

static void
test_candidates_by_label(void **state)
{
	static const struct domain_row rows[] = {
		{ "srs.own.test", CANDIDATE, CANDIDATE },
		{ "SRS.Own.Test.", CANDIDATE, CANDIDATE },
		{ "srs.b\303\274cher.test", CANDIDATE, CANDIDATE },
		{ "SRS.B\303\234CHER.test", CANDIDATE, CANDIDATE },
		{ "srs.xn--bcher-kva.test", CANDIDATE, CANDIDATE },
		{ "srs.single", FOREIGN, FOREIGN },
		/* srs-domain is one of domains. */
		{ "srs.test", OURS, OURS },
		{ "srs.srs.test", CANDIDATE, CANDIDATE },
		{ "own.test", FOREIGN, FOREIGN },
		{ "srs.srs.own.test", FOREIGN, FOREIGN },
		{ "xsrs.own.test", FOREIGN, FOREIGN },
		{ "srs.xown.test", FOREIGN, FOREIGN },
		{ "srsown.test", FOREIGN, FOREIGN },
		{ "srs..own.test", FOREIGN, FOREIGN },
		{ "srs.own.test..", FOREIGN, FOREIGN },
		{ ".srs.own.test", FOREIGN, FOREIGN },
		{ "srs..below.test", FOREIGN, FOREIGN },
		{ "srs.below.test", FOREIGN, FOREIGN },
		{ "srs.a.below.test", FOREIGN, FOREIGN },
		{ "srs.excepted.test", FOREIGN, FOREIGN },
		{ "srs.taken.test", FOREIGN, FOREIGN },
		{ "\xff.own.test", FOREIGN, FOREIGN },
		{ "srs.\xff.test", FOREIGN, FOREIGN },
		{ "single", FOREIGN, FOREIGN },
		{ "own", FOREIGN, FOREIGN },
	};
	struct settings *s = make_forwarder("srs.", NULL, 0);

	(void)state;
	check_domains(s, rows, COUNT(rows));
	settings_free(&s);
	unit_end();
}

static void
test_candidates_that_are_the_same(void **state)
{
	static const struct domain_row rows[] = {
		{ "own.test", CANDIDATE, CANDIDATE },
		{ "OWN.test.", CANDIDATE, CANDIDATE },
		{ "xn--bcher-kva.test", CANDIDATE, CANDIDATE },
		{ "taken.test", CANDIDATE, CANDIDATE },
		{ "srs.test", OURS, OURS },
		{ "a.own.test", FOREIGN, FOREIGN },
		{ "srs.own.test", FOREIGN, FOREIGN },
		{ "below.test", FOREIGN, FOREIGN },
		{ "a.below.test", FOREIGN, FOREIGN },
		{ "excepted.test", FOREIGN, FOREIGN },
		{ "other.test", FOREIGN, FOREIGN },
		{ ".own.test", FOREIGN, FOREIGN },
		/* mydomain may complete any label to one of domains. */
		{ "srs", FOREIGN, OURS },
		{ "single", FOREIGN, CANDIDATE },
		{ "own", FOREIGN, CANDIDATE },
		{ "other.", FOREIGN, CANDIDATE },
		{ ".", FOREIGN, FOREIGN },
		{ "a=b", FOREIGN, FOREIGN },
		{ "[::1]", FOREIGN, FOREIGN },
	};
	struct settings *s = make_forwarder("same", NULL, 0);

	(void)state;
	check_domains(s, rows, COUNT(rows));
	settings_free(&s);
	unit_end();
}

/* Forms that were used until some days ago, while per-domain is off. */
static void
test_accepted_forms(void **state)
{
	static const char *const accept[] = { "Fwd.", "r\303\274ck." };
	static const struct domain_row rows[] = {
		{ "fwd.own.test", CANDIDATE, CANDIDATE },
		{ "FWD.own.test", CANDIDATE, CANDIDATE },
		{ "r\303\274ck.own.test", CANDIDATE, CANDIDATE },
		{ "xn--rck-hoa.own.test", CANDIDATE, CANDIDATE },
		{ "fwd", FOREIGN, CANDIDATE },
		{ "R\303\234CK.", FOREIGN, CANDIDATE },
		{ "own.test", FOREIGN, FOREIGN },
		{ "srs.own.test", FOREIGN, FOREIGN },
		{ "off.own.test", FOREIGN, FOREIGN },
		{ "offown.test", FOREIGN, FOREIGN },
		{ "off", FOREIGN, FOREIGN },
		{ "fw", FOREIGN, FOREIGN },
	};
	struct settings *s = make_forwarder("off", accept, COUNT(accept));

	(void)state;
	check_domains(s, rows, COUNT(rows));
	settings_free(&s);
	unit_end();
}

static void
test_candidate_of_a_domain(void **state)
{
	static const struct {
		const char *form, *domain;
		const char *want; /* NULL: none */
	} rows[] = {
		{ "same", "own.test", "own.test" },
		{ "same", "OWN.test.", "own.test" },
		{ "same", "b\303\274cher.test", "xn--bcher-kva.test" },
		{ "srs.", "own.test", "srs.own.test" },
		{ "Srs.", "Own.Test", "srs.own.test" },
		{ "r\303\274ck.", "B\303\234CHER.test", "xn--rck-hoa.xn--bcher-kva.test" },
		{ "srs.", "srs.test", "srs.srs.test" },
		{ "same", "taken.test", "taken.test" },
		{ "srs.", "taken.test", NULL },
		{ "same", "excepted.test", NULL },
		{ "srs.", "excepted.test", NULL },
		{ "same", "below.test", NULL },
		{ "srs.", "a.below.test", NULL },
		{ "same", ".below.test", NULL },
		{ "srs.", "other.test", NULL },
		{ "srs.", "", NULL },
		{ "off", "own.test", NULL },
		{ "srs.", "\xff.test", NULL },
	};
	struct settings *s = make_forwarder("off", NULL, 0);
	char candidate[HOSTNAME_MAX + 1], forwarder[HOSTNAME_MAX + 1];
	const char *row;
	size_t i;
	bool made;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		row = unit_row("%s %s", rows[i].form, rows[i].domain);
		made = srs_domains_candidate(s, rows[i].form, text_of(rows[i].domain), candidate);
		unit_text(row, "candidate", made ? candidate : NULL, rows[i].want);
		if (!made)
			continue;
		srs_set(s, "per-domain", rows[i].form);
		unit_true(row, "is ours", srs_domains_contain(s, candidate, strlen(candidate)));
		unit_true(row, "has a forwarder",
		    srs_domains_forwarder(s, text_of(candidate), forwarder));
		made = srs_domains_candidate(s, rows[i].form, text_of(forwarder), candidate);
		unit_text(row, "candidate of the forwarder", made ? candidate : NULL, rows[i].want);
		srs_set(s, "per-domain", "off");
	}
	settings_free(&s);
	unit_end();
}

static void
test_longest_candidate(void **state)
{
	struct settings *s = make_forwarder("off", NULL, 0);
	char *domain = unit_fill('d', HOSTNAME_MAX - 4), *longer = unit_fill('e', HOSTNAME_MAX - 3);
	char candidate[HOSTNAME_MAX + 1];

	(void)state;
	domain[60] = longer[60] = '.';
	srs_own(s, domain);
	srs_own(s, longer);
	assert_true(srs_domains_candidate(s, "srs.", text_of(domain), candidate));
	assert_int_equal(strlen(candidate), HOSTNAME_MAX);
	assert_false(srs_domains_candidate(s, "srs.", text_of(longer), candidate));
	assert_true(srs_domains_candidate(s, "same", text_of(longer), candidate));
	free(domain);
	free(longer);
	settings_free(&s);
}

static void
test_forwarders(void **state)
{
	static const char *const accept[] = { "same", "fwd." };
	static const struct {
		const char *domain;
		const char *want; /* NULL: none */
	} rows[] = {
		{ "srs.own.test", "own.test" },
		{ "FWD.Own.Test.", "own.test" },
		{ "own.test", "own.test" },
		{ "fwd.b\303\274cher.test", "xn--bcher-kva.test" },
		/* One of domains that is also a candidate of another one. */
		{ "srs.both.test", "both.test" },
		{ "srs.srs.both.test", "srs.both.test" },
		{ "srs.test", "srs.test" },
		{ "srs.excepted.test", NULL },
		{ "srs.taken.test", NULL },
		{ "taken.test", "taken.test" },
		{ "fwd.taken.test", "taken.test" },
		{ "a.below.test", NULL },
		{ "other.test", NULL },
		{ "", NULL },
	};
	struct settings *s = make_forwarder("srs.", accept, COUNT(accept));
	char forwarder[HOSTNAME_MAX + 1];
	size_t i;

	(void)state;
	srs_own(s, "both.test");
	srs_own(s, "srs.both.test");
	for (i = 0; i < COUNT(rows); i++)
		unit_text(rows[i].domain, "forwarder",
		    srs_domains_forwarder(s, text_of(rows[i].domain), forwarder) ? forwarder : NULL,
		    rows[i].want);
	settings_free(&s);
	unit_end();
}

static void
test_literal_names(void **state)
{
	static const struct {
		const char *domain;
		bool want;
	} rows[] = {
		{ "own.test", true },
		{ "Own.Test.", true },
		{ "B\303\234CHER.test", true },
		{ "srs.test", true },
		{ "excepted.test", true },
		{ "below.test", false },
		{ "a.below.test", false },
		{ ".below.test", false },
		{ "other.test", false },
		{ "", false },
		{ ".", false },
	};
	struct settings *s = make_forwarder("off", NULL, 0);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(rows[i].domain, "literal",
		    srs_domains_is_literal(s, text_of(rows[i].domain)), rows[i].want);
	settings_free(&s);
	unit_end();
}

/* check_losses - what a reload loses, as "option value; " for each */
static void
check_losses(
    const char *row, const struct settings *before, const struct settings *after, const char *want)
{
	struct srs_domains_loss loss;
	char got[400] = "";
	size_t n = 0;

	while (srs_domains_loses(before, after, &n, &loss)) {
		strlcat(got, loss.option, sizeof(got));
		strlcat(got, loss.form ? " form " : " ", sizeof(got));
		strlcat(got, loss.value, sizeof(got));
		strlcat(got, "; ", sizeof(got));
	}
	unit_text(row, "losses", got, want);
}

static void
test_losses(void **state)
{
	static const char *const accept[] = { "fwd.", "SRS." };
	struct settings *off = make_forwarder("off", NULL, 0);
	struct settings *srs = make_forwarder("srs.", NULL, 0);
	struct settings *same = make_forwarder("same", accept, 1);
	struct settings *kept = make_forwarder("off", accept, 2);
	struct settings *renamed = make_forwarder("off", NULL, 0);

	(void)state;
	srs_rename(renamed, "new.test");
	srs_own(renamed, "new.test");
	check_losses("nothing was there", off, srs, "");
	check_losses("switched off", srs, off, "per-domain form srs.; ");
	check_losses("another one", srs, same, "per-domain form srs.; ");
	check_losses("accepted", srs, kept, "");
	check_losses("two forms", same, off, "per-domain form same; per-domain-accept form fwd.; ");
	check_losses("one is accepted", same, kept, "per-domain form same; ");
	check_losses("no longer accepted", kept, srs, "per-domain-accept form fwd.; ");
	check_losses("renamed", off, renamed, "srs-domain srs.test; ");
	srs_former(renamed, "srs.test");
	check_losses("a former domain", off, renamed, "");
	check_losses("back", renamed, off, "srs-domain new.test; ");
	srs_rename(renamed, "srs.test");
	srs_set(off, "unauthenticated-domain", "bulk.example");
	check_losses("unauthenticated", off, renamed, "unauthenticated-domain bulk.example; ");
	srs_former(off, "old.test");
	check_losses("both", off, renamed,
	    "unauthenticated-domain bulk.example; reverse-domains old.test; ");
	settings_free(&off);
	settings_free(&srs);
	settings_free(&same);
	settings_free(&kept);
	settings_free(&renamed);
	unit_end();
}

/* How resolve_addr of Postfix interprets a local part, from right to left. */
static void
test_routes(void **state)
{
	static const struct {
		const char *local;
		bool routed;
	} rows[] = {
		{ "SRS0=AAAA=XX=a.test=u%srs.test", true },
		{ "srs0=AAAA=XX=a.test=u%SRS.test.", true },
		{ "srs.test!SRS0=AAAA=XX=a.test=u", true },
		{ "SRS1-AAAA=b.test==XX=a.test=u@srs.test", true },
		{ "SRS0+AAAA=XX=a.test=u%srs.test%relay.test", true },
		{ "relay.test!srs.test!SRS0=AAAA=XX=a.test=u", true },
		{ "SRS0=AAAA=XX=a.test=u%srs", true }, /* Postfix completes it with mydomain */
		{ "", false },
		{ "!", false },
		{ "%", false },
		{ "u%srs.test", false },
		{ "srs.test!u", false },
		{ "SRS0=AAAA=XX=a.test=u", false },
		{ "SRS0=AAAA=XX=a.test=u%other.test", false },
		{ "other.test!SRS0=AAAA=XX=a.test=u", false },
		{ "SRSX=AAAA=XX=a.test=u%srs.test", false },
	};
	struct settings *s = srs_settings();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		size_t len = strlen(rows[i].local);
		char *copy = unit_copy(rows[i].local, len);

		unit_int(rows[i].local, "routed", srs_domains_are_routed_to(s, copy, len),
		    rows[i].routed);
		free(copy);
	}
	/* An address that has no local part at all. */
	unit_int("none", "routed", srs_domains_are_routed_to(s, NULL, 0), false);
	settings_free(&s);
	unit_end();
}

/* In a candidate only what is well formed is an SRS address. */
static void
test_routes_to_candidates(void **state)
{
	static const struct {
		const char *local;
		bool routed;
	} rows[] = {
		{ "SRS0=AAAA=XX=a.test=u%srs.own.test", true },
		{ "srs0=AAAA=XX=a.test=u%SRS.own.test.%relay.test", true },
		{ "srs.own.test!SRS0=AAAA=XX=a.test=u", true },
		{ "relay.test!srs.own.test!SRS0=AAAA=XX=a.test=u", true },
		{ "SRS1=AAAA=b.test==XX=a.test=u@srs.own.test", true },
		/* The user of the address may begin with what separates words. */
		{ "SRS0=AAAA=XX=a.test=%u%srs.own.test", true },
		{ "SRS1=AAAA=b.test==!u%srs.own.test", true },
		{ "srs0-x%SRS0=AAAA=XX=a.test=u%srs.own.test", true },
		{ "SRS0=AAAA=XX=a.test=u%srs", true },
		{ "srs!SRS0=AAAA=XX=a.test=u", true },
		/* Nothing is an ordinary mailbox in srs.test. */
		{ "srs0-x%srs.test", true },
		{ "srs0-x%srs.own.test%srs.test", true },
		{ "srs0-x%srs.own.test", false },
		{ "srs.own.test!srs0-x", false },
		{ "srs0=x=y%srs.own.test", false },
		{ "SRS0=AAAA=XX=a_b=%srs.own.test!x", true },
		{ "SRS0=AAAA=XX=a/b=u%srs.own.test", false },
		{ "SRS0=AAAA=XX=a.test=u%own.test", false },
		{ "SRS0=AAAA=XX=a.test=u%srs.excepted.test", false },
		{ "u%srs.own.test", false },
	};
	struct settings *s = make_forwarder("srs.", NULL, 0);
	size_t i, len;
	char *copy;

	(void)state;
	/* This label is a candidate's alone. */
	srs_rename(s, "home.test");
	assert_true(domainset_add(s->srs_domains, BYTES("srs.test")));
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i].local);
		copy = unit_copy(rows[i].local, len);
		unit_int(rows[i].local, "routed", srs_domains_are_routed_to(s, copy, len),
		    rows[i].routed);
		free(copy);
	}
	settings_free(&s);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_candidates_by_label),
		cmocka_unit_test(test_candidates_that_are_the_same),
		cmocka_unit_test(test_accepted_forms),
		cmocka_unit_test(test_candidate_of_a_domain),
		cmocka_unit_test(test_longest_candidate),
		cmocka_unit_test(test_forwarders),
		cmocka_unit_test(test_literal_names),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_routes_to_candidates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
