/* SPDX-License-Identifier: ISC */
/*
 * Whole conversations of Postfix with the policy service. The DNS is a text; see fake_resolver.h.
 */
#include "tests/unit/policy_case.h"

#include "conf/spf_sections.h"

static const char zone[] = "good.test TXT v=spf1 ip4:192.0.2.1 -all\n"
			   "bad.test TXT v=spf1 -all\n"
			   "soft.test TXT v=spf1 ~all\n"
			   "srs.test TXT v=spf1 -all\n"
			   "sick.test TXT !\n";

static int
begin(void **state)
{
	return policy_case_begin(state, zone);
}

#define POLICY_TEST(test) cmocka_unit_test_setup_teardown(test, begin, policy_case_end)

/* A request as Postfix sends it; the table contains several, as text. */
struct request {
	const char *client, *helo, *sender, *recipient, *instance;
};

static const char *
put_request(const struct request *r)
{
	static char text[20000];

	snprintf(text, sizeof(text),
	    "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
	    "client_address=%s\nclient_name=unknown\nhelo_name=%s\nsender=%s\nrecipient=%s\n"
	    "recipient_count=0\nqueue_id=\ninstance=%s\nsize=1234\nsasl_username=\n\n",
	    r->client, r->helo, r->sender, r->recipient, r->instance);
	return text;
}

/* ask - one request on a connection of its own */
static const char *
ask(const char *client, const char *sender, const char *recipient, const char *instance)
{
	struct request r = { client, "mx.relay.test", sender, recipient, instance };
	const char *text = put_request(&r);

	return session_feed_run(&feed, text, strlen(text), strlen(text), 1);
}

#define PASS                                                                       \
	"action=PREPEND Received-SPF: Pass (mailfrom) "                            \
	"client-ip=192.0.2.1; helo=mx.relay.test; envelope-from=\"a@good.test\"; " \
	"receiver=<UNKNOWN>; mechanism=\"ip4:192.0.2.1\"; identity=mailfrom\n\n"

static void
test_answers(void **state)
{
	static const struct {
		const char *sender;
		const char *want;
	} rows[] = {
		{ "a@good.test", PASS },
		{ "a@bad.test",
		    "action=550 5.7.23 SPF MAIL FROM check failed: 192.0.2.1 is not allowed to send "
		    "mail for bad.test\n\n" },
		{ "a@soft.test",
		    "action=PREPEND Received-SPF: Softfail (mailfrom) "
		    "client-ip=192.0.2.1; helo=mx.relay.test; envelope-from=\"a@soft.test\"; "
		    "receiver=<UNKNOWN>; mechanism=~all; identity=mailfrom\n\n" },
		{ "a@none.test",
		    "action=PREPEND Received-SPF: None (mailfrom) "
		    "client-ip=192.0.2.1; helo=mx.relay.test; envelope-from=\"a@none.test\"; "
		    "receiver=<UNKNOWN>; identity=mailfrom\n\n" },
		{ "", "action=PREPEND Received-SPF: None (helo) "
		      "client-ip=192.0.2.1; helo=mx.relay.test; envelope-from=\"<>\"; "
		      "receiver=<UNKNOWN>; identity=helo\n\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_text(rows[i].sender, "answer",
		    ask("192.0.2.1", rows[i].sender, "b@own.test", ""), rows[i].want);
	unit_end();
}

static void
test_any_split(void **state)
{
	struct request r = { "192.0.2.1", "mx.relay.test", "a@good.test", "b@own.test", "" };
	const char *text = put_request(&r);

	(void)state;
	session_feed_check(&feed, "one request", text, strlen(text), PASS);
	unit_end();
}

static void
test_pipelined(void **state)
{
	struct request rows[] = {
		{ "192.0.2.1", "mx.relay.test", "a@good.test", "b@own.test", "" },
		{ "127.0.0.1", "mx.relay.test", "a@bad.test", "b@own.test", "" },
		{ "192.0.2.1", "mx.relay.test", "a@bad.test", "b@own.test", "" },
		{ "192.0.2.1", "mx.relay.test", "", JANE, "" },
	};
	char text[4000] = "";
	size_t i;

	(void)state;
	settings->spf.srs_daily_limit = 0; /* it is asked some thousand times */
	for (i = 0; i < COUNT(rows); i++)
		strcat(text, put_request(&rows[i]));
	session_feed_check(&feed, "four requests", text, strlen(text),
	    PASS "action=DUNNO\n\n"
		 "action=550 5.7.23 SPF MAIL FROM check failed: 192.0.2.1 is not allowed to send "
		 "mail for bad.test\n\n"
		 "action=DUNNO\n\n");
	unit_end();
}

/* Requests that are answered without a DNS query. */
static void
test_exempt(void **state)
{
	static const char *const clients[] = { "127.0.0.1", "::1", "", "unknown" };
	static const char data[] = "request=smtpd_access_policy\nprotocol_state=DATA\n"
				   "client_address=192.0.2.1\nsender=a@bad.test\n\n";
	static const char login[] = "request=smtpd_access_policy\nprotocol_state=RCPT\n"
				    "client_address=192.0.2.1\nsender=a@bad.test\n"
				    "sasl_username=jane\n\n";
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(clients); i++)
		unit_text(clients[i], "answer", ask(clients[i], "a@bad.test", FORGED, ""),
		    "action=DUNNO\n\n");
	unit_text(
	    "DATA", "answer", session_feed_run(&feed, BYTES(data), 1000, 1), "action=DUNNO\n\n");
	unit_text(
	    "login", "answer", session_feed_run(&feed, BYTES(login), 1000, 1), "action=DUNNO\n\n");
	unit_int("all", "questions", resolver.asked, 0);
	unit_end();
}

