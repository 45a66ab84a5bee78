/* SPDX-License-Identifier: ISC */
/*
 * The words of the gate's answers, and that hostile values change nothing about their form.
 */
#include "tests/unit/gate_case.h"

static void
test_refusals(void **state)
{
	static const struct {
		enum spf_result result;
		const char *policy;
		const char *want;
	} rows[] = {
		{ SPF_FAIL, "fail",
		    "550 5.7.23 SPF MAIL FROM check failed: 192.0.2.1 is not allowed to send mail "
		    "for x.test" },
		{ SPF_SOFTFAIL, "softfail",
		    "550 5.7.23 SPF MAIL FROM check failed: 192.0.2.1 is probably not allowed to "
		    "send mail for x.test" },
		{ SPF_NEUTRAL, "spf-not-pass",
		    "550 5.7.23 SPF MAIL FROM check failed: x.test does not say that 192.0.2.1 may "
		    "send its mail" },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, "mail-from-reject", rows[i].policy);
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, rows[i].result);
		gate_check(&c, rows[i].policy, GATE_REJECT, rows[i].want);
		gate_end(&c);
	}
	unit_end();
}

static void
test_refusals_for_helo(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_helo(&c, SPF_FAIL);
	gate_mailfrom(&c, SPF_PASS);
	gate_check(&c, "fail", GATE_REJECT,
	    "550 5.7.23 SPF HELO check failed: 192.0.2.1 is not allowed to send mail for "
	    "mx.relay.test");
	gate_null_sender(&c);
	c.req.client_address = gate_text("2001:db8::1");
	gate_check(&c, "null sender", GATE_REJECT,
	    "550 5.7.23 SPF HELO check failed: 2001:db8::1 is not allowed to send mail for "
	    "mx.relay.test");
	gate_end(&c);
	unit_end();
}

static void
test_refusals_for_errors(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "permerror-reject", "yes");
	gate_set(&c, "temperror-defer", "yes");
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_PERMERROR);
	spf_verdict_set_problem(&c.verdicts.mailfrom, "unknown mechanism", NULL);
	gate_check(&c, "permerror", GATE_REJECT,
	    "550 5.7.24 SPF MAIL FROM check failed: the SPF record of x.test cannot be used: "
	    "unknown mechanism");
	gate_mailfrom(&c, SPF_TEMPERROR);
	spf_verdict_set_problem(&c.verdicts.mailfrom, "SERVFAIL for the A records of", "y.test");
	gate_check(&c, "temperror", GATE_DEFER,
	    "451 4.7.24 SPF MAIL FROM check failed: a DNS lookup for x.test failed: SERVFAIL for "
	    "the A records of y.test");
	gate_end(&c);
	unit_end();
}

static void
test_prospective(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	assert_true(ipaddr_parse(&c.settings->prospective, "198.51.100.7", 12));
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	gate_check(&c, "fail", GATE_REJECT,
	    "550 5.7.23 SPF MAIL FROM check failed: 198.51.100.7 is not allowed to send mail for "
	    "x.test");
	gate_mailfrom(&c, SPF_PASS);
	gate_run(&c, "pass");
	unit_holds("pass", "header", c.action.text, ") client-ip=198.51.100.7; ");
	gate_end(&c);
	unit_end();
}

static void
test_reason_message(void **state)
{
	static const struct {
		const char *message;
		const char *want;
	} rows[] = {
		{ "no", "550 5.7.23 no" },
		{ "{result}", "550 5.7.23 fail" },
		{ "{identity}", "550 5.7.23 MAIL FROM" },
		{ "{client}", "550 5.7.23 192.0.2.1" },
		{ "{reason}", "550 5.7.23 192.0.2.1 is not allowed to send mail for x.test" },
		{ "{result} of {identity}: {reason} ({client}{client})",
		    "550 5.7.23 fail of MAIL FROM: 192.0.2.1 is not allowed to send mail for x.test "
		    "(192.0.2.1192.0.2.1)" },
		{ "50% sure, see http://x.test/?a=b&c=d",
		    "550 5.7.23 50% sure, see http://x.test/?a=b&c=d" },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, "reason-message", rows[i].message);
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, SPF_FAIL);
		gate_check(&c, rows[i].message, GATE_REJECT, rows[i].want);
		gate_end(&c);
	}
	unit_end();
}

