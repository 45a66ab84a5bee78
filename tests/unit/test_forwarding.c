/* SPDX-License-Identifier: ISC */
#include "tests/unit/srs_case.h"

#include "srsd/forwarding/forwarding.h"

/* A host that forwards for fwd.test and .sub.test, and relays for relay.test. */
static struct settings *
make_forwarder(void)
{
	struct settings *s = srs_settings();

	srs_own(s, "fwd.test");
	srs_own(s, "b\303\274cher.test");
	srs_own(s, ".sub.test");
	srs_former(s, "old.test");
	domainset_add(s->relays, "relay.test", 10);
	domainset_add(s->no_rewrite, "friend.test", 11);
	return s;
}

/* An address that verifies, and its forgery, stand for these words in a table. */
#define VALID "VALID"
#define FORGED "FORGED"

struct address_case {
	struct srs_context context;
	char valid[MAILADDR_SIZE];
	char forged[MAILADDR_SIZE];
};

static void
begin_case(struct address_case *c, struct settings *s)
{
	struct srs_result result;

	c->context =
	    (struct srs_context){ .settings = s, .keys = srs_keys_of(SECRET "\n"), .now = NOW };
	srs_rewrite_forward(&result, &c->context, "joe@origin.test", 15);
	assert_int_equal(result.verdict, SRS_REWRITTEN);
	strlcpy(c->valid, result.address, sizeof(c->valid));
	strlcpy(c->forged, result.address, sizeof(c->forged));
	c->forged[5] = c->forged[5] == 'a' ? 'b' : 'a';
}

static void
end_case(struct address_case *c)
{
	struct settings *s = (struct settings *)c->context.settings;

	srs_keys_free(&c->context.keys);
	settings_free(&s);
}

static struct text
make_case_text(const struct address_case *c, const char *word)
{
	const char *s = strcmp(word, VALID) == 0    ? c->valid
			: strcmp(word, FORGED) == 0 ? c->forged
						    : word;

	return (struct text){ s, strlen(s) };
}

static void
add_case_recipient(struct forwarding_envelope *envelope, const struct address_case *c,
    const char *rcpt, const char *original, bool incoming)
{
	struct forwarding_recipient recipient;

	forwarding_read_recipient(&recipient, &c->context, make_case_text(c, rcpt),
	    make_case_text(c, original), incoming);
	forwarding_add(envelope, &recipient);
}

struct kind_row {
	const char *sender, *rcpt, *original;
	enum forwarding_auth auth;
	const char *kind, *domain;
};

