/* SPDX-License-Identifier: ISC */
/*
 * The control service over memory. The DNS is a text; the monitor is a flag.
 */
#include "tests/unit/fake_resolver.h"
#include "tests/unit/json_case.h"
#include "tests/unit/srs_case.h"

#include "common/buffer.h"
#include "srsd/service/control.h"
#include "srsd/service/control_recent.h"
#include "srsd/service/policy_service.h"
#include "srsd/service/status.h"

static const char zone[] = "good.test TXT v=spf1 ip4:192.0.2.1 -all\n"
			   "bad.test TXT v=spf1 -all\n";

static time_t
wall(void *arg)
{
	(void)arg;
	return NOW;
}

static uint64_t
elapsed(void *arg)
{
	(void)arg;
	return 12345;
}

static const struct clock clock_of_the_test = { wall, elapsed, NULL };

/* Replaces srsd/service/status.c, which has a test of its own. */
json_t *
status_json(const struct status *status)
{
	return json_pack("{s:i}", "restarts", (int)status->restarts);
}

static void
read_status(void *arg, struct status *status)
{
	assert_null(arg);
	memset(status, 0, sizeof(*status));
	status->restarts = 7;
	status->listeners = json_object();
}

static struct control_service service;
static struct policy_service policy;
static struct spf_checker checker;
static struct resolver resolver;
static unsigned asked;   /* how often the monitor was asked for a reload */
static bool unreachable; /* it cannot be asked */

static bool
ask_reload(void *arg)
{
	assert_ptr_equal(arg, &asked);
	asked += !unreachable;
	return !unreachable;
}

static struct recent *recent;

static int
begin(void **state)
{
	(void)state;
	memset(&resolver, 0, sizeof(resolver));
	resolver.zone = zone;
	resolver.cached = true;
	checker.base = event_base_new();
	checker.resolver = &resolver;
	checker.inflight = spf_inflight_new();
	checker.clock = &clock_of_the_test;
	memset(&service, 0, sizeof(service));
	service.settings = srs_settings();
	service.keys = srs_keys_of(SECRET "\n");
	service.checker = &checker;
	service.policy = &policy;
	policy = (struct policy_service){ .settings = service.settings,
		.keys = service.keys,
		.checker = checker,
		.budget = srs_budget_new(),
		.clock = &clock_of_the_test };
	service.clock = &clock_of_the_test;
	service.ask_reload = ask_reload;
	service.ask_reload_arg = &asked;
	service.read_status = read_status;
	recent = recent_new(3);
	service.recent = control_recent_new(checker.base, &clock_of_the_test, recent);
	control_service_init(&service);
	asked = 0;
	unreachable = false;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	assert_true(TAILQ_EMPTY(&service.waiting));
	assert_int_equal(resolver.out, 0);
	assert_int_equal(spf_inflight_count(checker.inflight), 0);
	srs_budget_free(&policy.budget);
	control_recent_free(&service.recent);
	recent_free(&recent);
	srs_keys_free(&service.keys);
	settings_free(&service.settings);
	spf_inflight_free(&checker.inflight);
	/* libevent would read an event that was freed but not deleted, out of sight of ASan. */
	assert_int_equal(event_base_get_num_events(checker.base, EVENT_BASE_COUNT_ADDED), 0);
	event_base_free(checker.base);
	return 0;
}

#define CONTROL_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

/*
 * The part of the server for a session: it keeps unused input, and passes it in again after wake.
 */
struct client {
	struct session *session;
	struct session_host host;
	enum session_state state;
	char *in;
	size_t len;
	struct buffer out;
	unsigned woken;
};

static void
feed_turn(struct client *c)
{
	char *copy = unit_copy(c->in, c->len);
	size_t used = SIZE_MAX; /* unless it is set */

	c->state = c->session->ops->input(c->session, copy, c->len, &used, &c->out);
	free(copy);
	assert_in_range(used, 0, c->len);
	c->len -= used;
	memmove(c->in, c->in + used, c->len);
}