static void
test_srs_recipients(void **state)
{
	static const struct {
		const char *sender;
		const char *recipient;
		const char *want;
	} rows[] = {
		{ "", JANE, "action=DUNNO\n\n" },
		{ "<>", "srs0+MQIS=g3=EXAMPLE.test=JANE@SRS.test", "action=DUNNO\n\n" },
		{ "", "SRS0=aCas=G3=example.test=jane roe@srs.test", "action=DUNNO\n\n" },
		{ "", "SRS0=18eA=G3=example.test=a@b@srs.test", "action=DUNNO\n\n" },
		{ "", "SRS1=QT3y=relay.test=-@srs.test", "action=DUNNO\n\n" },
		{ "", FORGED, "action=550 5.1.1 unknown SRS address\n\n" },
		{ "a@good.test", FORGED, "action=550 5.1.1 unknown SRS address\n\n" },
		{ "", "SRS0=@srs.test", "action=550 5.1.1 unknown SRS address\n\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_text(rows[i].recipient, rows[i].sender,
		    ask("192.0.2.1", rows[i].sender, rows[i].recipient, ""), rows[i].want);
	session_feed_now = NOW + 22 * DAY;
	unit_text("22 days old", "answer", ask("192.0.2.1", "", JANE, ""),
	    "action=550 5.1.1 expired SRS address\n\n");
	unit_int("all", "questions", resolver.asked, 0);
	unit_end();
}

static void
test_srs_addresses_of_others(void **state)
{
	(void)state;
	unit_holds("recipient elsewhere", "answer",
	    ask("192.0.2.1", "a@bad.test", "SRS0=xxxx=G3=example.test=jane@other.test", ""),
	    "action=550 5.7.23 ");
	unit_holds("sender elsewhere", "answer",
	    ask("192.0.2.1", "SRS0=mqiS=G3=example.test=jane@bad.test", "b@own.test", ""),
	    "action=550 5.7.23 ");
	unit_true("all", "were evaluated", resolver.asked > 0);
	unit_end();
}

static void
test_srs_senders(void **state)
{
	(void)state;
	unit_holds("valid", "answer", ask("192.0.2.1", JANE, "b@own.test", ""),
	    "action=PREPEND Received-SPF: None (SRS-verified ");
	unit_int("valid", "questions", resolver.asked, 1); /* of the HELO name */
	unit_holds(
	    "forged", "answer", ask("192.0.2.1", FORGED, "b@own.test", ""), "action=550 5.7.23 ");
	set_spf("srs-sender", "no-reject");
	unit_holds("no-reject", "answer", ask("192.0.2.1", JANE, "b@own.test", ""),
	    "action=PREPEND Received-SPF: Fail (mailfrom) ");
	set_spf("srs-sender", "check");
	unit_holds(
	    "check", "answer", ask("192.0.2.1", JANE, "b@own.test", ""), "action=550 5.7.23 ");
	unit_end();
}

/* The header goes to one recipient of a message, the verdict to all. */
static void
test_recipients_of_one_message(void **state)
{
	unsigned asked;

	(void)state;
	unit_text("first", "answer", ask("192.0.2.1", "a@good.test", "b@own.test", "1.1"), PASS);
	asked = resolver.asked;
	unit_text("second", "answer", ask("192.0.2.1", "a@good.test", "c@own.test", "1.1"),
	    "action=DUNNO\n\n");
	unit_text("third", "answer", ask("192.0.2.1", "a@good.test", "d@own.test", "1.1"),
	    "action=DUNNO\n\n");
	unit_int("later ones", "questions", resolver.asked, asked);
	unit_text(
	    "next message", "answer", ask("192.0.2.1", "a@good.test", "b@own.test", "1.2"), PASS);
	unit_holds("refused", "answer", ask("192.0.2.1", "a@bad.test", "b@own.test", "1.3"),
	    "action=550 5.7.23 ");
	unit_holds("refused", "answer", ask("192.0.2.1", "a@bad.test", "c@own.test", "1.3"),
	    "action=550 5.7.23 ");
	unit_end();
}

/* An instance is unique on one host alone. */
/* add_section - with one option; spf_sections_complete follows the last one */
static void
add_section(const char *name, const char *option, const char *value)
{
	char error[OPTION_ERROR_SIZE];
	struct spf_section *section;

	if (settings->sections == NULL)
		settings->sections = spf_sections_new();
	section = spf_sections_add(settings->sections, name, error);
	assert_non_null(section);
	assert_true(spf_section_set(section, option_find("spf", option), &value, 1, error));
}

/* Sections are judged one by one, also when the second recipient has to wait for the DNS. */
static void
test_recipients_with_sections(void **state)
{
	struct request r = { "192.0.2.1", "bad.test", "a@soft.test", "b@strict.test", "1.1" };
	const char *text;

	(void)state;
	set_spf("helo-reject", "no-check");
	add_section("strict.test", "mail-from-reject", "softfail");
	add_section("helo.test", "helo-reject", "fail");
	spf_sections_complete(settings->sections, &settings->spf);
	unit_holds("strict", "answer", ask("192.0.2.1", "a@soft.test", "b@strict.test", "1.1"),
	    "action=550 5.7.23 ");
	unit_holds("strict", "log", log_capture_take(), " section=strict.test\n");
	text = put_request(&r);
	unit_holds("strict again", "answer",
	    session_feed_run(&feed, text, strlen(text), strlen(text), 1), "action=550 5.7.23 ");
	unit_int("softfail", "evaluated", (long long)stats.spf[SPF_IDENTITY_MAILFROM][SPF_SOFTFAIL],
	    2); /* the HELO name makes it another message */
	log_capture_take();
	unit_holds("others", "answer", ask("192.0.2.1", "a@soft.test", "b@own.test", "1.1"),
	    "action=PREPEND Received-SPF: Softfail ");
	unit_true("others", "log", strstr(log_capture_take(), "section=") == NULL);
	r.recipient = "b@helo.test";
	text = put_request(&r);
	unit_holds("HELO", "answer", session_feed_run(&feed, text, strlen(text), strlen(text), 1),
	    "action=550 5.7.23 SPF HELO check failed");
	unit_int(
	    "softfail", "evaluated", (long long)stats.spf[SPF_IDENTITY_MAILFROM][SPF_SOFTFAIL], 2);
	unit_int("fail", "evaluated", (long long)stats.spf[SPF_IDENTITY_HELO][SPF_FAIL], 1);
	unit_end();
}

static void
test_same_instance_of_others(void **state)
{
	(void)state;
	unit_text("first", "answer", ask("192.0.2.1", "a@good.test", "b@own.test", "1.1"), PASS);
	unit_holds("other client", "answer", ask("192.0.2.2", "a@good.test", "b@own.test", "1.1"),
	    "action=550 5.7.23 ");
	unit_holds("other sender", "answer", ask("192.0.2.1", "a@bad.test", "b@own.test", "1.1"),
	    "action=550 5.7.23 ");
	session_feed_now = NOW + 3600;
	unit_text(
	    "an hour later", "answer", ask("192.0.2.1", "a@good.test", "b@own.test", "1.1"), PASS);
	unit_end();
}

static void
test_both_headers(void **state)
{
	static const char data[] = "request=smtpd_access_policy\nprotocol_state=DATA\n"
				   "client_address=192.0.2.1\nhelo_name=mx.relay.test\n"
				   "sender=a@good.test\nrecipient=\ninstance=1.2\n\n";
	static const char second[] =
	    "action=PREPEND Authentication-Results: mx.srs.test; spf=pass smtp.mailfrom=good.test\n\n";

	(void)state;
	set_spf("header", "both");
	unit_text("first", "answer", ask("192.0.2.1", "a@good.test", "b@own.test", "1.1"), PASS);
	unit_text("second", "answer", ask("192.0.2.1", "a@good.test", "c@own.test", "1.1"), second);
	unit_text("third", "answer", ask("192.0.2.1", "a@good.test", "d@own.test", "1.1"),
	    "action=DUNNO\n\n");
	unit_text(
	    "one recipient", "answer", ask("192.0.2.1", "a@good.test", "b@own.test", "1.2"), PASS);
	unit_text("its DATA", "answer", session_feed_run(&feed, BYTES(data), 1000, 1), second);
	unit_text("DATA again", "answer", session_feed_run(&feed, BYTES(data), 1000, 1),
	    "action=DUNNO\n\n");
	unit_end();
}

static void
test_guessing(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < settings->spf.srs_guess_limit; i++)
		unit_text("within", unit_row("guess %d", i), ask("192.0.2.7", "", FORGED, ""),
		    "action=550 5.1.1 unknown SRS address\n\n");
	unit_text("one more", "forged", ask("192.0.2.7", "", FORGED, ""),
	    "action=450 4.7.1 try again later\n\n");
	unit_text("one more", "valid", ask("192.0.2.7", "", JANE, ""),
	    "action=450 4.7.1 try again later\n\n");
	unit_text("other client", "valid", ask("192.0.2.8", "", JANE, ""), "action=DUNNO\n\n");
	unit_holds("other recipient", "answer", ask("192.0.2.7", "a@none.test", "b@own.test", ""),
	    "action=PREPEND ");
	session_feed_now = NOW + 3600;
	unit_text("an hour later", "valid", ask("192.0.2.7", "", JANE, ""), "action=DUNNO\n\n");
	unit_end();
}

