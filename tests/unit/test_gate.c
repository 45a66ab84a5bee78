/* SPDX-License-Identifier: ISC */
/*
 * Decisions: exemptions, SRS facts, plans, and the results that each policy refuses.
 * test_gate_texts.c tests the words of the answers.
 */
#include "tests/unit/gate_case.h"

/* for queries whose recipient does not matter */
static const struct settings no_sections;

static void
test_query(void **state)
{
	static const struct {
		const char *sender;
		const char *local;
		const char *domain;
		bool null_sender;
	} rows[] = {
		{ "a@x.test", "a", "x.test", false },
		{ "a@b@x.test", "a@b", "x.test", false },
		{ "jane roe@x.test", "jane roe", "x.test", false },
		{ "", "", "", true },
		{ "<>", "", "", true },
		{ "nobody", "nobody", "", false },
		{ "a@x.test.", "a", "x.test", false },
		{ "a@b\303\274cher.test.", "a", "xn--bcher-kva.test", false },
		/* Addresses are judged as Postfix interprets them. */
		{ "fail.test!u", "u", "fail.test", false },
		{ "u%fail.test", "u", "fail.test", false },
		{ "u%fail.test@x.test", "u%fail.test", "x.test", false },
		{ "@", "", "", false },
		{ "a@", "a", "", false },
		{ "@x.test", "", "x.test", false },
	};
	struct policy_request req = { .client_address = gate_text("192.0.2.1") };
	struct gate_query q;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		req.sender = gate_text(rows[i].sender);
		gate_query_init(&q, &req, &no_sections);
		unit_bytes(rows[i].sender, "local part", q.sender_local.s, q.sender_local.len,
		    rows[i].local, strlen(rows[i].local));
		unit_bytes(rows[i].sender, "domain", q.sender_domain.s, q.sender_domain.len,
		    rows[i].domain, strlen(rows[i].domain));
		unit_int(rows[i].sender, "null", q.null_sender, rows[i].null_sender);
		unit_true(rows[i].sender, "no facts yet",
		    q.srs.sender == SRS_FACT_FOREIGN && q.srs.recipient == SRS_FACT_FOREIGN &&
			!q.srs.guessing && !q.srs.overused && !q.srs.sender_overused);
	}
	unit_end();
}

static void
test_query_helo(void **state)
{
	static const struct {
		const char *helo;
		const char *want;
	} rows[] = {
		{ "mx.test", "mx.test" },
		{ "mx.test.", "mx.test" },
		{ "mx.test..", "mx.test.." },
		{ "b\303\274cher.test.", "xn--bcher-kva.test" },
		{ "[192.0.2.1]", "[192.0.2.1]" },
		{ "", "" },
	};
	struct policy_request req = { 0 };
	struct gate_query q;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		req.helo_name = gate_text(rows[i].helo);
		gate_query_init(&q, &req, &no_sections);
		unit_bytes(
		    rows[i].helo, "HELO", q.helo.s, q.helo.len, rows[i].want, strlen(rows[i].want));
	}
	unit_end();
}

static void
test_query_client(void **state)
{
	static const struct {
		const char *client;
		int family;
	} rows[] = { { "192.0.2.1", AF_INET }, { "2001:db8::1", AF_INET6 },
		{ "::ffff:192.0.2.1", AF_INET }, { "", 0 }, { "unknown", 0 }, { "192.0.2", 0 },
		{ "[192.0.2.1]", 0 }, { "IPv6:2001:db8::1", 0 } };
	struct policy_request req = { 0 };
	struct gate_query q;
	size_t i;

	(void)state;
	gate_query_init(&q, &req, &no_sections);
	unit_int("nothing at all", "family", q.client.family, 0);
	for (i = 0; i < COUNT(rows); i++) {
		req.client_address = gate_text(rows[i].client);
		gate_query_init(&q, &req, &no_sections);
		unit_int(rows[i].client, "family", q.client.family, rows[i].family);
	}
	unit_end();
}

static void
test_kind_names(void **state)
{
	(void)state;
	assert_string_equal(gate_kind_name(GATE_DUNNO), "dunno");
	assert_string_equal(gate_kind_name(GATE_PREPEND), "prepend");
	assert_string_equal(gate_kind_name(GATE_REJECT), "reject");
	assert_string_equal(gate_kind_name(GATE_DEFER), "defer");
	assert_string_equal(gate_kind_name(GATE_RESTRICTION), "restriction");
}

/*
 * check_exempt - DUNNO without an evaluation, for this reason; if it is NULL, the request is judged
 */
static void
check_exempt(struct gate_case *c, const char *row, const char *reason)
{
	struct gate_query q;

	gate_query(c, &q);
	unit_text(row, "exemption", gate_exemption(&q, c->settings), reason);
	gate_mailfrom(c, SPF_FAIL);
	c->recipient = SRS_FACT_FORGED; /* not even that is looked at */
	gate_run(c, row);
	unit_text(row, "kind", gate_kind_name(c->action.kind), reason == NULL ? "reject" : "dunno");
	if (reason != NULL)
		unit_text(row, "exempt", c->action.reason, reason);
	gate_end(c);
}

static void
test_states(void **state)
{
	static const char *const rows[] = { "", "CONNECT", "EHLO", "HELO", "MAIL", "DATA",
		"END-OF-MESSAGE", "ETRN", "rcpt", "vrfy", "RCPT ", "RCPTS", "NEW-STATE" };
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		c.req.protocol_state = gate_text(rows[i]);
		check_exempt(&c, rows[i], "state");
	}
	c = gate_begin();
	check_exempt(&c, "RCPT", NULL);
	unit_end();
}

/* VRFY gets the answer of RCPT for an SRS address of ours, and none for any other. */
static void
test_vrfy(void **state)
{
	static const struct {
		enum srs_fact recipient;
		bool guessing;
		enum gate_kind kind;
		const char *why;
	} rows[] = {
		{ SRS_FACT_FORGED, false, GATE_REJECT, "srs-forged" },
		{ SRS_FACT_EXPIRED, false, GATE_REJECT, "srs-expired" },
		{ SRS_FACT_VALID, false, GATE_DUNNO, "srs-bounce" },
		{ SRS_FACT_FORGED, true, GATE_DEFER, "guess-limit" },
		{ SRS_FACT_VALID, true, GATE_DEFER, "guess-limit" },
		{ SRS_FACT_FOREIGN, true, GATE_DUNNO, "state" },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		c.req.protocol_state = gate_text("VRFY");
		c.recipient = rows[i].recipient;
		c.guessing = rows[i].guessing;
		gate_helo(&c, SPF_FAIL);
		gate_null_sender(&c);
		gate_run(&c, rows[i].why);
		unit_true(rows[i].why, "is decided without an evaluation", c.decided);
		unit_text(rows[i].why, "kind", gate_kind_name(c.action.kind),
		    gate_kind_name(rows[i].kind));
		unit_text(rows[i].why, "why", c.action.reason, rows[i].why);
		gate_end(&c);
	}
	unit_end();
}

static void
test_authenticated_clients(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	c.req.sasl_username = gate_text("jane");
	check_exempt(&c, "jane", "authenticated");
	c = gate_begin();
	c.req.sasl_username = gate_text("");
	check_exempt(&c, "nobody", NULL);
	unit_end();
}

