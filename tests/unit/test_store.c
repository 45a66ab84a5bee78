/* SPDX-License-Identifier: ISC */
/* The front, over a backend of the test and with a clock of the test. */
#include "tests/unit/hash_key.h"
#include "tests/unit/store_case.h"

#include "srsd/store/store_backend.h"

#define TIMEOUT_MS 20

static const char ALIAS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV@1";
static const char OTHER[] = "VUTSRQPONMLKJIHGFEDCBA9876543210@1";

/* What the front has sent. */
struct fake_backend {
	struct store_backend backend;
	struct store *store;
	unsigned sent;
	uint64_t number[8]; /* of the last ones; [0] is the last */
	char alias[STORE_ALIAS_LEN + 1];
	char address[STORE_ADDRESS_MAX + 1];
	time_t expires;
	bool refuses; /* answers at once */
	bool loses;   /* loses the connection at once */
	unsigned *freed;
};

static uint64_t fake_ms;

static time_t
fake_wall(void *arg)
{
	(void)arg;
	return 0;
}

static uint64_t
fake_elapsed(void *arg)
{
	(void)arg;
	return fake_ms;
}

static const struct clock fake_clock = { fake_wall, fake_elapsed, NULL };
static const struct text no_text = { "", 0 };

static void
fake_send(struct store_backend *backend, const struct store_request *request)
{
	struct fake_backend *fake = (struct fake_backend *)backend;

	fake->sent++;
	memmove(fake->number + 1, fake->number, sizeof(fake->number) - sizeof(fake->number[0]));
	fake->number[0] = request->number;
	strlcpy(fake->alias, request->alias, sizeof(fake->alias));
	memcpy(fake->address, request->address.s, request->address.len);
	fake->address[request->address.len] = '\0';
	fake->expires = request->expires;
	if (fake->refuses)
		store_answer(fake->store, request->number, STORE_FAILED, no_text, "no room");
	if (fake->loses)
		store_lost(fake->store, "it broke");
}

static void
fake_free(struct store_backend *backend)
{
	struct fake_backend *fake = (struct fake_backend *)backend;

	if (fake->freed != NULL)
		(*fake->freed)++;
	free(fake);
}

static const struct store_backend_ops fake_ops = { fake_send, fake_free };

static struct event_base *base;
static struct store *store;
static struct fake_backend *fake;

static int
make_store(void **state)
{
	(void)state;
	fake_ms = 1000;
	base = event_base_new();
	store = store_new(base, &fake_clock, TIMEOUT_MS);
	fake = calloc(1, sizeof(*fake));
	fake->backend.ops = &fake_ops;
	fake->store = store;
	store_set_backend(store, &fake->backend);
	return 0;
}

static int
free_store(void **state)
{
	(void)state;
	store_free(&store);
	store_free(&store);
	event_base_free(base);
	return 0;
}

/* pass_time - real time too, because the loop has timers */
static void
pass_time(unsigned ms)
{
	struct timeval wait = { 0, (suseconds_t)ms * 1000 };

	fake_ms += ms;
	event_base_loopexit(base, &wait);
	event_base_dispatch(base);
	event_base_loopexit(base, NULL);
	event_base_dispatch(base);
}

static void
test_put_and_get(void **state)
{
	struct store_case_answer put = { 0 }, get = { 0 }, missing = { 0 }, full = { 0 };
	const struct store_counts *counts;

	(void)state;
	store_connected(store);
	store_put(store, ALIAS, store_case_text("a@b.example"), 77, store_case_done, &put);
	unit_text("put", "alias", fake->alias, ALIAS);
	unit_text("put", "address", fake->address, "a@b.example");
	unit_int("put", "expires", fake->expires, 77);
	unit_int("put", "open", (long long)store_counts(store)->open, 1);
	fake_ms += 7;
	store_answer(store, fake->number[0], STORE_DONE, store_case_text("ignored"), "ignored");
	store_case_check("put", &put, STORE_DONE, "", "");

	store_get(store, ALIAS, store_case_done, &get);
	store_answer(store, fake->number[0], STORE_DONE, store_case_text("a@b.example"), NULL);
	store_case_check("get", &get, STORE_DONE, "a@b.example", "");

	store_get(store, OTHER, store_case_done, &missing);
	store_answer(store, fake->number[0], STORE_MISSING, no_text, NULL);
	store_case_check("missing", &missing, STORE_MISSING, "", "");

	store_put(store, OTHER, store_case_text("x"), 77, store_case_done, &full);
	store_answer(store, fake->number[0], STORE_FULL, no_text, NULL);
	store_case_check("full", &full, STORE_FULL, "", "");

	counts = store_counts(store);
	unit_int("counts", "put", (long long)counts->answered[STORE_PUT][STORE_DONE], 1);
	unit_int("counts", "full", (long long)counts->answered[STORE_PUT][STORE_FULL], 1);
	unit_int("counts", "get", (long long)counts->answered[STORE_GET][STORE_DONE], 1);
	unit_int("counts", "missing", (long long)counts->answered[STORE_GET][STORE_MISSING], 1);
	unit_int("counts", "up to 1 ms", (long long)counts->duration[0], 3);
	unit_int("counts", "up to 10 ms", (long long)counts->duration[2], 1);
	unit_int("counts", "ms", (long long)counts->ms, 7);
	unit_int("counts", "open", (long long)counts->open, 0);
	unit_end();
}