/* An exempt request is not counted: Postfix asks again at DATA, about the same recipient. */
static void
test_guessing_counts_a_recipient_once(void **state)
{
	static const char data[] = "request=smtpd_access_policy\nprotocol_state=DATA\n"
				   "client_address=192.0.2.7\nrecipient=" FORGED "\n\n";
	int i;

	(void)state;
	for (i = 0; i < settings->spf.srs_guess_limit + 5; i++)
		unit_text("DATA", unit_row("%d", i), session_feed_run(&feed, BYTES(data), 1000, 1),
		    "action=DUNNO\n\n");
	unit_text("RCPT", "answer", ask("192.0.2.7", "", FORGED, ""),
	    "action=550 5.1.1 unknown SRS address\n\n");
	unit_end();
}

/* One client network has a share of twenty; what it used up is not missed by others. */
static void
test_daily_share(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < SRS_BUDGET_SHARE; i++)
		unit_text("within", unit_row("use %d", i),
		    ask("192.0.2.7", "",
			i % 2 == 0 ? JANE : "srs0=mqis=g3=example.test=jane@srs.test", ""),
		    "action=DUNNO\n\n");
	unit_text("one more", "answer", ask("192.0.2.7", "", JANE, ""),
	    "action=450 4.7.1 try again later\n\n");
	unit_text("other address", "answer",
	    ask("192.0.2.7", "", "SRS0=IfWx=G3=example.test=a=b@srs.test", ""), "action=DUNNO\n\n");
	unit_text("other client", "answer", ask("192.0.2.8", "", JANE, ""), "action=DUNNO\n\n");
	session_feed_now = NOW + DAY;
	unit_text("next day", "answer", ask("192.0.2.7", "", JANE, ""), "action=DUNNO\n\n");
	unit_end();
}