static void
test_clients_without_an_address(void **state)
{
	static const char *const rows[] = { "", "unknown", "host.test", "192.0.2.256" };
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		c.req.client_address = gate_text(rows[i]);
		check_exempt(&c, rows[i], "no-client-address");
	}
	unit_end();
}

static void
test_trusted_clients(void **state)
{
	static const struct {
		const char *client;
		const char *want;
	} rows[] = {
		{ "127.0.0.1", "skip-addresses" },
		{ "127.255.0.1", "skip-addresses" },
		{ "::1", "skip-addresses" },
		{ "::ffff:127.0.0.1", "skip-addresses" },
		{ "198.51.101.7", NULL },
		{ "128.0.0.1", NULL },
		{ "2001:db8:6::1", NULL },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		c.req.client_address = gate_text(rows[i].client);
		check_exempt(&c, rows[i].client, rows[i].want);
	}
	unit_end();
}

/* The whitelist exempts from SPF, but not from the SRS facts about the recipient. */
static void
test_whitelist(void **state)
{
	static const struct {
		const char *client;
		enum srs_fact recipient;
		enum gate_kind kind;
		const char *why;
	} rows[] = {
		{ "198.51.100.7", SRS_FACT_FOREIGN, GATE_DUNNO, "whitelist" },
		{ "::ffff:198.51.100.200", SRS_FACT_FOREIGN, GATE_DUNNO, "whitelist" },
		{ "2001:db8:5::1", SRS_FACT_FOREIGN, GATE_DUNNO, "whitelist" },
		{ "198.51.100.7", SRS_FACT_VALID, GATE_DUNNO, "whitelist" },
		{ "198.51.100.7", SRS_FACT_FORGED, GATE_REJECT, "srs-forged" },
		{ "2001:db8:5::1", SRS_FACT_EXPIRED, GATE_REJECT, "srs-expired" },
		{ "198.51.101.7", SRS_FACT_FOREIGN, GATE_REJECT, NULL },
		{ "2001:db8:6::1", SRS_FACT_FOREIGN, GATE_REJECT, NULL },
	};
	static const char *const nets[] = { "198.51.100.99/24", "2001:db8:5::/48" };
	char error[OPTION_ERROR_SIZE];
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		assert_true(
		    option_set(c.settings, option_find("spf", "whitelist"), nets, 2, error));
		c.req.client_address = gate_text(rows[i].client);
		c.recipient = rows[i].recipient;
		gate_mailfrom(&c, SPF_FAIL);
		gate_run(&c, rows[i].client);
		unit_text(rows[i].client, "kind", gate_kind_name(c.action.kind),
		    gate_kind_name(rows[i].kind));
		unit_text(rows[i].client, "why", c.action.reason, rows[i].why);
		gate_end(&c);
	}
	unit_end();
}

/* The outcomes for a recipient that is an SRS address of ours. */
struct srs_row {
	const char *sender;
	enum srs_fact recipient;
	const char *option; /* and its value, or NULL */
	const char *value;
	bool decided;
	enum gate_kind kind;
	const char *text; /* NULL: judged as any other */
	const char *why;
};

static void
test_srs_recipients(void **state)
{
	static const struct srs_row rows[] = {
		{ "", SRS_FACT_VALID, NULL, NULL, true, GATE_DUNNO, "DUNNO", "srs-bounce" },
		{ "<>", SRS_FACT_VALID, NULL, NULL, true, GATE_DUNNO, "DUNNO", "srs-bounce" },
		{ "", SRS_FACT_FORGED, NULL, NULL, true, GATE_REJECT,
		    "550 5.1.1 unknown SRS address", "srs-forged" },
		{ "a@x.test", SRS_FACT_FORGED, NULL, NULL, true, GATE_REJECT,
		    "550 5.1.1 unknown SRS address", "srs-forged" },
		{ "", SRS_FACT_EXPIRED, NULL, NULL, true, GATE_REJECT,
		    "550 5.1.1 expired SRS address", "srs-expired" },
		{ "a@x.test", SRS_FACT_EXPIRED, NULL, NULL, true, GATE_REJECT,
		    "550 5.1.1 expired SRS address", "srs-expired" },
		{ "a@x.test", SRS_FACT_FORGED, "srs-forged", "check", false, GATE_REJECT, NULL,
		    NULL },
		{ "a@x.test", SRS_FACT_EXPIRED, "srs-forged", "check", false, GATE_REJECT, NULL,
		    NULL },
		{ "a@x.test", SRS_FACT_VALID, NULL, NULL, false, GATE_REJECT, NULL, NULL },
		{ "a@x.test", SRS_FACT_VALID, "srs-nonnull", "check", false, GATE_REJECT, NULL,
		    NULL },
		{ "a@x.test", SRS_FACT_VALID, "srs-nonnull", "reject", true, GATE_REJECT,
		    "550 5.7.1 ", "srs-nonnull" },
		{ "a@x.test", SRS_FACT_VALID, "srs-nonnull", "defer", true, GATE_DEFER,
		    "450 4.7.1 ", "srs-nonnull" },
		{ "", SRS_FACT_VALID, "srs-nonnull", "reject", true, GATE_DUNNO, "DUNNO",
		    "srs-bounce" },
		{ "a@x.test", SRS_FACT_FOREIGN, NULL, NULL, false, GATE_REJECT, NULL, NULL },
		{ "", SRS_FACT_UNKNOWN, NULL, NULL, true, GATE_DEFER, "451 4.3.0 ", "no-hmac" },
		{ "a@x.test", SRS_FACT_UNKNOWN, "srs-forged", "check", true, GATE_DEFER,
		    "451 4.3.0 ", "no-hmac" },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = unit_row("%zu: from <%s>, %s=%s", i, rows[i].sender,
		    rows[i].option == NULL ? "" : rows[i].option,
		    rows[i].value == NULL ? "" : rows[i].value);

		c = gate_begin();
		if (rows[i].option != NULL)
			gate_set(&c, rows[i].option, rows[i].value);
		gate_mailfrom(&c, SPF_FAIL);
		gate_helo(&c, SPF_NONE);
		c.req.sender = gate_text(rows[i].sender);
		c.recipient = rows[i].recipient;
		gate_run(&c, row);
		unit_int(row, "decided before any DNS", c.decided, rows[i].decided);
		unit_text(row, "kind", gate_kind_name(c.action.kind), gate_kind_name(rows[i].kind));
		unit_holds(row, "text", c.action.text,
		    rows[i].text == NULL ? "550 5.7.23 SPF MAIL FROM" : rows[i].text);
		if (rows[i].decided)
			unit_text(row, "exempt", c.action.reason, rows[i].why);
		gate_end(&c);
	}
	unit_end();
}

static void
test_srs_limits(void **state)
{
	static const enum srs_fact facts[] = { SRS_FACT_VALID, SRS_FACT_EXPIRED, SRS_FACT_FORGED };
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(facts); i++) {
		c = gate_begin();
		gate_null_sender(&c);
		c.recipient = facts[i];
		c.guessing = true;
		gate_check(&c, "guess-limit", GATE_DEFER, "450 4.7.1 try again later");
		unit_text("guess-limit", "exempt", c.action.reason, "guess-limit");
		c.guessing = false;
		c.overused = true;
		gate_check(&c, "daily-limit", GATE_DEFER, "450 4.7.1 try again later");
		unit_text("daily-limit", "exempt", c.action.reason, "daily-limit");
		gate_end(&c);
	}
	c = gate_begin();
	gate_mailfrom(&c, SPF_PASS);
	c.guessing = true;
	gate_check(&c, "other recipients", GATE_PREPEND, NULL);
	gate_end(&c);
	unit_end();
}

