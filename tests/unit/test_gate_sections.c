/* SPDX-License-Identifier: ISC */
/* Decisions for recipients with a section spf "NAME" { } of their own, and for those without. */
#include "tests/unit/gate_case.h"

#include "conf/spf_sections.h"

/* section - add one, with options in the form name, value, ..., NULL */
static struct spf_section *
section(struct gate_case *c, const char *name, const char *const *options)
{
	char error[OPTION_ERROR_SIZE];
	struct spf_section *added;

	if (c->settings->sections == NULL)
		c->settings->sections = spf_sections_new();
	added = spf_sections_add(c->settings->sections, name, error);
	if (added == NULL)
		fail_msg("%s: %s", name, error);
	for (; *options != NULL; options += 2)
		if (!spf_section_set(added, option_find("spf", options[0]), &options[1], 1, error))
			fail_msg("%s: %s", options[0], error);
	return added;
}

#define SECTION(c, name, ...) section(c, name, (const char *const[]){ __VA_ARGS__, NULL })

static void
complete(struct gate_case *c)
{
	spf_sections_complete(c->settings->sections, &c->settings->spf);
}

/* a_hosting_site - spf { } is strict, and some of its customers are not */
static struct gate_case
a_hosting_site(void)
{
	struct gate_case c = gate_begin();

	gate_set(&c, "mail-from-reject", "softfail");
	gate_set(&c, "reason-message", "{result} for all");
	SECTION(&c, "lax.test", "mail-from-reject", "false", "helo-reject", "false");
	SECTION(&c, "strict@lax.test", "mail-from-reject", "spf-not-pass");
	SECTION(&c, "words.test", "reason-message", "{result} for us", "permerror-reject", "on",
	    "temperror-defer", "on");
	SECTION(&c, "nothing.test", "mail-from-reject", "no-check", "helo-reject", "no-check");
	SECTION(&c, "relay.test", "whitelist", "192.0.2.0/24");
	SECTION(&c, "nomail.test", "no-mail", "on");
	SECTION(&c, "bank.test", "reject-not-pass-domains", "x.test");
	complete(&c);
	return c;
}

static void
test_recipients_are_judged_by_their_section(void **state)
{
	static const struct {
		const char *recipient;
		enum spf_result result;
		enum gate_kind kind;
		const char *text; /* its beginning */
	} rows[] = {
		{ "b@y.test", SPF_SOFTFAIL, GATE_REJECT, "550 5.7.23 softfail for all" },
		{ "b@y.test", SPF_PERMERROR, GATE_PREPEND, "PREPEND Received-SPF: Permerror" },
		{ "b@lax.test", SPF_FAIL, GATE_PREPEND, "PREPEND Received-SPF: Fail" },
		{ "b@LAX.test", SPF_FAIL, GATE_PREPEND, "PREPEND Received-SPF: Fail" },
		{ "b@lax.test.", SPF_FAIL, GATE_PREPEND, "PREPEND Received-SPF: Fail" },
		{ "b@www.lax.test", SPF_FAIL, GATE_REJECT, "550 5.7.23 fail for all" },
		{ "strict@lax.test", SPF_NEUTRAL, GATE_REJECT, "550 5.7.23 neutral for all" },
		{ "Strict+list@Lax.test", SPF_NEUTRAL, GATE_REJECT, "550 5.7.23 neutral for all" },
		{ "strict@lax.test", SPF_PASS, GATE_PREPEND, "PREPEND Received-SPF: Pass" },
		{ "b@words.test", SPF_SOFTFAIL, GATE_REJECT, "550 5.7.23 softfail for us" },
		{ "b@words.test", SPF_NEUTRAL, GATE_PREPEND, "PREPEND Received-SPF: Neutral" },
		{ "b@words.test", SPF_PERMERROR, GATE_REJECT, "550 5.7.24 permerror for us" },
		{ "b@words.test", SPF_TEMPERROR, GATE_DEFER, "451 4.7.24 temperror for us" },
		{ "b@nothing.test", SPF_FAIL, GATE_DUNNO, "DUNNO" },
		{ "b@relay.test", SPF_FAIL, GATE_DUNNO, "DUNNO" },
		{ "b@nomail.test", SPF_FAIL, GATE_PREPEND, "PREPEND Received-SPF: Fail" },
		{ "b@bank.test", SPF_NEUTRAL, GATE_REJECT, "550 5.7.23 neutral for all" },
		{ "b%lax.test", SPF_FAIL, GATE_PREPEND, "PREPEND Received-SPF: Fail" },
		/* delivered to lax.test if y.test is in mydestination, and refused if it is not */
		{ "b%lax.test@y.test", SPF_FAIL, GATE_PREPEND, "PREPEND Received-SPF: Fail" },
		{ "b%y.test@lax.test", SPF_FAIL, GATE_REJECT, "550 5.7.23 fail for all" },
		{ "strict@lax.test@y.test", SPF_NEUTRAL, GATE_REJECT,
		    "550 5.7.23 neutral for all" },
		{ "strict@lax.test@", SPF_NEUTRAL, GATE_REJECT, "550 5.7.23 neutral for all" },
		{ "\305\277trict@LAX.te\305\277t", SPF_NEUTRAL, GATE_REJECT,
		    "550 5.7.23 neutral for all" },
		{ "lax.test", SPF_FAIL, GATE_REJECT, "550 5.7.23 fail for all" },
		{ "", SPF_FAIL, GATE_REJECT, "550 5.7.23 fail for all" },
	};
	struct gate_case c = a_hosting_site();
	size_t i;

	(void)state;
	gate_helo(&c, SPF_NONE);
	for (i = 0; i < COUNT(rows); i++) {
		c.req.recipient = gate_text(rows[i].recipient);
		gate_mailfrom(&c, rows[i].result);
		gate_run(&c, rows[i].recipient);
		unit_text(rows[i].recipient, "kind", gate_kind_name(c.action.kind),
		    gate_kind_name(rows[i].kind));
		unit_text(rows[i].recipient, "text",
		    strncmp(c.action.text, rows[i].text, strlen(rows[i].text)) == 0 ? rows[i].text
										    : c.action.text,
		    rows[i].text);
	}
	gate_end(&c);
	unit_end();
}