/* A client that is not Postfix gets no answer; complete requests before the fault are answered. */
static void
test_broken_protocol(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "\n", "" },
		{ "sender=a@x.test\n\n", "" },
		{ "EHLO client.test\n\n", "" },
		{ "request=smtpd_access_policy\nprotocol_state=DATA\n\nrequest=other\n\n"
		  "request=smtpd_access_policy\n\n",
		    "action=DUNNO\n\n" },
	};
	char *line = unit_fill('x', 9000);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		session_feed_check(
		    &feed, rows[i].text, rows[i].text, strlen(rows[i].text), rows[i].want);
		unit_int(rows[i].text, "state", feed.state, SESSION_CLOSE);
	}
	unit_text("9000 bytes", "answer", session_feed_run(&feed, line, 9000, 9000, 1), "");
	unit_int("9000 bytes", "state", feed.state, SESSION_CLOSE);
	free(line);
	unit_end();
}

/* A session that is driven by hand, for requests that have to wait. */
static unsigned wakes;

static void
count_wake(void *arg)
{
	(void)arg;
	wakes++;
}

struct hand {
	struct session_host host;
	struct session *session;
	struct buffer out;
	enum session_state state;
	size_t used;
};

static void
open_hand(struct hand *hand)
{
	memset(hand, 0, sizeof(*hand));
	hand->host.wake = count_wake;
	hand->session = policy_session_open(&service, &hand->host);
	resolver.cached = false;
	wakes = 0;
}

static void
close_hand(struct hand *hand)
{
	hand->session->ops->close(hand->session);
	buffer_free(&hand->out);
}

/* give - hand in bytes, from where the session left off; the output so far is taken away */
static const char *
give(struct hand *hand, const char *data, size_t len)
{
	static char text[4000];
	char *copy = unit_copy(data, len);

	hand->used = 0;
	hand->state = hand->session->ops->input(hand->session, copy, len, &hand->used, &hand->out);
	free(copy);
	assert_in_range(hand->out.len, 0, sizeof(text) - 1);
	if (hand->out.len > 0)
		memcpy(text, hand->out.data, hand->out.len);
	text[hand->out.len] = '\0';
	buffer_clear(&hand->out);
	return text;
}