static void
test_kinds(void **state)
{
	static const struct kind_row rows[] = {
		/* The null sender, whatever the recipient. */
		{ "", "b@out.test", "a@fwd.test", FORWARDING_UNCHECKED, "bounce", "fwd.test" },
		{ "<>", "b@out.test", "", FORWARDING_FAIL, "bounce", "" },
		{ "", "joe@origin.test", VALID, FORWARDING_UNCHECKED, "bounce", "srs.test" },
		/* An SRS address of ours. */
		{ VALID, "b@out.test", "a@fwd.test", FORWARDING_UNCHECKED, "own-srs", "fwd.test" },
		{ VALID, "b@out.test", "a@fwd.test", FORWARDING_FAIL, "own-srs", "fwd.test" },
		/* One that does not verify gets the same answer. */
		{ FORGED, "b@out.test", "a@fwd.test", FORWARDING_UNCHECKED, "own", "fwd.test" },
		/* Of domains. */
		{ "x@fwd.test", "b@out.test", "x@fwd.test", FORWARDING_PASS, "own", "fwd.test" },
		{ "x@FWD.test.", "b@out.test", "", FORWARDING_UNCHECKED, "own", "" },
		{ "x@a.sub.test", "b@out.test", "", FORWARDING_UNCHECKED, "own", "" },
		/* The gate did not pass it: a forward, and the rows below apply. */
		{ "x@fwd.test", "b@out.test", "a@fwd.test", FORWARDING_FAIL, "forward",
		    "fwd.test" },
		{ "x@fwd.test", "b@relay.test", "a@fwd.test", FORWARDING_FAIL, "relayed",
		    "fwd.test" },
		{ "x@fwd.test", "b@out.test", "b@out.test", FORWARDING_FAIL, "redirected",
		    "out.test" },
		/* Relayed. */
		{ "x@origin.test", "p@relay.test", "p@relay.test", FORWARDING_PASS, "relayed",
		    "relay.test" },
		{ "x@origin.test", "p@RELAY.test.", "a@fwd.test", FORWARDING_PASS, "relayed",
		    "fwd.test" },
		{ "x@origin.test", "p@srs.test", "", FORWARDING_PASS, "relayed", "" },
		{ "x@origin.test", "p@old.test", "", FORWARDING_PASS, "relayed", "" },
		{ "x@origin.test", VALID, "", FORWARDING_PASS, "relayed", "" },
		{ "x@origin.test", FORGED, "", FORWARDING_PASS, "relayed", "" },
		/* A forward, by ORCPT. */
		{ "x@origin.test", "b@out.test", "a@fwd.test", FORWARDING_PASS, "forward",
		    "fwd.test" },
		{ "x@origin.test", "b@out.test", "A+ext@FWD.test", FORWARDING_FAIL, "forward",
		    "fwd.test" },
		{ "x@origin.test", "b@out.test", "a@fwd.test.", FORWARDING_UNCHECKED, "forward",
		    "fwd.test" },
		{ "x@origin.test", "b@out.test", "a@b\303\274cher.test", FORWARDING_UNCHECKED,
		    "forward", "xn--bcher-kva.test" },
		{ "x@origin.test", "b@out.test", "a@XN--BCHER-KVA.test", FORWARDING_UNCHECKED,
		    "forward", "xn--bcher-kva.test" },
		{ "\"x y\"@origin.test", "\"b c\"@out.test", "\"a@b\"@fwd.test",
		    FORWARDING_UNCHECKED, "forward", "fwd.test" },
		/* A recipient of domains leaves like any other on the hop. */
		{ "x@origin.test", "b@fwd.test", "a@fwd.test", FORWARDING_PASS, "forward",
		    "fwd.test" },
		/* Neither: no ORCPT, another one, or one that a client typed without a domain. */
		{ "x@origin.test", "b@out.test", "", FORWARDING_PASS, "redirected", "" },
		{ "x@origin.test", "b@out.test", "b@out.test", FORWARDING_PASS, "redirected",
		    "out.test" },
		{ "x@origin.test", "b@out.test", "a@else.test", FORWARDING_PASS, "redirected",
		    "else.test" },
		{ "x@origin.test", "b@out.test", "fwd.test!a", FORWARDING_PASS, "redirected", "" },
		{ "x@origin.test", "b@out.test", "a%fwd.test", FORWARDING_PASS, "redirected", "" },
		{ "x@origin.test", "b@out.test", "a", FORWARDING_PASS, "redirected", "" },
		{ "x@origin.test", "b@out.test", "@fwd.test", FORWARDING_PASS, "redirected", "" },
		/* Not a literal name of domains. */
		{ "x@origin.test", "b@out.test", "a@x.sub.test", FORWARDING_PASS, "redirected",
		    "x.sub.test" },
		/* An SRS-shaped address is none of domains. */
		{ "x@origin.test", "b@out.test", VALID, FORWARDING_PASS, "redirected", "srs.test" },
		{ "x@origin.test", "b@out.test", "SRS0=x@fwd.test", FORWARDING_PASS, "redirected",
		    "fwd.test" },
		{ "x@origin.test", "b@out.test", "srs1-x@fwd.test", FORWARDING_PASS, "redirected",
		    "fwd.test" },
		/* A sender that is no address. */
		{ "joe", "b@out.test", "a@fwd.test", FORWARDING_UNCHECKED, "forward", "fwd.test" },
		{ "@origin.test", "b@out.test", "", FORWARDING_UNCHECKED, "redirected", "" },
	};
	struct forwarding_envelope envelope;
	struct address_case c;
	size_t i;

	(void)state;
	begin_case(&c, make_forwarder());
	for (i = 0; i < COUNT(rows); i++) {
		const char *row =
		    unit_row("%s %s %s", rows[i].sender, rows[i].rcpt, rows[i].original);

		forwarding_start(&envelope, &c.context, make_case_text(&c, rows[i].sender));
		add_case_recipient(&envelope, &c, rows[i].rcpt, rows[i].original, false);
		unit_text(row, "kind",
		    forwarding_kind_name(forwarding_judge(&envelope, rows[i].auth)), rows[i].kind);
		unit_text(row, "domain", envelope.deciding.domain, rows[i].domain);
	}
	end_case(&c);
	unit_end();
}