/* Each duration is counted once, in the first bucket whose bound it does not exceed. */
static void
test_durations(void **state)
{
	static const unsigned bounds[STORE_BUCKETS - 1] = STORE_BOUNDS;
	const struct store_counts *counts = store_counts(store);
	struct store_case_answer get = { 0 };
	size_t i;

	(void)state;
	store_connected(store);
	for (i = 0; i < 2 * COUNT(bounds); i++) {
		store_get(store, ALIAS, store_case_done, &get);
		fake_ms += bounds[i / 2] + i % 2;
		store_answer(store, fake->number[0], STORE_MISSING, no_text, NULL);
	}
	for (i = 0; i < STORE_BUCKETS; i++)
		unit_int(unit_row("%zu", i), "answers", (long long)counts->duration[i],
		    i == 0 || i == STORE_BUCKETS - 1 ? 1 : 2);
	unit_end();
}

/* Answers of a backend that is hostile, or broken. */
static void
test_hostile_answers(void **state)
{
	static char longest[STORE_ADDRESS_MAX + 1];
	const struct {
		const char *name;
		enum store_operation operation;
		enum store_outcome outcome;
		struct text address;
		const char *problem;
		enum store_outcome want;
		const char *want_problem;
	} rows[] = {
		{ "get full", STORE_GET, STORE_FULL, no_text, NULL, STORE_FAILED, "does not fit" },
		{ "put missing", STORE_PUT, STORE_MISSING, no_text, NULL, STORE_FAILED,
		    "does not fit" },
		{ "no outcome", STORE_PUT, STORE_OUTCOMES, no_text, NULL, STORE_FAILED,
		    "does not fit" },
		{ "no address", STORE_GET, STORE_DONE, no_text, NULL, STORE_FAILED, "not valid" },
		{ "line break", STORE_GET, STORE_DONE, { BYTES("a\n@b") }, NULL, STORE_FAILED,
		    "not valid" },
		{ "NUL", STORE_GET, STORE_DONE, { BYTES("a\0@b") }, NULL, STORE_FAILED,
		    "not valid" },
		{ "DEL", STORE_GET, STORE_DONE, { BYTES("a\x7f@b") }, NULL, STORE_FAILED,
		    "not valid" },
		{ "UTF-8", STORE_GET, STORE_DONE, { BYTES("\xc3\xa4@b") }, NULL, STORE_DONE, "" },
		{ "longest", STORE_GET, STORE_DONE, { longest, STORE_ADDRESS_MAX }, NULL,
		    STORE_DONE, "" },
		{ "too long", STORE_GET, STORE_DONE, { longest, STORE_ADDRESS_MAX + 1 }, NULL,
		    STORE_FAILED, "not valid" },
		{ "problem", STORE_GET, STORE_FAILED, no_text, "two\nlines", STORE_FAILED,
		    "two?lines" },
		{ "no problem", STORE_GET, STORE_FAILED, no_text, NULL, STORE_FAILED, "" },
	};
	struct store_case_answer answer;
	size_t i;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	store_connected(store);
	for (i = 0; i < COUNT(rows); i++) {
		memset(&answer, 0, sizeof(answer));
		if (rows[i].operation == STORE_PUT)
			store_put(store, ALIAS, store_case_text("a"), 1, store_case_done, &answer);
		else
			store_get(store, ALIAS, store_case_done, &answer);
		store_answer(
		    store, fake->number[0], rows[i].outcome, rows[i].address, rows[i].problem);
		/* The number is used up. */
		store_answer(store, fake->number[0], STORE_FAILED, no_text, "again");
		unit_int(rows[i].name, "calls", answer.calls, 1);
		unit_int(rows[i].name, "outcome", answer.outcome, rows[i].want);
		unit_holds(rows[i].name, "problem", answer.problem, rows[i].want_problem);
	}
	store_answer(store, UINT64_MAX, STORE_DONE, no_text, NULL);
	unit_int("store", "knows", store_knows(store, ALIAS, 1), false);
	unit_end();
}

