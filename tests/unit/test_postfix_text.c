/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/ctl/postfix_text.h"

static void
test_words(void **state)
{
	static const struct {
		const char *list;
		const char *want; /* each word is followed by '|' */
	} rows[] = {
		{ "", "" },
		{ " ,\t\r\n, ", "" },
		{ "a", "a|" },
		{ "a, b c\t\r\n d,,e", "a|b|c|d|e|" },
		{ "{ a, b } c", "{ a, b }|c|" },
		{ "inline:{a=b, c = {d e}}, f", "inline:{a=b, c = {d e}}|f|" },
		{ "{ a, b", "{ a, b|" },
		{ "a} b", "a}|b|" },
		{ "a}{b c} d", "a}{b c}|d|" },
	};
	char got[200], word[POSTFIX_WORD_SIZE];
	const char *s;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		got[0] = '\0';
		for (s = rows[i].list; postfix_word(&s, word);) {
			strcat(got, word);
			strcat(got, "|");
		}
		unit_text(rows[i].list, "words", got, rows[i].want);
	}
	unit_end();
}

static void
test_long_word(void **state)
{
	char *text = unit_fill('x', 5000), word[POSTFIX_WORD_SIZE];
	const char *s;

	(void)state;
	text[4999] = '\0';
	s = text;
	assert_true(postfix_word(&s, word));
	unit_int("long", "length", (long long)strlen(word), POSTFIX_WORD_SIZE - 1);
	assert_false(postfix_word(&s, word));
	free(text);
	unit_end();
}

static void
test_policy_endpoint(void **state)
{
	static const char *const rows[][2] = {
		{ "inet:127.0.0.1:10003", "inet:127.0.0.1:10003" },
		{ "{ inet:127.0.0.1:10003, timeout=10s, default_action=DUNNO }",
		    "inet:127.0.0.1:10003" },
		{ "{unix:private/x}", "unix:private/x" },
		{ "{}", "" },
		{ "{", "{" },
		{ "", "" },
	};
	char endpoint[POSTFIX_WORD_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		postfix_policy_endpoint(rows[i][0], endpoint);
		unit_text(rows[i][0], "endpoint", endpoint, rows[i][1]);
	}
	unit_end();
}

