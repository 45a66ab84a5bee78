/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/text.h"
#include "srsd/ctl/smtp_question.h"

/* The name of a step, for a reason. */
static const char *const step_names[] = {
	[SMTP_STEP_GREETING] = "greeting",
	[SMTP_STEP_EHLO] = "EHLO",
	[SMTP_STEP_MAIL] = "MAIL FROM",
	[SMTP_STEP_RCPT] = "RCPT TO",
	[SMTP_STEP_FORGED] = "RCPT TO with a wrong hash",
	[SMTP_STEP_QUIT] = "QUIT",
};

void
smtp_question_init(
    struct smtp_question *q, const char *helo, const char *recipient, const char *forged)
{
	memset(q, 0, sizeof(*q));
	q->helo = helo;
	q->recipient = recipient;
	q->forged = forged;
}

void
smtp_question_fail(struct smtp_question *q, const char *reason)
{
	if (q->answer != SMTP_PENDING)
		return;
	q->answer = SMTP_UNCLEAR;
	if (q->step == SMTP_STEP_GREETING)
		strlcpy(q->reason, reason, sizeof(q->reason));
	else
		snprintf(q->reason, sizeof(q->reason), "%s: %s", step_names[q->step], reason);
}

/* parse_reply_line - returns the code, or -1 for bytes that are not a line of a reply */
static int
parse_reply_line(struct text line, bool *last, struct text *text)
{
	const char *s = line.s;

	if (line.len < 3 || s[0] < '2' || s[0] > '5' || !ascii_isdigit(s[1]) ||
	    !ascii_isdigit(s[2]) || memchr(s, '\0', line.len) != NULL)
		return -1;
	if (line.len > 3 && s[3] != ' ' && s[3] != '-')
		return -1;
	*last = line.len == 3 || s[3] == ' ';
	text->s = s + (line.len > 3 ? 4 : 3);
	text->len = (size_t)(s + line.len - text->s);
	return (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
}

/* is_about_address - the enhanced status code is missing, or one of 5.1.X (RFC 3463, 3.2) */
static bool
is_about_address(const char *text)
{
	if (strncmp(text, "5.", 2) != 0 || !ascii_isdigit(text[2]))
		return true;
	return text[2] == '1' && text[3] == '.';
}

/* settle_question - the reply settles the answer, or leaves it open for good */
static void
settle_question(struct smtp_question *q, enum smtp_answer answer, struct buffer *out)
{
	q->answer = answer;
	snprintf(q->reason, sizeof(q->reason), "%s: %d %s", step_names[q->step], q->code, q->first);
	q->step = SMTP_STEP_QUIT;
	buffer_printf(out, "QUIT\r\n");
}

/* judge_recipient_reply - SMTP_PENDING: accepted, and the other address is still to be refused */
static enum smtp_answer
judge_recipient_reply(const struct smtp_question *q)
{
	if (q->step == SMTP_STEP_FORGED)
		return q->code / 100 == 2 ? SMTP_UNCLEAR : SMTP_ACCEPTS;
	if (q->step == SMTP_STEP_RCPT && q->code == 250)
		return SMTP_PENDING;
	if (q->step == SMTP_STEP_RCPT && q->code == 550 && is_about_address(q->first))
		return SMTP_REFUSES;
	return SMTP_UNCLEAR;
}

/* is_wanted_reply - before the addresses: the one that the conversation goes on with */
static bool
is_wanted_reply(const struct smtp_question *q)
{
	return q->step < SMTP_STEP_RCPT && q->code == (q->step == SMTP_STEP_GREETING ? 220 : 250);
}

/* take_smtp_reply - a whole reply; returns false for the last one */
static bool
take_smtp_reply(struct smtp_question *q, struct buffer *out)
{
	enum smtp_answer answer = is_wanted_reply(q) ? SMTP_PENDING : judge_recipient_reply(q);

	if (q->step == SMTP_STEP_QUIT)
		return false;
	if (answer != SMTP_PENDING) {
		settle_question(q, answer, out);
		return true;
	}
	if (q->step == SMTP_STEP_GREETING)
		buffer_printf(out, "EHLO %s\r\n", q->helo);
	else if (q->step == SMTP_STEP_EHLO)
		buffer_printf(out, "MAIL FROM:<>\r\n");
	else
		buffer_printf(
		    out, "RCPT TO:<%s>\r\n", q->step == SMTP_STEP_MAIL ? q->recipient : q->forged);
	q->step++;
	return true;
}

/* take_reply_line - a line without its end; returns false when the conversation is over */
static bool
take_reply_line(struct smtp_question *q, struct text line, struct buffer *out)
{
	struct text text;
	bool last;
	int code = parse_reply_line(line, &last, &text);

	if (code == -1) {
		smtp_question_fail(q, "the server does not speak SMTP");
		return false;
	}
	if (q->lines++ == 0) {
		q->code = code;
		printable_text(q->first, sizeof(q->first), text.s, text.len);
	}
	if (code != q->code || q->lines > SMTP_QUESTION_LINES_MAX) {
		smtp_question_fail(
		    q, code != q->code ? "a reply with two codes" : "a reply of too many lines");
		return false;
	}
	if (!last)
		return true;
	q->lines = 0;
	return take_smtp_reply(q, out);
}

bool
smtp_question_take(struct smtp_question *q, const char *data, size_t len, struct buffer *out)
{
	struct text line = { q->line, 0 };
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] != '\n' && q->len == SMTP_QUESTION_LINE_MAX) {
			smtp_question_fail(q, "a line that is too long");
			return false;
		}
		if (data[i] != '\n') {
			q->line[q->len++] = data[i];
			continue;
		}
		line.len = q->len > 0 && q->line[q->len - 1] == '\r' ? q->len - 1 : q->len;
		q->len = 0;
		if (!take_reply_line(q, line, out))
			return false;
	}
	return true;
}