/* Questions that are refused are answered from the loop, without a backend. */
static void
test_refused(void **state)
{
	static char longest[STORE_ADDRESS_MAX + 1];
	const struct {
		const char *name, *alias;
		struct text address;
		const char *problem;
	} rows[] = {
		{ "empty alias", "", { BYTES("a@b") }, "not an alias" },
		{ "lower case", "0123456789abcdefghijklmnopqrstuv@1", { BYTES("a@b") },
		    "not an alias" },
		{ "empty address", ALIAS, { "", 0 }, "cannot be stored" },
		{ "control byte", ALIAS, { BYTES("a\r@b") }, "cannot be stored" },
		{ "too long", ALIAS, { longest, sizeof(longest) }, "cannot be stored" },
	};
	struct store_case_answer answer;
	size_t i;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	store_connected(store);
	for (i = 0; i < COUNT(rows); i++) {
		memset(&answer, 0, sizeof(answer));
		store_put(store, rows[i].alias, rows[i].address, 1, store_case_done, &answer);
		unit_int(rows[i].name, "early calls", answer.calls, 0);
		store_case_turn(base);
		store_case_check(rows[i].name, &answer, STORE_FAILED, "", rows[i].problem);
	}
	unit_int("store", "sent", fake->sent, 0);
	store_set_backend(store, NULL);
	memset(&answer, 0, sizeof(answer));
	store_get(store, ALIAS, store_case_done, &answer);
	store_case_turn(base);
	store_case_check("no backend", &answer, STORE_FAILED, "", "no store");
	unit_end();
}

static void
test_backend_refuses(void **state)
{
	struct store_case_answer answer = { 0 };

	(void)state;
	fake->refuses = true;
	store_connected(store);
	store_get(store, ALIAS, store_case_done, &answer);
	unit_int("refused", "early calls", answer.calls, 0);
	store_case_turn(base);
	store_case_check("refused", &answer, STORE_FAILED, "", "no room");
	unit_end();
}

static void
test_backend_loses(void **state)
{
	struct store_case_answer answer[2] = { { 0 }, { 0 } };

	(void)state;
	store_get(store, ALIAS, store_case_done, &answer[0]);
	store_get(store, ALIAS, store_case_done, &answer[1]);
	fake->loses = true;
	store_connected(store); /* lost while the first one is sent */
	unit_int("lost", "sent", fake->sent, 1);
	unit_int("lost", "connected", store_counts(store)->connected, false);
	fake->loses = false;
	store_connected(store);
	unit_int("again", "sent", fake->sent, 3);
	store_answer(store, fake->number[1], STORE_MISSING, no_text, NULL);
	store_answer(store, fake->number[0], STORE_MISSING, no_text, NULL);
	store_case_check("first", &answer[0], STORE_MISSING, "", "");
	store_case_check("second", &answer[1], STORE_MISSING, "", "");
	unit_end();
}