static void
feed(struct client *c)
{
	do
		feed_turn(c);
	while (c->state == SESSION_MORE);
}

static void
on_wake(void *arg)
{
	struct client *c = arg;

	c->woken++;
	assert_int_equal(c->state, SESSION_BUSY);
	feed(c);
}

static void
connect_client(struct client *c)
{
	memset(c, 0, sizeof(*c));
	c->host.wake = on_wake;
	c->host.arg = c;
	c->session = control_session_open(&service, &c->host);
}

static void
leave(struct client *c)
{
	c->session->ops->close(c->session);
	buffer_free(&c->out);
	free(c->in);
	c->in = NULL;
}

/* add_input - bytes that the session has not seen yet */
static void
add_input(struct client *c, const char *data, size_t len)
{
	c->in = realloc(c->in, c->len + len + 1);
	assert_non_null(c->in);
	memcpy(c->in + c->len, data, len);
	c->len += len;
}

static void
say_bytes(struct client *c, const char *data, size_t len)
{
	add_input(c, data, len);
	if (c->state == SESSION_READING)
		feed(c);
}

static void
say(struct client *c, const char *text)
{
	say_bytes(c, text, strlen(text));
}

/* heard - the next line of output, without its end, or NULL; the caller frees it */
static char *
heard(struct client *c)
{
	char *end = c->out.len == 0 ? NULL : memchr(c->out.data, '\n', c->out.len), *line;

	if (end == NULL)
		return NULL;
	line = xstrndup(c->out.data, (size_t)(end - c->out.data));
	c->out.len -= (size_t)(end + 1 - c->out.data);
	memmove(c->out.data, end + 1, c->out.len);
	return line;
}

static void
check_hears(struct client *c, const char *row, const char *want)
{
	char *line = heard(c);

	unit_text(row, "reply", line, want);
	free(line);
}

/* heard_reply - as JSON; NULL: nothing was heard in the place of want */
static json_t *
heard_reply(struct client *c, const char *row, const char *want)
{
	char *line = heard(c);
	json_t *reply = NULL;

	if (line == NULL)
		unit_text(row, "reply", line, want);
	else
		reply = json_case_read(line);
	free(line);
	return reply;
}

static void
check_refused(struct client *c, const char *row, const char *why)
{
	json_t *reply = heard_reply(c, row, why);

	if (reply == NULL)
		return;
	json_case_keys(row, reply, "error");
	unit_holds(row, "error", json_string_value(json_object_get(reply, "error")), why);
	json_decref(reply);
}

#define SPF(sender) "{\"command\":\"spf\",\"ip\":\"192.0.2.1\",\"sender\":\"" sender "\"}\n"
#define RELOAD "{\"command\":\"reload\"}\n"
#define RELOADED "{\"reloaded\":true}"