static void
test_word_option(void **state)
{
	static const char *const rows[][2] = {
		{ "inet:127.0.0.1:1", UNIT_NULL },
		{ "{ inet:127.0.0.1:1 }", UNIT_NULL },
		{ "{}", UNIT_NULL },
		{ "{ default_action=accept }", UNIT_NULL }, /* it is the endpoint */
		{ "{ inet:1, default_action=accept }", "accept" },
		{ "{ inet:1 default_action=accept, protocol=6 }", "accept" },
		{ "{ inet:1, protocol=6, { default_action = accept } }", "accept" },
		{ "{ inet:1, {default_action=accept}}", "accept" },
		{ "{ inet:1, default_action=accept, default_action=reject }", "reject" },
		{ "{ inet:1, { default_action accept } }", UNIT_NULL },
		{ "{ inet:1, default_actions=accept }", UNIT_NULL },
		{ "{ inet:1, default_action= }", UNIT_NULL },
		{ "{ inet:1, default_action }", UNIT_NULL },
		{ "{ inet:1, { } }", UNIT_NULL },
	};
	char value[POSTFIX_WORD_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_text(rows[i][0], "value",
		    postfix_word_option(rows[i][0], "default_action", value) ? value : NULL,
		    rows[i][1]);
	unit_end();
}

static void
test_seconds(void **state)
{
	static const struct {
		const char *time;
		long want;
	} rows[] = {
		{ "30", 30 },
		{ "0s", 0 },
		{ "30s", 30 },
		{ "5m", 300 },
		{ "2H", 7200 },
		{ "1d", 86400 },
		{ "1w", 604800 },
		{ "9999999s", 9999999 },
		{ "99999999", -1 },
		{ "", -1 },
		{ "s", -1 },
		{ "-1s", -1 },
		{ "1y", -1 },
		{ "1ss", -1 },
		{ "1 s", -1 },
		{ "$x", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(rows[i].time, "seconds", postfix_seconds(rows[i].time), rows[i].want);
	unit_end();
}

static bool
is_ours(void *arg, const char *endpoint)
{
	(void)arg;
	return strcmp(endpoint, "inet:us") == 0;
}

static unsigned classes; /* asked for */

static const char *
class_of(void *arg, const char *name)
{
	(void)arg;
	classes++;
	if (strcmp(name, "many") == 0)
		return "many many many many many many many many many many many many many many many";
	if (strcmp(name, "ask_us") == 0)
		return "permit_mynetworks check_policy_service inet:us";
	if (strcmp(name, "guard") == 0)
		return "reject_unauth_destination";
	if (strcmp(name, "round") == 0)
		return "round";
	return NULL;
}

#define ASK "check_policy_service inet:us"
#define GUARD "reject_unauth_destination"

static void
test_place(void **state)
{
	static const struct {
		const char *lists[2];
		int want;
	} rows[] = {
		{ { "", "" }, POSTFIX_NOWHERE },
		{ { GUARD, "check_policy_service inet:others" }, POSTFIX_NOWHERE },
		{ { GUARD, "check_policy_service" }, POSTFIX_NOWHERE },
		{ { GUARD, "inet:us" }, POSTFIX_NOWHERE },
		{ { "", ASK }, POSTFIX_TOO_EARLY },
		{ { ASK, GUARD }, POSTFIX_TOO_EARLY },
		{ { "", ASK ", " GUARD }, POSTFIX_TOO_EARLY },
		{ { "warn_if_reject " GUARD, ASK }, POSTFIX_TOO_EARLY },
		{ { "reject_unauth_pipelining", ASK }, POSTFIX_TOO_EARLY },
		{ { GUARD, ASK }, POSTFIX_RIGHT },
		{ { "defer_unauth_destination", ASK }, POSTFIX_RIGHT },
		{ { "permit_mynetworks " GUARD " permit", ASK }, POSTFIX_RIGHT },
		{ { "", "permit_mynetworks, " GUARD ", " ASK ", permit" }, POSTFIX_RIGHT },
		{ { "", GUARD ", Check_Policy_Service { inet:us, timeout=1 }" }, POSTFIX_RIGHT },
		{ { "", GUARD ", check_policy_service inet:others, " ASK }, POSTFIX_RIGHT },
		{ { GUARD, "permit, " ASK }, POSTFIX_UNREACHED },
		{ { GUARD, "reject, " ASK }, POSTFIX_UNREACHED },
		{ { GUARD " permit " ASK, ASK }, POSTFIX_RIGHT },
		{ { GUARD, "warn_if_reject reject, " ASK }, POSTFIX_RIGHT },
		/* The first place counts: it is asked there as well. */
		{ { ASK, GUARD ", " ASK }, POSTFIX_TOO_EARLY },
		{ { GUARD, ASK ", permit_mynetworks, " GUARD }, POSTFIX_BEFORE_ANOTHER },
		{ { GUARD, "ask_us, guard" }, POSTFIX_BEFORE_ANOTHER },
		{ { GUARD, ASK ", warn_if_reject " GUARD }, POSTFIX_RIGHT },
		{ { GUARD, ASK " permit " GUARD }, POSTFIX_RIGHT },
		{ { GUARD " " ASK, ASK " " GUARD }, POSTFIX_RIGHT },
		{ { GUARD, "permit " ASK " " ASK }, POSTFIX_UNREACHED },
		{ { GUARD, "ask_us" }, POSTFIX_RIGHT },
		{ { "", "ask_us" }, POSTFIX_TOO_EARLY },
		{ { "guard", ASK }, POSTFIX_RIGHT },
		{ { "round " GUARD, ASK }, POSTFIX_RIGHT },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(unit_row("%s / %s", rows[i].lists[0], rows[i].lists[1]), "place",
		    postfix_policy_place(rows[i].lists, 2, is_ours, class_of, NULL), rows[i].want);
	unit_end();
}

/* Each walk through it would be fifteen more. */
static void
test_class_that_multiplies(void **state)
{
	const char *lists[] = { GUARD " many", ASK };

	(void)state;
	classes = 0;
	assert_int_equal(postfix_policy_place(lists, 2, is_ours, class_of, NULL), POSTFIX_RIGHT);
	assert_in_range(classes, 1, 10000);
}

static void
test_services(void **state)
{
	static const struct {
		const char *line;
		const char *name, *type, *chroot, *command, *arguments;
	} rows[] = {
		{ "smtp       inet  n       -       y       -       -       smtpd", "smtp", "inet",
		    "y", "smtpd", "" },
		{ "127.0.0.1:25 inet n - - - - smtpd -o a=b -o {c = d}", "127.0.0.1:25", "inet",
		    "-", "smtpd", "-o a=b -o {c = d}" },
		{ "spf unix - n n - 0 spawn user=x argv=/y policy", "spf", "unix", "n", "spawn",
		    "user=x argv=/y policy" },
		{ "", NULL, NULL, NULL, NULL, NULL },
		{ "# smtp inet n - y - - smtpd", NULL, NULL, NULL, NULL, NULL },
		{ "  -o smtp inet n - y - - smtpd", NULL, NULL, NULL, NULL, NULL },
		{ "smtp inet n - y - -", NULL, NULL, NULL, NULL, NULL },
		{ "smtp a-type-that-is-too-long n - y - - smtpd", NULL, NULL, NULL, NULL, NULL },
	};
	struct postfix_service service;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_int(rows[i].line, "taken", postfix_service_parse(&service, rows[i].line),
		    rows[i].name != NULL);
		if (rows[i].name == NULL)
			continue;
		unit_text(rows[i].line, "name", service.name, rows[i].name);
		unit_text(rows[i].line, "type", service.type, rows[i].type);
		unit_text(rows[i].line, "chroot", service.chroot, rows[i].chroot);
		unit_text(rows[i].line, "command", service.command, rows[i].command);
		unit_text(rows[i].line, "arguments", service.arguments, rows[i].arguments);
	}
	unit_end();
}

static void
test_public(void **state)
{
	static const struct {
		const char *line;
		bool want, want_hop;
		const char *want_port;
	} rows[] = {
		{ "smtp inet n - y - - smtpd", true, false, "smtp" },
		{ "25 inet n - y - - smtpd", true, false, "25" },
		{ "192.0.2.1:25 inet n - y - - smtpd", true, false, "25" },
		{ "[2001:db8::1]:smtp inet n - y - - smtpd", true, false, "smtp" },
		{ "smtpd pass - - y - - smtpd", true, false, "smtpd" },
		{ "smtp inet n - y - 1 postscreen", false, false, "smtp" },
		{ "smtp unix - - y - - smtp", false, false, "smtp" },
		{ "smtpd unix - - y - - smtpd", false, false, "smtpd" },
		{ "submission inet n - y - - smtpd", false, false, "submission" },
		{ "submissions inet n - y - - smtpd", false, false, "submissions" },
		{ "smtps inet n - y - - smtpd", false, false, "smtps" },
		{ "192.0.2.1:587 inet n - y - - smtpd", false, false, "587" },
		{ "465 inet n - y - - smtpd", false, false, "465" },
		{ "192.0.2.1:10026 inet n - n - - smtpd", true, true, "10026" },
		{ "10026 inet n - n - - smtpd", true, true, "10026" },
		{ "127.0.0.1:smtp inet n - n - - smtpd", false, true, "smtp" },
		{ "127.0.0.1:10025 inet n - n - - postscreen", false, false, "10025" },
		{ "127.0.0.1:10025 inet n - n - - smtpd", false, true, "10025" },
		{ "localhost:10025 inet n - n - - smtpd", false, true, "10025" },
		{ "[::1]:10025 inet n - n - - smtpd", false, true, "10025" },
		{ "::1:10025 inet n - n - - smtpd", false, true, "10025" },
	};
	struct postfix_service service;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(postfix_service_parse(&service, rows[i].line));
		unit_int(rows[i].line, "public", postfix_is_public(&service), rows[i].want);
		unit_int(rows[i].line, "hop", postfix_is_hop(&service), rows[i].want_hop);
		unit_text(rows[i].line, "port", postfix_service_port(&service), rows[i].want_port);
	}
	unit_end();
}

#define EXACT POSTFIX_MATCH_EXACT
#define DOT POSTFIX_MATCH_DOT
#define SUBDOMAIN POSTFIX_MATCH_SUBDOMAIN

/* look_up - the table "t:has" holds has.test, parent.test and .dotted.test; "t:odd" fails */
static int
look_up(void *arg, const char *table, const char *key)
{
	(void)arg;
	if (strcmp(table, "t:has") == 0)
		return strcmp(key, "has.test") == 0 || strcmp(key, "parent.test") == 0 ||
		       strcmp(key, ".dotted.test") == 0;
	return strcmp(table, "t:none") == 0 ? 0 : -1;
}

static void
test_domains(void **state)
{
	static const struct {
		const char *list, *domain;
		enum postfix_match match;
		int want;
	} rows[] = {
		{ "", "srs.test", EXACT, 0 },
		{ "a.test, SRS.test", "srs.test", EXACT, 1 },
		{ "test", "srs.test", EXACT, 0 },
		{ "test", "srs.test", DOT, 0 },
		{ "test", "srs.test", SUBDOMAIN, 1 },
		{ "rs.test", "srs.test", SUBDOMAIN, 0 },
		/* string_list(3): a dot means nothing in mydestination */
		{ ".test", "srs.test", EXACT, 0 },
		{ ".test", "srs.test", DOT, 1 },
		{ ".test", "srs.test", SUBDOMAIN, 0 },
		{ ".srs.test", "srs.test", DOT, 0 },
		{ "!srs.test, srs.test", "srs.test", EXACT, 0 },
		{ "!other.test srs.test", "srs.test", EXACT, 1 },
		{ "t:has", "has.test", EXACT, 1 },
		{ "t:none t:has", "has.test", EXACT, 1 },
		{ "t:has", "srs.parent.test", EXACT, 0 },
		{ "t:has", "srs.parent.test", DOT, 0 },
		{ "t:has", "srs.dotted.test", DOT, 1 },
		{ "t:has", "dotted.test", DOT, 0 },
		{ "t:has", "srs.dotted.test", EXACT, 0 },
		{ "t:has", "srs.parent.test", SUBDOMAIN, 1 },
		{ "t:has", "parent.test.other", SUBDOMAIN, 0 },
		{ "t:odd", "srs.test", EXACT, -1 },
		{ "t:odd srs.test", "srs.test", EXACT, 1 },
		{ "/a/file", "srs.test", EXACT, -1 },
		{ "!t:has, .test", "has.test", DOT, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(unit_row("%s in %s", rows[i].domain, rows[i].list), "held",
		    postfix_domain_in(rows[i].list, rows[i].domain, rows[i].match, look_up, NULL),
		    rows[i].want);
	unit_end();
}

static void
test_unknown_words(void **state)
{
	static const char *const known[] = { "envelope_sender", "header_sender", NULL };
	static const struct {
		const char *list, *want; /* NULL: all are known */
	} rows[] = {
		{ "", NULL },
		{ "envelope_sender", NULL },
		{ "header_sender, envelope_sender", NULL },
		{ "envelope_sender header_senders", "header_senders" },
		{ "Envelope_Sender", "Envelope_Sender" },
		{ "envelope_sender;header_sender", "envelope_sender;header_sender" },
		{ "a, b", "a" },
	};
	char word[POSTFIX_WORD_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_int(rows[i].list, "unknown",
		    postfix_list_has_unknown(rows[i].list, known, word), rows[i].want != NULL);
		if (rows[i].want != NULL)
			unit_text(rows[i].list, "word", word, rows[i].want);
	}
	unit_end();
}

/* Lines as postconf(1) prints them. */
static const char main_cf[] = "mydomain = example.org\n"
			      "mydestination =\n"
			      "myorigin=no-blank.test\n"
			      "relayhost =   wide.test \n"
			      "smtpd_milters = inet:127.0.0.1:1 = x\n"
			      "mydomain = second.test\n"
			      "continued\n"
			      "  mynetworks = indented\n"
			      "last = no newline";

static void
test_values(void **state)
{
	static const char *const rows[][2] = {
		{ "mydomain", "example.org" },
		{ "mydestination", "" },
		{ "myorigin", "no-blank.test" },
		{ "relayhost", "wide.test " },
		{ "smtpd_milters", "inet:127.0.0.1:1 = x" },
		{ "last", "no newline" },
		{ "my", UNIT_NULL },
		{ "mydomains", UNIT_NULL },
		{ "continued", UNIT_NULL },
		{ "mynetworks", UNIT_NULL },
		{ "none", UNIT_NULL },
	};
	struct postfix_lines lines = { .n = 0 };
	const char *got;
	size_t i;

	(void)state;
	unit_true("zeroed", "no value", postfix_lines_value(&lines, "mydomain") == NULL);
	postfix_lines_split(&lines, strdup(main_cf));
	unit_int("split", "lines", (long long)lines.n, 9);
	for (i = 0; i < COUNT(rows); i++) {
		got = postfix_lines_value(&lines, rows[i][0]);
		unit_text(rows[i][0], "value", got == NULL ? UNIT_NULL : got, rows[i][1]);
	}
	postfix_lines_free(&lines);
	postfix_lines_split(&lines, strdup(""));
	unit_int("empty", "lines", (long long)lines.n, 1);
	postfix_lines_free(&lines);
	unit_int("freed", "lines", (long long)lines.n, 0);
	unit_end();
}

static void
test_overrides(void **state)
{
	static const char master_cf[] = "smtp/inet/content_filter = one\n"
					"127.0.0.1:10025/inet/content_filter =\n"
					"127.0.0.1:10025/inet/content_filter = two = 2\n"
					"smtp/inet/content_filter_more = x\n"
					"smtp/inet/more_content_filter = x\n"
					"no/slash/here\n"
					"content_filter = no service\n"
					"a/b/c/unix/content_filter = path/in/value\n";
	static const struct {
		size_t number;
		const char *value, *service;
	} rows[] = {
		{ 0, "one", "smtp/inet" },
		{ 1, "two = 2", "127.0.0.1:10025/inet" },
		{ 2, "path/in/value", "a/b/c/unix" },
		{ 3, UNIT_NULL, "" },
	};
	struct postfix_lines lines = { .n = 0 };
	char service[POSTFIX_WORD_SIZE];
	const char *got;
	size_t i;

	(void)state;
	postfix_lines_split(&lines, strdup(master_cf));
	for (i = 0; i < COUNT(rows); i++) {
		service[0] = '\0';
		got = postfix_lines_override(&lines, "content_filter", rows[i].number, service);
		unit_text(rows[i].value, "value", got == NULL ? UNIT_NULL : got, rows[i].value);
		unit_text(rows[i].value, "service", service, rows[i].service);
	}
	postfix_lines_free(&lines);
	unit_end();
}

static void
test_find_error(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "postconf: warning: unused parameter: x=y\n", "" },
		{ "postconf: fatal: open /x/main.cf: No such file or directory\n",
		    "postconf: fatal: open /x/main.cf: No such file or directory" },
		{ "postmap: warning: fatal\npostmap: error: no\npostmap: fatal: second\n",
		    "postmap: error: no" },
		{ "fatal: at the start", "" },
	};
	char err[200];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		strlcpy(err, rows[i][0], sizeof(err));
		unit_text(rows[i][0], "error", postfix_find_error(err), rows[i][1]);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_long_word),
		cmocka_unit_test(test_policy_endpoint),
		cmocka_unit_test(test_word_option),
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_class_that_multiplies),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_public),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_unknown_words),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_find_error),
	};

	return cmocka_run_group_tests_name("postfix_text", tests, NULL, NULL);
}