/* Questions that are open when a connection is lost are asked again, and answered once. */
static void
test_asks_again(void **state)
{
	struct store_case_answer put = { 0 }, get = { 0 };

	(void)state;
	store_put(store, ALIAS, store_case_text("a@b"), 5, store_case_done, &put);
	unit_int("unconnected", "sent", fake->sent, 0);
	store_connected(store);
	store_connected(store);
	unit_int("connected", "sent", fake->sent, 1);
	store_get(store, OTHER, store_case_done, &get);
	store_lost(store, "gone");
	unit_text("lost", "problem", store_counts(store)->problem, "gone");
	unit_int("lost", "calls", put.calls + get.calls, 0);
	store_lost(store, "still gone");
	unit_text("lost", "problem", store_counts(store)->problem, "still gone");
	unit_int("lost", "lost", (long long)store_counts(store)->lost, 1);
	store_connected(store);
	unit_text("again", "problem", store_counts(store)->problem, "");
	unit_int("again", "sent", fake->sent, 4);
	/* In the order in which they were asked, with the same numbers. */
	unit_int("again", "put", fake->number[1] == fake->number[3], true);
	unit_int("again", "get", fake->number[0] == fake->number[2], true);
	store_answer(store, fake->number[1], STORE_DONE, no_text, NULL);
	store_answer(store, fake->number[0], STORE_MISSING, no_text, NULL);
	store_case_check("put", &put, STORE_DONE, "", "");
	store_case_check("get", &get, STORE_MISSING, "", "");
	unit_end();
}

static void
test_deadline(void **state)
{
	struct store_case_answer first = { 0 }, second = { 0 }, third = { 0 };

	(void)state;
	store_connected(store);
	store_get(store, ALIAS, store_case_done, &first);
	store_set_timeout(store, 1000);
	store_get(store, ALIAS, store_case_done, &second);
	store_set_timeout(store, TIMEOUT_MS / 2);
	store_get(store, ALIAS, store_case_done, &third); /* due before the others */
	pass_time(TIMEOUT_MS / 2 + 1);
	unit_int("half", "first", first.calls, 0);
	store_case_check("third", &third, STORE_FAILED, "", "no answer in time");
	pass_time(TIMEOUT_MS / 2 + 1);
	store_case_check("first", &first, STORE_FAILED, "", "no answer in time");
	unit_int("second", "calls", second.calls, 0);
	/* Too late. */
	store_answer(store, fake->number[2], STORE_MISSING, no_text, NULL);
	unit_int("first", "calls", first.calls, 1);
	store_set_problem(store, "locked");
	pass_time(1000);
	store_case_check("second", &second, STORE_FAILED, "", "locked");
	unit_int("counts", "open", (long long)store_counts(store)->open, 0);
	unit_end();
}

/* A short gap is bridged; in a longer one questions do not wait for their deadlines. */
static void
test_long_gap(void **state)
{
	struct store_case_answer early = { 0 }, late = { 0 }, after = { 0 };

	(void)state;
	store_connected(store);
	store_lost(store, "refused");
	store_get(store, ALIAS, store_case_done, &early);
	store_case_turn(base);
	unit_int("early", "calls", early.calls, 0);
	pass_time(TIMEOUT_MS + 1);
	store_case_check("early", &early, STORE_FAILED, "", "refused");
	store_get(store, ALIAS, store_case_done, &late);
	unit_int("late", "early calls", late.calls, 0);
	store_case_turn(base);
	store_case_check("late", &late, STORE_FAILED, "", "refused");
	store_connected(store);
	store_get(store, ALIAS, store_case_done, &after);
	store_answer(store, fake->number[0], STORE_MISSING, no_text, NULL);
	store_case_check("after", &after, STORE_MISSING, "", "");
	unit_end();
}

static void
test_cancel(void **state)
{
	struct store_case_answer answer = { 0 };
	struct store_question *question;

	(void)state;
	store_connected(store);
	question = store_put(store, ALIAS, store_case_text("a"), 5, store_case_done, &answer);
	store_cancel(&question);
	assert_null(question);
	store_cancel(&question);
	unit_int("cancelled", "open", (long long)store_counts(store)->open, 1);
	store_answer(store, fake->number[0], STORE_DONE, no_text, NULL);
	unit_int("cancelled", "open", (long long)store_counts(store)->open, 0);
	unit_int("cancelled", "knows", store_knows(store, ALIAS, 5), true);
	question = store_get(store, "x", store_case_done, &answer);
	store_cancel(&question);
	store_case_turn(base);
	unit_int("cancelled", "calls", answer.calls, 0);
	unit_end();
}

static void
put_and_acknowledge(const char *alias, time_t expires)
{
	struct store_case_answer answer = { 0 };

	store_put(store, alias, store_case_text("a@b"), expires, store_case_done, &answer);
	store_answer(store, fake->number[0], STORE_DONE, no_text, NULL);
	store_case_check("put", &answer, STORE_DONE, "", "");
}