/* {sender} and {domain} in a link: nothing of the client can end it or add to it. */
static void
test_reason_message_in_url(void **state)
{
	static const struct {
		const char *sender, *want;
	} rows[] = {
		{ "a@x.test", "550 5.7.23 https://h.test/?s=a@x.test&d=x.test" },
		{ "a&d=b c<>\"#?@x.test",
		    "550 5.7.23 https://h.test/?s=a%26d%3Db%20c%3C%3E%22%23%3F@x.test&d=x.test" },
		{ "a%20@x.test", "550 5.7.23 https://h.test/?s=a%2520@x.test&d=x.test" },
		{ "j\303\266rg@x.test", "550 5.7.23 https://h.test/?s=j%C3%B6rg@x.test&d=x.test" },
	};
	char *local = unit_fill('&', 300);
	struct gate_case c;
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, "reason-message", "https://h.test/?s={sender}&d={domain}");
		c.req.sender = gate_text(rows[i].sender);
		gate_mailfrom(&c, SPF_FAIL);
		gate_check(&c, rows[i].sender, GATE_REJECT, rows[i].want);
		gate_end(&c);
	}
	c = gate_begin();
	gate_set(&c, "reason-message", "{sender}");
	memcpy(local + 200, "@x.test", 8);
	c.req.sender = gate_text(local);
	gate_mailfrom(&c, SPF_FAIL);
	gate_check(&c, "long", GATE_REJECT, NULL);
	len = strlen(c.action.text);
	unit_text("long", "end", c.action.text + len - 3, "%26");
	unit_true("long", "is cut", len <= strlen("550 5.7.23 ") + 200);
	gate_end(&c);
	c = gate_begin();
	gate_set(&c, "reason-message", "<{sender}> {domain}");
	gate_set(&c, "helo-reject", "fail");
	c.req.helo_name = gate_text("mx.(a).test");
	gate_null_sender(&c);
	gate_helo(&c, SPF_FAIL);
	gate_check(&c, "bounce", GATE_REJECT, "550 5.7.23 <> mx.%28a%29.test");
	gate_end(&c);
	free(local);
	unit_end();
}

static void
test_reason_message_for_helo(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "reason-message", "{identity} {result}");
	gate_set(&c, "helo-reject", "softfail");
	gate_helo(&c, SPF_SOFTFAIL);
	gate_mailfrom(&c, SPF_PASS);
	gate_check(&c, "HELO", GATE_REJECT, "550 5.7.23 HELO softfail");
	gate_end(&c);
	unit_end();
}

static void
test_long_reason_message(void **state)
{
	char *message = unit_fill('m', 5000), *repeated = unit_fill('{', 5000);
	struct gate_case c = gate_begin();
	size_t i;

	(void)state;
	gate_set(&c, "reason-message", message);
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	gate_check(&c, "5000 bytes", GATE_REJECT, NULL);
	unit_int("5000 bytes", "length", (int)strlen(c.action.text), GATE_TEXT_SIZE - 1);
	for (i = 0; i + 8 <= 5000; i += 8)
		memcpy(repeated + i, "{reason}", 8);
	gate_set(&c, "reason-message", repeated);
	gate_check(&c, "625 reasons", GATE_REJECT, NULL);
	gate_end(&c);
	free(message);
	free(repeated);
	unit_end();
}

static void
test_explanations(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	strcpy(c.verdicts.mailfrom.explanation, "See http://why.test/");
	gate_check(&c, "not used", GATE_REJECT,
	    "550 5.7.23 SPF MAIL FROM check failed: 192.0.2.1 is not allowed to send mail for "
	    "x.test");
	gate_set(&c, "use-exp", "yes");
	gate_run(&c, "used");
	unit_holds("used", "text", c.action.text, "for x.test");
	unit_holds("used", "text", c.action.text, "See http://why.test/");
	gate_set(&c, "mail-from-reject", "softfail");
	gate_mailfrom(&c, SPF_SOFTFAIL);
	gate_run(&c, "softfail");
	unit_true("softfail", "no explanation", strstr(c.action.text, "why.test") == NULL);
	gate_mailfrom(&c, SPF_FAIL);
	c.verdicts.mailfrom.explanation[0] = '\0';
	gate_check(&c, "none", GATE_REJECT,
	    "550 5.7.23 SPF MAIL FROM check failed: 192.0.2.1 is not allowed to send mail for "
	    "x.test");
	memset(c.verdicts.mailfrom.explanation, 'e', SPF_EXPLANATION_MAX);
	c.verdicts.mailfrom.explanation[SPF_EXPLANATION_MAX] = '\0';
	gate_check(&c, "long", GATE_REJECT, NULL);
	gate_end(&c);
	unit_end();
}