/* check_result - a report whose only identity has this result */
static void
check_result(struct client *c, const char *row, const char *want)
{
	char *line = heard(c);
	json_t *reply;

	if (line == NULL) {
		unit_text(row, "reply", line, want);
		return;
	}
	reply = json_case_read(line);
	json_case_keys(row, reply, "ip sender identities nameservers");
	json_case_is(row, "result",
	    json_object_get(json_array_get(json_object_get(reply, "identities"), 0), "result"),
	    want);
	json_decref(reply);
	free(line);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *line;
		const char *why;
	} rows[] = {
		{ "", "not a JSON object" },
		{ "reload", "not a JSON object" },
		{ "{\"command\":\"reload\"", "not a JSON object" },
		{ "{\"command\":\"reload\"} {}", "not a JSON object" },
		{ "{\"command\":\"reload\",\"command\":\"reload\"}", "not a JSON object" },
		{ "[\"reload\"]", "not a JSON object" },
		{ "\"reload\"", "not a JSON object" },
		{ "null", "not a JSON object" },
		{ "{\"command\":\"rel\xff\"}", "not a JSON object" },
		{ "{}", "no such command" },
		{ "{\"command\":\"\"}", "no such command" },
		{ "{\"command\":\"Reload\"}", "no such command" },
		{ "{\"command\":\"reload \"}", "no such command" },
		{ "{\"command\":\"reload\\n\"}", "no such command" },
		{ "{\"command\":12}", "no such command" },
		{ "{\"command\":[\"reload\"]}", "no such command" },
		{ "{\"command\":null}", "no such command" },
		{ "{\"Command\":\"reload\"}", "no such command" },
		{ "{\"command\":\"forward\"}", "no address" },
		{ "{\"command\":\"reverse\",\"address\":5}", "no address" },
		{ "{\"command\":\"spf\"}", "ip: " },
		{ "{\"command\":\"spf\",\"ip\":\"x\",\"sender\":\"a@b.test\"}", "ip: " },
		{ "{\"command\":\"spf\",\"ip\":\"192.0.2.1\"}", "null sender" },
	};
	struct client c;
	size_t i;

	(void)state;
	connect_client(&c);
	for (i = 0; i < COUNT(rows); i++) {
		say(&c, rows[i].line);
		say(&c, "\n");
		check_refused(&c, rows[i].line, rows[i].why);
		unit_int(rows[i].line, "goes on", c.state, SESSION_READING);
		unit_int(rows[i].line, "left", (long long)c.len, 0);
	}
	assert_int_equal(asked, 0);
	say(&c, SPF("a@good.test"));
	check_result(&c, "afterwards", "\"pass\"");
	leave(&c);
	unit_end();
}

#define EXPLAIN                                                                        \
	"{\"command\":\"explain\",\"client\":\"192.0.2.1\",\"sender\":\"a@bad.test\"," \
	"\"recipient\":\"b@own.test\"}\n"

/* check_action - of an explanation */
static void
check_action(struct client *c, const char *row, const char *want)
{
	json_t *reply = heard_reply(c, row, want);

	if (reply == NULL)
		return;
	json_case_member(row, reply, "action", want);
	json_decref(reply);
}

/* The reply comes when the DNS has answered; the next line waits for it. */
static void
test_explain(void **state)
{
	struct client c;

	(void)state;
	connect_client(&c);
	say(&c, EXPLAIN);
	check_action(&c, "cached", "\"reject\"");
	say(&c, "{\"command\":\"explain\",\"client\":\"mx.test\"}\n");
	check_refused(&c, "client", "client: not an IPv4 or IPv6 address");
	resolver.cached = false;
	say(&c, EXPLAIN SPF("a@good.test"));
	unit_int("waits", "state", c.state, SESSION_BUSY);
	check_hears(&c, "waits", NULL);
	fake_resolver_run(&resolver, checker.base);
	check_action(&c, "later", "\"reject\"");
	fake_resolver_run(&resolver, checker.base);
	check_result(&c, "next line", "\"pass\"");
	say(&c, EXPLAIN);
	leave(&c); /* while it waits */
	unit_end();
}

static void
test_nul(void **state)
{
	struct client c;

	(void)state;
	connect_client(&c);
	say_bytes(&c, BYTES("{\"command\":\"reload\0\"}\n"));
	check_refused(&c, "NUL", "not a JSON object");
	assert_int_equal(asked, 0);
	leave(&c);
	unit_end();
}

static void
test_lines(void **state)
{
	static const char text[] = SPF("a@good.test") "nonsense\n" SPF("a@bad.test");
	struct client c;
	size_t i;

	(void)state;
	connect_client(&c);
	say(&c, text);
	check_result(&c, "whole", "\"pass\"");
	check_refused(&c, "whole", "not a JSON object");
	check_result(&c, "whole", "\"fail\"");
	for (i = 0; i < sizeof(text) - 1; i++)
		say_bytes(&c, text + i, 1);
	check_result(&c, "by bytes", "\"pass\"");
	check_refused(&c, "by bytes", "not a JSON object");
	check_result(&c, "by bytes", "\"fail\"");
	assert_null(heard(&c));
	leave(&c);
	unit_end();
}