/*
 * A sender that we signed, and the checks that it is spared. It never causes a pass, and is never
 * spared the HELO check.
 */
static void
test_srs_senders(void **state)
{
	static const struct {
		enum srs_fact sender;
		const char *value;
		enum spf_result helo;
		enum gate_kind kind;
		bool evaluated; /* MAIL FROM */
		const char *text;
		const char *why;
	} rows[] = {
		{ SRS_FACT_VALID, "skip", SPF_PASS, GATE_PREPEND, false,
		    "Received-SPF: None (SRS-verified", "srs-sender" },
		{ SRS_FACT_VALID, "skip", SPF_FAIL, GATE_REJECT, false,
		    "550 5.7.23 SPF HELO check failed: ", NULL },
		{ SRS_FACT_VALID, "no-reject", SPF_PASS, GATE_PREPEND, true,
		    "Received-SPF: Fail (mailfrom)", "srs-sender" },
		{ SRS_FACT_VALID, "check", SPF_PASS, GATE_REJECT, true, "550 5.7.23 ", NULL },
		{ SRS_FACT_EXPIRED, "skip", SPF_PASS, GATE_REJECT, true, "550 5.7.23 ", NULL },
		{ SRS_FACT_EXPIRED, "no-reject", SPF_PASS, GATE_REJECT, true, "550 5.7.23 ", NULL },
		{ SRS_FACT_FORGED, "skip", SPF_PASS, GATE_REJECT, true, "550 5.7.23 ", NULL },
		{ SRS_FACT_FORGED, "no-reject", SPF_PASS, GATE_REJECT, true, "550 5.7.23 ", NULL },
		{ SRS_FACT_FOREIGN, "skip", SPF_PASS, GATE_REJECT, true, "550 5.7.23 ", NULL },
		{ SRS_FACT_UNKNOWN, "skip", SPF_PASS, GATE_DEFER, false, "451 4.3.0 ", "no-hmac" },
		{ SRS_FACT_UNKNOWN, "check", SPF_PASS, GATE_DEFER, false, "451 4.3.0 ", "no-hmac" },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, "srs-sender", rows[i].value);
		gate_helo(&c, rows[i].helo);
		gate_mailfrom(&c, SPF_FAIL);
		c.sender = rows[i].sender;
		gate_run(&c, rows[i].value);
		unit_text(rows[i].value, "kind", gate_kind_name(c.action.kind),
		    gate_kind_name(rows[i].kind));
		unit_holds(rows[i].value, "text", c.action.text, rows[i].text);
		unit_int(rows[i].value, "evaluated", c.plan.mailfrom, rows[i].evaluated);
		unit_int(rows[i].value, "HELO", c.plan.helo, !c.decided);
		unit_text(rows[i].value, "why", c.action.reason, rows[i].why);
		gate_end(&c);
	}
	unit_end();
}

/* Nothing is evaluated, and there is no header: a right hash looks like a wrong one. */
static void
test_srs_sender_without_checks(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "helo-reject", "no-check");
	gate_set(&c, "mail-from-reject", "no-check");
	c.sender = SRS_FACT_VALID;
	gate_check(&c, "valid", GATE_DUNNO, "DUNNO");
	c.sender = SRS_FACT_FORGED;
	gate_check(&c, "forged", GATE_DUNNO, "DUNNO");
	gate_end(&c);
	unit_end();
}

/* A sender that came from too many networks is judged like any other, and only deferred. */
static void
test_overused_senders(void **state)
{
	static const char *const values[] = { "skip", "no-reject" };
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(values); i++) {
		c = gate_begin();
		gate_set(&c, "srs-sender", values[i]);
		c.sender = SRS_FACT_VALID;
		c.sender_overused = true;
		gate_mailfrom(&c, SPF_FAIL);
		gate_check(&c, values[i], GATE_DEFER, "450 4.7.1 try again later");
		unit_text(values[i], "why", c.action.reason, "daily-limit");
		gate_mailfrom(&c, SPF_NEUTRAL);
		gate_check(&c, values[i], GATE_PREPEND, NULL);
		gate_end(&c);
	}
	unit_end();
}

/* The recipient is looked at before the sender: both may be SRS addresses. */
static void
test_srs_sender_to_forged_recipient(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	c.sender = SRS_FACT_VALID;
	c.recipient = SRS_FACT_FORGED;
	gate_check(&c, "forged", GATE_REJECT, "550 5.1.1 unknown SRS address");
	c.recipient = SRS_FACT_VALID;
	gate_check(&c, "valid", GATE_PREPEND, NULL);
	gate_end(&c);
	unit_end();
}

static void
test_plans(void **state)
{
	static const struct {
		const char *sender, *helo_reject, *mail_from_reject, *header;
		bool helo, mailfrom;
	} rows[] = {
		{ "a@x.test", "fail", "fail", "received-spf", true, true },
		{ "a@x.test", "null", "fail", "received-spf", false, true },
		{ "a@x.test", "null", "fail", "both", true, true },
		{ "a@x.test", "false", "fail", "received-spf", false, true },
		{ "a@x.test", "false", "fail", "authentication-results", true, true },
		{ "a@x.test", "false", "fail", "none", false, true },
		{ "a@x.test", "no-check", "fail", "both", false, true },
		{ "a@x.test", "fail", "false", "received-spf", true, true },
		{ "a@x.test", "fail", "no-check", "received-spf", true, false },
		{ "a@x.test", "softfail", "no-check", "none", true, false },
		{ "", "fail", "fail", "received-spf", true, false },
		{ "", "null", "fail", "received-spf", true, false },
		{ "", "false", "fail", "received-spf", true, false },
		{ "", "fail", "no-check", "received-spf", true, false },
		{ "nobody", "fail", "fail", "received-spf", true, true },
	};
	struct gate_case c;
	struct gate_query q;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = unit_row("<%s> %s %s %s", rows[i].sender, rows[i].helo_reject,
		    rows[i].mail_from_reject, rows[i].header);

		c = gate_begin();
		gate_set(&c, "helo-reject", rows[i].helo_reject);
		gate_set(&c, "mail-from-reject", rows[i].mail_from_reject);
		gate_set(&c, "header", rows[i].header);
		c.req.sender = gate_text(rows[i].sender);
		gate_query(&c, &q);
		unit_true(row, "is left open", !gate_before(&q, c.settings, &c.action, &c.plan));
		unit_int(row, "HELO", c.plan.helo, rows[i].helo);
		unit_int(row, "MAIL FROM", c.plan.mailfrom, rows[i].mailfrom);
		gate_end(&c);
	}
	unit_end();
}

static void
test_nothing_to_check(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "helo-reject", "no-check");
	gate_set(&c, "mail-from-reject", "no-check");
	gate_check(&c, "both", GATE_DUNNO, "DUNNO");
	unit_true("both", "decided", c.decided);
	unit_text("both", "exempt", c.action.reason, "no-check");
	gate_set(&c, "mail-from-reject", "fail");
	gate_null_sender(&c);
	gate_check(&c, "null sender", GATE_DUNNO, "DUNNO");
	unit_text("null sender", "exempt", c.action.reason, "no-check");
	gate_end(&c);
	unit_end();
}