static void
test_received_header(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_helo(&c, SPF_FAIL);
	gate_set(&c, "helo-reject", "false");
	gate_mailfrom(&c, SPF_PASS);
	gate_check(&c, "pass", GATE_PREPEND,
	    "PREPEND Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; "
	    "helo=mx.relay.test; envelope-from=\"a@x.test\"; receiver=<UNKNOWN>; identity=mailfrom");
	gate_mailfrom(&c, SPF_NONE);
	gate_check(&c, "none", GATE_PREPEND,
	    "PREPEND Received-SPF: None (mailfrom) client-ip=192.0.2.1; "
	    "helo=mx.relay.test; envelope-from=\"a@x.test\"; receiver=<UNKNOWN>; identity=mailfrom");
	gate_null_sender(&c);
	gate_check(&c, "null sender", GATE_PREPEND,
	    "PREPEND Received-SPF: Fail (helo) client-ip=192.0.2.1; "
	    "helo=mx.relay.test; envelope-from=\"<>\"; receiver=<UNKNOWN>; identity=helo");
	gate_end(&c);
	unit_end();
}

/* Mechanism and problem are those of the identity that is shown. */
static void
test_received_reason(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "helo-reject", "false");
	gate_helo(&c, SPF_FAIL);
	strlcpy(c.verdicts.helo.mechanism, "-all", sizeof(c.verdicts.helo.mechanism));
	gate_mailfrom(&c, SPF_PERMERROR);
	strlcpy(
	    c.verdicts.mailfrom.mechanism, "include:y.test", sizeof(c.verdicts.mailfrom.mechanism));
	spf_verdict_set_problem(&c.verdicts.mailfrom, "too many DNS lookups", NULL);
	gate_check(&c, "sender", GATE_PREPEND,
	    "PREPEND Received-SPF: Permerror (mailfrom) client-ip=192.0.2.1; helo=mx.relay.test; "
	    "envelope-from=\"a@x.test\"; receiver=<UNKNOWN>; mechanism=\"include:y.test\"; "
	    "problem=\"too many DNS lookups\"; identity=mailfrom");
	gate_null_sender(&c);
	gate_check(&c, "null sender", GATE_PREPEND,
	    "PREPEND Received-SPF: Fail (helo) client-ip=192.0.2.1; helo=mx.relay.test; "
	    "envelope-from=\"<>\"; receiver=<UNKNOWN>; mechanism=-all; identity=helo");
	gate_end(&c);
	unit_end();
}

static void
test_receiver(void **state)
{
	static const struct {
		const char *recipient;
		const char *want;
	} rows[] = {
		{ "b@y.test", "; receiver=y.test" },
		{ "b@c@y.test", "; receiver=y.test" },
		{ "postmaster", "; receiver=<UNKNOWN>" },
		{ "", "; receiver=<UNKNOWN>" },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, SPF_PASS);
		c.req.recipient = gate_text(rows[i].recipient);
		gate_run(&c, rows[i].recipient);
		unit_holds(rows[i].recipient, "hidden", c.action.text, "; receiver=<UNKNOWN>");
		gate_set(&c, "hide-receiver", "no");
		gate_run(&c, rows[i].recipient);
		unit_holds(rows[i].recipient, "shown", c.action.text, rows[i].want);
		gate_end(&c);
	}
	unit_end();
}

static void
test_authres_header(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	c.due = GATE_HEADER_AUTHRES;
	gate_mailfrom(&c, SPF_PASS);
	gate_check(&c, "MAIL FROM alone", GATE_PREPEND,
	    "PREPEND Authentication-Results: mx.receiver.test; spf=pass smtp.mailfrom=x.test");
	gate_helo(&c, SPF_NONE);
	gate_check(&c, "both", GATE_PREPEND,
	    "PREPEND Authentication-Results: mx.receiver.test; spf=pass smtp.mailfrom=x.test");
	gate_helo(&c, SPF_SOFTFAIL);
	gate_check(&c, "HELO with a record", GATE_PREPEND,
	    "PREPEND Authentication-Results: mx.receiver.test; spf=softfail "
	    "smtp.helo=mx.relay.test; spf=pass smtp.mailfrom=x.test");
	gate_helo(&c, SPF_NONE);
	gate_null_sender(&c);
	gate_check(&c, "null sender", GATE_PREPEND,
	    "PREPEND Authentication-Results: mx.receiver.test; spf=none smtp.helo=mx.relay.test");
	gate_end(&c);
	unit_end();
}