/* On the public smtpd, only recipients of domains are known to be on their way in. */
static void
test_incoming(void **state)
{
	static const struct kind_row rows[] = {
		{ "x@origin.test", "a@fwd.test", "a@fwd.test", FORWARDING_PASS, "incoming",
		    "fwd.test" },
		{ "x@origin.test", "a@x.sub.test", "", FORWARDING_PASS, "incoming", "" },
		{ "x@fwd.test", "a@fwd.test", "", FORWARDING_FAIL, "incoming", "" },
		{ "x@fwd.test", "a@fwd.test", "", FORWARDING_UNCHECKED, "own", "" },
		{ "x@origin.test", "p@relay.test", "", FORWARDING_PASS, "relayed", "" },
		{ "x@origin.test", VALID, "", FORWARDING_PASS, "relayed", "" },
		{ "x@origin.test", "b@out.test", "", FORWARDING_PASS, "redirected", "" },
	};
	struct forwarding_envelope envelope;
	struct address_case c;
	size_t i;

	(void)state;
	begin_case(&c, make_forwarder());
	for (i = 0; i < COUNT(rows); i++) {
		forwarding_start(&envelope, &c.context, make_case_text(&c, rows[i].sender));
		add_case_recipient(&envelope, &c, rows[i].rcpt, rows[i].original, true);
		unit_text(rows[i].rcpt, "kind",
		    forwarding_kind_name(forwarding_judge(&envelope, rows[i].auth)), rows[i].kind);
	}
	end_case(&c);
	unit_end();
}

/* The first forward decides, then the first redirected recipient, then the first one. */
static void
test_recipients(void **state)
{
	static const struct {
		const char *rcpt[3], *original[3];
		const char *kind, *domain;
		bool differ;
	} rows[] = {
		{ { "b@out.test", "c@out.test" }, { "a@fwd.test", "a@fwd.test" }, "forward",
		    "fwd.test", false },
		{ { "p@relay.test", "b@out.test", "c@out.test" },
		    { "p@relay.test", "a@fwd.test", "a@xn--bcher-kva.test" }, "forward", "fwd.test",
		    true },
		{ { "b@out.test", "c@out.test" }, { "b@out.test", "a@fwd.test" }, "forward",
		    "fwd.test", true },
		{ { "p@relay.test", "b@out.test" }, { "", "" }, "redirected", "", true },
		{ { "p@relay.test", "q@relay.test" }, { "", "" }, "relayed", "", false },
		/* A recipient for whom nothing is signed does not decide. */
		{ { "b@friend.test", "c@out.test" }, { "a@fwd.test", "c@out.test" }, "redirected",
		    "out.test", true },
		{ { "b@friend.test", NULL }, { "a@fwd.test", NULL }, "forward", "fwd.test", false },
	};
	struct forwarding_envelope envelope;
	struct address_case c;
	size_t i, n;

	(void)state;
	begin_case(&c, make_forwarder());
	for (i = 0; i < COUNT(rows); i++) {
		forwarding_start(&envelope, &c.context, make_case_text(&c, "x@origin.test"));
		for (n = 0; n < 3 && rows[i].rcpt[n] != NULL; n++)
			add_case_recipient(
			    &envelope, &c, rows[i].rcpt[n], rows[i].original[n], false);
		unit_int(
		    rows[i].rcpt[0], "recipients", (long long)envelope.recipients, (long long)n);
		unit_text(rows[i].rcpt[0], "kind",
		    forwarding_kind_name(forwarding_judge(&envelope, FORWARDING_PASS)),
		    rows[i].kind);
		unit_text(rows[i].rcpt[0], "domain", envelope.deciding.domain, rows[i].domain);
		unit_int(rows[i].rcpt[0], "differ", envelope.differ, rows[i].differ);
	}
	end_case(&c);
	unit_end();
}