/* Which results each policy refuses, as text; no other option matters here. */
static const struct {
	const char *policy;
	const char *refuses;
} policies[] = {
	{ "spf-not-pass", "fail softfail neutral" },
	{ "softfail", "fail softfail" },
	{ "fail", "fail" },
	{ "false", "" },
};

/* refuses - does the list have the word? softfail is not fail */
static bool
refuses(const char *list, enum spf_result result)
{
	const char *name = spf_result_name(result);
	size_t n = strlen(name);
	const char *s;

	for (s = list; *s != '\0'; s += strcspn(s, " "), s += *s == ' ')
		if (strcspn(s, " ") == n && strncmp(s, name, n) == 0)
			return true;
	return false;
}

static void
test_mail_from_policies(void **state)
{
	struct gate_case c;
	const char *row;
	size_t i;
	int result;

	(void)state;
	for (i = 0; i < COUNT(policies); i++) {
		for (result = 0; result < SPF_RESULTS; result++) {
			row = unit_row(
			    "%s, %s", policies[i].policy, spf_result_name((enum spf_result)result));
			c = gate_begin();
			gate_set(&c, "mail-from-reject", policies[i].policy);
			gate_helo(&c, SPF_NONE);
			gate_mailfrom(&c, (enum spf_result)result);
			gate_check(&c, row,
			    refuses(policies[i].refuses, (enum spf_result)result) ? GATE_REJECT
										  : GATE_PREPEND,
			    NULL);
			unit_int(row, "identity", c.action.identity, SPF_IDENTITY_MAILFROM);
			gate_end(&c);
		}
	}
	unit_end();
}

static void
test_helo_policies(void **state)
{
	struct gate_case c;
	const char *row;
	size_t i;
	int result;

	(void)state;
	for (i = 0; i < COUNT(policies); i++) {
		for (result = 0; result < SPF_RESULTS; result++) {
			row = unit_row(
			    "%s, %s", policies[i].policy, spf_result_name((enum spf_result)result));
			c = gate_begin();
			gate_set(&c, "helo-reject", policies[i].policy);
			gate_helo(&c, (enum spf_result)result);
			gate_mailfrom(&c, SPF_PASS);
			gate_check(&c, row,
			    refuses(policies[i].refuses, (enum spf_result)result) ? GATE_REJECT
										  : GATE_PREPEND,
			    NULL);
			gate_end(&c);
		}
	}
	unit_end();
}

/* "null": HELO refuses fail, when the sender is null. */
static void
test_helo_policy_null(void **state)
{
	struct gate_case c;
	int result;

	(void)state;
	for (result = 0; result < SPF_RESULTS; result++) {
		c = gate_begin();
		gate_set(&c, "helo-reject", "null");
		gate_set(&c, "header", "both");
		gate_helo(&c, (enum spf_result)result);
		gate_mailfrom(&c, SPF_PASS);
		gate_check(&c, unit_row("sender, result %d", result), GATE_PREPEND, NULL);
		gate_null_sender(&c);
		gate_check(&c, unit_row("null sender, result %d", result),
		    result == SPF_FAIL ? GATE_REJECT : GATE_PREPEND, NULL);
		gate_end(&c);
	}
	unit_end();
}

static void
test_null_sender_policies(void **state)
{
	static const struct {
		const char *helo_reject;
		const char *null_sender_reject;
		const char *refuses;
	} rows[] = {
		{ "fail", "helo-reject", "fail" },
		{ "softfail", "helo-reject", "fail softfail" },
		{ "null", "helo-reject", "fail" },
		{ "false", "helo-reject", "" },
		{ "fail", "softfail", "fail softfail" },
		{ "fail", "spf-not-pass", "fail softfail neutral" },
		{ "fail", "false", "" },
		{ "false", "fail", "fail" },
		{ "spf-not-pass", "null", "fail" },
		{ "no-check", "fail", "fail" },
	};
	struct gate_case c;
	const char *row;
	size_t i;
	int result;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		for (result = 0; result < SPF_RESULTS; result++) {
			row = unit_row("%s, %s, %s", rows[i].helo_reject,
			    rows[i].null_sender_reject, spf_result_name((enum spf_result)result));
			c = gate_begin();
			gate_set(&c, "helo-reject", rows[i].helo_reject);
			gate_set(&c, "null-sender-reject", rows[i].null_sender_reject);
			gate_null_sender(&c);
			gate_helo(&c, (enum spf_result)result);
			gate_check(&c, row,
			    refuses(rows[i].refuses, (enum spf_result)result) ? GATE_REJECT
									      : GATE_PREPEND,
			    NULL);
			gate_end(&c);
		}
	}
	unit_end();
}

/* null-sender-reject is for null senders alone. */
static void
test_null_sender_policy_spares_others(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "null-sender-reject", "spf-not-pass");
	gate_helo(&c, SPF_NEUTRAL);
	gate_mailfrom(&c, SPF_PASS);
	gate_check(&c, "sender", GATE_PREPEND, NULL);
	gate_null_sender(&c);
	gate_check(&c, "null sender", GATE_REJECT, NULL);
	gate_set(&c, "null-sender-reject", "no-check");
	gate_check(&c, "no check", GATE_DUNNO, "DUNNO");
	gate_end(&c);
	unit_end();
}

static void
test_errors(void **state)
{
	static const struct {
		const char *option;
		enum spf_result result;
		const char *policy;
		enum gate_kind kind;
		const char *code;
	} rows[] = {
		{ "permerror-reject", SPF_PERMERROR, "fail", GATE_REJECT, "550 5.7.24 " },
		{ "permerror-reject", SPF_PERMERROR, "softfail", GATE_REJECT, "550 5.7.24 " },
		{ "permerror-reject", SPF_PERMERROR, "spf-not-pass", GATE_REJECT, "550 5.7.24 " },
		{ "permerror-reject", SPF_PERMERROR, "false", GATE_PREPEND, "Permerror" },
		{ "permerror-reject", SPF_TEMPERROR, "fail", GATE_PREPEND, "Temperror" },
		{ "permerror-reject", SPF_NONE, "spf-not-pass", GATE_PREPEND, "None" },
		{ "temperror-defer", SPF_TEMPERROR, "fail", GATE_DEFER, "451 4.7.24 " },
		{ "temperror-defer", SPF_TEMPERROR, "softfail", GATE_DEFER, "451 4.7.24 " },
		{ "temperror-defer", SPF_TEMPERROR, "false", GATE_PREPEND, "Temperror" },
		{ "temperror-defer", SPF_PERMERROR, "spf-not-pass", GATE_PREPEND, "Permerror" },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, rows[i].option, "yes");
		gate_set(&c, "mail-from-reject", rows[i].policy);
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, rows[i].result);
		gate_check(
		    &c, unit_row("%s %s", rows[i].option, rows[i].policy), rows[i].kind, NULL);
		unit_holds(rows[i].option, "text", c.action.text, rows[i].code);
		gate_end(&c);
		c = gate_begin();
		gate_set(&c, rows[i].option, "yes");
		gate_set(&c, "helo-reject", rows[i].policy);
		gate_helo(&c, rows[i].result);
		gate_mailfrom(&c, SPF_PASS);
		gate_check(
		    &c, unit_row("HELO %s %s", rows[i].option, rows[i].policy), rows[i].kind, NULL);
		gate_end(&c);
	}
	unit_end();
}

