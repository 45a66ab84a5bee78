/* SPDX-License-Identifier: ISC */
/* The engine's end, with a test that plays the process. */
#include "tests/unit/store_case.h"
#include "tests/unit/log_capture.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

#include "srsd/store/store_link.h"
#include "srsd/store/store_wire.h"

#define TIMEOUT_MS 5000

static struct event_base *base;
static struct store *store;
static struct store_link *store_end;
static int process = -1; /* the test's end of the pair */

static void
attach_process(void)
{
	int fd[2];

	if (process != -1)
		close(process);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	process = fd[1];
	store_link_attach(store_end, fd[0]);
}

static int
make_link(void **state)
{
	if (unit_dir_make(state) != 0)
		return -1;
	base = event_base_new();
	store = store_new(base, &clock_system, TIMEOUT_MS);
	store_end = store_link_new(store, base);
	return 0;
}

static int
free_store_and_link(void **state)
{
	store_free(&store);
	event_base_free(base);
	close(process);
	process = -1;
	return unit_dir_remove(state);
}

/* read_question - the next one that the engine has sent */
static void
read_question(struct store_wire_question *question)
{
	static char bytes[STORE_WIRE_MAX];
	const char *error = "";
	size_t used, len = 0;
	int got;

	store_case_turn(base);
	while ((got = store_wire_parse_question(bytes, len, question, &used, &error)) == 0) {
		if (recv(process, bytes + len, 1, MSG_DONTWAIT) != 1)
			break;
		len++;
	}
	unit_int("process", "question", got, 1);
}

static void
send_bytes(const char *bytes, size_t len)
{
	assert_int_equal(send(process, bytes, len, 0), (ssize_t)len);
	store_case_turn(base);
}

static void
send_report(const struct store_wire_report *report)
{
	char message[STORE_WIRE_MAX];

	send_bytes(message, store_wire_write_report(message, report));
}

static void
test_pipelined(void **state)
{
	struct store_case_answer put = { 0 }, get = { 0 }, failed = { 0 };
	struct store_wire_question question[3];
	struct store_wire_report report = { .outcome = STORE_DONE };
	char message[3 * STORE_WIRE_MAX];
	size_t len, i;

	(void)state;
	attach_process();
	store_put(store, store_case_alias(1), store_case_address(1), 99, store_case_done, &put);
	store_get(store, store_case_alias(2), store_case_done, &get);
	store_get(store, store_case_alias(3), store_case_done, &failed);
	read_question(&question[0]);
	unit_int("put", "operation", question[0].operation, STORE_PUT);
	unit_int("put", "expires", question[0].expires, 99);
	unit_text("put", "alias", question[0].alias, store_case_alias(1));
	unit_bytes("put", "address", question[0].address.s, question[0].address.len,
	    store_case_address(1).s, store_case_address(1).len);
	read_question(&question[1]);
	unit_int("get", "operation", question[1].operation, STORE_GET);
	read_question(&question[2]);
	/* In another order, and byte by byte. */
	report.number = question[1].number;
	report.text = store_case_text("c@d.example");
	len = store_wire_write_report(message, &report);
	report.number = question[0].number;
	report.text.len = 0;
	len += store_wire_write_report(message + len, &report);
	report.number = question[2].number;
	report.outcome = STORE_FAILED;
	report.text = store_case_text("disk");
	len += store_wire_write_report(message + len, &report);
	for (i = 0; i < len; i++)
		send_bytes(message + i, 1);
	store_case_check("put", &put, STORE_DONE, "", "");
	store_case_check("get", &get, STORE_DONE, "c@d.example", "");
	store_case_check("failed", &failed, STORE_FAILED, "", "disk");
	unit_end();
}