/* Only the domain of an expanded address is worth a warning. */
static void
test_unknown(void **state)
{
	static const struct {
		const char *rcpt, *original;
		bool unknown;
	} rows[] = {
		{ "b@out.test", "a@else.test", true },
		{ "b@out.test", "a@x.sub.test", true },
		{ "b@out.test", "B@out.test", false },
		{ "b@out.test", "", false },
		{ "b@out.test", "a", false },
		{ "b@out.test", "a@fwd.test", false },
		{ "b@out.test", VALID, false },
		{ "p@relay.test", "a@else.test", false },
	};
	struct forwarding_recipient recipient;
	struct address_case c;
	size_t i;

	(void)state;
	begin_case(&c, make_forwarder());
	for (i = 0; i < COUNT(rows); i++) {
		forwarding_read_recipient(&recipient, &c.context, make_case_text(&c, rows[i].rcpt),
		    make_case_text(&c, rows[i].original), false);
		unit_int(rows[i].original, "unknown", recipient.is_unknown, rows[i].unknown);
	}
	end_case(&c);
	unit_end();
}

/* Of an address as a client wrote it: Postfix may complete it so that it is ours. */
static void
test_facts(void **state)
{
	static const struct {
		const char *domain; /* after the local part of VALID */
		enum srs_fact valid, forged;
	} rows[] = {
		{ "@srs.test", SRS_FACT_VALID, SRS_FACT_FORGED },
		{ "@srs.test.", SRS_FACT_VALID, SRS_FACT_FORGED },
		{ "@old.test", SRS_FACT_VALID, SRS_FACT_FORGED },
		{ "", SRS_FACT_VALID, SRS_FACT_FORGED },
		{ "@srs", SRS_FACT_VALID, SRS_FACT_FORGED },
		{ "%srs.test", SRS_FACT_VALID, SRS_FACT_FORGED },
		{ "%srs.test@fwd.test", SRS_FACT_FORGED, SRS_FACT_FORGED },
		{ "@out.test", SRS_FACT_FOREIGN, SRS_FACT_FOREIGN },
	};
	struct forwarding_recipient recipient;
	const struct text none = { "", 0 };
	struct address_case c;
	char valid[600], forged[600];
	size_t i;

	(void)state;
	begin_case(&c, make_forwarder());
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(valid, sizeof(valid), "%.*s%s", (int)strcspn(c.valid, "@"), c.valid,
		    rows[i].domain);
		snprintf(forged, sizeof(forged), "%.*s%s", (int)strcspn(c.forged, "@"), c.forged,
		    rows[i].domain);
		forwarding_read_recipient(
		    &recipient, &c.context, (struct text){ valid, strlen(valid) }, none, false);
		unit_int(rows[i].domain, "valid", recipient.fact, rows[i].valid);
		forwarding_read_recipient(
		    &recipient, &c.context, (struct text){ forged, strlen(forged) }, none, false);
		unit_int(rows[i].domain, "forged", recipient.fact, rows[i].forged);
	}
	end_case(&c);
	unit_end();
}

static void
test_always_rewrite(void **state)
{
	struct forwarding_envelope envelope;
	struct address_case c;
	struct settings *s = make_forwarder();

	(void)state;
	begin_case(&c, s);
	srs_set(s, "always-rewrite", "true");
	forwarding_start(&envelope, &c.context, make_case_text(&c, "x@fwd.test"));
	add_case_recipient(&envelope, &c, "b@out.test", "a@fwd.test", false);
	assert_int_equal(forwarding_judge(&envelope, FORWARDING_PASS), FORWARDING_FORWARD);
	forwarding_start(&envelope, &c.context, make_case_text(&c, VALID));
	add_case_recipient(&envelope, &c, "b@out.test", "a@fwd.test", false);
	assert_int_equal(forwarding_judge(&envelope, FORWARDING_PASS), FORWARDING_OWN_SRS);
	end_case(&c);
}

#define APART "apart.test"
#define CANDIDATE "srs.fwd.test"

struct decision_row {
	const char *row;
	const char *sender, *rcpt, *original;
	const char *apart; /* unauthenticated-domain */
	const char *unauthenticated;
	const char *candidate;
	enum forwarding_auth auth;
	bool candidate_aligned, srs_aligned, hold_full;
	const char *domain;
	bool hold;
	const char *reason;
};

