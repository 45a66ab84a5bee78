/* SPDX-License-Identifier: ISC */
#include "tests/unit/srs_case.h"

#include "srsd/srs/srs_domains.h"

struct domain_row {
	const char *domain;
	bool contain;
	bool may_contain;
};

static void
test_domains(void **state)
{
	static const struct domain_row rows[] = {
		{ "srs.test", true, true },
		{ "SRS.Test", true, true },
		{ "srs.test.", true, true },
		{ "old.srs.example", true, true },
		{ "OLD.srs.example.", true, true },
		{ "b\303\274cher.test", true, true },
		{ "B\303\234CHER.test.", true, true },
		{ "xn--bcher-kva.test", true, true },
		/* Postfix may complete these: with myorigin, with mydomain. */
		{ "", false, true },
		{ "srs", false, true },
		{ "SRS.", false, true },
		{ "old", false, true },
		{ "xn--bcher-kva", false, true },
		{ "b\303\274cher", false, true },
		{ "B\303\234CHER.", false, true },
		{ "single", true, true },
		/* Neighbours. */
		{ "sr", false, false },
		{ "srs.tes", false, false },
		{ "srs.test..", false, false },
		{ ".srs.test", false, false },
		{ ".", false, false },
		{ "a.srs.test", false, false },
		{ "xsrs.test", false, false },
		{ "srs.example", false, false },
		{ "own.test", false, false },
		{ "localhost", false, false },
		{ "[127.0.0.1]", false, false },
	};
	struct settings *s = srs_settings();
	static const char *const former[] = { "old.srs.example", "b\303\274cher.test", "single" };
	static char *texts[3];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(former); i++) {
		texts[i] = xstrdup(former[i]);
		assert_true(domainset_add(s->srs_domains, former[i], strlen(former[i])));
	}
	option_clear(s, option_find(NULL, "reverse-domains"));
	s->reverse_domains.text = xcalloc(COUNT(former), sizeof(char *));
	memcpy(s->reverse_domains.text, texts, sizeof(texts));
	s->reverse_domains.n = COUNT(former);
	srs_own(s, "own.test");
	for (i = 0; i < COUNT(rows); i++) {
		size_t len = strlen(rows[i].domain);
		char *copy = unit_copy(rows[i].domain, len);

		unit_int(
		    rows[i].domain, "contain", srs_domains_contain(s, copy, len), rows[i].contain);
		unit_int(rows[i].domain, "may contain", srs_domains_may_contain(s, copy, len),
		    rows[i].may_contain);
		free(copy);
	}
	settings_free(&s);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