/* The process dies; the next one is asked what is open. */
static void
test_process_ends(void **state)
{
	struct store_case_answer put = { 0 };
	struct store_wire_question question;
	struct store_wire_report report = { .outcome = STORE_DONE };

	(void)state;
	attach_process();
	store_put(store, store_case_alias(1), store_case_address(1), 99, store_case_done, &put);
	read_question(&question);
	close(process);
	process = -1;
	store_case_turn(base);
	unit_int("ended", "connected", store_counts(store)->connected, false);
	unit_holds("ended", "problem", store_counts(store)->problem, "not running");
	unit_int("ended", "calls", put.calls, 0);
	attach_process();
	unit_int("again", "connected", store_counts(store)->connected, true);
	read_question(&question);
	/* While the earlier one lives. */
	attach_process();
	read_question(&question);
	report.number = question.number;
	send_report(&report);
	store_case_check("put", &put, STORE_DONE, "", "");
	unit_int("lost", "count", (long long)store_counts(store)->lost, 2);
	store_link_detach(store_end, "stopped");
	unit_text("detached", "problem", store_counts(store)->problem, "stopped");
	unit_end();
}

static void
test_state(void **state)
{
	struct store_case_answer put = { 0 };
	struct store_wire_question question;
	struct store_wire_report opened = { .is_state = true, .number = 1, .rows = 5 };
	struct store_wire_report done = { .outcome = STORE_DONE };

	(void)state;
	attach_process();
	opened.text = store_case_text("");
	send_report(&opened);
	unit_int("opened", "rows", store_counts(store)->rows, 5);
	store_put(store, store_case_alias(1), store_case_address(1), 99, store_case_done, &put);
	read_question(&question);
	done.number = question.number;
	send_report(&done);
	unit_int("done", "known", store_knows(store, store_case_alias(1), 99), true);
	opened.rows = 6;
	opened.text = store_case_text("locked");
	send_report(&opened);
	unit_int("same database", "known", store_knows(store, store_case_alias(1), 99), true);
	unit_text("same database", "problem", store_counts(store)->problem, "locked");
	opened.number = 2;
	opened.text = store_case_text("");
	send_report(&opened);
	unit_int("opened again", "known", store_knows(store, store_case_alias(1), 99), false);
	unit_text("opened again", "problem", store_counts(store)->problem, "");
	/* No report is taken twice. */
	store_put(store, store_case_alias(1), store_case_address(1), 99, store_case_done, &put);
	read_question(&question);
	done.number = question.number;
	send_report(&done);
	send_report(&opened);
	unit_int("later", "known", store_knows(store, store_case_alias(1), 99), true);
	/* The next process counts from 1 again. */
	attach_process();
	store_put(store, store_case_alias(1), store_case_address(1), 99, store_case_done, &put);
	read_question(&question);
	done.number = question.number;
	send_report(&done);
	opened.number = 1;
	send_report(&opened);
	unit_int("next process", "known", store_knows(store, store_case_alias(1), 99), true);
	unit_end();
}

static void
test_garbage(void **state)
{
	struct store_case_answer get = { 0 };
	struct store_wire_question question;

	(void)state;
	log_capture_take();
	attach_process();
	store_get(store, store_case_alias(1), store_case_done, &get);
	read_question(&question);
	send_bytes(BYTES("HTTP/1.1 400 Bad Request\r\n"));
	unit_int("garbage", "connected", store_counts(store)->connected, false);
	unit_int("garbage", "calls", get.calls, 0);
	unit_holds("garbage", "problem", store_counts(store)->problem, "protocol violation");
	unit_holds("garbage", "log", log_capture_take(), "impossible length");
	unit_end();
}

/* A process that reads nothing. */
static void
test_bounded(void **state)
{
	struct store_case_answer last = { 0 }, others = { 0 };
	static char longest[STORE_ADDRESS_MAX];
	struct text address = { longest, sizeof(longest) };
	unsigned i;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	attach_process();
	for (i = 0; i < STORE_LINK_UNSENT_MAX / STORE_WIRE_MAX + 3; i++)
		store_put(store, store_case_alias(i), address, 9, store_case_done, &others);
	store_put(store, store_case_alias(i), address, 9, store_case_done, &last);
	event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	store_case_check("last", &last, STORE_FAILED, "", "does not keep up");
	unit_end();
}

static void
test_bad_descriptor(void **state)
{
	(void)state;
	store_link_attach(store_end, open("/", O_PATH | O_CLOEXEC));
	unit_int("bad", "connected", store_counts(store)->connected, false);
	unit_end();
}