/* Many requests in one read are not answered in one turn of the loop, and all of them are. */
static void
test_one_request_a_turn(void **state)
{
	static const char text[] = "{\"command\":\"top\"}\nnonsense\n" SPF("a@good.test") "{";
	struct client c;

	(void)state;
	connect_client(&c);
	add_input(&c, text, sizeof(text) - 1);
	feed_turn(&c);
	unit_int("first", "state", c.state, SESSION_MORE);
	free(heard(&c));
	check_hears(&c, "first", NULL);
	feed_turn(&c);
	unit_int("second", "state", c.state, SESSION_MORE);
	check_refused(&c, "second", "not a JSON object");
	check_hears(&c, "second", NULL);
	feed_turn(&c);
	unit_int("third", "state", c.state, SESSION_MORE);
	check_result(&c, "third", "\"pass\"");
	feed_turn(&c);
	unit_int("no line", "state", c.state, SESSION_READING);
	unit_int("no line", "left", (long long)c.len, 1);
	check_hears(&c, "no line", NULL);
	leave(&c);
	unit_end();
}

static void
test_longest_line(void **state)
{
	char *blanks = unit_fill(' ', CONTROL_LINE_MAX);
	struct client c;

	(void)state;
	connect_client(&c);
	say(&c, blanks);
	assert_int_equal(c.state, SESSION_READING);
	assert_null(heard(&c));
	say(&c, "x");
	assert_int_equal(c.state, SESSION_CLOSE);
	check_refused(&c, "too long", "the line is too long");
	leave(&c);
	free(blanks);
	unit_end();
}

/* Requests that are answered at once. */
static void
test_lookups_and_status(void **state)
{
	static const struct {
		const char *line;
		const char *key, *value;
	} rows[] = {
		{ "{\"command\":\"forward\",\"address\":\"jane@example.test\"}", "address",
		    "\"SRS0=mqiS=G3=example.test=jane@srs.test\"" },
		{ "{\"command\":\"reverse\","
		  "\"address\":\"SRS0=mqiS=G3=example.test=jane@srs.test\"}",
		    "address", "\"jane@example.test\"" },
		{ "{\"command\":\"forward\",\"address\":\"jane@srs.test\"}", "reason",
		    "\"local domain\"" },
		{ "{\"command\":\"reverse\","
		  "\"address\":\"SRS0=xxxx=G3=example.test=jane@srs.test\"}",
		    "reason", "\"bad hash\"" },
		{ "{\"command\":\"forward\",\"address\":\"\"}", "reason", "\"null sender\"" },
		{ "{\"command\":\"status\"}", "restarts", "7" },
	};
	struct client c;
	json_t *reply;
	size_t i;
	char *line;

	(void)state;
	connect_client(&c);
	for (i = 0; i < COUNT(rows); i++) {
		say(&c, rows[i].line);
		say(&c, "\n");
		line = heard(&c);
		assert_non_null(line);
		reply = json_case_read(line);
		json_case_member(rows[i].line, reply, rows[i].key, rows[i].value);
		json_decref(reply);
		free(line);
	}
	leave(&c);
	unit_end();
}

/* While the DNS is asked nothing more is answered; then all of it, in its order. */
static void
test_spf_waits(void **state)
{
	struct client c;

	(void)state;
	resolver.cached = false;
	connect_client(&c);
	say(&c, SPF("a@good.test") SPF("a@bad.test") "nonsense\n");
	assert_int_equal(c.state, SESSION_BUSY);
	assert_int_equal(resolver.out, 1);
	assert_null(heard(&c));
	fake_resolver_run(&resolver, checker.base);
	assert_int_equal(c.woken, 2);
	assert_int_equal(c.state, SESSION_READING);
	check_result(&c, "first", "\"pass\"");
	check_result(&c, "second", "\"fail\"");
	check_refused(&c, "third", "not a JSON object");
	leave(&c);
	unit_end();
}

