/* SPDX-License-Identifier: ISC */
#include "tests/unit/log_capture.h"
#include "tests/unit/session_feed.h"
#include "tests/unit/srs_case.h"

#include "srsd/service/map_service.h"

static struct map_service service;
static struct stats stats;
static struct settings *settings;
static struct session_feed feed = { .open = map_session_open, .service = &service };

static int
begin(void **state)
{
	settings = srs_settings();
	service.settings = settings;
	service.keys = srs_keys_of(SECRET "\n");
	service.clock = &session_feed_clock;
	memset(&stats, 0, sizeof(stats));
	service.stats = &stats;
	session_feed_now = NOW;
	if (unit_dir_make(state) != 0)
		return -1;
	log_capture_take();
	return 0;
}

static int
end(void **state)
{
	log_capture_take();
	settings_free(&settings);
	srs_keys_free(&service.keys);
	return unit_dir_remove(state);
}

#define MAP_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

struct conversation_row {
	const char *in;
	size_t len;
	const char *want;
};

static void
check_conversations(enum map_kind kind, const struct conversation_row *rows, size_t n)
{
	size_t i;

	service.kind = kind;
	for (i = 0; i < n; i++) {
		session_feed_check(&feed, rows[i].in, rows[i].in, rows[i].len, rows[i].want);
		log_capture_take();
	}
	unit_end();
}

static void
test_forward(void **state)
{
	static const struct conversation_row rows[] = {
		{ BYTES("get jane@example.test\n"),
		    "200 SRS0=mqiS=G3=example.test=jane@srs.test\n" },
		{ BYTES("get %22jane%20roe%22@example.test\n"),
		    "200 \"SRS0=aCas=G3=example.test=jane%20roe\"@srs.test\n" },
		{ BYTES("get j\303\266rg@b\303\274cher.test\n"),
		    "200 SRS0=Yd/W=G3=xn--bcher-kva.test=j%c3%b6rg@srs.test\n" },
		{ BYTES("get SRS0=mqiS=G3=example.test=jane@srs.test\n"), "500 already ours\n" },
		{ BYTES("get user@srs.test\n"), "500 local domain\n" },
		{ BYTES("get <>\n"), "500 null sender\n" },
		{ BYTES("get %22%22\n"), "500 null sender\n" },
		{ BYTES("get *\n"), "500 not an address\n" },
		{ BYTES("get postmaster\n"), "500 not an address\n" },
		{ BYTES("get a%00b@example.test\n"), "500 not an address\n" },
		{ BYTES("get a%0ab@example.test\n"), "500 not an address\n" },
	};

	(void)state;
	check_conversations(MAP_FORWARD, rows, COUNT(rows));
}

static void
test_reverse(void **state)
{
	static const struct conversation_row rows[] = {
		{ BYTES("get SRS0=mqiS=G3=example.test=jane@srs.test\n"),
		    "200 jane@example.test\n" },
		{ BYTES("get %22SRS0=aCas=G3=example.test=jane%20roe%22@srs.test\n"),
		    "200 \"jane%20roe\"@example.test\n" },
		{ BYTES("get SRS1=QT3y=relay.test=-@srs.test\n"), "200 SRS0-@relay.test\n" },
		{ BYTES("get user@srs.test\n"), "500 not an SRS address\n" },
		{ BYTES("get <>\n"), "500 not an SRS address\n" },
		{ BYTES("get SRS0=xxxx=G3=example.test=jane@srs.test\n"), "500 bad hash\n" },
		{ BYTES("get SRS0=mqiS=G3@srs.test\n"), "500 malformed\n" },
	};

	(void)state;
	check_conversations(MAP_REVERSE, rows, COUNT(rows));
}

static void
test_requests_that_are_none(void **state)
{
	static const struct conversation_row rows[] = {
		{ BYTES("\n"), "400 not a request; send: get KEY\n" },
		{ BYTES("get \n"), "400 no key; send: get KEY\n" },
		{ BYTES("get a b\n"), "400 blank in the key; send it as %20\n" },
		{ BYTES("get %\n"), "400 % without two hexadecimal digits\n" },
		{ BYTES("EHLO x\r\nget <>\r\n"),
		    "400 not a request; send: get KEY\n500 null sender\n" },
	};

	(void)state;
	check_conversations(MAP_FORWARD, rows, COUNT(rows));
}

static void
test_pipelined(void **state)
{
	static const struct conversation_row rows[] = {
		{ BYTES("get jane@example.test\nget x@srs.test\nrubbish\nget <>\n"),
		    "200 SRS0=mqiS=G3=example.test=jane@srs.test\n"
		    "500 local domain\n"
		    "400 not a request; send: get KEY\n"
		    "500 null sender\n" },
		{ BYTES("get <>\nget <"), "500 null sender\n" },
	};

	(void)state;
	check_conversations(MAP_FORWARD, rows, COUNT(rows));
}

static void
test_expired(void **state)
{
	static const struct conversation_row rows[] = {
		{ BYTES("get SRS0=mqiS=G3=example.test=jane@srs.test\n"), "500 expired\n" },
	};

	(void)state;
	session_feed_now = NOW + 22 * DAY;
	check_conversations(MAP_REVERSE, rows, COUNT(rows));
}

/* make_key - "get HEADkkk...@srs.test\n" with a key of n bytes */
static size_t
make_key(char *buf, const char *head, size_t n)
{
	size_t len = strlen(head);

	memcpy(buf, "get ", 4);
	memset(buf + 4, 'k', n);
	memcpy(buf + 4, head, len);
	memcpy(buf + 4 + n - 9, "@srs.test", 9);
	buf[4 + n] = '\n';
	return n + 5;
}