static void
test_helo_goes_first(void **state)
{
	static const struct {
		enum spf_result helo, mailfrom;
		enum gate_kind kind;
		enum spf_identity identity;
	} rows[] = {
		{ SPF_FAIL, SPF_PASS, GATE_REJECT, SPF_IDENTITY_HELO },
		{ SPF_FAIL, SPF_FAIL, GATE_REJECT, SPF_IDENTITY_HELO },
		{ SPF_PASS, SPF_FAIL, GATE_REJECT, SPF_IDENTITY_MAILFROM },
		{ SPF_NONE, SPF_FAIL, GATE_REJECT, SPF_IDENTITY_MAILFROM },
		{ SPF_TEMPERROR, SPF_FAIL, GATE_DEFER, SPF_IDENTITY_HELO },
		{ SPF_FAIL, SPF_TEMPERROR, GATE_REJECT, SPF_IDENTITY_HELO },
		{ SPF_PASS, SPF_TEMPERROR, GATE_DEFER, SPF_IDENTITY_MAILFROM },
		{ SPF_PASS, SPF_NONE, GATE_PREPEND, SPF_IDENTITY_MAILFROM },
	};
	struct gate_case c;
	const char *row;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		row = unit_row("%d and %d", rows[i].helo, rows[i].mailfrom);
		c = gate_begin();
		gate_set(&c, "temperror-defer", "yes");
		gate_helo(&c, rows[i].helo);
		gate_mailfrom(&c, rows[i].mailfrom);
		gate_check(&c, row, rows[i].kind, NULL);
		unit_int(row, "identity", c.action.identity, rows[i].identity);
		gate_end(&c);
	}
	unit_end();
}

static void
test_reject_not_pass_domains(void **state)
{
	static const char *const domains[] = { "bank.test", ".post.test" };
	static const struct {
		const char *domain;
		bool want;
	} rows[] = {
		{ "bank.test", true },
		{ "BANK.Test", true },
		{ "a.bank.test", true },
		{ "b.a.bank.test", true },
		{ "xbank.test", false },
		{ "bank.test.other.test", false },
		{ "ank.test", false },
		{ "post.test", false },
		{ "a.post.test", true },
		{ "xpost.test", false },
		{ "x.test", false },
	};
	char error[OPTION_ERROR_SIZE], sender[80];
	const struct conf_option *o = option_find("spf", "reject-not-pass-domains");
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		assert_true(option_set(c.settings, o, domains, 2, error));
		gate_set(&c, "mail-from-reject", "false");
		gate_set(&c, "helo-reject", "false");
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, SPF_NEUTRAL);
		snprintf(sender, sizeof(sender), "a@%s", rows[i].domain);
		c.req.sender = gate_text(sender);
		gate_check(&c, rows[i].domain, rows[i].want ? GATE_REJECT : GATE_PREPEND, NULL);
		gate_mailfrom(&c, SPF_PASS);
		gate_check(&c, rows[i].domain, GATE_PREPEND, NULL);
		c.req.sender = gate_text("a@x.test");
		c.req.helo_name = gate_text(rows[i].domain);
		gate_helo(&c, SPF_SOFTFAIL);
		gate_check(&c, rows[i].domain, rows[i].want ? GATE_REJECT : GATE_PREPEND, NULL);
		gate_end(&c);
	}
	unit_end();
}

static void
test_no_mail(void **state)
{
	static const struct {
		enum spf_result result;
		bool no_mail;
		const char *policy;
		enum gate_kind kind;
	} rows[] = {
		{ SPF_FAIL, true, "fail", GATE_REJECT },
		{ SPF_FAIL, false, "fail", GATE_PREPEND },
		{ SPF_FAIL, true, "false", GATE_PREPEND },
		{ SPF_SOFTFAIL, false, "softfail", GATE_PREPEND },
		{ SPF_SOFTFAIL, true, "softfail", GATE_PREPEND },
		{ SPF_NEUTRAL, false, "spf-not-pass", GATE_PREPEND },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, "no-mail", "yes");
		gate_set(&c, "mail-from-reject", rows[i].policy);
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, rows[i].result);
		c.verdicts.mailfrom.no_mail = rows[i].no_mail;
		gate_check(&c, unit_row("%zu, %s", i, rows[i].policy), rows[i].kind, NULL);
		gate_end(&c);
	}
	unit_end();
}

static void
test_nat_guard(void **state)
{
	static const struct {
		const char *client;
		const char *guard;
		enum gate_kind kind;
	} rows[] = {
		{ "10.1.2.3", "yes", GATE_PREPEND },
		{ "172.16.0.1", "yes", GATE_PREPEND },
		{ "192.168.0.1", "yes", GATE_PREPEND },
		{ "100.64.0.1", "yes", GATE_PREPEND },
		{ "fd00::1", "yes", GATE_PREPEND },
		{ "fe80::1", "yes", GATE_PREPEND },
		{ "10.1.2.3", "no", GATE_REJECT },
		{ "fd00::1", "no", GATE_REJECT },
		{ "192.0.2.1", "yes", GATE_REJECT },
		{ "2001:db8::1", "yes", GATE_REJECT },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, "nat-guard", rows[i].guard);
		c.req.client_address = gate_text(rows[i].client);
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, SPF_FAIL);
		gate_check(&c, rows[i].client, rows[i].kind, NULL);
		unit_int(
		    rows[i].client, "guarded", c.action.nat_guarded, rows[i].kind == GATE_PREPEND);
		gate_mailfrom(&c, SPF_PASS);
		gate_check(&c, rows[i].client, GATE_PREPEND, NULL);
		unit_true(rows[i].client, "no warning without a refusal", !c.action.nat_guarded);
		gate_end(&c);
	}
	unit_end();
}

/* With an address to evaluate instead, that of the real client does not matter. */
static void
test_nat_guard_and_prospective(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	assert_true(ipaddr_parse(&c.settings->prospective, "198.51.100.7", 12));
	c.req.client_address = gate_text("10.1.2.3");
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	gate_check(&c, "prospective", GATE_REJECT, NULL);
	gate_end(&c);
	unit_end();
}

static void
test_test_only(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "test-only", "yes");
	gate_set(&c, "temperror-defer", "yes");
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	gate_check(&c, "fail", GATE_PREPEND, NULL);
	unit_text("fail", "would", c.action.held_back, "reject");
	unit_text("fail", "exempt", c.action.reason, "test-only");
	gate_mailfrom(&c, SPF_TEMPERROR);
	gate_check(&c, "temperror", GATE_PREPEND, NULL);
	unit_text("temperror", "would", c.action.held_back, "defer");
	gate_mailfrom(&c, SPF_PASS);
	gate_check(&c, "pass", GATE_PREPEND, NULL);
	unit_text("pass", "would", c.action.held_back, NULL);
	c.recipient = SRS_FACT_FORGED;
	gate_check(&c, "forged", GATE_PREPEND, NULL);
	unit_holds("forged", "text", c.action.text,
	    "PREPEND Received-SPF: Pass (test-only, would be answered 550 5.1.1 for recipient) ");
	unit_text("forged", "would", c.action.held_back, "reject");
	c.recipient = SRS_FACT_VALID;
	gate_set(&c, "srs-nonnull", "defer");
	gate_check(&c, "nonnull", GATE_PREPEND, NULL);
	unit_holds("nonnull", "text", c.action.text,
	    "PREPEND Received-SPF: Pass (test-only, would be answered 450 4.7.1 for recipient) ");
	unit_text("nonnull", "would", c.action.held_back, "defer");
	c.guessing = true;
	gate_check(&c, "guess-limit", GATE_PREPEND, NULL);
	unit_holds("guess-limit", "text", c.action.text,
	    "PREPEND Received-SPF: Pass (test-only, would be answered 450 4.7.1 for recipient) ");
	gate_end(&c);
	unit_end();
}