static void
test_helo_and_null_senders(void **state)
{
	static const struct {
		const char *recipient, *sender;
		enum gate_kind kind;
	} rows[] = {
		{ "b@y.test", "a@x.test", GATE_REJECT },
		{ "b@y.test", "", GATE_REJECT },
		{ "b@helo.test", "a@x.test", GATE_PREPEND },
		{ "b@helo.test", "", GATE_PREPEND }, /* null-sender-reject follows helo-reject */
		{ "b@bounce.test", "a@x.test", GATE_REJECT },
		{ "b@bounce.test", "", GATE_PREPEND },
		{ "b@null.test", "a@x.test", GATE_PREPEND },
		{ "b@null.test", "", GATE_REJECT },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = unit_row("<%s> to %s", rows[i].sender, rows[i].recipient);

		c = gate_begin();
		SECTION(&c, "helo.test", "helo-reject", "false");
		SECTION(&c, "bounce.test", "null-sender-reject", "false");
		SECTION(&c, "null.test", "helo-reject", "null");
		complete(&c);
		gate_helo(&c, SPF_FAIL);
		if (rows[i].sender[0] != '\0')
			gate_mailfrom(&c, SPF_NONE);
		c.req.sender = gate_text(rows[i].sender);
		c.req.recipient = gate_text(rows[i].recipient);
		gate_run(&c, row);
		unit_text(row, "kind", gate_kind_name(c.action.kind), gate_kind_name(rows[i].kind));
		gate_end(&c);
	}
	unit_end();
}

static void
test_plans_of_recipients(void **state)
{
	static const struct {
		const char *recipient;
		bool decided, helo, mailfrom;
	} rows[] = {
		{ "b@y.test", false, true, true },
		{ "b@helo.test", false, true, false },
		{ "b@from.test", false, false, true },
		{ "b@nothing.test", true, false, false },
	};
	struct gate_case c = gate_begin();
	struct gate_query q;
	size_t i;

	(void)state;
	SECTION(&c, "helo.test", "mail-from-reject", "no-check");
	SECTION(&c, "from.test", "helo-reject", "no-check");
	SECTION(&c, "nothing.test", "mail-from-reject", "no-check", "helo-reject", "no-check");
	complete(&c);
	for (i = 0; i < COUNT(rows); i++) {
		c.req.recipient = gate_text(rows[i].recipient);
		gate_query(&c, &q);
		unit_int(rows[i].recipient, "decided",
		    gate_before(&q, c.settings, &c.action, &c.plan), rows[i].decided);
		unit_int(rows[i].recipient, "HELO", c.plan.helo, rows[i].helo);
		unit_int(rows[i].recipient, "MAIL FROM", c.plan.mailfrom, rows[i].mailfrom);
	}
	gate_end(&c);
	unit_end();
}

/* A verdict that is known from another recipient does not refuse where it is not checked. */
static void
test_verdicts_of_other_recipients(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	SECTION(&c, "helo.test", "mail-from-reject", "no-check");
	SECTION(&c, "from.test", "helo-reject", "no-check");
	complete(&c);
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	c.req.recipient = gate_text("b@helo.test");
	gate_check(&c, "MAIL FROM is not checked", GATE_PREPEND, NULL);
	gate_helo(&c, SPF_FAIL);
	gate_mailfrom(&c, SPF_NONE);
	c.req.recipient = gate_text("b@from.test");
	gate_check(&c, "HELO is not checked", GATE_PREPEND, NULL);
	c.req.recipient = gate_text("b@y.test");
	gate_check(&c, "both are", GATE_REJECT, NULL);
	gate_end(&c);
	unit_end();
}