static void
test_knows(void **state)
{
	struct store_case_answer answer = { 0 };

	(void)state;
	store_connected(store);
	unit_int("new", "knows", store_knows(store, ALIAS, 0), false);
	unit_int("not an alias", "knows", store_knows(store, "a", 0), false);
	store_put(store, ALIAS, store_case_text("a@b"), 50, store_case_done, &answer);
	unit_int("open", "knows", store_knows(store, ALIAS, 0), false);
	store_answer(store, fake->number[0], STORE_FULL, no_text, NULL);
	unit_int("full", "knows", store_knows(store, ALIAS, 0), false);
	put_and_acknowledge(ALIAS, 50);
	unit_int("done", "knows", store_knows(store, ALIAS, 50), true);
	unit_int("tomorrow", "knows", store_knows(store, ALIAS, 51), false);
	unit_int("other", "knows", store_knows(store, OTHER, 50), false);
	put_and_acknowledge(ALIAS, 51);
	unit_int("tomorrow", "knows", store_knows(store, ALIAS, 51), true);
	unit_int("counts", "known", (long long)store_counts(store)->known, 2);
	store_forget(store);
	unit_int("forgotten", "knows", store_knows(store, ALIAS, 50), false);
	put_and_acknowledge(ALIAS, 50);
	store_lost(store, "gone");
	unit_int("lost", "knows", store_knows(store, ALIAS, 50), false);
	unit_end();
}

/* An acknowledgement that was under way while the memory was emptied is not remembered. */
static void
test_forget_meanwhile(void **state)
{
	struct store_case_answer answer = { 0 };

	(void)state;
	store_connected(store);
	store_put(store, ALIAS, store_case_text("a@b"), 50, store_case_done, &answer);
	store_forget(store);
	store_answer(store, fake->number[0], STORE_DONE, no_text, NULL);
	unit_int("forgotten", "outcome", answer.outcome, STORE_DONE);
	unit_int("forgotten", "knows", store_knows(store, ALIAS, 50), false);
	unit_end();
}

static void
test_known_is_bounded(void **state)
{
	unsigned i, known = 0;

	(void)state;
	store_connected(store);
	for (i = 0; i < STORE_KNOWN_MAX + 10; i++)
		put_and_acknowledge(store_case_alias(i), 1);
	for (i = 0; i < STORE_KNOWN_MAX + 10; i++)
		known += store_knows(store, store_case_alias(i), 1);
	unit_int("memory", "known", known, STORE_KNOWN_MAX);
	unit_end();
}

static void
test_too_many(void **state)
{
	static struct store_case_answer answers[STORE_IN_FLIGHT_MAX + 1];
	struct store_case_answer after = { 0 };
	unsigned i;

	(void)state;
	memset(answers, 0, sizeof(answers));
	store_connected(store);
	for (i = 0; i <= STORE_IN_FLIGHT_MAX; i++)
		store_get(store, ALIAS, store_case_done, &answers[i]);
	unit_int("sent", "count", fake->sent, STORE_IN_FLIGHT_MAX);
	store_case_turn(base);
	store_case_check("last", &answers[STORE_IN_FLIGHT_MAX], STORE_FAILED, "", "too many");
	store_answer(store, fake->number[0], STORE_MISSING, no_text, NULL);
	store_get(store, ALIAS, store_case_done, &after);
	unit_int("sent", "count", fake->sent, STORE_IN_FLIGHT_MAX + 1);
	unit_true("number", "new", fake->number[0] != fake->number[1]);
	pass_time(TIMEOUT_MS + 1);
	store_case_check("after", &after, STORE_FAILED, "", "no answer in time");
	for (i = 0; i < STORE_IN_FLIGHT_MAX - 1; i++)
		unit_int(unit_row("%u", i), "calls", answers[i].calls, 1);
	unit_end();
}

/* A callback that puts, gets and cancels. */
static struct store_case_answer inner;
static struct store_question *victim;

static void
ask_from_callback(void *arg, const struct store_reply *reply)
{
	(void)arg;
	(void)reply;
	store_get(store, "bad", store_case_done, &inner);
	store_cancel(&victim);
}