static void
check_decision(const struct decision_row *r, const struct address_case *c)
{
	const struct forwarding_facts facts = { r->auth, r->candidate, r->candidate_aligned,
		r->srs_aligned, r->hold_full };
	struct forwarding_decision decision;
	struct forwarding_envelope envelope;

	forwarding_start(&envelope, &c->context, make_case_text(c, r->sender));
	add_case_recipient(&envelope, c, r->rcpt, r->original, false);
	forwarding_decide(&decision, &envelope, c->context.settings, &facts);
	unit_text(r->row, "domain", decision.domain, r->domain);
	unit_int(r->row, "hold", decision.hold, r->hold);
	unit_text(r->row, "reason", forwarding_reason_name(decision.reason), r->reason);
}

static void
test_decisions(void **state)
{
#define FORWARD "x@origin.test", "b@out.test", "a@fwd.test"
#define REDIRECTED "x@origin.test", "b@out.test", ""
	static const struct decision_row rows[] = {
		{ "forward", FORWARD, "", "rewrite", "", FORWARDING_PASS, false, false, false,
		    "srs.test", false, NULL },
		{ "redirected", REDIRECTED, "", "rewrite", "", FORWARDING_PASS, false, false, false,
		    "srs.test", false, NULL },
		{ "candidate", FORWARD, APART, "rewrite", CANDIDATE, FORWARDING_PASS, false, true,
		    false, CANDIDATE, false, NULL },
		{ "candidate aligned", FORWARD, APART, "rewrite", CANDIDATE, FORWARDING_PASS, true,
		    false, false, "srs.test", false, "aligned" },
		{ "both aligned", FORWARD, APART, "rewrite", CANDIDATE, FORWARDING_PASS, true, true,
		    false, APART, false, "aligned" },
		{ "both aligned, no other", FORWARD, "", "rewrite", CANDIDATE, FORWARDING_PASS,
		    true, true, false, "srs.test", false, "aligned" },
		{ "srs-domain aligned", FORWARD, APART, "rewrite", "", FORWARDING_PASS, false, true,
		    false, APART, false, "aligned" },
		{ "rewrite", FORWARD, APART, "rewrite", "", FORWARDING_FAIL, false, false, false,
		    "srs.test", false, NULL },
		{ "unchecked", FORWARD, APART, "domain", CANDIDATE, FORWARDING_UNCHECKED, false,
		    false, false, CANDIDATE, false, NULL },
		{ "domain", FORWARD, APART, "domain", CANDIDATE, FORWARDING_FAIL, false, false,
		    false, APART, false, "unauthenticated" },
		{ "domain, redirected", REDIRECTED, APART, "domain", "", FORWARDING_FAIL, false,
		    false, false, APART, false, "unauthenticated" },
		{ "keep", FORWARD, APART, "keep", CANDIDATE, FORWARDING_FAIL, false, false, false,
		    NULL, false, "unauthenticated" },
		{ "hold", FORWARD, APART, "hold", CANDIDATE, FORWARDING_FAIL, false, false, false,
		    CANDIDATE, true, "unauthenticated" },
		{ "hold is full", FORWARD, APART, "hold", CANDIDATE, FORWARDING_FAIL, false, false,
		    true, APART, false, "hold-limit" },
		{ "hold is full, no domain", FORWARD, "", "hold", "", FORWARDING_FAIL, false, false,
		    true, "srs.test", false, "hold-limit" },
		{ "own, forged", "x@fwd.test", "b@out.test", "a@fwd.test", APART, "domain", "",
		    FORWARDING_FAIL, false, false, false, APART, false, "unauthenticated" },
		{ "own", "x@fwd.test", "b@out.test", "a@fwd.test", APART, "domain", "",
		    FORWARDING_PASS, false, false, false, NULL, false, NULL },
		{ "relayed", "x@origin.test", "p@relay.test", "", APART, "hold", "",
		    FORWARDING_FAIL, false, false, false, NULL, false, NULL },
		{ "trusting recipient", "x@origin.test", "b@friend.test", "a@fwd.test", APART,
		    "domain", CANDIDATE, FORWARDING_FAIL, false, false, false, NULL, false,
		    "no-rewrite" },
		{ "bounce", "", "b@out.test", "a@fwd.test", APART, "domain", "", FORWARDING_FAIL,
		    false, false, false, NULL, false, NULL },
		{ "bounce, hold", "", "b@out.test", "a@fwd.test", APART, "hold", "",
		    FORWARDING_FAIL, false, false, false, NULL, true, "unauthenticated" },
		{ "bounce, hold is full", "", "b@out.test", "a@fwd.test", APART, "hold", "",
		    FORWARDING_FAIL, false, false, true, NULL, false, "hold-limit" },
		{ "bounce of ours", "", "joe@origin.test", VALID, APART, "hold", "",
		    FORWARDING_FAIL, false, false, false, NULL, false, NULL },
		{ "bounce, unchecked", "", "b@out.test", "a@fwd.test", APART, "hold", "",
		    FORWARDING_UNCHECKED, false, false, false, NULL, false, NULL },
	};
	struct settings *s = make_forwarder();
	struct address_case c;
	size_t i;

	(void)state;
	begin_case(&c, s);
	for (i = 0; i < COUNT(rows); i++) {
		srs_set(s, "unauthenticated", rows[i].unauthenticated);
		srs_set(s, "unauthenticated-domain", rows[i].apart);
		check_decision(&rows[i], &c);
	}
	end_case(&c);
	unit_end();
}