static void
test_waits_for_the_dns(void **state)
{
	struct request r = { "192.0.2.1", "mx.relay.test", "a@good.test", "b@own.test", "1.1" };
	const char *text = put_request(&r);
	size_t len = strlen(text);
	struct hand hand;

	(void)state;
	open_hand(&hand);
	unit_text("asked", "answer", give(&hand, text, len), "");
	unit_int("asked", "state", hand.state, SESSION_BUSY);
	unit_int("asked", "used", (int)hand.used, 0);
	unit_int("asked", "questions", (int)resolver.out, 2);
	fake_resolver_run(&resolver, service.checker.base);
	unit_int("answered", "wakes", wakes, 1);
	unit_text("answered", "answer", give(&hand, text, len), PASS);
	unit_int("answered", "state", hand.state, SESSION_READING);
	unit_int("answered", "used", (int)hand.used, (int)len);
	close_hand(&hand);
	unit_end();
}

static void
test_waits_with_more_behind(void **state)
{
	struct request rows[] = {
		{ "127.0.0.1", "mx.relay.test", "a@bad.test", "b@own.test", "" },
		{ "192.0.2.1", "mx.relay.test", "a@good.test", "b@own.test", "1.1" },
		{ "127.0.0.1", "mx.relay.test", "a@bad.test", "b@own.test", "" },
	};
	char text[3000] = "";
	size_t i, used;
	struct hand hand;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		strcat(text, put_request(&rows[i]));
	open_hand(&hand);
	unit_text("first", "answer", give(&hand, text, strlen(text)), "action=DUNNO\n\n");
	unit_int("second", "state", hand.state, SESSION_BUSY);
	used = hand.used;
	fake_resolver_run(&resolver, service.checker.base);
	unit_text("second and third", "answer", give(&hand, text + used, strlen(text + used)),
	    PASS "action=DUNNO\n\n");
	unit_int("all", "used", (int)(used + hand.used), (int)strlen(text));
	close_hand(&hand);
	unit_end();
}

/* A client that goes away takes its questions along. */
static void
test_client_goes_away(void **state)
{
	struct request r = { "192.0.2.1", "mx.relay.test", "a@good.test", "b@own.test", "1.1" };
	const char *text = put_request(&r);
	struct hand hand;

	(void)state;
	open_hand(&hand);
	give(&hand, text, strlen(text));
	assert_int_equal(resolver.out, 2);
	close_hand(&hand);
	assert_int_equal(resolver.out, 0);
	assert_int_equal(resolver.cancelled, 2);
	event_base_loop(service.checker.base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 0);
	assert_int_equal(message_memory_count(service.messages), 0);
}

static void
check_log(const char *row, const char *want)
{
	unit_text(row, "log", log_capture_take(), want);
}

static void
test_log_lines(void **state)
{
	(void)state;
	ask("192.0.2.1", "a@bad.test", "b@own.test", "");
	check_log("refused",
	    "unit: policy client=192.0.2.1 helo=mx.relay.test sender=<a@bad.test> "
	    "recipient=<b@own.test> result=fail identity=mailfrom mechanism=-all action=reject "
	    "time=0ms dns=2\n");
	ask("192.0.2.1", "", JANE, "");
	check_log("bounce",
	    "unit: policy client=192.0.2.1 helo=mx.relay.test sender=<> recipient=<" JANE "> "
	    "action=dunno exempt=srs-bounce time=0ms dns=0\n");
	ask("192.0.2.1", "a@good.test", "b@own.test", "1.1");
	check_log("pass",
	    "unit: policy client=192.0.2.1 helo=mx.relay.test sender=<a@good.test> "
	    "recipient=<b@own.test> result=pass identity=mailfrom mechanism=ip4:192.0.2.1 "
	    "action=prepend time=0ms dns=2\n");
	ask("192.0.2.1", "a@good.test", "c@own.test", "1.1");
	check_log("second recipient",
	    "unit: policy client=192.0.2.1 helo=mx.relay.test sender=<a@good.test> "
	    "recipient=<c@own.test> result=pass identity=mailfrom mechanism=ip4:192.0.2.1 "
	    "action=dunno replayed=yes time=0ms dns=0\n");
	unit_end();
}

