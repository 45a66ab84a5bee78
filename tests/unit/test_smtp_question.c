/* SPDX-License-Identifier: ISC */
/* The server's bytes of each row arrive whole, and byte by byte. */
#include "tests/unit/unit.h"

#include "srsd/ctl/smtp_question.h"

#define HELO "220 mx ESMTP\r\n250-mx\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n"
#define MAIL HELO "250 2.1.0 Ok\r\n"
#define ASKED "EHLO srs.test\r\nMAIL FROM:<>\r\nRCPT TO:<SRS0=x@srs.test>\r\n"
#define BOTH ASKED "RCPT TO:<SRS0=y@srs.test>\r\n"
#define QUIT "QUIT\r\n"

static const char *const answers[] = { "pending", "accepts", "refuses", "unclear" };

static void
check_row(const char *row, const char *server, size_t len, size_t step, const char *want,
    const char *reason, const char *client)
{
	struct smtp_question q;
	struct buffer out = { 0 };
	bool goes_on = true;
	size_t i;

	smtp_question_init(&q, "srs.test", "SRS0=x@srs.test", "SRS0=y@srs.test");
	for (i = 0; goes_on && i < len; i += step)
		goes_on = smtp_question_take(&q, server + i, step < len - i ? step : len - i, &out);
	unit_text(row, "answer", answers[q.answer], want);
	unit_text(row, "reason", q.reason, reason);
	unit_bytes(row, "commands", out.data, out.len, client, strlen(client));
	unit_true(row, "ends with an answer", goes_on || q.answer != SMTP_PENDING);
	buffer_free(&out);
}

static void
test_conversations(void **state)
{
	static const struct {
		const char *server, *answer, *reason, *client;
	} rows[] = {
		{ "", "pending", "", "" },
		{ "220 mx", "pending", "", "" },
		{ "220-mx\r\n220-a\r\n", "pending", "", "" },
		{ "220 mx\r\n", "pending", "", "EHLO srs.test\r\n" },
		{ MAIL "250 2.1.5 Ok\r\n", "pending", "", BOTH },
		{ "220\n250\n250\n250\n550\n221\n", "accepts", "RCPT TO with a wrong hash: 550 ",
		    BOTH QUIT },
		{ MAIL "250 2.1.5 Ok\r\n450 4.7.1 later\r\n", "accepts",
		    "RCPT TO with a wrong hash: 450 4.7.1 later", BOTH QUIT },
		{ MAIL "250-2.1.5 One\r\n250 2.1.5 Two\r\n550 5.1.1 unknown\r\n", "accepts",
		    "RCPT TO with a wrong hash: 550 5.1.1 unknown", BOTH QUIT },
		/* All are accepted: that says nothing of the secret. */
		{ MAIL "250 yes\r\n250 2.1.5 Ok\r\n", "unclear",
		    "RCPT TO with a wrong hash: 250 2.1.5 Ok", BOTH QUIT },
		{ MAIL "250 yes\r\n252 perhaps\r\n", "unclear",
		    "RCPT TO with a wrong hash: 252 perhaps", BOTH QUIT },
		{ MAIL "251 elsewhere\r\n", "unclear", "RCPT TO: 251 elsewhere", ASKED QUIT },
		{ MAIL "252 perhaps\r\n", "unclear", "RCPT TO: 252 perhaps", ASKED QUIT },
		{ MAIL "550 5.1.1 unknown\r\n", "refuses", "RCPT TO: 550 5.1.1 unknown",
		    ASKED QUIT },
		{ MAIL "550 no\r\n", "refuses", "RCPT TO: 550 no", ASKED QUIT },
		{ MAIL "550\r\n", "refuses", "RCPT TO: 550 ", ASKED QUIT },
		{ MAIL "550 5.7.1 blocked\r\n", "unclear", "RCPT TO: 550 5.7.1 blocked",
		    ASKED QUIT },
		{ MAIL "550 5.10.1 ?\r\n", "unclear", "RCPT TO: 550 5.10.1 ?", ASKED QUIT },
		{ MAIL "554 5.7.1 no relay\r\n", "unclear", "RCPT TO: 554 5.7.1 no relay",
		    ASKED QUIT },
		{ MAIL "450 4.2.0 greylisted\r\n", "unclear", "RCPT TO: 450 4.2.0 greylisted",
		    ASKED QUIT },
		{ "421 busy\r\n", "unclear", "greeting: 421 busy", QUIT },
		{ "554 blocked\r\n", "unclear", "greeting: 554 blocked", QUIT },
		{ "250 mx\r\n", "unclear", "greeting: 250 mx", QUIT },
		{ "220 mx\r\n502 what\r\n", "unclear", "EHLO: 502 what", "EHLO srs.test\r\n" QUIT },
		{ HELO "530 5.7.0 STARTTLS first\r\n", "unclear",
		    "MAIL FROM: 530 5.7.0 STARTTLS first",
		    "EHLO srs.test\r\nMAIL FROM:<>\r\n" QUIT },
		{ HELO "550 no null sender\r\n", "unclear", "MAIL FROM: 550 no null sender",
		    "EHLO srs.test\r\nMAIL FROM:<>\r\n" QUIT },
		/* After the answer nothing changes it. */
		{ MAIL "550 no\r\n250 yes\r\n250 yes\r\n", "refuses", "RCPT TO: 550 no",
		    ASKED QUIT },
		{ MAIL "250 yes\r\nSSH\r\n", "unclear",
		    "RCPT TO with a wrong hash: the server does not speak SMTP", BOTH },
		{ MAIL "250 yes\r\n550 no\r\nSSH\r\n", "accepts",
		    "RCPT TO with a wrong hash: 550 no", BOTH QUIT },
		{ MAIL "550 \x1b[2J\xc3\xa4\r\n", "refuses", "RCPT TO: 550 ?[2J??", ASKED QUIT },
		/* No SMTP. */
		{ "SSH-2.0-x\r\n", "unclear", "the server does not speak SMTP", "" },
		{ "\r\n", "unclear", "the server does not speak SMTP", "" },
		{ "22\r\n", "unclear", "the server does not speak SMTP", "" },
		{ "2200 mx\r\n", "unclear", "the server does not speak SMTP", "" },
		{ "120 mx\r\n", "unclear", "the server does not speak SMTP", "" },
		{ "2x0 mx\r\n", "unclear", "the server does not speak SMTP", "" },
		{ "220-mx\r\n250 mx\r\n", "unclear", "a reply with two codes", "" },
	};
	const char *reason;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		reason = rows[i].reason;
		check_row(rows[i].server, rows[i].server, strlen(rows[i].server), SIZE_MAX,
		    rows[i].answer, reason, rows[i].client);
		check_row(unit_row("%s, byte by byte", rows[i].server), rows[i].server,
		    strlen(rows[i].server), 1, rows[i].answer, reason, rows[i].client);
	}
	unit_end();
}