static void
test_spf_client_leaves(void **state)
{
	struct client c;

	(void)state;
	resolver.cached = false;
	connect_client(&c);
	say(&c, SPF("a@good.test"));
	assert_int_equal(resolver.out, 1);
	leave(&c);
	assert_int_equal(resolver.out, 0);
	assert_int_equal(resolver.cancelled, 1);
	event_base_loop(checker.base, EVLOOP_NONBLOCK);
	assert_int_equal(c.woken, 0);
}

/* A reload in the middle of a query takes its settings away: the query has its own reference. */
static void
test_spf_over_a_reload(void **state)
{
	struct client c;

	(void)state;
	resolver.cached = false;
	connect_client(&c);
	say(&c, SPF("a@bad.test"));
	settings_free(&service.settings);
	service.settings = srs_settings();
	control_service_reloaded(&service, NULL);
	assert_int_equal(c.woken, 0);
	fake_resolver_run(&resolver, checker.base);
	check_result(&c, "afterwards", "\"fail\"");
	leave(&c);
	unit_end();
}

static void
test_reload(void **state)
{
	static const struct {
		const char *outcome;
		const char *want;
	} rows[] = {
		{ NULL, RELOADED },
		{ "FILE:3: max-age: what is this",
		    "{\"error\":\"FILE:3: max-age: what is this\"}" },
		{ "", "{\"error\":\"\"}" },
		{ "with \"quotes\"\nand lines", "{\"error\":\"with \\\"quotes\\\"\\nand lines\"}" },
		{ "with \xc3\xbc", "{\"error\":\"with \\u00FC\"}" },
	};
	struct client c;
	size_t i;

	(void)state;
	connect_client(&c);
	for (i = 0; i < COUNT(rows); i++) {
		say(&c, RELOAD);
		assert_int_equal(c.state, SESSION_BUSY);
		assert_int_equal(asked, i + 1);
		assert_null(heard(&c));
		control_service_reloaded(&service, rows[i].outcome);
		unit_int(rows[i].want, "woken", c.woken, (long long)i + 1);
		unit_int(rows[i].want, "goes on", c.state, SESSION_READING);
		check_hears(&c, rows[i].want, rows[i].want);
	}
	leave(&c);
	unit_end();
}

/* Text of an operator that an error quotes may not be UTF-8. */
static void
test_reload_error_with_odd_bytes(void **state)
{
	struct client c;

	(void)state;
	connect_client(&c);
	say(&c, RELOAD);
	control_service_reloaded(&service, "FILE:1: no option 'f\xfcr'");
	assert_int_equal(asked, 1);
	assert_int_equal(c.state, SESSION_READING);
	check_hears(&c, "Latin 1", "{\"error\":\"FILE:1: no option 'f?r'\"}");
	leave(&c);
	unit_end();
}

static void
test_reload_of_several(void **state)
{
	struct client c[5];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(c); i++) {
		connect_client(&c[i]);
		say(&c[i], RELOAD SPF("a@good.test"));
		assert_int_equal(c[i].state, SESSION_BUSY);
	}
	leave(&c[0]);
	leave(&c[2]);
	leave(&c[4]);
	control_service_reloaded(&service, NULL);
	for (i = 1; i < COUNT(c); i += 2) {
		check_hears(&c[i], unit_row("%zu", i), RELOADED);
		check_result(&c[i], unit_row("%zu", i), "\"pass\"");
		leave(&c[i]);
	}
	/* The client does not wait for this one. */
	control_service_reloaded(&service, "why");
	unit_end();
}

/* A second one in the same line of requests begins when the first is over. */
static void
test_reload_again(void **state)
{
	struct client c;

	(void)state;
	connect_client(&c);
	say(&c, RELOAD RELOAD);
	assert_int_equal(asked, 1);
	control_service_reloaded(&service, "one");
	check_hears(&c, "first", "{\"error\":\"one\"}");
	assert_int_equal(asked, 2);
	assert_int_equal(c.state, SESSION_BUSY);
	control_service_reloaded(&service, NULL);
	check_hears(&c, "second", RELOADED);
	leave(&c);
	unit_end();
}