static void
test_log_of_untrusted_text(void **state)
{
	char *name = unit_fill('n', 5000);
	struct request r = { "192.0.2.1", name, "a> action=ok <\t@x.test", "b@own.test", "" };
	const char *text;

	(void)state;
	text = put_request(&r);
	session_feed_run(&feed, text, strlen(text), strlen(text), 1);
	log_capture_take();
	unit_holds("sender", "log", log_captured, " sender=<a??action=ok???@x.test> ");
	unit_holds("HELO", "log", log_captured, "nnn... sender=");
	unit_true("one line", "log",
	    strchr(log_captured, '\n') == log_captured + strlen(log_captured) - 1);
	unit_true("short", "log", strlen(log_captured) < 600);
	free(name);
	unit_end();
}

static void
test_warnings(void **state)
{
	int i;

	(void)state;
	ask("10.1.2.3", "a@bad.test", "b@own.test", "");
	unit_holds(
	    "nat-guard", "log", log_capture_take(), "unit: warning: nat-guard client=10.1.2.3 ");
	for (i = 0; i < settings->spf.srs_guess_limit + 5; i++)
		ask("192.0.2.7", "", FORGED, "");
	log_capture_take();
	unit_holds("guess-limit", "log", log_captured, "warning: guess-limit client=192.0.2.7");
	unit_true("guess-limit", "once",
	    strstr(strstr(log_captured, "warning: guess-limit") + 1, "warning: guess-limit") ==
		NULL);
	unit_end();
}

/* For a client in an allow-list, the header has the true SPF result. */
#define FAIL_HEADER                                                               \
	"action=PREPEND Received-SPF: Fail (mailfrom) "                           \
	"client-ip=192.0.2.1; helo=mx.relay.test; envelope-from=\"a@bad.test\"; " \
	"receiver=<UNKNOWN>; mechanism=-all; identity=mailfrom\n\n"

static void
test_allow_lists(void **state)
{
	unsigned asked;

	(void)state;
	set_spf("domain-whitelist", "good.test");
	unit_text(
	    "held", "answer", ask("192.0.2.1", "a@bad.test", "b@own.test", "1.1"), FAIL_HEADER);
	check_log("held",
	    "unit: policy client=192.0.2.1 helo=mx.relay.test sender=<a@bad.test> "
	    "recipient=<b@own.test> result=fail identity=mailfrom mechanism=-all action=prepend "
	    "exempt=domain-whitelist time=0ms dns=3\n");
	asked = resolver.asked;
	unit_text("second recipient", "answer", ask("192.0.2.1", "a@bad.test", "c@own.test", "1.1"),
	    "action=DUNNO\n\n");
	check_log("second recipient",
	    "unit: policy client=192.0.2.1 helo=mx.relay.test sender=<a@bad.test> "
	    "recipient=<c@own.test> result=fail identity=mailfrom mechanism=-all action=dunno "
	    "exempt=domain-whitelist replayed=yes time=0ms dns=0\n");
	unit_int("second recipient", "questions", resolver.asked, asked);
	unit_holds("another client", "answer", ask("192.0.2.2", "a@bad.test", "b@own.test", "1.2"),
	    "action=550 5.7.23 ");
	check_log("another client",
	    "unit: policy client=192.0.2.2 helo=mx.relay.test sender=<a@bad.test> "
	    "recipient=<b@own.test> result=fail identity=mailfrom mechanism=-all action=reject "
	    "time=0ms dns=3\n");
	asked = resolver.asked;
	unit_holds("its second recipient", "answer",
	    ask("192.0.2.2", "a@bad.test", "c@own.test", "1.2"), "action=550 5.7.23 ");
	unit_int("its second recipient", "questions", resolver.asked, asked);
	unit_end();
}

static void
test_allow_list_words(void **state)
{
	static const char lists[] = "bad.test TXT v=spf1 -all\n"
				    "mx.relay.test A 192.0.2.1\n"
				    "1.2.0.192.in-addr.arpa PTR mx.relay.test\n";

	(void)state;
	resolver.zone = lists;
	set_spf("domain-whitelist-ptr", "relay.test");
	ask("192.0.2.1", "a@bad.test", "b@own.test", "");
	unit_holds("by PTR", "log", log_capture_take(),
	    " action=prepend exempt=domain-whitelist-ptr time=0ms dns=4\n");
	set_spf("helo-whitelist", "mx.relay.test");
	ask("192.0.2.1", "a@bad.test", "b@own.test", "");
	unit_holds("by HELO", "log", log_capture_take(), " exempt=helo-whitelist time=0ms dns=4\n");
	set_spf("test-only", "yes");
	ask("192.0.2.1", "a@bad.test", "b@own.test", "");
	unit_holds("test-only", "log", log_capture_take(), " exempt=helo-whitelist time=0ms");
	ask("192.0.2.2", "a@bad.test", "b@own.test", "");
	unit_holds("test-only, another", "log", log_capture_take(),
	    " exempt=test-only would=reject time=0ms dns=4\n");
	unit_end();
}