/* The SRS facts come before every section, and its test-only does not concern them. */
static void
test_srs_facts_come_first(void **state)
{
	static const struct {
		enum srs_fact recipient;
		bool guessing, overused;
		const char *text;
	} rows[] = {
		{ SRS_FACT_FORGED, false, false, "550 5.1.1 unknown SRS address" },
		{ SRS_FACT_EXPIRED, false, false, "550 5.1.1 expired SRS address" },
		{ SRS_FACT_VALID, true, false, "450 4.7.1 try again later" },
		{ SRS_FACT_VALID, false, true, "450 4.7.1 try again later" },
		{ SRS_FACT_UNKNOWN, false, false, "451 4.3.0 try again later" },
		{ SRS_FACT_VALID, false, false, "DUNNO" },
	};
	static const char *const options[][2] = { { "test-only", "on" },
		{ "whitelist", "0.0.0.0/0" }, { "helo-reject", "no-check" } };
	struct gate_case c;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		for (j = 0; j < COUNT(options); j++) {
			c = gate_begin();
			SECTION(&c, "y.test", options[j][0], options[j][1]);
			complete(&c);
			gate_null_sender(&c);
			c.recipient = rows[i].recipient;
			c.guessing = rows[i].guessing;
			c.overused = rows[i].overused;
			gate_run(&c, options[j][0]);
			unit_true(options[j][0], "decided", c.decided);
			unit_text(options[j][0], "text", c.action.text, rows[i].text);
			gate_end(&c);
		}
	}
	unit_end();
}

/* The header is of the message: what a section holds back is only logged. */
static void
test_test_only(void **state)
{
	static const struct {
		const char *all, *own; /* test-only of spf { } and of the section; NULL: not set */
		const char *recipient;
		enum gate_kind kind;
		const char *held_back;
		bool comment;
	} rows[] = {
		{ "off", "on", "b@own.test", GATE_PREPEND, "reject", false },
		{ "off", "on", "b@y.test", GATE_REJECT, NULL, false },
		{ "on", "off", "b@own.test", GATE_REJECT, NULL, false },
		{ "on", "off", "b@y.test", GATE_PREPEND, "reject", true },
		{ "on", NULL, "b@own.test", GATE_PREPEND, "reject", false },
		{ "on", "on", "b@own.test", GATE_PREPEND, "reject", false },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = unit_row("%zu: %s", i, rows[i].recipient);

		c = gate_begin();
		gate_set(&c, "test-only", rows[i].all);
		SECTION(&c, "own.test", "no-mail", "off", rows[i].own == NULL ? NULL : "test-only",
		    rows[i].own);
		complete(&c);
		gate_mailfrom(&c, SPF_FAIL);
		c.req.recipient = gate_text(rows[i].recipient);
		gate_run(&c, row);
		unit_text(row, "kind", gate_kind_name(c.action.kind), gate_kind_name(rows[i].kind));
		unit_text(row, "held back", c.action.held_back, rows[i].held_back);
		unit_int(row, "comment", strstr(c.action.text, "test-only, would") != NULL,
		    rows[i].comment);
		gate_end(&c);
	}
	unit_end();
}

/* With test-only for all, a section that refuses still holds back the refusal of an SRS fact. */
static void
test_srs_facts_and_test_only(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "test-only", "on");
	SECTION(&c, "y.test", "test-only", "off");
	complete(&c);
	c.recipient = SRS_FACT_FORGED;
	gate_mailfrom(&c, SPF_NONE);
	gate_check(&c, "none", GATE_PREPEND, NULL);
	unit_text("none", "held back", c.action.held_back, "reject");
	gate_mailfrom(&c, SPF_FAIL);
	gate_check(&c, "fail", GATE_REJECT, NULL);
	gate_end(&c);
	unit_end();
}