static void
check_long_key(enum map_kind kind, const char *head, size_t n, const char *want)
{
	char *data = malloc(n + 5);
	size_t len = make_key(data, head, n);

	service.kind = kind;
	unit_text(unit_row("%s, %zu bytes", head, n), "answer",
	    session_feed_run(&feed, data, len, len, 1), want);
	free(data);
}

static void
test_long_keys(void **state)
{
	(void)state;
	check_long_key(MAP_FORWARD, "a", 300, "500 too long\n");
	check_long_key(MAP_FORWARD, "a", 1024, "500 too long\n");
	check_long_key(MAP_FORWARD, "a", 1025, "500 too long\n");
	check_long_key(MAP_FORWARD, "a", 65000, "500 too long\n");
	check_long_key(MAP_REVERSE, "a", 300, "500 not an SRS address\n");
	check_long_key(MAP_REVERSE, "a", 1025, "500 not an SRS address\n");
	check_long_key(MAP_REVERSE, "SRS0=mqiS=G3=example.test=", 1025, "500 malformed\n");
	check_long_key(MAP_REVERSE, "SRS0=mqiS=G3=example.test=", 65000, "500 malformed\n");
	unit_end();
}

/* Settings and keys are looked at for each request. */
static void
test_replaced_settings(void **state)
{
	struct srs_keys *old = service.keys;

	(void)state;
	service.kind = MAP_FORWARD;
	assert_string_equal(session_feed_run(&feed, BYTES("get jane@example.test\n"), 100, 1),
	    "200 SRS0=mqiS=G3=example.test=jane@srs.test\n");
	service.keys = srs_keys_of("older secret of ours\n");
	srs_set(settings, "separator", "+");
	assert_string_equal(session_feed_run(&feed, BYTES("get jane@example.test\n"), 100, 1),
	    "200 SRS0+Kxoz=G3=example.test=jane@srs.test\n");
	srs_keys_free(&old);
}

/* check_log - the lines of one conversation */
static void
check_log(enum map_kind kind, const char *in, const char *want)
{
	service.kind = kind;
	session_feed_run(&feed, in, strlen(in), strlen(in), 1);
	unit_text(in, "log", log_capture_take(), want);
}

static void
test_log_lines(void **state)
{
	(void)state;
	check_log(MAP_FORWARD, "get jane@example.test\n",
	    "unit: forward from=<jane@example.test> "
	    "to=<SRS0=mqiS=G3=example.test=jane@srs.test> result=rewritten\n");
	check_log(MAP_REVERSE, "get SRS0=mqiS=G3=example.test=jane@srs.test\n",
	    "unit: reverse from=<SRS0=mqiS=G3=example.test=jane@srs.test> "
	    "to=<jane@example.test> result=rewritten secret=1\n");
	check_log(MAP_REVERSE, "get SRS0=xxxx=G3=example.test=jane@srs.test\n",
	    "unit: reverse from=<SRS0=xxxx=G3=example.test=jane@srs.test> "
	    "result=refused reason=bad-hash\n");
	check_log(MAP_REVERSE, "get SRS0=mqiS@srs.test\n",
	    "unit: reverse from=<SRS0=mqiS@srs.test> result=refused reason=malformed\n");
	session_feed_now = NOW + 30 * DAY;
	check_log(MAP_REVERSE, "get SRS0=mqiS=G3=example.test=jane@srs.test\n",
	    "unit: reverse from=<SRS0=mqiS=G3=example.test=jane@srs.test> "
	    "result=refused reason=expired\n");
	unit_end();
}

/* Every recipient of every message is looked up: what was not to be done is no news. */
static void
test_log_is_silent(void **state)
{
	(void)state;
	check_log(MAP_FORWARD, "get user@srs.test\nget <>\nget x\nrubbish\n", "");
	check_log(MAP_REVERSE, "get user@srs.test\nget <>\nget x\n", "");
	unit_end();
}

static void
test_log_of_untrusted_text(void **state)
{
	(void)state;
	check_log(MAP_FORWARD, "get %22a>%20b%0a%22@example.test\n",
	    "unit: forward from=<\"a??b?\"@example.test> result=kept reason=not-an-address\n");
	check_log(MAP_FORWARD, "get %22a>%20b%22@example.test\n",
	    "unit: forward from=<\"a??b\"@example.test> "
	    "to=<\"SRS0=zT09=G3=example.test=a??b\"@srs.test> result=rewritten\n");
	check_log(MAP_FORWARD,
	    "get a-local-part-of-more-than-sixty-four-bytes-when-it-is-signed@example.test\n",
	    "unit: forward "
	    "from=<a-local-part-of-more-than-sixty-four-bytes-when-it-is-signed@example.test> "
	    "to=<SRS0=MMGN=G3=example.test="
	    "a-local-part-of-more-than-sixty-four-bytes-when-it-is-signed@srs.test> "
	    "result=rewritten note=local-part-over-64\n");
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAP_TEST(test_forward),
		MAP_TEST(test_reverse),
		MAP_TEST(test_requests_that_are_none),
		MAP_TEST(test_pipelined),
		MAP_TEST(test_expired),
		MAP_TEST(test_long_keys),
		MAP_TEST(test_replaced_settings),
		MAP_TEST(test_log_lines),
		MAP_TEST(test_log_is_silent),
		MAP_TEST(test_log_of_untrusted_text),
	};

	return cmocka_run_group_tests_name("map_service", tests, NULL, NULL);
}