static void
test_reload_that_cannot_be_asked_for(void **state)
{
	struct client c;

	(void)state;
	unreachable = true;
	connect_client(&c);
	say(&c, RELOAD);
	assert_int_equal(c.state, SESSION_READING);
	check_refused(&c, "unreachable", "monitor");
	leave(&c);
	unit_end();
}

static void
add_decision(const char *sender, const char *result)
{
	struct recent_decision *d =
	    recent_begin(recent, RECENT_FORWARD, clock_wall(&clock_of_the_test));

	d->result = result;
	recent_put(d, RECENT_SENDER, sender, strlen(sender));
	recent_end(recent);
}

/* check_decisions - the next reply: "SENDER ...next N missed N", or its error */
static void
check_decisions(struct client *c, const char *row, const char *want)
{
	char *line = heard(c), got[300] = "";
	json_t *reply = line == NULL ? NULL : json_loads(line, 0, NULL), *decision;
	size_t i;

	json_array_foreach (json_object_get(reply, "decisions"), i, decision)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ",
		    json_string_value(json_object_get(decision, "sender")));
	if (json_object_get(reply, "error") != NULL)
		strlcpy(got, json_string_value(json_object_get(reply, "error")), sizeof(got));
	else if (reply != NULL)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "next %d missed %d%s",
		    (int)json_integer_value(json_object_get(reply, "next")),
		    (int)json_integer_value(json_object_get(reply, "missed")),
		    json_is_true(json_object_get(reply, "ending")) ? " ending" : "");
	unit_text(row, "decisions", got, want);
	json_decref(reply);
	free(line);
}

#define FOLLOW(n) "{\"command\":\"recent\",\"from\":" #n ",\"wait\":true}\n"

static void
test_recent(void **state)
{
	static const struct {
		const char *request, *want;
	} rows[] = {
		{ "\"last\":9", "b@x c@y d@x next 5 missed 0" },
		{ "\"last\":2", "c@y d@x next 5 missed 0" },
		{ "\"last\":0", "next 5 missed 0" },
		{ "\"last\":-1", "next 5 missed 0" },
		{ "\"from\":3", "c@y d@x next 5 missed 0" },
		{ "\"from\":1", "b@x c@y d@x next 5 missed 1" },
		{ "\"from\":5", "next 5 missed 0" },
		{ "\"from\":99", "b@x c@y d@x next 5 missed 0" },
		{ "\"last\":9,\"domain\":\"x\"", "b@x d@x next 5 missed 0" },
		{ "\"last\":1,\"domain\":\"x\"", "d@x next 5 missed 0" },
		{ "\"last\":9,\"result\":\"refused\"", "c@y next 5 missed 0" },
		{ "\"last\":9,\"result\":1", "a filter is not a text" },
		{ "\"last\":1,\"wait\":true", "d@x next 5 missed 0" },
	};
	struct client c;
	char request[200];
	size_t i;

	(void)state;
	add_decision("a@x", "rewritten");
	add_decision("b@x", "rewritten");
	add_decision("c@y", "refused");
	add_decision("d@x", "rewritten");
	connect_client(&c);
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(
		    request, sizeof(request), "{\"command\":\"recent\",%s}\n", rows[i].request);
		say(&c, request);
		check_decisions(&c, rows[i].request, rows[i].want);
	}
	leave(&c);
	unit_end();
}

static void
test_recent_is_off(void **state)
{
	struct client c;

	(void)state;
	recent_resize(recent, 0);
	connect_client(&c);
	say(&c, FOLLOW(0));
	check_decisions(&c, "off", "no decisions are kept: recent-decisions is 0");
	say(&c, "{\"command\":\"top\"}\n");
	check_hears(&c, "top", "{\"decisions\":0,\"since\":null,\"busiest\":[],\"refused\":[]}");
	leave(&c);
	unit_end();
}