static void
test_header_due(void **state)
{
	static const struct {
		const char *header;
		enum gate_header want[4];
	} rows[] = {
		{ "received-spf", { GATE_HEADER_RECEIVED } },
		{ "authentication-results", { GATE_HEADER_AUTHRES } },
		{ "both", { GATE_HEADER_RECEIVED, GATE_HEADER_AUTHRES } },
		{ "none", { GATE_HEADER_NONE } },
	};
	struct gate_case c = gate_begin();
	unsigned nth;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		gate_set(&c, "header", rows[i].header);
		for (nth = 0; nth < 4; nth++)
			unit_int(rows[i].header, unit_row("number %u", nth),
			    gate_nth_header(c.settings, nth), rows[i].want[nth]);
	}
	gate_end(&c);
	unit_end();
}

/* What the header shows is what the token of the caller says. */
static void
test_shown_verdict(void **state)
{
	static const struct {
		const char *row, *sender;
		bool has_mailfrom;
		enum srs_fact fact;
		bool shown;
		enum spf_identity identity;
		enum spf_result result;
	} rows[] = {
		{ "mailfrom", "a@x.test", true, SRS_FACT_FOREIGN, true, SPF_IDENTITY_MAILFROM,
		    SPF_SOFTFAIL },
		{ "null sender", "", false, SRS_FACT_FOREIGN, true, SPF_IDENTITY_HELO,
		    SPF_NEUTRAL },
		{ "not evaluated", "a@x.test", false, SRS_FACT_FOREIGN, false, SPF_IDENTITY_HELO,
		    SPF_NEUTRAL },
		{ "SRS-verified", "a@x.test", false, SRS_FACT_VALID, true, SPF_IDENTITY_MAILFROM,
		    SPF_NONE },
		{ "forged", "a@x.test", true, SRS_FACT_FORGED, true, SPF_IDENTITY_MAILFROM,
		    SPF_SOFTFAIL },
	};
	struct gate_case c;
	struct verdict_token shown;
	struct gate_query q;
	char text[60];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_helo(&c, SPF_NEUTRAL);
		if (rows[i].has_mailfrom)
			gate_mailfrom(&c, SPF_SOFTFAIL);
		c.req.sender = gate_text(rows[i].sender);
		c.sender = rows[i].fact;
		c.token = "TOKEN";
		gate_query(&c, &q);
		unit_int(rows[i].row, "shown",
		    gate_shown_verdict(&q, c.settings, &c.verdicts, &shown), rows[i].shown);
		unit_int(rows[i].row, "identity", shown.identity, rows[i].identity);
		unit_int(rows[i].row, "result", shown.result, rows[i].result);
		unit_true(rows[i].row, "client", ipaddr_agree(&shown.client, &q.client, 32));
		gate_run(&c, rows[i].row);
		snprintf(text, sizeof(text), "; x-srsd=TOKEN; identity=%s",
		    spf_identity_name(rows[i].identity));
		unit_holds(rows[i].row, "answer", c.action.text, rows[i].shown ? text : "DUNNO");
		gate_end(&c);
	}
	unit_end();
}

/* With prospective the header and its token are about that address. */
static void
test_shown_prospective(void **state)
{
	struct gate_case c = gate_begin();
	struct verdict_token shown;
	struct gate_query q;

	(void)state;
	assert_true(ipaddr_parse(&c.settings->prospective, "198.51.100.7", 12));
	gate_mailfrom(&c, SPF_PASS);
	gate_query(&c, &q);
	assert_true(gate_shown_verdict(&q, c.settings, &c.verdicts, &shown));
	assert_true(ipaddr_agree(&shown.client, &c.settings->prospective, 32));
	gate_end(&c);
}

/* A pass is answered with a class, instead of the header, and only where nothing refuses. */
static void
test_pass_restrictions(void **state)
{
	static const struct {
		const char *of_helo, *of_mailfrom;
		const char *sender;
		enum spf_result helo, mailfrom;
		const char *option, *value; /* another option; NULL: none */
		const char *text;           /* its beginning */
	} rows[] = {
		{ "", "m", "a@x.test", SPF_NONE, SPF_PASS, NULL, NULL, "m" },
		{ "", "m", "a@x.test", SPF_PASS, SPF_NONE, NULL, NULL, "PREPEND " },
		{ "", "m", "a@x.test", SPF_PASS, SPF_SOFTFAIL, NULL, NULL, "PREPEND " },
		{ "", "m", "a@x.test", SPF_FAIL, SPF_PASS, NULL, NULL, "550 5.7.23 SPF HELO" },
		{ "", "m", "", SPF_PASS, SPF_NONE, NULL, NULL, "PREPEND " },
		{ "h", "", "", SPF_PASS, SPF_NONE, NULL, NULL, "h" },
		{ "h", "", "a@x.test", SPF_PASS, SPF_PASS, NULL, NULL, "h" },
		{ "h", "", "a@x.test", SPF_PASS, SPF_NEUTRAL, NULL, NULL, "h" },
		{ "h", "", "a@x.test", SPF_PASS, SPF_FAIL, NULL, NULL, "550 5.7.23 SPF MAIL" },
		{ "h", "", "a@x.test", SPF_NEUTRAL, SPF_PASS, NULL, NULL, "PREPEND " },
		{ "h", "m", "a@x.test", SPF_PASS, SPF_PASS, NULL, NULL, "m" },
		{ "h", "m", "a@x.test", SPF_PASS, SPF_NONE, NULL, NULL, "h" },
		{ "h", "m", "a@x.test", SPF_PASS, SPF_PASS, "test-only", "on", "PREPEND " },
		{ "h", "m", "a@x.test", SPF_PASS, SPF_PASS, "mail-from-reject", "no-check", "h" },
		{ "h", "m", "a@x.test", SPF_PASS, SPF_PASS, "helo-reject", "no-check", "m" },
		{ "h", "m", "a@x.test", SPF_PASS, SPF_PASS, "header", "none", "m" },
		{ "h", "m", "a@x.test", SPF_PASS, SPF_FAIL, "mail-from-reject", "false", "h" },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = unit_row("%zu", i);

		c = gate_begin();
		gate_set(&c, "helo-pass-restriction", rows[i].of_helo);
		gate_set(&c, "mail-from-pass-restriction", rows[i].of_mailfrom);
		if (rows[i].option != NULL)
			gate_set(&c, rows[i].option, rows[i].value);
		gate_helo(&c, rows[i].helo);
		if (rows[i].sender[0] != '\0')
			gate_mailfrom(&c, rows[i].mailfrom);
		c.req.sender = gate_text(rows[i].sender);
		gate_run(&c, row);
		unit_int(row, "is a class", c.action.kind == GATE_RESTRICTION,
		    strlen(rows[i].text) == 1);
		unit_text(row, "text",
		    strncmp(c.action.text, rows[i].text, strlen(rows[i].text)) == 0 ? rows[i].text
										    : c.action.text,
		    rows[i].text);
		gate_end(&c);
	}
	unit_end();
}