static void
test_rewrite_relayed(void **state)
{
	static const struct decision_row kept = { "redirected", REDIRECTED, "", "hold", "",
		FORWARDING_FAIL, false, false, false, NULL, false, NULL };
	static const struct decision_row forward = { "forward", FORWARD, "", "rewrite", "",
		FORWARDING_PASS, false, false, false, "srs.test", false, NULL };
	struct settings *s = make_forwarder();
	struct address_case c;

	(void)state;
	begin_case(&c, s);
	srs_set(s, "rewrite-relayed", "false");
	check_decision(&kept, &c);
	check_decision(&forward, &c);
	end_case(&c);
	unit_end();
}

static void
test_needs_candidate(void **state)
{
	static const struct {
		const char *per_domain, *unauthenticated, *rcpt, *original;
		enum forwarding_auth auth;
		bool needs;
	} rows[] = {
		{ "off", "rewrite", "b@out.test", "a@fwd.test", FORWARDING_PASS, false },
		{ "same", "rewrite", "b@out.test", "a@fwd.test", FORWARDING_PASS, true },
		{ "srs.", "rewrite", "b@out.test", "a@fwd.test", FORWARDING_UNCHECKED, true },
		{ "srs.", "rewrite", "b@out.test", "a@fwd.test", FORWARDING_FAIL, true },
		{ "srs.", "hold", "b@out.test", "a@fwd.test", FORWARDING_FAIL, true },
		{ "srs.", "domain", "b@out.test", "a@fwd.test", FORWARDING_FAIL, false },
		{ "srs.", "keep", "b@out.test", "a@fwd.test", FORWARDING_FAIL, false },
		{ "srs.", "rewrite", "b@out.test", "", FORWARDING_PASS, false },
		{ "srs.", "rewrite", "b@relay.test", "a@fwd.test", FORWARDING_PASS, false },
		{ "srs.", "rewrite", "b@friend.test", "a@fwd.test", FORWARDING_PASS, false },
	};
	struct settings *s = make_forwarder();
	struct forwarding_envelope envelope;
	struct address_case c;
	size_t i;

	(void)state;
	begin_case(&c, s);
	for (i = 0; i < COUNT(rows); i++) {
		srs_set(s, "per-domain", rows[i].per_domain);
		srs_set(s, "unauthenticated", rows[i].unauthenticated);
		forwarding_start(&envelope, &c.context, make_case_text(&c, "x@origin.test"));
		add_case_recipient(&envelope, &c, rows[i].rcpt, rows[i].original, false);
		unit_int(unit_row("%zu", i), "needs",
		    forwarding_needs_candidate(&envelope, s, rows[i].auth), rows[i].needs);
	}
	end_case(&c);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_incoming),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_always_rewrite),
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_rewrite_relayed),
		cmocka_unit_test(test_needs_candidate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