/* Decisions wake those that wait, once for several; a filter lets others pass. */
static void
test_recent_follow(void **state)
{
	struct client all, few;

	(void)state;
	connect_client(&all);
	connect_client(&few);
	say(&all, FOLLOW(1));
	say(&few, "{\"command\":\"recent\",\"from\":1,\"domain\":\"y\",\"wait\":true}\n");
	assert_int_equal(all.state, SESSION_BUSY);
	assert_int_equal(few.state, SESSION_BUSY);
	add_decision("a@x", "rewritten");
	add_decision("b@x", "rewritten");
	assert_int_equal(all.woken, 0);
	event_base_loop(checker.base, EVLOOP_ONCE);
	assert_int_equal(all.woken, 1);
	check_decisions(&all, "two", "a@x b@x next 3 missed 0");
	assert_int_equal(few.state, SESSION_BUSY);
	check_hears(&few, "none", NULL);
	say(&all, FOLLOW(3));
	add_decision("c@y", "rewritten");
	event_base_loop(checker.base, EVLOOP_ONCE);
	check_decisions(&all, "third", "c@y next 4 missed 0");
	check_decisions(&few, "third", "c@y next 4 missed 0");
	add_decision("d@x", "rewritten");
	add_decision("e@x", "rewritten");
	add_decision("f@x", "rewritten");
	add_decision("g@x", "rewritten");
	say(&all, FOLLOW(4));
	check_decisions(&all, "late", "e@x f@x g@x next 8 missed 1");
	say(&all, FOLLOW(8));
	leave(&all);
	add_decision("h@x", "rewritten");
	leave(&few);
	unit_end();
}

static void
test_recent_followers(void **state)
{
	struct client c[CONTROL_RECENT_FOLLOWERS + 1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(c); i++) {
		connect_client(&c[i]);
		say(&c[i], FOLLOW(1));
	}
	check_decisions(
	    &c[CONTROL_RECENT_FOLLOWERS], "too many", "4 others already follow the decisions");
	leave(&c[0]);
	say(&c[CONTROL_RECENT_FOLLOWERS], FOLLOW(1));
	assert_int_equal(c[CONTROL_RECENT_FOLLOWERS].state, SESSION_BUSY);
	control_recent_end(service.recent);
	for (i = 1; i < COUNT(c); i++) {
		check_decisions(&c[i], "end", "next 1 missed 0 ending");
		leave(&c[i]);
	}
	unit_end();
}

static void
test_top(void **state)
{
	struct client c;

	(void)state;
	add_decision("a@x.test", "rewritten");
	connect_client(&c);
	say(&c, "{\"command\":\"top\"}\n");
	check_hears(&c, "top",
	    "{\"decisions\":1,\"since\":1700000000,\"busiest\":[{\"domain\":\"x.test\","
	    "\"decisions\":1,\"refused\":0}],\"refused\":[]}");
	leave(&c);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CONTROL_TEST(test_refused),
		CONTROL_TEST(test_explain),
		CONTROL_TEST(test_nul),
		CONTROL_TEST(test_lines),
		CONTROL_TEST(test_one_request_a_turn),
		CONTROL_TEST(test_longest_line),
		CONTROL_TEST(test_lookups_and_status),
		CONTROL_TEST(test_spf_waits),
		CONTROL_TEST(test_spf_client_leaves),
		CONTROL_TEST(test_spf_over_a_reload),
		CONTROL_TEST(test_reload),
		CONTROL_TEST(test_reload_error_with_odd_bytes),
		CONTROL_TEST(test_reload_of_several),
		CONTROL_TEST(test_reload_again),
		CONTROL_TEST(test_reload_that_cannot_be_asked_for),
		CONTROL_TEST(test_recent),
		CONTROL_TEST(test_recent_is_off),
		CONTROL_TEST(test_recent_follow),
		CONTROL_TEST(test_recent_followers),
		CONTROL_TEST(test_top),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