static void
test_no_header_due(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	c.due = GATE_HEADER_NONE;
	gate_helo(&c, SPF_PASS);
	gate_mailfrom(&c, SPF_PASS);
	gate_check(&c, "pass", GATE_DUNNO, "DUNNO");
	gate_mailfrom(&c, SPF_FAIL);
	gate_check(&c, "fail", GATE_REJECT, NULL);
	c.sender = SRS_FACT_VALID;
	gate_check(&c, "SRS sender", GATE_DUNNO, "DUNNO");
	gate_end(&c);
	unit_end();
}

/* CVE-2019-20790: what HELO passes is not the sender's. */
static void
test_helo_never_stands_for_the_sender(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "mail-from-reject", "no-check");
	gate_helo(&c, SPF_PASS);
	gate_check(&c, "Received-SPF", GATE_DUNNO, "DUNNO");
	c.due = GATE_HEADER_AUTHRES;
	gate_check(&c, "Authentication-Results", GATE_DUNNO, "DUNNO");
	gate_set(&c, "mail-from-reject", "fail");
	gate_mailfrom(&c, SPF_NONE);
	gate_run(&c, "none");
	unit_holds("none", "header", c.action.text,
	    "; spf=pass smtp.helo=mx.relay.test; spf=none smtp.mailfrom=x.test");
	c.due = GATE_HEADER_RECEIVED;
	gate_run(&c, "none");
	unit_holds("none", "header", c.action.text, "Received-SPF: None (mailfrom) ");
	gate_end(&c);
	unit_end();
}

static void
test_srs_sender_header(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	c.sender = SRS_FACT_VALID;
	gate_run(&c, "skip");
	unit_holds("skip", "header", c.action.text, "PREPEND Received-SPF: None (SRS-verified ");
	unit_holds("skip", "header", c.action.text, ") client-ip=192.0.2.1; ");
	c.due = GATE_HEADER_AUTHRES;
	gate_run(&c, "skip");
	unit_holds("skip", "header", c.action.text,
	    "PREPEND Authentication-Results: mx.receiver.test; spf=none (SRS-verified ");
	unit_holds("skip", "header", c.action.text, ") smtp.mailfrom=x.test");
	gate_end(&c);
	unit_end();
}

static void
test_test_only_comment(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "test-only", "yes");
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	gate_run(&c, "fail");
	unit_holds("fail", "header", c.action.text, "PREPEND Received-SPF: Fail (test-only");
	unit_holds("fail", "header", c.action.text, "550 5.7.23");
	gate_helo(&c, SPF_FAIL);
	gate_mailfrom(&c, SPF_PASS);
	gate_run(&c, "HELO");
	unit_holds("HELO", "header", c.action.text, "PREPEND Received-SPF: Pass (test-only");
	unit_holds("HELO", "header", c.action.text, "helo) client-ip=");
	gate_helo(&c, SPF_NONE);
	gate_run(&c, "pass");
	unit_holds("pass", "header", c.action.text, "Received-SPF: Pass (mailfrom) ");
	gate_end(&c);
	unit_end();
}

/* Text of the client in a refusal is made visible, and cannot end it. */
static void
test_names_in_refusals(void **state)
{
	static const struct {
		const char *sender;
		const char *want;
	} rows[] = {
		{ "a@x.test\r\n250 OK", " for x.test??250?OK" },
		{ "a@x<y>.test", " for x?y?.test" },
		{ "a@b\303\274cher.test", " for xn--bcher-kva.test" },
		{ "a@{reason}", " for {reason}" },
		{ "nobody", " for " },
	};
	struct gate_case c;
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, SPF_FAIL);
		c.req.sender = gate_text(rows[i].sender);
		gate_check(&c, rows[i].sender, GATE_REJECT, NULL);
		n = strlen(c.action.text);
		unit_text(rows[i].sender, "its end",
		    c.action.text + (n > strlen(rows[i].want) ? n - strlen(rows[i].want) : 0),
		    rows[i].want);
		gate_end(&c);
	}
	unit_end();
}