/* Mail that is not refused costs no question for the lists, nor does what is spared already. */
static void
test_allow_lists_are_not_asked(void **state)
{
	static const struct {
		const char *client, *sender, *recipient;
		unsigned questions;
	} rows[] = {
		{ "192.0.2.1", "a@good.test", "b@own.test", 2 },
		{ "192.0.2.1", "a@soft.test", "b@own.test", 2 },
		{ "192.0.2.1", "a@none.test", "b@own.test", 2 },
		{ "192.0.2.1", "a@sick.test", "b@own.test", 2 },
		{ "192.0.2.1", "", "b@own.test", 1 },
		{ "10.1.2.3", "a@bad.test", "b@own.test", 2 },
		{ "127.0.0.1", "a@bad.test", "b@own.test", 0 },
		{ "192.0.2.1", JANE, "b@own.test", 1 },
		{ "192.0.2.1", "a@bad.test", FORGED, 0 },
	};
	unsigned before;
	size_t i;

	(void)state;
	set_spf("helo-whitelist", "mx.relay.test");
	set_spf("domain-whitelist", "list.test");
	set_spf("domain-whitelist-ptr", "list.test");
	for (i = 0; i < COUNT(rows); i++) {
		before = resolver.asked;
		ask(rows[i].client, rows[i].sender, rows[i].recipient, "");
		unit_int(unit_row("<%s> from %s", rows[i].sender, rows[i].client), "questions",
		    resolver.asked - before, rows[i].questions);
	}
	before = resolver.asked;
	ask("192.0.2.1", "a@bad.test", "b@own.test", "");
	unit_int("a refusal", "questions", resolver.asked - before, 5);
	unit_end();
}

/* A message of several recipients has its headers as ever. */
static void
test_headers_of_the_allowed(void **state)
{
	(void)state;
	set_spf("domain-whitelist", "good.test");
	set_spf("header", "both");
	unit_text(
	    "first", "answer", ask("192.0.2.1", "a@bad.test", "b@own.test", "1.1"), FAIL_HEADER);
	unit_text("second", "answer", ask("192.0.2.1", "a@bad.test", "c@own.test", "1.1"),
	    "action=PREPEND Authentication-Results: mx.srs.test; spf=fail smtp.mailfrom=bad.test\n\n");
	unit_text("third", "answer", ask("192.0.2.1", "a@bad.test", "d@own.test", "1.1"),
	    "action=DUNNO\n\n");
	unit_end();
}

static void
test_waits_for_the_lists(void **state)
{
	struct request r = { "192.0.2.1", "mx.relay.test", "a@bad.test", "b@own.test", "1.1" };
	const char *text = put_request(&r);
	size_t len = strlen(text);
	struct hand hand;

	(void)state;
	set_spf("domain-whitelist", "good.test");
	open_hand(&hand);
	unit_text("asked", "answer", give(&hand, text, len), "");
	unit_int("asked", "questions", (int)resolver.out, 2);
	fake_resolver_run(&resolver, service.checker.base);
	unit_int("verdicts", "wakes", wakes, 1);
	unit_text("verdicts", "answer", give(&hand, text, len), "");
	unit_int("verdicts", "state", hand.state, SESSION_BUSY);
	unit_int("verdicts", "used", (int)hand.used, 0);
	unit_int("verdicts", "questions", (int)resolver.out, 1);
	fake_resolver_run(&resolver, service.checker.base);
	unit_int("lists", "wakes", wakes, 2);
	unit_text("lists", "answer", give(&hand, text, len), FAIL_HEADER);
	unit_int("lists", "state", hand.state, SESSION_READING);
	unit_int("lists", "used", (int)hand.used, (int)len);
	unit_int("lists", "questions", (int)resolver.out, 0);
	unit_text("second recipient", "answer", give(&hand, text, len), "action=DUNNO\n\n");
	close_hand(&hand);
	unit_end();
}

static void
test_client_goes_away_in_the_lists(void **state)
{
	struct request r = { "192.0.2.1", "mx.relay.test", "a@bad.test", "b@own.test", "1.1" };
	const char *text = put_request(&r);
	struct hand hand;

	(void)state;
	set_spf("domain-whitelist", "good.test");
	open_hand(&hand);
	give(&hand, text, strlen(text));
	fake_resolver_run(&resolver, service.checker.base);
	give(&hand, text, strlen(text));
	assert_int_equal(resolver.out, 1);
	close_hand(&hand);
	assert_int_equal(resolver.out, 0);
	assert_int_equal(resolver.cancelled, 1);
	event_base_loop(service.checker.base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 1);
	assert_int_equal(message_memory_count(service.messages), 0);
}