/* The HELO name is evaluated for its class, although it can neither refuse nor be shown. */
static void
test_plan_of_pass_restrictions(void **state)
{
	struct gate_case c = gate_begin();
	struct gate_query q;

	(void)state;
	gate_set(&c, "helo-reject", "false");
	gate_query(&c, &q);
	assert_false(gate_before(&q, c.settings, &c.action, &c.plan));
	assert_false(c.plan.helo);
	gate_set(&c, "helo-pass-restriction", "h");
	assert_false(gate_before(&q, c.settings, &c.action, &c.plan));
	assert_true(c.plan.helo);
	gate_end(&c);
}

static bool
asks_allowed(struct gate_case *c)
{
	struct gate_query q;

	gate_query(c, &q);
	return gate_needs_allow_lists(&q, c->settings, &c->verdicts);
}

/* The lists are looked up when, and only when, there is a refusal that they may spare. */
static void
test_asks_allowed(void **state)
{
	static const char *const lists[] = { "helo-whitelist", "domain-whitelist",
		"domain-whitelist-ptr" };
	struct gate_case c;
	bool refused;
	size_t i, list;
	int result;

	(void)state;
	for (i = 0; i < COUNT(policies); i++) {
		for (result = 0; result < SPF_RESULTS; result++) {
			const char *row = unit_row(
			    "%s, %s", policies[i].policy, spf_result_name((enum spf_result)result));

			refused = refuses(policies[i].refuses, (enum spf_result)result);
			c = gate_begin();
			gate_set(&c, "mail-from-reject", policies[i].policy);
			gate_helo(&c, SPF_NONE);
			gate_mailfrom(&c, (enum spf_result)result);
			unit_true(row, "no list, no question", !asks_allowed(&c));
			gate_end(&c);
			for (list = 0; list < COUNT(lists); list++) {
				c = gate_begin();
				gate_set(&c, lists[list], "list.test");
				gate_set(&c, "mail-from-reject", policies[i].policy);
				gate_helo(&c, SPF_NONE);
				gate_mailfrom(&c, (enum spf_result)result);
				unit_int(row, lists[list], asks_allowed(&c), refused);
				c.verdicts.has_allowed = true;
				unit_true(row, "asked once", !asks_allowed(&c));
				gate_end(&c);
			}
		}
	}
	unit_end();
}

static void
test_asks_allowed_for_helo_and_errors(void **state)
{
	static const struct {
		const char *name, *option, *value;
		enum spf_result helo, mailfrom;
		bool want;
	} rows[] = {
		{ "HELO fails", "helo-reject", "fail", SPF_FAIL, SPF_PASS, true },
		{ "HELO softfails", "helo-reject", "fail", SPF_SOFTFAIL, SPF_PASS, false },
		{ "HELO softfails", "helo-reject", "softfail", SPF_SOFTFAIL, SPF_PASS, true },
		{ "HELO is not refused", "helo-reject", "false", SPF_FAIL, SPF_PASS, false },
		{ "permerror", "permerror-reject", "no", SPF_NONE, SPF_PERMERROR, false },
		{ "permerror", "permerror-reject", "yes", SPF_NONE, SPF_PERMERROR, true },
		{ "temperror", "temperror-defer", "no", SPF_NONE, SPF_TEMPERROR, false },
		{ "temperror", "temperror-defer", "yes", SPF_NONE, SPF_TEMPERROR, true },
		{ "temperror of HELO", "temperror-defer", "yes", SPF_TEMPERROR, SPF_PASS, true },
		{ "test-only", "test-only", "yes", SPF_NONE, SPF_FAIL, true },
		{ "no-mail", "no-mail", "yes", SPF_NONE, SPF_FAIL, false },
		{ "must pass", "reject-not-pass-domains", "x.test", SPF_NONE, SPF_NEUTRAL, true },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, "domain-whitelist", "list.test");
		gate_set(&c, rows[i].option, rows[i].value);
		gate_helo(&c, rows[i].helo);
		gate_mailfrom(&c, rows[i].mailfrom);
		unit_int(unit_row("%s, %s", rows[i].name, rows[i].value), "asks", asks_allowed(&c),
		    rows[i].want);
		gate_end(&c);
	}
	unit_end();
}

/* A client that is spared already needs no list. */
static void
test_asks_allowed_after_the_others(void **state)
{
	static const struct {
		const char *name, *client, *srs_sender;
		enum srs_fact sender;
		bool want;
	} rows[] = {
		{ "any client", "192.0.2.1", "skip", SRS_FACT_FOREIGN, true },
		{ "private address", "10.1.2.3", "skip", SRS_FACT_FOREIGN, false },
		{ "private address, IPv6", "fd00::1", "skip", SRS_FACT_FOREIGN, false },
		{ "SRS sender", "192.0.2.1", "skip", SRS_FACT_VALID, false },
		{ "SRS sender", "192.0.2.1", "no-reject", SRS_FACT_VALID, false },
		{ "SRS sender", "192.0.2.1", "check", SRS_FACT_VALID, true },
		{ "forged SRS sender", "192.0.2.1", "skip", SRS_FACT_FORGED, true },
		{ "forged SRS sender", "192.0.2.1", "no-reject", SRS_FACT_FORGED, true },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, "domain-whitelist", "list.test");
		gate_set(&c, "srs-sender", rows[i].srs_sender);
		c.req.client_address = gate_text(rows[i].client);
		c.sender = rows[i].sender;
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, SPF_FAIL);
		unit_int(unit_row("%s, %s", rows[i].name, rows[i].srs_sender), "asks",
		    asks_allowed(&c), rows[i].want);
		gate_end(&c);
	}
	c = gate_begin();
	gate_set(&c, "domain-whitelist", "list.test");
	assert_true(ipaddr_parse(&c.settings->prospective, "198.51.100.7", 12));
	c.req.client_address = gate_text("10.1.2.3");
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	unit_true("prospective", "asks about that address", asks_allowed(&c));
	gate_end(&c);
	unit_end();
}

/*
 * A check that our own bounds cut off never accepts mail, whatever the options, and never refuses
 * it for good.
 */
static void
test_saturated(void **state)
{
	static const struct {
		const char *name;
		const char *option, *value; /* one that makes no difference; NULL: no option */
		const char *client;
		bool helo;
	} rows[] = {
		{ "sender", NULL, NULL, "192.0.2.1", false },
		{ "HELO name", NULL, NULL, "192.0.2.1", true },
		{ "temperror-defer", "temperror-defer", "no", "192.0.2.1", false },
		{ "no-mail", "no-mail", "yes", "192.0.2.1", false },
		{ "header alone", "mail-from-reject", "false", "192.0.2.1", false },
		{ "behind a NAT", "nat-guard", "yes", "10.0.0.1", false },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		c.req.client_address = gate_text(rows[i].client);
		if (rows[i].option != NULL)
			gate_set(&c, rows[i].option, rows[i].value);
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, SPF_FAIL);
		spf_verdict_saturate(rows[i].helo ? &c.verdicts.helo : &c.verdicts.mailfrom);
		gate_check(&c, rows[i].name, GATE_DEFER,
		    "451 4.4.3 too many SPF checks wait for the DNS, try again later");
		unit_text(rows[i].name, "reason", c.action.reason, "saturated");
		gate_set(&c, "test-only", "yes");
		gate_check(&c, rows[i].name, GATE_PREPEND, NULL);
		unit_text(rows[i].name, "would", c.action.held_back, "defer");
		gate_end(&c);
	}
	unit_end();
}