/* fill - a value of any bytes, of Postfix or any other client */
static struct text
fill(uint64_t *seed, char *buf)
{
	static const char *const alphabets[] = { "n", "a.b@", "\"\\", "\r\n", "\001\177\200\377",
		"{reason}", "%s%n%d", "<>", " ;=()" };
	static const unsigned sizes[] = { 0, 1, 5, 40, 253, 254, 400, 1000, 8192 };
	const char *alphabet = alphabets[unit_random(seed, COUNT(alphabets))];
	struct text t = { buf, sizes[unit_random(seed, COUNT(sizes))] };
	size_t i;

	for (i = 0; i < t.len; i++)
		buf[i] = alphabet[unit_random(seed, (unsigned)strlen(alphabet))];
	if (t.len > 2 && unit_random(seed, 2) == 0)
		buf[unit_random(seed, (unsigned)t.len)] = '@';
	return t;
}

/* choose - any value for an option that has words */
static void
choose(uint64_t *seed, struct gate_case *c, const struct conf_option *o)
{
	char error[OPTION_ERROR_SIZE];
	unsigned n = 0;

	while (o->choices[n].word != NULL)
		n++;
	assert_true(option_set(c->settings, o, &o->choices[unit_random(seed, n)].word, 1, error));
}

static void
random_settings(uint64_t *seed, struct gate_case *c)
{
	static const char *const messages[] = { "", "{reason}{reason}", "{result} {client}",
		"{identity}: see https://why.test/" };
	const struct conf_option *o;

	for (o = option_table; o < option_table + option_count; o++)
		if (o->section != NULL && o->choices != NULL)
			choose(seed, c, o);
	gate_set(c, "reason-message", messages[unit_random(seed, COUNT(messages))]);
	if (unit_random(seed, 4) == 0)
		assert_true(ipaddr_parse(&c->settings->prospective, "2001:db8::7", 11));
}

static void
random_verdict(uint64_t *seed, struct spf_verdict *v)
{
	memset(v, 0, sizeof(*v));
	v->result = (enum spf_result)unit_random(seed, SPF_RESULTS);
	spf_verdict_set_problem(
	    v, v->result >= SPF_TEMPERROR ? "some problem of theirs" : "", NULL);
	v->no_mail = unit_random(seed, 2) == 0;
	memset(v->explanation, 'e', unit_random(seed, SPF_EXPLANATION_MAX + 1));
}

/* gate_check_text() looks at each answer. */
static void
test_any_values(void **state)
{
	static const char *const clients[] = { "192.0.2.1", "10.0.0.1",
		"2001:db8:1111:2222:3333:4444:5555:6666", "unknown" };
	unsigned i, kinds[4] = { 0 };
	struct gate_case c;
	char *values[3];
	uint64_t seed = 1997;

	(void)state;
	for (i = 0; i < 3; i++)
		values[i] = unit_fill('x', 8192);
	for (i = 0; i < 8000; i++) {
		c = gate_begin();
		random_settings(&seed, &c);
		c.req.helo_name = fill(&seed, values[0]);
		c.req.sender = fill(&seed, values[1]);
		c.req.recipient = fill(&seed, values[2]);
		c.req.client_address = gate_text(clients[unit_random(&seed, COUNT(clients))]);
		c.sender = (enum srs_fact)unit_random(&seed, 4);
		c.recipient = unit_random(&seed, 3) == 0 ? (enum srs_fact)unit_random(&seed, 4)
							 : SRS_FACT_FOREIGN;
		c.due = (enum gate_header)unit_random(&seed, 3);
		random_verdict(&seed, &c.verdicts.helo);
		random_verdict(&seed, &c.verdicts.mailfrom);
		c.verdicts.has_helo = unit_random(&seed, 8) > 0;
		c.verdicts.has_mailfrom = c.req.sender.len > 0 && unit_random(&seed, 8) > 0;
		gate_run(&c, unit_row("%u", i));
		kinds[c.action.kind]++;
		if (c.settings->spf.test_only)
			unit_true(unit_row("%u", i), "refuses nothing under test-only",
			    c.action.kind == GATE_DUNNO || c.action.kind == GATE_PREPEND);
		gate_end(&c);
	}
	for (i = 0; i < 4; i++)
		unit_true(gate_kind_name((enum gate_kind)i), "seen", kinds[i] > 50);
	for (i = 0; i < 3; i++)
		free(values[i]);
	unit_end();
}