static void
test_log_of_dnssec(void **state)
{
	static const char signed_zone[] = "safe.test TXT !secure\n"
					  "safe.test TXT v=spf1 -all\n"
					  "plain.test TXT v=spf1 -all\n"
					  "fake.test TXT !bogus\n";
	static const struct {
		const char *sender, *want;
	} rows[] = {
		{ "a@safe.test", " mechanism=-all dnssec=secure action=reject " },
		{ "a@plain.test", " mechanism=-all dnssec=insecure action=reject " },
		{ "a@fake.test",
		    " result=temperror identity=mailfrom dnssec=bogus "
		    "problem=\"DNSSEC validation failed for the TXT records of fake.test\" action=prepend " },
	};
	size_t i;

	(void)state;
	resolver.zone = signed_zone;
	settings->dnssec = true;
	for (i = 0; i < COUNT(rows); i++) {
		ask("192.0.2.1", rows[i].sender, "b@own.test", "");
		unit_holds(rows[i].sender, "log", log_capture_take(), rows[i].want);
	}
	ask("127.0.0.1", "a@safe.test", "b@own.test", "");
	unit_true("nothing evaluated", "no word", strstr(log_capture_take(), "dnssec=") == NULL);
	settings->dnssec = false;
	for (i = 0; i < COUNT(rows); i++) {
		ask("192.0.2.1", rows[i].sender, "b@own.test", "");
		unit_true(rows[i].sender, "no word without dnssec",
		    strstr(log_capture_take(), "dnssec=") == NULL);
	}
	unit_end();
}

#ifdef HAVE_LIBSPF2
static void
test_log_of_the_second_engine(void **state)
{
	static const char any[] = "any.test TXT v=spf1 ip4:0.0.0.0/0 -all\n"
				  "good.test TXT v=spf1 ip4:192.0.2.1 -all\n";

	(void)state;
	resolver.zone = any;
	set_spf("engine", "libspf2");
	unit_holds("differs", "answer", ask("192.0.2.1", "a@any.test", "b@own.test", "1.1"),
	    "action=PREPEND Received-SPF: Permerror (mailfrom) ");
	check_log("differs",
	    "unit: policy client=192.0.2.1 helo=mx.relay.test sender=<a@any.test> "
	    "recipient=<b@own.test> result=permerror identity=mailfrom native=pass "
	    "problem=\"refused by libspf2\" action=prepend time=0ms dns=2\n");
	ask("192.0.2.1", "a@any.test", "c@own.test", "1.1");
	unit_holds("second recipient", "log", log_capture_take(),
	    " native=pass problem=\"refused by libspf2\" action=dunno replayed=yes ");
	unit_text("agrees", "answer", ask("192.0.2.1", "a@good.test", "b@own.test", ""), PASS);
	unit_true("agrees", "no word", strstr(log_capture_take(), "native=") == NULL);
	set_spf("permerror-reject", "yes");
	unit_text("refused", "answer", ask("192.0.2.1", "a@any.test", "b@own.test", ""),
	    "action=550 5.7.24 SPF MAIL FROM check failed: the SPF record of any.test cannot be "
	    "used: refused by libspf2\n\n");
	unit_end();
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		POLICY_TEST(test_answers),
		POLICY_TEST(test_any_split),
		POLICY_TEST(test_pipelined),
		POLICY_TEST(test_exempt),
		POLICY_TEST(test_srs_recipients),
		POLICY_TEST(test_srs_addresses_of_others),
		POLICY_TEST(test_srs_senders),
		POLICY_TEST(test_recipients_of_one_message),
		POLICY_TEST(test_recipients_with_sections),
		POLICY_TEST(test_same_instance_of_others),
		POLICY_TEST(test_both_headers),
		POLICY_TEST(test_guessing),
		POLICY_TEST(test_guessing_counts_a_recipient_once),
		POLICY_TEST(test_daily_share),
		POLICY_TEST(test_broken_protocol),
		POLICY_TEST(test_waits_for_the_dns),
		POLICY_TEST(test_waits_with_more_behind),
		POLICY_TEST(test_client_goes_away),
		POLICY_TEST(test_log_lines),
		POLICY_TEST(test_log_of_untrusted_text),
		POLICY_TEST(test_warnings),
		POLICY_TEST(test_allow_lists),
		POLICY_TEST(test_allow_list_words),
		POLICY_TEST(test_allow_lists_are_not_asked),
		POLICY_TEST(test_headers_of_the_allowed),
		POLICY_TEST(test_waits_for_the_lists),
		POLICY_TEST(test_client_goes_away_in_the_lists),
		POLICY_TEST(test_log_of_dnssec),
#ifdef HAVE_LIBSPF2
		POLICY_TEST(test_log_of_the_second_engine),
#endif
	};

	return cmocka_run_group_tests_name("policy_service", tests, NULL, NULL);
}
