/* SPDX-License-Identifier: ISC */
/*
 * An SMTP server. However its bytes are cut, the client sends the same commands and comes to the
 * same answer; the commands are those of the question and no other, and its reason is visible.
 */
#include "tests/fuzz/fuzz.h"

#include "srsd/ctl/smtp_question.h"

static const char *const commands[] = { "EHLO a.test\r\n", "MAIL FROM:<>\r\n",
	"RCPT TO:<b@a.test>\r\n", "RCPT TO:<c@a.test>\r\n" };

/* check_commands - some of them, in order, and perhaps QUIT */
static void
check_commands(const struct buffer *out)
{
	size_t i, at = 0;

	for (i = 0; i < 4; i++) {
		size_t len = strlen(commands[i]);

		if (out->len - at < len || memcmp(out->data + at, commands[i], len) != 0)
			break;
		at += len;
	}
	fuzz_must(
	    out->len == at || (out->len == at + 6 && memcmp(out->data + at, "QUIT\r\n", 6) == 0));
}

static bool
feed_question(
    struct smtp_question *q, const uint8_t *data, size_t size, size_t cut, struct buffer *out)
{
	bool goes_on;

	smtp_question_init(q, "a.test", "b@a.test", "c@a.test");
	goes_on = smtp_question_take(q, (const char *)data, cut, out) &&
		  smtp_question_take(q, (const char *)data + cut, size - cut, out);
	fuzz_must(goes_on || q->answer != SMTP_PENDING);
	fuzz_must((q->answer == SMTP_PENDING) == (q->reason[0] == '\0'));
	fuzz_must(fuzz_is_visible(q->reason, strlen(q->reason)));
	check_commands(out);
	return goes_on;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const answers[] = { "pending", "accepts", "refuses", "unclear" };
	struct buffer whole = { 0 }, parts = { 0 };
	struct smtp_question q, r;

	(void)feed_question(&q, data, size, size, &whole);
	(void)feed_question(&r, data, size, fuzz_cut(data, size, 1), &parts);
	fuzz_must(fuzz_same(whole.data, whole.len, parts.data, parts.len));
	fuzz_must(q.answer == r.answer && strcmp(q.reason, r.reason) == 0);
	fuzz_say("%s, %s", answers[q.answer], q.reason);
	buffer_free(&whole);
	buffer_free(&parts);
	return 0;
}