/* The header of a client that an allow-list spares has the true result. */
static void
test_headers_of_the_allowed(void **state)
{
	static const struct {
		enum spf_result result;
		const char *want;
	} rows[] = {
		{ SPF_FAIL,
		    "PREPEND Received-SPF: Fail (mailfrom) client-ip=192.0.2.1; "
		    "helo=mx.relay.test; envelope-from=\"a@x.test\"; receiver=<UNKNOWN>; identity=mailfrom" },
		{ SPF_TEMPERROR,
		    "PREPEND Received-SPF: Temperror (mailfrom) "
		    "client-ip=192.0.2.1; helo=mx.relay.test; envelope-from=\"a@x.test\"; "
		    "receiver=<UNKNOWN>; identity=mailfrom" },
	};
	struct gate_case c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		c = gate_begin();
		gate_set(&c, "temperror-defer", "yes");
		gate_helo(&c, SPF_NONE);
		gate_mailfrom(&c, rows[i].result);
		c.verdicts.has_allowed = true;
		c.verdicts.allowed = "helo-whitelist";
		gate_check(&c, spf_result_name(rows[i].result), GATE_PREPEND, rows[i].want);
		gate_end(&c);
	}
	c = gate_begin();
	gate_helo(&c, SPF_FAIL);
	gate_null_sender(&c);
	c.verdicts.has_allowed = true;
	c.verdicts.allowed = "helo-whitelist";
	gate_check(&c, "null sender", GATE_PREPEND,
	    "PREPEND Received-SPF: Fail (helo) client-ip=192.0.2.1; "
	    "helo=mx.relay.test; envelope-from=\"<>\"; receiver=<UNKNOWN>; identity=helo");
	gate_end(&c);
	c = gate_begin();
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	gate_set(&c, "header", "authentication-results");
	c.due = GATE_HEADER_AUTHRES;
	c.verdicts.has_allowed = true;
	c.verdicts.allowed = "helo-whitelist";
	gate_check(&c, "Authentication-Results", GATE_PREPEND,
	    "PREPEND Authentication-Results: mx.receiver.test; spf=fail smtp.mailfrom=x.test");
	c.due = GATE_HEADER_NONE;
	gate_check(&c, "no header due", GATE_DUNNO, "DUNNO");
	unit_text("no header due", "exempt", c.action.reason, "helo-whitelist");
	gate_end(&c);
	unit_end();
}

/* An action that would not have been a refusal is not reported as held back. */
static void
test_test_only_of_the_allowed(void **state)
{
	struct gate_case c = gate_begin();

	(void)state;
	gate_set(&c, "test-only", "yes");
	gate_helo(&c, SPF_NONE);
	gate_mailfrom(&c, SPF_FAIL);
	c.verdicts.has_allowed = true;
	c.verdicts.allowed = "domain-whitelist";
	gate_check(&c, "allowed", GATE_PREPEND,
	    "PREPEND Received-SPF: Fail (mailfrom) client-ip=192.0.2.1; "
	    "helo=mx.relay.test; envelope-from=\"a@x.test\"; receiver=<UNKNOWN>; identity=mailfrom");
	unit_text("allowed", "would", c.action.held_back, NULL);
	unit_text("allowed", "exempt", c.action.reason, "domain-whitelist");
	c.verdicts.allowed = NULL;
	gate_run(&c, "not allowed");
	unit_text("not allowed", "would", c.action.held_back, "reject");
	gate_end(&c);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_refusals_for_helo),
		cmocka_unit_test(test_refusals_for_errors),
		cmocka_unit_test(test_prospective),
		cmocka_unit_test(test_reason_message),
		cmocka_unit_test(test_reason_message_in_url),
		cmocka_unit_test(test_reason_message_for_helo),
		cmocka_unit_test(test_long_reason_message),
		cmocka_unit_test(test_explanations),
		cmocka_unit_test(test_received_header),
		cmocka_unit_test(test_received_reason),
		cmocka_unit_test(test_receiver),
		cmocka_unit_test(test_authres_header),
		cmocka_unit_test(test_no_header_due),
		cmocka_unit_test(test_helo_never_stands_for_the_sender),
		cmocka_unit_test(test_srs_sender_header),
		cmocka_unit_test(test_test_only_comment),
		cmocka_unit_test(test_names_in_refusals),
		cmocka_unit_test(test_any_values),
		cmocka_unit_test(test_headers_of_the_allowed),
		cmocka_unit_test(test_test_only_of_the_allowed),
	};

	return cmocka_run_group_tests_name("spf_gate_texts", tests, NULL, NULL);
}