static void
test_nul(void **state)
{
	static const char server[] = "220 m\0x\r\n";

	(void)state;
	check_row("NUL", server, sizeof(server) - 1, SIZE_MAX, "unclear",
	    "the server does not speak SMTP", "");
	unit_end();
}

static void
test_limits(void **state)
{
	struct buffer server = { 0 };
	char *line = unit_fill('x', SMTP_QUESTION_LINE_MAX + 1);
	size_t i;

	(void)state;
	memcpy(line, "220 ", 4);
	buffer_add(&server, line, SMTP_QUESTION_LINE_MAX);
	check_row("longest line", server.data, server.len, 1, "pending", "", "");
	buffer_add(&server, "x", 1);
	check_row(
	    "longer line", server.data, server.len, 1, "unclear", "a line that is too long", "");
	buffer_clear(&server);
	for (i = 0; i < SMTP_QUESTION_LINES_MAX; i++)
		buffer_printf(&server, "220-x\n");
	check_row("longest reply", server.data, server.len, 7, "pending", "", "");
	buffer_printf(&server, "220-x\n");
	check_row(
	    "longer reply", server.data, server.len, 7, "unclear", "a reply of too many lines", "");
	buffer_free(&server);
	free(line);
	unit_end();
}

static void
test_fail(void **state)
{
	struct smtp_question q;
	struct buffer out = { 0 };

	(void)state;
	smtp_question_init(&q, "srs.test", "a@srs.test", "b@srs.test");
	(void)smtp_question_take(&q, "220 x\n", 6, &out);
	smtp_question_fail(&q, "connection reset");
	smtp_question_fail(&q, "again");
	assert_int_equal(q.answer, SMTP_UNCLEAR);
	assert_string_equal(q.reason, "EHLO: connection reset");
	buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversations),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_fail),
	};

	return cmocka_run_group_tests_name("smtp_question", tests, NULL, NULL);
}