/* A list that could not be looked up turns a refusal into a deferral; a deferral stays as it is. */
static void
test_list_that_could_not_be_asked(void **state)
{
	static const struct {
		enum spf_result mailfrom;
		enum gate_kind kind;
		const char *want, *why;
	} rows[] = {
		{ SPF_FAIL, GATE_DEFER,
		    "451 4.4.3 the DNS does not answer for our allow-list, try again later",
		    "allow-list" },
		{ SPF_TEMPERROR, GATE_DEFER, NULL, NULL },
		{ SPF_PASS, GATE_PREPEND, NULL, NULL },
	};
	struct gate_case c;
	const char *row;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		row = spf_result_name(rows[i].mailfrom);
		c = gate_begin();
		gate_set(&c, "temperror-defer", "yes");
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, rows[i].mailfrom);
		c.verdicts.has_allowed = c.verdicts.allowed_unknown = true;
		gate_check(&c, row, rows[i].kind, rows[i].want);
		unit_text(row, "reason", c.action.reason, rows[i].why);
		gate_end(&c);
	}
	unit_end();
}

/* A client in a list is spared every refusal for SPF, and never gets a pass for that. */
static void
test_allowed(void **state)
{
	static const struct {
		const char *name;
		enum spf_result helo, mailfrom;
		const char *why;
	} rows[] = {
		{ "fail", SPF_NONE, SPF_FAIL, "domain-whitelist" },
		{ "softfail", SPF_NONE, SPF_SOFTFAIL, "domain-whitelist" },
		{ "neutral", SPF_NONE, SPF_NEUTRAL, "domain-whitelist" },
		{ "permerror", SPF_NONE, SPF_PERMERROR, "domain-whitelist" },
		{ "temperror", SPF_NONE, SPF_TEMPERROR, "domain-whitelist" },
		{ "HELO fail", SPF_FAIL, SPF_PASS, "domain-whitelist" },
		{ "both fail", SPF_FAIL, SPF_FAIL, "domain-whitelist" },
		{ "pass", SPF_NONE, SPF_PASS, NULL },
		{ "none", SPF_NONE, SPF_NONE, NULL },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, "mail-from-reject", "spf-not-pass");
		gate_set(&c, "permerror-reject", "yes");
		gate_set(&c, "temperror-defer", "yes");
		gate_helo(&c, rows[i].helo);
		gate_mailfrom(&c, rows[i].mailfrom);
		c.verdicts.has_allowed = true;
		c.verdicts.allowed = "domain-whitelist";
		gate_check(&c, rows[i].name, GATE_PREPEND, NULL);
		unit_text(rows[i].name, "exempt", c.action.reason, rows[i].why);
		unit_true(rows[i].name, "no NAT", !c.action.nat_guarded);
		c.verdicts.allowed = NULL;
		gate_run(&c, rows[i].name);
		unit_true(rows[i].name, "refused when no list holds it",
		    (c.action.kind != GATE_PREPEND) == (rows[i].why != NULL));
		gate_end(&c);
	}
	unit_end();
}

/* srs-sender, nat-guard, then the lists. */
static void
test_order_of_what_spares(void **state)
{
	static const struct {
		enum srs_fact sender;
		const char *client, *allowed, *why;
	} rows[] = {
		{ SRS_FACT_VALID, "10.1.2.3", "helo-whitelist", "srs-sender" },
		{ SRS_FACT_FOREIGN, "10.1.2.3", "helo-whitelist", "nat-guard" },
		{ SRS_FACT_FOREIGN, "192.0.2.1", "helo-whitelist", "helo-whitelist" },
		{ SRS_FACT_FOREIGN, "192.0.2.1", "domain-whitelist-ptr", "domain-whitelist-ptr" },
		{ SRS_FACT_FOREIGN, "192.0.2.1", NULL, "mail-from-reject" },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = unit_row("row %zu", i);

		c = gate_begin();
		gate_set(&c, "srs-sender", "no-reject");
		c.sender = rows[i].sender;
		c.req.client_address = gate_text(rows[i].client);
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, SPF_FAIL);
		c.verdicts.has_allowed = true;
		c.verdicts.allowed = rows[i].allowed;
		gate_run(&c, row);
		if (rows[i].allowed == NULL) {
			unit_text(row, "kind", gate_kind_name(c.action.kind), "reject");
		} else {
			unit_text(row, "kind", gate_kind_name(c.action.kind), "prepend");
			unit_text(row, "exempt", c.action.reason, rows[i].why);
		}
		gate_end(&c);
	}
	unit_end();
}

/* A refusal for the recipient has nothing to do with SPF. */
static void
test_lists_do_not_spare_srs_refusals(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "domain-whitelist", "list.test");
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	c.verdicts.has_allowed = true;
	c.verdicts.allowed = "domain-whitelist";
	c.recipient = SRS_FACT_FORGED;
	gate_check(&c, "forged", GATE_REJECT, "550 5.1.1 unknown SRS address");
	gate_end(&c);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_query_helo),
		cmocka_unit_test(test_query_client),
		cmocka_unit_test(test_kind_names),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_vrfy),
		cmocka_unit_test(test_authenticated_clients),
		cmocka_unit_test(test_clients_without_an_address),
		cmocka_unit_test(test_trusted_clients),
		cmocka_unit_test(test_whitelist),
		cmocka_unit_test(test_srs_recipients),
		cmocka_unit_test(test_srs_limits),
		cmocka_unit_test(test_srs_senders),
		cmocka_unit_test(test_srs_sender_without_checks),
		cmocka_unit_test(test_overused_senders),
		cmocka_unit_test(test_srs_sender_to_forged_recipient),
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_nothing_to_check),
		cmocka_unit_test(test_mail_from_policies),
		cmocka_unit_test(test_helo_policies),
		cmocka_unit_test(test_helo_policy_null),
		cmocka_unit_test(test_null_sender_policies),
		cmocka_unit_test(test_null_sender_policy_spares_others),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_helo_goes_first),
		cmocka_unit_test(test_reject_not_pass_domains),
		cmocka_unit_test(test_no_mail),
		cmocka_unit_test(test_nat_guard),
		cmocka_unit_test(test_nat_guard_and_prospective),
		cmocka_unit_test(test_test_only),
		cmocka_unit_test(test_header_due),
		cmocka_unit_test(test_shown_verdict),
		cmocka_unit_test(test_shown_prospective),
		cmocka_unit_test(test_pass_restrictions),
		cmocka_unit_test(test_plan_of_pass_restrictions),
		cmocka_unit_test(test_asks_allowed),
		cmocka_unit_test(test_asks_allowed_for_helo_and_errors),
		cmocka_unit_test(test_asks_allowed_after_the_others),
		cmocka_unit_test(test_saturated),
		cmocka_unit_test(test_list_that_could_not_be_asked),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_order_of_what_spares),
		cmocka_unit_test(test_lists_do_not_spare_srs_refusals),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