/* The result of a list counts for the recipients that have this list. */
static void
test_allow_lists(void **state)
{
	static const struct {
		const char *recipient;
		bool known, in_section; /* a result is there, of lists of a section */
		bool asks;              /* for the lists */
		enum gate_kind kind;
	} rows[] = {
		{ "b@y.test", false, false, true, GATE_REJECT },
		{ "b@y.test", true, false, false, GATE_PREPEND },
		{ "b@y.test", true, true, true, GATE_REJECT },
		{ "b@shares.test", true, false, false, GATE_PREPEND },
		{ "b@shares.test", true, true, true, GATE_REJECT },
		{ "b@own.test", false, false, true, GATE_REJECT },
		{ "b@own.test", true, false, true, GATE_REJECT },
		{ "b@own.test", true, true, false, GATE_PREPEND },
		{ "b@none.test", true, false, false, GATE_REJECT },
		{ "b@none.test", false, false, false, GATE_REJECT },
	};
	struct gate_case c = gate_begin();
	char error[OPTION_ERROR_SIZE];
	struct spf_section *none;
	struct gate_query q;
	size_t i;

	(void)state;
	gate_set(&c, "domain-whitelist", "friend.test");
	SECTION(&c, "shares.test", "mail-from-reject", "softfail");
	SECTION(&c, "own.test", "helo-whitelist", "mx.friend.test");
	none = SECTION(&c, "none.test", "no-mail", "off");
	assert_true(spf_section_set(none, option_find("spf", "domain-whitelist"), NULL, 0, error));
	complete(&c);
	gate_mailfrom(&c, SPF_FAIL);
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = unit_row("%zu: %s", i, rows[i].recipient);

		c.req.recipient = gate_text(rows[i].recipient);
		c.verdicts.has_allowed = rows[i].known;
		c.verdicts.allowed_in_section = rows[i].in_section;
		c.verdicts.allowed = rows[i].known ? "domain-whitelist" : NULL;
		gate_query(&c, &q);
		unit_int(
		    row, "asks", gate_needs_allow_lists(&q, c.settings, &c.verdicts), rows[i].asks);
		gate_run(&c, row);
		unit_text(row, "kind", gate_kind_name(c.action.kind), gate_kind_name(rows[i].kind));
	}
	c.req.recipient = gate_text("b@own.test");
	gate_query(&c, &q);
	assert_ptr_equal(gate_allow_lists(&q, c.settings), q.spf);
	c.req.recipient = gate_text("b@shares.test");
	gate_query(&c, &q);
	assert_ptr_equal(gate_allow_lists(&q, c.settings), &c.settings->spf);
	gate_end(&c);
	unit_end();
}

/* A list of another recipient that could not be looked up makes no refusal a deferral. */
static void
test_unknown_lists(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "domain-whitelist", "friend.test");
	SECTION(&c, "own.test", "domain-whitelist", "other.test");
	complete(&c);
	gate_mailfrom(&c, SPF_FAIL);
	c.verdicts.has_allowed = c.verdicts.allowed_unknown = true;
	gate_check(&c, "of all", GATE_DEFER, NULL);
	c.req.recipient = gate_text("b@own.test");
	gate_check(&c, "of others", GATE_REJECT, NULL);
	c.verdicts.allowed_in_section = true;
	gate_check(&c, "of its own", GATE_DEFER, NULL);
	gate_end(&c);
	unit_end();
}

/* At DATA the header is given, whatever a section or spf { } would do with the sender. */
static void
test_header_at_data(void **state)
{
	struct gate_case c = gate_begin();
	struct gate_query q;

	(void)state;
	gate_set(&c, "header", "both");
	SECTION(&c, "lax.test", "mail-from-reject", "false");
	complete(&c);
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	c.req.protocol_state = gate_text("DATA");
	c.req.recipient = gate_text("");
	gate_query(&c, &q);
	gate_after(&q, c.settings, &c.verdicts, GATE_HEADER_AUTHRES, NULL, &c.action);
	unit_text("two recipients", "text", c.action.text,
	    "PREPEND Authentication-Results: mx.receiver.test; spf=fail smtp.mailfrom=x.test");
	gate_end(&c);
	unit_end();
}

/* What is of the message or of the server is the same for all. */
static void
test_what_no_section_changes(void **state)
{
	struct gate_case c = gate_begin();
	struct gate_query q;

	(void)state;
	gate_set(&c, "srs-sender", "no-reject");
	gate_set(&c, "skip-addresses", "192.0.2.1");
	SECTION(&c, "y.test", "mail-from-reject", "fail");
	complete(&c);
	gate_query(&c, &q);
	unit_text("section", "exemption", gate_exemption(&q, c.settings), "skip-addresses");
	unit_int("section", "srs-sender", q.spf->srs_sender, SRS_SENDER_NO_REJECT);
	unit_text("section", "name", q.section->name, "y.test");
	gate_end(&c);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recipients_are_judged_by_their_section),
		cmocka_unit_test(test_helo_and_null_senders),
		cmocka_unit_test(test_plans_of_recipients),
		cmocka_unit_test(test_verdicts_of_other_recipients),
		cmocka_unit_test(test_srs_facts_come_first),
		cmocka_unit_test(test_test_only),
		cmocka_unit_test(test_srs_facts_and_test_only),
		cmocka_unit_test(test_allow_lists),
		cmocka_unit_test(test_unknown_lists),
		cmocka_unit_test(test_header_at_data),
		cmocka_unit_test(test_what_no_section_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