static void
test_callback_asks(void **state)
{
	struct store_case_answer cancelled = { 0 };

	(void)state;
	memset(&inner, 0, sizeof(inner));
	store_connected(store);
	store_get(store, ALIAS, ask_from_callback, NULL);
	victim = store_get(store, OTHER, store_case_done, &cancelled);
	pass_time(TIMEOUT_MS + 1); /* both are due */
	store_case_turn(base);
	unit_int("cancelled", "calls", cancelled.calls, 0);
	store_case_check("inner", &inner, STORE_FAILED, "", "not an alias");
	unit_end();
}

static void
test_backends(void **state)
{
	struct fake_backend *next = calloc(1, sizeof(*next));
	struct store_case_answer answer = { 0 };
	unsigned freed = 0;

	(void)state;
	next->backend.ops = &fake_ops;
	next->store = store;
	fake->freed = &freed;
	store_connected(store);
	store_set_rows(store, 12);
	unit_int("rows", "rows", store_counts(store)->rows, 12);
	store_set_rows(store, -7);
	unit_int("rows", "rows", store_counts(store)->rows, STORE_ROWS_UNKNOWN);
	store_get(store, ALIAS, store_case_done, &answer);
	store_set_backend(store, &next->backend);
	unit_int("replaced", "freed", freed, 1);
	unit_int("replaced", "connected", store_counts(store)->connected, false);
	unit_int("replaced", "sent", next->sent, 0);
	store_connected(store);
	unit_int("replaced", "sent", next->sent, 1);
	store_answer(store, next->number[0], STORE_MISSING, no_text, NULL);
	store_case_check("replaced", &answer, STORE_MISSING, "", "");
	fake = next;
	unit_end();
}

static void
test_is_alias(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool want;
	} rows[] = {
		{ BYTES("0123456789ABCDEFGHIJKLMNOPQRSTUV@1"), true },
		{ BYTES("00000000000000000000000000000000@1"), true },
		{ BYTES("0123456789ABCDEFGHIJKLMNOPQRSTUW@1"), false },
		{ BYTES("0123456789ABCDEFGHIJKLMNOPQRSTUv@1"), false },
		{ BYTES("0123456789ABCDEFGHIJKLMNOPQRSTUV@2"), false },
		{ BYTES("0123456789ABCDEFGHIJKLMNOPQRSTUV#1"), false },
		{ BYTES("0123456789ABCDEFGHIJKLMNOPQRSTUV@1 "), false },
		{ BYTES("0123456789ABCDEFGHIJKLMNOPQRSTU@1"), false },
		{ BYTES("0123456789ABCDEF\0HIJKLMNOPQRSTUV@1"), false },
		{ BYTES(""), false },
	};
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].text, rows[i].len);
		unit_int(rows[i].text, "alias", store_is_alias(copy, rows[i].len), rows[i].want);
		free(copy);
	}
	unit_end();
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, make_store, free_store)

/* A client cannot compute colliding aliases: each store has a hash of its own. */
static void
test_own_hash(void **state)
{
	struct store *other = store_new(base, &fake_clock, TIMEOUT_MS);
	struct siphash_key key;

	(void)state;
	assert_false(store_knows(store, ALIAS, 1));
	key = hash_key_last;
	assert_false(store_knows(other, ALIAS, 1));
	hash_key_check(key);
	store_free(&other);
}

static void
test_equal_hashes(void **state)
{
	(void)state;
	store_connected(store);
	hash_key_collides = true;
	put_and_acknowledge(ALIAS, 50);
	assert_true(store_knows(store, ALIAS, 50));
	assert_false(store_knows(store, OTHER, 50));
	put_and_acknowledge(OTHER, 60);
	assert_false(store_knows(store, ALIAS, 60));
	assert_true(store_knows(store, OTHER, 60));
	hash_key_collides = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_put_and_get),
		STORE_TEST(test_durations),
		STORE_TEST(test_hostile_answers),
		STORE_TEST(test_refused),
		STORE_TEST(test_backend_refuses),
		STORE_TEST(test_backend_loses),
		STORE_TEST(test_asks_again),
		STORE_TEST(test_deadline),
		STORE_TEST(test_long_gap),
		STORE_TEST(test_cancel),
		STORE_TEST(test_knows),
		STORE_TEST(test_forget_meanwhile),
		STORE_TEST(test_known_is_bounded),
		STORE_TEST(test_own_hash),
		STORE_TEST(test_equal_hashes),
		STORE_TEST(test_too_many),
		STORE_TEST(test_callback_asks),
		STORE_TEST(test_backends),
		cmocka_unit_test(test_is_alias),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