/* write_answers - reports on some questions of ask_three; returns their length */
static size_t
write_answers(char *bytes, const struct store_wire_question *question, size_t n)
{
	struct store_wire_report report;
	size_t len = 0, i;

	for (i = 0; i < n; i++) {
		memset(&report, 0, sizeof(report));
		report.number = question[i].number;
		report.text = store_case_text("");
		if (question[i].operation == STORE_GET)
			report.outcome = STORE_MISSING;
		if (strcmp(question[i].alias, store_case_alias(2)) == 0) {
			report.outcome = STORE_DONE;
			report.text = store_case_address(2);
		}
		len += store_wire_write_report(bytes + len, &report);
	}
	return len;
}

static void
ask_three(struct store_case_answer answers[3])
{
	memset(answers, 0, 3 * sizeof(*answers));
	store_put(
	    store, store_case_alias(1), store_case_address(1), 99, store_case_done, &answers[0]);
	store_get(store, store_case_alias(2), store_case_done, &answers[1]);
	store_get(store, store_case_alias(3), store_case_done, &answers[2]);
}

static void
check_three(const char *row, const struct store_case_answer answers[3])
{
	char address[STORE_ADDRESS_MAX + 1];

	snprintf(address, sizeof(address), "%.*s", (int)store_case_address(2).len,
	    store_case_address(2).s);
	store_case_check(row, &answers[0], STORE_DONE, "", "");
	store_case_check(row, &answers[1], STORE_DONE, address, "");
	store_case_check(row, &answers[2], STORE_MISSING, "", "");
}

/* answer_rest - the next process gets the questions that are open, and answers them */
static void
answer_rest(const char *row, const struct store_case_answer answers[3])
{
	static char bytes[3 * STORE_WIRE_MAX];
	struct store_wire_question question[3];
	size_t i, n = 0;

	attach_process();
	for (i = 0; i < 3; i++)
		if (answers[i].calls == 0)
			read_question(&question[n++]);
	send_bytes(bytes, write_answers(bytes, question, n));
	check_three(row, answers);
}

/* lose_process - after which the next one answers what is open */
static void
lose_process(const char *row, const struct store_case_answer answers[3])
{
	close(process);
	process = -1;
	store_case_turn(base);
	answer_rest(row, answers);
}

/* The process dies after each byte of its answers: each question is answered once, and rightly. */
static void
test_answers_cut(void **state)
{
	static char bytes[3 * STORE_WIRE_MAX];
	struct store_case_answer answers[3];
	struct store_wire_question question[3];
	size_t cut, len = 1, i;

	(void)state;
	for (cut = 0; cut <= len; cut++) {
		attach_process();
		ask_three(answers);
		for (i = 0; i < 3; i++)
			read_question(&question[i]);
		len = write_answers(bytes, question, 3);
		assert_int_equal(send(process, bytes, cut, 0), (ssize_t)cut);
		lose_process(unit_row("answers cut after %zu bytes", cut), answers);
	}
	print_message("# %zu positions\n", cut);
	unit_end();
}

/* It dies after it has read each number of bytes of the questions: all of them are asked again. */
static void
test_questions_cut(void **state)
{
	static char bytes[3 * STORE_WIRE_MAX];
	struct store_case_answer answers[3];
	size_t cut, len = 1;

	(void)state;
	for (cut = 0; cut <= len; cut++) {
		attach_process();
		ask_three(answers);
		store_case_turn(base);
		if (cut == 0)
			len = (size_t)recv(process, bytes, sizeof(bytes), MSG_PEEK);
		else
			assert_int_equal(recv(process, bytes, cut, 0), (ssize_t)cut);
		lose_process(unit_row("questions cut after %zu bytes", cut), answers);
	}
	print_message("# %zu positions\n", cut);
	unit_end();
}

#define LINK_TEST(test) cmocka_unit_test_setup_teardown(test, make_link, free_store_and_link)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(test_pipelined),
		LINK_TEST(test_process_ends),
		LINK_TEST(test_answers_cut),
		LINK_TEST(test_questions_cut),
		LINK_TEST(test_state),
		LINK_TEST(test_garbage),
		LINK_TEST(test_bounded),
		LINK_TEST(test_bad_descriptor),
	};

	return cmocka_run_group_tests_name("store_link", tests, NULL, NULL);
}
